package session

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
)

// Handler serves OMA DM over HTTP: one POST for each message, the reply is the body of the response. It keeps nothing
// between messages, so any number of handlers may share a store. It is safe for concurrent use.
type Handler struct {
	cfg      Config
	memories sync.Pool // of *memory
}

// maxConflicts is how often a message is answered anew because the device was changed meanwhile.
const maxConflicts = 8

// New returns a handler. The error names the field of the configuration that is wrong.
func New(cfg Config) (*Handler, error) {
	if cfg.Store == nil {
		return nil, errors.New("session: Config.Store is nil")
	}
	if cfg.Authenticator == nil {
		return nil, errors.New("session: Config.Authenticator is nil")
	}
	if err := configured(cfg.Authenticator); err != nil {
		return nil, fmt.Errorf("session: Config.Authenticator: %w", err)
	}
	if len(cfg.Codecs) == 0 {
		cfg.Codecs = []syncml.Codec{syncml.XML}
	}
	if i := slices.Index(cfg.Codecs, nil); i >= 0 {
		return nil, fmt.Errorf("session: Config.Codecs[%d] is nil", i)
	}
	if err := cfg.Rules.check(); err != nil {
		return nil, err
	}
	cfg.Codecs = slices.Clone(cfg.Codecs)
	cfg.Rules = cfg.Rules.withDefaults()
	cfg.Rules.Limits.Message = cfg.Rules.Limits.Message.WithDefaults()
	if cfg.Rand == nil {
		cfg.Rand = rand.Reader
	}
	if n := len(cfg.Secret); n > 0 && n < 16 {
		return nil, errors.New("session: Config.Secret is shorter than 16 octets")
	}
	if len(cfg.Secret) == 0 {
		cfg.Secret = make([]byte, 32)
		if _, err := io.ReadFull(cfg.Rand, cfg.Secret); err != nil {
			return nil, fmt.Errorf("session: Config.Rand: %w", err)
		}
	}
	cfg.Secret = slices.Clone(cfg.Secret)
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if insecure(cfg.Authenticator) {
		cfg.Logger.Warn("session: InsecureTrust believes every device its name: for development only")
	}
	return &Handler{cfg: cfg}, nil
}

// ServeHTTP answers one message. Protocol failures are answered with a message and HTTP status 200; an HTTP error has an
// empty body and means that no message could be formed.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	m := h.memory()
	in, err := h.read(r, m)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	a, err := h.respond(r.Context(), in, m)
	if err != nil {
		h.refuse(w, r, err)
		return
	}
	for name, values := range a.Header {
		w.Header()[name] = values
	}
	w.Header().Set("Content-Type", in.ContentType)
	w.Header().Set("Content-Length", strconv.Itoa(len(a.Octets)))
	w.Header().Set("Cache-Control", "private, no-store")
	if _, err := w.Write(a.Octets); err != nil {
		// The device repeats its message and gets the same octets.
		h.cfg.Logger.InfoContext(r.Context(), "session: reply not delivered", "device", string(in.Principal.Device), "err", err)
	}
	h.release(m)
}

// refuse answers with an HTTP error. The reason goes to the log, not to the sender.
func (h *Handler) refuse(w http.ResponseWriter, r *http.Request, err error) {
	var refused *RefusedError
	if !errors.As(err, &refused) {
		refused = &RefusedError{Status: http.StatusServiceUnavailable, Reason: err.Error()}
	}
	switch refused.Status {
	case http.StatusMethodNotAllowed:
		w.Header().Set("Allow", http.MethodPost)
	case http.StatusServiceUnavailable:
		after := max(refused.RetryAfter, time.Second)
		w.Header().Set("Retry-After", strconv.FormatInt(int64(after/time.Second), 10))
	}
	w.Header().Set("Cache-Control", "private, no-store")
	w.WriteHeader(refused.Status)
	reason := refused.Reason
	if refused.Err != nil {
		reason = fmt.Sprintf("%.300s", strings.TrimPrefix(refused.Err.Error(), "session: "))
	}
	h.cfg.Logger.LogAttrs(r.Context(), slog.LevelWarn, "session: message refused",
		slog.Int("status", refused.Status), slog.String("reason", reason), slog.String("remote", r.RemoteAddr))
	if h.cfg.Hooks.Refused != nil {
		h.cfg.Hooks.Refused(r.Context(), refused.Status, err)
	}
}

// read takes the message out of a request.
func (h *Handler) read(r *http.Request, m *memory) (*Inbound, error) {
	if r.Method != http.MethodPost {
		return nil, &RefusedError{Status: http.StatusMethodNotAllowed, Reason: "method is not POST"}
	}
	contentType, codec, err := h.codec(r.Header)
	if err != nil {
		return nil, err
	}
	body, err := h.body(r, &m.body)
	if err != nil {
		return nil, err
	}
	in, err := NewInbound(m.reading(codec), contentType, body, h.cfg.Rules.Limits.Message)
	if err != nil {
		return nil, &RefusedError{Status: http.StatusBadRequest, Reason: err.Error()}
	}
	in.Headers, in.URL, in.TLS, in.RemoteAddr = r.Header, r.URL, r.TLS, r.RemoteAddr
	return in, nil
}

// synonyms are the media types of data synchronisation, which some clients use for DM.
var synonyms = map[string]string{
	syncml.ContentTypeDSXML:   syncml.ContentTypeXML,
	syncml.ContentTypeDSWBXML: syncml.ContentTypeWBXML,
}

// codec chooses the codec by the media type.
func (h *Handler) codec(header http.Header) (string, syncml.Codec, error) {
	if e := header.Get("Content-Encoding"); e != "" && !strings.EqualFold(e, "identity") {
		return "", nil, unsupported("content encoding")
	}
	text := header.Get("Content-Type")
	for _, c := range h.cfg.Codecs { // mostly it is that and nothing else
		if text == c.ContentType() {
			return text, c, nil
		}
	}
	mediaType, params, err := mime.ParseMediaType(text)
	if err != nil && !errors.Is(err, mime.ErrInvalidMediaParameter) {
		return "", nil, h.unsupportedType()
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "us-ascii") {
		return "", nil, unsupported("charset")
	}
	name := mediaType
	if dm, ok := synonyms[mediaType]; ok {
		name = dm
	}
	for _, c := range h.cfg.Codecs {
		if c.ContentType() == name {
			return mediaType, c, nil
		}
	}
	return "", nil, h.unsupportedType()
}

// unsupportedType names the media types that are spoken, not the one that came.
func (h *Handler) unsupportedType() *RefusedError {
	var types []string
	for _, c := range h.cfg.Codecs {
		types = append(types, c.ContentType())
	}
	return &RefusedError{
		Status: http.StatusUnsupportedMediaType, Reason: "media type is none of Config.Codecs: " + strings.Join(types, ", "),
	}
}

func unsupported(what string) *RefusedError {
	return &RefusedError{Status: http.StatusUnsupportedMediaType, Reason: what + " is not supported"}
}

// body reads the body, but not more than one octet beyond the limit.
func (h *Handler) body(r *http.Request, buf *bytes.Buffer) ([]byte, error) {
	limit := int64(h.cfg.Rules.Limits.Message.Octets)
	tooLarge := &RefusedError{Status: http.StatusRequestEntityTooLarge, Reason: "body is too large"}
	if r.ContentLength > limit {
		return nil, tooLarge
	}
	// The announced length is believed only as far as it costs nothing.
	buf.Grow(int(min(max(r.ContentLength, 512), 64<<10)) + bytes.MinRead)
	if _, err := buf.ReadFrom(io.LimitReader(r.Body, limit+1)); err != nil {
		return nil, &RefusedError{Status: http.StatusBadRequest, Reason: "body could not be read"}
	}
	if int64(buf.Len()) > limit {
		return nil, tooLarge
	}
	return buf.Bytes(), nil
}

// respond authenticates the sender and answers the message. An error other than *RefusedError is one of the store.
func (h *Handler) respond(ctx context.Context, in *Inbound, m *memory) (*Answer, error) {
	p, err := h.cfg.Authenticator.Authenticate(ctx, in)
	if errors.Is(err, ErrUnauthenticated) {
		return nil, &RefusedError{Status: http.StatusForbidden, Reason: "sender is not authenticated", Err: err}
	}
	if err != nil {
		return nil, fmt.Errorf("session: authenticate: %w", err)
	}
	in.Principal = p
	var drop []omadm.RequestID // requests of the Director that the device has had already
	for range maxConflicts {
		a, err := h.attempt(ctx, in, m.newTurn(), drop)
		var exists *ExistsError
		switch {
		case errors.Is(err, ErrConflict):
			continue
		case errors.As(err, &exists):
			drop = append(drop, exists.Requests...)
			continue
		case errors.Is(err, ErrUnknownDevice):
			return nil, &RefusedError{Status: http.StatusForbidden, Reason: "device is not registered"}
		}
		return a, err
	}
	return nil, fmt.Errorf("session: device is changed all the time: %w", ErrConflict)
}

// attempt answers the message on the present state of the device and commits what it changes.
func (h *Handler) attempt(ctx context.Context, in *Inbound, t *Turn, drop []omadm.RequestID) (*Answer, error) {
	env := Env{Now: h.cfg.Now(), Rules: h.cfg.Rules}
	rec, err := h.load(ctx, env.Query(in), in.Principal)
	if err != nil {
		return nil, fmt.Errorf("session: load: %w", err)
	}
	if env.Nonces, err = h.challenges(rec, in, env.Now); err != nil {
		return nil, err
	}
	if err := t.receive(rec, in, env); err != nil {
		return nil, err
	}
	a, err := t.Reply(h.direct(ctx, t, drop))
	if err != nil {
		return nil, err
	}
	if a.Change != nil {
		if err := h.cfg.Store.Commit(ctx, a.Change); err != nil {
			return nil, fmt.Errorf("session: commit: %w", err)
		}
		if h.cfg.Hooks.Committed != nil {
			h.cfg.Hooks.Committed(ctx, a.Change)
		}
	}
	for _, note := range a.Notes {
		h.cfg.Logger.LogAttrs(ctx, slog.LevelInfo, "session: "+note,
			slog.String("device", string(in.Principal.Device)), slog.String("session", in.Message.Header.SessionID), slog.String("message", in.Message.Header.MsgID))
	}
	return a, nil
}

// load returns what is known of the sender. A claimed account that does not exist is one without a secret: nothing tells
// it from one with another secret.
func (h *Handler) load(ctx context.Context, q Query, p Principal) (*Record, error) {
	nobody := func() *Record { return &Record{Device: Device{ID: p.Device}} }
	if !p.Proven && p.Device == "" {
		return nobody(), nil
	}
	rec, err := h.cfg.Store.Load(ctx, q)
	switch {
	case !p.Proven && errors.Is(err, ErrUnknownDevice):
		return nobody(), nil
	case err == nil && rec == nil:
		return nil, errNoRecord
	}
	return rec, err
}

// errNoRecord is what a store that breaks its promise is answered for. It costs this message, not the process.
var errNoRecord = errors.New("store returns neither a record nor an error")

// slot is how long a challenge is good at least. It is good for two of them at most.
const slot = 5 * time.Minute

// challenges makes the nonces for a sender that the transport did not prove.
func (h *Handler) challenges(rec *Record, in *Inbound, now time.Time) (c Challenges, err error) {
	if in.Principal.Proven {
		return Challenges{}, nil
	}
	next := make([]byte, 16)
	if _, err := io.ReadFull(h.cfg.Rand, next); err != nil {
		return Challenges{}, fmt.Errorf("session: Config.Rand: %w", err)
	}
	at := now.Unix() / int64(slot/time.Second)
	nonce := func(slot int64) string {
		d := &rec.Device
		return string(auth.Challenge(h.cfg.Secret, string(d.ID), d.Nonces.Generation, in.Message.Header.SessionID, slot))
	}
	return Challenges{Now: nonce(at), Before: nonce(at - 1), Next: string(next)}, nil
}

// direct asks the Director for requests. What it gets wrong costs its requests, not the answer to the device.
func (h *Handler) direct(ctx context.Context, t *Turn, drop []omadm.RequestID) []omadm.Request {
	if h.cfg.Director == nil || !t.Open() {
		return nil
	}
	reqs, err := h.cfg.Director(ctx, t)
	if err != nil {
		h.cfg.Logger.ErrorContext(ctx, "session: director", "device", string(t.rec.Device.ID), "err", err)
		return nil
	}
	var ready []omadm.Request
	for _, r := range reqs {
		if slices.Contains(drop, r.ID) || t.pending(r.ID) != nil {
			continue
		}
		if err := prepare(ctx, &r, t.rec.Device.Facts, h.cfg.Check); err != nil {
			h.cfg.Logger.ErrorContext(ctx, "session: director", "device", string(t.rec.Device.ID), "err", err)
			continue
		}
		ready = append(ready, r)
	}
	return ready
}
