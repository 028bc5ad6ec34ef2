package wbxml

import (
	"errors"
	"fmt"
	"maps"
	"math"
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

const hostileDir = "../../testdata/hostile/"

var verdictLine = regexp.MustCompile(`(?m)^\| (\S+\.wbxml) \| .+ \| (.+) \|$`)

// TestHostileFiles holds the decoder to the verdicts of the table in testdata/hostile, and the table to the files.
func TestHostileFiles(t *testing.T) {
	table, err := os.ReadFile(hostileDir + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	for _, line := range verdictLine.FindAllStringSubmatch(string(table), -1) {
		name, want := line[1], line[2]
		listed = append(listed, name)
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(hostileDir + name)
			if err != nil {
				t.Fatal(err)
			}
			if len(b) >= 64<<10 {
				t.Errorf("%d octets, want less than 64 KB", len(b))
			}
			m, err := Codec.Decode(b, syncml.Limits{})
			if got := verdict(err); got != want || (m == nil) == (err == nil) {
				t.Errorf("got %s, want %s: message %v, error %v", got, want, m != nil, err)
			}
			octets, _ := cost(b, syncml.Limits{})
			checkCost(t, b, octets)
		})
	}
	paths, err := filepath.Glob(hostileDir + "*.wbxml")
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

// bulky are shapes of about n octets that have to be large to do harm, beside those of hostile.
var bulky = map[string]func(n int) []byte{
	"page switches":     func(n int) []byte { return message([]byte(strings.Repeat("\x00\x01\x00\x00", n/4))) },
	"instructions":      func(n int) []byte { return message([]byte(strings.Repeat("\x43\x05\x01", n/3))) },
	"last instructions": func(n int) []byte { return append(message(), strings.Repeat("\x43\x05\x01", n/3)...) },
	"values":            func(n int) []byte { return message(0x93, 5, []byte(strings.Repeat("\x03a\x00", n/3)), 1) },
	"an attribute":      func(n int) []byte { return message(0x93, 5, 3, []byte(strings.Repeat("a", n)), 0, 1) },
	"a text":            func(n int) []byte { return message(element(tagGet, element(tagCmdID, strings.Repeat("1", n)))) },
	"a number":          func(n int) []byte { return message(element(tagGet, tokenOpaque, []byte(strings.Repeat("\x80", n)))) },
	"an address": func(n int) []byte {
		return message(element(tagGet, element(tagItem, element(tagTarget, element(tagLocURI, strings.Repeat("/a", n/2))))))
	},
	"commands of a group": func(n int) []byte {
		return message(element(tagAtomic, []byte(strings.Repeat("\x13", n))))
	},
	"items after one and a text": func(n int) []byte {
		return message(element(tagGet, tagItem), element(tagGet, element(tagCmdID, strings.Repeat("1", n))),
			element(tagGet, []byte(strings.Repeat("\x14", min(n/70, 9999)))))
	},
	"references after one and a text": func(n int) []byte {
		return message(element(tagStatus, tagTargetRef), element(tagGet, element(tagCmdID, strings.Repeat("1", n))),
			element(tagStatus, []byte(strings.Repeat("\x2f", n/240))))
	},
	"roots": func(n int) []byte { return []byte(strings.Repeat(string(message()), n/len(message())+1)) },
	"ends":  func(n int) []byte { return append(message(), strings.Repeat("\x01", n)...) },
	"embedded documents": func(n int) []byte {
		inner := octets(element(tagItem, element(tagData, opaque("\x02\xa4\x01\x6a\x00\x6d\x01"))))
		return message(element(tagGet, []byte(strings.Repeat(string(inner), n/len(inner)))))
	},
}

// Sizes the shapes are grown through, by doubling.
const (
	smallest = 16 << 10
	largest  = 4 << 20
)

// upTo is the largest size that a test grows to: under the race detector, with -short, the smaller ones do.
func upTo() int {
	if testing.Short() {
		return largest / 16
	}
	return largest
}

// grownShapes returns all shapes.
func grownShapes() map[string]func(n int) []byte {
	shapes := maps.Clone(hostile)
	maps.Copy(shapes, bulky)
	return shapes
}

// manyLimits let through what the default limits refuse for its number, so that it goes as far as the memory of its
// message allows. Depth and Attributes stay: they bound the work for one element.
var manyLimits = syncml.Limits{Commands: 1 << 30, Items: 1 << 30, Extra: 1 << 30, URI: 1 << 30}

// cost is the octets that are allocated to decode or refuse b.
func cost(b []byte, limits syncml.Limits) (octets uint64, accepted bool) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, err := Codec.Decode(b, limits)
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc, err == nil
}

func checkCost(t *testing.T, b []byte, octets uint64) {
	t.Helper()
	if most := uint64(2<<20 + 8*len(b)); octets > most {
		t.Errorf("%d octets cost %d, want at most %d", len(b), octets, most)
	}
}

// leap is how many doublings growth is judged over: slices that could not be counted first grow by leaps, which may fall
// on any step. A quadratic step after linear ones still shows.
const leap = 3

// A message twice as large takes, on average over a leap, no more than 2.2 times the memory, and any message no more
// than 2 MB and 8 times its octets, whatever the limits.
func TestHostileShapesGrowLinearly(t *testing.T) {
	for name, in := range grownShapes() {
		t.Run(name, func(t *testing.T) {
			var costs, costsOfMany []uint64
			for n := smallest; n <= upTo(); n *= 2 {
				b := in(n)
				octets, accepted := cost(b, syncml.Limits{})
				checkCost(t, b, octets)
				costs = append(costs, octets)
				if accepted {
					continue
				}
				octets, _ = cost(b, manyLimits)
				checkCost(t, b, octets)
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
	for i := leap; i < len(costs); i++ {
		if got := math.Pow(float64(costs[i])/float64(costs[i-leap]), 1./leap); got > 2.2 {
			t.Errorf("%s: memory grows %.2f times with each doubling: %d", name, got, costs[i-leap:i+1])
		}
	}
}

// BenchmarkHostile reports how much longer a message of twice the size takes. That is 2 for what is read to its end and
// 1 for what is refused at a fixed place.
func BenchmarkHostile(b *testing.B) {
	for name, in := range grownShapes() {
		half, whole := in(largest/4), in(largest/2)
		b.Run(strings.ReplaceAll(name, " ", "_"), func(b *testing.B) {
			// The collector would add what depends on the size of the heap. The shortest times are those that nothing
			// else took part in.
			defer debug.SetGCPercent(debug.SetGCPercent(-1))
			one, two := timeOf(half), timeOf(whole)
			for b.Loop() {
				one, two = min(one, timeOf(half)), min(two, timeOf(whole))
			}
			b.ReportMetric(float64(two)/float64(one), "x-per-doubling")
		})
	}
}

// timeOf returns how long it takes to decode or refuse b.
func timeOf(b []byte) time.Duration {
	runtime.GC()
	start := time.Now()
	_, _ = Codec.Decode(b, manyLimits)
	return max(time.Since(start), 1)
}
