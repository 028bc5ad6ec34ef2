package csp

import (
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Equal reports whether a device that has the value got has what want asks for, by the node and not by the spelling:
// truth values and numbers in any spelling, lists in any order, the data of policies of templates in any order, XML
// without regard to prefixes and white space, and profiles of wireless networks without the key, which a device does not
// tell. The zero Node compares by the formats of the values.
func Equal(n Node, want, got omadm.Value) bool {
	a, b := text(want), text(got)
	if want.Data.Kind == syncml.NoData || got.Data.Kind == syncml.NoData {
		return want.Data.Kind == got.Data.Kind || a == b
	}
	if a == b {
		return true
	}
	var c Constraint
	format := want.DataFormat()
	if !n.IsZero() {
		c, format = n.Allowed(), n.Format()
	}
	if c.List != "" {
		return equalLists(a, b, c.List)
	}
	switch {
	case c.Kind == ADMX:
		return equalPayloads(a, b)
	case format == omadm.FormatNull || format == omadm.FormatChr && looksLikePayload(a):
		return equalPayloads(a, b)
	case format == omadm.FormatInt || format == omadm.FormatBool:
		return sameText(a, b, format)
	case format == omadm.FormatB64 || format == omadm.FormatBin:
		return equalOctets(want, got)
	case looksLikeXML(a):
		return equalDocuments(a, b)
	}
	return false
}

// text returns the data of a value as it is.
func text(v omadm.Value) string { return v.Data.Value }

// equalLists compares lists, the order and white space around items aside.
func equalLists(a, b, delimiter string) bool {
	return slices.Equal(sortedItems(a, delimiter), sortedItems(b, delimiter))
}

func sortedItems(s, delimiter string) []string {
	var items []string
	for item := range strings.SplitSeq(s, delimiter) {
		if item = strings.TrimSpace(item); item != "" {
			items = append(items, strings.ToLower(item))
		}
	}
	slices.Sort(items)
	return items
}

func equalPayloads(a, b string) bool {
	p, err1 := ParsePayload(a)
	q, err2 := ParsePayload(b)
	return err1 == nil && err2 == nil && p.Equal(q)
}

func looksLikePayload(s string) bool {
	s = strings.ToLower(strings.TrimSpace(s))
	return strings.HasPrefix(s, "<enabled") || strings.HasPrefix(s, "<disabled")
}

func looksLikeXML(s string) bool {
	return strings.HasPrefix(strings.TrimSpace(strings.TrimPrefix(s, "\uFEFF")), "<")
}

func equalDocuments(a, b string) bool {
	x, err1 := readDocument(a, comparedLimits)
	y, err2 := readDocument(b, comparedLimits)
	if err1 != nil || err2 != nil {
		return false
	}
	if isWLANProfile(x) && isWLANProfile(y) {
		return equalWLAN(x.Root, y.Root)
	}
	return equalElements(x.Root, y.Root)
}

// equalOctets compares what base64 stands for, whatever format the values say they have.
func equalOctets(a, b omadm.Value) bool {
	x, ok1 := octets(a)
	y, ok2 := octets(b)
	return ok1 && ok2 && x == y
}

func octets(v omadm.Value) (string, bool) {
	if v.Data.Kind != syncml.OctetsData {
		v.Format = omadm.FormatB64
	}
	b, err := v.Bytes()
	return string(b), err == nil
}
