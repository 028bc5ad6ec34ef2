package admx_test

import (
	"errors"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
)

func TestEnabled(t *testing.T) {
	tmpl := parse(t, example(t))
	for _, tt := range []struct {
		name   string
		policy string
		data   []admx.Data
		want   string // the payload, or the codes of what is wrong
	}{
		{"no element", "AllowPrinting", nil, "<enabled/>"},
		{"text", "HomePage", []admx.Data{admx.Text("Address", `https://example.com/?a=1&b="2"`)},
			`<enabled/><data id="Address" value="https://example.com/?a=1&amp;b=&quot;2&quot;"/>`},
		{"text as long as may be", "HomePage", []admx.Data{admx.Text("Address", strings.Repeat("é", 40))},
			`<enabled/><data id="Address" value="` + strings.Repeat("é", 40) + `"/>`},
		{"text that is too long", "HomePage", []admx.Data{admx.Text("Address", strings.Repeat("é", 41))}, "value.admx.type"},
		{"characters of two units", "HomePage", []admx.Data{admx.Text("Address", strings.Repeat("𝄞", 21))}, "value.admx.type"},
		{"a number for a text", "HomePage", []admx.Data{admx.Number("Address", 1)}, "value.admx.type value.admx.missing"},
		{"nothing of what is required", "HomePage", []admx.Data{admx.Text("Title", "a")}, "value.admx.missing"},
		{"an id that is none", "HomePage", []admx.Data{admx.Text("Address", "a"), admx.Text("address", "a")}, "value.admx.id"},
		{"no characters of XML", "HomePage", []admx.Data{admx.Text("Address", "a\x00b")}, "value.admx.type"},
		{"one id twice", "HomePage", []admx.Data{admx.Text("Address", "a"), admx.Text("Address", "b")}, "value.admx.shape"},
		{"numbers", "CacheSize", []admx.Data{admx.Number("Megabytes", 16), admx.Number("Files", 4294967295)},
			`<enabled/><data id="Megabytes" value="16"/><data id="Files" value="4294967295"/>`},
		{"a number that is too small", "CacheSize", []admx.Data{admx.Number("Megabytes", 15)}, "value.admx.type"},
		{"a number that is too large", "CacheSize", []admx.Data{admx.Number("Megabytes", 4097)}, "value.admx.type"},
		{"a number of 33 bits", "CacheSize", []admx.Data{admx.Number("Megabytes", 16), admx.Number("Files", 1<<32)}, "value.admx.type"},
		{"a text for a number", "CacheSize", []admx.Data{admx.Text("Megabytes", "16")}, "value.admx.type value.admx.missing"},
		{"long numbers", "Quota", []admx.Data{admx.Number("Octets", 1<<40), admx.Number("Mask", 1<<64-1)},
			`<enabled/><data id="Octets" value="1099511627776"/><data id="Mask" value="18446744073709551615"/>`},
		{"a long number that is too large", "Quota", []admx.Data{admx.Number("Octets", 1<<40+1)}, "value.admx.type"},
		{"choices", "Mode", []admx.Data{admx.Number("Mode", 1), admx.Text("Channel", "beta"), admx.Number("Theme", 2)},
			`<enabled/><data id="Mode" value="1"/><data id="Channel" value="beta"/><data id="Theme" value="2"/>`},
		{"a choice that is none", "Mode", []admx.Data{admx.Number("Mode", 2)}, "value.admx.type"},
		{"two choices that are none", "Mode", []admx.Data{admx.Text("Mode", "kiosk"), admx.Text("Channel", "dev")}, "value.admx.type value.admx.type"},
		{"truth", "Telemetry", []admx.Data{admx.Truth("Crashes", true), admx.Truth("Usage", false)},
			`<enabled/><data id="Crashes" value="true"/><data id="Usage" value="false"/>`},
		{"a number for truth", "Telemetry", []admx.Data{admx.Number("Crashes", 1)}, "value.admx.type value.admx.missing"},
		{"lists", "Sites", []admx.Data{
			admx.List("Opened", "a", "b"), admx.List("Blocked", "c", "d"), admx.List("Trusted", "e"), admx.Pairs("Zones", "f", "1", "g", "2"),
		}, "<enabled/><data id=\"Opened\" value=\"a\uF000a\uF000b\uF000b\"/><data id=\"Blocked\" value=\"1\uF000c\uF0002\uF000d\"/>" +
			"<data id=\"Trusted\" value=\"Site1\uF000e\"/><data id=\"Zones\" value=\"f\uF0001\uF000g\uF0002\"/>"},
		{"names where the template makes them", "Sites", []admx.Data{admx.Pairs("Blocked", "7", "c")}, "<enabled/><data id=\"Blocked\" value=\"7\uF000c\"/>"},
		{"no names where they are chosen", "Sites", []admx.Data{admx.List("Zones", "f")}, "value.admx.type"},
		{"a name without a value", "Sites", []admx.Data{admx.Pairs("Zones", "f", "1", "g")}, "value.admx.type"},
		{"an empty list", "Sites", []admx.Data{admx.List("Opened")}, `<enabled/><data id="Opened" value=""/>`},
		{"an item that would be two", "Sites", []admx.Data{admx.List("Opened", "a\uF000b")}, "value.admx.type"},
		{"a value that would be a pair", "Sites", []admx.Data{admx.Pairs("Zones", "f", "1\uF000g\uF0002")}, "value.admx.type"},
		{"a line that would be two", "Banner", []admx.Data{admx.Lines("Lines", "a\uF000b")}, "value.admx.type value.admx.missing"},
		{"lines", "Banner", []admx.Data{admx.Lines("Lines", "one", "two")}, "<enabled/><data id=\"Lines\" value=\"one\uF000two\"/>"},
		{"too many lines", "Banner", []admx.Data{admx.Lines("Lines", "1", "2", "3", "4")}, "value.admx.type"},
		{"a long line", "Banner", []admx.Data{admx.Lines("Lines", "1", strings.Repeat("x", 21))}, "value.admx.type"},
		{"a list for lines", "Banner", []admx.Data{admx.List("Lines", "1")}, "value.admx.type value.admx.missing"},
	} {
		got, err := policy(t, tmpl, tt.policy).Enabled(tt.data...)
		text := got.String()
		if err != nil {
			text = strings.Join(issues(err), " ")
		}
		if text != tt.want {
			t.Errorf("%s: got %s, %v, want %s", tt.name, text, err, tt.want)
		}
		if err == nil {
			if back, err := csp.ParsePayload(text); err != nil || !back.Equal(got) {
				t.Errorf("%s: read again %v, %v", tt.name, back, err)
			}
		}
	}
	if got := admx.Disabled().String(); got != "<disabled/>" {
		t.Errorf("disabled: got %s", got)
	}
}

// issues returns the codes of what an error wraps.
func issues(err error) []string {
	var all []string
	var walk func(err error)
	walk = func(err error) {
		if i, ok := err.(*csp.Issue); ok {
			all = append(all, string(i.Code))
			return
		}
		switch e := err.(type) {
		case interface{ Unwrap() error }:
			walk(e.Unwrap())
		case interface{ Unwrap() []error }:
			for _, err := range e.Unwrap() {
				walk(err)
			}
		}
	}
	walk(err)
	return all
}

// good returns data that an element takes.
func good(e *csp.Element) []admx.Data {
	switch e.Kind {
	case csp.DecimalElement, csp.LongDecimalElement:
		most := e.Max
		if most == 0 {
			most = 1<<32 - 1
		}
		return []admx.Data{admx.Number(e.ID, e.Min), admx.Number(e.ID, most)}
	case csp.BooleanElement:
		return []admx.Data{admx.Truth(e.ID, true), admx.Truth(e.ID, false)}
	case csp.EnumElement:
		var all []admx.Data
		for _, v := range e.Values {
			all = append(all, admx.Text(e.ID, v))
		}
		return all
	case csp.ListElement:
		if e.Names == csp.ChosenNames {
			return []admx.Data{admx.Pairs(e.ID, "name", "value", "other", "value")}
		}
		return []admx.Data{admx.List(e.ID, "one", "two")}
	case csp.MultiTextElement:
		return []admx.Data{admx.Lines(e.ID, "one", "two")}
	}
	most := e.MaxLength
	if most == 0 || most > 100 {
		most = 100
	}
	return []admx.Data{admx.Text(e.ID, strings.Repeat("x", most))}
}

// bad returns data that an element does not take: of another type, and out of range.
func bad(e *csp.Element) []string {
	var all []string
	switch e.Kind {
	case csp.DecimalElement, csp.LongDecimalElement:
		all = append(all, "", "many", "-1", "1.5")
		if e.Min > 0 {
			all = append(all, strconv.FormatUint(e.Min-1, 10))
		}
		switch {
		case e.Max > 0 && e.Max < 1<<64-1:
			all = append(all, strconv.FormatUint(e.Max+1, 10))
		case e.Kind == csp.DecimalElement:
			all = append(all, "4294967296")
		}
	case csp.BooleanElement:
		all = append(all, "", "yes", "2")
	case csp.EnumElement:
		if !e.Open {
			all = append(all, "no such value")
		}
	case csp.ListElement:
		all = append(all, "name", csp.JoinItems("name", "value", "other"))
	case csp.TextElement:
		if e.MaxLength > 0 {
			all = append(all, strings.Repeat("x", e.MaxLength+1))
		}
	case csp.MultiTextElement:
		if e.MaxLength > 0 {
			all = append(all, csp.JoinItems("one", strings.Repeat("x", e.MaxLength+1)))
		}
		if e.MaxItems > 0 {
			all = append(all, strings.Repeat("x\uF000", e.MaxItems)+"x")
		}
	}
	return all
}

// proof counts what prove looked at.
type proof struct{ policies, payloads, mistakes int }

// prove makes payloads for a policy at a node of a catalogue. Good ones pass, and each that is wrong in one thing is
// found, by who makes a payload and by who checks a request. What is uncertain about a template may be a warning.
func (n *proof) prove(t *testing.T, c *csp.Catalog, u omadm.URI, p *admx.Policy, certain bool) {
	t.Helper()
	n.policies++
	var most int
	for i := range p.Elements {
		most = max(most, len(good(&p.Elements[i].Element)))
	}
	var last csp.Payload
	for turn := range max(1, most) {
		var data []admx.Data
		for i := range p.Elements {
			choices := good(&p.Elements[i].Element)
			if len(choices) == 0 {
				continue // an enum that has no values of its own
			}
			data = append(data, choices[turn%len(choices)])
		}
		payload, err := p.Enabled(data...)
		if err != nil {
			t.Errorf("%s: %v", u, err)
			return
		}
		if got := codes(c, u, payload); slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "admx") }) {
			t.Errorf("%s: %s: got %v", u, payload, got)
		}
		last = payload
		n.payloads++
	}
	n.wrong(t, c, u, p, csp.Payload{Enabled: true, Data: append(slices.Clone(last.Data), csp.Data{ID: "no such id"})}, "value.admx.id", certain)
	for i := range p.Elements {
		e := &p.Elements[i].Element
		at := slices.IndexFunc(last.Data, func(d csp.Data) bool { return d.ID == e.ID })
		for _, value := range bad(e) {
			wrong := csp.Payload{Enabled: true, Data: slices.Clone(last.Data)}
			wrong.Data[at].Value = value
			n.wrong(t, c, u, p, wrong, "value.admx.type", certain)
		}
		if e.Required {
			n.wrong(t, c, u, p, csp.Payload{Enabled: true, Data: slices.Delete(slices.Clone(last.Data), at, at+1)}, "value.admx.missing", false)
		}
	}
}

// wrong wants a code and no other to be found in a payload.
func (n *proof) wrong(t *testing.T, c *csp.Catalog, u omadm.URI, p *admx.Policy, payload csp.Payload, code string, certain bool) {
	t.Helper()
	n.mistakes++
	var found []string
	for _, s := range codes(c, u, payload) {
		if strings.Contains(s, "admx") {
			found = append(found, s)
		}
	}
	if len(found) != 1 || found[0] != code && (certain || found[0] != "-"+code) {
		t.Errorf("%s: %.200s: got %v, want %s", u, payload, found, code)
	}
	elements := make([]csp.Element, len(p.Elements))
	for i := range p.Elements {
		elements[i] = p.Elements[i].Element
	}
	if report := payload.Check(elements); len(report) != 1 || string(report[0].Code) != code || !errors.Is(&report[0], csp.Code(code)) {
		t.Errorf("%s: %.200s: got %v, want %s", u, payload, report, code)
	}
}

// TestPayloads proves the policies of a template of our own, with every kind of element.
func TestPayloads(t *testing.T) {
	tmpl := parse(t, example(t))
	app := admx.App{Name: "Browser"}
	c := catalog(t, app, tmpl)
	var n proof
	kinds := make(map[csp.ElementKind]bool)
	for i := range tmpl.Policies {
		p := &tmpl.Policies[i]
		for i := range p.Elements {
			kinds[p.Elements[i].Kind] = true
		}
		for _, s := range []omadm.Scope{omadm.DeviceScope, omadm.UserScope} {
			if u, err := app.URI(p, s); err == nil {
				n.prove(t, c, u, p, true)
			}
		}
	}
	if len(kinds) != 7 || n.policies != 12 {
		t.Errorf("kinds of elements %v, %+v", kinds, n)
	}
}

// TestPoliciesOfWindows proves the policies of Windows whose elements are known.
func TestPoliciesOfWindows(t *testing.T) {
	c := csp.Default()
	var n proof
	known, unknown := 0, 0
	for node := range c.All() {
		if node.Allowed().Kind != csp.ADMX {
			continue
		}
		u, ok := node.URI()
		if !ok {
			t.Fatalf("%s has no address", node)
		}
		p, ok := admx.PolicyOf(node)
		if !ok {
			unknown++
			// Only the form is known.
			if got := codes(c, u.LocURI(), csp.Payload{Enabled: true, Data: []csp.Data{{ID: "x"}}}); slices.Contains(got, "value.admx.id") {
				t.Errorf("%s: got %v", node, got)
			}
			continue
		}
		known++
		n.prove(t, c, u.LocURI(), p, node.Allowed().Confirmed)
	}
	t.Logf("%d policies with known elements, %d without: %+v", known, unknown, n)
	if known != 2398 || unknown != 118 || n.mistakes < 4000 {
		t.Errorf("%d policies with known elements, %d without: %+v", known, unknown, n)
	}
}

func TestPolicyAt(t *testing.T) {
	tmpl := parse(t, example(t))
	c := catalog(t, admx.App{Name: "Browser"}, tmpl)
	for u, want := range map[omadm.URI]string{
		"./Vendor/MSFT/BitLocker/SystemDrivesMinimumPINLength":                 "SystemDrivesMinimumPINLength Machine 1",
		"./User/Vendor/MSFT/Policy/Config/Browser~Policy~browser~startup/Mode": "Mode User 3",
		"./Vendor/MSFT/Policy/Config/Browser~Policy~browser/AllowPrinting":     "AllowPrinting Machine 0",
		"./Vendor/MSFT/Policy/Config/Camera/AllowCamera":                       `admx: "./Vendor/MSFT/Policy/Config/Camera/AllowCamera" is no policy of a template whose elements are known`,
		"./Vendor/MSFT/Policy/Config/DesktopAppInstaller/EnableAppInstaller":   `admx: "./Vendor/MSFT/Policy/Config/DesktopAppInstaller/EnableAppInstaller" is no policy of a template whose elements are known`,
		"./Vendor/MSFT/Policy/Config/Other~Policy~x/y":                         `admx: "./Vendor/MSFT/Policy/Config/Other~Policy~x/y" is no policy of a template whose elements are known`,
		"./Vendor/MSFT/Policy/Config/Camera/AllowCameras":                      "csp: ",
		"/Vendor": "csp: ",
	} {
		got := ""
		if p, err := admx.PolicyAt(c, u); err != nil {
			got = err.Error()
		} else {
			got = p.Name + " " + string(p.Class) + " " + strconv.Itoa(len(p.Elements))
			if v, err := (admx.App{Name: "x"}).URI(p, omadm.DeviceScope); err == nil {
				t.Errorf("%s: another address %s", u, v)
			}
		}
		if got != want && (want != "csp: " || !strings.HasPrefix(got, want)) {
			t.Errorf("%s: got %s, want %s", u, got, want)
		}
	}
}
