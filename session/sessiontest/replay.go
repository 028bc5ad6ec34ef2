package sessiontest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Setup is what a recording does not hold: the state of the server when it began, and what was queued on the way.
type Setup struct {
	// Store is an empty store that is a session.Registrar, such as a new memstore.Store.
	Store session.Store
	// Device is registered before the first message. It counts as proven: credentials of a recording are blanked.
	Device session.Device
	// Requests are queued before the message of the device with the number that is their key.
	Requests map[int][]omadm.Request
	// Rules are those of the handler that was recorded.
	Rules session.Rules
	// Codecs are the encodings spoken. Default: both.
	Codecs []syncml.Codec
}

// Replay plays the messages of a recorded device again, in their order and at their times, and compares each reply of
// session.Step with the recorded one, octet by octet. The recording is one of a single device and of a handler on this
// package session without a Director; a value that was blanked is in Setup.Requests as it is in the recording.
//
// What the handler refused without Step (HTTP status 405, 415 or 503, or octets that are not a message) is passed
// over. Replay stops at the first difference and shows the exchange as a dialogue with the place marked. Values of
// secrets are not shown.
func Replay(t *testing.T, rec *capture.Recording, s Setup) {
	t.Helper()
	replay(t, rec, s)
}

func replay(r reporter, rec *capture.Recording, s Setup) {
	r.Helper()
	p := &player{reporter: r, setup: s}
	p.begin(rec)
	answered := 0
	for i := range rec.Messages {
		m := &rec.Messages[i]
		if m.From != capture.FromDevice {
			continue
		}
		p.enqueue(m.Number)
		want, ok := reply(rec, i)
		if !ok || passedOver(m, want) {
			continue
		}
		p.exchange(m, want)
		answered++
	}
	if answered == 0 {
		p.fail("the recording has no message that was answered")
	}
}

// reply returns the reply to the message at i. A recording may end before it.
func reply(rec *capture.Recording, i int) (*capture.Message, bool) {
	if i+1 == len(rec.Messages) {
		return nil, false
	}
	next := &rec.Messages[i+1]
	return next, next.From == capture.FromServer && next.Number == rec.Messages[i].Number
}

func passedOver(m, want *capture.Message) bool {
	switch want.Status {
	case http.StatusMethodNotAllowed, http.StatusUnsupportedMediaType, http.StatusServiceUnavailable:
		return true
	}
	return m.Octets == nil && want.Status != http.StatusOK
}

// player is a handler without HTTP.
type player struct {
	reporter
	setup Setup
}

func (p *player) fail(format string, args ...any) {
	p.Helper()
	p.Errorf("replay: "+format, args...)
	p.FailNow()
}

// begin registers the device.
func (p *player) begin(rec *capture.Recording) {
	p.Helper()
	reg, ok := p.setup.Store.(session.Registrar)
	if !ok {
		p.fail("%T does not implement session.Registrar", p.setup.Store)
	}
	if err := reg.Register(context.Background(), p.setup.Device); err != nil {
		p.fail("Register: %v", err)
	}
	for _, n := range slices.Sorted(maps.Keys(p.setup.Requests)) {
		if !slices.ContainsFunc(rec.Messages, func(m capture.Message) bool { return m.Number == n && m.From == capture.FromDevice }) {
			p.fail("Setup.Requests has requests before message %d, which the recording does not have", n)
		}
	}
	if len(p.setup.Codecs) == 0 {
		p.setup.Codecs = []syncml.Codec{syncml.XML, wbxml.Codec}
	}
}

func (p *player) enqueue(number int) {
	p.Helper()
	q := session.Queue{Store: p.setup.Store}
	if err := q.Enqueue(context.Background(), p.setup.Device.ID, p.setup.Requests[number]...); err != nil {
		p.fail("before message %d: %v", number, err)
	}
}

// exchange plays one message and compares the reply.
func (p *player) exchange(m, want *capture.Message) {
	p.Helper()
	if m.Octets == nil || want.Octets == nil && want.Status == http.StatusOK {
		p.fail("the octets of message %d were not recorded: %s", m.Number, m.Omitted+want.Omitted)
	}
	a, err := p.answer(m)
	got := &capture.Message{Number: m.Number, From: capture.FromServer, Time: want.Time, Status: http.StatusOK}
	var refused *session.RefusedError
	switch {
	case errors.As(err, &refused):
		got.Status = refused.Status
	case err != nil:
		p.fail("message %d: %v", m.Number, err)
	default:
		got.Octets = a.Octets
	}
	if got.Status != want.Status || !bytes.Equal(got.Octets, want.Octets) {
		p.fail("message %d is not answered as it was recorded\n%s", m.Number, comparison(m, want, got))
	}
}

// answer is what a handler does with a message.
func (p *player) answer(m *capture.Message) (*session.Answer, error) {
	ctx, rules := context.Background(), p.setup.Rules
	in := &session.Inbound{
		Body: m.Octets, ContentType: m.ContentType, Codec: p.codec(m.ContentType),
		Principal: session.Principal{Device: p.setup.Device.ID, Proven: true, Scheme: "replay"},
		Headers:   http.Header{"Content-Type": {m.ContentType}},
	}
	if in.Codec == nil {
		return nil, fmt.Errorf("no codec for %q", m.ContentType)
	}
	var err error
	if in.Message, err = in.Codec.Decode(m.Octets, rules.Limits.Message); err != nil {
		return nil, err
	}
	env := session.Env{Now: m.Time, Rules: rules}
	rec, err := p.setup.Store.Load(ctx, env.Query(in))
	if err != nil {
		return nil, err
	}
	a, err := session.Step(rec, in, env)
	if err != nil || a.Change == nil {
		return a, err
	}
	return a, p.setup.Store.Commit(ctx, a.Change)
}

// codec returns the codec for a media type of device management or of data synchronisation, nil if there is none.
func (p *player) codec(mediaType string) syncml.Codec {
	switch mediaType {
	case syncml.ContentTypeDSXML:
		mediaType = syncml.ContentTypeXML
	case syncml.ContentTypeDSWBXML:
		mediaType = syncml.ContentTypeWBXML
	}
	for _, c := range p.setup.Codecs {
		if c.ContentType() == mediaType {
			return c
		}
	}
	return nil
}

// comparison shows an exchange with the reply that was recorded and the one that came instead.
func comparison(m, want, got *capture.Message) string {
	message, recorded := lines(m, want)
	_, now := lines(m, got)
	first := 1 // the line before tells the sizes
	for first < len(recorded) && first < len(now) && recorded[first] == now[first] {
		first++
	}
	var b strings.Builder
	show := func(title string, list []string, mark int) {
		b.WriteString(title + "\n")
		for i, l := range list {
			if i == mark {
				b.WriteString("> " + l + "\n")
			} else {
				b.WriteString("  " + l + "\n")
			}
		}
	}
	show("the message:", message, -1)
	show("the reply that was recorded:", recorded, first)
	show("the reply now:", now, first)
	b.WriteString("first difference: " + difference(want, got))
	return b.String()
}

// lines writes both messages of an exchange as a dialogue.
func lines(m, reply *capture.Message) (message, answer []string) {
	text := func(list ...capture.Message) []string {
		var b strings.Builder
		if err := (&capture.Recording{Messages: list}).Dialogue(&b); err != nil {
			return []string{err.Error()}
		}
		return strings.Split(strings.TrimSuffix(b.String(), "\n"), "\n")
	}
	message = text(*m)
	both := text(*m, *reply)
	return message, both[len(message):]
}

// difference says where two replies differ, without values: they may be secrets.
func difference(want, got *capture.Message) string {
	if want.Status != got.Status {
		return fmt.Sprintf("HTTP status %d, recorded %d", got.Status, want.Status)
	}
	a, err := want.Decode()
	if err != nil {
		return "the recorded reply is not a message"
	}
	b, err := got.Decode()
	if err != nil {
		return "the reply now is not a message"
	}
	if all := syncml.Diff(a, b); len(all) > 0 {
		return all[0].Path
	}
	at := 0
	for at < len(want.Octets) && at < len(got.Octets) && want.Octets[at] == got.Octets[at] {
		at++
	}
	return fmt.Sprintf("offset %d, in the encoding only", at)
}
