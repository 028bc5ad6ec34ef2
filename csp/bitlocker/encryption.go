package bitlocker

import (
	"fmt"
	"slices"
	"strconv"
	"unicode/utf16"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// Encryption is how a device is to encrypt its drives. What is zero is left as it is on the device.
type Encryption struct {
	// Require lets the device encrypt its drives, and tell when they are not (ReadState).
	Require bool
	// Silent lets it do so without asking the user, who need not be an administrator. Nothing that only the user can give may
	// be Required then, such as a PIN at the start.
	Silent bool

	Methods          *Methods
	SystemExtent     Extent    // of what is encrypted on the drive of Windows
	FixedExtent      Extent    // and on other built-in drives
	Startup          *Startup  // what it takes to start
	MinimumPIN       int       // digits of a PIN at the start, 4 to 20
	SystemRecovery   *Recovery // of the drive of Windows
	FixedRecovery    *Recovery // of other built-in drives
	Message          *Message
	Rotation         Rotation // of recovery passwords, each time that one was used
	DenyFixedWrite   bool     // no writing on built-in drives that are not encrypted
	DenyRemovable    bool     // no writing on removable drives that are not encrypted
	DenyForeignDrive bool     // nor on those of other organizations; goes with DenyRemovable
}

// Request returns the request for all that is set. It is a Sequence: the device begins to encrypt when the rest was taken.
// It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (e Encryption) Request() (omadm.Request, error) {
	if err := e.validate(); err != nil {
		return omadm.Request{}, err
	}
	r := omadm.Request{Group: omadm.Sequence, Ops: e.policies()}
	if e.Rotation != 0 {
		r.Ops = append(r.Ops, ConfigureRecoveryPasswordRotation.Replace(int64(e.Rotation-1)))
	}
	if e.Silent {
		r.Ops = append(r.Ops, AllowWarningForOtherDiskEncryption.Replace(0), AllowStandardUserEncryption.Replace(1))
	}
	if e.Require {
		r.Ops = append(r.Ops, RequireDeviceEncryption.Replace(1))
	}
	if len(r.Ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	r.Normalize()
	return r, nil
}

// policies returns the operations for what is a policy of a template.
func (e *Encryption) policies() (ops []omadm.Op) {
	enabled := func(n setter, data ...csp.Data) {
		ops = append(ops, n.Replace(csp.Payload{Enabled: true, Data: data}.String()))
	}
	if m := e.Methods; m != nil {
		enabled(EncryptionMethodByDriveType, number("EncryptionMethodWithXtsOsDropDown_Name", m.System),
			number("EncryptionMethodWithXtsFdvDropDown_Name", m.Fixed), number("EncryptionMethodWithXtsRdvDropDown_Name", m.Removable))
	}
	if e.SystemExtent != 0 {
		enabled(SystemDrivesEncryptionType, number("OSEncryptionTypeDropDown_Name", e.SystemExtent))
	}
	if e.FixedExtent != 0 {
		enabled(FixedDrivesEncryptionType, number("FDVEncryptionTypeDropDown_Name", e.FixedExtent))
	}
	if s := e.Startup; s != nil {
		enabled(SystemDrivesRequireStartupAuthentication, truth("ConfigureNonTPMStartupKeyUsage_Name", s.WithoutTPM),
			number("ConfigureTPMStartupKeyUsageDropDown_Name", s.TPMAndKey.value()), number("ConfigurePINUsageDropDown_Name", s.TPMAndPIN.value()),
			number("ConfigureTPMPINKeyUsageDropDown_Name", s.TPMAndPINAndKey.value()), number("ConfigureTPMUsageDropDown_Name", s.TPM.value()))
	}
	if e.MinimumPIN != 0 {
		enabled(SystemDrivesMinimumPINLength, number("MinPINLength", e.MinimumPIN))
	}
	if r := e.SystemRecovery; r != nil {
		enabled(SystemDrivesRecoveryOptions, r.data("OS")...)
	}
	if r := e.FixedRecovery; r != nil {
		enabled(FixedDrivesRecoveryOptions, r.data("FDV")...)
	}
	if m := e.Message; m != nil {
		enabled(SystemDrivesRecoveryMessage, m.data()...)
	}
	if e.DenyFixedWrite {
		enabled(FixedDrivesRequireEncryption)
	}
	if e.DenyRemovable {
		enabled(RemovableDrivesRequireEncryption, truth("RDVCrossOrg", e.DenyForeignDrive))
	}
	return ops
}

// setter is a policy of a template.
type setter interface{ Replace(string) omadm.Op }

func number[N ~int](id string, n N) csp.Data {
	return csp.Data{ID: id, Value: strconv.Itoa(int(n))}
}

func truth(id string, is bool) csp.Data { return csp.Data{ID: id, Value: strconv.FormatBool(is)} }

// Methods are the ways in which the kinds of drives are encrypted. All three are required.
type Methods struct{ System, Fixed, Removable Method }

// Method is an algorithm with its mode and length of the key.
type Method int

// The methods. Removable drives that older systems are to read need one of CBC.
const (
	AESCBC128 Method = 3
	AESCBC256 Method = 4
	XTSAES128 Method = 6
	XTSAES256 Method = 7
)

// Extent is how much of a drive is encrypted.
type Extent int

// The extents.
const (
	WholeDrive Extent = 1 + iota
	UsedSpace         // what was free at the beginning is not: for drives that are new
)

// Startup is what it takes to start a device. At most one of the four ways may be Required, and then the others have to be
// Forbidden.
type Startup struct {
	WithoutTPM bool // a device without a TPM may be encrypted, and starts with a password or a key on a USB drive

	TPM, TPMAndPIN, TPMAndKey, TPMAndPINAndKey Use
}

// Use says whether something is used.
type Use int

// The uses. The zero Use is Allowed.
const (
	Allowed Use = iota
	Required
	Forbidden
)

// value is what policies have: 0 forbids, 1 requires, 2 allows.
func (u Use) value() int { return [...]int{Allowed: 2, Required: 1, Forbidden: 0}[u] }

// Recovery is how drives are opened when their protectors fail.
type Recovery struct {
	Password, Key Use  // a recovery password of 48 digits, a recovery key in a file
	Agent         bool // certificates of data recovery agents
	HideChoice    bool // the user is not asked where to keep the password
	Backup        bool // the device hands what recovers to the directory
	RequireBackup bool // and does not encrypt before it did; goes with Backup
	PasswordOnly  bool // and hands over the password without the key package; goes with Backup
}

// data returns the data of the policy for the drives that the prefix stands for.
func (r *Recovery) data(prefix string) []csp.Data {
	handed := 1
	if r.PasswordOnly {
		handed = 2
	}
	return []csp.Data{
		truth(prefix+"AllowDRA_Name", r.Agent),
		number(prefix+"RecoveryPasswordUsageDropDown_Name", r.Password.value()), number(prefix+"RecoveryKeyUsageDropDown_Name", r.Key.value()),
		truth(prefix+"HideRecoveryPage_Name", r.HideChoice), truth(prefix+"ActiveDirectoryBackup_Name", r.Backup),
		number(prefix+"ActiveDirectoryBackupDropDown_Name", handed), truth(prefix+"RequireActiveDirectoryBackup_Name", r.RequireBackup),
	}
}

// Message is what is shown where the recovery password is asked for: a text, or a URL. Without either nothing is.
type Message struct{ Text, URL string }

func (m *Message) data() []csp.Data {
	kind := 0
	switch {
	case m.Text != "":
		kind = 2
	case m.URL != "":
		kind = 3
	}
	data := []csp.Data{number("PrebootRecoveryInfoDropDown_Name", kind)}
	if m.Text != "" {
		data = append(data, csp.Data{ID: "RecoveryMessage_Input", Value: m.Text})
	}
	if m.URL != "" {
		data = append(data, csp.Data{ID: "RecoveryUrl_Input", Value: m.URL})
	}
	return data
}

// Rotation says for which devices a recovery password that was used is replaced.
type Rotation int

// The rotations.
const (
	NoRotation       Rotation = 1 + iota
	RotateEntra               // those joined to Entra ID
	RotateEntraAndAD          // and those also joined to a domain
)

func (e *Encryption) validate() error {
	if m := e.Methods; m != nil {
		for _, f := range [...]struct {
			field  string
			method Method
		}{{"System", m.System}, {"Fixed", m.Fixed}, {"Removable", m.Removable}} {
			if !slices.Contains([]Method{AESCBC128, AESCBC256, XTSAES128, XTSAES256}, f.method) {
				return fault("Methods."+f.field, "none of those that there are")
			}
		}
	}
	if e.Startup != nil {
		if err := e.Startup.validate(); err != nil {
			return err
		}
	}
	if err := e.SystemRecovery.validate("SystemRecovery"); err != nil {
		return err
	}
	if err := e.FixedRecovery.validate("FixedRecovery"); err != nil {
		return err
	}
	if m := e.Message; m != nil {
		switch {
		case m.Text != "" && m.URL != "":
			return fault("Message.URL", "does not go with Text")
		case length(m.Text) > 900:
			return fault("Message.Text", "longer than 900 characters")
		case length(m.URL) > 500:
			return fault("Message.URL", "longer than 500 characters")
		}
	}
	switch {
	case e.SystemExtent < 0 || e.SystemExtent > UsedSpace:
		return fault("SystemExtent", "none of those that there are")
	case e.FixedExtent < 0 || e.FixedExtent > UsedSpace:
		return fault("FixedExtent", "none of those that there are")
	case e.MinimumPIN != 0 && (e.MinimumPIN < 4 || e.MinimumPIN > 20):
		return fault("MinimumPIN", "not 4 to 20")
	case e.Rotation < 0 || e.Rotation > RotateEntraAndAD:
		return fault("Rotation", "none of those that there are")
	case e.DenyForeignDrive && !e.DenyRemovable:
		return fault("DenyForeignDrive", "goes with DenyRemovable")
	}
	return nil
}

// length counts the characters as Windows does.
func length(s string) int { return len(utf16.Encode([]rune(s))) }

func (s *Startup) validate() error {
	required, allowed := "", ""
	for _, f := range [...]struct {
		field string
		use   Use
	}{{"TPM", s.TPM}, {"TPMAndPIN", s.TPMAndPIN}, {"TPMAndKey", s.TPMAndKey}, {"TPMAndPINAndKey", s.TPMAndPINAndKey}} {
		switch {
		case f.use < Allowed || f.use > Forbidden:
			return fault("Startup."+f.field, "none of those that there are")
		case f.use == Required && required != "":
			return fault("Startup."+f.field, fmt.Sprintf("Required, and so is %s", required))
		case f.use == Required:
			required = f.field
		case f.use == Allowed && allowed == "":
			allowed = f.field
		}
	}
	if required != "" && allowed != "" {
		return fault("Startup."+allowed, fmt.Sprintf("not Forbidden, and %s is Required", required))
	}
	return nil
}

func (r *Recovery) validate(field string) error {
	switch {
	case r == nil:
		return nil
	case r.Password < Allowed || r.Password > Forbidden:
		return fault(field+".Password", "none of those that there are")
	case r.Key < Allowed || r.Key > Forbidden:
		return fault(field+".Key", "none of those that there are")
	case r.RequireBackup && !r.Backup:
		return fault(field+".RequireBackup", "goes with Backup")
	case r.PasswordOnly && !r.Backup:
		return fault(field+".PasswordOnly", "goes with Backup")
	}
	return nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "bitlocker", Field: field, Reason: reason}
}
