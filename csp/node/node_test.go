package node_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

const template = "./Device/Vendor/Example/X"

// answer returns the result of a device that reports a value.
func answer(uri, format, data string) omadm.Result {
	return omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: uri}, Meta: &syncml.Meta{Format: format}, Data: syncml.Text(data),
	}}}
}

// TestWhatIsSetIsRead sends values and reads them back as the device would report them.
func TestWhatIsSetIsRead(t *testing.T) {
	roundTrip(t, "int", int64(4294967295), "int", "4294967295")
	roundTrip(t, "negative int", int64(-1), "int", "-1")
	roundTrip(t, "bool", true, "bool", "true")
	roundTrip(t, "float", 1.5, "float", "1.5")
	roundTrip(t, "text", "", "chr", "")
	roundTrip(t, "xml", node.XML("<a/>"), "xml", "<a/>")
	roundTrip(t, "octets", []byte{0, 1, 255}, "b64", "AAH/")
	roundTrip(t, "time", node.Time("10:00:00"), "time", "10:00:00")
}

func roundTrip[V node.Value](t *testing.T, name string, v V, format omadm.Format, data string) {
	t.Run(name, func(t *testing.T) {
		n := node.AddDeleteGetReplace[V](template)
		want := omadm.Value{Format: format, Data: syncml.Text(data)}
		for _, op := range []omadm.Op{n.Replace(v), n.Add(v)} {
			if op.URI != template || op.Value != want || op.Validate() != nil {
				t.Errorf("got %v (%v), want %v", op, op.Validate(), want)
			}
		}
		got, err := n.Value(answer(template, string(format), data))
		if err != nil || !reflect.DeepEqual(got, v) {
			t.Errorf("read back %v (%v), want %v", got, err, v)
		}
	})
}

func TestValueTakesWhatDevicesWrite(t *testing.T) {
	const n node.Get[int64] = "./Device/Vendor/MSFT/X/N"
	const b node.Get[bool] = "./Device/Vendor/MSFT/X/N"
	for name, tt := range map[string]struct {
		results []omadm.Result
		want    int64
	}{
		"without a format":            {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "", "7")}, 7},
		"the address without a scope": {[]omadm.Result{answer("./Vendor/MSFT/X/N", "int", "7")}, 7},
		"the address in another case": {[]omadm.Result{answer("./Device/Vendor/MSFT/x/n", "int", "7")}, 7},
		"hexadecimal":                 {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "chr", "0x10")}, 16},
		"white space":                 {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "int", " 7\n")}, 7},
		"the last of several":         {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "int", "7"), answer("./Device/Vendor/MSFT/X/N", "int", "8")}, 8},
		"escaped":                     {[]omadm.Result{answer("./Device/Vendor/%4DSFT/X/%4e", "int", "7"), answer("./Device/Vendor/MSFT/%59/N", "int", "8")}, 7},
		"without the point":           {[]omadm.Result{answer("vendor/MSFT/X/N", "int", "7"), answer("N", "int", "8"), answer("./X/N", "int", "9")}, 7},
		"beside others":               {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "int", "7"), answer("./Device/Vendor/MSFT/X/M", "int", "8"), {Status: 200}}, 7},
		"beside a property":           {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "int", "7"), answer("./Device/Vendor/MSFT/X/N?prop=Size", "int", "8")}, 7},
		"beside one without data":     {[]omadm.Result{answer("./Device/Vendor/MSFT/X/N", "int", "7"), {Items: []syncml.Item{{Source: syncml.Location{URI: "./Device/Vendor/MSFT/X/N"}}}}}, 7},
	} {
		if got, err := n.Value(tt.results...); err != nil || got != tt.want {
			t.Errorf("%s: got %d (%v), want %d", name, got, err, tt.want)
		}
	}
	const blank node.Get[int64] = "./Device/Vendor/MSFT/X/a%20{b}"
	for _, uri := range []string{"./Vendor/MSFT/X/a {b}", "./Vendor/MSFT/X/a%20%7Bb%7D", "./Vendor/MSFT/X/A {B}"} {
		if got, err := blank.Value(answer(uri, "int", "7")); err != nil || got != 7 {
			t.Errorf("%s: got %d (%v)", uri, got, err)
		}
	}
	for text, want := range map[string]bool{"1": true, "True": true, "0": false, "FALSE": false} {
		if got, err := b.Value(answer("./Device/Vendor/MSFT/X/N", "bool", text)); err != nil || got != want {
			t.Errorf("%s: got %v (%v)", text, got, err)
		}
	}
}

func TestValueErrors(t *testing.T) {
	const n node.Get[int64] = template
	const secret = "hunter2"
	if _, err := n.Value(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no results: got %v", err)
	}
	if _, err := n.Value(answer(template+"Y", "int", "1")); !errors.Is(err, node.ErrNoValue) || !strings.Contains(err.Error(), template) {
		t.Errorf("another node: got %v", err)
	}
	_, err := n.Value(answer(template, "chr", secret))
	var decode *csp.DecodeError
	if !errors.As(err, &decode) || decode.Format != omadm.FormatInt || strings.Contains(err.Error(), secret) {
		t.Errorf("text for a number: got %v", err)
	}
	markup := answer(template, "xml", secret)
	markup.Items[0].Data.Kind = syncml.MarkupData
	if _, err := n.Value(markup); !errors.As(err, &decode) || strings.Contains(err.Error(), secret) {
		t.Errorf("markup for a number: got %v", err)
	}
	if _, err := node.Get[[]byte](template).Value(answer(template, "b64", "%")); !errors.As(err, &decode) {
		t.Errorf("no base64: got %v", err)
	}
}

func TestChildren(t *testing.T) {
	const n node.InteriorGet = template
	for data, want := range map[string][]string{"a/b%20c": {"a", "b c"}, "": nil} {
		got, err := n.Children(answer(template, "node", data))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%q: got %q (%v), want %q", data, got, err, want)
		}
	}
	if _, err := n.Children(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no results: got %v", err)
	}
}

func TestAt(t *testing.T) {
	const n node.Named[node.Named[node.GetReplace[string]]] = "./Vendor/Example/{One}/x{y}/{Two}/z"
	for _, tt := range []struct{ one, two, want string }{
		{"a", "b", "./Vendor/Example/a/x{y}/b/z"},
		{"a b", "{c}", "./Vendor/Example/a%20b/x{y}/%7Bc%7D/z"}, // what looks like a name that is missing is none
		{"{Two}", "d", "./Vendor/Example/%7BTwo%7D/x{y}/d/z"},
	} {
		op := n.At(tt.one).At(tt.two).Get()
		if string(op.URI) != tt.want || op.Validate() != nil {
			t.Errorf("%q, %q: got %v (%v), want %s", tt.one, tt.two, op.URI, op.Validate(), tt.want)
		}
	}
	for _, name := range []string{"", ".", "..", "a/b", "*", "\x00"} {
		if err := n.At(name).At("b").Get().Validate(); err == nil {
			t.Errorf("name %q: no error", name)
		}
	}
	if got := n.At("a").Template(); got != "./Vendor/Example/a/x{y}/{Two}/z" {
		t.Errorf("got %s", got)
	}
	if got := node.Named[node.InteriorGet]("./Vendor/Example").At("a"); got != "./Vendor/Example" {
		t.Errorf("nothing to fill in: got %s", got)
	}
}

func TestNames(t *testing.T) {
	const row node.Named[node.InteriorGet] = "./Device/Vendor/MSFT/X/{Row}"
	const leaf node.Named[node.Named[node.Get[string]]] = "./Device/Vendor/MSFT/X/{Row}/L/{Item}"
	results := []omadm.Result{
		answer("./Vendor/MSFT/X", "node", ""), answer("./Vendor/MSFT/X/b%20c", "node", ""), answer("./Vendor/MSFT/X/b%20c/L/1", "chr", "x"),
		answer("./Device/Vendor/MSFT/x/a/l/2", "chr", "x"), answer("./Vendor/MSFT/X/d/M/2", "chr", "x"), answer("./Vendor/MSFT/Y/e", "chr", "x"),
		answer("..", "chr", "x"), {Status: 200}, answer("./Vendor/MSFT/X/%7Be%7D/L/3", "chr", "x"),
	}
	for name, tt := range map[string]struct{ got, want []string }{
		"rows":            {row.Names(results...), []string{"b c", "a", "d", "{e}"}},
		"rows with items": {leaf.Names(results...), []string{"b c", "a", "{e}"}},
		"items in braces": {leaf.At("{e}").Names(results...), []string{"3"}},
		"without a scope": {node.Named[node.InteriorGet]("./Vendor/MSFT/X/{Row}").Names(results...), []string{"b c", "a", "d", "{e}"}},
		"items of a row":  {leaf.At("b c").Names(results...), []string{"1"}},
		"nothing":         {row.Names(), nil},
		"no name":         {node.Named[node.InteriorGet]("./X").Names(results...), nil},
	} {
		if !reflect.DeepEqual(tt.got, tt.want) {
			t.Errorf("%s: got %q, want %q", name, tt.got, tt.want)
		}
	}
}

func TestRows(t *testing.T) {
	const row node.Named[node.InteriorGet] = "./Device/Vendor/MSFT/X/{Row}"
	const leaf node.Named[node.Get[string]] = "./Device/Vendor/MSFT/X/{Row}/L"
	rows := row.Rows(
		answer("./Vendor/MSFT/X/a/L", "chr", "1"), answer("./Vendor/MSFT/X/b%20c/L", "chr", "2"), answer("./Vendor/MSFT/Y/a/L", "chr", "3"),
		answer("..", "chr", "x"), answer("./Device/Vendor/MSFT/X/a/L", "chr", "4"),
	)
	if len(rows) != 2 || rows[0].Name != "a" || rows[1].Name != "b c" || len(rows[0].Results[0].Items) != 2 {
		t.Fatalf("got %+v", rows)
	}
	for i, want := range []string{"4", "2"} {
		if got, err := leaf.At(rows[i].Name).Value(rows[i].Results...); err != nil || got != want {
			t.Errorf("row %d: got %q (%v), want %q", i, got, err, want)
		}
	}
	if got := row.Rows(); got != nil {
		t.Errorf("nothing: got %v", got)
	}
}

func TestCommands(t *testing.T) {
	const leaf node.AddDeleteExecGetReplace[node.XML] = template
	const inner node.InteriorAddDeleteGetReplace = template
	const null node.NullAddDeleteGet = template
	for _, tt := range []struct {
		got  omadm.Op
		want omadm.Op
	}{
		{leaf.Get(), omadm.Op{Verb: omadm.Get, URI: template}},
		{leaf.Delete(), omadm.Op{Verb: omadm.Delete, URI: template}},
		{leaf.Exec(), omadm.Op{Verb: omadm.Exec, URI: template}},
		{leaf.ExecWith("<a/>"), omadm.Op{Verb: omadm.Exec, URI: template, Value: omadm.XML("<a/>")}},
		{inner.Get(), omadm.Op{Verb: omadm.Get, URI: template}},
		{inner.Add(), omadm.Op{Verb: omadm.Add, URI: template, Value: omadm.Node()}},
		{inner.Replace(), omadm.Op{Verb: omadm.Replace, URI: template, Value: omadm.Node()}},
		{inner.Delete(), omadm.Op{Verb: omadm.Delete, URI: template}},
		{null.Add(), omadm.Op{Verb: omadm.Add, URI: template, Value: omadm.Null()}},
		{null.Get(), omadm.Op{Verb: omadm.Get, URI: template}},
	} {
		if tt.got != tt.want || tt.got.Validate() != nil {
			t.Errorf("got %v (%v), want %v", tt.got, tt.got.Validate(), tt.want)
		}
	}
	if leaf.LocURI() != template || inner.LocURI() != template || null.LocURI() != template {
		t.Error("the address is another one")
	}
}
