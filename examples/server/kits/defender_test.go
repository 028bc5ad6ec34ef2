package kits_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/csp/defender"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

func TestDefenderScans(t *testing.T) {
	s := newSite(t)
	s.do(defender.UpdateSignatures(), defender.QuickScan(), defender.ScanOffline())
	s.do(defender.FullScan())
	const top = "./Device/Vendor/MSFT/Defender/"
	for name, want := range map[string]int{"UpdateSignature": 1, "Scan": 2, "OfflineScan": 1} {
		if n := s.executed(omadm.Exec, top+name); n != want {
			t.Errorf("%s: executed %d times", name, n)
		}
	}
}

func TestDefenderState(t *testing.T) {
	s := newSite(t)
	const top = "./Device/Vendor/MSFT/Defender/Health/"
	for name, value := range map[string]string{
		"DefenderEnabled": "true", "RtpEnabled": "true", "NisEnabled": "false", "TamperProtectionEnabled": "true", "ProductStatus": "33554466",
		"ComputerState": "36", "RebootRequired": "true", "FullScanRequired": "false", "SignatureOutOfDate": "true", "QuickScanOverdue": "false",
		"FullScanOverdue": "true", "DefenderVersion": "4.18.1", "EngineVersion": "1.1.2", "SignatureVersion": "1.4.3", "QuickScanTime": "2026-03-01T08:00:00Z",
		"QuickScanSigVersion": "1.4.2", "FullScanTime": "", "FullScanSigVersion": "", "IsVirtualMachine": "true",
	} {
		s.put(top+name, value)
	}
	got, err := defender.ReadState(s.do(defender.GetState())...)
	want := defender.State{
		Enabled: true, RealTime: true, TamperProtected: true, Product: defender.WithoutEngine | defender.AntivirusSignaturesOld | 1<<25,
		Computer: defender.PendingManualSteps | 32, RebootRequired: true, SignaturesOutOfDate: true, FullScanOverdue: true, Version: "4.18.1",
		Engine: "1.1.2", Signatures: "1.4.3", QuickScan: defender.LastScan{Time: "2026-03-01T08:00:00Z", Signatures: "1.4.2"}, VirtualMachine: true,
	}
	if err != nil || got != want || got.Product.String() != "without an engine, antivirus signatures old, 0x2000000" || got.Computer.String() != "manual steps, 0x20" {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if _, err := defender.ReadState(); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no answer: got error %v", err)
	}
}

func TestDefenderThreats(t *testing.T) {
	s := newSite(t)
	if got, err := defender.ReadThreats(s.do(defender.GetThreats())...); err != nil || len(got) != 0 {
		t.Errorf("no threats: got %v, %v", got, err)
	}
	for id, values := range map[string][]string{"2147519003": {"Virus:DOS/EICAR", "5", "42", "7", "3"}, "17": {"Example", "1", "8", "2", "1"}} {
		for i, name := range []string{"Name", "Severity", "Category", "CurrentStatus", "NumberOfDetections"} {
			s.put("./Device/Vendor/MSFT/Defender/Detections/"+id+"/"+name, values[i])
		}
	}
	got, err := defender.ReadThreats(s.do(defender.GetThreats())...)
	byID := map[string]defender.Threat{}
	for _, threat := range got {
		byID[threat.ID] = threat
	}
	want := map[string]defender.Threat{
		"2147519003": {ID: "2147519003", Name: "Virus:DOS/EICAR", Severity: defender.Severe, Category: 42, Status: defender.Removed, Detections: 3},
		"17":         {ID: "17", Name: "Example", Severity: defender.Low, Category: 8, Status: defender.NeedsManualSteps, Detections: 1},
	}
	if diff := cmp.Diff(want, byID); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	if a, b := want["17"].Status, want["2147519003"].Status; a.Over() || !b.Over() || a.String() != "needs manual steps" || defender.ThreatStatus(99).String() != "ThreatStatus(99)" {
		t.Errorf("%v, %v", a, b)
	}
}

func TestAttackSurface(t *testing.T) {
	s := newSite(t)
	s.mayMiss = true
	if got, err := defender.ReadAttackSurface(s.do(defender.GetAttackSurface())...); err != nil || got.Rules != nil || got.Excluded != nil {
		t.Errorf("none: got %v, %v", got, err)
	}
	want := defender.AttackSurface{
		Rules: map[defender.ASRRule]defender.ASRMode{
			defender.CredentialTheft: defender.ASRBlock, defender.OfficeChildren: defender.ASRAudit, defender.USBProcesses: defender.ASRWarn, defender.PSExecAndWMI: defender.ASROff,
		},
		Excluded: []string{`C:\Tools\*.exe`, `%ProgramFiles%\Example`},
	}
	s.made(want.Request())
	s.holds("./Device/Vendor/MSFT/Policy/Config/Defender/", map[string]string{
		"AttackSurfaceReductionRules": "9e6c4e1f-7d60-472f-ba1a-a39ef669e4b2=1|b2b3f03d-6a65-4f7b-a9c7-1c7ef74a9ba4=6|" +
			"d1e49aac-8f56-4280-b9ba-993a6d77406c=0|d4f940ab-401b-4efc-aadc-ad5f3c50688a=2",
		"AttackSurfaceReductionOnlyExclusions": `C:\Tools\*.exe|%ProgramFiles%\Example`,
	})
	got, err := defender.ReadAttackSurface(s.do(defender.GetAttackSurface())...)
	if diff := cmp.Diff(want, got); diff != "" || err != nil {
		t.Errorf("%v (-want +got):\n%s", err, diff)
	}
	s.put("./Device/Vendor/MSFT/Policy/Config/Defender/AttackSurfaceReductionRules", "secret=1")
	if _, err := defender.ReadAttackSurface(s.do(defender.GetAttackSurface())...); err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got error %v", err)
	}
	for field, a := range map[string]defender.AttackSurface{
		"":            {},
		"Rules":       {Rules: map[defender.ASRRule]defender.ASRMode{"office": defender.ASRBlock}},
		"Excluded[1]": {Excluded: []string{`C:\a`, "a|b"}},
	} {
		_, err := a.Request()
		wrongField(t, err, "defender", field)
	}
	twice := defender.ASRRule(strings.ToUpper(string(defender.OfficeChildren)))
	_, err = defender.AttackSurface{Rules: map[defender.ASRRule]defender.ASRMode{defender.OfficeChildren: 1, twice: 2}}.Request()
	wrongField(t, err, "defender", "Rules")
	_, err = defender.AttackSurface{Rules: map[defender.ASRRule]defender.ASRMode{defender.OfficeChildren: 3}}.Request()
	wrongField(t, err, "defender", "Rules")
}
