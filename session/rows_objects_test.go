package session_test

import (
	"net/http"
	"strconv"
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

// sizes is the Meta of a client's header.
func sizes(maxMsgSize, maxObjSize int) string {
	m := ""
	for _, f := range []struct {
		name string
		n    int
	}{{"MaxMsgSize", maxMsgSize}, {"MaxObjSize", maxObjSize}} {
		if f.n > 0 {
			m += "<" + f.name + ` xmlns="syncml:metinf">` + strconv.Itoa(f.n) + "</" + f.name + ">"
		}
	}
	return "<Meta>" + m + "</Meta>"
}

// next is the alert with which a client asks for the next message.
const next = `<Alert><CmdID>9</CmdID><Data>1222</Data></Alert>`

// chunk is what the server sent of a large object.
type chunk struct {
	id     string // CmdID
	target string
	size   string // in Meta
	data   string
	more   bool
}

// chunkOf returns the Add or Replace that a message ends with.
func chunkOf(t *testing.T, m *syncml.Message) chunk {
	t.Helper()
	last := m.Body[len(m.Body)-1]
	require.Contains(t, []string{"Add", "Replace"}, last.Name())
	items := last.ItemList()
	require.Len(t, items, 1)
	c := chunk{id: last.ID(), target: items[0].Target.URI, data: items[0].Data.Value, more: items[0].MoreData}
	if items[0].Meta != nil {
		c.size = items[0].Meta.Size
	}
	return c
}

// begin queues a request with a value of n octets and returns the first part of it. The client takes messages of
// 1,000 octets.
func (h *house) begin(id string, value string) chunk {
	h.t.Helper()
	h.enqueue(id, replace("./A", value))
	return chunkOf(h.t, h.post(msgMeta("1", "1", sizes(1000, 0), pkg1)))
}

// took is the client's answer to a part in message ref: its status, and what it asks for.
func took(ref, cmdRef string, code int, ask string) string {
	return okHdr(ref) + status(2, ref, cmdRef, "Replace", code) + ask
}

// parts answers each part with 213 until the last one has come, and returns all the parts and the MsgID of the client's
// next message.
func (h *house) parts(first chunk) (all []chunk, msgID int) {
	h.t.Helper()
	all, msgID = []chunk{first}, 2
	for c := first; c.more; msgID++ {
		m := h.post(msg("1", itoa(msgID), took(itoa(msgID-1), c.id, 213, next)))
		c = chunkOf(h.t, m)
		assert.Equal(h.t, !c.more, m.Final)
		all = append(all, c)
	}
	return all, msgID
}

func joined(parts []chunk) string {
	var b strings.Builder
	for _, c := range parts {
		b.WriteString(c.data)
	}
	return b.String()
}

var text = strings.Repeat("0123456789abcdef", 200)

var sendRows = map[string]func(*testing.T){
	"L-1_sizes_of_the_client_count_for_the_session": func(t *testing.T) {
		h := newHouse(t)
		h.post(msgMeta("1", "1", sizes(1000, 2000), alert1201))
		h.request(omadm.Request{ID: "over", Ops: []omadm.Op{replace("./A", strings.Repeat("x", 2001))}})
		h.request(omadm.Request{ID: "group", Group: omadm.Sequence, Ops: []omadm.Op{replace("./B", strings.Repeat("x", 1000))}})
		h.post(msg("1", "2", okHdr("1")+final))
		assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["over"].Status)
		assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["group"].Status)
	},
	"L-1_our_sizes_are_announced_once": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) {
			c.Rules.Limits.Message.Octets, c.Rules.Limits.Object = 70_000, 90_000
		})
		h.enqueue("a", get("./A"))
		first := h.post(msg("1", "1", pkg1))
		assert.Equal(t, &syncml.Meta{MaxMsgSize: "70000", MaxObjSize: "90000"}, first.Header.Meta)
		assert.Nil(t, h.post(msg("1", "2", okHdr("1")+final)).Header.Meta)
	},
	"L-1_our_sizes_are_announced_after_a_challenge": func(t *testing.T) {
		h := newSafe(t, client)
		m := h.post(signed("1", "", pkg1))
		assert.Nil(t, m.Header.Meta)
		_, nonce := headerOf(t, m)
		m = h.post(signed("2", md5Cred(nonce), pkg1))
		require.NotNil(t, m.Header.Meta)
		assert.Equal(t, "8388608", m.Header.Meta.MaxMsgSize)
		assert.Nil(t, h.post(signed("3", "", okHdr("2")+final)).Header.Meta)
	},
	"L-2_maxmsgsize_limits_the_whole_message": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", replace("./A", text))
		for n, body := 1, pkg1; n < 99; n++ {
			w := h.do(msgMeta("1", itoa(n), sizes(1000, 0), body))
			require.Equal(t, http.StatusOK, w.Code)
			assert.LessOrEqual(t, w.Body.Len(), 1000)
			m, err := syncml.Decode(w.Body.Bytes())
			require.NoError(t, err)
			if m.Final {
				return
			}
			c := chunkOf(t, m)
			body = took(itoa(n), c.id, 213, next)
		}
		t.Error("the object does not end")
	},
	"B-19_parts_fill_messages_of_wbxml": func(t *testing.T) {
		h := newHouse(t, bothCodecs)
		h.enqueue("a", replace("./A", text))
		var parts []chunk
		for n, body := 1, msgMeta("1", "1", sizes(1000, 0), pkg1); ; n++ {
			w := h.exchange(string(inWBXML(t, body)), with("Content-Type", syncml.ContentTypeWBXML))
			require.Equal(t, http.StatusOK, w.Code)
			require.LessOrEqual(t, w.Body.Len(), 1000)
			m, err := wbxml.Codec.Decode(w.Body.Bytes(), syncml.Limits{})
			require.NoError(t, err)
			c := chunkOf(t, m)
			parts = append(parts, c)
			if !c.more {
				break
			}
			assert.Greater(t, w.Body.Len(), 995, "the part fills the message")
			body = msg("1", itoa(n+1), took(itoa(n), c.id, 213, next))
		}
		assert.Equal(t, text, joined(parts))
	},
	"L-3_no_object_above_maxobjsize_is_sent": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("over", replace("./A", strings.Repeat("x", 51)))
		h.enqueue("just", replace("./B", strings.Repeat("x", 50)))
		got := h.post(msgMeta("1", "1", sizes(0, 50), pkg1))
		assert.Equal(t, []string{"4 Replace ./B", "Final"}, summary(got)[3:])
		assert.Equal(t, omadm.Refused, h.outcomes()["over"].Kind)
		assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["over"].Status)
	},
	"L-3_absent_maxobjsize_is_no_limit": func(t *testing.T) {
		h := newHouse(t)
		parts, _ := h.parts(h.begin("a", text))
		assert.Equal(t, text, joined(parts))
	},
	"L-4_later_maxobjsize_replaces_the_earlier": func(t *testing.T) {
		h := newHouse(t)
		h.post(msgMeta("1", "1", sizes(0, 50), alert1201))
		h.enqueue("a", replace("./A", strings.Repeat("x", 60)))
		got := h.post(msgMeta("1", "2", sizes(0, 60), okHdr("1")+final))
		assert.Contains(t, summary(got), "2 Replace ./A")
	},
	"L-5_objects_go_both_ways": func(t *testing.T) {
		h := newHouse(t)
		parts, id := h.parts(h.begin("out", text))
		h.enqueue("in", get("./B"))
		h.post(msg("1", itoa(id), took(itoa(id-1), parts[len(parts)-1].id, 200, "")+final))
		assert.Equal(t, omadm.Done, h.outcomes()["out"].Kind)
		ref := itoa(id)
		h.post(msg("1", itoa(id+1), okHdr(ref)+status(2, ref, "2", "Get", 200)+results(ref, "2", "./B", "6", "abc", true)))
		h.post(msg("1", itoa(id+2), okHdr(itoa(id+1))+results(ref, "2", "./B", "", "def", false)+final))
		assert.Equal(t, "abcdef", h.value("in"))
	},
	"L-6_first_part_says_the_size_as_transmitted": func(t *testing.T) {
		value := strings.Repeat("<&>ü", 300)
		first := newHouse(t).begin("a", value)
		assert.Equal(t, itoa(len(value)), first.size, "before escaping")
		h := newHouse(t)
		binary := omadm.Bytes([]byte(text))
		h.enqueue("a", omadm.Op{Verb: omadm.Replace, URI: "./A", Value: binary})
		first = chunkOf(t, h.post(msgMeta("1", "1", sizes(1000, 0), pkg1)))
		assert.Equal(t, itoa(len(binary.Data.Value)), first.size, "of the base64 text")
	},
	"L-7_every_part_but_the_last_has_moredata": func(t *testing.T) {
		h := newHouse(t)
		parts, _ := h.parts(h.begin("a", text))
		require.Greater(t, len(parts), 3)
		for i, c := range parts {
			assert.Equal(t, i < len(parts)-1, c.more)
		}
	},
	"L-7_what_fits_is_not_cut": func(t *testing.T) {
		c := newHouse(t).begin("a", "small")
		assert.Equal(t, chunk{id: "4", target: "./A", data: "small"}, c)
	},
	"L-8_following_parts_repeat_all_but_the_size": func(t *testing.T) {
		h := newHouse(t)
		parts, _ := h.parts(h.begin("a", text))
		for _, c := range parts[1:] {
			assert.Equal(t, "./A", c.target)
			assert.Empty(t, c.size)
		}
		assert.NotEqual(t, parts[0].id, parts[1].id)
	},
	"L-9_final_comes_with_the_last_part": func(t *testing.T) {
		h := newHouse(t)
		h.parts(h.begin("a", text)) // looks at each message
	},
	"L-10_nothing_follows_a_part_or_comes_between": func(t *testing.T) {
		h := newHouse(t)
		h.request(omadm.Request{ID: "first", Priority: 1, Ops: []omadm.Op{get("./First")}})
		h.enqueue("large", replace("./A", text))
		h.enqueue("last", get("./Last"))
		m := h.post(msgMeta("1", "1", sizes(1500, 0), pkg1))
		assert.Equal(t, []string{"4 Get ./First", "5 Replace ./A"}, summary(m)[3:])
		c := chunkOf(t, m)
		for id := 2; c.more; id++ {
			answer := okHdr(itoa(id-1)) + status(2, itoa(id-1), c.id, "Replace", 213) + next
			if id == 2 {
				answer += status(3, "1", "4", "Get", 200)
			}
			m = h.post(msg("1", itoa(id), answer))
			if m.Final {
				break
			}
			c = chunkOf(t, m)
			require.Len(t, summary(m), 3, "the statuses of header and 1222, and the part")
		}
		assert.Contains(t, strings.Join(summary(m), "\n"), "Get ./Last", "behind the last part")
	},
	"L-11_213_is_progress": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		second := chunkOf(t, h.post(msg("1", "2", took("1", c.id, 213, next))))
		assert.True(t, strings.HasPrefix(text, c.data+second.data), "it goes on")
		assert.True(t, second.more)
		assert.Empty(t, h.outcomes())
		assert.Empty(t, h.results("a"))
	},
	"L-12_1222_for_the_next_part_is_answered_200": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		assert.Contains(t, summary(h.post(msg("1", "2", took("1", c.id, 213, next)))), "Status Alert 9 200")
	},
	"L-13_status_of_the_last_part_is_the_outcome": func(t *testing.T) {
		for code, want := range map[int]omadm.Kind{200: omadm.Done, 424: omadm.Failed, 500: omadm.Failed} {
			h := newHouse(t)
			parts, id := h.parts(h.begin("a", text))
			h.post(msg("1", itoa(id), took(itoa(id-1), parts[len(parts)-1].id, code, final)))
			assert.Equal(t, want, h.outcomes()["a"].Kind, "%d", code)
			require.Len(t, h.results("a"), 1, "parts have no results of their own")
		}
	},
	"L-13_200_before_the_last_part_is_no_outcome": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		assert.True(t, chunkOf(t, h.post(msg("1", "2", took("1", c.id, 200, next)))).more)
		assert.Empty(t, h.outcomes())
	},
	"L-21_1225_of_the_client_sends_the_object_anew": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		c = chunkOf(t, h.post(msg("1", "2", took("1", c.id, 213, next))))
		lost := `<Alert><CmdID>9</CmdID><Data>1225</Data><Item><Target><LocURI>./A</LocURI></Target></Item></Alert>`
		m := h.post(msg("1", "3", okHdr("2")+lost))
		again := chunkOf(t, m)
		assert.Equal(t, itoa(len(text)), again.size, "from the beginning")
		assert.Contains(t, summary(m), "Status Alert 9 200")
		parts := []chunk{again}
		id := 4
		for c = again; c.more; id++ {
			c = chunkOf(t, h.post(msg("1", itoa(id), took(itoa(id-1), c.id, 213, next))))
			parts = append(parts, c)
		}
		assert.Equal(t, text, joined(parts))
		h.post(msg("1", itoa(id), took(itoa(id-1), c.id, 200, final)))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"L-21_object_lost_again_and_again_is_given_up": func(t *testing.T) {
		h := newHouse(t)
		h.begin("a", text)
		lost := `<Alert><CmdID>9</CmdID><Data>1225</Data></Alert>`
		var m *syncml.Message
		for id := 2; id < 9; id++ {
			if m = h.post(msg("1", itoa(id), okHdr(itoa(id-1))+lost)); m.Final {
				break
			}
		}
		assert.True(t, m.Final)
		assert.NotContains(t, strings.Join(summary(m), " "), "Replace")
	},
	"L-22_refusal_in_the_middle_stops_the_parts": func(t *testing.T) {
		for _, code := range []int{424, 413, 416, 420} {
			h := newHouse(t)
			c := h.begin("a", text)
			h.enqueue("b", get("./B"))
			m := h.post(msg("1", "2", took("1", c.id, code, next)))
			assert.Equal(t, []string{"3 Get ./B", "Final"}, summary(m)[2:], "the round goes on")
			h.post(msg("1", "3", okHdr("2")+status(2, "2", "3", "Get", 200)+final))
			assert.Equal(t, omadm.Failed, h.outcomes()["a"].Kind)
			assert.Equal(t, omadm.Status(code), h.outcomes()["a"].Status)
			assert.Equal(t, omadm.Done, h.outcomes()["b"].Kind)
		}
	},
	"P-21_client_that_refuses_a_part_may_have_more_to_say": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		h.enqueue("b", get("./B"))
		m := h.post(msg("1", "2", okHdr("1")+status(2, "1", c.id, "Replace", 406)))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Alert 1222"}, summary(m))
		m = h.post(msg("1", "3", okHdr("2")+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "2 Get ./B", "Final"}, summary(m))
		assert.Equal(t, omadm.Failed, h.outcomes()["a"].Kind)
	},
	"L-22_values_may_come_after_a_refused_part": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("g", get("./G"))
		h.enqueue("a", replace("./A", strings.Repeat("x", 3000)))
		c := chunkOf(t, h.post(msgMeta("1", "1", sizes(2000, 0), pkg1)))
		m := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+status(3, "1", c.id, "Replace", 420)+next))
		assert.Equal(t, "Final", summary(m)[len(summary(m))-1], "nothing more to send")
		h.post(msg("1", "3", okHdr("2")+results("1", "4", "./G", "", "value", false)+final))
		assert.Equal(t, "value", h.value("g"))
		assert.Equal(t, omadm.Done, h.outcomes()["g"].Kind)
		assert.Equal(t, omadm.Failed, h.outcomes()["a"].Kind)
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
	},
	"L-22_refusal_of_the_only_command_ends_the_session": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		m := h.post(msg("1", "2", took("1", c.id, 413, next)))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 9 200", "Final"}, summary(m))
		assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["a"].Status)
		assert.False(t, h.record().Sessions[0].Ended.IsZero())
	},
	"L-23_text_is_not_cut_inside_a_character": func(t *testing.T) {
		value := strings.Repeat("äöü€", 400)
		h := newHouse(t)
		parts, _ := h.parts(h.begin("a", value))
		assert.Equal(t, value, joined(parts))
		for _, c := range parts {
			assert.True(t, strings.ToValidUTF8(c.data, "?") == c.data)
		}
	},
	"L-24_no_parts_for_a_client_without_large_objects": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("ask", get("./DevDetail/LrgObj"))
		h.post(msgMeta("1", "1", sizes(1000, 0), pkg1))
		h.enqueue("a", replace("./A", text))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+results("1", "4", "./DevDetail/LrgObj", "", "false", false)+final))
		assert.Equal(t, "false", h.record().Device.Facts["./DevDetail/LrgObj"])
		assert.Equal(t, omadm.Refused, h.outcomes()["a"].Kind)
		assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["a"].Status)
	},
	"L-25_statuses_are_counted_before_a_part": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		c = chunkOf(t, h.post(msg("1", "2", took("1", c.id, 213, next))))
		w := h.do(msg("1", "3", took("2", c.id, 213, next+`<Add><CmdID>7</CmdID></Add>`)))
		assert.LessOrEqual(t, w.Body.Len(), 1000)
		m, err := syncml.Decode(w.Body.Bytes())
		require.NoError(t, err)
		assert.Less(t, len(chunkOf(t, m).data), len(c.data))
	},
	"L-25_no_room_for_any_part_does_not_loop": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		many := strings.Repeat(`<Add><CmdID>7</CmdID></Add>`, 5)
		m := h.post(msg("1", "2", took("1", c.id, 213, next+many)))
		assert.Equal(t, "Final", summary(m)[len(summary(m))-1])
		assert.NotContains(t, strings.Join(summary(m), " "), "Replace")
	},
	"P-12_what_fits_in_no_message_and_cannot_be_cut_is_refused": func(t *testing.T) {
		for _, group := range []omadm.Group{omadm.Atomic, omadm.Sequence} {
			h := newHouse(t)
			h.request(omadm.Request{ID: "a", Group: group, Ops: []omadm.Op{replace("./A", text), replace("./B", "1")}})
			h.post(msgMeta("1", "1", sizes(1000, 0), pkg1))
			assert.Equal(t, omadm.Refused, h.outcomes()["a"].Kind)
			assert.Equal(t, omadm.StatusEntityTooLarge, h.outcomes()["a"].Status)
		}
	},
	// How much room the next message has hangs on what the client will call us in it.
	"P-12_what_has_no_room_today_has_room_tomorrow": func(t *testing.T) {
		respURI := serverURL + "?node=" + strings.Repeat("x", 100)
		crowd := strings.Repeat(alert("1224", typed("com.example", "1")), 12)
		came, refused := 0, 0
		for n := 900; n < 1500; n += 20 {
			h := newHouse(t, func(c *session.Config) { c.Rules.RespURI = respURI })
			h.request(omadm.Request{ID: "a", Group: omadm.Atomic, Ops: []omadm.Op{replace("./A", strings.Repeat("x", n)), replace("./B", "1")}})
			if h.post(msgMeta("1", "1", sizes(2400, 0), alert1201+crowd+final)).Final {
				assert.Equal(t, omadm.Refused, h.outcomes()["a"].Kind)
				refused++
				continue
			}
			m := h.post(strings.Replace(msg("1", "2", okHdr("1")+next), serverURL, respURI, 1))
			assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 9 200"}, summary(m)[:2])
			assert.Contains(t, strings.Join(summary(m), " "), "Atomic", "%d octets", n)
			came++
		}
		assert.NotZero(t, came)
		assert.NotZero(t, refused)
	},
	"P-14_final_in_every_message_but_parts_and_next_message": func(t *testing.T) {
		h := newHouse(t)
		assert.False(t, h.post(msg("1", "1", alert1201)).Final, "the client goes on")
		h.enqueue("a", replace("./A", text))
		m := h.post(msgMeta("1", "2", sizes(1000, 0), okHdr("1")+final))
		assert.False(t, m.Final, "a part")
		for id := 3; !m.Final; id++ {
			m = h.post(msg("1", itoa(id), took(itoa(id-1), chunkOf(t, m).id, 213, next)))
		}
		assert.False(t, chunkOf(t, m).more)
	},
	"P-23_final_of_the_client_in_the_middle_of_an_object": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		h.enqueue("b", get("./B"))
		m := h.post(msg("1", "2", took("1", c.id, 213, final)))
		assert.True(t, chunkOf(t, m).more, "the object goes on")
		assert.NotContains(t, strings.Join(summary(m), " "), "Get", "no fresh command")
	},
	"P-23_final_without_a_status_gives_the_object_up": func(t *testing.T) {
		h := newHouse(t)
		h.begin("a", text)
		m := h.post(msg("1", "2", okHdr("1")+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(m))
		assert.Empty(t, h.outcomes(), "to be sent again in a later session")
		assert.Equal(t, itoa(len(text)), chunkOf(t, h.post(msgMeta("2", "1", sizes(1000, 0), pkg1))).size)
	},
	"P-24_keep_alive_in_the_middle_of_an_object": func(t *testing.T) {
		h := newHouse(t)
		c := h.begin("a", text)
		m := h.post(msg("1", "2", okHdr("1")+keepAlive))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 8 200", "Alert 1222"}, summary(m))
		m = h.post(msg("1", "3", okHdr("2")+status(2, "1", c.id, "Replace", 213)+next))
		assert.True(t, chunkOf(t, m).more)
	},
}

const keepAlive = `<Alert><CmdID>8</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">Reversed-Domain-Name:com.microsoft.mdm.requestpending</Type></Meta><Data>1</Data></Item></Alert>`

// results writes Results of one item, CmdID 5. Size is left out when it is empty.
func results(msgRef, cmdRef, source, size, data string, more bool) string {
	meta := ""
	if size != "" {
		meta = `<Meta><Format xmlns="syncml:metinf">chr</Format><Size xmlns="syncml:metinf">` + size + `</Size></Meta>`
	}
	moreData := ""
	if more {
		moreData = "<MoreData/>"
	}
	return `<Results><CmdID>5</CmdID><MsgRef>` + msgRef + `</MsgRef><CmdRef>` + cmdRef + `</CmdRef><Item><Source><LocURI>` + source +
		`</LocURI></Source>` + meta + `<Data>` + data + `</Data>` + moreData + `</Item></Results>`
}

// value is the only value that came for a request.
func (h *house) value(id omadm.RequestID) string {
	h.t.Helper()
	list := h.values(id)
	require.Len(h.t, list, 1)
	return list[0]
}

func (h *house) values(id omadm.RequestID) (list []string) {
	for _, r := range h.results(id) {
		if r.Status == 0 {
			for _, it := range r.Items {
				list = append(list, it.Data.Value)
			}
		}
	}
	return list
}

// asks begins a session in which the client is asked for ./Log (1, 4) and ./B (1, 5).
func asks(t *testing.T, change ...func(*session.Config)) *house {
	h := newHouse(t, change...)
	h.enqueue("log", get("./Log"))
	h.enqueue("b", get("./B"))
	h.post(msg("1", "1", pkg1))
	return h
}

// bothDone are the statuses of the two commands.
func bothDone() string { return status(2, "1", "4", "Get", 200) + status(3, "1", "5", "Get", 200) }

var receiveRows = map[string]func(*testing.T){
	"L-14_object_above_our_maxobjsize_is_refused_at_once": func(t *testing.T) {
		small := func(c *session.Config) { c.Rules.Limits.Object = 100 }
		for name, test := range map[string]struct{ size, first string }{
			"announced": {"101", "abc"}, "unannounced": {"", strings.Repeat("x", 101)}, "understated": {"50", strings.Repeat("x", 101)},
		} {
			h := asks(t, small)
			m := h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", test.size, test.first, true)))
			assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Results 5 413", "Alert 1222"}, summary(m), name)
			m = h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", "more", true)))
			assert.Contains(t, summary(m), "Status Results 5 413", "so are its other parts: "+name)
			h.post(msg("1", "4", okHdr("3")+results("1", "4", "./Log", "", "end", false)+final))
			assert.Empty(t, h.values("log"))
			assert.Empty(t, h.stored(), "nothing is kept of it")
		}
	},
	"L-15_part_is_answered_213_and_1222": func(t *testing.T) {
		h := asks(t)
		m := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+results("1", "4", "./Log", "36", "ABCDEFGHIJ", true)))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Results 5 213", "Alert 1222"}, summary(m))
		assert.False(t, m.Final)
	},
	"L-15_part_of_an_alert": func(t *testing.T) {
		h := asks(t, func(c *session.Config) { c.Rules.AlertTypes = []string{"com.example:log"} })
		alert := func(size, data, more string) string {
			return `<Alert><CmdID>5</CmdID><Data>1226</Data><Correlator>c</Correlator><Item><Source><LocURI>./Log</LocURI></Source><Meta><Type xmlns="syncml:metinf">com.example:log</Type>` +
				`<Format xmlns="syncml:metinf">chr</Format>` + size + `</Meta><Data>` + data + `</Data>` + more + `</Item></Alert>`
		}
		m := h.post(msg("1", "2", okHdr("1")+alert(`<Size xmlns="syncml:metinf">6</Size>`, "abc", "<MoreData/>")))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert 5 213", "Alert 1222"}, summary(m))
		assert.Empty(t, h.events())
		m = h.post(msg("1", "3", okHdr("2")+bothDone()+alert("", "def", "")+final))
		assert.Contains(t, summary(m), "Status Alert 5 200")
		require.Len(t, h.events(), 1)
		assert.Equal(t, "abcdef", h.events()[0].Data.Value)
		assert.Equal(t, "com.example:log", h.events()[0].Type)
	},
	"L-15_part_of_an_alert_of_unknown_type_is_refused": func(t *testing.T) {
		h := asks(t)
		m := h.post(msg("1", "2", okHdr("1")+`<Alert><CmdID>5</CmdID><Data>1226</Data><Item><Meta><Type xmlns="syncml:metinf">com.example:other</Type></Meta><Data>x</Data><MoreData/></Item></Alert>`))
		assert.Contains(t, summary(m), "Status Alert 5 415")
		assert.Empty(t, h.stored())
	},
	"L-16_other_size_than_announced_is_424": func(t *testing.T) {
		for name, last := range map[string]string{"short": "KLMNO", "long": "KLMNOPQRSTUVWXYZ0123456789+"} {
			h := asks(t)
			h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "36", "ABCDEFGHIJ", true)))
			m := h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", last, false)+final))
			assert.Contains(t, summary(m), "Status Results 5 424", name)
		}
	},
	"L-17_nothing_of_it_is_delivered": func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "36", "ABCDEFGHIJ", true)))
		h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", "KLMNO", false)+final))
		assert.Empty(t, h.values("log"))
		assert.Empty(t, h.stored())
	},
	"L-18_object_that_is_broken_off_is_answered_1225": func(t *testing.T) {
		for name, other := range map[string]string{
			"other results":   results("1", "5", "./B", "", "b", false),
			"another object":  results("1", "5", "./B", "9", "b", true),
			"unknown results": results("7", "7", "./B", "", "b", false),
			"a command":       `<Replace><CmdID>6</CmdID><Item><Source><LocURI>./DevInfo/Man</LocURI></Source><Data>x</Data></Item></Replace>`,
			"a session alert": alert1201,
			"final":           final,
		} {
			h := asks(t)
			h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "36", "ABCDEFGHIJ", true)))
			m := h.post(msg("1", "3", okHdr("2")+other))
			var broken *syncml.Alert
			for _, c := range m.Body {
				if a, ok := c.(*syncml.Alert); ok && a.Data.Value == "1225" {
					broken = a
				}
			}
			require.NotNil(t, broken, "%s: %v", name, summary(m))
			require.Len(t, broken.Items, 1)
			assert.Equal(t, "./Log", broken.Items[0].Source.URI)
			assert.Empty(t, h.values("log"))
		}
	},
	"L-19_session_goes_on_and_the_object_may_come_again": func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "6", "abc", true)))
		m := h.post(msg("1", "3", okHdr("2")+results("1", "5", "./B", "", "b", false)))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Alert 1225", "Alert 1222"}, summary(m))
		h.post(msg("1", "4", okHdr("3")+results("1", "4", "./Log", "6", "abc", true)))
		h.post(msg("1", "5", okHdr("4")+results("1", "4", "./Log", "", "def", false)+final))
		assert.Equal(t, "abcdef", h.value("log"))
		assert.Equal(t, "b", h.value("b"))
		assert.Equal(t, omadm.Done, h.outcomes()["log"].Kind)
	},
	"L-19_session_goes_on_after_424": func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "6", "abc", true)))
		m := h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", "de", false)))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Results 5 424", "Alert 1222"}, summary(m))
		h.post(msg("1", "4", okHdr("3")+results("1", "4", "./Log", "6", "abc", true)))
		h.post(msg("1", "5", okHdr("4")+results("1", "4", "./Log", "", "def", false)+final))
		assert.Equal(t, "abcdef", h.value("log"))
		assert.Equal(t, omadm.Done, h.outcomes()["log"].Kind)
	},
	"L-20_upload_of_many_messages_with_statuses_around": func(t *testing.T) {
		h := asks(t)
		m := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+results("1", "4", "./Log", "2600", text[:26], true)))
		for n := range 98 {
			require.Equal(t, "Alert 1222", summary(m)[2])
			extra := ""
			if n == 50 {
				extra = status(3, "1", "5", "Get", 404)
			}
			m = h.post(msg("1", itoa(n+3), okHdr(itoa(n+2))+status(4, itoa(n+2), "3", "Alert", 200)+extra+results("1", "4", "./Log", "", text[26*(n+1):26*(n+2)], true)))
		}
		h.post(msg("1", "101", okHdr("100")+results("1", "4", "./Log", "", text[2574:2600], false)+final))
		assert.Equal(t, text[:2600], h.value("log"))
		assert.Equal(t, omadm.Failed, h.outcomes()["b"].Kind)
		assert.Empty(t, h.stored())
	},
	"L-23_base64_is_joined_before_it_is_decoded": func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+strings.Replace(results("1", "4", "./Log", "8", "QUJDR", true), "chr", "b64", 1)))
		h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", "EVG", false)+final))
		var value omadm.Value
		for _, r := range h.results("log") {
			if r.Status == 0 {
				value = omadm.ItemValue(&r.Items[0])
			}
		}
		b, err := value.Bytes()
		require.NoError(t, err)
		assert.Equal(t, "ABCDEF", string(b))
	},
	"L-26_first_part_without_size": func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "", "abc", true)))
		h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", "def", false)+final))
		assert.Equal(t, "abcdef", h.value("log"))

		h = asks(t, func(c *session.Config) { c.Rules.Strict = true })
		m := h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "", "abc", true)))
		assert.Contains(t, summary(m), "Status Results 5 411")
	},
	"L-18_results_of_another_node_break_the_object_off": func(t *testing.T) {
		h := asks(t)
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log/A", "6", "abc", true)))
		m := h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log/B", "", "def", false)))
		assert.Contains(t, summary(m), "Alert 1225")
		assert.Equal(t, []string{"def"}, h.values("log"))
	},
	"L-18_refused_object_may_be_broken_off": func(t *testing.T) {
		h := asks(t, func(c *session.Config) { c.Rules.Limits.Object = 100 })
		h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "101", "abc", true)))
		m := h.post(msg("1", "3", okHdr("2")+results("1", "5", "./B", "", "b", false)+final))
		assert.NotContains(t, summary(m), "Alert 1225", "the client was told already")
		assert.Equal(t, "b", h.value("b"))
	},
	"L-14_meta_of_an_object_is_bounded": func(t *testing.T) {
		h := asks(t)
		long := strings.Replace(results("1", "4", "./Log", "6", "abc", true), ">chr<", ">"+strings.Repeat("c", 2000)+"<", 1)
		assert.Contains(t, summary(h.post(msg("1", "2", okHdr("1")+bothDone()+long))), "Status Results 5 413")
	},
	"L-20_objects_of_two_sessions_are_kept_apart": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("device", get("./Log"))
		sync := func(who string) string { return alert("1224", typed("com.microsoft.mdm.synctype", who)) }
		h.post(msg("1", "1", sync("device")+final))
		h.enqueue("user", get("./User/Log"))
		h.post(msg("2", "1", sync("user")+login("user")+final))
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "3", "Get", 200)+results("1", "3", "./Log", "6", "abc", true)))
		h.post(msg("2", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+results("1", "4", "./User/Log", "6", "uvw", true)))
		h.post(msg("2", "3", okHdr("2")+results("1", "4", "./User/Log", "", "xyz", false)+final))
		h.post(msg("1", "3", okHdr("2")+results("1", "3", "./Log", "", "def", false)+final))
		assert.Equal(t, "uvwxyz", h.value("user"))
		assert.Equal(t, "abcdef", h.value("device"))
	},
	"D-17_object_with_octets_arrives_as_octets": func(t *testing.T) {
		h := newHouse(t, bothCodecs)
		h.enqueue("blob", get("./Data/Blob"))
		d := h.device()
		d.Profile, d.Codec, d.ChunkSize = simdevice.Generic12, wbxml.Codec, 100
		octets := strings.Repeat("\x00\xff\x01binary", 50)
		d.Nodes().Put("./Data/Blob", simdevice.Node{Format: "bin", Value: syncml.Octets([]byte(octets)), Access: simdevice.Get})
		h.complete(d)
		assert.Equal(t, octets, h.value("blob"))
		for _, r := range h.results("blob") {
			for _, it := range r.Items {
				assert.Equal(t, syncml.OctetsData, it.Data.Kind)
			}
		}
	},
	"L-27_size_of_one_too_many": func(t *testing.T) {
		for _, slack := range []bool{false, true} {
			h := asks(t, func(c *session.Config) { c.Rules.SizeSlack = slack })
			h.post(msg("1", "2", okHdr("1")+bothDone()+results("1", "4", "./Log", "7", "abc", true)))
			m := h.post(msg("1", "3", okHdr("2")+results("1", "4", "./Log", "", "def", false)+final))
			assert.Equal(t, slack, len(h.values("log")) == 1)
			assert.Equal(t, !slack, strings.Contains(strings.Join(summary(m), " "), "424"))
		}
	},
}

// inWBXML writes a message in the other encoding.
func inWBXML(t *testing.T, body string) []byte {
	t.Helper()
	m, err := syncml.Decode([]byte(body))
	require.NoError(t, err)
	b, err := syncml.Append(nil, wbxml.Codec, m)
	require.NoError(t, err)
	return b
}

// stored returns the parts of large objects that the store keeps.
func (h *house) stored() [][]byte {
	h.t.Helper()
	rec, err := h.store.Load(h.t.Context(), session.Query{Device: deviceID, Now: h.now, Parts: true})
	require.NoError(h.t, err)
	return rec.Parts
}
