package session

import (
	"context"
	"errors"
	"fmt"
)

// sweepBatch is how many devices Sweep asks for at a time.
const sweepBatch = 100

// Sweep ends the sessions that nobody goes on with, so that their requests return to the queue or finish, and drops those
// that ended: what the next session of the device would do, for devices that do not come back. Call it every few
// minutes, on any node. It returns the number of devices that it changed. The store has to be an Idler.
//
// A device that is busy meanwhile is passed over. Any other failure does not keep Sweep from the next device; the
// errors come back joined.
func (h *Handler) Sweep(ctx context.Context) (int, error) {
	idler, ok := h.cfg.Store.(Idler)
	if !ok {
		return 0, errors.New("session: Sweep: the store is not an Idler")
	}
	env := Env{Now: h.cfg.Now(), Rules: h.cfg.Rules}
	before := env.Now.Add(-max(env.Rules.Timeout, env.Rules.Replay))
	swept := 0
	for {
		devices, err := idler.Idle(ctx, before, sweepBatch)
		if err != nil {
			return swept, fmt.Errorf("session: Sweep: %w", err)
		}
		changed, errs := 0, []error(nil)
		for _, id := range devices {
			ok, err := h.sweep(ctx, env, Query{Device: id, Now: env.Now})
			switch {
			case ok:
				changed++
			case err != nil && !errors.Is(err, ErrConflict) && !errors.Is(err, ErrUnknownDevice):
				errs = append(errs, err)
			}
		}
		swept += changed
		// Devices that could not be changed would come again.
		if len(devices) < sweepBatch || changed == 0 || len(errs) > 0 {
			return swept, errors.Join(errs...)
		}
	}
}

// sweep ends the idle sessions of one device. It reports whether there were any.
func (h *Handler) sweep(ctx context.Context, env Env, q Query) (bool, error) {
	rec, err := h.cfg.Store.Load(ctx, q)
	if err == nil && rec == nil {
		err = errNoRecord
	}
	if err != nil {
		return false, fmt.Errorf("session: Sweep: %w", err)
	}
	c := expire(rec, env)
	if c == nil {
		return false, nil
	}
	if err := h.cfg.Store.Commit(ctx, c); err != nil {
		return false, fmt.Errorf("session: Sweep: %w", err)
	}
	if h.cfg.Hooks.Committed != nil {
		h.cfg.Hooks.Committed(ctx, c)
	}
	return true, nil
}
