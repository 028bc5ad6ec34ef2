package diagnosticlog

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/omadm/xmltree"
)

// Archive asks a device to collect what helps to find a fault, into a zip file that it uploads.
type Archive struct {
	// ID is new for each archive, such as a GUID: a device ignores one that it knows, so that nothing is collected twice.
	ID      string
	Upload  Upload
	Collect []Item // in this order
	// Flat puts all files side by side; else each Item has a folder.
	Flat bool
}

// Upload is the address that takes the file with an HTTP PUT, such as a shared access signature of Azure. Who knows it may
// write there, so that its formatted form does not show it.
type Upload string

// Format writes how long the address is, whatever the verb.
func (u Upload) Format(f fmt.State, _ rune) { fmt.Fprintf(f, "Upload[%d]", len(u)) }

// Item is something to collect.
type Item struct {
	Kind  Kind
	Value string
}

// Kind is what an Item collects.
type Kind string

// The kinds, as documents of the device name them.
const (
	RegistryKey Kind = "RegistryKey"  // what is below a path that begins with HKLM or HKCR
	Events      Kind = "Events"       // of a channel such as "Application"
	Files       Kind = "FoldersFiles" // at a path, perhaps with wildcards, that begins with one of few variables such as %ProgramData%
	Command     Kind = "Command"      // what one of few programs says, such as "%windir%\system32\ipconfig.exe /all"
)

// What a device takes; case does not count.
var (
	hives   = [...]string{"HKLM", "HKCR", "HKEY_LOCAL_MACHINE", "HKEY_CLASSES_ROOT"}
	folders = [...]string{"%programfiles%", "%programdata%", "%public%", "%windir%", "%temp%", "%tmp%"}

	inSystem32 = [...]string{
		"certutil", "dispdiag", "dsregcmd", "dxdiag", "gpresult", "ipconfig", "logman", "mdmdiagnosticstool", "msinfo32", "netsh", "nltest",
		"ping", "pnputil", "powercfg", "tracelog", "w32tm", "wpr",
	}
)

const (
	system32 = `%windir%\system32\`
	defender = `%programfiles%\windows defender\mpcmdrun.exe`
)

// Request returns the request that starts the collection. It has no ID: the caller gives it one. A device answers when it has
// begun; ReadArchive tells how it went. The error is a *csp.FieldError.
func (a Archive) Request() (omadm.Request, error) {
	if err := a.validate(); err != nil {
		return omadm.Request{}, err
	}
	e := etree.NewElement("Collection")
	add := func(name, value string) { e.CreateElement(name).SetText(value) }
	add("ID", a.ID)
	add("SasUrl", string(a.Upload))
	for _, it := range a.Collect {
		add(string(it.Kind), it.Value)
	}
	if a.Flat {
		add("OutputFileFormat", "Flattened")
	}
	text, err := etree.NewDocumentWithRoot(e).WriteToString()
	if err != nil {
		return omadm.Request{}, err
	}
	return omadm.Request{Ops: []omadm.Op{DiagnosticArchiveArchiveDefinition.ExecWith(text)}}, nil
}

func (a *Archive) validate() error {
	fault := func(field, reason string) error {
		return &csp.FieldError{Kit: "diagnosticlog", Field: field, Reason: reason}
	}
	u, err := url.Parse(string(a.Upload))
	switch {
	case a.ID == "":
		return fault("ID", "missing")
	case !xmltree.IsText(a.ID):
		return fault("ID", "characters that XML cannot carry")
	case a.Upload == "":
		return fault("Upload", "missing")
	case err != nil || u.Scheme != "https" || u.Host == "" || !xmltree.IsText(string(a.Upload)):
		return fault("Upload", "no address that begins with https://")
	case len(a.Collect) == 0:
		return fault("Collect", "missing")
	}
	for i, it := range a.Collect {
		if reason := it.fault(); reason != "" {
			return fault("Collect["+strconv.Itoa(i)+"]", reason)
		}
	}
	return nil
}

// fault returns why a device would not collect an Item; empty if it would.
func (it Item) fault() string {
	lower := strings.ToLower(it.Value)
	switch {
	case strings.TrimSpace(it.Value) == "":
		return "missing"
	case !xmltree.IsText(it.Value):
		return "characters that XML cannot carry"
	}
	switch it.Kind {
	case RegistryKey:
		hive, _, _ := strings.Cut(it.Value, `\`)
		if !slices.ContainsFunc(hives[:], func(h string) bool { return strings.EqualFold(h, hive) }) {
			return "registry path that begins neither with HKLM nor with HKCR"
		}
	case Files:
		folder, _, _ := strings.Cut(lower, `\`)
		if !slices.Contains(folders[:], folder) || strings.Contains(lower, `..`) {
			return "path that does not begin with one of " + strings.Join(folders[:], ", ")
		}
	case Command:
		if !mayRun(lower) {
			return "program that devices do not run for an archive"
		}
	case Events:
	default:
		return "kind that is not known"
	}
	return ""
}

// mayRun reports whether a command line, in lower case, begins with one of the programs.
func mayRun(line string) bool {
	if rest, ok := strings.CutPrefix(line, defender); ok {
		return rest == "" || rest[0] == ' '
	}
	rest, ok := strings.CutPrefix(line, system32)
	if !ok {
		return false
	}
	program, _, _ := strings.Cut(rest, " ")
	return slices.Contains(inSystem32[:], strings.TrimSuffix(program, ".exe"))
}

// Collected is how the last collection of a device went.
type Collected struct {
	ID     string // of the Archive; empty: there was none
	Result csp.HRESULT
	Items  []CollectedItem
}

// CollectedItem is how it went with one Item.
type CollectedItem struct {
	Item
	Result csp.HRESULT
}

// GetArchive returns the request that asks how the last collection went. It has no ID: the caller gives it one.
func GetArchive() omadm.Request {
	return omadm.Request{Ops: []omadm.Op{DiagnosticArchiveArchiveResults.Get()}}
}

// archiveLimits bounds what a device says of a collection.
var archiveLimits = xmltree.Limits{Octets: 1 << 20, Depth: 8, Tokens: 50_000}

// ReadArchive reads what a device answered to GetArchive. The zero Collected says that nothing was collected yet. The error is
// that of what is no document; it wraps node.ErrNoValue when there is none.
func ReadArchive(results ...omadm.Result) (Collected, error) {
	text, err := DiagnosticArchiveArchiveResults.Value(results...)
	if err != nil || strings.TrimSpace(text) == "" {
		return Collected{}, err
	}
	d, err := xmltree.Read([]byte(text), archiveLimits)
	if err != nil {
		return Collected{}, fmt.Errorf("diagnosticlog: archive: %w", err)
	}
	c := Collected{}
	if c.Result, err = resultOf(d.Root); err != nil {
		return Collected{}, err
	}
	for _, e := range d.Root.ChildElements() {
		switch e.Tag {
		case "ID":
			c.ID = strings.TrimSpace(e.Text())
		case string(RegistryKey), string(Events), string(Files), string(Command):
			r, err := resultOf(e)
			if err != nil {
				return Collected{}, err
			}
			c.Items = append(c.Items, CollectedItem{Item{Kind(e.Tag), strings.TrimSpace(e.Text())}, r})
		}
	}
	return c, nil
}

// resultOf reads the HRESULT of an element, a number with a sign. None is success.
func resultOf(e *etree.Element) (csp.HRESULT, error) {
	s := e.SelectAttrValue("HRESULT", "0")
	if n, err := strconv.ParseInt(s, 10, 64); err == nil && n >= -1<<31 && n < 1<<32 {
		return csp.HRESULT(uint32(n)), nil
	}
	h, err := csp.ParseHRESULT(s)
	if err != nil {
		return 0, fmt.Errorf("diagnosticlog: archive: the HRESULT of a %q has %d octets that are no number", e.Tag, len(s))
	}
	return h, nil
}
