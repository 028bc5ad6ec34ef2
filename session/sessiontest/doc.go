// Package sessiontest proves implementations of the interfaces of package session, and replays recorded sessions.
//
// TestStore is the contract of session.Store as a test. Each of its subtests stands for one sentence of
// session/store.go and is named after it; when it fails, the message quotes the sentence. A store has one test:
//
//	func TestStore(t *testing.T) {
//		sessiontest.TestStore(t, func(t *testing.T) session.Store {
//			return openEmpty(t) // and t.Cleanup closes it
//		})
//	}
//
// Three promises are out of its reach: that what was committed survives the end of the process, that two processes
// may share a store, and that an unknown error leaves either all of a change or nothing. A store that can lose
// its process between two writes needs a test of its own for these.
//
// Replay plays the device of a capture.Recording to a handler, which need not be one of package session. How much of the
// conversation has to be as it was recorded is chosen: the octets of the replies, which suits recordings of the same server
// that guard against changes; their meaning; or the outcomes, for recordings of another server, such as the one that is
// replaced. What a recording asks for is read back and handed to the handler, to be queued:
//
//	func TestReplay(t *testing.T) {
//		rec, err := capture.Read(os.DirFS("testdata"), "other-server.har")
//		// …
//		sessiontest.Replay(t, open, rec, sessiontest.ReplayOptions{Mode: capture.Outcomes})
//	}
//
// The package imports no test library, only testing.
package sessiontest
