package omadm

import (
	"errors"
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/syncml"
)

// Planner lays commands into one message so that its encoded form never exceeds a maximum. What does not fit is cut off
// again. Only where as many items or octets as fit are wanted, some of them are encoded more than once.
type Planner struct {
	codec syncml.Codec
	max   int
	end   int // octets kept free for the end of the message
	buf   []byte
	id    uint32 // last CmdID
	laid  int    // commands of requests

	scratch *scratch // of the command that is being written; nil before the first
	spare   []byte   // that the next message is written into; nil: none
}

// scratch is the memory for a command of one operation, which is good until the next.
type scratch struct {
	item    [1]syncml.Item
	meta    syncml.Meta
	get     syncml.Get
	add     syncml.Add
	replace syncml.Replace
	remove  syncml.Delete
	exec    syncml.Exec
	copied  syncml.Copy
}

// command returns the command of op, which is valid and no alert.
func (s *scratch) command(op *Op, id string) syncml.Command {
	s.item[0] = op.item(&s.meta)
	items := s.item[:]
	switch op.Verb {
	case Get:
		s.get = syncml.Get{CmdID: id, Items: items}
		return &s.get
	case Add:
		s.add = syncml.Add{CmdID: id, Items: items}
		return &s.add
	case Replace:
		s.replace = syncml.Replace{CmdID: id, Items: items}
		return &s.replace
	case Delete:
		s.remove = syncml.Delete{CmdID: id, Items: items}
		return &s.remove
	case Exec:
		s.exec = syncml.Exec{CmdID: id, Correlator: op.Correlator, Items: items}
		return &s.exec
	}
	s.copied = syncml.Copy{CmdID: id, Items: items}
	return &s.copied
}

// ErrTooSmall says that a message of the maximum size cannot hold even its header and statuses.
var ErrTooSmall = errors.New("omadm: message does not fit into the maximum size")

// NewPlanner begins a message of at most max octets. The error is an *syncml.EncodeError or ErrTooSmall.
func NewPlanner(codec syncml.Codec, h *syncml.Header, max int) (*Planner, error) {
	p := new(Planner)
	if err := p.Begin(codec, h, max); err != nil {
		return nil, err
	}
	return p, nil
}

// usual is the size of a message with statuses and few commands, in octets.
const usual = 2048

// Buffer lets the next Begin use the memory of buf for its message, as far as it goes. What buf holds is lost.
func (p *Planner) Buffer(buf []byte) { p.spare = buf }

// Begin makes p the planner of a new message, as NewPlanner returns it. It is for a Planner that is part of another
// value.
func (p *Planner) Begin(codec syncml.Codec, h *syncml.Header, max int) error {
	buf := p.spare[:0]
	if cap(buf) == 0 {
		buf = make([]byte, 0, min(max, usual))
	}
	*p = Planner{codec: codec, max: max, buf: buf}
	end, err := codec.AppendEnd(p.buf, true)
	if err != nil {
		return err
	}
	p.end = len(end)
	if p.buf, err = codec.AppendHeader(p.buf, h); err != nil {
		return err
	}
	if len(p.buf)+p.end > max {
		return ErrTooSmall
	}
	return nil
}

// Put appends a command that is numbered already. It reports false, and appends nothing, if the command does not fit.
func (p *Planner) Put(c syncml.Command) (bool, error) {
	excess, err := p.put(c)
	return excess <= 0 && err == nil, err
}

// put appends a command if it fits, and returns the octets that it takes beyond the maximum.
func (p *Planner) put(c syncml.Command) (excess int, err error) {
	n := len(p.buf)
	buf, err := p.codec.AppendCommand(p.buf, c)
	if err != nil {
		return 0, err
	}
	if excess = len(buf) + p.end - p.max; excess > 0 {
		buf = buf[:n]
	}
	p.buf = buf
	return excess, nil
}

// Statuses appends the statuses of a reply. ErrTooSmall if not all of them fit; those before stay.
func (p *Planner) Statuses(list []*syncml.Status) error {
	for _, s := range list {
		if err := p.must(s); err != nil {
			return err
		}
		p.id++
	}
	return nil
}

// Answer appends the statuses of a reply, as Statuses does.
func (p *Planner) Answer(r *Reply) error {
	for s := range r.each {
		if err := p.must(s); err != nil {
			return err
		}
		p.id++
	}
	return nil
}

// Flow appends an alert of the server about the course of the session (AlertNextMessage, AlertSessionAbort), or about
// an object, which the items name (AlertNoEndOfData). ErrTooSmall if it does not fit.
func (p *Planner) Flow(code AlertCode, items ...syncml.Item) error {
	err := p.must(&syncml.Alert{CmdID: p.nextID(), Data: syncml.Text(strconv.Itoa(int(code))), Items: items})
	if err == nil {
		p.id++
	}
	return err
}

// must appends a command. ErrTooSmall if it does not fit.
func (p *Planner) must(c syncml.Command) error {
	ok, err := p.Put(c)
	if err == nil && !ok {
		err = ErrTooSmall
	}
	return err
}

// nextID is the CmdID of the next command.
func (p *Planner) nextID() string { return strconv.FormatUint(uint64(p.id)+1, 10) }

// Mark is a place in a message under construction.
type Mark struct {
	octets int
	id     uint32
	laid   int
}

// Mark returns the end of what was laid so far.
func (p *Planner) Mark() Mark { return Mark{octets: len(p.buf), id: p.id, laid: p.laid} }

// Reset cuts off what was laid since a Mark.
func (p *Planner) Reset(m Mark) { p.buf, p.id, p.laid = p.buf[:m.octets], m.id, m.laid }

// room is the number of octets that a command may take.
func (p *Planner) room() int { return p.max - p.end - len(p.buf) }

// Lay appends the operations of r from the index next on, as many as fit; those of a Sequence or Atomic all or none. It
// calls placed for each operation with the CmdID of its command and its index, GroupOp for the group. It returns the
// index of the first operation that did not fit. The error says that r cannot be encoded.
func (p *Planner) Lay(r *Request, next int, placed func(cmdID uint32, op int)) (int, error) {
	if r.Group != Each {
		return p.layGroup(r, placed)
	}
	p.reserve(r.Ops[next:])
	for next < len(r.Ops) {
		n, err := p.layRun(r, next)
		if err != nil || n == 0 {
			return next, err
		}
		for range n {
			placed(p.id, next)
			next++
		}
	}
	return next, nil
}

// layRun appends one command of as many of the operations from next on as fit, and returns their number.
func (p *Planner) layRun(r *Request, next int) (int, error) {
	ops := r.Ops[next:]
	if !r.Combine {
		ops = ops[:1]
	}
	ops = ops[:p.atMost(ops)]
	if len(ops) == 0 {
		return 0, nil
	}
	most := r.run(ops)
	whole, err := p.command(ops[:most])
	if err != nil {
		return 0, err
	}
	if most == 1 {
		ok, err := p.Put(whole)
		if err != nil || !ok {
			return 0, err
		}
		p.id++
		p.laid++
		return 1, nil
	}
	items := whole.ItemList()
	fit, err := p.largest(most, func(n int) syncml.Command {
		if n == most {
			return whole
		}
		return ops[0].command(p.nextID(), items[:n])
	})
	if fit > 0 {
		p.id++
		p.laid++
	}
	return fit, err
}

// run returns how many operations at the beginning of a part of r.Ops make one command: one, unless r combines.
func (r *Request) run(ops []Op) int {
	verb := ops[0].Verb
	if !r.Combine || !verb.Known() || !verbs[verb].items {
		return 1
	}
	// Answers tell the items of a command apart by their addresses.
	seen := map[URI]bool{}
	for i := range ops {
		u := ops[i].URI.Canonical()
		if ops[i].Verb != verb || seen[u] {
			return i
		}
		seen[u] = true
	}
	return len(ops)
}

// command returns the command that does all the operations, which have one verb. It is good until the next one.
func (p *Planner) command(ops []Op) (syncml.Command, error) {
	if len(ops) > 1 || ops[0].Verb == Alert {
		return combined(ops, p.nextID())
	}
	if err := ops[0].Validate(); err != nil {
		return nil, err
	}
	if p.scratch == nil {
		p.scratch = new(scratch)
	}
	return p.scratch.command(&ops[0], p.nextID()), nil
}

// combined returns the command that does all the operations, in memory of its own.
func combined(ops []Op, id string) (syncml.Command, error) {
	if len(ops) == 1 {
		return ops[0].Command(id)
	}
	items := make([]syncml.Item, len(ops))
	for i := range ops {
		if err := ops[i].Validate(); err != nil {
			return nil, err
		}
		items[i] = ops[i].item(new(syncml.Meta))
	}
	return ops[0].command(id, items), nil
}

// largest appends the command for the largest number of parts, up to most, for which it fits, and returns that number; 0
// if there is none. Every part takes an octet or more. So the excess of a command says how many parts may have to go, and
// the room behind it how many may be added; in between, the number is found by halving.
func (p *Planner) largest(most int, command func(n int) syncml.Command) (int, error) {
	mark := p.Mark()
	fit, over, laid := 0, most+1, 0
	for n := most; fit+1 < over || laid < fit; {
		p.Reset(mark)
		excess, err := p.put(command(n))
		switch {
		case err != nil:
			return 0, err
		case excess > 0:
			over, laid = n, 0
			n = max(n-excess, (fit+over)/2)
		default:
			fit, laid = n, n
			over = min(over, n-excess+1)
			n = (fit + over) / 2
		}
	}
	return fit, nil
}

// atMost returns how many of the operations may fit: the room is divided among their addresses and values, none of
// which an encoding makes shorter. So what is much too long is not encoded.
func (p *Planner) atMost(ops []Op) int {
	octets := 0
	for i := range ops {
		octets += len(ops[i].URI)
		if d := &ops[i].Value.Data; d.Kind != syncml.MarkupData { // for which WBXML has tokens
			octets += len(d.Value)
		}
		if octets > p.room() {
			return i
		}
	}
	return len(ops)
}

// reserve makes room for operations, as far as they fit, so that the message does not grow with each of them.
func (p *Planner) reserve(ops []Op) {
	const around = 128 // octets of mark-up
	octets, room := 0, p.room()
	for i := range ops {
		if octets += len(ops[i].URI) + len(ops[i].Value.Data.Value) + around; octets > room {
			octets = room
			break
		}
	}
	p.buf = slices.Grow(p.buf, max(octets, 0)+p.end)
}

func (p *Planner) layGroup(r *Request, placed func(cmdID uint32, op int)) (int, error) {
	if p.atMost(r.Ops) < len(r.Ops) {
		return 0, nil
	}
	first := p.id + 1
	id := first
	var members []syncml.Command
	var ids []uint32 // of the command of each operation
	for next := 0; next < len(r.Ops); {
		id++
		n := r.run(r.Ops[next:])
		cmd, err := combined(r.Ops[next:next+n], strconv.FormatUint(uint64(id), 10))
		if err != nil {
			return 0, err
		}
		members = append(members, cmd)
		for range n {
			ids = append(ids, id)
			next++
		}
	}
	var group syncml.Command = &syncml.Atomic{CmdID: p.nextID(), Body: members}
	if r.Group == Sequence {
		group = &syncml.Sequence{CmdID: p.nextID(), Body: members}
	}
	ok, err := p.Put(group)
	if err != nil || !ok {
		return 0, err
	}
	p.id = id
	p.laid++
	placed(first, GroupOp)
	for i, id := range ids {
		placed(id, i)
	}
	return len(r.Ops), nil
}

// Empty reports whether no command of a request was laid.
func (p *Planner) Empty() bool { return p.laid == 0 }

// End ends the message and returns its octets.
func (p *Planner) End(final bool) ([]byte, error) { return p.codec.AppendEnd(p.buf, final) }
