package declaredconfiguration

import (
	"fmt"

	"github.com/gomadm/gomadm/omadm"
)

// Changes is what there is to do about the documents of a device.
type Changes struct {
	Send     []Document // the device has none of this content
	Waiting  []Ref      // the device is about it: nothing is to be sent
	Failed   []Ref      // the device could not do it, and keeps it like that until the checksum changes
	Unwanted []Ref      // the device has it, and it is not wanted: Delete or Abandon it, or leave it alone
}

// Compare compares what a device reported of its documents with those that are wanted. A document whose checksum the
// device has is not sent again, whatever came of it, and neither is one that is on its way to be deleted: it is sent
// when that has ended. The error is a *csp.FieldError, with fields such as "want[1].ID".
//
// What was sent and is not reported yet is not known here: a server that has a request on its way should wait for its
// outcome before it compares again.
func Compare(reported []Reported, want ...Document) (Changes, error) {
	var c Changes
	used := make([]bool, len(reported))
	for i := range want {
		d := &want[i]
		if err := d.Validate(); err != nil {
			return Changes{}, prefix(err, fmt.Sprintf("want[%d].", i))
		}
		for j := range want[:i] {
			if same(d.ID, want[j].ID, d.Context, want[j].Context) {
				return Changes{}, fault(fmt.Sprintf("want[%d].ID", i), "that of want[%d], too", j)
			}
		}
		var found *Reported
		for j := range reported {
			if r := &reported[j]; same(d.ID, r.ID, d.Context, r.Context) {
				found, used[j] = r, true // the last counts
			}
		}
		c.place(d, found)
	}
	for j, r := range reported {
		if !used[j] && !r.State.deletes() {
			c.Unwanted = append(c.Unwanted, r.Ref())
		}
	}
	return c, nil
}

// place says what is to be done about a document that is wanted; r is nil when the device does not report it.
func (c *Changes) place(d *Document, r *Reported) {
	switch {
	case r == nil:
		c.Send = append(c.Send, *d)
	case r.State.deletes() && !r.State.Final():
		c.Waiting = append(c.Waiting, d.Ref())
	case r.State.deletes(), r.Checksum != d.EffectiveChecksum():
		c.Send = append(c.Send, *d)
	case !r.State.Final():
		c.Waiting = append(c.Waiting, d.Ref())
	case r.State.Failed():
		c.Failed = append(c.Failed, d.Ref())
	}
}

// Requests returns the requests that send the documents of Send, in their order. They have no ID: the caller gives them
// theirs. The error is a *csp.FieldError.
func (c *Changes) Requests() ([]omadm.Request, error) {
	var reqs []omadm.Request
	for i := range c.Send {
		r, err := c.Send[i].Request()
		if err != nil {
			return nil, prefix(err, fmt.Sprintf("Send[%d].", i))
		}
		reqs = append(reqs, r)
	}
	return reqs, nil
}
