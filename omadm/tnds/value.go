package tnds

import (
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Media types of a tree (section 5 and the appendix). Its format is xml or, of the second, bin or b64.
const (
	TypeXML   = "application/vnd.syncml.dmtnds+xml"
	TypeWBXML = "application/vnd.syncml.dmtnds+wbxml"
)

// IsType reports whether a media type is that of a tree. White space around it and case do not count.
func IsType(media string) bool {
	media = strings.TrimSpace(media)
	return strings.EqualFold(media, TypeXML) || strings.EqualFold(media, TypeWBXML)
}

// Value returns the value that carries t: the document as text, in the nested form. The error is that of Append.
func (t *Tree) Value() (omadm.Value, error) {
	b, err := t.Append(nil)
	if err != nil {
		return omadm.Value{}, err
	}
	v := omadm.XML(string(b))
	v.Type = TypeXML
	return v, nil
}

// FromValue reads the tree that v carries: as text, as elements inside the Data, which the specification's own example
// has and which is how a message in WBXML may bring a tree, or as base64. The error wraps an *omadm.ValueError when
// v is no tree, or is a document in WBXML of its own; otherwise it is that of Parse.
func FromValue(v omadm.Value) (*Tree, error) {
	refuse := func(reason string) error {
		return fmt.Errorf("tnds: %w", &omadm.ValueError{
			Format: v.DataFormat(), Len: len(v.Data.Value), Want: "a tree", Reason: reason,
		})
	}
	if !IsType(v.Type) {
		return nil, refuse("has another media type")
	}
	b, err := v.Bytes()
	if err != nil {
		return nil, fmt.Errorf("tnds: %w", err)
	}
	const lastVersion = 0x03 // a document in WBXML begins with its version: 1.0 to 1.3
	if len(b) > 0 && b[0] <= lastVersion {
		return nil, refuse("is a document in WBXML")
	}
	return Parse(b)
}

// Op returns the operation that sends t to the node u. With Add the device creates all nodes of t, with Replace they
// have to exist; either it does all or nothing, and answers with one status (OMA DM Representation Protocol
// 1.2.1, sections 6.6.1 and 6.6.11). A device that knows no trees answers 415. There is no other verb.
func Op(verb omadm.Verb, u omadm.URI, t *Tree) (omadm.Op, error) {
	if verb != omadm.Add && verb != omadm.Replace {
		return omadm.Op{}, fmt.Errorf("tnds: %v of a tree", verb)
	}
	v, err := t.Value()
	if err != nil {
		return omadm.Op{}, err
	}
	op := omadm.Op{Verb: verb, URI: u, Value: v}
	if err := op.Validate(); err != nil {
		return omadm.Op{}, fmt.Errorf("tnds: %w", err)
	}
	return op, nil
}
