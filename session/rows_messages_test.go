package session_test

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// userQuestion is a request that asks the user.
func userQuestion(id string, ops ...omadm.Op) omadm.Request {
	a := omadm.UserAlert{Code: omadm.AlertConfirm, Text: "Restart?"}
	return omadm.Request{ID: omadm.RequestID(id), Ops: append([]omadm.Op{a.Op()}, ops...)}
}

func combine(r omadm.Request) omadm.Request {
	r.Combine = true
	return r
}

// refs puts TargetRefs into a status.
func refs(status string, uris ...string) string {
	list := ""
	for _, u := range uris {
		list += "<TargetRef>" + u + "</TargetRef>"
	}
	return strings.Replace(status, "<Data>", list+"<Data>", 1)
}

var messageRows = map[string]func(*testing.T){
	"P-7_package_1_of_several_messages": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", alert1201))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Replace 2 200", "Alert 1222"}, summary(h.post(msg("1", "2", okHdr("1")+devInfo))))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "2 Get ./A", "Final"}, summary(h.post(msg("1", "3", okHdr("2")+final))))
		assert.Equal(t, "Example Devices", h.record().Device.Facts["./DevInfo/Man"])
	},
	"P-19_package_of_a_client_may_span_many_messages": func(t *testing.T) {
		h := newHouse(t)
		r := request("r")
		for i := range 50 {
			r.Ops = append(r.Ops, get(omadm.URI("./A/"+itoa(i))))
		}
		h.request(r)
		h.post(msg("1", "1", pkg1))
		for i := range 50 {
			got := h.post(msg("1", itoa(i+2), okHdr(itoa(i+1))+status(2, "1", itoa(i+4), "Get", 200)))
			assert.Equal(t, "Alert 1222", summary(got)[1])
			assert.Empty(t, h.outcomes())
		}
		h.post(msg("1", "52", okHdr("51")+final))
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	},
	"P-21_open_client_package_gets_statuses_and_1222": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("b", get("./B"))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+alert("1224", typed("com.example", "1"))))
		assert.Equal(t, "Alert 1222", summary(got)[len(summary(got))-1])
		assert.False(t, got.Final)
		for _, line := range summary(got) {
			assert.NotContains(t, line, "Get")
		}
	},
	"P-24_no_new_command_while_waiting": noCommandWhileWaiting,
	"P-30_late_copy_of_the_first_message_ends_nothing": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		first := msg("0", "1", pkg1)
		h.post(first)
		h.post(msg("0", "2", okHdr("1")))
		before := h.record()
		h.now = h.now.Add(10 * time.Second)
		w := h.do(first)
		assert.Equal(t, http.StatusServiceUnavailable, w.Code)
		assert.Equal(t, "30", w.Header().Get("Retry-After"))
		assert.Equal(t, before, h.record())
		h.now = h.now.Add(20 * time.Second)
		assert.Equal(t, "1", h.post(first).Header.MsgID, "a device that has begun anew")
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
	},
	"P-33_respuri_is_sent_and_that_of_a_client_ignored": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.RespURI = "https://dm.example.test/next?id=1" })
		got := h.post(msgMeta("1", "1", "<RespURI>https://elsewhere.example.test/</RespURI>", pkg1))
		assert.Equal(t, "https://dm.example.test/next?id=1", got.Header.RespURI)
	},
	"H-9_respuri_is_absolute_and_escaped": func(t *testing.T) {
		rules := func(uri string) func(*session.Config) { return func(c *session.Config) { c.Rules.RespURI = uri } }
		w := newHouse(t, rules("https://dm.example.test/next?id=1&node=<2>")).do(msg("1", "1", pkg1))
		assert.Contains(t, w.Body.String(), "<RespURI>https://dm.example.test/next?id=1&amp;node=&lt;2&gt;</RespURI>")
		for _, uri := range []string{"next", "/next?id=1", "//dm.example.test/next", "https:next"} {
			cfg := session.Config{Store: new(memstore.Store), Authenticator: session.InsecureTrust{}}
			rules(uri)(&cfg)
			_, err := session.New(cfg)
			assert.ErrorContains(t, err, "RespURI", uri)
		}
	},
	"P-27_abort_of_the_server_has_1223_and_final_and_awaits_no_answer": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Messages = 2 })
		h.enqueue("run", exec("./Run"))
		h.enqueue("read", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")))
		got := h.post(msg("1", "3", okHdr("2")+status(2, "1", "5", "Get", 200)+login("user")))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 9 200", "Alert 1223", "Final"}, summary(got))
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind, "without another message of the client")
		assert.Equal(t, omadm.Done, h.outcomes()["read"].Kind, "what came along counts")
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Final"}, summary(h.post(msg("2", "1", pkg1))))
	},
	"P-16_ended_sessions_are_swept": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", pkg1))
		h.sweep(0)
		h.now = h.now.Add(time.Hour)
		h.sweep(1)
		assert.Empty(t, h.record().Sessions)
		h.sweep(0)
	},
	"P-16_session_that_ended_just_now_is_kept_for_repetitions": func(t *testing.T) {
		h := newHouse(t)
		sync := func(who string) string { return alert("1224", typed("com.microsoft.mdm.synctype", who)) }
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", sync("device")+final))
		h.now = h.now.Add(5 * time.Minute)
		h.enqueue("b", get("./User/B"))
		h.post(msg("2", "1", sync("user")+login("user")+final))
		h.now = h.now.Add(6 * time.Minute)
		last := msg("2", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final)
		ended := h.do(last).Body.String()
		h.sweep(1)
		require.Len(t, h.record().Sessions, 1)
		assert.Equal(t, ended, h.do(last).Body.String())
	},
	"P-29_device_that_does_not_come_back_is_swept": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Timeout = 5 * time.Minute })
		h.enqueue("read", get("./A"))
		h.enqueue("run", exec("./Run"))
		h.post(msg("1", "1", pkg1))
		h.now = h.now.Add(4 * time.Minute)
		h.sweep(0)
		h.now = h.now.Add(2 * time.Minute)
		h.sweep(1)
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
		assert.Empty(t, h.record().Sessions)
		assert.Contains(t, summary(h.post(msg("2", "1", pkg1))), "4 Get ./A", "it waits again")
	},
	"S-7_items_of_a_command_are_told_apart_by_targetref": func(t *testing.T) {
		h := answered(t, refs(status(2, "1", "4", "Get", 404), "./A", "C")+refs(status(3, "1", "4", "Get", 200), "./B"),
			combine(request("r", get("./A"), get("./B"), get("./C"))))
		codes := map[int]omadm.Status{}
		for _, r := range h.results("r") {
			codes[r.Op] = r.Status
		}
		assert.Equal(t, map[int]omadm.Status{0: 404, 1: 200, 2: 404}, codes)
		assert.Equal(t, omadm.Failed, h.outcomes()["r"].Kind)
		assert.Equal(t, 0, h.outcomes()["r"].Op)
	},
	"S-7_items_of_a_command_are_told_apart_by_sourceref": func(t *testing.T) {
		bySource := strings.ReplaceAll(refs(status(2, "1", "4", "Get", 404), "./B"), "TargetRef", "SourceRef")
		h := answered(t, refs(status(3, "1", "4", "Get", 200), "./A")+bySource, combine(request("r", get("./A"), get("./B"))))
		assert.Equal(t, 1, h.outcomes()["r"].Op)
		assert.Equal(t, omadm.StatusNotFound, h.outcomes()["r"].Status)
	},
	"S-7_status_without_refs_is_about_all_items": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Get", 200), combine(request("r", get("./A"), get("./B"))))
		assert.Len(t, h.results("r"), 2)
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	},
	"S-7_item_without_a_status_has_no_outcome": func(t *testing.T) {
		h := answered(t, refs(status(2, "1", "4", "Get", 200), "./A"), combine(request("r", get("./A"), get("./B"))))
		assert.Empty(t, h.outcomes())
	},
	"S-10_results_of_a_command_with_several_items": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Get", 200)+result("4", item("./B", "b")+item("./A/Below", "a"))+result("4", item("./C", "c")),
			combine(request("r", get("./A"), get("./B"), get("./C"))))
		values := map[int]string{}
		for _, r := range h.results("r") {
			if r.Status == 0 {
				require.Len(t, r.Items, 1)
				values[r.Op] = r.Items[0].Data.Value
			}
		}
		assert.Equal(t, map[int]string{0: "a", 1: "b", 2: "c"}, values)
	},
	"S-22_chal_on_the_status_of_a_command_is_read": func(t *testing.T) {
		chal := `<Chal><Meta><Type xmlns="syncml:metinf">syncml:auth-md5</Type><Format xmlns="syncml:metinf">b64</Format><NextNonce xmlns="syncml:metinf">bm9uY2U=</NextNonce></Meta></Chal>`
		h := answered(t, strings.Replace(status(2, "1", "4", "Get", 200), "<Data>", chal+"<Data>", 1), request("r", get("./A")))
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
		assert.NotContains(t, h.log.String(), "bm9uY2U=")
	},
	"S-22_chal_on_the_status_of_a_command_is_no_nonce_of_the_client": func(t *testing.T) {
		h := newSafe(t, both(""))
		h.enqueue("a", get("./A"))
		h.login()
		chal := strings.Replace(chalStatus("2", 200, "not for us"), "<CmdRef>0<", "<CmdRef>4<", 1)
		h.post(signed("3", "", okHdr("2")+chal+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.Empty(t, h.record().Device.Nonces.Server)
	},
	"C-8_correlator_of_an_exec_is_matched": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("update", omadm.Op{Verb: omadm.Exec, URI: "./FwUpdate/Pkg/Update", Correlator: "c-17"})
		h.enqueue("other", omadm.Op{Verb: omadm.Exec, URI: "./Other", Correlator: "c-18"})
		w := h.do(msg("1", "1", pkg1))
		assert.Contains(t, w.Body.String(), "<Correlator>c-17</Correlator>")
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Exec", 202)+status(3, "1", "5", "Exec", 500)+final))
		assert.Equal(t, omadm.Accepted, h.outcomes()["update"].Kind)
		assert.Equal(t, map[string]omadm.RequestID{"c-17": "update"}, h.record().Device.Awaited, "a failed one has no end to wait for")

		h.post(msg("2", "1", alert1201+generic("c-17")+generic("c-18")+generic("c-19")+final))
		got := map[string]omadm.RequestID{}
		for _, e := range h.events() {
			got[e.Correlator] = e.Request
		}
		assert.Equal(t, map[string]omadm.RequestID{"c-17": "update", "c-18": "", "c-19": ""}, got)
		assert.Empty(t, h.record().Device.Awaited)
	},
	"C-11_atomic_is_never_split": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("before", replace("./First", strings.Repeat("x", 400)))
		h.request(atomic("r", replace("./A", strings.Repeat("x", 300)), replace("./B", strings.Repeat("x", 300))))
		got := h.post(msgMeta("1", "1", sizes(1700, 0), pkg1))
		assert.Equal(t, []string{"4 Replace ./First", "Final"}, summary(got)[3:])
		got = h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Replace", 200)+final))
		assert.Equal(t, []string{"2 Atomic", "  3 Replace ./A", "  4 Replace ./B", "Final"}, summary(got)[1:])
	},
	"C-17_517_is_tried_again_alone": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("first", get("./First"))
		h.request(atomic("r", replace("./A", "1"), replace("./B", "2")))
		h.post(msg("1", "1", pkg1))
		h.enqueue("other", get("./Other"))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+status(3, "1", "5", "Atomic", 517)+final))
		assert.Equal(t, []string{"2 Atomic", "  3 Replace ./A", "  4 Replace ./B", "Final"}, summary(got)[1:])
		assert.NotContains(t, h.outcomes(), omadm.RequestID("r"))
		h.post(msg("1", "3", okHdr("2")+status(2, "2", "2", "Atomic", 517)+final))
		assert.Equal(t, omadm.RolledBack, h.outcomes()["r"].Kind)
		assert.Equal(t, omadm.StatusAtomicResponseTooLarge, h.outcomes()["r"].Status)
	},
	"C-24_value_of_a_group_is_never_cut": func(t *testing.T) {
		h := newHouse(t)
		h.request(atomic("r", replace("./A", strings.Repeat("x", 3000))))
		h.post(msgMeta("1", "1", sizes(2000, 0), pkg1))
		assert.Equal(t, omadm.Refused, h.outcomes()["r"].Kind)
	},
	"U-10_yes_and_no": func(t *testing.T) {
		for code, want := range map[int]omadm.Kind{200: omadm.Done, 304: omadm.NotExecuted} {
			h := newHouse(t)
			h.request(userQuestion("r"))
			got := h.post(msg("1", "1", pkg1))
			assert.Equal(t, "Alert 1101", summary(got)[3])
			h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Alert", code)+final))
			assert.Equal(t, want, h.outcomes()["r"].Kind)
			assert.Equal(t, omadm.Status(code), h.outcomes()["r"].Status)
		}
	},
	"U-9_answer_of_the_user_reaches_the_application": func(t *testing.T) {
		h := newHouse(t)
		a := omadm.UserAlert{Code: omadm.AlertMultipleChoice, Text: "Which?", Choices: []string{"one", "two", "three"}}
		h.enqueue("r", a.Op())
		h.post(msg("1", "1", pkg1))
		chosen := strings.Replace(status(2, "1", "4", "Alert", 200), "</Status>", "<Item><Data>3</Data></Item><Item><Data>1</Data></Item></Status>", 1)
		h.post(msg("1", "2", okHdr("1")+chosen+final))
		require.Len(t, h.results("r"), 1)
		assert.Len(t, h.results("r")[0].Items, 2)
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	},
	"U-11_no_inside_a_sequence_skips_the_rest": func(t *testing.T) {
		h := newHouse(t)
		r := userQuestion("r", replace("./A", "1"))
		r.Group = omadm.Sequence
		h.request(r)
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Sequence", 200)+status(3, "1", "5", "Alert", 304)+status(4, "1", "6", "Replace", 215)+final))
		assert.Equal(t, omadm.NotExecuted, h.outcomes()["r"].Kind)
	},
	"U-12_cancelled_and_late_answers_are_told_apart": func(t *testing.T) {
		for code, want := range map[int]omadm.Kind{214: omadm.NotExecuted, 408: omadm.Failed, 412: omadm.Failed, 416: omadm.Failed, 406: omadm.Failed} {
			h := newHouse(t)
			h.request(userQuestion("r"))
			h.post(msg("1", "1", pkg1))
			h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Alert", code)+final))
			assert.Equal(t, want, h.outcomes()["r"].Kind, "%d", code)
			assert.Equal(t, omadm.Status(code), h.outcomes()["r"].Status)
		}
	},
	"U-18_1223_and_1225_of_a_client_are_answered": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", okHdr("1")+`<Alert><CmdID>2</CmdID><Data>1225</Data></Alert>`))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Alert 1222"}, summary(got), "nothing was on its way")
		got = h.post(msg("1", "3", okHdr("2")+`<Alert><CmdID>2</CmdID><Data>1223</Data></Alert>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Final"}, summary(got))
	},
	"U-24_alert_of_an_exec_in_the_same_session": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("update", omadm.Op{Verb: omadm.Exec, URI: "./Update", Correlator: "c"})
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Exec", 202)+generic("c")+final))
		require.Len(t, h.events(), 1)
		assert.Equal(t, omadm.RequestID("update"), h.events()[0].Request)
		assert.Empty(t, h.record().Device.Awaited, "the alert has come")
	},
	"U-24_correlators_are_bounded": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Awaited = 3 })
		for i := range 9 {
			h.enqueue(itoa(i), omadm.Op{Verb: omadm.Exec, URI: "./Update", Correlator: "c" + itoa(i)})
		}
		h.post(msg("1", "1", pkg1))
		answers := okHdr("1")
		for i := range 9 {
			answers += status(i+2, "1", itoa(i+4), "Exec", 202)
		}
		h.post(msg("1", "2", answers+final))
		assert.Len(t, h.record().Device.Awaited, 3)
		assert.Len(t, h.outcomes(), 9)
	},
	"F-9_facts_are_text": func(t *testing.T) {
		h := newHouse(t, bothCodecs)
		m := &syncml.Message{
			Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1", Target: syncml.Location{URI: serverURL}, Source: syncml.Location{URI: deviceID}},
			Body: []syncml.Command{&syncml.Replace{CmdID: "1", Items: []syncml.Item{
				{Source: syncml.Location{URI: "./DevInfo/Man"}, Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte("a\x00b"))},
				{Source: syncml.Location{URI: "./DevInfo/Mod"}, Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte("\xff"))},
				{Source: syncml.Location{URI: "./DevInfo/Lang"}, Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte("en"))},
			}}}, Final: true,
		}
		body, err := syncml.Append(nil, wbxml.Codec, m)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, h.exchange(string(body), with("Content-Type", wbxml.Codec.ContentType())).Code)
		assert.Equal(t, omadm.Facts{"./DevInfo/Lang": "en"}, h.record().Device.Facts)
	},
	"F-11_statuses_that_do_not_fit_end_in_1223": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msgMeta("1", "1", sizes(1300, 0), pkg1))
		crowd := strings.Repeat(`<Alert><CmdID>7</CmdID><Data>1222</Data></Alert>`, 30)
		w := h.do(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+crowd))
		assert.LessOrEqual(t, w.Body.Len(), 1300)
		got, err := syncml.Decode(w.Body.Bytes())
		require.NoError(t, err)
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Alert 1223", "Final"}, summary(got))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind, "what the client said counts")
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
	},
	"F-13_client_that_never_sends_final_is_stopped": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Messages = 5 })
		h.enqueue("run", exec("./Run"))
		h.post(msg("1", "1", pkg1))
		for i := range 4 {
			assert.Equal(t, "Alert 1222", summary(h.post(msg("1", itoa(i+2), okHdr(itoa(i+1)))))[1])
		}
		got := h.post(msg("1", "6", okHdr("5")))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Alert 1223", "Final"}, summary(got))
		assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind)
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
	},
}

// generic is a generic alert of Windows' own type with a correlator.
func generic(correlator string) string {
	return `<Alert><CmdID>8</CmdID><Data>1226</Data><Correlator>` + correlator + `</Correlator><Item><Source><LocURI>./Update</LocURI></Source>` +
		`<Meta><Type xmlns="syncml:metinf">Reversed-Domain-Name:com.microsoft.mdm.win32csp_install</Type><Format xmlns="syncml:metinf">int</Format></Meta><Data>0</Data></Item></Alert>`
}

// sweep ends idle sessions; want is how many devices had some.
func (h *house) sweep(want int) {
	h.t.Helper()
	n, err := h.handler.Sweep(h.t.Context())
	require.NoError(h.t, err)
	assert.Equal(h.t, want, n)
}

// noCommandWhileWaiting sends what random clients may send and looks at each reply: while the package of the client is
// open and ours is closed, it is statuses and 1222 or 1223, without Final but for 1223.
func noCommandWhileWaiting(t *testing.T) {
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 24))
		h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Messages = 8 })
		for i := range 12 {
			op := get(omadm.URI("./G/" + itoa(i)))
			if i%3 == 0 {
				op = replace(omadm.URI("./R/"+itoa(i)), strings.Repeat("v", 1+rng.IntN(3000)))
			}
			h.enqueue(itoa(i), op)
		}
		meta := sizes(900+rng.IntN(1200), 0)
		ours := true // our package is closed
		var last *syncml.Message
		for id := 1; id < 40; id++ {
			body, open := randomMessage(rng, id, last)
			w := h.do(msgMeta("1", itoa(id), meta, body))
			require.Equal(t, http.StatusOK, w.Code, "seed %d", seed)
			m, err := syncml.Decode(w.Body.Bytes())
			require.NoError(t, err)
			commands, flow := 0, ""
			for _, c := range m.Body {
				switch a, ok := c.(*syncml.Alert); {
				case ok && a.Data.Value != "1225":
					flow = a.Data.Value
				case c.Name() != "Status" && c.Name() != "Alert":
					commands++
				}
			}
			if open && ours {
				require.Zero(t, commands, "seed %d, message %d", seed, id)
				require.Contains(t, []string{"1222", "1223"}, flow, "seed %d, message %d", seed, id)
				require.Equal(t, flow == "1223", m.Final)
			}
			if flow != "1222" {
				ours = m.Final
			}
			last = m
			if flow == "1223" {
				break
			}
		}
	}
}

// randomMessage is what a client may answer to a message of the server: some statuses, perhaps events, parts of large
// objects, and Final or not.
func randomMessage(rng *rand.Rand, id int, last *syncml.Message) (body string, open bool) {
	if id == 1 {
		body = alert1201 + devInfo
	} else {
		body = okHdr(last.Header.MsgID)
		for _, c := range last.Body {
			if c.Name() == "Status" || rng.IntN(6) == 0 {
				continue
			}
			code := []int{200, 200, 213, 404, 101}[rng.IntN(5)]
			if items := c.ItemList(); len(items) == 1 && items[0].MoreData {
				code = []int{213, 213, 213, 200, 413}[rng.IntN(5)]
			}
			body += status(2, last.Header.MsgID, c.ID(), c.Name(), code)
			if c.Name() == "Get" && rng.IntN(2) == 0 {
				body += results(last.Header.MsgID, c.ID(), "./G", "", "value", rng.IntN(4) == 0)
			}
		}
	}
	for range rng.IntN(3) {
		body += []string{next, keepAlive, alert("1224", typed("com.example", "1")), generic("c")}[rng.IntN(4)]
	}
	if open = rng.IntN(2) == 0; !open {
		body += final
	}
	return body, open
}

var deviceRows = map[string]func(*testing.T){
	"W-5_no_acl_and_no_correlator_for_windows": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("acl", omadm.Op{Verb: omadm.Replace, URI: "./A?prop=ACL", Value: omadm.Text("Get=*")})
		h.enqueue("run", omadm.Op{Verb: omadm.Exec, URI: "./Run", Correlator: "c"})
		w := h.do(msg("1", "1", login("user")+pkg1))
		assert.NotContains(t, w.Body.String(), "Correlator")
		assert.Contains(t, w.Body.String(), "./Run")
		assert.Equal(t, omadm.StatusFeatureNotSupported, h.outcomes()["acl"].Status)
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "5", "Exec", 202)+final))
		assert.Empty(t, h.record().Device.Awaited)
	},
	"W-1_commands_that_windows_takes": func(t *testing.T) {
		h := newHouse(t)
		h.request(omadm.Request{ID: "group", Group: omadm.Sequence, Ops: []omadm.Op{
			{Verb: omadm.Add, URI: policy + "A", Value: omadm.Text("1")}, replace(policy+"A", "2"), get(policy + "A"), {Verb: omadm.Delete, URI: policy + "A"},
			exec("./Vendor/MSFT/Reboot/RebootNow"),
		}})
		h.request(atomic("atomic", replace(policy+"B", "1")))
		h.enqueue("copy", omadm.Op{Verb: omadm.Copy, URI: policy + "C", From: policy + "B"})
		h.complete(h.device())
		assert.Equal(t, omadm.Done, h.outcomes()["group"].Kind, "%+v", h.outcomes()["group"])
		assert.Equal(t, omadm.Done, h.outcomes()["atomic"].Kind)
		assert.Equal(t, omadm.StatusFeatureNotSupported, h.outcomes()["copy"].Status)
	},
	"W-2_every_command_sent_has_a_cmdid_and_a_known_name": func(t *testing.T) {
		h := newHouse(t)
		a := omadm.UserAlert{Code: omadm.AlertDisplay, Text: "Hello."}
		h.request(omadm.Request{ID: "a", Ops: []omadm.Op{
			a.Op(), get("./A"), replace("./B", "1"), exec("./C"), {Verb: omadm.Add, URI: "./D", Value: omadm.Node()},
			{Verb: omadm.Delete, URI: "./E"}, {Verb: omadm.Copy, URI: "./F", From: "./G"},
		}})
		h.request(atomic("b", replace("./H", "1")))
		seen := map[string]bool{}
		for _, c := range h.post(msg("1", "1", pkg1)).Body {
			assert.NotEmpty(t, c.ID())
			assert.False(t, seen[c.ID()], "CmdID %s comes twice", c.ID())
			seen[c.ID()] = true
			_, unknown := c.(*syncml.Unknown)
			assert.False(t, unknown, c.Name())
		}
		assert.Len(t, seen, 3+7+1)
	},
	"W-34_encrypted_bodies_are_refused": func(t *testing.T) {
		h := newHouse(t)
		w := h.exchange(msg("1", "1", pkg1), with("Content-Type", "application/pkcs7-mime"))
		assert.Equal(t, http.StatusUnsupportedMediaType, w.Code)
		assert.Empty(t, h.record().Sessions)
	},
	"S-23_refused_header_refuses_every_command": func(t *testing.T) {
		got := newHouse(t).post(strings.Replace(msg("1", "1", pkg1), "DM/1.2", "DM/9.9", 1))
		assert.Equal(t, []string{"Status SyncHdr 0 513", "Status Alert 1 513", "Status Replace 2 513", "Final"}, summary(got))
	},
	"W-8_what_a_sync_application_version_changes_needs_no_setting": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("missing", get("./Vendor/MSFT/NoSuchNode"))
		d := h.device()
		d.SyncApplicationVersion, d.SessionIDs = 5, simdevice.Hex
		for range 11 {
			h.now = h.now.Add(time.Hour)
			report, err := d.SessionWith(t.Context(), simdevice.SessionOptions{SyncType: "device"})
			require.NoError(t, err)
			require.NoError(t, report.Err())
		}
		assert.Equal(t, "B", h.record().Sessions[0].ID, "hexadecimal from 2 on")
		assert.NotZero(t, h.outcomes()["missing"].HRESULT, "msft:originalerror from 3 on")
		assert.Equal(t, "device", h.record().Sessions[0].SyncType, "sessions of device and user from 5 on")
	},
	"W-18_unenrolment_that_the_server_starts": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("unenrol", omadm.Op{Verb: omadm.Exec, URI: "./Vendor/MSFT/DMClient/Unenroll", Value: omadm.Text("Example MDM")})
		d := h.device()
		h.complete(d)
		assert.Equal(t, 1, d.Execution("Exec", "./Vendor/MSFT/DMClient/Unenroll", "Example MDM").Executed)
		assert.Equal(t, omadm.Done, h.outcomes()["unenrol"].Kind)
	},
	"W-20_no_correlator_towards_windows": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", login("user")+pkg1))
		h.enqueue("run", omadm.Op{Verb: omadm.Exec, URI: "./Run", Correlator: "c"})
		w := h.do(msg("2", "1", pkg1))
		assert.NotContains(t, w.Body.String(), "Correlator", "it is known from the session before")
	},
	"W-6_source_is_taken_as_it_is": func(t *testing.T) {
		h := newHouse(t)
		got := h.post(strings.Replace(msg("1", "1", pkg1), "</LocURI></Source><", "</LocURI><LocName>someone@example.test</LocName></Source><", 1))
		assert.Equal(t, deviceID, got.Header.Target.URI)
		assert.Equal(t, "someone@example.test", h.record().Sessions[0].User)
	},
	"W-30_keep_alive_gets_the_next_message_form": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		for i := range 3 {
			assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 8 200", "Alert 1222"}, summary(h.post(msg("1", itoa(i+2), okHdr(itoa(i+1))+keepAlive))))
		}
		assert.Empty(t, h.outcomes())
		h.post(msg("1", "5", okHdr("4")+status(2, "1", "4", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.Empty(t, h.events(), "it is no news")
	},
	"W-35_status_codes_of_windows": func(t *testing.T) {
		for code, want := range map[int]omadm.Kind{
			200: omadm.Done, 202: omadm.Accepted, 400: omadm.Failed, 403: omadm.Failed, 404: omadm.Failed, 405: omadm.Failed,
			406: omadm.Failed, 415: omadm.Failed, 418: omadm.Failed, 425: omadm.Failed, 500: omadm.Failed,
		} {
			h := answered(t, status(2, "1", "4", "Replace", code), request("r", replace("./A", "1")))
			assert.Equal(t, want, h.outcomes()["r"].Kind, "%d", code)
		}
	},
	"W-36_repeats_of_the_same_message_are_likely": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		first := h.do(msg("1", "1", pkg1)).Body.String()
		for range 5 {
			h.now = h.now.Add(time.Minute)
			assert.Equal(t, first, h.do(msg("1", "1", pkg1)).Body.String())
		}
		assert.Equal(t, 1, h.record().Requests[0].Attempts)
	},
	"T-5_addresses_beyond_what_the_device_takes_are_refused": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("depth", get("./DevDetail/URI/MaxDepth"))
		h.enqueue("total", get("./DevDetail/URI/MaxTotLen"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("deep", get("./A/B/C/D/E"))
		h.enqueue("fine", get("./A/B/C/D"))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./DevDetail/URI/MaxDepth", "4"))+
			status(2, "1", "5", "Get", 200)+result("5", item("./DevDetail/URI/MaxTotLen", "0"))+final))
		assert.Equal(t, []string{"2 Get ./A/B/C/D", "Final"}, summary(got)[1:])
		assert.Equal(t, omadm.Refused, h.outcomes()["deep"].Kind)
		assert.Equal(t, omadm.StatusURITooLong, h.outcomes()["deep"].Status)
	},
}
