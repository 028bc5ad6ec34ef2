package declaredconfiguration

import (
	"errors"
	"net/url"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/dmclient"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
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

// Enroll returns the request that begins the enrolment, which goes on when the request is done: see Get. It has no ID.
// The error of this and of the other methods is a *csp.FieldError.
func (l Linked) Enroll() (omadm.Request, error) {
	var ops []omadm.Op
	if l.Endpoint != "" {
		if u, err := url.Parse(l.Endpoint); err != nil || u.Scheme != "https" || u.Host == "" {
			return omadm.Request{}, fault("Endpoint", "not an https URL")
		}
		ops = append(ops, dmclient.ProviderLinkedEnrollmentDiscoveryEndpoint.At(l.Provider).Replace(l.Endpoint))
	}
	return l.request(omadm.Sequence, append(ops, dmclient.ProviderLinkedEnrollmentEnroll.At(l.Provider).Exec())...)
}

// Unenroll returns the request that ends the enrolment.
func (l Linked) Unenroll() (omadm.Request, error) {
	return l.request(omadm.Each, dmclient.ProviderLinkedEnrollmentUnenroll.At(l.Provider).Exec())
}

// Get returns the request that asks how far the enrolment is, see Read.
func (l Linked) Get() (omadm.Request, error) {
	return l.request(omadm.Each, dmclient.ProviderLinkedEnrollmentEnrollStatus.At(l.Provider).Get(),
		dmclient.ProviderLinkedEnrollmentLastError.At(l.Provider).Get())
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

// Read reads what a device answered to Get. What it does not say is zero; the error is that of a value that is no number.
func (l Linked) Read(results ...omadm.Result) (Enrollment, error) {
	var status, last int64
	err := errors.Join(
		node.Into(&status)(dmclient.ProviderLinkedEnrollmentEnrollStatus.At(l.Provider).Value(results...)),
		node.Into(&last)(dmclient.ProviderLinkedEnrollmentLastError.At(l.Provider).Value(results...)),
	)
	return Enrollment{EnrollStatus(status), csp.HRESULT(uint32(last))}, err
}
