package csp

import (
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Definition is all that is known of a node, as plain data: what catalogues and layers are made of. Node.Definition
// returns that of a node.
type Definition struct {
	// Template is the address of the node from the root, "./Device/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn". Names are
	// escaped as in a URI. A name in braces stands for one that is chosen at run time; only its place counts.
	Template   string       `json:"template"`
	Format     omadm.Format `json:"format"`
	Verbs      Verbs        `json:"verbs"`
	Occurrence Occurrence   `json:"occurrence,omitempty"` // empty: One
	Permanent  bool         `json:"permanent,omitempty"`
	Naming     Naming       `json:"naming,omitempty"`
	// Pattern is what names that are chosen at run time match as a whole; empty when nothing is known of them.
	Pattern          string            `json:"pattern,omitempty"`
	PatternConfirmed bool              `json:"patternConfirmed,omitempty"` // it was found to agree with the documentation
	CaseSensitive    bool              `json:"caseSensitive,omitempty"`
	Allowed          Constraint        `json:"allowed,omitzero"`
	Default          *string           `json:"default,omitempty"` // a hint: published ones are often wrong
	Builds           *string           `json:"builds,omitempty"`  // "10.0.22000, 10.0.19041.1202"; nil: as the parent
	CSPVersion       *string           `json:"cspVersion,omitempty"`
	Editions         *string           `json:"editions,omitempty"` // "0x4;0x1B;"; an empty list permits none
	Atomic           bool              `json:"atomic,omitempty"`   // the node and what is below it change in one Atomic
	Dependencies     []DependencyGroup `json:"dependencies,omitempty"`
	Deprecated       *Build            `json:"deprecated,omitempty"` // since which build; the zero Build: some time ago
	Reboot           Reboot            `json:"reboot,omitempty"`
	Conflict         Conflict          `json:"conflict,omitempty"`
	Sensitive        bool              `json:"sensitive,omitempty"` // its value is a secret
	Ingested         bool              `json:"ingested,omitempty"`  // stands for policies that come with a template of an application
	Removed          string            `json:"removed,omitempty"`   // the first edition of the description files without the node
	Origin           string            `json:"origin,omitempty"`    // which description files the node is from; empty: the main ones
	Sources          []string          `json:"sources,omitempty"`   // of corrections
}

// FactError says what is wrong with a definition, a layer or a fact.
type FactError struct {
	Template string // empty when it is about no node
	Reason   string
}

func (e *FactError) Error() string {
	if e.Template == "" {
		return "csp: " + e.Reason
	}
	return "csp: node " + quote(e.Template) + ": " + e.Reason
}

func quote(s string) string {
	const most = 160
	if len(s) > most {
		return fmt.Sprintf("%.*q…", most, s)
	}
	return fmt.Sprintf("%q", s)
}

// placeholder returns the title of a name in braces.
func placeholder(segment string) (title string, ok bool) {
	if len(segment) < 2 || segment[0] != '{' || segment[len(segment)-1] != '}' {
		return "", false
	}
	return segment[1 : len(segment)-1], true
}

// Limits of a template. What a table costs grows with the product of its names and its length, and no device has nodes
// that deep.
const (
	maxTemplate = 4096 // octets
	maxNames    = 64
)

// templateSegments returns the names of a template, or an error when it has none.
func templateSegments(template string) ([]string, error) {
	rest, ok := strings.CutPrefix(template, "./")
	if !ok {
		return nil, &FactError{Template: template, Reason: `does not begin with "./"`}
	}
	if len(rest) > maxTemplate || strings.Count(rest, "/") >= maxNames {
		return nil, &FactError{Template: template, Reason: fmt.Sprintf("more than %d names or %d octets", maxNames, maxTemplate)}
	}
	segments := strings.Split(rest, "/")
	for i, s := range segments {
		if _, ok := placeholder(s); ok {
			continue
		}
		if _, code := checkSegment(s); code != "" {
			return nil, &FactError{Template: template, Reason: code.reason()}
		}
		segments[i] = omadm.EscapeSegment(unescape(s))
	}
	if strings.EqualFold(segments[0], "Vendor") {
		segments = append([]string{"Device"}, segments...)
	}
	return segments, nil
}
