package remotelock

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// PIN is a new number to unlock a device with. Its formatted form does not show it: convert it to a string.
type PIN string

// Format implements fmt.Formatter: the length, never the number.
func (p PIN) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "PIN[%d]", len(p)) }

// LockNow returns the request that locks the screen. It has no ID: the caller gives it one. A device without a PIN or
// password may refuse it, with 404 or 405.
func LockNow() omadm.Request { return one(Lock.Exec()) }

// Reset returns the request that locks a device and gives it a new PIN, and keeps nothing of the old one: what that
// protected is lost. GetPIN asks for it then.
func Reset() omadm.Request { return one(LockAndResetPIN.Exec()) }

// Recover returns the request that locks a device and gives it a new PIN, and keeps what the old one protected. It needs
// the PIN recovery of Windows Hello. GetPIN asks for it then.
func Recover() omadm.Request { return one(LockAndRecoverPIN.Exec()) }

// GetPIN returns the request that asks for the new PIN. The device tells it once, and a result that a store keeps holds
// it.
func GetPIN() omadm.Request { return one(NewPINValue.Get()) }

// ReadPIN reads what a device answered to GetPIN. The error wraps node.ErrNoValue when there is none.
func ReadPIN(results ...omadm.Result) (PIN, error) {
	s, err := NewPINValue.Value(results...)
	if err == nil && s == "" {
		err = fmt.Errorf("remotelock: %w", node.ErrNoValue)
	}
	return PIN(s), err
}

func one(op omadm.Op) omadm.Request { return omadm.Request{Ops: []omadm.Op{op}} }
