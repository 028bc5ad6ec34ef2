package gomadm_test

import (
	"slices"
	"strings"
	"testing"
)

// TestConformanceFaultsAreFound breaks each rule about rows and their tests once.
func TestConformanceFaultsAreFound(t *testing.T) {
	const head = "X\tSyntax\nX-1\tMUST\tone\tDMREP 6\t\n"
	tests := []struct {
		name   string
		rows   string // below head
		proofs string // "package name", separated by commas
		want   []string
	}{
		{"proven", "", "syncml X-1_a", nil},
		{"proven in two packages", "", "session X-1_a,syncml X-1_a", nil},
		{"nothing proves it", "", "", []string{"X-1 is neither proven, decided nor not offered"}},
		{"only a client behaves so", "", "session/simdevice X-1_a", []string{"X-1 is neither proven, decided nor not offered"}},
		{"which proves what clients do", "X-2\tPEER\ttwo\t\t\n", "session/simdevice X-2_a,syncml X-1_a", nil},
		{"tolerated and not proven", "X-2\tTOL\ttwo\t\t\n", "syncml X-1_a", []string{"X-2 is neither proven, decided nor not offered"}},
		{"a choice without a test", "X-2\tLIB\ttwo\t\t\n", "syncml X-1_a", []string{"X-2 is neither proven, decided nor not offered"}},
		{"a choice in another section", "N\tOther\nN-2\tLIB\ttwo\t\t\n", "syncml X-1_a", []string{"N-2 is neither proven, decided nor not offered"}},
		{"another section", "N\tOther\nN-2\tMUST\ttwo\t\t\n", "syncml X-1_a", nil},
		{"recommended", "X-2\tSHOULD\ttwo\t\t\n", "syncml X-1_a", nil},
		{"decided", "X-2\tLIB\ttwo\t\tdecided: so\n", "syncml X-1_a", nil},
		{"not offered", "X-2\tMUST\ttwo\t\tnot offered: not built\n", "syncml X-1_a", nil},
		{"not offered and proven", "X-2\tMUST\ttwo\t\tnot offered: not built\n", "syncml X-1_a,syncml X-2_a",
			[]string{"X-2 is proven and has a reason why it is not"}},
		{"in part", "X-2\tLIB\ttwo\t\tin part: the first half\n", "syncml X-1_a,syncml X-2_a", nil},
		{"in part and not at all", "X-2\tMAY\ttwo\t\tin part: the first half\n", "syncml X-1_a", []string{"X-2 is proven by no test, not even in part"}},
		{"a row that does not exist", "", "syncml X-1_a,syncml X-12_a", []string{"syncml: X-12_a is no row of testdata/conformance/rows.tsv"}},

		{"one row twice", "X-1\tMUST\tone\t\t\n", "", []string{"rows.tsv:3: X-1 is there twice"}},
		{"one section twice", "X\tSyntax\n", "", []string{"rows.tsv:3: X is there twice"}},
		{"a column is missing", "X-2\tMUST\ttwo\t\n", "", []string{"rows.tsv:3: neither a section nor a row"}},
		{"in the wrong section", "Y-2\tMUST\ttwo\t\t\n", "", []string{"rows.tsv:3: Y-2 is no row of this section"}},
		{"no number", "X-b\tMUST\ttwo\t\t\n", "", []string{"rows.tsv:3: X-b is no row of this section"}},
		{"an unknown level", "X-2\tWANT\ttwo\t\t\n", "", []string{"rows.tsv:3: WANT is no level"}},
		{"not offered for no reason", "X-2\tMUST\ttwo\t\tnot offered\n", "", []string{"rows.tsv:3: no verdict with a reason"}},
		{"another verdict", "X-2\tMUST\ttwo\t\tproven: really\n", "", []string{"rows.tsv:3: no verdict with a reason"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var got []string
			table, err := parseRows(head + tt.rows)
			if err != nil {
				got = []string{err.Error()}
			} else {
				got = prove(table, proofsOf(tt.proofs))
			}
			if !slices.Equal(got, tt.want) {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func proofsOf(list string) (proofs []proof) {
	for _, p := range strings.Split(list, ",") {
		if pkg, name, ok := strings.Cut(p, " "); ok {
			proofs = append(proofs, proof{pkg, name})
		}
	}
	return proofs
}

// TestRowTestsAreFound looks for the names of rows in every form that a TestRows has.
func TestRowTestsAreFound(t *testing.T) {
	const header = "package p_test\n"
	tests := []struct {
		name   string
		src    string
		proofs string
		faults []string
	}{
		{"a subtest", `func TestRows(t *testing.T) { t.Run("X-1_a", func(t *testing.T) {}) }`, "p X-1_a", nil},
		{"a table inside", `func TestRows(t *testing.T) { for _, r := range []row{{"X-1_a", f}} { t.Run(r.name, r.run) } }`, "p X-1_a", nil},
		{"a table of the package", "func TestRows(t *testing.T) { run(t, one, two) }\nvar one = []row{{\"X-2_b\", f}}\nvar two = map[string]func(){`X-1_a`: f}",
			"p X-1_a,p X-2_b", nil},
		{"tables of tables", "func TestRows(t *testing.T) { run(t, all) }\nvar all = [][]row{one}\nvar one = []row{{\"X-1_a\", f}}", "p X-1_a", nil},
		{"a function that runs them", "func TestRows(t *testing.T) { more(t) }\nfunc more(t *testing.T) { t.Run(\"X-1_a\", f) }", "p X-1_a", nil},
		{"a table that nothing runs", "func TestRows(t *testing.T) {}\nvar one = []row{{\"X-1_a\", f}}", "", []string{"p/a_test.go: TestRows does not run X-1_a"}},
		{"no TestRows", `func TestOther(t *testing.T) { t.Run("X-1_a", f) }`, "", []string{"p/a_test.go: TestRows does not run X-1_a"}},
		{"a name twice", `func TestRows(t *testing.T) { t.Run("X-1_a", f); t.Run("X-1_a", g) }`, "p X-1_a", []string{"p/a_test.go: X-1_a is there twice"}},
		{"other names", `func TestRows(t *testing.T) { t.Run("X-1", f); t.Run("a_X-1_a", f); t.Run("UTF-8_a", f) }`, "", nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			proofs, faults := rowTests([]file{parse(t, "p/a_test.go", header+tt.src)})
			if want := proofsOf(tt.proofs); !slices.Equal(proofs, want) {
				t.Errorf("proofs %q, want %q", proofs, want)
			}
			if !slices.Equal(faults, tt.faults) {
				t.Errorf("faults %q, want %q", faults, tt.faults)
			}
		})
	}

	table := []section{{letter: "X", rows: []row{{id: "X-1"}}}}
	cited := citedRows([]file{parse(t, "p/a.go", "package p\nvar a, b, c = \"X-1\", \"X-2\", \"an X-3\"")})
	if got, want := unknownRows(table, cited), []string{"p/a.go: X-2 is no row of testdata/conformance/rows.tsv"}; !slices.Equal(got, want) {
		t.Errorf("cited: got %q, want %q", got, want)
	}
}

// TestConformanceIsReadable looks at a small CONFORMANCE.md.
func TestConformanceIsReadable(t *testing.T) {
	table, err := parseRows("X\tSyntax\nX-1\tMUST\t`<a*>|` <b> *\tDMREP 6\t\nX-2\tLIB\ttwo\tours\tdecided: so it is\nX-3\tMAY\tthree\t\t\n" +
		"X-4\tMUST\tfive\t\tin part: not all\n" +
		"N\tOther\nN-1\tMUST\tfour\t\tnot offered: not built\n")
	if err != nil {
		t.Fatal(err)
	}
	if faults := prove(table, proofsOf(". X-1_c,session X-1_a,session X-1_b,syncml X-4_d")); faults != nil {
		t.Fatal(faults)
	}
	got := render(table)
	for _, line := range []string{
		"| section | rows | proven | in part | decided | not offered | open |",
		"| X Syntax | 4 | 1 | 1 | 1 | 0 | 1 |",
		"| N Other | 1 | 0 | 0 | 0 | 1 | 0 |",
		"| **all** | 5 | 1 | 1 | 1 | 1 | 1 |",
		"## X. Syntax",
		"| X-1 | MUST | `<a*>\\|` &lt;b> \\* | DMREP 6 | gomadm: `X-1_c`<br>session: `X-1_a`, `X-1_b` |",
		"| X-2 | LIB | two | ours | *decided*: so it is |",
		"| X-3 | MAY | three |  | *open* |",
		"| X-4 | MUST | five |  | syncml: `X-4_d`<br>*in part*: not all |",
		"| N-1 | MUST | four |  | *not offered*: not built |",
	} {
		if !strings.Contains(got, "\n"+line+"\n") {
			t.Errorf("no line %s in:\n%s", line, got)
		}
	}
}
