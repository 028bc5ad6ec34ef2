package main

import (
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// element is an element of a plot that was read again.
type element struct {
	name string
	attr map[string]string
	text string
}

// readPlot reads a plot as any reader of XML does.
func readPlot(t *testing.T, r *report) []element {
	t.Helper()
	var b bytes.Buffer
	if err := writePlot(&b, r); err != nil {
		t.Fatal(err)
	}
	var list []element
	d := xml.NewDecoder(&b)
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return list
		}
		if err != nil {
			t.Fatalf("not well-formed: %v", err)
		}
		switch token := token.(type) {
		case xml.StartElement:
			e := element{name: token.Name.Local, attr: map[string]string{}}
			for _, a := range token.Attr {
				e.attr[a.Name.Local] = a.Value
			}
			list = append(list, e)
		case xml.CharData:
			list[len(list)-1].text += strings.TrimSpace(string(token))
		}
	}
}

// lines returns the points of the lines, by colour.
func lines(t *testing.T, list []element) map[string][][2]float64 {
	t.Helper()
	out := make(map[string][][2]float64)
	for _, e := range list {
		if e.name != "polyline" {
			continue
		}
		for _, point := range strings.Fields(e.attr["points"]) {
			xText, yText, _ := strings.Cut(point, ",")
			x, xErr := strconv.ParseFloat(xText, 64)
			y, yErr := strconv.ParseFloat(yText, 64)
			if err := errors.Join(xErr, yErr); err != nil {
				t.Fatal(err)
			}
			if !(x >= left && x <= plotWidth-right && y >= top && y <= plotHeight-bottom) {
				t.Errorf("point %s is outside", point)
			}
			out[e.attr["stroke"]] = append(out[e.attr["stroke"]], [2]float64{x, y})
		}
	}
	return out
}

func texts(list []element) string {
	var b strings.Builder
	for _, e := range list {
		fmt.Fprintf(&b, "|%s", e.text)
	}
	return b.String() + "|"
}

// measured returns a step with the same latency throughout but for the longest.
func measured(n, ms, longest float64) stepReport {
	return stepReport{load: load{open, n}, CheckIns: 1, Latency: summary{P50: ms, P90: ms, P99: ms, Max: longest}}
}

// TestPlot draws two loads, given the wrong way round: more load is further right, more latency higher up.
func TestPlot(t *testing.T) {
	list := readPlot(t, &report{Mix: map[string]int{"policy": 1}, Steps: []stepReport{measured(100, 20, 200), measured(10, 2, 20)}})
	got := lines(t, list)
	if len(got) != len(curves) {
		t.Fatalf("%d lines, want %d", len(got), len(curves))
	}
	for _, c := range curves {
		p := got[c.colour]
		if len(p) != 2 || p[0][0] >= p[1][0] || p[0][1] <= p[1][1] {
			t.Errorf("%s: %v", c.name, p)
		}
	}
	// 20 ms is as high in one line as in another.
	if a, b := got[curves[0].colour][1][1], got[curves[3].colour][0][1]; a != b {
		t.Errorf("20 ms is at %v and at %v", a, b)
	}
	for _, want := range []string{"|10|", "|100|", "|p50|", "|max|", "|check-ins per second|", "|ms|", "policy=1|"} {
		if !strings.Contains(texts(list), want) {
			t.Errorf("lacks %s in %s", want, texts(list))
		}
	}
}

// TestPlotOfLittle draws what leaves an axis without a length, or a latency without a logarithm.
func TestPlotOfLittle(t *testing.T) {
	tests := []struct {
		name  string
		steps []stepReport
		want  int // points in each line
	}{
		{"nothing", nil, 0},
		{"only failures", []stepReport{{load: load{closed, 1}, Failed: 3}}, 0},
		{"one step", []stepReport{measured(5, 1, 2)}, 1},
		{"the same load twice", []stepReport{measured(5, 1, 1), measured(5, 1, 1)}, 2},
		{"no time at all", []stepReport{measured(1, 0, 0), measured(2, 0, 0)}, 2},
		{"failures between", []stepReport{measured(1, 1, 1), {load: load{open, 2}}, measured(3, 1, 1)}, 2},
		{"far apart", []stepReport{measured(0.001, 0.001, 3.6e6), measured(maxRate, 1, 1)}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			list := readPlot(t, &report{Steps: tt.steps})
			got := lines(t, list)
			if tt.want == 0 && (len(got) > 0 || !strings.Contains(texts(list), "no check-ins")) {
				t.Errorf("draws %v", got)
			}
			for _, c := range curves {
				if len(got[c.colour]) != tt.want {
					t.Errorf("%s has %d points, want %d", c.name, len(got[c.colour]), tt.want)
				}
			}
		})
	}
}

// TestPlotEscapes writes text that is markup.
func TestPlotEscapes(t *testing.T) {
	const text = `<a & "b">'`
	var p plot
	p.text(1, 2, "middle", text)
	var got string
	if err := xml.Unmarshal([]byte(p.b.String()), &got); err != nil || got != text {
		t.Errorf("got %q, %v", got, err)
	}
}

func TestTicks(t *testing.T) {
	for _, tt := range []struct {
		from, to float64
		want     []float64
	}{
		{1, 10, []float64{1, 2, 5, 10}},
		{0.3, 3, []float64{0.5, 1, 2}},
		{15, 16, nil},
	} {
		got := axis{from: tt.from, to: tt.to}.ticks()
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("from %g to %g (-want +got):\n%s", tt.from, tt.to, d)
		}
	}
}
