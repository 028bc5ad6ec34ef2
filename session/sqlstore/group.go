package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"sync"
	"time"
)

// Group lets Commits of different devices share a transaction, in which each succeeds or fails on its own. A Commit that
// comes while the transaction before goes on waits, and shares the next one with those that come meanwhile; nobody
// waits when nothing goes on.
type Group struct {
	Size  int           // the most Commits that share a transaction; below 2, each has one of its own
	Delay time.Duration // the longest that one waits for the transaction before, if the database could begin another; 0: 100 ms
}

// grouping gathers writes into batches. There is a goroutine for each batch, and while it works somebody waits for it.
type grouping struct {
	Group
	do   func(ctx context.Context, next func() []*write)
	turn chan struct{} // has one element while a batch is written

	mu   sync.Mutex
	open *batch // takes writes; nil: the next one begins a batch
}

func newGrouping(g Group, do func(ctx context.Context, next func() []*write)) *grouping {
	if g.Delay == 0 {
		g.Delay = 100 * time.Millisecond
	}
	return &grouping{Group: g, do: do, turn: make(chan struct{}, 1)}
}

// batch is writes of different devices that share a transaction.
type batch struct {
	*grouping
	writes  []*write
	waiting int // for done
	cancel  context.CancelFunc
	full    chan struct{} // closed when there is no room
	done    chan struct{} // closed when it is known what became of the writes
}

// commit does a write together with others.
func (g *grouping) commit(ctx context.Context, w *write) error {
	w.own()
	for ctx.Err() == nil {
		b, joined := g.join(ctx, w)
		if joined {
			return b.await(ctx, w)
		}
		select { // a write of the same device, which very likely moves the revision
		case <-b.done:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// join puts a write into the open batch, unless it has one of the same device.
func (g *grouping) join(ctx context.Context, w *write) (*batch, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	if b == nil {
		b = g.begin(ctx)
	}
	for _, other := range b.writes {
		if bytes.Equal(other.device, w.device) {
			return b, false
		}
	}
	w.err = errLeft
	b.writes = append(b.writes, w)
	b.waiting++
	if len(b.writes) == g.Size {
		close(b.full)
		g.open = nil
	}
	return b, true
}

// begin opens a batch, under the lock. Its context has the values of the first caller, and ends when all have left.
func (g *grouping) begin(ctx context.Context) *batch {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g.open = &batch{grouping: g, cancel: cancel, full: make(chan struct{}), done: make(chan struct{})}
	go g.open.run(ctx)
	return g.open
}

// run does the writes, when the batch before is done.
func (b *batch) run(ctx context.Context) {
	defer close(b.done)
	defer b.cancel()
	late := time.NewTimer(b.Delay)
	defer late.Stop()
	select {
	case b.turn <- struct{}{}:
		defer func() { <-b.turn }()
	case <-b.full:
	case <-late.C:
	case <-ctx.Done():
	}
	b.do(ctx, b.close)
}

// await returns what became of a write. Of one whose caller does not wait for it nobody knows.
func (b *batch) await(ctx context.Context, w *write) error {
	select {
	case <-b.done:
		return w.err
	case <-ctx.Done():
	}
	if b.leave(w) {
		<-b.done
		if w.err == nil {
			return nil
		}
	}
	return ctx.Err()
}

// leave says that a caller does not wait any more. The last one ends the batch, for which it has to wait.
func (b *batch) leave(w *write) (last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	w.left = true
	b.waiting--
	if b.waiting > 0 {
		return false
	}
	if b.grouping.open == b {
		b.grouping.open = nil
	}
	b.cancel()
	return true
}

// errLeft is the error of a write that nobody waited for.
var errLeft = errors.New("all callers have left")

// close returns the writes that somebody waits for. No other comes in.
func (b *batch) close() []*write {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.grouping.open == b {
		b.grouping.open = nil
	}
	var ws []*write
	for _, w := range b.writes {
		if !w.left {
			ws = append(ws, w)
		}
	}
	return ws
}
