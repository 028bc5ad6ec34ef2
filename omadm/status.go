package omadm

import (
	"fmt"
	"strconv"
	"strings"
)

// Status is a SyncML status code (SyncML Representation Protocol 1.2, section 10). The zero Status is no code:
// the device has not answered.
type Status int

// The status codes. Those that only data synchronisation uses are here too: a device may send any of them.
const (
	StatusInProgress             Status = 101
	StatusOK                     Status = 200
	StatusItemAdded              Status = 201
	StatusAccepted               Status = 202 // the real outcome comes later
	StatusNonAuthoritative       Status = 203
	StatusNoContent              Status = 204
	StatusResetContent           Status = 205
	StatusPartialContent         Status = 206
	StatusMerged                 Status = 207
	StatusClientWins             Status = 208
	StatusDuplicated             Status = 209
	StatusDeletedWithoutArchive  Status = 210
	StatusItemNotDeleted         Status = 211 // there was nothing to delete
	StatusAuthenticationAccepted Status = 212 // for the whole session
	StatusChunkedItemAccepted    Status = 213 // one chunk stored, more are expected
	StatusOperationCancelled     Status = 214 // by the user
	StatusNotExecuted            Status = 215
	StatusRolledBack             Status = 216 // member of a failed Atomic, undone
	StatusMultipleChoices        Status = 300
	StatusMovedPermanently       Status = 301
	StatusFound                  Status = 302
	StatusSeeOther               Status = 303
	StatusNotModified            Status = 304 // the user answered no
	StatusUseProxy               Status = 305
	StatusBadRequest             Status = 400
	StatusInvalidCredentials     Status = 401
	StatusPaymentNeeded          Status = 402
	StatusForbidden              Status = 403
	StatusNotFound               Status = 404
	StatusCommandNotAllowed      Status = 405
	StatusFeatureNotSupported    Status = 406
	StatusMissingCredentials     Status = 407
	StatusRequestTimeout         Status = 408 // the user did not answer in time
	StatusConflict               Status = 409
	StatusGone                   Status = 410
	StatusSizeRequired           Status = 411
	StatusIncompleteCommand      Status = 412
	StatusEntityTooLarge         Status = 413
	StatusURITooLong             Status = 414
	StatusUnsupportedFormat      Status = 415
	StatusRequestedSizeTooBig    Status = 416
	StatusRetryLater             Status = 417
	StatusAlreadyExists          Status = 418
	StatusServerWins             Status = 419
	StatusDeviceFull             Status = 420
	StatusUnknownSearchGrammar   Status = 421
	StatusBadCGIScript           Status = 422
	StatusSoftDeleteConflict     Status = 423
	StatusSizeMismatch           Status = 424
	StatusPermissionDenied       Status = 425 // by the ACL
	StatusPartialItemNotAccepted Status = 426
	StatusItemNotEmpty           Status = 427
	StatusMoveFailed             Status = 428
	StatusCommandFailed          Status = 500
	StatusNotImplemented         Status = 501
	StatusBadGateway             Status = 502
	StatusServiceUnavailable     Status = 503
	StatusGatewayTimeout         Status = 504
	StatusDTDVersionNotSupported Status = 505 // VerDTD
	StatusProcessingError        Status = 506
	StatusAtomicFailed           Status = 507
	StatusRefreshRequired        Status = 508
	StatusDataStoreFailure       Status = 510
	StatusServerFailure          Status = 511
	StatusSynchronizationFailed  Status = 512
	StatusProtocolNotSupported   Status = 513 // VerProto
	StatusAlreadyCancelled       Status = 514
	StatusAtomicRollBackFailed   Status = 516 // the device needs repair
	StatusAtomicResponseTooLarge Status = 517 // undone
)

// Class is what kind of answer a status code is. The specification gives only the hundreds digit a meaning;
// the classes are what a server has to tell apart.
type Class uint8

// The classes.
const (
	ClassUnknown     Class = iota // no code, or one without a common meaning
	ClassPending                  // work has begun, another code follows
	ClassSuccess                  // done
	ClassAccepted                 // taken, the outcome comes later
	ClassPartial                  // done in part
	ClassAuth                     // about credentials
	ClassProgress                 // a chunk was stored
	ClassUser                     // the user decided, or did not
	ClassNotDone                  // not executed or undone, without fault of the command
	ClassRedirect                 // to be found elsewhere
	ClassClientError              // fault of the command
	ClassUnsupported              // the device cannot do that
	ClassLimit                    // a limit of the device was exceeded
	ClassRetry                    // to be tried again
	ClassRights                   // forbidden by the ACL
	ClassPeerError                // fault of the device
	ClassVersion                  // VerDTD or VerProto refused
	ClassGroup                    // an Atomic failed
)

var classNames = [...]string{
	ClassUnknown: "unknown", ClassPending: "pending", ClassSuccess: "success", ClassAccepted: "accepted",
	ClassPartial: "partial", ClassAuth: "auth", ClassProgress: "progress", ClassUser: "user",
	ClassNotDone: "not done", ClassRedirect: "redirect", ClassClientError: "client error",
	ClassUnsupported: "unsupported", ClassLimit: "limit", ClassRetry: "retry", ClassRights: "rights",
	ClassPeerError: "peer error", ClassVersion: "version", ClassGroup: "group",
}

// String returns the name of the class, such as "client error".
func (c Class) String() string {
	if int(c) < len(classNames) {
		return classNames[c]
	}
	return fmt.Sprintf("Class(%d)", uint8(c))
}

// statuses says what the codes mean, indexed by code.
var statuses = [...]struct {
	name  string
	class Class
}{
	StatusInProgress:             {"In progress", ClassPending},
	StatusOK:                     {"OK", ClassSuccess},
	StatusItemAdded:              {"Item added", ClassSuccess},
	StatusAccepted:               {"Accepted for processing", ClassAccepted},
	StatusNonAuthoritative:       {"Non-authoritative response", ClassSuccess},
	StatusNoContent:              {"No content", ClassSuccess},
	StatusResetContent:           {"Reset content", ClassSuccess},
	StatusPartialContent:         {"Partial content", ClassPartial},
	StatusMerged:                 {"Conflict resolved with merge", ClassSuccess},
	StatusClientWins:             {"Conflict resolved, client wins", ClassSuccess},
	StatusDuplicated:             {"Conflict resolved with duplicate", ClassSuccess},
	StatusDeletedWithoutArchive:  {"Delete without archive", ClassSuccess},
	StatusItemNotDeleted:         {"Item not deleted", ClassNotDone},
	StatusAuthenticationAccepted: {"Authentication accepted", ClassAuth},
	StatusChunkedItemAccepted:    {"Chunked item accepted and buffered", ClassProgress},
	StatusOperationCancelled:     {"Operation cancelled", ClassUser},
	StatusNotExecuted:            {"Not executed", ClassNotDone},
	StatusRolledBack:             {"Atomic roll back OK", ClassNotDone},
	StatusMultipleChoices:        {"Multiple choices", ClassRedirect},
	StatusMovedPermanently:       {"Moved permanently", ClassRedirect},
	StatusFound:                  {"Found", ClassRedirect},
	StatusSeeOther:               {"See other", ClassRedirect},
	StatusNotModified:            {"Not modified", ClassUser},
	StatusUseProxy:               {"Use proxy", ClassRedirect},
	StatusBadRequest:             {"Bad request", ClassClientError},
	StatusInvalidCredentials:     {"Invalid credentials", ClassAuth},
	StatusPaymentNeeded:          {"Payment needed", ClassClientError},
	StatusForbidden:              {"Forbidden", ClassClientError},
	StatusNotFound:               {"Not found", ClassClientError},
	StatusCommandNotAllowed:      {"Command not allowed", ClassClientError},
	StatusFeatureNotSupported:    {"Optional feature not supported", ClassUnsupported},
	StatusMissingCredentials:     {"Missing credentials", ClassAuth},
	StatusRequestTimeout:         {"Request timeout", ClassUser},
	StatusConflict:               {"Conflict", ClassClientError},
	StatusGone:                   {"Gone", ClassClientError},
	StatusSizeRequired:           {"Size required", ClassClientError},
	StatusIncompleteCommand:      {"Incomplete command", ClassClientError},
	StatusEntityTooLarge:         {"Request entity too large", ClassLimit},
	StatusURITooLong:             {"URI too long", ClassLimit},
	StatusUnsupportedFormat:      {"Unsupported media type or format", ClassUnsupported},
	StatusRequestedSizeTooBig:    {"Requested size too big", ClassLimit},
	StatusRetryLater:             {"Retry later", ClassRetry},
	StatusAlreadyExists:          {"Already exists", ClassClientError},
	StatusServerWins:             {"Conflict resolved, server wins", ClassSuccess},
	StatusDeviceFull:             {"Device full", ClassLimit},
	StatusUnknownSearchGrammar:   {"Unknown search grammar", ClassUnsupported},
	StatusBadCGIScript:           {"Bad CGI script", ClassClientError},
	StatusSoftDeleteConflict:     {"Soft-delete conflict", ClassClientError},
	StatusSizeMismatch:           {"Size mismatch", ClassClientError},
	StatusPermissionDenied:       {"Permission denied", ClassRights},
	StatusPartialItemNotAccepted: {"Partial item not accepted", ClassRetry},
	StatusItemNotEmpty:           {"Item not empty", ClassClientError},
	StatusMoveFailed:             {"Move failed", ClassClientError},
	StatusCommandFailed:          {"Command failed", ClassPeerError},
	StatusNotImplemented:         {"Command not implemented", ClassUnsupported},
	StatusBadGateway:             {"Bad gateway", ClassPeerError},
	StatusServiceUnavailable:     {"Service unavailable", ClassRetry},
	StatusGatewayTimeout:         {"Gateway timeout", ClassRetry},
	StatusDTDVersionNotSupported: {"DTD version not supported", ClassVersion},
	StatusProcessingError:        {"Processing error", ClassRetry},
	StatusAtomicFailed:           {"Atomic failed", ClassGroup},
	StatusRefreshRequired:        {"Refresh required", ClassPeerError},
	StatusDataStoreFailure:       {"Data store failure", ClassPeerError},
	StatusServerFailure:          {"Server failure", ClassPeerError},
	StatusSynchronizationFailed:  {"Synchronization failed", ClassRetry},
	StatusProtocolNotSupported:   {"Protocol version not supported", ClassVersion},
	StatusAlreadyCancelled:       {"Operation already cancelled", ClassRetry},
	StatusAtomicRollBackFailed:   {"Atomic roll back failed", ClassGroup},
	StatusAtomicResponseTooLarge: {"Atomic response too large to fit", ClassGroup},
}

// hundreds classes the codes that statuses does not name, by their hundreds: 404 is 4. The codes of
// applications, 1100 to 1599, repeat the meanings of 100 to 599.
var hundreds = [...]Class{
	1: ClassPending, 2: ClassSuccess, 3: ClassRedirect, 4: ClassClientError, 5: ClassPeerError,
	11: ClassPending, 12: ClassSuccess, 13: ClassRedirect, 14: ClassClientError, 15: ClassPeerError,
}

// Known reports whether the specification gives s a meaning.
func (s Status) Known() bool {
	return s >= 0 && int(s) < len(statuses) && statuses[s].name != ""
}

// String returns the code and its name, "404 Not found"; only the number of an unknown code.
func (s Status) String() string {
	if !s.Known() {
		return strconv.Itoa(int(s))
	}
	return strconv.Itoa(int(s)) + " " + statuses[s].name
}

// Class returns the class of s. A code without a meaning of its own is classed by its hundreds.
func (s Status) Class() Class {
	if s.Known() {
		return statuses[s].class
	}
	if h := int(s) / 100; s > 0 && h < len(hundreds) {
		return hundreds[h]
	}
	return ClassUnknown
}

// Success reports whether s says that the command was executed or, with 202, taken: a 2xx code other than 213
// (a chunk), 214, 215 and 216 (not executed, or undone). No other code is a success, whatever its class.
func (s Status) Success() bool {
	switch s {
	case StatusChunkedItemAccepted, StatusOperationCancelled, StatusNotExecuted, StatusRolledBack:
		return false
	}
	return s/100 == 2
}

// ParseStatus reads the content of the Data element of a Status. White space around the number is ignored.
// Every decimal number of three or four digits is a code, known or not.
func ParseStatus(s string) (Status, error) {
	n, err := parseCode("status", s)
	return Status(n), err
}

// parseCode reads a code of three or four decimal digits. The error does not repeat what a device sent.
func parseCode(what, s string) (int, error) {
	s = strings.TrimSpace(s)
	if len(s) < 3 || len(s) > 4 || s[0] == '0' {
		return 0, fmt.Errorf("omadm: %s code of %d octets is not a number from 100 to 9999", what, len(s))
	}
	n := 0
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return 0, fmt.Errorf("omadm: %s code is not a number: octet %d", what, i)
		}
		n = n*10 + int(s[i]-'0')
	}
	return n, nil
}
