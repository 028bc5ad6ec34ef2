package syncml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/sample"
)

// With KeepStrings a copy of a message's values, made without copying a string, is good after other messages.
func TestDecoderKeepsStrings(t *testing.T) {
	d := syncml.Decoder{KeepStrings: true}
	codec := d.Codec()
	var kept, want []string
	for round := range 3 {
		for _, s := range sample.Messages() {
			m, err := codec.Decode(s.XML, syncml.Limits{})
			if err != nil {
				t.Fatal(err)
			}
			kept = append(kept, m.Header.Source.URI, m.Header.MsgID)
			for _, c := range m.Body {
				kept = append(kept, c.ID())
				for _, it := range c.ItemList() {
					kept = append(kept, it.Source.URI, it.Target.URI, it.Data.Value)
				}
			}
			for _, s := range kept[len(want):] {
				want = append(want, strings.Clone(s))
			}
			if fresh, err := syncml.Decode(s.XML); err != nil || !syncml.Equal(fresh, m) {
				t.Errorf("round %d, message %s: not what a fresh decoder reads (%v)", round, s.Name, err)
			}
		}
	}
	if diff := cmp.Diff(want, kept); diff != "" {
		t.Error(diff)
	}
}

func TestDecoderCodecIsXML(t *testing.T) {
	var d syncml.Decoder
	codec := d.Codec()
	if codec.ContentType() != syncml.XML.ContentType() {
		t.Errorf("content type: got %q", codec.ContentType())
	}
	m, err := syncml.Decode(sample.Messages()[0].XML)
	if err != nil {
		t.Fatal(err)
	}
	got, err := syncml.Append(nil, codec, m)
	if err != nil {
		t.Fatal(err)
	}
	want, err := syncml.Append(nil, syncml.XML, m)
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != string(want) {
		t.Errorf("got %s, want %s", got, want)
	}
	if _, err := codec.Decode(want, syncml.Limits{Octets: 10}); err == nil || !strings.Contains(fmt.Sprint(err), "Octets") {
		t.Errorf("limits of the call: got error %v", err)
	}
}
