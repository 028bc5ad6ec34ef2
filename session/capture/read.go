package capture

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// Read reads a recording in any of the forms that are known, told by what the file holds and not by its name:
//
//   - a folder that a Recorder wrote,
//   - an HTTP archive (HAR 1.2), as browsers and proxies save it,
//   - a SAZ archive, as Fiddler saves it,
//   - a text with messages in it: one message in XML; messages one behind the other, as viewers of SyncML on Windows save
//     them; or a log, with banners between the messages, or with messages as XML or JSON escapes them,
//   - one message in WBXML,
//   - a folder of such files, in the order of sessions and messages.
//
// What cannot be read is in Recording.Problems, and Read goes on behind it: a message that was cut, an entry without an
// answer, an archive that ends too early. Where the form does not say who sent a message, its commands and addresses do.
// Messages of other protocols are passed over. The error is a *FormatError, when there is nothing to read at all.
//
// The secrets of a foreign recording are not blanked; Recording.Write does that.
func Read(fsys fs.FS, name string) (*Recording, error) {
	info, err := fs.Stat(fsys, name)
	if err != nil {
		return nil, &FormatError{File: name, Reason: "cannot be opened", Err: err}
	}
	r := new(reader)
	switch {
	case !info.IsDir():
		err = r.file(fsys, name, readFile) // a pipe that somebody names is meant
	case exists(fsys, path.Join(name, indexName)):
		return readFolder(fsys, name)
	default:
		err = r.folder(fsys, name)
	}
	if err != nil {
		return nil, err
	}
	return r.recording(), nil
}

func exists(fsys fs.FS, name string) bool {
	_, err := fs.Stat(fsys, name)
	return err == nil
}

// readFolder reads a recording of our own as far as it is whole.
func readFolder(fsys fs.FS, name string) (*Recording, error) {
	sub, err := fs.Sub(fsys, name)
	if err != nil {
		return nil, &FormatError{File: name, Reason: "cannot be opened", Err: err}
	}
	rec := new(Recording)
	note := func(e *FormatError) error {
		e.File = path.Join(name, e.File)
		rec.Problems = append(rec.Problems, e)
		return nil
	}
	if err := rec.open(sub, note); err != nil {
		return nil, err
	}
	return rec, nil
}

// reader collects the messages of a foreign form.
type reader struct {
	seen     []sighting
	problems []*FormatError
	total    int  // octets
	unzipped int  // octets of what archives held, messages or not
	ordered  bool // the form has the messages in the order in which they were sent
}

// sighting is a message, and what tells who sent it.
type sighting struct {
	Message
	told bool // From is what the form says
	clue clue // of the message itself
	hint clue // of what stands around it
	ref  string
}

// fault notes what could not be read.
func (r *reader) fault(file string, entry int, offset int64, reason string, err error) {
	const most = 10_000
	if len(r.problems) < most {
		r.problems = append(r.problems, &FormatError{File: file, Entry: entry, Offset: offset, Reason: reason, Err: err})
	}
}

// file reads one file.
func (r *reader) file(fsys fs.FS, name string, read func(fs.FS, string, int) ([]byte, error)) error {
	octets, err := read(fsys, name, min(maxTotal, maxTotal-r.total))
	if err != nil {
		return &FormatError{File: name, Reason: "cannot be read", Err: err}
	}
	switch {
	case bytes.HasPrefix(octets, []byte("PK\x03\x04")), bytes.HasPrefix(octets, []byte("PK\x05\x06")):
		r.ordered = true
		return r.saz(name, octets)
	case isHAR(octets):
		r.ordered = true
		r.har(name, octets)
	default:
		r.text(name, octets)
	}
	return nil
}

// folder reads the files of a folder, in the order of their names.
func (r *reader) folder(fsys fs.FS, name string) error {
	entries, err := fs.ReadDir(fsys, name)
	if err != nil {
		return &FormatError{File: name, Reason: "cannot be read", Err: err}
	}
	for _, e := range entries {
		if e.IsDir() {
			continue
		}
		file := path.Join(name, e.Name())
		if err := r.file(fsys, file, readRegular); err != nil {
			var fault *FormatError
			if !errors.As(err, &fault) {
				return err
			}
			r.problems = append(r.problems, fault)
		}
	}
	r.ordered = false
	return nil
}

// place is where a message stands.
type place struct {
	file   string
	entry  int
	offset int64
}

func (p place) String() string {
	if p.entry == 0 {
		return p.file
	}
	return fmt.Sprintf("entry %d of %s", p.entry, p.file)
}

// add adds what may be a message. It reports whether it is one.
func (r *reader) add(at place, s sighting, octets []byte) error {
	if len(octets) > maxFile || r.total+len(octets) > maxTotal || len(r.seen) >= maxEntries {
		return errTooLarge
	}
	m, err := wbxml.Decode(octets)
	if err != nil {
		return err
	}
	s.Octets, s.Origin = octets, at.String()
	if s.Size == 0 {
		s.Size = len(octets)
	}
	if s.ContentType == "" {
		s.ContentType = wbxml.Detect(octets).ContentType()
	}
	s.see(m)
	r.total += len(octets)
	r.seen = append(r.seen, s)
	return nil
}

// see notes what a message says about itself.
func (s *sighting) see(m *syncml.Message) {
	h := &m.Header
	s.Source, s.SessionID, s.MsgID = strings.Clone(h.Source.URI), strings.Clone(h.SessionID), strings.Clone(h.MsgID)
	s.clue = sender(m)
	for _, c := range m.Body {
		if status, ok := c.(*syncml.Status); ok {
			s.ref = strings.Clone(status.MsgRef)
			break
		}
	}
}

// recording puts what was seen in order: exchanges of a message of the device and the reply.
func (r *reader) recording() *Recording {
	guess(r.seen)
	if !r.ordered && !inOrder(r.seen) {
		order(r.seen)
	}
	rec := &Recording{Problems: r.problems}
	number, answered := 0, true
	for i := range r.seen {
		m := r.seen[i].Message
		if m.From == FromDevice || answered {
			number++
		}
		answered = m.From == FromServer
		m.Number = number
		if m.From == FromServer && m.Status == 0 {
			m.Status = 200
		}
		m.Time = m.Time.UTC()
		rec.Messages = append(rec.Messages, m)
	}
	return rec
}

// inOrder reports whether messages may have been sent in their order: in each session the device counts or begins anew,
// and the server answers the last message.
func inOrder(list []sighting) bool {
	last := make(map[string]int) // MsgID of the device
	for i := range list {
		s := &list[i]
		if s.Octets == nil {
			continue
		}
		before, known := last[s.SessionID]
		switch n := number(s.MsgID); {
		case s.From == FromDevice && known && n != 1 && n != before && n != before+1:
			return false
		case s.From == FromDevice:
			last[s.SessionID] = n
		case known && s.ref != "" && number(s.ref) != before:
			return false
		}
	}
	return true
}

// order sorts messages that come in no order, such as files: by time if all have one, else sessions as they come up, and
// in each the messages by MsgID, the reply behind the message that it refers to.
func order(list []sighting) {
	if !slices.ContainsFunc(list, func(s sighting) bool { return s.Time.IsZero() }) {
		slices.SortStableFunc(list, func(a, b sighting) int { return a.Time.Compare(b.Time) })
		return
	}
	first := make(map[string]int)
	key := func(s *sighting) (session, message int) {
		id := s.SessionID
		if _, ok := first[id]; !ok {
			first[id] = len(first)
		}
		if s.From == FromServer && s.ref != "" {
			return first[id], 2*number(s.ref) + 1
		}
		return first[id], 2*number(s.MsgID) + int(s.From)
	}
	for i := range list {
		key(&list[i])
	}
	slices.SortStableFunc(list, func(a, b sighting) int {
		as, am := key(&a)
		bs, bm := key(&b)
		if as != bs {
			return as - bs
		}
		return am - bm
	})
}

// number returns a MsgID as a number, 0 if it is none.
func number(s string) int {
	n := 0
	for _, c := range s {
		if c < '0' || c > '9' || n > 1<<24 {
			return 0
		}
		n = 10*n + int(c-'0')
	}
	return n
}

// timeIn returns the first time in a text as logs write it, the zero time if there is none. A time without a zone is taken
// for UTC.
func timeIn(s string) time.Time {
	for _, text := range timestamp.FindAllString(s, 4) {
		text = strings.Replace(strings.Replace(text, " ", "T", 1), ",", ".", 1)
		for _, layout := range [...]string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999", "2006-01-02T15:04:05.999999999Z0700"} {
			if t, err := time.Parse(layout, text); err == nil {
				return t
			}
		}
	}
	return time.Time{}
}
