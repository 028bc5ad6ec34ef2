// Server is an OMA DM server: the session handler on a database, with an endpoint for the administrator.
//
//	server [-listen ADDRESS] [-db DATABASE] [flags]     serve until interrupted
//	server -demo [-devices N] [-db DATABASE] [-record DIR]  let simulated Windows devices talk to it, print what they say
//
// The database is a file of SQLite, gomadm.db unless -db names another one, or a PostgreSQL, as -db postgres://...; with
// -db memory nothing outlives the process. Its tables are made or updated at the start. The demonstration has a file of its
// own that it removes, unless -db is given; then it goes on where the one before on that database ended, and says so.
//
//	/              devices, or below -path; they prove themselves as -client-ca or -forwarded-proxies say
//	/admin/        the administrator: -token or -token-file, or from this machine; /admin/openapi.yaml describes all of it
//	/admin/metrics what the process counts, for Prometheus
//	/livez         200 as long as the process answers
//	/readyz        200 while its database answers, 503 when not and when the process is about to stop
//
// With -metrics ADDRESS a listener of its own has /metrics, /livez and /readyz, without a token: for a network of those
// who watch, not of devices.
//
// A request may take -timeout, after which the database is no longer waited for and the device is told to come again. It
// is told the same beyond -max-requests messages at a time; one that comes slowly holds its place until -timeout. On an
// interrupt or SIGTERM the process is no longer ready, goes on for -drain, closes its listener and answers what it has
// begun; a second signal ends it at once.
//
// The log goes to stderr, with -log-format json for programs. It has the administrator's requests, what was refused and
// what failed; at -log-level debug also each message. Nothing that came over the network gets into it but names, addresses
// and paths of the administrator. PostgreSQL takes a password from PGPASSWORD or .pgpass, where lists of processes do not
// show it.
//
// Several processes may serve one database, and keep nothing to themselves. What that does not cover: when two of them
// register the same new device in the same instant, facts that it told in between are taken away until it tells them
// again, and its push channel. On PostgreSQL results appear when all older transactions of the database server have ended;
// until then a request that has just ended is answered 404. A single request is found by reading the history of its device;
// who has many requests follows /admin/results with its cursor.
//
// It ends with status 0, with 1 when something failed or the demonstration lost a command, and with 2 when the
// command line is wrong.
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

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	status := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
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
	log := o.logger(stderr)
	if o.demo {
		err = demonstrate(ctx, o, stdout, log)
	} else {
		err = serve(ctx, o, stdout, log)
	}
	if err != nil {
		fmt.Fprintln(stderr, err)
		return 1
	}
	return 0
}
