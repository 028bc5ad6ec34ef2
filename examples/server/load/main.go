// Load lets simulated devices check in at a server, thousands from one process, and reports how long they take and
// what they cost the server. Each is a strict Windows device: whatever the server does against the specification
// counts.
//
//	load [-concurrency LIST | -rate LIST] [-devices N] [-mix LIST] [-mtls] [flags]     a server of its own, on loopback
//	load -serve echo | -serve baseline | -store sqlite | -store postgres -db URL       another, or on another store
//	load -compare [-rounds N] [flags]                                                 gomadm beside echo and baseline
//	load -url URL [-token TOKEN] [flags]                                              one that runs
//
// The terms:
//
//   - A check-in is what a device does when its time has come: it opens a connection, and with -mtls makes a full
//     handshake; it runs one session, in which it gets what was queued for it; it closes the connection.
//   - A kind is what is queued. "checkin": nothing, so that the session is one message each way. "policy": ten values
//     to be set. "inventory": twenty values to be read. "object": one value of -object-size octets, which comes in
//     parts. The mix gives each kind a weight; each device is of one kind, drawn by -seed.
//   - A step is a time of -duration with one load. Before it, what the devices are to get is queued; this is not
//     measured. In a step a device checks in once at most, so that the step also ends when all have.
//   - In the closed model (-concurrency) so many devices are busy at any time: when one is done the next begins. In the
//     open model (-rate) a device begins every so often, whether the ones before are done or not, as devices do. Its
//     latency counts from when it was due, so that waiting for a server that falls behind is seen.
//   - The latency of a check-in is from its beginning to the closed connection, that of a message from the request to
//     the whole answer. Those of failed check-ins are left out; they are counted. A device that failed rests from then on.
//
// The server of its own is a child process, so that its CPU time can be told apart. With -serve it is
//
//   - "gomadm": a session handler with as much of the administrator's interface of examples/server as is needed, on a store
//     in memory, in a file of SQLite that is removed at the end, or in PostgreSQL. What PostgreSQL takes in its own processes
//     is not counted.
//   - "echo": a handler that knows nothing of SyncML, to which the devices recite a conversation with gomadm and which
//     answers each message with as many octets. So it takes what TLS and HTTP take, and no server takes less.
//   - "baseline": a server written by hand for these check-ins alone, over encoding/xml and a map. It checks little, and
//     sends no large objects.
//
// With -compare the three run side by side and take turns, -rounds of them at each load, so that what else the machine does
// meets all. The report has the CPU time of each per check-in and the medians of their ratios. Quote ratios, not times.
//
// At a URL, the administrator's interface registers the devices and queues for them, and at the end the devices are
// unregistered, as they are in PostgreSQL. Devices that have to prove who they are there get certificates from -client-ca,
// with their id as CommonName.
//
// It ends with status 0, with 1 when a check-in failed, the server broke a rule or the run was interrupted, and with 2
// when the command line is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
)

// serveArgument makes the command the server that is measured. It is the one that the command starts itself.
const serveArgument = "serve"

func main() {
	if len(os.Args) == 2 && os.Args[1] == serveArgument {
		// An interrupt is for the parent, which ends this process by closing its input.
		signal.Ignore(os.Interrupt)
		os.Exit(serve(os.Stdin, os.Stdout, os.Stderr))
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second interrupt ends the process at once
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}

// run is main with everything it depends on handed in. It returns the exit status.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	o, err := parse(args, stderr)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return 0
	case err != nil:
		return 2
	}
	if err := measure(ctx, o, stdout, stderr); err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}

// measure runs all steps and writes the reports, also of a run that did not go well.
func measure(ctx context.Context, o options, stdout, stderr io.Writer) error {
	report, err := o.run(ctx, stderr)
	if report == nil || len(report.Steps) == 0 {
		return err
	}
	return errors.Join(err, report.writeText(stdout), o.write(report), report.err())
}

// write writes the files that were asked for.
func (o *options) write(r *report) error {
	return errors.Join(
		toFile(o.json, r.writeJSON),
		toFile(o.svg, func(w io.Writer) error { return writePlot(w, r) }),
	)
}

// toFile writes a file, unless name is empty.
func toFile(name string, write func(io.Writer) error) error {
	if name == "" {
		return nil
	}
	f, err := os.Create(name)
	if err != nil {
		return fmt.Errorf("load: %w", err)
	}
	return errors.Join(write(f), f.Close())
}
