package main

import (
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// meaning looks at what a message says; header and body tell which of the two it has.
func (r *report) meaning(m *syncml.Message, header, body bool) {
	if header {
		r.header(&m.Header)
	}
	if body && len(m.Body) == 0 {
		r.wrong("X-3", "SyncBody", "no command")
	}
	seen := map[string]bool{}
	for c, at := range walk(m.Body) {
		r.command(c, at, seen)
	}
}

func (r *report) header(h *syncml.Header) {
	for _, field := range []struct{ name, value string }{
		{"VerDTD", h.VerDTD}, {"VerProto", h.VerProto}, {"SessionID", h.SessionID}, {"MsgID", h.MsgID},
		{"Target", h.Target.URI}, {"Source", h.Source.URI},
	} {
		if field.value == "" {
			r.wrong("X-2", "SyncHdr", "no %s", field.name)
		}
	}
	r.version(h)
	if h.NoResp {
		r.wrong("X-9", "SyncHdr", "NoResp is not used in DM")
	}
	r.sizes("SyncHdr", h.Meta)
}

// version looks at the versions and the namespace, which go together (OMA DM Protocol 1.2.1, section 8.3).
func (r *report) version(h *syncml.Header) {
	spoken := omadm.Versions()
	dtd := slices.IndexFunc(spoken, func(v omadm.Version) bool { return v.VerDTD == h.VerDTD })
	protocol := slices.IndexFunc(spoken, func(v omadm.Version) bool { return v.VerProto == h.VerProto })
	switch {
	case h.VerDTD == "" || h.VerProto == "":
	case dtd < 0:
		r.wrong("V-6", "SyncHdr", "VerDTD %s is not supported", printable(h.VerDTD))
	case h.VerProto == "DM/1.3":
		r.note("V-4", "SyncHdr", "VerProto DM/1.3")
	case protocol < 0:
		r.wrong("V-7", "SyncHdr", "VerProto %s is not supported", printable(h.VerProto))
	case !slices.ContainsFunc(spoken, func(v omadm.Version) bool { return v.VerDTD == h.VerDTD && v.VerProto == h.VerProto }):
		r.wrong("V-3", "SyncHdr", "VerDTD %s does not go with VerProto %s", h.VerDTD, h.VerProto)
	}
	if h.VerDTD != "" && h.Namespace != "" {
		r.wrong("V-1", "SyncHdr", "VerDTD %s does not go with the namespace %s", printable(h.VerDTD), printable(h.Namespace))
	}
}

func (r *report) command(c syncml.Command, at place, seen map[string]bool) {
	r.identifier(c, at, seen)
	p := describe(c)
	if u, ok := c.(*syncml.Unknown); ok {
		if slices.Contains(reserved, u.Element) {
			r.wrong("X-9", at.path, "%s is not used in DM", u.Element)
		} else {
			r.wrong("X-8", at.path, "%s is no command", printable(u.Element))
		}
		return
	}
	for _, unused := range []struct {
		name string
		set  bool
	}{{"NoResp", p.NoResp}, {"Archive", p.Archive}, {"SftDel", p.SftDel}, {"Lang", p.Lang != ""}} {
		if unused.set {
			r.wrong("X-9", at.path, "%s is not used in DM", unused.name)
		}
	}
	if p.Cred != nil {
		r.wrong("X-15", at.path, "Cred in a command")
	}
	r.required(c, &p, at)
	r.sizes(at.path, p.Meta)
	for i := range p.Items {
		r.item(c, &p.Items[i], childPath(at.path, "Item", i+1, true), at)
	}
}

// identifier looks at a CmdID (OMA DM Representation Protocol 1.2.1, section 6.1.4).
func (r *report) identifier(c syncml.Command, at place, seen map[string]bool) {
	switch id := c.ID(); {
	case id == "":
		r.wrong("X-22", at.path, "%s without CmdID", printable(c.Name()))
	case strings.Trim(id, "0") == "":
		r.wrong("X-21", at.path, "CmdID 0, which stands for the header")
	case seen[id]:
		r.wrong("X-20", at.path, "CmdID %s given twice", printable(id))
	default:
		seen[id] = true
	}
}

// required looks for what a command has to have.
func (r *report) required(c syncml.Command, p *parts, at place) {
	switch c := c.(type) {
	case *syncml.Status:
		for _, field := range []struct {
			name    string
			missing bool
		}{{"MsgRef", p.MsgRef == ""}, {"CmdRef", p.CmdRef == ""}, {"Cmd", p.Cmd == ""}, {"Data", p.Data.Kind == syncml.NoData}} {
			if field.missing {
				r.wrong("X-4", at.path, "Status without %s", field.name)
			}
		}
	case *syncml.Atomic, *syncml.Sequence:
		if len(bodyOf(c)) == 0 {
			r.wrong("X-4", at.path, "%s without a command", c.Name())
		}
	case *syncml.Alert:
	default:
		if len(p.Items) == 0 {
			r.wrong("X-5", at.path, "%s without Item", c.Name())
		}
	}
	switch c.(type) {
	case *syncml.Status, *syncml.Results:
		if at.parent != nil {
			r.wrong("X-4", at.path, "%s in %s", c.Name(), at.parent.Name())
		}
	}
}

// sizes looks at the numbers of a Meta, which may be nil.
func (r *report) sizes(path string, m *syncml.Meta) {
	if m == nil {
		return
	}
	for _, field := range []struct{ name, value string }{
		{"Size", m.Size}, {"MaxMsgSize", m.MaxMsgSize}, {"MaxObjSize", m.MaxObjSize},
	} {
		if _, ok := syncml.ParseSize(field.value); !ok && field.value != "" {
			r.wrong("F-10", path, "%s is not a size", field.name)
		}
	}
}

func (r *report) item(c syncml.Command, it *syncml.Item, path string, at place) {
	r.sizes(path, it.Meta)
	switch c.(type) {
	case *syncml.Add, *syncml.Replace, *syncml.Results:
		r.value(c, it, path, at)
	}
}

// value looks at the value of a node.
func (r *report) value(c syncml.Command, it *syncml.Item, path string, at place) {
	v := omadm.ItemValue(it, at.metas...)
	if v.Format == "" && v.Type == "" && !strings.Contains(it.Target.URI+it.Source.URI, "?") {
		r.note("D-3", path, "no Format and no Type, which means chr and text/plain")
	}
	format := v.DataFormat()
	if !format.Known() {
		r.wrong("D-1", path, "Format %s is not known", printable(string(format)))
		return
	}
	if it.MoreData {
		return
	}
	_, isAdd := c.(*syncml.Add)
	_, isResults := c.(*syncml.Results) // of an interior node, whose data are the names of its children
	absent := it.Data.Kind == syncml.NoData
	blank := absent || it.Data.Value == ""
	switch {
	case format == omadm.FormatNull && !absent, format == omadm.FormatNode && !blank && !isResults:
		r.wrong("D-11", path, "Format %s with Data", format)
	case format == omadm.FormatNode && !absent && !isAdd && !isResults:
		r.note("D-11", path, "Format node with an empty Data")
	case format != omadm.FormatNull && format != omadm.FormatNode && absent:
		r.wrong("D-11", path, "Format %s without Data", format)
	case !absent:
		r.lexical(v, path)
	}
}

// lexical looks at whether the text of a value is one of its format.
func (r *report) lexical(v omadm.Value, path string) {
	var err error
	switch v.DataFormat() {
	case omadm.FormatInt:
		_, err = v.Int()
	case omadm.FormatBool:
		_, err = v.Bool()
	case omadm.FormatFloat:
		_, err = v.Float()
	case omadm.FormatDate:
		_, err = v.Date()
	case omadm.FormatTime:
		_, err = v.Time()
	case omadm.FormatB64:
		_, err = v.Bytes()
	}
	if err != nil {
		r.wrong("D-7", path, "the data is not of format %s", v.DataFormat())
	}
}
