package wbxml

import (
	"errors"

	"github.com/gomadm/gomadm/syncml"
)

// Codec is the codec of the binary encoding.
var Codec syncml.Codec = codec{}

type codec struct{}

// Decode reads a message in either encoding under the default limits. The first octet tells which, see
// Detect.
func Decode(b []byte) (*syncml.Message, error) { return Detect(b).Decode(b, syncml.Limits{}) }

// Detect returns the codec of the encoding b is in: Codec when the first octet can be the version of a
// binary document and cannot start an XML document, syncml.XML otherwise.
func Detect(b []byte) syncml.Codec {
	if len(b) > 0 && b[0] < '\t' {
		return Codec
	}
	return syncml.XML
}

func (codec) ContentType() string { return syncml.ContentTypeWBXML }

func (codec) Decode(b []byte, lim syncml.Limits) (*syncml.Message, error) {
	lim = lim.WithDefaults()
	if len(b) > lim.Octets {
		return nil, &syncml.LimitError{Limit: "Octets", Max: lim.Octets, Offset: lim.Octets}
	}
	d := decoder{lim: lim, reader: reader{s: string(b), attributes: lim.Attributes}}
	h := d.header()
	start := d.reader
	m := d.document(h)
	if d.err == nil {
		return m, nil
	}
	var syntax *syncml.SyntaxError
	if errors.As(d.err, &syntax) {
		syntax.Path = path(start, syntax.Offset)
	}
	var limit *syncml.LimitError
	if errors.As(d.err, &limit) {
		limit.Path = path(start, limit.Offset)
	}
	return nil, d.err
}

func (codec) AppendHeader(dst []byte, h *syncml.Header) ([]byte, error) {
	e := encoder{b: dst, start: len(dst)}
	e.documentHeader(h)
	e.root = len(e.b)
	e.open(tagSyncML)
	e.header(h)
	e.open(tagSyncBody)
	return e.result(dst)
}

func (codec) AppendCommand(dst []byte, c syncml.Command) ([]byte, error) {
	e := encoder{b: dst, start: len(dst), root: len(dst)}
	e.command(c, "")
	e.toPage(pageSyncML)
	return e.result(dst)
}

func (codec) AppendEnd(dst []byte, final bool) ([]byte, error) {
	if final {
		dst = append(dst, byte(tagFinal))
	}
	return append(dst, tokenEnd, tokenEnd), nil
}
