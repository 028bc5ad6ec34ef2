package devicestatus

import (
	"errors"
	"strconv"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Status is what compliance is judged by: what of a device protects it, and which networks it is in. What a device does not
// say is nil, empty or Unknown.
type Status struct {
	Edition    string // of Windows, in words
	SMode      *bool
	Domain     string // fully qualified name, if there is one
	Encrypted  *bool  // the system drive
	SecureBoot State
	BootDMA    State // protection against DMA while the device starts

	Antivirus          State
	AntivirusCurrent   *bool // the signatures are the newest
	Antispyware        State
	AntispywareCurrent *bool
	Firewall           State

	VirtualizationSecurity State
	CredentialGuard        State
	CodeIntegrity          State // enforced by the hypervisor
	SystemGuard            State

	TPM      Chip
	Networks []Network
	SIMs     []SIM
}

// State is whether something that protects a device does so.
type State uint8

// The states.
const (
	Unknown       State = iota // the device does not say, or something that is not known
	On                         // on, and good
	Off                        // off, or not configured
	Partly                     // on in part, or for now not
	RestartNeeded              // on after a restart
	Unavailable                // the device, its edition or its licence does not have it
)

var stateNames = [...]string{"unknown", "on", "off", "partly", "restart needed", "unavailable"}

// String returns the state in words.
func (s State) String() string {
	if int(s) < len(stateNames) {
		return stateNames[s]
	}
	return "State(" + strconv.Itoa(int(s)) + ")"
}

// Chip is the TPM, which keeps keys.
type Chip struct {
	Version        string // of the specification
	Manufacturer   string
	ManufacturerID string // as a number
	Firmware       string // version
}

// Network is a network card.
type Network struct {
	MAC, IPv4, IPv6 string
	Connected       bool
	Wireless        bool
}

// SIM is a card for a cellular network. What it has is personal.
type SIM struct {
	IMEI, IMSI, ICCID, PhoneNumber, Operator string
	Roaming                                  bool
}

// states are the nodes of states, and what their numbers mean.
func (s *Status) states() []state {
	center := []State{On, Off, Partly, Partly, Unavailable} // as the security center has them
	return []state{
		{SecureBootState, &s.SecureBoot, []State{Unavailable, On, Off}},
		{DMABootDMAProtectionStatus, &s.BootDMA, []State{Unknown, On, Off}},
		{AntivirusStatus, &s.Antivirus, center},
		{AntispywareStatus, &s.Antispyware, []State{On, Unknown, Off, Partly}}, // good, not monitored, poor, snoozing
		{FirewallStatus, &s.Firewall, center},
		{DeviceGuardVirtualizationBasedSecurityStatus, &s.VirtualizationSecurity,
			[]State{On, RestartNeeded, Unavailable, Unavailable, Off, Unavailable}},
		{DeviceGuardLsaCfgCredGuardStatus, &s.CredentialGuard, []State{On, RestartNeeded, Unavailable, Off, Off}},
		{DeviceGuardHypervisorEnforcedCodeIntegrityStatus, &s.CodeIntegrity, []State{On, RestartNeeded, Off, Off}},
		{DeviceGuardSystemGuardStatus, &s.SystemGuard, []State{On, RestartNeeded, Off, Unavailable}},
	}
}

type state struct {
	node   node.Get[int64]
	dst    *State
	values []State // by number
}

// texts are the nodes of text, and where they go.
func (s *Status) texts() []text {
	return []text{
		{OSEdition, &s.Edition}, {DomainName, &s.Domain}, {TPMSpecificationVersion, &s.TPM.Version},
		{TPMManufacturerIdTxt, &s.TPM.Manufacturer}, {TPMManufacturerId, &s.TPM.ManufacturerID}, {TPMManufacturerVersion, &s.TPM.Firmware},
	}
}

type text struct {
	node node.Get[string]
	dst  *string
}

// Get returns the request that asks for a Status. It has no ID: the caller gives it one. Of what a device does not have it
// reports 404.
func Get() omadm.Request {
	const all = "?list=" + omadm.ListStructData
	r := omadm.Request{Ops: []omadm.Op{
		OSMode.Get(), ComplianceEncryptionCompliance.Get(), AntivirusSignatureStatus.Get(), AntispywareSignatureStatus.Get(),
	}}
	s := new(Status)
	for _, x := range s.states() {
		r.Ops = append(r.Ops, x.node.Get())
	}
	for _, x := range s.texts() {
		r.Ops = append(r.Ops, x.node.Get())
	}
	for _, n := range []node.InteriorGet{NetworkIdentifiers, CellularIdentities} {
		r.Ops = append(r.Ops, omadm.Op{Verb: omadm.Get, URI: n.LocURI() + all})
	}
	return r
}

// Read reads what a device answered to Get. The error joins those of values that cannot be read; all others are there.
func Read(results ...omadm.Result) (Status, error) {
	var s Status
	err := node.Optional(&s.Encrypted)(ComplianceEncryptionCompliance.Value(results...))
	for _, f := range []struct {
		node node.Get[int64]
		dst  **bool
	}{{OSMode, &s.SMode}, {AntivirusSignatureStatus, &s.AntivirusCurrent}, {AntispywareSignatureStatus, &s.AntispywareCurrent}} {
		err = errors.Join(err, node.Take(func(n int64) {
			if yes := n == 1; yes || n == 0 { // 2 is not applicable
				*f.dst = &yes
			}
		})(f.node.Value(results...)))
	}
	for _, x := range s.states() {
		err = errors.Join(err, node.Take(func(n int64) {
			if n >= 0 && n < int64(len(x.values)) {
				*x.dst = x.values[n]
			}
		})(x.node.Value(results...)))
	}
	for _, x := range s.texts() {
		err = errors.Join(err, node.Into(x.dst)(x.node.Value(results...)))
	}
	err = errors.Join(err, s.readNetworks(results), s.readSIMs(results))
	return s, err
}

func (s *Status) readNetworks(results []omadm.Result) error {
	var errs []error
	const wireless = 2
	for _, row := range NetworkIdentifiersMacAddress.Rows(results...) {
		mac, results := row.Name, row.Results
		n := Network{MAC: mac}
		var kind int64
		errs = append(errs,
			node.Into(&n.IPv4)(NetworkIdentifiersIPAddressV4.At(mac).Value(results...)),
			node.Into(&n.IPv6)(NetworkIdentifiersIPAddressV6.At(mac).Value(results...)),
			node.Into(&n.Connected)(NetworkIdentifiersIsConnected.At(mac).Value(results...)),
			node.Into(&kind)(NetworkIdentifiersType.At(mac).Value(results...)),
		)
		n.Wireless = kind == wireless
		s.Networks = append(s.Networks, n)
	}
	return errors.Join(errs...)
}

func (s *Status) readSIMs(results []omadm.Result) error {
	var errs []error
	for _, row := range CellularIdentitiesIMEI.Rows(results...) {
		imei, results := row.Name, row.Results
		c := SIM{IMEI: imei}
		errs = append(errs,
			node.Into(&c.IMSI)(CellularIdentitiesIMSI.At(imei).Value(results...)),
			node.Into(&c.ICCID)(CellularIdentitiesICCID.At(imei).Value(results...)),
			node.Into(&c.PhoneNumber)(CellularIdentitiesPhoneNumber.At(imei).Value(results...)),
			node.Into(&c.Operator)(CellularIdentitiesCommercializationOperator.At(imei).Value(results...)),
			node.Into(&c.Roaming)(CellularIdentitiesRoamingStatus.At(imei).Value(results...)),
		)
		s.SIMs = append(s.SIMs, c)
	}
	return errors.Join(errs...)
}
