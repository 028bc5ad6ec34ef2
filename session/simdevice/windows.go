package simdevice

import "github.com/gomadm/gomadm/syncml"

// typeLoginStatus is the type of the alert 1224 that says who is signed in (MS-MDM section 3.2.5.1).
const typeLoginStatus = "com.microsoft/MDM/LoginStatus"

// NewTree returns the management tree that a device of profile p is delivered with. id is the value of
// ./DevInfo/DevId.
//
// Windows has the nodes of DevInfo and DevDetail and a selection of ./Vendor/MSFT and ./User/Vendor/MSFT:
// leaves that can be read, written or executed, and places where nodes can be added. Below Policy/Config a
// Replace makes what is missing.
func NewTree(p Profile, id string) *Tree {
	t := EmptyTree(p)
	for _, n := range windowsNodes {
		n.Permanent = true
		t.Put(n.uri, n.Node)
	}
	t.Put("./DevInfo/DevId", Node{Value: syncml.Text(id), Access: Get, Permanent: true})
	return t
}

// devInfo is the order in which a device reports ./DevInfo (OMA DM Standardized Objects 1.2, section 5.3).
var devInfo = [...]string{"DevId", "Man", "Mod", "DmV", "Lang"}

const (
	readWrite = Get | Replace
	all       = Add | Delete | Get | Replace
)

func leaf(format, value string, a Access) Node {
	return Node{Format: format, Value: syncml.Text(value), Access: a}
}

func interior(a Access) Node { return Node{Format: "node", Access: a} }

var windowsNodes = [...]struct {
	uri string
	Node
}{
	{"./DevInfo/DevId", leaf("", "", Get)},
	{"./DevInfo/Man", leaf("", "Example Devices", Get)},
	{"./DevInfo/Mod", leaf("", "Simulated", Get)},
	{"./DevInfo/DmV", leaf("", "1.3", Get)},
	{"./DevInfo/Lang", leaf("", "en-US", Get)},

	{"./DevDetail/DevTyp", leaf("", "PC", Get)},
	{"./DevDetail/OEM", leaf("", "Example Devices", Get)},
	{"./DevDetail/FwV", leaf("", "1.0", Get)},
	{"./DevDetail/SwV", leaf("", "10.0.26100.1", Get)},
	{"./DevDetail/HwV", leaf("", "1.0", Get)},
	{"./DevDetail/LrgObj", leaf("bool", "false", Get)},
	{"./DevDetail/URI/MaxDepth", leaf("int", "0", Get)},
	{"./DevDetail/URI/MaxTotLen", leaf("int", "0", Get)},
	{"./DevDetail/URI/MaxSegLen", leaf("int", "0", Get)},
	{"./DevDetail/Ext/Microsoft/DeviceName", leaf("", "SIMULATED", readWrite)},
	{"./DevDetail/Ext/Microsoft/OSPlatform", leaf("", "Windows 11 Enterprise", Get)},
	{"./DevDetail/Ext/Microsoft/TotalRAM", leaf("int", "8192", Get)},

	{"./Vendor/MSFT/BitLocker/RequireDeviceEncryption", leaf("int", "0", all)},
	{"./Vendor/MSFT/ClientCertificateInstall/SCEP", Node{Format: "node", Access: Add | Get, Below: all | Exec}},
	{"./Vendor/MSFT/DMClient/Provider", interior(Add | Get)},
	{"./Vendor/MSFT/DMClient/Unenroll", leaf("", "", Exec|Get)},
	{"./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI", Node{Format: "node", Access: Add | Get, Below: all | Exec}},
	{"./Vendor/MSFT/Policy/Config", Node{Format: "node", Access: Add | Get, Upsert: true}},
	{"./Vendor/MSFT/Reboot/RebootNow", leaf("null", "", Exec|Get)},
	{"./Vendor/MSFT/Reboot/Schedule/Single", leaf("", "", all)},
	{"./Vendor/MSFT/Reboot/Schedule/DailyRecurrent", leaf("", "", all)},
	{"./Vendor/MSFT/RemoteWipe/doWipe", leaf("", "", Exec|Get)},
	{"./Vendor/MSFT/RootCATrustedCertificates/Root", interior(Add | Get)},
	{"./Vendor/MSFT/VPNv2", interior(Add | Get)},
	{"./Vendor/MSFT/WiFi/Profile", interior(Add | Get)},

	{"./User/Vendor/MSFT/Policy/Config", Node{Format: "node", Access: Add | Get, Upsert: true}},
	{"./User/Vendor/MSFT/VPNv2", interior(Add | Get)},
}
