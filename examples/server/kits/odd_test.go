package kits_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/csp/defender"
	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/csp/laps"
	hello "github.com/gomadm/gomadm/csp/passportforwork"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/csp/update"
	"github.com/gomadm/gomadm/csp/wifi"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// TestOddAnswers: a device that answers with something else than the node holds gets an error, which does not show it.
func TestOddAnswers(t *testing.T) {
	const rule, network, setting = "Firewall/MdmStore/FirewallRules/r/", "WiFi/Profile/n/", "Policy/Config/"
	kinds := map[string]func(...omadm.Result) error{
		"bitlocker": func(r ...omadm.Result) error { _, err := bitlocker.ReadState(r...); return err },
		"laps":      func(r ...omadm.Result) error { _, err := laps.Read(r...); return err },
		"reset":     func(r ...omadm.Result) error { _, err := laps.ReadReset(r...); return err },
		"defender":  func(r ...omadm.Result) error { _, err := defender.ReadState(r...); return err },
		"threats":   func(r ...omadm.Result) error { _, err := defender.ReadThreats(r...); return err },
		"asr":       func(r ...omadm.Result) error { _, err := defender.ReadAttackSurface(r...); return err },
		"firewall":  func(r ...omadm.Result) error { _, _, err := firewall.Read("r", r...); return err },
		"wifi":      func(r ...omadm.Result) error { _, err := wifi.Read("n", false, r...); return err },
		"ring":      func(r ...omadm.Result) error { _, err := update.ReadRing(r...); return err },
		"update":    func(r ...omadm.Result) error { _, err := update.ReadStatus(r...); return err },
		"hello":     func(r ...omadm.Result) error { _, err := (hello.Hello{Tenant: tenant}).Read(r...); return err },
		"sensors":   func(r ...omadm.Result) error { _, err := hello.ReadSensors(r...); return err },
		"lock":      func(r ...omadm.Result) error { _, err := policy.ReadLock(r...); return err },
	}
	const secret = "hidden-4711"
	for _, tt := range []struct{ kind, node, value string }{
		{"bitlocker", "BitLocker/Status/DeviceEncryptionStatus", secret},
		{"laps", "LAPS/Policies/PasswordAgeDays", secret},
		{"laps", "LAPS/Policies/ADPasswordEncryptionEnabled", secret},
		{"laps", "LAPS/Policies/AutomaticAccountManagementEnabled", secret},
		{"reset", "LAPS/Actions/ResetPasswordStatus", secret},
		{"defender", "Defender/Health/DefenderEnabled", secret},
		{"threats", "Defender/Detections/1/Severity", secret},
		{"asr", setting + "Defender/AttackSurfaceReductionRules", secret},
		{"asr", setting + "Defender/AttackSurfaceReductionRules", string(defender.OfficeChildren) + "=" + secret},
		{"asr", setting + "Defender/AttackSurfaceReductionRules", strings.Repeat("-", 36) + "=1"},
		{"firewall", rule + "Action/Type", secret},
		{"firewall", rule + "LocalPortRanges", "80," + secret},
		{"firewall", rule + "RemotePortRanges", "1-" + secret},
		{"firewall", rule + "Protocol", secret},
		{"wifi", network + "WlanXml", "<WLANProfile>" + secret + "</WLANProfile>"},
		{"wifi", network + "WlanXml", secret},
		{"ring", setting + "Update/DeferQualityUpdatesPeriodInDays", secret},
		{"update", "Update/FailedUpdates/" + tenant + "/HResult", secret},
		{"hello", "PassportForWork/" + tenant + "/Policies/UsePassportForWork", secret},
		{"hello", "PassportForWork/" + tenant + "/Policies/PINComplexity/Digits", secret},
		{"sensors", "PassportForWork/Biometrics/UseBiometrics", secret},
		{"lock", setting + "DeviceLock/DevicePasswordEnabled", secret},
	} {
		at := func(node, value string) omadm.Result {
			return omadm.Result{Items: []syncml.Item{{Source: syncml.Location{URI: "./Vendor/MSFT/" + node}, Data: syncml.Text(value)}}}
		}
		results := []omadm.Result{at(tt.node, tt.value)}
		if tt.kind == "firewall" && !strings.HasSuffix(tt.node, "Type") {
			results = append(results, at(rule+"Action/Type", "1"))
		}
		if err := kinds[tt.kind](results...); err == nil || strings.Contains(err.Error(), secret) {
			t.Errorf("%s: got error %v", tt.node, err)
		}
	}
}
