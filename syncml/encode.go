package syncml

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
	"unicode/utf8"
)

// encoder keeps the first fault met while a header or a command is appended. What is appended after a fault is
// cut off again by the caller.
type encoder struct {
	name   string // of the command, or SyncHdr
	item   int    // number of the item being written, from 1; 0 outside items
	inCred bool
	inMeta bool
	field  string // tags that the faulty value stands in
	reason string
}

func (e *encoder) fail(field, reason string) {
	if e.reason != "" {
		return
	}
	field = strings.TrimPrefix(field, "<"+e.name+">")
	if e.inMeta {
		field = "<Meta>" + field
	}
	if e.inCred {
		field = "<Cred>" + field
	}
	if e.item > 0 {
		field = "<Item[" + strconv.Itoa(e.item) + "]>" + field
	}
	e.field, e.reason = field, reason
}

// err returns the fault, nil if there is none.
func (e *encoder) err() error {
	if e.reason == "" {
		return nil
	}
	path := e.name
	for _, tag := range strings.Split(e.field, "<") {
		if name := strings.TrimRight(tag, "/>"); name != "" {
			name, _, _ = strings.Cut(name, " ")
			path += "/" + name
		}
	}
	return &EncodeError{Path: path, Reason: e.reason}
}

const (
	xmlDeclaration = `<?xml version="1.0" encoding="UTF-8"?>`
	openMDMData    = `<Data xmlns:msft="` + NamespaceMDM + `" msft:originalerror="`
)

func (xmlCodec) AppendHeader(dst []byte, h *Header) ([]byte, error) {
	e := encoder{name: "SyncHdr"}
	out := append(dst, xmlDeclaration+`<SyncML xmlns="`...)
	switch {
	case h.Namespace == "":
		out = append(out, impliedNamespace(h.VerDTD)...)
	case isMessageNamespace(h.Namespace):
		out = append(out, h.Namespace...)
	default:
		return dst, &EncodeError{Path: "SyncML", Reason: "a namespace that is not one of SyncML"}
	}
	out = append(out, `">`...)
	out = e.text(out, "<SyncHdr><VerDTD>", h.VerDTD, "</VerDTD>")
	out = e.text(out, "<VerProto>", h.VerProto, "</VerProto>")
	out = e.text(out, "<SessionID>", h.SessionID, "</SessionID>")
	out = e.text(out, "<MsgID>", h.MsgID, "</MsgID>")
	out = e.location(out, "<Target><LocURI>", &h.Target, "</Target>")
	out = e.location(out, "<Source><LocURI>", &h.Source, "</Source>")
	out = e.optional(out, "<RespURI>", h.RespURI, "</RespURI>")
	out = flag(out, h.NoResp, "<NoResp/>")
	out = e.cred(out, h.Cred)
	out = e.meta(out, h.Meta)
	out = append(out, "</SyncHdr><SyncBody>"...)
	if err := e.err(); err != nil {
		return dst, err
	}
	return out, nil
}

func (xmlCodec) AppendCommand(dst []byte, c Command) ([]byte, error) {
	if c == nil {
		return dst, &EncodeError{Path: "SyncBody", Reason: "a command that is nil"}
	}
	e := encoder{name: c.Name()}
	out := e.command(dst, c)
	if err := e.err(); err != nil {
		return dst, err
	}
	return out, nil
}

func (xmlCodec) AppendEnd(dst []byte, final bool) ([]byte, error) {
	return append(flag(dst, final, "<Final/>"), "</SyncBody></SyncML>"...), nil
}

// command appends a command. The order of the children is that of the DTD.
func (e *encoder) command(dst []byte, c Command) []byte {
	switch c := c.(type) {
	case *Add:
		dst = e.text(dst, "<Add><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.cred(dst, c.Cred)
		dst = e.meta(dst, c.Meta)
		dst = e.items(dst, c.Items)
		return append(dst, "</Add>"...)
	case *Alert:
		dst = e.text(dst, "<Alert><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.cred(dst, c.Cred)
		dst = e.data(dst, &c.Data)
		dst = e.optional(dst, "<Correlator>", c.Correlator, "</Correlator>")
		dst = e.items(dst, c.Items)
		return append(dst, "</Alert>"...)
	case *Atomic:
		dst = e.text(dst, "<Atomic><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.meta(dst, c.Meta)
		dst = e.body(dst, c.Body)
		return append(dst, "</Atomic>"...)
	case *Copy:
		dst = e.text(dst, "<Copy><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.cred(dst, c.Cred)
		dst = e.meta(dst, c.Meta)
		dst = e.items(dst, c.Items)
		return append(dst, "</Copy>"...)
	case *Delete:
		dst = e.text(dst, "<Delete><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = flag(dst, c.Archive, "<Archive/>")
		dst = flag(dst, c.SftDel, "<SftDel/>")
		dst = e.cred(dst, c.Cred)
		dst = e.meta(dst, c.Meta)
		dst = e.items(dst, c.Items)
		return append(dst, "</Delete>"...)
	case *Exec:
		dst = e.text(dst, "<Exec><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.cred(dst, c.Cred)
		dst = e.meta(dst, c.Meta)
		dst = e.optional(dst, "<Correlator>", c.Correlator, "</Correlator>")
		dst = e.items(dst, c.Items)
		return append(dst, "</Exec>"...)
	case *Get:
		dst = e.text(dst, "<Get><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.optional(dst, "<Lang>", c.Lang, "</Lang>")
		dst = e.cred(dst, c.Cred)
		dst = e.meta(dst, c.Meta)
		dst = e.items(dst, c.Items)
		return append(dst, "</Get>"...)
	case *Replace:
		dst = e.text(dst, "<Replace><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.cred(dst, c.Cred)
		dst = e.meta(dst, c.Meta)
		dst = e.items(dst, c.Items)
		return append(dst, "</Replace>"...)
	case *Results:
		dst = e.text(dst, "<Results><CmdID>", c.CmdID, "</CmdID>")
		dst = e.optional(dst, "<MsgRef>", c.MsgRef, "</MsgRef>")
		dst = e.optional(dst, "<CmdRef>", c.CmdRef, "</CmdRef>")
		dst = e.optional(dst, "<Cmd>", c.Cmd, "</Cmd>")
		dst = e.meta(dst, c.Meta)
		dst = e.optional(dst, "<TargetRef>", c.TargetRef, "</TargetRef>")
		dst = e.optional(dst, "<SourceRef>", c.SourceRef, "</SourceRef>")
		dst = e.items(dst, c.Items)
		return append(dst, "</Results>"...)
	case *Sequence:
		dst = e.text(dst, "<Sequence><CmdID>", c.CmdID, "</CmdID>")
		dst = flag(dst, c.NoResp, "<NoResp/>")
		dst = e.meta(dst, c.Meta)
		dst = e.body(dst, c.Body)
		return append(dst, "</Sequence>"...)
	case *Status:
		dst = e.text(dst, "<Status><CmdID>", c.CmdID, "</CmdID>")
		dst = e.text(dst, "<MsgRef>", c.MsgRef, "</MsgRef>")
		dst = e.text(dst, "<CmdRef>", c.CmdRef, "</CmdRef>")
		dst = e.text(dst, "<Cmd>", c.Cmd, "</Cmd>")
		for _, ref := range c.TargetRefs {
			dst = e.text(dst, "<TargetRef>", ref, "</TargetRef>")
		}
		for _, ref := range c.SourceRefs {
			dst = e.text(dst, "<SourceRef>", ref, "</SourceRef>")
		}
		dst = e.cred(dst, c.Cred)
		if c.Chal != nil {
			dst = append(e.meta(append(dst, "<Chal>"...), c.Chal.Meta), "</Chal>"...)
		}
		dst = e.data(dst, &c.Data)
		dst = e.items(dst, c.Items)
		return append(dst, "</Status>"...)
	case *Unknown:
		return e.unknown(dst, c)
	}
	e.fail("", "a command that is not of this package")
	return dst
}

// body appends the commands of an Atomic or a Sequence.
func (e *encoder) body(dst []byte, body []Command) []byte {
	name := e.name
	for _, c := range body {
		if c == nil {
			e.fail("", "a command that is nil")
			break
		}
		if e.reason != "" {
			break
		}
		e.name = c.Name()
		if dst = e.command(dst, c); e.reason != "" {
			e.field = "<" + e.name + ">" + e.field
		}
		e.name = name
	}
	return dst
}

func (e *encoder) unknown(dst []byte, c *Unknown) []byte {
	if !isNCName(c.Element) || elementOf(c.Element) != elemOther {
		e.fail("", "an unknown command needs a name that is well formed and means nothing else")
		return dst
	}
	dst = append(append(dst, '<'), c.Element...)
	if c.Space != "" {
		dst = e.declaration(dst, c.Space)
	}
	dst = append(dst, '>')
	dst = e.optional(dst, "<CmdID>", c.CmdID, "</CmdID>")
	dst = e.content(dst, "", c.Content, false)
	dst = append(append(dst, "</"...), c.Element...)
	return append(dst, '>')
}

// declaration appends a declaration of the default namespace.
func (e *encoder) declaration(dst []byte, uri string) []byte {
	if !isText(uri) || uri == namespaceXML || uri == namespaceXMLNS {
		e.fail("", "a namespace that XML cannot carry")
		return dst
	}
	return appendDeclaration(dst, "", uri)
}

func (e *encoder) items(dst []byte, items []Item) []byte {
	for i := range items {
		e.item = i + 1
		it := &items[i]
		dst = append(dst, "<Item>"...)
		if it.Target != (Location{}) {
			dst = e.location(dst, "<Target><LocURI>", &it.Target, "</Target>")
		}
		if it.Source != (Location{}) {
			dst = e.location(dst, "<Source><LocURI>", &it.Source, "</Source>")
		}
		dst = e.meta(dst, it.Meta)
		dst = e.data(dst, &it.Data)
		dst = flag(dst, it.MoreData, "<MoreData/>")
		dst = append(dst, "</Item>"...)
	}
	e.item = 0
	return dst
}

func (e *encoder) location(dst []byte, open string, l *Location, end string) []byte {
	dst = e.text(dst, open, l.URI, "</LocURI>")
	dst = e.optional(dst, "<LocName>", l.Name, "</LocName>")
	return append(dst, end...)
}

func (e *encoder) cred(dst []byte, c *Cred) []byte {
	if c == nil {
		return dst
	}
	e.inCred = true
	dst = e.meta(append(dst, "<Cred>"...), c.Meta)
	dst = append(e.data(dst, &c.Data), "</Cred>"...)
	e.inCred = false
	return dst
}

const inMetInf = ` xmlns="` + NamespaceMeta + `">`

func (e *encoder) meta(dst []byte, m *Meta) []byte {
	if m == nil {
		return dst
	}
	e.inMeta = true
	dst = append(dst, "<Meta>"...)
	dst = e.extra(dst, m.Extra, 0, 0)
	dst = e.optional(dst, "<Format"+inMetInf, m.Format, "</Format>")
	dst = e.optional(dst, "<Type"+inMetInf, m.Type, "</Type>")
	dst = e.optional(dst, "<Mark"+inMetInf, m.Mark, "</Mark>")
	dst = e.optional(dst, "<Size"+inMetInf, m.Size, "</Size>")
	dst = e.extra(dst, m.Extra, 1, 2)
	dst = e.optional(dst, "<NextNonce"+inMetInf, m.NextNonce, "</NextNonce>")
	dst = e.optional(dst, "<MaxMsgSize"+inMetInf, m.MaxMsgSize, "</MaxMsgSize>")
	dst = e.optional(dst, "<MaxObjSize"+inMetInf, m.MaxObjSize, "</MaxObjSize>")
	dst = e.extra(dst, m.Extra, 3, math.MaxInt)
	e.inMeta = false
	return append(dst, "</Meta>"...)
}

// extra appends the elements of a Meta whose place is from low to high.
func (e *encoder) extra(dst []byte, elements []Element, low, high int) []byte {
	for i := range elements {
		el := &elements[i]
		if rank := extraRank(el.Name); rank < low || rank > high {
			continue
		}
		if !isNCName(el.Name) {
			e.fail("", "an element with a malformed name")
			return dst
		}
		space := el.Space
		if id := elementOf(el.Name); id.metaField() || id == elemMetInf || id.metInf() && space != "" {
			e.fail("", "an extra element with the name of another")
			return dst
		}
		if space == "" {
			space = NamespaceMeta
		}
		dst = append(append(dst, '<'), el.Name...)
		dst = append(e.declaration(dst, space), '>')
		dst = e.content(dst, "", el.Content, false)
		dst = append(append(dst, "</"...), el.Name...)
		dst = append(dst, '>')
	}
	return dst
}

func (e *encoder) data(dst []byte, d *Data) []byte {
	if d.OriginalError == "" {
		if d.Kind == TextData {
			return e.text(dst, "<Data>", d.Value, "</Data>")
		}
		if d.Kind == NoData {
			return dst
		}
		dst = append(dst, "<Data>"...)
	} else {
		if !isText(d.OriginalError) {
			e.fail("<Data>", "an original error that XML cannot carry")
		}
		dst = append(dst, openMDMData...)
		dst = appendAttributeValue(dst, d.OriginalError)
		dst = append(dst, `">`...)
	}
	switch d.Kind {
	case TextData:
		dst = e.text(dst, "", d.Value, "")
	case MarkupData:
		dst = e.content(dst, "<Data>", d.Value, true)
	case OctetsData:
		e.fail("<Data>", "XML does not carry octets")
	default:
		e.fail("<Data>", "an original error without data")
	}
	return append(dst, "</Data>"...)
}

// content appends markup after checking it.
func (e *encoder) content(dst []byte, field, markup string, wantElement bool) []byte {
	if reason := checkContent(markup, wantElement); reason != "" {
		e.fail(field, reason)
		return dst
	}
	return append(dst, markup...)
}

// flag appends an empty element if it is set.
func flag(dst []byte, set bool, element string) []byte {
	if set {
		dst = append(dst, element...)
	}
	return dst
}

// optional appends an element if it has a text.
func (e *encoder) optional(dst []byte, open, text, end string) []byte {
	if text == "" {
		return dst
	}
	return e.text(dst, open, text, end)
}

// text appends an element that holds text.
func (e *encoder) text(dst []byte, open, text, end string) []byte {
	dst, ok := appendText(append(dst, open...), text)
	if !ok {
		e.fail(open, "a character that XML cannot carry")
	}
	return append(dst, end...)
}

// plain are the ASCII characters that stand for themselves in text.
var plain = func() (plain [256]bool) {
	for c := byte(' '); c < utf8.RuneSelf; c++ {
		plain[c] = c != '<' && c != '>' && c != '&'
	}
	plain['\t'], plain['\n'] = true, true
	return plain
}()

// appendText appends s escaped. It is false if s has characters that XML cannot carry.
func appendText(dst []byte, s string) ([]byte, bool) {
	done, p := 0, 0 // s[:done] is appended
	for {
		for len(s)-p >= 8 {
			w := load64(s, p)
			angle := (w | 0x02*ones) ^ '>'*ones
			amp := w ^ '&'*ones
			hit := (w - ' '*ones) &^ w
			hit |= (angle - ones) &^ angle
			hit |= (amp - ones) &^ amp
			if hit = (hit | w) & highs; hit != 0 {
				p += bits.TrailingZeros64(hit) >> 3
				break
			}
			p += 8
		}
		for p < len(s) && plain[s[p]] {
			p++
		}
		if p >= len(s) {
			return append(dst, s[done:]...), true
		}
		reference := ""
		switch s[p] {
		case '<':
			reference = "&lt;"
		case '>':
			reference = "&gt;"
		case '&':
			reference = "&amp;"
		case '\r':
			reference = "&#xD;"
		default:
			r, size := utf8.DecodeRuneInString(s[p:])
			if size == 1 || r == 0xFFFE || r == 0xFFFF {
				return dst, false
			}
			p += size
			continue
		}
		dst = append(append(dst, s[done:p]...), reference...)
		p++
		done = p
	}
}

// appendAttributeValue appends s, which is text, escaped for an attribute in double quotes.
func appendAttributeValue(dst []byte, s string) []byte {
	for i := range len(s) {
		switch c := s[i]; c {
		case '<':
			dst = append(dst, "&lt;"...)
		case '&':
			dst = append(dst, "&amp;"...)
		case '"':
			dst = append(dst, "&#34;"...)
		case '\t', '\n', '\r':
			dst = append(dst, "&#"...)
			dst = strconv.AppendInt(dst, int64(c), 10)
			dst = append(dst, ';')
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// isText says whether XML can carry s.
func isText(s string) bool {
	for _, r := range s {
		if !isChar(r) {
			return false
		}
	}
	return utf8.ValidString(s)
}

func isNCName(name string) bool {
	s := scanner{src: name}
	s.ncName()
	return !s.failed && s.pos == len(name)
}

// checkContent returns what is wrong with markup as the content of an element, "" if nothing. Prefixes have to be
// declared inside it.
func checkContent(markup string, wantElement bool) string {
	s := scanner{src: markup, fragment: true, limits: Limits{Depth: math.MaxInt, Attributes: math.MaxInt}}
	element := false
	for {
		s.stray()
		switch {
		case s.failed:
			return "markup that is not well formed"
		case s.pos == len(markup):
			if wantElement && !element {
				return "markup without an element"
			}
			return ""
		case s.at("</"):
			return "markup that is not well formed"
		case s.at("<!"), s.at("<?"):
			s.aside()
		default:
			s.pos++
			child := s.open()
			s.skip(child)
			element = true
		}
	}
}
