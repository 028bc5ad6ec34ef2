package syncml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// No verb of fmt shows what may be a secret.
func TestFormattingHidesSecrets(t *testing.T) {
	const secret = "s3cret"
	meta := &syncml.Meta{Type: "syncml:auth-md5", NextNonce: secret, Extra: []syncml.Element{{Name: "EMI", Content: secret}}}
	for _, v := range []any{
		syncml.Text(secret), syncml.Markup(secret), syncml.Octets([]byte(secret)), meta, *meta, meta.Extra, syncml.Cred{Meta: meta, Data: syncml.Text(secret)},
		&syncml.Cred{Meta: meta, Data: syncml.Text(secret)}, &syncml.Chal{Meta: meta}, syncml.Chal{Meta: meta}, syncml.Item{Meta: meta, Data: syncml.Text(secret)},
		&syncml.Unknown{Element: "Put", Content: secret}, syncml.Unknown{Element: "Put", Content: secret}, &syncml.Add{Items: []syncml.Item{{Meta: meta, Data: syncml.Text(secret)}}},
		syncml.Header{Cred: &syncml.Cred{Data: syncml.Text(secret)}},
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			out := fmt.Sprintf(verb, v)
			if strings.Contains(out, secret) || strings.Contains(out, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of %T shows it: %s", verb, v, out)
			}
		}
	}
}

func TestFormattingShowsWhatItIs(t *testing.T) {
	meta := &syncml.Meta{Format: "b64", Type: "syncml:auth-md5"}
	for want, v := range map[string]any{
		"absent[0]":                    syncml.Data{},
		"text[3]":                      syncml.Text("abc"),
		"markup[4]":                    syncml.Markup("<a/>"),
		"octets[2]":                    syncml.Octets([]byte{1, 2}),
		"DataKind(9)":                  syncml.DataKind(9),
		"Cred(syncml:auth-md5)":        syncml.Cred{Meta: meta},
		"Chal(syncml:auth-md5)":        syncml.Chal{Meta: meta},
		"Cred()":                       syncml.Cred{},
		"Chal()":                       syncml.Chal{},
		"Meta(b64 syncml:auth-md5 )":   meta,
		"Element(urn:v Colour)[3]":     syncml.Element{Space: "urn:v", Name: "Colour", Content: "red"},
		"Unknown( Put 1)[0]":           &syncml.Unknown{Element: "Put", CmdID: "1"},
		"syncml: SyncHdr/MsgID: wrong": &syncml.EncodeError{Path: "SyncHdr/MsgID", Reason: "wrong"},
		"syncml: offset 7: wrong":      &syncml.SyntaxError{Offset: 7, Reason: "wrong"},
		"syncml: offset 7, line 2, in SyncML/SyncBody: wrong":         &syncml.SyntaxError{Offset: 7, Line: 2, Path: "SyncML/SyncBody", Reason: "wrong"},
		"syncml: offset 7: exceeds Limits.Items, which is 5":          &syncml.LimitError{Limit: "Items", Max: 5, Offset: 7},
		"syncml: offset 7, in SyncML: exceeds Limits.URI, which is 5": &syncml.LimitError{Limit: "URI", Max: 5, Offset: 7, Path: "SyncML"},
	} {
		if got := fmt.Sprint(v); got != want {
			t.Errorf("%T is shown as %q, want %q", v, got, want)
		}
	}
}

func TestErrorsNeverHoldValues(t *testing.T) {
	const secret = "s3cret"
	for _, in := range []string{"<Data>" + secret + "&x;</Data>", "<Data>" + secret + "</Dat>", "<Data a='" + secret + "' a=''/>", "<Meta><NextNonce>" + secret + "<</NextNonce></Meta>"} {
		if e := refused(t, inItem(in)); strings.Contains(e.Error(), secret) {
			t.Error(e)
		}
	}
}

func TestAppendLeavesTheBufferOnAnError(t *testing.T) {
	bad := &syncml.Get{CmdID: "\x00"}
	for _, m := range []*syncml.Message{{Header: header()}, {Header: syncml.Header{MsgID: "\x00"}, Body: []syncml.Command{&syncml.Get{}}}, {Header: header(), Body: []syncml.Command{bad}}} {
		out, err := syncml.Append([]byte("before"), syncml.XML, m)
		if err == nil || string(out) != "before" {
			t.Errorf("%q, %v", out, err)
		}
	}
	if got := syncml.XML.ContentType(); got != syncml.ContentTypeXML {
		t.Error(got)
	}
}
