package dmclient_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/dmclient"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

const (
	provider = "MS DM Server"
	below    = "/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/"
)

// sent is what a request does: the verb, the address below the provider, and the value.
func sent(t *testing.T, r omadm.Request, err error) (list []string) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
	for _, op := range r.Ops {
		scope, node, ok := strings.Cut(string(op.URI), below)
		if !ok {
			t.Fatalf("%s is of another provider", op.URI)
		}
		list = append(list, strings.TrimSpace(op.Verb.String()+" "+scope+" "+node+" "+op.Value.Data.Value))
	}
	return list
}

func same(t *testing.T, got []string, want ...string) {
	t.Helper()
	if strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func refused(t *testing.T, err error, field string) {
	t.Helper()
	var f *csp.FieldError
	if !errors.As(err, &f) || f.Field != field {
		t.Errorf("got error %v, want one about %q", err, field)
	}
}

// TestRows holds the rules that CONFORMANCE.md lists for the requests of this package.
func TestRows(t *testing.T) {
	t.Run("W-25_what_a_device_waits_for", func(t *testing.T) {
		for user, scope := range map[bool]string{false: "./Device", true: "./User"} {
			r, err := dmclient.FirstSync{
				Provider: provider, User: user, Networks: []string{scope + "/Vendor/MSFT/VPNv2/A", scope + "/Vendor/MSFT/VPNv2/B"},
			}.Request()
			same(t, sent(t, r, err), "Replace "+scope+" FirstSyncStatus/ExpectedNetworkProfiles "+scope+"/Vendor/MSFT/VPNv2/A\uF000"+scope+"/Vendor/MSFT/VPNv2/B")
			r, err = dmclient.FinishFirstSync(provider, user)
			same(t, sent(t, r, err), "Replace "+scope+" FirstSyncStatus/ServerHasFinishedProvisioning true")
			r, err = dmclient.GetFirstSync(provider, user)
			same(t, sent(t, r, err), "Get "+scope+" FirstSyncStatus/ServerHasFinishedProvisioning", "Get "+scope+" FirstSyncStatus/IsSyncDone",
				"Get "+scope+" FirstSyncStatus/WasDeviceSuccessfullyProvisioned")
			for value, want := range map[string]dmclient.FirstSyncOutcome{
				"0": dmclient.FirstSyncFailed, "1": dmclient.FirstSyncSucceeded, "2": dmclient.FirstSyncInProgress,
			} {
				answer := omadm.Result{Items: []syncml.Item{{
					Source: syncml.Location{URI: string(r.Ops[2].URI)}, Data: syncml.Text(value), Meta: &syncml.Meta{Format: "int"},
				}}}
				if got, err := dmclient.ReadFirstSync(provider, user, answer); err != nil || got.Outcome != want {
					t.Errorf("%s: got %+v, %v", value, got, err)
				}
			}
		}
		for timeout, want := range map[time.Duration]string{time.Minute: "1", 24 * time.Hour: "1440"} {
			r, err := dmclient.FirstSync{Provider: provider, Timeout: timeout}.Request()
			same(t, sent(t, r, err), "Replace ./Device FirstSyncStatus/TimeOutUntilSyncFailure "+want)
		}
		_, err := dmclient.FirstSync{Provider: provider, Timeout: 24*time.Hour + time.Minute}.Request()
		refused(t, err, "Timeout")
	})
	t.Run("W-29_polling", func(t *testing.T) {
		yes := true
		r, err := dmclient.Client{Provider: provider, Poll: &dmclient.Poll{
			First: dmclient.Tries{Count: 10, Every: 15 * time.Minute}, Rest: dmclient.Tries{Every: 8 * time.Hour},
			OnLogin: &yes, AllUsersOnFirstLogin: &yes,
		}}.Request()
		same(t, sent(t, r, err),
			"Replace ./Device Poll/IntervalForFirstSetOfRetries 15", "Replace ./Device Poll/NumberOfFirstRetries 10",
			"Replace ./Device Poll/IntervalForSecondSetOfRetries 0", "Replace ./Device Poll/NumberOfSecondRetries 0",
			"Replace ./Device Poll/IntervalForRemainingScheduledRetries 480", "Replace ./Device Poll/NumberOfRemainingScheduledRetries 0",
			"Replace ./Device Poll/PollOnLogin true", "Replace ./Device Poll/AllUsersPollOnFirstLogin true")
		_, err = dmclient.Client{Provider: provider, Poll: new(dmclient.Poll)}.Request()
		refused(t, err, "Poll") // all six are zero
		_, err = dmclient.Client{Provider: provider, Poll: &dmclient.Poll{
			First: dmclient.Tries{Every: time.Hour}, Second: dmclient.Tries{Count: 1, Every: time.Hour},
		}}.Request()
		refused(t, err, "Poll.Second") // the first goes on for ever
	})
}
