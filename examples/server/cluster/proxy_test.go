package cluster

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"sync"
)

// ServeHTTP is the proxy: it hands a message to the next node. When it cannot, it breaks the connection: only the server
// answers with an HTTP status.
func (s *site) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	var st strike
	struck := false
	if r.Method != http.MethodGet {
		if st, struck = s.plan.strikes[s.messages.Add(1)]; struck {
			s.striking.Lock() // and so all nodes are up
			defer func() { go s.revive(st.victim) }()
		}
	}
	n, to := s.next(r.URL.Path)
	if to == nil {
		panic(http.ErrAbortHandler)
	}
	kill := sync.OnceFunc(func() { s.strike(st.victim, n) })
	if struck && st.phase == before {
		kill()
	}
	ctx := r.Context()
	if struck && st.phase == during {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{WroteRequest: func(httptrace.WroteRequestInfo) { kill() }})
	}
	resp, answer, err := s.forward(ctx, to, r, body)
	if struck {
		kill()
	}
	if err != nil || struck && st.phase == instead {
		panic(http.ErrAbortHandler)
	}
	for name, values := range resp.Header {
		w.Header()[name] = values
	}
	w.WriteHeader(resp.StatusCode)
	_, _ = w.Write(answer) // the sender may be gone
	if r.Method == http.MethodGet {
		return
	}
	s.served.Add(1)
	select {
	case s.moved <- struct{}{}:
	default:
	}
}

// forward sends a request to a node and reads the whole answer.
func (s *site) forward(ctx context.Context, to *node, r *http.Request, body []byte) (*http.Response, []byte, error) {
	out, err := http.NewRequestWithContext(ctx, r.Method, "http://"+to.addr+r.URL.RequestURI(), bytes.NewReader(body))
	if err != nil {
		return nil, nil, err
	}
	out.Header = r.Header.Clone()
	out.GetBody = nil // what was sent is not sent again
	resp, err := s.client.Do(out)
	if err != nil {
		return nil, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp, answer, err
}
