package csp

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Payload is the value of a policy that comes from an administrative template (Constraint of kind ADMX): that it is
// enabled, with data for its elements, or disabled. A policy that is not configured has no node.
type Payload struct {
	Enabled bool
	Data    []Data // of an enabled policy; their order means nothing
}

// Data is the value of an element of a template. Of a list it is what JoinItems makes of it.
type Data struct{ ID, Value string }

// itemSeparator stands between the items of a text of several lines, and between the names and values of a list.
const itemSeparator = "\uF000"

// JoinItems returns the items of a list as the value of a Data: of a list of names and values, the name of each before
// its value.
func JoinItems(items ...string) string { return strings.Join(items, itemSeparator) }

// Items returns the items of a list; nil when it has none.
func (d Data) Items() []string {
	if d.Value == "" {
		return nil
	}
	return strings.Split(d.Value, itemSeparator)
}

// PayloadError says why a text is no Payload. It does not hold the text.
type PayloadError struct{ Reason string }

func (e *PayloadError) Error() string { return "csp: policy of a template: " + e.Reason }

// payloadRoot is what a payload, which has several roots, is read in.
const payloadRoot = "p"

// ParsePayload reads "<enabled/>" and any number of "<data id=… value=…/>", or "<disabled/>", the names in any case. The
// error is a *PayloadError.
func ParsePayload(s string) (Payload, error) {
	switch s { // most have no more to say
	case "<enabled/>":
		return Payload{Enabled: true}, nil
	case "<disabled/>":
		return Payload{}, nil
	}
	doc, err := xmltree.Read([]byte("<"+payloadRoot+">"+strings.TrimSpace(s)+"</"+payloadRoot+">"), payloadLimits)
	if limit := new(xmltree.LimitError); errors.As(err, &limit) {
		return Payload{}, &PayloadError{fmt.Sprintf("has more than %d %s", limit.Max, strings.ToLower(limit.Limit))}
	}
	if err != nil {
		return Payload{}, &PayloadError{"is not well-formed XML"}
	}
	if strings.TrimSpace(doc.Root.Text()) != "" && len(doc.Root.ChildElements()) == 0 {
		return Payload{}, &PayloadError{"is neither <enabled/> nor <disabled/>"}
	}
	var p Payload
	state := ""
	for _, c := range doc.Root.Child {
		switch c := c.(type) {
		case *etree.CharData:
			if strings.TrimSpace(c.Data) != "" {
				return Payload{}, &PayloadError{"has text between its elements"}
			}
		case *etree.Element:
			name := strings.ToLower(c.Tag)
			if err := p.take(c, name, &state); err != nil {
				return Payload{}, err
			}
		}
	}
	switch {
	case state == "":
		return Payload{}, &PayloadError{"is neither <enabled/> nor <disabled/>"}
	case !p.Enabled && len(p.Data) > 0:
		return Payload{}, &PayloadError{"is disabled, and has data"}
	}
	return p, nil
}

// take reads one element of a payload.
func (p *Payload) take(e *etree.Element, name string, state *string) error {
	if text, ok := xmltree.Text(e); !ok || strings.TrimSpace(text) != "" || len(e.Attr) > 0 && name != "data" {
		return &PayloadError{"has an element that is not empty"}
	}
	switch name {
	case "enabled", "disabled":
		if *state != "" {
			return &PayloadError{"says twice whether it is enabled"}
		}
		*state, p.Enabled = name, name == "enabled"
		return nil
	case "data":
		d := Data{attribute(e, "id"), attribute(e, "value")}
		if d.ID == "" {
			return &PayloadError{"has data without id"}
		}
		if slices.ContainsFunc(p.Data, func(other Data) bool { return other.ID == d.ID }) {
			return &PayloadError{"has data of one id twice"}
		}
		p.Data = append(p.Data, d)
		return nil
	}
	return &PayloadError{"has an element that is not enabled, disabled or data"}
}

// attribute returns an attribute by its name in any case.
func attribute(e *etree.Element, name string) string {
	for _, a := range e.Attr {
		if a.Space == "" && strings.EqualFold(a.Key, name) {
			return a.Value
		}
	}
	return ""
}

// String returns p as it is sent.
func (p Payload) String() string {
	if !p.Enabled {
		return "<disabled/>"
	}
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalAttrVal = true
	doc.CreateElement("enabled")
	for _, d := range p.Data {
		e := doc.CreateElement("data")
		e.CreateAttr("id", d.ID)
		e.CreateAttr("value", d.Value)
	}
	s, err := doc.WriteToString()
	if err != nil {
		panic("csp: writing to memory failed: " + err.Error())
	}
	return s
}

// Check returns what is wrong with p for a policy that has the elements: data that it does not have, that is not of its
// type or out of its range, and what is required and missing. The issues have no address.
func (p Payload) Check(elements []Element) Report {
	var r Report
	for _, f := range p.faults(elements) {
		i := issueOf(f.fault)
		i.Severity = severities.of(f.code)
		r = append(r, i)
	}
	return r
}

// Value returns p as the value of an operation.
func (p Payload) Value() omadm.Value { return omadm.Text(p.String()) }

// Equal reports whether p and q mean the same: the order of the data does not count, nor the case of truth values.
func (p Payload) Equal(q Payload) bool {
	if p.Enabled != q.Enabled || len(p.Data) != len(q.Data) {
		return false
	}
	for _, d := range p.Data {
		same := func(e Data) bool {
			return d.ID == e.ID && (d.Value == e.Value || isTruthWord(d.Value) && strings.EqualFold(d.Value, e.Value))
		}
		if !slices.ContainsFunc(q.Data, same) {
			return false
		}
	}
	return true
}

func isTruthWord(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }
