package simdevice_test

import (
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

const (
	note = "./Data/Note"
	blob = "./Data/Blob"
)

// bothCodecs runs a test in XML and in WBXML.
func bothCodecs(test func(t *testing.T, s *server)) func(*testing.T) {
	return func(t *testing.T) {
		t.Run("xml", func(t *testing.T) { test(t, &server{t: t}) })
		t.Run("wbxml", func(t *testing.T) { test(t, &server{t: t, binary: true}) })
	}
}

// objectRows are about large objects.
var objectRows = map[string]func(*testing.T){
	"L-11_parts_are_joined": bothCodecs(func(t *testing.T, s *server) {
		s.script = []string{
			get(1, "./DevInfo/Man") + chunk("Replace", 2, note, 9, "one", true),
			chunk("Replace", 1, note, 0, "two", true),
			chunk("Replace", 1, note, 0, "six", false) + get(2, note),
		}
		d := generic(s)
		assert.Equal(t, 3, talk(t, d).Commands)
		assert.Equal(t, []string{
			"Status 1/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 1/1 Get 200", "Status 1/2 Replace 213", "Alert 4 1222",
		}, s.said(2))
		assert.Equal(t, []string{"Status 2/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 2/1 Replace 213", "Alert 3 1222"}, s.said(3))
		assert.Equal(t, []string{
			"Status 3/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 3/1 Replace 200", "Status 3/2 Get 200",
			"Results 3/2", " " + note + " = onetwosix", "Results 1/1", " ./DevInfo/Man = Example Devices", "Final",
		}, s.said(4))
		assert.Equal(t, 1, d.Execution("Replace", note, "onetwosix").Executed)
		assert.Len(t, d.Executions(), 3)
	}),
	"L-5_windows_takes_parts_when_it_has_large_objects": func(t *testing.T) {
		s := &server{t: t, script: []string{chunk("Replace", 1, policy, 4, "ab", true), chunk("Replace", 1, policy, 0, "cd", false)}}
		d := device(s)
		d.LargeObjects = true
		talk(t, d)
		assert.Equal(t, "abcd", d.Nodes().Value(policy))
		assert.Equal(t, "true", d.Nodes().Value("./DevDetail/LrgObj"))
	},
	"L-13_the_last_part_has_the_status_of_the_object": func(t *testing.T) {
		s := &server{t: t, script: []string{chunk("Add", 1, note, 4, "ab", true), chunk("Add", 1, note, 0, "cd", false)}}
		d := generic(s)
		talk(t, d)
		assert.Contains(t, s.said(3), "Status 2/1 Add 418")
		assert.Equal(t, 1, d.Execution("Add", note, "abcd").Refused)
	},
	"L-14_what_is_too_large_is_refused": func(t *testing.T) {
		for _, tt := range []struct {
			name    string
			room    int64 // that the storage has left; 0: enough
			script  []string
			want    string
			message int
			rows    []string
		}{
			{"the size announced", 0, []string{chunk("Replace", 1, note, 11, "ab", true), "" + get(1, note)}, "Status 1/1 Replace 416", 2, []string{"L-3"}},
			{"more than was announced", 0, []string{chunk("Replace", 1, note, 9, "12345678", true), chunk("Replace", 1, note, 0, "90a", false)}, "Status 2/1 Replace 413", 3, []string{"L-6"}},
			{"an object that comes whole", 0, []string{set(1, note, "1234567890a")}, "Status 1/1 Replace 413", 2, []string{"L-3"}},
			{"the size announced for the storage", 5, []string{chunk("Replace", 1, note, 10, "ab", true), get(1, note)}, "Status 1/1 Replace 420", 2, nil},
			{"an object that comes whole for the storage", 5, []string{set(1, note, "1234567890")}, "Status 1/1 Replace 420", 2, nil},
			{"an object that is added for the storage", 5, []string{add(1, "./Data/New", "1234567890")}, "Status 1/1 Add 420", 2, nil},
		} {
			t.Run(tt.name, func(t *testing.T) {
				s := &server{t: t, script: tt.script}
				d := generic(s)
				d.MaxObjSize = 10
				d.Tree = simdevice.NewTree(d.Profile, deviceID)
				if tt.room > 0 {
					d.Storage = weight(d.Tree, ".") + tt.room
				}
				report, err := d.Session(t.Context())
				require.NoError(t, err)
				assert.Equal(t, simdevice.Completed, report.End)
				assert.Equal(t, tt.rows, rows(report), "%v", report.Violations)
				assert.Contains(t, s.said(tt.message), tt.want)
				assert.Empty(t, d.Nodes().Value(note))
			})
		}
	},
	"L-14_an_object_takes_the_room_of_the_one_before": func(t *testing.T) {
		s := &server{t: t, script: []string{chunk("Replace", 1, note, 8, "abcd", true), chunk("Replace", 1, note, 0, "efgh", false) + set(2, note, "ijklmnop")}}
		d := generic(s)
		d.Tree = simdevice.NewTree(d.Profile, deviceID)
		d.Tree.Put(note, simdevice.Node{Value: syncml.Text("12345678"), Access: simdevice.Get | simdevice.Replace})
		d.Storage = weight(d.Tree, ".")
		talk(t, d)
		assert.Equal(t, 1, d.Execution("Replace", note, "abcdefgh").Executed)
		assert.Equal(t, "ijklmnop", d.Nodes().Value(note))
	},
	"L-14_storage_that_runs_out_in_the_middle_is_420": func(t *testing.T) {
		s := &server{t: t, script: []string{chunk("Replace", 1, note, 0, "1234", true), chunk("Replace", 1, note, 0, strings.Repeat("x", 900), true), remove(1, "./Nope")}}
		d := generic(s)
		d.Storage = 600
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"L-6"}, rows(report), "the first part has no Size")
		assert.Equal(t, []string{"Status 2/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 2/1 Replace 420", "Alert 3 1222"}, s.said(3))
		assert.Contains(t, s.said(4), "Status 3/1 Delete 404")
	},
	"L-16_another_size_than_announced_is_424": func(t *testing.T) {
		for _, last := range []string{"c", "cde"} {
			s := &server{t: t, script: []string{chunk("Replace", 1, note, 4, "ab", true), chunk("Replace", 1, note, 0, last, false)}}
			d := generic(s)
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{"L-6"}, rows(report))
			assert.Contains(t, s.said(3), "Status 2/1 Replace 424")
			assert.Empty(t, d.Nodes().Value(note))
		}
	},
	"L-18_an_object_that_was_broken_off_is_named": func(t *testing.T) {
		s := &server{t: t, script: []string{
			chunk("Replace", 1, note, 4, "ab", true), set(1, "./Data/Other", "x") + set(2, note, "whole"), get(1, note),
		}}
		d := generic(s)
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"L-10"}, rows(report))
		assert.Equal(t, []string{
			"Status 2/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 2/1 Replace 404", "Status 2/2 Replace 200", "Alert 4 1225", " " + note, "Final",
		}, s.said(3))
		assert.Contains(t, s.said(4), " "+note+" = whole")
		assert.Equal(t, simdevice.Completed, report.End)
	},
	"L-18_a_message_without_the_next_part_breaks_the_object_off": func(t *testing.T) {
		s := &server{t: t, script: []string{chunk("Replace", 1, note, 4, "ab", true), "", set(1, note, "whole")}}
		d := generic(s)
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"L-10"}, rows(report))
		assert.Equal(t, []string{"Status 2/0 SyncHdr 200 " + deviceID + " " + serverURL, "Alert 2 1225", " " + note, "Final"}, s.said(3))
		assert.Equal(t, "whole", d.Nodes().Value(note))
	},
	"L-10_only_the_last_item_of_a_message_goes_on": func(t *testing.T) {
		two := "<Replace><CmdID>1</CmdID><Item><Target><LocURI>./Data/Level</LocURI></Target><Meta><Format xmlns=\"syncml:metinf\">int</Format></Meta><Data>7</Data></Item>" +
			"<Item><Target><LocURI>" + note + "</LocURI></Target><Meta><Size xmlns=\"syncml:metinf\">4</Size></Meta><Data>ab</Data><MoreData/></Item></Replace>" + goesOn
		s := &server{t: t, script: []string{two, chunk("Replace", 1, note, 0, "cd", false)}}
		d := generic(s)
		talk(t, d)
		assert.Equal(t, []string{
			"Status 1/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 1/1 Replace 200 ./Data/Level", "Status 1/1 Replace 213 " + note, "Alert 4 1222",
		}, s.said(2))
		assert.Equal(t, "7", d.Nodes().Value("./Data/Level"))
		assert.Equal(t, "abcd", d.Nodes().Value(note))
	},
	"L-10_a_command_in_the_same_message_is_no_later_part": func(t *testing.T) {
		s := &server{t: t, script: []string{strings.TrimSuffix(chunk("Replace", 1, note, 9, "ab", true), goesOn) + set(2, note, "whole")}}
		d := generic(s)
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"L-10", "L-9", "L-10"}, rows(report))
		assert.Equal(t, "whole", d.Nodes().Value(note))
	},
	"L-8_the_meta_of_the_first_part_counts": func(t *testing.T) {
		first := strings.Replace(chunk("Replace", 1, "./Data/Level", 2, "4", true), "<Meta>", `<Meta><Format xmlns="syncml:metinf">int</Format>`, 1)
		s := &server{t: t, script: []string{first, chunk("Replace", 1, "./Data/Level", 0, "2", false)}}
		d := generic(s)
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"L-8"}, rows(report))
		assert.Equal(t, "Status 2/1 Replace 200", s.said(3)[1])
		assert.Equal(t, "42", d.Nodes().Value("./Data/Level"))
	},
	"L-23_base64_is_decoded_when_it_is_whole": func(t *testing.T) {
		b64 := func(s string) string {
			return strings.Replace(s, "<Meta>", `<Meta><Format xmlns="syncml:metinf">b64</Format>`, 1)
		}
		later := strings.Replace(chunk("Replace", 1, blob, 0, "Aw==", false), "<Data>", `<Meta><Format xmlns="syncml:metinf">b64</Format></Meta><Data>`, 1)
		s := &server{t: t, script: []string{b64(chunk("Replace", 1, blob, 8, "AAEC", true)), later + get(2, blob) + get(3, blob+"?prop=Format") + get(4, blob+"?prop=Size")}}
		d := generic(s)
		talk(t, d)
		n, _ := d.Nodes().Node(blob)
		assert.Equal(t, syncml.Octets([]byte{0, 1, 2, 3}), n.Value)
		assert.Equal(t, []string{
			"Status 2/0 SyncHdr 200 " + deviceID + " " + serverURL, "Status 2/1 Replace 200", "Status 2/2 Get 200", "Status 2/3 Get 200", "Status 2/4 Get 200",
			"Results 2/2", " " + blob + " b64 = AAECAw==", "Results 2/3", " " + blob + "?prop=Format = bin", "Results 2/4", " " + blob + "?prop=Size = 4", "Final",
		}, s.said(3))
	},
	"D-5_octets_travel_as_they_are_in_wbxml": func(t *testing.T) {
		s := &server{t: t, binary: true, script: []string{command("Replace", 1, blob, "b64", "AAEC") + get(2, blob)}}
		d := generic(s)
		talk(t, d)
		assert.Contains(t, s.said(2), " "+blob+" bin = \x00\x01\x02")
	},
	"D-19_base64_may_have_blanks_and_no_padding": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12}
		_, got := converse(t, d, command("Replace", 1, blob, "b64", "AA EC\nAw")+command("Replace", 2, blob, "b64", "A*"))
		assert.Equal(t, []string{"Status 1/1 Replace 200", "Status 1/2 Replace 415", "Final"}, got[1:])
		assert.Equal(t, "\x00\x01\x02\x03", d.Nodes().Value(blob))
	},

	"L-6_the_first_part_tells_the_size": bothCodecs(func(t *testing.T, s *server) {
		const limit = 1100
		value := strings.Repeat("a<ü&", 700)
		s.meta = limits(limit, 0)
		s.script = []string{get(1, "./DevInfo/Man") + get(2, "./Data/Log") + get(3, "./DevInfo/Mod")}
		d := generic(s)
		d.Nodes().Put("./Data/Log", simdevice.Node{Format: "xml", Type: "text/x", Value: syncml.Text(value), Access: simdevice.Get})
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromDevice && m.Number > 1 {
				assert.LessOrEqual(t, len(m.Octets), limit)
			}
		}
		talk(t, d)
		got, parts := s.object("Results", "2")
		assert.Equal(t, value, got)
		assert.Greater(t, parts, 3)
		seen := 0
		for i, m := range s.heard {
			for j, c := range m.Body {
				r, ok := c.(*syncml.Results)
				if !ok || r.CmdRef != "2" {
					continue
				}
				seen++
				it := r.Items[0]
				size := ""
				if seen == 1 {
					size = strconv.Itoa(len(value))
				}
				assert.Equal(t, &syncml.Meta{Format: "xml", Type: "text/x", Size: size}, it.Meta)
				assert.Equal(t, seen < parts, it.MoreData)
				assert.Equal(t, "./Data/Log", it.Source.URI)
				if it.MoreData {
					assert.Equal(t, len(m.Body)-1, j, "something stands behind a part")
					assert.False(t, m.Final)
					assert.Equal(t, "Status "+strconv.Itoa(i+1)+"/1 Alert 200", lines(s.heard[i+1])[1])
				}
			}
		}
		for _, ref := range []string{"1", "3"} {
			_, n := s.object("Results", ref)
			assert.Equal(t, 1, n)
		}
		assert.True(t, s.heard[len(s.heard)-1].Final)
	}),
	"L-7_an_object_that_fits_is_not_cut": func(t *testing.T) {
		s := &server{t: t, script: []string{get(1, "./DevInfo/Man")}}
		d := generic(s)
		d.ChunkSize = len("Example Devices")
		talk(t, d)
		assert.Contains(t, s.said(2), " ./DevInfo/Man = Example Devices")
	},
	"L-7_octets_of_a_part_can_be_chosen": bothCodecs(func(t *testing.T, s *server) {
		s.script = []string{get(1, "./DevInfo/Man") + get(2, "./DevInfo/Mod")}
		d := generic(s)
		d.ChunkSize = 6
		talk(t, d)
		assert.Equal(t, []string{"Status 1/1 Get 200", "Status 1/2 Get 200", "Results 1/1", " ./DevInfo/Man of 15 = Exampl …"}, s.said(2)[1:])
		assert.Equal(t, []string{"Status 2/1 Alert 200", "Results 1/1", " ./DevInfo/Man = e Devi …"}, s.said(3)[1:])
		assert.Equal(t, []string{"Status 3/1 Alert 200", "Results 1/1", " ./DevInfo/Man = ces", "Results 1/2", " ./DevInfo/Mod of 9 = Simula …"}, s.said(4)[1:])
		assert.Equal(t, []string{"Status 4/1 Alert 200", "Results 1/2", " ./DevInfo/Mod = ted", "Final"}, s.said(5)[1:])
	}),
	"L-10_an_alert_waits_until_the_object_is_sent": func(t *testing.T) {
		s := &server{t: t, script: []string{get(1, "./DevInfo/Man"), ""}}
		d := generic(s)
		d.ChunkSize = 8
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromServer && m.Number == 2 {
				d.Notify(generalAlert("./Data", "x"))
			}
		}
		talk(t, d)
		assert.Equal(t, []string{"Status 2/1 Alert 200", "Results 1/1", " ./DevInfo/Man = Devices", "Final"}, s.said(3)[1:])
		talk(t, d)
		assert.Contains(t, s.said(4), " ./Data chr org.example.test = x")
	},
	"L-3_what_the_server_does_not_take_is_not_sent": func(t *testing.T) {
		s := &server{t: t, meta: limits(0, 9), script: []string{get(1, "./DevInfo/Man") + get(2, "./DevInfo/Mod")}}
		d := generic(s)
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromServer && m.Number == 1 {
				d.Notify(generalAlert("./Data", "0123456789"), generalAlert("./Data", "fits"))
			}
		}
		talk(t, d)
		assert.Equal(t, []string{
			"Status 1/1 Get 413", "Status 1/2 Get 200", "Results 1/2", " ./DevInfo/Mod = Simulated",
			"Alert 5 1226", " ./Data chr org.example.test = fits", "Final",
		}, s.said(2)[1:])
	},
	"L-4_a_later_limit_replaces_the_earlier": func(t *testing.T) {
		s := &server{t: t, meta: limits(0, 9), script: []string{get(1, "./DevInfo/Man"), get(1, "./DevInfo/Man")}, edit: func(n int, text string) string {
			if n == 2 {
				return strings.Replace(text, limits(0, 9), limits(0, 15), 1)
			}
			return text
		}}
		talk(t, generic(s))
		assert.Equal(t, "Status 1/1 Get 413", s.said(2)[1])
		assert.Equal(t, "Status 2/1 Get 200", s.said(3)[1])
	},
	"L-21_an_object_is_sent_again_once": func(t *testing.T) {
		lost := `<Alert><CmdID>2</CmdID><Data>1225</Data><Item><Source><LocURI>./DevInfo/Man</LocURI></Source></Item></Alert>`
		s := &server{t: t, script: []string{get(1, "./DevInfo/Man")}, edit: func(_ int, text string) string {
			return strings.Replace(text, alert(1, 1222), alert(1, 1222)+lost, 1)
		}}
		d := generic(s)
		d.ChunkSize, d.Resend = 6, true
		talk(t, d)
		value, parts := s.object("Results", "1")
		assert.Equal(t, "ExamplExampl", value)
		assert.Equal(t, 2, parts)
	},
	"L-18_the_alert_1225_of_a_server_is_answered": func(t *testing.T) {
		s := &server{t: t, script: []string{alert(1, 1225)}}
		report, err := generic(s).Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"L-18"}, rows(report))
		assert.Equal(t, []string{"Status 1/1 Alert 200", "Final"}, s.said(2)[1:])
	},
	"L-15_a_large_alert_goes_out_in_parts": bothCodecs(func(t *testing.T, s *server) {
		d := generic(s)
		d.ChunkSize = 4
		d.Notify(generalAlert("./Data", "0123456789"))
		talk(t, d)
		talk(t, d)
		var got []string
		for _, m := range s.heard {
			for _, l := range lines(m) {
				if strings.Contains(l, "./Data ") {
					got = append(got, l)
				}
			}
		}
		const item = " ./Data chr org.example.test"
		assert.Equal(t, []string{item + " of 10 = 0123 …", item + " = 4567 …", item + " = 89"}, got)
	}),
	"L-15_a_large_alert_that_was_not_finished_comes_again": func(t *testing.T) {
		s := &server{t: t}
		d := generic(s)
		d.ChunkSize = 4
		d.Notify(generalAlert("./Data", "0123456789"))
		d.Fault = simdevice.StopAfter.At(2)
		_, err := d.Session(t.Context())
		require.NoError(t, err)
		before := len(s.heard)
		d.Fault = nil
		talk(t, d)
		assert.Contains(t, s.said(before+1), " ./Data chr org.example.test of 10 = 0123 …")
	},
	"L-21_an_object_that_the_server_has_lost_is_given_up_or_sent_again": func(t *testing.T) {
		for _, again := range []bool{false, true} {
			lost := `<Alert><CmdID>2</CmdID><Data>1225</Data><Item><Source><LocURI>./DevInfo/Man</LocURI></Source></Item></Alert>`
			s := &server{t: t, script: []string{get(1, "./DevInfo/Man") + get(2, "./DevDetail/HwV")}, edit: func(n int, text string) string {
				if n == 3 {
					const part = "<Status><CmdID>91</CmdID><MsgRef>3</MsgRef><CmdRef>3</CmdRef><Cmd>Results</Cmd><Data>213</Data></Status>"
					require.Contains(t, text, part)
					text = strings.Replace(text, part, "", 1)
					return strings.Replace(text, alert(1, 1222), alert(1, 1222)+lost, 1)
				}
				return text
			}}
			d := generic(s)
			d.ChunkSize, d.Resend = 6, again
			talk(t, d)
			want := []string{"Status 3/1 Alert 200", "Status 3/2 Alert 200", "Results 1/2", " ./DevDetail/HwV = 1.0", "Final"}
			if again {
				want = []string{"Status 3/1 Alert 200", "Status 3/2 Alert 200", "Results 1/1", " ./DevInfo/Man of 15 = Exampl …"}
			}
			assert.Equal(t, want, s.said(4)[1:])
		}
	},
	"L-22_a_status_that_refuses_a_part_stops_the_object": func(t *testing.T) {
		for _, code := range []int{413, 416, 420, 424} {
			s := &server{t: t, part: code, script: []string{get(1, "./DevInfo/Man") + get(2, "./DevDetail/HwV")}}
			d := generic(s)
			d.ChunkSize = 6
			d.Notify(generalAlert("./Data", "0123456789"))
			talk(t, d)
			value, parts := s.object("Results", "1")
			assert.Equal(t, "Exampl", value)
			assert.Equal(t, 1, parts)
			_, parts = s.object("Results", "2")
			assert.Equal(t, 1, parts)
			before := len(s.heard)
			talk(t, d)
			for _, m := range s.heard[before:] {
				assert.NotContains(t, lines(m), " ./Data chr org.example.test of 10 = 012345 …", "the alert was refused and does not come back")
			}
		}
	},
	"L-24_a_device_without_large_objects_refuses_parts": func(t *testing.T) {
		for _, d := range []*simdevice.Device{{}, {Profile: simdevice.Generic11}, {Profile: simdevice.Generic11, LargeObjects: true}} {
			s := &server{t: t, script: []string{chunk("Replace", 1, "./Data/Note", 4, "ab", true)}}
			d.ID, d.URL, d.Transport = deviceID, serverURL, s
			report, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, []string{"L-24"}, rows(report))
			assert.Equal(t, []string{"Status 1/1 Replace 406", "Final"}, s.said(2)[1:])
		}
	},
	"L-25_a_message_that_holds_no_octet_ends_the_session": func(t *testing.T) {
		for name, limit := range map[string]int{"of the object": 1200, "of the status for the Get": 620} {
			t.Run(name, func(t *testing.T) {
				s := &server{t: t, script: []string{get(1, "./Data/Log")}, meta: limits(limit, 0)}
				d := generic(s)
				d.Nodes().Put("./Data/Log", simdevice.Node{Type: strings.Repeat("t", 800), Value: syncml.Text(strings.Repeat("x", 999)), Access: simdevice.Get})
				report, err := d.Session(t.Context())
				require.NoError(t, err)
				assert.Empty(t, report.Violations)
				assert.Equal(t, simdevice.DeviceAborted, report.End)
				assert.Less(t, len(s.heard), 5)
			})
		}
	},
	"L-11_the_status_for_the_part_goes_before_those_that_do_not_fit": bothCodecs(func(t *testing.T, s *server) {
		many := ""
		for i := range 12 {
			many += get(i+1, "./DevInfo/Man")
		}
		limit := 1200
		if s.binary {
			limit = 500
		}
		s.meta = limits(limit, 0)
		s.script = []string{many + chunk("Replace", 20, note, 4, "ab", true), chunk("Replace", 1, note, 0, "cd", false)}
		d := generic(s)
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromDevice && m.Number > 1 {
				assert.LessOrEqual(t, len(m.Octets), limit)
			}
		}
		talk(t, d)
		acknowledgement := s.said(2)
		assert.Contains(t, acknowledgement, "Status 1/1 Get 200")
		assert.NotContains(t, acknowledgement, "Status 1/12 Get 200")
		assert.Equal(t, "Status 1/20 Replace 213", acknowledgement[len(acknowledgement)-2])
		assert.Equal(t, "abcd", d.Nodes().Value(note))
	}),
	"P-23_the_device_does_not_close_while_the_server_sends_an_object": func(t *testing.T) {
		s := &server{t: t, meta: limits(900, 0), script: []string{
			get(1, "./DevDetail?list=StructData") + chunk("Replace", 2, note, 4, "ab", true),
			chunk("Replace", 1, note, 0, "cd", false),
		}}
		d := generic(s)
		talk(t, d)
		assert.False(t, s.heard[1].Final)
		for _, c := range s.heard[1].Body {
			assert.NotEqual(t, "Results", c.Name())
		}
		results := 0
		for _, m := range s.heard[2:] {
			for _, c := range m.Body {
				if r, ok := c.(*syncml.Results); ok {
					results += len(r.Items)
				}
			}
		}
		assert.Equal(t, 11, results, "all nodes of the list come, in Results that fit")
	},
	"W-33_windows_sends_parts_when_it_has_large_objects": func(t *testing.T) {
		s := &server{t: t, meta: limits(800, 0), script: []string{get(1, "./Big")}}
		d := device(s)
		d.LargeObjects = true
		d.Nodes().Put("./Big", simdevice.Node{Value: syncml.Text(strings.Repeat("x", 900)), Access: simdevice.Get})
		talk(t, d)
		value, parts := s.object("Results", "1")
		assert.Len(t, value, 900)
		assert.Greater(t, parts, 1)
	},
	"C-17_an_atomic_whose_statuses_fit_in_no_message_is_undone": bothCodecs(func(t *testing.T, s *server) {
		var members []string
		for i := range 40 {
			members = append(members, set(10+i, note, strconv.Itoa(i)))
		}
		s.meta = limits(2000, 0)
		if s.binary {
			s.meta = limits(1000, 0)
		}
		s.script = []string{group("Atomic", 1, members...) + group("Atomic", 2, set(3, "./Data/Flag", "x"), set(4, note, "y")) + group("Atomic", 5, set(6, note, "kept"))}
		d := generic(s)
		talk(t, d)
		assert.Equal(t, []string{
			"Status 1/1 Atomic 517", "Status 1/2 Atomic 507", "Status 1/3 Replace 415", "Status 1/4 Replace 215",
			"Status 1/5 Atomic 200", "Status 1/6 Replace 200", "Final",
		}, s.said(2)[1:])
		assert.Equal(t, "kept", d.Nodes().Value(note))
		e := d.Execution("Replace", note, "39")
		assert.Equal(t, [2]int{0, 1}, [2]int{e.Executed, e.Undone})
	}),
	"C-17_the_statuses_of_an_atomic_stay_together": func(t *testing.T) {
		var script string
		for i := range 6 {
			var members []string
			for j := range 5 {
				members = append(members, set(10*i+j+2, note, "x"))
			}
			script += group("Atomic", 10*i+1, members...)
		}
		s := &server{t: t, meta: limits(2000, 0), script: []string{script}}
		talk(t, generic(s))
		statuses := 0
		for _, m := range s.heard[1:] {
			n := 0
			for _, c := range m.Body {
				if st, ok := c.(*syncml.Status); ok && st.Cmd != "SyncHdr" && st.Cmd != "Alert" {
					n++
				}
			}
			assert.Zero(t, n%6, "a message has the statuses of whole Atomics")
			statuses += n
		}
		assert.Equal(t, 36, statuses)
		assert.Greater(t, len(s.heard), 3)
	},
}

// weight returns how many octets the values of the node at uri and of all below it have.
func weight(tree *simdevice.Tree, uri string) int64 {
	n := int64(len(tree.Value(uri)))
	for _, name := range tree.Names(uri) {
		n += weight(tree, uri+"/"+name)
	}
	return n
}

// generalAlert returns an alert 1226.
func generalAlert(uri, value string) syncml.Alert {
	return syncml.Alert{Data: syncml.Text("1226"), Items: []syncml.Item{{
		Source: syncml.Location{URI: uri}, Meta: &syncml.Meta{Type: "org.example.test", Format: "chr"}, Data: syncml.Text(value),
	}}}
}
