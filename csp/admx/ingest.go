package admx

import (
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Ingest returns c with the policies of the templates that requests install, as devices have them afterwards, so that
// requests are checked together with the templates they need. A template that cannot be read, or whose policies clash, is
// left out, and the report says why.
func Ingest(c *csp.Catalog, reqs ...omadm.Request) (*csp.Catalog, csp.Report) {
	var r csp.Report
	for i := range reqs {
		for j := range reqs[i].Ops {
			op := &reqs[i].Ops[j]
			app, f, err := installs(op)
			if err == nil && f.Template == nil {
				continue
			}
			if err == nil {
				c, err = with(c, app, f)
			}
			if err != nil {
				r = append(r, csp.Issue{
					Code: csp.CodeValueFormat, Severity: csp.Error, Request: i, Op: j, URI: op.URI, Want: "a template",
					Message: strings.TrimPrefix(err.Error(), "admx: "),
				})
			}
		}
	}
	return c, r
}

// with returns c with the policies of a template, or c and why not.
func with(c *csp.Catalog, app App, f File) (*csp.Catalog, error) {
	layer, err := app.Layer(f)
	if err != nil {
		return c, err
	}
	next, err := c.With(layer)
	if err != nil {
		return c, err
	}
	return next, nil
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
