// Package omadm is the meaning of OMA DM: what a server asks of a device, and what a device reports. It does no I/O
// and reads no clock; package syncml is the grammar below it.
//
//   - An operation (Op) is one thing to do on one node: a Verb, the URI of the node, perhaps a Value. A Value is data
//     with its format and media type. Text, Int, Bytes and others make one, ItemValue reads one from an item.
//   - An alert (UserAlert) is an operation on no node: a text shown to the user, who may be asked to confirm, to type or
//     to choose. Answer reads the answer from the results. The other alerts, with an AlertCode each, are about the course
//     of a session, or are events.
//   - A request (Request) is a group of operations that belong together: each on its own, in sequence, or all or none.
//     It is what is queued, delivered, retried and reported. Validate checks it before it is stored. Operations of one
//     verb may be combined into one command with several items.
//   - Its scope (Scope) is the device or, below ./User, the user who is signed in. Its delivery (Delivery) says whether
//     it may be sent again when the outcome was lost.
//   - A result (Result) is what a device reported about one operation: a Status, items. The outcome (Outcome) is the one
//     end of a request; Summarize decides it. ReadList makes a tree of the results of a list, Value.Names the names of
//     the result of a plain Get, Properties reads properties.
//   - An event (Event) is something a device reported on its own by an alert. Facts are what it says about itself.
//   - NewReply answers a message without a store. Planner lays requests into a message of bounded size, and a value that
//     is too large for one (a large object) in parts into several.
//
// Nothing here prints the content of a value: the formatted form of a Value shows format, type and length. The binary
// forms (AppendBinary, UnmarshalBinary) hold it.
//
// The specifications are OMA Device Management Protocol, Representation Protocol, Tree and Description and Standardized
// Objects 1.2.1, and MS-MDM for what Windows does.
package omadm
