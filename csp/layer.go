package csp

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Layer is what an application adds to a catalogue: configuration service providers of a vendor, policies of
// applications whose templates are installed at run time, and corrections.
type Layer struct {
	Name    string       `json:"name"`             // also the Origin of nodes that it defines without one
	Define  []Definition `json:"define,omitempty"` // takes the place of a node of the same address
	Correct []Correction `json:"correct,omitempty"`
}

// Correction changes facts of nodes that are there.
type Correction struct {
	// Nodes are templates. A star stands for one name, two at the end for a node and all below it.
	Nodes  []string `json:"nodes"`
	Set    Facts    `json:"set"`
	Source string   `json:"source"` // where it is from; may not be empty
}

// Facts are the facts that a correction can set; those that are nil stay as they are.
type Facts struct {
	Format           *omadm.Format      `json:"format,omitempty"`
	Verbs            *Verbs             `json:"verbs,omitempty"`
	Naming           *Naming            `json:"naming,omitempty"`
	Pattern          *string            `json:"pattern,omitempty"` // of names
	PatternConfirmed *bool              `json:"patternConfirmed,omitempty"`
	CaseSensitive    *bool              `json:"caseSensitive,omitempty"`
	Allowed          *Constraint        `json:"allowed,omitempty"`
	Default          *string            `json:"default,omitempty"`
	Builds           *string            `json:"builds,omitempty"`
	Editions         *string            `json:"editions,omitempty"`
	Atomic           *bool              `json:"atomic,omitempty"`
	Dependencies     *[]DependencyGroup `json:"dependencies,omitempty"`
	Reboot           *Reboot            `json:"reboot,omitempty"`
	Sensitive        *bool              `json:"sensitive,omitempty"`
	Ingested         *bool              `json:"ingested,omitempty"`
	Confirmed        *bool              `json:"confirmed,omitempty"` // of the constraint that is there
}

// maxLayer is the size of the longest layer that is read, in octets.
const maxLayer = 16 << 20

// ReadLayer reads a layer in JSON: an object with name, define and correct as in Layer, where verbs are written as
// "Get Replace". What it does not know is an error, so that no correction is lost by a slip, and so is more than 16 MiB.
func ReadLayer(r io.Reader) (Layer, error) {
	var l Layer
	in := &io.LimitedReader{R: r, N: maxLayer + 1}
	d := json.NewDecoder(in)
	d.DisallowUnknownFields()
	err := d.Decode(&l)
	more := err == nil && d.More()
	switch {
	case in.N <= 0:
		return Layer{}, &FactError{Reason: fmt.Sprintf("a layer of more than %d octets", maxLayer)}
	case err == io.EOF:
		return Layer{}, &FactError{Reason: "the layer is empty"}
	case err != nil:
		return Layer{}, fmt.Errorf("csp: layer: %w", err)
	case more:
		return Layer{}, &FactError{Reason: "something follows the layer"}
	}
	return l, nil
}

// With returns a catalogue with more layers on c. Later ones come first where two say something of one node. The cost
// is that of the nodes in the layers, not of c, once for all that are without corrections and once more for each other
// one: several layers are best put on together. The error is a *FactError: a correction has to be of a node that is
// there, and has to say where it is from; all together change at most 65,536 nodes, and fewer where one is corrected often.
func (c *Catalog) With(layers ...Layer) (*Catalog, error) {
	next := &Catalog{base: c.base, layers: slices.Concat(c.layers, layers)}
	defs := make(map[string]Definition)
	work := effort{visits: maxVisits, changes: maxChanges}
	for _, l := range next.layers {
		for _, d := range l.Define {
			key, err := templateKey(d.Template)
			if err != nil {
				return nil, err
			}
			if d.Origin == "" {
				d.Origin = l.Name
			}
			defs[key] = d
		}
		if len(l.Correct) == 0 {
			continue
		}
		if err := next.stack(defs); err != nil { // corrections look for the nodes that they are about
			return nil, err
		}
		for _, correction := range l.Correct {
			if err := next.correct(defs, correction, &work); err != nil {
				return nil, err
			}
		}
	}
	if err := next.stack(defs); err != nil {
		return nil, err
	}
	return next, nil
}

// Layers returns the names of the layers on c, from the lowest.
func (c *Catalog) Layers() []string {
	var names []string
	for _, l := range c.layers {
		names = append(names, l.Name)
	}
	return names
}

// templateKey returns the same for all templates of one node.
func templateKey(template string) (string, error) {
	segments, err := templateSegments(template)
	if err != nil {
		return "", err
	}
	return pathKey(segments), nil
}

// pathKey returns the same for the names on all ways to one node. What it has before a delimiter is that of the node above.
func pathKey(segments []string) string {
	key := make([]byte, 0, 128) // most are shorter
	for i, s := range segments {
		if i > 0 {
			key = append(key, '/')
		}
		if _, ok := placeholder(s); ok {
			s = "{}"
		}
		key = append(key, s...)
	}
	return strings.ToLower(string(key))
}

// endOfName returns where the name ends that begins at an offset of a key.
func endOfName(key string, at int) int {
	if i := strings.IndexByte(key[at:], '/'); i >= 0 {
		return at + i
	}
	return len(key)
}

// stack makes the table of the layers from what they define, and from what the base says of the nodes above: it is
// inherited.
func (c *Catalog) stack(defs map[string]Definition) error {
	if len(defs) == 0 {
		return nil
	}
	keys := make([]string, 0, len(defs))
	for key := range defs {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	lower := Catalog{base: c.base}
	all := make(map[string]bool)
	list := make([]Definition, 0, len(defs)+16) // with some above them
	for _, key := range keys {
		p := lower.root()
		for at := 0; at < len(key); {
			end := endOfName(key, at)
			above := key[:end]
			p = lower.stepKey(p, key[at:end])
			at = end + 1
			if all[above] {
				continue
			}
			all[above] = true
			if d, ok := defs[above]; ok {
				list = append(list, d)
			} else if p.base >= 0 && c.base.flags(p.base)&flagDescribed != 0 {
				list = append(list, lower.node(p).Definition())
			}
		}
	}
	titles(list)
	data, err := encode(Provenance{}, list)
	if err != nil {
		return err
	}
	c.top = table{&data}
	return nil
}

// stepKey is step for a name of a key.
func (c *Catalog) stepKey(p place, name string) place {
	if p.base < 0 {
		return p
	}
	if name == "{}" {
		return place{c.base.dynamic(p.base), -1}
	}
	return place{c.base.static(p.base, name), -1}
}

// titles gives the placeholders of one place the title of the first, since two may not stand side by side.
func titles(list []Definition) {
	first := make(map[string]string)
	for i := range list {
		if !strings.Contains(list[i].Template, "/{") {
			continue
		}
		segments := strings.Split(list[i].Template, "/")
		key, end := pathKey(segments), -1
		for j, s := range segments {
			end = endOfName(key, end+1)
			if _, ok := placeholder(s); !ok {
				continue
			}
			if t, ok := first[key[:end]]; ok {
				segments[j] = t
			} else {
				first[key[:end]] = s
			}
		}
		list[i].Template = strings.Join(segments, "/")
	}
}

// effort is how much corrections may still cost.
type effort struct{ visits, changes int }

// What the corrections of a catalogue may cost: nodes that are looked at, and nodes that are changed, each time they are. A
// few octets of a layer can ask for all nodes there are. One with many sources costs more, as each is kept.
const (
	maxVisits  = 1 << 22
	maxChanges = 1 << 16
)

// correct applies a correction to the nodes of c it is about, and puts them into defs.
func (c *Catalog) correct(defs map[string]Definition, correction Correction, work *effort) error {
	if strings.TrimSpace(correction.Source) == "" {
		return &FactError{Reason: fmt.Sprintf("correction of %q without a source", correction.Nodes)}
	}
	for _, pattern := range correction.Nodes {
		nodes := c.matching(pattern, &work.visits)
		if work.visits < 0 {
			return tooMany(pattern)
		}
		if len(nodes) == 0 {
			return &FactError{Template: pattern, Reason: "correction of a node that is not there"}
		}
		for _, n := range nodes {
			key, err := templateKey(n.Template())
			if err != nil {
				return err
			}
			d, ok := defs[key] // perhaps corrected already
			if !ok {
				d = n.Definition()
			}
			if work.changes -= 1 + len(d.Sources)/8; work.changes < 0 {
				return tooMany(pattern)
			}
			correction.Set.apply(&d)
			if !slices.Contains(d.Sources, correction.Source) {
				d.Sources = append(slices.Clip(d.Sources), correction.Source)
			}
			defs[key] = d
		}
	}
	return nil
}

func tooMany(pattern string) error {
	return &FactError{Template: pattern, Reason: "corrections of too many nodes"}
}

// matching returns the described nodes that a pattern of a correction is about, as far as it comes with so many visits of
// nodes.
func (c *Catalog) matching(pattern string, visits *int) []Node {
	rest, ok := strings.CutPrefix(pattern, "./")
	if !ok {
		return nil
	}
	segments := strings.Split(rest, "/")
	if segments[0] == "Vendor" {
		segments = append([]string{"Device"}, segments...)
	}
	below := segments[len(segments)-1] == "**"
	if below {
		segments = segments[:len(segments)-1]
	}
	var found []Node
	var walk func(p place, segments []string)
	walk = func(p place, segments []string) {
		if len(segments) == 0 {
			if n := c.node(p); n.Described() {
				found = append(found, n)
			}
			if !below {
				return
			}
		}
		for child := range c.childrenAt(p) {
			if *visits--; *visits < 0 {
				return
			}
			switch {
			case len(segments) == 0:
				walk(c.locate(child), nil)
			case segmentMatches(segments[0], child):
				walk(c.locate(child), segments[1:])
			}
		}
	}
	walk(c.root(), segments)
	return found
}

func segmentMatches(pattern string, n Node) bool {
	if _, ok := placeholder(pattern); ok {
		return n.Dynamic()
	}
	return pattern == "*" || !n.Dynamic() && equalASCII(pattern, escapedName(n))
}

// apply sets the facts of d that f has.
func (f *Facts) apply(d *Definition) {
	set(&d.Format, f.Format)
	set(&d.Verbs, f.Verbs)
	set(&d.Naming, f.Naming)
	set(&d.Pattern, f.Pattern)
	set(&d.PatternConfirmed, f.PatternConfirmed)
	set(&d.CaseSensitive, f.CaseSensitive)
	set(&d.Allowed, f.Allowed)
	set(&d.Atomic, f.Atomic)
	set(&d.Dependencies, f.Dependencies)
	set(&d.Reboot, f.Reboot)
	set(&d.Sensitive, f.Sensitive)
	set(&d.Ingested, f.Ingested)
	set(&d.Allowed.Confirmed, f.Confirmed)
	for _, s := range [...]struct{ to, from **string }{
		{&d.Default, &f.Default}, {&d.Builds, &f.Builds}, {&d.Editions, &f.Editions},
	} {
		if *s.from != nil {
			*s.to = *s.from
		}
	}
}

func set[T any](to *T, from *T) {
	if from != nil {
		*to = *from
	}
}
