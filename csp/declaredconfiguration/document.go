package declaredconfiguration

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/syncml"
)

// Document is what a device should be like in one scenario, or should report. ID, Scenario and content are required.
// Its formatted form shows no values.
type Document struct {
	ID       string // GUID, without braces
	Scenario Scenario
	Context  omadm.Scope // of the device, or of the user who is signed in
	Kind     Kind
	// Checksum is the version of the content, and has to change with it. Empty: one is computed of the content.
	Checksum string

	// Providers and Resources are the content. A scenario takes the ones or the others.
	Providers []Provider
	Resources []Resource
}

// Kind says what a document is for, and where in the tree it stands.
type Kind uint8

// The kinds.
const (
	Complete  Kind = iota // to configure
	Inventory             // to report
)

// String returns the name of the kind, which is that of its node.
func (k Kind) String() string {
	if k == Inventory {
		return "Inventory"
	}
	return "Complete"
}

// Scenario is what a document is about. A device refuses one that it does not know.
type Scenario string

// The scenarios that Microsoft names.
const (
	WiFi                   Scenario = "MSFTWifi"
	VPN                    Scenario = "MSFTVPN"
	WiredNetwork           Scenario = "MSFTWiredNetwork"
	Resources              Scenario = "MSFTResource" // ActiveSync
	CertificateInventory   Scenario = "MSFTInventory"
	ClientCertificates     Scenario = "MSFTClientCertificateInstall" // SCEP and PFX
	Policies               Scenario = "MSFTPolicies"
	Extensibility          Scenario = "MSFTExtensibilityMIProviderConfig"
	ExtensibilityInventory Scenario = "MSFTExtensibilityMIProviderInventory"
)

// scenarios says which content each takes.
var scenarios = [...]struct {
	scenario             Scenario
	providers, resources bool
}{
	{WiFi, true, false},
	{VPN, true, false},
	{WiredNetwork, true, false},
	{Resources, true, false},
	{CertificateInventory, true, false},
	{ClientCertificates, true, false},
	{Policies, true, true},
	{Extensibility, false, true},
	{ExtensibilityInventory, false, true},
}

// Provider is a configuration service provider with settings below it.
type Provider struct {
	Name     omadm.URI // "./Vendor/MSFT/VPNv2"
	Settings []Setting
}

// Setting is a value of one node.
type Setting struct {
	Path  string      // from the provider, such as "Office/AlwaysOn"
	Value omadm.Value // in a document of kind Inventory it may be the zero Value
}

// Resource is an instance of a class of management infrastructure.
type Resource struct {
	Namespace string // "root/Microsoft/Windows/DesiredStateConfiguration"
	Class     string
	Keys      []Property // what tells the instance from others
	Values    []Property
}

// Property is a property of an instance. Its formatted form does not show the value.
type Property struct{ Name, Value string }

// Format implements fmt.Formatter: the name and the length of the value, never the value.
func (p Property) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "%s[%d]", p.Name, len(p.Value)) }

// Ref says which document of a device is meant. ID is required.
type Ref struct {
	ID      string
	Context omadm.Scope
	Kind    Kind
}

// Ref returns what d is known by.
func (d *Document) Ref() Ref { return Ref{ID: d.ID, Context: d.Context, Kind: d.Kind} }

// String returns the id.
func (r Ref) String() string { return r.ID }

// same reports whether two names of documents are of the same. Ids are compared without regard to case.
func same(id, otherID string, context, otherContext omadm.Scope) bool {
	return strings.EqualFold(id, otherID) && context == otherContext
}

// fault returns an error about a field.
func fault(field, format string, args ...any) error {
	return &csp.FieldError{Kit: "declaredconfiguration", Field: field, Reason: fmt.Sprintf(format, args...)}
}

// Validate returns a *csp.FieldError unless d can be sent.
func (d *Document) Validate() error {
	if err := d.Ref().validate(); err != nil {
		return err
	}
	if err := d.validateScenario(); err != nil {
		return err
	}
	if !isAttribute(d.Checksum) {
		return fault("Checksum", "not a line of printable characters")
	}
	if len(d.Providers) == 0 && len(d.Resources) == 0 {
		return fault("", "neither Providers nor Resources")
	}
	for i := range d.Providers {
		if err := d.validateProvider(i); err != nil {
			return err
		}
	}
	for i := range d.Resources {
		if err := d.Resources[i].validate(fmt.Sprintf("Resources[%d].", i)); err != nil {
			return err
		}
	}
	return nil
}

func (r Ref) validate() error {
	id, ok := csp.GUID(r.ID)
	switch {
	case r.ID == "":
		return fault("ID", "missing")
	case !ok || len(id) != len(r.ID):
		return fault("ID", "not a GUID without braces")
	case r.Context > omadm.UserScope:
		return fault("Context", "neither device nor user")
	case r.Kind > Inventory:
		return fault("Kind", "neither Complete nor Inventory")
	}
	return nil
}

func (d *Document) validateScenario() error {
	switch {
	case d.Scenario == "":
		return fault("Scenario", "missing")
	case d.Scenario == Extensibility && d.Kind != Complete:
		return fault("Kind", "%s is for documents of kind Complete", d.Scenario)
	case d.Scenario == ExtensibilityInventory && d.Kind != Inventory:
		return fault("Kind", "%s is for documents of kind Inventory", d.Scenario)
	case (d.Scenario == Extensibility || d.Scenario == ExtensibilityInventory) && d.Context != omadm.DeviceScope:
		return fault("Context", "%s is for the device only", d.Scenario)
	}
	for _, s := range scenarios {
		switch {
		case s.scenario == d.Scenario && !s.providers && len(d.Providers) > 0:
			return fault("Providers", "%s takes Resources", d.Scenario)
		case s.scenario == d.Scenario && !s.resources && len(d.Resources) > 0:
			return fault("Resources", "%s takes Providers", d.Scenario)
		case s.scenario == d.Scenario:
			return nil
		case strings.EqualFold(string(s.scenario), string(d.Scenario)):
			return fault("Scenario", "has to be spelt %s", s.scenario)
		}
	}
	if !strings.HasPrefix(string(d.Scenario), "MSFT") || !isAttribute(string(d.Scenario)) {
		return fault("Scenario", "none of Windows, whose names begin with MSFT")
	}
	return nil
}

func (d *Document) validateProvider(i int) error {
	p, field := &d.Providers[i], fmt.Sprintf("Providers[%d].", i)
	if err := p.Name.Validate(); err != nil {
		return fault(field+"Name", "not the address of a node")
	}
	if p.Name.Depth() == 0 || p.Name.Query() != "" {
		return fault(field+"Name", "not the address of a provider")
	}
	for _, top := range [...]struct {
		name    omadm.URI
		context omadm.Scope
	}{{"./User", omadm.UserScope}, {"./Device", omadm.DeviceScope}} {
		if p.Name.HasPrefix(top.name) && d.Context != top.context {
			return fault(field+"Name", "below %s, and the Context is the %s", top.name, d.Context)
		}
	}
	if len(p.Settings) == 0 {
		return fault(field+"Settings", "missing")
	}
	for j := range p.Settings {
		s, field := &p.Settings[j], fmt.Sprintf("%sSettings[%d].", field, j)
		if reason := s.fault(d.Kind); reason != "" {
			return fault(field+reason, "wrong or missing")
		}
		if slices.ContainsFunc(p.Settings[:j], func(other Setting) bool { return other.Path == s.Path }) {
			return fault(field+"Path", "there twice")
		}
	}
	return nil
}

// fault returns the name of the field that is wrong; empty if none is.
func (s *Setting) fault(k Kind) string {
	u := omadm.URI(s.Path)
	switch {
	case s.Path == "", strings.HasPrefix(s.Path, "."), u.Validate() != nil, u.Query() != "":
		return "Path"
	case k == Inventory && s.Value == omadm.Value{}:
		return ""
	case s.Value.Data.Kind == syncml.OctetsData, s.Value.Validate() != nil:
		return "Value"
	}
	var err error
	f := s.Value.DataFormat()
	switch f {
	case omadm.FormatBool:
		_, err = s.Value.Bool()
	case omadm.FormatInt:
		_, err = s.Value.Int()
	case omadm.FormatB64:
		_, err = s.Value.Bytes()
	}
	if err != nil || s.Value.Data.Kind == syncml.NoData && f != omadm.FormatNull && f != omadm.FormatNode {
		return "Value"
	}
	return ""
}

func (r *Resource) validate(field string) error {
	switch {
	case r.Namespace == "" || !isAttribute(r.Namespace):
		return fault(field+"Namespace", "wrong or missing")
	case r.Class == "" || !isAttribute(r.Class):
		return fault(field+"Class", "wrong or missing")
	case len(r.Keys) == 0 && len(r.Values) > 0:
		return fault(field+"Keys", "missing")
	}
	var names []string
	for _, list := range [...]struct {
		field string
		of    []Property
	}{{"Keys", r.Keys}, {"Values", r.Values}} {
		for i, p := range list.of {
			field := fmt.Sprintf("%s%s[%d].", field, list.field, i)
			switch {
			case p.Name == "" || !isAttribute(p.Name):
				return fault(field+"Name", "wrong or missing")
			case slices.Contains(names, p.Name):
				return fault(field+"Name", "there twice")
			case !xmltree.IsText(p.Value):
				return fault(field+"Value", "XML cannot carry it")
			}
			names = append(names, p.Name)
		}
	}
	return nil
}

// isAttribute reports whether s is printable on one line.
func isAttribute(s string) bool {
	return xmltree.IsText(s) && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == 0x7F })
}

// prefix puts the name of a list before the field of an error.
func prefix(err error, list string) error {
	if f := (*csp.FieldError)(nil); errors.As(err, &f) {
		return &csp.FieldError{Kit: f.Kit, Field: list + f.Field, Reason: f.Reason}
	}
	return err
}
