package xmltree_test

import (
	"encoding/binary"
	"errors"
	"testing"
	"unicode/utf16"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

// utf16Of returns a text in UTF-16.
func utf16Of(order binary.AppendByteOrder, s string) []byte {
	var b []byte
	for _, u := range utf16.Encode([]rune(s)) {
		b = order.AppendUint16(b, u)
	}
	return b
}

func TestUTF8(t *testing.T) {
	const text = "<a>é – 𝄞</a>"
	little, big := binary.LittleEndian, binary.BigEndian
	for _, tt := range []struct {
		name string
		doc  []byte
		want string
	}{
		{"UTF-8", []byte(text), text},
		{"UTF-8 with a mark", []byte("\ufeff" + text), text},
		{"little-endian", utf16Of(little, text), text},
		{"little-endian with a mark", utf16Of(little, "\ufeff"+text), text},
		{"big-endian", utf16Of(big, text), text},
		{"big-endian with a mark", utf16Of(big, "\ufeff"+text), text},
		{"UTF-8 that says it is UTF-16", []byte("<?xml version='1.0' encoding='utf-16'?>\n" + text), "                                       \n" + text},
		{"UTF-16 that says it is UTF-8", utf16Of(little, "\ufeff<?xml version=\"1.0\"\n encoding=\"utf-8\"?>"+text),
			"                   \n                   " + text},
		{"an encoding that is none", []byte(`<?xml encoding="unicode"?>` + text), "                          " + text},
		{"an instruction is no declaration", []byte("<?xmlx a?>" + text), "<?xmlx a?>" + text},
		{"an open declaration", []byte("<?xml " + text), "<?xml " + text},
		{"nothing", nil, ""},
		{"one octet", []byte("<"), "<"},
	} {
		before := string(tt.doc)
		got, err := xmltree.UTF8(tt.doc)
		if err != nil || string(got) != tt.want {
			t.Errorf("%s: got %q, %v, want %q", tt.name, got, err, tt.want)
		}
		if string(tt.doc) != before {
			t.Errorf("%s: the document was changed", tt.name)
		}
	}
	for name, doc := range map[string][]byte{
		"an odd octet":           append(utf16Of(little, "<a/>"), 'x'),
		"half a character":       {'<', 0, 0x34, 0xd8},
		"halves in wrong order":  {'<', 0, 0x1e, 0xdd, 0x34, 0xd8},
		"half a character alone": {'<', 0, 0x34, 0xd8, 'a', 0},
	} {
		got, err := xmltree.UTF8(doc)
		if e := new(xmltree.SyntaxError); !errors.As(err, &e) || got != nil {
			t.Errorf("%s: got %q, %v, want a *SyntaxError", name, got, err)
		}
	}
}

func TestCarries(t *testing.T) {
	for s, want := range map[string]bool{
		"": true, "a\t\r\nb": true, "é𝄞\uF000": true, "a\x00": false, "\x1b": false, "\xff": false, "\ufffe": false, "\ufffd": true,
	} {
		if got := xmltree.Carries(s); got != want {
			t.Errorf("%q: got %v, want %v", s, got, want)
		}
	}
}
