package session_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// pusher counts pushes, and does what the test wants at each.
type pusher struct {
	mu     sync.Mutex
	pushed []omadm.DeviceID
	push   func(session.Device) error
}

func (p *pusher) Push(_ context.Context, d session.Device) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pushed = append(p.pushed, d.ID)
	if p.push != nil {
		return p.push(d)
	}
	return nil
}

// without is a store that has none of the optional interfaces.
type without struct{ session.Store }

// windows runs a test with a queue that remembers the window itself, and with one whose store does.
func windows(t *testing.T, test func(t *testing.T, h *house, p *pusher)) {
	t.Run("in the queue", func(t *testing.T) {
		h, p := waking(t)
		h.queue.Store = without{h.queue.Store}
		test(t, h, p)
	})
	t.Run("in the store", func(t *testing.T) {
		h, p := waking(t)
		require.Implements(t, (*session.Pushes)(nil), h.queue.Store)
		test(t, h, p)
	})
}

// waking is a house whose queue wakes devices, by the clock of the house.
func waking(t *testing.T) (*house, *pusher) {
	h, p := newHouse(t), new(pusher)
	h.queue.Pusher = p
	h.queue.Now = func() time.Time { return h.now }
	return h, p
}

func TestQueueWakesTheDeviceAfterTheRequestsAreStored(t *testing.T) {
	h, p := waking(t)
	require.NoError(t, h.store.Register(t.Context(), session.Device{
		ID: deviceID, Facts: omadm.Facts{"channel": "c"}, Account: session.Account{ServerName: "server", ServerSecret: "s"},
	}))
	p.push = func(d session.Device) error {
		assert.Len(t, h.record().Requests, 2)
		assert.Equal(t, "c", d.Facts["channel"])
		assert.Equal(t, "server", d.Account.ServerName, "a notification is signed with it")
		return nil
	}
	require.NoError(t, h.queue.Enqueue(t.Context(), deviceID, request("a", get("./A")), request("b", get("./B"))))
	assert.Equal(t, []omadm.DeviceID{deviceID}, p.pushed)
}

func TestQueueWakesOnlyADeviceThatHasSomethingToDo(t *testing.T) {
	late := func(h *house) omadm.Request {
		r := request("late", get("./A"))
		r.NotBefore = h.now.Add(1)
		return r
	}
	for name, test := range map[string]struct {
		do   func(*house) error
		want int
	}{
		"due":              {func(h *house) error { return h.queue.Enqueue(t.Context(), deviceID, request("a", get("./A"))) }, 1},
		"not_due":          {func(h *house) error { return h.queue.Enqueue(t.Context(), deviceID, late(h)) }, 0},
		"one_of_two_due":   {func(h *house) error { return h.queue.Enqueue(t.Context(), deviceID, late(h), request("a", get("./A"))) }, 1},
		"nothing":          {func(h *house) error { return h.queue.Enqueue(t.Context(), deviceID) }, 0},
		"invalid":          {func(h *house) error { return h.queue.Enqueue(t.Context(), deviceID, request("", get("./A"))) }, 0},
		"unknown_device":   {func(h *house) error { return h.queue.Enqueue(t.Context(), "nobody", request("a", get("./A"))) }, 0},
		"nothing_but_wake": {func(h *house) error { _, err := h.queue.Wake(t.Context(), deviceID); return err }, 1},
		"unknown_and_wake": {func(h *house) error { _, err := h.queue.Wake(t.Context(), "nobody"); return err }, 0},
	} {
		t.Run(name, func(t *testing.T) {
			h, p := waking(t)
			err := test.do(h)
			assert.Len(t, p.pushed, test.want, "error %v", err)
		})
	}
}

func TestFailedPushLeavesTheRequestsInTheQueue(t *testing.T) {
	windows(t, func(t *testing.T, h *house, p *pusher) {
		h.queue.Window = time.Hour
		down := errors.New("down")
		p.push = func(session.Device) error { return down }
		a := request("a", get("./A"))
		err := h.queue.Enqueue(t.Context(), deviceID, a)
		var wake *session.WakeError
		require.ErrorAs(t, err, &wake)
		assert.Equal(t, omadm.DeviceID(deviceID), wake.Device)
		assert.ErrorIs(t, err, down)
		assert.Len(t, h.record().Requests, 1)

		p.push = nil
		require.NoError(t, h.queue.Enqueue(t.Context(), deviceID, a), "again")
		assert.Len(t, h.record().Requests, 1)
		assert.Len(t, p.pushed, 2, "a push that failed does not begin a window")
	})
}

// A push that fails because the caller has gone begins no window either.
func TestPushThatIsCanceledBeginsNoWindow(t *testing.T) {
	windows(t, func(t *testing.T, h *house, p *pusher) {
		h.queue.Window = time.Hour
		ctx, cancel := context.WithCancel(t.Context())
		store := h.queue.Store
		h.queue.Store = mindful{store}
		if s, ok := store.(session.Pushes); ok {
			h.queue.Store = mindfulPushes{mindful{store}, s}
		}
		p.push = func(session.Device) error { cancel(); return ctx.Err() }
		_, err := h.queue.Wake(ctx, deviceID)
		require.ErrorIs(t, err, context.Canceled)

		p.push = nil
		woken, err := h.queue.Wake(t.Context(), deviceID)
		require.NoError(t, err)
		assert.True(t, woken)
	})
}

// mindful is a store that looks at its context, as those in databases do.
type mindful struct{ session.Store }

func (m mindful) Load(ctx context.Context, q session.Query) (*session.Record, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	return m.Store.Load(ctx, q)
}

type mindfulPushes struct {
	mindful
	session.Pushes
}

func (m mindfulPushes) NotWoken(ctx context.Context, id omadm.DeviceID, at time.Time) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	return m.Pushes.NotWoken(ctx, id, at)
}

// That it is not known whether a wake was noted begins no window, and a store that hangs keeps nobody for ever.
func TestStoreThatFailsToNoteAWakeBeginsNoWindow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h, _ := waking(t)
		h.queue.Window = time.Hour
		s := &unsure{Store: h.store, Pushes: h.store, err: errors.New("lost")}
		h.queue.Store = s
		_, err := h.queue.Wake(t.Context(), deviceID)
		require.ErrorIs(t, err, s.err)

		s.err = nil
		woken, err := h.queue.Wake(t.Context(), deviceID)
		require.NoError(t, err)
		assert.True(t, woken)

		s.err, s.hangs = errors.New("lost"), true
		_, err = h.queue.Wake(t.Context(), deviceID)
		require.ErrorIs(t, err, s.err)
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
}

// unsure is a store that notes wakes, but may fail to say so, and may hang when one is taken back.
type unsure struct {
	session.Store
	session.Pushes
	err   error
	hangs bool
}

func (u *unsure) Woken(ctx context.Context, id omadm.DeviceID, at time.Time, window time.Duration) (bool, error) {
	woken, err := u.Pushes.Woken(ctx, id, at, window)
	return woken, errors.Join(err, u.err)
}

func (u *unsure) NotWoken(ctx context.Context, id omadm.DeviceID, at time.Time) error {
	if u.hangs {
		<-ctx.Done()
		return ctx.Err()
	}
	return u.Pushes.NotWoken(ctx, id, at)
}

// absent is a store whose Load fails when it is told to.
type absent struct {
	session.Store
	err error
}

func (a *absent) Load(c context.Context, q session.Query) (*session.Record, error) {
	if a.err != nil {
		return nil, a.err
	}
	return a.Store.Load(c, q)
}

func TestDeviceThatCannotBeLoadedIsNotWoken(t *testing.T) {
	h, p := waking(t)
	h.queue.Store = &absent{Store: h.store, err: errors.New("down")}
	var wake *session.WakeError
	err := h.queue.Enqueue(t.Context(), deviceID, request("a", get("./A")))
	require.ErrorAs(t, err, &wake)
	assert.ErrorContains(t, err, "was not woken: down")
	assert.Len(t, h.record().Requests, 1)
	assert.Empty(t, p.pushed)
}

func TestWindowLimitsThePushesOfADevice(t *testing.T) {
	windows(t, testWindow)
}

func testWindow(t *testing.T, h *house, p *pusher) {
	require.NoError(t, h.store.Register(t.Context(), session.Device{ID: "other"}))
	h.queue.Window = time.Minute
	start := h.now
	for _, step := range []struct {
		at     time.Duration
		device omadm.DeviceID
		want   bool
	}{
		{0, deviceID, true},
		{0, deviceID, false},
		{59 * time.Second, deviceID, false},
		{59 * time.Second, "other", true},
		{time.Minute, deviceID, true},
		{time.Minute + 1, deviceID, false},
		{119*time.Second - 1, "other", false},
		{119 * time.Second, "other", true},
		{2*time.Minute - 1, deviceID, false},
		{2 * time.Minute, deviceID, true},
		{119*time.Second + 1, "other", false},
		{118 * time.Second, "other", false}, // by another clock
		{10 * time.Minute, deviceID, true},
		{0, deviceID, true}, // the clock was put back
		{1, deviceID, false},
	} {
		h.now = start.Add(step.at)
		before := len(p.pushed)
		got, err := h.queue.Wake(t.Context(), step.device)
		require.NoError(t, err)
		assert.Equal(t, step.want, got, "%s at %v", step.device, step.at)
		assert.Equal(t, step.want, len(p.pushed) > before)
	}
}

func TestWithoutWindowEachEnqueueWakes(t *testing.T) {
	h, p := waking(t)
	for i := range 3 {
		h.enqueue(itoa(i), get("./A"))
	}
	assert.Len(t, p.pushed, 3)
}

func TestWindowHoldsWhenManyEnqueueAtOnce(t *testing.T) {
	windows(t, func(t *testing.T, h *house, p *pusher) {
		h.queue.Window = time.Hour
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				assert.NoError(t, h.queue.Enqueue(t.Context(), deviceID, request(itoa(i), get("./A"))))
			})
		}
		all.Wait()
		assert.Len(t, p.pushed, 1)
		assert.Len(t, h.record().Requests, 64)
	})
}

// Queues of several processes are as one when the store remembers the window.
func TestWindowOfAStoreHoldsForAllQueues(t *testing.T) {
	h, p := waking(t)
	h.queue.Window = time.Hour
	var all sync.WaitGroup
	for range 16 {
		q := &session.Queue{Store: h.store, Pusher: p, Window: time.Hour, Now: h.queue.Now}
		all.Go(func() {
			_, err := q.Wake(t.Context(), deviceID)
			assert.NoError(t, err)
		})
	}
	all.Wait()
	assert.Len(t, p.pushed, 1)

	require.NoError(t, h.store.Register(t.Context(), session.Device{ID: deviceID}), "a new enrolment")
	woken, err := h.queue.Wake(t.Context(), deviceID)
	require.NoError(t, err)
	assert.True(t, woken)

	_, err = h.queue.Wake(t.Context(), "nobody")
	var wake *session.WakeError
	require.ErrorAs(t, err, &wake)
	assert.ErrorIs(t, err, session.ErrUnknownDevice)
}

func TestChannelHidesItsURI(t *testing.T) {
	c := session.Channel{URI: "https://push.example/?token=secret", Expires: time.Unix(0, 0).UTC()}
	for _, text := range []string{fmt.Sprint(c), fmt.Sprintf("%+v", c), fmt.Sprintf("%#v", c), c.LogValue().String()} {
		assert.Equal(t, "Channel(set, expires 1970-01-01T00:00:00Z)", text)
	}
	c.Expires = time.Time{}
	assert.Equal(t, "Channel(set)", c.String())
	assert.Equal(t, "Channel(none)", session.Channel{}.String())
}

// anyDevice is a store that knows every device and keeps none.
type anyDevice struct{ session.Store }

func (anyDevice) Load(_ context.Context, q session.Query) (*session.Record, error) {
	return &session.Record{Device: session.Device{ID: q.Device}}, nil
}

type silent struct{}

func (silent) Push(context.Context, session.Device) error { return nil }

// The memory of a window does not grow with the devices that are woken in it.
func TestWindowIsBounded(t *testing.T) {
	q := session.Queue{Store: anyDevice{}, Pusher: silent{}, Window: time.Hour, Now: func() time.Time { return time.Unix(1, 0) }}
	next := 0
	after := func(devices int) uint64 {
		for ; next < devices; next++ {
			woken, err := q.Wake(t.Context(), omadm.DeviceID(fmt.Sprintf("a device with a name that takes its room %d", next)))
			require.NoError(t, err)
			require.True(t, woken)
		}
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	few, many := after(150_000), after(900_000)
	assert.Less(t, many, few+few/2+8<<20, "octets after 900,000 devices and after 150,000")
	woken, err := q.Wake(t.Context(), omadm.DeviceID(fmt.Sprintf("a device with a name that takes its room %d", next-1)))
	require.NoError(t, err)
	assert.False(t, woken, "the last are remembered")
}

func TestCancelTakesBackWhatWaits(t *testing.T) {
	h, p := waking(t)
	h.enqueue("sent", exec("./Run"))
	h.post(msg("1", "1", pkg1))
	h.enqueue("a", get("./A"))
	h.enqueue("b", get("./B"))
	p.pushed = nil
	got, err := h.queue.Cancel(t.Context(), deviceID, "a", "sent", "none")
	require.NoError(t, err)
	assert.Equal(t, []omadm.RequestID{"a"}, got)
	assert.Equal(t, omadm.Canceled, h.outcomes()["a"].Kind)
	assert.Equal(t, h.now, h.outcomes()["a"].At)
	assert.Empty(t, p.pushed)

	reply := h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Exec", 200)+final))
	assert.Equal(t, []string{"Status SyncHdr 0 200", "2 Get ./B", "Final"}, summary(reply))
	assert.Equal(t, omadm.Done, h.outcomes()["sent"].Kind)

	_, err = h.queue.Cancel(t.Context(), "nobody", "a")
	assert.ErrorIs(t, err, session.ErrUnknownDevice)
}

func TestCancelNeedsAStoreThatCan(t *testing.T) {
	h := newHouse(t)
	h.queue.Store = anyDevice{}
	_, err := h.queue.Cancel(t.Context(), deviceID, "a")
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

// TestCanceledRequestIsNeverSent cancels while a message that carries the request is about to be committed: what Cancel
// returned does not go out, what goes out it does not return.
func TestCanceledRequestIsNeverSent(t *testing.T) {
	for name, when := range map[string]func(cancel func(), commit func() error) error{
		"before_the_commit": func(cancel func(), commit func() error) error { cancel(); return commit() },
		"after_the_commit":  func(cancel func(), commit func() error) error { err := commit(); cancel(); return err },
	} {
		t.Run(name, func(t *testing.T) {
			var h *house
			var canceled []omadm.RequestID
			h = newHouse(t, func(c *session.Config) {
				c.Store = committing{c.Store, func(commit func() error) error {
					return when(func() {
						ids, err := h.queue.Cancel(t.Context(), deviceID, "a")
						assert.NoError(t, err)
						canceled = append(canceled, ids...)
					}, commit)
				}}
			})
			h.enqueue("a", get("./A"))
			h.enqueue("b", get("./B"))
			sent := summary(h.post(msg("1", "1", pkg1)))[3:]
			if len(canceled) > 0 {
				assert.Equal(t, []string{"4 Get ./B", "Final"}, sent)
				assert.Equal(t, omadm.Canceled, h.outcomes()["a"].Kind)
			} else {
				assert.Equal(t, []string{"4 Get ./A", "5 Get ./B", "Final"}, sent)
				assert.Empty(t, h.outcomes())
			}
			assert.Equal(t, name == "before_the_commit", len(canceled) > 0)
		})
	}
}

// committing is a store whose Commit runs in a function.
type committing struct {
	session.Store
	run func(commit func() error) error
}

func (c committing) Commit(ctx context.Context, ch *session.Change) error {
	return c.run(func() error { return c.Store.Commit(ctx, ch) })
}

// printer is a Pusher that says whom it would wake.
type printer struct{}

func (printer) Push(_ context.Context, d session.Device) error {
	fmt.Println("wake", d.ID)
	return nil
}

// A device gets two requests and is woken; one is taken back before it comes.
func ExampleQueue_Cancel() {
	ctx := context.Background()
	store := new(memstore.Store)
	if err := store.Register(ctx, session.Device{ID: "pc-7"}); err != nil {
		log.Fatal(err)
	}
	queue := session.Queue{Store: store, Pusher: printer{}, Window: 10 * time.Second}

	err := queue.Enqueue(ctx, "pc-7",
		omadm.Request{ID: "version", Ops: []omadm.Op{{Verb: omadm.Get, URI: "./DevDetail/SwV"}}},
		omadm.Request{ID: "reboot", Ops: []omadm.Op{{Verb: omadm.Exec, URI: "./Vendor/MSFT/Reboot/RebootNow"}}},
	)
	var asleep *session.WakeError
	switch {
	case errors.As(err, &asleep):
		fmt.Println("queued until the device comes:", asleep)
	case err != nil:
		log.Fatal(err)
	}

	canceled, err := queue.Cancel(ctx, "pc-7", "reboot")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("canceled", canceled)
	// Output:
	// wake pc-7
	// canceled [reboot]
}
