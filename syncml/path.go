package syncml

import (
	"strconv"
	"strings"
)

// maxPathName bounds what a path shows of the name of an element.
const maxPathName = 64

// openElement is an element whose end tag is not read yet.
type openElement struct {
	name  string
	index int // among the commands or items of that name
	count [elemCount]int32
}

// locate finds the open elements and the line at an offset of a message that is well formed up to there. It is
// called for errors only, so that nothing of the kind is kept while decoding.
func locate(src string, offset int) (path string, line int) {
	before := src[:min(offset, len(src))]
	line = 1 + strings.Count(before, "\n")
	stack := []openElement{{}}
	for {
		i := strings.IndexByte(before, '<')
		if i < 0 {
			return joinPath(stack[1:]), line
		}
		before = before[i:]
		end := ">"
		switch {
		case strings.HasPrefix(before, "<!--"):
			end = "-->"
		case strings.HasPrefix(before, openCDATA):
			end = "]]>"
		case strings.HasPrefix(before, "<?"):
			end = "?>"
		}
		n := tagEnd(before, end)
		if n < 0 {
			return joinPath(stack[1:]), line
		}
		markup := before[1 : n-1]
		before = before[n:]
		switch {
		case markup[0] == '!' || markup[0] == '?':
		case markup[0] == '/':
			stack = stack[:max(len(stack)-1, 1)]
		case markup[len(markup)-1] == '/':
			stack[len(stack)-1].child(markup[:len(markup)-1])
		default:
			stack = append(stack, stack[len(stack)-1].child(markup))
		}
	}
}

// tagEnd returns the length of the markup that s begins with, -1 if it does not end.
func tagEnd(s, end string) int {
	if end != ">" {
		if i := strings.Index(s, end); i >= 0 {
			return i + len(end)
		}
		return -1
	}
	var quote byte
	for i := 1; i < len(s); i++ {
		switch c := s[i]; {
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case c == '"' || c == '\'':
			quote = c
		case c == '>':
			if i == 1 {
				return -1
			}
			return i + 1
		}
	}
	return -1
}

// child counts a child element and returns it.
func (e *openElement) child(markup string) openElement {
	name := markup
	if i := strings.IndexAny(markup, " \t\r\n"); i >= 0 {
		name = markup[:i]
	}
	_, local, _ := cutPrefix(name)
	if local == "" {
		return openElement{name: "?"}
	}
	c := openElement{name: local[:min(len(local), maxPathName)]}
	if id := elementOf(local); id.command() || id == elemItem {
		e.count[id]++
		c.index = int(e.count[id])
	}
	return c
}

func joinPath(open []openElement) string {
	var b strings.Builder
	for i, e := range open {
		if i > 0 {
			b.WriteByte('/')
		}
		b.WriteString(e.name)
		if e.index > 0 {
			b.WriteString("[" + strconv.Itoa(e.index) + "]")
		}
	}
	return b.String()
}

// err returns the fault of a scanner as an error.
func (s *scanner) err() error {
	f := &s.fault
	path, line := locate(s.src, f.offset)
	if f.limit != "" {
		return &LimitError{Limit: f.limit, Max: f.max, Path: path, Offset: f.offset}
	}
	return &SyntaxError{Path: path, Offset: f.offset, Line: line, Reason: f.reason}
}
