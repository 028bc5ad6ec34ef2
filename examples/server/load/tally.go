package main

import (
	"slices"
	"sync"
)

// maxProblems is how many different problems of a run are told in words.
const maxProblems = 10

// tally counts what came of the check-ins of a step. It is safe for concurrent use.
type tally struct {
	mu         sync.Mutex
	busy       int
	checkIns   int // that ended well
	failed     int
	violations int
	messages   int // that were answered
	commands   int // that were answered
	sent       int64
	received   int64
	latency    histogram // of check-ins that ended well
	message    histogram
	kinds      [kinds]histogram // of check-ins that ended well
	problems   []string
}

// begin counts a device that is busy.
func (t *tally) begin() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy++
}

// end counts what came of it.
func (t *tally) end(o outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.busy--
	t.messages += len(o.messages)
	t.commands += o.commands
	t.sent += o.sent
	t.received += o.received
	for _, m := range o.messages {
		t.message.add(m)
	}
	t.violations += len(o.violations)
	for _, v := range o.violations {
		t.problem(v)
	}
	if o.err != nil {
		t.failed++
		t.problem(o.err)
		return
	}
	t.checkIns++
	t.latency.add(o.latency)
	t.kinds[o.kind].add(o.latency)
}

// addProblem adds a problem to those that are told, unless there are enough or it is among them.
func addProblem(list []string, text string) []string {
	if len(list) >= maxProblems || slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

func (t *tally) problem(err error) {
	t.problems = addProblem(t.problems, err.Error())
}
