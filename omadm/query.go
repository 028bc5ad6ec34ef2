package omadm

import "strings"

// The properties of a node (OMA DM Tree and Description 1.2.1, section 7.7). A device may lack Size, Title,
// TStamp and VerNo.
const (
	PropACL    = "ACL"
	PropFormat = "Format"
	PropName   = "Name"
	PropSize   = "Size"
	PropTitle  = "Title"
	PropTStamp = "TStamp"
	PropType   = "Type"
	PropVerNo  = "VerNo"
)

// The parts of the tree that a Get may ask for with ?list (OMA DM Tree and Description 1.2.1, section 8.1).
const (
	ListStruct     = "Struct"     // the nodes
	ListStructData = "StructData" // the nodes and the values of the leaves
	ListTNDS       = "TNDS"       // one serialised object
)

// properties says which properties there are and which of them a Replace may set (section 7.5).
var properties = [...]struct {
	name     string
	settable bool
}{
	{PropACL, true},
	{PropFormat, false},
	{PropName, true},
	{PropSize, false},
	{PropTitle, true},
	{PropTStamp, false},
	{PropType, false},
	{PropVerNo, false},
}

// maxTitle is the largest length of a title, in octets (section 7.7.6).
const maxTitle = 255

func knownProperty(name string) (known, settable bool) {
	for _, p := range properties {
		if p.name == name {
			return true, p.settable
		}
	}
	return false, false
}

// checkQuery returns what is wrong with the query q, or nothing.
func checkQuery(q string) (reason string) {
	key, value, _ := strings.Cut(q, "=")
	switch key {
	case "prop":
		if known, _ := knownProperty(value); !known {
			return "unknown property"
		}
		return ""
	case "list":
		return checkList(value)
	}
	return "query that is neither prop nor list"
}

// checkList checks what follows "?list=". TNDS may pick properties, or leave some out: "TNDS+Value+ACL",
// "TNDS-Format" (section 8.2).
func checkList(list string) (reason string) {
	if list == ListStruct || list == ListStructData {
		return ""
	}
	rest, ok := strings.CutPrefix(list, ListTNDS)
	if !ok {
		return "unknown list"
	}
	if rest == "" {
		return ""
	}
	sign := rest[0]
	if sign != '+' && sign != '-' {
		return "unknown list"
	}
	for rest != "" {
		if rest[0] != sign {
			return "list mixes plus and minus"
		}
		name := rest[1:]
		rest = ""
		if end := strings.IndexAny(name, "+-"); end >= 0 {
			name, rest = name[:end], name[end:]
		}
		if known, _ := knownProperty(name); !known && name != "Value" {
			return "unknown property in a list"
		}
	}
	return ""
}

// Query returns what follows the question mark; empty when there is none.
func (u URI) Query() string {
	_, q, _ := strings.Cut(string(u), "?")
	return q
}

// Prop returns the property that u addresses; empty when it addresses none.
func (u URI) Prop() string {
	name, ok := strings.CutPrefix(u.Query(), "prop=")
	if !ok {
		return ""
	}
	return name
}

// List returns what follows "?list=", such as "StructData"; empty when u asks for no list.
func (u URI) List() string {
	list, ok := strings.CutPrefix(u.Query(), "list=")
	if !ok {
		return ""
	}
	return list
}

// WithProp returns the URI of a property of the node.
func (u URI) WithProp(name string) URI { return u.path() + "?prop=" + URI(name) }

// WithList returns the URI that asks for a part of the tree. The properties go with ListTNDS and begin with
// their sign: WithList(ListTNDS, "+Value", "+ACL").
func (u URI) WithList(kind string, properties ...string) URI {
	return u.path() + "?list=" + URI(kind) + URI(strings.Join(properties, ""))
}
