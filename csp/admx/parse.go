package admx

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Limits of a template. The largest published ones have 2 MB and 2,000 policies.
const (
	maxOctets   = 16 << 20
	maxDepth    = 32
	maxTokens   = 1 << 20
	maxPart     = 1 << 17 // tokens in a policy, of which there is a tree at a time
	maxPolicies = 20_000
	maxName     = 255 // octets of a name or reference
)

// SyntaxError says why a template cannot be read.
type SyntaxError struct {
	Policy string // empty when the fault is in none
	Line   int    // of the file, starting at 1
	Reason string
}

func (e *SyntaxError) Error() string { return "admx: " + Anomaly(*e).String() }

// LimitError says that a template is larger than Parse accepts: 16 MiB, 32 levels of elements, 2^20 elements, attributes
// and the like (Tokens), of which 2^17 may be in one policy, or 20,000 policies.
type LimitError struct {
	Limit string // Octets, Depth, Tokens or Policies; of a set Files or Folders
	Max   int
}

func (e *LimitError) Error() string { return fmt.Sprintf("admx: more than %d %s", e.Max, e.Limit) }

// Parse reads a template, in UTF-8 or UTF-16 whatever it declares. A document type and entities are refused. The error is
// a *SyntaxError or a *LimitError.
func Parse(b []byte) (*Template, error) {
	if len(b) > maxOctets {
		return nil, &LimitError{Limit: "Octets", Max: maxOctets}
	}
	text, err := xmltree.UTF8(b)
	if err != nil {
		return nil, translate(err)
	}
	p := parser{out: &Template{text: strings.TrimSpace(string(text))}}
	lim := xmltree.Limits{Octets: 2 * maxOctets, Depth: maxDepth, Tokens: maxTokens, Part: maxPart}
	if err := xmltree.ReadParts(text, lim, policyDepth, p.template); err != nil {
		return nil, translate(err)
	}
	p.references()
	for i := range p.out.Policies {
		p.out.Policies[i].template = p.out
	}
	return p.out, nil
}

func translate(err error) error {
	var limit *xmltree.LimitError
	if errors.As(err, &limit) {
		name := limit.Limit
		if name == "Part" {
			name = "Tokens"
		}
		return &LimitError{Limit: name, Max: limit.Max}
	}
	var syntax *xmltree.SyntaxError
	if errors.As(err, &syntax) {
		return &SyntaxError{Line: syntax.Line, Reason: syntax.Reason}
	}
	return err
}

// parser reads a template. The first fault that ends the reading stays in err.
type parser struct {
	doc    *xmltree.Document // the part that is read
	space  string
	out    *Template
	policy string // that is read
	err    error
}

func (p *parser) fail(e *etree.Element, reason string) {
	if p.err == nil {
		_, line := p.doc.Position(e)
		p.err = &SyntaxError{Policy: p.policy, Line: line, Reason: reason}
	}
}

// odd notes an anomaly.
func (p *parser) odd(e *etree.Element, reason string) {
	_, line := p.doc.Position(e)
	p.out.Anomalies = append(p.out.Anomalies, Anomaly{Policy: p.policy, Line: line, Reason: reason})
}

// each calls f with the elements below e of the format, each with its name.
func (p *parser) each(e *etree.Element, f func(c *etree.Element, name string)) {
	for c := range e.ChildElementsSeq() {
		if xmltree.InSpace(c, p.space) {
			f(c, c.Tag)
		}
	}
}

func (p *parser) unknown(e *etree.Element) {
	p.odd(e, fmt.Sprintf("unknown element %.60q", e.FullTag()))
}

// attr returns an attribute; empty when it is not there.
func attr(e *etree.Element, name string) string { return e.SelectAttrValue(name, "") }

// name returns an attribute that has to be there.
func (p *parser) name(e *etree.Element, name string) string {
	s := attr(e, name)
	switch {
	case s == "":
		p.fail(e, fmt.Sprintf("%.60s without %s", e.Tag, name))
	case len(s) > maxName:
		p.fail(e, fmt.Sprintf("%s of more than %d octets", name, maxName))
	}
	return s
}

// truth returns an attribute that is true or false.
func (p *parser) truth(e *etree.Element, name string) bool {
	switch attr(e, name) {
	case "true", "1":
		return true
	case "", "false", "0":
	default:
		p.odd(e, name+" that is neither true nor false")
	}
	return false
}

// number returns an attribute that is a number of so many bits; 0 when it is none.
func (p *parser) number(e *etree.Element, name string, bits int) uint64 {
	s := strings.TrimSpace(attr(e, name))
	if s == "" {
		return 0
	}
	n, err := strconv.ParseUint(s, 10, bits)
	if err != nil {
		p.odd(e, name+" that is no number of its size")
		return 0
	}
	return n
}

// policyDepth is the depth of the elements of policies.
const policyDepth = 3

// template reads a part of a template.
func (p *parser) template(part *xmltree.Document) error {
	root := part.Root
	p.doc, p.space = part, root.NamespaceURI()
	if root.Tag != "policyDefinitions" {
		p.fail(root, "root is not policyDefinitions")
	}
	p.each(root, func(e *etree.Element, name string) {
		switch name {
		case "policyNamespaces":
			p.namespaces(e)
		case "supersededAdm":
			if !p.doc.Continues(e) {
				p.out.Superseded = append(p.out.Superseded, attr(e, "fileName"))
			}
		case "categories":
			p.categories(e)
		case "supportedOn":
			p.supported(e)
		case "policies":
			p.policies(e)
		case "annotation", "resources":
		default:
			if !p.doc.Continues(e) {
				p.unknown(e)
			}
		}
	})
	return p.err
}

func (p *parser) namespaces(e *etree.Element) {
	p.each(e, func(c *etree.Element, name string) {
		n := Namespace{attr(c, "prefix"), attr(c, "namespace")}
		switch name {
		case "target":
			p.out.Target = n
		case "using":
			p.out.Using = append(p.out.Using, n)
		default:
			p.unknown(c)
		}
	})
}

func (p *parser) categories(e *etree.Element) {
	p.each(e, func(c *etree.Element, name string) {
		if name != "category" {
			p.unknown(c)
			return
		}
		_, line := p.doc.Position(c)
		category := Category{Name: p.name(c, "name"), Line: line}
		p.each(c, func(c *etree.Element, name string) {
			switch name {
			case "parentCategory":
				category.Parent = p.name(c, "ref")
			case "annotation", "seeAlso", "keywords":
			default:
				p.unknown(c)
			}
		})
		p.out.Categories = append(p.out.Categories, category)
	})
}

func (p *parser) supported(e *etree.Element) {
	p.each(e, func(c *etree.Element, name string) {
		switch name {
		case "definitions":
			p.each(c, func(c *etree.Element, name string) {
				if name == "definition" {
					p.out.Supported = append(p.out.Supported, p.support(c))
				} else {
					p.unknown(c)
				}
			})
		case "products": // what the indexes of versions mean
		default:
			p.unknown(c)
		}
	})
}

func (p *parser) support(e *etree.Element) Support {
	s := Support{Name: p.name(e, "name")}
	p.each(e, func(c *etree.Element, name string) {
		if name != "and" && name != "or" {
			p.unknown(c)
			return
		}
		s.All = name == "and"
		p.each(c, func(c *etree.Element, name string) {
			switch name {
			case "range":
				s.Products = append(s.Products, ProductRange{
					attr(c, "ref"), int(p.number(c, "minVersionIndex", 31)), int(p.number(c, "maxVersionIndex", 31)),
				})
			case "reference":
				s.Products = append(s.Products, ProductRange{Ref: attr(c, "ref")})
			default:
				p.unknown(c)
			}
		})
	})
	return s
}

// references looks for what is referred to.
func (p *parser) references() {
	t := p.out
	t.parents, t.spaces = make(map[string]string), make(map[string]string)
	for _, n := range t.Using {
		t.spaces[n.Prefix] = n.URI
	}
	for _, c := range t.Categories {
		if _, ok := t.parents[c.Name]; ok {
			t.Anomalies = append(t.Anomalies, Anomaly{Line: c.Line, Reason: "category that is there twice"})
			continue
		}
		t.parents[c.Name] = c.Parent
	}
	look := func(ref, policy string, line int) {
		name, local := t.local(ref)
		if _, known := t.parents[name]; ref != "" && local && !known {
			t.Anomalies = append(t.Anomalies, Anomaly{policy, line, "category that is not there"})
		}
	}
	for _, c := range t.Categories {
		look(c.Parent, "", c.Line)
	}
	seen := make(map[string]bool)
	for i := range t.Policies {
		q := &t.Policies[i]
		look(q.Category, q.Name, q.Line)
		if seen[q.Name] {
			t.Anomalies = append(t.Anomalies, Anomaly{q.Name, q.Line, "policy that is there twice"})
		}
		seen[q.Name] = true
	}
	slices.SortStableFunc(t.Anomalies, func(a, b Anomaly) int { return a.Line - b.Line })
}

// local returns the name that a reference has in the template itself, and false when it is another template's.
func (t *Template) local(ref string) (name string, ok bool) {
	prefix, name, found := strings.Cut(ref, ":")
	if !found {
		return ref, true
	}
	return name, prefix == t.Target.Prefix
}

func (p *parser) policies(e *etree.Element) {
	p.each(e, func(c *etree.Element, name string) {
		if name != "policy" {
			p.unknown(c)
			return
		}
		if len(p.out.Policies) == maxPolicies {
			p.err = &LimitError{Limit: "Policies", Max: maxPolicies}
		}
		if p.err == nil {
			p.out.Policies = append(p.out.Policies, p.readPolicy(c))
		}
		p.policy = ""
	})
}

func (p *parser) readPolicy(e *etree.Element) Policy {
	_, line := p.doc.Position(e)
	q := Policy{Name: p.name(e, "name"), Class: Class(attr(e, "class")), ValueName: attr(e, "valueName"), Line: line}
	p.policy = q.Name
	q.Key = p.name(e, "key")
	if q.Class != Machine && q.Class != User && q.Class != Both {
		p.fail(e, "class that is not Machine, User or Both")
	}
	p.each(e, func(c *etree.Element, name string) {
		switch name {
		case "parentCategory":
			q.Category = p.name(c, "ref")
		case "supportedOn":
			q.Supported = attr(c, "ref")
		case "enabledValue":
			q.EnabledValue = p.value(c)
		case "disabledValue":
			q.DisabledValue = p.value(c)
		case "enabledList":
			q.EnabledList = p.list(c)
		case "disabledList":
			q.DisabledList = p.list(c)
		case "elements":
			p.elements(c, &q)
		case "annotation", "seeAlso", "keywords":
		default:
			p.unknown(c)
		}
	})
	return q
}

// value reads a value of the registry: the one element below e.
func (p *parser) value(e *etree.Element) *Value {
	var v *Value
	p.each(e, func(c *etree.Element, name string) {
		if v != nil {
			p.odd(c, "more than one value")
			return
		}
		switch name {
		case "delete":
			v = &Value{Kind: Delete}
		case "decimal":
			v = &Value{Kind: Decimal, Number: p.number(c, "value", 32)}
		case "longDecimal":
			v = &Value{Kind: LongDecimal, Number: p.number(c, "value", 64)}
		case "string":
			s, _ := xmltree.Text(c)
			v = &Value{Kind: String, Text: s}
		default:
			p.unknown(c)
		}
	})
	if v == nil {
		p.odd(e, "no value")
	}
	return v
}

func (p *parser) list(e *etree.Element) *ValueList {
	l := &ValueList{Key: attr(e, "defaultKey")}
	p.each(e, func(c *etree.Element, name string) {
		if name != "item" {
			p.unknown(c)
			return
		}
		item := ListValue{Key: attr(c, "key"), Name: attr(c, "valueName")}
		p.each(c, func(c *etree.Element, name string) {
			if name != "value" {
				p.unknown(c)
			} else if v := p.value(c); v != nil {
				item.Value = *v
			}
		})
		l.Values = append(l.Values, item)
	})
	return l
}

func (p *parser) elements(e *etree.Element, q *Policy) {
	ids := make(map[string]bool)
	p.each(e, func(c *etree.Element, name string) {
		var kind csp.ElementKind
		if kind.UnmarshalText([]byte(name)) != nil {
			p.unknown(c)
			return
		}
		el := Element{
			Key: attr(c, "key"), ValueName: attr(c, "valueName"), Soft: p.truth(c, "soft"),
			StoreAsText: p.truth(c, "storeAsText"), Expandable: p.truth(c, "expandable"), Additive: p.truth(c, "additive"),
		}
		el.ID, el.Kind, el.Required = p.name(c, "id"), kind, p.truth(c, "required")
		if ids[el.ID] {
			p.odd(c, "id that is there twice")
			return
		}
		ids[el.ID] = true
		p.limits(c, &el)
		p.choices(c, &el)
		q.Elements = append(q.Elements, el)
	})
}

// limits reads what data an element takes, but for the values of an enum.
func (p *parser) limits(e *etree.Element, el *Element) {
	switch el.Kind {
	case csp.DecimalElement, csp.LongDecimalElement:
		bits := 32
		if el.Kind == csp.LongDecimalElement {
			bits = 64
		}
		el.Min, el.Max = p.number(e, "minValue", bits), p.number(e, "maxValue", bits)
		if el.Max != 0 && el.Min > el.Max {
			p.odd(e, "minValue above maxValue")
			el.Min, el.Max = 0, 0
		}
	case csp.TextElement, csp.MultiTextElement:
		el.MaxLength, el.MaxItems = int(p.number(e, "maxLength", 31)), int(p.number(e, "maxStrings", 31))
	case csp.ListElement:
		prefix := e.SelectAttr("valuePrefix")
		switch {
		case p.truth(e, "explicitValue"):
			el.Names = csp.ChosenNames
		case prefix != nil:
			el.Names, el.Prefix = csp.NumberedNames, prefix.Value
		}
	}
}

// choices reads what is below a boolean or an enum.
func (p *parser) choices(e *etree.Element, el *Element) {
	p.each(e, func(c *etree.Element, name string) {
		switch {
		case el.Kind == csp.BooleanElement && name == "trueValue":
			el.True = p.value(c)
		case el.Kind == csp.BooleanElement && name == "falseValue":
			el.False = p.value(c)
		case el.Kind == csp.BooleanElement && name == "trueList":
			el.TrueList = p.list(c)
		case el.Kind == csp.BooleanElement && name == "falseList":
			el.FalseList = p.list(c)
		case el.Kind == csp.EnumElement && name == "item":
			p.item(c, el)
		default:
			p.unknown(c)
		}
	})
	if el.Kind == csp.EnumElement && len(el.Items) == 0 {
		p.odd(e, "enum without items")
		el.Open = true
	}
}

func (p *parser) item(e *etree.Element, el *Element) {
	var item Item
	var v *Value
	p.each(e, func(c *etree.Element, name string) {
		switch name {
		case "value":
			v = p.value(c)
		case "valueList":
			item.List = p.list(c)
		default:
			p.unknown(c)
		}
	})
	if v != nil {
		item.Value = *v
	}
	if item.Value.Kind == Delete {
		el.Open = true
	} else {
		el.Values = append(el.Values, item.Value.String())
	}
	el.Items = append(el.Items, item)
}
