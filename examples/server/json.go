package main

import (
	"cmp"
	"crypto/rand"
	"fmt"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// requestJSON is a request as the administrator writes it.
type requestJSON struct {
	ID          string    `json:"id"`    // empty: the server makes one
	Group       string    `json:"group"` // each, sequence or atomic; empty: each
	Ops         []opJSON  `json:"ops"`
	User        string    `json:"user"`
	Delivery    string    `json:"delivery"` // at least once or at most once; empty: as the verbs need it
	Priority    int       `json:"priority"`
	NotBefore   time.Time `json:"notBefore"`
	Expires     time.Time `json:"expires"`
	MaxAttempts int       `json:"maxAttempts"`
}

// opJSON is an operation. Without a value there is no Data element, which is not the same as an empty one.
type opJSON struct {
	Verb       string  `json:"verb"`
	URI        string  `json:"uri"`
	From       string  `json:"from"`
	Format     string  `json:"format"`
	Type       string  `json:"type"`
	Value      *string `json:"value"`
	Correlator string  `json:"correlator"`
}

// request returns the request that in describes.
func (in *requestJSON) request() (omadm.Request, error) {
	group, ok := named(in.Group, omadm.Each, omadm.Sequence, omadm.Atomic)
	if !ok {
		return omadm.Request{}, fmt.Errorf("group %q is not each, sequence or atomic", in.Group)
	}
	delivery, ok := named(in.Delivery, omadm.DeliveryDefault, omadm.AtLeastOnce, omadm.AtMostOnce)
	if !ok {
		return omadm.Request{}, fmt.Errorf("delivery %q is not default, at least once or at most once", in.Delivery)
	}
	r := omadm.Request{
		ID: omadm.RequestID(cmp.Or(in.ID, rand.Text())), Group: group, User: in.User, Delivery: delivery,
		Priority: in.Priority, NotBefore: in.NotBefore, Expires: in.Expires, MaxAttempts: in.MaxAttempts,
	}
	for i := range in.Ops {
		op, err := in.Ops[i].op()
		if err != nil {
			return omadm.Request{}, fmt.Errorf("operation %d: %w", i, err)
		}
		r.Ops = append(r.Ops, op)
	}
	return r, nil
}

func (in *opJSON) op() (omadm.Op, error) {
	verb, ok := named(in.Verb, 0, omadm.Get, omadm.Add, omadm.Replace, omadm.Delete, omadm.Exec, omadm.Copy)
	if !ok || verb == 0 {
		return omadm.Op{}, fmt.Errorf("unknown verb %q", in.Verb)
	}
	op := omadm.Op{
		Verb: verb, URI: omadm.URI(in.URI), From: omadm.URI(in.From), Correlator: in.Correlator,
		Value: omadm.Value{Format: omadm.Format(in.Format), Type: in.Type},
	}
	if in.Value != nil {
		op.Value.Data = syncml.Text(*in.Value)
	}
	return op, nil
}

// named returns the one of list that calls itself name, case and hyphens aside; the first when there is no name.
func named[T fmt.Stringer](name string, list ...T) (T, bool) {
	if name == "" {
		return list[0], true
	}
	name = strings.ReplaceAll(name, "-", " ")
	for _, v := range list {
		if strings.EqualFold(v.String(), name) {
			return v, true
		}
	}
	return list[0], false
}

// deviceJSON is a device.
type deviceJSON struct {
	ID    omadm.DeviceID `json:"id"`
	Facts omadm.Facts    `json:"facts"`
}

// sessionJSON is a session.State, without what proves the device.
type sessionJSON struct {
	ID         string            `json:"id"`
	SyncType   string            `json:"syncType,omitempty"`
	Opened     time.Time         `json:"opened"`
	Seen       time.Time         `json:"seen"`
	Ended      time.Time         `json:"ended,omitzero"` // absent: the session is open
	Messages   uint32            `json:"messages"`
	MaxMsgSize int64             `json:"maxMsgSize,omitempty"`
	MaxObjSize int64             `json:"maxObjSize,omitempty"`
	Login      string            `json:"login,omitempty"`
	Requests   []omadm.RequestID `json:"requests,omitempty"`
}

func newSession(s *session.State) sessionJSON {
	out := sessionJSON{
		ID: s.ID, SyncType: s.SyncType, Opened: s.Opened, Seen: s.Seen, Ended: s.Ended, Messages: s.Messages,
		MaxMsgSize: s.MaxMsgSize, MaxObjSize: s.MaxObjSize, Login: s.Login,
	}
	for i := range s.Requests {
		out.Requests = append(out.Requests, s.Requests[i].ID)
	}
	return out
}

// channelJSON is a session.Channel.
type channelJSON struct {
	URI     string    `json:"uri"`
	Expires time.Time `json:"expires,omitzero"` // absent: not known
}

// queuedJSON is a session.Queued. The values of its operations are not shown: they may be long, or secret.
type queuedJSON struct {
	Cursor      session.Cursor  `json:"cursor"`
	ID          omadm.RequestID `json:"id"`
	State       string          `json:"state"` // waiting or leased
	Session     string          `json:"session,omitempty"`
	Attempts    int             `json:"attempts"`
	Failures    int             `json:"failures"`
	Group       string          `json:"group"`
	Delivery    string          `json:"delivery"`
	User        string          `json:"user,omitempty"`
	Priority    int             `json:"priority"`
	NotBefore   time.Time       `json:"notBefore,omitzero"`
	Expires     time.Time       `json:"expires,omitzero"`
	MaxAttempts int             `json:"maxAttempts,omitempty"` // absent: the limit of the server
	Ops         []nodeJSON      `json:"ops"`
}

// nodeJSON is an operation without its value.
type nodeJSON struct {
	Verb string    `json:"verb"`
	URI  omadm.URI `json:"uri"`
	From omadm.URI `json:"from,omitempty"`
}

func newQueued(q *session.Queued) queuedJSON {
	r := &q.Request
	out := queuedJSON{
		Cursor: q.Cursor, ID: r.ID, State: "waiting", Session: q.Session, Attempts: q.Attempts, Failures: q.Failures,
		Group: strings.ToLower(r.Group.String()), Delivery: r.Delivery.String(), User: r.User, Priority: r.Priority,
		NotBefore: r.NotBefore, Expires: r.Expires, MaxAttempts: r.MaxAttempts, Ops: make([]nodeJSON, len(r.Ops)),
	}
	if q.Session != "" {
		out.State = "leased"
	}
	for i := range r.Ops {
		out.Ops[i] = nodeJSON{r.Ops[i].Verb.String(), r.Ops[i].URI, r.Ops[i].From}
	}
	return out
}

// progressJSON is what became of a request.
type progressJSON struct {
	State   string       `json:"state"` // pending or finished
	Outcome *outcomeJSON `json:"outcome,omitempty"`
	Results []resultJSON `json:"results,omitempty"`
}

func progress(entries []session.Entry) progressJSON {
	p := progressJSON{State: "pending"}
	for _, e := range entries {
		if e.Result != nil {
			p.Results = append(p.Results, *newResult(e.Result))
		}
		if e.Outcome != nil {
			p.State, p.Outcome = "finished", newOutcome(e.Outcome)
		}
	}
	return p
}

// outcomeJSON is an omadm.Outcome.
type outcomeJSON struct {
	Request    omadm.RequestID `json:"request"`
	Kind       string          `json:"kind"`
	Op         *int            `json:"op,omitempty"` // absent: the group or the request as a whole
	Status     omadm.Status    `json:"status,omitempty"`
	HRESULT    string          `json:"hresult,omitempty"`
	Repeated   bool            `json:"repeated,omitempty"`
	UndoFailed bool            `json:"undoFailed,omitempty"`
	Reason     string          `json:"reason,omitempty"`
	At         time.Time       `json:"at"`
	Attempts   int             `json:"attempts"`
}

func newOutcome(o *omadm.Outcome) *outcomeJSON {
	return &outcomeJSON{
		Request: o.Request, Kind: o.Kind.String(), Op: index(o.Op), Status: o.Status, HRESULT: hresult(o.HRESULT),
		Repeated: o.Repeated, UndoFailed: o.UndoFailed, Reason: o.Reason, At: o.At, Attempts: o.Attempts,
	}
}

// resultJSON is an omadm.Result.
type resultJSON struct {
	Request omadm.RequestID `json:"request"`
	Op      *int            `json:"op,omitempty"` // absent: the group
	Status  omadm.Status    `json:"status,omitempty"`
	HRESULT string          `json:"hresult,omitempty"`
	Items   []itemJSON      `json:"items,omitempty"`
}

// itemJSON is an item of a result. Octets are in base64, of format b64.
type itemJSON struct {
	URI    string       `json:"uri,omitempty"`
	Format omadm.Format `json:"format,omitempty"`
	Type   string       `json:"type,omitempty"`
	Value  *string      `json:"value,omitempty"`
}

func newResult(r *omadm.Result) *resultJSON {
	out := &resultJSON{Request: r.Request, Op: index(r.Op), Status: r.Status, HRESULT: hresult(r.HRESULT)}
	for i := range r.Items {
		out.Items = append(out.Items, newItem(&r.Items[i]))
	}
	return out
}

func newItem(it *syncml.Item) itemJSON {
	v := omadm.ItemValue(it)
	if v.Data.Kind == syncml.OctetsData {
		v = omadm.Bytes([]byte(v.Data.Value))
	}
	out := itemJSON{URI: cmp.Or(it.Source.URI, it.Target.URI), Format: v.Format, Type: v.Type}
	if v.Data.Kind != syncml.NoData {
		out.Value = &v.Data.Value
	}
	return out
}

// eventJSON is an omadm.Event.
type eventJSON struct {
	Alert      int             `json:"alert"`
	Type       string          `json:"type,omitempty"`
	Mark       string          `json:"mark,omitempty"`
	Source     omadm.URI       `json:"source,omitempty"`
	Value      string          `json:"value,omitempty"`
	Correlator string          `json:"correlator,omitempty"`
	Request    omadm.RequestID `json:"request,omitempty"`
	Unenrolled bool            `json:"unenrolled,omitempty"`
	At         time.Time       `json:"at"`
}

func newEvent(e *omadm.Event) *eventJSON {
	return &eventJSON{
		Alert: int(e.Alert), Type: e.Type, Mark: e.Mark, Source: e.Source, Value: e.Data.Value,
		Correlator: e.Correlator, Request: e.Request, Unenrolled: e.Unenrolled, At: e.At,
	}
}

// entryJSON is a session.Entry: one of the three is there.
type entryJSON struct {
	Cursor  session.Cursor `json:"cursor"`
	Device  omadm.DeviceID `json:"device"`
	Result  *resultJSON    `json:"result,omitempty"`
	Outcome *outcomeJSON   `json:"outcome,omitempty"`
	Event   *eventJSON     `json:"event,omitempty"`
}

func newEntry(e session.Entry) entryJSON {
	out := entryJSON{Cursor: e.Cursor, Device: e.Device}
	switch {
	case e.Result != nil:
		out.Result = newResult(e.Result)
	case e.Outcome != nil:
		out.Outcome = newOutcome(e.Outcome)
	case e.Event != nil:
		out.Event = newEvent(e.Event)
	}
	return out
}

func index(op int) *int {
	if op == omadm.GroupOp {
		return nil
	}
	return &op
}

func hresult(n uint32) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf("0x%08X", n)
}
