package csp_test

import (
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func BenchmarkDefault(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if csp.Default() == nil {
			b.Fatal("no catalogue")
		}
	}
}

// BenchmarkResolve resolves an address of each node with names where they are chosen at run time. The yardstick is to
// split such an address and to look up its last name in a map, in the same run: x-split is how many times that takes.
func BenchmarkResolve(b *testing.B) {
	c := csp.Default()
	var all []csp.URI
	known := make(map[string]bool)
	for n := range c.All() {
		u, _ := realURI(b, n)
		all = append(all, u)
		known[u.Base()] = true
	}
	b.ReportAllocs()
	b.ResetTimer()
	i := 0
	for b.Loop() {
		if _, err := c.Resolve(all[i%len(all)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
	resolved := float64(b.Elapsed()) / float64(i)
	b.StopTimer()
	start := time.Now()
	const rounds = 100_000
	for i := range rounds {
		segments := strings.Split(all[i%len(all)].String(), "/")
		if known[segments[len(segments)-1]] && len(segments) == 0 {
			b.Fatal("no segments")
		}
	}
	split := float64(time.Since(start)) / rounds
	b.ReportMetric(resolved/split, "x-split")
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

// BenchmarkWith puts the policies of an application on the catalogue, as at its installation.
func BenchmarkWith(b *testing.B) {
	var app csp.Layer
	for i := range 500 {
		app.Define = append(app.Define, csp.Definition{
			Template: "./Device/Vendor/MSFT/Policy/Config/Browser~Policy~browser/Policy" + strconv.Itoa(i), Format: omadm.FormatChr,
		})
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := csp.Default().With(app); err != nil {
			b.Fatal(err)
		}
	}
}
