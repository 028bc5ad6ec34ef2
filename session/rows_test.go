package session_test

import (
	"context"
	"encoding/base64"
	"net/http"
	"strconv"
	"strings"
	"sync"
	syncatomic "sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// TestRows proves the rows of the protocol that a session implements, each by the messages that a client sees.
func TestRows(t *testing.T) {
	for _, rows := range []map[string]func(*testing.T){packageRows, statusRows, commandRows, alertRows, httpRows, windowsRows, syntaxRows, hostileRows, sendRows, receiveRows, messageRows, deviceRows, authRows, trustRows} {
		for name, test := range rows {
			t.Run(name, test)
		}
	}
}

var packageRows = map[string]func(*testing.T){
	"P-1_sessions_are_kept_by_device_and_session_id": func(t *testing.T) {
		h := newHouse(t)
		other := "urn:uuid:other"
		require.NoError(t, h.store.Register(t.Context(), session.Device{ID: omadm.DeviceID(other)}))
		h.enqueue("a", get("./A"))
		require.NoError(t, h.queue.Enqueue(t.Context(), omadm.DeviceID(other), omadm.Request{ID: "b", Ops: []omadm.Op{get("./B")}}))
		h.post(msg("7", "1", pkg1))
		h.post(strings.ReplaceAll(msg("7", "1", pkg1), deviceID, other))
		h.post(msg("7", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.NotContains(t, h.outcomes(), omadm.RequestID("b"))
	},
	"P-1_message_of_another_session_of_the_device_is_not_of_this_one": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		h.post(msg("7", "1", pkg1))
		h.post(msg("8", "2", okHdr("1")+status(2, "1", "4", "Exec", 200)+final))
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
	},
	"P-2_session_id_is_echoed_unchanged": func(t *testing.T) {
		for _, id := range []string{"1", "0A", "a7", "0", "FFFF", "007"} {
			h := newHouse(t)
			h.enqueue("a", get("./A"))
			assert.Equal(t, id, h.post(msg(id, "1", pkg1)).Header.SessionID)
			assert.Equal(t, id, h.post(msg(id, "2", okHdr("1"))).Header.SessionID)
			assert.Equal(t, id, h.post(msg(id, "3", status(2, "1", "4", "Get", 200)+final)).Header.SessionID)
			assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		}
	},
	"P-4_new_session_closes_the_older_one": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("read", get("./A"))
		h.enqueue("run", exec("./B"))
		first := h.post(msg("1", "1", pkg1))
		assert.Contains(t, summary(first), "5 Exec ./B")
		second := h.post(msg("2", "1", pkg1))
		// The Get goes out again, the Exec may have been executed and does not.
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "4 Get ./A", "Final"}, summary(second))
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
		require.Len(t, h.record().Sessions, 1)
		assert.Equal(t, "2", h.record().Sessions[0].ID)
	},
	"P-4_unauthenticated_message_closes_nothing": func(t *testing.T) {
		token := session.BearerToken{Verify: func(context.Context, string) (omadm.DeviceID, error) { return deviceID, nil }}
		h := newHouse(t, func(c *session.Config) { c.Authenticator = token })
		proven := with("Authorization", "Bearer good")
		h.enqueue("run", exec("./Run"))
		h.exchange(msg("1", "1", pkg1), proven)
		before := h.record()
		require.Len(t, before.Sessions, 1)
		assert.Equal(t, http.StatusForbidden, h.do(msg("2", "1", pkg1)).Code)
		assert.Equal(t, before, h.record())
		h.exchange(msg("1", "2", okHdr("1")+status(2, "1", "4", "Exec", 200)+final), proven)
		assert.Equal(t, omadm.Done, h.outcomes()["run"].Kind)
	},
	"P-34_messages_sent_at_once_are_answered_one_after_the_other": func(t *testing.T) {
		var loads syncatomic.Int32
		both := make(chan struct{})
		h := newHouse(t, func(c *session.Config) {
			c.Store = seen{Store: c.Store, loaded: func() { // message 2 and 3 see the session as message 1 left it
				switch loads.Add(1) {
				case 2:
					<-both
				case 3:
					close(both)
				}
			}}
		})
		h.enqueue("a", replace("./A", "1"))
		h.enqueue("b", replace("./B", "1"))
		h.post(msg("1", "1", pkg1))
		replies := make([]*syncml.Message, 2)
		var wg sync.WaitGroup
		for i := range replies {
			wg.Go(func() {
				replies[i] = h.post(msg("1", itoa(i+2), okHdr(itoa(i+1))+status(2, "1", itoa(i+4), "Replace", 200)))
			})
		}
		wg.Wait()
		h.post(msg("1", "4", okHdr("3")+final))
		assert.Equal(t, omadm.Done, h.outcomes()["b"].Kind)
		last, code := replies[1].Header.MsgID, replies[0].Body[0].(*syncml.Status).Data.Value
		if code == "200" { // message 2 came first
			assert.Equal(t, []string{"2", "3"}, []string{replies[0].Header.MsgID, last})
			assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		} else { // or is too late (row P-32)
			assert.Equal(t, []string{"400", "2"}, []string{code, last})
			assert.NotContains(t, h.outcomes(), omadm.RequestID("a"))
		}
	},
	"P-5_devinfo_items_with_source_are_kept": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", pkg1))
		assert.Equal(t, omadm.Facts{"./DevInfo/DevId": deviceID, "./DevInfo/Man": "Example Devices"}, h.record().Device.Facts)
	},
	"P-6_package_1_without_alert_or_devinfo_is_answered": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("0", "1", pkg1))
		assert.NotContains(t, h.log.String(), "package 1")
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Replace 2 200", "3 Get ./A", "Final"}, summary(h.post(msg("1", "1", devInfo+final))))
		assert.Contains(t, h.log.String(), "package 1 without a session alert")
		assert.NotContains(t, h.log.String(), "DevInfo")
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "3 Get ./A", "Final"}, summary(h.post(msg("2", "1", alert1201+final))))
		assert.Contains(t, h.log.String(), "package 1 without DevInfo")
	},
	"P-8_package_2_is_statuses_commands_final": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./DevDetail/SwV"))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "4 Get ./DevDetail/SwV", "Final"},
			summary(h.post(msg("1", "1", pkg1))))
	},
	"P-10_further_rounds_repeat": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("b", get("./B"))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "2 Get ./B", "Final"},
			summary(h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"},
			summary(h.post(msg("1", "3", okHdr("2")+status(2, "2", "2", "Get", 404)+final))))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.Equal(t, omadm.Failed, h.outcomes()["b"].Kind)
	},
	"P-11_abort_and_end_are_answered_too": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", okHdr("1")+`<Alert><CmdID>2</CmdID><Data>1223</Data></Alert>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Final"}, summary(got))
	},
	"P-13_no_command_before_the_statuses_of_the_last_package": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("b", get("./B"))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Alert 1222"}, summary(h.post(msg("1", "2", okHdr("1")))))
		assert.Contains(t, summary(h.post(msg("1", "3", status(1, "1", "4", "Get", 200)+final))), "2 Get ./B")
	},
	"P-15_reply_of_statuses_and_final_ends_the_session": func(t *testing.T) {
		h := newHouse(t)
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Final"}, summary(h.post(msg("1", "1", pkg1))))
		require.Len(t, h.record().Sessions, 1)
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
	},
	"P-15_command_or_alert_to_the_user_keeps_the_session_open": func(t *testing.T) {
		for _, r := range []omadm.Request{request("r", get("./A")), userQuestion("r"), atomic("r", replace("./A", "1"))} {
			h := newHouse(t)
			h.request(r)
			h.post(msg("1", "1", pkg1))
			assert.True(t, h.record().Sessions[0].Ended.IsZero(), "%v", r)
		}
	},
	"P-16_ended_sessions_age_out": func(t *testing.T) {
		h := newHouse(t)
		for i := range 20 {
			h.post(msg(strconv.Itoa(i+1), "1", pkg1))
			h.now = h.now.Add(time.Hour)
		}
		assert.Len(t, h.record().Sessions, 1)
	},
	"P-17_server_msgid_counts_from_1": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		assert.Equal(t, "1", h.post(msg("1", "5", pkg1)).Header.MsgID)
		assert.Equal(t, "2", h.post(msg("1", "9", okHdr("1"))).Header.MsgID)
		assert.Equal(t, "3", h.post(msg("1", "10", final)).Header.MsgID)
		assert.Equal(t, "1", h.post(msg("2", "1", pkg1)).Header.MsgID)
	},
	"P-18_other_commands_of_a_client_are_answered_405":     clientCommandsRefused,
	"P-18_groups_of_a_client_are_refused_with_all_in_them": clientGroupsRefused,
	"P-20_missing_final_leaves_the_package_open": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Alert 1222"}, summary(h.post(msg("1", "1", alert1201+devInfo))))
	},
	"P-22_commands_wait_for_the_clients_final": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", alert1201))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Replace 2 200", "3 Get ./A", "Final"}, summary(h.post(msg("1", "2", devInfo+final))))
	},
	"P-25_abort_of_the_client_ends_the_session_and_keeps_what_came_along": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.enqueue("b", get("./B"))
		h.enqueue("c", exec("./C"))
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+`<Alert><CmdID>3</CmdID><Data>1223</Data></Alert>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 3 200", "Final"}, summary(got))
		out := h.outcomes()
		assert.Equal(t, omadm.Done, out["a"].Kind)
		assert.NotContains(t, out, omadm.RequestID("b"), "a Get without an answer goes back to the queue")
		assert.Equal(t, omadm.Unknown, out["c"].Kind)
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
	},
	"P-25_abort_in_the_middle_of_a_package": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("b", get("./B"))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+`<Alert><CmdID>3</CmdID><Data>1223</Data></Alert>`))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 3 200", "Final"}, summary(got))
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"P-26_reply_to_an_abort_has_no_command": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		got := h.post(msg("1", "1", alert1201+`<Alert><CmdID>3</CmdID><Data>1223</Data></Alert>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Alert 3 200", "Final"}, summary(got))
	},
	"P-28_command_without_status_is_unknown_not_failed": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+final))
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
	},
	"P-29_idle_session_ends_after_the_configured_time": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Timeout = time.Minute })
		h.enqueue("run", exec("./Run"))
		first := msg("0", "1", pkg1)
		assert.Contains(t, summary(h.post(first)), "4 Exec ./Run")
		h.now = h.now.Add(2 * time.Minute)
		assert.NotContains(t, summary(h.post(first)), "4 Exec ./Run")
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
	},
	"P-29_session_waits_for_minutes_by_default": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		h.post(msg("1", "1", pkg1))
		h.now = h.now.Add(5 * time.Minute)
		h.sweep(0)
		h.now = h.now.Add(25 * time.Minute)
		h.sweep(1)
	},
	"P-30_repeated_message_is_recognised_by_id_and_body": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		last := msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final)
		want := h.do(last).Body.String()
		h.now = h.now.Add(time.Minute)
		assert.Equal(t, want, h.do(last).Body.String())
		assert.Equal(t, want, h.do(last).Body.String())
		assert.Len(t, h.results("a"), 1)
	},
	"P-30_same_package_1_every_day_is_a_new_session": everyDay,
	"P-30_also_where_it_is_challenged_for_a_password": func(t *testing.T) {
		h := newSafe(t, session.Account{Name: userName, Secret: clientSecret, Scheme: auth.Basic}, func(c *session.Config) { c.Rules.PlainBasic = true })
		password := cred(auth.Basic, base64.StdEncoding.EncodeToString([]byte(userName+":"+userPassword)))
		second := signed("2", password, pkg1)
		for day := range 5 {
			h.post(signed("1", "", pkg1))
			require.Empty(t, sent(h.post(second)), "nothing to do")
			h.now = h.now.AddDate(0, 0, 1)
			id := omadm.RequestID(itoa(day))
			h.enqueue(string(id), get("./A"))
			h.post(signed("1", "", pkg1))
			m := h.post(second)
			require.Equal(t, []string{"Get ./A"}, sent(m), "day %d", day)
			require.Equal(t, "2", m.Header.MsgID)
			m = h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final))
			require.Equal(t, "3", m.Header.MsgID)
			require.Equal(t, omadm.Done, h.outcomes()[id].Kind)
			code, _ := headerOf(t, h.post(second))
			require.Equal(t, "400", code, "a copy that comes late")
			h.now = h.now.AddDate(0, 0, 1)
		}
	},
	"P-31_repetition_advances_nothing": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		first := msg("1", "1", pkg1)
		want := h.do(first)
		before := h.record()
		got := h.do(first)
		assert.Equal(t, want.Body.String(), got.Body.String())
		assert.Equal(t, want.Header(), got.Header())
		assert.Equal(t, before, h.record())
	},
	"P-32_same_or_lower_msgid_with_another_body_is_refused": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "5", okHdr("1"))) // a gap upwards is accepted
		assert.Contains(t, h.log.String(), `message \"5\" after message \"1\"`)
		before := h.record()
		for _, id := range []string{"5", "4", "2"} {
			got := h.post(msg("1", id, okHdr("1")+status(2, "1", "4", "Get", 200)+final))
			assert.Equal(t, []string{"Status SyncHdr 0 400", "Final"}, summary(got), "message %s", id)
		}
		assert.Equal(t, before, h.record())
		assert.Equal(t, "1", h.post(msg("1", "1", alert1201+final)).Header.MsgID, "MsgID 1 opens a new session")
	},
	"P-35_target_is_not_compared": func(t *testing.T) {
		h := newHouse(t)
		got := h.post(strings.Replace(msg("1", "1", pkg1), serverURL, "https://proxy.example.test/x?mode=Maintenance&amp;Platform=WoA", 1))
		assert.Equal(t, "https://proxy.example.test/x?mode=Maintenance&Platform=WoA", got.Header.Source.URI)
	},
	"P-36_devid_unlike_the_source_is_reported": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", strings.Replace(devInfo, deviceID, "imei:1", 1)+final))
		assert.Contains(t, h.log.String(), "DevInfo/DevId is not the Source")
	},
	"P-37_what_depends_on_order_is_one_sequence": func(t *testing.T) {
		h := newHouse(t)
		h.request(omadm.Request{ID: "s", Group: omadm.Sequence, Ops: []omadm.Op{replace("./A", "1"), exec("./B")}})
		assert.Equal(t, []string{"4 Sequence", "  5 Replace ./A", "  6 Exec ./B", "Final"}, summary(h.post(msg("1", "1", pkg1)))[3:])
	},
	"P-38_reply_never_exceeds_maxmsgsize": func(t *testing.T) {
		for size := 1200; size < 5000; size += 97 {
			h := newHouse(t)
			for i := range 20 {
				h.enqueue(strconv.Itoa(i), replace("./A/B", strings.Repeat("x", 40*i)))
			}
			sent, msgID := 0, 1
			body := msgMeta("1", "1", `<Meta><MaxMsgSize xmlns="syncml:metinf">`+strconv.Itoa(size)+`</MaxMsgSize></Meta>`, pkg1)
			for msgID < 100 {
				w := h.do(body)
				require.Equal(t, http.StatusOK, w.Code)
				require.LessOrEqual(t, w.Body.Len(), size)
				m, err := syncml.Decode(w.Body.Bytes())
				require.NoError(t, err)
				var answers string
				for _, c := range m.Body {
					if c.Name() == "Replace" {
						sent++
						answers += status(sent+1, m.Header.MsgID, c.ID(), "Replace", 200)
					}
				}
				if answers == "" {
					break
				}
				msgID++
				body = msg("1", strconv.Itoa(msgID), okHdr(m.Header.MsgID)+answers+final)
			}
			assert.Len(t, h.outcomes(), 20, "MaxMsgSize %d: every request has an outcome", size)
		}
	},
}

// everyDay is a client that opens each session with SessionID 0 and the same octets, on a hundred days.
func everyDay(t *testing.T) {
	h := newHouse(t)
	first := msg("0", "1", pkg1)
	execs, replaces := 0, 0
	for day := range 100 {
		switch day {
		case 0:
			h.enqueue("exec", exec("./Run"))
		case 1:
			h.enqueue("replace", replace("./A", "1"))
		}
		w := h.do(first)
		require.Equal(t, http.StatusOK, w.Code, "day %d", day)
		h.now = h.now.Add(30 * time.Second)
		require.Equal(t, w.Body.String(), h.do(first).Body.String(), "day %d: the same octets within a minute", day)
		m, err := syncml.Decode(w.Body.Bytes())
		require.NoError(t, err)
		require.Equal(t, "1", m.Header.MsgID, "day %d", day)
		var answers string
		for i, c := range m.Body {
			switch c := c.(type) {
			case *syncml.Exec:
				execs++
			case *syncml.Replace:
				replaces++
			case *syncml.Status:
				require.Equal(t, "200", c.Data.Value, "day %d", day)
				continue
			}
			answers += status(i, "1", c.ID(), c.Name(), 200)
		}
		if answers != "" {
			h.post(msg("0", "2", okHdr("1")+answers+final))
		}
		h.now = h.now.Add(24 * time.Hour)
	}
	assert.Equal(t, 1, execs)
	assert.Equal(t, 1, replaces)
	assert.Equal(t, omadm.Done, h.outcomes()["exec"].Kind)
	assert.Equal(t, omadm.Done, h.outcomes()["replace"].Kind)
}
