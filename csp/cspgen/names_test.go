package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

const vendor = "./Device/Vendor/MSFT/"

// catalog returns a catalogue of nodes, with the values that those have which are written "A=0,1".
func catalog(t *testing.T, nodes ...string) *csp.Catalog {
	t.Helper()
	var defs []csp.Definition
	for _, n := range nodes {
		n, values, _ := strings.Cut(n, "=")
		d := csp.Definition{Template: vendor + n, Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Get, omadm.Replace)}
		if values != "" {
			d.Allowed = csp.Constraint{Kind: csp.Enum, Values: strings.Split(values, ",")}
		}
		defs = append(defs, d)
	}
	c, err := csp.New(csp.Provenance{Name: "x"}, defs)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// TestNamesStay makes constants of one catalogue after the other, with the names of the one before.
func TestNamesStay(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "a"), 0o777); err != nil {
		t.Fatal(err)
	}
	kit := "package a\n\ntype Kit struct{}\n\nfunc (Kit) Method() {}\n\nfunc Build() {}\n\nconst One, two = 1, 2\n"
	if err := os.WriteFile(filepath.Join(dir, "a", "kit.go"), []byte(kit), 0o600); err != nil {
		t.Fatal(err)
	}
	step := func(lock string, said described, nodes ...string) (next, source, fault string) {
		t.Helper()
		ns, err := parseNames(lock)
		if err != nil {
			return "", "", err.Error()
		}
		files, err := constants(dir, catalog(t, nodes...), ns, said)
		if err != nil {
			return "", "", err.Error()
		}
		return strings.TrimPrefix(ns.String(), namesHead), files["a/nodes.go"], ""
	}
	const line = "a\tX\t./Device/Vendor/MSFT/A/X\n"
	said := described{vendor + "A/X": {"0": "Not allowed.", "1": "Allowed."}}

	first, source, fault := step("", said, "A/X=0,1")
	if want := line + "a\tXNotAllowed\t./Device/Vendor/MSFT/A/X\t0\na\tXAllowed\t./Device/Vendor/MSFT/A/X\t1\n"; fault != "" || first != want {
		t.Fatalf("got %s\n%s\nwant\n%s", fault, first, want)
	}
	for _, want := range []string{`X node.GetReplace[int64] = "./Device/Vendor/MSFT/A/X"`, "XNotAllowed int64 = 0\n"} {
		if !strings.Contains(source, want) {
			t.Errorf("no %s in\n%s", want, source)
		}
	}
	if second, _, fault := step(first, nil, "A/X=0,1"); fault != "" || second != first {
		t.Errorf("without the files: got %s\n%s", fault, second)
	}
	other := described{vendor + "A/X": {"0": "Off", "1": "On"}}
	if second, _, fault := step(first, other, "A/X=0,1"); fault != "" || second != first {
		t.Errorf("when the files say something else: got %s\n%s", fault, second)
	}
	if second, _, fault := step(first, nil, "A/X=0,1", "A/Y", "B/Y"); fault != "" || second != first+"a\tY\t./Device/Vendor/MSFT/A/Y\nb\tY\t./Device/Vendor/MSFT/B/Y\n" {
		t.Errorf("more nodes: got %s\n%s", fault, second)
	}
	second, source, fault := step(first, nil, "A/X=1,2")
	if fault != "" || second != first || !strings.Contains(source, "// Deprecated: no value of the node any more.\n\tXNotAllowed int64 = 0\n") {
		t.Errorf("a value less: got %s\n%s%s", fault, second, source)
	}

	for name, tt := range map[string]struct {
		lock  string
		nodes []string
		want  string
	}{
		"a node less":         {first, []string{"A/Y"}, "a.X: the catalogue does not have ./Device/Vendor/MSFT/A/X any more: define it in overlay.json, as removed"},
		"another name":        {"a\tZ\t./Device/Vendor/MSFT/A/X\n", []string{"A/X"}, "./Device/Vendor/MSFT/A/X is a.Z, and csp.ConstantName makes it a.X"},
		"one name for two":    {"", []string{"A/X-Y", "A/XY"}, `a.XY is the name of "./Device/Vendor/MSFT/A/X-Y" and of "./Device/Vendor/MSFT/A/XY"`},
		"the name of a value": {first, []string{"A/X", "A/XAllowed"}, `a.XAllowed is the name of "./Device/Vendor/MSFT/A/X = 1" and of "./Device/Vendor/MSFT/A/XAllowed"`},
		"the name of a type":  {"", []string{"A/Kit"}, `a.Kit is the name of "a hand-written file" and of "./Device/Vendor/MSFT/A/Kit"`},
		"of a function":       {"", []string{"A/Build"}, `a.Build is the name of "a hand-written file"`},
		"of a constant":       {"", []string{"A/One"}, `a.One is the name of "a hand-written file"`},
		"not of a method":     {"", []string{"A/Method"}, ""},
		"an identifier twice": {line + "a\tX\t./Device/Vendor/MSFT/A/Z\n", nil, "names: line 2: a.X is the name of"},
		"a node twice":        {line + "a\tZ\t./Device/Vendor/MSFT/A/X\n", nil, `names: line 2: "./Device/Vendor/MSFT/A/X" is a.X and a.Z`},
		"a line that is none": {"a\tX\n", nil, "names: line 1: 2 columns"},
	} {
		_, _, fault := step(tt.lock, nil, tt.nodes...)
		if tt.want == "" && fault != "" || !strings.Contains(fault, tt.want) {
			t.Errorf("%s: got %q, want %q", name, fault, tt.want)
		}
	}
}

// TestRemovedNodesAreDeprecated looks at what becomes of a node that the overlay keeps.
func TestRemovedNodesAreDeprecated(t *testing.T) {
	c, err := csp.New(csp.Provenance{Name: "x"}, []csp.Definition{
		{Template: vendor + "A/X", Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Get), Removed: "Edition 2"},
		{Template: vendor + "A/Y", Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Get), Deprecated: &csp.Build{Major: 10, Number: 22000}},
		{Template: "./Vendor/Other/A", Format: omadm.FormatInt, Verbs: csp.NewVerbs(omadm.Get)},
	})
	if err != nil {
		t.Fatal(err)
	}
	ns, err := parseNames("")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := constants(t.TempDir(), c, ns, nil); err == nil || err.Error() != "./Device/Vendor/Other/A: a place that belongs to no package" {
		t.Errorf("another vendor's node: got %v", err)
	}
	p := pkg{name: "a"}
	for n := range c.All() {
		if pkg, ident := csp.ConstantName(n.Template()); pkg == "a" {
			p.consts = append(p.consts, constant{name{pkg: pkg, ident: ident, template: n.Template()}, n})
		}
	}
	files, err := formatted(map[string]string{"a": p.source()})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"// Deprecated: not in Edition 2 any more.\n\tX node.Get[int64]",
		"// Deprecated: since build 10.0.22000.\n\tY node.Get[int64]",
	} {
		if !strings.Contains(files["a"], want) {
			t.Errorf("no %q in\n%s", want, files["a"])
		}
	}
}

func TestNameOf(t *testing.T) {
	for text, want := range map[string]string{
		"Not allowed.":                    "NotAllowed",
		"Success+Failure":                 "SuccessFailure",
		"Off/None":                        "OffNone",
		"SMB 3.1.1":                       "SMB311",
		"ENABLED":                         "Enabled",
		"AES256":                          "AES256",
		"User's choice":                   "UsersChoice",
		" Do not hide. ":                  "DoNotHide",
		"one two three four":              "OneTwoThreeFour",
		"one two three four five":         "",
		"Not configured. User in control": "",
		"Enabled (default)":               "",
		"":                                "",
		".":                               "",
	} {
		if got := nameOf(text); got != want {
			t.Errorf("%q: got %q, want %q", text, got, want)
		}
	}
}

// TestValueNames looks at which values get a name.
func TestValueNames(t *testing.T) {
	c, err := csp.New(csp.Provenance{Name: "x"}, []csp.Definition{
		{Template: vendor + "A/Merge", Format: omadm.FormatInt, Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"0", "1", "2", "3"}}},
		{Template: vendor + "A/Text", Format: omadm.FormatChr, Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"IN", "OUT"}}},
		{Template: vendor + "A/Truth", Format: omadm.FormatBool, Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"true", "false"}}},
		{Template: vendor + "A/Bits", Format: omadm.FormatInt, Allowed: csp.Constraint{Kind: csp.Flags, Values: []string{"0x1"}}},
		{Template: vendor + "A/Number", Format: omadm.FormatInt, Allowed: csp.Constraint{Kind: csp.Range, Values: []string{"[0-1]"}}},
		{Template: vendor + "A/DisableScan", Format: omadm.FormatInt, Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"0", "1", "2"}}},
		{Template: "./User/Vendor/MSFT/A/Merge", Format: omadm.FormatInt, Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"0", "1", "2", "3"}}},
		{Template: "./User/Vendor/MSFT/A/Alone", Format: omadm.FormatInt, Allowed: csp.Constraint{Kind: csp.Enum, Values: []string{"0"}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	said := make(described)
	for n := range c.All() {
		said[n.Template()] = map[string]string{
			"0": "Merge off", "1": "The same", "2": "The same", "3": "Longer than what can be taken for a name",
			"IN": "Inbound", "OUT": "Outbound", "true": "On", "false": "Off", "0x1": "First", "[0-1]": "Any",
		}
	}
	said[vendor+"A/DisableScan"] = map[string]string{"0": "Enabled.", "1": "Disabled", "2": "Disabled for users"}
	ns, err := parseNames("")
	if err != nil {
		t.Fatal(err)
	}
	if err := ns.nameNodes(c); err != nil {
		t.Fatal(err)
	}
	if err := ns.nameValues(c, said); err != nil {
		t.Fatal(err)
	}
	got := ""
	for _, n := range ns.sorted() {
		if n.value != "" {
			got += n.ident + " "
		}
	}
	if want := "BitsFirst DisableScanDisabledForUsers MergeOff TextInbound TextOutbound UserAloneMergeOff "; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// TestNoNameSaysTheOpposite looks over the names that were given, by hand or not.
func TestNoNameSaysTheOpposite(t *testing.T) {
	text, err := os.ReadFile("names.tsv")
	if err != nil {
		t.Fatal(err)
	}
	ns, err := parseNames(string(text))
	if err != nil {
		t.Fatal(err)
	}
	right := map[string]bool{ // what the number means
		"dnsclient.EncryptionDoHStatusAllowed": true, "dnsclient.EncryptionDoHStatusBlocked": true,
		"dnsclient.EncryptionDoTStatusAllowed": true, "dnsclient.EncryptionDoTStatusBlocked": true,
		"dnsclient.EncryptionStatusDisabled": true, "policy.TimeLanguageSettingsBlockCleanupOfUnusedPreinstalledLangPacksBlocked": true,
	}
	for _, n := range ns.sorted() {
		of := ns.byKey[name{template: n.template}.key()]
		if where := n.pkg + "." + n.ident; n.value != "" && opposite(n.value, n.ident[len(of.ident):]) != right[where] {
			t.Errorf("%s is %s", where, n.value)
		}
	}
	for key, want := range map[string]string{ // of which the description files say the opposite, or something else
		vendor + "Policy/Config/Connectivity/DisallowNetworkConnectivityActiveTests = 1":                                          "ConnectivityDisallowNetworkConnectivityActiveTestsTestsDisallowed",
		vendor + "Policy/Config/LocalPoliciesSecurityOptions/NetworkSecurity_RestrictNTLM_OutgoingNTLMTrafficToRemoteServers = 1": "LocalPoliciesSecurityOptionsNetworkSecurityRestrictNTLMOutgoingNTLMTrafficToRemoteServersAuditAll",
		vendor + "DeclaredConfiguration/Host/Complete/Documents/{DocID}/Properties/Abandoned = 1":                                 "HostCompleteDocumentsPropertiesAbandonedYes",
	} {
		if got := ns.byKey[key].ident; got != want {
			t.Errorf("%s: got %s, want %s", key, got, want)
		}
	}
}
