package omadm

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/syncml"
)

// Result is what a device reported about one operation of a request. A request has one Result for each status
// and each Results command received, in the order received.
type Result struct {
	Request RequestID
	// Op is the index of the operation in Request.Ops, or GroupOp for the status of the Atomic or Sequence itself.
	Op int
	// Status is the status code; 0 in a Result that carries values only.
	Status Status
	// HRESULT is the Windows error that came along with the status (MS-MDM section 2.2.4.3); 0: none.
	HRESULT uint32
	// Items are the items of the status or of the Results command that concern the operation.
	Items []syncml.Item
}

// GroupOp is the Op of a Result about the Atomic or Sequence that holds the operations.
const GroupOp = -1

// Outcome is the end of a request. Each request ends in exactly one.
type Outcome struct {
	Request RequestID
	Kind    Kind
	// Op is the operation that decided, GroupOp for the group; meaningful with Failed, RolledBack and NotExecuted.
	Op int
	// Status and HRESULT are those of the deciding operation; 0: the device reported none.
	Status  Status
	HRESULT uint32
	// Repeated says that the device had already done it on an earlier attempt whose outcome was lost:
	// 418 to an Add or 404 to a Delete that was sent again.
	Repeated bool
	// UndoFailed says that a member of an Atomic could not be undone (516): the device needs repair.
	UndoFailed bool
	// Reason explains outcomes that the server decided itself, without secrets.
	Reason string
	// At is when the outcome was decided, Attempts how often the request had been sent.
	At       time.Time
	Attempts int
}

// Kind is how a request ended.
type Kind uint8

// The kinds of outcome.
const (
	Done        Kind = iota + 1 // executed
	Accepted                    // taken by the device (202), executed later; an Event may tell how it ended
	Failed                      // the device refused or failed
	RolledBack                  // an Atomic failed and was undone (507)
	NotExecuted                 // skipped: the user declined or cancelled, or an earlier member failed (214, 215, 304)
	Refused                     // the server did not send it: it cannot be encoded, or is too large for the device
	Unknown                     // sent, outcome lost, and not to be sent again
	Expired                     // not sent before Request.Expires
	Quarantined                 // sent too often without an answer
	Canceled                    // withdrawn by the application while it waited; Attempts says whether it had been sent
)

var kindNames = [...]string{
	Done: "done", Accepted: "accepted", Failed: "failed", RolledBack: "rolled back", NotExecuted: "not executed",
	Refused: "refused", Unknown: "unknown", Expired: "expired", Quarantined: "quarantined", Canceled: "canceled",
}

// String returns the kind in words, such as "rolled back".
func (k Kind) String() string {
	if int(k) < len(kindNames) && kindNames[k] != "" {
		return kindNames[k]
	}
	return fmt.Sprintf("Kind(%d)", uint8(k))
}

// Event is something a device reported on its own: an alert item, or the end of its enrolment.
type Event struct {
	Alert      AlertCode // 1224 or 1226
	Type       string    // the alert type, white space trimmed
	Format     Format
	Mark       string // importance of a 1226: fatal, critical, minor, warning, informational, harmless, indeterminate
	Source     URI    // node that the event is about, as received; may be empty
	Data       syncml.Data
	Correlator string
	// Request is the request whose Exec carried the correlator, when it is known.
	Request RequestID
	// Unenrolled is set when the event says that the device leaves management. It stays registered until the application
	// unregisters it.
	Unenrolled bool
	At         time.Time
}

// Facts is what a device said about itself: DevInfo by LocURI ("./DevInfo/Man"), what it answered about its limits, its
// build and its edition ("./DevDetail/SwV"), and the alerts of its package 1 by type ("com.microsoft/MDM/LoginStatus").
// It never holds tokens.
type Facts map[string]string
