package node

import "errors"

// Into returns a function that puts into dst what Value returned. When the results have no value, dst stays as it is and
// there is no error, so that readers of several values can go on:
//
//	err := errors.Join(
//		node.Into(&s.URI)(dmclient.ProviderPushChannelURI.At(id).Value(results...)),
//		node.Into(&s.Status)(dmclient.ProviderPushStatus.At(id).Value(results...)),
//	)
func Into[V Value](dst *V) func(V, error) error {
	return func(v V, err error) error {
		if err == nil {
			*dst = v
		} else if errors.Is(err, ErrNoValue) {
			err = nil
		}
		return err
	}
}
