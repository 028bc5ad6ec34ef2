package csp

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Element is an element of a policy of a template: what data it takes. Limits are those of the template; where it says
// nothing there are none, since it is not known that devices keep to the limits of the editor of group policies.
type Element struct {
	ID       string      `json:"id"`
	Kind     ElementKind `json:"kind,omitzero"`
	Required bool        `json:"required,omitempty"` // an enabled policy has to bring data for it

	Min uint64 `json:"min,omitempty"` // of a decimal
	Max uint64 `json:"max,omitempty"` // 0: the largest number of its kind

	MaxLength int `json:"maxLength,omitempty"` // of a text, or of each line of several, in UTF-16 code units; 0: no limit
	MaxItems  int `json:"maxItems,omitempty"`  // of a text of several lines; 0: no limit

	Values []string `json:"values,omitempty"` // of an enum: what its items are set by
	// Open says that an enum has items that remove their value. What data they are set by is not documented, so that
	// nothing is wrong with other data.
	Open bool `json:"open,omitempty"`

	Names  ListNames `json:"names,omitzero"`   // of a list
	Prefix string    `json:"prefix,omitempty"` // of NumberedNames
}

// ElementKind is a kind of Element.
type ElementKind uint8

// The kinds. The numbers are those of a table: new ones go to the end.
const (
	TextElement        ElementKind = iota
	DecimalElement                 // a number of 32 bits
	BooleanElement                 // true or false
	EnumElement                    // one of several values
	ListElement                    // names and values
	MultiTextElement               // lines
	LongDecimalElement             // a number of 64 bits
)

var elementKindNames = [...]string{
	TextElement: "text", DecimalElement: "decimal", BooleanElement: "boolean", EnumElement: "enum", ListElement: "list",
	MultiTextElement: "multiText", LongDecimalElement: "longDecimal",
}

// String returns the name that templates have for it, such as "multiText".
func (k ElementKind) String() string {
	if int(k) < len(elementKindNames) {
		return elementKindNames[k]
	}
	return fmt.Sprintf("ElementKind(%d)", uint8(k))
}

// MarshalText returns the name.
func (k ElementKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a name. The error is a *FactError.
func (k *ElementKind) UnmarshalText(text []byte) error {
	i := index(elementKindNames[:], string(text))
	if i < 0 {
		return &FactError{Reason: "unknown kind of element " + quote(string(text))}
	}
	*k = ElementKind(i)
	return nil
}

// ListNames says where the names of a list come from, each of which stands before its value. Devices take any names: it
// is the server that has to make them as the template wants them.
type ListNames uint8

// The sources of names. The numbers are those of a table: new ones go to the end.
const (
	ValueNames    ListNames = iota // each value is its own name
	NumberedNames                  // a prefix, which may be empty, and a number from 1 on
	ChosenNames                    // whoever sets the list chooses them
)

var listNamesNames = [...]string{ValueNames: "value", NumberedNames: "numbered", ChosenNames: "chosen"}

// String returns "value", "numbered" or "chosen".
func (n ListNames) String() string {
	if int(n) < len(listNamesNames) {
		return listNamesNames[n]
	}
	return fmt.Sprintf("ListNames(%d)", uint8(n))
}

// MarshalText returns String.
func (n ListNames) MarshalText() ([]byte, error) { return []byte(n.String()), nil }

// UnmarshalText reads what String returns. The error is a *FactError.
func (n *ListNames) UnmarshalText(text []byte) error {
	i := index(listNamesNames[:], string(text))
	if i < 0 {
		return &FactError{Reason: "unknown source of names " + quote(string(text))}
	}
	*n = ListNames(i)
	return nil
}

// String returns e in words: "MinPINLength decimal, required, 4 to 20".
func (e Element) String() string {
	s := e.ID + " " + e.Kind.String()
	if e.Kind == ListElement {
		s += " of " + listContents.of(e.Names)
	}
	if e.Required {
		s += ", required"
	}
	switch {
	case e.Kind == EnumElement:
		s += ", one of " + strings.Join(e.Values, ", ")
	case e.Min != 0 || e.Max != 0:
		s += fmt.Sprintf(", %d to %d", e.Min, e.most())
	}
	if e.Open {
		s += " or another value"
	}
	if e.Prefix != "" {
		s += ", " + quote(e.Prefix) + " before each number"
	}
	if e.MaxLength > 0 {
		s += fmt.Sprintf(", at most %d characters", e.MaxLength)
	}
	if e.MaxItems > 0 {
		s += fmt.Sprintf(", at most %d lines", e.MaxItems)
	}
	return s
}

var listContents = lookup[ListNames, string]{
	{ValueNames, "values"},
	{NumberedNames, "numbered values"},
	{ChosenNames, "names and values"},
}

// known reports whether the kind and the names of e are known.
func (e *Element) known() bool {
	return int(e.Kind) < len(elementKindNames) && int(e.Names) < len(listNamesNames)
}

// ElementsOf returns the elements of the policy of a template that n stands for, and false when they are not known: those
// that the catalogue gives (Constraint.Elements), else those of WindowsTemplates.
func ElementsOf(n Node) ([]Element, bool) {
	elements, _, ok := elementsOf(n)
	return elements, ok
}

// elementsOf returns also where the elements are from; empty for the catalogue.
func elementsOf(n Node) (elements []Element, source string, ok bool) {
	c := n.Allowed()
	if c.Elements != nil {
		return c.Elements, "", true
	}
	t := WindowsTemplates()
	if elements, ok = t.Policy(c.ADMX); ok {
		source = t.Provenance().Name
	}
	return elements, source, ok
}

// elementFault is what is wrong with a payload. A limit is one that a later edition of the template may have widened.
type elementFault struct {
	fault
	limit bool
}

// faults returns what is wrong with p for a policy that has the elements.
func (p Payload) faults(elements []Element) []elementFault {
	if !p.Enabled {
		return nil
	}
	given := make(map[string]string, len(p.Data))
	for _, d := range p.Data {
		given[d.ID] = d.Value
	}
	known := make(map[string]bool, len(elements))
	var found []elementFault
	var missing []string
	for i := range elements {
		e := &elements[i]
		known[e.ID] = true
		value, ok := given[e.ID]
		if !ok && e.Required {
			missing = append(missing, e.ID)
		}
		if !ok {
			continue
		}
		if f := e.allows(Data{e.ID, value}); !f.ok() {
			found = append(found, f)
		}
	}
	ids := ""
	for _, d := range p.Data {
		if known[d.ID] {
			continue
		}
		if ids == "" {
			ids = oneOf(elementIDs(elements))
		}
		found = append(found, elementFault{fault{CodeADMXID, shorten(d.ID), ids, "is no element of the policy"}, true})
	}
	if len(missing) > 0 {
		found = append(found, elementFault{fault{CodeADMXMissing, "", oneOf(missing), "data is missing"}, true})
	}
	return found
}

func elementIDs(elements []Element) []string {
	ids := make([]string, len(elements))
	for i := range elements {
		ids[i] = elements[i].ID
	}
	return ids
}

// allows returns what is wrong with data for e.
func (e *Element) allows(d Data) elementFault {
	wrong := func(want string, limit bool) elementFault {
		return elementFault{fault{CodeADMXType, shorten(d.Value), want, "data of " + e.ID + " is not what it takes"}, limit}
	}
	if !xmltree.Carries(d.Value) {
		return wrong("characters that XML has", false)
	}
	switch e.Kind {
	case DecimalElement, LongDecimalElement:
		most := e.most()
		n, ok := parseUnsigned(d.Value)
		if want := fmt.Sprintf("a number from %d to %d", e.Min, most); !ok || n < e.Min || n > most {
			return wrong(want, ok)
		}
	case BooleanElement:
		if _, ok := parseTruth(d.Value); !ok {
			return wrong("true or false", false)
		}
	case EnumElement:
		if !e.Open && !slices.ContainsFunc(e.Values, func(v string) bool { return strings.EqualFold(v, d.Value) }) {
			return wrong(oneOf(e.Values), true)
		}
	case ListElement:
		if d.Value != "" && strings.Count(d.Value, itemSeparator)%2 == 0 {
			return wrong("names and values with U+F000 between them", false)
		}
	case TextElement:
		if e.tooLong(d.Value) {
			return wrong(fmt.Sprintf("at most %d characters", e.MaxLength), true)
		}
	case MultiTextElement:
		if lines := d.Items(); e.MaxItems > 0 && len(lines) > e.MaxItems {
			return wrong(fmt.Sprintf("at most %d lines", e.MaxItems), true)
		} else if slices.ContainsFunc(lines, e.tooLong) {
			return wrong(fmt.Sprintf("lines of at most %d characters", e.MaxLength), true)
		}
	}
	return elementFault{}
}

// most returns the largest number of a decimal.
func (e *Element) most() uint64 {
	switch {
	case e.Max > 0:
		return e.Max
	case e.Kind == LongDecimalElement:
		return math.MaxUint64
	}
	return math.MaxUint32
}

// tooLong reports whether a text is longer than e takes.
func (e *Element) tooLong(text string) bool {
	if e.MaxLength <= 0 || len(text) <= e.MaxLength {
		return false
	}
	n := 0
	for _, r := range text {
		n += max(1, utf16.RuneLen(r))
	}
	return n > e.MaxLength
}

// parseUnsigned is parseNumber for the numbers of templates.
func parseUnsigned(s string) (uint64, bool) {
	if n, ok := parseNumber(s); ok {
		return uint64(n), n >= 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	return n, err == nil
}
