package session_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// small announces a MaxMsgSize in the header of a message.
func small(size int) string {
	return fmt.Sprintf(`<Meta><MaxMsgSize xmlns="syncml:metinf">%d</MaxMsgSize></Meta>`, size)
}

func TestRequestLargerThanAMessageGoesOutInParts(t *testing.T) {
	h := newHouse(t)
	r := request("r")
	for i := range 6 {
		r.Ops = append(r.Ops, replace(omadm.URI("./A/"+itoa(i)), strings.Repeat("x", 300)))
	}
	h.request(r)
	reply := h.post(msgMeta("1", "1", small(1600), pkg1))
	sent := 0
	for n := 2; sent < 6 && n < 20; n++ {
		answers := okHdr(reply.Header.MsgID)
		for _, c := range reply.Body {
			if c.Name() == "Replace" {
				sent++
				answers += status(sent+1, reply.Header.MsgID, c.ID(), "Replace", 200)
			}
		}
		require.Empty(t, h.outcomes())
		reply = h.post(msg("1", itoa(n), answers+final))
	}
	assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	assert.Equal(t, 1, h.outcomes()["r"].Attempts)
	assert.Len(t, h.results("r"), 6)
}

// crowded begins a session in which statuses leave no room for the second operation of request r.
func crowded(t *testing.T) (*house, string) {
	h := newHouse(t)
	h.enqueue("r", replace("./A/1", strings.Repeat("x", 500)), replace("./A/2", strings.Repeat("x", 500)))
	h.post(msgMeta("1", "1", small(1600), pkg1))
	crowd := strings.Repeat(alert("1224", typed("com.example", "1")), 10)
	got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Replace", 200)+crowd+final))
	assert.NotContains(t, strings.Join(summary(got), "\n"), "./A/2")
	assert.False(t, got.Final, "our package goes on")
	return h, crowd
}

func TestCommandWithoutRoomBesideStatusesGoesWithTheNextMessage(t *testing.T) {
	h, _ := crowded(t)
	got := h.post(msg("1", "3", okHdr("2")+next))
	assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 9 200", "3 Replace ./A/2", "Final"}, summary(got))
	h.post(msg("1", "4", okHdr("3")+status(2, "3", "3", "Replace", 200)+final))
	assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
}

func TestRequestThatCannotGoOnReturnsToTheQueue(t *testing.T) {
	h, crowd := crowded(t)
	h.post(msg("1", "3", okHdr("2")+crowd+final))
	rec := h.record()
	assert.False(t, rec.Sessions[0].Ended.IsZero())
	assert.Empty(t, rec.Sessions[0].Requests)
	require.Len(t, rec.Requests, 1)
	assert.Contains(t, strings.Join(summary(h.post(msg("2", "1", pkg1))), "\n"), "./A/1")
}

// What was executed in part is not begun again when it may be executed once only.
func TestRequestThatCannotGoOnIsSentAtMostOnce(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "r", Delivery: omadm.AtMostOnce, Ops: []omadm.Op{replace("./A/1", strings.Repeat("x", 500)), replace("./A/2", strings.Repeat("x", 500))}})
	h.post(msgMeta("1", "1", small(1600), pkg1))
	crowd := strings.Repeat(alert("1224", typed("com.example", "1")), 10)
	h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Replace", 200)+crowd+final))
	h.post(msg("1", "3", okHdr("2")+crowd+final))
	assert.Empty(t, h.record().Requests)
	assert.Equal(t, omadm.Unknown, h.outcomes()["r"].Kind)
}

func TestRequestWithoutRoomAgainIsRefused(t *testing.T) {
	h := newHouse(t)
	h.enqueue("r", replace("./A", strings.Repeat("x", 600)))
	crowd := strings.Repeat(alert("1224", typed("com.example", "1")), 8)
	assert.False(t, h.post(msgMeta("1", "1", small(1600), alert1201+crowd+final)).Final)
	assert.True(t, h.post(msg("1", "2", okHdr("1")+crowd+final)).Final)
	assert.Equal(t, omadm.Refused, h.outcomes()["r"].Kind)
}

func TestDeviceThatVanishesCountsOnlyAgainstALoneRequest(t *testing.T) {
	for n, want := range map[int]int{1: 1, 2: 0} {
		h := newHouse(t)
		for i := range n {
			h.enqueue(itoa(i), get("./A"))
		}
		h.post(msg("1", "1", pkg1))
		h.post(msg("2", "1", pkg1))
		for _, p := range h.record().Requests {
			assert.Equal(t, want, p.Failures, "%d on their way", n)
			assert.Equal(t, 2, p.Attempts)
		}
	}
}

func TestRequestSentTooOftenIsQuarantined(t *testing.T) {
	for _, limit := range []int{0, 3} {
		h := newHouse(t)
		h.request(omadm.Request{ID: "r", MaxAttempts: limit, Ops: []omadm.Op{get("./A")}})
		want := limit
		if want == 0 {
			want = 10
		}
		sent := 0
		for i := range 20 {
			if strings.Contains(strings.Join(summary(h.post(msg(itoa(i+1), "1", pkg1))), "\n"), "Get ./A") {
				sent++
			}
		}
		assert.Equal(t, want, sent)
		assert.Equal(t, omadm.Quarantined, h.outcomes()["r"].Kind)
		assert.Equal(t, want, h.outcomes()["r"].Attempts)
	}
}

func TestPoisonWaitsForAnEmptyMessage(t *testing.T) {
	h := newHouse(t)
	h.enqueue("poison", replace("./Poison", "1"))
	h.post(msg("1", "1", pkg1))
	h.post(msg("2", "1", pkg1))
	h.post(msg("2", "2", okHdr("1")+final))
	h.request(omadm.Request{ID: "urgent", Priority: 1, Ops: []omadm.Op{get("./A")}})
	assert.Equal(t, []string{"4 Get ./A", "Final"}, summary(h.post(msg("3", "1", pkg1)))[3:])
	assert.Equal(t, []string{"2 Replace ./Poison", "Final"}, summary(h.post(msg("3", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final)))[1:])
}

func TestEndedSessionRepeatsItsReplyWithinTheWindow(t *testing.T) {
	h := newHouse(t)
	first := msg("0", "1", pkg1)
	want := h.do(first).Body.String()
	h.enqueue("a", get("./A"))
	h.now = h.now.Add(119 * time.Second)
	assert.Equal(t, want, h.do(first).Body.String())
	h.now = h.now.Add(2 * time.Second)
	assert.Contains(t, summary(h.post(first)), "4 Get ./A")
}

func TestClientThatGoesOnAfterTheEndIsAnswered(t *testing.T) {
	h := newHouse(t)
	h.post(msg("1", "1", pkg1))
	h.enqueue("a", get("./A"))
	assert.Equal(t, []string{"Status SyncHdr 0 200", "2 Get ./A", "Final"}, summary(h.post(msg("1", "2", okHdr("1")+final))))
	assert.True(t, h.record().Sessions[0].Ended.IsZero())
	h.post(msg("1", "3", okHdr("2")+status(2, "2", "2", "Get", 200)+final))
	assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
}

// TestClientThatRefusesOurHeaderExecutedNothing covers row A-24: even what may be executed once only stays queued.
func TestClientThatRefusesOurHeaderExecutedNothing(t *testing.T) {
	for _, code := range []int{401, 407, 505, 513} {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		h.enqueue("get", get("./A"))
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", status(1, "1", "0", "SyncHdr", code)+status(2, "1", "4", "Exec", code)+status(3, "1", "5", "Get", code)+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(got), "not again in this session")
		assert.Empty(t, h.outcomes())
		require.Len(t, h.record().Requests, 2)
		assert.Zero(t, h.record().Requests[0].Failures)
		assert.Equal(t, []string{"4 Exec ./Run", "5 Get ./A", "Final"}, summary(h.post(msg("2", "1", pkg1)))[3:])
	}
}

// TestRefusedCommandsAreSentAgainWithinTheirAttempts refuses each message of the server: what is sent again with credentials
// is the same attempt, and a client that never takes any is not asked for ever.
func TestRefusedCommandsAreSentAgainWithinTheirAttempts(t *testing.T) {
	h := newSafe(t, both(""))
	h.request(omadm.Request{ID: "run", MaxAttempts: 2, Ops: []omadm.Op{exec("./Run")}})
	_, nonce := headerOf(t, h.post(signed("1", "", pkg1)))
	for attempt := 1; attempt <= 2; attempt++ {
		id := itoa(attempt)
		require.Contains(t, sent(h.post(inSession(id, signed("2", md5Cred(nonce), pkg1)))), "Exec ./Run")
		for n := 3; n <= 4; n++ {
			assert.Empty(t, h.outcomes())
			require.Equal(t, attempt, h.record().Requests[0].Attempts)
			h.post(inSession(id, signed(itoa(n), "", chalStatus(itoa(n-1), 401, "n")+final)))
		}
		h.now = h.now.Add(time.Hour)
		_, nonce = headerOf(t, h.post(inSession(itoa(attempt+1), signed("1", "", pkg1))))
	}
	assert.Equal(t, omadm.Quarantined, h.outcomes()["run"].Kind)
	assert.Equal(t, 2, h.outcomes()["run"].Attempts)
}

// TestEndedSessionsDoNotCrowdOutOneThatGoesOn lets a device have short sessions beside a long one.
func TestEndedSessionsDoNotCrowdOutOneThatGoesOn(t *testing.T) {
	h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Sessions = 2 })
	h.enqueue("u", get("./User/A"))
	require.Equal(t, []string{"Get ./User/A"}, sent(h.post(msg("1", "1", login("user")+alert("1224", typed("com.microsoft.mdm.synctype", "user"))+final))))
	for i := range 5 {
		h.now = h.now.Add(time.Second)
		h.post(msg(itoa(i+2), "1", alert("1224", typed("com.microsoft.mdm.synctype", "device"))+final))
		require.LessOrEqual(t, len(h.record().Sessions), 2)
	}
	h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
	assert.Equal(t, omadm.Done, h.outcomes()["u"].Kind)
	assert.Equal(t, 1, h.outcomes()["u"].Attempts)
}

func TestReferencesAreText(t *testing.T) {
	h := newHouse(t)
	h.enqueue("a", exec("./A"))
	h.post(msg("1", "1", pkg1))
	h.post(msg("1", "2", okHdr("1")+status(2, "1", "04", "Exec", 200)+status(3, "+1", "4", "Exec", 200)+final))
	assert.Equal(t, omadm.Unknown, h.outcomes()["a"].Kind)
}

func TestMetaOfResultsIsTheDefaultOfItsItems(t *testing.T) {
	meta := `<Meta><Format xmlns="syncml:metinf">int</Format><Type xmlns="syncml:metinf">text/plain</Type></Meta>`
	own := strings.Replace(item("./A/C", "x"), "<Data>", `<Meta><Format xmlns="syncml:metinf">chr</Format></Meta><Data>`, 1)
	h := answered(t, status(2, "1", "4", "Get", 200)+result("4", meta+item("./A/B", "1")+own), request("r", get("./A?list=StructData")))
	items := h.results("r")[1].Items
	require.Len(t, items, 2)
	assert.Equal(t, "int", items[0].Meta.Format)
	assert.Equal(t, "chr", items[1].Meta.Format)
	assert.Equal(t, "text/plain", items[1].Meta.Type)
}

func TestFactsAreBounded(t *testing.T) {
	h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Facts = 10 })
	for round := range 5 {
		items := item("./DevInfo/Man", strings.Repeat("m", 5000))
		for i := range 20 {
			items += item(fmt.Sprintf("./DevInfo/X%d-%d", round, i), "1")
		}
		h.post(msg(itoa(round+1), "1", `<Replace><CmdID>2</CmdID>`+items+`</Replace>`+final))
	}
	assert.Len(t, h.record().Device.Facts, 10)
	assert.NotContains(t, h.record().Device.Facts, "./DevInfo/Man")
}

func TestScopeUserAndSyncTypeDecideWhatASessionCarries(t *testing.T) {
	syncType := func(v string) string { return alert("1224", typed("com.microsoft.mdm.synctype", v)) }
	for name, test := range map[string]struct {
		user, body string
		want       []string
	}{
		"mixed":          {"ann", login("user"), []string{"Get ./D", "Get ./User/Any", "Get ./User/Ann"}},
		"another_user":   {"bob", login("user"), []string{"Get ./D", "Get ./User/Any"}},
		"nobody":         {"ann", login("none"), []string{"Get ./D"}},
		"device_session": {"ann", login("user") + syncType("device"), []string{"Get ./D"}},
		"user_session":   {"ann", login("user") + syncType("user"), []string{"Get ./User/Any", "Get ./User/Ann"}},
		"mixed_session":  {"ann", login("user") + syncType("mixed"), []string{"Get ./D", "Get ./User/Any", "Get ./User/Ann"}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.enqueue("d", get("./D"))
			h.enqueue("any", get("./User/Any"))
			h.request(omadm.Request{ID: "ann", User: "ann", Ops: []omadm.Op{get("./User/Ann")}})
			body := strings.Replace(msg("1", "1", test.body+final), deviceID+"</LocURI>", deviceID+"</LocURI><LocName>"+test.user+"</LocName>", 1)
			var got []string
			for _, s := range summary(h.post(body)) {
				if _, cmd, ok := strings.Cut(s, " "); ok && strings.HasPrefix(cmd, "Get") {
					got = append(got, cmd)
				}
			}
			assert.Equal(t, test.want, got)
		})
	}
}
