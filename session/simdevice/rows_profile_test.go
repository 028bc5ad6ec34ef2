package simdevice_test

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// profileRows are about what sets the profiles apart, about messages and about questions to the user.
var profileRows = map[string]func(*testing.T){
	"P-6_package_1_of_a_generic_client": func(t *testing.T) {
		s := &server{t: t}
		d := generic(s)
		d.Start = omadm.AlertServerInitiated
		talk(t, d)
		assert.Equal(t, []string{
			"Alert 1 1200", "Replace 2", " ./DevInfo/DevId = " + deviceID, " ./DevInfo/Man = Example Devices",
			" ./DevInfo/Mod = Simulated", " ./DevInfo/DmV = 1.2", " ./DevInfo/Lang = en-US", "Final",
		}, s.said(1))
	},
	"V-3_a_client_of_1_1_says_so": bothCodecs(func(t *testing.T, s *server) {
		s.script = []string{get(1, "./DevInfo/DmV")}
		d := device(s)
		d.Profile = simdevice.Generic11
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromDevice && !s.binary {
				assert.Contains(t, string(m.Octets), `xmlns="SYNCML:SYNCML1.1"`)
			}
		}
		talk(t, d)
		for _, m := range s.heard {
			assert.Equal(t, [3]string{"1.1", "DM/1.1", ""}, [3]string{m.Header.VerDTD, m.Header.VerProto, m.Header.Namespace})
		}
		assert.Contains(t, s.said(2), " ./DevInfo/DmV = 1.1.2")
	}),
	"O-1_a_client_of_1_1_makes_what_a_replace_names": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic11}
		_, got := converse(t, d, set(1, "./Data/New/Leaf", "x")+set(2, "./DevInfo/New", "x")+exec(3, "./Update")+copyOf(4, "./Data/New/Leaf", note))
		assert.Equal(t, []string{"Status 1/1 Replace 200", "Status 1/2 Replace 405", "Status 1/3 Exec 200", "Status 1/4 Copy 200", "Final"}, got[1:])
		assert.Equal(t, "x", d.Nodes().Value(note))
	},
	"O-1_a_client_of_1_1_has_no_generic_alerts": func(t *testing.T) {
		s := &server{t: t}
		d := device(s)
		d.Profile = simdevice.Generic11
		d.Notify(generalAlert("./Data", "x"), syncml.Alert{Data: syncml.Text("1224")})
		talk(t, d)
		assert.Equal(t, []string{"Alert 1 1201", "Alert 2 1224", "Replace 3"}, s.said(1)[:3])
	},
	"S-3_the_status_for_the_header_names_target_and_source": func(t *testing.T) {
		for p, want := range map[simdevice.Profile]string{simdevice.Windows: "", simdevice.Generic12: " " + deviceID + " " + serverURL, simdevice.Generic11: " " + deviceID + " " + serverURL} {
			s, _ := converse(t, &simdevice.Device{Profile: p}, get(1, "."))
			assert.Equal(t, header+want, s.said(2)[0])
		}
	},
	"S-6_a_get_has_one_status_where_all_items_agree": func(t *testing.T) {
		two := "<Get><CmdID>1</CmdID><Item><Target><LocURI>./DevInfo/Man</LocURI></Target></Item><Item><Target><LocURI>%</LocURI></Target></Item></Get>"
		s, _ := converse(t, &simdevice.Device{Profile: simdevice.Generic12}, strings.Replace(two, "%", "./DevInfo/Mod", 1), strings.Replace(two, "%", "./Nope", 1))
		assert.Equal(t, "Status 1/1 Get 200", s.said(2)[1])
		assert.Equal(t, []string{"Status 2/1 Get 200 ./DevInfo/Man", "Status 2/1 Get 404 ./Nope"}, s.said(3)[1:3])
	},
	"X-8_an_unknown_command_is_501_and_on_windows_400": func(t *testing.T) {
		for p, want := range map[simdevice.Profile]string{simdevice.Windows: "400", simdevice.Generic12: "501", simdevice.Generic11: "501"} {
			s := &server{t: t, script: []string{"<Fetch><CmdID>1</CmdID></Fetch>" + get(2, "./DevInfo/Man")}}
			d := device(s)
			d.Profile = p
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{"X-9"}, rows(report))
			assert.Equal(t, "Status 1/1 Fetch "+want, s.said(2)[1])
			assert.Contains(t, s.said(2), " ./DevInfo/Man = Example Devices")
		}
	},
	"C-8_the_outcome_of_an_exec_has_its_correlator": func(t *testing.T) {
		run := strings.Replace(exec(1, "./FwUpdate/Update"), "<Item>", "<Correlator>c-1</Correlator><Item>", 1)
		const told = " ./FwUpdate/Update chr org.openmobilealliance.dm.firmwareupdate.update = 200"
		s, got := converse(t, &simdevice.Device{Profile: simdevice.Generic12}, run, get(2, "."))
		assert.Equal(t, []string{"Status 1/1 Exec 202", "Final"}, got[1:])
		assert.Equal(t, []string{"Alert 4 1226 for c-1", told, "Final"}, s.said(3)[len(s.said(3))-3:])

		d := &simdevice.Device{Profile: simdevice.Generic12}
		converse(t, d, run)
		s, _ = converse(t, d, get(1, "."))
		assert.Contains(t, s.said(1), told)
		assert.NotContains(t, s.said(2), told)
	},
	"W-13_sessions_of_the_user_and_of_the_device": func(t *testing.T) {
		for _, tt := range []struct{ sync, uri, want string }{
			{"user", "./User/Vendor/MSFT/Policy/Config/A/B", "200"},
			{"user", policy, "405"},
			{"device", policy, "200"},
			{"device", "./User/Vendor/MSFT/Policy/Config/A/B", "405"},
			{"mixed", policy, "200"},
			{"", policy, "200"},
		} {
			s := &server{t: t, script: []string{set(1, tt.uri, "1")}}
			report, err := device(s).SessionWith(t.Context(), simdevice.SessionOptions{SyncType: tt.sync, ID: "1A"})
			require.NoError(t, err)
			assert.Equal(t, tt.want == "405", len(report.Violations) == 1)
			assert.Equal(t, []string{header, "Status 1/1 Replace " + tt.want, "Final"}, s.said(2))
			assert.Equal(t, tt.sync != "", strings.Contains(strings.Join(s.said(1), "\n"), "com.microsoft.mdm.synctype = "+tt.sync))
			assert.Equal(t, "1A", s.heard[0].Header.SessionID)
		}
	},
	"W-13_two_sessions_at_once": func(t *testing.T) {
		mine := &server{t: t, script: []string{set(1, policy, "1"), get(2, policy)}}
		d := device(mine)
		d.Notify(generalAlert("./Data", "x"))
		between := &interposed{Transport: mine}
		d.Transport = between
		var inner simdevice.Report
		theirs := &server{t: t, script: []string{set(1, policy, "2")}}
		between.before = func(m int) {
			if m == 2 {
				between.Transport = theirs
				inner = talkWith(t, d, simdevice.SessionOptions{SyncType: "device"})
				between.Transport = mine
			}
		}
		outer := talk(t, d)
		assert.Equal(t, [2]string{"1", "2"}, [2]string{outer.SessionID, inner.SessionID})
		assert.Contains(t, mine.said(3), " "+policy+" = 2")
		assert.Contains(t, strings.Join(mine.said(1), "\n"), "1226")
		assert.NotContains(t, strings.Join(theirs.said(1), "\n"), "1226")
	},
	"W-13_an_alert_goes_out_in_one_session_at_a_time": func(t *testing.T) {
		mine, theirs := &server{t: t}, &server{t: t}
		d := device(mine)
		d.Notify(generalAlert("./Data", "x"))
		between := &interposed{Transport: mine}
		d.Transport = between
		between.before = func(m int) {
			if m == 1 {
				between.Transport = theirs
				talkWith(t, d, simdevice.SessionOptions{})
				between.Transport = mine
			}
		}
		talk(t, d)
		assert.Contains(t, strings.Join(mine.said(1), "\n"), "1226")
		assert.NotContains(t, strings.Join(theirs.said(1), "\n"), "1226")
	},
	"W-30_a_busy_device_keeps_the_session": func(t *testing.T) {
		for _, p := range []simdevice.Profile{simdevice.Windows, simdevice.Generic12} {
			s := &server{t: t, script: []string{get(1, "./DevInfo/Man"), ""}}
			d := device(s)
			d.Profile, d.KeepAlive = p, 2
			talk(t, d)
			require.Len(t, s.heard, 4)
			const pending = "  Reversed-Domain-Name:com.microsoft.mdm.requestpending = 1"
			assert.Equal(t, []string{"Alert 2 1224", pending}, s.said(2)[1:])
			assert.Equal(t, []string{"Status 2/1 Alert 200", "Alert 3 1224", pending}, s.said(3)[1:])
			assert.Equal(t, "Status 3/1 Alert 200", s.said(4)[1])
			assert.Equal(t, []string{" ./DevInfo/Man = Example Devices", "Final"}, s.said(4)[len(s.said(4))-2:])
		}
	},

	"U-12_what_the_user_does": func(t *testing.T) {
		ask := func(code omadm.AlertCode, options string) string {
			return alert(1, int(code), append([]string{strings.ReplaceAll(options, "&", "&amp;"), "?"}, map[omadm.AlertCode][]string{
				omadm.AlertSingleChoice: {"a", "b", "c"}, omadm.AlertMultipleChoice: {"a", "b", "c"},
			}[code]...)...)
		}
		silent := simdevice.Answer{Status: omadm.StatusRequestTimeout}
		for _, tt := range []struct {
			name   string
			script string
			answer simdevice.Answer
			want   []string
		}{
			{"text was shown", ask(omadm.AlertDisplay, "MINDT=1&MAXDT=9"), simdevice.Answer{}, []string{"200"}},
			{"yes", ask(omadm.AlertConfirm, ""), simdevice.Answer{}, []string{"200"}},
			{"a text", ask(omadm.AlertTextInput, "MAXLEN=9&IT=N&ET=P"), simdevice.Answer{Items: []string{"12"}}, []string{"200", "  = 12"}},
			{"one of a list", ask(omadm.AlertSingleChoice, "DR=1"), simdevice.Answer{Items: []string{"2"}}, []string{"200", "  = 2"}},
			{"some of a list", ask(omadm.AlertMultipleChoice, "DR=1-2"), simdevice.Answer{Items: []string{"3", "1"}}, []string{"200", "  = 3", "  = 1"}},
			{"nothing", ask(omadm.AlertDisplay, "DR=1"), silent, []string{"408"}},
			{"nothing to a question", ask(omadm.AlertConfirm, "MAXDT=9"), silent, []string{"408"}},
			{"nothing, and the default is no", ask(omadm.AlertConfirm, "DR=0"), silent, []string{"304"}},
			{"nothing, and the default is yes", ask(omadm.AlertConfirm, "DR=1"), silent, []string{"200"}},
			{"nothing, and there is a default text", ask(omadm.AlertTextInput, "DR=John+Doe"), silent, []string{"200", "  = John Doe"}},
			{"nothing, and there is a default number", ask(omadm.AlertSingleChoice, "DR=3"), silent, []string{"200", "  = 3"}},
			{"nothing, and there are default numbers", ask(omadm.AlertMultipleChoice, "DR=3-1"), silent, []string{"200", "  = 3", "  = 1"}},
			{"cancels", ask(omadm.AlertTextInput, "DR=x"), simdevice.Answer{Status: omadm.StatusOperationCancelled}, []string{"214"}},
			{"cannot see it", ask(omadm.AlertTextInput, ""), simdevice.Answer{Status: omadm.StatusRequestedSizeTooBig}, []string{"416"}},
			{"has no such screen", ask(omadm.AlertTextInput, ""), simdevice.Answer{Status: omadm.StatusFeatureNotSupported}, []string{"406"}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				_, got := converse(t, &simdevice.Device{Answer: func(simdevice.Question) simdevice.Answer { return tt.answer }}, tt.script)
				want := append([]string{header, "Status 1/1 Alert " + tt.want[0]}, tt.want[1:]...)
				assert.Equal(t, append(want, "Final"), got)
			})
		}
	},
	"U-5_unknown_options_are_skipped": func(t *testing.T) {
		_, got := converse(t, &simdevice.Device{Answer: func(q simdevice.Question) simdevice.Answer {
			return simdevice.Answer{Items: []string{q.Options.Get("MAXLEN")}}
		}}, alert(1, 1102, "COLOR=red&amp;MAXLEN=5", "?"))
		assert.Contains(t, got, "  = 5")
	},
}

// interposed calls before each message of the session with identifier 1 before it is posted.
type interposed struct {
	simdevice.Transport
	before func(message int)
	busy   bool
	n      int
}

func (i *interposed) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	if !i.busy {
		i.busy = true
		i.n++
		i.before(i.n)
		i.busy = false
	}
	return i.Transport.Post(ctx, url, contentType, body)
}

// talkWith runs a session with options in which nothing may go wrong.
func talkWith(t *testing.T, d *simdevice.Device, opts simdevice.SessionOptions) simdevice.Report {
	t.Helper()
	report, err := d.SessionWith(t.Context(), opts)
	require.NoError(t, err)
	require.NoError(t, report.Err())
	return report
}
