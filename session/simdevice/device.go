package simdevice

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Device is a simulated device that is enrolled with one server. ID, URL and Transport have to be set; every
// other field works when zero. The fields must not change once the first session has begun.
//
// All methods may be called at any time. A call of Session waits for the one before; SessionWith does not, so that a
// device can have several sessions at once.
type Device struct {
	ID        string       // Source LocURI of its messages and value of ./DevInfo/DevId
	User      string       // LocName of the Source; empty: Account.Name
	URL       string       // address of the server, also Target LocURI; RespURI of the server replaces it within a session
	Transport Transport    // carries the messages
	Profile   Profile      // what kind of client it is; zero: Windows
	Codec     syncml.Codec // encoding of its messages; nil: syncml.XML

	// Account is what device and server prove themselves to each other with; zero: neither does in SyncML.
	Account Account
	// Sign returns headers that go beside a message, such as MS-Signature (MS-MDM section 2.1). It is called once for
	// a message; when that is repeated, they are too. nil: there are none.
	Sign func(body []byte) (http.Header, error)

	// Limits bounds what a message of the server may be; zero fields mean the defaults of syncml.
	Limits syncml.Limits

	MaxMsgSize int64 // announced largest message, in octets, checked on each message; 0: not announced
	MaxObjSize int64 // announced largest object, in octets; 0: not announced, and 64 MiB are taken

	// LargeObjects makes a Windows device handle large objects and say so in ./DevDetail/LrgObj. Generic12 always
	// does, Generic11 never.
	LargeObjects bool
	// ChunkSize is how many octets of an object go into one message; 0: as many as the server's MaxMsgSize allows.
	// A large object is what exceeds either.
	ChunkSize int
	// Resend makes the device send an object from its beginning when the server has lost it (Alert 1225), once
	// per object. Otherwise it is given up.
	Resend bool
	// Storage is how many octets the values of the tree and an object that is being received may have together; what
	// exceeds it is refused with 420. 0: no limit.
	Storage int64
	// OneResult makes Results of several items, such as those of ?list, so many Results of one item.
	OneResult bool
	// KeepAlive is how many messages say that the device is still busy, each time before it answers commands
	// (MS-MDM section 3.2.5; DMClient EnableOmaDmKeepAliveMessage).
	KeepAlive int
	// ServerID is the identifier of the server in ACLs (profiles with properties); empty: server.
	ServerID string

	MaxMessages int // messages after which a session that does not end fails; 0: 10,000

	SessionIDs  SessionIDs      // how session identifiers are made; zero: increasing decimal numbers
	Start       omadm.AlertCode // alert that opens a session; 0: omadm.AlertClientInitiated
	LoginStatus string          // sent at the start of a session (Windows): user, others or none; empty: user

	// SyncApplicationVersion is the version that the server has asked a Windows device for (MS-MDM section
	// 2.2.4.3). From 3 on a status code that tells of a failure carries msft:originalerror.
	SyncApplicationVersion int

	// Declared makes a Windows device one of an enrolment for declared configuration, which has the nodes of that and no
	// others; nil: it is not.
	Declared *Declared

	// Tree is the management tree; nil: a new NewTree(Profile, ID). Devices may not share a tree.
	Tree *Tree

	// Answer plays the user when the server sends one of the alerts 1100 to 1104. nil: the device has no
	// screen and answers 406.
	Answer func(Question) Answer

	// Fault says what goes wrong when the message of that number of a session is sent for that time, both counted
	// from 1. nil: nothing goes wrong.
	Fault func(message, attempt int) Fault

	// Retry is asked when Transport has failed; attempt counts the failures of one message from 1. When it
	// returns nil the same octets are sent again, else the session fails with the error it returns. It is the
	// place to wait. nil: the session fails with err. A message is sent 100 times at most.
	Retry func(ctx context.Context, attempt int, err error) error

	// Trace sees every message that leaves the device or arrives, in order. It must not call Session.
	Trace func(Traffic)

	// Now is the clock for Traffic and Report; nil: time.Now.
	Now func() time.Time

	running sync.Mutex // held by Session

	mu      sync.Mutex
	counter int // sessions begun
	tree    *Tree
	notices []*notice // wait for the next package
	log     record
	memory  *memory // nil: nothing is remembered

	declarations []*declaration // in the order in which they came
}

// notice is an alert that the device has for the server.
type notice struct {
	alert syncml.Alert
	by    *session // the session that sends it; nil: none has taken it
}

// SessionIDs is a way to make session identifiers.
type SessionIDs uint8

// The ways.
const (
	Decimal SessionIDs = iota // 1, 2, … 10, 11: Windows at first
	Hex                       // 1, 2, … A, B: Windows with SyncApplicationVersion 2 or higher
	Zero                      // always 0, as some Windows devices do
)

// id returns the identifier of session n, counted from 1. They are at most four octets (MS-MDM section 2.2.3.8).
func (s SessionIDs) id(n int) string {
	switch s {
	case Hex:
		return strings.ToUpper(strconv.FormatInt(int64((n-1)%0xFFFF+1), 16))
	case Zero:
		return "0"
	}
	return strconv.Itoa((n-1)%9999 + 1)
}

// Direction says who sent a message.
type Direction uint8

// The directions.
const (
	FromDevice Direction = iota
	FromServer
)

// String returns "device" or "server".
func (d Direction) String() string {
	if d == FromDevice {
		return "device"
	}
	return "server"
}

// Traffic is one message on its way. The octets and the message may hold secrets and must not be changed.
type Traffic struct {
	Time        time.Time
	From        Direction
	SessionID   string
	Number      int // of the device's message, or of the one that is answered, counted from 1
	Repeat      bool
	Lost        bool // by a Fault: it did not arrive
	Cut         bool // by a Fault: Octets are what arrived, the first half
	ContentType string
	Header      http.Header // what goes beside the message; of an answer: nil if Transport is no HeaderTransport
	Octets      []byte
	Message     *syncml.Message // nil: the octets are not a message
}

// SessionOptions is what is particular to a session. The zero SessionOptions is an ordinary one.
type SessionOptions struct {
	// ID is the SessionID, such as that of a notification; empty: the next of Device.SessionIDs.
	ID string
	// Start is the alert that opens the session; 0: Device.Start.
	Start omadm.AlertCode
	// SyncType says whose nodes a session of a Windows device is about (MS-MDM section 3.2.5.1.5): user, device or
	// mixed. Commands for the others are answered with 405. Empty: not said, which means mixed.
	SyncType string
}

// Session runs one session from package 1 to its end (OMA DM Protocol 1.2.1, section 8). What the server does
// against the specification is collected in Report.Violations and is not an error as long as the session can
// go on. An error means that the session ended early: the transport failed, or the server's answer was not a
// message. The Report is filled in either way.
func (d *Device) Session(ctx context.Context) (Report, error) {
	d.running.Lock()
	defer d.running.Unlock()
	return d.SessionWith(ctx, SessionOptions{})
}

// SessionWith does what Session does, and does not wait for sessions that are running: a device may have one for the
// user beside one for itself, or have forgotten the first. The tree, the counts and the queue of alerts are those of
// the device; an alert goes out in one session at a time.
func (d *Device) SessionWith(ctx context.Context, opts SessionOptions) (Report, error) {
	if d.ID == "" || d.URL == "" || d.Transport == nil {
		return Report{}, errors.New("simdevice: ID, URL and Transport have to be set")
	}
	d.mu.Lock()
	d.counter++
	n := d.counter
	d.mu.Unlock()
	if opts.ID == "" {
		opts.ID = d.SessionIDs.id(n)
	}
	if opts.Start == 0 {
		opts.Start = d.Start
	}
	s := newSession(d, opts)
	defer d.carryOut()
	defer d.putBack(s)
	return s.run(ctx)
}

// Notify queues alerts, such as a generic alert 1226, for the next package that the device sends. They stay
// queued until the server has answered them with a Status. Their CmdID is set when they are sent.
func (d *Device) Notify(alerts ...syncml.Alert) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range alerts {
		d.notices = append(d.notices, &notice{alert: a})
	}
}

// Nodes returns the management tree of the device.
func (d *Device) Nodes() *Tree {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.tree == nil {
		if d.tree = d.Tree; d.tree == nil {
			d.tree = NewTree(d.Profile, d.ID)
		}
		d.tree.belongTo(d)
	}
	return d.tree
}

// take hands s the alerts that are queued and that no session has taken.
func (d *Device) take(s *session) []*notice {
	d.mu.Lock()
	defer d.mu.Unlock()
	var taken []*notice
	for _, n := range d.notices {
		if n.by == nil {
			n.by = s
			taken = append(taken, n)
		}
	}
	return taken
}

// putBack queues the alerts that s has taken and that were not answered.
func (d *Device) putBack(s *session) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, n := range d.notices {
		if n.by == s {
			n.by = nil
		}
	}
}

// delivered takes n, which the server has answered, off the queue.
func (d *Device) delivered(n *notice) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.notices = slices.DeleteFunc(d.notices, func(other *notice) bool { return other == n })
}

func (d *Device) codec() syncml.Codec {
	if d.Codec == nil {
		return syncml.XML
	}
	return d.Codec
}

func (d *Device) maxMessages() int {
	if d.MaxMessages == 0 {
		return 10_000
	}
	return d.MaxMessages
}

func (d *Device) serverID() string {
	if d.ServerID == "" {
		return "server"
	}
	return d.ServerID
}

func (d *Device) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}
