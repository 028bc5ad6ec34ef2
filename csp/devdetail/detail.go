package devdetail

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Detail is what a device tells of its hardware and software when it is asked.
type Detail struct {
	Build    csp.Build // of Windows
	Platform string    // product name of Windows
	Name     string    // of the device
	DNSName  string

	OEM          string
	Type         string // product name of the hardware
	SerialNumber string // of the SMBIOS
	SKU          string // of the system
	Firmware     string
	Hardware     string
	SMBIOS       string // version

	RAM          int64 // MiB, that the system can use
	FreeStorage  int64 // MiB, on the first internal drive
	TotalStorage int64 // MiB
	Architecture int64 // of the processor, as in SYSTEM_INFO: 9 is x64, 12 is ARM64
	Resolution   string
	LocalTime    string // ISO 8601

	Wireless Wireless
}

// Wireless is the connection over Wi-Fi; all empty without one.
type Wireless struct {
	MAC, IPv4, IPv6, SubnetMask, DNSSuffix string
}

// texts are the nodes of text, and where they go.
func (d *Detail) texts() []text {
	return []text{
		{ExtMicrosoftOSPlatform, &d.Platform}, {OEM, &d.OEM}, {DevTyp, &d.Type},
		{ExtMicrosoftSMBIOSSerialNumber, &d.SerialNumber}, {ExtMicrosoftSystemSKU, &d.SKU}, {FwV, &d.Firmware}, {HwV, &d.Hardware},
		{ExtMicrosoftSMBIOSVersion, &d.SMBIOS}, {ExtMicrosoftResolution, &d.Resolution}, {ExtMicrosoftLocalTime, &d.LocalTime},
		{ExtWLANMACAddress, &d.Wireless.MAC}, {ExtWlanIPv4Address, &d.Wireless.IPv4}, {ExtWlanIPv6Address, &d.Wireless.IPv6},
		{ExtWlanSubnetMask, &d.Wireless.SubnetMask}, {ExtWlanDnsSuffix, &d.Wireless.DNSSuffix},
	}
}

type text struct {
	node node.Get[string]
	dst  *string
}

// numbers are the nodes of numbers, and where they go.
func (d *Detail) numbers() []number {
	return []number{
		{ExtMicrosoftTotalRAM, &d.RAM}, {ExtMicrosoftFreeStorage, &d.FreeStorage}, {ExtMicrosoftTotalStorage, &d.TotalStorage},
		{ExtMicrosoftProcessorArchitecture, &d.Architecture},
	}
}

type number struct {
	node node.Get[int64]
	dst  *int64
}

// Get returns the request that asks for a Detail. It has no ID: the caller gives it one. Of what a device does not have,
// such as a connection over Wi-Fi, it reports 404.
func Get() omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{SwV.Get(), ExtMicrosoftDeviceName.Get(), ExtMicrosoftDNSComputerName.Get()}}
	d := new(Detail)
	for _, t := range d.texts() {
		r.Ops = append(r.Ops, t.node.Get())
	}
	for _, n := range d.numbers() {
		r.Ops = append(r.Ops, n.node.Get())
	}
	return r
}

// Read reads what a device answered to Get. What it does not say is zero. The error joins those of values that cannot be
// read; all others are there.
func Read(results ...omadm.Result) (Detail, error) {
	var d Detail
	var build string
	err := errors.Join(
		node.Into(&build)(SwV.Value(results...)),
		node.Into(&d.Name)(ExtMicrosoftDeviceName.Value(results...)),
		node.Into(&d.DNSName)(ExtMicrosoftDNSComputerName.Value(results...)),
	)
	for _, t := range d.texts() {
		err = errors.Join(err, node.Into(t.dst)(t.node.Value(results...)))
	}
	for _, n := range d.numbers() {
		err = errors.Join(err, node.Into(n.dst)(n.node.Value(results...)))
	}
	if build != "" {
		var wrong error
		if d.Build, wrong = csp.ParseBuild(build); wrong != nil {
			err = errors.Join(err, fmt.Errorf("devdetail: %s: %d octets that are no build", SwV, len(build)))
		}
	}
	return d, err
}

// Rename returns the request that names the computer when it is started the next time, which the server has to see to. In the
// name %SERIAL% stands for the serial number, and %RAND:4% for four digits. The request has no ID; the error is a
// *csp.FieldError.
func Rename(name string) (omadm.Request, error) {
	const most = 63 // of a label of DNS
	fault := func(reason string) (omadm.Request, error) {
		return omadm.Request{}, &csp.FieldError{Kit: "devdetail", Field: "Name", Reason: reason}
	}
	plain, ok := withoutMacros(name)
	switch {
	case name == "":
		return fault("missing")
	case !ok:
		return fault("a percent sign that begins neither %SERIAL% nor %RAND: with a number of digits")
	case len(name) > most:
		return fault(fmt.Sprintf("longer than %d octets", most))
	case strings.HasPrefix(name, "-") || strings.HasSuffix(name, "-"):
		return fault("a hyphen at the start or end")
	case strings.Trim(name, "0123456789") == "":
		return fault("only digits")
	case strings.ContainsFunc(plain, func(r rune) bool { return !letter(r) && (r < '0' || '9' < r) && r != '-' }):
		return fault("other signs than letters, digits and hyphens")
	}
	return omadm.Request{Ops: []omadm.Op{ExtMicrosoftDNSComputerName.Replace(name)}}, nil
}

func letter(r rune) bool { return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' }

// withoutMacros takes out what a device replaces; false if there is another percent sign.
func withoutMacros(name string) (string, bool) {
	parts := strings.Split(name, "%")
	if len(parts)%2 == 0 {
		return "", false
	}
	plain := ""
	for i, p := range parts {
		if i%2 == 0 {
			plain += p
			continue
		}
		digits, isRandom := strings.CutPrefix(p, "RAND:")
		if p != "SERIAL" && (!isRandom || digits == "" || strings.Trim(digits, "0123456789") != "" || strings.Trim(digits, "0") == "") {
			return "", false
		}
	}
	return plain, true
}
