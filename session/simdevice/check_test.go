package simdevice_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/simdevice"
)

// TestViolations lets a server that does everything right make one mistake at a time in its first message.
func TestViolations(t *testing.T) {
	correct := get(1, "./DevInfo/Man") + setInt(2, policy, "1")
	for _, tt := range []struct {
		name     string
		old, new string // the mistake
		want     []string
	}{
		{"none", "", "", nil},
		{"another VerDTD", "<VerDTD>1.2", "<VerDTD>1.1", []string{"V-9"}},
		{"another namespace", "SYNCML:SYNCML1.2", "SYNCML:SYNCML1.1", []string{"V-1"}},
		{"another VerProto", "DM/1.2", "DM/1.1", []string{"V-9"}},
		{"another session", "<SessionID>1<", "<SessionID>01<", []string{"P-2"}},
		{"MsgID does not start at 1", "<MsgID>1<", "<MsgID>2<", []string{"P-17"}},
		{"another target", "<Target><LocURI>" + deviceID, "<Target><LocURI>urn:uuid:0", []string{"X-2"}},
		{"no Source", "<Source><LocURI>" + serverURL, "<Source><LocURI>", []string{"X-2"}},
		{"NoResp in the header", "</SyncHdr>", "<NoResp/></SyncHdr>", []string{"S-11"}},
		{"no item", correct, "<Get><CmdID>1</CmdID></Get>", []string{"X-5"}},
		{"an empty Sequence", correct, group("Sequence", 1), []string{"X-4"}},
		{"an abort without Final", correct + "<Final/>", alert(1, 1223), []string{"P-27"}},
		{"an abort", correct, alert(1, 1223), nil},
		{"relative RespURI", "</SyncHdr>", "<RespURI>/dm</RespURI></SyncHdr>", []string{"P-33"}},
		{"no CmdID", "<CmdID>2</CmdID><Item>", "<Item>", []string{"X-4"}},
		{"CmdID 0", "<CmdID>2</CmdID><Item>", "<CmdID>0</CmdID><Item>", []string{"X-21"}},
		{"a CmdID twice", "<CmdID>2</CmdID><Item>", "<CmdID>1</CmdID><Item>", []string{"X-20"}},
		{"a CmdID twice inside a group", correct, group("Sequence", 3, get(3, ".")), []string{"X-20"}},
		{"no Status for the header", headerStatus, "", []string{"S-1"}},
		{"two Status for the header", headerStatus, headerStatus + strings.Replace(headerStatus, "90", "80", 1), []string{"S-1", "S-1"}},
		{"MsgRef of the header", "<MsgRef>1</MsgRef><CmdRef>0", "<MsgRef>2</MsgRef><CmdRef>0", []string{"S-2"}},
		{"Cmd of the header", "<Cmd>SyncHdr", "<Cmd>Alert", []string{"S-2"}},
		{"TargetRef of the header", "<Cmd>SyncHdr</Cmd>", "<Cmd>SyncHdr</Cmd><TargetRef>x</TargetRef>", []string{"S-3"}},
		{"no Status for an Alert", alertStatus, "", []string{"S-5"}},
		{"no Status for DevInfo", replaceStatus, "", []string{"S-5"}},
		{"two Status for an Alert", alertStatus, alertStatus + strings.Replace(alertStatus, "91", "81", 1), []string{"S-5"}},
		{"Status for a command that was not sent", "<CmdRef>4</CmdRef>", "<CmdRef>5</CmdRef>", []string{"S-5", "S-5"}},
		{"Status for another message", "<MsgRef>1</MsgRef><CmdRef>4", "<MsgRef>2</MsgRef><CmdRef>4", []string{"S-5", "S-5"}},
		{"Cmd of a Status", "<Cmd>Replace", "<Cmd>Alert", []string{"S-2"}},
		{"no Cmd", "<Cmd>Replace</Cmd>", "", []string{"S-2", "S-2"}},
		{"Data is no code", "<Cmd>Replace</Cmd><Data>200", "<Cmd>Replace</Cmd><Data>fine", []string{"S-2"}},
		{"TargetRef to no item", "<Cmd>Replace</Cmd>", "<Cmd>Replace</Cmd><TargetRef>./Nope</TargetRef>", []string{"S-25"}},
		{"two Status for an item", replaceStatus, forMan(93) + forMan(94), []string{"S-5"}},
		{"Status for each item", replaceStatus, forMan(93) + strings.Replace(forMan(94), "Man", "Mod", 1), nil},
		{"Status for a command that has none of that CmdID", alertStatus, strings.NewReplacer("<CmdRef>2", "<CmdRef>3").Replace(alertStatus), []string{"S-5", "S-5"}},
		{"Status in the wrong order", alertStatus + otherAlertStatus, otherAlertStatus + alertStatus, []string{"S-1"}},
		{"Status behind a command", replaceStatus + correct, correct + replaceStatus, []string{"S-3"}},
		{"no Final", "<Final/>", "", []string{"P-14"}},
		{"1222 though the package is closed", correct, alert(1, 1222), []string{"P-24"}},
		{"Results", correct, "<Results><CmdID>1</CmdID><Item><Data>x</Data></Item></Results>", []string{"X-9"}},
		{"Put", correct, "<Put><CmdID>1</CmdID></Put>", []string{"X-9"}},
		{"NoResp", "<CmdID>2</CmdID><Item>", "<CmdID>2</CmdID><NoResp/><Item>", []string{"C-9"}},
		{"Get in Atomic", correct, group("Atomic", 1, get(2, ".")), []string{"C-10"}},
		{"Atomic in Sequence", correct, group("Sequence", 1, group("Atomic", 2, setInt(3, policy, "1"))), []string{"C-20"}},
		{"Copy", correct, command("Copy", 1, "./A", "", ""), []string{"W-1", "C-23"}},
		{"Correlator", correct, strings.Replace(exec(1, reboot), "<Item>", "<Correlator>c</Correlator><Item>", 1), []string{"W-20"}},
		{"two items of Exec", correct, strings.Replace(exec(1, reboot), "</Exec>", "<Item><Target><LocURI>./A</LocURI></Target></Item></Exec>", 1), []string{"X-5"}},
		{"alert of a client", correct, alert(1, 1201), []string{"U-1"}},
		{"alert with one item", correct, alert(1, 1100, ""), []string{"U-3"}},
		{"options that are none", correct, alert(1, 1100, "%zz", "x"), []string{"U-4"}},
		{"MAXDT is no number", correct, alert(1, 1100, "MAXDT=soon", "x"), []string{"U-6"}},
		{"MAXLEN is 0", correct, alert(1, 1102, "MAXLEN=0", "x"), []string{"U-6"}},
		{"unknown IT", correct, alert(1, 1102, "IT=X", "x"), []string{"U-6"}},
		{"unknown ET", correct, alert(1, 1102, "ET=", "x"), []string{"U-6"}},
		{"DR of 1101", correct, alert(1, 1101, "DR=2", "x"), []string{"U-8"}},
		{"DR of 1103 is no choice", correct, alert(1, 1103, "DR=3", "x", "a", "b"), []string{"U-8"}},
		{"DR of 1104 is no choice", correct, alert(1, 1104, "DR=1-0", "x", "a", "b"), []string{"U-8"}},
		{"three items of 1101", correct, alert(1, 1101, "", "x", "y"), []string{"U-13"}},
		{"1103 without choices", correct, alert(1, 1103, "", "x"), []string{"U-13"}},
		{"1225 though the device sends no object", correct, alert(1, 1225), []string{"L-18"}},
		{"MINDT above MAXDT", correct, alert(1, 1100, "MINDT=9&amp;MAXDT=3", "x"), []string{"U-6"}},
		{"URI that is not full", "./DevInfo/Man", "DevInfo/Man", []string{"C-23"}},
		{"URI that begins with a slash", "./DevInfo/Man", "/DevInfo/Man", []string{"C-23"}},
		{"empty segment", "./DevInfo/Man", "./DevInfo//Man", []string{"W-22"}},
		{"Replace without Data", "<Data>1</Data></Item></Replace>", "</Item></Replace>", []string{"D-11"}},
		{"command beside an abort", correct, correct + alert(3, 1223), []string{"P-27"}},
		{"chunk", "<Data>1</Data></Item></Replace><Final/>", "<Data>1</Data><MoreData/></Item></Replace>", []string{"L-24"}},
		{"chunk and Final", "<Data>1</Data></Item></Replace>", "<Data>1</Data><MoreData/></Item></Replace>", []string{"L-24", "L-9"}},
		{"401 with commands", "<Cmd>SyncHdr</Cmd><Data>200", "<Cmd>SyncHdr</Cmd><Data>401", []string{"A-10", "A-8", "A-8"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{t: t, script: []string{correct}, edit: func(n int, text string) string {
				if n != 1 {
					return text
				}
				require.Contains(t, text, tt.old)
				return strings.Replace(text, tt.old, tt.new, 1)
			}}
			report, err := device(s).Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
			for _, v := range report.Violations {
				assert.Equal(t, 1, v.Message)
			}
		})
	}
}

const (
	headerStatus     = "<Status><CmdID>90</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>"
	alertStatus      = "<Status><CmdID>91</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>"
	otherAlertStatus = "<Status><CmdID>92</CmdID><MsgRef>1</MsgRef><CmdRef>3</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>"
	replaceStatus    = "<Status><CmdID>93</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Replace</Cmd><Data>200</Data></Status>"
)

// forMan is a Status for one item of the DevInfo.
func forMan(id int) string {
	s := strings.Replace(replaceStatus, "93", strconv.Itoa(id), 1)
	return strings.Replace(s, "<Data>", "<SourceRef>./DevInfo/Man</SourceRef><Data>", 1)
}

func TestViolationsInLaterMessages(t *testing.T) {
	const nextMessage = "<Alert><CmdID>1</CmdID><Data>1222</Data></Alert>"
	long := get(1, "./DevInfo/Man") + get(2, "./DevInfo/Mod") + get(3, "./DevDetail/SwV")
	for _, tt := range []struct {
		name     string
		script   string
		limit    int64  // MaxMsgSize of the device
		login    string // LoginStatus of the device
		old, new string // changed in message 2
		want     []string
	}{
		{"Status 200 for Results", get(1, "."), 0, "", "<Final/>",
			"<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>3</CmdRef><Cmd>Results</Cmd><Data>200</Data></Status><Final/>", []string{"S-12"}},
		{"Status for a Status", get(1, "."), 0, "", "<Final/>",
			"<Status><CmdID>1</CmdID><MsgRef>2</MsgRef><CmdRef>1</CmdRef><Cmd>Status</Cmd><Data>200</Data></Status><Final/>", []string{"S-5"}},
		{"MsgID does not grow", get(1, "."), 0, "", "<MsgID>2<", "<MsgID>1<", []string{"P-17"}},
		{"command while the package is open", long, 0, "", nextMessage, nextMessage + get(2, "."), []string{"P-21"}},
		{"no 1222 while the package is open", long, 0, "", nextMessage, "", []string{"P-21"}},
		{"Final while the package is open", long, 0, "", nextMessage, nextMessage + "<Final/>", []string{"P-21"}},
		{"message above MaxMsgSize", get(1, "."), 1100, "", "<SyncBody>", strings.Repeat(" ", 1000) + "<SyncBody>", []string{"P-38"}},
		{"nobody is signed in", set(1, "./User/Vendor/MSFT/Policy/Config/A/B", "1"), 0, "none", "", "", []string{"W-4"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{t: t, script: []string{tt.script}, edit: func(n int, text string) string {
				if n != 2 {
					return text
				}
				require.Contains(t, text, tt.old)
				return strings.Replace(text, tt.old, tt.new, 1)
			}}
			if tt.script == long {
				s.meta = `<Meta><MaxMsgSize xmlns="syncml:metinf">800</MaxMsgSize></Meta>`
			}
			d := device(s)
			d.MaxMsgSize, d.LoginStatus = tt.limit, tt.login
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
		})
	}
}

func TestRepeatedMessageAnsweredDifferentlyIsAViolation(t *testing.T) {
	for _, fault := range []simdevice.Fault{simdevice.LoseReply, simdevice.CutReply, simdevice.Repeat, simdevice.LateBefore} {
		s := &server{t: t, script: []string{get(1, ".")}}
		d := device(s)
		message := 1
		if fault == simdevice.LateBefore {
			message = 2
		}
		d.Fault = fault.At(message)
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromServer && m.Number == 1 && len(s.heard) == 1 {
				s.replied = append(s.replied, ' ')
			}
		}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"P-31"}, rows(report), "%v", fault)
	}
}

// TestMessageIsLateOnceTheNextHasArrived lets message 2 come once more when message 3 has been lost on its way back.
func TestMessageIsLateOnceTheNextHasArrived(t *testing.T) {
	s := &server{t: t, script: []string{get(1, "."), get(1, "."), get(1, ".")}}
	d := device(s)
	d.Fault = func(message, attempt int) simdevice.Fault {
		if message != 3 || attempt > 2 {
			return simdevice.NoFault
		}
		return [...]simdevice.Fault{1: simdevice.LoseReply, 2: simdevice.LateBefore}[attempt]
	}
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Contains(t, rows(report), "P-32")
}

func TestRefusalEndsTheSession(t *testing.T) {
	for _, tt := range []struct {
		code string
		want simdevice.End
		rows []string
	}{
		{"200", simdevice.Completed, nil}, {"212", simdevice.Completed, nil}, {"401", simdevice.Refused, []string{"A-8"}},
		{"407", simdevice.Refused, nil}, {"505", simdevice.Refused, nil},
	} {
		s := &server{t: t, edit: func(_ int, text string) string {
			text = strings.Replace(text, "<Cmd>SyncHdr</Cmd>", "<Cmd>SyncHdr</Cmd>"+chal("md5", nonce1), 1)
			return strings.ReplaceAll(text, "<Data>200", "<Data>"+tt.code)
		}}
		report, err := device(s).Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, report.End)
		assert.Equal(t, tt.code, strconv.Itoa(int(report.Header)))
		assert.Equal(t, tt.rows, rows(report))
		assert.Equal(t, 1, s.posts)
	}
	s := &server{t: t, edit: func(_ int, text string) string {
		return strings.NewReplacer("<Data>200", "<Data>505", "<Final/>", "").Replace(text)
	}}
	report, err := device(s).Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"A-10"}, rows(report))
}

func TestEmptyBodyIsAViolation(t *testing.T) {
	s := &server{t: t, edit: func(_ int, text string) string {
		before, _, _ := strings.Cut(text, "<SyncBody>")
		return before + "<SyncBody></SyncBody></SyncML>"
	}}
	d := device(s)
	d.MaxMessages = 1
	report, err := d.Session(t.Context())
	assert.Error(t, err)
	assert.Contains(t, rows(report), "X-3")
}

// TestViolationsOfOtherProfiles lets a server send what another profile takes.
func TestViolationsOfOtherProfiles(t *testing.T) {
	withCorrelator := strings.Replace(exec(1, "./Update"), "<Item>", "<Correlator>c</Correlator><Item>", 1)
	for _, tt := range []struct {
		profile simdevice.Profile
		script  string
		want    []string
	}{
		{simdevice.Generic11, withCorrelator, []string{"O-1"}},
		{simdevice.Generic12, withCorrelator, nil},
		{simdevice.Windows, copyOf(1, "./DevInfo/Man", "./X"), []string{"W-1"}},
		{simdevice.Generic11, copyOf(1, note, "./Data/X"), nil},
		{simdevice.Generic12, command("Copy", 1, note, "", ""), []string{"C-23"}},
	} {
		s := &server{t: t, script: []string{tt.script}}
		d := device(s)
		d.Profile = tt.profile
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
	}
}

// TestViolationsInObjects lets a server make one mistake at a time with large objects.
func TestViolationsInObjects(t *testing.T) {
	first, second := chunk("Replace", 1, note, 4, "qz", true), chunk("Replace", 1, note, 0, "zq", false)
	item := "<Item><Target><LocURI>./Data/Level</LocURI></Target><Data>x</Data></Item>"
	const (
		size  = `<Meta><Size xmlns="syncml:metinf">4</Size></Meta>`
		other = `<Meta><Type xmlns="syncml:metinf">text/x</Type></Meta>`
		lost  = `<Alert><CmdID>2</CmdID><Data>1225</Data><Item><Source><LocURI>./DevInfo/Mod</LocURI></Source></Item></Alert>`
	)
	nextStatus := "<Status><CmdID>91</CmdID><MsgRef>2</MsgRef><CmdRef>3</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>"
	partStatus := "<Status><CmdID>91</CmdID><MsgRef>2</MsgRef><CmdRef>3</CmdRef><Cmd>Results</Cmd><Data>213</Data></Status>"
	toDevice, fromDevice := []string{first, second}, []string{get(1, "./DevInfo/Man")}
	for _, tt := range []struct {
		name     string
		script   []string
		message  int
		old, new string
		want     []string
	}{
		{"none to the device", toDevice, 1, "", "", nil},
		{"none from the device", fromDevice, 1, "", "", nil},
		{"no Size", toDevice, 1, size, "", []string{"L-6"}},
		{"Size is no number", toDevice, 1, ">4<", ">4k<", []string{"L-6"}},
		{"MoreData behind the whole", toDevice, 1, ">4<", ">2<", []string{"L-7", "L-6"}},
		{"Size in a later part", toDevice, 2, "<Data>zq", size + "<Data>zq", []string{"L-8"}},
		{"another Type in a later part", toDevice, 2, "<Data>zq", other + "<Data>zq", []string{"L-8"}},
		{"Final behind a part", toDevice, 1, "</SyncBody>", "<Final/></SyncBody>", []string{"L-9"}},
		{"no Final behind the last part", toDevice, 2, "<Final/>", "", []string{"P-14"}},
		{"a command behind a part", toDevice, 1, goesOn, get(2, ".") + get(3, "."), []string{"L-10"}},
		{"an item behind a part", toDevice, 1, "</Replace>", item + "</Replace>", []string{"L-10"}},
		{"another verb", toDevice, 2, "<Replace><CmdID>1</CmdID><Item><Target><LocURI>" + note + "</LocURI></Target><Data>zq</Data></Item></Replace>",
			add(1, "./Data/X", "x"), []string{"L-10"}},
		{"a command before the next part", toDevice, 2, "<Replace><CmdID>1<", get(2, "./DevInfo/Man") + "<Replace><CmdID>1<", []string{"L-10"}},
		{"an empty part", toDevice, 1, "<Data>qz</Data>", "<Data/>", []string{"L-25", "L-6"}},
		{"a part in a Sequence", []string{group("Sequence", 2, strings.TrimSuffix(first, goesOn)) + goesOn, ""}, 1, "", "", []string{"C-24"}},
		{"a part of a Delete", []string{strings.Replace(remove(1, note), "</Item>", "<Data>x</Data><MoreData/></Item>", 1) + goesOn, ""}, 1, "", "", []string{"L-6"}},
		{"1222 beside the next part", toDevice, 2, "<Final/>", alert(7, 1222) + "<Final/>", []string{"P-24"}},
		{"no Status for the 1222 of the device", toDevice, 2, nextStatus, "", []string{"L-12"}},
		{"another Status for the 1222 of the device", toDevice, 2, nextStatus, strings.Replace(nextStatus, "200", "500", 1), []string{"L-12"}},
		{"an abort in the middle", toDevice, 2, second, alert(8, 1223), nil},
		{"no Status for a part", fromDevice, 2, partStatus, "", []string{"L-15"}},
		{"Status 200 for a part", fromDevice, 2, partStatus, strings.Replace(partStatus, "213", "200", 1), []string{"S-12", "L-15"}},
		{"no 1222 for a part", fromDevice, 2, alert(1, 1222), "", []string{"P-21"}},
		{"Final while the object goes on", fromDevice, 2, "</SyncBody>", "<Final/></SyncBody>", []string{"P-21"}},
		{"a command while the object goes on", fromDevice, 2, "</SyncBody>", get(2, ".") + "</SyncBody>", []string{"P-21"}},
		{"a late Status for Results", []string{get(1, "./DevInfo/Man") + get(2, "./DevInfo/Mod")}, 5, "<Final/>",
			"<Status><CmdID>99</CmdID><MsgRef>4</MsgRef><CmdRef>3</CmdRef><Cmd>Results</Cmd><Data>500</Data></Status><Final/>", nil},
		{"1225 for another object", fromDevice, 2, "</SyncBody>", lost + "</SyncBody>", []string{"L-18"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{t: t, script: tt.script, edit: func(n int, text string) string {
				if n != tt.message {
					return text
				}
				require.Contains(t, text, tt.old)
				return strings.Replace(text, tt.old, tt.new, 1)
			}}
			d := generic(s)
			d.ChunkSize = 6
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
			for _, v := range report.Violations {
				assert.NotContains(t, v.Text, "qz", "a violation tells the data")
				assert.NotContains(t, v.Text, "zq", "a violation tells the data")
			}
		})
	}
}

// TestPackageThatStaysOpen lets a server leave out Final in messages that hold only statuses: that is right where a command
// had no room and comes with the next.
func TestPackageThatStaysOpen(t *testing.T) {
	man := get(1, "./DevInfo/Man")
	for _, tt := range []struct {
		name   string
		script []string
		want   []string
		at     int // message of the first violation
	}{
		{"the command comes", []string{goesOn, man}, nil, 0},
		{"a part of an object comes", []string{goesOn, chunk("Replace", 1, note, 4, "qz", true), chunk("Replace", 1, note, 0, "zq", false)}, nil, 0},
		{"nothing comes", []string{goesOn, ""}, []string{"P-14"}, 2},
		{"nothing comes, twice", []string{goesOn, goesOn, man}, []string{"P-14"}, 2},
		{"nothing takes the room", []string{man, goesOn, man}, []string{"P-14"}, 2},
		{"an abort", []string{goesOn, alert(1, 1223)}, nil, 0},
		{"a command and no Final", []string{man + goesOn}, []string{"P-14"}, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			report, err := generic(&server{t: t, script: tt.script}).Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
			if len(report.Violations) > 0 {
				assert.Equal(t, tt.at, report.Violations[0].Message)
			}
		})
	}
}

func TestViolationsInLargeAlerts(t *testing.T) {
	for _, tt := range []struct {
		status string // for the alert
		want   []string
	}{{"213", nil}, {"", []string{"L-15"}}, {"200", []string{"L-15"}}, {"413", nil}} {
		s := &server{t: t, edit: func(n int, text string) string {
			const part = "<Status><CmdID>92</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Alert</Cmd><Data>213</Data></Status>"
			if n == 1 && tt.status == "" {
				require.Contains(t, text, part)
				return strings.Replace(text, part, "", 1)
			}
			if n == 1 {
				return strings.Replace(text, "<Data>213", "<Data>"+tt.status, 1)
			}
			return text
		}}
		d := generic(s)
		d.ChunkSize = 4
		d.Notify(generalAlert("./Data", "0123456789"))
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, rows(report), "%v", report.Violations)
	}
}

func TestServerThatGoesOnWithARefusedObject(t *testing.T) {
	s := &server{t: t, script: []string{
		chunk("Replace", 1, note, 99, "ab", true), chunk("Replace", 1, note, 0, "cd", true), chunk("Replace", 1, note, 2, "ef", false),
	}}
	d := generic(s)
	d.MaxObjSize = 10
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"L-3", "L-22", "L-8"}, rows(report))
	assert.Equal(t, "Status 1/1 Replace 416", s.said(2)[1])

	s = &server{t: t, script: []string{
		chunk("Replace", 1, note, 10, "12345678", true), chunk("Replace", 1, note, 0, "90a", true), chunk("Replace", 1, note, 0, "b", true), set(1, note, "x"),
	}}
	d = generic(s)
	d.MaxObjSize = 10
	report, err = d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"L-6", "L-22", "L-8"}, rows(report))
	assert.Equal(t, "Status 2/1 Replace 413", s.said(3)[1])
}
