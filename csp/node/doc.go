// Package node has the types of the constants in the packages below csp, one of which is named after each configuration
// service provider of Windows: csp/bitlocker, csp/remotewipe, csp/policy. A constant is the address of a node,
//
//	const CameraAllowCamera node.AddDeleteGetReplace[int64] = "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"
//
// and its type says what can be done with it:
//
//   - The name of a type lists the verbs that the node takes, and its methods are these verbs, so that one that the node
//     lacks does not compile. Each returns an omadm.Op, of which the caller makes requests; csp.Catalog.Check tells
//     whether a device takes them.
//
//   - The type parameter is the kind of the value (Value): int64 and not the text "1". Interior nodes, which have no value,
//     have types of their own, and so have nodes of the format null.
//
//   - Value reads what a device answered, from the results that a store keeps: the value of that node, however the device
//     spelt the address and the number. Children does it for interior nodes. An error wraps ErrNoValue when the
//     results have none.
//
//   - Of a node below a name that is chosen at run time, the constant is Named and has no verbs but At, which takes the
//     name and leads on: to another Named or to the verbs. A name that was left out does not compile either. Names finds
//     those that a device has, and Rows what it said of each.
//
// To send something that the description files do not foresee, such as a list of a whole tree, make the omadm.Op of the
// LocURI. The types are for all to use: a vendor's own nodes are constants in the same way.
package node
