// Package hostile holds a codec to what reading a message that is made to do harm may cost. Only tests import it.
package hostile

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/syncml"
)

// Shapes make messages of about n octets, each harmful in its own way. Keys say how.
type Shapes map[string]func(n int) []byte

// Sizes that shapes are grown through, by doubling. They begin where the allocator of Go no longer has size classes but
// rounds to pages: a step from one to the other would say little of the codec.
const (
	smallest = 32 << 10
	largest  = 4 << 20
)

// upTo is the largest size that a test grows to: under the race detector, with -short, the smaller ones do.
func upTo() int {
	if testing.Short() {
		return largest / 16
	}
	return largest
}

// Many are limits that let through what the default limits refuse for its number, so that accepting it is measured too.
// Depth and Attributes stay: they bound the work for one element.
var Many = syncml.Limits{Commands: 1 << 30, Items: 1 << 30, Extra: 1 << 30, URI: 1 << 30}

// Allocated returns the octets that c allocates to decode or refuse b.
func Allocated(c syncml.Codec, b []byte, limits syncml.Limits) (octets uint64, accepted bool) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := c.Decode(b, limits)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err == nil
}

// CheckCost fails if the octets allocated for b are more than 2 MB and 8 times its own.
func CheckCost(t *testing.T, b []byte, octets uint64) {
	t.Helper()
	if most := uint64(2<<20 + 8*len(b)); octets > most {
		t.Errorf("%d octets cost %d, want at most %d", len(b), octets, most)
	}
}

// TestGrowth fails if a message twice as large takes more than 2.2 times the memory, at any doubling of any shape, accepted
// or refused; or if one breaks the bound of CheckCost under the default limits, or refused under any.
func TestGrowth(t *testing.T, c syncml.Codec, shapes Shapes) {
	for name, in := range shapes {
		t.Run(name, func(t *testing.T) {
			var costs, costsOfMany []uint64
			for n := smallest; n <= upTo(); n *= 2 {
				b := in(n)
				octets, accepted := Allocated(c, b, syncml.Limits{})
				CheckCost(t, b, octets)
				costs = append(costs, octets)
				if accepted {
					continue
				}
				if octets, accepted = Allocated(c, b, Many); !accepted {
					CheckCost(t, b, octets)
				}
				costsOfMany = append(costsOfMany, octets)
			}
			checkGrowth(t, "default limits", costs)
			checkGrowth(t, "many of all", costsOfMany)
		})
	}
}

// checkGrowth checks what doubling sizes cost.
func checkGrowth(t *testing.T, name string, costs []uint64) {
	t.Helper()
	for i := 1; i < len(costs); i++ {
		if got := float64(costs[i]) / float64(costs[i-1]); got > 2.2 {
			t.Errorf("%s: memory grows %.2f times with step %d: %d", name, got, i, costs)
		}
	}
}

// BenchmarkGrowth reports how much longer a message of twice the size takes. That is 2 for what is read to its end and
// 1 for what is refused at a fixed place.
func BenchmarkGrowth(b *testing.B, c syncml.Codec, shapes Shapes) {
	for name, in := range shapes {
		half, whole := in(largest/4), in(largest/2)
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			// The collector would add what depends on the size of the heap. The shortest times are those that nothing
			// else took part in.
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			one, two := elapsed(c, half), elapsed(c, whole)
			for b.Loop() {
				one, two = min(one, elapsed(c, half)), min(two, elapsed(c, whole))
			}
			b.ReportMetric(float64(two)/float64(one), "x-per-doubling")
		})
	}
}

// elapsed returns how long it takes to decode or refuse b.
func elapsed(c syncml.Codec, b []byte) time.Duration {
	runtime.GC()
	start := time.Now()
	_, _ = c.Decode(b, Many)
	return max(time.Since(start), 1)
}

// TestFiles holds c, and whatever else decodes its encoding, to the verdicts of the table in README.md of a directory, and
// the table to the files there that end in extension.
func TestFiles(t *testing.T, c syncml.Codec, dir, extension string, decoders ...func([]byte) (*syncml.Message, error)) {
	table, err := os.ReadFile(filepath.Join(dir, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	decoders = append(decoders, func(b []byte) (*syncml.Message, error) { return c.Decode(b, syncml.Limits{}) })
	lines := regexp.MustCompile(`(?m)^\| (\S+` + regexp.QuoteMeta(extension) + `) \| .+ \| (.+) \|$`)
	var listed []string
	for _, line := range lines.FindAllStringSubmatch(string(table), -1) {
		name, want := line[1], line[2]
		listed = append(listed, name)
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if len(b) >= 64<<10 {
				t.Errorf("%d octets, want less than 64 KB", len(b))
			}
			for _, decode := range decoders {
				m, err := decode(b)
				if got := verdict(err); got != want || (m == nil) == (err == nil) {
					t.Errorf("got %s, want %s: message %v, error %v", got, want, m != nil, err)
				}
			}
			octets, _ := Allocated(c, b, syncml.Limits{})
			CheckCost(t, b, octets)
		})
	}
	paths, err := filepath.Glob(filepath.Join(dir, "*"+extension))
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range paths {
		if name := filepath.Base(path); !slices.Contains(listed, name) {
			t.Errorf("%s has no line in the table", name)
		}
	}
	if len(listed) != len(paths) {
		t.Errorf("%d lines for %d files", len(listed), len(paths))
	}
}

// verdict names the outcome of a Decode as the table does.
func verdict(err error) string {
	var limit *syncml.LimitError
	var syntax *syncml.SyntaxError
	switch {
	case err == nil:
		return "accepted"
	case errors.As(err, &limit):
		return "LimitError " + limit.Limit
	case errors.As(err, &syntax):
		return "SyntaxError"
	}
	return fmt.Sprintf("%T", err)
}
