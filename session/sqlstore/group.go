package sqlstore

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"time"
)

// Group lets what is done for different devices at the same time share a transaction, in which each Commit succeeds or
// fails on its own, and so each Load. One that comes while the transaction before goes on waits, and shares the next one
// with those that come meanwhile; nobody waits when nothing goes on. Loads share with Loads, Commits with Commits. On SQLite
// both take turns on one connection, which is the one that has the database in its memory.
type Group struct {
	Size  int           // the most that share a transaction; below 2, each has one of its own
	Delay time.Duration // the longest that one waits for the transaction before, if the database could begin another; 0: 100 ms
}

// grouping gathers what is done into batches. There is a goroutine for each batch, and while it works somebody waits for it.
type grouping[T task[T]] struct {
	Group
	do   func(ctx context.Context, next func() []T)
	turn chan struct{} // has an element for each batch that is done, or waits for the database

	mu   sync.Mutex
	open *batch[T] // takes tasks; nil: the next one begins a batch
}

// task is what can be done together with others of its kind.
type task[T any] interface {
	state() *ending
	excludes(T) bool // whether they cannot be in one batch
}

// ending is what becomes of a task.
type ending struct {
	err  error
	left bool // nobody waits for it any more
}

func (e *ending) state() *ending { return e }

func newGrouping[T task[T]](g Group, turns int, do func(ctx context.Context, next func() []T)) *grouping[T] {
	return &grouping[T]{Group: g, do: do, turn: make(chan struct{}, turns)}
}

// batch is tasks that share a transaction.
type batch[T task[T]] struct {
	*grouping[T]
	tasks   []T
	waiting int // for done
	cancel  context.CancelFunc
	full    chan struct{} // closed when there is no room
	done    chan struct{} // closed when it is known what became of the tasks
}

// wait does a task together with others. The task may go on when it has returned, if its context has ended.
func (g *grouping[T]) wait(ctx context.Context, t T) error {
	for ctx.Err() == nil {
		b, joined := g.join(ctx, t)
		if joined {
			return b.await(ctx, t)
		}
		select { // a write of the same device, which very likely moves the revision
		case <-b.done:
		case <-ctx.Done():
		}
	}
	return ctx.Err()
}

// join puts a task into the open batch, unless it has one that excludes it.
func (g *grouping[T]) join(ctx context.Context, t T) (*batch[T], bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	b := g.open
	if b == nil {
		b = g.begin(ctx)
	}
	for _, other := range b.tasks {
		if other.excludes(t) {
			return b, false
		}
	}
	t.state().err = errLeft
	b.tasks = append(b.tasks, t)
	b.waiting++
	if len(b.tasks) == g.Size {
		close(b.full)
		g.open = nil
	}
	return b, true
}

// begin opens a batch, under the lock. Its context has the values of the first caller, and ends when all have left.
func (g *grouping[T]) begin(ctx context.Context) *batch[T] {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g.open = &batch[T]{grouping: g, cancel: cancel, full: make(chan struct{}), done: make(chan struct{})}
	go g.open.run(ctx)
	return g.open
}

// run does the tasks, when the batch before is done.
func (b *batch[T]) run(ctx context.Context) {
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

// await returns what became of a task. Of one whose caller does not wait for it nobody knows.
func (b *batch[T]) await(ctx context.Context, t T) error {
	select {
	case <-b.done:
		return t.state().err
	case <-ctx.Done():
	}
	if b.leave(t) {
		<-b.done
		if t.state().err == nil {
			return nil
		}
	}
	return ctx.Err()
}

// leave says that a caller does not wait any more. The last one ends the batch, for which it has to wait.
func (b *batch[T]) leave(t T) (last bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	t.state().left = true
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

// errLeft is the error of a task that nobody waited for.
var errLeft = errors.New("all callers have left")

// close returns the tasks that somebody waits for. No other comes in.
func (b *batch[T]) close() []T {
	runtime.Gosched() // those whom the batch before has woken come in
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.grouping.open == b {
		b.grouping.open = nil
	}
	var ts []T
	for _, t := range b.tasks {
		if !t.state().left {
			ts = append(ts, t)
		}
	}
	return ts
}
