package enterprisemodernappmanagement

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Query asks which packages a device has. The zero Query asks for the details of all main packages, bundles and frameworks.
type Query struct {
	// User asks for those of the user who is signed in, and not for those of all.
	User    bool
	Sources Sources // 0: all
	Types   Types   // 0: Main, Bundle and Framework
	// Family and Publisher are parts of what packages have there; empty: any.
	Family    string
	Publisher string
	// NamesOnly leaves out all but the two names of each package. Reinstall asks which have to be installed again, which
	// takes the device time.
	NamesOnly bool
	Reinstall bool
}

// Sources are where packages are from.
type Sources uint8

// The sources.
const (
	Store    Sources = 1 << iota // Microsoft Store
	NonStore                     // installed by an enterprise or a developer
	System                       // part of Windows
)

// Types are kinds of packages.
type Types uint8

// The types.
const (
	Main Types = 1 << iota
	Bundle
	Framework
	Resource
)

var (
	sourceNames = [...]string{"AppStore", "nonStore", "System"}
	typeNames   = [...]string{"Main", "Bundle", "Framework", "Resource"}
)

// Request returns the request that sets the query and asks for what it finds, in order. It has no ID: the caller gives it
// one. The error is a *csp.FieldError.
func (q Query) Request() (omadm.Request, error) {
	document, err := q.document()
	if err != nil {
		return omadm.Request{}, err
	}
	query, found := AppManagementAppInventoryQuery, AppManagementAppInventoryResults
	if q.User {
		query, found = UserAppManagementAppInventoryQuery, UserAppManagementAppInventoryResults
	}
	return omadm.Request{Group: omadm.Sequence, Ops: []omadm.Op{query.Replace(document), found.Get()}}, nil
}

func (q Query) document() (node.XML, error) {
	fault := func(field, reason string) (node.XML, error) {
		return "", &csp.FieldError{Kit: "enterprisemodernappmanagement", Field: field, Reason: reason}
	}
	e := etree.NewElement("Inventory")
	output := "PackageDetails"
	if q.NamesOnly {
		output = "PackageNames"
	}
	if q.Reinstall {
		output += "|RequiresReinstall"
	}
	e.CreateAttr("Output", output)
	sources, ok := flags(uint8(q.Sources), sourceNames[:])
	if !ok {
		return fault("Sources", "has bits that mean nothing")
	}
	types, ok := flags(uint8(q.Types), typeNames[:])
	if !ok {
		return fault("Types", "has bits that mean nothing")
	}
	if q.Types == 0 {
		types, _ = flags(uint8(Main|Bundle|Framework), typeNames[:])
	}
	for _, f := range [...]struct{ field, attribute, value string }{
		{"Sources", "Source", sources}, {"Types", "PackageTypeFilter", types},
		{"Family", "PackageFamilyName", q.Family}, {"Publisher", "Publisher", q.Publisher},
	} {
		if !xmltree.IsText(f.value) {
			return fault(f.field, "characters that XML cannot carry")
		}
		if f.value != "" {
			e.CreateAttr(f.attribute, f.value)
		}
	}
	d := etree.NewDocumentWithRoot(e)
	d.WriteSettings.CanonicalAttrVal = true
	text, err := d.WriteToString()
	return node.XML(text), err
}

// flags returns the names of bits; false when there are more than names.
func flags(bits uint8, names []string) (string, bool) {
	var set []string
	for i, name := range names {
		if bits&(1<<i) != 0 {
			set = append(set, name)
		}
	}
	return strings.Join(set, "|"), int(bits) < 1<<len(names)
}

// Package is what a device has of an app. What it does not say is empty.
type Package struct {
	Family       string // PackageFamilyName
	FullName     string // PackageFullName
	Name         string
	Version      string
	Publisher    string
	Architecture string
	Location     string // folder
	Installed    string // date, as the device writes it
	Source       Sources
	Framework    bool
	Bundle       bool
	Provisioned  bool // for each new user
	Stub         bool
	Reinstall    bool // it has to be installed again
	// Status has bits for what is wrong; 0: the package can be used.
	Status PackageStatus
}

// PackageStatus says what is wrong with a package.
type PackageStatus uint8

// What can be wrong.
const (
	LicenseIssue PackageStatus = 1 << iota
	Modified                   // by something unknown
	Tampered                   // on purpose
	Disabled
)

// inventoryLimits bounds what a device says of its packages.
var inventoryLimits = xmltree.Limits{Octets: 8 << 20, Depth: 16, Tokens: 400_000}

// Read reads the packages that a device answered to the request of a Query. Of their document only some is published: each
// element that names a package is one, whatever it is called. The error is that of what is no document; it wraps
// node.ErrNoValue when there is none.
func Read(results ...omadm.Result) ([]Package, error) {
	text, err := AppManagementAppInventoryResults.Value(results...)
	if errors.Is(err, node.ErrNoValue) {
		text, err = UserAppManagementAppInventoryResults.Value(results...)
	}
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(string(text)) == "" {
		return nil, nil
	}
	var all []Package
	err = xmltree.ReadParts([]byte(text), inventoryLimits, inventoryLimits.Depth, func(d *xmltree.Document) error {
		all = packages(all, d, d.Root, 0)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("enterprisemodernappmanagement: inventory: %w", err)
	}
	return all, nil
}

// packages appends those of an element that is below one of a source. One that began in the part before is the last there is.
func packages(all []Package, d *xmltree.Document, e *etree.Element, source Sources) []Package {
	for i, name := range sourceNames {
		if e.Tag == name {
			source = 1 << i
		}
	}
	p := Package{Source: source}
	set := func(name, value string) {
		if dst := p.text(name); dst != nil {
			*dst = value
		} else if dst := p.truth(name); dst != nil {
			*dst = value == "1" || strings.EqualFold(value, "true")
		} else if n, err := strconv.ParseUint(value, 10, 8); name == "PackageStatus" && err == nil {
			p.Status = PackageStatus(n)
		}
	}
	for _, a := range e.Attr {
		set(a.Key, a.Value)
	}
	if p.Family != "" || p.FullName != "" {
		if d.Continues(e) {
			p, all = all[len(all)-1], all[:len(all)-1]
		}
		for child := range e.ChildElementsSeq() {
			if !d.Continues(child) {
				set(child.Tag, strings.TrimSpace(child.Text()))
			}
		}
		return append(all, p)
	}
	for child := range e.ChildElementsSeq() {
		all = packages(all, d, child, source)
	}
	return all
}

// text returns where a text goes, by the name that the device has for it.
func (p *Package) text(name string) *string {
	switch name {
	case "PackageFamilyName":
		return &p.Family
	case "PackageFullName":
		return &p.FullName
	case "Name":
		return &p.Name
	case "Version":
		return &p.Version
	case "Publisher":
		return &p.Publisher
	case "Architecture":
		return &p.Architecture
	case "InstallLocation":
		return &p.Location
	case "InstallDate":
		return &p.Installed
	}
	return nil
}

// truth returns where a truth value goes.
func (p *Package) truth(name string) *bool {
	switch name {
	case "IsFramework":
		return &p.Framework
	case "IsBundle":
		return &p.Bundle
	case "IsProvisioned":
		return &p.Provisioned
	case "IsStub":
		return &p.Stub
	case "RequiresReinstall":
		return &p.Reinstall
	}
	return nil
}
