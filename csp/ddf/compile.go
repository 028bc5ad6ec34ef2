package ddf

import (
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Compile reads all description files of fsys (see ReadFS) and makes a catalogue of them, without their prose. What is
// odd about the files is in the anomalies; what can be made of them is in the catalogue all the same.
func Compile(fsys fs.FS) (*csp.Catalog, []Anomaly, error) {
	s, err := ReadFS(fsys)
	if err != nil {
		return nil, nil, err
	}
	defs, odd := s.Definitions()
	c, err := csp.New(csp.Provenance{Name: s.Name, Sources: []csp.Source{{
		Name: s.Name, SHA256: s.SHA256, Files: len(s.Files), Nodes: len(defs),
	}}}, defs)
	if err != nil {
		return nil, nil, fmt.Errorf("ddf: %w", err)
	}
	return c, odd, nil
}

// Definitions returns the facts of the nodes in the form of a catalogue, in the order of the files, and all that is odd
// about them: the anomalies of the files, and facts that a catalogue does not take. Of two nodes with one address it has
// the first.
func (s *Set) Definitions() ([]csp.Definition, []Anomaly) {
	c := compiler{taken: make(map[string]string), odd: s.Anomalies()}
	for _, f := range s.Files {
		c.file = f.Name
		for _, n := range f.Document.Nodes {
			c.node(escapePath(n.root()), n)
		}
	}
	c.link()
	return c.defs, c.odd
}

// compiler turns nodes into definitions.
type compiler struct {
	defs  []csp.Definition
	from  []place           // of the definitions
	taken map[string]string // templates by key
	odd   []Anomaly
	file  string
}

// place is where a node is described.
type place struct {
	file string
	node *Node
}

func (c *compiler) report(at place, template, reason string) {
	c.odd = append(c.odd, Anomaly{File: at.file, Node: template, Line: at.node.Line, Reason: reason})
}

// escapePath returns a path as it stands in a template.
func escapePath(path string) string {
	segments := strings.Split(strings.TrimPrefix(path, "./"), "/")
	if path == "." {
		return "."
	}
	for i, s := range segments {
		segments[i] = omadm.EscapeSegment(s)
	}
	if segments[0] == "Vendor" {
		segments = append([]string{"Device"}, segments...)
	}
	return "./" + strings.Join(segments, "/")
}

// segment returns the name as it stands in a template.
func segment(n *Node) string {
	if n.Dynamic() {
		return "{" + strings.NewReplacer("/", "-", "{", "(", "}", ")").Replace(n.Title) + "}"
	}
	return omadm.EscapeSegment(n.Name)
}

// key returns the same for all templates of one node.
func key(template string) string {
	segments := strings.Split(template, "/")
	for i, s := range segments {
		if strings.HasPrefix(s, "{") {
			segments[i] = "{}"
		}
	}
	return strings.ToLower(strings.Join(segments, "/"))
}

func (c *compiler) node(above string, n *Node) {
	at := place{c.file, n}
	template := above + "/" + segment(n)
	k := key(template)
	if _, twice := c.taken[k]; twice {
		c.report(at, template, "is described already")
	} else {
		c.taken[k] = template
		c.defs = append(c.defs, c.definition(template, at))
		c.from = append(c.from, at)
	}
	for _, child := range n.Nodes {
		c.node(template, child)
	}
}

func (c *compiler) definition(template string, at place) csp.Definition {
	n, w := at.node, &at.node.Windows
	odd := func(reason string) { c.report(at, template, reason) }
	d := csp.Definition{
		Template: template, Format: n.Format, Verbs: verbs(n.Access), Occurrence: csp.Occurrence(n.Occurrence),
		Permanent: n.Scope == Permanent, CaseSensitive: n.Case == CaseSensitive, Default: n.Default,
		Builds: w.Applicability.Builds, CSPVersion: w.Applicability.CSP, Editions: w.Applicability.Editions,
		Atomic: w.Atomic, Reboot: lookUp(reboots, w.Reboot, "RebootBehavior", odd),
		Conflict: lookUp(conflicts, w.Conflict, "ConflictResolution", odd),
	}
	if !d.Format.Known() {
		d.Format = omadm.FormatChr
		if len(n.Nodes) > 0 {
			d.Format = omadm.FormatNode
		}
	}
	if w.Naming != nil && n.Dynamic() {
		d.Naming = lookUp(namings, w.Naming.By, "naming", odd)
	}
	if w.Allowed != nil {
		d.Allowed = constraint(w.Allowed, false, odd)
	}
	if n.Dynamic() && d.Allowed.Kind == csp.Regex && d.Format == omadm.FormatNode {
		d.Pattern, d.Allowed = d.Allowed.Values[0], csp.Constraint{}
	}
	if w.Deprecated != nil {
		since, err := csp.ParseBuild(w.Deprecated.Build)
		if err != nil && w.Deprecated.Build != "" {
			odd("deprecated since what is no build")
		}
		d.Deprecated = &since
	}
	for _, g := range w.Dependencies {
		d.Dependencies = append(d.Dependencies, group(g, odd))
	}
	for _, name := range n.Assumed {
		odd("no " + name)
	}
	checkBuilds(w.Applicability.Builds, odd)
	checkText(&d, odd)
	return d
}

func verbs(a Access) csp.Verbs {
	var set csp.Verbs
	for _, v := range accessVerbs {
		if a.Has(v) {
			set |= csp.NewVerbs(v)
		}
	}
	return set
}

var (
	reboots   = map[string]csp.Reboot{"Automatic": csp.RebootAutomatic, "ServerInitiated": csp.RebootServerInitiated}
	conflicts = map[string]csp.Conflict{
		"LastWrite":                             csp.LastWrite,
		"LowestValueMostSecure":                 csp.LowestMostSecure,
		"HighestValueMostSecure":                csp.HighestMostSecure,
		"LowestValueMostSecureZeroHasNoLimits":  csp.LowestButZeroIsNone,
		"HighestValueMostSecureZeroHasNoLimits": csp.HighestButZeroIsNone,
	}
	namings = map[string]csp.Naming{
		"UniqueName": csp.UniqueName, "ClientInventory": csp.ClientNamed, "ServerGeneratedUniqueIdentifier": csp.ServerNamed,
	}
	valueTypes = map[string]csp.ConstraintKind{
		"None": csp.Any, "ENUM": csp.Enum, "Range": csp.Range, "Flag": csp.Flags, "RegEx": csp.Regex, "ADMX": csp.ADMX,
		"XSD": csp.XSD, "JSON": csp.JSON, "SDDL": csp.SDDL,
	}
)

func lookUp[T ~string](known map[string]T, s, what string, odd func(string)) T {
	v, ok := known[s]
	if !ok && s != "" {
		odd(fmt.Sprintf("unknown %s %.40q", what, s))
	}
	return v
}

// The ranges of a node, and those of a dependency, which may be a set of numbers.
var (
	rangePattern = regexp.MustCompile(`^\[(\d+|\(-\d+\))[-,]\d+\]$`)
	setPattern   = regexp.MustCompile(`^\[\d+(,\d+)*\]$`)
)

// constraint returns what allowed values come to. The schemas and samples that some have are left out.
func constraint(a *AllowedValues, dependency bool, odd func(string)) csp.Constraint {
	if _, ok := valueTypes[a.Type]; !ok && a.Type != "" {
		odd(fmt.Sprintf("unknown ValueType %.40q", a.Type))
		return csp.Constraint{}
	}
	c := csp.Constraint{Kind: valueTypes[a.Type]}
	if a.List != nil {
		c.List = delimiter(*a.List)
	}
	switch c.Kind {
	case csp.Enum, csp.Flags, csp.Range, csp.Regex:
		for _, v := range a.Values {
			c.Values = append(c.Values, v.Value)
		}
	case csp.ADMX:
		if a.ADMX == nil {
			odd("ADMX without a reference")
			return csp.Constraint{}
		}
		c.ADMX = &csp.ADMXReference{Area: a.ADMX.Area, Name: a.ADMX.Name, File: a.ADMX.File}
	case csp.Any:
		if len(a.Values) == 1 && a.List == nil && len(a.Values[0].Value) == 1 {
			odd("delimiter where a value should be")
			c.List = a.Values[0].Value
		} else if len(a.Values) > 0 {
			odd("values of no type")
		}
	}
	return checkConstraint(c, dependency, odd)
}

func checkConstraint(c csp.Constraint, dependency bool, odd func(string)) csp.Constraint {
	one := len(c.Values) == 1
	switch c.Kind {
	case csp.Enum, csp.Flags:
		if len(c.Values) == 0 {
			odd(string(c.Kind) + " without values")
			c.Kind = csp.Any
		}
	case csp.Regex:
		if !one {
			odd("pattern that is not one")
			return csp.Constraint{List: c.List}
		}
		if _, err := regexp.Compile(c.Values[0]); err != nil {
			odd("pattern that does not compile")
		}
	case csp.Range:
		if !one || !rangePattern.MatchString(c.Values[0]) && !(dependency && setPattern.MatchString(c.Values[0])) {
			odd(fmt.Sprintf("not a range: %.60q", c.Values))
		} else if !dependency && strings.Contains(c.Values[0], ",") {
			odd("range with a comma")
		}
	}
	return c
}

// delimiter returns the character that a List names. Some write the number of U+F000.
func delimiter(s string) string {
	switch s {
	case "0xF000", `\xF000`:
		return "\uf000"
	}
	return s
}

func group(g DependencyGroup, odd func(string)) csp.DependencyGroup {
	var out csp.DependencyGroup
	if g.Changed != nil {
		changed := constraint(g.Changed, true, odd)
		out.Changed = &changed
	}
	for _, dep := range g.Nodes {
		if dep.Type != "DependsOn" && dep.Type != "Not" {
			odd(fmt.Sprintf("unknown type of dependency %.40q", dep.Type))
		}
		out.Nodes = append(out.Nodes, csp.Dependency{
			Not: dep.Type == "Not", Template: dep.URI, Allowed: constraint(&dep.Allowed, true, odd),
		})
	}
	return out
}

func checkBuilds(builds *string, odd func(string)) {
	if builds == nil {
		return
	}
	for entry := range strings.SplitSeq(*builds, ",") {
		b, err := csp.ParseBuild(entry)
		switch {
		case err != nil:
			odd(fmt.Sprintf("not a list of builds: %.60q", *builds))
			return
		case b.Major == 11:
			odd("build 11.0, which is 10.0")
		}
	}
}

// checkText notes facts with characters that no fact has.
func checkText(d *csp.Definition, odd func(string)) {
	texts := append([]string{d.Template, d.Pattern}, d.Allowed.Values...)
	for _, s := range [...]*string{d.Default, d.Builds, d.CSPVersion, d.Editions} {
		if s != nil {
			texts = append(texts, *s)
		}
	}
	if a := d.Allowed.ADMX; a != nil {
		texts = append(texts, a.Area, a.Name, a.File)
	}
	for _, s := range texts {
		if strings.ContainsFunc(s, func(r rune) bool { return r > '~' || r < ' ' }) {
			odd("fact with characters outside ASCII")
			return
		}
	}
}

// link gives the dependencies the templates of the nodes that they mean. Most are written without "./", many without a
// scope.
func (c *compiler) link() {
	for i := range c.defs {
		d := &c.defs[i]
		for _, g := range d.Dependencies {
			for j := range g.Nodes {
				dep := &g.Nodes[j]
				target, ok := c.find(dep.Template, d.Template)
				if !ok {
					c.report(c.from[i], d.Template, fmt.Sprintf("dependency on a node that is not there: %.160q", dep.Template))
				}
				dep.Template = target
			}
		}
	}
}

// find returns the template of a node that another one names.
func (c *compiler) find(written, by string) (template string, ok bool) {
	s := strings.NewReplacer("[", "{", "]", "}").Replace(strings.TrimPrefix(written, "./"))
	scopes := []string{"./", "./Device/", "./User/"}
	if strings.HasPrefix(by, "./User/") {
		scopes = []string{"./", "./User/", "./Device/"}
	}
	for _, scope := range scopes {
		segments := strings.Split(s, "/")
		for i, name := range segments {
			if !strings.HasPrefix(name, "{") {
				segments[i] = omadm.EscapeSegment(name)
			}
		}
		if t, ok := c.taken[key(scope+strings.Join(segments, "/"))]; ok {
			return t, true
		}
	}
	return "./" + s, false
}
