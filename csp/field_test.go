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

func TestGUID(t *testing.T) {
	const want = "1803a630-3c38-4d2b-9b9a-0cb37243539c"
	for _, s := range []string{want, "1803A630-3C38-4D2B-9B9A-0CB37243539C", "{1803A630-3c38-4D2B-9B9A-0CB37243539C}"} {
		if got, ok := csp.GUID(s); got != want || !ok {
			t.Errorf("%s: got %q, %v", s, got, ok)
		}
	}
	for _, s := range []string{
		"", "{}", "{", "1803A6303C384D2B9B9A0CB37243539C", "{1803A630-3C38-4D2B-9B9A-0CB37243539C", "1803A630-3C38-4D2B-9B9A-0CB37243539C}",
		"1803A630-3C38-4D2B-9B9A-0CB37243539G", "1803A630-3C38-4D2B-9B9A-0CB37243539", "1803A630-3C38-4D2B-9B9A0-CB37243539C",
		"------------------------------------", "1803A630-3C38-4D2B-9B9A-0CB37243539é", "@803A630-3C38-4D2B-9B9A-0CB37243539C",
	} {
		if got, ok := csp.GUID(s); ok {
			t.Errorf("%q: got %q", s, got)
		}
	}
}
