package laps_test

import (
	"fmt"
	"time"

	"github.com/gomadm/gomadm/csp/laps"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

func Example() {
	request, err := laps.Policy{
		Backup: laps.EntraID, Days: 30, Complexity: laps.LettersDigitsSigns, Length: 20,
		AfterUse: &laps.AfterUse{Delay: 8 * time.Hour, Action: laps.ResetAndSignOut},
	}.Request()
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(request.Group)
	for _, op := range request.Ops {
		fmt.Println(op.Verb, op.URI, op.Value.Data.Value)
	}
	_, err = laps.Policy{Backup: laps.EntraID, Days: 1}.Request()
	fmt.Println(err)
	// Output:
	// Atomic
	// Replace ./Device/Vendor/MSFT/LAPS/Policies/BackupDirectory 1
	// Replace ./Device/Vendor/MSFT/LAPS/Policies/PasswordAgeDays 30
	// Replace ./Device/Vendor/MSFT/LAPS/Policies/PasswordComplexity 4
	// Replace ./Device/Vendor/MSFT/LAPS/Policies/PasswordLength 20
	// Replace ./Device/Vendor/MSFT/LAPS/Policies/PostAuthenticationResetDelay 8
	// Replace ./Device/Vendor/MSFT/LAPS/Policies/PostAuthenticationActions 3
	// laps: Days: not 1 to 365, or not 7 to 365 with EntraID
}

func ExampleReadReset() {
	// What a device answered to laps.GetReset, some time after laps.Reset.
	answer := omadm.Result{Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Device/Vendor/MSFT/LAPS/Actions/ResetPasswordStatus"}, Data: syncml.Text("0"),
	}}}
	outcome, err := laps.ReadReset(answer)
	fmt.Println(outcome == 0, err)
	// Output: true <nil>
}
