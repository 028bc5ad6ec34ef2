package firewall

import (
	"errors"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// text is a node of a rule that holds text, and what of a Rule it is.
type text struct {
	node  node.Named[node.AddDeleteGetReplace[string]]
	value string
	read  func(string) error
}

// texts are the nodes of r that hold text.
func (r *Rule) texts() []text {
	var a App
	if r.App != nil {
		a = *r.App
	}
	plain := func(n node.Named[node.AddDeleteGetReplace[string]], field *string) text {
		return text{n, *field, func(s string) error { *field = s; return nil }}
	}
	app := func(n node.Named[node.AddDeleteGetReplace[string]], value string, field func(*App) *string) text {
		return text{n, value, func(s string) error {
			if s == "" {
				return nil
			}
			if r.App == nil {
				r.App = new(App)
			}
			*field(r.App) = s
			return nil
		}}
	}
	list := func(n node.Named[node.AddDeleteGetReplace[string]], field *[]string) text {
		return text{n, strings.Join(*field, ","), func(s string) error { *field = items(s); return nil }}
	}
	ports := func(n node.Named[node.AddDeleteGetReplace[string]], field *[]Ports) text {
		return text{n, join(*field, Ports.String), func(s string) (err error) { *field, err = readPorts(s); return err }}
	}
	return []text{
		plain(MdmStoreFirewallRulesName, &r.Name), plain(MdmStoreFirewallRulesDescription, &r.Description),
		ports(MdmStoreFirewallRulesLocalPortRanges, &r.LocalPorts), ports(MdmStoreFirewallRulesRemotePortRanges, &r.RemotePorts),
		list(MdmStoreFirewallRulesIcmpTypesAndCodes, &r.ICMP),
		list(MdmStoreFirewallRulesLocalAddressRanges, &r.LocalAddresses), list(MdmStoreFirewallRulesRemoteAddressRanges, &r.RemoteAddresses),
		{MdmStoreFirewallRulesInterfaceTypes, join(r.Interfaces, func(i Interface) string { return string(i) }), func(s string) error {
			r.Interfaces = nil
			for _, i := range items(s) {
				if i != MdmStoreFirewallRulesInterfaceTypesAll {
					r.Interfaces = append(r.Interfaces, Interface(i))
				}
			}
			return nil
		}},
		app(MdmStoreFirewallRulesAppFilePath, a.FilePath, func(a *App) *string { return &a.FilePath }),
		app(MdmStoreFirewallRulesAppPackageFamilyName, a.Package, func(a *App) *string { return &a.Package }),
		app(MdmStoreFirewallRulesAppServiceName, a.Service, func(a *App) *string { return &a.Service }),
		app(MdmStoreFirewallRulesPolicyAppId, a.Policy, func(a *App) *string { return &a.Policy }),
		plain(MdmStoreFirewallRulesLocalUserAuthorizedList, &r.Users),
	}
}

// items are the items of a list.
func items(s string) (list []string) {
	for _, i := range strings.Split(s, ",") {
		if i = strings.TrimSpace(i); i != "" {
			list = append(list, i)
		}
	}
	return list
}

// readPorts reads ranges. One that has one port is that port.
func readPorts(s string) (list []Ports, err error) {
	for _, i := range items(s) {
		first, last, many := strings.Cut(i, "-")
		from, err := strconv.ParseUint(first, 10, 16)
		to := from
		if err == nil && many {
			to, err = strconv.ParseUint(last, 10, 16)
		}
		if err != nil || to < from {
			return nil, errors.New("firewall: a range of ports is none")
		}
		p := Ports{From: uint16(from)}
		if to > from {
			p.To = uint16(to)
		}
		list = append(list, p)
	}
	return list, nil
}

// Get returns the request that asks for the rule with the ID of r, see Read. It has no ID. A node that the rule lacks is not
// there, and the device answers 404 to it.
func (r Rule) Get() (omadm.Request, error) {
	if err := checkID(r.ID); err != nil {
		return omadm.Request{}, err
	}
	req := omadm.Request{Ops: []omadm.Op{
		MdmStoreFirewallRulesActionType.At(r.ID).Get(), MdmStoreFirewallRulesDirection.At(r.ID).Get(),
		MdmStoreFirewallRulesEnabled.At(r.ID).Get(), MdmStoreFirewallRulesProfiles.At(r.ID).Get(),
		MdmStoreFirewallRulesProtocol.At(r.ID).Get(), MdmStoreFirewallRulesEdgeTraversal.At(r.ID).Get(), MdmStoreFirewallRulesStatus.At(r.ID).Get(),
	}}
	for _, t := range r.texts() {
		req.Ops = append(req.Ops, t.node.At(r.ID).Get())
	}
	req.Normalize()
	return req, nil
}

// Read reads the rule with the ID from what a device answered to Get, and what the device says of its state, which is in its
// own words: "OK", or why the rule does nothing. The error wraps node.ErrNoValue when the device has no such rule; it may be
// that of a value of another kind. Of many rules, ReadAll takes less time.
func Read(id string, results ...omadm.Result) (r Rule, state string, err error) {
	r.ID = id
	action, err := MdmStoreFirewallRulesActionType.At(id).Value(results...)
	if err != nil {
		return Rule{}, "", err
	}
	r.Block = action == MdmStoreFirewallRulesActionTypeBlock
	direction, enabled, profiles, protocol := "OUT", true, int64(allProfiles), int64(-1)
	err = errors.Join(
		node.Into(&direction)(MdmStoreFirewallRulesDirection.At(id).Value(results...)),
		node.Into(&enabled)(MdmStoreFirewallRulesEnabled.At(id).Value(results...)),
		node.Into(&profiles)(MdmStoreFirewallRulesProfiles.At(id).Value(results...)),
		node.Into(&protocol)(MdmStoreFirewallRulesProtocol.At(id).Value(results...)),
		node.Into(&r.Edge)(MdmStoreFirewallRulesEdgeTraversal.At(id).Value(results...)),
		node.Into(&state)(MdmStoreFirewallRulesStatus.At(id).Value(results...)),
	)
	for _, t := range r.texts() {
		var s string
		if e := node.Into(&s)(t.node.At(id).Value(results...)); e != nil {
			err = errors.Join(err, e)
		} else if s != "" {
			err = errors.Join(err, t.read(s))
		}
	}
	r.In, r.Off = strings.EqualFold(direction, "IN"), !enabled
	if profiles&allProfiles != allProfiles {
		r.Profiles = Profiles(profiles) & (Domain | Private | Public)
	}
	if protocol >= 0 && protocol <= 255 {
		r.Protocol = Protocol(protocol).Number()
	}
	return r, state, err
}

// Installed is a rule that a device has.
type Installed struct {
	Rule
	State string // in the words of the device: "OK", or why the rule does nothing
}

// ReadAll reads all rules that the results have, whatever brought them: Get for each, or a list of the tree. They are in the
// order of the device; the error joins those of Read.
func ReadAll(results ...omadm.Result) ([]Installed, error) {
	var list []Installed
	var errs []error
	for _, row := range MdmStoreFirewallRulesFirewallRuleName.Rows(results...) {
		rule, state, err := Read(row.Name, row.Results...)
		if errors.Is(err, node.ErrNoValue) {
			continue
		}
		rule.ID = row.Name
		list, errs = append(list, Installed{rule, state}), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// List returns the request that asks for the IDs of the rules of the server, see ReadList. It has no ID.
func List() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{MdmStoreFirewallRules.Get()}}
}

// ReadList reads the IDs from what a device answered to List. The error wraps node.ErrNoValue when there is no answer.
func ReadList(results ...omadm.Result) ([]string, error) {
	return MdmStoreFirewallRules.Children(results...)
}
