package syncml_test

import (
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

func ExampleDecode() {
	m, err := syncml.Decode([]byte(`<SyncML xmlns="SYNCML:SYNCML1.2">
	  <SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1F</SessionID><MsgID>2</MsgID>
	    <Target><LocURI>https://dm.example.test/dm</LocURI></Target><Source><LocURI>urn:uuid:1</LocURI></Source></SyncHdr>
	  <SyncBody>
	    <Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Data>200</Data></Status>
	    <Results><CmdID>2</CmdID><MsgRef>1</MsgRef><CmdRef>3</CmdRef>
	      <Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>Example Devices</Data></Item></Results>
	    <Final/>
	  </SyncBody>
	</SyncML>`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range m.Body {
		switch c := c.(type) {
		case *syncml.Status:
			fmt.Println("status", c.Data.Value, "for", c.Cmd)
		case *syncml.Results:
			fmt.Println(c.Items[0].Source.URI, "is", c.Items[0].Data.Value)
		}
	}
	// Output:
	// status 200 for SyncHdr
	// ./DevInfo/Man is Example Devices
}

func ExampleEncode() {
	b, err := syncml.Encode(&syncml.Message{
		Header: syncml.Header{
			VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1F", MsgID: "2",
			Target: syncml.Location{URI: "urn:uuid:1"}, Source: syncml.Location{URI: "https://dm.example.test/dm"},
		},
		Body: []syncml.Command{
			&syncml.Get{CmdID: "1", Items: []syncml.Item{{Target: syncml.Location{URI: "./DevInfo/Man"}}}},
		},
		Final: true,
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, body, _ := strings.Cut(string(b), "</SyncHdr>")
	fmt.Println(body)
	// Output:
	// <SyncBody><Get><CmdID>1</CmdID><Item><Target><LocURI>./DevInfo/Man</LocURI></Target></Item></Get><Final/></SyncBody></SyncML>
}
