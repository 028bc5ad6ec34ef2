package syncml

// XML is the codec of the XML encoding.
var XML Codec = xmlCodec{}

type xmlCodec struct{}

func (xmlCodec) ContentType() string { return ContentTypeXML }

// Decode reads one message. The strings of the message share one copy of b.
func (xmlCodec) Decode(b []byte, lim Limits) (*Message, error) {
	lim = lim.WithDefaults()
	if len(b) > lim.Octets {
		return nil, &LimitError{Limit: "Octets", Max: lim.Octets, Offset: lim.Octets}
	}
	var d decoder
	m := d.decode(string(b), lim)
	if m == nil {
		return nil, d.err()
	}
	return m, nil
}
