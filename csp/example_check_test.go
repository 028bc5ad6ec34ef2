package csp_test

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func ExampleCatalog_Check() {
	report := csp.Default().Check(csp.Device{Edition: csp.Home}, omadm.Request{Ops: []omadm.Op{
		{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Bool(false)},
	}})
	for _, i := range report {
		fmt.Println(i.Severity, i.Code, i.Got, i.Fix)
	}
	fmt.Println(errors.Is(report.Err(), csp.CodeValueFormat))
	// Output:
	// warning edition.unsupported Home []
	// error value.format format bool [Replace ./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera as int 0]
	// true
}

func ExampleCatalog_Plan() {
	const laps = "./Device/Vendor/MSFT/LAPS/Policies/"
	reqs, report := csp.Default().Plan(csp.Device{},
		csp.Desired{URI: laps + "PasswordAgeDays", Value: omadm.Int(30)},
		csp.Desired{URI: laps + "BackupDirectory", Value: omadm.Int(1), Last: omadm.StatusAlreadyExists},
	)
	for _, r := range reqs {
		fmt.Println(r.Group, r.Scope)
		for _, op := range r.Ops {
			fmt.Println(" ", op.Verb, op.URI.Base())
		}
	}
	fmt.Println(report.Err())
	// Output:
	// Atomic device
	//   Replace BackupDirectory
	//   Add PasswordAgeDays
	// <nil>
}

func ExampleCatalog_Explain() {
	op := omadm.Op{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml", Value: omadm.XML("<WLANProfile/>")}
	x := csp.Default().Explain(csp.Device{}, op, omadm.StatusNotFound, 0)
	fmt.Println(x.Hint)
	fmt.Println(x.Fix[0])
	// Output:
	// the node is not there yet: Add it
	// Add ./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml
}
