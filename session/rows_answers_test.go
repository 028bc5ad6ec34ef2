package session_test

import (
	"context"
	"crypto/x509"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

func nobody(context.Context, *x509.Certificate) (omadm.DeviceID, error) {
	return "", session.ErrUnauthenticated
}

// answered sends requests in package 2 and answers it: the commands of the server begin with CmdID 4.
func answered(t *testing.T, answers string, reqs ...omadm.Request) *house {
	t.Helper()
	h := newHouse(t)
	for _, r := range reqs {
		h.request(r)
	}
	h.post(msg("1", "1", pkg1))
	h.post(msg("1", "2", okHdr("1")+answers+final))
	return h
}

func request(id string, ops ...omadm.Op) omadm.Request {
	return omadm.Request{ID: omadm.RequestID(id), Ops: ops}
}

func atomic(id string, ops ...omadm.Op) omadm.Request {
	return omadm.Request{ID: omadm.RequestID(id), Group: omadm.Atomic, Ops: ops}
}

func result(cmdRef, items string) string {
	return `<Results><CmdID>30</CmdID><MsgRef>1</MsgRef><CmdRef>` + cmdRef + `</CmdRef>` + items + `</Results>`
}

func item(uri, value string) string {
	return `<Item><Source><LocURI>` + uri + `</LocURI></Source><Data>` + value + `</Data></Item>`
}

var statusRows = map[string]func(*testing.T){
	"S-1_statuses_follow_the_order_of_the_commands": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", `<Get><CmdID>9</CmdID><Item><Target><LocURI>./X</LocURI></Target></Item></Get>`+pkg1))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Get 9 405", "Status Alert 1 200", "Status Replace 2 200", "Final"}, summary(got))
	},
	"S-2_status_has_all_its_parts": func(t *testing.T) {
		w := newHouse(t).do(msg("1", "7", pkg1))
		assert.Contains(t, w.Body.String(), "<Status><CmdID>2</CmdID><MsgRef>7</MsgRef><CmdRef>1</CmdRef><Cmd>Alert</Cmd><Data>200</Data></Status>")
	},
	"S-3_status_of_the_header_names_both_addresses": func(t *testing.T) {
		w := newHouse(t).do(msg("1", "1", pkg1))
		assert.Contains(t, w.Body.String(), "<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>"+
			serverURL+"</TargetRef><SourceRef>"+deviceID+"</SourceRef><Data>200</Data></Status>")
	},
	"S-4_answers_are_matched_by_msgref_and_cmdref": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.enqueue("b", get("./B"))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
		// Command 2 of message 2, not command 4 of message 1, is outstanding now.
		h.post(msg("1", "3", okHdr("2")+status(2, "2", "2", "Get", 404)+status(3, "1", "4", "Get", 500)+final))
		assert.Equal(t, omadm.StatusOK, h.outcomes()["a"].Status)
		assert.Equal(t, omadm.StatusNotFound, h.outcomes()["b"].Status)
	},
	"S-4_answer_to_another_message_is_none": func(t *testing.T) {
		for _, refs := range [][2]string{{"7", "4"}, {"1", "7"}, {"4", "1"}} {
			h := newHouse(t)
			h.enqueue("run", exec("./Run"))
			h.post(msg("1", "1", pkg1))
			h.post(msg("1", "2", okHdr("1")+status(2, refs[0], refs[1], "Exec", 200)+final))
			assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind, "MsgRef %s, CmdRef %s", refs[0], refs[1])
		}
	},
	"S-5_every_command_gets_one_status": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", pkg1[:len(pkg1)-len(final)]+login("user")+
			`<Atomic><CmdID>20</CmdID><Add><CmdID>21</CmdID><Item><Target><LocURI>./X</LocURI></Target></Item></Add></Atomic>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Status Alert 9 200",
			"Status Atomic 20 405", "Status Add 21 405", "Final"}, summary(got))
	},
	"S-6_items_with_differing_codes_get_a_status_each": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", `<Replace><CmdID>1</CmdID>`+item("./DevInfo/Man", "x")+item("./Other", "y")+`</Replace>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Replace 1 200 ./DevInfo/Man", "Status Replace 1 405 ./Other", "Final"}, summary(got))
	},
	"S-7_status_with_targetref_concerns_its_command": func(t *testing.T) {
		h := answered(t, strings.Replace(status(2, "1", "4", "Get", 404), "<Data>", "<TargetRef>./A</TargetRef><Data>", 1)+status(3, "1", "5", "Get", 200),
			request("r", get("./A"), get("./B")))
		assert.Equal(t, omadm.Failed, h.outcomes()["r"].Kind)
		assert.Equal(t, 0, h.outcomes()["r"].Op)
		assert.Equal(t, omadm.StatusNotFound, h.outcomes()["r"].Status)
	},
	"S-8_targetref_wrapped_in_locuri": func(t *testing.T) {
		wrapped := func(name string) string {
			ref := "<" + name + "><LocURI>./A</LocURI></" + name + ">"
			return strings.Replace(status(2, "1", "4", "Get", 404), "<Data>", ref+"<Data>", 1)
		}
		for _, name := range []string{"TargetRef", "SourceRef"} {
			h := answered(t, wrapped(name)+refs(status(3, "1", "4", "Get", 200), "./B"), combine(request("r", get("./A"), get("./B"))))
			assert.Equal(t, 0, h.outcomes()["r"].Op, name)
			assert.Equal(t, omadm.StatusNotFound, h.outcomes()["r"].Status, name)
		}
	},
	"S-9_results_may_come_in_a_later_message": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)))
		assert.Empty(t, h.outcomes(), "the package is open")
		h.post(msg("1", "3", result("4", item("./A", "7"))+final))
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
		require.Len(t, h.results("r"), 2)
		assert.Equal(t, "7", h.results("r")[1].Items[0].Data.Value)
	},
	"S-10_results_with_several_items_are_kept_by_source": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Get", 200)+result("4", item("./A/B", "1")+item("./A/C", "2")), request("r", get("./A?list=StructData")))
		items := h.results("r")[1].Items
		require.Len(t, items, 2)
		assert.Equal(t, "./A/B", items[0].Source.URI)
		assert.Equal(t, "2", items[1].Data.Value)
	},
	"D-14_meta_of_results_is_the_default_of_their_items": func(t *testing.T) {
		meta := func(format, typ string) string {
			m := `<Meta><Format xmlns="syncml:metinf">` + format + `</Format>`
			if typ != "" {
				m += `<Type xmlns="syncml:metinf">` + typ + `</Type>`
			}
			return m + `</Meta>`
		}
		own := strings.Replace(item("./A/C", "2"), "<Data>", meta("int", "")+"<Data>", 1)
		h := answered(t, status(2, "1", "4", "Get", 200)+result("4", meta("b64", "image/png")+item("./A/B", "AQ==")+own), request("r", get("./A?list=StructData")))
		items := h.results("r")[1].Items
		require.Len(t, items, 2)
		assert.Equal(t, syncml.Meta{Format: "b64", Type: "image/png"}, *items[0].Meta)
		assert.Equal(t, syncml.Meta{Format: "int", Type: "image/png"}, *items[1].Meta, "child by child")
	},
	"S-11_noresp_is_answered_all_the_same": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", `<Alert><CmdID>1</CmdID><NoResp/><Data>1201</Data></Alert>`+final))
		assert.Contains(t, summary(got), "Status Alert 1 200")
	},
	"S-12_no_status_200_for_results": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", get("./A"))
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+result("4", item("./A", "7"))+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(got))
	},
	"S-13_odd_codes_cost_only_their_status": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Get", 299)+status(3, "1", "5", "Get", 488)+
			strings.Replace(status(4, "1", "6", "Get", 1), "<Data>1<", "<Data>fine<", 1)+status(5, "1", "6", "Get", 200),
			request("a", get("./A")), request("b", get("./B")), request("c", get("./C")))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.Equal(t, omadm.Failed, h.outcomes()["b"].Kind)
		assert.Equal(t, omadm.Done, h.outcomes()["c"].Kind)
	},
	"S-14_progress_and_refusal_are_not_success": func(t *testing.T) {
		for code, want := range map[int]omadm.Kind{
			200: omadm.Done, 202: omadm.Accepted, 214: omadm.NotExecuted, 215: omadm.NotExecuted, 216: omadm.RolledBack, 304: omadm.NotExecuted,
			101: omadm.Unknown, 213: omadm.Unknown, 404: omadm.Failed, 507: omadm.Failed, 516: omadm.Failed,
		} {
			h := answered(t, status(2, "1", "4", "Exec", code), request("r", exec("./A")))
			assert.Equal(t, want, h.outcomes()["r"].Kind, "status %d", code)
		}
	},
	"S-15_items_of_a_status_reach_the_application": func(t *testing.T) {
		h := answered(t, strings.Replace(status(2, "1", "4", "Exec", 500), "</Status>", item("./Why", "disk")+"</Status>", 1), request("r", exec("./A")))
		require.Len(t, h.results("r"), 1)
		assert.Equal(t, "disk", h.results("r")[0].Items[0].Data.Value)
	},
	"S-16_group_and_members_have_statuses_of_their_own": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Atomic", 200)+status(3, "1", "5", "Replace", 200)+status(4, "1", "6", "Replace", 200),
			atomic("r", replace("./A", "1"), replace("./B", "2")))
		var ops []int
		for _, r := range h.results("r") {
			ops = append(ops, r.Op)
		}
		assert.Equal(t, []int{omadm.GroupOp, 0, 1}, ops)
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	},
	"S-17_no_answer_is_not_success": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Exec", 200), request("a", exec("./A")), request("b", exec("./B")), request("c", get("./C")))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
		assert.Equal(t, omadm.Unknown, h.outcomes()["b"].Kind)
		assert.NotContains(t, h.outcomes(), omadm.RequestID("c"), "a Get waits for the next session")
		require.Len(t, h.record().Requests, 1)
		assert.Equal(t, 1, h.record().Requests[0].Failures)
	},
	"S-18_unknown_and_repeated_answers_are_ignored": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", get("./A"))
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "99", "Get", 500)+status(3, "9", "4", "Get", 500)+status(4, "x", "y", "Get", 500)+
			status(5, "1", "4", "Get", 200)+status(6, "1", "4", "Get", 500)+result("77", item("./A", "1"))+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(got))
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
		assert.Len(t, h.results("r"), 1)
		assert.Contains(t, h.log.String(), "is about no command sent")
		assert.Contains(t, h.log.String(), "repeats an answer")
	},
	"S-19_results_without_refs_mean_1": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", get("./A"))
		// Without statuses before it the Get would have CmdID 1; our first CmdID of a command is never 1, because
		// the status of the header comes first. A Results without CmdRef is therefore about no command, without harm.
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", okHdr("1")+`<Results><CmdID>2</CmdID><CmdRef>4</CmdRef>`+item("./A", "5")+`</Results>`+status(3, "1", "4", "Get", 200)+final))
		require.Len(t, h.results("r"), 2)
		assert.Equal(t, "5", h.results("r")[0].Items[0].Data.Value)
	},
	"S-19_no_command_of_ours_is_number_1": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", get("./A"))
		h.post(msg("1", "1", pkg1))
		rec := h.record()
		require.Len(t, rec.Sessions[0].Outstanding, 1)
		rec.Sessions[0].Outstanding[0].CmdID = 1 // as a server has it that answers without a Status for the header
		body := msg("1", "2", okHdr("1")+`<Results><CmdID>2</CmdID>`+item("./A", "5")+`</Results>`+final)
		in, err := session.NewInbound(syncml.XML, syncml.ContentTypeXML, []byte(body), syncml.Limits{})
		require.NoError(t, err)
		in.Principal = session.Principal{Device: deviceID, Proven: true}
		a, err := session.Step(rec, in, session.Env{Now: h.now})
		require.NoError(t, err)
		require.Len(t, a.Change.Results, 1)
		assert.Equal(t, "5", a.Change.Results[0].Items[0].Data.Value)
	},
	"S-20_results_with_cmd_and_targetref": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Get", 200)+
			`<Results><CmdID>3</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Get</Cmd><TargetRef>./A</TargetRef>`+item("./A", "5")+`</Results>`, request("r", get("./A")))
		assert.Len(t, h.results("r"), 2)
	},
	"S-21_answer_of_the_header_alone_is_no_success": func(t *testing.T) {
		h := answered(t, "", request("r", exec("./A")))
		assert.Equal(t, omadm.Unknown, h.outcomes()["r"].Kind)
	},
	"S-21_alert_and_replace_have_a_status_each": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", alert1201+login("none")+devInfo+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Alert 9 200", "Status Replace 2 200", "Final"}, summary(got))
	},
	"S-24_status_without_cmdref_may_refuse_the_header": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", exec("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Data>500</Data></Status>`+final))
		assert.Empty(t, h.outcomes(), "the client has executed nothing")
		assert.Contains(t, summary(h.post(msg("2", "1", pkg1))), "4 Exec ./A")
	},
	"S-24_status_without_cmdref_is_about_the_header": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", exec("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Data>200</Data></Status>`+status(2, "1", "4", "Exec", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
	},
	"S-25_refs_only_where_items_differ": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", pkg1))
		assert.Contains(t, summary(got), "Status Replace 2 200")
	},
}

// clientCommandsRefused sends each command that only a server may send.
func clientCommandsRefused(t *testing.T) {
	target := `<Item><Target><LocURI>./X</LocURI></Target><Data>1</Data></Item>`
	for _, cmd := range []string{"Add", "Copy", "Delete", "Exec", "Get", "Replace", "Put", "Move", "Map", "Search", "Sync"} {
		h := newHouse(t)
		got := h.post(msg("1", "1", alert1201+`<`+cmd+`><CmdID>5</CmdID>`+target+`</`+cmd+`>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status " + cmd + " 5 405", "Final"}, summary(got))
		assert.Empty(t, h.record().Device.Facts)
		assert.Empty(t, h.entries())
	}
}

// clientGroupsRefused sends groups of what a client may send by itself.
func clientGroupsRefused(t *testing.T) {
	members := strings.Replace(devInfo, "<CmdID>2<", "<CmdID>21<", 1) + strings.Replace(login("user"), "<CmdID>9<", "<CmdID>22<", 1) +
		alert("1226", typed("com.microsoft:mdm.unenrollment.userrequest", "1")) + `<Alert><CmdID>23</CmdID><Data>1223</Data></Alert>`
	for _, group := range []string{"Atomic", "Sequence"} {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		got := h.post(msg("1", "1", alert1201+`<`+group+`><CmdID>20</CmdID>`+members+`</`+group+`>`+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status " + group + " 20 405", "Status Replace 21 405",
			"Status Alert 22 405", "Status Alert 5 405", "Status Alert 23 405", "8 Get ./A", "Final"}, summary(got))
		assert.Empty(t, h.record().Device.Facts)
		assert.Empty(t, h.events())
	}
}

var commandRows = map[string]func(*testing.T){
	"C-3_management_command_of_a_client_is_answered_405": clientCommandsRefused,
	"C-7_accepted_exec_is_not_done_yet": func(t *testing.T) {
		assert.Equal(t, omadm.Accepted, answered(t, status(2, "1", "4", "Exec", 202), request("r", exec("./A"))).outcomes()["r"].Kind)
	},
	"C-13_members_have_cmdids_of_their_own": func(t *testing.T) {
		h := newHouse(t)
		h.request(atomic("r", replace("./A", "1"), replace("./B", "2")))
		h.enqueue("s", get("./C"))
		assert.Equal(t, []string{"4 Atomic", "  5 Replace ./A", "  6 Replace ./B", "7 Get ./C", "Final"}, summary(h.post(msg("1", "1", pkg1)))[3:])
	},
	"C-14_507_fails_the_group_whatever_the_members_report": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Atomic", 507)+status(3, "1", "5", "Replace", 200)+status(4, "1", "6", "Replace", 200),
			atomic("r", replace("./A", "1"), replace("./B", "2")))
		assert.Equal(t, omadm.RolledBack, h.outcomes()["r"].Kind)
	},
	"C-15_culprit_of_a_failed_atomic_is_named": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Atomic", 507)+status(3, "1", "5", "Replace", 216)+status(4, "1", "6", "Replace", 405)+status(5, "1", "7", "Replace", 215),
			atomic("r", replace("./A", "1"), replace("./B", "2"), replace("./C", "3")))
		o := h.outcomes()["r"]
		assert.Equal(t, omadm.RolledBack, o.Kind)
		assert.Equal(t, 1, o.Op)
		assert.Equal(t, omadm.StatusCommandNotAllowed, o.Status)
	},
	"C-16_failed_undo_is_told": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Atomic", 507)+status(3, "1", "5", "Replace", 516)+status(4, "1", "6", "Replace", 405),
			atomic("r", replace("./A", "1"), replace("./B", "2")))
		assert.True(t, h.outcomes()["r"].UndoFailed)
		assert.Equal(t, 1, h.outcomes()["r"].Op)
	},
	"C-17_517_undoes_the_group": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Atomic", 517), atomic("r", replace("./A", "1"), replace("./B", "2")))
		assert.Equal(t, omadm.RolledBack, h.outcomes()["r"].Kind)
		assert.Equal(t, omadm.StatusAtomicResponseTooLarge, h.outcomes()["r"].Status)
	},
	"C-18_client_without_atomic": func(t *testing.T) {
		for _, code := range []int{406, 501} {
			h := answered(t, status(2, "1", "4", "Atomic", code), atomic("r", replace("./A", "1"), replace("./B", "2")))
			assert.Equal(t, omadm.Failed, h.outcomes()["r"].Kind)
			assert.Equal(t, omadm.GroupOp, h.outcomes()["r"].Op)
			assert.Equal(t, omadm.Status(code), h.outcomes()["r"].Status)
		}
	},
	"C-21_skipped_members_of_a_sequence": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Sequence", 200)+status(3, "1", "5", "Replace", 404)+status(4, "1", "6", "Exec", 215),
			omadm.Request{ID: "r", Group: omadm.Sequence, Ops: []omadm.Op{replace("./A", "1"), exec("./B")}})
		assert.Equal(t, omadm.Failed, h.outcomes()["r"].Kind)
		assert.Equal(t, 0, h.outcomes()["r"].Op)
	},
	"C-1_add_sent_again_to_a_node_that_exists_is_done": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("r", omadm.Op{Verb: omadm.Add, URI: "./A/B", Value: omadm.Text("1")})
		h.post(msg("1", "1", pkg1))
		h.post(msg("2", "1", pkg1)) // the answer was lost
		h.post(msg("2", "2", okHdr("1")+status(2, "1", "4", "Add", 418)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["r"].Kind)
		assert.True(t, h.outcomes()["r"].Repeated)
		assert.Equal(t, 2, h.outcomes()["r"].Attempts)
	},
	"C-1_add_to_a_node_that_exists_fails_the_first_time": func(t *testing.T) {
		h := answered(t, status(2, "1", "4", "Add", 418), request("r", omadm.Op{Verb: omadm.Add, URI: "./A/B", Value: omadm.Text("1")}))
		assert.Equal(t, omadm.Failed, h.outcomes()["r"].Kind)
	},
}

func alert(code string, items ...string) string {
	return `<Alert><CmdID>5</CmdID><Data>` + code + `</Data>` + strings.Join(items, "") + `</Alert>`
}

func typed(typ, value string) string {
	return `<Item><Meta><Type xmlns="syncml:metinf">` + typ + `</Type></Meta><Data>` + value + `</Data></Item>`
}

// answers checks the code that each alert is answered with.
func answers(t *testing.T, want map[string]int, change ...func(*session.Config)) {
	t.Helper()
	for body, code := range want {
		got := summary(newHouse(t, change...).post(msg("1", "1", body+final)))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 5 " + strconv.Itoa(code), "Final"}, got, body)
	}
}

var alertRows = map[string]func(*testing.T){
	"U-2_user_alert_of_a_client_has_no_effect": func(t *testing.T) {
		answers(t, map[string]int{alert("1100"): 406, alert("1101"): 406, alert("1104"): 406})
	},
	"U-14_session_alerts_and_reserved_codes": func(t *testing.T) {
		answers(t, map[string]int{alert("1200"): 200, alert("1201"): 200, alert(" 1201\n"): 200, alert("1202"): 406, alert("1220"): 406, alert("1227"): 406, alert("1299"): 406})
	},
	"U-14_application_sees_how_the_session_began": func(t *testing.T) {
		for _, want := range []omadm.AlertCode{omadm.AlertServerInitiated, omadm.AlertClientInitiated} {
			var got omadm.AlertCode
			h := newHouse(t, func(c *session.Config) {
				c.Director = func(_ context.Context, turn *session.Turn) ([]omadm.Request, error) {
					for _, cmd := range turn.Inbound().Message.Body {
						if a, ok := cmd.(*syncml.Alert); ok {
							got, _ = omadm.ParseAlertCode(a.Data.Value)
						}
					}
					return nil, nil
				}
			})
			h.post(msg("1", "1", alert(itoa(int(want)))+devInfo+final))
			assert.Equal(t, want, got)
			assert.Equal(t, omadm.AlertSession, got.Class())
		}
	},
	"U-15_next_message": func(t *testing.T) { answers(t, map[string]int{alert("1222"): 200}) },
	"U-16_each_item_of_a_1224_is_an_event": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", alert("1224", typed("com.example.one", "1"), typed(" com.example.two ", "2"))+final))
		require.Len(t, h.events(), 2)
		assert.Equal(t, "com.example.one", h.events()[0].Type)
		assert.Equal(t, omadm.AlertClientEvent, h.events()[0].Alert)
		assert.Equal(t, "2", h.events()[1].Data.Value)
	},
	"U-17_events_come_in_any_package": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		got := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+alert("1224", typed("com.example", "1"))+final))
		assert.Contains(t, summary(got), "Status Alert 5 200")
		assert.Len(t, h.events(), 1)
	},
	"U-19_data_without_a_known_code": func(t *testing.T) {
		answers(t, map[string]int{alert("200"): 406, alert("9999"): 406, alert("hello"): 406, alert(""): 406, alert("-1201"): 406})
	},
	"U-20_generic_alert_is_delivered_whole": func(t *testing.T) {
		h := newHouse(t, acceptDone)
		h.post(msg("1", "1", `<Alert><CmdID>5</CmdID><Data>1226</Data><Correlator>job-42</Correlator><Item><Source><LocURI>./Vendor/Ex</LocURI></Source><Meta><Format xmlns="syncml:metinf">int</Format>`+
			`<Type xmlns="syncml:metinf"> Reversed-Domain-Name:org.example.done </Type><Mark xmlns="syncml:metinf">critical</Mark></Meta><Data>0</Data></Item></Alert>`+final))
		require.Len(t, h.events(), 1)
		e := h.events()[0]
		assert.Equal(t, []string{"Reversed-Domain-Name:org.example.done", "int", "critical", "./Vendor/Ex", "0", "job-42"},
			[]string{e.Type, string(e.Format), e.Mark, string(e.Source), e.Data.Value, e.Correlator})
		assert.Equal(t, omadm.AlertGeneric, e.Alert)
	},
	"U-21_known_type_is_answered_200": func(t *testing.T) {
		answers(t, map[string]int{alert("1226", typed("Reversed-Domain-Name:org.example.done", "0")): 200, alert("1226", typed("org.example.done", "0")): 200}, acceptDone)
	},
	"U-22_item_without_type_is_answered_412": func(t *testing.T) {
		answers(t, map[string]int{alert("1226", `<Item><Data>0</Data></Item>`): 412, alert("1226"): 412})
	},
	"U-23_unknown_type_is_answered_415": func(t *testing.T) {
		answers(t, map[string]int{alert("1226", typed("Content-Type: application/x-unknown", "?")): 415})
	},
	"U-25_unknown_mark_is_kept": func(t *testing.T) {
		h := newHouse(t, acceptDone)
		h.post(msg("1", "1", strings.Replace(alert("1226", typed("org.example.done", "0")), "</Meta>", `<Mark xmlns="syncml:metinf">odd</Mark></Meta>`, 1)+final))
		require.Len(t, h.events(), 1)
		assert.Equal(t, "odd", h.events()[0].Mark)
	},
	"U-26_items_of_differing_outcome": func(t *testing.T) {
		addressed := func(uri, typ string) string {
			return strings.Replace(typed(typ, "0"), "<Item>", "<Item><Source><LocURI>"+uri+"</LocURI></Source>", 1)
		}
		got := newHouse(t, acceptDone).post(msg("1", "1", alert("1226", addressed("./A", "org.example.done"), addressed("./B", "org.example.other"))+final))
		assert.Equal(t, []string{"Status Alert 5 200 ./A", "Status Alert 5 415 ./B"}, summary(got)[1:3])
		got = newHouse(t, acceptDone).post(msg("1", "1", alert("1226", typed("org.example.done", "0"), typed("org.example.other", "0"))+final))
		assert.Equal(t, []string{"Status Alert 5 415", "Final"}, summary(got)[1:], "without addresses the worst code stands for all")
	},
}

func acceptDone(c *session.Config) {
	c.Rules.AlertTypes = []string{"Reversed-Domain-Name:org.example.done"}
}

var windowsRows = map[string]func(*testing.T){
	"W-23_replace_makes_a_policy_and_a_later_add_fails": func(t *testing.T) {
		h := newHouse(t)
		again := omadm.Op{Verb: omadm.Add, URI: policy + "A", Value: omadm.Text("2")}
		h.request(omadm.Request{ID: "both", Group: omadm.Sequence, Ops: []omadm.Op{replace(policy+"A", "1"), again}})
		h.enqueue("again", replace(policy+"A", "3"))
		h.complete(h.device())
		assert.Equal(t, omadm.Failed, h.outcomes()["both"].Kind)
		assert.Equal(t, 1, h.outcomes()["both"].Op)
		assert.Equal(t, omadm.StatusAlreadyExists, h.outcomes()["both"].Status)
		assert.Equal(t, omadm.Done, h.outcomes()["again"].Kind)
	},
	"W-33_values_above_a_message_go_to_windows_in_parts_or_not_at_all": func(t *testing.T) {
		for large, want := range map[bool]omadm.Kind{true: omadm.Done, false: omadm.Refused} {
			h := newHouse(t)
			d := h.device()
			d.LargeObjects, d.MaxMsgSize = large, 2000
			h.enqueue("ask", get("./DevDetail/LrgObj"))
			h.complete(d)
			h.enqueue("big", replace(policy+"A", text))
			h.complete(d)
			assert.Equal(t, want, h.outcomes()["big"].Kind, "large objects: %v", large)
			assert.Equal(t, large, d.Nodes().Value(policy+"A") == text)
		}
	},
	"W-3_device_and_user_scope":       userScope,
	"W-4_user_scope_waits_for_a_user": userScope,
	"W-7_session_id_zero_and_hex": func(t *testing.T) {
		h := newHouse(t)
		assert.Equal(t, "0", h.post(msg("0", "1", pkg1)).Header.SessionID)
		assert.Equal(t, "1A2B", h.post(msg("1A2B", "1", pkg1)).Header.SessionID)
	},
	"W-9_package_1_without_session_alert": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		assert.Contains(t, summary(h.post(msg("1", "1", login("user")+devInfo+final))), "4 Get ./A")
	},
	"W-10_login_status_becomes_a_fact": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", login("others")+final))
		assert.Equal(t, "others", h.record().Device.Facts[omadm.TypeLoginStatus])
	},
	"W-11_user_token_is_neither_stored_nor_logged": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", alert("1224", typed("com.microsoft/MDM/AADUserToken", "secret-token"))+final))
		assert.Empty(t, h.events())
		assert.NotContains(t, h.log.String(), "secret-token")
		for _, v := range h.record().Device.Facts {
			assert.NotContains(t, v, "secret-token")
		}
	},
	"W-12_items_without_meta": func(t *testing.T) {
		h := newHouse(t)
		assert.Contains(t, summary(h.post(msg("1", "1", devInfo+final))), "Status Replace 2 200")
	},
	"W-13_user_and_device_sessions_run_side_by_side": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("d", get("./Device/A"))
		h.enqueue("u", get("./User/B"))
		device := h.post(msg("5", "1", alert("1224", typed("com.microsoft.mdm.synctype", "device"))+final))
		user := h.post(msg("6", "1", login("user")+alert("1224", typed("com.microsoft.mdm.synctype", "user"))+final))
		assert.Equal(t, []string{"3 Get ./Device/A"}, summary(device)[2:3])
		assert.Equal(t, []string{"4 Get ./User/B"}, summary(user)[3:4])
		h.post(msg("5", "2", okHdr("1")+status(2, "1", "3", "Get", 200)+final))
		h.post(msg("6", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["d"].Kind)
		assert.Equal(t, omadm.Done, h.outcomes()["u"].Kind)
	},
	"W-14_device_preparation_becomes_a_fact": func(t *testing.T) {
		h := newHouse(t)
		h.post(msg("1", "1", alert("1224", typed("com.microsoft/MDM/DevicePrepSync", "Bootstrapping"))+final))
		assert.Equal(t, "Bootstrapping", h.record().Device.Facts[omadm.TypeDevicePrepSync])
	},
	"W-15_unenrolment_is_an_event": func(t *testing.T) {
		h := newHouse(t)
		got := h.post(msg("1", "1", alert("1226", typed("com.microsoft:mdm.unenrollment.userrequest", "1"))+final))
		assert.Contains(t, summary(got), "Status Alert 5 200")
		require.Len(t, h.events(), 1)
		assert.True(t, h.events()[0].Unenrolled)
	},
	"W-15_unenrolment_of_the_server_is_an_event_of_a_later_session": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("leave", exec("./Vendor/MSFT/DMClient/Unenroll"))
		h.post(msg("1", "1", pkg1)) // the device ends the session without an answer
		h.now = h.now.Add(time.Minute)
		h.post(msg("2", "1", alert1201+alert("1226", typed("com.microsoft:mdm.unenrollment.userrequest", "1"))+devInfo+final))
		require.Len(t, h.events(), 1)
		assert.True(t, h.events()[0].Unenrolled)
		assert.Equal(t, omadm.Unknown, h.outcomes()["leave"].Kind)
	},
	"W-16_repeated_cmdids_are_both_executed": func(t *testing.T) {
		h := newHouse(t, acceptDone)
		got := h.post(msg("1", "1", alert("1224", typed("com.example.a", "1"))+alert("1226", typed("org.example.done", "1"))+final))
		assert.Equal(t, []string{"Status Alert 5 200", "Status Alert 5 200"}, summary(got)[1:3])
		assert.Len(t, h.events(), 2)
	},
	"W-17_unknown_1224_types_pass_through": func(t *testing.T) {
		h := newHouse(t)
		got := h.post(msg("1", "1", alert("1224", typed("com.microsoft/MDM/SomethingNew", "1"))+final))
		assert.Contains(t, summary(got), "Status Alert 5 200")
		assert.Len(t, h.events(), 1)
	},
	"W-26_original_error_is_surfaced": func(t *testing.T) {
		h := answered(t, `<Status xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM"><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Replace</Cmd><Data msft:originalerror="0x86000002">500</Data></Status>`,
			request("r", replace("./A", "1")))
		assert.Equal(t, uint32(0x86000002), h.outcomes()["r"].HRESULT)
		assert.Equal(t, omadm.StatusCommandFailed, h.outcomes()["r"].Status)
	},
	"W-26_original_error_of_an_item_is_surfaced": func(t *testing.T) {
		failed := strings.Replace(status(2, "1", "4", "Replace", 500), "</Status>",
			`<Item><Data xmlns:msft="http://schemas.microsoft.com/MobileDevice/MDM" msft:originalerror="80070005">x</Data></Item></Status>`, 1)
		assert.Equal(t, uint32(0x80070005), answered(t, failed, request("r", replace("./A", "1"))).outcomes()["r"].HRESULT)
	},
	"W-30_keep_alive_keeps_commands_pending": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		pending := alert("1224", typed("Reversed-Domain-Name:com.microsoft.mdm.requestpending", "1"))
		for i := 2; i < 5; i++ {
			assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 5 200", "Alert 1222"}, summary(h.post(msg("1", strconv.Itoa(i), okHdr("1")+pending))))
			assert.Empty(t, h.outcomes())
		}
		h.post(msg("1", "5", status(2, "1", "4", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
}

// userScope holds requests for a user back until one is signed in; those for the device behind them go out.
func userScope(t *testing.T) {
	h := newHouse(t)
	h.enqueue("u", replace("./User/Vendor/MSFT/A", "1"))
	h.enqueue("d", replace("./Vendor/MSFT/A", "1"))
	for _, who := range []string{"none", "others"} {
		got := summary(h.post(msg(who, "1", login(who)+final)))
		assert.NotContains(t, strings.Join(got, "\n"), "./User/", who)
	}
	assert.Contains(t, strings.Join(summary(h.post(msg("7", "1", login("none")+final))), "\n"), "Replace ./Vendor/MSFT/A")
	assert.Contains(t, strings.Join(summary(h.post(msg("8", "1", login("user")+final))), "\n"), "Replace ./User/Vendor/MSFT/A")
}
