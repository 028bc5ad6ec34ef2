package csp

import (
	"cmp"
	"context"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Rules says how operations are checked. The zero Rules are good for most.
type Rules struct {
	// Policy decides how severe an issue is. Nil: as it is by default.
	Policy Policy
	// Elements returns the elements of the policy of a template that a node stands for, with which its data is compared,
	// and false when they are not known. Nil: ElementsOf.
	Elements func(Node) ([]Element, bool)
	// Document looks into a value that is a document (XSD, JSON, SDDL) once its form is right, and returns what is wrong
	// with it. Nil: an issue of severity Info says that nobody looked.
	Document func(Node, string) error
}

// Check returns what is to be said of requests for a device: how they agree with the catalogue, and with each other. It
// needs no request to be valid in the sense of omadm.Request.Validate. What the catalogue does not know is an error only
// where it should: in a provider, and in an area of Policy, that it knows otherwise.
func (c *Catalog) Check(d Device, reqs ...omadm.Request) Report { return Rules{}.Check(c, d, reqs...) }

// Checker returns a function that refuses a request with the errors of Check, for session.Queue and session.Config. It
// knows of a device what its facts say: see DeviceOf.
func (c *Catalog) Checker() func(context.Context, omadm.Facts, *omadm.Request) error {
	return Rules{}.Checker(c)
}

// Checker is Catalog.Checker with the rules.
func (r Rules) Checker(c *Catalog) func(context.Context, omadm.Facts, *omadm.Request) error {
	return func(_ context.Context, facts omadm.Facts, req *omadm.Request) error {
		return r.Check(c, DeviceOf(facts), *req).Err()
	}
}

// Check is Catalog.Check with the rules.
func (r Rules) Check(c *Catalog, d Device, reqs ...omadm.Request) Report {
	k := newChecker(r, c, d)
	subjects := k.gather(reqs)
	k.note(subjects)
	for _, s := range subjects {
		k.subject(s)
	}
	return k.report
}

func newChecker(r Rules, c *Catalog, d Device) checker {
	return checker{catalog: c, rules: r, device: d, wanted: map[URI]*subject{}, before: map[URI]*subject{}}
}

// checker checks requests.
type checker struct {
	catalog  *Catalog
	rules    Rules
	device   Device
	patterns patterns
	wanted   map[URI]*subject // the last that sets or deletes a node, by Match.URI
	before   map[URI]*subject // the last that was checked on a node, by its folded address
	origin   string           // name of the catalogue
	planned  bool             // the operations are steps of a plan, which puts them into an Atomic where they have to be
	report   Report
}

// subject is an operation that is checked.
type subject struct {
	request, index int
	group          omadm.Group
	first          omadm.Scope // of the operations of the request
	op             *omadm.Op
	uri            URI
	match          Match
	node           URI   // match.URI(), the same for all spellings
	err            error // of Parse, or of Resolve
	odd            bool  // Windows has such addresses, and OMA DM has not
}

// changes reports whether the operation changes a node.
func (s *subject) changes() bool { return s.op.Verb == omadm.Add || s.op.Verb == omadm.Replace }

// gather resolves the operations.
func (k *checker) gather(reqs []omadm.Request) []*subject {
	n := 0
	for i := range reqs {
		n += len(reqs[i].Ops)
	}
	all := make([]subject, 0, n)
	refs := make([]*subject, 0, n)
	for i := range reqs {
		first := reqs[i] // a copy: the request belongs to the caller
		first.Normalize()
		for j := range reqs[i].Ops {
			op := &reqs[i].Ops[j]
			if op.Verb == omadm.Alert {
				continue
			}
			all = append(all, subject{request: i, index: j, group: reqs[i].Group, first: first.Scope, op: op})
			s := &all[len(all)-1]
			k.resolve(s)
			refs = append(refs, s)
		}
	}
	return refs
}

// note keeps what the operations set, for others that depend on it.
func (k *checker) note(all []*subject) {
	for _, s := range all {
		if s.err == nil && (s.changes() || s.op.Verb == omadm.Delete) {
			k.wanted[s.node] = s
		}
	}
}

func (k *checker) resolve(s *subject) {
	if s.uri, s.err = Parse(string(s.op.URI)); s.err != nil {
		return
	}
	err := s.op.URI.Validate()
	if err != nil && s.uri.LocURI().Validate() == nil {
		s.err = err // another spelling of it is good
		return
	}
	s.odd = err != nil
	s.uri = s.uri.Path()
	s.match, s.err = k.catalog.Resolve(s.uri)
	if s.node = s.uri; s.err == nil {
		s.node = s.match.URI()
	}
}

// subject checks one operation.
func (k *checker) subject(s *subject) {
	if k.unresolved(s) {
		return
	}
	n := s.match.Node
	if n.Ingested() && k.elsewhere(s) {
		return
	}
	if s.odd {
		k.add(s, Issue{
			Code: CodeURISyntax, Severity: Warning, Message: "a name with a delimiter, which Windows has and OMA DM forbids",
		})
	}
	k.spelling(s)
	k.together(s)
	if !n.Described() {
		return
	}
	k.life(s, n)
	if s.op.URI.Query() != "" {
		return // of a property or a list the catalogue says nothing
	}
	if k.verb(s, n) {
		allowed := k.dependencies(s, n)
		k.value(s, n, allowed)
	}
	k.names(s, n)
	k.atomicRoot(s, n)
	if n.Reboot() != "" && (s.changes() || s.op.Verb == omadm.Exec) {
		k.add(s, Issue{Code: CodeRebootNeeded, Message: "takes effect with a restart: " + rebootBy.of(n.Reboot())})
	}
}

var rebootBy = lookup[Reboot, string]{
	{RebootAutomatic, "the device restarts by itself"},
	{RebootServerInitiated, "the server has to ask for it"},
}

// add reports an issue about an operation, and fills in what all have.
func (k *checker) add(s *subject, i Issue) {
	i.Request, i.Op, i.URI = s.request, s.index, s.op.URI
	if n := s.match.Node; s.err == nil && n.Described() {
		i.Node = n.Template()
		if i.Source == "" && !slices.Contains(certain[:], i.Code) && i.Code != CodeBatchDuplicate {
			i.Source = k.source(n, i.Code)
		}
		if n.Sensitive() {
			i.Got = ""
		}
	}
	if i.Severity == Off {
		i.Severity = severities.of(i.Code)
	}
	if k.rules.Policy != nil {
		if i.Severity = k.rules.Policy(&i); i.Severity == Off {
			return
		}
	}
	k.report = append(k.report, i)
}

// source says where the facts of a node are from. Most corrections are of verbs, names and values.
func (k *checker) source(n Node, code Code) string {
	family, _, _ := strings.Cut(string(code), ".")
	if sources := n.Sources(); len(sources) > 0 && strings.Contains("verb name value atomic", family) {
		return sources[0]
	}
	if origin := n.Origin(); origin != "" {
		return origin
	}
	if k.origin == "" {
		k.origin = k.catalog.Provenance().Name
	}
	return k.origin
}

// unresolved reports what is wrong with an address that leads nowhere.
func (k *checker) unresolved(s *subject) bool {
	switch err := s.err.(type) {
	case nil:
		return false
	case *UnknownError:
		k.together(s)
		k.unknown(s, err)
	default:
		reason := err.Error()
		if syntax, ok := err.(*SyntaxError); ok {
			reason = syntax.Code.reason()
		} else if uri, ok := err.(*omadm.URIError); ok {
			reason = uri.Reason
		}
		i := Issue{Code: CodeURISyntax, Message: "no address: " + reason}
		if !s.uri.IsZero() { // only the protocol refuses it
			i.Fix = []Fix{{Verb: s.op.Verb, URI: s.uri.LocURI()}}
		}
		k.add(s, i)
	}
	return true
}

func (k *checker) unknown(s *subject, err *UnknownError) {
	if !err.OtherScope.IsZero() {
		k.add(s, Issue{
			Code: CodeURIScope, Want: err.OtherScope.String(), Message: "the node is in the other scope only",
			Fix: []Fix{{Verb: s.op.Verb, URI: err.OtherScope.LocURI()}},
		})
		return
	}
	i := Issue{Code: CodeNodeUnknown, Message: "no such node", Got: quote(err.Missing)}
	if !err.CSP {
		i.Severity, i.Message = Warning, "the configuration service provider is not known"
	}
	for _, u := range err.Suggest {
		i.Fix = append(i.Fix, Fix{Verb: s.op.Verb, URI: u.LocURI()})
	}
	if len(err.Suggest) > 0 {
		i.Want = err.Suggest[0].String()
	}
	k.add(s, i)
}

// elsewhere reports a policy of the other scope, which leads to one of an application in this scope.
func (k *checker) elsewhere(s *subject) bool {
	other := k.catalog.otherScope(s.uri)
	if other.IsZero() {
		return false
	}
	k.together(s)
	k.unknown(s, &UnknownError{URI: s.uri, OtherScope: other})
	return true
}

// spelling compares the address with the canonical one. The first name of a device, which may be left out, does not
// count.
func (k *checker) spelling(s *subject) {
	written, rooted := strings.CutPrefix(string(s.op.URI.Path()), "./")
	canonical := s.node.segments()
	if len(written) > len("Vendor/") && equalASCII(written[:len("Vendor/")], "Vendor/") {
		canonical = strings.TrimPrefix(canonical, "Device/")
	}
	if rooted && sameSpelling(written, canonical) {
		return
	}
	want := s.node.LocURI()
	if q := s.op.URI.Query(); q != "" {
		want += "?" + omadm.URI(q)
	}
	k.add(s, Issue{
		Code: CodeURICase, Want: string(want), Message: "is written in another way",
		Fix: []Fix{{Verb: s.op.Verb, URI: want}},
	})
}

// sameSpelling compares names, whatever is escaped.
func sameSpelling(a, b string) bool {
	if a == b {
		return true
	}
	return omadm.URI(a).Canonical() == omadm.URI(b).Canonical()
}

// life looks at whether the device has the node: whether it is described, in use, and in its build and edition.
func (k *checker) life(s *subject, n Node) {
	if n.Ingested() && s.match.Node.Verbs().Has(omadm.Replace) {
		k.add(s, Issue{
			Code:    CodeNodeIngested,
			Message: "a policy of an application: the device needs its template, and nothing is known of its values",
		})
		return
	}
	if edition, ok := n.Removed(); ok {
		k.add(s, Issue{Code: CodeNodeRemoved, Message: "was described before " + edition + " and is no more"})
		return
	}
	if since, ok := n.Deprecated(); ok && (since.IsZero() || !k.device.Build.IsZero() && since.Compare(k.device.Build) <= 0) {
		i := Issue{Code: CodeNodeDeprecated, Message: "should not be used any more"}
		if !since.IsZero() {
			i.Message += " since " + since.String()
		}
		k.add(s, i)
	}
	k.applies(s, n)
}

func (k *checker) applies(s *subject, n Node) {
	a := n.Applies(k.device)
	switch {
	case a.Build == No && a.Unreleased, a.Build == Unknown && onlyUnreleased(a.BuildFact):
		k.add(s, Issue{Code: CodeBuildUnreleased, Got: k.device.Build.String(), Message: "is in no build that is out"})
	case a.Build == No:
		i := Issue{
			Code: CodeBuildUnsupported, Got: k.device.Build.String(), Want: a.BuildFact,
			Message: "is not in the build of the device",
		}
		if s.group == omadm.Atomic {
			i.Severity, i.Message = Error, i.Message+", so that the whole Atomic fails"
		}
		k.add(s, i)
	}
	if a.Edition != No {
		return
	}
	i := Issue{Code: CodeEditionUnsupported, Want: editionNames(a.EditionFact), Message: "is not for the edition of the device"}
	if k.device.Edition != 0 {
		i.Got = k.device.Edition.String()
	}
	if i.Want == "" {
		i.Message = "is for no edition"
	}
	k.add(s, i)
}

// onlyUnreleased reports whether a list of builds has none that is out.
func onlyUnreleased(list string) bool {
	if list == "" {
		return false
	}
	for entry := range strings.SplitSeq(list, ",") {
		if b, err := ParseBuild(entry); err != nil || !b.unreleased() {
			return false
		}
	}
	return true
}

// verb looks at whether the node takes the command, and reports whether it is worth to look at the value.
func (k *checker) verb(s *subject, n Node) bool {
	v := s.op.Verb
	if n.Verbs().Has(v) {
		return true
	}
	if v == omadm.Add && n.Naming() == ClientNamed {
		k.add(s, Issue{Code: CodeNameClient, Message: "the device makes such nodes, a server cannot"})
		return false
	}
	i := Issue{Code: CodeVerbDenied, Got: v.String(), Want: n.Verbs().String(), Message: "the node does not take the command"}
	if v == omadm.Get {
		i.Severity = Warning
	}
	for _, other := range [...]omadm.Verb{omadm.Replace, omadm.Add} {
		if s.changes() && n.Verbs().Has(other) {
			i.Fix = append(i.Fix, Fix{Verb: other, URI: s.op.URI})
		}
	}
	k.add(s, i)
	return s.changes() && len(i.Fix) > 0
}

// names compares the names that are chosen at run time with what the nodes take.
func (k *checker) names(s *subject, n Node) {
	if !s.changes() && s.op.Verb != omadm.Exec {
		return
	}
	if n.fixed() {
		return
	}
	params := s.match.Params()
	for ; len(params) > 0 && !n.IsZero(); n = n.Parent() {
		if !n.Dynamic() {
			continue
		}
		name := params[len(params)-1]
		params = params[:len(params)-1]
		pattern, confirmed := n.Pattern()
		if pattern == "" {
			continue
		}
		if !k.patterns.matches(pattern, name) {
			i := Issue{
				Code: CodeNamePattern, Got: shorten(name), Want: pattern, Source: k.source(n, CodeNamePattern),
				Message: "not a name for " + n.Name(),
			}
			if confirmed {
				i.Severity = Error
			}
			k.add(s, i)
		}
	}
}

// sortReport puts issues into the order of the operations, those about a request first.
func sortReport(r Report) {
	slices.SortStableFunc(r, func(a, b Issue) int {
		return cmp.Or(cmp.Compare(a.Request, b.Request), cmp.Compare(a.Op, b.Op))
	})
}
