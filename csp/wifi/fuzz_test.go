package wifi_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp/wifi"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzRead: whatever a device says, what is read of it makes a profile again that the device would match.
func FuzzRead(f *testing.F) {
	for _, n := range []wifi.Network{
		{SSID: "n", Hidden: true, Manual: true},
		{SSID: "n", Security: wifi.WPA2Personal, Key: "hidden-4711"},
		{SSID: "n", Security: wifi.WPA3Enterprise, SignInAs: wifi.User, EAP: `<e:EapHostConfig xmlns:e="http://www.microsoft.com/provisioning/EapHostConfig"><e:Config/></e:EapHostConfig>`},
	} {
		profile, err := n.Profile()
		if err != nil {
			f.Fatal(err)
		}
		f.Add(profile)
	}
	f.Fuzz(func(t *testing.T, profile string) {
		result := omadm.Result{Items: []syncml.Item{{Source: syncml.Location{URI: "./Vendor/MSFT/WiFi/Profile/n/WlanXml"}, Data: syncml.Text(profile)}}}
		n, err := wifi.Read("n", false, result)
		if err != nil {
			return
		}
		if n.Security == wifi.WPA2Personal || n.Security == wifi.WPA3Personal {
			n.Key = "hidden-4711"
		}
		again, err := n.Profile()
		if err != nil {
			return // of an enterprise, without what is needed to sign in
		}
		result.Items[0].Data = syncml.Text(again)
		m, err := wifi.Read("n", false, result)
		if err != nil {
			t.Fatalf("%q: %v", again, err)
		}
		if m.Hidden != n.Hidden || m.Manual != n.Manual || m.Security != n.Security || m.SignInAs != n.SignInAs || m.EAP != n.EAP {
			t.Errorf("read %q, then %q", profile, again)
		}
		if same, err := n.Matches(result); !same || err != nil {
			t.Errorf("%q does not match itself: %v", again, err)
		}
	})
}
