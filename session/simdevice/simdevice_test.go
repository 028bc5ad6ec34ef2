package simdevice_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const (
	deviceID  = "urn:uuid:11111111-2222-4333-8444-555555555555"
	serverURL = "https://dm.example.test/dm"
)

// server is a scripted server. Each time that it may send commands, because the device has closed its package or has
// asked for the next part of an object, it answers with the statuses for the message and the next entry of script, the
// text of commands; after the script with statuses alone. A message that does not close its package is answered with
// Alert 1222, and one that was just answered with the same octets again.
type server struct {
	t      *testing.T
	script []string
	edit   func(n int, text string) string // changes the n-th message before it is sent
	meta   string                          // Meta of the header
	binary bool                            // the device speaks WBXML
	part   int                             // status for a part of an object; 0: 213

	heard []*syncml.Message // messages of the device, repeats too
	posts int

	n             int // messages of the session
	turns         int // entries of script that were sent in the session
	body, replied []byte
}

func (s *server) codec() syncml.Codec {
	if s.binary {
		return wbxml.Codec
	}
	return syncml.XML
}

func (s *server) Post(_ context.Context, url, contentType string, body []byte) (string, []byte, error) {
	s.posts++
	assert.Equal(s.t, serverURL, url)
	assert.Equal(s.t, s.codec().ContentType(), contentType)
	m, err := s.codec().Decode(body, syncml.Limits{})
	if err != nil {
		return "", nil, &simdevice.HTTPError{StatusCode: http.StatusBadRequest}
	}
	s.heard = append(s.heard, m)
	if string(body) == string(s.body) {
		return contentType, s.replied, nil
	}
	if s.n++; m.Header.MsgID == "1" {
		s.n, s.turns = 1, 0
	}
	text := s.answer(m)
	if s.edit != nil {
		text = s.edit(s.n, text)
	}
	s.body, s.replied = body, []byte(text)
	if s.binary {
		m, err := syncml.Decode(s.replied)
		require.NoError(s.t, err)
		s.replied, err = syncml.Append(nil, wbxml.Codec, m)
		require.NoError(s.t, err)
	}
	return contentType, s.replied, nil
}

func (s *server) answer(m *syncml.Message) string {
	var b strings.Builder
	fmt.Fprintf(&b, `<SyncML xmlns="SYNCML:SYNCML%s"><SyncHdr><VerDTD>%[1]s</VerDTD><VerProto>%s</VerProto><SessionID>%s</SessionID><MsgID>%d</MsgID>`+
		`<Target><LocURI>%s</LocURI></Target><Source><LocURI>%s</LocURI></Source>%s</SyncHdr><SyncBody>`,
		m.Header.VerDTD, m.Header.VerProto, m.Header.SessionID, s.n, m.Header.Source.URI, m.Header.Target.URI, s.meta)
	id := 90
	status := func(ref, name string, code int) {
		fmt.Fprintf(&b, "<Status><CmdID>%d</CmdID><MsgRef>%s</MsgRef><CmdRef>%s</CmdRef><Cmd>%s</Cmd><Data>%d</Data></Status>",
			id, m.Header.MsgID, ref, name, code)
		id++
	}
	status("0", "SyncHdr", 200)
	next := m.Final
	for _, c := range m.Body {
		code, items := 200, c.ItemList()
		_, results := c.(*syncml.Results)
		switch {
		case len(items) > 0 && items[len(items)-1].MoreData:
			if code = s.part; code == 0 {
				code = 213
			}
		case results || c.Name() == "Status":
			continue
		}
		if a, ok := c.(*syncml.Alert); ok && a.Data.Value == "1222" {
			next = true
		}
		status(c.ID(), c.Name(), code)
	}
	const end = "</SyncBody></SyncML>"
	if !next {
		return b.String() + alert(1, 1222) + end
	}
	commands := ""
	if s.turns++; s.turns <= len(s.script) {
		commands = s.script[s.turns-1]
	}
	b.WriteString(commands)
	if strings.HasSuffix(commands, goesOn) {
		return b.String() + end
	}
	return b.String() + "<Final/>" + end
}

// goesOn is written behind a command with a part of an object that is not the last.
const goesOn = "<!-- goes on -->"

// chunk writes a command with a part of an object. size is that of the whole, 0 in later parts; more tells that the
// object goes on.
func chunk(verb string, id int, uri string, size int, data string, more bool) string {
	meta, end := "", ""
	if size > 0 {
		meta = fmt.Sprintf(`<Meta><Size xmlns="syncml:metinf">%d</Size></Meta>`, size)
	}
	if more {
		end = "<MoreData/>"
	}
	s := fmt.Sprintf("<%s><CmdID>%d</CmdID><Item><Target><LocURI>%s</LocURI></Target>%s<Data>%s</Data>%s</Item></%[1]s>", verb, id, uri, meta, data, end)
	if more {
		s += goesOn
	}
	return s
}

// limits is the Meta of a header.
func limits(maxMsgSize, maxObjSize int) string {
	s := ""
	if maxMsgSize > 0 {
		s = fmt.Sprintf(`<MaxMsgSize xmlns="syncml:metinf">%d</MaxMsgSize>`, maxMsgSize)
	}
	if maxObjSize > 0 {
		s += fmt.Sprintf(`<MaxObjSize xmlns="syncml:metinf">%d</MaxObjSize>`, maxObjSize)
	}
	return "<Meta>" + s + "</Meta>"
}

// device returns a device that talks to s.
func device(s *server) *simdevice.Device {
	return &simdevice.Device{ID: deviceID, URL: serverURL, Transport: s, Codec: s.codec()}
}

// generic returns a client of DM 1.2 that talks to s.
func generic(s *server) *simdevice.Device {
	d := device(s)
	d.Profile = simdevice.Generic12
	return d
}

// talk runs a session in which nothing may go wrong.
func talk(t *testing.T, d *simdevice.Device) simdevice.Report {
	t.Helper()
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	require.NoError(t, report.Err())
	return report
}

// said returns what the device said in message n.
func (s *server) said(n int) []string {
	s.t.Helper()
	require.GreaterOrEqual(s.t, len(s.heard), n)
	return lines(s.heard[n-1])
}

// object joins the parts of an object in the device's messages, and says how many there were.
func (s *server) object(name, cmdRef string) (value string, parts int) {
	for _, m := range s.heard {
		for _, c := range m.Body {
			r, ok := c.(*syncml.Results)
			if c.Name() != name || ok && r.CmdRef != cmdRef {
				continue
			}
			for _, it := range c.ItemList() {
				value += it.Data.Value
				parts++
			}
		}
	}
	return value, parts
}

// converse runs a session with a server that follows script and returns the device, the server, and what the
// device said in message 2.
func converse(t *testing.T, d *simdevice.Device, script ...string) (*server, []string) {
	t.Helper()
	s := &server{t: t, script: script, binary: d.Codec == wbxml.Codec}
	d.ID, d.URL, d.Transport = deviceID, serverURL, s
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	require.NoError(t, report.Err())
	require.Greater(t, len(s.heard), 1)
	return s, lines(s.heard[1])
}

// command writes a command of one item.
func command(verb string, id int, uri, format, data string) string {
	meta := ""
	if format != "" {
		meta = `<Meta><Format xmlns="syncml:metinf">` + format + `</Format></Meta>`
	}
	if data != "" {
		data = "<Data>" + data + "</Data>"
	}
	return fmt.Sprintf("<%s><CmdID>%d</CmdID><Item><Target><LocURI>%s</LocURI></Target>%s%s</Item></%[1]s>", verb, id, uri, meta, data)
}

func get(id int, uri string) string       { return command("Get", id, uri, "", "") }
func exec(id int, uri string) string      { return command("Exec", id, uri, "", "") }
func remove(id int, uri string) string    { return command("Delete", id, uri, "", "") }
func add(id int, uri, v string) string    { return command("Add", id, uri, "chr", v) }
func set(id int, uri, v string) string    { return command("Replace", id, uri, "chr", v) }
func setInt(id int, uri, v string) string { return command("Replace", id, uri, "int", v) }

// group writes an Atomic or a Sequence.
func group(name string, id int, members ...string) string {
	return fmt.Sprintf("<%s><CmdID>%d</CmdID>%s</%[1]s>", name, id, strings.Join(members, ""))
}

func alert(id, code int, items ...string) string {
	s := fmt.Sprintf("<Alert><CmdID>%d</CmdID><Data>%d</Data>", id, code)
	for _, it := range items {
		s += "<Item><Data>" + it + "</Data></Item>"
	}
	return s + "</Alert>"
}

// lines describes the body of a message, a line for each command or item.
func lines(m *syncml.Message) []string {
	var out []string
	for _, c := range m.Body {
		line := c.Name()
		switch c := c.(type) {
		case *syncml.Status:
			line += " " + c.MsgRef + "/" + c.CmdRef + " " + c.Cmd + " " + c.Data.Value
			if c.Data.OriginalError != "" {
				line += " " + c.Data.OriginalError
			}
			line += prefixed(" ", strings.Join(append(c.TargetRefs, c.SourceRefs...), " "))
		case *syncml.Results:
			line += " " + c.MsgRef + "/" + c.CmdRef
		case *syncml.Alert:
			line += " " + c.ID() + " " + c.Data.Value + prefixed(" for ", c.Correlator)
		case *syncml.Replace:
			line += " " + c.ID()
		}
		out = append(out, line)
		for _, it := range c.ItemList() {
			line := " " + it.Source.URI + it.Target.URI
			if it.Meta != nil {
				line += prefixed(" ", it.Meta.Format) + prefixed(" ", it.Meta.Type)
			}
			if it.Meta != nil {
				line += prefixed(" of ", it.Meta.Size)
			}
			if it.Data.Kind != syncml.NoData {
				line += " = " + it.Data.Value
			}
			if it.MoreData {
				line += " …"
			}
			out = append(out, line)
		}
	}
	if m.Final {
		out = append(out, "Final")
	}
	return out
}

func prefixed(prefix, s string) string {
	if s == "" {
		return ""
	}
	return prefix + s
}

// rows returns the rules that a report says are broken.
func rows(r simdevice.Report) []string {
	var out []string
	for _, v := range r.Violations {
		out = append(out, v.Row)
	}
	return out
}

func TestSessionIdentifiers(t *testing.T) {
	for _, tt := range []struct {
		policy simdevice.SessionIDs
		want   []string
	}{
		{simdevice.Decimal, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11"}},
		{simdevice.Hex, []string{"1", "2", "3", "4", "5", "6", "7", "8", "9", "A", "B"}},
		{simdevice.Zero, []string{"0", "0", "0", "0", "0", "0", "0", "0", "0", "0", "0"}},
	} {
		d := device(&server{t: t})
		d.SessionIDs = tt.policy
		var got []string
		for range tt.want {
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			require.NoError(t, report.Err())
			got = append(got, report.SessionID)
		}
		assert.Equal(t, tt.want, got)
	}
}

func TestCountsTellWhatBecameOfEachCommand(t *testing.T) {
	d := &simdevice.Device{}
	converse(t, d,
		set(1, "./Vendor/MSFT/Policy/Config/A/B", "1")+exec(2, "./Vendor/MSFT/Reboot/RebootNow")+
			group("Atomic", 3, set(4, "./Vendor/MSFT/Policy/Config/A/B", "2"), remove(5, "./Nope"), remove(6, "./Never")),
		exec(1, "./Vendor/MSFT/Reboot/RebootNow"))
	for _, tt := range []struct {
		verb, uri, data string
		want            [4]int // executed, undone, refused, skipped
	}{
		{"Replace", "./Vendor/MSFT/Policy/Config/A/B", "1", [4]int{1, 0, 0, 0}},
		{"Replace", "./Vendor/MSFT/Policy/Config/A/B", "2", [4]int{0, 1, 0, 0}},
		{"Exec", "./Vendor/MSFT/Reboot/RebootNow", "", [4]int{2, 0, 0, 0}},
		{"Delete", "./Nope", "", [4]int{0, 0, 1, 0}},
		{"Delete", "./Never", "", [4]int{0, 0, 0, 1}},
		{"Delete", "./Vendor", "", [4]int{}},
	} {
		e := d.Execution(tt.verb, tt.uri, tt.data)
		assert.Equal(t, tt.want, [4]int{e.Executed, e.Undone, e.Refused, e.Skipped}, "%s %s %s", tt.verb, tt.uri, tt.data)
	}
	list := d.Executions()
	require.Len(t, list, 5)
	assert.Equal(t, "./Vendor/MSFT/Policy/Config/A/B", list[0].LocURI)
	assert.NotContains(t, fmt.Sprintf("%+v", simdevice.Execution{Data: syncml.Text("secret")}), "secret")
}

func TestFaults(t *testing.T) {
	script := []string{exec(1, reboot), get(1, "./DevInfo/Man")}
	for _, tt := range []struct {
		name     string
		fault    func(message, attempt int) simdevice.Fault
		end      simdevice.End
		posts    int
		messages int
		executed int
	}{
		{"nothing goes wrong", simdevice.NoFault.At(1), simdevice.Completed, 3, 3, 1},
		{"a lost request is sent again", simdevice.LoseRequest.At(2), simdevice.Completed, 3, 3, 1},
		{"a request is lost several times", simdevice.LoseRequest.Times(2, 5), simdevice.Completed, 3, 3, 1},
		{"a message is sent again when its answer was lost", simdevice.LoseReply.At(1), simdevice.Completed, 4, 3, 1},
		{"an answer is lost several times", simdevice.LoseReply.Times(2, 3), simdevice.Completed, 6, 3, 1},
		{"the device dies with the command executed", simdevice.StopBefore.At(2), simdevice.Stopped, 1, 1, 1},
		{"the device dies before the command is executed", simdevice.StopAfter.At(1), simdevice.Stopped, 1, 1, 0},
		{"half a request is refused and the whole is sent", simdevice.CutRequest.At(2), simdevice.Completed, 4, 3, 1},
		{"a message is sent again when half its answer arrived", simdevice.CutReply.At(2), simdevice.Completed, 4, 3, 1},
		{"a message arrives twice", simdevice.Repeat.At(2), simdevice.Completed, 4, 3, 1},
		{"the message before the first is none", simdevice.LateBefore.At(1), simdevice.Completed, 3, 3, 1},
		{"the message before arrives again before this one", simdevice.LateBefore.At(2), simdevice.Completed, 4, 3, 1},
		{"the request is lost, then the answer, then the device dies", func(message, attempt int) simdevice.Fault {
			if message != 2 || attempt > 3 {
				return simdevice.NoFault
			}
			return [...]simdevice.Fault{1: simdevice.LoseRequest, 2: simdevice.LoseReply, 3: simdevice.StopBefore}[attempt]
		}, simdevice.Stopped, 2, 2, 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			bothCodecs(func(t *testing.T, s *server) {
				s.script = script
				d := device(s)
				d.Fault = tt.fault
				report, err := d.Session(t.Context())
				require.NoError(t, err)
				assert.Equal(t, tt.end, report.End)
				assert.Empty(t, report.Violations)
				assert.Equal(t, tt.posts, s.posts)
				assert.Equal(t, tt.messages, report.Messages)
				assert.Equal(t, tt.executed, d.Execution("Exec", reboot, "").Executed)
			})(t)
		})
	}
}

// TestLateMessages lets the first message of a session, or the second, arrive once more when the server has answered a
// later one.
func TestLateMessages(t *testing.T) {
	refuse := func(n int, text string) string {
		if n == 4 {
			return strings.Replace(text, "<Cmd>SyncHdr</Cmd><Data>200", "<Cmd>SyncHdr</Cmd><Data>400", 1)
		}
		return text
	}
	for _, tt := range []struct {
		name    string
		message int
		edit    func(int, string) string
		want    []string
	}{
		{"the first message opens a session", 2, nil, nil},
		{"a later one is refused", 3, refuse, nil},
		{"a later one is answered", 3, nil, []string{"P-32"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := &server{t: t, script: []string{exec(1, reboot), get(1, "./DevInfo/Man"), get(1, "./DevInfo/Mod")}, edit: tt.edit}
			d := device(s)
			d.Fault = simdevice.LateAfter.At(tt.message)
			report, _ := d.Session(t.Context())
			var got []string
			for _, v := range report.Violations {
				if v.Message == tt.message && v.Row == "P-32" {
					got = append(got, v.Row)
				}
			}
			assert.Equal(t, tt.want, got)
			late := s.heard[tt.message]
			assert.Equal(t, strconv.Itoa(tt.message-1), late.Header.MsgID)
			assert.Equal(t, 1, d.Execution("Exec", reboot, "").Executed)
		})
	}
}

func TestMessageThatIsAlwaysLostEndsTheSession(t *testing.T) {
	for _, f := range []simdevice.Fault{simdevice.LoseRequest, simdevice.LoseReply, simdevice.CutRequest, simdevice.CutReply} {
		d := device(&server{t: t})
		d.Fault = f.Times(1, 1<<30)
		report, err := d.Session(t.Context())
		assert.ErrorContains(t, err, "message 1 was lost 100 times", "%v", f)
		assert.Equal(t, simdevice.Broken, report.End)
	}
}

func TestServerThatTakesHalfAMessage(t *testing.T) {
	for _, tt := range []struct {
		err  error
		want []string
	}{
		{nil, []string{"F-1"}},
		{&simdevice.HTTPError{StatusCode: http.StatusInternalServerError}, []string{"F-1"}},
		{&simdevice.HTTPError{StatusCode: http.StatusBadRequest}, nil},
		{errDown, nil},
	} {
		d := device(&server{t: t})
		d.Fault = simdevice.CutRequest.At(1)
		d.Transport = &halved{d.Transport, 1, tt.err}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, tt.want, rows(report))
	}
}

// halved answers the first messages itself.
type halved struct {
	simdevice.Transport
	n   int
	err error
}

func (h *halved) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	if h.n--; h.n >= 0 {
		return contentType, nil, h.err
	}
	return h.Transport.Post(ctx, url, contentType, body)
}

func TestDeviceThatDiedBeginsANewSession(t *testing.T) {
	s := &server{t: t}
	d := device(s)
	d.Fault = simdevice.StopAfter.At(1)
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, simdevice.Stopped, report.End)
	assert.Error(t, report.Err())
	d.Fault = nil
	report, err = d.Session(t.Context())
	require.NoError(t, err)
	require.NoError(t, report.Err())
	assert.Equal(t, "2", s.heard[1].Header.SessionID)
	assert.Equal(t, "1", s.heard[1].Header.MsgID)
}

type failing struct {
	simdevice.Transport
	failures int
}

func (f *failing) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	if f.failures > 0 {
		f.failures--
		return "", nil, errDown
	}
	return f.Transport.Post(ctx, url, contentType, body)
}

var errDown = errors.New("down")

func TestRetryDecidesWhetherAFailedMessageIsSentAgain(t *testing.T) {
	for _, tt := range []struct {
		name     string
		failures int
		retry    bool
		want     error
	}{
		{"no Retry", 1, false, errDown},
		{"fails twice", 2, true, nil},
		{"fails too often", 3, true, errDown},
	} {
		d := device(&server{t: t})
		d.Transport = &failing{d.Transport, tt.failures}
		if tt.retry {
			d.Retry = func(_ context.Context, attempt int, err error) error {
				if attempt < 3 {
					return nil
				}
				return err
			}
		}
		report, err := d.Session(t.Context())
		assert.ErrorIs(t, err, tt.want, tt.name)
		assert.Equal(t, tt.want == nil, report.End == simdevice.Completed, tt.name)
	}
}

func TestSessionThatDoesNotEndFails(t *testing.T) {
	s := &server{t: t, edit: func(_ int, text string) string {
		return strings.Replace(text, "<Final/>", get(1, ".")+"<Final/>", 1)
	}}
	d := device(s)
	d.MaxMessages = 5
	report, err := d.Session(t.Context())
	assert.Error(t, err)
	assert.Equal(t, simdevice.Broken, report.End)
	assert.Equal(t, 5, s.posts)
}

func TestAnswerThatIsNoMessageIsAnError(t *testing.T) {
	s := &server{t: t, edit: func(int, string) string { return "<SyncML>" }}
	report, err := device(s).Session(t.Context())
	var syntax *syncml.SyntaxError
	assert.ErrorAs(t, err, &syntax)
	assert.Equal(t, []string{"X-1"}, rows(report))
}

func TestTraceSeesEveryMessage(t *testing.T) {
	s := &server{t: t, script: []string{get(1, "./DevInfo/Man")}}
	d := device(s)
	var got []string
	d.Fault = func(n, attempt int) simdevice.Fault {
		return [...][3]simdevice.Fault{1: {1: simdevice.LoseReply}, 2: {1: simdevice.LoseRequest}}[n][attempt]
	}
	d.Trace = func(m simdevice.Traffic) {
		assert.NotEmpty(t, m.Octets)
		assert.NotNil(t, m.Message)
		got = append(got, fmt.Sprint(m.From, m.Number, m.Repeat, m.Lost))
	}
	_, err := d.Session(t.Context())
	require.NoError(t, err)
	want := []string{
		"device 1 false false", "server 1 false true", "device 1 true false", "server 1 false false",
		"device 2 false true", "device 2 true false", "server 2 false false",
	}
	assert.Equal(t, want, got)
}

func TestTraceSeesWhatIsCut(t *testing.T) {
	s := &server{t: t}
	d := device(s)
	d.Fault = func(_, attempt int) simdevice.Fault {
		return [...]simdevice.Fault{1: simdevice.CutRequest, 2: simdevice.CutReply, 3: simdevice.Repeat}[attempt]
	}
	var got []string
	sizes := make(map[simdevice.Direction]int)
	d.Trace = func(m simdevice.Traffic) {
		if whole := len(m.Octets); !m.Cut {
			sizes[m.From] = whole
		}
		assert.Equal(t, m.Cut, m.Message == nil)
		got = append(got, fmt.Sprint(m.From, m.Repeat, m.Lost, m.Cut, len(m.Octets)))
	}
	talk(t, d)
	out, in := sizes[simdevice.FromDevice], sizes[simdevice.FromServer]
	assert.Equal(t, []string{
		fmt.Sprint("device false true true ", out/2),
		fmt.Sprint("device false false false ", out), fmt.Sprint("server false true true ", in/2),
		fmt.Sprint("device true false false ", out), fmt.Sprint("server false false false ", in),
		fmt.Sprint("device true false false ", out), fmt.Sprint("server false true false ", in),
	}, got)
}

// TestParallelSessions runs sessions of one device at once; the race detector watches.
func TestParallelSessions(t *testing.T) {
	d := device(&server{t: t})
	d.Transport = fresh{t, []string{setInt(1, policy, "1") + get(2, policy), exec(1, reboot)}}
	d.Notify(generalAlert("./Data", "x"))
	const n = 8
	reports := make(chan simdevice.Report, n)
	for range n {
		go func() {
			report, err := d.SessionWith(context.Background(), simdevice.SessionOptions{})
			assert.NoError(t, err)
			reports <- report
		}()
	}
	ids := make(map[string]bool)
	for range n {
		report := <-reports
		assert.NoError(t, report.Err())
		ids[report.SessionID] = true
	}
	assert.Len(t, ids, n)
	assert.Equal(t, n, d.Execution("Exec", reboot, "").Executed)
}

// fresh answers the first message of each session as the first of a script, and so on.
type fresh struct {
	t      *testing.T
	script []string
}

func (f fresh) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	m, err := syncml.Decode(body)
	require.NoError(f.t, err)
	n, _ := strconv.Atoi(m.Header.MsgID)
	s := &server{t: f.t, script: f.script, n: n - 1, turns: n - 1}
	if n == 1 {
		s.turns = 0
	}
	return s.Post(ctx, url, contentType, body)
}

func TestNames(t *testing.T) {
	for want, got := range map[string]fmt.Stringer{
		"windows": simdevice.Windows, "generic 1.2": simdevice.Generic12, "generic 1.1": simdevice.Generic11, "Profile(9)": simdevice.Profile(9),
		"no fault": simdevice.NoFault, "cut reply": simdevice.CutReply, "late after": simdevice.LateAfter, "Fault(99)": simdevice.Fault(99),
		"aborted by the device": simdevice.DeviceAborted, "End(99)": simdevice.End(99), "server": simdevice.FromServer,
	} {
		assert.Equal(t, want, got.String())
	}
	assert.EqualError(t, simdevice.Violation{Row: "P-21", Message: 3, Text: "x"}, "simdevice: message 3 of the server breaks P-21: x")
}

func TestAlertsStayQueuedUntilTheyAreAnswered(t *testing.T) {
	s := &server{t: t}
	d := device(s)
	d.Notify(syncml.Alert{Data: syncml.Text("1226"), Items: []syncml.Item{{
		Meta: &syncml.Meta{Type: "com.microsoft:mdm.unenrollment.userrequest", Format: "int"}, Data: syncml.Text("1"),
	}}})
	d.Fault = simdevice.StopAfter.At(1)
	for range 3 {
		_, err := d.Session(t.Context())
		require.NoError(t, err)
		d.Fault = nil
	}
	const line = "Alert 4 1226"
	assert.Contains(t, lines(s.heard[0]), line)
	assert.Contains(t, lines(s.heard[1]), line)
	assert.NotContains(t, lines(s.heard[2]), line)
}

func TestUserAnswers(t *testing.T) {
	var asked []simdevice.Question
	d := &simdevice.Device{Answer: func(q simdevice.Question) simdevice.Answer {
		asked = append(asked, q)
		return map[omadm.AlertCode]simdevice.Answer{
			omadm.AlertTextInput:      {Items: []string{"hello"}},
			omadm.AlertMultipleChoice: {Items: []string{"3", "2"}},
		}[q.Code]
	}}
	_, got := converse(t, d, alert(1, 1100, "", "Hello")+alert(2, 1102, "MAXLEN=9", "Name?")+alert(3, 1104, "MINDT=10&amp;DR=2-3", "Which?", "a", "b", "c"))
	assert.Equal(t, []string{
		"Status 1/0 SyncHdr 200", "Status 1/1 Alert 200", "Status 1/2 Alert 200", "  = hello",
		"Status 1/3 Alert 200", "  = 3", "  = 2", "Final",
	}, got)
	require.Len(t, asked, 3)
	assert.Equal(t, "Name?", asked[1].Text)
	assert.Equal(t, "2-3", asked[2].Options.Get("DR"))
	assert.Equal(t, []string{"a", "b", "c"}, asked[2].Choices)
}
