package omadm

import "time"

// DeviceID names a device within one server. It is the application's own identifier, bound to the device by an
// authenticator; it need not be the LocURI the device calls itself by.
type DeviceID string

// RequestID names a request within one device. The application chooses it; it is opaque.
type RequestID string

// Request is a group of operations that belong together: the unit that is queued, delivered, retried and
// reported. What depends on order belongs in one Request. The zero values of all fields but ID and Ops are
// usable.
type Request struct {
	ID    RequestID
	Ops   []Op
	Group Group

	// Scope is the scope that all the operations share, see URI.Scope. Normalize sets it.
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

// Group says how the operations of a Request hang together.
type Group uint8

// The groups.
const (
	Each     Group = iota // independent commands, executed in any order
	Sequence              // executed in order (OMA DM Representation Protocol 1.2.1, section 6.6.14)
	Atomic                // all or none (section 6.6.3)
)

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

// Scope is the part of the tree that a request addresses.
type Scope uint8

// The scopes.
const (
	DeviceScope Scope = iota // ./Device/…, ./Vendor/…, ./DevInfo/… and everything that is not ./User/…
	UserScope                // ./User/…, delivered only while a user is signed in
)
