package main

import (
	"bytes"
	"errors"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// document is what is known of a file after reading it.
type document struct {
	kind    string          // as check -tsv prints it
	refused error           // why it is not well formed
	row     string          // by which it is refused
	partial error           // why a SyncML element is no message
	loose   []string        // prefixes of a fragment that the message around it has to bind
	message *syncml.Message // with empty parts for those that a fragment lacks; nil if there is none
	root    *element        // nil for WBXML, and if there are too many elements
}

// open reads a document in either encoding.
func open(b []byte) *document {
	if wbxml.Detect(b) == wbxml.Codec {
		m, err := wbxml.Decode(b)
		return &document{kind: "wbxml", message: m, refused: err, row: refusalRow(nil, err)}
	}
	doc := string(b)
	m, err := syncml.Decode(b)
	if err == nil {
		return &document{kind: "message", message: m, root: outline(doc)}
	}
	var limit *syncml.LimitError
	t, ok := rootTag(doc)
	if !ok || t.local == "" || errors.As(err, &limit) {
		return &document{kind: "fragment:?", refused: err, row: refusalRow(b, err)}
	}
	d := &document{kind: "fragment:" + t.local}
	if doc, d.loose, d.refused = wellFormedPart(doc, t); d.refused != nil {
		d.row = refusalRow(b, d.refused)
		return d
	}
	if t.local == "SyncML" {
		d.partial = err
	}
	if d.root = outline(doc); d.root != nil {
		d.message = completed(doc, d.root)
	}
	return d
}

// refusalRow returns the row by which a document is refused; doc is nil for WBXML.
func refusalRow(doc []byte, err error) string {
	var limit *syncml.LimitError
	var fault *syncml.SyntaxError
	switch {
	case err == nil:
		return ""
	case errors.As(err, &limit) && limit.Limit == "Depth":
		return "F-4"
	case errors.As(err, &limit):
		return "F-5"
	case doc == nil:
		return "B-20"
	case errors.As(err, &fault) && declares(doc, fault):
		return "F-2"
	}
	return "F-1"
}

// declares says whether a document is refused at the "[" that opens the declarations of a DOCTYPE.
func declares(doc []byte, fault *syncml.SyntaxError) bool {
	before, after := doc[:fault.Offset], doc[fault.Offset:]
	return fault.Path == "" && bytes.HasPrefix(after, []byte("[")) && bytes.Contains(before, []byte("<!DOCTYPE"))
}

// maxLoose bounds the prefixes that a fragment may leave for the message around it to bind.
const maxLoose = 16

// wellFormedPart is wellFormed for what may be a part of a message: prefixes that nothing in it binds are bound to the
// namespace of MetInf, which they are used for. It returns the document with these bindings.
func wellFormedPart(doc string, root tag) (bound string, loose []string, err error) {
	bound, at := doc, root.name+len(root.local)
	for err = wellFormed(bound, root); len(loose) < maxLoose && root.local != "SyncML"; err = wellFormed(bound, root) {
		prefix := unbound(bound, err)
		if prefix == "" {
			break
		}
		loose = append(loose, prefix)
		bound = bound[:at] + " xmlns:" + prefix + `="` + syncml.NamespaceMeta + `"` + bound[at:]
		if root, _ = rootTag(bound); root.local == "" {
			break
		}
	}
	var fault *syncml.SyntaxError
	if errors.As(err, &fault) && fault.Offset > at {
		e := *fault
		e.Offset = max(e.Offset-(len(bound)-len(doc)), at)
		return doc, nil, &e
	}
	return bound, loose, err
}

// unbound returns the prefix of the tag that ends where the error is, if nothing in the document binds it.
func unbound(doc string, err error) string {
	var fault *syncml.SyntaxError
	if !errors.As(err, &fault) {
		return ""
	}
	start := strings.LastIndexByte(doc[:fault.Offset], '<')
	if start < 0 {
		return ""
	}
	t, ok := tagAt(doc, start)
	if !ok || t.end != fault.Offset || t.prefix == "xmlns" || strings.Contains(doc, "xmlns:"+t.prefix) {
		return ""
	}
	return t.prefix
}

// wellFormed lets the decoder judge a document with any root element. The start tag of the root becomes that of a
// message, and the content an element of that message that the decoder passes over:
//
//	<Add>...</Add>  is read as  <SyncML><SyncHdr/><SyncBody/><Add.content>...</Add.content></SyncML>
//
// Where the root ends is where the decoder, given the start only, finds an end tag that does not match.
func wellFormed(doc string, root tag) error {
	prefix := doc[root.start+1 : root.name]
	wrapper := prefix + "SyncML"
	content := root.local + ".content"
	tail := doc[root.end:]
	head := doc[:root.name] + "SyncML" + doc[root.name+len(root.local):root.end]
	if root.empty {
		head = strings.TrimSuffix(head, "/>") + "><SyncHdr/><SyncBody/></" + wrapper + ">"
		return located(doc, root, len(head)-root.end, decodeDeep(head+tail))
	}
	head += "<SyncHdr/><SyncBody/><" + content + ">"
	shift := len(head) - root.end
	err := decodeDeep(head + tail)
	var fault *syncml.SyntaxError
	endTag := "</" + prefix + root.local
	if !errors.As(err, &fault) || fault.Offset < len(head) || !strings.HasPrefix((head + tail)[fault.Offset:], endTag) {
		return located(doc, root, shift, err)
	}
	before, after := tail[:fault.Offset-len(head)], tail[fault.Offset-len(head)+len(endTag):]
	closing := "</" + content + "></" + wrapper
	err = decodeDeep(head + before + closing + after)
	if errors.As(err, &fault) && fault.Offset > len(head)+len(before) {
		shift += len(closing) - len(endTag)
	}
	return located(doc, root, shift, err)
}

// decodeDeep decodes with room for what wellFormed puts around a document.
func decodeDeep(doc string) error {
	lim := syncml.DefaultLimits()
	lim.Depth++
	lim.Octets += 1 << 10
	_, err := syncml.XML.Decode([]byte(doc), lim)
	return err
}

// located makes the place of an error that of the original document, in which it is shift octets earlier if it
// is behind the root tag.
func located(doc string, root tag, shift int, err error) error {
	var fault *syncml.SyntaxError
	if !errors.As(err, &fault) {
		return err
	}
	e := *fault
	renamed := len("SyncML") - len(root.local)
	switch {
	case e.Offset <= root.name:
	case e.Offset <= root.end+renamed:
		e.Offset = max(e.Offset-renamed, root.name)
	default:
		e.Offset = min(max(e.Offset-shift, root.end), len(doc))
	}
	inside := "SyncML/" + root.local + ".content"
	switch {
	case strings.HasPrefix(e.Path, inside):
		e.Path = root.local + strings.TrimPrefix(e.Path, inside)
	case strings.HasPrefix(e.Path, "SyncML"):
		e.Path = root.local
	}
	return &e
}

// completed returns the message that a fragment is part of, with the missing parts empty; nil if there is none.
func completed(doc string, root *element) *syncml.Message {
	whole := doc[root.start:root.end]
	switch {
	case root.name == "SyncML":
		whole = completedRoot(doc, root)
	case root.name == "SyncHdr":
		whole = "<SyncML>" + whole + "<SyncBody/></SyncML>"
	case root.name == "SyncBody":
		whole = "<SyncML><SyncHdr/>" + whole + "</SyncML>"
	case isCommand(root.name) || slices.Contains(reserved, root.name):
		whole = "<SyncML><SyncHdr/><SyncBody>" + whole + "</SyncBody></SyncML>"
	default:
		return nil
	}
	m, err := syncml.Decode([]byte(whole))
	if err != nil {
		return nil
	}
	return m
}

func completedRoot(doc string, root *element) string {
	prefix := ""
	if t, ok := tagAt(doc, root.start); ok && t.prefix != "" {
		prefix = t.prefix + ":"
	}
	header, body := "<"+prefix+"SyncHdr/>", "<"+prefix+"SyncBody/>"
	if root.has("SyncHdr") {
		header = ""
	}
	if root.has("SyncBody") {
		body = ""
	}
	if root.outer == root.inner && root.end == root.inner { // <SyncML/>
		return ""
	}
	return doc[root.start:root.inner] + header + doc[root.inner:root.outer] + body + doc[root.outer:root.end]
}

// has says whether there is a child of a name.
func (e *element) has(name string) bool {
	for _, c := range e.children {
		if c.name == name {
			return true
		}
	}
	return false
}
