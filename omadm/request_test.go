package omadm_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// ops has one valid operation for each verb.
var ops = map[omadm.Verb]omadm.Op{
	omadm.Get:     {Verb: omadm.Get, URI: "./A"},
	omadm.Add:     {Verb: omadm.Add, URI: "./A", Value: omadm.Text("")},
	omadm.Replace: {Verb: omadm.Replace, URI: "./A", Value: omadm.Int(1)},
	omadm.Delete:  {Verb: omadm.Delete, URI: "./A"},
	omadm.Exec:    {Verb: omadm.Exec, URI: "./A", Correlator: "c1"},
	omadm.Copy:    {Verb: omadm.Copy, URI: "./A", From: "./B"},
	omadm.Alert:   omadm.UserAlert{Code: omadm.AlertConfirm, Text: "Now?"}.Op(),
}

var requestRows = []rowTest{
	{"C-10_atomic_holds_add_alert_copy_delete_replace", func(t *testing.T) {
		for verb, op := range ops {
			r := omadm.Request{ID: "1", Group: omadm.Atomic, Ops: []omadm.Op{ops[omadm.Replace], op}}
			err := r.Validate()
			switch verb {
			case omadm.Get, omadm.Exec:
				var e *omadm.RequestError
				if !errors.As(err, &e) || e.Op != 1 || e.Request != "1" {
					t.Errorf("%v in an Atomic: %#v, want an error about operation 1", verb, err)
				}
			default:
				if err != nil {
					t.Errorf("%v in an Atomic: %v", verb, err)
				}
			}
		}
	}},
	{"C-12_no_get_and_no_exec_in_atomic", func(t *testing.T) {
		for _, verb := range []omadm.Verb{omadm.Get, omadm.Exec} {
			r := omadm.Request{ID: "1", Group: omadm.Atomic, Ops: []omadm.Op{ops[verb]}}
			if err := r.Validate(); err == nil || !strings.Contains(err.Error(), verb.String()+" in an Atomic") {
				t.Errorf("%v in an Atomic: %v", verb, err)
			}
		}
	}},
	{"C-20_sequence_holds_every_verb", func(t *testing.T) {
		r := omadm.Request{ID: "1", Group: omadm.Sequence}
		var want, got []string
		for v := omadm.Alert; v.Known(); v-- {
			r.Ops = append(r.Ops, ops[v])
			want = append(want, v.String())
		}
		if err := r.Validate(); err != nil || len(r.Ops) != 7 {
			t.Errorf("%v: %v", r, err)
		}
		for _, c := range laid(t, &r)[0].(*syncml.Sequence).Body {
			got = append(got, c.Name())
		}
		if !slices.Equal(got, want) {
			t.Errorf("got %q, want the order of the request: %q", got, want)
		}
	}},
	{"C-22_groups_are_not_nested", func(t *testing.T) {
		// A Request is one group of operations, and no operation is a group: all that is left is a group of no kind.
		r := omadm.Request{ID: "1", Group: omadm.Atomic + 1, Ops: []omadm.Op{ops[omadm.Replace]}}
		if err := r.Validate(); !errors.As(err, new(*omadm.RequestError)) {
			t.Errorf("unknown group: %v", err)
		}
		for verb, op := range ops {
			cmd, err := op.Command("1")
			if err != nil {
				t.Fatal(err)
			}
			if items := len(cmd.ItemList()); cmd.Name() != verb.String() || verb != omadm.Alert && items != 1 {
				t.Errorf("%v became %s of %d items", verb, cmd.Name(), len(cmd.ItemList()))
			}
		}
	}},
	{"C-23_commands_have_full_uris", func(t *testing.T) {
		for written, want := range map[omadm.URI]string{
			"A/b%20c": "./A/b%20c", "./A/%c3%a9": "./A/%c3%a9", ".": ".", "./A": "./A",
			"cimv2/X.Key=%221%22/P": "./cimv2/X.Key=%221%22/P", "{8F}": "./{8F}",
		} {
			for _, op := range []omadm.Op{
				{Verb: omadm.Get, URI: written}, {Verb: omadm.Delete, URI: written}, {Verb: omadm.Exec, URI: written},
				{Verb: omadm.Replace, URI: written, Value: omadm.Text("x")}, {Verb: omadm.Copy, URI: written, From: written},
			} {
				cmd, err := op.Command("1")
				if err != nil {
					t.Fatalf("%v: %v", op, err)
				}
				it := cmd.ItemList()[0]
				if it.Target.URI != want || op.Verb == omadm.Copy && it.Source.URI != want || op.Verb != omadm.Copy && it.Source.URI != "" {
					t.Errorf("%v is sent to %q from %q, want %q", op, it.Target.URI, it.Source.URI, want)
				}
			}
		}
		cmd, err := omadm.Op{Verb: omadm.Get, URI: ".?list=Struct"}.Command("1")
		if err != nil || cmd.ItemList()[0].Target.URI != ".?list=Struct" {
			t.Errorf("list of the root: %v, %v", cmd, err)
		}
		for _, op := range []omadm.Op{
			{Verb: omadm.Get, URI: "/A"}, {Verb: omadm.Get, URI: ""}, {Verb: omadm.Get, URI: "./A/../B"}, {Verb: omadm.Get, URI: "./\ufffe"},
			{Verb: omadm.Copy, URI: "./A", From: "/B"}, {Verb: omadm.Copy, URI: "/A", From: "./B"}, {Verb: omadm.Copy},
		} {
			if _, err := op.Command("1"); !errors.As(err, new(*omadm.URIError)) {
				t.Errorf("%v: %v, want a URIError", op, err)
			}
		}
	}},
	{"T-25_use_of_properties", func(t *testing.T) {
		for _, tt := range []struct {
			op omadm.Op
			ok bool
		}{
			{omadm.Op{Verb: omadm.Get, URI: "./A?prop=Size"}, true},
			{omadm.Op{Verb: omadm.Get, URI: "./A?list=TNDS+Value"}, true},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: omadm.Text("x")}, true},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: omadm.Text(strings.Repeat("x", 255))}, true},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: omadm.Text(strings.Repeat("x", 256))}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Name", Value: omadm.Text("b c")}, true},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Name", Value: omadm.Text("b/c")}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Name", Value: omadm.Text("")}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=ACL", Value: omadm.Text("Get=*")}, true},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=ACL", Value: omadm.Text("Copy=*")}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=ACL", Value: omadm.Int(1)}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: omadm.Value{Type: "text/x", Data: syncml.Text("")}}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: omadm.XML("<a/>")}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Size", Value: omadm.Text("1")}, false},
			{omadm.Op{Verb: omadm.Replace, URI: "./A?list=Struct", Value: omadm.Text("1")}, false},
			{omadm.Op{Verb: omadm.Add, URI: "./A?prop=Title", Value: omadm.Text("x")}, false},
			{omadm.Op{Verb: omadm.Delete, URI: "./A?prop=Title"}, false},
			{omadm.Op{Verb: omadm.Exec, URI: "./A?prop=Title"}, false},
			{omadm.Op{Verb: omadm.Copy, URI: "./A?prop=Title", From: "./B"}, false},
			{omadm.Op{Verb: omadm.Copy, URI: "./A", From: "./B?prop=Title"}, false},
		} {
			if err := tt.op.Validate(); (err == nil) != tt.ok {
				t.Errorf("%v: %v", tt.op, err)
			}
		}
		cmd, err := omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: omadm.Text("x")}.Command("1")
		if err != nil || cmd.ItemList()[0].Meta != nil || cmd.ItemList()[0].Data != syncml.Text("x") {
			t.Errorf("Replace of a property: %v, %v", cmd, err)
		}
	}},
	{"X-21_no_command_is_number_zero", func(t *testing.T) {
		for _, id := range []string{"0", ""} {
			if cmd, err := ops[omadm.Get].Command(id); err == nil {
				t.Errorf("command %q: %v", id, cmd)
			}
		}
		if cmd, err := ops[omadm.Get].Command("00"); err != nil || cmd.ID() != "00" {
			t.Errorf("%v, %v", cmd, err)
		}
	}},
}

func TestRequestValidate(t *testing.T) {
	at := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	valid := func() omadm.Request { return omadm.Request{ID: "1", Ops: []omadm.Op{ops[omadm.Replace]}} }
	for name, tt := range map[string]struct {
		change func(*omadm.Request)
		op     int // operation to blame
		ok     bool
	}{
		"plain":                   {func(r *omadm.Request) {}, 0, true},
		"no identifier":           {func(r *omadm.Request) { r.ID = "" }, omadm.GroupOp, false},
		"long identifier":         {func(r *omadm.Request) { r.ID = omadm.RequestID(strings.Repeat("x", 256)) }, omadm.GroupOp, false},
		"longest identifier":      {func(r *omadm.Request) { r.ID = omadm.RequestID(strings.Repeat("x", 255)) }, 0, true},
		"no operations":           {func(r *omadm.Request) { r.Ops = nil }, omadm.GroupOp, false},
		"too many operations":     {func(r *omadm.Request) { r.Ops = many(r.Ops[0], omadm.MaxOps+1) }, omadm.GroupOp, false},
		"many operations":         {func(r *omadm.Request) { r.Ops = many(r.Ops[0], omadm.MaxOps) }, 0, true},
		"unknown delivery":        {func(r *omadm.Request) { r.Delivery = 3 }, omadm.GroupOp, false},
		"negative attempts":       {func(r *omadm.Request) { r.MaxAttempts = -1 }, omadm.GroupOp, false},
		"expires at once":         {func(r *omadm.Request) { r.NotBefore, r.Expires = at, at }, omadm.GroupOp, false},
		"expires later":           {func(r *omadm.Request) { r.NotBefore, r.Expires = at, at.Add(1) }, 0, true},
		"no expiry":               {func(r *omadm.Request) { r.NotBefore = at }, 0, true},
		"no verb":                 {func(r *omadm.Request) { r.Ops[0].Verb = 0 }, 0, false},
		"unknown verb":            {func(r *omadm.Request) { r.Ops[0].Verb = 8 }, 0, false},
		"no address":              {func(r *omadm.Request) { r.Ops[0].URI = "" }, 0, false},
		"no value":                {func(r *omadm.Request) { r.Ops[0].Value = omadm.Value{} }, 0, false},
		"add without value":       {func(r *omadm.Request) { r.Ops[0] = omadm.Op{Verb: omadm.Add, URI: "./A"} }, 0, false},
		"add of an interior node": {func(r *omadm.Request) { r.Ops[0] = omadm.Op{Verb: omadm.Add, URI: "./A", Value: omadm.Node()} }, 0, true},
		"wrong value":             {func(r *omadm.Request) { r.Ops[0].Value = omadm.Text("\x00") }, 0, false},
		"get with value":          {func(r *omadm.Request) { r.Ops[0].Verb = omadm.Get }, 0, false},
		"delete with value":       {func(r *omadm.Request) { r.Ops[0].Verb = omadm.Delete }, 0, false},
		"copy with value":         {func(r *omadm.Request) { r.Ops[0].Verb, r.Ops[0].From = omadm.Copy, "./B" }, 0, false},
		"copy without source":     {func(r *omadm.Request) { r.Ops[0] = omadm.Op{Verb: omadm.Copy, URI: "./A"} }, 0, false},
		"replace with source":     {func(r *omadm.Request) { r.Ops[0].From = "./B" }, 0, false},
		"replace with correlator": {func(r *omadm.Request) { r.Ops[0].Correlator = "c" }, 0, false},
		"correlator no XML":       {func(r *omadm.Request) { r.Ops = []omadm.Op{ops[omadm.Exec]}; r.Ops[0].Correlator = "\x01" }, 0, false},
		"mixed scopes":            {func(r *omadm.Request) { r.Ops = append(r.Ops, omadm.Op{Verb: omadm.Get, URI: "./User/A"}) }, 1, false},
		"copy between scopes":     {func(r *omadm.Request) { r.Ops[0] = omadm.Op{Verb: omadm.Copy, URI: "./A", From: "./User/A"} }, 0, false},
		"user scope":              {func(r *omadm.Request) { r.Ops[0].URI, r.User = "./User/A", "a@b" }, 0, true},
		"user and device scope":   {func(r *omadm.Request) { r.User = "a@b" }, omadm.GroupOp, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := valid()
			tt.change(&r)
			err := r.Validate()
			if tt.ok {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var e *omadm.RequestError
			if !errors.As(err, &e) || e.Op != tt.op || e.Request != r.ID || e.Reason == "" || len(err.Error()) > 300 {
				t.Errorf("%#v, want a RequestError about operation %d", err, tt.op)
			}
		})
	}
}

func many(op omadm.Op, n int) []omadm.Op {
	list := make([]omadm.Op, n)
	for i := range list {
		list[i] = op
	}
	return list
}

func TestRequestErrorUnwraps(t *testing.T) {
	r := omadm.Request{ID: "r1", Ops: []omadm.Op{ops[omadm.Get], {Verb: omadm.Get, URI: "./A//B"}}}
	err := r.Validate()
	var e *omadm.URIError
	if !errors.As(err, &e) || e.Offset != 4 {
		t.Errorf("%v", err)
	}
	if got, want := err.Error(), `omadm: request "r1": operation 1: URI "./A//B": empty segment at octet 4`; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequestNormalize(t *testing.T) {
	r := omadm.Request{Ops: []omadm.Op{{Verb: omadm.Get, URI: "User/A"}}}
	if r.Normalize(); r.Scope != omadm.UserScope {
		t.Errorf("scope %v", r.Scope)
	}
	r.Ops[0].URI = "./Vendor/A"
	if r.Normalize(); r.Scope != omadm.DeviceScope {
		t.Errorf("scope %v", r.Scope)
	}
	r = omadm.Request{Scope: omadm.UserScope}
	if r.Normalize(); r.Scope != omadm.DeviceScope {
		t.Errorf("scope of no operations %v", r.Scope)
	}
}

func TestRequestEffectiveDelivery(t *testing.T) {
	for verb, op := range ops {
		want := omadm.AtLeastOnce
		if verb == omadm.Exec || verb == omadm.Copy || verb == omadm.Alert {
			want = omadm.AtMostOnce
		}
		r := omadm.Request{Ops: []omadm.Op{ops[omadm.Get], op}}
		if got := r.EffectiveDelivery(); got != want {
			t.Errorf("%v: %v, want %v", verb, got, want)
		}
		for _, d := range []omadm.Delivery{omadm.AtLeastOnce, omadm.AtMostOnce} {
			if r.Delivery = d; r.EffectiveDelivery() != d {
				t.Errorf("%v asked for: %v", d, r.EffectiveDelivery())
			}
		}
	}
	if got := (omadm.Request{Ops: []omadm.Op{{Verb: 99}}}).EffectiveDelivery(); got != omadm.AtMostOnce {
		t.Errorf("unknown verb: %v", got)
	}
}

func TestOpCommand(t *testing.T) {
	cmd, err := omadm.Op{Verb: omadm.Exec, URI: "./A", Correlator: "c1", Value: omadm.Text("x")}.Command("7")
	exec, ok := cmd.(*syncml.Exec)
	if err != nil || !ok || exec.CmdID != "7" || exec.Correlator != "c1" {
		t.Fatalf("%#v, %v", cmd, err)
	}
	it := exec.Items[0]
	if it.Meta == nil || it.Meta.Format != "chr" || it.Meta.Type != "" || it.Data != syncml.Text("x") {
		t.Errorf("Meta %v, data %v", it.Meta, it.Data)
	}
	if _, err := (omadm.Op{Verb: 9, URI: "./A"}).Command("1"); err == nil {
		t.Error("an unknown verb has a command")
	}
}

func TestRequestString(t *testing.T) {
	r := omadm.Request{ID: "r1", Group: omadm.Atomic, Ops: []omadm.Op{ops[omadm.Add], ops[omadm.Copy]}}
	if got, want := r.String(), `request "r1": Atomic of 2, device scope, at most once`; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	copied := omadm.Op{Verb: omadm.Copy, URI: "./A", From: "./B"}
	if got, want := copied.String(), `Copy "./A" from "./B"`; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
}
