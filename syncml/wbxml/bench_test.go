package wbxml

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/sample"
)

// policies is a message with n commands: a Status and a Replace by turns, with now and then markup characters.
func policies(n int) *syncml.Message {
	m := &syncml.Message{Header: simpleHeader(), Final: true}
	for i := range n {
		id := fmt.Sprint(i + 1)
		if i%2 == 0 {
			m.Body = append(m.Body, &syncml.Status{CmdID: id, MsgRef: "1", CmdRef: id, Cmd: "Replace", TargetRefs: []string{"./Vendor/MSFT/Policy/" + id}, Data: syncml.Text("200")})
			continue
		}
		m.Body = append(m.Body, &syncml.Replace{CmdID: id, Items: []syncml.Item{{
			Target: syncml.Location{URI: "./Vendor/MSFT/Policy/Config/Area/Name" + id},
			Meta:   &syncml.Meta{Format: "chr", Type: "text/plain"},
			Data:   syncml.Text(strings.Repeat(`<data id="a" value="b & c"/>`, i%5)),
		}}})
	}
	return m
}

// BenchmarkDecode reports as "x-xml" how many times as fast as the XML codec the same message is read: the
// median of rounds in which both run.
func BenchmarkDecode(b *testing.B) {
	for _, s := range sample.Messages() {
		b.Run(s.Name, func(b *testing.B) {
			binary := encode(b, fromXML(b, s.XML))
			b.SetBytes(int64(len(binary)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Codec.Decode(binary, syncml.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
			b.StopTimer()
			n := max(1, 200_000/len(s.XML))
			var ratios []float64
			for range 51 {
				ours := timed(b, Codec, binary, n)
				ratios = append(ratios, float64(timed(b, syncml.XML, s.XML, n))/float64(ours))
			}
			slices.Sort(ratios)
			b.ReportMetric(ratios[len(ratios)/2], "x-xml")
		})
	}
}

// fromXML returns the message of an XML document.
func fromXML(b *testing.B, text []byte) *syncml.Message {
	b.Helper()
	m, err := syncml.Decode(text)
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func timed(b *testing.B, c syncml.Codec, in []byte, n int) time.Duration {
	start := time.Now()
	for range n {
		if _, err := c.Decode(in, syncml.Limits{}); err != nil {
			b.Fatal(err)
		}
	}
	return time.Since(start)
}

// BenchmarkEncode writes into a buffer of the caller.
func BenchmarkEncode(b *testing.B) {
	for _, s := range sample.Messages() {
		b.Run(s.Name, func(b *testing.B) {
			m := fromXML(b, s.XML)
			dst := encode(b, m)
			b.SetBytes(int64(len(dst)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := syncml.Append(dst[:0], Codec, m); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkGrowth shows that time grows with size: B/s stays the same from one to the next.
func BenchmarkGrowth(b *testing.B) {
	for n := 250; n <= 2000; n *= 2 {
		m := policies(n)
		dst := encode(b, m)
		b.Run(fmt.Sprintf("encode/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(dst)))
			for b.Loop() {
				if _, err := syncml.Append(dst[:0], Codec, m); err != nil {
					b.Fatal(err)
				}
			}
		})
		in := encode(b, m)
		b.Run(fmt.Sprintf("decode/%d", n), func(b *testing.B) {
			b.SetBytes(int64(len(in)))
			for b.Loop() {
				if _, err := Codec.Decode(in, syncml.Limits{}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
