package auth_test

import (
	"fmt"

	"github.com/gomadm/gomadm/omadm/auth"
)

// A server challenges a device, the device answers, and the server checks the answer.
func Example() {
	secret := auth.NewSecret("dev-7", "s3cret!") // what the server keeps

	key := []byte("32 random octets in real life ..")
	nonce := auth.Challenge(key, "dev-7", 4, "1", 29_000_000)
	chal := auth.NewChal(auth.MD5, nonce)

	given, _ := auth.NextNonce(chal) // on the device
	cred := auth.NewCred(auth.NewSecret("dev-7", "s3cret!"), given)

	fmt.Println(chal, cred, secret)
	fmt.Println(auth.CheckMD5(secret, cred.Data, nonce) >= 0)
	// Output:
	// Chal(syncml:auth-md5) Cred(syncml:auth-md5) Secret
	// true
}
