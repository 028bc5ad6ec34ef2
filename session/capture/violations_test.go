package capture_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/capture"
)

// conversation is two exchanges that keep all rules. The replies are the second and the fourth.
func conversation() []string {
	ok := `<TargetRef>https://dm.example.test/dm</TargetRef>`
	return []string{
		string(document("7", "1", "<Meta><MaxMsgSize xmlns='syncml:metinf'>4000</MaxMsgSize></Meta>", `<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>`+
			`<Replace><CmdID>3</CmdID><Item><Source><LocURI>./DevInfo/DevId</LocURI></Source><Data>1</Data></Item></Replace>`)),
		reply("1", `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd>`+ok+`<Data>200</Data></Status>`+
			st(2, 1, 2, "Alert", 200)+st(3, 1, 3, "Replace", 200)+
			`<Get><CmdID>4</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`),
		string(document("7", "2", "", st(1, 1, 0, "SyncHdr", 200)+st(2, 1, 4, "Get", 200)+
			`<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./A</LocURI></Source><Data>1</Data></Item></Results>`)),
		reply("2", st(1, 2, 0, "SyncHdr", 200)),
	}
}

func st(id, msg, cmd int, name string, code int) string {
	return strings.NewReplacer("{id}", strconv.Itoa(id), "{msg}", strconv.Itoa(msg), "{cmd}", strconv.Itoa(cmd), "{name}", name, "{code}", strconv.Itoa(code)).Replace(
		`<Status><CmdID>{id}</CmdID><MsgRef>{msg}</MsgRef><CmdRef>{cmd}</CmdRef><Cmd>{name}</Cmd><Data>{code}</Data></Status>`)
}

// reply is a message of the server of document.
func reply(msgID, body string) string {
	return `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>7</SessionID><MsgID>` + msgID +
		`</MsgID><Target><LocURI>` + deviceID + `</LocURI></Target><Source><LocURI>https://dm.example.test/dm</LocURI></Source></SyncHdr><SyncBody>` +
		body + `<Final/></SyncBody></SyncML>`
}

func recordingOf(messages []string) *capture.Recording {
	rec := new(capture.Recording)
	for i, text := range messages {
		m := capture.Message{Number: i/2 + 1, Octets: []byte(text), Size: len(text)}
		if i%2 == 1 {
			m.From, m.Status = capture.FromServer, 200
		}
		rec.Messages = append(rec.Messages, m)
	}
	return rec
}

func TestViolations(t *testing.T) {
	const get = `<Get><CmdID>4</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`
	tests := []struct {
		name     string
		message  int // that is changed
		old, new string
		want     []string // rows, by the side that broke them
	}{
		{"nothing", 1, "", "", nil},
		{"another VerProto", 1, "DM/1.2", "DM/1.1", []string{"server V-9"}},
		{"another namespace", 1, "SYNCML:SYNCML1.2", "SYNCML:SYNCML1.1", []string{"server V-1"}},
		{"another session", 1, "<SessionID>7<", "<SessionID>07<", []string{"server P-2"}},
		{"another target", 1, "<Target><LocURI>" + deviceID, "<Target><LocURI>x", []string{"server X-2"}},
		{"a MsgID that is used twice", 3, "<MsgID>2<", "<MsgID>1<", []string{"server P-17"}},
		{"a relative RespURI", 1, "</Source></SyncHdr>", "</Source><RespURI>/x</RespURI></SyncHdr>", []string{"server P-33"}},
		{"NoResp", 1, "</Source></SyncHdr>", "</Source><NoResp/></SyncHdr>", []string{"server S-11"}},
		{"no CmdID", 1, "<CmdID>3</CmdID>", "", []string{"server X-4"}},
		{"CmdID 0", 1, "<CmdID>3</CmdID>", "<CmdID>0</CmdID>", []string{"server X-21"}},
		{"a CmdID twice", 1, "<CmdID>3</CmdID>", "<CmdID>2</CmdID>", []string{"server X-20"}},
		{"a Status less", 1, st(2, 1, 2, "Alert", 200), "", []string{"server S-5"}},
		{"a Status twice", 1, st(2, 1, 2, "Alert", 200), st(2, 1, 2, "Alert", 200) + st(9, 1, 2, "Alert", 200), []string{"server S-5"}},
		{"a Status for nothing", 1, st(2, 1, 2, "Alert", 200), st(2, 1, 2, "Alert", 200) + st(9, 1, 8, "Alert", 200), []string{"server S-5"}},
		{"another order", 1, st(2, 1, 2, "Alert", 200) + st(3, 1, 3, "Replace", 200), st(3, 1, 3, "Replace", 200) + st(2, 1, 2, "Alert", 200), []string{"server S-1"}},
		{"no Status for the header", 3, st(1, 2, 0, "SyncHdr", 200), st(1, 1, 2, "Alert", 200), []string{"server S-5", "server S-1"}},
		{"another Cmd", 1, "<Cmd>Replace<", "<Cmd>Add<", []string{"server S-2"}},
		{"a code that is none", 1, "<Cmd>Replace</Cmd><Data>200", "<Cmd>Replace</Cmd><Data>fine", []string{"server S-2"}},
		{"another TargetRef", 1, "<TargetRef>https", "<TargetRef>http", []string{"server S-3"}},
		{"a Status behind a command", 1, st(3, 1, 3, "Replace", 200) + get, get + st(3, 1, 3, "Replace", 200), []string{"server S-3"}},
		{"200 for Results", 3, st(1, 2, 0, "SyncHdr", 200), st(1, 2, 0, "SyncHdr", 200) + st(2, 2, 3, "Results", 200), []string{"server S-12"}},
		{"a Put", 1, get, `<Put><CmdID>4</CmdID></Put>`, []string{"server X-9", "device S-2"}},
		{"a Get in an Atomic", 1, get, `<Atomic><CmdID>5</CmdID>` + get + `</Atomic>`, []string{"server C-10", "device S-5"}},
		{"a Sequence in a Sequence", 1, get, `<Sequence><CmdID>5</CmdID><Sequence><CmdID>6</CmdID>` + get + `</Sequence></Sequence>`, []string{"server C-20", "device S-5", "device S-5"}},
		{"Lang", 1, "<Get><CmdID>4</CmdID>", "<Get><CmdID>4</CmdID><Lang>de</Lang>", []string{"server C-9"}},
		{"no item", 1, get, `<Get><CmdID>4</CmdID></Get>`, []string{"server X-5"}},
		{"a relative address", 1, "<LocURI>./A<", "<LocURI>A<", []string{"server C-23"}},
		{"an address with an empty name", 1, "<LocURI>./A<", "<LocURI>.//A<", []string{"server W-22"}},
		{"an alert of devices", 1, get, `<Alert><CmdID>4</CmdID><Data>1226</Data></Alert>`, []string{"server U-1", "device S-2"}},
		{"an alert without a text", 1, get, `<Alert><CmdID>4</CmdID><Data>1100</Data></Alert>`, []string{"server U-3", "device S-2"}},
		{"an alert without choices", 1, get, `<Alert><CmdID>4</CmdID><Data>1103</Data><Item><Data></Data></Item><Item><Data>x</Data></Item></Alert>`, []string{"server U-13", "device S-2"}},
		{"no Final", 1, "<Final/>", "", []string{"server P-14"}},
		{"no Final at the end", 3, "<Final/>", "", []string{"server P-14"}},
		{"1222 at the wrong time", 1, get, `<Alert><CmdID>4</CmdID><Data>1222</Data></Alert>`, []string{"server P-24", "device S-2"}},
		{"a command in the package of the device", 0, "<Final/>", "", []string{"server P-21", "server P-21", "server P-21"}},
		{"1223 without Final", 3, "<Final/>", "<Alert><CmdID>2</CmdID><Data>1223</Data></Alert>", []string{"server P-27"}},
		{"a command beside 1223", 1, get, get + "<Alert><CmdID>5</CmdID><Data>1223</Data></Alert>", []string{"server P-27"}},
		{"a refusal with a command", 1, "</TargetRef><Data>200", "</TargetRef><Data>401", []string{"server A-10"}},
		{"a reply that is too large", 0, "4000", "400", []string{"server P-38", "server P-38"}},
		{"a part without its size", 1, get, `<Add><CmdID>4</CmdID><Item><Target><LocURI>./A</LocURI></Target><Data>x</Data><MoreData/></Item></Add>`, []string{"server L-6", "server L-9", "device S-2"}},
		{"something behind a part", 1, get, `<Add><CmdID>9</CmdID><Item><Target><LocURI>./A</LocURI></Target><Meta><Size xmlns="syncml:metinf">9</Size></Meta><Data>x</Data><MoreData/></Item></Add>` + get, []string{"server L-10", "server L-9", "device S-5"}},
		{"200 for a part", 2, "</Item></Results>", "<MoreData/></Item></Results>", []string{"server L-15"}},
		{"no Status of the device", 2, st(2, 1, 4, "Get", 200), "", []string{"device S-5"}},
		{"an odd Status of the device", 2, st(2, 1, 4, "Get", 200), st(2, 1, 4, "Get", 200) + st(9, 1, 8, "Get", 200), []string{"device S-5"}},
		{"a CmdID of the device twice", 0, "<CmdID>3<", "<CmdID>2<", []string{"device X-20", "server S-5", "server S-5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			messages := conversation()
			if tt.old != "" {
				require.Contains(t, messages[tt.message], tt.old)
				messages[tt.message] = strings.Replace(messages[tt.message], tt.old, tt.new, 1)
			}
			var got, text []string
			for _, v := range recordingOf(messages).Violations() {
				got, text = append(got, v.From.String()+" "+v.Row), append(text, v.String())
			}
			require.Equal(t, tt.want, got, "%s", strings.Join(text, "\n"))
		})
	}
}

// A reply of statuses alone may have no Final where a command had no room, which comes with the next.
func TestViolationsOfAPackageThatStaysOpen(t *testing.T) {
	all := conversation()
	const get = `<Get><CmdID>4</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`
	full := strings.NewReplacer(get, "", "<Final/>", "").Replace(all[1])
	more := strings.Replace(string(document("7", "2", "", st(1, 1, 0, "SyncHdr", 200)+`<Alert><CmdID>2</CmdID><Data>1222</Data></Alert>`)), "<Final/>", "", 1)
	asked := st(1, 2, 0, "SyncHdr", 200) + st(2, 2, 2, "Alert", 200)
	last := string(document("7", "3", "", st(1, 2, 0, "SyncHdr", 200)+st(2, 2, 4, "Get", 200)))
	for name, tt := range map[string]struct {
		next string
		want []string
	}{
		"the command comes": {reply("2", asked+get), nil},
		"nothing comes":     {reply("2", asked), []string{"message 2 of the server: P-14: the message before has no Final, and this one holds nothing for which there was no room"}},
		"an abort comes":    {reply("2", asked+`<Alert><CmdID>3</CmdID><Data>1223</Data></Alert>`), nil},
	} {
		var got []string
		messages := []string{all[0], full, more, tt.next}
		if strings.Contains(tt.next, get) {
			messages = append(messages, last, reply("3", st(1, 3, 0, "SyncHdr", 200)))
		}
		for _, v := range recordingOf(messages).Violations() {
			got = append(got, v.String())
		}
		require.Equal(t, tt.want, got, name)
	}
}

// ask is a message of the device, reply without Final.
func ask(msgID, body string, final bool) string {
	text := string(document("7", msgID, "", body))
	if final {
		return text
	}
	return strings.Replace(text, "<Final/>", "", 1)
}

func goingOn(reply string) string { return strings.Replace(reply, "<Final/>", "", 1) }

// chunk is a Replace of ./uri, of which more is to come; the first part says the size.
func chunk(id int, uri, size string, more bool) string {
	text := `<Replace><CmdID>` + strconv.Itoa(id) + `</CmdID><Item><Target><LocURI>./` + uri + `</LocURI></Target>`
	if size != "" {
		text += `<Meta><Size xmlns="syncml:metinf">` + size + `</Size></Meta>`
	}
	text += `<Data>abc</Data>`
	if more {
		text += `<MoreData/>`
	}
	return text + `</Item></Replace>`
}

// While the server is in the middle of a large object, the device may have other things to say first.
func TestViolationsInTheMiddleOfAnObject(t *testing.T) {
	const next, keepAlive = `<Alert><CmdID>8</CmdID><Data>1222</Data></Alert>`, `<Alert><CmdID>9</CmdID><Data>1224</Data></Alert>`
	header := func(msg int) string { return st(1, msg, 0, "SyncHdr", 200) }
	begin := []string{ask("1", `<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>`, true), goingOn(reply("1", header(1)+st(2, 1, 2, "Alert", 200)+chunk(3, "A", "6", true)))}
	for name, tt := range map[string]struct {
		messages []string
		want     []string
	}{
		"it goes on": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 213)+next, false), reply("2", header(2)+st(2, 2, 8, "Alert", 200)+chunk(3, "A", "", false)),
		}, nil},
		"it does not": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 213)+next, false), reply("2", header(2)+st(2, 2, 8, "Alert", 200)+chunk(3, "B", "", false)),
		}, []string{"server L-10"}},
		"another begins where it ends": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 213)+next, false),
			goingOn(reply("2", header(2)+st(2, 2, 8, "Alert", 200)+chunk(3, "A", "", false)+chunk(4, "B", "6", true))),
			ask("3", header(2)+st(2, 2, 3, "Replace", 200)+st(3, 2, 4, "Replace", 213)+next, false),
			reply("3", header(3)+st(2, 3, 8, "Alert", 200)+chunk(3, "B", "", false)),
		}, nil},
		"the device is busy": {[]string{
			ask("2", header(1)+keepAlive, false), goingOn(reply("2", header(2)+st(2, 2, 9, "Alert", 200)+`<Alert><CmdID>3</CmdID><Data>1222</Data></Alert>`)),
			ask("3", header(2)+st(2, 1, 3, "Replace", 213)+next, false), reply("3", header(3)+st(2, 3, 8, "Alert", 200)+chunk(3, "A", "", false)),
		}, nil},
		"a part for a device that is busy": {[]string{
			ask("2", header(1)+keepAlive, false), goingOn(reply("2", header(2)+st(2, 2, 9, "Alert", 200)+chunk(3, "A", "", true))),
		}, []string{"server P-21", "server P-21"}},
		"refused, and there is more to say": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 413), false), goingOn(reply("2", header(2)+`<Alert><CmdID>3</CmdID><Data>1222</Data></Alert>`)),
			ask("3", header(2), true), reply("3", header(3)),
		}, nil},
		"skipped, as the user has cancelled": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 215)+next, false), reply("2", header(2)+st(2, 2, 8, "Alert", 200)+chunk(3, "B", "", false)),
		}, nil},
		"refused, and the next is asked for": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 413)+next, false), reply("2", header(2)+st(2, 2, 8, "Alert", 200)+chunk(3, "B", "", false)),
		}, nil},
		"1222 though the part is taken": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 213)+next, false), goingOn(reply("2", header(2)+st(2, 2, 8, "Alert", 200)+`<Alert><CmdID>3</CmdID><Data>1222</Data></Alert>`)),
		}, []string{"server P-14", "server P-24"}},
		"the device closes its package": {[]string{
			ask("2", header(1)+st(2, 1, 3, "Replace", 213), true), reply("2", header(2)+chunk(3, "A", "", false)),
		}, []string{"device P-23"}},
		"the device closes its package without a word": {[]string{
			ask("2", header(1), true), reply("2", header(2)+chunk(3, "B", "", false)),
		}, []string{"device P-23", "device S-5"}},
	} {
		var got []string
		for _, v := range recordingOf(append(slices.Clone(begin), tt.messages...)).Violations() {
			got = append(got, v.From.String()+" "+v.Row)
		}
		require.Equal(t, tt.want, got, name)
	}
}

// What a device may not send is answered all the same.
func TestViolationsOfAnswersToOddCommands(t *testing.T) {
	header, alert := st(1, 1, 0, "SyncHdr", 200), `<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>`
	group := `<Sequence><CmdID>3</CmdID><Get><CmdID>4</CmdID></Get></Sequence>`
	unnumbered := st(3, 1, 99, "Alert", 400)
	unnumbered = strings.Replace(unnumbered, "<CmdRef>99</CmdRef>", "<CmdRef></CmdRef>", 1)
	for name, tt := range map[string]struct {
		in, out string
		want    []string
	}{
		"members of a group":             {alert + group, header + st(2, 1, 2, "Alert", 200) + st(3, 1, 3, "Sequence", 405) + st(4, 1, 4, "Get", 405), nil},
		"the group alone":                {alert + group, header + st(2, 1, 2, "Alert", 200) + st(3, 1, 3, "Sequence", 405), nil},
		"a member that is none":          {alert + group, header + st(2, 1, 2, "Alert", 200) + st(3, 1, 3, "Sequence", 405) + st(4, 1, 5, "Get", 405), []string{"server S-5"}},
		"no CmdID":                       {alert + `<Alert><Data>1224</Data></Alert>`, header + st(2, 1, 2, "Alert", 200) + unnumbered, []string{"device X-4"}},
		"CmdID 0":                        {alert + `<Alert><CmdID>0</CmdID><Data>1224</Data></Alert>`, header + st(2, 1, 2, "Alert", 200) + unnumbered, []string{"device X-21"}},
		"all commands have theirs":       {alert, header + st(2, 1, 2, "Alert", 200) + unnumbered, []string{"server S-2"}},
		"a CmdID of Results and Alert":   {`<Results><CmdID>2</CmdID></Results>` + alert, header + st(2, 1, 2, "Alert", 200), []string{"device X-20"}},
		"an abort without Final":         {alert + `<Alert><CmdID>3</CmdID><Data>1223</Data></Alert>`, header + st(2, 1, 2, "Alert", 200) + st(3, 1, 3, "Alert", 200), nil},
		"a command behind such an abort": {alert + `<Alert><CmdID>3</CmdID><Data>1223</Data></Alert>`, header + st(2, 1, 2, "Alert", 200) + st(3, 1, 3, "Alert", 200) + chunk(4, "A", "", false), []string{"server P-26"}},
	} {
		var got []string
		for _, v := range recordingOf([]string{ask("1", tt.in, !strings.Contains(tt.in, "1223")), reply("1", tt.out)}).Violations() {
			got = append(got, v.From.String()+" "+v.Row)
		}
		require.Equal(t, tt.want, got, name)
	}
}

// Copies of messages that were long under way say nothing about the conversation.
func TestViolationsOfLateCopies(t *testing.T) {
	refusal := reply("3", st(1, 1, 0, "SyncHdr", 400)+st(2, 1, 2, "Alert", 400)+st(3, 1, 3, "Replace", 400))
	all := conversation()
	more := []string{
		ask("3", st(1, 2, 0, "SyncHdr", 200)+st(2, 2, 2, "Get", 200)+
			`<Results><CmdID>3</CmdID><MsgRef>2</MsgRef><CmdRef>2</CmdRef><Item><Source><LocURI>./A</LocURI></Source><Data>1</Data></Item></Results>`, true),
		reply("3", st(1, 3, 0, "SyncHdr", 200)),
	}
	all[3] = reply("2", st(1, 2, 0, "SyncHdr", 200)+`<Get><CmdID>2</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`)
	require.Empty(t, recordingOf(append(slices.Clone(all), more...)).Violations())
	for name, tt := range map[string]struct {
		at, copied int // the copy comes before message at
		answer     string
		want       []string
	}{
		"the first, challenged":   {4, 0, reply("1", st(1, 1, 0, "SyncHdr", 407)+st(2, 1, 2, "Alert", 407)+st(3, 1, 3, "Replace", 407)), nil},
		"the second, refused":     {6, 2, strings.ReplaceAll(refusal, "<MsgRef>1<", "<MsgRef>2<"), nil},
		"the second, as before":   {6, 2, all[3], nil},
		"the second, taken again": {6, 2, reply("4", st(1, 2, 0, "SyncHdr", 200)), []string{"server P-32"}},
	} {
		messages := slices.Insert(append(slices.Clone(all), more...), tt.at, all[tt.copied], tt.answer)
		var got []string
		for _, v := range recordingOf(messages).Violations() {
			got = append(got, v.From.String()+" "+v.Row)
		}
		require.Equal(t, tt.want, got, name)
	}
	rec := recordingOf(slices.Insert(append(slices.Clone(all), more...), 4, all[0], "", all[2], all[3]))
	rec.Messages[5].Octets, rec.Messages[5].Status = nil, 503
	require.Empty(t, rec.Violations(), "the first, and the second again")
}

// A device that begins each session with the same octets, of which one session was broken off.
func TestViolationsOfTheSameMessageTheNextDay(t *testing.T) {
	first := conversation()
	second := []string{first[0], strings.Replace(first[1], "./A", "./B", 1)}
	rec := recordingOf(append(first[:2:2], second...))
	for i := range rec.Messages {
		rec.Messages[i].Time = time.Date(2026, 3, 1+i/2, 8, 0, 0, 0, time.UTC)
	}
	require.Empty(t, rec.Violations())
	for i := range rec.Messages {
		rec.Messages[i].Time = time.Date(2026, 3, 1, 8, i, 0, 0, time.UTC)
	}
	require.Len(t, rec.Violations(), 1)
}

func TestViolationsOfARepetition(t *testing.T) {
	messages := conversation()
	messages = slices.Insert(messages, 2, messages[0], messages[1])
	require.Empty(t, recordingOf(messages).Violations())
	failed := recordingOf(slices.Insert(conversation(), 2, conversation()[2], "")) // the third message is not answered at first
	failed.Messages[3].Octets, failed.Messages[3].Status = nil, 503
	require.Empty(t, failed.Violations())
	messages[3] = strings.Replace(messages[3], "./A", "./B", 1)
	require.Equal(t, []capture.Violation{{Number: 2, From: capture.FromServer, Row: "P-30", Text: "a message that came again has another reply than before"}},
		recordingOf(messages).Violations())
}

// What is missing or cut says nothing about what it answers.
func TestViolationsOfAPart(t *testing.T) {
	for from := range conversation() {
		rec := recordingOf(conversation())
		rec.Messages = rec.Messages[from:]
		require.Empty(t, rec.Violations())
	}
	for i := range conversation() {
		rec := recordingOf(conversation())
		rec.Messages[i].Octets, rec.Messages[i].Omitted = nil, "too large"
		require.Empty(t, rec.Violations())
	}
}

// The handler keeps the rules in each recorded session.
func TestSessionsHaveNoViolations(t *testing.T) {
	dirs, err := filepath.Glob("../../testdata/sessions/*/index.jsonl")
	require.NoError(t, err)
	require.NotEmpty(t, dirs)
	for _, index := range dirs {
		rec, err := capture.Open(os.DirFS(filepath.Dir(index)))
		require.NoError(t, err)
		for _, v := range rec.Violations() {
			if v.From == capture.FromServer {
				t.Errorf("%s: %v", index, v)
			}
		}
	}
}
