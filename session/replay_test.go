package session_test

import (
	"fmt"
	"os"
	"reflect"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/session/sessiontest"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// The recorded sessions are played in each mode with the requests that are read back from them.
func TestSessionsReadBack(t *testing.T) {
	for _, s := range recordings() {
		if s.end == simdevice.Refused {
			continue // nothing else was said
		}
		rec, err := capture.Open(os.DirFS(sessionsDir + s.name))
		require.NoError(t, err)
		for mode := capture.Exact; mode <= capture.Rules; mode++ {
			if s.unread && mode <= capture.Meaning || s.unlike && mode == capture.Exact || mode < s.mode() {
				continue
			}
			t.Run(s.name+"/"+mode.String(), func(t *testing.T) {
				sessiontest.Replay(t, s.open(t), rec, sessiontest.ReplayOptions{Mode: mode})
			})
		}
	}
}

// A recording of another server that says the same in other numbers means the same.
func TestSessionsMean(t *testing.T) {
	for _, s := range recordings() {
		if s.end == simdevice.Refused || s.mode() > capture.Meaning {
			continue
		}
		t.Run(s.name, func(t *testing.T) {
			rec, err := capture.Open(os.DirFS(sessionsDir + s.name))
			require.NoError(t, err)
			other := renumbered(t, rec)
			sessiontest.Replay(t, s.open(t), other, sessiontest.ReplayOptions{Mode: capture.Meaning, Requests: s.queued()})
		})
	}
}

// renumbered gives the commands of the server new CmdIDs, its messages higher MsgIDs, and each nonce another value.
func renumbered(t *testing.T, rec *capture.Recording) *capture.Recording {
	t.Helper()
	out := new(capture.Recording)
	for _, m := range rec.Messages {
		if m.Octets == nil {
			out.Messages = append(out.Messages, m)
			continue
		}
		msg, err := m.Decode()
		require.NoError(t, err)
		if m.From == capture.FromServer {
			msg.Header.MsgID = shifted(msg.Header.MsgID, 70)
		}
		n := 0
		each(msg.Body, func(c syncml.Command) {
			n++
			switch c := c.(type) {
			case *syncml.Status:
				if c.Chal != nil && c.Chal.Meta.NextNonce != "" {
					c.Chal.Meta.NextNonce = "YW5vdGhlciBub25jZSBvbmNl"
				}
				if m.From == capture.FromDevice {
					c.MsgRef, c.CmdRef = shifted(c.MsgRef, 70), shifted(c.CmdRef, 300)
				}
			case *syncml.Results:
				c.MsgRef, c.CmdRef = shifted(c.MsgRef, 70), shifted(c.CmdRef, 300)
			}
			if m.From == capture.FromServer {
				id := reflect.ValueOf(c).Elem().FieldByName("CmdID")
				id.SetString(shifted(id.String(), 300))
			}
		})
		m.Octets, err = syncml.Append(nil, m.Codec(), msg)
		require.NoError(t, err)
		out.Messages = append(out.Messages, m)
	}
	return out
}

func each(body []syncml.Command, do func(syncml.Command)) {
	for _, c := range body {
		do(c)
		switch c := c.(type) {
		case *syncml.Atomic:
			each(c.Body, do)
		case *syncml.Sequence:
			each(c.Body, do)
		}
	}
}

// shifted returns a number that is higher; 0, which stands for the header, and what is no number stay.
func shifted(id string, by int) string {
	n, err := strconv.Atoi(id)
	if err != nil || n == 0 {
		return id
	}
	return fmt.Sprint(n + by)
}
