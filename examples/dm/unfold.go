package main

import (
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/tnds"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

// maxUnfolded is how many lines of a document are shown.
const maxUnfolded = 60

// documents bounds what is unfolded.
var documents = xmltree.Limits{Octets: 4 << 20, Depth: 64, Tokens: 100_000}

// unfold returns the document that a value is, a line for each node or element; nil if it is none.
func unfold(v omadm.Value) []string {
	if v.Data.Kind != syncml.TextData && v.Data.Kind != syncml.MarkupData {
		return nil
	}
	text := strings.TrimSpace(v.Data.Value)
	if !strings.HasPrefix(text, "<") {
		return nil
	}
	if tnds.IsType(v.MediaType()) {
		if t, err := tnds.FromValue(v); err == nil {
			return treeLines(t)
		}
	}
	if v.Data.Kind == syncml.MarkupData || !strings.HasSuffix(text, ">") {
		text = "<_>" + text + "</_>"
	}
	doc, err := xmltree.Read([]byte(text), documents)
	if err != nil { // several elements one behind the other, as templates have them
		doc, err = xmltree.Read([]byte("<_>"+text+"</_>"), documents)
	}
	if err != nil {
		return nil
	}
	u := new(unfolding)
	if doc.Root.Tag == "_" {
		for _, e := range doc.Root.ChildElements() {
			u.element(e, "")
		}
	} else {
		u.element(doc.Root, "")
	}
	return u.lines
}

// unfolding makes lines of a document.
type unfolding struct{ lines []string }

func (u *unfolding) add(line string) bool {
	switch n := len(u.lines); {
	case n < maxUnfolded:
		u.lines = append(u.lines, line)
	case n == maxUnfolded:
		u.lines = append(u.lines, "…")
	}
	return len(u.lines) <= maxUnfolded
}

func (u *unfolding) element(e *etree.Element, indent string) {
	line := indent + "<" + e.FullTag()
	for _, a := range e.Attr {
		line += " " + a.FullKey() + "=" + secretOr(a.Value)
	}
	line += ">"
	if text := strings.TrimSpace(e.Text()); text != "" {
		line += " " + secretOr(text)
	}
	if !u.add(line) {
		return
	}
	for _, child := range e.ChildElements() {
		u.element(child, indent+"  ")
	}
}

// secretOr returns a text in quotes, unless it is blanked.
func secretOr(text string) string {
	if capture.SecretNumber(text) > 0 {
		return "(secret)"
	}
	return shorten(text)
}

// treeLines returns a line for each node of a tree.
func treeLines(t *tnds.Tree) []string {
	u := new(unfolding)
	for uri, n := range t.All(omadm.Root) {
		line := string(uri)
		if n.Value.DataFormat() != omadm.FormatNode && n.Value.Data.Kind != syncml.NoData {
			line += " = " + secretOr(n.Value.Data.Value)
		}
		if !u.add(line) {
			break
		}
	}
	return u.lines
}
