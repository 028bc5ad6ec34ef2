package cluster

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// device is a simulated device and what is asked of it. One goroutine plays it.
type device struct {
	site     *site
	reader   *reader
	id       omadm.DeviceID
	random   *rand.Rand
	sim      *simdevice.Device
	wishes   []*wish
	next     int      // of wishes: not enqueued yet
	notices  []string // alerts of its own, by their data
	noticed  bool     // a session was completed since the last of them
	calm     bool     // no more accidents
	sessions int
}

// The places in the tree of the device.
const (
	policy   = "./Vendor/MSFT/Policy/Config/Cluster/"
	profiles = "./Vendor/MSFT/WiFi/Profile/"
	places   = "./Vendor/MSFT/VPNv2/"
	reboot   = "./Vendor/MSFT/Reboot/RebootNow"
)

// newDevice registers a device that has wishes.
func newDevice(s *site, r *reader, n int, random *rand.Rand, wishes int) (*device, error) {
	d := &device{site: s, reader: r, id: omadm.DeviceID(fmt.Sprintf("device-%d", n)), random: random}
	d.sim = &simdevice.Device{
		ID: string(d.id), URL: s.url + "/" + string(d.id), Transport: simdevice.HTTP{Client: &http.Client{Transport: s.client.Transport}},
		Fault: d.accident, Retry: d.retry, LargeObjects: true, Resend: true, ChunkSize: 1500,
		SessionIDs: simdevice.SessionIDs(n % 2), // one that says 0 would have to pause for minutes between two sessions
	}
	if n%4 == 1 {
		d.sim.Codec = wbxml.Codec
	}
	if n%3 == 0 {
		d.sim.MaxMsgSize = 2500 + random.Int64N(3000)
	}
	for i := range wishes {
		d.wishes = append(d.wishes, d.wish(i))
	}
	return d, s.admin(s.ctx, "PUT", "/admin/devices/"+string(d.id), nil, nil)
}

// accident is the schedule of what goes wrong on the way: a fifth of the messages.
func (d *device) accident(int, int) simdevice.Fault {
	if d.calm || d.random.IntN(5) > 0 {
		return simdevice.NoFault
	}
	return simdevice.Fault(1 + d.random.IntN(int(simdevice.LateAfter)))
}

// retry lets the device send a message again when the server did not answer. Now and then it gives up, and begins anew
// later.
func (d *device) retry(_ context.Context, attempt int, err error) error {
	if attempt > 50 || d.site.ctx.Err() != nil || !d.calm && d.random.IntN(4) == 0 {
		return err
	}
	d.site.settle()
	return nil
}

// play lets the device have sessions until the plan is done and all its wishes are enqueued, and then as many without
// accidents as it takes.
func (d *device) play() error {
	for {
		share := d.site.plan.share(d.site.messages.Load())
		if err := d.enqueue(share); err != nil {
			return err
		}
		if err := d.cancel(); err != nil {
			return err
		}
		d.notify()
		if err := d.session(); err != nil {
			return err
		}
		if share == 1 && d.next == len(d.wishes) {
			return d.drain()
		}
	}
}

// drain lets the device come until the reader has seen the outcome of each wish.
func (d *device) drain() error {
	d.calm = true
	for {
		open := slices.IndexFunc(d.wishes, func(w *wish) bool { return d.reader.outcome(d.id, w.request.ID) == nil })
		if open < 0 {
			return nil
		}
		if err := d.session(); err != nil {
			return fmt.Errorf("%w; %s has no outcome", err, d.wishes[open].request.ID)
		}
	}
}

// session lets the device have a session.
func (d *device) session() error {
	if err := d.site.ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", d.id, err)
	}
	report, _ := d.sim.Session(d.site.ctx) // the error is that of a session that an accident ended
	d.sessions++
	d.noticed = d.noticed || report.End == simdevice.Completed
	var errs []error
	for _, v := range report.Violations {
		if !d.excused(v) {
			errs = append(errs, fmt.Errorf("%s: session %s: %w", d.id, report.SessionID, v))
		}
	}
	return errors.Join(errs...)
}

// excused reports whether a violation comes of what the server cannot foresee: the request that had no room in a small
// message was canceled, or has expired, before the next.
func (d *device) excused(v simdevice.Violation) bool {
	return v.Row == "P-14" && d.sim.MaxMsgSize > 0 && strings.HasPrefix(v.Text, "the message before has no Final")
}

// batch is how many requests are put in at a time, so that they travel in company.
const batch = 4

// enqueue puts in wishes until that share of them is there.
func (d *device) enqueue(share float64) error {
	for upTo := int(share*float64(len(d.wishes))) / batch * batch; d.next < upTo; d.next++ {
		w := d.wishes[d.next]
		now := time.Now()
		if w.delay > 0 {
			w.request.NotBefore = now.Add(w.delay)
		}
		if w.life > 0 {
			w.request.Expires = now.Add(w.life)
		}
		path := "/admin/devices/" + string(d.id) + "/requests"
		if err := d.site.admin(d.site.ctx, "POST", path, newRequestJSON(&w.request), nil); err != nil {
			return err
		}
	}
	return nil
}

// cancel takes a request back now and then, most likely one that was just put in. When there is no answer it is not known
// whether it was.
func (d *device) cancel() error {
	if d.next == 0 || d.random.IntN(4) > 0 {
		return nil
	}
	w := d.wishes[max(0, d.next-1-d.random.IntN(2*batch))]
	w.cancel = true
	path := "/admin/devices/" + string(d.id) + "/requests/" + string(w.request.ID)
	status, answer, err := d.site.call(d.site.ctx, "DELETE", path, nil)
	switch {
	case err != nil, status == http.StatusServiceUnavailable:
		d.site.settle()
	case status == http.StatusNoContent:
		w.canceled = true
	case status != http.StatusConflict && status != http.StatusNotFound: // PostgreSQL shows an outcome later than the queue
		return fmt.Errorf("%s: canceling %s: status %d: %s", d.id, w.request.ID, status, answer)
	}
	return nil
}

// notify gives the device something to say now and then, one thing at a time: where their statuses leave no room for commands
// the server keeps its package open, which the device does not know.
func (d *device) notify() {
	if !d.noticed || d.random.IntN(2) > 0 {
		return
	}
	d.noticed = false
	data := fmt.Sprintf("notice-%d", len(d.notices))
	d.notices = append(d.notices, data)
	d.sim.Notify(syncml.Alert{
		Data: syncml.Text(fmt.Sprint(int(omadm.AlertGeneric))),
		Items: []syncml.Item{{
			Source: syncml.Location{URI: policy + "Notice"}, Meta: &syncml.Meta{Type: alertType, Format: "chr"}, Data: syncml.Text(data),
		}},
	})
}

// wish is a request, and what may come of it.
type wish struct {
	request  omadm.Request
	kind     string
	delay    time.Duration // until NotBefore
	life     time.Duration // until Expires
	refused  bool          // by the device
	answer   string        // the value that a Get brings
	cancel   bool          // it was tried
	canceled bool          // it is known
}

// kinds are the kinds of wishes. What each of them asks for can be told from all others by its address or value.
var kinds = []struct {
	name string
	make func(d *device, w *wish, id string)
}{
	{"replace", func(d *device, w *wish, id string) { w.ops(replace(policy+id, id)) }},
	{"replace at most once", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id))
		w.request.Delivery = omadm.AtMostOnce
	}},
	{"exec", func(d *device, w *wish, id string) { w.ops(execute(id)) }},
	{"exec", func(d *device, w *wish, id string) { w.ops(execute(id)) }},
	{"atomic", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id), replace(policy+id+"b", id))
		w.request.Group = omadm.Atomic
	}},
	{"atomic at most once", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id), replace(policy+id+"b", id))
		w.request.Group, w.request.Delivery = omadm.Atomic, omadm.AtMostOnce
	}},
	{"sequence with exec", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id), execute(id))
		w.request.Group = omadm.Sequence
	}},
	{"sequence", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id), get(policy+id))
		w.request.Group, w.answer = omadm.Sequence, id
	}},
	{"add", func(d *device, w *wish, id string) {
		w.ops(omadm.Op{Verb: omadm.Add, URI: omadm.URI(places + id), Value: omadm.Text(id)})
	}},
	{"delete", func(d *device, w *wish, id string) {
		d.put(places+id, "old")
		w.ops(omadm.Op{Verb: omadm.Delete, URI: omadm.URI(places + id)})
	}},
	{"get", func(d *device, w *wish, id string) {
		d.put(profiles+id, "value of "+id)
		w.ops(get(profiles + id))
		w.answer = "value of " + id
	}},
	{"large object", func(d *device, w *wish, id string) {
		w.answer = strings.Repeat(id+" ", 1000+d.random.IntN(3000))
		w.ops(replace(policy+id, w.answer), get(policy+id))
	}},
	{"refused", func(d *device, w *wish, id string) {
		w.ops(replace("./DevDetail/SwV", id))
		w.refused = true
	}},
	{"short life", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id))
		w.life = time.Duration(1 + d.random.IntN(int(200*time.Millisecond)))
	}},
	{"later", func(d *device, w *wish, id string) {
		w.ops(replace(policy+id, id))
		w.delay = time.Duration(d.random.IntN(int(500 * time.Millisecond)))
	}},
	{"of the user", func(d *device, w *wish, id string) {
		w.ops(replace("./User/Vendor/MSFT/Policy/Config/Cluster/"+id, id))
	}},
}

// wish makes the nth request.
func (d *device) wish(n int) *wish {
	k := kinds[d.random.IntN(len(kinds))]
	id := fmt.Sprintf("r%d", n)
	w := &wish{kind: k.name, request: omadm.Request{ID: omadm.RequestID(id), Priority: d.random.IntN(3)}}
	k.make(d, w, id)
	return w
}

func (w *wish) ops(list ...omadm.Op) { w.request.Ops = list }

// put makes a node that is there before the server comes.
func (d *device) put(uri, value string) {
	d.sim.Nodes().Put(uri, simdevice.Node{Value: syncml.Text(value), Access: simdevice.Get | simdevice.Replace | simdevice.Delete})
}

func replace(uri, value string) omadm.Op {
	return omadm.Op{Verb: omadm.Replace, URI: omadm.URI(uri), Value: omadm.Text(value)}
}

func get(uri string) omadm.Op { return omadm.Op{Verb: omadm.Get, URI: omadm.URI(uri)} }

func execute(value string) omadm.Op {
	return omadm.Op{Verb: omadm.Exec, URI: reboot, Value: omadm.Text(value)}
}
