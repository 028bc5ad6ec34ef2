package csp

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Diagnosis says why a device refused an operation, as far as that can be told.
type Diagnosis struct {
	Status  omadm.Status
	HRESULT HRESULT
	Failed  bool   // the operation was not done, or may not have been
	Cause   Code   // what Check calls it; empty when it has no word for it
	Retry   Retry  // whether to send it again
	Hint    string // a sentence
	Issues  Report // what the catalogue has against the operation, the likeliest cause first
	Fix     []Fix  // what could be sent instead, the best first
}

// Explain returns what the status and the HRESULT (0: none) that came for an operation mean, in the light of what the
// catalogue says of its node for the device. An operation without a value stands for one with any. A status alone says little: 404 may be a slip in the address, a build without
// the node, or a parent that is missing.
func (c *Catalog) Explain(d Device, op omadm.Op, s omadm.Status, h HRESULT) Diagnosis {
	x := Diagnosis{Status: s, HRESULT: h, Failed: s != 0 && !s.Success() || h.Failed()}
	if wrapped, ok := h.Status(); ok && (s == 0 || s == omadm.StatusCommandFailed) {
		s = wrapped
	}
	m, known := meaningOf(h)
	if !known {
		m, known = statusMeanings.find(s)
	}
	if !known {
		m.hint = strings.ToLower(s.Class().String())
		if s.Class() == omadm.ClassRetry {
			m.retry = RetryLater
		}
		if f := h.family(); f != "" {
			m.hint = "an error of " + f + " without a meaning that is known"
		}
	}
	x.Cause, x.Retry, x.Hint = m.cause, m.retry, m.hint
	if op.Verb != omadm.Alert && op.URI != "" {
		c.consult(&x, d, op, s)
	}
	return x
}

// suspects are the codes that explain a status, the likeliest first.
var suspects = lookup[omadm.Status, []Code]{
	{omadm.StatusNotFound, []Code{
		CodeURIScope, CodeURISyntax, CodeNodeUnknown, CodeBuildUnsupported, CodeBuildUnreleased, CodeEditionUnsupported,
		CodeNodeRemoved, CodeNameClient, CodeVerbDenied,
	}},
	{omadm.StatusCommandNotAllowed, []Code{
		CodeVerbDenied, CodeNameClient, CodeURIScope, CodeBatchScope, CodeEditionUnsupported, CodeBuildUnsupported,
		CodeBuildUnreleased, CodeNodeUnknown,
	}},
	{omadm.StatusBadRequest, []Code{CodeURISyntax, CodeValueMissing, CodeValueUnexpected, CodeValueFormat}},
	{omadm.StatusIncompleteCommand, []Code{CodeValueMissing, CodeURISyntax}},
	{omadm.StatusURITooLong, []Code{CodeURISyntax}},
	{omadm.StatusUnsupportedFormat, []Code{CodeValueFormat}},
	{omadm.StatusCommandFailed, []Code{
		CodeURIScope, CodeValueFormat, CodeValueEnum, CodeValueRange, CodeValueFlags, CodeValueList, CodeADMXShape,
		CodeADMXType, CodeADMXID, CodeADMXMissing, CodeADMXRegistry, CodeValueRegex, CodeValueMissing, CodeNamePattern,
		CodeAtomicRequired, CodeBuildUnsupported, CodeBuildUnreleased, CodeEditionUnsupported, CodeNodeIngested,
		CodeNodeUnknown,
	}},
	{omadm.StatusOK, []Code{CodeDependUnmet, CodeDependUnknown, CodeRebootNeeded, CodeEditionUnsupported}},
}

// consult asks the catalogue.
func (c *Catalog) consult(x *Diagnosis, d Device, op omadm.Op, s omadm.Status) {
	report := Rules{}.Check(c, d, omadm.Request{Ops: []omadm.Op{op}})
	codes := suspects.of(s)
	if x.Cause != "" {
		codes = append([]Code{x.Cause}, codes...)
	}
	for _, code := range codes {
		for i := range report {
			if code == CodeValueMissing && op.Value == (omadm.Value{}) {
				continue // nobody says what was sent
			}
			if report[i].Code == code && !x.Issues.Has(code) {
				x.Issues = append(x.Issues, report[i])
			}
		}
	}
	if len(x.Issues) > 0 {
		first := &x.Issues[0]
		x.Cause, x.Fix = first.Code, first.Fix
		x.Hint += ": " + first.Message
		if x.Retry == RetryOnce && first.Severity == Error {
			x.Retry = RetryFixed
		}
	}
	switch s {
	case omadm.StatusAlreadyExists:
		x.Fix = []Fix{{Verb: omadm.Replace, URI: op.URI}}
	case omadm.StatusNotFound:
		c.absent(x, op)
	}
}

// absent explains why a node that the catalogue knows is not there.
func (c *Catalog) absent(x *Diagnosis, op omadm.Op) {
	if len(x.Issues) > 0 && x.Issues[0].Severity != Info {
		return
	}
	m, err := c.ResolveLocURI(op.URI)
	if err != nil {
		return
	}
	x.Cause = ""
	switch {
	case op.Verb == omadm.Replace && m.Node.Verbs().Has(omadm.Add):
		x.Retry, x.Hint = RetryFixed, "the node is not there yet: Add it"
		x.Fix = []Fix{{Verb: omadm.Add, URI: op.URI}}
	case op.Verb == omadm.Add:
		x.Retry, x.Hint = RetryFixed, "the node above it is not there yet: Add that first"
		parent := m.URI().Parent()
		for n := m.Node.Parent(); !n.IsZero() && n.Described(); n = n.Parent() {
			if n.Verbs().Has(omadm.Add) {
				node := omadm.Node()
				x.Fix = []Fix{{Verb: omadm.Add, URI: parent.LocURI(), Value: &node}}
				return
			}
			parent = parent.Parent()
		}
	case op.Verb == omadm.Delete:
		x.Failed, x.Hint = false, "there was nothing to delete"
	default:
		x.Hint = "the node has no value, or is not there"
	}
}

// ExplainResults explains how a request ended: each of its operations by the last that the device said about it, in the
// order of the operations. An operation that was undone or skipped is explained by the one that failed.
func (c *Catalog) ExplainResults(d Device, req *omadm.Request, results []omadm.Result) []Diagnosis {
	out := make([]Diagnosis, len(req.Ops))
	for _, r := range results {
		if r.Op < 0 || r.Op >= len(out) || r.Status == 0 {
			continue
		}
		out[r.Op] = c.Explain(d, req.Ops[r.Op], r.Status, HRESULT(r.HRESULT))
	}
	culprit := slices.IndexFunc(out, func(x Diagnosis) bool {
		return x.Failed && x.Status != omadm.StatusRolledBack && x.Status != omadm.StatusNotExecuted
	})
	if culprit < 0 {
		return out
	}
	for i := range out {
		if s := out[i].Status; s == omadm.StatusRolledBack || s == omadm.StatusNotExecuted {
			out[i].Hint = fmt.Sprintf("because of operation %d, %s: %s", culprit, req.Ops[culprit].URI, out[culprit].Hint)
			out[i].Cause, out[i].Fix = "", nil
		}
	}
	return out
}

// ParseHRESULT reads an HRESULT as consoles and devices write it: 0x87D1FDE8, 87D1FDE8 or -2016281112.
func ParseHRESULT(s string) (HRESULT, error) {
	s = strings.TrimSpace(s)
	bad := &FactError{Reason: "not an HRESULT: " + quote(s)}
	if hex, ok := strings.CutPrefix(strings.ToLower(s), "0x"); ok {
		n, err := strconv.ParseUint(hex, 16, 32)
		if err != nil {
			return 0, bad
		}
		return HRESULT(n), nil
	}
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= -1<<31 && n < 1<<32 {
		return HRESULT(uint32(n)), nil
	}
	if n, err := strconv.ParseUint(s, 16, 32); err == nil && len(s) == 8 {
		return HRESULT(n), nil
	}
	return 0, bad
}
