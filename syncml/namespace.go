package syncml

import "strings"

// binding is a namespace declaration in scope.
type binding struct {
	prefix string // empty for the default namespace
	uri    string
	depth  int // of the element that declares it
}

// Namespace names that are bound by definition (Namespaces in XML 1.0, section 3).
const (
	namespaceXML   = "http://www.w3.org/XML/1998/namespace"
	namespaceXMLNS = "http://www.w3.org/2000/xmlns/"
)

// lookup returns the index of the binding of prefix, -1 if there is none.
func (s *scanner) lookup(prefix string) int {
	for i := len(s.bindings) - 1; i >= 0; i-- {
		if s.bindings[i].prefix == prefix {
			return i
		}
	}
	return -1
}

// namespace returns the namespace name that prefix is bound to, empty if to none.
func (s *scanner) namespace(prefix string) string {
	if prefix == "xml" {
		return namespaceXML
	}
	if i := s.lookup(prefix); i >= 0 {
		return s.bindings[i].uri
	}
	return ""
}

func (s *scanner) isBound(prefix string) bool { return prefix == "xml" || s.lookup(prefix) >= 0 }

// unbind drops the bindings of the innermost element.
func (s *scanner) unbind() {
	n := len(s.bindings)
	for n > 0 && s.bindings[n-1].depth == s.depth {
		n--
	}
	s.bindings = s.bindings[:n]
	s.bound = 0
	if n > 0 {
		s.bound = s.bindings[n-1].depth
	}
}

// resolve takes the namespace declarations of a tag into scope and checks the attributes that have prefixes.
func (s *scanner) resolve(t *tag, attrs []attribute) {
	for i := range attrs {
		switch a := &attrs[i]; {
		case a.name == "xmlns":
			s.bind("", s.value(a))
		case strings.HasPrefix(a.name, "xmlns:"):
			s.bind(a.name[len("xmlns:"):], s.value(a))
		}
	}
	for i := range attrs {
		a := &attrs[i]
		if a.local == 0 || strings.HasPrefix(a.name, "xmlns:") {
			continue
		}
		prefix, local := a.name[:a.local-1], a.name[a.local:]
		if !s.isBound(prefix) {
			s.fail("the prefix of an attribute is not bound")
			return
		}
		uri := s.namespace(prefix)
		for j := range attrs[:i] {
			b := &attrs[j]
			if b.local > 0 && b.name[b.local:] == local && s.namespace(b.name[:b.local-1]) == uri {
				s.fail("an attribute is given twice under two prefixes")
				return
			}
		}
		if s.markup.on {
			s.markup.prefix(s, prefix)
		}
		if local == "originalerror" && uri == NamespaceMDM {
			s.original = s.value(a)
			t.marked = true
		}
	}
}

func (s *scanner) bind(prefix, uri string) {
	switch {
	case prefix == "xmlns" || uri == namespaceXMLNS || (prefix == "xml") != (uri == namespaceXML):
		s.fail("a reserved prefix or namespace is declared")
		return
	case prefix != "" && uri == "":
		s.fail("a prefix is declared without a namespace")
		return
	case len(s.bindings) >= s.limits.Attributes:
		// Each name looks through all bindings, so their number has to be bounded too.
		s.exceed("Attributes", s.limits.Attributes)
		return
	}
	s.bindings = append(s.bindings, binding{prefix, uri, s.depth})
	s.bound = s.depth
}

// markupScope finds out which bindings from outside a piece of markup needs to keep its meaning elsewhere.
type markupScope struct {
	on          bool
	base        int   // bindings below this index are outside
	wantDefault bool  // the default namespace outside is not the one where the markup will be written
	needDefault bool  // an element takes it
	needs       []int // bindings of prefixes that are used
	added       int   // octets of declarations added so far
}

// element notes the namespace of an element.
func (m *markupScope) element(s *scanner, prefix string) {
	if prefix != "" {
		m.prefix(s, prefix)
	} else if m.wantDefault && !m.needDefault {
		m.needDefault = s.lookup("") < m.base
	}
}

// prefix notes the use of a prefix that is bound.
func (m *markupScope) prefix(s *scanner, prefix string) {
	i := s.lookup(prefix)
	if i < 0 || i >= m.base {
		return
	}
	for _, have := range m.needs {
		if have == i {
			return
		}
	}
	m.needs = append(m.needs, i)
}

// maxAddedDeclarations bounds the octets of declarations added to the markup of a message, beyond the size of
// the message: a short prefix can stand for a long namespace name.
const maxAddedDeclarations = 64 << 10

// appendNeeded appends the declarations noted since the last call to dst.
func (m *markupScope) appendNeeded(dst []byte, s *scanner) []byte {
	before := len(dst)
	if m.needDefault {
		dst = appendDeclaration(dst, "", s.namespace(""))
	}
	for _, i := range m.needs {
		dst = appendDeclaration(dst, s.bindings[i].prefix, s.bindings[i].uri)
	}
	m.needDefault, m.needs = false, m.needs[:0]
	if m.added += len(dst) - before; m.added > len(s.src)+maxAddedDeclarations {
		s.exceed("Octets", s.limits.Octets)
	}
	return dst
}

// appendDeclaration appends a namespace declaration and the space before it.
func appendDeclaration(dst []byte, prefix, uri string) []byte {
	dst = append(dst, " xmlns"...)
	if prefix != "" {
		dst = append(append(dst, ':'), prefix...)
	}
	dst = append(dst, `="`...)
	dst = appendAttributeValue(dst, uri)
	return append(dst, '"')
}
