package session_test

import (
	"strings"
	"time"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// habits are conversations with what devices do beside commands.
var habits = []scenario{
	{
		name: "user-not-there", shows: "nobody is signed in: requests for the user wait, and those for the device do not",
		device: func(d *simdevice.Device) { d.LoginStatus = "none" },
		requests: []omadm.Request{
			request("user", replace("./User/Vendor/MSFT/Policy/Config/Test/A", "1")), request("device", replace(policy+"A", "1")),
		},
		want: map[omadm.RequestID]omadm.Kind{"device": omadm.Done},
	},
	{
		name: "session-zero", shows: "a device that gives all its sessions the SessionID 0",
		device: func(d *simdevice.Device) { d.SessionIDs = simdevice.Zero }, sessions: 3,
		requests: []omadm.Request{request("get", get("./DevDetail/SwV"))},
		want:     map[omadm.RequestID]omadm.Kind{"get": omadm.Done},
	},
	{
		name: "session-hexadecimal", shows: "a device that counts sessions in hexadecimal numbers: the tenth is A",
		device: func(d *simdevice.Device) { d.SessionIDs = simdevice.Hex }, sessions: 10,
		requests: []omadm.Request{request("get", get("./DevDetail/SwV"))},
		want:     map[omadm.RequestID]omadm.Kind{"get": omadm.Done},
	},
	{
		name: "original-error", shows: "a Windows device that tells the HRESULT of what failed",
		device:   func(d *simdevice.Device) { d.SyncApplicationVersion = 3 },
		requests: []omadm.Request{request("missing", get("./Vendor/MSFT/NoSuchNode")), request("version", replace("./DevDetail/SwV", "1"))},
		want:     map[omadm.RequestID]omadm.Kind{"missing": omadm.Failed, "version": omadm.Failed},
	},
	{
		name: "unenrolment", shows: "a user who takes the device out of management (1226)",
		device: func(d *simdevice.Device) { d.Notify(notice(omadm.TypeUnenrollment, "int", "1")) },
	},
	{
		name: "generic-alerts", shows: "generic alerts of a known type, of one that the server was told of, and of an unknown one (415)",
		rules: session.Rules{AlertTypes: []string{"org.example:battery"}},
		device: func(d *simdevice.Device) {
			d.Notify(notice(omadm.TypeMSIInstall, "chr", "done"), notice("org.example:battery", "int", "7"), notice("org.example:unknown", "chr", "x"))
		},
	},
	{
		name: "user-token", shows: "an alert with the token of a user (1224), which is blanked",
		device: func(d *simdevice.Device) {
			a := notice(omadm.TypeAADUserToken, "chr", "eyJhbGciOiJub25lIn0.eyJzdWIiOiJraW0ifQ.c2lnbmF0dXJl")
			a.Data = syncml.Text("1224")
			d.Notify(a)
		},
	},
	{
		name: "server-initiated", shows: "a session that follows a notification of the server (1200)",
		device:   func(d *simdevice.Device) { d.Start = omadm.AlertServerInitiated },
		requests: []omadm.Request{request("get", get("./DevDetail/SwV"))},
		want:     map[omadm.RequestID]omadm.Kind{"get": omadm.Done},
	},
	{
		name: "exec", shows: "an Exec that is done, and one on a node that is not there",
		requests: []omadm.Request{request("run", exec("./Vendor/MSFT/Reboot/RebootNow")), request("nothing", exec("./Vendor/MSFT/NoSuchNode"))},
		want:     map[omadm.RequestID]omadm.Kind{"run": omadm.Done, "nothing": omadm.Failed},
	},
	{
		name: "copy-to-windows", shows: "a Copy for a Windows device, which the server does not send", unread: true,
		requests: []omadm.Request{
			request("copy", omadm.Op{Verb: omadm.Copy, URI: policy + "B", From: policy + "A"}), request("get", get("./DevDetail/SwV")),
		},
		want: map[omadm.RequestID]omadm.Kind{"copy": omadm.Refused, "get": omadm.Done},
	},
	{
		name: "no-screen", shows: "a device that cannot show anything to its user (406)", profile: simdevice.Generic12,
		requests: []omadm.Request{request("display", ask(omadm.AlertDisplay, "Hello.")), request("get", get("./Data/Level"))},
		want:     map[omadm.RequestID]omadm.Kind{"display": omadm.Failed, "get": omadm.Done},
	},
	{
		name: "formats", shows: "values of all formats: added, and read back", profile: simdevice.Generic12,
		requests: []omadm.Request{
			{ID: "add", Combine: true, Ops: []omadm.Op{
				add("Node", omadm.Node()), add("Null", omadm.Null()), add("Bool", omadm.Bool(true)), add("Float", omadm.Float(1.5)),
				add("Date", omadm.Date(noonOfMarch)), add("Time", omadm.Time(noonOfMarch)), add("B64", omadm.Bytes([]byte{0, 1, 2})),
				add("XML", omadm.XML("<a>1 &amp; 2</a>")), add("Empty", omadm.Text("")),
			}},
			{ID: "get", Combine: true, Ops: []omadm.Op{get("./Data/Null"), get("./Data/Bool"), get("./Data/Float"), get("./Data/B64"), get("./Data/XML"), get("./Data/Empty")}},
		},
		want: map[omadm.RequestID]omadm.Kind{"add": omadm.Done, "get": omadm.Done},
	},
	{
		name: "check-in-wbxml", shows: "a generic device that speaks WBXML, with nothing to do", codec: wbxml.Codec, profile: simdevice.Generic12,
	},
	{
		name: "message-repeated", shows: "a message that arrives twice and gets the same reply twice", undisturbed: true,
		device:   func(d *simdevice.Device) { d.Fault = simdevice.Repeat.At(2) },
		requests: []omadm.Request{request("get", get("./DevDetail/SwV")), request("run", exec("./Vendor/MSFT/Reboot/RebootNow"))},
		want:     map[omadm.RequestID]omadm.Kind{"get": omadm.Done, "run": omadm.Done},
	},
	{
		name: "reply-lost", shows: "a reply that does not reach the device, which sends its message again", undisturbed: true,
		device:   func(d *simdevice.Device) { d.Fault = simdevice.LoseReply.At(1) },
		requests: []omadm.Request{request("run", exec("./Vendor/MSFT/Reboot/RebootNow"))},
		want:     map[omadm.RequestID]omadm.Kind{"run": omadm.Done},
	},
}

var noonOfMarch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func add(name string, v omadm.Value) omadm.Op {
	return omadm.Op{Verb: omadm.Add, URI: omadm.URI("./Data/" + name), Value: v}
}

func notice(kind, format, data string) syncml.Alert {
	return syncml.Alert{Data: syncml.Text("1226"), Items: []syncml.Item{{
		Source: syncml.Location{URI: "./Vendor/MSFT"}, Meta: &syncml.Meta{Type: kind, Format: format}, Data: syncml.Text(data),
	}}}
}

// Parts of Results, which answer the first command of the server.
func partOf(id int, size, data string, more bool) string {
	meta := ""
	if size != "" {
		meta = `<Meta><Size xmlns="syncml:metinf">` + size + `</Size></Meta>`
	}
	end := ""
	if more {
		end = "<MoreData/>"
	}
	return `<Results><CmdID>` + itoa(id) + `</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./Data/Note</LocURI></Source>` +
		meta + `<Data>` + data + `</Data>` + end + `</Item></Results>`
}

var (
	note     = []omadm.Request{request("note", get("./Data/Note"))}
	noteDone = map[omadm.RequestID]omadm.Kind{"note": omadm.Done}
)

// gets is the second message of a device that brings a part of what it was asked for.
func gets(part string) string { return okHdr("1") + status(2, "1", "4", "Get", 200) + part }

// scripted are conversations with clients that do what the simulated device does not: each message is written out.
var scripted = []scenario{
	{
		name: "refused-commands", shows: "commands that a server does not take: 405, 406, 412 and 501",
		script: []string{
			msg("1", "1", alert1201+devInfo+`<Get><CmdID>3</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`+
				`<Put><CmdID>4</CmdID></Put><Frobnicate><CmdID>5</CmdID></Frobnicate><Alert><CmdID>6</CmdID><Data>1100</Data></Alert>`+
				`<Alert><CmdID>7</CmdID><Data>1226</Data></Alert>`+
				`<Replace><CmdID>8</CmdID><Item><Source><LocURI>./Data/Note</LocURI></Source><Data>1</Data></Item></Replace>`+final),
		},
	},
	{
		name: "versions", shows: "versions that nobody speaks: 505 and 513, with those that are spoken",
		script: []string{
			strings.Replace(msg("1", "1", pkg1), "<VerDTD>1.2", "<VerDTD>9.9", 1),
			strings.Replace(msg("2", "1", pkg1), "<VerProto>DM/1.2", "<VerProto>DM/9.9", 1),
			msg("3", "1", pkg1),
		},
	},
	{
		name: "bodies", shows: "bodies that are no messages, too large, or lack a part of the header: HTTP status 400 and 413",
		rules: session.Rules{Limits: session.Limits{Message: syncml.Limits{Octets: 3000}}},
		script: []string{
			"not a message", strings.Repeat("x", 4000), msg("", "1", pkg1), msg("1", "1", pkg1),
		},
	},
	{
		name: "size-mismatch", shows: "a large object of the device that is larger than it said (424)", requests: note, want: noteDone,
		script: []string{
			msg("1", "1", pkg1), msg("1", "2", gets(partOf(3, "10", "12345", true))),
			msg("1", "3", okHdr("2")+status(2, "2", "4", "Alert", 200)+partOf(3, "", "6789012", false)+final),
		},
	},
	{
		name: "size-too-large", shows: "a large object of the device above what the server takes (413)", requests: note, want: noteDone,
		rules:  session.Rules{Limits: session.Limits{Object: 100}},
		script: []string{msg("1", "1", pkg1), msg("1", "2", gets(partOf(3, "1000", "12345", true))), msg("1", "3", okHdr("2")+final)},
	},
	{
		name: "size-missing", shows: "a large object of the device that does not say its size, to a strict server (411)", requests: note, want: noteDone,
		rules:  session.Rules{Strict: true},
		script: []string{msg("1", "1", pkg1), msg("1", "2", gets(partOf(3, "", "12345", true))), msg("1", "3", okHdr("2")+final)},
	},
	{
		name: "object-interrupted", shows: "a large object of the device that does not go on: Alert 1225 of the server", requests: note, want: noteDone,
		script: []string{
			msg("1", "1", pkg1), msg("1", "2", gets(partOf(3, "10", "12345", true))),
			msg("1", "3", okHdr("2")+`<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>`+final), msg("1", "4", okHdr("3")+final),
		},
	},
	{
		name: "object-lost", shows: "a device that has lost a large object of the server (1225) and gets it once more",
		requests: []omadm.Request{request("a", replace("./A", long(120)))}, want: map[omadm.RequestID]omadm.Kind{"a": omadm.Done},
		script: []string{
			msgMeta("1", "1", sizes(1000, 0), pkg1), msg("1", "2", took("1", "4", 213, next)),
			msg("1", "3", okHdr("2")+`<Alert><CmdID>2</CmdID><Data>1225</Data><Item><Target><LocURI>./A</LocURI></Target></Item></Alert>`+next),
			msg("1", "4", okHdr("3")+status(2, "3", "4", "Replace", 213)+next), msg("1", "5", okHdr("4")+status(2, "4", "3", "Replace", 213)+next),
			msg("1", "6", okHdr("5")+status(2, "5", "3", "Replace", 200)+final),
		},
	},
	{
		name: "endless-package", shows: "a device that does not close its package: the server aborts the session (1223)",
		rules:  session.Rules{Limits: session.Limits{Messages: 2}},
		script: []string{msg("1", "1", alert1201+devInfo), msg("1", "2", okHdr("1")), msg("1", "3", okHdr("2")), msg("2", "1", pkg1)},
	},
	{
		name: "no-room", shows: "a device that takes messages too small for the statuses: the server aborts the session (1223)",
		script: []string{
			msgMeta("1", "1", sizes(560, 0), alert1201+devInfo+strings.Repeat(`<Alert><CmdID>4</CmdID><Data>1224</Data></Alert>`, 1)+final),
		},
	},
	{
		name: "identifiers-twice", shows: "two commands with one CmdID: a strict server refuses the second (400)",
		rules:  session.Rules{Strict: true},
		script: []string{msg("1", "1", alert1201+strings.Replace(devInfo, "<CmdID>2<", "<CmdID>1<", 1)+final)},
	},
	{
		name: "out-of-order", shows: "a message with an older MsgID (400), after which the session goes on", requests: note, want: noteDone,
		script: []string{
			msg("1", "1", pkg1), msg("1", "3", okHdr("1")+status(2, "1", "4", "Get", 200)+partOf(3, "", "1", false)), msg("1", "2", okHdr("1")+final),
			msg("1", "4", okHdr("2")+final),
		},
	},
	{
		name: "header-refused", shows: "a device that refuses the header of the server (500): nothing was executed, so all goes out again",
		requests: note, want: noteDone,
		script: []string{
			msg("1", "1", pkg1), msg("1", "2", status(1, "1", "0", "SyncHdr", 500)+final),
			msg("2", "1", pkg1), msg("2", "2", gets(partOf(3, "", "1", false))+final),
		},
	},
	{
		name: "sync-type", shows: "a session for the user only: requests for the device wait",
		requests: []omadm.Request{request("device", get("./A")), request("user", get("./User/A"))}, unread: true,
		want: map[omadm.RequestID]omadm.Kind{"user": omadm.Done},
		script: []string{
			msg("1", "1", alert1201+login("user")+`<Alert><CmdID>8</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft.mdm.synctype</Type></Meta><Data>user</Data></Item></Alert>`+devInfo+final),
			msg("1", "2", okHdr("1")+status(2, "1", "6", "Get", 200)+final),
		},
	},
	{
		name: "no-answer", shows: "a device that does not answer a command, which goes out again in the next session", requests: note, want: noteDone,
		script: []string{
			msg("1", "1", pkg1), msg("1", "2", okHdr("1")+final),
			msg("2", "1", pkg1), msg("2", "2", gets(partOf(3, "", "1", false))+final),
		},
	},
	{
		name: "device-gone", shows: "a device that goes away in the middle and begins anew after a while", requests: note, want: noteDone, pause: 20 * time.Minute,
		script: []string{msg("1", "1", pkg1), msg("2", "1", pkg1), msg("2", "2", gets(partOf(3, "", "1", false))+final)},
	},
}
