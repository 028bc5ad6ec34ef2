package syncml_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"math/rand"
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/sample"
)

// long says whether the long forms of tests are asked for.
var long = os.Getenv("GOMADM_LONG") == "1"

func TestRandomMessagesSurviveARoundTrip(t *testing.T) {
	n := 3000
	if long {
		n = 100_000
	}
	for seed := range n {
		if fault := roundTripFault(randomMessage(rand.New(rand.NewSource(int64(seed))))); fault != "" {
			t.Fatalf("seed %d: %s", seed, fault)
		}
	}
}

// One Decoder gives what Decode gives, whatever it decoded before, also after an error.
func TestDecoderForgetsEarlierMessages(t *testing.T) {
	var d syncml.Decoder
	r := rand.New(rand.NewSource(3))
	for range 2000 {
		in := []byte(encode(t, randomMessage(r)))
		if r.Intn(4) == 0 {
			in = in[:r.Intn(len(in))]
		}
		want, wantErr := syncml.Decode(in)
		got, err := d.Decode(in)
		for i := range in {
			in[i] = '#' // the caller may use its buffer again
		}
		if diff := cmp.Diff(wantErr, err); diff != "" {
			t.Fatal(diff)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatal(diff)
		}
	}
	for _, s := range sample.Messages() {
		got, err := d.Decode(s.XML)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got, decode(t, string(s.XML)))
	}
}

// A run of items goes on from one kept chunk to the next, however long the chunks are that earlier messages left.
func TestDecoderKeepsRunsWhole(t *testing.T) {
	for n := 1; n <= 40; n++ {
		var d syncml.Decoder
		for _, in := range []string{
			inBody(strings.Repeat("<Add><Item/></Add>", n)),
			inBody("<Add>" + strings.Repeat("<Item><Data>x</Data></Item>", n) + "</Add>"),
		} {
			got, err := d.Decode([]byte(in))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, got, decode(t, in))
		}
	}
}

func TestDecoderReusesItsMemory(t *testing.T) {
	for _, s := range sample.Messages() {
		var d syncml.Decoder
		run := func() {
			if _, err := d.Decode(s.XML); err != nil {
				t.Fatal(err)
			}
		}
		if got := testing.AllocsPerRun(5, run); got != 0 {
			t.Errorf("%s: %v allocations after the first message", s.Name, got)
		}
	}
}

func TestDecodeAllocatesLittle(t *testing.T) {
	for _, s := range sample.Messages() {
		most := 12.0
		if len(s.XML) > 50<<10 {
			most = 30
		}
		got := testing.AllocsPerRun(5, func() {
			if _, err := syncml.Decode(s.XML); err != nil {
				t.Fatal(err)
			}
		})
		if got > most {
			t.Errorf("%s: %v allocations, want at most %v", s.Name, got, most)
		}
	}
}

func TestAppendAllocatesNothing(t *testing.T) {
	for _, s := range sample.Messages() {
		m := decode(t, string(s.XML))
		buffer := make([]byte, 0, 2*len(s.XML))
		got := testing.AllocsPerRun(5, func() {
			if _, err := syncml.Append(buffer, syncml.XML, m); err != nil {
				t.Fatal(err)
			}
		})
		if got != 0 {
			t.Errorf("%s: %v allocations", s.Name, got)
		}
	}
}

// mutations are put into messages to make them wrong in all ways.
var mutations = []string{
	"<", ">", "&", "&amp;", "&#x1;", "&#10;", "&#xD800;", "&#x110000;", "]]>", "]]", "<![CDATA[", "<!--", "-->", "--", "<?x?>", "<?xml?>",
	"<!DOCTYPE x>", "<!DOCTYPE x [", "\x00", "\xff", "\xc3", "\xed\xa0\x80", "\xef\xbf\xbe", "é", "/", "=", `"`, "'", " a='1'", " a='1' a='2'",
	` xmlns:p="u"`, ` xmlns:p=""`, ` p:a="1"`, "</Item>", "<Item>", "<Item/>", "\r\n", "<x:y>", "</x:y>", "<p:q xmlns:p='u'/>", "&bogus;", ":", " ",
	"<Put><CmdID>1</CmdID><x/></Put>", "<Meta><Anchor>x</Anchor></Meta>", "<-a/>", "<a b>", "<a b='<'/>", "<?p", "?>", "<Data>", "</Data>", "<Data/>",
}

// mutate returns b with up to three changes.
func mutate(r *rand.Rand, b []byte) []byte {
	b = bytes.Clone(b)
	for range 1 + r.Intn(3) {
		i := r.Intn(len(b))
		switch r.Intn(4) {
		case 0:
			b[i] = byte(r.Intn(256))
		case 1:
			b = append(b[:i], append([]byte(mutations[r.Intn(len(mutations))]), b[i:]...)...)
		case 2:
			b = append(b[:i], b[min(len(b), i+1+r.Intn(20)):]...)
		case 3:
			piece := bytes.Clone(b[i:min(len(b), i+1+r.Intn(60))])
			k := r.Intn(len(b))
			b = append(b[:k], append(piece, b[k:]...)...)
		}
		if len(b) == 0 {
			return []byte("<")
		}
	}
	return b
}

// wellFormed returns what the tokenizer of encoding/xml finds wrong. False declarations of UTF-16 and white space before
// the declaration, which Decode accepts, are none of its business.
func wellFormed(b []byte) error {
	b = bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\uFEFF")), " \t\r\n")
	d := xml.NewDecoder(bytes.NewReader(b))
	d.CharsetReader = func(_ string, in io.Reader) (io.Reader, error) { return in, nil }
	for {
		if _, err := d.Token(); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
	}
}

// What Decode accepts is well formed to encoding/xml too, and survives a round trip.
func TestAcceptedMutantsAreWellFormed(t *testing.T) {
	n := 20_000
	if long {
		n = 1_000_000
	}
	bases := [][]byte{sample.Messages()[0].XML, []byte(inItem(`<Data>x</Data>`))}
	for _, name := range []string{"06-valid-pkg1-windows-style.xml", "50-valid-tnds-add.xml", "55-valid-windows-dc-alert.xml", "57-valid-windows-originalerror.xml"} {
		bases = append(bases, exampleMessages(t)[name])
	}
	r := rand.New(rand.NewSource(1))
	accepted := 0
	for range n {
		b := mutate(r, bases[r.Intn(len(bases))])
		m, err := syncml.Decode(b)
		if err != nil {
			continue
		}
		accepted++
		if err := wellFormed(b); err != nil {
			t.Fatalf("encoding/xml: %v\n%q", err, b)
		}
		roundTrip(t, m)
	}
	if accepted < n/100 {
		t.Errorf("only %d of %d mutants were accepted", accepted, n)
	}
}

func FuzzDecode(f *testing.F) {
	for _, s := range sample.Messages()[:3] {
		f.Add(s.XML)
	}
	for _, b := range exampleMessages(f) {
		f.Add(b)
	}
	for _, text := range mutations {
		f.Add([]byte(inItem("<Data>" + text + "</Data>")))
		f.Add([]byte(inBody(text)))
	}
	var d syncml.Decoder
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := syncml.Decode(b)
		again, againErr := d.Decode(b)
		if diff := cmp.Diff(m, again); diff != "" || (err == nil) != (againErr == nil) {
			t.Fatalf("Decode and Decoder disagree: %v, %v, %s", err, againErr, diff)
		}
		if err != nil {
			return
		}
		if err := wellFormed(b); err != nil {
			t.Fatalf("encoding/xml: %v", err)
		}
		roundTrip(t, m)
	})
}
