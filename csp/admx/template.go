package admx

import (
	"fmt"
	"strconv"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Template is an administrative template. Names and references are as written.
type Template struct {
	Target     Namespace   // of what the template defines
	Using      []Namespace // of what it refers to
	Superseded []string    // names of the older templates (ADM) that it takes the place of
	Categories []Category
	Supported  []Support
	Policies   []Policy
	Anomalies  []Anomaly // in the order of the file

	text    string            // the document, in UTF-8 and without a declaration
	parents map[string]string // references to what is above a category, by its name
	spaces  map[string]string // namespaces by their prefixes
}

// Namespace is a namespace of categories and of what they are supported on, and the prefix it has in references.
type Namespace struct{ Prefix, URI string }

// Category is a place in the tree of policies.
type Category struct {
	Name   string
	Parent string // a reference; empty at the root
	Line   int    // of the file
}

// Support says which products a policy is for. What they are is up to the template that defines them.
type Support struct {
	Name     string
	All      bool // all of Products have to be there, not one of them
	Products []ProductRange
}

// ProductRange is a product, or a range of its versions, by the index that its definition gives them.
type ProductRange struct {
	Ref      string
	Min, Max int // 0: no limit
}

// Anomaly is something in a template that is not as the format has it, and that was passed over.
type Anomaly struct {
	Policy string // empty when it is in none
	Line   int    // of the file, starting at 1
	Reason string
}

func (a Anomaly) String() string {
	s := "line " + strconv.Itoa(a.Line)
	if a.Policy != "" {
		s += fmt.Sprintf(", policy %.80q", a.Policy)
	}
	return s + ": " + a.Reason
}

// Policy returns the policy of that name.
func (t *Template) Policy(name string) (*Policy, bool) {
	for i := range t.Policies {
		if t.Policies[i].Name == name {
			return &t.Policies[i], true
		}
	}
	return nil, false
}

// Document returns the template as it is sent to devices: in UTF-8, without byte order mark and declaration.
func (t *Template) Document() string { return t.text }

// Class says whom a policy is for.
type Class string

// The classes.
const (
	Machine Class = "Machine"
	User    Class = "User"
	Both    Class = "Both"
)

// Policy is a policy of a template.
type Policy struct {
	Name      string
	Class     Class
	Key       string // of the registry, without its root
	ValueName string // what being enabled is written to; empty when only the elements write
	Category  string // a reference
	Supported string // a reference to a Support

	// What an enabled and a disabled policy write. Without EnabledValue the number 1, without DisabledValue the value goes.
	EnabledValue, DisabledValue *Value
	EnabledList, DisabledList   *ValueList

	Elements []Element
	Line     int // of the file

	template *Template // nil when it is not known
}

// For reports whether the policy can be set for a scope.
func (p *Policy) For(s omadm.Scope) bool {
	return p.Class == Both || p.Class == User == (s == omadm.UserScope)
}

// Element is an element of a policy, with what it writes.
type Element struct {
	csp.Element
	Key       string // empty: that of the policy
	ValueName string

	Soft        bool // a value that is there stays
	StoreAsText bool // of a decimal: as REG_SZ
	Expandable  bool // of a text or list: as REG_EXPAND_SZ
	Additive    bool // of a list: what is there stays

	True, False         *Value // of a boolean; nil: 1, and nothing
	TrueList, FalseList *ValueList
	Items               []Item // of an enum
}

// Item is one of the values of an enum.
type Item struct {
	Value Value
	List  *ValueList // what it writes beside; nil: nothing
}

// ValueList is a list of values in the registry that are written together.
type ValueList struct {
	Key    string // where Values do not say one; empty: that of the policy
	Values []ListValue
}

// ListValue is a value in the registry.
type ListValue struct {
	Key, Name string
	Value     Value
}

// Value is what is written to the registry.
type Value struct {
	Kind   ValueKind
	Number uint64 // of a Decimal or LongDecimal
	Text   string // of a String
}

// ValueKind is a kind of Value.
type ValueKind uint8

// The kinds.
const (
	Delete      ValueKind = iota // the value goes
	Decimal                      // REG_DWORD
	LongDecimal                  // REG_QWORD
	String                       // REG_SZ
)

var valueKindNames = [...]string{Delete: "delete", Decimal: "decimal", LongDecimal: "longDecimal", String: "string"}

// String returns the name that templates have for it.
func (k ValueKind) String() string {
	if int(k) < len(valueKindNames) {
		return valueKindNames[k]
	}
	return fmt.Sprintf("ValueKind(%d)", uint8(k))
}

// String returns the number or the text as data of a payload has it; "" for Delete.
func (v Value) String() string {
	if v.Kind == Decimal || v.Kind == LongDecimal {
		return strconv.FormatUint(v.Number, 10)
	}
	return v.Text
}

// elements returns what a payload is checked with. It is never nil.
func (p *Policy) elements() []csp.Element {
	all := make([]csp.Element, len(p.Elements))
	for i := range p.Elements {
		all[i] = p.Elements[i].Element
	}
	return all
}

// byID returns the elements by their ids.
func (p *Policy) byID() map[string]*csp.Element {
	all := make(map[string]*csp.Element, len(p.Elements))
	for i := range p.Elements {
		all[p.Elements[i].ID] = &p.Elements[i].Element
	}
	return all
}
