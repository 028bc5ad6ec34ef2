package syncml

// XML is the codec of the XML encoding.
var XML Codec = xmlCodec{}

type xmlCodec struct{}

func (xmlCodec) ContentType() string { return ContentTypeXML }
