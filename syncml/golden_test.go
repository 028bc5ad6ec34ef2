package syncml_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

var update = flag.Bool("update", false, "write the golden files anew")

// fullMeta has each child that MetInf names, and one of a vendor, out of order.
func fullMeta() *syncml.Meta {
	return &syncml.Meta{
		Format: "chr", Type: "text/plain", Mark: "final", Size: "1", NextNonce: "bm9uY2U=", MaxMsgSize: "2", MaxObjSize: "3",
		Extra: []syncml.Element{
			{Name: "FieldLevel"}, {Name: "Anchor", Content: "<Last>1</Last><Next>2</Next>"}, {Name: "Version", Content: "1"}, {Name: "EMI", Content: "e"},
			{Name: "Mem", Content: "<SharedMem/>"}, {Name: "Colour", Space: "urn:vendor", Content: "red"},
		},
	}
}

func fullItems() []syncml.Item {
	return []syncml.Item{
		{
			Target: syncml.Location{URI: "./t", Name: "tn"}, Source: syncml.Location{URI: "./s", Name: "sn"}, Meta: fullMeta(),
			Data: syncml.Data{Kind: syncml.TextData, Value: "<&>", OriginalError: "0x86000002"}, MoreData: true,
		},
		{Data: syncml.Markup("<a/>")},
		{},
	}
}

// everyCommand returns one of each kind with all its fields set.
func everyCommand() []syncml.Command {
	cred := &syncml.Cred{Meta: &syncml.Meta{Format: "b64", Type: "syncml:auth-md5"}, Data: syncml.Text("ZGlnZXN0")}
	text := syncml.Text("200")
	return []syncml.Command{
		&syncml.Add{CmdID: "1", NoResp: true, Cred: cred, Meta: fullMeta(), Items: fullItems()},
		&syncml.Alert{CmdID: "1", NoResp: true, Cred: cred, Data: text, Correlator: "c", Items: fullItems()},
		&syncml.Atomic{CmdID: "1", NoResp: true, Meta: fullMeta(), Body: []syncml.Command{&syncml.Add{CmdID: "2"}, &syncml.Delete{CmdID: "3"}}},
		&syncml.Copy{CmdID: "1", NoResp: true, Cred: cred, Meta: fullMeta(), Items: fullItems()},
		&syncml.Delete{CmdID: "1", NoResp: true, Archive: true, SftDel: true, Cred: cred, Meta: fullMeta(), Items: fullItems()},
		&syncml.Exec{CmdID: "1", NoResp: true, Cred: cred, Meta: fullMeta(), Correlator: "c", Items: fullItems()},
		&syncml.Get{CmdID: "1", NoResp: true, Lang: "en", Cred: cred, Meta: fullMeta(), Items: fullItems()},
		&syncml.Replace{CmdID: "1", NoResp: true, Cred: cred, Meta: fullMeta(), Items: fullItems()},
		&syncml.Results{CmdID: "1", MsgRef: "2", CmdRef: "3", Cmd: "Get", Meta: fullMeta(), TargetRef: "./t", SourceRef: "./s", Items: fullItems()},
		&syncml.Sequence{CmdID: "1", NoResp: true, Meta: fullMeta(), Body: []syncml.Command{&syncml.Get{CmdID: "2"}, &syncml.Unknown{Element: "Put", CmdID: "3"}}},
		&syncml.Status{
			CmdID: "1", MsgRef: "2", CmdRef: "3", Cmd: "Get", TargetRefs: []string{"./t", "./u"}, SourceRefs: []string{"./s", "./r"},
			Cred: cred, Chal: &syncml.Chal{Meta: fullMeta()}, Data: text, Items: fullItems(),
		},
		&syncml.Unknown{Element: "Frob", Space: "urn:vendor", CmdID: "1", Content: "<a>b</a>"},
	}
}

// testGolden compares each element, with all that it can hold, to a file.
func testGolden(t *testing.T) {
	golden := func(name, got string) {
		t.Helper()
		file := filepath.Join("testdata", "elements", name+".xml")
		if *update {
			if err := os.WriteFile(file, []byte(got+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		equal(t, got+"\n", string(want))
	}
	for _, c := range everyCommand() {
		golden(c.Name(), bodyOf(t, c))
	}
	h := header()
	h.Target.Name, h.Source.Name, h.RespURI, h.NoResp, h.Meta = "tn", "sn", "r", true, fullMeta()
	h.Cred = &syncml.Cred{Meta: fullMeta(), Data: syncml.Text("ZGlnZXN0")}
	start, err := syncml.XML.AppendHeader(nil, &h)
	if err != nil {
		t.Fatal(err)
	}
	end, err := syncml.XML.AppendEnd(nil, true)
	if err != nil {
		t.Fatal(err)
	}
	golden("SyncML", string(start)+string(end))
}
