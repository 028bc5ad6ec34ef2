package auth_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

func TestCheckMD5FindsTheNonce(t *testing.T) {
	s := auth.NewSecret("u", "p")
	now, last, empty := []byte("now"), []byte("last"), []byte(nil)
	for name, test := range map[string]struct {
		nonce  []byte
		nonces [][]byte
		want   int
	}{
		"first":             {now, [][]byte{now, last}, 0},
		"second":            {last, [][]byte{now, last}, 1},
		"none":              {[]byte("old"), [][]byte{now, last}, -1},
		"no_nonces":         {now, nil, -1},
		"one_twice":         {now, [][]byte{last, now, now}, 1},
		"empty_is_a_nonce":  {empty, [][]byte{now, empty}, 1},
		"empty_is_no_joker": {now, [][]byte{empty}, -1},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, auth.CheckMD5(s, syncml.Text(s.Digest(test.nonce)), test.nonces...))
			body := []byte("body")
			assert.Equal(t, test.want, auth.CheckMAC(s, "u", auth.NewHeader(s, "u", test.nonce, body), body, test.nonces...))
		})
	}
}

// Credentials in WBXML are text or octets, and octets are the base64 text or what it stands for.
func TestCredentialsInWBXML(t *testing.T) {
	s, nonce := auth.NewSecret("u", "p"), []byte("n")
	digest := sum(string(s) + ":n")
	for name, test := range map[string]struct {
		format string
		data   syncml.Data
	}{
		"text":                 {"b64", syncml.Text(b64(digest))},
		"without_a_format":     {"", syncml.Text(b64(digest))},
		"octets":               {"bin", syncml.Octets(digest)},
		"text_without_padding": {"b64", syncml.Text(strings.TrimRight(b64(digest), "="))},
		"text_of_two_lines":    {"b64", syncml.Text(b64(digest)[:9] + "\r\n\t" + b64(digest)[9:])},
	} {
		t.Run(name, func(t *testing.T) {
			m := &syncml.Message{Header: syncml.Header{VerDTD: "1.2", VerProto: "DM/1.2", SessionID: "1", MsgID: "1",
				Target: syncml.Location{URI: "a"}, Source: syncml.Location{URI: "b"},
				Cred: &syncml.Cred{Meta: &syncml.Meta{Format: test.format, Type: "syncml:auth-md5"}, Data: test.data}}, Final: true,
				Body: []syncml.Command{&syncml.Alert{CmdID: "1", Data: syncml.Text("1201")}}}
			b, err := syncml.Append(nil, wbxml.Codec, m)
			require.NoError(t, err)
			got, err := wbxml.Decode(b)
			require.NoError(t, err)
			assert.Equal(t, test.data.Kind, got.Header.Cred.Data.Kind)
			assert.Equal(t, 0, auth.CheckMD5(s, got.Header.Cred.Data, nonce))
		})
	}
	assert.True(t, auth.CheckBasic(s, "u", syncml.Octets([]byte("u:p"))))
}

func TestOtherDataIsNoCredential(t *testing.T) {
	s := auth.NewSecret("u", "p")
	digest := sum(string(s) + ":")
	for name, data := range map[string]syncml.Data{
		"absent": {}, "empty": syncml.Text(""), "markup": syncml.Markup(b64(digest)), "markup_of_octets": syncml.Markup(string(digest)),
		"octets_of_text": syncml.Octets([]byte(b64(digest))), "more_octets": syncml.Octets(append(slices.Clone(digest), 0)),
		"more_text": syncml.Text(b64(append(slices.Clone(digest), 0))), "large": syncml.Text(strings.Repeat("A", 1<<20)),
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, -1, auth.CheckMD5(s, data, nil))
			assert.False(t, auth.CheckBasic(s, "u", data))
		})
	}
}

func TestCheckBasic(t *testing.T) {
	s := auth.NewSecret("a:b", "c:d")
	for name, test := range map[string]struct {
		user, data string
		want       bool
	}{
		"right":            {"a:b", "a:b:c:d", true},
		"wrong_password":   {"a:b", "a:b:c:e", false},
		"other_user":       {"a:c", "a:b:c:d", false},
		"part_of_the_user": {"a:", "a:b:c:d", false},
		"split_elsewhere":  {"a", "a:b:c:d", true}, // the secret of "a" and "b:c:d" is the same
		"more_than_user":   {"a:b:c:d:e", "a:b:c:d", false},
		"no_user":          {"", "a:b:c:d", false},
		"user_only":        {"a:b", "a:b", false},
		"nothing":          {"a:b", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, auth.CheckBasic(s, test.user, syncml.Text(b64([]byte(test.data)))))
		})
	}
	assert.True(t, auth.CheckBasic(auth.NewSecret("", "p"), "", syncml.Text(b64([]byte(":p")))))
}

func TestNextNonce(t *testing.T) {
	for name, test := range map[string]struct {
		chal *syncml.Chal
		want []byte
		err  error
	}{
		"no_chal":         {nil, nil, nil},
		"no_meta":         {&syncml.Chal{}, nil, nil},
		"no_nonce":        {auth.NewChal(auth.Basic, nil), nil, nil},
		"nonce":           {auth.NewChal(auth.MD5, []byte{0, 0xFF}), []byte{0, 0xFF}, nil},
		"without_padding": {nonceText("AP8"), []byte{0, 0xFF}, nil},
		"white_space":     {nonceText("A\r\n\tP8 ="), []byte{0, 0xFF}, nil},
		"not_base64":      {nonceText("n*nce"), nil, auth.ErrNonce},
		"one_letter":      {nonceText("A"), nil, auth.ErrNonce},
		"longest":         {nonceText(b64(make([]byte, auth.MaxNonce))), make([]byte, auth.MaxNonce), nil},
		"too_long":        {nonceText(b64(make([]byte, auth.MaxNonce+1))), nil, auth.ErrNonce},
		"much_too_long":   {nonceText(strings.Repeat(" A", 1<<20)), nil, auth.ErrNonce},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := auth.NextNonce(test.chal)
			assert.Equal(t, test.want, got)
			assert.ErrorIs(t, err, test.err)
		})
	}
}

// What is far too long is not worked on.
func TestLongCredentialsCostNothing(t *testing.T) {
	s, long := auth.NewSecret("u", "p"), strings.Repeat(" A", 1<<20)
	allocated := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.TotalAlloc
	}
	before := allocated()
	_, err := auth.NextNonce(nonceText(long))
	assert.Error(t, err)
	assert.Equal(t, -1, auth.CheckMD5(s, syncml.Text(long), nil))
	assert.False(t, auth.CheckBasic(s, "u", syncml.Text(long)))
	assert.Equal(t, -1, auth.CheckMAC(s, "u", auth.Header{Username: "u", MAC: long}, nil, nil))
	assert.Less(t, allocated()-before, uint64(1<<20))
}

func nonceText(s string) *syncml.Chal { return &syncml.Chal{Meta: &syncml.Meta{NextNonce: s}} }

func TestChallenge(t *testing.T) {
	type args struct {
		key, account string
		generation   uint64
		session      string
		slot         int64
	}
	nonce := func(a args) []byte { return auth.Challenge([]byte(a.key), a.account, a.generation, a.session, a.slot) }
	first := args{"key", "dev-7", 1, "1", 1}
	assert.Len(t, nonce(first), 16)
	assert.Equal(t, nonce(first), nonce(first), "it is found again")
	var seen [][]byte
	for _, a := range []args{
		first,
		{"kez", "dev-7", 1, "1", 1},
		{"key", "dev-8", 1, "1", 1},
		{"key", "dev-7", 2, "1", 1},
		{"key", "dev-7", 1, "2", 1},
		{"key", "dev-7", 1, "1", 2},
		{"key", "dev-7", 1, "1", -1},
		{"key", "dev-71", 1, "", 1},
		{"key", "dev-", 1, "71", 1},
		{"key", "", 1, "dev-71", 1},
		{"key", "dev-7\x00\x00\x00\x00\x00\x00\x00\x01", 1, "1", 1}, // this and the next have the same octets in a row
		{"key", "dev-7", 1, "\x00\x00\x00\x00\x00\x00\x00\x011", 1},
	} {
		n := nonce(a)
		assert.False(t, slices.ContainsFunc(seen, func(o []byte) bool { return bytes.Equal(o, n) }), "%+v", a)
		seen = append(seen, n)
	}
}

func TestNothingShowsASecret(t *testing.T) {
	type account struct {
		Name   string
		Secret auth.Secret
		Header auth.Header
	}
	s := auth.NewSecret("user", "password")
	h := auth.NewHeader(s, "user", []byte("nonce"), []byte("body"))
	a := account{"user", s, h}
	var texts []string
	for _, v := range []any{s, &s, h, &h, a, &a, []auth.Secret{s}, map[string]auth.Secret{"x": s}, auth.NewCred(s, nil), auth.NewChal(auth.MD5, []byte("nonce"))} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			texts = append(texts, fmt.Sprintf(verb, v))
		}
	}
	var log bytes.Buffer
	slog.New(slog.NewTextHandler(&log, nil)).Info("text", "secret", s, "header", h, "account", a)
	slog.New(slog.NewJSONHandler(&log, nil)).Info("json", "secret", s, "header", h)
	texts = append(texts, s.String(), s.GoString(), h.String(), log.String(), auth.ErrNonce.Error(), auth.ErrHeader.Error())
	for _, text := range texts {
		for _, hidden := range []string{string(s), fmt.Sprintf("%x", string(s)), h.MAC, "bm9uY2U="} {
			assert.NotContains(t, text, hidden)
		}
	}
	assert.Contains(t, fmt.Sprintf("%+v", a), "Secret")
	assert.Contains(t, fmt.Sprintf("%v", h), "user")
}

func FuzzParseHeader(f *testing.F) {
	for _, s := range []string{
		`algorithm=MD5, username="dev-7", mac=QbEcbmL2kD0mkJNOpORpNQ==`, `mac="eA==",username="a, \"b\\"`,
		"username=a\r\n b, x=\"1\", mac = eA==", `username="a`, "=,=", `username="a" , , mac=eA==,`,
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		h, err := auth.ParseHeader(s)
		if err != nil {
			if h != (auth.Header{}) {
				t.Fatal("a header with an error")
			}
			return
		}
		back, err := auth.ParseHeader(h.Value())
		if err != nil || back != h {
			t.Fatalf("%q: wrote %q, read %q, %v", s, h.Value(), back.Value(), err)
		}
		auth.CheckMAC(auth.NewSecret("a", "b"), h.Username, h, nil, nil)
	})
}

func FuzzCheck(f *testing.F) {
	f.Add("ZGV2LTc6czNjcmV0IQ==", false)
	f.Add("dev-7:s3cret!", true)
	f.Add("+EfMeWAg23a/EGFx92HXNw==", false)
	f.Fuzz(func(t *testing.T, s string, octets bool) {
		data := syncml.Text(s)
		if octets {
			data = syncml.Octets([]byte(s))
		}
		user := auth.NewSecret("somebody", "else")
		if auth.CheckBasic(user, "somebody", data) || auth.CheckMD5(user, data, []byte("nonce")) >= 0 {
			t.Fatal("guessed")
		}
		if nonce, err := auth.NextNonce(nonceText(s)); err != nil && nonce != nil || len(nonce) > auth.MaxNonce {
			t.Fatal("a nonce that is not one")
		}
	})
}
