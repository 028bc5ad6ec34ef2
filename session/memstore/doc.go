// Package memstore is a session.Store that keeps everything in memory: for tests, demonstrations and servers that
// are a single process and may forget. It is the one to read beside session/store.go when writing another.
//
// The zero Store is empty and ready to use. Devices are made known with Register, requests are put in with
// Enqueue (better: session.Queue, which checks them), and what came of them is read with Results.
//
// When the process exits, all is lost: devices with their nonces, sessions, requests that wait and results. A
// device that comes back is unknown until it is registered again.
//
// Memory grows with what is committed. Of a finished request its id and a digest of its content stay, so that the
// id is not taken twice; they and results, outcomes and events stay until Prune forgets them or their device is
// unregistered. Load costs what it returns, and a look at each waiting request that is not due yet; Idle, Results,
// History and Prune what they return. With the length of the queue, the number of devices and what happened before, none
// grows worth the name. Requests looks at all requests of its device, and Devices sorts all when one came or went.
package memstore
