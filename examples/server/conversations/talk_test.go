package conversations_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// talk is a conversation before it is held: a device, what is asked of it, and what goes wrong. It is data alone, so that
// it can be held again, on another store, or with less in it.
type talk struct {
	seed    uint64 // of the nonces, too
	client  client
	account account
	rules   session.Rules
	hooks   bool // the handler has hooks, and so memory of its own for each message

	wishes    []wish
	notices   []notice
	visits    []visit
	accidents []accident
	troubles  []trouble
}

// client is what a device can be beside its tree and its account.
type client struct {
	profile      simdevice.Profile
	wbxml        bool
	maxMsgSize   int64
	maxObjSize   int64
	chunkSize    int
	largeObjects bool
	resend       bool
	storage      int64
	oneResult    bool
	keepAlive    int
	sessionIDs   simdevice.SessionIDs
	login        string
	appVersion   int
	screen       bool // somebody answers
	known        bool // the server knows whether it handles large objects
	start        omadm.AlertCode
}

// account is how the two sides prove themselves.
type account struct {
	scheme      simdevice.Scheme // NoScheme: the transport proves the device
	asked       auth.Scheme      // that the server asks for; empty: what the device has
	wait        bool
	server      bool // the server proves itself, too
	eachMessage bool
	keepNonce   bool
	wrong       bool // the device has another password: it is a stranger
}

// wish is a request, when it is made and what the tree of the device has to have for it.
type wish struct {
	request  omadm.Request
	visit    int // before which it is enqueued
	delay    time.Duration
	life     time.Duration
	director bool // it is a Director that asks for it
	poison   bool // the device dies of it
	nodes    []node
}

// node is a node of the tree, and what an Exec of it comes to.
type node struct {
	uri  string
	node simdevice.Node
	exec omadm.Status
}

// notice is a generic alert that the device has for the server.
type notice struct {
	visit int
	kind  string
	text  string
}

// visit is a session of the device.
type visit struct {
	pause    time.Duration // before it
	syncType string
	sweep    bool // the server sweeps before it
	// beside is the number of the message before which the device opens another session; 0: none.
	beside   int
	besideOf string // sync type of the other
}

// accident is what goes wrong with an attempt to send a message.
type accident struct {
	visit, message, attempt int
	fault                   simdevice.Fault
}

// abort is an accident of ours: the device ends the session with an alert 1223 instead of its message.
const abort = simdevice.LateAfter + 1

// trouble is what comes between the loading of a device and a commit, counted from 1 over the whole conversation.
type trouble struct {
	commit int
	kind   troubleKind
	wish   int // canceled
}

type troubleKind uint8

const (
	conflicts   troubleKind = iota // somebody was faster
	failsBefore                    // the store fails and has done nothing
	failsAfter                     // the store fails and has done it
	cancels                        // a wish is taken back
	troubleKinds
)

// withdraws reports whether a request may be gone before it goes out.
func (k *talk) withdraws() bool {
	return slices.ContainsFunc(k.troubles, func(t trouble) bool { return t.kind == cancels }) ||
		slices.ContainsFunc(k.wishes, func(w wish) bool { return w.life > 0 })
}

// String says what is in a talk, without values.
func (k *talk) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "client %+v\naccount %+v\nrules %+v, hooks %t\n", k.client, k.account, k.rules, k.hooks)
	for _, w := range k.wishes {
		fmt.Fprintf(&b, "wish %v, visit %d, delay %v, life %v, director %t\n", w.request, w.visit, w.delay, w.life, w.director)
		for _, op := range w.request.Ops {
			fmt.Fprintf(&b, "    %v\n", op)
		}
		for _, n := range w.nodes {
			fmt.Fprintf(&b, "    node %s, format %q, %v, access %06b, Exec %v\n", n.uri, n.node.Format, n.node.Value, n.node.Access, n.exec)
		}
	}
	for _, n := range k.notices {
		fmt.Fprintf(&b, "notice %s of %d octets, visit %d\n", n.kind, len(n.text), n.visit)
	}
	for i, v := range k.visits {
		fmt.Fprintf(&b, "visit %d %+v\n", i, v)
	}
	for _, a := range k.accidents {
		fmt.Fprintf(&b, "accident %+v\n", a)
	}
	for _, t := range k.troubles {
		fmt.Fprintf(&b, "trouble %+v\n", t)
	}
	return b.String()
}

// dice makes a talk.
type dice struct {
	*rand.Rand
	talk *talk
}

// newTalk makes the conversation of a seed.
func newTalk(seed uint64) *talk {
	k := &talk{seed: seed}
	d := dice{rand.New(rand.NewPCG(seed, 0x5eed)), k}
	d.client()
	d.account()
	d.rules()
	d.visits()
	for n := range 1 + d.IntN(8) {
		k.wishes = append(k.wishes, d.wish(n))
	}
	for n := range d.few(3) {
		k.notices = append(k.notices, d.notice(n))
	}
	d.accidents()
	return k
}

// once reports true in one of n cases.
func (d dice) once(n int) bool { return d.IntN(n) == 0 }

// few is mostly 0, and less than n.
func (d dice) few(n int) int { return min(d.IntN(n), d.IntN(n)) }

func (d dice) between(low, high int) int { return low + d.IntN(high-low+1) }

func pick[T any](d dice, list ...T) T { return list[d.IntN(len(list))] }

func (d dice) client() {
	c := &d.talk.client
	c.profile = pick(d, simdevice.Windows, simdevice.Windows, simdevice.Generic12, simdevice.Generic12, simdevice.Generic11)
	c.wbxml = d.once(3)
	if d.once(2) {
		c.maxMsgSize = int64(d.between(1200, 6000))
		if c.wbxml {
			c.maxMsgSize = int64(d.between(700, 3000))
		}
	}
	if d.once(4) {
		c.maxObjSize = int64(d.between(500, 8000))
	}
	if d.once(3) {
		c.chunkSize = d.between(50, 1500)
	}
	c.largeObjects, c.resend, c.oneResult = d.once(2), d.once(2), d.once(3)
	if d.once(8) {
		c.storage = int64(d.between(1000, 20_000))
	}
	c.keepAlive = d.few(3)
	c.sessionIDs = simdevice.SessionIDs(d.IntN(3))
	c.login = pick(d, "user", "user", "user", "others", "none")
	if c.appVersion = pick(d, 0, 3); c.wbxml { // which has no token for what version 3 adds
		c.appVersion = 0
	}
	c.screen, c.known = d.once(2), d.once(2)
	c.start = pick(d, 0, omadm.AlertServerInitiated, omadm.AlertClientInitiated)
}

func (d dice) account() {
	a := &d.talk.account
	if d.once(2) {
		return
	}
	a.scheme = pick(d, simdevice.Basic, simdevice.MD5, simdevice.MD5, simdevice.MAC)
	a.wait, a.eachMessage, a.keepNonce = d.once(3), d.once(3), d.once(3)
	a.server = a.scheme == simdevice.MAC || d.once(2)
	switch {
	case a.scheme == simdevice.MAC && d.once(2): // the challenge has to ask for it, as the device has no nonce to try it with
		d.talk.rules.Scheme = auth.MAC
	case a.scheme == simdevice.MAC:
		a.asked = auth.MAC
	case a.scheme == simdevice.MD5 && d.once(2), a.scheme == simdevice.Basic && d.once(4):
		a.asked = auth.MD5
	case a.scheme == simdevice.Basic && d.once(2):
		a.asked = auth.Basic
	}
	a.wrong = d.once(20)
}

func (d dice) rules() {
	r := &d.talk.rules
	r.PlainBasic = true
	r.EachMessage, r.Strict, r.SizeSlack = d.once(4), d.once(4), d.once(4)
	r.AlertTypes = []string{noticeKind, endKind}
	if d.once(4) {
		r.RespURI = serverURL + "?session=1&node=2"
	}
	l := &r.Limits
	if size := d.talk.client.maxMsgSize; d.once(3) && (size == 0 || size > 2048) { // below that ours are not announced
		l.Message.Octets = d.between(2500, 9000)
	}
	l.Attempts = pick(d, 2, 3, 4, 0)
	limit := func(n, low, high int) int {
		if d.once(n) {
			return d.between(low, high)
		}
		return 0
	}
	l.Requests, l.Octets = limit(4, 1, 4), limit(5, 100, 3000)
	l.Object, l.Reply = limit(5, 1000, 9000), limit(6, 2500, 8000)
	l.Sessions = limit(5, 3, 5)
	if d.talk.client.chunkSize == 0 { // small parts take many
		l.Messages = limit(10, 10, 40)
	}
	d.talk.hooks = d.once(2)
}

func (d dice) visits() {
	k := d.talk
	for range 1 + d.few(5) {
		// Sessions that all begin with the same octets have to be apart, and only one can go on at a time; so it is where
		// device or server proves itself with nonces, of which each has one.
		v := visit{pause: pick(d, time.Second, 15*time.Minute, 40*time.Minute), sweep: d.once(6)}
		if k.client.sessionIDs == simdevice.Zero {
			v.pause = max(v.pause, 15*time.Minute)
		}
		if k.client.profile == simdevice.Windows && k.client.sessionIDs != simdevice.Zero {
			v.syncType = pick(d, "", "", "", "mixed", "user", "device")
		}
		if s := k.account.scheme; k.client.sessionIDs != simdevice.Zero && s <= simdevice.Basic && !k.account.server && d.once(6) {
			v.beside = d.between(1, 4)
			if k.client.profile == simdevice.Windows {
				v.besideOf = pick(d, "", "user", "device")
			}
		}
		k.visits = append(k.visits, v)
	}
}

// accidents is what goes wrong: nothing in a third of all cases.
func (d dice) accidents() {
	k := d.talk
	rate := d.IntN(3)
	if rate == 0 {
		return
	}
	for v := range k.visits {
		for message := 1; message <= 12; message++ {
			for attempt := 1; attempt <= 2 && d.IntN(10) < 2*rate; attempt++ {
				k.accidents = append(k.accidents, accident{v, message, attempt, simdevice.Fault(d.between(1, int(abort)))})
			}
		}
	}
	for range d.few(6) {
		k.troubles = append(k.troubles, trouble{d.between(1, 15), troubleKind(d.IntN(int(troubleKinds))), d.IntN(len(k.wishes))})
	}
	slices.SortStableFunc(k.troubles, func(a, b trouble) int { return a.commit - b.commit })
}

const (
	noticeKind = "com.example.notice"
	endKind    = "com.example.end"
)

func (d dice) notice(n int) notice {
	most, style := 6000, d.IntN(styles)
	if d.talk.rules.Limits.Message.Octets > 0 { // the device does not know it when it sends the first message
		most, style = 300, 0
	}
	return notice{
		visit: d.IntN(len(d.talk.visits)), kind: pick(d, noticeKind, noticeKind, omadm.TypeRefresh, "com.example.unheard-of"),
		text: words(fmt.Sprintf("notice%d", n), d.size(most), style),
	}
}

// size is mostly small.
func (d dice) size(most int) int {
	switch d.IntN(5) {
	case 0:
		return d.between(most/4, most)
	case 1:
		return d.between(20, most/4)
	}
	return d.between(1, 40)
}

// Styles of texts. That of secrets is one of its own, so that every piece of a secret can be told.
const (
	styles      = 4
	secretStyle = 4
)

// words is a text that begins with a tag, of n octets or a little more, in which every place is different.
func words(tag string, n, style int) string {
	var b strings.Builder
	b.WriteString(tag)
	for i := 0; b.Len() < n; i++ {
		switch style {
		case 0:
			fmt.Fprintf(&b, " %d", i)
		case 1:
			fmt.Fprintf(&b, " <%d&>", i)
		case 2:
			fmt.Fprintf(&b, " %d ä漢\U0001F512", i)
		case secretStyle:
			fmt.Fprintf(&b, " %s.%d", tag, i)
		default:
			fmt.Fprintf(&b, "\t%d\r\n", i)
		}
	}
	return b.String()
}

// wish makes a request.
func (d dice) wish(n int) wish {
	k := d.talk
	id := fmt.Sprintf("r%d", n)
	w := wish{visit: d.IntN(len(k.visits)), director: d.once(8)}
	w.request = omadm.Request{
		ID: omadm.RequestID(id), Group: pick(d, omadm.Each, omadm.Each, omadm.Each, omadm.Sequence, omadm.Atomic),
		Combine: d.once(3), Priority: d.few(4), Delivery: pick(d, omadm.DeliveryDefault, omadm.DeliveryDefault, omadm.AtMostOnce, omadm.AtLeastOnce),
		MaxAttempts: pick(d, 0, 0, 0, 2, 3),
	}
	user := k.client.profile == simdevice.Windows && d.once(6)
	verb := omadm.Verb(0)
	if w.request.Combine && d.once(2) {
		verb = pick(d, omadm.Get, omadm.Replace, omadm.Add, omadm.Delete)
		if verb == omadm.Get && w.request.Group == omadm.Atomic {
			w.request.Group = omadm.Each
		}
	}
	for i := range 1 + d.few(7) {
		d.op(&w, fmt.Sprintf("%so%d", id, i), verb, user)
	}
	l := &k.rules.Limits
	if w.request.Normalize(); w.request.Scope == omadm.UserScope && l.Requests+l.Octets == 0 && d.once(4) { // one that waits is looked at, too
		w.request.User = pick(d, "somebody", "nobody")
	}
	if d.once(12) {
		w.life = time.Duration(d.between(1, 60)) * time.Minute
	}
	if d.once(12) {
		w.delay = time.Duration(d.between(1, 60)) * time.Minute
		w.life = 0
	}
	if !user && d.once(25) {
		w = wish{visit: w.visit, poison: true, request: omadm.Request{ID: w.request.ID, MaxAttempts: w.request.MaxAttempts, Priority: w.request.Priority}}
		w.request.Ops = []omadm.Op{{Verb: omadm.Replace, URI: omadm.URI(place(k.client.profile, false) + poison), Value: omadm.Text(id)}}
	}
	return w
}

// place is where the nodes of the talk are. Below it a Replace makes what is missing on Windows, and an Add everywhere.
func place(p simdevice.Profile, user bool) string {
	switch {
	case user:
		return "./User/Vendor/MSFT/Policy/Config/Talk/"
	case p == simdevice.Windows:
		return "./Vendor/MSFT/Policy/Config/Talk/"
	}
	return "./Data/"
}

// full is the access of nodes that nothing is wrong with.
const full = simdevice.Add | simdevice.Delete | simdevice.Get | simdevice.Replace | simdevice.Exec | simdevice.Copy

// op adds an operation to a wish; verb 0 is any.
func (d dice) op(w *wish, tag string, verb omadm.Verb, user bool) {
	k := d.talk
	if verb == 0 {
		verb = pick(d, omadm.Get, omadm.Get, omadm.Replace, omadm.Replace, omadm.Replace, omadm.Add, omadm.Add, omadm.Delete, omadm.Exec, omadm.Copy, omadm.Alert)
	}
	if w.request.Group == omadm.Atomic && (verb == omadm.Get || verb == omadm.Exec) {
		verb = omadm.Replace
	}
	name, secret := tag, d.once(10)
	if secret {
		name += secretName
	}
	uri := place(k.client.profile, user) + name
	op := omadm.Op{Verb: verb, URI: omadm.URI(uri)}
	n := node{uri: uri, node: simdevice.Node{Access: full}}
	switch verb {
	case omadm.Get:
		n.node.Value = syncml.Text(words(tag, d.size(6000), d.IntN(styles)))
		switch {
		case secret:
			n.node.Value = syncml.Text(words(tag, 30+d.size(3000), secretStyle))
		case d.once(5):
			n.node.Format, n.node.Value = "bin", syncml.Octets([]byte(words(tag, d.size(3000), 0)))
		}
		if d.once(8) && k.client.profile != simdevice.Windows {
			op.URI += omadm.URI("?prop=" + pick(d, "Format", "Name", "ACL"))
		}
	case omadm.Replace, omadm.Add:
		if op.Value = d.value(tag); secret {
			op.Value = omadm.Text(words(tag, 30+d.size(3000), secretStyle))
		}
		n.node.Format, n.node.Value = string(op.Value.Format), syncml.Text("")
		if op.Value.Format == omadm.FormatB64 {
			n.node.Format = "bin"
		}
	case omadm.Exec:
		op.Value = omadm.Text(words(tag, d.size(500), 0))
		n.exec = pick(d, 0, omadm.StatusOK, omadm.StatusAccepted, omadm.StatusCommandFailed)
		if n.exec == omadm.StatusAccepted && d.once(2) {
			n.node.Alert = endKind
			if k.client.profile == simdevice.Generic12 || k.client.profile == simdevice.Windows {
				op.Correlator = "correlator-" + tag
			}
		}
	case omadm.Copy:
		from := node{uri: place(k.client.profile, user) + tag + "from", node: simdevice.Node{Access: full, Value: syncml.Text(tag)}}
		w.nodes = append(w.nodes, from)
		op.From = omadm.URI(from.uri)
	case omadm.Alert:
		w.request.Ops = append(w.request.Ops, d.question(tag))
		return
	}
	if d.once(8) { // something is wrong
		n.node.Access = simdevice.Get
		if d.once(2) {
			op.URI = omadm.URI(strings.Replace(uri, "/", "/NoSuchPlace/", 1))
			if user {
				op.URI = "./User/NoSuchPlace/" + omadm.URI(tag)
			}
		}
	}
	there := verb != omadm.Add && verb != omadm.Copy
	if d.once(20) {
		there = !there
	}
	if there {
		w.nodes = append(w.nodes, n)
	}
	w.request.Ops = append(w.request.Ops, op)
}

func (d dice) value(tag string) omadm.Value {
	switch d.IntN(8) {
	case 0:
		return omadm.Bytes([]byte(words(tag, d.size(4000), 2)))
	case 1:
		if d.talk.client.wbxml {
			return omadm.Octets([]byte(words(tag, d.size(5000), 2)))
		}
	}
	return omadm.Text(words(tag, d.size(8000), d.IntN(styles)))
}

// question is an alert to the user. The text tells whose it is, and what the user will say.
func (d dice) question(tag string) omadm.Op {
	a := omadm.UserAlert{
		Code: pick(d, omadm.AlertDisplay, omadm.AlertConfirm, omadm.AlertTextInput, omadm.AlertSingleChoice, omadm.AlertMultipleChoice),
		Text: tag + " " + pick(d, "yes", "yes", "yes", "no", "cancel", "silence"),
	}
	if a.Code == omadm.AlertSingleChoice || a.Code == omadm.AlertMultipleChoice {
		a.Choices = []string{"red", "green"}
	}
	return a.Op()
}

// poison is the name of a node with which the device is dead as soon as it reads it.
const poison = "Poison"

// secretName ends the names of nodes whose values are secrets.
const secretName = "Password"

// secrets are the texts of a talk that nobody may see, not even in part.
func (k *talk) secrets() []string {
	list := []string{devicePassword, serverPassword}
	for i := range k.wishes {
		w := &k.wishes[i]
		for _, op := range w.request.Ops {
			if strings.HasSuffix(string(op.URI), secretName) && (op.Verb == omadm.Replace || op.Verb == omadm.Add) {
				list = append(list, pieces(op.Value.Data.Value)...)
			}
			for _, n := range w.nodes {
				if op.Verb == omadm.Get && n.uri == string(op.URI) && strings.HasSuffix(n.uri, secretName) {
					list = append(list, pieces(n.node.Value.Value)...)
				}
			}
		}
	}
	return list
}

// piece is the length of a text that counts as a secret. What is shorter could be cut out of anything.
const piece = 24

// pieces are the beginning and the middle of a secret.
func pieces(secret string) []string {
	if len(secret) < 2*piece {
		return nil
	}
	return []string{secret[:piece], secret[len(secret)/2:][:piece]}
}
