package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"math"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds of what may be asked for.
const (
	maxDevices     = 1_000_000
	maxConcurrency = 10_000
	maxRate        = 100_000 // check-ins per second
	maxDuration    = time.Hour
	maxObject      = 4 << 20 // octets; the queue of a server looks at so much for one message
)

// options is the command line.
type options struct {
	url, token          string
	serverCA            string
	clientCA, clientKey string

	serve   string
	store   string
	db      string
	group   int
	compare bool
	rounds  int

	devices  int
	mix      mix
	object   int
	seed     uint64
	mtls     bool
	steps    []load
	duration time.Duration
	timeout  time.Duration

	json, svg string
}

// parse reads the command line. What is wrong with it has been written to stderr when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("load", flag.ContinueOnError)
	fs.SetOutput(stderr)
	o.define(fs)
	if err := fs.Parse(args); err != nil {
		return options{}, err // written by Parse
	}
	if o.mix.sum() == 0 {
		o.mix = mix{checkIn: 6, policy: 2, inventory: 1, object: 1}
		if o.compare || o.serve == baseline {
			o.mix[object] = 0
		}
	}
	if len(o.steps) == 0 {
		o.steps = []load{{closed, 1}, {closed, 2}, {closed, 4}, {closed, 8}, {closed, 16}}
	}
	if err := o.check(fs.Args()); err != nil {
		fmt.Fprintln(stderr, err)
		fs.Usage()
		return options{}, err
	}
	return o, nil
}

// define declares the flags.
func (o *options) define(fs *flag.FlagSet) {
	fs.StringVar(&o.url, "url", "", "drive the server whose devices talk to this `URL`, with /admin/ beside it; default: a server of its own")
	fs.StringVar(&o.token, "token", "", "with -url: bearer `token` of the administrator")
	fs.StringVar(&o.serverCA, "server-ca", "", "with -url: issuers of the certificate of the server, a PEM `file`; default: those of the system")
	fs.StringVar(&o.clientCA, "client-ca", "", "with -url and -mtls: certificate that issues those of devices, a PEM `file`")
	fs.StringVar(&o.clientKey, "client-ca-key", "", "with -url and -mtls: private key of -client-ca, a PEM `file`")

	fs.StringVar(&o.serve, "serve", gomadm, "`what` the server of its own is: gomadm, echo or baseline")
	fs.BoolVar(&o.compare, "compare", false, "measure gomadm, echo and baseline in turn and report the ratios")
	fs.IntVar(&o.rounds, "rounds", 5, "with -compare: `number` of turns at each load")
	fs.StringVar(&o.store, "store", memory, "`store` of gomadm: memory, sqlite (a file that is removed) or postgres")
	fs.StringVar(&o.db, "db", "", "with -store postgres: `URL` of a database")
	fs.IntVar(&o.group, "group", 0, "with -store sqlite or postgres: `number` of commits that share a transaction, at most; default: none do")

	fs.IntVar(&o.devices, "devices", 5000, "`number` of devices; in a step each checks in once at most")
	fs.Var(&o.mix, "mix", "`weights` of the kinds checkin, policy, inventory and object (default checkin=6,policy=2,inventory=1,object=1; for baseline and -compare without object)")
	fs.IntVar(&o.object, "object-size", 256<<10, "size of the value of the kind object in `octets`")
	fs.Uint64Var(&o.seed, "seed", 1, "`number` that draws the kinds of the devices")
	fs.BoolVar(&o.mtls, "mtls", false, "TLS with a certificate for each device, and a full handshake for each check-in")
	fs.Func("concurrency", "closed model: `numbers` of devices that are busy, a step for each, separated by commas (default 1,2,4,8,16)", o.closed)
	fs.Func("rate", "open model: `numbers` of check-ins per second, a step for each, separated by commas", o.open)
	fs.DurationVar(&o.duration, "duration", 5*time.Second, "`time` of a step")
	fs.DurationVar(&o.timeout, "timeout", 30*time.Second, "`time` after which a check-in has failed")

	fs.StringVar(&o.json, "json", "", "write the report to this `file` as JSON, too")
	fs.StringVar(&o.svg, "svg", "", "plot latency against load into this `file`, as SVG")
}

func (o *options) closed(list string) error { return o.loads(closed, list, maxConcurrency) }
func (o *options) open(list string) error   { return o.loads(open, list, maxRate) }

// loads reads the loads of a model. One flag replaces what the same flag said before.
func (o *options) loads(m model, list string, largest float64) error {
	if len(o.steps) > 0 && o.steps[0].Model != m {
		return errors.New("-concurrency and -rate exclude each other")
	}
	o.steps = nil
	for text := range strings.SplitSeq(list, ",") {
		n, err := strconv.ParseFloat(strings.TrimSpace(text), 64)
		if err != nil || !(n > 0 && n <= largest) || m == closed && n != math.Trunc(n) {
			return fmt.Errorf("%q is not a number up to %.0f", text, largest)
		}
		o.steps = append(o.steps, load{m, n})
	}
	return nil
}

// check returns an error when the flags do not go together.
func (o *options) check(rest []string) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("load: unexpected argument %q", rest[0])
	case o.devices < 1 || o.devices > maxDevices:
		return fmt.Errorf("load: -devices is not from 1 to %d", maxDevices)
	case o.object < 1 || o.object > maxObject:
		return fmt.Errorf("load: -object-size is not from 1 to %d octets", maxObject)
	case o.duration <= 0 || o.duration > maxDuration:
		return fmt.Errorf("load: -duration is not above 0 and up to %v", maxDuration)
	case o.timeout <= 0 || o.timeout > maxDuration:
		return fmt.Errorf("load: -timeout is not above 0 and up to %v", maxDuration)
	case (o.clientCA == "") != (o.clientKey == ""):
		return errors.New("load: -client-ca and -client-ca-key belong together")
	}
	if err := o.checkServer(); err != nil {
		return err
	}
	if o.url == "" {
		if o.token != "" || o.serverCA != "" || o.clientCA != "" {
			return errors.New("load: -token, -server-ca and -client-ca need -url")
		}
		return nil
	}
	return o.checkURL()
}

// maxRounds and maxGroup bound what may be asked for.
const (
	maxRounds = 1000
	maxGroup  = 10_000
)

// checkServer checks what is said about a server of its own.
func (o *options) checkServer() error {
	database := o.store == sqlite || o.store == postgres
	switch {
	case o.serve != gomadm && o.serve != echoes && o.serve != baseline:
		return fmt.Errorf("load: -serve is none of %s, %s and %s", gomadm, echoes, baseline)
	case o.store != memory && !database:
		return fmt.Errorf("load: -store is none of %s, %s and %s", memory, sqlite, postgres)
	case o.url != "" && (o.serve != gomadm || o.store != memory || o.compare):
		return errors.New("load: -serve, -store and -compare are about a server of its own, not one at a -url")
	case o.compare && o.serve != gomadm:
		return errors.New("load: -compare measures all servers, -serve one")
	case o.serve != gomadm && o.store != memory:
		return errors.New("load: only gomadm has a -store")
	case (o.db != "") != (o.store == postgres):
		return errors.New("load: -store postgres and -db belong together")
	case o.group < 0 || o.group > maxGroup || o.group > 0 && !database:
		return fmt.Errorf("load: -group is from 0 to %d, with -store sqlite or postgres", maxGroup)
	case o.rounds < 1 || o.rounds > maxRounds:
		return fmt.Errorf("load: -rounds is not from 1 to %d", maxRounds)
	case o.compare && o.svg != "":
		return errors.New("load: -svg plots one server, and -compare measures several")
	case (o.compare || o.serve == baseline) && o.mix[object] > 0:
		return errors.New("load: the baseline sends no large objects")
	}
	return nil
}

// checkURL checks what is said about a server that runs.
func (o *options) checkURL() error {
	u, err := url.Parse(o.url)
	switch {
	case err != nil:
		return fmt.Errorf("load: -url: %w", err)
	case u.Scheme != "http" && u.Scheme != "https", u.Host == "":
		return errors.New("load: -url is not an absolute URL of http or https")
	case o.mtls && u.Scheme != "https":
		return errors.New("load: -mtls needs a -url of https")
	case o.mtls != (o.clientCA != ""):
		return errors.New("load: with -url, -mtls and -client-ca belong together")
	}
	return nil
}
