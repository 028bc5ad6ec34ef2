package session_test

import (
	"net/http"
	"os"
	"regexp"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const hostileDir = "../testdata/hostile/"

var verdictLine = regexp.MustCompile(`(?m)^\| (\S+ml) \| .+ \| (.+) \|$`)

// bothCodecs configures a handler for both encodings.
func bothCodecs(c *session.Config) { c.Codecs = []syncml.Codec{syncml.XML, wbxml.Codec} }

// TestHostileFiles posts each message of testdata/hostile into a session that waits for message 2. A refused one gets
// 400 and changes nothing, so that the true message 2 still ends the request. An accepted one is answered with a
// message; it ends no request, as none of them answers one.
func TestHostileFiles(t *testing.T) {
	table, err := os.ReadFile(hostileDir + "README.md")
	require.NoError(t, err)
	lines := verdictLine.FindAllStringSubmatch(string(table), -1)
	require.NotEmpty(t, lines)
	for _, line := range lines {
		name, accepted := line[1], line[2] == "accepted"
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(hostileDir + name)
			require.NoError(t, err)
			h := newHouse(t, bothCodecs)
			h.enqueue("a", get("./A"))
			h.post(msg("1", "1", pkg1))
			before := h.record()

			codec := syncml.XML
			if strings.HasSuffix(name, ".wbxml") {
				codec = wbxml.Codec
			}
			cost, code, answer := h.measured(string(b), codec.ContentType())
			assert.LessOrEqual(t, cost, most(len(b), accepted), "octets allocated for a message of %d", len(b))
			if !accepted {
				assert.Equal(t, http.StatusBadRequest, code)
				assert.Empty(t, answer)
				assert.Equal(t, before, h.record())
				h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
				assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind, "the session goes on")
				return
			}
			require.Equal(t, http.StatusOK, code, "%s", h.log)
			_, err = codec.Decode(answer, syncml.Limits{})
			assert.NoError(t, err)
			assert.Empty(t, h.outcomes())
		})
	}
}

// measured posts a body and returns the octets that were allocated for it, the status and the body of the response.
func (h *house) measured(body, contentType string) (cost uint64, code int, answer []byte) {
	h.t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	w := h.exchange(body, with("Content-Type", contentType))
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, w.Code, w.Body.Bytes()
}

// most is how many octets may be allocated for a message of n. A refused one costs the codec 2 MB and 8 times n, and as
// much again for the body. For one that is accepted come the commands it is made of and a Status for each.
func most(n int, accepted bool) uint64 {
	if accepted {
		return uint64(2<<20 + 64*n)
	}
	return uint64(2<<20 + 16*n)
}

// Messages as large as may be cost no more for their size than small ones, and those above the limit get 413.
func TestHostileSizes(t *testing.T) {
	limit := syncml.DefaultLimits().Octets
	for _, test := range []struct {
		name   string
		repeat string
		octets int // of what is repeated
		want   int
	}{
		{"empty items", "<Add>" + strings.Repeat("<Item/>", 9) + "</Add>", limit / 2, http.StatusBadRequest},
		{"empty commands", "<Add/>", limit / 2, http.StatusBadRequest},
		{"groups", "<Atomic>", limit / 2, http.StatusBadRequest},
		{"comments", "<!-- -->", limit / 2, http.StatusOK},
		{"white space", " ", limit / 2, http.StatusOK},
		{"comments beyond the limit", "<!-- -->", limit, http.StatusRequestEntityTooLarge},
		{"commands beyond the limit", "<Add/>", limit, http.StatusRequestEntityTooLarge},
	} {
		t.Run(test.name, func(t *testing.T) {
			h := newHouse(t)
			h.enqueue("a", get("./A"))
			h.post(msg("1", "1", pkg1))
			before := h.record()
			body := msg("1", "2", strings.Repeat(test.repeat, test.octets/len(test.repeat)))
			cost, code, _ := h.measured(body, syncml.ContentTypeXML)
			assert.Equal(t, test.want, code)
			assert.LessOrEqual(t, cost, most(len(body), code == http.StatusOK))
			if code != http.StatusOK {
				assert.Equal(t, before, h.record())
			}
			assert.Empty(t, h.outcomes())
		})
	}
}
