package syncml

import "strings"

// decoder builds a message from what the scanner reads.
type decoder struct {
	scanner
	space   string // namespace name of the SyncML element
	message *Message

	commands int // commands begun, nested ones included
	items    int
	extras   int

	body    []Command // commands of the bodies that are being read, the innermost last
	content []byte    // of raw

	adds      arena[Add]
	alerts    arena[Alert]
	atomics   arena[Atomic]
	copies    arena[Copy]
	deletes   arena[Delete]
	execs     arena[Exec]
	gets      arena[Get]
	replaces  arena[Replace]
	resultses arena[Results]
	sequences arena[Sequence]
	statuses  arena[Status]
	unknowns  arena[Unknown]

	bodies   arena[Command]
	itemRuns arena[Item]
	metas    arena[Meta]
	elements arena[Element]
	creds    arena[Cred]
	chals    arena[Chal]
	refs     arena[string]
	messages arena[Message]
}

// workspace is the memory that a decoder begins with for what is short as a rule.
type workspace struct {
	attrs    [4]attribute
	bindings [4]binding
	names    [8]string
	scratch  [256]byte
}

// prepare sizes the first chunks after the size of the message.
func (d *decoder) prepare(size int) {
	if d.attrs == nil {
		w := new(workspace)
		d.attrs, d.bindings, d.names, d.scratch = w.attrs[:0], w.bindings[:0], w.names[:0], w.scratch[:0]
		d.body = make([]Command, 0, min(size/300+4, 256))
	}
	commands := min(size/480+3, 104)
	d.adds.reset(commands)
	d.alerts.reset(min(commands, 4))
	d.atomics.reset(1)
	d.copies.reset(1)
	d.deletes.reset(commands)
	d.execs.reset(min(commands, 4))
	d.gets.reset(commands)
	d.replaces.reset(commands)
	d.resultses.reset(commands)
	d.sequences.reset(1)
	d.statuses.reset(min(commands, 16))
	d.unknowns.reset(1)
	d.bodies.reset(min(commands, 4))
	d.itemRuns.reset(min(size/512+4, 128))
	d.metas.reset(min(size/512+4, 128))
	d.elements.reset(1)
	d.creds.reset(1)
	d.chals.reset(1)
	d.refs.reset(min(commands, 16))
	d.messages.reset(1)
	d.kept.reset()
	d.itemRuns.most, d.itemRuns.element = d.limits.Items, "Item"
	d.metas.most = d.limits.Items
}

// reuse makes the decoder keep its memory for the next message.
func (d *decoder) reuse() {
	d.kept.reuse = true
	d.adds.keep, d.alerts.keep, d.atomics.keep, d.copies.keep = true, true, true, true
	d.deletes.keep, d.execs.keep, d.gets.keep, d.replaces.keep = true, true, true, true
	d.resultses.keep, d.sequences.keep, d.statuses.keep, d.unknowns.keep = true, true, true, true
	d.bodies.keep, d.itemRuns.keep, d.metas.keep, d.elements.keep = true, true, true, true
	d.creds.keep, d.chals.keep, d.refs.keep, d.messages.keep = true, true, true, true
}

// decode reads src, which is the whole message.
func (d *decoder) decode(src string, lim Limits) *Message {
	d.scanner = scanner{
		src: src, limits: lim,
		names: d.names[:0], bindings: d.bindings[:0], attrs: d.attrs, kept: d.kept, scratch: d.scratch,
		markup: markupScope{needs: d.markup.needs[:0]},
	}
	d.space, d.commands, d.items, d.extras, d.body = "", 0, 0, 0, d.body[:0]
	d.prepare(len(src))
	d.message = d.messages.take(&d.scanner)
	d.document()
	if d.failed {
		return nil
	}
	return d.message
}

const byteOrderMark = "\uFEFF"

func (d *decoder) document() {
	if d.at(byteOrderMark) {
		d.pos += len(byteOrderMark)
	} else if d.at("\xFF\xFE") || d.at("\xFE\xFF") {
		d.fail("the octets are UTF-16, not UTF-8")
	}
	// Documents quoted in documentation and captures have blank lines before their declaration.
	d.skipSpace()
	if d.at("<?xml") && len(d.src) > d.pos+5 && nameClass[d.src[d.pos+5]] == nameSpace {
		d.declaration()
	}
	root := d.prolog()
	if d.failed {
		return
	}
	if root.id != elemSyncML {
		d.fail("the root element is not SyncML")
		return
	}
	d.syncML(root)
	for d.pos < len(d.src) {
		if d.skipSpace(); d.pos < len(d.src) {
			d.misc("something other than comments behind the root element")
		}
	}
}

// prolog reads to the start tag of the root element.
func (d *decoder) prolog() (root tag) {
	doctype := false
	for !d.failed {
		d.skipSpace()
		switch {
		case d.at("<!DOCTYPE") && !doctype:
			doctype = true
			d.doctype()
		case d.at("<") && !d.at("<?") && !d.at("<!") && !d.at("</"):
			d.pos++
			return d.open()
		default:
			d.misc("no root element")
		}
	}
	return tag{}
}

// misc reads a comment or a processing instruction outside the root element.
func (d *decoder) misc(otherwise string) {
	switch {
	case d.at("<!--"):
		d.comment()
	case d.at("<?"):
		d.instruction()
	default:
		d.fail(otherwise)
	}
}

// declaration reads the XML declaration. UTF-16 is accepted as encoding: some samples and tools name it in octets
// that are UTF-8; what really is UTF-16 never comes this far.
func (d *decoder) declaration() {
	start := d.pos
	d.pos += len("<?xml")
	version := d.pseudoAttribute("version")
	encoding := d.pseudoAttribute("encoding")
	standalone := d.pseudoAttribute("standalone")
	d.skipSpace()
	switch {
	case d.failed:
	case version != "1.0", !d.at("?>"), standalone != "" && standalone != "yes" && standalone != "no":
		d.failAt(start, "a malformed XML declaration")
	case encoding != "" && !strings.EqualFold(encoding, "UTF-8") && !strings.EqualFold(encoding, "UTF-16"):
		d.failAt(start, "an encoding other than UTF-8")
	default:
		d.pos += len("?>")
	}
}

// pseudoAttribute reads a part of the XML declaration; it returns "" and stays where it is if the next part is
// another one.
func (d *decoder) pseudoAttribute(name string) string {
	start := d.pos
	d.skipSpace()
	if d.pos == start || !d.at(name) {
		d.pos = start
		return ""
	}
	a := d.attribute()
	if d.failed || a.dirty || a.from == a.to {
		d.failAt(start, "a malformed XML declaration")
		return ""
	}
	if a.name != name {
		d.pos = start
		return ""
	}
	return d.src[a.from:a.to]
}

// doctype reads a document type declaration that has no internal subset.
func (d *decoder) doctype() {
	start := d.pos
	d.pos += len("<!DOCTYPE")
	d.doctypeSpace()
	d.qName()
	d.skipSpace()
	switch {
	case d.at("PUBLIC"):
		d.pos += len("PUBLIC")
		d.doctypeSpace()
		d.doctypeLiteral(true)
		before := d.pos
		if d.skipSpace(); d.at(`"`) || d.at(`'`) {
			if d.pos == before {
				d.fail("white space is missing in the DOCTYPE")
			}
			d.doctypeLiteral(false)
		}
	case d.at("SYSTEM"):
		d.pos += len("SYSTEM")
		d.doctypeSpace()
		d.doctypeLiteral(false)
	}
	d.skipSpace()
	switch {
	case d.failed:
	case d.at("["):
		d.fail("a DOCTYPE with declarations")
	case !d.at(">"):
		d.failAt(start, "a malformed DOCTYPE")
	default:
		d.pos++
	}
}

func (d *decoder) doctypeSpace() {
	before := d.pos
	if d.skipSpace(); d.pos == before {
		d.fail("white space is missing in the DOCTYPE")
	}
}

// publicPunctuation is what a public identifier has beside letters and digits (XML 1.0, section 2.3).
const publicPunctuation = " \r\n-'()+,./:=?;!*#@$_%"

func (d *decoder) doctypeLiteral(public bool) {
	if !d.at(`"`) && !d.at(`'`) {
		d.fail("a literal is missing in the DOCTYPE")
		return
	}
	quote := d.src[d.pos]
	d.pos++
	for d.pos < len(d.src) {
		c := d.src[d.pos]
		if c == quote {
			d.pos++
			return
		}
		letter := 'a' <= c|0x20 && c|0x20 <= 'z' || '0' <= c && c <= '9'
		if public && !letter && strings.IndexByte(publicPunctuation, c) < 0 {
			break
		}
		d.char()
	}
	d.fail("a malformed literal in the DOCTYPE")
}

// syncML reads the root element.
func (d *decoder) syncML(root tag) {
	prefix, _, _ := cutPrefix(root.name)
	d.space = d.namespace(prefix)
	var header, body bool
	for child, ok := d.next(root); ok; child, ok = d.next(root) {
		switch child.id {
		case elemSyncHdr:
			if header {
				d.fail("a second SyncHdr")
				return
			}
			header = true
			d.header(child)
		case elemSyncBody:
			if body || !header {
				d.fail("a SyncBody that is the second or comes before SyncHdr")
				return
			}
			body = true
			d.message.Final = d.syncBody(child)
			d.message.Body = d.body[:len(d.body):len(d.body)]
			if len(d.body) == 0 {
				d.message.Body = []Command{} // what Append takes for a body that is meant to be empty
			}
		default:
			d.skip(child)
		}
	}
	if !header || !body {
		d.fail("no SyncHdr and SyncBody")
	}
	if h := &d.message.Header; isMessageNamespace(d.space) && d.space != impliedNamespace(h.VerDTD) {
		h.Namespace = d.space
	}
}

// cutPrefix splits a name as it is written.
func cutPrefix(name string) (prefix, local string, found bool) {
	if i := strings.IndexByte(name, ':'); i >= 0 {
		return name[:i], name[i+1:], true
	}
	return "", name, false
}

func isMessageNamespace(uri string) bool {
	return uri == Namespace12 || uri == Namespace11 || uri == Namespace10
}

// impliedNamespace returns the namespace name of a version of the representation.
func impliedNamespace(verDTD string) string {
	switch verDTD {
	case "1.1":
		return Namespace11
	case "1.0":
		return Namespace10
	}
	return Namespace12
}

func (d *decoder) header(t tag) {
	h := &d.message.Header
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		switch child.id {
		case elemVerDTD:
			h.VerDTD = d.trimmed(child)
		case elemVerProto:
			h.VerProto = d.trimmed(child)
		case elemSessionID:
			h.SessionID = d.trimmed(child)
		case elemMsgID:
			h.MsgID = d.trimmed(child)
		case elemTarget:
			h.Target = d.location(child)
		case elemSource:
			h.Source = d.location(child)
		case elemRespURI:
			h.RespURI = d.trimmed(child)
		case elemNoResp:
			h.NoResp = d.present(child)
		case elemCred:
			h.Cred = d.cred(child, h.Cred)
		default:
			h.Meta = d.meta(child, h.Meta)
		}
	}
}

// syncBody reads the commands of a SyncBody onto d.body.
func (d *decoder) syncBody(t tag) (final bool) {
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		if child.id == elemFinal {
			final = d.present(child)
		} else {
			d.command(child)
		}
	}
	return final
}

// parts is what the children of a command say. Each command takes those it has a field for.
type parts struct {
	cmdID, msgRef, cmdRef, cmd string
	lang, correlator           string
	noResp, archive, sftDel    bool
	cred                       *Cred
	chal                       *Chal
	meta                       *Meta
	data                       Data
	targetRefs, sourceRefs     []string
	items                      []Item
	body                       []Command
}

// command reads an element that stands where a command should. Elements that belong elsewhere in a message are
// passed over.
func (d *decoder) command(t tag) {
	if t.id != elemOther && !t.id.command() {
		d.skip(t)
		return
	}
	if d.commands++; d.commands > d.limits.Commands {
		d.exceed("Commands", d.limits.Commands)
		return
	}
	var c Command
	if t.id == elemOther {
		c = d.unknown(t)
	} else {
		c = d.known(t)
	}
	d.body = append(d.body, c)
}

func (d *decoder) known(t tag) Command {
	var p parts
	bottom := len(d.body)
	group := t.id == elemAtomic || t.id == elemSequence
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		switch child.id {
		case elemCmdID:
			p.cmdID = d.trimmed(child)
		case elemItem:
			d.item(child, &p)
		case elemData:
			p.data = d.data(child)
		case elemMsgRef:
			p.msgRef = d.trimmed(child)
		case elemCmdRef:
			p.cmdRef = d.trimmed(child)
		case elemCmd:
			p.cmd = d.trimmed(child)
		case elemTargetRef:
			p.targetRefs = d.reference(child, p.targetRefs)
		case elemSourceRef:
			p.sourceRefs = d.reference(child, p.sourceRefs)
		case elemNoResp:
			p.noResp = d.present(child)
		case elemArchive:
			p.archive = d.present(child)
		case elemSftDel:
			p.sftDel = d.present(child)
		case elemLang:
			p.lang = d.trimmed(child)
		case elemCorrelator:
			p.correlator = d.trimmed(child)
		case elemCred:
			p.cred = d.cred(child, p.cred)
		case elemChal:
			p.chal = d.chal(child, p.chal)
		default:
			if group && (child.id == elemOther || child.id.command()) {
				d.command(child)
			} else {
				p.meta = d.meta(child, p.meta)
			}
		}
	}
	if len(d.body) > bottom && !d.failed {
		for _, c := range d.body[bottom:] {
			p.body = d.bodies.extend(p.body, &d.scanner)
			p.body[len(p.body)-1] = c
		}
		clear(d.body[bottom:])
		d.body = d.body[:bottom]
	}
	return d.build(t.id, &p)
}

// build makes the command of an element out of its parts.
func (d *decoder) build(id element, p *parts) Command {
	s := &d.scanner
	switch id {
	case elemAdd:
		c := d.adds.take(s)
		*c = Add{CmdID: p.cmdID, NoResp: p.noResp, Cred: p.cred, Meta: p.meta, Items: p.items}
		return c
	case elemAlert:
		trimNumber(&p.data)
		c := d.alerts.take(s)
		*c = Alert{CmdID: p.cmdID, NoResp: p.noResp, Cred: p.cred, Data: p.data, Correlator: p.correlator, Items: p.items}
		return c
	case elemAtomic:
		c := d.atomics.take(s)
		*c = Atomic{CmdID: p.cmdID, NoResp: p.noResp, Meta: p.meta, Body: p.body}
		return c
	case elemCopy:
		c := d.copies.take(s)
		*c = Copy{CmdID: p.cmdID, NoResp: p.noResp, Cred: p.cred, Meta: p.meta, Items: p.items}
		return c
	case elemDelete:
		c := d.deletes.take(s)
		*c = Delete{CmdID: p.cmdID, NoResp: p.noResp, Archive: p.archive, SftDel: p.sftDel, Cred: p.cred, Meta: p.meta, Items: p.items}
		return c
	case elemExec:
		c := d.execs.take(s)
		*c = Exec{CmdID: p.cmdID, NoResp: p.noResp, Cred: p.cred, Meta: p.meta, Correlator: p.correlator, Items: p.items}
		return c
	case elemGet:
		c := d.gets.take(s)
		*c = Get{CmdID: p.cmdID, NoResp: p.noResp, Lang: p.lang, Cred: p.cred, Meta: p.meta, Items: p.items}
		return c
	case elemReplace:
		c := d.replaces.take(s)
		*c = Replace{CmdID: p.cmdID, NoResp: p.noResp, Cred: p.cred, Meta: p.meta, Items: p.items}
		return c
	case elemResults:
		c := d.resultses.take(s)
		*c = Results{CmdID: p.cmdID, MsgRef: p.msgRef, CmdRef: p.cmdRef, Cmd: p.cmd, Meta: p.meta,
			TargetRef: first(p.targetRefs), SourceRef: first(p.sourceRefs), Items: p.items}
		return c
	case elemSequence:
		c := d.sequences.take(s)
		*c = Sequence{CmdID: p.cmdID, NoResp: p.noResp, Meta: p.meta, Body: p.body}
		return c
	default:
		trimNumber(&p.data)
		c := d.statuses.take(s)
		*c = Status{CmdID: p.cmdID, MsgRef: p.msgRef, CmdRef: p.cmdRef, Cmd: p.cmd, TargetRefs: p.targetRefs,
			SourceRefs: p.sourceRefs, Cred: p.cred, Chal: p.chal, Data: p.data, Items: p.items}
		return c
	}
}

func first(refs []string) string {
	if len(refs) == 0 {
		return ""
	}
	return refs[0]
}

// trimNumber drops white space around a status or alert code.
func trimNumber(d *Data) {
	if d.Kind != TextData || d.Value == "" || d.Value[0] > ' ' && d.Value[len(d.Value)-1] > ' ' {
		return
	}
	number := trimSpace(d.Value)
	if strings.Trim(number, "0123456789") == "" {
		d.Value = number
	}
}

// unknown keeps an element that is no command of DM.
func (d *decoder) unknown(t tag) Command {
	c := d.unknowns.take(&d.scanner)
	prefix, local, prefixed := cutPrefix(t.name)
	c.Element = local
	c.Space = d.foreign(d.namespaceOf(t, prefix), "")
	context := c.Space
	if !prefixed {
		context = d.namespace("")
	} else if context == "" {
		context = d.space
	}
	c.Content = d.raw(t, context, &c.CmdID)
	return c
}

// namespaceOf returns the namespace name of an element that was just opened. The scope of an empty element has
// ended already: it keeps no content, so only its own name counts, which is looked up where it stands.
func (d *decoder) namespaceOf(t tag, prefix string) string {
	if t.empty {
		return d.emptySpace
	}
	return d.namespace(prefix)
}

// foreign returns uri if it is a namespace of its own, "" if it is that of the message, missing or usual.
func (d *decoder) foreign(uri, usual string) string {
	if uri == d.space || uri == usual {
		return ""
	}
	return uri
}

func (d *decoder) item(t tag, p *parts) {
	if d.items++; d.items > d.limits.Items {
		d.exceed("Items", d.limits.Items)
		return
	}
	p.items = d.itemRuns.extend(p.items, &d.scanner)
	it := &p.items[len(p.items)-1]
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		switch child.id {
		case elemTarget:
			it.Target = d.location(child)
		case elemSource:
			it.Source = d.location(child)
		case elemData:
			it.Data = d.data(child)
		case elemMoreData:
			it.MoreData = d.present(child)
		default:
			it.Meta = d.meta(child, it.Meta)
		}
	}
}

func (d *decoder) location(t tag) (l Location) {
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		switch child.id {
		case elemLocURI:
			l.URI = d.trimmed(child)
			d.checkURI(l.URI)
		case elemLocName:
			l.Name = d.trimmed(child)
		default:
			d.skip(child)
		}
	}
	return l
}

func (d *decoder) checkURI(uri string) {
	if len(uri) > d.limits.URI {
		d.exceed("URI", d.limits.URI)
	}
}

// reference reads a TargetRef or SourceRef, whose text may stand bare or in a LocURI (MS-MDM 2.2.3.10).
func (d *decoder) reference(t tag, refs []string) []string {
	var uri string
	if text, child := d.text(t); child {
		uri = d.location(t).URI
	} else {
		uri = trimSpace(text)
		d.checkURI(uri)
	}
	refs = d.refs.extend(refs, &d.scanner)
	refs[len(refs)-1] = uri
	return refs
}

// present reads an element whose presence is all it says.
func (d *decoder) present(t tag) bool {
	d.skip(t)
	return true
}

// cred reads a Cred into c, which it makes if it is nil.
func (d *decoder) cred(t tag, c *Cred) *Cred {
	if c == nil {
		c = d.creds.take(&d.scanner)
	}
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		if child.id == elemData {
			c.Data = d.data(child)
		} else {
			c.Meta = d.meta(child, c.Meta)
		}
	}
	return c
}

func (d *decoder) chal(t tag, c *Chal) *Chal {
	if c == nil {
		c = d.chals.take(&d.scanner)
	}
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		c.Meta = d.meta(child, c.Meta)
	}
	return c
}

// meta reads a Meta element, or a child of one that stands beside it (Microsoft's SyncType samples), into m, which
// it makes if it is nil. It skips any other element.
func (d *decoder) meta(t tag, m *Meta) *Meta {
	if t.id != elemMeta && !t.id.metaField() {
		d.skip(t)
		return m
	}
	if m == nil {
		m = d.metas.take(&d.scanner)
	}
	if t.id == elemMeta {
		d.metInf(t, m)
	} else {
		d.metaChild(t, m)
	}
	return m
}

// metInf reads the children of a Meta or a MetInf.
func (d *decoder) metInf(t tag, m *Meta) {
	for child, ok := d.next(t); ok; child, ok = d.next(t) {
		d.metaChild(child, m)
	}
}

func (d *decoder) metaChild(t tag, m *Meta) {
	switch t.id {
	case elemFormat:
		m.Format = d.trimmed(t)
	case elemType:
		m.Type = d.trimmed(t)
	case elemMark:
		m.Mark = d.trimmed(t)
	case elemSize:
		m.Size = d.trimmed(t)
	case elemNextNonce:
		m.NextNonce = d.trimmed(t)
	case elemMaxMsgSize:
		m.MaxMsgSize = d.trimmed(t)
	case elemMaxObjSize:
		m.MaxObjSize = d.trimmed(t)
	case elemMetInf:
		d.metInf(t, m)
	default:
		d.extra(t, m)
	}
}

// extra keeps a child of Meta that has no field.
func (d *decoder) extra(t tag, m *Meta) {
	// An element takes more memory than it has octets, so their number in all is bounded too.
	if d.extras++; len(m.Extra) >= d.limits.Extra || d.extras > d.limits.Items {
		d.exceed("Extra", min(d.limits.Extra, d.limits.Items))
		return
	}
	var e Element
	prefix, local, prefixed := cutPrefix(t.name)
	e.Name = local
	if !t.id.metInf() {
		e.Space = d.foreign(d.namespaceOf(t, prefix), NamespaceMeta)
	}
	context := e.Space
	if !prefixed {
		context = d.namespace("")
	} else if context == "" {
		context = NamespaceMeta
	}
	e.Content = trimSpace(d.raw(t, context, nil))
	m.Extra = d.elements.extend(m.Extra, &d.scanner)
	// In the order of the DTD, so that it is the order in which they are written.
	i := len(m.Extra) - 1
	for ; i > 0 && extraRank(m.Extra[i-1].Name) > extraRank(e.Name); i-- {
		m.Extra[i] = m.Extra[i-1]
	}
	m.Extra[i] = e
}

// extraRank tells the place among the children of Meta (content model of MetInf).
func extraRank(name string) int {
	switch name {
	case "FieldLevel":
		return 0
	case "Anchor":
		return 1
	case "Version":
		return 2
	case "EMI":
		return 3
	case "Mem":
		return 4
	}
	return 5
}

func (d *decoder) data(t tag) (v Data) {
	if t.marked {
		v.OriginalError = d.original
	}
	start := d.pos
	text, child := d.text(t)
	v.Kind, v.Value = TextData, text
	if child {
		d.pos = start
		v.Kind, v.Value = MarkupData, d.raw(t, d.space, nil)
	}
	return v
}

// trimmed returns the text of an element without white space around it. Child elements are passed over.
func (d *decoder) trimmed(t tag) string {
	text, child := d.text(t)
	if child {
		text = d.textAround(t, text)
	}
	if n := len(text); n > 0 && (text[0] <= ' ' || text[n-1] <= ' ') {
		return trimSpace(text)
	}
	return text
}

// textAround goes on where text met a child element and joins the text around all of them.
func (d *decoder) textAround(t tag, text string) string {
	joined := []byte(text)
	for more := true; more; {
		d.pos++
		child := d.open()
		d.skip(child)
		text, more = d.text(t)
		joined = append(joined, text...)
	}
	return d.kept.string(joined, len(d.src)-d.pos)
}

func trimSpace(s string) string { return strings.Trim(s, " \t\r\n") }

// text returns the text of an element and reads its end tag. If there is a child element it stops in front of
// it, with the text so far.
func (d *decoder) text(t tag) (text string, child bool) {
	if t.empty {
		return "", false
	}
	start := d.pos
	dirty := d.run()
	end := d.pos
	if !d.at("</") {
		return d.pieces(t, start, dirty)
	}
	if dirty {
		text = d.unescaped(start, end)
	} else {
		text = d.src[start:end]
	}
	d.close(t.name)
	return text, false
}

// unescaped returns the character data from, to as a string.
func (d *decoder) unescaped(from, to int) string {
	d.scratch = d.unescape(d.scratch[:0], from, to)
	if d.failed {
		return ""
	}
	return d.kept.string(d.scratch, len(d.src)-from)
}

// grown returns b with room for n octets more.
func grown(b []byte, n int) []byte {
	if cap(b)-len(b) >= n {
		return b
	}
	return append(make([]byte, 0, max(len(b)+n, 2*cap(b), 512)), b...)
}

// pieces goes on where text meets something other than the end tag: CDATA sections, comments and processing
// instructions between pieces of text, or a child element.
func (d *decoder) pieces(t tag, start int, dirty bool) (text string, child bool) {
	out := d.scratch[:0]
	for from := start; !d.failed; dirty = d.run() {
		if dirty {
			out = d.unescape(out, from, d.pos)
		} else {
			out = append(grown(out, d.pos-from), d.src[from:d.pos]...)
		}
		d.scratch = out
		switch {
		case d.failed:
		case d.at("</"):
			d.close(t.name)
			return d.kept.string(out, len(d.src)-start), false
		case d.at(openCDATA):
			whole := d.pos == start
			from, to, returns := d.cdata()
			if whole && !returns && d.at("</") {
				d.close(t.name)
				return d.src[from:to], false
			}
			out = appendLines(grown(out, to-from), d.src[from:to])
		case d.at("<!"), d.at("<?"):
			d.aside()
		default:
			return d.kept.string(out, len(d.src)-start), true
		}
		from = d.pos
	}
	return "", false
}

// appendLines appends text with line ends made "\n" (XML 1.0, section 2.11).
func appendLines(dst []byte, text string) []byte {
	for {
		i := strings.IndexByte(text, '\r')
		if i < 0 {
			return append(dst, text...)
		}
		dst = append(append(dst, text[:i]...), '\n')
		text = strings.TrimPrefix(text[i+1:], "\n")
	}
}

// raw returns the content of an element as it is written, checked, and with the namespace declarations that it
// needs where the default namespace is context and no prefix is bound. CmdID children are cut out if cmdID is
// not nil, and the last of them is stored there.
func (d *decoder) raw(t tag, context string, cmdID *string) string {
	if t.empty || d.failed {
		return ""
	}
	m := &d.markup
	m.on, m.base, m.wantDefault = true, len(d.bindings), d.namespace("") != context
	m.needDefault, m.needs = false, m.needs[:0]
	start := d.pos
	out, done := d.content[:0], start // the input before done is in out, or cut out
	for !d.failed {
		d.stray()
		switch {
		case d.at("</"):
			end := d.pos
			m.on = false
			d.close(t.name)
			d.content = out
			if len(out) == 0 {
				return d.src[done:end]
			}
			out = append(grown(out, end-done), d.src[done:end]...)
			d.content = out
			return d.kept.string(out, len(d.src)-start)
		case d.at("<!"), d.at("<?"):
			d.aside()
		default:
			before := d.pos
			d.pos++
			child := d.open()
			if cmdID != nil && child.id == elemCmdID {
				*cmdID = d.trimmed(child)
				m.needDefault, m.needs = false, m.needs[:0]
				out = append(grown(out, before-done), d.src[done:before]...)
				done = d.pos
				continue
			}
			d.skip(child)
			if m.needDefault || len(m.needs) > 0 {
				name := before + len("<") + len(child.name)
				out = append(grown(out, name-done), d.src[done:name]...)
				out = m.appendNeeded(out, &d.scanner)
				done = name
			}
		}
	}
	m.on = false
	return ""
}
