package omadm

// Report is the last that a device said about one command.
type Report struct {
	Status  Status // 0: nothing yet
	HRESULT uint32
}

// final reports whether the device has said its last word: not when it said nothing, is still at work (101) or
// waits for more (213).
func (p Report) final() bool {
	if p.Status == 0 {
		return false
	}
	c := p.Status.Class()
	return c != ClassPending && c != ClassProgress
}

// Size is the payload of r in octets: what its addresses, values and alerts take, without the mark-up around them.
func (r *Request) Size() int {
	n := 0
	for i := range r.Ops {
		op := &r.Ops[i]
		n += len(op.URI) + len(op.From) + len(op.Value.Type) + len(op.Value.Data.Value) + len(op.Correlator)
		if op.Alert != nil {
			n += op.Alert.size()
		}
	}
	return n
}

// Summarize decides how r ended from what the device said about each operation and, for a Sequence or Atomic, about
// the group. Attempts is how often r was sent, this time included. It leaves Outcome.At to the caller. It returns
// false when the answer is not complete, so that the outcome is not known.
func Summarize(r *Request, attempts int, group Report, ops []Report) (Outcome, bool) {
	o := Outcome{Request: r.ID, Attempts: attempts, Op: GroupOp}
	if r.Group != Each {
		if group.final() && !group.Status.Success() {
			return groupFailed(o, group, ops), true
		}
		if !group.final() && !allFinal(ops) {
			return Outcome{}, false
		}
	}
	if len(ops) != len(r.Ops) || !allFinal(ops) {
		return Outcome{}, false
	}
	for i, p := range ops {
		kind, repeated := judge(r.Ops[i].Verb, p.Status, attempts)
		o.Repeated = o.Repeated || repeated
		if rank[kind] > rank[o.Kind] {
			o.Kind, o.Op, o.Status, o.HRESULT = kind, i, p.Status, p.HRESULT
		}
	}
	if o.Kind != Done {
		o.Repeated = false
	}
	return o, true
}

func allFinal(ops []Report) bool {
	for _, p := range ops {
		if !p.final() {
			return false
		}
	}
	return true
}

// rank orders kinds: of several operations the one with the highest rank decides.
var rank = [...]int{Done: 1, Accepted: 2, NotExecuted: 3, RolledBack: 4, Failed: 5, Canceled: 0}

// judge says what a final status means for the operation. A code that says that the node is already as wanted is
// success when an earlier attempt may have made it so.
func judge(v Verb, s Status, attempts int) (kind Kind, repeated bool) {
	switch {
	case attempts > 1 && (v == Add && s == StatusAlreadyExists || v == Delete && s == StatusNotFound):
		return Done, true
	case s == StatusRolledBack:
		return RolledBack, false
	case s == StatusNotModified, s.Class() == ClassNotDone && s != StatusItemNotDeleted, s == StatusOperationCancelled:
		return NotExecuted, false
	case s.Class() == ClassAccepted:
		return Accepted, false
	case s.Success() || s == StatusItemNotDeleted && v == Delete:
		return Done, false
	}
	return Failed, false
}

// groupFailed is the outcome of a Sequence or Atomic that the device refused, left out or undid. The culprit is the first member
// with a code of its own that says so.
func groupFailed(o Outcome, group Report, ops []Report) Outcome {
	o.Status, o.HRESULT = group.Status, group.HRESULT
	o.Kind, _ = judge(0, group.Status, 1)
	if group.Status == StatusAtomicFailed || group.Status == StatusAtomicResponseTooLarge {
		o.Kind = RolledBack
	}
	culprit := false
	for i, p := range ops {
		if p.Status == StatusAtomicRollBackFailed {
			o.UndoFailed = true
			continue
		}
		if culprit || p.Status == 0 || p.Status.Success() || p.Status == StatusRolledBack || p.Status == StatusNotExecuted {
			continue
		}
		culprit = true
		o.Op, o.Status, o.HRESULT = i, p.Status, p.HRESULT
	}
	return o
}
