package csp_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// catalogOf returns a catalogue of one node, ./Vendor/Example/N, with these lists.
func catalogOf(t *testing.T, builds, editions *string) csp.Node {
	t.Helper()
	c, err := csp.New(csp.Provenance{}, []csp.Definition{{
		Template: "./Vendor/Example/N", Format: omadm.FormatInt, Builds: builds, Editions: editions,
	}})
	if err != nil {
		t.Fatal(err)
	}
	m, err := c.Resolve(csp.MustParse("./Vendor/Example/N"))
	if err != nil {
		t.Fatal(err)
	}
	return m.Node
}

func build(t *testing.T, s string) csp.Build {
	t.Helper()
	var b csp.Build
	if err := b.UnmarshalText([]byte(s)); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestApplicabilityByBuild(t *testing.T) {
	for _, tt := range []struct {
		name, list, build string
		want              csp.Verdict
		unreleased        bool
		fact              string
	}{
		{"the release itself", "10.0.22000", "10.0.22000.194", csp.Yes, false, "10.0.22000"},
		{"a later one", "10.0.22000", "10.0.26100.1", csp.Yes, false, "10.0.22000"},
		{"an earlier one", "10.0.22000", "10.0.19045.5000", csp.No, false, "10.0.22000"},
		{"no build known", "10.0.22000", "", csp.Unknown, false, "10.0.22000"},
		{"a backport, on its branch", "10.0.22000, 10.0.19041.1202", "10.0.19041.1202", csp.Yes, false, "10.0.19041.1202"},
		{"before the backport", "10.0.22000, 10.0.19041.1202", "10.0.19041.1201", csp.No, false, "10.0.19041.1202"},
		{"a backport says nothing of another branch", "10.0.22000, 10.0.17763.1", "10.0.18363.2000", csp.No, false, "10.0.22000"},
		{"order does not count", "10.0.19041.1202, 10.0.22000", "10.0.19041.1202", csp.Yes, false, "10.0.19041.1202"},
		{"nor among backports", "10.0.17763.100, 10.0.19041.1202, 10.0.18362.30", "10.0.17763.99", csp.No, false, "10.0.17763.100"},
		{"blanks do not count", " 10.0.22000 ,10.0.19041.1202", "10.0.19041.1202", csp.Yes, false, "10.0.19041.1202"},
		{"an enablement build has the revisions of its branch", "10.0.19041.1202", "10.0.19045.2006", csp.Yes, false, "10.0.19041.1202"},
		{"also when the revision is too low", "10.0.22621.3374", "10.0.22631.3000", csp.No, false, "10.0.22621.3374"},
		{"but not its features", "10.0.22631.2361", "10.0.22621.3000", csp.No, false, "10.0.22631.2361"},
		{"24H2 and 25H2", "10.0.26100.3613", "10.0.26200.7019", csp.Yes, false, "10.0.26100.3613"},
		{"25H2 only", "10.0.26200.7019", "10.0.26100.7019", csp.No, false, "10.0.26200.7019"},
		{"both are named", "10.0.26200.7019, 10.0.26100.7019", "10.0.26100.7019", csp.Yes, false, "10.0.26100.7019"},
		{"1903 and 1909", "10.0.18362", "10.0.18363.1", csp.Yes, false, "10.0.18362"},
		{"not in a release yet", "99.9.99999", "10.0.26200.7019", csp.No, true, "99.9.99999"},
		{"the other spellings", "99.9.9999", "10.0.26200.7019", csp.No, true, "99.9.9999"},
		{"of it", "88.8.88888", "10.0.26200.7019", csp.No, true, "88.8.88888"},
		{"not in a release yet, but backported", "99.9.99999, 10.0.22621.3374, 10.0.22000.2899", "10.0.22631.3374", csp.Yes, false, "10.0.22621.3374"},
		{"not before", "99.9.99999, 10.0.22621.3374, 10.0.22000.2899", "10.0.22631.3373", csp.No, false, "10.0.22621.3374"},
		{"nor on a later branch", "99.9.99999, 10.0.22621.3374, 10.0.22000.2899", "10.0.26100.1", csp.No, true, "99.9.99999"},
		{"backports only, and a later release", "10.0.22621.1344, 10.0.22000.1641", "10.0.26100.1", csp.Yes, false, "10.0.22621.1344"},
		{"backports only, and an earlier one", "10.0.22621.1344, 10.0.22000.1641", "10.0.17763.5000", csp.No, false, "10.0.22621.1344, 10.0.22000.1641"},
		{"backports only, and one between them", "10.0.22621.1344, 10.0.19041.1641", "10.0.22000.3000", csp.No, false, "10.0.22621.1344, 10.0.19041.1641"},
		{"a plain entry below, backports above", "10.0.17763, 10.0.22621.1344", "10.0.19045.1", csp.Yes, false, "10.0.17763"},
		{"11.0 is 10.0", "11.0.26200.7019, 11.0.26100.7019", "10.0.26100.7019", csp.Yes, false, "11.0.26100.7019"},
		{"and not later than all", "11.0.26100.7019", "10.0.26100.7018", csp.No, false, "11.0.26100.7019"},
		{"server builds are builds", "10.0.20348", "10.0.20348.1", csp.Yes, false, "10.0.20348"},
		{"a device that hides its revision", "10.0.22621.1344", "10.0.22621", csp.Unknown, false, "10.0.22621.1344"},
		{"which does not matter here", "10.0.22621", "10.0.22621", csp.Yes, false, "10.0.22621"},
		{"rubbish says nothing", "soon", "10.0.22621.1", csp.Unknown, false, "soon"},
		{"an empty list says nothing", "", "10.0.22621.1", csp.Unknown, false, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			n := catalogOf(t, &tt.list, nil)
			a := n.Applies(csp.Device{Build: build(t, tt.build), Edition: csp.Pro})
			if a.Build != tt.want || a.Unreleased != tt.unreleased || a.BuildFact != tt.fact || a.BuildNode != n || a.Verdict() != tt.want {
				t.Errorf("got %v, unreleased %v, because of %q (%s), want %v, %v, %q",
					a.Build, a.Unreleased, a.BuildFact, a, tt.want, tt.unreleased, tt.fact)
			}
		})
	}
}

func TestApplicabilityByEdition(t *testing.T) {
	for _, tt := range []struct {
		name, list string
		edition    csp.Edition
		want       csp.Verdict
	}{
		{"in the list", "0x4;0x1B;0x30;", csp.Pro, csp.Yes},
		{"without a delimiter at the end", "0x4;0x1B;0x30", csp.Pro, csp.Yes},
		{"not in the list", "0x4;0x1B;", csp.Pro, csp.No},
		{"an empty list", "", csp.Enterprise, csp.No},
		{"an empty list, edition unknown", ";", 0, csp.No},
		{"unknown", "0x4;0x1B;", 0, csp.Unknown},
		{"a number with a star", "0x88*;", 0x88, csp.Yes},
		{"part of a number", "0x4;", 0x40, csp.No},
	} {
		t.Run(tt.name, func(t *testing.T) {
			since := "10.0.10240"
			n := catalogOf(t, &since, &tt.list)
			a := n.Applies(csp.Device{Build: build(t, "26100.1"), Edition: tt.edition})
			if a.Edition != tt.want || a.Verdict() != tt.want || a.EditionNode != n {
				t.Errorf("got %v (%s), want %v", a.Edition, a, tt.want)
			}
		})
	}
	n := catalogOf(t, nil, nil)
	if a := n.Applies(csp.Device{Build: build(t, "26100.1"), Edition: csp.Pro}); a.Verdict() != csp.Unknown || a.String() != "no build is given" {
		t.Errorf("nothing said: got %v, %s", a.Verdict(), a)
	}
}

func TestApplicabilityIsInherited(t *testing.T) {
	since, later, pro, none := "10.0.22000", "10.0.26100", "0x30;", ""
	c, err := csp.New(csp.Provenance{}, []csp.Definition{
		{Template: "./Vendor/Example/A", Format: omadm.FormatNode, Builds: &since, Editions: &pro},
		{Template: "./Vendor/Example/A/B", Format: omadm.FormatInt, Editions: &none},
		{Template: "./Vendor/Example/A/C", Format: omadm.FormatInt, Builds: &later},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := csp.Device{Build: build(t, "10.0.22621.1"), Edition: csp.Pro}
	for s, want := range map[string]string{
		"./Vendor/Example/A":   "yes: since build 10.0.22000",
		"./Vendor/Example/A/B": "no: since build 10.0.22000, in no edition",
		"./Vendor/Example/A/C": "no: needs build 10.0.26100",
	} {
		m, err := c.Resolve(csp.MustParse(s))
		if err != nil {
			t.Fatal(err)
		}
		a := m.Node.Applies(d)
		if got := a.Verdict().String() + ": " + a.String(); got != want {
			t.Errorf("%s: got %s, want %s", s, got, want)
		}
		if (a.BuildNode == m.Node) != (s != "./Vendor/Example/A/B") || (a.EditionNode == m.Node) != (s != "./Vendor/Example/A/C") {
			t.Errorf("%s: build of %s, editions of %s", s, a.BuildNode, a.EditionNode)
		}
	}
}

func TestBuilds(t *testing.T) {
	for in, want := range map[string]string{
		"10.0.22631.3007": "10.0.22631.3007", "10.0.22631": "10.0.22631", "22631.3007": "10.0.22631.3007", "22631": "10.0.22631",
		"": "", "10.0": "error", "x": "error", "10.0.1.2.3": "error", "10.0.-1": "error", "10.0.99999999999": "error",
	} {
		var b csp.Build
		got := ""
		if err := b.UnmarshalText([]byte(in)); err != nil {
			got = "error"
		} else {
			got = b.String()
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", in, got, want)
		}
	}
	if build(t, "10.0.22631.2").Compare(build(t, "10.0.22631.10")) >= 0 || build(t, "10.0.9").Compare(build(t, "10.0.10")) >= 0 {
		t.Error("builds are compared as texts")
	}
}

func TestDeviceOf(t *testing.T) {
	d := csp.DeviceOf(omadm.Facts{"./DevDetail/SwV": "10.0.26100.1234", "./Device/Vendor/MSFT/WindowsLicensing/Edition": "48"})
	if d.Build.String() != "10.0.26100.1234" || d.Edition != csp.Pro {
		t.Errorf("got %v and %v", d.Build, d.Edition)
	}
	if d := csp.DeviceOf(omadm.Facts{"./DevDetail/SwV": "unknown"}); !d.Build.IsZero() || d.Edition != 0 {
		t.Errorf("got %v and %v", d.Build, d.Edition)
	}
	for in, want := range map[string]csp.Edition{"Pro": csp.Pro, "pro": csp.Pro, "0x4": csp.Enterprise, " 4 ": csp.Enterprise, "0x123": 0x123} {
		if e, err := csp.ParseEdition(in); err != nil || e != want {
			t.Errorf("%q: got %v, %v", in, e, err)
		}
	}
	for _, in := range []string{"", "0", "Professional"} {
		if e, err := csp.ParseEdition(in); err == nil {
			t.Errorf("%q: got %v", in, e)
		}
	}
}
