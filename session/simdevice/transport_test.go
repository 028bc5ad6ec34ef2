package simdevice_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

func TestHTTP(t *testing.T) {
	s := &server{t: t, script: []string{get(1, ".")}}
	ts := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		assert.Equal(t, http.MethodPost, r.Method)
		assert.Equal(t, "Bearer x", r.Header.Get("Authorization"))
		assert.Equal(t, "signature", r.Header.Get("MS-Signature"))
		body, err := io.ReadAll(r.Body)
		assert.NoError(t, err)
		kind, answer, _ := s.Post(r.Context(), serverURL, r.Header.Get("Content-Type"), body)
		w.Header().Set("Content-Type", kind+"; charset=utf-8")
		w.Write(answer)
	}))
	defer ts.Close()
	d := device(s)
	d.URL = ts.URL
	d.Transport = simdevice.HTTP{Client: ts.Client(), Header: http.Header{"Authorization": {"Bearer x"}}}
	d.Sign = func([]byte) (http.Header, error) { return http.Header{"MS-Signature": {"signature"}}, nil }
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.NoError(t, report.Err())
	assert.Equal(t, 2, s.posts)
}

func TestHTTPErrorHasTheStatus(t *testing.T) {
	ts := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer ts.Close()
	d := &simdevice.Device{ID: deviceID, URL: ts.URL, Transport: simdevice.HTTP{}}
	_, err := d.Session(t.Context())
	var status *simdevice.HTTPError
	require.ErrorAs(t, err, &status)
	assert.Equal(t, http.StatusServiceUnavailable, status.StatusCode)
	assert.Equal(t, "7", status.Header.Get("Retry-After"))
}

func TestAnswerOfAnotherTypeIsAViolation(t *testing.T) {
	d := device(&server{t: t})
	d.Transport = retyped{d.Transport}
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{"H-3"}, rows(report))
}

// retyped answers with the content type of data synchronisation.
type retyped struct{ simdevice.Transport }

func (r retyped) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	_, answer, err := r.Transport.Post(ctx, url, contentType, body)
	return syncml.ContentTypeDSXML, answer, err
}

// failsOnce is a transport that loses one message before the server has it.
type failsOnce struct {
	simdevice.Transport
	at int // counted down
}

func (f *failsOnce) Post(ctx context.Context, url, contentType string, body []byte) (string, []byte, error) {
	if f.at--; f.at == 0 {
		return "", nil, errDown
	}
	return f.Transport.Post(ctx, url, contentType, body)
}

// A message that may not have arrived makes the one before it no old one.
func TestLateMessageAfterAFailure(t *testing.T) {
	e := newEngine(t, simdevice.MD5, false)
	e.work()
	d := e.device(simdevice.MD5, false)
	d.Transport = &failsOnce{Transport: struct{ simdevice.Transport }{e}, at: 3}
	d.Fault = func(message, attempt int) simdevice.Fault {
		if message == 3 && attempt == 2 {
			return simdevice.LateBefore
		}
		return simdevice.NoFault
	}
	report, err := d.Session(t.Context())
	require.NoError(t, err)
	assert.NoError(t, report.Err())
}
