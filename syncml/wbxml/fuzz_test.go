package wbxml

import (
	"errors"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// FuzzDecode: nothing panics, errors have their type, and what decodes is written and read as the same message.
func FuzzDecode(f *testing.F) {
	f.Add(encode(f, everything()))
	for _, name := range []string{
		"63-valid-wbxml-numeric-publicid.hex", "64-valid-wbxml-strtbl-publicid.hex",
		"65-invalid-wbxml-truncated.hex", "66-valid-wbxml-opaque-data.hex",
	} {
		f.Add(hexExample(f, name))
	}
	for _, shape := range costly {
		f.Add(shape(64))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := Codec.Decode(b, syncml.Limits{})
		if err != nil {
			var syntax *syncml.SyntaxError
			var limit *syncml.LimitError
			if !errors.As(err, &syntax) && !errors.As(err, &limit) || m != nil {
				t.Fatalf("got message %v and error %v", m, err)
			}
			return
		}
		out, err := syncml.Append(nil, Codec, m)
		if err != nil {
			var refusal *syncml.EncodeError
			if !errors.As(err, &refusal) {
				t.Fatal(err)
			}
			return
		}
		same(t, decode(t, out), m)
	})
}

// FuzzTwin: a message in XML is the same after a way through this encoding and back. Messages that it
// cannot carry are passed over.
func FuzzTwin(f *testing.F) {
	for _, text := range xmlExamples(f) {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		want, err := syncml.Decode(text)
		if err != nil {
			return
		}
		b, err := syncml.Append(nil, Codec, want)
		if err != nil {
			return
		}
		sameMeaning(t, twin(t, decode(t, b)), want)
	})
}
