package csp

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

// equalElements reports whether two elements say the same: names by their namespaces, whatever the prefixes, attributes in
// any order, white space between elements aside, comments and processing instructions left out.
func equalElements(a, b *etree.Element) bool {
	if !sameName(a, b) || !equalAttributes(a, b) {
		return false
	}
	x, y := a.ChildElements(), b.ChildElements()
	return len(x) == len(y) && equalText(a, b) && slices.EqualFunc(x, y, equalElements)
}

// sameName compares names by namespace.
func sameName(a, b *etree.Element) bool {
	return a.Tag == b.Tag && a.NamespaceURI() == b.NamespaceURI()
}

// equalText compares the text directly inside, pieced together.
func equalText(a, b *etree.Element) bool { return ownText(a) == ownText(b) }

func ownText(e *etree.Element) string {
	var b strings.Builder
	for _, c := range e.Child {
		if c, ok := c.(*etree.CharData); ok {
			b.WriteString(c.Data)
		}
	}
	return strings.TrimSpace(b.String())
}

func equalAttributes(a, b *etree.Element) bool {
	x, y := attributes(a), attributes(b)
	slices.Sort(x)
	slices.Sort(y)
	return slices.Equal(x, y)
}

// attributes returns those of e that are not declarations of namespaces, each as one text.
func attributes(e *etree.Element) []string {
	var all []string
	for i := range e.Attr {
		a := &e.Attr[i]
		if a.Space == "xmlns" || a.Space == "" && a.Key == "xmlns" {
			continue
		}
		space := ""
		if a.Space != "" {
			space = a.NamespaceURI()
		}
		all = append(all, space+" "+a.Key+"="+a.Value)
	}
	return all
}

// wlanProfile is what the names of the namespaces of a profile of a wireless network begin with. A device adds elements
// of later versions.
const wlanProfile = "http://www.microsoft.com/networking/WLAN/profile/"

// isWLANProfile reports whether a document is a profile of a wireless network.
func isWLANProfile(d *xmltree.Document) bool {
	return d.Root.Tag == "WLANProfile" && (d.Root.NamespaceURI() == "" || strings.HasPrefix(d.Root.NamespaceURI(), wlanProfile))
}

// equalWLAN reports whether a device has the profile that it was sent. It returns the profile with more elements than
// were sent, with the key encrypted, and with names in the case that it likes.
func equalWLAN(want, got *etree.Element) bool {
	if want.Tag != got.Tag {
		return false
	}
	switch want.Tag {
	case "keyMaterial", "protected":
		return true // encrypted, or left out
	case "hex":
		return strings.EqualFold(ownText(want), ownText(got))
	}
	children := want.ChildElements()
	if len(children) == 0 {
		a, b := ownText(want), ownText(got)
		return a == b || isTruthWord(a) && strings.EqualFold(a, b)
	}
	rest := got.ChildElements()
	for _, w := range children {
		at := slices.IndexFunc(rest, func(g *etree.Element) bool { return equalWLAN(w, g) })
		if at < 0 {
			if secretOfWLAN(w) {
				continue
			}
			return false
		}
		rest = slices.Delete(rest, at, at+1)
	}
	return true
}

// secretOfWLAN reports whether an element need not come back.
func secretOfWLAN(e *etree.Element) bool {
	return e.Tag == "keyMaterial" || e.Tag == "protected" || e.Tag == "sharedKey"
}
