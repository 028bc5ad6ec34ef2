package simdevice

import (
	"errors"
	"fmt"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// Report is what a device has to say about a session.
type Report struct {
	SessionID  string
	Began      time.Time
	Ended      time.Time
	Messages   int // messages of the device that were sent, repeats not counted
	Commands   int // commands of the server that were answered, members of groups included, groups themselves not
	End        End
	Header     omadm.Status // last status of the server for a header; 0: none
	Violations []Violation  // in the order found, the first 1,000
}

// Err returns nil when the session was completed without a violation, else an error that names all there is.
func (r Report) Err() error {
	var errs []error
	for _, v := range r.Violations {
		errs = append(errs, v)
	}
	if r.End != Completed {
		errs = append(errs, fmt.Errorf("simdevice: session %q %v", r.SessionID, r.End))
	}
	return errors.Join(errs...)
}

// End is how a session ended.
type End uint8

// The ends.
const (
	Broken        End = iota // by an error
	Completed                // the server had nothing more to say
	Refused                  // the server did not accept the header: see Report.Header
	ServerAborted            // Alert 1223 from the server
	DeviceAborted            // Alert 1223 from the device: something fits in no message, or there is too much to say
	Stopped                  // by a Fault
	Distrusted               // the server did not prove itself, though it was challenged
)

var ends = [...]string{
	Broken: "broken", Completed: "completed", Refused: "refused", ServerAborted: "aborted by the server",
	DeviceAborted: "aborted by the device", Stopped: "stopped", Distrusted: "ended as the server did not prove itself",
}

// String returns a word or two, such as "completed".
func (e End) String() string {
	if int(e) < len(ends) {
		return ends[e]
	}
	return fmt.Sprintf("End(%d)", uint8(e))
}

// Violation is something that the server did and that the specification forbids.
type Violation struct {
	Row     string // id of the rule in CONFORMANCE.md, such as "P-21"
	Message int    // number of the server's message in the session, counted from 1
	Text    string // what was found and what was expected; never the content of Data
}

// Error returns all three.
func (v Violation) Error() string {
	return fmt.Sprintf("simdevice: message %d of the server breaks %s: %s", v.Message, v.Row, v.Text)
}
