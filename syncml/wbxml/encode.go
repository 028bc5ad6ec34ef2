package wbxml

import (
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// encoder appends tokens to b. The first error sticks; nothing is appended behind it.
type encoder struct {
	b     []byte
	start int // length of b before
	root  int // offset of the first element in b
	page  uint8
	err   *syncml.EncodeError
}

// result returns what was appended to dst, or dst and the error.
func (e *encoder) result(dst []byte) ([]byte, error) {
	if e.err != nil {
		return dst, e.err
	}
	return e.b, nil
}

// fail records that a value cannot be carried. The path is read from the tokens written so far.
func (e *encoder) fail(reason string) {
	if e.err == nil {
		written := string(e.b[e.root:])
		e.err = &syncml.EncodeError{Path: path(reader{s: written}, len(written)), Reason: reason}
	}
}

func (e *encoder) toPage(page uint8) {
	if e.page != page {
		e.page = page
		e.b = append(e.b, tokenSwitchPage, page)
	}
}

// open starts an element with content, close ends it.
func (e *encoder) open(t tag) {
	e.toPage(t.page())
	e.b = append(e.b, t.token()|flagContent)
}

func (e *encoder) close() { e.b = append(e.b, tokenEnd) }

// empty writes an element without content.
func (e *encoder) empty(t tag) {
	e.toPage(t.page())
	e.b = append(e.b, t.token())
}

// flag writes an empty element if set.
func (e *encoder) flag(t tag, set bool) {
	if set {
		e.empty(t)
	}
}

// required writes an element with text, empty without.
func (e *encoder) required(t tag, s string) {
	if s == "" {
		e.empty(t)
		return
	}
	e.open(t)
	e.text(s)
	e.close()
}

// optional writes an element with text unless it is empty.
func (e *encoder) optional(t tag, s string) {
	if s != "" {
		e.required(t, s)
	}
}

// text writes s inline, or as opaque data when it holds the octet that ends an inline string.
func (e *encoder) text(s string) {
	switch {
	case e.err != nil:
	case !utf8.ValidString(s):
		e.fail("text is not UTF-8")
	case strings.IndexByte(s, 0) >= 0:
		e.opaque(s)
	default:
		e.b = append(append(append(e.b, tokenInline), s...), 0)
	}
}

func (e *encoder) opaque(s string) {
	if uint64(len(s)) > 1<<32-1 {
		e.fail("data is longer than 4 GiB")
		return
	}
	e.b = append(appendNumber(append(e.b, tokenOpaque), uint32(len(s))), s...)
}

// appendNumber appends an mb_u_int32 (WAP Binary XML 1.3, section 5.1).
func appendNumber(b []byte, n uint32) []byte {
	for shift := 28; shift > 0; shift -= 7 {
		if n>>shift != 0 {
			b = append(b, byte(n>>shift)|0x80)
		}
	}
	return append(b, byte(n)&0x7f)
}

// documentHeader writes version 1.2, the numeric public identifier, UTF-8, and no string table.
func (e *encoder) documentHeader(h *syncml.Header) {
	namespace := h.Namespace
	if namespace == "" {
		namespace = impliedNamespace(h.VerDTD)
	}
	for _, p := range publicIDs {
		if p.namespace == namespace {
			e.b = append(appendNumber(append(e.b, 2), p.number), charsetUTF8, 0)
			return
		}
	}
	e.err = &syncml.EncodeError{Path: "SyncML", Reason: "namespace is not one of SyncML"}
}

func (e *encoder) header(h *syncml.Header) {
	e.open(tagSyncHdr)
	e.required(tagVerDTD, h.VerDTD)
	e.required(tagVerProto, h.VerProto)
	e.required(tagSessionID, h.SessionID)
	e.required(tagMsgID, h.MsgID)
	e.requiredLocation(tagTarget, h.Target)
	e.requiredLocation(tagSource, h.Source)
	e.optional(tagRespURI, h.RespURI)
	e.flag(tagNoResp, h.NoResp)
	e.cred(h.Cred)
	e.meta(h.Meta)
	e.close()
}

func (e *encoder) requiredLocation(t tag, l syncml.Location) {
	e.open(t)
	e.required(tagLocURI, l.URI)
	e.optional(tagLocName, l.Name)
	e.close()
}

func (e *encoder) location(t tag, l syncml.Location) {
	if l != (syncml.Location{}) {
		e.requiredLocation(t, l)
	}
}

// command writes c. The Format is the one that Atomic and Sequence elements around it set.
func (e *encoder) command(c syncml.Command, format string) {
	if e.err != nil {
		return
	}
	switch c := c.(type) {
	case *syncml.Add:
		e.begin(tagAdd, c.CmdID, c.NoResp)
		e.cred(c.Cred)
		e.meta(c.Meta)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Alert:
		e.begin(tagAlert, c.CmdID, c.NoResp)
		e.cred(c.Cred)
		e.data(c.Data, "")
		e.optional(tagCorrelator, c.Correlator)
		e.items(c.Items, format)
	case *syncml.Atomic:
		e.begin(tagAtomic, c.CmdID, c.NoResp)
		e.meta(c.Meta)
		e.commands(c.Body, formatOf(c.Meta, format))
	case *syncml.Copy:
		e.begin(tagCopy, c.CmdID, c.NoResp)
		e.cred(c.Cred)
		e.meta(c.Meta)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Delete:
		e.begin(tagDelete, c.CmdID, c.NoResp)
		e.flag(tagArchive, c.Archive)
		e.flag(tagSftDel, c.SftDel)
		e.cred(c.Cred)
		e.meta(c.Meta)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Exec:
		e.begin(tagExec, c.CmdID, c.NoResp)
		e.cred(c.Cred)
		e.meta(c.Meta)
		e.optional(tagCorrelator, c.Correlator)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Get:
		e.begin(tagGet, c.CmdID, c.NoResp)
		e.optional(tagLang, c.Lang)
		e.cred(c.Cred)
		e.meta(c.Meta)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Replace:
		e.begin(tagReplace, c.CmdID, c.NoResp)
		e.cred(c.Cred)
		e.meta(c.Meta)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Results:
		e.begin(tagResults, c.CmdID, false)
		e.optional(tagMsgRef, c.MsgRef)
		e.optional(tagCmdRef, c.CmdRef)
		e.optional(tagCmd, c.Cmd)
		e.meta(c.Meta)
		e.optional(tagTargetRef, c.TargetRef)
		e.optional(tagSourceRef, c.SourceRef)
		e.items(c.Items, formatOf(c.Meta, format))
	case *syncml.Sequence:
		e.begin(tagSequence, c.CmdID, c.NoResp)
		e.meta(c.Meta)
		e.commands(c.Body, formatOf(c.Meta, format))
	case *syncml.Status:
		e.status(c, format)
	case *syncml.Unknown:
		e.unknown(c)
		return
	default:
		e.fail("no command")
		return
	}
	e.close()
}

// begin writes what all commands start with.
func (e *encoder) begin(t tag, id string, noResp bool) {
	e.open(t)
	e.optional(tagCmdID, id)
	e.flag(tagNoResp, noResp)
}

// status writes the references even when they are empty: an empty CmdRef stands for a command without a
// CmdID.
func (e *encoder) status(c *syncml.Status, format string) {
	e.begin(tagStatus, c.CmdID, false)
	e.required(tagMsgRef, c.MsgRef)
	e.required(tagCmdRef, c.CmdRef)
	e.required(tagCmd, c.Cmd)
	for _, ref := range c.TargetRefs {
		e.required(tagTargetRef, ref)
	}
	for _, ref := range c.SourceRefs {
		e.required(tagSourceRef, ref)
	}
	e.cred(c.Cred)
	if c.Chal != nil {
		e.open(tagChal)
		e.meta(c.Chal.Meta)
		e.close()
	}
	e.data(c.Data, "")
	e.items(c.Items, format)
}

func (e *encoder) commands(body []syncml.Command, format string) {
	for _, c := range body {
		e.command(c, format)
	}
}

// items writes items, with the Format that those without one have.
func (e *encoder) items(items []syncml.Item, format string) {
	for i := range items {
		if e.err != nil {
			return
		}
		it := &items[i]
		e.open(tagItem)
		e.location(tagTarget, it.Target)
		e.location(tagSource, it.Source)
		e.meta(it.Meta)
		e.data(it.Data, formatOf(it.Meta, format))
		e.flag(tagMoreData, it.MoreData)
		e.close()
	}
}

func (e *encoder) cred(c *syncml.Cred) {
	if c == nil {
		return
	}
	e.open(tagCred)
	e.meta(c.Meta)
	e.data(c.Data, formatOf(c.Meta, ""))
	e.close()
}

func (e *encoder) meta(m *syncml.Meta) {
	if m == nil || e.err != nil {
		return
	}
	e.open(tagMeta)
	e.extra(m, tagFieldLevel)
	e.optional(tagFormat, m.Format)
	e.optional(tagType, m.Type)
	e.optional(tagMark, m.Mark)
	e.optional(tagSize, m.Size)
	e.extra(m, tagAnchor)
	e.extra(m, tagVersion)
	e.optional(tagNextNonce, m.NextNonce)
	e.optional(tagMaxMsgSize, m.MaxMsgSize)
	e.optional(tagMaxObjSize, m.MaxObjSize)
	e.extra(m, tagEMI)
	e.extra(m, tagMem)
	e.extra(m, 0)
	e.close()
}

// extra writes the elements of m that are named t. The zero tag stands for all that are none of extras.
func (e *encoder) extra(m *syncml.Meta, t tag) {
	for i := range m.Extra {
		x := &m.Extra[i]
		if r := rank(x.Name); r < len(extras) && extras[r] == t || r == len(extras) && t == 0 {
			e.foreign(x.Space, x.Name, pageMetInf, "", x.Content)
		}
	}
}

// unknown writes an element that stands where a command should.
func (e *encoder) unknown(c *syncml.Unknown) {
	e.foreign(c.Space, c.Element, pageSyncML, c.CmdID, c.Content)
}

// foreign writes an element kept as markup. Without a namespace it is one of the page given, or else of another
// page that is read by the names of its elements.
func (e *encoder) foreign(space, name string, page uint8, id, content string) {
	var t tag
	var ok bool
	if space == "" {
		if t, ok = lookup(page, name); !ok {
			t, ok = lookup(pageSyncML, name)
		}
	} else if page, ok = pageOf(space); ok {
		t, ok = lookup(page, name)
	}
	switch {
	case e.err != nil:
	case !ok:
		e.fail("element has no token")
	case id == "" && content == "":
		e.empty(t)
	default:
		e.open(t)
		e.optional(tagCmdID, id)
		e.markup(content, page)
		e.close()
	}
}

// data writes a Data element, with the Format that the decoder will find for it.
func (e *encoder) data(v syncml.Data, format string) {
	if v.Kind == syncml.NoData {
		return
	}
	e.open(tagData)
	octets := isOctets(format, v.Value)
	switch {
	case v.OriginalError != "":
		e.fail("attribute originalerror has no token")
	case v.Kind == syncml.TextData && octets && strings.IndexByte(v.Value, 0) >= 0:
		e.fail("text with the character 0 would be read as octets")
	case v.Kind == syncml.TextData && v.Value == "":
		e.b[len(e.b)-1] &^= flagContent
		return
	case v.Kind == syncml.TextData:
		e.text(v.Value)
	case v.Kind == syncml.MarkupData:
		e.markup(v.Value, pageSyncML)
	case v.Kind == syncml.OctetsData && !octets:
		e.fail("octets need the Format bin")
	case v.Kind == syncml.OctetsData:
		e.opaque(v.Value)
	default:
		e.fail("unknown kind of data")
	}
	e.close()
}
