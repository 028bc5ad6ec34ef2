package csp_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// TestSecretsAreNotPrinted: whatever is wrong with the value of a node that keeps a secret, no form of the report holds
// it.
func TestSecretsAreNotPrinted(t *testing.T) {
	const digits, secret = "4711", "hidden-4711"
	kinds := []csp.Constraint{
		{}, {Kind: csp.Enum, Values: []string{"a"}}, {Kind: csp.Range, Values: []string{"[0-1]"}},
		{Kind: csp.Flags, Values: []string{"1"}}, {Kind: csp.Regex, Values: []string{"a"}}, {Kind: csp.Enum, Values: []string{"a"}, List: ","},
		{Kind: csp.ADMX, ADMX: &csp.ADMXReference{File: "a.admx", Name: "b", Area: "c"}}, {Kind: csp.XSD}, {Kind: csp.JSON}, {Kind: csp.SDDL},
	}
	formats := []omadm.Format{omadm.FormatChr, omadm.FormatInt, omadm.FormatBool, omadm.FormatB64, omadm.FormatXML, omadm.FormatNode}
	texts := []string{digits, secret, "<" + secret + ">", `<enabled/><data id="n" value="` + secret + `"/>`, `{"` + secret}
	elements := []csp.Element{{ID: "n", Kind: csp.DecimalElement}}
	rules := csp.Rules{Elements: func(csp.Node) ([]csp.Element, bool) { return elements, true }}
	for _, format := range formats {
		for _, allowed := range kinds {
			c, err := csp.New(csp.Provenance{}, []csp.Definition{{
				Template: node, Format: format, Verbs: csp.NewVerbs(omadm.Replace), Allowed: allowed, Sensitive: true,
			}})
			if err != nil {
				t.Fatal(err)
			}
			for _, given := range append(formats, "") {
				for _, text := range texts {
					v := omadm.Value{Format: given, Data: syncml.Text(text)}
					report := rules.Check(c, csp.Device{}, one(node, v))
					b, err := json.Marshal(report)
					if err != nil {
						t.Fatal(err)
					}
					all := fmt.Sprintf("%v %+v %s %v", report, report, b, report.Err())
					_, err = c.Decode(node, v)
					if all += fmt.Sprint(err); strings.Contains(all, digits) {
						t.Fatalf("%s as %s, %v: %s", format, given, allowed, all)
					}
				}
			}
		}
	}
}
