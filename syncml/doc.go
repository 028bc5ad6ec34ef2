// Package syncml reads and writes SyncML messages, the language of OMA DM: the grammar, not its meaning, which is
// package omadm.
//
// # Terms
//
// A message is one SyncML document. Its header names both ends, the session and the message; its body is a list of
// commands and says with Final whether it ends the package of its sender, which may be several messages. A command
// such as Replace or Get has items; an item has a target or a source, each with an address (LocURI) and a name
// (LocName), a meta that tells format and type, and data. A status answers one command and refers to it by the
// numbers of message (MsgRef) and command (CmdRef). Identifiers are opaque texts.
//
// # Entry points
//
// Decode and Encode read and write XML. A Codec does so for one encoding, under Limits, and lays a message out command
// by command; XML is here, the binary one in package wbxml. A Decoder reuses its memory. Diff and Equal compare messages
// by meaning.
//
// The decoder is strict about XML and tolerant about SyncML: what is not well formed, declares entities or is
// larger than the limits is refused; order, namespaces and white space are forgiven; commands that DM does not use are
// kept as Unknown so that they can be answered. What Decode returns, Encode writes and Decode reads again as
// an equal message. The encoder writes the order of the DTD and refuses what XML cannot carry.
//
// # Specifications
//
//   - SyncML Representation Protocol 1.2 (OMA-TS-SyncML-RepPro)
//   - SyncML Meta Information 1.2 (OMA-TS-SyncML-MetaInfo)
//   - OMA DM Representation Protocol and OMA DM Protocol 1.2.1
//   - [MS-MDM] Mobile Device Management Protocol, for what Windows does differently
package syncml
