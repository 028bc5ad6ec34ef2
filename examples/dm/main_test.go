package main

import (
	"bytes"
	"encoding/hex"
	"errors"
	"flag"
	"iter"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

var update = flag.Bool("update", false, "write the golden files anew")

const samples = "../../testdata/examples"

// command runs dm.
func command(stdin string, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(args, strings.NewReader(stdin), &out, &errs)
	return status, out.String(), errs.String()
}

// golden compares got with a file in testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got):\n%s", file, d)
	}
}

// sample returns a file of the project's examples; the octets of one in hexadecimal.
func sample(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(samples, name))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasSuffix(name, ".hex") {
		return string(b)
	}
	var digits strings.Builder
	for line := range strings.Lines(string(b)) {
		if !strings.HasPrefix(line, "#") {
			digits.WriteString(strings.Join(strings.Fields(line), ""))
		}
	}
	octets, err := hex.DecodeString(digits.String())
	if err != nil {
		t.Fatal(err)
	}
	return string(octets)
}

func TestGolden(t *testing.T) {
	tests := []struct {
		golden string
		input  string // a sample, or a file in testdata
		args   []string
		status int
	}{
		{"decode-pkg1.txt", "01-valid-pkg1-client-initiated.xml", []string{"decode"}, 0},
		{"decode-challenge.txt", "07-valid-407-challenge-md5.xml", []string{"decode"}, 0},
		{"decode-cred.txt", "08-valid-pkg1-resend-with-md5.xml", []string{"decode"}, 0},
		{"decode-atomic.txt", "25-valid-atomic.xml", []string{"decode"}, 0},
		{"decode-markup.txt", "55-valid-windows-dc-alert.xml", []string{"decode"}, 0},
		{"decode-originalerror.txt", "57-valid-windows-originalerror.xml", []string{"decode"}, 0},
		{"decode-wbxml.txt", "63-valid-wbxml-numeric-publicid.hex", []string{"decode"}, 0},
		{"decode-pkg1.json", "01-valid-pkg1-client-initiated.xml", []string{"decode", "-json"}, 0},
		{"decode-markup.json", "55-valid-windows-dc-alert.xml", []string{"decode", "-json"}, 0},
		{"decode-everything.txt", "testdata/everything.xml", []string{"decode"}, 0},
		{"decode-everything.json", "testdata/everything.xml", []string{"decode", "-json"}, 0},
		{"convert-pkg1.xml", "63-valid-wbxml-numeric-publicid.hex", []string{"convert", "-to", "xml"}, 0},
		{"check-good.txt", "01-valid-pkg1-client-initiated.xml", []string{"check"}, 0},
		{"check-order.txt", "40-invalid-element-order.xml", []string{"check"}, 1},
		{"check-unenroll.txt", "53-valid-windows-unenroll.xml", []string{"check"}, 1},
		{"check-malformed.txt", "43-invalid-malformed.xml", []string{"check"}, 1},
		{"check-truncated-wbxml.txt", "65-invalid-wbxml-truncated.hex", []string{"check"}, 1},
		{"check-faults.txt", "testdata/faults.xml", []string{"check"}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.golden, func(t *testing.T) {
			var input string
			if own, ok := strings.CutPrefix(tt.input, "testdata/"); ok {
				b, err := os.ReadFile(filepath.Join("testdata", own))
				if err != nil {
					t.Fatal(err)
				}
				input = string(b)
			} else {
				input = sample(t, tt.input)
			}
			status, stdout, stderr := command(input, tt.args...)
			if status != tt.status || stderr != "" {
				t.Errorf("status %d, want %d; stderr %q", status, tt.status, stderr)
			}
			golden(t, tt.golden, stdout)
		})
	}
}

func TestWrongUsageExitsWith2AndShowsUsage(t *testing.T) {
	for _, args := range [][]string{
		{}, {"frob"}, {"decode", "-frob"}, {"convert"}, {"convert", "-to", "json"}, {"convert", "-to", "xml", "a", "b"},
		{"encode", "-to", "pdf"}, {"encode", "-to", ""}, {"diff"}, {"diff", "a"}, {"diff", "a", "b", "c"}, {"diff", "-", "-"},
		{"check", "-json"},
	} {
		status, stdout, stderr := command("", args...)
		want := usage
		if len(args) > 0 && args[0] != "frob" {
			want = "\nUsage:\n  dm " + args[0] + " "
		}
		if status != 2 || stdout != "" || !strings.Contains(stderr, want) || want != usage && strings.Count(stderr, "  dm ") != 1 {
			t.Errorf("dm %q: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}

func TestUsageOfACommandHasItsFlags(t *testing.T) {
	for name, want := range map[string]string{
		"lint": "-policy", "explain": "-layer", "tree": "-depth", "replay": "meaning, outcomes, rules", "record": "what passes through a proxy",
	} {
		if got := usageOf(name); !strings.Contains(got, want) || strings.Count(got, "  dm ") != 1 {
			t.Errorf("usage of %s is\n%swant %q in it", name, got, want)
		}
	}
	if got, want := usageOf("diff"), "Usage:\n  dm diff A B                           compare two messages by meaning\n"; got != want {
		t.Errorf("usage of diff is\n%swant\n%s", got, want)
	}
}

func TestHelpIsNoError(t *testing.T) {
	for _, args := range [][]string{{"help"}, {"-h"}, {"check", "-h"}} {
		if status, stdout, stderr := command("", args...); status != 0 || stdout != usage || stderr != "" {
			t.Errorf("dm %q: status %d, stdout %q, stderr %q", args, status, stdout, stderr)
		}
	}
}

func TestMissingFile(t *testing.T) {
	missing := filepath.Join(t.TempDir(), "none.xml")
	for _, tt := range []struct {
		args   []string
		status int
	}{
		{[]string{"decode", missing}, 1},
		{[]string{"check", missing}, 1},
		{[]string{"convert", "-to", "xml", missing}, 1},
		{[]string{"encode", missing}, 1},
		{[]string{"diff", missing, missing}, 2},
	} {
		status, stdout, stderr := command("", tt.args...)
		if status != tt.status || stdout != "" || !strings.HasPrefix(stderr, "dm: open ") || strings.Contains(stderr, usage) {
			t.Errorf("dm %q: status %d, want %d; stdout %q, stderr %q", tt.args, status, tt.status, stdout, stderr)
		}
	}
}

func TestFilesAfterABadOneAreStillRead(t *testing.T) {
	good, bad := filepath.Join(samples, "01-valid-pkg1-client-initiated.xml"), filepath.Join(samples, "43-invalid-malformed.xml")
	status, stdout, stderr := command("", "decode", bad, good)
	if status != 1 || !strings.Contains(stdout, "1201") || !strings.Contains(stderr, "43-invalid-malformed.xml: syncml:") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestStandardInput(t *testing.T) {
	input := sample(t, "01-valid-pkg1-client-initiated.xml")
	_, none, _ := command(input, "decode")
	_, dash, _ := command(input, "decode", "-")
	if none == "" || none != dash {
		t.Errorf("no file prints %q, - prints %q", none, dash)
	}
}

func TestListingShowsNoSecret(t *testing.T) {
	for _, name := range []string{"07-valid-407-challenge-md5.xml", "08-valid-pkg1-resend-with-md5.xml"} {
		input := sample(t, name)
		m, err := syncml.Decode([]byte(input))
		if err != nil {
			t.Fatal(err)
		}
		_, listing, _ := command(input, "decode")
		for _, secret := range secrets(m) {
			if strings.Contains(listing, secret) {
				t.Errorf("the listing of %s shows %q", name, secret)
			}
		}
	}
}

func secrets(m *syncml.Message) (all []string) {
	if m.Header.Cred != nil {
		all = append(all, m.Header.Cred.Data.Value)
	}
	for c := range walk(m.Body) {
		if s, ok := c.(*syncml.Status); ok && s.Chal != nil && s.Chal.Meta.NextNonce != "" {
			all = append(all, s.Chal.Meta.NextNonce)
		}
	}
	return all
}

// messages calls f with each sample that is a message.
func messages(t *testing.T, f func(t *testing.T, content string, m *syncml.Message)) {
	entries, err := os.ReadDir(samples)
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	for _, e := range entries {
		if ext := filepath.Ext(e.Name()); ext != ".xml" && ext != ".hex" || strings.Contains(e.Name(), "pkg0") {
			continue
		}
		content := sample(t, e.Name())
		m, err := wbxml.Decode([]byte(content))
		if err != nil {
			continue
		}
		n++
		t.Run(e.Name(), func(t *testing.T) { f(t, content, m) })
	}
	if n < 50 {
		t.Fatalf("%d samples: they were not found", n)
	}
}

func TestJSONHoldsAllOfAMessage(t *testing.T) {
	messages(t, func(t *testing.T, content string, want *syncml.Message) {
		_, document, _ := command(content, "decode", "-json")
		for _, encoding := range []string{"xml", "wbxml"} {
			status, out, stderr := command(document, "encode", "-to", encoding)
			var refused *syncml.EncodeError
			if _, err := syncml.Append(nil, must(codecOf(encoding)), want); errors.As(err, &refused) {
				if status != 1 {
					t.Errorf("%s: status %d for what cannot be written", encoding, status)
				}
				continue
			}
			got, err := wbxml.Decode([]byte(out))
			if err != nil {
				t.Fatalf("%s: status %d, stderr %q, %v", encoding, status, stderr, err)
			}
			if d := syncml.Diff(want, got); len(d) > 0 {
				t.Errorf("%s: %v", encoding, d)
			}
		}
	})
}

// TestPartsAreComplete: no field of a command is lost on the way to JSON.
func TestPartsAreComplete(t *testing.T) {
	known := map[string]bool{"Element": true, "TargetRef": true, "SourceRef": true} // of Unknown and Results
	for f := range fieldNames(parts{}) {
		known[f] = true
	}
	for _, name := range []string{"Add", "Alert", "Atomic", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Sequence",
		"Status", "Frob"} {
		c := empty(name)
		if _, unknown := c.(*syncml.Unknown); unknown != (name == "Frob") {
			t.Errorf("%s is made a %T", name, c)
		}
		for f := range fieldNames(reflect.ValueOf(c).Elem().Interface()) {
			if !known[f] {
				t.Errorf("%s.%s is not in parts", name, f)
			}
		}
	}
}

func fieldNames(v any) iter.Seq[string] {
	return func(yield func(string) bool) {
		for i := range reflect.TypeOf(v).NumField() {
			if !yield(reflect.TypeOf(v).Field(i).Name) {
				return
			}
		}
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestConvertThereAndBack(t *testing.T) {
	content := sample(t, "02-valid-pkg2-status-and-get.xml")
	want, err := syncml.Decode([]byte(content))
	if err != nil {
		t.Fatal(err)
	}
	status, binary, stderr := command(content, "convert", "-to", "wbxml")
	if status != 0 || wbxml.Detect([]byte(binary)) != wbxml.Codec {
		t.Fatalf("status %d, stderr %q", status, stderr)
	}
	_, text, _ := command(binary, "convert", "-to", "xml")
	got, err := syncml.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	if d := syncml.Diff(want, got); len(d) > 0 {
		t.Error(d)
	}
}

func TestOctetsBecomeBase64InXML(t *testing.T) {
	m := &syncml.Message{
		Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1",
			Target: syncml.Location{URI: "a"}, Source: syncml.Location{URI: "b"}},
		Body: []syncml.Command{&syncml.Sequence{CmdID: "1", Body: []syncml.Command{&syncml.Add{
			CmdID: "2", Meta: &syncml.Meta{Format: "bin"},
			Items: []syncml.Item{{Target: syncml.Location{URI: "./X"}, Meta: &syncml.Meta{Type: "image/x"}, Data: syncml.Octets([]byte{0, 1, 0xFF})}},
		}}}},
	}
	b, err := syncml.Append(nil, wbxml.Codec, m)
	if err != nil {
		t.Fatal(err)
	}
	status, text, stderr := command(string(b), "convert", "-to", "xml")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	got, err := syncml.Decode([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	it := got.Body[0].(*syncml.Sequence).Body[0].ItemList()[0]
	if it.Meta == nil || it.Meta.Format != "b64" || it.Meta.Type != "image/x" || it.Data != syncml.Text("AAH/") {
		t.Errorf("got %+v %q", it.Meta, it.Data.Value)
	}
}

func TestJSONHoldsAnEmptySyncBody(t *testing.T) {
	const message = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD></SyncHdr><SyncBody></SyncBody></SyncML>`
	_, document, _ := command(message, "decode", "-json")
	status, out, stderr := command(document, "encode")
	if status != 0 {
		t.Fatalf("status %d: %s", status, stderr)
	}
	got, err := syncml.Decode([]byte(out))
	if err != nil {
		t.Fatal(err)
	}
	want, err := syncml.Decode([]byte(message))
	if err != nil {
		t.Fatal(err)
	}
	if diff := syncml.Diff(got, want); diff != nil || got.Body == nil {
		t.Errorf("got %v", diff)
	}
}

func TestEncodeRefuses(t *testing.T) {
	const whole = `{"header":{},"commands":[%],"final":true}`
	tests := []struct{ name, input, want string }{
		{"what is no JSON", `<SyncML/>`, "invalid character"},
		{"nothing", ``, "EOF"},
		{"fields it does not know", `{"head":{}}`, `unknown field "head"`},
		{"two messages", `{} {}`, "more than one message"},
		{"a message without commands", `{"header":{}}`, "no command"},
		{"a command without name", `{"commands":[{}]}`, "command 1: no name"},
		{"null for a command", strings.Replace(whole, "%", `null`, 1), "command 1: no name"},
		{"a part the command does not have", strings.Replace(whole, "%", `{"name":"Get","msgRef":"1"}`, 1), "Get: it has no MsgRef"},
		{"commands in a command", strings.Replace(whole, "%", `{"name":"Get","commands":[{"name":"Get"}]}`, 1), "Get: it has no Body"},
		{"two references of results", strings.Replace(whole, "%", `{"name":"Results","targetRefs":["a","b"]}`, 1), "more than one reference"},
		{"data of two kinds", strings.Replace(whole, "%", `{"name":"Alert","data":{"text":"1","markup":"<a/>"}}`, 1), "exactly one of"},
		{"data of no kind", strings.Replace(whole, "%", `{"name":"Add","items":[{"data":{}}]}`, 1), "item 1: data has not"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			status, stdout, stderr := command(tt.input, "encode")
			if status != 1 || stdout != "" || !strings.Contains(stderr, tt.want) {
				t.Errorf("status %d, stdout %q, stderr %q, want %q", status, stdout, stderr, tt.want)
			}
		})
	}
}

func TestDiff(t *testing.T) {
	a, b := filepath.Join(samples, "01-valid-pkg1-client-initiated.xml"), filepath.Join(samples, "05-valid-pkg1-server-initiated.xml")
	if status, stdout, stderr := command("", "diff", a, a); status != 0 || stdout != "" || stderr != "" {
		t.Errorf("the same: status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
	status, stdout, _ := command("", "diff", a, b)
	if status != 1 || !strings.Contains(stdout, "SyncHdr/SessionID\n  - \"1\"\n  + ") {
		t.Errorf("different: status %d, stdout %q", status, stdout)
	}
	if status, _, stderr := command("", "diff", a, filepath.Join(samples, "43-invalid-malformed.xml")); status != 2 || stderr == "" {
		t.Errorf("malformed: status %d, stderr %q", status, stderr)
	}
}
