package session

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/rsa"
	_ "crypto/sha256" // digests of signatures
	_ "crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"errors"
	"math/big"
	"time"
)

// signature is a detached signature of one signer: a SignedData of the Cryptographic Message Syntax (RFC 5652). It is
// read strictly, as DER.
type signature struct {
	signer  *x509.Certificate
	chain   []*x509.Certificate // the other certificates that came with it
	signed  time.Time           // the signing time, as the signer says
	digest  []byte              // of the content
	hash    crypto.Hash         // of digest and over attributes
	attrs   []byte              // what is signed: the attributes as a DER SET OF
	scheme  signatureScheme
	params  asn1.RawValue // of the scheme
	encoded []byte        // the signature itself
}

const (
	maxSignature    = 32 << 10 // octets of a signature in DER
	maxCertificates = 8        // that may come with one
	maxModulus      = 8192     // bits of an RSA key: larger ones cost too much time
)

// Errors say what is wrong with a signature. They hold nothing of it.
var (
	errNotCMS       = errors.New("not a SignedData in DER")
	errAttached     = errors.New("signature has content of its own")
	errSigners      = errors.New("signature has not exactly one signer")
	errCertificates = errors.New("certificate of the signer is missing or not acceptable")
	errAttributes   = errors.New("signed attributes are missing or not valid")
	errAlgorithm    = errors.New("algorithm is not supported")
	errDigest       = errors.New("digest is not that of the message")
	errSignature    = errors.New("signature is wrong")
)

var (
	oidData          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 1}
	oidSignedData    = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 7, 2}
	oidContentType   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 3}
	oidMessageDigest = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 4}
	oidSigningTime   = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 5}
	oidMGF1          = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 8}
)

// digests are the digest algorithms that are accepted.
var digests = [...]struct {
	oid  asn1.ObjectIdentifier
	hash crypto.Hash
}{
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 1}, crypto.SHA256},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 2}, crypto.SHA384},
	{asn1.ObjectIdentifier{2, 16, 840, 1, 101, 3, 4, 2, 3}, crypto.SHA512},
}

// signatureScheme is how a signature is made of a digest.
type signatureScheme uint8

const (
	rsaPKCS1 signatureScheme = iota + 1
	rsaPSS
	ecdsaASN1
)

// signatureAlgorithms are those that are accepted. Without a hash, that of the digest algorithm counts.
var signatureAlgorithms = [...]struct {
	oid    asn1.ObjectIdentifier
	scheme signatureScheme
	hash   crypto.Hash
}{
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 1}, rsaPKCS1, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 11}, rsaPKCS1, crypto.SHA256},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 12}, rsaPKCS1, crypto.SHA384},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 13}, rsaPKCS1, crypto.SHA512},
	{asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 1, 10}, rsaPSS, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 2, 1}, ecdsaASN1, 0},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 2}, ecdsaASN1, crypto.SHA256},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 3}, ecdsaASN1, crypto.SHA384},
	{asn1.ObjectIdentifier{1, 2, 840, 10045, 4, 3, 4}, ecdsaASN1, crypto.SHA512},
}

// The types of RFC 5652, sections 3 and 5.
type (
	contentInfo struct {
		ContentType asn1.ObjectIdentifier
		Content     signedData `asn1:"explicit,tag:0"`
	}
	signedData struct {
		Version          int
		DigestAlgorithms []pkix.AlgorithmIdentifier `asn1:"set"`
		EncapContentInfo struct {
			ContentType asn1.ObjectIdentifier
			Content     asn1.RawValue `asn1:"optional,explicit,tag:0"`
		}
		Certificates asn1.RawValue `asn1:"optional,tag:0"`
		CRLs         asn1.RawValue `asn1:"optional,tag:1"`
		SignerInfos  []signerInfo  `asn1:"set"`
	}
	signerInfo struct {
		Version            int
		Signer             asn1.RawValue
		DigestAlgorithm    pkix.AlgorithmIdentifier
		SignedAttributes   asn1.RawValue `asn1:"optional,tag:0"`
		SignatureAlgorithm pkix.AlgorithmIdentifier
		Signature          []byte
		UnsignedAttributes asn1.RawValue `asn1:"optional,tag:1"`
	}
	attribute struct {
		Type   asn1.ObjectIdentifier
		Values []asn1.RawValue `asn1:"set"`
	}
	issuerAndSerial struct {
		Issuer asn1.RawValue
		Serial *big.Int
	}
	pssParameters struct { // RFC 4055, section 3.1
		Hash         pkix.AlgorithmIdentifier `asn1:"explicit,tag:0"`
		MGF          pkix.AlgorithmIdentifier `asn1:"explicit,tag:1"`
		SaltLength   int                      `asn1:"explicit,tag:2"`
		TrailerField int                      `asn1:"optional,explicit,tag:3,default:1"`
	}
)

// parseSignature reads a signature of at most maxSignature octets. It verifies nothing.
func parseSignature(der []byte) (*signature, error) {
	var info contentInfo
	if !unmarshal(der, &info) || !info.ContentType.Equal(oidSignedData) {
		return nil, errNotCMS
	}
	data := &info.Content
	if !data.EncapContentInfo.ContentType.Equal(oidData) || len(data.EncapContentInfo.Content.FullBytes) > 0 {
		return nil, errAttached
	}
	if len(data.SignerInfos) != 1 {
		return nil, errSigners
	}
	signer := &data.SignerInfos[0]
	s := &signature{encoded: signer.Signature}
	if err := s.setAlgorithms(signer); err != nil {
		return nil, err
	}
	if err := s.setCertificates(data.Certificates.Bytes, signer.Signer); err != nil {
		return nil, err
	}
	return s, s.setAttributes(signer.SignedAttributes.FullBytes)
}

func (s *signature) setAlgorithms(info *signerInfo) error {
	s.hash = hashOf(info.DigestAlgorithm.Algorithm)
	for _, a := range signatureAlgorithms {
		if a.oid.Equal(info.SignatureAlgorithm.Algorithm) && (a.hash == 0 || a.hash == s.hash) {
			s.scheme, s.params = a.scheme, info.SignatureAlgorithm.Parameters
		}
	}
	if s.hash == 0 || s.scheme == 0 {
		return errAlgorithm
	}
	return nil
}

// hashOf returns the hash that an algorithm names, 0 when it is not accepted.
func hashOf(oid asn1.ObjectIdentifier) crypto.Hash {
	for _, d := range digests {
		if d.oid.Equal(oid) {
			return d.hash
		}
	}
	return 0
}

// setCertificates reads the certificates, and finds that of the signer by its issuer and serial number or by the
// identifier of its key.
func (s *signature) setCertificates(der []byte, signer asn1.RawValue) error {
	var id issuerAndSerial
	var key []byte
	switch {
	case signer.Class == asn1.ClassUniversal && unmarshal(signer.FullBytes, &id):
	case signer.Class == asn1.ClassContextSpecific && signer.Tag == 0 && !signer.IsCompound && len(signer.Bytes) > 0:
		key = signer.Bytes
	default:
		return errCertificates
	}
	for n := 0; len(der) > 0; n++ {
		var raw asn1.RawValue
		rest, err := asn1.Unmarshal(der, &raw)
		if err != nil || n == maxCertificates {
			return errCertificates
		}
		der = rest
		cert, err := x509.ParseCertificate(raw.FullBytes)
		if err != nil {
			return errCertificates
		}
		if k, ok := cert.PublicKey.(*rsa.PublicKey); ok && k.N.BitLen() > maxModulus {
			return errCertificates
		}
		is := bytes.Equal(cert.SubjectKeyId, key)
		if key == nil {
			is = bytes.Equal(cert.RawIssuer, id.Issuer.FullBytes) && cert.SerialNumber.Cmp(id.Serial) == 0
		}
		if is && s.signer == nil {
			s.signer = cert
		} else {
			s.chain = append(s.chain, cert)
		}
	}
	if s.signer == nil {
		return errCertificates
	}
	return nil
}

// setAttributes reads the signed attributes: content type, digest and signing time, each once and with one value. Others
// are passed over.
func (s *signature) setAttributes(der []byte) error {
	if len(der) == 0 {
		return errAttributes
	}
	s.attrs = bytes.Clone(der)
	s.attrs[0] = asn1.TagSet | 0x20 // they are signed as the SET that they are, not with the tag they have inside
	var attrs []attribute
	if rest, err := asn1.UnmarshalWithParams(s.attrs, &attrs, "set"); err != nil || len(rest) > 0 {
		return errAttributes
	}
	var content asn1.ObjectIdentifier
	want := [...]struct {
		oid   asn1.ObjectIdentifier
		value any
		seen  bool
	}{{oid: oidContentType, value: &content}, {oid: oidMessageDigest, value: &s.digest}, {oid: oidSigningTime, value: &s.signed}}
	for _, a := range attrs {
		for i := range want {
			w := &want[i]
			if !w.oid.Equal(a.Type) {
				continue
			}
			if w.seen || len(a.Values) != 1 || !unmarshal(a.Values[0].FullBytes, w.value) {
				return errAttributes
			}
			w.seen = true
		}
	}
	for _, w := range want {
		if !w.seen {
			return errAttributes
		}
	}
	if !content.Equal(oidData) {
		return errAttributes
	}
	return nil
}

// unmarshal reads one value of DER and nothing behind it.
func unmarshal(der []byte, v any) bool {
	rest, err := asn1.Unmarshal(der, v)
	return err == nil && len(rest) == 0
}

// verify reports whether the signature is over the content and made with the key of the signer. Whether the
// certificate of the signer is to be believed is another question.
func (s *signature) verify(content []byte) error {
	if !bytes.Equal(sum(s.hash, content), s.digest) {
		return errDigest
	}
	digest := sum(s.hash, s.attrs)
	switch key := s.signer.PublicKey.(type) {
	case *rsa.PublicKey:
		if s.scheme == rsaPKCS1 && rsa.VerifyPKCS1v15(key, s.hash, digest, s.encoded) == nil {
			return nil
		}
		if s.scheme == rsaPSS && s.verifyPSS(key, digest) {
			return nil
		}
	case *ecdsa.PublicKey:
		if s.scheme == ecdsaASN1 && ecdsa.VerifyASN1(key, digest, s.encoded) {
			return nil
		}
	}
	return errSignature
}

func (s *signature) verifyPSS(key *rsa.PublicKey, digest []byte) bool {
	var p pssParameters
	var mask pkix.AlgorithmIdentifier
	return unmarshal(s.params.FullBytes, &p) && hashOf(p.Hash.Algorithm) == s.hash && p.TrailerField == 1 &&
		p.MGF.Algorithm.Equal(oidMGF1) && unmarshal(p.MGF.Parameters.FullBytes, &mask) && hashOf(mask.Algorithm) == s.hash &&
		p.SaltLength >= 0 && rsa.VerifyPSS(key, s.hash, digest, s.encoded, &rsa.PSSOptions{SaltLength: p.SaltLength}) == nil
}

func sum(h crypto.Hash, b []byte) []byte {
	w := h.New()
	w.Write(b)
	return w.Sum(nil)
}
