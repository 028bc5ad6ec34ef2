package capture

import (
	"errors"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// errLeft says that a secret could not be blanked.
var errLeft = errors.New("capture: a secret cannot be blanked")

// write returns the octets of a message whose secrets were blanked: the octets that arrived, with each secret replaced
// where it stands, if they then mean what blanked means, else blanked in the same encoding.
func (b *blanker) write(codec syncml.Codec, octets []byte, lim syncml.Limits, blanked *syncml.Message, hits []hit) ([]byte, error) {
	if len(hits) == 0 && b.clean(octets) {
		return octets, nil
	}
	if len(hits) <= maxRecent {
		out := inPlace(octets, hits)
		m, err := codec.Decode(out, lim)
		if err == nil && syncml.Equal(m, blanked) && b.clean(out) {
			return out, nil
		}
	}
	out, err := syncml.Append(nil, codec, blanked)
	if err != nil || !b.clean(out) {
		return nil, errLeft
	}
	return out, nil
}

// clean reports whether no long secret is left, be it in what the codec does not read, such as a comment.
func (b *blanker) clean(octets []byte) bool {
	s := string(octets)
	return len(b.recent) == 0 || b.withoutLong(s) == s
}

// inPlace replaces the secrets in the octets of a message: long ones wherever they stand, others where an element, a
// section, an attribute or a token of WBXML holds nothing else.
func inPlace(octets []byte, hits []hit) []byte {
	type pair struct{ old, new string }
	done := make(map[string]bool, len(hits))
	var pairs []pair
	for _, h := range hits {
		if done[h.written] {
			continue
		}
		done[h.written] = true
		fill := Placeholder(h.Secret, len(h.written))
		if len(h.written) >= longSecret {
			pairs = append(pairs, pair{h.written, fill})
			continue
		}
		for _, around := range [...][2]string{
			{">", "<"}, {"&gt;", "&lt;"}, {"[CDATA[", "]]>"}, {`"`, `"`}, {"'", "'"}, {"=", "&amp;"}, {"=", "<"},
			{"\x03", "\x00"}, {"\xc3" + string(rune(len(h.written))), ""},
		} {
			pairs = append(pairs, pair{around[0] + h.written + around[1], around[0] + fill + around[1]})
		}
	}
	slices.SortStableFunc(pairs, func(a, b pair) int { return len(b.old) - len(a.old) })
	var all []string
	for _, p := range pairs {
		all = append(all, p.old, p.new)
	}
	return []byte(strings.NewReplacer(all...).Replace(string(octets)))
}
