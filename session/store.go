package session

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
)

// Store keeps devices, their sessions and their queues. A store decides nothing: each value it writes is in the
// Change, each filter it applies is in the Query.
//
// All methods are safe for concurrent use, by goroutines and by processes. A store keeps no reference to slices,
// maps and pointers it is given and hands out none that it keeps: both sides may change their own. Strings of a
// Change may share the memory of a whole message; a store that keeps them in memory should clone them.
//
// Names of devices, requests, sessions, correlators and facts are the same only if all their octets are: case counts, and a
// blank at the end does.
//
// sessiontest.TestStore proves a store, one subtest per sentence below.
type Store interface {
	// Load returns one consistent view of a device, ErrUnknownDevice if it is not registered. The record holds
	// all sessions that were committed and not closed, and
	//   - every request leased by one of these sessions, and
	//   - requests due at q.Now that are neither leased nor finished, by priority (higher first) and then age
	//     (first enqueued first): at most q.Limit of them per scope, and per scope at most q.Octets of payload,
	//     but always one if there is one. Expired requests are among them; the engine finishes them.
	//
	// A request is due when NotBefore is not after q.Now. Record.Reply is set only if q.Body is the digest of
	// the body that the last message of one of the sessions had, Record.Parts only if q.Parts.
	// Load may also return requests that the store computes, under ids that are stable.
	Load(ctx context.Context, q Query) (*Record, error)

	// Commit does all of c or nothing, and has done it durably when it returns nil. ErrConflict if the revision
	// of the device is not c.Revision; a successful Commit moves it. ErrUnknownDevice if the device is not
	// registered. An *ExistsError if a request of c.Add has an id that is there already, waiting, leased or
	// finished. Any other error means that it is not known what happened; the handler then writes no reply
	// and answers 503.
	Commit(ctx context.Context, c *Change) error

	// Enqueue puts requests into the queue of a device, all or none, and does not move the revision.
	// ErrUnknownDevice if the device is not registered. A request whose id is there already, waiting, leased or
	// finished, is skipped when its content is equal, else nothing is enqueued and the error is an *ExistsError. Content is
	// equal when the binary form is (omadm.Request.AppendBinary), of which a finished request need leave but a digest.
	Enqueue(ctx context.Context, id omadm.DeviceID, reqs ...omadm.Request) error
}

// Errors of stores. They may come wrapped.
var (
	ErrUnknownDevice = errors.New("session: unknown device")
	ErrConflict      = errors.New("session: device was changed concurrently")
	ErrExists        = errors.New("session: request id exists")
	ErrCursor        = errors.New("session: cursor is not of this store")
)

// ExistsError names the requests that exist already: all of those given, in the order given. A handler leaves
// them out and tries again. It is ErrExists.
type ExistsError struct {
	Device   omadm.DeviceID
	Requests []omadm.RequestID
}

func (e *ExistsError) Error() string {
	return fmt.Sprintf("session: device %q has requests %q already", e.Device, e.Requests)
}

// Is reports whether target is ErrExists.
func (e *ExistsError) Is(target error) bool { return target == ErrExists }

// Query says what Load returns.
type Query struct {
	Device omadm.DeviceID
	Now    time.Time
	Limit  int    // waiting requests per scope
	Octets int    // payload per scope, as counted by omadm.Request.Size
	Body   Digest // of the body of the message to be answered
	Parts  bool   // whether the parts of incoming large objects are wanted
}

// Digest is the SHA-256 of the body of a message.
type Digest [32]byte

// Record is what is known of a device.
type Record struct {
	Revision uint64 // of the device, moved by each Commit
	Device   Device
	Sessions []State
	Reply    []byte // the reply to the message with the digest asked for, as it was in its Change
	// Parts are the parts of all sessions, one session after the other in the order of Sessions; State.Parts says how
	// many belong to each.
	Parts    [][]byte
	Requests []Pending
}

// Device is a registered device.
type Device struct {
	ID      omadm.DeviceID
	Facts   omadm.Facts                // as last committed
	Awaited map[string]omadm.RequestID // correlators of accepted Execs, with the request of each, as last committed
	Nonces  Nonces
	// Account is what Register was given; a Commit does not change it.
	Account Account
}

// LogValue is the formatted form, which hides the secrets and the nonces.
func (d Device) LogValue() slog.Value { return slog.StringValue(fmt.Sprintf("%+v", d)) }

// Account is what a device and the server prove themselves to each other with when they use the credentials of SyncML
// (OMA DM Security 1.2.1, section 5.3). The zero Account is that of a device that the transport proves. Its formatted form
// does not show the secrets.
//
// A secret is not the password but what auth.NewSecret makes of a name and its password: Secret of Name, ServerSecret of
// ServerName.
type Account struct {
	Name         string      // of the client: the LocName of the Source of its messages, and the user of its credentials
	Secret       auth.Secret // of the client
	ServerName   string      // the user of the credentials that the server sends
	ServerSecret auth.Secret // of the server, another one for each client; empty: the server sends no credentials
	Scheme       auth.Scheme // the only one that is accepted, and that a challenge asks for; empty: any, see Rules.Scheme; auth.MAC needs a ServerSecret
}

// String hides the secrets.
func (a Account) String() string {
	return fmt.Sprintf("Account(%q, server %q, scheme %q)", a.Name, a.ServerName, string(a.Scheme))
}

// GoString hides the secrets.
func (a Account) GoString() string { return a.String() }

// LogValue hides the secrets.
func (a Account) LogValue() slog.Value { return slog.StringValue(a.String()) }

// Nonces are the nonces exchanged with a device, as raw octets. Their formatted form does not show them.
type Nonces struct {
	Generation uint64 // moves with each accepted credential, so that a challenge is good once
	Client     string // the nonce the client has to use next
	Server     string // the nonce the server has to use next, given by the client
}

// String hides the nonces.
func (n Nonces) String() string { return fmt.Sprintf("Nonces(generation %d)", n.Generation) }

// GoString hides the nonces.
func (n Nonces) GoString() string { return n.String() }

// LogValue hides the nonces.
func (n Nonces) LogValue() slog.Value { return slog.StringValue(n.String()) }

// Pending is a request that waits or is leased, with the counts of the last Lease or Requeue.
type Pending struct {
	Request  omadm.Request
	Attempts int // how often it was sent
	Failures int // how often its outcome was lost in a way that may be its own fault
}

// Change is all that one message changes: session, queue, results and the reply. Its lists take effect in the order of
// the fields: a request may be added and leased, requeued and leased, or requeued and finished in one change.
type Change struct {
	Device   omadm.DeviceID
	Revision uint64 // the revision that was loaded

	// Session is the state to keep under its Key, replacing an earlier one. Reply is the answer to be kept with
	// it, together with Session.Body, replacing the one of the message before. A Change whose Session.ID is empty keeps
	// no session, and neither Reply nor Part; all else is done.
	Session State
	Reply   []byte
	// Part becomes the last of the Session.Parts parts that are valid, and those behind are dropped. An empty Part is
	// none: of the parts there are, the first Session.Parts stay.
	Part []byte

	Add     []omadm.Request            // new requests of the Director, as Enqueue would add them
	Requeue []Requeue                  // leased requests that wait again, at the place their age gives them
	Lease   []Lease                    // waiting requests that go out with this message
	Results []omadm.Result             // to be appended to the results
	Finish  []omadm.Outcome            // requests that are no longer waiting or leased
	Events  []omadm.Event              // to be appended to the events
	Facts   omadm.Facts                // facts that changed; an empty value removes the fact
	Awaited map[string]omadm.RequestID // correlators that changed; an empty request removes the correlator
	Nonces  *Nonces                    // new nonces of the device
	Close   []State                    // sessions to be dropped with their replies and parts; their requests are in Requeue or Finish
}

// Lease gives a request to a session.
type Lease struct {
	Request  omadm.RequestID
	Session  string // State.Key
	Attempts int    // to be kept as Pending.Attempts
}

// Requeue takes a request back from the session that has it.
type Requeue struct {
	Request  omadm.RequestID
	Attempts int // to be kept as Pending.Attempts
	Failures int // to be kept as Pending.Failures
}

// The interfaces below are optional: a store may implement them, and what needs them asserts them once.

// Registrar makes devices known to a store.
type Registrar interface {
	// Register makes a device known. A device that is registered already keeps its queue, sessions, results and
	// awaited correlators, and gets the facts, the nonces and the account of d. Register does not look at d.Awaited.
	// Either way the device has a revision then that it never had, not even before it was unregistered, so that no Commit
	// that was prepared before brings back what was.
	Register(ctx context.Context, d Device) error
	// Unregister forgets a device and everything kept for it. An unknown device is no error.
	Unregister(ctx context.Context, id omadm.DeviceID) error
}

// Results is how applications learn what came of their requests.
type Results interface {
	// Results returns up to limit entries that were committed after the one with the cursor, oldest first; the empty
	// cursor is before the first. An entry is never left out: one that becomes visible later has a later cursor.
	// ErrCursor if the store cannot have given the cursor.
	Results(ctx context.Context, after Cursor, limit int) ([]Entry, error)
}

// Canceler takes requests back.
type Canceler interface {
	// Cancel finishes those of the requests that wait, due or not, with an Outcome of Kind omadm.Canceled, this time and the
	// Attempts of the request, which is appended to the results. It returns their ids, each once and in the order given. A
	// request that is leased or finished, or that is not there, is left alone. A Cancel that finishes any moves the revision,
	// so that no Commit that was prepared before sends one of them; any other changes nothing. It is done as a whole or not
	// at all. ErrUnknownDevice if the device is not registered.
	Cancel(ctx context.Context, id omadm.DeviceID, at time.Time, reqs ...omadm.RequestID) ([]omadm.RequestID, error)
}

// Idler finds the devices whose sessions are to be ended because they do not come back.
type Idler interface {
	// Idle returns the devices that have a session, open or ended, whose Seen is before a time: each once, at most limit
	// of them, the one whose session was seen longest ago first.
	Idle(ctx context.Context, before time.Time, limit int) ([]omadm.DeviceID, error)
}

// Lister shows what a store has, a page at a time. A page that has nothing is behind the last one.
type Lister interface {
	// Devices returns up to limit ids of registered devices, in the order of their octets, of those behind a given one,
	// which need not be registered; the empty id is before the first.
	Devices(ctx context.Context, after omadm.DeviceID, limit int) ([]omadm.DeviceID, error)

	// Requests returns up to limit requests of a device that wait, due or not, or are leased, first enqueued first, of those
	// behind the one with the cursor, which may be finished; the empty cursor is before the first. A request that is there
	// while all pages are read is on one of them, and no request is on two; one that is enqueued meanwhile may be on none.
	// ErrUnknownDevice if the device is not registered, ErrCursor if the store cannot have given the cursor for a request.
	Requests(ctx context.Context, id omadm.DeviceID, after Cursor, limit int) ([]Queued, error)

	// History returns up to limit entries of one device that were committed after the one with the cursor, oldest first.
	// Entries and cursors are those of Results, and none is left out. What it costs does not grow with the entries of other
	// devices. ErrUnknownDevice if the device is not registered, ErrCursor if the store cannot have given the cursor.
	History(ctx context.Context, id omadm.DeviceID, after Cursor, limit int) ([]Entry, error)
}

// Pruner forgets results, so that a store does not grow for ever.
type Pruner interface {
	// Prune forgets the oldest entries of the results: up to limit of them, and none behind the one with the cursor. It
	// returns how many, which may be fewer than there are; 0 says that none is left. With an outcome the id of its request is
	// forgotten, so that a request with that id can be enqueued anew. All else stays as it is, revisions included. Cursors
	// stay good, also those of entries that are forgotten. An entry that becomes visible later is behind each cursor that
	// Results has given, and so it is not forgotten before it could be read. ErrCursor if the store cannot have given the
	// cursor.
	Prune(ctx context.Context, through Cursor, limit int) (int, error)
}

// Pushes keeps the push channels of devices, and when each device was woken last, for all processes that share a store.
// Register of a device that is registered already forgets both, as a new enrolment has a new channel, and so does Unregister.
// No method moves the revision.
type Pushes interface {
	// Channel returns the push channel of a device, the zero Channel if it has none. ErrUnknownDevice if the device is not
	// registered.
	Channel(ctx context.Context, id omadm.DeviceID) (Channel, error)

	// SetChannel replaces the push channel of a device; one without a URI removes it. ErrUnknownDevice if the device is not
	// registered.
	SetChannel(ctx context.Context, id omadm.DeviceID, c Channel) error

	// Woken notes that a device is woken at a time, in place of the time noted before, and reports true. If the two are less
	// than the window apart it notes nothing and reports false: of many that would wake a device at once, in whatever
	// process, one does. The earlier of the two may be either, as clocks differ; one that was put back by the window or more
	// ends it. ErrUnknownDevice if the device is not registered.
	Woken(ctx context.Context, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error)

	// NotWoken takes back that a device was woken at a time, so that it may be woken at once. Another time that is noted
	// stays. A device that is not registered is no error.
	NotWoken(ctx context.Context, id omadm.DeviceID, at time.Time) error
}

// Channel is where a device is pushed to. Its formatted form does not show the URI: who knows it can wake the device.
type Channel struct {
	URI     string
	Expires time.Time // zero: not known
}

// String hides the URI.
func (c Channel) String() string {
	switch {
	case c.URI == "":
		return "Channel(none)"
	case c.Expires.IsZero():
		return "Channel(set)"
	}
	return fmt.Sprintf("Channel(set, expires %s)", c.Expires.Format(time.RFC3339))
}

// GoString hides the URI.
func (c Channel) GoString() string { return c.String() }

// LogValue hides the URI.
func (c Channel) LogValue() slog.Value { return slog.StringValue(c.String()) }

// Queued is a request that waits or is leased, as a Lister shows it.
type Queued struct {
	Cursor  Cursor // for Requests of the same device
	Session string // the key of the session that has it, "" when it waits
	Pending
}

// Cursor is a place in the results of a store, or in the queue of a device. It is opaque.
type Cursor string

// Entry is a result, an outcome or an event of a device: exactly one of the three is set.
type Entry struct {
	Cursor  Cursor
	Device  omadm.DeviceID
	Result  *omadm.Result
	Outcome *omadm.Outcome
	Event   *omadm.Event
}
