package ddf_test

import (
	"fmt"
	"os"

	"github.com/gomadm/gomadm/csp/ddf"
	"github.com/gomadm/gomadm/omadm"
)

func Example() {
	f, err := os.Open("testdata/example.xml")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer f.Close()
	d, err := ddf.Parse(f)
	if err != nil {
		fmt.Println(err)
		return
	}
	for path, n := range d.All() {
		fmt.Printf("%-52s %-4s %-10s %v\n", path, n.Format, n.Occurrence, n.Access)
	}
	fmt.Println(d.Check(omadm.Op{Verb: omadm.Get, URI: "./Device/Vendor/Example/Tunnel/Berlin/Restart"}))
	// Output:
	// ./Device/Vendor/Example/Tunnel                       node One        Get
	// ./Device/Vendor/Example/Tunnel/{TunnelName}          node ZeroOrMore Add Delete Get
	// ./Device/Vendor/Example/Tunnel/{TunnelName}/Server   chr  ZeroOrOne  Add Delete Get Replace
	// ./Device/Vendor/Example/Tunnel/{TunnelName}/Restart  null One        Exec
	// ddf: Get of "./Device/Vendor/Example/Tunnel/Berlin/Restart", which permits "Exec"
}
