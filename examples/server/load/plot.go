package main

import (
	"cmp"
	"fmt"
	"html"
	"io"
	"math"
	"slices"
	"strings"
)

// The plot is drawn here: two axes and four lines need no library and what comes with one.

// Size of the plot and of its margins, in pixels.
const (
	plotWidth, plotHeight    = 800, 480
	left, right, top, bottom = 70, 110, 50, 60
)

// curve is a line of the plot.
type curve struct {
	name, colour string
	dash         string // of its strokes; empty: none. It shows a line that is covered.
	of           func(*summary) float64
}

var curves = [...]curve{
	{"p50", "#1b7837", "", func(s *summary) float64 { return s.P50 }},
	{"p90", "#2166ac", "", func(s *summary) float64 { return s.P90 }},
	{"p99", "#d6801a", "", func(s *summary) float64 { return s.P99 }},
	{"max", "#b2182b", "6 4", func(s *summary) float64 { return s.Max }},
}

// axis maps values to places, by their logarithm.
type axis struct {
	from, to  float64 // values
	low, high float64 // places
}

// at returns the place of a value.
func (a axis) at(v float64) float64 {
	if a.to <= a.from {
		return (a.low + a.high) / 2
	}
	return a.low + (a.high-a.low)*math.Log(v/a.from)/math.Log(a.to/a.from)
}

// ticks returns the values 1, 2 and 5 times a power of ten on the axis.
func (a axis) ticks() []float64 {
	var list []float64
	for e := math.Floor(math.Log10(a.from)); e <= math.Log10(a.to); e++ {
		for _, n := range [...]float64{1, 2, 5} {
			if v := n * math.Pow(10, e); v >= a.from && v <= a.to*(1+1e-9) {
				list = append(list, v)
			}
		}
	}
	return list
}

// plot is the latency of check-ins against the load.
type plot struct {
	x, y  axis
	steps []*stepReport // by load, those with check-ins
	b     strings.Builder
}

// writePlot writes the plot of a report as SVG. A report without check-ins has a plot without lines.
func writePlot(w io.Writer, r *report) error {
	p := newPlot(r)
	p.printf(`<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="%d" viewBox="0 0 %d %d" font-family="sans-serif" font-size="12">`,
		plotWidth, plotHeight, plotWidth, plotHeight)
	p.printf(`<rect width="100%%" height="100%%" fill="#ffffff"/>`)
	p.text(plotWidth/2, 20, "middle", "Latency of check-ins: "+r.Server.name())
	p.text(plotWidth/2, 36, "middle", r.tlsText()+", "+r.mixText())
	if len(p.steps) == 0 {
		p.text(plotWidth/2, plotHeight/2, "middle", "no check-ins")
	} else {
		p.axes()
		for _, c := range curves {
			p.curve(c)
		}
		p.legend()
	}
	p.printf(`</svg>`)
	_, err := io.WriteString(w, p.b.String())
	return err
}

func newPlot(r *report) *plot {
	p := new(plot)
	lowest, highest := math.Inf(1), 0.0
	for i := range r.Steps {
		s := &r.Steps[i]
		if s.CheckIns == 0 {
			continue
		}
		p.steps = append(p.steps, s)
		for _, c := range curves {
			v := latencyOf(c, s)
			lowest, highest = min(lowest, v), max(highest, v)
		}
	}
	if len(p.steps) == 0 {
		return p
	}
	slices.SortStableFunc(p.steps, func(a, b *stepReport) int { return cmp.Compare(a.Load, b.Load) })
	p.x = axis{p.steps[0].Load, p.steps[len(p.steps)-1].Load, left + 20, plotWidth - right - 20}
	p.y = axis{lowest / 1.5, highest * 1.5, plotHeight - bottom, top}
	return p
}

// least is the least latency that is drawn, in milliseconds: 0 has no logarithm.
const least = 1e-3

func latencyOf(c curve, s *stepReport) float64 { return max(c.of(&s.Latency), least) }

// axes draws the axes, with a tick for each load.
func (p *plot) axes() {
	for _, v := range p.y.ticks() {
		y := p.y.at(v)
		p.printf(`<line x1="%d" y1="%.1f" x2="%d" y2="%.1f" stroke="#dddddd"/>`, left, y, plotWidth-right, y)
		p.text(left-8, y+4, "end", fmt.Sprintf("%g", float64(float32(v))))
	}
	last := math.Inf(-1)
	for _, s := range p.steps {
		x := p.x.at(s.Load)
		p.printf(`<line x1="%.1f" y1="%d" x2="%.1f" y2="%d" stroke="#444444"/>`, x, plotHeight-bottom, x, plotHeight-bottom+5)
		if x-last >= 30 { // room for the number
			p.text(x, plotHeight-bottom+20, "middle", fmt.Sprintf("%g", s.Load))
			last = x
		}
	}
	p.printf(`<path d="M%d %dV%dH%d" fill="none" stroke="#444444"/>`, left, top, plotHeight-bottom, plotWidth-right)
	p.text((left+plotWidth-right)/2, plotHeight-16, "middle", p.steps[0].Model.unit())
	p.text(left, top-8, "middle", "ms")
}

func (p *plot) curve(c curve) {
	var points []string
	for _, s := range p.steps {
		x, y := p.x.at(s.Load), p.y.at(latencyOf(c, s))
		points = append(points, fmt.Sprintf("%.1f,%.1f", x, y))
		p.printf(`<circle cx="%.1f" cy="%.1f" r="3" fill="%s"/>`, x, y, c.colour)
	}
	p.printf(`<polyline points="%s" fill="none" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`, strings.Join(points, " "), c.colour, cmp.Or(c.dash, "none"))
}

func (p *plot) legend() {
	for i, c := range slices.Backward(curves[:]) {
		y := top + 20*(len(curves)-i)
		p.printf(`<line x1="%d" y1="%d" x2="%d" y2="%d" stroke="%s" stroke-width="2" stroke-dasharray="%s"/>`, plotWidth-right+20, y, plotWidth-right+44, y, c.colour, cmp.Or(c.dash, "none"))
		p.text(plotWidth-right+52, float64(y)+4, "start", c.name)
	}
}

// text writes a text; anchor says which end of it is at x.
func (p *plot) text(x, y float64, anchor, text string) {
	p.printf(`<text x="%.1f" y="%.1f" text-anchor="%s">%s</text>`, x, y, anchor, html.EscapeString(text))
}

func (p *plot) printf(format string, args ...any) { fmt.Fprintf(&p.b, format+"\n", args...) }
