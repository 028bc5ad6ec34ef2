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

// unlimited lets through what the default limits refuse for its number.
func unlimited(c *session.Config) {
	c.Rules.Limits.Message = syncml.Limits{Octets: 64 << 20, Commands: 1 << 30, Items: 1 << 30}
	c.Rules.Limits.Reply = 64 << 20
	c.Rules.AlertTypes = []string{"com.example.ours"}
}

// TestHostileGrowth posts messages that are accepted, in a session with commands on their way. One with eight times as
// much of something takes no more than 12 times the memory (the square would be 64), and the session takes what it did before.
// It is the ends that count, as maps grow by leaps.
func TestHostileGrowth(t *testing.T) {
	known, ours := typed("com.microsoft:mdm.unenrollment.userrequest", "1"), typed("com.example.ours", "1")
	part := func(item string) string { return strings.Replace(item, "</Item>", "<MoreData/></Item>", 1) }
	for name, body := range map[string]func(n int) string{
		"events of a known type": func(n int) string { return alert("1226", strings.Repeat(known, n)) },
		"events of another type": func(n int) string { return alert("1226", strings.Repeat(ours, n)) },
		"events of many types":   func(n int) string { return alert("1226", strings.Repeat(ours+known, n/2)) },
		"events of the client":   func(n int) string { return alert("1224", strings.Repeat(ours, n)) },
		"alerts":                 func(n int) string { return strings.Repeat(alert("1226", known), n) },
		"parts of objects":       func(n int) string { return alert("1226", strings.Repeat(part(known)+known, n/2)) },
		"parts of one object":    func(n int) string { return alert("1226", strings.Repeat(part(known), n)) },
		"objects lost":           func(n int) string { return strings.Repeat(alert("1225"), n) },
		"facts": func(n int) string {
			return `<Replace><CmdID>5</CmdID>` + strings.Repeat(item("./DevInfo/X", "1"), n) + `</Replace>`
		},
		"items of no use": func(n int) string {
			return `<Replace><CmdID>5</CmdID>` + strings.Repeat(item("./DevInfo/X", "1")+item("./X", "1"), n/2) + `</Replace>`
		},
		"values":  func(n int) string { return result("4", strings.Repeat(item("./A", "1"), n)) },
		"results": func(n int) string { return strings.Repeat(result("4", item("./A", "1")), n) },
		"parts of values": func(n int) string {
			return result("4", strings.Repeat(part(item("./A", "1"))+part(item("./B", "1")), n/2))
		},
		"statuses":               func(n int) string { return strings.Repeat(status(7, "1", "4", "Get", 200), n) },
		"statuses of nothing":    func(n int) string { return strings.Repeat(status(7, "1", "999", "Get", 200), n) },
		"statuses of the header": func(n int) string { return strings.Repeat(okHdr("1"), n) },
		"references": func(n int) string {
			return strings.Replace(status(7, "1", "4", "Get", 200), "<Data>", strings.Repeat("<TargetRef>./Z</TargetRef>", n)+"<Data>", 1)
		},
		"a long CmdID": func(n int) string {
			return strings.Replace(status(7, "1", "999", "Get", 200), "7", strings.Repeat(`\`, 100*n), 1)
		},
		"a long login status":     func(n int) string { return login(strings.Repeat("x", 100*n)) },
		"a long type of an event": func(n int) string { return alert("1224", typed(strings.Repeat("x", 100*n), "1")) },
		"a long alert":            func(n int) string { return alert(strings.Repeat("1", 100*n)) },
		"a long correlator": func(n int) string {
			return strings.Replace(alert("1226", known), "<Data>", "<Correlator>"+strings.Repeat("x", 100*n)+"</Correlator><Data>", 1)
		},
		"unknown commands": func(n int) string { return strings.Repeat("<X><CmdID>5</CmdID></X>", n) },
		"commands in a group": func(n int) string {
			return `<Atomic><CmdID>5</CmdID>` + strings.Repeat("<Get><CmdID>6</CmdID></Get>", n) + `</Atomic>`
		},
	} {
		t.Run(name, func(t *testing.T) {
			var costs []uint64
			for n := 1000; n <= 8000; n *= 2 {
				h := newHouse(t, unlimited, silently)
				h.request(omadm.Request{ID: "a", Combine: true, Ops: []omadm.Op{get("./A"), get("./B")}})
				h.request(omadm.Request{ID: "b", Ops: []omadm.Op{get("./C"), get("./D")}})
				h.post(msg("1", "1", pkg1))
				before := h.stateSize()
				sent := msg("1", "2", okHdr("1")+body(n))
				cost, code, _ := h.measured(sent, syncml.ContentTypeXML)
				require.Equal(t, http.StatusOK, code)
				assert.LessOrEqual(t, cost, most(len(sent), true), "octets allocated for a message of %d", len(sent))
				assert.LessOrEqual(t, h.stateSize(), before+512)
				costs = append(costs, cost)
			}
			assert.LessOrEqual(t, float64(costs[3])/float64(costs[0]), 12.0, "%d", costs)
		})
	}
}

// stateSize is what the sessions of deviceID take in a store, in octets.
func (h *house) stateSize() (n int) {
	h.t.Helper()
	for _, s := range h.record().Sessions {
		b, err := s.AppendBinary(nil)
		require.NoError(h.t, err)
		n += len(b)
	}
	return n
}

// However much is odd about a message, and however long its ids are, the log stays short.
func TestHostileNotes(t *testing.T) {
	for name, body := range map[string]string{
		"many":  strings.Repeat(status(7, "1", "999", "Get", 200), 2000),
		"long":  strings.Replace(status(7, "1", "999", "Get", 200), "7", strings.Repeat(`\`, 1<<20), 1),
		"long2": strings.Replace(result("999", ""), "30", strings.Repeat("\ue000", 1<<20), 1),
		"long3": status(7, strings.Repeat(`\`, 1<<20), "0", "SyncHdr", 500),
	} {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		h.post(msg("1", "2", body+final))
		assert.Contains(t, h.log.String(), "session: ", name)
		assert.Less(t, h.log.Len(), 16<<10, name)
	}
}

// A status may name many items of its command, in any spelling and among others, and they alone are answered.
func TestStatusWithManyReferences(t *testing.T) {
	for _, others := range []int{0, 10, 1000} {
		h := newHouse(t)
		h.request(omadm.Request{ID: "a", Combine: true, Ops: []omadm.Op{get("./A/%C3%A9"), get("./B"), get("./C")}})
		h.post(msg("1", "1", pkg1))
		refs := strings.Repeat("<TargetRef>./Z</TargetRef>", others) + "<TargetRef>./A/é</TargetRef><SourceRef>./C</SourceRef>"
		h.post(msg("1", "2", okHdr("1")+strings.Replace(status(2, "1", "4", "Get", 404), "<Data>", refs+"<Data>", 1)))
		var got []int
		for _, r := range h.results("a") {
			got = append(got, r.Op)
		}
		assert.Equal(t, []int{0, 2}, got, "%d other references", others)
	}
}
