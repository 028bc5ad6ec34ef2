package enterprisedesktopappmanagement

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/csp/node"
	"github.com/gomadm/gomadm/omadm"
)

// Product says which product is meant. ProductID is required.
type Product struct {
	ProductID string // GUID, in braces or without
	User      bool   // of the user who is signed in, not of the device
}

// Product returns the product that j installs.
func (j Job) Product() Product { return Product{j.ProductID, j.User} }

// Get returns the request that asks about the product, see Read. It has no ID: the caller gives it one. The error of this
// and of the other methods is a *csp.FieldError.
func (p Product) Get() (omadm.Request, error) {
	n := msi(p.User)
	return p.request(func(id string) []omadm.Op {
		return []omadm.Op{
			n.status.At(id).Get(), n.lastError.At(id).Get(), n.lastErrorText.At(id).Get(), n.name.At(id).Get(), n.version.At(id).Get(),
			n.publisher.At(id).Get(), n.installDate.At(id).Get(), n.installPath.At(id).Get(),
		}
	})
}

// Uninstall returns the request that takes the product off the device. It has no ID.
func (p Product) Uninstall() (omadm.Request, error) {
	return p.request(func(id string) []omadm.Op { return []omadm.Op{msi(p.User).id.At(id).Delete()} })
}

func (p Product) request(ops func(id string) []omadm.Op) (omadm.Request, error) {
	id, ok := productNode(p.ProductID)
	if !ok {
		return omadm.Request{}, fault("ProductID", "not a GUID")
	}
	r := omadm.Request{Ops: ops(id)}
	r.Normalize()
	return r, nil
}

// Info is what a device says about a product.
type Info struct {
	Product // with the GUID in braces

	Status        Status      // of the job
	LastError     csp.HRESULT // of the job; 0: none
	LastErrorText string

	Name, Version, Publisher string
	InstallDate, InstallPath string // in the words of the device
}

// Status is how far a job is.
type Status int64

// The statuses. NoJob is that of a product that came in another way.
const (
	NoJob               Status = 0
	JobBegun            Status = 10
	DownloadInProgress  Status = 20
	DownloadWillBeTried Status = 25
	DownloadFailed      Status = 30
	DownloadDone        Status = 40
	WaitsForUser        Status = 48
	InstallInProgress   Status = 50
	InstallWillBeTried  Status = 55
	InstallFailed       Status = 60
	InstallDone         Status = 70
)

var statuses = map[Status]string{
	NoJob: "no job", JobBegun: "begun", DownloadInProgress: "download in progress", DownloadWillBeTried: "download will be tried again",
	DownloadFailed: "download failed", DownloadDone: "download done", WaitsForUser: "waits for the user",
	InstallInProgress: "installation in progress", InstallWillBeTried: "installation will be tried again",
	InstallFailed: "installation failed", InstallDone: "installation done",
}

// Final reports whether the job has ended.
func (s Status) Final() bool { return s == DownloadFailed || s == InstallFailed || s == InstallDone }

// String returns what the status means; the number of one that is not known.
func (s Status) String() string {
	if text, ok := statuses[s]; ok {
		return text
	}
	return strconv.FormatInt(int64(s), 10)
}

// Read reads what a device answered to Get. What it does not say is zero; the error is that of a value of another kind,
// or a *csp.FieldError. Of many products, ReadAll takes less time.
func (p Product) Read(results ...omadm.Result) (Info, error) {
	id, ok := productNode(p.ProductID)
	if !ok {
		return Info{}, fault("ProductID", "not a GUID")
	}
	return read(Product{id, p.User}, results)
}

// ReadAll reads all products of the device, or of the user, that the results have, whatever brought them: Get for each, or a
// list of the tree. They are in the order of the device; the error joins those of Read.
func ReadAll(user bool, results ...omadm.Result) ([]Info, error) {
	var list []Info
	var errs []error
	for _, row := range msi(user).id.Rows(results...) {
		id, ok := productNode(row.Name)
		if !ok {
			continue
		}
		x, err := read(Product{row.Name, user}, row.Results)
		x.ProductID = id
		list, errs = append(list, x), append(errs, err)
	}
	return list, errors.Join(errs...)
}

// read reads what the results have of a product, whose ID is the name of its node.
func read(p Product, results []omadm.Result) (Info, error) {
	n, id := msi(p.User), p.ProductID
	x := Info{Product: p}
	var status, last int64
	err := errors.Join(
		node.Into(&status)(n.status.At(id).Value(results...)),
		node.Into(&last)(n.lastError.At(id).Value(results...)),
		node.Into(&x.LastErrorText)(n.lastErrorText.At(id).Value(results...)),
		node.Into(&x.Name)(n.name.At(id).Value(results...)),
		node.Into(&x.Version)(n.version.At(id).Value(results...)),
		node.Into(&x.Publisher)(n.publisher.At(id).Value(results...)),
		node.Into(&x.InstallDate)(n.installDate.At(id).Value(results...)),
		node.Into(&x.InstallPath)(n.installPath.At(id).Value(results...)),
	)
	x.Status, x.LastError = Status(status), csp.HRESULT(uint32(last))
	return x, err
}

// List returns the request that asks which products of MSIs the device, or the user, has. It has no ID.
func List(user bool) omadm.Request {
	r := omadm.Request{Ops: []omadm.Op{msi(user).top.Get()}}
	r.Normalize()
	return r
}

// ReadList reads what a device answered to List: the GUIDs of the products, in braces. The error wraps node.ErrNoValue when
// there is no answer.
func ReadList(user bool, results ...omadm.Result) ([]string, error) {
	names, err := msi(user).top.Children(results...)
	return slices.DeleteFunc(names, func(name string) bool { _, ok := productNode(name); return !ok }), err
}

// Ended is how a job ended, as an alert tells.
type Ended struct {
	Product
	Error csp.HRESULT // 0: the product is installed
}

// ReadAlert reads the alert that tells how a job ended (1224 of type omadm.TypeMSIInstall). The error says that the event
// is another one, or that it does not name a product or a code.
func ReadAlert(e omadm.Event) (Ended, error) {
	if omadm.AlertType(e.Type) != omadm.TypeMSIInstall {
		return Ended{}, errors.New("enterprisedesktopappmanagement: alert of another type")
	}
	// Windows writes the braces as they are, which is no URI.
	source := strings.NewReplacer("{", "%7B", "}", "%7D").Replace(string(e.Source))
	u, err := csp.Parse(source)
	if err != nil {
		return Ended{}, errors.New("enterprisedesktopappmanagement: alert about no node")
	}
	for _, user := range [...]bool{false, true} {
		top := csp.MustParse(string(msi(user).top))
		if id, ok := productNode(u.Segment(top.Depth())); ok && u.HasPrefix(top) {
			n, err := strconv.ParseInt(strings.TrimSpace(e.Data.Value), 0, 64)
			if err != nil || n < -1<<31 || n >= 1<<32 {
				return Ended{}, fmt.Errorf("enterprisedesktopappmanagement: alert about %s without a code", id)
			}
			return Ended{Product{id, user}, csp.HRESULT(uint32(n))}, nil
		}
	}
	return Ended{}, errors.New("enterprisedesktopappmanagement: alert about no product")
}
