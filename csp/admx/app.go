package admx

import (
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Addresses of Windows (Policy CSP, and "Win32 and Desktop Bridge app ADMX policy ingestion" of Windows client management,
// which has all that this file knows of areas and keys).
const (
	installed = "./Device/Vendor/MSFT/Policy/ConfigOperations/ADMXInstall"
	device    = "./Device/Vendor/MSFT/Policy/Config"
	user      = "./User/Vendor/MSFT/Policy/Config"
)

// maxCategories bounds the categories above a policy.
const maxCategories = 16

// App is an application that brings templates to devices.
type App struct {
	// Name is what the application is called in addresses. It is up to the server, is part of the address of each
	// policy, and best has letters, digits and underscores only.
	Name string
	// Setting is the second part of those addresses, which for devices makes no difference. Empty: "Policy". The other
	// one that is in use is "Preference".
	Setting string
}

func (a App) setting() string {
	if a.Setting == "" {
		return "Policy"
	}
	return a.Setting
}

// Path returns the names of the categories that p is in, the outermost first. Categories of other templates are left out,
// and what is above them: the device does not know them. (The policies of Chrome, whose outermost category is one of
// another template, are below Chrome~Policy~googlechrome.) It returns an error when they form a ring or are more than 16,
// and for a policy from PolicyOf.
func (p *Policy) Path() ([]string, error) {
	if p.template == nil {
		return nil, fmt.Errorf("admx: policy %.80q: its template is not known", p.Name)
	}
	return categoryPath(p.template, p.Category, func(string) *Template { return nil })
}

// categoryPath follows references to categories. Find returns the template of a namespace, or nil.
func categoryPath(t *Template, ref string, find func(namespace string) *Template) ([]string, error) {
	var names []string
	for ref != "" {
		name, local := t.local(ref)
		if !local {
			prefix, _, _ := strings.Cut(ref, ":")
			if t = find(t.spaces[prefix]); t == nil {
				break
			}
		}
		if len(names) == maxCategories {
			return nil, fmt.Errorf("admx: category %.80q: more than %d above each other, or a ring", name, maxCategories)
		}
		names = append([]string{name}, names...)
		ref = t.parents[name]
	}
	return names, nil
}

// Area returns the name of the area that p is in when a has its template: the application, the setting and the path,
// with tildes between them. The error is that of Path.
func (a App) Area(p *Policy) (string, error) {
	names, err := p.Path()
	if err != nil {
		return "", err
	}
	return strings.Join(append([]string{a.Name, a.setting()}, names...), "~"), nil
}

// URI returns the address of p for a scope, when a has its template. The error is that of Path, or says that p is not for
// that scope.
func (a App) URI(p *Policy, s omadm.Scope) (omadm.URI, error) {
	area, err := a.Area(p)
	if err != nil {
		return "", err
	}
	if !p.For(s) {
		return "", fmt.Errorf("admx: policy %.80q is of class %s only", p.Name, p.Class)
	}
	return join(config(s), area, p.Name), nil
}

func config(s omadm.Scope) string {
	if s == omadm.UserScope {
		return user
	}
	return device
}

// join appends names to an address.
func join(base string, names ...string) omadm.URI {
	for _, n := range names {
		base += "/" + omadm.EscapeSegment(n)
	}
	return omadm.URI(base)
}

// Check returns the policies of t that write to keys of the registry that Windows keeps for itself. It refuses a template
// that has one.
func (t *Template) Check() csp.Report {
	var r csp.Report
	for i := range t.Policies {
		p := &t.Policies[i]
		if key, ok := p.forbidden(); ok {
			r = append(r, csp.Issue{
				Code: csp.CodeADMXRegistry, Severity: csp.Error, Got: fmt.Sprintf("%.80q", key), Want: "a key of the application",
				Message: fmt.Sprintf("policy %.80q writes to a key of Windows, so that a device refuses the template", p.Name),
			})
		}
	}
	return r
}

// forbidden returns the first key that p writes to, and that Windows keeps for itself.
func (p *Policy) forbidden() (key string, found bool) {
	look := func(k string) {
		if !found && k != "" && csp.ForbiddenKey(k) {
			key, found = k, true
		}
	}
	lists := func(all ...*ValueList) {
		for _, l := range all {
			if l == nil {
				continue
			}
			look(l.Key)
			for _, v := range l.Values {
				look(v.Key)
			}
		}
	}
	look(p.Key)
	lists(p.EnabledList, p.DisabledList)
	for i := range p.Elements {
		e := &p.Elements[i]
		look(e.Key)
		lists(e.TrueList, e.FalseList)
		for _, item := range e.Items {
			lists(item.List)
		}
	}
	return key, found
}

// Install returns the request that installs a template on a device, under the name of its file; another edition of the
// template needs another name. The request has no ID; the caller gives it one. The error has the issues of Check, or says
// what is wrong with a name, or that Parse has not read the template.
func (a App) Install(f File) (omadm.Request, error) {
	if f.Template == nil || f.Template.text == "" {
		return omadm.Request{}, errNoTemplate(f)
	}
	if err := f.Template.Check().Err(); err != nil {
		return omadm.Request{}, fmt.Errorf("admx: %w", err)
	}
	op := omadm.Op{
		Verb: omadm.Add, URI: join(installed, a.Name, a.setting(), f.Name), Value: omadm.Text(f.Template.text),
	}
	if _, err := csp.Parse(string(op.URI)); err != nil {
		return omadm.Request{}, fmt.Errorf("admx: names of the template: %w", err)
	}
	return omadm.Request{Ops: []omadm.Op{op}}, nil
}

// Remove returns the request that takes a template from a device, and with it the policies that were set, or with an empty
// file all templates of the application. The request has no ID.
func (a App) Remove(file string) omadm.Request {
	u := join(installed, a.Name)
	if file != "" {
		u = join(installed, a.Name, a.setting(), file)
	}
	return omadm.Request{Ops: []omadm.Op{{Verb: omadm.Delete, URI: u}}}
}

// errNoTemplate says that a file has no template, or one that is no file.
func errNoTemplate(f File) error {
	return fmt.Errorf("admx: %q has no template that Parse has read", f.Name)
}

// Layer returns the policies of templates of a as nodes for csp.Catalog.With. The error is that of Path, or says that two
// policies have one address or that a file has no template.
func (a App) Layer(files ...File) (csp.Layer, error) {
	b := layerBuilder{layer: csp.Layer{Name: "templates of " + a.Name}, from: make(map[string]string)}
	for _, f := range files {
		if f.Template == nil {
			return csp.Layer{}, errNoTemplate(f)
		}
		areas := make(map[string]string) // by the category
		for i := range f.Template.Policies {
			p := &f.Template.Policies[i]
			area, known := areas[p.Category]
			if !known {
				var err error
				if area, err = a.Area(p); err != nil {
					return csp.Layer{}, err
				}
				areas[p.Category] = area
			}
			for _, s := range [...]omadm.Scope{omadm.DeviceScope, omadm.UserScope} {
				if !p.For(s) {
					continue
				}
				if err := b.policy(f.Name, p, area, s); err != nil {
					return csp.Layer{}, err
				}
			}
		}
	}
	return b.layer, nil
}

// layerBuilder makes a layer.
type layerBuilder struct {
	layer csp.Layer
	from  map[string]string // files, by the addresses that they define, in lower case
}

// policy adds a policy, and its area when it is new.
func (b *layerBuilder) policy(file string, p *Policy, area string, s omadm.Scope) error {
	above, u := join(config(s), area), join(config(s), area, p.Name)
	if key := strings.ToLower(string(above)); b.from[key] == "" {
		b.from[key] = file
		b.layer.Define = append(b.layer.Define, csp.Definition{
			Template: string(above), Format: omadm.FormatNode, Verbs: csp.NewVerbs(omadm.Add, omadm.Delete, omadm.Get),
			Occurrence: csp.ZeroOrOne, Origin: file,
		})
	}
	key := strings.ToLower(string(u))
	if other := b.from[key]; other != "" {
		return fmt.Errorf("admx: policy %.80q of %q and one of %q have the same address", p.Name, file, other)
	}
	b.from[key] = file
	b.layer.Define = append(b.layer.Define, csp.Definition{
		Template: string(u), Format: omadm.FormatChr, Verbs: csp.NewVerbs(omadm.Add, omadm.Delete, omadm.Get, omadm.Replace),
		Occurrence: csp.ZeroOrOne, Origin: file, Allowed: csp.Constraint{
			Kind: csp.ADMX, ADMX: &csp.ADMXReference{Area: area, Name: p.Name, File: file}, Elements: p.elements(), Confirmed: true,
		},
	})
	return nil
}
