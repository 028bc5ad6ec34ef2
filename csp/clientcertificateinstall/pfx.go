package clientcertificateinstall

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// PFX is a certificate with its key that a device is given. ID and Blob are required. Its formatted form shows the ID
// only.
type PFX struct {
	ID   string // the name of the certificate among those of the server: whatever it likes, without a slash
	User bool   // for the user who is signed in, not for the device

	Blob     []byte // PKCS #12
	Password string // of Blob; empty: none
	// Encrypted says that Password is encrypted, with the certificate of the management client or, when Store is set, with
	// one of that store.
	Encrypted bool
	Store     string

	Protection KeyProtection // 0: SoftwareKey
	Container  string        // of the key in Windows Hello; required with HelloKey
	Exportable bool          // the key may leave the device; SoftwareKey only
}

// Format implements fmt.Formatter: the ID, never the key.
func (p PFX) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "PFX(%s)", p.ID) }

// Request returns the request that installs the certificate. It has no ID: the caller gives it one. A device that has the
// ID already refuses it (507), so that it is not sent again when its outcome was lost. The error of this and of the other
// methods is a *csp.FieldError.
func (p PFX) Request() (omadm.Request, error) {
	if err := p.validate(); err != nil {
		return omadm.Request{}, err
	}
	if p.Protection == 0 {
		p.Protection = SoftwareKey
	}
	n := pfx[index(p.User)]
	r := omadm.Request{Group: omadm.Atomic, Delivery: omadm.AtMostOnce, Ops: []omadm.Op{
		n.id.At(p.ID).Add(), n.location.At(p.ID).Add(int64(p.Protection)),
	}}
	add := func(op omadm.Op) { r.Ops = append(r.Ops, op) }
	if p.Container != "" {
		add(n.container.At(p.ID).Add(p.Container))
	}
	if p.Password != "" {
		encryption := int64(0)
		switch {
		case p.Store != "":
			encryption = 2
			add(n.store.At(p.ID).Add(p.Store))
		case p.Encrypted:
			encryption = 1
		}
		add(n.encryption.At(p.ID).Add(encryption))
		add(n.password.At(p.ID).Add(p.Password))
	}
	if p.Protection == SoftwareKey {
		add(n.exportable.At(p.ID).Add(p.Exportable))
	}
	add(n.blob.At(p.ID).Add(p.Blob)) // with this the device begins: what it needs stands before
	r.Normalize()
	return r, nil
}

func (p *PFX) validate() error {
	if err := checkID(p.ID); err != nil {
		return err
	}
	switch {
	case len(p.Blob) == 0:
		return fault("Blob", "missing")
	case p.Blob[0] != 0x30:
		return fault("Blob", "not PKCS #12")
	case p.Password == "" && (p.Encrypted || p.Store != ""):
		return fault("Password", "missing, and said to be encrypted")
	case p.Store != "" && !p.Encrypted:
		return fault("Store", "goes with Encrypted")
	case p.Protection < 0 || p.Protection > HelloKey:
		return fault("Protection", "none of those that there are")
	case (p.Protection == HelloKey) != (p.Container != ""):
		return fault("Container", "goes with HelloKey")
	case p.Exportable && p.Protection != 0 && p.Protection != SoftwareKey:
		return fault("Exportable", "goes with SoftwareKey")
	}
	return nil
}

// Get returns the request that asks what became of the certificate, see Read. It has no ID.
func (p PFX) Get() (omadm.Request, error) {
	if err := checkID(p.ID); err != nil {
		return omadm.Request{}, err
	}
	n := pfx[index(p.User)]
	r := omadm.Request{Ops: []omadm.Op{n.status.At(p.ID).Get(), n.thumbprint.At(p.ID).Get()}}
	r.Normalize()
	return r, nil
}

// Delete returns the request that takes the certificate off the device. It has no ID.
func (p PFX) Delete() (omadm.Request, error) {
	if err := checkID(p.ID); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Ops: []omadm.Op{pfx[index(p.User)].id.At(p.ID).Delete()}}
	r.Normalize()
	return r, nil
}

// PFXResult is what became of a certificate with its key.
type PFXResult struct {
	Error      csp.HRESULT // of the installation; 0: none
	Thumbprint string      // of the certificate; empty: there is none
}

// Read reads what a device answered to Get. What it does not say is zero; the error is that of a value of another kind.
func (p PFX) Read(results ...omadm.Result) (PFXResult, error) {
	n := pfx[index(p.User)]
	var x PFXResult
	var status int64
	err := errors.Join(
		node.Into(&status)(n.status.At(p.ID).Value(results...)),
		node.Into(&x.Thumbprint)(n.thumbprint.At(p.ID).Value(results...)),
	)
	x.Error = csp.HRESULT(uint32(status))
	return x, err
}

// pfxNodes are the nodes of a certificate with its key.
type pfxNodes struct {
	id                         node.Named[node.InteriorAddDeleteGetReplace]
	location, encryption       node.Named[node.AddGetReplace[int64]]
	container, password, store node.Named[node.AddGetReplace[string]]
	exportable                 node.Named[node.AddGetReplace[bool]]
	blob                       node.Named[node.AddGetReplace[[]byte]]
	status                     node.Named[node.Get[int64]]
	thumbprint                 node.Named[node.Get[string]]
}

// pfx are the nodes of the device, and those of the user.
var pfx = [...]*pfxNodes{{
	PFXCertInstallUniqueID, PFXCertInstallKeyLocation, PFXCertInstallPFXCertPasswordEncryptionType, PFXCertInstallContainerName,
	PFXCertInstallPFXCertPassword, PFXCertInstallPFXCertPasswordEncryptionStore, PFXCertInstallPFXKeyExportable,
	PFXCertInstallPFXCertBlob, PFXCertInstallStatus, PFXCertInstallThumbprint,
}, {
	UserPFXCertInstallUniqueID, UserPFXCertInstallKeyLocation, UserPFXCertInstallPFXCertPasswordEncryptionType,
	UserPFXCertInstallContainerName, UserPFXCertInstallPFXCertPassword, UserPFXCertInstallPFXCertPasswordEncryptionStore,
	UserPFXCertInstallPFXKeyExportable, UserPFXCertInstallPFXCertBlob, UserPFXCertInstallStatus, UserPFXCertInstallThumbprint,
}}
