package sessiontest

import (
	"context"
	"fmt"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
)

func registerMakesKnown(t *trial) {
	d := session.Device{
		ID: dev, Facts: omadm.Facts{"a": "1"}, Nonces: session.Nonces{Generation: 3, Client: "c", Server: "s"}, Account: account("1"),
	}
	t.ok("Register", t.registrar.Register(context.Background(), d))
	rec := t.load(dev)
	want(t, "id", rec.Device.ID, dev)
	t.wantFacts(d.Facts)
	want(t, "generation of the nonces", rec.Device.Nonces.Generation, 3)
	if rec.Device.Nonces != d.Nonces {
		t.broken("nonces are not those registered")
	}
	t.wantAccount("account", d.Account)
	want(t, "number of sessions", len(rec.Sessions), 0)
	want(t, "number of requests", len(rec.Requests), 0)
	t.ok("first Commit", t.store.Commit(context.Background(), change(dev, rec.Revision)))
}

func registerAgain(t *trial) {
	t.busy(dev)
	before := t.snapshot(dev)
	d := session.Device{
		ID: dev, Facts: omadm.Facts{"other": "1"}, Nonces: session.Nonces{Generation: 9, Client: "c9"}, Account: account("9"),
	}
	t.ok("Register", t.registrar.Register(context.Background(), d))
	t.wantFacts(d.Facts)
	if t.load(dev).Device.Nonces != d.Nonces {
		t.broken("nonces are not those registered last")
	}
	t.wantAccount("account after Register", d.Account)
	// Revision, facts, nonces and account are the first four lines.
	t.wantSame("queue, sessions, results and correlators after Register", t.snapshot(dev)[4:], before[4:])
	t.wantExists("Enqueue of a finished request with other content", t.tryEnqueue(dev, userRequest("f")), dev, "f")
}

func registerAwaited(t *trial) {
	d := session.Device{ID: dev, Awaited: awaited{"given": "a"}}
	t.ok("Register", t.registrar.Register(context.Background(), d))
	t.wantAwaited(dev, nil)
	t.commit(dev, func(c *session.Change) { c.Awaited = awaited{"committed": "b"} })
	t.ok("Register of a device that is registered", t.registrar.Register(context.Background(), d))
	t.wantAwaited(dev, awaited{"committed": "b"})
}

func registerMoves(t *trial) {
	t.register(dev)
	c := change(dev, t.load(dev).Revision)
	c.Nonces = &session.Nonces{Generation: 1, Client: "old"}
	d := session.Device{ID: dev, Nonces: session.Nonces{Generation: 9, Client: "new"}}
	t.ok("Register", t.registrar.Register(context.Background(), d))
	t.wantError("Commit that was prepared before Register", t.store.Commit(context.Background(), c), session.ErrConflict)
	want(t, "nonces", t.load(dev).Device.Nonces, d.Nonces)
}

func registerAnew(t *trial) {
	t.register(dev)
	var before []*session.Change
	for range 3 {
		before = append(before, change(dev, t.load(dev).Revision))
		t.commit(dev, nil)
	}
	t.ok("Unregister", t.registrar.Unregister(context.Background(), dev))
	t.register(dev)
	for i := range 4 { // at first, and after each of as many Commits as there were before
		for _, c := range before {
			err := t.store.Commit(context.Background(), c)
			t.wantError(fmt.Sprintf("Commit that was prepared before Unregister, after %d others", i), err, session.ErrConflict)
		}
		t.commit(dev, nil)
	}
}

// account is an account that differs from others in every field, in octets that no encoding may change.
func account(n string) session.Account {
	return session.Account{
		Name: "é 'client' %_ " + n, Secret: auth.Secret("c+/= \" \\ " + n),
		ServerName: "server\n " + n, ServerSecret: auth.Secret("s+/=" + n), Scheme: auth.Scheme("scheme-" + n),
	}
}

// wantAccount compares the account of the device; a message does not show secrets.
func (t *trial) wantAccount(what string, account session.Account) {
	t.Helper()
	if got := t.load(dev).Device.Account; got != account {
		t.broken("%s: got %v, want %v, or a secret differs", what, got, account)
	}
}

// accountLine is the line of an account in a snapshot.
func (t *trial) accountLine(a session.Account) string {
	return fmt.Sprintf("account %q", []string{a.Name, string(a.Secret), a.ServerName, string(a.ServerSecret), string(a.Scheme)})
}

func accountAsRegistered(t *trial) {
	t.busy(dev)
	t.wantAccount("account after Commit", account("busy"))
	t.ok("Commit", t.store.Commit(context.Background(), whole(dev, t.load(dev).Revision)))
	t.wantAccount("account after a Commit that changes everything", account("busy"))
	t.ok("Register", t.registrar.Register(context.Background(), session.Device{ID: "device-2"}))
	t.wantAccount("account after another device was registered", account("busy"))
	t.ok("Register without an account", t.registrar.Register(context.Background(), session.Device{ID: dev}))
	t.wantAccount("account after Register without one", session.Account{})
}

func unregisterForgets(t *trial) {
	t.busy(dev)
	t.busy("device-2")
	other := t.snapshot("device-2")
	t.ok("Unregister", t.registrar.Unregister(context.Background(), dev))
	_, err := t.store.Load(context.Background(), everything(dev))
	t.wantError("Load after Unregister", err, session.ErrUnknownDevice)
	t.wantError("Enqueue after Unregister", t.tryEnqueue(dev, request("a")), session.ErrUnknownDevice)
	t.wantSame("another device after Unregister", t.snapshot("device-2"), other)

	t.register(dev)
	want(t, "reply to the last body of a session forgotten", t.replyTo("s"), "")
	// Beside revision, facts, nonces, account, correlators and parts there is nothing.
	t.wantSame("device registered after Unregister", t.snapshot(dev)[1:], []string{"facts map[]", `nonces 0 "" ""`, t.accountLine(session.Account{}), "awaited map[]", "parts []"})
	t.ok("Enqueue of requests with ids that were taken", t.tryEnqueue(dev, userRequest("w"), userRequest("l"), userRequest("f")))
}

func unregisterUnknown(t *trial) {
	t.ok("Unregister of a device never registered", t.registrar.Unregister(context.Background(), dev))
	t.register(dev)
	t.ok("Unregister", t.registrar.Unregister(context.Background(), dev))
	t.ok("Unregister again", t.registrar.Unregister(context.Background(), dev))
}
