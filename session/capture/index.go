package capture

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math"
	"strings"
	"time"

	"github.com/gomadm/gomadm/syncml"
)

const (
	indexName     = "index.jsonl"
	formatName    = "gomadm recording"
	formatVersion = 1
)

// preamble is the first line of an index.
type preamble struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

// entry is a line of an index.
type entry struct {
	Number  int       `json:"number"`
	From    string    `json:"from"`
	Time    time.Time `json:"time"`
	Type    string    `json:"type,omitempty"`
	Status  int       `json:"status,omitempty"`
	Octets  int       `json:"octets"`
	File    string    `json:"file,omitempty"`
	Omitted string    `json:"omitted,omitempty"`
	Cut     bool      `json:"cut,omitempty"`
	Guessed bool      `json:"guessed,omitempty"`
	Source  string    `json:"source,omitempty"`
	Session string    `json:"session,omitempty"`
	Message string    `json:"message,omitempty"`
	Blanked []Blank   `json:"blanked,omitempty"`
}

// What an entry shows at most, so that a line stays below maxLine.
const (
	maxBlanks = 256
	maxText   = 256 // octets
)

// fileName is the name of the file of a message.
func fileName(number int, from Direction, contentType string) string {
	ext := ".xml"
	if contentType == syncml.ContentTypeWBXML {
		ext = ".wbxml"
	}
	return fmt.Sprintf("%04d-%v%s", number, from, ext)
}

func newEntry(m *Message, file string) entry {
	e := entry{
		Number: m.Number, From: m.From.String(), Time: m.Time, Type: cut(m.ContentType), Status: m.Status,
		Octets: m.Size, File: file, Omitted: m.Omitted, Cut: m.Cut, Guessed: m.Guessed,
		Source: cut(m.Source), Session: cut(m.SessionID), Message: cut(m.MsgID),
	}
	for _, b := range m.Blanked[:min(len(m.Blanked), maxBlanks)] {
		e.Blanked = append(e.Blanked, Blank{Place: cut(b.Place), Secret: b.Secret})
	}
	return e
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "") + "…"
}

// line returns v as a line of an index.
func line(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("capture: %w", err)
	}
	return b.Bytes(), nil
}

// readIndex reads an index and hands each entry out with the name of its file. It goes on behind a line that is damaged,
// unless damaged returns an error. The error is a *FormatError, or what one of the functions returned.
func readIndex(r io.Reader, damaged func(*FormatError) error, each func(m Message, file string) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, 4096), maxLine)
	n := 0
	fault := func(reason string, err error) *FormatError {
		return &FormatError{File: indexName, Entry: n, Reason: reason, Err: err}
	}
	for lines.Scan() {
		if n++; n > maxEntries {
			return fault("too many lines", nil)
		}
		if n == 1 {
			if reason, err := checkPreamble(lines.Bytes()); reason != "" {
				return fault(reason, err)
			}
			continue
		}
		m, file, reason, err := parseEntry(lines.Bytes())
		if reason != "" {
			err = damaged(fault(reason, err))
		} else {
			err = each(m, file)
		}
		if err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		n++
		return fault("cannot be read", err)
	}
	if n == 0 {
		return fault("is empty", nil)
	}
	return nil
}

// checkPreamble says what is wrong with the first line of an index, "" if nothing is.
func checkPreamble(line []byte) (reason string, err error) {
	var p preamble
	if err := json.Unmarshal(line, &p); err != nil {
		return "not JSON", err
	}
	if p.Format != formatName {
		return "not the index of a recording", nil
	}
	if p.Version != formatVersion {
		return fmt.Sprintf("version %d is unknown", p.Version), nil
	}
	return "", nil
}

// parseEntry reads a line of an index, or says what is wrong with it.
func parseEntry(line []byte) (m Message, file, reason string, err error) {
	var e entry
	if err := json.Unmarshal(line, &e); err != nil {
		return Message{}, "", "not JSON", err
	}
	if m, err = e.message(); err != nil {
		return Message{}, "", "not a message", err
	}
	return m, e.File, "", nil
}

// message returns the message that e stands for, without its octets.
func (e *entry) message() (Message, error) {
	from, ok := parseDirection(e.From)
	switch {
	case e.Number < 1 || e.Number > math.MaxInt32:
		return Message{}, errors.New("number is out of range")
	case !ok:
		return Message{}, errors.New("from is neither device nor server")
	case e.Octets < 0:
		return Message{}, errors.New("octets is negative")
	case e.Status < 0 || e.Status > 999:
		return Message{}, errors.New("status is out of range")
	case e.File != "" && (!fs.ValidPath(e.File) || strings.ContainsAny(e.File, `/\`) || e.File == "." || e.File == indexName):
		return Message{}, errors.New("file is not the name of a file of the folder")
	}
	return Message{
		Number: e.Number, From: from, Time: e.Time, ContentType: e.Type, Status: e.Status,
		Omitted: e.Omitted, Cut: e.Cut, Guessed: e.Guessed, Size: e.Octets, Source: e.Source, SessionID: e.Session, MsgID: e.Message, Blanked: e.Blanked,
	}, nil
}

func parseDirection(s string) (Direction, bool) {
	for d, name := range directions {
		if s == name {
			return Direction(d), true
		}
	}
	return 0, false
}
