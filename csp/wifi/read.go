package wifi

import (
	"errors"
	"fmt"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Get returns the request that asks for the network with the SSID of n, see Read. It has no ID. What was never set is not
// there, and the device answers 404 to it.
func (n Network) Get() (omadm.Request, error) {
	if err := checkSSID(n.SSID); err != nil {
		return omadm.Request{}, err
	}
	at := of(n.User)
	r := omadm.Request{Ops: []omadm.Op{
		at.profile.At(n.SSID).Get(), at.proxy.At(n.SSID).Get(), at.pac.At(n.SSID).Get(), at.wpad.At(n.SSID).Get(), at.cost.At(n.SSID).Get(),
	}}
	r.Normalize()
	return r, nil
}

// Read reads the network with the SSID from what a device answered to Get. There is no Key, which a device does not tell. The
// error wraps node.ErrNoValue when the device does not have the network; it may be that of a document that is no profile, or
// has a security that this package does not know, or that of a value of another kind. Of many networks, ReadAll takes less time.
func Read(ssid string, user bool, results ...omadm.Result) (Network, error) {
	at := of(user)
	profile, err := at.profile.At(ssid).Value(results...)
	if err != nil {
		return Network{}, err
	}
	n := Network{SSID: ssid, User: user}
	cost := int64(0)
	err = errors.Join(n.read(profile),
		node.Into(&n.Proxy)(at.proxy.At(ssid).Value(results...)), node.Into(&n.ProxyPAC)(at.pac.At(ssid).Value(results...)),
		node.Into(&n.ProxyAuto)(at.wpad.At(ssid).Value(results...)), node.Into(&cost)(at.cost.At(ssid).Value(results...)),
	)
	n.Cost = Cost(cost)
	return n, err
}

// ReadAll reads all networks of the device, or of the user, that the results have, whatever brought them: Get for each, or a
// list of the tree. They are in the order of the device; the error joins those of Read.
func ReadAll(user bool, results ...omadm.Result) ([]Network, error) {
	var list []Network
	var errs []error
	for _, row := range of(user).ssid.Rows(results...) {
		n, err := Read(row.Name, user, row.Results...)
		if errors.Is(err, node.ErrNoValue) {
			continue
		}
		n.SSID, n.User = row.Name, user
		list, errs = append(list, n), append(errs, err)
	}
	return list, errors.Join(errs...)
}

var errProfile = errors.New("wifi: no profile of a wireless network")

// read takes over what a profile says.
func (n *Network) read(profile string) error {
	doc, err := xmltree.Read([]byte(profile), eapLimits)
	if err != nil || !xmltree.Is(doc.Root, profileSpace, "WLANProfile") {
		return errProfile
	}
	text := func(path string) string {
		e := doc.Root.FindElement(path)
		if e == nil {
			return ""
		}
		s, _ := xmltree.Text(e)
		return strings.TrimSpace(s)
	}
	n.Hidden = text("SSIDConfig/nonBroadcast") == "true"
	n.Manual = text("connectionMode") == "manual"
	const encryption = "MSM/security/authEncryption/"
	known := false
	for i, kind := range securities {
		if kind.authentication == text(encryption+"authentication") && kind.encryption == text(encryption+"encryption") {
			n.Security, known = Security(i), true
		}
	}
	if !known {
		return fmt.Errorf("wifi: profile with a security that is not known")
	}
	for i, name := range signIns {
		if name == text("MSM/security/OneX/authMode") {
			n.SignInAs = SignIn(i)
		}
	}
	if eap := doc.Root.FindElement("MSM/security/OneX/EAPConfig/EapHostConfig"); eap != nil {
		n.EAP, err = written(withSpace(eap))
	}
	return err
}

// withSpace returns a copy of an element as the root of a document, with the namespaces that it had from those around it.
func withSpace(e *etree.Element) *etree.Element {
	root := e.Copy()
	if root.SelectAttr("xmlns") == nil && root.Space == "" {
		root.CreateAttr("xmlns", e.NamespaceURI())
	}
	return root
}

// Matches reports whether a device that answered to Get has the profile of n, the key aside. The error is that of Network.Add,
// or wraps node.ErrNoValue when the device does not have the network.
func (n Network) Matches(results ...omadm.Result) (bool, error) {
	want, err := n.Profile()
	if err != nil {
		return false, err
	}
	got, err := of(n.User).profile.At(n.SSID).Value(results...)
	if err != nil {
		return false, err
	}
	return csp.Equal(csp.Node{}, omadm.Text(want), omadm.Text(got)), nil
}

// List returns the request that asks for the SSIDs of the networks of the device, or of the user, see ReadList. It has no ID.
func List(user bool) omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{of(user).top.Get()}}
	r.Normalize()
	return r
}

// ReadList reads the SSIDs from what a device answered to List. The error wraps node.ErrNoValue when there is no answer.
func ReadList(user bool, results ...omadm.Result) ([]string, error) {
	return of(user).top.Children(results...)
}
