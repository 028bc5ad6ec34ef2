package wbxml

import (
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/hostile"
)

// everything is a message with every field of every command.
func everything() *syncml.Message {
	loc := func(s string) syncml.Location { return syncml.Location{URI: "./" + s, Name: s} }
	meta := &syncml.Meta{Format: "chr", Type: "text/plain", Mark: "m", Size: "7", NextNonce: "bm9uY2U=", MaxMsgSize: "4096", MaxObjSize: "65536",
		Extra: []syncml.Element{
			{Name: "FieldLevel"}, {Name: "Anchor", Content: "<Last>1</Last><Next>2</Next>"}, {Name: "Version", Content: "1.0"},
			{Name: "EMI", Content: "a &amp; b"}, {Name: "Mem", Content: "<FreeMem>8</FreeMem>"},
			{Name: "Node", Space: syncml.NamespaceTree, Content: "<NodeName>n</NodeName>"}, {Name: "Next", Content: "3"},
		}}
	cred := func() *syncml.Cred {
		return &syncml.Cred{Meta: &syncml.Meta{Format: "b64", Type: "syncml:auth-md5"}, Data: syncml.Text("ZGlnZXN0")}
	}
	items := []syncml.Item{
		{Target: loc("t"), Source: loc("s"), Meta: meta, Data: syncml.Text("text"), MoreData: true},
		{Target: syncml.Location{Name: "only a name"}, Data: syncml.Text("")},
		{Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte("\x00\x01\xff"))},
		{Meta: &syncml.Meta{}, Data: syncml.Markup(`<MgmtTree xmlns="syncml:dmddf1.2"><VerDTD>1.2</VerDTD></MgmtTree>`)},
		{},
	}
	h := simpleHeader()
	h.Target, h.Source, h.RespURI, h.NoResp, h.Cred, h.Meta = loc("target"), loc("source"), "https://dm.example.test/next", true, cred(), meta
	return &syncml.Message{Header: h, Final: true, Body: []syncml.Command{
		&syncml.Status{CmdID: "1", MsgRef: "1", CmdRef: "0", Cmd: "SyncHdr", TargetRefs: []string{"a", ""}, SourceRefs: []string{"b"}, Cred: cred(),
			Chal: &syncml.Chal{Meta: meta}, Data: syncml.Text("212"), Items: items},
		&syncml.Status{CmdID: "2"},
		&syncml.Alert{CmdID: "3", NoResp: true, Cred: cred(), Data: syncml.Text("1226"), Correlator: "c", Items: items},
		&syncml.Add{CmdID: "4", NoResp: true, Cred: cred(), Meta: meta, Items: items},
		&syncml.Atomic{CmdID: "5", NoResp: true, Meta: meta, Body: []syncml.Command{
			&syncml.Sequence{CmdID: "6", NoResp: true, Meta: meta, Body: []syncml.Command{&syncml.Copy{CmdID: "7", NoResp: true, Cred: cred(), Meta: meta, Items: items}}},
			&syncml.Unknown{Element: "Map", CmdID: "8", Content: "<Target><LocURI>x</LocURI></Target>"},
			&syncml.Delete{CmdID: "9", NoResp: true, Archive: true, SftDel: true, Cred: cred(), Meta: meta, Items: items},
		}},
		&syncml.Exec{CmdID: "10", NoResp: true, Cred: cred(), Meta: meta, Correlator: "c", Items: items},
		&syncml.Get{CmdID: "11", NoResp: true, Lang: "en", Cred: cred(), Meta: meta, Items: items},
		&syncml.Replace{CmdID: "12", NoResp: true, Cred: cred(), Meta: meta, Items: items},
		&syncml.Results{CmdID: "13", MsgRef: "1", CmdRef: "2", Cmd: "Get", Meta: meta, TargetRef: "t", SourceRef: "s", Items: items},
		&syncml.Unknown{Element: "Search"},
	}}
}

// Every field survives both ways, and what is decoded is written as it was.
func TestRoundTrip(t *testing.T) {
	m := everything()
	b := encode(t, m)
	got := decode(t, b)
	same(t, got, m)
	if again := encode(t, got); string(again) != string(b) {
		t.Errorf("got  % x\nwant % x", again, b)
	}
}

// Nothing of the input is kept.
func TestDecodeKeepsNothing(t *testing.T) {
	b := encode(t, everything())
	m := decode(t, b)
	for i := range b {
		b[i] = 0xee
	}
	same(t, m, everything())
}

func TestLimits(t *testing.T) {
	nested := func(n int) []byte {
		b := octets(tagGet)
		for range n {
			b = element(tagSequence, b)
		}
		return message(b)
	}
	items := func(n int) []byte { return message(element(tagGet, []byte(strings.Repeat("\x14", n)))) }
	uri := func(n int) []byte {
		return message(element(tagGet, element(tagItem, element(tagSource, element(tagLocURI, strings.Repeat("x", n))))))
	}
	extra := func(n int) []byte { return message(element(tagGet, meta([]byte(strings.Repeat("\x06", n))))) }
	attributes := func(n int) []byte {
		return message(octets(0x80|0x13, []byte(strings.Repeat("\x05\x85\xff", n)), tokenEnd))
	}
	for _, test := range []struct {
		limit  string
		limits syncml.Limits
		fits   []byte
		beyond []byte
		path   string
	}{
		{"Depth", syncml.Limits{Depth: 10}, nested(7), nested(8), "SyncML/SyncBody/Sequence[1]/Sequence[1]/Sequence[1]/Sequence[1]/Sequence[1]/Sequence[1]/Sequence[1]/Sequence[1]"},
		{"Commands", syncml.Limits{Commands: 3}, nested(2), nested(3), "SyncML/SyncBody/Sequence[1]/Sequence[1]/Sequence[1]"},
		{"Items", syncml.Limits{Items: 4}, items(4), items(5), "SyncML/SyncBody/Get[1]"},
		{"URI", syncml.Limits{URI: 9}, uri(9), uri(10), "SyncML/SyncBody/Get[1]/Item[1]/Source"},
		{"Extra", syncml.Limits{Extra: 2}, extra(2), extra(3), "SyncML/SyncBody/Get[1]/Meta"},
		{"Attributes", syncml.Limits{Attributes: 2}, attributes(2), attributes(3), "SyncML/SyncBody"},
		{"Octets", syncml.Limits{Octets: len(items(4))}, items(4), items(5), ""},
		{"Commands", syncml.Limits{}, message([]byte(strings.Repeat("\x13", 2000))), message([]byte(strings.Repeat("\x13", 2001))), "SyncML/SyncBody"},
		{"Items", syncml.Limits{}, items(10000), items(10001), "SyncML/SyncBody/Get[1]"},
		{"Extra", syncml.Limits{}, extra(64), extra(65), "SyncML/SyncBody/Get[1]/Meta"},
	} {
		if _, err := Codec.Decode(test.fits, test.limits); err != nil {
			t.Errorf("%s: %v", test.limit, err)
		}
		_, err := Codec.Decode(test.beyond, test.limits)
		var limit *syncml.LimitError
		if !errors.As(err, &limit) || limit.Limit != test.limit {
			t.Errorf("%s: got error %v", test.limit, err)
			continue
		}
		if test.limit != "Octets" && !strings.HasPrefix(limit.Path, test.path) && limit.Path != test.path {
			t.Errorf("%s: got path %q, want %q", test.limit, limit.Path, test.path)
		}
	}
}

// What the encoding cannot carry is refused, with the place and without the value.
func TestEncodeErrors(t *testing.T) {
	markup := func(s string) *syncml.Replace {
		return &syncml.Replace{Items: []syncml.Item{{Data: syncml.Markup(s)}}}
	}
	for name, test := range map[string]struct {
		command syncml.Command
		path    string
	}{
		"originalerror":     {&syncml.Status{Data: syncml.Data{Kind: syncml.TextData, Value: "500", OriginalError: "0x8600"}}, "Status/Data"},
		"kind":              {&syncml.Replace{Items: []syncml.Item{{Data: syncml.Data{Kind: 9}}}}, "Replace/Item[1]/Data"},
		"nested":            {&syncml.Atomic{Body: []syncml.Command{&syncml.Get{}, &syncml.Get{}, markup("<x/>")}}, "Atomic/Replace[1]/Item[1]/Data"},
		"unknown command":   {&syncml.Unknown{Element: "Secret"}, ""},
		"unknown namespace": {&syncml.Unknown{Element: "Put", Space: "urn:secret"}, ""},
		"unknown of Meta":   {&syncml.Get{Meta: &syncml.Meta{Extra: []syncml.Element{{Name: "Secret"}}}}, "Get/Meta"},
		"nil":               {nil, ""},
		"name":              {markup("<Secret/>"), "Data"},
		"attribute":         {markup(`<Meta secret="1"/>`), "Data"},
		"namespace":         {markup(`<Meta xmlns="urn:secret"/>`), "Data"},
		"no namespace":      {markup(`<Meta xmlns=""/>`), "Data"},
		"page":              {markup(`<MgmtTree/>`), "Data"},
		"prefix":            {markup(`<secret:Meta/>`), "Data"},
		"not closed":        {markup(`<Meta>`), "Data/Meta"},
		"closed otherwise":  {markup(`<Meta></Item>`), "Data/Meta"},
		"closed too early":  {markup(`</Meta>`), "Data"},
		"closed twice":      {markup(`<Meta/></Meta>`), "Data"},
		"tag not ended":     {markup(`<Meta`), "Data"},
		"no name":           {markup(`< Meta/>`), "Data"},
		"reference":         {markup(`<Meta/>&secret;`), "Data"},
		"open reference":    {markup(`<Meta/>&amp`), "Data"},
		"character":         {markup("<Meta/>\x01"), "Data"},
		"character number":  {markup("<Meta/>&#0;"), "Data"},
		"signed number":     {markup("<Meta/>&#+65;"), "Data"},
		"huge number":       {markup("<Meta/>&#4294967361;"), "Data"},
		"UTF-8":             {markup("<Meta/>\xff"), "Data"},
		"CDATA":             {markup("<Meta/><![CDATA[secret"), "Data"},
		"CDATA end":         {markup("<Meta/>]]>"), "Data"},
		"comment":           {markup("<Meta/><!-- secret"), "Data"},
		"comment inside":    {markup("<Meta/><!-- a--b -->"), "Data"},
		"instruction":       {markup("<Meta/><?secret"), "Data"},
		"declaration":       {markup("<!DOCTYPE secret><Meta/>"), "Data"},
		"quotes":            {markup(`<Meta xmlns=syncml/>`), "Data"},
		"attribute twice":   {markup(`<Meta xmlns="SYNCML:SYNCML1.2" xmlns="SYNCML:SYNCML1.2"/>`), "Data"},
		"no space":          {markup(`<Meta xmlns="SYNCML:SYNCML1.2"xmlns:a="b"/>`), "Data"},
		"depth":             {markup(strings.Repeat("<Meta>", 2000) + strings.Repeat("</Meta>", 2000)), "Meta"},
	} {
		encodeRefused(t, name, test.command, test.path)
		_, err := Codec.AppendCommand(nil, test.command)
		if err != nil && strings.Contains(strings.ToLower(err.Error()), "secret") {
			t.Errorf("%s: error shows the value: %v", name, err)
		}
	}
	h := simpleHeader()
	h.Cred = &syncml.Cred{Data: syncml.Text("\xff")}
	_, err := Codec.AppendHeader(nil, &h)
	var refusal *syncml.EncodeError
	if !errors.As(err, &refusal) || refusal.Path != "SyncML/SyncHdr/Cred/Data" {
		t.Errorf("got error %v for the header", err)
	}
}

// The data of a Cred are octets by the Format of the Cred.
func TestCredOfOctets(t *testing.T) {
	m := &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{
		&syncml.Get{Cred: &syncml.Cred{Meta: &syncml.Meta{Format: "bin"}, Data: syncml.Octets([]byte("\xff\x00"))}},
	}}
	same(t, decode(t, encode(t, m)), m)
}

// A field of Meta that stands in a group without a Meta around it is that of the group, not a command.
func TestMetaFieldInGroup(t *testing.T) {
	m := decode(t, message(element(tagAtomic, 0, 1, element(tagFormat, "chr"), 0, 0, tagGet)))
	want := []syncml.Command{&syncml.Atomic{Meta: &syncml.Meta{Format: "chr"}, Body: []syncml.Command{&syncml.Get{}}}}
	same(t, m, &syncml.Message{Header: simpleHeader(), Body: want})
}

// Numbers have as few octets as they need (WAP Binary XML 1.3, section 5.1).
func TestNumbers(t *testing.T) {
	for _, test := range []struct {
		n    uint32
		want string
	}{
		{0, "\x00"}, {127, "\x7f"}, {128, "\x81\x00"}, {1<<14 - 1, "\xff\x7f"}, {1 << 14, "\x81\x80\x00"}, {1 << 21, "\x81\x80\x80\x00"},
		{1<<28 - 1, "\xff\xff\xff\x7f"}, {1 << 28, "\x81\x80\x80\x80\x00"}, {1<<32 - 1, "\x8f\xff\xff\xff\x7f"},
	} {
		got := string(appendNumber(nil, test.n))
		if got != test.want {
			t.Errorf("%d: got % x, want % x", test.n, got, test.want)
		}
		r := reader{s: got}
		if back := r.number(); back != test.n || r.pos != len(got) || r.err != nil {
			t.Errorf("%d: read as %d", test.n, back)
		}
	}
}

// Markup means the same however it is written.
func TestMarkup(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{`<Meta/>`, `<Meta/>`},
		{`<Meta></Meta >`, `<Meta/>`},
		{`<Meta xmlns='SYNCML:SYNCML1.2' />`, `<Meta/>`},
		{`<s:Meta xmlns:s="SYNCML:SYNCML1.1"><s:Item/></s:Meta>`, `<Meta><Item/></Meta>`},
		{`<Meta xmlns:m="syncml:metinf" xmlns:unused = "urn:x"><m:Type>a</m:Type></Meta>`, `<Meta><Type xmlns="syncml:metinf">a</Type></Meta>`},
		{`<a:Meta xmlns:a="SYNCML:SYNCML1.2"><a:Type xmlns:a="syncml:metinf"/></a:Meta>`, `<Meta><Type xmlns="syncml:metinf"/></Meta>`},
		{`<Meta>a<!-- b -->c<?d e?>f</Meta>`, `<Meta>acf</Meta>`},
		{`<Meta>&lt;&#65;&#x42;<![CDATA[<&]]>&amp;&quot;&apos;&gt;</Meta>`, `<Meta>&lt;AB&lt;&amp;&amp;"'&gt;</Meta>`},
		{"<Meta>a\r\nb\rc\nd&#xD;</Meta>", "<Meta>a\nb\nc\nd&#xD;</Meta>"},
		{"<Meta>\r</Meta>\r\n", "<Meta>\n</Meta>\n"},
		{`x<Meta/>y`, `x<Meta/>y`},
		{`<MgmtTree xmlns="syncml:dmddf1.2"><Node><Meta xmlns="SYNCML:SYNCML1.1"/></Node></MgmtTree>`,
			`<MgmtTree xmlns="syncml:dmddf1.2"><Node><Meta xmlns="SYNCML:SYNCML1.2"/></Node></MgmtTree>`},
		{`<Meta><![CDATA[]]></Meta>`, `<Meta/>`},
	} {
		m := &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{&syncml.Get{Items: []syncml.Item{{Data: syncml.Markup(test.in)}}}}}
		got := decode(t, encode(t, m)).Body[0].ItemList()[0].Data
		if got != syncml.Markup(test.want) {
			t.Errorf("%s\ngot  %s\nwant %s", test.in, show(got), test.want)
		}
	}
}

// allocated counts the octets that f allocates, at least in one of three runs.
func allocated(f func()) uint64 {
	least := ^uint64(0)
	var before, after runtime.MemStats
	for range 3 {
		runtime.ReadMemStats(&before)
		f()
		runtime.ReadMemStats(&after)
		least = min(least, after.TotalAlloc-before.TotalAlloc)
	}
	return least
}

// costly are messages of n octets, more or less, that ask for as much memory as their shape can.
var costly = hostile.Shapes{
	"empty items":    func(n int) []byte { return message(element(tagGet, []byte(strings.Repeat("\x14", n)))) },
	"empty commands": func(n int) []byte { return message([]byte(strings.Repeat("\x05", n))) },
	"statuses":       func(n int) []byte { return message([]byte(strings.Repeat("\x29", n))) },
	"unknown":        func(n int) []byte { return message([]byte(strings.Repeat("\x2a", n))) },
	"metas":          func(n int) []byte { return message(element(tagGet, []byte(strings.Repeat("\x54\x1a\x01", n/3)))) },
	"metas within the limit": func(n int) []byte {
		return message(element(tagGet, []byte(strings.Repeat("\x54\x1a\x01", min(n/3, 10000)))))
	},
	"metas of one": func(n int) []byte { return message(element(tagGet, []byte(strings.Repeat("\x1a", n)))) },
	"filled metas": func(n int) []byte {
		one := string(element(tagItem, octets(0x5a, 0, 1, element(tagFormat, "a"), 1, 0, 0)))
		return message(element(tagGet, []byte(strings.Repeat(one, n/len(one)))))
	},
	"extra": func(n int) []byte {
		return message(element(tagGet, []byte(strings.Repeat(string(element(tagItem, meta([]byte(strings.Repeat("\x06", 64))))), n/75))))
	},
	"references":  func(n int) []byte { return message(element(tagStatus, []byte(strings.Repeat("\x2f", n)))) },
	"alternating": func(n int) []byte { return message(element(tagStatus, []byte(strings.Repeat("\x2f\x28", n/2)))) },
	"credentials": func(n int) []byte { return message(element(tagGet, []byte(strings.Repeat("\x0e", n)))) },
	"deep":        func(n int) []byte { return octets(head, []byte(strings.Repeat("\x64", n))) },
	"markup": func(n int) []byte {
		return message(element(tagGet, element(tagItem, element(tagData, []byte(strings.Repeat("\x33", n))))))
	},
	"namespaces": func(n int) []byte {
		return message(element(tagGet, element(tagItem, element(tagData, []byte(strings.Repeat("\x00\x02\x20\x00\x01\x06", n/6)), 0, 0))))
	},
	"escapes": func(n int) []byte {
		return message(element(tagGet, element(tagItem, element(tagData, tagMeta, strings.Repeat("&", n)))))
	},
	"pieces": func(n int) []byte {
		return message(element(tagGet, element(tagCmdID, []byte(strings.Repeat("\x03a\x00", n/3)))))
	},
	"entities": func(n int) []byte {
		return message(element(tagGet, element(tagCmdID, []byte(strings.Repeat("\x02\x41", n/2)))))
	},
	"opaque": func(n int) []byte {
		return message(element(tagGet, []byte(strings.Repeat(string(element(tagItem, element(tagData, opaque("")))), n/6))))
	},
	"attributes": func(n int) []byte { return message(0x93, []byte(strings.Repeat("\x05", n)), 1) },
	"table": func(n int) []byte {
		b := octets(2, 0xa4, 1, 0x6a, appendNumber(nil, uint32(n/2)), []byte(strings.Repeat("a", n/2)), 0x6d, syncHdr(), 0x6b, 0x60, 0x54, 0x4f)
		return octets(b, []byte(strings.Repeat("\x83\x00", n/4)), 1, 1, 1, 1, 1)
	},
	"literals": func(n int) []byte {
		b := octets(2, 0xa4, 1, 0x6a, 0x81, 0x7f, []byte(strings.Repeat("a", 255)), 0x6d, syncHdr(), 0x6b, 0x60, 0x54, 0x4f)
		return octets(b, []byte(strings.Repeat("\x04\x00", n/2)), 1, 1, 1, 1, 1)
	},
	"deep literals": func(n int) []byte {
		b := octets(2, 0xa4, 1, 0x6a, 0x81, 0x7f, []byte(strings.Repeat("a", 255)), 0x6d, syncHdr(), 0x6b)
		return octets(b, []byte(strings.Repeat("\x44\x00", n/2)))
	},
	"zeros": func(n int) []byte { return make([]byte, n) },
}

// A message costs no more than 2 MiB and eight times its size, whether it is accepted or, for a fault at its very
// end, refused. No limits change that.
func TestMemory(t *testing.T) {
	for name, shape := range costly {
		for n := 1 << 10; n <= 1<<18; n *= 4 {
			b := shape(n)
			late := append(b[:len(b):len(b)], 0)
			if i := strings.LastIndexByte(string(b), tokenEnd); i > len(b)-8 {
				// The fault is one that only the second reading finds.
				late = octets(b[:len(b)-2], element(tagGet, element(tagItem, element(tagData, opaque("\xff")))), 1, 1)
			}
			for _, in := range [][]byte{b, late} {
				for _, limits := range []syncml.Limits{{}, hostile.Many} {
					octets, accepted := hostile.Allocated(Codec, in, limits)
					if hostile.CheckCost(t, in, octets); t.Failed() {
						t.Fatalf("%s, accepted: %v", name, accepted)
					}
				}
			}
		}
	}
}

// A command that ends on another page than it started on leaves the next one on page 0.
func TestCommandsStartOnPage0(t *testing.T) {
	m := &syncml.Message{Header: simpleHeader(), Body: []syncml.Command{
		&syncml.Get{CmdID: "1", Meta: &syncml.Meta{Format: "chr"}},
		&syncml.Replace{CmdID: "2", Items: []syncml.Item{{Data: syncml.Markup(`<Type xmlns="syncml:metinf">a</Type>`)}}},
		&syncml.Unknown{Element: "Type", Space: syncml.NamespaceMeta},
		&syncml.Get{CmdID: "3"},
	}, Final: true}
	m.Header.Meta = &syncml.Meta{MaxMsgSize: "4096"}
	same(t, decode(t, encode(t, m)), m)
}

// The sizes that the memory of a message is counted with are those of the types.
func TestCosts(t *testing.T) {
	commands := testing.AllocsPerRun(1, func() {})
	if commands != 0 {
		t.Fatal("measuring allocates")
	}
	for name, test := range map[string]struct {
		n    int
		cost int
		make func(n int) []byte
	}{
		"command": {1000, commandCost, costly["statuses"]},
		"item":    {4000, itemCost, costly["empty items"]},
		"meta":    {12000, (itemCost + metaCost) / 3, costly["metas"]},
		"ref":     {4000, refCost, costly["references"]},
		"opaque":  {12000, (itemCost + opaqueCost) / 6, costly["opaque"]},
	} {
		b := test.make(test.n)
		got := allocated(func() { decode(t, b) })
		if most := uint64(test.n*test.cost + len(b) + spareMemory); got > most {
			t.Errorf("%s: %d octets for %d values, counted %d", name, got, test.n, most)
		}
	}
}

// Encoding into a buffer that is large enough allocates nothing.
func TestEncodeAllocatesNothing(t *testing.T) {
	m := everything()
	dst := make([]byte, 0, 64<<10)
	if got := testing.AllocsPerRun(100, func() {
		if _, err := syncml.Append(dst, Codec, m); err != nil {
			t.Fatal(err)
		}
	}); got != 0 {
		t.Errorf("got %v allocations", got)
	}
}
