package csp_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// TestCatalogIsWhatItWasMadeOf pins the files behind the catalogue and what they come to. Another edition changes it.
func TestCatalogIsWhatItWasMadeOf(t *testing.T) {
	c := csp.Default()
	want := csp.Provenance{Name: "DDF v2, February 2026", Sources: []csp.Source{
		{Name: "DDF v2, February 2026", SHA256: "bf667d895af4a8c8ab5a31065ce0e28ea2f8b649c4dc416f452f62fd1c42ff14", Files: 313, Nodes: 5955},
		{Name: "DDF v1, 2017", SHA256: "b2cac6817f20b47dffadc7901ad9360633239c8a5e87a3182ccabd7c1ff55331", Files: 10, Nodes: 176},
		{Name: "corrections", Nodes: 64},
	}}
	if diff := cmp.Diff(want, c.Provenance()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	got := make(map[string]int)
	count := func(what string, is bool) {
		if is {
			got[what]++
		}
	}
	for n := range c.All() {
		count("nodes", true)
		_, removed := n.Removed()
		count("removed", removed)
		count(n.Origin(), n.Origin() != "")
		if removed || n.Origin() != "" {
			continue
		}
		d := n.Definition()
		count("current", true)
		count("values", n.Format() != omadm.FormatNode)
		count("dynamic", n.Dynamic())
		count("permanent", n.Permanent())
		count("applicability", d.Builds != nil || d.CSPVersion != nil || d.Editions != nil)
		count("dependencies", len(d.Dependencies) > 0)
		count("deprecated", d.Deprecated != nil)
		count("reboot", n.Reboot() != "")
		count("lists", d.Allowed.List != "")
		count("default", d.Default != nil)
		count("cs", d.CaseSensitive)
		count(string(d.Allowed.Kind), true)
		count("conflict "+string(d.Conflict), d.Conflict != "")
	}
	wantCounts := map[string]int{
		"nodes": 6195, "removed": 12, "DDF v1, 2017": 176, "documentation, May 2019": 34, "documentation, September 2024": 18, "current": 5955, "values": 5146,
		"dynamic": 132, "permanent": 796, "applicability": 4120, "dependencies": 125, "deprecated": 31, "reboot": 18, "default": 1336,
		"conflict last": 3144, "conflict lowest": 367, "conflict highest": 192, "conflict lowest-0": 9, "conflict highest-0": 2,
		"admx": 2516, "enum": 1201, "regex": 22, "range": 220, "flags": 12, "xsd": 18, "json": 1, "sddl": 1,
	}
	for what, n := range wantCounts {
		if got[what] != n {
			t.Errorf("%s: got %d, want %d", what, got[what], n)
		}
	}
}

// TestNoProse makes sure that nothing of the catalogue reads like a sentence, but for the sources of corrections.
func TestNoProse(t *testing.T) {
	words := regexp.MustCompile(`[a-z]{2,} [a-z]{2,} [a-z]{2,} [a-z]{2,}`)
	for n := range csp.Default().All() {
		d := n.Definition()
		texts := append([]string{d.Template, d.Pattern, d.Origin, d.Removed}, d.Allowed.Values...)
		if d.Default != nil {
			texts = append(texts, *d.Default)
		}
		for _, s := range texts {
			if words.MatchString(s) {
				t.Errorf("%s: %q", n, s)
			}
		}
	}
}

func TestFacts(t *testing.T) {
	c := csp.Default()
	for s, want := range map[string]string{
		"./Vendor/MSFT/VPNv2/x/AlwaysOn":                                                                    "bool, Add Delete Get Replace, ZeroOrOne, enum false true, default false, atomic above",
		"./Vendor/MSFT/Policy/Config/Camera/AllowCamera":                                                    "int, Add Delete Get Replace, ZeroOrOne, enum 0 1, default 1, conflict lowest",
		"./Vendor/MSFT/Policy/Config/Browser~x/Y":                                                           "chr, Add Delete Get Replace, ZeroOrMore, ingested",
		"./Vendor/MSFT/Firewall/MdmStore/FirewallRules/r/Enabled":                                           "bool, Get Replace, ZeroOrOne, enum false true, atomic above, corrected",
		"./Vendor/MSFT/Firewall/MdmStore/FirewallRules/r/LocalPortRanges":                                   `chr, Add Delete Get Replace, ZeroOrOne, regex ^[0-9,-]+$, list ",", atomic above`,
		"./Vendor/MSFT/DMClient/Provider/MS DM Server/ForceAadToken":                                        "int, Add Delete Get Replace, ZeroOrOne, flags 0 1 2 4 8, corrected",
		"./Vendor/MSFT/BitLocker/EncryptionMethodByDriveType":                                               "chr, Add Delete Get Replace, ZeroOrOne, admx EncryptionMethodWithXts_Name confirmed, corrected",
		"./Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled":                                      "int, Add Delete Get Replace, ZeroOrOne, enum 0 1, default 1, conflict lowest, atomic, corrected",
		"./Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/a/PFXCertPassword":                           "chr, Add Get Replace, ZeroOrOne, sensitive, atomic above, corrected",
		"./Vendor/MSFT/RemoteRemediation/CloudRemediationSettings/AutoRemediationSettings/SetRetryInterval": "int, Add Delete Get Replace, ZeroOrOne, range [0,4320], atomic above",
		"./Vendor/MSFT/Policy/Config/WindowsAI/AllowImageCreator":                                           "int, Add Delete Get Replace, ZeroOrOne, enum 0 1, default 1, conflict lowest, removed, corrected",
		"./Vendor/MSFT/DevDetail/x":                                                                         "unknown",
		"./DevDetail/Ext/Microsoft/DNSComputerName":                                                         "chr, Get Replace, One, reboot server",
		"./Vendor/MSFT/Update/ApprovedUpdates/3f0c9a4e-1b2d-4c5e-8f6a-7b8c9d0e1f2a":                         "node, Add Get, ZeroOrMore, unique, corrected",
		"./User/Vendor/MSFT/EnrollmentStatusTracking/Setup/HasProvisioningCompleted":                        "bool, Get, One, permanent, default false, corrected",
		"./Vendor/MSFT/RemoteFind/Location/Latitude":                                                        "float, Get, One, permanent",
		"./Vendor/MSFT/VPNv2/x/TrustedNetworkDetection":                                                     `chr, Add Delete Get Replace, ZeroOrOne, list ",", atomic above`,
		"./Vendor/MSFT/Policy/Config/UserRights/CreateToken":                                                "chr, Add Delete Get Replace, ZeroOrOne, list \"\\uf000\", conflict last",
		"./Vendor/MSFT/AppLocker/ApplicationLaunchRestrictions/Native/EXE/Policy":                           "chr, Add Delete Get Replace, ZeroOrOne, xsd, reboot automatic",
	} {
		got := "unknown"
		if m, err := c.Resolve(csp.MustParse(s)); err == nil {
			got = summary(m.Node)
		}
		if got != want {
			t.Errorf("%s:\ngot  %s\nwant %s", s, got, want)
		}
	}
}

// summary says in a line what is known of n.
func summary(n csp.Node) string {
	parts := []string{string(n.Format()), n.Verbs().String(), string(n.Occurrence())}
	add := func(s string, is bool) {
		if is {
			parts = append(parts, s)
		}
	}
	a := n.Allowed()
	add("permanent", n.Permanent() && n.Format() != omadm.FormatNode && n.Occurrence() == csp.One && n.Origin() != "")
	add(string(n.Naming()), n.Dynamic() && !n.Ingested())
	kind := strings.TrimSpace(string(a.Kind) + " " + strings.Join(a.Values, " "))
	if a.ADMX != nil {
		kind += " " + a.ADMX.Name
	}
	if a.Confirmed {
		kind += " confirmed"
	}
	add(kind, a.Kind != "")
	add("list "+quote(a.List), a.List != "")
	d, ok := n.Default()
	add("default "+d, ok)
	add("conflict "+string(n.Conflict()), n.Conflict() != "")
	add("ingested", n.Ingested())
	add("sensitive", n.Sensitive())
	root, ok := n.AtomicRoot()
	add("atomic", ok && root == n)
	add("atomic above", ok && root != n)
	_, removed := n.Removed()
	add("removed", removed)
	add("reboot "+string(n.Reboot()), n.Reboot() != "")
	add("corrected", len(n.Sources()) > 0 && !n.Ingested())
	return strings.Join(parts, ", ")
}

func quote(s string) string {
	if s == "\uf000" {
		return `"\uf000"`
	}
	return `"` + s + `"`
}

func TestDependencies(t *testing.T) {
	c := csp.Default()
	checked := 0
	for n := range c.All() {
		u, _ := realURI(t, n)
		m, err := c.Resolve(u)
		if err != nil {
			t.Fatal(err)
		}
		for _, g := range n.Dependencies() {
			for _, d := range g.Nodes {
				to, ok := m.Fill(d.Template)
				if !ok {
					t.Errorf("%s depends on %s, whose names it does not say", n, d.Template)
					continue
				}
				on, err := c.Resolve(to)
				if err != nil || on.Node.Ingested() {
					t.Errorf("%s depends on %s: %v", n, to, err)
				}
				checked++
			}
		}
	}
	if checked != 127 {
		t.Errorf("%d dependencies", checked)
	}
	n := resolve(t, c, "./Vendor/MSFT/LAPS/Policies/PasswordAgeDays")
	if g := n.Dependencies(); len(g) != 2 || g[0].Changed == nil || g[0].Changed.Kind != csp.Range {
		t.Errorf("got %+v", g)
	}
}

func TestNothingIsAllocated(t *testing.T) {
	u := csp.MustParse("./Device/Vendor/MSFT/VPNv2/a%20b/AlwaysOn")
	m, err := csp.Default().Resolve(u)
	if err != nil {
		t.Fatal(err)
	}
	d := csp.Device{Build: csp.Build{Major: 10, Number: 22631, Revision: 3007}, Edition: csp.Pro}
	for name, f := range map[string]func(){
		"Default": func() { csp.Default() },
		"Resolve": func() { _, _ = csp.Default().Resolve(u) },
		"Parse":   func() { _, _ = csp.Parse("./Device/Vendor/MSFT/VPNv2/a/AlwaysOn") },
		"facts": func() {
			n := m.Node
			_, _, _, _, _ = n.Format(), n.Verbs(), n.Occurrence(), n.Sensitive(), n.Conflict()
			_, _ = n.AtomicRoot()
			_, _ = n.Default()
		},
		"URI":     func() { _ = m.URI() },
		"Applies": func() { _ = m.Node.Applies(d) },
	} {
		n := testing.AllocsPerRun(100, f)
		if most := map[string]float64{"URI": 1, "Applies": 8}[name]; n > most {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestSize builds programs that do without the catalogue, that link it, and that check requests, for which the templates
// are linked, too.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("builds three programs")
	}
	program := func(source string) string {
		main := filepath.Join(t.TempDir(), "main.go")
		out := filepath.Join(filepath.Dir(main), "program")
		if err := os.WriteFile(main, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := exec.Command("go", "build", "-o", out, main).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		b, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		run := exec.Command(out)
		run.Env = append(os.Environ(), "GODEBUG=inittrace=1") // says what works before main
		said, err := run.CombinedOutput()
		if err != nil || strings.Contains(string(said), "gomadm/csp @") || !strings.Contains(string(said), "gomadm/omadm @") {
			t.Errorf("work before main: got error %v and\n%s\nwant none of csp", err, said)
		}
		return string(b)
	}
	const head = "package main\n\nimport (\n\t\"fmt\"\n\n\t\"github.com/gomadm/gomadm/csp\"\n\t\"github.com/gomadm/gomadm/omadm\"\n)\n\n"
	without := program(strings.Replace(head, "\t\"github.com/gomadm/gomadm/csp\"\n", "", 1) +
		"func main() { fmt.Println(omadm.ParseURI(\"./DevInfo\")) }\n")
	with := program(head + "func main() {\n\tfmt.Println(omadm.ParseURI(\"./DevInfo\"))\n\tm, err := csp.Default().Resolve(csp.MustParse(\"./DevInfo\"))\n" +
		"\tfmt.Println(m.Node.Definition(), m.Node.Applies(csp.Device{}), err)\n}\n")
	t.Logf("without %d octets, with %d: %d added", len(without), len(with), len(with)-len(without))
	if added := len(with) - len(without); added > 1<<20 || added < 1<<18 {
		t.Errorf("the catalogue adds %d octets", added)
	}
	checked := program(head + "func main() {\n\tu, err := omadm.ParseURI(\"./DevInfo\")\n\tfmt.Println(u, err, csp.Default().Check(csp.Device{}, " +
		"omadm.Request{Ops: []omadm.Op{{Verb: omadm.Get, URI: u}}}))\n}\n")
	t.Logf("with Check %d octets: %d added", len(checked), len(checked)-len(without))
	if added := len(checked) - len(without); added > 2<<20 {
		t.Errorf("the catalogue, its checks and templates add %d octets", added)
	}
	templates := csp.WindowsTemplates().Provenance().Name
	if strings.Contains(with, templates) || !strings.Contains(checked, templates) {
		t.Error("the templates are not linked by those who check, or by others")
	}
}
