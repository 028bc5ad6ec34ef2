package wbxml

import (
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// decoder builds a message. A document is read twice: measure checks it and counts, then the methods of
// decoder fill what was counted. Where they meet the end of an element they can rely on it being there.
type decoder struct {
	reader
	lim       syncml.Limits
	counts    counts
	memory    int    // octets that may still be allocated
	namespace string // of the message
	empty     bool   // the element just read has no content

	// What is not handed out yet of the values counted. Items and refs have the values handed out in front.
	bodies   []syncml.Command
	open     []syncml.Command // commands of bodies that are being read
	items    []syncml.Item
	metas    []syncml.Meta
	refs     []string
	adds     []syncml.Add
	alerts   []syncml.Alert
	copies   []syncml.Copy
	deletes  []syncml.Delete
	execs    []syncml.Exec
	gets     []syncml.Get
	replaces []syncml.Replace
	results  []syncml.Results
	statuses []syncml.Status
	unknowns []syncml.Unknown

	unsettled []unsettled
	groups    int // Atomic and Sequence elements that are open
}

// take hands out one of n values that are allocated together.
func take[T any](free *[]T, n int) *T {
	if len(*free) == 0 {
		*free = make([]T, max(n, 1))
	}
	v := &(*free)[0]
	*free = (*free)[1:]
	return v
}

// spend takes n octets from the memory the message may use.
func (d *decoder) spend(n int) bool {
	if d.memory -= n; d.memory < 0 {
		d.exceed("Octets", d.lim.Octets)
	}
	return d.err == nil
}

// document reads all that follows the header.
func (d *decoder) document(h header) *syncml.Message {
	if d.err != nil {
		return nil
	}
	namespace, ok := h.namespace()
	if !ok {
		d.fail("public identifier is not that of SyncML")
		return nil
	}
	first := d.reader
	d.counts = d.measure(d.lim)
	if d.err != nil {
		return nil
	}
	d.memory = d.counts.budget(len(d.s))
	if !d.spend(0) {
		return nil
	}
	d.reader, d.namespace = first, namespace
	d.bodies = make([]syncml.Command, 0, d.counts.all)
	d.open = make([]syncml.Command, 0, d.counts.all)
	d.items = make([]syncml.Item, 0, d.counts.items)
	d.refs = make([]string, 0, d.counts.refs)
	return d.message()
}

// child reads up to the next element inside the one read last. Text beside elements is ignored. Whatever
// child finds has to be read with a method that reads to its end, such as skip.
func (d *decoder) child() bool {
	if d.empty {
		d.empty = false
		return false
	}
	for d.next() {
		switch d.kind {
		case kindEnd:
			return false
		case kindStart, kindEmpty:
			d.empty = d.kind == kindEmpty
			return true
		}
	}
	return false
}

// skip passes over the rest of the element read last.
func (d *decoder) skip() {
	for d.child() {
		d.skip()
	}
}

func (d *decoder) message() *syncml.Message {
	m := new(syncml.Message)
	header, body := false, false
	d.child()
	root := d.at
	for d.child() {
		switch d.tag {
		case tagSyncHdr:
			if header {
				d.fail("second SyncHdr")
			}
			header = true
			d.syncHdr(&m.Header)
		case tagSyncBody:
			if !header || body {
				d.fail("SyncBody is not the only one after SyncHdr")
			}
			body = true
			m.Body, m.Final = d.syncBody()
			if m.Body == nil {
				m.Body = []syncml.Command{} // what syncml.Append takes for a body that is meant to be empty
			}
		default:
			d.skip()
		}
	}
	if d.err == nil && !body {
		d.at = root
		d.fail("no SyncHdr and SyncBody")
	}
	return m
}

func (d *decoder) syncHdr(h *syncml.Header) {
	for d.child() {
		switch d.tag {
		case tagVerDTD:
			h.VerDTD = d.trimmed()
		case tagVerProto:
			h.VerProto = d.trimmed()
		case tagSessionID:
			h.SessionID = d.trimmed()
		case tagMsgID:
			h.MsgID = d.trimmed()
		case tagTarget:
			h.Target = d.location()
		case tagSource:
			h.Source = d.location()
		case tagRespURI:
			h.RespURI = d.trimmed()
		case tagNoResp:
			h.NoResp = true
			d.skip()
		case tagCred:
			h.Cred = d.cred(h.Cred)
		default:
			h.Meta = d.meta(h.Meta)
		}
	}
	if d.namespace != impliedNamespace(h.VerDTD) {
		h.Namespace = d.namespace
	}
}

func (d *decoder) syncBody() (body []syncml.Command, final bool) {
	first := len(d.open)
	for d.child() {
		if d.tag == tagFinal {
			final = true
			d.skip()
			continue
		}
		d.command()
	}
	return d.close(first), final
}

// close returns the commands read since the first, which are no longer open.
func (d *decoder) close(first int) []syncml.Command {
	if len(d.open) == first {
		return nil
	}
	from := len(d.bodies)
	d.bodies = append(d.bodies, d.open[first:]...)
	d.open = d.open[:first]
	return d.bodies[from:len(d.bodies):len(d.bodies)]
}

// fields is what the children of a command say, the same for all commands.
type fields struct {
	id, msgRef, cmdRef, cmd, lang, correlator string
	noResp, archive, sftDel                   bool
	cred                                      *syncml.Cred
	chal                                      *syncml.Chal
	meta                                      *syncml.Meta
	data                                      syncml.Data
	targetRefs, sourceRefs                    []string
	items                                     []syncml.Item
	body                                      []syncml.Command
}

// command reads one command and puts it behind the open ones.
func (d *decoder) command() {
	var f fields
	var c syncml.Command
	n := &d.counts.commands
	switch d.tag {
	case tagAdd:
		d.fields(&f, inCommand)
		v := take(&d.adds, n[tagAdd])
		*v = syncml.Add{CmdID: f.id, NoResp: f.noResp, Cred: f.cred, Meta: f.meta, Items: f.items}
		c = v
	case tagAlert:
		d.fields(&f, inCommand)
		v := take(&d.alerts, n[tagAlert])
		*v = syncml.Alert{CmdID: f.id, NoResp: f.noResp, Cred: f.cred, Data: f.code(), Correlator: f.correlator, Items: f.items}
		c = v
	case tagAtomic:
		d.fields(&f, inGroup)
		c = &syncml.Atomic{CmdID: f.id, NoResp: f.noResp, Meta: f.meta, Body: f.body}
	case tagCopy:
		d.fields(&f, inCommand)
		v := take(&d.copies, n[tagCopy])
		*v = syncml.Copy{CmdID: f.id, NoResp: f.noResp, Cred: f.cred, Meta: f.meta, Items: f.items}
		c = v
	case tagDelete:
		d.fields(&f, inCommand)
		v := take(&d.deletes, n[tagDelete])
		*v = syncml.Delete{CmdID: f.id, NoResp: f.noResp, Archive: f.archive, SftDel: f.sftDel, Cred: f.cred, Meta: f.meta, Items: f.items}
		c = v
	case tagExec:
		d.fields(&f, inCommand)
		v := take(&d.execs, n[tagExec])
		*v = syncml.Exec{CmdID: f.id, NoResp: f.noResp, Cred: f.cred, Meta: f.meta, Correlator: f.correlator, Items: f.items}
		c = v
	case tagGet:
		d.fields(&f, inCommand)
		v := take(&d.gets, n[tagGet])
		*v = syncml.Get{CmdID: f.id, NoResp: f.noResp, Lang: f.lang, Cred: f.cred, Meta: f.meta, Items: f.items}
		c = v
	case tagReplace:
		d.fields(&f, inCommand)
		v := take(&d.replaces, n[tagReplace])
		*v = syncml.Replace{CmdID: f.id, NoResp: f.noResp, Cred: f.cred, Meta: f.meta, Items: f.items}
		c = v
	case tagResults:
		d.fields(&f, inCommand)
		v := take(&d.results, n[tagResults])
		*v = syncml.Results{CmdID: f.id, MsgRef: f.msgRef, CmdRef: f.cmdRef, Cmd: f.cmd, Meta: f.meta,
			TargetRef: first(f.targetRefs), SourceRef: first(f.sourceRefs), Items: f.items}
		c = v
	case tagSequence:
		d.fields(&f, inGroup)
		c = &syncml.Sequence{CmdID: f.id, NoResp: f.noResp, Meta: f.meta, Body: f.body}
	case tagStatus:
		d.fields(&f, inCommand)
		v := take(&d.statuses, n[tagStatus])
		*v = syncml.Status{CmdID: f.id, MsgRef: f.msgRef, CmdRef: f.cmdRef, Cmd: f.cmd, TargetRefs: f.targetRefs,
			SourceRefs: f.sourceRefs, Cred: f.cred, Chal: f.chal, Data: f.code(), Items: f.items}
		c = v
	default:
		c = d.unknown()
	}
	d.open = append(d.open, c)
}

// code is the data of a command. White space around a number is dropped.
func (f *fields) code() syncml.Data {
	if number := trim(f.data.Value); f.data.Kind == syncml.TextData && strings.Trim(number, "0123456789") == "" {
		f.data.Value = number
	}
	return f.data
}

func first(refs []string) string {
	if len(refs) == 0 {
		return ""
	}
	return refs[0]
}

// fields reads the children of a command or, in a group, its commands too.
func (d *decoder) fields(f *fields, p place) {
	firstItem, firstOpen, firstUnsettled := len(d.items), len(d.open), len(d.unsettled)
	if p == inGroup {
		d.groups++
	}
	for d.child() {
		if p == inGroup && isCommand(p, d.tag) {
			d.command()
			continue
		}
		switch d.tag {
		case tagCmdID:
			f.id = d.trimmed()
		case tagMsgRef:
			f.msgRef = d.trimmed()
		case tagCmdRef:
			f.cmdRef = d.trimmed()
		case tagCmd:
			f.cmd = d.trimmed()
		case tagLang:
			f.lang = d.trimmed()
		case tagCorrelator:
			f.correlator = d.trimmed()
		case tagNoResp:
			f.noResp = true
			d.skip()
		case tagArchive:
			f.archive = true
			d.skip()
		case tagSftDel:
			f.sftDel = true
			d.skip()
		case tagCred:
			f.cred = d.cred(f.cred)
		case tagChal:
			f.chal = d.chal(f.chal)
		case tagData:
			at := d.at
			var opaque bool
			if f.data, opaque = d.data(); opaque {
				f.data.Kind = d.kindOf(f.data.Value, "", at)
			}
		case tagTargetRef:
			f.targetRefs = d.appendRef(f.targetRefs, d.reference())
		case tagSourceRef:
			f.sourceRefs = d.appendRef(f.sourceRefs, d.reference())
		case tagItem:
			d.item()
		default:
			f.meta = d.meta(f.meta)
		}
	}
	if p == inGroup {
		f.body = d.close(firstOpen)
		d.groups--
	}
	if n := len(d.items); n > firstItem {
		f.items = d.items[firstItem:n:n]
	}
	if len(d.unsettled) > firstUnsettled {
		d.settle(firstUnsettled, f.meta)
	}
}

// appendRef appends s to references that lie one behind the other in d.refs unless TargetRef and SourceRef
// alternate.
func (d *decoder) appendRef(refs []string, s string) []string {
	from := len(d.refs)
	if n := len(refs); n > 0 {
		if from = len(d.refs) - n; from < 0 || &d.refs[from] != &refs[0] {
			return append(refs, s)
		}
	}
	d.refs = append(d.refs, s)
	return d.refs[from:len(d.refs):len(d.refs)]
}

// reference reads a TargetRef or SourceRef, the text of which may be wrapped in LocURI (MS-MDM section
// 2.2.3.10).
func (d *decoder) reference() string {
	start := d.mark()
	s, nested, _ := d.characters()
	if !nested {
		return d.uri(trim(s))
	}
	d.rewind(start)
	return d.location().URI
}

// uri checks the length of an address.
func (d *decoder) uri(s string) string {
	if len(s) > d.lim.URI {
		d.exceed("URI", d.lim.URI)
	}
	return s
}

func (d *decoder) location() (l syncml.Location) {
	for d.child() {
		switch d.tag {
		case tagLocURI:
			l.URI = d.uri(d.trimmed())
		case tagLocName:
			l.Name = d.trimmed()
		default:
			d.skip()
		}
	}
	return l
}

func (d *decoder) cred(c *syncml.Cred) *syncml.Cred {
	if c == nil {
		c = new(syncml.Cred)
	}
	at, opaque := 0, false
	for d.child() {
		switch d.tag {
		case tagData:
			at = d.at
			c.Data, opaque = d.data()
		default:
			c.Meta = d.meta(c.Meta)
		}
	}
	if opaque {
		c.Data.Kind = d.kindOf(c.Data.Value, formatOf(c.Meta, ""), at)
	}
	return c
}

func (d *decoder) chal(c *syncml.Chal) *syncml.Chal {
	if c == nil {
		c = new(syncml.Chal)
	}
	for d.child() {
		c.Meta = d.meta(c.Meta)
	}
	return c
}

func (d *decoder) item() {
	d.items = append(d.items, syncml.Item{})
	it := &d.items[len(d.items)-1]
	at, opaque := 0, false
	for d.child() {
		switch d.tag {
		case tagTarget:
			it.Target = d.location()
		case tagSource:
			it.Source = d.location()
		case tagData:
			at = d.at
			it.Data, opaque = d.data()
		case tagMoreData:
			it.MoreData = true
			d.skip()
		default:
			it.Meta = d.meta(it.Meta)
		}
	}
	if opaque && d.spend(opaqueCost) {
		d.unsettled = append(d.unsettled, unsettled{it, at})
	}
}

// meta reads a Meta, or a child of one that stands beside it, into m, which it makes if it is nil. It passes
// over any other element.
func (d *decoder) meta(m *syncml.Meta) *syncml.Meta {
	if d.tag != tagMeta && !d.tag.isMetaField() {
		d.skip()
		return m
	}
	if m == nil {
		m = take(&d.metas, min(d.counts.metas, d.counts.mostMetas()))
	}
	if d.tag != tagMeta {
		d.metaField(m)
		return m
	}
	d.metInf(m)
	return m
}

// metInf reads the children of a Meta or of a MetInf inside it.
func (d *decoder) metInf(m *syncml.Meta) {
	for d.child() {
		d.metaField(m)
	}
}

func (d *decoder) metaField(m *syncml.Meta) {
	switch d.tag {
	case tagFormat:
		m.Format = d.trimmed()
	case tagType:
		m.Type = d.trimmed()
	case tagMark:
		m.Mark = d.trimmed()
	case tagSize:
		m.Size = d.trimmed()
	case tagNextNonce:
		m.NextNonce = d.trimmed()
	case tagMaxMsgSize:
		m.MaxMsgSize = d.trimmed()
	case tagMaxObjSize:
		m.MaxObjSize = d.trimmed()
	case tagMetInf:
		d.metInf(m)
	default:
		d.extra(m)
	}
}

// extra reads a child of Meta that has no field. A literal is taken for an element of MetInf. Extra is kept in
// the order of the DTD.
func (d *decoder) extra(m *syncml.Meta) {
	if len(m.Extra) == d.lim.Extra {
		d.exceed("Extra", d.lim.Extra)
	}
	if !d.spend(extraCost) {
		return
	}
	e := syncml.Element{Name: d.name()}
	page := uint8(pageMetInf)
	if d.literal == "" && d.tag.page() == pageTree {
		page, e.Space = pageTree, syncml.NamespaceTree
	}
	e.Content = trim(d.content(page, nil))
	m.Extra = append(m.Extra, e)
	for i := len(m.Extra) - 1; i > 0 && rank(m.Extra[i].Name) < rank(m.Extra[i-1].Name); i-- {
		m.Extra[i], m.Extra[i-1] = m.Extra[i-1], m.Extra[i]
	}
}

// extras are the children of Meta without a field that MetInf names, in its order.
var extras = [...]tag{tagFieldLevel, tagAnchor, tagVersion, tagEMI, tagMem}

// rank is the place of an element without a field in that order.
func rank(name string) int {
	for i, t := range extras {
		if t.String() == name {
			return i
		}
	}
	return len(extras)
}

func (d *decoder) unknown() *syncml.Unknown {
	u := take(&d.unknowns, d.counts.commands[0])
	page := d.tag.page()
	if d.literal != "" {
		page = pageSyncML
	}
	u.Element = d.name()
	if page != pageSyncML {
		u.Space = d.space(page)
	}
	u.Content = d.content(page, &u.CmdID)
	return u
}
