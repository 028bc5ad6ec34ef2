package dmclient

import (
	"errors"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Client is how a device is to keep in touch with the server that it knows by a ProviderID. What is nil or empty is left as
// it is on the device.
type Client struct {
	Provider string // ProviderID, such as "MS DM Server"; required
	Poll     *Poll
	// PFN is the package family name under which the device registers for push notifications of WNS.
	PFN string
	// KeepAlive lets the device say that it is still busy, so that the session does not time out.
	KeepAlive *bool
	// Version is SyncApplicationVersion, such as "5.0": which version of the management protocol the server wants.
	Version string
}

// Request returns the request for all that is set. It has no ID: the caller gives it one. The error is a *csp.FieldError.
func (c Client) Request() (omadm.Request, error) {
	if err := checkProvider(c.Provider); err != nil {
		return omadm.Request{}, err
	}
	var ops []omadm.Op
	if c.Poll != nil {
		if err := c.Poll.validate(); err != nil {
			return omadm.Request{}, err
		}
		ops = c.Poll.ops(c.Provider)
	}
	if c.PFN != "" {
		ops = append(ops, ProviderPushPFN.At(c.Provider).Replace(c.PFN))
	}
	if c.KeepAlive != nil {
		ops = append(ops, ProviderEnableOmaDmKeepAliveMessage.At(c.Provider).Replace(*c.KeepAlive))
	}
	if c.Version != "" {
		ops = append(ops, ProviderSyncApplicationVersion.At(c.Provider).Replace(c.Version))
	}
	if len(ops) == 0 {
		return omadm.Request{}, fault("", "nothing to set")
	}
	return omadm.Request{Ops: ops}, nil
}

// GetClient returns the request that asks for what ReadClient reads. It has no ID. The error is a *csp.FieldError.
func GetClient(provider string) (omadm.Request, error) {
	if err := checkProvider(provider); err != nil {
		return omadm.Request{}, err
	}
	var ops []omadm.Op
	for _, n := range numbers {
		ops = append(ops, n.node.At(provider).Get())
	}
	return omadm.Request{Ops: append(ops,
		ProviderPollPollOnLogin.At(provider).Get(), ProviderPollAllUsersPollOnFirstLogin.At(provider).Get(),
		ProviderPushPFN.At(provider).Get(), ProviderEnableOmaDmKeepAliveMessage.At(provider).Get(),
		ProviderSyncApplicationVersion.At(provider).Get(),
	)}, nil
}

// ReadClient reads what a device answered to GetClient. What it does not say is nil or empty, or zero in Poll. The error joins
// those of values of another kind; all others are there.
func ReadClient(provider string, results ...omadm.Result) (Client, error) {
	c := Client{Provider: provider, Poll: new(Poll)}
	err := errors.Join(
		c.Poll.read(provider, results),
		node.Optional(&c.KeepAlive)(ProviderEnableOmaDmKeepAliveMessage.At(provider).Value(results...)),
		node.Into(&c.PFN)(ProviderPushPFN.At(provider).Value(results...)),
		node.Into(&c.Version)(ProviderSyncApplicationVersion.At(provider).Value(results...)),
	)
	if *c.Poll == (Poll{}) {
		c.Poll = nil
	}
	return c, err
}

// Leave returns the request that ends the enrolment: the device leaves management. It has no ID. The error is a
// *csp.FieldError. The device answers and ends the session; it may begin one more, in which an omadm.Event with Unenrolled
// says that it has left.
func Leave(provider string) (omadm.Request, error) {
	if err := checkProvider(provider); err != nil {
		return omadm.Request{}, err
	}
	leave := ProviderUnenroll.At(provider).Exec()
	leave.Value = omadm.Text(provider) // as documented; devices since Windows 10 do not need it
	return omadm.Request{Ops: []omadm.Op{leave}}, nil
}

// checkProvider returns an error unless provider can be the name of a node.
func checkProvider(provider string) error {
	switch {
	case provider == "":
		return fault("Provider", "missing")
	case ProviderProviderID.At(provider).Get().Validate() != nil:
		return fault("Provider", "no name of a node")
	}
	return nil
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "dmclient", Field: field, Reason: reason}
}
