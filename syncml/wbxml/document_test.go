package wbxml

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// octets joins parts: an int is one octet, a string is an inline string with its token and end, a []byte
// stands for itself.
func octets(parts ...any) []byte {
	var b []byte
	for _, p := range parts {
		switch p := p.(type) {
		case int:
			b = append(b, byte(p))
		case tag:
			b = append(b, p.token())
		case string:
			b = append(append(append(b, tokenInline), p...), 0)
		case []byte:
			b = append(b, p...)
		default:
			panic("octets: not an int, tag, string or []byte")
		}
	}
	return b
}

// element is an element with content.
func element(t tag, content ...any) []byte {
	b := append([]byte{t.token() | flagContent}, octets(content...)...)
	return append(b, tokenEnd)
}

// meta is content of a Meta on page 1, and the way back to page 0.
func meta(content ...any) []byte {
	return octets(int(tagMeta)|flagContent, 0, 1, octets(content...), tokenEnd, 0, 0)
}

// opaque is opaque data of less than 128 octets.
func opaque(s string) []byte { return append([]byte{tokenOpaque, byte(len(s))}, s...) }

// head is the header of a document.
var head = []byte{2, 0xa4, 1, 0x6a, 0}

func syncHdr() []byte {
	return element(tagSyncHdr, element(tagVerDTD, "1.2"), element(tagVerProto, "DM/1.2"), element(tagSessionID, "1"),
		element(tagMsgID, "1"), element(tagTarget, element(tagLocURI, "t")), element(tagSource, element(tagLocURI, "s")))
}

// message is a document of one SyncBody with the content given.
func message(body ...any) []byte {
	return octets(head, element(tagSyncML, syncHdr(), element(tagSyncBody, body...)))
}

func simpleHeader() syncml.Header {
	return syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1",
		Target: syncml.Location{URI: "t"}, Source: syncml.Location{URI: "s"}}
}

func decode(t testing.TB, b []byte) *syncml.Message {
	t.Helper()
	m, err := Codec.Decode(b, syncml.Limits{})
	if err != nil {
		t.Fatalf("%v\n% x", err, b)
	}
	return m
}

func encode(t testing.TB, m *syncml.Message) []byte {
	t.Helper()
	b, err := syncml.Append(nil, Codec, m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// same fails unless the messages are equal in every field.
func same(t testing.TB, got, want *syncml.Message) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Fatalf("got  %s\nwant %s", show(got), show(want))
	}
}

// show prints values in full, which the types of syncml do not do by themselves.
func show(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// oneItem decodes a Replace with the content given and returns its first item.
func oneItem(t testing.TB, content ...any) syncml.Item {
	t.Helper()
	return decode(t, message(element(tagReplace, content...))).Body[0].ItemList()[0]
}

// syntaxError fails unless err is a *syncml.SyntaxError with a reason.
func syntaxError(t testing.TB, err error, reason string) *syncml.SyntaxError {
	t.Helper()
	var s *syncml.SyntaxError
	if !errors.As(err, &s) {
		t.Fatalf("got error %v, want a *syncml.SyntaxError", err)
	}
	if !strings.Contains(s.Reason, reason) {
		t.Fatalf("got reason %q, want %q", s.Reason, reason)
	}
	if s.Line != 0 {
		t.Fatalf("got line %d in an encoding without lines", s.Line)
	}
	return s
}

// refused fails unless b is refused with a *syncml.SyntaxError.
func refused(t testing.TB, b []byte, reason string) {
	t.Helper()
	m, err := Codec.Decode(b, syncml.Limits{})
	if m != nil {
		t.Fatalf("got a message, want an error\n% x", b)
	}
	syntaxError(t, err, reason)
}

const examples = "../../testdata/examples"

// hexExample reads an example whose octets are written as hexadecimal digits.
func hexExample(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(examples, name))
	if err != nil {
		t.Fatal(err)
	}
	var digits bytes.Buffer
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
	}
	out, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// xmlExamples returns the examples that are messages in well-formed XML.
func xmlExamples(t testing.TB) map[string][]byte {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(examples, "*.xml"))
	if err != nil {
		t.Fatal(err)
	}
	found := map[string][]byte{}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		name = filepath.Base(name)
		if bytes.Contains(b, []byte("<SyncML")) && !strings.HasPrefix(name, "43-") && !strings.HasPrefix(name, "44-") {
			found[name] = b
		}
	}
	if len(found) < 50 {
		t.Fatalf("got %d examples", len(found))
	}
	return found
}
