package csp

import (
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Requests returns what commands ask of a device, for Check: a request for each, and for an Atomic or Sequence one with
// what is in it, in the order of the commands. What asks for nothing is left out: Status, Results, Alert, and items with a
// Source and no Target, in which a device says something of itself. The report names groups in groups, whose operations are taken for those of the outer one.
func Requests(commands []syncml.Command) ([]omadm.Request, Report) {
	var f flattener
	for _, c := range commands {
		switch g := c.(type) {
		case *syncml.Atomic:
			f.group(c.ID(), omadm.Atomic, g.Body, g.Meta)
		case *syncml.Sequence:
			f.group(c.ID(), omadm.Sequence, g.Body, g.Meta)
		default:
			if ops := operations(c); len(ops) > 0 {
				f.reqs = append(f.reqs, omadm.Request{ID: omadm.RequestID(c.ID()), Ops: ops})
			}
		}
	}
	for i := range f.reqs {
		f.reqs[i].Normalize()
	}
	return f.reqs, f.report
}

// flattener makes requests of commands.
type flattener struct {
	reqs   []omadm.Request
	report Report
}

func (f *flattener) group(id string, g omadm.Group, body []syncml.Command, meta *syncml.Meta) {
	r := omadm.Request{ID: omadm.RequestID(id), Group: g}
	nested := false
	var take func(body []syncml.Command, metas []*syncml.Meta)
	take = func(body []syncml.Command, metas []*syncml.Meta) {
		for _, c := range body {
			switch inner := c.(type) {
			case *syncml.Atomic:
				nested = true
				take(inner.Body, append([]*syncml.Meta{inner.Meta}, metas...))
			case *syncml.Sequence:
				nested = true
				take(inner.Body, append([]*syncml.Meta{inner.Meta}, metas...))
			default:
				r.Ops = append(r.Ops, operations(c, metas...)...)
			}
		}
	}
	take(body, []*syncml.Meta{meta})
	if nested {
		f.report = append(f.report, Issue{
			Code: CodeAtomicNested, Severity: severities.of(CodeAtomicNested), Request: len(f.reqs), Op: omadm.GroupOp,
			Message: "a group in a group, which devices refuse",
		})
	}
	f.reqs = append(f.reqs, r)
}

// operations returns what the items of a command ask for. What an item does not say of its value comes from the command
// and then from the groups around it.
func operations(c syncml.Command, around ...*syncml.Meta) []omadm.Op {
	var verb omadm.Verb
	var meta *syncml.Meta
	correlator := ""
	switch c := c.(type) {
	case *syncml.Get:
		verb, meta = omadm.Get, c.Meta
	case *syncml.Add:
		verb, meta = omadm.Add, c.Meta
	case *syncml.Replace:
		verb, meta = omadm.Replace, c.Meta
	case *syncml.Delete:
		verb, meta = omadm.Delete, c.Meta
	case *syncml.Copy:
		verb, meta = omadm.Copy, c.Meta
	case *syncml.Exec:
		verb, meta, correlator = omadm.Exec, c.Meta, c.Correlator
	default:
		return nil
	}
	items := c.ItemList()
	ops := make([]omadm.Op, 0, len(items))
	for i := range items {
		it := &items[i]
		if it.Target.URI == "" && it.Source.URI != "" {
			continue
		}
		op := omadm.Op{
			Verb: verb, URI: omadm.URI(it.Target.URI), Correlator: correlator,
			Value: omadm.ItemValue(it, append([]*syncml.Meta{meta}, around...)...),
		}
		if verb == omadm.Copy {
			op.From = omadm.URI(it.Source.URI)
		}
		ops = append(ops, op)
	}
	return ops
}

// CheckCommands is Check of what commands ask for, and of how they are grouped. Request in an issue is the index of the
// request that Requests makes.
func (r Rules) CheckCommands(c *Catalog, d Device, commands []syncml.Command) Report {
	reqs, report := Requests(commands)
	for i := range report {
		if r.Policy != nil {
			report[i].Severity = r.Policy(&report[i])
		}
	}
	report = append(report, r.Check(c, d, reqs...)...)
	sortReport(report)
	return report
}
