package rootcatrustedcertificates_test

import (
	"encoding/pem"
	"fmt"

	"github.com/gomadm/gomadm/csp/rootcatrustedcertificates"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	block, _ := pem.Decode([]byte(exampleRoot))
	root := rootcatrustedcertificates.Certificate{DER: block.Bytes}
	request, err := root.Request()
	fmt.Println(request.Ops, err)

	_, err = rootcatrustedcertificates.Certificate{DER: []byte(exampleRoot)}.Request()
	fmt.Println(err)
	// Output:
	// [Add "./Device/Vendor/MSFT/RootCATrustedCertificates/Root/4057043D4A89E17E824645F843D731B664FDB937/EncodedCertificate" b64 text/plain text[368]] <nil>
	// rootcatrustedcertificates: DER: PEM, which has to be decoded before
}

func ExampleReadList() {
	// What a device answered to the request of List.
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/RootCATrustedCertificates/Root"}, Data: syncml.Text("4057043D4A89E17E824645F843D731B664FDB937"),
	}}}
	thumbprints, err := rootcatrustedcertificates.ReadList(rootcatrustedcertificates.StoreRoot, false, answer)
	fmt.Println(thumbprints, err)
	// Output: [4057043D4A89E17E824645F843D731B664FDB937] <nil>
}

const exampleRoot = `-----BEGIN CERTIFICATE-----
MIIBDjCBwaADAgECAgEBMAUGAytlcDAXMRUwEwYDVQQDEwxFeGFtcGxlIFJvb3Qw
HhcNMjYwMTAxMDAwMDAwWhcNMzYwMTAxMDAwMDAwWjAXMRUwEwYDVQQDEwxFeGFt
cGxlIFJvb3QwKjAFBgMrZXADIQDqSmxj4pxSCr71UHsTLsX5lUd2rr6+e5JCHupp
FEbSLKMyMDAwDwYDVR0TAQH/BAUwAwEB/zAdBgNVHQ4EFgQU/oEsEvOrTOasXbaa
w1L5BssbEe8wBQYDK2VwA0EA42KtE+9ujMSiC5ZgSH0LRQ0UZ7TOdFFOu3wlp3ZM
K5aATku5lOFf3sIQKvyeW14pGn6GS6fjz7jA/eA7RC+nDA==
-----END CERTIFICATE-----`
