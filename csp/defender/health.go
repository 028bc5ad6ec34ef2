package defender

import (
	"errors"
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// QuickScan returns the request that scans the places where malware usually is. It has no ID: the caller gives it one. The
// device answers when the scan has begun; Health tells what came of it.
func QuickScan() omadm.Request { return one(Scan.ExecWith(ScanQuickScan)) }

// FullScan returns the request that scans everything. It has no ID.
func FullScan() omadm.Request { return one(Scan.ExecWith(ScanFullScan)) }

// ScanOffline returns the request that lets the device scan before Windows starts the next time. It has no ID.
func ScanOffline() omadm.Request { return one(OfflineScan.Exec()) }

// UpdateSignatures returns the request that gets the newest signatures. It has no ID.
func UpdateSignatures() omadm.Request { return one(UpdateSignature.Exec()) }

func one(op omadm.Op) omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{op}}
	r.Normalize()
	return r
}

// State is what a device says of its protection. Times and versions are in its own words.
type State struct {
	Enabled, RealTime, Network bool // the protection as a whole, that of files in real time, that of the network
	TamperProtected            bool
	Product                    ProductStatus
	Computer                   ComputerState

	RebootRequired, FullScanRequired bool
	SignaturesOutOfDate              bool
	QuickScanOverdue                 bool
	FullScanOverdue                  bool

	Version, Engine, Signatures string // of the product, the engine and the signatures
	QuickScan, FullScan         LastScan
	VirtualMachine              bool
}

// LastScan is when a device was scanned last, and with which signatures.
type LastScan struct{ Time, Signatures string }

// ComputerState is what has to happen before a device is clean, a bit for each; 0: nothing.
type ComputerState int64

// The states.
const (
	PendingFullScan ComputerState = 1 << iota
	PendingReboot
	PendingManualSteps // by the user
	PendingOfflineScan
	CriticalFailure // which somebody has to look into
)

// ProductStatus is what is the matter with the protection, a bit for each.
type ProductStatus int64

// The statuses. Initialized says that nothing is, and stands alone.
const (
	NotRunning ProductStatus = 1 << iota
	WithoutEngine
	FullScanForThreat
	RebootForThreat
	ManualStepsForThreat
	AntivirusSignaturesOld
	AntispywareSignaturesOld
	NoQuickScan // for too long
	NoFullScan  // for too long
	ScanInProgress
	CleanInProgress
	SamplesPending
	Evaluation
	NotGenuine
	Expired
	OfflineScanRequired
	ShuttingDown
	RemediationFailedCritically
	RemediationFailed
	Initialized
	PlatformOld
	PlatformUpdateInProgress
	PlatformSoonOld
	EndOfLife
	SModeSignatures
)

var computerStates = [...]string{"full scan", "reboot", "manual steps", "offline scan", "critical failure"}

var productStatuses = [...]string{
	"not running", "without an engine", "full scan for a threat", "reboot for a threat", "manual steps for a threat",
	"antivirus signatures old", "antispyware signatures old", "no quick scan", "no full scan", "scan in progress", "clean in progress",
	"samples pending", "evaluation", "not genuine", "expired", "offline scan required", "shutting down", "remediation failed critically",
	"remediation failed", "initialized", "platform old", "platform update in progress", "platform soon old", "end of life",
	"signatures of S mode",
}

// String returns what is pending, with commas between, and a number for what is not known.
func (s ComputerState) String() string { return bits(int64(s), computerStates[:], "clean") }

// String returns the statuses, with commas between, and a number for those that are not known.
func (s ProductStatus) String() string { return bits(int64(s), productStatuses[:], "none") }

func bits(n int64, names []string, none string) string {
	if n == 0 {
		return none
	}
	var list []string
	for i, name := range names {
		if n&(1<<i) != 0 {
			list = append(list, name)
		}
	}
	if rest := n &^ (1<<len(names) - 1); rest != 0 {
		list = append(list, fmt.Sprintf("%#x", rest))
	}
	return strings.Join(list, ", ")
}

// field is a node and where its value goes.
type field[V bool | string] struct {
	node node.Get[V]
	dst  *V
}

// flags are the nodes of s that are true or false.
func (s *State) flags() []field[bool] {
	return []field[bool]{
		{HealthDefenderEnabled, &s.Enabled}, {HealthRtpEnabled, &s.RealTime}, {HealthNisEnabled, &s.Network},
		{HealthTamperProtectionEnabled, &s.TamperProtected}, {HealthRebootRequired, &s.RebootRequired},
		{HealthFullScanRequired, &s.FullScanRequired}, {HealthSignatureOutOfDate, &s.SignaturesOutOfDate},
		{HealthQuickScanOverdue, &s.QuickScanOverdue}, {HealthFullScanOverdue, &s.FullScanOverdue}, {HealthIsVirtualMachine, &s.VirtualMachine},
	}
}

// texts are those that hold text.
func (s *State) texts() []field[string] {
	return []field[string]{
		{HealthDefenderVersion, &s.Version}, {HealthEngineVersion, &s.Engine}, {HealthSignatureVersion, &s.Signatures},
		{HealthQuickScanTime, &s.QuickScan.Time}, {HealthQuickScanSigVersion, &s.QuickScan.Signatures},
		{HealthFullScanTime, &s.FullScan.Time}, {HealthFullScanSigVersion, &s.FullScan.Signatures},
	}
}

// GetState returns the request that asks for what ReadState reads. It has no ID.
func GetState() omadm.Request {
	var s State
	r := omadm.Request{Ops: []omadm.Op{HealthProductStatus.Get(), HealthComputerState.Get()}}
	for _, f := range s.flags() {
		r.Ops = append(r.Ops, f.node.Get())
	}
	for _, f := range s.texts() {
		r.Ops = append(r.Ops, f.node.Get())
	}
	return r
}

// ReadState reads what a device answered to GetState. What it does not say is zero, but the error wraps node.ErrNoValue when
// it does not say whether it is protected at all; it may be that of a value of another kind.
func ReadState(results ...omadm.Result) (State, error) {
	var s State
	if _, err := HealthDefenderEnabled.Value(results...); err != nil {
		return s, err
	}
	var product, computer int64
	err := errors.Join(
		node.Into(&product)(HealthProductStatus.Value(results...)), node.Into(&computer)(HealthComputerState.Value(results...)),
	)
	for _, f := range s.flags() {
		err = errors.Join(err, node.Into(f.dst)(f.node.Value(results...)))
	}
	for _, f := range s.texts() {
		err = errors.Join(err, node.Into(f.dst)(f.node.Value(results...)))
	}
	s.Product, s.Computer = ProductStatus(product), ComputerState(computer)
	return s, err
}
