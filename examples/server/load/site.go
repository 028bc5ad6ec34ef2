package main

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// site is the server that is driven: where devices and the administrator reach it, and how.
type site struct {
	url    string // for devices
	admin  string // URL of /admin
	token  string // of the administrator; empty: none
	tls    *tls.Config
	client *http.Client // of the administrator
}

// newSite returns the site with a URL for devices. The administrator's interface is on the same host.
func newSite(device, token string, config *tls.Config) (*site, error) {
	u, err := url.Parse(device)
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	root := url.URL{Scheme: u.Scheme, Host: u.Host, Path: "/admin"}
	return &site{
		url: device, admin: root.String(), token: token, tls: config,
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{TLSClientConfig: config, MaxIdleConnsPerHost: clerks}},
	}, nil
}

// AdminError says that the administrator's interface answered otherwise than expected.
type AdminError struct {
	Method, Path string
	StatusCode   int
	Text         string // beginning of the answer
}

func (e *AdminError) Error() string {
	return fmt.Sprintf("load: %s %s: HTTP %d %s", e.Method, e.Path, e.StatusCode, e.Text)
}

// register makes a device known. One that is known already belongs to somebody else and is an error.
func (s *site) register(ctx context.Context, id string) error {
	return s.do(ctx, http.MethodPut, "/devices/"+id, nil, http.StatusCreated)
}

// unregister makes the server forget a device.
func (s *site) unregister(ctx context.Context, id string) error {
	return s.do(ctx, http.MethodDelete, "/devices/"+id, nil, http.StatusNoContent)
}

// enqueue queues a request.
func (s *site) enqueue(ctx context.Context, id string, r request) error {
	body, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return s.do(ctx, http.MethodPost, "/devices/"+id+"/requests", body, http.StatusCreated)
}

// maxText is how much of a wrong answer is told, in octets.
const maxText = 200

// do asks the administrator's interface and wants a status.
func (s *site) do(ctx context.Context, method, path string, body []byte, want int) error {
	req, err := http.NewRequestWithContext(ctx, method, s.admin+path, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	req.Header.Set("Content-Type", "application/json")
	if s.token != "" {
		req.Header.Set("Authorization", "Bearer "+s.token)
	}
	resp, err := s.client.Do(req)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != want {
		text, err := io.ReadAll(io.LimitReader(resp.Body, maxText))
		if err != nil {
			text = []byte(err.Error())
		}
		return &AdminError{method, path, resp.StatusCode, strings.TrimSpace(strings.ToValidUTF8(string(text), "?"))}
	}
	// To the end, so that the connection can be used again.
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return nil
}
