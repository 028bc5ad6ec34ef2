package omadm_test

import (
	"bufio"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
)

var uriRows = []rowTest{
	{"T-1_dot_slash_is_optional", func(t *testing.T) {
		for _, pair := range [][2]omadm.URI{
			{"./A", "A"}, {"./A/B", "A/B"}, {"./A?prop=ACL", "A?prop=ACL"}, {".", "."},
			{"./%41/b%20c", "A/b%20c"}, {"./a%c3%a9", "./aé"}, {"./a=%22b%22", "./a%3D%22b%22"},
		} {
			if !pair[0].Equal(pair[1]) || !pair[1].Equal(pair[0]) {
				t.Errorf("%q and %q differ", pair[0], pair[1])
			}
			if a, b := pair[0].Canonical(), pair[1].Canonical(); a != b || a.Canonical() != a {
				t.Errorf("canonical forms %q and %q", a, b)
			}
		}
		for _, pair := range [][2]omadm.URI{
			{"./A", "./B"}, {"./A/B", "./A"}, {"./A?prop=ACL", "./A"}, {"./A%2525", "./A%25"},
		} {
			if pair[0].Equal(pair[1]) {
				t.Errorf("%q and %q are equal", pair[0], pair[1])
			}
		}
	}},
	{"T-2_forbidden_paths", func(t *testing.T) {
		checkURIs(t, map[string]string{
			"./":          "ends in a delimiter",
			"./A/":        "ends in a delimiter",
			"A/":          "ends in a delimiter",
			"":            "is empty",
			"?prop=ACL":   "is empty",
			"./A//B":      "empty segment",
			".//A":        "empty segment",
			"./A/../B":    `segment "." or ".."`,
			"..":          `segment "." or ".."`,
			"../A":        `segment "." or ".."`,
			"./A/./B":     `segment "." or ".."`,
			"././A":       `segment "." or ".."`,
			"./A/.":       `segment "." or ".."`,
			"./A/%2E%2e":  `segment "." or ".."`,
			"./A/.%2e/B":  `segment "." or ".."`,
			"./A/..B":     "",
			"./A/...":     "",
			"./.A":        "",
			".":           "",
			".?list=TNDS": "",
		})
	}},
	{"T-3_escapes", func(t *testing.T) {
		checkURIs(t, map[string]string{
			"./A/x%4":          "broken escape",
			"./A/x%":           "broken escape",
			"./A/x%4G":         "broken escape",
			"./A/%C3":          "invalid UTF-8",
			"./A/%C3A":         "invalid UTF-8",
			"./A/%80":          "invalid UTF-8",
			"./A/%C0%80":       "invalid UTF-8",
			"./A/%ED%A0%80":    "invalid UTF-8",
			"./A/\xff":         "invalid UTF-8",
			"./A/b%2Fc":        "cannot contain a delimiter",
			"./A/b%2fc":        "cannot contain a delimiter",
			"./A/%00":          "control character",
			"./A/a b":          "has to be escaped",
			"./A/a\tb":         "has to be escaped",
			"./A/a#b":          "has to be escaped",
			"./A/a\"b\"":       "has to be escaped",
			"./A/%C3%A9":       "",
			"./A/é":            "",
			"./A/%C3\xa9":      "",
			"./A/{8F-0}/x":     "",
			"./A/%EF%BF%BD":    "",
			"./A/%F0%9F%98%80": "",
		})
		for name, want := range map[string]string{
			"a b": "a%20b", "é": "%C3%A9", "v1.2": "v1.2", "50%": "50%25", "a?b#c": "a%3Fb%23c", "": "", "a/b": "a%2Fb",
		} {
			got := omadm.EscapeSegment(name)
			if got != want {
				t.Errorf("EscapeSegment(%q) = %q, want %q", name, got, want)
			}
			if back, err := omadm.UnescapeSegment(got); err != nil || back != name {
				t.Errorf("UnescapeSegment(%q) = %q, %v, want %q", got, back, err, name)
			}
		}
		if _, err := omadm.UnescapeSegment("a%zz"); !errors.As(err, new(*omadm.URIError)) {
			t.Errorf("UnescapeSegment of a broken escape: %v", err)
		}
		u := omadm.URI("./A").Join("a b", "50%", "é")
		if want := omadm.URI("./A/a%20b/50%25/%C3%A9"); u != want {
			t.Errorf("Join = %q, want %q", u, want)
		}
		if got, want := u.Segments(), []string{"A", "a b", "50%", "é"}; !reflect.DeepEqual(got, want) {
			t.Errorf("Segments = %q, want %q", got, want)
		}
		if u.Base() != "é" {
			t.Errorf("Base = %q", u.Base())
		}
	}},
	{"T-4_case_is_kept", func(t *testing.T) {
		if omadm.URI("./A/b").Equal("./A/B") {
			t.Error("names that differ in case are equal")
		}
		if got := omadm.URI("./vendor/MSFT").Canonical(); got != "./vendor/MSFT" {
			t.Errorf("Canonical = %q", got)
		}
		r := omadm.Request{ID: "1", Ops: []omadm.Op{
			{Verb: omadm.Get, URI: "./A/Name/x"}, {Verb: omadm.Get, URI: "./A/name/y"}, {Verb: omadm.Get, URI: "./B/name"},
		}}
		if got := r.Warnings(); len(got) != 1 || got[0].Op != 1 {
			t.Errorf("warnings %+v, want one about operation 1", got)
		}
		r.Ops[1].URI = "./A/Name/y"
		if got := r.Warnings(); len(got) != 0 {
			t.Errorf("warnings %+v, want none", got)
		}
	}},
	{"T-5_limits_of_the_device", func(t *testing.T) {
		for _, tt := range []struct {
			uri    omadm.URI
			limits omadm.URILimits
			offset int // -1: within
		}{
			{"./A/B", omadm.URILimits{}, -1},
			{"./A/B", omadm.URILimits{MaxDepth: 2, MaxTotLen: 5, MaxSegLen: 1}, -1},
			{"./A/B", omadm.URILimits{MaxDepth: 1}, 0},
			{"./A/B", omadm.URILimits{MaxTotLen: 4}, 0},
			{"A/B", omadm.URILimits{MaxTotLen: 4}, 0}, // sent as ./A/B
			{"./A/BC", omadm.URILimits{MaxSegLen: 1}, 4},
			{"A/BC", omadm.URILimits{MaxSegLen: 1}, 2},
			{"./é/éé", omadm.URILimits{MaxTotLen: 6, MaxSegLen: 2}, -1}, // characters, not octets
			{"./é/éé", omadm.URILimits{MaxTotLen: 5}, 0},
			{"./A?prop=ACL", omadm.URILimits{MaxTotLen: 11}, 0},
			{".", omadm.URILimits{MaxDepth: 1, MaxTotLen: 1, MaxSegLen: 1}, -1},
		} {
			err := tt.uri.Within(tt.limits)
			if tt.offset < 0 {
				if err != nil {
					t.Errorf("%q within %+v: %v", tt.uri, tt.limits, err)
				}
				continue
			}
			var e *omadm.URIError
			if !errors.As(err, &e) || e.Status != omadm.StatusURITooLong || e.Offset != tt.offset {
				t.Errorf("%q within %+v: %#v, want 414 at octet %d", tt.uri, tt.limits, err, tt.offset)
			}
		}
	}},
	{"T-6_queries", func(t *testing.T) {
		checkURIs(t, map[string]string{
			"./A?prop=Nope":            "unknown property",
			"./A?prop=acl":             "unknown property",
			"./A?prop=":                "unknown property",
			"./A?list=Nope":            "unknown list",
			"./A?list=Struct+ACL":      "unknown list",
			"./A?list=TNDSx":           "unknown list",
			"./A?list=TNDS+Nope":       "unknown property",
			"./A?list=TNDS+":           "unknown property",
			"./A?list=TNDS+Value-ACL":  "mixes plus and minus",
			"./A?x=1":                  "neither prop nor list",
			"./A?":                     "neither prop nor list",
			"./A?prop=ACL?prop=ACL":    "unknown property",
			"./A?prop=ACL&list=Struct": "unknown property",
			"./A?prop=ACL":             "",
			"./A?prop=VerNo":           "",
			"./A?list=Struct":          "",
			"./A?list=StructData":      "",
			"./A?list=TNDS":            "",
			"./A?list=TNDS+Value+ACL":  "",
			"./A?list=TNDS-Format-ACL": "",
		})
		var e *omadm.URIError
		if _, err := omadm.ParseURI("./A?prop=Nope"); !errors.As(err, &e) || e.Status != omadm.StatusFeatureNotSupported || e.Offset != 4 {
			t.Errorf("unknown property: %#v, want 406 at octet 4", err)
		}
		u := omadm.URI("./A?prop=ACL")
		if u.Prop() != "ACL" || u.List() != "" || u.Query() != "prop=ACL" || u.Path() != "./A" {
			t.Errorf("parts of %q: %q %q %q %q", u, u.Prop(), u.List(), u.Query(), u.Path())
		}
		u = u.WithList(omadm.ListTNDS, "+Value", "+ACL")
		if u != "./A?list=TNDS+Value+ACL" || u.List() != "TNDS+Value+ACL" || u.Prop() != "" {
			t.Errorf("WithList = %q, List %q, Prop %q", u, u.List(), u.Prop())
		}
		if u = u.WithProp(omadm.PropTitle); u != "./A?prop=Title" {
			t.Errorf("WithProp = %q", u)
		}
	}},
	{"W-3_scope_of_a_target", func(t *testing.T) {
		for u, want := range map[omadm.URI]omadm.Scope{
			"./User/Vendor/MSFT/X":   omadm.UserScope,
			"User/Vendor/MSFT/X":     omadm.UserScope,
			"./User":                 omadm.UserScope,
			"./%55ser/Vendor":        omadm.UserScope,
			"./User?list=Struct":     omadm.UserScope,
			"./Users/X":              omadm.DeviceScope,
			"./user/X":               omadm.DeviceScope,
			"./Device/Vendor/MSFT/X": omadm.DeviceScope,
			"./Vendor/MSFT/X":        omadm.DeviceScope,
			"./Vendor/User":          omadm.DeviceScope,
			".":                      omadm.DeviceScope,
		} {
			if got := u.Scope(); got != want {
				t.Errorf("scope of %q: %v, want %v", u, got, want)
			}
		}
	}},
	{"W-22_what_windows_refuses", func(t *testing.T) {
		checkURIs(t, map[string]string{
			"/A":        "begins with a delimiter",
			"./A/*":     "only an asterisk",
			"./A/%2A/B": "only an asterisk",
			"./A/*b":    "",
			"./A/. /B":  "has to be escaped",
			" ./A":      "has to be escaped",
		})
		file, err := os.Open("../testdata/examples/73-uri-table.txt")
		if err != nil {
			t.Fatal(err)
		}
		defer file.Close()
		n := 0
		for lines := bufio.NewScanner(file); lines.Scan(); {
			fields := strings.Fields(lines.Text())
			if len(fields) < 2 || fields[0] == "#" {
				continue
			}
			n++
			_, err := omadm.ParseURI(fields[1])
			if ok := err == nil; ok != (fields[0] == "ok") {
				t.Errorf("%s %q: %v", fields[0], fields[1], err)
			}
		}
		if n < 20 {
			t.Errorf("read %d lines of the table", n)
		}
	}},
	{"W-40_equals_signs_are_no_query", func(t *testing.T) {
		const s = "./cimv2/MDM_X/MDM_X.Key=%221%22/Prop"
		u, err := omadm.ParseURI(s)
		if err != nil || u != s {
			t.Fatalf("ParseURI = %q, %v", u, err)
		}
		if u.Query() != "" || u.Prop() != "" || u.Canonical() != s || u.Absolute() != s {
			t.Errorf("query %q, canonical %q", u.Query(), u.Canonical())
		}
		if got, want := u.Segments(), []string{"cimv2", "MDM_X", `MDM_X.Key="1"`, "Prop"}; !reflect.DeepEqual(got, want) {
			t.Errorf("Segments = %q, want %q", got, want)
		}
	}},
}

// checkURIs parses the keys; the values are part of the reason to expect, empty for a valid URI.
func checkURIs(t *testing.T, uris map[string]string) {
	t.Helper()
	for s, want := range uris {
		u, err := omadm.ParseURI(s)
		if want == "" {
			if err != nil || string(u) != s {
				t.Errorf("ParseURI(%q) = %q, %v", s, u, err)
			}
			continue
		}
		var e *omadm.URIError
		if !errors.As(err, &e) {
			t.Errorf("ParseURI(%q) = %q, %v, want a URIError", s, u, err)
			continue
		}
		if u != "" || !strings.Contains(e.Reason, want) || e.URI != omadm.URI(s) || e.Offset > len(s) || e.Offset < 0 {
			t.Errorf("ParseURI(%q): %#v, want reason %q", s, e, want)
		}
	}
}

func TestURIErrorOffset(t *testing.T) {
	for s, want := range map[string]int{
		"./A//B": 4, "./A/": 3, "./": 1, "./A/b%4": 5, "./A/b c": 5, "./AB/..": 5, "./A?list=x": 4, "/": 0,
	} {
		var e *omadm.URIError
		if _, err := omadm.ParseURI(s); !errors.As(err, &e) || e.Offset != want {
			t.Errorf("%q: %#v, want octet %d", s, err, want)
		}
	}
	if _, err := omadm.ParseURI(strings.Repeat("a", 1<<16) + "//"); len(err.Error()) > 300 {
		t.Errorf("error of %d octets", len(err.Error()))
	}
}

func TestURIFamily(t *testing.T) {
	for _, tt := range []struct {
		uri, parent omadm.URI
		base        string
		depth       int
	}{
		{"./A/B", "./A", "B", 2},
		{"A/B", "A", "B", 2},
		{"./A", ".", "A", 1},
		{"A", ".", "A", 1},
		{".", ".", "", 0},
		{"./A/B?prop=ACL", "./A", "B", 2},
		{".?prop=ACL", ".", "", 0},
	} {
		if got := tt.uri.Parent(); got != tt.parent {
			t.Errorf("parent of %q: %q, want %q", tt.uri, got, tt.parent)
		}
		if got := tt.uri.Base(); got != tt.base {
			t.Errorf("base of %q: %q, want %q", tt.uri, got, tt.base)
		}
		if got := tt.uri.Depth(); got != tt.depth || got != len(tt.uri.Segments()) {
			t.Errorf("depth of %q: %d, want %d", tt.uri, got, tt.depth)
		}
	}
}

func TestURIJoin(t *testing.T) {
	for _, tt := range []struct {
		uri   omadm.URI
		names []string
		want  omadm.URI
	}{
		{".", []string{"A"}, "./A"},
		{"", []string{"A", "B"}, "./A/B"},
		{"A", []string{"B"}, "A/B"},
		{"./A?prop=ACL", []string{"B"}, "./A/B"},
		{"./A", nil, "./A"},
	} {
		if got := tt.uri.Join(tt.names...); got != tt.want {
			t.Errorf("%q joined with %q: %q, want %q", tt.uri, tt.names, got, tt.want)
		}
	}
}

func TestURIHasPrefix(t *testing.T) {
	for _, tt := range []struct {
		uri, prefix omadm.URI
		want        bool
	}{
		{"./A/B", "./A", true},
		{"./A/B", "A", true},
		{"./A", "./A", true},
		{"./AB", "./A", false},
		{"./A", "./A/B", false},
		{"./A/B?prop=ACL", "./A?list=Struct", true},
		{"./A", ".", true},
		{".", "./A", false},
		{"./%41/B", "./A", true},
		{"./a/B", "./A", false},
	} {
		if got := tt.uri.HasPrefix(tt.prefix); got != tt.want {
			t.Errorf("%q has prefix %q: %t, want %t", tt.uri, tt.prefix, got, tt.want)
		}
	}
}

func TestURIValidateDoesNotAllocate(t *testing.T) {
	u := omadm.URI("./Device/Vendor/MSFT/Policy/Config/Camera/a%20b%C3%A9?prop=ACL")
	if n := testing.AllocsPerRun(100, func() {
		if u.Validate() != nil {
			t.Fatal("invalid")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func FuzzSegment(f *testing.F) {
	for _, s := range []string{"", "a b", "50%", "%41", "é", "a/b", "*", "\xff", "a=%221%22"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		escaped := omadm.EscapeSegment(s)
		if strings.ContainsAny(escaped, "/?#\" ") {
			t.Errorf("EscapeSegment(%q) = %q", s, escaped)
		}
		if got, err := omadm.UnescapeSegment(escaped); err != nil || got != s {
			t.Errorf("%q escaped and unescaped: %q, %v", s, got, err)
		}
		if name, err := omadm.UnescapeSegment(s); err == nil {
			if again, err := omadm.UnescapeSegment(omadm.EscapeSegment(name)); err != nil || again != name {
				t.Errorf("%q unescaped and back: %q, %v", s, again, err)
			}
		}
	})
}

func FuzzURI(f *testing.F) {
	for _, s := range []string{
		".", "./A", "A/B", "./A/../B", "./A?list=TNDS+Value-ACL", "./A/x%4", "./cimv2/X.Key=%221%22/P", "./\xff", "./%C3%A9/é",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := omadm.ParseURI(s)
		any := omadm.URI(s) // the methods survive what ParseURI refuses
		if c := any.Canonical(); c.Canonical() != c && err == nil {
			t.Errorf("canonical form of %q is not stable: %q, %q", s, c, c.Canonical())
		}
		any.Within(omadm.URILimits{MaxDepth: 1, MaxTotLen: 1, MaxSegLen: 1})
		any.Segments()
		any.Base()
		any.Scope()
		if any.HasPrefix(any.Parent()) != true && err == nil {
			t.Errorf("%q is not below its parent %q", s, any.Parent())
		}
		if err != nil {
			return
		}
		if !utf8.ValidString(strings.Join(u.Segments(), "")) {
			t.Errorf("%q has names in invalid UTF-8", s)
		}
		if err := u.Canonical().Validate(); err != nil {
			t.Errorf("canonical form of %q: %v", s, err)
		}
		if !u.Equal(u.Canonical()) || !u.Equal(u.Absolute()) {
			t.Errorf("%q differs from itself", s)
		}
		joined := omadm.Root.Join(u.Segments()...)
		if joined != u.Path().Canonical() {
			t.Errorf("segments of %q joined: %q, want %q", s, joined, u.Path().Canonical())
		}
	})
}
