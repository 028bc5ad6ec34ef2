// Package sample makes the messages that the speed of the codecs is measured on. Only tests import it.
package sample

import (
	"encoding/base64"
	"fmt"
	"math/rand"
	"strings"
	"sync"
)

// Message is one of the five messages.
type Message struct {
	Name string
	XML  []byte
}

// Messages returns messages of the shapes that servers see: a is what Windows opens a session with, b the reply of a
// device to 50 commands, c a push of 100 policies, d one value of 512 KB, e 5,000 values. Equal in each run.
var Messages = sync.OnceValue(func() []Message {
	r := rand.New(rand.NewSource(42))
	return []Message{
		{"a", windowsPackage1()},
		{"b", deviceReply(r)},
		{"c", policyPush(r)},
		{"d", largeObject(r)},
		{"e", manyResults()},
	}
})

const (
	sampleDevice = "urn:uuid:5F6A2C44-7B1E-4E0B-9A53-0D9E21C4B7AA"
	sampleServer = "https://r.manage.contoso.example/devicegatewayproxy/cimhandler.ashx?mode=Maintenance&amp;Platform=WoA"
	sampleEnd    = `<Final/></SyncBody></SyncML>`
)

var sampleAreas = []string{
	"DeviceLock", "Update", "Defender", "Browser", "BitLocker", "Connectivity", "System", "Experience", "WindowsLogon",
	"LocalPoliciesSecurityOptions", "ADMX_CredSsp", "InternetExplorer",
}

var sampleNodes = []string{
	"MinDevicePasswordLength", "AllowAutoUpdate", "AllowRealtimeMonitoring", "AllowSmartScreen", "RequireDeviceEncryption",
	"AllowVPNOverCellular", "AllowTelemetry", "AllowCortana", "HideFastUserSwitching", "Accounts_EnableGuestAccountStatus",
	"AllowDefaultCredentials", "DisableProxyChange",
}

func sampleStart(b *strings.Builder, msgID int, target, source, rest string) {
	fmt.Fprintf(b, `<?xml version="1.0" encoding="UTF-8"?><SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD>`+
		`<VerProto>DM/1.2</VerProto><SessionID>1F</SessionID><MsgID>%d</MsgID><Target><LocURI>%s</LocURI></Target>`+
		`<Source><LocURI>%s</LocURI></Source>%s</SyncHdr><SyncBody>`, msgID, target, source, rest)
}

func sampleMeta(format string) string {
	return `<Meta><Format xmlns="syncml:metinf">` + format + `</Format><Type xmlns="syncml:metinf">text/plain</Type></Meta>`
}

func windowsPackage1() []byte {
	var b strings.Builder
	sampleStart(&b, 1, sampleServer, sampleDevice, `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format>`+
		`<Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta><Data>YWJjZGVmZ2hpamtsbW5vcA==</Data></Cred>`+
		`<Meta><MaxMsgSize xmlns="syncml:metinf">524288</MaxMsgSize><MaxObjSize xmlns="syncml:metinf">1048576</MaxObjSize></Meta>`)
	token := make([]byte, 400)
	rand.New(rand.NewSource(7)).Read(token)
	alert := `<Alert><CmdID>%d</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft/MDM/%s</Type></Meta>` +
		`<Data>%s</Data></Item></Alert>`
	b.WriteString(`<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>`)
	fmt.Fprintf(&b, alert, 3, "LoginStatus", "user")
	fmt.Fprintf(&b, alert, 4, "AADUserToken", base64.RawURLEncoding.EncodeToString(token))
	b.WriteString(`<Replace><CmdID>5</CmdID>`)
	for _, node := range [][2]string{
		{"DevId", sampleDevice}, {"Man", "Contoso Computers &amp; Devices, Inc."},
		{"Mod", "Latitude 7450 2-in-1 (Intel(R) Core(TM) Ultra 7 165U)"}, {"DwV", "10.0.26100.2314"}, {"Lang", "en-US"},
	} {
		fmt.Fprintf(&b, `<Item><Source><LocURI>./DevInfo/%s</LocURI></Source>%s<Data>%s</Data></Item>`, node[0], sampleMeta("chr"), node[1])
	}
	b.WriteString(`</Replace>` + sampleEnd)
	return []byte(b.String())
}

func deviceReply(r *rand.Rand) []byte {
	var b strings.Builder
	sampleStart(&b, 2, sampleServer, sampleDevice, "")
	for i := range 30 {
		cmd, ref, code := []string{"Replace", "Get", "Exec", "Add", "Delete"}[i%5], "", []int{200, 200, 404, 200}[i%4]
		if i == 0 {
			cmd = "SyncHdr"
		} else if i%3 == 0 {
			ref = "<TargetRef>./Device/Vendor/MSFT/Policy/Config/" + sampleAreas[i%12] + "/" + sampleNodes[i%12] + "</TargetRef>"
			code = []int{200, 404, 500, 212}[i%4]
		}
		fmt.Fprintf(&b, `<Status><CmdID>%d</CmdID><MsgRef>1</MsgRef><CmdRef>%d</CmdRef><Cmd>%s</Cmd>%s<Data>%d</Data></Status>`, i+1, i, cmd, ref, code)
	}
	for i := range 20 {
		value := fmt.Sprint(r.Intn(100000))
		switch i % 4 {
		case 1:
			value = "Contoso &lt;Corp&gt; " + strings.TrimSpace(strings.Repeat("Windows Defender Antivirus; ", 6))
		case 2:
			value = "2026-11-23T06:54:34.0000000Z"
		case 3:
			raw := make([]byte, 420)
			r.Read(raw)
			value = base64.StdEncoding.EncodeToString(raw)
		}
		fmt.Fprintf(&b, `<Results><CmdID>%d</CmdID><MsgRef>1</MsgRef><CmdRef>%d</CmdRef><Item><Source><LocURI>./Device/Vendor/MSFT/Policy/Result/%s/%s</LocURI></Source>%s<Data>%s</Data></Item></Results>`,
			31+i, 30+i, sampleAreas[i%12], sampleNodes[(i*5)%12], sampleMeta([]string{"int", "chr", "time", "b64"}[i%4]), value)
	}
	b.WriteString(sampleEnd)
	return []byte(b.String())
}

func policyPush(r *rand.Rand) []byte {
	var b strings.Builder
	sampleStart(&b, 2, sampleDevice, sampleServer, "")
	b.WriteString(`<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>`)
	for i := range 100 {
		format, value := "int", fmt.Sprint(r.Intn(1000))
		switch i % 10 {
		case 0, 2, 4, 6, 8:
			format = "chr"
			value = fmt.Sprintf(`&lt;enabled/&gt;&lt;data id=&quot;%s_Drop%d&quot; value=&quot;%d&quot;/&gt;&lt;data id=&quot;ListBox_%s&quot; `+
				`value=&quot;1&amp;#xF000;https://*.contoso.example&amp;#xF000;2&amp;#xF000;https://intranet&quot;/&gt;&lt;data id=&quot;%s_Expl&quot; `+
				`value=&quot;allowed by &apos;IT&apos; since 2026&quot;/&gt;`, sampleNodes[i%12], i, i, sampleNodes[(i+3)%12], sampleNodes[(i+5)%12])
		case 1:
			format = "chr"
			value = fmt.Sprintf(`<![CDATA[<enabled/><data id="EncryptionMethodWithXtsOsDropDown_Name" value="%d"/>`+
				`<data id="EncryptionMethodWithXtsFdvDropDown_Name" value="7"/><data id="EncryptionMethodWithXtsRdvDropDown_Name" value="4"/>]]>`, i)
		case 3, 5:
			format = "chr"
			value = strings.TrimSpace(strings.Repeat("policy text value with spaces, ", 4))
		case 7:
			format, value = "bool", "true"
		}
		fmt.Fprintf(&b, `<Replace><CmdID>%d</CmdID><Item><Target><LocURI>./Device/Vendor/MSFT/Policy/Config/%s/%s_%d</LocURI></Target>%s<Data>%s</Data></Item></Replace>`,
			i+2, sampleAreas[i%12], sampleNodes[i%12], i, sampleMeta(format), value)
	}
	b.WriteString(sampleEnd)
	return []byte(b.String())
}

func largeObject(r *rand.Rand) []byte {
	var b strings.Builder
	raw := make([]byte, 384*1000)
	r.Read(raw)
	sampleStart(&b, 3, sampleServer, sampleDevice, "")
	fmt.Fprintf(&b, `<Results><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>2</CmdRef><Item><Source><LocURI>./Vendor/MSFT/DiagnosticLog/FileDownload/DMChannel/Logs/BlockData</LocURI></Source>%s<Data>%s</Data></Item></Results>`,
		sampleMeta("b64"), base64.StdEncoding.EncodeToString(raw))
	b.WriteString(sampleEnd)
	return []byte(b.String())
}

func manyResults() []byte {
	var b strings.Builder
	sampleStart(&b, 4, sampleServer, sampleDevice, "")
	b.WriteString(`<Status><CmdID>1</CmdID><MsgRef>3</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>` +
		`<Results><CmdID>2</CmdID><MsgRef>3</MsgRef><CmdRef>2</CmdRef>`)
	for i := range 5000 {
		fmt.Fprintf(&b, `<Item><Source><LocURI>./Device/Vendor/MSFT/EnterpriseModernAppManagement/AppManagement/AppStore/Contoso.App%04d_8wekyb3d8bbwe/Contoso.App%04d_1.%d.%d.0_x64__8wekyb3d8bbwe/Name</LocURI></Source>%s<Data>Contoso App %d</Data></Item>`,
			i, i, i%7, i%100, sampleMeta("chr"), i)
	}
	b.WriteString(`</Results>` + sampleEnd)
	return []byte(b.String())
}
