// Package wbxml reads and writes SyncML messages in WBXML, the binary encoding of XML.
//
// A document starts with a header: the version of the encoding, a public identifier that names the version of
// SyncML by a number or a text, the character set, and a string table. After it each element is one octet, its
// token. Tokens are numbers within a code page, and a page switch changes the page for what follows. SyncML
// has three pages: 0 for the elements of messages, 1 for MetInf, the children of Meta, and 2 for
// the trees of device management. Text stands inline, as a reference into the string table, as a character
// entity, or as opaque data of a known length; several of these in one element are one text.
//
// Codec is used like syncml.XML, and Decode takes either encoding. A message means the same in both:
//
//   - Elements inside Data, below a Meta and in unknown commands are kept as XML text, whichever encoding they came
//     in, and are written as tokens again. Attributes, and elements that no page has, cannot be written. Comments and
//     processing instructions are left out.
//   - Opaque data is text, but for a Data whose Format is bin, which is octets. The Format is that
//     of the item, else that of the command, else that of the Atomic or Sequence around it. Opaque data that is itself
//     a document in this encoding, such as embedded device information, is octets too.
//
// Versions 1.1 to 1.3 are read, with UTF-8 as character set. What is written is version 1.2 with a numeric public
// identifier and no string table. A message takes no more memory than 2 MiB and eight times its own size; one
// that would is refused with a *syncml.LimitError that names Octets.
//
// Specifications: WAP Binary XML Content Format 1.3; OMA SyncML Representation Protocol, Meta-Information and
// OMA DM Tree and Description 1.2 for the tokens.
package wbxml
