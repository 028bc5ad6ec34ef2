package session_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
)

// The formatted forms of what holds secrets do not show them, by themselves, in what holds them, or by a pointer.
func TestFormattedFormsHideSecrets(t *testing.T) {
	d := session.Device{
		ID:     deviceID,
		Nonces: session.Nonces{Generation: 7, Client: "nonce-of-client", Server: "nonce-of-server"},
		Account: session.Account{
			Name: "client", Secret: "secret-of-client", ServerName: "server", ServerSecret: "secret-of-server", Scheme: auth.MAC,
		},
	}
	change := session.Change{Nonces: &d.Nonces}
	for name, v := range map[string]any{
		"Device": d, "*Device": &d, "Account": d.Account, "*Account": &d.Account, "Nonces": d.Nonces,
		"Record": session.Record{Device: d}, "*Record": &session.Record{Device: d}, "Change": change, "*Change": &change,
	} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
			got := fmt.Sprintf(verb, v)
			for _, part := range []string{"-of-client", "-of-server"} {
				assert.NotContains(t, got, part, "%s of %s", verb, name)
				assert.NotContains(t, got, fmt.Sprintf("%x", part), "%s of %s", verb, name)
			}
		}
	}
	assert.Equal(t, `Account("client", server "server", scheme "syncml:auth-MAC")`, d.Account.String(), "what is no secret is shown")
}

// A log that formats as JSON looks into values by itself.
func TestLogsHideSecrets(t *testing.T) {
	account := session.Account{Name: "client", Secret: "secret-of-client", ServerName: "server", ServerSecret: "secret-of-server"}
	nonces := session.Nonces{Generation: 7, Client: "nonce-of-client", Server: "nonce-of-server"}
	device := session.Device{ID: deviceID, Account: account, Nonces: nonces}
	for name, v := range map[string]any{"account": account, "nonces": nonces, "device": device, "*device": &device} {
		var b strings.Builder
		slog.New(slog.NewJSONHandler(&b, nil)).Info("x", "v", v)
		assert.True(t, json.Valid([]byte(b.String())))
		assert.NotContains(t, b.String(), "-of-", name)
	}
}
