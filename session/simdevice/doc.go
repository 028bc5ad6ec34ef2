// Package simdevice is a simulated device: a strict OMA DM client for demonstrations, load generators and tests.
//
// It is written from the specifications (OMA DM Protocol, Representation Protocol and Tree and Description 1.2.1,
// MS-MDM) and shares no code with a server but the codec, so that it cannot repeat a server's mistake. The terms:
//
//   - A [Device] is enrolled with one server. It keeps its management [Tree], its counts and its queue of alerts
//     from one session to the next. A [Profile] says what kind of client it is: [Windows] has the habits of the DM
//     client of Windows 11, [Generic12] all that is optional in OMA DM 1.2, [Generic11] speaks OMA DM 1.1.2.
//   - A session, [Device.Session], is a dialogue that the device begins. Each side says what it has to say in a
//     package, which is one message or several; Final closes it. Package 1 presents the device, package 2 brings
//     the statuses for it and commands, package 3 what became of the commands, and so on until the server has
//     nothing to say. [Device.SessionWith] runs a session beside another.
//   - A large object is a value that takes several messages, in parts. The receiver answers each part with 213 and
//     Alert 1222; while it lasts, no package is closed. ChunkSize, MaxObjSize, Storage and Resend of a Device steer
//     what becomes of it.
//   - A [Report] is what the session came to. A [Violation] in it is something that a server must not do, with the
//     id of the rule in CONFORMANCE.md.
//   - An [Execution] counts what became of a command: executed, undone with its Atomic, refused, skipped. A server
//     that has a command executed twice shows here.
//   - A [Fault] is an accident on the way: a message or an answer is lost, cut or comes once more, the device dies.
//   - A [Transport] carries the messages; [HTTP] is the one of the HTTP binding. A [HeaderTransport] carries headers too.
//   - An [Account] is what device and server prove themselves to each other with: passwords, and a [Scheme] of Basic,
//     MD5 or MAC. Credentials of MD5 and MAC are made with a nonce that the other side has given. Who gets wrong ones or
//     none answers with a challenge, which holds a nonce; the [Nonces] are kept from one session to the next.
//
// A [Node] allows some commands and, in the generic profiles, has properties and an ACL, which is enforced for
// [Device.ServerID]. A value has to be in the format of its node, where no format means chr, else the status is 415.
// A node keeps binary values as octets; in XML they travel as base64. The data of an Exec is handed to Node.Exec; one
// that answers 202 can tell later, by an alert with the same Correlator, how it ended.
//
// A Device with [Declared] is one of an enrolment for declared configuration (WinDC): it takes documents, carries them out
// between sessions and tells at the start of the next how they are.
//
// What the device proves below SyncML is up to others: a TLS certificate to the Client of [HTTP], tokens to its Header,
// signatures to Device.Sign.
//
// Not included: serialised trees in WBXML.
package simdevice
