package memstore

import (
	"container/heap"
	"time"

	"github.com/gomadm/gomadm/omadm"
)

// idlers is a heap of the devices that have sessions, the one with the session seen longest ago first. It is kept
// with each Commit, so that finding what is idle costs nothing for the devices that are not.
type idlers []*device

// absent is the place of a device that has no session.
const absent = -1

// before returns up to limit devices of which a session was last seen before t, longest ago first.
func (h *idlers) before(t time.Time, limit int) []omadm.DeviceID {
	var found []*device
	for len(found) < limit && len(*h) > 0 && (*h)[0].seen.Before(t) {
		found = append(found, heap.Pop(h).(*device))
	}
	ids := make([]omadm.DeviceID, len(found))
	for i, d := range found {
		ids[i] = d.ID
		heap.Push(h, d)
	}
	return ids
}

// update puts a device where its sessions belong.
func (h *idlers) update(d *device) {
	if len(d.sessions) == 0 {
		h.drop(d)
		return
	}
	d.seen = d.sessions[0].state.Seen
	for _, dlg := range d.sessions[1:] {
		if dlg.state.Seen.Before(d.seen) {
			d.seen = dlg.state.Seen
		}
	}
	if d.place == absent {
		heap.Push(h, d)
		return
	}
	heap.Fix(h, d.place)
}

// drop removes a device, if it is there.
func (h *idlers) drop(d *device) {
	if d.place != absent {
		heap.Remove(h, d.place)
	}
}

// Len, Less, Swap, Push and Pop are for container/heap.

func (h *idlers) Len() int { return len(*h) }

func (h *idlers) Less(i, j int) bool { return (*h)[i].seen.Before((*h)[j].seen) }

func (h *idlers) Swap(i, j int) {
	s := *h
	s[i], s[j] = s[j], s[i]
	s[i].place, s[j].place = i, j
}

func (h *idlers) Push(x any) {
	d := x.(*device)
	d.place = len(*h)
	*h = append(*h, d)
}

func (h *idlers) Pop() any {
	s := *h
	last := len(s) - 1
	d := s[last]
	s[last] = nil
	*h = s[:last]
	d.place = absent
	return d
}
