package session_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

// exchange serves one request and returns the response. Change may alter the request.
func (h *house) exchange(body string, change func(*http.Request)) *httptest.ResponseRecorder {
	h.t.Helper()
	r := httptest.NewRequest(http.MethodPost, serverURL, strings.NewReader(body))
	r.Header.Set("Content-Type", syncml.ContentTypeXML)
	change(r)
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	return w
}

func with(name, value string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set(name, value) }
}

var httpRows = map[string]func(*testing.T){
	"H-1_reply_is_the_body_of_the_response": func(t *testing.T) {
		w := newHouse(t).do(msg("1", "1", pkg1))
		assert.Equal(t, http.StatusOK, w.Code)
		_, err := syncml.Decode(w.Body.Bytes())
		assert.NoError(t, err)
	},
	"H-2_media_type_with_parameters": func(t *testing.T) {
		for _, typ := range []string{"application/vnd.syncml.dm+xml", "application/vnd.syncml.dm+xml; charset=UTF-8", `APPLICATION/vnd.syncml.dm+xml;charset="utf-8"; x=1`} {
			assert.Equal(t, http.StatusOK, newHouse(t).exchange(msg("1", "1", pkg1), with("Content-Type", typ)).Code, typ)
		}
		assert.Equal(t, http.StatusUnsupportedMediaType, newHouse(t).exchange(msg("1", "1", pkg1), with("Content-Type", "application/vnd.syncml.dm+xml; charset=utf-16")).Code)
		body := string(inWBXML(t, msg("1", "1", pkg1)))
		for _, typ := range []string{"application/vnd.syncml.dm+wbxml", "application/vnd.syncml.dm+wbxml; charset=utf-8"} {
			assert.Equal(t, http.StatusOK, newHouse(t, bothCodecs).exchange(body, with("Content-Type", typ)).Code, typ)
		}
	},
	"H-3_response_has_the_encoding_of_the_request": func(t *testing.T) { encodings(t, syncml.ContentTypeXML, syncml.ContentTypeWBXML) },
	"H-4_media_types_of_data_synchronisation":      func(t *testing.T) { encodings(t, syncml.ContentTypeDSXML, syncml.ContentTypeDSWBXML) },
	"H-5_body_without_content_length": func(t *testing.T) {
		w := newHouse(t).exchange(msg("1", "1", pkg1), func(r *http.Request) { r.ContentLength = -1 })
		assert.Equal(t, http.StatusOK, w.Code)
	},
	"H-6_response_has_a_length_and_is_not_cached": func(t *testing.T) {
		w := newHouse(t).do(msg("1", "1", pkg1))
		assert.Equal(t, w.Header().Get("Content-Length"), itoa(w.Body.Len()))
		assert.Equal(t, "private, no-store", w.Header().Get("Cache-Control"))
	},
	"H-7_messages_may_come_from_anywhere": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.exchange(msg("1", "1", pkg1), func(r *http.Request) { r.RemoteAddr = "192.0.2.1:1000" })
		h.exchange(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final), func(r *http.Request) { r.RemoteAddr = "192.0.2.2:2000" })
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"H-8_protocol_failure_is_http_200": func(t *testing.T) {
		w := newHouse(t).do(strings.Replace(msg("1", "1", pkg1), "DM/1.2", "DM/9", 1))
		assert.Equal(t, http.StatusOK, w.Code)
	},
	"H-10_user_agent_and_path_do_not_matter": func(t *testing.T) {
		w := newHouse(t).exchange(msg("1", "1", pkg1), func(r *http.Request) { r.URL.Path = "/else/where"; r.Header.Set("User-Agent", "x") })
		assert.Equal(t, http.StatusOK, w.Code)
	},
	"H-11_query_is_exposed": func(t *testing.T) {
		var got string
		h := newHouse(t, func(c *session.Config) {
			c.Director = func(_ ctx, turn *session.Turn) ([]omadm.Request, error) {
				got = turn.Inbound().URL.Query().Get("mode")
				return nil, nil
			}
		})
		h.exchange(msg("1", "1", pkg1), func(r *http.Request) { r.URL.RawQuery = "mode=Maintenance&Platform=WoA" })
		assert.Equal(t, "Maintenance", got)
	},
	"H-12_unparseable_body_is_400_and_changes_nothing": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", pkg1))
		before := h.record()
		for _, body := range []string{"", "{}", "<SyncML>", msg("1", "2", okHdr("1")+"<Oops>")} {
			w := h.do(body)
			assert.Equal(t, http.StatusBadRequest, w.Code, body)
			assert.Zero(t, w.Body.Len())
		}
		assert.Equal(t, before, h.record())
		h.post(msg("1", "2", okHdr("1")+status(2, "1", "4", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind, "a retry works")
	},
	"H-13_other_media_type_and_method": func(t *testing.T) {
		h := newHouse(t)
		for _, typ := range []string{"", "text/xml", "application/json", "application/vnd.syncml.dm+wbxml", ";"} {
			assert.Equal(t, http.StatusUnsupportedMediaType, h.exchange(msg("1", "1", pkg1), with("Content-Type", typ)).Code, typ)
		}
		for _, method := range []string{http.MethodGet, http.MethodPut, http.MethodHead, http.MethodOptions} {
			w := h.exchange("", func(r *http.Request) { r.Method = method })
			assert.Equal(t, http.StatusMethodNotAllowed, w.Code)
			assert.Equal(t, http.MethodPost, w.Header().Get("Allow"))
		}
	},
	"H-14_body_above_the_limit_is_413": func(t *testing.T) {
		limit := func(c *session.Config) { c.Rules.Limits.Message.Octets = 4096 }
		counted := &counter{r: strings.NewReader(msg("1", "1", strings.Repeat(" ", 100000)+pkg1))}
		w := newHouse(t, limit).exchange("", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(counted), -1 })
		assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
		assert.LessOrEqual(t, counted.n, 4097, "reading stops at the limit and one octet")
		counted = &counter{r: strings.NewReader("x")}
		w = newHouse(t, limit).exchange("", func(r *http.Request) { r.Body, r.ContentLength = io.NopCloser(counted), 4097 })
		assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
		assert.Zero(t, counted.n)
	},
	"H-15_503_has_a_retry_after": storeFails,
	"H-16_content_encoding_is_refused": func(t *testing.T) {
		assert.Equal(t, http.StatusUnsupportedMediaType, newHouse(t).exchange(msg("1", "1", pkg1), with("Content-Encoding", "gzip")).Code)
		assert.Equal(t, http.StatusOK, newHouse(t).exchange(msg("1", "1", pkg1), with("Content-Encoding", "identity")).Code)
	},
	"H-17_accept_is_not_looked_at": func(t *testing.T) {
		assert.Equal(t, http.StatusOK, newHouse(t).exchange(msg("1", "1", pkg1), with("Accept", "text/html")).Code)
	},
	"O-4_json_is_not_syncml": func(t *testing.T) {
		h := newHouse(t)
		assert.Equal(t, http.StatusUnsupportedMediaType, h.exchange("{}", with("Content-Type", "application/json")).Code)
		assert.Contains(t, h.log.String(), `"media type is none of Config.Codecs: application/vnd.syncml.dm+xml`)
	},
}

// encodings sends a message in XML and in WBXML. The response to each has its encoding and its media type.
func encodings(t *testing.T, xml, binary string) {
	t.Helper()
	text := msg("1", "1", pkg1)
	for typ, test := range map[string]struct {
		body  []byte
		codec syncml.Codec
	}{xml: {[]byte(text), syncml.XML}, binary: {inWBXML(t, text), wbxml.Codec}} {
		w := newHouse(t, bothCodecs).exchange(string(test.body), with("Content-Type", typ))
		require.Equal(t, http.StatusOK, w.Code, typ)
		assert.Equal(t, typ, w.Header().Get("Content-Type"))
		m, err := test.codec.Decode(w.Body.Bytes(), syncml.Limits{})
		require.NoError(t, err, typ)
		assert.Equal(t, "Status Alert 1 200", summary(m)[1], typ)
	}
}

// counter counts the octets read.
type counter struct {
	r io.Reader
	n int
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

var syntaxRows = map[string]func(*testing.T){
	"X-2_header_that_cannot_be_answered": func(t *testing.T) {
		h := newHouse(t)
		for _, part := range []string{"<SessionID>1</SessionID>", "<MsgID>1</MsgID>", "<Source><LocURI>" + deviceID + "</LocURI></Source>"} {
			w := h.do(strings.Replace(msg("1", "1", pkg1), part, "", 1))
			want := http.StatusBadRequest
			if strings.Contains(part, "Source") {
				want = http.StatusForbidden // nobody has sent it
			}
			assert.Equal(t, want, w.Code, part)
			assert.Zero(t, w.Body.Len())
		}
		got := h.post(strings.Replace(msg("1", "1", pkg1), "<Target><LocURI>"+serverURL+"</LocURI></Target>", "", 1))
		assert.Equal(t, []string{"Status SyncHdr 0 400", "Status Alert 1 400", "Status Replace 2 400", "Final"}, summary(got))
		assert.Empty(t, h.record().Sessions)
	},
	"X-2_header_without_a_version": func(t *testing.T) {
		h := newHouse(t)
		for _, part := range []string{"<VerDTD>1.2</VerDTD>", "<VerProto>DM/1.2</VerProto>"} {
			got := h.post(strings.Replace(msg("1", "1", pkg1), part, "", 1))
			assert.Equal(t, []string{"Status SyncHdr 0 412", "Status Alert 1 412", "Status Replace 2 412", "Final"}, summary(got), part)
			assert.Equal(t, []string{"1.2", "DM/1.2"}, []string{got.Header.VerDTD, got.Header.VerProto}, part)
		}
		assert.Empty(t, h.record().Sessions)
	},
	"X-16_identifiers_are_compared_as_text": func(t *testing.T) {
		for _, refs := range [][2]string{{"1", "04"}, {"01", "4"}, {"+1", "4"}, {"1", "4294967300"}, {"4294967297", "4"}, {"1", "0x4"}} {
			h := newHouse(t)
			h.enqueue("run", exec("./Run"))
			h.post(msg("1", "1", pkg1))
			h.post(msg("1", "2", okHdr("1")+status(2, refs[0], refs[1], "Exec", 200)+final))
			assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind, "MsgRef %s, CmdRef %s", refs[0], refs[1])
		}
		for _, other := range []string{"01A", "1a", "26"} {
			h := newHouse(t)
			h.enqueue("run", exec("./Run"))
			h.post(msg("1A", "1", pkg1))
			h.post(msg(other, "2", okHdr("1")+status(2, "1", "4", "Exec", 200)+final))
			assert.Equal(t, omadm.Unknown, h.outcomes()["run"].Kind, "SessionID %s", other)
		}
		h := newHouse(t)
		h.enqueue("run", exec("./Run"))
		h.post(msg("1", "99999999999999999999", pkg1))
		h.post(msg("1", "100000000000000000000", okHdr("1")+status(2, "1", "4", "Exec", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["run"].Kind, "no number is too large")
	},
	"X-8_unknown_element_gets_501_and_the_rest_runs": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		got := h.post(msg("1", "1", `<Frobnicate><CmdID>8</CmdID><X>1</X></Frobnicate>`+pkg1))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Frobnicate 8 501", "Status Alert 1 200", "Status Replace 2 200", "5 Get ./A", "Final"}, summary(got))
	},
	"X-8_unknown_element_in_a_group_gets_501": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", `<Sequence><CmdID>7</CmdID><Frobnicate><CmdID>8</CmdID></Frobnicate></Sequence>`+pkg1))
		assert.Equal(t, []string{"Status Sequence 7 405", "Status Frobnicate 8 501"}, summary(got)[1:3])
	},
	"X-9_unused_commands_get_405": clientCommandsRefused,
	"X-19_empty_package_is_answered": func(t *testing.T) {
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Final"}, summary(newHouse(t).post(msg("1", "1", final))))
	},
	"X-20_cmdid_is_unique_in_a_message_of_ours": func(t *testing.T) {
		h := newHouse(t)
		h.request(atomic("r", replace("./A", "1"), replace("./B", "2")))
		h.enqueue("s", get("./C"), get("./D"))
		seen := map[string]bool{}
		var walk func([]syncml.Command)
		walk = func(body []syncml.Command) {
			for _, c := range body {
				assert.False(t, seen[c.ID()], "CmdID %s twice", c.ID())
				seen[c.ID()] = true
				if a, ok := c.(*syncml.Atomic); ok {
					walk(a.Body)
				}
			}
		}
		walk(h.post(msg("1", "1", pkg1)).Body)
		assert.Len(t, seen, 8)
		assert.False(t, seen["0"])
	},
	"X-20_repeated_cmdid_is_400_when_strict": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Strict = true })
		got := h.post(msg("1", "1", `<Alert><CmdID>2</CmdID><Data>1201</Data></Alert>`+devInfo+final))
		assert.Equal(t, []string{"Status Alert 2 200", "Status Replace 2 400"}, summary(got)[1:3])
		assert.Empty(t, h.record().Device.Facts)
	},
	"X-21_cmdid_zero_is_refused_with_an_empty_cmdref": func(t *testing.T) {
		got := newHouse(t).post(msg("1", "1", `<Alert><CmdID>0</CmdID><Data>1201</Data></Alert>`+devInfo+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert  400", "Status Replace 2 200", "Final"}, summary(got))
	},
	"X-22_missing_cmdid_is_refused_with_an_empty_cmdref": func(t *testing.T) {
		h := newHouse(t)
		got := h.post(msg("1", "1", `<Alert><Data>1224</Data>`+typed("com.example", "1")+`</Alert>`+devInfo+final))
		assert.Equal(t, []string{"Status SyncHdr 0 200", "Status Alert  400", "Status Replace 2 200", "Final"}, summary(got))
		assert.Empty(t, h.events())
	},
	"X-23_equal_cmdids_in_two_messages": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(msg("1", "1", alert1201+final))
		h.post(msg("1", "2", okHdr("1")+status(1, "1", "3", "Get", 200)+final))
		assert.Equal(t, omadm.Done, h.outcomes()["a"].Kind)
	},
	"X-23_equal_cmdids_in_two_messages_of_ours": func(t *testing.T) {
		h := newHouse(t)
		r := request("r")
		for i := range 6 {
			r.Ops = append(r.Ops, replace(omadm.URI("./A/"+itoa(i)), strings.Repeat("x", 150)))
		}
		h.request(r)
		first := h.post(msgMeta("1", "1", sizes(1500, 0), pkg1))
		require.Contains(t, summary(first), "4 Replace ./A/0")
		second := h.post(msg("1", "2", answerAll(first, 200)))
		require.Contains(t, summary(second), "4 Replace ./A/4")
		failed := strings.Replace(answerAll(second, 200), "<CmdRef>4</CmdRef><Cmd>Replace</Cmd><Data>200", "<CmdRef>4</CmdRef><Cmd>Replace</Cmd><Data>404", 1)
		third := h.post(msg("1", "3", failed))
		require.Contains(t, summary(third), "2 Replace ./A/5")
		h.post(msg("1", "4", answerAll(third, 200)))
		assert.Equal(t, 4, h.outcomes()["r"].Op)
		assert.Equal(t, omadm.StatusNotFound, h.outcomes()["r"].Status)
	},
	"V-3_dm_1_1_and_1_2_are_spoken": func(t *testing.T) {
		assert.Contains(t, summary(newHouse(t).post(dm11(msg("1", "1", pkg1)))), "Status SyncHdr 0 200")
	},
	"V-5_missing_namespace_is_accepted": func(t *testing.T) {
		got := newHouse(t).post(strings.Replace(msg("1", "1", pkg1), ` xmlns="SYNCML:SYNCML1.2"`, "", 1))
		assert.Contains(t, summary(got), "Status SyncHdr 0 200")
	},
	"V-6_unsupported_verdtd_is_505_with_what_is_supported": func(t *testing.T) {
		refusedVersion(t, strings.Replace(msg("1", "1", pkg1), "<VerDTD>1.2", "<VerDTD>7.0", 1), "505", []string{"1.2", "1.1"})
	},
	"V-7_unsupported_verproto_is_513_with_what_is_supported": func(t *testing.T) {
		refusedVersion(t, strings.Replace(msg("1", "1", pkg1), "DM/1.2", "DM/7.0", 1), "513", []string{"DM/1.2", "DM/1.1"})
	},
	"V-4_dm_1_3_is_not_spoken": func(t *testing.T) {
		refusedVersion(t, strings.Replace(msg("1", "1", pkg1), "DM/1.2", "DM/1.3", 1), "513", []string{"DM/1.2", "DM/1.1"})
	},
	"V-8_retry_in_1_1_is_a_fresh_package_1": func(t *testing.T) {
		h := newHouse(t)
		h.enqueue("a", get("./A"))
		h.post(strings.Replace(msg("1", "1", pkg1), "DM/1.2", "DM/7.0", 1))
		assert.Contains(t, summary(h.post(dm11(msg("1", "1", pkg1)))), "4 Get ./A")
	},
	"V-9_reply_has_the_version_of_the_request": func(t *testing.T) {
		w := newHouse(t).do(dm11(msg("1", "1", pkg1)))
		assert.Contains(t, w.Body.String(), `<SyncML xmlns="SYNCML:SYNCML1.1"><SyncHdr><VerDTD>1.1</VerDTD><VerProto>DM/1.1</VerProto>`)
	},
}

func dm11(m string) string {
	return strings.NewReplacer("SYNCML1.2", "SYNCML1.1", "<VerDTD>1.2", "<VerDTD>1.1", "DM/1.2", "DM/1.1").Replace(m)
}

// refusedVersion checks that nothing of a message was executed, and what is offered instead.
func refusedVersion(t *testing.T, body, code string, offered []string) {
	t.Helper()
	h := newHouse(t)
	h.enqueue("a", get("./A"))
	before := h.record()
	got := h.post(body)
	assert.Equal(t, []string{"Status SyncHdr 0 " + code, "Status Alert 1 " + code, "Status Replace 2 " + code, "Final"}, summary(got))
	var items []string
	for _, it := range got.Body[0].ItemList() {
		items = append(items, it.Data.Value)
	}
	assert.Equal(t, offered, items)
	assert.Equal(t, before, h.record())
}

var hostileRows = map[string]func(*testing.T){
	"F-1_malformed_message_executes_nothing": func(t *testing.T) {
		h := newHouse(t)
		before := h.record()
		assert.Equal(t, http.StatusBadRequest, h.do(msg("1", "1", pkg1)[:300]).Code)
		assert.Equal(t, http.StatusBadRequest, h.do(msg("1", "1", pkg1+"</Extra>")).Code)
		assert.Equal(t, before, h.record())
	},
	"F-10_sizes_that_are_none_count_as_absent": func(t *testing.T) {
		for _, size := range []string{"-1", "+5", "0", "x", "99999999999999999999"} {
			h := newHouse(t)
			h.enqueue("a", get("./A"))
			got := h.post(msgMeta("1", "1", `<Meta><MaxMsgSize xmlns="syncml:metinf">`+size+`</MaxMsgSize></Meta>`, pkg1))
			assert.Contains(t, summary(got), "4 Get ./A", size)
			assert.Contains(t, h.log.String(), "MaxMsgSize is not a size")
		}
	},
	"F-11_maxmsgsize_too_small_for_any_reply_is_413": func(t *testing.T) {
		h := newHouse(t)
		before := h.record()
		w := h.do(msgMeta("1", "1", `<Meta><MaxMsgSize xmlns="syncml:metinf">100</MaxMsgSize></Meta>`, pkg1))
		assert.Equal(t, http.StatusRequestEntityTooLarge, w.Code)
		assert.Equal(t, before, h.record())
	},
	"F-12_sessions_of_a_device_are_bounded": func(t *testing.T) {
		h := newHouse(t, func(c *session.Config) { c.Rules.Limits.Sessions = 3 })
		for i := range 50 {
			h.post(msg(itoa(i), "1", pkg1))
			require.LessOrEqual(t, len(h.record().Sessions), 3)
		}
	},
	"F-15_no_secret_in_the_log": func(t *testing.T) {
		h := newHouse(t)
		secret := "c2VjcmV0OnNlY3JldA=="
		h.do(msgMeta("1", "1", `<Cred><Meta><Type xmlns="syncml:metinf">syncml:auth-basic</Type></Meta><Data>`+secret+`</Data></Cred>`, pkg1))
		h.do(msgMeta("1", "2", `<Cred><Data>`+secret+`</Data></Cred>`, "<Oops>"+secret))
		h.do(msg("1", "1", alert("1226", typed("x", secret))+`<Status><CmdID>9</CmdID><MsgRef>1</MsgRef><CmdRef>9</CmdRef><Data>`+secret+`</Data></Status>`+final))
		assert.NotEmpty(t, h.log.String())
		assert.NotContains(t, h.log.String(), secret)
	},
}
