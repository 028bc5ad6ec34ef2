package simdevice_test

import (
	"context"
	"testing"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// canned answers every message with the same octets.
type canned []byte

func (c canned) Post(_ context.Context, _, contentType string, _ []byte) (string, []byte, error) {
	return contentType, c, nil
}

// FuzzSession lets a server say anything: the device must neither panic nor go on for ever.
func FuzzSession(f *testing.F) {
	probe := &server{t: &testing.T{}, n: 1}
	for _, commands := range []string{
		"", get(1, "./DevInfo?list=StructData"), add(1, "./Vendor/MSFT/VPNv2/a/b", "x") + remove(2, "./Vendor/MSFT/VPNv2/a"),
		group("Atomic", 1, setInt(2, policy, "1"), group("Atomic", 3, get(4, "."))),
		group("Sequence", 1, alert(2, 1101, "DR=1", "x"), group("Atomic", 3, remove(4, "./Nope"))),
		alert(1, 1222), alert(1, 1223), "<Put><CmdID>1</CmdID></Put>", "<Atomic><CmdID>1</CmdID><Put/></Atomic>",
	} {
		probe.script, probe.turns = []string{commands}, 0
		f.Add([]byte(probe.answer(&syncml.Message{
			Header: syncml.Header{SessionID: "1", MsgID: "1", Source: syncml.Location{URI: deviceID}}, Final: true,
		})))
	}
	f.Fuzz(func(t *testing.T, answer []byte) {
		d := &simdevice.Device{ID: deviceID, URL: serverURL, Transport: canned(answer), MaxMessages: 4}
		report, err := d.Session(context.Background())
		if (err != nil) != (report.End == simdevice.Broken) {
			t.Errorf("error %v, end %v", err, report.End)
		}
	})
}
