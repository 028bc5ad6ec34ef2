package capture

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Recording is a recorded conversation: the messages by number, that of the device before the reply.
type Recording struct {
	Messages []Message
	// Problems are what Read could not make sense of, in the order of the files. The rest was read.
	Problems []*FormatError
}

// Message is one message of a recording.
type Message struct {
	Number      int // of the exchange, from 1
	From        Direction
	Time        time.Time // when it arrived at the server, or was written by it
	ContentType string    // media type, without parameters
	Status      int       // of HTTP; 0 for messages of a device

	Octets []byte // nil: not recorded
	// Omitted says why octets were not recorded, such as "not a message"; empty: they were, or there were none.
	Omitted string
	// Cut says that the end of the message was not recorded. Octets is what there is, up to the last whole command, and
	// closed, so that it can be read.
	Cut  bool
	Size int // of the message on the wire, in octets
	// Guessed says that the form does not tell who sent the message, and nothing in it does.
	Guessed bool
	Origin  string // where the message stands, such as "entry 3 of session.har"; empty for a recording of our own

	Source    string // LocURI
	SessionID string
	MsgID     string
	Blanked   []Blank
}

// Direction says who sent a message.
type Direction uint8

// The directions.
const (
	FromDevice Direction = iota
	FromServer
)

var directions = [...]string{FromDevice: "device", FromServer: "server"}

// String returns "device" or "server".
func (d Direction) String() string {
	if int(d) < len(directions) {
		return directions[d]
	}
	return fmt.Sprintf("Direction(%d)", uint8(d))
}

// Codec returns the codec of the encoding that the octets are in.
func (m *Message) Codec() syncml.Codec { return wbxml.Detect(m.Octets) }

// Decode reads the octets of the message under the default limits. The error is a *syncml.SyntaxError or a
// *syncml.LimitError.
func (m *Message) Decode() (*syncml.Message, error) { return wbxml.Decode(m.Octets) }

// ByDevice returns the conversations of each device, in the order in which they begin: the exchanges whose message names it
// as its Source. Exchanges of which that is not known are in none.
func (r *Recording) ByDevice() []*Recording {
	var list []*Recording
	index := make(map[string]int)
	source := ""
	for i, m := range r.Messages {
		if m.From == FromDevice {
			source = m.Source
			if msg, err := m.Decode(); err == nil {
				source = msg.Header.Source.URI
			}
		} else if i == 0 || r.Messages[i-1].Number != m.Number {
			continue
		}
		if source == "" {
			continue
		}
		at, ok := index[source]
		if !ok {
			at = len(list)
			index[source] = at
			list = append(list, new(Recording))
		}
		list[at].Messages = append(list[at].Messages, m)
	}
	return list
}

// FormatError says what is wrong with a recording.
type FormatError struct {
	File   string // name of the file
	Entry  int    // line of the index, or entry of another form, from 1; 0: the file as a whole
	Offset int64  // in the file, in octets; 0: its beginning, or not known
	Reason string
	Err    error // what caused it; may be nil
}

func (e *FormatError) Error() string {
	s := "capture: " + e.File
	switch {
	case e.Entry > 0 && strings.HasSuffix(e.File, indexName):
		s += fmt.Sprintf(": line %d", e.Entry)
	case e.Entry > 0:
		s += fmt.Sprintf(": entry %d", e.Entry)
	}
	if e.Offset > 0 {
		s += fmt.Sprintf(": offset %d", e.Offset)
	}
	s += ": " + e.Reason
	if e.Err != nil {
		s += ": " + e.Err.Error()
	}
	return s
}

// Unwrap returns Err.
func (e *FormatError) Unwrap() error { return e.Err }

// What Open reads at most.
const (
	maxLine    = 1 << 20   // octets of a line of the index
	maxEntries = 200_000   // lines of the index
	maxFile    = 64 << 20  // octets of a message
	maxTotal   = 512 << 20 // octets of all messages
)

// Open reads the recording in a folder: os.DirFS of what a Dir wrote, or an embedded one. It does not decode the
// messages. Other than Read it refuses what is damaged. The error is a *FormatError.
func Open(fsys fs.FS) (*Recording, error) {
	rec := new(Recording)
	if err := rec.open(fsys, func(e *FormatError) error { return e }); err != nil {
		return nil, err
	}
	return rec, nil
}

// open reads the recording in a folder. It goes on behind what is damaged, unless damaged returns an error.
func (r *Recording) open(fsys fs.FS, damaged func(*FormatError) error) error {
	index, err := fsys.Open(indexName)
	if err != nil {
		return &FormatError{File: indexName, Reason: "cannot be opened", Err: err}
	}
	defer index.Close()
	total := 0
	err = readIndex(index, damaged, func(m Message, file string) error {
		if file != "" {
			octets, err := readRegular(fsys, file, min(maxFile, maxTotal-total))
			if err != nil {
				m.Omitted = "cannot be read"
				if err := damaged(&FormatError{File: file, Reason: m.Omitted, Err: err}); err != nil {
					return err
				}
			}
			m.Octets = octets
			total += len(octets)
		}
		r.Messages = append(r.Messages, m)
		return nil
	})
	if err != nil {
		return err
	}
	return r.sort(damaged)
}

// sort orders the messages. An exchange has one message of each side.
func (r *Recording) sort(damaged func(*FormatError) error) error {
	slices.SortStableFunc(r.Messages, func(a, b Message) int {
		if a.Number != b.Number {
			return a.Number - b.Number
		}
		return int(a.From) - int(b.From)
	})
	for i := 1; i < len(r.Messages); i++ {
		a, b := &r.Messages[i-1], &r.Messages[i]
		if a.Number == b.Number && a.From == b.From {
			reason := fmt.Sprintf("two messages %d of the %v", a.Number, a.From)
			if err := damaged(&FormatError{File: indexName, Reason: reason}); err != nil {
				return err
			}
		}
	}
	return nil
}

var (
	errTooLarge   = errors.New("too large")
	errNotRegular = errors.New("not a regular file")
)

// readRegular reads a file of a folder. There may be pipes, into which nobody writes.
func readRegular(fsys fs.FS, name string, limit int) ([]byte, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, errNotRegular
	}
	return readFile(fsys, name, limit)
}

func readFile(fsys fs.FS, name string, limit int) ([]byte, error) {
	f, err := fsys.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	octets, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		return nil, err
	}
	if len(octets) > limit {
		return nil, errTooLarge
	}
	return octets, nil
}
