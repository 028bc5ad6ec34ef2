package kits_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	hello "github.com/gomadm/gomadm/csp/passportforwork"
	"github.com/gomadm/gomadm/csp/policy"
)

const tenant = "6d2f0a50-0d9d-4bd5-8b7b-1a2c3d4e5f60"

func TestHello(t *testing.T) {
	yes, no := true, false
	for name, want := range map[string]hello.Hello{
		"device": {
			Tenant: tenant, Use: &yes, TPM: &yes, Recovery: &no, NotTPM12: &yes, Phone: &no, CloudTrust: &yes, Certificates: &no,
			PIN: &hello.PIN{Min: 8, Max: 127, Digits: hello.Required, Small: hello.Allowed, Capitals: hello.Forbidden, Signs: hello.Allowed, Days: hello.Number(0), History: hello.Number(50)},
		},
		"user":    {Tenant: tenant, User: true, Use: &no, TPM: &no, Recovery: &yes, PIN: &hello.PIN{Days: hello.Number(730)}},
		"not PIN": {Tenant: tenant, Use: &yes},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.made(want.Request())
			if name == "device" {
				s.holds("./Device/Vendor/MSFT/PassportForWork/"+tenant+"/Policies/", map[string]string{
					"UsePassportForWork": "true", "RequireSecurityDevice": "true", "EnablePinRecovery": "false", "ExcludeSecurityDevices/TPM12": "true",
					"Remote/UseRemotePassport": "false", "UseCloudTrustForOnPremAuth": "true", "UseCertificateForOnPremAuth": "false",
					"PINComplexity/MinimumPINLength": "8", "PINComplexity/MaximumPINLength": "127", "PINComplexity/Digits": "1", "PINComplexity/LowercaseLetters": "0",
					"PINComplexity/UppercaseLetters": "2", "PINComplexity/SpecialCharacters": "0", "PINComplexity/Expiration": "0", "PINComplexity/History": "50",
				})
			}
			s.mayMiss = true // what was never set
			got, err := want.Read(s.made(want.Get())...)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
			s.made(want.Delete())
			if got, err := want.Read(s.made(want.Get())...); err != nil || got != (hello.Hello{Tenant: tenant, User: want.User}) {
				t.Errorf("deleted: got %+v, %v", got, err)
			}
		})
	}
}

func TestHelloFields(t *testing.T) {
	yes := true
	for field, h := range map[string]hello.Hello{
		"Tenant":       {Tenant: "example.test", Use: &yes},
		"":             {Tenant: tenant},
		"CloudTrust":   {Tenant: tenant, User: true, CloudTrust: &yes},
		"PIN.Min":      {Tenant: tenant, PIN: &hello.PIN{Min: 3}},
		"PIN.Max":      {Tenant: tenant, PIN: &hello.PIN{Min: 8, Max: 7}},
		"PIN.Capitals": {Tenant: tenant, PIN: &hello.PIN{Capitals: 4}},
		"PIN.Days":     {Tenant: tenant, PIN: &hello.PIN{Days: hello.Number(731)}},
		"PIN.History":  {Tenant: tenant, PIN: &hello.PIN{History: hello.Number(-1)}},
		"PIN":          {Tenant: tenant, PIN: &hello.PIN{Digits: hello.Forbidden, Small: hello.Forbidden, Capitals: hello.Forbidden, Signs: hello.Forbidden}},
	} {
		_, err := h.Request()
		wrongField(t, err, "passportforwork", field)
	}
	_, err := hello.Hello{}.Get()
	wrongField(t, err, "passportforwork", "Tenant")
	_, err = hello.Hello{}.Delete()
	wrongField(t, err, "passportforwork", "Tenant")
	_, err = hello.Hello{}.Read()
	wrongField(t, err, "passportforwork", "Tenant")
}

func TestSensors(t *testing.T) {
	yes, no := true, false
	s := newSite(t)
	s.mayMiss = true
	if got, err := hello.ReadSensors(s.do(hello.GetSensors())...); err != nil || got != (hello.Sensors{}) {
		t.Errorf("nothing set: got %+v, %v", got, err)
	}
	for _, want := range []hello.Sensors{{Biometrics: &yes, AntiSpoofing: &yes, SecurityKeys: &yes}, {Biometrics: &no, AntiSpoofing: &no, SecurityKeys: &no}} {
		s.made(want.Request())
		s.holds("./Device/Vendor/MSFT/PassportForWork/", map[string]string{
			"Biometrics/UseBiometrics": fmt.Sprint(*want.Biometrics), "Biometrics/FacialFeaturesUseEnhancedAntiSpoofing": fmt.Sprint(*want.AntiSpoofing),
			"SecurityKey/UseSecurityKeyForSignin": map[bool]string{true: "1", false: "0"}[*want.SecurityKeys],
		})
		got, err := hello.ReadSensors(s.do(hello.GetSensors())...)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	}
	_, err := hello.Sensors{}.Request()
	wrongField(t, err, "passportforwork", "")
}

func TestDeviceLock(t *testing.T) {
	yes, no := true, false
	minutes := func(n int) *time.Duration { d := time.Duration(n) * time.Minute; return &d }
	number := policy.LockNumber
	for name, want := range map[string]policy.Lock{
		"strict": {
			Required: &yes, Kind: policy.AlphanumericPIN, MinLength: 16, MinClasses: 4, Simple: &no, Days: number(90), History: number(24), MaxFailures: number(10), Inactivity: minutes(15),
		},
		"loose": {Required: &yes, Kind: policy.NumericPIN, MinLength: 4, Simple: &yes, Days: number(0), History: number(0), MaxFailures: number(0), Inactivity: minutes(0)},
		"long":  {Required: &yes, Inactivity: minutes(999)},
		"none":  {Required: &no},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.tolerate = []csp.Code{csp.CodeDependUnknown}
			s.made(want.Request())
			const top = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/"
			s.holds(top, map[string]string{"DevicePasswordEnabled": map[bool]string{true: "0", false: "1"}[*want.Required]})
			if name == "strict" {
				s.holds(top, map[string]string{
					"AlphanumericDevicePasswordRequired": "0", "MinDevicePasswordLength": "16", "MinDevicePasswordComplexCharacters": "4", "AllowSimpleDevicePassword": "0",
					"DevicePasswordExpiration": "90", "DevicePasswordHistory": "24", "MaxDevicePasswordFailedAttempts": "10", "MaxInactivityTimeDeviceLock": "15",
				})
			}
			s.mayMiss = true // what was never set
			got, err := policy.ReadLock(s.do(policy.GetLock())...)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	for field, l := range map[string]policy.Lock{
		"":            {},
		"Required":    {Required: &no, MinLength: 8},
		"Kind":        {Kind: 4},
		"MinLength":   {MinLength: 17},
		"MinClasses":  {MinClasses: 5},
		"Days":        {Days: number(731)},
		"History":     {History: number(-1)},
		"MaxFailures": {MaxFailures: number(3)},
		"Inactivity":  {Inactivity: minutes(1000)},
	} {
		_, err := l.Request()
		wrongField(t, err, "policy", field)
	}
	_, err := policy.Lock{Kind: policy.NumericPIN, MinClasses: 2}.Request()
	wrongField(t, err, "policy", "MinClasses")
	if _, err := policy.ReadLock(); err != nil {
		t.Errorf("no answer: got error %v", err)
	}
}
