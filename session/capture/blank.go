package capture

import (
	"reflect"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Blank is a place in a message where a secret stood.
type Blank struct {
	// Place is such as "Cred", "Chal", "Replace ./DMAcc/A/AppAuth/B/AAuthSecret" or, for a secret that came up again
	// where none is expected, "elsewhere".
	Place string `json:"place"`
	// Secret is the number of the secret, see Placeholder. It is the same wherever the secret stood.
	Secret int `json:"secret"`
}

const (
	longSecret = 8       // octets from which on a secret is blanked wherever it comes up
	maxRecent  = 256     // long secrets that are looked for, and secrets that are replaced where they stand
	maxSecrets = 100_000 // secrets with a number of their own
	maxOpen    = 1024    // sessions of which something is remembered
	maxTail    = 4096    // octets of a part that are remembered
)

// blanker blanks the secrets of one conversation after another. Messages have to come in their order.
type blanker struct {
	secret  func(omadm.URI) bool // what else is a secret; may be nil
	numbers map[string]int       // of the secrets so far, as they mean
	taken   int                  // numbers that others have
	recent  []string             // long ones, as they were written; the latest last
	replace *strings.Replacer    // of recent; nil: to be made

	// Large objects may be cut within a document: what the part before ended with, by sender and session.
	tails map[string]tail
	// Questions for a password, by session, message and command. The answer is a secret.
	questions map[string]bool

	// Of the message at hand.
	from    Direction
	session string
	hits    []hit
}

// hit is a secret that was found in a message.
type hit struct {
	Blank
	written string // as it stood in the message
}

type tail struct {
	uri  string
	text string
}

// message blanks the secrets in a message and returns them.
func (b *blanker) message(from Direction, m *syncml.Message) []hit {
	h := &m.Header
	device := h.Source.URI
	if from == FromServer {
		device = h.Target.URI
	}
	b.from, b.session, b.hits = from, device+"\n"+h.SessionID, nil
	b.cred(h.Cred)
	b.meta("SyncHdr", h.Meta)
	b.commands(m.Body, h.MsgID, nil)
	b.elsewhere(m)
	return b.hits
}

// commands blanks the secrets of commands; metas are those of the Atomic and Sequence around them, the nearest first.
func (b *blanker) commands(list []syncml.Command, msgID string, metas []*syncml.Meta) {
	for _, c := range list {
		p := partsOf(c)
		metas := append([]*syncml.Meta{p.meta}, metas...)
		b.cred(p.cred)
		b.meta(c.Name(), p.meta)
		if p.chal != nil {
			b.meta("Chal", p.chal.Meta)
		}
		switch c := c.(type) {
		case *syncml.Unknown:
			b.markup(c.Element, &c.Content)
		case *syncml.Alert:
			b.question(msgID, c)
		}
		for i := range p.items {
			b.item(c, p, &p.items[i], metas)
		}
		b.commands(p.body, msgID, metas)
	}
}

// parts are the parts of a command that may hold a secret.
type parts struct {
	cred  *syncml.Cred
	meta  *syncml.Meta
	chal  *syncml.Chal
	items []syncml.Item
	body  []syncml.Command
	refs  []string // addresses that the command has outside of its items
}

func partsOf(c syncml.Command) parts {
	p := parts{items: c.ItemList()}
	switch c := c.(type) {
	case *syncml.Add:
		p.cred, p.meta = c.Cred, c.Meta
	case *syncml.Alert:
		p.cred = c.Cred
	case *syncml.Atomic:
		p.meta, p.body = c.Meta, c.Body
	case *syncml.Copy:
		p.cred, p.meta = c.Cred, c.Meta
	case *syncml.Delete:
		p.cred, p.meta = c.Cred, c.Meta
	case *syncml.Exec:
		p.cred, p.meta = c.Cred, c.Meta
	case *syncml.Get:
		p.cred, p.meta = c.Cred, c.Meta
	case *syncml.Replace:
		p.cred, p.meta = c.Cred, c.Meta
	case *syncml.Results:
		p.meta, p.refs = c.Meta, []string{c.TargetRef, c.SourceRef}
	case *syncml.Sequence:
		p.meta, p.body = c.Meta, c.Body
	case *syncml.Status:
		p.cred, p.chal, p.refs = c.Cred, c.Chal, append(slices.Clip(c.TargetRefs), c.SourceRefs...)
	}
	return p
}

func (b *blanker) cred(c *syncml.Cred) {
	if c != nil {
		b.data("Cred", &c.Data)
		b.meta("Cred", c.Meta)
	}
}

func (b *blanker) meta(place string, m *syncml.Meta) {
	if m == nil {
		return
	}
	b.whole(place, &m.NextNonce)
	for i := range m.Extra {
		e := &m.Extra[i]
		if secretName(e.Name) {
			b.whole(place, &e.Content)
		} else {
			b.markup(place, &e.Content)
		}
	}
}

// item blanks the data of an item if all of it is a secret, else the secrets of the document that it may be.
func (b *blanker) item(c syncml.Command, p parts, it *syncml.Item, metas []*syncml.Meta) {
	uri := it.Target.URI
	if uri == "" {
		uri = it.Source.URI
	}
	place := strings.TrimSpace(c.Name() + " " + uri)
	b.meta(place, it.Meta)
	if it.Data.Kind == syncml.NoData {
		return
	}
	_, alert := c.(*syncml.Alert)
	token := alert && it.Meta != nil && omadm.AlertType(it.Meta.Type) == omadm.TypeAADUserToken
	if token {
		place = "Alert " + omadm.TypeAADUserToken
	}
	if token || b.isSecret(it.Target.URI) || b.isSecret(it.Source.URI) || slices.ContainsFunc(p.refs, b.isSecret) ||
		b.isAnswer(c) || secretText(it.Data.Value) || hidden(it, metas) {
		b.data(place, &it.Data)
		return
	}
	b.document(place, uri, it)
}

func (b *blanker) isSecret(uri string) bool {
	u := omadm.URI(uri)
	return uri != "" && (secretNode(u) || b.secret != nil && b.secret(u))
}

// hidden reports whether a value in base64, in octets or in a document within a document holds a secret.
func hidden(it *syncml.Item, metas []*syncml.Meta) bool {
	text := it.Data.Value
	switch v := omadm.ItemValue(it, metas...); {
	case it.Data.Kind == syncml.OctetsData || v.DataFormat() == omadm.FormatB64:
		if octets, err := v.Bytes(); err == nil {
			text = string(octets)
		}
		if strings.Contains(text, "AAuthSecret") || strings.Contains(text, "AAuthData") {
			return true // in an encoding that documentSecrets does not read
		}
	case strings.Contains(text, "&lt;"):
		text = references.Replace(text)
	default:
		return false
	}
	return documentSecrets(text).any()
}

// references are those that every XML document has.
var references = strings.NewReplacer("&lt;", "<", "&gt;", ">", "&quot;", `"`, "&apos;", "'", "&amp;", "&")

// markup blanks the secrets in the content of an element that no field stands for.
func (b *blanker) markup(place string, s *string) {
	switch f := documentSecrets(*s); {
	case f.broken:
		b.whole(place, s)
	default:
		b.spans(place, s, f.spans)
	}
}

// document blanks secrets inside a value. It may be a part of a large object; the one before is then in its tail.
func (b *blanker) document(place, uri string, it *syncml.Item) {
	key := b.from.String() + "\n" + b.session
	last, found := b.tails[key], []span(nil)
	if last.uri != uri {
		last.text = ""
	}
	text := last.text + it.Data.Value
	f := documentSecrets(text)
	for _, s := range f.spans {
		if s.to > len(last.text) {
			found = append(found, span{max(s.from-len(last.text), 0), s.to - len(last.text)})
		}
	}
	if f.broken {
		b.data(place, &it.Data)
	} else {
		b.spans(place, &it.Data.Value, found)
	}
	if last.uri == uri {
		delete(b.tails, key)
	}
	switch {
	case !it.MoreData:
	case len(b.tails) >= maxOpen:
		b.data(place, &it.Data) // without a tail nobody can say what the next part is
	case f.open:
		b.keep(key, tail{uri, "<Secret>" + unfinishedTag(text)})
	default:
		b.keep(key, tail{uri, text[max(len(text)-maxTail, 0):]})
	}
}

// unfinishedTag returns the tag that the text ends in the middle of, if it is short.
func unfinishedTag(text string) string {
	i := strings.LastIndexByte(text, '<')
	if i < 0 || len(text)-i > maxTail || strings.IndexByte(text[i:], '>') >= 0 {
		return ""
	}
	return text[i:]
}

func (b *blanker) keep(key string, t tail) {
	if b.tails == nil {
		b.tails = make(map[string]tail)
	}
	b.tails[key] = tail{strings.Clone(t.uri), strings.Clone(t.text)}
}

// question remembers an alert that asks the user for a text without showing it, and blanks the default answer
// (OMA DM Protocol 1.2.1, section 10.3).
func (b *blanker) question(msgID string, c *syncml.Alert) {
	if b.from != FromServer || strings.TrimSpace(c.Data.Value) != "1102" || len(c.Items) == 0 {
		return
	}
	options := &c.Items[0].Data.Value
	var answer []span
	hides, at := false, 0
	for option := range strings.SplitSeq(*options, "&") {
		name, value, ok := strings.Cut(option, "=")
		end := at + len(option)
		switch name = strings.TrimSpace(name); {
		case !ok && len(answer) > 0: // an "&" that should have been escaped
			answer[len(answer)-1].to = end
		case name == "ET":
			hides = hides || strings.TrimSpace(value) == "P"
		case name == "DR":
			answer = append(answer, span{end - len(value), end})
		}
		at = end + 1
	}
	if !hides {
		return
	}
	b.spans("Alert 1102", options, answer)
	if b.questions == nil {
		b.questions = make(map[string]bool)
	}
	if len(b.questions) < maxOpen {
		b.questions[strings.Clone(b.session+"\n"+msgID+"\n"+c.CmdID)] = true
	}
}

// isAnswer reports whether c is the answer to a question for a password.
func (b *blanker) isAnswer(c syncml.Command) bool {
	s, ok := c.(*syncml.Status)
	return ok && s.Cmd == "Alert" &&
		(len(b.questions) >= maxOpen || b.questions[b.session+"\n"+s.MsgRef+"\n"+s.CmdRef])
}

func (b *blanker) data(place string, d *syncml.Data) {
	if d.Kind == syncml.MarkupData && strings.TrimSpace(d.Value) != "" {
		d.Kind = syncml.TextData
	}
	b.whole(place, &d.Value)
}

// whole blanks a text that is a secret, but for white space around it.
func (b *blanker) whole(place string, s *string) {
	const space = " \t\r\n"
	from := len(*s) - len(strings.TrimLeft(*s, space))
	b.spans(place, s, []span{{from, from + len(strings.Trim(*s, space))}})
}

// spans blanks parts of a text.
func (b *blanker) spans(place string, s *string, secrets []span) {
	if len(secrets) == 0 {
		return
	}
	var out strings.Builder
	done := 0
	for _, at := range secrets {
		out.WriteString((*s)[done:at.from])
		out.WriteString(b.blank(place, (*s)[at.from:at.to]))
		done = at.to
	}
	out.WriteString((*s)[done:])
	*s = out.String()
}

// blank notes a secret and returns its placeholder.
func (b *blanker) blank(place, written string) string {
	if written == "" {
		return ""
	}
	n := placeholderNumber(written)
	if n > 0 {
		return written // it was blanked before
	}
	n = b.number(written)
	b.hits = append(b.hits, hit{Blank{place, n}, written})
	b.remember(written)
	return Placeholder(n, len(written))
}

func (b *blanker) number(written string) int {
	meaning := references.Replace(written)
	if n, ok := b.numbers[meaning]; ok {
		return n
	}
	n := b.taken + len(b.numbers) + 1
	if len(b.numbers) >= maxSecrets {
		return n
	}
	if b.numbers == nil {
		b.numbers = make(map[string]int)
	}
	b.numbers[strings.Clone(meaning)] = n
	return n
}

// remember keeps a long secret, so that it is found where it comes up again, as it is and as it stands in markup.
func (b *blanker) remember(written string) {
	meaning := references.Replace(written)
	for _, s := range []string{written, meaning, escape.Replace(meaning)} {
		if len(s) < longSecret {
			continue
		}
		if i := slices.Index(b.recent, s); i >= 0 {
			b.recent = slices.Delete(b.recent, i, i+1)
		}
		b.recent = append(b.recent, strings.Clone(s))
	}
	b.recent = slices.Delete(b.recent, 0, max(len(b.recent)-maxRecent, 0))
	b.replace = nil
}

var escape = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// withoutLong returns the text with the long secrets replaced.
func (b *blanker) withoutLong(text string) string {
	if b.replace == nil {
		known := slices.Clone(b.recent)
		slices.SortStableFunc(known, func(a, b string) int { return len(b) - len(a) })
		var pairs []string
		for _, s := range known {
			pairs = append(pairs, s, Placeholder(b.number(s), len(s)))
		}
		b.replace = strings.NewReplacer(pairs...)
	}
	return b.replace.Replace(text)
}

// elsewhere blanks long secrets in all texts of the message.
func (b *blanker) elsewhere(m *syncml.Message) {
	if len(b.recent) == 0 {
		return
	}
	eachText(reflect.ValueOf(m), func(text string) string {
		blanked := b.withoutLong(text)
		if blanked == text {
			return text
		}
		for _, s := range b.recent {
			if len(b.hits) < 2*maxRecent && strings.Contains(text, s) {
				b.hits = append(b.hits, hit{Blank{"elsewhere", b.number(s)}, s})
			}
		}
		return blanked
	})
}

// eachText replaces every string below v, which is a pointer.
func eachText(v reflect.Value, edit func(string) string) {
	switch v.Kind() {
	case reflect.Pointer, reflect.Interface:
		if !v.IsNil() {
			eachText(v.Elem(), edit)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			eachText(v.Field(i), edit)
		}
	case reflect.Slice:
		for i := range v.Len() {
			eachText(v.Index(i), edit)
		}
	case reflect.String:
		if s := v.String(); s != "" {
			if t := edit(s); t != s {
				v.SetString(t)
			}
		}
	}
}
