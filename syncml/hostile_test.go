package syncml_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/internal/hostile"
)

func TestHostileFiles(t *testing.T) {
	hostile.TestFiles(t, syncml.XML, "../testdata/hostile", ".xml", new(syncml.Decoder).Decode)
}

// large are shapes that have to be large to do harm, beside the costly ones. They have about n octets.
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
	{"items of another prefix", func(n int) string {
		return inBody("<Add xmlns:s='SYNCML:SYNCML1.2'>" + strings.Repeat("<s:Item/>", n/9) + "</Add>")
	}},
	{"items in a group", func(n int) string {
		return inBody("<Atomic>" + strings.Repeat("<Item/><Get><Item/></Get>", n/25) + "</Atomic>")
	}},
	{"what looks like items", func(n int) string {
		return inBody("<Add>" + strings.Repeat("<Item/>", min(n/70, 9999)) + "</Add><!--" + strings.Repeat("<Item>", n/7) + "-->")
	}},
	{"empty bodies", func(n int) string {
		return strings.TrimSuffix(messageStart, "<SyncBody>") + strings.Repeat("<SyncBody/>", n/11) + "</SyncML>"
	}},
}

// shapesOfOctets returns all shapes.
func shapesOfOctets() hostile.Shapes {
	shapes := hostile.Shapes{}
	for _, s := range large {
		shapes[s.name] = func(n int) []byte { return []byte(s.in(n)) }
	}
	for _, s := range costly {
		// Their n counts repetitions: the octets of one more are measured.
		more := float64(len(s.in(8000))-len(s.in(4000))) / 4000
		shapes[s.name] = func(n int) []byte { return []byte(s.in(int(float64(n) / more))) }
	}
	return shapes
}

func TestHostileShapesGrowLinearly(t *testing.T) { hostile.TestGrowth(t, syncml.XML, shapesOfOctets()) }

func BenchmarkHostile(b *testing.B) { hostile.BenchmarkGrowth(b, syncml.XML, shapesOfOctets()) }

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
