package conversations_test

import (
	"net/http"
	"net/http/httptest"
	"strconv"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// wire looks at each message that reaches the server and at the answer. It takes no side: the simulated device has a mind
// of its own about them.
type wire struct {
	last     map[string]uint64 // MsgID of the last message of a session that was answered, by SessionID
	open     map[string]bool   // SessionIDs with which the package of the server is open
	messages int               // answered
	octets   int               // of the answers, repetitions aside
	commands int               // of the device
	lost     bool              // there was an alert 1225
}

// exchange looks at a message and its answer. Commits is how often the store was asked to commit meanwhile.
func (w *wire) exchange(p *play, body []byte, answer *httptest.ResponseRecorder, commits int) {
	in, err := wbxml.Decode(body)
	if err != nil {
		if answer.Code != http.StatusBadRequest || answer.Body.Len() > 0 {
			p.find("answered", "half a message is answered with HTTP status %d", answer.Code)
		}
		return
	}
	if answer.Code != http.StatusOK {
		w.unanswered(p, in, answer.Code, commits)
		return
	}
	out, err := wbxml.Decode(answer.Body.Bytes())
	if err != nil {
		p.find("answered", "the answer is not a message: %v", err)
		return
	}
	if limit := p.talk.client.maxMsgSize; limit > 0 && int64(answer.Body.Len()) > limit {
		p.find("MaxMsgSize", "%d octets, the device takes %d", answer.Body.Len(), limit)
	}
	n, err := strconv.ParseUint(in.Header.MsgID, 10, 64)
	if err != nil || n != 1 && n <= w.last[in.Header.SessionID] {
		return // repeated, or late
	}
	if w.last == nil {
		w.last, w.open = make(map[string]uint64), make(map[string]bool)
	}
	w.last[in.Header.SessionID] = n
	w.messages++
	w.octets += answer.Body.Len()
	w.commands += countCommands(in.Body)
	w.turn(p, in, out)
}

// unanswered judges a message that is answered with no message: only trouble, and a first message that comes late, excuse
// it. It has to be told to come again.
func (w *wire) unanswered(p *play, in *syncml.Message, code, commits int) {
	troubled := false
	for _, t := range p.talk.troubles {
		troubled = troubled || t.kind != cancels && t.commit <= p.commits && t.commit > p.commits-commits
	}
	if code == http.StatusServiceUnavailable && (troubled || in.Header.MsgID == "1") {
		return
	}
	p.find("answered", "message %s of session %s is answered with HTTP status %d", in.Header.MsgID, in.Header.SessionID, code)
}

// turn judges whose turn it is (OMA DM Protocol 1.2.1, section 6).
func (w *wire) turn(p *play, in, out *syncml.Message) {
	id := in.Header.SessionID
	commands, next, ends, refused := 0, false, false, false
	for _, c := range out.Body {
		switch c := c.(type) {
		case *syncml.Status:
			if c.CmdRef == "0" && c.Data.Value >= "300" {
				refused = true
			}
		case *syncml.Alert:
			switch c.Data.Value {
			case alertText(omadm.AlertNextMessage):
				next = true
			case alertText(omadm.AlertSessionAbort):
				ends = true
			case alertText(omadm.AlertNoEndOfData):
				w.lost = true
			default:
				commands++
			}
		default:
			commands++
		}
	}
	if in.Header.MsgID == "1" && !refused { // what is refused begins nothing
		w.open[id] = false
	}
	switch {
	case (ends || refused) && commands > 0:
		p.find("turn", "message %s of session %s: %d commands beside the end of the session", in.Header.MsgID, id, commands)
	case in.Final || ends || refused || w.open[id]:
	case commands > 0:
		p.find("turn", "message %s of session %s: %d commands while the package of the device is open", in.Header.MsgID, id, commands)
	case !next || out.Final:
		p.find("turn", "message %s of session %s: the rest of the package of the device is not asked for", in.Header.MsgID, id)
	}
	if !refused && (commands > 0 || in.Final || w.open[id]) {
		w.open[id] = !out.Final
	}
}

func alertText(c omadm.AlertCode) string { return strconv.Itoa(int(c)) }

// countCommands counts what asks for a status, one for each item.
func countCommands(list []syncml.Command) (n int) {
	for _, c := range list {
		if _, ok := c.(*syncml.Status); !ok {
			n += max(1, len(c.ItemList()))
		}
	}
	return n
}
