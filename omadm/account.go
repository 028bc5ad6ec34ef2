package omadm

import "fmt"

// Account is how a device knows a server: the object DMAcc (OMA DM Standardized Objects 1.2.1, section 5.3.1). Its
// formatted form shows no secrets.
type Account struct {
	ServerID string // of the server, see ValidateServerID
	Name     string // for the user; may be empty

	PrefConRef string   // preferred connection; may be empty
	ToConRef   []string // connections; may be empty

	Addresses []AccountAddress // one or more
	AuthPref  string           // AuthType that is preferred; may be empty
	Auth      []AccountAuth
}

// AccountAddress is where a server is reached.
type AccountAddress struct {
	Addr  string   // such as "https://dm.example/"
	Type  string   // AddrURI, AddrIPv4 or AddrIPv6; empty: AddrURI
	Ports []uint16 // may be empty
}

// Types of addresses.
const (
	AddrURI  = "URI"
	AddrIPv4 = "IPv4"
	AddrIPv6 = "IPv6"
)

// AccountAuth is how one side proves itself to the other. Data, the nonce of AuthDigest and AuthHMAC, is written as
// octets.
type AccountAuth struct {
	Level  AuthLevel
	Type   string // such as AuthDigest
	Name   string // user name, or identifier of the server
	Secret string
	Data   []byte
}

// AuthLevel says who proves itself.
type AuthLevel string

// The levels.
const (
	ClientAuth AuthLevel = "CLCRED" // the client to the server
	ServerAuth AuthLevel = "SRVCRED"
)

// Types of authentication.
const (
	AuthBasic     = "BASIC"
	AuthDigest    = "DIGEST"
	AuthHMAC      = "HMAC"
	AuthTransport = "TRANSPORT"
)

// AccountType is the property Type of a DMAcc object.
const AccountType = "urn:oma:mo:oma-dm-dmacc:1.0"

// accountAppID is the identifier of OMA DM among the applications that have accounts.
const accountAppID = "w7"

// Names of nodes in a DMAcc object. A device does not tell AAuthSecret and AAuthData.
const (
	nodeAppAuth    = "AppAuth"
	nodeAuthSecret = "AAuthSecret"
	nodeAuthData   = "AAuthData"
)

// accountSecret reports whether u is the address of a secret in a DMAcc object, wherever that is.
func accountSecret(u URI) bool {
	name := u.Base()
	return (name == nodeAuthSecret || name == nodeAuthData) && u.Parent().Parent().Base() == nodeAppAuth
}

// String returns the identifier and how much there is beside it.
func (a Account) String() string {
	return fmt.Sprintf("account of server %.64q: %d addresses, %d credentials", a.ServerID, len(a.Addresses), len(a.Auth))
}

// GoString returns what String does.
func (a Account) GoString() string { return "omadm.Account{" + a.String() + "}" }

// String returns level and type.
func (a AccountAuth) String() string { return fmt.Sprintf("%s by %s", a.Level, a.Type) }

// GoString returns what String does.
func (a AccountAuth) GoString() string { return "omadm.AccountAuth{" + a.String() + "}" }

// Validate returns an error unless a can be written.
func (a *Account) Validate() error {
	if err := ValidateServerID(a.ServerID); err != nil {
		return fmt.Errorf("omadm: account: %w", err)
	}
	if len(a.Addresses) == 0 {
		return fmt.Errorf("omadm: account without an address")
	}
	for i, addr := range a.Addresses {
		switch addr.Type {
		case "", AddrURI, AddrIPv4, AddrIPv6:
		default:
			return fmt.Errorf("omadm: account: address %d is of unknown type", i)
		}
		if addr.Addr == "" {
			return fmt.Errorf("omadm: account: address %d is empty", i)
		}
	}
	for i, auth := range a.Auth {
		if auth.Level != ClientAuth && auth.Level != ServerAuth || auth.Type == "" {
			return fmt.Errorf("omadm: account: credentials %d without level or type", i)
		}
	}
	return nil
}

// Ops returns the operations that add a as the node at. They depend on their order: put them into a Sequence or an
// Atomic.
func (a *Account) Ops(at URI) ([]Op, error) {
	if err := a.Validate(); err != nil {
		return nil, err
	}
	root := Node()
	root.Type = AccountType
	w := accountWriter{{Verb: Add, URI: at.Path(), Value: root}}
	w.text(at, "AppID", accountAppID)
	w.text(at, "ServerID", a.ServerID)
	w.optional(at, "Name", a.Name)
	w.optional(at, "PrefConRef", a.PrefConRef)
	for i, ref := range a.ToConRef {
		w.text(w.element(at, "ToConRef", i), "ConRef", ref)
	}
	for i, addr := range a.Addresses {
		u := w.element(at, "AppAddr", i)
		w.text(u, "Addr", addr.Addr)
		w.text(u, "AddrType", addr.typ())
		for j, port := range addr.Ports {
			w.text(w.element(u, "Port", j), "PortNbr", fmt.Sprint(port))
		}
	}
	w.optional(at, "AAuthPref", a.AuthPref)
	for i := range a.Auth {
		w.auth(w.element(at, nodeAppAuth, i), &a.Auth[i])
	}
	return w, nil
}

func (a AccountAddress) typ() string {
	if a.Type == "" {
		return AddrURI
	}
	return a.Type
}

// accountWriter collects the operations.
type accountWriter []Op

func (w *accountWriter) add(u URI, v Value) {
	*w = append(*w, Op{Verb: Add, URI: u, Value: v})
}

func (w *accountWriter) text(parent URI, name, s string) { w.add(parent.Join(name), Text(s)) }

func (w *accountWriter) optional(parent URI, name, s string) {
	if s != "" {
		w.text(parent, name, s)
	}
}

// element adds the node of element i of a list, and before the first the list itself.
func (w *accountWriter) element(parent URI, list string, i int) URI {
	if i == 0 {
		w.add(parent.Join(list), Node())
	}
	u := parent.Join(list, fmt.Sprint(i+1))
	w.add(u, Node())
	return u
}

func (w *accountWriter) auth(u URI, a *AccountAuth) {
	w.text(u, "AAuthLevel", string(a.Level))
	w.text(u, "AAuthType", a.Type)
	w.optional(u, "AAuthName", a.Name)
	w.optional(u, nodeAuthSecret, a.Secret)
	if len(a.Data) > 0 {
		w.add(u.Join(nodeAuthData), Bytes(a.Data))
	}
}
