package bitlocker_test

import (
	"fmt"

	"github.com/gomadm/gomadm/csp/bitlocker"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	request, err := bitlocker.Encryption{
		Require: true, Silent: true,
		Methods:        &bitlocker.Methods{System: bitlocker.XTSAES256, Fixed: bitlocker.XTSAES256, Removable: bitlocker.AESCBC256},
		SystemRecovery: &bitlocker.Recovery{Password: bitlocker.Required, Backup: true, RequireBackup: true},
	}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Group)
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI)
	}

	// What a device answered to bitlocker.GetState.
	state, err := bitlocker.ReadState(omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/BitLocker/Status/DeviceEncryptionStatus"}, Data: syncml.Text("16388"),
	}}})
	fmt.Println(state.Compliant(), state.Drives, err)
	// Output:
	// Sequence
	// Replace ./Device/Vendor/MSFT/BitLocker/EncryptionMethodByDriveType
	// Replace ./Device/Vendor/MSFT/BitLocker/SystemDrivesRecoveryOptions
	// Replace ./Device/Vendor/MSFT/BitLocker/AllowWarningForOtherDiskEncryption
	// Replace ./Device/Vendor/MSFT/BitLocker/AllowStandardUserEncryption
	// Replace ./Device/Vendor/MSFT/BitLocker/RequireDeviceEncryption
	// false system drive unprotected, TPM not ready <nil>
}
