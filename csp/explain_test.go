package csp_test

import (
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func TestHRESULT(t *testing.T) {
	for text, want := range map[string]csp.HRESULT{
		"0x87D101F4": 0x87d101f4, "87d10194": 0x87d10194, "-2016281112": 0x87d1fde8, " 0x82B00006 ": 0x82b00006,
		"2278555944": 0x87d00128, "0": 0,
	} {
		if got, err := csp.ParseHRESULT(text); err != nil || got != want {
			t.Errorf("%q: got %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "0x", "x", "-9999999999", "0x1234567890", "8000700G"} {
		if got, err := csp.ParseHRESULT(text); err == nil {
			t.Errorf("%q: got %v", text, got)
		}
	}
	for h, want := range map[csp.HRESULT]omadm.Status{0x87d101f4: 500, 0x87d10194: 404, 0x87d10193: 403, 0x87d1fde8: 0, 0x80070005: 0, 0: 0} {
		if got, ok := h.Status(); ok != (want != 0) || ok && got != want {
			t.Errorf("%v: got %v, %v", h, got, ok)
		}
	}
	if got := csp.HRESULT(0x80070005).String(); got != "0x80070005" {
		t.Error(got)
	}
}

func TestExplain(t *testing.T) {
	w10 := csp.Device{Build: csp.Build{Major: 10, Number: 19045, Revision: 5011}}
	home := csp.Device{Edition: csp.Home}
	op := func(v omadm.Verb, u omadm.URI, value ...omadm.Value) omadm.Op {
		o := omadm.Op{Verb: v, URI: u}
		if len(value) > 0 {
			o.Value = value[0]
		}
		return o
	}
	const userCamera = "./User/Vendor/MSFT/Policy/Config/Camera/AllowCamera"
	get, replace, add, del := omadm.Get, omadm.Replace, omadm.Add, omadm.Delete
	tests := []struct {
		name    string
		device  csp.Device
		op      omadm.Op
		status  omadm.Status
		hresult csp.HRESULT
		cause   csp.Code
		retry   csp.Retry
		failed  bool
		fix     string
		hint    string
	}{
		{name: "all well", op: op(replace, camera, omadm.Int(0)), status: 200, hint: "success"},
		{name: "taken", op: op(omadm.Exec, "./Device/Vendor/MSFT/Defender/Scan"), status: 202, hint: "1224"},
		{name: "nothing so named", op: op(get, "./DevDetail/SvW"), status: 404, cause: csp.CodeNodeUnknown, failed: true, fix: "Get ./DevDetail/SwV"},
		{name: "the other scope", op: op(replace, userCamera), status: 404, cause: csp.CodeURIScope, failed: true, fix: "Replace " + camera},
		{name: "not in this build", device: w10, op: op(omadm.Exec, "./Device/Vendor/MSFT/RemoteWipe/doWipeCloud"), status: 404, cause: csp.CodeBuildUnsupported, failed: true},
		{name: "not in this edition", device: home, op: op(replace, camera, omadm.Int(0)), status: 405, cause: csp.CodeEditionUnsupported, failed: true},
		{name: "not there yet", op: op(replace, wlan), status: 404, retry: csp.RetryFixed, failed: true, fix: "Add " + wlan},
		{name: "nothing to delete", op: op(del, wlan), status: 404, hint: "nothing to delete"},
		{name: "the parent is missing", op: op(add, wlan, omadm.Text("<a/>")), status: 404, retry: csp.RetryFixed, failed: true, fix: "Add ./Device/Vendor/MSFT/WiFi/Profile/Office as node"},
		{name: "there already", op: op(add, wlan), status: 418, retry: csp.RetryFixed, failed: true, fix: "Replace " + wlan},
		{name: "the command is denied", op: op(del, "./DevDetail/SwV"), status: 405, cause: csp.CodeVerbDenied, failed: true},
		{name: "a wrong format", op: op(replace, camera, omadm.Bool(true)), status: 415, cause: csp.CodeValueFormat, retry: csp.RetryFixed, failed: true, fix: "Replace " + camera + " as int 1"},
		{name: "a wrong value", op: op(replace, camera, omadm.Int(9)), status: 500, cause: csp.CodeValueEnum, retry: csp.RetryFixed, failed: true},
		{name: "bad luck", op: op(replace, camera, omadm.Int(0)), status: 500, retry: csp.RetryOnce, failed: true},
		{name: "no value is known", op: op(replace, camera), status: 500, retry: csp.RetryOnce, failed: true},
		{name: "as Intune writes it", op: op(replace, userCamera), hresult: 0x87d10194, cause: csp.CodeURIScope, failed: true, fix: "Replace " + camera},
		{name: "read back otherwise", hresult: 0x87d1fde8, cause: csp.CodeDependUnmet, retry: csp.RetryOnce, failed: true},
		{name: "read back otherwise, and why", op: op(replace, policies+"Start/HideLock", omadm.Int(1)), status: 200, cause: csp.CodeDependUnknown, hint: "another setting"},
		{name: "licensing", op: op(replace, camera, omadm.Int(0)), hresult: 0x82b00006, cause: csp.CodeEditionUnsupported, failed: true},
		{name: "the policy engine", hresult: 0x86000018, status: 500, cause: csp.CodeValueFormat, retry: csp.RetryFixed, failed: true},
		{name: "nobody is there", hresult: 0x86000022, cause: csp.CodeBatchScope, retry: csp.RetryAtUser, failed: true},
		{name: "Win32", hresult: 0x80070005, failed: true, hint: "access denied"},
		{name: "an unknown one of Win32", hresult: 0x80071234, failed: true, hint: "Win32"},
		{name: "not now", op: op(get, "./DevDetail/SwV"), status: 503, retry: csp.RetryLater, failed: true},
		{name: "undone", op: op(replace, camera), status: 216, failed: true, hint: "another command"},
		{name: "an unknown status", status: 1503, failed: true, hint: "peer error"},
		{name: "no answer", op: op(get, camera), hint: "unknown"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := csp.Default().Explain(tt.device, tt.op, tt.status, tt.hresult)
			if got.Cause != tt.cause || got.Retry != tt.retry || got.Failed != tt.failed {
				t.Errorf("got cause %q, retry %v, failed %v: %s", got.Cause, got.Retry, got.Failed, got.Hint)
			}
			fix := ""
			if len(got.Fix) > 0 {
				fix = got.Fix[0].String()
			}
			if fix != tt.fix || got.Hint == "" || !strings.Contains(got.Hint, tt.hint) {
				t.Errorf("got fix %q, hint %q", fix, got.Hint)
			}
		})
	}
}

// TestEveryStatusIsExplained: there is something to say about each status and HRESULT family.
func TestEveryStatusIsExplained(t *testing.T) {
	for s := omadm.Status(100); s < 600; s++ {
		x := csp.Default().Explain(csp.Device{}, omadm.Op{}, s, 0)
		if x.Hint == "" || x.Failed == s.Success() {
			t.Errorf("%v: %+v", s, x)
		}
	}
}

func TestExplainResults(t *testing.T) {
	req := omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{
		{Verb: omadm.Replace, URI: policies + "Update/ActiveHoursStart", Value: omadm.Int(8)},
		{Verb: omadm.Replace, URI: camera, Value: omadm.Int(9)},
		{Verb: omadm.Replace, URI: policies + "Update/ActiveHoursEnd", Value: omadm.Int(17)},
	}}
	got := csp.Default().ExplainResults(csp.Device{}, &req, []omadm.Result{
		{Op: omadm.GroupOp, Status: 507}, {Op: 0, Status: 216}, {Op: 1, Status: 500}, {Op: 2, Status: 215}, {Op: 7, Status: 500},
	})
	if len(got) != 3 || got[1].Cause != csp.CodeValueEnum {
		t.Fatalf("got %+v", got)
	}
	for _, i := range []int{0, 2} {
		if !strings.Contains(got[i].Hint, "operation 1") || !strings.Contains(got[i].Hint, camera) {
			t.Errorf("operation %d: %q", i, got[i].Hint)
		}
	}
}
