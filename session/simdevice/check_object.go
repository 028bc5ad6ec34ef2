package simdevice

import (
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// goesOn reports whether the message goes on with the large object that the one before began. When it should and does
// not, that is a violation (OMA DM Protocol 1.2.1, section 7).
func (c *check) goesOn() bool {
	if c.s.coming == nil {
		return false
	}
	for _, cmd := range c.m.Body {
		if isStatus(cmd) {
			continue
		}
		if items := cmd.ItemList(); len(items) > 0 && c.s.continues(cmd, &items[0]) {
			return true
		}
		if alertCode(cmd) == omadm.AlertSessionAbort {
			return false
		}
		break
	}
	c.s.violate("L-10", "the %s of %q does not go on", c.s.coming.verb, c.s.coming.uri)
	return false
}

// object checks an item that is a large object or a part of one.
func (c *check) object(cmd syncml.Command, it *syncml.Item, group string) {
	n := int64(len(it.Data.Value))
	obj := c.s.coming
	goesOn := c.continued && !c.joined // the first item is the part
	c.joined = true
	if it.MoreData {
		c.more = true
	}
	switch {
	case it.MoreData && group != "":
		c.s.violate("C-24", "a part of an object stands in a %s", group)
	case it.MoreData && !c.s.large():
		c.s.violate("L-24", "a part of an object is sent to a device without large objects")
	case goesOn:
		c.laterPart(cmd, it, obj)
	case it.MoreData:
		c.firstPart(cmd, it)
	case c.s.d.MaxObjSize > 0 && n > c.s.d.MaxObjSize:
		c.s.violate("L-3", "an object of %d octets, the device takes %d", n, c.s.d.MaxObjSize)
	}
	if it.MoreData && n == 0 {
		c.s.violate("L-25", "a part of an object is empty")
	}
}

// firstPart checks the first part of an object, which alone tells the size of the whole.
func (c *check) firstPart(cmd syncml.Command, it *syncml.Item) {
	size, ok := syncml.ParseSize(merge(commandMeta(cmd), it.Meta).Size)
	switch {
	case !ok && c.s.stopped == objectKey(cmd.Name(), it.Target.URI):
		c.s.violate("L-22", "the %s of %q goes on although the device has refused it", cmd.Name(), it.Target.URI)
	case !ok:
		c.s.violate("L-6", "the first part of %q has no Size", it.Target.URI)
	case c.s.d.MaxObjSize > 0 && size > c.s.d.MaxObjSize:
		c.s.violate("L-3", "an object of %d octets, the device takes %d", size, c.s.d.MaxObjSize)
	case int64(len(it.Data.Value)) >= size:
		c.s.violate("L-7", "MoreData behind the whole of %q", it.Target.URI)
	}
}

// laterPart checks a part that is not the first.
func (c *check) laterPart(cmd syncml.Command, it *syncml.Item, obj *object) {
	meta := merge(commandMeta(cmd), it.Meta)
	if meta.Size != "" {
		c.s.violate("L-8", "a later part of %q has a Size", obj.uri)
	}
	if meta.Format != obj.format || meta.Type != obj.kind {
		c.s.violate("L-8", "a later part of %q has another Format or Type than the first", obj.uri)
	}
	have := int64(len(obj.data) + len(it.Data.Value))
	if obj.size >= 0 && (!it.MoreData && have != obj.size || it.MoreData && have > obj.size) {
		c.s.violate("L-6", "%d octets of %q, %d were announced", have, obj.uri, obj.size)
	}
}

// endOfData checks an Alert 1225, with which the server says that it has lost a large object of the device.
func (c *check) endOfData(a *syncml.Alert) {
	if c.s.going == nil {
		c.s.violate("L-18", "Alert 1225 though no object is on its way")
		return
	}
	uri := c.s.going.cmd.ItemList()[0].Source.URI
	for _, it := range a.Items {
		if it.Source.URI == uri || it.Target.URI == uri {
			return
		}
	}
	c.s.violate("L-18", "Alert 1225 does not name the object that is on its way")
}

// part checks the answer to a part of a large object of the device.
func (c *check) part() {
	switch going := c.s.going; {
	case going == nil || c.lost:
	case going.statuses == 0:
		c.s.violate("L-15", "no Status for a part of an object, CmdRef %s", going.cmdID)
	case !failed(going.status) && going.status != omadm.StatusChunkedItemAccepted:
		c.s.violate("L-15", "Status %d for a part of an object, CmdRef %s", int(going.status), going.cmdID)
	}
}
