package kits_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

func TestBitLocker(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/BitLocker/"
	s.made(bitlocker.Encryption{
		Require: true, Silent: true, MinimumPIN: 8, Rotation: bitlocker.RotateEntraAndAD, DenyFixedWrite: true, DenyRemovable: true, DenyForeignDrive: true,
		Methods:        &bitlocker.Methods{System: bitlocker.XTSAES256, Fixed: bitlocker.XTSAES128, Removable: bitlocker.AESCBC128},
		Startup:        &bitlocker.Startup{TPM: bitlocker.Forbidden, TPMAndPIN: bitlocker.Required, TPMAndKey: bitlocker.Forbidden, TPMAndPINAndKey: bitlocker.Forbidden},
		SystemRecovery: &bitlocker.Recovery{Password: bitlocker.Required, Key: bitlocker.Forbidden, HideChoice: true, Backup: true, RequireBackup: true},
		FixedRecovery:  &bitlocker.Recovery{Agent: true, Backup: true, PasswordOnly: true},
		Message:        &bitlocker.Message{Text: `Call "the desk" <7>`},
		SystemExtent:   bitlocker.UsedSpace, FixedExtent: bitlocker.WholeDrive,
	}.Request())
	for name, want := range map[string]string{
		"RequireDeviceEncryption": "1", "AllowStandardUserEncryption": "1", "AllowWarningForOtherDiskEncryption": "0", "ConfigureRecoveryPasswordRotation": "2",
	} {
		if got := s.tree.Value(top + name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	data := func(list ...string) (p csp.Payload) {
		p.Enabled = true
		for i := 0; i < len(list); i += 2 {
			p.Data = append(p.Data, csp.Data{ID: list[i], Value: list[i+1]})
		}
		return p
	}
	for name, want := range map[string]csp.Payload{
		"EncryptionMethodByDriveType": data("EncryptionMethodWithXtsOsDropDown_Name", "7", "EncryptionMethodWithXtsFdvDropDown_Name", "6", "EncryptionMethodWithXtsRdvDropDown_Name", "3"),
		"SystemDrivesRequireStartupAuthentication": data("ConfigureNonTPMStartupKeyUsage_Name", "false", "ConfigureTPMStartupKeyUsageDropDown_Name", "0",
			"ConfigurePINUsageDropDown_Name", "1", "ConfigureTPMPINKeyUsageDropDown_Name", "0", "ConfigureTPMUsageDropDown_Name", "0"),
		"SystemDrivesEncryptionType":   data("OSEncryptionTypeDropDown_Name", "2"),
		"FixedDrivesEncryptionType":    data("FDVEncryptionTypeDropDown_Name", "1"),
		"SystemDrivesMinimumPINLength": data("MinPINLength", "8"),
		"SystemDrivesRecoveryOptions": data("OSAllowDRA_Name", "false", "OSRecoveryPasswordUsageDropDown_Name", "1", "OSRecoveryKeyUsageDropDown_Name", "0",
			"OSHideRecoveryPage_Name", "true", "OSActiveDirectoryBackup_Name", "true", "OSActiveDirectoryBackupDropDown_Name", "1", "OSRequireActiveDirectoryBackup_Name", "true"),
		"FixedDrivesRecoveryOptions": data("FDVAllowDRA_Name", "true", "FDVRecoveryPasswordUsageDropDown_Name", "2", "FDVRecoveryKeyUsageDropDown_Name", "2",
			"FDVHideRecoveryPage_Name", "false", "FDVActiveDirectoryBackup_Name", "true", "FDVActiveDirectoryBackupDropDown_Name", "2", "FDVRequireActiveDirectoryBackup_Name", "false"),
		"SystemDrivesRecoveryMessage":      data("PrebootRecoveryInfoDropDown_Name", "2", "RecoveryMessage_Input", `Call "the desk" <7>`),
		"FixedDrivesRequireEncryption":     data(),
		"RemovableDrivesRequireEncryption": data("RDVCrossOrg", "true"),
	} {
		got, err := csp.ParsePayload(s.tree.Value(top + name))
		if err != nil || !got.Equal(want) {
			t.Errorf("%s: got %v, %v, want %v", name, got, err, want)
		}
	}
	s.made(bitlocker.Encryption{Message: &bitlocker.Message{URL: "https://desk.example.test"}, Rotation: bitlocker.NoRotation}.Request())
	if got := s.tree.Value(top + "SystemDrivesRecoveryMessage"); !strings.Contains(got, "https://desk.example.test") || !strings.Contains(got, `value="3"`) {
		t.Errorf("got %s", got)
	}
}

func TestBitLockerState(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/BitLocker/Status/"
	for name, value := range map[string]string{"DeviceEncryptionStatus": "0", "RemovableDrivesEncryptionStatus": "0", "RotateRecoveryPasswordsStatus": "2"} {
		s.put(top+name, value)
	}
	s.put(top+"RotateRecoveryPasswordsRequestID", "")
	read := func() bitlocker.State {
		t.Helper()
		got, err := bitlocker.ReadState(s.do(bitlocker.GetState())...)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	if got := read(); got != (bitlocker.State{}) || !got.Compliant() || got.Drives.String() != "none" {
		t.Errorf("got %+v", got)
	}
	s.put(top+"DeviceEncryptionStatus", "262660")
	if got := read(); got.Compliant() || got.Drives != bitlocker.SystemUnprotected|bitlocker.FixedUnprotected|1<<18 || got.Drives.String() != "system drive unprotected, fixed drive unprotected, 0x40000" {
		t.Errorf("got %+v", got)
	}
	s.made(bitlocker.Rotate("rotation-1"))
	if n := s.executed(omadm.Exec, "./Device/Vendor/MSFT/BitLocker/RotateRecoveryPasswords"); n != 1 {
		t.Errorf("rotated %d times", n)
	}
	s.put(top+"RotateRecoveryPasswordsRequestID", "rotation-1")
	for status, want := range map[string]bitlocker.RotationState{
		"1": {ID: "rotation-1", Pending: true}, "0": {ID: "rotation-1", Done: true}, "-2147024809": {ID: "rotation-1", Error: 0x80070057},
	} {
		s.put(top+"RotateRecoveryPasswordsStatus", status)
		if got := read().Rotation; got != want {
			t.Errorf("status %s: got %+v, want %+v", status, got, want)
		}
	}
	if _, err := bitlocker.ReadState(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no answer: got error %v", err)
	}
}

func TestBitLockerFields(t *testing.T) {
	for field, e := range map[string]bitlocker.Encryption{
		"":                             {},
		"Methods.Fixed":                {Methods: &bitlocker.Methods{System: bitlocker.XTSAES128, Removable: bitlocker.XTSAES128}},
		"MinimumPIN":                   {MinimumPIN: 3},
		"Rotation":                     {Rotation: 9},
		"SystemExtent":                 {SystemExtent: 3},
		"FixedExtent":                  {FixedExtent: -1},
		"Startup.TPM":                  {Startup: &bitlocker.Startup{TPMAndPIN: bitlocker.Required}},
		"Startup.TPMAndPIN":            {Startup: &bitlocker.Startup{TPM: bitlocker.Required, TPMAndPIN: bitlocker.Required}},
		"Startup.TPMAndKey":            {Startup: &bitlocker.Startup{TPMAndKey: 7}},
		"SystemRecovery.RequireBackup": {SystemRecovery: &bitlocker.Recovery{RequireBackup: true}},
		"FixedRecovery.PasswordOnly":   {FixedRecovery: &bitlocker.Recovery{PasswordOnly: true}},
		"FixedRecovery.Password":       {FixedRecovery: &bitlocker.Recovery{Password: 7}},
		"SystemRecovery.Key":           {SystemRecovery: &bitlocker.Recovery{Key: -1}},
		"Message.URL":                  {Message: &bitlocker.Message{Text: "a", URL: "b"}},
		"Message.Text":                 {Message: &bitlocker.Message{Text: strings.Repeat("a", 901)}},
		"DenyForeignDrive":             {DenyForeignDrive: true},
	} {
		_, err := e.Request()
		wrongField(t, err, "bitlocker", field)
	}
	_, err := bitlocker.Encryption{Message: &bitlocker.Message{URL: "https://" + strings.Repeat("a", 500)}}.Request()
	wrongField(t, err, "bitlocker", "Message.URL")
	_, err = bitlocker.Rotate(" ")
	wrongField(t, err, "bitlocker", "ID")
}
