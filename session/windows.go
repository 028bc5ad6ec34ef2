package session

import (
	"strconv"
	"strings"
)

// Origin is why a Windows device opened a session, as the header UserAgentOrigin says (MS-MDM section 2.1). Nothing
// proves it: it may order work, and must not permit any.
type Origin int

// The origins. The zero Origin is unknown.
const (
	OriginUser     Origin = 1 + iota // the user asked for it
	OriginSchedule                   // the schedule of the device
	OriginPush                       // a push notification
	OriginLogon                      // a user signed in
	OriginEnrolled                   // right after enrolment
	OriginCSP                        // a configuration service provider
	OriginAPI                        // a program on the device
)

// Origin returns why the device says it opened the session, 0 when it does not say so. Of a list the first entry is
// about this session.
func (in *Inbound) Origin() Origin {
	first, _, _ := strings.Cut(in.Headers.Get("UserAgentOrigin"), ",")
	n, err := strconv.ParseUint(strings.TrimSpace(first), 10, 16)
	if err != nil {
		return 0
	}
	return Origin(n)
}
