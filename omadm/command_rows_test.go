package omadm_test

import (
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// laid is the commands of a request, laid into one message.
func laid(t *testing.T, r *omadm.Request) []syncml.Command {
	t.Helper()
	return plan(t, syncml.XML, 1<<16, func(p *omadm.Planner) {
		if next, err := p.Lay(r, 0, func(uint32, int) {}); next != len(r.Ops) || err != nil {
			t.Fatalf("%d, %v", next, err)
		}
	}).commands()
}

// ended is how a group of two Replaces ended, given the codes of the group and of its members.
func ended(t *testing.T, g omadm.Group, codes ...omadm.Status) omadm.Outcome {
	t.Helper()
	r := group(g, len(codes)-1)
	var members []omadm.Report
	for _, s := range codes[1:] {
		members = append(members, omadm.Report{Status: s})
	}
	o, ok := omadm.Summarize(r, 1, omadm.Report{Status: codes[0]}, members)
	if !ok {
		t.Errorf("%v of %v has no outcome", codes, g)
	}
	return o
}

var commandRows = []rowTest{
	{"C-6_copy_has_source_and_target_and_no_value", func(t *testing.T) {
		for _, combine := range []bool{false, true} {
			c := laid(t, &omadm.Request{ID: "1", Combine: combine, Ops: []omadm.Op{{Verb: omadm.Copy, URI: "A/B", From: "C"}}})[0]
			want := []syncml.Item{{Target: syncml.Location{URI: "./A/B"}, Source: syncml.Location{URI: "./C"}}}
			if diff := cmp.Diff(want, c.ItemList()); diff != "" || c.Name() != "Copy" {
				t.Errorf("%v: %s", c, diff)
			}
		}
	}},
	{"C-6_client_without_copy", func(t *testing.T) {
		r := omadm.Request{ID: "1", Ops: []omadm.Op{ops[omadm.Copy]}}
		for _, s := range []omadm.Status{omadm.StatusFeatureNotSupported, omadm.StatusForbidden} {
			if o, ok := omadm.Summarize(&r, 1, omadm.Report{}, []omadm.Report{{Status: s}}); !ok || o.Kind != omadm.Failed || o.Status != s {
				t.Errorf("%v: %+v", s, o)
			}
		}
	}},
	{"C-7_exec_has_the_node_as_target_and_the_argument_as_data", func(t *testing.T) {
		cmds := laid(t, &omadm.Request{ID: "1", Combine: true, Ops: []omadm.Op{
			{Verb: omadm.Exec, URI: "./A", Value: omadm.Text("x")}, {Verb: omadm.Exec, URI: "./B"},
		}})
		if len(cmds) != 2 { // one item each, however the request is sent
			t.Fatalf("%v", cmds)
		}
		for i, want := range []syncml.Item{
			{Target: syncml.Location{URI: "./A"}, Meta: &syncml.Meta{Format: "chr"}, Data: syncml.Text("x")}, {Target: syncml.Location{URI: "./B"}},
		} {
			if diff := cmp.Diff([]syncml.Item{want}, cmds[i].ItemList()); diff != "" {
				t.Error(diff)
			}
		}
	}},
	{"C-8_correlator_goes_with_the_exec", func(t *testing.T) {
		for _, g := range []omadm.Group{omadm.Each, omadm.Sequence} {
			c := laid(t, &omadm.Request{ID: "1", Group: g, Ops: []omadm.Op{{Verb: omadm.Exec, URI: "./A", Correlator: "job 7 <&>"}}})[0]
			if s, ok := c.(*syncml.Sequence); ok {
				c = s.Body[0]
			}
			if exec, ok := c.(*syncml.Exec); !ok || exec.Correlator != "job 7 <&>" {
				t.Errorf("%v: %+v", g, c)
			}
		}
	}},
	{"C-9_nothing_that_dm_does_not_use_is_sent", func(t *testing.T) {
		for _, combine := range []bool{false, true} {
			for _, g := range []omadm.Group{omadm.Each, omadm.Sequence} {
				r := &omadm.Request{ID: "1", Group: g, Combine: combine}
				for v := omadm.Get; v.Known(); v++ {
					r.Ops = append(r.Ops, ops[v], ops[v])
				}
				for _, c := range laid(t, r) {
					octets, err := syncml.XML.AppendCommand(nil, c)
					if err != nil {
						t.Fatal(err)
					}
					for _, element := range []string{
						"Cred", "Lang", "Archive", "SftDel", "NoResp", "NoResults", "NumberOfChanges", "Put", "Map", "Move", "Search", "Sync",
						"LocName", "Chal", "Filter", "SourceParent", "TargetParent",
					} {
						if strings.Contains(string(octets), "<"+element+">") || strings.Contains(string(octets), "<"+element+"/>") {
							t.Errorf("%s in %s", element, octets)
						}
					}
				}
			}
		}
	}},
	{"C-14_507_fails_the_group_whatever_the_members_report", func(t *testing.T) {
		for _, member := range []omadm.Status{0, 200, 215, 216, 405} {
			if o := ended(t, omadm.Atomic, 507, 200, member); o.Kind != omadm.RolledBack {
				t.Errorf("member with %v: %+v", member, o)
			}
		}
	}},
	{"C-15_the_culprit_is_named", func(t *testing.T) {
		if o := ended(t, omadm.Atomic, 507, 216, 405, 215); o.Op != 1 || o.Status != omadm.StatusCommandNotAllowed {
			t.Errorf("%+v", o)
		}
		if o := ended(t, omadm.Atomic, 507, 216, 216); o.Op != omadm.GroupOp || o.Status != omadm.StatusAtomicFailed {
			t.Errorf("without a culprit: %+v", o)
		}
	}},
	{"W-21_atomic_in_atomic_fails_the_outer_and_is_the_culprit", func(t *testing.T) {
		if o := ended(t, omadm.Atomic, 507, 216, 500, 215); o.Kind != omadm.RolledBack || o.Op != 1 || o.Status != omadm.StatusCommandFailed {
			t.Errorf("%+v", o)
		}
	}},
	{"C-16_failed_undo_is_told_apart", func(t *testing.T) {
		if o := ended(t, omadm.Atomic, 507, 516, 404); !o.UndoFailed || o.Op != 1 {
			t.Errorf("%+v", o)
		}
		if o := ended(t, omadm.Atomic, 507, 216, 404); o.UndoFailed {
			t.Errorf("%+v", o)
		}
	}},
	{"C-17_517_undoes_the_group", func(t *testing.T) {
		if o := ended(t, omadm.Atomic, 517, 216, 216); o.Kind != omadm.RolledBack || o.Status != omadm.StatusAtomicResponseTooLarge || o.Op != omadm.GroupOp {
			t.Errorf("%+v", o)
		}
	}},
	{"C-18_client_without_atomic", func(t *testing.T) {
		for _, s := range []omadm.Status{omadm.StatusFeatureNotSupported, omadm.StatusNotImplemented} {
			if o := ended(t, omadm.Atomic, s, 0, 0); o.Kind != omadm.Failed || o.Status != s || o.Op != omadm.GroupOp {
				t.Errorf("%v: %+v", s, o)
			}
		}
	}},
	{"C-19_add_and_replace_of_a_node_in_one_atomic_is_warned_of", func(t *testing.T) {
		r := omadm.Request{ID: "1", Group: omadm.Atomic, Ops: []omadm.Op{ops[omadm.Alert], ops[omadm.Add], ops[omadm.Replace], ops[omadm.Replace]}}
		if got := r.Warnings(); len(got) != 1 || got[0].Op != 2 {
			t.Errorf("warnings %+v, want one about operation 2", got)
		}
		r.Group = omadm.Sequence
		if got := r.Warnings(); got != nil {
			t.Errorf("warnings %+v, want none", got)
		}
	}},
	{"C-21_skipped_members_of_a_sequence", func(t *testing.T) {
		if o := ended(t, omadm.Sequence, 200, 200, 404, 215); o.Kind != omadm.Failed || o.Op != 1 || o.Status != omadm.StatusNotFound {
			t.Errorf("%+v", o)
		}
	}},
	{"C-25_commands_that_a_server_sends", func(t *testing.T) {
		r := &omadm.Request{ID: "1"}
		var want []string
		for v := omadm.Get; v.Known(); v++ {
			r.Ops = append(r.Ops, ops[v])
			want = append(want, v.String())
		}
		var got []string
		cmds := laid(t, r)
		cmds = append(cmds, laid(t, group(omadm.Atomic, 1))...)
		cmds = append(cmds, laid(t, group(omadm.Sequence, 1))...)
		for _, c := range cmds {
			got = append(got, c.Name())
		}
		if diff := cmp.Diff(append(want, "Atomic", "Sequence"), got); diff != "" {
			t.Error(diff)
		}
	}},
	{"C-25_commands_that_a_server_takes", func(t *testing.T) {
		in := &syncml.Message{Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1"}, Body: []syncml.Command{
			&syncml.Alert{CmdID: "1", Data: syncml.Text("1201")}, &syncml.Results{CmdID: "2"}, &syncml.Status{CmdID: "3"},
			&syncml.Replace{CmdID: "4", Items: []syncml.Item{nodeItem("./DevInfo/Man", "", "x")}},
		}}
		reply := omadm.NewReply(in)
		for i, want := range []omadm.Status{200, 0, 0, 200} { // 0: not answered
			if got := reply.Code(in.Body[i], -1); got != want {
				t.Errorf("%s is answered %v, want %v", in.Body[i].Name(), got, want)
			}
		}
	}},
	{"U-14_session_alerts_and_reserved_codes", func(t *testing.T) {
		checkAlerts(t, map[string]omadm.Status{
			"1200": 200, "1201": 200, "1202": 406, "1220": 406, "1221": 406, "1227": 406, "1299": 406, "200": 406,
		})
		if omadm.AlertServerInitiated.Class() != omadm.AlertSession || omadm.AlertClientInitiated.Class() != omadm.AlertSession {
			t.Error("1200 and 1201 begin sessions")
		}
	}},
	{"U-15_next_message_is_taken", func(t *testing.T) { checkAlerts(t, map[string]omadm.Status{"1222": 200}) }},
	{"U-18_abort_and_no_end_of_data_are_taken", func(t *testing.T) {
		checkAlerts(t, map[string]omadm.Status{"1223": 200, "1225": 200})
	}},
	{"U-16_client_events_are_taken", func(t *testing.T) {
		checkAlerts(t, map[string]omadm.Status{"1224": 200}, typedItem("com.example:any"), typedItem(""))
	}},
	{"U-21_known_type_is_taken", func(t *testing.T) {
		checkAlerts(t, map[string]omadm.Status{"1226": 200}, typedItem(" Reversed-Domain-Name:"+omadm.TypeUnenrollment), typedItem(omadm.TypeUnenrollment))
	}},
	{"U-22_item_without_type_is_incomplete", func(t *testing.T) {
		checkAlerts(t, map[string]omadm.Status{"1226": 412}, typedItem(" "))
		checkAlerts(t, map[string]omadm.Status{"1226": 412}, syncml.Item{Data: syncml.Text("x")})
		checkAlerts(t, map[string]omadm.Status{"1226": 412})
	}},
	{"U-23_unknown_type_is_unsupported", func(t *testing.T) {
		checkAlerts(t, map[string]omadm.Status{"1226": 415}, typedItem("com.example:unheard.of"))
	}},
	{"U-26_items_of_differing_outcome", func(t *testing.T) {
		items := []syncml.Item{typedItem(omadm.TypeUnenrollment), typedItem("com.example:unheard.of"), typedItem("")}
		checkAlerts(t, map[string]omadm.Status{"1226": 415}, items...) // the worst of them that comes first: nothing names the items
		for i := range items {
			items[i].Source.URI = "./A/" + strconv.Itoa(i)
		}
		in := alertMessage("1226", items...)
		var got []string
		for _, s := range omadm.NewReply(in).Statuses()[1:] {
			got = append(got, s.SourceRefs[0]+" "+s.Data.Value)
		}
		if want := []string{"./A/0 200", "./A/1 415", "./A/2 412"}; !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}},
}

func typedItem(typ string) syncml.Item {
	return syncml.Item{Meta: &syncml.Meta{Type: typ}, Data: syncml.Text("1")}
}

func alertMessage(code string, items ...syncml.Item) *syncml.Message {
	return &syncml.Message{
		Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1"},
		Body:   []syncml.Command{&syncml.Alert{CmdID: "1", Data: syncml.Text(code), Items: items}},
	}
}

// checkAlerts answers alerts with each of the codes.
func checkAlerts(t *testing.T, codes map[string]omadm.Status, items ...syncml.Item) {
	t.Helper()
	for code, want := range codes {
		statuses := omadm.NewReply(alertMessage(code, items...)).Statuses()
		if len(statuses) != 2 || statuses[1].Cmd != "Alert" || statuses[1].CmdRef != "1" || statuses[1].Data.Value != strconv.Itoa(int(want)) {
			t.Errorf("%s: %+v, want %d", code, statuses[1], int(want))
		}
	}
}
