package auth

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
)

// challengeSize is the size of a computed nonce in octets. OMA DM Security 1.2.1 asks for 128 bits.
const challengeSize = 16

// Challenge computes the nonce with which a server challenges an account, so that the server need not keep it: whoever
// has the key finds the same nonce again from the same arguments. It cannot be predicted without the key, which should
// have 32 random octets and be the same on all nodes of the server.
//
// Generation has to move with each credential that is accepted, so that a challenge is good once. Slot is a span of
// time, so that it is not good for ever. The session is the SessionID of the message that is answered.
func Challenge(key []byte, account string, generation uint64, session string, slot int64) []byte {
	// Each text follows its length: no two sets of arguments make the same octets.
	b := make([]byte, 0, 64+len(account)+len(session))
	b = appendText(b, "gomadm challenge")
	b = appendText(b, account)
	b = binary.BigEndian.AppendUint64(b, generation)
	b = appendText(b, session)
	b = binary.BigEndian.AppendUint64(b, uint64(slot))
	h := hmac.New(sha256.New, key)
	h.Write(b)
	return h.Sum(nil)[:challengeSize]
}

func appendText(b []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint64(b, uint64(len(s))), s...)
}
