package main

import (
	"context"
	"errors"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/jackc/pgx/v5"

	"github.com/gomadm/gomadm/examples/server/pgtest"
)

// served returns a report of steps at one load that took so much CPU time.
func served(steps ...stepReport) *report { return &report{Steps: steps} }

func used(server string, ms float64) stepReport {
	return stepReport{load: load{closed, 2}, Server: server, ServerCPU: &cpuReport{PerCheckIn: ms}}
}

// TestComparison takes the median of the rounds, and of the ratios within each round.
func TestComparison(t *testing.T) {
	r := served(
		used(gomadm, 2), used(echoes, 1), used(baseline, 8),
		used(echoes, 4), used(baseline, 12), used(gomadm, 6), // a busy machine
		used(baseline, 9), used(gomadm, 3), used(echoes, 1),
		stepReport{load: load{closed, 4}, Server: gomadm, ServerCPU: &cpuReport{PerCheckIn: 99}},
		stepReport{load: load{closed, 2}, Server: gomadm}, // nobody knows
	)
	r.compare(load{closed, 2})
	want := []comparison{{
		load:         load{closed, 2},
		Servers:      map[string]spread{gomadm: {3, 3, 2, 6}, echoes: {3, 1, 1, 4}, baseline: {3, 9, 8, 12}},
		GomadmToEcho: 2, BaselineToEcho: 8, BaselineToGomadm: 3,
	}}
	if d := cmp.Diff(want, r.Comparison, cmp.AllowUnexported(comparison{})); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
	var b strings.Builder
	r.writeComparison(&b)
	for _, line := range []string{"gomadm     2       3   3.000   2.000    6.000    2.00", "the baseline takes 3.00 times as much as gomadm"} {
		if !strings.Contains(b.String(), line) {
			t.Errorf("lacks %q:\n%s", line, &b)
		}
	}
}

// TestComparisonWithoutCPUTime is that of a system that does not tell.
func TestComparisonWithoutCPUTime(t *testing.T) {
	r := served(stepReport{load: load{closed, 2}, Server: gomadm})
	r.compare(load{closed, 2})
	if c := r.Comparison[0]; len(c.Servers) > 0 || c.GomadmToEcho != 0 {
		t.Errorf("got %+v", c)
	}
}

// TestCompare measures the three servers in turn: the devices find nothing wrong with any of them.
func TestCompare(t *testing.T) {
	for _, name := range []string{"plain", "mtls"} {
		t.Run(name, func(t *testing.T) {
			args := "-compare -rounds 2 -devices 20 -duration 1m -concurrency 2 -mix checkin=1,policy=1,inventory=1 -mtls="
			got := compared(t, args+map[string]string{"plain": "false", "mtls": "true"}[name])
			if got.status != 0 || got.stderr != "" || got.report.Total != (totalReport{CheckIns: 120}) {
				t.Fatalf("exit status %d, %s%s", got.status, got.stderr, got.stdout)
			}
			var order []string
			for _, s := range got.report.Steps {
				order = append(order, s.Server)
			}
			if d := cmp.Diff([]string{gomadm, echoes, baseline, echoes, baseline, gomadm}, order); d != "" {
				t.Errorf("turns (-want +got):\n%s", d)
			}
			if a, b := &got.report.Steps[0], &got.report.Steps[1]; a.Messages != b.Messages || a.Sent != b.Sent || a.Received != b.Received {
				t.Errorf("gomadm has %d messages of %d and %d octets, echo %d of %d and %d",
					a.Messages, a.Sent, a.Received, b.Messages, b.Sent, b.Received)
			}
			if a, b := &got.report.Steps[0], &got.report.Steps[2]; a.Messages != b.Messages || a.Commands != b.Commands {
				t.Errorf("gomadm has %d messages and %d commands, the baseline %d and %d", a.Messages, a.Commands, b.Messages, b.Commands)
			}
			if len(got.report.Comparison) != 1 || runtime.GOOS == "linux" && got.report.Comparison[0].Servers[echoes].Rounds != 2 {
				t.Errorf("comparison is %+v", got.report.Comparison)
			}
		})
	}
}

// compared is runLoad without a plot, of which a comparison has none.
func compared(t *testing.T, args string) result {
	t.Helper()
	return runLoadTo(t.Context(), t, false, strings.Fields(args)...)
}

// TestServe drives each server alone.
func TestServe(t *testing.T) {
	for _, tt := range []struct{ args, name string }{
		{"-serve echo -mix policy=1,object=1 -object-size 200000", "echo"},
		{"-serve baseline", "baseline"},
		{"-store sqlite", "gomadm, store sqlite"},
		{"-store sqlite -group 8", "gomadm, store sqlite, up to 8 commits together"},
	} {
		t.Run(tt.args, func(t *testing.T) {
			got := runLoad(t.Context(), t, append(strings.Fields(tt.args), "-devices", "10", "-duration", "1m", "-concurrency", "2,2")...)
			if got.status != 0 || got.stderr != "" || got.report.Total != (totalReport{CheckIns: 20}) {
				t.Fatalf("exit status %d, %s%s", got.status, got.stderr, got.stdout)
			}
			if want := "a server of its own: " + tt.name + ", "; !strings.HasPrefix(got.stdout, want) {
				t.Errorf("does not begin with %q:\n%s", want, got.stdout)
			}
		})
	}
}

// TestRehearsal is a conversation as long as that of the kind.
func TestRehearsal(t *testing.T) {
	const size = 200_000
	all := operations(size)
	for k, want := range [kinds]int{checkIn: 1, policy: 2, inventory: 2, object: 5} {
		lines, err := rehearse(t.Context(), "http://127.0.0.1:12345/dm", all[k], size)
		if err != nil || len(lines) != want {
			t.Errorf("%v: %d messages, want %d, %v", kind(k), len(lines), want, err)
		}
	}
	if _, err := rehearse(t.Context(), "http://127.0.0.1:12345/dm", []op{{Verb: "Exec"}}, size); err == nil {
		t.Error("rehearses what there is not")
	}
}

// TestPostgres keeps the devices in a database that goes on: none of them stays there.
func TestPostgres(t *testing.T) {
	dsn := pgtest.Schema(t)
	got := runLoad(t.Context(), t, "-store", "postgres", "-db", dsn, "-group", "8", "-devices", "10", "-duration", "1m", "-concurrency", "4")
	if got.status != 0 || got.stderr != "" || got.report.Total != (totalReport{CheckIns: 10}) {
		t.Fatalf("exit status %d, %s%s", got.status, got.stderr, got.stdout)
	}
	if strings.Contains(got.stdout, dsn) {
		t.Errorf("tells the URL of the database:\n%s", got.stdout)
	}
	conn, err := pgx.Connect(t.Context(), dsn)
	if err != nil {
		t.Fatal(err)
	}
	left := -1
	err = conn.QueryRow(t.Context(), "SELECT count(*) FROM gomadm_devices").Scan(&left)
	if err := errors.Join(err, conn.Close(context.Background())); err != nil || left != 0 {
		t.Errorf("%d devices are left, %v", left, err)
	}
}
