package session_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
)

var update = flag.Bool("update", false, "rewrite golden files")

func fullState() session.State {
	at := time.Date(2026, 3, 1, 8, 0, 0, 123456789, time.UTC)
	return session.State{
		ID: "1A2B", SyncType: "user", Opened: at, Seen: at.Add(time.Minute), Ended: at.Add(time.Hour),
		MsgID: "3", Body: session.Digest{1, 2, 3}, Sent: 2, Messages: 3, MaxMsgSize: 524288, MaxObjSize: 1 << 20,
		Login: "user", User: "someone", Parts: 4, Package: 7, First: session.Digest{4, 5},
		Scheme: auth.MAC, Proof: session.Digest{6}, MAC: "mac", Accepted: true, Retried: true,
		Incoming: session.Object{
			Command: "Results", MsgRef: "2", CmdRef: "4", Source: "./A", Target: "./B", Format: "b64", Type: "text/plain",
			Mark: "fatal", Size: 5000, Have: 4000, Binary: true, Refused: 413,
		},
		Requests:    []session.Carried{{ID: "r-1", Next: 2, Alone: true}, {ID: "r-2", Next: 1, Offset: 300, Broken: 1}},
		Tried:       []omadm.RequestID{"r-0"},
		Outstanding: []session.Outstanding{{MsgID: 2, CmdID: 4, Request: 1, Op: omadm.GroupOp, Status: 507, HRESULT: 0x86000002}, {MsgID: 2, CmdID: 5}},
	}
}

func TestStateBinaryForm(t *testing.T) {
	for name, want := range map[string]session.State{"zero": {}, "full": fullState()} {
		b, err := want.AppendBinary([]byte("before"))
		require.NoError(t, err)
		var got session.State
		require.NoError(t, got.UnmarshalBinary(b[len("before"):]))
		assert.Empty(t, cmp.Diff(want, got), name)
	}
}

// TestStateOfEarlierVersionsStillLoads reads octets written by earlier builds.
func TestStateOfEarlierVersionsStillLoads(t *testing.T) {
	v2 := fullState()
	v1 := fullState() // knew no large objects
	v1.Package, v1.First, v1.Incoming = 0, session.Digest{}, session.Object{}
	v1.Scheme, v1.Proof, v1.MAC, v1.Accepted, v1.Retried = "", session.Digest{}, "", false, false
	v1.Requests[1].Offset, v1.Requests[1].Broken = 0, 0
	for file, want := range map[string]session.State{"state-v1.bin": v1, "state-v2.bin": v2} {
		file = filepath.Join("testdata", file)
		if *update && want.Package != 0 {
			b, _ := want.AppendBinary(nil)
			require.NoError(t, os.WriteFile(file, b, 0o644))
		}
		b, err := os.ReadFile(file)
		require.NoError(t, err)
		var got session.State
		require.NoError(t, got.UnmarshalBinary(b))
		assert.Empty(t, cmp.Diff(want, got), file)
	}
}

func TestDamagedStateIsRefused(t *testing.T) {
	s := fullState()
	b, _ := s.AppendBinary(nil)
	for n := range b {
		var got session.State
		require.Error(t, got.UnmarshalBinary(b[:n]), "%d octets", n)
		require.Equal(t, session.State{}, got)
	}
	var got session.State
	assert.Error(t, got.UnmarshalBinary(append(b, 0)))
	b[0] = 9
	assert.True(t, errors.Is(got.UnmarshalBinary(b), session.ErrStateVersion))
}

// TestStateIsSmall holds the size of a stored session: 768 octets and 24 for each outstanding command.
func TestStateIsSmall(t *testing.T) {
	s := fullState()
	s.ID, s.User = "FFFF", strings.Repeat("u", 128)
	s.Requests, s.Outstanding = s.Requests[:1], nil
	b, _ := s.AppendBinary(nil)
	assert.LessOrEqual(t, len(b), 768)
	before := len(b)
	for i := range 1000 {
		s.Outstanding = append(s.Outstanding, session.Outstanding{MsgID: 70000, CmdID: uint32(70000 + i), Op: i, Status: 500, HRESULT: 0x86000002})
	}
	b, _ = s.AppendBinary(nil)
	assert.LessOrEqual(t, (len(b)-before)/1000, 24)
}

func FuzzState(f *testing.F) {
	s := fullState()
	b, _ := s.AppendBinary(nil)
	f.Add(b)
	f.Fuzz(func(t *testing.T, b []byte) {
		var s, again session.State
		if s.UnmarshalBinary(b) != nil {
			return
		}
		out, _ := s.AppendBinary(nil)
		require.NoError(t, again.UnmarshalBinary(out))
		require.Empty(t, cmp.Diff(s, again))
	})
}
