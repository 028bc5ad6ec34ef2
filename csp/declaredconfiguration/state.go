package declaredconfiguration

import "strconv"

// State is how far a document, or a setting in it, is. The zero State is none.
type State int

// The states. Those of Get are of documents of kind Inventory.
const (
	StateUndefined       State = 0
	StateSetRequested    State = 1
	StateSetting         State = 2
	StateSettingPending  State = 3 // a part goes on in the background
	StateDeleteRequested State = 10
	StateDeleting        State = 11
	StateGetRequested    State = 20
	StateGetting         State = 21
	StateStored          State = 40
	StateSet             State = 60
	StateSetFailed       State = 61
	StateSetBroken       State = 62 // by a failure of the infrastructure
	StateSetOnce         State = 63 // and will not be refreshed
	StateDeleted         State = 70
	StateDeleteFailed    State = 71
	StateDeleteBroken    State = 72
	StateGot             State = 80
	StateGetFailed       State = 81
	StateGetBroken       State = 82
)

var states = map[State]string{
	StateUndefined:    "not defined",
	StateSetRequested: "configuration requested", StateSetting: "configuring", StateSettingPending: "configuring, a part is pending",
	StateDeleteRequested: "deletion requested", StateDeleting: "deleting",
	StateGetRequested: "report requested", StateGetting: "reporting",
	StateStored: "stored",
	StateSet:    "configured", StateSetFailed: "not configured", StateSetBroken: "not configured, the infrastructure failed",
	StateSetOnce: "configured, not refreshed",
	StateDeleted: "deleted", StateDeleteFailed: "not deleted", StateDeleteBroken: "not deleted, the infrastructure failed",
	StateGot: "reported", StateGetFailed: "not reported", StateGetBroken: "not reported, the infrastructure failed",
}

// Known reports whether s is one of the states.
func (s State) Known() bool { return states[s] != "" }

// Final reports whether s stays as it is until the server sends something else. All other states pass by themselves:
// sending the document again only begins anew. One that is not known passes.
func (s State) Final() bool { return s.Known() && s >= StateSet }

// Succeeded reports whether s is final and the device did what it was told.
func (s State) Succeeded() bool {
	return s == StateSet || s == StateSetOnce || s == StateDeleted || s == StateGot
}

// Failed reports whether s is final and the device did not do what it was told.
func (s State) Failed() bool { return s.Final() && !s.Succeeded() }

// deletes reports whether s is about the deletion of a document.
func (s State) deletes() bool {
	return s == StateDeleteRequested || s == StateDeleting || s == StateDeleted || s == StateDeleteFailed || s == StateDeleteBroken
}

// kind returns the kind of a document that is in the state.
func (s State) kind() Kind {
	switch s {
	case StateGetRequested, StateGetting, StateGot, StateGetFailed, StateGetBroken:
		return Inventory
	}
	return Complete
}

// String returns the number and what it means, "60 configured"; only the number of one that is not known.
func (s State) String() string {
	n := strconv.Itoa(int(s))
	if s.Known() {
		return n + " " + states[s]
	}
	return n
}
