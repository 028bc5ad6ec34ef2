package declaredconfiguration_test

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	dc "github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

var update = flag.Bool("update", false, "write the golden files")

const id = "27FEA311-68B9-4320-9FC4-296F6FDFAFE2"

// vpn returns a document with settings of several formats.
func vpn() dc.Document {
	return dc.Document{ID: id, Scenario: dc.VPN, Providers: []dc.Provider{{Name: "./Vendor/MSFT/VPNv2", Settings: []dc.Setting{
		{Path: "Office/AlwaysOn", Value: omadm.Bool(true)},
		{Path: "Office/ByteAlignment", Value: omadm.Int(4)},
		{Path: "Office/PluginProfile/CustomConfiguration", Value: omadm.Text("<custom a=\"]]>\">\r\n&</custom>")},
		{Path: "Office/PluginProfile/ServerUrlList", Value: omadm.Text("")},
	}}}}
}

// thing returns a document with an instance of a class.
func thing() dc.Document {
	return dc.Document{ID: id, Scenario: dc.Extensibility, Checksum: "v1", Resources: []dc.Resource{{
		Namespace: "root/example", Class: "Ex_Thing",
		Keys: []dc.Property{{Name: "Name", Value: "a"}}, Values: []dc.Property{{Name: "Text", Value: "b & \"c\""}},
	}}}
}

func TestDocumentsAreWrittenAsTheyWere(t *testing.T) {
	for name, d := range map[string]dc.Document{"vpn": vpn(), "thing": thing()} {
		got, err := d.XML()
		if err != nil {
			t.Fatal(err)
		}
		file := "testdata/" + name + ".xml"
		if *update {
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s: got %s, want %s", name, got, want)
		}
	}
}

// TestWrongFieldsAreNamed breaks each rule once.
func TestWrongFieldsAreNamed(t *testing.T) {
	tests := []struct {
		name   string
		of     func() dc.Document
		change func(*dc.Document)
		want   string // field
	}{
		{"no id", vpn, func(d *dc.Document) { d.ID = "" }, "ID"},
		{"an id in braces", vpn, func(d *dc.Document) { d.ID = "{" + id + "}" }, "ID"},
		{"an id that is none", vpn, func(d *dc.Document) { d.ID = strings.Replace(id, "2", "G", 1) }, "ID"},
		{"another context", vpn, func(d *dc.Document) { d.Context = 7 }, "Context"},
		{"another kind", vpn, func(d *dc.Document) { d.Kind = 7 }, "Kind"},
		{"no scenario", vpn, func(d *dc.Document) { d.Scenario = "" }, "Scenario"},
		{"a scenario in another case", vpn, func(d *dc.Document) { d.Scenario = "MSFTVpn" }, "Scenario"},
		{"a scenario of others", vpn, func(d *dc.Document) { d.Scenario = "VPN" }, "Scenario"},
		{"a checksum of two lines", vpn, func(d *dc.Document) { d.Checksum = "a\nb" }, "Checksum"},
		{"no content", vpn, func(d *dc.Document) { d.Providers = nil }, ""},
		{"resources where there are none", vpn, func(d *dc.Document) { d.Resources = thing().Resources }, "Resources"},
		{"a provider that is no address", vpn, func(d *dc.Document) { d.Providers[0].Name = "./Vendor//X" }, "Providers[0].Name"},
		{"a provider that is the root", vpn, func(d *dc.Document) { d.Providers[0].Name = "." }, "Providers[0].Name"},
		{"a provider of the user", vpn, func(d *dc.Document) { d.Providers[0].Name = "./User/Vendor/MSFT/VPNv2" }, "Providers[0].Name"},
		{"a provider of the device for the user", vpn, func(d *dc.Document) {
			d.Providers[0].Name, d.Context = "./Device/Vendor/MSFT/VPNv2", omadm.UserScope
		}, "Providers[0].Name"},
		{"no settings", vpn, func(d *dc.Document) { d.Providers[0].Settings = nil }, "Providers[0].Settings"},
		{"no path", vpn, func(d *dc.Document) { d.Providers[0].Settings[1].Path = "" }, "Providers[0].Settings[1].Path"},
		{"a path from the root", vpn, func(d *dc.Document) { d.Providers[0].Settings[1].Path = "./A" }, "Providers[0].Settings[1].Path"},
		{"a path that leads up", vpn, func(d *dc.Document) { d.Providers[0].Settings[1].Path = "A/../B" }, "Providers[0].Settings[1].Path"},
		{"a path that is there twice", vpn, func(d *dc.Document) { d.Providers[0].Settings[1].Path = "Office/AlwaysOn" }, "Providers[0].Settings[1].Path"},
		{"no value", vpn, func(d *dc.Document) { d.Providers[0].Settings[2].Value = omadm.Value{} }, "Providers[0].Settings[2].Value"},
		{"a value that is none of its format", vpn, func(d *dc.Document) {
			d.Providers[0].Settings[0].Value = omadm.Value{Format: omadm.FormatBool, Data: syncml.Text("si")}
		}, "Providers[0].Settings[0].Value"},
		{"octets", vpn, func(d *dc.Document) { d.Providers[0].Settings[0].Value = omadm.Octets([]byte{0}) }, "Providers[0].Settings[0].Value"},

		{"providers where there are none", thing, func(d *dc.Document) { d.Providers = vpn().Providers }, "Providers"},
		{"an instance for a user", thing, func(d *dc.Document) { d.Context = omadm.UserScope }, "Context"},
		{"a scenario of the other kind", thing, func(d *dc.Document) { d.Kind = dc.Inventory }, "Kind"},
		{"and the other way round", thing, func(d *dc.Document) { d.Scenario = dc.ExtensibilityInventory }, "Kind"},
		{"no namespace", thing, func(d *dc.Document) { d.Resources[0].Namespace = "" }, "Resources[0].Namespace"},
		{"no class", thing, func(d *dc.Document) { d.Resources[0].Class = "" }, "Resources[0].Class"},
		{"no keys", thing, func(d *dc.Document) { d.Resources[0].Keys = nil }, "Resources[0].Keys"},
		{"a property without name", thing, func(d *dc.Document) { d.Resources[0].Values[0].Name = "" }, "Resources[0].Values[0].Name"},
		{"a property that is there twice", thing, func(d *dc.Document) { d.Resources[0].Values[0].Name = "Name" }, "Resources[0].Values[0].Name"},
		{"a property that XML cannot carry", thing, func(d *dc.Document) { d.Resources[0].Keys[0].Value = "\x00" }, "Resources[0].Keys[0].Value"},
	}
	for _, tt := range tests {
		d := tt.of()
		if err := d.Validate(); err != nil {
			t.Fatal(err)
		}
		tt.change(&d)
		_, err := d.Request()
		if f := (*csp.FieldError)(nil); !errors.As(err, &f) || f.Field != tt.want || f.Kit != "declaredconfiguration" {
			t.Errorf("%s: got error %v, want one of field %q", tt.name, err, tt.want)
		}
	}
}

func TestScenarioThatIsNew(t *testing.T) {
	d := vpn()
	d.Scenario = "MSFTSomethingNew"
	if err := d.Validate(); err != nil {
		t.Errorf("got %v, want none: Windows may have learnt it", err)
	}
}

func TestValuesAreNotPrinted(t *testing.T) {
	const secret = "hidden-4711"
	d := vpn()
	d.Providers[0].Settings[2].Value = omadm.Text(secret)
	e := thing()
	e.Resources[0].Values[0].Value, e.Resources[0].Keys[0].Value = secret, secret
	x, err := d.XML()
	if err != nil || !strings.Contains(x, secret) {
		t.Fatalf("%v: the document does not have the value", err)
	}
	req, err := d.Request()
	if err != nil {
		t.Fatal(err)
	}
	result, err := dc.ReadResult(text(200, `<DeclaredConfigurationResult context="Device" id="a" state="80"><DSC namespace="n" className="c"><Key name="k">`+
		secret+`</Key></DSC><CSP name="./A"><URI path="p" type="chr">`+secret+`</URI></CSP></DeclaredConfigurationResult>`))
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range []any{d, &d, e, &e, e.Resources[0].Keys[0], req, result, *result} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%d", "%x", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, secret) || strings.Contains(got, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of a %T shows a value: %s", verb, v, got)
			}
		}
	}
	e.Resources[0].Values[0].Value = secret + "\x00"
	if _, err := e.XML(); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("got error %v", err)
	}
}
