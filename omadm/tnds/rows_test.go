package tnds_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/tnds"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// rowTest proves one row of the protocol; its name begins with the identifier of the row.
type rowTest struct {
	name string
	run  func(*testing.T)
}

func TestRows(t *testing.T) {
	for _, row := range rows {
		t.Run(row.name, row.run)
	}
}

// leaf and interior are nodes as Parse returns them.
func leaf(name, value string) *tnds.Node {
	return &tnds.Node{Name: name, Value: omadm.Value{Format: omadm.FormatChr, Type: "text/plain", Data: syncml.Text(value)}}
}

func interior(name string, children ...*tnds.Node) *tnds.Node {
	return &tnds.Node{Name: name, Value: omadm.Node(), Nodes: children}
}

func tree(nodes ...*tnds.Node) *tnds.Tree { return &tnds.Tree{Nodes: nodes} }

// document puts nodes into a MgmtTree.
func document(nodes string) string {
	return `<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD>` + nodes + `</MgmtTree>`
}

func parse(t *testing.T, doc string) *tnds.Tree {
	t.Helper()
	got, err := tnds.Parse([]byte(doc))
	if err != nil {
		t.Fatalf("%s: %v", doc, err)
	}
	return got
}

func write(t *testing.T, tr *tnds.Tree) string {
	t.Helper()
	b, err := tr.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// same reports a difference; test messages may show values.
func same(t *testing.T, what string, got, want *tnds.Tree) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// refused checks that a document is a *tnds.SyntaxError for a reason that contains the words.
func refused(t *testing.T, what, doc, words string) {
	t.Helper()
	got, err := tnds.Parse([]byte(doc))
	var e *tnds.SyntaxError
	if got != nil || !errors.As(err, &e) || !strings.Contains(e.Reason, words) {
		t.Errorf("%s: got %v and %v, want a SyntaxError about %q", what, got, err, words)
	}
}

var rows = []rowTest{
	{"Z-1_media_types", func(t *testing.T) {
		tr := tree(leaf("a", "b"))
		v, err := tr.Value()
		if err != nil {
			t.Fatal(err)
		}
		if v.Format != omadm.FormatXML || v.Type != "application/vnd.syncml.dmtnds+xml" {
			t.Errorf("written as %v", v)
		}
		for _, ok := range []omadm.Value{
			v,
			{Format: "xml", Type: "\n  application/vnd.syncml.dmtnds+xml\t", Data: v.Data},
			{Type: tnds.TypeXML, Data: v.Data}, // Format left out
			{Format: "b64", Type: tnds.TypeXML, Data: omadm.Bytes([]byte(v.Data.Value)).Data},
			{Format: "bin", Type: tnds.TypeWBXML, Data: syncml.Markup(v.Data.Value)}, // tokens inside the message
		} {
			got, err := tnds.FromValue(ok)
			if err != nil {
				t.Fatalf("%v: %v", ok, err)
			}
			same(t, ok.String(), got, tr)
		}
		document := "\x02\x00\x00\x6a\x1a-//OMA//DTD-DM-DDF 1.2//EN\x60\x01"
		for name, v := range map[string]omadm.Value{
			"another type":   {Format: "xml", Type: "text/xml", Data: v.Data},
			"no type":        {Format: "xml", Data: v.Data},
			"no data":        {Format: "xml", Type: tnds.TypeXML},
			"WBXML, octets":  {Format: "bin", Type: tnds.TypeWBXML, Data: syncml.Octets([]byte(document))},
			"WBXML, base64":  {Format: "b64", Type: tnds.TypeWBXML, Data: omadm.Bytes([]byte(document)).Data},
			"not the base64": {Format: "b64", Type: tnds.TypeWBXML, Data: syncml.Text("!")},
		} {
			var e *omadm.ValueError
			if got, err := tnds.FromValue(v); got != nil || !errors.As(err, &e) {
				t.Errorf("%s: got %v and %v, want a ValueError", name, got, err)
			}
		}
	}},
	{"Z-2_root_version_man_mod_and_nodes", func(t *testing.T) {
		const nodes = `<Node><NodeName>a</NodeName><Value>b</Value></Node>`
		want := &tnds.Tree{Man: "Example", Mod: "One & two", Nodes: []*tnds.Node{leaf("a", "b")}}
		const head = `<VerDTD>1.2</VerDTD><Man>Example</Man><Mod>One &amp; two</Mod>`
		for name, doc := range map[string]string{
			"default namespace": `<MgmtTree xmlns="syncml:dmddf1.2">` + head + nodes + `</MgmtTree>`,
			"declaration":       "\ufeff" + `<?xml version="1.0" encoding="utf-8"?><MgmtTree xmlns='syncml:dmddf1.2'>` + head + nodes + `</MgmtTree>`,
			"no namespace":      `<MgmtTree>` + head + nodes + `</MgmtTree>`,
			"prefix": `<d:MgmtTree xmlns:d="syncml:dmddf1.2"><d:VerDTD>1.2</d:VerDTD><d:Man>Example</d:Man><d:Mod>One &#38; two</d:Mod>` +
				`<d:Node><d:NodeName>a</d:NodeName><d:Value>b</d:Value></d:Node></d:MgmtTree>`,
			"order": `<MgmtTree xmlns="syncml:dmddf1.2">` + nodes + `<Mod>One &amp; two</Mod><Man> Example </Man></MgmtTree>`,
		} {
			same(t, name, parse(t, doc), want)
		}
		if got := write(t, want); !strings.HasPrefix(got, `<MgmtTree xmlns="syncml:dmddf1.2">`+head+`<Node>`) {
			t.Errorf("wrote %s", got)
		}
		refused(t, "another root", `<Node xmlns="syncml:dmddf1.2"/>`, "root")
		refused(t, "another namespace", `<MgmtTree xmlns="syncml:metinf">`+nodes+`</MgmtTree>`, "root")
		refused(t, "no nodes", document(""), "without a node")
		refused(t, "two versions", document("<VerDTD>1.2</VerDTD>"), "VerDTD twice")
		refused(t, "another generation", `<MgmtTree><VerDTD>2.0</VerDTD>`+nodes+`</MgmtTree>`, "VerDTD")
	}},
	{"Z-3_node_name_path_properties_then_nodes_or_value", func(t *testing.T) {
		got := parse(t, document(`<Node><NodeName>a b</NodeName><RTProperties><Format><node/></Format></RTProperties>
			<Node><NodeName>c</NodeName><Path>a%20b</Path><RTProperties/><Value> x </Value></Node></Node>`))
		same(t, "nested", got, tree(interior("a b", leaf("c", " x "))))

		// A node without a name is the target.
		got = parse(t, document(`<Node><NodeName/><Node><NodeName>c</NodeName><Value>x</Value></Node></Node>`))
		same(t, "target", got, tree(interior("", leaf("c", "x"))))
		var uris []string
		for u, n := range got.All("./Vendor/Ex?prop=Name") {
			uris = append(uris, string(u)+" "+n.Name)
		}
		if want := []string{"./Vendor/Ex ", "./Vendor/Ex/c c"}; !cmp.Equal(uris, want) {
			t.Errorf("got %q, want %q", uris, want)
		}
		same(t, "target again", parse(t, write(t, got)), got)

		const named = `<NodeName>a</NodeName>`
		refused(t, "no name", document(`<Node><Value>x</Value></Node>`), "without a NodeName")
		refused(t, "two names", document(`<Node>`+named+named+`</Node>`), "NodeName twice")
		refused(t, "no name below", document(`<Node>`+named+`<Node><NodeName/></Node></Node>`), "without a name")
		refused(t, "no name at a path", document(`<Node><NodeName/><Path>a</Path></Node>`), "without a name")
		refused(t, "value and node", document(`<Node>`+named+`<Value>x</Value><Node><NodeName>b</NodeName></Node></Node>`), "children")
		refused(t, "value and a child elsewhere", document(`<Node>`+named+`<Value>x</Value></Node><Node><NodeName>b</NodeName><Path>a</Path></Node>`), "with a value")
		refused(t, "a child elsewhere and value", document(`<Node><NodeName>b</NodeName><Path>a</Path></Node><Node>`+named+`<Value>x</Value></Node>`), "children")
		refused(t, "value of an interior node", document(`<Node>`+named+`<RTProperties><Format><node/></Format></RTProperties><Value>x</Value></Node>`), "interior")
		refused(t, "elements in the value", document(`<Node>`+named+`<Value><b/></Value></Node>`), "elements")
		refused(t, "elements in the name", document(`<Node><NodeName><b/></NodeName></Node>`), "elements")
		refused(t, "name with a delimiter", document(`<Node><NodeName>a/b</NodeName></Node>`), "no node can have")
	}},
	{"Z-4_flat_and_nested_are_the_same_tree", func(t *testing.T) {
		want := tree(interior("Mail", interior("Pop 3", leaf("Host", "a"), leaf("Port", "110"))), leaf("Top", "t"))
		flat, err := want.AppendFlat(nil)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(flat), "</Node><Node>"); n != 4 || !strings.Contains(string(flat), "<Path>Mail/Pop%203</Path>") {
			t.Errorf("not flat: %s", flat)
		}
		const (
			host = `<NodeName>Host</NodeName><RTProperties><Type><MIME>text/plain</MIME></Type></RTProperties><Value>a</Value>`
			port = `<NodeName>Port</NodeName><Value>110</Value>`
			pop  = `<NodeName>Pop 3</NodeName>`
			mail = `<NodeName>Mail</NodeName><RTProperties><Format><node/></Format></RTProperties>`
			top  = `<Node><NodeName>Top</NodeName><Value>t</Value></Node>`
		)
		for name, doc := range map[string]string{
			"written flat":   string(flat),
			"written nested": write(t, want),
			"nested":         document(`<Node>` + mail + `<Node>` + pop + `<Node>` + host + `</Node><Node>` + port + `</Node></Node></Node>` + top),
			"flat": document(`<Node>` + mail + `</Node><Node>` + pop + `<Path>Mail</Path></Node><Node>` + host + `<Path>Mail/Pop%203</Path></Node>` +
				`<Node>` + port + `<Path>./Mail/Pop%203</Path></Node><Node><NodeName>Top</NodeName><Path>.</Path><Value>t</Value></Node>`),
			"children first": document(`<Node>` + host + `<Path>Mail/Pop%203</Path></Node><Node>` + mail + `</Node><Node>` + port +
				`<Path>Mail/Pop%203</Path></Node><Node>` + pop + `<Path>Mail</Path></Node>` + top),
			"only leaves": document(`<Node>` + host + `<Path>Mail/Pop%203</Path></Node><Node>` + port + `<Path>Mail/Pop%203</Path></Node>` + top),
			"continued": document(`<Node>` + mail + `<Node>` + pop + `</Node></Node><Node>` + host + `<Path>Mail/Pop%203</Path></Node><Node>` + port +
				`<Path>Mail/Pop%203</Path></Node><Node><NodeName>Top</NodeName><Path>./</Path><Value>t</Value></Node>`),
		} {
			same(t, name, parse(t, doc), want)
		}
		target := tree(interior("", interior("a", leaf("b", ""))))
		flat, err = target.AppendFlat([]byte("before"))
		if err != nil {
			t.Fatal(err)
		}
		same(t, "target", parse(t, strings.TrimPrefix(string(flat), "before")), target)

		refused(t, "described twice", document(top+top), "twice")
		refused(t, "twice by a path", document(`<Node>`+mail+`<Node>`+pop+`</Node></Node><Node>`+pop+`<Path>Mail</Path></Node>`), "twice")
		refused(t, "path of another place", document(`<Node>`+mail+`<Node>`+pop+`<Path>Other</Path></Node></Node>`), "another place")
		refused(t, "name of white space", document(`<Node><NodeName>n</NodeName><Path>a/%20</Path></Node>`), "white space")
		for _, path := range []string{"/a", "a/", "a//b", "../a", "a?prop=ACL", "<b/>", "%zz"} {
			refused(t, path, document(`<Node><NodeName>n</NodeName><Path>`+path+`</Path></Node>`), "Path")
		}
	}},
	{"Z-5_escaped_in_cdata_or_raw_elements", func(t *testing.T) {
		want := tree(interior("Mail", leaf("Host", `<&">`), leaf("Lines", "a\r\n\tb")))
		v, err := want.Value()
		if err != nil {
			t.Fatal(err)
		}
		raw := v.Data.Value
		const item = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID>` +
			`<Target><LocURI>a</LocURI></Target><Source><LocURI>b</LocURI></Source></SyncHdr><SyncBody><Results><CmdID>1</CmdID><Item><Meta>` +
			`<Format xmlns="syncml:metinf">xml</Format><Type xmlns="syncml:metinf">application/vnd.syncml.dmtnds+xml</Type></Meta><Data>`
		escaped := strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(raw)
		for name, data := range map[string]string{"escaped": escaped, "CDATA": "<![CDATA[" + raw + "]]>", "raw": raw} {
			m, err := syncml.Decode([]byte(item + data + `</Data></Item></Results><Final/></SyncBody></SyncML>`))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			got, err := tnds.FromValue(omadm.ItemValue(&m.Body[0].ItemList()[0]))
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			same(t, name, got, want)
		}
		// What is written is escaped, in both encodings.
		op, err := tnds.Op(omadm.Add, "./Vendor/Ex", want)
		if err != nil {
			t.Fatal(err)
		}
		c, err := op.Command("1")
		if err != nil {
			t.Fatal(err)
		}
		if d := c.ItemList()[0].Data; d.Kind != syncml.TextData {
			t.Errorf("data is %v, want text", d)
		}
		for _, codec := range []syncml.Codec{syncml.XML, wbxml.Codec} {
			m := &syncml.Message{Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1"}, Body: []syncml.Command{c}}
			b, err := syncml.Append(nil, codec, m)
			if err != nil {
				t.Fatal(err)
			}
			if m, err = codec.Decode(b, syncml.Limits{}); err != nil {
				t.Fatal(err)
			}
			got, err := tnds.FromValue(omadm.ItemValue(&m.Body[0].ItemList()[0]))
			if err != nil {
				t.Fatal(err)
			}
			same(t, codec.ContentType(), got, want)
		}
	}},
	{"Z-6_elements_that_must_be_known", func(t *testing.T) {
		want := &tnds.Tree{Nodes: []*tnds.Node{{
			Name: "Mail", Value: omadm.Node(), DDFName: "org.example/1.0/Mail",
			Properties: tnds.Properties{
				ACL: omadm.ACL{Get: []string{"*"}, Replace: []string{"a", "b"}}, Name: "Mail", Title: "Mail <1>",
				TStamp: "2026-01-02T03:04:05Z", VerNo: "7",
			},
			Nodes: []*tnds.Node{
				{Name: "Port", Value: omadm.Value{Format: "int", Type: "text/plain", Data: syncml.Text("110")}, Properties: tnds.Properties{Size: "3"}},
				{Name: "Odd", Value: omadm.Value{Format: "x-other", Type: "a/b", Data: syncml.Text("?")}},
				{Name: "Unsaid", Value: omadm.Value{Format: "chr", Type: "text/plain"}},
				{Name: "Empty", Value: omadm.Value{Format: "chr", Type: "text/plain", Data: syncml.Text("")}},
				{Name: "Nothing", Value: omadm.Value{Format: "null", Type: "text/plain"}},
				{Name: "Named", Value: omadm.Value{Format: "chr", Data: syncml.Text("x")}, DDFName: "n"},
				{Name: "Typed", Value: omadm.Value{Format: "node", Type: "a/b"}},
			},
		}}}
		const doc = `<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>Mail</NodeName><RTProperties>` +
			`<ACL>Get=*&amp;Replace=a+b</ACL><Format><node/></Format><Name>Mail</Name><Title>Mail &lt;1&gt;</Title>` +
			`<TStamp>2026-01-02T03:04:05Z</TStamp><Type><DDFName>org.example/1.0/Mail</DDFName></Type><VerNo>7</VerNo></RTProperties>` +
			`<Node><NodeName>Port</NodeName><RTProperties><Format><int/></Format><Size>3</Size><Type><MIME>text/plain</MIME></Type></RTProperties><Value>110</Value></Node>` +
			`<Node><NodeName>Odd</NodeName><RTProperties><Format><x-other/></Format><Type><MIME>a/b</MIME></Type></RTProperties><Value>?</Value></Node>` +
			`<Node><NodeName>Unsaid</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties></Node>` +
			`<Node><NodeName>Empty</NodeName><RTProperties><Format><chr/></Format><Type><MIME>text/plain</MIME></Type></RTProperties><Value/></Node>` +
			`<Node><NodeName>Nothing</NodeName><RTProperties><Format><null/></Format><Type><MIME>text/plain</MIME></Type></RTProperties></Node>` +
			`<Node><NodeName>Named</NodeName><RTProperties><Format><chr/></Format><Type><DDFName>n</DDFName></Type></RTProperties><Value>x</Value></Node>` +
			`<Node><NodeName>Typed</NodeName><RTProperties><Format><node/></Format><Type><MIME>a/b</MIME></Type></RTProperties></Node>` +
			`</Node></MgmtTree>`
		same(t, "read", parse(t, doc), want)
		if got := write(t, want); got != doc {
			t.Errorf("wrote %s\nwant %s", got, doc)
		}
		extended := strings.NewReplacer(`<Value/>`, `<Value><?p?></Value><x:More xmlns:x="urn:x"><Value/></x:More>`,
			`<VerNo>`, `<AccessType><Get/></AccessType><!-- more --><VerNo>`, `</VerDTD>`, `</VerDTD><Other/>`).Replace(doc)
		same(t, "with elements that are not known", parse(t, extended), want)

		const before, after = `<Node><NodeName>a</NodeName><RTProperties>`, `</RTProperties></Node>`
		for words, props := range map[string]string{
			"ACL":            `<ACL>Get</ACL>`,
			"ACL twice":      `<ACL/><ACL/>`,
			"Title with":     `<Title><b/></Title>`,
			"not one format": `<Format><chr/><int/></Format>`,
			"MIME twice":     `<Type><MIME/><MIME/></Type>`,
			"RTProperties":   `</RTProperties><RTProperties>`,
			"Type twice":     `<Type/><Type/>`,
			"Format twice":   `<Format/><Format/>`,
		} {
			refused(t, words, document(before+props+after), words)
		}
	}},
	{"Z-7_missing_properties_and_formats", func(t *testing.T) {
		got := parse(t, document(`<Node><NodeName>Mail</NodeName><Node><NodeName>Pop</NodeName><RTProperties><Format/></RTProperties>
			<Value/><Node><NodeName>Host</NodeName><Value>h</Value></Node></Node><Node><NodeName>Leaf</NodeName><RTProperties/></Node></Node>`))
		unsaid := leaf("Leaf", "")
		unsaid.Value.Data = syncml.Data{}
		same(t, "nested", got, tree(interior("Mail", interior("Pop", leaf("Host", "h")), unsaid)))

		// Children that are named elsewhere count.
		got = parse(t, document(`<Node><NodeName>Mail</NodeName></Node><Node><NodeName>Host</NodeName><Path>Mail</Path><Value>h</Value></Node>`))
		same(t, "flat", got, tree(interior("Mail", leaf("Host", "h"))))

		// So does what the tree is made of by hand.
		got = &tnds.Tree{Nodes: []*tnds.Node{{Name: "Mail", Nodes: []*tnds.Node{{Name: "Host", Value: omadm.Value{Data: syncml.Text("h")}}}}}}
		same(t, "written", parse(t, write(t, got)), tree(interior("Mail", leaf("Host", "h"))))
	}},
	{"Z-8_one_operation_with_one_status", func(t *testing.T) {
		tr := tree(interior("Mail", leaf("Host", "h")))
		for _, verb := range []omadm.Verb{omadm.Add, omadm.Replace} {
			op, err := tnds.Op(verb, "./Vendor/Ex", tr)
			if err != nil {
				t.Fatal(err)
			}
			req := omadm.Request{ID: "1", Ops: []omadm.Op{op}}
			if err := req.Validate(); err != nil {
				t.Fatal(err)
			}
			c, err := op.Command("2")
			if err != nil {
				t.Fatal(err)
			}
			items := c.ItemList()
			if c.Name() != verb.String() || len(items) != 1 || items[0].Target.URI != "./Vendor/Ex" || items[0].Meta.Type != tnds.TypeXML || items[0].Meta.Format != "xml" {
				t.Errorf("%v: got %s with %d items", verb, c.Name(), len(items))
			}
			for status, want := range map[omadm.Status]omadm.Kind{omadm.StatusOK: omadm.Done, omadm.StatusUnsupportedFormat: omadm.Failed} {
				got, ok := omadm.Summarize(&req, 1, omadm.Report{}, []omadm.Report{{Status: status}})
				if !ok || got.Kind != want {
					t.Errorf("%v answered %v: got %v, want %v", verb, status, got.Kind, want)
				}
			}
		}
		for _, verb := range []omadm.Verb{omadm.Get, omadm.Delete, omadm.Exec, omadm.Copy, 0} {
			if _, err := tnds.Op(verb, "./Vendor/Ex", tr); err == nil {
				t.Errorf("%v of a tree", verb)
			}
		}
		var e *omadm.URIError
		if _, err := tnds.Op(omadm.Add, "/a", tr); !errors.As(err, &e) {
			t.Errorf("got %v, want a URIError", err)
		}
		if _, err := tnds.Op(omadm.Add, "./a", &tnds.Tree{}); err == nil {
			t.Error("an empty tree")
		}
	}},
	{"Z-9_binary_values_are_base64", func(t *testing.T) {
		octets := "\x00\x01\xfe\xff<"
		want := tree(
			&tnds.Node{Name: "Bin", Value: omadm.Value{Format: "bin", Type: "a/b", Data: syncml.Octets([]byte(octets))}},
			&tnds.Node{Name: "B64", Value: omadm.Value{Format: "b64", Type: "a/b", Data: syncml.Text("AAH+/zw=")}},
			&tnds.Node{Name: "None", Value: omadm.Value{Format: "bin", Type: "a/b", Data: syncml.Octets(nil)}},
		)
		doc := write(t, want)
		if n := strings.Count(doc, "<Value>AAH+/zw=</Value>"); n != 2 {
			t.Errorf("%d values in base64: %s", n, doc)
		}
		got := parse(t, doc)
		same(t, "read again", got, want)
		for _, n := range got.Nodes[:2] {
			if b, err := n.Value.Bytes(); err != nil || string(b) != octets {
				t.Errorf("%s: got % x and %v", n.Name, b, err)
			}
		}
		lines := parse(t, strings.ReplaceAll(doc, "AAH+/zw=", "\n AAH+\n /zw=\n"))
		if b, err := lines.Nodes[0].Value.Bytes(); err != nil || string(b) != octets {
			t.Errorf("with line breaks: % x and %v", b, err)
		}
		refused(t, "not base64", strings.Replace(doc, "AAH+/zw=", "!", 1), "base64")
	}},
	{"T-22_lists_pick_or_leave_out_properties", func(t *testing.T) {
		for want, u := range map[omadm.URI]omadm.URI{
			"./Vendor?list=TNDS":           omadm.URI("./Vendor").WithList(omadm.ListTNDS),
			"./Vendor?list=TNDS+Value+ACL": omadm.URI("./Vendor").WithList(omadm.ListTNDS, "+Value", "+ACL"),
			"./Vendor?list=TNDS-Format":    omadm.URI("./Vendor").WithList(omadm.ListTNDS, "-Format"),
		} {
			op := omadm.Op{Verb: omadm.Get, URI: u}
			if err := op.Validate(); err != nil || u != want {
				t.Errorf("got %s and %v, want %s", u, err, want)
			}
		}
		for _, list := range []string{"TNDS+Value-ACL", "TNDS-Value+ACL", "TNDS+", "TNDS+Values", "TNDSACL", "TNDS Value"} {
			if err := omadm.URI("./Vendor?list=" + list).Validate(); err == nil {
				t.Errorf("list %q is accepted", list)
			}
		}
		// What was left out is missing in the answer, not empty.
		with := parse(t, document(`<Node><NodeName>a</NodeName><RTProperties><Format><int/></Format></RTProperties><Value>1</Value></Node>`))
		without := parse(t, document(`<Node><NodeName>a</NodeName><RTProperties><Format><int/></Format></RTProperties></Node>`))
		if with.Nodes[0].Value.Data != syncml.Text("1") || without.Nodes[0].Value.Data.Kind != syncml.NoData {
			t.Errorf("got %v and %v", with.Nodes[0].Value, without.Nodes[0].Value)
		}
	}},
}
