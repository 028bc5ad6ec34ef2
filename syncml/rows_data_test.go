package syncml_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/sample"
)

var dataRows = []rowTest{
	{"D-1_formats_known_and_unknown_are_kept", func(t *testing.T) {
		for _, format := range []string{"b64", "bin", "bool", "chr", "int", "node", "null", "xml", "date", "time", "float", "vendor"} {
			equal(t, item(t, `<Meta><Format>`+format+`</Format></Meta>`).Meta, &syncml.Meta{Format: format})
		}
	}},
	{"D-2_types_of_all_kinds_are_kept", func(t *testing.T) {
		for _, kind := range []string{"text/plain", "urn:oma:mo:oma-dm-dmacc:1.0", "com.microsoft/MDM/LoginStatus", "syncml:auth-md5", "application/vnd.syncml.dmtnds+xml"} {
			equal(t, item(t, `<Meta><Type>`+kind+`</Type></Meta>`).Meta, &syncml.Meta{Type: kind})
		}
	}},
	{"D-3_a_missing_Meta_means_text", func(t *testing.T) {
		a := decode(t, inItem(`<Data>x</Data>`))
		for _, in := range []string{`<Meta/><Data>x</Data>`, `<Meta><Format>chr</Format></Meta><Data>x</Data>`, `<Meta><Type>text/plain</Type><Format>chr</Format></Meta><Data>x</Data>`} {
			if b := decode(t, inItem(in)); !syncml.Equal(a, b) {
				t.Error(syncml.Diff(a, b))
			}
		}
		if syncml.Equal(a, decode(t, inItem(`<Meta><Format>int</Format></Meta><Data>x</Data>`))) {
			t.Error("int is the default too")
		}
	}},
	{"D-4_base64_passes_as_text_and_octets_are_refused", func(t *testing.T) {
		equal(t, item(t, `<Meta><Format>b64</Format></Meta><Data>AAEC</Data>`).Data, syncml.Text("AAEC"))
		refusedValue(t, syncml.Item{Data: syncml.Octets([]byte{0, 1, 2})}, "Replace/Item[1]/Data")
	}},
	{"D-5_octets_and_base64_are_equal_by_format", func(t *testing.T) {
		octets := withItem(syncml.Item{Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte{0, 1, 2})})
		text := withItem(syncml.Item{Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Text("AAEC")})
		if !syncml.Equal(octets, text) {
			t.Error(syncml.Diff(octets, text))
		}
		if syncml.Equal(octets, withItem(syncml.Item{Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte("AAEC"))})) {
			t.Error("octets are read as base64")
		}
		plain := withItem(syncml.Item{Data: syncml.Text("AAEC")})
		if syncml.Equal(withItem(syncml.Item{Data: syncml.Octets([]byte{0, 1, 2})}), plain) {
			t.Error("equal under chr too")
		}
	}},
	{"D-6_Size_is_handed_on_as_written", func(t *testing.T) {
		equal(t, item(t, `<Meta><Format>b64</Format><Size>4</Size></Meta><Data>AAEC</Data>`).Meta, &syncml.Meta{Format: "b64", Size: "4"})
	}},
	{"D-7_values_pass_unchecked", func(t *testing.T) {
		for _, value := range []string{"-0007", "TRUE", "2026-11-23T06:54:34.0000000Z", "1e400", ""} {
			equal(t, item(t, `<Meta><Format>int</Format></Meta><Data>`+value+`</Data>`).Data, syncml.Text(value))
		}
	}},
	{"D-8_markup_in_text_is_escaped", func(t *testing.T) {
		m := withItem(syncml.Item{Data: syncml.Text(`<enabled/> & "more"`)})
		if out := encode(t, m); !strings.Contains(out, `<Data>&lt;enabled/&gt; &amp; "more"</Data>`) {
			t.Error(out)
		}
		roundTrip(t, m)
	}},
	{"D-9_escapes_CDATA_and_pieces_are_the_same_text", func(t *testing.T) {
		want := syncml.Text("<a>&\n]]>")
		for _, data := range []string{
			"&lt;a&gt;&amp;\n]]&gt;", "&#60;a&#x3e;&#38;&#xa;]]&#62;", "<![CDATA[<a>&\n]]]]><![CDATA[>]]>", "<![CDATA[<a]]>&gt;<!-- c --><![CDATA[&\r\n]]>]]&gt;",
			"&lt;<![CDATA[a>]]>&amp;\r]]<?pi?>&gt;",
		} {
			equal(t, item(t, "<Data>"+data+"</Data>").Data, want)
		}
		equal(t, item(t, "<Data><![CDATA[]]></Data>").Data, syncml.Text(""))
		equal(t, item(t, "<Data><![CDATA[ x ]]></Data>").Data, syncml.Text(" x "))
	}},
	{"D-10_child_elements_are_kept_as_markup_with_their_bindings", testMarkup},
	{"D-11_absent_and_empty_data_are_two", func(t *testing.T) {
		equal(t, item(t, `<Meta><Format>null</Format></Meta>`).Data, syncml.Data{})
		equal(t, item(t, `<Meta><Format>chr</Format></Meta><Data/>`).Data, syncml.Text(""))
	}},
	{"D-12_characters_that_XML_cannot_carry_are_refused", func(t *testing.T) {
		for _, value := range []string{"\x00", "\x08", "\x1F", "\uFFFE", "\uFFFF", "\xFF", "\xC3", "\xED\xA0\x80", "a long text with \x0B in it"} {
			refusedValue(t, syncml.Item{Data: syncml.Text(value)}, "Replace/Item[1]/Data")
			refusedValue(t, syncml.Item{Target: syncml.Location{URI: value}}, "Replace/Item[1]/Target/LocURI")
			refusedValue(t, syncml.Item{Meta: &syncml.Meta{Type: value}}, "Replace/Item[1]/Meta/Type")
			refusedValue(t, syncml.Item{Data: syncml.Data{Kind: syncml.TextData, OriginalError: value}}, "Replace/Item[1]/Data")
		}
		roundTrip(t, withItem(syncml.Item{Data: syncml.Text("\t\n\r\u007F\u0085\uF000\uFFFD\U0010FFFF")}))
	}},
	{"D-13_the_end_of_CDATA_in_text_is_escaped", func(t *testing.T) {
		m := withItem(syncml.Item{Data: syncml.Text("a]]>b")})
		if out := encode(t, m); strings.Contains(out, "]]>") {
			t.Error(out)
		}
		roundTrip(t, m)
	}},
	{"D-14_Meta_of_command_and_item_are_both_kept", func(t *testing.T) {
		m := decode(t, inBody(`<Add><CmdID>1</CmdID><Meta><Format>int</Format></Meta><Item><Meta><Type>t</Type></Meta><Data>1</Data></Item></Add>`))
		equal(t, m.Body, []syncml.Command{&syncml.Add{CmdID: "1", Meta: &syncml.Meta{Format: "int"}, Items: []syncml.Item{{Meta: &syncml.Meta{Type: "t"}, Data: syncml.Text("1")}}}})
		same := decode(t, inBody(`<Add><CmdID>1</CmdID><Meta><Format>int</Format></Meta><Item><Meta><Format>int</Format><Type>t</Type></Meta><Data>1</Data></Item></Add>`))
		if !syncml.Equal(m, same) {
			t.Error(syncml.Diff(m, same))
		}
	}},
	{"D-15_Type_and_Format_beside_Meta_are_read_as_inside", func(t *testing.T) {
		want := &syncml.Meta{Format: "chr", Type: "com.microsoft.mdm.synctype"}
		for _, in := range []string{
			`<Meta><Format>chr</Format></Meta><Type>com.microsoft.mdm.synctype</Type><Data>user</Data>`,
			`<Type xmlns="syncml:metinf">com.microsoft.mdm.synctype</Type><Format>chr</Format><Data>user</Data>`,
			`<Format>chr</Format><Meta><Type> com.microsoft.mdm.synctype</Type></Meta><Data>user</Data>`,
		} {
			equal(t, item(t, in).Meta, want)
		}
	}},
	{"D-16_carriage_returns_survive", func(t *testing.T) {
		m := withItem(syncml.Item{Data: syncml.Text("a\r\nb\rc")})
		if out := encode(t, m); strings.Contains(out, "\r") || !strings.Contains(out, "a&#xD;\nb&#xD;c") {
			t.Error(out)
		}
		roundTrip(t, m)
		equal(t, item(t, "<Data>a\r\nb\rc\n\r</Data>").Data, syncml.Text("a\nb\nc\n\n"))
	}},
	{"D-17_absent_empty_and_null_are_three", func(t *testing.T) {
		values := []syncml.Item{{}, {Data: syncml.Text("")}, {Meta: &syncml.Meta{Format: "null"}}}
		for i, a := range values {
			roundTrip(t, withItem(a))
			for j, b := range values {
				if got := syncml.Equal(withItem(a), withItem(b)); got != (i == j) {
					t.Errorf("Equal(%v, %v) = %v", a, b, got)
				}
			}
		}
	}},
	{"D-18_other_children_of_Meta_are_kept", func(t *testing.T) {
		got := item(t, `<Meta><Mem>m</Mem><v:Colour xmlns:v="urn:v" a="1"> re<b/>d </v:Colour><Anchor xmlns="syncml:metinf"><Last>1</Last></Anchor>`+
			`<Mark>final</Mark><Version>2</Version><FieldLevel/></Meta>`)
		equal(t, got.Meta, &syncml.Meta{Mark: "final", Extra: []syncml.Element{
			{Name: "FieldLevel"}, {Name: "Anchor", Content: "<Last>1</Last>"}, {Name: "Version", Content: "2"},
			{Name: "Mem", Content: "m"}, {Space: "urn:v", Name: "Colour", Content: `re<b xmlns="SYNCML:SYNCML1.2"/>d`},
		}})
		roundTrip(t, withItem(got))
	}},
	{"D-19_base64_is_compared_without_line_breaks_and_padding", func(t *testing.T) {
		a := withItem(syncml.Item{Meta: &syncml.Meta{Format: "b64"}, Data: syncml.Text("AAEC\r\n AwQ=")})
		b := withItem(syncml.Item{Meta: &syncml.Meta{Format: "b64"}, Data: syncml.Text("AAECAwQ")})
		if !syncml.Equal(a, b) {
			t.Error(syncml.Diff(a, b))
		}
		equal(t, decode(t, encode(t, a)), a)
	}},
}

// withItem returns a message whose one command has one item.
func withItem(it syncml.Item) *syncml.Message {
	return &syncml.Message{Header: header(), Body: []syncml.Command{&syncml.Replace{CmdID: "1", Items: []syncml.Item{it}}}}
}

// refusedValue proves that an item cannot be encoded, and that the error names the place and not the value.
func refusedValue(t *testing.T, it syncml.Item, path string) {
	t.Helper()
	dst := []byte("before")
	out, err := syncml.Append(dst, syncml.XML, withItem(it))
	var e *syncml.EncodeError
	if !errors.As(err, &e) || e.Path != path {
		t.Errorf("error %v, want an *EncodeError in %s", err, path)
	}
	if string(out) != "before" {
		t.Errorf("%q came with the error", out)
	}
}

func testMarkup(t *testing.T) {
	const around = `<SyncML xmlns="SYNCML:SYNCML1.2" xmlns:o="urn:o&amp;1"><SyncHdr/><SyncBody xmlns:p="urn:p"><Add><Item>`
	const end = `</Item></Add></SyncBody></SyncML>`
	tests := []struct{ name, in, want string }{
		{"as written", "<Data> a <b c='1'>&lt;</b>\r\n<!-- c --> d </Data>", " a <b c='1'>&lt;</b>\r\n<!-- c --> d "},
		{"own default namespace", `<Data><MgmtTree xmlns="syncml:dmddf1.2"><Node/></MgmtTree></Data>`, `<MgmtTree xmlns="syncml:dmddf1.2"><Node/></MgmtTree>`},
		{"prefix from outside", `<Data><p:a><p:b o:c="1"/></p:a></Data>`, `<p:a xmlns:p="urn:p" xmlns:o="urn:o&amp;1"><p:b o:c="1"/></p:a>`},
		{"each element gets its own", `<Data><p:a/>x<b/><o:c /></Data>`, `<p:a xmlns:p="urn:p"/>x<b/><o:c xmlns:o="urn:o&amp;1" />`},
		{"prefix bound inside", `<Data><p:a xmlns:p="urn:q"/></Data>`, `<p:a xmlns:p="urn:q"/>`},
		{"prefix bound on Data", `<Data xmlns:q="urn:q"><q:a/></Data>`, `<q:a xmlns:q="urn:q"/>`},
		{"default bound on Data", `<Data xmlns="urn:d"><a><b/></a><c xmlns=""/></Data>`, `<a xmlns="urn:d"><b/></a><c xmlns=""/>`},
		{"default taken away", `<Data xmlns=""><a/></Data>`, `<a xmlns=""/>`},
		{"default needed below", `<Data xmlns="urn:d"><p:a><b/></p:a></Data>`, `<p:a xmlns="urn:d" xmlns:p="urn:p"><b/></p:a>`},
		{"a field of Meta", `<Data xmlns="urn:d"><Type xmlns="syncml:metinf">x</Type></Data>`, `<Type xmlns="syncml:metinf">x</Type>`},
		{"xml prefix", `<Data><a xml:lang="en"/></Data>`, `<a xml:lang="en"/>`},
		{"CDATA", `<Data><a><![CDATA[</a>]]></a></Data>`, `<a><![CDATA[</a>]]></a>`},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			m := decode(t, around+test.in+end)
			equal(t, m.Body[0].ItemList()[0].Data, syncml.Markup(test.want))
			roundTrip(t, m)
		})
	}
	for _, markup := range []string{
		"<a>", "</a>", "<a></b>", "<a b='1' b='2'/>", "<p:a/>", "<a p:b=''/>", "&bogus;<a/>", "<a>]]></a>", "<!DOCTYPE a><a/>", "<a/></Data><Data>",
		"<?xml version='1.0'?><a/>", "<a/>\x01", "text", "", "<a/><", "<a/><!--", "<a/><![CDATA[", "<a><![CDATA[]]>",
	} {
		refusedValue(t, syncml.Item{Data: syncml.Markup(markup)}, "Replace/Item[1]/Data")
	}
}

var faultRows = []rowTest{
	{"F-1_what_is_not_well_formed_is_refused_with_its_place", func(t *testing.T) {
		e := refused(t, inBody("\n<Get/>\n<Replace><Item><Data>x</Item></Replace>"))
		want := syncml.SyntaxError{Path: "SyncML/SyncBody/Replace[1]/Item[1]/Data", Line: 3, Reason: e.Reason, Offset: len(messageStart) + len("\n<Get/>\n<Replace><Item><Data>x")}
		equal(t, *e, want)
		e = refused(t, inBody("<Get/><Get><Item/><Item>&x;"))
		equal(t, e.Path, "SyncML/SyncBody/Get[2]/Item[2]")
		for _, in := range malformed {
			refused(t, in)
		}
	}},
	{"F-2_declarations_are_refused_and_a_bare_DOCTYPE_is_skipped", func(t *testing.T) {
		for _, doctype := range []string{
			`<!DOCTYPE SyncML>`, `<!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN">`, `<!DOCTYPE SyncML SYSTEM 'x.dtd' >`,
			"<?xml version='1.0'?>\n<!-- c --><!DOCTYPE\nSyncML PUBLIC '-//SYNCML//DTD SyncML 1.2//EN'\n\"x\">",
		} {
			decode(t, doctype+inBody(""))
		}
		for _, doctype := range []string{
			`<!DOCTYPE SyncML [<!ENTITY a "b">]>`, `<!DOCTYPE SyncML []>`, `<!DOCTYPE SyncML SYSTEM "x" [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]>`, `<!DOCTYPE SyncML><!DOCTYPE SyncML>`,
			`<!DOCTYPE>`, `<!DOCTYPE SyncML PUBLIC>`, `<!DOCTYPE SyncML PUBLIC "<">`, `<!DOCTYPE SyncML SYSTEM "x>`, `<!DOCTYPE SyncML SYSTEM"x">`, `<!DOCTYPE SyncML x>`,
			`<!ENTITY a "b">`, `<!DOCTYPE SyncML PUBLIC "a""b">`,
		} {
			refused(t, doctype+inBody(""))
		}
		refused(t, inBody(`<!DOCTYPE SyncML>`))
	}},
	{"F-3_nothing_external_is_opened", func(t *testing.T) {
		m := decode(t, `<!DOCTYPE SyncML SYSTEM "/etc/passwd">`+inItem(`<Data>x</Data>`))
		equal(t, m, decode(t, inItem(`<Data>x</Data>`)))
		refused(t, `<!DOCTYPE SyncML SYSTEM "/etc/passwd">`+inItem(`<Data>&e;</Data>`))
	}},
	{"F-4_depth_is_limited", func(t *testing.T) {
		for _, in := range []string{inItem("<Data>" + strings.Repeat("<a>", 1<<20)), inBody(strings.Repeat("<Sequence>", 1<<18)), inItem("<Meta>" + strings.Repeat("<MetInf>", 1<<18))} {
			_, err := syncml.Decode([]byte(in))
			var e *syncml.LimitError
			if !errors.As(err, &e) || e.Limit != "Depth" {
				t.Errorf("error %v", err)
			}
		}
	}},
	{"F-5_counts_are_limited", TestLimits},
	{"F-6_a_message_cut_anywhere_is_refused", func(t *testing.T) {
		for _, in := range []string{string(sample.Messages()[0].XML), inItem(`<Data>a<![CDATA[b]]>c<d e='f'/></Data>`) + "<!-- c --><?pi?>"} {
			last := strings.LastIndex(in, "</SyncML>") + len("</SyncML>")
			for n := range last {
				refused(t, in[:n])
			}
		}
		refused(t, inBody("")+"<!-- c")
		refused(t, inBody("")+"<?pi")
	}},
	{"F-8_announced_sizes_allocate_nothing", func(t *testing.T) {
		octets, accepted := allocated([]byte(inItem(`<Meta><Size>9007199254740992</Size></Meta><Data>x</Data><MoreData/>`)))
		if !accepted || octets > 64<<10 {
			t.Errorf("%d octets allocated, accepted: %v", octets, accepted)
		}
	}},
	{"F-9_invalid_UTF-8_is_refused", func(t *testing.T) {
		for _, text := range []string{"\xFF", "\xC3", "\xC0\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xEF\xBF\xBE", "é\x80"} {
			for _, in := range []string{"<Data>" + text + "</Data>", "<Data><![CDATA[" + text + "]]></Data>", "<Data a='" + text + "'/>", "<!--" + text + "-->", "<?pi " + text + "?>", text, "<Data>12345678" + text + "12345678</Data>"} {
				refused(t, inItem(in))
			}
		}
		if e := refused(t, "\xFF\xFE<\x00"); !strings.Contains(e.Reason, "UTF-16") {
			t.Errorf("the reason is %s", e.Reason)
		}
		for _, utf16 := range []string{"\xFF\xFE<\x00S\x00", "\xFE\xFF\x00<\x00S", "<\x00S\x00", "\x00<\x00S"} {
			refused(t, utf16)
		}
	}},
	{"F-10_sizes_that_are_no_numbers_are_absent", func(t *testing.T) {
		for text, want := range map[string]int64{"0": 0, "524288": 524288, "9007199254740992": 1 << 53} {
			if got, ok := syncml.ParseSize(text); !ok || got != want {
				t.Errorf("ParseSize(%q) = %d, %v", text, got, ok)
			}
		}
		for _, text := range []string{"", "-1", "+1", " 1", "1e3", "0x10", "99999999999999999999", "many", "1.0"} {
			if n, ok := syncml.ParseSize(text); ok {
				t.Errorf("ParseSize(%q) = %d", text, n)
			}
		}
	}},
}

// malformed are documents that are not well formed, each for a reason of its own.
var malformed = []string{
	"", " ", "x", "<", "<SyncML", "<SyncML>", "<SyncML/><SyncML/>", inBody("") + "x", inBody("") + inBody(""), "x" + inBody(""), "<!-- c -->", inBody("") + "&amp;", inBody("") + "<![CDATA[x]]>",
	inBody("<a></b>"), inBody("<a></a b>"), inBody("</a>"), inBody("<a"), inBody("<a/ >"), inBody("< a/>"), inBody("<1/>"), inBody("<-a/>"), inBody("<a$/>"), inBody("<:a/>"), inBody("<a:/>"), inBody("<a:b:c xmlns:a='u'/>"),
	inBody("<a b/>"), inBody("<a b=c/>"), inBody("<a b='1'c='2'/>"), inBody("<a b='1' b='2'/>"), inBody("<a b='<'/>"), inBody("<a b='&'/>"), inBody("<a b='&x;'/>"), inBody("<a b='1/>"), inBody("<a b='\x01'/>"), inBody("<a 'b'/>"), inBody("<a ='b'/>"),
	inBody("<a xmlns:p='u' xmlns:q='u' p:b='' q:b=''/>"), inBody("<p:a/>"), inBody("<a p:b=''/>"), inBody("<a xmlns:p=''/>"), inBody("<a xmlns:xmlns='u'/>"), inBody("<a xmlns:xml='u'/>"), inBody("<a xmlns:p='http://www.w3.org/2000/xmlns/'/>"),
	inBody("<a xmlns='http://www.w3.org/XML/1998/namespace'/>"), inBody("<xmlns:a/>"), inBody("<a xmlns='1' xmlns='2'/>"), inBody("<a xmlns:p='u'/><p:b/>"),
	inBody("]]>"), inItem("<Data>a]]>b</Data>"), inBody("&"), inBody("&amp"), inBody("&bogus;"), inBody("&#;"), inBody("&#x;"), inBody("&#xG;"), inBody("&#0;"), inBody("&#8;"), inBody("&#xD800;"), inBody("&#xFFFE;"), inBody("&#x110000;"), inBody("&#99999999999;"), inBody("&#X41;"), inBody("&lt"),
	inItem("<Data>&bogus;</Data>"), inItem("<Data><![CDATA[x]]</Data>"), inItem("<Data>&bogus;<x/></Data>"), inItem("<Data><x>&bogus;</x></Data>"),
	inBody("\x00"), inBody("\x01"), inItem("<Data>\x0B</Data>"), inItem("<Data><![CDATA[\x01]]></Data>"),
	inBody("<!-- -- -->"), inBody("<!-- --->"), inBody("<!-->"), inBody("<!-- \x01 -->"), inBody("<!x>"), inBody("<![cdata[x]]>"), inBody("<? ?>"), inBody("<?xml version='1.0'?>"), inBody("<?XML?>"), inBody("<?pi\x01?>"), inBody("<?pi+?>"), inBody("<?p:i?>"),
	"<?xml?>" + inBody(""), "<?xml version='1.1'?>" + inBody(""), "<?xml version=1.0?>" + inBody(""), "<?xml encoding='UTF-8'?>" + inBody(""), "<?xml version='1.0' encoding='ISO-8859-1'?>" + inBody(""), "<?xml version='1.0' standalone='x'?>" + inBody(""),
	"<?xml version='1.0' standalone='no' encoding='UTF-8'?>" + inBody(""), "<?xml version='1.0' encoding=''?>" + inBody(""), "<?xml version='1.0'encoding='UTF-8'?>" + inBody(""), "<?xml version='1.0'>" + inBody(""), "<!-- c --><?xml version='1.0'?>" + inBody(""), "<?xml version='1.0'?><?xml version='1.0'?>" + inBody(""),
	strings.Replace(inBody(""), "<VerDTD>", "<VerDTD><", 1), strings.Replace(inBody(""), "</SyncML>", "</SyncML", 1), strings.Replace(inBody(""), "</SyncML>", "</syncml>", 1),
}

var statusRows = []rowTest{
	{"S-8_references_may_stand_in_a_LocURI_and_are_written_bare", func(t *testing.T) {
		want := &syncml.Status{CmdID: "1", TargetRefs: []string{"./a", "./b", "./c"}, SourceRefs: []string{"./d"}}
		got := body(t, `<Status><CmdID>1</CmdID><TargetRef>./a</TargetRef><TargetRef><LocURI>./b</LocURI></TargetRef><SourceRef> <LocURI> ./d </LocURI> </SourceRef><TargetRef> ./c </TargetRef></Status>`)
		equal(t, got, []syncml.Command{want})
		if out := bodyOf(t, want); !strings.Contains(out, `<TargetRef>./a</TargetRef><TargetRef>./b</TargetRef><TargetRef>./c</TargetRef><SourceRef>./d</SourceRef>`) {
			t.Error(out)
		}
	}},
	{"S-19_Results_without_MsgRef_and_CmdRef_are_read", func(t *testing.T) {
		equal(t, body(t, `<Results><CmdID>1</CmdID></Results>`), []syncml.Command{&syncml.Results{CmdID: "1"}})
	}},
	{"S-20_Results_may_carry_Cmd_and_references", func(t *testing.T) {
		m := decode(t, inBody(`<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>2</CmdRef><Cmd>Get</Cmd><TargetRef>./a</TargetRef><SourceRef>./b</SourceRef></Results>`))
		equal(t, m.Body, []syncml.Command{&syncml.Results{CmdID: "1", MsgRef: "1", CmdRef: "2", Cmd: "Get", TargetRef: "./a", SourceRef: "./b"}})
		roundTrip(t, m)
	}},
	{"S-24_a_Status_without_CmdRef_is_read", func(t *testing.T) {
		m := decode(t, inBody(`<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><Data>200</Data></Status>`))
		equal(t, m.Body, []syncml.Command{&syncml.Status{CmdID: "1", MsgRef: "1", Data: syncml.Text("200")}})
		if out := encode(t, m); !strings.Contains(out, "<MsgRef>1</MsgRef><CmdRef></CmdRef><Cmd></Cmd><Data>200</Data>") {
			t.Error(out)
		}
	}},
}

var windowsRows = []rowTest{
	{"W-12_alerts_without_Format_and_DevInfo_without_Meta", func(t *testing.T) {
		got := body(t, `<Alert><CmdID>1</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft/MDM/LoginStatus</Type></Meta><Data>user</Data></Item></Alert>`+
			`<Replace><CmdID>2</CmdID><Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>x</Data></Item></Replace>`)
		equal(t, got, []syncml.Command{
			&syncml.Alert{CmdID: "1", Data: syncml.Text("1224"), Items: []syncml.Item{{Meta: &syncml.Meta{Type: "com.microsoft/MDM/LoginStatus"}, Data: syncml.Text("user")}}},
			&syncml.Replace{CmdID: "2", Items: []syncml.Item{{Source: syncml.Location{URI: "./DevInfo/Man"}, Data: syncml.Text("x")}}},
		})
	}},
	{"W-16_flaws_of_published_samples_are_read", func(t *testing.T) {
		got := body(t, `<Alert><CmdID>2</CmdID><Data>1226</Data><Item><Meta><Type xmlns="syncml:metinfo"> com.microsoft:mdm.unenrollment.userrequest</Type>`+
			`<Format xmlns="syncml:metinfo">int</Format></Meta><Data>1</Data></Item></Alert><Replace><CmdID>2</CmdID></Replace>`)
		equal(t, got, []syncml.Command{
			&syncml.Alert{CmdID: "2", Data: syncml.Text("1226"), Items: []syncml.Item{{Meta: &syncml.Meta{Type: "com.microsoft:mdm.unenrollment.userrequest", Format: "int"}, Data: syncml.Text("1")}}},
			&syncml.Replace{CmdID: "2"},
		})
	}},
	{"W-26_originalerror_is_read_by_its_namespace", func(t *testing.T) {
		const ns = `http://schemas.microsoft.com/MobileDevice/MDM`
		for _, in := range []string{
			`<x xmlns:msft="` + ns + `"/><Status><Data xmlns:msft="` + ns + `" msft:originalerror="0x86000002">500</Data></Status>`,
			`<x/><Status xmlns:e="` + ns + `"><Data e:originalerror='&#48;x86000002'> 500 </Data></Status>`,
		} {
			want := &syncml.Status{Data: syncml.Data{Kind: syncml.TextData, Value: "500", OriginalError: "0x86000002"}}
			equal(t, body(t, in)[1], syncml.Command(want))
		}
		m := withItem(syncml.Item{Data: syncml.Data{Kind: syncml.MarkupData, Value: "<a/>", OriginalError: `"<&`}})
		if out := encode(t, m); !strings.Contains(out, `<Data xmlns:msft="`+ns+`" msft:originalerror="&#34;&lt;&amp;"><a/></Data>`) {
			t.Error(out)
		}
		roundTrip(t, m)
		equal(t, body(t, `<Status><Item xmlns:m="`+ns+`"><Data m:originalerror="1"/><x/></Item><Data>2</Data></Status>`)[0].(*syncml.Status).Data, syncml.Text("2"))
		refusedValue(t, syncml.Item{Data: syncml.Data{OriginalError: "0x1"}}, "Replace/Item[1]/Data")
	}},
}
