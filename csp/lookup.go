package csp

// lookup is a small table that is searched from its beginning. Other than a map it is there before the program starts, so
// that who imports the package pays nothing for it.
type lookup[K comparable, V any] []struct {
	key   K
	value V
}

// find returns the value of a key, and false if there is none.
func (t lookup[K, V]) find(key K) (V, bool) {
	for i := range t {
		if t[i].key == key {
			return t[i].value, true
		}
	}
	var none V
	return none, false
}

// of returns the value of a key, the zero value if there is none.
func (t lookup[K, V]) of(key K) V {
	v, _ := t.find(key)
	return v
}
