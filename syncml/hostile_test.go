package syncml_test

import (
	"errors"
	"fmt"
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

const hostileDir = "../testdata/hostile/"

var verdictLine = regexp.MustCompile(`(?m)^\| (\S+\.xml) \| .+ \| (.+) \|$`)

// TestHostileFiles holds the decoder to the verdicts of the table in testdata/hostile, and the table to the files.
func TestHostileFiles(t *testing.T) {
	table, err := os.ReadFile(hostileDir + "README.md")
	if err != nil {
		t.Fatal(err)
	}
	var listed []string
	reused := new(syncml.Decoder)
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
			for _, decode := range []func([]byte) (*syncml.Message, error){syncml.Decode, reused.Decode} {
				m, err := decode(b)
				if got := verdict(err); got != want || (m == nil) == (err == nil) {
					t.Errorf("got %s, want %s: message %v, error %v", got, want, m != nil, err)
				}
			}
			octets, _ := allocated(b)
			checkCost(t, b, octets)
		})
	}
	paths, err := filepath.Glob(hostileDir + "*.xml")
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

// large are shapes that have to be large to do harm, beside those of hostile. They have about n octets.
var large = []struct {
	name string
	in   func(n int) string
}{
	{"a comment", func(n int) string { return inBody("<!--" + strings.Repeat(" x", n/2) + "-->") }},
	{"empty comments", func(n int) string { return inItem("<Data>x" + strings.Repeat("<!---->", n/7) + "</Data>") }},
	{"comments before the root", func(n int) string { return strings.Repeat("<!-- -->", n/8) + inBody("") }},
	{"an instruction", func(n int) string { return inBody("<?a " + strings.Repeat("b", n) + "?>") }},
	{"instructions", func(n int) string { return inBody(strings.Repeat("<?a?>", n/5)) }},
	{"attributes of one element", func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, " a%d=''", i)
		}
		return inItem("<Data" + b.String() + "/>")
	}},
	{"an attribute", func(n int) string { return inItem("<Data a='" + strings.Repeat("x", n) + "'/>") }},
	{"references in a declaration", func(n int) string {
		return inItem("<Data xmlns:a='" + strings.Repeat("&#97;", n/5) + "'/>")
	}},
	{"declarations of one element", func(n int) string {
		var b strings.Builder
		for i := 0; b.Len() < n; i++ {
			fmt.Fprintf(&b, " xmlns:a%d='u'", i)
		}
		return inItem("<Data" + b.String() + "/>")
	}},
	{"an address", func(n int) string {
		return inItem("<Target><LocURI>" + strings.Repeat("/a", n/2) + "</LocURI></Target>")
	}},
	{"addresses", func(n int) string {
		address := "<Target><LocURI>" + strings.Repeat("a", 4096) + "</LocURI></Target>"
		return inItem(strings.Repeat(address, n/len(address)+1))
	}},
	{"brackets in CDATA", func(n int) string { return inItem("<Data><![CDATA[" + strings.Repeat("]", n) + "]]></Data>") }},
	{"brackets in text", func(n int) string { return inItem("<Data>" + strings.Repeat("]", n) + "</Data>") }},
	{"empty CDATA sections", func(n int) string { return inItem("<Data>x" + strings.Repeat("<![CDATA[]]>", n/12) + "</Data>") }},
	{"carriage returns", func(n int) string { return inItem("<Data>" + strings.Repeat("\r", n) + "</Data>") }},
	{"carriage returns in CDATA", func(n int) string { return inItem("<Data><![CDATA[" + strings.Repeat("\r", n) + "]]></Data>") }},
	{"zeros of a reference", func(n int) string { return inItem("<Data>&#" + strings.Repeat("0", n) + "65;</Data>") }},
	{"white space in tags", func(n int) string { return inBody("<Add" + strings.Repeat(" ", n) + "/>") }},
	{"white space", func(n int) string { return inBody(strings.Repeat("\n", n)) }},
	{"an entity declaration", func(n int) string {
		return "<!DOCTYPE SyncML [<!ENTITY a '" + strings.Repeat("x", n) + "'>]>" + inBody("")
	}},
	{"a public identifier", func(n int) string {
		return "<!DOCTYPE SyncML PUBLIC '" + strings.Repeat("x", n) + "' 'y'>" + inBody("")
	}},
	{"a Size of many digits", func(n int) string { return inItem("<Meta><Size>" + strings.Repeat("9", n) + "</Size></Meta>") }},
	{"repeated Meta", func(n int) string { return inItem(strings.Repeat("<Meta/>", n/7)) }},
	{"empty Metas in Adds", func(n int) string { return inBody(strings.Repeat("<Add><Meta/></Add>", n/18)) }},
	{"nested unknown elements", func(n int) string { return inItem(strings.Repeat("<v><w><x/></w></v>", n/18)) }},
	{"elements of vendors", func(n int) string { return inItem("<Meta>" + strings.Repeat("<x/>", n/4) + "</Meta>") }},
	{"namespaces of vendors", func(n int) string { return inItem("<Meta>" + strings.Repeat("<x xmlns='u'/>", n/14) + "</Meta>") }},
	{"roots", func(n int) string { return strings.Repeat(inBody(""), n/len(inBody(""))+1) }},
	{"commands of a group", func(n int) string { return inBody("<Atomic>" + strings.Repeat("<Get/>", n/6) + "</Atomic>") }},
	{"items after one and a comment", func(n int) string {
		return inBody("<Add><Item/></Add><!--" + strings.Repeat(" x", n/2) + "--><Add>" + strings.Repeat("<Item/>", min(n/70, 9999)) + "</Add>")
	}},
	{"references to targets after one and a comment", func(n int) string {
		return inBody("<Status><TargetRef/></Status><!--" + strings.Repeat(" x", n/4) + "--><Status>" + strings.Repeat("<TargetRef/>", n/24) + "</Status>")
	}},
	{"few references to targets after one and a comment", func(n int) string {
		return inBody("<Status><TargetRef/></Status><!--" + strings.Repeat(" x", n/2) + "--><Status>" + strings.Repeat("<TargetRef/>", n/240) + "</Status>")
	}},
	{"empty bodies", func(n int) string {
		return strings.TrimSuffix(messageStart, "<SyncBody>") + strings.Repeat("<SyncBody/>", n/11) + "</SyncML>"
	}},
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

// grownShapes returns all shapes, each as a function that makes about n octets.
func grownShapes() map[string]func(n int) []byte {
	shapes := map[string]func(int) []byte{}
	for _, s := range large {
		shapes[s.name] = func(n int) []byte { return []byte(s.in(n)) }
	}
	for _, s := range hostile {
		// Their n counts repetitions: the octets of one more are measured.
		more := float64(len(s.in(8000))-len(s.in(4000))) / 4000
		shapes[s.name] = func(n int) []byte { return []byte(s.in(int(float64(n) / more))) }
	}
	return shapes
}

// manyLimits let through what the default limits refuse for its number, so that accepting it is measured too. Depth
// and Attributes stay: they bound the work for one element.
var manyLimits = syncml.Limits{Commands: 1 << 30, Items: 1 << 30, Extra: 1 << 30, URI: 1 << 30}

// leap is how many doublings growth is judged over: memory is taken in chunks, and the next one may fall on any step. A
// quadratic step after linear ones still shows.
const leap = 3

// A message twice as large takes, on average over a leap, no more than 2.2 times the memory, whatever its shape and
// whether it is accepted, and a refused one no more than 2 MB and 8 times its octets.
func TestHostileShapesGrowLinearly(t *testing.T) {
	for name, in := range grownShapes() {
		t.Run(name, func(t *testing.T) {
			var costs, costsOfMany []uint64
			for n := smallest; n <= upTo(); n *= 2 {
				b := in(n)
				cost, accepted := allocated(b)
				checkCost(t, b, cost)
				costs = append(costs, cost)
				if accepted {
					continue
				}
				cost, accepted = allocatedWithin(b, manyLimits)
				if !accepted {
					checkCost(t, b, cost)
				}
				costsOfMany = append(costsOfMany, cost)
			}
			checkGrowth(t, "default limits", costs)
			checkGrowth(t, "many of all", costsOfMany)
		})
	}
}

func checkCost(t *testing.T, b []byte, octets uint64) {
	t.Helper()
	if most := uint64(2<<20 + 8*len(b)); octets > most {
		t.Errorf("%d octets cost %d, want at most %d", len(b), octets, most)
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

// rich is a message with every element that a message can have.
const rich = "\uFEFF" + `<?xml version="1.0" encoding="UTF-8"?><!-- before --><!DOCTYPE SyncML PUBLIC "-//SYNCML//DTD SyncML 1.2//EN" "syncml.dtd">
<SyncML xmlns="SYNCML:SYNCML1.2" xmlns:m="syncml:metinf" xmlns:msft='http://schemas.microsoft.com/MobileDevice/MDM'><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto>
<SessionID>1</SessionID><MsgID>2</MsgID><Target><LocURI>t</LocURI><LocName>n</LocName></Target><Source><LocURI>s</LocURI></Source><RespURI>r</RespURI><NoResp/>
<Cred><Meta><m:Format>b64</m:Format><m:Type>syncml:auth-md5</m:Type></Meta><Data>AAAA</Data></Cred><Meta><m:MaxMsgSize>5000</m:MaxMsgSize></Meta></SyncHdr><SyncBody>
<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><TargetRef>a</TargetRef><SourceRef>b</SourceRef><Chal><Meta><m:NextNonce>AAAA</m:NextNonce></Meta></Chal><Data msft:originalerror="0x86000002">200</Data></Status>
<Alert><CmdID>2</CmdID><Data>1226</Data><Correlator>c</Correlator><Item><Meta><Size xmlns="syncml:metinf">3</Size></Meta><Data>a&lt;b&#x20AC;&#10;é汉😀</Data><MoreData/></Item></Alert>
<Atomic><CmdID>3</CmdID><Sequence><CmdID>4</CmdID><Exec><CmdID>5</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Exec></Sequence></Atomic>
<Results><CmdID>6</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Data><![CDATA[<a>]]> &amp; <![CDATA[b]] >]]></Data></Item></Results>
<Put><CmdID>7</CmdID><x:y xmlns:x="u" x:z='1 "2"'><?p q?></x:y></Put><Replace><CmdID>8</CmdID><Item><Data><b c="d">e<f/></b></Data></Item></Replace><Final/></SyncBody></SyncML>`

// A message that ends anywhere but behind its root is refused with an error that names a place in it.
func TestTruncatedAnywhere(t *testing.T) {
	decode(t, rich)
	reused := new(syncml.Decoder)
	for n := range len(rich) {
		e := refused(t, rich[:n])
		if e.Offset > n {
			t.Errorf("the first %d octets: fault at %d", n, e.Offset)
		}
		if m, err := reused.Decode([]byte(rich[:n])); m != nil || err == nil {
			t.Errorf("the first %d octets make a message for a reused decoder", n)
		}
	}
	decode(t, rich+" ")
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
	_, _ = syncml.XML.Decode(b, manyLimits)
	return max(time.Since(start), 1)
}
