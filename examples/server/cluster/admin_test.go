package cluster

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// admin calls the administrator's endpoint through the proxy, and decodes the answer to v unless that is nil. It tries
// again as long as the server is not there or does not know what happened (503).
func (s *site) admin(ctx context.Context, method, path string, body, v any) error {
	for {
		status, answer, err := s.call(ctx, method, path, body)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%s %s: %w", method, path, ctx.Err())
		case err != nil, status == http.StatusServiceUnavailable:
			s.settle()
			continue
		case status/100 != 2:
			return fmt.Errorf("%s %s: status %d: %s", method, path, status, answer)
		case v == nil:
			return nil
		}
		return json.Unmarshal(answer, v)
	}
}

func (s *site) call(ctx context.Context, method, path string, body any) (int, []byte, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return 0, nil, err
	}
	req, err := http.NewRequestWithContext(ctx, method, s.url+path, bytes.NewReader(b))
	if err != nil {
		return 0, nil, err
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}

// opJSON and requestJSON are how the administrator writes a request.
type opJSON struct {
	Verb  string  `json:"verb"`
	URI   string  `json:"uri"`
	Value *string `json:"value,omitempty"`
}

type requestJSON struct {
	ID        string    `json:"id"`
	Group     string    `json:"group"`
	Ops       []opJSON  `json:"ops"`
	Delivery  string    `json:"delivery"`
	Priority  int       `json:"priority"`
	NotBefore time.Time `json:"notBefore,omitzero"`
	Expires   time.Time `json:"expires,omitzero"`
}

func newRequestJSON(r *omadm.Request) requestJSON {
	out := requestJSON{
		ID: string(r.ID), Group: r.Group.String(), Delivery: r.Delivery.String(), Priority: r.Priority,
		NotBefore: r.NotBefore, Expires: r.Expires,
	}
	for i := range r.Ops {
		op := opJSON{Verb: r.Ops[i].Verb.String(), URI: string(r.Ops[i].URI)}
		if v := r.Ops[i].Value.Data.Value; v != "" {
			op.Value = &v
		}
		out.Ops = append(out.Ops, op)
	}
	return out
}

// entry is what the reader gets, one of the three.
type entry struct {
	Cursor  string
	Device  omadm.DeviceID
	Result  *resultEntry
	Outcome *outcomeEntry
	Event   *struct{ Type, Value string }
}

type resultEntry struct {
	Request omadm.RequestID
	Op      *int
	Status  omadm.Status
	Items   []struct{ URI, Value string }
}

type outcomeEntry struct {
	Request  omadm.RequestID
	Kind     string
	Repeated bool
	Attempts int
}

// page is an answer to GET /admin/results.
type page struct {
	Entries []json.RawMessage
	Next    string
}
