package omadm_test

import (
	"errors"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

var fruit = []string{"Apple", "Pear", "Plum"}

// userAlerts has one valid alert of each code.
var userAlerts = map[omadm.AlertCode]omadm.UserAlert{
	omadm.AlertDisplay:        {Code: omadm.AlertDisplay, Text: "Hello"},
	omadm.AlertConfirm:        {Code: omadm.AlertConfirm, Text: "Restart now?"},
	omadm.AlertTextInput:      {Code: omadm.AlertTextInput, Text: "Room?"},
	omadm.AlertSingleChoice:   {Code: omadm.AlertSingleChoice, Text: "One?", Choices: fruit},
	omadm.AlertMultipleChoice: {Code: omadm.AlertMultipleChoice, Text: "Which?", Choices: fruit},
}

// shown returns the texts of the items of an alert.
func shown(t *testing.T, a omadm.UserAlert) []string {
	t.Helper()
	cmd, err := a.Op().Command("7")
	if err != nil {
		t.Fatal(err)
	}
	alert, ok := cmd.(*syncml.Alert)
	if !ok || alert.CmdID != "7" || alert.Data != syncml.Text(strconv.Itoa(int(a.Code))) {
		t.Fatalf("command %#v", cmd)
	}
	var texts []string
	for _, it := range alert.Items {
		if it.Target != (syncml.Location{}) || it.Source != (syncml.Location{}) || it.Meta != nil || it.Data.Kind != syncml.TextData {
			t.Errorf("item %+v", it)
		}
		texts = append(texts, it.Data.Value)
	}
	return texts
}

// report is the result of an alert: a code, and items with texts.
func report(status omadm.Status, texts ...string) omadm.Result {
	r := omadm.Result{Request: "1", Status: status}
	for _, s := range texts {
		r.Items = append(r.Items, syncml.Item{Data: syncml.Text(s)})
	}
	return r
}

var userAlertRows = []rowTest{
	{"U-1_codes_for_the_user_and_no_others", func(t *testing.T) {
		for code := omadm.AlertCode(1000); code < 1300; code++ {
			a, known := userAlerts[code]
			if !known {
				a = omadm.UserAlert{Code: code, Text: "x"}
			}
			if _, err := a.Op().Command("1"); (err == nil) != known {
				t.Errorf("%d: %v", code, err)
			}
			r := omadm.Request{ID: "1", Ops: []omadm.Op{a.Op()}}
			if err := r.Validate(); (err == nil) != known {
				t.Errorf("request with %d: %v", code, err)
			}
		}
	}},
	{"U-2_alerts_for_the_user_from_a_client_have_no_effect", func(t *testing.T) {
		for code := range userAlerts {
			in := &syncml.Message{
				Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1"},
				Body:   []syncml.Command{&syncml.Alert{CmdID: "1", Data: syncml.Text(strconv.Itoa(int(code)))}},
			}
			if got := omadm.NewReply(in).Code(in.Body[0], -1); got != omadm.StatusFeatureNotSupported {
				t.Errorf("%v: %v", code, got)
			}
		}
	}},
	{"U-3_options_come_first_then_the_text", func(t *testing.T) {
		a := omadm.UserAlert{Code: omadm.AlertDisplay, Text: "a & b <c>\r\n", MinDisplay: 10 * time.Second}
		if diff := cmp.Diff([]string{"MINDT=10", "a & b <c>\r\n"}, shown(t, a)); diff != "" {
			t.Error(diff)
		}
		a.MinDisplay = 0
		if diff := cmp.Diff([]string{"", "a & b <c>\r\n"}, shown(t, a)); diff != "" {
			t.Error(diff)
		}
		if a.Text = ""; a.Validate() == nil {
			t.Error("an alert without text is valid")
		}
	}},
	{"U-4_options_are_url_encoded", func(t *testing.T) {
		a := omadm.UserAlert{
			Code: omadm.AlertTextInput, Text: "Name?", MinDisplay: 5 * time.Second, MaxDisplay: time.Minute, Default: "John Doe&Söhne=1+1",
		}
		const want = "MINDT=5&MAXDT=60&DR=John+Doe%26S%C3%B6hne%3D1%2B1"
		got := shown(t, a)[0]
		if got != want {
			t.Errorf("options %q, want %q", got, want)
		}
		values, err := url.ParseQuery(got)
		if err != nil || values.Get("DR") != a.Default {
			t.Errorf("read back %q, %v", values, err)
		}
		cmd, err := a.Op().Command("1")
		if err != nil {
			t.Fatal(err)
		}
		octets, err := syncml.XML.AppendCommand(nil, cmd)
		if err != nil || !strings.Contains(string(octets), "<Data>MINDT=5&amp;MAXDT=60&amp;DR=John+Doe%26") {
			t.Errorf("%s, %v", octets, err)
		}
	}},
	{"U-5_options", func(t *testing.T) {
		for _, tt := range []struct {
			change func(*omadm.UserAlert)
			want   string
		}{
			{func(a *omadm.UserAlert) {}, ""},
			{func(a *omadm.UserAlert) { a.MinDisplay = 90 * time.Second }, "MINDT=90"},
			{func(a *omadm.UserAlert) { a.MaxDisplay = 2 * time.Hour }, "MAXDT=7200"},
			{func(a *omadm.UserAlert) { a.Default = "x" }, "DR=x"},
			{func(a *omadm.UserAlert) { a.MaxLength = 8 }, "MAXLEN=8"},
			{func(a *omadm.UserAlert) { a.Input = omadm.InputAlphanumeric }, ""},
			{func(a *omadm.UserAlert) { a.Input = omadm.InputNumber }, "IT=N"},
			{func(a *omadm.UserAlert) { a.Input = omadm.InputDate }, "IT=D"},
			{func(a *omadm.UserAlert) { a.Input = omadm.InputTime }, "IT=T"},
			{func(a *omadm.UserAlert) { a.Input = omadm.InputPhone }, "IT=P"},
			{func(a *omadm.UserAlert) { a.Input = omadm.InputAddress }, "IT=I"},
			{func(a *omadm.UserAlert) { a.Echo = omadm.EchoVisible }, ""},
			{func(a *omadm.UserAlert) { a.Echo = omadm.EchoHidden }, "ET=P"},
			{func(a *omadm.UserAlert) { a.MaxLength, a.Input, a.Echo = 4, omadm.InputNumber, omadm.EchoHidden }, "MAXLEN=4&IT=N&ET=P"},
		} {
			a := userAlerts[omadm.AlertTextInput]
			tt.change(&a)
			if got := shown(t, a)[0]; got != tt.want {
				t.Errorf("options %q, want %q", got, tt.want)
			}
		}
	}},
	{"U-5_options_of_text_input_belong_to_it", func(t *testing.T) {
		for code, a := range userAlerts {
			for name, change := range map[string]func(*omadm.UserAlert){
				"MAXLEN": func(a *omadm.UserAlert) { a.MaxLength = 1 },
				"IT":     func(a *omadm.UserAlert) { a.Input = omadm.InputDate },
				"ET":     func(a *omadm.UserAlert) { a.Echo = omadm.EchoHidden },
			} {
				a := a
				change(&a)
				if err := a.Validate(); (err == nil) != (code == omadm.AlertTextInput) {
					t.Errorf("%s with %v: %v", name, code, err)
				}
			}
		}
	}},
	{"U-6_refused_options", func(t *testing.T) {
		for name, change := range map[string]func(*omadm.UserAlert){
			"MINDT above MAXDT":      func(a *omadm.UserAlert) { a.MinDisplay, a.MaxDisplay = 11*time.Second, 10*time.Second },
			"negative MINDT":         func(a *omadm.UserAlert) { a.MinDisplay = -time.Second },
			"negative MAXDT":         func(a *omadm.UserAlert) { a.MaxDisplay = -time.Second },
			"part of a second":       func(a *omadm.UserAlert) { a.MinDisplay = 1500 * time.Millisecond },
			"negative MAXLEN":        func(a *omadm.UserAlert) { a.MaxLength = -1 },
			"unknown IT":             func(a *omadm.UserAlert) { a.Input = omadm.InputAddress + 1 },
			"unknown ET":             func(a *omadm.UserAlert) { a.Echo = omadm.EchoHidden + 1 },
			"DR above MAXLEN":        func(a *omadm.UserAlert) { a.MaxLength, a.Default = 2, "ééé" },
			"text that is no XML":    func(a *omadm.UserAlert) { a.Text = "a\x00" },
			"default that is no XML": func(a *omadm.UserAlert) { a.Default = "\xff" },
		} {
			a := userAlerts[omadm.AlertTextInput]
			change(&a)
			if err := a.Validate(); err == nil || !strings.HasPrefix(err.Error(), "omadm: alert 1102: ") {
				t.Errorf("%s: %v", name, err)
			}
		}
		a := userAlerts[omadm.AlertTextInput]
		a.MinDisplay, a.MaxDisplay, a.MaxLength, a.Default = time.Second, time.Second, 3, "ééé"
		if err := a.Validate(); err != nil {
			t.Error(err)
		}
		a.MinDisplay, a.MaxDisplay = time.Hour, 0
		if err := a.Validate(); err != nil {
			t.Errorf("no MAXDT: %v", err)
		}
	}},
	{"U-7_choices_follow_the_text_in_their_order", func(t *testing.T) {
		for _, code := range []omadm.AlertCode{omadm.AlertSingleChoice, omadm.AlertMultipleChoice} {
			if diff := cmp.Diff(append([]string{"", userAlerts[code].Text}, fruit...), shown(t, userAlerts[code])); diff != "" {
				t.Errorf("%v: %s", code, diff)
			}
		}
	}},
	{"U-8_default_answers", func(t *testing.T) {
		for code, defaults := range map[omadm.AlertCode]map[string]bool{
			omadm.AlertDisplay:        {"1": false, "x": false},
			omadm.AlertConfirm:        {"0": true, "1": true, "2": false, "yes": false, "01": false},
			omadm.AlertTextInput:      {"0": true, "any text, 1-2": true},
			omadm.AlertSingleChoice:   {"1": true, "3": true, "0": false, "4": false, "1-2": false, "Pear": false, "+1": false, "01": false},
			omadm.AlertMultipleChoice: {"1": true, "2-3": true, "3-1": true, "1-1": false, "1-": false, "4-1": false, "-1": false, "1,2": false},
		} {
			for s, ok := range defaults {
				a := userAlerts[code]
				a.Default = s
				if err := a.Validate(); (err == nil) != ok {
					t.Errorf("%v with default %q: %v", code, s, err)
				}
				if ok && shown(t, a)[0] != "DR="+url.QueryEscape(s) {
					t.Errorf("%v: options %q", code, shown(t, a)[0])
				}
			}
		}
	}},
	{"U-9_answers_to_choices_and_text_input", func(t *testing.T) {
		for _, tt := range []struct {
			code  omadm.AlertCode
			items []string
			want  omadm.UserAnswer
		}{
			{omadm.AlertDisplay, nil, omadm.UserAnswer{Kind: omadm.AnswerShown}},
			{omadm.AlertTextInput, []string{" a text "}, omadm.UserAnswer{Kind: omadm.AnswerText, Text: " a text "}},
			{omadm.AlertTextInput, []string{""}, omadm.UserAnswer{Kind: omadm.AnswerText}},
			{omadm.AlertSingleChoice, []string{"2"}, omadm.UserAnswer{Kind: omadm.AnswerChoices, Choices: []int{2}}},
			{omadm.AlertSingleChoice, []string{"\n 3 "}, omadm.UserAnswer{Kind: omadm.AnswerChoices, Choices: []int{3}}},
			{omadm.AlertMultipleChoice, []string{"3", "1"}, omadm.UserAnswer{Kind: omadm.AnswerChoices, Choices: []int{1, 3}}},
			{omadm.AlertMultipleChoice, []string{"2", "3", "2"}, omadm.UserAnswer{Kind: omadm.AnswerChoices, Choices: []int{2, 3}}},
			{omadm.AlertMultipleChoice, nil, omadm.UserAnswer{Kind: omadm.AnswerChoices}},
		} {
			a := userAlerts[tt.code]
			tt.want.Status = omadm.StatusOK
			got, err := a.Answer(report(omadm.StatusOK, tt.items...))
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%v answered %q: %v, %s", tt.code, tt.items, err, diff)
			}
		}
	}},
	{"U-9_a_number_out_of_range_is_a_fault_of_the_client", func(t *testing.T) {
		for code, answers := range map[omadm.AlertCode][][]string{
			omadm.AlertTextInput:      {nil, {"a", "b"}},
			omadm.AlertSingleChoice:   {nil, {"1", "2"}, {"0"}, {"4"}, {"-1"}, {"Pear"}, {""}, {"99999999999999999999"}},
			omadm.AlertMultipleChoice: {{"1", "0"}, {"4"}, {"1-2"}, {"+1"}, {""}},
		} {
			a := userAlerts[code]
			for _, items := range answers {
				got, err := a.Answer(report(omadm.StatusOK, items...))
				var e *omadm.AnswerError
				if !errors.As(err, &e) || e.Code != code || got.Kind != omadm.AnswerNone || strings.Contains(err.Error(), "Pear") {
					t.Errorf("%v answered %q: %v, %v", code, items, got, err)
				}
			}
		}
	}},
	{"U-10_yes_and_no", func(t *testing.T) {
		a := userAlerts[omadm.AlertConfirm]
		for status, want := range map[omadm.Status]omadm.AnswerKind{200: omadm.AnswerYes, 304: omadm.AnswerNo} {
			if got, err := a.Answer(report(status)); got.Kind != want || got.Status != status || err != nil {
				t.Errorf("%v: %v, %v", status, got, err)
			}
		}
		text := userAlerts[omadm.AlertTextInput]
		if got, err := text.Answer(report(304)); got.Kind != omadm.AnswerRefused || err != nil {
			t.Errorf("304 to text input: %v, %v", got, err)
		}
	}},
	{"U-11_no_is_not_a_failure", func(t *testing.T) {
		confirm := userAlerts[omadm.AlertConfirm].Op()
		r := omadm.Request{ID: "1", Ops: []omadm.Op{confirm, ops[omadm.Replace]}}
		for name, tt := range map[string]struct {
			group  omadm.Group
			report omadm.Report
			ops    []omadm.Report
			want   omadm.Kind
		}{
			"alone":       {omadm.Each, omadm.Report{}, []omadm.Report{{Status: 304}, {Status: 200}}, omadm.NotExecuted},
			"in Sequence": {omadm.Sequence, omadm.Report{Status: 200}, []omadm.Report{{Status: 304}, {Status: 215}}, omadm.NotExecuted},
			"in Atomic":   {omadm.Atomic, omadm.Report{Status: 507}, []omadm.Report{{Status: 304}, {Status: 215}}, omadm.RolledBack},
		} {
			r.Group = tt.group
			o, ok := omadm.Summarize(&r, 1, tt.report, tt.ops)
			if !ok || o.Kind != tt.want || o.Op != 0 || o.Status != omadm.StatusNotModified {
				t.Errorf("%s: %+v, %v", name, o, ok)
			}
		}
	}},
	{"U-12_every_end_is_told_apart", func(t *testing.T) {
		for _, a := range userAlerts {
			seen := map[omadm.AnswerKind]bool{}
			for status, want := range map[omadm.Status]omadm.AnswerKind{
				214: omadm.AnswerCancelled, 408: omadm.AnswerTimedOut, 412: omadm.AnswerBadParameters,
				416: omadm.AnswerNotDisplayable, 406: omadm.AnswerUnsupported, 215: omadm.AnswerNotShown, 500: omadm.AnswerRefused,
			} {
				got, err := a.Answer(report(status, "1"))
				if got.Kind != want || got.Status != status || got.Text != "" || got.Choices != nil || err != nil {
					t.Errorf("%v, %v: %v, %v", a, status, got, err)
				}
				if seen[got.Kind] {
					t.Errorf("%v: %v twice", a, got.Kind)
				}
				seen[got.Kind] = true
			}
		}
	}},
	{"U-13_number_of_items", func(t *testing.T) {
		for code, a := range userAlerts {
			n := len(shown(t, a))
			choice := code == omadm.AlertSingleChoice || code == omadm.AlertMultipleChoice
			if choice && n < 3 || !choice && n != 2 {
				t.Errorf("%v has %d items", code, n)
			}
			if a.Choices = nil; (a.Validate() == nil) == choice {
				t.Errorf("%v without choices: %v", code, a.Validate())
			}
			if a.Choices = []string{"x"}; (a.Validate() == nil) != choice {
				t.Errorf("%v with a choice: %v", code, a.Validate())
			}
			if a.Choices = []string{"x", ""}; a.Validate() == nil {
				t.Errorf("%v with an empty choice is valid", code)
			}
		}
	}},
	{"U-13_several_alerts_in_order_need_a_sequence", func(t *testing.T) {
		r := omadm.Request{ID: "1", Group: omadm.Sequence}
		for _, code := range []omadm.AlertCode{omadm.AlertConfirm, omadm.AlertTextInput} {
			r.Ops = append(r.Ops, userAlerts[code].Op())
		}
		m := plan(t, syncml.XML, 4096, func(p *omadm.Planner) {
			if _, err := p.Lay(&r, 0, func(uint32, int) {}); err != nil {
				t.Fatal(err)
			}
		})
		body := m.commands()[0].(*syncml.Sequence).Body
		if len(body) != 2 || body[0].(*syncml.Alert).Data.Value != "1101" || body[1].(*syncml.Alert).Data.Value != "1102" {
			t.Errorf("%v", body)
		}
	}},
}

func TestAnswerTakesTheLastStatus(t *testing.T) {
	a := userAlerts[omadm.AlertSingleChoice]
	for name, tt := range map[string]struct {
		results []omadm.Result
		want    omadm.AnswerKind
	}{
		"nothing":             {nil, omadm.AnswerNone},
		"items only":          {[]omadm.Result{report(0, "1")}, omadm.AnswerNone},
		"still waiting":       {[]omadm.Result{report(101)}, omadm.AnswerNone},
		"waiting, then done":  {[]omadm.Result{report(101), report(200, "1")}, omadm.AnswerChoices},
		"asked a second time": {[]omadm.Result{report(214), report(200, "1")}, omadm.AnswerChoices},
	} {
		if got, err := a.Answer(tt.results...); got.Kind != tt.want || err != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
	if _, err := (&omadm.UserAlert{}).Answer(report(200)); !errors.As(err, new(*omadm.AnswerError)) {
		t.Errorf("answer to no alert: %v", err)
	}
}

func TestAlertShowsNoText(t *testing.T) {
	const secret = "s3cret"
	a := omadm.UserAlert{Code: omadm.AlertSingleChoice, Text: secret, Choices: []string{secret}, Default: secret}
	op := a.Op()
	answer := omadm.UserAnswer{Kind: omadm.AnswerText, Text: secret}
	for _, v := range []any{a, &a, op, &op, []omadm.Op{op}, omadm.Request{Ops: []omadm.Op{op}}, answer, &answer} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
			if got := fmt.Sprintf(verb, v); strings.Contains(got, secret) {
				t.Errorf("%s of %T: %s", verb, v, got)
			}
		}
	}
	if err := a.Validate(); err == nil || strings.Contains(err.Error(), secret) {
		t.Errorf("%v", err)
	}
	if got, want := op.String(), "Alert 1103 Single choice, text[6], 1 choices"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestRequestWithAlerts(t *testing.T) {
	alert := userAlerts[omadm.AlertConfirm].Op()
	user := omadm.Op{Verb: omadm.Get, URI: "./User/A"}
	for name, tt := range map[string]struct {
		ops   []omadm.Op
		scope omadm.Scope
		fault int // operation, -2: none
	}{
		"alone":                  {[]omadm.Op{alert}, omadm.DeviceScope, -2},
		"before user scope":      {[]omadm.Op{alert, user}, omadm.UserScope, -2},
		"after device scope":     {[]omadm.Op{ops[omadm.Get], alert}, omadm.DeviceScope, -2},
		"between scopes":         {[]omadm.Op{user, alert, ops[omadm.Get]}, omadm.UserScope, 2},
		"nothing to show":        {[]omadm.Op{{Verb: omadm.Alert}}, omadm.DeviceScope, 0},
		"with an address":        {[]omadm.Op{{Verb: omadm.Alert, URI: "./A", Alert: alert.Alert}}, omadm.DeviceScope, 0},
		"with a value":           {[]omadm.Op{{Verb: omadm.Alert, Value: omadm.Text("x"), Alert: alert.Alert}}, omadm.DeviceScope, 0},
		"shown by another verb":  {[]omadm.Op{{Verb: omadm.Get, URI: "./A", Alert: alert.Alert}}, omadm.DeviceScope, 0},
		"reserved code in group": {[]omadm.Op{ops[omadm.Get], omadm.UserAlert{Code: 1105, Text: "x"}.Op()}, omadm.DeviceScope, 1},
	} {
		r := omadm.Request{ID: "1", Ops: tt.ops}
		if r.Normalize(); r.Scope != tt.scope {
			t.Errorf("%s: %v", name, r.Scope)
		}
		err := r.Validate()
		var e *omadm.RequestError
		if tt.fault == -2 {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		} else if !errors.As(err, &e) || e.Op != tt.fault {
			t.Errorf("%s: %v", name, err)
		}
	}
	r := omadm.Request{Ops: []omadm.Op{userAlerts[omadm.AlertSingleChoice].Op()}}
	if got, want := r.Size(), len("One?ApplePearPlum"); got != want {
		t.Errorf("size %d, want %d", got, want)
	}
	if got := r.Warnings(); got != nil {
		t.Errorf("warnings %v", got)
	}
}

func TestClone(t *testing.T) {
	r := omadm.Request{ID: "1", Ops: []omadm.Op{ops[omadm.Get], userAlerts[omadm.AlertSingleChoice].Op()}}
	before, _ := r.AppendBinary(nil)
	c := r.Clone()
	if diff := cmp.Diff(r, c); diff != "" {
		t.Fatal(diff)
	}
	c.Ops[0].URI = "./Other"
	c.Ops[1].Alert.Text = "other"
	c.Ops[1].Alert.Choices[0] = "other"
	if after, _ := r.AppendBinary(nil); string(after) != string(before) {
		t.Error("the original changed")
	}
	a := userAlerts[omadm.AlertSingleChoice]
	a.Choices = []string{"x"}
	op := a.Op()
	if a.Choices[0] = "y"; op.Alert.Choices[0] != "x" {
		t.Error("the operation changed with the alert")
	}
	if none := (&omadm.Request{}).Clone(); none.Ops != nil {
		t.Errorf("%#v", none.Ops)
	}
}

// Whatever a device answers: nothing but choices that were offered comes out.
func FuzzAnswer(f *testing.F) {
	f.Add(200, "1", "3", uint8(3))
	f.Add(200, "", "\xff", uint8(2))
	f.Add(304, "0", "-1", uint8(1))
	f.Add(214, "99999999999999999999", "", uint8(4))
	f.Fuzz(func(t *testing.T, status int, first, second string, which uint8) {
		a := userAlerts[omadm.AlertDisplay+omadm.AlertCode(which%5)]
		got, err := a.Answer(report(omadm.Status(status), first, second))
		if err != nil {
			if !errors.As(err, new(*omadm.AnswerError)) || got.Kind != omadm.AnswerNone {
				t.Errorf("%v, %v", got, err)
			}
			return
		}
		for i, n := range got.Choices {
			if n < 1 || n > len(a.Choices) || i > 0 && n <= got.Choices[i-1] {
				t.Errorf("choices %v", got.Choices)
			}
		}
		if (got.Kind == omadm.AnswerYes || got.Kind == omadm.AnswerShown) && !omadm.Status(status).Success() {
			t.Errorf("%v from %d", got.Kind, status)
		}
	})
}
