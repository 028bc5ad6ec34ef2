package csp

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
)

// Device is what is known of a device. Fields that are zero are unknown, and what is unknown never makes a check fail.
type Device struct {
	Build   Build
	Edition Edition
	User    Presence
	// CSPVersions are the versions of the configuration service providers by name, as the device lists them at
	// ./Device/Vendor/MSFT/DeviceManageability/Capabilities/CSPVersions.
	CSPVersions map[string]string
	// Known returns the value that a node of the device has. Nil knows nothing.
	Known func(URI) (omadm.Value, bool)
}

// Presence says whether a user is signed in.
type Presence uint8

// The presences.
const (
	UserUnknown Presence = iota
	UserSignedIn
	UserAbsent
)

// addresses at which a device says what it is.
const (
	swVersion = "./DevDetail/SwV"
	edition   = "./Vendor/MSFT/WindowsLicensing/Edition"
)

// DeviceOf returns what facts tell: the build from ./DevDetail/SwV and the edition from
// ./Vendor/MSFT/WindowsLicensing/Edition, where they are there.
func DeviceOf(facts omadm.Facts) Device {
	var d Device
	d.Build, _ = ParseBuild(facts[swVersion])
	for _, loc := range [...]string{edition, "./Device" + edition[1:]} {
		if e, err := ParseEdition(facts[loc]); err == nil {
			d.Edition = e
		}
	}
	return d
}

// Build is a build of Windows, such as 10.0.22631.3007. The zero Build is unknown.
type Build struct {
	Major, Minor int
	Number       int
	Revision     int // 0: unknown, or of an entry in a list, any
}

// ParseBuild reads "10.0.22631.3007", with or without the revision. "22631.3007" and "22631" are builds of 10.0, whose
// numbers have five digits.
func ParseBuild(s string) (Build, error) {
	n := [4]int{10}
	i, rest := 0, strings.TrimSpace(s)
	short := strings.Count(rest, ".") < 2
	if short {
		i = 2
	}
	for more := true; more; i++ {
		var part string
		part, rest, more = strings.Cut(rest, ".")
		v, err := strconv.ParseUint(part, 10, 31)
		if err != nil || i == len(n) || short && i == 2 && len(part) < 5 {
			return Build{}, &FactError{Reason: "not a build: " + quote(s)}
		}
		n[i] = int(v)
	}
	return Build{n[0], n[1], n[2], n[3]}, nil
}

// String returns b as Windows writes it; empty for the zero Build.
func (b Build) String() string {
	switch {
	case b == Build{}:
		return ""
	case b.Revision == 0:
		return fmt.Sprintf("%d.%d.%d", b.Major, b.Minor, b.Number)
	}
	return fmt.Sprintf("%d.%d.%d.%d", b.Major, b.Minor, b.Number, b.Revision)
}

// MarshalText returns String.
func (b Build) MarshalText() ([]byte, error) { return []byte(b.String()), nil }

// UnmarshalText is ParseBuild; an empty text is the zero Build.
func (b *Build) UnmarshalText(text []byte) (err error) {
	*b = Build{}
	if len(text) > 0 {
		*b, err = ParseBuild(string(text))
	}
	return err
}

// IsZero reports whether b is unknown.
func (b Build) IsZero() bool { return b == Build{} }

// Compare orders builds: negative when b is before c.
func (b Build) Compare(c Build) int {
	for _, d := range [...]int{b.Major - c.Major, b.Minor - c.Minor, b.Number - c.Number} {
		if d != 0 {
			return d
		}
	}
	return b.Revision - c.Revision
}

// unreleased reports whether b stands for "in no numbered release yet": lists use 99.9.99999 and 88.8.88888.
func (b Build) unreleased() bool { return b.Major >= 80 }

// branch returns the first build of those that are serviced together and count their revisions together: a later one
// of them is the same code with features turned on.
func (b Build) branch() int {
	for _, family := range [...][2]int{{18362, 18363}, {19041, 19045}, {22621, 22631}, {26100, 26300}} {
		if family[0] <= b.Number && b.Number <= family[1] {
			return family[0]
		}
	}
	return b.Number
}

// Verdict is an answer that may be missing.
type Verdict uint8

// The verdicts.
const (
	Unknown Verdict = iota
	Yes
	No
)

var verdicts = [...]string{Unknown: "unknown", Yes: "yes", No: "no"}

// String returns "yes", "no" or "unknown".
func (v Verdict) String() string {
	if int(v) < len(verdicts) {
		return verdicts[v]
	}
	return fmt.Sprintf("Verdict(%d)", uint8(v))
}

// Applicability says whether a device has a node, by its build and by its edition, and which fact decided it. What
// Microsoft says of editions is advice: devices have been seen to differ.
type Applicability struct {
	Build      Verdict
	BuildFact  string // the entry of the list of builds that decided, or the whole list; empty when there is none
	BuildNode  Node   // the node that the list belongs to: the node itself or one above it
	Unreleased bool   // the node is in no numbered release for this device; only with No

	Edition     Verdict
	EditionFact string // the list of editions
	EditionNode Node
}

// Verdict is No when one of the answers is, else Unknown when the build or, where a list is given, the edition is.
func (a Applicability) Verdict() Verdict {
	switch {
	case a.Build == No || a.Edition == No:
		return No
	case a.Build == Unknown || a.Edition == Unknown && !a.EditionNode.IsZero():
		return Unknown
	}
	return Yes
}

// String returns a sentence without a full stop, such as "since build 10.0.22000".
func (a Applicability) String() string {
	var parts []string
	switch {
	case a.BuildFact == "":
		parts = append(parts, "no build is given")
	case a.Unreleased:
		parts = append(parts, "in no numbered release ("+a.BuildFact+")")
	case a.Build == No:
		parts = append(parts, "needs build "+a.BuildFact)
	default:
		parts = append(parts, "since build "+a.BuildFact)
	}
	switch {
	case a.EditionNode.IsZero():
	case a.EditionFact == "":
		parts = append(parts, "in no edition")
	case a.Edition == No:
		parts = append(parts, "not in this edition, only in "+editionNames(a.EditionFact))
	}
	return strings.Join(parts, ", ")
}

// Applies says whether d has n. A fact that n does not give is that of the next node above that does; builds and
// editions each on their own.
func (n Node) Applies(d Device) Applicability {
	var a Applicability
	if list, at := n.inherited(buildsFact); !at.IsZero() {
		a.BuildNode = at
		a.Build, a.Unreleased, a.BuildFact = appliesBuild(list, d.Build)
	}
	if list, at := n.inherited(editionsFact); !at.IsZero() {
		a.EditionNode, a.EditionFact = at, list
		a.Edition = appliesEdition(list, d.Edition)
	}
	return a
}

// appliesBuild decides by a list such as "10.0.22000, 10.0.19041.1202". An entry without revision is the first major
// release that has the node. One with a revision is a later addition to a release that was out already, and says
// something about the branch of that release only.
func appliesBuild(list string, have Build) (v Verdict, unreleased bool, fact string) {
	if have.IsZero() {
		return Unknown, false, list
	}
	s := scanBuilds(list, have)
	switch {
	case s.onBranch:
		return s.verdict, false, s.fact
	case s.plainYes != "":
		return Yes, false, s.plainYes
	case s.plainNo != "":
		return No, false, s.plainNo
	case s.sentinel != "":
		return No, true, s.sentinel
	case s.backport.IsZero():
		return Unknown, false, list
	case s.backport.Compare(have) < 0:
		return Yes, false, s.fact
	}
	return No, false, list
}

// buildScan is what the entries of a list say to a device.
type buildScan struct {
	onBranch bool    // an entry is on the branch of the device, and
	verdict  Verdict // that is what it says
	fact     string  // the entry of verdict or backport

	plainYes, plainNo string // an entry without revision, at or below the build of the device, or above it
	sentinel          string
	backport          Build // the highest entry with a revision
}

func scanBuilds(list string, have Build) buildScan {
	var s buildScan
	for rest := list; rest != ""; {
		var entry string
		entry, rest, _ = strings.Cut(rest, ",")
		entry = strings.TrimSpace(entry)
		b, err := ParseBuild(entry)
		if err != nil {
			continue
		}
		if b.unreleased() {
			s.sentinel = entry
			continue
		}
		b.Major, b.Minor = 10, 0 // published lists have 11.0 by mistake
		switch {
		case b.branch() == have.branch():
			s.branch(b, have, entry)
		case b.Revision == 0 && b.Number <= have.Number:
			s.plainYes = entry
		case b.Revision == 0:
			s.plainNo = entry
		case s.backport.Compare(b) < 0:
			s.backport = b
			if !s.onBranch {
				s.fact = entry
			}
		}
	}
	return s
}

// branch takes an entry that is on the branch of the device: the most favourable one counts.
func (s *buildScan) branch(b, have Build, entry string) {
	v := No
	switch {
	case b.Number > have.Number:
	case b.Revision == 0 || have.Revision >= b.Revision:
		v = Yes
	case have.Revision == 0:
		v = Unknown
	}
	if !s.onBranch || v == Yes || v == Unknown && s.verdict == No {
		s.verdict, s.fact = v, entry
	}
	s.onBranch = true
}

// appliesEdition decides by a list such as "0x4;0x1B;". An empty one permits none.
func appliesEdition(list string, have Edition) Verdict {
	if strings.Trim(list, "; ") == "" {
		return No
	}
	if have == 0 {
		return Unknown
	}
	for e := range editions(list) {
		if e == have {
			return Yes
		}
	}
	return No
}
