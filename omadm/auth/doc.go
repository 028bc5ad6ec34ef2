// Package auth holds the formulas by which a client and a server of OMA DM prove themselves to each other: the schemes
// of SyncML. It is pure: nonces and keys come from the caller, and nothing is kept.
//
//   - A scheme (Scheme) is a way to prove oneself. Basic sends the password. MD5 sends a digest of the password and a
//     nonce. MAC sends a digest of these and of the whole message, in a header of HTTP (Header) beside it.
//   - A secret (Secret) is what has to be kept of a user name and its password, of a client or a server. The password
//     itself is never needed.
//   - A nonce makes a digest good for one session (MD5) or one message (MAC). Each side gives the other the nonce to use
//     next. A digest is over its octets; on the wire it is in base64.
//   - Credentials are the Cred of a message header. NewCred makes them, CheckBasic and CheckMD5 check them, CheckMAC
//     checks the Header of the scheme MAC.
//   - A challenge is the Chal of a status: it names the scheme that is wanted and the nonce. NewChal makes one,
//     NextNonce reads the nonce out of one. Challenge computes a nonce that the server need not keep.
//
// Checks take the same time whether a digest is nearly right or not, and take the same path for the zero Secret, which
// nothing matches, as for another: an unknown account looks like a wrong password.
//
// The formatted forms of Secret and Header show no secret, and errors hold nothing of what was read.
//
// The specifications are OMA Device Management Security 1.2.1, section 5, and OMA DM Protocol 1.2.1, section 9.
package auth
