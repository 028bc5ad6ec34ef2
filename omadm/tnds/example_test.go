package tnds_test

import (
	"fmt"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/tnds"
)

// A mail account with all its settings is one Add.
func Example() {
	account := &tnds.Tree{Nodes: []*tnds.Node{{
		Name: "Account", Value: omadm.Node(), DDFName: "org.example/1.0/Mail",
		Nodes: []*tnds.Node{
			{Name: "Host", Value: omadm.Text("mail.example.test")},
			{Name: "Port", Value: omadm.Int(995)},
		},
	}}}
	op, err := tnds.Op(omadm.Add, "./Vendor/Example/Mail", account)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(op.Verb, op.URI, op.Value.Type)

	// What the device would read.
	tree, err := tnds.FromValue(op.Value)
	if err != nil {
		fmt.Println(err)
		return
	}
	for u, n := range tree.All(op.URI) {
		fmt.Printf("%s %s %q\n", u, n.Value.Format, n.Value.Data.Value)
	}
	// Output:
	// Add ./Vendor/Example/Mail application/vnd.syncml.dmtnds+xml
	// ./Vendor/Example/Mail/Account node ""
	// ./Vendor/Example/Mail/Account/Host chr "mail.example.test"
	// ./Vendor/Example/Mail/Account/Port int "995"
}
