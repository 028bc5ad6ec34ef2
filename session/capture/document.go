package capture

import (
	"slices"
	"strings"
)

// span is a part of a text.
type span struct{ from, to int }

// findings are the secrets of a document.
type findings struct {
	spans []span
	// open says that the text ends inside a secret, as the part of a large object may.
	open bool
	// broken says that there is another secret somewhere, in a tag that cannot be read.
	broken bool
}

func (f findings) any() bool { return len(f.spans) > 0 || f.broken }

// documentSecrets finds the secrets in a text that is, or holds, XML: a management tree (NodeName and Value), a
// provisioning document (name and value of a parm), data of a policy (id and value), or elements whose names say it. It reads what is not well formed as
// far as it makes sense, and takes time in proportion to the text.
func documentSecrets(text string) findings {
	var s documentScanner
	for at := 0; at < len(text); {
		n := strings.IndexByte(text[at:], '<')
		if n < 0 {
			s.words(text, at, len(text))
			break
		}
		s.words(text, at, at+n)
		at = s.markup(text, at+n)
	}
	return findings{spans: s.found, open: s.inside > 0, broken: s.broken}
}

// documentScanner knows where in a document it is.
type documentScanner struct {
	found  []span
	inside int    // open elements below and including one that holds a secret
	name   string // of the element that began last, until it ends
	node   bool   // the node that NodeName named holds a secret

	broken  bool // see findings
	unended bool // there is a CDATA section without an end
}

// words reads text between markup.
func (s *documentScanner) words(text string, from, to int) {
	for from < to && isSpace(text[from]) {
		from++
	}
	for from < to && isSpace(text[to-1]) {
		to--
	}
	switch {
	case from == to:
	case s.inside > 0:
		s.found = append(s.found, span{from, to})
	case s.name == "NodeName":
		s.node = secretName(text[from:to])
	}
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// markup reads what begins with "<" at an offset and returns the offset behind it. Comments are read like all else,
// and so are CDATA sections, which may hold a document, unless one is the value of a secret.
func (s *documentScanner) markup(text string, at int) int {
	const cdata, cdataEnd = "<![CDATA[", "]]>"
	if strings.HasPrefix(text[at:], cdata) {
		from := at + len(cdata)
		if s.inside == 0 || s.unended {
			return from
		}
		n := strings.Index(text[from:], cdataEnd)
		if n < 0 {
			s.unended = true
			return from
		}
		s.words(text, from, from+n)
		return from + n + len(cdataEnd)
	}
	n := tagLength(text[at:])
	if n < 0 {
		rest, _, _ := strings.Cut(text[at+1:], "<")
		if len(rest) > 0 && s.attributes(rest, at+1) {
			s.broken = true
		}
		return at + 1
	}
	s.tag(text[at+1:at+n-1], at+1)
	return at + n
}

// tagLength returns the length of the tag that s begins with, -1 if there is none. A ">" in quotes does not end it.
func tagLength(s string) int {
	var quote byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case c == '<':
			return -1
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			return i + 1
		}
	}
	return -1
}

// tag reads a tag without its brackets, which stands at an offset of the text.
func (s *documentScanner) tag(markup string, offset int) {
	if markup == "" || markup[0] == '!' || markup[0] == '?' {
		return
	}
	if markup[0] == '/' {
		s.inside = max(s.inside-1, 0)
		s.name = ""
		return
	}
	empty := markup[len(markup)-1] == '/'
	end := strings.IndexAny(markup, " \t\r\n/")
	if end < 0 {
		end = len(markup)
	}
	name := markup[strings.IndexByte(markup[:end], ':')+1 : end]
	s.attributes(markup[end:], offset+end)
	if empty {
		return
	}
	s.name = name
	if s.inside > 0 || secretName(name) || s.node && name == "Value" {
		s.inside++
	}
}

// attribute is one of a tag; value is a part of the tag.
type attribute struct {
	name  string
	value span
}

// maxAttributes is how many attributes of a tag are looked at.
const maxAttributes = 64

// attributes looks for a name that says that the value is a secret, and for attributes that are secrets themselves. It
// reports whether there was one.
func (s *documentScanner) attributes(markup string, offset int) (secret bool) {
	all := tagAttributes(markup)
	named := slices.ContainsFunc(all, func(a attribute) bool {
		return (strings.EqualFold(a.name, "name") || strings.EqualFold(a.name, "id")) && secretName(markup[a.value.from:a.value.to])
	})
	for _, a := range all {
		if (named && strings.EqualFold(a.name, "value") || secretName(a.name)) && a.value.from < a.value.to {
			s.found = append(s.found, span{offset + a.value.from, offset + a.value.to})
			secret = true
		}
	}
	return secret
}

// tagAttributes returns the attributes of a tag. A value without an end goes to that of the tag.
func tagAttributes(markup string) (all []attribute) {
	for at := 0; len(all) < maxAttributes; {
		eq := strings.IndexByte(markup[at:], '=')
		if eq < 0 {
			break
		}
		words := strings.Fields(markup[at : at+eq])
		at += eq + 1
		for at < len(markup) && isSpace(markup[at]) {
			at++
		}
		if at == len(markup) || markup[at] != '"' && markup[at] != '\'' {
			continue
		}
		n := strings.IndexByte(markup[at+1:], markup[at])
		if n < 0 {
			n = len(markup) - at - 1
		}
		name := ""
		if len(words) > 0 {
			name = words[len(words)-1]
		}
		all = append(all, attribute{name[strings.IndexByte(name, ':')+1:], span{at + 1, at + 1 + n}})
		at = min(at+n+2, len(markup))
	}
	return all
}
