package wbxml

import (
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// publicID names a version of SyncML by number and by formal public identifier. Only the numbers above
// 0x7f occur, so none can be taken for the number 1, unknown.
type publicID struct {
	number    uint32
	formal    string
	namespace string
	version   string // VerDTD
}

// publicIDs are the document types a message can have. Documents of their own for meta information, device
// information and trees have others and are not messages.
var publicIDs = [...]publicID{
	{0x1201, "-//SYNCML//DTD SyncML 1.2//EN", syncml.Namespace12, "1.2"},
	{0x0fd3, "-//SYNCML//DTD SyncML 1.1//EN", syncml.Namespace11, "1.1"},
	{0x0fd1, "-//SYNCML//DTD SyncML 1.0//EN", syncml.Namespace10, "1.0"},
}

// Character sets by their IANA MIBenum.
const (
	charsetUnknown = 0
	charsetASCII   = 3
	charsetUTF8    = 106
)

// header is what stands before the first token of a document.
type header struct {
	id     uint32
	formal string // the public identifier in the string table when id is 0
}

// namespace returns the namespace of the message, or false when the document is of another type.
func (h header) namespace() (string, bool) {
	for _, p := range publicIDs {
		if h.id == p.number || h.id == 0 && h.formal == p.formal {
			return p.namespace, true
		}
	}
	return "", false
}

// impliedNamespace is the namespace of a message that names none.
func impliedNamespace(verDTD string) string {
	for _, p := range publicIDs {
		if p.version == verDTD {
			return p.namespace
		}
	}
	return syncml.Namespace12
}

// header reads version, public identifier, character set and string table (WAP Binary XML 1.3, section 5.4
// to 5.8).
func (r *reader) header() (h header) {
	if len(r.s) == 0 {
		r.fail("no octets")
		return h
	}
	if v := r.s[0]; v < 1 || v > 3 {
		r.fail("version is not 1.1, 1.2 or 1.3")
		return h
	}
	r.pos = 1
	h.id = r.number()
	index := uint32(0)
	if h.id == 0 {
		index = r.number()
	}
	r.at = r.pos
	charset := r.number()
	r.at = r.pos
	length := r.number()
	if r.err != nil {
		return h
	}
	switch charset {
	case charsetUTF8, charsetASCII, charsetUnknown: // the second is a subset of the first; unknown is taken for it
	default:
		r.fail("character set is not UTF-8")
		return h
	}
	if int64(length) > int64(len(r.s)-r.pos) {
		r.fail("string table is longer than the message")
		return h
	}
	r.table = r.s[r.pos : r.pos+int(length)]
	r.pos += int(length)
	if h.id == 0 {
		h.formal = r.tableString(index)
	}
	return h
}

// isDocument reports whether s starts like a document in this encoding. No text does: the first octet is
// a control character that XML does not have.
func isDocument(s string) bool {
	if s == "" || s[0] < 1 || s[0] > 3 {
		return false
	}
	r := reader{s: s}
	r.header()
	return r.err == nil && r.pos < len(s)
}

// tableString returns the string at an offset of the string table. The last string of a table may lack
// its end, as some clients write it.
func (r *reader) tableString(offset uint32) string {
	if int64(offset) >= int64(len(r.table)) {
		r.fail("offset is not in the string table")
		return ""
	}
	s := r.table[offset:]
	if end := strings.IndexByte(s, 0); end >= 0 {
		s = s[:end]
	}
	r.referenced += len(s)
	return s
}
