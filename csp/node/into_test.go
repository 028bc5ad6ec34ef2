package node_test

import (
	"errors"
	"math"
	"testing"
	"time"

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

func TestOptional(t *testing.T) {
	var dst *bool
	if err := node.Optional(&dst)(true, node.ErrNoValue); err != nil || dst != nil {
		t.Errorf("none: got %v, %v", dst, err)
	}
	if err := node.Optional(&dst)(true, nil); err != nil || dst == nil || !*dst {
		t.Errorf("a value: got %v, %v", dst, err)
	}
}

func TestDuration(t *testing.T) {
	for n, want := range map[int64]time.Duration{
		90: 90 * time.Minute, -1: -time.Minute, math.MaxInt64: math.MaxInt64 / time.Minute * time.Minute,
		math.MinInt64: -(math.MaxInt64 / time.Minute * time.Minute),
	} {
		if got := node.Duration(n, time.Minute); got != want {
			t.Errorf("%d: got %v, want %v", n, got, want)
		}
	}
}
