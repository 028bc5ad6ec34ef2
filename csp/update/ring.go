package update

import (
	"errors"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/omadm"
)

// Ring is when and how the devices of a group get their updates. It is a set of policies: what is nil or zero is left as it is
// on the device.
type Ring struct {
	Quality, Feature *Timing // of the updates of each month, and of new versions of Windows
	Target           *Target
	Automatic        Automatic
	ActiveHours      *Hours
	Drivers          *bool // with the updates of each month
	OtherProducts    *bool // updates of other products of Microsoft
	UserMayPause     *bool
}

// Timing is when a kind of updates comes. All numbers are days; see Days.
type Timing struct {
	Defer    *int // after the release: up to 30, and 365 for features
	Deadline *int // until the update is installed whatever the user does: up to 30
	Grace    *int // from the installation until the restart, at least: up to 7; goes with Deadline
	// NoEarlyRestart keeps devices from restarting by themselves before both are over; goes with Deadline.
	NoEarlyRestart *bool
	// Pause is the day from which on nothing is offered, for 35 days; Resume ends a pause.
	Pause  time.Time
	Resume bool
}

// Days returns what the fields of Timing take.
func Days(n int) *int { return &n }

// Target is the version of Windows that devices go to and stay on until it is not supported any more. Both are required.
type Target struct {
	Product string // such as "Windows 11"
	Release string // such as "24H2"
}

// Hours are those of a day in which devices do not restart: from one hour until another, 0 to 23, at most 18 apart. They may
// go over midnight.
type Hours struct{ From, Until int }

// span is how many hours they are.
func (h Hours) span() int { return (h.Until - h.From + 24) % 24 }

// Automatic is what a device does by itself.
type Automatic int

// What it does.
const (
	NotifyDownload          Automatic = 1 + iota // it asks before it loads anything
	InstallAndNotifyRestart                      // it installs, and asks for the restart
	InstallAndRestart                            // it restarts when nobody uses it
	InstallAtTime                                // at the time that policies of their own say
	InstallWithoutUser                           // so, and the user has no say
	NoUpdates                                    // not even for security
)

// numbers are the policies of r that are numbers, each with what the ring has of it, nil if it is left as it is.
func (r *Ring) numbers() []number {
	list := []number{
		of("Quality.Defer", policy.UpdateDeferQualityUpdatesPeriodInDays, 30, func(t *Timing) **int { return &t.Defer }, &r.Quality),
		of("Quality.Deadline", policy.UpdateConfigureDeadlineForQualityUpdates, 30, func(t *Timing) **int { return &t.Deadline }, &r.Quality),
		of("Quality.Grace", policy.UpdateConfigureDeadlineGracePeriod, 7, func(t *Timing) **int { return &t.Grace }, &r.Quality),
		of("Feature.Defer", policy.UpdateDeferFeatureUpdatesPeriodInDays, 365, func(t *Timing) **int { return &t.Defer }, &r.Feature),
		of("Feature.Deadline", policy.UpdateConfigureDeadlineForFeatureUpdates, 30, func(t *Timing) **int { return &t.Deadline }, &r.Feature),
		of("Feature.Grace", policy.UpdateConfigureDeadlineGracePeriodForFeatureUpdates, 7, func(t *Timing) **int { return &t.Grace }, &r.Feature),
	}
	return list
}

// number is a policy that is a number of days.
type number struct {
	field string
	node  node.AddDeleteGetReplace[int64]
	most  int
	value *int      // in the ring
	set   func(int) // into it
}

func of(field string, n node.AddDeleteGetReplace[int64], most int, at func(*Timing) **int, t **Timing) number {
	d := number{field: field, node: n, most: most, set: func(v int) {
		if *t == nil {
			*t = new(Timing)
		}
		*at(*t) = &v
	}}
	if *t != nil {
		d.value = *at(*t)
	}
	return d
}

// kinds are the policies about each kind of updates.
var kinds = [...]struct {
	field        string
	early, pause node.AddDeleteGetReplace[int64]
	pauseFrom    node.AddDeleteGetReplace[string]
	timing       func(*Ring) **Timing
}{
	{"Quality", policy.UpdateConfigureDeadlineNoAutoRebootForQualityUpdates, policy.UpdatePauseQualityUpdates, policy.UpdatePauseQualityUpdatesStartTime,
		func(r *Ring) **Timing { return &r.Quality }},
	{"Feature", policy.UpdateConfigureDeadlineNoAutoRebootForFeatureUpdates, policy.UpdatePauseFeatureUpdates, policy.UpdatePauseFeatureUpdatesStartTime,
		func(r *Ring) **Timing { return &r.Feature }},
}

// Request returns the request for all that is set. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (r Ring) Request() (omadm.Request, error) {
	if err := r.validate(); err != nil {
		return omadm.Request{}, err
	}
	var req omadm.Request
	add := func(op omadm.Op) { req.Ops = append(req.Ops, op) }
	for _, n := range r.numbers() {
		if n.value != nil {
			add(n.node.Replace(int64(*n.value)))
		}
	}
	for _, k := range kinds {
		t := *k.timing(&r)
		if t == nil {
			continue
		}
		if t.NoEarlyRestart != nil {
			add(k.early.Replace(bit(*t.NoEarlyRestart)))
		}
		switch {
		case t.Resume:
			add(k.pause.Replace(0))
		case !t.Pause.IsZero():
			add(k.pauseFrom.Replace(t.Pause.Format(time.DateOnly)))
			add(k.pause.Replace(1))
		}
	}
	if t := r.Target; t != nil {
		add(policy.UpdateProductVersion.Replace(t.Product))
		add(policy.UpdateTargetReleaseVersion.Replace(t.Release))
	}
	if r.Automatic != 0 {
		add(policy.UpdateAllowAutoUpdate.Replace(int64(r.Automatic - 1)))
	}
	if h := r.ActiveHours; h != nil {
		add(policy.UpdateActiveHoursStart.Replace(int64(h.From)))
		add(policy.UpdateActiveHoursEnd.Replace(int64(h.Until)))
	}
	for _, f := range r.flags() {
		if *f.value != nil {
			add(f.node.Replace(bit(**f.value != f.not)))
		}
	}
	if len(req.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	req.Normalize()
	return req, nil
}

// flag is a policy that is on or off. Not says that it is the opposite of the field.
type flag struct {
	node  node.AddDeleteGetReplace[int64]
	value **bool
	not   bool
}

func (r *Ring) flags() []flag {
	return []flag{
		{policy.UpdateExcludeWUDriversInQualityUpdate, &r.Drivers, true}, {policy.UpdateAllowMUUpdateService, &r.OtherProducts, false},
		{policy.UpdateSetDisablePauseUXAccess, &r.UserMayPause, true},
	}
}

func bit(is bool) int64 {
	if is {
		return 1
	}
	return 0
}

func (r *Ring) validate() error {
	for _, n := range r.numbers() {
		if n.value != nil && (*n.value < 0 || *n.value > n.most) {
			return fault(n.field, "not 0 to "+strconv.Itoa(n.most))
		}
	}
	for _, k := range kinds {
		t := *k.timing(r)
		switch {
		case t == nil:
		case *t == Timing{}:
			return fault(k.field, "nothing to set")
		case t.Grace != nil && t.Deadline == nil:
			return fault(k.field+".Grace", "goes with Deadline")
		case t.NoEarlyRestart != nil && t.Deadline == nil:
			return fault(k.field+".NoEarlyRestart", "goes with Deadline")
		case t.Resume && !t.Pause.IsZero():
			return fault(k.field+".Resume", "does not go with Pause")
		case t.Pause.Year() > 9999:
			return fault(k.field+".Pause", "no date")
		}
	}
	if t := r.Target; t != nil {
		switch {
		case !word(t.Product):
			return fault("Target.Product", "missing, or no name")
		case !word(t.Release):
			return fault("Target.Release", "missing, or no name")
		}
	}
	if h := r.ActiveHours; h != nil && (h.From < 0 || h.From > 23 || h.Until < 0 || h.Until > 23 || h.span() == 0 || h.span() > 18) {
		return fault("ActiveHours", "not two hours of 0 to 23, up to 18 apart")
	}
	if r.Automatic < 0 || r.Automatic > NoUpdates {
		return fault("Automatic", "none of those that there are")
	}
	return nil
}

func word(s string) bool {
	return strings.TrimSpace(s) != "" && !strings.ContainsFunc(s, unicode.IsControl)
}

// GetRing returns the request that asks for what ReadRing reads. It has no ID. A policy that was never set is not there, and the
// device answers 404 to it.
func GetRing() omadm.Request {
	var r Ring
	ops := []omadm.Op{
		policy.UpdateProductVersion.Get(), policy.UpdateTargetReleaseVersion.Get(), policy.UpdateAllowAutoUpdate.Get(),
		policy.UpdateActiveHoursStart.Get(), policy.UpdateActiveHoursEnd.Get(),
	}
	for _, n := range r.numbers() {
		ops = append(ops, n.node.Get())
	}
	for _, k := range kinds {
		ops = append(ops, k.early.Get(), k.pause.Get(), k.pauseFrom.Get())
	}
	for _, f := range r.flags() {
		ops = append(ops, f.node.Get())
	}
	return omadm.Request{Ops: ops}
}

// ReadRing reads what a device answered to GetRing. What it does not say is nil or zero; a Pause that it does not make is left
// out. The error is that of a value of another kind.
func ReadRing(results ...omadm.Result) (Ring, error) {
	var r Ring
	var all error
	whole := func(n node.AddDeleteGetReplace[int64], take func(int)) {
		all = errors.Join(all, node.Take(func(v int64) { take(int(v)) })(n.Value(results...)))
	}
	for _, n := range r.numbers() {
		whole(n.node, n.set)
	}
	for _, k := range kinds {
		timing := func() *Timing {
			t := k.timing(&r)
			if *t == nil {
				*t = new(Timing)
			}
			return *t
		}
		whole(k.early, func(v int) { on := v != 0; timing().NoEarlyRestart = &on })
		whole(k.pause, func(v int) {
			if v == 0 {
				return
			}
			var from string
			all = errors.Join(all, node.Into(&from)(k.pauseFrom.Value(results...)))
			at, err := time.Parse(time.DateOnly, from)
			if err != nil {
				all = errors.Join(all, errors.New("update: a pause begins at no date"))
				return
			}
			timing().Pause = at
		})
	}
	var target Target
	all = errors.Join(all,
		node.Into(&target.Product)(policy.UpdateProductVersion.Value(results...)), node.Into(&target.Release)(policy.UpdateTargetReleaseVersion.Value(results...)))
	if target != (Target{}) {
		r.Target = &target
	}
	whole(policy.UpdateAllowAutoUpdate, func(v int) { r.Automatic = Automatic(v + 1) })
	var hours Hours
	seen := 0
	whole(policy.UpdateActiveHoursStart, func(v int) { hours.From, seen = v, seen+1 })
	whole(policy.UpdateActiveHoursEnd, func(v int) { hours.Until, seen = v, seen+1 })
	if seen == 2 {
		r.ActiveHours = &hours
	}
	for _, f := range r.flags() {
		whole(f.node, func(v int) { on := (v != 0) != f.not; *f.value = &on })
	}
	return r, all
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "update", Field: field, Reason: reason}
}
