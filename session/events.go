package session

import (
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// alert takes up an alert of the client.
func (t *Turn) alert(c *syncml.Alert) {
	code, err := omadm.ParseAlertCode(c.Data.Value)
	if err != nil || t.reply.Code(c, -1) == omadm.StatusBadRequest {
		return
	}
	switch code {
	case omadm.AlertSessionAbort:
		t.aborted = true
	case omadm.AlertNextMessage:
		t.next = true
	case omadm.AlertNoEndOfData:
		t.next = true
		t.objectLost(c)
	case omadm.AlertClientEvent:
		for i := range c.Items {
			if it := t.assemble(c, i, &c.Items[i]); it != nil {
				t.clientEvent(c, it)
			}
		}
	case omadm.AlertGeneric:
		for i := range c.Items {
			if it := t.assemble(c, i, &c.Items[i]); it != nil {
				t.generic(c, i, it)
			}
		}
	}
}

func alertType(it *syncml.Item) string {
	if it.Meta == nil {
		return ""
	}
	return omadm.AlertType(it.Meta.Type)
}

// clientEvent takes up an item of a 1224. What describes the session or the device becomes a fact, everything else
// an event. Tokens are left to the Director.
func (t *Turn) clientEvent(c *syncml.Alert, it *syncml.Item) {
	switch typ := alertType(it); typ {
	case omadm.TypeLoginStatus:
		login := strings.TrimSpace(it.Data.Value)
		t.state.Login = login[:min(len(login), maxID)] // those that are known are short
		t.fact(omadm.TypeLoginStatus, login)
	case omadm.TypeDevicePrepSync:
		t.fact(omadm.TypeDevicePrepSync, strings.TrimSpace(it.Data.Value))
	case omadm.TypeAADUserToken, omadm.TypeSyncType, omadm.TypeRequestPending:
	default:
		t.event(omadm.AlertClientEvent, c, it)
	}
}

// generic takes up an item of a 1226 if its type is known.
func (t *Turn) generic(c *syncml.Alert, i int, it *syncml.Item) {
	code := t.verdict(c, i, it)
	t.reply.ItemStatus(c, i, code)
	if code.Success() {
		t.event(omadm.AlertGeneric, c, it)
	}
}

// verdict is the status of an item of an event, which may be the first part of a large object.
func (t *Turn) verdict(cmd syncml.Command, i int, it *syncml.Item) omadm.Status {
	code := t.reply.Code(cmd, i)
	if c, ok := cmd.(*syncml.Alert); !ok || strings.TrimSpace(c.Data.Value) != strconv.Itoa(int(omadm.AlertGeneric)) {
		return code
	}
	switch typ := alertType(it); {
	case typ == "":
		return omadm.StatusIncompleteCommand
	case omadm.KnownAlertType(typ), t.accepts(typ):
		return omadm.StatusOK
	}
	return omadm.StatusUnsupportedFormat
}

func (t *Turn) accepts(typ string) bool {
	for _, known := range t.env.Rules.AlertTypes {
		if omadm.AlertType(known) == typ {
			return true
		}
	}
	return false
}

// correlated returns the request whose Exec a correlator belongs to (OMA DM Representation Protocol 1.2.1, section
// 6.6.6); "" if it is not known. A generic alert ends the wait for it.
func (t *Turn) correlated(correlator string, code omadm.AlertCode) omadm.RequestID {
	if correlator == "" {
		return ""
	}
	for i := range t.state.Requests {
		if p := t.pending(t.state.Requests[i].ID); p != nil && slices.ContainsFunc(p.Request.Ops, func(op omadm.Op) bool { return op.Correlator == correlator }) {
			t.heard = append(t.heard, correlator)
			return p.Request.ID
		}
	}
	id, changed := t.change.Awaited[correlator]
	if !changed {
		id = t.rec.Device.Awaited[correlator]
	}
	if id != "" && code == omadm.AlertGeneric {
		t.setAwaited(correlator, "")
	}
	return id
}

// await notes the correlators of a request that was accepted: an alert in this or a later session tells how it ended.
func (t *Turn) await(r *omadm.Request) {
	for i := range r.Ops {
		c := r.Ops[i].Correlator
		if c == "" || slices.Contains(t.heard, c) || t.windows() {
			continue
		}
		if len(t.rec.Device.Awaited)+len(t.change.Awaited) >= t.env.Rules.Limits.Awaited {
			t.note("too many correlators: the alert of request %q will not be matched", r.ID)
			return
		}
		t.setAwaited(c, r.ID)
	}
}

func (t *Turn) setAwaited(correlator string, id omadm.RequestID) {
	if t.change.Awaited == nil {
		t.change.Awaited = make(map[string]omadm.RequestID)
	}
	t.change.Awaited[correlator] = id
}

// windows reports whether the device is one with Windows, which alone reports a login status. It knows no correlators
// (MS-MDM section 2.2.7.2).
func (t *Turn) windows() bool {
	_, ok := t.rec.Device.Facts[omadm.TypeLoginStatus]
	return ok || t.state.Login != ""
}

func (t *Turn) event(code omadm.AlertCode, c *syncml.Alert, it *syncml.Item) {
	e := omadm.Event{
		Alert: code, Type: alertType(it), Source: omadm.URI(it.Source.URI), Data: it.Data,
		Correlator: c.Correlator, Request: t.correlated(c.Correlator, code), At: t.env.Now,
	}
	if it.Meta != nil {
		e.Type = strings.TrimSpace(it.Meta.Type)
		e.Format, e.Mark = omadm.Format(it.Meta.Format), it.Meta.Mark
	}
	e.Unenrolled = alertType(it) == omadm.TypeUnenrollment
	t.change.Events = append(t.change.Events, e)
}

// info takes over the DevInfo that the client reports.
func (t *Turn) info(c *syncml.Replace) {
	for i := range c.Items {
		uri, ok := omadm.InfoURI(&c.Items[i])
		if !ok || !t.reply.Code(c, i).Success() {
			continue
		}
		t.fact(string(uri), c.Items[i].Data.Value)
		if uri == "./DevInfo/DevId" && c.Items[i].Data.Value != t.in.Message.Header.Source.URI {
			t.note("DevInfo/DevId is not the Source of the message")
		}
	}
}

// isText reports whether s is UTF-8 without control characters, which WBXML lets through, but for those of a text.
func isText(s string) bool {
	return utf8.ValidString(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' && r != '\t' && r != '\n' && r != '\r' })
}

// maxFact is the length of a fact in octets.
const maxFact = 1024

// fact notes a fact that is new or changed. Facts are bounded in number and length.
func (t *Turn) fact(name, value string) {
	known, old := t.rec.Device.Facts, ""
	old, ok := known[name]
	if ok && old == value || !ok && value == "" {
		return
	}
	if _, again := t.change.Facts[name]; !ok && !again && len(known)+len(t.change.Facts) >= t.env.Rules.Limits.Facts ||
		len(name) > maxFact || len(value) > maxFact || !isText(value) {
		t.note("fact left out: too many, too long or no text")
		return
	}
	if t.change.Facts == nil {
		t.change.Facts = make(omadm.Facts, 8)
	}
	t.change.Facts[name] = value
}
