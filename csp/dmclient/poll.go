package dmclient

import (
	"errors"
	"time"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Poll is when a device opens sessions by itself, counted from its enrolment or from the change of this: First, then
// Second, then Rest. A set that is zero is not used, and the last one is usually for ever. What is nil is left as it is.
type Poll struct {
	First, Second, Rest Tries
	// OnLogin is for each time that a user signs in; AllUsersOnFirstLogin for the first time of each user.
	OnLogin, AllUsersOnFirstLogin *bool
}

// Tries is a number of sessions at an interval.
type Tries struct {
	Count int           // 0: for ever
	Every time.Duration // whole minutes, up to 49 days; 0: the set is not used
}

// maxEvery is the longest interval, and what devices keep in 32 bits as milliseconds.
const maxEvery = 49 * 24 * time.Hour

// numbers are the nodes of the sets.
var numbers = [...]struct {
	node  node.Named[node.AddDeleteGetReplace[int64]]
	every bool
	of    func(*Poll) *Tries
}{
	{ProviderPollIntervalForFirstSetOfRetries, true, func(p *Poll) *Tries { return &p.First }},
	{ProviderPollNumberOfFirstRetries, false, func(p *Poll) *Tries { return &p.First }},
	{ProviderPollIntervalForSecondSetOfRetries, true, func(p *Poll) *Tries { return &p.Second }},
	{ProviderPollNumberOfSecondRetries, false, func(p *Poll) *Tries { return &p.Second }},
	{ProviderPollIntervalForRemainingScheduledRetries, true, func(p *Poll) *Tries { return &p.Rest }},
	{ProviderPollNumberOfRemainingScheduledRetries, false, func(p *Poll) *Tries { return &p.Rest }},
}

func (p *Poll) validate() error {
	forEver := ""
	for _, set := range [...]struct {
		field string
		tries Tries
	}{{"Poll.First", p.First}, {"Poll.Second", p.Second}, {"Poll.Rest", p.Rest}} {
		switch t := set.tries; {
		case t == Tries{}:
			continue
		case forEver != "":
			return fault(set.field, "never reached, "+forEver+" being for ever")
		case t.Count < 0:
			return fault(set.field+".Count", "negative")
		case t.Every <= 0 || t.Every%time.Minute != 0 || t.Every > maxEvery:
			return fault(set.field+".Every", "not in whole minutes up to 49 days")
		}
		if set.tries.Count == 0 {
			forEver = set.field
		}
	}
	if p.First == (Tries{}) && p.Second == (Tries{}) && p.Rest == (Tries{}) && p.OnLogin == nil && p.AllUsersOnFirstLogin == nil {
		return fault("Poll", "no sessions")
	}
	return nil
}

// ops sets all sets when there is one: they belong together.
func (p *Poll) ops(provider string) (ops []omadm.Op) {
	if p.First != (Tries{}) || p.Second != (Tries{}) || p.Rest != (Tries{}) {
		for _, n := range numbers {
			v := int64(n.of(p).Count)
			if n.every {
				v = int64(n.of(p).Every / time.Minute)
			}
			ops = append(ops, n.node.At(provider).Replace(v))
		}
	}
	if p.OnLogin != nil {
		ops = append(ops, ProviderPollPollOnLogin.At(provider).Replace(*p.OnLogin))
	}
	if p.AllUsersOnFirstLogin != nil {
		ops = append(ops, ProviderPollAllUsersPollOnFirstLogin.At(provider).Replace(*p.AllUsersOnFirstLogin))
	}
	return ops
}

func (p *Poll) read(provider string, results []omadm.Result) error {
	err := errors.Join(
		node.Optional(&p.OnLogin)(ProviderPollPollOnLogin.At(provider).Value(results...)),
		node.Optional(&p.AllUsersOnFirstLogin)(ProviderPollAllUsersPollOnFirstLogin.At(provider).Value(results...)),
	)
	for _, n := range numbers {
		into := node.Take(func(v int64) { n.of(p).Count = int(v) })
		if n.every {
			into = node.Take(func(v int64) { n.of(p).Every = node.Duration(v, time.Minute) })
		}
		err = errors.Join(err, into(n.node.At(provider).Value(results...)))
	}
	return err
}
