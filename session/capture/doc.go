// Package capture records conversations between devices and a server, reads recordings, and writes them as text.
//
// A device sends a message as the body of a POST, and the reply is the body of the response: the two are an exchange,
// and share a number. The terms:
//
//   - A [Recorder] stands before a handler and writes each exchange to a [Sink], such as a [Dir]. It changes neither
//     the request nor the response, and what goes wrong with the recording goes to Recorder.OnError.
//   - A secret is what must not be seen: credentials, nonces, tokens, and the values of nodes that hold passwords and
//     keys. It is blanked before anything is written: a [Placeholder] of the same length stands in its place, and in
//     all places of one secret the same.
//   - A [Recording] is what [Open] reads: messages, with who sent them, when, and the octets. [Read] takes the forms of
//     other tools too, such as HTTP archives and logs; Recording.Write and Recording.WriteHAR write one.
//   - Recording.Dialogue writes the conversation as text for people. Recording.Asked is what the server asked for and
//     how it ended, Recording.Violations which rules of the protocol were broken, and by whom.
//   - A [Player] plays the device of a recording to a server. sessiontest.Replay is a test that does.
//
// A recording is a folder. The file of a message has the number and the sender in its name, 0001-device.xml and
// 0001-server.xml or the same with .wbxml, and holds the octets of the message as they were, but for secrets. Where a
// secret cannot be blanked in its place, because it is written with references or lies in a string table, the whole
// message is written anew with the same meaning.
//
// The file index.jsonl has a JSON value on each line. The first is {"format":"gomadm recording","version":1}. The others
// stand for one message each, in the order in which exchanges ended:
//
//	number   of the exchange, in the order of arrival, from 1
//	from     "device" or "server"
//	time     RFC 3339, when the message arrived or the reply was complete
//	type     media type, without parameters
//	status   of HTTP, replies only
//	octets   size of the message on the wire
//	file     name of the file, missing when octets were not recorded
//	omitted  why they were not
//	cut      true if the end of the message is missing
//	guessed  true if nobody knows who sent the message
//	source, session, message
//	         Source LocURI, SessionID and MsgID of the header
//	blanked  the places of secrets, and for each the number of the secret
//
// Readers skip names that they do not know, and refuse versions that they do not know. Headers of HTTP are not recorded,
// so that no MAC and no token of a header is. A body that is not a message is not recorded either: nobody can say where
// its secrets are.
package capture
