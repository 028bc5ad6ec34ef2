package kits_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/bitlocker"
	cert "github.com/gomadm/gomadm/csp/clientcertificateinstall"
	"github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/csp/defender"
	"github.com/gomadm/gomadm/csp/devdetail"
	"github.com/gomadm/gomadm/csp/devicestatus"
	"github.com/gomadm/gomadm/csp/devinfo"
	"github.com/gomadm/gomadm/csp/diagnosticlog"
	"github.com/gomadm/gomadm/csp/dmclient"
	edam "github.com/gomadm/gomadm/csp/enterprisedesktopappmanagement"
	apps "github.com/gomadm/gomadm/csp/enterprisemodernappmanagement"
	"github.com/gomadm/gomadm/csp/firewall"
	"github.com/gomadm/gomadm/csp/laps"
	hello "github.com/gomadm/gomadm/csp/passportforwork"
	"github.com/gomadm/gomadm/csp/policy"
	"github.com/gomadm/gomadm/csp/reboot"
	"github.com/gomadm/gomadm/csp/remotelock"
	"github.com/gomadm/gomadm/csp/remotewipe"
	root "github.com/gomadm/gomadm/csp/rootcatrustedcertificates"
	"github.com/gomadm/gomadm/csp/update"
	"github.com/gomadm/gomadm/csp/wifi"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// reader is what reads the answers to a request.
type reader struct {
	request omadm.Request
	read    func(...omadm.Result) (any, error)
}

// reads returns a reader. The request and the error are those of a kit.
func reads[T any](r omadm.Request, err error, read func(...omadm.Result) (T, error)) reader {
	if err != nil {
		panic(err) // the requests are those of the tests of each kit
	}
	return reader{r, func(results ...omadm.Result) (any, error) { return read(results...) }}
}

// readers are those of all kits.
func readers() map[string]reader {
	app := edam.Product{ProductID: productID}
	of := func(r omadm.Request, err error) (omadm.Request, error) { return r, err }
	all := map[string]reader{
		"redeployment": reads(remotewipe.GetRedeployment(), nil, remotewipe.ReadRedeployment),
		"reboot":       reads(reboot.Get(windows11.Build), nil, reboot.Read),
		"PIN":          reads(remotelock.GetPIN(), nil, remotelock.ReadPIN),
		"info":         reads(devinfo.Get(), nil, devinfo.Read),
		"detail":       reads(devdetail.Get(), nil, devdetail.Read),
		"status":       reads(devicestatus.Get(), nil, devicestatus.Read),
		"archive":      reads(diagnosticlog.GetArchive(), nil, diagnosticlog.ReadArchive),
		"bitlocker":    reads(bitlocker.GetState(), nil, bitlocker.ReadState),
		"ring":         reads(update.GetRing(), nil, update.ReadRing),
		"updates":      reads(update.GetStatus(), nil, update.ReadStatus),
		"defender":     reads(defender.GetState(), nil, defender.ReadState),
		"threats":      reads(defender.GetThreats(), nil, defender.ReadThreats),
		"rules":        reads(defender.GetAttackSurface(), nil, defender.ReadAttackSurface),
		"laps":         reads(laps.Get(), nil, laps.Read),
		"reset":        reads(laps.GetReset(), nil, laps.ReadReset),
		"sensors":      reads(hello.GetSensors(), nil, hello.ReadSensors),
		"lock":         reads(policy.GetLock(), nil, policy.ReadLock),
		"rule list":    reads(firewall.List(), nil, firewall.ReadList),
	}
	add := func(name string, r omadm.Request, err error, read func(...omadm.Result) (any, error)) {
		all[name] = reads(r, err, read)
	}
	r, err := of(dmclient.GetClient(provider))
	add("client", r, err, func(r ...omadm.Result) (any, error) { return dmclient.ReadClient(provider, r...) })
	r, err = of(dmclient.GetChannel(provider))
	add("channel", r, err, func(r ...omadm.Result) (any, error) { return dmclient.ReadChannel(provider, r...) })
	r, err = of(dmclient.GetFirstSync(provider, false))
	add("first sync", r, err, func(r ...omadm.Result) (any, error) { return dmclient.ReadFirstSync(provider, false, r...) })
	linked := declaredconfiguration.Linked{Provider: provider}
	r, err = of(linked.Get())
	add("linked", r, err, func(r ...omadm.Result) (any, error) { return linked.Read(r...) })
	ref := declaredconfiguration.Ref{ID: productID}
	r, err = of(ref.GetResult())
	add("document", r, err, func(r ...omadm.Result) (any, error) { return declaredconfiguration.ReadResult(r...) })
	r, err = of(apps.Query{}.Request())
	add("apps", r, err, func(r ...omadm.Result) (any, error) { return apps.Read(r...) })
	r, err = of(app.Get())
	add("product", r, err, func(r ...omadm.Result) (any, error) { return app.Read(r...) })
	add("all products", r, err, func(r ...omadm.Result) (any, error) { return edam.ReadAll(false, r...) })
	add("products", edam.List(false), nil, func(r ...omadm.Result) (any, error) { return edam.ReadList(false, r...) })
	authority := root.Certificate{DER: []byte{0x30, 1, 0}}
	r, err = of(authority.Get())
	add("root", r, err, func(r ...omadm.Result) (any, error) { return authority.Read(r...) })
	add("all roots", r, err, func(r ...omadm.Result) (any, error) { return root.ReadAll(root.StoreRoot, false, r...) })
	r, err = of(root.List(root.StoreCA, false))
	add("roots", r, err, func(r ...omadm.Result) (any, error) { return root.ReadList(root.StoreCA, false, r...) })
	scep, pfx := scepProfile(), cert.PFX{ID: "mail"}
	r, err = of(scep.Get())
	add("SCEP", r, err, func(r ...omadm.Result) (any, error) { return scep.Read(r...) })
	r, err = of(pfx.Get())
	add("PFX", r, err, func(r ...omadm.Result) (any, error) { return pfx.Read(r...) })
	r, err = of(firewall.Rule{ID: "r"}.Get())
	add("rule", r, err, func(r ...omadm.Result) (any, error) { rule, _, err := firewall.Read("r", r...); return rule, err })
	add("all rules", r, err, func(r ...omadm.Result) (any, error) { return firewall.ReadAll(r...) })
	r, err = of(wifi.Network{SSID: "n"}.Get())
	add("network", r, err, func(r ...omadm.Result) (any, error) { return wifi.Read("n", false, r...) })
	add("all networks", r, err, func(r ...omadm.Result) (any, error) { return wifi.ReadAll(false, r...) })
	r, err = of(hello.Hello{Tenant: tenant}.Get())
	add("hello", r, err, func(r ...omadm.Result) (any, error) { return hello.Hello{Tenant: tenant}.Read(r...) })
	return all
}

// TestHostileAnswers: whatever a device answers, no reader panics, no result does when it is shown, and no error holds what the
// device has said.
func TestHostileAnswers(t *testing.T) {
	const secret = "hidden-4711"
	values := []syncml.Data{
		{}, syncml.Text(""), syncml.Text(secret), syncml.Markup("<" + secret + "/>"), syncml.Text("<a b='" + secret + "'/>"),
		syncml.Text("9223372036854775807"), syncml.Text("-9223372036854775808"), syncml.Text("99999999999999999999" + secret),
		syncml.Text("2147483648"), syncml.Text("-1"), syncml.Text("true"), syncml.Text("\x00\xff"), syncml.Text(strings.Repeat("/", 1000)),
		syncml.Text(strings.Repeat("<a>", 1000)), syncml.Text(secret + "|" + secret + "=," + secret + ";"), {Kind: syncml.OctetsData, Value: secret},
		syncml.Text("9999-12-31T23:59:59+99:99"), syncml.Text("=|=|=,-,:"),
	}
	for name, r := range readers() {
		var nodes []string
		for _, op := range r.request.Ops {
			nodes = append(nodes, answered(op.URI)...)
		}
		for _, value := range values {
			for _, format := range []string{"", "int", "xml", "node", "odd"} {
				var result omadm.Result
				for _, uri := range nodes {
					result.Items = append(result.Items, syncml.Item{
						Source: syncml.Location{URI: uri}, Meta: &syncml.Meta{Format: format}, Data: value,
					})
				}
				got, err := r.read(result)
				_ = fmt.Sprintf("%v %+v %#v", got, got, got)
				if err != nil && strings.Contains(err.Error(), "4711") {
					t.Errorf("%s, %q as %q: the error says it: %v", name, value.Value, format, err)
				}
				if c, ok := got.(dmclient.Client); ok && c.Poll != nil && value.Value == "9223372036854775807" && c.Poll.Rest.Every < time.Hour {
					t.Errorf("%s: the time became %v", name, c.Poll.Rest.Every)
				}
			}
		}
	}
}

// answered returns the nodes that a device may answer with when it is asked for one: of a list, all that may be below it, each
// with a name.
func answered(u omadm.URI) (list []string) {
	top, _, isList := strings.Cut(string(u), "?")
	list = append(list, top)
	if !isList {
		return list
	}
	for n := range csp.Default().All() {
		if strings.HasPrefix(n.Template(), top+"/") {
			parts := strings.Split(n.Template(), "/")
			for i := range parts {
				if strings.HasPrefix(parts[i], "{") {
					parts[i] = "name"
				}
			}
			list = append(list, strings.Join(parts, "/"))
		}
	}
	return list
}
