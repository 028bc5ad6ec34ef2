package omadm_test

import (
	"encoding/base64"
	"errors"
	"fmt"
	"math/rand"
	"os"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

var codecs = map[string]syncml.Codec{"XML": syncml.XML, "WBXML": wbxml.Codec}

// planned is a message that a planner made.
type planned struct {
	octets []byte
	*syncml.Message
}

// plan lays what is wanted into a message of at most max octets.
func plan(t testing.TB, codec syncml.Codec, max int, lay func(*omadm.Planner)) planned {
	t.Helper()
	h := &syncml.Header{
		VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "2",
		Target: syncml.Location{URI: "dev"}, Source: syncml.Location{URI: "https://dm.example.test"},
	}
	p, err := omadm.NewPlanner(codec, h, max)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Statuses([]*syncml.Status{{CmdID: "1", MsgRef: "1", CmdRef: "0", Cmd: "SyncHdr", Data: syncml.Text("200")}}); err != nil {
		t.Fatal(err)
	}
	lay(p)
	octets, err := p.End(true)
	if err != nil {
		t.Fatal(err)
	}
	if len(octets) > max {
		t.Fatalf("message of %d octets, at most %d", len(octets), max)
	}
	m, err := codec.Decode(octets, syncml.Limits{})
	if err != nil {
		t.Fatalf("%v\n%q", err, octets)
	}
	return planned{octets, m}
}

// smallest is the size of a message without commands.
func smallest(t testing.TB, codec syncml.Codec) int {
	return len(plan(t, codec, 4096, func(*omadm.Planner) {}).octets)
}

// commands returns what follows the status of the header.
func (m planned) commands() []syncml.Command { return m.Body[1:] }

// place is what a planner says of an operation.
type place struct {
	CmdID uint32
	Op    int
}

// layAll lays a request as a session does: as many operations to a message as fit, and what does not fit into one alone
// in parts. It returns the messages and the places in them.
func layAll(t testing.TB, codec syncml.Codec, max int, r *omadm.Request) (messages []planned, places [][]place) {
	t.Helper()
	offset := 0
	for next := 0; next < len(r.Ops); {
		if len(messages) > 1_000_000 {
			t.Fatal("it does not come to an end")
		}
		var at []place
		note := func(id uint32, op int) { at = append(at, place{id, op}) }
		m := plan(t, codec, max, func(p *omadm.Planner) {
			var err error
			if offset == 0 {
				if next, err = p.Lay(r, next, note); err != nil {
					t.Fatal(err)
				}
			}
			if next < len(r.Ops) && p.Empty() && r.Ops[next].Divisible() {
				if offset, err = p.LayPart(r, next, offset, note); err != nil {
					t.Fatal(err)
				}
				if offset == len(r.Ops[next].Value.Data.Value) {
					next, offset = next+1, 0
				}
			}
			if p.Empty() {
				t.Fatalf("operation %d of %v does not fit into %d octets", next, r, max)
			}
		})
		messages, places = append(messages, m), append(places, at)
	}
	return messages, places
}

var planRows = []rowTest{
	{"C-11_atomic_is_never_split", func(t *testing.T) { wholeGroups(t, omadm.Atomic) }},
	{"C-11_sequence_is_never_split", func(t *testing.T) { wholeGroups(t, omadm.Sequence) }},
	{"C-13_members_of_a_group_have_ids_of_their_own", func(t *testing.T) {
		for _, combine := range []bool{false, true} {
			r := group(omadm.Sequence, 3)
			r.Combine = combine
			var at []place
			m := plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
				if _, err := p.Lay(r, 0, func(id uint32, op int) { at = append(at, place{id, op}) }); err != nil {
					t.Fatal(err)
				}
			})
			want := []place{{2, omadm.GroupOp}, {3, 0}, {4, 1}, {5, 2}}
			if combine {
				want = []place{{2, omadm.GroupOp}, {3, 0}, {3, 1}, {3, 2}}
			}
			if diff := cmp.Diff(want, at); diff != "" {
				t.Error(diff)
			}
			var ids []string
			for _, c := range m.commands() {
				ids = append(ids, c.ID())
				for _, member := range c.(*syncml.Sequence).Body {
					ids = append(ids, member.ID())
				}
			}
			if slices.Sort(ids); len(slices.Compact(ids)) != len(ids) {
				t.Errorf("ids %q", ids)
			}
		}
	}},
	{"C-24_no_part_of_a_value_in_a_group", func(t *testing.T) {
		for _, g := range []omadm.Group{omadm.Atomic, omadm.Sequence} {
			r := &omadm.Request{ID: "1", Group: g, Ops: []omadm.Op{{Verb: omadm.Add, URI: "./A", Value: omadm.Text("0123456789")}}}
			m := plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
				if next, err := p.LayPart(r, 0, 0, func(uint32, int) { t.Error("placed") }); err == nil || next != 0 || !p.Empty() {
					t.Errorf("%v: %d, %v", g, next, err)
				}
			})
			if len(m.commands()) > 0 {
				t.Errorf("%v: %v", g, m.commands())
			}
		}
	}},
	{"L-6_size_is_that_of_the_whole_as_transmitted", func(t *testing.T) {
		binary := make([]byte, 900)
		for name, tt := range map[string]struct {
			value omadm.Value
			want  int
		}{
			"base64":  {omadm.Bytes(binary), 1200}, // not what it stands for
			"escaped": {omadm.Text(strings.Repeat("<é>&\"", 200)), 1200},
		} {
			for codec := range codecs {
				messages, _ := layAll(t, codecs[codec], smallest(t, codecs[codec])+300, one(tt.value))
				for i, m := range messages {
					meta := m.commands()[0].ItemList()[0].Meta
					got, want := "", ""
					if meta != nil {
						got = meta.Size
					}
					if i == 0 {
						want = strconv.Itoa(tt.want)
					}
					if got != want {
						t.Errorf("%s in %s, part %d: Size %q, want %q", name, codec, i, got, want)
					}
				}
				if len(messages) < 4 {
					t.Errorf("%s in %s: only %d parts", name, codec, len(messages))
				}
			}
		}
	}},
	{"L-7_more_data_in_all_parts_but_the_last", func(t *testing.T) {
		messages, _ := layAll(t, syncml.XML, smallest(t, syncml.XML)+300, one(omadm.Text(strings.Repeat("x", 1000))))
		for i, m := range messages {
			if got, want := m.commands()[0].ItemList()[0].MoreData, i < len(messages)-1; got != want {
				t.Errorf("part %d of %d: MoreData %v", i, len(messages), got)
			}
		}
		if len(messages) < 3 {
			t.Errorf("only %d parts", len(messages))
		}
	}},
	{"L-7_what_fits_has_neither_size_nor_more_data", func(t *testing.T) {
		r := one(omadm.Text("0123456789"))
		m := plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
			if next, err := p.LayPart(r, 0, 0, func(uint32, int) {}); next != 10 || err != nil {
				t.Errorf("%d, %v", next, err)
			}
		})
		it := m.commands()[0].ItemList()[0]
		if it.MoreData || it.Meta.Size != "" {
			t.Errorf("item %+v", it)
		}
	}},
	{"L-8_parts_repeat_command_target_and_meta_under_new_ids", func(t *testing.T) {
		for name, codec := range codecs {
			v := omadm.Value{Format: omadm.FormatXML, Type: "text/xml", Data: syncml.Text(strings.Repeat("<a/>", 200))}
			r := &omadm.Request{ID: "1", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./B"}, {Verb: omadm.Add, URI: "A/b%20c", Value: v}}}
			room := smallest(t, codec) + 250
			offset, parts := 0, 0
			for offset < len(v.Data.Value) {
				var id uint32
				m := plan(t, codec, room, func(p *omadm.Planner) {
					var err error
					if offset, err = p.LayPart(r, 1, offset, func(n uint32, op int) {
						if id = n; op != 1 {
							t.Errorf("operation %d", op)
						}
					}); err != nil {
						t.Fatal(err)
					}
					if p.Empty() {
						t.Error("the planner is empty")
					}
					if err := p.Flow(omadm.AlertNextMessage); err != nil && !errors.Is(err, omadm.ErrTooSmall) {
						t.Error(err)
					}
				})
				c, ok := m.commands()[0].(*syncml.Add)
				if !ok || c.CmdID != "2" || id != 2 {
					t.Fatalf("%s: %+v placed as %d", name, m.commands()[0], id)
				}
				it := c.Items[0]
				if it.Target.URI != "./A/b%20c" || it.Meta.Format != "xml" || it.Meta.Type != "text/xml" || it.Data.Kind != syncml.TextData {
					t.Errorf("%s, part %d: %+v", name, parts, it)
				}
				if (it.Meta.Size != "") != (parts == 0) {
					t.Errorf("%s, part %d: Size %q, which only the first has", name, parts, it.Meta.Size)
				}
				parts++
			}
			if parts < 3 {
				t.Errorf("%s: only %d parts", name, parts)
			}
		}
	}},
	{"L-23_text_is_never_cut_inside_a_character", func(t *testing.T) {
		text := strings.Repeat("aé€😀", 60)
		for name, codec := range codecs {
			base := smallest(t, codec)
			for more := 240; more < 260; more++ {
				messages, _ := layAll(t, codec, base+more, one(omadm.Text(text)))
				for i, m := range messages {
					if s := m.commands()[0].ItemList()[0].Data.Value; !utf8.ValidString(s) {
						t.Errorf("%s: part %d is %q", name, i, s)
					}
				}
			}
		}
	}},
	{"L-23_octets_are_cut_anywhere", func(t *testing.T) {
		r := one(omadm.Octets([]byte("\xe2\x82\xac\xe2\x82\xac\x00\xff\xe2\x82")))
		r.Ops[0].Value.Data.Value += strings.Repeat("\x80", 300)
		messages, _ := layAll(t, wbxml.Codec, smallest(t, wbxml.Codec)+80, r)
		if got := joined(messages)["./A"]; got != r.Ops[0].Value.Data.Value {
			t.Errorf("joined %q", got)
		}
		if len(messages) < 5 {
			t.Errorf("only %d parts", len(messages))
		}
	}},
	{"L-25_no_room_for_an_octet_is_told_and_leaves_the_message_alone", func(t *testing.T) {
		for name, codec := range codecs {
			r := one(omadm.Text(strings.Repeat("😀", 100)))
			base, without := smallest(t, codec), 0
			for more := range 250 {
				m := plan(t, codec, base+more, func(p *omadm.Planner) {
					next, err := p.LayPart(r, 0, 0, func(uint32, int) {})
					if err != nil || next%4 != 0 || next == 0 != p.Empty() {
						t.Fatalf("%s, %d octets of room: %d, %v, empty %v", name, more, next, err, p.Empty())
					}
					if next == 0 {
						without++
					}
				})
				if len(m.commands()) != 0 == (without == more+1) {
					t.Fatalf("%s, %d octets of room: %v", name, more, m.commands())
				}
			}
			if without < 30 || without > 240 {
				t.Errorf("%s: no room up to %d octets", name, without)
			}
		}
	}},
	{"L-25_statuses_are_subtracted_first", func(t *testing.T) {
		r := one(omadm.Text(strings.Repeat("x", 2000)))
		base := smallest(t, syncml.XML)
		length := func(statuses int) (n int) {
			plan(t, syncml.XML, base+900, func(p *omadm.Planner) {
				for i := range statuses {
					if _, err := p.Put(&syncml.Status{CmdID: strconv.Itoa(i + 2), MsgRef: "1", CmdRef: "2", Cmd: "Alert", Data: syncml.Text("200")}); err != nil {
						t.Fatal(err)
					}
				}
				n, _ = p.LayPart(r, 0, 0, func(uint32, int) {})
			})
			return n
		}
		status, err := syncml.XML.AppendCommand(nil, &syncml.Status{CmdID: "2", MsgRef: "1", CmdRef: "2", Cmd: "Alert", Data: syncml.Text("200")})
		if err != nil {
			t.Fatal(err)
		}
		if got, want := length(0)-length(3), 3*len(status); got != want {
			t.Errorf("three statuses take %d octets of a part, want %d", got, want)
		}
	}},
}

// one is a request that replaces one value.
func one(v omadm.Value) *omadm.Request {
	return &omadm.Request{ID: "1", Ops: []omadm.Op{{Verb: omadm.Replace, URI: "./A", Value: v}}}
}

func group(g omadm.Group, n int) *omadm.Request {
	r := &omadm.Request{ID: "1", Group: g}
	for i := range n {
		r.Ops = append(r.Ops, omadm.Op{Verb: omadm.Replace, URI: omadm.Root.Join(strconv.Itoa(i)), Value: omadm.Text("12345")})
	}
	return r
}

// wholeGroups lays a group into messages of many sizes: all of it or nothing.
func wholeGroups(t *testing.T, g omadm.Group) {
	for name, codec := range codecs {
		base := smallest(t, codec)
		least := -1
		for more := 0; more < 900; more += 10 {
			m := plan(t, codec, base+more, func(p *omadm.Planner) {
				next, err := p.Lay(group(g, 5), 0, func(uint32, int) {})
				if err != nil || next != 0 && next != 5 || next == 0 != p.Empty() {
					t.Fatalf("%s: %d, %v", name, next, err)
				}
			})
			switch cmds := m.commands(); {
			case len(cmds) == 0 && least >= 0:
				t.Errorf("%s: fits into %d octets, but not into %d", name, least, more)
			case len(cmds) == 1 && cmds[0].Name() == g.String() && least < 0:
				least = more
			}
		}
		if least < 100 {
			t.Errorf("%s: fits into %d octets", name, least)
		}
	}
}

// joined puts the data of the items of each address together, in the order of the messages.
func joined(messages []planned) map[string]string {
	values := map[string]string{}
	for _, m := range messages {
		for _, c := range m.commands() {
			for _, it := range c.ItemList() {
				values[it.Target.URI] += it.Data.Value
			}
		}
	}
	return values
}

// Whatever is asked for and however little the device takes: no message is larger, every operation goes out once and in
// order, and the parts of a value make the value again.
func TestRandomRequestsFitIntoMessages(t *testing.T) {
	n := 300
	if os.Getenv("GOMADM_LONG") == "1" {
		n = 20_000
	}
	for seed := range n {
		rnd := rand.New(rand.NewSource(int64(seed)))
		for name, codec := range codecs {
			r := randomRequest(rnd, name == "WBXML")
			if err := r.Validate(); err != nil {
				t.Fatalf("seed %d: %v", seed, err)
			}
			max := smallest(t, codec) + 220 + rnd.Intn(1200)
			messages, places := layAll(t, codec, max, r)
			if fault := laidFault(r, messages, places); fault != "" {
				t.Fatalf("seed %d, %s, %d octets: %s", seed, name, max, fault)
			}
		}
	}
}

// randomRequest is a request of independent operations on nodes of their own, values of which may be large.
func randomRequest(rnd *rand.Rand, octets bool) *omadm.Request {
	r := &omadm.Request{ID: "1", Combine: rnd.Intn(2) == 0}
	verb := omadm.Get
	for i := range 1 + rnd.Intn(12) {
		if rnd.Intn(3) == 0 {
			verb = omadm.Verb(1 + rnd.Intn(7))
		}
		op := omadm.Op{Verb: verb, URI: omadm.Root.Join(strconv.Itoa(i))}
		switch verb {
		case omadm.Add, omadm.Replace:
			op.Value = randomValue(rnd, octets)
		case omadm.Copy:
			op.From = "./From"
		case omadm.Alert:
			op = omadm.UserAlert{Code: omadm.AlertDisplay, Text: fmt.Sprint("text ", i)}.Op()
		}
		r.Ops = append(r.Ops, op)
	}
	return r
}

func randomValue(rnd *rand.Rand, octets bool) omadm.Value {
	b := make([]byte, rnd.Intn(1<<rnd.Intn(14)))
	rnd.Read(b)
	if kind := rnd.Intn(3); kind == 0 && octets {
		return omadm.Octets(b)
	} else if kind == 1 {
		return omadm.Bytes(b)
	}
	alphabet := []rune("ab<>&\"'\r\n\t ]é€😀"[rnd.Intn(2)*5:])
	var s strings.Builder
	for _, c := range b {
		s.WriteRune(alphabet[int(c)%len(alphabet)])
	}
	return omadm.Text(s.String())
}

// laidFault compares a request with the messages that carry it.
func laidFault(r *omadm.Request, messages []planned, places [][]place) string {
	values := joined(messages)
	for i := range r.Ops {
		op := &r.Ops[i]
		if op.Verb != omadm.Alert && values[string(op.URI.Absolute())] != op.Value.Data.Value {
			return fmt.Sprintf("the value of operation %d was changed", i)
		}
	}
	last := -1
	for n, m := range messages {
		ids := map[string]syncml.Command{}
		for _, c := range m.commands() {
			ids[c.ID()] = c
		}
		for _, at := range places[n] {
			c := ids[strconv.FormatUint(uint64(at.CmdID), 10)]
			switch {
			case c == nil || c.Name() != r.Ops[at.Op].Verb.String():
				return fmt.Sprintf("operation %d is command %d, which is %v", at.Op, at.CmdID, c)
			case at.Op < last || at.Op > last+1 || at.Op == last && !r.Ops[last].Divisible():
				return fmt.Sprintf("operation %d after %d", at.Op, last)
			}
			last = at.Op
			for _, it := range c.ItemList() {
				if it.MoreData && c != m.commands()[len(m.commands())-1] {
					return "a command follows a part"
				}
			}
		}
	}
	if last != len(r.Ops)-1 {
		return fmt.Sprintf("only %d operations were sent", last+1)
	}
	return ""
}

// A part is as long as the message allows: one character more would not fit.
func TestPartsAreAsLongAsTheyMayBe(t *testing.T) {
	for name, codec := range codecs {
		for _, text := range []string{strings.Repeat("x", 9000), strings.Repeat("<&", 4500), strings.Repeat("x<yy&", 1800)} {
			r := one(omadm.Text(text))
			for max := smallest(t, codec) + 400; max < smallest(t, codec)+420; max++ {
				var next int
				m := plan(t, codec, max, func(p *omadm.Planner) {
					var err error
					if next, err = p.LayPart(r, 0, 0, func(uint32, int) {}); err != nil {
						t.Fatal(err)
					}
				})
				longer, err := codec.AppendCommand(nil, &syncml.Replace{CmdID: "2", Items: []syncml.Item{{
					Target: syncml.Location{URI: "./A"}, Meta: &syncml.Meta{Format: "chr", Size: "9000"},
					Data: syncml.Text(text[:next+1]), MoreData: true,
				}}})
				if err != nil {
					t.Fatal(err)
				}
				if size := smallest(t, codec) + len(longer); size <= max {
					t.Errorf("%s: %d of %d octets used, one more fits", name, len(m.octets), max)
				}
			}
		}
	}
}

// countingCodec counts the octets that it makes.
type countingCodec struct {
	syncml.Codec
	octets *int
}

func (c countingCodec) AppendCommand(dst []byte, cmd syncml.Command) ([]byte, error) {
	out, err := c.Codec.AppendCommand(dst, cmd)
	*c.octets += len(out) - len(dst)
	return out, err
}

// What is encoded for a value in parts is in proportion to the value, however often it is cut.
func TestPartsCostWhatTheyAre(t *testing.T) {
	for name, codec := range codecs {
		var costs []int
		for _, size := range []int{1 << 18, 1 << 19, 1 << 20} {
			octets := 0
			messages, _ := layAll(t, countingCodec{codec, &octets}, 4096, one(omadm.Bytes(make([]byte, size*3/4))))
			if got := len(joined(messages)["./A"]); got != size {
				t.Fatalf("%s: %d octets arrived of %d", name, got, size)
			}
			costs = append(costs, octets/(size>>10))
		}
		if costs[2] > costs[0]*11/10 || costs[0] > 4<<10 {
			t.Errorf("%s: octets encoded for each KiB %v", name, costs)
		}
	}
}

func TestDivisible(t *testing.T) {
	big := omadm.Text("xx")
	for _, tt := range []struct {
		op   omadm.Op
		want bool
	}{
		{omadm.Op{Verb: omadm.Add, URI: "./A", Value: big}, true},
		{omadm.Op{Verb: omadm.Replace, URI: "./A", Value: big}, true},
		{omadm.Op{Verb: omadm.Replace, URI: "./A", Value: omadm.Octets([]byte("xx"))}, true},
		{omadm.Op{Verb: omadm.Replace, URI: "./A", Value: omadm.Bytes([]byte("xx"))}, true},
		{omadm.Op{Verb: omadm.Replace, URI: "./A?prop=Title", Value: big}, false},
		{omadm.Op{Verb: omadm.Replace, URI: "./A", Value: omadm.Value{Data: syncml.Markup("<a/>")}}, false},
		{omadm.Op{Verb: omadm.Exec, URI: "./A", Value: big}, false},
		{omadm.Op{Verb: omadm.Add, URI: "./A", Value: omadm.Text("")}, false},
		{omadm.Op{Verb: omadm.Add, URI: "./A", Value: omadm.Node()}, false},
		{omadm.UserAlert{Code: omadm.AlertDisplay, Text: "xx"}.Op(), false},
	} {
		if got := tt.op.Divisible(); got != tt.want {
			t.Errorf("%v: %v", tt.op, got)
		}
		r := &omadm.Request{ID: "1", Ops: []omadm.Op{tt.op}}
		plan(t, wbxml.Codec, 4096, func(p *omadm.Planner) {
			if _, err := p.LayPart(r, 0, 0, func(uint32, int) {}); (err == nil) != tt.want {
				t.Errorf("%v: %v", tt.op, err)
			}
		})
	}
}

func TestLayPartRefusesWhatIsNoPart(t *testing.T) {
	r := one(omadm.Text("0123456789"))
	wrong := one(omadm.Text("0123\x00"))
	plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
		for _, at := range []struct{ op, offset int }{{0, -1}, {0, 10}, {0, 11}, {1, 0}, {-1, 0}} {
			if next, err := p.LayPart(r, at.op, at.offset, func(uint32, int) {}); err == nil || next != at.offset {
				t.Errorf("%+v: %d, %v", at, next, err)
			}
		}
		if _, err := p.LayPart(wrong, 0, 0, func(uint32, int) {}); !errors.As(err, new(*omadm.ValueError)) {
			t.Errorf("value that XML cannot carry: %v", err)
		}
		if !p.Empty() {
			t.Error("something was laid")
		}
	})
}

func TestCombine(t *testing.T) {
	ops := []omadm.Op{
		{Verb: omadm.Get, URI: "./A"}, {Verb: omadm.Get, URI: "./B"}, {Verb: omadm.Get, URI: "A"}, // a node twice
		{Verb: omadm.Exec, URI: "./C"}, {Verb: omadm.Exec, URI: "./D"},
		{Verb: omadm.Replace, URI: "./E?prop=Title", Value: omadm.Text("t")}, {Verb: omadm.Replace, URI: "./E", Value: omadm.Int(1)},
		{Verb: omadm.Copy, URI: "./F", From: "./A"}, {Verb: omadm.Copy, URI: "./G", From: "./A"},
		{Verb: omadm.Delete, URI: "./H"},
	}
	want := []string{
		"2 Get ./A ./B", "3 Get ./A", "4 Exec ./C", "5 Exec ./D", "6 Replace ./E?prop=Title ./E", "7 Copy ./F ./G", "8 Delete ./H",
	}
	for _, g := range []omadm.Group{omadm.Each, omadm.Sequence} {
		r := &omadm.Request{ID: "1", Group: g, Combine: true, Ops: ops}
		if err := r.Validate(); err != nil {
			t.Fatal(err)
		}
		var at []place
		m := plan(t, syncml.XML, 8192, func(p *omadm.Planner) {
			if next, err := p.Lay(r, 0, func(id uint32, op int) { at = append(at, place{id, op}) }); next != len(ops) || err != nil {
				t.Errorf("%d, %v", next, err)
			}
		})
		cmds, first := m.commands(), uint32(0)
		if g == omadm.Sequence {
			cmds, first, at = cmds[0].(*syncml.Sequence).Body, 1, at[1:]
		}
		var got []string
		for i, c := range cmds {
			s := strconv.Itoa(2+i) + " " + c.Name()
			for _, it := range c.ItemList() {
				s += " " + it.Target.URI
			}
			got = append(got, s)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		places := []place{{2, 0}, {2, 1}, {3, 2}, {4, 3}, {5, 4}, {6, 5}, {6, 6}, {7, 7}, {7, 8}, {8, 9}}
		for i := range places {
			places[i].CmdID += first
		}
		if diff := cmp.Diff(places, at); diff != "" {
			t.Errorf("%v: %s", g, diff)
		}
	}
}

// A value goes out whole as long as its message is not too large by an octet.
func TestLayFillsAMessage(t *testing.T) {
	for name, codec := range codecs {
		for _, combine := range []bool{false, true} {
			r := one(omadm.Text(strings.Repeat("x", 3000)))
			r.Combine = combine
			lay := func(max int) (next int) {
				plan(t, codec, max, func(p *omadm.Planner) { next, _ = p.Lay(r, 0, func(uint32, int) {}) })
				return next
			}
			size := len(plan(t, codec, 1<<16, func(p *omadm.Planner) { p.Lay(r, 0, func(uint32, int) {}) }).octets)
			if lay(size) != 1 || lay(size-1) != 0 {
				t.Errorf("%s: does not fit into %d octets, or into less", name, size)
			}
		}
	}
}

// A message takes as many items as fit, and the next goes on behind them.
func TestCombinedCommandsAreCutBetweenItems(t *testing.T) {
	for name, codec := range codecs {
		r := &omadm.Request{ID: "1", Combine: true}
		for i := range 100 {
			r.Ops = append(r.Ops, omadm.Op{Verb: omadm.Replace, URI: omadm.Root.Join(strconv.Itoa(i)), Value: omadm.Text("<0123456789>")})
		}
		max := smallest(t, codec) + 1000
		messages, _ := layAll(t, codec, max, r)
		items := 0
		for i, m := range messages {
			n := len(m.commands()[0].ItemList())
			items += n
			if i < len(messages)-1 && len(m.octets)+len(m.octets)/n < max-100 {
				t.Errorf("%s: message %d has %d octets", name, i, len(m.octets))
			}
			if len(m.commands()) != 1 {
				t.Errorf("%s: message %d has %d commands", name, i, len(m.commands()))
			}
		}
		if items != 100 || len(messages) < 4 {
			t.Errorf("%s: %d items in %d messages", name, items, len(messages))
		}
	}
}

func TestFlow(t *testing.T) {
	broken := syncml.Item{Source: syncml.Location{URI: "./Vendor/Ex/Log"}}
	m := plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
		if err := p.Flow(omadm.AlertNoEndOfData, broken); err != nil || !p.Empty() {
			t.Errorf("%v, empty %v", err, p.Empty())
		}
		if err := p.Flow(omadm.AlertNextMessage); err != nil {
			t.Error(err)
		}
	})
	want := []syncml.Command{
		&syncml.Alert{CmdID: "2", Data: syncml.Text("1225"), Items: []syncml.Item{broken}},
		&syncml.Alert{CmdID: "3", Data: syncml.Text("1222")},
	}
	if diff := cmp.Diff(want, m.commands()); diff != "" {
		t.Error(diff)
	}
	plan(t, syncml.XML, smallest(t, syncml.XML)+20, func(p *omadm.Planner) {
		if err := p.Flow(omadm.AlertSessionAbort); !errors.Is(err, omadm.ErrTooSmall) {
			t.Error(err)
		}
	})
}

// What was cut off with Reset gives its CmdIDs back.
func TestPlannerReset(t *testing.T) {
	m := plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
		mark := p.Mark()
		if _, err := p.Lay(group(omadm.Atomic, 3), 0, func(uint32, int) {}); err != nil || p.Empty() {
			t.Fatal(err)
		}
		if p.Reset(mark); !p.Empty() {
			t.Error("not empty")
		}
		if err := p.Flow(omadm.AlertNextMessage); err != nil {
			t.Error(err)
		}
	})
	if got := m.commands(); len(got) != 1 || got[0].ID() != "2" {
		t.Errorf("%v", got)
	}
}

func TestStatusesThatDoNotFit(t *testing.T) {
	p, err := omadm.NewPlanner(syncml.XML, &syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1"}, 500)
	if err != nil {
		t.Fatal(err)
	}
	var list []*syncml.Status
	for i := range 10 {
		list = append(list, &syncml.Status{CmdID: strconv.Itoa(i + 1), MsgRef: "1", CmdRef: "2", Cmd: "Alert", Data: syncml.Text("200")})
	}
	if err := p.Statuses(list); !errors.Is(err, omadm.ErrTooSmall) {
		t.Errorf("%v", err)
	}
	if octets, err := p.End(true); err != nil || len(octets) > 500 {
		t.Errorf("%d octets, %v", len(octets), err)
	}
	if _, err := omadm.NewPlanner(syncml.XML, &syncml.Header{VerDTD: "1.2", SessionID: "1", MsgID: "1"}, 50); !errors.Is(err, omadm.ErrTooSmall) {
		t.Errorf("no room for a header: %v", err)
	}
}

// broken is a codec that cannot write one part of a message.
type broken struct {
	syncml.Codec
	header, command, end error
}

func (b broken) AppendHeader(dst []byte, h *syncml.Header) ([]byte, error) {
	if b.header != nil {
		return nil, b.header
	}
	return b.Codec.AppendHeader(dst, h)
}

func (b broken) AppendCommand(dst []byte, c syncml.Command) ([]byte, error) {
	if b.command != nil {
		return nil, b.command
	}
	return b.Codec.AppendCommand(dst, c)
}

func (b broken) AppendEnd(dst []byte, final bool) ([]byte, error) {
	if b.end != nil {
		return nil, b.end
	}
	return b.Codec.AppendEnd(dst, final)
}

func TestErrorsOfTheCodecComeThrough(t *testing.T) {
	want := errors.New("no ink")
	h := &syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1"}
	for _, codec := range []broken{{header: want}, {end: want}} {
		codec.Codec = syncml.XML
		if _, err := omadm.NewPlanner(codec, h, 500); err != want {
			t.Errorf("%+v: %v", codec, err)
		}
	}
	p, err := omadm.NewPlanner(broken{Codec: syncml.XML, command: want}, h, 500)
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Flow(omadm.AlertNextMessage); err != want {
		t.Errorf("Flow: %v", err)
	}
	if err := p.Answer(omadm.NewReply(&syncml.Message{Header: *h})); err != want {
		t.Errorf("Answer: %v", err)
	}
	together := group(omadm.Each, 2)
	together.Combine = true
	for _, r := range []*omadm.Request{one(omadm.Text("1")), together, group(omadm.Atomic, 2)} {
		if _, err := p.Lay(r, 0, func(uint32, int) {}); err != want {
			t.Errorf("Lay of %v: %v", r, err)
		}
	}
}

func TestLayRefusesWhatIsNoRequest(t *testing.T) {
	get := func(uris ...omadm.URI) (ops []omadm.Op) {
		for _, u := range uris {
			ops = append(ops, omadm.Op{Verb: omadm.Get, URI: u})
		}
		return ops
	}
	zero := []omadm.Op{{Verb: omadm.Replace, URI: "./A", Value: omadm.Text("1")}, {Verb: omadm.Replace, URI: "./B", Value: omadm.Text("\x00")}}
	for name, r := range map[string]*omadm.Request{
		"an address":                        {Ops: get("./A//B")},
		"an address among others":           {Combine: true, Ops: get("./A", "./A//B")},
		"an address in a group":             {Group: omadm.Atomic, Ops: get("./A//B")},
		"a value that XML does not carry":   {Combine: true, Ops: zero},
		"a value in a group":                {Group: omadm.Sequence, Ops: zero},
		"a value after others in a message": {Ops: zero},
	} {
		plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
			next, err := p.Lay(r, 0, func(uint32, int) {})
			if err == nil || next >= len(r.Ops) {
				t.Errorf("%s: laid %d, %v", name, next, err)
			}
		})
	}
}

// A value without format and type has no Meta, but its first part has: the size stands there.
func TestPartOfAPlainValue(t *testing.T) {
	r := one(omadm.Value{Data: syncml.Text(strings.Repeat("x", 5000))})
	m := plan(t, syncml.XML, 1000, func(p *omadm.Planner) {
		if next, err := p.LayPart(r, 0, 0, func(uint32, int) {}); err != nil || next == 0 || next == 5000 {
			t.Fatalf("%d octets, %v", next, err)
		}
	})
	if meta := m.commands()[0].ItemList()[0].Meta; !reflect.DeepEqual(meta, &syncml.Meta{Size: "5000"}) {
		t.Errorf("Meta %+v", meta)
	}
}

func TestBase64IsCutAnywhere(t *testing.T) {
	want := make([]byte, 500)
	for i := range want {
		want[i] = byte(i)
	}
	messages, _ := layAll(t, syncml.XML, smallest(t, syncml.XML)+211, one(omadm.Bytes(want)))
	got, err := base64.StdEncoding.DecodeString(joined(messages)["./A"])
	if err != nil || string(got) != string(want) || len(messages) < 5 {
		t.Errorf("%d messages, %v", len(messages), err)
	}
}
