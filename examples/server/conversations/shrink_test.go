package conversations_test

import (
	"iter"
	"slices"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// shrink returns a talk that still fails and from which nothing can be taken away, or what it has come to after so many tries.
func shrink(k *talk, most int, fails func(*talk) bool) *talk {
	tries := 0
	for again := true; again; {
		again = false
		for less := range smaller(k) {
			if tries++; tries > most {
				return k
			}
			if fails(less) {
				k, again = less, true
				break
			}
		}
	}
	return k
}

func (k *talk) clone() *talk {
	c := *k
	c.rules.AlertTypes = slices.Clone(k.rules.AlertTypes)
	c.wishes = slices.Clone(k.wishes)
	for i := range c.wishes {
		w := &c.wishes[i]
		w.request, w.nodes = w.request.Clone(), slices.Clone(w.nodes)
	}
	c.notices, c.visits = slices.Clone(k.notices), slices.Clone(k.visits)
	c.accidents, c.troubles = slices.Clone(k.accidents), slices.Clone(k.troubles)
	return &c
}

// smaller yields talks with a little less in them, those with much less first.
func smaller(k *talk) iter.Seq[*talk] {
	return func(yield func(*talk) bool) {
		more := true
		// try yields a copy that change has made smaller. Change reports false if there was nothing to take away.
		try := func(change func(c *talk) bool) {
			if !more {
				return
			}
			if c := k.clone(); change(c) {
				more = yield(c)
			}
		}
		cut(try, func(c *talk) *[]wish { return &c.wishes }, len(k.wishes)-1)
		cut(try, func(c *talk) *[]accident { return &c.accidents }, len(k.accidents))
		cut(try, func(c *talk) *[]trouble { return &c.troubles }, len(k.troubles))
		cut(try, func(c *talk) *[]notice { return &c.notices }, len(k.notices))
		for i := range k.visits {
			try(func(c *talk) bool { return c.dropVisit(i) })
			try(func(c *talk) bool { return reset(&c.visits[i], visit{pause: c.visits[i].pause}) })
		}
		try(func(c *talk) bool { return reset(&c.account, account{}) })
		for _, simpler := range simplerClients {
			try(func(c *talk) bool { return edit(&c.client, simpler) })
		}
		for _, simpler := range simplerRules {
			try(func(c *talk) bool { return simpler(&c.rules) })
		}
		try(func(c *talk) bool { return reset(&c.hooks, false) })
		for i := range k.wishes {
			simplerWish(try, i, &k.wishes[i])
		}
		for i := range k.notices {
			try(func(c *talk) bool { return halve(&c.notices[i].text) })
		}
	}
}

// cut takes pieces out of a list: halves, quarters … and single ones.
func cut[T any](try func(func(*talk) bool), list func(*talk) *[]T, n int) {
	for size := max(n, 0); size > 0; size /= 2 {
		for at := 0; at+size <= n+1; at += size {
			try(func(c *talk) bool {
				l := list(c)
				if at+size > len(*l) || len(*l)-size < 0 {
					return false
				}
				*l = slices.Delete(*l, at, at+size)
				return len(c.wishes) > 0
			})
		}
	}
}

func (k *talk) dropVisit(i int) bool {
	if len(k.visits) == 1 {
		return false
	}
	k.visits = slices.Delete(k.visits, i, i+1)
	k.accidents = slices.DeleteFunc(k.accidents, func(a accident) bool { return a.visit == i })
	earlier := func(v *int) {
		if *v > i || *v == len(k.visits) {
			*v--
		}
	}
	for j := range k.accidents {
		earlier(&k.accidents[j].visit)
	}
	for j := range k.wishes {
		earlier(&k.wishes[j].visit)
	}
	for j := range k.notices {
		earlier(&k.notices[j].visit)
	}
	return true
}

// reset sets *v and reports whether that changes it.
func reset[T comparable](v *T, to T) bool {
	changed := *v != to
	*v = to
	return changed
}

// edit changes *v and reports whether that changes it.
func edit[T comparable](v *T, change func(*T)) bool {
	old := *v
	change(v)
	return *v != old
}

// simplerClients take a habit from a client.
var simplerClients = []func(*client){
	func(c *client) { *c = client{profile: c.profile, login: c.login} },
	func(c *client) { c.wbxml = false },
	func(c *client) { c.maxMsgSize = 0 },
	func(c *client) { c.maxObjSize = 0 },
	func(c *client) { c.chunkSize = 0 },
	func(c *client) { c.largeObjects = false },
	func(c *client) { c.resend = false },
	func(c *client) { c.storage = 0 },
	func(c *client) { c.oneResult = false },
	func(c *client) { c.keepAlive = 0 },
	func(c *client) { c.sessionIDs = 0 },
	func(c *client) { c.login = "user" },
	func(c *client) { c.appVersion = 0 },
	func(c *client) { c.screen = false },
	func(c *client) { c.start = 0 },
	func(c *client) { c.known = true },
}

// simplerRules take a rule from a server.
var simplerRules = []func(*session.Rules) bool{
	func(r *session.Rules) bool { return reset(&r.EachMessage, false) },
	func(r *session.Rules) bool { return reset(&r.Strict, false) },
	func(r *session.Rules) bool { return reset(&r.SizeSlack, false) },
	func(r *session.Rules) bool { return reset(&r.RespURI, "") },
	func(r *session.Rules) bool { return reset(&r.Limits.Message, syncml.Limits{}) },
	func(r *session.Rules) bool { return reset(&r.Limits.Attempts, 0) },
	func(r *session.Rules) bool { return reset(&r.Limits.Requests, 0) },
	func(r *session.Rules) bool { return reset(&r.Limits.Octets, 0) },
	func(r *session.Rules) bool { return reset(&r.Limits.Object, 0) },
	func(r *session.Rules) bool { return reset(&r.Limits.Reply, 0) },
	func(r *session.Rules) bool { return reset(&r.Limits.Sessions, 0) },
	func(r *session.Rules) bool { return reset(&r.Limits.Messages, 0) },
}

// simplerWish takes something from wish i, which is w.
func simplerWish(try func(func(*talk) bool), i int, w *wish) {
	for op := range w.request.Ops {
		try(func(c *talk) bool {
			r := &c.wishes[i].request
			if len(r.Ops) == 1 {
				return false
			}
			r.Ops = slices.Delete(r.Ops, op, op+1)
			r.Normalize()
			return r.Validate() == nil
		})
		try(func(c *talk) bool { return halve(&c.wishes[i].request.Ops[op].Value.Data.Value) })
	}
	for n := range w.nodes {
		try(func(c *talk) bool { c.wishes[i].nodes = slices.Delete(c.wishes[i].nodes, n, n+1); return true })
		try(func(c *talk) bool { return halve(&c.wishes[i].nodes[n].node.Value.Value) })
	}
	for _, simpler := range []func(*wish) bool{
		func(w *wish) bool { return reset(&w.request.Group, omadm.Each) },
		func(w *wish) bool { return reset(&w.request.Combine, false) },
		func(w *wish) bool { return reset(&w.request.Delivery, omadm.DeliveryDefault) },
		func(w *wish) bool { return reset(&w.request.Priority, 0) },
		func(w *wish) bool { return reset(&w.request.MaxAttempts, 0) },
		func(w *wish) bool { return reset(&w.request.User, "") },
		func(w *wish) bool { return reset(&w.delay, 0) },
		func(w *wish) bool { return reset(&w.life, 0) },
		func(w *wish) bool { return reset(&w.director, false) },
		func(w *wish) bool { return reset(&w.visit, 0) },
	} {
		try(func(c *talk) bool { return simpler(&c.wishes[i]) })
	}
}

// halve cuts a text that is plain in half.
func halve(s *string) bool {
	n := len(*s) / 2
	if n < 8 || slices.ContainsFunc([]byte(*s), func(c byte) bool { return c >= 0x80 }) {
		return false
	}
	*s = (*s)[:n-n%4]
	return true
}
