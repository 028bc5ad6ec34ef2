package diagnosticlog_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/diagnosticlog"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	r, err := diagnosticlog.Archive{
		ID:     "5a9d3c1e-0000-4000-8000-000000000001",
		Upload: "https://logs.example.test/device-1.zip?signature=1",
		Collect: []diagnosticlog.Item{
			{Kind: diagnosticlog.Events, Value: "Application"},
			{Kind: diagnosticlog.Command, Value: `%windir%\system32\ipconfig.exe /all`},
		},
	}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(r.Ops[0]) // without the address of the upload

	// What a device says of it later.
	c, err := diagnosticlog.ReadArchive(omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: string(diagnosticlog.DiagnosticArchiveArchiveResults)},
		Data: syncml.Text(`<Collection HRESULT="0"><ID>5a9d3c1e-0000-4000-8000-000000000001</ID><Events HRESULT="0">Application</Events>` +
			`<Command HRESULT="-2147024637">%windir%\system32\ipconfig.exe /all</Command></Collection>`),
	}}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, it := range c.Items {
		fmt.Println(it.Kind, it.Value, it.Result)
	}
	// Output:
	// Exec "./Device/Vendor/MSFT/DiagnosticLog/DiagnosticArchive/ArchiveDefinition" chr text/plain text[219]
	// Events Application 0x00000000
	// Command %windir%\system32\ipconfig.exe /all 0x80070103
}
