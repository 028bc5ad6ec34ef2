// Package ddf reads device description files: what a kind of device can have in its tree, in the format of OMA DM (DDF)
// with the extensions of Windows. It says what it found; it knows no particular node.
//
//   - A Document has one or more root nodes, each with the path it belongs to. Windows describes the part of a user and
//     that of the device in one file.
//
//   - A Node says which commands a server may use on it (Access), the format of its value, how often it occurs and
//     whether it is permanent. A node without a name is named at run time; its title is the placeholder, as in
//     ./Device/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn. A node of format node is interior, but Windows has nodes with
//     both a value and children.
//
//   - Scope is about life, not about names: a dynamic node may come and go, a permanent one may not.
//
//   - Windows holds what Microsoft adds: the builds and editions that have a node, the values it takes, what it depends
//     on. Texts are kept as they are written; reading a range or a list of builds is for whoever checks values.
//
//   - An Anomaly is something the format does not have, or has in another way. It is reported, and the rest of the file
//     is read: published files have some.
//
//   - A Set is a collection of files: a folder, or an archive as Microsoft publishes it. Definitions turns it into the facts
//     of a catalogue of package csp, checks each of them, and reports what is odd; Compile makes the catalogue. No prose
//     gets into it.
//
// Find and Check apply a document to the addresses and operations of a server; package csp does far more with a catalogue.
//
// The specification is OMA DM Tree and Description 1.2.1, section 9. The files of Windows come in two generations: the
// first has the elements of OMA DM only.
package ddf
