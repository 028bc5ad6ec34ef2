package passportforwork

import (
	"errors"
	"strconv"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Hello is how Windows Hello for Business is used on a device by the users of a tenant of Entra ID. Tenant is required; what is
// nil is left as it is on the device.
type Hello struct {
	Tenant string // GUID, in braces or without
	User   bool   // for the user who is signed in, not for the device: Use, TPM, Recovery and PIN only

	Use      *bool // users set it up when they sign in
	TPM      *bool // keys live in a TPM, or there are none
	Recovery *bool // who has forgotten the PIN may choose another one
	PIN      *PIN

	NotTPM12     *bool // a TPM of version 1.2 is none
	Phone        *bool // a phone may stand for the PIN
	CloudTrust   *bool // Entra ID vouches for the user in the domain
	Certificates *bool // the user has a certificate for the domain
}

// PIN is what PINs are like. What is zero or nil is left as it is.
type PIN struct {
	Min, Max                       int // length: 4 to 127
	Digits, Small, Capitals, Signs Characters
	Days                           *int // until another is needed, up to 730; 0: never
	History                        *int // of PINs that are not taken again, up to 50; 0: none
}

// Number returns what Days and History of a PIN take.
func Number(n int) *int { return &n }

// Characters says whether a kind of characters may stand in a PIN.
type Characters int

// What it says.
const (
	Allowed Characters = 1 + iota
	Required
	Forbidden
)

// flag is a policy that is true or false, and where it stands in a Hello.
type flag struct {
	field  string
	device node.Named[node.AddDeleteGetReplace[bool]]
	user   node.Named[node.AddDeleteGetReplace[bool]] // empty: there is none
	value  **bool
}

func (h *Hello) flags() []flag {
	return []flag{
		{"Use", PoliciesUsePassportForWork, UserPoliciesUsePassportForWork, &h.Use},
		{"TPM", PoliciesRequireSecurityDevice, UserPoliciesRequireSecurityDevice, &h.TPM},
		{"Recovery", PoliciesEnablePinRecovery, UserPoliciesEnablePinRecovery, &h.Recovery},
		{"NotTPM12", PoliciesExcludeSecurityDevicesTPM12, "", &h.NotTPM12},
		{"Phone", PoliciesRemoteUseRemotePassport, "", &h.Phone},
		{"CloudTrust", PoliciesUseCloudTrustForOnPremAuth, "", &h.CloudTrust},
		{"Certificates", PoliciesUseCertificateForOnPremAuth, "", &h.Certificates},
	}
}

// in returns the node of the device, or of the user.
func (f *flag) in(user bool) node.Named[node.AddDeleteGetReplace[bool]] {
	if user {
		return f.user
	}
	return f.device
}

// number is a policy that is a number, and where it stands in a PIN: in one of plain, which is 0 where it is left as it is, value and
// characters.
type number struct {
	field        string
	device, user node.Named[node.AddDeleteGetReplace[int64]]
	least, most  int
	plain        *int
	value        **int
	characters   *Characters
}

func (p *PIN) numbers() []number {
	return []number{
		{"Min", PoliciesPINComplexityMinimumPINLength, UserPoliciesPINComplexityMinimumPINLength, 4, 127, &p.Min, nil, nil},
		{"Max", PoliciesPINComplexityMaximumPINLength, UserPoliciesPINComplexityMaximumPINLength, 4, 127, &p.Max, nil, nil},
		{"Digits", PoliciesPINComplexityDigits, UserPoliciesPINComplexityDigits, 0, 0, nil, nil, &p.Digits},
		{"Small", PoliciesPINComplexityLowercaseLetters, UserPoliciesPINComplexityLowercaseLetters, 0, 0, nil, nil, &p.Small},
		{"Capitals", PoliciesPINComplexityUppercaseLetters, UserPoliciesPINComplexityUppercaseLetters, 0, 0, nil, nil, &p.Capitals},
		{"Signs", PoliciesPINComplexitySpecialCharacters, UserPoliciesPINComplexitySpecialCharacters, 0, 0, nil, nil, &p.Signs},
		{"Days", PoliciesPINComplexityExpiration, UserPoliciesPINComplexityExpiration, 0, 730, nil, &p.Days, nil},
		{"History", PoliciesPINComplexityHistory, UserPoliciesPINComplexityHistory, 0, 50, nil, &p.History, nil},
	}
}

func (n *number) in(user bool) node.Named[node.AddDeleteGetReplace[int64]] {
	if user {
		return n.user
	}
	return n.device
}

// wanted returns the number that the policy is to have; false when it is left as it is.
func (n *number) wanted() (int, bool) {
	switch {
	case n.plain != nil:
		return *n.plain, *n.plain != 0
	case n.characters != nil:
		return int(*n.characters - 1), *n.characters != 0
	case *n.value != nil:
		return **n.value, true
	}
	return 0, false
}

// take notes what a device has.
func (n *number) take(v int) {
	switch {
	case n.plain != nil:
		*n.plain = v
	case n.characters != nil:
		*n.characters = Characters(v + 1)
	default:
		*n.value = &v
	}
}

// Request returns the request for all that is set. It has no ID: the caller gives it one. The error of this and of the other
// methods is a *csp.FieldError.
func (h Hello) Request() (omadm.Request, error) {
	if err := h.validate(); err != nil {
		return omadm.Request{}, err
	}
	tenant, _ := csp.GUID(h.Tenant)
	var r omadm.Request
	for _, f := range h.flags() {
		if *f.value != nil {
			r.Ops = append(r.Ops, f.in(h.User).At(tenant).Replace(**f.value))
		}
	}
	if h.PIN != nil {
		for _, n := range h.PIN.numbers() {
			if v, ok := n.wanted(); ok {
				r.Ops = append(r.Ops, n.in(h.User).At(tenant).Replace(int64(v)))
			}
		}
	}
	if len(r.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r.Normalize()
	return r, nil
}

func (h *Hello) validate() error {
	if _, ok := csp.GUID(h.Tenant); !ok {
		return fault("Tenant", "not a GUID")
	}
	for _, f := range h.flags() {
		if h.User && f.user == "" && *f.value != nil {
			return fault(f.field, "is for the device")
		}
	}
	if h.PIN == nil {
		return nil
	}
	for _, n := range h.PIN.numbers() {
		v, ok := n.wanted()
		switch {
		case n.characters != nil && (*n.characters < 0 || *n.characters > Forbidden):
			return fault("PIN."+n.field, "none of those that there are")
		case ok && n.characters == nil && (v < n.least || v > n.most):
			return fault("PIN."+n.field, "not "+strconv.Itoa(n.least)+" to "+strconv.Itoa(n.most))
		}
	}
	p := h.PIN
	if p.Max != 0 && p.Min > p.Max {
		return fault("PIN.Max", "below Min")
	}
	if p.Digits == Forbidden && p.Small == Forbidden && p.Capitals == Forbidden && p.Signs == Forbidden {
		return fault("PIN", "of no characters")
	}
	return nil
}

// Get returns the request that asks for what Read reads, for the same tenant and scope. It has no ID. What was never set is not
// there, and the device answers 404 to it.
func (h Hello) Get() (omadm.Request, error) {
	tenant, ok := csp.GUID(h.Tenant)
	if !ok {
		return omadm.Request{}, fault("Tenant", "not a GUID")
	}
	var r omadm.Request
	for _, f := range h.flags() {
		if n := f.in(h.User); n != "" {
			r.Ops = append(r.Ops, n.At(tenant).Get())
		}
	}
	for _, n := range new(PIN).numbers() {
		r.Ops = append(r.Ops, n.in(h.User).At(tenant).Get())
	}
	r.Normalize()
	return r, nil
}

// Read reads what a device answered to Get, for the same tenant and scope. What it does not say is nil or zero; the error is that
// of a value of another kind, or a *csp.FieldError.
func (h Hello) Read(results ...omadm.Result) (Hello, error) {
	tenant, ok := csp.GUID(h.Tenant)
	if !ok {
		return Hello{}, fault("Tenant", "not a GUID")
	}
	got, pin := Hello{Tenant: tenant, User: h.User}, PIN{}
	var all error
	for _, f := range got.flags() {
		n := f.in(h.User)
		if n == "" {
			continue
		}
		all = errors.Join(all, node.Optional(f.value)(n.At(tenant).Value(results...)))
	}
	for _, n := range pin.numbers() {
		all = errors.Join(all, node.Take(func(v int64) { n.take(int(v)) })(n.in(h.User).At(tenant).Value(results...)))
	}
	if pin != (PIN{}) {
		got.PIN = &pin
	}
	return got, all
}

// Delete returns the request that takes all that was set for the tenant off the device, or for the user. It has no ID.
func (h Hello) Delete() (omadm.Request, error) {
	tenant, ok := csp.GUID(h.Tenant)
	if !ok {
		return omadm.Request{}, fault("Tenant", "not a GUID")
	}
	top := TenantId
	if h.User {
		top = UserTenantId
	}
	r := omadm.Request{Ops: []omadm.Op{top.At(tenant).Delete()}}
	r.Normalize()
	return r, nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "passportforwork", Field: field, Reason: reason}
}
