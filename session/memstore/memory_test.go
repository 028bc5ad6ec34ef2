package memstore_test

import (
	"context"
	"reflect"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// fill puts n requests into the queue, and lets a session lease the first ten of them.
func fill(t testing.TB, s *memstore.Store, n int) {
	t.Helper()
	ctx := context.Background()
	reqs := make([]omadm.Request, n)
	for i := range reqs {
		reqs[i] = request(omadm.RequestID(strconv.Itoa(i)))
	}
	if err := s.Enqueue(ctx, dev, reqs...); err != nil {
		t.Fatal(err)
	}
	rec, err := s.Load(ctx, session.Query{Device: dev})
	if err != nil {
		t.Fatal(err)
	}
	c := step(rec)
	for i := range min(n, 10) {
		c.Lease = append(c.Lease, session.Lease{Request: reqs[i].ID, Session: c.Session.Key(), Attempts: 1})
		c.Session.Requests = append(c.Session.Requests, session.Carried{ID: reqs[i].ID, Next: 1})
		c.Session.Outstanding = append(c.Session.Outstanding, session.Outstanding{MsgID: 1, CmdID: uint32(i + 1), Request: i})
	}
	if err := s.Commit(ctx, c); err != nil {
		t.Fatal(err)
	}
}

// step is the change of a message in the middle of a session.
func step(rec *session.Record) *session.Change {
	c := &session.Change{
		Device: dev, Revision: rec.Revision, Reply: make([]byte, 2000),
		Session: session.State{ID: "1A2B", MsgID: "3", Sent: 2, Messages: 3, MaxMsgSize: 1 << 19, Login: "user", User: "someone"},
	}
	if len(rec.Sessions) > 0 {
		c.Session = rec.Sessions[0]
	}
	return c
}

// of is how the engine loads.
var of = session.Query{Device: dev, Limit: 100, Octets: 1 << 20}

func TestLoadGrowsWithWhatItReturnsOnly(t *testing.T) {
	cost := func(pending int) float64 {
		s := newStore(t)
		fill(t, s, pending)
		return testing.AllocsPerRun(20, func() {
			rec, err := s.Load(context.Background(), of)
			if err != nil || len(rec.Requests) != 110 {
				t.Fatalf("Load: got error %v, want 10 requests leased and 100 waiting", err)
			}
		})
	}
	if few, many := cost(110), cost(10000); many > few {
		t.Errorf("Load of 110 requests of 10000 allocates %v times, want the %v of 110", many, few)
	}
}

// A part costs what it is large, however many there are.
func TestPartsAreNeverRewritten(t *testing.T) {
	const size = 4 << 10
	for _, parts := range []int{128, 256, 512, 1024} {
		s := newStore(t)
		revision := load(t, s).Revision
		part := make([]byte, size)
		got := allocated(func() {
			for n := 1; n <= parts; n++ {
				c := session.Change{Device: dev, Revision: revision, Session: session.State{ID: "1", Parts: n}, Part: part}
				if err := s.Commit(context.Background(), &c); err != nil {
					t.Fatal(err)
				}
				revision++
			}
		})
		if want := uint64(2 * parts * size); got > want {
			t.Errorf("%d parts of %d octets: got %d octets allocated, want at most %d", parts, size, got, want)
		}
	}
}

// allocated returns how many octets f allocates.
func allocated(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc
}

// The strings of a change are parts of a message, which is not to be kept for one of them.
func TestStoreDoesNotHoldOnToMessages(t *testing.T) {
	const message, messages = 1 << 20, 16
	// cut returns a short string that is part of a long one.
	cut := func(n int) string {
		s := strings.Repeat(strconv.Itoa(n%10), message)
		return s[:20+n]
	}
	for name, edit := range map[string]func(c *session.Change, s string){
		"fact":       func(c *session.Change, s string) { c.Facts = omadm.Facts{s: s} },
		"correlator": func(c *session.Change, s string) { c.Awaited = map[string]omadm.RequestID{s: omadm.RequestID(s)} },
		"session": func(c *session.Change, s string) {
			c.Session = session.State{ID: s, SyncType: s, MsgID: s, Login: s, User: s}
		},
		"object": func(c *session.Change, s string) {
			c.Session = session.State{ID: s, Incoming: session.Object{Source: s}}
		},
		"result":  func(c *session.Change, s string) { c.Results = []omadm.Result{{Request: omadm.RequestID(s)}} },
		"event":   func(c *session.Change, s string) { c.Events = []omadm.Event{{Type: s}} },
		"request": func(c *session.Change, s string) { c.Add = []omadm.Request{request(omadm.RequestID(s))} },
		"lease": func(c *session.Change, s string) {
			c.Add = []omadm.Request{request(omadm.RequestID(s))}
			c.Lease = []session.Lease{{Request: omadm.RequestID(s), Session: s}}
		},
		"finished request": func(c *session.Change, s string) {
			r := request(omadm.RequestID(s))
			r.Ops[0].URI = omadm.URI(strings.Repeat("u", message))
			c.Add = []omadm.Request{r}
			c.Finish = []omadm.Outcome{{Request: r.ID, Reason: s}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			before := live()
			for n := range messages {
				c := session.Change{}
				edit(&c, cut(n))
				commit(t, s, c)
			}
			if grown := live() - before; grown > messages*message/4 {
				t.Errorf("the store grew by %d octets with %d messages of %d, want little", grown, messages, message)
			}
			runtime.KeepAlive(s)
		})
	}
}

// Every text of a State is one that could hold on to a message.
func TestStoreCopiesEveryTextOfASession(t *testing.T) {
	const message, messages = 1 << 20, 4
	state := func() *session.State {
		return &session.State{Requests: make([]session.Carried, 1), Tried: make([]omadm.RequestID, 1), Outstanding: make([]session.Outstanding, 1)}
	}
	for i, name := range textsOf(reflect.ValueOf(state()).Elem(), "State", nil) {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			before := live()
			for n := range messages {
				c := session.Change{Session: *state()}
				c.Session.ID = strconv.Itoa(n)
				at := -1
				textsOf(reflect.ValueOf(&c.Session).Elem(), "State", func(v reflect.Value) {
					if at++; at == i {
						v.SetString(strings.Repeat(strconv.Itoa(n), message)[:20])
					}
				})
				commit(t, s, c)
			}
			if grown := live() - before; grown > message {
				t.Errorf("the store grew by %d octets with %d messages of %d, want little", grown, messages, message)
			}
			runtime.KeepAlive(s)
		})
	}
}

// textsOf names the strings in v in their order, and shows each to visit if that is not nil.
func textsOf(v reflect.Value, name string, visit func(reflect.Value)) (names []string) {
	switch v.Kind() {
	case reflect.String:
		if visit != nil {
			visit(v)
		}
		return []string{name}
	case reflect.Struct:
		if v.Type() == reflect.TypeFor[time.Time]() {
			return nil
		}
		for i := range v.NumField() {
			names = append(names, textsOf(v.Field(i), name+"."+v.Type().Field(i).Name, visit)...)
		}
	case reflect.Slice:
		for i := range v.Len() {
			names = append(names, textsOf(v.Index(i), name+"[]", visit)...)
		}
	}
	return names
}

// live returns the octets of the heap that are in use.
func live() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// What State.Clone does not copy are values: a field of a State that is none has to be copied there.
func TestStateHasNoOtherReferences(t *testing.T) {
	copied := map[string]bool{"State.Requests": true, "State.Tried": true, "State.Outstanding": true}
	var look func(name string, typ reflect.Type)
	look = func(name string, typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Slice:
			if !copied[name] {
				t.Errorf("%s is a list that Clone shares", name)
			}
			look(name+"[]", typ.Elem())
		case reflect.Array:
			look(name+"[]", typ.Elem())
		case reflect.Struct:
			if typ == reflect.TypeFor[time.Time]() {
				return
			}
			for i := range typ.NumField() {
				look(name+"."+typ.Field(i).Name, typ.Field(i).Type)
			}
		case reflect.Pointer, reflect.Map, reflect.Interface, reflect.Chan, reflect.Func:
			t.Errorf("%s is a reference that Clone shares", name)
		}
	}
	look("State", reflect.TypeFor[session.State]())
}
