package omadm

import (
	"fmt"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/syncml"
)

// UserAnswer is what came of a UserAlert. Its formatted form does not show the text.
type UserAnswer struct {
	Kind    AnswerKind
	Text    string // with AnswerText
	Choices []int  // with AnswerChoices: the numbers of the choices, from 1, in ascending order; perhaps none
	Status  Status // that the device reported
}

// AnswerKind is how a UserAlert ended.
type AnswerKind uint8

// The kinds of answers.
const (
	AnswerNone           AnswerKind = iota // the device has not reported
	AnswerShown                            // AlertDisplay was shown
	AnswerYes                              // to AlertConfirm
	AnswerNo                               // to AlertConfirm (304)
	AnswerText                             // the user typed a text
	AnswerChoices                          // the user chose
	AnswerCancelled                        // the user cancelled (214): the rest of a group was not executed
	AnswerTimedOut                         // the user did not answer in time (408)
	AnswerBadParameters                    // the device does not understand the alert (412)
	AnswerNotDisplayable                   // the device cannot display it (416)
	AnswerUnsupported                      // the device has no alerts to the user (406)
	AnswerNotShown                         // the alert was skipped or undone with its group (215, 216)
	AnswerRefused                          // another code
)

var answerKinds = [...]string{
	AnswerNone: "none", AnswerShown: "shown", AnswerYes: "yes", AnswerNo: "no", AnswerText: "text",
	AnswerChoices: "choices", AnswerCancelled: "cancelled", AnswerTimedOut: "timed out",
	AnswerBadParameters: "bad parameters", AnswerNotDisplayable: "not displayable", AnswerUnsupported: "unsupported",
	AnswerNotShown: "not shown", AnswerRefused: "refused",
}

// String returns the kind in words, such as "timed out".
func (k AnswerKind) String() string {
	if int(k) < len(answerKinds) {
		return answerKinds[k]
	}
	return fmt.Sprintf("AnswerKind(%d)", uint8(k))
}

// String returns kind and status, and how much was typed or chosen.
func (a UserAnswer) String() string {
	return fmt.Sprintf("%v (%v), text[%d], %d choices", a.Kind, a.Status, len(a.Text), len(a.Choices))
}

// GoString returns what String does.
func (a UserAnswer) GoString() string { return "omadm.UserAnswer{" + a.String() + "}" }

// AnswerError says that a device answered an alert as it must not. It never holds the answer.
type AnswerError struct {
	Code   AlertCode
	Reason string
}

func (e *AnswerError) Error() string {
	return fmt.Sprintf("omadm: answer to alert %d: %s", int(e.Code), e.Reason)
}

// unanswered says what the codes mean that stand for no answer (OMA DM Protocol 1.2.1, section 10.2).
var unanswered = [...]struct {
	status Status
	kind   AnswerKind
}{
	{StatusOperationCancelled, AnswerCancelled},
	{StatusRequestTimeout, AnswerTimedOut},
	{StatusIncompleteCommand, AnswerBadParameters},
	{StatusRequestedSizeTooBig, AnswerNotDisplayable},
	{StatusFeatureNotSupported, AnswerUnsupported},
	{StatusNotExecuted, AnswerNotShown},
	{StatusRolledBack, AnswerNotShown},
}

// Answer reads what a device reported about a, from the results of its operation in the order received. The last status
// counts; without one the answer is AnswerNone. The error is an *AnswerError: no text, or not one choice of those that
// were offered.
func (a *UserAlert) Answer(results ...Result) (UserAnswer, error) {
	var last *Result
	for i := range results {
		if (Report{Status: results[i].Status}).final() {
			last = &results[i]
		}
	}
	if last == nil {
		return UserAnswer{}, nil
	}
	if last.Status.Success() {
		return a.answered(last)
	}
	answer := UserAnswer{Kind: AnswerRefused, Status: last.Status}
	if a.Code == AlertConfirm && last.Status == StatusNotModified {
		answer.Kind = AnswerNo
	}
	for _, u := range unanswered {
		if u.status == last.Status {
			answer.Kind = u.kind
		}
	}
	return answer, nil
}

// answered reads the items of a success.
func (a *UserAlert) answered(r *Result) (UserAnswer, error) {
	answer := UserAnswer{Status: r.Status}
	reason := ""
	switch a.Code {
	case AlertDisplay:
		answer.Kind = AnswerShown
	case AlertConfirm:
		answer.Kind = AnswerYes
	case AlertTextInput:
		answer.Kind = AnswerText
		answer.Text, reason = typed(r.Items)
	case AlertSingleChoice:
		answer.Kind = AnswerChoices
		answer.Choices, reason = a.chosen(r.Items)
		if reason == "" && len(answer.Choices) != 1 {
			reason = "not one choice"
		}
	case AlertMultipleChoice:
		answer.Kind = AnswerChoices
		answer.Choices, reason = a.chosen(r.Items)
	default:
		reason = "is to no alert for the user"
	}
	if reason != "" {
		return UserAnswer{}, &AnswerError{Code: a.Code, Reason: reason}
	}
	return answer, nil
}

// typed returns the text of the one item.
func typed(items []syncml.Item) (text, reason string) {
	if len(items) != 1 || items[0].Data.Kind != syncml.TextData {
		return "", "not one text"
	}
	return items[0].Data.Value, ""
}

// chosen returns the numbers in the items. Each is meant once, however often it was sent.
func (a *UserAlert) chosen(items []syncml.Item) (numbers []int, reason string) {
	seen := make([]bool, len(a.Choices)+1)
	for i := range items {
		n, ok := a.number(strings.TrimSpace(items[i].Data.Value))
		if !ok {
			return nil, "a number that is no choice"
		}
		if !seen[n] {
			seen[n] = true
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, ""
}
