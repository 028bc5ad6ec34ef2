package syncml_test

import (
	"errors"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// A document is a message by the name of its root, not by what is in it.
func TestRootIsSyncML(t *testing.T) {
	const inside = `<SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID><MsgID>1</MsgID></SyncHdr><SyncBody><Final/></SyncBody>`
	for root, want := range map[string]bool{"SyncML": true, "Foo": false, "syncml": false, "SyncML1": false, "SyncBody": false} {
		_, err := syncml.Decode([]byte(`<` + root + ` xmlns="SYNCML:SYNCML1.2">` + inside + `</` + root + `>`))
		if got := err == nil; got != want {
			t.Errorf("root %s: got error %v", root, err)
		}
		var syntax *syncml.SyntaxError
		if !want && !errors.As(err, &syntax) {
			t.Errorf("root %s: got error %v, want a *syncml.SyntaxError", root, err)
		}
	}
}

func TestDifferenceIsOneLine(t *testing.T) {
	d := syncml.Difference{Path: "SyncHdr/MsgID", A: `"1"`, B: `"2"`}
	if got, want := d.String(), `SyncHdr/MsgID: "1" != "2"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}
