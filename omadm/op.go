package omadm

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/syncml"
)

// Op is one thing to do on one node, or one thing to show to the user.
type Op struct {
	Verb  Verb
	URI   URI   // the node; with Copy the destination, with Alert empty
	From  URI   // the source of a Copy, else empty
	Value Value // of Add, Replace and Exec; the zero Value when there is none

	// Correlator is echoed by the alert that reports the end of an Exec (section 6.6.6). Windows does not
	// support it.
	Correlator string

	Alert *UserAlert // what Alert shows, else nil
}

// Verb is what an Op does.
type Verb uint8

// The verbs.
const (
	Get Verb = iota + 1
	Add
	Replace
	Delete
	Exec
	Copy
	Alert // to the user, see UserAlert; what a device makes of it is an answer, see UserAlert.Answer
)

// verbs says what the verbs may do.
var verbs = [...]struct {
	name       string
	inAtomic   bool // OMA DM Representation Protocol 1.2.1, section 6.6.3
	value      bool // carries a value
	repeatable bool // may be sent again when its outcome was lost
	items      bool // a command may have several items, see Request.Combine
}{
	Get:     {name: "Get", repeatable: true, items: true},
	Add:     {name: "Add", inAtomic: true, value: true, repeatable: true, items: true},
	Replace: {name: "Replace", inAtomic: true, value: true, repeatable: true, items: true},
	Delete:  {name: "Delete", inAtomic: true, repeatable: true, items: true},
	Exec:    {name: "Exec", value: true},
	Copy:    {name: "Copy", inAtomic: true, items: true},
	Alert:   {name: "Alert", inAtomic: true},
}

// Known reports whether v is one of the verbs.
func (v Verb) Known() bool { return int(v) < len(verbs) && verbs[v].name != "" }

// String returns the name of the command, such as "Get".
func (v Verb) String() string {
	if v.Known() {
		return verbs[v].name
	}
	return fmt.Sprintf("Verb(%d)", uint8(v))
}

// String returns verb, address and what the value looks like, never its content.
func (op Op) String() string {
	if op.Verb == Alert && op.Alert != nil {
		return op.Verb.String() + " " + op.Alert.String()
	}
	s := op.Verb.String() + " " + op.URI.quote()
	if op.Verb == Copy {
		s += " from " + op.From.quote()
	}
	if op.Value != (Value{}) {
		s += " " + op.Value.String()
	}
	return s
}

// Divisible reports whether op may travel in parts when its value does not fit into a message: Add and Replace of text
// or octets, but not of a property (OMA DM Protocol 1.2.1, section 7).
func (op *Op) Divisible() bool {
	if op.Verb != Add && op.Verb != Replace || op.URI.Prop() != "" || op.Value.Data.Value == "" {
		return false
	}
	return op.Value.Data.Kind == syncml.TextData || op.Value.Data.Kind == syncml.OctetsData
}

// Command returns the command that does op, with one item, but for an Alert. The identifier must be neither empty nor
// "0", which stands for the header (OMA DM Representation Protocol 1.2.1, section 6.1.5). URIs are written in full,
// with "./". Meta goes into the item, and is left out for properties and where format and type have their defaults.
func (op Op) Command(id string) (syncml.Command, error) {
	if id == "" || id == "0" {
		return nil, fmt.Errorf("omadm: command identifier %q", id)
	}
	if err := op.Validate(); err != nil {
		return nil, err
	}
	if op.Verb == Alert {
		return op.Alert.command(id), nil
	}
	return op.command(id, []syncml.Item{op.item(new(syncml.Meta))}), nil
}

// item returns the item of a valid op that is no Alert. Its Meta, if it has one, is m.
func (op *Op) item(m *syncml.Meta) syncml.Item {
	it := syncml.Item{
		Target: syncml.Location{URI: string(op.URI.Absolute())},
		Source: syncml.Location{URI: string(op.From.Absolute())},
		Data:   op.Value.Data,
	}
	if op.URI.Prop() == "" {
		it.Meta = op.Value.meta(m)
	}
	return it
}

// command returns the command of the verb of op, which is no Alert, with items.
func (op *Op) command(id string, items []syncml.Item) syncml.Command {
	switch op.Verb {
	case Get:
		return &syncml.Get{CmdID: id, Items: items}
	case Add:
		return &syncml.Add{CmdID: id, Items: items}
	case Replace:
		return &syncml.Replace{CmdID: id, Items: items}
	case Delete:
		return &syncml.Delete{CmdID: id, Items: items}
	case Exec:
		return &syncml.Exec{CmdID: id, Correlator: op.Correlator, Items: items}
	case Copy:
		return &syncml.Copy{CmdID: id, Items: items}
	}
	panic("omadm: Validate accepts an unknown verb")
}

// Validate returns an error unless op can be sent to a device: a *URIError when an address is wrong.
// Request.Validate tells which operation it was.
func (op Op) Validate() error {
	if !op.Verb.Known() {
		return errors.New("omadm: unknown verb")
	}
	if op.Verb == Alert {
		return op.validateAlert()
	}
	if op.Alert != nil {
		return fmt.Errorf("omadm: %v shows nothing", op.Verb)
	}
	if err := op.validateURIs(); err != nil {
		return err
	}
	if op.Correlator != "" && op.Verb != Exec {
		return fmt.Errorf("omadm: %v has no correlator", op.Verb)
	}
	if i := notXML(op.Correlator); i >= 0 {
		return fmt.Errorf("omadm: correlator has a character that XML cannot carry at octet %d", i)
	}
	return op.validateValue()
}

// validateAlert checks an Alert, which is about no node.
func (op Op) validateAlert() error {
	if op.Alert == nil {
		return errors.New("omadm: Alert without anything to show")
	}
	alert := op.Alert
	if op.Verb, op.Alert = 0, nil; op != (Op{}) {
		return errors.New("omadm: Alert with the fields of another verb")
	}
	return alert.Validate()
}

func (op Op) validateURIs() error {
	if err := validateSent(op.URI); err != nil {
		return err
	}
	if op.Verb == Copy {
		if err := validateSent(op.From); err != nil {
			return err
		}
		if op.From.Query() != "" {
			return errors.New("omadm: Copy of a property or list")
		}
	} else if op.From != "" {
		return fmt.Errorf("omadm: %v has no source", op.Verb)
	}
	if err := op.validateInfo(); err != nil {
		return err
	}
	return op.validateQuery()
}

// validateInfo makes sure that DevInfo is only read: it is the word of the device (OMA DM Standardized Objects 1.2.1,
// section 5.3.2).
func (op Op) validateInfo() error {
	if op.Verb == Get || !op.URI.HasPrefix(DevInfo) {
		return nil
	}
	return &URIError{
		URI: op.URI, Reason: op.Verb.String() + " of DevInfo, which a server only reads", Status: StatusCommandNotAllowed,
	}
}

// validateSent checks that u is valid and that XML can carry it.
func validateSent(u URI) error {
	if u.simple() {
		return nil
	}
	if err := u.Validate(); err != nil {
		return err
	}
	if i := notXML(string(u)); i >= 0 {
		return &URIError{URI: u, Offset: i, Reason: "character that XML cannot carry", Status: StatusBadRequest}
	}
	return nil
}

// validateQuery checks the use of properties and lists (OMA DM Tree and Description 1.2.1, section 7.5).
func (op Op) validateQuery() error {
	u := op.URI
	if op.Verb == Get || u.Query() == "" {
		return nil
	}
	_, settable := knownProperty(u.Prop())
	if op.Verb != Replace || !settable {
		return &URIError{
			URI: u, Offset: len(u.path()), Reason: op.Verb.String() + " of this query", Status: StatusCommandNotAllowed,
		}
	}
	return nil
}

func (op Op) validateValue() error {
	v := op.Value
	switch {
	case v == Value{}:
		if op.Verb == Add || op.Verb == Replace {
			return fmt.Errorf("omadm: %v without a value: Null and Node are values, too", op.Verb)
		}
		return nil
	case !verbs[op.Verb].value:
		return fmt.Errorf("omadm: %v has no value", op.Verb)
	}
	if err := v.Validate(); err != nil {
		return err
	}
	if op.URI.Prop() != "" {
		return validateProperty(op.URI, v)
	}
	return nil
}

// validateProperty checks the new value of a property: text without Meta (section 7.4), and what sections 7.7.1,
// 7.7.3 and 7.7.6 say of the three that can be set.
func validateProperty(u URI, v Value) error {
	refuse := func(reason string) error {
		return fmt.Errorf("omadm: property %s: %s", u.Prop(), reason)
	}
	if v.DataFormat() != FormatChr || v.MediaType() != "text/plain" || v.Data.Kind != syncml.TextData {
		return refuse("is text")
	}
	text := v.Data.Value
	switch u.Prop() {
	case PropACL:
		acl, err := ParseACL(text)
		if err != nil {
			return err
		}
		if acl.Empty() && u.Depth() == 0 {
			return refuse("the root has to have one")
		}
	case PropName:
		if off, reason := checkSegment(EscapeSegment(text)); reason != "" {
			return refuse(fmt.Sprintf("%s at octet %d", reason, off))
		}
	case PropTitle:
		if len(text) > maxTitle {
			return refuse(fmt.Sprintf("longer than %d octets", maxTitle))
		}
	}
	return nil
}
