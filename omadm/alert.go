package omadm

import (
	"fmt"
	"strconv"
	"strings"
)

// AlertCode is the code of an Alert (OMA DM Representation Protocol 1.2.1, alert codes). The codes 100 to 299
// belong to data synchronisation and have no meaning in DM.
type AlertCode int

// The alert codes. All others are reserved.
const (
	AlertDisplay         AlertCode = 1100 // show a text
	AlertConfirm         AlertCode = 1101 // ask yes or no
	AlertTextInput       AlertCode = 1102 // ask for a text
	AlertSingleChoice    AlertCode = 1103 // ask for one of a list
	AlertMultipleChoice  AlertCode = 1104 // ask for some of a list
	AlertServerInitiated AlertCode = 1200 // the session follows a notification
	AlertClientInitiated AlertCode = 1201 // the client began the session
	AlertNextMessage     AlertCode = 1222 // go on with the package
	AlertSessionAbort    AlertCode = 1223 // end the session now
	AlertClientEvent     AlertCode = 1224 // the items are events of the client
	AlertNoEndOfData     AlertCode = 1225 // a large object was broken off
	AlertGeneric         AlertCode = 1226 // a typed notice, perhaps about a node
)

// Direction says who may send an alert.
type Direction uint8

// The directions.
const (
	ToClient Direction = 1 << iota
	ToServer
	BothWays = ToClient | ToServer
)

// AlertClass is what an alert is about.
type AlertClass uint8

// The classes of alerts.
const (
	AlertReserved AlertClass = iota // a code that DM does not use: answered with 406
	AlertUser                       // interaction with the user
	AlertSession                    // beginning of a session
	AlertFlow                       // course of a package or session
	AlertEvent                      // event that the application wants to know
)

// alerts says what the codes mean.
var alerts = [...]struct {
	code      AlertCode
	name      string
	direction Direction
	class     AlertClass
}{
	{AlertDisplay, "Display", ToClient, AlertUser},
	{AlertConfirm, "Confirm or reject", ToClient, AlertUser},
	{AlertTextInput, "Text input", ToClient, AlertUser},
	{AlertSingleChoice, "Single choice", ToClient, AlertUser},
	{AlertMultipleChoice, "Multiple choice", ToClient, AlertUser},
	{AlertServerInitiated, "Server-initiated management", ToServer, AlertSession},
	{AlertClientInitiated, "Client-initiated management", ToServer, AlertSession},
	{AlertNextMessage, "Next message", BothWays, AlertFlow},
	{AlertSessionAbort, "Session abort", BothWays, AlertFlow},
	{AlertClientEvent, "Client event", ToServer, AlertEvent},
	{AlertNoEndOfData, "No end of data", BothWays, AlertFlow},
	{AlertGeneric, "Generic alert", ToServer, AlertEvent},
}

// find returns the index of c in alerts, -1 for a reserved code.
func (c AlertCode) find() int {
	for i := range alerts {
		if alerts[i].code == c {
			return i
		}
	}
	return -1
}

// Known reports whether DM gives c a meaning. A device that sends another code is answered with 406.
func (c AlertCode) Known() bool { return c.find() >= 0 }

// String returns the code and its name, "1201 Client-initiated management"; only the number of a reserved code.
func (c AlertCode) String() string {
	i := c.find()
	if i < 0 {
		return strconv.Itoa(int(c))
	}
	return strconv.Itoa(int(c)) + " " + alerts[i].name
}

// Direction says who may send c; 0 for a reserved code.
func (c AlertCode) Direction() Direction {
	i := c.find()
	if i < 0 {
		return 0
	}
	return alerts[i].direction
}

// Class says what c is about.
func (c AlertCode) Class() AlertClass {
	i := c.find()
	if i < 0 {
		return AlertReserved
	}
	return alerts[i].class
}

// ParseAlertCode reads the content of the Data element of an Alert. White space around the number is ignored.
// Every decimal number of three or four digits is a code, known or not.
func ParseAlertCode(s string) (AlertCode, error) {
	n, err := parseCode("alert", s)
	return AlertCode(n), err
}

var directionNames = [...]string{ToClient: "to client", ToServer: "to server", BothWays: "both ways"}

// String returns "to client", "to server" or "both ways".
func (d Direction) String() string {
	if int(d) < len(directionNames) && directionNames[d] != "" {
		return directionNames[d]
	}
	return fmt.Sprintf("Direction(%d)", uint8(d))
}

var alertClassNames = [...]string{
	AlertReserved: "reserved", AlertUser: "user", AlertSession: "session", AlertFlow: "flow", AlertEvent: "event",
}

// String returns the name of the class.
func (c AlertClass) String() string {
	if int(c) < len(alertClassNames) {
		return alertClassNames[c]
	}
	return fmt.Sprintf("AlertClass(%d)", uint8(c))
}

// Types of the alerts 1224 and 1226 that Windows sends, in the form that AlertType gives them.
const (
	TypeLoginStatus      = "com.microsoft/MDM/LoginStatus"                       // user, others or none
	TypeAADUserToken     = "com.microsoft/MDM/AADUserToken"                      // a JWT, never to be logged
	TypeSyncType         = "com.microsoft.mdm.synctype"                          // user, device or mixed (MS-MDM section 3.2.5.1.5)
	TypeDevicePrepSync   = "com.microsoft/MDM/DevicePrepSync"                    // state of the preparation (MS-MDM section 3.2.5.1.6)
	TypeRequestPending   = "com.microsoft.mdm.requestpending"                    // 1: still busy, keep the session
	TypeDeclaredConfig   = "com.microsoft.mdm.declaredconfigurationdocuments"    // markup: documents and their states
	TypeMSIInstall       = "com.microsoft.mdm.win32csp_install"                  // outcome
	TypeUnenrollment     = "com.microsoft:mdm.unenrollment.userrequest"          // the user leaves management
	TypeHostedAppInstall = "com.microsoft.mdm.EnterpriseHostedAppInstall.result" // outcome; Source names the app node
	TypeAppUninstall     = "com.microsoft.mdm.EnterpriseAppUninstall.result"     // outcome
	TypeStoreAppInstall  = "com.microsoft.mdm.EnterpriseStoreAppInstall.result"  // outcome
	TypePrinterInstall   = "com.microsoft.mdm.UPPrinterInstallsAlert"            // outcome
	TypeBootstrapSync    = "com.microsoft/MDM/BootstrapSync"                     // not documented, like those below
	TypeDomainJoinSync   = "com.microsoft/MDM/OdjSync"
	TypeSCEPInstall      = "com.microsoft:mdm.SCEPcertinstall.result"
	TypeRefresh          = "com.microsoft:mdm.refresh"
	TypeOSMode           = "com.microsoft:mdm.osmode"
	TypeDocumentComplete = "com.microsoft:mdm.declaredconfiguration.processdoccomplete"
	TypeDevicePrepResult = "com.microsoft.mdm.deviceprepresult"
)

// knownAlertTypes are the alert types of this package.
var knownAlertTypes = [...]string{
	TypeLoginStatus, TypeAADUserToken, TypeSyncType, TypeDevicePrepSync, TypeRequestPending, TypeDeclaredConfig,
	TypeMSIInstall, TypeUnenrollment, TypeHostedAppInstall, TypeAppUninstall, TypeStoreAppInstall,
	TypePrinterInstall, TypeBootstrapSync, TypeDomainJoinSync, TypeSCEPInstall, TypeRefresh, TypeOSMode,
	TypeDocumentComplete, TypeDevicePrepResult,
}

// AlertType returns the alert type s in the form in which types are compared: without white space around it and
// without the prefix "Reversed-Domain-Name:", which Windows writes before some types and leaves out before
// others. The case of the rest is kept.
func AlertType(s string) string {
	const prefix = "Reversed-Domain-Name:"
	s = strings.TrimSpace(s)
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return strings.TrimSpace(s[len(prefix):])
	}
	return s
}

// KnownAlertType reports whether s is one of the alert types of this package, compared as AlertType says.
func KnownAlertType(s string) bool {
	s = AlertType(s)
	for _, t := range knownAlertTypes {
		if s == t {
			return true
		}
	}
	return false
}

// Marks of a generic alert, from the most to the least important (OMA DM Protocol 1.2.1, section 8.7). Others
// are kept as they were received.
const (
	MarkFatal         = "fatal"
	MarkCritical      = "critical"
	MarkMinor         = "minor"
	MarkWarning       = "warning"
	MarkInformational = "informational" // the default
	MarkHarmless      = "harmless"
	MarkIndeterminate = "indeterminate"
)

var marks = [...]string{
	MarkFatal, MarkCritical, MarkMinor, MarkWarning, MarkInformational, MarkHarmless, MarkIndeterminate,
}

// AlertMark returns the mark s without white space around it, MarkInformational when there is none.
func AlertMark(s string) string {
	if s = strings.TrimSpace(s); s != "" {
		return s
	}
	return MarkInformational
}

// MarkLevel returns the importance of the mark s, 0 for fatal to 6 for indeterminate; -1 for one that the
// specification does not name.
func MarkLevel(s string) int {
	s = AlertMark(s)
	for i, m := range marks {
		if s == m {
			return i
		}
	}
	return -1
}
