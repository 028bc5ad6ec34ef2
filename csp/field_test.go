package csp_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp"
)

func TestFieldErrorBeginsWithTheKit(t *testing.T) {
	for want, e := range map[string]*csp.FieldError{
		"reboot: At: missing":              {Kit: "reboot", Field: "At", Reason: "missing"},
		"reboot: neither At nor Schedules": {Kit: "reboot", Reason: "neither At nor Schedules"},
	} {
		if got := e.Error(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
