package omadm_test

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

var valueRows = []rowTest{
	{"D-1_formats", func(t *testing.T) {
		for _, f := range strings.Fields("b64 bin bool chr int node null xml date time float") {
			if !omadm.Format(f).Known() {
				t.Errorf("%s is not known", f)
			}
		}
		if omadm.Format("CHR").Known() || omadm.Format("").Known() {
			t.Error("other formats are known")
		}
		v := omadm.ItemValue(&syncml.Item{Meta: &syncml.Meta{Format: "odd"}, Data: syncml.Text("x")})
		if text, err := v.Text(); v.Format != "odd" || text != "x" || err != nil || v.Validate() != nil {
			t.Errorf("unknown format: %v, %v", v, err)
		}
	}},
	{"D-3_defaults", func(t *testing.T) {
		v := omadm.ItemValue(&syncml.Item{Data: syncml.Text("7")}, nil)
		if v.DataFormat() != omadm.FormatChr || v.MediaType() != "text/plain" {
			t.Errorf("defaults: %v", v)
		}
		if n, err := v.Int(); n != 7 || err != nil {
			t.Errorf("a number without Meta: %d, %v", n, err)
		}
	}},
	{"D-4_octets_travel_as_b64", func(t *testing.T) {
		v := omadm.Bytes([]byte{0, 0xff, 1, 2})
		if want := (omadm.Value{Format: "b64", Data: syncml.Text("AP8BAg==")}); v != want {
			t.Errorf("got %v with %q", v, v.Data.Value)
		}
		if b, err := v.Bytes(); !bytes.Equal(b, []byte{0, 0xff, 1, 2}) || err != nil {
			t.Errorf("read back %x, %v", b, err)
		}
		if err := v.Validate(); err != nil {
			t.Error(err)
		}
	}},
	{"D-5_decoded_by_format_not_by_transport", func(t *testing.T) {
		for _, tt := range []struct {
			value omadm.Value
			want  string
		}{
			{omadm.Octets([]byte("AQI=")), "AQI="},
			{omadm.Value{Format: omadm.FormatB64, Data: syncml.Octets([]byte("AQI="))}, "\x01\x02"},
			{omadm.Value{Format: omadm.FormatB64, Data: syncml.Text("AQI=")}, "\x01\x02"},
			{omadm.Value{Format: omadm.FormatBin, Data: syncml.Text("AQI=")}, "AQI="},
			{omadm.Value{Data: syncml.Octets([]byte("AQI="))}, "AQI="},
		} {
			if b, err := tt.value.Bytes(); string(b) != tt.want || err != nil {
				t.Errorf("%v: %q, %v, want %q", tt.value, b, err, tt.want)
			}
		}
	}},
	{"D-6_size_counts_octets_of_the_value_and_meta_size_those_sent", func(t *testing.T) {
		for _, tt := range []struct {
			value      omadm.Value
			size, meta int
		}{
			{omadm.Bytes([]byte{1, 2}), 2, 4},
			{omadm.Bytes(make([]byte, 300)), 300, 400},
			{omadm.Value{Format: omadm.FormatB64, Data: syncml.Text("AQ I")}, 2, 4},
			{omadm.Value{Format: omadm.FormatB64, Data: syncml.Text("!")}, 0, 1},
			{omadm.Octets([]byte{1, 2}), 2, 2},
			{omadm.Text("é<"), 3, 3},
			{omadm.Null(), 0, 0},
		} {
			if got := tt.value.Size(); got != tt.size {
				t.Errorf("size of %v: %d, want %d", tt.value, got, tt.size)
			}
			if got := tt.value.MetaSize(); got != tt.meta {
				t.Errorf("Meta size of %v: %d, want %d", tt.value, got, tt.meta)
			}
		}
	}},
	{"D-7_lexical_rules", func(t *testing.T) {
		checkReads(t, omadm.FormatInt, func(v omadm.Value) (any, error) { return v.Int() }, map[string]any{
			"0": int64(0), "-2147483648": int64(math.MinInt32), "4294967295": int64(math.MaxUint32), "+7": int64(7), "007": int64(7),
			"4294967296": nil, "-2147483649": nil, "": nil, " 1": nil, "0x1": nil, "1.0": nil, "1_0": nil, "+": nil,
		})
		checkReads(t, omadm.FormatBool, func(v omadm.Value) (any, error) { return v.Bool() }, map[string]any{
			"true": true, "false": false, "True": nil, "1": nil, "": nil, "false ": nil, "yes": nil,
		})
		checkReads(t, omadm.FormatFloat, func(v omadm.Value) (any, error) { return v.Float() }, map[string]any{
			"1.5": 1.5, "-1E3": -1000.0, ".5": 0.5, "INF": math.Inf(1), "-INF": math.Inf(-1), "7": 7.0,
			"inf": nil, "infinity": nil, "0x1p2": nil, "1_0": nil, "": nil, "1e999": nil, "nan": nil,
		})
		day := time.Date(2026, 2, 28, 0, 0, 0, 0, time.UTC)
		checkReads(t, omadm.FormatDate, func(v omadm.Value) (any, error) {
			d, err := v.Date()
			return d.UTC(), err
		}, map[string]any{
			"2026-02-28": day, "20260228": day, "2026-02-28Z": day, "2026-02-28+02:00": day.Add(-2 * time.Hour),
			"2026-02-30": nil, "2026-2-28": nil, "28.02.2026": nil, "": nil, "2026022": nil,
		})
		noon := time.Date(0, 1, 1, 12, 34, 56, 0, time.UTC)
		checkReads(t, omadm.FormatTime, func(v omadm.Value) (any, error) {
			d, err := v.Time()
			return d.UTC(), err
		}, map[string]any{
			"12:34:56": noon, "123456": noon, "12:34:56Z": noon, "12:34:56.5": noon.Add(time.Second / 2),
			"12:34:56+01:00": noon.Add(-time.Hour),
			"1:02:03":        nil, "1:02:03Z": nil, "25:00:00": nil, "12:34": nil, "12345": nil, "12:34:56,5": nil, "": nil, "123456.5": nil,
		})
		if f, err := (omadm.Value{Data: syncml.Text("NaN")}).Float(); !math.IsNaN(f) || err != nil {
			t.Errorf("NaN: %v, %v", f, err)
		}
		at := time.Date(2026, 11, 23, 9, 8, 7, 6, time.FixedZone("", 3600))
		for want, v := range map[string]omadm.Value{
			"2026-11-23": omadm.Date(at), "09:08:07": omadm.Time(at), "1.5": omadm.Float(1.5), "INF": omadm.Float(math.Inf(1)),
			"-INF": omadm.Float(math.Inf(-1)), "NaN": omadm.Float(math.NaN()), "-3": omadm.Int(-3), "true": omadm.Bool(true),
			"1E+21": omadm.Float(1e21),
		} {
			if v.Data != syncml.Text(want) || v.Validate() != nil {
				t.Errorf("%v holds %q, want %q", v, v.Data.Value, want)
			}
		}
		if err := omadm.Int(math.MaxUint32 + 1).Validate(); err == nil {
			t.Error("a number of 33 bits is valid")
		}
	}},
	{"D-11_data_goes_with_the_format", func(t *testing.T) {
		for _, v := range []omadm.Value{
			omadm.Text(""), omadm.Null(), omadm.Node(), {Format: omadm.FormatNode, Data: syncml.Text("")}, {Data: syncml.Text("x")},
			omadm.XML("<a/>"), {Format: omadm.FormatXML, Data: syncml.Markup("<a/>")}, omadm.Octets([]byte{0}),
		} {
			if err := v.Validate(); err != nil {
				t.Error(err)
			}
		}
		for _, v := range []omadm.Value{
			{}, {Format: omadm.FormatChr}, {Format: omadm.FormatNull, Data: syncml.Text("")}, {Format: omadm.FormatNode, Data: syncml.Text("x")},
			{Format: omadm.FormatB64, Data: syncml.Text("!")}, {Data: syncml.Octets([]byte("x"))}, {Data: syncml.Data{Kind: 9}},
			{Data: syncml.Data{Kind: syncml.TextData, OriginalError: "0x1"}},
		} {
			if err := v.Validate(); !errors.As(err, new(*omadm.ValueError)) {
				t.Errorf("%v: %v, want a ValueError", v, err)
			}
		}
	}},
	{"D-12_characters_that_xml_cannot_carry", func(t *testing.T) {
		for _, s := range []string{"\x00", "a\x1f", "\ufffe", "\uffff", "\xff", "\xed\xa0\x80", "a\xc3"} {
			for _, v := range []omadm.Value{omadm.Text(s), omadm.XML(s), {Type: s, Data: syncml.Text("")}} {
				if err := v.Validate(); !errors.As(err, new(*omadm.ValueError)) {
					t.Errorf("%q: %v, want a ValueError", s, err)
				}
			}
			if err := omadm.Bytes([]byte(s)).Validate(); err != nil {
				t.Errorf("%q in base64: %v", s, err)
			}
		}
		if err := omadm.Text("\t\r\n]]>&<é\ufffd\U0001f600\x7f").Validate(); err != nil {
			t.Error(err)
		}
	}},
	{"D-14_meta_of_the_command_is_the_default_child_by_child", func(t *testing.T) {
		command := &syncml.Meta{Format: "int", Type: "text/x-command"}
		atomic := &syncml.Meta{Format: "bool", Type: "text/x-atomic"}
		for _, tt := range []struct {
			item *syncml.Meta
			defs []*syncml.Meta
			want string
		}{
			{nil, []*syncml.Meta{command, atomic}, "int text/x-command"},
			{&syncml.Meta{Format: "b64"}, []*syncml.Meta{command}, "b64 text/x-command"},
			{&syncml.Meta{Type: "text/x-item"}, []*syncml.Meta{command}, "int text/x-item"},
			{&syncml.Meta{}, []*syncml.Meta{{Type: "text/x-command"}, atomic}, "bool text/x-command"},
			{nil, []*syncml.Meta{nil, nil}, " "},
			{nil, nil, " "},
		} {
			v := omadm.ItemValue(&syncml.Item{Meta: tt.item}, tt.defs...)
			if got := string(v.Format) + " " + v.Type; got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		}
	}},
	{"D-17_empty_absent_and_null_differ", func(t *testing.T) {
		empty, absent, null := omadm.Text(""), omadm.Value{}, omadm.Null()
		if empty == absent || absent == null || empty == null {
			t.Error("two of the three are equal")
		}
		if s, err := empty.Text(); s != "" || err != nil {
			t.Errorf("empty text: %q, %v", s, err)
		}
		for _, v := range []omadm.Value{absent, null} {
			if _, err := v.Text(); !errors.As(err, new(*omadm.ValueError)) {
				t.Errorf("text of %v: %v", v, err)
			}
			if _, err := v.Bytes(); !errors.As(err, new(*omadm.ValueError)) {
				t.Errorf("octets of %v: %v", v, err)
			}
		}
		for _, tt := range []struct {
			value omadm.Value
			kind  syncml.DataKind
			meta  bool
		}{{empty, syncml.TextData, true}, {absent, syncml.NoData, false}, {null, syncml.NoData, true}} {
			cmd, err := omadm.Op{Verb: omadm.Exec, URI: "./A", Value: tt.value}.Command("1")
			if err != nil {
				t.Fatal(err)
			}
			it := cmd.ItemList()[0]
			if it.Data.Kind != tt.kind || (it.Meta != nil) != tt.meta {
				t.Errorf("%v in a command: %v, Meta %v", tt.value, it.Data, it.Meta)
			}
			if got := omadm.ItemValue(&it); got != tt.value {
				t.Errorf("%v out of a command: %v", tt.value, got)
			}
		}
	}},
	{"D-19_base64_of_others", func(t *testing.T) {
		for text, want := range map[string]string{
			"AQID": "\x01\x02\x03", "AQ\r\nI D": "\x01\x02\x03", " AQI=\n": "\x01\x02", "AQI": "\x01\x02", "AQ==": "\x01", "AQ": "\x01",
			"AQ=\n=": "\x01", "": "", "  ": "",
		} {
			v := omadm.Value{Format: omadm.FormatB64, Data: syncml.Text(text)}
			if b, err := v.Bytes(); string(b) != want || err != nil || b == nil || v.Size() != len(b) {
				t.Errorf("%q: %x, %v, size %d, want %x", text, b, err, v.Size(), want)
			}
		}
		for _, text := range []string{"A", "AQ=", "AQI==", "AQID=", "A=QI", "AQ==AQ==", "=", "====", "AQ_-", "AQIé", "AQIDA"} {
			v := omadm.Value{Format: omadm.FormatB64, Data: syncml.Text(text)}
			if b, err := v.Bytes(); !errors.As(err, new(*omadm.ValueError)) {
				t.Errorf("%q: %x, %v, want a ValueError", text, b, err)
			}
		}
		if got := omadm.Bytes(bytes.Repeat([]byte{0xfb, 0xff}, 100)).Data.Value; strings.ContainsAny(got, "\r\n -_") || len(got)%4 != 0 || !strings.ContainsAny(got, "+/") {
			t.Errorf("wrote %q", got)
		}
	}},
}

// checkReads reads each text with the format and as chr; nil in want means a ValueError that does not hold the text.
func checkReads(t *testing.T, f omadm.Format, read func(omadm.Value) (any, error), want map[string]any) {
	t.Helper()
	for text, want := range want {
		for _, format := range []omadm.Format{f, omadm.FormatChr, ""} {
			got, err := read(omadm.Value{Format: format, Data: syncml.Text(text)})
			if want != nil {
				if err != nil || got != want {
					t.Errorf("%q as %s: %v, %v, want %v", text, f, got, err, want)
				}
				continue
			}
			var e *omadm.ValueError
			if !errors.As(err, &e) || e.Len != len(text) || len(text) > 6 && strings.Contains(err.Error(), text) {
				t.Errorf("%q as %s: %v, %v, want a ValueError without the text", text, f, got, err)
			}
		}
	}
	for _, v := range []omadm.Value{
		{Format: omadm.FormatNode, Data: syncml.Text("1")}, {Format: f}, {Format: f, Data: syncml.Markup("<a/>")},
	} {
		if got, err := read(v); !errors.As(err, new(*omadm.ValueError)) {
			t.Errorf("%v as %s: %v, %v, want a ValueError", v, f, got, err)
		}
	}
}

func TestValueText(t *testing.T) {
	for _, v := range []omadm.Value{omadm.Text("é"), omadm.XML("é"), {Data: syncml.Markup("é")}, {Data: syncml.Octets([]byte("é"))}} {
		if s, err := v.Text(); s != "é" || err != nil {
			t.Errorf("%v: %q, %v", v, s, err)
		}
	}
	if _, err := omadm.Octets([]byte{0xff}).Text(); !errors.As(err, new(*omadm.ValueError)) {
		t.Errorf("octets that are no text: %v", err)
	}
}

// Content must not come out of anything that is printed.
func TestContentIsNeverPrinted(t *testing.T) {
	const secret = "hunter2"
	v := omadm.Text(secret)
	op := omadm.Op{Verb: omadm.Replace, URI: "./A", Value: v}
	items := []syncml.Item{{Data: syncml.Text(secret), Meta: &syncml.Meta{NextNonce: secret}}}
	bad := omadm.Op{Verb: omadm.Get, URI: "./A", Value: v}
	_, intErr := v.Int()
	notBase64 := omadm.Value{Format: omadm.FormatB64, Data: syncml.Text("hunter2!")}
	things := []any{
		v, &v, op, &op, []omadm.Op{op},
		omadm.Request{ID: "1", Ops: []omadm.Op{op}}, &omadm.Request{ID: "1", Ops: []omadm.Op{op}},
		omadm.Result{Items: items}, &omadm.Result{Items: items},
		omadm.Event{Data: syncml.Text(secret)}, &omadm.Event{Data: syncml.Text(secret)},
		map[string]omadm.Value{"a": v}, struct{ V omadm.Value }{v},
		intErr, notBase64.Validate(), bad.Validate(), (&omadm.Request{ID: "1", Ops: []omadm.Op{bad}}).Validate(),
		(&omadm.Request{ID: "1", Ops: []omadm.Op{{Verb: omadm.Add, URI: "./A", Value: notBase64}}}).Validate(),
	}
	for _, thing := range things {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d", "%T"} {
			got := fmt.Sprintf(verb, thing)
			for _, leak := range []string{secret, fmt.Sprintf("%x", secret), fmt.Sprintf("%v", []byte(secret))} {
				if strings.Contains(got, leak) {
					t.Errorf("%s of %T: %s", verb, thing, got)
				}
			}
		}
	}
	if got, want := op.String(), `Replace "./A" chr text/plain text[7]`; got != want {
		t.Errorf("String = %q, want %q", got, want)
	}
	if got, want := fmt.Sprintf("%#v", v), "omadm.Value{chr text/plain text[7]}"; got != want {
		t.Errorf("GoString = %q, want %q", got, want)
	}
}

func FuzzValue(f *testing.F) {
	for _, s := range []string{"", "1", "-1", "true", "AQI=", "AQ", "2026-02-28", "12:34:56", "1.5", "INF", "\xff"} {
		f.Add("", s)
		f.Add("b64", s)
	}
	f.Fuzz(func(t *testing.T, format, s string) {
		v := omadm.Value{Format: omadm.Format(format), Data: syncml.Text(s)}
		v.Validate()
		if n, err := v.Int(); err == nil && (n > math.MaxUint32 || n < math.MinInt32) {
			t.Errorf("Int of %q: %d", s, n)
		}
		v.Bool()
		v.Float()
		v.Date()
		v.Time()
		b, err := v.Bytes()
		if err == nil && v.Size() != len(b) {
			t.Errorf("size of %q: %d, has %d octets", s, v.Size(), len(b))
		}
		if back, err := omadm.Bytes(b).Bytes(); err != nil || !bytes.Equal(back, b) {
			t.Errorf("%x encoded and back: %x, %v", b, back, err)
		}
	})
}
