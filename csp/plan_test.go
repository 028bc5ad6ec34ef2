package csp_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

const (
	policies = "./Device/Vendor/MSFT/Policy/Config/"
	camera   = policies + "Camera/AllowCamera"
	rule     = "./Device/Vendor/MSFT/Firewall/MdmStore/FirewallRules/Web/"
	laps     = "./Device/Vendor/MSFT/LAPS/Policies/"
	wlan     = "./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml"
)

// want returns a setting.
func want(u omadm.URI, v omadm.Value) csp.Desired { return csp.Desired{URI: u, Value: v} }

// planned returns requests as lines.
func planned(reqs []omadm.Request) []string {
	var lines []string
	for _, r := range reqs {
		var ops []string
		for _, op := range r.Ops {
			ops = append(ops, op.Verb.String()+" "+op.URI.Base())
		}
		lines = append(lines, r.Group.String()+" "+r.Scope.String()+": "+strings.Join(ops, ", "))
	}
	return lines
}

func TestPlan(t *testing.T) {
	w10 := csp.Device{Build: csp.Build{Major: 10, Number: 19045, Revision: 5011}}
	has := func(u string, v omadm.Value) csp.Device {
		return csp.Device{Known: func(known csp.URI) (omadm.Value, bool) { return v, known.String() == u }}
	}
	last := func(d csp.Desired, s omadm.Status) csp.Desired { d.Last = s; return d }
	absent := func(u omadm.URI) csp.Desired { return csp.Desired{URI: u, Absent: true} }
	tests := []struct {
		name   string
		device csp.Device
		wants  []csp.Desired
		want   []string
		codes  []csp.Code
	}{
		{name: "nothing"},
		{name: "a policy of the device", wants: []csp.Desired{want(camera, omadm.Int(0))}, want: []string{"Each device: Replace AllowCamera"}},
		{name: "a node that comes and goes", wants: []csp.Desired{want(wlan, omadm.Text("<WLANProfile/>"))}, want: []string{"Each device: Add WlanXml"}},
		{name: "it is there already", wants: []csp.Desired{last(want(wlan, omadm.Text("<a/>")), omadm.StatusAlreadyExists)}, want: []string{"Each device: Replace WlanXml"}},
		{name: "it went well before", wants: []csp.Desired{last(want(wlan, omadm.Text("<a/>")), omadm.StatusOK)}, want: []string{"Each device: Replace WlanXml"}},
		{name: "it is not there", wants: []csp.Desired{last(want(camera, omadm.Int(0)), omadm.StatusNotFound)}, want: []string{"Each device: Add AllowCamera"}},
		{name: "the device has another value", device: has(wlan, omadm.Text("<b/>")), wants: []csp.Desired{want(wlan, omadm.Text("<a/>"))}, want: []string{"Each device: Replace WlanXml"}},
		{name: "the device has it", device: has(camera, omadm.Value{Format: omadm.FormatChr, Data: syncml.Text("00")}), wants: []csp.Desired{want(camera, omadm.Int(0))}},
		{name: "a node that is always there", wants: []csp.Desired{want("./DevDetail/Ext/Microsoft/DeviceName", omadm.Text("PC"))}, want: []string{"Each device: Replace DeviceName"}, codes: []csp.Code{csp.CodeRebootNeeded}},
		{name: "a node that can only be added", wants: []csp.Desired{want("./Device/Vendor/MSFT/CertificateStore/CA/00112233445566778899AABBCCDDEEFF00112233/EncodedCertificate", omadm.Bytes([]byte{1}))}, want: []string{"Each device: Add EncodedCertificate"}},
		{name: "a node that can only be started", wants: []csp.Desired{want("./Device/Vendor/MSFT/RemoteWipe/doWipe", omadm.Value{})}, want: []string{"Each device: Exec doWipe"}},
		{name: "what is to be started is added by itself", wants: []csp.Desired{want("./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B6F7CB29F-1319-4816-B345-0856916EB801%7D/DownloadInstall", omadm.XML("<MsiInstallJob/>"))}, want: []string{"Each device: Add DownloadInstall"}},
		{name: "not to be there", wants: []csp.Desired{absent(camera)}, want: []string{"Each device: Delete AllowCamera"}},
		{name: "an Atomic for each root", wants: []csp.Desired{
			want(rule+"Direction", omadm.Text("IN")), want(camera, omadm.Int(0)),
			want(laps+"BackupDirectory", omadm.Int(1)), want(rule+"Protocol", omadm.Int(6)),
		}, want: []string{"Atomic device: Replace Direction, Add Protocol", "Each device: Replace AllowCamera", "Atomic device: Add BackupDirectory"}},
		{name: "an Atomic goes as a whole", wants: []csp.Desired{
			want(rule+"Direction", omadm.Text("UP")), want(rule+"Protocol", omadm.Int(6)), want(camera, omadm.Int(0)),
		}, want: []string{"Each device: Replace AllowCamera"}, codes: []csp.Code{csp.CodeValueEnum}},
		{name: "what the build lacks is left out of an Atomic", device: w10, wants: []csp.Desired{
			want(rule+"IcmpTypesAndCodes", omadm.Text("8:*")), want(rule+"Direction", omadm.Text("IN")),
		}, want: []string{"Atomic device: Replace Direction"}, codes: []csp.Code{csp.CodeBuildUnsupported}},
		{name: "what others depend on comes first", wants: []csp.Desired{
			want(laps+"PasswordAgeDays", omadm.Int(30)), want(laps+"BackupDirectory", omadm.Int(1)),
		}, want: []string{"Atomic device: Add BackupDirectory, Add PasswordAgeDays"}},
		{name: "in a Sequence where there is no Atomic", wants: []csp.Desired{
			want(policies+"Start/HideLock", omadm.Int(1)), want(camera, omadm.Int(0)), want(policies+"Start/HideUserTile", omadm.Int(0)),
		}, want: []string{"Sequence device: Replace HideUserTile, Replace HideLock", "Each device: Replace AllowCamera"}},
		{name: "a request for each scope", wants: []csp.Desired{
			want("./User/Vendor/MSFT/Policy/Config/Experience/AllowWindowsSpotlight", omadm.Int(1)), want(camera, omadm.Int(0)),
		}, want: []string{"Each user: Add AllowWindowsSpotlight", "Each device: Replace AllowCamera"}},
		{name: "the last of two", wants: []csp.Desired{want(camera, omadm.Int(0)), want("./Vendor/MSFT/Policy/Config/Camera/AllowCamera", omadm.Int(1))},
			want: []string{"Each device: Replace AllowCamera"}, codes: []csp.Code{csp.CodeBatchDuplicate}},
		{name: "what is wrong", wants: []csp.Desired{want(camera, omadm.Int(2)), want("/a", omadm.Int(1)), want(policies+"Camera/x", omadm.Int(1))},
			codes: []csp.Code{csp.CodeValueEnum, csp.CodeURISyntax, csp.CodeNodeUnknown}},
		{name: "an unknown provider", wants: []csp.Desired{want("./Vendor/MSFT/Fabrikam/Setting", omadm.Int(1))},
			want: []string{"Each device: Replace Setting"}, codes: []csp.Code{csp.CodeNodeUnknown}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			reqs, report := csp.Default().Plan(tt.device, tt.wants...)
			if d := cmp.Diff(tt.want, planned(reqs)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
			var codes []csp.Code
			for _, i := range report {
				codes = append(codes, i.Code)
			}
			if d := cmp.Diff(tt.codes, codes); d != "" {
				t.Errorf("codes (-want +got):\n%s", d)
			}
			for i := range reqs {
				if reqs[i].ID = "r"; reqs[i].Validate() != nil {
					t.Errorf("%v", reqs[i].Validate())
				}
			}
		})
	}
}

// TestLargeValues: what a device sends back cannot make a comparison long.
func TestLargeValues(t *testing.T) {
	large := "<a>" + strings.Repeat("<b/>", 20_000) + "</a>"
	m, err := csp.Default().ResolveLocURI(policies + "LocalUsersAndGroups/Configure")
	if err != nil {
		t.Fatal(err)
	}
	if csp.Equal(m.Node, omadm.Text(large), omadm.Text(large+" ")) {
		t.Error("a document above the limit was compared")
	}
	if _, err := csp.ParsePayload("<enabled/>" + strings.Repeat("<data id='a' value='b'/>", 5000)); err == nil {
		t.Error("a payload above the limit was read")
	}
	// What is too large to be looked into is not called wrong.
	deep := strings.Repeat("<a>", 100) + strings.Repeat("</a>", 100)
	c := oneNode(t, omadm.FormatXML, csp.Constraint{})
	if got := verdictOn(c, omadm.FormatXML, deep); got != "" {
		t.Error(got)
	}
}

// TestPlanIsChecked: what Plan makes of settings has no errors.
func TestPlanIsChecked(t *testing.T) {
	reqs, report := csp.Default().Plan(csp.Device{},
		want(laps+"PasswordAgeDays", omadm.Int(30)), want(laps+"BackupDirectory", omadm.Int(1)),
		want(rule+"Direction", omadm.Text("IN")), want(rule+"InterfaceTypes", omadm.Text("Lan")), want(camera, omadm.Int(0)),
		want(policies+"Start/HideLock", omadm.Int(1)), want(policies+"Start/HideUserTile", omadm.Int(0)))
	if len(report) > 0 || len(reqs) != 4 {
		t.Errorf("%v, %v", report, planned(reqs))
	}
	if report := csp.Default().Check(csp.Device{}, reqs...); len(report) > 0 {
		t.Error(report)
	}
}

func TestEqual(t *testing.T) {
	c := csp.Default()
	at := func(u string) csp.Node {
		m, err := c.Resolve(csp.MustParse(u))
		if err != nil {
			t.Fatal(err)
		}
		return m.Node
	}
	const (
		profile = `<WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><name>Office</name>` +
			`<SSIDConfig><SSID><hex>4f66</hex><name>Of</name></SSID></SSIDConfig><MSM><security><sharedKey>` +
			`<keyType>passPhrase</keyType><protected>false</protected><keyMaterial>secret</keyMaterial></sharedKey></security></MSM></WLANProfile>`
		returned = `<?xml version="1.0"?><WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1">
			<name>Office</name><SSIDConfig><SSID><hex>4F66</hex><name>Of</name></SSID></SSIDConfig><connectionType>ESS</connectionType>
			<MSM><security><sharedKey><keyType>passPhrase</keyType><protected>true</protected><keyMaterial>01000000D08C</keyMaterial></sharedKey></security></MSM>
			<MacRandomization xmlns="http://www.microsoft.com/networking/WLAN/profile/v3"><enableRandomization>false</enableRandomization></MacRandomization></WLANProfile>`
	)
	other := strings.Replace(returned, "<name>Office</name>", "<name>Home</name>", 1)
	const bitLocker = "./Device/Vendor/MSFT/BitLocker/"
	users := policies + "UserRights/ShutDownTheSystem"
	tests := []struct {
		name string
		node csp.Node
		a, b string
		want bool
	}{
		{"the same", at(camera), "1", "1", true},
		{"numbers", at(camera), "1", "01", true},
		{"other numbers", at(camera), "1", "0", false},
		{"truth", at("./Device/Vendor/MSFT/VPNv2/Office/AlwaysOn"), "true", "True", true},
		{"truth as a number", at("./Device/Vendor/MSFT/VPNv2/Office/AlwaysOn"), "true", "1", true},
		{"untruth", at("./Device/Vendor/MSFT/VPNv2/Office/AlwaysOn"), "true", "0", false},
		{"a policy of a template", at(bitLocker + "SystemDrivesRecoveryMessage"),
			`<enabled/><data id="a" value="1"/><data id="b" value="True"/>`, `<Enabled/> <Data id='b' value='true'/><Data id='a' value='1'/>`, true},
		{"another value", at(bitLocker + "SystemDrivesRecoveryMessage"), `<enabled/><data id="a" value="1"/>`, `<enabled/><data id="a" value="2"/>`, false},
		{"disabled", at(bitLocker + "SystemDrivesRecoveryMessage"), `<enabled/>`, `<disabled/>`, false},
		{"a policy of an application", at(policies + "Fabrikam~Policy~Updater/Mode"), `<enabled/>`, `<Enabled />`, true},
		{"a list in another order", at(users), "*S-1-5-32-544\uf000*S-1-5-32-545", "*S-1-5-32-545\uf000*s-1-5-32-544", true},
		{"a shorter list", at(users), "a\uf000b", "a", false},
		{"a list with blanks", at(rule + "InterfaceTypes"), "Lan,Wireless", "wireless, lan", true},
		{"a profile of a network", at(wlan), profile, returned, true},
		{"the profile of another network", at(wlan), profile, other, false},
		{"XML with other prefixes", at(policies + "LocalUsersAndGroups/Configure"), `<a:x xmlns:a="u" b="1" c="2"><a:y/></a:x>`, `<x xmlns="u" c="2" b="1"> <y></y><!-- z --></x>`, true},
		{"other XML", at(policies + "LocalUsersAndGroups/Configure"), `<x><y/><z/></x>`, `<x><z/><y/></x>`, false},
		{"XML of another namespace", at(policies + "LocalUsersAndGroups/Configure"), `<x xmlns="u"/>`, `<x/>`, false},
		{"text", at(policies + "Update/ProductVersion"), "Windows 11", "windows 11", false},
		{"octets", at("./Device/Vendor/MSFT/RootCATrustedCertificates/Root/00112233445566778899AABBCCDDEEFF00112233/EncodedCertificate"), "AAEC", "AA\r\nEC", true},
		{"no node", csp.Node{}, "<a></a>", "<a/>", true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := csp.Equal(tt.node, omadm.Text(tt.a), omadm.Text(tt.b)); got != tt.want {
				t.Errorf("got %v", got)
			}
			if got := csp.Equal(tt.node, omadm.Text(tt.a), omadm.Value{}); got {
				t.Error("equal to nothing")
			}
		})
	}
}

func TestPayload(t *testing.T) {
	p := csp.Payload{Enabled: true, Data: []csp.Data{{ID: "list", Value: csp.JoinItems("a<b", `"c"`)}, {ID: "n", Value: "1"}}}
	back, err := csp.ParsePayload(p.String())
	if err != nil || !p.Equal(back) || cmp.Diff([]string{"a<b", `"c"`}, back.Data[0].Items()) != "" {
		t.Errorf("%q: %v, %v", p, back, err)
	}
	if (csp.Payload{}).String() != "<disabled/>" {
		t.Errorf("got %q", csp.Payload{})
	}
}

// FuzzPayload: what is read is written so that it is read again as the same.
func FuzzPayload(f *testing.F) {
	for _, s := range []string{
		"<enabled/>", "<disabled/>", `<Enabled/><Data Id="a" Value="b&#xF000;c"/>`, "<enabled/><data id='&lt;' value='&#10;'/>", "<enabled",
		"<enabled/><!-- x --><data id='a' value='1'></data>", "<a xmlns='b'/>",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := csp.ParsePayload(s)
		if err != nil {
			return
		}
		back, err := csp.ParsePayload(p.String())
		if err != nil || !p.Equal(back) || !back.Equal(p) {
			t.Errorf("%q became %q: %v", s, p, err)
		}
	})
}

func TestDecode(t *testing.T) {
	raw := func(format omadm.Format, text string) omadm.Value {
		return omadm.Value{Format: format, Data: syncml.Text(text)}
	}
	for _, tt := range []struct {
		uri  omadm.URI
		got  omadm.Value
		want omadm.Value
	}{
		{camera, raw("chr", "01"), omadm.Int(1)},
		{"./DevDetail/LrgObj", raw("", "TRUE"), omadm.Bool(true)},
		{"./DevDetail/LrgObj", raw("int", "0"), omadm.Bool(false)},
		{"./DevDetail/SwV", raw("", "10.0"), raw("chr", "10.0")},
		{"./Vendor/MSFT/Fabrikam/x", raw("int", "z"), raw("int", "z")},
	} {
		if got, err := csp.Default().Decode(tt.uri, tt.got); err != nil || got != tt.want {
			t.Errorf("%s: got %#v %q, %v", tt.uri, got, got.Data.Value, err)
		}
	}
	_, err := csp.Default().Decode(camera, raw("chr", "hidden"))
	if err == nil || strings.Contains(err.Error(), "hidden") {
		t.Errorf("got %v", err)
	}
}

type inventory struct {
	Version string            `csp:"./DevDetail/SwV"`
	Large   *bool             `csp:"./DevDetail/LrgObj"`
	Missing *string           `csp:"./DevDetail/FwV"`
	Detail  detail            `csp:"./DevDetail/Ext/Microsoft"`
	Cards   map[string]card   `csp:"./Vendor/MSFT/DeviceStatus/NetworkIdentifiers/{MacAddress}"`
	Rights  []string          `csp:"./Device/Vendor/MSFT/Policy/Config/UserRights/ShutDownTheSystem"`
	Loose   map[string]string `csp:"./Vendor/MSFT/Fabrikam/{}"`
	Other   int
}

type detail struct {
	Storage uint32 `csp:"TotalStorage"`
}

type card struct {
	Address   string `csp:"IPAddressV4"`
	Connected bool   `csp:"IsConnected"`
}

func TestUnmarshal(t *testing.T) {
	item := func(u, text string) syncml.Item {
		return syncml.Item{Source: syncml.Location{URI: u}, Data: syncml.Text(text)}
	}
	results := []omadm.Result{{Items: []syncml.Item{
		item("./devdetail/SwV", "10.0.26100.1742"), item("./DevDetail/LrgObj", "1"),
		item("./DevDetail/Ext/Microsoft/TotalStorage", "4000000000"),
		item("./Vendor/MSFT/DeviceStatus/NetworkIdentifiers/001122334455/IPAddressV4", "10.0.0.1"),
		item("./Device/Vendor/MSFT/DeviceStatus/NetworkIdentifiers/001122334455/IsConnected", "true"),
		item("./Vendor/MSFT/DeviceStatus/NetworkIdentifiers/665544332211/IPAddressV4", "10.0.0.2"),
	}}, {Items: []syncml.Item{
		item("./Vendor/MSFT/Policy/Config/UserRights/ShutDownTheSystem", "a\uf000b"),
		item("./Vendor/MSFT/Fabrikam/One%20Two", "x"), item("./DevDetail/HwV", "1"),
		{Source: syncml.Location{URI: "./DevDetail/FwV"}},
	}}}
	yes := true
	want := inventory{
		Version: "10.0.26100.1742", Large: &yes, Detail: detail{4000000000},
		Cards:  map[string]card{"001122334455": {"10.0.0.1", true}, "665544332211": {Address: "10.0.0.2"}},
		Rights: []string{"a", "b"}, Loose: map[string]string{"One Two": "x"},
	}
	var got inventory
	if err := csp.Default().Unmarshal(results, &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	results := []omadm.Result{{Items: []syncml.Item{{Source: syncml.Location{URI: "./DevDetail/SwV"}, Data: syncml.Text("hidden")}}}}
	for name, dst := range map[string]any{
		"no pointer": inventory{},
		"two delimiters in a tag": &struct {
			V string `csp:"./DevDetail//SwV"`
		}{},
		"a tag without an address": &struct {
			V string `csp:""`
		}{},
		"nothing": (*inventory)(nil),
		"a wrong type": &struct {
			V int `csp:"./DevDetail/SwV"`
		}{},
		"a wrong slice": &struct {
			V []string `csp:"./DevDetail/SwV"`
		}{},
		"a strange field": &struct {
			V func() `csp:"./DevDetail/SwV"`
		}{},
		"a hidden field": &struct {
			v string `csp:"./DevDetail/SwV"`
		}{},
		"a map of nobody": &struct {
			V map[string]string `csp:"./DevDetail/SwV"`
		}{},
	} {
		if err := csp.Default().Unmarshal(results, dst); err == nil || strings.Contains(err.Error(), "hidden") {
			t.Errorf("%s: %v", name, err)
		}
	}
}
