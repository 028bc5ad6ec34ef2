package omadm

// URI is the address of a node in the tree of a device, relative to its root, perhaps with a query for a
// property or a part of the tree (OMA DM Tree and Description 1.2.1, section 5). "./A" and "A" name the same
// node. Case is never folded.
type URI string
