package kits_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/devdetail"
	"github.com/gomadm/gomadm/csp/devicestatus"
	"github.com/gomadm/gomadm/csp/devinfo"
	"github.com/gomadm/gomadm/csp/diagnosticlog"
	apps "github.com/gomadm/gomadm/csp/enterprisemodernappmanagement"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

func TestDevInfo(t *testing.T) {
	s := newSite(t)
	got, err := devinfo.Read(s.do(devinfo.Get())...)
	of := func(name string) string { return s.tree.Value("./DevInfo/" + name) }
	want := devinfo.Info{DeviceID: deviceID, Manufacturer: of("Man"), Model: of("Mod"), Client: of("DmV"), Language: of("Lang")}
	if err != nil || got != want || want.Manufacturer == "" || want.Language == "" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	d, err := s.store.Load(t.Context(), session.Query{Device: deviceID})
	if err != nil {
		t.Fatal(err)
	}
	if got := devinfo.Of(d.Device.Facts); got != want {
		t.Errorf("of the facts: got %+v, want %+v", got, want)
	}
}

func TestDevDetail(t *testing.T) {
	s := newSite(t)
	s.mayMiss = true // what only phones have
	s.put("./DevDetail/SwV", "10.0.26100.4061")
	for name, value := range map[string]string{
		"DeviceName": "FRONT-DESK", "DNSComputerName": "front-desk.example.test", "OSPlatform": "Windows 11 Enterprise", "TotalRAM": "16384",
		"FreeStorage": "1024", "ProcessorArchitecture": "9", "SMBIOSSerialNumber": "S-1", "LocalTime": "2026-03-01T09:00:00Z",
	} {
		s.put("./DevDetail/Ext/Microsoft/"+name, value)
	}
	s.put("./DevDetail/Ext/WLANMACAddress", "020000000001")
	got, err := devdetail.Read(s.do(devdetail.Get())...)
	if err != nil {
		t.Error(err)
	}
	for what, tt := range map[string][2]any{
		"build": {got.Build, csp.Build{Major: 10, Number: 26100, Revision: 4061}}, "name": {got.Name, "FRONT-DESK"},
		"DNS name": {got.DNSName, "front-desk.example.test"}, "platform": {got.Platform, "Windows 11 Enterprise"}, "RAM": {got.RAM, int64(16384)},
		"storage": {got.FreeStorage, int64(1024)}, "architecture": {got.Architecture, int64(9)}, "serial number": {got.SerialNumber, "S-1"},
		"time": {got.LocalTime, "2026-03-01T09:00:00Z"}, "wireless": {got.Wireless, devdetail.Wireless{MAC: "020000000001"}},
		"OEM": {got.OEM, s.tree.Value("./DevDetail/OEM")},
	} {
		if tt[0] != tt[1] {
			t.Errorf("%s: got %v, want %v", what, tt[0], tt[1])
		}
	}
	s.put("./DevDetail/SwV", "next")
	if got, err := devdetail.Read(s.do(devdetail.Get())...); err == nil || got.Name != "FRONT-DESK" {
		t.Errorf("no build: got %+v, %v", got, err)
	}

	for _, name := range []string{"LAB-%RAND:5%", "%SERIAL%", "a", "A-1"} {
		s.made(devdetail.Rename(name))
		if got := s.tree.Value("./DevDetail/Ext/Microsoft/DNSComputerName"); got != name {
			t.Errorf("got %q, want %q", got, name)
		}
	}
	for _, name := range []string{
		"", "front desk", "-a", "a-", "4711", "a.b", "%RAND%", "%RAND:%", "%RAND:0%", "%RAND:x%", "50%", "%OTHER%", strings.Repeat("a", 64),
	} {
		_, err := devdetail.Rename(name)
		wrongField(t, err, "devdetail", "Name")
	}
}

func TestDeviceStatus(t *testing.T) {
	s := newSite(t)
	s.mayMiss = true // no card, no network
	const top = "./Device/Vendor/MSFT/DeviceStatus/"
	for name, value := range map[string]string{
		"OS/Edition": "Enterprise", "OS/Mode": "0", "SecureBootState": "1", "DMA/BootDMAProtectionStatus": "2", "Antivirus/Status": "3",
		"Antivirus/SignatureStatus": "1", "Antispyware/SignatureStatus": "2", "Firewall/Status": "4", "Compliance/EncryptionCompliance": "true",
		"DeviceGuard/LsaCfgCredGuardStatus": "1", "DeviceGuard/VirtualizationBasedSecurityStatus": "42", "TPM/SpecificationVersion": "2.0",
	} {
		s.put(top+name, value)
	}
	row := func(uri string, values map[string]string) {
		s.tree.Put(uri, simdevice.Node{Access: simdevice.Get, Format: "node"})
		for name, value := range values {
			s.put(uri+"/"+name, value)
		}
	}
	row(top+"NetworkIdentifiers/020000000001", map[string]string{"IPAddressV4": "192.0.2.7", "IsConnected": "true", "Type": "2"})
	row(top+"NetworkIdentifiers/020000000002", map[string]string{"Type": "1"})
	row(top+"CellularIdentities/490154203237518", map[string]string{"PhoneNumber": "+4420", "RoamingStatus": "1"})
	got, err := devicestatus.Read(s.do(devicestatus.Get())...)
	yes, no := true, false
	want := devicestatus.Status{
		Edition: "Enterprise", SMode: &no, SecureBoot: devicestatus.On, BootDMA: devicestatus.Off, Antivirus: devicestatus.Partly,
		AntivirusCurrent: &yes, Antispyware: devicestatus.On, Firewall: devicestatus.Unavailable, Encrypted: &yes,
		CredentialGuard: devicestatus.RestartNeeded, CodeIntegrity: devicestatus.On, SystemGuard: devicestatus.On,
		TPM: devicestatus.Chip{Version: "2.0"},
		Networks: []devicestatus.Network{
			{MAC: "020000000001", IPv4: "192.0.2.7", Connected: true, Wireless: true}, {MAC: "020000000002"},
		},
		SIMs: []devicestatus.SIM{{IMEI: "490154203237518", PhoneNumber: "+4420", Roaming: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for value, want := range map[string]devicestatus.State{"1": devicestatus.Unknown, "2": devicestatus.Off, "3": devicestatus.Partly} {
		s.put(top+"Antispyware/Status", value)
		if got, err := devicestatus.Read(s.do(devicestatus.Get())...); err != nil || got.Antispyware != want {
			t.Errorf("antispyware %s: got %v, %v, want %v", value, got.Antispyware, err, want)
		}
	}
	s.put(top+"OS/Mode", "many")
	if got, err := devicestatus.Read(s.do(devicestatus.Get())...); err == nil || got.Edition != "Enterprise" || got.SMode != nil {
		t.Errorf("no number: got %+v, %v", got, err)
	}
	if got, err := devicestatus.Read(); err != nil || got.SecureBoot != devicestatus.Unknown || got.SMode != nil {
		t.Errorf("no results: got %+v, %v", got, err)
	}
}

func TestModernApps(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/"
	s.put(top+"AppInventoryResults", `<Inventory><AppStore><Package PackageFamilyName="Example.Notes_1" PackageFullName="Example.Notes_2.1_x64__1" `+
		`Name="Example.Notes" Version="2.1" Publisher="CN=Example" Architecture="x64" InstallLocation="C:\a" InstallDate="2026-01-01" `+
		`IsFramework="0" IsBundle="1" IsProvisioned="true" IsStub="0" RequiresReinstall="1" PackageStatus="9"><Users/></Package></AppStore>`+
		`<nonStore><App><PackageFamilyName> Example.Frame_1 </PackageFamilyName></App><App PackageFullName="x" PackageStatus="what"/></nonStore></Inventory>`)
	q := apps.Query{Sources: apps.Store | apps.NonStore, Types: apps.Main | apps.Resource, Family: `A&"B"`, Publisher: "CN=Example", Reinstall: true}
	got, err := apps.Read(s.made(q.Request())...)
	want := []apps.Package{
		{
			Family: "Example.Notes_1", FullName: "Example.Notes_2.1_x64__1", Name: "Example.Notes", Version: "2.1", Publisher: "CN=Example",
			Architecture: "x64", Location: `C:\a`, Installed: "2026-01-01", Source: apps.Store, Bundle: true, Provisioned: true, Reinstall: true,
			Status: apps.LicenseIssue | apps.Disabled,
		},
		{FullName: "x", Source: apps.NonStore},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	var long strings.Builder
	for i := range 3000 { // each of which may be cut where it is read in parts
		fmt.Fprintf(&long, "<Package PackageFamilyName='%d'><Name>%[1]d%s</Name><Version>%[1]d</Version></Package>", i, strings.Repeat("<Odd/>", i%30))
	}
	s.put(top+"AppInventoryResults", "<Inventory><System>"+long.String()+"</System></Inventory>")
	got, err = apps.Read(s.made(q.Request())...)
	if err != nil || len(got) != 3000 {
		t.Errorf("got %d packages, %v", len(got), err)
	}
	for i, p := range got {
		if n := fmt.Sprint(i); p != (apps.Package{Family: n, Name: n, Version: n, Source: apps.System}) {
			t.Errorf("package %d: got %+v", i, p)
		}
	}
	const document = `<Inventory Output="PackageDetails|RequiresReinstall" Source="AppStore|nonStore" PackageTypeFilter="Main|Resource" ` +
		`PackageFamilyName="A&amp;&quot;B&quot;" Publisher="CN=Example"/>`
	if got := s.tree.Value(top + "AppInventoryQuery"); got != document {
		t.Errorf("got %s, want %s", got, document)
	}

	s.made(apps.Query{User: true, NamesOnly: true}.Request())
	const user = "./User/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/"
	if got := s.tree.Value(user + "AppInventoryQuery"); got != `<Inventory Output="PackageNames" PackageTypeFilter="Main|Bundle|Framework"/>` {
		t.Errorf("got %s", got)
	}
	s.put(user+"AppInventoryResults", `<Inventory><Package PackageFullName="y"/></Inventory>`)
	if got, err := apps.Read(s.made(apps.Query{User: true}.Request())...); err != nil || len(got) != 1 || got[0].FullName != "y" {
		t.Errorf("of a user: got %+v, %v", got, err)
	}
	s.put(user+"AppInventoryResults", "")
	if got, err := apps.Read(s.made(apps.Query{User: true}.Request())...); err != nil || got != nil {
		t.Errorf("nothing: got %+v, %v", got, err)
	}
	s.put(user+"AppInventoryResults", "<Inventory>")
	if got, err := apps.Read(s.made(apps.Query{User: true}.Request())...); err == nil {
		t.Errorf("half a document: got %+v", got)
	}
	if _, err := apps.Read(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no results: got %v", err)
	}

	for field, q := range map[string]apps.Query{
		"Sources": {Sources: 8}, "Types": {Types: 16}, "Family": {Family: "\x00"}, "Publisher": {Publisher: "\uFFFE"},
	} {
		_, err := q.Request()
		wrongField(t, err, "enterprisemodernappmanagement", field)
	}
}

func TestDiagnosticArchive(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/DiagnosticLog/DiagnosticArchive/"
	a := diagnosticlog.Archive{ID: "one", Upload: "https://logs.example.test/a.zip?sig=1&x=2", Flat: true, Collect: []diagnosticlog.Item{
		{Kind: diagnosticlog.RegistryKey, Value: `HKLM\Software\Policies`}, {Kind: diagnosticlog.Events, Value: "Application"},
		{Kind: diagnosticlog.Files, Value: `%ProgramData%\Example\*.log`}, {Kind: diagnosticlog.Command, Value: `%windir%\system32\ipconfig.exe /all`},
		{Kind: diagnosticlog.Command, Value: `%ProgramFiles%\Windows Defender\mpcmdrun.exe -GetFiles`},
	}}
	s.made(a.Request())
	if n := s.executed(omadm.Exec, top+"ArchiveDefinition"); n != 1 {
		t.Errorf("executed %d times", n)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %q", a, a, a, a.Upload, a.Upload); strings.Contains(text, "sig=1") {
		t.Errorf("the address is shown: %s", text)
	}
	r, err := a.Request()
	const document = `<Collection><ID>one</ID><SasUrl>https://logs.example.test/a.zip?sig=1&amp;x=2</SasUrl>` +
		`<RegistryKey>HKLM\Software\Policies</RegistryKey><Events>Application</Events><FoldersFiles>%ProgramData%\Example\*.log</FoldersFiles>` +
		`<Command>%windir%\system32\ipconfig.exe /all</Command><Command>%ProgramFiles%\Windows Defender\mpcmdrun.exe -GetFiles</Command>` +
		`<OutputFileFormat>Flattened</OutputFileFormat></Collection>`
	if err != nil || r.Ops[0].Value != omadm.Text(document) {
		t.Errorf("got %s, %v, want %s", r.Ops[0].Value.Data.Value, err, document)
	}

	if got, err := diagnosticlog.ReadArchive(s.do(diagnosticlog.GetArchive())...); err != nil || got.ID != "" || got.Items != nil {
		t.Errorf("before: got %+v, %v", got, err)
	}
	s.put(top+"ArchiveResults", `<Collection HRESULT="0x80070005"><ID>one</ID><RegistryKey HRESULT="0">HKLM\Software\Policies</RegistryKey>`+
		`<Command HRESULT="-2147024637">%windir%\system32\ipconfig.exe /all</Command><Events>Application</Events></Collection>`)
	got, err := diagnosticlog.ReadArchive(s.do(diagnosticlog.GetArchive())...)
	want := diagnosticlog.Collected{ID: "one", Result: 0x80070005, Items: []diagnosticlog.CollectedItem{
		{Item: a.Collect[0]}, {Item: a.Collect[3], Result: 0x80070103}, {Item: a.Collect[1]},
	}}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	for _, text := range []string{"<Collection", `<Collection HRESULT="soon"/>`, `<Collection><Events HRESULT="soon"/></Collection>`} {
		if got, err := diagnosticlog.ReadArchive(omadm.Result{Items: []syncml.Item{{
			Source: syncml.Location{URI: top + "ArchiveResults"}, Data: syncml.Text(text),
		}}}); err == nil || strings.Contains(err.Error(), "soon") {
			t.Errorf("%s: got %+v, %v", text, got, err)
		}
	}

	with := func(kind diagnosticlog.Kind, value string) diagnosticlog.Archive {
		return diagnosticlog.Archive{ID: "a", Upload: a.Upload, Collect: []diagnosticlog.Item{{Kind: kind, Value: value}}}
	}
	for _, tt := range []struct {
		field string
		a     diagnosticlog.Archive
	}{
		{"ID", diagnosticlog.Archive{Upload: a.Upload, Collect: a.Collect}},
		{"ID", diagnosticlog.Archive{ID: "\x00", Upload: a.Upload, Collect: a.Collect}},
		{"Upload", diagnosticlog.Archive{ID: "a", Collect: a.Collect}},
		{"Upload", diagnosticlog.Archive{ID: "a", Upload: "http://logs.example.test/", Collect: a.Collect}},
		{"Collect", diagnosticlog.Archive{ID: "a", Upload: a.Upload}},
		{"Collect[0]", with("Other", "x")},
		{"Collect[0]", with(diagnosticlog.Events, " ")},
		{"Collect[0]", with(diagnosticlog.Events, "\x00")},
		{"Collect[0]", with(diagnosticlog.RegistryKey, `HKCU\Software`)},
		{"Collect[0]", with(diagnosticlog.Files, `C:\Users\*.log`)},
		{"Collect[0]", with(diagnosticlog.Files, `%ProgramData%\..\Users\*.log`)},
		{"Collect[0]", with(diagnosticlog.Command, `%windir%\system32\cmd.exe`)},
		{"Collect[0]", with(diagnosticlog.Command, `%windir%\system32\ipconfig.exe.bat`)},
		{"Collect[0]", with(diagnosticlog.Command, `%programfiles%\windows defender\mpcmdrun.exe2`)},
		{"Collect[0]", with(diagnosticlog.Command, `ipconfig.exe`)},
	} {
		_, err := tt.a.Request()
		wrongField(t, err, "diagnosticlog", tt.field)
	}
}
