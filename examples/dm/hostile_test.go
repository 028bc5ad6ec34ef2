package main

import (
	"archive/zip"
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode"
)

// TestHostileFilesDoNotSteerTheTerminal: files that others wrote have control characters wherever they may, of ASCII in JSON
// and in names of files, of Unicode everywhere. None of them is printed.
func TestHostileFilesDoNotSteerTheTerminal(t *testing.T) {
	const (
		esc  = "\u009b2J\u202e" // what XML lets through
		json = `\u001b[2J`
	)
	dir := t.TempDir()
	write := func(name, text string) string {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return file
	}
	layer := write("layer.json", strings.ReplaceAll(`{"name":"ESC","define":[
		{"template":"./Vendor/X/{ESC}","format":"node","verbs":"Get","pattern":"ESC","sources":["ESC"],"default":"ESC","builds":"ESC",
		 "editions":"ESC","origin":"ESC","removed":"ESC"},
		{"template":"./Vendor/X/{ESC}/A","format":"int","verbs":"Get Replace","allowed":{"kind":"enum","values":["ESC","1"]}},
		{"template":"./Vendor/X/{ESC}/B","format":"chr","verbs":"Replace","allowed":{"kind":"regex","values":["ESC"],"list":"ESC"}},
		{"template":"./Vendor/X/{ESC}/C","format":"chr","verbs":"Replace","allowed":{"kind":"admx","admx":{"area":"ESC","name":"ESC","file":"ESC"},
		 "elements":[{"id":"ESC","kind":"enum","values":["ESC"]}]},"dependencies":[{"nodes":[{"template":"./Vendor/X/{ESC}"}]}]}]}`, "ESC", json))
	ddf := write("ddf.xml", strings.ReplaceAll(`<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>X</NodeName><Path>./Vendor</Path><DFProperties><AccessType><Get/></AccessType>`+
		`<DFFormat><node/></DFFormat><Occurrence><One/></Occurrence><Scope><Permanent/></Scope><DFType><MIME>ESC</MIME></DFType></DFProperties>`+
		`<Node><NodeName></NodeName><DFProperties><AccessType><Get/><ESCa/></AccessType><DFFormat><chr/></DFFormat><Occurrence><ZeroOrMore/></Occurrence>`+
		`<Scope><Dynamic/></Scope><DFTitle>ESC</DFTitle><DFType><MIME>text/plain</MIME></DFType></DFProperties></Node></Node></MgmtTree>`, "ESC", esc))
	oddDDF := write("odd.xml", strings.ReplaceAll(strings.ReplaceAll(readText(t, ddf), "<"+esc+"a/>", ""), "<Scope><Permanent/></Scope>", "<Scope>"+esc+"</Scope><DefaultValue>"+esc+"</DefaultValue><CaseSense>"+esc+"</CaseSense>"))

	var archive bytes.Buffer
	z := zip.NewWriter(&archive)
	if _, err := z.Create("\x1b[2J.xml"); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	zipped := write("x.zip", archive.String())

	header := `<SyncHdr><VerDTD>ESC</VerDTD><VerProto>ESC</VerProto><SessionID>ESC</SessionID><MsgID>ESC</MsgID><Target><LocURI>ESC</LocURI></Target>` +
		`<Source><LocURI>ESC</LocURI><LocName>ESC</LocName></Source><RespURI>ESC</RespURI><Cred><Meta><Type>ESC</Type><Format>ESC</Format></Meta><Data>ESC</Data></Cred></SyncHdr>`
	var body string
	for _, c := range []string{"Add", "Alert", "Copy", "Delete", "Exec", "Get", "Replace", "Results", "Status", "Put", "Unheard"} {
		body += `<` + c + `><CmdID>ESC` + c + `</CmdID><MsgRef>ESC</MsgRef><CmdRef>ESC</CmdRef><Cmd>ESC</Cmd><TargetRef>ESC</TargetRef><Correlator>ESC</Correlator>` +
			`<Lang>ESC</Lang><Chal><Meta><Type>ESC</Type><Format>ESC</Format></Meta></Chal><Data>ESC</Data><Item><Target><LocURI>./ESC</LocURI><LocName>ESC</LocName></Target><Source><LocURI>./ESC</LocURI></Source>` +
			`<Meta><Format>ESC</Format><Type>ESC</Type><Mark>ESC</Mark><Size>ESC</Size><Other>ESC</Other></Meta><Data>ESC</Data></Item></` + c + `>`
	}
	for _, code := range []string{"1100", "1101", "1224", "1226"} {
		body += `<Alert><CmdID>` + code + `</CmdID><Data>` + code + `</Data><Item><Data>MINDT=1ESC</Data></Item><Item><Meta><Type>ESC</Type></Meta><Data>ESC</Data></Item></Alert>`
	}
	message := strings.ReplaceAll(`<SyncML xmlns="SYNCML:SYNCML1.2">`+header+`<SyncBody>`+body+`<Final/></SyncBody></SyncML>`, "ESC", esc)
	file := write("message.xml", message)
	talk := write("talk.txt", strings.ReplaceAll(message, esc+`</Source>`, `</Source>`)+"\n"+message)
	har := write("x.har", `{"log":{"entries":[{"startedDateTime":"\u001b","request":{"postData":{"mimeType":"application/vnd.syncml.dm+xml","text":"<SyncML\u009b"}}},`+
		`{"request":"\u001b\u009b"}, \u001b`)
	encoded := write("message.json", `{"\u001b[2J\u009b":1}`)
	settings := write("settings.csv", "uri,format,value\n./Vendor/X/"+esc+"/A,int,"+esc+"\n./Vendor/X/N/A,int,\x1b[2J\n./Vendor/X/N/B,chr,\u009b\n./Vendor/X/N/C,chr,\u009b\n")
	kind := write("kind.csv", "uri,format,value\n./A,"+esc+",1\n")
	folder := filepath.Join(dir, "\x1b[2Jfolder")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	write(filepath.Base(folder)+"/\x1b[2J.xml", "nothing")

	for _, args := range [][]string{
		{"tree", "-layer", layer, "./Vendor/X"}, {"tree", "-layer", layer, "./Vendor/X/{a}"}, {"tree", "-layer", layer, "./Vendor/X/N/C"},
		{"tree", "-layer", layer, "./Vendor/X/N/D" + esc}, {"tree", "-ddf", ddf, "./Vendor/X"}, {"tree", "-ddf", oddDDF, "./Vendor/X"}, {"tree", "-ddf", zipped, "./Vendor"},
		{"tree", "-ddf", folder}, {"tree", "-layer", folder}, {"tree", "-layer", encoded},
		{"lint", "-layer", layer, settings}, {"lint", "-tsv", "-layer", layer, settings}, {"lint", kind}, {"lint", file}, {"lint", "-tsv", file},
		{"explain", "-layer", layer, "405", "Add", "./Vendor/X/N/A"}, {"explain", "-layer", layer, "-2147024891", "Replace", "./Vendor/X/N/B"},
		{"decode", file}, {"decode", folder + "/\x1b[2J.xml"}, {"encode", encoded}, {"diff", file, talk}, {"check", file}, {"check", "-tsv", file}, {"check", folder + "/\x1b[2J.xml"},
		{"check", write("root.xml", "<A"+esc+"/>")}, {"inspect", file}, {"inspect", talk}, {"inspect", har}, {"inspect", folder},
		{"inspect", "\x1b[2J\u009b"}, {"\x1b[2J\u009b"}, {"decode", "-\x1b[2J"}, {"replay", talk, "http://127.0.0.1:1/"},
	} {
		_, out, errs := command("", args...)
		if out+errs == "" {
			t.Errorf("%q prints nothing", args)
		}
		for _, text := range []string{out, errs} {
			at := strings.IndexFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\t' || r == '\u202e' })
			if at >= 0 {
				t.Errorf("%q: %q", args, text[max(0, at-60):min(len(text), at+30)])
			}
		}
	}
}

func readText(t *testing.T, file string) string {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}
