// Package declaredconfiguration is Windows declared configuration (WinDC): a server sends a document of all settings of
// one scenario, and the device brings itself there, keeps itself there and tells how it went. The package does no I/O.
//
//   - A Document has an id, a context (the device or the user), a Scenario, and content: Settings of configuration
//     service Providers, or Resources of management infrastructure. It is a request to configure (Complete) or to report
//     (Inventory). Request returns what sends it; a Ref says which document is meant, and asks for its Result, deletes or
//     abandons it.
//   - The checksum is the version of the content. It is computed unless the server has versions of its own. A device that
//     has a document of that checksum keeps the one it has.
//   - The status of the request says only that the document is well formed. What becomes of it is a State, which Final
//     tells from one that passes. An alert at the start of each session sums the states up: ReadAlert reads it, Compare
//     tells what of the documents wanted has to be sent. ReadResult reads the results of one document, setting by setting.
//   - Documents come over an enrolment of their own, linked to the first: Linked asks for that, over the first. In it only
//     the nodes of this provider may be addressed: Check refuses all others, for session.Queue and session.Config.
//
// A session of such an enrolment, as a session.Director sees it:
//
//	reported, err := declaredconfiguration.ReadAlert(event)
//	…
//	changes, err := declaredconfiguration.Compare(reported, wanted...)
//	…
//	requests, err := changes.Requests() // which the server gives their ids
package declaredconfiguration
