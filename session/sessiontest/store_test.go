package sessiontest

import (
	"fmt"
	"go/parser"
	"go/token"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
)

// recorder is a reporter that keeps what *testing.T would show.
type recorder struct {
	messages []string
	failed   bool
	skipped  bool
}

func (r *recorder) Helper() {}

func (r *recorder) Errorf(format string, args ...any) {
	r.failed = true
	r.messages = append(r.messages, fmt.Sprintf(format, args...))
}

func (r *recorder) FailNow() {
	r.failed = true
	runtime.Goexit()
}

func (r *recorder) Skip(...any) {
	r.skipped = true
	runtime.Goexit()
}

// record tries a sentence on a store in a goroutine of its own, as testing does.
func record(s sentence, store session.Store) *recorder {
	r := new(recorder)
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.try(r, store)
	}()
	<-done
	return r
}

// The wrapper without a fault keeps the contract, so that it is the faults that the suite finds.
func TestFaultlessStorePasses(t *testing.T) {
	TestStore(t, func(*testing.T) session.Store { return new(faulty) })
}

// The contract is quoted word for word, so that a change of it is noticed here.
func TestSentencesAreThoseOfTheContract(t *testing.T) {
	f, err := parser.ParseFile(token.NewFileSet(), "../store.go", nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	var contract strings.Builder
	for _, group := range f.Comments {
		for _, c := range group.List {
			line := strings.TrimSpace(strings.TrimPrefix(c.Text, "//"))
			contract.WriteString(strings.TrimPrefix(line, "- ") + " ")
		}
		contract.WriteString("\n")
	}
	names := make(map[string]bool)
	for _, s := range sentences() {
		if !strings.Contains(contract.String(), s.text) {
			t.Errorf("%s: session/store.go does not say %q", s.name, s.text)
		}
		if names[s.name] {
			t.Errorf("%s: the name is used twice", s.name)
		}
		names[s.name] = true
	}
}

func TestStoreWithoutRegistrarFails(t *testing.T) {
	s := sentences()[0]
	r := record(s, struct{ session.Store }{new(memstore.Store)})
	if !r.failed || !strings.Contains(r.messages[0], "session.Registrar") {
		t.Errorf("got failed %t with %q, want a failure that names session.Registrar", r.failed, r.messages)
	}
}

// reader is session.Results under a name that does not hide its method when it is embedded.
type reader interface{ session.Results }

// What a store does not offer is skipped, and nothing else.
func TestOptionalInterfacesAreSkipped(t *testing.T) {
	for _, tt := range []struct {
		name string
		open func(*memstore.Store) session.Store
		skip []string // prefixes of the names of the trials skipped
	}{
		{"none of them", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
			}{s, s}
		}, []string{"results_", "entry_", "cancel_", "idle_", "list_", "prune_", "push_"}},
		{"Results only", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				reader
			}{s, s, s}
		}, []string{"cancel_", "idle_", "list_", "prune_", "push_"}},
		{"Idler only", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				session.Idler
			}{s, s, s}
		}, []string{"results_", "entry_", "cancel_", "list_", "prune_", "push_"}},
		{"Canceler only", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				session.Canceler
			}{s, s, s}
		}, []string{"results_", "entry_", "idle_", "list_", "prune_", "push_"}},
		{"Lister only", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				session.Lister
			}{s, s, s}
		}, []string{"results_", "entry_", "cancel_", "idle_", "list_history_", "prune_", "push_"}},
		{"Pruner without Results", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				session.Pruner
			}{s, s, s}
		}, []string{"results_", "entry_", "cancel_", "idle_", "list_", "prune_", "push_"}},
		{"Pruner with Results only", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				reader
				session.Pruner
			}{s, s, s, s}
		}, []string{"cancel_", "idle_", "list_", "push_"}},
		{"Pushes only", func(s *memstore.Store) session.Store {
			return struct {
				session.Store
				session.Registrar
				session.Pushes
			}{s, s, s}
		}, []string{"results_", "entry_", "cancel_", "idle_", "list_", "prune_"}},
		{"all", func(s *memstore.Store) session.Store { return s }, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, s := range sentences() {
				r := record(s, tt.open(new(memstore.Store)))
				if r.failed {
					t.Errorf("%s: got %q, want no failure", s.name, r.messages)
				}
				want := slices.ContainsFunc(tt.skip, func(p string) bool { return strings.HasPrefix(s.name, p) })
				if r.skipped != want {
					t.Errorf("%s: got skipped %t, want %t", s.name, r.skipped, want)
				}
			}
		})
	}
}

// A broken store fails, in the subtest that names the promise, and the message quotes it. Each sentence is broken by
// at least one store, so none of the subtests is one that cannot fail.
func TestBrokenStoresFail(t *testing.T) {
	seen := make(map[string]bool)
	all := sentences()
	for _, b := range slices.Concat(brokenStores, brokenListers, brokenPruners, brokenPushes) {
		t.Run(b.name, func(t *testing.T) {
			failed := make(map[string]bool)
			for _, s := range all {
				r := record(s, b.open())
				if !r.failed {
					continue
				}
				failed[s.name], seen[s.name] = true, true
				if len(r.messages) != 1 || !strings.Contains(r.messages[0], fmt.Sprintf("broken promise: %q", s.text)) {
					t.Errorf("%s: got messages %q, want one that quotes %q", s.name, r.messages, s.text)
				}
			}
			for _, name := range b.breaks {
				if !failed[name] {
					t.Errorf("%s passes, want it to fail; failed: %v", name, failed)
				}
			}
			if len(b.breaks) == 0 {
				t.Error("the table does not say what this store breaks")
			}
		})
	}
	for _, s := range all {
		if !seen[s.name] {
			t.Errorf("no store of the table breaks %s", s.name)
		}
	}
}
