package declaredconfiguration

import (
	"context"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// The tops of the provider. That of the user is documented, but in no description file.
const (
	deviceRoot omadm.URI = "./Device/Vendor/MSFT/DeclaredConfiguration"
	userRoot   omadm.URI = "./User/Vendor/MSFT/DeclaredConfiguration"
)

// at returns the address of a node below the one of the kind.
func (r Ref) at(names ...string) omadm.URI {
	root := deviceRoot
	if r.Context == omadm.UserScope {
		root = userRoot
	}
	return root.Join("Host", r.Kind.String()).Join(names...)
}

// DocumentURI returns the address of the document.
func (r Ref) DocumentURI() omadm.URI { return r.at("Documents", r.ID, "Document") }

// ResultURI returns the address of the results.
func (r Ref) ResultURI() omadm.URI { return r.at("Results", r.ID, "Document") }

// Request returns the request that sends d, in place of the one with its id. It has no ID: the caller gives it one. The
// error is a *csp.FieldError.
func (d *Document) Request() (omadm.Request, error) {
	x, err := d.XML()
	if err != nil {
		return omadm.Request{}, err
	}
	return d.Ref().one(omadm.Op{Verb: omadm.Replace, URI: d.Ref().DocumentURI(), Value: omadm.Text(x)})
}

// GetResult returns the request that asks for the results, see ReadResult. The error of this and of the other methods is
// a *csp.FieldError.
func (r Ref) GetResult() (omadm.Request, error) {
	return r.one(omadm.Op{Verb: omadm.Get, URI: r.ResultURI()})
}

// Delete returns the request that deletes the document. What it has set stays as it is.
func (r Ref) Delete() (omadm.Request, error) {
	return r.one(omadm.Op{Verb: omadm.Delete, URI: r.DocumentURI()})
}

// Abandon returns the request that tells the device to keep the document and no longer to care for its settings, which
// others may change then. Only documents of kind Complete can be abandoned. (The description file has it the wrong way
// round; the documentation does not.)
func (r Ref) Abandon() (omadm.Request, error) { return r.abandoned(1) }

// Resume takes Abandon back: the device brings the settings at once to what the document says.
func (r Ref) Resume() (omadm.Request, error) { return r.abandoned(0) }

func (r Ref) abandoned(n int64) (omadm.Request, error) {
	if r.Kind != Complete {
		return omadm.Request{}, fault("Kind", "only documents of kind Complete can be abandoned")
	}
	return r.one(omadm.Op{Verb: omadm.Replace, URI: r.at("Documents", r.ID, "Properties", "Abandoned"), Value: omadm.Int(n)})
}

func (r Ref) one(op omadm.Op) (omadm.Request, error) {
	if err := r.validate(); err != nil {
		return omadm.Request{}, err
	}
	req := omadm.Request{Ops: []omadm.Op{op}}
	req.Normalize()
	return req, nil
}

// Check refuses a request that addresses anything but the nodes of this provider, which is all that there is in an
// enrolment for declared configuration. It is meant for session.Queue and session.Config. The error is an
// *omadm.RequestError.
func Check(_ context.Context, _ omadm.Facts, r *omadm.Request) error {
	for i := range r.Ops {
		op := &r.Ops[i]
		if op.Verb == omadm.Alert || !addressed(op.URI) || op.Verb == omadm.Copy && !addressed(op.From) {
			return &omadm.RequestError{Request: r.ID, Op: i, Reason: "not about a node of DeclaredConfiguration, and there are no others"}
		}
	}
	return nil
}

// addressed reports whether u is a node of the provider, however it is spelt: case does not count on Windows.
func addressed(u omadm.URI) bool {
	names := u.Segments()
	if len(names) > 0 && (strings.EqualFold(names[0], "Device") || strings.EqualFold(names[0], "User")) {
		names = names[1:]
	}
	for i, want := range [...]string{"Vendor", "MSFT", "DeclaredConfiguration"} {
		if i >= len(names) || !strings.EqualFold(names[i], want) {
			return false
		}
	}
	return true
}
