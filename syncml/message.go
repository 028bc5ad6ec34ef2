package syncml

import "fmt"

// Message is one SyncML message: a header, the commands of the body in document order, and whether the
// message closes the sender's package.
type Message struct {
	Header Header
	Body   []Command // not nil, see Append
	Final  bool
}

// Header is the SyncHdr element. Every text is kept as received but for surrounding white space; identifiers
// are opaque and are never read as numbers.
type Header struct {
	// Namespace is the namespace name of the SyncML element, one of Namespace10, Namespace11 and Namespace12.
	// Empty means the one that VerDTD implies; the decoder leaves it empty when it is that one, missing or
	// unknown.
	Namespace string

	VerDTD    string // version of the representation, "1.2" or "1.1"
	VerProto  string // version of the protocol, "DM/1.2" or "DM/1.1"
	SessionID string // chosen by the client, opaque
	MsgID     string // chosen by the sender, unique within the session
	Target    Location
	Source    Location
	RespURI   string // where the next message has to go; empty: the address used so far
	NoResp    bool   // not used by DM
	Cred      *Cred
	Meta      *Meta // MaxMsgSize and MaxObjSize of the sender
}

// Namespace names of the SyncML element and of what stands inside it.
const (
	Namespace10     = "SYNCML:SYNCML1.0"
	Namespace11     = "SYNCML:SYNCML1.1"
	Namespace12     = "SYNCML:SYNCML1.2"
	NamespaceMeta   = "syncml:metinf"
	NamespaceTree   = "syncml:dmddf1.2"
	NamespaceDevInf = "syncml:devinf"

	// NamespaceMDM is the namespace of the attribute originalerror, see Data.
	NamespaceMDM = "http://schemas.microsoft.com/MobileDevice/MDM"
)

// Location is a Target or Source element: an address and a name for it. The zero Location stands for an
// absent element. In the Source of a header the name is the user name of the md5 and MAC schemes.
type Location struct {
	URI  string // LocURI
	Name string // LocName
}

// Command is an element of a SyncBody, an Atomic or a Sequence. The set is closed: *Add, *Alert, *Atomic,
// *Copy, *Delete, *Exec, *Get, *Replace, *Results, *Sequence, *Status and *Unknown.
type Command interface {
	// Name is the name of the element, such as "Replace".
	Name() string
	// ID is the CmdID, empty when the command has none.
	ID() string
	// ItemList is the items of the command; nil for Atomic, Sequence and Unknown.
	ItemList() []Item

	command()
}

// Add creates nodes.
type Add struct {
	CmdID  string
	NoResp bool
	Cred   *Cred
	Meta   *Meta
	Items  []Item
}

// Alert carries an alert code in Data and what belongs to the code in Items.
type Alert struct {
	CmdID      string
	NoResp     bool
	Cred       *Cred
	Data       Data
	Correlator string
	Items      []Item
}

// Atomic holds commands of which all take effect or none.
type Atomic struct {
	CmdID  string
	NoResp bool
	Meta   *Meta
	Body   []Command
}

// Copy copies the value of the Source of each item to its Target.
type Copy struct {
	CmdID  string
	NoResp bool
	Cred   *Cred
	Meta   *Meta
	Items  []Item
}

// Delete removes nodes with all below them.
type Delete struct {
	CmdID   string
	NoResp  bool
	Archive bool
	SftDel  bool
	Cred    *Cred
	Meta    *Meta
	Items   []Item
}

// Exec runs the node named by its item.
type Exec struct {
	CmdID      string
	NoResp     bool
	Cred       *Cred
	Meta       *Meta
	Correlator string
	Items      []Item
}

// Get asks for values, names of children or properties.
type Get struct {
	CmdID  string
	NoResp bool
	Lang   string
	Cred   *Cred
	Meta   *Meta
	Items  []Item
}

// Replace sets values. From a client it carries the DevInfo object.
type Replace struct {
	CmdID  string
	NoResp bool
	Cred   *Cred
	Meta   *Meta
	Items  []Item
}

// Results answers a Get.
type Results struct {
	CmdID     string
	MsgRef    string
	CmdRef    string
	Cmd       string // not in the DTD, written by Windows
	Meta      *Meta
	TargetRef string
	SourceRef string
	Items     []Item
}

// Sequence holds commands that are executed in their order.
type Sequence struct {
	CmdID  string
	NoResp bool
	Meta   *Meta
	Body   []Command
}

// Status tells what became of a command of the other side, or of the header when CmdRef is "0" or empty.
type Status struct {
	CmdID      string
	MsgRef     string
	CmdRef     string
	Cmd        string
	TargetRefs []string
	SourceRefs []string
	Cred       *Cred
	Chal       *Chal
	Data       Data // the status code
	Items      []Item
}

// Unknown is a command element that DM does not use (Put, Map, Move, Search, Sync) or that no specification
// names. It is kept so that it can be answered, and written back as it was read.
type Unknown struct {
	Element string // local name
	Space   string // namespace name when it is not that of the message, else empty
	CmdID   string
	Content string // markup inside the element, without the CmdID element
}

// Item is one object of a command. DM does not use Filter, SourceParent and TargetParent; they are not kept.
type Item struct {
	Target   Location
	Source   Location
	Meta     *Meta
	Data     Data
	MoreData bool // the object goes on in the next message
}

// Meta describes an object, or the sender's limits in a header. An absent and an empty element are the same:
// an empty text. A MetInf element around the children is accepted and not kept.
type Meta struct {
	Format     string // chr when empty
	Type       string // text/plain when empty
	Mark       string
	Size       string // octets, see ParseSize
	NextNonce  string // base64
	MaxMsgSize string // octets, see ParseSize
	MaxObjSize string // octets, see ParseSize
	Extra      []Element
}

// Element is a child of Meta that has no field of its own: Anchor, EMI, FieldLevel, Mem, Version and those
// of vendors.
type Element struct {
	Space   string // namespace name when it is not NamespaceMeta, else empty
	Name    string
	Content string // markup inside the element: escaped text, child elements
}

// Cred holds credentials. Its formatted form never shows them.
type Cred struct {
	Meta *Meta
	Data Data
}

// Chal asks for credentials. Its formatted form never shows the nonce.
type Chal struct {
	Meta *Meta
}

// Data is the content of a Data element. The zero Data stands for an absent element, Text("") for an empty
// one. Its formatted form shows the kind and the length, never the content, which may be a secret.
type Data struct {
	Kind  DataKind
	Value string // the text after unescaping, the markup as written, or raw octets

	// OriginalError is the attribute msft:originalerror, a hexadecimal HRESULT such as 0x86000002, that
	// Windows adds to a status code. XML only.
	OriginalError string
}

// DataKind says what Data.Value is.
type DataKind uint8

// The kinds of data. Octets exist in WBXML only.
const (
	NoData     DataKind = iota // there is no Data element
	TextData                   // character data
	MarkupData                 // child elements, perhaps with text between them; namespace bindings are included
	OctetsData                 // binary data
)

var dataKinds = [...]string{NoData: "absent", TextData: "text", MarkupData: "markup", OctetsData: "octets"}

// String returns the name of the kind.
func (k DataKind) String() string {
	if int(k) < len(dataKinds) {
		return dataKinds[k]
	}
	return fmt.Sprintf("DataKind(%d)", uint8(k))
}

// Text returns s as character data.
func Text(s string) Data { return Data{Kind: TextData, Value: s} }

// Markup returns s, which has to be well-formed content of an element, as markup.
func Markup(s string) Data { return Data{Kind: MarkupData, Value: s} }

// Octets returns a copy of b as binary data.
func Octets(b []byte) Data { return Data{Kind: OctetsData, Value: string(b)} }

// Format implements fmt.Formatter: the kind and the length, never the content.
func (d Data) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "%v[%d]", d.Kind, len(d.Value))
}

// Format implements fmt.Formatter: the scheme, never the credentials.
func (c Cred) Format(f fmt.State, _ rune) {
	scheme := ""
	if c.Meta != nil {
		scheme = c.Meta.Type
	}
	fmt.Fprintf(f, "Cred(%s)", scheme)
}

// Format implements fmt.Formatter: the scheme, never the nonce.
func (c Chal) Format(f fmt.State, _ rune) {
	scheme := ""
	if c.Meta != nil {
		scheme = c.Meta.Type
	}
	fmt.Fprintf(f, "Chal(%s)", scheme)
}

// String returns format, type and mark, never a nonce.
func (m Meta) String() string { return "Meta(" + m.Format + " " + m.Type + " " + m.Mark + ")" }

// GoString returns what String returns.
func (m Meta) GoString() string { return m.String() }

// Format implements fmt.Formatter: name and length, never the content.
func (e Element) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Element(%s %s)[%d]", e.Space, e.Name, len(e.Content))
}

// Format implements fmt.Formatter: name, CmdID and length, never the content.
func (c Unknown) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "Unknown(%s %s %s)[%d]", c.Space, c.Element, c.CmdID, len(c.Content))
}

func (c *Add) Name() string      { return "Add" }
func (c *Alert) Name() string    { return "Alert" }
func (c *Atomic) Name() string   { return "Atomic" }
func (c *Copy) Name() string     { return "Copy" }
func (c *Delete) Name() string   { return "Delete" }
func (c *Exec) Name() string     { return "Exec" }
func (c *Get) Name() string      { return "Get" }
func (c *Replace) Name() string  { return "Replace" }
func (c *Results) Name() string  { return "Results" }
func (c *Sequence) Name() string { return "Sequence" }
func (c *Status) Name() string   { return "Status" }

// Name is the local name of the element.
func (c *Unknown) Name() string { return c.Element }

func (c *Add) ID() string      { return c.CmdID }
func (c *Alert) ID() string    { return c.CmdID }
func (c *Atomic) ID() string   { return c.CmdID }
func (c *Copy) ID() string     { return c.CmdID }
func (c *Delete) ID() string   { return c.CmdID }
func (c *Exec) ID() string     { return c.CmdID }
func (c *Get) ID() string      { return c.CmdID }
func (c *Replace) ID() string  { return c.CmdID }
func (c *Results) ID() string  { return c.CmdID }
func (c *Sequence) ID() string { return c.CmdID }
func (c *Status) ID() string   { return c.CmdID }
func (c *Unknown) ID() string  { return c.CmdID }

func (c *Add) ItemList() []Item      { return c.Items }
func (c *Alert) ItemList() []Item    { return c.Items }
func (c *Atomic) ItemList() []Item   { return nil }
func (c *Copy) ItemList() []Item     { return c.Items }
func (c *Delete) ItemList() []Item   { return c.Items }
func (c *Exec) ItemList() []Item     { return c.Items }
func (c *Get) ItemList() []Item      { return c.Items }
func (c *Replace) ItemList() []Item  { return c.Items }
func (c *Results) ItemList() []Item  { return c.Items }
func (c *Sequence) ItemList() []Item { return nil }
func (c *Status) ItemList() []Item   { return c.Items }
func (c *Unknown) ItemList() []Item  { return nil }

func (*Add) command()      {}
func (*Alert) command()    {}
func (*Atomic) command()   {}
func (*Copy) command()     {}
func (*Delete) command()   {}
func (*Exec) command()     {}
func (*Get) command()      {}
func (*Replace) command()  {}
func (*Results) command()  {}
func (*Sequence) command() {}
func (*Status) command()   {}
func (*Unknown) command()  {}

// ParseSize reads a size such as Size, MaxMsgSize or MaxObjSize. A number that is missing, signed, not decimal
// or above 2^53 counts as absent: ok is false.
func ParseSize(s string) (n int64, ok bool) {
	if s == "" {
		return 0, false
	}
	for _, c := range []byte(s) {
		if c < '0' || c > '9' || n > 1<<53/10 {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
