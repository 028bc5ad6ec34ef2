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

// statuses says what the codes mean, indexed by code. The text begins with the code, which is how a message has it.
var statuses = [...]struct {
	text  string
	class Class
}{
	StatusInProgress:             {"101 In progress", ClassPending},
	StatusOK:                     {"200 OK", ClassSuccess},
	StatusItemAdded:              {"201 Item added", ClassSuccess},
	StatusAccepted:               {"202 Accepted for processing", ClassAccepted},
	StatusNonAuthoritative:       {"203 Non-authoritative response", ClassSuccess},
	StatusNoContent:              {"204 No content", ClassSuccess},
	StatusResetContent:           {"205 Reset content", ClassSuccess},
	StatusPartialContent:         {"206 Partial content", ClassPartial},
	StatusMerged:                 {"207 Conflict resolved with merge", ClassSuccess},
	StatusClientWins:             {"208 Conflict resolved, client wins", ClassSuccess},
	StatusDuplicated:             {"209 Conflict resolved with duplicate", ClassSuccess},
	StatusDeletedWithoutArchive:  {"210 Delete without archive", ClassSuccess},
	StatusItemNotDeleted:         {"211 Item not deleted", ClassNotDone},
	StatusAuthenticationAccepted: {"212 Authentication accepted", ClassAuth},
	StatusChunkedItemAccepted:    {"213 Chunked item accepted and buffered", ClassProgress},
	StatusOperationCancelled:     {"214 Operation cancelled", ClassUser},
	StatusNotExecuted:            {"215 Not executed", ClassNotDone},
	StatusRolledBack:             {"216 Atomic roll back OK", ClassNotDone},
	StatusMultipleChoices:        {"300 Multiple choices", ClassRedirect},
	StatusMovedPermanently:       {"301 Moved permanently", ClassRedirect},
	StatusFound:                  {"302 Found", ClassRedirect},
	StatusSeeOther:               {"303 See other", ClassRedirect},
	StatusNotModified:            {"304 Not modified", ClassUser},
	StatusUseProxy:               {"305 Use proxy", ClassRedirect},
	StatusBadRequest:             {"400 Bad request", ClassClientError},
	StatusInvalidCredentials:     {"401 Invalid credentials", ClassAuth},
	StatusPaymentNeeded:          {"402 Payment needed", ClassClientError},
	StatusForbidden:              {"403 Forbidden", ClassClientError},
	StatusNotFound:               {"404 Not found", ClassClientError},
	StatusCommandNotAllowed:      {"405 Command not allowed", ClassClientError},
	StatusFeatureNotSupported:    {"406 Optional feature not supported", ClassUnsupported},
	StatusMissingCredentials:     {"407 Missing credentials", ClassAuth},
	StatusRequestTimeout:         {"408 Request timeout", ClassUser},
	StatusConflict:               {"409 Conflict", ClassClientError},
	StatusGone:                   {"410 Gone", ClassClientError},
	StatusSizeRequired:           {"411 Size required", ClassClientError},
	StatusIncompleteCommand:      {"412 Incomplete command", ClassClientError},
	StatusEntityTooLarge:         {"413 Request entity too large", ClassLimit},
	StatusURITooLong:             {"414 URI too long", ClassLimit},
	StatusUnsupportedFormat:      {"415 Unsupported media type or format", ClassUnsupported},
	StatusRequestedSizeTooBig:    {"416 Requested size too big", ClassLimit},
	StatusRetryLater:             {"417 Retry later", ClassRetry},
	StatusAlreadyExists:          {"418 Already exists", ClassClientError},
	StatusServerWins:             {"419 Conflict resolved, server wins", ClassSuccess},
	StatusDeviceFull:             {"420 Device full", ClassLimit},
	StatusUnknownSearchGrammar:   {"421 Unknown search grammar", ClassUnsupported},
	StatusBadCGIScript:           {"422 Bad CGI script", ClassClientError},
	StatusSoftDeleteConflict:     {"423 Soft-delete conflict", ClassClientError},
	StatusSizeMismatch:           {"424 Size mismatch", ClassClientError},
	StatusPermissionDenied:       {"425 Permission denied", ClassRights},
	StatusPartialItemNotAccepted: {"426 Partial item not accepted", ClassRetry},
	StatusItemNotEmpty:           {"427 Item not empty", ClassClientError},
	StatusMoveFailed:             {"428 Move failed", ClassClientError},
	StatusCommandFailed:          {"500 Command failed", ClassPeerError},
	StatusNotImplemented:         {"501 Command not implemented", ClassUnsupported},
	StatusBadGateway:             {"502 Bad gateway", ClassPeerError},
	StatusServiceUnavailable:     {"503 Service unavailable", ClassRetry},
	StatusGatewayTimeout:         {"504 Gateway timeout", ClassRetry},
	StatusDTDVersionNotSupported: {"505 DTD version not supported", ClassVersion},
	StatusProcessingError:        {"506 Processing error", ClassRetry},
	StatusAtomicFailed:           {"507 Atomic failed", ClassGroup},
	StatusRefreshRequired:        {"508 Refresh required", ClassPeerError},
	StatusDataStoreFailure:       {"510 Data store failure", ClassPeerError},
	StatusServerFailure:          {"511 Server failure", ClassPeerError},
	StatusSynchronizationFailed:  {"512 Synchronization failed", ClassRetry},
	StatusProtocolNotSupported:   {"513 Protocol version not supported", ClassVersion},
	StatusAlreadyCancelled:       {"514 Operation already cancelled", ClassRetry},
	StatusAtomicRollBackFailed:   {"516 Atomic roll back failed", ClassGroup},
	StatusAtomicResponseTooLarge: {"517 Atomic response too large to fit", ClassGroup},
}

// hundreds classes the codes that statuses does not name, by their hundreds: 404 is 4. The codes of
// applications, 1100 to 1599, repeat the meanings of 100 to 599.
var hundreds = [...]Class{
	1: ClassPending, 2: ClassSuccess, 3: ClassRedirect, 4: ClassClientError, 5: ClassPeerError,
	11: ClassPending, 12: ClassSuccess, 13: ClassRedirect, 14: ClassClientError, 15: ClassPeerError,
}

// Known reports whether the specification gives s a meaning.
func (s Status) Known() bool {
	return s >= 0 && int(s) < len(statuses) && statuses[s].text != ""
}

// String returns the code and its name, "404 Not found"; only the number of an unknown code.
func (s Status) String() string {
	if !s.Known() {
		return strconv.Itoa(int(s))
	}
	return statuses[s].text
}

// code returns the digits of s, as they stand in the Data of a Status.
func (s Status) code() string {
	if !s.Known() {
		return strconv.Itoa(int(s))
	}
	return statuses[s].text[:3]
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
