// Package cluster holds tests that kill the server and its database, and that let several servers share a database: nothing
// may be lost, nothing be done too often, and every result be read once. There is nothing to import.
//
// The terms:
//
//   - A site is one database, the processes of examples/server that serve it, its nodes, and a proxy before them. The proxy
//     sends each message of a device to another node than the one before, repetitions included.
//   - A strike kills (SIGKILL) a node, all of them, or PostgreSQL, and starts them anew. It comes with a message, whose number is
//     drawn: before the message reaches its node, while the node works on it, or when the reply has come, which then still
//     gets to the device or is lost with the node. As many devices talk at once, a strike meets the others anywhere.
//   - A device is a simulated one, with accidents of its own. A wish is a request that it gets, by POST through the same proxy,
//     again and again until it is acknowledged. The device counts what it executes.
//   - The reader follows GET /admin/results from the first entry to the last while all this goes on. All that it keeps is
//     its cursor.
//
// In the end the devices come without accidents until each wish has its outcome. Then the outcomes, the entries of the reader
// and the counts of the devices have to agree, entry by entry, with each other and with the tables.
//
// Each test draws from a seed that it prints; GOMADM_SEED repeats one, as far as processes that run side by side can. The
// long form, with GOMADM_LONG=1, has 60 strikes at the nodes, not 5.
//
// # What processes on one database have to agree on
//
// They share the tables and nothing else, but there are expectations:
//
//   - Their clocks. The open time of a session, NotBefore and Expires are compared with the clock of the node that happens
//     to answer. Clocks that differ by seconds do no harm, by minutes they end sessions early.
//   - Rules and -alert-type: each message is judged by those of its node.
//   - session.Config.Secret, where devices prove themselves by credentials of SyncML: without a common one each node refuses
//     the answers to the challenges of the others. This server does without credentials.
//   - PostgreSQL has to commit as it does by default. With synchronous_commit = off an entry can be read, and a reply be on its
//     way, that a crash of the database then takes back.
//   - A file of SQLite is for processes of one machine: its write-ahead log is shared memory.
package cluster
