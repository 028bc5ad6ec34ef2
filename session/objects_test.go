package session_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// scale counts the octets that are written to a store.
type scale struct {
	session.Store
	octets int
}

func (s *scale) Commit(ctx context.Context, c *session.Change) error {
	state, err := c.Session.AppendBinary(nil)
	if err != nil {
		return err
	}
	s.octets += len(state) + len(c.Reply) + len(c.Part)
	for i := range c.Add {
		s.octets += c.Add[i].Size()
	}
	for _, r := range c.Results {
		for _, it := range r.Items {
			s.octets += len(it.Data.Value)
		}
	}
	for _, e := range c.Events {
		s.octets += len(e.Data.Value)
	}
	return s.Store.Commit(ctx, c)
}

// TestLargeObjectsCostTheirSize sends objects of up to 4 MB to a client that takes messages of 4 KB, and gets them from
// it, in both encodings: what is written to the store is in proportion to the object.
func TestLargeObjectsCostTheirSize(t *testing.T) {
	for _, codec := range []syncml.Codec{syncml.XML, wbxml.Codec} {
		for name, transfer := range map[string]func(h *house, d *simdevice.Device, value string) (arrived string){"out": sendNote, "in": fetchNote} {
			t.Run(name+"/"+codec.ContentType(), func(t *testing.T) {
				before := 0
				for size := 1 << 20; size <= 4<<20; size *= 2 {
					value := long(size)
					var written *scale
					h := newHouse(t, bothCodecs, func(c *session.Config) {
						written = &scale{Store: c.Store}
						c.Store = written
					})
					d := h.device()
					d.Profile, d.Codec, d.MaxMsgSize = simdevice.Generic12, codec, 4096
					got := transfer(h, d, value)
					require.True(t, got == value, "%d of %d octets arrived", len(got), len(value))
					assert.Equal(t, omadm.Done, h.outcomes()["note"].Kind)
					assert.Empty(t, h.stored())
					growth := 0.0
					if before > 0 {
						growth = float64(written.octets) / float64(before)
						assert.LessOrEqual(t, growth, 2.2)
					}
					assert.LessOrEqual(t, written.octets, 4*size)
					t.Logf("%d octets: %d written, %.2f times the half", size, written.octets, growth)
					before = written.octets
				}
			})
		}
	}
}

func sendNote(h *house, d *simdevice.Device, value string) string {
	h.t.Helper()
	h.enqueue("note", replace("./Data/Note", value))
	h.complete(d)
	return d.Nodes().Value("./Data/Note")
}

func fetchNote(h *house, d *simdevice.Device, value string) string {
	h.t.Helper()
	d.ChunkSize = 3500
	d.Nodes().Put("./Data/Note", simdevice.Node{Value: syncml.Text(value), Access: simdevice.Get})
	h.enqueue("note", get("./Data/Note"))
	h.complete(d)
	return h.value("note")
}

// complete runs a session in which nothing goes wrong.
func (h *house) complete(d *simdevice.Device) {
	h.t.Helper()
	report, err := d.Session(h.t.Context())
	require.NoError(h.t, err)
	require.NoError(h.t, report.Err())
}

// Objects of a few octets more and less than what fits into a message arrive whole.
func TestObjectsAroundTheSizeOfAMessage(t *testing.T) {
	for _, codec := range []syncml.Codec{syncml.XML, wbxml.Codec} {
		for n := 900; n < 1500; n += 7 {
			value := strings.Repeat("ä<", n/3+1)[:n/3*3]
			h := newHouse(t, bothCodecs)
			d := h.device()
			d.Profile, d.Codec, d.MaxMsgSize = simdevice.Generic12, codec, 2000
			require.Equal(t, value, sendNote(h, d, value), fmt.Sprint(n))
		}
	}
}
