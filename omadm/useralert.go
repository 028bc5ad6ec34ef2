package omadm

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/gomadm/gomadm/syncml"
)

// UserAlert is something that a device shows to its user, perhaps to ask for an answer (OMA DM Protocol 1.2.1,
// section 10). Code and Text are required, and Choices where there is a choice; the zero values of all else leave it
// to the device. Its formatted form shows neither text nor choices. Answer reads what came of it.
type UserAlert struct {
	Code AlertCode // AlertDisplay, AlertConfirm, AlertTextInput, AlertSingleChoice or AlertMultipleChoice
	Text string

	// Choices are what AlertSingleChoice and AlertMultipleChoice offer. They are numbered from 1.
	Choices []string

	MinDisplay time.Duration // how long the alert is shown at least, in whole seconds; 0: the device decides
	MaxDisplay time.Duration // how long the device waits for an answer at most, in whole seconds; 0: the device decides

	// Default is the answer that is offered: a text; "1" for yes or "0" for no; the number of a choice; or the numbers
	// of several, joined by "-". Empty: none. AlertDisplay has no answer.
	Default string

	MaxLength int       // of the text in characters, AlertTextInput only; 0: the device decides
	Input     InputType // AlertTextInput only
	Echo      Echo      // AlertTextInput only
}

// InputType says what the user may type.
type InputType uint8

// The input types.
const (
	InputAlphanumeric InputType = iota
	InputNumber                 // digits, sign and decimal point
	InputDate                   // DDMMYYYY
	InputTime                   // hhmmss
	InputPhone                  // a telephone number
	InputAddress                // an IP address in dotted form
)

var inputTypes = [...]struct{ letter, name string }{
	InputAlphanumeric: {"A", "alphanumeric"}, InputNumber: {"N", "number"}, InputDate: {"D", "date"},
	InputTime: {"T", "time"}, InputPhone: {"P", "phone"}, InputAddress: {"I", "address"},
}

// String returns the name of the input type, such as "number".
func (t InputType) String() string {
	if int(t) < len(inputTypes) {
		return inputTypes[t].name
	}
	return fmt.Sprintf("InputType(%d)", uint8(t))
}

// Echo says how the device shows what the user types.
type Echo uint8

// The kinds of echo.
const (
	EchoVisible Echo = iota // as it is typed
	EchoHidden              // as it shows a password
)

var echoes = [...]struct{ letter, name string }{EchoVisible: {"T", "visible"}, EchoHidden: {"P", "hidden"}}

// String returns "visible" or "hidden".
func (e Echo) String() string {
	if int(e) < len(echoes) {
		return echoes[e].name
	}
	return fmt.Sprintf("Echo(%d)", uint8(e))
}

// Op returns the operation that shows a.
func (a UserAlert) Op() Op { return Op{Verb: Alert, Alert: a.clone()} }

// String returns the code and how much is shown, never what.
func (a UserAlert) String() string {
	return fmt.Sprintf("%v, text[%d], %d choices", a.Code, len(a.Text), len(a.Choices))
}

// GoString returns what String does.
func (a UserAlert) GoString() string { return "omadm.UserAlert{" + a.String() + "}" }

func (a *UserAlert) clone() *UserAlert {
	c := *a
	c.Choices = slices.Clone(a.Choices)
	return &c
}

// size is the payload in octets.
func (a *UserAlert) size() int {
	n := len(a.Text) + len(a.Default)
	for _, c := range a.Choices {
		n += len(c)
	}
	return n
}

// Validate returns an error unless a can be sent.
func (a *UserAlert) Validate() error {
	if reason := a.fault(); reason != "" {
		return fmt.Errorf("omadm: alert %d: %s", int(a.Code), reason)
	}
	return nil
}

func (a *UserAlert) fault() string {
	if a.Code.Class() != AlertUser {
		return "is not for the user"
	}
	for _, check := range [...]func() string{a.textFault, a.choiceFault, a.timeFault, a.inputFault, a.defaultFault} {
		if reason := check(); reason != "" {
			return reason
		}
	}
	return ""
}

func (a *UserAlert) textFault() string {
	switch {
	case a.Text == "":
		return "has no text"
	case notXML(a.Text) >= 0, notXML(a.Default) >= 0:
		return "has a character that XML cannot carry"
	}
	return ""
}

// choice reports whether the user chooses from a list.
func (a *UserAlert) choice() bool {
	return a.Code == AlertSingleChoice || a.Code == AlertMultipleChoice
}

func (a *UserAlert) choiceFault() string {
	switch {
	case a.choice() && len(a.Choices) == 0:
		return "has no choices"
	case !a.choice() && len(a.Choices) > 0:
		return "has choices, and nothing to choose"
	}
	for i, c := range a.Choices {
		if c == "" || notXML(c) >= 0 {
			return fmt.Sprintf("choice %d is empty, or has a character that XML cannot carry", i+1)
		}
	}
	return ""
}

func (a *UserAlert) timeFault() string {
	for _, d := range [...]time.Duration{a.MinDisplay, a.MaxDisplay} {
		if d < 0 || d%time.Second != 0 {
			return "has a time that is not a positive number of seconds"
		}
	}
	if a.MaxDisplay > 0 && a.MinDisplay > a.MaxDisplay {
		return "is shown longer than it waits"
	}
	return ""
}

func (a *UserAlert) inputFault() string {
	switch {
	case int(a.Input) >= len(inputTypes):
		return "unknown type of input"
	case int(a.Echo) >= len(echoes):
		return "unknown kind of echo"
	case a.MaxLength < 0:
		return "negative length of input"
	case a.Code != AlertTextInput && (a.MaxLength > 0 || a.Input != 0 || a.Echo != 0):
		return "has options of text input"
	}
	return ""
}

func (a *UserAlert) defaultFault() string {
	if a.Default == "" {
		return ""
	}
	ok := true
	switch a.Code {
	case AlertDisplay:
		return "has a default, and nothing to answer"
	case AlertConfirm:
		ok = a.Default == "0" || a.Default == "1"
	case AlertTextInput:
		ok = a.MaxLength == 0 || utf8.RuneCountInString(a.Default) <= a.MaxLength
	case AlertSingleChoice:
		_, ok = a.number(a.Default)
	case AlertMultipleChoice:
		var seen []int
		for _, s := range strings.Split(a.Default, "-") {
			n, known := a.number(s)
			ok = ok && known && !slices.Contains(seen, n)
			seen = append(seen, n)
		}
	}
	if !ok {
		return "has a default that is no answer"
	}
	return ""
}

// number reads the number of a choice, written without sign and leading zeros.
func (a *UserAlert) number(s string) (int, bool) {
	n, err := strconv.Atoi(s)
	return n, err == nil && n >= 1 && n <= len(a.Choices) && s == strconv.Itoa(n)
}

// options returns the options in their order, with values in the form of a URL (section 10.3).
func (a *UserAlert) options() string {
	var list []string
	add := func(set bool, name, value string) {
		if set {
			list = append(list, name+"="+url.QueryEscape(value))
		}
	}
	add(a.MinDisplay > 0, "MINDT", seconds(a.MinDisplay))
	add(a.MaxDisplay > 0, "MAXDT", seconds(a.MaxDisplay))
	add(a.Default != "", "DR", a.Default)
	add(a.MaxLength > 0, "MAXLEN", strconv.Itoa(a.MaxLength))
	add(a.Input != 0, "IT", inputTypes[a.Input].letter)
	add(a.Echo != 0, "ET", echoes[a.Echo].letter)
	return strings.Join(list, "&")
}

func seconds(d time.Duration) string { return strconv.FormatInt(int64(d/time.Second), 10) }

// command returns the command of a valid alert: an item with the options, one with the text, and one for each choice.
func (a *UserAlert) command(id string) *syncml.Alert {
	items := make([]syncml.Item, 0, 2+len(a.Choices))
	items = append(items, syncml.Item{Data: syncml.Text(a.options())}, syncml.Item{Data: syncml.Text(a.Text)})
	for _, c := range a.Choices {
		items = append(items, syncml.Item{Data: syncml.Text(c)})
	}
	return &syncml.Alert{CmdID: id, Data: syncml.Text(strconv.Itoa(int(a.Code))), Items: items}
}
