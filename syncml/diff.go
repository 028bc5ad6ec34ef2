package syncml

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// Difference is a place where two messages do not mean the same.
type Difference struct {
	Path string // such as "SyncBody/Replace[2]/Item[1]/Data"
	A, B string // the two values; they are shown whatever they are, secrets included
}

// String returns the path and both values.
func (d Difference) String() string { return fmt.Sprintf("%s: %s != %s", d.Path, d.A, d.B) }

// Diff compares two messages by what they mean and returns the differences in document order; it is for tests and
// tools. White space around identifiers does not count, an absent Meta is an empty one, Format and Type have their
// defaults (chr, text/plain, or what the Meta of the command says), binary data is the same as octets and as base64
// with any line breaks, and markup may be written with other prefixes, quotes and references.
func Diff(a, b *Message) []Difference {
	c := comparer{all: true}
	c.message(a, b)
	return c.found
}

// Equal says whether two messages mean the same, that is whether Diff finds nothing.
func Equal(a, b *Message) bool {
	var c comparer
	c.message(a, b)
	return !c.differ
}

// comparer walks two messages at once.
type comparer struct {
	all    bool // find all differences, not only whether there is one
	differ bool
	found  []Difference
	path   string
	space  [2]string // namespace names of the messages
}

func (c *comparer) report(name, a, b string) {
	c.differ = true
	if c.all {
		c.found = append(c.found, Difference{Path: strings.TrimPrefix(c.path+"/"+name, "/"), A: a, B: b})
	}
}

// inside walks on below a child, given by its name and its number among those of that name if it can be repeated.
func (c *comparer) inside(name string, number int, walk func()) {
	if !c.all {
		if !c.differ {
			walk()
		}
		return
	}
	outer := c.path
	if c.path != "" {
		name = "/" + name
	}
	if c.path += name; number > 0 {
		c.path += "[" + strconv.Itoa(number) + "]"
	}
	walk()
	c.path = outer
}

// text compares texts without white space around them.
func (c *comparer) text(name, a, b string) {
	if a != b && trimSpace(a) != trimSpace(b) {
		c.report(name, strconv.Quote(a), strconv.Quote(b))
	}
}

func (c *comparer) flag(name string, a, b bool) {
	if a != b {
		c.report(name, strconv.FormatBool(a), strconv.FormatBool(b))
	}
}

func (c *comparer) message(a, b *Message) {
	c.space = [2]string{namespaceOf(&a.Header), namespaceOf(&b.Header)}
	c.text("Namespace", c.space[0], c.space[1])
	c.inside("SyncHdr", 0, func() { c.header(&a.Header, &b.Header) })
	c.inside("SyncBody", 0, func() { c.body(a.Body, b.Body) })
	c.flag("SyncBody/Final", a.Final, b.Final)
}

// namespaceOf returns the namespace name that the message of a header is in.
func namespaceOf(h *Header) string {
	if h.Namespace != "" {
		return h.Namespace
	}
	return impliedNamespace(h.VerDTD)
}

func (c *comparer) header(a, b *Header) {
	c.text("VerDTD", a.VerDTD, b.VerDTD)
	c.text("VerProto", a.VerProto, b.VerProto)
	c.text("SessionID", a.SessionID, b.SessionID)
	c.text("MsgID", a.MsgID, b.MsgID)
	c.location("Target", a.Target, b.Target)
	c.location("Source", a.Source, b.Source)
	c.text("RespURI", a.RespURI, b.RespURI)
	c.flag("NoResp", a.NoResp, b.NoResp)
	c.cred(a.Cred, b.Cred)
	c.meta(a.Meta, b.Meta, nil, nil)
}

func (c *comparer) location(name string, a, b Location) {
	c.text(name+"/LocURI", a.URI, b.URI)
	c.text(name+"/LocName", a.Name, b.Name)
}

func (c *comparer) body(a, b []Command) {
	counts := map[string]int{}
	for i := range max(len(a), len(b)) {
		switch {
		case i >= len(b):
			c.report(a[i].Name(), "CmdID "+a[i].ID(), "absent")
		case i >= len(a):
			c.report(b[i].Name(), "absent", "CmdID "+b[i].ID())
		case a[i].Name() != b[i].Name():
			c.report("command "+strconv.Itoa(i+1), a[i].Name(), b[i].Name())
		default:
			counts[a[i].Name()]++
			c.inside(a[i].Name(), counts[a[i].Name()], func() { c.command(a[i], b[i]) })
		}
	}
}

// partsOf is the reverse of decoder.build.
func partsOf(c Command) (p parts) {
	switch c := c.(type) {
	case *Add:
		p = parts{noResp: c.NoResp, cred: c.Cred, meta: c.Meta}
	case *Alert:
		p = parts{noResp: c.NoResp, cred: c.Cred, data: c.Data, correlator: c.Correlator}
	case *Atomic:
		p = parts{noResp: c.NoResp, meta: c.Meta, body: c.Body}
	case *Copy:
		p = parts{noResp: c.NoResp, cred: c.Cred, meta: c.Meta}
	case *Delete:
		p = parts{noResp: c.NoResp, archive: c.Archive, sftDel: c.SftDel, cred: c.Cred, meta: c.Meta}
	case *Exec:
		p = parts{noResp: c.NoResp, cred: c.Cred, meta: c.Meta, correlator: c.Correlator}
	case *Get:
		p = parts{noResp: c.NoResp, lang: c.Lang, cred: c.Cred, meta: c.Meta}
	case *Replace:
		p = parts{noResp: c.NoResp, cred: c.Cred, meta: c.Meta}
	case *Results:
		p = parts{msgRef: c.MsgRef, cmdRef: c.CmdRef, cmd: c.Cmd, meta: c.Meta,
			targetRefs: []string{c.TargetRef}, sourceRefs: []string{c.SourceRef}}
	case *Sequence:
		p = parts{noResp: c.NoResp, meta: c.Meta, body: c.Body}
	case *Status:
		p = parts{msgRef: c.MsgRef, cmdRef: c.CmdRef, cmd: c.Cmd, targetRefs: c.TargetRefs, sourceRefs: c.SourceRefs,
			cred: c.Cred, chal: c.Chal, data: c.Data}
	}
	p.cmdID, p.items = c.ID(), c.ItemList()
	return p
}

func (c *comparer) command(a, b Command) {
	x, isUnknown := a.(*Unknown)
	y, isToo := b.(*Unknown)
	if isUnknown != isToo {
		c.report("", presence(!isUnknown), presence(!isToo))
		return
	}
	if isUnknown {
		c.text("Space", x.Space, y.Space)
		c.text("CmdID", x.CmdID, y.CmdID)
		c.markup("Content", x.Content, y.Content, x.Space, y.Space)
		return
	}
	p, q := partsOf(a), partsOf(b)
	c.text("CmdID", p.cmdID, q.cmdID)
	c.text("MsgRef", p.msgRef, q.msgRef)
	c.text("CmdRef", p.cmdRef, q.cmdRef)
	c.text("Cmd", p.cmd, q.cmd)
	c.flag("NoResp", p.noResp, q.noResp)
	c.flag("Archive", p.archive, q.archive)
	c.flag("SftDel", p.sftDel, q.sftDel)
	c.text("Lang", p.lang, q.lang)
	c.refs("TargetRef", p.targetRefs, q.targetRefs)
	c.refs("SourceRef", p.sourceRefs, q.sourceRefs)
	c.cred(p.cred, q.cred)
	c.chal(p.chal, q.chal)
	c.meta(p.meta, q.meta, nil, nil)
	trimNumber(&p.data)
	trimNumber(&q.data)
	c.data(p.data, q.data, "", "")
	c.text("Correlator", p.correlator, q.correlator)
	for i := range max(len(p.items), len(q.items)) {
		switch {
		case i >= len(q.items):
			c.report("Item", p.items[i].Source.URI+p.items[i].Target.URI, "absent")
		case i >= len(p.items):
			c.report("Item", "absent", q.items[i].Source.URI+q.items[i].Target.URI)
		default:
			c.inside("Item", i+1, func() { c.item(&p.items[i], &q.items[i], p.meta, q.meta) })
		}
	}
	c.body(p.body, q.body)
}

func (c *comparer) refs(name string, a, b []string) {
	if len(a) != len(b) {
		c.report(name, fmt.Sprintf("%q", a), fmt.Sprintf("%q", b))
		return
	}
	for i := range a {
		c.text(name, a[i], b[i])
	}
}

// item compares items under the Meta of their commands.
func (c *comparer) item(a, b *Item, above, below *Meta) {
	c.location("Target", a.Target, b.Target)
	c.location("Source", a.Source, b.Source)
	c.meta(a.Meta, b.Meta, above, below)
	c.data(a.Data, b.Data, format(a.Meta, above), format(b.Meta, below))
	c.flag("MoreData", a.MoreData, b.MoreData)
}

// format returns the Format that an item has by its own Meta, that of its command or by default.
func format(own, command *Meta) string {
	for _, m := range [...]*Meta{own, command} {
		if m != nil && m.Format != "" {
			return trimSpace(m.Format)
		}
	}
	return "chr"
}

func mediaType(own, command *Meta) string {
	for _, m := range [...]*Meta{own, command} {
		if m != nil && m.Type != "" {
			return m.Type
		}
	}
	return "text/plain"
}

// meta compares Meta elements; x and y are those of the commands around a and b.
func (c *comparer) meta(a, b, x, y *Meta) {
	if a == b && x == y {
		return
	}
	c.text("Meta/Format", format(a, x), format(b, y))
	c.text("Meta/Type", mediaType(a, x), mediaType(b, y))
	var none Meta
	if a == nil {
		a = &none
	}
	if b == nil {
		b = &none
	}
	c.text("Meta/Mark", a.Mark, b.Mark)
	c.text("Meta/Size", a.Size, b.Size)
	c.text("Meta/NextNonce", a.NextNonce, b.NextNonce)
	c.text("Meta/MaxMsgSize", a.MaxMsgSize, b.MaxMsgSize)
	c.text("Meta/MaxObjSize", a.MaxObjSize, b.MaxObjSize)
	if len(a.Extra) != len(b.Extra) {
		c.report("Meta", strconv.Itoa(len(a.Extra))+" extra elements", strconv.Itoa(len(b.Extra))+" extra elements")
		return
	}
	p, q := inOrder(a.Extra), inOrder(b.Extra)
	for i := range p {
		c.text("Meta/Name", p[i].Name, q[i].Name)
		c.text("Meta/"+p[i].Name+"/Space", p[i].Space, q[i].Space)
		c.markup("Meta/"+p[i].Name, trimSpace(p[i].Content), trimSpace(q[i].Content), p[i].Space, q[i].Space)
	}
}

// inOrder returns elements in the order of the DTD.
func inOrder(elements []Element) []Element {
	byRank := func(a, b Element) int { return extraRank(a.Name) - extraRank(b.Name) }
	if slices.IsSortedFunc(elements, byRank) {
		return elements
	}
	elements = slices.Clone(elements)
	slices.SortStableFunc(elements, byRank)
	return elements
}

func (c *comparer) cred(a, b *Cred) {
	if a == nil || b == nil {
		if a != b {
			c.report("Cred", presence(a != nil), presence(b != nil))
		}
		return
	}
	c.inside("Cred", 0, func() {
		c.meta(a.Meta, b.Meta, nil, nil)
		c.data(a.Data, b.Data, format(a.Meta, nil), format(b.Meta, nil))
	})
}

func (c *comparer) chal(a, b *Chal) {
	if a == nil || b == nil {
		if a != b {
			c.report("Chal", presence(a != nil), presence(b != nil))
		}
		return
	}
	c.inside("Chal", 0, func() { c.meta(a.Meta, b.Meta, nil, nil) })
}

func presence(there bool) string {
	if there {
		return "present"
	}
	return "absent"
}

// data compares values under their formats.
func (c *comparer) data(a, b Data, formatA, formatB string) {
	if a.OriginalError != b.OriginalError {
		c.report("Data/originalerror", strconv.Quote(a.OriginalError), strconv.Quote(b.OriginalError))
	}
	switch {
	case a.Kind == b.Kind && a.Value == b.Value:
	case a.Kind == MarkupData && b.Kind == MarkupData:
		c.markup("Data", a.Value, b.Value, "", "")
	case a.holdsText() && b.holdsText() && (a.Value == b.Value || a.octets(formatA) == b.octets(formatB)):
	default:
		c.report("Data", a.show(), b.show())
	}
}

func (d Data) holdsText() bool { return d.Kind == TextData || d.Kind == OctetsData }

// octets returns what d stands for under a format: text under bin and b64 is base64.
func (d Data) octets(format string) string {
	if d.Kind != TextData || format != "bin" && format != "b64" {
		return d.Value
	}
	packed := strings.TrimRight(strings.Join(strings.Fields(d.Value), ""), "=")
	raw, err := base64.RawStdEncoding.DecodeString(packed)
	if err != nil {
		return d.Value
	}
	return string(raw)
}

func (d Data) show() string {
	if d.Kind == NoData {
		return d.Kind.String()
	}
	return d.Kind.String() + " " + strconv.Quote(d.Value)
}

// markup compares content whose default namespace is given, or that of the message if that is empty.
func (c *comparer) markup(name, a, b, spaceA, spaceB string) {
	if a == b && spaceA == spaceB {
		return
	}
	if spaceA == "" {
		spaceA = c.space[0]
	}
	if spaceB == "" {
		spaceB = c.space[1]
	}
	x, okA := canonical(a, spaceA)
	y, okB := canonical(b, spaceB)
	if okA != okB || x != y {
		c.report(name, strconv.Quote(a), strconv.Quote(b))
	}
}

// canonical returns content in a form that is the same for the same meaning, or as it is if it is not well formed: names
// with their namespaces, attributes sorted, references resolved, comments and processing instructions dropped.
func canonical(markup, space string) (form string, ok bool) {
	d := decoder{scanner: scanner{src: markup + "</>", hold: true, limits: DefaultLimits()}}
	d.bindings = append(d.bindings, binding{uri: space})
	var out []byte
	var open []tag
	for {
		from := d.pos
		dirty := d.run()
		if d.failed {
			return markup, false
		}
		text := d.src[from:d.pos]
		if dirty {
			text = string(d.unescape(nil, from, d.pos))
		}
		out, _ = appendText(out, text)
		switch {
		case d.failed:
		case d.at("</") && len(open) == 0:
			return string(out), d.pos == len(markup)
		case d.at("</"):
			d.close(open[len(open)-1].name)
			open = open[:len(open)-1]
			out = append(out, "</>"...)
		case d.at(openCDATA):
			from, to, _ := d.cdata()
			out, _ = appendText(out, string(appendLines(nil, d.src[from:to])))
		case d.at("<!"), d.at("<?"):
			d.aside()
		default:
			d.pos++
			start := d.pos
			t := d.open()
			if d.failed {
				break
			}
			prefix, local, _ := cutPrefix(t.name)
			out = append(out, "<{"+d.namespace(prefix)+"}"+local...)
			if d.src[start+len(t.name)] != '>' && d.src[start+len(t.name)] != '/' {
				out = d.appendAttributes(out)
			}
			if out = append(out, '>'); t.empty {
				d.leave()
				out = append(out, "</>"...)
			} else {
				open = append(open, t)
			}
		}
	}
}

// appendAttributes appends the attributes of the last tag in canonical order and form.
func (d *decoder) appendAttributes(dst []byte) []byte {
	var all []string
	for i := range d.attrs {
		a := &d.attrs[i]
		prefix, local, prefixed := cutPrefix(a.name)
		if prefix == "xmlns" || a.name == "xmlns" {
			continue
		}
		name := local
		if prefixed {
			name = "{" + d.namespace(prefix) + "}" + local
		}
		all = append(all, " "+name+`="`+string(appendAttributeValue(nil, d.value(a)))+`"`)
	}
	slices.Sort(all)
	return append(dst, strings.Join(all, "")...)
}
