package session_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// covered is what the recorded sessions have to show together: an element, and who sends it.
var covered = []struct{ what, elements string }{
	{"commands of the server", "server Add, server Alert, server Atomic, server Copy, server Delete, server Exec, server Get, server Replace, server Sequence, server Status"},
	{"commands of the device", "device Alert, device Replace, device Results, device Status"},
	{"commands that a server refuses", "device Get, device Put, device Frobnicate"},
	{"alerts to the user", "server alert 1100, server alert 1101, server alert 1102, server alert 1103, server alert 1104"},
	{"alerts of a session", "device alert 1200, device alert 1201, device alert 1222, server alert 1222, device alert 1223, server alert 1223, device alert 1225, server alert 1225"},
	{"events", "device alert 1224, device alert 1226, correlator of an alert, type com.microsoft/MDM/AADUserToken, type com.microsoft:mdm.unenrollment.userrequest"},
	{"credentials", "challenge syncml:auth-basic, challenge syncml:auth-md5, challenge syncml:auth-MAC, device credentials syncml:auth-basic, device credentials syncml:auth-md5, server credentials syncml:auth-md5, challenge of the device"},
	{"statuses of the server", "server status 200, server status 212, server status 213, server status 400, server status 401, server status 405, server status 406, server status 407, server status 411, server status 412, server status 413, server status 415, server status 424, server status 501, server status 505, server status 513"},
	{"statuses of the device", "device status 200, device status 202, device status 212, device status 213, device status 214, device status 215, device status 216, device status 304, device status 401, device status 404, device status 405, device status 406, device status 407, device status 415, device status 418, device status 420, device status 425, device status 500, device status 507, device status 516"},
	{"HTTP statuses", "HTTP 200, HTTP 400, HTTP 413"},
	{"encodings", "XML, WBXML, octets"},
	{"large objects", "part of the server, part of the device, MaxMsgSize, MaxObjSize of the server"},
	{"versions", "DM/1.1, DM/1.2"},
	{"habits of Windows", "type com.microsoft/MDM/LoginStatus, nobody signed in, type com.microsoft.mdm.requestpending, type com.microsoft.mdm.synctype, original error, SessionID 0, SessionID A, DmV 1.3, user scope, CmdIDs from 2, one Status for each item"},
	{"contents", "several items, property, list, tree, format int, format bin, format xml, format node, format null"},
	{"faults", "message repeated, session not ended"},
}

// TestSessionsCoverAll says which session shows what, and fails when something is shown by none. With -update it writes the
// table anew.
func TestSessionsCoverAll(t *testing.T) {
	shown := make(map[string][]string)
	for _, s := range recordings() {
		rec, err := capture.Open(os.DirFS(sessionsDir + s.name))
		require.NoError(t, err)
		for e := range elements(t, rec) {
			shown[e] = append(shown[e], s.name)
		}
	}
	var b bytes.Buffer
	b.WriteString("# What the recorded sessions cover\n\nEach element with the first sessions that show it; `go test ./session -run TestSessionsCoverAll -update` writes the table anew.\n")
	for _, c := range covered {
		fmt.Fprintf(&b, "\n## %s\n\n| element | sessions |\n|---|---|\n", strings.ToUpper(c.what[:1])+c.what[1:])
		for e := range strings.SplitSeq(c.elements, ", ") {
			if len(shown[e]) == 0 {
				t.Errorf("no recorded session shows %q", e)
			}
			more := ""
			if n := len(shown[e]) - 3; n > 0 {
				more = fmt.Sprintf(" and %d more", n)
			}
			fmt.Fprintf(&b, "| %s | %s%s |\n", e, strings.Join(shown[e][:min(3, len(shown[e]))], ", "), more)
		}
	}
	golden(t, filepath.Join(sessionsDir, "COVERAGE.md"), b.Bytes())
	require.GreaterOrEqual(t, len(recordings()), 40)
}

// elements returns what a recording shows.
func elements(t *testing.T, rec *capture.Recording) map[string]bool {
	t.Helper()
	has := make(map[string]bool)
	ended := true
	var before []byte
	for _, m := range rec.Messages {
		if m.From == capture.FromServer {
			has[fmt.Sprintf("HTTP %d", m.Status)] = true
		}
		if m.Octets == nil {
			continue
		}
		msg, err := m.Decode()
		require.NoError(t, err)
		if m.From == capture.FromDevice {
			has["message repeated"] = has["message repeated"] || bytes.Equal(before, m.Octets)
			before = m.Octets
			if msg.Header.MsgID == "1" {
				has["session not ended"] = has["session not ended"] || !ended
			}
		}
		ended = m.From == capture.FromServer && msg.Final && !slices.ContainsFunc(msg.Body, func(c syncml.Command) bool { return c.Name() != "Status" })
		messageElements(has, &m, msg)
	}
	return has
}

func messageElements(has map[string]bool, m *capture.Message, msg *syncml.Message) {
	who, h := m.From.String(), &msg.Header
	has["XML"] = has["XML"] || m.Codec() == syncml.XML
	has["WBXML"] = has["WBXML"] || m.Codec() == wbxml.Codec
	has[h.VerProto], has["SessionID "+h.SessionID] = true, true
	if h.Cred != nil {
		has[who+" credentials "+h.Cred.Meta.Type] = true
	}
	if h.Meta != nil && h.Meta.MaxMsgSize != "" && m.From == capture.FromDevice {
		has["MaxMsgSize"] = true
	}
	if h.Meta != nil && h.Meta.MaxObjSize != "" && m.From == capture.FromServer {
		has["MaxObjSize of the server"] = true
	}
	if m.From == capture.FromDevice && len(msg.Body) > 0 && h.MsgID == "1" && msg.Body[0].ID() == "2" {
		has["CmdIDs from 2"] = true
	}
	answered := ""
	each(msg.Body, func(c syncml.Command) {
		has[who+" "+c.Name()] = true
		switch c := c.(type) {
		case *syncml.Status:
			has[who+" status "+c.Data.Value] = true
			has["original error"] = has["original error"] || c.Data.OriginalError != ""
			if c.Chal != nil {
				has["challenge "+c.Chal.Meta.Type] = true
				has["challenge of the device"] = has["challenge of the device"] || m.From == capture.FromDevice
			}
			has["one Status for each item"] = has["one Status for each item"] || c.CmdRef != "0" && c.CmdRef == answered
			answered = c.CmdRef
		case *syncml.Alert:
			has[who+" alert "+c.Data.Value] = true
			has["correlator of an alert"] = has["correlator of an alert"] || c.Correlator != ""
		}
		has["several items"] = has["several items"] || len(c.ItemList()) > 1 && m.From == capture.FromServer && c.Name() != "Alert"
		for _, it := range c.ItemList() {
			itemElements(has, who, &it)
		}
	})
}

func itemElements(has map[string]bool, who string, it *syncml.Item) {
	uri := omadm.URI(it.Target.URI)
	has["user scope"] = has["user scope"] || uri != "" && uri.Scope() == omadm.UserScope
	has["property"], has["list"] = has["property"] || uri.Prop() != "", has["list"] || strings.Contains(string(uri), "?list=Struct")
	has["tree"] = has["tree"] || strings.Contains(string(uri), "?list=TNDS")
	has["octets"] = has["octets"] || it.Data.Kind == syncml.OctetsData
	if it.MoreData {
		has["part of the "+who] = true
	}
	if it.Source.URI == "./DevInfo/DmV" {
		has["DmV "+it.Data.Value] = true
	}
	if it.Meta == nil {
		return
	}
	has["type "+omadm.AlertType(it.Meta.Type)], has["format "+it.Meta.Format] = true, true
	if omadm.AlertType(it.Meta.Type) == omadm.TypeLoginStatus && it.Data.Value == "none" {
		has["nobody signed in"] = true
	}
}
