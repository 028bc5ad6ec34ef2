// Server is an OMA DM server in one process: the session handler on a store in memory, with an endpoint for the
// administrator.
//
//	server [-listen ADDRESS] [flags]       serve until interrupted
//	server -demo [-devices N]              let simulated Windows devices talk to it, print what they say
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
	"log/slog"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
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
	log := slog.New(slog.NewTextHandler(stderr, nil))
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
