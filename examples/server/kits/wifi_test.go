package kits_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/csp/wifi"
)

// eap is how to sign in with a certificate, cut down to its form.
const eap = `<EapHostConfig xmlns="http://www.microsoft.com/provisioning/EapHostConfig"><EapMethod>` +
	`<Type xmlns="http://www.microsoft.com/provisioning/EapCommon">13</Type></EapMethod></EapHostConfig>`

func TestWiFi(t *testing.T) {
	for name, want := range map[string]wifi.Network{
		"open":       {SSID: "Guests & friends", Hidden: true, Cost: wifi.Variable},
		"personal":   {SSID: "Büro 2", User: true, Manual: true, Security: wifi.WPA2Personal, Key: `hidden-<4711>&"`, Proxy: "proxy.example.test:8080"},
		"key":        {SSID: "key", Security: wifi.WPA2Personal, Key: strings.Repeat("4a", 32), ProxyPAC: "https://proxy.example.test/pac"},
		"owe":        {SSID: "owe", Security: wifi.EnhancedOpen},
		"wpa3":       {SSID: "wpa3", Security: wifi.WPA3Personal, Key: "hidden-4711"},
		"enterprise": {SSID: "corp", Security: wifi.WPA2Enterprise, EAP: eap, SignInAs: wifi.Machine, ProxyAuto: true},
		"suite":      {SSID: "corp 192", Security: wifi.WPA3Enterprise192, EAP: eap, SignInAs: wifi.User},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.tolerate = []csp.Code{csp.CodeNamePattern} // a blank
			s.made(want.Add())
			if want.Cost == wifi.Variable {
				s.holds("./Device/Vendor/MSFT/WiFi/Profile/Guests%20&%20friends/", map[string]string{"WiFiCost": "3"})
			}
			s.mayMiss = true // what was not set
			request, err := want.Get()
			results := s.made(request, err)
			got, readErr := wifi.Read(want.SSID, want.User, results...)
			keyless := want
			keyless.Key = ""
			if diff := cmp.Diff(fields(keyless), fields(got)); diff != "" || readErr != nil {
				t.Errorf("%v (-want +got):\n%s", readErr, diff)
			}
			if all, err := wifi.ReadAll(want.User, results...); err != nil || len(all) != 1 || cmp.Diff(fields(keyless), fields(all[0])) != "" {
				t.Errorf("all: got %v, %v", all, err)
			}
			if all, err := wifi.ReadAll(!want.User, results...); err != nil || len(all) != 0 {
				t.Errorf("of the other: got %v, %v", all, err)
			}
			if same, err := want.Matches(results...); !same || err != nil {
				t.Errorf("does not match: %v", err)
			}
			if names, err := wifi.ReadList(want.User, s.do(wifi.List(want.User))...); err != nil || !slices.Equal(names, []string{want.SSID}) {
				t.Errorf("got %q, %v", names, err)
			}
			changed := want
			changed.Manual = !changed.Manual
			s.made(changed.Replace())
			if same, err := want.Matches(s.made(want.Get())...); same || err != nil {
				t.Errorf("matches what was changed, %v", err)
			}
			s.made(want.Delete())
			if _, err := wifi.Read(want.SSID, want.User, s.made(want.Get())...); !errors.Is(err, node.ErrNoValue) {
				t.Errorf("deleted: got error %v", err)
			}
			if text := fmt.Sprintf("%v %+v %#v %s %q %x", want, &want, want, want, request, request); want.Key != "" && strings.Contains(text, want.Key) {
				t.Errorf("the key is shown: %s", text)
			}
		})
	}
}

// fields are those of a network, whose formatted form shows but one.
func fields(n wifi.Network) []any {
	return []any{n.SSID, n.User, n.Hidden, n.Manual, int(n.Security), n.Key, n.EAP, int(n.SignInAs), n.Proxy, n.ProxyPAC, n.ProxyAuto, int(n.Cost)}
}

func TestWiFiProfile(t *testing.T) {
	const head = `<WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><name>a&amp;b</name><SSIDConfig><SSID><hex>612662</hex><name>a&amp;b</name></SSID>`
	for want, n := range map[string]wifi.Network{
		head + `<nonBroadcast>true</nonBroadcast></SSIDConfig><connectionType>ESS</connectionType><connectionMode>manual</connectionMode><MSM><security>` +
			`<authEncryption><authentication>WPA2PSK</authentication><encryption>AES</encryption><useOneX>false</useOneX></authEncryption>` +
			`<sharedKey><keyType>passPhrase</keyType><protected>false</protected><keyMaterial>hidden-4711</keyMaterial></sharedKey></security></MSM></WLANProfile>`: {
			SSID: "a&b", Hidden: true, Manual: true, Security: wifi.WPA2Personal, Key: "hidden-4711",
		},
		head + `<nonBroadcast>false</nonBroadcast></SSIDConfig><connectionType>ESS</connectionType><connectionMode>auto</connectionMode><MSM><security>` +
			`<authEncryption><authentication>WPA3ENT</authentication><encryption>AES</encryption><useOneX>true</useOneX></authEncryption>` +
			`<OneX xmlns="http://www.microsoft.com/networking/OneX/v1"><authMode>user</authMode><EAPConfig>` + eap + `</EAPConfig></OneX></security></MSM></WLANProfile>`: {
			SSID: "a&b", Security: wifi.WPA3Enterprise, EAP: eap, SignInAs: wifi.User,
		},
	} {
		if got, err := n.Profile(); err != nil || got != want {
			t.Errorf("got  %s, %v\nwant %s", got, err, want)
		}
	}
}

func TestWiFiReadsWhatOthersWrote(t *testing.T) {
	s := newSite(t)
	n := wifi.Network{SSID: "desk", Security: wifi.WPA2Personal, Key: "hidden-4711"}
	s.made(n.Add())
	const at = "./Device/Vendor/MSFT/WiFi/Profile/desk/WlanXml"
	profile, err := n.Profile()
	if err != nil {
		t.Fatal(err)
	}
	s.mayMiss = true
	// A device leaves the key out, and adds elements of later versions.
	device := strings.NewReplacer("<protected>false</protected>", "", "<keyMaterial>hidden-4711</keyMaterial>", "", "</WLANProfile>",
		`<MacRandomization xmlns="http://www.microsoft.com/networking/WLAN/profile/v3"><enableRandomization>false</enableRandomization></MacRandomization></WLANProfile>`).Replace(profile)
	s.put(at, device)
	if same, err := n.Matches(s.made(n.Get())...); !same || err != nil {
		t.Errorf("does not match: %v", err)
	}
	for _, text := range []string{
		"hidden-4711", `<Profile/>`, strings.Replace(profile, "WPA2PSK", "WEP", 1),
	} {
		s.put(at, text)
		if got, err := wifi.Read("desk", false, s.made(n.Get())...); err == nil || strings.Contains(err.Error(), "4711") {
			t.Errorf("%s: got %v, %v", text, got, err)
		}
	}
}

func TestWiFiFields(t *testing.T) {
	personal := wifi.Network{SSID: "a", Security: wifi.WPA2Personal, Key: "hidden-4711"}
	for _, tt := range []struct {
		field  string
		change func(*wifi.Network)
	}{
		{"SSID", func(n *wifi.Network) { n.SSID = "" }},
		{"SSID", func(n *wifi.Network) { n.SSID = strings.Repeat("a", 33) }},
		{"SSID", func(n *wifi.Network) { n.SSID = "a/b" }},
		{"SSID", func(n *wifi.Network) { n.SSID = "\xff" }},
		{"Security", func(n *wifi.Network) { n.Security = 9 }},
		{"Key", func(n *wifi.Network) { n.Key = "" }},
		{"Key", func(n *wifi.Network) { n.Key = "4711" }},
		{"Key", func(n *wifi.Network) { n.Key = "schlüssel" }},
		{"Key", func(n *wifi.Network) { n.Key = strings.Repeat("x", 64) }},
		{"Key", func(n *wifi.Network) { n.Security, n.Key = wifi.WPA3Personal, strings.Repeat("4a", 32) }},
		{"Key", func(n *wifi.Network) { n.Security = wifi.Open }},
		{"EAP", func(n *wifi.Network) { n.EAP = eap }},
		{"EAP", func(n *wifi.Network) { n.Security, n.Key = wifi.WPA2Enterprise, "" }},
		{"EAP", func(n *wifi.Network) { n.Security, n.Key, n.EAP = wifi.WPA2Enterprise, "", "<EapHostConfig/>" }},
		{"SignInAs", func(n *wifi.Network) { n.SignInAs = wifi.User }},
		{"SignInAs", func(n *wifi.Network) { n.Security, n.Key, n.EAP, n.SignInAs = wifi.WPA2Enterprise, "", eap, 9 }},
		{"Proxy", func(n *wifi.Network) { n.Proxy = "proxy.example.test" }},
		{"Proxy", func(n *wifi.Network) { n.Proxy = ":80" }},
		{"Proxy", func(n *wifi.Network) { n.Proxy = "proxy.example.test:65536" }},
		{"Proxy", func(n *wifi.Network) { n.Proxy = "somebody@proxy.example.test:80" }},
		{"Proxy", func(n *wifi.Network) { n.Proxy = "proxy.example.test:80/path" }},
		{"Proxy", func(n *wifi.Network) { n.Proxy, n.ProxyAuto = "proxy.example.test:80", true }},
		{"ProxyPAC", func(n *wifi.Network) { n.ProxyPAC = "proxy.example.test" }},
		{"Cost", func(n *wifi.Network) { n.Cost = 4 }},
	} {
		n := personal
		tt.change(&n)
		_, err := n.Add()
		wrongField(t, err, "wifi", tt.field)
		if err != nil && strings.Contains(err.Error(), "4711") {
			t.Errorf("a key is shown: %v", err)
		}
	}
	_, err := wifi.Network{}.Get()
	wrongField(t, err, "wifi", "SSID")
	_, err = wifi.Network{}.Matches()
	wrongField(t, err, "wifi", "SSID")
	if _, err := personal.Matches(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no answer: got error %v", err)
	}
	_, err = wifi.Network{}.Delete()
	wrongField(t, err, "wifi", "SSID")
}
