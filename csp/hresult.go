package csp

import (
	"fmt"

	"github.com/gomadm/gomadm/omadm"
)

// HRESULT is an error of Windows. It comes with a status (omadm.Result.HRESULT), in nodes such as LastError or ErrorCode,
// and in alerts. Management consoles show it as a negative decimal number.
type HRESULT uint32

// families are what the upper half of an HRESULT says about where it is from.
const (
	familyWin32   = 0x8007_0000 // an error of Win32 in the lower half
	familyStatus  = 0x87d1_0000 // a SyncML status in the lower half, as Intune writes it
	familyConfig  = 0x8600_0000 // Configuration Manager and the policy engine
	familyLicense = 0x82b0_0000 // licensing of policies
	familyEnroll  = 0x8018_0000 // enrolment
	familyMask    = 0xffff_0000
)

// Status returns the SyncML status that h wraps: 0x87D10194 is 404. It returns false for any other HRESULT.
func (h HRESULT) Status() (omadm.Status, bool) {
	if h&familyMask != familyStatus {
		return 0, false
	}
	s := omadm.Status(h &^ familyMask)
	return s, s.Known()
}

// String returns h in hexadecimal, 0x87D10194.
func (h HRESULT) String() string { return fmt.Sprintf("0x%08X", uint32(h)) }

// Failed reports whether h stands for a failure.
func (h HRESULT) Failed() bool { return h&0x8000_0000 != 0 }

// Retry says whether it helps to send an operation again as it is.
type Retry uint8

// The answers.
const (
	RetryNever  Retry = iota // not before something changes
	RetryOnce                // it may have been bad luck
	RetryLater               // with growing intervals
	RetryAtUser              // when a user is signed in
	RetryFixed               // not as it is, but as the hint says
)

var retryNames = [...]string{
	RetryNever: "never", RetryOnce: "once", RetryLater: "later", RetryAtUser: "when a user is signed in",
	RetryFixed: "changed",
}

// String returns the answer in words.
func (r Retry) String() string {
	if int(r) < len(retryNames) {
		return retryNames[r]
	}
	return fmt.Sprintf("Retry(%d)", uint8(r))
}

// MarshalText returns String.
func (r Retry) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// meaning is what a status or an HRESULT says by itself.
type meaning struct {
	cause Code // what Check would have said; empty when it could not have known
	retry Retry
	hint  string
}

// statusMeanings are those of the statuses that say that something is not done. What is not here speaks for itself.
var statusMeanings = lookup[omadm.Status, meaning]{
	{omadm.StatusInProgress, meaning{"", RetryLater, "the device is still at work; the outcome follows"}},
	{omadm.StatusAccepted, meaning{"", RetryNever, "taken; wait for an alert 1224 or 1226, or get the node that holds the state"}},
	{omadm.StatusChunkedItemAccepted, meaning{"", RetryNever, "a part has arrived; the others are to follow"}},
	{omadm.StatusOperationCancelled, meaning{"", RetryNever, "the user cancelled; what came behind in the message was not done either"}},
	{omadm.StatusNotExecuted, meaning{"", RetryNever, "not done, because the user refused or an earlier command of the group failed: look there"}},
	{omadm.StatusRolledBack, meaning{"", RetryNever, "undone because another command of the Atomic failed: its status tells why"}},
	{omadm.StatusNotModified, meaning{"", RetryNever, "the user answered no"}},
	{omadm.StatusBadRequest, meaning{"", RetryNever, "the command is malformed; a wrong identifier or wrong nesting spoils a whole message"}},
	{omadm.StatusInvalidCredentials, meaning{"", RetryNever, "the device does not accept the credentials of the server"}},
	{omadm.StatusForbidden, meaning{"", RetryNever, "understood and refused"}},
	{omadm.StatusNotFound, meaning{CodeNodeUnknown, RetryNever, "no such node: not there yet, or not in this build or edition"}},
	{omadm.StatusCommandNotAllowed, meaning{CodeVerbDenied, RetryNever, "the node does not take this command, or no user is signed in, or the edition lacks it"}},
	{omadm.StatusFeatureNotSupported, meaning{"", RetryNever, "an optional feature that the device lacks"}},
	{omadm.StatusMissingCredentials, meaning{"", RetryNever, "the device wants credentials first"}},
	{omadm.StatusRequestTimeout, meaning{"", RetryLater, "nobody answered in time"}},
	{omadm.StatusIncompleteCommand, meaning{CodeValueMissing, RetryNever, "something is missing in the command"}},
	{omadm.StatusEntityTooLarge, meaning{"", RetryNever, "larger than the device takes"}},
	{omadm.StatusURITooLong, meaning{CodeURISyntax, RetryNever, "the address exceeds what DevDetail/URI permits"}},
	{omadm.StatusUnsupportedFormat, meaning{CodeValueFormat, RetryFixed, "the format is not that of the node"}},
	{omadm.StatusRequestedSizeTooBig, meaning{"", RetryNever, "larger than the device takes"}},
	{omadm.StatusRetryLater, meaning{"", RetryLater, "the device asks to be left alone for a while"}},
	{omadm.StatusAlreadyExists, meaning{"", RetryFixed, "the node is there already: Replace it"}},
	{omadm.StatusDeviceFull, meaning{"", RetryNever, "no room left on the device"}},
	{omadm.StatusSizeMismatch, meaning{"", RetryNever, "the parts do not add up to the size that was announced"}},
	{omadm.StatusPermissionDenied, meaning{"", RetryNever, "another source owns the setting, or the access control list forbids it"}},
	{omadm.StatusPartialItemNotAccepted, meaning{"", RetryOnce, "the value has to be sent again as a whole"}},
	{omadm.StatusItemNotEmpty, meaning{"", RetryNever, "the node still has children"}},
	{omadm.StatusCommandFailed, meaning{"", RetryOnce, "as a rule the value: out of range, XML that is refused, or something that has no place in an Atomic"}},
	{omadm.StatusNotImplemented, meaning{"", RetryNever, "the device does not know the command"}},
	{omadm.StatusServiceUnavailable, meaning{"", RetryLater, "the device is busy"}},
	{omadm.StatusProcessingError, meaning{"", RetryOnce, "the device failed"}},
	{omadm.StatusAtomicFailed, meaning{"", RetryNever, "a command of the Atomic failed: its status tells why"}},
	{omadm.StatusServerFailure, meaning{"", RetryLater, "the device failed badly"}},
	{omadm.StatusAtomicRollBackFailed, meaning{"", RetryNever, "the Atomic could not be undone: the device needs repair"}},
	{omadm.StatusAtomicResponseTooLarge, meaning{"", RetryFixed, "the statuses of the Atomic do not fit into a message: make it smaller"}},
}

// hresultMeanings are those of HRESULTs with a meaning of their own.
var hresultMeanings = lookup[HRESULT, meaning]{
	{0x87d1_fde8, meaning{CodeDependUnmet, RetryOnce, "set, but read back with another value: it depends on something, another source won, or the device spells it otherwise"}},
	{0x82b0_0006, meaning{CodeEditionUnsupported, RetryNever, "the policy is not in the licence of this edition"}},

	{0x8018_0001, meaning{"", RetryNever, "enrolment: the message is malformed"}},
	{0x8018_0002, meaning{"", RetryNever, "enrolment: the user could not be authenticated"}},
	{0x8018_0003, meaning{"", RetryNever, "enrolment: the user may not enrol devices"}},
	{0x8018_0004, meaning{"", RetryOnce, "enrolment: the template of the certificate is not permitted, or its authority cannot be reached"}},
	{0x8018_0005, meaning{"", RetryOnce, "enrolment: the server failed"}},
	{0x8018_0006, meaning{"", RetryOnce, "enrolment: the server failed badly"}},
	{0x8018_0007, meaning{"", RetryNever, "enrolment: the security header is wrong"}},
	{0x8018_0013, meaning{"", RetryNever, "enrolment: the user has too many devices"}},
	{0x8018_0014, meaning{"", RetryNever, "enrolment: the platform or its version is refused"}},
	{0x8018_0015, meaning{"", RetryNever, "enrolment: management of this device is refused"}},
	{0x8018_0016, meaning{"", RetryNever, "enrolment: the certificate cannot be renewed"}},
	{0x8018_0017, meaning{"", RetryLater, "enrolment: the server is in maintenance"}},
	{0x8018_0018, meaning{"", RetryNever, "enrolment: the user has no licence"}},
	{0x8018_0019, meaning{"", RetryNever, "enrolment: the data of the enrolment is refused"}},

	{0x8600_0001, meaning{CodeValueFormat, RetryFixed, "the data is not of the type that the node takes"}},
	{0x8600_0002, meaning{CodeNodeUnknown, RetryNever, "no such node"}},
	{0x8600_0003, meaning{CodeAtomicGet, RetryFixed, "not permitted in a transaction: take it out of the Atomic"}},
	{0x8600_0004, meaning{CodeAtomicRequired, RetryFixed, "permitted in a transaction only: put it into an Atomic"}},
	{0x8600_0005, meaning{"", RetryOnce, "the execution failed"}},
	{0x8600_000e, meaning{CodeDependUnmet, RetryNever, "an operation that this one depends on failed"}},
	{0x8600_000f, meaning{"", RetryNever, "the node is in a state in which this cannot be done"}},
	{0x8600_0010, meaning{CodeAtomicRequired, RetryFixed, "needs a transaction: put it into an Atomic"}},
	{0x8600_0011, meaning{CodeVerbDenied, RetryNever, "the node does not take this command"}},
	{0x8600_0014, meaning{CodeValueFormat, RetryFixed, "the value has the wrong meaning for this node"}},
	{0x8600_0015, meaning{CodeNamePattern, RetryFixed, "a name in the address is forbidden"}},
	{0x8600_0016, meaning{"", RetryNever, "access denied"}},
	{0x8600_0017, meaning{"", RetryNever, "the value is a secret and is not told"}},
	{0x8600_0018, meaning{CodeValueFormat, RetryFixed, "the XML of the value cannot be read"}},
	{0x8600_0019, meaning{"", RetryLater, "it took too long"}},
	{0x8600_0022, meaning{CodeBatchScope, RetryAtUser, "no user to whom the setting could belong"}},
	{0x8600_0023, meaning{"", RetryNever, "another configuration source owns the setting"}},
}

// win32Meanings are those of the errors of Win32 that providers pass on most.
var win32Meanings = lookup[HRESULT, meaning]{
	{0x02, meaning{CodeNodeUnknown, RetryNever, "a file is not there"}},
	{0x03, meaning{CodeNodeUnknown, RetryNever, "a path is not there"}},
	{0x05, meaning{"", RetryNever, "access denied"}},
	{0x0d, meaning{CodeValueFormat, RetryFixed, "the data is invalid"}},
	{0x0e, meaning{"", RetryLater, "not enough memory"}},
	{0x20, meaning{"", RetryLater, "a file is in use"}},
	{0x32, meaning{CodeBuildUnsupported, RetryNever, "not supported"}},
	{0x57, meaning{CodeValueFormat, RetryFixed, "a parameter is wrong"}},
	{0x70, meaning{"", RetryNever, "no room left on the disk"}},
	{0x7b, meaning{CodeNamePattern, RetryFixed, "a name is wrong"}},

	{0xb7, meaning{"", RetryFixed, "already there: Replace it"}},
	{0x490, meaning{CodeNodeUnknown, RetryNever, "the element is not there"}},
	{0x4c7, meaning{"", RetryNever, "the user cancelled"}},
	{0x5b4, meaning{"", RetryLater, "it took too long"}},
	{0x641, meaning{"", RetryLater, "the installer cannot be reached"}},
	{0x643, meaning{"", RetryOnce, "the installation failed"}},
	{0x652, meaning{"", RetryLater, "another installation is going on"}},
	{0xbc2, meaning{CodeRebootNeeded, RetryNever, "done, once the device has restarted"}},
}

// meaningOf returns what h says by itself.
func meaningOf(h HRESULT) (meaning, bool) {
	if m, ok := hresultMeanings.find(h); ok {
		return m, true
	}
	if s, ok := h.Status(); ok {
		return statusMeanings.find(s)
	}
	if h&familyMask == familyWin32 {
		return win32Meanings.find(h &^ familyMask)
	}
	return meaning{}, false
}

// family says where h is from; empty when that is not known.
func (h HRESULT) family() string {
	switch h & familyMask {
	case familyWin32:
		return "Win32"
	case familyStatus:
		return "SyncML status"
	case familyConfig:
		return "configuration"
	case familyLicense:
		return "licensing"
	case familyEnroll:
		return "enrolment"
	}
	return ""
}
