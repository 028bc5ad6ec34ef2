package simdevice

import (
	"bytes"
	"context"
	"fmt"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// session is one session of a device, between its first message and its end.
type session struct {
	d      *Device
	id     string
	tree   *Tree
	codec  syncml.Codec
	url    string
	report Report

	outbox  []syncml.Command // what the device still has to say in its package, in order
	notices []*syncml.Alert  // those of outbox and sent that came from Device.Notify
	sent    []*sent          // commands that wait for a Status
	stuck   syncml.Command   // the first that did not fit into the last message
	closed  bool             // the last message closed the device's package
	limit   int64            // MaxMsgSize of the server, in octets; 0: not said
	got     int              // messages of the server
}

// sent is a command of the device. The server has to answer it.
type sent struct {
	msgID, cmdID string
	cmd          syncml.Command
	message      int      // number of the message it went out with
	statuses     int      // received
	refs         []string // TargetRefs and SourceRefs of the statuses received
	missed       bool     // its Status did not come when it was due
}

func newSession(d *Device, id string) *session {
	return &session{d: d, id: id, tree: d.Nodes(), codec: d.codec(), url: d.URL}
}

// run is the whole session.
func (s *session) run(ctx context.Context) (Report, error) {
	s.report = Report{SessionID: s.id, Began: s.d.now()}
	err := s.converse(ctx)
	s.report.Ended = s.d.now()
	return s.report, err
}

// converse sends package 1 and then answers the server until there is nothing to answer.
func (s *session) converse(ctx context.Context) error {
	s.open()
	var answer *syncml.Message // the message of the server that the next one answers
	for s.report.Messages < s.d.maxMessages() {
		m, octets, err := s.pack(answer)
		if err != nil {
			return err
		}
		fault := s.fault()
		if fault == StopBefore {
			s.report.End = Stopped
			return nil
		}
		s.report.Messages++
		reply, err := s.exchange(ctx, m, octets, fault)
		if err != nil {
			return err
		}
		if fault == StopAfter {
			s.report.End = Stopped
			return nil
		}
		if s.report.End == DeviceAborted { // the server's answer does not matter (section 8.1.2)
			return nil
		}
		s.got++
		c := &check{s: s, device: m, m: reply}
		c.message()
		s.learn(&reply.Header)
		if end, over := s.over(c); over {
			s.report.End = end
			return nil
		}
		s.outbox = append(s.answerTo(c), s.outbox...)
		answer = reply
	}
	return fmt.Errorf("simdevice: the session does not end within %d messages", s.report.Messages)
}

// open fills the outbox with package 1 (OMA DM Protocol 1.2.1, section 8.3; MS-MDM section 3.2.5).
func (s *session) open() {
	start := s.d.Start
	if start == 0 {
		start = omadm.AlertClientInitiated
	}
	login := s.d.LoginStatus
	if login == "" {
		login = loginUser
	}
	s.outbox = append(s.outbox, &syncml.Alert{Data: code(int(start))}, &syncml.Alert{
		Data:  code(int(omadm.AlertClientEvent)),
		Items: []syncml.Item{{Meta: &syncml.Meta{Type: typeLoginStatus}, Data: syncml.Text(login)}},
	})
	s.takeNotices()
	info := &syncml.Replace{}
	for _, name := range devInfo {
		uri := "./DevInfo/" + name
		info.Items = append(info.Items, syncml.Item{
			Source: syncml.Location{URI: uri}, Data: syncml.Text(s.tree.Value(uri)),
		})
	}
	s.outbox = append(s.outbox, info)
}

// loginUser is the LoginStatus with which the nodes below ./User are there.
const loginUser = "user"

// takeNotices moves alerts that were queued and are not on their way to the outbox.
func (s *session) takeNotices() {
next:
	for _, a := range s.d.waiting() {
		for _, old := range s.notices {
			if old == a {
				continue next
			}
		}
		s.notices = append(s.notices, a)
		s.outbox = append(s.outbox, a)
	}
}

// fault asks what goes wrong with the next message.
func (s *session) fault() Fault {
	if s.d.Fault == nil {
		return NoFault
	}
	return s.d.Fault(s.report.Messages + 1)
}

// learn notes what the header of the server says about the rest of the session.
func (s *session) learn(h *syncml.Header) {
	if absolute(h.RespURI) {
		s.url = h.RespURI
	}
	if h.Meta != nil {
		if n, ok := syncml.ParseSize(h.Meta.MaxMsgSize); ok {
			s.limit = n
		}
	}
}

// over tells whether the message of the server ends the session, and how.
func (s *session) over(c *check) (End, bool) {
	switch {
	case c.aborts:
		return ServerAborted, true
	case failed(s.report.Header):
		return Refused, true
	case s.closed && !c.commands && c.m.Final:
		return Completed, true
	}
	return 0, false
}

// header returns the header of the next message.
func (s *session) header() syncml.Header {
	h := syncml.Header{
		VerDTD:    "1.2",
		VerProto:  "DM/1.2",
		SessionID: s.id,
		MsgID:     strconv.Itoa(s.report.Messages + 1),
		Target:    syncml.Location{URI: s.url},
		Source:    syncml.Location{URI: s.d.ID, Name: s.d.User},
	}
	if s.d.MaxMsgSize > 0 || s.d.MaxObjSize > 0 {
		h.Meta = &syncml.Meta{MaxMsgSize: size(s.d.MaxMsgSize), MaxObjSize: size(s.d.MaxObjSize)}
	}
	return h
}

func size(n int64) string {
	if n <= 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// pack makes the next message: the Status for the header of answer, which is nil in package 1, then as much of
// the outbox as the server takes. What does not fit goes into further messages of the package. When something
// does not fit into a message of its own either, the device aborts the session, as Windows does.
func (s *session) pack(answer *syncml.Message) (*syncml.Message, []byte, error) {
	m := &syncml.Message{Header: s.header()}
	cmdID := 1
	if answer == nil {
		cmdID = 2 // habit of Windows
	}
	octets, err := s.codec.AppendHeader(nil, &m.Header)
	if err != nil {
		return nil, nil, fmt.Errorf("simdevice: %w", err)
	}
	put := func(c syncml.Command) (bool, error) {
		setID(c, strconv.Itoa(cmdID))
		longer, err := s.codec.AppendCommand(octets, c)
		if err != nil {
			return false, fmt.Errorf("simdevice: %w", err)
		}
		if s.limit > 0 {
			whole, err := s.codec.AppendEnd(longer, true)
			if err != nil {
				return false, fmt.Errorf("simdevice: %w", err)
			}
			if int64(len(whole)) > s.limit {
				return false, nil
			}
		}
		octets = longer
		m.Body = append(m.Body, c)
		cmdID++
		return true, nil
	}
	if answer != nil {
		if _, err := put(&syncml.Status{
			MsgRef: answer.Header.MsgID, CmdRef: "0", Cmd: "SyncHdr", Data: code(int(omadm.StatusOK)),
		}); err != nil {
			return nil, nil, err
		}
	}
	for len(s.outbox) > 0 {
		fits, err := put(s.outbox[0])
		if err != nil {
			return nil, nil, err
		}
		if !fits {
			break
		}
		s.outbox = s.outbox[1:]
	}
	s.closed = len(s.outbox) == 0
	stuck := s.stuck
	if s.stuck = nil; !s.closed {
		s.stuck = s.outbox[0]
	}
	if !s.closed && (s.stuck == stuck || len(m.Body) == 0) {
		s.report.End, s.closed, s.outbox = DeviceAborted, true, nil
		abort := &syncml.Alert{CmdID: strconv.Itoa(cmdID), Data: code(int(omadm.AlertSessionAbort))}
		if octets, err = s.codec.AppendCommand(octets, abort); err != nil {
			return nil, nil, fmt.Errorf("simdevice: %w", err)
		}
		m.Body = append(m.Body, abort)
	}
	m.Final = s.closed
	if octets, err = s.codec.AppendEnd(octets, m.Final); err != nil {
		return nil, nil, fmt.Errorf("simdevice: %w", err)
	}
	s.remember(m)
	return m, octets, nil
}

// remember notes the commands of m that the server has to answer.
func (s *session) remember(m *syncml.Message) {
	for _, c := range m.Body {
		if _, ok := c.(*syncml.Status); ok {
			continue
		}
		s.sent = append(s.sent, &sent{
			msgID: m.Header.MsgID, cmdID: c.ID(), cmd: c, message: s.report.Messages + 1,
		})
	}
}

// exchange sends a message until it is answered and returns the decoded answer and its length.
func (s *session) exchange(ctx context.Context, m *syncml.Message, octets []byte, f Fault) (*syncml.Message, error) {
	out := Traffic{From: FromDevice, ContentType: s.codec.ContentType(), Octets: octets, Message: m}
	if f == LoseRequest {
		out.Lost = true
		s.trace(out)
		out.Lost, out.Repeat = false, true
	}
	var lost []byte // answer that the device did not see
	for attempt := 1; ; {
		s.trace(out)
		kind, answer, err := s.d.Transport.Post(ctx, s.url, out.ContentType, octets)
		out.Repeat = true
		if err != nil {
			if s.d.Retry == nil {
				return nil, fmt.Errorf("simdevice: message %s: %w", m.Header.MsgID, err)
			}
			if err = s.d.Retry(ctx, attempt, err); err != nil {
				return nil, fmt.Errorf("simdevice: message %s: %w", m.Header.MsgID, err)
			}
			attempt++
			continue
		}
		reply, err := s.codec.Decode(answer, s.d.Limits)
		in := Traffic{From: FromServer, ContentType: kind, Octets: answer, Message: reply}
		if f == LoseReply && lost == nil {
			in.Lost = true
			s.trace(in)
			lost = append([]byte{}, answer...)
			continue
		}
		s.trace(in)
		if lost != nil && !bytes.Equal(lost, answer) {
			s.violate("P-31", "a repeated message was not answered with the octets of the first answer")
		}
		if !sameMediaType(kind, out.ContentType) {
			s.violate("H-3", "the answer has content type %q, the message had %q", kind, out.ContentType)
		}
		if s.d.MaxMsgSize > 0 && int64(len(answer)) > s.d.MaxMsgSize {
			s.violate("P-38", "the message has %d octets, the device takes %d", len(answer), s.d.MaxMsgSize)
		}
		if err != nil {
			s.violate("X-1", "the answer is not a message: %v", err)
			return nil, fmt.Errorf("simdevice: answer to message %s: %w", m.Header.MsgID, err)
		}
		return reply, nil
	}
}

// trace hands t to the device's Trace.
func (s *session) trace(t Traffic) {
	if s.d.Trace == nil {
		return
	}
	t.Time, t.SessionID, t.Number = s.d.now(), s.id, s.report.Messages
	s.d.Trace(t)
}

// violate reports that the message of the server that is being read breaks a rule.
func (s *session) violate(row, format string, args ...any) {
	s.report.Violations = append(s.report.Violations, Violation{
		Row: row, Message: s.report.Messages, Text: fmt.Sprintf(format, args...),
	})
}

// code returns a status or alert code as data.
func code(n int) syncml.Data { return syncml.Text(strconv.Itoa(n)) }

// failed reports whether a status code tells of a failure; 0 is no code.
func failed(s omadm.Status) bool { return s >= 300 }

// setID sets the CmdID of a command that a client may send.
func setID(c syncml.Command, id string) {
	switch c := c.(type) {
	case *syncml.Alert:
		c.CmdID = id
	case *syncml.Replace:
		c.CmdID = id
	case *syncml.Results:
		c.CmdID = id
	case *syncml.Status:
		c.CmdID = id
	}
}
