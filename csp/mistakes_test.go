package csp_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// TestMistakes has the nineteen mistakes that people make most with Windows, and what finds each. The profiles of
// examples/dm/testdata/lint/rows have the same ones as files.
func TestMistakes(t *testing.T) {
	for _, m := range mistakes {
		t.Run(m.name, m.run)
	}
}

// TestRequestsOfADevice: what a device says of itself in its messages is no request.
func TestRequestsOfADevice(t *testing.T) {
	reqs, report := csp.Requests([]syncml.Command{
		&syncml.Status{CmdID: "1"},
		&syncml.Replace{CmdID: "2", Items: []syncml.Item{{Source: syncml.Location{URI: "./DevInfo/Man"}, Data: syncml.Text("x")}}},
		&syncml.Get{CmdID: "3", Items: []syncml.Item{{Target: syncml.Location{URI: "./DevDetail/SwV"}}, {}}},
	})
	if len(reqs) != 1 || len(reqs[0].Ops) != 2 || reqs[0].ID != "3" || len(report) != 0 {
		t.Errorf("got %v, %v", reqs, report)
	}
}

// TestAddOfWhatIsStarted: the job of an MSI is added without a value and outside an Atomic, and then started.
func TestAddOfWhatIsStarted(t *testing.T) {
	const job = "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B6F7CB29F-1319-4816-B345-0856916EB801%7D/DownloadInstall"
	finds(t, csp.Device{}, omadm.Request{Ops: []omadm.Op{
		{Verb: omadm.Add, URI: job}, {Verb: omadm.Exec, URI: job, Value: omadm.XML("<MsiInstallJob/>")},
	}})
}

// finds checks an operation and wants exactly the codes.
func finds(t *testing.T, d csp.Device, req omadm.Request, want ...csp.Code) csp.Report {
	t.Helper()
	report := csp.Default().Check(d, req)
	var got []csp.Code
	for _, i := range report {
		got = append(got, i.Code)
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", report, want)
	}
	return report
}

// one returns a request with one operation that replaces.
func one(u omadm.URI, v omadm.Value) omadm.Request {
	return omadm.Request{Ops: []omadm.Op{{Verb: omadm.Replace, URI: u, Value: v}}}
}

var (
	windows10 = csp.Device{Build: csp.Build{Major: 10, Number: 19045, Revision: 5011}}
	windows11 = csp.Device{Build: csp.Build{Major: 10, Number: 26100, Revision: 1742}}
)

var mistakes = []struct {
	name string
	run  func(*testing.T)
}{
	{"01_an_address_that_is_none", func(t *testing.T) {
		for _, u := range []omadm.URI{"", "../Vendor/MSFT/Policy", "/Device/Vendor/MSFT/Policy", "./Device//Vendor"} {
			finds(t, csp.Device{}, one(u, omadm.Int(0)), csp.CodeURISyntax)
		}
		finds(t, csp.Device{}, one(omadm.URI(camera[2:]), omadm.Int(0)), csp.CodeURICase)
	}},
	{"02_a_deny_list_is_not_bypassed_by_spelling", func(t *testing.T) {
		denied := csp.MustParse("./Device/Vendor/MSFT/BitLocker")
		for _, s := range []string{
			"Vendor/MSFT/BitLocker/RequireDeviceEncryption", "./vendor/msft/bitlocker", "./Device/Vendor/MSFT/%42itLocker/Status",
		} {
			if u := csp.MustParse(s); !u.HasPrefix(denied) {
				t.Errorf("%s slips through as %s", s, u)
			}
		}
		if csp.MustParse("./Device/Vendor/MSFT/BitLockers").HasPrefix(denied) {
			t.Error("too much is denied")
		}
	}},
	{"03_markup_that_is_not_escaped", func(t *testing.T) {
		markup := omadm.Value{Format: omadm.FormatChr, Data: syncml.Data{Kind: syncml.MarkupData, Value: "<WLANProfile/>"}}
		finds(t, csp.Device{}, one(wlan, markup), csp.CodeValueFormat)
		// A typed value is escaped by the encoder, and arrives as it was.
		op := omadm.Op{Verb: omadm.Replace, URI: wlan, Value: omadm.XML("<WLANProfile><a>&</a></WLANProfile>")}
		c, err := op.Command("1")
		if err != nil {
			t.Fatal(err)
		}
		b, err := syncml.Append(nil, syncml.XML, &syncml.Message{Body: []syncml.Command{c}})
		if err != nil || strings.Contains(string(b), "<WLANProfile>") {
			t.Fatalf("%s, %v", b, err)
		}
		m, err := syncml.Decode(b)
		if err != nil || m.Body[0].ItemList()[0].Data != op.Value.Data {
			t.Errorf("%v, %v", m, err)
		}
	}},
	{"04_wrong_nesting", func(t *testing.T) {
		get := &syncml.Get{CmdID: "3", Items: []syncml.Item{{Target: syncml.Location{URI: "./DevDetail/SwV"}}}}
		commands := []syncml.Command{&syncml.Atomic{CmdID: "1", Body: []syncml.Command{
			&syncml.Sequence{CmdID: "2", Body: []syncml.Command{get}},
		}}}
		report := csp.Rules{}.CheckCommands(csp.Default(), csp.Device{}, commands)
		if len(report) != 2 || report[0].Code != csp.CodeAtomicNested || report[0].Op != omadm.GroupOp ||
			report[1].Code != csp.CodeAtomicGet {
			t.Errorf("got %v", report)
		}
	}},
	{"05_the_wrong_scope", func(t *testing.T) {
		report := finds(t, csp.Device{}, one("./User/Vendor/MSFT/Policy/Config/Camera/AllowCamera", omadm.Int(0)), csp.CodeURIScope)
		if report[0].Fix[0].URI != camera {
			t.Errorf("got %v", report[0].Fix)
		}
		finds(t, csp.Device{}, one("./Vendor/MSFT/Policy/Config/Camera/AllowCamera", omadm.Int(0)))
	}},
	{"06_a_blank_in_the_address", func(t *testing.T) {
		finds(t, csp.Device{}, one(policies+"Camera /AllowCamera", omadm.Int(0)), csp.CodeURISyntax)
		finds(t, csp.Device{}, one(camera+"\n", omadm.Int(0)), csp.CodeURISyntax)
	}},
	{"07_int_chr_or_bool", func(t *testing.T) {
		finds(t, csp.Device{}, one(camera, omadm.Bool(true)), csp.CodeValueFormat)
		finds(t, csp.Device{}, one(camera, omadm.Text("0")), csp.CodeValueFormat)
		finds(t, csp.Device{}, one(camera, omadm.Int(0)))
		inAtomic := one("./Device/Vendor/MSFT/VPNv2/Office/AlwaysOn", omadm.Text("True"))
		inAtomic.Group = omadm.Atomic
		finds(t, csp.Device{}, inAtomic, csp.CodeValueFormat)
	}},
	{"08_an_Atomic_that_is_missing_or_cannot_work", func(t *testing.T) {
		finds(t, csp.Device{}, one(policies+"DeviceLock/DevicePasswordEnabled", omadm.Int(0)), csp.CodeAtomicRequired)
		ping := one(rule+"IcmpTypesAndCodes", omadm.Text("8:*"))
		ping.Group = omadm.Atomic
		if report := finds(t, windows10, ping, csp.CodeBuildUnsupported); report.Err() == nil {
			t.Error("no error")
		}
		finds(t, windows11, ping)
		reqs, _ := csp.Default().Plan(windows10, want(rule+"Direction", omadm.Text("IN")), want(rule+"IcmpTypesAndCodes", omadm.Text("8:*")))
		if got := planned(reqs); len(got) != 1 || got[0] != "Atomic device: Replace Direction" {
			t.Errorf("got %v", got)
		}
	}},
	{"09_Add_of_what_is_there", func(t *testing.T) {
		setting := want(wlan, omadm.Text("<WLANProfile/>"))
		for last, verb := range map[omadm.Status]omadm.Verb{0: omadm.Add, omadm.StatusAlreadyExists: omadm.Replace} {
			setting.Last = last
			if reqs, _ := csp.Default().Plan(csp.Device{}, setting); reqs[0].Ops[0].Verb != verb {
				t.Errorf("after %v: %v", last, reqs[0].Ops[0].Verb)
			}
		}
	}},
	{"10_Replace_of_what_is_not_there", func(t *testing.T) {
		setting := want("./User/Vendor/MSFT/Policy/Config/Experience/AllowWindowsSpotlight", omadm.Int(1))
		for _, last := range []omadm.Status{0, omadm.StatusNotFound, omadm.StatusCommandNotAllowed} {
			setting.Last = last
			if reqs, _ := csp.Default().Plan(csp.Device{}, setting); reqs[0].Ops[0].Verb != omadm.Add {
				t.Errorf("after %v: %v", last, reqs[0].Ops[0].Verb)
			}
		}
	}},
	{"11_done_and_not_applied", func(t *testing.T) {
		known := csp.Device{Known: func(u csp.URI) (omadm.Value, bool) {
			return omadm.Int(1), u == csp.MustParse(policies+"Start/HideUserTile")
		}}
		finds(t, known, one(policies+"Start/HideLock", omadm.Int(1)), csp.CodeDependUnmet)
		m, err := csp.Default().Resolve(csp.MustParse("./Device/Vendor/MSFT/BitLocker/SystemDrivesEncryptionType"))
		if err != nil || !csp.Equal(m.Node, omadm.Text(`<enabled/><data id="a" value="1"/>`), omadm.Text(`<Enabled/>  <Data id='a' value='1' />`)) {
			t.Error("spelling makes a difference", err)
		}
	}},
	{"12_another_edition", func(t *testing.T) {
		report := finds(t, csp.Device{Edition: csp.Home}, one(camera, omadm.Int(0)), csp.CodeEditionUnsupported)
		if report.Err() != nil {
			t.Error("what is said of editions is advice", report.Err())
		}
	}},
	{"13_another_build", func(t *testing.T) {
		finds(t, windows10, one("./Device/Vendor/MSFT/Reboot/Schedule/WeeklyRecurrent", omadm.Text("2026-01-05T03:00:00Z")), csp.CodeBuildUnsupported)
		finds(t, windows11, one(policies+"AboveLock/ConfigureAudioOnLockScreen", omadm.Int(1)), csp.CodeBuildUnreleased)
	}},
	{"14_a_template_that_writes_where_it_must_not", func(t *testing.T) {
		for key, forbidden := range map[string]bool{
			`Software\Policies\Microsoft\Windows\System`: true, `SYSTEM\CurrentControlSet`: true, `software\microsoft\windows`: true,
			`Software\Policies\Microsoft\Office\16.0`: false, `Software\Policies\Fabrikam`: false, `SOFTWARE\Policies\Microsoft\Edge`: false,
			`Software\Microsoft\OneDrive`: false, `Software\Policies\Microsoft\Officer`: true, `Software\MicrosoftFabrikam`: false,
		} {
			template := `<policyDefinitions><policies><policy name="p" key="` + key + `"/></policies></policyDefinitions>`
			var want []csp.Code
			if forbidden {
				want = []csp.Code{csp.CodeADMXRegistry}
			}
			finds(t, csp.Device{}, one("./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Fabrikam/Policy/a", omadm.Text(template)), want...)
		}
		long := strings.Repeat(`<policy name="p" key="Software\Policies\Fabrikam"/>`, 5000)
		for policies, want := range map[string]csp.Code{
			`<policy key="SYSTEM"/>` + long: csp.CodeADMXRegistry, long + `<policy key="SYSTEM"/>`: csp.CodeADMXRegistry,
			`<policy key="SYSTEM"/>` + long + `<policy>`: csp.CodeValueFormat,
		} {
			template := `<policyDefinitions><policies>` + policies + `</policies></policyDefinitions>`
			finds(t, csp.Device{}, one("./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall/Fabrikam/Policy/a", omadm.Text(template)), want)
		}
	}},
	{"15_a_policy_of_a_template_that_is_half_there", func(t *testing.T) {
		const pin = "./Device/Vendor/MSFT/BitLocker/SystemDrivesMinimumPINLength"
		finds(t, csp.Device{}, one(policies+"Fabrikam/Mode", omadm.Text("<enabled/>")), csp.CodeNodeIngested)
		finds(t, csp.Device{}, one(pin, omadm.Text("<enabled/>")), csp.CodeADMXMissing)
		finds(t, csp.Device{}, one(pin, omadm.Text(`<enabled/><data id="MinPINLength" value="six"/>`)), csp.CodeADMXType)
		finds(t, csp.Device{}, one(pin, omadm.Text(`<enabled/><data id="MinPINLength" value="6"/>`)))
	}},
	{"16_a_certificate_that_is_asked_for_twice", func(t *testing.T) {
		enroll := omadm.Op{Verb: omadm.Exec, URI: "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/Office/Install/Enroll"}
		finds(t, csp.Device{}, omadm.Request{Ops: []omadm.Op{enroll, enroll}}, csp.CodeBatchDuplicate)
	}},
	{"17_a_network_with_a_blank_in_its_name", func(t *testing.T) {
		u := csp.MustParse("./Device/Vendor/MSFT/WiFi/Profile").Join("Second Floor", "WlanXml")
		if u.String() != "./Device/Vendor/MSFT/WiFi/Profile/Second%20Floor/WlanXml" {
			t.Errorf("got %s", u)
		}
		finds(t, csp.Device{}, one(u.LocURI(), omadm.Text("<WLANProfile/>")), csp.CodeNamePattern)
	}},
	{"18_more_than_31_bits", func(t *testing.T) {
		report := finds(t, csp.Device{}, one(policies+"DeliveryOptimization/DOMaxCacheAge", omadm.Int(4294967295)), csp.CodeValueInt32)
		if report[0].Severity != csp.Info {
			t.Errorf("got %v", report[0].Severity)
		}
	}},
	{"19_a_password_that_is_wanted_with_0", func(t *testing.T) {
		req := omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: policies + "DeviceLock/DevicePasswordEnabled", Value: omadm.Int(1)},
			{Verb: omadm.Replace, URI: policies + "DeviceLock/MinDevicePasswordLength", Value: omadm.Int(8)},
		}}
		finds(t, csp.Device{}, req, csp.CodeDependUnmet)
		req.Ops[0].Value = omadm.Int(0)
		finds(t, csp.Device{}, req)
	}},
}
