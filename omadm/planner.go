package omadm

import (
	"errors"
	"strconv"

	"github.com/gomadm/gomadm/syncml"
)

// Planner lays commands into one message so that its encoded form never exceeds a maximum. Nothing is encoded twice: what
// does not fit is cut off again.
type Planner struct {
	codec syncml.Codec
	max   int
	end   int // octets kept free for the end of the message
	buf   []byte
	id    uint32 // last CmdID
	laid  int    // commands of requests
}

// ErrTooSmall says that a message of the maximum size cannot hold even its header and statuses.
var ErrTooSmall = errors.New("omadm: message does not fit into the maximum size")

// NewPlanner begins a message of at most max octets. The error is an *syncml.EncodeError or ErrTooSmall.
func NewPlanner(codec syncml.Codec, h *syncml.Header, max int) (*Planner, error) {
	p := &Planner{codec: codec, max: max}
	end, err := codec.AppendEnd(nil, true)
	if err != nil {
		return nil, err
	}
	p.end = len(end)
	p.buf = make([]byte, 0, min(max, 4096))
	if p.buf, err = codec.AppendHeader(p.buf, h); err != nil {
		return nil, err
	}
	if len(p.buf)+p.end > max {
		return nil, ErrTooSmall
	}
	return p, nil
}

// Put appends a command that is numbered already. It reports false, and appends nothing, if the command does not fit.
func (p *Planner) Put(c syncml.Command) (bool, error) {
	n := len(p.buf)
	buf, err := p.codec.AppendCommand(p.buf, c)
	if err != nil {
		return false, err
	}
	if len(buf)+p.end > p.max {
		p.buf = buf[:n]
		return false, nil
	}
	p.buf = buf
	return true, nil
}

// Statuses appends the statuses of a reply. ErrTooSmall if they do not fit.
func (p *Planner) Statuses(list []*syncml.Status) error {
	for _, s := range list {
		ok, err := p.Put(s)
		if err != nil {
			return err
		}
		if !ok {
			return ErrTooSmall
		}
	}
	p.id += uint32(len(list))
	return nil
}

// Alert appends an alert of the server without items.
func (p *Planner) Alert(code AlertCode) error {
	p.id++
	ok, err := p.Put(&syncml.Alert{CmdID: p.cmdID(), Data: syncml.Text(strconv.Itoa(int(code)))})
	if err == nil && !ok {
		err = ErrTooSmall
	}
	return err
}

func (p *Planner) cmdID() string { return strconv.FormatUint(uint64(p.id), 10) }

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

// Lay appends the operations of r from the index next on, as many as fit; those of a Sequence or Atomic all or none. It
// calls placed for each command with its CmdID and the index of its operation, GroupOp for the group. It returns the
// index of the first operation that did not fit. The error says that r cannot be encoded.
func (p *Planner) Lay(r *Request, next int, placed func(cmdID uint32, op int)) (int, error) {
	if r.Group != Each {
		return p.layGroup(r, placed)
	}
	for ; next < len(r.Ops); next++ {
		p.id++
		cmd, err := r.Ops[next].Command(p.cmdID())
		if err != nil {
			return next, err
		}
		ok, err := p.Put(cmd)
		if err != nil || !ok {
			p.id--
			return next, err
		}
		p.laid++
		placed(p.id, next)
	}
	return next, nil
}

func (p *Planner) layGroup(r *Request, placed func(cmdID uint32, op int)) (int, error) {
	first := p.id + 1
	id := strconv.FormatUint(uint64(first), 10)
	members := make([]syncml.Command, len(r.Ops))
	for i := range r.Ops {
		var err error
		if members[i], err = r.Ops[i].Command(strconv.FormatUint(uint64(first)+1+uint64(i), 10)); err != nil {
			return 0, err
		}
	}
	var group syncml.Command = &syncml.Atomic{CmdID: id, Body: members}
	if r.Group == Sequence {
		group = &syncml.Sequence{CmdID: id, Body: members}
	}
	ok, err := p.Put(group)
	if err != nil || !ok {
		return 0, err
	}
	p.id += uint32(1 + len(members))
	p.laid++
	placed(first, GroupOp)
	for i := range members {
		placed(first+1+uint32(i), i)
	}
	return len(r.Ops), nil
}

// Empty reports whether no command of a request was laid.
func (p *Planner) Empty() bool { return p.laid == 0 }

// End ends the message and returns its octets.
func (p *Planner) End(final bool) ([]byte, error) { return p.codec.AppendEnd(p.buf, final) }
