package csp

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Decode returns a value that a device reported for a node in the format of the node, whatever the device called it:
// truth values as true or false, numbers in decimal, so that the methods of omadm.Value read them. Of a node that is not
// known the value is as it came. The error is that of an address, or a *DecodeError.
func (c *Catalog) Decode(u omadm.URI, v omadm.Value) (omadm.Value, error) {
	parsed, err := Parse(string(u))
	if err != nil {
		return v, err
	}
	m, err := c.Resolve(parsed)
	if err != nil {
		return v, nil // nothing is known of it
	}
	return decode(m.Node, u, v)
}

// DecodeAs is Decode for who knows the format of the node, and needs no catalogue for it.
func DecodeAs(format omadm.Format, u omadm.URI, v omadm.Value) (omadm.Value, error) {
	return decodeAs(format, Node{}, u, v)
}

func decode(n Node, u omadm.URI, v omadm.Value) (omadm.Value, error) {
	if n.Ingested() {
		return v, nil
	}
	return decodeAs(n.Format(), n, u, v)
}

func decodeAs(format omadm.Format, n Node, u omadm.URI, v omadm.Value) (omadm.Value, error) {
	if v.Data.Kind != syncml.TextData || format == omadm.FormatNode || format == omadm.FormatNull {
		return v, nil
	}
	text, as, ok := usual(format, &v)
	if !ok {
		return v, &DecodeError{URI: u, Node: n.String(), Format: format, Len: len(v.Data.Value)}
	}
	v.Format, v.Data.Value = as, text
	return v, nil
}

// usual returns the text of a value as it is usually written, and its format. It is in most programs that have a constant,
// so that it moves little.
func usual(format omadm.Format, v *omadm.Value) (text string, as omadm.Format, ok bool) {
	text, as, ok = v.Data.Value, format, true
	switch format {
	case omadm.FormatInt, omadm.FormatBool:
		number, isNumber := parseNumber(text)
		truth, isTruth := false, false
		if format == omadm.FormatBool {
			truth, isTruth = parseTruth(text)
		}
		switch {
		case isTruth:
			text = strconv.FormatBool(truth)
		case isNumber: // perhaps in the guise of a truth value
			text, as = strconv.FormatInt(number, 10), omadm.FormatInt
		default:
			ok = false
		}
	case omadm.FormatB64, omadm.FormatBin:
		_, ok = octets(*v)
		as = omadm.FormatB64
	}
	return text, as, ok
}

// DecodeError says that a device reported what its node cannot have. It does not hold the value.
type DecodeError struct {
	URI    omadm.URI
	Node   string // template; empty from DecodeAs
	Format omadm.Format
	Len    int // of the value, in octets
}

func (e *DecodeError) Error() string {
	return fmt.Sprintf("csp: %s: the device reported %d octets that are no %s", quote(string(e.URI)), e.Len, e.Format)
}

// Unmarshal puts the values of results into a struct, to whose fields tags give the addresses of nodes:
//
//	type Inventory struct {
//		Version  string              `csp:"./DevDetail/SwV"`
//		Storage  int64               `csp:"./DevDetail/Ext/Microsoft/TotalStorage"`
//		Adapters map[string]Adapter  `csp:"./Vendor/MSFT/DeviceStatus/NetworkIdentifiers/{}"`
//	}
//	type Adapter struct {
//		Address string `csp:"IPAddressV4"`
//	}
//
// A field is a string, bool, integer, []byte or []string (of a list), or a pointer to one of them, which stays nil when
// there is no value; a struct, whose tags go on from the address of its field; or, for a name that is chosen at run
// time, which the tag writes as {} or {Name} at its end, a map by name. Values are read by the node first (Decode), and
// what the results do not have leaves a field as it is. It returns the first error, with all else done.
func (c *Catalog) Unmarshal(results []omadm.Result, dst any) error {
	v := reflect.ValueOf(dst)
	if v.Kind() != reflect.Pointer || v.IsNil() || v.Elem().Kind() != reflect.Struct {
		return fmt.Errorf("csp: Unmarshal into %T, which is no pointer to a struct", dst)
	}
	u := unmarshaler{catalog: c}
	fields, err := fieldsOf(v.Elem().Type(), nil)
	if err != nil {
		return err
	}
	for i := range results {
		for j := range results[i].Items {
			it := &results[i].Items[j]
			if loc := omadm.URI(it.Source.URI); loc != "" && it.Data.Kind != syncml.NoData {
				u.item(fields, v.Elem(), loc, omadm.ItemValue(it))
			}
		}
	}
	return u.err
}

type unmarshaler struct {
	catalog *Catalog
	err     error
}

func (u *unmarshaler) fail(err error) {
	if u.err == nil {
		u.err = err
	}
}

// target is a field with the names that lead to it; "{}" is any name.
type target struct {
	names []string
	index []int // of the field, through structs
	row   bool  // a map: the names of its elements go on from its type
}

// fieldsOf returns the fields of a struct that have a place. Base is where the struct is.
func fieldsOf(t reflect.Type, base []string) ([]target, error) {
	var all []target
	for i := range t.NumField() {
		f := t.Field(i)
		tag, ok := f.Tag.Lookup("csp")
		if !ok {
			continue
		}
		if !f.IsExported() {
			return nil, fmt.Errorf("csp: field %s.%s has a tag and is not exported", t, f.Name)
		}
		names := append(append([]string(nil), base...), tagNames(tag)...)
		if slices.Contains(names, "") {
			return nil, fmt.Errorf("csp: field %s.%s has a tag that is no address: %q", t, f.Name, tag)
		}
		if f.Type.Kind() == reflect.Struct {
			inner, err := fieldsOf(f.Type, names)
			if err != nil {
				return nil, err
			}
			for _, x := range inner {
				x.index = append([]int{i}, x.index...)
				all = append(all, x)
			}
			continue
		}
		x := target{names: names, index: []int{i}, row: f.Type.Kind() == reflect.Map}
		if x.row && (f.Type.Key().Kind() != reflect.String || names[len(names)-1] != "{}") {
			return nil, fmt.Errorf("csp: field %s.%s is no map by the name at the end of its tag", t, f.Name)
		}
		all = append(all, x)
	}
	return all, nil
}

// tagNames returns the names of a tag, as Parse spells them.
func tagNames(tag string) []string {
	names := strings.Split(strings.TrimPrefix(tag, "./"), "/")
	for i, name := range names {
		if _, ok := placeholder(name); ok {
			names[i] = "{}"
		} else {
			names[i] = unescape(name)
		}
	}
	if strings.HasPrefix(tag, "./") && strings.EqualFold(names[0], "Vendor") {
		names = append([]string{"Device"}, names...)
	}
	return names
}

// item puts the value of one address where it belongs.
func (u *unmarshaler) item(fields []target, dst reflect.Value, loc omadm.URI, v omadm.Value) {
	uri, err := Parse(string(loc))
	if err != nil {
		u.fail(err)
		return
	}
	u.put(fields, dst, uri.Path().Segments(), loc, v)
}

func (u *unmarshaler) put(fields []target, dst reflect.Value, names []string, loc omadm.URI, v omadm.Value) {
	for _, f := range fields {
		if !leads(f, names) {
			continue
		}
		field := dst.FieldByIndex(f.index)
		switch {
		case !f.row:
			u.set(field, loc, v)
		default:
			u.row(field, names[len(f.names)-1], names[len(f.names):], loc, v)
		}
	}
}

// leads reports whether names are those of a field, or of something in its row.
func leads(f target, names []string) bool {
	if len(names) < len(f.names) || !f.row && len(names) > len(f.names) {
		return false
	}
	for i, name := range f.names {
		if name != "{}" && !strings.EqualFold(name, names[i]) {
			return false
		}
	}
	return true
}

// row puts a value into the element of a map.
func (u *unmarshaler) row(m reflect.Value, key string, rest []string, loc omadm.URI, v omadm.Value) {
	if m.IsNil() {
		m.Set(reflect.MakeMap(m.Type()))
	}
	k := reflect.ValueOf(key).Convert(m.Type().Key())
	element := reflect.New(m.Type().Elem()).Elem()
	if old := m.MapIndex(k); old.IsValid() {
		element.Set(old)
	}
	if element.Kind() == reflect.Struct {
		fields, err := fieldsOf(element.Type(), nil)
		if err != nil {
			u.fail(err)
			return
		}
		u.put(fields, element, rest, loc, v)
	} else if len(rest) == 0 {
		u.set(element, loc, v)
	} else {
		return
	}
	m.SetMapIndex(k, element)
}

// set puts a value into a field.
func (u *unmarshaler) set(field reflect.Value, loc omadm.URI, v omadm.Value) {
	v, err := u.catalog.Decode(loc, v)
	if err != nil {
		u.fail(err)
		return
	}
	if field.Kind() == reflect.Pointer {
		field.Set(reflect.New(field.Type().Elem()))
		field = field.Elem()
	}
	if err := assign(field, v, u.delimiter(loc)); err != nil {
		u.fail(fmt.Errorf("csp: %s: %w", quote(string(loc)), err))
	}
}

// delimiter returns what stands between the items of the list that a node is.
func (u *unmarshaler) delimiter(loc omadm.URI) string {
	m, err := u.catalog.ResolveLocURI(loc)
	if err != nil {
		return ""
	}
	c := m.Node.Allowed()
	return c.List
}

func assign(field reflect.Value, v omadm.Value, delimiter string) error {
	text := v.Data.Value
	switch field.Kind() {
	case reflect.String:
		field.SetString(text)
	case reflect.Bool:
		truth, ok := parseTruth(text)
		if !ok {
			return fmt.Errorf("value of %d octets is no bool", len(text))
		}
		field.SetBool(truth)
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, ok := parseNumber(text)
		if !ok || field.OverflowInt(n) {
			return fmt.Errorf("value of %d octets is no %s", len(text), field.Type())
		}
		field.SetInt(n)
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		n, ok := parseNumber(text)
		if !ok || n < 0 || field.OverflowUint(uint64(n)) {
			return fmt.Errorf("value of %d octets is no %s", len(text), field.Type())
		}
		field.SetUint(uint64(n))
	case reflect.Slice:
		return assignSlice(field, v, delimiter)
	default:
		return fmt.Errorf("field of type %s", field.Type())
	}
	return nil
}

// assignSlice puts octets or the items of a list into a field.
func assignSlice(field reflect.Value, v omadm.Value, delimiter string) error {
	switch field.Type().Elem().Kind() {
	case reflect.Uint8:
		b, err := v.Bytes()
		if err != nil {
			return err
		}
		field.SetBytes(b)
	case reflect.String:
		if delimiter == "" {
			return fmt.Errorf("the node is no list, and its field a %s", field.Type())
		}
		field.SetLen(0)
		for item := range strings.SplitSeq(v.Data.Value, delimiter) {
			if item != "" {
				field.Set(reflect.Append(field, reflect.ValueOf(item).Convert(field.Type().Elem())))
			}
		}
	default:
		return fmt.Errorf("field of type %s", field.Type())
	}
	return nil
}
