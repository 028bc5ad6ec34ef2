package omadm_test

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func ExampleRequest() {
	policy := omadm.URI("./Device/Vendor/MSFT/Policy/Config")
	r := omadm.Request{
		ID:    "camera-off",
		Group: omadm.Atomic,
		Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: policy.Join("Camera", "AllowCamera"), Value: omadm.Int(0)},
			{Verb: omadm.Replace, URI: policy.Join("Bluetooth", "LocalDeviceName"), Value: omadm.Text("desk 4")},
		},
	}
	if err := r.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	r.Normalize()
	fmt.Println(r)
	for _, op := range r.Ops {
		fmt.Println(op)
	}
	// Output:
	// request "camera-off": Atomic of 2, device scope, at least once
	// Replace "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera" int text/plain text[1]
	// Replace "./Device/Vendor/MSFT/Policy/Config/Bluetooth/LocalDeviceName" chr text/plain text[6]
}

func ExampleRequest_Validate() {
	r := omadm.Request{ID: "r1", Group: omadm.Atomic, Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}}
	err := r.Validate()
	fmt.Println(err)
	var e *omadm.RequestError
	fmt.Println(errors.As(err, &e), e.Op)
	// Output:
	// omadm: request "r1": operation 0: Get in an Atomic
	// true 0
}

func ExampleURI() {
	u := omadm.Root.Join("Vendor", "Ex", "a b")
	fmt.Println(u, u.Base(), u.Parent(), u.Equal("Vendor/%45x/a%20b"))
	fmt.Println(u.WithProp(omadm.PropACL), u.WithList(omadm.ListTNDS, "+Value"))
	_, err := omadm.ParseURI("./Vendor/../DevInfo")
	fmt.Println(err)
	// Output:
	// ./Vendor/Ex/a%20b a b ./Vendor/Ex true
	// ./Vendor/Ex/a%20b?prop=ACL ./Vendor/Ex/a%20b?list=TNDS+Value
	// omadm: URI "./Vendor/../DevInfo": segment "." or ".." after the start at octet 9
}

func ExampleItemValue() {
	command := &syncml.Meta{Format: "int"}
	item := &syncml.Item{Source: syncml.Location{URI: "./DevDetail/Ext/Count"}, Data: syncml.Text("42")}
	v := omadm.ItemValue(item, command)
	n, err := v.Int()
	fmt.Println(v, n, err)
	_, err = v.Bool()
	fmt.Println(err)
	// Output:
	// int text/plain text[2] 42 <nil>
	// omadm: value of format "int" and 2 octets read as bool: has another format
}

func ExampleParseStatus() {
	s, err := omadm.ParseStatus(" 404 ")
	fmt.Println(s, s.Class(), s.Success(), err)
	// Output: 404 Not found client error false <nil>
}

func ExampleParseACL() {
	acl, err := omadm.ParseACL("Get=*&Replace=dm.example.test")
	if err != nil {
		fmt.Println(err)
		return
	}
	acl.Replace = append(acl.Replace, "dm2.example.test")
	fmt.Println(acl.Op("./Vendor/Ex"))
	fmt.Println(acl)
	// Output:
	// Replace "./Vendor/Ex?prop=ACL" chr text/plain text[46]
	// Get=*&Replace=dm.example.test+dm2.example.test
}

func ExampleUserAlert() {
	ask := omadm.UserAlert{
		Code: omadm.AlertSingleChoice, Text: "When shall the device restart?", Choices: []string{"Now", "Tonight"},
		MaxDisplay: 2 * time.Minute, Default: "2",
	}
	r := omadm.Request{ID: "restart", Ops: []omadm.Op{ask.Op()}}
	if err := r.Validate(); err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Ops[0])

	// The device answers with a status, and the number of the choice.
	status := omadm.Result{Request: "restart", Status: omadm.StatusOK, Items: []syncml.Item{{Data: syncml.Text("2")}}}
	answer, err := ask.Answer(status)
	fmt.Println(answer.Kind, ask.Choices[answer.Choices[0]-1], err)
	answer, err = ask.Answer(omadm.Result{Request: "restart", Status: omadm.StatusRequestTimeout})
	fmt.Println(answer.Kind, err)
	// Output:
	// Alert 1103 Single choice, text[30], 2 choices
	// choices Tonight <nil>
	// timed out <nil>
}

func ExampleReadList() {
	get := omadm.Op{Verb: omadm.Get, URI: omadm.URI("./Vendor/Ex").WithList(omadm.ListStructData)}
	results := []omadm.Result{{Status: omadm.StatusOK}, {Items: []syncml.Item{
		{Source: syncml.Location{URI: "./Vendor/Ex/Mail/Port"}, Meta: &syncml.Meta{Format: "int"}, Data: syncml.Text("587")},
		{Source: syncml.Location{URI: "./Vendor/Ex/Mail"}, Meta: &syncml.Meta{Format: "node"}},
		{Source: syncml.Location{URI: "./Vendor/Ex/Name"}, Data: syncml.Text("desk 4")},
	}}}
	list, err := omadm.ReadList(get.URI, results...)
	var e *omadm.ListError
	if errors.As(err, &e) && e.Unsupported() {
		fmt.Println("instead:", get.PlainGet())
		return
	}
	for n := range list.All() {
		fmt.Println(n.URI, n.Value)
	}
	port, err := list.Find("./Vendor/Ex/Mail/Port").Value.Int()
	fmt.Println(port, err)
	// Output:
	// ./Vendor/Ex node text/plain absent[0]
	// ./Vendor/Ex/Mail node text/plain absent[0]
	// ./Vendor/Ex/Mail/Port int text/plain text[3]
	// ./Vendor/Ex/Name chr text/plain text[6]
	// 587 <nil>
}

func ExamplePlanner() {
	r := omadm.Request{ID: "policy", Ops: []omadm.Op{
		{Verb: omadm.Replace, URI: "./Vendor/Ex/Policy", Value: omadm.Text(strings.Repeat("x", 1000))},
	}}
	header := syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "2"}
	for offset := 0; offset < 1000; {
		p, err := omadm.NewPlanner(syncml.XML, &header, 800)
		if err != nil {
			fmt.Println(err)
			return
		}
		offset, err = p.LayPart(&r, 0, offset, func(cmdID uint32, op int) {
			fmt.Println("command", cmdID, "for operation", op)
		})
		if err != nil || p.Empty() {
			fmt.Println("no room", err)
			return
		}
		octets, err := p.End(offset == 1000)
		fmt.Println(offset, len(octets), err)
	}
	// Output:
	// command 1 for operation 0
	// 299 792 <nil>
	// command 1 for operation 0
	// 637 792 <nil>
	// command 1 for operation 0
	// 975 792 <nil>
	// command 1 for operation 0
	// 1000 476 <nil>
}
