package omadm_test

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// message decodes a message of testdata/examples.
func message(t *testing.T, name string) *syncml.Message {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("..", "testdata", "examples", name))
	require.NoError(t, err)
	m, err := syncml.Decode(b)
	require.NoError(t, err)
	return m
}

// replied returns the statuses and commands of a reply, one line each.
func replied(m *syncml.Message) (list []string) {
	for _, c := range m.Body {
		if s, ok := c.(*syncml.Status); ok {
			list = append(list, strings.Join([]string{s.CmdID, s.Cmd, s.CmdRef, s.Data.Value}, " "))
			continue
		}
		list = append(list, c.ID()+" "+c.Name())
	}
	return list
}

func TestReply(t *testing.T) {
	m := message(t, "01-valid-pkg1-client-initiated.xml")
	for name, test := range map[string]struct {
		build func(*omadm.Reply)
		want  []string
	}{
		"statuses_alone": {func(*omadm.Reply) {}, []string{"1 SyncHdr 0 200", "2 Alert 1 200", "3 Replace 2 200"}},
		"another_code":   {func(r *omadm.Reply) { r.Status(m.Body[1], omadm.StatusCommandFailed) }, []string{"1 SyncHdr 0 200", "2 Alert 1 200", "3 Replace 2 500"}},
		"code_of_an_item": {func(r *omadm.Reply) { r.ItemStatus(m.Body[1], 4, omadm.StatusCommandFailed) },
			[]string{"1 SyncHdr 0 200", "2 Alert 1 200", "3 Replace 2 200", "4 Replace 2 200", "5 Replace 2 200", "6 Replace 2 200", "7 Replace 2 500"}},
		"item_out_of_range": {func(r *omadm.Reply) {
			r.ItemStatus(m.Body[1], 5, 500)
			r.ItemStatus(m.Body[1], -1, 500)
			r.Status(&syncml.Alert{CmdID: "1"}, 500)
		},
			[]string{"1 SyncHdr 0 200", "2 Alert 1 200", "3 Replace 2 200"}},
		"commands_follow": {func(r *omadm.Reply) {
			require.NoError(t, r.Add(omadm.Op{Verb: omadm.Get, URI: "./A"}, omadm.Op{Verb: omadm.Exec, URI: "./B"}))
		}, []string{"1 SyncHdr 0 200", "2 Alert 1 200", "3 Replace 2 200", "4 Get", "5 Exec"}},
		"refusal_carries_no_command": {func(r *omadm.Reply) {
			r.Refuse(omadm.StatusInvalidCredentials)
			require.NoError(t, r.Add(omadm.Op{Verb: omadm.Get, URI: "./A"}))
		}, []string{"1 SyncHdr 0 401", "2 Alert 1 401", "3 Replace 2 401"}},
		"header_code": {func(r *omadm.Reply) { r.Header(omadm.StatusAuthenticationAccepted) }, []string{"1 SyncHdr 0 212", "2 Alert 1 200", "3 Replace 2 200"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := omadm.NewReply(m)
			test.build(r)
			got := r.Message()
			assert.Equal(t, test.want, replied(got))
			assert.True(t, got.Final)
			assert.Equal(t, m.Header.Source.URI, got.Header.Target.URI)
			assert.Equal(t, m.Header.Target.URI, got.Header.Source.URI)
			assert.Equal(t, "1", got.Header.MsgID)
		})
	}
}

func TestReplyAnswersResultsOnlyWhenSomethingIsWrong(t *testing.T) {
	m := message(t, "03-valid-pkg3-status-results.xml")
	assert.Equal(t, []string{"1 SyncHdr 0 200"}, replied(omadm.NewReply(m).Message()))
	m.Body = append(m.Body, &syncml.Alert{CmdID: "9", Data: syncml.Text("1224")})
	r := omadm.NewReply(m)
	r.Status(m.Body[2], omadm.StatusSizeMismatch)
	assert.Equal(t, []string{"1 SyncHdr 0 200", "2 Results 3 424", "3 Alert 9 200"}, replied(r.Message()))
}

// TestReplyAnswersEachCommand: what a server answers to commands of a client, by itself.
func TestReplyAnswersEachCommand(t *testing.T) {
	item := func(source string) string {
		return "<Item><Source><LocURI>" + source + "</LocURI></Source><Data>x</Data></Item>"
	}
	generic := func(kind string) string {
		return `<Item><Meta><Type xmlns="syncml:metinf">` + kind + `</Type></Meta><Data>x</Data></Item>`
	}
	for name, test := range map[string]struct {
		body string
		want []string
	}{
		"no CmdID":               {`<Alert><Data>1201</Data></Alert>`, []string{"2 Alert  400"}},
		"CmdID 0":                {`<Alert><CmdID>0</CmdID><Data>1201</Data></Alert>`, []string{"2 Alert  400"}},
		"a command of servers":   {`<Get><CmdID>1</CmdID></Get>`, []string{"2 Get 1 405"}},
		"a command DM reserves":  {`<Put><CmdID>1</CmdID></Put>`, []string{"2 Put 1 405"}},
		"an element of nobody":   {`<Dance><CmdID>1</CmdID></Dance>`, []string{"2 Dance 1 501"}},
		"an alert of servers":    {`<Alert><CmdID>1</CmdID><Data>1100</Data></Alert>`, []string{"2 Alert 1 406"}},
		"an alert of nobody":     {`<Alert><CmdID>1</CmdID><Data>soon</Data></Alert>`, []string{"2 Alert 1 406"}},
		"1226 without items":     {`<Alert><CmdID>1</CmdID><Data>1226</Data></Alert>`, []string{"2 Alert 1 412"}},
		"1226 without a type":    {`<Alert><CmdID>1</CmdID><Data>1226</Data><Item><Data>x</Data></Item></Alert>`, []string{"2 Alert 1 412"}},
		"1226 of Windows":        {`<Alert><CmdID>1</CmdID><Data>1226</Data>` + generic("com.microsoft:mdm.unenrollment.userrequest") + `</Alert>`, []string{"2 Alert 1 200"}},
		"1226 without addresses": {`<Alert><CmdID>1</CmdID><Data>1226</Data>` + generic("com.microsoft:mdm.unenrollment.userrequest") + generic("a.b") + `</Alert>`, []string{"2 Alert 1 415"}},
		"no items":               {`<Replace><CmdID>1</CmdID></Replace>`, []string{"2 Replace 1 412"}},
		"another node":           {`<Replace><CmdID>1</CmdID>` + item("./DevInfo/Man") + item("./Vendor") + `</Replace>`, []string{"2 Replace 1 200", "3 Replace 1 405"}},
		"no address":             {`<Replace><CmdID>1</CmdID>` + item("./DevInfo//Man") + `</Replace>`, []string{"2 Replace 1 405"}},
		"a group": {`<Sequence><CmdID>1</CmdID><Atomic><CmdID>2</CmdID><Alert><CmdID>3</CmdID><Data>1224</Data></Alert></Atomic></Sequence>`,
			[]string{"2 Sequence 1 405", "3 Atomic 2 405", "4 Alert 3 405"}},
	} {
		t.Run(name, func(t *testing.T) {
			m, err := syncml.Decode([]byte(body12(test.body)))
			require.NoError(t, err)
			assert.Equal(t, append([]string{"1 SyncHdr 0 200"}, test.want...), replied(omadm.NewReply(m).Message()))
		})
	}
}

// body12 is a message of OMA DM 1.2 with that body.
func body12(body string) string {
	return `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>` +
		`<Target><LocURI>s</LocURI></Target><Source><LocURI>d</LocURI></Source></SyncHdr><SyncBody>` + body + `<Final/></SyncBody></SyncML>`
}

func TestReplyRefusesVersions(t *testing.T) {
	for _, test := range []struct {
		dtd, proto string
		want       omadm.Status
		listed     []string
	}{
		{"1.2", "DM/1.2", omadm.StatusOK, nil},
		{"1.1", "DM/1.1", omadm.StatusOK, nil},
		{"1.2", "DM/1.3", omadm.StatusProtocolNotSupported, []string{"DM/1.2", "DM/1.1"}},
		{"1.3", "DM/1.3", omadm.StatusDTDVersionNotSupported, []string{"1.2", "1.1"}},
	} {
		m, err := syncml.Decode([]byte(body12(`<Alert><CmdID>1</CmdID><Data>1201</Data></Alert>`)))
		require.NoError(t, err)
		m.Header.VerDTD, m.Header.VerProto = test.dtd, test.proto
		r := omadm.NewReply(m)
		reply := r.Message()
		header := reply.Body[0].(*syncml.Status)
		var listed []string
		for _, it := range header.Items {
			listed = append(listed, it.Data.Value)
		}
		code := strconv.Itoa(int(test.want))
		assert.Equal(t, []string{"1 SyncHdr 0 " + code, "2 Alert 1 " + code}, replied(reply))
		assert.Equal(t, test.listed, listed)
		assert.Equal(t, test.want >= 300, r.Refused())
		if r.Refused() { // in the newest version
			newest := omadm.Versions()[0]
			assert.Equal(t, []string{newest.VerDTD, newest.VerProto, ""}, []string{reply.Header.VerDTD, reply.Header.VerProto, reply.Header.Namespace})
		}
	}
}

func TestReplyPutsAnswersToResultsInOrder(t *testing.T) {
	m, err := syncml.Decode([]byte(body12(`<Sequence><CmdID>1</CmdID><Alert><CmdID>2</CmdID><Data>1224</Data></Alert><Sequence><CmdID>3</CmdID>` +
		`<Alert><CmdID>4</CmdID><Data>1224</Data></Alert></Sequence></Sequence><Results><CmdID>5</CmdID><MsgRef>1</MsgRef><CmdRef>1</CmdRef></Results>` +
		`<Alert><CmdID>6</CmdID><Data>1224</Data></Alert>`)))
	require.NoError(t, err)
	r := omadm.NewReply(m)
	r.Status(m.Body[1], omadm.StatusCommandFailed)
	assert.Equal(t, []string{"1 SyncHdr 0 200", "2 Sequence 1 405", "3 Alert 2 405", "4 Sequence 3 405", "5 Alert 4 405", "6 Results 5 500", "7 Alert 6 200"},
		replied(r.Message()))
}

func TestReplyCode(t *testing.T) {
	m := message(t, "01-valid-pkg1-client-initiated.xml")
	r := omadm.NewReply(m)
	info := m.Body[1]
	assert.Equal(t, omadm.StatusOK, r.Code(info, 0))
	assert.Zero(t, r.Code(new(syncml.Alert), 0))
	r.ItemStatus(info, 1, omadm.StatusAccepted)
	assert.Equal(t, []omadm.Status{200, 202, 200}, []omadm.Status{r.Code(info, 0), r.Code(info, 1), r.Code(info, -1)})
	r.ItemStatus(info, 2, omadm.StatusNotFound)
	assert.Equal(t, omadm.StatusNotFound, r.Code(info, -1))
	n := len(info.ItemList())
	for i := range n {
		r.ItemStatus(info, i, omadm.Status(777))
	}
	assert.Equal(t, []string{"1 SyncHdr 0 200", "2 Alert 1 200", "3 Replace 2 777"}, replied(r.Message()), "one for all, though nobody knows it")
	assert.Equal(t, omadm.Status(777), r.Code(info, n))
}

func TestReplyRejectsAnInvalidOperation(t *testing.T) {
	r := omadm.NewReply(message(t, "01-valid-pkg1-client-initiated.xml"))
	assert.Error(t, r.Add(omadm.Op{Verb: omadm.Get, URI: "./A//B"}))
}

func TestSummarize(t *testing.T) {
	each := &omadm.Request{ID: "r", Ops: []omadm.Op{{Verb: omadm.Add, URI: "./A"}, {Verb: omadm.Delete, URI: "./B"}}}
	group := &omadm.Request{ID: "r", Group: omadm.Atomic, Ops: each.Ops}
	for name, test := range map[string]struct {
		r        *omadm.Request
		attempts int
		group    omadm.Status
		ops      []omadm.Status
		want     string
	}{
		"all_done":                          {each, 1, 0, []omadm.Status{200, 200}, "done"},
		"one_missing":                       {each, 1, 0, []omadm.Status{200, 0}, ""},
		"one_in_progress":                   {each, 1, 0, []omadm.Status{200, 101}, ""},
		"one_chunk":                         {each, 1, 0, []omadm.Status{213, 200}, ""},
		"one_accepted":                      {each, 1, 0, []omadm.Status{200, 202}, "accepted 1 202"},
		"one_failed":                        {each, 1, 0, []omadm.Status{202, 404}, "failed 1 404"},
		"first_failure_counts":              {each, 1, 0, []omadm.Status{405, 404}, "failed 0 405"},
		"exists_the_first_time":             {each, 1, 0, []omadm.Status{418, 200}, "failed 0 418"},
		"exists_again":                      {each, 2, 0, []omadm.Status{418, 404}, "done repeated"},
		"repeated_does_not_hide_a_failure":  {each, 2, 0, []omadm.Status{418, 500}, "failed 1 500"},
		"one_undone":                        {each, 1, 0, []omadm.Status{200, 216}, "rolled back 1 216"},
		"nothing_to_delete":                 {each, 1, 0, []omadm.Status{200, 211}, "done"},
		"group_done":                        {group, 1, 200, []omadm.Status{200, 200}, "done"},
		"group_without_its_own_status":      {group, 1, 0, []omadm.Status{200, 200}, "done"},
		"group_without_a_member":            {group, 1, 200, []omadm.Status{200, 0}, ""},
		"group_undone":                      {group, 1, 507, []omadm.Status{216, 404}, "rolled back 1 404"},
		"group_undone_members_unknown":      {group, 1, 507, []omadm.Status{0, 0}, "rolled back -1 507"},
		"group_undo_failed":                 {group, 1, 507, []omadm.Status{516, 404}, "rolled back 1 404 undo failed"},
		"group_too_large":                   {group, 1, 517, []omadm.Status{0, 0}, "rolled back -1 517"},
		"group_not_supported":               {group, 1, 406, []omadm.Status{0, 0}, "failed -1 406"},
		"group_left_out":                    {group, 1, 215, []omadm.Status{215, 215}, "not executed -1 215"},
		"group_canceled":                    {group, 1, 214, []omadm.Status{215, 215}, "not executed -1 214"},
		"group_without_status_and_a_member": {group, 1, 0, []omadm.Status{0, 200}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			var ops []omadm.Report
			for _, s := range test.ops {
				ops = append(ops, omadm.Report{Status: s})
			}
			o, ok := omadm.Summarize(test.r, test.attempts, omadm.Report{Status: test.group}, ops)
			assert.Equal(t, test.want != "", ok)
			if ok {
				assert.Equal(t, test.want, brief(o))
				assert.Equal(t, omadm.RequestID("r"), o.Request)
				assert.Equal(t, test.attempts, o.Attempts)
			}
		})
	}
}

// brief writes an outcome in a line.
func brief(o omadm.Outcome) string {
	s := strings.ToLower(o.Kind.String())
	if o.Kind != omadm.Done {
		s += " " + strconv.Itoa(o.Op) + " " + strconv.Itoa(int(o.Status))
	}
	if o.Repeated {
		s += " repeated"
	}
	if o.UndoFailed {
		s += " undo failed"
	}
	return s
}

func TestPlannerCutsOffWhatDoesNotFit(t *testing.T) {
	h := &syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1", Target: syncml.Location{URI: "d"}, Source: syncml.Location{URI: "s"}}
	r := &omadm.Request{ID: "r", Ops: make([]omadm.Op, 50)}
	for i := range r.Ops {
		r.Ops[i] = omadm.Op{Verb: omadm.Get, URI: "./A/B"}
	}
	group := &omadm.Request{ID: "g", Group: omadm.Sequence, Ops: r.Ops}
	last := 0
	for size := 300; size < 6000; size += 61 {
		p, err := omadm.NewPlanner(syncml.XML, h, size)
		if err != nil {
			require.ErrorIs(t, err, omadm.ErrTooSmall)
			continue
		}
		mark := p.Mark()
		none, err := p.Lay(group, 0, func(uint32, int) {})
		require.NoError(t, err)
		require.Contains(t, []int{0, len(group.Ops)}, none, "all or none")
		p.Reset(mark)
		require.True(t, p.Empty())
		placed := 0
		n, err := p.Lay(r, 0, func(id uint32, op int) {
			require.Equal(t, uint32(op+1), id)
			placed++
		})
		require.NoError(t, err)
		require.Equal(t, n, placed)
		require.GreaterOrEqual(t, n, last)
		last = n
		b, err := p.End(true)
		require.NoError(t, err)
		require.LessOrEqual(t, len(b), size)
		if n == 0 {
			continue
		}
		m, err := syncml.Decode(b)
		require.NoError(t, err)
		require.Len(t, m.Body, n)
	}
	assert.Greater(t, last, 40)
}
