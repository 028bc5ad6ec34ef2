package session_test

import (
	"crypto/sha256"
	"errors"
	"reflect"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

func TestInboundHasTheDigestOfItsBody(t *testing.T) {
	body := []byte(msg("1", "1", alert1201+final))
	want := session.Digest(sha256.Sum256(body))
	in, err := session.NewInbound(syncml.XML, syncml.ContentTypeXML, body, syncml.Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if in.Digest() != want || in.Message.Header.SessionID != "1" || in.ContentType != syncml.ContentTypeXML {
		t.Errorf("got digest %x of %q, want %x", in.Digest(), in.ContentType, want)
	}
	if got := (&session.Inbound{Body: body}).Digest(); got != want {
		t.Errorf("made by hand: got digest %x, want %x", got, want)
	}
}

func TestNewInboundRefusesWhatIsNoMessage(t *testing.T) {
	_, err := session.NewInbound(syncml.XML, syncml.ContentTypeXML, []byte("<SyncML>"), syncml.Limits{})
	var syntax *syncml.SyntaxError
	if !errors.As(err, &syntax) {
		t.Errorf("got error %v, want a *syncml.SyntaxError", err)
	}
}

func TestStateCloneSharesNoList(t *testing.T) {
	s := session.State{
		ID: "1", Requests: []session.Carried{{ID: "r"}}, Tried: []omadm.RequestID{"t"}, Outstanding: []session.Outstanding{{CmdID: 1}},
	}
	c := s.Clone()
	if !reflect.DeepEqual(s, c) {
		t.Fatalf("got %+v, want %+v", c, s)
	}
	c.Requests[0].ID, c.Tried[0], c.Outstanding[0].CmdID = "x", "x", 9
	if s.Requests[0].ID != "r" || s.Tried[0] != "t" || s.Outstanding[0].CmdID != 1 {
		t.Errorf("a change of the clone changed the original: %+v", s)
	}
	if a, b := (session.State{ID: "1", SyncType: "user"}), (session.State{ID: "1"}); a.SameKey(&b) || !a.SameKey(&a) {
		t.Error("sessions of different sync types have the same key, or one has not its own")
	}
}
