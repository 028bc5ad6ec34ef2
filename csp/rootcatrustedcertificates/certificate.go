package rootcatrustedcertificates

import (
	"bytes"
	"crypto/sha1"
	"encoding/hex"
	"errors"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Certificate is a certificate that a device is to trust, or not to. DER is required.
type Certificate struct {
	DER   []byte // the certificate, not PEM
	Store Store
	User  bool // of the user who is signed in, who has all stores but StoreRoot
}

// Store is what a certificate is trusted for.
type Store uint8

// The stores.
const (
	StoreRoot             Store = iota // roots
	StoreCA                            // intermediate authorities
	StoreTrustedPublisher              // publishers of signed programs
	StoreTrustedPeople
	StoreUntrusted // certificates that are not to be trusted, from Windows 10 1803 on
)

// stores are the nodes of each store: for the device, and for the user.
var stores = [...][2]nodes{
	StoreRoot: {{Root, RootCertHash, RootEncodedCertificate, RootIssuedBy, RootIssuedTo, RootValidFrom, RootValidTo}, {}},
	StoreCA: {
		{CA, CACertHash, CAEncodedCertificate, CAIssuedBy, CAIssuedTo, CAValidFrom, CAValidTo},
		{UserCA, UserCACertHash, UserCAEncodedCertificate, UserCAIssuedBy, UserCAIssuedTo, UserCAValidFrom, UserCAValidTo},
	},
	StoreTrustedPublisher: {{
		TrustedPublisher, TrustedPublisherCertHash, TrustedPublisherEncodedCertificate, TrustedPublisherIssuedBy,
		TrustedPublisherIssuedTo, TrustedPublisherValidFrom, TrustedPublisherValidTo,
	}, {
		UserTrustedPublisher, UserTrustedPublisherCertHash, UserTrustedPublisherEncodedCertificate, UserTrustedPublisherIssuedBy,
		UserTrustedPublisherIssuedTo, UserTrustedPublisherValidFrom, UserTrustedPublisherValidTo,
	}},
	StoreTrustedPeople: {{
		TrustedPeople, TrustedPeopleCertHash, TrustedPeopleEncodedCertificate, TrustedPeopleIssuedBy, TrustedPeopleIssuedTo,
		TrustedPeopleValidFrom, TrustedPeopleValidTo,
	}, {
		UserTrustedPeople, UserTrustedPeopleCertHash, UserTrustedPeopleEncodedCertificate, UserTrustedPeopleIssuedBy,
		UserTrustedPeopleIssuedTo, UserTrustedPeopleValidFrom, UserTrustedPeopleValidTo,
	}},
	StoreUntrusted: {{
		UntrustedCertificates, UntrustedCertificatesCertHash, UntrustedCertificatesEncodedCertificate, UntrustedCertificatesIssuedBy,
		UntrustedCertificatesIssuedTo, UntrustedCertificatesValidFrom, UntrustedCertificatesValidTo,
	}, {
		UserUntrustedCertificates, UserUntrustedCertificatesCertHash, UserUntrustedCertificatesEncodedCertificate,
		UserUntrustedCertificatesIssuedBy, UserUntrustedCertificatesIssuedTo, UserUntrustedCertificatesValidFrom,
		UserUntrustedCertificatesValidTo,
	}},
}

// nodes are those of a store.
type nodes struct {
	top     node.InteriorGet
	hash    node.Named[node.InteriorDeleteGet]
	encoded node.Named[node.AddGetReplace[[]byte]]

	issuedBy, issuedTo, validFrom, validTo node.Named[node.Get[string]]
}

func (s Store) nodes(user bool) (nodes, error) {
	if int(s) >= len(stores) {
		return nodes{}, fault("Store", "none of those that there are")
	}
	n := stores[s][0]
	if user {
		n = stores[s][1]
	}
	if n.top == "" {
		return nodes{}, fault("Store", "not one of the user")
	}
	return n, nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "rootcatrustedcertificates", Field: field, Reason: reason}
}

// Thumbprint returns the name of the certificate on a device: the SHA-1 of DER, in hexadecimal.
func (c Certificate) Thumbprint() string {
	sum := sha1.Sum(c.DER)
	return strings.ToUpper(hex.EncodeToString(sum[:]))
}

// at returns the nodes of the store, and the name of the certificate in it.
func (c Certificate) at() (nodes, string, error) {
	switch {
	case len(c.DER) == 0:
		return nodes{}, "", fault("DER", "missing")
	case bytes.HasPrefix(bytes.TrimSpace(c.DER), []byte("-----BEGIN")):
		return nodes{}, "", fault("DER", "PEM, which has to be decoded before")
	}
	if !isSequence(c.DER) {
		return nodes{}, "", fault("DER", "no certificate")
	}
	n, err := c.Store.nodes(c.User)
	return n, c.Thumbprint(), err
}

// isSequence reports whether der is one sequence of ASN.1 and nothing else, as every certificate is. To know better takes
// crypto/x509, which would be linked into each program that uses a constant of this package.
func isSequence(der []byte) bool {
	if len(der) < 2 || der[0] != 0x30 {
		return false
	}
	length, rest := int(der[1]), der[2:]
	if n := length - 0x80; n >= 0 {
		if n == 0 || n > 3 || len(rest) < n {
			return false
		}
		length = 0
		for _, b := range rest[:n] {
			length = length<<8 | int(b)
		}
		rest = rest[n:]
	}
	return length == len(rest) && length > 0
}

// Request returns the request that puts the certificate into the store. It has no ID: the caller gives it one. A device
// that has it answers 418. The error of this and of the other methods is a *csp.FieldError.
func (c Certificate) Request() (omadm.Request, error) {
	n, name, err := c.at()
	if err != nil {
		return omadm.Request{}, err
	}
	return request(n.encoded.At(name).Add(c.DER)), nil
}

// Delete returns the request that takes the certificate out of the store.
func (c Certificate) Delete() (omadm.Request, error) {
	n, name, err := c.at()
	if err != nil {
		return omadm.Request{}, err
	}
	return request(n.hash.At(name).Delete()), nil
}

// Get returns the request that asks what the device says of the certificate, see Read.
func (c Certificate) Get() (omadm.Request, error) {
	n, name, err := c.at()
	if err != nil {
		return omadm.Request{}, err
	}
	return request(
		n.encoded.At(name).Get(), n.issuedTo.At(name).Get(), n.issuedBy.At(name).Get(), n.validFrom.At(name).Get(), n.validTo.At(name).Get(),
	), nil
}

// Installed is what a device says of a certificate.
type Installed struct {
	Thumbprint         string
	DER                []byte // nil: the device does not have it
	IssuedTo, IssuedBy string
	ValidFrom, ValidTo string // in the words of the device
}

// Read reads what a device answered to Get. What it does not say is empty; the error is that of a value of another kind,
// or a *csp.FieldError. Of many certificates, ReadAll takes less time.
func (c Certificate) Read(results ...omadm.Result) (Installed, error) {
	n, name, err := c.at()
	if err != nil {
		return Installed{}, err
	}
	return n.read(name, results)
}

// ReadAll reads all certificates of a store, of the device or of the user, that the results have, whatever brought them: Get
// for each, or a list of the tree. They are in the order of the device; the error joins those of Read.
func ReadAll(s Store, user bool, results ...omadm.Result) ([]Installed, error) {
	n, err := s.nodes(user)
	if err != nil {
		return nil, err
	}
	var list []Installed
	var errs []error
	for _, row := range n.hash.Rows(results...) {
		x, err := n.read(row.Name, row.Results)
		list, errs = append(list, x), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// read reads what the results have of the certificate with the name.
func (n *nodes) read(name string, results []omadm.Result) (Installed, error) {
	x := Installed{Thumbprint: name}
	err := errors.Join(
		node.Into(&x.DER)(n.encoded.At(name).Value(results...)),
		node.Into(&x.IssuedTo)(n.issuedTo.At(name).Value(results...)),
		node.Into(&x.IssuedBy)(n.issuedBy.At(name).Value(results...)),
		node.Into(&x.ValidFrom)(n.validFrom.At(name).Value(results...)),
		node.Into(&x.ValidTo)(n.validTo.At(name).Value(results...)),
	)
	return x, err
}

// List returns the request that asks for the certificates of a store, of the device or of the user. It has no ID. The
// error is a *csp.FieldError.
func List(s Store, user bool) (omadm.Request, error) {
	n, err := s.nodes(user)
	if err != nil {
		return omadm.Request{}, err
	}
	return request(n.top.Get()), nil
}

// ReadList reads what a device answered to List: the thumbprints of those certificates that the server may know of. The
// error wraps node.ErrNoValue when there is no answer.
func ReadList(s Store, user bool, results ...omadm.Result) ([]string, error) {
	n, err := s.nodes(user)
	if err != nil {
		return nil, err
	}
	return n.top.Children(results...)
}

func request(ops ...omadm.Op) omadm.Request {
	r := omadm.Request{Ops: ops}
	r.Normalize()
	return r
}
