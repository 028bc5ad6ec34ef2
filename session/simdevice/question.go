package simdevice

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// Question is an alert to the user (OMA DM Protocol 1.2.1, section 10).
type Question struct {
	Code    omadm.AlertCode // omadm.AlertDisplay to omadm.AlertMultipleChoice
	Options url.Values      // MINDT, MAXDT, DR, MAXLEN, IT, ET
	Text    string
	Choices []string // of the alerts 1103 and 1104, to be answered by their number, counted from 1
}

// Answer is what the user did.
type Answer struct {
	// Status is the outcome: omadm.StatusOK (the zero Answer too), omadm.StatusNotModified for no to 1101,
	// omadm.StatusOperationCancelled, omadm.StatusRequestTimeout when the user did nothing,
	// omadm.StatusRequestedSizeTooBig when the device cannot show it, omadm.StatusFeatureNotSupported.
	//
	// When the user did nothing and the question has a default (DR), that is the answer (section 10.3).
	Status omadm.Status
	// Items are the text of 1102 or the numbers of what was chosen.
	Items []string
}

// silence returns the answer that counts when the user does nothing.
func (q *Question) silence() Answer {
	dr := q.Options.Get("DR")
	switch {
	case !q.Options.Has("DR"), q.Code == omadm.AlertDisplay:
		return Answer{Status: omadm.StatusRequestTimeout}
	case q.Code == omadm.AlertConfirm && dr == "0":
		return Answer{Status: omadm.StatusNotModified}
	case q.Code == omadm.AlertConfirm:
		return Answer{}
	case q.Code == omadm.AlertMultipleChoice:
		return Answer{Items: strings.Split(dr, "-")}
	}
	return Answer{Items: []string{dr}}
}

// question reads an alert to the user. row is the rule that its parameters break, why says how; both are empty when
// they are right.
func question(code omadm.AlertCode, items []syncml.Item) (q Question, row, why string) {
	choices := code == omadm.AlertSingleChoice || code == omadm.AlertMultipleChoice
	if len(items) < 2 {
		return q, "U-3", "fewer than two items"
	}
	switch n := len(items); {
	case choices && n < 3:
		return q, "U-13", "no choices"
	case n > 2 && (code == omadm.AlertDisplay || code == omadm.AlertConfirm):
		return q, "U-13", "more than two items"
	}
	options, err := url.ParseQuery(items[0].Data.Value)
	if err != nil {
		return q, "U-4", "options that are not NAME=value, joined by &"
	}
	q = Question{Code: code, Options: options, Text: items[1].Data.Value}
	for _, it := range items[2:] {
		q.Choices = append(q.Choices, it.Data.Value)
	}
	row, why = q.check()
	return q, row, why
}

// optionValues are the letters that an option can have (section 10.3.2).
var optionValues = map[string]string{"IT": "A N D T P I", "ET": "T P"}

// check returns the rule that the options break, and how; both are empty when they are right.
func (q *Question) check() (row, why string) {
	for _, name := range [...]string{"MINDT", "MAXDT", "MAXLEN"} {
		if n, err := strconv.Atoi(q.Options.Get(name)); q.Options.Has(name) && (err != nil || n <= 0) {
			return "U-6", name + " that is not a positive number"
		}
	}
	for name, letters := range optionValues {
		if v := q.Options.Get(name); q.Options.Has(name) && (len(v) != 1 || !strings.Contains(letters, v)) {
			return "U-6", "an " + name + " that does not exist"
		}
	}
	shortest, _ := strconv.Atoi(q.Options.Get("MINDT"))
	longest, _ := strconv.Atoi(q.Options.Get("MAXDT"))
	switch {
	case longest > 0 && shortest > longest:
		return "U-6", "a MINDT above MAXDT"
	case q.Options.Has("DR") && !q.answers(q.Options.Get("DR")):
		return "U-8", "a DR that is no answer"
	}
	return "", ""
}

// answers reports whether s can be the default of the question.
func (q *Question) answers(s string) bool {
	switch q.Code {
	case omadm.AlertConfirm:
		return s == "0" || s == "1"
	case omadm.AlertSingleChoice:
		return q.chosen(s)
	case omadm.AlertMultipleChoice:
		for _, part := range strings.Split(s, "-") {
			if !q.chosen(part) {
				return false
			}
		}
	}
	return true
}

// chosen reports whether s is the number of a choice.
func (q *Question) chosen(s string) bool {
	n, err := strconv.Atoi(s)
	return err == nil && n >= 1 && n <= len(q.Choices)
}
