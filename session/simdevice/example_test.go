package simdevice_test

import (
	"context"
	"fmt"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// curious is a server that reads the manufacturer of a device and then has nothing more to say.
type curious struct{}

func (curious) Post(_ context.Context, url, contentType string, body []byte) (string, []byte, error) {
	in, err := syncml.Decode(body)
	if err != nil {
		return "", nil, err
	}
	out := &syncml.Message{Header: in.Header, Final: true}
	out.Header.Target, out.Header.Source = in.Header.Source, syncml.Location{URI: url}
	answer := func(ref, name string) {
		out.Body = append(out.Body, &syncml.Status{
			CmdID: fmt.Sprint(len(out.Body) + 1), MsgRef: in.Header.MsgID, CmdRef: ref, Cmd: name, Data: syncml.Text("200"),
		})
	}
	answer("0", "SyncHdr")
	for _, c := range in.Body {
		switch c.(type) {
		case *syncml.Alert, *syncml.Replace:
			answer(c.ID(), c.Name())
		}
	}
	if in.Header.MsgID == "1" {
		manufacturer := syncml.Item{Target: syncml.Location{URI: "./DevInfo/Man"}}
		out.Body = append(out.Body, &syncml.Get{CmdID: "9", Items: []syncml.Item{manufacturer}})
	}
	octets, err := syncml.Encode(out)
	return contentType, octets, err
}

func Example() {
	device := &simdevice.Device{
		ID:        "urn:uuid:11111111-2222-4333-8444-555555555555",
		URL:       "https://dm.example.test/dm",
		Transport: curious{}, // simdevice.HTTP{} for a server on the network
	}
	report, err := device.Session(context.Background())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(report.End, "with", report.Messages, "messages and", len(report.Violations), "violations")
	for _, e := range device.Executions() {
		fmt.Println(e.Verb, e.LocURI, e.Executed)
	}
	// Output:
	// completed with 2 messages and 0 violations
	// Get ./DevInfo/Man 1
}

// The answer to message 2 is lost. A server that handles this right answers the repeated message with the same octets,
// and the device executes nothing twice.
func ExampleFault_At() {
	device := &simdevice.Device{
		ID: "urn:uuid:11111111-2222-4333-8444-555555555555", URL: "https://dm.example.test/dm", Transport: curious{},
		Profile: simdevice.Generic12,
		Fault:   simdevice.LoseReply.At(2),
		Trace: func(m simdevice.Traffic) {
			fmt.Println(m.Number, "from the", m.From, "repeated:", m.Repeat, "lost:", m.Lost)
		},
	}
	report, err := device.Session(context.Background())
	fmt.Println(report.Err(), err)
	// Output:
	// 1 from the device repeated: false lost: false
	// 1 from the server repeated: false lost: false
	// 2 from the device repeated: false lost: false
	// 2 from the server repeated: false lost: true
	// 2 from the device repeated: true lost: false
	// 2 from the server repeated: false lost: false
	// <nil> <nil>
}
