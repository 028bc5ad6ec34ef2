package kits_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/csp/dmclient"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/csp/reboot"
	"github.com/gomadm/gomadm/csp/remotelock"
	"github.com/gomadm/gomadm/csp/remotewipe"
	"github.com/gomadm/gomadm/omadm"
)

const provider = "MS DM Server"

func TestWipe(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/RemoteWipe/"
	for want, w := range map[string]remotewipe.Wipe{
		"doWipe":                            {},
		"doWipeProtected":                   {Protected: true},
		"doWipePersistProvisionedData":      {Keep: remotewipe.ProvisionedData},
		"doWipePersistUserData":             {Keep: remotewipe.UserData},
		"doWipeCloud":                       {Cloud: true},
		"doWipeCloudPersistProvisionedData": {Cloud: true, Keep: remotewipe.ProvisionedData},
		"doWipeCloudPersistUserData":        {Cloud: true, Keep: remotewipe.UserData},
	} {
		w.Build = windows11.Build
		s.made(w.Request())
		if n := s.executed(omadm.Exec, top+want); n != 1 {
			t.Errorf("%s: executed %d times", want, n)
		}
	}

	s.made(remotewipe.Redeploy(windows11.Build))
	s.put(top+"AutomaticRedeployment/Status", "50")
	s.put(top+"AutomaticRedeployment/LastError", "-2147024809")
	got, err := remotewipe.ReadRedeployment(s.do(remotewipe.GetRedeployment())...)
	if err != nil || got != (remotewipe.Redeployment{Status: remotewipe.RedeploymentFailed, LastError: 0x80070057}) || !got.Status.Failed() {
		t.Errorf("got %+v, %v", got, err)
	}

	old := csp.Build{Major: 10, Number: 10240}
	for field, w := range map[string]remotewipe.Wipe{
		"Build": {Build: old}, "Protected": {Protected: true, Cloud: true}, "Keep": {Keep: 7},
	} {
		_, err := w.Request()
		wrongField(t, err, "remotewipe", field)
	}
	_, err = remotewipe.Redeploy(old)
	wrongField(t, err, "remotewipe", "Build")
}

func TestReboot(t *testing.T) {
	s := newSite(t)
	s.do(reboot.Now())
	if n := s.executed(omadm.Exec, "./Device/Vendor/MSFT/Reboot/RebootNow"); n != 1 {
		t.Errorf("executed %d times", n)
	}
	once, daily := time.Date(2026, 3, 1, 22, 0, 0, 0, time.FixedZone("", 3600)), time.Date(2026, 3, 2, 3, 0, 0, 0, time.UTC)
	s.made(reboot.Timetable{Once: once, Daily: daily, Build: windows11.Build}.Request())
	s.mayMiss = true // a time that was never set
	got, err := reboot.Read(s.do(reboot.Get(windows11.Build))...)
	if err != nil || !got.Once.Equal(once) || !got.Daily.Equal(daily) || !got.Weekly.IsZero() {
		t.Errorf("got %v, %v", got, err)
	}
	s.do(reboot.Cancel(windows11.Build))
	if got, err := reboot.Read(s.do(reboot.Get(windows11.Build))...); err != nil || got != (reboot.Timetable{}) {
		t.Errorf("canceled: got %v, %v", got, err)
	}
	s.made(reboot.Timetable{Weekly: daily, Build: windows11.Build}.Request())
	s.put("./Device/Vendor/MSFT/Reboot/Schedule/Single", "2026-03-01T22:00:00")
	if got, err := reboot.Read(s.do(reboot.Get(windows11.Build))...); err != nil || !got.Weekly.Equal(daily) || got.Once.Hour() != 22 {
		t.Errorf("weekly: got %v, %v", got, err)
	}
	night := time.Date(2026, 3, 1, 3, 0, 0, 0, time.FixedZone("", 3600))
	s.made(reboot.Timetable{Once: night, Local: true}.Request())
	if got := s.tree.Value("./Device/Vendor/MSFT/Reboot/Schedule/Single"); got != "2026-03-01T03:00:00" {
		t.Errorf("local: got %q", got)
	}
	if got, err := reboot.Read(s.do(reboot.Get(windows11.Build))...); err != nil || !got.Local || got.Once.Hour() != 3 {
		t.Errorf("local: got %v, %v", got, err)
	}
	s.put("./Device/Vendor/MSFT/Reboot/Schedule/Single", "soon")
	if _, err := reboot.Read(s.do(reboot.Get(windows11.Build))...); err == nil {
		t.Error("no time: got no error")
	}

	for field, w := range map[string]reboot.Timetable{
		"":       {},
		"Weekly": {Daily: daily, Weekly: daily},
		"Build":  {Weekly: daily, Build: csp.Build{Major: 10, Number: 22631}},
		"Once":   {Once: time.Date(12026, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		_, err := w.Request()
		wrongField(t, err, "reboot", field)
	}
}

func TestLock(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/RemoteLock/"
	s.do(remotelock.LockNow(), remotelock.Reset(), remotelock.Recover())
	for _, name := range []string{"Lock", "LockAndResetPIN", "LockAndRecoverPIN"} {
		if n := s.executed(omadm.Exec, top+name); n != 1 {
			t.Errorf("%s: executed %d times", name, n)
		}
	}
	if pin, err := remotelock.ReadPIN(s.do(remotelock.GetPIN())...); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("before there is one: got %v, %v", pin, err)
	}
	s.put(top+"NewPINValue", "471147114711")
	pin, err := remotelock.ReadPIN(s.do(remotelock.GetPIN())...)
	if err != nil || string(pin) != "471147114711" {
		t.Errorf("got %v, %v", pin, err)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %q", pin, pin, pin, pin, pin); strings.Contains(text, "4711") {
		t.Errorf("the PIN is shown: %s", text)
	}
}

func TestClientAndPush(t *testing.T) {
	s := newSite(t)
	yes, no := true, false
	want := dmclient.Client{
		Provider: provider, PFN: "Example.Agent_1234567890abc", KeepAlive: &yes, Version: "5.0",
		Poll: &dmclient.Poll{
			First: dmclient.Tries{Count: 5, Every: 3 * time.Minute}, Second: dmclient.Tries{Count: 8, Every: 15 * time.Minute},
			Rest: dmclient.Tries{Every: 8 * time.Hour}, OnLogin: &yes, AllUsersOnFirstLogin: &no,
		},
	}
	s.made(want.Request())
	got, err := dmclient.ReadClient(provider, s.made(dmclient.GetClient(provider))...)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}

	if c, err := dmclient.ReadChannel(provider, s.made(dmclient.GetChannel(provider))...); err != nil || c != (dmclient.Channel{}) {
		t.Errorf("no channel yet: got %+v, %v", c, err)
	}
	const push = "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/Push/"
	s.put(push+"ChannelURI", "https://wns.example.test/?token=1")
	s.put(push+"Status", "5")
	c, err := dmclient.ReadChannel(provider, s.made(dmclient.GetChannel(provider))...)
	if err != nil || c != (dmclient.Channel{URI: "https://wns.example.test/?token=1", Status: dmclient.PushExpired}) || c.Status.String() != "channel expired" {
		t.Errorf("got %+v, %v", c, err)
	}

	s.made(dmclient.Leave(provider))
	if e := s.device.Execution("Exec", "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/Unenroll", provider); e.Executed != 1 {
		t.Errorf("left %d times", e.Executed)
	}

	s.put("./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/Poll/NumberOfFirstRetries", "often")
	if got, err := dmclient.ReadClient(provider, s.made(dmclient.GetClient(provider))...); err == nil || got.PFN != want.PFN {
		t.Errorf("one wrong value: got %+v, %v", got, err)
	}

	minute := dmclient.Tries{Count: 1, Every: time.Minute}
	for _, tt := range []struct {
		field string
		c     dmclient.Client
	}{
		{"Provider", dmclient.Client{Version: "5.0"}},
		{"Provider", dmclient.Client{Provider: "a/b", Version: "5.0"}},
		{"", dmclient.Client{Provider: provider}},
		{"Poll", dmclient.Client{Provider: provider, Poll: new(dmclient.Poll)}},
		{"Poll.First.Every", dmclient.Client{Provider: provider, Poll: &dmclient.Poll{First: dmclient.Tries{Count: 1}}}},
		{"Poll.Second.Count", dmclient.Client{Provider: provider, Poll: &dmclient.Poll{Second: dmclient.Tries{Count: -1, Every: time.Hour}}}},
		{"Poll.Rest", dmclient.Client{Provider: provider, Poll: &dmclient.Poll{First: minute, Second: dmclient.Tries{Every: time.Hour}, Rest: minute}}},
	} {
		_, err := tt.c.Request()
		wrongField(t, err, "dmclient", tt.field)
	}
	_, err = dmclient.Leave("")
	wrongField(t, err, "dmclient", "Provider")
}

func TestFirstSync(t *testing.T) {
	s := newSite(t)
	block, yes := dmclient.BlockReset|dmclient.BlockRetry, true
	s.made(dmclient.FirstSync{
		Provider: provider,
		Policies: []string{"./Vendor/MSFT/Policy/Config/Camera/AllowCamera", "./Vendor/MSFT/Policy/Config/Search/AllowCortana"},
		MSIs:     []string{"./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1803A630-3C38-4D2B-9B9A-0CB37243539C%7D/Status;1"},
		Timeout:  90 * time.Minute, Block: &block, SkipUser: &yes, CollectLogs: &yes, FailureNotice: "Call the desk",
	}.Request())
	const top = "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/FirstSyncStatus/"
	for name, want := range map[string]string{
		"ExpectedPolicies":        "./Vendor/MSFT/Policy/Config/Camera/AllowCamera\uF000./Vendor/MSFT/Policy/Config/Search/AllowCortana",
		"TimeOutUntilSyncFailure": "90", "BlockInStatusPage": "3", "SkipUserStatusPage": "true", "CustomErrorText": "Call the desk",
	} {
		if got := s.tree.Value(top + name); got != want {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	for _, user := range []bool{false, true} {
		if user {
			s.made(dmclient.FirstSync{Provider: provider, User: true, Networks: []string{"./User/Vendor/MSFT/VPNv2/Office"}}.Request())
		}
		s.made(dmclient.FinishFirstSync(provider, user))
		got, err := dmclient.ReadFirstSync(provider, user, s.made(dmclient.GetFirstSync(provider, user))...)
		if err != nil || !got.Finished || got.Done || got.Outcome != dmclient.FirstSyncFailed {
			t.Errorf("got %+v, %v", got, err)
		}
		at := top
		if user {
			at = strings.Replace(top, "./Device", "./User", 1)
		}
		s.put(at+"IsSyncDone", "true")
		s.put(at+"WasDeviceSuccessfullyProvisioned", "1")
		got, err = dmclient.ReadFirstSync(provider, user, s.made(dmclient.GetFirstSync(provider, user))...)
		if err != nil || got != (dmclient.FirstSyncProgress{Finished: true, Done: true, Outcome: dmclient.FirstSyncSucceeded}) {
			t.Errorf("got %+v, %v", got, err)
		}
	}
	if got, err := dmclient.ReadFirstSync(provider, false); err != nil || got.Outcome != dmclient.FirstSyncInProgress {
		t.Errorf("no results: got %+v, %v", got, err)
	}

	bad := dmclient.Block(8)
	for field, f := range map[string]dmclient.FirstSync{
		"Provider": {},
		"":         {Provider: provider},
		"Policies": {Provider: provider, Policies: []string{"/Vendor"}},
		"Timeout":  {Provider: provider, Timeout: time.Second},
		"Block":    {Provider: provider, Block: &bad},
		"User":     {Provider: provider, User: true, Timeout: time.Hour},
	} {
		_, err := f.Request()
		wrongField(t, err, "dmclient", field)
	}
}

// TestLinkedEnrolment enrols a device for declared configuration over its first enrolment.
func TestLinkedEnrolment(t *testing.T) {
	s := newSite(t)
	s.tolerate = []csp.Code{csp.CodeBuildUnreleased} // DiscoveryEndpoint, whose builds are not published
	l := declaredconfiguration.Linked{Provider: provider, Endpoint: "https://windc.example.test/discover"}
	s.made(l.Enroll())
	const top = "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/LinkedEnrollment/"
	if got := s.tree.Value(top + "DiscoveryEndpoint"); got != l.Endpoint {
		t.Errorf("got %q", got)
	}
	s.put(top+"EnrollStatus", "4")
	got, err := l.Read(s.made(l.Get())...)
	if err != nil || got.Status.String() != "succeeded" || got.LastError != 0 {
		t.Errorf("got %+v, %v", got, err)
	}
	s.made(l.Unenroll())
	for _, name := range []string{"Enroll", "Unenroll"} {
		if n := s.executed(omadm.Exec, top+name); n != 1 {
			t.Errorf("%s: executed %d times", name, n)
		}
	}
}
