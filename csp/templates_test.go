package csp_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// elements has a value for each fact.
func elements() []csp.Element {
	return []csp.Element{
		{ID: "text", MaxLength: 300, Required: true},
		{ID: "decimal", Kind: csp.DecimalElement, Min: 1, Max: 4294967295},
		{ID: "boolean", Kind: csp.BooleanElement},
		{ID: "enum", Kind: csp.EnumElement, Values: []string{"1", "two"}, Open: true},
		{ID: "list", Kind: csp.ListElement, Names: csp.NumberedNames, Prefix: "Site"},
		{ID: "chosen", Kind: csp.ListElement, Names: csp.ChosenNames},
		{ID: "lines", Kind: csp.MultiTextElement, MaxLength: 20, MaxItems: 3},
		{ID: "long", Kind: csp.LongDecimalElement, Max: 1<<64 - 1},
	}
}

func TestTemplatesKeepEveryFact(t *testing.T) {
	policies := []csp.TemplatePolicy{
		{File: "A.admx", Name: "Many", Elements: elements()},
		{File: "A.admx", Name: "None", Elements: []csp.Element{}},
		{File: "b.admx", Name: "Many", Elements: elements()[:1]},
	}
	p := csp.Provenance{Name: "ours", Sources: []csp.Source{{Name: "a", SHA256: "00", Files: 2, Nodes: 3}}}
	shuffled := slices.Clone(policies)
	slices.Reverse(shuffled)
	made, err := csp.NewTemplates(p, shuffled)
	if err != nil {
		t.Fatal(err)
	}
	b, err := made.AppendBinary([]byte("x"))
	if err != nil {
		t.Fatal(err)
	}
	templates, err := csp.LoadTemplates(string(b[1:]))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(policies, slices.Collect(templates.All())); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(p, templates.Provenance()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	for r, want := range map[csp.ADMXReference]int{
		{File: "a.ADMX", Name: "many"}: 8, {File: "A.admx", Name: "None"}: 0, {File: "b.admx", Name: "Many"}: 1,
		{File: "b.admx", Name: "None"}: -1, {}: -1, {File: "A.admx"}: -1, {File: "z", Name: "z"}: -1,
	} {
		got, ok := templates.Policy(&r)
		if ok != (want >= 0) || ok && len(got) != want {
			t.Errorf("%+v: got %v, %v, want %d elements", r, got, ok, want)
		}
	}
	if got, ok := templates.Policy(nil); ok {
		t.Errorf("no reference: got %v", got)
	}
	if _, err := csp.NewTemplates(p, append(policies, csp.TemplatePolicy{File: "a.admx", Name: "MANY"})); !errors.As(err, new(*csp.FactError)) {
		t.Errorf("one policy twice: got %v", err)
	}
}

func TestLoadTemplatesRefuses(t *testing.T) {
	made, err := csp.NewTemplates(csp.Provenance{}, []csp.TemplatePolicy{{File: "a", Name: "a", Elements: elements()}, {File: "a", Name: "b"}})
	if err != nil {
		t.Fatal(err)
	}
	good, err := made.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	const header, record = 16, 9
	for name, damage := range map[string]func([]byte) []byte{
		"nothing":         func([]byte) []byte { return nil },
		"a catalogue":     func(b []byte) []byte { return append([]byte("gcsp"), b[4:]...) },
		"another version": func(b []byte) []byte { b[4]++; return b },
		"a part":          func(b []byte) []byte { return b[:len(b)-1] },
		"out of order": func(b []byte) []byte {
			for i := range record {
				b[header+i], b[header+record+i] = b[header+record+i], b[header+i]
			}
			return b
		},
		"a place outside": func(b []byte) []byte { b[header+2] = 0xff; return b },
	} {
		bad, err := csp.LoadTemplates(string(damage(slices.Clone(good))))
		if bad != nil || !errors.As(err, new(*csp.FactError)) {
			t.Errorf("%s: got %v, %v", name, bad, err)
		}
	}
	if _, err := csp.LoadTemplates(string(good)); err != nil {
		t.Error(err)
	}
}

func FuzzLoadTemplates(f *testing.F) {
	made, err := csp.NewTemplates(csp.Provenance{Name: "x"}, []csp.TemplatePolicy{{File: "a", Name: "a", Elements: elements()}, {File: "a", Name: "b"}})
	if err != nil {
		f.Fatal(err)
	}
	b, err := made.AppendBinary(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b)
	f.Add(b[:len(b)-10])
	f.Add([]byte("gcst"))
	f.Fuzz(func(t *testing.T, b []byte) {
		templates, err := csp.LoadTemplates(string(b))
		if err != nil {
			if templates != nil || !errors.As(err, new(*csp.FactError)) {
				t.Fatalf("got %v, %v", templates, err)
			}
			return
		}
		// What LoadTemplates takes can be asked anything.
		for p := range templates.All() {
			if _, ok := templates.Policy(&csp.ADMXReference{File: p.File, Name: p.Name}); !ok {
				t.Fatalf("%q of %q is not found", p.Name, p.File)
			}
		}
	})
}

// TestWindowsTemplates: what was counted, and policies that were looked up by hand.
func TestWindowsTemplates(t *testing.T) {
	templates := csp.WindowsTemplates()
	policies, all := 0, 0
	kinds := make(map[csp.ElementKind]int)
	for p := range templates.All() {
		policies++
		for _, e := range p.Elements {
			all++
			kinds[e.Kind]++
		}
	}
	want := map[csp.ElementKind]int{
		csp.EnumElement: 423, csp.DecimalElement: 263, csp.TextElement: 185, csp.BooleanElement: 142, csp.ListElement: 76, csp.MultiTextElement: 8,
	}
	if diff := cmp.Diff(want, kinds); diff != "" || policies != 1971 || all != 1097 {
		t.Errorf("%d policies with %d elements (-want +got):\n%s", policies, all, diff)
	}
	b, err := templates.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := csp.LoadTemplates(string(b)); err != nil {
		t.Error(err)
	}
	for u, want := range map[string]string{
		"./Vendor/MSFT/BitLocker/SystemDrivesMinimumPINLength":                                           "MinPINLength decimal, required, 4 to 20",
		"./Vendor/MSFT/BitLocker/EncryptionMethodByDriveType":                                            "EncryptionMethodWithXtsOsDropDown_Name enum, required, one of 3, 4, 6, 7; EncryptionMethodWithXtsFdvDropDown_Name enum, required, one of 3, 4, 6, 7; EncryptionMethodWithXtsRdvDropDown_Name enum, required, one of 3, 4, 6, 7",
		"./Vendor/MSFT/Policy/Config/Autoplay/TurnOffAutoPlay":                                           "Autorun_Box enum, required, one of 181, 255",
		"./User/Vendor/MSFT/Policy/Config/InternetExplorer/DisableSecondaryHomePageChange":               "SecondaryHomePagesList list of values",
		"./Vendor/MSFT/Policy/Config/DeviceInstallation/PreventInstallationOfMatchingDeviceSetupClasses": "DeviceInstall_Classes_Deny_List list of numbered values; DeviceInstall_Classes_Deny_Retroactive boolean",
		"./Vendor/MSFT/Policy/Config/AppVirtualization/VirtualComponentsAllowList":                       "Virtualization_JITVAllowList_Prompt multiText",
		"./Vendor/MSFT/Policy/Config/AppVirtualization/StreamingAllowReestablishmentInterval":            "Streaming_Reestablishment_Interval_Prompt decimal, 0 to 3600",
		"./User/Vendor/MSFT/Policy/Config/InternetExplorer/DisableHomePageChange":                        "EnterHomePagePrompt text, required",
		"./Vendor/MSFT/Policy/Config/InternetExplorer/DisableUpdateCheck":                                "",
		"./User/Vendor/MSFT/Policy/Config/ADMX_WindowsMediaPlayer/ConfigureHTTPProxySettings":            "Proxytype enum, required, one of 3, 2, 1",
		"./Vendor/MSFT/Policy/Config/DesktopAppInstaller/EnableAppInstaller":                             "unknown",
		"./Vendor/MSFT/Policy/Config/Camera/AllowCamera":                                                 "unknown",
	} {
		got, ok := csp.ElementsOf(resolve(t, csp.Default(), u))
		var parts []string
		for _, e := range got {
			parts = append(parts, e.String())
		}
		text := strings.Join(parts, "; ")
		if !ok {
			text = "unknown"
		}
		// Of a long list of elements the first count.
		if text != want && (want == "" || !strings.HasPrefix(text, want+";")) {
			t.Errorf("%s:\ngot  %s\nwant %s", u, text, want)
		}
	}
}

// TestSeverityOfTemplates: what a newer template may have otherwise is a warning, unless the documentation of the node
// agrees with the template; what none can have is an error. The source of the fact is named.
func TestSeverityOfTemplates(t *testing.T) {
	const (
		unsure = "./Device/Vendor/MSFT/Policy/Config/AppVirtualization/StreamingAllowReestablishmentInterval"
		sure   = "./Device/Vendor/MSFT/BitLocker/SystemDrivesMinimumPINLength"
		source = "templates of Windows 10, version 1903"
	)
	for _, tt := range []struct {
		uri      omadm.URI
		id, data string
		code     csp.Code
		severity csp.Severity
	}{
		{unsure, "Streaming_Reestablishment_Interval_Prompt", "3601", csp.CodeADMXType, csp.Warning},
		{unsure, "Streaming_Reestablishment_Interval_Prompt", "often", csp.CodeADMXType, csp.Error},
		{unsure, "Interval", "1", csp.CodeADMXID, csp.Warning},
		{sure, "MinPINLength", "21", csp.CodeADMXType, csp.Error},
		{sure, "MinPINLength", "long", csp.CodeADMXType, csp.Error},
	} {
		p := csp.Payload{Enabled: true, Data: []csp.Data{{ID: tt.id, Value: tt.data}}}
		report := csp.Default().Check(csp.Device{}, one(tt.uri, p.Value()))
		if len(report) != 1 || report[0].Code != tt.code || report[0].Severity != tt.severity || report[0].Source != source {
			t.Errorf("%s, %s %s: got %+v, want %s as %s by the %s", tt.uri, tt.id, tt.data, report, tt.code, tt.severity, source)
		}
	}
}

// TestElementsInLayers: a layer in JSON has elements, and "none" is not "unknown".
func TestElementsInLayers(t *testing.T) {
	want := csp.Layer{Name: "x", Define: []csp.Definition{
		{Template: "./Device/Vendor/A", Format: omadm.FormatChr, Allowed: csp.Constraint{Kind: csp.ADMX, Elements: elements()}},
		{Template: "./Device/Vendor/B", Format: omadm.FormatChr, Allowed: csp.Constraint{Kind: csp.ADMX, Elements: []csp.Element{}}},
		{Template: "./Device/Vendor/C", Format: omadm.FormatChr, Allowed: csp.Constraint{Kind: csp.ADMX}},
	}}
	b, err := json.Marshal(want)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range []string{`{"id":"lines","kind":"multiText","maxLength":20,"maxItems":3}`, `"names":"numbered","prefix":"Site"`} {
		if !strings.Contains(string(b), s) {
			t.Errorf("%s has no %s", b, s)
		}
	}
	got, err := csp.ReadLayer(strings.NewReader(string(b)))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	c := with(t, csp.Default(), got)
	for name, known := range map[string]bool{"A": true, "B": true, "C": false} {
		if _, ok := csp.ElementsOf(resolve(t, c, "./Vendor/"+name)); ok != known {
			t.Errorf("%s: got %v, want %v", name, ok, known)
		}
	}
	for _, s := range []string{`{"kind": "number"}`, `{"names": "any"}`} {
		if _, err := csp.ReadLayer(strings.NewReader(`{"define": [{"allowed": {"elements": [` + s + `]}}]}`)); err == nil {
			t.Errorf("%s was taken", s)
		}
	}
	bad := csp.Layer{Define: []csp.Definition{{Template: "./Vendor/A", Format: "chr", Allowed: csp.Constraint{Elements: []csp.Element{{Kind: 99}}}}}}
	if _, err := csp.Default().With(bad); !errors.As(err, new(*csp.FactError)) {
		t.Errorf("a kind that is none: got %v", err)
	}
}
