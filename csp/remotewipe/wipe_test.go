package remotewipe

import (
	"testing"

	"github.com/gomadm/gomadm/csp"
)

// TestBuildsAreThoseOfTheCatalogue holds the table of variants against the catalogue.
func TestBuildsAreThoseOfTheCatalogue(t *testing.T) {
	since := map[string]int{AutomaticRedeploymentDoAutomaticRedeployment.LocURI().Base(): redeploymentSince}
	for _, v := range variants {
		since[v.node.LocURI().Base()] = v.since
	}
	n := 0
	for name, build := range since {
		u := RemoteWipe.LocURI().Join(name)
		if name == "doAutomaticRedeployment" {
			u = AutomaticRedeploymentDoAutomaticRedeployment.LocURI()
		}
		m, err := csp.Default().ResolveLocURI(u)
		if err != nil {
			t.Fatal(err)
		}
		at := func(number int) csp.Verdict {
			return m.Node.Applies(csp.Device{Build: csp.Build{Major: 10, Number: number}}).Build
		}
		if at(build) != csp.Yes || at(build-1) != csp.No {
			t.Errorf("%s: not since build %d", name, build)
		}
		n++
	}
	if n != 8 {
		t.Errorf("got %d nodes, want 8", n)
	}
}
