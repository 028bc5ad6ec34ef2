package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/syncml"
)

const whole = `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr><VerDTD>1.2</VerDTD><VerProto>DM/1.2</VerProto><SessionID>1</SessionID>` +
	`<MsgID>1</MsgID><Target><LocURI>a</LocURI></Target><Source><LocURI>b</LocURI></Source></SyncHdr><SyncBody>%</SyncBody></SyncML>`

const get = `<Get><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`

// around returns a message with a body.
func around(body string) string { return strings.Replace(whole, "%", body, 1) }

func TestTSV(t *testing.T) {
	tests := []struct{ name, input, want string }{
		{"message", around(get), "well-formed\tmessage"},
		{"byte order mark and blank lines", "\uFEFF\n\n" + `<?xml version="1.0"?>` + around(get), "well-formed\tmessage"},
		{"body first", `<SyncML><SyncBody/><SyncHdr/></SyncML>`, "well-formed\tfragment:SyncML"},
		{"no header", `<SyncML><SyncBody>` + get + `</SyncBody></SyncML>`, "well-formed\tfragment:SyncML"},
		{"no body", `<SyncML><SyncHdr/></SyncML>`, "well-formed\tfragment:SyncML"},
		{"nothing inside", `<SyncML/>`, "well-formed\tfragment:SyncML"},
		{"command", get, "well-formed\tfragment:Get"},
		{"empty command", `<Get/>`, "well-formed\tfragment:Get"},
		{"group in a group", `<Atomic><Atomic></Atomic></Atomic>`, "well-formed\tfragment:Atomic"},
		{"with a prefix", `<s:Get xmlns:s="SYNCML:SYNCML1.2" a="/>"><s:CmdID>1</s:CmdID></s:Get >`, "well-formed\tfragment:Get"},
		{"comments and instructions around", `<!-- <a> --><?b <c>?><Get></Get><!-- </Get> -->`, "well-formed\tfragment:Get"},
		{"document type", `<!DOCTYPE Get PUBLIC "-//X//Y" "z"><Get></Get>`, "well-formed\tfragment:Get"},
		{"tags in a document type", `<!DOCTYPE Get SYSTEM "><Add>"><Get></Get>`, "well-formed\tfragment:Get"},
		{"the name of the wrapper", `<Data><Data>x</Data></Data>`, "well-formed\tfragment:Data"},
		{"prefix that the message binds", `<Meta><A:Format>int</A:Format><B:Type/></Meta>`, "well-formed\tfragment:Meta"},
		{"UTF-16 declared", `<?xml version="1.0" encoding="utf-16"?>` + around(get), "well-formed\tmessage"},

		{"two roots", `<Get></Get><Get></Get>`, "not-well-formed: offset 11, line 1: something other than comments behind the root element\tfragment:Get"},
		{"text behind", "<Get/>\nx", "not-well-formed: offset 7, line 2: something other than comments behind the root element\tfragment:Get"},
		{"mismatch", "<Get>\n<Item></Get>", "not-well-formed: offset 12, line 2, in Get/Item[1]: the end tag does not match\tfragment:Get"},
		{"no end", `<Get><Item>`, "not-well-formed: offset 11, line 1, in Get/Item[1]: the message ends inside an element\tfragment:Get"},
		{"no root end", `<Get>`, "not-well-formed: offset 5, line 1, in Get: the message ends inside an element\tfragment:Get"},
		{"attribute without quotes", `<Get a=1></Get>`, "not-well-formed: offset 7, line 1: the value of an attribute is not quoted\tfragment:Get"},
		{"ampersand", `<Get><Data>a & b</Data></Get>`, "not-well-formed: offset 13, line 1, in Get/Data: & that begins no reference, or an entity that is not declared\tfragment:Get"},
		{"unbound prefix in a message", `<SyncML><a:B/></SyncML>`, "not-well-formed: offset 14, line 1, in SyncML: the prefix of the element is not bound\tfragment:SyncML"},
		{"fault behind a loose prefix", `<Meta><A:Format/><b></Meta>`, "not-well-formed: offset 20, line 1, in Meta/b: the end tag does not match\tfragment:Meta"},
		{"empty file", ``, "not-well-formed: offset 0, line 1: no root element\tfragment:?"},
		{"text", `hello`, "not-well-formed: offset 0, line 1: no root element\tfragment:?"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			wantStatus := 0
			if strings.HasPrefix(tt.want, "not") {
				wantStatus = 1
			}
			status, stdout, stderr := command(tt.input, "check", "-tsv")
			if d := cmp.Diff("-\t"+tt.want+"\n", stdout); d != "" || status != wantStatus || stderr != "" {
				t.Errorf("status %d, stderr %q (-want +got):\n%s", status, stderr, d)
			}
		})
	}
}

func TestTSVOfWBXML(t *testing.T) {
	good, bad := sample(t, "63-valid-wbxml-numeric-publicid.hex"), sample(t, "65-invalid-wbxml-truncated.hex")
	if status, stdout, _ := command(good, "check", "-tsv"); status != 0 || stdout != "-\twell-formed\twbxml\n" {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
	status, stdout, _ := command(bad, "check", "-tsv")
	if status != 1 || !strings.HasPrefix(stdout, "-\tnot-well-formed: ") || !strings.HasSuffix(stdout, "\twbxml\n") {
		t.Errorf("status %d, stdout %q", status, stdout)
	}
}

func TestTSVKeepsItsFields(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a\tb.xml")
	if err := os.WriteFile(file, []byte(get), 0o600); err != nil {
		t.Skip("this file system has no tabs in names:", err)
	}
	if _, stdout, _ := command("", "check", "-tsv", file); strings.Count(stdout, "\t") != 2 {
		t.Errorf("got %q", stdout)
	}
}

// rowsOf returns the rows of findings, those of notes with a question mark.
func rowsOf(input string) (rows []string) {
	d := open([]byte(input))
	if d.refused != nil {
		return []string{d.row}
	}
	for _, f := range inspect(d) {
		row := f.row
		if f.note {
			row += "?"
		}
		rows = append(rows, row)
	}
	return rows
}

func TestFindings(t *testing.T) {
	replace := func(meta, data string) string {
		return around(`<Replace><CmdID>1</CmdID><Item><Target><LocURI>./A</LocURI></Target><Meta>` + meta + `</Meta>` + data + `</Item></Replace>`)
	}
	format := func(f string) string { return `<Format xmlns="syncml:metinf">` + f + `</Format>` }
	tests := []struct {
		name, input string
		want        []string
	}{
		{"nothing wrong", around(get + `<Final/>`), nil},
		{"a whole command", get, nil},
		{"no body", `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr/></SyncML>`, []string{"X-1", "X-2", "X-2", "X-2", "X-2", "X-2", "X-2"}},
		{"two headers", `<SyncML xmlns="SYNCML:SYNCML1.2"><SyncHdr/><SyncHdr/></SyncML>`, []string{"X-1"}},
		{"no part of a message", `<html><body/></html>`, []string{"X-1"}},
		{"no command", around(``), []string{"X-3"}},
		{"Final first", around(`<Final/>` + get), []string{"X-7"}},
		{"text between elements", around(`x` + get), []string{"X-26"}},
		{"text of a CDATA section", around(`<![CDATA[x]]>` + get), []string{"X-26"}},
		{"white space of a CDATA section", around(`<![CDATA[ ]]>` + get), nil},
		{"a comment", around(`<!-- x -->` + get), nil},
		{"the same CmdID in a group", around(`<Sequence><CmdID>1</CmdID>` + get + `</Sequence>`), []string{"X-20"}},
		{"no namespace", strings.Replace(around(get), ` xmlns="SYNCML:SYNCML1.2"`, "", 1), []string{"V-5?"}},
		{"another namespace", strings.Replace(around(get), `SYNCML:SYNCML1.2`, "urn:x", 1), []string{"X-10"}},
		{"unknown version", strings.Replace(around(get), `<VerDTD>1.2`, "<VerDTD>2.0", 1), []string{"V-6"}},
		{"unknown protocol", strings.Replace(around(get), `DM/1.2`, "DM/3", 1), []string{"V-7"}},
		{"DM 1.3", strings.Replace(around(get), `DM/1.2`, "DM/1.3", 1), []string{"V-4?"}},
		{"unknown command", around(`<Frob><CmdID>1</CmdID></Frob>`), []string{"X-8"}},
		{"command of data synchronisation", around(`<Map><CmdID>1</CmdID></Map>`), []string{"X-9"}},
		{"no Format", replace(``, `<Data>x</Data>`), []string{"D-3?"}},
		{"int", replace(format("int"), `<Data>12</Data>`), nil},
		{"no int", replace(format("int"), `<Data>1.5</Data>`), []string{"D-7"}},
		{"no bool", replace(format("bool"), `<Data>yes</Data>`), []string{"D-7"}},
		{"no base64", replace(format("b64"), `<Data>*</Data>`), []string{"D-7"}},
		{"a chunk of base64", replace(format("b64"), `<Data>abc*</Data><MoreData/>`), nil},
		{"null without data", replace(format("null"), ``), nil},
		{"null with data", replace(format("null"), `<Data/>`), []string{"D-11"}},
		{"chr without data", replace(format("chr"), ``), []string{"D-11"}},
		{"markup in data is free", replace(format("xml"), `<Data><Item>x<CmdID/></Item></Data>`), nil},
		{"Format of the Atomic", around(`<Atomic><CmdID>1</CmdID><Meta>` + format("int") + `</Meta><Replace><CmdID>2</CmdID>` +
			`<Item><Target><LocURI>./A</LocURI></Target><Data>x</Data></Item></Replace></Atomic>`), []string{"D-7"}},
		{"size", replace(format("chr")+`<Size xmlns="syncml:metinf">many</Size>`, `<Data>x</Data>`), []string{"F-10"}},
		{"prefix of the message around", `<Meta><A:Format>int</A:Format></Meta>`, []string{"X-10?"}},
		{"declarations", `<!DOCTYPE SyncML [<!ENTITY a "b">]>` + around(get), []string{"F-2"}},
		{"a bracket in a tag", `<Get [></Get>`, []string{"F-1"}},
		{"nothing at all", ``, []string{"F-1"}},
		{"WBXML that ends early", "\x02\xA4", []string{"B-20"}},
		{"as deep as can be", nested(syncml.DefaultLimits().Depth), []string{"X-1"}},
		{"too deep", nested(syncml.DefaultLimits().Depth + 1), []string{"F-4"}},
		{"too many commands", around(strings.Repeat("<Get/>", syncml.DefaultLimits().Commands+1)), []string{"F-5"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if d := cmp.Diff(tt.want, rowsOf(tt.input)); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func nested(depth int) string { return strings.Repeat("<a>", depth) + strings.Repeat("</a>", depth) }

// TestValidSamples: nothing is found wrong with messages that are right.
func TestValidSamples(t *testing.T) {
	messages(t, func(t *testing.T, content string, _ *syncml.Message) {
		name := filepath.Base(t.Name())
		if !strings.Contains(name, "-valid-") || strings.HasPrefix(name, "53-") { // 53 has the flaws of its original
			return
		}
		if status, stdout, _ := command(content, "check"); status != 0 {
			t.Errorf("status %d:\n%s", status, stdout)
		}
	})
}

func TestManyElementsAreBounded(t *testing.T) {
	input := around(get + strings.Repeat("<Final/>", maxElements))
	if d := cmp.Diff([]string{"F-5?"}, rowsOf(input)); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestDeviceTextCannotCommandATerminal(t *testing.T) {
	input := around("<Alert><CmdID>&#x9B;2J</CmdID><Data>a&#x9B;2Jb</Data></Alert><Fr\u00f6b><CmdID>&#x9B;</CmdID></Fr\u00f6b>")
	for _, args := range [][]string{{"decode"}, {"check"}} {
		if _, stdout, stderr := command(input, args...); strings.ContainsRune(stdout, '\u009B') || stdout == "" || stderr != "" {
			t.Errorf("dm %s: %q, stderr %q", args[0], stdout, stderr)
		}
	}
}

func TestTerminalStyle(t *testing.T) {
	env := func(pairs ...string) func(string) string {
		return func(name string) string {
			for i := 0; i < len(pairs); i += 2 {
				if pairs[i] == name {
					return pairs[i+1]
				}
			}
			return ""
		}
	}
	tests := []struct {
		name string
		env  func(string) string
		want style
	}{
		{"terminal", env(), style{colour: true, width: defaultWidth}},
		{"no colour", env("NO_COLOR", "1"), style{width: defaultWidth}},
		{"dumb terminal", env("TERM", "dumb"), style{width: defaultWidth}},
		{"narrow", env("COLUMNS", "40"), style{colour: true, width: 40}},
		{"columns that are none", env("COLUMNS", "-1"), style{colour: true, width: defaultWidth}},
	}
	for _, tt := range tests {
		if got := terminalStyle(tt.env); got != tt.want {
			t.Errorf("%s: got %+v, want %+v", tt.name, got, tt.want)
		}
	}
	narrow := style{colour: true, width: 20}
	if got, want := narrow.cut("0123456789abcdef", 10), "012345678…"; got != want {
		t.Errorf("cut: got %q, want %q", got, want)
	}
	if got, want := narrow.red("x"), "\x1b[31mx\x1b[0m"; got != want {
		t.Errorf("red: got %q, want %q", got, want)
	}
	if got := (style{}).cut("0123456789abcdef", 10) + (style{}).red("x"); got != "0123456789abcdefx" {
		t.Errorf("a pipe: got %q", got)
	}
}

// FuzzCheck: nothing that a file holds makes check panic, and what decodes is never called not well formed.
func FuzzCheck(f *testing.F) {
	entries, err := os.ReadDir(samples)
	if err != nil {
		f.Fatal(err)
	}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(samples, e.Name()))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b)
	}
	f.Add([]byte(`<Meta><A:Format>int</A:Format></Meta>`))
	f.Add([]byte(`<a:Get xmlns:a="b"><![CDATA[>]]></a:Get>`))
	f.Fuzz(func(t *testing.T, b []byte) {
		d := open(b)
		if _, err := syncml.Decode(b); err == nil && d.kind == "message" && d.refused != nil {
			t.Fatalf("refused: %v", d.refused)
		}
		if d.refused == nil {
			inspect(d)
		}
	})
}
