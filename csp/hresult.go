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
var statusMeanings = map[omadm.Status]meaning{
	omadm.StatusInProgress:             {"", RetryLater, "the device is still at work; the outcome follows"},
	omadm.StatusAccepted:               {"", RetryNever, "taken; wait for an alert 1224 or 1226, or get the node that holds the state"},
	omadm.StatusChunkedItemAccepted:    {"", RetryNever, "a part has arrived; the others are to follow"},
	omadm.StatusOperationCancelled:     {"", RetryNever, "the user cancelled; what came behind in the message was not done either"},
	omadm.StatusNotExecuted:            {"", RetryNever, "not done, because the user refused or an earlier command of the group failed: look there"},
	omadm.StatusRolledBack:             {"", RetryNever, "undone because another command of the Atomic failed: its status tells why"},
	omadm.StatusNotModified:            {"", RetryNever, "the user answered no"},
	omadm.StatusBadRequest:             {"", RetryNever, "the command is malformed; a wrong identifier or wrong nesting spoils a whole message"},
	omadm.StatusInvalidCredentials:     {"", RetryNever, "the device does not accept the credentials of the server"},
	omadm.StatusForbidden:              {"", RetryNever, "understood and refused"},
	omadm.StatusNotFound:               {CodeNodeUnknown, RetryNever, "no such node: not there yet, or not in this build or edition"},
	omadm.StatusCommandNotAllowed:      {CodeVerbDenied, RetryNever, "the node does not take this command, or no user is signed in, or the edition lacks it"},
	omadm.StatusFeatureNotSupported:    {"", RetryNever, "an optional feature that the device lacks"},
	omadm.StatusMissingCredentials:     {"", RetryNever, "the device wants credentials first"},
	omadm.StatusRequestTimeout:         {"", RetryLater, "nobody answered in time"},
	omadm.StatusIncompleteCommand:      {CodeValueMissing, RetryNever, "something is missing in the command"},
	omadm.StatusEntityTooLarge:         {"", RetryNever, "larger than the device takes"},
	omadm.StatusURITooLong:             {CodeURISyntax, RetryNever, "the address exceeds what DevDetail/URI permits"},
	omadm.StatusUnsupportedFormat:      {CodeValueFormat, RetryFixed, "the format is not that of the node"},
	omadm.StatusRequestedSizeTooBig:    {"", RetryNever, "larger than the device takes"},
	omadm.StatusRetryLater:             {"", RetryLater, "the device asks to be left alone for a while"},
	omadm.StatusAlreadyExists:          {"", RetryFixed, "the node is there already: Replace it"},
	omadm.StatusDeviceFull:             {"", RetryNever, "no room left on the device"},
	omadm.StatusSizeMismatch:           {"", RetryNever, "the parts do not add up to the size that was announced"},
	omadm.StatusPermissionDenied:       {"", RetryNever, "another source owns the setting, or the access control list forbids it"},
	omadm.StatusPartialItemNotAccepted: {"", RetryOnce, "the value has to be sent again as a whole"},
	omadm.StatusItemNotEmpty:           {"", RetryNever, "the node still has children"},
	omadm.StatusCommandFailed:          {"", RetryOnce, "as a rule the value: out of range, XML that is refused, or something that has no place in an Atomic"},
	omadm.StatusNotImplemented:         {"", RetryNever, "the device does not know the command"},
	omadm.StatusServiceUnavailable:     {"", RetryLater, "the device is busy"},
	omadm.StatusProcessingError:        {"", RetryOnce, "the device failed"},
	omadm.StatusAtomicFailed:           {"", RetryNever, "a command of the Atomic failed: its status tells why"},
	omadm.StatusServerFailure:          {"", RetryLater, "the device failed badly"},
	omadm.StatusAtomicRollBackFailed:   {"", RetryNever, "the Atomic could not be undone: the device needs repair"},
	omadm.StatusAtomicResponseTooLarge: {"", RetryFixed, "the statuses of the Atomic do not fit into a message: make it smaller"},
}

// hresultMeanings are those of HRESULTs with a meaning of their own.
var hresultMeanings = map[HRESULT]meaning{
	0x87d1_fde8: {CodeDependUnmet, RetryOnce, "set, but read back with another value: it depends on something, another source won, or the device spells it otherwise"},
	0x82b0_0006: {CodeEditionUnsupported, RetryNever, "the policy is not in the licence of this edition"},

	0x8018_0001: {"", RetryNever, "enrolment: the message is malformed"},
	0x8018_0002: {"", RetryNever, "enrolment: the user could not be authenticated"},
	0x8018_0003: {"", RetryNever, "enrolment: the user may not enrol devices"},
	0x8018_0004: {"", RetryOnce, "enrolment: the template of the certificate is not permitted, or its authority cannot be reached"},
	0x8018_0005: {"", RetryOnce, "enrolment: the server failed"},
	0x8018_0006: {"", RetryOnce, "enrolment: the server failed badly"},
	0x8018_0007: {"", RetryNever, "enrolment: the security header is wrong"},
	0x8018_0013: {"", RetryNever, "enrolment: the user has too many devices"},
	0x8018_0014: {"", RetryNever, "enrolment: the platform or its version is refused"},
	0x8018_0015: {"", RetryNever, "enrolment: management of this device is refused"},
	0x8018_0016: {"", RetryNever, "enrolment: the certificate cannot be renewed"},
	0x8018_0017: {"", RetryLater, "enrolment: the server is in maintenance"},
	0x8018_0018: {"", RetryNever, "enrolment: the user has no licence"},
	0x8018_0019: {"", RetryNever, "enrolment: the data of the enrolment is refused"},

	0x8600_0001: {CodeValueFormat, RetryFixed, "the data is not of the type that the node takes"},
	0x8600_0002: {CodeNodeUnknown, RetryNever, "no such node"},
	0x8600_0003: {CodeAtomicGet, RetryFixed, "not permitted in a transaction: take it out of the Atomic"},
	0x8600_0004: {CodeAtomicRequired, RetryFixed, "permitted in a transaction only: put it into an Atomic"},
	0x8600_0005: {"", RetryOnce, "the execution failed"},
	0x8600_000e: {CodeDependUnmet, RetryNever, "an operation that this one depends on failed"},
	0x8600_000f: {"", RetryNever, "the node is in a state in which this cannot be done"},
	0x8600_0010: {CodeAtomicRequired, RetryFixed, "needs a transaction: put it into an Atomic"},
	0x8600_0011: {CodeVerbDenied, RetryNever, "the node does not take this command"},
	0x8600_0014: {CodeValueFormat, RetryFixed, "the value has the wrong meaning for this node"},
	0x8600_0015: {CodeNamePattern, RetryFixed, "a name in the address is forbidden"},
	0x8600_0016: {"", RetryNever, "access denied"},
	0x8600_0017: {"", RetryNever, "the value is a secret and is not told"},
	0x8600_0018: {CodeValueFormat, RetryFixed, "the XML of the value cannot be read"},
	0x8600_0019: {"", RetryLater, "it took too long"},
	0x8600_0022: {CodeBatchScope, RetryAtUser, "no user to whom the setting could belong"},
	0x8600_0023: {"", RetryNever, "another configuration source owns the setting"},
}

// win32Meanings are those of the errors of Win32 that providers pass on most.
var win32Meanings = map[HRESULT]meaning{
	0x02: {CodeNodeUnknown, RetryNever, "a file is not there"},
	0x03: {CodeNodeUnknown, RetryNever, "a path is not there"},
	0x05: {"", RetryNever, "access denied"},
	0x0d: {CodeValueFormat, RetryFixed, "the data is invalid"},
	0x0e: {"", RetryLater, "not enough memory"},
	0x20: {"", RetryLater, "a file is in use"},
	0x32: {CodeBuildUnsupported, RetryNever, "not supported"},
	0x57: {CodeValueFormat, RetryFixed, "a parameter is wrong"},
	0x70: {"", RetryNever, "no room left on the disk"},
	0x7b: {CodeNamePattern, RetryFixed, "a name is wrong"},

	0xb7:  {"", RetryFixed, "already there: Replace it"},
	0x490: {CodeNodeUnknown, RetryNever, "the element is not there"},
	0x4c7: {"", RetryNever, "the user cancelled"},
	0x5b4: {"", RetryLater, "it took too long"},
	0x641: {"", RetryLater, "the installer cannot be reached"},
	0x643: {"", RetryOnce, "the installation failed"},
	0x652: {"", RetryLater, "another installation is going on"},
	0xbc2: {CodeRebootNeeded, RetryNever, "done, once the device has restarted"},
}

// meaningOf returns what h says by itself.
func meaningOf(h HRESULT) (meaning, bool) {
	if m, ok := hresultMeanings[h]; ok {
		return m, true
	}
	if s, ok := h.Status(); ok {
		m, ok := statusMeanings[s]
		return m, ok
	}
	if h&familyMask == familyWin32 {
		m, ok := win32Meanings[h&^familyMask]
		return m, ok
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
