package csp

import (
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Constraint says which values a node takes. The zero Constraint says nothing.
type Constraint struct {
	Kind ConstraintKind `json:"kind,omitempty"`
	// Values are the values of Enum, the bits of Flags, the range of Range such as "[0-100]" or the pattern of Regex,
	// as Microsoft writes them.
	Values []string `json:"values,omitempty"`
	// List is what stands between the items when the value is a list of what Kind allows, such as ";" or U+F000; empty
	// when it is none.
	List string         `json:"list,omitempty"`
	ADMX *ADMXReference `json:"admx,omitempty"`
	// Elements are what the policy of the template takes; nil when the catalogue does not say, empty when it takes no
	// data. See ElementsOf.
	Elements []Element `json:"elements,omitzero"`
	// Confirmed says that the pattern, or the reference to a template, was found to agree with the documentation.
	// Others have mistakes.
	Confirmed bool `json:"confirmed,omitempty"`
}

// ConstraintKind is a kind of Constraint.
type ConstraintKind string

// The kinds.
const (
	Any   ConstraintKind = ""      // nothing is said, or any value
	Enum  ConstraintKind = "enum"  // one of Values
	Range ConstraintKind = "range" // a number in the one range
	Flags ConstraintKind = "flags" // bits of Values, combined
	Regex ConstraintKind = "regex" // matches the one pattern as a whole; see Confirmed
	ADMX  ConstraintKind = "admx"  // <enabled/> with data, or <disabled/>, as a template says
	XSD   ConstraintKind = "xsd"   // a document with a schema, which is not kept
	JSON  ConstraintKind = "json"  // a document
	SDDL  ConstraintKind = "sddl"  // a security descriptor
)

// kinds gives the kinds their numbers in a table. New ones go to the end.
var kinds = [...]ConstraintKind{Any, Enum, Range, Flags, Regex, ADMX, XSD, JSON, SDDL}

// ADMXReference names a policy of an administrative template.
type ADMXReference struct {
	Area string `json:"area"`
	Name string `json:"name"` // of the policy
	File string `json:"file"` // such as "Camera.admx"
}

// DependencyGroup is a set of settings that have to be there together. Groups of a node are alternatives.
type DependencyGroup struct {
	Changed *Constraint  `json:"changed,omitempty"` // takes the place of Allowed while the group is met
	Nodes   []Dependency `json:"nodes"`
}

// Dependency is a setting of another node.
type Dependency struct {
	Not      bool       `json:"not,omitempty"` // it must not be set so
	Template string     `json:"template"`      // of the other node; its placeholders are those of the dependent node
	Allowed  Constraint `json:"allowed,omitzero"`
}

// Verbs is the set of commands that a node takes. The zero Verbs permits none.
type Verbs uint8

// verbsInOrder gives the verbs their bits in a table, in the order of their names.
var verbsInOrder = [...]omadm.Verb{omadm.Add, omadm.Copy, omadm.Delete, omadm.Exec, omadm.Get, omadm.Replace}

// NewVerbs returns the set of verbs. Those that no node takes are left out.
func NewVerbs(verbs ...omadm.Verb) Verbs {
	var set Verbs
	for i, known := range verbsInOrder {
		for _, v := range verbs {
			if v == known {
				set |= 1 << i
			}
		}
	}
	return set
}

// Has reports whether v is in the set.
func (set Verbs) Has(v omadm.Verb) bool { return set&NewVerbs(v) != 0 }

// String returns the names in alphabetical order, such as "Add Get".
func (set Verbs) String() string {
	var names []string
	for i, v := range verbsInOrder {
		if set&(1<<i) != 0 {
			names = append(names, v.String())
		}
	}
	return strings.Join(names, " ")
}

// MarshalText returns String.
func (set Verbs) MarshalText() ([]byte, error) { return []byte(set.String()), nil }

// UnmarshalText reads what String writes.
func (set *Verbs) UnmarshalText(b []byte) error {
	*set = 0
	for _, name := range strings.Fields(string(b)) {
		var bit Verbs
		for i, v := range verbsInOrder {
			if v.String() == name {
				bit = 1 << i
			}
		}
		if bit == 0 {
			return &FactError{Reason: "unknown verb " + quote(name)}
		}
		*set |= bit
	}
	return nil
}

// Occurrence says how often a node may be there (OMA DM Tree and Description 1.2.1, section 9.4.3.6).
type Occurrence string

// The occurrences.
const (
	One        Occurrence = "One"
	ZeroOrOne  Occurrence = "ZeroOrOne"
	ZeroOrMore Occurrence = "ZeroOrMore"
	OneOrMore  Occurrence = "OneOrMore"
	ZeroOrN    Occurrence = "ZeroOrN"
	OneOrN     Occurrence = "OneOrN"
)

var occurrences = [...]Occurrence{One, ZeroOrOne, ZeroOrMore, OneOrMore, ZeroOrN, OneOrN}

// Naming says who chooses the name of a node that has none of its own. Empty means that nobody says.
type Naming string

// The namings.
const (
	ServerNamed Naming = "server" // any name that is not taken
	ClientNamed Naming = "client" // the device lists what it has; a server never adds such a node
	UniqueName  Naming = "unique" // a name with a meaning, such as the hash of a certificate
)

var namings = [...]Naming{"", ServerNamed, ClientNamed, UniqueName}

// Reboot says whether a change of the node takes effect with a restart only. Empty means that it does not need one.
type Reboot string

// The reboots.
const (
	RebootAutomatic       Reboot = "automatic" // the device restarts by itself
	RebootServerInitiated Reboot = "server"    // the server has to ask for it
)

var reboots = [...]Reboot{"", RebootAutomatic, RebootServerInitiated}

// Conflict says which of two values of one node wins; it helps to merge profiles before they are sent. Empty means
// that nobody says.
type Conflict string

// The conflicts.
const (
	LastWrite            Conflict = "last"
	LowestMostSecure     Conflict = "lowest"
	HighestMostSecure    Conflict = "highest"
	LowestButZeroIsNone  Conflict = "lowest-0" // 0 sets no limit and is the least secure
	HighestButZeroIsNone Conflict = "highest-0"
)

var conflicts = [...]Conflict{"", LastWrite, LowestMostSecure, HighestMostSecure, LowestButZeroIsNone, HighestButZeroIsNone}

// formats gives the formats their numbers in a table.
var formats = [...]omadm.Format{
	omadm.FormatNode, omadm.FormatNull, omadm.FormatChr, omadm.FormatInt, omadm.FormatBool, omadm.FormatB64, omadm.FormatBin,
	omadm.FormatXML, omadm.FormatDate, omadm.FormatTime, omadm.FormatFloat,
}

func (c *Constraint) isZero() bool {
	return c.Kind == Any && len(c.Values) == 0 && c.List == "" && c.ADMX == nil && c.Elements == nil && !c.Confirmed
}

// IsZero reports whether c says nothing.
func (c Constraint) IsZero() bool { return c.isZero() }
