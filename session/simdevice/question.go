package simdevice

import (
	"net/url"
	"strconv"

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
	// omadm.StatusOperationCancelled, omadm.StatusRequestTimeout.
	Status omadm.Status
	// Items are the text of 1102 or the numbers of what was chosen.
	Items []string
}

// question reads an alert to the user; ok is false when its parameters are wrong.
func question(code omadm.AlertCode, items []syncml.Item) (q Question, ok bool) {
	choices := code == omadm.AlertSingleChoice || code == omadm.AlertMultipleChoice
	if len(items) < 2 || choices && len(items) < 3 || !choices && code != omadm.AlertTextInput && len(items) > 2 {
		return Question{}, false
	}
	options, err := url.ParseQuery(items[0].Data.Value)
	if err != nil {
		return Question{}, false
	}
	q = Question{Code: code, Options: options, Text: items[1].Data.Value}
	for _, it := range items[2:] {
		q.Choices = append(q.Choices, it.Data.Value)
	}
	return q, timesInOrder(options)
}

// timesInOrder reports whether MINDT and MAXDT are positive numbers and the first is not above the second.
func timesInOrder(options url.Values) bool {
	var bounds [2]int
	for i, name := range [...]string{"MINDT", "MAXDT"} {
		if !options.Has(name) {
			continue
		}
		n, err := strconv.Atoi(options.Get(name))
		if err != nil || n <= 0 {
			return false
		}
		bounds[i] = n
	}
	return bounds[0] == 0 || bounds[1] == 0 || bounds[0] <= bounds[1]
}
