package omadm_test

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

var update = flag.Bool("update", false, "write the golden files")

// binaryForm is what all binary forms have in common.
type binaryForm interface {
	AppendBinary([]byte) ([]byte, error)
	UnmarshalBinary([]byte) error
}

var at = time.Date(2026, 11, 23, 9, 8, 7, 123456789, time.UTC)

// binaryValues has one value of each type that no later version may read differently.
var binaryValues = map[string]binaryForm{
	"request": &omadm.Request{
		ID: "r1", Group: omadm.Atomic, Combine: true, Scope: omadm.UserScope, User: "a@b", Delivery: omadm.AtMostOnce, Priority: -3,
		NotBefore: at, Expires: at.Add(time.Hour), MaxAttempts: 5,
		Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: "./User/A", Value: omadm.Int(300)},
			{Verb: omadm.Copy, URI: "./User/B", From: "./User/A"},
			{Verb: omadm.Exec, URI: "./User/C", Correlator: "c1", Value: omadm.Value{Type: "text/x", Data: syncml.Text("é")}},
			omadm.UserAlert{
				Code: omadm.AlertMultipleChoice, Text: "Which?", Choices: []string{"a", "b"}, Default: "1-2",
				MinDisplay: 10 * time.Second, MaxDisplay: time.Minute,
			}.Op(),
			omadm.UserAlert{
				Code: omadm.AlertTextInput, Text: "PIN", MaxLength: 6, Input: omadm.InputNumber, Echo: omadm.EchoHidden,
			}.Op(),
		},
	},
	"result": &omadm.Result{
		Request: "r1", Op: omadm.GroupOp, Status: omadm.StatusCommandFailed, HRESULT: 0x86000002,
		Items: []syncml.Item{
			{
				Target: syncml.Location{URI: "./A", Name: "n"}, Source: syncml.Location{URI: "./B", Name: "m"},
				Meta: &syncml.Meta{
					Format: "chr", Type: "text/plain", Mark: "fatal", Size: "3", NextNonce: "bm9uY2U=", MaxMsgSize: "5000", MaxObjSize: "9000",
					Extra: []syncml.Element{{Space: "urn:x", Name: "Mem", Content: "<a/>"}},
				},
				Data: syncml.Data{Kind: syncml.TextData, Value: "500", OriginalError: "0x86000002"}, MoreData: true,
			},
			{Meta: &syncml.Meta{Type: "t"}, Data: syncml.Octets([]byte{0, 0xff})},
			{},
		},
	},
	"outcome": &omadm.Outcome{
		Request: "r1", Kind: omadm.RolledBack, Op: 2, Status: omadm.StatusAtomicFailed, HRESULT: math.MaxUint32, Repeated: true,
		UndoFailed: true, Reason: "too large", At: at, Attempts: 3,
	},
	"event": &omadm.Event{
		Alert: omadm.AlertGeneric, Type: omadm.TypeUnenrollment, Format: omadm.FormatInt, Mark: omadm.MarkCritical, Source: "./A",
		Data: syncml.Text("1"), Correlator: "c1", Request: "r1", Unenrolled: true, At: at,
	},
}

// fresh returns a new zero value of the type of v.
func fresh(v binaryForm) binaryForm {
	return reflect.New(reflect.TypeOf(v).Elem()).Interface().(binaryForm)
}

func TestBinaryGolden(t *testing.T) {
	for name, v := range binaryValues {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join("testdata", name+".v1.hex")
			got, err := v.AppendBinary(nil)
			if err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(file, []byte(hex.EncodeToString(got)+"\n"), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			want, err := hex.DecodeString(strings.TrimSpace(string(text)))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("the form changed: a new version is due\ngot  %x\nwant %x", got, want)
			}
			back := fresh(v)
			if err := back.UnmarshalBinary(want); err != nil || !reflect.DeepEqual(back, v) {
				t.Errorf("read back %+v, %v, want %+v", back, err, v)
			}
		})
	}
}

// Every field is set to something else, so that one that is forgotten, now or when it is new, does not come back.
func TestBinaryHasEveryField(t *testing.T) {
	for name, v := range binaryValues {
		for start := range 2 { // neighbouring flags differ, once this way and once the other
			filled, n := fresh(v), start
			fill(reflect.ValueOf(filled).Elem(), &n)
			checkBinary(t, name, filled)
		}
		checkBinary(t, "zero "+name, fresh(v))
	}
}

func fill(v reflect.Value, n *int) {
	*n++
	switch {
	case v.Type() == reflect.TypeFor[time.Time]():
		v.Set(reflect.ValueOf(time.Unix(int64(*n), int64(*n)).UTC()))
	case v.Kind() == reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i), n)
		}
	case v.Kind() == reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		fill(v.Index(0), n)
		fill(v.Index(1), n)
	case v.Kind() == reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem(), n)
	case v.Kind() == reflect.String:
		v.SetString(strings.Repeat("x", *n))
	case v.Kind() == reflect.Bool:
		v.SetBool(*n%2 == 0)
	case v.CanInt():
		v.SetInt(int64(-*n))
	case v.CanUint():
		v.SetUint(uint64(*n))
	default:
		panic("a field of kind " + v.Kind().String())
	}
}

func checkBinary(t *testing.T, name string, v binaryForm) {
	t.Helper()
	b, err := v.AppendBinary([]byte("before"))
	if err != nil || string(b[:6]) != "before" {
		t.Fatalf("%s: %v", name, err)
	}
	back := fresh(v)
	if err := back.UnmarshalBinary(b[6:]); err != nil || !reflect.DeepEqual(back, v) {
		t.Errorf("%s: read back %+v, %v, want %+v", name, back, err, v)
	}
}

func TestBinaryTimes(t *testing.T) {
	for _, want := range []time.Time{
		{}, at, time.Unix(0, 0), time.Unix(-1, 999999999), time.Date(9999, 12, 31, 23, 59, 59, 1, time.UTC), time.Date(-5, 1, 1, 0, 0, 0, 0, time.UTC),
		at.In(time.FixedZone("x", 7200)), time.Unix(math.MaxInt64, 0), time.Time{}.Add(1),
	} {
		b, err := omadm.Outcome{At: want}.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		var got omadm.Outcome
		if err := got.UnmarshalBinary(b); err != nil || !got.At.Equal(want) || got.At.Location() != time.UTC || got.At.IsZero() != want.IsZero() {
			t.Errorf("%v, %v, want %v", got.At, err, want)
		}
	}
}

func TestBinaryVersions(t *testing.T) {
	for name, v := range binaryValues {
		b, err := v.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		b[0] = 2
		var e *omadm.VersionError
		if err := fresh(v).UnmarshalBinary(b); !errors.As(err, &e) || e.Version != 2 || e.Error() != "omadm: binary form of version 2, known is 1" {
			t.Errorf("%s of version 2: %v", name, err)
		}
		b[0] = 0
		if err := fresh(v).UnmarshalBinary(b); !errors.As(err, new(*omadm.BinaryError)) {
			t.Errorf("%s of version 0: %v", name, err)
		}
		b[0] = 1
		for other, w := range binaryValues {
			if err := fresh(w).UnmarshalBinary(b); (err == nil) != (name == other) {
				t.Errorf("%s read as %s: %v", name, other, err)
			}
		}
	}
}

func TestBinaryOfHostileOctets(t *testing.T) {
	for name, v := range binaryValues {
		b, err := v.AppendBinary(nil)
		if err != nil {
			t.Fatal(err)
		}
		for n := range b {
			got := fresh(v)
			if err := got.UnmarshalBinary(b[:n:n]); !errors.As(err, new(*omadm.BinaryError)) || !reflect.DeepEqual(got, fresh(v)) {
				t.Errorf("%s cut to %d octets: %+v, %v", name, n, got, err)
			}
		}
		if err := fresh(v).UnmarshalBinary(append(b, 0)); !errors.As(err, new(*omadm.BinaryError)) {
			t.Errorf("%s with an octet too many: %v", name, err)
		}
	}
	empty, err := omadm.Request{}.AppendBinary(nil)
	if err != nil {
		t.Fatal(err)
	}
	head := empty[:len(empty)-1] // all but the number of operations
	for name, tail := range map[string]string{
		"many operations":      "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01",
		"number too large":     "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02",
		"number without end":   strings.Repeat("\xff", 20),
		"number not shortest":  "\x80\x00",
		"more than is there":   "\x02" + strings.Repeat("\x00", 17),
		"text beyond the end":  "\x01\x01\xff\xff\xff\xff\x0f\x00\x00\x00\x00\x00\x00",
		"kind of data unknown": "\x01\x01\x00\x00\x00\x00\x80\x04\x00\x00\x00",
		"empty original error": "\x01\x01\x00\x00\x00\x00\x03\x00\x00\x00\x00",
		"many choices":         "\x01\x07\x00\x00\x00\x00\x00\x00\x00\x01\x98\x11\x00\xff\xff\x03\x00\x00\x00\x00\x00\x00",
		"flag of an alert":     "\x01\x07\x00\x00\x00\x00\x00\x00\x00\x02",
	} {
		var r omadm.Request
		b := append(head[:len(head):len(head)], tail...)
		if err := r.UnmarshalBinary(b); !errors.As(err, new(*omadm.BinaryError)) {
			t.Errorf("%s: %v, %v", name, r, err)
		}
		if n := testing.AllocsPerRun(5, func() { r.UnmarshalBinary(b) }); n > 10 {
			t.Errorf("%s: %v allocations", name, n)
		}
	}
}

// TestBinaryOfValuesOutOfRange replaces octets of a form by others that no form has.
func TestBinaryOfValuesOutOfRange(t *testing.T) {
	item := syncml.Item{Meta: &syncml.Meta{Format: "chr"}}
	zero := time.Time{}.Unix()
	for name, test := range map[string]struct {
		v        binaryForm
		old, new string
		want     string
	}{
		"HRESULT":     {&omadm.Outcome{HRESULT: math.MaxUint32}, "\xff\xff\xff\xff\x0f", "\xff\xff\xff\xff\x1f", "number out of range"},
		"nanoseconds": {&omadm.Outcome{At: time.Unix(5, 7)}, "\x01\x0a\x07", "\x01\x0a\x80\x94\xeb\xdc\x03", "second with more than a billion nanoseconds"},
		"zero time":   {&omadm.Outcome{At: time.Unix(5, 7)}, "\x01\x0a\x07", "\x01" + string(binary.AppendVarint(nil, zero)) + "\x00", "zero time in the form of another"},
		"Meta":        {&omadm.Result{Items: []syncml.Item{item}}, "\x01\x01\x03chr", "\x01\x81\x03chr", "unknown text in Meta"},
	} {
		b, err := test.v.AppendBinary(nil)
		if err != nil || strings.Count(string(b), test.old) != 1 {
			t.Fatalf("%s: %x, %v", name, b, err)
		}
		err = fresh(test.v).UnmarshalBinary([]byte(strings.Replace(string(b), test.old, test.new, 1)))
		var e *omadm.BinaryError
		if !errors.As(err, &e) || e.Reason != test.want || !strings.Contains(err.Error(), test.want+" at octet ") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func FuzzBinary(f *testing.F) {
	for _, v := range binaryValues {
		b, err := v.AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
		zero, err := fresh(v).AppendBinary(nil)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(zero)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		for name, v := range binaryValues {
			got := fresh(v)
			if err := got.UnmarshalBinary(b); err != nil {
				if !errors.As(err, new(*omadm.BinaryError)) && !errors.As(err, new(*omadm.VersionError)) {
					t.Errorf("%s: %v", name, err)
				}
				continue
			}
			again, err := got.AppendBinary(nil)
			if err != nil || string(again) != string(b) {
				t.Errorf("%s: %x was written again as %x, %v", name, b, again, err)
			}
		}
	})
}
