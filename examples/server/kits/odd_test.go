package kits_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/csp/defender"
	"github.com/gomadm/gomadm/csp/devicestatus"
	edam "github.com/gomadm/gomadm/csp/enterprisedesktopappmanagement"
	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/csp/laps"
	hello "github.com/gomadm/gomadm/csp/passportforwork"
	"github.com/gomadm/gomadm/csp/policy"
	root "github.com/gomadm/gomadm/csp/rootcatrustedcertificates"
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

// TestManyRows: what a device answers takes memory and time that grow with its length, and not with the square of that, whether it
// is well or ill. The names are escaped, so that an address takes memory each time that it is looked at.
func TestManyRows(t *testing.T) {
	const profile = `<WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><MSM><security><authEncryption>` +
		`<authentication>open</authentication><encryption>none</encryption></authEncryption></security></MSM></WLANProfile>`
	for _, tt := range []struct {
		kit   string
		nodes []string // of a row, whose number comes for %X
		value string
		read  func(...omadm.Result) (int, error)
	}{
		{"threats", []string{"Defender/Detections/%%20%X/Severity", "Defender/Detections/%%20%X/Category", "Defender/Detections/%%20%X/CurrentStatus"}, "1",
			counts(defender.ReadThreats)},
		{"updates", []string{"Update/FailedUpdates/%%20%X/HResult", "Update/FailedUpdates/%%20%X/State"}, "1", func(r ...omadm.Result) (int, error) {
			s, err := update.ReadStatus(r...)
			return len(s.Failed), err
		}},
		{"updates to come", []string{"Update/InstallableUpdates/%%20%X/RevisionNumber"}, "1", func(r ...omadm.Result) (int, error) {
			s, err := update.ReadStatus(r...)
			return len(s.Installable), err
		}},
		{"networks", []string{"DeviceStatus/NetworkIdentifiers/%%20%X/Type"}, "1", func(r ...omadm.Result) (int, error) {
			s, err := devicestatus.Read(r...)
			return len(s.Networks), err
		}},
		{"rules", []string{"Firewall/MdmStore/FirewallRules/%%20%X/Action/Type", "Firewall/MdmStore/FirewallRules/%%20%X/Profiles"}, "1",
			counts(firewall.ReadAll)},
		{"wireless networks", []string{"WiFi/Profile/%%20%X/WlanXml"}, profile,
			counts(func(r ...omadm.Result) ([]wifi.Network, error) { return wifi.ReadAll(false, r...) })},
		{"products", []string{"EnterpriseDesktopAppManagement/MSI/%%7B%08X-3C38-4D2B-9B9A-0CB37243539C%%7D/Status"}, "70",
			counts(func(r ...omadm.Result) ([]edam.Info, error) { return edam.ReadAll(false, r...) })},
		{"certificates", []string{"RootCATrustedCertificates/CA/%%20%X/EncodedCertificate", "RootCATrustedCertificates/CA/%%20%X/IssuedBy"}, "MAA=",
			counts(func(r ...omadm.Result) ([]root.Installed, error) { return root.ReadAll(root.StoreCA, false, r...) })},
	} {
		for _, value := range []string{tt.value, "\xff"} {
			take := func(rows int) float64 {
				var r omadm.Result
				for i := range rows {
					for _, node := range tt.nodes {
						uri := "./Device/Vendor/MSFT/" + fmt.Sprintf(node, i)
						r.Items = append(r.Items, syncml.Item{Source: syncml.Location{URI: uri}, Data: syncml.Text(value)})
					}
				}
				n, err := 0, error(nil)
				octets := allocated(func() {
					if n, err = tt.read(r); err != nil {
						_ = err.Error()
					}
				})
				if n != rows || (err == nil) != (value == tt.value) {
					t.Errorf("%s, %q: got %d of %d, an error: %t", tt.kit, value, n, rows, err != nil)
				}
				return octets
			}
			take(1) // what is made once
			once := take(1000)
			for rows := 2000; rows <= 4000 && !t.Failed(); rows *= 2 {
				twice := take(rows)
				if twice > 3*once {
					t.Errorf("%s, %q: %d take %.0f octets, and %d take %.0f", tt.kit, value, rows/2, once, rows, twice)
				}
				once = twice
			}
		}
	}
}

// counts returns a reader that returns how many there are.
func counts[T any](read func(...omadm.Result) ([]T, error)) func(...omadm.Result) (int, error) {
	return func(results ...omadm.Result) (int, error) {
		list, err := read(results...)
		return len(list), err
	}
}

// allocated returns how many octets f takes.
func allocated(f func()) float64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return float64(after.TotalAlloc - before.TotalAlloc)
}
