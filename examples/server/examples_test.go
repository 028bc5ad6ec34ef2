package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// The device of testdata/examples.
const exampleDevice = "urn:uuid:11111111-2222-4333-8444-555555555555"

// exampleSite starts a server that knows the device and the alert type of testdata/examples.
func exampleSite(t *testing.T, args ...string) site {
	t.Helper()
	s := newSite(t, append(args, "-alert-type", "Reversed-Domain-Name:org.example.update.done")...)
	s.must(http.StatusCreated, "PUT", "/admin/devices/"+exampleDevice, "")
	return s
}

// example reads a file of testdata/examples by its number, and replaces old by new in it.
func example(t *testing.T, number string, replace ...string) string {
	t.Helper()
	names, err := filepath.Glob("../../testdata/examples/" + number + "-*.xml")
	if err != nil || len(names) != 1 {
		t.Fatalf("example %s: %q, %v", number, names, err)
	}
	b, err := os.ReadFile(names[0])
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for i := 0; i < len(replace); i += 2 {
		if !strings.Contains(text, replace[i]) {
			t.Fatalf("example %s does not contain %q", number, replace[i])
		}
		text = strings.ReplaceAll(text, replace[i], replace[i+1])
	}
	return text
}

// post sends a message as a device does.
func (s site) post(body string) answer {
	s.t.Helper()
	return s.do("POST", "/dm", body, "Content-Type", syncml.ContentTypeXML)
}

// exchange sends a message and reads the reply.
func (s site) exchange(body string) *syncml.Message {
	s.t.Helper()
	a := s.post(body)
	if a.status != http.StatusOK {
		s.t.Fatalf("HTTP status %d", a.status)
	}
	m, err := syncml.Decode(a.body)
	if err != nil {
		s.t.Fatal(err)
	}
	return m
}

// queue gives the device of the examples a request with the id r1 and one operation.
func (s site) queue(op string) {
	s.t.Helper()
	s.queueAs("r1", op)
}

// queueAs gives it a request with another id.
func (s site) queueAs(id, op string) {
	s.t.Helper()
	s.must(http.StatusCreated, "POST", "/admin/devices/"+exampleDevice+"/requests", `{"id":"`+id+`","ops":[`+op+`]}`)
}

// summary names the commands of a message, one to a line of the table: Status with what it is about and its code.
func summary(m *syncml.Message) []string {
	var list []string
	for _, cmd := range m.Body {
		switch c := cmd.(type) {
		case *syncml.Status:
			list = append(list, strings.Join([]string{"Status", c.Cmd, c.CmdRef, c.Data.Value}, " "))
		case *syncml.Alert:
			list = append(list, "Alert "+c.Data.Value)
		default:
			for _, it := range cmd.ItemList() {
				list = append(list, cmd.Name()+" "+it.Target.URI)
			}
		}
	}
	return list
}

const (
	getVersion = `{"verb":"Get","uri":"./DevDetail/SwV"}`
	getMaker   = `{"verb":"Get","uri":"./DevInfo/Man"}`
	setCamera  = `{"verb":"Replace","uri":"./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera","format":"int","value":"0"}`
)

// TestExampleAlone posts each message to a server that has nothing to send.
func TestExampleAlone(t *testing.T) {
	tests := []struct {
		number, name string
		want         []string
	}{
		{"01", "client initiated session", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200"}},
		{"05", "server initiated session", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200"}},
		{"06", "package 1 as Windows writes it", []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Status Alert 3 200", "Status Replace 4 200"}},
		{"34", "generic alert of an accepted type", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Status Alert 3 200"}},
		{"35", "generic alert without a type", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Status Alert 3 412"}},
		{"36", "generic alert of an unknown type", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Status Alert 3 415"}},
		{"38", "CmdID 0 is that of the header", []string{"Status SyncHdr 0 200", "Status Alert  400", "Status Replace 2 200"}},
		{"39", "repeated CmdID", []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Status Replace 2 200"}},
		{"41", "unknown VerDTD", []string{"Status SyncHdr 0 505", "Status Alert 1 505", "Status Replace 2 505"}},
		{"42", "unknown VerProto", []string{"Status SyncHdr 0 513", "Status Alert 1 513", "Status Replace 2 513"}},
		{"45", "a client may not Get", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200", "Status Get 3 405"}},
		{"53", "unenrolment with the flaws of a published sample", []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Status Replace 2 200"}},
		{"54", "package goes on", []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Alert 1222"}},
		{"59", "DM 1.1", []string{"Status SyncHdr 0 200", "Status Alert 1 200", "Status Replace 2 200"}},
	}
	for _, tt := range tests {
		t.Run(tt.number+" "+tt.name, func(t *testing.T) {
			m := exampleSite(t).exchange(example(t, tt.number))
			if got := summary(m); !slices.Equal(got, tt.want) {
				t.Errorf("got  %q\nwant %q", got, tt.want)
			}
			if want := tt.number != "54"; m.Final != want {
				t.Errorf("Final is %v, want %v", m.Final, want)
			}
		})
	}
}

func TestExampleRepeatedCmdIDStrict(t *testing.T) {
	got := summary(exampleSite(t, "-strict").exchange(example(t, "39")))
	want := []string{"Status SyncHdr 0 200", "Status Alert 2 200", "Status Replace 2 400"}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// TestExampleVersion looks at what the replies say of versions.
func TestExampleVersion(t *testing.T) {
	tests := []struct {
		number, dtd, proto string
		listed             []string
	}{
		{"01", "1.2", "DM/1.2", nil},
		{"59", "1.1", "DM/1.1", nil},
		{"41", "1.2", "DM/1.2", []string{"1.2", "1.1"}},
		{"42", "1.2", "DM/1.2", []string{"DM/1.2", "DM/1.1"}},
	}
	for _, tt := range tests {
		t.Run(tt.number, func(t *testing.T) {
			m := exampleSite(t).exchange(example(t, tt.number))
			if h := m.Header; h.VerDTD != tt.dtd || h.VerProto != tt.proto {
				t.Errorf("answered in %s and %s, want %s and %s", h.VerDTD, h.VerProto, tt.dtd, tt.proto)
			}
			var listed []string
			for _, it := range m.Body[0].ItemList() {
				listed = append(listed, it.Data.Value)
			}
			if !slices.Equal(listed, tt.listed) {
				t.Errorf("lists %q, want %q", listed, tt.listed)
			}
		})
	}
}

func TestExampleDM11Namespace(t *testing.T) {
	a := exampleSite(t).post(example(t, "59"))
	if !bytes.Contains(a.body, []byte(syncml.Namespace11)) || bytes.Contains(a.body, []byte(syncml.Namespace12)) {
		t.Errorf("reply is not in the namespace %s: %s", syncml.Namespace11, a.body)
	}
}

func TestExampleNoMessage(t *testing.T) {
	for _, number := range []string{"43", "44"} {
		if a := exampleSite(t).post(example(t, number)); a.status != http.StatusBadRequest || len(a.body) > 0 {
			t.Errorf("example %s: status %d and %d octets, want 400 and none", number, a.status, len(a.body))
		}
	}
}

// TestExampleRefusedChangesNothing posts a message of an unknown version: no fact of it is kept.
func TestExampleRefusedChangesNothing(t *testing.T) {
	for number, want := range map[string]int{"01": 5, "41": 0, "42": 0} {
		s := exampleSite(t)
		s.exchange(example(t, number))
		var d deviceJSON
		s.json(s.must(http.StatusOK, "GET", "/admin/devices/"+exampleDevice, ""), &d)
		if len(d.Facts) != want {
			t.Errorf("example %s: facts %q, want %d", number, d.Facts, want)
		}
	}
}

// TestExampleSequences plays a package 1, for which something was queued, and the package 3 that answers it.
func TestExampleSequences(t *testing.T) {
	tests := []struct {
		name, op, uri, session, third string
		want                          outcomeJSON
		value                         string
	}{
		{"status and results", getVersion, "./DevDetail/SwV", "1", "03", outcomeJSON{Kind: "done", Status: omadm.StatusOK}, "7.4.1"},
		{"LocURI within TargetRef", getMaker, "./DevInfo/Man", "1", "58", outcomeJSON{Kind: "failed", Status: omadm.StatusNotFound}, ""},
		{"HRESULT of Windows", setCamera, cameraPolicy, "C", "57", outcomeJSON{Kind: "failed", Status: omadm.StatusCommandFailed, HRESULT: "0x86000002"}, ""},
		{"order of elements", getVersion, "./DevDetail/SwV", "1", "40", outcomeJSON{Kind: "done", Status: omadm.StatusOK}, ""},
	}
	for _, tt := range tests {
		t.Run(tt.third+" "+tt.name, func(t *testing.T) {
			s := exampleSite(t)
			s.queue(tt.op)
			first := s.exchange(example(t, "01", "<SessionID>1</SessionID>", "<SessionID>"+tt.session+"</SessionID>"))
			last := first.Body[len(first.Body)-1]
			if last.ID() != "4" || last.ItemList()[0].Target.URI != tt.uri {
				t.Fatalf("package 2: got %q", summary(first))
			}
			if got := s.progress(exampleDevice, "r1"); got.State != "pending" {
				t.Errorf("on its way: got state %q", got.State)
			}
			if got, want := summary(s.exchange(example(t, tt.third))), []string{"Status SyncHdr 0 200"}; !slices.Equal(got, want) {
				t.Errorf("package 4: got %q, want %q", got, want)
			}
			checkFinished(t, s.progress(exampleDevice, "r1"), tt.want, tt.value)
		})
	}
}

func checkFinished(t *testing.T, got progressJSON, want outcomeJSON, value string) {
	t.Helper()
	if got.State != "finished" || got.Outcome == nil {
		t.Fatalf("got %+v, want it finished", got)
	}
	o := got.Outcome
	if o.Kind != want.Kind || o.Status != want.Status || o.HRESULT != want.HRESULT || o.Attempts != 1 {
		t.Errorf("outcome: got %+v, want %+v", *o, want)
	}
	var values []string
	for _, r := range got.Results {
		for _, it := range r.Items {
			if it.Value != nil {
				values = append(values, *it.Value)
			}
		}
	}
	if strings.Join(values, ",") != value {
		t.Errorf("values: got %q, want %q", values, value)
	}
}

// TestExampleRetransmission sends a message again whose reply was lost: the same octets come back, nothing happens twice.
func TestExampleRetransmission(t *testing.T) {
	s := exampleSite(t)
	s.queue(getVersion)
	s.exchange(example(t, "01"))
	first := s.post(example(t, "03"))
	before := s.must(http.StatusOK, "GET", "/admin/results", "")
	again := s.post(example(t, "03"))
	if first.status != http.StatusOK || again.status != first.status || !bytes.Equal(again.body, first.body) {
		t.Errorf("repeated: status %d\n%s\nfirst: status %d\n%s", again.status, again.body, first.status, first.body)
	}
	if after := s.must(http.StatusOK, "GET", "/admin/results", ""); !bytes.Equal(before.body, after.body) {
		t.Errorf("results changed: %s", after.body)
	}
}

// TestExampleUnenrolment finds the event among the results.
func TestExampleUnenrolment(t *testing.T) {
	s := exampleSite(t)
	s.exchange(example(t, "53"))
	var page struct{ Entries []entryJSON }
	s.json(s.must(http.StatusOK, "GET", "/admin/results", ""), &page)
	if len(page.Entries) != 1 || page.Entries[0].Event == nil || !page.Entries[0].Event.Unenrolled {
		t.Errorf("entries: %+v, want one event that the device leaves", page.Entries)
	}
}
