package ddf_test

import (
	"fmt"
	"os"

	"github.com/gomadm/gomadm/csp"
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

func ExampleCompile() {
	c, odd, err := ddf.Compile(os.DirFS("testdata")) // or a *zip.Reader
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(odd), "anomalies")
	m, err := c.Resolve(csp.MustParse("./Vendor/Example/Tunnel/Berlin/Server"))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(m.Node, m.Params(), m.Node.Verbs())
	build := csp.Build{Major: 10, Number: 19045, Revision: 1000}
	fmt.Println(m.Node.Applies(csp.Device{Build: build}))
	// Output:
	// 0 anomalies
	// ./Device/Vendor/Example/Tunnel/{TunnelName}/Server [Berlin] Add Delete Get Replace
	// needs build 10.0.19041.1202
}

// The nodes of a vendor are put on those of Windows.
func ExampleSet_Definitions() {
	set, err := ddf.Open("testdata") // a file, a folder or an archive
	if err != nil {
		fmt.Println(err)
		return
	}
	nodes, odd := set.Definitions()
	fmt.Println(len(nodes), "nodes,", len(odd), "anomalies")
	catalog, err := csp.Default().With(csp.Layer{Name: "Example", Define: nodes})
	if err != nil {
		fmt.Println(err)
		return
	}
	report := catalog.Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{
		{Verb: omadm.Exec, URI: "./Vendor/Example/Tunnel/Berlin/Sever"},
		{Verb: omadm.Get, URI: "./Vendor/MSFT/LAPS/Policies/BackupDirectory"},
	}})
	for i := range report {
		fmt.Println(report[i].Severity, report[i].Error())
	}
	// Output:
	// 4 nodes, 0 anomalies
	// error csp: node.unknown "./Vendor/Example/Tunnel/Berlin/Sever": no such node, got "Sever", want ./Device/Vendor/Example/Tunnel/Berlin/Server
}
