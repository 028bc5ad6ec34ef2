package admx_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// TestRows holds the rules that CONFORMANCE.md lists for policies of templates.
func TestRows(t *testing.T) {
	t.Run("W-24_payloads_are_made_and_travel_as_text", func(t *testing.T) {
		p := policy(t, parse(t, example(t)), "Sites")
		enabled, err := p.Enabled(admx.List("Blocked", "one", "two <&"))
		if err != nil {
			t.Fatal(err)
		}
		for _, tt := range []struct {
			payload csp.Payload
			want    string
		}{
			{enabled, "<enabled/><data id=\"Blocked\" value=\"1\uF000one\uF0002\uF000two &lt;&amp;\"/>"},
			{admx.Disabled(), "<disabled/>"},
		} {
			u, err := admx.App{Name: "Browser"}.URI(p, omadm.UserScope)
			if err != nil {
				t.Fatal(err)
			}
			op := omadm.Op{Verb: omadm.Replace, URI: u, Value: tt.payload.Value()}
			c, err := op.Command("1")
			if err != nil {
				t.Fatal(err)
			}
			b, err := syncml.Append(nil, syncml.XML, &syncml.Message{Body: []syncml.Command{c}})
			if err != nil || strings.Contains(string(b), "<enabled") || strings.Contains(string(b), "<disabled") {
				t.Fatalf("%s, %v", b, err)
			}
			m, err := syncml.Decode(b)
			if err != nil {
				t.Fatal(err)
			}
			item := m.Body[0].ItemList()[0]
			if item.Data != syncml.Text(tt.want) || op.Value.DataFormat() != omadm.FormatChr {
				t.Errorf("got %v of format %s, want the text %s of format chr", item.Data, op.Value.DataFormat(), tt.want)
			}
		}
	})
}
