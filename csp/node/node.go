package node

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Value is what a node holds, by its format: int64 (int), bool (bool), float64 (float), string (chr), XML (xml), []byte
// (b64 and bin, which both travel as base64) or Time (time).
type Value interface {
	int64 | bool | float64 | string | []byte | XML | Time
}

// XML is the value of a node of the format xml: a document. It travels as escaped text.
type XML string

// Time is the value of a node of the format time, as the device has it. The description files do not say whether that is
// a time of day or a moment, and devices have both.
type Time string

// ErrNoValue says that no result has a value of the node: it was not asked for, or the device did not answer with one.
var ErrNoValue = errors.New("node: no result has a value of the node")

// Named is a node at or below one whose name is chosen at run time. N is the node with that name.
type Named[N ~string] string

// At returns the node with the name, which it escapes. Of a name that no node can have, such as an empty one, "..", or
// one with a slash, comes an address that omadm.Op.Validate and csp.Catalog.Check refuse.
func (n Named[N]) At(name string) N {
	before, after, ok := cutName(string(n))
	if !ok {
		return N(n)
	}
	return N(before + omadm.EscapeSegment(name) + after)
}

// Template returns the address with the names that are missing in braces, as csp.Node.Template does.
func (n Named[N]) Template() string { return string(n) }

// Names returns the names that the results have for the first one that is missing, in the order in which they come: of each
// address that is that of the node, or of one below it, with some names. A Get of the node above with ?list=StructData brings
// all of them; a name that the node above has of its own is taken for one as well.
func (n Named[N]) Names(results ...omadm.Result) []string {
	var names []string
	seen := make(map[string]bool)
	eachNamed(string(n), results, func(name string, _ *syncml.Item) {
		if !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	})
	return names
}

// Row is what a device answered about one of the names of a node.
type Row struct {
	Name    string
	Results []omadm.Result // all that is about the node with that name, and about those below it
}

// Rows returns a Row for each of Names. Who reads several values of each name takes them from its row: to look for each among
// all results takes a time that grows with the square of what a device answers.
func (n Named[N]) Rows(results ...omadm.Result) []Row {
	var rows []Row
	at := make(map[string]int)
	eachNamed(string(n), results, func(name string, item *syncml.Item) {
		i, ok := at[name]
		if !ok {
			i = len(rows)
			at[name] = i
			rows = append(rows, Row{Name: name, Results: make([]omadm.Result, 1)})
		}
		rows[i].Results[0].Items = append(rows[i].Results[0].Items, *item)
	})
	return rows
}

// eachNamed calls f for each item that is about the node of a template, or about one below it, with the first name that is
// missing in the template.
func eachNamed(template string, results []omadm.Result, f func(name string, item *syncml.Item)) {
	want := strings.Split(strings.TrimPrefix(template, "./"), "/")
	if strings.EqualFold(want[0], "Vendor") { // as csp.Parse spells addresses
		want = slices.Insert(want, 0, "Device")
	}
	first := slices.IndexFunc(want, missing)
	if first < 0 {
		return
	}
	for i := range results {
		for j := range results[i].Items {
			item := &results[i].Items[j]
			if u, err := csp.Parse(item.Source.URI); err == nil {
				if got := u.Segments(); leads(want, got) {
					f(got[first], item)
				}
			}
		}
	}
}

// missing reports whether a segment of a template stands for a name that is missing. Those that At put in are escaped.
func missing(segment string) bool { return strings.HasPrefix(segment, "{") }

// leads reports whether the names are those of the segments of a template, or go on from there.
func leads(template, names []string) bool {
	if len(names) < len(template) {
		return false
	}
	for i, t := range template {
		if name, err := omadm.UnescapeSegment(t); !missing(t) && (err != nil || !strings.EqualFold(name, names[i])) {
			return false
		}
	}
	return true
}

// cutName returns what is before and after the first name in braces. Names that At put in have none: they are escaped.
func cutName(template string) (before, after string, ok bool) {
	start := strings.Index(template, "/{") + 1
	if start == 0 {
		return "", "", false
	}
	length := strings.IndexByte(template[start:], '}') + 1
	if length == 0 {
		return "", "", false
	}
	return template[:start], template[start+length:], true
}

// valueOf returns v, one of Value, in the form that its nodes have. It is there once, and not for each kind, and leans on
// little: all of it is in each program that has a constant.
func valueOf(v any) omadm.Value {
	text := ""
	switch v := v.(type) {
	case int64:
		text = strconv.FormatInt(v, 10)
	case bool:
		text = strconv.FormatBool(v)
	case float64:
		return omadm.Float(v)
	case string:
		text = v
	case []byte:
		return omadm.Bytes(v)
	case XML:
		text = string(v)
	case Time:
		text = string(v)
	}
	return omadm.Value{Format: formatOf(v), Data: syncml.Text(text)}
}

// formatOf returns the format of nodes with the kind of value that v has, or points to.
func formatOf(v any) omadm.Format {
	switch v.(type) {
	case int64, *int64:
		return omadm.FormatInt
	case bool, *bool:
		return omadm.FormatBool
	case float64, *float64:
		return omadm.FormatFloat
	case []byte, *[]byte:
		return omadm.FormatB64
	case XML, *XML:
		return omadm.FormatXML
	case Time, *Time:
		return omadm.FormatTime
	}
	return omadm.FormatChr
}

// value returns the last value that the results have of the node. What comes last is newest.
func value[V Value](node string, results []omadm.Result) (V, error) {
	var v V
	it, err := find(node, results)
	if err != nil {
		return v, err
	}
	return v, read(omadm.URI(node), it, &v)
}

// find returns the last item of the results that has a value of the node.
func find(node string, results []omadm.Result) (*syncml.Item, error) {
	want, err := csp.Parse(node)
	if err != nil {
		return nil, err
	}
	for i := len(results) - 1; i >= 0; i-- {
		items := results[i].Items
		for j := len(items) - 1; j >= 0; j-- {
			it := &items[j]
			if it.Source.URI == "" || it.Data.Kind == syncml.NoData || !mayBe(it.Source.URI, want.String()) {
				continue
			}
			if got, err := csp.Parse(it.Source.URI); err == nil && strings.EqualFold(got.String(), want.String()) {
				return it, nil
			}
		}
	}
	return nil, fmt.Errorf("%w: %s", ErrNoValue, node)
}

// mayBe reports whether an address may be that of the node, which is spelt as csp.Parse does. It is a cheap look at the names
// that have no escapes, from the end, which spares most answers the parsing. The first name has more than one spelling.
func mayBe(uri, node string) bool {
	if strings.Contains(uri, "?") {
		return true
	}
	for {
		i, j := strings.LastIndexByte(uri, '/'), strings.LastIndexByte(node, '/')
		if j <= 1 {
			return true
		}
		got, want := uri[i+1:], node[j+1:]
		if !strings.EqualFold(got, want) && !strings.Contains(got, "%") && !strings.Contains(want, "%") {
			return false
		}
		uri, node = uri[:max(i, 0)], node[:j]
	}
}

// read puts a value that a device reported into dst, a pointer to one of Value.
func read(u omadm.URI, it *syncml.Item, dst any) error {
	format := formatOf(dst)
	v, err := csp.DecodeAs(format, u, omadm.ItemValue(it))
	if err != nil {
		return err
	}
	text := v.Data.Value
	switch dst := dst.(type) {
	case *int64:
		*dst, err = strconv.ParseInt(text, 10, 64)
	case *bool:
		*dst, err = strconv.ParseBool(text)
	case *float64:
		*dst, err = v.Float()
	case *[]byte:
		*dst, err = v.Bytes()
	case *string:
		*dst = text
	case *XML:
		*dst = XML(text)
	case *Time:
		*dst = Time(text)
	}
	if err != nil || format != omadm.FormatB64 && !utf8.ValidString(text) {
		return &csp.DecodeError{URI: u, Format: format, Len: len(text)} // others may quote the text
	}
	return nil
}

// children returns the names that a device gave for those below an interior node.
func children(node string, results []omadm.Result) ([]string, error) {
	it, err := find(node, results)
	if err != nil {
		return nil, err
	}
	v := omadm.ItemValue(it)
	return v.Names()
}
