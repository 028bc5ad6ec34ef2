package syncml_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

func TestDiffFindsEachDifference(t *testing.T) {
	const a = `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Get</Cmd><TargetRef>./a</TargetRef><SourceRef>./b</SourceRef>` +
		`<Cred><Data>c</Data></Cred><Chal><Meta><NextNonce>n</NextNonce></Meta></Chal><Data>200</Data></Status>` +
		`<Replace><CmdID>2</CmdID><Meta><Size>3</Size></Meta><Item><Target><LocURI>./t</LocURI></Target><Meta><Type>x/y</Type><Anchor><Last>1</Last></Anchor></Meta><Data>v</Data></Item>` +
		`<Item><Data><a b="1"/></Data></Item></Replace><Atomic><CmdID>3</CmdID><Delete><CmdID>4</CmdID></Delete></Atomic><Put><CmdID>5</CmdID><x/></Put>` +
		`<Exec><Correlator>c</Correlator></Exec><Get><Lang>en</Lang></Get><Final/>`
	tests := []struct{ from, to, path string }{
		{`<SessionID>1`, `<SessionID>2`, "SyncHdr/SessionID"},
		{`<VerProto>DM/1.2`, `<VerProto>DM/1.1`, "SyncHdr/VerProto"},
		{`SYNCML:SYNCML1.2`, `SYNCML:SYNCML1.1`, "Namespace"},
		{`<MsgRef>1`, `<MsgRef>01`, "SyncBody/Status[1]/MsgRef"},
		{`<CmdRef>2`, `<CmdRef>3`, "SyncBody/Status[1]/CmdRef"},
		{`<Cmd>Get`, `<Cmd>Put`, "SyncBody/Status[1]/Cmd"},
		{`./a<`, `./c<`, "SyncBody/Status[1]/TargetRef"},
		{`<SourceRef>./b</SourceRef>`, ``, "SyncBody/Status[1]/SourceRef"},
		{`<Cred><Data>c`, `<Cred><Data>d`, "SyncBody/Status[1]/Cred/Data"},
		{`<NextNonce>n`, `<NextNonce>m`, "SyncBody/Status[1]/Chal/Meta/NextNonce"},
		{`<Chal><Meta><NextNonce>n</NextNonce></Meta></Chal>`, ``, "SyncBody/Status[1]/Chal"},
		{`<Data>200`, `<Data>201`, "SyncBody/Status[1]/Data"},
		{`<Size>3`, `<Size>4`, "SyncBody/Replace[1]/Meta/Size"},
		{`<LocURI>./t`, `<LocURI>./u`, "SyncBody/Replace[1]/Item[1]/Target/LocURI"},
		{`<Type>x/y`, `<Type>x/z`, "SyncBody/Replace[1]/Item[1]/Meta/Type"},
		{`<Last>1`, `<Last>2`, "SyncBody/Replace[1]/Item[1]/Meta/Anchor"},
		{`<Data>v</Data>`, `<Data> v</Data>`, "SyncBody/Replace[1]/Item[1]/Data"},
		{`<Data>v</Data>`, ``, "SyncBody/Replace[1]/Item[1]/Data"},
		{`<Data>v</Data>`, `<Data>v</Data><MoreData/>`, "SyncBody/Replace[1]/Item[1]/MoreData"},
		{`<a b="1"/>`, `<a b="2"/>`, "SyncBody/Replace[1]/Item[2]/Data"},
		{`<Item><Data><a b="1"/></Data></Item>`, ``, "SyncBody/Replace[1]/Item"},
		{`<CmdID>4`, `<CmdID>9`, "SyncBody/Atomic[1]/Delete[1]/CmdID"},
		{`<CmdID>4</CmdID>`, `<CmdID>4</CmdID><Archive/>`, "SyncBody/Atomic[1]/Delete[1]/Archive"},
		{`<CmdID>4</CmdID>`, `<CmdID>4</CmdID><SftDel/>`, "SyncBody/Atomic[1]/Delete[1]/SftDel"},
		{`<x/></Put>`, `<y/></Put>`, "SyncBody/Put[1]/Content"},
		{`<Exec>`, `<Exec><NoResp/>`, "SyncBody/Exec[1]/NoResp"},
		{`<Correlator>c`, `<Correlator>d`, "SyncBody/Exec[1]/Correlator"},
		{`<Lang>en`, `<Lang>de`, "SyncBody/Get[1]/Lang"},
		{`<Get><Lang>en</Lang></Get>`, ``, "SyncBody/Get"},
		{`<Get><Lang>en</Lang></Get>`, `<Add/>`, "SyncBody/command 6"},
		{`<Final/>`, ``, "SyncBody/Final"},
	}
	one := decode(t, inBody(a))
	for _, test := range tests {
		t.Run(test.path, func(t *testing.T) {
			changed := strings.Replace(inBody(a), test.from, test.to, 1)
			other := decode(t, changed)
			got := syncml.Diff(one, other)
			if len(got) != 1 || got[0].Path != test.path || got[0].A == got[0].B || !strings.HasPrefix(got[0].String(), test.path+": ") {
				t.Errorf("Diff = %v, want one difference in %s", got, test.path)
			}
			if syncml.Equal(one, other) || syncml.Equal(other, one) {
				t.Error("Equal")
			}
		})
	}
}

// Data is read under the Format of its own message: where only the Formats of the commands differ, the same octets in
// other lines are no difference.
func TestDiffReadsEachDataUnderItsOwnFormat(t *testing.T) {
	const b64 = `<Meta><Format xmlns="syncml:metinf">b64</Format></Meta>`
	own := decode(t, inBody(`<Add><Item>`+b64+`<Data>YWJj</Data></Item></Add>`))
	inherited := decode(t, inBody(`<Add>`+b64+`<Item><Data>YW Jj</Data></Item></Add>`))
	for _, pair := range [][2]*syncml.Message{{own, inherited}, {inherited, own}} {
		got := syncml.Diff(pair[0], pair[1])
		if len(got) != 1 || got[0].Path != "SyncBody/Add[1]/Meta/Format" {
			t.Errorf("Diff = %v, want the Format of the command", got)
		}
	}
}

func TestDiffComparesMeaning(t *testing.T) {
	tests := []struct{ name, a, b string }{
		{"white space", `<Cmd>x</Cmd>`, `<Cmd> x </Cmd>`},
		{"status code", `<Data>200</Data>`, "<Data>200\n</Data>"},
		{"empty Meta", `<Item><Data>1</Data></Item>`, `<Item><Meta/><Data>1</Data></Item>`},
		{"order", `<Cmd>x</Cmd><CmdRef>1</CmdRef>`, `<CmdRef>1</CmdRef><Cmd>x</Cmd>`},
		{"prefixes", `<Item><Data><p:a xmlns:p="u" p:b="1" c="2"/></Data></Item>`, `<Item><Data><q:a  c='2' q:b='&#49;' xmlns:q='u'></q:a></Data></Item>`},
		{"default namespace", `<Item><Data><a xmlns="u"><b/></a></Data></Item>`, `<Item><Data><p:a xmlns:p="u"><p:b/></p:a></Data></Item>`},
		{"namespace of the message", `<Item><Data><a/></Data></Item>`, `<Item><Data><a xmlns="SYNCML:SYNCML1.2"/></Data></Item>`},
		{"text in markup", `<Item><Data><a>&lt;&#13;</a></Data></Item>`, `<Item><Data><a><![CDATA[<]]><!-- c -->&#xD;</a></Data></Item>`},
		{"Type in markup", `<Item><Data><Type xmlns="syncml:metinf">1</Type></Data></Item>`, `<Item><Data><Type xmlns='syncml:metinf'>1</Type></Data></Item>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			a, b := decode(t, inBody("<Status>"+test.a+"</Status>")), decode(t, inBody("<Status>"+test.b+"</Status>"))
			if d := syncml.Diff(a, b); len(d) != 0 || !syncml.Equal(a, b) {
				t.Errorf("Diff = %v", d)
			}
		})
	}
	for _, test := range [][2]string{
		{`<a xmlns="u"/>`, `<a/>`}, {`<a xmlns="u"/>`, `<a xmlns="v"/>`}, {`<p:a xmlns:p="u"/>`, `<p:a xmlns:p="v"/>`}, {`<a>x</a>`, `<a> x</a>`}, {`<a/>`, `<a/><a/>`},
		{`<a b="1"/>`, `<a c="1"/>`}, {`<p:a xmlns:p="u" p:b="1"/>`, `<p:a xmlns:p="u" b="1"/>`}, {`<Type xmlns="syncml:metinf">1</Type>`, `<Type>1</Type>`},
		{`<a/>x`, `x<a/>`}, {`<a><b/></a>`, `<a/><b/>`}, {`<a>&lt;b&gt;</a>`, `<a><b/></a>`},
	} {
		a, b := withItem(syncml.Item{Data: syncml.Markup(test[0])}), withItem(syncml.Item{Data: syncml.Markup(test[1])})
		if syncml.Equal(a, b) {
			t.Errorf("%s is equal to %s", test[0], test[1])
		}
	}
}

func TestEncodeRefusesWhatItCannotWrite(t *testing.T) {
	deep := &syncml.Atomic{Body: []syncml.Command{&syncml.Add{Items: []syncml.Item{{}, {Data: syncml.Octets(nil)}}}}}
	tests := []struct {
		command syncml.Command
		path    string
	}{
		{deep, "Atomic/Add/Item[2]/Data"},
		{&syncml.Get{CmdID: "\x00"}, "Get/CmdID"},
		{&syncml.Atomic{Body: []syncml.Command{&syncml.Add{Items: []syncml.Item{{}}}, &syncml.Get{CmdID: "\x00"}}}, "Atomic/Get/CmdID"},
		{&syncml.Get{Cred: &syncml.Cred{Meta: &syncml.Meta{Type: "\x00"}}}, "Get/Cred/Meta/Type"},
		{&syncml.Get{Cred: &syncml.Cred{Data: syncml.Octets(nil)}}, "Get/Cred/Data"},
		{&syncml.Get{Meta: &syncml.Meta{Extra: []syncml.Element{{Name: "a b"}}}}, "Get/Meta"},
		{&syncml.Get{Meta: &syncml.Meta{Extra: []syncml.Element{{Name: "Type"}}}}, "Get/Meta"},
		{&syncml.Get{Meta: &syncml.Meta{Extra: []syncml.Element{{Name: "Anchor", Space: "urn:v"}}}}, "Get/Meta"},
		{&syncml.Get{Meta: &syncml.Meta{Extra: []syncml.Element{{Name: "a", Content: "<b>"}}}}, "Get/Meta"},
		{&syncml.Get{Meta: &syncml.Meta{Extra: []syncml.Element{{Name: "a", Space: "\x00"}}}}, "Get/Meta"},
		{&syncml.Status{Chal: &syncml.Chal{Meta: &syncml.Meta{NextNonce: "\xFF"}}}, "Status/Meta/NextNonce"},
		{&syncml.Unknown{Element: ""}, ""},
		{&syncml.Unknown{Element: "Add"}, "Add"},
		{&syncml.Unknown{Element: "a:b"}, "a:b"},
		{&syncml.Sequence{Body: []syncml.Command{&syncml.Get{}, &syncml.Unknown{Element: "Item"}}}, "Sequence/Item"},
		{&syncml.Unknown{Element: "Put", Content: "<p:a/>"}, "Put"},
		{&syncml.Unknown{Element: "Put", Content: "</Put><Put>"}, "Put"},
		{nil, "SyncBody"},
		{&syncml.Sequence{Body: []syncml.Command{nil}}, "Sequence"},
	}
	for _, test := range tests {
		_, err := syncml.XML.AppendCommand(nil, test.command)
		e, ok := err.(*syncml.EncodeError)
		if !ok || e.Path != test.path {
			t.Errorf("%#v: error %v, want an *EncodeError in %s", test.command, err, test.path)
		}
	}
	_, err := syncml.XML.AppendHeader(nil, &syncml.Header{MsgID: "\x00"})
	if e, ok := err.(*syncml.EncodeError); !ok || e.Path != "SyncHdr/MsgID" {
		t.Errorf("error %v", err)
	}
}
