package simdevice

import (
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Declared is what a Windows device does with the documents of declared configuration (WinDC) that a server sends over an
// enrolment of its own. The zero Declared works.
//
// A document is checked at once, which the status tells, and carried out when the session is over: its settings are put
// into the tree, and its results stand below Results. An alert at the start of each session says how all of them are. A
// document with the checksum of the one that is there changes nothing. At the end of later sessions the settings are put
// there again, unless the document is abandoned. What a document has set stays when it is deleted.
type Declared struct {
	// Delay is how many more sessions it takes until a document is carried out.
	Delay int
	// Apply carries out a setting, or reports one, and returns its status. nil: the settings of configuration service
	// providers are put into the tree or read from there, and all others are done without effect. It must not call the
	// Device.
	Apply func(s *DeclaredSetting) omadm.Status
}

// DeclaredSetting is a setting of a document.
type DeclaredSetting struct {
	Document string      // id of the document
	Report   bool        // rather than set
	URI      string      // of the node; empty for a property of management infrastructure
	Class    string      // namespace and class of that, with a slash between them
	Name     string      // of the property
	Type     string      // format of the value
	Value    syncml.Data // to be set; Apply sets it when it reports
}

// The states of documents and of settings.
const (
	stateSetting   = 2
	stateDeleted   = 70
	stateGetting   = 21
	stateSet       = 60
	stateSetFailed = 61
	stateGot       = 80
	stateGetFailed = 81
)

// typeDeclared is the type of the alert 1224 that sums up the documents.
const typeDeclared = "com.microsoft.mdm.declaredconfigurationdocuments"

// declaration is what a device remembers of a document.
type declaration struct {
	at               declaredPlace
	checksum, result string // result: checksum of the results
	state            int
	sessions         int  // since it came
	told             bool // in an alert, that it is deleted
}

// declaredPlace says where a document stands.
type declaredPlace struct {
	context string // Device or User
	kind    string // Complete or Inventory
	id      string
}

var (
	declaredContexts = [...]string{"Device", "User"}
	declaredKinds    = [...]string{"Complete", "Inventory"}
)

// declaredTop returns the address of the provider.
func declaredTop(context string) string { return "./" + context + "/Vendor/MSFT/DeclaredConfiguration" }

func (p declaredPlace) below(names ...string) string {
	return strings.Join(append([]string{declaredTop(p.context), "Host", p.kind}, names...), "/")
}

func (p declaredPlace) document() string { return p.below("Documents", p.id, "Document") }
func (p declaredPlace) results() string  { return p.below("Results", p.id, "Document") }
func (p declaredPlace) abandoned() string {
	return p.below("Documents", p.id, "Properties", "Abandoned")
}

// plantDeclared makes the nodes of the provider.
func (t *Tree) plantDeclared() {
	for _, context := range declaredContexts {
		for _, kind := range declaredKinds {
			p := declaredPlace{context: context, kind: kind}
			t.Put(p.below("Documents"), Node{Format: "node", Access: Add | Get, Permanent: true, Upsert: true, Below: all})
			t.Put(p.below("Results"), Node{Format: "node", Access: Get, Permanent: true})
		}
	}
}

// declares reports whether the device has declared configuration.
func (d *Device) declares() bool { return d.Declared != nil && d.Profile == Windows }

// declaredNode reports whether uri is a node of the provider, and if it is a document, which.
func declaredNode(uri string) (p declaredPlace, document, ok bool) {
	names := strings.Split(strings.TrimPrefix(uri, "./"), "/")
	p.context = "Device"
	if names[0] == "Device" || names[0] == "User" {
		p.context, names = names[0], names[1:]
	}
	if len(names) < 3 || !slices.Equal(names[:3], []string{"Vendor", "MSFT", "DeclaredConfiguration"}) {
		return p, false, false
	}
	if len(names) != 8 || names[3] != "Host" || names[5] != "Documents" || names[7] != "Document" {
		return p, false, true
	}
	p.kind, p.id = names[4], names[6]
	return p, slices.Contains(declaredKinds[:], p.kind), true
}

// declaredOnly reports whether a command addresses what there is in an enrolment for declared configuration: the nodes of
// the provider and no others.
func (x *executor) declaredOnly(c syncml.Command, o *outcome) bool {
	if !x.s.d.declares() {
		return true
	}
	if _, _, ok := declaredNode(o.uri); ok {
		return true
	}
	x.s.violate("R-11", "%s of a node that is not of DeclaredConfiguration", c.Name())
	o.status = omadm.StatusCommandNotAllowed
	return false
}

// declare takes a value that a command brings: when it is a document, it has to be well formed, and the one that is there
// stays if it has the same checksum.
func (x *executor) declare(uri string, v *syncml.Data) bool {
	p, document, _ := declaredNode(uri)
	if !x.s.d.declares() || !document {
		return true
	}
	doc, row, text := readDeclared(p, v.Value)
	if text != "" {
		if row != "" {
			x.s.violate(row, "%s", text)
		}
		return false
	}
	if old, _, fault := readDeclared(p, x.s.tree.Value(uri)); fault == "" && old.checksum == doc.checksum {
		*v = syncml.Text(x.s.tree.Value(uri))
	}
	return true
}

// declared is a document that was read.
type declared struct {
	root               *etree.Element
	scenario, checksum string
}

// declaredScenarios are those that the device knows.
var declaredScenarios = [...]string{
	"MSFTWifi", "MSFTVPN", "MSFTWiredNetwork", "MSFTResource", "MSFTInventory", "MSFTClientCertificateInstall", "MSFTPolicies",
	"MSFTExtensibilityMIProviderConfig", "MSFTExtensibilityMIProviderInventory",
}

// readDeclared reads a document and says what is wrong with it, perhaps with the rule of CONFORMANCE.md that is broken.
func readDeclared(p declaredPlace, s string) (d declared, row, fault string) {
	doc := etree.NewDocument()
	if len(s) > maxObject || doc.ReadFromString(s) != nil || doc.Root() == nil || doc.Root().FullTag() != "DeclaredConfiguration" {
		return d, "R-3", "the document is not a DeclaredConfiguration"
	}
	d.root = doc.Root()
	attr := func(name string) string { return d.root.SelectAttrValue(name, "") }
	d.scenario, d.checksum = attr("osdefinedscenario"), attr("checksum")
	switch {
	case attr("schema") != "1.0", d.checksum == "", d.scenario == "", attr("id") == "", attr("context") == "":
		return d, "R-3", "the document lacks an attribute, or has another schema"
	case !strings.EqualFold(attr("id"), p.id):
		return d, "R-4", "the id of the document is not that of its address"
	case !strings.EqualFold(attr("context"), p.context):
		return d, "R-4", "the context of the document is not that of its address"
	case !slices.Contains(declaredScenarios[:], d.scenario):
		return d, "", "the document has a scenario that is not known"
	case !wellDeclared(d.root):
		return d, "", "the content of the document does not follow the schema"
	}
	return d, "", ""
}

// wellDeclared reports whether the content follows the schema.
func wellDeclared(root *etree.Element) bool {
	has := func(e *etree.Element, names ...string) bool {
		return !slices.ContainsFunc(names, func(n string) bool { return e.SelectAttrValue(n, "") == "" })
	}
	for _, e := range root.ChildElements() {
		csp := e.Tag == "CSP"
		if csp && !has(e, "name") || !csp && (e.Tag != "DSC" || !has(e, "namespace", "className")) {
			return false
		}
		for _, c := range e.ChildElements() {
			switch {
			case len(c.ChildElements()) > 0:
				return false
			case csp && (c.Tag != "URI" || !has(c, "path", "type")):
				return false
			case !csp && (c.Tag != "Key" && c.Tag != "Value" || !has(c, "name")):
				return false
			}
		}
	}
	return len(root.ChildElements()) > 0
}

// sayDeclared puts the alert that sums up the documents into package 1, if there are any.
func (s *session) sayDeclared() {
	if !s.d.declares() {
		return
	}
	s.d.mu.Lock()
	defer s.d.mu.Unlock()
	if len(s.d.declarations) == 0 {
		return
	}
	root := etree.NewElement("DeclaredConfigurations")
	root.CreateAttr("schema", "1.0")
	for _, n := range s.d.declarations {
		e := root.CreateElement("DeclaredConfiguration")
		setAttrs(e, "context", n.at.context, "id", n.at.id, "checksum", n.checksum, "result_checksum", n.result, "state", strconv.Itoa(n.state))
		n.told = n.state == stateDeleted
	}
	a := event(typeDeclared, written(root))
	if s.codec.ContentType() == syncml.ContentTypeXML { // WBXML has no elements in data
		a.Items[0].Data.Kind = syncml.MarkupData
	}
	s.say(a)
}

func setAttrs(e *etree.Element, namesAndValues ...string) {
	for i := 0; i < len(namesAndValues); i += 2 {
		e.CreateAttr(namesAndValues[i], namesAndValues[i+1])
	}
}

// written returns a document with a root.
func written(root *etree.Element) string {
	doc := etree.NewDocumentWithRoot(root)
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	s, _ := doc.WriteToString() // to memory
	return s
}

// carryOut works on the documents when a session is over.
func (d *Device) carryOut() {
	if !d.declares() {
		return
	}
	t := d.Nodes()
	d.mu.Lock()
	defer d.mu.Unlock()
	d.declarations = slices.DeleteFunc(d.declarations, func(n *declaration) bool { return n.told })
	for _, n := range d.declarations {
		if _, ok := t.Node(n.at.document()); !ok {
			n.state, n.result = stateDeleted, ""
			t.Remove(n.at.results())
		}
	}
	for _, context := range declaredContexts {
		for _, kind := range declaredKinds {
			p := declaredPlace{context: context, kind: kind}
			for _, p.id = range t.Names(p.below("Documents")) {
				if doc, _, fault := readDeclared(p, t.Value(p.document())); fault == "" {
					d.work(t, p, doc)
				}
			}
		}
	}
}

// work brings one document a session further.
func (d *Device) work(t *Tree, p declaredPlace, doc declared) {
	i := slices.IndexFunc(d.declarations, func(n *declaration) bool { return n.at == p })
	if i < 0 {
		i = len(d.declarations)
		d.declarations = append(d.declarations, &declaration{at: p})
	}
	n := d.declarations[i]
	if n.checksum != doc.checksum || n.state == stateDeleted {
		*n = declaration{at: p, checksum: doc.checksum, state: stateSetting}
		if p.kind == "Inventory" {
			n.state = stateGetting
		}
	}
	switch {
	case t.Value(p.abandoned()) == "1":
		return
	case n.sessions < d.Declared.Delay:
		n.sessions++
		forgetValues(doc.root)
	default:
		n.state = d.applyAll(t, p, doc)
	}
	results := d.declaredResults(p, doc, n.state)
	sum := sha256.Sum256([]byte(written(results)))
	n.result = strings.ToUpper(hex.EncodeToString(sum[:]))
	setAttrs(results, "result_checksum", n.result, "result_timestamp", d.now().UTC().Format(time.RFC3339))
	t.Put(p.results(), Node{Value: syncml.Text(written(results)), Access: Get, Permanent: true})
}

// forgetValues leaves of the settings where they are.
func forgetValues(root *etree.Element) {
	for _, e := range root.ChildElements() {
		for _, c := range e.ChildElements() {
			c.SetText("")
		}
	}
}

// declaredResults returns the document of the results: that of the settings, with what became of them.
func (d *Device) declaredResults(p declaredPlace, doc declared, state int) *etree.Element {
	operation := "Set"
	if p.kind == "Inventory" {
		operation = "Get"
	}
	root := doc.root.Copy()
	root.Tag, root.Attr = "DeclaredConfigurationResult", nil
	setAttrs(root, "context", p.context, "schema", "1.0", "id", p.id, "osdefinedscenario", doc.scenario, "checksum", doc.checksum,
		"operation", operation, "state", strconv.Itoa(state))
	return root
}

// applyAll carries out a document, notes at its elements what became of them, and returns the state of the whole.
func (d *Device) applyAll(t *Tree, p declaredPlace, doc declared) int {
	report := p.kind == "Inventory"
	good, bad := stateSet, stateSetFailed
	if report {
		good, bad = stateGot, stateGetFailed
	}
	whole := good
	for _, e := range doc.root.ChildElements() {
		part := good
		for _, c := range e.ChildElements() {
			s := &DeclaredSetting{Document: p.id, Report: report, Type: c.SelectAttrValue("type", ""), Value: syncml.Text(c.Text())}
			if e.Tag == "CSP" {
				s.URI = settingURI(p.context, e.SelectAttrValue("name", ""), c.SelectAttrValue("path", ""))
			} else {
				s.Class = e.SelectAttrValue("namespace", "") + "/" + e.SelectAttrValue("className", "")
				s.Name = c.SelectAttrValue("name", "")
			}
			status, state := d.apply(t, s), good
			if !succeeded(status) {
				state, part, whole = bad, bad, bad
			}
			if c.SetText(""); report && state == good {
				c.SetText(s.Value.Value)
			}
			if e.Tag == "CSP" {
				setAttrs(c, "status", strconv.Itoa(int(status)), "state", strconv.Itoa(state))
			}
		}
		setAttrs(e, "state", strconv.Itoa(part))
	}
	return whole
}

// settingURI returns the address of a setting.
func settingURI(context, provider, path string) string {
	name := strings.TrimPrefix(provider, "./")
	if !strings.HasPrefix(name, "User/") && !strings.HasPrefix(name, "Device/") {
		name = context + "/" + name
	}
	return "./" + name + "/" + path
}

// apply carries out one setting.
func (d *Device) apply(t *Tree, s *DeclaredSetting) omadm.Status {
	switch {
	case d.Declared.Apply != nil:
		return d.Declared.Apply(s)
	case s.URI == "":
		return omadm.StatusOK
	case s.Report:
		n, ok := t.Node(s.URI)
		if s.Value = n.Value; !ok {
			return omadm.StatusNotFound
		}
		return omadm.StatusOK
	}
	if !t.Put(s.URI, Node{Format: s.Type, Value: s.Value, Access: all}) {
		return omadm.StatusNotFound
	}
	return omadm.StatusOK
}
