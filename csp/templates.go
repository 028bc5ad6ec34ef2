package csp

import (
	"cmp"
	_ "embed"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"
)

//go:embed templates.bin
var embeddedTemplates string

var windowsTemplates = Templates{table{&embeddedTemplates}}

// WindowsTemplates returns the templates of Windows 10, version 1903, as far as nodes of the catalogue refer to them.
// Later editions have more policies, and some policies more elements. It costs nothing, and only programs that check
// requests link it.
func WindowsTemplates() *Templates { return &windowsTemplates }

// Templates knows what data the policies of administrative templates take, by the file and the name that descriptions
// refer to. It does not change and is safe for concurrent use. Package csp/admx makes one of the templates of another
// edition of Windows; its Elements is what Rules ask for.
type Templates struct{ table table }

// TemplatePolicy is a policy of Templates.
type TemplatePolicy struct {
	File     string // name of the template, such as "Camera.admx"
	Name     string // of the policy
	Elements []Element
}

// A table of templates is read in place, like the one of a catalogue (see table):
//
//	header   magic "gcst", version, 0, number of policies (2 octets), start of the pool (4), provenance (3), 0
//	records  a policy each, by file and name without regard to case: places of the file, the name and the elements
//	pool     as in a catalogue
const (
	templatesMagic   = "gcst"
	templatesVersion = 1
	templateRecord   = 9

	templateFile     = 0
	templateName     = 3
	templateElements = 6
)

// NewTemplates returns the templates of the policies, in any order. The error is a *FactError.
func NewTemplates(p Provenance, policies []TemplatePolicy) (*Templates, error) {
	sorted := slices.Clone(policies)
	slices.SortFunc(sorted, func(a, b TemplatePolicy) int { return comparePolicies(a.File, a.Name, b.File, b.Name) })
	w := newTableWriter()
	var records []byte
	for i, t := range sorted {
		if i > 0 && comparePolicies(sorted[i-1].File, sorted[i-1].Name, t.File, t.Name) == 0 {
			return nil, &FactError{Reason: "policy " + quote(t.Name) + " of " + quote(t.File) + " is there twice"}
		}
		records = w.appendStr(w.appendStr(records, t.File), t.Name)
		records = appendU24(records, w.place(string(w.appendElements(nil, t.Elements))))
	}
	place := w.provenance(p)
	if len(sorted) > maxNodes || len(w.pool) > maxPool {
		return nil, &FactError{Reason: fmt.Sprintf("more than %d policies, or %d octets of facts", maxNodes, maxPool)}
	}
	b := append([]byte(templatesMagic), templatesVersion, 0)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(sorted)))
	b = binary.LittleEndian.AppendUint32(b, uint32(headerSize+len(records)))
	b = append(appendU24(b, place), 0)
	b = append(b, records...)
	data := string(append(b, w.pool...))
	return &Templates{table{&data}}, nil
}

func comparePolicies(file, name, otherFile, otherName string) int {
	return cmp.Or(compareASCII(file, otherFile), compareASCII(name, otherName))
}

// Provenance says what t was made of: the nodes of a source are policies.
func (t *Templates) Provenance() Provenance { return t.table.madeOf() }

// Elements returns the elements of the policy that the description of n refers to; false when t does not have it.
func (t *Templates) Elements(n Node) ([]Element, bool) { return t.Policy(n.Allowed().ADMX) }

// Policy returns the elements of a policy, of which there may be none; false when t does not have it.
func (t *Templates) Policy(r *ADMXReference) ([]Element, bool) {
	if r == nil {
		return nil, false
	}
	lo, hi := 0, t.table.nodes()
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		switch c := comparePolicies(t.field(mid, templateFile), t.field(mid, templateName), r.File, r.Name); {
		case c == 0:
			return t.elements(mid), true
		case c < 0:
			lo = mid + 1
		default:
			hi = mid
		}
	}
	return nil, false
}

// All returns the policies, by file and name.
func (t *Templates) All() iter.Seq[TemplatePolicy] {
	return func(yield func(TemplatePolicy) bool) {
		for i := range t.table.nodes() {
			p := TemplatePolicy{t.field(i, templateFile), t.field(i, templateName), t.elements(i)}
			if !yield(p) {
				return
			}
		}
	}
}

func (t *Templates) field(i, field int) string {
	return t.table.str(t.table.u24(headerSize + i*templateRecord + field))
}

func (t *Templates) elements(i int) []Element {
	c := cursor{t: t.table, rest: t.field(i, templateElements)}
	return c.elements()
}

// AppendBinary appends t in the form that LoadTemplates reads.
func (t *Templates) AppendBinary(b []byte) ([]byte, error) { return append(b, *t.table.data...), nil }

// LoadTemplates returns the templates that AppendBinary wrote. It looks at all of them once, and then reads them in
// place. The error is a *FactError.
func LoadTemplates(data string) (t *Templates, err error) {
	t = &Templates{table{&data}}
	defer func() {
		if recover() != nil { // a place outside the table
			t, err = nil, &FactError{Reason: "no templates, or damaged ones"}
		}
	}()
	if !strings.HasPrefix(data, templatesMagic) || data[len(templatesMagic)] != templatesVersion {
		return nil, &FactError{Reason: "no templates of this version"}
	}
	t.Provenance()
	var last *TemplatePolicy
	for p := range t.All() {
		if last != nil && comparePolicies(last.File, last.Name, p.File, p.Name) >= 0 {
			return nil, &FactError{Reason: "policies that are not in order"}
		}
		for _, e := range p.Elements {
			if !e.known() {
				return nil, &FactError{Reason: "an unknown kind of element"}
			}
		}
		last = &p
	}
	return t, nil
}

// leastElement is the size of an element that has nothing but a kind and an id.
const leastElement = 5

// The flags of an element: what is there, in the order in which it follows.
const (
	elementRequired = 1 << iota
	elementOpen
	elementRange
	elementLength
	elementItems
	elementValues
	elementNames
)

// appendElements appends a list of elements; one that is nil and one that is empty are the same.
func (w *tableWriter) appendElements(b []byte, all []Element) []byte {
	b = binary.AppendUvarint(b, uint64(len(all)))
	for i := range all {
		e := &all[i]
		flags := boolBit(e.Required, elementRequired) | boolBit(e.Open, elementOpen) |
			boolBit(e.Min != 0 || e.Max != 0, elementRange) | boolBit(e.MaxLength != 0, elementLength) |
			boolBit(e.MaxItems != 0, elementItems) | boolBit(len(e.Values) > 0, elementValues) |
			boolBit(e.Names != 0 || e.Prefix != "", elementNames)
		b = w.appendStr(append(b, byte(e.Kind), flags), e.ID)
		if flags&elementRange != 0 {
			b = binary.AppendUvarint(binary.AppendUvarint(b, e.Min), e.Max)
		}
		if flags&elementLength != 0 {
			b = binary.AppendUvarint(b, uint64(e.MaxLength))
		}
		if flags&elementItems != 0 {
			b = binary.AppendUvarint(b, uint64(e.MaxItems))
		}
		if flags&elementValues != 0 {
			b = w.appendStrs(b, e.Values)
		}
		if flags&elementNames != 0 {
			b = w.appendStr(append(b, byte(e.Names)), e.Prefix)
		}
	}
	return b
}

// elements reads a list of elements, which is never nil.
func (c *cursor) elements() []Element {
	all := make([]Element, c.countOf(leastElement))
	for i := range all {
		e := &all[i]
		e.Kind = ElementKind(c.octet())
		flags := c.octet()
		e.Required, e.Open = flags&elementRequired != 0, flags&elementOpen != 0
		e.ID = c.str()
		if flags&elementRange != 0 {
			e.Min, e.Max = c.uvarint(), c.uvarint()
		}
		if flags&elementLength != 0 {
			e.MaxLength = c.length()
		}
		if flags&elementItems != 0 {
			e.MaxItems = c.length()
		}
		if flags&elementValues != 0 {
			e.Values = c.strs()
		}
		if flags&elementNames != 0 {
			e.Names = ListNames(c.octet())
			e.Prefix = c.str()
		}
	}
	return all
}

// uvarint is length for numbers of 64 bits.
func (c *cursor) uvarint() uint64 {
	var n uint64
	for shift := 0; ; shift += 7 {
		b := c.rest[0]
		c.rest = c.rest[1:]
		n |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return n
		}
	}
}
