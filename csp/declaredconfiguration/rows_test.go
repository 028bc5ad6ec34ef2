package declaredconfiguration_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/beevik/etree"
	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	dc "github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// op is the one operation of a request.
func op(t *testing.T, r omadm.Request, err error) omadm.Op {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	r.ID = "r"
	if err := r.Validate(); err != nil || len(r.Ops) != 1 {
		t.Fatalf("%v: %v", r, err)
	}
	return r.Ops[0]
}

// text is a result with a document.
func text(status omadm.Status, s string) omadm.Result {
	return omadm.Result{Status: status, Items: []syncml.Item{{Data: syncml.Text(s)}}}
}

// readFile reads a file of testdata.
func readFile(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestRows holds the rules that CONFORMANCE.md lists for declared configuration. Conversations about them are in
// examples/server/windc.
func TestRows(t *testing.T) {
	t.Run("R-1_linked_enrolment", linkedEnrolment)
	t.Run("R-2_replace_of_the_document", replaceOfDocument)
	t.Run("R-3_attributes_of_the_root", attributesOfRoot)
	t.Run("R-4_id_and_context_are_those_of_the_address", idAndContext)
	t.Run("R-5_checksum_changes_with_the_content", checksumChanges)
	t.Run("R-7_results_setting_by_setting", results)
	t.Run("R-8_alert_that_sums_up", alert)
	t.Run("R-9_final_states", finalStates)
	t.Run("R-9_what_passes_is_not_sent_again", compare)
	t.Run("R-10_delete_and_abandon", deleteAndAbandon)
	t.Run("R-11_other_nodes_are_refused", otherNodes)
	t.Run("R-12_payload_is_text", payloadIsText)
}

func linkedEnrolment(t *testing.T) {
	const top = "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/LinkedEnrollment/"
	l := dc.Linked{Provider: "MS DM Server", Endpoint: "https://windc.example.test/discover"}
	enroll, err := l.Enroll()
	if err != nil {
		t.Fatal(err)
	}
	want := []omadm.Op{
		{Verb: omadm.Replace, URI: top + "DiscoveryEndpoint", Value: omadm.Text(l.Endpoint)},
		{Verb: omadm.Exec, URI: top + "Enroll"},
	}
	if enroll.Group != omadm.Sequence || !reflect.DeepEqual(enroll.Ops, want) {
		t.Errorf("Enroll: got %v of %v, want a Sequence of %v", enroll.Group, enroll.Ops, want)
	}
	r, err := l.Unenroll()
	if got := op(t, r, err); got.Verb != omadm.Exec || got.URI != top+"Unenroll" {
		t.Errorf("Unenroll: got %v", got)
	}
	get, err := l.Get()
	if err != nil || len(get.Ops) != 2 || get.Ops[0].URI != top+"EnrollStatus" || get.Ops[1].URI != top+"LastError" {
		t.Errorf("Get: got %v, %v", get.Ops, err)
	}
	said := func(name, n string) omadm.Result {
		u := strings.Replace(top+name, "./Device/", "./", 1)
		return omadm.Result{Items: []syncml.Item{{Source: syncml.Location{URI: u}, Meta: &syncml.Meta{Format: "int"}, Data: syncml.Text(n)}}}
	}
	got, err := l.Read(omadm.Result{Status: 200}, said("EnrollStatus", "4"), said("LastError", "-2147024809"))
	if err != nil || got != (dc.Enrollment{Status: dc.EnrollSucceeded, LastError: 0x80070057}) || got.Status.String() != "succeeded" {
		t.Errorf("Read: got %+v, %v", got, err)
	}
	bare := omadm.Result{Items: []syncml.Item{{Source: syncml.Location{URI: top + "LastError"}, Data: syncml.Text("0x80070057")}}}
	if got, err := l.Read(bare); err != nil || got.LastError != 0x80070057 {
		t.Errorf("Read without a format: got %+v, %v", got, err)
	}
	if _, err := l.Read(said("EnrollStatus", "x")); err == nil {
		t.Error("Read of what is no number: got no error")
	}
	for _, req := range []omadm.Request{enroll, r, get} {
		if err := csp.Default().Check(csp.Device{}, req).Err(); err != nil {
			t.Error(err)
		}
	}
	for field, wrong := range map[string]dc.Linked{
		"Provider": {Endpoint: l.Endpoint}, "Endpoint": {Provider: "P", Endpoint: "http://windc.example.test/"},
	} {
		_, err := wrong.Enroll()
		if f := (*csp.FieldError)(nil); !errors.As(err, &f) || f.Field != field {
			t.Errorf("got error %v, want one of %s", err, field)
		}
	}
}

func replaceOfDocument(t *testing.T) {
	const device, user = "./Device/Vendor/MSFT/DeclaredConfiguration/Host/", "./User/Vendor/MSFT/DeclaredConfiguration/Host/"
	for _, tt := range []struct {
		kind    dc.Kind
		context omadm.Scope
		want    omadm.URI
	}{
		{dc.Complete, omadm.DeviceScope, device + "Complete/Documents/" + id + "/Document"},
		{dc.Complete, omadm.UserScope, user + "Complete/Documents/" + id + "/Document"},
		{dc.Inventory, omadm.DeviceScope, device + "Inventory/Documents/" + id + "/Document"},
		{dc.Inventory, omadm.UserScope, user + "Inventory/Documents/" + id + "/Document"},
	} {
		d := vpn()
		d.Kind, d.Context = tt.kind, tt.context
		r, err := d.Request()
		if got := op(t, r, err); got.Verb != omadm.Replace || got.URI != tt.want || r.Scope != tt.context {
			t.Errorf("got %v of scope %v, want a Replace of %s", got, r.Scope, tt.want)
		}
		if err := csp.Default().Check(csp.Device{}, r).Err(); err != nil {
			t.Error(err)
		}
	}
}

// root is the root of a document as it is sent.
func root(t *testing.T, d dc.Document) *etree.Element {
	t.Helper()
	x, err := d.XML()
	if err != nil {
		t.Fatal(err)
	}
	doc := etree.NewDocument()
	if err := doc.ReadFromString(x); err != nil {
		t.Fatal(err)
	}
	return doc.Root()
}

func attributesOfRoot(t *testing.T) {
	e := root(t, thing())
	got := map[string]string{}
	for _, a := range e.Attr {
		got[a.FullKey()] = a.Value
	}
	want := map[string]string{"schema": "1.0", "context": "Device", "id": id, "checksum": "v1", "osdefinedscenario": "MSFTExtensibilityMIProviderConfig"}
	if e.FullTag() != "DeclaredConfiguration" || !cmp.Equal(got, want) {
		t.Errorf("got <%s> with %v, want %v", e.FullTag(), got, want)
	}
}

func idAndContext(t *testing.T) {
	for context, name := range map[omadm.Scope]string{omadm.DeviceScope: "Device", omadm.UserScope: "User"} {
		d := vpn()
		d.Context = context
		r, err := d.Request()
		u := op(t, r, err).URI
		if e := root(t, d); e.SelectAttrValue("context", "") != name || u.Segments()[0] != name || e.SelectAttrValue("id", "") != u.Parent().Base() {
			t.Errorf("%s: got %s and %v", name, u, e.Attr)
		}
	}
}

func checksumChanges(t *testing.T) {
	base := vpn()
	seen := map[string]string{base.EffectiveChecksum(): "as it is"}
	for name, change := range map[string]func(*dc.Document){
		"scenario":    func(d *dc.Document) { d.Scenario = dc.WiFi },
		"context":     func(d *dc.Document) { d.Context = omadm.UserScope },
		"kind":        func(d *dc.Document) { d.Kind = dc.Inventory },
		"name":        func(d *dc.Document) { d.Providers[0].Name += "x" },
		"path":        func(d *dc.Document) { d.Providers[0].Settings[0].Path += "x" },
		"format":      func(d *dc.Document) { d.Providers[0].Settings[0].Value.Format = omadm.FormatChr },
		"value":       func(d *dc.Document) { d.Providers[0].Settings[0].Value = omadm.Bool(false) },
		"one less":    func(d *dc.Document) { d.Providers[0].Settings = d.Providers[0].Settings[1:] },
		"order":       func(d *dc.Document) { s := d.Providers[0].Settings; s[0], s[1] = s[1], s[0] },
		"a resource":  func(d *dc.Document) { d.Resources = thing().Resources },
		"another key": func(d *dc.Document) { d.Resources = thing().Resources; d.Resources[0].Keys[0].Value = "c" },
		"a key, no value": func(d *dc.Document) {
			d.Resources = thing().Resources
			r := &d.Resources[0]
			r.Keys, r.Values = append(r.Keys, r.Values...), nil
		},
		"a version": func(d *dc.Document) { d.Checksum = "v1" },
	} {
		d := vpn()
		change(&d)
		sum := d.EffectiveChecksum()
		if other := seen[sum]; other != "" {
			t.Errorf("%s: the checksum is that of %s", name, other)
		}
		seen[sum] = name
	}
	again := vpn()
	again.ID = strings.ToLower(id)
	// What devices have been sent has to stay the same in later versions.
	const want = "24B9047E7D8D471B92045717AEC2142DEBAE76965BC28DB2B5E8DE6980450D38"
	if got := again.EffectiveChecksum(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := root(t, base).SelectAttrValue("checksum", ""); got != want {
		t.Errorf("in the document: got %s, want %s", got, want)
	}
}

func results(t *testing.T) {
	r, err := dc.Ref{ID: id}.GetResult()
	if got := op(t, r, err); got.Verb != omadm.Get || got.URI != "./Device/Vendor/MSFT/DeclaredConfiguration/Host/Complete/Results/"+id+"/Document" {
		t.Errorf("got %v", got)
	}
	if err := csp.Default().Check(csp.Device{}, r).Err(); err != nil {
		t.Error(err)
	}
	want := &dc.Result{
		ID: id, Scenario: dc.VPN, Checksum: "v1", ResultChecksum: "r1", At: time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC),
		Operation: "Set", State: dc.StateSetFailed,
		Providers: []dc.ProviderResult{{Name: "./Vendor/MSFT/VPNv2", State: dc.StateSetFailed, Settings: []dc.SettingResult{
			{Path: "Office/AlwaysOn", Outcome: dc.Outcome{Status: 200, State: dc.StateSet}},
			{Path: "Office/ProfileXML", Outcome: dc.Outcome{HRESULT: 0x86000011, State: dc.StateSetFailed}},
			{Path: "Office/ByteAlignment", Value: omadm.Int(4), Outcome: dc.Outcome{Status: 404, State: dc.StateSetFailed}},
		}}},
		Resources: []dc.ResourceResult{{
			Namespace: "root/example", Class: "Ex_Thing", Keys: []dc.Property{{Name: "Name"}},
			Values: []dc.Property{{Name: "Text", Value: "as <it> is"}}, Outcome: dc.Outcome{Status: 200, State: dc.StateSet},
		}},
	}
	file := readFile(t, "result.xml")
	for name, data := range map[string]syncml.Data{
		"text": syncml.Text(file), "markup": syncml.Markup(file), "text with a declaration": syncml.Text("\n<?xml version=\"1.0\"?>" + file),
	} {
		got, err := dc.ReadResult(omadm.Result{Status: 200}, omadm.Result{Items: []syncml.Item{{Data: data}}})
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: %v (-want +got):\n%s", name, err, diff)
		}
	}
	const more = 3000
	long := strings.Replace(file, "<CSP", strings.Repeat(`<CSP name="./Vendor/MSFT/X" state="60"><URI path="a" status="200"/></CSP>`, more)+"<CSP", 1)
	got, err := dc.ReadResult(omadm.Result{Items: []syncml.Item{{Data: syncml.Text(long)}}})
	if err != nil || got.ID != id || len(got.Providers) != more+1 || !reflect.DeepEqual(got.Providers[more:], want.Providers) || len(got.Resources) != 1 {
		t.Errorf("of many providers: got %d, %v", len(got.Providers), err)
	}
	_, err = dc.ReadResult(omadm.Result{Status: 404})
	if e := (*dc.ResultError)(nil); !errors.As(err, &e) || e.Status != omadm.StatusNotFound || e.Err != nil {
		t.Errorf("no results: got %v", err)
	}
	for _, wrong := range []string{
		"", "x", "<A/>", `<DeclaredConfigurationResult context="Device" state="60"/>`, `<DeclaredConfigurationResult id="a" state="60"/>`,
		`<DeclaredConfigurationResult id="a" context="Device" state="-1"/>`, strings.Replace(file, "404", "soon", 1),
		strings.Replace(file, "2026-03-01T", "then", 1), strings.Replace(file, `path="Office/AlwaysOn"`, "", 1), strings.Replace(file, ">4<", "><a/><", 1),
	} {
		_, err := dc.ReadResult(text(200, wrong))
		if e := (*dc.ResultError)(nil); !errors.As(err, &e) || e.Err == nil || !strings.HasPrefix(err.Error(), "declaredconfiguration: results") {
			t.Errorf("%.60q: got error %v", wrong, err)
		}
	}
}

// event is the alert with a document.
func event(s string) omadm.Event {
	return omadm.Event{Alert: omadm.AlertClientEvent, Type: omadm.TypeDeclaredConfig, Data: syncml.Markup(s)}
}

func alert(t *testing.T) {
	file := readFile(t, "alert.xml")
	want := []dc.Reported{
		{ID: strings.ToLower(id), Checksum: "v1", ResultChecksum: "r1", State: dc.StateSet},
		{ID: id, Context: omadm.UserScope, Checksum: "v2", State: dc.StateSetting},
	}
	e := event(file)
	for range 2 {
		got, err := dc.ReadAlert(e)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
		e.Data, e.Type = syncml.Text(file), "Reversed-Domain-Name: "+e.Type
	}
	var b strings.Builder
	for i := range 5000 {
		fmt.Fprintf(&b, "\n<DeclaredConfiguration id='%d' context='device' state='60'/>", i)
	}
	many := "<DeclaredConfigurations>" + b.String() + "</DeclaredConfigurations>"
	got, err := dc.ReadAlert(event(many))
	if err != nil || len(got) != 5000 || got[0].ID != "0" || got[4999].ID != "4999" {
		t.Errorf("of many: got %d, %v", len(got), err)
	}
	if got, err := dc.ReadAlert(event(strings.Replace(many, "id='4000'", "", 1))); got != nil || err == nil || !strings.Contains(err.Error(), "line 4002: no id") {
		t.Errorf("of many, one without an id: got %d, %v", len(got), err)
	}
	for name, wrong := range map[string]omadm.Event{
		"another alert":     {Type: omadm.TypeLoginStatus, Data: syncml.Text("user")},
		"no document":       event(""),
		"another document":  event("<A/>"),
		"no id":             event(strings.Replace(file, ` id="`, ` di="`, 1)),
		"no context":        event(strings.Replace(file, "Device", "Devise", 1)),
		"a state in words":  event(strings.Replace(file, `"60"`, `"done"`, 1)),
		"a state too large": event(strings.Replace(file, `"60"`, `"99999"`, 1)),
	} {
		if got, err := dc.ReadAlert(wrong); err == nil || got != nil || !strings.HasPrefix(err.Error(), "declaredconfiguration: alert") {
			t.Errorf("%s: got %v, %v, want an error", name, got, err)
		}
	}
}

func finalStates(t *testing.T) {
	final := map[int]bool{60: true, 61: true, 62: true, 63: true, 70: true, 71: true, 72: true, 80: true, 81: true, 82: true}
	done := map[int]bool{60: true, 63: true, 70: true, 80: true}
	known := 0
	for n := range 100 {
		s := dc.State(n)
		if s.Final() != final[n] || s.Succeeded() != done[n] || s.Failed() != (final[n] && !done[n]) {
			t.Errorf("%v: got final %v, succeeded %v, failed %v", s, s.Final(), s.Succeeded(), s.Failed())
		}
		if s.Known() {
			known++
		}
	}
	if known != 19 {
		t.Errorf("got %d states, want 19", known)
	}
	if got := dc.StateSet.String() + ", " + dc.State(99).String(); got != "60 configured, 99" {
		t.Errorf("got %s", got)
	}
}

func compare(t *testing.T) {
	d := vpn()
	sum := d.EffectiveChecksum()
	ref := []dc.Ref{d.Ref()}
	send := dc.Changes{Send: []dc.Document{d}}
	said := func(checksum string, s dc.State) []dc.Reported {
		return []dc.Reported{{ID: strings.ToLower(id), Checksum: checksum, State: s}}
	}
	for _, tt := range []struct {
		name     string
		reported []dc.Reported
		want     dc.Changes
	}{
		{"the device has none", nil, send},
		{"it has it", said(sum, dc.StateSet), dc.Changes{}},
		{"it has it for good", said(sum, dc.StateSetOnce), dc.Changes{}},
		{"it is about it", said(sum, dc.StateSetting), dc.Changes{Waiting: ref}},
		{"it has stored it", said(sum, dc.StateStored), dc.Changes{Waiting: ref}},
		{"it is in a state that nobody knows", said(sum, 50), dc.Changes{Waiting: ref}},
		{"it could not", said(sum, dc.StateSetFailed), dc.Changes{Failed: ref}},
		{"it was unable to", said(sum, dc.StateSetBroken), dc.Changes{Failed: ref}},
		{"it has another version", said("old", dc.StateSet), send},
		{"it is about another version", said("old", dc.StateSetting), send},
		{"it could not another version", said("old", dc.StateSetFailed), send},
		{"it is deleting it", said(sum, dc.StateDeleting), dc.Changes{Waiting: ref}},
		{"it has deleted it", said(sum, dc.StateDeleted), send},
		{"it could not delete it", said(sum, dc.StateDeleteFailed), send},
		{"the user has it", []dc.Reported{{ID: id, Context: omadm.UserScope, Checksum: sum, State: dc.StateSet}}, dc.Changes{
			Send: send.Send, Unwanted: []dc.Ref{{ID: id, Context: omadm.UserScope}},
		}},
		{"it has others", append(said(sum, dc.StateSet), dc.Reported{ID: "x", State: dc.StateGot}, dc.Reported{ID: "y", State: dc.StateDeleted}), dc.Changes{
			Unwanted: []dc.Ref{{ID: "x", Kind: dc.Inventory}},
		}},
	} {
		got, err := dc.Compare(tt.reported, d)
		if err != nil || !reflect.DeepEqual(got, tt.want) {
			t.Errorf("%s: got %+v, %v, want %+v", tt.name, got, err, tt.want)
		}
	}
	reqs, err := send.Requests()
	if err != nil || len(reqs) != 1 || reqs[0].Ops[0].URI != d.Ref().DocumentURI() {
		t.Errorf("got %v, %v", reqs, err)
	}
	twice := vpn()
	twice.ID = strings.ToLower(id)
	for want, docs := range map[string][]dc.Document{"want[1].ID": {d, twice}, "want[0].Scenario": {{ID: id}}} {
		_, err := dc.Compare(nil, docs...)
		if f := (*csp.FieldError)(nil); !errors.As(err, &f) || f.Field != want {
			t.Errorf("got error %v, want one of %s", err, want)
		}
	}
}

func deleteAndAbandon(t *testing.T) {
	ref := dc.Ref{ID: id}
	const top = "./Device/Vendor/MSFT/DeclaredConfiguration/Host/Complete/Documents/" + id
	for _, tt := range []struct {
		make func() (omadm.Request, error)
		want omadm.Op
	}{
		{ref.Delete, omadm.Op{Verb: omadm.Delete, URI: top + "/Document"}},
		{ref.Abandon, omadm.Op{Verb: omadm.Replace, URI: top + "/Properties/Abandoned", Value: omadm.Int(1)}},
		{ref.Resume, omadm.Op{Verb: omadm.Replace, URI: top + "/Properties/Abandoned", Value: omadm.Int(0)}},
	} {
		r, err := tt.make()
		if got := op(t, r, err); got != tt.want {
			t.Errorf("got %v, want %v", got, tt.want)
		}
		if err := csp.Default().Check(csp.Device{}, r).Err(); err != nil {
			t.Error(err)
		}
	}
	_, err := dc.Ref{ID: id, Kind: dc.Inventory}.Abandon()
	if f := (*csp.FieldError)(nil); !errors.As(err, &f) || f.Field != "Kind" {
		t.Errorf("got error %v, want one of Kind", err)
	}
}

func otherNodes(t *testing.T) {
	const node omadm.URI = "./Device/Vendor/MSFT/DeclaredConfiguration/Host"
	for u, want := range map[omadm.URI]bool{
		node: true, "./Vendor/MSFT/DeclaredConfiguration": true, "./User/Vendor/MSFT/DeclaredConfiguration/Host": true,
		"Vendor/MSFT/declaredconfiguration/Host": true, node + "?list=Struct": true,
		"./Device/Vendor/MSFT": false, "./Device/Vendor/MSFT/DeclaredConfigurationX": false, "./DevInfo/Man": false, ".": false, "": false,
		"./Device/Vendor/MSFT/Policy/Config/A/B": false, "./Device/Device/Vendor/MSFT/DeclaredConfiguration": false,
	} {
		r := omadm.Request{ID: "r", Ops: []omadm.Op{{Verb: omadm.Get, URI: node}, {Verb: omadm.Get, URI: u}}}
		err := dc.Check(context.Background(), nil, &r)
		e := (*omadm.RequestError)(nil)
		if refused := errors.As(err, &e); refused == want || refused && (e.Op != 1 || e.Request != "r") {
			t.Errorf("%s: got error %v, want permitted %v", u, err, want)
		}
	}
	for _, o := range []omadm.Op{
		{Verb: omadm.Copy, URI: node, From: "./DevInfo/Man"}, (&omadm.UserAlert{Code: omadm.AlertDisplay, Text: "Hello"}).Op(),
	} {
		if err := dc.Check(context.Background(), nil, &omadm.Request{Ops: []omadm.Op{o}}); err == nil {
			t.Errorf("%v: got no error", o.Verb)
		}
	}
}

func payloadIsText(t *testing.T) {
	d := vpn()
	r, err := d.Request()
	o := op(t, r, err)
	if v := o.Value; v.DataFormat() != omadm.FormatChr || v.MediaType() != "text/plain" || v.Data.Kind != syncml.TextData || !o.Divisible() {
		t.Errorf("got %v", o)
	}
}
