package firewall

import (
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Rule is a rule of the firewall: what matches all that it names is allowed, or blocked. ID is required. What is empty
// matches everything.
type Rule struct {
	ID          string // the name of the rule among those of the server: whatever it likes, but for slashes and bars
	Name        string // that users see
	Description string
	Off         bool // the rule is there and does nothing
	Block       bool // what matches is blocked, not allowed
	In          bool // for what comes in, not for what goes out

	Profiles   Profiles
	Interfaces []Interface

	// Protocol is its number, such as TCP; nil is any. Ports go with TCP and UDP, and ICMP with the two of that name.
	Protocol                *Protocol
	LocalPorts, RemotePorts []Ports
	// ICMP are types with codes, such as "8:*", of the protocol ICMP or ICMPv6.
	ICMP []string

	// LocalAddresses and RemoteAddresses are addresses, networks ("192.0.2.0/24"), ranges ("192.0.2.1-192.0.2.9"), "*", or of the
	// remote ones a word of the firewall, such as "LocalSubnet" and "Defaultgateway".
	LocalAddresses, RemoteAddresses []string

	App *App
	// Users are those of the device for whom the rule is, in the security descriptor definition language (SDDL).
	Users string
	// Edge lets what comes in through a device of the edge of a network in; In only.
	Edge bool
}

// App is the application that a rule is for. One of the fields is required, and FilePath goes with Service.
type App struct {
	FilePath string // of a program, such as "%SystemRoot%\system32\svchost.exe"
	Package  string // family name of a package
	Service  string // short name of a service; "*": all services, and nothing but them
	Policy   string // identifier of an application control policy (PolicyAppId)
}

// Profiles are the kinds of networks that a rule is for, a bit for each; 0 is all of them.
type Profiles uint8

// The profiles.
const (
	Domain Profiles = 1 << iota
	Private
	Public
)

// allProfiles is how the firewall writes all profiles.
const allProfiles = 0x7FFFFFFF

// Interface is a kind of network interface.
type Interface string

// The interfaces.
const (
	RemoteAccess    Interface = Interface(MdmStoreFirewallRulesInterfaceTypesRemoteAccess)
	Wireless        Interface = Interface(MdmStoreFirewallRulesInterfaceTypesWireless)
	LAN             Interface = Interface(MdmStoreFirewallRulesInterfaceTypesLan)
	MobileBroadband Interface = Interface(MdmStoreFirewallRulesInterfaceTypesMobileBroadband)
)

// Protocol is the number of a protocol above IP, as IANA assigns them.
type Protocol uint8

// Some protocols.
const (
	ICMP   Protocol = 1
	TCP    Protocol = 6
	UDP    Protocol = 17
	ICMPv6 Protocol = 58
)

// Number returns what Rule.Protocol takes.
func (p Protocol) Number() *Protocol { return &p }

// Ports is a range of ports, or one of them if To is 0.
type Ports struct{ From, To uint16 }

// String returns the range as the firewall writes it.
func (p Ports) String() string {
	if p.To == 0 || p.To == p.From {
		return strconv.Itoa(int(p.From))
	}
	return strconv.Itoa(int(p.From)) + "-" + strconv.Itoa(int(p.To))
}

// Request returns the request that makes the rule, as an Atomic: a device never has half of it. A device that has a rule of
// that ID keeps what the new one does not name: Delete it before if anything was taken out of it. It has no ID: the caller
// gives it one. The error of this and of the other methods is a *csp.FieldError.
func (r Rule) Request() (omadm.Request, error) {
	if err := r.validate(); err != nil {
		return omadm.Request{}, err
	}
	req := omadm.Request{Group: omadm.Atomic, Ops: r.ops()}
	req.Normalize()
	return req, nil
}

func (r *Rule) ops() []omadm.Op {
	profiles := int64(r.Profiles)
	if profiles == 0 {
		profiles = allProfiles
	}
	action, direction := MdmStoreFirewallRulesActionTypeAllow, "OUT"
	if r.Block {
		action = MdmStoreFirewallRulesActionTypeBlock
	}
	if r.In {
		direction = "IN"
	}
	ops := []omadm.Op{
		MdmStoreFirewallRulesActionType.At(r.ID).Replace(action), MdmStoreFirewallRulesDirection.At(r.ID).Replace(direction),
		MdmStoreFirewallRulesProfiles.At(r.ID).Replace(profiles),
	}
	if r.Protocol != nil {
		ops = append(ops, MdmStoreFirewallRulesProtocol.At(r.ID).Replace(int64(*r.Protocol)))
	}
	for _, t := range r.texts() {
		if t.value != "" {
			ops = append(ops, t.node.At(r.ID).Replace(t.value))
		}
	}
	if r.Edge {
		ops = append(ops, MdmStoreFirewallRulesEdgeTraversal.At(r.ID).Replace(true))
	}
	return append(ops, MdmStoreFirewallRulesEnabled.At(r.ID).Replace(!r.Off))
}

// Delete returns the request that takes the rule off the device. It has no ID.
func (r Rule) Delete() (omadm.Request, error) {
	if err := checkID(r.ID); err != nil {
		return omadm.Request{}, err
	}
	req := omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{MdmStoreFirewallRulesFirewallRuleName.At(r.ID).Delete()}} // as all about rules
	req.Normalize()
	return req, nil
}

func join[T any](list []T, text func(T) string) string {
	parts := make([]string, len(list))
	for i := range list {
		parts[i] = text(list[i])
	}
	return strings.Join(parts, ",")
}

func (r *Rule) validate() error {
	if err := checkID(r.ID); err != nil {
		return err
	}
	switch {
	case strings.ContainsAny(r.Name, "|") || r.Name != "" && strings.EqualFold(r.Name, "all") || !printable(r.Name):
		return fault("Name", `has a bar or a control character, or is "all"`)
	case strings.ContainsAny(r.Description, "|") || !printable(r.Description):
		return fault("Description", "has a bar or a control character")
	case r.Profiles > Domain|Private|Public:
		return fault("Profiles", "has bits that no profile has")
	case r.Edge && !r.In:
		return fault("Edge", "goes with In")
	case !printable(r.Users):
		return fault("Users", "has a control character")
	}
	kinds := []Interface{RemoteAccess, Wireless, LAN, MobileBroadband}
	for i, k := range r.Interfaces {
		if !slices.Contains(kinds, k) || slices.Contains(r.Interfaces[:i], k) {
			return fault(at("Interfaces", i), "none of those that there are, or there twice")
		}
	}
	if err := r.App.validate(); err != nil {
		return err
	}
	if err := r.validateProtocol(); err != nil {
		return err
	}
	return r.validateAddresses()
}

func (r *Rule) validateProtocol() error {
	is := func(list ...Protocol) bool { return r.Protocol != nil && slices.Contains(list, *r.Protocol) }
	for _, f := range [...]struct {
		field string
		ports []Ports
	}{{"LocalPorts", r.LocalPorts}, {"RemotePorts", r.RemotePorts}} {
		if len(f.ports) > 0 && !is(TCP, UDP) {
			return fault(f.field, "go with the protocols TCP and UDP")
		}
		for i, p := range f.ports {
			if p.To != 0 && p.To < p.From {
				return fault(at(f.field, i), "ends before it begins")
			}
		}
	}
	if len(r.ICMP) > 0 && !is(ICMP, ICMPv6) {
		return fault("ICMP", "goes with the protocols ICMP and ICMPv6")
	}
	for i, s := range r.ICMP {
		kind, code, _ := strings.Cut(s, ":")
		if !octet(kind) || code != "*" && !octet(code) {
			return fault(at("ICMP", i), `not a type and a code, such as "8:*"`)
		}
	}
	return nil
}

func octet(s string) bool {
	_, err := strconv.ParseUint(s, 10, 8)
	return err == nil
}

// remoteWords stand for addresses that a device finds out.
var remoteWords = []string{
	"*", "Defaultgateway", "DHCP", "DNS", "WINS", "Intranet", "RmtIntranet", "Ply2Renders", "LocalSubnet", "CaptivePortal", "Internet",
}

func (r *Rule) validateAddresses() error {
	for i, s := range r.LocalAddresses {
		if s != "*" && !addresses(s) {
			return fault(at("LocalAddresses", i), "neither address nor network nor range")
		}
	}
	for i, s := range r.RemoteAddresses {
		word := slices.ContainsFunc(remoteWords, func(w string) bool { return strings.EqualFold(w, s) })
		if !word && !addresses(s) {
			return fault(at("RemoteAddresses", i), "neither address nor network nor range nor a word of the firewall")
		}
	}
	return nil
}

// addresses reports whether s is an address, a network with the length of its prefix or with its mask, or a range.
func addresses(s string) bool {
	if from, to, ok := strings.Cut(s, "-"); ok {
		a, err := netip.ParseAddr(from)
		b, err2 := netip.ParseAddr(to)
		return err == nil && err2 == nil && a.Zone() == "" && b.Zone() == "" && a.Is4() == b.Is4() && a.Compare(b) <= 0
	}
	if network, mask, ok := strings.Cut(s, "/"); ok && strings.Contains(mask, ".") {
		a, err := netip.ParseAddr(network)
		m, err2 := netip.ParseAddr(mask)
		return err == nil && err2 == nil && a.Is4() && m.Is4()
	} else if ok {
		_, err := netip.ParsePrefix(s)
		return err == nil
	}
	a, err := netip.ParseAddr(s)
	return err == nil && a.Zone() == ""
}

func (a *App) validate() error {
	switch {
	case a == nil:
		return nil
	case *a == App{}:
		return fault("App", "empty")
	case a.Package != "" && (a.FilePath != "" || a.Service != ""):
		return fault("App.Package", "does not go with FilePath and Service")
	case !printable(a.FilePath) || strings.ContainsAny(a.FilePath, `"|<>?*`):
		return fault("App.FilePath", "no path of a file")
	case !printable(a.Package) || strings.ContainsAny(a.Package, `|/\ `):
		return fault("App.Package", "no family name of a package")
	case !printable(a.Service) || strings.ContainsAny(a.Service, `|/\`):
		return fault("App.Service", "no short name of a service")
	case strings.Trim(a.Policy, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.:/") != "":
		return fault("App.Policy", "has other characters than letters, digits and _.:/")
	}
	return nil
}

func printable(s string) bool { return !strings.ContainsFunc(s, unicode.IsControl) }

// checkID returns an error unless id can be the name of a rule.
func checkID(id string) error {
	switch {
	case id == "":
		return fault("ID", "missing")
	case strings.ContainsAny(id, "/|") || !printable(id) || MdmStoreFirewallRulesFirewallRuleName.At(id).Delete().Validate() != nil:
		return fault("ID", "no name of a rule")
	}
	return nil
}

func at(field string, i int) string { return field + "[" + strconv.Itoa(i) + "]" }

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "firewall", Field: field, Reason: reason}
}
