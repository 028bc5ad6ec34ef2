// Package session runs OMA DM sessions: it answers the messages of devices over HTTP and carries requests to them.
//
// A device opens a session with a message (package 1: why it calls, and what it is). The server answers with a Status
// for each command received and with commands of its own (package 2), the device reports a Status for each and the
// values asked for (package 3), and so on until the server has nothing to send: then the session is over. A
// message is one HTTP POST; a package may span messages, the last of which has Final.
//
//   - A Handler answers messages. It keeps nothing between them: any process that shares the store can take the next.
//   - An Authenticator finds out which device sent a message: ClientCertificate, ForwardedCertificate, InsecureTrust.
//   - A Store keeps devices, sessions, queues and results. Its contract is in store.go, proven by sessiontest.TestStore;
//     memstore keeps all in memory. Registrar and Results are optional interfaces of stores.
//   - A Queue is where applications put an omadm.Request for a device. The handler leases it to a session, sends it,
//     and finishes it with one omadm.Outcome; what came of it is read through Results.
//   - Receive, Turn.Reply and both in one, Step, are the protocol without I/O: a State, what the store knows, and a
//     message become an Answer and a Change, which is all that the message changes and is committed as a whole before
//     the answer is written. A message that comes again gets the same octets.
//
// Requests that only read and set (Get, Replace, Add, Delete) are sent again when their outcome is lost, all others
// finish as Unknown. Requests for ./User/… wait until a user is signed in.
//
// The specifications are OMA Device Management Protocol, Representation Protocol and Security 1.2.1, and MS-MDM for
// what Windows does.
package session
