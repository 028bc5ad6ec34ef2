package omadm_test

import (
	"strconv"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// replaces is a message with so many commands, which are answered item by item.
func replaces(commands int) *syncml.Message {
	m := &syncml.Message{Header: syncml.Header{
		VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1",
		Target: syncml.Location{URI: "https://dm.example.test"}, Source: syncml.Location{URI: "device"},
	}}
	for n := range commands {
		m.Body = append(m.Body, &syncml.Replace{CmdID: strconv.Itoa(n + 1), Items: []syncml.Item{
			{Source: syncml.Location{URI: "./DevInfo/Man"}, Data: syncml.Text("Example")},
			{Target: syncml.Location{URI: "./Vendor/Other"}, Data: syncml.Text("no")},
		}})
	}
	return m
}

func TestStatusesOfALongMessage(t *testing.T) {
	const commands = 40
	got := omadm.NewReply(replaces(commands)).Statuses()
	if len(got) != 1+2*commands {
		t.Fatalf("got %d statuses, want %d", len(got), 1+2*commands)
	}
	for i, s := range got[1:] {
		want := &syncml.Status{CmdID: strconv.Itoa(i + 2), MsgRef: "1", CmdRef: strconv.Itoa(i/2 + 1), Cmd: "Replace"}
		if i%2 == 0 {
			want.SourceRefs, want.Data = []string{"./DevInfo/Man"}, syncml.Text("200")
		} else {
			want.TargetRefs, want.Data = []string{"./Vendor/Other"}, syncml.Text("405")
		}
		if d := cmp.Diff(want, s); d != "" {
			t.Errorf("status %d (-want +got):\n%s", i, d)
		}
	}
}

func TestReplyBeginsAnew(t *testing.T) {
	var r omadm.Reply
	r.Begin(replaces(20))
	r.Refuse(omadm.StatusBadRequest)
	r.Begin(replaces(2))
	if d := cmp.Diff(omadm.NewReply(replaces(2)).Statuses(), r.Statuses()); d != "" {
		t.Errorf("statuses of a reply that was another before (-want +got):\n%s", d)
	}
}

// written lays statuses and a request into a message.
func written(t *testing.T, p *omadm.Planner, max int, statuses func(*omadm.Planner) error) ([]byte, error) {
	t.Helper()
	h := omadm.NewReply(replaces(1)).ReplyHeader()
	if err := p.Begin(syncml.XML, &h, max); err != nil {
		t.Fatal(err)
	}
	if err := statuses(p); err != nil {
		return nil, err
	}
	r := omadm.Request{ID: "r", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./A"}, {Verb: omadm.Delete, URI: "./B"}}}
	if next, err := p.Lay(&r, 0, func(uint32, int) {}); err != nil || next != 2 {
		t.Fatalf("laid %d operations, %v", next, err)
	}
	octets, err := p.End(true)
	if err != nil {
		t.Fatal(err)
	}
	return octets, nil
}

func TestAnswerIsStatusesOfTheReply(t *testing.T) {
	r := omadm.NewReply(replaces(3))
	var p omadm.Planner // the second message begins where the first was
	got, err := written(t, &p, 10_000, func(p *omadm.Planner) error { return p.Answer(r) })
	if err != nil {
		t.Fatal(err)
	}
	want, err := written(t, &p, 10_000, func(p *omadm.Planner) error { return p.Statuses(r.Statuses()) })
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("message (-Statuses +Answer):\n%s", d)
	}
	if _, err := written(t, &p, 600, func(p *omadm.Planner) error { return p.Answer(r) }); err != omadm.ErrTooSmall {
		t.Errorf("got error %v, want ErrTooSmall", err)
	}
}

// A message is written into the memory that the planner was given, once; the one after it has memory of its own.
func TestMessageInAGivenBuffer(t *testing.T) {
	r := omadm.NewReply(replaces(3))
	answer := func(p *omadm.Planner) error { return p.Answer(r) }
	var p omadm.Planner
	want, err := written(t, &p, 10_000, answer)
	if err != nil {
		t.Fatal(err)
	}
	buf := append(make([]byte, 0, 4096), "what it held before"...)
	p.Buffer(buf)
	got, err := written(t, &p, 10_000, answer)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" || &got[0] != &buf[0] {
		t.Errorf("in the buffer: %v, message (-without +with a buffer):\n%s", &got[0] == &buf[0], d)
	}
	next, err := written(t, &p, 10_000, answer)
	if err != nil || &next[0] == &got[0] {
		t.Errorf("the next message is in the memory of the one before, %v", err)
	}
	p.Buffer(make([]byte, 3)) // too small
	if got, err = written(t, &p, 10_000, answer); err != nil || string(got) != string(want) {
		t.Errorf("in a small buffer: %q, %v", got, err)
	}
}

func TestStatusesBeginWithTheirCode(t *testing.T) {
	known := 0
	for s := omadm.Status(0); s < 2000; s++ {
		if !s.Known() {
			continue
		}
		known++
		code := strconv.Itoa(int(s))
		if text := s.String(); len(text) < len(code)+2 || text[:len(code)+1] != code+" " {
			t.Errorf("status %d is called %q", int(s), text)
		}
	}
	if known < 50 {
		t.Errorf("%d statuses are known", known)
	}
}
