package defender

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Threat is malware that a device has found.
type Threat struct {
	ID         string // of the threat, a number
	Name, URL  string
	Severity   Severity
	Category   int64 // such as 8, a Trojan, or 50, ransomware
	Status     ThreatStatus
	Detections int64  // how often it was found
	First      string // when, in the words of the device
	Changed    string // when Status was set
}

// Severity is how bad a threat is.
type Severity int64

// The severities.
const (
	UnknownSeverity Severity = 0
	Low             Severity = 1
	Moderate        Severity = 2
	High            Severity = 4
	Severe          Severity = 5
)

// ThreatStatus is what became of a threat.
type ThreatStatus int64

// The statuses.
const (
	Active ThreatStatus = iota
	ActionFailed
	NeedsManualSteps
	NeedsFullScan
	NeedsReboot
	PartlyRemediated
	Quarantined
	Removed
	Cleaned
	AllowedThreat
	Cleared
)

var threatStatuses = [...]string{
	"active", "action failed", "needs manual steps", "needs a full scan", "needs a reboot", "partly remediated", "quarantined", "removed",
	"cleaned", "allowed", "cleared",
}

// Over reports whether nothing is left to be done about a threat.
func (s ThreatStatus) Over() bool { return s >= Quarantined && s <= Cleared }

// String returns the status in words.
func (s ThreatStatus) String() string {
	if s >= 0 && int(s) < len(threatStatuses) {
		return threatStatuses[s]
	}
	return fmt.Sprintf("ThreatStatus(%d)", int64(s))
}

// GetThreats returns the request that asks for what ReadThreats reads. It has no ID.
func GetThreats() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{{Verb: omadm.Get, URI: Detections.LocURI() + "?list=" + omadm.ListStructData}}}
}

// ReadThreats reads what a device answered to GetThreats, in the order of the device. What it does not say is zero; the error
// is that of a value of another kind.
func ReadThreats(results ...omadm.Result) ([]Threat, error) {
	var list []Threat
	var errs []error
	for _, row := range DetectionsThreatId.Rows(results...) {
		id, results := row.Name, row.Results
		t := Threat{ID: id}
		var severity, status int64
		errs = append(errs,
			node.Into(&t.Name)(DetectionsName.At(id).Value(results...)), node.Into(&t.URL)(DetectionsURL.At(id).Value(results...)),
			node.Into(&severity)(DetectionsSeverity.At(id).Value(results...)), node.Into(&t.Category)(DetectionsCategory.At(id).Value(results...)),
			node.Into(&status)(DetectionsCurrentStatus.At(id).Value(results...)),
			node.Into(&t.Detections)(DetectionsNumberOfDetections.At(id).Value(results...)),
			node.Into(&t.First)(DetectionsInitialDetectionTime.At(id).Value(results...)),
			node.Into(&t.Changed)(DetectionsLastThreatStatusChangeTime.At(id).Value(results...)),
		)
		t.Severity, t.Status = Severity(severity), ThreatStatus(status)
		list = append(list, t)
	}
	return list, errors.Join(errs...)
}
