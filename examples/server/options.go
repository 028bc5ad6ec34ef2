package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/netip"
	"path"
	"strings"
)

// options is the command line.
type options struct {
	listen string
	path   string
	db     string // empty: a file that the demonstration removes

	cert, key string
	clientCA  string
	proxies   []netip.Prefix
	insecure  bool

	alertTypes []string
	strict     bool
	maxBody    int
	token      string

	demo    bool
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
	return o, nil
}

// define declares the flags.
func (o *options) define(fs *flag.FlagSet) {
	fs.StringVar(&o.listen, "listen", "127.0.0.1:8080", "listen on this `address`; port 0 chooses a free one")
	fs.StringVar(&o.path, "path", "/", "answer devices at this `path` and below it, the default is everywhere but below /admin/")
	fs.StringVar(&o.db, "db", "gomadm.db", "keep everything in this `database`: a file of SQLite, a URL of PostgreSQL (postgres://...), or memory")
	fs.StringVar(&o.cert, "cert", "", "certificate chain of the server, a PEM `file`")
	fs.StringVar(&o.key, "key", "", "private key of the server, a PEM `file`")
	fs.StringVar(&o.clientCA, "client-ca", "", "issuers of the certificates of devices, a PEM `file`; the device id is the CommonName or a URI SAN")
	fs.Func("forwarded-proxies", "believe the header Client-Cert of proxies in these networks, a `list` of CIDR prefixes separated by commas", o.setProxies)
	fs.BoolVar(&o.insecure, "insecure", false, "believe every device its name, whatever the address")
	fs.Func("alert-type", "accept generic alerts (1226) of this `type`; may be repeated", o.addAlertType)
	fs.BoolVar(&o.strict, "strict", false, "answer 400 to commands that repeat a CmdID")
	fs.IntVar(&o.maxBody, "max-body", 0, "largest message in `octets`; 0 means 8 MiB")
	fs.StringVar(&o.token, "token", "", "bearer `token` that opens /admin/ from everywhere; without one only this machine may use it")
	fs.BoolVar(&o.demo, "demo", false, "run simulated Windows devices against the server and exit")
	fs.IntVar(&o.devices, "devices", 3, "with -demo: `number` of devices")
	fs.StringVar(&o.fault, "fault", "", "with -demo: break something, to see it noticed; the only `fault` is "+faultDropCommit)
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
	case o.maxBody < 0:
		return errors.New("server: -max-body is negative")
	case !strings.HasPrefix(o.path, "/"), strings.ContainsAny(o.path, "{}"):
		return errors.New("server: -path is not an absolute path")
	case path.Clean(o.path+"/") == "/admin", strings.HasPrefix(path.Clean(o.path), "/admin/"):
		return errors.New("server: -path belongs to the administrator")
	}
	if o.demo {
		return o.checkDemo(given)
	}
	if given["devices"] || given["fault"] {
		return errors.New("server: -devices and -fault need -demo")
	}
	return o.checkListen()
}

// checkDemo returns an error for flags that the demonstration does not use.
func (o *options) checkDemo(given map[string]bool) error {
	for name := range given {
		switch name {
		case "demo", "db", "devices", "fault":
		default:
			return fmt.Errorf("server: -demo does not use -%s", name)
		}
	}
	if o.devices < 1 {
		return errors.New("server: -devices is not positive")
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
