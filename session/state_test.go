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

// TestStateIsSmall holds the size of a stored session: 768 octets and 24 for each outstanding command, without the ids of
// requests. Everything is as long as devices make it: in the middle of a large object, with credentials of the longest
// scheme, and each command a request of its own that failed.
// A command that belongs to no request of the session would be found out only when it is answered.
func TestStateOfACommandWithoutRequestIsRefused(t *testing.T) {
	b, err := (&session.State{ID: "1", Outstanding: []session.Outstanding{{MsgID: 1, CmdID: 2}}}).AppendBinary(nil)
	require.NoError(t, err)
	assert.Error(t, new(session.State).UnmarshalBinary(b))
}

func TestStateIsSmall(t *testing.T) {
	for _, n := range []int{0, 1, 10, 100, 1000} {
		s := fullState()
		s.ID, s.MsgID, s.Login, s.User = "FFFFFFFF", "10000", "others", strings.Repeat("u", 113) // the longest UPN of Windows
		s.Sent, s.Messages, s.Package, s.Parts = 10_000, 10_000, 10_000, 8192
		s.MAC = `algorithm=MD5, username="` + strings.Repeat("s", 64) + `", mac=` + strings.Repeat("m", 24)
		s.Incoming.MsgRef, s.Incoming.CmdRef, s.Incoming.Target = "10000", "1000", ""
		s.Incoming.Source = "./Device/Vendor/MSFT/" + strings.Repeat("n", 160)
		s.Incoming.Size, s.Incoming.Have = 8<<20, 8<<20-1
		s.Requests, s.Tried, s.Outstanding = nil, nil, nil
		for i := range n {
			s.Requests = append(s.Requests, session.Carried{Next: 100, Alone: true, Broken: 2})
			s.Outstanding = append(s.Outstanding, session.Outstanding{
				MsgID: 10_000, CmdID: uint32(n), Request: i, Op: 99, Status: 500, HRESULT: 0x86000002,
			})
		}
		if n > 0 {
			s.Requests[n-1].Offset = 4 << 20 // one at a time is in the middle of an object
		}
		b, err := s.AppendBinary(nil)
		require.NoError(t, err)
		if limit := 768 + 24*n; len(b) > limit {
			t.Errorf("%d commands: %d octets, want at most %d", n, len(b), limit)
		}
		t.Logf("%d commands: %d octets", n, len(b))
	}
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
