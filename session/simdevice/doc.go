// Package simdevice is a simulated device: a strict OMA DM client for demonstrations, load generators and tests.
//
// It is written from the specifications (OMA DM Protocol, Representation Protocol and Tree and Description 1.2.1,
// MS-MDM) and shares no code with a server but the codec, so that it cannot repeat a server's mistake. The terms:
//
//   - A [Device] is enrolled with one server. It keeps its management [Tree], its counts and its queue of alerts
//     from one session to the next.
//   - A session, [Device.Session], is a dialogue that the device begins. Each side says what it has to say in a
//     package, which is one message or several; Final closes it. Package 1 presents the device, package 2 brings
//     the statuses for it and commands, package 3 what became of the commands, and so on until the server has
//     nothing to say.
//   - A [Report] is what the session came to. A [Violation] in it is something that a server must not do, with the
//     id of the rule in CONFORMANCE.md.
//   - An [Execution] counts what became of a command: executed, undone with its Atomic, refused, skipped. A server
//     that has a command executed twice shows here.
//   - A [Fault] is an accident on the way: a message or an answer is lost, the device dies.
//   - A [Transport] carries the messages; [HTTP] is the one of the HTTP binding.
//
// The profile [Windows] has the habits of the DM client of Windows 11. A value has to be in the format of its
// node, where no format means chr, else the status is 415.
//
// Not included: credentials (a challenge ends the session as [Refused]), large objects (the device says that it
// has none, and answers 406 to a chunk), properties of nodes, and status 517.
package simdevice
