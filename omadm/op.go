package omadm

import "github.com/gomadm/gomadm/syncml"

// Op is one thing to do on one node.
type Op struct {
	Verb  Verb
	URI   URI   // the node; with Copy the destination
	From  URI   // the source of a Copy, else empty
	Value Value // of Add, Replace and Exec; the zero Value when there is none

	// Correlator is echoed by the alert that reports the end of an Exec (section 6.6.6). Windows does not
	// support it.
	Correlator string
}

// Verb is what an Op does.
type Verb uint8

// The verbs.
const (
	Get Verb = iota + 1
	Add
	Replace
	Delete
	Exec
	Copy
)

// Value is a value with its Meta. The zero Value has no Data element. Its formatted form shows format, type
// and length, never the content.
type Value struct {
	Format Format // empty: chr
	Type   string // media type; empty: text/plain
	Data   syncml.Data
}

// Format is the format of a value (OMA DM Tree and Description 1.2.1, section 7.7.2).
type Format string

// The formats.
const (
	FormatB64   Format = "b64"
	FormatBin   Format = "bin"
	FormatBool  Format = "bool"
	FormatChr   Format = "chr"
	FormatDate  Format = "date"
	FormatFloat Format = "float"
	FormatInt   Format = "int"
	FormatNode  Format = "node"
	FormatNull  Format = "null"
	FormatTime  Format = "time"
	FormatXML   Format = "xml"
)
