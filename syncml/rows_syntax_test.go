package syncml_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

const emptyHeader = `<SyncHdr/>`

var syntaxRows = []rowTest{
	{"X-1_one_header_then_one_body", func(t *testing.T) {
		decode(t, `<SyncML><SyncHdr/><SyncBody/></SyncML>`)
		for _, in := range []string{
			`<SyncML/>`, `<SyncML><SyncHdr/></SyncML>`, `<SyncML><SyncBody/></SyncML>`, `<SyncML><SyncBody/><SyncHdr/></SyncML>`,
			`<SyncML><SyncHdr/><SyncHdr/><SyncBody/></SyncML>`, `<SyncML><SyncHdr/><SyncBody/><SyncBody/></SyncML>`,
			`<SyncML><SyncHdr/><SyncBody/><SyncHdr/></SyncML>`, `<SyncHdr/>`, `<Sync/>`,
		} {
			refused(t, in)
		}
	}},
	{"X-2_header_fields_are_read_and_may_be_missing", func(t *testing.T) {
		m := decode(t, `<SyncML><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1A</SessionID><MsgID>007</MsgID>`+
			`<Target><LocURI>t</LocURI></Target><Source><LocURI>s</LocURI><LocName>user</LocName></Source><RespURI>r</RespURI></SyncHdr><SyncBody/></SyncML>`)
		equal(t, m.Header, syncml.Header{
			VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1A", MsgID: "007", RespURI: "r",
			Target: syncml.Location{URI: "t"}, Source: syncml.Location{URI: "s", Name: "user"},
		})
		equal(t, decode(t, `<SyncML><SyncHdr/><SyncBody/></SyncML>`).Header, syncml.Header{})
	}},
	{"X-3_no_empty_body_is_written_and_Final_is_last", func(t *testing.T) {
		_, err := syncml.Encode(&syncml.Message{Header: header(), Final: true})
		if _, ok := err.(*syncml.EncodeError); !ok {
			t.Errorf("error %v, want an *EncodeError", err)
		}
		read := decode(t, `<SyncML><SyncHdr/><SyncBody></SyncBody></SyncML>`)
		equal(t, decode(t, encode(t, read)), read) // but what was read is written back
		out := encode(t, &syncml.Message{Header: header(), Body: []syncml.Command{&syncml.Get{CmdID: "1"}}, Final: true})
		if !strings.HasSuffix(out, `</Get><Final/></SyncBody></SyncML>`) {
			t.Error(out)
		}
	}},
	{"X-4_commands_keep_only_their_own_children", func(t *testing.T) {
		got := body(t, `<Get><CmdID>1</CmdID><Data>x</Data><Chal/><MsgRef>1</MsgRef><Bogus><Item/></Bogus><Item/></Get>`)
		equal(t, got, []syncml.Command{&syncml.Get{CmdID: "1", Items: []syncml.Item{{}}}})
		for _, c := range everyCommand() {
			if out := bodyOf(t, c); !strings.HasPrefix(out, "<"+c.Name()) || !strings.HasPrefix(out[strings.Index(out, ">"):], "><CmdID>1</CmdID>") {
				t.Errorf("CmdID is not first: %s", out)
			}
		}
	}},
	{"X-5_commands_without_and_with_several_items_are_read", func(t *testing.T) {
		got := body(t, `<Exec><CmdID>1</CmdID><Item><Data>a</Data></Item><Item><Data>b</Data></Item></Exec><Add><CmdID>2</CmdID></Add>`)
		equal(t, got, []syncml.Command{
			&syncml.Exec{CmdID: "1", Items: []syncml.Item{{Data: syncml.Text("a")}, {Data: syncml.Text("b")}}}, &syncml.Add{CmdID: "2"},
		})
	}},
	{"C-27_Get_Exec_and_Atomic_inside_Atomic_are_read", func(t *testing.T) {
		equal(t, body(t, `<Atomic><CmdID>1</CmdID><Get><CmdID>2</CmdID></Get><Exec><CmdID>3</CmdID></Exec><Atomic><CmdID>4</CmdID><Add><CmdID>5</CmdID></Add></Atomic></Atomic>`),
			[]syncml.Command{&syncml.Atomic{CmdID: "1", Body: []syncml.Command{
				&syncml.Get{CmdID: "2"}, &syncml.Exec{CmdID: "3"}, &syncml.Atomic{CmdID: "4", Body: []syncml.Command{&syncml.Add{CmdID: "5"}}},
			}}})
	}},
	{"X-6_output_is_in_the_order_of_the_DTD", testGolden},
	{"X-7_any_order_of_children_is_read", func(t *testing.T) {
		got := body(t, `<Status><Data>200</Data><Cmd>Get</Cmd><CmdRef>2</CmdRef><MsgRef>1</MsgRef><CmdID>3</CmdID></Status>`+
			`<Alert><Correlator>c</Correlator><Item><Data>x</Data><Meta><Type>t</Type><Format>f</Format></Meta></Item><Data>1226</Data><CmdID>4</CmdID></Alert>`)
		equal(t, got, []syncml.Command{
			&syncml.Status{CmdID: "3", MsgRef: "1", CmdRef: "2", Cmd: "Get", Data: syncml.Text("200")},
			&syncml.Alert{CmdID: "4", Correlator: "c", Data: syncml.Text("1226"), Items: []syncml.Item{
				{Data: syncml.Text("x"), Meta: &syncml.Meta{Type: "t", Format: "f"}},
			}},
		})
	}},
	{"X-8_unknown_commands_keep_name_and_CmdID", func(t *testing.T) {
		got := body(t, `<Frob><CmdID> 5 </CmdID><x/>text</Frob><Get><CmdID>6</CmdID></Get>`+
			`<Atomic><CmdID>7</CmdID><v:Frob xmlns:v="urn:v"><v:a/><CmdID>8</CmdID></v:Frob></Atomic><Empty xmlns="urn:e"/><e:Empty xmlns:e="urn:e"/>`)
		equal(t, got, []syncml.Command{
			&syncml.Unknown{Element: "Frob", CmdID: "5", Content: "<x/>text"}, &syncml.Get{CmdID: "6"},
			&syncml.Atomic{CmdID: "7", Body: []syncml.Command{&syncml.Unknown{Element: "Frob", Space: "urn:v", CmdID: "8", Content: `<v:a xmlns:v="urn:v"/>`}}},
			&syncml.Unknown{Element: "Empty", Space: "urn:e"}, &syncml.Unknown{Element: "Empty", Space: "urn:e"},
		})
		roundTrip(t, decode(t, inBody(`<Frob>a<CmdID/>b<CmdID>5</CmdID>c</Frob>`)))
	}},
	{"X-9_what_DM_does_not_use_is_read_and_written_back", func(t *testing.T) {
		in := `<Put><CmdID>1</CmdID><Item><Data>x</Data></Item></Put><Map><CmdID>2</CmdID><MapItem><Target><LocURI>t</LocURI></Target></MapItem></Map>` +
			`<Move><CmdID>3</CmdID></Move><Search><CmdID>4</CmdID><NoResults/></Search><Sync><CmdID>5</CmdID><NumberOfChanges>1</NumberOfChanges><Add><CmdID>6</CmdID></Add></Sync>` +
			`<Delete><CmdID>7</CmdID><NoResp/><Archive/><SftDel/></Delete><Get><CmdID>8</CmdID><NoResp/><Lang>en</Lang></Get>`
		m := decode(t, inBody(in))
		for i, name := range []string{"Put", "Map", "Move", "Search", "Sync"} {
			if u, ok := m.Body[i].(*syncml.Unknown); !ok || u.Name() != name || u.ItemList() != nil {
				t.Errorf("%s is read as %#v", name, m.Body[i])
			}
		}
		equal(t, m.Body[5], syncml.Command(&syncml.Delete{CmdID: "7", NoResp: true, Archive: true, SftDel: true}))
		equal(t, m.Body[6], syncml.Command(&syncml.Get{CmdID: "8", NoResp: true, Lang: "en"}))
		if out := encode(t, m); !strings.Contains(out, "<SyncBody>"+in+"</SyncBody>") {
			t.Error(out)
		}
	}},
	{"X-10_elements_are_known_by_local_name", func(t *testing.T) {
		want := item(t, `<Meta><Format xmlns="syncml:metinf">int</Format></Meta><Data>1</Data>`)
		for _, in := range []string{
			`<Meta><Format>int</Format></Meta><Data>1</Data>`, `<Meta xmlns="syncml:metinf"><Format>int</Format></Meta><Data>1</Data>`,
			`<Meta><Format xmlns="syncml:metinfo">int</Format></Meta><Data>1</Data>`, `<x:Meta xmlns:x="syncml:metinf"><x:Format>int</x:Format></x:Meta><Data xmlns="">1</Data>`,
			`<Meta><MetInf xmlns="syncml:metinf"><Format>int</Format></MetInf></Meta><Data>1</Data>`, `<Meta><Format xmlns='syncml:metinf' >int</Format></Meta><Data>1</Data>`,
		} {
			equal(t, item(t, in), want)
		}
		m := decode(t, strings.NewReplacer("</", "</s:", "<", "<s:", "xmlns=", "xmlns:s=").Replace(inItem("<Data>1</Data>")))
		equal(t, m, decode(t, inItem("<Data>1</Data>")))
	}},
	{"X-11_foreign_attributes_are_ignored", func(t *testing.T) {
		in := `<Data xmlns:f="urn:f" f:a="1" b="2" f:originalerror="0x1" originalerror="0x2" xml:lang="en">x</Data>`
		equal(t, item(t, in), syncml.Item{Data: syncml.Text("x")})
	}},
	{"X-12_final_empty_and_open_close_are_equal", func(t *testing.T) {
		for _, final := range []string{`<Final/>`, `<Final></Final>`, `<Final />`, "<Final>\n</Final >"} {
			if !decode(t, inBody(final)).Final {
				t.Errorf("%s is not Final", final)
			}
		}
		for _, more := range []string{`<MoreData/>`, `<MoreData></MoreData>`, `<MoreData> </MoreData>`} {
			equal(t, item(t, more), syncml.Item{MoreData: true})
		}
		equal(t, body(t, `<Get><NoResp></NoResp></Get>`), body(t, `<Get><NoResp/></Get>`))
		if decode(t, inBody(`<Get/>`)).Final {
			t.Error("Final without the element")
		}
	}},
	{"X-13_LocName_is_kept", func(t *testing.T) {
		in := `<Target><LocURI>t</LocURI><LocName>n</LocName></Target><Source><LocName>only</LocName></Source>`
		want := syncml.Item{Target: syncml.Location{URI: "t", Name: "n"}, Source: syncml.Location{Name: "only"}}
		equal(t, item(t, in), want)
		roundTrip(t, decode(t, inItem(in)))
	}},
	{"X-14_identifiers_are_trimmed_and_item_data_never", func(t *testing.T) {
		sp := " \t\r\n"
		m := decode(t, `<SyncML><SyncHdr><VerDTD> 1.2 </VerDTD><VerProto>`+sp+`DM/1.2`+sp+`</VerProto><SessionID> 1 </SessionID><MsgID> 2 </MsgID><Target><LocURI> t </LocURI></Target></SyncHdr>`+
			`<SyncBody><Status><CmdID> 1 </CmdID><MsgRef> 2 </MsgRef><CmdRef> 3 </CmdRef><Cmd> Get </Cmd><TargetRef> r </TargetRef><Data> 200 </Data></Status>`+
			`<Alert><CmdID>2</CmdID><Data>`+sp+`1226&#32;</Data><Correlator> c </Correlator><Item><Meta><Type> t </Type></Meta><Data> x </Data></Item></Alert></SyncBody></SyncML>`)
		equal(t, m, &syncml.Message{
			Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "2", Target: syncml.Location{URI: "t"}},
			Body: []syncml.Command{
				&syncml.Status{CmdID: "1", MsgRef: "2", CmdRef: "3", Cmd: "Get", TargetRefs: []string{"r"}, Data: syncml.Text("200")},
				&syncml.Alert{CmdID: "2", Data: syncml.Text("1226"), Correlator: "c", Items: []syncml.Item{{Meta: &syncml.Meta{Type: "t"}, Data: syncml.Text(" x ")}}},
			},
		})
		equal(t, body(t, `<Status><Data> ask me </Data></Status>`), []syncml.Command{&syncml.Status{Data: syncml.Text(" ask me ")}})
	}},
	{"X-15_Cred_in_a_command_is_kept_apart", func(t *testing.T) {
		in := `<Get><CmdID>1</CmdID><Cred><Meta><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>x</Data></Cred></Get>`
		m := decode(t, inBody(in))
		if m.Header.Cred != nil {
			t.Error("it is taken for that of the header")
		}
		want := []syncml.Command{&syncml.Get{CmdID: "1", Cred: &syncml.Cred{Meta: &syncml.Meta{Type: "syncml:auth-basic"}, Data: syncml.Text("x")}}}
		equal(t, m.Body, want)
		// What is repeated adds to the first.
		equal(t, body(t, strings.Replace(in, "</Meta><Data>", "</Meta></Cred><Cred><Data>", 1)), want)
		if out := encode(t, m); !strings.Contains(out, in) {
			t.Error(out)
		}
	}},
	{"X-16_identifiers_are_texts", func(t *testing.T) {
		got := body(t, `<Status><CmdID>1A</CmdID><MsgRef>007</MsgRef><CmdRef>99999999999999999999999</CmdRef></Status>`)
		equal(t, got, []syncml.Command{&syncml.Status{CmdID: "1A", MsgRef: "007", CmdRef: "99999999999999999999999"}})
	}},
	{"X-17_UTF-8_with_and_without_declaration_and_mark", func(t *testing.T) {
		want := decode(t, inItem("<Data>é汉😀</Data>"))
		equal(t, want.Body[0].ItemList()[0].Data, syncml.Text("é汉😀"))
		for _, start := range []string{
			"\uFEFF", `<?xml version="1.0"?>`, `<?xml version='1.0' encoding='utf-8' standalone='yes' ?>`, "\uFEFF<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n",
			"\r\n\t <?xml version=\"1.0\"?>", `<?xml version="1.0" encoding="UTF-16"?>`,
		} {
			equal(t, decode(t, start+inItem("<Data>é汉😀</Data>")), want)
		}
		if out := encode(t, want); !strings.HasPrefix(out, `<?xml version="1.0" encoding="UTF-8"?><SyncML `) || !strings.Contains(out, "é汉😀") {
			t.Error(out)
		}
	}},
	{"X-18_comments_and_instructions_are_skipped_anywhere", func(t *testing.T) {
		aside := "<!-- <a> & - -><?pi <b> ? ?>"
		aside = strings.Replace(aside, "- ->", "-->", 1)
		plain := inBody(`<Get><CmdID>1</CmdID><Item><Data>xy</Data></Item></Get><Final/>`)
		all := aside + strings.NewReplacer("><", ">"+aside+"<", "xy", "x"+aside+"y", ">1<", ">"+aside+"1"+aside+"<").Replace(plain) + aside
		equal(t, decode(t, all), decode(t, plain))
	}},
	{"X-19_a_body_without_commands_is_read", func(t *testing.T) {
		for _, in := range []string{`<SyncBody/>`, `<SyncBody></SyncBody>`, `<SyncBody> <Final/> </SyncBody>`} {
			m := decode(t, `<SyncML>`+emptyHeader+in+`</SyncML>`)
			if len(m.Body) != 0 || m.Final != strings.Contains(in, "Final") {
				t.Errorf("%s is read as %+v", in, m)
			}
		}
	}},
	{"X-20_repeated_CmdIDs_are_handed_on", func(t *testing.T) {
		got := body(t, `<Get><CmdID>1</CmdID></Get><Sequence><CmdID>1</CmdID><Add><CmdID>1</CmdID></Add></Sequence>`)
		equal(t, got, []syncml.Command{&syncml.Get{CmdID: "1"}, &syncml.Sequence{CmdID: "1", Body: []syncml.Command{&syncml.Add{CmdID: "1"}}}})
	}},
	{"X-21_CmdID_0_is_handed_on", func(t *testing.T) {
		equal(t, body(t, `<Get><CmdID>0</CmdID></Get>`)[0].ID(), "0")
	}},
	{"X-22_a_command_without_CmdID_is_read", func(t *testing.T) {
		for _, in := range []string{`<Get/>`, `<Get><CmdID/></Get>`, `<Get><CmdID> </CmdID></Get>`, `<Put/>`} {
			if got := body(t, in)[0].ID(); got != "" {
				t.Errorf("%s has CmdID %q", in, got)
			}
			roundTrip(t, decode(t, inBody(in)))
		}
	}},
	{"X-23_equal_CmdIDs_in_two_messages_do_not_matter", func(t *testing.T) {
		var d syncml.Decoder
		for range 2 {
			m, err := d.Decode([]byte(inBody(`<Get><CmdID>1</CmdID></Get>`)))
			if err != nil {
				t.Fatal(err)
			}
			equal(t, m.Body, []syncml.Command{&syncml.Get{CmdID: "1"}})
		}
	}},
	{"X-24_CmdIDs_in_any_order_are_read", func(t *testing.T) {
		var ids []string
		for _, c := range body(t, `<Get><CmdID>9</CmdID></Get><Add><CmdID>2</CmdID></Add><Exec><CmdID>5</CmdID></Exec>`) {
			ids = append(ids, c.ID())
		}
		equal(t, ids, []string{"9", "2", "5"})
	}},
	{"X-25_decode_reverses_encode", func(t *testing.T) {
		roundTrip(t, &syncml.Message{Header: header(), Body: everyCommand(), Final: true})
		for name, b := range exampleMessages(t) {
			m, err := syncml.Decode(b)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if fault := roundTripFault(m); fault != "" {
				t.Errorf("%s: %s", name, fault)
			}
		}
	}},
	{"X-26_text_between_elements_is_ignored", func(t *testing.T) {
		plain := inBody(`<Get><CmdID>1</CmdID><Item><Target><LocURI>x</LocURI></Target><Meta><Size>1</Size></Meta></Item></Get><Final/>`)
		for _, text := range []string{"stray", "…", "&amp;", "a<![CDATA[<b>]]>c"} {
			equal(t, decode(t, strings.ReplaceAll(plain, "><", ">"+text+"<")), decode(t, plain))
		}
		refused(t, inBody("&bogus;"))
		refused(t, inBody("]]>"))
	}},
}

var versionRows = []rowTest{
	{"V-1_namespaces_are_written", func(t *testing.T) {
		for version, want := range map[string]string{"1.2": syncml.Namespace12, "1.1": syncml.Namespace11, "1.0": syncml.Namespace10, "": syncml.Namespace12} {
			out := encode(t, &syncml.Message{Header: syncml.Header{VerDTD: version}, Body: []syncml.Command{
				&syncml.Get{Meta: &syncml.Meta{Format: "int", Size: "1", Extra: []syncml.Element{{Name: "EMI"}}}},
			}})
			for _, part := range []string{`<SyncML xmlns="` + want + `">`, `<Format xmlns="syncml:metinf">`, `<Size xmlns="syncml:metinf">`, `<EMI xmlns="syncml:metinf">`} {
				if !strings.Contains(out, part) {
					t.Errorf("no %s in %s", part, out)
				}
			}
		}
		tnds := item(t, `<Data><MgmtTree xmlns="syncml:dmddf1.2"/></Data>`)
		equal(t, tnds.Data, syncml.Markup(`<MgmtTree xmlns="syncml:dmddf1.2"/>`))
	}},
	{"V-2_a_DOCTYPE_with_the_public_identifier_is_skipped", func(t *testing.T) {
		for _, id := range []string{"-//SYNCML//DTD SyncML 1.2//EN", "-//SYNCML//DTD SyncML 1.1//EN", "-//SYNCML//DTD SyncML 1.0//EN"} {
			decode(t, `<!DOCTYPE SyncML PUBLIC "`+id+`" "http://www.openmobilealliance.org/dtd">`+inBody(""))
		}
	}},
	{"V-3_triples_of_1.1_and_1.2_are_read", func(t *testing.T) {
		for _, v := range [][3]string{{"1.1", "DM/1.1", syncml.Namespace11}, {"1.2", "DM/1.2", syncml.Namespace12}} {
			m := decode(t, versioned(v[0], v[1], v[2]))
			equal(t, m.Header, syncml.Header{VerDTD: v[0], VerProto: v[1]})
			if out := encode(t, m); !strings.Contains(out, `<SyncML xmlns="`+v[2]+`">`) {
				t.Error(out)
			}
		}
	}},
	{"V-4_DM_1.3_is_read", func(t *testing.T) {
		equal(t, decode(t, versioned("1.2", "DM/1.3", syncml.Namespace12)).Header.VerProto, "DM/1.3")
	}},
	{"V-5_a_missing_namespace_is_that_of_VerDTD", func(t *testing.T) {
		equal(t, decode(t, versioned("1.1", "DM/1.1", "")), decode(t, versioned("1.1", "DM/1.1", syncml.Namespace11)))
	}},
	{"V-6_any_VerDTD_is_read", func(t *testing.T) {
		equal(t, decode(t, versioned("3.7", "DM/1.2", syncml.Namespace12)).Header, syncml.Header{VerDTD: "3.7", VerProto: "DM/1.2"})
	}},
	{"V-7_any_VerProto_is_read", func(t *testing.T) {
		equal(t, decode(t, versioned("1.2", "DM/9", syncml.Namespace12)).Header, syncml.Header{VerDTD: "1.2", VerProto: "DM/9"})
	}},
	{"V-9_a_namespace_that_is_not_the_usual_one_is_kept", func(t *testing.T) {
		m := decode(t, versioned("1.2", "DM/1.2", syncml.Namespace11))
		equal(t, m.Header.Namespace, syncml.Namespace11)
		roundTrip(t, m)
		equal(t, decode(t, versioned("1.2", "DM/1.2", "urn:other")).Header.Namespace, "")
		if _, err := syncml.Encode(&syncml.Message{Header: syncml.Header{Namespace: "urn:other"}, Body: m.Body}); err == nil {
			t.Error("a namespace that is not one of SyncML is written")
		}
	}},
	{"V-10_VerDTD_of_a_tree_is_another", func(t *testing.T) {
		m := decode(t, inItem(`<Data><MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.1</VerDTD></MgmtTree></Data>`))
		equal(t, m.Header.VerDTD, "1.2")
	}},
	{"V-11_DmV_is_a_value_like_any", func(t *testing.T) {
		m := decode(t, inItem(`<Source><LocURI>./DevInfo/DmV</LocURI></Source><Data>2.1</Data>`))
		equal(t, m.Header.VerProto, "DM/1.2")
		equal(t, m.Body[0].ItemList()[0].Data.Value, "2.1")
	}},
	{"V-12_version_2.1_is_read_as_a_text", func(t *testing.T) {
		equal(t, decode(t, versioned("2.1", "DM/2.1", syncml.Namespace12)).Header.VerDTD, "2.1")
	}},
}

// versioned returns a message of a version; an empty namespace is left out.
func versioned(verDTD, verProto, namespace string) string {
	if namespace != "" {
		namespace = ` xmlns="` + namespace + `"`
	}
	return `<SyncML` + namespace + `><SyncHdr><VerDTD>` + verDTD + `</VerDTD><VerProto>` + verProto + `</VerProto></SyncHdr>` +
		`<SyncBody><Get><CmdID>1</CmdID></Get></SyncBody></SyncML>`
}
