package csp_test

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// names are realistic names for the placeholders of the catalogue.
var names = map[string]string{
	"Account GUID": "{a7e2b4d0-5c1f-4e0a-9b3d-0f5a6c7d8e9f}", "AccountUID": "7b2f0c1a9d3e4f56", "AdmxFileId": "ChromeAdmx",
	"AppName": "Chrome", "Approved Update Guid": "3f0c9a4e-1b2d-4c5e-8f6a-7b8c9d0e1f2a", "AreaName": "Chrome~Policy~googlechrome",
	"BlockNumber": "0", "CertHash": "9A7F3C21D0B84E5566778899AABBCCDDEEFF0011", "ChannelName": "Microsoft-Client-Licensing-Platform/Admin",
	"CollectorName": "DeviceManagement", "ConnectionName": "Work APN", "ConnectionProfileID": "{5b1e6f1c-9a1d-4a55-8c5f-8a3d2b4c6e7f}",
	"Content Type GUID": "{c6d47067-6e92-480e-b0fc-4ba82182fac7}", "DocID": "47e88660-1861-4131-96e8-f32e85011e55",
	"ExcludedRegistry": `HKLM\Software\Example`, "ExclusionPath": `C:\Data`, "Failed Update Guid": "3f0c9a4e-1b2d-4c5e-8f6a-7b8c9d0e1f2a",
	"FileContext": "DeviceManagement", "FirewallRuleName": "Allow RDP (TCP 3389)", "GroupId": "{d8819053-24f4-444a-a0fb-9ce5a9e97862}",
	"Grouping": "Native", "Guid": "{1AD147D0-BE0E-3D6C-AC11-64F6DC4163F1}", "ICCID": "8944501104169548380", "ID": "T1",
	"IMEI": "354648012345678", "Id": "{c9ef7b5b-1d1e-4c6f-8c53-7f6f6a5a1a70}", "Installable Update Guid": "3f0c9a4e-1b2d-4c5e-8f6a-7b8c9d0e1f2a",
	"Installed Update Guid": "3f0c9a4e-1b2d-4c5e-8f6a-7b8c9d0e1f2a", "InstalledProgram": "{90160000-008C-0000-1000-0000000FF1CE}",
	"Language ID": "zh-Hans-CN", "LicenseID": "Example.App_8wekyb3d8bbwe", "MacAddress": "001A2B3C4D5E", "ModemID": "0",
	"Name": "Teams Audio", "NativeProtocolRowId": "0", "NodeID": "20", "ObjectName": "1",
	"PackageFamilyName": "Microsoft.WindowsCalculator_8wekyb3d8bbwe", "PackageFullName": "Microsoft.WindowsCalculator_11.2210.0.0_x64__8wekyb3d8bbwe",
	"Pending Reboot Update Guid": "3f0c9a4e-1b2d-4c5e-8f6a-7b8c9d0e1f2a", "Policy GUID": "{A244370E-44C9-4C06-B551-F6016E563076}",
	"Policy Table Entry": "0", "PolicyName": "HomepageLocation", "PrinterSharedID": "d4c3b2a1-0f9e-4d8c-b7a6-958473625140",
	"ProductID": "{1AD147D0-BE0E-3D6C-AC11-64F6DC4163F1}", "ProfileName": "Example VPN", "ProviderGuid": "3da494e4-0fe2-415C-b895-fb5265c5c83b",
	"ProviderID": "MS DM Server", "ProviderName": "Sidecar", "ReleaseManagementKey": "Microsoft.WindowsCalculator_8wekyb3d8bbwe",
	"RuleId": "{b48ee63c-1f1f-4f0e-8d4f-3e7a7ad2e3f8}", "SSID": "Example-Guest", "ServerName": "smdp.example.com", "SettingValue": "Server",
	"SettingsType": "Policy", "SlotID": "0", "SubscriptionId": "1", "TenantId": "21e3f4a5-b6c7-4d8e-9f0a-1b2c3d4e5f60", "ThreatId": "2147519003",
	"UniqueID": "Example SCEP", "VMCreatorId": "{40E0AC32-46A5-438A-A0B2-2B479E8F2E90}", "Volume": "C:", "appTriggerRowId": "0", "dniRowId": "0",
	"eUICC": "89049032000000000000000000000013", "id": "5e4a6b6d-7a1d-4bb0-9a6c-7b9f6a4cd6b1", "routeRowId": "0", "trafficFilterId": "0",
}

// realURI returns an address of n with realistic names, and those names.
func realURI(t testing.TB, n csp.Node) (u csp.URI, params []string) {
	t.Helper()
	segments := strings.Split(n.Template(), "/")
	for i, s := range segments {
		if !strings.HasPrefix(s, "{") {
			continue
		}
		name, ok := names[strings.Trim(s, "{}")]
		if !ok {
			t.Fatalf("%s: no name for %s", n, s)
		}
		segments[i] = omadm.EscapeSegment(name)
		params = append(params, name)
	}
	u, err := csp.Parse(strings.Join(segments, "/"))
	if err != nil {
		t.Fatal(err)
	}
	return u, params
}

// spellings are ways to write one address.
func spellings(u csp.URI) []string {
	s := u.String()
	rest := strings.TrimPrefix(s, "./")
	escaped := "./"
	for i := range len(rest) {
		switch {
		case rest[i] == '/', rest[i] == '%', i > 0 && rest[i-1] == '%', i > 1 && rest[i-2] == '%', rest[i] == '.':
			escaped += rest[i : i+1]
		default:
			escaped += fmt.Sprintf("%%%02x", rest[i])
		}
	}
	all := []string{s, rest, strings.ToLower(s), strings.ToUpper(s), escaped, s + "?list=Struct"}
	if strings.HasPrefix(s, "./Device/Vendor/") {
		all = append(all, "./"+strings.TrimPrefix(s, "./Device/"), strings.TrimPrefix(s, "./Device/"), strings.Replace(s, "Device", "dEVICE", 1))
	}
	return all
}

func TestEveryNodeResolvesToItself(t *testing.T) {
	c := csp.Default()
	dynamic := 0
	for n := range c.All() {
		u, params := realURI(t, n)
		for _, s := range spellings(u) {
			parsed, err := csp.Parse(s)
			if err != nil {
				t.Fatalf("%s: %v", s, err)
			}
			m, err := c.Resolve(parsed)
			switch {
			case err != nil:
				t.Fatalf("%s: %v", s, err)
			case m.Node != n:
				t.Fatalf("%s: got %s, want %s", s, m.Node, n)
			case !m.URI().Path().Equal(u):
				t.Fatalf("%s: address %s, want %s", s, m.URI(), u)
			case !parsed.Path().Equal(u) || parsed.Path().Fold() != u.Fold() || !parsed.HasPrefix(u.Parent()):
				t.Fatalf("%s is another address than %s", s, u)
			}
		}
		m, err := c.Resolve(u)
		if err != nil || m.URI() != u || !slices.Equal(m.Params(), params) {
			t.Fatalf("%s: got %s with %q, error %v", u, m.URI(), m.Params(), err)
		}
		if n.Dynamic() {
			dynamic++
			pattern, _ := n.Pattern()
			if name := params[len(params)-1]; pattern != "" && !regexp.MustCompile("^(?:"+pattern+")$").MatchString(name) {
				t.Errorf("%s does not take %q: %s", n, name, pattern)
			}
		}
		filled, ok := m.Fill(n.Template())
		if !ok || filled != u {
			t.Fatalf("%s filled: got %s", n, filled)
		}
		if fixed, ok := n.URI(); ok != (len(params) == 0) || ok && fixed != u {
			t.Fatalf("%s: address %s, %v", n, fixed, ok)
		}
	}
	if dynamic < 132 {
		t.Errorf("%d nodes are named at run time", dynamic)
	}
}

func TestResolve(t *testing.T) {
	const config = "./Device/Vendor/MSFT/Policy/Config/"
	for _, tt := range []struct {
		name, uri, want string // want is the template, or the error's Deepest, Missing and first suggestion
		other           string
		csp, area       bool
	}{
		{name: "a name of its own before one chosen at run time",
			uri: config + "Camera/AllowCamera", want: config + "Camera/AllowCamera"},
		{name: "and no way back", uri: config + "Camera/Lens", want: config + "Camera Lens ", csp: true, area: true},
		{name: "an area that nobody knows", uri: config + "Chrome~Policy/Home", want: config + "{AreaName}/{PolicyName}"},
		{name: "an area that the other scope has", uri: "./User/Vendor/MSFT/Policy/Config/Camera/AllowCamera",
			want: "./User/Vendor/MSFT/Policy/Config Camera ", other: config + "Camera/AllowCamera", csp: true},
		{name: "the area itself", uri: "./User/Vendor/MSFT/Policy/Config/Camera",
			want: "./User/Vendor/MSFT/Policy/Config Camera ", other: config + "Camera", csp: true},
		{name: "what neither scope has", uri: "./User/Vendor/MSFT/Policy/Config/Camera/Lens",
			want: "./User/Vendor/MSFT/Policy/Config Camera ", csp: true},
		{name: "below a policy", uri: config + "Camera/AllowCamera/x", want: config + "Camera/AllowCamera x ", csp: true, area: true},
		{name: "letters swapped", uri: config + "Camera/AllowCamrea", want: config + "Camera AllowCamrea " + config + "Camera/AllowCamera", csp: true, area: true},
		{name: "an area misspelt is an application's", uri: config + "Camra/AllowCamera", want: config + "{AreaName}/{PolicyName}"},
		{name: "a level left out", uri: "./Vendor/MSFT/Policy/Camera/AllowCamera",
			want: "./Device/Vendor/MSFT/Policy Camera " + config + "Camera/AllowCamera", csp: true},
		{name: "a provider misspelt", uri: "./Vendor/MSFT/BitLoker/RequireDeviceEncryption",
			want: "./Device/Vendor/MSFT BitLoker ./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption"},
		{name: "a provider that nobody knows", uri: "./Vendor/MSFT/Example/X", want: "./Device/Vendor/MSFT Example "},
		{name: "another vendor", uri: "./Vendor/Example/X", want: "./Device/Vendor Example "},
		{name: "another root", uri: "./Example", want: ". Example "},
		{name: "the way to a provider", uri: "./Vendor/MSFT", want: "./Device/Vendor/MSFT"},
		{name: "the root", uri: ".", want: "."},
		{name: "another scope", uri: "./User/Vendor/MSFT/BitLocker/RequireDeviceEncryption",
			want: "./User/Vendor/MSFT BitLocker ", other: "./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption"},
		{name: "a blank at the end of a published name", uri: "./Vendor/MSFT/SUPL/V2UPL1%20/NIDefaultTimeout%20",
			want: "./Device/Vendor/MSFT/SUPL/V2UPL1%20/NIDefaultTimeout%20"},
		{name: "a query", uri: "./DevDetail/SwV?prop=Format", want: "./DevDetail/SwV"},
		{name: "a name that is far too long", uri: config + "Camera/" + strings.Repeat("x", 4000), want: config + "Camera " + strings.Repeat("x", 4000) + " ", csp: true, area: true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m, err := csp.Default().Resolve(csp.MustParse(tt.uri))
			got, other := "", ""
			var unknown *csp.UnknownError
			switch {
			case errors.As(err, &unknown):
				first := ""
				if len(unknown.Suggest) > 0 {
					first = unknown.Suggest[0].String()
				}
				got, other = fmt.Sprintf("%s %s %s", unknown.Deepest, unknown.Missing, first), unknown.OtherScope.String()
				if unknown.CSP != tt.csp || unknown.Area != tt.area {
					t.Errorf("provider known %v, area known %v", unknown.CSP, unknown.Area)
				}
				if !strings.HasPrefix(err.Error(), "csp: unknown node ") || len(err.Error()) > 5000 {
					t.Errorf("error %s", err)
				}
			case err != nil:
				t.Fatal(err)
			default:
				got = m.Node.Template()
			}
			if got != tt.want || other != tt.other {
				t.Errorf("got %q, other scope %q\nwant %q, other scope %q", got, other, tt.want, tt.other)
			}
		})
	}
	if _, err := csp.Default().Resolve(csp.URI{}); err == nil {
		t.Error("the zero URI leads somewhere")
	}
	if _, err := csp.Default().ResolveLocURI("/x"); !errors.As(err, new(*csp.SyntaxError)) {
		t.Errorf("got %v", err)
	}
}

func TestChildren(t *testing.T) {
	c := csp.Default()
	list := func(s string) string {
		var all []string
		for n := range c.Children(csp.MustParse(s)) {
			all = append(all, n.Name())
		}
		return strings.Join(all, " ")
	}
	if got, want := list("."), "DevDetail Device DevInfo SyncML User"; got != want {
		t.Errorf("root: got %s, want %s", got, want)
	}
	if got, want := list("./Vendor/MSFT/Policy"), "Config ConfigOperations Result"; got != want {
		t.Errorf("Policy: got %s, want %s", got, want)
	}
	if got := list("./Vendor/MSFT/Policy/Config"); !strings.HasPrefix(got, "AboveLock Accounts ") || !strings.HasSuffix(got, " {AreaName}") {
		t.Errorf("Config: got %s", got)
	}
	if got := list("./Vendor/MSFT/Nothing"); got != "" {
		t.Errorf("nothing: got %s", got)
	}
	for range c.Children(csp.MustParse(".")) {
		break
	}

	// Parents and children agree.
	for n := range c.All() {
		if !slices.Contains(slices.Collect(n.Parent().Children()), n) {
			t.Fatalf("%s is no child of %s", n, n.Parent())
		}
		if n.Depth() != strings.Count(n.Template(), "/") || n.Parent().Depth() != n.Depth()-1 {
			t.Fatalf("%s: depth %d", n, n.Depth())
		}
	}
}
