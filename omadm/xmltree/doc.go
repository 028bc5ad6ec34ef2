// Package xmltree reads XML other than SyncML: bounded, with positions, through etree.
//
// A document is scanned before a tree is made of it. The scan counts what would cost memory (Limits), refuses what is
// not well-formed and every declaration of a document type, and remembers where each element starts, so that an error
// found later in the tree still names a line. ReadParts makes the tree of a long document a part at a time. No error
// holds a word of the document.
package xmltree
