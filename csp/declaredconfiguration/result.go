package declaredconfiguration

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
	"github.com/gomadm/gomadm/syncml"
)

// Result is what became of a document.
type Result struct {
	ID             string // as the device writes it
	Context        omadm.Scope
	Scenario       Scenario
	Checksum       string    // of the document
	ResultChecksum string    // of the results
	At             time.Time // zero: not said
	Operation      string    // Set, Get or Delete
	State          State

	Providers []ProviderResult
	Resources []ResourceResult
}

// ProviderResult is what became of the settings of a provider.
type ProviderResult struct {
	Name     omadm.URI
	State    State
	Settings []SettingResult
}

// SettingResult is what became of a setting, or what it is in a document of kind Inventory.
type SettingResult struct {
	Path  string
	Value omadm.Value // the zero Value: the device does not say
	Outcome
}

// ResourceResult is what became of an instance, or what it is in a document of kind Inventory.
type ResourceResult struct {
	Namespace, Class string
	Keys, Values     []Property // the values are empty where the device does not say them
	Outcome
}

// Outcome is how one part of a document ended. Fields are zero where the device does not say.
type Outcome struct {
	Status  omadm.Status
	HRESULT csp.HRESULT // in place of a status
	State   State
}

// ResultError says why there are no results.
type ResultError struct {
	Status omadm.Status // that the device reported; 404: it has not begun with the document, or does not know it
	Err    error        // of the content, when the device sent some
}

func (e *ResultError) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	if e.Status == 0 {
		return "declaredconfiguration: no results"
	}
	return "declaredconfiguration: no results: " + e.Status.String()
}

// Unwrap returns e.Err.
func (e *ResultError) Unwrap() error { return e.Err }

// ReadResult reads what a device answered to Ref.GetResult, from the results of that request. The error is a
// *ResultError.
func ReadResult(results ...omadm.Result) (*Result, error) {
	var status omadm.Status
	for _, r := range results {
		if r.Status != 0 {
			status = r.Status
		}
		for i := range r.Items {
			if data := r.Items[i].Data; data.Kind == syncml.TextData || data.Kind == syncml.MarkupData {
				x, err := parseResult(data)
				if err != nil {
					return nil, &ResultError{Status: status, Err: err}
				}
				return x, nil
			}
		}
	}
	return nil, &ResultError{Status: status}
}

func parseResult(data syncml.Data) (*Result, error) {
	x := new(Result)
	err := read("results", "DeclaredConfigurationResult", data, func(r *reader, root *etree.Element) {
		if !r.doc.Continues(root) {
			*x = Result{
				ID: r.required(root, "id"), Context: r.context(root), Scenario: Scenario(attribute(root, "osdefinedscenario")),
				Checksum: attribute(root, "checksum"), ResultChecksum: attribute(root, "result_checksum"),
				Operation: attribute(root, "operation"), State: r.state(root), At: r.time(root, "result_timestamp"),
			}
		}
		for e := range root.ChildElementsSeq() {
			switch e.Tag {
			case "CSP":
				x.Providers = append(x.Providers, r.provider(e))
			case "DSC":
				x.Resources = append(x.Resources, r.resource(e))
			}
		}
	})
	if err != nil {
		return nil, err
	}
	return x, nil
}

func (r *reader) provider(e *etree.Element) ProviderResult {
	p := ProviderResult{Name: omadm.URI(r.required(e, "name")), State: r.outcome(e).State}
	for _, c := range e.ChildElements() {
		if c.Tag != "URI" {
			continue
		}
		s := SettingResult{Path: r.required(c, "path"), Outcome: r.outcome(c)}
		if text := r.text(c); text != "" {
			s.Value = omadm.Value{Format: omadm.Format(strings.ToLower(attribute(c, "type"))), Data: syncml.Text(text)}
		}
		p.Settings = append(p.Settings, s)
	}
	return p
}

func (r *reader) resource(e *etree.Element) ResourceResult {
	x := ResourceResult{Namespace: r.required(e, "namespace"), Class: r.required(e, "className"), Outcome: r.outcome(e)}
	for _, c := range e.ChildElements() {
		switch c.Tag {
		case "Key":
			x.Keys = append(x.Keys, Property{r.required(c, "name"), r.text(c)})
		case "Value":
			x.Values = append(x.Values, Property{r.required(c, "name"), r.text(c)})
		}
	}
	return x
}

func (r *reader) text(e *etree.Element) string {
	s, ok := xmltree.Text(e)
	if !ok {
		r.fail(e, "elements where there should be a value")
	}
	return s
}

// outcome reads status and state, each of which may be missing. A status is a code of SyncML or an HRESULT, in decimal or
// in hexadecimal.
func (r *reader) outcome(e *etree.Element) Outcome {
	var o Outcome
	if e.SelectAttr("state") != nil {
		o.State = r.state(e)
	}
	s := attribute(e, "status")
	if s == "" {
		return o
	}
	n, err := strconv.ParseInt(s, 0, 64)
	switch {
	case err != nil || n < -1<<31 || n >= 1<<32:
		r.fail(e, "status is no code")
	case n > 0 && n < 1000:
		o.Status = omadm.Status(n)
	default:
		o.HRESULT = csp.HRESULT(uint32(n))
	}
	return o
}

func (r *reader) time(e *etree.Element, name string) time.Time {
	s := attribute(e, name)
	if s == "" {
		return time.Time{}
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		r.fail(e, fmt.Sprintf("%s is no time", name))
	}
	return t
}
