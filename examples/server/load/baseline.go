package main

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// handWritten is a server as one writes it by hand for these check-ins alone, over encoding/xml and a map: it answers
// statuses, sends what is queued, and keeps what comes back. It reads no other message, sends no large objects, knows no
// repetition, takes no account of sizes and forgets everything with its process. What gomadm costs beyond it has to be seen
// beside what gomadm does beyond it.
type handWritten struct {
	certificates bool // devices prove who they are
	mu           sync.Mutex
	devices      map[omadm.DeviceID]*customer
}

// customer is what the hand-written server knows of a device.
type customer struct {
	queue   []omadm.Request
	sent    map[string]omadm.RequestID // by CmdID of the message that is on its way
	session string
	message int
	facts   map[string]string
	results []kept
}

// kept is something a device said about a request.
type kept struct {
	request         omadm.RequestID
	uri, data, code string
}

func newBaseline(certificates bool) *handWritten {
	return &handWritten{certificates: certificates, devices: make(map[omadm.DeviceID]*customer)}
}

// Register implements desk.
func (h *handWritten) Register(_ context.Context, d session.Device) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.devices[d.ID] = &customer{facts: make(map[string]string)}
	return nil
}

// Unregister implements desk.
func (h *handWritten) Unregister(_ context.Context, id omadm.DeviceID) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.devices, id)
	return nil
}

// Enqueue implements desk.
func (h *handWritten) Enqueue(_ context.Context, id omadm.DeviceID, reqs ...omadm.Request) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.devices[id]
	if c == nil {
		return session.ErrUnknownDevice
	}
	c.queue = append(c.queue, reqs...)
	return nil
}

// ServeHTTP answers a message.
func (h *handWritten) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		http.Error(w, "no body", http.StatusBadRequest)
		return
	}
	var in document
	if err := xml.Unmarshal(body, &in); err != nil {
		http.Error(w, "no message", http.StatusBadRequest)
		return
	}
	id := omadm.DeviceID(in.Header.Source.URI)
	if h.certificates {
		if r.TLS == nil || len(r.TLS.PeerCertificates) == 0 {
			http.Error(w, "no certificate", http.StatusForbidden)
			return
		}
		id = omadm.DeviceID(r.TLS.PeerCertificates[0].Subject.CommonName)
	}
	out, err := h.answer(id, &in)
	if err != nil {
		http.Error(w, err.Error(), http.StatusForbidden)
		return
	}
	octets, err := xml.Marshal(out)
	if err != nil {
		http.Error(w, "no answer", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", syncml.ContentTypeXML)
	w.Header().Set("Content-Length", strconv.Itoa(len(octets)))
	_, _ = w.Write(octets) // a device that is gone is counted there
}

// answer takes up a message and makes the answer to it.
func (h *handWritten) answer(id omadm.DeviceID, in *document) (*document, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	c := h.devices[id]
	if c == nil {
		return nil, errors.New("unknown device")
	}
	if in.Header.SessionID != c.session {
		c.session, c.message, c.sent = in.Header.SessionID, 0, nil
	}
	c.message++
	out := &document{Header: heading{
		VerDTD: in.Header.VerDTD, VerProto: in.Header.VerProto, SessionID: in.Header.SessionID, MsgID: strconv.Itoa(c.message),
		Target: in.Header.Source, Source: in.Header.Target,
	}}
	out.state(in, "0", "SyncHdr")
	for i := range in.Body.Commands {
		c.hear(in, &in.Body.Commands[i], out)
	}
	c.send(out)
	out.Body.Final = new(struct{})
	return out, nil
}

// hear takes up a command of the device.
func (c *customer) hear(in *document, cmd *command, out *document) {
	switch cmd.XMLName.Local {
	case "Alert":
		out.state(in, cmd.CmdID, "Alert")
	case "Replace":
		out.state(in, cmd.CmdID, "Replace")
		for _, it := range cmd.Items {
			if it.Source != nil {
				c.facts[it.Source.URI] = it.Data
			}
		}
	case "Status":
		if r, ok := c.sent[cmd.CmdRef]; ok {
			c.results = append(c.results, kept{request: r, code: cmd.Data})
		}
	case "Results":
		for _, it := range cmd.Items {
			if it.Source != nil {
				c.results = append(c.results, kept{request: c.sent[cmd.CmdRef], uri: it.Source.URI, data: it.Data})
			}
		}
	}
}

// send adds what is queued. What was sent before is done: its answers have come.
func (c *customer) send(out *document) {
	c.sent = make(map[string]omadm.RequestID)
	for i := range c.queue {
		r := &c.queue[i]
		for j := range r.Ops {
			op := &r.Ops[j]
			it := piece{Target: &place{URI: string(op.URI)}, Data: op.Value.Data.Value}
			if f := op.Value.Format; f != "" {
				it.Meta = &metadata{Format: string(f)}
			}
			cmd := command{XMLName: xml.Name{Local: op.Verb.String()}, CmdID: out.next(), Items: []piece{it}}
			c.sent[cmd.CmdID] = r.ID
			out.Body.Commands = append(out.Body.Commands, cmd)
		}
	}
	c.queue = slices.Delete(c.queue, 0, len(c.queue))
}

// document is a message as encoding/xml reads and writes it, no more of it than these check-ins need.
type document struct {
	XMLName xml.Name `xml:"SYNCML:SYNCML1.2 SyncML"`
	Header  heading  `xml:"SyncHdr"`
	Body    struct {
		Commands []command `xml:",any"`
		Final    *struct{} `xml:"Final"`
	} `xml:"SyncBody"`
}

type (
	heading struct {
		VerDTD    string
		VerProto  string
		SessionID string
		MsgID     string
		Target    place
		Source    place
	}
	place struct {
		URI string `xml:"LocURI"`
	}
	command struct {
		XMLName xml.Name
		CmdID   string
		MsgRef  string  `xml:",omitempty"`
		CmdRef  string  `xml:",omitempty"`
		Cmd     string  `xml:",omitempty"`
		Data    string  `xml:",omitempty"`
		Items   []piece `xml:"Item"`
	}
	piece struct {
		Target *place
		Source *place
		Meta   *metadata
		Data   string `xml:",omitempty"`
	}
	metadata struct {
		Format string `xml:"syncml:metinf Format,omitempty"`
	}
)

// next is the CmdID of the next command.
func (d *document) next() string { return fmt.Sprint(len(d.Body.Commands) + 1) }

// state adds the status of a command of another message.
func (d *document) state(of *document, ref, name string) {
	d.Body.Commands = append(d.Body.Commands, command{
		XMLName: xml.Name{Local: "Status"}, CmdID: d.next(), MsgRef: of.Header.MsgID, CmdRef: ref, Cmd: name, Data: "200",
	})
}
