package session_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// sent lists what a message asks the device to do, such as "Get ./A", without CmdIDs.
func sent(m *syncml.Message) []string {
	list := []string{}
	for _, c := range m.Body {
		if _, ok := c.(*syncml.Status); ok {
			continue
		}
		for _, s := range line(c) {
			_, s, _ = strings.Cut(strings.TrimSpace(s), " ")
			list = append(list, s)
		}
	}
	return list
}

// answerAll is package 3: every command of a message, members of groups included, is answered with a code.
func answerAll(m *syncml.Message, code int) string {
	body, n := okHdr(m.Header.MsgID), 1
	var answer func([]syncml.Command)
	answer = func(list []syncml.Command) {
		for _, c := range list {
			if _, ok := c.(*syncml.Status); ok {
				continue
			}
			n++
			body += status(n, m.Header.MsgID, c.ID(), c.Name(), code)
			switch c := c.(type) {
			case *syncml.Atomic:
				answer(c.Body)
			case *syncml.Sequence:
				answer(c.Body)
			}
		}
	}
	answer(m.Body)
	return body + final
}

// lost opens a session whose answers never come.
func (h *house) lost(sessionID string) *syncml.Message {
	h.t.Helper()
	return h.post(msg(sessionID, "1", pkg1))
}

func TestLeasedRequestGoesOutInOneSessionOnly(t *testing.T) {
	h := newHouse(t)
	h.enqueue("u", get("./User/A"))
	mixed := h.post(msg("1", "1", login("user")+final))
	require.Equal(t, []string{"Get ./User/A"}, sent(mixed))

	ofUser := login("user") + alert("1224", typed("com.microsoft.mdm.synctype", "user")) + final
	h.enqueue("v", get("./User/B"))
	beside := h.post(msg("2", "1", ofUser))
	assert.Equal(t, []string{"Get ./User/B"}, sent(beside), "A is leased to the session beside")

	h.lost("3") // ends the first session, and nobody is signed in
	next := h.post(msg("2", "2", answerAll(beside, 200)))
	assert.Equal(t, []string{"Get ./User/A"}, sent(next), "A is free again")
	h.post(msg("2", "3", answerAll(next, 200)))
	assert.Equal(t, 2, h.outcomes()["u"].Attempts)
	assert.Equal(t, 1, h.outcomes()["v"].Attempts)
}

func TestEachSendingIsAnAttempt(t *testing.T) {
	h := newHouse(t)
	h.enqueue("r", replace("./A", "1"))
	for n := range 3 {
		h.lost(itoa(n + 1))
		require.Len(t, h.record().Requests, 1)
		assert.Equal(t, n+1, h.record().Requests[0].Attempts)
	}
	h.post(msg("4", "2", answerAll(h.lost("4"), 200)))
	assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	assert.Equal(t, 4, h.outcomes()["r"].Attempts)
}

// An attempt that is the last one allowed and is answered counts like any other.
func TestLastAttemptMaySucceed(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "r", MaxAttempts: 2, Ops: []omadm.Op{replace("./A", "1")}})
	h.lost("1")
	h.post(msg("2", "2", answerAll(h.lost("2"), 200)))
	assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	assert.Equal(t, 2, h.outcomes()["r"].Attempts)
}

func TestRequestExpiresAtItsTime(t *testing.T) {
	for name, test := range map[string]struct {
		after time.Duration
		want  []string
	}{
		"just_before": {time.Hour - 1, []string{"Get ./A"}},
		"at_the_time": {time.Hour, []string{}},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHouse(t)
			h.request(omadm.Request{ID: "r", Expires: h.now.Add(time.Hour), Ops: []omadm.Op{get("./A")}})
			h.now = h.now.Add(test.after)
			assert.Equal(t, test.want, sent(h.lost("1")))
			if len(test.want) > 0 {
				assert.Empty(t, h.outcomes())
				return
			}
			assert.Equal(t, omadm.Outcome{Request: "r", Kind: omadm.Expired, Op: omadm.GroupOp, At: h.now}, h.outcomes()["r"])
		})
	}
}

func TestRequestOnItsWayDoesNotExpire(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "r", Expires: h.now.Add(time.Minute), Ops: []omadm.Op{replace("./A", "1")}})
	reply := h.lost("1")
	h.now = h.now.Add(5 * time.Minute)
	h.post(msg("1", "2", answerAll(reply, 200)))
	assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
}

func TestRequestThatReturnedToTheQueueExpires(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "r", Expires: h.now.Add(time.Hour), Ops: []omadm.Op{replace("./A", "1")}})
	h.lost("1")
	h.now = h.now.Add(time.Hour)
	assert.Empty(t, sent(h.lost("2")))
	assert.Equal(t, omadm.Expired, h.outcomes()["r"].Kind)
	assert.Equal(t, 1, h.outcomes()["r"].Attempts, "it was sent once")
}

func TestRequestIsHeldBackUntilItsTime(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "r", NotBefore: h.now.Add(time.Minute), Priority: 9, Ops: []omadm.Op{get("./A")}})
	h.enqueue("now", get("./B"))
	h.now = h.now.Add(time.Minute - 1)
	reply := h.lost("1")
	assert.Equal(t, []string{"Get ./B"}, sent(reply))
	h.now = h.now.Add(1)
	assert.Equal(t, []string{"Get ./A"}, sent(h.post(msg("1", "2", answerAll(reply, 200)))))
}

func TestPriorityAndThenAgeOrderWhatWaits(t *testing.T) {
	h := newHouse(t)
	for _, r := range []struct {
		name     string
		priority int
	}{{"low", -1}, {"a", 0}, {"high", 5}, {"b", 0}, {"top", 6}} {
		h.request(omadm.Request{ID: omadm.RequestID(r.name), Priority: r.priority, Ops: []omadm.Op{get("./" + omadm.URI(r.name))}})
	}
	want := []string{"Get ./top", "Get ./high", "Get ./a", "Get ./b", "Get ./low"}
	assert.Equal(t, want, sent(h.lost("1")))
	h.enqueue("c", get("./c"))
	assert.Equal(t, slices.Insert(want, 4, "Get ./c"), sent(h.lost("2")), "what returned to the queue has its old place")
}

func TestCancelOfARequestWhoseOutcomeWasLost(t *testing.T) {
	h := newHouse(t)
	h.enqueue("r", replace("./A", "1"))
	h.lost("1")
	got, err := h.queue.Cancel(t.Context(), deviceID, "r")
	require.NoError(t, err)
	require.Empty(t, got, "it is on its way")

	h.enqueue("blocks", exec("./Run")) // so that the session goes on
	reply := h.post(msg("1", "2", okHdr("1")+final))
	require.Equal(t, []string{"Exec ./Run"}, sent(reply))
	got, err = h.queue.Cancel(t.Context(), deviceID, "r")
	require.NoError(t, err)
	assert.Equal(t, []omadm.RequestID{"r"}, got)
	assert.Equal(t, omadm.Canceled, h.outcomes()["r"].Kind)
	assert.Equal(t, 1, h.outcomes()["r"].Attempts)

	h.post(msg("1", "3", answerAll(reply, 200)))
	assert.Equal(t, omadm.Done, h.outcomes()["blocks"].Kind, "the session goes on after Cancel moved the revision")
	assert.Empty(t, sent(h.lost("2")))
}

// What is executed twice without harm is sent again when its outcome is lost, anything else is not, and the application
// may say otherwise.
func TestLostOutcome(t *testing.T) {
	add := omadm.Op{Verb: omadm.Add, URI: "./A/B", Value: omadm.Text("1")}
	remove := omadm.Op{Verb: omadm.Delete, URI: "./A/B"}
	duplicate := omadm.Op{Verb: omadm.Copy, URI: "./A/C", From: "./A/B"}
	message := omadm.Op{Verb: omadm.Alert, Alert: &omadm.UserAlert{Code: omadm.AlertDisplay, Text: "hello"}}
	for name, test := range map[string]struct {
		request omadm.Request
		again   bool
	}{
		"get":                    {omadm.Request{Ops: []omadm.Op{get("./A")}}, true},
		"replace":                {omadm.Request{Ops: []omadm.Op{replace("./A", "1")}}, true},
		"add":                    {omadm.Request{Ops: []omadm.Op{add}}, true},
		"delete":                 {omadm.Request{Ops: []omadm.Op{remove}}, true},
		"exec":                   {omadm.Request{Ops: []omadm.Op{exec("./Run")}}, false},
		"copy":                   {omadm.Request{Ops: []omadm.Op{duplicate}}, false},
		"alert":                  {omadm.Request{Ops: []omadm.Op{message}}, false},
		"all_the_harmless":       {omadm.Request{Ops: []omadm.Op{remove, add, replace("./A", "1"), get("./A")}}, true},
		"one_exec_among_them":    {omadm.Request{Ops: []omadm.Op{get("./A"), exec("./Run")}}, false},
		"atomic":                 {omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{replace("./A", "1"), add}}, true},
		"atomic_with_copy":       {omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{replace("./A", "1"), duplicate}}, false},
		"sequence":               {omadm.Request{Group: omadm.Sequence, Ops: []omadm.Op{remove, add}}, true},
		"sequence_with_exec":     {omadm.Request{Group: omadm.Sequence, Ops: []omadm.Op{get("./A"), exec("./Run")}}, false},
		"replace_at_most_once":   {omadm.Request{Delivery: omadm.AtMostOnce, Ops: []omadm.Op{replace("./A", "1")}}, false},
		"exec_at_least_once":     {omadm.Request{Delivery: omadm.AtLeastOnce, Ops: []omadm.Op{exec("./Run")}}, true},
		"atomic_at_most_once":    {omadm.Request{Delivery: omadm.AtMostOnce, Group: omadm.Atomic, Ops: []omadm.Op{replace("./A", "1"), add}}, false},
		"sequence_at_least_once": {omadm.Request{Delivery: omadm.AtLeastOnce, Group: omadm.Sequence, Ops: []omadm.Op{get("./A"), exec("./Run")}}, true},
	} {
		for how, lose := range map[string]func(h *house){
			"device_comes_back": func(h *house) { h.lost("2") },
			"answers_left_out":  func(h *house) { h.post(msg("1", "2", okHdr("1")+final)); h.lost("2") },
			"device_stays_away": func(h *house) { h.now = h.now.Add(time.Hour); mustSweep(h); h.lost("2") },
			"device_aborts":     func(h *house) { h.post(msg("1", "2", okHdr("1")+alert("1223")+final)); h.lost("2") },
			"still_at_work":     func(h *house) { h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Exec", 101)+final)); h.lost("2") },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				h := newHouse(t)
				test.request.ID = "r"
				h.request(test.request)
				first := sent(h.lost("1"))
				require.NotEmpty(t, first)
				lose(h)
				rec := h.record()
				if !test.again {
					assert.Equal(t, omadm.Unknown, h.outcomes()["r"].Kind)
					assert.Equal(t, 1, h.outcomes()["r"].Attempts)
					assert.NotEmpty(t, h.outcomes()["r"].Reason)
					assert.Empty(t, rec.Requests)
					return
				}
				assert.Empty(t, h.outcomes())
				require.Len(t, rec.Requests, 1)
				assert.Equal(t, 2, rec.Requests[0].Attempts, "and it is on its way again")
			})
		}
	}
}

// Our last message closes our package while the client is in the middle of its own: it may have answered a Get by then
// whose values are to come.
func TestValuesMayComeBehindOurLastMessage(t *testing.T) {
	h := newHouse(t)
	h.request(omadm.Request{ID: "get", Priority: 1, Ops: []omadm.Op{get("./A")}})
	h.enqueue("large", replace("./B", long(1200)))
	m := h.post(msgMeta("1", "1", sizes(1500, 0), pkg1))
	require.False(t, m.Final, "the large value does not fit")
	part := chunkOf(t, m)
	asked := m.Body[len(m.Body)-2]
	require.Equal(t, "Get", asked.Name())
	said := status(8, "1", asked.ID(), "Get", 200)
	for n := 1; !m.Final; n++ {
		require.Less(t, n, 5, "messages of our package")
		m = h.post(msg("1", itoa(n+1), okHdr(itoa(n))+said+status(3, itoa(n), part.id, "Replace", 213)+next))
		part, said = chunkOf(t, m), ""
	}
	h.lost("2")
	require.Len(t, h.record().Requests, 2)
	assert.Empty(t, h.outcomes(), "the device is gone with the values")
}

// A Get whose status came is not done before the client has closed the package that brings its values.
func TestValuesThatDidNotComeAreAskedForAgain(t *testing.T) {
	value := func(n int, more bool) string {
		return results("1", "4", "./A", []string{"6", ""}[n], []string{"abc", "def"}[n], more)
	}
	for name, test := range map[string]struct {
		request omadm.Request
		said    []string // by the device, message by message, after the command
		again   bool
	}{
		"nothing":              {omadm.Request{Ops: []omadm.Op{get("./A")}}, []string{next}, true},
		"a_part":               {omadm.Request{Ops: []omadm.Op{get("./A")}}, []string{value(0, true)}, true},
		"all":                  {omadm.Request{Ops: []omadm.Op{get("./A")}}, []string{value(0, true), value(1, false) + final}, false},
		"nothing_and_its_end":  {omadm.Request{Ops: []omadm.Op{get("./A")}}, []string{final}, false},
		"a_part_at_most_once":  {omadm.Request{Delivery: omadm.AtMostOnce, Ops: []omadm.Op{get("./A")}}, []string{value(0, true)}, false},
		"nothing_is_asked_for": {omadm.Request{Ops: []omadm.Op{replace("./A", "1")}}, []string{next}, false},
	} {
		for how, lose := range map[string]func(h *house){
			"device_comes_back": func(h *house) { h.lost("2") },
			"device_stays_away": func(h *house) { h.now = h.now.Add(time.Hour); mustSweep(h); h.lost("2") },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				h := newHouse(t)
				test.request.ID = "r"
				h.request(test.request)
				h.lost("1")
				for i, said := range test.said {
					body := okHdr(itoa(i + 1))
					if i == 0 {
						body += status(2, "1", "4", test.request.Ops[0].Verb.String(), 200)
					}
					h.post(msg("1", itoa(i+2), body+said))
				}
				lose(h)
				if !test.again {
					assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
					assert.Equal(t, 1, h.outcomes()["r"].Attempts)
					return
				}
				assert.Empty(t, h.outcomes())
				require.Len(t, h.record().Requests, 1)
				assert.Equal(t, 2, h.record().Requests[0].Attempts, "it is on its way again")
			})
		}
	}
}

func mustSweep(h *house) {
	h.t.Helper()
	n, err := h.handler.Sweep(h.t.Context())
	require.NoError(h.t, err)
	require.Equal(h.t, 1, n)
}

// A code that says that the node is as wanted already is success where an earlier attempt may have made it so.
func TestRepeatedIsMarkedOnALaterAttemptOnly(t *testing.T) {
	add := omadm.Op{Verb: omadm.Add, URI: "./A/B", Value: omadm.Text("1")}
	remove := omadm.Op{Verb: omadm.Delete, URI: "./A/B"}
	for _, test := range []struct {
		op       omadm.Op
		code     int
		attempts int
		kind     omadm.Kind
		repeated bool
	}{
		{add, 418, 1, omadm.Failed, false},
		{add, 418, 2, omadm.Done, true},
		{add, 200, 2, omadm.Done, false},
		{add, 404, 2, omadm.Failed, false},
		{remove, 404, 1, omadm.Failed, false},
		{remove, 404, 2, omadm.Done, true},
		{remove, 418, 2, omadm.Failed, false},
		{replace("./A/B", "1"), 418, 2, omadm.Failed, false},
		{get("./A/B"), 404, 2, omadm.Failed, false},
	} {
		t.Run(fmt.Sprintf("%v_%d_attempt_%d", test.op.Verb, test.code, test.attempts), func(t *testing.T) {
			h := newHouse(t)
			h.enqueue("r", test.op)
			var reply *syncml.Message
			for n := range test.attempts {
				reply = h.lost(itoa(n + 1))
			}
			h.post(msg(itoa(test.attempts), "2", answerAll(reply, test.code)))
			got := h.outcomes()["r"]
			assert.Equal(t, test.kind, got.Kind)
			assert.Equal(t, test.repeated, got.Repeated)
			assert.Equal(t, test.attempts, got.Attempts)
		})
	}
}

// TestPoisonIsIsolatedAndTheRestMovesOn sends ten requests of which one is never answered, as a client does that gives up
// at it: the message ends there, and what comes behind is not answered either.
func TestPoisonIsIsolatedAndTheRestMovesOn(t *testing.T) {
	h := newHouse(t)
	const n, poison = 10, "./N3"
	for i := range n {
		h.enqueue(itoa(i), replace(omadm.URI("./N"+itoa(i)), "1"))
	}
	times, alone := 0, 0
	for s := range 40 {
		id, reply := itoa(s+1), h.lost(itoa(s+1))
		for m := 2; ; m++ {
			list := sent(reply)
			at := slices.Index(list, "Replace "+poison)
			if at >= 0 {
				times++
			}
			if at >= 0 && len(list) == 1 {
				alone++
			}
			if len(list) == 0 {
				break
			}
			answers, cmd := okHdr(reply.Header.MsgID), 0
			for _, c := range reply.Body {
				if _, ok := c.(*syncml.Status); ok {
					continue
				}
				if at >= 0 && cmd >= at {
					break
				}
				cmd++
				answers += status(cmd+1, reply.Header.MsgID, c.ID(), "Replace", 200)
			}
			reply = h.post(msg(id, itoa(m), answers+final))
		}
	}
	got := h.outcomes()
	require.Len(t, got, n)
	for id, o := range got {
		if id == "3" {
			assert.Equal(t, omadm.Quarantined, o.Kind)
			assert.Equal(t, 10, o.Attempts)
			assert.NotEmpty(t, o.Reason)
			continue
		}
		assert.Equal(t, omadm.Done, o.Kind, id)
		assert.LessOrEqual(t, o.Attempts, 3, "%s travelled with the poison twice at most", id)
	}
	assert.Equal(t, 10, times)
	assert.Equal(t, 8, alone)
}

// TestPoisonThatKillsTheDeviceDoesNotTakeItsCompanyAlong sends requests of which one makes the device vanish as soon as it
// arrives. Those that travelled with it are sent often, too, but not until they are quarantined.
func TestPoisonThatKillsTheDeviceDoesNotTakeItsCompanyAlong(t *testing.T) {
	for _, limit := range []int{0, 2, 3, 5} {
		h := newHouse(t)
		for i := range 5 {
			r := request(itoa(i), replace(omadm.URI("./N"+itoa(i)), "1"))
			r.MaxAttempts = limit
			h.request(r)
		}
		for s := range 40 {
			reply := h.lost(itoa(s + 1))
			for m := 2; len(sent(reply)) > 0 && !slices.Contains(sent(reply), "Replace ./N3"); m++ {
				reply = h.post(msg(itoa(s+1), itoa(m), answerAll(reply, 200)))
			}
		}
		require.Len(t, h.outcomes(), 5)
		for id, o := range h.outcomes() {
			want := omadm.Done
			if id == "3" {
				want = omadm.Quarantined
			}
			assert.Equal(t, want, o.Kind, "request %s, at most %d attempts: %d", id, limit, o.Attempts)
		}
	}
}

// TestUserRequestsNeverHideThoseOfTheDevice fills the queue with more user requests of higher priority than are looked at
// for one message.
func TestUserRequestsNeverHideThoseOfTheDevice(t *testing.T) {
	h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Requests, c.Rules.Limits.Octets = 5, 500 })
	for i := range 20 {
		h.request(omadm.Request{ID: omadm.RequestID("u" + itoa(i)), Priority: 9, Ops: []omadm.Op{replace("./User/A", strings.Repeat("x", 200))}})
	}
	h.enqueue("d", get("./D"))
	reply := h.lost("1")
	assert.Equal(t, []string{"Get ./D"}, sent(reply))
	assert.Empty(t, sent(h.post(msg("1", "2", answerAll(reply, 200)))), "nobody is signed in")
	assert.Len(t, h.outcomes(), 1)
	assert.Len(t, h.record().Requests, 20, "the others wait")

	done := 0
	reply = h.post(msg("2", "1", login("user")+final))
	for m := 2; len(sent(reply)) > 0; m++ {
		done += len(sent(reply))
		reply = h.post(msg("2", itoa(m), answerAll(reply, 200)))
	}
	assert.Equal(t, 20, done)
	assert.Len(t, h.outcomes(), 21)
}
