package csp

import "strings"

// FieldError says which field of what a program gave a kit is wrong. A kit is a package below this one that makes
// requests of a few fields and reads what came of them. It does not hold the value.
type FieldError struct {
	Kit    string // name of the package
	Field  string // such as "Settings[2].Path"; empty when it is about several
	Reason string // such as "missing"
}

func (e *FieldError) Error() string {
	if e.Field == "" {
		return e.Kit + ": " + e.Reason
	}
	return e.Kit + ": " + e.Field + ": " + e.Reason
}

// GUID returns a GUID, which s has in braces or without, as 36 characters without braces and in lower case; false if s is
// none.
func GUID(s string) (string, bool) {
	if inner, ok := strings.CutPrefix(s, "{"); ok {
		if s, ok = strings.CutSuffix(inner, "}"); !ok {
			return "", false
		}
	}
	if len(s) != 36 {
		return "", false
	}
	for i := range len(s) {
		switch c := s[i]; i {
		case 8, 13, 18, 23:
			if c != '-' {
				return "", false
			}
		default:
			if c < '0' || '9' < c && c < 'A' || 'F' < c && c < 'a' || 'f' < c {
				return "", false
			}
		}
	}
	return strings.ToLower(s), true
}
