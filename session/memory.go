package session

import (
	"bytes"

	"github.com/gomadm/gomadm/syncml"
)

// memory is what a handler needs to answer a message, and uses again for the next. What goes on for longer, such as
// strings, is not part of it.
type memory struct {
	again   bool // that it is used again; otherwise each message leaves behind what is its own
	decoder syncml.Decoder
	codec   syncml.Codec // of decoder
	body    bytes.Buffer
	turn    Turn
}

// maxReused is the size in octets of the largest message whose memory is used again.
const maxReused = 64 << 10

// memory returns memory for a message. Hooks and a Director may keep what they are shown, so with them it is new.
func (h *Handler) memory() *memory {
	if h.cfg.Director != nil || h.cfg.Hooks.Committed != nil {
		return new(memory)
	}
	if m, ok := h.memories.Get().(*memory); ok {
		return m
	}
	m := &memory{again: true, decoder: syncml.Decoder{KeepStrings: true}}
	m.codec = m.decoder.Codec()
	return m
}

// release gives back the memory of a message that was answered. That of one which was not is dropped: a store of which it
// is not known what happened may still be at it.
func (h *Handler) release(m *memory) {
	if !m.again || m.body.Cap() > maxReused {
		return
	}
	m.body.Reset()
	m.turn.release()
	h.memories.Put(m)
}

// reading returns the codec that decodes into the memory, if there is one.
func (m *memory) reading(codec syncml.Codec) syncml.Codec {
	if m.again && codec == syncml.XML {
		return m.codec
	}
	return codec
}

// newTurn returns the turn for an attempt to answer the message.
func (m *memory) newTurn() *Turn {
	if !m.again {
		return new(Turn)
	}
	if m.turn.rec != nil { // of an attempt that failed
		m.turn.release()
	}
	return &m.turn
}
