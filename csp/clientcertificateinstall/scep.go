package clientcertificateinstall

import (
	"encoding/hex"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// SCEPProfile is a certificate that a device gets for itself from a server of SCEP. ID, URLs, Challenge, Subject and
// CAThumbprint are required. Its formatted form shows the ID only.
type SCEPProfile struct {
	ID   string // the name of the certificate among those of the server: whatever it likes, without a slash
	User bool   // for the user who is signed in, not for the device

	URLs         []string // of the server of SCEP
	Challenge    string   // proves the right to a certificate; sent as it is
	Subject      string   // distinguished name, "CN=device-1"
	CAThumbprint string   // SHA-1 of the root of the server, in hexadecimal

	AlternativeNames []AlternativeName
	EKUs             []string      // object identifiers; empty: client authentication
	KeyUsage         KeyUsage      // 0: signatures and encryption of keys
	KeyLength        int           // bits: 1024, 2048 or 4096; 0: 2048, the only one with HelloKey
	Hash             []string      // SHA-1, SHA-2, SHA-3; empty: SHA-2
	Protection       KeyProtection // 0: SoftwareKey
	Container        string        // of the key in Windows Hello; required with HelloKey
	Prompt           string        // text for the user with HelloKey
	Template         string        // of the authority, when it asks for one
	Validity         Validity      // asked for; zero: the authority decides

	Retries    int           // while the server has not decided: 0 to 30; 0: 3
	RetryDelay time.Duration // between these, whole minutes; 0: 5 minutes
}

// AlternativeName is a name of the subject beside the distinguished one.
type AlternativeName struct {
	Kind int    // as CERT_ALT_NAME of Windows has them: 2 a mail address, 3 DNS, 7 a URL, 11 a user principal name …
	Name string // without a plus sign or semicolon
}

// KeyUsage is what a key is for: a sum of these.
type KeyUsage int

// The usages that SCEP knows.
const (
	KeyEncipherment  KeyUsage = 0x20
	DigitalSignature KeyUsage = 0x80
)

// KeyProtection is where a key is kept.
type KeyProtection int

// The protections.
const (
	TPMKey        KeyProtection = 1 // in the TPM, or it fails
	TPMOrSoftware KeyProtection = 2 // in the TPM if there is one
	SoftwareKey   KeyProtection = 3
	HelloKey      KeyProtection = 4 // in Windows Hello for Business
)

// Validity is a time that a certificate is valid for. The zero Validity asks for none.
type Validity struct{ Days, Months, Years int } // only one of them

// Format implements fmt.Formatter: the ID, never the challenge.
func (p SCEPProfile) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "SCEPProfile(%s)", p.ID) }

// Requests returns two requests, to be queued together and in this order: the settings, which a device takes as a whole,
// and the enrolment, which goes on when its request is done: see Get. They have no ID: the caller gives them theirs. A
// device that has the ID already refuses the settings (507), so that neither is sent again when its outcome was lost. The
// error of this and of the other methods is a *csp.FieldError.
func (p SCEPProfile) Requests() ([]omadm.Request, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	n := scep[index(p.User)]
	settings := omadm.Request{
		Group: omadm.Atomic, Delivery: omadm.AtMostOnce, Ops: []omadm.Op{n.id.At(p.ID).Add()},
	}
	add := func(op omadm.Op) { settings.Ops = append(settings.Ops, op) }
	for _, s := range p.texts(n) {
		if s.value != "" {
			add(s.node.At(p.ID).Add(s.value))
		}
	}
	for _, s := range p.numbers(n) {
		if s.value != 0 {
			add(s.node.At(p.ID).Add(s.value))
		}
	}
	settings.Normalize()
	enroll := omadm.Request{Ops: []omadm.Op{n.enroll.At(p.ID).Exec()}}
	enroll.Normalize()
	return []omadm.Request{settings, enroll}, nil
}

type text struct {
	node  node.Named[node.AddDeleteGetReplace[string]]
	value string
}

func (p *SCEPProfile) texts(n *scepNodes) []text {
	names := make([]string, len(p.AlternativeNames))
	for i, a := range p.AlternativeNames {
		names[i] = fmt.Sprintf("%d+%s", a.Kind, a.Name)
	}
	unit, _ := p.Validity.unit()
	return []text{
		{n.url, strings.Join(p.URLs, ";")}, {n.challenge, p.Challenge}, {n.subject, p.Subject},
		{n.thumbprint, strings.ToUpper(p.CAThumbprint)}, {n.alternatives, strings.Join(names, ";")},
		{n.ekus, strings.Join(orDefault(p.EKUs, "1.3.6.1.5.5.7.3.2"), "+")}, {n.hash, strings.Join(orDefault(p.Hash, "SHA-2"), "+")},
		{n.container, p.Container}, {n.prompt, p.Prompt}, {n.template, p.Template}, {n.validUnit, unit},
	}
}

func orDefault(list []string, s string) []string {
	if len(list) == 0 {
		return []string{s}
	}
	return list
}

type number struct {
	node  node.Named[node.AddDeleteGetReplace[int64]]
	value int64
}

func (p *SCEPProfile) numbers(n *scepNodes) []number {
	or := func(v, zero int) int64 {
		if v == 0 {
			v = zero
		}
		return int64(v)
	}
	_, valid := p.Validity.unit()
	return []number{
		{n.usage, or(int(p.KeyUsage), int(KeyEncipherment|DigitalSignature))}, {n.length, or(p.KeyLength, 2048)},
		{n.protection, or(int(p.Protection), int(SoftwareKey))}, {n.validity, int64(valid)},
		{n.retries, int64(p.Retries)}, {n.delay, int64(p.RetryDelay / time.Minute)},
	}
}

func (v Validity) unit() (string, int) {
	switch {
	case v.Years > 0:
		return SCEPInstallValidPeriodYears, v.Years
	case v.Months > 0:
		return SCEPInstallValidPeriodMonths, v.Months
	case v.Days > 0:
		return SCEPInstallValidPeriodDays, v.Days
	}
	return "", 0
}

// single reports whether no more than one unit is asked for.
func (v Validity) single() bool {
	return v == Validity{Days: v.Days} || v == Validity{Months: v.Months} || v == Validity{Years: v.Years}
}

func (p *SCEPProfile) validate() error {
	if err := checkID(p.ID); err != nil {
		return err
	}
	for _, s := range [...]struct{ field, value string }{
		{"Challenge", p.Challenge}, {"Subject", p.Subject}, {"CAThumbprint", p.CAThumbprint},
	} {
		if s.value == "" {
			return fault(s.field, "missing")
		}
	}
	if len(p.URLs) == 0 {
		return fault("URLs", "missing")
	}
	for i, s := range p.URLs {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.Contains(s, ";") {
			return fault(fmt.Sprintf("URLs[%d]", i), "not a URL of http or https")
		}
	}
	if b, err := hex.DecodeString(p.CAThumbprint); err != nil || len(b) != 20 {
		return fault("CAThumbprint", "not 40 hexadecimal digits")
	}
	return p.validateKey()
}

func (p *SCEPProfile) validateKey() error {
	for i, a := range p.AlternativeNames {
		if a.Kind <= 0 || a.Name == "" || strings.ContainsAny(a.Name, "+;") {
			return fault(fmt.Sprintf("AlternativeNames[%d]", i), "no kind and name")
		}
	}
	for i, oid := range p.EKUs {
		if oid == "" || strings.Trim(oid, "0123456789.") != "" {
			return fault(fmt.Sprintf("EKUs[%d]", i), "no object identifier")
		}
	}
	for i, h := range p.Hash {
		if h != "SHA-1" && h != "SHA-2" && h != "SHA-3" {
			return fault(fmt.Sprintf("Hash[%d]", i), "neither SHA-1, SHA-2 nor SHA-3")
		}
	}
	v := p.Validity
	switch {
	case p.KeyUsage&^0xFF != 0 || p.KeyUsage != 0 && p.KeyUsage&(KeyEncipherment|DigitalSignature) == 0:
		return fault("KeyUsage", "neither KeyEncipherment nor DigitalSignature")
	case p.KeyLength != 0 && p.KeyLength != 1024 && p.KeyLength != 2048 && p.KeyLength != 4096:
		return fault("KeyLength", "neither 1024, 2048 nor 4096")
	case p.Protection < 0 || p.Protection > HelloKey:
		return fault("Protection", "none of those that there are")
	case p.Protection == HelloKey && p.KeyLength != 0 && p.KeyLength != 2048:
		return fault("KeyLength", "not 2048, the only one with HelloKey")
	case (p.Protection == HelloKey) != (p.Container != ""):
		return fault("Container", "goes with HelloKey")
	case p.Prompt != "" && p.Protection != HelloKey:
		return fault("Prompt", "goes with HelloKey")
	case min(v.Days, v.Months, v.Years) < 0 || !v.single():
		return fault("Validity", "more than one of Days, Months and Years, or negative")
	case p.Retries < 0 || p.Retries > 30:
		return fault("Retries", "not 0 to 30")
	case p.RetryDelay < 0 || p.RetryDelay%time.Minute != 0 || p.RetryDelay/time.Minute > 1<<31:
		return fault("RetryDelay", "not in whole minutes")
	}
	return nil
}

func checkID(id string) error {
	switch {
	case id == "":
		return fault("ID", "missing")
	case SCEPUniqueID.At(id).Get().Validate() != nil:
		return fault("ID", "no name of a node")
	}
	return nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "clientcertificateinstall", Field: field, Reason: reason}
}

// Get returns the request that asks what became of the certificate, see Read. It has no ID.
func (p SCEPProfile) Get() (omadm.Request, error) {
	if err := checkID(p.ID); err != nil {
		return omadm.Request{}, err
	}
	n := scep[index(p.User)]
	r := omadm.Request{Ops: []omadm.Op{
		n.status.At(p.ID).Get(), n.code.At(p.ID).Get(), n.cert.At(p.ID).Get(), n.respondent.At(p.ID).Get(),
	}}
	r.Normalize()
	return r, nil
}

// Delete returns the request that takes the certificate and the profile off the device. It has no ID.
func (p SCEPProfile) Delete() (omadm.Request, error) {
	if err := checkID(p.ID); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Ops: []omadm.Op{scep[index(p.User)].id.At(p.ID).Delete()}}
	r.Normalize()
	return r, nil
}

// SCEPResult is what became of an enrolment.
type SCEPResult struct {
	Status     SCEPState
	Error      csp.HRESULT // of the last failure; 0: none
	Thumbprint string      // of the certificate; empty: there is none
	Server     string      // that has answered
}

// SCEPState is how far an enrolment is.
type SCEPState int64

// The states.
const (
	SCEPNone    SCEPState = 0
	SCEPDone    SCEPState = 1
	SCEPPending SCEPState = 2
	SCEPFailed  SCEPState = 16
	SCEPUnknown SCEPState = 32
)

// Read reads what a device answered to Get. What it does not say is zero; the error is that of a value of another kind.
func (p SCEPProfile) Read(results ...omadm.Result) (SCEPResult, error) {
	n := scep[index(p.User)]
	var x SCEPResult
	var status, code int64
	err := errors.Join(
		node.Into(&status)(n.status.At(p.ID).Value(results...)),
		node.Into(&code)(n.code.At(p.ID).Value(results...)),
		node.Into(&x.Thumbprint)(n.cert.At(p.ID).Value(results...)),
		node.Into(&x.Server)(n.respondent.At(p.ID).Value(results...)),
	)
	x.Status, x.Error = SCEPState(status), csp.HRESULT(uint32(code))
	return x, err
}

func index(user bool) int {
	if user {
		return 1
	}
	return 0
}
