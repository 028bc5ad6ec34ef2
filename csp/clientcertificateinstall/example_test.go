package clientcertificateinstall_test

import (
	"fmt"

	cert "github.com/gomadm/gomadm/csp/clientcertificateinstall"
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
