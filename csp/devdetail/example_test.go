package devdetail_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/devdetail"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	fmt.Println(len(devdetail.Get().Ops), "questions")

	// What came of them.
	results := []omadm.Result{{Items: []syncml.Item{
		{Source: syncml.Location{URI: "./DevDetail/SwV"}, Data: syncml.Text("10.0.26100.4061")},
		{Source: syncml.Location{URI: "./DevDetail/Ext/Microsoft/TotalRAM"}, Data: syncml.Text("16384")},
	}}}
	d, err := devdetail.Read(results...)
	fmt.Println(d.Build, d.RAM, err)

	r, err := devdetail.Rename("LAB-%RAND:5%")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Ops[0])
	_, err = devdetail.Rename("front desk")
	fmt.Println(err)
	// Output:
	// 22 questions
	// 10.0.26100.4061 16384 <nil>
	// Replace "./DevDetail/Ext/Microsoft/DNSComputerName" chr text/plain text[12]
	// devdetail: Name: other signs than letters, digits and hyphens
}
