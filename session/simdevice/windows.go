package simdevice

// typeLoginStatus is the type of the alert 1224 that says who is signed in (MS-MDM section 3.2.5.1).
const typeLoginStatus = "com.microsoft/MDM/LoginStatus"

// typeSyncType is the type of the alert 1224 that says whose nodes a session is about (MS-MDM section 3.2.5.1.5).
const typeSyncType = "com.microsoft.mdm.synctype"

// typeRequestPending is the type of the alert 1224 that says that the device is still busy.
const typeRequestPending = "Reversed-Domain-Name:com.microsoft.mdm.requestpending"

var windowsNodes = []place{
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
	{largeObjects, leaf("bool", "false", Get)},
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
