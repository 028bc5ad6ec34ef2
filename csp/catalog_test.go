package csp_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
)

// sampleURI returns an address of n with names for what is chosen at run time.
func sampleURI(t testing.TB, n csp.Node) csp.URI {
	t.Helper()
	segments := strings.Split(n.Template(), "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "any"
		}
	}
	u, err := csp.Parse(strings.Join(segments, "/"))
	if err != nil {
		t.Fatal(err)
	}
	return u
}
