package simdevice

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// session is one session of a device, between its first message and its end.
type session struct {
	d      *Device
	id     string
	opts   SessionOptions
	traits *traits
	tree   *Tree
	codec  syncml.Codec
	url    string
	report Report

	number   int     // of the device's last message, or of the one that is being made
	got      int     // messages of the server
	turn     turn    // whose it is after the device's last message
	previous posted  // the last message that was answered
	outbox   []*unit // what the device still has to say in its package, in order
	sent     []*sent // commands that wait for a Status
	stuck    progress
	ack      *unit // Status of the part of a large object that the server's message ended with
	busy     int   // messages that only say that the device is busy, before the outbox goes out

	coming  *object // large object of the server that is being received
	stopped string  // the one that was refused last, see object.key; empty: none
	going   *sent   // part of a large object of the device with which its last message ended; nil: none

	proof proof // of both sides

	maxMsgSize int64 // of the server, in octets; 0: not said
	maxObjSize int64
}

// turn says what the server may do (OMA DM Protocol 1.2.1, sections 6.1 and 6.2).
type turn uint8

const (
	deviceClosed turn = iota // the device has closed its package: the server may send commands
	deviceOpen               // the device's package goes on: the server may only ask for the rest
	serverOpen               // the server is in the middle of a large object, or stopped there: it goes on
	serverFull               // the server had no room for a command beside its statuses: it goes on
)

// sent is a command of the device. The server has to answer it.
type sent struct {
	msgID, cmdID string
	cmd          syncml.Command
	notice       *notice // what it came from; nil: not from Device.Notify
	message      int     // number of the message it went out with
	statuses     int     // received
	status       omadm.Status
	refs         []string // TargetRefs and SourceRefs of the statuses received
	missed       bool     // its Status did not come when it was due
}

func newSession(d *Device, opts SessionOptions) *session {
	return &session{
		d: d, id: opts.ID, opts: opts, traits: d.Profile.traits(), tree: d.Nodes(), codec: d.codec(), url: d.URL,
		proof: newProof(d),
	}
}

// run is the whole session.
func (s *session) run(ctx context.Context) (Report, error) {
	s.report = Report{SessionID: s.id, Began: s.d.now()}
	err := s.converse(ctx)
	if err != nil {
		s.report.End = Broken
	}
	s.report.Ended = s.d.now()
	return s.report, err
}

// converse sends package 1 and then answers the server until there is nothing to answer.
func (s *session) converse(ctx context.Context) error {
	s.open()
	var answer *syncml.Message // the message of the server that the next one answers
	for s.number < s.d.maxMessages() {
		s.number++
		m, octets, err := s.pack(answer)
		if err != nil {
			return err
		}
		headers, err := s.headers(m, octets)
		if err != nil {
			return err
		}
		reply, err := s.exchange(ctx, m, octets, headers)
		switch {
		case s.report.End != Broken && reply != nil: // the device has ended it: the answer does not matter (section 8.1.2)
			return nil
		case err != nil:
			return err
		case reply == nil:
			s.report.End = Stopped
			return nil
		}
		answer = reply.Message
		if over, err := s.hear(&check{s: s, device: m, m: answer, in: *reply}); over || err != nil {
			return err
		}
	}
	return fmt.Errorf("simdevice: the session does not end within %d messages", s.number)
}

// hear takes up a message of the server and fills the outbox with what the device says to it. It reports whether the
// session is over.
func (s *session) hear(c *check) (over bool, err error) {
	s.got++
	c.message()
	s.learn(&c.m.Header)
	if s.answersChallenge(c) {
		s.beginAgain()
		return false, nil
	}
	if err := s.judge(c); err != nil {
		return false, err
	}
	if s.report.End, over = s.over(c); over {
		return true, nil
	}
	if s.proof.untrusted {
		s.breakOff(c)
		return false, nil
	}
	s.settle(c)
	s.forget()
	s.outbox = append(s.answerTo(c), s.outbox...)
	return false, nil
}

// open fills the outbox with package 1 (OMA DM Protocol 1.2.1, section 8.3; MS-MDM section 3.2.5).
func (s *session) open() {
	start := s.opts.Start
	if start == 0 {
		start = omadm.AlertClientInitiated
	}
	s.say(&syncml.Alert{Data: code(int(start))})
	if s.traits.login {
		login := s.d.LoginStatus
		if login == "" {
			login = loginUser
		}
		s.say(event(typeLoginStatus, login))
		if s.opts.SyncType != "" {
			s.say(event(typeSyncType, s.opts.SyncType))
		}
	}
	s.sayDeclared()
	s.takeNotices()
	info := &syncml.Replace{}
	for _, name := range devInfo {
		uri := "./DevInfo/" + name
		info.Items = append(info.Items, syncml.Item{
			Source: syncml.Location{URI: uri}, Data: syncml.Text(s.tree.Value(uri)),
		})
	}
	s.say(info)
}

// say appends a command to the outbox.
func (s *session) say(c syncml.Command) {
	s.outbox = append(s.outbox, &unit{commands: []syncml.Command{c}})
}

// event returns an alert 1224.
func event(kind, value string) *syncml.Alert {
	return &syncml.Alert{
		Data:  code(int(omadm.AlertClientEvent)),
		Items: []syncml.Item{{Meta: &syncml.Meta{Type: kind}, Data: syncml.Text(value)}},
	}
}

// loginUser is the LoginStatus with which the nodes below ./User are there.
const loginUser = "user"

// takeNotices moves alerts that are queued to the outbox. Those that the profile has not, or that are too large for
// the server, stay in the queue.
func (s *session) takeNotices() {
	for _, n := range s.d.take(s) {
		if alertCode(&n.alert) == omadm.AlertGeneric && !s.traits.generic || s.tooLarge(n.alert.Items) {
			continue
		}
		a := n.alert
		s.outbox = append(s.outbox, &unit{commands: []syncml.Command{&a}, notice: n})
	}
}

// tooLarge reports whether one of items exceeds the server's MaxObjSize.
func (s *session) tooLarge(items []syncml.Item) bool {
	return s.maxObjSize > 0 && slices.ContainsFunc(items, func(it syncml.Item) bool {
		return int64(len(it.Data.Value)) > s.maxObjSize
	})
}

// large reports whether the device handles large objects.
func (s *session) large() bool { return s.tree.Value(largeObjects) == "true" }

// fault asks what goes wrong with an attempt to send the message.
func (s *session) fault(attempt int) Fault {
	if s.d.Fault == nil {
		return NoFault
	}
	return s.d.Fault(s.number, attempt)
}

// learn notes what the header of the server says about the rest of the session.
func (s *session) learn(h *syncml.Header) {
	if absolute(h.RespURI) {
		s.url = h.RespURI
	}
	if h.Meta == nil {
		return
	}
	if n, ok := syncml.ParseSize(h.Meta.MaxMsgSize); ok {
		s.maxMsgSize = n
	}
	if n, ok := syncml.ParseSize(h.Meta.MaxObjSize); ok {
		s.maxObjSize = n
	}
}

// over tells whether the message of the server ends the session, and how.
func (s *session) over(c *check) (End, bool) {
	switch {
	case c.aborts:
		return ServerAborted, true
	case failed(s.report.Header):
		return Refused, true
	case (s.turn == deviceClosed || s.turn == serverFull) && !c.commands && !c.lost && c.m.Final:
		return Completed, true
	}
	return 0, false
}

// settle draws what the server says about the device's large object: it goes on after 213, begins again or is given
// up after Alert 1225, and is given up after any other answer (OMA DM Protocol 1.2.1, section 7).
func (s *session) settle(c *check) {
	if s.going == nil || len(s.outbox) == 0 {
		return
	}
	status := s.going.status
	s.going.missed = status == 0 // and that has been said
	s.going = nil
	u := s.outbox[0]
	switch {
	case c.lost && s.d.Resend && !u.again:
		u.sent, u.again = 0, true
	case c.lost:
		s.outbox = s.outbox[1:]
	case status != omadm.StatusChunkedItemAccepted:
		s.outbox = s.outbox[1:]
		if u.notice != nil && status != 0 {
			s.d.delivered(u.notice)
		}
	}
}

// forget drops commands that have their Status, and Results when the server has seen the whole package.
func (s *session) forget() {
	s.sent = slices.DeleteFunc(s.sent, func(c *sent) bool {
		_, results := c.cmd.(*syncml.Results)
		return c.statuses > 0 || c.missed || results && s.turn == deviceClosed
	})
}

// header returns the header of the next message.
func (s *session) header() syncml.Header {
	h := syncml.Header{
		VerDTD:    s.traits.verDTD,
		VerProto:  s.traits.verProto,
		SessionID: s.id,
		MsgID:     strconv.Itoa(s.number),
		Target:    syncml.Location{URI: s.url},
		Source:    syncml.Location{URI: s.d.ID, Name: s.d.locName()},
		Cred:      s.cred(),
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

// maxViolations is how many violations a Report has at most.
const maxViolations = 1000

// violate reports that the message of the server that is being read breaks a rule.
func (s *session) violate(row, format string, args ...any) {
	if len(s.report.Violations) == maxViolations {
		return
	}
	s.report.Violations = append(s.report.Violations, Violation{
		Row: row, Message: s.number, Text: fmt.Sprintf(format, args...),
	})
}

// code returns a status or alert code as data.
func code(n int) syncml.Data { return syncml.Text(strconv.Itoa(n)) }

// number reads a status or alert code.
func number(s string) (int, bool) {
	n, err := strconv.Atoi(strings.TrimSpace(s))
	return n, err == nil
}

// failed reports whether a status code tells of a failure; 0 is no code.
func failed(s omadm.Status) bool { return s >= 300 }
