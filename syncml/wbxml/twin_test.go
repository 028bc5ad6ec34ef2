package wbxml

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// twin writes a message in XML and reads it again.
func twin(t testing.TB, m *syncml.Message) *syncml.Message {
	t.Helper()
	b, err := syncml.Append(nil, syncml.XML, m)
	if err != nil {
		t.Fatal(err)
	}
	m, err = syncml.XML.Decode(b, syncml.Limits{})
	if err != nil {
		t.Fatalf("%v\n%s", err, b)
	}
	return m
}

// sameMeaning fails unless the messages are written as the same octets, which leaves out how markup is spelled.
func sameMeaning(t testing.TB, got, want *syncml.Message) {
	t.Helper()
	if !bytes.Equal(encode(t, got), encode(t, want)) {
		t.Errorf("got  %s\nwant %s", show(got), show(want))
	}
}

// inWBXML reports whether an example can be written in this encoding: an attribute and elements of vendors in Data
// cannot.
func inWBXML(name string) bool {
	switch name {
	case "55-valid-windows-dc-alert.xml", "57-valid-windows-originalerror.xml":
		return false
	}
	return true
}

func testTwins(t *testing.T) {
	for name, text := range xmlExamples(t) {
		t.Run(name, func(t *testing.T) {
			want, err := syncml.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			b, err := syncml.Append(nil, Codec, want)
			if !inWBXML(name) {
				if err == nil {
					t.Fatal("written although it cannot be")
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			got := decode(t, b)
			same(t, got, want)
			same(t, twin(t, got), want)
		})
	}
	for _, name := range []string{
		"63-valid-wbxml-numeric-publicid.hex", "64-valid-wbxml-strtbl-publicid.hex", "66-valid-wbxml-opaque-data.hex",
	} {
		m := decode(t, hexExample(t, name))
		same(t, twin(t, m), m)
	}
	// Octets have no XML; everything else of the sample has.
	m := everything()
	for _, c := range m.Body {
		withoutOctets(c)
	}
	same(t, decode(t, encode(t, m)), m)
	sameMeaning(t, twin(t, m), m)
}

func withoutOctets(c syncml.Command) {
	switch c := c.(type) {
	case *syncml.Atomic:
		for _, c := range c.Body {
			withoutOctets(c)
		}
	case *syncml.Sequence:
		for _, c := range c.Body {
			withoutOctets(c)
		}
	}
	items := c.ItemList()
	for i := range items {
		if items[i].Data.Kind == syncml.OctetsData {
			items[i].Data = syncml.Text("AAH/")
		}
	}
}

// libwbxml runs one of its tools on a file and returns what it makes of it.
func libwbxml(t *testing.T, tool string, in []byte, options ...string) ([]byte, error) {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		t.Skipf("%s is not installed (package libwbxml2-utils)", tool)
	}
	dir := t.TempDir()
	from, to := filepath.Join(dir, "in"), filepath.Join(dir, "out")
	if err := os.WriteFile(from, in, 0o600); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(path, append(options, "-o", to, from)...).CombinedOutput(); err != nil {
		t.Logf("%s: %s", tool, out)
		return nil, err
	}
	return os.ReadFile(to)
}

// undoTypes takes back what xml2wbxml does to the Type of items: it makes every "+xml" of a SyncML type "+wbxml",
// though it leaves the data, here text, as it is.
func undoTypes(m *syncml.Message) {
	for _, c := range m.Body {
		for _, it := range c.ItemList() {
			if it.Meta != nil && it.Meta.Type == "application/vnd.syncml.dmtnds+wbxml" {
				it.Meta.Type = "application/vnd.syncml.dmtnds+xml"
			}
		}
	}
}

// What another implementation reads of our octets is the message, and we read its octets as the message. With
// -k it keeps white space; with and without a string table are two ways of writing.
func TestAgainstLibwbxml(t *testing.T) {
	for name, text := range xmlExamples(t) {
		if !inWBXML(name) {
			continue
		}
		t.Run(name, func(t *testing.T) {
			want, err := syncml.Decode(text)
			if err != nil {
				t.Fatal(err)
			}
			theirs, err := libwbxml(t, "wbxml2xml", encode(t, want), "-m", "0", "-k")
			if err != nil {
				t.Fatal(err)
			}
			got, err := syncml.Decode(theirs)
			if err != nil {
				t.Fatalf("%v\n%s", err, theirs)
			}
			sameMeaning(t, got, want)
			compact, err := syncml.Encode(want)
			if err != nil {
				t.Fatal(err)
			}
			for _, options := range [][]string{{"-k"}, {"-k", "-n"}, {"-v", "1.2", "-k"}, {"-v", "1.1", "-k"}} {
				theirs, err := libwbxml(t, "xml2wbxml", compact, options...)
				if err != nil {
					t.Fatal(err)
				}
				got := decode(t, theirs)
				undoTypes(got)
				sameMeaning(t, got, want)
			}
		})
	}
}
