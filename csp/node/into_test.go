package node_test

import (
	"errors"
	"testing"

	"github.com/gomadm/gomadm/csp/node"
)

func TestInto(t *testing.T) {
	other := errors.New("other")
	for name, tt := range map[string]struct {
		err, want error
		dst       int64
	}{
		"a value":     {nil, nil, 7},
		"none":        {node.ErrNoValue, nil, 1},
		"a wrong one": {other, other, 1},
	} {
		dst := int64(1)
		if err := node.Into(&dst)(7, tt.err); err != tt.want || dst != tt.dst {
			t.Errorf("%s: got %d, %v, want %d, %v", name, dst, err, tt.dst, tt.want)
		}
	}
}
