package omadm_test

import (
	"errors"
	"fmt"

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
