package defender

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/omadm"
)

// AttackSurface are the rules that reduce the attack surface of a device, each with what it does, and the files and folders that
// they pass over.
type AttackSurface struct {
	Rules    map[ASRRule]ASRMode
	Excluded []string // paths, which may begin with an environment variable and hold * and ?
}

// ASRRule is the GUID of a rule, in lower case.
type ASRRule string

// The rules.
const (
	VulnerableDrivers    ASRRule = "56a863a9-875e-4185-98a7-b882c64b5ce5" // abuse of signed drivers with a fault
	AdobeReaderChildren  ASRRule = "7674ba52-37eb-4a4f-a9a1-f0f9a1619a2c"
	OfficeChildren       ASRRule = "d4f940ab-401b-4efc-aadc-ad5f3c50688a"
	CredentialTheft      ASRRule = "9e6c4e1f-7d60-472f-ba1a-a39ef669e4b2" // from lsass.exe
	MailExecutables      ASRRule = "be9ba2d9-53ea-4cdc-84e5-9b1eeee46550" // executable content of mail and webmail
	UncommonExecutables  ASRRule = "01443614-cd74-433a-b99e-2ecdc07bfc25" // neither frequent nor old nor trusted
	ObfuscatedScripts    ASRRule = "5beb7efe-fd9a-4556-801d-275e5ffc04cc"
	ScriptDownloads      ASRRule = "d3e037e1-3eb8-44c8-a917-57927947596d" // JavaScript and VBScript that start what was downloaded
	OfficeExecutables    ASRRule = "3b576869-a4ec-4529-8536-b80a7769e899" // executable content made by Office
	OfficeInjection      ASRRule = "75668c1f-73b5-4cf0-bb93-3ecf5cb7cc84" // code of Office in other processes
	OfficeMailChildren   ASRRule = "26190899-1602-49e8-8b27-eb1d0a1ce869"
	WMIPersistence       ASRRule = "e6db77e5-3df2-4cf1-b95a-636979351e5b"
	PSExecAndWMI         ASRRule = "d1e49aac-8f56-4280-b9ba-993a6d77406c" // processes started by these
	USBProcesses         ASRRule = "b2b3f03d-6a65-4f7b-a9c7-1c7ef74a9ba4" // not trusted and not signed
	OfficeMacroWin32     ASRRule = "92e97fa1-2edf-4476-bdd6-9dd0b4dddc7b"
	RansomwareProtection ASRRule = "c1db55ab-c21a-4637-bb3f-a12568109d35"
	SafeModeReboots      ASRRule = "33ddedf1-c6e0-47cb-833e-de6133960387"
	CopiedSystemTools    ASRRule = "c0033c00-d16d-4114-a5a0-dc9b3a7d2ceb" // or those that only look so
	Webshells            ASRRule = "a8f5898e-1dc8-49a9-9878-85004b8a61e6" // on servers
)

// ASRMode is what a rule does.
type ASRMode int

// The modes.
const (
	ASROff   ASRMode = 0
	ASRBlock ASRMode = 1
	ASRAudit ASRMode = 2 // nothing but a record
	ASRWarn  ASRMode = 6 // blocks what the user does not confirm
)

// Request returns the request that sets the rules and what they pass over, each if it is not empty. Rules that it does not name
// are not set on the device any more. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (a AttackSurface) Request() (omadm.Request, error) {
	var r omadm.Request
	var rules []string
	seen := make(map[string]bool)
	for rule, mode := range a.Rules {
		id, ok := csp.GUID(string(rule))
		switch {
		case !ok:
			return omadm.Request{}, fault("Rules", "a key is no GUID")
		case seen[id]:
			return omadm.Request{}, fault("Rules", "two keys are one GUID")
		case mode != ASROff && mode != ASRBlock && mode != ASRAudit && mode != ASRWarn:
			return omadm.Request{}, fault("Rules", "a mode is none of those that there are")
		}
		seen[id] = true
		rules = append(rules, id+"="+strconv.Itoa(int(mode)))
	}
	for i, path := range a.Excluded {
		if strings.TrimSpace(path) == "" || strings.ContainsAny(path, "|\r\n\x00") {
			return omadm.Request{}, fault("Excluded["+strconv.Itoa(i)+"]", "no path")
		}
	}
	slices.Sort(rules)
	if len(rules) > 0 {
		r.Ops = append(r.Ops, policy.DefenderAttackSurfaceReductionRules.Replace(strings.Join(rules, "|")))
	}
	if len(a.Excluded) > 0 {
		r.Ops = append(r.Ops, policy.DefenderAttackSurfaceReductionOnlyExclusions.Replace(strings.Join(a.Excluded, "|")))
	}
	if len(r.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r.Normalize()
	return r, nil
}

// GetAttackSurface returns the request that asks for what ReadAttackSurface reads. It has no ID.
func GetAttackSurface() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{
		policy.DefenderAttackSurfaceReductionRules.Get(), policy.DefenderAttackSurfaceReductionOnlyExclusions.Get(),
	}}
}

// ReadAttackSurface reads what a device answered to GetAttackSurface. What it does not say is empty; the error is that of a value
// of another kind.
func ReadAttackSurface(results ...omadm.Result) (AttackSurface, error) {
	var a AttackSurface
	var rules, excluded string
	err := errors.Join(
		node.Into(&rules)(policy.DefenderAttackSurfaceReductionRules.Value(results...)),
		node.Into(&excluded)(policy.DefenderAttackSurfaceReductionOnlyExclusions.Value(results...)),
	)
	if err != nil {
		return a, err
	}
	for _, s := range items(rules) {
		rule, value, _ := strings.Cut(s, "=")
		mode, err := strconv.Atoi(strings.TrimSpace(value))
		id, ok := csp.GUID(strings.TrimSpace(rule))
		if err != nil || !ok {
			return AttackSurface{}, errRules
		}
		if a.Rules == nil {
			a.Rules = make(map[ASRRule]ASRMode)
		}
		a.Rules[ASRRule(id)] = ASRMode(mode)
	}
	a.Excluded = items(excluded)
	return a, nil
}

var errRules = errors.New("defender: a rule is not a GUID with a mode")

func items(s string) (list []string) {
	for _, i := range strings.Split(s, "|") {
		if i = strings.TrimSpace(i); i != "" {
			list = append(list, i)
		}
	}
	return list
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "defender", Field: field, Reason: reason}
}
