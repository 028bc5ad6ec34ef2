package session

import (
	"context"
	"io"
	"log/slog"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Config configures a Handler. Store and Authenticator are required, the zero values of all other fields work.
type Config struct {
	Store         Store
	Authenticator Authenticator
	// Codecs are the encodings spoken, chosen by the media type of a message. Default: syncml.XML. Add wbxml.Codec
	// for clients that use WBXML.
	Codecs []syncml.Codec
	Rules  Rules

	// Check is asked about each request the Director adds. A request it refuses is not sent.
	Check Check
	// Director may add requests while a message is answered. Default: none.
	Director Director
	Hooks    Hooks

	// Secret is what challenges are computed from, 16 octets or more, the same on all nodes that share devices. It
	// matters for Credentials only. Default: random octets, so that another node, and this one after a restart, refuses
	// the answer to a challenge once.
	Secret []byte
	Rand   io.Reader // nonces; default: crypto/rand.Reader

	Logger *slog.Logger     // default: slog.Default()
	Now    func() time.Time // default: time.Now
}

// clock returns now, and the time of day when it is nil.
func clock(now func() time.Time) func() time.Time {
	if now == nil {
		return time.Now
	}
	return now
}

// afterlife is how long what has to be undone may take when the context of what it undoes has ended.
const afterlife = 5 * time.Second

// outliving returns a context that does not end with ctx, but soon.
func outliving(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), afterlife)
}

// Authenticator finds out who sent a message. It is safe for concurrent use.
type Authenticator interface {
	// Authenticate returns the sender. ErrUnauthenticated if there is no proof of who it is, ErrNoCredentials if there
	// is not even an attempt: the client then gets HTTP status 403 and an empty body, and nothing is stored. Any other
	// error is answered 503. The text of the error goes into the log: it must not hold what would prove the sender.
	Authenticate(ctx context.Context, in *Inbound) (Principal, error)
}

// Check decides whether a request may be queued for a device with these facts. Its error is handed to whoever
// queued the request.
type Check func(ctx context.Context, facts omadm.Facts, r *omadm.Request) error

// Director adds requests to the answer to a message, after the statuses, results and events of the message were
// read, whenever commands may be sent (Turn.Open). It runs before the commit and may run again for the same message; only
// what it returns counts. A request whose id the device has had already is left out, at the price of another Load and Commit:
// what was asked before is better not returned for each message. An error of it is logged, and the device gets its answer
// without requests of the Director.
type Director func(ctx context.Context, t *Turn) ([]omadm.Request, error)

// Hooks are told what happened. Nil ones are skipped. They run before the reply is written, at most once for a
// message, on the node that answered it; what must not be lost is read through Results.
type Hooks struct {
	// Committed is called after a change was committed. The change must not be modified.
	Committed func(ctx context.Context, c *Change)
	// Refused is called when a message was answered with an HTTP error.
	Refused func(ctx context.Context, status int, err error)
}
