package simdevice_test

import (
	"context"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// TestRows proves what the device does by what a server hears. What it finds in a server is proved by
// TestViolations.
func TestRows(t *testing.T) {
	for _, tests := range []map[string]func(*testing.T){rowTests, objectRows, treeRows, profileRows, proofRows, declaredRows} {
		for name, test := range tests {
			t.Run(name, test)
		}
	}
}

const (
	policy = "./Vendor/MSFT/Policy/Config/Camera/AllowCamera"
	reboot = "./Vendor/MSFT/Reboot/RebootNow"
	header = "Status 1/0 SyncHdr 200"
)

var rowTests = map[string]func(*testing.T){
	"P-6_package_1_presents_the_device": func(t *testing.T) {
		d := &simdevice.Device{LoginStatus: "none", User: "someone"}
		s, _ := converse(t, d, get(1, "."))
		assert.Equal(t, []string{
			"Alert 2 1201", "Alert 3 1224", "  com.microsoft/MDM/LoginStatus = none", "Replace 4",
			" ./DevInfo/DevId = " + deviceID, " ./DevInfo/Man = Example Devices", " ./DevInfo/Mod = Simulated",
			" ./DevInfo/DmV = 1.3", " ./DevInfo/Lang = en-US", "Final",
		}, lines(s.heard[0]))
		h := s.heard[0].Header
		assert.Equal(t, []string{"1", "1", deviceID, "someone", serverURL}, []string{h.SessionID, h.MsgID, h.Source.URI, h.Source.Name, h.Target.URI})
	},
	"P-9_package_3_answers_every_command": func(t *testing.T) {
		s, got := converse(t, &simdevice.Device{}, setInt(7, policy, "0")+get(8, policy)+exec(9, reboot), get(3, policy))
		assert.Equal(t, []string{
			header, "Status 1/7 Replace 200", "Status 1/8 Get 200 " + policy, "Status 1/9 Exec 200",
			"Results 1/8", " " + policy + " int = 0", "Final",
		}, got)
		assert.Equal(t, []string{
			"Status 2/0 SyncHdr 200", "Status 2/3 Get 200 " + policy, "Results 2/3", " " + policy + " int = 0", "Final",
		}, lines(s.heard[2]))
	},
	"P-15_statuses_alone_end_the_session": func(t *testing.T) {
		s := &server{t: t}
		report, err := device(s).Session(t.Context())
		require.NoError(t, err)
		require.NoError(t, report.Err())
		assert.Equal(t, 1, s.posts)
	},
	"P-14_a_command_without_room_comes_in_the_next_message": func(t *testing.T) {
		s := &server{t: t, script: []string{goesOn, get(1, "./DevInfo/Man")}}
		d := device(s)
		s.edit = func(n int, text string) string {
			if n == 1 { // what comes now waits for the package of the device
				d.Notify(generalAlert("./Data", "news"))
			}
			return text
		}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		require.NoError(t, report.Err())
		require.Len(t, s.heard, 3)
		assert.Equal(t, []string{"Status 1/0 SyncHdr 200", "Alert 2 1222"}, lines(s.heard[1]))
		assert.Equal(t, "Results 2/1", lines(s.heard[2])[2])
		assert.Contains(t, strings.Join(lines(s.heard[2]), "\n"), "1226")
	},
	"P-27_abort_of_the_server_ends_the_session": func(t *testing.T) {
		s := &server{t: t, script: []string{alert(1, 1223)}}
		report, err := device(s).Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, simdevice.ServerAborted, report.End)
		assert.Empty(t, report.Violations)
		assert.Equal(t, 1, s.posts)
	},
	"P-30_a_lost_answer_makes_the_device_repeat_the_octets": func(t *testing.T) {
		s := &server{t: t}
		d := device(s)
		d.Fault = simdevice.LoseReply.At(1)
		var octets []string
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromDevice {
				octets = append(octets, string(m.Octets))
			}
		}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		require.NoError(t, report.Err())
		require.Len(t, octets, 2)
		assert.Equal(t, octets[0], octets[1])
	},
	"P-33_resp_uri_is_where_the_next_message_goes": func(t *testing.T) {
		const elsewhere = serverURL + "?session=1"
		s := &server{t: t, script: []string{get(1, ".")}, edit: func(n int, text string) string {
			if n == 1 {
				return strings.Replace(text, "</SyncHdr>", "<RespURI>"+elsewhere+"</RespURI></SyncHdr>", 1)
			}
			return text
		}}
		d := device(s)
		post := &recorder{Transport: s}
		d.Transport = post
		_, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{serverURL, elsewhere}, post.urls)
	},
	"P-19_a_package_that_is_too_large_takes_several_messages": func(t *testing.T) {
		const limit = 800
		commands := get(1, "./DevInfo/Man") + get(2, "./DevInfo/Mod") + get(3, "./DevDetail/SwV") + get(4, "./DevDetail/HwV")
		s := &server{t: t, meta: `<Meta><MaxMsgSize xmlns="syncml:metinf">800</MaxMsgSize></Meta>`}
		s.script = []string{commands}
		d := device(s)
		d.Trace = func(m simdevice.Traffic) {
			if m.From == simdevice.FromDevice && m.Number > 1 {
				assert.LessOrEqual(t, len(m.Octets), limit)
			}
		}
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		require.NoError(t, report.Err())
		require.Greater(t, len(s.heard), 3)
		for i, m := range s.heard {
			assert.Equal(t, i == 0 || i == len(s.heard)-1, m.Final)
			if i > 1 {
				assert.Equal(t, "Status "+strconv.Itoa(i)+"/1 Alert 200", lines(m)[1])
			}
		}
		var results []string
		for _, m := range s.heard {
			for _, c := range m.Body {
				if r, ok := c.(*syncml.Results); ok {
					results = append(results, r.CmdRef)
				}
			}
		}
		assert.Equal(t, []string{"1", "2", "3", "4"}, results)
	},
	"P-25_what_fits_in_no_message_makes_the_device_abort": func(t *testing.T) {
		s := &server{t: t, meta: `<Meta><MaxMsgSize xmlns="syncml:metinf">800</MaxMsgSize></Meta>`}
		s.script = []string{get(1, "./Big")}
		d := device(s)
		d.Tree = simdevice.NewTree(simdevice.Windows, deviceID)
		d.Tree.Put("./Big", simdevice.Node{Value: syncml.Text(strings.Repeat("x", 900)), Access: simdevice.Get})
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, simdevice.DeviceAborted, report.End)
		last := s.heard[len(s.heard)-1]
		assert.Contains(t, lines(last), "Alert 3 1223")
		assert.True(t, last.Final)
	},

	"S-6_one_status_per_item_where_they_differ": func(t *testing.T) {
		items := "<Item><Target><LocURI>./DevDetail/Ext/Microsoft/DeviceName</LocURI></Target><Data>A</Data></Item>" +
			"<Item><Target><LocURI>./Nope</LocURI></Target><Data>B</Data></Item>"
		_, got := converse(t, &simdevice.Device{}, "<Replace><CmdID>1</CmdID>"+items+"</Replace>")
		assert.Equal(t, []string{
			header, "Status 1/1 Replace 200 ./DevDetail/Ext/Microsoft/DeviceName", "Status 1/1 Replace 404 ./Nope", "Final",
		}, got)
	},
	"S-9_results_follow_the_status": func(t *testing.T) {
		items := "<Item><Target><LocURI>./DevInfo</LocURI></Target></Item><Item><Target><LocURI>./DevDetail/SwV</LocURI></Target></Item>" +
			"<Item><Target><LocURI>./Nope</LocURI></Target></Item>"
		_, got := converse(t, &simdevice.Device{}, "<Get><CmdID>4</CmdID>"+items+"</Get>")
		assert.Equal(t, []string{
			header, "Status 1/4 Get 200 ./DevInfo", "Status 1/4 Get 200 ./DevDetail/SwV", "Status 1/4 Get 404 ./Nope",
			"Results 1/4", " ./DevInfo node = DevId/Man/Mod/DmV/Lang", " ./DevDetail/SwV = 10.0.26100.1", "Final",
		}, got)
	},

	"C-1_add": func(t *testing.T) {
		wifi := "./Vendor/MSFT/WiFi/Profile"
		d := &simdevice.Device{}
		_, got := converse(t, d, add(1, wifi+"/a%20b/WlanXml", "x")+add(2, wifi+"/a%20b/WlanXml", "y")+
			add(3, "./DevDetail/SwV/Below", "x")+add(4, "./DevInfo/New", "x")+command("Add", 5, wifi+"/c/Count", "int", "many"))
		assert.Equal(t, []string{
			header, "Status 1/1 Add 200", "Status 1/2 Add 418", "Status 1/3 Add 405", "Status 1/4 Add 405", "Status 1/5 Add 415", "Final",
		}, got)
		assert.Equal(t, "x", d.Nodes().Value(wifi+"/a%20b/WlanXml"))
		assert.Equal(t, []string{"a b"}, d.Nodes().Names(wifi))
	},
	"C-2_replace": func(t *testing.T) {
		name := "./DevDetail/Ext/Microsoft/DeviceName"
		d := &simdevice.Device{}
		_, got := converse(t, d, set(1, name, "A")+set(2, "./Nope", "x")+set(3, "./DevInfo/Man", "x")+setInt(4, name, "1")+set(5, "./DevInfo", "x"))
		assert.Equal(t, []string{
			header, "Status 1/1 Replace 200", "Status 1/2 Replace 404", "Status 1/3 Replace 405", "Status 1/4 Replace 415", "Status 1/5 Replace 405", "Final",
		}, got)
		assert.Equal(t, "A", d.Nodes().Value(name))
	},
	"C-4_delete": func(t *testing.T) {
		vpn := "./Vendor/MSFT/VPNv2"
		d := &simdevice.Device{}
		d.Nodes().Put("./Fixed", simdevice.Node{Access: simdevice.Delete, Permanent: true})
		converse(t, d, add(1, vpn+"/one/ProfileXML", "x"))
		_, got := converse(t, d, remove(1, vpn+"/one")+remove(2, vpn+"/one")+remove(3, vpn)+remove(4, ".")+remove(5, "./Fixed"))
		assert.Equal(t, []string{
			header, "Status 1/1 Delete 200", "Status 1/2 Delete 404", "Status 1/3 Delete 405", "Status 1/4 Delete 405",
			"Status 1/5 Delete 405", "Final",
		}, got)
		assert.Empty(t, d.Nodes().Names(vpn))
	},
	"C-5_get": func(t *testing.T) {
		d := &simdevice.Device{Tree: simdevice.NewTree(simdevice.Windows, deviceID)}
		d.Tree.Put("./Hidden", simdevice.Node{Value: syncml.Text("x"), Access: simdevice.Replace})
		_, got := converse(t, d, get(1, "./DevInfo/Man")+get(2, "./DevDetail/URI")+get(3, "./Nope")+get(4, "./Hidden")+get(5, "./Vendor/MSFT/VPNv2"))
		assert.Equal(t, []string{
			header, "Status 1/1 Get 200 ./DevInfo/Man", "Status 1/2 Get 200 ./DevDetail/URI", "Status 1/3 Get 404 ./Nope",
			"Status 1/4 Get 405 ./Hidden", "Status 1/5 Get 200 ./Vendor/MSFT/VPNv2",
			"Results 1/1", " ./DevInfo/Man = Example Devices", "Results 1/2", " ./DevDetail/URI node = MaxDepth/MaxTotLen/MaxSegLen",
			"Results 1/5", " ./Vendor/MSFT/VPNv2 node = ", "Final",
		}, got)
	},
	"C-7_exec": func(t *testing.T) {
		d := &simdevice.Device{Tree: simdevice.NewTree(simdevice.Windows, deviceID)}
		var arg syncml.Data
		d.Tree.Put("./Run", simdevice.Node{Access: simdevice.Exec, Exec: func(a syncml.Data) omadm.Status {
			arg = a
			return omadm.StatusAccepted
		}})
		_, got := converse(t, d, command("Exec", 1, "./Run", "", "now")+exec(2, "./DevInfo/Man")+exec(3, "./Nope"))
		assert.Equal(t, []string{header, "Status 1/1 Exec 202", "Status 1/2 Exec 405", "Status 1/3 Exec 404", "Final"}, got)
		assert.Equal(t, syncml.Text("now"), arg)
		assert.Equal(t, 1, d.Execution("Exec", "./Run", "now").Executed)
	},
	"C-15_failed_atomic_is_undone": func(t *testing.T) {
		vpn := "./Vendor/MSFT/VPNv2"
		d := &simdevice.Device{}
		converse(t, d, add(1, vpn+"/one/ProfileXML", "x")+add(2, vpn+"/two/ProfileXML", "x")+set(3, policy, "1"))
		_, got := converse(t, d, group("Atomic", 2,
			set(3, policy, "2"), remove(4, vpn+"/one"), add(5, vpn+"/three/ProfileXML", "x"), set(6, "./DevInfo/Man", "x"), remove(7, vpn+"/two")))
		assert.Equal(t, []string{
			header, "Status 1/2 Atomic 507", "Status 1/3 Replace 216", "Status 1/4 Delete 216", "Status 1/5 Add 216",
			"Status 1/6 Replace 405", "Status 1/7 Delete 215", "Final",
		}, got)
		assert.Equal(t, "1", d.Nodes().Value(policy))
		assert.Equal(t, []string{"one", "two"}, d.Nodes().Names(vpn))
		assert.Equal(t, "x", d.Nodes().Value(vpn+"/one/ProfileXML"))
	},
	"C-16_what_cannot_be_undone_is_516": func(t *testing.T) {
		d := &simdevice.Device{Tree: simdevice.NewTree(simdevice.Windows, deviceID)}
		d.Tree.Put("./Stiff", simdevice.Node{Access: simdevice.Replace, Irreversible: true})
		_, got := converse(t, d, group("Atomic", 2, set(3, "./Stiff", "x"), remove(4, "./Nope")))
		assert.Equal(t, []string{header, "Status 1/2 Atomic 507", "Status 1/3 Replace 516", "Status 1/4 Delete 404", "Final"}, got)
		assert.Equal(t, 1, d.Execution("Replace", "./Stiff", "x").Undone)
	},
	"C-21_sequence_stops_at_a_failure": func(t *testing.T) {
		d := &simdevice.Device{}
		_, got := converse(t, d, group("Sequence", 2, set(3, policy, "1"), get(4, policy), remove(5, "./Nope"), exec(6, reboot))+exec(7, reboot))
		assert.Equal(t, []string{
			header, "Status 1/2 Sequence 200", "Status 1/3 Replace 200", "Status 1/4 Get 200 " + policy, "Status 1/5 Delete 404",
			"Status 1/6 Exec 215", "Status 1/7 Exec 200", "Results 1/4", " " + policy + " = 1", "Final",
		}, got)
		e := d.Execution("Exec", reboot, "")
		assert.Equal(t, [2]int{1, 1}, [2]int{e.Executed, e.Skipped})
	},
	"D-14_meta_of_the_command_is_the_default_of_its_items": func(t *testing.T) {
		d := &simdevice.Device{}
		s, _ := converse(t, d, `<Replace><CmdID>1</CmdID><Meta><Format xmlns="syncml:metinf">int</Format></Meta><Item><Target><LocURI>`+policy+
			`</LocURI></Target><Data>5</Data></Item><Item><Target><LocURI>`+policy+`Too</LocURI></Target><Meta><Format xmlns="syncml:metinf">bool</Format></Meta>`+
			`<Data>true</Data></Item></Replace>`, get(1, policy)+get(2, policy+"Too"))
		assert.Contains(t, lines(s.heard[2]), " "+policy+" int = 5")
		assert.Contains(t, lines(s.heard[2]), " "+policy+"Too bool = true")
	},
	"T-20_list_of_structure_and_values": func(t *testing.T) {
		d := &simdevice.Device{}
		d.Nodes().Put("./DevDetail/URI/Hidden", simdevice.Node{Access: simdevice.Replace})
		_, got := converse(t, d, get(1, "./DevDetail/URI?list=StructData")+get(2, "./DevDetail/URI?prop=ACL"))
		assert.Equal(t, []string{
			header, "Status 1/1 Get 200 ./DevDetail/URI?list=StructData", "Status 1/2 Get 406 ./DevDetail/URI?prop=ACL", "Results 1/1",
			" ./DevDetail/URI node", " ./DevDetail/URI/MaxDepth int = 0", " ./DevDetail/URI/MaxTotLen int = 0", " ./DevDetail/URI/MaxSegLen int = 0", "Final",
		}, got)
	},

	"U-10_no_to_a_question_is_304": func(t *testing.T) {
		no := func(simdevice.Question) simdevice.Answer { return simdevice.Answer{Status: omadm.StatusNotModified} }
		_, got := converse(t, &simdevice.Device{Answer: no}, alert(1, 1101, "", "Sure?")+exec(2, reboot))
		assert.Equal(t, []string{header, "Status 1/1 Alert 304", "Status 1/2 Exec 200", "Final"}, got)
	},
	"U-11_no_stops_a_group": func(t *testing.T) {
		no := func(simdevice.Question) simdevice.Answer { return simdevice.Answer{Status: omadm.StatusNotModified} }
		_, got := converse(t, &simdevice.Device{Answer: no},
			group("Sequence", 1, alert(2, 1101, "", "Sure?"), exec(3, reboot))+group("Atomic", 4, set(5, policy, "1"), alert(6, 1101, "", "Sure?")))
		assert.Equal(t, []string{
			header, "Status 1/1 Sequence 200", "Status 1/2 Alert 304", "Status 1/3 Exec 215",
			"Status 1/4 Atomic 507", "Status 1/5 Replace 216", "Status 1/6 Alert 304", "Final",
		}, got)
	},
	"U-12_cancelling_skips_the_rest_of_the_message": func(t *testing.T) {
		cancel := func(simdevice.Question) simdevice.Answer {
			return simdevice.Answer{Status: omadm.StatusOperationCancelled}
		}
		_, got := converse(t, &simdevice.Device{Answer: cancel}, alert(1, 1100, "", "Hello")+exec(2, reboot)+group("Sequence", 3, exec(4, reboot)))
		assert.Equal(t, []string{
			header, "Status 1/1 Alert 214", "Status 1/2 Exec 215", "Status 1/3 Sequence 215", "Status 1/4 Exec 215", "Final",
		}, got)
	},
	"U-12_a_device_without_a_screen_says_406": func(t *testing.T) {
		_, got := converse(t, &simdevice.Device{}, alert(1, 1100, "", "Hello"))
		assert.Equal(t, []string{header, "Status 1/1 Alert 406", "Final"}, got)
	},

	"W-3_device_scope_may_be_left_out": func(t *testing.T) {
		d := &simdevice.Device{}
		converse(t, d, set(1, "./Device/Vendor/MSFT/Policy/Config/A/B", "1")+set(2, "./User/Vendor/MSFT/Policy/Config/A/B", "2"))
		assert.Equal(t, "1", d.Nodes().Value("./Vendor/MSFT/Policy/Config/A/B"))
		assert.Equal(t, "2", d.Nodes().Value("./User/Vendor/MSFT/Policy/Config/A/B"))
	},
	"W-19_names_are_encoded": func(t *testing.T) {
		vpn := "./Vendor/MSFT/VPNv2"
		d := &simdevice.Device{}
		s, _ := converse(t, d, add(1, vpn+"/a%20b%2Fc/ProfileXML", "x"), get(1, vpn))
		assert.Contains(t, lines(s.heard[2]), " "+vpn+" node = a%20b%2Fc")
	},
	"W-21_nested_atomic_is_500_and_507": func(t *testing.T) {
		d := &simdevice.Device{}
		s := &server{t: t, script: []string{group("Atomic", 1, set(2, policy, "1"), group("Atomic", 3, set(4, policy, "2")), remove(5, "./Nope"))}}
		d.ID, d.URL, d.Transport = deviceID, serverURL, s
		report, err := d.Session(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"C-10"}, rows(report))
		assert.Equal(t, []string{
			header, "Status 1/1 Atomic 507", "Status 1/2 Replace 216", "Status 1/3 Atomic 500", "Status 1/4 Replace 215", "Status 1/5 Delete 215", "Final",
		}, lines(s.heard[1]))
		_, there := d.Nodes().Node(policy)
		assert.False(t, there)
		assert.Equal(t, 1, d.Execution("Replace", policy, "2").Skipped)
	},
	"W-23_policies_are_made_by_replace_and_added_once": func(t *testing.T) {
		_, got := converse(t, &simdevice.Device{}, setInt(1, policy, "1")+command("Add", 2, policy, "int", "1")+setInt(3, policy, "2"))
		assert.Equal(t, []string{header, "Status 1/1 Replace 200", "Status 1/2 Add 418", "Status 1/3 Replace 200", "Final"}, got)
	},
	"W-26_failures_carry_the_original_error": func(t *testing.T) {
		_, got := converse(t, &simdevice.Device{SyncApplicationVersion: 3}, set(1, "./Nope", "x")+set(2, "./DevInfo/Man", "x")+set(3, policy, "1"))
		assert.Equal(t, []string{
			header, "Status 1/1 Replace 404 0x86000002", "Status 1/2 Replace 405 0x80004005", "Status 1/3 Replace 200", "Final",
		}, got)
	},
}

// recorder notes where messages go.
type recorder struct {
	simdevice.Transport
	urls []string
}

func (r *recorder) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	r.urls = append(r.urls, url)
	return r.Transport.Post(ctx, serverURL, contentType, body)
}
