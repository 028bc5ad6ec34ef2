package kits_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/update"
	"github.com/gomadm/gomadm/omadm"
)

func TestUpdateRing(t *testing.T) {
	yes, no := true, false
	for name, want := range map[string]update.Ring{
		"all": {
			Quality: &update.Timing{Defer: update.Days(0), Deadline: update.Days(3), Grace: update.Days(0), NoEarlyRestart: &yes},
			Feature: &update.Timing{Defer: update.Days(365), Deadline: update.Days(30), Grace: update.Days(7), NoEarlyRestart: &no},
			Target:  &update.Target{Product: "Windows 11", Release: "24H2"}, Automatic: update.InstallAndRestart, ActiveHours: &update.Hours{From: 20, Until: 8},
			Drivers: &no, OtherProducts: &yes, UserMayPause: &no,
		},
		"paused":  {Quality: &update.Timing{Pause: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}},
		"another": {Feature: &update.Timing{Pause: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}, Automatic: update.NotifyDownload, Drivers: &yes, UserMayPause: &yes},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSite(t)
			s.made(want.Request())
			if name == "all" {
				s.holds("./Device/Vendor/MSFT/Policy/Config/Update/", map[string]string{
					"DeferQualityUpdatesPeriodInDays": "0", "ConfigureDeadlineForQualityUpdates": "3", "ConfigureDeadlineGracePeriod": "0",
					"ConfigureDeadlineNoAutoRebootForQualityUpdates": "1", "DeferFeatureUpdatesPeriodInDays": "365", "ConfigureDeadlineForFeatureUpdates": "30",
					"ConfigureDeadlineGracePeriodForFeatureUpdates": "7", "ConfigureDeadlineNoAutoRebootForFeatureUpdates": "0", "ProductVersion": "Windows 11",
					"TargetReleaseVersion": "24H2", "AllowAutoUpdate": "2", "ActiveHoursStart": "20", "ActiveHoursEnd": "8",
					"ExcludeWUDriversInQualityUpdate": "1", "AllowMUUpdateService": "1", "SetDisablePauseUXAccess": "1",
				})
			} else if name == "paused" {
				s.holds("./Device/Vendor/MSFT/Policy/Config/Update/", map[string]string{"PauseQualityUpdates": "1", "PauseQualityUpdatesStartTime": "2026-03-01"})
			}
			s.mayMiss = true // what was never set
			got, err := update.ReadRing(s.do(update.GetRing())...)
			if diff := cmp.Diff(want, got); diff != "" || err != nil {
				t.Errorf("%v (-want +got):\n%s", err, diff)
			}
		})
	}
	s := newSite(t)
	s.made(update.Ring{Quality: &update.Timing{Pause: time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)}}.Request())
	s.made(update.Ring{Quality: &update.Timing{Resume: true}}.Request())
	s.mayMiss = true
	if got, err := update.ReadRing(s.do(update.GetRing())...); err != nil || got.Quality != nil {
		t.Errorf("resumed: got %+v, %v", got.Quality, err)
	}
	s.put("./Device/Vendor/MSFT/Policy/Config/Update/PauseFeatureUpdates", "1")
	s.put("./Device/Vendor/MSFT/Policy/Config/Update/PauseFeatureUpdatesStartTime", "tomorrow")
	if _, err := update.ReadRing(s.do(update.GetRing())...); err == nil || strings.Contains(err.Error(), "tomorrow") {
		t.Errorf("no date: got error %v", err)
	}
}

func TestUpdateStatus(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/Update/"
	const a, b = "0e0a3c7a-7b41-4b5a-9c9e-2c1d0f6a1234", "1e0a3c7a-7b41-4b5a-9c9e-2c1d0f6a1234"
	if got, err := update.ReadStatus(s.do(update.GetStatus())...); err != nil || len(got.Installed)+len(got.Failed)+len(got.Approved) != 0 {
		t.Errorf("nothing yet: got %+v, %v", got, err)
	}
	s.do(update.RequireApproval(true))
	s.made(update.Approve("{"+strings.ToUpper(a)+"}", b))
	for uri, value := range map[string]string{
		"LastSuccessfulScanTime": "2026-03-01T08:00:00Z", "InstallableUpdates/" + a + "/Type": "1", "InstallableUpdates/" + a + "/RevisionNumber": "200",
		"PendingRebootUpdates/" + b + "/InstalledTime": "2026-03-01T07:00:00Z", "FailedUpdates/" + b + "/HResult": "-2145124329", "FailedUpdates/" + b + "/Status": "3",
	} {
		s.put(top+uri, value)
	}
	got, err := update.ReadStatus(s.do(update.GetStatus())...)
	want := update.Status{
		LastScan: "2026-03-01T08:00:00Z", Installable: []update.Installable{{ID: a, Type: 1, Revision: 200}},
		PendingReboot: []update.Pending{{ID: b, Installed: "2026-03-01T07:00:00Z"}}, Failed: []update.Failed{{ID: b, State: 3, Error: 0x80240017}},
		Approved: []string{a, b},
	}
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if n := s.executed(omadm.Add, top+"ApprovedUpdates/"+a); n != 1 {
		t.Errorf("approved %d times", n)
	}
	for field, ids := range map[string][]string{"IDs": nil, "IDs[1]": {a, strings.ToUpper(a)}, "IDs[0]": {"KB5000001"}} {
		_, err := update.Approve(ids...)
		wrongField(t, err, "update", field)
	}
}

func TestUpdateFields(t *testing.T) {
	yes := true
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for field, r := range map[string]update.Ring{
		"":                       {},
		"Quality":                {Quality: &update.Timing{}},
		"Quality.Defer":          {Quality: &update.Timing{Defer: update.Days(31)}},
		"Feature.Defer":          {Feature: &update.Timing{Defer: update.Days(-1)}},
		"Feature.Deadline":       {Feature: &update.Timing{Deadline: update.Days(31)}},
		"Quality.Grace":          {Quality: &update.Timing{Grace: update.Days(1)}},
		"Quality.NoEarlyRestart": {Quality: &update.Timing{NoEarlyRestart: &yes}},
		"Feature.Resume":         {Feature: &update.Timing{Pause: day, Resume: true}},
		"Feature.Pause":          {Feature: &update.Timing{Pause: day.AddDate(9000, 0, 0)}},
		"Target.Product":         {Target: &update.Target{Release: "24H2"}},
		"Target.Release":         {Target: &update.Target{Product: "Windows 11"}},
		"ActiveHours":            {ActiveHours: &update.Hours{From: 1, Until: 20}},
		"Automatic":              {Automatic: 7},
	} {
		_, err := r.Request()
		wrongField(t, err, "update", field)
	}
}
