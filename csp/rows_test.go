package csp_test

import (
	"context"
	"errors"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// findings returns the codes of the errors about an operation.
func findings(r csp.Rules, op omadm.Op) (codes []csp.Code) {
	for _, i := range r.Check(csp.Default(), csp.Device{}, omadm.Request{ID: "r", Ops: []omadm.Op{op}}) {
		if i.Severity == csp.Error {
			codes = append(codes, i.Code)
		}
	}
	return codes
}

// TestRows holds the rules that CONFORMANCE.md lists for the catalogue.
func TestRows(t *testing.T) {
	const camera = "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"
	t.Run("Z-14_commands_and_values_are_those_of_the_description", func(t *testing.T) {
		tests := []struct {
			name string
			op   omadm.Op
			want csp.Code // empty: nothing is wrong
		}{
			{"a value that is listed", omadm.Op{Verb: omadm.Replace, URI: camera, Value: omadm.Int(0)}, ""},
			{"a value that is not", omadm.Op{Verb: omadm.Replace, URI: camera, Value: omadm.Int(7)}, csp.CodeValueEnum},
			{"a command that the node takes", omadm.Op{Verb: omadm.Get, URI: "./DevInfo/Man"}, ""},
			{"a command that it does not take", omadm.Op{Verb: omadm.Delete, URI: "./DevInfo/Man"}, csp.CodeVerbDenied},
		}
		for _, tt := range tests {
			got := findings(csp.Rules{}, tt.op)
			if len(got) != 0 && tt.want == "" || tt.want != "" && (len(got) != 1 || got[0] != tt.want) {
				t.Errorf("%s: got errors %v, want %q", tt.name, got, tt.want)
			}
		}
		wrong := tests[1].op
		if got := findings(csp.Rules{Policy: csp.Lenient}, wrong); len(got) != 0 {
			t.Errorf("overridden: got errors %v, want none", got)
		}
		err := csp.Default().Checker()(context.Background(), nil, &omadm.Request{ID: "r", Ops: []omadm.Op{wrong}})
		if i := (*csp.Issue)(nil); !errors.As(err, &i) || i.Code != csp.CodeValueEnum {
			t.Errorf("who queues the request: got error %v, want an *Issue with %s", err, csp.CodeValueEnum)
		}
	})
	t.Run("W-24_policy_of_a_template_is_enabled_with_data_or_disabled", func(t *testing.T) {
		const policy = "./Device/Vendor/MSFT/BitLocker/SystemDrivesMinimumPINLength"
		for text, want := range map[string]csp.Code{
			`<enabled/><data id="MinPINLength" value="6"/>`: "",
			`<disabled/>`: "",
			`<enabled/><data id="MinPINLength" value="99"/>`: csp.CodeADMXType,
			`enabled`: csp.CodeADMXShape,
		} {
			got := findings(csp.Rules{}, omadm.Op{Verb: omadm.Replace, URI: policy, Value: omadm.Text(text)})
			if len(got) != 0 && want == "" || want != "" && (len(got) != 1 || got[0] != want) {
				t.Errorf("%s: got errors %v, want %q", text, got, want)
			}
		}
		if got := findings(csp.Rules{}, omadm.Op{Verb: omadm.Delete, URI: policy}); len(got) != 0 {
			t.Errorf("Delete, which makes it not configured: got errors %v, want none", got)
		}
		p, err := csp.ParsePayload("<enabled/><data id=\"List\" value=\"" + csp.JoinItems("a", "1", "b", "2") + "\"/>")
		if err != nil || len(p.Data) != 1 || p.Data[0].Value != "a\uF0001\uF000b\uF0002" || len(p.Data[0].Items()) != 4 {
			t.Errorf("a list: got %+v, %v, want four items joined by U+F000", p, err)
		}
	})
}
