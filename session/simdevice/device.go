package simdevice

import (
	"context"
	"errors"
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
// A Device has one session at a time: a call of Session waits for the one before. All other methods may be
// called at any time.
type Device struct {
	ID        string       // Source LocURI of its messages and value of ./DevInfo/DevId
	User      string       // LocName of the Source; empty: none
	URL       string       // address of the server, also Target LocURI; RespURI of the server replaces it within a session
	Transport Transport    // carries the messages
	Profile   Profile      // what kind of client it is; zero: Windows
	Codec     syncml.Codec // encoding of its messages; nil: syncml.XML

	// Limits bounds what a message of the server may be; zero fields mean the defaults of syncml.
	Limits syncml.Limits

	MaxMsgSize int64 // announced largest message, in octets, checked on each message; 0: not announced
	MaxObjSize int64 // announced largest object, in octets; 0: not announced

	MaxMessages int // messages after which a session that does not end fails; 0: 1,000

	SessionIDs  SessionIDs      // how session identifiers are made; zero: increasing decimal numbers
	Start       omadm.AlertCode // alert that opens a session; 0: omadm.AlertClientInitiated
	LoginStatus string          // sent at the start of a session (Windows): user, others or none; empty: user

	// SyncApplicationVersion is the version that the server has asked a Windows device for (MS-MDM section
	// 2.2.4.3). From 3 on a status code that tells of a failure carries msft:originalerror.
	SyncApplicationVersion int

	// Tree is the management tree; nil: a new NewTree(Profile, ID). Devices may not share a tree.
	Tree *Tree

	// Answer plays the user when the server sends one of the alerts 1100 to 1104. nil: the device has no
	// screen and answers 406.
	Answer func(Question) Answer

	// Fault says what goes wrong with the message of that number of a session, counted from 1. It is asked once
	// per message. nil: nothing goes wrong.
	Fault func(message int) Fault

	// Retry is asked when Transport has failed; attempt counts the failures of one message from 1. When it
	// returns nil the same octets are sent again, else the session fails with the error it returns. It is the
	// place to wait. nil: the session fails with err.
	Retry func(ctx context.Context, attempt int, err error) error

	// Trace sees every message that leaves the device or arrives, in order. It must not call Session.
	Trace func(Traffic)

	// Now is the clock for Traffic and Report; nil: time.Now.
	Now func() time.Time

	running sync.Mutex // held by a session
	counter int        // sessions begun

	mu      sync.Mutex
	tree    *Tree
	notices []*syncml.Alert // wait for the next package
	log     record
}

// Profile is a kind of client.
type Profile uint8

// The profiles.
const (
	// Windows behaves like the DM client of Windows 11: CmdIDs of package 1 start at 2, LoginStatus is sent,
	// a Get is answered with one Status per item, Copy is refused, ./Device/X and ./X are one node.
	Windows Profile = iota
)

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
	ContentType string
	Octets      []byte
	Message     *syncml.Message // nil: the octets are not a message
}

// Session runs one session from package 1 to its end (OMA DM Protocol 1.2.1, section 8). What the server does
// against the specification is collected in Report.Violations and is not an error as long as the session can
// go on. An error means that the session ended early: the transport failed, or the server's answer was not a
// message. The Report is filled in either way.
func (d *Device) Session(ctx context.Context) (Report, error) {
	if d.ID == "" || d.URL == "" || d.Transport == nil {
		return Report{}, errors.New("simdevice: ID, URL and Transport have to be set")
	}
	d.running.Lock()
	defer d.running.Unlock()
	d.counter++
	return newSession(d, d.SessionIDs.id(d.counter)).run(ctx)
}

// Notify queues alerts, such as a generic alert 1226, for the next package that the device sends. They stay
// queued until the server has answered them with a Status. Their CmdID is set when they are sent.
func (d *Device) Notify(alerts ...syncml.Alert) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, a := range alerts {
		d.notices = append(d.notices, &a)
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
	}
	return d.tree
}

// waiting returns the alerts that are queued.
func (d *Device) waiting() []*syncml.Alert {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]*syncml.Alert(nil), d.notices...)
}

// delivered takes a, which the server has answered, off the queue.
func (d *Device) delivered(a *syncml.Alert) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for i, n := range d.notices {
		if n == a {
			d.notices = append(d.notices[:i:i], d.notices[i+1:]...)
			return
		}
	}
}

func (d *Device) codec() syncml.Codec {
	if d.Codec == nil {
		return syncml.XML
	}
	return d.Codec
}

func (d *Device) maxMessages() int {
	if d.MaxMessages == 0 {
		return 1000
	}
	return d.MaxMessages
}

func (d *Device) now() time.Time {
	if d.Now == nil {
		return time.Now()
	}
	return d.Now()
}
