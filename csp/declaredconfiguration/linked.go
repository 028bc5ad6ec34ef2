package declaredconfiguration

import (
	"net/url"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Linked is the enrolment for declared configuration that is linked to another, in which its requests are sent: it is
// the device that enrols, at the server that Endpoint leads to. Provider is required.
type Linked struct {
	Provider string // ProviderID of the first enrolment, such as "MS DM Server"
	Endpoint string // where the discovery is: an https URL. Empty: the one that the device has.
}

// Enrollment is what a device says of the linked enrolment.
type Enrollment struct {
	Status    EnrollStatus
	LastError csp.HRESULT // 0: none
}

// EnrollStatus is how far the linked enrolment is.
type EnrollStatus int

// The statuses.
const (
	EnrollUndefined EnrollStatus = iota
	EnrollNotStarted
	EnrollInProgress
	EnrollFailed
	EnrollSucceeded
	UnenrollNotStarted
	UnenrollInProgress
	UnenrollFailed
	UnenrollSucceeded
)

var enrollStatuses = [...]string{
	"not defined", "not started", "in progress", "failed", "succeeded",
	"unenrolment not started", "unenrolment in progress", "unenrolment failed", "unenrolment succeeded",
}

// String returns what the status means.
func (s EnrollStatus) String() string {
	if s < 0 || int(s) >= len(enrollStatuses) {
		return "unknown"
	}
	return enrollStatuses[s]
}

func (l Linked) at(name string) omadm.URI {
	return omadm.URI("./Device/Vendor/MSFT/DMClient/Provider").Join(l.Provider, "LinkedEnrollment", name)
}

// Enroll returns the request that begins the enrolment, which goes on when the request is done: see Get. It has no ID.
// The error of this and of the other methods is a *csp.FieldError.
func (l Linked) Enroll() (omadm.Request, error) {
	var ops []omadm.Op
	if l.Endpoint != "" {
		if u, err := url.Parse(l.Endpoint); err != nil || u.Scheme != "https" || u.Host == "" {
			return omadm.Request{}, fault("Endpoint", "not an https URL")
		}
		ops = append(ops, omadm.Op{Verb: omadm.Replace, URI: l.at("DiscoveryEndpoint"), Value: omadm.Text(l.Endpoint)})
	}
	return l.request(omadm.Sequence, append(ops, omadm.Op{Verb: omadm.Exec, URI: l.at("Enroll")})...)
}

// Unenroll returns the request that ends the enrolment.
func (l Linked) Unenroll() (omadm.Request, error) {
	return l.request(omadm.Each, omadm.Op{Verb: omadm.Exec, URI: l.at("Unenroll")})
}

// Get returns the request that asks how far the enrolment is, see Read.
func (l Linked) Get() (omadm.Request, error) {
	return l.request(omadm.Each, omadm.Op{Verb: omadm.Get, URI: l.at("EnrollStatus")}, omadm.Op{Verb: omadm.Get, URI: l.at("LastError")})
}

func (l Linked) request(g omadm.Group, ops ...omadm.Op) (omadm.Request, error) {
	if l.Provider == "" {
		return omadm.Request{}, fault("Provider", "missing")
	}
	for _, op := range ops {
		if op.Validate() != nil {
			return omadm.Request{}, fault("Provider", "no name of a node")
		}
	}
	r := omadm.Request{Ops: ops, Group: g}
	r.Normalize()
	return r, nil
}

// Read reads what a device answered to Get. What it does not say is zero; the error is the *omadm.ValueError of a value
// that is no number.
func (l Linked) Read(results ...omadm.Result) (e Enrollment, err error) {
	for _, r := range results {
		for i := range r.Items {
			it := &r.Items[i]
			var n int64
			switch {
			case l.answers(it, "EnrollStatus"):
				n, err = omadm.ItemValue(it).Int()
				e.Status = EnrollStatus(n)
			case l.answers(it, "LastError"):
				n, err = omadm.ItemValue(it).Int()
				e.LastError = csp.HRESULT(uint32(n))
			}
			if err != nil {
				return Enrollment{}, err
			}
		}
	}
	return e, nil
}

// answers reports whether an item is about a node of the enrolment, however the device spells it.
func (l Linked) answers(it *syncml.Item, name string) bool {
	got, err := csp.Parse(it.Source.URI)
	want, wrong := csp.Parse(string(l.at(name)))
	return err == nil && wrong == nil && got.Equal(want)
}
