package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/gomadm/gomadm/session/sqlstore"
)

// options is the command line.
type options struct {
	listen string
	path   string
	db     string // empty: a file that the demonstration removes
	group  sqlstore.Group

	cert, key string
	clientCA  string
	proxies   []netip.Prefix
	insecure  bool

	alertTypes []string
	strict     bool
	checkName  string // one of checks
	token      string
	tokenFile  string

	maxBody        int
	maxRequests    int
	maxConnections int
	timeout        time.Duration
	drain          time.Duration
	sweep          time.Duration

	metrics   string // address; empty: none
	logFormat string
	logLevel  slog.Level

	demo    bool
	record  string // folder; empty: nothing is recorded
	devices int
	fault   string
}

// faultDropCommit is the fault that the demonstration has to notice.
const faultDropCommit = "drop-commit"

// parse reads the command line. What is wrong with it has been written to stderr when it returns an error.
func parse(args []string, stderr io.Writer) (options, error) {
	var o options
	fs := flag.NewFlagSet("server", flag.ContinueOnError)
	fs.SetOutput(stderr)
	o.define(fs)
	if err := fs.Parse(args); err != nil {
		return options{}, err // written by Parse
	}
	given := make(map[string]bool)
	fs.Visit(func(f *flag.Flag) { given[f.Name] = true })
	if err := o.check(fs.Args(), given); err != nil {
		fmt.Fprintln(stderr, err)
		fs.Usage()
		return options{}, err
	}
	if o.demo && !given["db"] {
		o.db = ""
	}
	if o.demo && !given["log-level"] {
		o.logLevel = slog.LevelWarn // the transcript shows the rest
	}
	return o, nil
}

// define declares the flags.
func (o *options) define(fs *flag.FlagSet) {
	fs.StringVar(&o.listen, "listen", "127.0.0.1:8080", "listen on this `address`; port 0 chooses a free one")
	fs.StringVar(&o.path, "path", "/", "answer devices at this `path` and below it, the default is everywhere but below /admin/")
	fs.StringVar(&o.db, "db", "gomadm.db", "keep everything in this `database`: a file of SQLite, a URL of PostgreSQL (postgres://...), or memory")
	fs.IntVar(&o.group.Size, "group", 0, "let messages of up to this `number` of devices that come together share a transaction of the database; 0: none")
	fs.DurationVar(&o.group.Delay, "group-delay", 100*time.Millisecond, "with -group: the longest `time` that one waits for the transaction before")
	fs.StringVar(&o.cert, "cert", "", "certificate chain of the server, a PEM `file`")
	fs.StringVar(&o.key, "key", "", "private key of the server, a PEM `file`")
	fs.StringVar(&o.clientCA, "client-ca", "", "issuers of the certificates of devices, a PEM `file`; the device id is the CommonName or a URI SAN")
	fs.Func("forwarded-proxies", "believe the header Client-Cert of proxies in these networks, a `list` of CIDR prefixes separated by commas", o.setProxies)
	fs.BoolVar(&o.insecure, "insecure", false, "believe every device its name, whatever the address")
	fs.Func("alert-type", "accept generic alerts (1226) of this `type`; may be repeated", o.addAlertType)
	fs.BoolVar(&o.strict, "strict", false, "answer 400 to commands that repeat a CmdID")
	o.checkName = "default"
	fs.Func("check", "hold the administrator's requests against the catalogue of Windows, and refuse what is wrong: `how` is off, lenient, default or strict", o.setCheck)
	fs.StringVar(&o.token, "token", "", "bearer `token` that opens /admin/ from everywhere; without one only this machine may use it")
	fs.StringVar(&o.tokenFile, "token-file", "", "read the token from this `file`, where lists of processes do not show it")
	o.defineLimits(fs)
	fs.StringVar(&o.metrics, "metrics", "", "answer /metrics, /livez and /readyz on this `address` too, to everybody who reaches it")
	fs.StringVar(&o.logFormat, "log-format", "text", "`form` of the log: text or json")
	fs.TextVar(&o.logLevel, "log-level", slog.LevelInfo, "least `level` that is logged: debug (each message), info, warn or error")
	fs.BoolVar(&o.demo, "demo", false, "run simulated Windows devices against the server and exit")
	fs.IntVar(&o.devices, "devices", 3, "with -demo: `number` of devices")
	fs.StringVar(&o.record, "record", "", "with -demo: record what is said into this new `folder`, without the secrets; dm inspect shows it")
	fs.StringVar(&o.fault, "fault", "", "with -demo: break something, to see it noticed; the only `fault` is "+faultDropCommit)
}

// defineLimits declares the flags that bound what others can cost.
func (o *options) defineLimits(fs *flag.FlagSet) {
	fs.IntVar(&o.maxBody, "max-body", 0, "largest message in `octets`; 0 means 8 MiB")
	fs.IntVar(&o.maxRequests, "max-requests", 1024, "answer this `number` of messages at a time, and 503 to more")
	fs.IntVar(&o.maxConnections, "max-connections", 10_000, "keep this `number` of connections; more wait until one is closed")
	fs.DurationVar(&o.timeout, "timeout", 30*time.Second, "`time` that a request may take, the reading of its body and the database included")
	fs.DurationVar(&o.drain, "drain", 0, "when told to stop, go on for this `time` with /readyz at 503, so that load balancers notice")
	fs.DurationVar(&o.sweep, "sweep", time.Minute, "`time` between two searches for sessions that devices do not go on with; 0: never")
}

func (o *options) setProxies(list string) error {
	for text := range strings.SplitSeq(list, ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(text))
		if err != nil {
			return err
		}
		o.proxies = append(o.proxies, p.Masked())
	}
	return nil
}

func (o *options) addAlertType(name string) error {
	if strings.TrimSpace(name) == "" {
		return errors.New("is empty")
	}
	o.alertTypes = append(o.alertTypes, name)
	return nil
}

// check returns an error when the flags do not go together.
func (o *options) check(rest []string, given map[string]bool) error {
	switch {
	case len(rest) > 0:
		return fmt.Errorf("server: unexpected argument %q", rest[0])
	case (o.cert == "") != (o.key == ""):
		return errors.New("server: -cert and -key belong together")
	case o.clientCA != "" && o.cert == "":
		return errors.New("server: -client-ca needs -cert and -key")
	case o.clientCA != "" && len(o.proxies) > 0:
		return errors.New("server: -client-ca and -forwarded-proxies exclude each other")
	case o.insecure && o.authenticates():
		return errors.New("server: -insecure excludes -client-ca and -forwarded-proxies")
	case o.db == "":
		return errors.New("server: -db is empty")
	case strings.Contains(o.db, "://") && !postgres(o.db):
		return errors.New("server: -db is a URL, and not one of PostgreSQL")
	case given["token"] && o.token == "":
		return errors.New("server: -token is empty")
	case o.token != "" && o.tokenFile != "":
		return errors.New("server: -token and -token-file exclude each other")
	case o.logFormat != "text" && o.logFormat != "json":
		return fmt.Errorf("server: unknown -log-format %q", o.logFormat)
	case !strings.HasPrefix(o.path, "/"), strings.ContainsAny(o.path, "{}"):
		return errors.New("server: -path is not an absolute path")
	case path.Clean(o.path+"/") == "/admin", strings.HasPrefix(path.Clean(o.path), "/admin/"):
		return errors.New("server: -path belongs to the administrator")
	}
	if err := o.checkLimits(); err != nil {
		return err
	}
	if o.demo {
		return o.checkDemo(given)
	}
	if given["group-delay"] && o.group.Size == 0 {
		return errors.New("server: -group-delay needs -group")
	}
	if given["devices"] || given["fault"] || given["record"] {
		return errors.New("server: -devices, -fault and -record need -demo")
	}
	return o.checkListen()
}

// checkLimits returns an error for a limit that lets nothing through.
func (o *options) checkLimits() error {
	for _, f := range [...]struct {
		name string
		bad  bool
	}{
		{"max-body", o.maxBody < 0}, {"group", o.group.Size < 0}, {"drain", o.drain < 0}, {"sweep", o.sweep < 0},
	} {
		if f.bad {
			return fmt.Errorf("server: -%s is negative", f.name)
		}
	}
	for _, f := range [...]struct {
		name string
		bad  bool
	}{
		{"max-requests", o.maxRequests < 1}, {"max-connections", o.maxConnections < 1}, {"timeout", o.timeout <= 0},
		{"group-delay", o.group.Delay <= 0},
	} {
		if f.bad {
			return fmt.Errorf("server: -%s is not positive", f.name)
		}
	}
	return nil
}

// readToken takes the token out of its file, without the end of the line.
func (o *options) readToken() error {
	if o.tokenFile == "" {
		return nil
	}
	b, err := os.ReadFile(o.tokenFile)
	if err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if o.token = strings.TrimSpace(string(b)); o.token == "" {
		return fmt.Errorf("server: %s holds no token", o.tokenFile)
	}
	return nil
}

// logger returns the log of the process.
func (o *options) logger(w io.Writer) *slog.Logger {
	opts := &slog.HandlerOptions{Level: o.logLevel}
	if o.logFormat == "json" {
		return slog.New(slog.NewJSONHandler(w, opts))
	}
	return slog.New(slog.NewTextHandler(w, opts))
}

// checkDemo returns an error for flags that the demonstration does not use.
func (o *options) checkDemo(given map[string]bool) error {
	for name := range given {
		switch name {
		case "demo", "db", "devices", "fault", "record", "log-format", "log-level":
		default:
			return fmt.Errorf("server: -demo does not use -%s", name)
		}
	}
	if o.devices < 1 {
		return errors.New("server: -devices is not positive")
	}
	if _, err := os.Stat(filepath.Join(o.record, "index.jsonl")); o.record != "" && err == nil {
		return fmt.Errorf("server: %s holds a recording already", o.record)
	}
	if o.fault != "" && o.fault != faultDropCommit {
		return fmt.Errorf("server: unknown fault %q", o.fault)
	}
	return nil
}

// checkListen refuses to believe just anybody on an address that others reach.
func (o *options) checkListen() error {
	host, _, err := net.SplitHostPort(o.listen)
	if err != nil {
		return fmt.Errorf("server: -listen: %w", err)
	}
	if o.authenticates() || o.insecure || loopback(host) {
		return nil
	}
	return errors.New("server: devices cannot prove who they are: " +
		"give -client-ca or -forwarded-proxies, listen on a loopback address, or say -insecure")
}

// authenticates reports whether devices have to prove who they are.
func (o *options) authenticates() bool { return o.clientCA != "" || len(o.proxies) > 0 }

// loopback reports whether only this machine reaches a host.
func loopback(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
