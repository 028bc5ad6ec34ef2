package main

import (
	"bytes"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestOptions(t *testing.T) {
	got, err := parse(strings.Fields("-rate 0.5,100 -mix policy=2,object=1 -duration 2s -devices 7 -mtls -json a -svg b"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	want := options{
		serve: gomadm, store: memory, rounds: 5,
		devices: 7, mix: mix{policy: 2, object: 1}, object: 256 << 10, seed: 1, mtls: true, steps: []load{{open, 0.5}, {open, 100}},
		duration: 2 * time.Second, timeout: 30 * time.Second, json: "a", svg: "b",
	}
	if d := cmp.Diff(want, got, cmp.AllowUnexported(options{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	if o, err := parse(nil, io.Discard); err != nil || len(o.steps) == 0 || o.steps[0].Model != closed || o.mix.sum() == 0 {
		t.Errorf("without flags: %+v, %v", o, err)
	}
	if o, err := parse([]string{"-compare"}, io.Discard); err != nil || o.mix.sum() == 0 || o.mix[object] > 0 {
		t.Errorf("a comparison: %v, %v", o.mix, err)
	}
	if o, err := parse([]string{"-rate", "1,2", "-rate", "3"}, io.Discard); err != nil || len(o.steps) != 1 {
		t.Errorf("a flag twice: %v, %v", o.steps, err)
	}
}

func TestWrongOptions(t *testing.T) {
	for _, tt := range []struct{ args, want string }{
		{"extra", `unexpected argument "extra"`},
		{"-nosuch", "not defined"},
		{"-devices 0", "-devices"},
		{"-devices 1000001", "-devices"},
		{"-object-size 0", "-object-size"},
		{"-object-size 4194305", "-object-size"},
		{"-duration 0s", "-duration"},
		{"-duration 2h", "-duration"},
		{"-timeout 0s", "-timeout"},
		{"-rate 1 -concurrency 1", "exclude each other"},
		{"-rate 0", "not a number"},
		{"-rate NaN", "not a number"},
		{"-rate 100001", "not a number"},
		{"-rate 1,,2", "not a number"},
		{"-concurrency 1.5", "not a number"},
		{"-concurrency 10001", "not a number"},
		{"-mix wipe=1", `unknown kind "wipe"`},
		{"-mix policy", "weight of policy"},
		{"-mix policy=-1", "weight of policy"},
		{"-mix policy=1000001", "weight of policy"},
		{"-mix policy=0", "no kind"},
		{"-serve nginx", "-serve is none"},
		{"-store redis", "-store is none"},
		{"-url http://host/dm -compare", "not one at a -url"},
		{"-url http://host/dm -store sqlite", "not one at a -url"},
		{"-compare -serve echo", "-compare measures all"},
		{"-serve echo -store sqlite", "only gomadm"},
		{"-store postgres", "belong together"},
		{"-db x", "belong together"},
		{"-group 4", "-group"},
		{"-store sqlite -group 10001", "-group"},
		{"-compare -rounds 0", "-rounds"},
		{"-compare -svg x", "-svg"},
		{"-compare -mix object=1", "no large objects"},
		{"-serve baseline -mix object=1", "no large objects"},
		{"-token x", "need -url"},
		{"-server-ca x", "need -url"},
		{"-client-ca x -client-ca-key y", "need -url"},
		{"-client-ca x", "belong together"},
		{"-url 127.0.0.1:80", "-url"},
		{"-url ftp://host/", "absolute URL"},
		{"-url /dm", "absolute URL"},
		{"-url http://host/dm -mtls -client-ca x -client-ca-key y", "https"},
		{"-url https://host/dm -mtls", "belong together"},
		{"-url https://host/dm -client-ca x -client-ca-key y", "belong together"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			var stderr bytes.Buffer
			if got := run(t.Context(), strings.Fields(tt.args), io.Discard, &stderr); got != 2 || !strings.Contains(stderr.String(), tt.want) {
				t.Errorf("exit status %d, want 2 and %q:\n%s", got, tt.want, &stderr)
			}
		})
	}
	if got := run(t.Context(), []string{"-h"}, io.Discard, io.Discard); got != 0 {
		t.Errorf("help: exit status %d, want 0", got)
	}
}

// TestMix reads what it writes, and draws by weight.
func TestMix(t *testing.T) {
	m := mix{checkIn: 6, inventory: 3, object: 1}
	var again mix
	if err := again.Set(m.String()); err != nil || again != m {
		t.Errorf("%q is read as %v, %v", m.String(), again, err)
	}
	var drawn mix
	r := rand.New(rand.NewPCG(1, 0))
	for range 10_000 {
		drawn[m.draw(r)]++
	}
	for k, weight := range m {
		if want := weight * 1000; drawn[k] < want-300 || drawn[k] > want+300 || weight == 0 && drawn[k] > 0 {
			t.Errorf("%v: drawn %d times, want about %d", kind(k), drawn[k], want)
		}
	}
}
