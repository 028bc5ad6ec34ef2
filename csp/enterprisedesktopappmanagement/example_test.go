package enterprisedesktopappmanagement_test

import (
	"fmt"
	"strings"
	"time"

	edam "github.com/gomadm/gomadm/csp/enterprisedesktopappmanagement"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	job := edam.Job{
		ProductID: "1803A630-3C38-4D2B-9B9A-0CB37243539C", Version: "1.2.3", URLs: []string{"https://files.example.test/agent.msi"},
		SHA256: strings.Repeat("4a", 32), CommandLine: "/quiet KEY=secret", Timeout: 10 * time.Minute, Retries: 2,
	}
	requests, err := job.Requests()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(job)
	for _, r := range requests {
		fmt.Println(r.Group, r.Ops)
	}

	// Later, in another session:
	ended, err := edam.ReadAlert(omadm.Event{
		Type:   "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install",
		Source: "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{1803A630-3C38-4D2B-9B9A-0CB37243539C}/DownloadInstall",
		Data:   syncml.Text("0"),
	})
	fmt.Println(ended.ProductID, ended.Error == 0, err)
	// Output:
	// Job(1803A630-3C38-4D2B-9B9A-0CB37243539C 1.2.3)
	// Atomic [Add "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1803A630-3C38-4D2B-9B9A-0CB37243539C%7D/DownloadInstall" xml text/plain text[485]]
	// Each [Exec "./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1803A630-3C38-4D2B-9B9A-0CB37243539C%7D/DownloadInstall" xml text/plain text[485]]
	// {1803A630-3C38-4D2B-9B9A-0CB37243539C} true <nil>
}
