package syncml

// Decoder decodes one message after another in XML and reuses its memory. The zero Decoder is ready to use, by one
// goroutine at a time. It keeps as much memory as the largest message so far needed.
type Decoder struct {
	// Limits bound what is accepted. Zero fields mean their defaults.
	Limits Limits

	decoder decoder
	buffer  []byte
}

// Decode reads one message. The message and all its strings are good until the next call: clone what has to
// last. Nothing of b is kept. The error is a *SyntaxError or a *LimitError.
func (r *Decoder) Decode(b []byte) (*Message, error) {
	lim := r.Limits.WithDefaults()
	if len(b) > lim.Octets {
		return nil, &LimitError{Limit: "Octets", Max: lim.Octets, Offset: lim.Octets}
	}
	r.decoder.reuse()
	r.buffer = append(r.buffer[:0], b...)
	m := r.decoder.decode(aliasString(r.buffer), lim)
	if m == nil {
		return nil, r.decoder.err()
	}
	return m, nil
}
