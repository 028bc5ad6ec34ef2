package node_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestSize builds a program that uses the catalogue, and one that uses a constant as well.
func TestSize(t *testing.T) {
	if testing.Short() {
		t.Skip("builds two programs")
	}
	const source = `package main

import (
	"fmt"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/omadm"
)

func main() {
	op := omadm.Op{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Int(0)}
	fmt.Println(op, csp.Default().Check(csp.Device{}, omadm.Request{Ops: []omadm.Op{op}}))
	v, err := csp.Default().Decode(op.URI, op.Value)
	n, _ := v.Int()
	fmt.Println(n, err)
}
`
	size := func(name, source string) int64 {
		main := filepath.Join(t.TempDir(), name+".go")
		out := strings.TrimSuffix(main, ".go")
		if err := os.WriteFile(main, []byte(source), 0o600); err != nil {
			t.Fatal(err)
		}
		if b, err := exec.Command("go", "build", "-o", out, main).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, b)
		}
		if b, err := exec.Command(out).CombinedOutput(); err != nil || !strings.HasPrefix(string(b), "Replace ") {
			t.Fatalf("%v: %s", err, b)
		}
		info, err := os.Stat(out)
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	without := size("program", strings.Replace(source, "\t\"github.com/gomadm/gomadm/csp/policy\"\n", "", 1))
	with := size("program", strings.NewReplacer(
		`omadm.Op{Verb: omadm.Replace, URI: "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera", Value: omadm.Int(0)}`,
		"policy.CameraAllowCamera.Replace(policy.CameraAllowCameraNotAllowed)",
		"v, err := csp.Default().Decode(op.URI, op.Value)\n\tn, _ := v.Int()\n",
		"n, err := policy.CameraAllowCamera.Value(omadm.Result{})\n",
	).Replace(source))
	t.Logf("without %d octets, with %d: %d added", without, with, with-without)
	if added := with - without; added >= 16<<10 {
		t.Errorf("a constant adds %d octets", added)
	}
}
