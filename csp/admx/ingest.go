package admx

import (
	"sort"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Ingest returns c with the policies of the templates that requests install, as devices have them afterwards, so that
// requests are checked together with the templates they need. A template that cannot be read, whose policies clash, or
// that is more than a catalogue takes, is left out, and the report says why, in the order of the requests.
func Ingest(c *csp.Catalog, reqs ...omadm.Request) (*csp.Catalog, csp.Report) {
	var in ingestion
	for i := range reqs {
		for j := range reqs[i].Ops {
			in.read(&reqs[i].Ops[j], i, j)
		}
	}
	c = in.apply(c)
	sort.SliceStable(in.report, func(i, j int) bool {
		a, b := &in.report[i], &in.report[j]
		return a.Request < b.Request || a.Request == b.Request && a.Op < b.Op
	})
	return c, in.report
}

// ingestion is what requests install.
type ingestion struct {
	layers []csp.Layer
	from   []csp.Issue // where each of the layers is from
	report csp.Report
}

// read takes the template that an operation installs, if it does.
func (in *ingestion) read(op *omadm.Op, request, i int) {
	at := csp.Issue{
		Code: csp.CodeValueFormat, Severity: csp.Error, Request: request, Op: i, URI: op.URI, Want: "a template",
	}
	app, f, err := installs(op)
	if err != nil {
		in.refuse(at, err)
	} else if f.Template == nil {
		return
	} else if layer, err := app.Layer(f); err != nil {
		in.refuse(at, err)
	} else {
		in.layers, in.from = append(in.layers, layer), append(in.from, at)
	}
}

// refuse reports a template.
func (in *ingestion) refuse(at csp.Issue, err error) {
	at.Message = strings.TrimPrefix(err.Error(), "admx: ")
	in.report = append(in.report, at)
}

// apply returns c with the layers, all at once, since each With costs as much as all layers have. When that fails, it
// looks for those that fail alone, and then for how many there may be.
func (in *ingestion) apply(c *csp.Catalog) *csp.Catalog {
	if len(in.layers) == 0 {
		return c
	}
	if next, err := c.With(in.layers...); err == nil {
		return next
	}
	var good []csp.Layer
	var from []csp.Issue
	for i, l := range in.layers {
		if _, err := c.With(l); err != nil {
			in.refuse(in.from[i], err)
		} else {
			good, from = append(good, l), append(from, in.from[i])
		}
	}
	next, fault := c, error(nil)
	n := sort.Search(len(good), func(i int) bool {
		more, err := c.With(good[:i+1]...)
		if err == nil {
			next = more // the longest that is good is tried last of the good ones
		} else {
			fault = err
		}
		return err != nil
	})
	for _, at := range from[n:] {
		in.refuse(at, fault)
	}
	return next
}

// installs returns the template that an operation installs; a File of none when it does something else.
func installs(op *omadm.Op) (App, File, error) {
	if op.Verb != omadm.Add && op.Verb != omadm.Replace {
		return App{}, File{}, nil
	}
	u, err := csp.Parse(string(op.URI))
	if err != nil || !u.HasPrefix(csp.MustParse(installed)) || u.Depth() != csp.MustParse(installed).Depth()+3 {
		return App{}, File{}, nil // no address is somebody else's concern
	}
	t, err := Parse([]byte(op.Value.Data.Value))
	if err != nil {
		return App{}, File{}, err
	}
	names := u.Segments()
	names = names[len(names)-3:]
	return App{Name: names[0], Setting: names[1]}, File{Name: names[2], Template: t}, nil
}
