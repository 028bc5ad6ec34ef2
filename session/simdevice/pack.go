package simdevice

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// unit is what goes into one message together: a command, or the statuses of an Atomic. A command of one item with a
// large object goes out in parts, one message each.
type unit struct {
	commands []syncml.Command
	notice   *notice // what the command came from; nil: not from Device.Notify
	sent     int     // octets of the object that went out
	again    bool    // the object was begun again
	prompt   bool    // answers an alert of the server: goes out with the next message, whatever else does
}

// progress tells whether a message has brought the outbox any further.
type progress struct {
	head *unit
	sent int
}

// progress returns how far the outbox is, answers to alerts aside: each message brings another one.
func (s *session) progress() progress {
	for _, u := range s.outbox {
		if !u.prompt {
			return progress{u, u.sent}
		}
	}
	return progress{}
}

// maxOutbox is how much a device has to say at most: a server that asks for more than it takes does not exhaust the
// memory.
const maxOutbox = 50_000

// packer makes one message.
type packer struct {
	s      *session
	m      *syncml.Message
	octets []byte
	end    int // length of the end of the message, in octets
	next   int // CmdID
	part   bool
	err    error // the encoder's
}

// pack makes the next message: the Status for the header of answer, which is nil in package 1, then as much of
// the outbox as the server takes. What does not fit goes into further messages of the package. When something
// does not fit into a message of its own either, the device aborts the session, as Windows does.
func (s *session) pack(answer *syncml.Message) (*syncml.Message, []byte, error) {
	p := s.newPacker()
	if answer == nil {
		p.next = s.traits.firstID
	}
	ok := answer == nil || p.put(0, s.headerStatus(answer))
	switch {
	case !ok, len(s.outbox) > maxOutbox:
		p.abort()
	case s.turn == serverOpen, s.turn == serverFull:
		p.acknowledge()
	case s.busy > 0:
		s.busy--
		p.stayBusy()
	default:
		p.fill()
	}
	p.close()
	if p.err != nil {
		return nil, nil, fmt.Errorf("simdevice: %w", p.err)
	}
	return p.m, p.octets, nil
}

func (s *session) newPacker() *packer {
	p := &packer{s: s, m: &syncml.Message{Header: s.header()}, next: 1}
	p.octets, p.err = s.codec.AppendHeader(nil, &p.m.Header)
	if p.err == nil {
		var end []byte
		end, p.err = s.codec.AppendEnd(nil, true)
		p.end = len(end)
	}
	return p
}

// headerStatus returns the Status for the header of the server's message.
func (s *session) headerStatus(answer *syncml.Message) syncml.Command {
	st := &syncml.Status{MsgRef: answer.Header.MsgID, CmdRef: "0", Cmd: "SyncHdr", Data: code(int(s.proof.answer)), Chal: s.proof.chal}
	if s.traits.headerRefs {
		st.TargetRefs = []string{answer.Header.Target.URI}
		st.SourceRefs = []string{answer.Header.Source.URI}
	}
	return st
}

// put appends commands, all or none, if they leave room for reserve octets. It reports whether they are in.
func (p *packer) put(reserve int, commands ...syncml.Command) bool {
	octets := p.encode(commands)
	if p.err != nil || p.s.maxMsgSize > 0 && int64(len(octets)+reserve+p.end) > p.s.maxMsgSize {
		return false
	}
	p.octets = octets
	p.m.Body = append(p.m.Body, commands...)
	p.next += len(commands)
	return true
}

// encode returns the message so far with commands behind it.
func (p *packer) encode(commands []syncml.Command) []byte {
	octets := p.octets
	for i, c := range commands {
		if p.err != nil {
			break
		}
		setID(c, strconv.Itoa(p.next+i))
		octets, p.err = p.s.codec.AppendCommand(octets, c)
	}
	return octets
}

// length returns how many octets commands would take.
func (p *packer) length(commands ...syncml.Command) int {
	return len(p.encode(commands)) - len(p.octets)
}

// fill puts in what is in the outbox, until something does not fit or an object goes on in the next message.
func (p *packer) fill() {
	s := p.s
	for len(s.outbox) > 0 && !p.part && p.err == nil {
		u := s.outbox[0]
		switch {
		case u.sent == 0 && !s.exceedsChunk(u) && p.put(0, u.commands...):
			p.remember(u, u.commands...)
			s.outbox = s.outbox[1:]
		case u.sent == 0 && len(itemsOf(u)) > 1 && s.split(u):
		case !s.large() || !divisible(u) || !p.putPart(u):
			p.leaveOpen()
			return
		}
	}
	if p.err == nil && !p.part {
		s.turn = deviceClosed
		s.stuck = progress{}
	}
}

// leaveOpen ends the message with a package that is still open. When the outbox is no further than after the last
// message, it never will be.
func (p *packer) leaveOpen() {
	s := p.s
	now := s.progress()
	if now == s.stuck || len(p.m.Body) == 0 {
		p.abort()
		return
	}
	s.stuck, s.turn = now, deviceOpen
}

// abort ends the session (OMA DM Protocol 1.2.1, section 8.1).
func (p *packer) abort() {
	s := p.s
	s.report.End, s.turn, s.outbox = DeviceAborted, deviceClosed, nil
	abort := &syncml.Alert{Data: code(int(omadm.AlertSessionAbort))}
	p.octets = p.encode([]syncml.Command{abort})
	p.m.Body = append(p.m.Body, abort)
	p.remember(nil, abort)
}

// acknowledge answers a message of the server that ends with a part of a large object, or had no room for a command: with
// statuses and the request for the next message. Results and alerts wait (OMA DM Protocol 1.2.1, sections 6.2 and 7).
func (p *packer) acknowledge() {
	s := p.s
	next := &syncml.Alert{Data: code(int(omadm.AlertNextMessage))}
	last := append(s.ack.commands[:len(s.ack.commands):len(s.ack.commands)], next)
	reserve := p.length(last...) + 2*len("9999") // their CmdIDs will be longer
	for len(s.outbox) > 0 && isStatus(s.outbox[0].commands[0]) && p.put(reserve, s.outbox[0].commands...) {
		s.outbox = s.outbox[1:]
	}
	if !p.put(0, last...) {
		p.abort()
		return
	}
	p.remember(nil, next)
}

// stayBusy makes a message that says that the device is still busy.
func (p *packer) stayBusy() {
	s := p.s
	for len(s.outbox) > 0 && s.outbox[0].prompt && p.put(0, s.outbox[0].commands...) {
		s.outbox = s.outbox[1:]
	}
	busy := event(typeRequestPending, "1")
	if !p.put(0, busy) {
		p.abort()
		return
	}
	p.remember(nil, busy)
	s.turn = deviceOpen
}

// close ends the message.
func (p *packer) close() {
	if p.err != nil {
		return
	}
	p.m.Final = p.s.turn == deviceClosed
	p.octets, p.err = p.s.codec.AppendEnd(p.octets, p.m.Final)
}

// remember notes the commands that the server has to answer.
func (p *packer) remember(u *unit, commands ...syncml.Command) {
	for _, c := range commands {
		if isStatus(c) {
			continue
		}
		e := &sent{msgID: p.m.Header.MsgID, cmdID: c.ID(), cmd: c, message: p.s.number}
		if u != nil {
			e.notice = u.notice
		}
		p.s.sent = append(p.s.sent, e)
	}
}

// itemsOf returns the items of the command of a unit that can be cut: Results, and alerts that came from
// Device.Notify.
func itemsOf(u *unit) []syncml.Item {
	switch c := u.commands[0].(type) {
	case *syncml.Results:
		return c.Items
	case *syncml.Alert:
		if u.notice != nil {
			return c.Items
		}
	}
	return nil
}

// divisible reports whether u is one object that can go out in parts.
func divisible(u *unit) bool {
	items := itemsOf(u)
	return len(items) == 1 && len(items[0].Data.Value) > 0 && items[0].Data.Kind != syncml.MarkupData
}

// exceedsChunk reports whether u is an object that goes out in parts although it may fit.
func (s *session) exceedsChunk(u *unit) bool {
	if s.d.ChunkSize <= 0 || !s.large() {
		return false
	}
	for _, it := range itemsOf(u) {
		if len(it.Data.Value) > s.d.ChunkSize && it.Data.Kind != syncml.MarkupData {
			return true
		}
	}
	return false
}

// split makes Results of several items, which are first in the outbox, so many Results of one item. It reports false
// for other commands.
func (s *session) split(u *unit) bool {
	r, ok := u.commands[0].(*syncml.Results)
	if !ok {
		return false
	}
	s.outbox = append(apart(r), s.outbox[1:]...)
	return true
}

// apart returns Results of one item each.
func apart(r *syncml.Results) []*unit {
	units := make([]*unit, len(r.Items))
	for i := range r.Items {
		one := *r
		one.Items = r.Items[i : i+1 : i+1]
		units[i] = &unit{commands: []syncml.Command{&one}}
	}
	return units
}

// putPart puts in as much of the object u, which is first in the outbox, as fits (OMA DM Protocol 1.2.1, section 7).
// It reports false when not even one octet does.
func (p *packer) putPart(u *unit) bool {
	rest := len(itemsOf(u)[0].Data.Value) - u.sent
	chunk := rest
	if size := p.s.d.ChunkSize; size > 0 && size < chunk {
		chunk = size
	}
	n := p.fitting(u, chunk, rest)
	if n == 0 {
		return false
	}
	c := part(u, n)
	if !p.put(0, c) {
		return false
	}
	p.remember(u, c)
	if n == rest {
		p.s.outbox = p.s.outbox[1:]
		return true
	}
	u.sent += n
	p.part = true
	s := p.s
	s.going, s.turn = s.sent[len(s.sent)-1], deviceOpen
	s.stuck = progress{u, u.sent}
	return true
}

// fitting returns how many octets of the object u fit, at most chunk and not inside of a character.
func (p *packer) fitting(u *unit, chunk, rest int) int {
	limit := int(p.s.maxMsgSize)
	if limit == 0 {
		return u.whole(chunk)
	}
	room := limit - len(p.octets) - p.end
	if chunk == rest && p.length(part(u, rest)) <= room {
		return rest
	}
	low, high := 0, max(0, min(chunk, room))
	for low < high {
		n := (low + high + 1) / 2
		if p.length(part(u, u.whole(n))) <= room {
			low = n
		} else {
			high = n - 1
		}
	}
	return u.whole(low)
}

// whole returns the largest number of octets up to n that ends the part behind a character.
func (u *unit) whole(n int) int {
	data := itemsOf(u)[0].Data
	if data.Kind != syncml.TextData {
		return n
	}
	for n > 0 && u.sent+n < len(data.Value) && !utf8.RuneStart(data.Value[u.sent+n]) {
		n--
	}
	return n
}

// part returns the command of u with the next n octets of the object.
func part(u *unit, n int) syncml.Command {
	whole := itemsOf(u)[0]
	total := len(whole.Data.Value)
	it := whole
	it.Data.Value = whole.Data.Value[u.sent : u.sent+n]
	it.MoreData = u.sent+n < total
	meta := syncml.Meta{}
	if whole.Meta != nil {
		meta = *whole.Meta
	}
	if meta.Size = ""; u.sent == 0 {
		meta.Size = strconv.Itoa(total)
	}
	if it.Meta = &meta; whole.Meta == nil && meta.Size == "" {
		it.Meta = nil
	}
	items := []syncml.Item{it}
	switch c := u.commands[0].(type) {
	case *syncml.Results:
		r := *c
		r.Items = items
		return &r
	case *syncml.Alert:
		a := *c
		a.Items = items
		return &a
	}
	return u.commands[0]
}

// fitsAlone reports whether commands fit into a message of their own, beside what every message has.
func (s *session) fitsAlone(answer *syncml.Message, commands []syncml.Command) bool {
	p := s.newPacker()
	reply := &syncml.Status{MsgRef: answer.Header.MsgID, CmdRef: "9999", Cmd: "Alert", Data: code(int(omadm.StatusOK))}
	return p.put(0, s.headerStatus(answer), reply) && p.put(0, commands...)
}

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

func isStatus(c syncml.Command) bool {
	_, ok := c.(*syncml.Status)
	return ok
}
