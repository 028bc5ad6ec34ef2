package simdevice

import (
	"encoding/base64"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// object is a large object of the server of which parts have arrived (OMA DM Protocol 1.2.1, section 7).
type object struct {
	verb, uri    string
	format, kind string // of the first part: Meta Format and Type
	size         int64  // that the first part announced, in octets as transmitted; -1: none
	data         []byte
	octets       bool // rather than text
	message      int  // number of the message with the last part
}

// objectKey identifies an object among those of a session.
func objectKey(verb, uri string) string { return verb + " " + uri }

func (o *object) key() string { return objectKey(o.verb, o.uri) }

// maxObject is how large an object may be when MaxObjSize is not announced, in octets.
const maxObject = 64 << 20

func (d *Device) maxObject() int64 {
	if d.MaxObjSize > 0 {
		return d.MaxObjSize
	}
	return maxObject
}

// continues reports whether an item of a message goes on with the object that is being received.
func (s *session) continues(c syncml.Command, it *syncml.Item) bool {
	return s.coming != nil && s.coming.message < s.number && s.coming.key() == objectKey(c.Name(), it.Target.URI)
}

// interrupt drops the object that is being received and tells the server which it was.
func (s *session) interrupt() []*unit {
	uri := s.coming.uri
	s.coming = nil
	return []*unit{{commands: []syncml.Command{&syncml.Alert{
		Data:  code(int(omadm.AlertNoEndOfData)),
		Items: []syncml.Item{{Target: syncml.Location{URI: uri}}},
	}}}}
}

// part takes a part of a large object. It reports true with the last one, when o has the whole object; otherwise o
// has the status for the part.
func (x *executor) part(c syncml.Command, it *syncml.Item, meta *syncml.Meta, o *outcome) (whole bool) {
	s := x.s
	if !s.continues(c, it) {
		s.coming = nil
		if o.status = x.begin(c, it, meta); o.status != 0 {
			o.data = syncml.Data{}
			return false
		}
	}
	obj := s.coming
	obj.data = append(obj.data, it.Data.Value...)
	obj.octets = obj.octets || it.Data.Kind == syncml.OctetsData
	obj.message = s.number
	o.status, o.data = x.room(obj), syncml.Data{}
	switch {
	case o.status != 0:
		s.stopped = obj.key()
	case it.MoreData:
		o.status = omadm.StatusChunkedItemAccepted
		return false
	case obj.size >= 0 && int64(len(obj.data)) != obj.size:
		o.status = omadm.StatusSizeMismatch
	}
	s.coming = nil
	if o.status != 0 {
		return false
	}
	if o.data = syncml.Text(string(obj.data)); obj.octets {
		o.data = syncml.Octets(obj.data)
	}
	meta.Format, meta.Type = obj.format, obj.kind
	return true
}

// begin starts a large object. A status says that the device does not take it.
func (x *executor) begin(c syncml.Command, it *syncml.Item, meta *syncml.Meta) omadm.Status {
	s := x.s
	switch c.(type) {
	case *syncml.Add, *syncml.Replace:
	default:
		return omadm.StatusBadRequest
	}
	if !s.large() || x.grouped || it.Data.Kind == syncml.MarkupData {
		return omadm.StatusFeatureNotSupported
	}
	obj := &object{verb: c.Name(), uri: it.Target.URI, format: meta.Format, kind: meta.Type, size: -1}
	if n, ok := syncml.ParseSize(meta.Size); ok {
		obj.size = n
	}
	s.stopped = obj.key()
	switch {
	case obj.size > s.d.maxObject():
		return omadm.StatusRequestedSizeTooBig
	case !s.tree.roomFor(obj.uri, obj.size):
		return omadm.StatusDeviceFull
	}
	s.coming, s.stopped = obj, ""
	return 0
}

// room returns the status that says that the device cannot hold what has come of an object; 0 when it can.
func (x *executor) room(obj *object) omadm.Status {
	switch n := int64(len(obj.data)); {
	case n > x.s.d.maxObject():
		return omadm.StatusEntityTooLarge
	case !x.s.tree.roomFor(obj.uri, n):
		return omadm.StatusDeviceFull
	}
	return 0
}

// plain returns the value of a leaf that was sent as v: octets when the format is binary, whatever they travelled
// as (OMA DM Tree and Description 1.2.1, section 7.7.2).
func plain(format string, v syncml.Data) (string, syncml.Data, bool) {
	if format != "b64" || v.Kind != syncml.TextData {
		return format, v, true
	}
	text := strings.TrimRight(strings.Join(strings.Fields(v.Value), ""), "=")
	octets, err := base64.RawStdEncoding.DecodeString(text)
	return "bin", syncml.Octets(octets), err == nil
}

// carry makes items of Results such that the encoding can carry them: XML has octets as base64 only.
func (s *session) carry(items []syncml.Item) {
	if s.codec.ContentType() != syncml.ContentTypeXML {
		return
	}
	for i := range items {
		it := &items[i]
		if it.Data.Kind != syncml.OctetsData {
			continue
		}
		it.Data = syncml.Text(base64.StdEncoding.EncodeToString([]byte(it.Data.Value)))
		meta := *it.Meta
		meta.Format = "b64"
		it.Meta = &meta
	}
}
