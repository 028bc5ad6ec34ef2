package wbxml

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// TestRows has one subtest for each rule of the protocol that this package keeps.
func TestRows(t *testing.T) {
	for _, row := range []struct {
		name string
		test func(t *testing.T)
	}{
		{"B-1_both_encodings_are_handled", testBothEncodings},
		{"B-2_versions_1.1_to_1.3_are_read_and_1.2_written", testVersions},
		{"B-3_numeric_public_identifiers", testNumericPublicIDs},
		{"B-4_public_identifiers_in_the_string_table", testFormalPublicIDs},
		{"B-5_character_sets", testCharacterSets},
		{"B-6_code_pages", testPages},
		{"B-7_tokens_of_page_0", testPage0},
		{"B-8_tokens_of_page_1", testPage1},
		{"B-9_children_of_Meta_with_and_without_MetInf", testMetInf},
		{"B-10_opaque_data_is_valid_as_any_text", testOpaqueText},
		{"B-11_opaque_Data_by_Format", testOpaqueData},
		{"B-12_pieces_of_text_are_joined", testJoinedText},
		{"B-13_elements_without_content_are_empty", testEmptyElements},
		{"B-14_attributes_are_passed_over", testAttributes},
		{"B-15_literals_extensions_and_instructions", testLiterals},
		{"B-16_tokens_of_page_2", testPage2},
		{"B-17_embedded_documents", testEmbedded},
		{"B-18_same_structure_as_the_XML_twin", testTwins},
		{"B-19_lengths_add_up", testLengths},
		{"B-20_malformed_documents_are_refused", testMalformed},
		{"D-5_octets_over_WBXML_and_base64_over_XML", testBinaryData},
		{"F-6_truncated_messages_are_refused", testTruncated},
		{"F-7_long_numbers_are_refused", testLongNumbers},
		{"F-8_nothing_is_allocated_ahead_of_data", testAnnounced},
		{"F-9_invalid_UTF-8_is_refused_in_text_and_kept_in_octets", testUTF8},
		{"V-2_formal_public_identifiers", testFormalPublicIDs},
	} {
		t.Run(row.name, row.test)
	}
}

func testBothEncodings(t *testing.T) {
	if got, want := Codec.ContentType(), "application/vnd.syncml.dm+wbxml"; got != want {
		t.Errorf("got content type %q, want %q", got, want)
	}
	for _, test := range []struct {
		in   string
		want syncml.Codec
	}{
		{"\x01", Codec}, {"\x02", Codec}, {"\x03", Codec}, {"\x00", Codec}, {"\x08", Codec},
		{"", syncml.XML}, {"<", syncml.XML}, {"\ufeff<", syncml.XML}, {"\n<", syncml.XML}, {"\t<", syncml.XML},
		{" <", syncml.XML}, {"x", syncml.XML},
	} {
		if got := Detect([]byte(test.in)); got != test.want {
			t.Errorf("%q: got %s, want %s", test.in, got.ContentType(), test.want.ContentType())
		}
	}
	binary := hexExample(t, "63-valid-wbxml-numeric-publicid.hex")
	m, err := Decode(binary)
	if err != nil {
		t.Fatal(err)
	}
	text, err := syncml.Encode(m)
	if err != nil {
		t.Fatal(err)
	}
	again, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	same(t, again, m)
}

func testVersions(t *testing.T) {
	b := message(tagFinal)
	for version := range 256 {
		b[0] = byte(version)
		_, err := Codec.Decode(b, syncml.Limits{})
		if want := 1 <= version && version <= 3; (err == nil) != want {
			t.Errorf("version octet %02x: got error %v", version, err)
		}
	}
	if got := encode(t, &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Get{CmdID: "1"}}})[0]; got != 2 {
		t.Errorf("got version octet %02x, want 02", got)
	}
}

// withID is a message of the version given with the octets of a public identifier and a string table.
func withID(version string, id []byte, table string) []byte {
	return octets(2, id, 0x6a, len(table), []byte(table),
		element(tagSyncML, element(tagSyncHdr, element(tagVerDTD, version)), tagSyncBody))
}

func testNumericPublicIDs(t *testing.T) {
	for _, test := range []struct {
		id                      []byte
		version, want, encodeAs string
	}{
		{[]byte{0x9f, 0x51}, "1.0", "", "1.0"},
		{[]byte{0x9f, 0x53}, "1.1", "", "1.1"},
		{[]byte{0xa4, 0x01}, "1.2", "", "1.2"},
		{[]byte{0x9f, 0x53}, "1.2", syncml.Namespace11, "1.2"},
		{[]byte{0xa4, 0x01}, "1.1", syncml.Namespace12, "1.1"},
		{[]byte{0xa4, 0x01}, "2.0", "", "2.0"},
	} {
		m := decode(t, withID(test.version, test.id, ""))
		if m.Header.Namespace != test.want {
			t.Errorf("% x with VerDTD %s: got namespace %q, want %q", test.id, test.version, m.Header.Namespace, test.want)
		}
		b, err := Codec.AppendHeader(nil, &syncml.Header{VerDTD: test.version, Namespace: test.want})
		if err != nil || !bytes.Equal(b[1:3], test.id) {
			t.Errorf("VerDTD %s, namespace %q: got % x, error %v, want % x", test.version, test.want, b[1:3], err, test.id)
		}
	}
	for _, id := range [][]byte{
		{0x01}, {0x7d}, {0x9f, 0x52}, {0x9f, 0x54}, {0xa4, 0x02}, {0xa4, 0x03}, {0x81, 0x7d}, {0x04},
	} {
		refused(t, withID("1.2", id, ""), "public identifier")
	}
	_, err := Codec.AppendHeader(nil, &syncml.Header{Namespace: "urn:other"})
	var refusal *syncml.EncodeError
	if !errors.As(err, &refusal) {
		t.Errorf("got error %v for a namespace without an identifier", err)
	}
}

func testFormalPublicIDs(t *testing.T) {
	for _, test := range []struct {
		formal, version, want string
	}{
		{"-//SYNCML//DTD SyncML 1.0//EN", "1.0", ""},
		{"-//SYNCML//DTD SyncML 1.1//EN", "1.1", ""},
		{"-//SYNCML//DTD SyncML 1.2//EN", "1.2", ""},
		{"-//SYNCML//DTD SyncML 1.1//EN", "1.2", syncml.Namespace11},
	} {
		for _, table := range []string{test.formal, test.formal + "\x00", test.formal + "\x00more\x00"} {
			m := decode(t, withID(test.version, []byte{0, 0}, table))
			if m.Header.Namespace != test.want {
				t.Errorf("%s with VerDTD %s: got namespace %q, want %q", test.formal, test.version, m.Header.Namespace, test.want)
			}
		}
		m := decode(t, withID(test.version, []byte{0, 5}, "more\x00"+test.formal+"\x00"))
		if m.Header.Namespace != test.want {
			t.Errorf("%s at offset 5: got namespace %q, want %q", test.formal, m.Header.Namespace, test.want)
		}
	}
	for _, table := range []string{
		"-//OMA//DTD SYNCML-METINF 1.2//EN", "-//OMA//DTD-DM-DDF 1.2//EN", "-//SYNCML//DTD DevInf 1.2//EN",
		"-//SYNCML//DTD SyncML 1.3//EN", "\x00",
	} {
		refused(t, withID("1.2", []byte{0, 0}, table), "public identifier")
	}
	refused(t, withID("1.2", []byte{0, 30}, "-//SYNCML//DTD SyncML 1.2//EN\x00"), "string table")
	same(t, decode(t, hexExample(t, "64-valid-wbxml-strtbl-publicid.hex")),
		decode(t, hexExample(t, "63-valid-wbxml-numeric-publicid.hex")))
}

func testCharacterSets(t *testing.T) {
	for charset, want := range map[int]bool{0x6a: true, 0: true, 3: true, 4: false, 1: false, 0x6b: false} {
		b := message(element(tagAlert, element(tagCorrelator, "ü"), element(tagData, "1201")))
		b[3] = byte(charset)
		m, err := Codec.Decode(b, syncml.Limits{})
		switch {
		case !want:
			syntaxError(t, err, "character set")
		case err != nil:
			t.Errorf("character set %d: got error %v", charset, err)
		case m.Body[0].(*syncml.Alert).Correlator != "ü":
			t.Errorf("character set %d: text is not read as UTF-8", charset)
		}
	}
	// UTF-16 is MIBenum 1015.
	refused(t, append([]byte{2, 0xa4, 1, 0x87, 0x77, 0}, message(tagFinal)[5:]...), "character set")
}

func testPages(t *testing.T) {
	// Token 13 is Get on page 0, Type on page 1, DDFName with 2's 11. Each page gives its own element.
	m := decode(t, message(0x13, 0, 1, 0x13, 0, 2, 0x25, 0, 0, 0x13))
	want := []syncml.Command{&syncml.Get{}, &syncml.Unknown{Element: "Type", Space: syncml.NamespaceMeta},
		&syncml.Unknown{Element: "node", Space: syncml.NamespaceTree}, &syncml.Get{}}
	same(t, m, &syncml.Message{Header: simpleHeader(), Body: want})
	refused(t, message(0, 3, 0x13), "code page")
	refused(t, message(0, 0xff, 0x13), "code page")
}

// testTokens checks each token of a page against the list of names from token 05 on.
func testTokens(t *testing.T, page uint8, list string) {
	t.Helper()
	want := map[int]string{}
	for i, name := range strings.Fields(list) {
		if name != "-" {
			want[5+i] = name
		}
	}
	for token := 5; token < 0x40; token++ {
		// A Data with the element in it gives its name away.
		item := element(tagItem, element(tagData, 0, int(page), token, 0, 0))
		m, err := Codec.Decode(message(element(tagReplace, item)), syncml.Limits{})
		if want[token] == "" {
			syntaxError(t, err, "unknown token")
			continue
		}
		if err != nil {
			t.Errorf("token %02x: %v", token, err)
			continue
		}
		data := m.Body[0].ItemList()[0].Data
		space := map[uint8]string{1: ` xmlns="syncml:metinf"`, 2: ` xmlns="syncml:dmddf1.2"`}[page]
		if data != syncml.Markup("<"+want[token]+space+"/>") {
			t.Errorf("token %02x: got %q, want %s", token, data.Value, want[token])
		}
		if out := encode(t, m); !bytes.Contains(out, octets(0x4f, 0, int(page), token)) && page > 0 ||
			page == 0 && !bytes.Contains(out, octets(0x4f, token)) {
			t.Errorf("token %02x is not written again: % x", token, out)
		}
	}
}

func testPage0(t *testing.T) {
	testTokens(t, 0, `Add Alert Archive Atomic Chal Cmd CmdID CmdRef Copy Cred Data Delete Exec Final Get Item Lang LocName
		LocURI Map MapItem Meta MsgID MsgRef NoResp NoResults Put Replace RespURI Results Search Sequence SessionID SftDel
		Source SourceRef Status Sync SyncBody SyncHdr SyncML Target TargetRef - VerDTD VerProto NumberOfChanges MoreData
		Field Filter Record FilterType SourceParent TargetParent Move Correlator`)
}

func testPage1(t *testing.T) {
	testTokens(t, 1, `Anchor EMI Format FreeID FreeMem Last Mark MaxMsgSize Mem MetInf Next NextNonce SharedMem Size Type
		Version MaxObjSize FieldLevel`)
}

func testPage2(t *testing.T) {
	testTokens(t, 2, `AccessType ACL Add b64 bin bool chr CaseSense CIS Copy CS date DDFName DefaultValue Delete Description
		DFFormat DFProperties DFTitle DFType Dynamic Exec float Format Get int Man MgmtTree MIME Mod Name Node node NodeName
		null Occurrence One OneOrMore OneOrN Path Permanent Replace RTProperties Scope Size time Title TStamp Type Value
		VerDTD VerNo xml ZeroOrMore ZeroOrN ZeroOrOne`)
}

func testMetInf(t *testing.T) {
	want := syncml.Item{Meta: &syncml.Meta{Format: "chr", Type: "text/plain"}, Data: syncml.Text("x")}
	format, typ, data := element(tagFormat, "chr"), element(tagType, "text/plain"), element(tagData, "x")
	for name, item := range map[string][]byte{
		"bare":                     octets(meta(format, typ), data),
		"with MetInf":              octets(meta(element(tagMetInf, format, typ)), data),
		"switch before Meta ends":  octets(0x5a, 0, 1, format, typ, 0, 0, 1, data),
		"switched for each":        octets(0x5a, 0, 1, format, 0, 0, 0, 1, typ, 1, 0, 0, data),
		"switched to the same":     octets(0x5a, 0, 1, 0, 1, format, 0, 1, typ, 1, 0, 0, 0, 0, data),
		"switch inside an element": octets(0x5a, 0, 1, 0x47, "chr", 0, 0, 1, 0, 1, typ, 1, 0, 0, data),
	} {
		if got := oneItem(t, element(tagItem, item)); show(got) != show(want) {
			t.Errorf("%s: got %s, want %s", name, show(got), show(want))
		}
	}
	// The encoder switches once to the page and once back, and not at all in front of an END.
	two := &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Replace{CmdID: "1",
		Meta: &syncml.Meta{Format: "chr", Type: "a"}, Items: []syncml.Item{want}}}}
	got := encode(t, two)
	wantOctets := octets(0x60, element(tagCmdID, "1"), 0x5a, 0, 1, format, element(tagType, "a"), 1, 0, 0,
		0x54, 0x5a, 0, 1, format, typ, 1, 0, 0, data, 1, 1, 1, 1)
	if !bytes.HasSuffix(got, wantOctets) {
		t.Errorf("got  % x\nwant it to end in % x", got, wantOctets)
	}
	// Elements without a field are kept, in the order of the DTD.
	m := decode(t, message(element(tagSync), element(tagGet, meta(element(tagMem, element(tagFreeID, "5")),
		element(tagAnchor, element(tagLast, "1"), element(tagNext, " 2 ")), tagEMI))))
	wantMeta := &syncml.Meta{Extra: []syncml.Element{{Name: "Anchor", Content: "<Last>1</Last><Next> 2 </Next>"},
		{Name: "EMI"}, {Name: "Mem", Content: "<FreeID>5</FreeID>"}}}
	same(t, m, &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Unknown{Element: "Sync"}, &syncml.Get{Meta: wantMeta}}})
	same(t, decode(t, encode(t, m)), m)
}

func testOpaqueText(t *testing.T) {
	plain := decode(t, hexExample(t, "63-valid-wbxml-numeric-publicid.hex"))
	same(t, decode(t, hexExample(t, "66-valid-wbxml-opaque-data.hex")), plain)
	// Every inline string as opaque data makes the same message.
	m := everything()
	b := encode(t, m)
	r := reader{s: string(b)}
	r.header()
	out := bytes.Clone(b[:r.pos])
	for depth := 1; depth > 0; {
		at := r.pos
		if !r.next() {
			t.Fatal(r.err)
		}
		if r.kind == kindText {
			out = append(appendNumber(append(out, tokenOpaque), uint32(len(r.text))), r.text...)
		} else {
			out = append(out, b[at:r.pos]...)
		}
		switch {
		case r.kind == kindStart:
			depth++
		case r.kind == kindEnd && depth == 2:
			depth = 0
		case r.kind == kindEnd:
			depth--
		}
	}
	if bytes.Equal(out, b) {
		t.Fatal("nothing was changed")
	}
	same(t, decode(t, out), m)
}

func testOpaqueData(t *testing.T) {
	bin, chr := element(tagFormat, "bin"), element(tagFormat, "chr")
	data := element(tagData, opaque("\x00\xff"))
	text := element(tagData, opaque("a\x00b"))
	item := func(content ...any) []byte { return element(tagItem, octets(content...)) }
	atomic := func(content ...any) []byte { return element(tagAtomic, octets(content...)) }
	replace := func(content ...any) []byte { return element(tagReplace, octets(content...)) }
	for name, test := range map[string]struct {
		body []byte
		want syncml.Data
	}{
		"Format before":                 {replace(item(meta(bin), data)), syncml.Octets([]byte("\x00\xff"))},
		"Format behind":                 {replace(item(data, meta(bin))), syncml.Octets([]byte("\x00\xff"))},
		"of the command":                {replace(meta(bin), item(data)), syncml.Octets([]byte("\x00\xff"))},
		"of the command, behind":        {replace(item(data), meta(bin)), syncml.Octets([]byte("\x00\xff"))},
		"of the command with item Meta": {replace(meta(bin), item(meta(element(tagType, "a")), data)), syncml.Octets([]byte("\x00\xff"))},
		"of the Atomic":                 {atomic(meta(bin), replace(item(data))), syncml.Octets([]byte("\x00\xff"))},
		"of the Atomic, behind":         {atomic(replace(item(data)), meta(bin)), syncml.Octets([]byte("\x00\xff"))},
		"of the Sequence around":        {element(tagSequence, meta(bin), atomic(replace(item(data)))), syncml.Octets([]byte("\x00\xff"))},
		"none":                          {replace(item(text)), syncml.Text("a\x00b")},
		"chr":                           {replace(item(meta(chr), text)), syncml.Text("a\x00b")},
		"item before command":           {replace(meta(bin), item(meta(chr), text)), syncml.Text("a\x00b")},
		"command before Atomic":         {atomic(meta(bin), replace(meta(chr), item(text))), syncml.Text("a\x00b")},
		"text under bin":                {replace(item(meta(bin), element(tagData, "AP8="))), syncml.Text("AP8=")},
		"empty":                         {replace(item(meta(bin), element(tagData, opaque("")))), syncml.Octets(nil)},
		"second Data is text":           {replace(item(meta(bin), data, element(tagData, "x"))), syncml.Text("x")},
		"mixed":                         {replace(item(meta(bin), element(tagData, "a", opaque("\xff")))), syncml.Octets([]byte("a\xff"))},
	} {
		m := decode(t, message(test.body))
		if got := firstData(m.Body); got != test.want {
			t.Errorf("%s: got %s, want %s", name, show(got), show(test.want))
		}
		same(t, decode(t, encode(t, m)), m)
	}
	for name, body := range map[string][]byte{
		"no Format":          replace(item(data)),
		"chr":                replace(item(meta(chr), data)),
		"chr above bin":      atomic(meta(bin), replace(meta(chr), item(data))),
		"Status":             element(tagStatus, meta(bin), data),
		"bin of another one": octets(replace(item(meta(bin), data)), replace(item(data))),
	} {
		t.Run(name, func(t *testing.T) { refused(t, message(body), "not UTF-8") })
	}
	// What would be read otherwise is not written.
	for name, c := range map[string]syncml.Command{
		"octets without Format": &syncml.Replace{Items: []syncml.Item{{Data: syncml.Octets([]byte{1})}}},
		"octets in a Status":    &syncml.Status{Data: syncml.Octets([]byte{1})},
		"text with 0 under bin": &syncml.Replace{Meta: &syncml.Meta{Format: "bin"}, Items: []syncml.Item{{Data: syncml.Text("\x00")}}},
	} {
		encodeRefused(t, name, c, "Data")
	}
	got := encode(t, &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Replace{Items: []syncml.Item{{Data: syncml.Text("a\x00b")}}}}})
	if !bytes.Contains(got, text) {
		t.Errorf("got % x, want text with the character 0 as % x", got, text)
	}
}

// firstData is the Data of the first item of the first command, or of the first inside it.
func firstData(body []syncml.Command) syncml.Data {
	switch c := body[0].(type) {
	case *syncml.Atomic:
		return firstData(c.Body)
	case *syncml.Sequence:
		return firstData(c.Body)
	}
	return body[0].ItemList()[0].Data
}

// encodeRefused fails unless a command is refused with a path that ends as told, and the buffer stays as it was.
func encodeRefused(t *testing.T, name string, c syncml.Command, path string) {
	t.Helper()
	dst := []byte("kept")
	out, err := Codec.AppendCommand(dst, c)
	var refusal *syncml.EncodeError
	if !errors.As(err, &refusal) {
		t.Errorf("%s: got error %v, want a *syncml.EncodeError", name, err)
		return
	}
	if !strings.HasSuffix(refusal.Path, path) {
		t.Errorf("%s: got path %q, want it to end in %q", name, refusal.Path, path)
	}
	if string(out) != "kept" {
		t.Errorf("%s: buffer was changed to %q", name, out)
	}
}

func testJoinedText(t *testing.T) {
	table := "zero\x00one\x00"
	pieces := octets("a", tokenTable, 5, tokenEntity, 0x81, 0x3c, opaque("b"), tokenTable, 1, 0, 1, 0, 0, "c")
	b := octets(2, 0xa4, 1, 0x6a, len(table), []byte(table), element(tagSyncML, syncHdr(), element(tagSyncBody,
		element(tagReplace, element(tagCmdID, pieces), element(tagItem, element(tagData, pieces))))))
	m := decode(t, b)
	want := "aone\u00bcberoc"
	if got := m.Body[0].ID(); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := m.Body[0].ItemList()[0].Data; got != syncml.Text(want) {
		t.Errorf("got %s, want %s", show(got), show(syncml.Text(want)))
	}
	for _, entity := range [][]byte{{tokenEntity, 0}, {tokenEntity, 8}, {tokenEntity, 0x83, 0xb0, 0}, {tokenEntity, 0xc4, 0x80, 0}, {tokenEntity, 0x83, 0xff, 0x7f}} {
		refused(t, message(element(tagReplace, element(tagCmdID, entity))), "not a character")
	}
}

func testEmptyElements(t *testing.T) {
	m := decode(t, message(octets(tagGet, element(tagReplace, tagNoResp, element(tagNoResp), element(tagItem, tagData, tagMoreData),
		element(tagItem, element(tagData), element(tagMoreData)), tagItem)), element(tagFinal)))
	same(t, m, &syncml.Message{Header: simpleHeader(), Final: true, Body: []syncml.Command{&syncml.Get{}, &syncml.Replace{NoResp: true,
		Items: []syncml.Item{{Data: syncml.Text(""), MoreData: true}, {Data: syncml.Text(""), MoreData: true}, {}}}}})
	got := encode(t, m)
	if want := octets(0x54, tagData, tagMoreData, 1); !bytes.Contains(got, want) {
		t.Errorf("got % x, want empty elements without content: % x", got, want)
	}
	if !bytes.HasSuffix(got, octets(tagFinal, 1, 1)) {
		t.Errorf("got % x, want it to end in an empty Final", got)
	}
}

func testAttributes(t *testing.T) {
	want := decode(t, message(element(tagGet, element(tagCmdID, "1"))))
	attributes := octets(0x05, "a\x01"[:1], 0x85, 0, 7, 0x06, tokenEntity, 0x20, opaque("\x01\x01"), tokenLiteral, 0, tokenTable, 0, tokenEnd)
	table := octets(2, 0xa4, 1, 0x6a, 2, []byte("n\x00"))
	for name, body := range map[string][]byte{
		"with content":    octets(0xc0|0x13, attributes, element(tagCmdID, "1"), 1),
		"of a text":       element(tagGet, 0xc0|0x0b, attributes, "1", 1),
		"without content": element(tagGet, element(tagCmdID, "1"), 0x80|0x1a, attributes, 0x80|0x30-0x30+0x14, attributes),
	} {
		b := octets(table, element(tagSyncML, syncHdr(), element(tagSyncBody, body)))
		m := decode(t, b)
		if name == "without content" {
			want.Body[0].(*syncml.Get).Meta, want.Body[0].(*syncml.Get).Items = &syncml.Meta{}, []syncml.Item{{}}
		} else {
			want.Body[0].(*syncml.Get).Meta, want.Body[0].(*syncml.Get).Items = nil, nil
		}
		same(t, m, want)
	}
	refused(t, message(octets(0xc0|0x13, 0x05, "a")), "")              // no END
	refused(t, message(octets(0x80|0x13, 0x05, 0x40, 0, 1)), "attrib") // extension
	many := octets(0x80|0x13, bytes.Repeat([]byte{5}, 65), 1)
	var limit *syncml.LimitError
	if _, err := Codec.Decode(message(many), syncml.Limits{}); !errors.As(err, &limit) || limit.Limit != "Attributes" {
		t.Errorf("got error %v for 65 attributes", err)
	}
	if _, err := Codec.Decode(message(many), syncml.Limits{Attributes: 65}); err != nil {
		t.Error(err)
	}
}

func testLiterals(t *testing.T) {
	table := "Vendor\x00CmdID\x00Format\x00not a name\x00a:b\x00" + strings.Repeat("n", 256) + "\x00"
	document := func(body ...any) []byte {
		return octets(2, 0xa4, 1, 0x6a, 0x82, len(table)-256, []byte(table), element(tagSyncML, syncHdr(), element(tagSyncBody, body...)))
	}
	if len(table) < 256 || len(table) >= 384 {
		t.Fatalf("length %d is not encoded right", len(table))
	}
	m := decode(t, document(tokenLiteral, 0, 0x44, 0, 0x44, 7, "1", 1, element(tagMeta), 1,
		0xc4, 0, 5, "attribute", 1, 1, 0x84, 0, 5, 1,
		element(tagReplace, 0x44, 7, "2", 1, element(tagMeta, 0x44, 13, "chr", 1, 0x44, 0, "x<", 1),
			element(tagItem, element(tagData, 0x44, 0, "&", 1, "\r>")))))
	same(t, m, &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{
		&syncml.Unknown{Element: "Vendor"},
		&syncml.Unknown{Element: "Vendor", CmdID: "1", Content: "<Meta/>"},
		&syncml.Unknown{Element: "Vendor"},
		&syncml.Unknown{Element: "Vendor"},
		&syncml.Replace{CmdID: "2", Meta: &syncml.Meta{Format: "chr", Extra: []syncml.Element{{Name: "Vendor", Content: "x&lt;"}}},
			Items: []syncml.Item{{Data: syncml.Markup("<Vendor>&amp;</Vendor>&#xD;&gt;")}}},
	}})
	encodeRefused(t, "command without a token", m.Body[0], "")
	encodeRefused(t, "child of Meta without a token", m.Body[4], "Replace/Meta")
	refused(t, document(0x04, 20), "not a name")
	refused(t, document(0x04, 31), "not a name")
	refused(t, document(0x04, 35), "not a name") // longer than 255 octets
	refused(t, document(0x04, 0x82, len(table)-256), "string table")
	for _, token := range []int{0x40, 0x41, 0x42, 0x80, 0x81, 0x82, 0xc0, 0xc1, 0xc2} {
		refused(t, document(element(tagReplace, token, 0)), "extension")
	}
	// Processing instructions are passed over wherever they stand.
	pi := octets(tokenPI, 0x05, "text", tokenEnd)
	got := decode(t, octets(head, pi, element(tagSyncML, pi, syncHdr(), element(tagSyncBody, pi, element(tagGet, element(tagCmdID, "1", pi, "2")))), pi))
	same(t, got, &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Get{CmdID: "12"}}})
	refused(t, message(tokenPI, 5), "")
}

func testEmbedded(t *testing.T) {
	// A tree as tokens is markup, and is written as tokens again.
	tree := octets(0, 2, 0x60, 0x77, "1.2", 1, 0x64, 0x66, "a&b", 1, 0x6f, 0x5c, 0x0b, 1, 1, 0x76, "1 < 2", 1, 1, 1)
	m := decode(t, message(element(tagReplace, element(tagItem, 0x4f, tree, 1, 0, 0, tagMoreData))))
	want := syncml.Markup(`<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD><Node><NodeName>a&amp;b</NodeName>` +
		`<RTProperties><Format><chr/></Format></RTProperties><Value>1 &lt; 2</Value></Node></MgmtTree>`)
	item := m.Body[0].ItemList()[0]
	if item.Data != want || !item.MoreData {
		t.Errorf("got %s, want %s", show(item), show(want))
	}
	b := encode(t, m)
	if !bytes.Contains(b, octets(0x4f, tree, 1, 0, 0, tagMoreData)) {
		t.Errorf("got % x, want it to contain % x", b, tree)
	}
	same(t, decode(t, b), m)

	// Elements of other pages inside change the namespace and back.
	m = decode(t, message(element(tagReplace, element(tagItem, element(tagData,
		0, 2, 0x60, 0, 1, 0x13, 0, 0, 0x54, tagMeta, 0, 1, tagSize, 1, 0, 2, 0x24, 1, 0, 0, tagMeta)))))
	if got, want := m.Body[0].ItemList()[0].Data, syncml.Markup(`<MgmtTree xmlns="syncml:dmddf1.2"><Type xmlns="syncml:metinf"/>`+
		`<Item xmlns="SYNCML:SYNCML1.2"><Meta/><Size xmlns="syncml:metinf"/></Item><Node/></MgmtTree><Meta/>`); got != want {
		t.Errorf("got %s\nwant %s", show(got), show(want))
	}
	same(t, decode(t, encode(t, m)), m)

	// A whole document in opaque data is kept as it is, whatever the Format.
	for name, document := range map[string]string{
		"DevInf, numeric": "\x02\xa4\x03\x6a\x00\x4a\x03x\x00\x01",
		"tree, table":     "\x03\x00\x00\x6a\x1a-//OMA//DTD-DM-DDF 1.2//EN\x60\x01",
	} {
		body := element(tagReplace, element(tagItem, meta(element(tagType, "application/vnd.syncml-devinf+wbxml")), element(tagData, opaque(document))))
		m := decode(t, message(body))
		if got := m.Body[0].ItemList()[0].Data; got != syncml.Octets([]byte(document)) {
			t.Errorf("%s: got %s", name, show(got))
		}
		if b := encode(t, m); !bytes.Contains(b, opaque(document)) {
			t.Errorf("%s: octets were changed: % x", name, b)
		}
	}
}

func testLengths(t *testing.T) {
	m := everything()
	all := encode(t, m)
	b, err := Codec.AppendHeader(nil, &m.Header)
	if err != nil {
		t.Fatal(err)
	}
	sum := len(b)
	for _, c := range m.Body {
		alone, err := Codec.AppendCommand(nil, c)
		if err != nil {
			t.Fatal(err)
		}
		sum += len(alone)
		before := len(b)
		if b, err = Codec.AppendCommand(b, c); err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(b[before:], alone) {
			t.Errorf("%s depends on its neighbours", c.Name())
		}
	}
	end, err := Codec.AppendEnd(nil, m.Final)
	if err != nil {
		t.Fatal(err)
	}
	if sum += len(end); sum != len(all) {
		t.Errorf("got %d octets, want %d", sum, len(all))
	}
	// A command can be cut off again.
	cut := len(b)
	if b, err = Codec.AppendCommand(b, m.Body[0]); err != nil {
		t.Fatal(err)
	}
	if b = append(b[:cut], end...); !bytes.Equal(b, all) {
		t.Error("cutting a command off leaves another message")
	}
}

func testMalformed(t *testing.T) {
	table := octets(2, 0xa4, 1, 0x6a, 2, []byte("a\x00"))
	for name, test := range map[string]struct {
		in     []byte
		reason string
	}{
		"nothing":                   {nil, "no octets"},
		"header alone":              {head, "too early"},
		"string table past the end": {[]byte{2, 0xa4, 1, 0x6a, 2, 0}, "string table"},
		"offset past the table":     {octets(table, element(tagSyncML, tokenTable, 2)), "string table"},
		"root is another element":   {octets(head, element(tagSyncHdr)), "root"},
		"root is of another page":   {octets(head, 0, 1, element(tagMetInf)), "root"},
		"text as root":              {octets(head, "a"), "outside"},
		"END as root":               {octets(head, 1), "end without"},
		"no SyncHdr":                {octets(head, element(tagSyncML, tagSyncBody)), "SyncBody"},
		"no SyncBody":               {octets(head, element(tagSyncML, tagSyncHdr)), "no SyncHdr and SyncBody"},
		"empty root":                {octets(head, tagSyncML), "no SyncHdr and SyncBody"},
		"two SyncHdr":               {octets(head, element(tagSyncML, tagSyncHdr, tagSyncHdr, tagSyncBody)), "second SyncHdr"},
		"two SyncBody":              {octets(head, element(tagSyncML, tagSyncHdr, tagSyncBody, tagSyncBody)), "SyncBody"},
		"SyncBody before SyncHdr":   {octets(head, element(tagSyncML, tagSyncBody, tagSyncHdr)), "SyncBody"},
		"two roots":                 {octets(message(), message()[5:]), "after the root"},
		"octets after the root":     {octets(message(), 0), "after the root"},
		"unclosed elements":         {octets(head, 0x6d, syncHdr(), 0x6b), "too early"},
		"unknown page":              {message(0, 3), "code page"},
		"page switch at the end":    {octets(head, 0x6d, 0), "too early"},
		"reserved token":            {message(0x30), "unknown token"},
		"unknown token":             {message(0x7d), "unknown token"},
		"opaque past the end":       {message(element(tagReplace, tokenOpaque, 0x7f)), "opaque"},
		"opaque of one too many":    {octets(head, 0x6d, syncHdr(), 0x6b, 0x60, tokenOpaque, 3, []byte("ab")), "opaque"},
		"opaque of 4 GiB":           {message(element(tagReplace, tokenOpaque, 0x8f, 0xff, 0xff, 0xff, 0x7f)), "opaque"},
		"inline string without end": {octets(head, 0x6d, []byte("\x03abc")), "too early"},
		"character 0 in markup":     {message(element(tagReplace, element(tagItem, element(tagData, tagMeta, opaque("\x00"))))), "character"},
		"octets in markup":          {message(element(tagReplace, element(tagItem, element(tagData, tagMeta, opaque("\xff"))))), "not UTF-8"},
		"octets in another text":    {message(element(tagReplace, element(tagCmdID, opaque("\xff")))), "not UTF-8"},
	} {
		t.Run(name, func(t *testing.T) { refused(t, test.in, test.reason) })
	}
	refused(t, hexExample(t, "65-invalid-wbxml-truncated.hex"), "too early")

	// An error tells where.
	b := message(element(tagReplace, tagItem), element(tagGet, tagItem), element(tagReplace, element(tagItem), element(tagItem, element(tagTarget, 0x57, 0x40))))
	_, err := Codec.Decode(b, syncml.Limits{})
	got := syntaxError(t, err, "extension")
	if want := "SyncML/SyncBody/Replace[2]/Item[2]/Target/LocURI"; got.Path != want {
		t.Errorf("got path %q, want %q", got.Path, want)
	}
	if want := bytes.IndexByte(b, 0x40); got.Offset != want {
		t.Errorf("got offset %d, want %d", got.Offset, want)
	}
}

func testBinaryData(t *testing.T) {
	value := "\x00\x01\xfe"
	for _, test := range []struct {
		format string
		data   []byte
		want   syncml.Data
	}{
		{"bin", opaque(value), syncml.Octets([]byte(value))},
		{"bin", octets("AAH+"), syncml.Text("AAH+")},
		{"b64", opaque("AAH+"), syncml.Text("AAH+")},
		{"b64", octets("AAH+"), syncml.Text("AAH+")},
	} {
		m := decode(t, message(element(tagReplace, element(tagItem, meta(element(tagFormat, test.format)), element(tagData, test.data)))))
		if got := m.Body[0].ItemList()[0].Data; got != test.want {
			t.Errorf("Format %s, % x: got %s, want %s", test.format, test.data, show(got), show(test.want))
		}
		same(t, decode(t, encode(t, m)), m)
	}
}

func testTruncated(t *testing.T) {
	b := encode(t, everything())
	for n := range b {
		if m, err := Codec.Decode(b[:n], syncml.Limits{}); err == nil || m != nil {
			t.Errorf("%d of %d octets make a message", n, len(b))
		} else {
			syntaxError(t, err, "")
		}
	}
}

func testLongNumbers(t *testing.T) {
	for name, in := range map[string][]byte{
		"six octets":        message(element(tagReplace, tokenOpaque, 0x80, 0x80, 0x80, 0x80, 0x80, 0)),
		"above 32 bits":     message(element(tagReplace, tokenOpaque, 0x90, 0x80, 0x80, 0x80, 0)),
		"public identifier": {2, 0xff, 0xff, 0xff, 0xff, 0xff, 1},
		"entity":            message(element(tagReplace, tokenEntity, 0x9f, 0xff, 0xff, 0xff, 0x7f)),
	} {
		t.Run(name, func(t *testing.T) { refused(t, in, "32 bits") })
	}
	// Leading zeros are not wrong within five octets.
	same(t, decode(t, message(element(tagReplace, element(tagCmdID, tokenOpaque, 0x80, 0x80, 0x80, 0x80, 1, int('x'))))),
		&syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Replace{CmdID: "x"}}})
}

func testAnnounced(t *testing.T) {
	for name, in := range map[string][]byte{
		"opaque data":  message(element(tagReplace, tokenOpaque, 0x87, 0xff, 0xff, 0xff, 0x7f)),
		"string table": {2, 0xa4, 1, 0x6a, 0x87, 0xff, 0xff, 0xff, 0x7f, 0x6d},
	} {
		if got := allocated(func() { refused(t, in, "longer than the message") }); got > 64<<10 {
			t.Errorf("%s: %d octets were allocated for a message of %d", name, got, len(in))
		}
	}
}

func testUTF8(t *testing.T) {
	for _, bad := range []string{"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80", "\xf4\x90\x80\x80"} {
		for name, in := range map[string][]byte{
			"identifier":          message(element(tagReplace, element(tagCmdID, bad))),
			"inline Data":         message(element(tagReplace, element(tagItem, element(tagData, bad)))),
			"inline Data, bin":    message(element(tagReplace, element(tagItem, meta(element(tagFormat, "bin")), element(tagData, bad)))),
			"opaque identifier":   message(element(tagReplace, element(tagCmdID, opaque(bad)))),
			"opaque Data":         message(element(tagReplace, element(tagItem, element(tagData, opaque(bad))))),
			"between elements":    message(bad, tagGet),
			"in an unknown":       message(element(tagPut, bad)),
			"in an ignored child": message(element(tagReplace, element(tagItem, element(tagSourceParent, bad)))),
			"in an attribute":     message(0x80|0x13, 5, bad, 1),
			"string table":        octets(2, 0xa4, 1, 0x6a, len(bad)+1, []byte(bad), 0, element(tagSyncML, syncHdr(), element(tagSyncBody, element(tagReplace, element(tagCmdID, tokenTable, 0))))),
		} {
			t.Run(name, func(t *testing.T) { refused(t, in, "UTF-8") })
		}
		got := oneItem(t, element(tagItem, meta(element(tagFormat, "bin")), element(tagData, opaque(bad)))).Data
		if got != syncml.Octets([]byte(bad)) {
			t.Errorf("got %s, want the octets % x", show(got), bad)
		}
		encodeRefused(t, "identifier", &syncml.Get{CmdID: bad}, "Get/CmdID")
		encodeRefused(t, "Data", &syncml.Replace{Items: []syncml.Item{{}, {Data: syncml.Text(bad)}}}, "Replace/Item[2]/Data")
	}
}
