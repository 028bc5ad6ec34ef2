package remotewipe

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Wipe resets a device. The zero Wipe removes everything, from the files that the device has.
//
// The outcome of the request says whether the device has taken it. The device does not report the end: it is no longer
// enrolled, unless it keeps the enrolment with ProvisionedData.
type Wipe struct {
	Keep Keep
	// Cloud installs the system anew from files that are downloaded. It needs Windows 11 22H2.
	Cloud bool
	// Protected makes the device try again until it is done, also after it was switched off, at the price that it may
	// not start any more. It is for a wipe that keeps nothing and is not Cloud.
	Protected bool
	// Build is that of the device; the zero Build is not known, and then the device may refuse (404).
	Build csp.Build
}

// Keep is what a wipe leaves on the device.
type Keep uint8

// What is left.
const (
	Nothing         Keep = iota
	ProvisionedData      // provisioning packages are applied again
	UserData             // accounts and data of users
)

// variants are the nodes for each wipe, with the first build that has them.
var variants = map[Wipe]struct {
	node  node.Exec[string]
	since int
}{
	{}:                                   {DoWipe, 10586},
	{Protected: true}:                    {DoWipeProtected, 15063},
	{Keep: ProvisionedData}:              {DoWipePersistProvisionedData, 10586},
	{Keep: UserData}:                     {DoWipePersistUserData, 16299},
	{Cloud: true}:                        {DoWipeCloud, 22621},
	{Cloud: true, Keep: ProvisionedData}: {DoWipeCloudPersistProvisionedData, 22621},
	{Cloud: true, Keep: UserData}:        {DoWipeCloudPersistUserData, 22621},
}

// redeploymentSince is the first build with AutomaticRedeployment.
const redeploymentSince = 17763

// Request returns the request. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (w Wipe) Request() (omadm.Request, error) {
	build := w.Build
	w.Build = csp.Build{}
	v, ok := variants[w]
	switch {
	case w.Keep > UserData:
		return omadm.Request{}, fault("Keep", "none of those that there are")
	case !ok:
		return omadm.Request{}, fault("Protected", "only for a wipe that keeps nothing and is not Cloud")
	case !has(build, v.since):
		return omadm.Request{}, fault("Build", fmt.Sprintf("before 10.0.%d, the first that can do it", v.since))
	}
	return omadm.Request{Ops: []omadm.Op{v.node.Exec()}}, nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "remotewipe", Field: field, Reason: reason}
}

func has(b csp.Build, since int) bool {
	return b.IsZero() || b.Compare(csp.Build{Major: 10, Number: since}) >= 0
}

// Redeploy returns the request that resets a device of a build (zero: not known) for the next user: it stays enrolled and
// keeps networks and languages (Autopilot Reset). It has no ID. The error is a *csp.FieldError.
func Redeploy(build csp.Build) (omadm.Request, error) {
	if !has(build, redeploymentSince) {
		return omadm.Request{}, fault("Build", fmt.Sprintf("before 10.0.%d, the first that can do it", redeploymentSince))
	}
	return omadm.Request{Ops: []omadm.Op{AutomaticRedeploymentDoAutomaticRedeployment.Exec()}}, nil
}

// Redeployment is how far a redeployment is.
type Redeployment struct {
	Status    RedeploymentStatus
	LastError csp.HRESULT // 0: none
}

// RedeploymentStatus is the status of a redeployment.
type RedeploymentStatus int64

// The statuses.
const (
	NeverRedeployed     RedeploymentStatus = 0
	Redeployed          RedeploymentStatus = 1
	RedeploymentDue     RedeploymentStatus = 10 // scheduled
	RedeploymentWaiting RedeploymentStatus = 20 // for a restart
	RedeploymentRefused RedeploymentStatus = 30 // the command failed
	RedeploymentNoPower RedeploymentStatus = 40 // the device has to be plugged in
	RedeploymentFailed  RedeploymentStatus = 50
)

// Failed reports whether the redeployment has ended without effect.
func (s RedeploymentStatus) Failed() bool { return s >= RedeploymentRefused }

// GetRedeployment returns the request that asks how far a redeployment is. It has no ID.
func GetRedeployment() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{AutomaticRedeploymentStatus.Get(), AutomaticRedeploymentLastError.Get()}}
}

// ReadRedeployment reads what a device answered to GetRedeployment. What it does not say is zero; the error is that of a
// value that is no number.
func ReadRedeployment(results ...omadm.Result) (Redeployment, error) {
	var status, last int64
	err := errors.Join(
		node.Into(&status)(AutomaticRedeploymentStatus.Value(results...)),
		node.Into(&last)(AutomaticRedeploymentLastError.Value(results...)),
	)
	return Redeployment{RedeploymentStatus(status), csp.HRESULT(uint32(last))}, err
}
