package ddf

import (
	"iter"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Document is a description file.
type Document struct {
	Version   string // of the format, VerDTD: "1.2"
	Man       string // manufacturer of the device; may be empty
	Mod       string // its model; may be empty
	Nodes     []*Node
	Anomalies []Anomaly // in the order of the file
}

// Anomaly is something in a file that is not as the format has it.
type Anomaly struct {
	File   string // of a Set; empty in a Document
	Node   string // as All shows it; empty when it is in no node
	Line   int    // starting at 1
	Reason string
}

// Node describes a node with all below it (section 9.4).
type Node struct {
	Name string // as written, not escaped, blanks included; empty: chosen at run time
	Path string // of a root: the path of its parent as written, such as "./Vendor/MSFT"
	Line int    // of the file

	Access      Access
	Default     *string // value of a new node; nil when there is none. A hint: published ones are often wrong
	Description string  // prose
	Format      omadm.Format
	Occurrence  Occurrence
	Most        int // of ZeroOrN and OneOrN; 0 when the file does not say
	Scope       Scope
	Assumed     []string  // names of the properties that the file leaves out and that have a default: Occurrence, Scope
	Title       string    // placeholder of a node without a name
	MIME        string    // media type of the value; may be empty
	DDFName     string    // identifier of what an interior node stands for; may be empty
	Case        CaseSense // of the name

	Windows Windows
	Nodes   []*Node // children
}

// Occurrence says how often a node may be there (section 9.4.3.6).
type Occurrence string

// The occurrences. A file that names none means One.
const (
	One        Occurrence = "One"
	ZeroOrOne  Occurrence = "ZeroOrOne"
	ZeroOrMore Occurrence = "ZeroOrMore"
	OneOrMore  Occurrence = "OneOrMore"
	ZeroOrN    Occurrence = "ZeroOrN"
	OneOrN     Occurrence = "OneOrN"
)

func (o Occurrence) known() bool {
	switch o {
	case One, ZeroOrOne, ZeroOrMore, OneOrMore, ZeroOrN, OneOrN:
		return true
	}
	return false
}

// Scope says whether a server or the device may make and remove a node (section 9.4.3.7).
type Scope string

// The scopes. A file that names none means Dynamic.
const (
	Dynamic   Scope = "Dynamic"
	Permanent Scope = "Permanent"
)

// CaseSense says whether case counts in a name. Empty means that the file does not say.
type CaseSense string

// The kinds of case.
const (
	CaseSensitive   CaseSense = "CS"
	CaseInsensitive CaseSense = "CIS"
)

// Dynamic reports whether the name of n is chosen at run time.
func (n *Node) Dynamic() bool { return n.Name == "" }

// label returns the name or the placeholder.
func (n *Node) label() string {
	if n.Dynamic() {
		return "{" + n.Title + "}"
	}
	return n.Name
}

// root returns the path above a root without its delimiter at the end, which one published file has.
func (n *Node) root() string {
	if p := strings.TrimSuffix(n.Path, "/"); p != "" {
		return p
	}
	return string(omadm.Root)
}

// All returns the nodes with their paths, parents before their children. Names are not escaped in a path, and a name
// that is chosen at run time is its title in braces.
func (d *Document) All() iter.Seq2[string, *Node] {
	return func(yield func(string, *Node) bool) {
		for _, n := range d.Nodes {
			if !n.walk(n.root(), yield) {
				return
			}
		}
	}
}

func (n *Node) walk(parent string, yield func(string, *Node) bool) bool {
	path := parent + "/" + n.label()
	if !yield(path, n) {
		return false
	}
	for _, c := range n.Nodes {
		if !c.walk(path, yield) {
			return false
		}
	}
	return true
}

// Find returns the node that u addresses, its query left out. A node with a name comes before one that is named at run
// time, and case counts but for nodes that say otherwise.
func (d *Document) Find(u omadm.URI) (*Node, bool) {
	names := u.Path().Segments()
	for _, n := range d.Nodes {
		above := omadm.URI(n.root()).Segments()
		if len(names) <= len(above) || !equal(names[:len(above)], above) {
			continue
		}
		if found := find([]*Node{n}, names[len(above):]); found != nil {
			return found, true
		}
	}
	return nil, false
}

func equal(a, b []string) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

// find returns the node below siblings that the names lead to, or nil.
func find(siblings []*Node, names []string) *Node {
	n := pick(siblings, names[0])
	if n == nil || len(names) == 1 {
		return n
	}
	return find(n.Nodes, names[1:])
}

func pick(siblings []*Node, name string) *Node {
	var open *Node
	for _, n := range siblings {
		switch {
		case n.Dynamic():
			open = n
		case n.Name == name, n.Case == CaseInsensitive && strings.EqualFold(n.Name, name):
			return n
		}
	}
	return open
}
