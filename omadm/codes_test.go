package omadm_test

import (
	"testing"

	"github.com/gomadm/gomadm/omadm"
)

var codeRows = []rowTest{
	{"S-13_unknown_codes_by_their_hundreds", func(t *testing.T) {
		for text, want := range map[string]omadm.Class{
			"199": omadm.ClassPending, "299": omadm.ClassSuccess, "399": omadm.ClassRedirect, "499": omadm.ClassClientError,
			"509": omadm.ClassPeerError, "515": omadm.ClassPeerError, "599": omadm.ClassPeerError, "600": omadm.ClassUnknown,
			"999": omadm.ClassUnknown, "1000": omadm.ClassUnknown, "1099": omadm.ClassUnknown, "1100": omadm.ClassPending,
			"1234": omadm.ClassSuccess, "1300": omadm.ClassRedirect, "1400": omadm.ClassClientError, "1599": omadm.ClassPeerError,
			"1600": omadm.ClassUnknown, "9999": omadm.ClassUnknown,
		} {
			s, err := omadm.ParseStatus("\n " + text + "\t")
			if err != nil || s.Class() != want || s.Known() || s.String() != text {
				t.Errorf("%s: %v of class %v, %v, want class %v", text, s, s.Class(), err, want)
			}
		}
		for _, text := range []string{"", "ok", "20", "-200", "+200", "20000", "2 0", "0200", "20x", "２００", "0"} {
			if s, err := omadm.ParseStatus(text); err == nil || s != 0 {
				t.Errorf("ParseStatus(%q) = %v, %v", text, s, err)
			}
		}
	}},
	{"S-14_success_is_2xx_with_exceptions", func(t *testing.T) {
		not := map[omadm.Status]bool{213: true, 214: true, 215: true, 216: true}
		for s := omadm.Status(-300); s < 2000; s++ {
			if want := s >= 200 && s < 300 && !not[s]; s.Success() != want {
				t.Errorf("%v is a success: %t", s, !want)
			}
		}
		for s, want := range map[omadm.Status]omadm.Class{
			101: omadm.ClassPending, 200: omadm.ClassSuccess, 202: omadm.ClassAccepted, 206: omadm.ClassPartial,
			211: omadm.ClassNotDone, 212: omadm.ClassAuth, 213: omadm.ClassProgress, 214: omadm.ClassUser,
			215: omadm.ClassNotDone, 216: omadm.ClassNotDone, 304: omadm.ClassUser, 401: omadm.ClassAuth,
			404: omadm.ClassClientError, 406: omadm.ClassUnsupported, 408: omadm.ClassUser, 413: omadm.ClassLimit,
			417: omadm.ClassRetry, 425: omadm.ClassRights, 500: omadm.ClassPeerError, 505: omadm.ClassVersion,
			507: omadm.ClassGroup, 516: omadm.ClassGroup, 517: omadm.ClassGroup, 0: omadm.ClassUnknown,
		} {
			if got := s.Class(); got != want {
				t.Errorf("class of %v: %v, want %v", s, got, want)
			}
		}
	}},
	{"U-19_alert_codes_that_dm_does_not_know", func(t *testing.T) {
		for _, text := range []string{"200", "1105", "1199", "1202", "1221", "1227", "1299", "9999"} {
			c, err := omadm.ParseAlertCode(text)
			if err != nil || c.Known() || c.Class() != omadm.AlertReserved || c.Direction() != 0 || c.String() != text {
				t.Errorf("%s: %v known %t, class %v, %v", text, c, c.Known(), c.Class(), err)
			}
		}
		for _, text := range []string{"", "generic", "-1226", "12 26"} {
			if c, err := omadm.ParseAlertCode(text); err == nil {
				t.Errorf("ParseAlertCode(%q) = %v", text, c)
			}
		}
		for code, want := range map[string]struct {
			direction omadm.Direction
			class     omadm.AlertClass
			text      string
		}{
			"1100": {omadm.ToClient, omadm.AlertUser, "1100 Display"},
			"1104": {omadm.ToClient, omadm.AlertUser, "1104 Multiple choice"},
			"1201": {omadm.ToServer, omadm.AlertSession, "1201 Client-initiated management"},
			"1222": {omadm.BothWays, omadm.AlertFlow, "1222 Next message"},
			"1223": {omadm.BothWays, omadm.AlertFlow, "1223 Session abort"},
			"1224": {omadm.ToServer, omadm.AlertEvent, "1224 Client event"},
			"1225": {omadm.BothWays, omadm.AlertFlow, "1225 No end of data"},
			"1226": {omadm.ToServer, omadm.AlertEvent, "1226 Generic alert"},
		} {
			c, err := omadm.ParseAlertCode(" " + code + "\n")
			if err != nil || !c.Known() || c.Direction() != want.direction || c.Class() != want.class || c.String() != want.text {
				t.Errorf("%s: %v %v %v, %v, want %+v", code, c, c.Direction(), c.Class(), err, want)
			}
		}
	}},
	{"U-20_alert_types_are_compared_without_prefix", func(t *testing.T) {
		for _, s := range []string{
			"com.microsoft/MDM/LoginStatus",
			"\n  com.microsoft/MDM/LoginStatus ",
			"Reversed-Domain-Name:com.microsoft.mdm.requestpending",
			" Reversed-Domain-Name: com.microsoft.mdm.requestpending\t",
			"com.microsoft.mdm.requestpending",
			"com.microsoft:mdm.unenrollment.userrequest",
			"Reversed-Domain-Name:com.microsoft:mdm.unenrollment.userrequest",
			"Reversed-Domain-Name:com.microsoft.mdm.win32csp_install",
		} {
			if !omadm.KnownAlertType(s) {
				t.Errorf("%q is not known", s)
			}
		}
		for _, s := range []string{
			"", "Reversed-Domain-Name:", "com.microsoft/mdm/loginstatus", "com.microsoft/MDM/LoginStatus2", "Content-Type: text/plain",
			"Reversed-Domain-Name:Reversed-Domain-Name:com.microsoft.mdm.requestpending",
		} {
			if omadm.KnownAlertType(s) {
				t.Errorf("%q is known", s)
			}
		}
		if got := omadm.AlertType(" Content-Type: text/x "); got != "Content-Type: text/x" {
			t.Errorf("AlertType = %q", got)
		}
	}},
	{"U-25_marks", func(t *testing.T) {
		for i, s := range []string{"fatal", "critical", "minor", "warning", "informational", "harmless", "indeterminate"} {
			if got := omadm.MarkLevel(" " + s + "\n"); got != i {
				t.Errorf("level of %q: %d, want %d", s, got, i)
			}
		}
		if got := omadm.AlertMark(" "); got != omadm.MarkInformational {
			t.Errorf("default mark %q", got)
		}
		if got := omadm.AlertMark(" odd "); got != "odd" || omadm.MarkLevel(got) != -1 {
			t.Errorf("unknown mark %q of level %d", got, omadm.MarkLevel(got))
		}
	}},
}

func TestStatusString(t *testing.T) {
	for s, want := range map[omadm.Status]string{
		404: "404 Not found", 0: "0", -1: "-1", 509: "509", 517: "517 Atomic response too large to fit", 518: "518",
	} {
		if got := s.String(); got != want {
			t.Errorf("String = %q, want %q", got, want)
		}
	}
}

func TestEnumerationsHaveNames(t *testing.T) {
	for want, s := range map[string]interface{ String() string }{
		"client error": omadm.ClassClientError, "group": omadm.ClassGroup, "Class(99)": omadm.Class(99),
		"both ways": omadm.BothWays, "Direction(0)": omadm.Direction(0), "Direction(9)": omadm.Direction(9),
		"event": omadm.AlertEvent, "AlertClass(9)": omadm.AlertClass(9),
		"Get": omadm.Get, "Alert": omadm.Alert, "Verb(0)": omadm.Verb(0), "Verb(8)": omadm.Verb(8),
		"number": omadm.InputNumber, "InputType(6)": omadm.InputType(6), "hidden": omadm.EchoHidden, "Echo(2)": omadm.Echo(2),
		"Sequence": omadm.Sequence, "Group(3)": omadm.Group(3),
		"user": omadm.UserScope, "Scope(2)": omadm.Scope(2),
		"at most once": omadm.AtMostOnce, "Delivery(3)": omadm.Delivery(3),
		"rolled back": omadm.RolledBack, "canceled": omadm.Canceled, "Kind(0)": omadm.Kind(0), "Kind(11)": omadm.Kind(11),
		"timed out": omadm.AnswerTimedOut, "AnswerKind(99)": omadm.AnswerKind(99),
	} {
		if got := s.String(); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}
