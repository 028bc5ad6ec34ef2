package csp

import (
	"errors"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// value checks what an operation brings. Allowed is what the node takes, or what it takes as others are set.
func (k *checker) value(s *subject, n Node, allowed Constraint) {
	v := &s.op.Value
	switch {
	case s.op.Verb == omadm.Copy:
		return
	case s.op.Verb != omadm.Exec && !s.changes(), n.Format() == omadm.FormatNode:
		if v.Data.Value != "" {
			k.add(s, Issue{Code: CodeValueUnexpected, Got: v.String(), Message: unexpected(s.op.Verb)})
		}
		return
	case v.Data.Kind == syncml.NoData:
		k.missing(s, n)
		return
	case n.Ingested():
		return
	}
	if v.Data.Kind == syncml.MarkupData {
		k.add(s, Issue{
			Code: CodeValueFormat, Severity: Warning, Got: "markup", Want: "escaped text, or a CDATA section",
			Message: "markup that is not escaped becomes part of the message",
		})
	}
	if !k.format(s, n, &allowed) {
		return
	}
	if k.content(s, n, &allowed) {
		k.inside(s, n, &allowed)
	}
}

func unexpected(v omadm.Verb) string {
	if v == omadm.Add || v == omadm.Replace || v == omadm.Exec {
		return "an interior node has no value"
	}
	return v.String() + " brings no value"
}

// missing reports that there is no Data. An Exec may do without, and so may what starts something or says nothing.
func (k *checker) missing(s *subject, n Node) {
	if s.op.Verb == omadm.Exec || n.Format() == omadm.FormatNull && !n.Ingested() ||
		s.op.Verb == omadm.Add && n.Verbs().Has(omadm.Exec) {
		return
	}
	k.add(s, Issue{Code: CodeValueMissing, Want: string(valueFormat(n)), Message: "there is no Data"})
}

// valueFormat returns the format that values of n are sent in.
func valueFormat(n Node) omadm.Format {
	if n.Ingested() {
		return omadm.FormatChr
	}
	return n.Format()
}

// format compares the Format that the operation gives with that of the node. A value without one is taken for what the
// node wants.
func (k *checker) format(s *subject, n Node, allowed *Constraint) bool {
	got, want := omadm.Format(strings.ToLower(string(s.op.Value.Format))), n.Format()
	if got == "" || got == want || interchangeable(got, want) || want == omadm.FormatNull {
		return true
	}
	if want == omadm.FormatBool && got == omadm.FormatInt && numeric(allowed) {
		return true
	}
	i := Issue{Code: CodeValueFormat, Got: "format " + string(got), Want: "format " + string(want), Message: "wrong format"}
	if v, ok := converted(&s.op.Value, want, allowed); ok && !n.Sensitive() {
		i.Fix = []Fix{{Verb: s.op.Verb, URI: s.op.URI, Value: &v}}
	}
	k.add(s, i)
	return false
}

// interchangeable reports whether devices take one format for the other: text and XML are both characters, and octets
// travel as base64 in the guise of text.
func interchangeable(got, want omadm.Format) bool {
	isText := func(f omadm.Format) bool { return f == omadm.FormatChr || f == omadm.FormatXML }
	isOctets := func(f omadm.Format) bool { return f == omadm.FormatB64 || f == omadm.FormatBin }
	switch {
	case isText(got) && isText(want), isOctets(got) && isOctets(want):
		return true
	case got == omadm.FormatChr:
		return want == omadm.FormatBin || want == omadm.FormatDate || want == omadm.FormatTime || want == omadm.FormatFloat
	}
	return false
}

// numeric reports whether truth values are written as numbers.
func numeric(c *Constraint) bool {
	if c.Kind != Enum {
		return false
	}
	for _, v := range c.Values {
		if _, ok := parseNumber(v); !ok {
			return false
		}
	}
	return true
}

// converted returns a truth value as a number or the other way round, when the node takes that.
func converted(v *omadm.Value, want omadm.Format, allowed *Constraint) (omadm.Value, bool) {
	out := *v
	out.Format = want
	truth, isTruth := parseTruth(v.Data.Value)
	_, isNumber := parseNumber(v.Data.Value)
	switch want {
	case omadm.FormatInt:
		if isTruth && !isNumber {
			out = omadm.Int(0)
			if truth {
				out = omadm.Int(1)
			}
		} else if !isNumber {
			return out, false
		}
	case omadm.FormatBool:
		if !isTruth {
			return out, false
		}
		out = omadm.Bool(truth)
	case omadm.FormatChr, omadm.FormatXML:
	default:
		return out, false
	}
	return out, allowed.allows(out.Data.Value, want, new(patterns)).ok()
}

// content looks at whether the data is of the format, and one of the values that the node takes.
func (k *checker) content(s *subject, n Node, allowed *Constraint) bool {
	text := s.op.Value.Data.Value
	if f := formatFault(s.op.Value, n.Format(), allowed); !f.ok() {
		k.fault(s, f)
		return false
	}
	if s.op.Verb == omadm.Exec && text == "" {
		return true
	}
	f := allowed.allows(text, n.Format(), &k.patterns)
	if f.ok() {
		return true
	}
	if f.code == CodeValueRegex && allowed.Confirmed {
		i := issueOf(f)
		i.Severity = Error
		k.add(s, i)
		return false
	}
	k.fault(s, f)
	return false
}

// fault reports what is wrong with a value.
func (k *checker) fault(s *subject, f fault) { k.add(s, issueOf(f)) }

func issueOf(f fault) Issue {
	return Issue{Code: f.code, Got: f.got, Want: limited(f.want), Message: f.message}
}

// formatFault returns what is wrong with data as a value of a format. Whoever allows certain values says more about
// numbers.
func formatFault(v omadm.Value, format omadm.Format, allowed *Constraint) fault {
	text := v.Data.Value
	wrong := func(want string) fault {
		return fault{CodeValueFormat, shorten(text), want, "is not of the format of the node"}
	}
	if allowed.List != "" {
		return fault{}
	}
	switch format {
	case omadm.FormatInt:
		if _, ok := parseNumber(text); !ok {
			return wrong("a number")
		}
	case omadm.FormatBool:
		if _, ok := parseTruth(text); !ok && !allowed.allows(text, format, new(patterns)).ok() || !ok && allowed.Kind == Any {
			return wrong("true or false")
		}
	case omadm.FormatB64:
		if _, ok := octets(v); !ok {
			return fault{CodeValueFormat, "", "base64", "is not base64"}
		}
	case omadm.FormatXML:
		return allowsXML(text)
	case omadm.FormatFloat:
		v.Format = omadm.FormatFloat
		if _, err := v.Float(); err != nil {
			return wrong("a number")
		}
	}
	return fault{}
}

// inside looks at what the value means: numbers that others cut, policies of templates, templates, documents.
func (k *checker) inside(s *subject, n Node, allowed *Constraint) {
	text := s.op.Value.Data.Value
	if number, ok := parseNumber(text); ok && n.Format() == omadm.FormatInt && beyondInt32(number) {
		k.add(s, Issue{Code: CodeValueInt32, Got: text, Message: "is more than 31 bits, which some tools cut off"})
	}
	switch allowed.Kind {
	case ADMX:
		k.payload(s, n, allowed, text)
	case XSD:
		k.document(s, n, CodeValueXSD, text)
	case JSON:
		k.document(s, n, CodeValueJSON, text)
	case SDDL:
		k.document(s, n, CodeValueSDDL, text)
	}
	if isTemplateNode(n) && s.changes() {
		k.template(s, text)
	}
}

func (k *checker) document(s *subject, n Node, code Code, text string) {
	if k.rules.Document == nil {
		k.add(s, Issue{Code: code, Message: "only the form was looked at"})
		return
	}
	if err := k.rules.Document(n, text); err != nil {
		k.add(s, Issue{Code: code, Severity: Error, Message: err.Error()})
	}
}

// payload checks the value of a policy of a template.
func (k *checker) payload(s *subject, n Node, allowed *Constraint, text string) {
	p, err := ParsePayload(text)
	if err != nil {
		reason := err.Error()
		if e := new(PayloadError); errors.As(err, &e) {
			reason = e.Reason
		}
		k.add(s, Issue{
			Code: CodeADMXShape, Want: "<enabled/> with <data id= value=/>, or <disabled/>", Message: reason,
		})
		return
	}
	elements, source, known := k.elements(n)
	if !known {
		return
	}
	for _, f := range p.faults(elements) {
		i := issueOf(f.fault)
		i.Source = source
		switch {
		case f.limit && !allowed.Confirmed:
			i.Severity = Warning // a template of another edition, or of another policy
		case f.code == CodeADMXID:
			i.Severity = Error
		}
		k.add(s, i)
	}
}

// elements returns the elements of the policy of a template, and where they are from when it is not the catalogue.
func (k *checker) elements(n Node) (elements []Element, source string, known bool) {
	if k.rules.Elements == nil {
		return elementsOf(n)
	}
	elements, known = k.rules.Elements(n)
	return elements, "", known
}

// isTemplateNode reports whether the value of n is a template: …/ADMXInstall/{AppName}/{SettingsType}/{AdmxFileId}.
func isTemplateNode(n Node) bool {
	if !n.Dynamic() || n.Depth() != 9 {
		return false
	}
	above := n.Parent().Parent().Parent()
	return above.Name() == "ADMXInstall"
}

// template checks an administrative template that is to be installed.
func (k *checker) template(s *subject, text string) {
	key := ""
	err := readParts(text, func(root *etree.Element) {
		if key == "" {
			key = forbiddenKey(root, false)
		}
	})
	switch {
	case err != nil:
		if f := faultOfXML(err); !f.ok() {
			k.fault(s, f)
		}
	case key != "":
		k.add(s, Issue{
			Code: CodeADMXRegistry, Got: shorten(key), Want: "a key of the application",
			Message: "the template writes to a key of Windows, so that a device refuses it",
		})
	}
}

// forbiddenKey returns the first ForbiddenKey that a policy in e, or what is below it, writes to.
func forbiddenKey(e *etree.Element, inPolicy bool) string {
	if inPolicy = inPolicy || e.Tag == "policy"; inPolicy {
		for _, name := range [...]string{"key", "defaultKey"} {
			if key := e.SelectAttrValue(name, ""); ForbiddenKey(key) {
				return key
			}
		}
	}
	for c := range e.ChildElementsSeq() {
		if key := forbiddenKey(c, inPolicy); key != "" {
			return key
		}
	}
	return ""
}

// ForbiddenKey reports whether Windows refuses a template of an application that writes to a key of the registry, because
// policies and components of its own have it.
func ForbiddenKey(key string) bool {
	key = strings.ToLower(strings.Trim(key, `\`)) + `\`
	for _, free := range freeKeys {
		if strings.HasPrefix(key, free) {
			return false
		}
	}
	for _, closed := range closedKeys {
		if strings.HasPrefix(key, closed) {
			return true
		}
	}
	return false
}

// closedKeys are where no template may write, freeKeys where it may all the same (Windows client management, "Win32 and
// Desktop Bridge app policy configuration"; the policies of Edge are not in that list, and are taken).
var (
	closedKeys = [...]string{`system\`, `software\microsoft\`, `software\policies\microsoft\`}
	freeKeys   = [...]string{
		`software\microsoft\edge\`,
		`software\microsoft\edgeupdate\`,
		`software\microsoft\exchange\`,
		`software\microsoft\internet explorer\`,
		`software\microsoft\office\`,
		`software\microsoft\onedrive\`,
		`software\microsoft\shared tools\graphics filters\`,
		`software\microsoft\shared tools\proofing tools\`,
		`software\microsoft\windows\currentversion\explorer\`,
		`software\microsoft\windows\windows search\preferences\`,
		`software\policies\microsoft\edge\`,
		`software\policies\microsoft\edgeupdate\`,
		`software\policies\microsoft\exchange\`,
		`software\policies\microsoft\ime\shared\`,
		`software\policies\microsoft\imejp\`,
		`software\policies\microsoft\office\`,
		`software\policies\microsoft\officesoftwareprotectionplatform\`,
		`software\policies\microsoft\onedrive\`,
		`software\policies\microsoft\shared tools\graphics filters\`,
		`software\policies\microsoft\shared tools\proofing tools\`,
		`software\policies\microsoft\softwareprotectionplatform\`,
		`software\policies\microsoft\vba\security\`,
		`software\policies\microsoft\windows\currentversion\explorer\`,
		`software\policies\microsoft\windows\windows search\preferences\`,
	}
)
