package wifi

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Network is a wireless network that a device is to know. SSID is required, and Key or EAP with the securities that need
// them. Its formatted form shows the SSID only.
type Network struct {
	SSID string // 1 to 32 octets, no slash; the case counts. There are devices that refuse blanks, which Check warns of
	User bool   // for the user who is signed in, not for the device

	Hidden bool // the network does not show its name
	Manual bool // the device does not connect by itself

	Security Security
	Key      string // of WPA2Personal and WPA3Personal: 8 to 63 ASCII characters, or 64 hexadecimal digits with the former
	// EAP is the element EapHostConfig, with which EAP is set up for WPA2Enterprise and WPA3Enterprise, as a document.
	EAP      string
	SignInAs SignIn // with EAP

	Proxy     string // host and port; none of the three is no proxy
	ProxyPAC  string // URL of a script that finds a proxy
	ProxyAuto bool   // the network tells which (WPAD)
	Cost      Cost   // of its use; 0: left to the device
}

// Security is how a network keeps others out.
type Security int

// The securities. The zero Security is Open.
const (
	Open Security = iota
	WPA2Personal
	WPA3Personal
	WPA2Enterprise
	WPA3Enterprise
	WPA3Enterprise192 // with the suite of 192 bits
	EnhancedOpen      // open, and encrypted (OWE)
)

// securities have what profiles say of them.
var securities = [...]struct {
	authentication, encryption string
	key, eap                   bool
}{
	Open:              {"open", "none", false, false},
	WPA2Personal:      {"WPA2PSK", "AES", true, false},
	WPA3Personal:      {"WPA3SAE", "AES", true, false},
	WPA2Enterprise:    {"WPA2", "AES", false, true},
	WPA3Enterprise:    {"WPA3ENT", "AES", false, true},
	WPA3Enterprise192: {"WPA3ENT192", "GCMP256", false, true},
	EnhancedOpen:      {"OWE", "AES", false, false},
}

// SignIn says with whose credentials a device signs in.
type SignIn int

// The kinds of credentials. The zero SignIn is MachineOrUser.
const (
	MachineOrUser SignIn = iota // those of the user while one is signed in, else those of the device
	Machine
	User
)

var signIns = [...]string{MachineOrUser: "machineOrUser", Machine: "machine", User: "user"}

// Cost is what the use of a network costs.
type Cost int

// The costs.
const (
	Unrestricted Cost = 1 + iota // nothing, or what is paid anyway
	Fixed                        // nothing up to a limit
	Variable                     // each octet
)

// Format implements fmt.Formatter: the SSID, never the key.
func (n Network) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Network(%q)", n.SSID) }

// Add returns the request that adds the network to a device that does not have it: one that has answers 418 to the first
// operation, and keeps what it has. It has no ID: the caller gives it one. The error of this and of the other methods is a
// *csp.FieldError.
func (n Network) Add() (omadm.Request, error) {
	return n.request(
		func(s node.Named[node.AddDeleteGetReplace[string]], v string) omadm.Op { return s.At(n.SSID).Add(v) },
		func(b node.Named[node.AddDeleteGetReplace[bool]], v bool) omadm.Op { return b.At(n.SSID).Add(v) },
		func(i node.Named[node.AddDeleteGetReplace[int64]], v int64) omadm.Op { return i.At(n.SSID).Add(v) },
	)
}

// Replace returns the request that changes a network that the device has. What is empty of the fields about proxies and cost
// is left as it is on the device. It has no ID.
func (n Network) Replace() (omadm.Request, error) {
	return n.request(
		func(s node.Named[node.AddDeleteGetReplace[string]], v string) omadm.Op {
			return s.At(n.SSID).Replace(v)
		},
		func(b node.Named[node.AddDeleteGetReplace[bool]], v bool) omadm.Op { return b.At(n.SSID).Replace(v) },
		func(i node.Named[node.AddDeleteGetReplace[int64]], v int64) omadm.Op { return i.At(n.SSID).Replace(v) },
	)
}

// request returns the request of the operations that the functions make.
func (n *Network) request(
	text func(node.Named[node.AddDeleteGetReplace[string]], string) omadm.Op,
	truth func(node.Named[node.AddDeleteGetReplace[bool]], bool) omadm.Op,
	number func(node.Named[node.AddDeleteGetReplace[int64]], int64) omadm.Op,
) (omadm.Request, error) {
	profile, err := n.Profile()
	if err != nil {
		return omadm.Request{}, err
	}
	at := of(n.User)
	r := omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{text(at.profile, profile)}}
	if n.Proxy != "" {
		r.Ops = append(r.Ops, text(at.proxy, n.Proxy))
	}
	if n.ProxyPAC != "" {
		r.Ops = append(r.Ops, text(at.pac, n.ProxyPAC))
	}
	if n.ProxyAuto {
		r.Ops = append(r.Ops, truth(at.wpad, true))
	}
	if n.Cost != 0 {
		r.Ops = append(r.Ops, number(at.cost, int64(n.Cost)))
	}
	r.Normalize()
	return r, nil
}

// Delete returns the request that lets a device forget the network. It has no ID.
func (n Network) Delete() (omadm.Request, error) {
	if err := checkSSID(n.SSID); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Ops: []omadm.Op{of(n.User).ssid.At(n.SSID).Delete()}}
	r.Normalize()
	return r, nil
}

// Namespaces of profiles.
const (
	profileSpace = "http://www.microsoft.com/networking/WLAN/profile/v1"
	onexSpace    = "http://www.microsoft.com/networking/OneX/v1"
	eapSpace     = "http://www.microsoft.com/provisioning/EapHostConfig"
)

// Profile returns the WLANProfile, the document that Windows has of the network. It holds the key.
func (n Network) Profile() (string, error) {
	if err := n.validate(); err != nil {
		return "", err
	}
	root := etree.NewElement("WLANProfile")
	root.CreateAttr("xmlns", profileSpace)
	put := func(e *etree.Element, name, text string) { e.CreateElement(name).SetText(text) }
	put(root, "name", n.SSID)
	config := root.CreateElement("SSIDConfig")
	ssid := config.CreateElement("SSID")
	put(ssid, "hex", strings.ToUpper(hex.EncodeToString([]byte(n.SSID))))
	put(ssid, "name", n.SSID)
	put(config, "nonBroadcast", fmt.Sprint(n.Hidden))
	put(root, "connectionType", "ESS")
	mode := "auto"
	if n.Manual {
		mode = "manual"
	}
	put(root, "connectionMode", mode)
	security := root.CreateElement("MSM").CreateElement("security")
	kind := securities[n.Security]
	encryption := security.CreateElement("authEncryption")
	put(encryption, "authentication", kind.authentication)
	put(encryption, "encryption", kind.encryption)
	put(encryption, "useOneX", fmt.Sprint(kind.eap))
	switch {
	case kind.key:
		shared := security.CreateElement("sharedKey")
		form := "passPhrase"
		if len(n.Key) == 64 {
			form = "networkKey"
		}
		put(shared, "keyType", form)
		put(shared, "protected", "false")
		put(shared, "keyMaterial", n.Key)
	case kind.eap:
		onex := security.CreateElement("OneX")
		onex.CreateAttr("xmlns", onexSpace)
		put(onex, "authMode", signIns[n.SignInAs])
		doc, err := readEAP(n.EAP)
		if err != nil {
			return "", err
		}
		onex.CreateElement("EAPConfig").AddChild(doc.Root.Copy())
	}
	return written(root)
}

// written returns the document, without a declaration, as devices take it.
func written(root *etree.Element) (string, error) {
	doc := etree.NewDocumentWithRoot(root)
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	return doc.WriteToString()
}

// eapLimits bound what is read.
var eapLimits = xmltree.Limits{Octets: 256 << 10, Depth: 64, Tokens: 20_000}

func readEAP(s string) (*xmltree.Document, error) {
	doc, err := xmltree.Read([]byte(s), eapLimits)
	if err != nil || !xmltree.Is(doc.Root, eapSpace, "EapHostConfig") {
		return nil, fault("EAP", "no element EapHostConfig")
	}
	return doc, nil
}

func (n *Network) validate() error {
	if err := checkSSID(n.SSID); err != nil {
		return err
	}
	if n.Security < 0 || int(n.Security) >= len(securities) {
		return fault("Security", "none of those that there are")
	}
	kind := securities[n.Security]
	switch {
	case kind.key != (n.Key != ""):
		return fault("Key", "goes with WPA2Personal and WPA3Personal")
	case kind.key && !passphrase(n.Key) && (n.Security != WPA2Personal || !key(n.Key)):
		return fault("Key", "not 8 to 63 ASCII characters, and no key of 64 hexadecimal digits")
	case kind.eap != (n.EAP != ""):
		return fault("EAP", "goes with the securities of enterprises")
	case n.SignInAs < 0 || int(n.SignInAs) >= len(signIns):
		return fault("SignInAs", "none of those that there are")
	case n.SignInAs != 0 && !kind.eap:
		return fault("SignInAs", "goes with EAP")
	}
	if kind.eap {
		if _, err := readEAP(n.EAP); err != nil {
			return err
		}
	}
	return n.validateProxy()
}

func (n *Network) validateProxy() error {
	set := 0
	for _, is := range [...]bool{n.Proxy != "", n.ProxyPAC != "", n.ProxyAuto} {
		if is {
			set++
		}
	}
	if set > 1 {
		return fault("Proxy", "does not go with another way to find one")
	}
	if n.Proxy != "" {
		u, err := url.Parse("//" + n.Proxy) // package net would be built into each program that knows of networks
		if err != nil || u.Host != n.Proxy || u.Hostname() == "" || !xmltree.IsText(u.Hostname()) {
			return fault("Proxy", "not host and port")
		}
		if _, err := strconv.ParseUint(u.Port(), 10, 16); err != nil {
			return fault("Proxy", "not host and port")
		}
	}
	if n.ProxyPAC != "" {
		if u, err := url.Parse(n.ProxyPAC); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fault("ProxyPAC", "not a URL of http or https")
		}
	}
	if n.Cost < 0 || n.Cost > Variable {
		return fault("Cost", "none of those that there are")
	}
	return nil
}

// passphrase reports whether s is one, of printable ASCII characters.
func passphrase(s string) bool {
	return len(s) >= 8 && len(s) <= 63 && !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r > '~' })
}

func key(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64
}

// checkSSID returns an error unless ssid can be the name of a network, and of a node. Octets that are no text can be the name
// of a network, but of no node.
func checkSSID(ssid string) error {
	switch {
	case ssid == "":
		return fault("SSID", "missing")
	case len(ssid) > 32:
		return fault("SSID", "longer than 32 octets")
	case !utf8.ValidString(ssid) || !xmltree.IsText(ssid) || ProfileSSID.At(ssid).Delete().Validate() != nil:
		return fault("SSID", "no name of a node")
	}
	return nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "wifi", Field: field, Reason: reason}
}

// nodes are those of a network.
type nodes struct {
	top                 node.InteriorGet
	ssid                node.Named[node.InteriorAddDeleteGetReplace]
	profile, proxy, pac node.Named[node.AddDeleteGetReplace[string]]
	wpad                node.Named[node.AddDeleteGetReplace[bool]]
	cost                node.Named[node.AddDeleteGetReplace[int64]]
}

// of returns the nodes of the device, or of the user.
func of(user bool) nodes {
	if user {
		return nodes{UserProfile, UserProfileSSID, UserProfileWlanXml, UserProfileProxy, UserProfileProxyPacUrl, UserProfileProxyWPAD, UserProfileWiFiCost}
	}
	return nodes{Profile, ProfileSSID, ProfileWlanXml, ProfileProxy, ProfileProxyPacUrl, ProfileProxyWPAD, ProfileWiFiCost}
}
