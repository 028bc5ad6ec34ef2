package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/gomadm/gomadm/syncml"
)

// jsonMessage is a message in JSON. The manual in main.go names the fields.
type jsonMessage struct {
	Namespace string         `json:"namespace,omitempty"`
	Header    jsonHeader     `json:"header"`
	Commands  []*jsonCommand `json:"commands"`
	Final     bool           `json:"final"`
}

type jsonHeader struct {
	VerDTD    string        `json:"verDTD,omitempty"`
	VerProto  string        `json:"verProto,omitempty"`
	SessionID string        `json:"sessionID,omitempty"`
	MsgID     string        `json:"msgID,omitempty"`
	Target    *jsonLocation `json:"target,omitempty"`
	Source    *jsonLocation `json:"source,omitempty"`
	RespURI   string        `json:"respURI,omitempty"`
	NoResp    bool          `json:"noResp,omitempty"`
	Cred      *jsonCred     `json:"cred,omitempty"`
	Meta      *jsonMeta     `json:"meta,omitempty"`
}

// jsonCommand is a command of any name.
type jsonCommand struct {
	Name       string         `json:"name"`
	CmdID      string         `json:"cmdID,omitempty"`
	MsgRef     string         `json:"msgRef,omitempty"`
	CmdRef     string         `json:"cmdRef,omitempty"`
	Cmd        string         `json:"cmd,omitempty"`
	TargetRefs []string       `json:"targetRefs,omitempty"`
	SourceRefs []string       `json:"sourceRefs,omitempty"`
	NoResp     bool           `json:"noResp,omitempty"`
	Archive    bool           `json:"archive,omitempty"`
	SftDel     bool           `json:"sftDel,omitempty"`
	Lang       string         `json:"lang,omitempty"`
	Cred       *jsonCred      `json:"cred,omitempty"`
	Chal       *jsonChal      `json:"chal,omitempty"`
	Meta       *jsonMeta      `json:"meta,omitempty"`
	Data       *jsonData      `json:"data,omitempty"`
	Correlator string         `json:"correlator,omitempty"`
	Items      []jsonItem     `json:"items,omitempty"`
	Commands   []*jsonCommand `json:"commands,omitempty"`
	Space      string         `json:"space,omitempty"`
	Content    string         `json:"content,omitempty"`
}

type jsonLocation struct {
	URI  string `json:"uri,omitempty"`
	Name string `json:"name,omitempty"`
}

type jsonItem struct {
	Target   *jsonLocation `json:"target,omitempty"`
	Source   *jsonLocation `json:"source,omitempty"`
	Meta     *jsonMeta     `json:"meta,omitempty"`
	Data     *jsonData     `json:"data,omitempty"`
	MoreData bool          `json:"moreData,omitempty"`
}

type jsonCred struct {
	Meta *jsonMeta `json:"meta,omitempty"`
	Data *jsonData `json:"data,omitempty"`
}

type jsonChal struct {
	Meta *jsonMeta `json:"meta,omitempty"`
}

type jsonMeta struct {
	Format     string        `json:"format,omitempty"`
	Type       string        `json:"type,omitempty"`
	Mark       string        `json:"mark,omitempty"`
	Size       string        `json:"size,omitempty"`
	NextNonce  string        `json:"nextNonce,omitempty"`
	MaxMsgSize string        `json:"maxMsgSize,omitempty"`
	MaxObjSize string        `json:"maxObjSize,omitempty"`
	Extra      []jsonElement `json:"extra,omitempty"`
}

type jsonElement struct {
	Space   string `json:"space,omitempty"`
	Name    string `json:"name"`
	Content string `json:"content,omitempty"`
}

// jsonData has exactly one of Text, Markup and Octets.
type jsonData struct {
	Text          *string `json:"text,omitempty"`
	Markup        *string `json:"markup,omitempty"`
	Octets        *[]byte `json:"octets,omitempty"`
	OriginalError string  `json:"originalError,omitempty"`
}

// writeJSON writes one document.
func writeJSON(w io.Writer, m *syncml.Message) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(toJSON(m))
}

// readJSON reads one document.
func readJSON(r io.Reader) (*syncml.Message, error) {
	d := json.NewDecoder(r)
	d.DisallowUnknownFields()
	var j jsonMessage
	if err := d.Decode(&j); err != nil {
		return nil, err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one message")
	}
	return j.message()
}

func toJSON(m *syncml.Message) *jsonMessage {
	h := &m.Header
	return &jsonMessage{
		Namespace: h.Namespace,
		Header: jsonHeader{
			VerDTD: h.VerDTD, VerProto: h.VerProto, SessionID: h.SessionID, MsgID: h.MsgID,
			Target: toLocation(h.Target), Source: toLocation(h.Source),
			RespURI: h.RespURI, NoResp: h.NoResp, Cred: toCred(h.Cred), Meta: toMeta(h.Meta),
		},
		Commands: toCommands(m.Body),
		Final:    m.Final,
	}
}

func toCommands(body []syncml.Command) []*jsonCommand {
	out := make([]*jsonCommand, len(body))
	for i, c := range body {
		out[i] = toCommand(c)
	}
	return out
}

func toCommand(c syncml.Command) *jsonCommand {
	p := describe(c)
	j := &jsonCommand{
		Name: c.Name(), CmdID: c.ID(), MsgRef: p.MsgRef, CmdRef: p.CmdRef, Cmd: p.Cmd,
		TargetRefs: p.TargetRefs, SourceRefs: p.SourceRefs,
		NoResp: p.NoResp, Archive: p.Archive, SftDel: p.SftDel, Lang: p.Lang,
		Cred: toCred(p.Cred), Meta: toMeta(p.Meta), Data: toData(p.Data), Correlator: p.Correlator,
		Commands: toCommands(bodyOf(c)), Space: p.Space, Content: p.Content,
	}
	if p.Chal != nil {
		j.Chal = &jsonChal{Meta: toMeta(p.Chal.Meta)}
	}
	for _, it := range c.ItemList() {
		j.Items = append(j.Items, jsonItem{Target: toLocation(it.Target), Source: toLocation(it.Source),
			Meta: toMeta(it.Meta), Data: toData(it.Data), MoreData: it.MoreData})
	}
	return j
}

func toLocation(l syncml.Location) *jsonLocation {
	if l == (syncml.Location{}) {
		return nil
	}
	return &jsonLocation{URI: l.URI, Name: l.Name}
}

func toCred(c *syncml.Cred) *jsonCred {
	if c == nil {
		return nil
	}
	return &jsonCred{Meta: toMeta(c.Meta), Data: toData(c.Data)}
}

func toMeta(m *syncml.Meta) *jsonMeta {
	if m == nil {
		return nil
	}
	j := &jsonMeta{Format: m.Format, Type: m.Type, Mark: m.Mark, Size: m.Size, NextNonce: m.NextNonce,
		MaxMsgSize: m.MaxMsgSize, MaxObjSize: m.MaxObjSize}
	for _, e := range m.Extra {
		j.Extra = append(j.Extra, jsonElement(e))
	}
	return j
}

func toData(d syncml.Data) *jsonData {
	j := &jsonData{OriginalError: d.OriginalError}
	switch d.Kind {
	case syncml.TextData:
		j.Text = &d.Value
	case syncml.MarkupData:
		j.Markup = &d.Value
	case syncml.OctetsData:
		octets := []byte(d.Value)
		j.Octets = &octets
	default:
		return nil
	}
	return j
}

func (j *jsonMessage) message() (*syncml.Message, error) {
	h := &j.Header
	m := &syncml.Message{Final: j.Final, Header: syncml.Header{
		Namespace: j.Namespace,
		VerDTD:    h.VerDTD, VerProto: h.VerProto, SessionID: h.SessionID, MsgID: h.MsgID,
		Target: h.Target.location(), Source: h.Source.location(),
		RespURI: h.RespURI, NoResp: h.NoResp, Meta: h.Meta.meta(),
	}}
	var err error
	if m.Header.Cred, err = h.Cred.cred(); err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	m.Body, err = bodyFrom(j.Commands)
	if m.Body == nil && j.Commands != nil {
		m.Body = []syncml.Command{} // an empty SyncBody, as it was read
	}
	return m, err
}

func bodyFrom(list []*jsonCommand) ([]syncml.Command, error) {
	var body []syncml.Command
	for i, j := range list {
		if j == nil || j.Name == "" {
			return nil, fmt.Errorf("command %d: no name", i+1)
		}
		c, err := j.command()
		if err != nil {
			return nil, fmt.Errorf("command %d: %s: %w", i+1, j.Name, err)
		}
		body = append(body, c)
	}
	return body, nil
}

func (j *jsonCommand) command() (syncml.Command, error) {
	p := parts{CmdID: j.CmdID, MsgRef: j.MsgRef, CmdRef: j.CmdRef, Cmd: j.Cmd,
		TargetRefs: j.TargetRefs, SourceRefs: j.SourceRefs,
		NoResp: j.NoResp, Archive: j.Archive, SftDel: j.SftDel, Lang: j.Lang,
		Meta: j.Meta.meta(), Correlator: j.Correlator, Space: j.Space, Content: j.Content}
	if j.Chal != nil {
		p.Chal = &syncml.Chal{Meta: j.Chal.Meta.meta()}
	}
	var err error
	if p.Cred, err = j.Cred.cred(); err != nil {
		return nil, err
	}
	if p.Data, err = j.Data.data(); err != nil {
		return nil, err
	}
	if p.Body, err = bodyFrom(j.Commands); err != nil {
		return nil, err
	}
	for i := range j.Items {
		it, err := j.Items[i].item()
		if err != nil {
			return nil, fmt.Errorf("item %d: %w", i+1, err)
		}
		p.Items = append(p.Items, it)
	}
	return p.build(j.Name)
}

func (j *jsonItem) item() (syncml.Item, error) {
	d, err := j.Data.data()
	return syncml.Item{Target: j.Target.location(), Source: j.Source.location(), Meta: j.Meta.meta(), Data: d,
		MoreData: j.MoreData}, err
}

func (j *jsonLocation) location() syncml.Location {
	if j == nil {
		return syncml.Location{}
	}
	return syncml.Location{URI: j.URI, Name: j.Name}
}

func (j *jsonCred) cred() (*syncml.Cred, error) {
	if j == nil {
		return nil, nil
	}
	d, err := j.Data.data()
	if err != nil {
		return nil, fmt.Errorf("cred: %w", err)
	}
	return &syncml.Cred{Meta: j.Meta.meta(), Data: d}, nil
}

func (j *jsonMeta) meta() *syncml.Meta {
	if j == nil {
		return nil
	}
	m := &syncml.Meta{Format: j.Format, Type: j.Type, Mark: j.Mark, Size: j.Size, NextNonce: j.NextNonce,
		MaxMsgSize: j.MaxMsgSize, MaxObjSize: j.MaxObjSize}
	for _, e := range j.Extra {
		m.Extra = append(m.Extra, syncml.Element(e))
	}
	return m
}

func (j *jsonData) data() (syncml.Data, error) {
	if j == nil {
		return syncml.Data{}, nil
	}
	var d syncml.Data
	n := 0
	if j.Text != nil {
		d, n = syncml.Text(*j.Text), n+1
	}
	if j.Markup != nil {
		d, n = syncml.Markup(*j.Markup), n+1
	}
	if j.Octets != nil {
		d, n = syncml.Octets(*j.Octets), n+1
	}
	if n != 1 {
		return d, errors.New("data has not exactly one of text, markup and octets")
	}
	d.OriginalError = j.OriginalError
	return d, nil
}
