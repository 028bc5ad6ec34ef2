package main

import (
	"context"
	"crypto/x509"
	"errors"
	"slices"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
)

// holder finds the device that holds a certificate.
type holder struct{ store session.Store }

// device returns the registered device whose id is the CommonName or one of the URI SANs of cert, as a whole. A
// certificate that names none, or more than one, belongs to nobody.
func (h holder) device(ctx context.Context, cert *x509.Certificate) (omadm.DeviceID, error) {
	var found omadm.DeviceID
	for _, id := range names(cert) {
		known, err := registered(ctx, h.store, id)
		switch {
		case err != nil:
			return "", err
		case !known:
			continue
		case found != "":
			return "", session.ErrUnauthenticated
		}
		found = id
	}
	if found == "" {
		return "", session.ErrUnauthenticated
	}
	return found, nil
}

// names returns the fields of a certificate that may be the id of a device.
func names(cert *x509.Certificate) []omadm.DeviceID {
	list := []omadm.DeviceID{omadm.DeviceID(cert.Subject.CommonName)}
	for _, u := range cert.URIs {
		list = append(list, omadm.DeviceID(u.String()))
	}
	slices.Sort(list)
	return slices.DeleteFunc(slices.Compact(list), func(id omadm.DeviceID) bool { return id == "" })
}

// registered reports whether a store knows a device.
func registered(ctx context.Context, s session.Store, id omadm.DeviceID) (bool, error) {
	_, err := s.Load(ctx, session.Query{Device: id})
	if errors.Is(err, session.ErrUnknownDevice) {
		return false, nil
	}
	return err == nil, err
}
