package session

import (
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
)

// State is a session between two messages: a plain value, kept by the store, that any node can go on with.
// It has a versioned binary form (AppendBinary, UnmarshalBinary).
type State struct {
	ID       string // SessionID as the client writes it
	SyncType string // "user", "device" or "" for both (MS-MDM section 3.2.5.1.5)

	Opened time.Time // when the first message was answered
	Seen   time.Time // when the last message was answered
	Ended  time.Time // when the session ended; zero: it is open

	MsgID    string // of the last message of the client
	Body     Digest // of the last message of the client
	First    Digest // of the first message of the client
	Sent     uint32 // MsgID of the last message of the server
	Messages uint32 // how many messages of the client were answered
	Package  uint32 // messages of the client's package that is open; 0: it is closed
	Unclosed bool   // our package is open: the last message of it had no Final

	MaxMsgSize int64 // largest message the client takes, in octets; 0: not said
	MaxObjSize int64 // largest object the client takes, in octets; 0: not said

	// Scheme is how the client proves itself in SyncML, empty if the transport proves it. Proof is the digest of the
	// credentials it was accepted with last, MAC the header that went with the last reply. Accepted says that the client
	// accepted our credentials for the session, Retried that it refused them and got all anew.
	Scheme            auth.Scheme
	Proof             Digest
	MAC               string
	Accepted, Retried bool

	Login string // LoginStatus: "user", "others", "none"; "" when not said
	User  string // LocName of the client's Source

	// Requests are leased by the session; Outstanding refers to them by index.
	Requests []Carried
	// Tried are requests that the session gave back to the queue. They are not sent in it again.
	Tried []omadm.RequestID
	// Outstanding are the commands sent, in the order sent, until their request ends.
	Outstanding []Outstanding

	// Incoming is the large object that the client is sending, Parts how many parts of it were committed.
	Incoming Object
	Parts    int
}

// Carried is a request that is leased by a session.
type Carried struct {
	ID omadm.RequestID
	// Next is the index of the first operation that was not sent yet, or not as a whole.
	Next int
	// Offset is how much of the value of that operation was sent, in octets; 0: nothing. The next message brings the next
	// part (OMA DM Protocol 1.2.1, section 7).
	Offset int
	// Broken is how often the client lost a large object of the request in this session.
	Broken int
	// Alone says that no other request was on its way while this one was.
	Alone bool
}

// Outstanding is a command that was sent, with what the device has said about it so far.
type Outstanding struct {
	MsgID   uint32 // of the server's message
	CmdID   uint32
	Request int          // index in State.Requests
	Op      int          // index in omadm.Request.Ops, or omadm.GroupOp
	Status  omadm.Status // 0: no answer yet
	HRESULT uint32
}

// Key names the session within its device, such as ":1A2B" or "user:1A2B". Sessions of different sync types run side by
// side, even under one SessionID.
func (s *State) Key() string { return s.SyncType + ":" + s.ID }

// SameKey reports whether s and other have the same Key. It does not allocate.
func (s *State) SameKey(other *State) bool { return s.ID == other.ID && s.SyncType == other.SyncType }

// Open reports whether the session goes on at a time: it has not ended, and was heard of less than timeout ago.
func (s *State) Open(now time.Time, timeout time.Duration) bool {
	return s.Ended.IsZero() && now.Sub(s.Seen) < timeout
}

// Clone returns a copy that shares no slice with s.
func (s *State) Clone() State {
	c := *s
	c.Requests = slices.Clone(s.Requests)
	c.Tried = slices.Clone(s.Tried)
	c.Outstanding = slices.Clone(s.Outstanding)
	return c
}

// stateVersion is the first octet of the binary form. Version 1, without large objects, is still read.
const stateVersion = 2

// ErrStateVersion is the error of UnmarshalBinary for a form written by a later version.
var ErrStateVersion = errors.New("session: state of an unknown version")

// AppendBinary appends the binary form of s to dst. The error is always nil.
func (s *State) AppendBinary(dst []byte) ([]byte, error) {
	dst = append(dst, stateVersion)
	for _, v := range [...]string{s.ID, s.SyncType, s.MsgID, s.Login, s.User} {
		dst = appendString(dst, v)
	}
	for _, t := range [...]time.Time{s.Opened, s.Seen, s.Ended} {
		dst = appendTime(dst, t)
	}
	dst = append(dst, s.Body[:]...)
	for _, n := range [...]uint64{uint64(s.Sent), uint64(s.Messages), uint64(s.MaxMsgSize), uint64(s.MaxObjSize), uint64(s.Parts)} {
		dst = binary.AppendUvarint(dst, n)
	}
	dst = appendString(append(dst, s.First[:]...), string(s.Scheme))
	if s.Scheme != "" {
		dst = appendString(append(dst, s.Proof[:]...), s.MAC)
		dst = append(dst, byte(bit(s.Accepted)<<1|bit(s.Retried)))
	}
	dst = binary.AppendUvarint(dst, uint64(s.Package)<<1|bit(s.Unclosed))
	dst = s.Incoming.appendBinary(dst)
	dst = binary.AppendUvarint(dst, uint64(len(s.Requests)))
	for _, r := range s.Requests {
		dst = appendString(dst, string(r.ID))
		dst = binary.AppendUvarint(dst, uint64(r.Next)<<1|bit(r.Alone))
		dst = binary.AppendUvarint(dst, uint64(r.Offset))
		dst = binary.AppendUvarint(dst, uint64(r.Broken))
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Tried)))
	for _, id := range s.Tried {
		dst = appendString(dst, string(id))
	}
	dst = binary.AppendUvarint(dst, uint64(len(s.Outstanding)))
	for _, o := range s.Outstanding {
		for _, n := range [...]uint64{uint64(o.MsgID), uint64(o.CmdID), uint64(o.Request), uint64(o.Op + 1), uint64(o.Status), uint64(o.HRESULT)} {
			dst = binary.AppendUvarint(dst, n)
		}
	}
	return dst, nil
}

// UnmarshalBinary sets s from its binary form. The error is ErrStateVersion, or says that the form is damaged.
func (s *State) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		return errState
	}
	version := b[0]
	if version == 0 || version > stateVersion {
		return fmt.Errorf("%w: %d", ErrStateVersion, version)
	}
	d := decoder{b: b[1:]}
	var n State
	for _, v := range [...]*string{&n.ID, &n.SyncType, &n.MsgID, &n.Login, &n.User} {
		*v = d.text()
	}
	for _, t := range [...]*time.Time{&n.Opened, &n.Seen, &n.Ended} {
		*t = d.time()
	}
	copy(n.Body[:], d.take(len(n.Body)))
	n.Sent, n.Messages = uint32(d.number(1<<32-1)), uint32(d.number(1<<32-1))
	n.MaxMsgSize, n.MaxObjSize = int64(d.number(1<<62)), int64(d.number(1<<62))
	n.Parts = int(d.number(1 << 31))
	if version >= 2 {
		copy(n.First[:], d.take(len(n.First)))
		if n.Scheme = auth.Scheme(d.text()); n.Scheme != "" {
			copy(n.Proof[:], d.take(len(n.Proof)))
			n.MAC = d.text()
			flags := d.number(3)
			n.Accepted, n.Retried = flags&2 != 0, flags&1 != 0
		}
		p := d.number(1<<33 - 1)
		n.Package, n.Unclosed = uint32(p>>1), p&1 != 0
		n.Incoming = d.object()
	}
	if c := d.count(2); c > 0 {
		n.Requests = make([]Carried, c)
		for i := range n.Requests {
			id, next := d.text(), d.number(1<<31)
			n.Requests[i] = Carried{ID: omadm.RequestID(id), Next: int(next >> 1), Alone: next&1 != 0}
			if version >= 2 {
				n.Requests[i].Offset, n.Requests[i].Broken = int(d.number(1<<31)), int(d.number(1<<31))
			}
		}
	}
	if c := d.count(1); c > 0 {
		n.Tried = make([]omadm.RequestID, c)
		for i := range n.Tried {
			n.Tried[i] = omadm.RequestID(d.text())
		}
	}
	if c := d.count(6); c > 0 {
		n.Outstanding = make([]Outstanding, c)
		for i := range n.Outstanding {
			n.Outstanding[i] = Outstanding{
				MsgID: uint32(d.number(1<<32 - 1)), CmdID: uint32(d.number(1<<32 - 1)),
				Request: int(d.number(uint64(len(n.Requests)))), Op: int(d.number(1<<31)) - 1,
				Status: omadm.Status(d.number(1 << 31)), HRESULT: uint32(d.number(1<<32 - 1)),
			}
			if n.Outstanding[i].Request >= len(n.Requests) {
				return errState
			}
		}
	}
	if d.bad || len(d.b) > 0 {
		return errState
	}
	*s = n
	return nil
}

var errState = errors.New("session: state is damaged")

func bit(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

func appendString(dst []byte, s string) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(s))), s...)
}

// appendTime writes 0 for the zero time, else 1 and the time to the nanosecond.
func appendTime(dst []byte, t time.Time) []byte {
	if t.IsZero() {
		return append(dst, 0)
	}
	dst = binary.AppendVarint(append(dst, 1), t.Unix())
	return binary.AppendUvarint(dst, uint64(t.Nanosecond()))
}

// decoder reads the binary form; after a fault it is bad and yields zeros.
type decoder struct {
	b   []byte
	bad bool
}

func (d *decoder) take(n int) []byte {
	if d.bad || n > len(d.b) {
		d.bad = true
		return nil
	}
	p := d.b[:n]
	d.b = d.b[n:]
	return p
}

func (d *decoder) number(limit uint64) uint64 {
	v, n := binary.Uvarint(d.b)
	if d.bad || n <= 0 || v > limit {
		d.bad = true
		return 0
	}
	d.b = d.b[n:]
	return v
}

// count reads the length of a list whose members take at least size octets, so that a damaged one allocates nothing.
func (d *decoder) count(size int) int { return int(d.number(uint64(len(d.b) / size))) }

func (d *decoder) text() string { return string(d.take(int(d.number(uint64(len(d.b)))))) }

func (d *decoder) time() time.Time {
	mark := d.take(1)
	if d.bad || mark[0] == 0 {
		return time.Time{}
	}
	sec, n := binary.Varint(d.b)
	if n <= 0 {
		d.bad = true
		return time.Time{}
	}
	d.b = d.b[n:]
	return time.Unix(sec, int64(d.number(1e9-1))).UTC()
}
