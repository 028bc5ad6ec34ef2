package capture

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"mime"
	"strings"
	"time"

	"github.com/gomadm/gomadm/syncml/wbxml"
)

// An HTTP archive (HAR 1.2) as far as it is about messages. Everything else in it is passed over.
type (
	harEntry struct {
		Started  string      `json:"startedDateTime"`
		Time     float64     `json:"time"` // of the exchange, in milliseconds
		Request  harRequest  `json:"request"`
		Response harResponse `json:"response"`
	}
	harRequest struct {
		Method  string      `json:"method"`
		URL     string      `json:"url"`
		HTTP    string      `json:"httpVersion"`
		Headers []harHeader `json:"headers"`
		Query   []harHeader `json:"queryString"`
		Cookies []harHeader `json:"cookies"`
		Head    int         `json:"headersSize"`
		Size    int         `json:"bodySize"`
		Post    *harContent `json:"postData,omitempty"`
	}
	harResponse struct {
		Status   int         `json:"status"`
		Text     string      `json:"statusText"`
		HTTP     string      `json:"httpVersion"`
		Headers  []harHeader `json:"headers"`
		Cookies  []harHeader `json:"cookies"`
		Redirect string      `json:"redirectURL"`
		Head     int         `json:"headersSize"`
		Size     int         `json:"bodySize"`
		Content  harContent  `json:"content"`
	}
	harHeader struct {
		Name  string `json:"name"`
		Value string `json:"value"`
	}
	// harContent is a body. HAR has an encoding for those of responses only; several writers use it for both.
	harContent struct {
		Size     int    `json:"size"`
		MIME     string `json:"mimeType"`
		Text     string `json:"text,omitempty"`
		Encoding string `json:"encoding,omitempty"`
	}
)

// isHAR reports whether a file begins as an HTTP archive does.
func isHAR(octets []byte) bool {
	octets = bytes.TrimLeft(bytes.TrimPrefix(octets, []byte("\ufeff")), " \t\r\n")
	return bytes.HasPrefix(octets, []byte("{")) && bytes.Contains(octets[:min(len(octets), 1<<16)], []byte(`"log"`))
}

// har reads an archive entry by entry, so that what stands before a damaged one is read.
func (r *reader) har(file string, octets []byte) {
	octets = bytes.TrimPrefix(octets, []byte("\ufeff"))
	d := json.NewDecoder(bytes.NewReader(octets))
	n := 0
	if err := enter(d, "log", '{'); err == nil {
		err = enter(d, "entries", '[')
		for err == nil && d.More() {
			n++
			at := place{file, n, d.InputOffset()}
			var raw json.RawMessage
			if err = d.Decode(&raw); err != nil {
				break
			}
			var e harEntry
			if err := json.Unmarshal(raw, &e); err != nil {
				r.fault(file, n, at.offset, "not an entry", err)
				continue
			}
			r.harEntry(at, &e)
		}
		if err == nil {
			return
		}
		r.fault(file, n, d.InputOffset(), "the archive ends here", err)
		return
	}
	r.fault(file, 0, 0, "has no log", nil)
}

// enter reads as far as into the object or array with a name.
func enter(d *json.Decoder, name string, open json.Delim) error {
	if name == "log" {
		if t, err := d.Token(); err != nil || t != json.Delim('{') {
			return errors.Join(errors.New("not an object"), err)
		}
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return err
		}
		if key != name {
			var skipped json.RawMessage
			if err := d.Decode(&skipped); err != nil {
				return err
			}
			continue
		}
		t, err := d.Token()
		if err != nil {
			return err
		}
		if t != open {
			return errors.New(name + " is not what it should be")
		}
		return nil
	}
	if _, err := d.Token(); err != nil {
		return err
	}
	return errors.New("has no " + name)
}

func (r *reader) harEntry(at place, e *harEntry) {
	began, err := time.Parse(time.RFC3339Nano, e.Started)
	if err != nil {
		began = time.Time{}
	}
	in := sighting{Message: Message{From: FromDevice, Time: began}, told: true}
	in.Message.ContentType = mediaTypeOf(e.Request.Headers)
	post := e.Request.Post
	if post != nil && in.Message.ContentType == "" {
		in.Message.ContentType = bareMediaType(post.MIME)
	}
	if post == nil || !r.body(at, in, post) {
		return
	}
	out := sighting{Message: Message{From: FromServer, Status: e.Response.Status}, told: true}
	if !began.IsZero() {
		out.Time = began.Add(time.Duration(min(max(e.Time, 0), 1e9) * float64(time.Millisecond)))
	}
	out.ContentType = bareMediaType(e.Response.Content.MIME)
	switch {
	case e.Response.Content.Text != "":
		r.body(at, out, &e.Response.Content)
	case e.Response.Status == 0:
		r.fault(at.file, at.entry, at.offset, "has no answer", nil)
	default:
		r.seen = append(r.seen, out)
	}
}

// body adds a body that is a message, and reports whether it is one. One that only claims to be is noted.
func (r *reader) body(at place, s sighting, c *harContent) bool {
	octets := []byte(c.Text)
	if strings.EqualFold(c.Encoding, "base64") {
		var err error
		if octets, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, strings.NewReader(c.Text))); err != nil {
			r.fault(at.file, at.entry, at.offset, "the body is not base64", err)
			return false
		}
	} else if b, err := base64.StdEncoding.DecodeString(c.Text); err == nil && len(b) > 0 && wbxml.Detect(b) == wbxml.Codec {
		octets = b // no encoding was given
	}
	return r.claimed(at, s, octets)
}

// claimed adds octets that are a message, or notes that they are none though they should be.
func (r *reader) claimed(at place, s sighting, octets []byte) bool {
	err := r.add(at, s, octets)
	if err == nil {
		return true
	}
	if isSyncML(s.ContentType) || bytes.Contains(octets, []byte("<SyncML")) {
		r.fault(at.file, at.entry, at.offset, "the body of the "+s.From.String()+" is not a message", err)
		s.Omitted, s.Size, s.Origin = omittedOther, len(octets), at.String()
		r.seen = append(r.seen, s)
		return true
	}
	return false
}

func isSyncML(mediaType string) bool { return strings.Contains(mediaType, "syncml") }

func mediaTypeOf(headers []harHeader) string {
	for _, h := range headers {
		if strings.EqualFold(h.Name, "Content-Type") {
			return bareMediaType(h.Value)
		}
	}
	return ""
}

// bareMediaType returns a media type without parameters.
func bareMediaType(s string) string {
	t, _, err := mime.ParseMediaType(s)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return ""
	}
	return t
}
