package capture_test

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/capture"
	"github.com/gomadm/gomadm/syncml"
)

const tree = `<MgmtTree><VerDTD>1.2</VerDTD><Node><NodeName>AAuthName</NodeName><Value>open-name</Value></Node>` +
	`<Node><NodeName>AAuthSecret</NodeName><RTProperties><Format><chr/></Format></RTProperties><Value>%s</Value></Node></MgmtTree>`

// places are where a secret may stand; %s is the secret.
var places = []struct {
	name         string
	header, body string
	want         string // place in the index
}{
	{"credentials", `<Cred><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type></Meta><Data>%s</Data></Cred>`, nothing, "Cred"},
	{"credentials of a status", "", `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Cred><Data>%s</Data></Cred><Data>212</Data></Status>`, "Cred"},
	{"credentials of a command", "", `<Get><CmdID>1</CmdID><Cred><Data>%s</Data></Cred><Item><Target><LocURI>./A</LocURI></Target></Item></Get>`, "Cred"},
	{"nonce of a challenge", "", `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>0</CmdRef><Cmd>SyncHdr</Cmd><Chal><Meta><Format xmlns="syncml:metinf">b64</Format><Type xmlns="syncml:metinf">syncml:auth-md5</Type><NextNonce xmlns="syncml:metinf">%s</NextNonce></Meta></Chal><Data>407</Data></Status>`, "Chal"},
	{"token of a user", "", `<Alert><CmdID>1</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf">com.microsoft/MDM/AADUserToken</Type></Meta><Data>%s</Data></Item></Alert>`, "Alert com.microsoft/MDM/AADUserToken"},
	{"type with a blank and a prefix", "", `<Alert><CmdID>1</CmdID><Data>1224</Data><Item><Meta><Type xmlns="syncml:metinf"> Reversed-Domain-Name: com.microsoft/MDM/AADUserToken</Type></Meta><Data>%s</Data></Item></Alert>`, "Alert com.microsoft/MDM/AADUserToken"},
	{"AAuthSecret", "", set("./DMAcc/A/AppAuth/B/AAuthSecret", "%s"), "Replace ./DMAcc/A/AppAuth/B/AAuthSecret"},
	{"AAuthData", "", set("./DMAcc/A/AppAuth/B/AAuthData", "%s"), "Replace ./DMAcc/A/AppAuth/B/AAuthData"},
	{"a password", "", set("./Vendor/MSFT/Accounts/Users/kim/Password", "%s"), "Replace ./Vendor/MSFT/Accounts/Users/kim/Password"},
	{"ends in password", "", set("./Vendor/MSFT/X/PFXCertPassword", "%s"), "Replace ./Vendor/MSFT/X/PFXCertPassword"},
	{"an escaped name", "", set("./Vendor/MSFT/X/%%50assword", "%s"), "Replace ./Vendor/MSFT/X/%50assword"},
	{"a slash at the end", "", set("./Vendor/MSFT/X/Password/", "%s"), "Replace ./Vendor/MSFT/X/Password/"},
	{"inside an Atomic", "", `<Atomic><CmdID>1</CmdID>` + set("./A/Password", "%s") + `</Atomic>`, "Replace ./A/Password"},
	{"a result", "", `<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./A/Password</LocURI></Source><Data>%s</Data></Item></Results>`, "Results ./A/Password"},
	{"a result that names its source above", "", `<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><SourceRef>./A/Password</SourceRef><Item><Data>%s</Data></Item></Results>`, "Results"},
	{"an echo in a status", "", `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Cmd>Replace</Cmd><TargetRef>./A/Password</TargetRef><Data>400</Data><Item><Data>%s</Data></Item></Status>`, "Status"},
	{"argument of an Exec", "", `<Exec><CmdID>1</CmdID><Item><Target><LocURI>./A/ResetPassword</LocURI></Target><Data>%s</Data></Item></Exec>`, "Exec ./A/ResetPassword"},
	{"what Secret names", "", set("./Vendor/Own/Hidden", "%s"), "Replace ./Vendor/Own/Hidden"},
	{"management tree as text", "", set("./DMAcc/A", strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(tree)), "Replace ./DMAcc/A"},
	{"a profile as text", "", set("./Vendor/MSFT/WiFi/Profile/x/WlanXml", "&lt;sharedKey&gt;&lt;keyType&gt;passPhrase&lt;/keyType&gt;&lt;keyMaterial&gt;%s&lt;/keyMaterial&gt;&lt;/sharedKey&gt;"), "Replace ./Vendor/MSFT/WiFi/Profile/x/WlanXml"},
	{"a parameter as text", "", set("./A/B", `&lt;parm name="AAUTHSECRET" value="%s"/&gt;`), "Replace ./A/B"},
	{"data of a policy as text", "", set("./A/B", `&lt;enabled/&gt;&lt;data id="ProxyPassword" value="%s"/&gt;`), "Replace ./A/B"},
	{"a section", "", set("./A/B", `&lt;Password&gt;&lt;![CDATA[%s]]&gt;&lt;/Password&gt;`), "Replace ./A/B"},
	{"a comment", "", set("./A/B", `&lt;!-- &lt;Password&gt;%s&lt;/Password&gt; --&gt;`), "Replace ./A/B"},
	{"a document without an end", "", set("./A/B", `a &lt; b's &lt;Password&gt;%s`), "Replace ./A/B"},
	{"a document in a document", "", set("./A/B", `&lt;Value&gt;&amp;lt;Password&amp;gt;%s&amp;lt;/Password&amp;gt;&lt;/Value&gt;`), "Replace ./A/B"},
	{"a default answer", "", `<Alert><CmdID>7</CmdID><Data>1102</Data><Item><Data>MAXLEN=20&amp;DR=%s&amp;ET=P</Data></Item><Item><Data>Password?</Data></Item></Alert>`, "Alert 1102"},
}

// secrets have no octet that XML has to escape but for the last.
var secrets = []string{"c2VjcmV0LW5vbmNlLW9mLTE2", "hunter2", "p%q+r s", "päss wörd", "\u00a0no break\u00a0", "a&amp;b&lt;c-secret"}

func own(r *capture.Recorder) {
	r.Secret = func(uri omadm.URI) bool { return uri == "./Vendor/Own/Hidden" }
}

func TestSecretsAreBlanked(t *testing.T) {
	for encoding, codec := range codecs {
		for _, p := range places {
			for _, secret := range secrets {
				t.Run(encoding+"/"+p.name+"/"+secret, func(t *testing.T) {
					fill := func(s string) string {
						if strings.Contains(s, "%s") {
							return fmt.Sprintf(s, secret)
						}
						return s
					}
					for _, from := range []capture.Direction{capture.FromDevice, capture.FromServer} {
						if p.name == "a default answer" && from == capture.FromDevice {
							continue // only servers ask
						}
						message, other := encode(t, codec, fill(p.header), fill(p.body)), encode(t, codec, "", nothing)
						in, out := message, other
						if from == capture.FromServer {
							in, out = other, message
						}
						rec, files := recordExchange(t, own, codec, in, out)
						for _, s := range spellings(secret) {
							assert.Empty(t, find(files, s), "the secret as %q is in a file", s)
							assert.NotContains(t, dialogue(t, rec), s)
						}
						m := rec.Messages[from]
						require.Empty(t, m.Omitted)
						require.Equal(t, capture.Blank{Place: p.want, Secret: 1}, first(m.Blanked))
						if !strings.Contains(secret, "&lt;") { // which cuts it in a document
							require.Len(t, m.Blanked, 1)
						}
						require.Contains(t, string(m.Octets), capture.Placeholder(1, 4))
						if !strings.Contains(secret, "&") && p.name != "a document in a document" { // nothing has to be written with references
							require.Len(t, m.Octets, len(message), "offsets have to stay")
							require.Contains(t, string(m.Octets), capture.Placeholder(1, len(secret)))
						}
						_, err := m.Decode()
						require.NoError(t, err)
					}
				})
			}
		}
	}
}

func first(list []capture.Blank) capture.Blank {
	if len(list) == 0 {
		return capture.Blank{}
	}
	return list[0]
}

// spellings are the ways in which a secret, given as XML has it, may be written.
func spellings(secret string) []string {
	meaning := strings.NewReplacer("&lt;", "<", "&amp;", "&").Replace(secret)
	return []string{secret, meaning, strings.ReplaceAll(secret, "&", "&amp;")}
}

// All that is no secret stays as it is.
func TestNothingElseIsBlanked(t *testing.T) {
	for encoding, codec := range codecs {
		t.Run(encoding, func(t *testing.T) {
			in := encode(t, codec, `<Meta><MaxMsgSize xmlns="syncml:metinf">5000</MaxMsgSize></Meta>`,
				set("./Vendor/MSFT/X/Password?prop=ACL", "Get=*")+set("./A/DevicePasswordEnabled", "0")+
					set("./A/PasswordAgeDays", "30")+set("./A/B", "a &lt; b &gt; c")+set("./A/C", "&lt;Name&gt;Password&lt;/Name&gt;")+
					set("./A/Password", "")+`<Get><CmdID>9</CmdID><Item><Target><LocURI>./A/Password</LocURI></Target></Item></Get>`)
			rec, files := recordExchange(t, nil, codec, in, in)
			for _, m := range rec.Messages {
				require.Empty(t, m.Blanked)
				require.Equal(t, in, m.Octets)
			}
			require.Len(t, files, 3)
		})
	}
}

// A short secret is blanked only where it is one.
func TestShortSecretStaysElsewhere(t *testing.T) {
	for encoding, codec := range codecs {
		t.Run(encoding, func(t *testing.T) {
			in := encode(t, codec, "", set("./A/1", "1")+set("./A/Password", "1")+set("./A/B", "11 and 1"))
			rec, _ := recordExchange(t, nil, codec, in, encode(t, codec, "", nothing))
			m, err := rec.Messages[0].Decode()
			require.NoError(t, err)
			var got []string
			for _, c := range m.Body {
				got = append(got, c.ID()+" "+c.ItemList()[0].Target.URI+" "+c.ItemList()[0].Data.Value)
			}
			require.Equal(t, []string{"2 ./A/1 1", "2 ./A/Password B", "2 ./A/B 11 and 1"}, got)
			require.Equal(t, "1", m.Header.MsgID)
		})
	}
}

// converse records exchanges, each a message of the device and the reply.
func converse(t *testing.T, codec syncml.Codec, exchanges ...[2]string) (*capture.Recording, map[string]string) {
	t.Helper()
	sink := new(memory)
	var reply []byte
	r := &capture.Recorder{Sink: sink, Handler: parrot(codec.ContentType(), func() []byte { return reply })}
	for i, x := range exchanges {
		var octets [2][]byte
		for side, body := range x {
			m, err := syncml.Decode(document("1", fmt.Sprint(i+1), "", body))
			require.NoError(t, err)
			if side == int(capture.FromServer) {
				m.Header.Target, m.Header.Source = m.Header.Source, m.Header.Target
			}
			octets[side], err = syncml.Append(nil, codec, m)
			require.NoError(t, err)
		}
		reply = octets[capture.FromServer]
		post(r, serverURL, codec.ContentType(), octets[capture.FromDevice])
	}
	rec, err := capture.Open(sink.files)
	require.NoError(t, err)
	files := make(map[string]string)
	for name, f := range sink.files {
		files[name] = string(f.Data)
	}
	return rec, files
}

func requireNowhere(t *testing.T, files map[string]string, secret string) {
	t.Helper()
	for name, content := range files {
		require.NotContains(t, content, secret, name)
	}
}

func TestOneSecretHasOnePlaceholder(t *testing.T) {
	const secret, other = "correct horse battery", "another secret text"
	rec, files := converse(t, syncml.XML,
		[2]string{nothing, set("./A/Password", secret) + set("./B/Password", other)},
		[2]string{set("./C", "the device wrote: "+secret+"!"), set("./A/AAuthSecret", secret)})
	requireNowhere(t, files, secret)
	requireNowhere(t, files, other)

	fill := capture.Placeholder(1, len(secret))
	require.Contains(t, string(rec.Messages[1].Octets), "<Data>"+fill+"</Data>")
	require.Contains(t, string(rec.Messages[1].Octets), "<Data>"+capture.Placeholder(2, len(other))+"</Data>")
	require.Contains(t, string(rec.Messages[2].Octets), "the device wrote: "+fill+"!")
	require.Contains(t, string(rec.Messages[3].Octets), "<Data>"+fill+"</Data>")
	require.Equal(t, []capture.Blank{{"Replace ./A/Password", 1}, {"Replace ./B/Password", 2}}, rec.Messages[1].Blanked)
	require.Equal(t, []capture.Blank{{"elsewhere", 1}}, rec.Messages[2].Blanked)
	require.Equal(t, []capture.Blank{{"Replace ./A/AAuthSecret", 1}}, rec.Messages[3].Blanked)
}

// The answer to a question for a password is a secret, to another question it is not.
func TestAnswersOfTheUser(t *testing.T) {
	ask := func(options string) string {
		return `<Alert><CmdID>7</CmdID><Data>1102</Data><Item><Data>` + options + `</Data></Item><Item><Data>Well?</Data></Item></Alert>`
	}
	answer := func(text string) string {
		return `<Status><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>7</CmdRef><Cmd>Alert</Cmd><Data>200</Data><Item><Data>` + text + `</Data></Item></Status>`
	}
	_, files := converse(t, syncml.XML, [2]string{nothing, ask("ET=P&amp;MAXLEN=9")}, [2]string{answer("sesame-1"), nothing})
	requireNowhere(t, files, "sesame-1")
	rec, _ := converse(t, syncml.XML, [2]string{nothing, ask("ET=T")}, [2]string{answer("sesame-1"), nothing})
	require.Contains(t, string(rec.Messages[2].Octets), "sesame-1")
}

// A document may be cut anywhere when it travels as a large object.
func TestSecretsInPartsOfAnObject(t *testing.T) {
	const secret = "0123456789-of-the-account"
	text := fmt.Sprintf(tree, secret) + strings.Repeat(" ", 40)
	part := func(s string, more bool) string {
		end := ""
		if more {
			end = "<MoreData/>"
		}
		s = strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(s)
		return `<Results><CmdID>1</CmdID><MsgRef>1</MsgRef><CmdRef>4</CmdRef><Item><Source><LocURI>./DMAcc/A</LocURI></Source><Data>` + s + `</Data>` + end + `</Item></Results>`
	}
	const other = `<Alert><CmdID>8</CmdID><Data>1226</Data><Item><Meta><Type xmlns="syncml:metinf">x</Type></Meta><Data>y</Data></Item></Alert>`
	for encoding, codec := range codecs {
		t.Run(encoding, func(t *testing.T) {
			for cut := 1; cut < len(text); cut++ {
				rec, files := converse(t, codec,
					[2]string{part(text[:cut], true), nothing}, [2]string{other + part(text[cut:], false), nothing})
				value := ""
				for _, n := range []int{0, 2} {
					m, err := rec.Messages[n].Decode()
					require.NoError(t, err)
					value += m.Body[len(m.Body)-1].ItemList()[0].Data.Value
				}
				require.Len(t, value, len(text))
				require.Contains(t, value, "<Value>open-name</Value>", "cut at %d", cut)
				before, after, _ := strings.Cut(text, secret)
				if at := cut - len(before) - len(secret); at > 0 && at < len("</Value>") {
					after = after[at:] // what stands before the cut cannot be told from the secret
				}
				require.True(t, strings.HasPrefix(value, before) && strings.HasSuffix(value, after), "cut at %d: %s", cut, value)
				for i := range len(secret) - 7 {
					requireNowhere(t, files, secret[i:i+8])
				}
			}
		})
	}
}

func TestSecretsInOtherForms(t *testing.T) {
	const secret = "never-to-be-seen"
	doc := fmt.Sprintf(tree, secret)
	value := func(format, data string) string {
		return `<Add><CmdID>2</CmdID><Meta><Format xmlns="syncml:metinf">` + format + `</Format></Meta><Item><Target><LocURI>./DMAcc/A</LocURI></Target><Data>` + data + `</Data></Item></Add>`
	}
	t.Run("markup", func(t *testing.T) {
		markup := strings.Replace(doc, "<MgmtTree>", `<MgmtTree xmlns="syncml:dmddf1.2">`, 1)
		for _, codec := range codecs {
			_, files := converse(t, codec, [2]string{nothing, value("xml", markup)})
			requireNowhere(t, files, secret)
		}
	})
	t.Run("base64", func(t *testing.T) {
		encoded := base64.StdEncoding.EncodeToString([]byte(doc))
		_, files := converse(t, syncml.XML, [2]string{nothing, value("b64", encoded)})
		requireNowhere(t, files, encoded[:40])
	})
	t.Run("octets", func(t *testing.T) {
		m, err := syncml.Decode(document("1", "1", "", value("bin", "")))
		require.NoError(t, err)
		m.Body[0].ItemList()[0].Data = syncml.Octets([]byte("\x00\x01AAuthSecret\x00" + secret))
		octets, err := syncml.Append(nil, codecs["WBXML"], m)
		require.NoError(t, err)
		_, files := recordExchange(t, nil, codecs["WBXML"], octets, octets)
		require.Empty(t, find(files, secret))
	})
	t.Run("a token without a type", func(t *testing.T) {
		const token = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJraW0ifQ.c2lnbmF0dXJl"
		_, files := converse(t, syncml.XML, [2]string{set("./A", token), nothing})
		requireNowhere(t, files, token)
	})
	t.Run("an unknown command", func(t *testing.T) {
		_, files := converse(t, syncml.XML, [2]string{"<Put><CmdID>1</CmdID><Cred><Data>" + secret + "</Data></Cred></Put>", nothing})
		requireNowhere(t, files, secret)
	})
	t.Run("a comment of the message", func(t *testing.T) {
		_, files := recordExchange(t, nil, syncml.XML,
			document("1", "1", "", "<!-- "+secret+" -->"+set("./A/Password", secret)), encode(t, syncml.XML, "", nothing))
		require.Empty(t, find(files, secret))
	})
	t.Run("a comment of a later message", func(t *testing.T) {
		sink := new(memory)
		reply := document("1", "1", "", set("./A/Password", secret))
		r := &capture.Recorder{Sink: sink, Handler: parrot(syncml.ContentTypeXML, func() []byte { return reply })}
		post(r, serverURL, syncml.ContentTypeXML, document("1", "1", "", nothing))
		post(r, serverURL, syncml.ContentTypeXML, document("1", "2", "", "<!-- "+secret+" -->"+nothing))
		require.Empty(t, find(sink.files, secret))
		require.NotEmpty(t, find(sink.files, "<MsgID>2</MsgID>"), "the message is written without the comment")
	})
	t.Run("character references", func(t *testing.T) {
		const written = "n&#101;ver-to-be-s&#x65;en"
		rec, files := recordExchange(t, nil, syncml.XML,
			document("1", "1", "", set("./A/Password", written)), encode(t, syncml.XML, "", nothing))
		require.Empty(t, find(files, written))
		require.Contains(t, string(rec.Messages[0].Octets), "<Data>"+capture.Placeholder(1, len(secret))+"</Data>")
	})
	t.Run("very many", func(t *testing.T) {
		var body strings.Builder
		for i := range 1000 {
			body.WriteString(set("./A/Password", fmt.Sprintf("%s-%d", secret, i)))
		}
		rec, files := converse(t, syncml.XML, [2]string{body.String(), nothing})
		requireNowhere(t, files, secret)
		require.Empty(t, rec.Messages[0].Omitted)
	})
}

// What is not a secret stays as the device wrote it, to the octet.
func TestSecretsAreReplacedWhereTheyStand(t *testing.T) {
	const secret, short = "a long secret", "pin"
	odd := strings.NewReplacer("><", ">\n <", `"`, "'").Replace(string(document("1", "1", "",
		"<!-- odd -->"+set("./A/Password", secret)+set("./B/Password", short)+set("./C/Password", "<a xmlns='b'>in markup</a>")+
			set("./D", "<![CDATA[<Password>pin</Password>]]>"))))
	rec, _ := recordExchange(t, nil, syncml.XML, []byte(odd), encode(t, syncml.XML, "", nothing))
	want := strings.NewReplacer(
		"Data>"+secret, "Data>"+capture.Placeholder(1, len(secret)), ">pin<", ">"+capture.Placeholder(2, 3)+"<",
		"<a xmlns='b'>in markup</a>", capture.Placeholder(3, len("<a xmlns='b'>in markup</a>")),
	).Replace(odd)
	require.Equal(t, want, string(rec.Messages[0].Octets))
}

// One secret has one number, with references and without.
func TestSecretIsNumberedByItsMeaning(t *testing.T) {
	rec, files := converse(t, syncml.XML, [2]string{
		set("./A/Password", "this&amp;that") + set("./B", "&lt;Password&gt;this&amp;amp;that&lt;/Password&gt;") + set("./this&amp;that/Password", "x"), nothing,
	})
	requireNowhere(t, files, "this&amp;that")
	requireNowhere(t, files, "this&that")
	require.Equal(t, []capture.Blank{
		{"Replace ./A/Password", 1}, {"Replace ./B", 1},
		{"Replace ./" + capture.Placeholder(1, len("this&that")) + "/Password", 2}, {"elsewhere", 1},
	}, rec.Messages[0].Blanked)
}

func TestPlaceholder(t *testing.T) {
	for _, tt := range []struct {
		number, length int
		want           string
	}{
		{1, 0, ""}, {1, 3, "Bla"}, {2, 8, "Blanked2"}, {12, 12, "Blanked12Bla"}, {3, -1, ""},
	} {
		assert.Equal(t, tt.want, capture.Placeholder(tt.number, tt.length))
	}
	_, err := base64.StdEncoding.Strict().DecodeString(capture.Placeholder(1, 24))
	assert.NoError(t, err, "a nonce that is blanked has to stay base64")
}

// To record a recording that was replayed changes nothing.
func TestPlaceholdersStay(t *testing.T) {
	first, _ := converse(t, syncml.XML, [2]string{set("./X/Password", "first long secret"), set("./A/Password", "second long one")})
	in, out := first.Messages[0].Octets, first.Messages[1].Octets
	again, _ := recordExchange(t, nil, syncml.XML, in, out)
	require.Equal(t, in, again.Messages[0].Octets)
	require.Equal(t, out, again.Messages[1].Octets)
	require.Empty(t, again.Messages[1].Blanked)
}
