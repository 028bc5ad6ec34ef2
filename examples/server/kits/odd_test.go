package kits_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/csp/defender"
	"github.com/gomadm/gomadm/csp/devicestatus"
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

// TestManyRows: what a device answers takes a time that grows with its length, and not with the square of that. The rows are too
// many for a reader that looks for each value among all of them.
func TestManyRows(t *testing.T) {
	const rows = 4000
	var r omadm.Result
	put := func(uri, value string) {
		r.Items = append(r.Items, syncml.Item{Source: syncml.Location{URI: "./Device/Vendor/MSFT/" + uri}, Data: syncml.Text(value)})
	}
	for i := range rows {
		for _, name := range []string{"Name", "URL", "Severity", "Category", "CurrentStatus", "NumberOfDetections"} {
			put(fmt.Sprintf("Defender/Detections/%d/%s", i, name), "1")
		}
		put(fmt.Sprintf("Update/FailedUpdates/%d/HResult", i), "1")
		put(fmt.Sprintf("Update/InstallableUpdates/%d/Type", i), "1")
		put(fmt.Sprintf("DeviceStatus/NetworkIdentifiers/%012d/Type", i), "1")
	}
	threats, err := defender.ReadThreats(r)
	if err != nil || len(threats) != rows || threats[rows-1].Detections != 1 {
		t.Errorf("got %d threats, %v", len(threats), err)
	}
	updates, err := update.ReadStatus(r)
	if err != nil || len(updates.Failed) != rows || len(updates.Installable) != rows {
		t.Errorf("got %d updates that failed, %v", len(updates.Failed), err)
	}
	status, err := devicestatus.Read(r)
	if err != nil || len(status.Networks) != rows {
		t.Errorf("got %d networks, %v", len(status.Networks), err)
	}
}
