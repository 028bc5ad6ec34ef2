package wifi_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/wifi"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	network := wifi.Network{SSID: "frontdesk", Security: wifi.WPA2Personal, Key: "hidden-4711", Cost: wifi.Fixed}
	request, err := network.Add()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(network, request.Group, request.Ops)

	// What a device answered to network.Get: it does not tell the key.
	results := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/WiFi/Profile/frontdesk/WlanXml"}, Data: syncml.Text(
			`<WLANProfile xmlns="http://www.microsoft.com/networking/WLAN/profile/v1"><name>frontdesk</name><SSIDConfig><SSID>` +
				`<hex>66726F6E746465736B</hex><name>frontdesk</name></SSID><nonBroadcast>false</nonBroadcast></SSIDConfig>` +
				`<connectionType>ESS</connectionType><connectionMode>auto</connectionMode><MSM><security><authEncryption>` +
				`<authentication>WPA2PSK</authentication><encryption>AES</encryption><useOneX>false</useOneX></authEncryption></security></MSM></WLANProfile>`),
	}}}
	got, err := wifi.Read("frontdesk", false, results)
	fmt.Println(got.Security == wifi.WPA2Personal, err)
	fmt.Println(network.Matches(results))
	// Output:
	// Network("frontdesk") Atomic [Add "./Device/Vendor/MSFT/WiFi/Profile/frontdesk/WlanXml" chr text/plain text[580] Add "./Device/Vendor/MSFT/WiFi/Profile/frontdesk/WiFiCost" int text/plain text[1]]
	// true <nil>
	// true <nil>
}
