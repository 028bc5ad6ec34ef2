package omadm

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// DeviceID names a device within one server. It is the application's own identifier, bound to the device by an
// authenticator; it need not be the LocURI the device calls itself by.
type DeviceID string

// RequestID names a request within one device. The application chooses it; it is opaque. It is for one time: a request with
// the id of an earlier one, even of one that is finished, is a repetition of that or an error, as long as the store
// remembers it.
type RequestID string

// Request is a group of operations that belong together: the unit that is queued, delivered, retried and
// reported. What depends on order belongs in one Request. The zero values of all fields but ID and Ops are
// usable.
type Request struct {
	ID    RequestID
	Ops   []Op
	Group Group

	// Combine sends consecutive operations of one verb as one command with an item for each (Get, Add, Replace,
	// Delete and Copy, each node once in a command). That saves octets; the device still reports on each item.
	Combine bool

	// Scope is the scope that all the operations share, see URI.Scope. Normalize sets it. An Alert has none of its
	// own: a request of nothing else is of device scope.
	Scope Scope
	// User limits a request of user scope to sessions of that user (LocName of the device's Source); empty: any.
	User string

	Delivery Delivery
	// Priority orders requests that wait: higher ones first, equal ones by age.
	Priority int
	// NotBefore holds the request back until that time; zero: no delay.
	NotBefore time.Time
	// Expires finishes the request as Expired when it was not sent before that time; zero: never.
	Expires time.Time
	// MaxAttempts bounds how often the request is sent; 0: the limit of the server.
	MaxAttempts int
}

// MaxOps is the largest number of operations in a Request.
const MaxOps = 1000

// MaxRequestID is the largest length of a RequestID, in octets.
const MaxRequestID = 255

// Group says how the operations of a Request hang together. Groups are not nested: DM allows neither an Atomic
// in an Atomic nor a Sequence in either.
type Group uint8

// The groups.
const (
	Each     Group = iota // independent commands, executed in any order
	Sequence              // executed in order (OMA DM Representation Protocol 1.2.1, section 6.6.14)
	Atomic                // all or none (section 6.6.3)
)

var groupNames = [...]string{Each: "Each", Sequence: "Sequence", Atomic: "Atomic"}

// String returns the name of the group.
func (g Group) String() string {
	if int(g) < len(groupNames) {
		return groupNames[g]
	}
	return fmt.Sprintf("Group(%d)", uint8(g))
}

// Delivery says what may happen when the outcome of a sent request is lost.
type Delivery uint8

// The delivery guarantees.
const (
	// DeliveryDefault is AtLeastOnce for requests that consist of Get, Replace, Add and Delete only, and
	// AtMostOnce for all others.
	DeliveryDefault Delivery = iota
	// AtLeastOnce puts a request with a lost outcome back into the queue.
	AtLeastOnce
	// AtMostOnce finishes a request with a lost outcome as Unknown.
	AtMostOnce
)

var deliveryNames = [...]string{
	DeliveryDefault: "default", AtLeastOnce: "at least once", AtMostOnce: "at most once",
}

// String returns the guarantee in words.
func (d Delivery) String() string {
	if int(d) < len(deliveryNames) {
		return deliveryNames[d]
	}
	return fmt.Sprintf("Delivery(%d)", uint8(d))
}

// Scope is the part of the tree that a request addresses.
type Scope uint8

// The scopes.
const (
	DeviceScope Scope = iota // ./Device/…, ./Vendor/…, ./DevInfo/… and everything that is not ./User/…
	UserScope                // ./User/…, delivered only while a user is signed in
)

var scopeNames = [...]string{DeviceScope: "device", UserScope: "user"}

// String returns "device" or "user".
func (s Scope) String() string {
	if int(s) < len(scopeNames) {
		return scopeNames[s]
	}
	return fmt.Sprintf("Scope(%d)", uint8(s))
}

// RequestError says why a request cannot be sent to any device.
type RequestError struct {
	Request RequestID
	Op      int    // index in Request.Ops, GroupOp when it is not about one of them
	Reason  string // never holds the content of a value
	Err     error  // the cause, such as a *URIError or *ValueError; may be nil
}

func (e *RequestError) Error() string {
	if e.Op == GroupOp {
		return fmt.Sprintf("omadm: request %.64q: %s", string(e.Request), e.Reason)
	}
	return fmt.Sprintf("omadm: request %.64q: operation %d: %s", string(e.Request), e.Op, e.Reason)
}

// Unwrap returns the cause.
func (e *RequestError) Unwrap() error { return e.Err }

// Validate returns a *RequestError unless r can be sent to a device that knows all commands and has no limits:
// from 1 to MaxOps valid operations, all of the same scope, of the verbs that the group permits. It does not
// look at Scope, which Normalize sets.
func (r *Request) Validate() error {
	if reason := r.fault(); reason != "" {
		return &RequestError{Request: r.ID, Op: GroupOp, Reason: reason}
	}
	scope := r.scope()
	for i := range r.Ops {
		op := &r.Ops[i]
		if err := op.Validate(); err != nil {
			reason := strings.TrimPrefix(err.Error(), "omadm: ")
			return &RequestError{Request: r.ID, Op: i, Reason: reason, Err: err}
		}
		if r.Group == Atomic && !verbs[op.Verb].inAtomic {
			return &RequestError{Request: r.ID, Op: i, Reason: op.Verb.String() + " in an Atomic"}
		}
		if op.Verb != Alert && op.URI.Scope() != scope || op.Verb == Copy && op.From.Scope() != scope {
			return &RequestError{Request: r.ID, Op: i, Reason: "device and user scope in one request"}
		}
	}
	if r.User != "" && scope != UserScope {
		return &RequestError{Request: r.ID, Op: GroupOp, Reason: "names a user and is of device scope"}
	}
	return nil
}

// fault checks what is not about an operation.
func (r *Request) fault() string {
	switch {
	case r.ID == "":
		return "has no identifier"
	case len(r.ID) > MaxRequestID:
		return fmt.Sprintf("identifier of %d octets, at most %d", len(r.ID), MaxRequestID)
	case len(r.Ops) == 0:
		return "has no operations"
	case len(r.Ops) > MaxOps:
		return fmt.Sprintf("has %d operations, at most %d", len(r.Ops), MaxOps)
	case int(r.Group) >= len(groupNames):
		return "unknown group"
	case int(r.Delivery) >= len(deliveryNames):
		return "unknown delivery"
	case r.MaxAttempts < 0:
		return "negative number of attempts"
	case !r.Expires.IsZero() && !r.Expires.After(r.NotBefore):
		return "expires before it may be sent"
	}
	return ""
}

// Normalize sets Scope to the scope of the first operation that has one; Validate makes sure that the others share it.
func (r *Request) Normalize() { r.Scope = r.scope() }

func (r *Request) scope() Scope {
	for i := range r.Ops {
		if r.Ops[i].Verb != Alert {
			return r.Ops[i].URI.Scope()
		}
	}
	return DeviceScope
}

// Clone returns a copy of r that shares no memory with it that could be changed.
func (r *Request) Clone() Request {
	c := *r
	c.Ops = slices.Clone(r.Ops)
	for i := range c.Ops {
		if a := c.Ops[i].Alert; a != nil {
			c.Ops[i].Alert = a.clone()
		}
	}
	return c
}

// EffectiveDelivery returns Delivery, with DeliveryDefault resolved.
func (r Request) EffectiveDelivery() Delivery {
	if r.Delivery != DeliveryDefault {
		return r.Delivery
	}
	for i := range r.Ops {
		if v := r.Ops[i].Verb; !v.Known() || !verbs[v].repeatable {
			return AtMostOnce
		}
	}
	return AtLeastOnce
}

// String describes r in one line, without addresses and values.
func (r Request) String() string {
	return fmt.Sprintf("request %.64q: %v of %d, %v scope, %v", string(r.ID), r.Group, len(r.Ops), r.Scope,
		r.EffectiveDelivery())
}

// Warning is something in a request that a device may well refuse or take otherwise than it was meant.
type Warning struct {
	Op     int // index in Request.Ops
	Reason string
}

// Warnings returns what is odd about a valid request:
//   - siblings whose names differ only in case, which are different nodes on some devices and the same on others (OMA DM
//     Tree and Description 1.2.1, section 5);
//   - Add and Replace of one node in the same Atomic, which Windows does not support;
//   - Get of a secret of an account, which no device tells (OMA DM Standardized Objects 1.2.1, section 5.3.1).
func (r *Request) Warnings() []Warning {
	var found []Warning
	spelling := make(map[string]URI) // canonical parent and folded name to canonical URI
	changed := make(map[URI]Verb)
	for i := range r.Ops {
		op := &r.Ops[i]
		node := op.URI.Path().Canonical()
		if r.Group == Atomic && (op.Verb == Add || op.Verb == Replace) {
			if v, ok := changed[node]; ok && v != op.Verb {
				found = append(found, Warning{i, "Add and Replace of the same node in one Atomic"})
			}
			changed[node] = op.Verb
		}
		if op.Verb == Get && op.URI.Query() == "" && accountSecret(node) {
			found = append(found, Warning{i, "Get of a secret, which no device tells"})
		}
		for u := node; u != Root; u = u.Parent() {
			key := string(u.Parent()) + "/" + strings.ToLower(u.Base())
			if other, ok := spelling[key]; ok && other != u {
				found = append(found, Warning{i, "a sibling differs only in case"})
				break
			}
			spelling[key] = u
		}
	}
	return found
}
