package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"
)

// comparison is what the servers used at one load, side by side.
type comparison struct {
	load
	Servers map[string]spread `json:"servers"` // CPU time per check-in, in milliseconds
	// Ratios are medians of the rounds, in each of which a ratio is taken.
	GomadmToEcho     float64 `json:"gomadmToEcho"`
	BaselineToEcho   float64 `json:"baselineToEcho"`
	BaselineToGomadm float64 `json:"baselineToGomadm"`
}

// spread is the median of rounds, and how far they lie apart.
type spread struct {
	Rounds  int     `json:"rounds"`
	Median  float64 `json:"median"`
	Lowest  float64 `json:"lowest"`
	Highest float64 `json:"highest"`
}

// compare adds the comparison of the steps that were run at a load. Where the CPU time is not known, there is none.
func (r *report) compare(l load) {
	used := make(map[string][]float64)
	for i := range r.Steps {
		if s := &r.Steps[i]; s.load == l && s.ServerCPU != nil && s.ServerCPU.PerCheckIn > 0 {
			used[s.Server] = append(used[s.Server], s.ServerCPU.PerCheckIn)
		}
	}
	c := comparison{load: l, Servers: make(map[string]spread)}
	for name, list := range used {
		sorted := slices.Sorted(slices.Values(list))
		c.Servers[name] = spread{len(sorted), medianOf(sorted), sorted[0], sorted[len(sorted)-1]}
	}
	c.GomadmToEcho = ratio(used[gomadm], used[echoes])
	c.BaselineToEcho = ratio(used[baseline], used[echoes])
	c.BaselineToGomadm = ratio(used[baseline], used[gomadm])
	r.Comparison = append(r.Comparison, c)
}

// ratio returns the median of the ratios of two lists, pair by pair; 0 if there is no pair.
func ratio(a, b []float64) float64 {
	var list []float64
	for i := range min(len(a), len(b)) {
		list = append(list, a[i]/b[i])
	}
	if len(list) == 0 {
		return 0
	}
	slices.Sort(list)
	return medianOf(list)
}

// medianOf returns the median of a sorted list.
func medianOf(list []float64) float64 {
	n := len(list)
	return (list[(n-1)/2] + list[n/2]) / 2
}

// writeComparison writes a line for each server and load, and the ratios.
func (r *report) writeComparison(w io.Writer) {
	fmt.Fprintln(w, "CPU time of the server per check-in, in ms")
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "server\tload\trounds\tmedian\tlowest\thighest\tx echo\t")
	for i := range r.Comparison {
		c := &r.Comparison[i]
		for _, name := range []string{gomadm, echoes, baseline} {
			s := c.Servers[name]
			x := map[string]float64{gomadm: c.GomadmToEcho, echoes: 1, baseline: c.BaselineToEcho}[name]
			fmt.Fprintf(t, "%s\t%g\t%d\t%.3f\t%.3f\t%.3f\t%.2f\t\n", name, c.Load, s.Rounds, s.Median, s.Lowest, s.Highest, x)
		}
	}
	_ = t.Flush() // into memory
	fmt.Fprintln(w)
	for i := range r.Comparison {
		c := &r.Comparison[i]
		fmt.Fprintf(w, "at %g %s the baseline takes %.2f times as much as gomadm\n", c.Load, c.Model.unit(), c.BaselineToGomadm)
	}
}
