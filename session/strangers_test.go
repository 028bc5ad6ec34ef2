package session_test

import (
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// crowd is how many sessions a test opens: a million in the long form.
func crowd() int {
	if os.Getenv("GOMADM_LONG") == "1" {
		return 1_000_000
	}
	return 20_000
}

// silently keeps nothing of what is logged.
func silently(c *session.Config) { c.Logger = slog.New(slog.DiscardHandler) }

// heap is what is in use, in octets.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.GC() // what a finalizer or a pool held on to
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// noise is what the heap may differ by, in octets, without anybody having kept something.
const noise = 64 << 10

// stored is what the doors of the store show of deviceID and of everybody.
type stored struct {
	record  session.Record
	entries []session.Entry
	idle    []omadm.DeviceID
}

func (h *house) shown() stored {
	h.t.Helper()
	idle, err := h.store.Idle(h.t.Context(), h.now.AddDate(1, 0, 0), 1<<20)
	require.NoError(h.t, err)
	return stored{*h.record(), h.entries(), idle}
}

// TestStrangersLeaveNothing opens sessions without credentials, with wrong ones, under the name of a device that exists
// and of others that do not. The device itself is in the middle of a session.
func TestStrangersLeaveNothing(t *testing.T) {
	h := newSafe(t, client, silently)
	h.enqueue("a", get("./A"))
	h.login()
	guess := md5Cred([]byte("guess"))
	bogus := []struct{ body, code string }{
		{signed("1", "", pkg1), "407"},
		{signed("1", guess, login("user")+pkg1), "401"},
		{signed("2", guess, devInfo+generic("c")+final), "401"},
		{msg("1", "7", okHdr("6")+status(2, "2", "4", "Get", 200)+alert("1223")+final), "401"},
		{strings.ReplaceAll(signed("1", guess, pkg1), deviceID, "urn:uuid:NOBODY"), "401"},
	}
	visit := func(i int) {
		b := bogus[i%len(bogus)]
		body := strings.Replace(inSession(itoa(100+i), b.body), "NOBODY", itoa(i), 1)
		code, _ := headerOf(t, h.post(body))
		if code != b.code {
			t.Fatalf("session %d is answered %s, not %s", i, code, b.code)
		}
	}
	for i := range bogus {
		visit(i) // what is made once
	}
	before, used := h.shown(), heap()
	for i := range crowd() {
		visit(i)
	}
	more := heap() - used
	t.Logf("%d sessions, %d octets", crowd(), more)
	assert.LessOrEqual(t, more, int64(noise))
	assert.Equal(t, before, h.shown())
	h.post(signed("3", "", okHdr("2")+status(2, "2", "4", "Get", 200)+final))
	assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind, "the session of the device goes on")
}

// TestSessionsOfADeviceAreBounded opens sessions with the right credentials. Some end, some break off, and those of other
// sync types go on beside them.
func TestSessionsOfADeviceAreBounded(t *testing.T) {
	const limit = 3
	h := newSafe(t, client, silently, func(c *session.Config) { c.Rules.Limits.Sessions = limit })
	nonce := h.login()
	syncTypes := []string{"mixed", "user", "device"}
	visit := func(i int) {
		body := alert("1224", typed(omadm.TypeSyncType, syncTypes[i%len(syncTypes)])) + news(i)
		if i%2 == 0 {
			body += final
		}
		code, next := headerOf(t, h.post(inSession(itoa(100+i), signed("1", md5Cred(nonce), body))))
		if code != "212" {
			t.Fatalf("session %d is answered %s", i, code)
		}
		nonce = next
	}
	const first = 1000 // until there are as many sessions and facts as there may be
	for i := range first {
		visit(i)
	}
	used := heap()
	for i := range crowd() {
		visit(first + i)
		if i%100 == 0 {
			require.LessOrEqual(t, len(h.record().Sessions), limit)
		}
	}
	more := heap() - used
	rec := h.record()
	t.Logf("%d sessions, %d octets", crowd(), more)
	assert.LessOrEqual(t, more, int64(noise))
	assert.Len(t, rec.Sessions, limit)
	assert.Len(t, rec.Device.Facts, 64)
	assert.Empty(t, h.entries())
}

// news is a fact that no other session has told.
func news(n int) string {
	return `<Replace><CmdID>2</CmdID>` + item("./DevInfo/Ext/N"+itoa(n), strings.Repeat("x", n%900)) + `</Replace>`
}

// TestHostileFilesFromStrangers posts each message of testdata/hostile under the name of a device that has an account.
// None leaves anything, and none costs more memory than one from a device that is known.
func TestHostileFilesFromStrangers(t *testing.T) {
	eachHostile(t, func(t *testing.T, octets string, codec syncml.Codec, accepted bool) {
		h := newSafe(t, client, bothCodecs)
		before := h.shown()
		cost, code, answer := h.measured(octets, codec.ContentType())
		assert.LessOrEqual(t, cost, most(len(octets), accepted), "octets allocated for a message of %d", len(octets))
		assert.Equal(t, before, h.shown())
		if !accepted {
			assert.Equal(t, http.StatusBadRequest, code)
			assert.Empty(t, answer)
			return
		}
		require.Equal(t, http.StatusOK, code)
		m, err := codec.Decode(answer, syncml.Limits{})
		require.NoError(t, err)
		refused, nonce := headerOf(t, m)
		assert.Equal(t, "401", refused)
		assert.Nil(t, nonce)
	})
}

// TestHostileFilesWithCredentials posts them into a session whose first message had the right credentials.
func TestHostileFilesWithCredentials(t *testing.T) {
	eachHostile(t, func(t *testing.T, octets string, codec syncml.Codec, accepted bool) {
		h := newSafe(t, client, bothCodecs)
		nonce := h.login()
		h.enqueue("a", get("./A"))
		h.now = h.now.Add(time.Hour)
		code, _ := headerOf(t, h.post(signed("1", md5Cred(nonce), pkg1)))
		require.Equal(t, "212", code)
		before := h.shown()

		cost, status, answer := h.measured(octets, codec.ContentType())
		assert.LessOrEqual(t, cost, most(len(octets), accepted), "octets allocated for a message of %d", len(octets))
		assert.Empty(t, h.outcomes())
		if !accepted {
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Empty(t, answer)
			assert.Equal(t, before, h.shown())
			return
		}
		require.Equal(t, http.StatusOK, status)
		m, err := codec.Decode(answer, syncml.Limits{})
		require.NoError(t, err)
		got, _ := headerOf(t, m)
		assert.Equal(t, "200", got)
		assert.LessOrEqual(t, len(h.record().Sessions), 4)
	})
}

// eachHostile runs a test for each message of testdata/hostile with the verdict of its README.
func eachHostile(t *testing.T, test func(t *testing.T, octets string, codec syncml.Codec, accepted bool)) {
	t.Helper()
	table, err := os.ReadFile(hostileDir + "README.md")
	require.NoError(t, err)
	lines := verdictLine.FindAllStringSubmatch(string(table), -1)
	require.NotEmpty(t, lines)
	for _, line := range lines {
		t.Run(line[1], func(t *testing.T) {
			b, err := os.ReadFile(hostileDir + line[1])
			require.NoError(t, err)
			codec := syncml.XML
			if strings.HasSuffix(line[1], ".wbxml") {
				codec = wbxml.Codec
			}
			test(t, string(b), codec, line[2] == "accepted")
		})
	}
}
