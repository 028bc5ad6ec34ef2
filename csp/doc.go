// Package csp knows the configuration service providers of Windows: which nodes a device has, what they take, since
// which build and in which edition. It does no I/O and speaks the vocabulary of package omadm.
//
//   - A URI is the address of a node. Portals and profiles spell one address in many ways; Parse makes one of them, and
//     HasPrefix compares names, so that a list of what is denied cannot be bypassed by spelling.
//
//   - A Catalog is a set of nodes. Default returns that of this package: the facts of Microsoft's description files
//     (DDF), without their prose, with corrections that each name their source. It is read in place and costs nothing
//     until it is asked. Package csp/ddf makes catalogues of other files, New of Definitions, and With puts Layers on
//     one: providers of a vendor, or policies whose template an application brings along.
//
//   - Resolve leads from an address to a Match: the Node, and the names in the address that were chosen at run time,
//     as in ./Device/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn. An *UnknownError has the nearest names. It says that the
//     catalogue does not have a node; a device may.
//
//   - A Node says which Verbs it takes, the format of its value and which values are allowed (Constraint), and what
//     has to be set with it (Dependencies, AtomicRoot). Applies tells whether a Device has it, and which fact decided.
//     Facts that descriptions give as hints or often wrong are said to be so.
//
//   - Check compares requests with all that. What it finds are Issues with stable Codes, of which a Policy says how severe
//     they are; an unknown node is no error unless its provider is known. Checker makes of it what a queue asks before it
//     takes a request. Plan makes the requests for what is Desired, in groups and in order.
//
//   - A policy of an administrative template takes a Payload: that it is enabled, with Data for its Elements, or disabled.
//     WindowsTemplates has the elements of those of Windows, and package csp/admx reads templates of applications.
//
//   - Decode reads what a device reported by the node, Equal compares it with what was sent, Unmarshal puts it into a
//     struct. Explain says why a device refused something.
//
//   - The packages below this one, such as csp/policy and csp/bitlocker, have each node of Default as a typed constant, and
//     kits for what takes several. Match.Constant names it.
//
// From the address in a portal to a command that compiles only if the node takes it, and is sent only if the device does:
//
//	m, err := csp.Default().ResolveLocURI("./Vendor/MSFT/Policy/Config/Camera/AllowCamera")
//	…
//	fmt.Println(m.Node.Format(), m.Node.Allowed().Values, m.Constant()) // int [0 1] policy.CameraAllowCamera
//
//	req := omadm.Request{Ops: []omadm.Op{policy.CameraAllowCamera.Replace(policy.CameraAllowCameraNotAllowed)}}
//	report := csp.Default().Check(csp.Device{Build: build, Edition: csp.Pro}, req)
//	if err := report.Err(); err != nil {
//		…
//	}
//	// Queue req. When the device has answered policy.CameraAllowCamera.Get():
//	n, err := policy.CameraAllowCamera.Value(results...)
//
// On a terminal, dm tree ./Vendor/MSFT/Policy/Config/Camera/AllowCamera says the same of a node.
//
// What only reads is safe for concurrent use.
package csp
