package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/session/simdevice"
)

// counted returns a report with two steps: four check-ins of 1 to 4 ms, then one that failed.
func counted() *report {
	o := options{devices: 5, mix: mix{checkIn: 1, policy: 3}, object: 7}
	r := o.newReport()
	var first, second tally
	for i := range 4 {
		ms := time.Duration(i+1) * time.Millisecond
		first.begin()
		first.end(outcome{kind: kind(i % 2), latency: ms, messages: []time.Duration{ms / 2, ms / 2}, sent: 10, received: 20, commands: i})
	}
	second.begin()
	second.end(outcome{
		messages: []time.Duration{time.Second}, err: errors.New("broken"),
		violations: []simdevice.Violation{{Row: "P-1", Message: 2, Text: "odd"}},
	})
	r.add(gomadm, load{closed, 2}, &first, 2*time.Second, usage{true, 4 * time.Millisecond, 2 * time.Millisecond}, usage{})
	r.add(gomadm, load{closed, 4}, &second, time.Second, usage{}, usage{true, time.Millisecond, time.Millisecond})
	return r
}

func TestReportAddsUp(t *testing.T) {
	got := counted()
	want := []stepReport{
		{
			load: load{closed, 2}, Server: gomadm, Seconds: 2, CheckIns: 4, Messages: 8, Commands: 6, Sent: 40, Received: 80, Rate: 2,
			Latency:   summary{Count: 4, Mean: 2.5, P50: 2, P90: 4, P99: 4, P999: 4, Max: 4},
			Message:   summary{Count: 8, Mean: 1.25, P50: 1, P90: 2, P99: 2, P999: 2, Max: 2},
			Kinds:     map[string]summary{"checkin": {2, 2, 1, 3, 3, 3, 3}, "policy": {2, 3, 2, 4, 4, 4, 4}},
			ServerCPU: &cpuReport{0.004, 0.002, 1.5},
		},
		{
			load: load{closed, 4}, Server: gomadm, Seconds: 1, Failed: 1, Violations: 1, Messages: 1,
			Message: summary{1, 1000, 1000, 1000, 1000, 1000, 1000}, Kinds: map[string]summary{},
			LoadCPU: &cpuReport{0.001, 0.001, 2}, // the failed one has cost it
		},
	}
	near := cmp.Comparer(func(a, b float64) bool { return a == b || a > b*127/128 && a < b*129/128 })
	if d := cmp.Diff(want, got.Steps, near, cmp.AllowUnexported(stepReport{})); d != "" {
		t.Errorf("steps (-want +got):\n%s", d)
	}
	if d := cmp.Diff(totalReport{4, 1, 1}, got.Total); d != "" {
		t.Errorf("total (-want +got):\n%s", d)
	}
	if d := cmp.Diff([]string{"simdevice: message 2 of the server breaks P-1: odd", "broken"}, got.Problems); d != "" {
		t.Errorf("problems (-want +got):\n%s", d)
	}
	var failed *FailedError
	if err := got.err(); !errors.As(err, &failed) || *failed != (FailedError{1, 1}) {
		t.Errorf("error is %v", err)
	}
	if err := new(report).err(); err != nil {
		t.Errorf("a good report: %v", err)
	}
}

// TestProblemsAreBounded reports many problems, over several steps.
func TestProblemsAreBounded(t *testing.T) {
	r := new(options).newReport()
	for step := range 3 {
		var c tally
		for i := range 7 {
			c.begin()
			c.end(outcome{err: fmt.Errorf("broken in step %d, way %d", step, i/2)})
		}
		r.add(gomadm, load{closed, 1}, &c, time.Second, usage{}, usage{})
	}
	if len(r.Problems) != maxProblems || r.Total.Failed != 21 {
		t.Errorf("%d problems of %d, want %d of 21", len(r.Problems), r.Total.Failed, maxProblems)
	}
	if d := len(slices.Compact(slices.Sorted(slices.Values(r.Problems)))); d != maxProblems {
		t.Errorf("%d different problems, want %d", d, maxProblems)
	}
}

func TestReportAsJSON(t *testing.T) {
	want := counted()
	var b bytes.Buffer
	if err := want.writeJSON(&b); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{`"model": "closed"`, `"load": 2`, `"p99.9"`, `"msPerCheckIn": 1.5`, `"checkInsPerSecond": 2`} {
		if !strings.Contains(b.String(), name) {
			t.Errorf("lacks %s", name)
		}
	}
	got := new(report)
	if err := json.Unmarshal(b.Bytes(), got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(stepReport{})); d != "" {
		t.Errorf("read again (-want +got):\n%s", d)
	}
}

func TestReportAsText(t *testing.T) {
	r := counted()
	r.Problems = append(r.Problems, "\x1b[2J")
	var b bytes.Buffer
	if err := r.writeText(&b); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"5 devices, checkin=1,policy=3 ", " closed 2 4 2.0 0 ", " 1.500 - ", " closed 4 0 0.0 1 ", " - 2.000 ",
		" 4 check-ins, 1 failed, 1 violations ", `!! "broken"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("lacks %q:\n%s", want, &b)
		}
	}
	if strings.Contains(b.String(), "\x1b") {
		t.Error("steers the terminal")
	}
}

// TestReportCannotBeWritten hands errors of files on.
func TestReportCannotBeWritten(t *testing.T) {
	o := options{json: t.TempDir()} // a folder
	if err := o.write(counted()); err == nil {
		t.Error("no error")
	}
	if err := counted().writeText(full{}); err == nil {
		t.Error("text: no error")
	}
	if err := writePlot(full{}, counted()); err == nil {
		t.Error("plot: no error")
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, io.ErrShortWrite }

func TestUsageSince(t *testing.T) {
	a, b := usage{true, 5, 7}, usage{true, 2, 3}
	if got := a.since(b); got != (usage{true, 3, 4}) || got.total() != 7 {
		t.Errorf("got %v", got)
	}
	if a.since(usage{}).Known {
		t.Error("known from nothing")
	}
}
