package csp

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
