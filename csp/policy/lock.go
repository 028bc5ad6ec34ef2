package policy

import (
	"errors"
	"strconv"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Lock is how a device is locked, and what its passwords are like: the policies of the area DeviceLock, one of which means the
// opposite of its name. What is nil or zero is left as it is on the device; all but Required have no effect where no password is
// required.
type Lock struct {
	Required   *bool // a password; in the policy DevicePasswordEnabled true is 0
	Kind       PasswordKind
	MinLength  int // of a password or PIN: 4 to 16
	MinClasses int // how many of digits, small letters, capitals and signs: 1 to 4; goes with AlphanumericPIN
	// Simple allows PINs such as 1111 and 1234, and picture passwords.
	Simple      *bool
	Days        *int // until another is needed, up to 730; 0: never
	History     *int // of passwords that are not taken again, up to 50; 0: none
	MaxFailures *int // until a desktop asks for its recovery password of BitLocker, 4 to 16; 0: never
	// Inactivity is after how long the device is locked: whole minutes, up to 999; 0: never.
	Inactivity *time.Duration
}

// PasswordKind is what unlocks a device besides a password.
type PasswordKind int

// The kinds.
const (
	AlphanumericPIN PasswordKind = 1 + iota // with letters
	NumericPIN
	AnyPIN
)

// LockNumber returns what the numbers of Lock take.
func LockNumber(n int) *int { return &n }

// Request returns the request for all that is set, as an Atomic, which is what devices want for these policies. It has no ID:
// the caller gives it one. The error is a *csp.FieldError.
func (l Lock) Request() (omadm.Request, error) {
	if err := l.validate(); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Group: omadm.Atomic}
	add := func(op omadm.Op) { r.Ops = append(r.Ops, op) }
	if l.Required != nil {
		enabled := DeviceLockDevicePasswordEnabledPasswordDisabled
		if *l.Required {
			enabled = DeviceLockDevicePasswordEnabledPasswordEnabled
		}
		add(DeviceLockDevicePasswordEnabled.Replace(enabled))
	}
	if l.Kind != 0 {
		add(DeviceLockAlphanumericDevicePasswordRequired.Replace(int64(l.Kind - 1)))
	}
	if l.MinLength != 0 {
		add(DeviceLockMinDevicePasswordLength.Replace(int64(l.MinLength)))
	}
	if l.MinClasses != 0 {
		add(DeviceLockMinDevicePasswordComplexCharacters.Replace(int64(l.MinClasses)))
	}
	if l.Simple != nil {
		simple := DeviceLockAllowSimpleDevicePasswordNotAllowed
		if *l.Simple {
			simple = DeviceLockAllowSimpleDevicePasswordAllowed
		}
		add(DeviceLockAllowSimpleDevicePassword.Replace(simple))
	}
	for _, n := range l.numbers() {
		if *n.value != nil {
			add(n.node.Replace(int64(**n.value)))
		}
	}
	if l.Inactivity != nil {
		add(DeviceLockMaxInactivityTimeDeviceLock.Replace(int64(*l.Inactivity / time.Minute)))
	}
	if len(r.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r.Normalize()
	return r, nil
}

// lockNumber is a policy that is a number of a Lock; 0 turns it off.
type lockNumber struct {
	field       string
	node        node.AddDeleteGetReplace[int64]
	least, most int
	value       **int
}

func (l *Lock) numbers() []lockNumber {
	return []lockNumber{
		{"Days", DeviceLockDevicePasswordExpiration, 1, 730, &l.Days}, {"History", DeviceLockDevicePasswordHistory, 1, 50, &l.History},
		{"MaxFailures", DeviceLockMaxDevicePasswordFailedAttempts, 4, 16, &l.MaxFailures},
	}
}

func (l *Lock) validate() error {
	switch {
	case l.Kind < 0 || l.Kind > AnyPIN:
		return fault("Kind", "none of those that there are")
	case l.MinLength != 0 && (l.MinLength < 4 || l.MinLength > 16):
		return fault("MinLength", "not 4 to 16")
	case l.MinClasses < 0 || l.MinClasses > 4:
		return fault("MinClasses", "not 1 to 4")
	case l.MinClasses != 0 && l.Kind != 0 && l.Kind != AlphanumericPIN:
		return fault("MinClasses", "goes with AlphanumericPIN")
	}
	for _, n := range l.numbers() {
		if v := *n.value; v != nil && *v != 0 && (*v < n.least || *v > n.most) {
			return fault(n.field, "neither 0 nor "+strconv.Itoa(n.least)+" to "+strconv.Itoa(n.most))
		}
	}
	if d := l.Inactivity; d != nil && (*d < 0 || *d > 999*time.Minute || *d%time.Minute != 0) {
		return fault("Inactivity", "not in whole minutes up to 999")
	}
	if l.Required != nil && !*l.Required && *l != (Lock{Required: l.Required}) {
		return fault("Required", "false, and something is set that needs a password")
	}
	return nil
}

// GetLock returns the request that asks for what ReadLock reads. It has no ID. A policy that was never set is not there, and the
// device answers 404 to it.
func GetLock() omadm.Request {
	ops := []omadm.Op{
		DeviceLockDevicePasswordEnabled.Get(), DeviceLockAlphanumericDevicePasswordRequired.Get(), DeviceLockMinDevicePasswordLength.Get(),
		DeviceLockMinDevicePasswordComplexCharacters.Get(), DeviceLockAllowSimpleDevicePassword.Get(), DeviceLockMaxInactivityTimeDeviceLock.Get(),
	}
	for _, n := range new(Lock).numbers() {
		ops = append(ops, n.node.Get())
	}
	return omadm.Request{Ops: ops}
}

// ReadLock reads what a device answered to GetLock. What it does not say is nil or zero; the error is that of a value of another
// kind.
func ReadLock(results ...omadm.Result) (Lock, error) {
	var l Lock
	var all error
	read := func(n node.AddDeleteGetReplace[int64], take func(int)) {
		all = errors.Join(all, node.Take(func(v int64) { take(int(v)) })(n.Value(results...)))
	}
	read(DeviceLockDevicePasswordEnabled, func(n int) { on := int64(n) == DeviceLockDevicePasswordEnabledPasswordEnabled; l.Required = &on })
	read(DeviceLockAlphanumericDevicePasswordRequired, func(n int) { l.Kind = PasswordKind(n + 1) })
	read(DeviceLockMinDevicePasswordLength, func(n int) { l.MinLength = n })
	read(DeviceLockMinDevicePasswordComplexCharacters, func(n int) { l.MinClasses = n })
	read(DeviceLockAllowSimpleDevicePassword, func(n int) { on := int64(n) == DeviceLockAllowSimpleDevicePasswordAllowed; l.Simple = &on })
	read(DeviceLockMaxInactivityTimeDeviceLock, func(n int) {
		d := node.Duration(int64(n), time.Minute)
		l.Inactivity = &d
	})
	for _, f := range l.numbers() {
		read(f.node, func(n int) { *f.value = &n })
	}
	return l, all
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "policy", Field: field, Reason: reason}
}
