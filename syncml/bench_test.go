package syncml_test

import (
	"encoding/xml"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/sample"
)

// The yardstick: a lean model of the same messages for encoding/xml.
type (
	plainLocation struct {
		LocURI  string `xml:"LocURI"`
		LocName string `xml:"LocName"`
	}
	plainMeta struct {
		Format     string `xml:"Format"`
		Type       string `xml:"Type"`
		Size       string `xml:"Size"`
		NextNonce  string `xml:"NextNonce"`
		MaxMsgSize string `xml:"MaxMsgSize"`
		MaxObjSize string `xml:"MaxObjSize"`
	}
	plainItem struct {
		Target *plainLocation `xml:"Target"`
		Source *plainLocation `xml:"Source"`
		Meta   *plainMeta     `xml:"Meta"`
		Data   string         `xml:"Data"`
	}
	plainCred struct {
		Meta plainMeta `xml:"Meta"`
		Data string    `xml:"Data"`
	}
	plainCommand struct {
		CmdID     string      `xml:"CmdID"`
		MsgRef    string      `xml:"MsgRef"`
		CmdRef    string      `xml:"CmdRef"`
		Cmd       string      `xml:"Cmd"`
		TargetRef []string    `xml:"TargetRef"`
		SourceRef []string    `xml:"SourceRef"`
		Meta      *plainMeta  `xml:"Meta"`
		Data      string      `xml:"Data"`
		Items     []plainItem `xml:"Item"`
	}
	plainMessage struct {
		XMLName xml.Name `xml:"SyncML"`
		Header  struct {
			VerDTD    string        `xml:"VerDTD"`
			VerProto  string        `xml:"VerProto"`
			SessionID string        `xml:"SessionID"`
			MsgID     string        `xml:"MsgID"`
			Target    plainLocation `xml:"Target"`
			Source    plainLocation `xml:"Source"`
			Cred      *plainCred    `xml:"Cred"`
			Meta      *plainMeta    `xml:"Meta"`
		} `xml:"SyncHdr"`
		Body struct {
			Add     []plainCommand `xml:"Add"`
			Alert   []plainCommand `xml:"Alert"`
			Get     []plainCommand `xml:"Get"`
			Replace []plainCommand `xml:"Replace"`
			Results []plainCommand `xml:"Results"`
			Status  []plainCommand `xml:"Status"`
			Final   *struct{}      `xml:"Final"`
		} `xml:"SyncBody"`
	}
)

// BenchmarkDecode measures Decode, which makes strings of their own.
func BenchmarkDecode(b *testing.B) {
	for _, s := range sample.Messages() {
		b.Run(s.Name, func(b *testing.B) {
			run := func() {
				if _, err := syncml.Decode(s.XML); err != nil {
					b.Fatal(err)
				}
			}
			measure(b, len(s.XML), run, yardstick{"x-encoding/xml", unmarshal(b, s.XML)})
		})
	}
}

// BenchmarkDecoder measures the Decoder, which reuses its memory.
func BenchmarkDecoder(b *testing.B) {
	for _, s := range sample.Messages() {
		b.Run(s.Name, func(b *testing.B) {
			var d syncml.Decoder
			run := func() {
				if _, err := d.Decode(s.XML); err != nil {
					b.Fatal(err)
				}
			}
			measure(b, len(s.XML), run, yardstick{"x-encoding/xml", unmarshal(b, s.XML)})
		})
	}
}

// BenchmarkEncode measures Append into a buffer that is large enough.
func BenchmarkEncode(b *testing.B) {
	for _, s := range sample.Messages() {
		b.Run(s.Name, func(b *testing.B) {
			m, err := syncml.Decode(s.XML)
			if err != nil {
				b.Fatal(err)
			}
			var plain plainMessage
			if err := xml.Unmarshal(s.XML, &plain); err != nil {
				b.Fatal(err)
			}
			tree := etree.NewDocument()
			if err := tree.ReadFromBytes(s.XML); err != nil {
				b.Fatal(err)
			}
			buffer := make([]byte, 0, 2*len(s.XML))
			run := func() {
				if _, err := syncml.Append(buffer, syncml.XML, m); err != nil {
					b.Fatal(err)
				}
			}
			measure(b, len(s.XML), run, yardstick{"x-encoding/xml", func() {
				if _, err := xml.Marshal(&plain); err != nil {
					b.Fatal(err)
				}
			}}, yardstick{"x-etree", func() {
				if _, err := tree.WriteToBytes(); err != nil {
					b.Fatal(err)
				}
			}})
		})
	}
}

func unmarshal(b *testing.B, in []byte) func() {
	return func() {
		var m plainMessage
		if err := xml.Unmarshal(in, &m); err != nil {
			b.Fatal(err)
		}
	}
}

type yardstick struct {
	unit string
	run  func()
}

// measure times run in the usual way and reports how many times faster it is than each yardstick: the median of rounds
// in which both take turns, so that a busy machine slows down both.
func measure(b *testing.B, octets int, run func(), yardsticks ...yardstick) {
	const rounds = 25
	times := max(1, (64<<10)/octets)
	ratios := make([][]float64, len(yardsticks))
	run()
	for range rounds {
		for i, y := range yardsticks {
			slow := elapsed(times, y.run)
			fast := elapsed(8*times, run)
			ratios[i] = append(ratios[i], 8*float64(slow)/float64(fast))
		}
	}
	b.SetBytes(int64(octets))
	b.ReportAllocs()
	for b.Loop() {
		run()
	}
	for i, y := range yardsticks {
		slices.Sort(ratios[i])
		b.ReportMetric(ratios[i][rounds/2], y.unit)
	}
}

// elapsed begins without garbage, so that nobody pays for what the other left behind.
func elapsed(times int, run func()) time.Duration {
	runtime.GC()
	start := time.Now()
	for range times {
		run()
	}
	return time.Since(start)
}
