package wbxml_test

import (
	"fmt"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

func Example() {
	m := &syncml.Message{
		Header: syncml.Header{
			VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1",
			Target: syncml.Location{URI: "urn:uuid:0001"},
			Source: syncml.Location{URI: "https://dm.example.test/dm"},
		},
		Body: []syncml.Command{
			&syncml.Get{CmdID: "1", Items: []syncml.Item{{Target: syncml.Location{URI: "./DevInfo/DevId"}}}},
		},
		Final: true,
	}
	b, err := syncml.Append(nil, wbxml.Codec, m)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%d octets, starting % x\n", len(b), b[:6])

	// The first octet tells the encoding, so Decode reads XML and WBXML.
	m, err = wbxml.Decode(b)
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range m.Body {
		fmt.Println(c.Name(), c.ItemList()[0].Target.URI)
	}
	// Output:
	// 120 octets, starting 02 a4 01 6a 00 6d
	// Get ./DevInfo/DevId
}
