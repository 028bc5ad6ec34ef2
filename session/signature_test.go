package session_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/base64"
	"encoding/pem"
	"math/big"
	"net/http"
	"os"
	command "os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session"
	"github.com/gomadm/gomadm/syncml"
)

// signedAt is shortly after the files in testdata/signatures were made.
var signedAt = time.Date(2026, 11, 23, 13, 40, 0, 0, time.UTC)

func signatureFile(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata/signatures", name))
	require.NoError(t, err)
	return b
}

// signedMessages believes the authority of the files, at signedAt.
func signedMessages(t testing.TB) session.SignedMessage {
	t.Helper()
	roots := x509.NewCertPool()
	require.True(t, roots.AppendCertsFromPEM(signatureFile(t, "root.pem")))
	return session.SignedMessage{Device: byName, Roots: roots, Now: func() time.Time { return signedAt }}
}

// inboundSigned is a message that came with these signatures, in MS-Signature.
func inboundSigned(t testing.TB, body []byte, signatures ...[]byte) *session.Inbound {
	t.Helper()
	in, err := session.NewInbound(syncml.XML, syncml.ContentTypeXML, body, syncml.Limits{})
	require.NoError(t, err)
	in.Headers = http.Header{}
	for _, s := range signatures {
		in.Headers.Add("MS-Signature", base64.StdEncoding.EncodeToString(s))
	}
	return in
}

func TestSignaturesOfOpenSSL(t *testing.T) {
	reasons := map[string]string{
		"refused-no-chain":           "certificate is not trusted",
		"refused-stranger":           "certificate is not trusted",
		"refused-server-certificate": "certificate is not trusted",
		"refused-no-certificate":     "certificate of the signer is missing",
		"refused-no-attributes":      "signed attributes are missing",
		"refused-sha1":               "algorithm is not supported",
		"refused-two-signers":        "not exactly one signer",
		"refused-attached":           "content of its own",
		"refused-indefinite-length":  "not a SignedData in DER",
	}
	auth, body := signedMessages(t), signatureFile(t, "message.xml")
	files, err := filepath.Glob("testdata/signatures/*.der")
	require.NoError(t, err)
	require.Greater(t, len(files), len(reasons)+5)
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".der")
		t.Run(name, func(t *testing.T) {
			der := signatureFile(t, name+".der")
			p, err := auth.Authenticate(t.Context(), inboundSigned(t, body, der))
			if reason, refused := reasons[name]; refused || strings.HasPrefix(name, "refused") {
				require.NotEmpty(t, reason)
				assert.ErrorIs(t, err, session.ErrUnauthenticated)
				assert.ErrorContains(t, err, reason)
				assert.Zero(t, p)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, session.Principal{Device: deviceID, Proven: true, Scheme: "signature"}, p)

			changed := bytes.Replace(body, []byte("1201"), []byte("1200"), 1)
			_, err = auth.Authenticate(t.Context(), inboundSigned(t, changed, der))
			assert.ErrorContains(t, err, "digest is not that of the message")
			_, err = auth.Authenticate(t.Context(), inboundSigned(t, append(body[:len(body):len(body)], '\n'), der))
			assert.ErrorContains(t, err, "digest is not that of the message")
		})
	}
}

// Whatever octet of a signature is changed, nobody else is let in.
func TestChangedSignatures(t *testing.T) {
	t.Parallel()
	auth, body := signedMessages(t), signatureFile(t, "message.xml")
	in := inboundSigned(t, body)
	accepts := func(der []byte) bool {
		in.Headers.Set("MS-Signature", base64.StdEncoding.EncodeToString(der))
		p, err := auth.Authenticate(t.Context(), in)
		if err == nil {
			require.Equal(t, omadm.DeviceID(deviceID), p.Device)
			return true
		}
		require.ErrorIs(t, err, session.ErrUnauthenticated)
		require.Zero(t, p)
		return false
	}
	der := signatureFile(t, "rsa.der")
	// What stands in the signed attributes and behind is signed or is the signature, but for the NULL of an algorithm.
	// Before it some octets say nothing, such as the version.
	signed := bytes.LastIndex(der, raw(t, oidContentType).FullBytes)
	null := bytes.LastIndex(der, []byte{0x05, 0x00, 0x04, 0x82, 0x01, 0x00})
	require.Positive(t, signed)
	require.Greater(t, null, signed)
	require.True(t, accepts(der))
	for i := range der {
		changed := bytes.Clone(der)
		changed[i] ^= 1 << (i % 8)
		got := accepts(changed)
		require.False(t, got && i >= signed && i != null && i != null+1, "octet %d of %d", i, len(der))
		require.False(t, accepts(der[:i]))
	}
}

// signatureParts is a SignedData before it is encoded.
type signatureParts struct {
	contentType, eContentType asn1.ObjectIdentifier
	content                   []byte   // attached
	certificates              [][]byte // DER
	signers                   int
	signer                    asn1.RawValue
	digestAlgorithm           asn1.ObjectIdentifier
	algorithm                 pkix.AlgorithmIdentifier
	attributes                []attributeParts
	sign                      func(attributes []byte) []byte
	tail                      []byte // behind it all
}

type attributeParts struct {
	Type   asn1.ObjectIdentifier
	Values []any `asn1:"set"`
}

var (
	oidData           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData     = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest  = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidSHA256         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}
	oidSHA512         = asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}
	oidRSA            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}
	oidPSS            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}
	oidMGF1           = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
	oidECDSAWithSHA2  = asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}
	oidECDSAPublicKey = asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}
)

// newSignature is a good signature over body with ECDSA and SHA-256.
func newSignature(t testing.TB, body []byte, at time.Time, cert *x509.Certificate, key *ecdsa.PrivateKey) *signatureParts {
	t.Helper()
	digest := sha256.Sum256(body)
	return &signatureParts{
		contentType: oidSignedData, eContentType: oidData, certificates: [][]byte{cert.Raw}, signers: 1,
		signer:          raw(t, struct{ Issuer, Serial any }{asn1.RawValue{FullBytes: cert.RawIssuer}, cert.SerialNumber}),
		digestAlgorithm: oidSHA256, algorithm: pkix.AlgorithmIdentifier{Algorithm: oidECDSAWithSHA2},
		attributes: []attributeParts{{oidContentType, []any{oidData}}, {oidMessageDigest, []any{digest[:]}}, {oidSigningTime, []any{at.UTC()}}},
		sign: func(attributes []byte) []byte {
			sum := sha256.Sum256(attributes)
			sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
			require.NoError(t, err)
			return sig
		},
	}
}

// encode signs the attributes and returns the DER.
func (p *signatureParts) encode(t testing.TB) []byte {
	t.Helper()
	attributes, err := asn1.MarshalWithParams(p.attributes, "set")
	require.NoError(t, err)
	inside := bytes.Clone(attributes)
	inside[0] = 0xA0
	type content struct {
		Type    asn1.ObjectIdentifier
		Content asn1.RawValue `asn1:"optional"`
	}
	c := content{Type: p.eContentType}
	if p.content != nil {
		c.Content = tagged(0, raw(t, p.content).FullBytes)
	}
	type signerInfo struct {
		Version   int
		Signer    asn1.RawValue
		Digest    pkix.AlgorithmIdentifier
		Signed    asn1.RawValue
		Algorithm pkix.AlgorithmIdentifier
		Signature []byte
	}
	signers := slices.Repeat([]signerInfo{{1, p.signer, pkix.AlgorithmIdentifier{Algorithm: p.digestAlgorithm}, asn1.RawValue{FullBytes: inside}, p.algorithm, p.sign(attributes)}}, p.signers)
	data := raw(t, struct {
		Version      int
		Digests      []pkix.AlgorithmIdentifier `asn1:"set"`
		Content      content
		Certificates asn1.RawValue `asn1:"optional"`
		Signers      []signerInfo  `asn1:"set"`
	}{1, []pkix.AlgorithmIdentifier{{Algorithm: p.digestAlgorithm}}, c, tagged(0, bytes.Join(p.certificates, nil)), signers})
	return append(raw(t, struct {
		Type asn1.ObjectIdentifier
		Data asn1.RawValue
	}{p.contentType, tagged(0, data.FullBytes)}).FullBytes, p.tail...)
}

func raw(t testing.TB, v any) asn1.RawValue {
	t.Helper()
	b, err := asn1.Marshal(v)
	require.NoError(t, err)
	return asn1.RawValue{FullBytes: b}
}

func tagged(tag int, content []byte) asn1.RawValue {
	return asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: tag, IsCompound: true, Bytes: content}
}

func TestSignedMessage(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	cert, key := ours.issue(t, "pc-1")
	other, otherKey := ours.issue(t, "pc-2")
	_, foreignKey := theirs.issue(t, "pc-1")
	body, now := []byte(msg("1", "1", pkg1)), time.Now()
	digest, digest512 := sha256.Sum256(body), sha512.Sum512(body)
	const (
		attributes = "signed attributes are missing or not valid"
		cms        = "not a SignedData in DER"
		noCert     = "certificate of the signer is missing"
		wrong      = "signature is wrong"
		late       = "signing time is too far from now"
	)
	for name, test := range map[string]struct {
		change func(p *signatureParts)
		want   string // reason; empty: accepted
	}{
		"good":                 {func(*signatureParts) {}, ""},
		"chain_before_signer":  {func(p *signatureParts) { p.certificates = [][]byte{ours.cert.Raw, other.Raw, cert.Raw} }, ""},
		"same_cert_twice":      {func(p *signatureParts) { p.certificates = [][]byte{cert.Raw, cert.Raw} }, ""},
		"eight_certificates":   {func(p *signatureParts) { p.certificates = slices.Repeat([][]byte{cert.Raw}, 8) }, ""},
		"algorithm_of_the_key": {func(p *signatureParts) { p.algorithm.Algorithm = oidECDSAPublicKey }, ""},
		"other_attributes": {func(p *signatureParts) {
			p.attributes = append(p.attributes, attributeParts{asn1.ObjectIdentifier{1, 2, 3}, []any{1, 2}})
		}, ""},
		"at_the_limit_of_age":   {func(p *signatureParts) { p.attributes[2].Values[0] = now.Add(-15*time.Minute + 2*time.Second).UTC() }, ""},
		"of_a_clock_that_leads": {func(p *signatureParts) { p.attributes[2].Values[0] = now.Add(14 * time.Minute).UTC() }, ""},

		"too_old":                   {func(p *signatureParts) { p.attributes[2].Values[0] = now.Add(-16 * time.Minute).UTC() }, late},
		"of_the_future":             {func(p *signatureParts) { p.attributes[2].Values[0] = now.Add(16 * time.Minute).UTC() }, late},
		"far_future":                {func(p *signatureParts) { p.attributes[2].Values[0] = time.Date(9000, 1, 1, 0, 0, 0, 0, time.UTC) }, late},
		"key_of_another_authority":  {func(p *signatureParts) { *p = *resigned(p, foreignKey) }, wrong},
		"key_of_another_device":     {func(p *signatureParts) { *p = *resigned(p, otherKey) }, wrong},
		"empty_signature":           {func(p *signatureParts) { p.sign = func([]byte) []byte { return nil } }, wrong},
		"algorithm_of_another_key":  {func(p *signatureParts) { p.algorithm.Algorithm = oidRSA }, wrong},
		"other_body":                {func(p *signatureParts) { p.attributes[1].Values[0] = make([]byte, 32) }, "digest is not that of the message"},
		"digest_of_another_size":    {func(p *signatureParts) { p.attributes[1].Values[0] = digest512[:] }, "digest is not that of the message"},
		"part_of_the_digest":        {func(p *signatureParts) { p.attributes[1].Values[0] = digest[:16] }, "digest is not that of the message"},
		"empty_digest":              {func(p *signatureParts) { p.attributes[1].Values[0] = []byte{} }, "digest is not that of the message"},
		"two_signers":               {func(p *signatureParts) { p.signers = 2 }, "not exactly one signer"},
		"no_signer":                 {func(p *signatureParts) { p.signers = 0 }, "not exactly one signer"},
		"content_inside":            {func(p *signatureParts) { p.content = body }, "content of its own"},
		"empty_content_inside":      {func(p *signatureParts) { p.content = []byte{} }, "content of its own"},
		"content_of_another_type":   {func(p *signatureParts) { p.eContentType = oidSignedData }, "content of its own"},
		"not_signed_data":           {func(p *signatureParts) { p.contentType = oidData }, cms},
		"something_behind":          {func(p *signatureParts) { p.tail = []byte{0} }, cms},
		"larger_than_is_useful":     {func(p *signatureParts) { p.certificates = append(p.certificates, make([]byte, 40<<10)) }, cms},
		"no_certificate":            {func(p *signatureParts) { p.certificates = nil }, noCert},
		"certificate_of_another":    {func(p *signatureParts) { p.certificates = [][]byte{other.Raw} }, noCert},
		"nine_certificates":         {func(p *signatureParts) { p.certificates = slices.Repeat([][]byte{cert.Raw}, 9) }, noCert},
		"damaged_certificate":       {func(p *signatureParts) { p.certificates = append(p.certificates, []byte{0x30, 0x01, 0x00}) }, noCert},
		"cut_certificate":           {func(p *signatureParts) { p.certificates = append(p.certificates, cert.Raw[:9]) }, noCert},
		"certificate_of_a_huge_key": {func(p *signatureParts) { p.certificates = append(p.certificates, hugeKey(t)) }, noCert},
		"signer_of_another_serial": {func(p *signatureParts) {
			p.signer = raw(t, struct{ Issuer, Serial any }{asn1.RawValue{FullBytes: cert.RawIssuer}, big.NewInt(1)})
		}, noCert},
		"signer_of_another_issuer": {func(p *signatureParts) {
			p.signer = raw(t, struct{ Issuer, Serial any }{asn1.RawValue{FullBytes: cert.RawSubject}, cert.SerialNumber})
		}, noCert},
		"signer_is_a_number":            {func(p *signatureParts) { p.signer = raw(t, 1) }, noCert},
		"signer_is_an_empty_key_id":     {func(p *signatureParts) { p.signer = asn1.RawValue{Class: asn1.ClassContextSpecific, Tag: 0} }, noCert},
		"no_content_type":               {func(p *signatureParts) { p.attributes = p.attributes[1:] }, attributes},
		"no_digest":                     {func(p *signatureParts) { p.attributes = slices.Delete(p.attributes, 1, 2) }, attributes},
		"no_signing_time":               {func(p *signatureParts) { p.attributes = p.attributes[:2] }, attributes},
		"two_digests":                   {func(p *signatureParts) { p.attributes = append(p.attributes, p.attributes[1]) }, attributes},
		"digest_of_two_values":          {func(p *signatureParts) { p.attributes[1].Values = []any{digest[:], digest[:]} }, attributes},
		"digest_of_no_value":            {func(p *signatureParts) { p.attributes[1].Values = nil }, attributes},
		"content_type_of_another_type":  {func(p *signatureParts) { p.attributes[0].Values[0] = oidSignedData }, attributes},
		"signing_time_is_a_number":      {func(p *signatureParts) { p.attributes[2].Values[0] = 1 }, attributes},
		"digest_is_a_number":            {func(p *signatureParts) { p.attributes[1].Values[0] = 1 }, attributes},
		"no_attributes":                 {func(p *signatureParts) { p.attributes = nil }, attributes},
		"digest_algorithm_md5":          {func(p *signatureParts) { p.digestAlgorithm = asn1.ObjectIdentifier{1, 2, 840, 113549, 2, 5} }, "algorithm is not supported"},
		"digest_of_another_than_signed": {func(p *signatureParts) { p.digestAlgorithm = oidSHA512 }, "algorithm is not supported"},
		"algorithm_unknown":             {func(p *signatureParts) { p.algorithm.Algorithm = asn1.ObjectIdentifier{1, 2, 3} }, "algorithm is not supported"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newSignature(t, body, now, cert, key)
			test.change(p)
			auth := session.SignedMessage{Device: byName, Roots: ours.pool()}
			got, err := auth.Authenticate(t.Context(), inboundSigned(t, body, p.encode(t)))
			if test.want == "" {
				require.NoError(t, err)
				assert.Equal(t, session.Principal{Device: deviceID, Proven: true, Scheme: "signature"}, got)
				return
			}
			assert.ErrorIs(t, err, session.ErrUnauthenticated)
			assert.NotErrorIs(t, err, session.ErrNoCredentials)
			assert.ErrorContains(t, err, test.want)
			assert.Zero(t, got)
		})
	}
	t.Run("age_is_configured", func(t *testing.T) {
		der := newSignature(t, body, now.Add(-time.Hour), cert, key).encode(t)
		auth := session.SignedMessage{Device: byName, Roots: ours.pool(), MaxAge: 2 * time.Hour}
		_, err := auth.Authenticate(t.Context(), inboundSigned(t, body, der))
		assert.NoError(t, err)
		auth.MaxAge = time.Minute
		_, err = auth.Authenticate(t.Context(), inboundSigned(t, body, der))
		assert.ErrorContains(t, err, late)
	})
	t.Run("certificate_is_good_at_the_time_of_the_clock", func(t *testing.T) {
		later := now.Add(2 * time.Hour) // it expires after one
		der := newSignature(t, body, later, cert, key).encode(t)
		auth := session.SignedMessage{Device: byName, Roots: ours.pool(), Now: func() time.Time { return later }}
		_, err := auth.Authenticate(t.Context(), inboundSigned(t, body, der))
		assert.ErrorContains(t, err, "certificate is not trusted")
	})
	t.Run("rsa", func(t *testing.T) {
		rsaKey, err := rsa.GenerateKey(rand.Reader, 2048)
		require.NoError(t, err)
		p := newSignature(t, body, now, ours.issueFor(t, "pc-1", &rsaKey.PublicKey), nil)
		pkcs1 := func(sum []byte) ([]byte, error) { return rsa.SignPKCS1v15(rand.Reader, rsaKey, crypto.SHA256, sum) }
		pss := func(sum []byte) ([]byte, error) {
			return rsa.SignPSS(rand.Reader, rsaKey, crypto.SHA256, sum, &rsa.PSSOptions{SaltLength: 32})
		}
		identifier := func(oid asn1.ObjectIdentifier, parameters asn1.RawValue) pkix.AlgorithmIdentifier {
			return pkix.AlgorithmIdentifier{Algorithm: oid, Parameters: parameters}
		}
		parameters := func(hash, mask, maskHash asn1.ObjectIdentifier, salt, trailer int) pkix.AlgorithmIdentifier {
			return identifier(oidPSS, raw(t, struct {
				Hash    pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
				MGF     pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
				Salt    int                      `asn1:"explicit,tag:2"`
				Trailer int                      `asn1:"explicit,tag:3,optional,default:1"`
			}{identifier(hash, asn1.RawValue{}), identifier(mask, raw(t, identifier(maskHash, asn1.RawValue{}))), salt, trailer}))
		}
		for name, test := range map[string]struct {
			algorithm pkix.AlgorithmIdentifier
			sign      func(sum []byte) ([]byte, error)
			want      bool
		}{
			"pkcs1":                   {identifier(oidRSA, asn1.NullRawValue), pkcs1, true},
			"pss":                     {parameters(oidSHA256, oidMGF1, oidSHA256, 32, 1), pss, true},
			"pkcs1_called_pss":        {parameters(oidSHA256, oidMGF1, oidSHA256, 32, 1), pkcs1, false},
			"pss_called_pkcs1":        {identifier(oidRSA, asn1.NullRawValue), pss, false},
			"pkcs1_called_ecdsa":      {identifier(oidECDSAWithSHA2, asn1.RawValue{}), pkcs1, false},
			"pss_of_another_digest":   {parameters(oidSHA512, oidMGF1, oidSHA256, 32, 1), pss, false},
			"pss_of_another_mask":     {parameters(oidSHA256, oidSHA256, oidSHA256, 32, 1), pss, false},
			"mask_of_another_digest":  {parameters(oidSHA256, oidMGF1, oidSHA512, 32, 1), pss, false},
			"pss_of_another_salt":     {parameters(oidSHA256, oidMGF1, oidSHA256, 31, 1), pss, false},
			"pss_of_negative_salt":    {parameters(oidSHA256, oidMGF1, oidSHA256, -1, 1), pss, false},
			"pss_of_huge_salt":        {parameters(oidSHA256, oidMGF1, oidSHA256, 1<<31-1, 1), pss, false},
			"pss_of_another_trailer":  {parameters(oidSHA256, oidMGF1, oidSHA256, 32, 2), pss, false},
			"pss_parameters_are_null": {identifier(oidPSS, asn1.NullRawValue), pss, false},
		} {
			t.Run(name, func(t *testing.T) {
				p.algorithm = test.algorithm
				p.sign = func(attributes []byte) []byte {
					sum := sha256.Sum256(attributes)
					sig, err := test.sign(sum[:])
					require.NoError(t, err)
					return sig
				}
				_, err := session.SignedMessage{Device: byName, Roots: ours.pool()}.Authenticate(t.Context(), inboundSigned(t, body, p.encode(t)))
				if test.want {
					assert.NoError(t, err)
				} else {
					assert.ErrorContains(t, err, wrong)
				}
			})
		}
	})
}

// resigned is p signed with another key.
func resigned(p *signatureParts, key *ecdsa.PrivateKey) *signatureParts {
	p.sign = func(attributes []byte) []byte {
		sum := sha256.Sum256(attributes)
		sig, err := ecdsa.SignASN1(rand.Reader, key, sum[:])
		if err != nil {
			panic(err)
		}
		return sig
	}
	return p
}

// hugeKey is a certificate of an RSA key of 16,384 bits. Nobody has such a key: the number is any.
func hugeKey(t *testing.T) []byte {
	t.Helper()
	n := new(big.Int).Lsh(big.NewInt(1), 16383)
	a := newAuthority(t)
	return a.issueFor(t, "huge", &rsa.PublicKey{N: n.Add(n, big.NewInt(1)), E: 65537}).Raw
}

// issueFor returns a certificate for the key of somebody.
func (a *authority) issueFor(t testing.TB, name string, key crypto.PublicKey) *x509.Certificate {
	t.Helper()
	der, err := x509.CreateCertificate(rand.Reader, &x509.Certificate{
		SerialNumber: big.NewInt(7), Subject: pkix.Name{CommonName: name},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, a.cert, key, a.key)
	require.NoError(t, err)
	cert, err := x509.ParseCertificate(der)
	require.NoError(t, err)
	return cert
}

func TestSignatureHeaders(t *testing.T) {
	auth, body := signedMessages(t), signatureFile(t, "message.xml")
	good := base64.StdEncoding.EncodeToString(signatureFile(t, "rsa.der"))
	other := base64.StdEncoding.EncodeToString(signatureFile(t, "ecdsa.der"))
	for name, test := range map[string]struct {
		header http.Header
		want   error // nil: accepted
	}{
		"ms_signature":            {http.Header{"Ms-Signature": {good}}, nil},
		"mdm_signature":           {http.Header{"Mdm-Signature": {good}}, nil},
		"the_same_in_both":        {http.Header{"Ms-Signature": {good}, "Mdm-Signature": {good}}, nil},
		"two_in_one":              {http.Header{"Ms-Signature": {good, other}}, session.ErrUnauthenticated},
		"one_in_each":             {http.Header{"Ms-Signature": {good}, "Mdm-Signature": {other}}, session.ErrUnauthenticated},
		"none":                    {http.Header{}, session.ErrNoCredentials},
		"not_base64":              {http.Header{"Ms-Signature": {"*" + good}}, session.ErrUnauthenticated},
		"empty":                   {http.Header{"Ms-Signature": {""}}, session.ErrUnauthenticated},
		"ten_megabytes_of_base64": {http.Header{"Ms-Signature": {strings.Repeat("MIIB", 10<<20/4)}}, session.ErrUnauthenticated},
	} {
		t.Run(name, func(t *testing.T) {
			in := inboundSigned(t, body)
			in.Headers = test.header
			p, err := auth.Authenticate(t.Context(), in)
			if test.want == nil {
				require.NoError(t, err)
				assert.Equal(t, omadm.DeviceID(deviceID), p.Device)
				return
			}
			assert.ErrorIs(t, err, test.want)
			assert.Equal(t, test.want == session.ErrNoCredentials, err == session.ErrNoCredentials)
		})
	}
}

// The tool that others use finds the same.
func TestSignaturesAgainstOpenSSL(t *testing.T) {
	openssl, err := command.LookPath("openssl")
	if err != nil {
		t.Skip("openssl is not installed")
	}
	ours := newAuthority(t)
	cert, key := ours.issue(t, "pc-1")
	body := []byte(msg("1", "1", pkg1))
	dir := t.TempDir()
	file := func(name string, b []byte) string {
		name = filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(name, b, 0o600))
		return name
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	block := func(typ string, der []byte) []byte { return pem.EncodeToMemory(&pem.Block{Type: typ, Bytes: der}) }
	message, root := file("message", body), file("root", block("CERTIFICATE", ours.cert.Raw))
	certFile, keyFile := file("cert", block("CERTIFICATE", cert.Raw)), file("key", block("PRIVATE KEY", pkcs8))
	run := func(args ...string) {
		t.Helper()
		out, err := command.CommandContext(t.Context(), openssl, args...).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	run("cms", "-verify", "-inform", "DER", "-in", file("ours", newSignature(t, body, time.Now(), cert, key).encode(t)), "-content", message, "-binary", "-CAfile", root, "-purpose", "any", "-out", os.DevNull)

	run("cms", "-sign", "-binary", "-md", "sha256", "-in", message, "-signer", certFile, "-inkey", keyFile, "-outform", "DER", "-out", filepath.Join(dir, "theirs"))
	der, err := os.ReadFile(filepath.Join(dir, "theirs"))
	require.NoError(t, err)
	p, err := session.SignedMessage{Device: byName, Roots: ours.pool()}.Authenticate(t.Context(), inboundSigned(t, body, der))
	require.NoError(t, err)
	assert.Equal(t, omadm.DeviceID(deviceID), p.Device)
}

// Whatever comes as a signature, the only one who is ever let in is the device that signed the message.
func FuzzSignature(f *testing.F) {
	files, err := filepath.Glob("testdata/signatures/*.der")
	if err != nil || len(files) == 0 {
		f.Fatal("no seeds", err)
	}
	for _, file := range files {
		f.Add(signatureFile(f, filepath.Base(file)))
	}
	auth, body := signedMessages(f), signatureFile(f, "message.xml")
	var signer *x509.Certificate
	auth.Device = func(_ context.Context, c *x509.Certificate) (omadm.DeviceID, error) {
		signer = c
		return deviceID, nil
	}
	var ours []*x509.Certificate
	for _, name := range []string{"rsa.der", "ecdsa.der"} {
		if _, err := auth.Authenticate(context.Background(), inboundSigned(f, body, signatureFile(f, name))); err != nil {
			f.Fatal(err)
		}
		ours = append(ours, signer)
	}
	changed := inboundSigned(f, append(bytes.Clone(body), '\n'))
	f.Fuzz(func(t *testing.T, der []byte) {
		_, err := auth.Authenticate(t.Context(), inboundSigned(t, body, der))
		if err == nil && !slices.ContainsFunc(ours, signer.Equal) {
			t.Fatal("signed by a stranger")
		}
		changed.Headers.Set("MS-Signature", base64.StdEncoding.EncodeToString(der))
		if _, err := auth.Authenticate(t.Context(), changed); err == nil {
			t.Fatal("nobody signed this")
		}
	})
}
