package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"iter"
	"log/slog"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// demonstrate lets simulated devices talk to a server on a loopback port, prints what they say, and compares what
// they did with what the store knows of it. The error says what went wrong.
func demonstrate(ctx context.Context, o options, stdout io.Writer, log *slog.Logger) (err error) {
	if o.db == "" {
		folder, err := os.MkdirTemp("", "gomadm")
		if err != nil {
			return fmt.Errorf("server: %w", err)
		}
		o.db = filepath.Join(folder, "gomadm.db")
		return errors.Join(demonstrate(ctx, o, stdout, log), os.RemoveAll(folder))
	}
	db, err := openDatabase(ctx, o.db, o.group)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.close()) }()
	if o.fault == faultDropCommit {
		db.store = &forgetful{store: db.store}
	}
	o.listen = "127.0.0.1:0"
	s, err := newService(o, db, log)
	if err != nil {
		return err
	}
	doors, err := s.listen()
	if err != nil {
		return err
	}
	serving, stop := context.WithCancel(ctx)
	stopped := make(chan error, 1)
	go func() { stopped <- s.run(serving, doors) }()

	client := &http.Client{Timeout: time.Minute}
	d := demo{
		store: db.store, delay: db.delay, url: "http://" + doors.all.Addr().String() + "/dm", client: client, out: newTranscript(stdout),
	}
	err = d.all(ctx, o.devices)
	client.CloseIdleConnections()
	stop()
	return errors.Join(err, <-stopped)
}

// demo is a demonstration.
type demo struct {
	store   store
	delay   time.Duration // how long a result may take to be listed
	url     string
	client  *http.Client
	out     *transcript
	devices []*simdevice.Device

	run      string                       // ends the ids of its requests, so that they are new to a store that has seen another one
	start    session.Cursor               // behind the results of others
	requests map[requestKey]omadm.Request // that its devices may execute
	sessions int
	faults   int // sessions that did not end as they should
}

type requestKey struct {
	device  omadm.DeviceID
	request omadm.RequestID
}

// all runs the sessions of n devices, one after the other, so that what they say can be read.
func (d *demo) all(ctx context.Context, n int) error {
	d.run = rand.Text()
	d.requests = make(map[requestKey]omadm.Request)
	before := 0
	for e, err := range d.entries(ctx, "") {
		if err != nil {
			return err
		}
		d.start = e.Cursor
		before++
	}
	if before > 0 {
		d.out.line("demo: goes on where the one before ended; the database has %d results and outcomes", before)
	}
	for i := range n {
		if err := d.device(ctx, i); err != nil {
			return err
		}
	}
	done, commands := d.executed()
	lost, err := d.lost(ctx, done)
	if err != nil {
		return err
	}
	d.out.line("demo: %d devices, %d sessions, %d commands, %d lost", n, d.sessions, commands, lost)
	if lost > 0 || d.faults > 0 {
		return fmt.Errorf("server: the demonstration lost %d commands and had %d sessions with faults", lost, d.faults)
	}
	return nil
}

// lost counts what only the devices or only the store knows, once all results can have been listed.
func (d *demo) lost(ctx context.Context, done map[act]int) (int, error) {
	for end := time.Now().Add(d.delay); ; {
		known, err := d.known(ctx)
		if err != nil {
			return 0, err
		}
		n := difference(done, known)
		if n == 0 || !time.Now().Before(end) {
			return n, nil
		}
		select {
		case <-time.After(100 * time.Millisecond):
		case <-ctx.Done():
			return 0, ctx.Err()
		}
	}
}

// demoDevice is the id of a device.
func demoDevice(i int) omadm.DeviceID {
	return omadm.DeviceID(fmt.Sprintf("urn:uuid:00000000-0000-4000-8000-%012x", i+1))
}

// device gives a device something to do and lets it come twice.
func (d *demo) device(ctx context.Context, i int) error {
	id := demoDevice(i)
	if err := d.register(ctx, id); err != nil {
		return err
	}
	dev := &simdevice.Device{
		ID: string(id), URL: d.url, Transport: simdevice.HTTP{Client: d.client}, MaxMsgSize: 64 << 10, Trace: d.out.message,
	}
	dev.Notify(token())
	d.devices = append(d.devices, dev)
	for _, work := range [...][]omadm.Request{firstWork(i), secondWork()} {
		if err := d.enqueue(ctx, id, work); err != nil {
			return err
		}
		if err := d.session(ctx, dev); err != nil {
			return err
		}
	}
	return nil
}

// register makes a device known. One that is known may have work of a demonstration that was interrupted.
func (d *demo) register(ctx context.Context, id omadm.DeviceID) error {
	rec, err := d.store.Load(ctx, everything(id))
	if errors.Is(err, session.ErrUnknownDevice) {
		return d.store.Register(ctx, session.Device{ID: id})
	}
	if err != nil {
		return err
	}
	for _, p := range rec.Requests {
		d.requests[requestKey{id, p.Request.ID}] = p.Request
	}
	return nil
}

func (d *demo) enqueue(ctx context.Context, id omadm.DeviceID, work []omadm.Request) error {
	for i := range work {
		work[i].ID += omadm.RequestID("-" + d.run)
		d.requests[requestKey{id, work[i].ID}] = work[i]
	}
	q := session.Queue{Store: d.store}
	return q.Enqueue(ctx, id, work...)
}

// session runs a session. One that goes wrong is noted, and the demonstration goes on, unless it was interrupted.
func (d *demo) session(ctx context.Context, dev *simdevice.Device) error {
	d.sessions++
	d.out.line("== device %s, session %d", dev.ID, d.sessions)
	id, err := d.nextSession(ctx, omadm.DeviceID(dev.ID))
	if err != nil {
		return err
	}
	report, err := dev.SessionWith(ctx, simdevice.SessionOptions{ID: id})
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := errors.Join(err, report.Err()); err != nil {
		d.faults++
		d.out.line("  !! %v", err)
	}
	d.out.line("")
	return nil
}

// nextSession returns the SessionID that a device would use which had counted on since the last demonstration.
func (d *demo) nextSession(ctx context.Context, id omadm.DeviceID) (string, error) {
	rec, err := d.store.Load(ctx, session.Query{Device: id})
	if err != nil {
		return "", err
	}
	if len(rec.Sessions) == 0 {
		return "1", nil
	}
	last := slices.MaxFunc(rec.Sessions, func(a, b session.State) int { return a.Seen.Compare(b.Seen) })
	n, err := strconv.Atoi(last.ID)
	if err != nil {
		return "", fmt.Errorf("server: device %q has session %q, which is not of a demonstration", id, last.ID)
	}
	return strconv.Itoa(n%9999 + 1), nil // at most four octets
}

const (
	cameraPolicy = "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"
	lockPolicy   = "./Device/Vendor/MSFT/Policy/Config/DeviceLock/"
)

// firstWork is what a device has to do in its first session: one request of each kind.
func firstWork(i int) []omadm.Request {
	return []omadm.Request{
		{ID: "version", Ops: []omadm.Op{
			{Verb: omadm.Get, URI: "./DevDetail/SwV"},
			{Verb: omadm.Get, URI: "./DevInfo/Man"},
		}},
		{ID: "camera", Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: cameraPolicy, Value: omadm.Int(int64(i % 2))},
		}},
		{ID: "reboot", Ops: []omadm.Op{
			{Verb: omadm.Exec, URI: "./Device/Vendor/MSFT/Reboot/RebootNow", Value: omadm.Null()},
		}},
		{ID: "lock", Group: omadm.Atomic, Ops: []omadm.Op{
			{Verb: omadm.Replace, URI: lockPolicy + "DevicePasswordEnabled", Value: omadm.Int(0)},
			{Verb: omadm.Replace, URI: lockPolicy + "MinDevicePasswordLength", Value: omadm.Int(8)},
		}},
	}
}

// The secrets of the demonstration, which neither its transcript nor its recording shows.
const (
	userToken = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJ1c2VyQGV4YW1wbGUudGVzdCJ9.ZGVtb25zdHJhdGlvbg"
	wifiKey   = "a key of the demonstration"
)

// token is the alert with which a Windows device shows who is signed in.
func token() syncml.Alert {
	return syncml.Alert{Data: syncml.Text(strconv.Itoa(int(omadm.AlertClientEvent))), Items: []syncml.Item{{
		Meta: &syncml.Meta{Type: omadm.TypeAADUserToken, Format: "chr"}, Data: syncml.Text(userToken),
	}}}
}

const wifiProfile = "./Device/Vendor/MSFT/WiFi/Profile/Demonstration/WlanXml"

// secondWork reads back what the first session set, and sets a network with its key.
func secondWork() []omadm.Request {
	return []omadm.Request{
		{ID: "network", Ops: []omadm.Op{{Verb: omadm.Add, URI: wifiProfile, Value: omadm.Text(
			"<WLANProfile><name>Demonstration</name><MSM><security><sharedKey><keyMaterial>" + wifiKey + "</keyMaterial></sharedKey></security></MSM></WLANProfile>",
		)}}},
		{ID: "readback", Ops: []omadm.Op{{Verb: omadm.Get, URI: cameraPolicy}}},
	}
}

// act is something done on a device: which command, with which data.
type act struct {
	device     omadm.DeviceID
	verb       string
	uri, value string
}

// executed counts what the devices did by their own count, and how many commands they answered in all.
func (d *demo) executed() (done map[act]int, commands int) {
	done = make(map[act]int)
	for _, dev := range d.devices {
		for _, e := range dev.Executions() {
			commands += e.Executed + e.Undone + e.Refused + e.Skipped
			done[act{omadm.DeviceID(dev.ID), e.Verb, e.LocURI, e.Data.Value}] += e.Executed
		}
	}
	return done, commands
}

// known counts what was done as far as the store knows: commands of requests that have an outcome, once for each time
// that a device reported success.
func (d *demo) known(ctx context.Context) (map[act]int, error) {
	finished := make(map[requestKey]bool)
	reports := make(map[requestKey][]*omadm.Result)
	for e, err := range d.entries(ctx, d.start) {
		if err != nil {
			return nil, err
		}
		id, ok := requestOf(e)
		key := requestKey{e.Device, id}
		if _, ours := d.requests[key]; !ok || !ours {
			continue
		}
		switch {
		case e.Outcome != nil:
			finished[key] = true
		case e.Result.Op != omadm.GroupOp && e.Result.Status.Success():
			reports[key] = append(reports[key], e.Result)
		}
	}
	return d.acts(finished, reports), nil
}

// entries returns what the store lists behind a cursor.
func (d *demo) entries(ctx context.Context, after session.Cursor) iter.Seq2[session.Entry, error] {
	return entriesAfter(after, math.MaxInt, func(after session.Cursor, limit int) ([]session.Entry, error) {
		return d.store.Results(ctx, after, limit)
	})
}

func (d *demo) acts(finished map[requestKey]bool, reports map[requestKey][]*omadm.Result) map[act]int {
	known := make(map[act]int)
	for key, results := range reports {
		if !finished[key] {
			continue
		}
		for _, r := range results {
			op := d.requests[key].Ops[r.Op]
			known[act{key.device, op.Verb.String(), string(op.URI.Absolute()), op.Value.Data.Value}]++
		}
	}
	return known
}

// difference counts what is in one of the two and not in the other.
func difference(a, b map[act]int) int {
	n := 0
	for k, v := range a {
		n += max(v-b[k], 0)
	}
	for k, v := range b {
		n += max(v-a[k], 0)
	}
	return n
}

// forgetful is a broken store: it says of every second commit that it was done, and does not do it.
type forgetful struct {
	store
	commits atomic.Uint64
}

func (s *forgetful) Commit(ctx context.Context, c *session.Change) error {
	if s.commits.Add(1)%2 == 0 {
		return nil
	}
	return s.store.Commit(ctx, c)
}

// endOfTime is when every request is due.
var endOfTime = time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC)

// everything asks for all requests in the queue of a device or on their way.
func everything(id omadm.DeviceID) session.Query {
	return session.Query{Device: id, Now: endOfTime, Limit: math.MaxInt, Octets: math.MaxInt}
}
