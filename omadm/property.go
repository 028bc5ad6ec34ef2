package omadm

import (
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/gomadm/gomadm/syncml"
)

// Properties are the properties of a node as far as a device reported them (OMA DM Tree and Description 1.2.1, section
// 7.7). A device may lack Size, Title, TStamp and VerNo.
type Properties struct {
	ACL    ACL       // empty: the node inherits
	Format Format    // of the value as the device keeps it: bin for octets, however they travel; node if interior
	Name   string    // not escaped
	Size   uint32    // of a leaf: octets of the value
	Title  string    // at most 255 octets
	TStamp time.Time // when the node last changed
	Type   string    // of a leaf: media type of the value; of an interior node: identifier of the object, or empty
	VerNo  uint16    // moves with each change, and after 65535 begins at 0 again: only "another" can be told

	known uint16 // a bit for each of the table properties
}

// timestamp is the form of TStamp, such as 20010711T163817Z: a date and time of ISO 8601 in the basic form, in UTC.
const timestamp = "20060102T150405Z"

// Set reads the value of the property with a name, as a Get of URI.WithProp returns it. The error is a *ValueError or an
// *ACLError, and then p is unchanged.
func (p *Properties) Set(name string, v Value) error {
	s, err := propertyText(v)
	if err != nil {
		return err
	}
	if !p.set(name, s) {
		if name == PropACL {
			_, err := ParseACL(s)
			return err
		}
		return v.refuse("property", "is no "+name)
	}
	for i := range properties {
		if properties[i].name == name {
			p.known |= 1 << i
		}
	}
	return nil
}

// Has reports whether the property with a name was set.
func (p *Properties) Has(name string) bool {
	for i := range properties {
		if properties[i].name == name {
			return p.known&(1<<i) != 0
		}
	}
	return false
}

// propertyText returns the text of a property, which has no Meta. An empty one may come without Data.
func propertyText(v Value) (string, error) {
	if v.Data.Kind == syncml.NoData {
		return "", nil
	}
	if v.Data.Kind == syncml.MarkupData {
		return "", v.refuse("property", "is markup")
	}
	return v.Text()
}

// set reports whether s is a value of the property.
func (p *Properties) set(name, s string) bool {
	var err error
	switch name {
	case PropACL:
		var acl ACL
		if acl, err = ParseACL(s); err == nil {
			p.ACL = acl
		}
	case PropFormat:
		format := Format(strings.TrimSpace(s))
		if format == "" {
			return false
		}
		p.Format = format
	case PropName:
		if s == "" || strings.Contains(s, "/") {
			return false
		}
		p.Name = s
	case PropSize:
		var n uint64
		if n, err = number(s, math.MaxUint32); err == nil {
			p.Size = uint32(n)
		}
	case PropTitle:
		if len(s) > maxTitle {
			return false
		}
		p.Title = s
	case PropTStamp:
		var t time.Time
		if t, err = time.Parse(timestamp, strings.TrimSpace(s)); err == nil {
			p.TStamp = t
		}
	case PropType:
		p.Type = strings.TrimSpace(s)
	case PropVerNo:
		var n uint64
		if n, err = number(s, math.MaxUint16); err == nil {
			p.VerNo = uint16(n)
		}
	default:
		return false
	}
	return err == nil
}

// number reads a decimal number without a sign.
func number(s string, most uint64) (uint64, error) {
	n, err := strconv.ParseUint(strings.TrimSpace(s), 10, 64)
	if err == nil && n > most {
		err = strconv.ErrRange
	}
	return n, err
}
