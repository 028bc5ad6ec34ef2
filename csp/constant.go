package csp

import (
	"strconv"
	"strings"
)

// Constant returns the constant of n in the packages below this one, such as "policy.CameraAllowCamera"; empty when Default
// does not have the node.
func (n Node) Constant() string {
	if n.IsZero() || n.c.base.data != builtin.base.data {
		return ""
	}
	i := n.c.locate(n).base
	if i < 0 || n.c.base.flags(i)&flagDescribed == 0 {
		return ""
	}
	pkg, name := ConstantName(Node{c: &builtin, ref: uint32(i)}.Template())
	return pkg + "." + name
}

// Constant returns the constant of the node with the names that were chosen at run time, as it is written in Go:
// vpnv2.AlwaysOn.At("Head office"). It is empty when Default does not have the node.
func (m Match) Constant() string {
	name := m.Node.Constant()
	if name == "" {
		return ""
	}
	var b strings.Builder
	b.WriteString(name)
	for _, p := range m.Params() {
		b.WriteString(".At(" + strconv.Quote(p) + ")")
	}
	return b.String()
}

// ConstantName returns what the constant of a node is called, and in which package; nothing for a node that is not
// Microsoft's. The package is that of the provider in lower case, and the name what is on the way from there to the
// node, without the names that are chosen at run time but the last: the template
// ./Device/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn becomes vpnv2 and AlwaysOn. The provider itself has its own name, a policy
// begins with its area, and a node of the user with User. Signs that are no letters or digits are left out.
func ConstantName(template string) (pkg, name string) {
	segments := strings.Split(strings.TrimPrefix(template, "./"), "/")
	switch {
	case len(segments) > 3 && segments[0] == "User" && segments[1] == "Vendor" && segments[2] == "MSFT":
		name, segments = "User", segments[3:]
	case len(segments) > 3 && segments[0] == "Device" && segments[1] == "Vendor" && segments[2] == "MSFT":
		segments = segments[3:]
	case len(segments) > 1 && segments[0] == "SyncML":
		segments = segments[1:]
	case segments[0] != "DevInfo" && segments[0] != "DevDetail":
		return "", ""
	}
	pkg = strings.ToLower(identifier(segments[0]))
	below := segments[1:]
	if len(below) == 0 {
		below = segments
	} else if pkg == "policy" && below[0] == "Config" && len(below) > 1 && !strings.HasPrefix(below[1], "{") {
		below = below[1:]
	}
	for i, s := range below {
		if i == len(below)-1 || !strings.HasPrefix(s, "{") {
			name += identifier(s)
		}
	}
	return pkg, name
}

// identifier returns the letters and digits of a name; what follows another sign begins with a capital.
func identifier(segment string) string {
	var b strings.Builder
	start := true
	for _, c := range []byte(unescape(segment)) {
		if lower := lower(c); (lower < 'a' || 'z' < lower) && (c < '0' || '9' < c) {
			start = true
			continue
		} else if start && 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		start = false
		b.WriteByte(c)
	}
	return b.String()
}
