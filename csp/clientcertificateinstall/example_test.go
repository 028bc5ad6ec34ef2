package clientcertificateinstall_test

import (
	"fmt"

	cert "github.com/gomadm/gomadm/csp/clientcertificateinstall"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	profile := cert.SCEPProfile{
		ID: "wifi", URLs: []string{"https://scep.example.test/"}, Challenge: "secret", Subject: "CN=device-1",
		CAThumbprint: "4057043D4A89E17E824645F843D731B664FDB937", Protection: cert.TPMOrSoftware,
	}
	requests, err := profile.Requests()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(profile)
	for _, r := range requests {
		fmt.Println(r.Group)
		for _, op := range r.Ops {
			fmt.Println(" ", op.Verb, op.URI.Base())
		}
	}
	// Output:
	// SCEPProfile(wifi)
	// Atomic
	//   Add wifi
	//   Add ServerURL
	//   Add Challenge
	//   Add SubjectName
	//   Add CAThumbprint
	//   Add EKUMapping
	//   Add HashAlgorithm
	//   Add KeyUsage
	//   Add KeyLength
	//   Add KeyProtection
	// Each
	//   Exec Enroll
}

func ExampleSCEPProfile_Read() {
	// What a device answered to the request of Get.
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/ClientCertificateInstall/SCEP/wifi/Status"}, Data: syncml.Text("2"),
	}}}
	result, err := cert.SCEPProfile{ID: "wifi"}.Read(answer)
	fmt.Println(result.Status == cert.SCEPPending, err)
	// Output: true <nil>
}
