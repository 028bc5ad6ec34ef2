package csp

import (
	"slices"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Payload is the value of a policy that comes from an administrative template (Constraint of kind ADMX): that it is
// enabled, with data for its elements, or disabled. A policy that is not configured has no node.
type Payload struct {
	Enabled bool
	Data    []Data // of an enabled policy; their order means nothing
}

// Data is the value of an element of a template. Of a list it is what JoinItems makes of it.
type Data struct{ ID, Value string }

// itemSeparator stands between the items of a text of several lines, and between the names and values of a list.
const itemSeparator = "\uF000"

// JoinItems returns the items of a list as the value of a Data: of a list of names and values, the name of each before
// its value.
func JoinItems(items ...string) string { return strings.Join(items, itemSeparator) }

// Items returns the items of a list; nil when it has none.
func (d Data) Items() []string {
	if d.Value == "" {
		return nil
	}
	return strings.Split(d.Value, itemSeparator)
}

// PayloadError says why a text is no Payload. It does not hold the text.
type PayloadError struct{ Reason string }

func (e *PayloadError) Error() string { return "csp: policy of a template: " + e.Reason }

// payloadRoot is what a payload, which has several roots, is read in.
const payloadRoot = "p"

// ParsePayload reads "<enabled/>" and any number of "<data id=… value=…/>", or "<disabled/>", the names in any case. The
// error is a *PayloadError.
func ParsePayload(s string) (Payload, error) {
	switch s { // most have no more to say
	case "<enabled/>":
		return Payload{Enabled: true}, nil
	case "<disabled/>":
		return Payload{}, nil
	}
	doc, err := xmltree.Read([]byte("<"+payloadRoot+">"+strings.TrimSpace(s)+"</"+payloadRoot+">"), payloadLimits)
	if err != nil {
		return Payload{}, &PayloadError{"is not well-formed XML"}
	}
	if strings.TrimSpace(doc.Root.Text()) != "" && len(doc.Root.ChildElements()) == 0 {
		return Payload{}, &PayloadError{"is neither <enabled/> nor <disabled/>"}
	}
	var p Payload
	state := ""
	for _, c := range doc.Root.Child {
		switch c := c.(type) {
		case *etree.CharData:
			if strings.TrimSpace(c.Data) != "" {
				return Payload{}, &PayloadError{"has text between its elements"}
			}
		case *etree.Element:
			name := strings.ToLower(c.Tag)
			if err := p.take(c, name, &state); err != nil {
				return Payload{}, err
			}
		}
	}
	switch {
	case state == "":
		return Payload{}, &PayloadError{"is neither <enabled/> nor <disabled/>"}
	case !p.Enabled && len(p.Data) > 0:
		return Payload{}, &PayloadError{"is disabled, and has data"}
	}
	return p, nil
}

// take reads one element of a payload.
func (p *Payload) take(e *etree.Element, name string, state *string) error {
	if text, ok := xmltree.Text(e); !ok || strings.TrimSpace(text) != "" || len(e.Attr) > 0 && name != "data" {
		return &PayloadError{"has an element that is not empty"}
	}
	switch name {
	case "enabled", "disabled":
		if *state != "" {
			return &PayloadError{"says twice whether it is enabled"}
		}
		*state, p.Enabled = name, name == "enabled"
		return nil
	case "data":
		d := Data{attribute(e, "id"), attribute(e, "value")}
		if d.ID == "" {
			return &PayloadError{"has data without id"}
		}
		if slices.ContainsFunc(p.Data, func(other Data) bool { return other.ID == d.ID }) {
			return &PayloadError{"has data of one id twice"}
		}
		p.Data = append(p.Data, d)
		return nil
	}
	return &PayloadError{"has an element that is not enabled, disabled or data"}
}

// attribute returns an attribute by its name in any case.
func attribute(e *etree.Element, name string) string {
	for _, a := range e.Attr {
		if a.Space == "" && strings.EqualFold(a.Key, name) {
			return a.Value
		}
	}
	return ""
}

// String returns p as it is sent.
func (p Payload) String() string {
	if !p.Enabled {
		return "<disabled/>"
	}
	doc := etree.NewDocument()
	doc.WriteSettings.CanonicalAttrVal = true
	doc.CreateElement("enabled")
	for _, d := range p.Data {
		e := doc.CreateElement("data")
		e.CreateAttr("id", d.ID)
		e.CreateAttr("value", d.Value)
	}
	s, err := doc.WriteToString()
	if err != nil {
		panic("csp: writing to memory failed: " + err.Error())
	}
	return s
}

// Value returns p as the value of an operation.
func (p Payload) Value() omadm.Value { return omadm.Text(p.String()) }

// Equal reports whether p and q mean the same: the order of the data does not count, nor the case of truth values.
func (p Payload) Equal(q Payload) bool {
	if p.Enabled != q.Enabled || len(p.Data) != len(q.Data) {
		return false
	}
	for _, d := range p.Data {
		same := func(e Data) bool {
			return d.ID == e.ID && (d.Value == e.Value || isTruthWord(d.Value) && strings.EqualFold(d.Value, e.Value))
		}
		if !slices.ContainsFunc(q.Data, same) {
			return false
		}
	}
	return true
}

func isTruthWord(s string) bool { return strings.EqualFold(s, "true") || strings.EqualFold(s, "false") }

// Element is an element of a policy of a template: what data it takes.
type Element struct {
	ID       string
	Kind     ElementKind
	Required bool
	Min, Max int64    // of a decimal; Max 0: none
	Values   []string // of an enum
}

// ElementKind is a kind of Element.
type ElementKind uint8

// The kinds.
const (
	TextElement ElementKind = iota
	DecimalElement
	BooleanElement
	EnumElement
	ListElement      // names and values
	MultiTextElement // lines
)

// checkPayload returns what is wrong with a payload for a policy that has the elements.
func checkPayload(p Payload, elements []Element) []fault {
	if !p.Enabled {
		return nil
	}
	var found []fault
	var missing []string
	for i := range elements {
		e := &elements[i]
		at := slices.IndexFunc(p.Data, func(d Data) bool { return d.ID == e.ID })
		if at < 0 {
			if e.Required {
				missing = append(missing, e.ID)
			}
			continue
		}
		if f := e.allows(p.Data[at].Value); !f.ok() {
			found = append(found, f)
		}
	}
	for _, d := range p.Data {
		if !slices.ContainsFunc(elements, func(e Element) bool { return e.ID == d.ID }) {
			found = append(found, fault{CodeADMXID, shorten(d.ID), oneOf(elementIDs(elements)), "is no element of the policy"})
		}
	}
	if len(missing) > 0 {
		found = append(found, fault{CodeADMXMissing, "", oneOf(missing), "data is missing"})
	}
	return found
}

func elementIDs(elements []Element) []string {
	ids := make([]string, len(elements))
	for i := range elements {
		ids[i] = elements[i].ID
	}
	return ids
}

// allows returns what is wrong with data for e.
func (e *Element) allows(value string) fault {
	wrong := func(want string) fault {
		return fault{CodeADMXType, shorten(value), want, "data of " + e.ID + " is not of its type"}
	}
	switch e.Kind {
	case DecimalElement:
		n, ok := parseNumber(value)
		r := ranges{{e.Min, e.Max}}
		if e.Max == 0 {
			r[0].most = 1<<32 - 1
		}
		if !ok || !r.has(n) {
			return wrong(r.String())
		}
	case BooleanElement:
		if _, ok := parseTruth(value); !ok {
			return wrong("true or false")
		}
	case EnumElement:
		if !slices.ContainsFunc(e.Values, func(v string) bool { return strings.EqualFold(v, value) }) {
			return wrong(oneOf(e.Values))
		}
	case ListElement:
		if value != "" && strings.Count(value, itemSeparator)%2 == 0 {
			return wrong("names and values with U+F000 between them")
		}
	}
	return fault{}
}

// elementsOf returns the elements of the policies whose templates were compared with the documentation of their
// provider; false for others.
func elementsOf(n Node) ([]Element, bool) {
	if n.Template() != bitLocker+n.Name() {
		return nil, false
	}
	return bitLockerElements(n.Name())
}

const bitLocker = "./Device/Vendor/MSFT/BitLocker/"

// bitLockerElements returns those of the policies of BitLocker by node. The description of EncryptionMethodByDriveType names
// the policy of another node.
func bitLockerElements(name string) ([]Element, bool) {
	switch name {
	case "EncryptionMethodByDriveType":
		return []Element{
			enum("EncryptionMethodWithXtsOsDropDown_Name", "3", "4", "6", "7"),
			enum("EncryptionMethodWithXtsFdvDropDown_Name", "3", "4", "6", "7"),
			enum("EncryptionMethodWithXtsRdvDropDown_Name", "3", "4", "6", "7"),
		}, true
	case "SystemDrivesRequireStartupAuthentication":
		return []Element{
			{ID: "ConfigureNonTPMStartupKeyUsage_Name", Kind: BooleanElement},
			enum("ConfigureTPMStartupKeyUsageDropDown_Name", "2", "1", "0"),
			enum("ConfigurePINUsageDropDown_Name", "2", "1", "0"),
			enum("ConfigureTPMPINKeyUsageDropDown_Name", "2", "1", "0"),
			enum("ConfigureTPMUsageDropDown_Name", "2", "1", "0"),
		}, true
	case "SystemDrivesMinimumPINLength":
		return []Element{{ID: "MinPINLength", Kind: DecimalElement, Required: true, Min: 4, Max: 20}}, true
	case "SystemDrivesRecoveryMessage":
		return []Element{
			enum("PrebootRecoveryInfoDropDown_Name", "0", "1", "2", "3"),
			{ID: "RecoveryMessage_Input", Required: true},
			{ID: "RecoveryUrl_Input", Required: true},
		}, true
	case "SystemDrivesRecoveryOptions":
		return recoveryElements("OS"), true
	case "FixedDrivesRecoveryOptions":
		return recoveryElements("FDV"), true
	case "FixedDrivesRequireEncryption":
		return []Element{}, true
	case "RemovableDrivesRequireEncryption":
		return []Element{{ID: "RDVCrossOrg", Kind: BooleanElement, Required: true}}, true
	case "IdentificationField":
		return []Element{{ID: "IdentificationField"}, {ID: "SecIdentificationField"}}, true
	case "FixedDrivesEncryptionType":
		return []Element{enum("FDVEncryptionTypeDropDown_Name", "0", "1", "2")}, true
	case "SystemDrivesEncryptionType":
		return []Element{enum("OSEncryptionTypeDropDown_Name", "0", "1", "2")}, true
	case "RemovableDrivesEncryptionType":
		return []Element{enum("RDVEncryptionTypeDropDown_Name", "0", "1", "2")}, true
	case "RemovableDrivesConfigureBDE":
		return []Element{
			{ID: "RDVAllowBDE_Name", Kind: BooleanElement, Required: true},
			{ID: "RDVDisableBDE_Name", Kind: BooleanElement, Required: true},
		}, true
	case "SystemDrivesEnhancedPIN":
		return []Element{}, true
	case "SystemDrivesDisallowStandardUsersCanChangePIN":
		return []Element{}, true
	case "SystemDrivesEnablePrebootInputProtectorsOnSlates":
		return []Element{}, true
	case "SystemDrivesEnablePreBootPinExceptionOnDECapableDevice":
		return []Element{}, true
	}
	return nil, false
}

// enum returns an element that has one of the values.
func enum(id string, values ...string) Element {
	return Element{ID: id, Kind: EnumElement, Required: true, Values: values}
}

// recoveryElements are those of the recovery of drives of a kind.
func recoveryElements(drives string) []Element {
	return []Element{
		enum(drives+"RecoveryPasswordUsageDropDown_Name", "2", "1", "0"),
		enum(drives+"RecoveryKeyUsageDropDown_Name", "2", "1", "0"),
		{ID: drives + "AllowDRA_Name", Kind: BooleanElement},
		{ID: drives + "HideRecoveryPage_Name", Kind: BooleanElement},
		{ID: drives + "ActiveDirectoryBackup_Name", Kind: BooleanElement},
		{ID: drives + "RequireActiveDirectoryBackup_Name", Kind: BooleanElement},
		enum(drives+"ActiveDirectoryBackupDropDown_Name", "1", "2"),
	}
}
