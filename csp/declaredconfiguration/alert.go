package declaredconfiguration

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/syncml"
)

// limits bounds what is read of a device.
var limits = xmltree.Limits{Octets: 8 << 20, Depth: 16, Tokens: 400_000}

// Reported is what a device says of one document in an alert.
type Reported struct {
	ID             string // as the device writes it
	Context        omadm.Scope
	Checksum       string // of the document that it has
	ResultChecksum string // of the results: they have changed when it has
	State          State
}

// Ref returns what the document is known by. The kind, which the device does not say, is the one that the state is of.
func (r Reported) Ref() Ref { return Ref{ID: r.ID, Context: r.Context, Kind: r.State.kind()} }

// ReadAlert reads the alert in which a device sums up its documents (1224 of type omadm.TypeDeclaredConfig). An id may be
// there once for the device and once for the user. The error says that the event is another one, or what is wrong with
// its content.
func ReadAlert(e omadm.Event) ([]Reported, error) {
	if omadm.AlertType(e.Type) != omadm.TypeDeclaredConfig {
		return nil, fmt.Errorf("declaredconfiguration: alert of another type")
	}
	var all []Reported
	err := read("alert", "DeclaredConfigurations", e.Data, func(r *reader, root *etree.Element) {
		for e := range root.ChildElementsSeq() {
			if r.err != nil {
				return
			}
			if e.Tag != "DeclaredConfiguration" {
				continue
			}
			all = append(all, Reported{
				ID: r.required(e, "id"), Context: r.context(e), Checksum: attribute(e, "checksum"),
				ResultChecksum: attribute(e, "result_checksum"), State: r.state(e),
			})
		}
	})
	if err != nil {
		return nil, err
	}
	return all, nil
}

// reader reads attributes of a document and keeps the first fault.
type reader struct {
	what string
	doc  *xmltree.Document // the part that is read
	err  error
}

// read reads the document with the given root that data holds, as markup or as text. It calls f with one part after the other:
// the root, each time, with some of what is directly below it.
func read(what, root string, data syncml.Data, f func(r *reader, root *etree.Element)) error {
	r := &reader{what: what}
	const below = 2
	err := xmltree.ReadParts([]byte(strings.TrimSpace(data.Value)), limits, below, func(part *xmltree.Document) error {
		if r.doc = part; part.Root.Tag == root {
			f(r, part.Root)
		} else {
			r.fail(part.Root, "not a "+root)
		}
		return r.err
	})
	if err != nil && r.err == nil {
		err = fmt.Errorf("declaredconfiguration: %s: %w", what, err)
	}
	return err
}

func (r *reader) fail(e *etree.Element, reason string) {
	if r.err == nil {
		_, line := r.doc.Position(e)
		r.err = fmt.Errorf("declaredconfiguration: %s, line %d: %s", r.what, line, reason)
	}
}

func attribute(e *etree.Element, name string) string {
	return strings.TrimSpace(e.SelectAttrValue(name, ""))
}

func (r *reader) required(e *etree.Element, name string) string {
	s := attribute(e, name)
	if s == "" {
		r.fail(e, "no "+name)
	}
	return s
}

// context reads an attribute that Windows writes in either case.
func (r *reader) context(e *etree.Element) omadm.Scope {
	switch strings.ToLower(attribute(e, "context")) {
	case "device":
		return omadm.DeviceScope
	case "user":
		return omadm.UserScope
	}
	r.fail(e, "context is neither device nor user")
	return 0
}

func (r *reader) state(e *etree.Element) State {
	n, err := strconv.ParseUint(attribute(e, "state"), 10, 16)
	if err != nil {
		r.fail(e, "state is no number")
	}
	return State(n)
}
