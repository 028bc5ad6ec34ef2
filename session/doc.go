// Package session runs OMA DM sessions: it answers the messages of devices over HTTP and brings them requests.
//
// A device opens a session with package 1: why it calls, and what it is. The server answers with a Status for each
// command received and with commands of its own (package 2), the device reports a Status for each and the values asked
// for (package 3), and so on until the server has nothing to send. A message is one POST; the last one of a package has
// Final. An omadm.Request is put into a Queue, leased to a session, sent, and finished with one omadm.Outcome.
//
//   - Handler answers messages and keeps nothing between them; Authenticator says which device sent one.
//   - Store keeps devices, sessions, queues and results. Its contract is in store.go; sessiontest.TestStore proves one,
//     memstore and sqlstore are two. A store may also be a Registrar, which makes devices known; Results, which says what
//     came of requests; a Canceler, an Idler, a Lister, a Pruner, and Pushes, which keeps push channels.
//   - Step is the protocol without I/O: a Record and an Inbound become an Answer and a Change, which is committed as a
//     whole before the answer is written. A message that comes again gets the same octets. Step is Receive, the
//     Director, and Turn.Reply.
//
// Specifications: OMA DM Protocol, Representation Protocol and Security 1.2.1; MS-MDM for what Windows does.
package session
