package kits_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// grow gives a tree the nodes of the catalogue that a device has from the beginning, and lets those that commands make be
// as the catalogue says. What the tree has of DevInfo and DevDetail stays.
func grow(t *simdevice.Tree, d csp.Device) {
	for n := range csp.Default().All() {
		u, ok := n.URI()
		if !ok || !fromBeginning(d, n) {
			continue
		}
		if old, there := t.Node(u.String()); there && !old.Interior() && (u.HasPrefix(csp.MustParse("./DevInfo")) || u.HasPrefix(csp.MustParse("./DevDetail"))) {
			continue
		}
		t.Put(u.String(), like(n))
	}
	t.Describe(func(uri string) (simdevice.Node, []string, bool) { return describe(d, uri) })
}

// fromBeginning reports whether the device has a node as soon as it has the one above: no server adds it.
func fromBeginning(d csp.Device, n csp.Node) bool {
	for ; !n.IsZero(); n = n.Parent() {
		if n.Described() && !has(d, n) || n.Described() && n.Verbs().Has(omadm.Add) && !n.Permanent() {
			return false
		}
	}
	return true
}

// has reports whether the device has a node. Those that are in no release are there: their providers are tested, too.
func has(d csp.Device, n csp.Node) bool {
	_, removed := n.Removed()
	a := n.Applies(d)
	return !removed && (a.Verdict() != csp.No || a.Unreleased)
}

// describe says what a node is like, and which children come with it.
func describe(d csp.Device, uri string) (n simdevice.Node, children []string, ok bool) {
	u, err := csp.Parse(uri)
	if err != nil {
		return n, nil, false
	}
	m, err := csp.Default().Resolve(u)
	if err != nil || !has(d, m.Node) {
		return n, nil, false
	}
	for c := range csp.Default().Children(u) {
		if !c.Dynamic() && has(d, c) && (!c.Verbs().Has(omadm.Add) || c.Permanent()) {
			children = append(children, c.Name())
		}
	}
	return like(m.Node), children, true
}

// accesses are the commands that a node may allow.
var accesses = map[omadm.Verb]simdevice.Access{
	omadm.Add: simdevice.Add, omadm.Delete: simdevice.Delete, omadm.Exec: simdevice.Exec, omadm.Get: simdevice.Get, omadm.Replace: simdevice.Replace,
}

// like returns a node of the simulated device that is like one of the catalogue: a leaf with a value that is not set.
func like(n csp.Node) simdevice.Node {
	s := simdevice.Node{Format: string(n.Format()), Permanent: n.Permanent(), Upsert: true}
	for verb, access := range accesses {
		if n.Verbs().Has(verb) {
			s.Access |= access
		}
	}
	switch n.Format() {
	case omadm.FormatNode:
		if !n.Described() {
			s.Access, s.Permanent = simdevice.Get, true
		}
	case omadm.FormatInt, omadm.FormatFloat:
		s.Value = syncml.Text("0")
	case omadm.FormatBool:
		s.Value = syncml.Text("false")
	case omadm.FormatNull:
	default:
		s.Value = syncml.Text("")
	}
	return s
}

// TestTreeIsThatOfTheCatalogue: the device has what it should and lacks what it should, and refuses what is not there.
func TestTreeIsThatOfTheCatalogue(t *testing.T) {
	s := newSite(t)
	for uri, want := range map[string]bool{
		"./Device/Vendor/MSFT/Reboot/RebootNow":                                      true,
		"./Device/Vendor/MSFT/Reboot/Schedule":                                       true,
		"./Device/Vendor/MSFT/Reboot/Schedule/Single":                                true,
		"./Device/Vendor/MSFT/Policy/Config":                                         true,
		"./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera":                      false,
		"./Device/Vendor/MSFT/RemoteWipe/doWipe":                                     true,
		"./DevInfo/DevId":                                                            true,
		"./User/Vendor/MSFT/ClientCertificateInstall/SCEP":                           true,
		"./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/a/Install/Enroll":        false,
		"./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/{UniqueID}/Install":      false,
		"./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{ProductID}/Status": false,
	} {
		if _, got := s.tree.Node(uri); got != want {
			t.Errorf("%s: got %v, want %v", uri, got, want)
		}
	}
	const scep = "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/a/Install/"
	s.do(omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{{Verb: omadm.Add, URI: scep + "ServerURL", Value: omadm.Text("https://scep.example.test/")}}},
		omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Int(0)}}})
	if n, ok := s.tree.Node(scep + "Enroll"); !ok || n.Access != simdevice.Exec {
		t.Errorf("Enroll does not come with what is around it: %+v, %v", n, ok)
	}
	if got := s.tree.Value("./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"); got != "0" {
		t.Errorf("the policy is %q", got)
	}
	count := len(s.tree.Names("./Device/Vendor/MSFT"))
	if count < 40 {
		t.Errorf("got %d providers", count)
	}
}
