package ddf

// Windows is what Microsoft's description files say beyond OMA DM. Texts are as written.
type Windows struct {
	Applicability Applicability
	Allowed       *AllowedValues // nil when the file does not say
	Naming        *Naming        // of a name that is chosen at run time
	Dependencies  []DependencyGroup
	Policy        *GroupPolicy // the group policy that sets the same
	Conflict      string       // which of two values wins, such as "LastWrite" or "LowestValueMostSecure"
	Reboot        string       // "Automatic" or "ServerInitiated"; empty when none is needed
	Atomic        bool         // settings below this node go in one Atomic
	Deprecated    *Deprecated
}

// Applicability says which devices have a node. What is nil is as in the parent, each field on its own.
type Applicability struct {
	Builds   *string // first builds that have it, such as "10.0.22000, 10.0.19041.1202"
	CSP      *string // version of the configuration service provider
	Editions *string // edition numbers, such as "0x4;0x1B;"; an empty list permits none
}

// AllowedValues says which values a node takes.
type AllowedValues struct {
	Type   string // ENUM, Flag, Range, RegEx, ADMX, XSD, JSON, SDDL or None
	Values []AllowedValue
	List   *string // delimiter when the value is a list; nil when it is none
	ADMX   *ADMX
}

// AllowedValue is a value, or the range, pattern or schema that values have to match.
type AllowedValue struct {
	Value       string
	Description string // prose
}

// ADMX names the administrative template behind a node.
type ADMX struct{ Area, Name, File string }

// Naming says who chooses a name at run time.
type Naming struct {
	By          string // UniqueName, ClientInventory or ServerGeneratedUniqueIdentifier
	Description string // of UniqueName; prose, although it is meant to be a pattern
}

// DependencyGroup is a set of settings that have to be met together. Groups are alternatives.
type DependencyGroup struct {
	ID      string
	Changed *AllowedValues // takes the place of the allowed values while the group is met
	Nodes   []Dependency
}

// Dependency is a setting of another node.
type Dependency struct {
	Type    string // DependsOn or Not
	URI     string // as written, often without "./" and scope
	Allowed AllowedValues
}

// GroupPolicy names a setting of group policy.
type GroupPolicy struct{ Name, Area, Element string }

// Deprecated says that a node should not be used any more.
type Deprecated struct {
	Build string // since which; may be empty
}
