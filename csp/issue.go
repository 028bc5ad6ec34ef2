package csp

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Issue is something that Check found about an operation. It is an error, and errors.Is finds it by its Code. It holds
// no value of a node that keeps a secret, and of other values no more than their beginning.
type Issue struct {
	Code     Code     `json:"code"`
	Severity Severity `json:"severity"`
	// Request is the index of the request among those that were checked, Op that of the operation in it, or
	// omadm.GroupOp when the issue is about the request as a whole. Of what Plan was given Op is the index, and Request 0.
	Request int       `json:"request"`
	Op      int       `json:"op"`
	URI     omadm.URI `json:"uri,omitempty"`    // as it was written
	Node    string    `json:"node,omitempty"`   // the template of the node; empty when there is none
	Got     string    `json:"got,omitempty"`    // what there is
	Want    string    `json:"want,omitempty"`   // what there should be
	Message string    `json:"message"`          // a sentence
	Source  string    `json:"source,omitempty"` // where the fact is from that decides
	Fix     []Fix     `json:"fix,omitempty"`    // what could be sent instead, the best first
}

// Fix is an operation that could be sent instead of another one. Its value is that of the other, unless it says so.
type Fix struct {
	Verb  omadm.Verb   `json:"-"`
	URI   omadm.URI    `json:"uri"`
	Value *omadm.Value `json:"-"` // nil: the same
}

// String returns the fix, of values no more than numbers and truth values.
func (f Fix) String() string {
	s := f.Verb.String() + " " + string(f.URI)
	if f.Value != nil {
		s += " as " + string(f.Value.DataFormat())
		// Others may be secrets.
		if f.Value.Format == omadm.FormatInt || f.Value.Format == omadm.FormatBool {
			s += " " + f.Value.Data.Value
		}
	}
	return s
}

// MarshalText returns String.
func (f Fix) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// Error returns code, address and message.
func (i *Issue) Error() string {
	s := "csp: " + string(i.Code)
	if i.URI != "" {
		s += " " + quote(string(i.URI))
	}
	s += ": " + i.Message
	if i.Got != "" {
		s += ", got " + i.Got
	}
	if i.Want != "" {
		s += ", want " + i.Want
	}
	return s
}

// Is reports whether target is the Code of i.
func (i *Issue) Is(target error) bool { return target == i.Code }

// Code names a kind of issue. Codes are never renamed or given another meaning. A Code is an error, so that
// errors.Is(err, csp.CodeVerbDenied) tells what a Report found.
type Code string

// Error returns the code.
func (c Code) Error() string { return string(c) }

// The codes.
const (
	CodeURISyntax    Code = "uri.syntax"    // Parse refuses the address
	CodeURICase      Code = "uri.case"      // the canonical spelling is another one
	CodeURIScope     Code = "uri.scope"     // the node is in the other scope only
	CodeNodeUnknown  Code = "node.unknown"  // no such node; a warning if the whole provider is unknown
	CodeNodeIngested Code = "node.ingested" // a policy of an area that only a template of an application can bring

	CodeNodeDeprecated Code = "node.deprecated" // out of use since the build of the device
	CodeNodeRemoved    Code = "node.removed"    // described in earlier editions only
	CodeNameClient     Code = "name.client"     // Add of a node that the device names
	CodeNamePattern    Code = "name.pattern"    // a name that the node does not take; an error where that is confirmed
	CodeVerbDenied     Code = "verb.denied"     // the node does not take the command; a warning for Get

	CodeValueMissing    Code = "value.missing"    // no Data where there has to be some
	CodeValueUnexpected Code = "value.unexpected" // Data where there can be none
	CodeValueFormat     Code = "value.format"     // wrong Format, or Data that is not of it
	CodeValueEnum       Code = "value.enum"
	CodeValueRange      Code = "value.range"
	CodeValueFlags      Code = "value.flags"
	CodeValueRegex      Code = "value.regex" // a warning: published patterns have mistakes
	CodeValueList       Code = "value.list"  // an item of a list is wrong
	CodeValueXSD        Code = "value.xsd"   // there is a schema, which is not looked at
	CodeValueJSON       Code = "value.json"  // the same for JSON
	CodeValueSDDL       Code = "value.sddl"  // the same for a security descriptor
	CodeValueInt32      Code = "value.int32" // more than a signed number of 32 bits, which other tools cut

	CodeADMXShape    Code = "value.admx.shape"   // neither <enabled/> with data nor <disabled/>
	CodeADMXID       Code = "value.admx.id"      // data that the template does not have
	CodeADMXType     Code = "value.admx.type"    // data that its element does not take
	CodeADMXMissing  Code = "value.admx.missing" // data that the template requires
	CodeADMXRegistry Code = "admx.registry"      // a template that writes where none may

	CodeBuildUnsupported   Code = "build.unsupported" // not in the build of the device; an error in an Atomic
	CodeBuildUnreleased    Code = "build.unreleased"  // in no build with a number
	CodeEditionUnsupported Code = "edition.unsupported"

	CodeAtomicRequired   Code = "atomic.required"   // has to be in an Atomic
	CodeAtomicGet        Code = "atomic.get"        // Get in an Atomic
	CodeAtomicNested     Code = "atomic.nested"     // a group in an Atomic
	CodeAtomicAddReplace Code = "atomic.addreplace" // Add and Replace of one node in an Atomic

	CodeBatchDuplicate Code = "batch.duplicate" // one node twice
	CodeBatchScope     Code = "batch.scope"     // of a user, and none is there; or of a user and the device in one group
	CodeDependUnmet    Code = "depend.unmet"    // a setting that this one needs is otherwise
	CodeDependUnknown  Code = "depend.unknown"  // nothing says how that setting is
	CodeRebootNeeded   Code = "reboot.needed"
)

// severities says how severe issues are that do not say it themselves.
var severities = lookup[Code, Severity]{
	{CodeURISyntax, Error},
	{CodeURICase, Info},
	{CodeURIScope, Error},
	{CodeNodeUnknown, Error},
	{CodeNodeIngested, Info},
	{CodeNodeDeprecated, Warning},
	{CodeNodeRemoved, Warning},
	{CodeNameClient, Error},
	{CodeNamePattern, Warning},
	{CodeVerbDenied, Error},
	{CodeValueMissing, Error},
	{CodeValueUnexpected, Error},
	{CodeValueFormat, Error},
	{CodeValueEnum, Error},
	{CodeValueRange, Error},
	{CodeValueFlags, Error},
	{CodeValueRegex, Warning},
	{CodeValueList, Error},
	{CodeValueXSD, Info},
	{CodeValueJSON, Info},
	{CodeValueSDDL, Info},
	{CodeValueInt32, Info},
	{CodeADMXShape, Error},
	{CodeADMXID, Warning},
	{CodeADMXType, Error},
	{CodeADMXMissing, Warning},
	{CodeADMXRegistry, Error},
	{CodeBuildUnsupported, Warning},
	{CodeBuildUnreleased, Warning},
	{CodeEditionUnsupported, Warning},
	{CodeAtomicRequired, Error},
	{CodeAtomicGet, Error},
	{CodeAtomicNested, Error},
	{CodeAtomicAddReplace, Error},
	{CodeBatchDuplicate, Warning},
	{CodeBatchScope, Error},
	{CodeDependUnmet, Warning},
	{CodeDependUnknown, Info},
	{CodeRebootNeeded, Info},
}

// Severity says what an issue means for whoever wants to send the operation.
type Severity uint8

// The severities.
const (
	Off     Severity = iota // not worth a word
	Info                    // good to know
	Warning                 // some devices will not do it
	Error                   // no device does it
)

var severityNames = [...]string{Off: "off", Info: "info", Warning: "warning", Error: "error"}

// String returns the name, such as "warning".
func (s Severity) String() string {
	if int(s) < len(severityNames) {
		return severityNames[s]
	}
	return fmt.Sprintf("Severity(%d)", uint8(s))
}

// MarshalText returns String.
func (s Severity) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Policy decides how severe an issue is, which comes with the severity that it has by default. With Off it is left out.
// It must not change the issue.
type Policy func(*Issue) Severity

// Strict makes errors of warnings: what is not certain to work is not sent.
func Strict(i *Issue) Severity {
	if i.Severity == Warning {
		return Error
	}
	return i.Severity
}

// Lenient keeps as errors what no device can take whatever its catalogue, such as an address that is none or a Get in an
// Atomic, and makes warnings of all others: the device may be newer than the catalogue.
func Lenient(i *Issue) Severity {
	if i.Severity == Error && !slices.Contains(certain[:], i.Code) {
		return Warning
	}
	return i.Severity
}

// certain are the codes that depend on no fact about a node.
var certain = [...]Code{
	CodeURISyntax, CodeAtomicGet, CodeAtomicNested, CodeAtomicAddReplace, CodeBatchScope, CodeADMXRegistry,
}

// Report is what a check found, in the order of the operations.
type Report []Issue

// Err returns the errors of r, joined; nil when there are none, whatever else was found. Errors.As finds the first *Issue.
func (r Report) Err() error {
	var errs issueErrors
	for i := range r {
		if r[i].Severity == Error {
			errs = append(errs, &r[i])
		}
	}
	if len(errs) == 0 {
		return nil
	}
	return errs
}

// Has reports whether there is an issue of a code.
func (r Report) Has(c Code) bool {
	return slices.ContainsFunc(r, func(i Issue) bool { return i.Code == c })
}

// issueErrors is the error of a Report.
type issueErrors []*Issue

func (e issueErrors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	lines := make([]string, len(e))
	for i, issue := range e {
		lines[i] = strings.TrimPrefix(issue.Error(), "csp: ")
	}
	return fmt.Sprintf("csp: %d errors: %s", len(e), strings.Join(lines, "; "))
}

// Unwrap returns the issues.
func (e issueErrors) Unwrap() []error {
	errs := make([]error, len(e))
	for i, issue := range e {
		errs[i] = issue
	}
	return errs
}
