package dmclient

import (
	"errors"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// FirstSync is what a device waits for after it was enrolled, and what its user sees meanwhile on the enrolment status
// page. What is nil, zero or empty is left as it is on the device.
type FirstSync struct {
	Provider string // ProviderID; required
	User     bool   // for the user who is signed in, not for the device

	// What has to be there, by the addresses of nodes. An address of an MSI or of an app may end in a semicolon and how
	// many are expected.
	Policies, Networks, MSIs, ModernApps, PFXCertificates, SCEPCertificates []string

	// The rest is for the device only.

	Timeout       time.Duration // after which it has failed: 1 minute to a day, whole minutes
	Block         *Block        // what the user may do then
	SkipDevice    *bool         // shows no page for the device
	SkipUser      *bool         // shows no page for users
	CollectLogs   *bool         // shows a button that collects logs
	FailureNotice string        // text for the user
}

// Block is how the page holds the user back when the device has failed: a sum of these.
type Block int64

// The blocks. BlockNothing lets the user go on.
const (
	BlockNothing  Block = 0
	BlockReset    Block = 1 // offers to reset the device
	BlockRetry    Block = 2 // offers to try again
	BlockContinue Block = 4 // offers to go on all the same
)

// expected is a list with its nodes for the device and for the user.
type expected struct {
	field        string
	items        []string
	device, user node.Named[node.AddDeleteGetReplace[string]]
}

func (f *FirstSync) expected() [6]expected {
	return [...]expected{
		{"Policies", f.Policies, ProviderFirstSyncStatusExpectedPolicies, UserProviderFirstSyncStatusExpectedPolicies},
		{"Networks", f.Networks, ProviderFirstSyncStatusExpectedNetworkProfiles, UserProviderFirstSyncStatusExpectedNetworkProfiles},
		{"MSIs", f.MSIs, ProviderFirstSyncStatusExpectedMSIAppPackages, UserProviderFirstSyncStatusExpectedMSIAppPackages},
		{"ModernApps", f.ModernApps, ProviderFirstSyncStatusExpectedModernAppPackages, UserProviderFirstSyncStatusExpectedModernAppPackages},
		{"PFXCertificates", f.PFXCertificates, ProviderFirstSyncStatusExpectedPFXCerts, UserProviderFirstSyncStatusExpectedPFXCerts},
		{"SCEPCertificates", f.SCEPCertificates, ProviderFirstSyncStatusExpectedSCEPCerts, UserProviderFirstSyncStatusExpectedSCEPCerts},
	}
}

// Request returns the request for all that is set. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (f FirstSync) Request() (omadm.Request, error) {
	if err := checkProvider(f.Provider); err != nil {
		return omadm.Request{}, err
	}
	var ops []omadm.Op
	for _, list := range f.expected() {
		if len(list.items) == 0 {
			continue
		}
		for _, item := range list.items {
			if _, err := csp.Parse(item); err != nil {
				return omadm.Request{}, fault(list.field, "not the address of a node")
			}
		}
		n := list.device
		if f.User {
			n = list.user
		}
		ops = append(ops, n.At(f.Provider).Replace(csp.JoinItems(list.items...)))
	}
	more, err := f.page()
	switch {
	case err != nil:
		return omadm.Request{}, err
	case f.User && len(more) > 0:
		return omadm.Request{}, fault("User", "what the page shows is for the device")
	}
	if ops = append(ops, more...); len(ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r := omadm.Request{Ops: ops}
	r.Normalize()
	return r, nil
}

// page returns the operations about the page.
func (f *FirstSync) page() (ops []omadm.Op, err error) {
	switch {
	case f.Timeout < 0 || f.Timeout > 24*time.Hour || f.Timeout%time.Minute != 0:
		return nil, fault("Timeout", "not in whole minutes up to a day")
	case f.Block != nil && (*f.Block < 0 || *f.Block > BlockReset|BlockRetry|BlockContinue):
		return nil, fault("Block", "none of those that there are")
	}
	if f.Timeout != 0 {
		ops = append(ops, ProviderFirstSyncStatusTimeOutUntilSyncFailure.At(f.Provider).Replace(int64(f.Timeout/time.Minute)))
	}
	if f.Block != nil {
		ops = append(ops, ProviderFirstSyncStatusBlockInStatusPage.At(f.Provider).Replace(int64(*f.Block)))
	}
	for _, b := range [...]struct {
		v    *bool
		node node.Named[node.GetReplace[bool]]
	}{
		{f.SkipDevice, ProviderFirstSyncStatusSkipDeviceStatusPage}, {f.SkipUser, ProviderFirstSyncStatusSkipUserStatusPage},
		{f.CollectLogs, ProviderFirstSyncStatusAllowCollectLogsButton},
	} {
		if b.v != nil {
			ops = append(ops, b.node.At(f.Provider).Replace(*b.v))
		}
	}
	if f.FailureNotice != "" {
		ops = append(ops, ProviderFirstSyncStatusCustomErrorText.At(f.Provider).Replace(f.FailureNotice))
	}
	return ops, nil
}

// FinishFirstSync returns the request that tells the device, or the user, that the server has sent all that it waits for.
// It has no ID. The error is a *csp.FieldError.
func FinishFirstSync(provider string, user bool) (omadm.Request, error) {
	return firstSync(provider, user, func(s firstSyncNodes) []omadm.Op {
		return []omadm.Op{s.finished.At(provider).Replace(true)}
	})
}

// FirstSyncProgress is how far a device, or a user, is with what it waits for.
type FirstSyncProgress struct {
	Finished bool // the server has said that it has sent all
	Done     bool // the device waits no longer
	Outcome  FirstSyncOutcome
}

// FirstSyncOutcome is how it ended.
type FirstSyncOutcome int64

// The outcomes.
const (
	FirstSyncFailed     FirstSyncOutcome = 0
	FirstSyncSucceeded  FirstSyncOutcome = 1
	FirstSyncInProgress FirstSyncOutcome = 2
)

// firstSyncNodes are the nodes of the progress, which the device and the user both have.
type firstSyncNodes struct {
	finished, done node.Named[node.GetReplace[bool]]
	outcome        node.Named[node.GetReplace[int64]]
}

func nodesOf(user bool) firstSyncNodes {
	if user {
		return firstSyncNodes{
			UserProviderFirstSyncStatusServerHasFinishedProvisioning, UserProviderFirstSyncStatusIsSyncDone,
			UserProviderFirstSyncStatusWasDeviceSuccessfullyProvisioned,
		}
	}
	return firstSyncNodes{
		ProviderFirstSyncStatusServerHasFinishedProvisioning, ProviderFirstSyncStatusIsSyncDone,
		ProviderFirstSyncStatusWasDeviceSuccessfullyProvisioned,
	}
}

func firstSync(provider string, user bool, ops func(firstSyncNodes) []omadm.Op) (omadm.Request, error) {
	if err := checkProvider(provider); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Ops: ops(nodesOf(user))}
	r.Normalize()
	return r, nil
}

// GetFirstSync returns the request that asks how far the device, or the user, is. It has no ID. The error is a
// *csp.FieldError.
func GetFirstSync(provider string, user bool) (omadm.Request, error) {
	return firstSync(provider, user, func(s firstSyncNodes) []omadm.Op {
		return []omadm.Op{s.finished.At(provider).Get(), s.done.At(provider).Get(), s.outcome.At(provider).Get()}
	})
}

// ReadFirstSync reads what a device answered to GetFirstSync. What it does not say is as at the beginning; the error is
// that of a value of another kind.
func ReadFirstSync(provider string, user bool, results ...omadm.Result) (FirstSyncProgress, error) {
	s, outcome := nodesOf(user), int64(FirstSyncInProgress)
	var p FirstSyncProgress
	err := errors.Join(
		node.Into(&p.Finished)(s.finished.At(provider).Value(results...)),
		node.Into(&p.Done)(s.done.At(provider).Value(results...)),
		node.Into(&outcome)(s.outcome.At(provider).Value(results...)),
	)
	p.Outcome = FirstSyncOutcome(outcome)
	return p, err
}
