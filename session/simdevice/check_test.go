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
		{"another VerProto", "DM/1.2", "DM/1.1", []string{"V-9"}},
		{"another session", "<SessionID>1<", "<SessionID>01<", []string{"P-2"}},
		{"MsgID does not start at 1", "<MsgID>1<", "<MsgID>2<", []string{"P-17"}},
		{"another target", "<Target><LocURI>" + deviceID, "<Target><LocURI>urn:uuid:0", []string{"X-2"}},
		{"no Source", "<Source><LocURI>" + serverURL, "<Source><LocURI>", []string{"X-2"}},
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
		{"MINDT above MAXDT", correct, alert(1, 1100, "MINDT=9&amp;MAXDT=3", "x"), []string{"U-6"}},
		{"URI that is not full", "./DevInfo/Man", "DevInfo/Man", []string{"C-23"}},
		{"URI that begins with a slash", "./DevInfo/Man", "/DevInfo/Man", []string{"C-23"}},
		{"empty segment", "./DevInfo/Man", "./DevInfo//Man", []string{"W-22"}},
		{"Replace without Data", "<Data>1</Data></Item></Replace>", "</Item></Replace>", []string{"D-11"}},
		{"command beside an abort", correct, correct + alert(3, 1223), []string{"P-27"}},
		{"chunk", "<Data>1</Data></Item></Replace><Final/>", "<Data>1</Data><MoreData/></Item></Replace>", []string{"L-24"}},
		{"chunk and Final", "<Data>1</Data></Item></Replace>", "<Data>1</Data><MoreData/></Item></Replace>", []string{"L-24", "L-9"}},
		{"401 with commands", "<Cmd>SyncHdr</Cmd><Data>200", "<Cmd>SyncHdr</Cmd><Data>401", []string{"A-10", "A-8"}},
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
	s := &server{t: t}
	d := device(s)
	d.Fault = simdevice.LoseReply.At(1)
	d.Trace = func(m simdevice.Traffic) {
		if m.Lost {
			s.replied = append(s.replied, ' ')
		}
	}
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"P-31"}, rows(report))
}

func TestRefusalEndsTheSession(t *testing.T) {
	const challenge = `<Chal><Meta><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta></Chal>`
	for _, tt := range []struct {
		code string
		want simdevice.End
	}{{"200", simdevice.Completed}, {"212", simdevice.Completed}, {"401", simdevice.Refused}, {"407", simdevice.Refused}, {"505", simdevice.Refused}} {
		s := &server{t: t, edit: func(_ int, text string) string {
			text = strings.Replace(text, "<Cmd>SyncHdr</Cmd>", "<Cmd>SyncHdr</Cmd>"+challenge, 1)
			return strings.ReplaceAll(text, "<Data>200", "<Data>"+tt.code)
		}}
		report, err := device(s).Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, report.End)
		assert.Equal(t, tt.code, strconv.Itoa(int(report.Header)))
		assert.Empty(t, report.Violations)
		assert.Equal(t, 1, s.posts)
	}
}
