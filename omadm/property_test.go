package omadm_test

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// plain is the value of a property as a device sends it: text without Meta.
func plain(s string) omadm.Value { return omadm.Value{Data: syncml.Text(s)} }

// checkProperty reads values of a property. A want of nil stands for a refusal.
func checkProperty(t *testing.T, name string, get func(*omadm.Properties) any, values map[string]any) {
	t.Helper()
	for s, want := range values {
		var p omadm.Properties
		err := p.Set(name, plain(s))
		if want == nil {
			if !errors.As(err, new(*omadm.ValueError)) && !errors.As(err, new(*omadm.ACLError)) || !reflect.ValueOf(p).IsZero() {
				t.Errorf("%s %q: %+v, %v", name, s, p, err)
			}
			continue
		}
		if got := get(&p); err != nil || !reflect.DeepEqual(got, want) || !p.Has(name) {
			t.Errorf("%s %q: got %v, %v, want %v", name, s, got, err, want)
		}
	}
}

var propertyRows = []rowTest{
	{"T-25_values_are_text_without_meta", func(t *testing.T) {
		r := omadm.Result{Items: []syncml.Item{{Source: syncml.Location{URI: "./A?prop=Size"}, Data: syncml.Text(" 12 ")}}}
		u, err := omadm.ResultURI(&r.Items[0], "")
		var p omadm.Properties
		if err != nil || p.Set(u.Prop(), omadm.ItemValue(&r.Items[0])) != nil || p.Size != 12 {
			t.Errorf("%+v, %v", p, err)
		}
		if err := p.Set(omadm.PropTitle, omadm.Value{Data: syncml.Markup("<a/>")}); !errors.As(err, new(*omadm.ValueError)) {
			t.Errorf("markup: %v", err)
		}
		for _, name := range []string{"", "acl", "Nope"} {
			if err := p.Set(name, plain("1")); !errors.As(err, new(*omadm.ValueError)) || p.Has(name) {
				t.Errorf("property %q: %v", name, err)
			}
		}
	}},
	{"T-25_other_commands_and_properties_are_refused_before_sending", func(t *testing.T) {
		for _, name := range []string{"ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo"} {
			u := omadm.URI("./A").WithProp(name)
			settable := name == omadm.PropACL || name == omadm.PropName || name == omadm.PropTitle
			for verb := omadm.Get; verb <= omadm.Copy; verb++ {
				op := omadm.Op{Verb: verb, URI: u}
				if verb == omadm.Add || verb == omadm.Replace {
					op.Value = omadm.Text("Get=*")
				}
				if verb == omadm.Copy {
					op.From = "./B"
				}
				want := verb == omadm.Get || verb == omadm.Replace && settable
				err := op.Validate()
				var e *omadm.URIError
				if want != (err == nil) || !want && (!errors.As(err, &e) || e.Status != omadm.StatusCommandNotAllowed) {
					t.Errorf("%v: %v", op, err)
				}
			}
		}
		var e *omadm.URIError
		if err := (omadm.Op{Verb: omadm.Get, URI: "./A?prop=Color"}).Validate(); !errors.As(err, &e) || e.Status != omadm.StatusFeatureNotSupported {
			t.Errorf("unknown property: %v", err)
		}
	}},
	{"T-26_format", func(t *testing.T) {
		checkProperty(t, omadm.PropFormat, func(p *omadm.Properties) any { return p.Format }, map[string]any{
			"bin": omadm.FormatBin, "b64": omadm.FormatB64, "node": omadm.FormatNode, " chr\n": omadm.FormatChr, "": nil,
			"vendor": omadm.Format("vendor"),
		})
	}},
	{"T-27_size", func(t *testing.T) {
		checkProperty(t, omadm.PropSize, func(p *omadm.Properties) any { return p.Size }, map[string]any{
			"0": uint32(0), "4294967295": uint32(4294967295), "4294967296": nil, "-1": nil, "+1": nil, "": nil, "1.0": nil, "0x1": nil,
		})
		// The size is that of the octets, not of the text that carries them.
		if v := omadm.Bytes([]byte{1, 2, 3, 4}); v.Size() != 4 || v.MetaSize() != 8 {
			t.Errorf("%d and %d", v.Size(), v.MetaSize())
		}
	}},
	{"T-27_title", func(t *testing.T) {
		long := strings.Repeat("é", 127) + "x"
		checkProperty(t, omadm.PropTitle, func(p *omadm.Properties) any { return p.Title }, map[string]any{
			"": "", "a b": "a b", long: long, long + "x": nil,
		})
	}},
	{"T-27_tstamp", func(t *testing.T) {
		checkProperty(t, omadm.PropTStamp, func(p *omadm.Properties) any { return p.TStamp }, map[string]any{
			"20010711T163817Z": time.Date(2001, 7, 11, 16, 38, 17, 0, time.UTC), "20010711T163817": nil, "2001-07-11T16:38:17Z": nil,
			"20011311T163817Z": nil, "": nil, "now": nil,
		})
	}},
	{"T-27_verno_wraps", func(t *testing.T) {
		checkProperty(t, omadm.PropVerNo, func(p *omadm.Properties) any { return p.VerNo }, map[string]any{
			"0": uint16(0), "65535": uint16(65535), "65536": nil, "-1": nil, "": nil,
		})
		var p omadm.Properties
		if err := p.Set(omadm.PropVerNo, plain("65535")); err != nil || p.VerNo+1 != 0 {
			t.Errorf("%d, %v", p.VerNo, err)
		}
	}},
	{"T-28_type", func(t *testing.T) {
		checkProperty(t, omadm.PropType, func(p *omadm.Properties) any { return p.Type }, map[string]any{
			"text/plain": "text/plain", "urn:oma:mo:oma-dm-dmacc:1.0": "urn:oma:mo:oma-dm-dmacc:1.0", "com.example/1.2/Mail": "com.example/1.2/Mail", "": "",
		})
		interior := omadm.Node()
		interior.Type = omadm.AccountType
		for _, v := range []omadm.Value{{Format: omadm.FormatChr, Type: "text/xml", Data: syncml.Text("<a/>")}, interior} {
			cmd, err := omadm.Op{Verb: omadm.Add, URI: "./A", Value: v}.Command("1")
			if err != nil || cmd.ItemList()[0].Meta.Type != v.Type {
				t.Errorf("%v: %v, %v", v, cmd, err)
			}
		}
	}},
	{"T-29_rename", func(t *testing.T) {
		checkProperty(t, omadm.PropName, func(p *omadm.Properties) any { return p.Name }, map[string]any{"a b": "a b", "": nil, "a/b": nil})
		for name, ok := range map[string]bool{"new name": true, "a/b": false, "": false, "..": false, "a\x00": false} {
			op := omadm.Op{Verb: omadm.Replace, URI: omadm.URI("./A").WithProp(omadm.PropName), Value: omadm.Text(name)}
			cmd, err := op.Command("1")
			if (err == nil) != ok {
				t.Errorf("%q: %v", name, err)
			}
			if ok && cmd.ItemList()[0].Data != syncml.Text(name) {
				t.Errorf("%q is sent as %v", name, cmd.ItemList()[0])
			}
		}
		r := omadm.Request{ID: "1", Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./A?prop=Name", Value: omadm.Text("B")}}}
		for _, status := range []omadm.Status{omadm.StatusAlreadyExists, omadm.StatusCommandNotAllowed} {
			if o, ok := omadm.Summarize(&r, 2, omadm.Report{}, []omadm.Report{{Status: status}}); !ok || o.Kind != omadm.Failed || o.Status != status {
				t.Errorf("%v: %+v", status, o)
			}
		}
	}},
	{"T-36_a_server_knows_all_eight", func(t *testing.T) {
		var p omadm.Properties
		values := map[string]string{
			"ACL": "Get=*", "Format": "chr", "Name": "n", "Size": "1", "Title": "t", "TStamp": "20010711T163817Z", "Type": "text/plain", "VerNo": "2",
		}
		for name, s := range values {
			if (omadm.Op{Verb: omadm.Get, URI: omadm.URI("./A").WithProp(name)}).Validate() != nil || p.Has(name) {
				t.Errorf("%s before", name)
			}
			if err := p.Set(name, plain(s)); err != nil || !p.Has(name) {
				t.Errorf("%s: %v", name, err)
			}
		}
		for i := range reflect.TypeFor[omadm.Properties]().NumField() {
			if reflect.ValueOf(p).Field(i).IsZero() {
				t.Errorf("%s was not set", reflect.TypeFor[omadm.Properties]().Field(i).Name)
			}
		}
	}},
	{"T-31_acl_property_that_is_empty", func(t *testing.T) {
		for _, v := range []omadm.Value{plain(""), {}} {
			var p omadm.Properties
			if err := p.Set(omadm.PropACL, v); err != nil || !p.ACL.Empty() || !p.Has(omadm.PropACL) {
				t.Errorf("%+v, %v", p, err)
			}
		}
		checkProperty(t, omadm.PropACL, func(p *omadm.Properties) any { return p.ACL.String() }, map[string]any{
			"Get=*": "Get=*", "Replace=a+b&Add=c": "Add=c&Replace=a+b", "Copy=a": nil,
		})
	}},
	{"T-32_who_may_change_an_acl", func(t *testing.T) {
		mine, others := omadm.ACL{Replace: []string{"me"}}, omadm.ACL{Replace: []string{"other"}}
		all := omadm.ACL{Replace: []string{"*"}}
		for name, tt := range map[string]struct {
			interior   bool
			nodeToRoot []omadm.ACL
			want       bool
		}{
			"interior, own":             {interior: true, nodeToRoot: []omadm.ACL{mine, others, {}}, want: true},
			"interior, parent":          {interior: true, nodeToRoot: []omadm.ACL{others, mine, {}}, want: true},
			"interior, grandparent":     {interior: true, nodeToRoot: []omadm.ACL{others, {}, mine}, want: true},
			"interior, not inherited":   {interior: true, nodeToRoot: []omadm.ACL{others, others, mine}},
			"interior, inherited":       {interior: true, nodeToRoot: []omadm.ACL{{}, {}, mine}, want: true},
			"leaf, own":                 {nodeToRoot: []omadm.ACL{mine, others, {}}},
			"leaf, parent":              {nodeToRoot: []omadm.ACL{others, mine, {}}, want: true},
			"leaf, everyone":            {nodeToRoot: []omadm.ACL{others, all, {}}, want: true},
			"default of the root":       {interior: true, nodeToRoot: []omadm.ACL{{}, {}, {}}},
			"root":                      {interior: true, nodeToRoot: []omadm.ACL{mine}, want: true},
			"root of others":            {interior: true, nodeToRoot: []omadm.ACL{others}},
			"nothing known":             {interior: true},
			"another right does not do": {interior: true, nodeToRoot: []omadm.ACL{{Add: []string{"me"}, Get: []string{"*"}}, others}},
		} {
			if got := omadm.MayChangeACL("me", tt.interior, tt.nodeToRoot...); got != tt.want {
				t.Errorf("%s: %v", name, got)
			}
		}
	}},
	{"T-34_acl_of_a_new_node", func(t *testing.T) {
		mine, others := omadm.ACL{Replace: []string{"me"}}, omadm.ACL{Add: []string{"*"}, Replace: []string{"other"}}
		for name, tt := range map[string]struct {
			interior bool
			parents  []omadm.ACL
			want     string
		}{
			"interior, may replace the parent":    {true, []omadm.ACL{mine}, ""},
			"interior, may replace by inheriting": {true, []omadm.ACL{{}, mine}, ""},
			"interior, may not":                   {true, []omadm.ACL{others, mine}, "Add=me&Delete=me&Replace=me"},
			"interior, default of the root":       {true, []omadm.ACL{{}}, "Add=me&Delete=me&Replace=me"},
			"leaf":                                {false, []omadm.ACL{others}, ""},
		} {
			if got := omadm.NewNodeACL("me", tt.interior, tt.parents...).String(); got != tt.want {
				t.Errorf("%s: %q, want %q", name, got, tt.want)
			}
		}
	}},
	{"T-35_refusal_by_the_acl_is_425", func(t *testing.T) {
		for s := omadm.Status(100); s < 600; s++ {
			if (s.Class() == omadm.ClassRights) != (s == omadm.StatusPermissionDenied) || s == 425 && s.Success() {
				t.Errorf("%v is of class %v", s, s.Class())
			}
		}
	}},
	{"T-38_devinfo_is_read_and_never_written", func(t *testing.T) {
		for _, u := range []omadm.URI{"./DevInfo", "DevInfo/Man", "./DevInfo/Ext/New", "./%44evInfo/Man", "./DevInfo/Man?prop=Title"} {
			for verb, op := range ops {
				if verb == omadm.Alert {
					continue
				}
				if op.URI = u; u.Query() != "" && verb == omadm.Replace {
					op.Value = omadm.Text("x")
				}
				err := op.Validate()
				var e *omadm.URIError
				if (err == nil) != (verb == omadm.Get) || err != nil && (!errors.As(err, &e) || e.Status != omadm.StatusCommandNotAllowed) {
					t.Errorf("%v: %v", op, err)
				}
			}
		}
		for _, op := range []omadm.Op{
			{Verb: omadm.Delete, URI: "./DevInfoX"}, {Verb: omadm.Delete, URI: "./A/DevInfo"},
			{Verb: omadm.Copy, URI: "./A", From: "./DevInfo/Man"}, {Verb: omadm.Delete, URI: "./DevDetail/X"},
		} {
			if err := op.Validate(); err != nil {
				t.Errorf("%v: %v", op, err)
			}
		}
	}},
	{"T-38_required_nodes_of_devinfo", func(t *testing.T) {
		f := omadm.Facts{"./DevInfo/DevId": "1", "./DevInfo/Man": "", "./DevInfo/Mod": "x", "./DevInfo/DmV": "1.2", "./DevInfo/Lang": "en"}
		if got := f.MissingInfo(); got != nil {
			t.Errorf("missing %v", got)
		}
		delete(f, "./DevInfo/Man")
		delete(f, "./DevInfo/Lang")
		if got := f.MissingInfo(); !reflect.DeepEqual(got, []omadm.URI{"./DevInfo/Man", "./DevInfo/Lang"}) {
			t.Errorf("missing %v", got)
		}
		for _, u := range []omadm.URI{
			omadm.DevInfo, omadm.DevInfoDevID, omadm.DevInfoMan, omadm.DevInfoMod, omadm.DevInfoDmV, omadm.DevInfoLang, omadm.DevInfoExt, omadm.DevInfoBearer,
			omadm.DevDetail, omadm.DevDetailDevTyp, omadm.DevDetailOEM, omadm.DevDetailFwV, omadm.DevDetailSwV, omadm.DevDetailHwV, omadm.DevDetailLrgObj,
			omadm.DevDetailMaxDepth, omadm.DevDetailMaxTotLen, omadm.DevDetailMaxSegLen,
		} {
			if u.Validate() != nil || u.Canonical() != u {
				t.Errorf("%q is not canonical", u)
			}
		}
	}},
	{"T-39_account", func(t *testing.T) {
		a := omadm.Account{
			ServerID: "dm.example", Name: "Example", PrefConRef: "./Con/1", ToConRef: []string{"./Con/1", "./Con/2"},
			Addresses: []omadm.AccountAddress{{Addr: "https://dm.example/", Ports: []uint16{443}}, {Addr: "192.0.2.1", Type: omadm.AddrIPv4}},
			AuthPref:  omadm.AuthHMAC,
			Auth: []omadm.AccountAuth{
				{Level: omadm.ClientAuth, Type: omadm.AuthHMAC, Name: "dev", Secret: "s1", Data: []byte{1, 2}},
				{Level: omadm.ServerAuth, Type: omadm.AuthTransport},
			},
		}
		list, err := a.Ops("./DMAcc/Ex")
		if err != nil {
			t.Fatal(err)
		}
		got := ""
		seen := map[omadm.URI]bool{"./DMAcc": true}
		for _, op := range list {
			if !seen[op.URI.Parent()] || op.Verb != omadm.Add || op.Validate() != nil {
				t.Errorf("%v: no parent before it, or %v", op, op.Validate())
			}
			seen[op.URI] = true
			line, _ := strings.CutPrefix(string(op.URI), "./DMAcc/")
			if op.Value.Format != omadm.FormatNode {
				line += "=" + op.Value.Data.Value
			}
			got += line + "\n"
		}
		const want = `Ex
Ex/AppID=w7
Ex/ServerID=dm.example
Ex/Name=Example
Ex/PrefConRef=./Con/1
Ex/ToConRef
Ex/ToConRef/1
Ex/ToConRef/1/ConRef=./Con/1
Ex/ToConRef/2
Ex/ToConRef/2/ConRef=./Con/2
Ex/AppAddr
Ex/AppAddr/1
Ex/AppAddr/1/Addr=https://dm.example/
Ex/AppAddr/1/AddrType=URI
Ex/AppAddr/1/Port
Ex/AppAddr/1/Port/1
Ex/AppAddr/1/Port/1/PortNbr=443
Ex/AppAddr/2
Ex/AppAddr/2/Addr=192.0.2.1
Ex/AppAddr/2/AddrType=IPv4
Ex/AAuthPref=HMAC
Ex/AppAuth
Ex/AppAuth/1
Ex/AppAuth/1/AAuthLevel=CLCRED
Ex/AppAuth/1/AAuthType=HMAC
Ex/AppAuth/1/AAuthName=dev
Ex/AppAuth/1/AAuthSecret=s1
Ex/AppAuth/1/AAuthData=AQI=
Ex/AppAuth/2
Ex/AppAuth/2/AAuthLevel=SRVCRED
Ex/AppAuth/2/AAuthType=TRANSPORT
`
		if got != want {
			t.Errorf("got\n%s\nwant\n%s", got, want)
		}
		if list[0].Value.Type != "urn:oma:mo:oma-dm-dmacc:1.0" {
			t.Errorf("object of type %q", list[0].Value.Type)
		}
		r := omadm.Request{ID: "1", Group: omadm.Atomic, Ops: list}
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			if s := fmt.Sprintf(verb, []any{a, &a, a.Auth, list}); strings.Contains(s, "s1") || strings.Contains(s, "AQI") {
				t.Errorf("%s shows a secret: %s", verb, s)
			}
		}
	}},
	{"T-39_accounts_that_are_refused", func(t *testing.T) {
		for name, change := range map[string]func(*omadm.Account){
			"no server":       func(a *omadm.Account) { a.ServerID = "" },
			"server id":       func(a *omadm.Account) { a.ServerID = "a b" },
			"no address":      func(a *omadm.Account) { a.Addresses = nil },
			"empty address":   func(a *omadm.Account) { a.Addresses[0].Addr = "" },
			"type of address": func(a *omadm.Account) { a.Addresses[0].Type = "X25" },
			"level":           func(a *omadm.Account) { a.Auth[0].Level = "x" },
			"type":            func(a *omadm.Account) { a.Auth[0].Type = "" },
		} {
			a := omadm.Account{
				ServerID: "dm.example", Addresses: []omadm.AccountAddress{{Addr: "https://dm.example/"}},
				Auth: []omadm.AccountAuth{{Level: omadm.ClientAuth, Type: omadm.AuthBasic}},
			}
			if _, err := a.Ops("./DMAcc/Ex"); err != nil {
				t.Fatal(err)
			}
			change(&a)
			if list, err := a.Ops("./DMAcc/Ex"); err == nil || list != nil {
				t.Errorf("%s: %v, %v", name, list, err)
			}
		}
	}},
	{"T-40_get_of_a_secret_is_warned_of", func(t *testing.T) {
		for u, want := range map[omadm.URI]bool{
			"./DMAcc/Ex/AppAuth/1/AAuthSecret": true, "./SyncML/DMAcc/Ex/AppAuth/1/AAuthData": true, "DMAcc/Ex/AppAuth/1/%41AuthSecret": true,
			"./DMAcc/Ex/AppAuth/1/AAuthName": false, "./Vendor/AAuthSecret": false, "./DMAcc/Ex/AppAuth/1/AAuthSecret?prop=ACL": false,
		} {
			r := omadm.Request{ID: "1", Ops: []omadm.Op{ops[omadm.Get], {Verb: omadm.Get, URI: u}}}
			got := r.Warnings()
			if want != (len(got) == 1 && got[0].Op == 1) {
				t.Errorf("%s: %v", u, got)
			}
			if want {
				r.Ops[1] = omadm.Op{Verb: omadm.Replace, URI: u, Value: omadm.Text("x")}
				if got := r.Warnings(); got != nil {
					t.Errorf("Replace of %s: %v", u, got)
				}
			}
		}
	}},
}

func FuzzProperties(f *testing.F) {
	for _, s := range []string{"Get=*", "20010711T163817Z", "65536", "", "\xff", " 7 "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, name := range []string{"ACL", "Format", "Name", "Size", "Title", "TStamp", "Type", "VerNo", "Nope"} {
			var p omadm.Properties
			err := p.Set(name, plain(s))
			if p.Has(name) != (err == nil) {
				t.Errorf("%s: %v", name, err)
			}
			if err != nil && !errors.As(err, new(*omadm.ValueError)) && !errors.As(err, new(*omadm.ACLError)) {
				t.Errorf("%s: %v", name, err)
			}
		}
	})
}
