package omadm

import (
	"fmt"
	"strconv"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// LayPart appends one command with the octets of the value of r.Ops[op] from offset on, as many as fit; placed is called
// with its CmdID (OMA DM Protocol 1.2.1, section 7). It returns the offset after them: the length of the value when they
// are the last, offset itself when there is no room for any. Each part repeats address and Meta; the first also says the
// size of the whole, all but the last that there is more. Nothing may follow a part that is not the last in its message.
//
// Text is never cut inside a character. The work is in proportion to the part, but for the first, which checks all of
// the value. The operation has to be Divisible and not in a group.
func (p *Planner) LayPart(r *Request, op, offset int, placed func(cmdID uint32, op int)) (next int, err error) {
	if op < 0 || op >= len(r.Ops) || r.Group != Each || !r.Ops[op].Divisible() {
		return offset, fmt.Errorf("omadm: operation %d of request %.64q cannot be sent in parts", op, string(r.ID))
	}
	o := &r.Ops[op]
	if offset < 0 || offset >= len(o.Value.Data.Value) {
		return offset, fmt.Errorf("omadm: value of %d octets has no part at %d", len(o.Value.Data.Value), offset)
	}
	if offset == 0 {
		if err := o.Validate(); err != nil {
			return offset, err
		}
	}
	length, err := p.layPart(o, offset)
	if err != nil || length == 0 {
		return offset, err
	}
	p.id++
	p.laid++
	placed(p.id, op)
	return offset + length, nil
}

// layPart appends the command of a part and returns the length of the part.
func (p *Planner) layPart(o *Op, offset int) (length int, err error) {
	d := part{op: o, offset: offset, id: p.nextID()}
	rest := len(o.Value.Data.Value) - offset
	if rest <= p.room() {
		if ok, err := p.Put(d.command(rest)); ok || err != nil {
			return rest, err
		}
	}
	// The last part lacks MoreData, the first has a size: so it may be that one that is not the last is longer.
	mark := p.Mark()
	n, err := p.largest(d.aligned(min(rest-1, p.room())), func(n int) syncml.Command { return d.command(d.aligned(n)) })
	if length = d.aligned(n); length == 0 {
		p.Reset(mark)
	}
	return length, err
}

// part makes the commands of a part of a value.
type part struct {
	op     *Op
	offset int
	id     string
}

// aligned returns the greatest length up to n that does not end inside a character.
func (d *part) aligned(n int) int {
	data := &d.op.Value.Data
	if data.Kind != syncml.TextData || d.offset+n >= len(data.Value) {
		return n
	}
	for n > 0 && !utf8.RuneStart(data.Value[d.offset+n]) {
		n--
	}
	return n
}

// command returns the command with n octets.
func (d *part) command(n int) syncml.Command {
	item := d.op.item(new(syncml.Meta))
	whole := item.Data.Value
	item.Data.Value = whole[d.offset : d.offset+n]
	item.MoreData = d.offset+n < len(whole)
	if d.offset == 0 && item.MoreData {
		if item.Meta == nil {
			item.Meta = new(syncml.Meta)
		}
		item.Meta.Size = strconv.Itoa(d.op.Value.MetaSize())
	}
	return d.op.command(d.id, []syncml.Item{item})
}
