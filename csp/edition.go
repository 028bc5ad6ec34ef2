package csp

import (
	"fmt"
	"iter"
	"strconv"
	"strings"
)

// Edition is an edition of Windows by the number that GetProductInfo and ./Vendor/MSFT/WindowsLicensing/Edition give
// it. 0 is unknown.
type Edition uint16

// The editions that description files name most.
const (
	Enterprise             Edition = 0x04
	EnterpriseN            Edition = 0x1b
	Pro                    Edition = 0x30
	ProN                   Edition = 0x31
	Home                   Edition = 0x65
	Education              Edition = 0x79
	EducationN             Edition = 0x7a
	EnterpriseS            Edition = 0x7d // LTSC
	ProEducation           Edition = 0xa4
	ProWorkstation         Edition = 0xa1
	EnterpriseMultiSession Edition = 0xaf
	IoTEnterprise          Edition = 0xbc
	IoTEnterpriseS         Edition = 0xbf
	SE                     Edition = 0xcb
)

// knownEditions is no map, which would have to be made when a program starts.
var knownEditions = [...]struct {
	number Edition
	name   string
}{
	{0x04, "Enterprise"}, {0x1b, "EnterpriseN"}, {0x30, "Pro"}, {0x31, "ProN"}, {0x48, "EnterpriseEval"},
	{0x54, "EnterpriseNEval"}, {0x62, "HomeN"}, {0x63, "HomeCountrySpecific"}, {0x64, "HomeSingleLanguage"},
	{0x65, "Home"}, {0x77, "SurfaceHub"}, {0x79, "Education"}, {0x7a, "EducationN"}, {0x7d, "EnterpriseS"},
	{0x7e, "EnterpriseSN"}, {0x81, "EnterpriseSEval"}, {0x82, "EnterpriseSNEval"}, {0x87, "Holographic"},
	{0x88, "HolographicForBusiness"}, {0x8a, "ProSingleLanguage"}, {0x8b, "ProChina"}, {0xa1, "ProWorkstation"},
	{0xa2, "ProWorkstationN"}, {0xa4, "ProEducation"}, {0xa5, "ProEducationN"}, {0xab, "EnterpriseG"},
	{0xac, "EnterpriseGN"}, {0xaf, "EnterpriseMultiSession"}, {0xb4, "HubOS"}, {0xbc, "IoTEnterprise"},
	{0xbd, "Lite"}, {0xbf, "IoTEnterpriseS"}, {0xca, "SEN"}, {0xcb, "SE"}, {0xcd, "IoTEnterpriseSK"},
	{0xcf, "IoTEnterpriseSEval"}, {0xd2, "WNC"},
}

// String returns a name such as "Pro", or the number in hexadecimal.
func (e Edition) String() string {
	for _, known := range knownEditions {
		if known.number == e {
			return known.name
		}
	}
	return fmt.Sprintf("0x%X", uint16(e))
}

// ParseEdition reads a number, as "48" or "0x30", or a name that String returns, in any case.
func ParseEdition(s string) (Edition, error) {
	s = strings.TrimSpace(s)
	if n, err := strconv.ParseUint(s, 0, 16); err == nil && n > 0 {
		return Edition(n), nil
	}
	for _, known := range knownEditions {
		if strings.EqualFold(known.name, s) {
			return known.number, nil
		}
	}
	return 0, &FactError{Reason: "not an edition: " + quote(s)}
}

// editions returns the numbers of a list such as "0x4;0x1B;0x88*;".
func editions(list string) iter.Seq[Edition] {
	return func(yield func(Edition) bool) {
		for rest := list; rest != ""; {
			var item string
			item, rest, _ = strings.Cut(rest, ";")
			item = strings.TrimRight(strings.TrimSpace(item), "*")
			if n, err := strconv.ParseUint(item, 0, 16); err == nil && !yield(Edition(n)) {
				return
			}
		}
	}
}

// editionNames returns the names of a list, joined by commas.
func editionNames(list string) string {
	var names []string
	for e := range editions(list) {
		names = append(names, e.String())
	}
	return strings.Join(names, ", ")
}
