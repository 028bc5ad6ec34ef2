package passportforwork

import (
	"errors"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Sensors is how a device lets its users sign in without a PIN, whatever their tenant. What is nil is left as it is on the device.
type Sensors struct {
	Biometrics   *bool // faces and fingerprints
	AntiSpoofing *bool // faces only with a camera that tells a picture from a face
	SecurityKeys *bool // FIDO2
}

// Request returns the request for all that is set. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (s Sensors) Request() (omadm.Request, error) {
	var r omadm.Request
	if s.Biometrics != nil {
		r.Ops = append(r.Ops, BiometricsUseBiometrics.Replace(*s.Biometrics))
	}
	if s.AntiSpoofing != nil {
		r.Ops = append(r.Ops, BiometricsFacialFeaturesUseEnhancedAntiSpoofing.Replace(*s.AntiSpoofing))
	}
	if s.SecurityKeys != nil {
		keys := SecurityKeyUseSecurityKeyForSigninDisabled
		if *s.SecurityKeys {
			keys = SecurityKeyUseSecurityKeyForSigninEnabled
		}
		r.Ops = append(r.Ops, SecurityKeyUseSecurityKeyForSignin.Replace(keys))
	}
	if len(r.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r.Normalize()
	return r, nil
}

// GetSensors returns the request that asks for what ReadSensors reads. It has no ID. What was never set is not there, and the
// device answers 404 to it.
func GetSensors() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{
		BiometricsUseBiometrics.Get(), BiometricsFacialFeaturesUseEnhancedAntiSpoofing.Get(), SecurityKeyUseSecurityKeyForSignin.Get(),
	}}
}

// ReadSensors reads what a device answered to GetSensors. What it does not say is nil; the error is that of a value of another
// kind.
func ReadSensors(results ...omadm.Result) (Sensors, error) {
	var s Sensors
	err := errors.Join(
		node.Optional(&s.Biometrics)(BiometricsUseBiometrics.Value(results...)),
		node.Optional(&s.AntiSpoofing)(BiometricsFacialFeaturesUseEnhancedAntiSpoofing.Value(results...)),
		node.Take(func(n int64) { on := n == SecurityKeyUseSecurityKeyForSigninEnabled; s.SecurityKeys = &on })(
			SecurityKeyUseSecurityKeyForSignin.Value(results...)),
	)
	return s, err
}
