package enterprisedesktopappmanagement

import (
	"encoding/hex"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Job is the installation of a product from an MSI. ProductID, Version, URLs and SHA256 are required. Its formatted form
// shows product and version only: a command line may hold secrets.
type Job struct {
	ProductID string // GUID of the product, which the MSI has, in braces or without
	User      bool   // for the user who is signed in, not for the device
	Version   string // of the product, which the MSI has, such as "1.2.3"
	URLs      []string
	SHA256    string // of the file, in hexadecimal

	CommandLine string        // options of msiexec; empty: /quiet
	Timeout     time.Duration // of the installation, whole minutes; 0: 5 minutes
	Retries     int           // when download or installation fails
	RetryDelay  time.Duration // between these, whole minutes; 0: 5 minutes, if there are any
}

// Format implements fmt.Formatter: product and version.
func (j Job) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Job(%s %s)", j.ProductID, j.Version) }

// Requests returns two requests, to be queued together and in this order: one that makes the place for the product, and
// one that starts the job, which goes on when its request is done: an alert tells how it ended (ReadAlert), and Get asks
// how far it is. A device that has the place answers 418 to the first, and does what the second says. They have no ID:
// the caller gives them theirs. The error is a *csp.FieldError.
func (j Job) Requests() ([]omadm.Request, error) {
	if err := j.validate(); err != nil {
		return nil, err
	}
	id, _ := productNode(j.ProductID)
	document, err := j.document(id)
	if err != nil {
		return nil, err
	}
	n := msi(j.User)
	place := omadm.Request{Group: omadm.Atomic, Ops: []omadm.Op{n.job.At(id).Add(document)}}
	start := omadm.Request{Ops: []omadm.Op{n.job.At(id).ExecWith(document)}}
	place.Normalize()
	start.Normalize()
	return []omadm.Request{place, start}, nil
}

func (j *Job) validate() error {
	if _, ok := productNode(j.ProductID); !ok {
		return fault("ProductID", "not a GUID")
	}
	switch {
	case j.Version == "" || strings.Trim(j.Version, "0123456789.") != "":
		return fault("Version", "not numbers with points between them")
	case len(j.URLs) == 0:
		return fault("URLs", "missing")
	}
	for i, s := range j.URLs {
		if u, err := url.Parse(s); err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
			return fault(fmt.Sprintf("URLs[%d]", i), "not a URL of http or https")
		}
	}
	b, err := hex.DecodeString(j.SHA256)
	minutes := func(d time.Duration) bool { return d >= 0 && d%time.Minute == 0 }
	switch {
	case err != nil || len(b) != 32:
		return fault("SHA256", "not 64 hexadecimal digits")
	case !xmltree.IsText(j.CommandLine) || strings.ContainsAny(j.CommandLine, "\r\n"):
		return fault("CommandLine", "not a line")
	case !minutes(j.Timeout):
		return fault("Timeout", "not in whole minutes")
	case j.Retries < 0:
		return fault("Retries", "negative")
	case !minutes(j.RetryDelay):
		return fault("RetryDelay", "not in whole minutes")
	}
	return nil
}

// document returns the document that starts the job.
func (j *Job) document(id string) (node.XML, error) {
	root := etree.NewElement("MsiInstallJob")
	root.CreateAttr("id", id)
	product := root.CreateElement("Product")
	product.CreateAttr("Version", j.Version)
	list := product.CreateElement("Download").CreateElement("ContentURLList")
	for _, u := range j.URLs {
		list.CreateElement("ContentURL").SetText(u)
	}
	product.CreateElement("Validation").CreateElement("FileHash").SetText(strings.ToUpper(j.SHA256))
	e := product.CreateElement("Enforcement")
	command := j.CommandLine
	if command == "" {
		command = "/quiet"
	}
	e.CreateElement("CommandLine").SetText(command)
	for _, n := range [...]struct {
		name  string
		value int
	}{{"TimeOut", minutesOf(j.Timeout)}, {"RetryCount", j.Retries}, {"RetryInterval", minutesOf(j.RetryDelay)}} {
		e.CreateElement(n.name).SetText(strconv.Itoa(n.value))
	}
	doc := etree.NewDocumentWithRoot(root)
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	s, err := doc.WriteToString()
	return node.XML(s), err
}

func minutesOf(d time.Duration) int {
	if d == 0 {
		return 5
	}
	return int(d / time.Minute)
}

func fault(field, reason string) error {
	return &csp.FieldError{Kit: "enterprisedesktopappmanagement", Field: field, Reason: reason}
}

// productNode returns the name of the node of a product: the GUID in braces and upper case.
func productNode(id string) (string, bool) {
	id, ok := csp.GUID(id)
	return "{" + strings.ToUpper(id) + "}", ok
}

// nodes are those of products.
type nodes struct {
	top node.InteriorGet
	id  node.Named[node.InteriorAddDeleteGet]
	job node.Named[node.AddDeleteExecGetReplace[node.XML]]

	status, lastError                                                 node.Named[node.Get[int64]]
	lastErrorText, name, version, publisher, installDate, installPath node.Named[node.Get[string]]
}

// msi returns the nodes of the device, or of the user.
func msi(user bool) *nodes {
	if user {
		return &nodes{
			UserMSI, UserMSIProductID, UserMSIDownloadInstall, UserMSIStatus, UserMSILastError, UserMSILastErrorDesc, UserMSIName,
			UserMSIVersion, UserMSIPublisher, UserMSIInstallDate, UserMSIInstallPath,
		}
	}
	return &nodes{
		MSI, MSIProductID, MSIDownloadInstall, MSIStatus, MSILastError, MSILastErrorDesc, MSIName, MSIVersion, MSIPublisher,
		MSIInstallDate, MSIInstallPath,
	}
}
