package kits_test

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/laps"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

func TestLAPS(t *testing.T) {
	yes, no := true, false
	for name, want := range map[string]laps.Policy{
		"entra": {
			Backup: laps.EntraID, Account: "desk-admin", Days: 30, Complexity: laps.ReadableCharacters, Length: 24,
			AfterUse: &laps.AfterUse{Delay: 4 * time.Hour, Action: laps.ResetSignOutAndFinish},
		},
		"directory": {
			Backup: laps.ActiveDirectory, Days: 1, Complexity: laps.LongWords, Words: 5, AfterUse: &laps.AfterUse{Action: laps.ResetPassword},
			Domain:    &laps.DomainOptions{Encrypt: &yes, Principal: `EXAMPLE\Desk`, History: 12, Protect: &yes},
			Automatic: &laps.Automatic{Enabled: true, Name: "desk", SignIn: true, RandomName: true},
		},
		"not encrypted": {
			Backup: laps.ActiveDirectory, Domain: &laps.DomainOptions{Encrypt: &no}, Automatic: &laps.Automatic{Enabled: true, BuiltIn: true},
		},
		"none": {Backup: laps.NoDirectory, Automatic: &laps.Automatic{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.made(want.Request())
			if name == "directory" {
				s.holds("./Device/Vendor/MSFT/LAPS/Policies/", map[string]string{
					"BackupDirectory": "2", "PasswordAgeDays": "1", "PasswordComplexity": "6", "PassphraseLength": "5", "PostAuthenticationActions": "1",
					"PostAuthenticationResetDelay": "0", "ADPasswordEncryptionEnabled": "true", "ADPasswordEncryptionPrincipal": `EXAMPLE\Desk`,
					"ADEncryptedPasswordHistorySize": "12", "PasswordExpirationProtectionEnabled": "true", "AutomaticAccountManagementEnabled": "true",
					"AutomaticAccountManagementTarget": "1", "AutomaticAccountManagementNameOrPrefix": "desk", "AutomaticAccountManagementEnableAccount": "true",
					"AutomaticAccountManagementRandomizeName": "true",
				})
			}
			s.mayMiss = true // what was never set
			got, err := laps.Read(s.do(laps.Get())...)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
}

func TestLAPSReset(t *testing.T) {
	s := newSite(t)
	s.do(laps.Reset())
	if n := s.executed(omadm.Exec, "./Device/Vendor/MSFT/LAPS/Actions/ResetPassword"); n != 1 {
		t.Errorf("executed %d times", n)
	}
	for value, want := range map[string]uint32{"0": 0, "-2147024891": 0x80070005} {
		s.put("./Device/Vendor/MSFT/LAPS/Actions/ResetPasswordStatus", value)
		if got, err := laps.ReadReset(s.do(laps.GetReset())...); err != nil || uint32(got) != want {
			t.Errorf("got %v, %v", got, err)
		}
	}
	if _, err := laps.ReadReset(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no answer: got error %v", err)
	}
}

func TestLAPSFields(t *testing.T) {
	no := false
	for field, p := range map[string]laps.Policy{
		"":                  {},
		"Backup":            {Backup: 4},
		"Account":           {Account: "a/b"},
		"Days":              {Backup: laps.EntraID, Days: 6},
		"Complexity":        {Complexity: 9},
		"Length":            {Complexity: laps.ShortWords, Length: 8},
		"Words":             {Words: 5},
		"AfterUse.Delay":    {AfterUse: &laps.AfterUse{Delay: time.Minute, Action: laps.ResetPassword}},
		"AfterUse.Action":   {AfterUse: &laps.AfterUse{}},
		"Domain":            {Backup: laps.EntraID, Domain: &laps.DomainOptions{History: 1}},
		"Domain.History":    {Domain: &laps.DomainOptions{History: 13}},
		"Domain.Principal":  {Domain: &laps.DomainOptions{Encrypt: &no, Principal: "x"}},
		"Automatic.Enabled": {Automatic: &laps.Automatic{SignIn: true}},
		"Automatic.Name":    {Automatic: &laps.Automatic{Enabled: true, Name: "fifteen letters", RandomName: true}},
	} {
		_, err := p.Request()
		wrongField(t, err, "laps", field)
	}
	for field, p := range map[string]laps.Policy{
		"Domain.History": {Domain: &laps.DomainOptions{Encrypt: &no, History: 1}}, "Automatic.Name": {Automatic: &laps.Automatic{Enabled: true, Name: "a?"}},
		"Length": {Length: 65}, "Words": {Complexity: laps.LongWords, Words: 2}, "Account": {Account: "a."}} {
		_, err := p.Request()
		wrongField(t, err, "laps", field)
	}
}
