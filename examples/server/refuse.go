package main

import (
	"context"
	"fmt"
	"net/http"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// checks are what -check may be: how the administrator's requests are held against the catalogue of Windows.
var checks = map[string]session.Check{
	"off":     nil,
	"lenient": refusing(csp.Rules{Policy: csp.Lenient}),
	"default": refusing(csp.Rules{}),
	"strict":  refusing(csp.Rules{Policy: csp.Strict}),
}

// refusing returns a check that refuses requests with errors. What is known of the device is what it said itself.
func refusing(rules csp.Rules) session.Check {
	return func(_ context.Context, facts omadm.Facts, req *omadm.Request) error {
		report := rules.Check(csp.Default(), csp.DeviceOf(facts), *req)
		if err := report.Err(); err != nil {
			return &refusedRequest{err, report}
		}
		return nil
	}
}

// refusedRequest is why a request is not queued.
type refusedRequest struct {
	error
	report csp.Report // with what is no error, too
}

func (e *refusedRequest) Unwrap() error { return e.error }

// writeRefusal answers with the findings, for programs and for people.
func writeRefusal(w http.ResponseWriter, err error, report csp.Report) {
	out := struct {
		Error  string      `json:"error"`
		Issues []issueJSON `json:"issues"`
	}{err.Error(), make([]issueJSON, len(report))}
	for i := range report {
		out.Issues[i] = newIssue(&report[i])
	}
	writeJSON(w, http.StatusUnprocessableEntity, out)
}

// issueJSON is a csp.Issue.
type issueJSON struct {
	Code     csp.Code  `json:"code"`
	Severity string    `json:"severity"`
	Op       *int      `json:"op,omitempty"` // absent: the request as a whole
	URI      omadm.URI `json:"uri,omitempty"`
	Node     string    `json:"node,omitempty"`
	Got      string    `json:"got,omitempty"`
	Want     string    `json:"want,omitempty"`
	Message  string    `json:"message"`
	Source   string    `json:"source,omitempty"`
	Fix      []string  `json:"fix,omitempty"`
}

func newIssue(i *csp.Issue) issueJSON {
	out := issueJSON{
		Code: i.Code, Severity: i.Severity.String(), Op: index(i.Op), URI: i.URI, Node: i.Node, Got: i.Got, Want: i.Want,
		Message: i.Message, Source: i.Source,
	}
	for _, f := range i.Fix {
		out.Fix = append(out.Fix, f.String())
	}
	return out
}

// setCheck chooses one of checks.
func (o *options) setCheck(name string) error {
	if _, ok := checks[name]; !ok {
		return fmt.Errorf("%q is not off, lenient, default or strict", name)
	}
	o.checkName = name
	return nil
}
