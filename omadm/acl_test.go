package omadm_test

import (
	"errors"
	"reflect"
	"testing"

	"github.com/gomadm/gomadm/omadm"
)

var aclRows = []rowTest{
	{"T-30_acl_parse_and_print", func(t *testing.T) {
		for _, tt := range []struct {
			text string
			want omadm.ACL
			back string
		}{
			{"", omadm.ACL{}, ""},
			{" \n", omadm.ACL{}, ""},
			{"Add=*&Get=*", omadm.ACL{Add: []string{"*"}, Get: []string{"*"}}, "Add=*&Get=*"},
			{
				"Replace=b+a&Add=a&Get=*&Delete=x&Exec=y",
				omadm.ACL{Add: []string{"a"}, Delete: []string{"x"}, Exec: []string{"y"}, Get: []string{"*"}, Replace: []string{"b", "a"}},
				"Add=a&Delete=x&Exec=y&Get=*&Replace=b+a",
			},
			{"Get=a+*+b", omadm.ACL{Get: []string{"*"}}, "Get=*"},
			{"Get=&Add=a", omadm.ACL{Add: []string{"a"}}, "Add=a"},
		} {
			got, err := omadm.ParseACL(tt.text)
			if err != nil || !reflect.DeepEqual(got, tt.want) {
				t.Errorf("ParseACL(%q) = %+v, %v, want %+v", tt.text, got, err, tt.want)
			}
			if got.String() != tt.back {
				t.Errorf("%q printed: %q, want %q", tt.text, got.String(), tt.back)
			}
		}
		for text, offset := range map[string]int{
			"Copy=a": 0, "get=a": 0, "Get": 0, "Get=a&": 6, "&Get=a": 0, "Get=a&Get=b": 6, "Get=a++b": 6, "Get=a=b": 4,
			"Get=a b": 4, "Get=a+b*": 6, "Get=a\x00": 4, " Get=\xff": 5, "Get=a;Add=b": 4,
		} {
			var e *omadm.ACLError
			if got, err := omadm.ParseACL(text); !errors.As(err, &e) || e.Offset != offset || !got.Empty() {
				t.Errorf("ParseACL(%q) = %+v, %v, want an error at octet %d", text, got, err, offset)
			}
		}
		if got := (omadm.ACL{Get: []string{"a", "*"}}).String(); got != "Get=*" {
			t.Errorf("everyone among others printed: %q", got)
		}
	}},
	{"T-31_empty_inherits_and_others_stand_alone", func(t *testing.T) {
		if got := omadm.EffectiveACL().String(); got != "Add=*&Get=*" {
			t.Errorf("default of the root: %q", got)
		}
		own := omadm.ACL{Get: []string{"a"}}
		parent := omadm.ACL{Add: []string{"a"}, Replace: []string{"b"}}
		if got := omadm.EffectiveACL(own, parent); !reflect.DeepEqual(got, own) || got.Allows(omadm.Add, "a") {
			t.Errorf("effective: %v, want %v alone", got, own)
		}
		got := omadm.EffectiveACL(omadm.ACL{}, omadm.ACL{}, parent, omadm.RootACL())
		if !reflect.DeepEqual(got, parent) {
			t.Errorf("effective: %v, want %v", got, parent)
		}
		if !got.Allows(omadm.Replace, "b") || got.Allows(omadm.Replace, "a") || got.Allows(omadm.Get, "a") || got.Allows(omadm.Copy, "a") {
			t.Errorf("%v allows the wrong servers", got)
		}
		if root := omadm.RootACL(); !root.Allows(omadm.Get, "anyone") || root.Allows(omadm.Delete, "anyone") {
			t.Errorf("%v allows the wrong commands", root)
		}
		if (omadm.ACL{}).Allows(omadm.Get, "a") {
			t.Error("the empty list allows something")
		}
		empty := omadm.Request{ID: "1", Ops: []omadm.Op{(omadm.ACL{}).Op(".")}}
		if err := empty.Validate(); err == nil {
			t.Error("the root may lose its list")
		}
		empty.Ops[0] = (omadm.ACL{}).Op("./A")
		if err := empty.Validate(); err != nil {
			t.Errorf("empty list of a node: %v", err)
		}
	}},
	{"T-33_replace_overwrites_the_whole_list", func(t *testing.T) {
		acl, err := omadm.ParseACL("Get=*&Replace=a")
		if err != nil {
			t.Fatal(err)
		}
		acl.Replace = append(acl.Replace, "b")
		op := acl.Op("./Vendor/Ex?list=Struct")
		text, err := op.Value.Text()
		if op.Verb != omadm.Replace || op.URI != "./Vendor/Ex?prop=ACL" || err != nil || text != "Get=*&Replace=a+b" {
			t.Errorf("%v with %q, %v", op, text, err)
		}
		cmd, err := op.Command("2")
		if err != nil {
			t.Fatal(err)
		}
		if items := cmd.ItemList(); len(items) != 1 || items[0].Meta != nil {
			t.Errorf("a property travels with Meta: %v", items[0].Meta)
		}
	}},
	{"T-37_server_identifiers", func(t *testing.T) {
		for _, id := range []string{"dm.example.test", "www.sonera.fi-8765", "é", "a/b:c"} {
			if err := omadm.ValidateServerID(id); err != nil {
				t.Errorf("%q: %v", id, err)
			}
		}
		for _, id := range []string{"", "a=b", "a&b", "*", "a+b", "a b", "a\u00a0b", "a\tb", "a\x00", "\xff"} {
			if err := omadm.ValidateServerID(id); !errors.As(err, new(*omadm.ACLError)) {
				t.Errorf("%q: %v, want an ACLError", id, err)
			}
			acl := omadm.ACL{Add: []string{"a"}, Replace: []string{id}}
			if err := acl.Validate(); (err == nil) != (id == omadm.Everyone) {
				t.Errorf("list with %q: %v", id, err)
			}
		}
	}},
}

func FuzzACL(f *testing.F) {
	for _, s := range []string{"", "Add=*&Get=*", "Replace=a+b", "Get=a+*", "Get=", "Copy=a", "Get=a&Get=a", " Get=é "} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		a, err := omadm.ParseACL(s)
		if err != nil {
			return
		}
		if err := a.Validate(); err != nil {
			t.Errorf("%q parses and is invalid: %v", s, err)
		}
		text := a.String()
		b, err := omadm.ParseACL(text)
		if err != nil || !reflect.DeepEqual(a, b) || b.String() != text {
			t.Errorf("%q printed as %q parses as %+v, %v, want %+v", s, text, b, err, a)
		}
	})
}
