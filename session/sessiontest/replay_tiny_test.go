package sessiontest

import (
	"context"
	"io"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

// tiny is a server that has nothing of package session: it answers with omadm.NewReply, and knows neither groups nor sizes.
// Spoil makes its replies wrong.
type tiny struct {
	queue   []omadm.Request
	sent    map[string]*omadm.Request // by MsgID and CmdID
	replies int
	entries []session.Entry
	spoil   func(*tiny, *syncml.Message)
	lies    omadm.Status // that it takes for each status; 0: what the device said
	one     bool         // it sends one request for each message
}

func (s *tiny) Enqueue(_ context.Context, _ omadm.DeviceID, reqs ...omadm.Request) error {
	s.queue = append(s.queue, reqs...)
	return nil
}

func (s *tiny) Results(_ context.Context, after session.Cursor, limit int) ([]session.Entry, error) {
	at, _ := strconv.Atoi(string(after))
	return s.entries[at:min(len(s.entries), at+limit)], nil
}

func (s *tiny) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	m, err2 := syncml.Decode(body)
	if err != nil || err2 != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if m.Header.MsgID == "1" {
		s.replies, s.sent = 0, make(map[string]*omadm.Request)
	}
	s.replies++
	reply := omadm.NewReply(m)
	reply.MsgID = strconv.Itoa(s.replies)
	s.hear(m)
	out := reply.Message()
	for n := 0; len(s.queue) > 0 && (n == 0 || !s.one); n++ {
		id := strconv.Itoa(len(out.Body) + 1)
		if c, err := s.queue[0].Ops[0].Command(id); err == nil {
			out.Body = append(out.Body, c)
			s.sent[reply.MsgID+" "+id] = &s.queue[0]
		}
		s.queue = s.queue[1:]
	}
	if s.spoil != nil {
		s.spoil(s, out)
	}
	octets, err := syncml.Encode(out)
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", syncml.ContentTypeXML)
	_, _ = w.Write(octets)
}

func (s *tiny) hear(m *syncml.Message) {
	for _, c := range m.Body {
		st, ok := c.(*syncml.Status)
		if !ok || s.sent[st.MsgRef+" "+st.CmdRef] == nil {
			continue
		}
		code, _ := omadm.ParseStatus(st.Data.Value)
		if s.lies != 0 {
			code = s.lies
		}
		if o, ok := omadm.Summarize(s.sent[st.MsgRef+" "+st.CmdRef], 1, omadm.Report{}, []omadm.Report{{Status: code}}); ok {
			s.entries = append(s.entries, session.Entry{Cursor: session.Cursor(strconv.Itoa(len(s.entries) + 1)), Outcome: &o})
		}
	}
}

// A server of another make passes with one call, and fails for the right reason.
func TestReplayOfAnotherServer(t *testing.T) {
	tests := []struct {
		name string
		tiny tiny
		want []string // parts of what is said, in their order; none: it passes
	}{
		{"a good server", tiny{}, nil},
		{"one request at a time", tiny{one: true}, nil},
		{"a status less", tiny{spoil: func(s *tiny, m *syncml.Message) {
			if s.replies == 1 {
				m.Body = slices.Delete(m.Body, 1, 2)
			}
		}},
			[]string{"the reply breaks S-5: no Status for Alert, MsgRef 1 CmdRef 1"}},
		{"no Final", tiny{spoil: func(_ *tiny, m *syncml.Message) { m.Final = false }}, []string{"the reply breaks P-14"}},
		{"a command less", tiny{spoil: func(s *tiny, m *syncml.Message) {
			if s.replies == 1 {
				m.Body = m.Body[:len(m.Body)-1]
			}
		}}, []string{"Get ./Vendor/MSFT/NoSuchNode, recorded in message 1, was not sent", ">     11   Get      ./Vendor/MSFT/NoSuchNode",
			`Get "./Vendor/MSFT/NoSuchNode" of message 1 has no outcome, recorded failed`}},
		{"a command more", tiny{spoil: func(s *tiny, m *syncml.Message) {
			if s.replies == 1 {
				m.Body = append(m.Body, &syncml.Get{CmdID: "99", Items: []syncml.Item{{Target: syncml.Location{URI: "./DevDetail/HwV"}}}})
			}
		}}, []string{"Get ./DevDetail/HwV is sent, which the recording does not have", ">     99   Get      ./DevDetail/HwV"}},
		{"another outcome", tiny{lies: 500}, []string{`Replace "./Vendor/MSFT/Policy/Config/Test/A" chr text/plain text[1] of message 1 ends as failed (500 Command failed), recorded done (200 OK)`}},
		{"a refusal", tiny{spoil: func(_ *tiny, m *syncml.Message) { m.Body[0].(*syncml.Status).Data = syncml.Text("401") }},
			[]string{"message 1 is refused with 401 Invalid credentials", "was not sent", "the reply breaks A-10"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			rec, err := capture.Open(os.DirFS("../../testdata/sessions/windows-policies"))
			if err != nil {
				t.Fatal(err)
			}
			got := observeReplay(func(s Setup) http.Handler {
				for _, r := range s.Requests {
					if r.Group == omadm.Each { // it knows no groups
						tt.tiny.queue = append(tt.tiny.queue, r)
					}
				}
				return &tt.tiny
			}, withoutAtomic(t, rec), ReplayOptions{Mode: capture.Outcomes})
			text := strings.Join(got.messages, "\n")
			if got.failed != (tt.want != nil) {
				t.Fatalf("failed: %v\n%s", got.failed, text)
			}
			rest := text
			for _, part := range tt.want {
				_, after, ok := strings.Cut(rest, part)
				if !ok {
					t.Fatalf("got\n%s\nwant in it\n%s", text, part)
				}
				rest = after
			}
		})
	}
}

// withoutAtomic returns the recording without its Atomic, in both directions.
func withoutAtomic(t *testing.T, rec *capture.Recording) *capture.Recording {
	t.Helper()
	out := new(capture.Recording)
	for _, m := range rec.Messages {
		msg, err := m.Decode()
		if err != nil {
			t.Fatal(err)
		}
		msg.Body = slices.DeleteFunc(msg.Body, func(c syncml.Command) bool {
			st, ok := c.(*syncml.Status)
			return c.Name() == "Atomic" || ok && m.From == capture.FromDevice && slices.Contains([]string{"8", "9", "10"}, st.CmdRef)
		})
		if m.Octets, err = syncml.Encode(msg); err != nil {
			t.Fatal(err)
		}
		out.Messages = append(out.Messages, m)
	}
	return out
}
