package main

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// noVersion asks for what no device of Windows has.
const noVersion = `{"verb":"Get","uri":"./DevDetail/SvW"}`

// TestAdminRefuses queues what no device takes, or only some.
func TestAdminRefuses(t *testing.T) {
	const (
		camera  = `{"verb":"Replace","uri":"./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera","format":"int","value":"2"}`
		vendors = `{"verb":"Get","uri":"./Vendor/Fabrikam/Setting"}`
		reading = `{"verb":"Get","uri":"./DevDetail/SwV"}`
	)
	tests := []struct {
		name, check, op string
		want            int
		code            string
	}{
		{"a wrong value", "", camera, 422, "error value.enum"},
		{"a wrong value", "default", camera, 422, "error value.enum"},
		{"a wrong value", "lenient", camera, 201, ""},
		{"a wrong value", "off", camera, 201, ""},
		{"a wrong name", "", noVersion, 422, "error node.unknown"},
		{"an unknown provider", "", vendors, 201, ""},
		{"an unknown provider", "strict", vendors, 422, "error node.unknown"},
		{"what is right", "strict", reading, 201, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name+" "+tt.check, func(t *testing.T) {
			var args []string
			if tt.check != "" {
				args = []string{"-check", tt.check}
			}
			s := newSite(t, args...)
			s.must(http.StatusCreated, "PUT", "/admin/devices/d", "")
			a := s.must(tt.want, "POST", "/admin/devices/d/requests", `{"id":"r","ops":[`+tt.op+`]}`)
			if tt.want == http.StatusCreated {
				return
			}
			var out struct{ Issues []issueJSON }
			s.json(a, &out)
			if len(out.Issues) != 1 || out.Issues[0].Severity+" "+string(out.Issues[0].Code) != tt.code {
				t.Errorf("got %s", a.body)
			}
			s.must(http.StatusNotFound, "GET", "/admin/devices/d/requests/r", "")
		})
	}
}

// TestAdminRefusalSaysWhatIsBetter compares one refusal field by field.
func TestAdminRefusalSaysWhatIsBetter(t *testing.T) {
	s := newSite(t)
	s.must(http.StatusCreated, "PUT", "/admin/devices/d", "")
	a := s.must(422, "POST", "/admin/devices/d/requests", `{"id":"r","ops":[{"verb":"Get","uri":"./DevDetail/SwV"},`+
		`{"verb":"Replace","uri":"./Vendor/MSFT/Policy/Config/Camera/AllowCamera","format":"bool","value":"true"}]}`)
	var out struct{ Issues []issueJSON }
	s.json(a, &out)
	const node = "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"
	second := 1
	want := []issueJSON{{
		Code: "value.format", Severity: "error", Op: &second, URI: "./Vendor/MSFT/Policy/Config/Camera/AllowCamera", Node: node,
		Got: "format bool", Want: "format int", Message: "wrong format", Source: out.Issues[0].Source,
		Fix: []string{"Replace ./Vendor/MSFT/Policy/Config/Camera/AllowCamera as int 1"},
	}}
	if d := cmp.Diff(want, out.Issues); d != "" || out.Issues[0].Source == "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

// TestAdminRefusalHidesSecrets looks for a password that has the wrong format.
func TestAdminRefusalHidesSecrets(t *testing.T) {
	s := newSite(t)
	s.must(http.StatusCreated, "PUT", "/admin/devices/d", "")
	a := s.must(422, "POST", "/admin/devices/d/requests", `{"group":"atomic","ops":[{"verb":"Add",`+
		`"uri":"./Device/Vendor/MSFT/VPNv2/Office/NativeProfile/L2tpPsk","format":"bool","value":"s3cret"}]}`)
	if strings.Contains(string(a.body), "s3cret") {
		t.Errorf("got %s", a.body)
	}
}

// TestAdminRefusesByWhatTheDeviceSaid: what the device answered about its build decides.
func TestAdminRefusesByWhatTheDeviceSaid(t *testing.T) {
	s := exampleSite(t, "-check", "strict")
	queue := func(want int, id string) {
		t.Helper()
		s.must(want, "POST", "/admin/devices/"+exampleDevice+"/requests", `{"id":"`+id+`","ops":[`+
			`{"verb":"Replace","uri":"./Device/Vendor/MSFT/Reboot/Schedule/WeeklyRecurrent","format":"chr","value":"2030-01-05T03:00:00Z"}]}`)
	}
	s.queue(getVersion)
	s.exchange(example(t, "01"))
	queue(http.StatusCreated, "before")
	s.exchange(example(t, "03", "7.4.1", "10.0.19045.5011"))
	queue(http.StatusUnprocessableEntity, "after")
}

func TestCheckFlag(t *testing.T) {
	if _, err := parse([]string{"-check", "sometimes"}, new(strings.Builder)); err == nil {
		t.Error("sometimes is taken")
	}
}
