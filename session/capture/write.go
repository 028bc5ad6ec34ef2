package capture

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
	"unicode/utf8"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Blank returns the recording without its secrets, as a Recorder writes it: those of the nodes that are known by their
// names and, if secret is not nil, of the nodes for which it returns true. What was blanked before stays as it is. A message
// whose secrets cannot be blanked loses its octets, and so does what is no message; Omitted says why.
func (r *Recording) Blank(secret func(uri omadm.URI) bool) *Recording {
	b := blanker{secret: secret}
	for i := range r.Messages {
		for _, blank := range r.Messages[i].Blanked {
			b.taken = max(b.taken, blank.Secret)
		}
	}
	out := &Recording{Messages: make([]Message, len(r.Messages)), Problems: r.Problems}
	for i, m := range r.Messages {
		m.Blanked = m.Blanked[:len(m.Blanked):len(m.Blanked)]
		if m.Octets != nil {
			_ = b.fill(&m, m.Octets, syncml.Limits{}) // Omitted says it too
		}
		out.Messages[i] = m
	}
	return out
}

// Write writes the recording into an empty Sink, in the form that Open reads, without its secrets; see Blank. The error is
// one of the Sink.
func (r *Recording) Write(to Sink, secret func(uri omadm.URI) bool) error {
	if err := createIndex(to); err != nil {
		return err
	}
	blanked := r.Blank(secret)
	for i := range blanked.Messages {
		if err := appendMessages(to, &blanked.Messages[i]); err != nil {
			return err
		}
	}
	return nil
}

// createIndex begins an index.
func createIndex(to Sink) error {
	first, err := line(preamble{formatName, formatVersion})
	if err != nil {
		return err
	}
	return to.Create(indexName, first)
}

// appendMessages writes messages, and then their lines, so that the index names no file that is missing.
func appendMessages(to Sink, messages ...*Message) error {
	var lines []byte
	for _, m := range messages {
		file := ""
		if m.Octets != nil {
			file = fileName(m.Number, m.From, m.Codec().ContentType())
			if err := to.Create(file, m.Octets); err != nil {
				return err
			}
		}
		l, err := line(newEntry(m, file))
		if err != nil {
			return err
		}
		lines = append(lines, l...)
	}
	return to.Append(indexName, lines)
}

// WriteHAR writes the recording as an HTTP archive (HAR 1.2), without its secrets; see Blank. A message in WBXML is in
// base64, which HAR has for responses only: for requests it stands in "encoding" too, which other readers pass over. The
// error is one of w.
func (r *Recording) WriteHAR(w io.Writer, secret func(uri omadm.URI) bool) error {
	entries := []harEntry{}
	blanked := r.Blank(secret).Messages
	for i := range blanked {
		m := &blanked[i]
		if m.From == FromServer {
			continue
		}
		var reply *Message
		if i+1 < len(blanked) && blanked[i+1].From == FromServer && blanked[i+1].Number == m.Number {
			reply = &blanked[i+1]
		}
		entries = append(entries, newHAREntry(m, reply))
	}
	type named struct {
		Name    string `json:"name"`
		Version string `json:"version"`
	}
	var har struct {
		Log struct {
			Version string     `json:"version"`
			Creator named      `json:"creator"`
			Entries []harEntry `json:"entries"`
		} `json:"log"`
	}
	har.Log.Version, har.Log.Creator, har.Log.Entries = "1.2", named{"gomadm", "1"}, entries
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	if err := enc.Encode(&har); err != nil {
		return fmt.Errorf("capture: %w", err)
	}
	return nil
}

// newHAREntry returns the entry of an exchange. Without a reply its status is 0, as browsers write it.
func newHAREntry(m, reply *Message) harEntry {
	none := []harHeader{}
	e := harEntry{
		Started:  m.Time.UTC().Format(time.RFC3339Nano),
		Request:  harRequest{Method: http.MethodPost, URL: urlOf(m), HTTP: "HTTP/1.1", Query: none, Cookies: none, Head: -1, Size: m.Size},
		Response: harResponse{HTTP: "HTTP/1.1", Headers: none, Cookies: none, Head: -1, Size: -1},
	}
	e.Request.Headers = []harHeader{{"Content-Type", m.ContentType}}
	content := newHARContent(m)
	e.Request.Post = &content
	if reply != nil {
		e.Time = float64(reply.Time.Sub(m.Time)) / float64(time.Millisecond)
		e.Response.Status, e.Response.Text = reply.Status, http.StatusText(reply.Status)
		e.Response.Headers = []harHeader{{"Content-Type", reply.ContentType}}
		e.Response.Content, e.Response.Size = newHARContent(reply), reply.Size
	}
	return e
}

func newHARContent(m *Message) harContent {
	c := harContent{Size: m.Size, MIME: m.ContentType}
	if len(m.Octets) > 0 && (m.Codec() == wbxml.Codec || !utf8.Valid(m.Octets)) {
		c.Text, c.Encoding = base64.StdEncoding.EncodeToString(m.Octets), "base64"
		return c
	}
	c.Text = string(m.Octets)
	return c
}

// urlOf returns the address that a device posts to, as far as the message tells.
func urlOf(m *Message) string {
	if msg, err := m.Decode(); err == nil && web(msg.Header.Target.URI) {
		return msg.Header.Target.URI
	}
	return "https://server.invalid/"
}
