package admx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Data is data for an element of a policy. Text, Number, Truth, Lines, List and Pairs make it.
type Data struct {
	id    string
	kinds []csp.ElementKind // that it is for
	value string
	items []string // of List
	torn  bool     // an item has the sign that stands between items
}

// Text is data for a text, or the value of an item of an enum.
func Text(id, s string) Data {
	return Data{id: id, kinds: []csp.ElementKind{csp.TextElement, csp.EnumElement}, value: s}
}

// Number is data for a decimal, or the value of an item of an enum.
func Number(id string, n uint64) Data {
	return Data{
		id: id, kinds: []csp.ElementKind{csp.DecimalElement, csp.LongDecimalElement, csp.EnumElement}, value: strconv.FormatUint(n, 10),
	}
}

// Truth is data for a boolean.
func Truth(id string, is bool) Data {
	return Data{id: id, kinds: []csp.ElementKind{csp.BooleanElement}, value: strconv.FormatBool(is)}
}

// Lines is data for a text of several lines.
func Lines(id string, lines ...string) Data {
	return Data{id: id, kinds: []csp.ElementKind{csp.MultiTextElement}, value: csp.JoinItems(lines...), torn: torn(lines)}
}

// List is data for a list whose names the template makes: the values themselves, or numbers with a prefix.
func List(id string, values ...string) Data {
	return Data{id: id, kinds: []csp.ElementKind{csp.ListElement}, items: slices.Clone(values), torn: torn(values)}
}

// Pairs is data for a list whose names are chosen: the name of each before its value.
func Pairs(id string, namesAndValues ...string) Data {
	return Data{
		id: id, kinds: []csp.ElementKind{csp.ListElement}, value: csp.JoinItems(namesAndValues...), torn: torn(namesAndValues),
	}
}

// torn reports whether one of several items would become two.
func torn(items []string) bool {
	separator := csp.JoinItems("", "")
	return slices.ContainsFunc(items, func(s string) bool { return strings.Contains(s, separator) })
}

// Disabled returns the payload that disables a policy.
func Disabled() csp.Payload { return csp.Payload{} }

// Enabled returns the payload that enables p with data. The error wraps a *csp.Issue for each thing that is wrong with the
// data: an id that p does not have (csp.CodeADMXID), an element of another type or a value out of range (csp.CodeADMXType),
// data that is required and missing (csp.CodeADMXMissing), or one id twice (csp.CodeADMXShape).
func (p *Policy) Enabled(data ...Data) (csp.Payload, error) {
	out := csp.Payload{Enabled: true}
	var r csp.Report
	wrong := func(c csp.Code, d *Data, want, message string) {
		r = append(r, csp.Issue{Code: c, Severity: csp.Error, Got: fmt.Sprintf("%.60q", d.id), Want: want, Message: message})
	}
	elements, seen := p.byID(), make(map[string]bool, len(data))
	for i := range data {
		d := &data[i]
		e, ok := elements[d.id]
		switch {
		case seen[d.id]:
			wrong(csp.CodeADMXShape, d, "", "has data twice")
			continue
		case ok && !slices.Contains(d.kinds, e.Kind):
			wrong(csp.CodeADMXType, d, e.Kind.String(), "is an element of another type")
			continue
		case ok && d.items != nil && e.Names == csp.ChosenNames:
			wrong(csp.CodeADMXType, d, "names and values", "is a list whose names are chosen")
			continue
		case d.torn:
			wrong(csp.CodeADMXType, d, "items without U+F000", "has an item that devices would take for two")
			continue
		}
		seen[d.id] = true
		value := d.value
		if ok && d.items != nil {
			value = csp.JoinItems(named(e, d.items)...)
		}
		out.Data = append(out.Data, csp.Data{ID: d.id, Value: value})
	}
	for _, i := range out.Check(p.elements()) {
		i.Severity = csp.Error // the template is known
		r = append(r, i)
	}
	if err := r.Err(); err != nil {
		return csp.Payload{}, fmt.Errorf("admx: policy %.80q: %w", p.Name, err)
	}
	return out, nil
}

// named returns values of a list with their names before them.
func named(e *csp.Element, values []string) []string {
	all := make([]string, 0, 2*len(values))
	for i, v := range values {
		name := v
		if e.Names == csp.NumberedNames {
			name = e.Prefix + strconv.Itoa(i+1)
		}
		all = append(all, name, v)
	}
	return all
}

// PolicyOf returns the policy that a node of a catalogue stands for, with its elements and without what it writes; false
// when the node stands for none, or nothing is known of its elements (csp.ElementsOf).
func PolicyOf(n csp.Node) (*Policy, bool) {
	elements, ok := csp.ElementsOf(n)
	if !ok {
		return nil, false
	}
	p := &Policy{Name: n.Name(), Class: Machine}
	if n.Scope() == omadm.UserScope {
		p.Class = User
	}
	for _, e := range elements {
		p.Elements = append(p.Elements, Element{Element: e})
	}
	return p, true
}

// PolicyAt is PolicyOf for the node of an address, such as that of a constant. The error is that of csp.Parse, a
// *csp.UnknownError, or says that nothing is known of such a policy.
func PolicyAt(c *csp.Catalog, u omadm.URI) (*Policy, error) {
	parsed, err := csp.Parse(string(u))
	if err != nil {
		return nil, err
	}
	m, err := c.Resolve(parsed)
	if err != nil {
		return nil, err
	}
	p, ok := PolicyOf(m.Node)
	if !ok {
		return nil, fmt.Errorf("admx: %.120q is no policy of a template whose elements are known", u)
	}
	return p, nil
}
