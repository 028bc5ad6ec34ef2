package simdevice

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"maps"
	"net/http"
	"strings"
)

// Transport carries a message to the server at url and brings its answer. The answer must not be changed
// afterwards. A Transport that several devices share has to be safe for concurrent use.
type Transport interface {
	Post(ctx context.Context, url, contentType string, body []byte) (answerType string, answer []byte, err error)
}

// HeaderTransport is a Transport that also carries headers, both ways. A device with the scheme MAC or with Sign needs one.
type HeaderTransport interface {
	Transport
	// PostHeader is Post with all headers, Content-Type included.
	PostHeader(ctx context.Context, url string, header http.Header, body []byte) (answerHeader http.Header, answer []byte, err error)
}

// maxAnswer is how much of an answer HTTP reads, in octets: far more than a message may have.
const maxAnswer = 64 << 20

// HTTP is the HeaderTransport of the HTTP binding: one POST per message. The zero HTTP works.
type HTTP struct {
	Client *http.Client // nil: http.DefaultClient; a client certificate belongs in its TLS configuration
	Header http.Header  // sent with each request, such as Authorization; may be nil
}

// HTTPError says that the server did not answer with 200.
type HTTPError struct {
	StatusCode int
	Header     http.Header // of the response, such as Retry-After
}

func (e *HTTPError) Error() string {
	return fmt.Sprintf("simdevice: the server answered HTTP %d %s", e.StatusCode, http.StatusText(e.StatusCode))
}

// Post implements Transport. The error is an *HTTPError when the server answered with another status than 200.
func (t HTTP) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	header, answer, err := t.PostHeader(ctx, url, http.Header{"Content-Type": {contentType}}, body)
	return header.Get("Content-Type"), answer, err
}

// PostHeader implements HeaderTransport. The error is that of Post.
func (t HTTP) PostHeader(ctx context.Context, url string, header http.Header, body []byte) (http.Header, []byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		return nil, nil, fmt.Errorf("simdevice: %w", err)
	}
	maps.Copy(req.Header, t.Header)
	maps.Copy(req.Header, header)
	client := t.Client
	if client == nil {
		client = http.DefaultClient
	}
	resp, err := client.Do(req)
	if err != nil {
		return nil, nil, fmt.Errorf("simdevice: %w", err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return nil, nil, fmt.Errorf("simdevice: reading the answer: %w", err)
	}
	if len(answer) > maxAnswer {
		return nil, nil, fmt.Errorf("simdevice: the answer is larger than %d octets", maxAnswer)
	}
	if resp.StatusCode != http.StatusOK {
		return nil, nil, &HTTPError{StatusCode: resp.StatusCode, Header: resp.Header}
	}
	return resp.Header, answer, nil
}

// sameMediaType reports whether two content types are equal but for their parameters.
func sameMediaType(a, b string) bool {
	a, _, _ = strings.Cut(a, ";")
	b, _, _ = strings.Cut(b, ";")
	return strings.EqualFold(strings.TrimSpace(a), strings.TrimSpace(b))
}
