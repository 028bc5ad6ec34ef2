// Package tnds reads and writes a part of the tree of a device as one document, the tree and description
// serialisation of OMA DM (TNDS). A server sends one to create many nodes with one Add, and gets one by asking for
// "?list=TNDS".
//
//   - A Tree is such a document. It says nothing about where it belongs: that is the target of the command that
//     carries it, or the node that was asked for. All walks it with the full addresses.
//   - A Node has a name, properties and either a value or children. The first is a leaf, the second is interior. The
//     node without a name is the target itself.
//   - Properties are what the device keeps about a node besides its value: access control list, title, time of the last
//     change and so on. Format and media type are part of the Value.
//   - Two forms of a document mean the same tree: nested, where a node holds its children, and flat, where a node
//     says its place by a Path that is relative to the target. A document may mix them. Parse reads both, Append writes
//     the nested form and AppendFlat the flat one.
//
// The document travels as text in the Data of a command: Tree.Value makes that value, FromValue reads it back, and Op
// is the whole operation. The device answers it with one status for all nodes, and does all or nothing; 415 means that
// it does not know the format. Documents in WBXML are written by no function here, and read only where the message
// around them carries the elements as its own.
//
// What is read is hostile: Limits bound it, and document types and entities are refused. Errors name nodes, never
// values.
//
// The specifications are OMA Device Management Tree and Description Serialization 1.2 and, for the lists, OMA DM Tree
// and Description 1.2.1, section 8.
package tnds
