package omadm_test

import (
	"fmt"
	"os"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// answer reads a message and returns the reply: a Status for everything received, and a Get.
func answer(body []byte) ([]byte, error) {
	in, err := syncml.Decode(body)
	if err != nil {
		return nil, err
	}
	reply := omadm.NewReply(in)
	if err := reply.Add(omadm.Op{Verb: omadm.Get, URI: "./DevDetail/SwV"}); err != nil {
		return nil, err
	}
	return syncml.Encode(reply.Message())
}

func ExampleNewReply() {
	body, err := os.ReadFile("../testdata/examples/01-valid-pkg1-client-initiated.xml")
	if err != nil {
		panic(err)
	}
	out, err := answer(body)
	if err != nil {
		panic(err)
	}
	m, err := syncml.Decode(out)
	if err != nil {
		panic(err)
	}
	for _, cmd := range m.Body {
		if s, ok := cmd.(*syncml.Status); ok {
			fmt.Println(s.CmdID, s.Name(), s.Cmd, s.Data.Value)
			continue
		}
		fmt.Println(cmd.ID(), cmd.Name(), cmd.ItemList()[0].Target.URI)
	}
	// Output:
	// 1 Status SyncHdr 200
	// 2 Status Alert 200
	// 3 Status Replace 200
	// 4 Get ./DevDetail/SwV
}
