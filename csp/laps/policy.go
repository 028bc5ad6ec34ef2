package laps

import (
	"strings"
	"time"
	"unicode/utf16"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Policy is how a device looks after the password of its local administrator. What is zero is left as it is on the device.
type Policy struct {
	Backup     Directory
	Account    string // name of the account, not of the built-in one; empty: that one
	Days       int    // after which the password is replaced: 1 to 365, from 7 on with EntraID
	Complexity Complexity
	Length     int // of a password: 8 to 64 characters
	Words      int // of a passphrase: 3 to 10

	AfterUse  *AfterUse
	Domain    *DomainOptions // of ActiveDirectory only
	Automatic *Automatic     // from build 26100 on
}

// Directory is where a device keeps the password.
type Directory int

// The directories.
const (
	NoDirectory     Directory = 1 + iota // the device does not look after it
	EntraID                              // that of Entra ID
	ActiveDirectory                      // that of the domain
)

// Complexity is what passwords are made of. Passphrases need build 26100.
type Complexity int

// The complexities.
const (
	Capitals             Complexity = 1 + iota
	Letters                         // capitals and small ones
	LettersDigits                   // and digits
	LettersDigitsSigns              // and signs
	ReadableCharacters              // so, without those that are easily mistaken
	LongWords                       // a passphrase of long words
	ShortWords                      // one of short words
	ShortWordsWithPrefix            // one of short words that differ in their beginnings
)

// passphrase reports whether passwords are made of words.
func (c Complexity) passphrase() bool { return c >= LongWords }

// AfterUse is what happens when somebody has signed in with the password.
type AfterUse struct {
	Delay  time.Duration // before it does: whole hours, up to 24; 0: nothing happens
	Action Action        // required
}

// Action is what happens to a password that was used, and to who used it.
type Action int

// The actions.
const (
	ResetPassword         Action = 1
	ResetAndSignOut       Action = 3
	ResetAndRestart       Action = 5
	ResetSignOutAndFinish Action = 11 // sessions are signed out, and processes that are left are ended
)

// DomainOptions are for passwords in the directory of the domain.
type DomainOptions struct {
	Encrypt   *bool  // whether the directory has them encrypted; nil: as it is, which is so unless it was set
	Principal string // the user or group that may decrypt them, as name or SID; empty: the administrators of the domain
	History   int    // how many old ones it keeps: 1 to 12; goes with Encrypt
	Protect   *bool  // whether the device sees to it that no password is older than the policy says
}

// Automatic is the account that a device makes and keeps by itself.
type Automatic struct {
	Enabled    bool
	Name       string // of the account, or its beginning if Random is set; empty: that of Windows
	BuiltIn    bool   // the built-in account, not one of its own
	SignIn     bool   // the account can be used; else it is kept disabled
	RandomName bool   // another name each time that the password is replaced
}

// Request returns the request for all that is set. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (p Policy) Request() (omadm.Request, error) {
	if err := p.validate(); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Group: omadm.Atomic}
	add := func(ops ...omadm.Op) { r.Ops = append(r.Ops, ops...) }
	if p.Backup != 0 {
		add(PoliciesBackupDirectory.Replace(int64(p.Backup - 1)))
	}
	if p.Account != "" {
		add(PoliciesAdministratorAccountName.Replace(p.Account))
	}
	for _, n := range [...]struct {
		node  node.AddDeleteGetReplace[int64]
		value int
	}{
		{PoliciesPasswordAgeDays, p.Days}, {PoliciesPasswordComplexity, int(p.Complexity)}, {PoliciesPasswordLength, p.Length},
		{PoliciesPassphraseLength, p.Words},
	} {
		if n.value != 0 {
			add(n.node.Replace(int64(n.value)))
		}
	}
	if a := p.AfterUse; a != nil {
		add(PoliciesPostAuthenticationResetDelay.Replace(int64(a.Delay/time.Hour)), PoliciesPostAuthenticationActions.Replace(int64(a.Action)))
	}
	add(p.Domain.ops()...)
	add(p.Automatic.ops()...)
	if len(r.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r.Normalize()
	return r, nil
}

func (d *DomainOptions) ops() (ops []omadm.Op) {
	if d == nil {
		return nil
	}
	if d.Encrypt != nil {
		ops = append(ops, PoliciesADPasswordEncryptionEnabled.Replace(*d.Encrypt))
	}
	if d.Principal != "" {
		ops = append(ops, PoliciesADPasswordEncryptionPrincipal.Replace(d.Principal))
	}
	if d.History != 0 {
		ops = append(ops, PoliciesADEncryptedPasswordHistorySize.Replace(int64(d.History)))
	}
	if d.Protect != nil {
		ops = append(ops, PoliciesPasswordExpirationProtectionEnabled.Replace(*d.Protect))
	}
	return ops
}

func (a *Automatic) ops() []omadm.Op {
	if a == nil {
		return nil
	}
	ops := []omadm.Op{PoliciesAutomaticAccountManagementEnabled.Replace(a.Enabled)}
	if !a.Enabled {
		return ops
	}
	target := int64(1)
	if a.BuiltIn {
		target = 0
	}
	ops = append(ops, PoliciesAutomaticAccountManagementTarget.Replace(target),
		PoliciesAutomaticAccountManagementEnableAccount.Replace(a.SignIn), PoliciesAutomaticAccountManagementRandomizeName.Replace(a.RandomName))
	if a.Name != "" {
		ops = append(ops, PoliciesAutomaticAccountManagementNameOrPrefix.Replace(a.Name))
	}
	return ops
}

func (p *Policy) validate() error {
	age := 1
	if p.Backup == EntraID {
		age = 7
	}
	beyond := func(n, least, most int) bool { return n != 0 && (n < least || n > most) }
	switch {
	case p.Backup < 0 || p.Backup > ActiveDirectory:
		return fault("Backup", "none of those that there are")
	case !accountName(p.Account):
		return fault("Account", "no name of an account")
	case beyond(p.Days, age, 365):
		return fault("Days", "not 1 to 365, or not 7 to 365 with EntraID")
	case p.Complexity < 0 || p.Complexity > ShortWordsWithPrefix:
		return fault("Complexity", "none of those that there are")
	case beyond(p.Length, 8, 64):
		return fault("Length", "not 8 to 64")
	case p.Length != 0 && p.Complexity.passphrase():
		return fault("Length", "does not go with a passphrase")
	case beyond(p.Words, 3, 10):
		return fault("Words", "not 3 to 10")
	case p.Words != 0 && !p.Complexity.passphrase():
		return fault("Words", "goes with a passphrase")
	}
	for _, err := range [...]error{p.AfterUse.validate(), p.Domain.validate(p.Backup), p.Automatic.validate()} {
		if err != nil {
			return err
		}
	}
	return nil
}

func (a *AfterUse) validate() error {
	switch {
	case a == nil:
		return nil
	case a.Delay < 0 || a.Delay > 24*time.Hour || a.Delay%time.Hour != 0:
		return fault("AfterUse.Delay", "not in whole hours up to 24")
	case a.Action != ResetPassword && a.Action != ResetAndSignOut && a.Action != ResetAndRestart && a.Action != ResetSignOutAndFinish:
		return fault("AfterUse.Action", "none of those that there are")
	}
	return nil
}

func (d *DomainOptions) validate(backup Directory) error {
	switch {
	case d == nil:
		return nil
	case backup != 0 && backup != ActiveDirectory:
		return fault("Domain", "goes with ActiveDirectory")
	case d.History < 0 || d.History > 12:
		return fault("Domain.History", "not 1 to 12")
	case d.Encrypt != nil && !*d.Encrypt && d.History != 0:
		return fault("Domain.History", "goes with Encrypt")
	case d.Encrypt != nil && !*d.Encrypt && d.Principal != "":
		return fault("Domain.Principal", "goes with Encrypt")
	}
	return nil
}

func (a *Automatic) validate() error {
	switch {
	case a == nil:
		return nil
	case !a.Enabled && *a != (Automatic{}):
		return fault("Automatic.Enabled", "missing, and something is set for it")
	case !accountName(a.Name):
		return fault("Automatic.Name", "no name of an account")
	case a.RandomName && length(a.Name) > 14:
		return fault("Automatic.Name", "leaves no room for a number of six digits")
	}
	return nil
}

// accountName reports whether s can be the name of a local account, or is empty.
func accountName(s string) bool {
	return length(s) <= 20 && !strings.ContainsAny(s, "\"/\\[]:;|=,+*?<>@") && strings.TrimRight(s, ". ") == s &&
		!strings.ContainsFunc(s, func(r rune) bool { return r < ' ' })
}

// length counts the characters as Windows does.
func length(s string) int { return len(utf16.Encode([]rune(s))) }

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "laps", Field: field, Reason: reason}
}
