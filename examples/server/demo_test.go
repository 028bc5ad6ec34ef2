package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// TestDemoTranscript looks for what a reader of the demonstration has to find.
func TestDemoTranscript(t *testing.T) {
	var out bytes.Buffer
	if got := run(context.Background(), []string{"-demo", "-devices", "1"}, &out, io.Discard); got != 0 {
		t.Fatalf("exit status %d\n%s", got, &out)
	}
	for _, want := range []string{
		"device → server  message 1", "device ← server  message 2", "Alert    1201 Client-initiated management",
		"Get      ./DevDetail/SwV\n", "Status   200 OK for Exec 9\n", "Results  ./DevDetail/SwV = \"10.0.26100.1\"\n",
		"Atomic\n        Replace  ./Device/Vendor/MSFT/Policy/Config/DeviceLock/DevicePasswordEnabled = \"0\"\n",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("transcript does not hold %q:\n%s", want, &out)
		}
	}
	if strings.Contains(out.String(), "\x1b") {
		t.Error("transcript is in colour and not on a terminal")
	}
}

// TestDemoInterrupted stops before the first session.
func TestDemoInterrupted(t *testing.T) {
	ctx, stop := context.WithCancel(context.Background())
	stop()
	var out bytes.Buffer
	if got := run(ctx, []string{"-demo"}, &out, io.Discard); got != 1 || strings.Contains(out.String(), "lost") {
		t.Errorf("exit status %d, output %q", got, &out)
	}
}

// TestDemoFault lets devices talk to a server that is not there: nothing is lost, and yet the demonstration fails.
func TestDemoFault(t *testing.T) {
	var out bytes.Buffer
	d := demo{store: new(memstore.Store), url: "http://127.0.0.1:1/", client: &http.Client{Transport: deaf{}}, out: newTranscript(&out)}
	if err := d.all(context.Background(), 1); err == nil {
		t.Error("no error")
	}
	for _, want := range []string{"!! ", "demo: 1 devices, 2 sessions, 0 commands, 0 lost\n"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("output does not hold %q:\n%s", want, &out)
		}
	}
}

// deaf answers nobody.
type deaf struct{}

func (deaf) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, errors.New("nobody answers")
}

// TestDifference counts what only one side knows.
func TestDifference(t *testing.T) {
	get, set := act{verb: "Get", uri: "./A"}, act{verb: "Replace", uri: "./A", value: "1"}
	tests := []struct {
		name string
		a, b map[act]int
		want int
	}{
		{"nothing", nil, nil, 0},
		{"the same", map[act]int{get: 1, set: 2}, map[act]int{get: 1, set: 2}, 0},
		{"executed and not known", map[act]int{get: 1, set: 1}, map[act]int{get: 1}, 1},
		{"known and not executed", nil, map[act]int{get: 1, set: 1}, 2},
		{"executed twice", map[act]int{get: 2}, map[act]int{get: 1}, 1},
		{"another value", map[act]int{set: 1}, map[act]int{{verb: "Replace", uri: "./A", value: "2"}: 1}, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := difference(tt.a, tt.b); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

// TestTranscriptOfHostileMessage prints what a peer must not get onto a terminal.
func TestTranscriptOfHostileMessage(t *testing.T) {
	var out bytes.Buffer
	tr := &transcript{w: &out}
	tr.message(simdevice.Traffic{Octets: []byte("\x1b[2J")})
	tr.message(simdevice.Traffic{From: simdevice.FromServer, Message: &syncml.Message{
		Header: syncml.Header{MsgID: "1\x1b[2J"},
		Body: []syncml.Command{
			&syncml.Status{Cmd: "Get\x1b", CmdRef: "2", TargetRefs: []string{"./\x1b"}, Data: syncml.Text("\x1b")},
			&syncml.Alert{Data: syncml.Text("\x1b")},
			&syncml.Sequence{Body: []syncml.Command{&syncml.Get{Items: []syncml.Item{{Target: syncml.Location{URI: "./\u202e"}}}}}},
			&syncml.Replace{Items: []syncml.Item{
				{Meta: &syncml.Meta{Type: "\x1b"}, Data: syncml.Text(strings.Repeat("\x1b", 100))}, {Data: syncml.Octets([]byte{0x1b})},
			}},
		},
	}})
	if strings.ContainsAny(out.String(), "\x1b\u202e") {
		t.Errorf("steers the terminal: %q", out.String())
	}
	if n := strings.Count(out.String(), "\n"); n != 8 {
		t.Errorf("%d lines, want 8:\n%s", n, &out)
	}
}

// TestColour paints a status by what it means.
func TestColour(t *testing.T) {
	tr := &transcript{w: io.Discard, colour: true}
	for code, want := range map[string]string{
		"200": "\x1b[32m" + omadm.StatusOK.String() + "\x1b[0m", "404": "\x1b[31m" + omadm.StatusNotFound.String() + "\x1b[0m", "x": "\x1b[31mx\x1b[0m",
	} {
		if got := tr.status(&syncml.Status{Data: syncml.Text(code)}); got != want {
			t.Errorf("%s: got %q, want %q", code, got, want)
		}
	}
}
