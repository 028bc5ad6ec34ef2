package syncml

// Decoder decodes one message after another in XML and reuses its memory. The zero Decoder is ready to use, by one
// goroutine at a time. It keeps as much memory as the largest message so far needed.
type Decoder struct {
	// Limits bound what is accepted. Zero fields mean their defaults.
	Limits Limits
	// KeepStrings makes the strings of a message stay good: only the message and what it points to are reused.
	KeepStrings bool

	decoder decoder
	buffer  []byte
}

// Decode reads one message. The message and, without KeepStrings, all its strings are good until the next call: clone what
// has to last. Nothing of b is kept. The error is a *SyntaxError or a *LimitError.
func (r *Decoder) Decode(b []byte) (*Message, error) {
	lim := r.Limits.WithDefaults()
	if len(b) > lim.Octets {
		return nil, &LimitError{Limit: "Octets", Max: lim.Octets, Offset: lim.Octets}
	}
	r.decoder.reuse()
	r.decoder.kept.reuse = !r.KeepStrings
	m := r.decoder.decode(r.text(b), lim)
	if m == nil {
		return nil, r.decoder.err()
	}
	return m, nil
}

// text returns b as a string: a copy that lasts, or one in the buffer.
func (r *Decoder) text(b []byte) string {
	if r.KeepStrings {
		return string(b)
	}
	r.buffer = append(r.buffer[:0], b...)
	return aliasString(r.buffer)
}

// Codec returns XML with a Decode that is the one of r, under the limits that it is given.
func (r *Decoder) Codec() Codec { return reusingCodec{r} }

type reusingCodec struct{ decoder *Decoder }

func (reusingCodec) ContentType() string { return XML.ContentType() }

func (c reusingCodec) Decode(b []byte, lim Limits) (*Message, error) {
	c.decoder.Limits = lim
	return c.decoder.Decode(b)
}

func (reusingCodec) AppendHeader(dst []byte, h *Header) ([]byte, error) {
	return XML.AppendHeader(dst, h)
}

func (reusingCodec) AppendCommand(dst []byte, c Command) ([]byte, error) {
	return XML.AppendCommand(dst, c)
}

func (reusingCodec) AppendEnd(dst []byte, final bool) ([]byte, error) {
	return XML.AppendEnd(dst, final)
}
