package kits_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	edam "github.com/gomadm/gomadm/csp/enterprisedesktopappmanagement"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

const productID = "1803A630-3C38-4D2B-9B9A-0CB37243539C"

func msiJob() edam.Job {
	return edam.Job{
		ProductID: productID, Version: "1.2.3", SHA256: strings.Repeat("4a", 32),
		URLs: []string{"https://files.example.test/agent.msi?a=1&b=2", "https://files.example.test/again.msi"},
	}
}

func TestMSI(t *testing.T) {
	s := newSite(t)
	for i, scope := range []string{"Device", "User"} {
		job := msiJob()
		job.User = i == 1
		job.CommandLine, job.Timeout, job.Retries, job.RetryDelay = `/quiet KEY="<hidden-4711>"`, 10*time.Minute, 3, 20*time.Minute
		reqs, err := job.Requests()
		if err != nil {
			t.Fatal(err)
		}
		s.do(reqs...)
		top := "./" + scope + "/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B" + productID + "%7D/"
		s.started(top+"DownloadInstall", job)

		// The device goes on by itself, and tells later.
		s.put(top+"Status", "50")
		if got, err := job.Product().Read(s.made(job.Product().Get())...); err != nil || got.Status != edam.InstallInProgress || got.Status.Final() {
			t.Errorf("got %+v, %v", got, err)
		}
		for name, value := range map[string]string{
			"Status": "70", "Name": "Agent", "Version": "1.2.3", "Publisher": "Example", "InstallPath": `c:\example`, "InstallDate": "20260301",
		} {
			s.put(top+name, value)
		}
		s.device.Notify(installed(strings.NewReplacer("%7B", "{", "%7D", "}").Replace(top)+"DownloadInstall", "0"))
		want := edam.Info{Product: edam.Product{ProductID: "{" + productID + "}", User: job.User}, Status: edam.InstallDone, Name: "Agent", Version: "1.2.3", Publisher: "Example", InstallPath: `c:\example`, InstallDate: "20260301"}
		results := s.made(job.Product().Get())
		if got, err := job.Product().Read(results...); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if got, err := edam.ReadAll(job.User, results...); err != nil || !slices.Equal(got, []edam.Info{want}) {
			t.Errorf("all: got %+v, %v, want %+v", got, err, want)
		}
		s.ended(edam.Ended{Product: edam.Product{ProductID: "{" + productID + "}", User: job.User}})

		s.put(top+"Status", "60")
		s.put(top+"LastError", "1603")
		s.put(top+"LastErrorDesc", "no room")
		s.device.Notify(installed(top+"DownloadInstall", "-2147023293"))
		if got, err := job.Product().Read(s.made(job.Product().Get())...); err != nil || got.Status.String() != "installation failed" || got.LastError != 1603 || got.LastErrorText != "no room" {
			t.Errorf("got %+v, %v", got, err)
		}
		s.ended(edam.Ended{Product: edam.Product{ProductID: "{" + productID + "}", User: job.User}, Error: 0x80070643})

		names, err := edam.ReadList(job.User, s.do(edam.List(job.User))...)
		if err != nil || !slices.Equal(names, []string{"{" + productID + "}"}) {
			t.Errorf("got %q, %v", names, err)
		}
		s.made(job.Product().Uninstall())
		if names, err := edam.ReadList(job.User, s.do(edam.List(job.User))...); err != nil || len(names) != 0 {
			t.Errorf("uninstalled: got %q, %v", names, err)
		}
	}
}

// started holds what the device was told to do.
func (s *site) started(uri string, job edam.Job) {
	s.t.Helper()
	for _, e := range s.device.Executions() {
		if e.Verb != "Exec" || e.LocURI != uri {
			continue
		}
		for _, want := range []string{
			`<MsiInstallJob id="{` + productID + `}"><Product Version="1.2.3"><Download><ContentURLList>` +
				`<ContentURL>https://files.example.test/agent.msi?a=1&amp;b=2</ContentURL><ContentURL>` + job.URLs[1] + `</ContentURL>`,
			`<Validation><FileHash>` + strings.Repeat("4A", 32) + `</FileHash></Validation>`,
			`<Enforcement><CommandLine>/quiet KEY="&lt;hidden-4711&gt;"</CommandLine><TimeOut>10</TimeOut><RetryCount>3</RetryCount>` +
				`<RetryInterval>20</RetryInterval></Enforcement></Product></MsiInstallJob>`,
		} {
			if !strings.Contains(e.Data.Value, want) || e.Executed != 1 {
				s.t.Errorf("executed %d times without %s", e.Executed, want)
			}
		}
		return
	}
	s.t.Error("nothing was started")
}

// installed is the alert that tells how a job ended.
func installed(source, code string) syncml.Alert {
	return syncml.Alert{Data: syncml.Text("1224"), Items: []syncml.Item{{
		Source: syncml.Location{URI: source},
		Meta:   &syncml.Meta{Type: "Reversed-Domain-Name:com.microsoft.mdm.win32csp_install", Format: "int", Mark: "informational"},
		Data:   syncml.Text(code),
	}}}
}

// ended holds what the last alert said.
func (s *site) ended(want edam.Ended) {
	s.t.Helper()
	events := s.events()
	if len(events) == 0 {
		s.t.Fatal("no event")
	}
	if got, err := edam.ReadAlert(events[len(events)-1]); err != nil || got != want {
		s.t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestMSIFields(t *testing.T) {
	for field, change := range map[string]func(*edam.Job){
		"ProductID":   func(j *edam.Job) { j.ProductID = "agent" },
		"Version":     func(j *edam.Job) { j.Version = "one" },
		"URLs":        func(j *edam.Job) { j.URLs = nil },
		"URLs[1]":     func(j *edam.Job) { j.URLs[1] = "file:///agent.msi" },
		"SHA256":      func(j *edam.Job) { j.SHA256 = "4a" },
		"CommandLine": func(j *edam.Job) { j.CommandLine = "a\nb" },
		"Timeout":     func(j *edam.Job) { j.Timeout = time.Second },
		"Retries":     func(j *edam.Job) { j.Retries = -1 },
		"RetryDelay":  func(j *edam.Job) { j.RetryDelay = -time.Minute },
	} {
		j := msiJob()
		if _, err := j.Requests(); err != nil {
			t.Fatal(err)
		}
		change(&j)
		_, err := j.Requests()
		wrongField(t, err, "enterprisedesktopappmanagement", field)
	}
	_, err := edam.Product{}.Get()
	wrongField(t, err, "enterprisedesktopappmanagement", "ProductID")
	for name, e := range map[string]omadm.Event{
		"another type": {Type: omadm.TypeLoginStatus},
		"no node":      {Type: omadm.TypeMSIInstall, Source: "/"},
		"no product":   {Type: omadm.TypeMSIInstall, Source: "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI", Data: syncml.Text("0")},
		"no code":      {Type: omadm.TypeMSIInstall, Source: "./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B" + productID + "%7D"},
	} {
		if got, err := edam.ReadAlert(e); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
	j := msiJob()
	j.CommandLine = "/quiet KEY=hidden-4711"
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		if got := fmt.Sprintf(verb, j) + fmt.Sprintf(verb, &j); strings.Contains(got, "4711") || strings.Contains(got, "34373131") {
			t.Errorf("%s shows the command line: %s", verb, got)
		}
	}
}
