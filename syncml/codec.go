package syncml

import (
	"fmt"
	"strconv"
)

// Codec reads and writes messages in one encoding. Codecs are safe for concurrent use.
//
// AppendHeader, then AppendCommand once for each command, then AppendEnd make one message. The length of what
// AppendCommand appends does not depend on its neighbours, so a caller that has to respect a maximum may
// cut the last command off again.
type Codec interface {
	// ContentType is the media type of a DM message, such as "application/vnd.syncml.dm+xml".
	ContentType() string

	// Decode reads one message. Nothing of b is kept. The error is a *SyntaxError or a *LimitError.
	Decode(b []byte, lim Limits) (*Message, error)

	// AppendHeader appends the start of a message to dst: everything before the first command.
	// The error is an *EncodeError, and dst is returned as it came.
	AppendHeader(dst []byte, h *Header) ([]byte, error)
	// AppendCommand appends one command.
	AppendCommand(dst []byte, c Command) ([]byte, error)
	// AppendEnd appends the end of a message: everything after the last command.
	AppendEnd(dst []byte, final bool) ([]byte, error)
}

// Media types of messages (OMA DM Representation Protocol 1.2.1, section 4). The two of data
// synchronisation are accepted and answered in kind.
const (
	ContentTypeXML     = "application/vnd.syncml.dm+xml"
	ContentTypeWBXML   = "application/vnd.syncml.dm+wbxml"
	ContentTypeDSXML   = "application/vnd.syncml+xml"
	ContentTypeDSWBXML = "application/vnd.syncml+wbxml"
)

// Limits bounds what a decoder accepts. A zero field means its default.
type Limits struct {
	Octets     int // size of the message; 8 MiB
	Depth      int // nesting of elements; 32
	Commands   int // commands of a message, nested ones included; 2,000
	Items      int // items of a message; 10,000
	Attributes int // attributes of an element, and namespace declarations in scope; 64
	Extra      int // elements of a Meta without a field of their own, Items in the whole message; 64
	URI        int // octets of a LocURI, TargetRef or SourceRef; 4,096
}

// DefaultLimits is what zero fields of Limits mean.
func DefaultLimits() Limits {
	return Limits{Octets: 8 << 20, Depth: 32, Commands: 2000, Items: 10000, Attributes: 64, Extra: 64, URI: 4096}
}

// WithDefaults returns l with each zero field set to its default. Codecs call it.
func (l Limits) WithDefaults() Limits {
	d := DefaultLimits()
	for _, f := range [...]struct{ v, d *int }{
		{&l.Octets, &d.Octets}, {&l.Depth, &d.Depth}, {&l.Commands, &d.Commands}, {&l.Items, &d.Items},
		{&l.Attributes, &d.Attributes}, {&l.Extra, &d.Extra}, {&l.URI, &d.URI},
	} {
		if *f.v == 0 {
			*f.v = *f.d
		}
	}
	return l
}

// SyntaxError says that octets are not a message, and where.
type SyntaxError struct {
	Path   string // the open elements, such as "SyncML/SyncBody/Replace[2]/Item[1]"
	Offset int    // octets before the fault
	Line   int    // starting at 1; 0 in WBXML, which has no lines
	Reason string
}

func (e *SyntaxError) Error() string {
	s := "syncml: offset " + strconv.Itoa(e.Offset)
	if e.Line > 0 {
		s += ", line " + strconv.Itoa(e.Line)
	}
	if e.Path != "" {
		s += ", in " + e.Path
	}
	return s + ": " + e.Reason
}

// LimitError says that a message is larger than Limits allow.
type LimitError struct {
	Limit  string // name of the field of Limits
	Max    int
	Path   string // the open elements, as in SyntaxError
	Offset int
}

func (e *LimitError) Error() string {
	s := "syncml: offset " + strconv.Itoa(e.Offset)
	if e.Path != "" {
		s += ", in " + e.Path
	}
	return fmt.Sprintf("%s: exceeds Limits.%s, which is %d", s, e.Limit, e.Max)
}

// EncodeError says that a value cannot be carried by the encoding.
type EncodeError struct {
	Path   string // the element that holds the value, such as "Replace/Item[1]/Data"
	Reason string // never holds the value
}

func (e *EncodeError) Error() string { return "syncml: " + e.Path + ": " + e.Reason }

// Decode reads a message in XML under the default limits.
func Decode(b []byte) (*Message, error) { return XML.Decode(b, Limits{}) }

// Encode returns m in XML.
func Encode(m *Message) ([]byte, error) { return Append(nil, XML, m) }

// Append appends m, encoded by c, to dst. A message with a nil Body is refused: a SyncBody needs a command. One with
// an empty Body that is not nil, as the decoder returns it, is written as it was read. On an error dst is returned as
// it came.
func Append(dst []byte, c Codec, m *Message) ([]byte, error) {
	if m.Body == nil {
		return dst, &EncodeError{Path: "SyncML/SyncBody", Reason: "no command"}
	}
	out, err := c.AppendHeader(dst, &m.Header)
	if err != nil {
		return dst, err
	}
	for _, cmd := range m.Body {
		if out, err = c.AppendCommand(out, cmd); err != nil {
			return dst, err
		}
	}
	if out, err = c.AppendEnd(out, m.Final); err != nil {
		return dst, err
	}
	return out, nil
}
