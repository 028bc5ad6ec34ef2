package gomadm_test

import (
	"cmp"
	"flag"
	"fmt"
	"go/ast"
	"go/token"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

//go:generate go test . -run ^TestConformance$ -update

var update = flag.Bool("update", false, "write CONFORMANCE.md")

// row is a rule of the protocol: a line of testdata/conformance/rows.tsv, and the tests that prove it.
type row struct {
	id      string // P-21
	level   string // a key of levels
	text    string
	source  string
	verdict string // inPart, decided or notOffered, with the reason; else ""
	reason  string
	proofs  []proof
}

// section is the rows with one letter.
type section struct {
	letter, title string
	rows          []row
}

// proof is a subtest of the TestRows of a package.
type proof struct{ pkg, name string }

// How a row can stand.
const (
	proven     = "proven"
	inPart     = "in part"
	decided    = "decided"
	notOffered = "not offered"
	open       = "open"
)

var verdicts = [...]string{proven, inPart, decided, notOffered, open}

type level struct{ name, meaning string }

var levels = [...]level{
	{"MUST", "the specification demands it of a server"},
	{"SHOULD", "the specification recommends it"},
	{"MAY", "the specification permits it"},
	{"PEER", "the specification demands it of the client; a server relies on it and survives its absence"},
	{"TOL", "does not conform and is met in practice: it is accepted"},
	{"LIB", "the specification is silent: a choice of this project"},
	{"CHECK", "sources disagree"},
}

// settled are the sections whose MUST and TOL rows are proven, decided or not offered, and never open.
const settled = "XVDPSCLUAHBFTZRW"

// mirror is the package of the simulated device. What it proves is how a client behaves, and no rule of a server.
const mirror = "session/simdevice"

// stands returns how a row stands.
func (r row) stands() string {
	server := slices.ContainsFunc(r.proofs, func(p proof) bool { return p.pkg != mirror })
	tested := server || len(r.proofs) > 0 && r.level == "PEER"
	switch {
	case tested && r.verdict == inPart:
		return inPart
	case tested:
		return proven
	case r.verdict != "" && r.verdict != inPart:
		return r.verdict
	}
	return open
}

// mayBeOpen reports whether a row needs neither a proof nor a reason.
func (r row) mayBeOpen() bool {
	switch r.level {
	case "MUST", "TOL":
		return !strings.Contains(settled, r.id[:1])
	case "LIB":
		return false
	}
	return true
}

// TestConformance holds CONFORMANCE.md against the rows and their tests, and the tests against the rows.
func TestConformance(t *testing.T) {
	tsv, err := os.ReadFile("testdata/conformance/rows.tsv")
	if err != nil {
		t.Fatal(err)
	}
	table, err := parseRows(string(tsv))
	if err != nil {
		t.Fatal(err)
	}
	files := readTree(t)
	proofs, faults := rowTests(files)
	if len(proofs) == 0 {
		t.Fatal("no row test was found")
	}
	faults = append(faults, prove(table, proofs)...)
	cited := citedRows(files)
	for _, name := range []string{"DESIGN.md", "README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md"} {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range rowInText.FindAllStringSubmatch(string(text), -1) {
			cited = append(cited, citation{name, m[1]})
		}
	}
	for _, f := range append(faults, unknownRows(table, cited)...) {
		t.Error(f)
	}

	want := render(table)
	if *update {
		if err := os.WriteFile("CONFORMANCE.md", []byte(want), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	got, err := os.ReadFile("CONFORMANCE.md")
	if err != nil {
		t.Fatal(err)
	}
	if string(got) != want {
		t.Error("CONFORMANCE.md is stale: run go generate ./...")
	}
}

// TestRows proves what is to be seen in the sources only.
func TestRows(t *testing.T) {
	t.Run("F-14_what_reads_octets_has_a_fuzz_target", func(t *testing.T) {
		targets := make(map[string]bool)
		for _, f := range readTree(t) {
			for _, d := range f.syntax.Decls {
				if d, ok := d.(*ast.FuncDecl); ok && f.isTest() && d.Recv == nil && strings.HasPrefix(d.Name.Name, "Fuzz") {
					targets[f.pkg()+" "+d.Name.Name] = true
				}
			}
		}
		for _, want := range []string{
			"syncml FuzzDecode", "syncml/wbxml FuzzDecode", "omadm FuzzACL", "omadm FuzzURI", "omadm/tnds FuzzParse", "omadm/xmltree FuzzRead",
			"omadm/auth FuzzParseHeader", "session FuzzForwardedCertificate", "session FuzzSignature", "session FuzzHandler", "csp/ddf FuzzParse",
			"csp/declaredconfiguration FuzzRead", "csp/enterprisedesktopappmanagement FuzzReadAlert",
		} {
			if !targets[want] {
				t.Errorf("no %s", want)
			}
		}
	})
}

// parseRows reads the table: for each section a line of letter and title, and below it lines of id, level, text, source
// and, for what no test proves, "decided: " or "not offered: " and why, or "in part: " and what the tests leave out.
func parseRows(tsv string) ([]section, error) {
	var table []section
	seen := make(map[string]bool)
	for n, line := range strings.Split(strings.TrimSuffix(tsv, "\n"), "\n") {
		fields := strings.Split(line, "\t")
		fault := func(text string) error { return fmt.Errorf("rows.tsv:%d: %s", n+1, text) }
		if seen[fields[0]] {
			return nil, fault(fields[0] + " is there twice")
		}
		seen[fields[0]] = true
		if len(fields) == 2 {
			table = append(table, section{letter: fields[0], title: fields[1]})
			continue
		}
		if len(fields) != 5 || len(table) == 0 {
			return nil, fault("neither a section nor a row")
		}
		r := row{id: fields[0], level: fields[1], text: fields[2], source: fields[3]}
		if !rowID.MatchString(r.id) || r.id[:1] != table[len(table)-1].letter {
			return nil, fault(r.id + " is no row of this section")
		}
		if !slices.ContainsFunc(levels[:], func(l level) bool { return l.name == r.level }) {
			return nil, fault(r.level + " is no level")
		}
		if fields[4] != "" {
			r.verdict, r.reason, _ = strings.Cut(fields[4], ": ")
			if !slices.Contains([]string{inPart, decided, notOffered}, r.verdict) || r.reason == "" {
				return nil, fault("no verdict with a reason")
			}
		}
		rows := &table[len(table)-1].rows
		*rows = append(*rows, r)
	}
	return table, nil
}

// prove puts the proofs into the table and returns what is missing or too much.
func prove(table []section, proofs []proof) (faults []string) {
	byRow := make(map[string][]proof)
	for _, p := range proofs {
		id, _, _ := strings.Cut(p.name, "_")
		byRow[id] = append(byRow[id], p)
	}
	for _, s := range table {
		for i := range s.rows {
			r := &s.rows[i]
			r.proofs = byRow[r.id]
			delete(byRow, r.id)
			switch stand := r.stands(); {
			case stand == proven && r.verdict != "":
				faults = append(faults, r.id+" is proven and has a reason why it is not")
			case stand == open && r.verdict == inPart:
				faults = append(faults, r.id+" is proven by no test, not even in part")
			case stand == open && !r.mayBeOpen():
				faults = append(faults, r.id+" is neither proven, decided nor not offered")
			}
		}
	}
	for _, p := range proofs {
		if id, _, _ := strings.Cut(p.name, "_"); byRow[id] != nil {
			faults = append(faults, fmt.Sprintf("%s: %s is no row of testdata/conformance/rows.tsv", p.pkg, p.name))
		}
	}
	return faults
}

var (
	rowID     = regexp.MustCompile(`^[A-Z]-[1-9][0-9]?$`)
	rowName   = regexp.MustCompile(`^[A-Z]-[0-9]+[a-z]?_\S+$`)
	rowInText = regexp.MustCompile(`(?:^|[\s(,:])([A-Z]-[0-9]+)\b`)
)

// rowTests returns the subtests of every TestRows, sorted by package and name: the names of rows in it, and in the
// tables and functions that it uses. Names of rows elsewhere in a test are faults, since nothing runs them.
func rowTests(files []file) (proofs []proof, faults []string) {
	type unit struct{ pkg, name string } // a package and its external tests are two
	decls := make(map[unit]map[string]ast.Node)
	for _, f := range files {
		if !f.isTest() {
			continue
		}
		u := unit{f.pkg(), f.syntax.Name.Name}
		if decls[u] == nil {
			decls[u] = make(map[string]ast.Node)
		}
		for _, d := range f.syntax.Decls {
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Recv == nil {
					decls[u][d.Name.Name] = d.Body
				}
			case *ast.GenDecl:
				for _, s := range d.Specs {
					if s, ok := s.(*ast.ValueSpec); ok {
						for _, n := range s.Names {
							decls[u][n.Name] = s
						}
					}
				}
			}
		}
	}

	found := make(map[proof]bool)
	for u, nodes := range decls {
		done := make(map[string]bool)
		var visit func(name string)
		visit = func(name string) {
			if nodes[name] == nil || done[name] {
				return
			}
			done[name] = true
			ast.Inspect(nodes[name], func(n ast.Node) bool {
				switch n := n.(type) {
				case *ast.Ident:
					visit(n.Name)
				case *ast.BasicLit:
					if name, ok := rowNameOf(n); ok {
						found[proof{u.pkg, name}] = true
					}
				}
				return true
			})
		}
		visit("TestRows")
	}
	for p := range found {
		proofs = append(proofs, p)
	}
	slices.SortFunc(proofs, func(a, b proof) int {
		return cmp.Or(strings.Compare(a.pkg, b.pkg), strings.Compare(a.name, b.name))
	})

	written := make(map[proof]bool)
	for _, f := range files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			lit, ok := n.(*ast.BasicLit)
			if !ok || !f.isTest() {
				return true
			}
			name, ok := rowNameOf(lit)
			p := proof{f.pkg(), name}
			switch {
			case !ok:
			case !found[p]:
				faults = append(faults, fmt.Sprintf("%s: TestRows does not run %s", f.path, name))
			case written[p]:
				faults = append(faults, fmt.Sprintf("%s: %s is there twice", f.path, name))
			}
			written[p] = true
			return true
		})
	}
	return proofs, faults
}

func rowNameOf(lit *ast.BasicLit) (name string, ok bool) {
	if lit.Kind != token.STRING {
		return "", false
	}
	name, err := strconv.Unquote(lit.Value)
	return name, err == nil && rowName.MatchString(name)
}

// citation is a place that names a row.
type citation struct{ path, id string }

// citedRows returns the rows that code names in a string of their own, as checks do that say what a message breaks.
func citedRows(files []file) (cited []citation) {
	for _, f := range files {
		ast.Inspect(f.syntax, func(n ast.Node) bool {
			if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
				if id, err := strconv.Unquote(lit.Value); err == nil && rowID.MatchString(id) {
					cited = append(cited, citation{f.path, id})
				}
			}
			return true
		})
	}
	return cited
}

func unknownRows(table []section, cited []citation) (faults []string) {
	known := make(map[string]bool)
	for _, s := range table {
		for _, r := range s.rows {
			known[r.id] = true
		}
	}
	for _, c := range cited {
		if !known[c.id] {
			faults = append(faults, fmt.Sprintf("%s: %s is no row of testdata/conformance/rows.tsv", c.path, c.id))
		}
	}
	return faults
}

const preface = `# Conformance

<!-- Code generated by go generate ./...; DO NOT EDIT. -->

This file is generated by ` + "`go generate ./...`" + ` from testdata/conformance/rows.tsv and from the tests. It lists the
rules of the protocol, a row for each, and the tests that prove it: subtests of ` + "`TestRows`" + ` in the package named. To run those
of one row:

    go test ./... -run 'TestRows/^P-21(_|$)'

A row is *proven* by such tests, or *in part*, with what they leave out. It is *decided* where there is nothing to test, *not
offered* for the reason given, or *open*. The simulated device in ` + mirror + ` shows how clients behave: its tests prove
rows of level PEER and no others.

`

const sources = `
Sources, with the number of the section:

| name | document |
|---|---|
| DMPRO, DMREP, SEC, NOTI | OMA DM 1.2.1: Protocol, Representation Protocol, Security, Notification Initiated Session |
| TND, TNDS, STD, BOOT, ERDEF | OMA DM 1.2: Tree and Description, its Serialization, Standardized Objects, Bootstrap, Enabler Release Definition |
| REPPRO | SyncML 1.2: Representation Protocol and Meta-Information, with their DTDs and WBXML tokens |
| WBXML | WAP Binary XML |
| MS-MDM, MS-MDE2 | the open specifications of Microsoft with these names |
| MS-CM, MS-DDF, MS-WNS | documentation of Windows: client management, device description files, push notification services |
| practice | no text; how clients and servers are known to behave |
| ours | a choice of this project |
`

// render writes CONFORMANCE.md.
func render(table []section) string {
	var b strings.Builder
	b.WriteString(preface)
	b.WriteString("| section | rows | " + strings.Join(verdicts[:], " | ") + " |\n|---|" + strings.Repeat("---:|", 1+len(verdicts)) + "\n")
	var all section
	for _, s := range table {
		all.rows = append(all.rows, s.rows...)
		writeNumbers(&b, s.letter+" "+s.title, s)
	}
	writeNumbers(&b, "**all**", all)

	b.WriteString("\n| level | meaning |\n|---|---|\n")
	for _, l := range levels {
		fmt.Fprintf(&b, "| %s | %s |\n", l.name, l.meaning)
	}
	b.WriteString(sources)
	for _, s := range table {
		fmt.Fprintf(&b, "\n## %s. %s\n\n| row | level | rule | source | proof |\n|---|---|---|---|---|\n", s.letter, s.title)
		for _, r := range s.rows {
			fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", r.id, r.level, markdown(r.text), r.source, proofCell(r))
		}
	}
	return b.String()
}

func writeNumbers(b *strings.Builder, name string, s section) {
	fmt.Fprintf(b, "| %s | %d |", name, len(s.rows))
	for _, v := range verdicts {
		n := 0
		for _, r := range s.rows {
			if r.stands() == v {
				n++
			}
		}
		fmt.Fprintf(b, " %d |", n)
	}
	b.WriteByte('\n')
}

func proofCell(r row) string {
	var cell []string
	for i := 0; i < len(r.proofs); {
		var names []string
		pkg := r.proofs[i].pkg
		for ; i < len(r.proofs) && r.proofs[i].pkg == pkg; i++ {
			names = append(names, "`"+r.proofs[i].name+"`")
		}
		if pkg == "." {
			pkg = "gomadm"
		}
		cell = append(cell, pkg+": "+strings.Join(names, ", "))
	}
	switch stand := r.stands(); {
	case stand != open && r.verdict != "":
		cell = append(cell, "*"+stand+"*: "+markdown(r.reason))
	case stand == open:
		cell = append(cell, "*open*")
	}
	return strings.Join(cell, "<br>")
}

// markdown writes text for the cell of a table. Between backquotes it is as it is.
func markdown(text string) string {
	parts := strings.Split(strings.ReplaceAll(text, "|", `\|`), "`")
	for i := 0; i < len(parts); i += 2 {
		parts[i] = strings.NewReplacer("<", "&lt;", "*", `\*`).Replace(parts[i])
	}
	return strings.Join(parts, "`")
}
