package csp_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp"
)

func BenchmarkDefault(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if csp.Default() == nil {
			b.Fatal("no catalogue")
		}
	}
}

// BenchmarkResolve resolves one address of each node, the names of the dynamic ones filled in.
func BenchmarkResolve(b *testing.B) {
	c := csp.Default()
	var all []csp.URI
	for n := range c.All() {
		all = append(all, sampleURI(b, n))
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		if _, err := c.Resolve(all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := csp.Parse("./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnknown(b *testing.B) {
	u := csp.MustParse("./Device/Vendor/MSFT/Policy/Config/InternetExplorer/AllowAutoCompleet")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := csp.Default().Resolve(u); err == nil {
			b.Fatal("found")
		}
	}
}
