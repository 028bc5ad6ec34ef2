package csp

import (
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// together looks at what an operation is together with others: a group, a scope, and operations on the same node. It
// needs no catalogue.
func (k *checker) together(s *subject) {
	if s.group == omadm.Atomic && s.op.Verb == omadm.Get {
		k.add(s, Issue{Code: CodeAtomicGet, Message: "a device refuses an Atomic that asks for something"})
	}
	switch {
	case s.uri.Scope() != s.first:
		k.add(s, Issue{Code: CodeBatchScope, Message: "device and user in one request"})
	case s.uri.Scope() == omadm.UserScope && k.device.User == UserAbsent:
		k.add(s, Issue{Code: CodeBatchScope, Message: "no user is signed in"})
	}
	k.repeated(s)
}

// repeated compares an operation with the last one before it on the same node.
func (k *checker) repeated(s *subject) {
	if s.op.URI.Query() != "" || s.op.Verb == omadm.Get || s.op.Verb == omadm.Copy {
		return
	}
	node := k.key(s)
	b := k.before[node]
	k.before[node] = s
	switch {
	case b == nil, (s.op.Verb == omadm.Exec) != (b.op.Verb == omadm.Exec), (s.op.Verb == omadm.Delete) != (b.op.Verb == omadm.Delete):
	case s.op.Verb != b.op.Verb && s.request == b.request && s.group == omadm.Atomic:
		k.add(s, Issue{Code: CodeAtomicAddReplace, Message: "Add and Replace of one node in one Atomic"})
	default:
		k.add(s, Issue{Code: CodeBatchDuplicate, Message: "the same node as an operation before it"})
	}
}

// key returns the same for all spellings of what a subject is about. Nodes with fixed names have one already.
func (k *checker) key(s *subject) URI {
	if s.err == nil && s.match.Node.fixed() {
		return s.node
	}
	return s.node.Fold()
}

// fixed reports whether no name on the way to n is chosen at run time.
func (n Node) fixed() bool {
	t, i := n.table()
	for ; i != 0; i = t.parent(i) {
		if t.flags(i)&flagDynamic != 0 {
			return false
		}
	}
	return true
}

// atomicRoot looks at whether an operation has to be in an Atomic. What is to be started is added by itself, since an
// Atomic has no Exec (OMA DM Representation Protocol 1.2.1, section 6.6.3).
func (k *checker) atomicRoot(s *subject, n Node) {
	if !s.changes() || s.group == omadm.Atomic || k.planned || n.Verbs().Has(omadm.Exec) {
		return
	}
	if root, ok := n.AtomicRoot(); ok {
		k.add(s, Issue{
			Code: CodeAtomicRequired, Want: "one Atomic for " + root.Template(), Source: k.source(root, CodeAtomicRequired),
			Message: "what is below this node changes in one Atomic",
		})
	}
}

// dependencies looks at the settings that an operation depends on, and returns the values that the node takes with
// them.
func (k *checker) dependencies(s *subject, n Node) Constraint {
	allowed := n.Allowed()
	groups := n.Dependencies()
	if !s.changes() || len(groups) == 0 {
		return allowed
	}
	best, reason := No, ""
	for i := range groups {
		v, why := k.met(s, &groups[i])
		switch {
		case v == Yes:
			if changed := groups[i].Changed; changed != nil && changed.Kind != Any {
				allowed = *changed
			}
			return allowed
		case v == Unknown || reason == "":
			best, reason = v, why
		}
	}
	if best == No {
		k.add(s, Issue{Code: CodeDependUnmet, Want: reason, Message: "has no effect as long as another setting is otherwise"})
	} else {
		k.add(s, Issue{Code: CodeDependUnknown, Want: reason, Message: "has no effect unless another setting is so"})
	}
	return allowed
}

// met reports whether the settings of a group are there, and describes the first that is not.
func (k *checker) met(s *subject, g *DependencyGroup) (v Verdict, reason string) {
	v = Yes
	for i := range g.Nodes {
		d := &g.Nodes[i]
		switch got, want := k.depends(s, d); {
		case got == No:
			return No, want
		case got == Unknown && v == Yes:
			v, reason = Unknown, want
		}
	}
	return v, reason
}

// depends reports whether one setting is as it should be.
func (k *checker) depends(s *subject, d *Dependency) (v Verdict, want string) {
	want = d.describe()
	u, ok := s.match.Fill(d.Template)
	if !ok {
		return Unknown, want
	}
	m, err := k.catalog.Resolve(u)
	if err != nil {
		return Unknown, want
	}
	value, v := k.current(m.URI())
	if v == Yes {
		v = verdict(d.holds(m.Node, value, &k.patterns))
	}
	if d.Not && v != Unknown {
		v = verdict(v == No)
	}
	return v, want
}

// current returns the value that a node will have; No when it will have none.
func (k *checker) current(u URI) (omadm.Value, Verdict) {
	if s := k.wanted[u]; s != nil {
		if s.op.Verb == omadm.Delete {
			return omadm.Value{}, No
		}
		return s.op.Value, Yes
	}
	if k.device.Known == nil {
		return omadm.Value{}, Unknown
	}
	if v, ok := k.device.Known(u); ok {
		return v, Yes
	}
	return omadm.Value{}, Unknown
}

func verdict(b bool) Verdict {
	if b {
		return Yes
	}
	return No
}

// holds reports whether a node has a value that a dependency asks for.
func (d *Dependency) holds(n Node, v omadm.Value, p *patterns) bool {
	if v.Data.Kind == syncml.NoData {
		return false
	}
	text := v.Data.Value
	switch d.Allowed.Kind {
	case Range:
		if len(d.Allowed.Values) == 0 {
			return true
		}
		set, err := parseRangeSet(d.Allowed.Values[0])
		number, ok := parseNumber(text)
		return err == nil && ok && set.has(number)
	case ADMX:
		p, err := ParsePayload(text)
		return err == nil && p.Enabled
	}
	return d.Allowed.allows(text, n.Format(), p).ok()
}

// describe says what a dependency asks for.
func (d *Dependency) describe() string {
	what := d.Template
	switch d.Allowed.Kind {
	case Range:
		if len(d.Allowed.Values) > 0 {
			if set, err := parseRangeSet(d.Allowed.Values[0]); err == nil {
				what += " = " + set.String()
			}
		}
	case ADMX:
		what += " enabled"
	case Enum:
		what += " = " + oneOf(d.Allowed.Values)
	default:
		what += " set"
	}
	if d.Not {
		return "not " + what
	}
	return what
}
