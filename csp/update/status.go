package update

import (
	"errors"
	"slices"
	"strconv"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/omadm"
)

// Status is what a device says of its updates, each by its GUID. Times are in its own words. These nodes are known from devices of
// 2017 and from the documentation; the newest description files leave them out.
type Status struct {
	LastScan      string // that went well
	Installed     []string
	Installable   []Installable // that wait, as a rule for approval
	PendingReboot []Pending
	Failed        []Failed
	Approved      []string
}

// Installable is an update that can be installed.
type Installable struct {
	ID       string
	Type     int64 // 0: not said, 1: security, 2: critical
	Revision int64
}

// Pending is an update that needs a restart.
type Pending struct{ ID, Installed string }

// Failed is an update that was not installed.
type Failed struct {
	ID    string
	State int64
	Error csp.HRESULT
}

// Approve returns the request that lets devices install updates, which are named by their GUIDs and have to be approved on devices
// where RequireApproval was sent. Who approves an update agrees to its terms for the users. It has no ID. The error is a
// *csp.FieldError.
func Approve(ids ...string) (omadm.Request, error) {
	if len(ids) == 0 {
		return omadm.Request{}, fault("IDs", "missing")
	}
	var r omadm.Request
	var seen []string
	for i, id := range ids {
		name, ok := csp.GUID(id) // the name of its node
		if !ok || slices.Contains(seen, name) {
			return omadm.Request{}, fault("IDs["+strconv.Itoa(i)+"]", "not a GUID, or there twice")
		}
		seen = append(seen, name)
		r.Ops = append(r.Ops, ApprovedUpdatesApprovedUpdateGuid.At(name).Add())
	}
	r.Normalize()
	return r, nil
}

// RequireApproval returns the request after which a device installs only what is approved, or again everything. It has no ID.
func RequireApproval(required bool) omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{policy.UpdateRequireUpdateApproval.Replace(bit(required))}}
	r.Normalize()
	return r
}

// GetStatus returns the request that asks for what ReadStatus reads. It has no ID.
func GetStatus() omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{LastSuccessfulScanTime.Get()}}
	for _, u := range [...]omadm.URI{
		InstalledUpdates.LocURI(), InstallableUpdates.LocURI(), PendingRebootUpdates.LocURI(), FailedUpdates.LocURI(), ApprovedUpdates.LocURI(),
	} {
		r.Ops = append(r.Ops, omadm.Op{Verb: omadm.Get, URI: u + "?list=" + omadm.ListStructData})
	}
	return r
}

// ReadStatus reads what a device answered to GetStatus, in the order of the device. What it does not say is empty; the error is
// that of a value of another kind.
func ReadStatus(results ...omadm.Result) (Status, error) {
	var s Status
	var scan node.Time
	errs := []error{node.Into(&scan)(LastSuccessfulScanTime.Value(results...))}
	s.LastScan = string(scan)
	s.Installed = InstalledUpdatesInstalledUpdateGuid.Names(results...)
	s.Approved = ApprovedUpdatesApprovedUpdateGuid.Names(results...)
	for _, row := range InstallableUpdatesInstallableUpdateGuid.Rows(results...) {
		id, results := row.Name, row.Results
		u := Installable{ID: id}
		errs = append(errs, node.Into(&u.Type)(InstallableUpdatesType.At(id).Value(results...)),
			node.Into(&u.Revision)(InstallableUpdatesRevisionNumber.At(id).Value(results...)))
		s.Installable = append(s.Installable, u)
	}
	for _, row := range PendingRebootUpdatesPendingRebootUpdateGuid.Rows(results...) {
		id, results := row.Name, row.Results
		var at node.Time
		errs = append(errs, node.Into(&at)(PendingRebootUpdatesInstalledTime.At(id).Value(results...)))
		s.PendingReboot = append(s.PendingReboot, Pending{id, string(at)})
	}
	for _, row := range FailedUpdatesFailedUpdateGuid.Rows(results...) {
		id, results := row.Name, row.Results
		u, hresult := Failed{ID: id}, int64(0)
		errs = append(errs, node.Into(&u.State)(FailedUpdatesStatus.At(id).Value(results...)),
			node.Into(&hresult)(FailedUpdatesHResult.At(id).Value(results...)))
		u.Error = csp.HRESULT(uint32(hresult))
		s.Failed = append(s.Failed, u)
	}
	return s, errors.Join(errs...)
}
