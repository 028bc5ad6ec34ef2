package csp

import (
	"slices"

	"github.com/gomadm/gomadm/omadm"
)

// Desired is a setting that a device should have: what is wanted, not how it gets there.
type Desired struct {
	URI   omadm.URI
	Value omadm.Value
	// Absent wants the node not to be there. Value does not count.
	Absent bool
	// Last is what the device answered when the setting was sent before; 0 when it was not, or is not known.
	Last omadm.Status
}

// Plan returns the requests that bring a device to what is wanted, and what Check says of them, with the index of the
// setting as Issue.Op:
//
//   - A node that is not there is added, one that is there replaced: what Device.Known and Last tell of it decides, else
//     whether the node comes and goes. A node that can only be started is started.
//   - What the device has already (Equal) is left out, and so is what its build does not have and what has an error.
//   - What changes in one Atomic is in one, and left out as a whole if a part of it has an error. Settings that depend on
//     each other are in one Sequence, in order. All others are in one request for each scope.
//   - Of several settings for one node the last counts.
//
// The requests have no ID; the caller gives them theirs.
func (c *Catalog) Plan(d Device, want ...Desired) ([]omadm.Request, Report) {
	return Rules{}.Plan(c, d, want...)
}

// Plan is Catalog.Plan with the rules.
func (r Rules) Plan(c *Catalog, d Device, want ...Desired) ([]omadm.Request, Report) {
	p := planner{checker: newChecker(r, c, d), steps: make([]step, len(want))}
	p.planned = true
	for i := range want {
		p.step(i, &want[i])
	}
	p.note(p.subjects())
	for i := range p.steps {
		p.subject(&p.steps[i].subject)
	}
	p.sift(want)
	return p.requests(), p.report
}

// step is an operation of a plan.
type step struct {
	subject
	op    omadm.Op
	root  URI   // of the Atomic that it belongs to; zero: none
	needs []int // the steps that come before it
	drop  bool
	state uint8 // while steps are put in order: 1 on the way, 2 done
}

type planner struct {
	checker
	steps []step
	order []int // of the steps that stay
}

// step makes a step of a setting.
func (p *planner) step(i int, w *Desired) {
	s := &p.steps[i]
	s.op = omadm.Op{URI: w.URI, Value: w.Value}
	s.subject = subject{index: i, op: &s.op}
	p.resolve(&s.subject)
	s.first = s.uri.Scope()
	s.op.Verb = p.choose(s, w)
	if w.Absent {
		s.op.Value = omadm.Value{}
	}
	if s.err != nil {
		return
	}
	s.op.URI = w.URI
	if root, ok := s.match.Node.AtomicRoot(); ok && !s.match.Node.Verbs().Has(omadm.Exec) {
		s.root = ancestor(s.node, root.Depth())
		if root.Format() != omadm.FormatNode {
			s.root = s.root.Parent() // with others of its kind
		}
	}
}

// ancestor returns the address of the node at a depth on the way to u.
func ancestor(u URI, depth int) URI {
	for u.Depth() > depth {
		u = u.Parent()
	}
	return u
}

// subjects returns the steps as what Check looks at.
func (p *planner) subjects() []*subject {
	all := make([]*subject, len(p.steps))
	for i := range p.steps {
		all[i] = &p.steps[i].subject
	}
	return all
}

// choose returns the command for a setting.
func (p *planner) choose(s *step, w *Desired) omadm.Verb {
	if w.Absent {
		return omadm.Delete
	}
	if s.err != nil {
		return omadm.Replace
	}
	n := s.match.Node
	verbs := n.Verbs()
	add, replace := verbs.Has(omadm.Add), verbs.Has(omadm.Replace)
	switch {
	case add && !replace:
		return omadm.Add
	case replace && !add:
		return omadm.Replace
	case !add && !replace && verbs.Has(omadm.Exec):
		return omadm.Exec
	case !add && !replace:
		return omadm.Replace // which Check refuses
	}
	if _, known := p.current(s.node); known == Yes {
		return omadm.Replace
	}
	switch {
	case w.Last == omadm.StatusNotFound, w.Last == omadm.StatusCommandNotAllowed:
		return omadm.Add
	case w.Last == omadm.StatusAlreadyExists, w.Last.Success():
		return omadm.Replace
	}
	if n.Permanent() || n.Scope() == omadm.DeviceScope && isPolicy(s.node) {
		return omadm.Replace // which makes a policy of the device that is not there
	}
	return omadm.Add
}

// isPolicy reports whether u is a policy, which a Replace makes when it is not there.
func isPolicy(u URI) bool {
	return u.Segment(3) == "Policy" && u.Segment(4) == "Config" && u.Depth() > 6
}

// sift drops the steps that are not sent.
func (p *planner) sift(want []Desired) {
	last := make(map[URI]int)
	failed := make(map[URI]bool)
	for i := range p.report {
		if p.report[i].Severity == Error {
			s := &p.steps[p.report[i].Op]
			s.drop, failed[s.root] = true, true
		}
	}
	for i := range p.steps {
		s := &p.steps[i]
		if s.err != nil && s.uri.IsZero() {
			s.drop = true
			continue
		}
		key := p.key(&s.subject)
		if before, ok := last[key]; ok && p.steps[before].op.Verb != omadm.Exec {
			p.steps[before].drop = true
		}
		last[key] = i
		s.drop = s.drop || !s.root.IsZero() && failed[s.root] || s.err == nil && p.done(s, &want[i])
	}
}

// done reports whether a step has nothing to do: the device has the setting already, or cannot have it.
func (p *planner) done(s *step, w *Desired) bool {
	n := s.match.Node
	if n.Applies(p.device).Build == No {
		return true
	}
	if p.device.Known == nil || s.op.Verb == omadm.Exec {
		return false
	}
	v, ok := p.device.Known(s.node)
	if w.Absent {
		return false // that nothing is known does not say that nothing is there
	}
	return ok && Equal(n, w.Value, v)
}

// requests makes requests of the steps that stay.
func (p *planner) requests() []omadm.Request {
	p.link()
	for i := range p.steps {
		p.visit(i)
	}
	var out []omadm.Request
	bundles := make(map[bundle]int)
	for _, i := range p.order {
		s := &p.steps[i]
		b := p.bundle(i)
		at, ok := bundles[b]
		if !ok || len(out[at].Ops) == omadm.MaxOps {
			at = len(out)
			bundles[b] = at
			out = append(out, omadm.Request{Group: b.group, Combine: b.group == omadm.Each && !b.exec, Scope: s.uri.Scope()})
		}
		out[at].Ops = append(out[at].Ops, s.op)
	}
	return out
}

// bundle is what the steps of one request share.
type bundle struct {
	group omadm.Group
	scope omadm.Scope
	root  URI // of an Atomic
	exec  bool
	step  int // the only one, or one of those that depend on each other
}

func (p *planner) bundle(i int) bundle {
	s := &p.steps[i]
	b := bundle{scope: s.uri.Scope()}
	switch {
	case s.op.Verb == omadm.Exec:
		b.exec, b.step = true, i
	case !s.root.IsZero():
		b.group, b.root = omadm.Atomic, s.root
	default:
		if leader, ok := p.leader(i); ok {
			b.group, b.step = omadm.Sequence, leader
		}
	}
	return b
}

// leader returns one of the steps that depend on each other and on step i, the same for all of them; false when there
// are no others.
func (p *planner) leader(i int) (int, bool) {
	together := map[int]bool{i: true}
	for grown := true; grown; {
		grown = false
		for j := range p.steps {
			for _, need := range p.steps[j].needs {
				if !p.bundled(j, need) || together[j] == together[need] {
					continue
				}
				together[j], together[need], grown = true, true, true
			}
		}
	}
	if len(together) == 1 {
		return 0, false
	}
	least := i
	for j := range together {
		least = min(least, j)
	}
	return least, true
}

// bundled reports whether two steps can be in one Sequence.
func (p *planner) bundled(i, j int) bool {
	a, b := &p.steps[i], &p.steps[j]
	return !a.drop && !b.drop && a.root.IsZero() && b.root.IsZero() && a.uri.Scope() == b.uri.Scope() &&
		a.op.Verb != omadm.Exec && b.op.Verb != omadm.Exec
}

// link notes which steps have to come before others.
func (p *planner) link() {
	at := make(map[URI]int, len(p.steps))
	for i := range p.steps {
		if s := &p.steps[i]; !s.drop && s.err == nil {
			at[s.node] = i
		}
	}
	for i := range p.steps {
		s := &p.steps[i]
		if s.drop || s.err != nil {
			continue
		}
		for _, g := range s.match.Node.Dependencies() {
			for _, d := range g.Nodes {
				u, ok := s.match.Fill(d.Template)
				if !ok {
					continue
				}
				m, err := p.catalog.Resolve(u)
				if err != nil {
					continue
				}
				if j, ok := at[m.URI()]; ok && j != i && !slices.Contains(s.needs, j) {
					s.needs = append(s.needs, j)
				}
			}
		}
	}
}

// visit puts a step behind those that it needs. Of a circle, which no catalogue should have, the order is that of the
// settings.
func (p *planner) visit(i int) {
	s := &p.steps[i]
	if s.drop || s.state != 0 {
		return
	}
	s.state = 1
	for _, need := range s.needs {
		p.visit(need)
	}
	s.state = 2
	p.order = append(p.order, i)
}
