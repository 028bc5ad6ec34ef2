package kits_test

import (
	"os"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/omadm"
)

// TestTemplates: a template of an application reaches the device as it is, its policies and those of Windows are set, read
// and taken back, and it is removed again.
func TestTemplates(t *testing.T) {
	s := newSite(t)
	b, err := os.ReadFile("../../../csp/admx/testdata/example.admx")
	if err != nil {
		t.Fatal(err)
	}
	template, err := admx.Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	file := admx.File{Name: "example.admx", Template: template}
	app := admx.App{Name: "Browser"}
	install, err := app.Install(file)
	if err != nil {
		t.Fatal(err)
	}
	s.do(install)
	const installed = "./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Browser/Policy/example.admx"
	if got := s.tree.Value(installed); got != template.Document() || len(got) < 5000 {
		t.Errorf("the device has %d octets of a template of %d", len(got), len(template.Document()))
	}
	layer, err := app.Layer(file)
	if err != nil {
		t.Fatal(err)
	}
	catalog, err := csp.Default().With(layer)
	if err != nil {
		t.Fatal(err)
	}
	for u, data := range map[omadm.URI][]admx.Data{
		"./Device/Vendor/MSFT/Policy/Config/Browser~Policy~browser/CacheSize":             {admx.Number("Megabytes", 512)},
		"./User/Vendor/MSFT/Policy/Config/Browser~Policy~browser~startup/Mode":            {admx.Number("Mode", 1), admx.Text("Channel", "beta")},
		"./User/Vendor/MSFT/Policy/Config/Browser~Policy~browser~startup/Sites":           {admx.List("Blocked", "a.example.test", "b.example.test")},
		bitlocker.SystemDrivesMinimumPINLength.LocURI():                                   {admx.Number("MinPINLength", 8)},
		"./Device/Vendor/MSFT/Policy/Config/AppVirtualization/VirtualComponentsAllowList": {admx.Lines("Virtualization_JITVAllowList_Prompt", `C:\a.exe`, `C:\b.exe`)},
	} {
		p, err := admx.PolicyAt(catalog, u)
		if err != nil {
			t.Fatal(err)
		}
		payload, err := p.Enabled(data...)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []csp.Payload{payload, admx.Disabled()} {
			request := omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: u, Value: want.Value()}}}
			if report := catalog.Check(windows11, request); len(report) != 0 {
				t.Errorf("%s: %v", u, report)
			}
			got := csp.Payload{Enabled: true, Data: []csp.Data{{ID: "nothing was read"}}}
			for _, r := range s.do(request, omadm.Request{Ops: []omadm.Op{{Verb: omadm.Get, URI: u}}}) {
				for i := range r.Items {
					if got, err = csp.ParsePayload(omadm.ItemValue(&r.Items[i]).Data.Value); err != nil {
						t.Errorf("%s: %v", u, err)
					}
				}
			}
			if !got.Equal(want) {
				t.Errorf("%s: got %v, want %v", u, got, want)
			}
		}
		s.do(omadm.Request{Ops: []omadm.Op{{Verb: omadm.Delete, URI: u}}})
	}
	s.do(app.Remove(file.Name), app.Remove(""))
	if _, ok := s.tree.Node(installed); ok {
		t.Error("the template is still there")
	}
}
