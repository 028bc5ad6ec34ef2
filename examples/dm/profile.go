package main

import (
	"bytes"
	"cmp"
	"encoding/base64"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/admx"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// profile is what is to be sent to devices: commands, or settings from which the commands are made.
type profile struct {
	kind     string
	commands []syncml.Command
	settings []csp.Desired
	starts   []int // of the requests that the commands make, the number of the first item
}

// readProfile reads commands in SyncML, a list of settings in CSV, or a custom configuration profile of Microsoft Graph in
// JSON.
func readProfile(b []byte) (*profile, error) {
	text := bytes.TrimLeft(bytes.TrimPrefix(b, []byte("\uFEFF")), " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, errors.New("is empty")
	case text[0] == '{' || text[0] == '[':
		return readGraph(text)
	case text[0] == '<' || text[0] < ' ':
		return readCommands(b)
	}
	return readList(text)
}

// readCommands reads a message, a part of one, or commands one after the other.
func readCommands(b []byte) (*profile, error) {
	d := open(b)
	if d.refused != nil {
		if whole := open(enclosed(b)); whole.refused == nil && whole.message != nil {
			d = whole
		}
	}
	switch {
	case d.refused != nil:
		return nil, d.refused
	case d.message == nil:
		return nil, errors.New("holds no commands")
	}
	return &profile{kind: "commands", commands: d.message.Body}, nil
}

// enclosed returns commands without an element around them in one.
func enclosed(b []byte) []byte {
	text := strings.TrimSpace(strings.TrimPrefix(string(b), "\uFEFF"))
	if strings.HasPrefix(text, "<?xml") {
		_, text, _ = strings.Cut(text, "?>")
	}
	return []byte("<SyncBody>" + text + "</SyncBody>")
}

// columns are the names that the columns of a list go by.
var columns = map[string][]string{
	"uri":   {"uri", "oma-uri", "omauri", "locuri", "path"},
	"type":  {"type", "data type", "datatype", "format"},
	"value": {"value", "data"},
	"verb":  {"verb", "command"},
}

// readList reads settings, or commands if there is a column for verbs. The first row names the columns; lines that begin
// with # are comments.
func readList(b []byte) (*profile, error) {
	r := csv.NewReader(bytes.NewReader(b))
	r.Comment, r.FieldsPerRecord, r.TrimLeadingSpace = '#', -1, false
	header, err := r.Read()
	if err != nil {
		return nil, fmt.Errorf("no list of settings: %w", err)
	}
	at := func(column string) int {
		return slices.IndexFunc(header, func(name string) bool {
			return slices.Contains(columns[column], strings.ToLower(strings.TrimSpace(name)))
		})
	}
	uri, kind, value, verb := at("uri"), at("type"), at("value"), at("verb")
	if uri < 0 {
		return nil, errors.New("no list of settings: the first row has no column for the address, such as OMA-URI")
	}
	p := &profile{kind: "settings"}
	for {
		row, err := r.Read()
		if err == io.EOF {
			return p, nil
		}
		if err != nil {
			return nil, err
		}
		cell := func(i int) string {
			if i < 0 || i >= len(row) {
				return ""
			}
			return row[i]
		}
		v, err := listed(cell(kind), cell(value))
		switch {
		case err != nil:
		case verb >= 0:
			err = p.command(cell(verb), cell(uri), v)
		default:
			p.settings = append(p.settings, csp.Desired{URI: omadm.URI(cell(uri)), Value: v})
		}
		if err != nil {
			line, _ := r.FieldPos(0)
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
	}
}

// command adds a command. Where a list has neither a format nor a value, there is no value, and not an empty one.
func (p *profile) command(verb, uri string, v omadm.Value) error {
	item := syncml.Item{Target: syncml.Location{URI: uri}}
	if v.Format != "" || v.Data.Value != "" {
		item.Meta, item.Data = &syncml.Meta{Format: string(v.Format)}, v.Data
	}
	id, items := strconv.Itoa(len(p.commands)+1), []syncml.Item{item}
	var c syncml.Command
	switch strings.ToLower(verb) {
	case "add":
		c = &syncml.Add{CmdID: id, Items: items}
	case "replace":
		c = &syncml.Replace{CmdID: id, Items: items}
	case "get":
		c = &syncml.Get{CmdID: id, Items: items}
	case "delete":
		c = &syncml.Delete{CmdID: id, Items: items}
	case "exec":
		c = &syncml.Exec{CmdID: id, Items: items}
	default:
		return fmt.Errorf("no command %q", verb)
	}
	p.commands, p.kind = append(p.commands, c), "commands"
	return nil
}

// kinds are the formats that lists and consoles name.
var kinds = map[string]omadm.Format{
	"": "", "integer": omadm.FormatInt, "int": omadm.FormatInt, "string": omadm.FormatChr, "chr": omadm.FormatChr,
	"boolean": omadm.FormatBool, "bool": omadm.FormatBool, "string (xml file)": omadm.FormatXML, "xml": omadm.FormatXML,
	"base64": omadm.FormatB64, "base64 (file)": omadm.FormatB64, "b64": omadm.FormatB64, "bin": omadm.FormatBin,
	"floating point": omadm.FormatFloat, "float": omadm.FormatFloat, "date and time": omadm.FormatTime,
	"time": omadm.FormatTime, "date": omadm.FormatDate, "node": omadm.FormatNode, "null": omadm.FormatNull,
}

// listed returns a value as a list has it.
func listed(kind, value string) (omadm.Value, error) {
	f, ok := kinds[strings.ToLower(strings.TrimSpace(kind))]
	if !ok {
		return omadm.Value{}, fmt.Errorf("unknown data type %q", kind)
	}
	if (f == omadm.FormatNode || f == omadm.FormatNull) && value == "" {
		return omadm.Value{Format: f}, nil
	}
	return omadm.Value{Format: f, Data: syncml.Text(value)}, nil
}

// graphSetting is an entry of omaSettings.
type graphSetting struct {
	Type     string          `json:"@odata.type"`
	URI      string          `json:"omaUri"`
	Value    json.RawMessage `json:"value"`
	Secret   bool            `json:"isEncrypted"`
	FileName string          `json:"fileName"`
}

// readGraph reads a custom configuration profile, or its omaSettings alone.
func readGraph(b []byte) (*profile, error) {
	var doc struct {
		Settings []graphSetting `json:"omaSettings"`
	}
	if b[0] == '[' {
		if err := json.Unmarshal(b, &doc.Settings); err != nil {
			return nil, err
		}
	} else if err := json.Unmarshal(b, &doc); err != nil {
		return nil, err
	}
	if doc.Settings == nil {
		return nil, errors.New("has no omaSettings")
	}
	p := &profile{kind: "settings"}
	for i, s := range doc.Settings {
		v, err := s.value()
		if err != nil {
			return nil, fmt.Errorf("omaSettings[%d]: %w", i, err)
		}
		p.settings = append(p.settings, csp.Desired{URI: omadm.URI(s.URI), Value: v})
	}
	return p, nil
}

// value returns the value of a setting. Numbers are kept to the digit.
func (s *graphSetting) value() (omadm.Value, error) {
	name := s.Type[strings.LastIndexByte(s.Type, '.')+1:]
	format, ok := map[string]omadm.Format{
		"omaSettingInteger": omadm.FormatInt, "omaSettingFloatingPoint": omadm.FormatFloat,
		"omaSettingString": omadm.FormatChr, "omaSettingBoolean": omadm.FormatBool, "omaSettingDateTime": omadm.FormatTime,
		"omaSettingBase64": omadm.FormatB64, "omaSettingStringXml": omadm.FormatXML,
	}[name]
	if !ok {
		return omadm.Value{}, fmt.Errorf("unknown type %q", s.Type)
	}
	text := string(s.Value)
	if strings.HasPrefix(text, `"`) {
		if err := json.Unmarshal(s.Value, &text); err != nil {
			return omadm.Value{}, err
		}
	}
	if format == omadm.FormatXML {
		b, err := base64.StdEncoding.DecodeString(text)
		if err != nil {
			return omadm.Value{}, errors.New("the value of a StringXml is base64")
		}
		text = string(b)
	}
	return omadm.Value{Format: format, Data: syncml.Text(text)}, nil
}

// check returns what a catalogue says of p for a device, with the policies of the templates that p installs itself.
func (p *profile) check(c *csp.Catalog, rules csp.Rules, d csp.Device) csp.Report {
	if p.commands == nil {
		ops := make([]omadm.Op, len(p.settings))
		for i, s := range p.settings {
			ops[i] = omadm.Op{Verb: omadm.Add, URI: s.URI, Value: s.Value}
		}
		c, odd := admx.Ingest(c, omadm.Request{Ops: ops})
		_, found := rules.Plan(c, d, p.settings...)
		return merge(found, odd)
	}
	reqs, _ := csp.Requests(p.commands)
	p.starts = make([]int, len(reqs))
	n := 1
	for i := range reqs {
		p.starts[i] = n
		n += len(reqs[i].Ops)
	}
	c, odd := admx.Ingest(c, reqs...)
	return merge(rules.CheckCommands(c, d, p.commands), odd)
}

// merge adds what is odd about templates to what was found, each in its place, unless the same was found already.
func merge(found, odd csp.Report) csp.Report {
	type place struct {
		code        csp.Code
		request, op int
	}
	known := make(map[place]bool, len(found))
	for _, i := range found {
		known[place{i.Code, i.Request, i.Op}] = true
	}
	for _, i := range odd {
		if !known[place{i.Code, i.Request, i.Op}] {
			found = append(found, i)
		}
	}
	slices.SortStableFunc(found, func(a, b csp.Issue) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Op, b.Op))
	})
	return found
}

// place returns the number of the setting or item that an issue is about, counted from 1, or - for a group.
func (p *profile) place(i *csp.Issue) string {
	switch {
	case i.Op == omadm.GroupOp:
		return "-"
	case p.commands == nil:
		return strconv.Itoa(i.Op + 1)
	}
	return strconv.Itoa(p.starts[i.Request] + i.Op)
}
