package laps

import (
	"errors"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Get returns the request that asks for what Read reads. It has no ID. A node that was never set is not there, and the
// device answers 404 to it.
func Get() omadm.Request {
	var ops []omadm.Op
	for _, n := range [...]interface{ Get() omadm.Op }{
		PoliciesBackupDirectory, PoliciesAdministratorAccountName, PoliciesPasswordAgeDays, PoliciesPasswordComplexity,
		PoliciesPasswordLength, PoliciesPostAuthenticationResetDelay, PoliciesPostAuthenticationActions,
		PoliciesADPasswordEncryptionEnabled, PoliciesADPasswordEncryptionPrincipal, PoliciesADEncryptedPasswordHistorySize,
		PoliciesPasswordExpirationProtectionEnabled, PoliciesPassphraseLength, PoliciesAutomaticAccountManagementEnabled,
		PoliciesAutomaticAccountManagementTarget, PoliciesAutomaticAccountManagementEnableAccount,
		PoliciesAutomaticAccountManagementRandomizeName, PoliciesAutomaticAccountManagementNameOrPrefix,
	} {
		ops = append(ops, n.Get())
	}
	return omadm.Request{Ops: ops}
}

// Read reads what a device answered to Get: the policy that it has. What it does not say is zero; the error is that of a
// value of another kind.
func Read(results ...omadm.Result) (Policy, error) {
	var p Policy
	var a AfterUse
	var d DomainOptions
	var m Automatic
	number := func(n node.AddDeleteGetReplace[int64], of func(int)) error {
		return node.Take(func(v int64) { of(int(v)) })(n.Value(results...))
	}
	err := errors.Join(
		number(PoliciesBackupDirectory, func(n int) { p.Backup = Directory(n + 1) }),
		node.Into(&p.Account)(PoliciesAdministratorAccountName.Value(results...)),
		number(PoliciesPasswordAgeDays, func(n int) { p.Days = n }),
		number(PoliciesPasswordComplexity, func(n int) { p.Complexity = Complexity(n) }),
		number(PoliciesPasswordLength, func(n int) { p.Length = n }),
		number(PoliciesPassphraseLength, func(n int) { p.Words = n }),
		number(PoliciesPostAuthenticationResetDelay, func(n int) { p.AfterUse, a.Delay = &a, node.Duration(int64(n), time.Hour) }),
		number(PoliciesPostAuthenticationActions, func(n int) { p.AfterUse, a.Action = &a, Action(n) }),
		node.Optional(&d.Encrypt)(PoliciesADPasswordEncryptionEnabled.Value(results...)),
		node.Into(&d.Principal)(PoliciesADPasswordEncryptionPrincipal.Value(results...)),
		number(PoliciesADEncryptedPasswordHistorySize, func(n int) { d.History = n }),
		node.Optional(&d.Protect)(PoliciesPasswordExpirationProtectionEnabled.Value(results...)),
		node.Take(func(is bool) { p.Automatic, m.Enabled = &m, is })(PoliciesAutomaticAccountManagementEnabled.Value(results...)),
		number(PoliciesAutomaticAccountManagementTarget, func(n int) { m.BuiltIn = n == 0 }),
		node.Into(&m.SignIn)(PoliciesAutomaticAccountManagementEnableAccount.Value(results...)),
		node.Into(&m.RandomName)(PoliciesAutomaticAccountManagementRandomizeName.Value(results...)),
		node.Into(&m.Name)(PoliciesAutomaticAccountManagementNameOrPrefix.Value(results...)),
	)
	if d != (DomainOptions{}) {
		p.Domain = &d
	}
	return p, err
}

// Reset returns the request that replaces the password at once. It has no ID. The device takes it and goes on: GetReset asks
// how it ended.
func Reset() omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{ActionsResetPassword.Exec()}}
	r.Normalize()
	return r
}

// GetReset returns the request that asks for what ReadReset reads. It has no ID.
func GetReset() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{ActionsResetPasswordStatus.Get()}}
}

// ReadReset reads how the last Reset ended: 0 when it went well. The error wraps node.ErrNoValue when the device does not
// say.
func ReadReset(results ...omadm.Result) (csp.HRESULT, error) {
	n, err := ActionsResetPasswordStatus.Value(results...)
	return csp.HRESULT(uint32(n)), err
}
