package ddf

import (
	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

// windowsReaders are the properties that Microsoft adds.
var windowsReaders = map[string]func(*parser, *etree.Element, *Node){
	"Applicability":      (*parser).applicability,
	"AllowedValues":      func(p *parser, e *etree.Element, n *Node) { n.Windows.Allowed = p.allowed(e) },
	"AtomicRequired":     func(_ *parser, _ *etree.Element, n *Node) { n.Windows.Atomic = true },
	"ConflictResolution": func(p *parser, e *etree.Element, n *Node) { n.Windows.Conflict = p.prose(e) },
	"DependencyBehavior": (*parser).dependencies,
	"Deprecated":         (*parser).deprecated,
	"DynamicNodeNaming":  (*parser).dynamicNaming,
	"GpMapping":          (*parser).groupPolicy,
	"RebootBehavior":     func(p *parser, e *etree.Element, n *Node) { n.Windows.Reboot = p.prose(e) },
}

// windowsParts calls read with the name of each child of e that is Microsoft's; read reports false for a name that it
// has no place for.
func (p *parser) windowsParts(e *etree.Element, read func(name string, c *etree.Element) bool) {
	for c := range e.ChildElementsSeq() {
		if !xmltree.InSpace(c, namespaceWindows) || !read(c.Tag, c) {
			p.unknown(c)
		}
	}
}

func (p *parser) applicability(e *etree.Element, n *Node) {
	a := &n.Windows.Applicability
	p.windowsParts(e, func(name string, c *etree.Element) bool {
		switch name {
		case "OsBuildVersion":
			a.Builds = p.optional(c)
		case "CspVersion":
			a.CSP = p.optional(c)
		case "EditionAllowList":
			a.Editions = p.optional(c)
		default:
			return false
		}
		return true
	})
}

// allowed reads AllowedValues and what has the same content.
func (p *parser) allowed(e *etree.Element) *AllowedValues {
	a := &AllowedValues{Type: e.SelectAttrValue("ValueType", "")}
	if a.Type == "" {
		p.odd(e, "no ValueType")
	}
	p.windowsParts(e, func(name string, c *etree.Element) bool {
		switch name {
		case "Value":
			a.Values = append(a.Values, AllowedValue{Value: p.text(c)})
		case "Enum":
			p.enum(c, a)
		case "List":
			delimiter := c.SelectAttrValue("Delimiter", "")
			a.List = &delimiter
		case "AdmxBacked":
			a.ADMX = &ADMX{c.SelectAttrValue("Area", ""), c.SelectAttrValue("Name", ""), c.SelectAttrValue("File", "")}
		default:
			return false
		}
		return true
	})
	return a
}

// enum reads values with their descriptions; one Enum may have several.
func (p *parser) enum(e *etree.Element, a *AllowedValues) {
	first := len(a.Values)
	p.windowsParts(e, func(name string, c *etree.Element) bool {
		switch {
		case name == "Value":
			a.Values = append(a.Values, AllowedValue{Value: p.text(c)})
		case name == "ValueDescription" && len(a.Values) > first:
			a.Values[len(a.Values)-1].Description = p.prose(c)
		default:
			return false
		}
		return true
	})
}

func (p *parser) dependencies(e *etree.Element, n *Node) {
	p.windowsParts(e, func(name string, c *etree.Element) bool {
		if name != "DependencyGroup" {
			return false
		}
		g := DependencyGroup{ID: c.SelectAttrValue("FriendlyId", "")}
		p.windowsParts(c, func(name string, c *etree.Element) bool {
			switch name {
			case "DependencyChangedAllowedValues":
				g.Changed = p.allowed(c)
			case "Dependency":
				g.Nodes = append(g.Nodes, p.dependency(c))
			default:
				return false
			}
			return true
		})
		n.Windows.Dependencies = append(n.Windows.Dependencies, g)
		return true
	})
}

func (p *parser) dependency(e *etree.Element) Dependency {
	d := Dependency{Type: e.SelectAttrValue("Type", "")}
	p.windowsParts(e, func(name string, c *etree.Element) bool {
		switch name {
		case "DependencyUri":
			d.URI = p.prose(c)
		case "DependencyAllowedValue":
			d.Allowed = *p.allowed(c)
		default:
			return false
		}
		return true
	})
	return d
}

func (p *parser) deprecated(e *etree.Element, n *Node) {
	n.Windows.Deprecated = &Deprecated{Build: e.SelectAttrValue("OsBuildDeprecated", "")}
}

func (p *parser) dynamicNaming(e *etree.Element, n *Node) {
	p.windowsParts(e, func(name string, c *etree.Element) bool {
		switch name {
		case "UniqueName", "ClientInventory", "ServerGeneratedUniqueIdentifier":
			n.Windows.Naming = &Naming{By: name, Description: p.prose(c)}
			return true
		}
		return false
	})
}

func (p *parser) groupPolicy(e *etree.Element, n *Node) {
	n.Windows.Policy = &GroupPolicy{
		Name: e.SelectAttrValue("GpEnglishName", ""), Area: e.SelectAttrValue("GpAreaPath", ""),
		Element: e.SelectAttrValue("GpElement", ""),
	}
}
