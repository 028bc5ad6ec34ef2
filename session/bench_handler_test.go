//go:build unix

package session_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strconv"
	"strings"
	syncatomic "sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/memstore"
	"github.com/gomadm/gomadm/syncml"
)

// BenchmarkHandler measures a request over a real connection beside one to a handler that reads as much and writes as
// much. a is package 1 of a Windows device that has nothing to do, b what it answers to 49 commands.
//
// It reports processor time of the process, which is the server and nothing else: the client is a process of its own.
// "x-echo" is how many times as much the handler takes, all of HTTP included; "µs-over-echo" is the difference.
func BenchmarkHandler(b *testing.B) {
	for _, name := range []string{"a", "b"} {
		b.Run(name, func(b *testing.B) {
			l := newWire(b)
			var ratios, over []float64
			for b.Loop() {
				h, send, size := l.devices(name == "b")
				e := echo(size)
				l.take(send)
				l.cpu(e) // so that neither finds the machine cold
				ours, base := l.cpu(h), l.cpu(e)
				ratios = append(ratios, float64(ours)/float64(base))
				over = append(over, float64(ours-base)/float64(len(send))/float64(time.Microsecond))
			}
			b.ReportMetric(0, "ns/op") // is about rounds
			b.ReportMetric(median(ratios), "x-echo")
			b.ReportMetric(median(over), "µs-over-echo")
		})
	}
}

func median(list []float64) float64 {
	slices.Sort(list)
	return list[len(list)/2]
}

// echo reads a body and answers with so many octets.
func echo(size int) http.Handler {
	octets := make([]byte, size)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := io.ReadAll(r.Body); err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", syncml.ContentTypeXML)
		w.Header().Set("Content-Length", strconv.Itoa(size))
		w.Header().Set("Cache-Control", "private, no-store")
		w.Write(octets)
	})
}

// wire is a server whose handler can be changed, and a client of it in a process of its own.
type wire struct {
	b       *testing.B
	handler syncatomic.Pointer[http.Handler]
	client  *wireClient
}

func newWire(b *testing.B) *wire {
	l := &wire{b: b}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		(*l.handler.Load()).ServeHTTP(w, r)
	}))
	b.Cleanup(server.Close)
	client, err := startWireClient(server.Listener.Addr().String())
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := client.end(); err != nil {
			b.Error(err)
		}
	})
	l.client = client
	return l
}

func (l *wire) handle(h http.Handler) { l.handler.Store(&h) }

// devices sets up a server with devices that have nothing in common, and returns what each of them sends next and how
// long an answer is. With answers they have got commands already.
func (l *wire) devices(answers bool) (h http.Handler, send []string, size int) {
	const devices = 1024
	store := new(memstore.Store)
	h, err := session.New(session.Config{Store: store, Authenticator: session.InsecureTrust{}, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		l.b.Fatal(err)
	}
	l.handle(h)
	var first []string
	for n := range devices + 1 {
		id := omadm.DeviceID(fmt.Sprintf("urn:uuid:%08d-2222-4333-8444-555555555555", n))
		if err := store.Register(context.Background(), session.Device{ID: id}); err != nil {
			l.b.Fatal(err)
		}
		next := post(id, windowsPackage1())
		if answers {
			if err := store.Enqueue(context.Background(), id, sessionRequest("r")); err != nil {
				l.b.Fatal(err)
			}
			first = append(first, next)
			next = post(id, windowsAnswers())
		}
		send = append(send, next)
	}
	l.exchange(first...)
	return h, send[1:], l.exchange(send[0])
}

// post is the HTTP request of a device.
func post(id omadm.DeviceID, body string) string {
	body = strings.ReplaceAll(body, deviceID, string(id))
	return "POST /dm HTTP/1.1\r\nHost: dm.example.test\r\nContent-Type: " + syncml.ContentTypeXML +
		"\r\nContent-Length: " + strconv.Itoa(len(body)) + "\r\n\r\n" + body
}

// exchange lets the client send requests and returns the length of the last answer.
func (l *wire) exchange(requests ...string) int {
	l.take(requests)
	return l.send()
}

// take hands requests over to the client, which does not send them yet.
func (l *wire) take(requests []string) {
	if err := l.client.take(requests); err != nil {
		l.b.Fatal(err)
	}
}

// send lets the client send what it has taken and returns the length of the last answer.
func (l *wire) send() int {
	size, err := l.client.send()
	if err != nil {
		l.b.Fatal(err)
	}
	return size
}

// cpu returns the processor time that the server takes for what the client has taken. It begins without garbage.
func (l *wire) cpu(h http.Handler) time.Duration {
	l.handle(h)
	runtime.GC()
	start := processorTime(l.b)
	l.send()
	return processorTime(l.b) - start
}

func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
