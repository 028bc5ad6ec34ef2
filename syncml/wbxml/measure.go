package wbxml

import (
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// counts is how many values of each kind a message needs, so that each kind is allocated once.
type counts struct {
	all      int     // commands of all kinds
	commands [64]int // commands by token of page 0; others count at 0
	items    int
	metas    int
	refs     int // TargetRef and SourceRef
}

// Octets one value takes in memory, with what the slices that hold it may take while they grow.
const (
	commandCost = 320
	itemCost    = 120
	metaCost    = 136
	refCost     = 96
	extraCost   = 144
	opaqueCost  = 96
)

// A message may take fixedMemory octets and memoryFactor times its own size, whether it is refused
// or accepted.
const (
	fixedMemory  = 2 << 20
	memoryFactor = 8
	spareMemory  = 64 << 10 // for the decoder itself, and for errors
)

// budget is what is left of that memory after the copy of the message and the values counted.
func (c *counts) budget(size int) int {
	metas := min(c.metas, c.mostMetas())
	return fixedMemory - spareMemory + (memoryFactor-1)*size -
		c.all*commandCost - c.items*itemCost - metas*metaCost - c.refs*refCost
}

// mostMetas is the number of Meta values that commands, items, credentials and the header can have together.
// A repeated Meta is read into the first one.
func (c *counts) mostMetas() int { return c.items + 3*c.all + 2 }

// place tells what an element may mean by the element it stands in.
type place uint8

const (
	inDocument place = iota
	inSyncML
	inHeader
	inBody
	inGroup // Atomic and Sequence
	inCommand
	inItem
	inCred // Cred and Chal
	elsewhere
)

// isCommand reports whether an element of a SyncBody or group is a command. All are, known or not, but for
// those that mean something else there.
func isCommand(p place, t tag) bool {
	switch t {
	case tagFinal:
		return false
	case tagArchive, tagChal, tagCmd, tagCmdID, tagCmdRef, tagCorrelator, tagCred, tagData, tagItem, tagLang, tagMeta,
		tagMsgRef, tagNoResp, tagSftDel, tagSourceRef, tagTargetRef:
		return p != inGroup
	}
	return p != inGroup || t.page() != pageMetInf
}

// add counts an element and returns the place its children have.
func (c *counts) add(p place, t tag) place {
	switch p {
	case inDocument:
		return inSyncML
	case inSyncML:
		switch t {
		case tagSyncHdr:
			return inHeader
		case tagSyncBody:
			return inBody
		}
		return elsewhere
	case inBody, inGroup:
		if isCommand(p, t) {
			return c.addCommand(t)
		}
	}
	if p == elsewhere {
		return elsewhere
	}
	if t.isMetaField() {
		c.metas++ // it stands beside Meta
	}
	switch t {
	case tagItem:
		if p == inCommand || p == inGroup {
			c.items++
			return inItem
		}
	case tagMeta:
		c.metas++
	case tagCred, tagChal:
		return inCred
	case tagTargetRef, tagSourceRef:
		c.refs++
	}
	return elsewhere
}

func (c *counts) addCommand(t tag) place {
	c.all++
	switch t {
	case tagAtomic, tagSequence:
		c.commands[t]++
		return inGroup
	case tagAdd, tagAlert, tagCopy, tagDelete, tagExec, tagGet, tagReplace, tagResults, tagStatus:
		c.commands[t]++
		return inCommand
	}
	c.commands[0]++
	return elsewhere
}

// measure reads a whole document after its header, checks all that does not depend on the meaning of an
// element, and counts. Nothing is allocated for a message that it refuses.
func (r *reader) measure(lim syncml.Limits) (c counts) {
	var room [40]place
	places := append(room[:0], inDocument)
	for {
		if p := places[len(places)-1]; p >= inCommand && len(places) <= lim.Depth {
			r.leaves(p)
		}
		if !r.next() {
			break
		}
		switch r.kind {
		case kindEnd:
			if places = places[:len(places)-1]; len(places) == 0 {
				r.fail("end without an element")
				return c
			}
		case kindStart, kindEmpty:
			p := c.add(places[len(places)-1], r.tag)
			switch {
			case len(places) == 1 && r.tag != tagSyncML:
				r.fail("root is not SyncML")
			case len(places) > lim.Depth:
				r.exceed("Depth", lim.Depth)
			case c.all > lim.Commands:
				r.exceed("Commands", lim.Commands)
			case c.items > lim.Items:
				r.exceed("Items", lim.Items)
			}
			if r.kind == kindStart && !r.leaf() {
				places = append(places, p)
			}
		case kindText, kindOpaque, kindChar:
			if len(places) == 1 {
				r.fail("text outside the root")
			}
			if r.kind == kindText && !utf8.ValidString(r.text) {
				r.fail("text is not UTF-8")
			}
		}
		if r.referenced > fixedMemory+memoryFactor*len(r.s) {
			r.exceed("Octets", lim.Octets)
		}
		if len(places) == 1 && r.err == nil {
			r.trailer()
			break
		}
	}
	return c
}

// leaves passes over elements that count for nothing and hold one inline string each, as long as they follow each other.
// Whatever else comes is left to next, which also says what is wrong with it.
func (r *reader) leaves(p place) {
	s, pos, page := r.s, r.pos, tag(r.page)<<6
	for pos+1 < len(s) && s[pos]&^0x3f == flagContent && s[pos+1] == tokenInline {
		t := page | tag(s[pos]&0x3f)
		if names[t] == "" || p != elsewhere && !isPlain(t) {
			break
		}
		end, ascii := termination(s[pos+2:])
		if end += pos + 2; end < pos+2 || end+1 >= len(s) || s[end+1] != tokenEnd || !ascii && !utf8.ValidString(s[pos+2:end]) {
			break
		}
		pos = end + 2
	}
	r.pos = pos
}

// isPlain reports whether an element is not counted wherever in a command it stands.
func isPlain(t tag) bool {
	switch t {
	case tagCmdID, tagMsgRef, tagCmdRef, tagCmd, tagData, tagLocURI, tagLocName:
		return true
	}
	return false
}

// leaf reads the content and the end of an element that holds one inline string and nothing else, as most do. It
// reads nothing when there is something else.
func (r *reader) leaf() bool {
	if r.pos >= len(r.s) || r.s[r.pos] != tokenInline {
		return false
	}
	text := r.s[r.pos+1:]
	end, ascii := termination(text)
	if end < 0 || end+1 >= len(text) || text[end+1] != tokenEnd {
		return false
	}
	if !ascii && !utf8.ValidString(text[:end]) {
		r.at = r.pos
		r.fail("text is not UTF-8")
	}
	r.pos += end + 3
	return true
}

// trailer accepts nothing but processing instructions after the root.
func (r *reader) trailer() {
	for r.err == nil && r.pos < len(r.s) {
		r.at = r.pos
		if r.s[r.pos] != tokenPI {
			r.fail("octets after the root")
			return
		}
		r.pos++
		r.skipAttributes()
	}
}
