package main

import (
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

// mostWords is the length up to which what a description file says of a value is taken for its name. What is longer is
// prose, and stays where it is.
const mostWords = 4

// described says what description files say of the values of nodes, by template and value.
type described map[string]map[string]string

// describe returns what sets say. Of two that have a node the first counts.
func describe(sets ...*ddf.Set) described {
	said := make(described)
	for _, s := range slices.Backward(sets) {
		said.add(s)
	}
	return said
}

func (said described) add(s *ddf.Set) {
	for _, f := range s.Files {
		for path, n := range f.Document.All() {
			if n.Windows.Allowed == nil {
				continue
			}
			of := make(map[string]string)
			for _, v := range n.Windows.Allowed.Values {
				of[v.Value] = v.Description
			}
			said[template(path)] = of
		}
	}
}

// template returns a path of a description file as catalogues write it.
func template(path string) string {
	segments := strings.Split(path, "/")
	for i, s := range segments {
		if !dynamic(s) {
			segments[i] = omadm.EscapeSegment(s)
		}
	}
	if len(segments) > 1 && segments[1] == "Vendor" {
		segments[0] = "./Device"
	}
	return strings.Join(segments, "/")
}

// nameValues gives names to the values that have none yet and of which the description files say so little that it is a
// name. A truth value has one already. The node of a user has the names of that of the device, if it has the same values.
func (ns *names) nameValues(c *csp.Catalog, said described) error {
	for n := range c.All() {
		a := n.Allowed()
		if a.Kind != csp.Enum && a.Kind != csp.Flags || n.Format() != omadm.FormatInt && n.Format() != omadm.FormatChr || twin(c, n) {
			continue
		}
		of := ns.byKey[name{template: n.Template()}.key()]
		for _, v := range a.Values {
			ident, ok := valueName(v, a.Values, said[n.Template()])
			if short := strings.TrimPrefix(ident, words(n.Name())); short != "" {
				ident = short // does not say the name of the node twice
			}
			next := name{pkg: of.pkg, ident: of.ident + ident, template: of.template, value: v}
			if _, known := ns.byKey[next.key()]; !ok || known || ns.taken[next.pkg+"."+next.ident] != "" {
				continue
			}
			if err := ns.add(next); err != nil {
				return err
			}
		}
	}
	return nil
}

// twin reports whether n is the node of a user, and that of the device has the same values.
func twin(c *csp.Catalog, n csp.Node) bool {
	rest, ok := strings.CutPrefix(n.Template(), "./User/")
	if !ok {
		return false
	}
	u, err := csp.Parse("./Device/" + rest)
	if err != nil {
		return false
	}
	m, err := c.Resolve(u)
	return err == nil && !m.Node.Ingested() && slices.Equal(m.Node.Allowed().Values, n.Allowed().Values)
}

// valueName returns what to call one of the values of a node; false when what is said of it is no name, the opposite of
// the number, or that of another value as well.
func valueName(value string, all []string, said map[string]string) (string, bool) {
	ident := nameOf(said[value])
	if ident == "" || value == "" || opposite(value, ident) {
		return "", false
	}
	for _, other := range all {
		if other != value && nameOf(said[other]) == ident {
			return "", false
		}
	}
	return ident, true
}

// opposite reports whether a name of one word says of 0 that it is on, or of 1 that it is off. It is then not said of the
// node but of what the node is about, such as Enabled of the value 0 of DisableCatchupFullScan, or wrong. Such values are named by
// hand, with a word more.
func opposite(value, ident string) bool {
	switch ident {
	case "Enabled", "Enable", "Allowed", "Allow", "On", "Yes", "True":
		return value == "0"
	case "Disabled", "Disable", "NotAllowed", "Disallow", "Block", "Blocked", "Off", "No", "False":
		return value == "1"
	}
	return false
}

// nameOf makes an identifier of up to four words: "Not allowed." is NotAllowed. It returns "" when there is more, or when
// there are other signs than those that stand between words.
func nameOf(text string) string {
	text = strings.TrimSuffix(strings.TrimSpace(text), ".")
	n, ident := 0, ""
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return !letterOrDigit(r) && r != '.' && r != '\'' }) {
		n++
		ident += words(capital(strings.NewReplacer(".", "", "'", "").Replace(part)))
	}
	odd := strings.ContainsFunc(text, func(r rune) bool { return !letterOrDigit(r) && !strings.ContainsRune(" .-+/_'", r) })
	if n > mostWords || odd || strings.Contains(text, ". ") || ident == "" {
		return ""
	}
	return ident
}

// capital returns a word with a capital; one in capitals only, of more than four letters, is no abbreviation.
func capital(word string) string {
	if word == strings.ToUpper(word) && len(word) > 4 && !strings.ContainsFunc(word, unicode.IsDigit) {
		word = strings.ToLower(word)
	}
	return word
}

// number reads a value that is a number: decimal, or hexadecimal with 0x.
func number(s string) (int64, bool) {
	base, digits := 10, s
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		base, digits = 16, hex
	}
	n, err := strconv.ParseInt(digits, base, 64)
	return n, err == nil
}

func dynamic(segment string) bool { return strings.HasPrefix(segment, "{") }

// words returns a name as a part of an identifier: its letters and digits, each run of them beginning with a capital.
func words(name string) string {
	var b strings.Builder
	start := true
	for _, r := range name {
		if !letterOrDigit(r) {
			start = true
			continue
		}
		if start {
			r = unicode.ToUpper(r)
		}
		start = false
		b.WriteRune(r)
	}
	return b.String()
}

func letterOrDigit(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}
