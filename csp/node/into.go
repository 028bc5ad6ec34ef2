package node

import (
	"errors"
	"math"
	"time"
)

// Into returns a function that puts into dst what Value returned. When the results have no value, dst stays as it is and
// there is no error, so that readers of several values can go on:
//
//	err := errors.Join(
//		node.Into(&s.URI)(dmclient.ProviderPushChannelURI.At(id).Value(results...)),
//		node.Into(&s.Status)(dmclient.ProviderPushStatus.At(id).Value(results...)),
//	)
func Into[V Value](dst *V) func(V, error) error {
	return Take(func(v V) { *dst = v })
}

// Optional is Into for what is nil when the device does not say it.
func Optional[V Value](dst **V) func(V, error) error {
	return Take(func(v V) { *dst = &v })
}

// Take is Into for what is more than to keep a value: f is called with it, unless the results have none.
func Take[V Value](f func(V)) func(V, error) error {
	return func(v V, err error) error {
		if err == nil {
			f(v)
		} else if errors.Is(err, ErrNoValue) {
			err = nil
		}
		return err
	}
}

// Duration returns n units of time, which a device answered. What is too long for a time.Duration is as long as it can be.
func Duration(n int64, unit time.Duration) time.Duration {
	most := int64(math.MaxInt64 / unit)
	return time.Duration(min(max(n, -most), most)) * unit
}
