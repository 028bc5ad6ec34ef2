package capture

import (
	"archive/zip"
	"bufio"
	"bytes"
	"cmp"
	"compress/gzip"
	"io"
	"net/http"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"
)

// saz reads an archive of Fiddler: a zip whose folder raw has for each exchange the request, as 1_c.txt, the response, as
// 1_s.txt, and what is known about it, as 1_m.xml.
func (r *reader) saz(file string, octets []byte) error {
	z, err := zip.NewReader(bytes.NewReader(octets), int64(len(octets)))
	if err != nil {
		return &FormatError{File: file, Reason: "not a zip", Err: err}
	}
	exchanges := make(map[int]map[string]*zip.File)
	for _, f := range z.File {
		base, kind, ok := strings.Cut(strings.ToLower(path.Base(f.Name)), "_")
		n, err := strconv.Atoi(base)
		if !ok || err != nil || path.Base(path.Dir(f.Name)) != "raw" {
			continue
		}
		if exchanges[n] == nil {
			exchanges[n] = make(map[string]*zip.File)
		}
		exchanges[n][kind] = f
	}
	var numbers []int
	for n := range exchanges {
		numbers = append(numbers, n)
	}
	slices.Sort(numbers)
	for _, n := range numbers {
		r.sazExchange(file, n, exchanges[n])
	}
	if len(numbers) == 0 {
		r.fault(file, 0, 0, "has no folder raw", nil)
	}
	return nil
}

func (r *reader) sazExchange(file string, n int, parts map[string]*zip.File) {
	at := place{file: file, entry: n}
	began := r.sazTime(parts["m.xml"])
	request, err := r.unzip(parts["c.txt"])
	if err != nil {
		r.fault(file, n, 0, "the request cannot be read", err)
		return
	}
	req, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(request)))
	if err != nil {
		r.fault(file, n, 0, "the request is not one of HTTP", err)
		return
	}
	in := sighting{Message: Message{From: FromDevice, Time: began, ContentType: mediaType(req.Header)}, told: true}
	body, err := r.unpack(req.Body, req.Header)
	if err != nil {
		r.fault(file, n, 0, "the body of the device cannot be read", err)
		return
	}
	if !r.claimed(at, in, body) {
		return
	}
	response, err := r.unzip(parts["s.txt"])
	if err != nil || len(response) == 0 {
		r.fault(file, n, 0, "has no answer", err)
		return
	}
	resp, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(response)), req)
	if err != nil {
		r.fault(file, n, 0, "the answer is not one of HTTP", err)
		return
	}
	out := sighting{Message: Message{From: FromServer, Time: began, ContentType: mediaType(resp.Header), Status: resp.StatusCode}, told: true}
	if body, err = r.unpack(resp.Body, resp.Header); err != nil {
		r.fault(file, n, 0, "the body of the server cannot be read", err)
	}
	if len(body) == 0 || !r.claimed(at, out, body) {
		out.Size = len(body)
		r.seen = append(r.seen, out)
	}
}

// unzip returns a file of an archive, nothing if there is none.
func (r *reader) unzip(f *zip.File) ([]byte, error) {
	if f == nil {
		return nil, io.ErrUnexpectedEOF
	}
	in, err := f.Open()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	return r.bounded(in)
}

// bounded reads what is not larger than a message may be, nor takes all that is unzipped beyond what all messages may: a
// small archive may hold a large file many times.
func (r *reader) bounded(in io.Reader) ([]byte, error) {
	limit := min(maxFile, maxTotal-r.unzipped)
	octets, err := io.ReadAll(io.LimitReader(in, int64(limit)+1))
	r.unzipped += min(len(octets), limit)
	if err == nil && len(octets) > limit {
		err = errTooLarge
	}
	return octets, err
}

// unpack returns a body without its encoding.
func (r *reader) unpack(body io.ReadCloser, h http.Header) ([]byte, error) {
	defer body.Close()
	if strings.EqualFold(h.Get("Content-Encoding"), "gzip") {
		z, err := gzip.NewReader(body)
		if err != nil {
			return nil, err
		}
		return r.bounded(z)
	}
	return io.ReadAll(body) // of what was unzipped
}

// sazTime returns when an exchange began, the zero time if nobody knows.
func (r *reader) sazTime(f *zip.File) time.Time {
	if f == nil {
		return time.Time{}
	}
	octets, err := r.unzip(f)
	if err != nil {
		return time.Time{}
	}
	text := string(octets)
	var began time.Time
	for _, name := range [...]string{"ClientBeginRequest", "ClientConnected"} {
		if _, rest, ok := strings.Cut(text, name+`="`); ok {
			value, _, _ := strings.Cut(rest, `"`)
			t, err := time.Parse(time.RFC3339Nano, value)
			if err == nil {
				began = cmp.Or(began, t)
			}
		}
	}
	return began
}
