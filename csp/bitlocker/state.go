package bitlocker

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// State is what a device says about its encryption.
type State struct {
	Drives    Faults // of the built-in drives; 0: as they have to be
	Removable int64  // 0: removable drives are as they have to be, else not
	Rotation  RotationState
}

// Compliant reports whether all drives are as Encryption.Require asks for.
func (s *State) Compliant() bool { return s.Drives == 0 && s.Removable == 0 }

// Faults are the reasons why the drives of a device are not as they have to be, a bit for each.
type Faults int64

// The faults.
const (
	NoConsent             Faults = 1 << iota // the user has not agreed to the encryption of the drive of Windows
	SystemMethodDiffers                      // it is encrypted with another method
	SystemUnprotected                        // it is not protected
	NotTPM                                   // a TPM is required, and not used
	NotTPMAndPIN                             // a TPM with a PIN is required, and not used
	NotTPMAndKey                             // a TPM with a key is required, and not used
	NotTPMAndPINAndKey                       // a TPM with PIN and key is required, and not used
	TPMNotUsed                               // one is required in some way, and not used
	BackupFailed                             // what recovers could not be handed over
	FixedUnprotected                         // a built-in drive is not protected
	FixedMethodDiffers                       // one is encrypted with another method
	NeedsAdministrator                       // the user is none, and Silent is not set
	NoRecoveryEnvironment                    // Windows RE is not set up
	NoTPM                                    // there is none that can be used
	TPMNotReady
	NoNetwork           // so that nothing can be handed over
	SystemExtentDiffers // of the drive of Windows, all is encrypted or what is in use, and it should be otherwise
	FixedExtentDiffers  // so of a built-in drive
)

var faultNames = [...]string{
	"no consent of the user", "system drive with another method", "system drive unprotected", "TPM required",
	"TPM with PIN required", "TPM with key required", "TPM with PIN and key required", "TPM not used", "backup failed",
	"fixed drive unprotected", "fixed drive with another method", "administrator needed", "no recovery environment", "no TPM",
	"TPM not ready", "no network", "system drive encrypted to another extent", "fixed drive encrypted to another extent",
}

// String returns the faults with commas between them, and a number for those that are not known.
func (f Faults) String() string {
	if f == 0 {
		return "none"
	}
	var list []string
	for i, name := range faultNames {
		if f&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	if rest := f &^ (1<<len(faultNames) - 1); rest != 0 {
		list = append(list, fmt.Sprintf("%#x", int64(rest)))
	}
	return strings.Join(list, ", ")
}

// RotationState is how far a device is with the replacement of its recovery passwords that Rotate asked for.
type RotationState struct {
	ID      string // of the last Rotate that the device has heard of; empty: none
	Done    bool
	Pending bool
	Error   csp.HRESULT // 0: none
}

// Rotate returns the request that replaces the recovery passwords of all drives, under an id that the caller chooses, such
// as a GUID, and that tells what State.Rotation is about. It has no ID. The error is a *csp.FieldError.
func Rotate(id string) (omadm.Request, error) {
	if strings.TrimSpace(id) == "" {
		return omadm.Request{}, fault("ID", "missing")
	}
	r := omadm.Request{Ops: []omadm.Op{RotateRecoveryPasswords.ExecWith(id)}}
	r.Normalize()
	return r, nil
}

// GetState returns the request that asks for what ReadState reads. It has no ID.
func GetState() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{
		StatusDeviceEncryptionStatus.Get(), StatusRemovableDrivesEncryptionStatus.Get(), StatusRotateRecoveryPasswordsStatus.Get(),
		StatusRotateRecoveryPasswordsRequestID.Get(),
	}}
}

// ReadState reads what a device answered to GetState. What it does not say is zero, but the error wraps node.ErrNoValue when
// it says nothing about its drives; it may be that of a value of another kind.
func ReadState(results ...omadm.Result) (State, error) {
	drives, err := StatusDeviceEncryptionStatus.Value(results...)
	s, rotation := State{Drives: Faults(drives)}, int64(2)
	err = errors.Join(err,
		node.Into(&s.Removable)(StatusRemovableDrivesEncryptionStatus.Value(results...)),
		node.Into(&rotation)(StatusRotateRecoveryPasswordsStatus.Value(results...)),
		node.Into(&s.Rotation.ID)(StatusRotateRecoveryPasswordsRequestID.Value(results...)),
	)
	switch rotation {
	case 0:
		s.Rotation.Done = s.Rotation.ID != "" // a device that was never asked may say 0, too
	case 1:
		s.Rotation.Pending = true
	case 2: // not begun
	default:
		s.Rotation.Error = csp.HRESULT(uint32(rotation))
	}
	return s, err
}
