package main

import (
	"encoding/json"
	"fmt"
	"io"
	"runtime"
	"strings"
	"text/tabwriter"
	"time"
)

// report is what a run came to. Times are in milliseconds where the name does not say otherwise.
type report struct {
	Began   time.Time      `json:"began"`
	Go      string         `json:"go"`
	System  string         `json:"system"`
	CPUs    int            `json:"cpus"` // of this machine, which all share
	Server  serverReport   `json:"server"`
	MTLS    bool           `json:"mtls"`
	Devices int            `json:"devices"`
	Mix     map[string]int `json:"mix"`
	Object  int            `json:"objectOctets"`
	Steps   []stepReport   `json:"steps"`
	Total   totalReport    `json:"total"`

	Comparison []comparison `json:"comparison,omitempty"` // of servers, for each load
	// Problems are the first that were found, each told once.
	Problems []string `json:"problems,omitempty"`
}

// serverReport says who was driven.
type serverReport struct {
	URL   string `json:"url,omitempty"` // empty: a server of its own
	Serve string `json:"serve,omitempty"`
	Store string `json:"store,omitempty"`
	Group int    `json:"group,omitempty"` // commits that share a transaction, at most
	// CPU is that of the whole life of the child, with its start and the filling of queues.
	CPU *cpuReport `json:"cpu,omitempty"`
}

// stepReport is what a step came to.
type stepReport struct {
	load
	Server     string             `json:"server,omitempty"` // what it serves
	Seconds    float64            `json:"seconds"`
	CheckIns   int                `json:"checkIns"` // that ended well
	Failed     int                `json:"failed"`
	Violations int                `json:"violations"`
	Messages   int                `json:"messages"`
	Commands   int                `json:"commands"`
	Sent       int64              `json:"octetsSent"` // by devices, messages only
	Received   int64              `json:"octetsReceived"`
	Rate       float64            `json:"checkInsPerSecond"`
	Latency    summary            `json:"latency"`
	Message    summary            `json:"messageLatency"`
	Kinds      map[string]summary `json:"kinds"` // latency of check-ins
	// ServerCPU is absent where it is not known: at a URL, and on systems that do not tell.
	ServerCPU *cpuReport `json:"serverCPU,omitempty"`
	// LoadCPU is that of this process, the devices. What takes it away from the server on the same machine is seen in the
	// latencies.
	LoadCPU *cpuReport `json:"loadCPU,omitempty"`
}

// summary is a histogram in short, in milliseconds.
type summary struct {
	Count uint64  `json:"count"`
	Mean  float64 `json:"mean"`
	P50   float64 `json:"p50"`
	P90   float64 `json:"p90"`
	P99   float64 `json:"p99"`
	P999  float64 `json:"p99.9"`
	Max   float64 `json:"max"`
}

// cpuReport is CPU time.
type cpuReport struct {
	UserSeconds   float64 `json:"userSeconds"`
	SystemSeconds float64 `json:"systemSeconds"`
	PerCheckIn    float64 `json:"msPerCheckIn,omitempty"` // those that failed count, too; 0: not told
}

// totalReport is the sum of the steps.
type totalReport struct {
	CheckIns   int `json:"checkIns"`
	Failed     int `json:"failed"`
	Violations int `json:"violations"`
}

// newReport returns a report without steps.
func (o *options) newReport() *report {
	r := &report{
		Began: time.Now().UTC().Truncate(time.Second), Go: runtime.Version(), System: runtime.GOOS + "/" + runtime.GOARCH,
		CPUs: runtime.NumCPU(), Server: o.serverReport(), MTLS: o.mtls, Devices: o.devices,
		Mix: make(map[string]int), Object: o.object, Steps: []stepReport{},
	}
	for k, weight := range o.mix {
		if weight > 0 {
			r.Mix[kind(k).String()] = weight
		}
	}
	return r
}

func (o *options) serverReport() serverReport {
	switch {
	case o.url != "":
		return serverReport{URL: o.url}
	case o.compare:
		return serverReport{Serve: gomadm + ", " + echoes + ", " + baseline, Store: o.store, Group: o.group}
	case o.serve != gomadm:
		return serverReport{Serve: o.serve}
	}
	return serverReport{Serve: gomadm, Store: o.store, Group: o.group}
}

// name says who was driven.
func (s *serverReport) name() string {
	switch {
	case s.URL != "":
		return s.URL
	case s.Store == "":
		return "a server of its own: " + s.Serve
	case s.Group > 1:
		return fmt.Sprintf("a server of its own: %s, store %s, up to %d commits together", s.Serve, s.Store, s.Group)
	}
	return fmt.Sprintf("a server of its own: %s, store %s", s.Serve, s.Store)
}

// add adds a step.
func (r *report) add(server string, l load, t *tally, took time.Duration, used, own usage) {
	s := stepReport{
		load: l, Server: server, Seconds: took.Seconds(), CheckIns: t.checkIns, Failed: t.failed, Violations: t.violations,
		Messages: t.messages, Commands: t.commands, Sent: t.sent, Received: t.received,
		Latency: newSummary(&t.latency), Message: newSummary(&t.message), Kinds: make(map[string]summary),
		ServerCPU: newCPU(used, t.checkIns+t.failed), LoadCPU: newCPU(own, t.checkIns+t.failed),
	}
	if took > 0 {
		s.Rate = float64(t.checkIns) / took.Seconds()
	}
	for k := range t.kinds {
		if h := &t.kinds[k]; h.n > 0 {
			s.Kinds[kind(k).String()] = newSummary(h)
		}
	}
	r.Steps = append(r.Steps, s)
	r.Total.CheckIns += t.checkIns
	r.Total.Failed += t.failed
	r.Total.Violations += t.violations
	for _, text := range t.problems {
		r.Problems = addProblem(r.Problems, text)
	}
}

func newSummary(h *histogram) summary {
	ms := func(p uint64) float64 { return milliseconds(h.perMille(p)) }
	return summary{h.n, milliseconds(h.mean()), ms(500), ms(900), ms(990), ms(999), milliseconds(h.max)}
}

// newCPU returns nil when the usage is not known.
func newCPU(u usage, checkIns int) *cpuReport {
	if !u.Known {
		return nil
	}
	c := &cpuReport{UserSeconds: u.User.Seconds(), SystemSeconds: u.System.Seconds()}
	if checkIns > 0 {
		c.PerCheckIn = milliseconds(u.total()) / float64(checkIns)
	}
	return c
}

// FailedError says that a run did not go as it should.
type FailedError struct{ Failed, Violations int }

func (e *FailedError) Error() string {
	return fmt.Sprintf("load: %d check-ins failed, the server broke rules %d times", e.Failed, e.Violations)
}

// err returns a *FailedError when something went wrong.
func (r *report) err() error {
	if r.Total.Failed > 0 || r.Total.Violations > 0 {
		return &FailedError{r.Total.Failed, r.Total.Violations}
	}
	return nil
}

func (r *report) writeJSON(w io.Writer) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	return e.Encode(r)
}

// writeText writes the report for people.
func (r *report) writeText(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s, %s, %d CPUs, %s, %d devices, %s\n\n", r.Server.name(), r.Go, r.CPUs, r.tlsText(), r.Devices, r.mixText())
	if len(r.Comparison) > 0 { // of many rounds, which JSON tells of
		r.writeComparison(&b)
	} else {
		r.writeSteps(&b)
		r.writeKinds(&b)
	}
	fmt.Fprintf(&b, "\n%d check-ins, %d failed, %d violations\n", r.Total.CheckIns, r.Total.Failed, r.Total.Violations)
	for _, p := range r.Problems {
		fmt.Fprintf(&b, "  !! %q\n", p)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (r *report) tlsText() string {
	if r.MTLS {
		return "with mTLS"
	}
	return "without mTLS"
}

func (r *report) mixText() string {
	var m mix
	for k, name := range kindNames {
		m[k] = r.Mix[name]
	}
	return m.String()
}

// writeSteps writes a line for each step.
func (r *report) writeSteps(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "model\tload\tcheck-ins\t/s\tfailed\tp50 ms\tp90\tp99\tp99.9\tmax\tmessage p50\tp99\tserver CPU ms\tload CPU ms\t")
	for i := range r.Steps {
		s := &r.Steps[i]
		fmt.Fprintf(t, "%s\t%g\t%d\t%.1f\t%d\t%s%.2f\t%.2f\t%s\t%s\t\n", s.Model, s.Load, s.CheckIns, s.Rate, s.Failed,
			s.Latency.row(), s.Message.P50, s.Message.P99, s.ServerCPU, s.LoadCPU)
	}
	_ = t.Flush() // into memory
}

// writeKinds writes what each kind took in each step.
func (r *report) writeKinds(w io.Writer) {
	fmt.Fprintln(w)
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "kind\tload\tcheck-ins\tp50 ms\tp90\tp99\tp99.9\tmax\t")
	for k := range kinds {
		for i := range r.Steps {
			if s, ok := r.Steps[i].Kinds[k.String()]; ok {
				fmt.Fprintf(t, "%v\t%g\t%d\t%s\n", k, r.Steps[i].Load, s.Count, s.row())
			}
		}
	}
	_ = t.Flush() // into memory
}

func (s *summary) row() string {
	return fmt.Sprintf("%.2f\t%.2f\t%.2f\t%.2f\t%.2f\t", s.P50, s.P90, s.P99, s.P999, s.Max)
}

// String returns the time per check-in, a dash when it is not known.
func (c *cpuReport) String() string {
	if c == nil {
		return "-"
	}
	return fmt.Sprintf("%.3f", c.PerCheckIn)
}
