package dmclient

import (
	"errors"
	"strconv"

	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Channel is where a device is woken by a push notification of WNS. A device gets one for the PFN that Client sets, and
// replaces it now and then.
type Channel struct {
	URI    string // empty: none yet
	Status PushStatus
}

// PushStatus is how the registration for push notifications went.
type PushStatus int64

// The statuses.
const (
	PushOK               PushStatus = iota
	PushBadPFN                      // not a PFN
	PushNoAccount                   // the device is not authenticated, or no longer
	PushRefused                     // registration failed: the PFN is unknown or revoked
	PushNoChannel                   // none was assigned
	PushExpired                     // it has to be renewed
	PushNotRevoked                  // an old one could not be revoked
	PushNoSession                   // a push came, and there was no power or no network for a session
	PushOtherwiseFailing            // unknown, or not in this edition
)

var pushStatuses = [...]string{
	"ok", "not a PFN", "device not authenticated", "registration refused", "no channel", "channel expired", "channel not revoked",
	"no power or no network for a session", "failed otherwise",
}

// String returns what the status means; the number of one that is not known.
func (s PushStatus) String() string {
	if s < 0 || int(s) >= len(pushStatuses) {
		return strconv.FormatInt(int64(s), 10)
	}
	return pushStatuses[s]
}

// GetChannel returns the request that asks for the channel. It has no ID. The error is a *csp.FieldError.
func GetChannel(provider string) (omadm.Request, error) {
	if err := checkProvider(provider); err != nil {
		return omadm.Request{}, err
	}
	return omadm.Request{Ops: []omadm.Op{ProviderPushChannelURI.At(provider).Get(), ProviderPushStatus.At(provider).Get()}}, nil
}

// ReadChannel reads what a device answered to GetChannel. What it does not say is zero; the error is that of a status that
// is no number.
func ReadChannel(provider string, results ...omadm.Result) (Channel, error) {
	var c Channel
	var status int64
	err := errors.Join(
		node.Into(&c.URI)(ProviderPushChannelURI.At(provider).Value(results...)),
		node.Into(&status)(ProviderPushStatus.At(provider).Value(results...)),
	)
	c.Status = PushStatus(status)
	return c, err
}
