package reboot

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Timetable is when a device restarts: once, each day or each week from a time on. Times that are zero are none. A device
// restarts a few minutes after them, and takes seconds and nothing finer.
type Timetable struct {
	Once   time.Time
	Daily  time.Time
	Weekly time.Time // from Windows 11 24H2 on, and not beside Daily
	// Local says that the clock of the device is to show these times, whatever its zone, so that three at night stays so in
	// summer. They are moments otherwise.
	Local bool
	// Build is that of the device; the zero Build is not known, and then the device may refuse Weekly (404).
	Build csp.Build
}

// weeklySince is the first build with a weekly restart.
const weeklySince = 26100

// Now returns the request that restarts a device when its session is over, or within five minutes. It has no ID: the
// caller gives it one.
func Now() omadm.Request { return omadm.Request{Ops: []omadm.Op{RebootNow.Exec()}} }

// Request returns the request that sets the times that are not zero and leaves all others as they are. It has no ID. The
// error is a *csp.FieldError.
func (t Timetable) Request() (omadm.Request, error) {
	switch {
	case t.Once.IsZero() && t.Daily.IsZero() && t.Weekly.IsZero():
		return omadm.Request{}, fault("", "neither Once, Daily nor Weekly")
	case !t.Daily.IsZero() && !t.Weekly.IsZero():
		return omadm.Request{}, fault("Weekly", "not beside Daily")
	case !t.Weekly.IsZero() && !has(t.Build):
		return omadm.Request{}, fault("Build", fmt.Sprintf("before 10.0.%d, the first with Weekly", weeklySince))
	}
	var r omadm.Request
	for _, s := range t.settings() {
		at, layout := s.dst.UTC(), layoutMoment
		if t.Local {
			at, layout = *s.dst, layoutLocal
		}
		switch year := at.Year(); {
		case s.dst.IsZero():
		case year < 1970 || year > 9999:
			return omadm.Request{}, fault(s.field, "no year of four digits after 1969")
		default:
			r.Ops = append(r.Ops, s.node.Replace(at.Format(layout)))
		}
	}
	return r, nil
}

// Cancel returns the request that takes all times back, as a device of the build has them. It has no ID.
func Cancel(build csp.Build) omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{ScheduleSingle.Replace(""), ScheduleDailyRecurrent.Replace("")}}
	if !build.IsZero() && has(build) {
		r.Ops = append(r.Ops, ScheduleWeeklyRecurrent.Replace(""))
	}
	return r
}

// Get returns the request that asks for the times, as a device of the build has them. It has no ID.
func Get(build csp.Build) omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{ScheduleSingle.Get(), ScheduleDailyRecurrent.Get()}}
	if !build.IsZero() && has(build) {
		r.Ops = append(r.Ops, ScheduleWeeklyRecurrent.Get())
	}
	return r
}

// Read reads what a device answered to Get. Times without a zone are returned as if they were UTC, and Local says that there
// are such. The error is that of what is no time.
func Read(results ...omadm.Result) (Timetable, error) {
	var t Timetable
	for _, s := range t.settings() {
		var text string
		if err := node.Into(&text)(s.node.Value(results...)); err != nil {
			return Timetable{}, err
		}
		if text == "" {
			continue
		}
		at, local, ok := parse(text)
		if !ok {
			return Timetable{}, fmt.Errorf("reboot: %s is no time", s.node.LocURI().Base())
		}
		*s.dst = at
		t.Local = t.Local || local
	}
	return t, nil
}

// The forms of ISO 8601 in which times are sent.
const (
	layoutMoment = "2006-01-02T15:04:05Z"
	layoutLocal  = "2006-01-02T15:04:05"
)

// parse reads a time, and tells whether it has no zone.
func parse(s string) (t time.Time, local, ok bool) {
	for i, layout := range [...]string{time.RFC3339, "2006-01-02T15:04Z07:00", layoutLocal, "2006-01-02T15:04"} {
		if t, err := time.Parse(layout, s); err == nil {
			return t, i >= 2, true
		}
	}
	return t, false, false
}

// setting is one of the times with its node.
type setting struct {
	field string
	node  node.AddDeleteGetReplace[string]
	dst   *time.Time
}

func (t *Timetable) settings() [3]setting {
	return [...]setting{
		{"Once", ScheduleSingle, &t.Once}, {"Daily", ScheduleDailyRecurrent, &t.Daily}, {"Weekly", ScheduleWeeklyRecurrent, &t.Weekly},
	}
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "reboot", Field: field, Reason: reason}
}

func has(b csp.Build) bool {
	return b.IsZero() || b.Compare(csp.Build{Major: 10, Number: weeklySince}) >= 0
}
