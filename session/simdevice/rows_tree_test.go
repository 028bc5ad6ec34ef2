package simdevice_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// copyOf writes a Copy.
func copyOf(id int, from, to string) string {
	return strings.Replace(command("Copy", id, to, "", ""), "</Item>", "<Source><LocURI>"+from+"</LocURI></Source></Item>", 1)
}

// prop writes a Replace of a property.
func prop(id int, uri, name, value string) string {
	return command("Replace", id, uri+"?prop="+name, "", "<![CDATA["+value+"]]>")
}

// answers runs a session with a client of DM 1.2 and returns what it says in message 2 behind the Status for the header.
func answers(t *testing.T, d *simdevice.Device, script ...string) []string {
	t.Helper()
	d.Profile = simdevice.Generic12
	_, got := converse(t, d, script...)
	return got[1:]
}

// treeRows are about nodes, their properties and ACLs, of a client that has all that is optional.
var treeRows = map[string]func(*testing.T){
	"C-6_copy": func(t *testing.T) {
		d := &simdevice.Device{}
		got := answers(t, d, set(1, note, "x")+copyOf(2, note, "./Data/Twin")+copyOf(3, note, "./Data/Twin")+
			copyOf(4, "./Nope", note)+copyOf(5, "./Data", note)+copyOf(6, note, "./Data/Level")+copyOf(7, note, "./DevInfo/Man")+
			copyOf(8, note, "./DevInfo/New")+copyOf(9, note+"?prop=Name", note)+copyOf(10, "./DMAcc/server/AppAuth/1/AAuthSecret", note)+
			group("Atomic", 11, copyOf(12, "./Data/Level", "./Data/Other"), copyOf(13, note, "./Data/Level"))+
			copyOf(15, note, note+"?prop=Title"))
		assert.Equal(t, []string{
			"Status 1/1 Replace 200", "Status 1/2 Copy 200", "Status 1/3 Copy 200", "Status 1/4 Copy 404", "Status 1/5 Copy 405",
			"Status 1/6 Copy 403", "Status 1/7 Copy 405", "Status 1/8 Copy 405", "Status 1/9 Copy 405", "Status 1/10 Copy 405",
			"Status 1/11 Atomic 507", "Status 1/12 Copy 216", "Status 1/13 Copy 403", "Status 1/15 Copy 405", "Final",
		}, got)
		assert.Equal(t, "x", d.Nodes().Value("./Data/Twin"))
		_, there := d.Nodes().Node("./Data/Other")
		assert.False(t, there)
	},
	"C-26_inbox": func(t *testing.T) {
		object := func(id int, uri, kind string) string {
			return strings.Replace(command("Add", id, uri, "xml", "x"), "</Meta>", `<Type xmlns="syncml:metinf">`+kind+`</Type></Meta>`, 1)
		}
		d := &simdevice.Device{}
		got := answers(t, d, object(1, "./Inbox", "urn:oma:mo:x:1.0")+object(2, "./Inbox", "urn:oma:mo:x:1.0")+
			command("Add", 3, "./Inbox", "xml", "x")+get(4, "./Inbox")+get(5, "./Inbox/0")+
			group("Atomic", 6, object(7, "./Inbox", "urn:oma:mo:x:1.0"), remove(8, "./Nope")))
		assert.Equal(t, []string{
			"Status 1/1 Add 200", "Status 1/2 Add 200", "Status 1/3 Add 412", "Status 1/4 Get 405", "Status 1/5 Get 405",
			"Status 1/6 Atomic 507", "Status 1/7 Add 216", "Status 1/8 Delete 404", "Final",
		}, got)
		assert.Equal(t, []string{"0", "1"}, d.Nodes().Names("./Inbox"))
	},
	"T-5_what_is_too_long_or_too_deep_is_414": func(t *testing.T) {
		deep, long := strings.Repeat("/a", 20), strings.Repeat("x", 65)
		got := answers(t, &simdevice.Device{}, add(1, "./Data"+deep, "x")+add(2, "./Data/"+long, "x")+add(3, "./Data/"+long[:64], "x")+
			get(4, "./Data/"+strings.Repeat("y", 1024))+prop(5, "./Data/"+long[:64], "Name", long)+copyOf(6, "./Data/"+long, note)+
			remove(7, "./Data/"+long)+exec(8, "./Data/"+long)+set(9, "./Data/"+long, "x")+copyOf(10, note, "./Data/"+long))
		assert.Equal(t, []string{
			"Status 1/1 Add 414", "Status 1/2 Add 414", "Status 1/3 Add 200", "Status 1/4 Get 414", "Status 1/5 Replace 414", "Status 1/6 Copy 414",
			"Status 1/7 Delete 414", "Status 1/8 Exec 414", "Status 1/9 Replace 414", "Status 1/10 Copy 414", "Final",
		}, got)
	},
	"T-5_the_length_of_the_whole_address_counts_characters": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12}
		d.Nodes().Put("./DevDetail/URI/MaxTotLen", simdevice.Node{Format: "int", Value: syncml.Text("22"), Access: simdevice.Get})
		got := answers(t, d, add(1, "./Data/123456789/ab/éç", "x")+
			add(2, "./Data/123456789/ab/cde", "x")+get(3, "./Data/123456789/ab/éç?prop=Name"))
		assert.Equal(t, []string{"Status 1/1 Add 200", "Status 1/2 Add 414", "Status 1/3 Get 200", "Results 1/3", " ./Data/123456789/ab/éç?prop=Name = éç", "Final"}, got)
	},
	"T-20_list_of_one_result_each": func(t *testing.T) {
		d := &simdevice.Device{OneResult: true}
		got := answers(t, d, get(1, "./DevDetail/URI?list=Struct"))
		assert.Equal(t, []string{
			"Status 1/1 Get 200", "Results 1/1", " ./DevDetail/URI node", "Results 1/1", " ./DevDetail/URI/MaxDepth int",
			"Results 1/1", " ./DevDetail/URI/MaxTotLen int", "Results 1/1", " ./DevDetail/URI/MaxSegLen int", "Final",
		}, got)
	},
	"T-21_nodes_that_may_not_be_read_are_absent": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12}
		d.Nodes().Put("./DevDetail/URI/Hidden", simdevice.Node{Access: simdevice.Get, ACL: "Get=other"})
		got := answers(t, d, get(1, "./DMAcc/server/AppAuth/1?list=StructData")+get(2, "./DevDetail/URI?list=Struct"))
		assert.NotContains(t, strings.Join(got, "\n"), "Secret")
		assert.NotContains(t, strings.Join(got, "\n"), "Hidden")
	},
	"T-22_tnds": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12, Now: func() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }}
		at := "./Data/a%20b"
		for uri, n := range map[string]simdevice.Node{
			at:             {Format: "node", Type: "urn:oma:mo:x:1.0", Access: simdevice.Get, Title: "A <b>"},
			at + "/Bin":    {Format: "bin", Value: syncml.Octets([]byte{0, 1, 2}), Access: simdevice.Get},
			at + "/Hidden": {Value: syncml.Text("secret")},
		} {
			d.Nodes().Put(uri, n)
		}
		got := answers(t, d, get(1, at+"?list=TNDS+Value+Format+Type+Title")+get(2, note+"?list=TNDS-ACL-Format-Name-Size-Title-TStamp-Type-VerNo")+
			get(3, note+"?list=TNDS+Value-ACL")+get(4, note+"?list=TNDS+Color")+get(5, note+"?list=Nope")+get(6, "./DevInfo/Man?list=TNDS"))
		const begin = ` xml application/vnd.syncml.dmtnds+xml = <MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>`
		bin := "<Node><NodeName>Bin</NodeName><RTProperties><Format><bin/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>AAEC</Value></Node>"
		assert.Equal(t, []string{
			"Status 1/1 Get 200", "Status 1/2 Get 200", "Status 1/3 Get 406", "Status 1/4 Get 406", "Status 1/5 Get 406", "Status 1/6 Get 200",
			"Results 1/1", " " + at + "?list=TNDS+Value+Format+Type+Title" + begin + "<Node><NodeName></NodeName><RTProperties><Format><node/></Format>" +
				"<Title>A &lt;b&gt;</Title><Type><DDFName>urn:oma:mo:x:1.0</DDFName></Type></RTProperties>" + bin + "</Node></MgmtTree>",
			"Results 1/2", " " + note + "?list=TNDS-ACL-Format-Name-Size-Title-TStamp-Type-VerNo" + begin + "<Node><NodeName></NodeName><Value></Value></Node></MgmtTree>",
			"Results 1/6", " ./DevInfo/Man?list=TNDS" + begin + "<Node><NodeName></NodeName><RTProperties><Format><chr/></Format><Name>Man</Name><Size>15</Size>" +
				"<Type><MIME>text/plain</MIME></Type><VerNo>0</VerNo></RTProperties><Value>Example Devices</Value></Node></MgmtTree>", "Final",
		}, got)
	},
	"Z-8_a_serialised_tree_is_added_or_replaced_as_a_whole": bothCodecs(func(t *testing.T, s *server) {
		const (
			begin = `<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>`
			leaf  = "<Node><NodeName>%</NodeName>#<RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value>!</Value></Node>"
		)
		node := func(name, path, value string) string {
			if path != "" {
				path = "<Path>" + path + "</Path>"
			}
			return strings.NewReplacer("%", name, "#", path, "!", value).Replace(leaf)
		}
		box := func(name, children string) string {
			return "<Node><NodeName>" + name + "</NodeName><RTProperties><ACL>Get=*&amp;Replace=*</ACL><Format><node/></Format><Type><DDFName>org.example/1.0/X</DDFName></Type></RTProperties>" + children + "</Node>"
		}
		tree := func(verb string, id int, uri, nodes string) string {
			c := command(verb, id, uri, "xml", "<![CDATA["+begin+nodes+"</MgmtTree>]]>")
			return strings.Replace(c, "</Meta>", `<Type xmlns="syncml:metinf">application/vnd.syncml.dmtnds+xml</Type></Meta>`, 1)
		}
		bin := "<Node><NodeName>Bin</NodeName><RTProperties><Format><bin/></Format></RTProperties><Value>AAEC</Value></Node>"
		s.script = []string{
			tree("Add", 1, "./Data/Mail", box("", node("Host", "", "a")+bin)) +
				tree("Add", 2, "./Data/Flat", "<Node><NodeName/></Node>"+node("B c", "", "1")) +
				tree("Add", 3, "./Data/Twice", node("A", "", "1")+node("A", "", "2")) +
				tree("Replace", 4, "./Data/Mail", box("", node("Host", "", "b"))) +
				tree("Replace", 5, "./Data/Mail", box("", node("Host", "", "c")+node("Nope", "", "c"))) +
				group("Atomic", 6, tree("Add", 7, "./Data", box("Deep", node("A", "", "1"))+node("B", "./Deep", "2")), remove(8, "./Nope")) +
				tree("Add", 9, "./Data", box("Deep", node("A", "", "1"))+node("B", "./Deep", "2")) +
				tree("Add", 10, "./Inbox", box("Thing", node("A", "", "1"))) +
				tree("Replace", 20, "./Data/Mail", node("Host", "", "d")+node("Host", "", "e")+node("Nope", "", "e")) +
				tree("Add", 21, "./Data/Bad", strings.Replace(box("X", ""), "Get=*&amp;Replace=*", "Get", 1)) +
				tree("Add", 22, "./Data/Bad", strings.Repeat("<Node><NodeName>a</NodeName>", 33)+strings.Repeat("</Node>", 33)) +
				tree("Add", 23, "./Data/Bad", strings.Repeat("<Node><NodeName>a</NodeName></Node>", 10_001)) +
				tree("Add", 24, "./Data/Bad", node("A", "", strings.Repeat("x", 1<<20))) +
				tree("Add", 11, "./Data/Bad", "<Node>") +
				strings.Replace(tree("Add", 12, "./Data/Bad", node("A", "", "1")), "dmtnds+xml", "dmtnds+wbxml", 1) +
				strings.Replace(tree("Add", 13, "./Data/Bad", node("A", "", "1")), "<VerDTD>1.2", "<VerDTD>2.0", 1) +
				strings.NewReplacer("<![CDATA[", "", "]]>", "").Replace(tree("Add", 14, "./Data/Raw", node("A", "", "1"))),
		}
		d := generic(s)
		talk(t, d)
		assert.Equal(t, []string{
			"Status 1/1 Add 200", "Status 1/2 Add 405", "Status 1/3 Add 418", "Status 1/4 Replace 200", "Status 1/5 Replace 404",
			"Status 1/6 Atomic 507", "Status 1/7 Add 216", "Status 1/8 Delete 404", "Status 1/9 Add 200", "Status 1/10 Add 200",
			"Status 1/20 Replace 404", "Status 1/21 Add 415", "Status 1/22 Add 415", "Status 1/23 Add 415", "Status 1/24 Add 415",
			"Status 1/11 Add 415", "Status 1/12 Add 415", "Status 1/13 Add 415", "Status 1/14 Add 200", "Final",
		}, s.said(2)[1:])
		for uri, want := range map[string]string{"./Data/Mail/Host": "b", "./Data/Mail/Bin": "\x00\x01\x02", "./Data/Deep/A": "1", "./Data/Deep/B": "2", "./Inbox/0/Thing/A": "1", "./Data/Raw/A": "1"} {
			assert.Equal(t, want, d.Nodes().Value(uri), uri)
		}
		mail, _ := d.Nodes().Node("./Data/Mail")
		assert.Equal(t, [2]string{"Get=*&Replace=*", "org.example/1.0/X"}, [2]string{mail.ACL, mail.Type})
		for _, uri := range []string{"./Data/Twice", "./Data/Flat", "./Data/Bad", "./Data/Mail/Nope"} {
			_, there := d.Nodes().Node(uri)
			assert.False(t, there, uri)
		}
	}),
	"Z-8_a_client_without_serialised_trees_says_415": func(t *testing.T) {
		c := strings.Replace(command("Add", 1, "./X", "xml", "x"), "</Meta>", `<Type xmlns="syncml:metinf">application/vnd.syncml.dmtnds+xml</Type></Meta>`, 1)
		for _, p := range []simdevice.Profile{simdevice.Windows, simdevice.Generic11} {
			s, _ := converse(t, &simdevice.Device{Profile: p}, c)
			assert.Equal(t, "Status 1/1 Add 415", s.said(2)[1])
		}
	},
	"T-23_a_client_without_lists_of_tnds_says_406": func(t *testing.T) {
		for _, p := range []simdevice.Profile{simdevice.Windows, simdevice.Generic11} {
			s, _ := converse(t, &simdevice.Device{Profile: p}, get(1, "./DevInfo?list=TNDS"))
			assert.Contains(t, strings.Join(s.said(2), "\n"), "Status 1/1 Get 406")
		}
	},
	"T-25_properties": func(t *testing.T) {
		d := &simdevice.Device{Now: func() time.Time { return time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC) }}
		got := answers(t, d, set(1, note, "four")+prop(2, note, "Title", "A title")+prop(3, note, "Title", strings.Repeat("x", 256))+
			prop(4, note, "Format", "int")+prop(5, note, "Color", "red")+command("Add", 6, note+"?prop=Title", "", "x")+
			remove(7, note+"?prop=Title")+exec(8, note+"?prop=Title")+get(9, note+"?prop=Color")+get(10, "./Data?prop=Size")+get(11, note+"?color")+
			get(12, note+"?prop=Title")+get(13, note+"?prop=Size")+get(14, note+"?prop=Format")+get(15, "./Data?prop=Format")+
			get(16, note+"?prop=Type")+get(17, "./DMAcc/server?prop=Type")+get(18, note+"?prop=Name")+get(19, note+"?prop=VerNo")+
			get(20, note+"?prop=TStamp")+get(21, "./DevInfo?prop=TStamp")+get(22, ".?prop=ACL"))
		assert.Equal(t, []string{
			"Status 1/1 Replace 200", "Status 1/2 Replace 200", "Status 1/3 Replace 413", "Status 1/4 Replace 405", "Status 1/5 Replace 406", "Status 1/6 Add 405",
			"Status 1/7 Delete 405", "Status 1/8 Exec 405", "Status 1/9 Get 406", "Status 1/10 Get 406", "Status 1/11 Get 406",
		}, got[:11])
		assert.Equal(t, []string{
			"Results 1/12", " ./Data/Note?prop=Title = A title", "Results 1/13", " ./Data/Note?prop=Size = 4",
			"Results 1/14", " ./Data/Note?prop=Format = chr", "Results 1/15", " ./Data?prop=Format = node",
			"Results 1/16", " ./Data/Note?prop=Type = text/plain", "Results 1/17", " ./DMAcc/server?prop=Type = urn:oma:mo:oma-dm-dmacc:1.0",
			"Results 1/18", " ./Data/Note?prop=Name = Note", "Results 1/19", " ./Data/Note?prop=VerNo = 2",
			"Results 1/20", " ./Data/Note?prop=TStamp = 20260301T080000Z", "Results 1/21", " ./DevInfo?prop=TStamp = ",
			"Results 1/22", " .?prop=ACL = Add=*&Get=*", "Final",
		}, got[22:])
	},
	"T-29_rename": func(t *testing.T) {
		d := &simdevice.Device{}
		got := answers(t, d, add(1, "./Data/A/B", "x")+add(2, "./Data/C", "y")+prop(3, "./Data/A", "Name", "C")+prop(4, "./Data/A", "Name", "D/E")+
			prop(5, note, "Name", "Other")+prop(6, ".", "Name", "Other")+prop(7, "./Data/A", "Name", "D e")+get(8, "./Data/D%20e")+
			group("Atomic", 9, prop(10, "./Data/C", "Name", "F"), remove(11, "./Nope")))
		assert.Equal(t, []string{
			"Status 1/1 Add 200", "Status 1/2 Add 200", "Status 1/3 Replace 418", "Status 1/4 Replace 400", "Status 1/5 Replace 405",
			"Status 1/6 Replace 425", "Status 1/7 Replace 200", "Status 1/8 Get 200", "Status 1/9 Atomic 507", "Status 1/10 Replace 216",
			"Status 1/11 Delete 404", "Results 1/8", " ./Data/D%20e node = B", "Final",
		}, got)
		assert.Equal(t, []string{"Note", "Level", "Flag", "Blob", "D e", "C"}, d.Nodes().Names("./Data"))
	},
	"T-31_an_empty_acl_is_that_of_the_node_above": func(t *testing.T) {
		d := &simdevice.Device{ServerID: "one", Profile: simdevice.Generic12}
		put := func(uri, acl string) {
			d.Nodes().Put(uri, simdevice.Node{Format: "node", Access: simdevice.Add | simdevice.Get | simdevice.Delete, ACL: acl})
		}
		put("./Ours", "Add=one&Get=two+one&Delete=two&Replace=one")
		put("./Ours/Theirs", "Get=two")
		put("./Ours/Empty", "")
		got := answers(t, d, get(1, "./Ours")+get(2, "./Ours/Empty")+get(3, "./Ours/Theirs")+get(4, "./Ours/Empty?prop=ACL")+remove(5, "./Ours/Empty")+
			add(6, "./Ours/Empty/X", "x")+add(7, "./Ours/Theirs/X", "x")+set(8, "./Ours/Empty/X", "y")+get(9, "./Ours/Theirs?prop=ACL")+
			copyOf(10, "./Ours/Empty/X", "./Ours/Theirs/Y"))
		assert.Equal(t, []string{
			"Status 1/1 Get 200", "Status 1/2 Get 200", "Status 1/3 Get 425", "Status 1/4 Get 200", "Status 1/5 Delete 425",
			"Status 1/6 Add 200", "Status 1/7 Add 425", "Status 1/8 Replace 200", "Status 1/9 Get 425", "Status 1/10 Copy 425",
			"Results 1/1", " ./Ours node = Theirs/Empty", "Results 1/2", " ./Ours/Empty node = ", "Results 1/4", " ./Ours/Empty?prop=ACL = ", "Final",
		}, got)
	},
	"T-32_who_may_change_an_acl": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12}
		for uri, acl := range map[string]string{"./P": "Get=*", "./P/Ours": "Get=*&Replace=server", "./Q": "Get=*&Replace=server", "./Q/Theirs": "Get=other"} {
			d.Nodes().Put(uri, simdevice.Node{Format: "node", Access: simdevice.Get, ACL: acl})
		}
		d.Nodes().Put("./P/Leaf", simdevice.Node{Access: simdevice.Get | simdevice.Replace, ACL: "Get=*&Replace=server"})
		d.Nodes().Put("./Q/Leaf", simdevice.Node{Access: simdevice.Get | simdevice.Replace, ACL: "Get=other"})
		const acl = "Get=*&Replace=server"
		got := answers(t, d, prop(1, "./P", "ACL", acl)+prop(2, "./P/Ours", "ACL", acl)+prop(3, "./P/Leaf", "ACL", acl)+
			prop(4, "./Q/Theirs", "ACL", acl)+prop(5, "./Q/Leaf", "ACL", "Get=a+b")+prop(6, ".", "ACL", acl))
		assert.Equal(t, []string{
			"Status 1/1 Replace 425", "Status 1/2 Replace 200", "Status 1/3 Replace 425", "Status 1/4 Replace 200", "Status 1/5 Replace 200",
			"Status 1/6 Replace 425", "Final",
		}, got)
		n, _ := d.Nodes().Node("./Q/Leaf")
		assert.Equal(t, "Get=a+b", n.ACL)
	},
	"T-30_an_acl_has_to_be_well_formed": func(t *testing.T) {
		var script []string
		for i, acl := range []string{"Get", "Get=", "Copy=*", "Get=a&Get=b", "Get=a b", "Get=a*", "Get=a&", "Get=*+a&Replace=*", ""} {
			script = append(script, prop(i+1, "./Data", "ACL", acl))
		}
		d := &simdevice.Device{Profile: simdevice.Generic12}
		d.Nodes().Put(".", simdevice.Node{Format: "node", Access: simdevice.Get, ACL: "Add=*&Get=*&Replace=*"})
		got := answers(t, d, strings.Join(script, "")+prop(10, ".", "ACL", ""))
		assert.Equal(t, []string{
			"Status 1/1 Replace 400", "Status 1/2 Replace 400", "Status 1/3 Replace 400", "Status 1/4 Replace 400", "Status 1/5 Replace 400",
			"Status 1/6 Replace 400", "Status 1/7 Replace 400", "Status 1/8 Replace 200", "Status 1/9 Replace 200", "Status 1/10 Replace 405", "Final",
		}, got)
	},
	"T-34_a_new_node_has_no_acl_unless_it_would_be_out_of_reach": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12}
		d.Nodes().Put("./Public", simdevice.Node{Format: "node", Access: simdevice.Add | simdevice.Get})
		got := answers(t, d, add(1, "./Data/X/Y", "x")+add(2, "./Public/X/Y/Z", "x")+set(3, "./Public/X/Y/Z", "y")+remove(4, "./Public/X/Y")+
			get(5, "./Public/X")+add(6, "./Public/Leaf", "x")+set(7, "./Public/Leaf", "y"))
		assert.Equal(t, []string{
			"Status 1/1 Add 200", "Status 1/2 Add 200", "Status 1/3 Replace 200", "Status 1/4 Delete 200", "Status 1/5 Get 200",
			"Status 1/6 Add 200", "Status 1/7 Replace 425", "Results 1/5", " ./Public/X node = ", "Final",
		}, got)
		for uri, want := range map[string]string{"./Data/X": "", "./Data/X/Y": "", "./Public/X": "Add=server&Delete=server&Get=server&Replace=server"} {
			n, _ := d.Nodes().Node(uri)
			assert.Equal(t, want, n.ACL, uri)
		}
	},
	"T-35_an_acl_that_forbids_a_command_is_425": func(t *testing.T) {
		d := &simdevice.Device{Profile: simdevice.Generic12, ServerID: "stranger"}
		d.Nodes().Put("./Q", simdevice.Node{Format: "node", Access: simdevice.Add | simdevice.Get | simdevice.Delete | simdevice.Exec, ACL: "Get=other"})
		d.Nodes().Put("./Q/Leaf", simdevice.Node{Access: simdevice.Replace | simdevice.Get})
		got := answers(t, d, add(1, "./Q/X", "x")+get(2, "./Q")+remove(3, "./Q")+exec(4, "./Q")+set(5, "./Q/Leaf", "x")+copyOf(6, "./Q/Leaf", note)+copyOf(7, note, "./Q/Leaf")+
			prop(8, "./Q/Leaf", "Title", "x")+get(9, "./Q?list=Struct"))
		assert.Equal(t, []string{
			"Status 1/1 Add 425", "Status 1/2 Get 425", "Status 1/3 Delete 425", "Status 1/4 Exec 425", "Status 1/5 Replace 425",
			"Status 1/6 Copy 425", "Status 1/7 Copy 425", "Status 1/8 Replace 425", "Status 1/9 Get 425", "Final",
		}, got)
	},
	"T-40_secrets_of_the_account_cannot_be_read": func(t *testing.T) {
		got := answers(t, &simdevice.Device{}, set(1, "./DMAcc/server/AppAuth/1/AAuthSecret", "x")+get(2, "./DMAcc/server/AppAuth/1/AAuthSecret"))
		assert.Equal(t, []string{"Status 1/1 Replace 200", "Status 1/2 Get 405", "Final"}, got)
	},
	"W-5_windows_has_no_properties": func(t *testing.T) {
		_, got := converse(t, &simdevice.Device{}, get(1, policy+"?prop=ACL")+setInt(2, policy, "1")+get(3, policy+"?prop=Name")+prop(4, policy, "ACL", "Get=*"))
		assert.Equal(t, []string{
			"Status 1/1 Get 404 " + policy + "?prop=ACL", "Status 1/2 Replace 200", "Status 1/3 Get 406 " + policy + "?prop=Name", "Status 1/4 Replace 406", "Final",
		}, got[1:])
	},
}
