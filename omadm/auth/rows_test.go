package auth_test

import (
	"bytes"
	"crypto/md5"
	"encoding/base64"
	"encoding/hex"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm/auth"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const examples = "../../testdata/examples/"

func example(t *testing.T, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(examples + name)
	require.NoError(t, err)
	return b
}

// vector returns what one expression finds in the table of vectors.
func vector(t *testing.T, re string) string {
	t.Helper()
	m := regexp.MustCompile(re).FindSubmatch(example(t, "74-crypto-vectors.txt"))
	require.Len(t, m, 2, "no vector %s", re)
	return string(m[1])
}

func decode(t *testing.T, name string) *syncml.Message {
	t.Helper()
	m, err := syncml.Decode(example(t, name))
	require.NoError(t, err)
	return m
}

// signed is the body and the header of an example in HTTP.
func signed(t *testing.T) (body []byte, header string) {
	t.Helper()
	b := example(t, "12-valid-hmac-request.http")
	_, body, ok := bytes.Cut(b, []byte("\n\n"))
	require.True(t, ok)
	body = bytes.TrimRight(body, "\n")
	require.Len(t, body, 1403)
	m := regexp.MustCompile(`(?im)^x-syncml-hmac: *(.*)$`).FindSubmatch(b)
	require.Len(t, m, 2)
	return body, string(m[1])
}

func octets(t *testing.T, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	require.NoError(t, err)
	return b
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func sum(s string) []byte {
	h := md5.Sum([]byte(s))
	return h[:]
}

const nonceHex = "000102030405060708090a0b0c0d0e0f"

// TestRows proves the rows of the protocol that the formulas implement.
func TestRows(t *testing.T) {
	dev7 := auth.NewSecret("dev-7", "s3cret!")
	nonce := octets(t, nonceHex)
	for name, test := range map[string]func(*testing.T){
		"A-1_schemes_are_matched_without_case": func(t *testing.T) {
			for name, want := range map[string]auth.Scheme{
				"syncml:auth-basic": auth.Basic, "SYNCML:AUTH-BASIC": auth.Basic,
				"syncml:auth-md5": auth.MD5, "syncml:auth-MD5": auth.MD5, "SyncML:Auth-Md5": auth.MD5,
				"syncml:auth-MAC": auth.MAC, "syncml:auth-mac": auth.MAC,
			} {
				got, ok := auth.SchemeOf(&syncml.Meta{Type: name})
				assert.True(t, ok, name)
				assert.Equal(t, want, got, name)
			}
			for _, name := range []string{"", "md5", "syncml:auth-md", "syncml:auth-md5x", "syncml:auth-X509"} {
				_, ok := auth.SchemeOf(&syncml.Meta{Type: name})
				assert.False(t, ok, name)
			}
			_, ok := auth.SchemeOf(nil)
			assert.False(t, ok)
		},
		"A-2_basic_is_user_and_password_in_base64": func(t *testing.T) {
			cred := auth.NewBasicCred("dev-7", "s3cret!")
			assert.Equal(t, syncml.Text(vector(t, `basic Cred for dev-7 += (\S+)`)), cred.Data)
			assert.Equal(t, &syncml.Meta{Format: "b64", Type: "syncml:auth-basic"}, cred.Meta)
			assert.True(t, auth.CheckBasic(dev7, "dev-7", cred.Data))
		},
		"A-3_md5_is_the_digest_of_secret_and_nonce": func(t *testing.T) {
			want := vector(t, `user=dev-7 .*md5 Cred = (\S+)`)
			cred := auth.NewCred(dev7, nonce)
			assert.Equal(t, syncml.Text(want), cred.Data)
			assert.Equal(t, &syncml.Meta{Format: "b64", Type: "syncml:auth-md5"}, cred.Meta)
			assert.Equal(t, vector(t, `user=Bruce2 .*md5 Cred = (\S+)`), auth.NewSecret("Bruce2", "OhBehave").Digest([]byte("Nonce")))
			server := auth.NewSecret("dm.example.test", "srv-secret")
			assert.Equal(t, vector(t, `server=dm.example.test .*md5 Cred = (\S+)`), server.Digest(octets(t, "202122232425262728292a2b2c2d2e2f")))
		},
		"A-4_nonce_counts_as_octets": func(t *testing.T) {
			// A challenge, and the answer of the client to it.
			challenge := decode(t, "07-valid-407-challenge-md5.xml").Body[0].(*syncml.Status).Chal
			got, err := auth.NextNonce(challenge)
			require.NoError(t, err)
			assert.Equal(t, nonce, got)
			assert.Equal(t, 0, auth.CheckMD5(dev7, decode(t, "08-valid-pkg1-resend-with-md5.xml").Header.Cred.Data, got))
		},
		"A-5_wrong_variants_are_refused": func(t *testing.T) {
			hexed := hex.EncodeToString(sum("dev-7:s3cret!"))
			for name, test := range map[string]struct{ vector, data string }{
				"nonce_as_text":        {vector(t, `nonce taken as its base64 text += (\S+)`), b64(sum(string(dev7) + ":" + b64(nonce)))},
				"inner_digest_in_hex":  {vector(t, `inner hash hex instead of base64 += (\S+)`), b64(sum(hexed + ":" + string(nonce)))},
				"user_password_nonce":  {vector(t, `H\(user:password:nonce\) += (\S+)`), b64(sum("dev-7:s3cret!:" + string(nonce)))},
				"inner_digest_raw":     {"", b64(sum(string(sum("dev-7:s3cret!")) + ":" + string(nonce)))},
				"digest_in_hex":        {"", hex.EncodeToString(sum(string(dev7) + ":" + string(nonce)))},
				"other_nonce":          {"", dev7.Digest(append([]byte{1}, nonce[1:]...))},
				"other_password":       {"", auth.NewSecret("dev-7", "s3cret?").Digest(nonce)},
				"other_user":           {"", auth.NewSecret("dev-8", "s3cret!").Digest(nonce)},
				"the_secret":           {"", string(dev7)},
				"the_password":         {"", "ZGV2LTc6czNjcmV0IQ=="},
				"a_part_of_the_digest": {"", "+EfMeWAg23a/EGFx92HX"},
				"nothing":              {"", ""},
			} {
				t.Run(name, func(t *testing.T) {
					if test.vector != "" {
						require.Equal(t, test.vector, test.data)
					}
					assert.Equal(t, -1, auth.CheckMD5(dev7, syncml.Text(test.data), nonce))
				})
			}
			assert.Equal(t, 0, auth.CheckMD5(dev7, syncml.Text(dev7.Digest(nonce)), nonce), "the right one")
		},
		"A-6_user_may_come_from_the_account": func(t *testing.T) {
			// The secret holds the user name, so that no LocName is needed to check the digest.
			m := decode(t, "08-valid-pkg1-resend-with-md5.xml")
			m.Header.Source.Name = ""
			assert.Equal(t, 0, auth.CheckMD5(dev7, m.Header.Cred.Data, nonce))
		},
		"A-9_challenge_names_scheme_format_and_nonce": func(t *testing.T) {
			want := decode(t, "07-valid-407-challenge-md5.xml").Body[0].(*syncml.Status).Chal
			assert.Equal(t, want, auth.NewChal(auth.MD5, nonce))
			assert.Equal(t, &syncml.Meta{Format: "b64", Type: "syncml:auth-MAC", NextNonce: "AAECAwQFBgcICQoLDA0ODw=="}, auth.NewChal(auth.MAC, nonce).Meta)
			assert.Equal(t, &syncml.Meta{Format: "b64", Type: "syncml:auth-basic"}, auth.NewChal(auth.Basic, nonce).Meta)
		},
		"A-21_nonce_of_the_client_is_read": func(t *testing.T) {
			got, err := auth.NextNonce(decode(t, "10-valid-pkg3-client-chal.xml").Body[0].(*syncml.Status).Chal)
			require.NoError(t, err)
			assert.Equal(t, "0123456789:;<=>?", string(got))
		},
		"A-25_mac_covers_the_octets_of_the_body": func(t *testing.T) {
			body, header := signed(t)
			h, err := auth.ParseHeader(header)
			require.NoError(t, err)
			assert.Equal(t, 0, auth.CheckMAC(dev7, "dev-7", h, body, nonce))
			for _, changed := range [][]byte{append(bytes.Clone(body), '\n'), body[:len(body)-1], bytes.Replace(body, []byte("en-US"), []byte("en-UK"), 1), nil} {
				assert.Equal(t, -1, auth.CheckMAC(dev7, "dev-7", h, changed, nonce))
			}
			// The same message in the other encoding has another code.
			m, err := syncml.Decode(body)
			require.NoError(t, err)
			binary, err := syncml.Append(nil, wbxml.Codec, m)
			require.NoError(t, err)
			assert.Equal(t, -1, auth.CheckMAC(dev7, "dev-7", h, binary, nonce))
			assert.Equal(t, 0, auth.CheckMAC(dev7, "dev-7", auth.NewHeader(dev7, "dev-7", nonce, binary), binary, nonce))
		},
		"A-26_mac_is_the_digest_of_secret_nonce_and_body": func(t *testing.T) {
			body, _ := signed(t)
			assert.Equal(t, vector(t, `body MD5 \(base64\) += ([^,\s]+)`), b64(sum(string(body))))
			assert.Equal(t, vector(t, `HMAC of the body of example 12, .* = (\S+)`), dev7.MAC(nonce, body))
			for name, mac := range map[string]string{
				"body_itself":          b64(sum(string(dev7) + ":" + string(nonce) + ":" + string(body))),
				"digest_of_body_raw":   b64(sum(string(dev7) + ":" + string(nonce) + ":" + string(sum(string(body))))),
				"nonce_as_text":        b64(sum(string(dev7) + ":" + b64(nonce) + ":" + b64(sum(string(body))))),
				"digest_of_the_scheme": dev7.Digest(nonce),
				"nothing":              "",
			} {
				assert.Equal(t, -1, auth.CheckMAC(dev7, "dev-7", auth.Header{Username: "dev-7", MAC: mac}, body, nonce), name)
			}
		},
		"A-31_header_in_all_its_forms": headerForms,
		"A-32_user_of_the_header_is_the_locname": func(t *testing.T) {
			body, header := signed(t)
			h, err := auth.ParseHeader(header)
			require.NoError(t, err)
			m, err := syncml.Decode(body)
			require.NoError(t, err)
			assert.Equal(t, 0, auth.CheckMAC(dev7, m.Header.Source.Name, h, body, nonce))
			for _, user := range []string{"dev-8", "dev-", "dev-77", "DEV-7", ""} {
				assert.Equal(t, -1, auth.CheckMAC(dev7, user, h, body, nonce), user)
			}
		},
		"A-33_unknown_account_is_like_a_wrong_password": func(t *testing.T) {
			body, _ := signed(t)
			basic := auth.NewBasicCred("dev-7", "s3cret!").Data
			check := func(s auth.Secret) func() {
				digest, h := syncml.Text(s.Digest(nonce)), auth.NewHeader(s, "dev-7", nonce, body)
				if s == dev7 {
					s = auth.NewSecret("dev-7", "wrong")
				}
				return func() {
					assert.Equal(t, -1, auth.CheckMD5(s, digest, nil, nonce))
					assert.Equal(t, -1, auth.CheckMAC(s, "dev-7", h, body, nil, nonce))
					assert.False(t, auth.CheckBasic(s, "dev-7", basic))
				}
			}
			// Anybody can compute the digests of an account that is not there: they match nothing. And the work done is
			// the same.
			wrong, unknown := testing.AllocsPerRun(10, check(dev7)), testing.AllocsPerRun(10, check(""))
			assert.Equal(t, wrong, unknown)
			for _, s := range []auth.Secret{"AAAAAAAAAAAAAAAAAAAAAA==", "s3cret!", "dev-7:s3cret!", dev7 + "=", dev7[:22], "AAAAAAAAAAAAAAAAAAAA\r\n=="} {
				if !s.Valid() {
					check(s)()
				}
			}
		},
		"A-39_secret_is_the_digest_of_user_and_password": func(t *testing.T) {
			assert.Equal(t, b64(sum("dev-7:s3cret!")), string(dev7))
			assert.True(t, dev7.Valid())
			for _, s := range []auth.Secret{"", "s3cret!", "AAAAAAAAAAAAAAAAAAAA\r\n==", "AAAAAAAAAAAAAAAAAAAAAB==", "AAAAAAAAAAAAAAAAAAAAAAA=", dev7 + dev7} {
				assert.False(t, s.Valid())
			}
		},
		"A-43_nonce_is_decoded_once": func(t *testing.T) {
			text := vector(t, `NextNonce seen from intel/libdmclient: (\S+)`)
			got, err := auth.NextNonce(&syncml.Chal{Meta: &syncml.Meta{NextNonce: text}})
			require.NoError(t, err)
			assert.Equal(t, vector(t, `12 ASCII octets "([^"]+)"`), string(got))
		},
	} {
		t.Run(name, test)
	}
}

func headerForms(t *testing.T) {
	plain := auth.Header{Algorithm: "MD5", Username: "dev-7", MAC: "QbEcbmL2kD0mkJNOpORpNQ=="}
	for name, test := range map[string]struct {
		text string
		want auth.Header
	}{
		"as_the_specification_has_it": {`algorithm=MD5, username="dev-7", mac=QbEcbmL2kD0mkJNOpORpNQ==`, plain},
		"other_order":                 {`mac=QbEcbmL2kD0mkJNOpORpNQ==,username="dev-7",algorithm=MD5`, plain},
		"no_algorithm":                {`username="dev-7",mac=QbEcbmL2kD0mkJNOpORpNQ==`, auth.Header{Username: "dev-7", MAC: plain.MAC}},
		"quoted_mac":                  {`algorithm="MD5",username="dev-7",mac="QbEcbmL2kD0mkJNOpORpNQ=="`, plain},
		"bare_user":                   {`algorithm=MD5,username=dev-7,mac=QbEcbmL2kD0mkJNOpORpNQ==`, plain},
		"names_without_case":          {`Algorithm=MD5,USERNAME="dev-7",Mac=QbEcbmL2kD0mkJNOpORpNQ==`, plain},
		"blanks":                      {"  algorithm = MD5 ,\tusername\t=\t\"dev-7\" , mac = QbEcbmL2kD0mkJNOpORpNQ== ", plain},
		"folded":                      {"algorithm=MD5,\r\n username=\"dev-7\",\n\tmac=QbEcbmL2kD0mkJNOpORpNQ==", plain},
		"empty_elements":              {`,algorithm=MD5,,username="dev-7", ,mac=QbEcbmL2kD0mkJNOpORpNQ==,`, plain},
		"other_parameters":            {`realm="a, b=c",username="dev-7",x=1,x=2,algorithm=MD5,mac=QbEcbmL2kD0mkJNOpORpNQ==`, plain},
		"comma_in_user":               {`username="a, mac=b", mac=eA==`, auth.Header{Username: "a, mac=b", MAC: "eA=="}},
		"escaped_quotes":              {`username="\"a\\\b\"", mac=eA==`, auth.Header{Username: `"a\b"`, MAC: "eA=="}},
		"user_of_another_script":      {`username="Jürgen", mac=eA==`, auth.Header{Username: "Jürgen", MAC: "eA=="}},
		"folded_user":                 {"username=\"a\r\n b\", mac=eA==", auth.Header{Username: "a b", MAC: "eA=="}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := auth.ParseHeader(test.text)
			require.NoError(t, err)
			assert.True(t, got == test.want)
			back, err := auth.ParseHeader(got.Value())
			require.NoError(t, err)
			assert.True(t, back == got, "what Value writes is read")
		})
	}
	for name, text := range map[string]string{
		"empty":                 "",
		"no_user":               "algorithm=MD5, mac=eA==",
		"empty_user":            `username="", mac=eA==`,
		"no_mac":                `algorithm=MD5, username="a"`,
		"empty_mac":             `username="a", mac=`,
		"two_users":             `username="a", username="b", mac=eA==`,
		"two_macs":              `username="a", mac=eA==, mac=eQ==`,
		"open_quotation":        `mac=eA==, username="a`,
		"escape_at_the_end":     `mac=eA==, username="a\`,
		"text_after_quotation":  `username="a"b, mac=eA==`,
		"name_after_quotation":  `mac=eA==, username="a"b=1`,
		"no_value":              `username, mac=eA==`,
		"mac_of_other_letters":  `username="a", mac=e*==`,
		"line_end":              "username=\"a\nb\", mac=eA==",
		"escaped_line_end":      "username=\"a\\\nb\", mac=eA==",
		"control_character":     "username=a\x00b, mac=eA==",
		"larger_than_is_useful": `username="` + strings.Repeat("a", 4096) + `", mac=eA==`,
	} {
		t.Run(name, func(t *testing.T) {
			got, err := auth.ParseHeader(text)
			assert.ErrorIs(t, err, auth.ErrHeader)
			assert.True(t, got == auth.Header{})
		})
	}
	t.Run("other_algorithms_match_nothing", func(t *testing.T) {
		s, body := auth.NewSecret("a", "b"), []byte("x")
		h := auth.NewHeader(s, "a", nil, body)
		for algorithm, want := range map[string]int{"": 0, "MD5": 0, "md5": 0, "SHA-256": -1, "MD": -1} {
			h.Algorithm = algorithm
			assert.Equal(t, want, auth.CheckMAC(s, "a", h, body, nil), algorithm)
		}
	})
}
