package kits_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/x509"
	"crypto/x509/pkix"
	"errors"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	cert "github.com/gomadm/gomadm/csp/clientcertificateinstall"
	"github.com/gomadm/gomadm/csp/node"
	root "github.com/gomadm/gomadm/csp/rootcatrustedcertificates"
	"github.com/gomadm/gomadm/omadm"
)

// authority returns the certificate of an authority.
func authority(t *testing.T) []byte {
	t.Helper()
	key := ed25519.NewKeyFromSeed(make([]byte, ed25519.SeedSize))
	x := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Example Root"}, IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), NotAfter: time.Date(2036, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	der, err := x509.CreateCertificate(nil, x, x, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return der
}

func TestRootCertificates(t *testing.T) {
	s := newSite(t)
	der := authority(t)
	for store := root.StoreRoot; store <= root.StoreUntrusted; store++ {
		for _, user := range []bool{false, true} {
			c := root.Certificate{DER: der, Store: store, User: user}
			if user && store == root.StoreRoot {
				_, err := c.Request()
				wrongField(t, err, "rootcatrustedcertificates", "Store")
				continue
			}
			s.made(c.Request())
			request, err := root.List(store, user)
			names, listErr := root.ReadList(store, user, s.made(request, err)...)
			if listErr != nil || !slices.Equal(names, []string{c.Thumbprint()}) {
				t.Errorf("store %d: got %q, %v", store, names, listErr)
			}
			results := s.made(c.Get())
			got, err := c.Read(results...)
			if all, err := root.ReadAll(store, user, results...); err != nil || len(all) != 1 || !reflect.DeepEqual(all[0], got) || got.Thumbprint != names[0] {
				t.Errorf("store %d: all: got %+v, %v", store, all, err)
			}
			if err != nil || !bytes.Equal(got.DER, der) {
				t.Errorf("store %d: got %d octets, %v", store, len(got.DER), err)
			}
			s.made(c.Delete())
			s.mayMiss = true
			if got, err := c.Read(s.made(c.Get())...); err != nil || got.DER != nil {
				t.Errorf("removed: got %+v, %v", got, err)
			}
			s.mayMiss = false
		}
	}
	_, err := root.ReadAll(root.StoreRoot, true)
	wrongField(t, err, "rootcatrustedcertificates", "Store")
	if _, err := root.ReadList(root.StoreCA, false); !errors.Is(err, node.ErrNoValue) {
		t.Errorf("no answer: got error %v", err)
	}
	long := append([]byte{0x30, 0x84, 0, 0, 0, 1}, 0)
	for _, c := range []root.Certificate{{}, {DER: []byte("-----BEGIN CERTIFICATE-----")}, {DER: der[1:]}, {DER: append(der[:len(der):len(der)], 0)}, {DER: long}, {DER: []byte{0x30}}} {
		_, err := c.Request()
		wrongField(t, err, "rootcatrustedcertificates", "DER")
	}
	_, err = root.Certificate{DER: der, Store: 9}.Get()
	wrongField(t, err, "rootcatrustedcertificates", "Store")
}

// scepProfile returns a profile with all that is required.
func scepProfile() cert.SCEPProfile {
	return cert.SCEPProfile{
		ID: "wifi 1", URLs: []string{"https://scep.example.test/a"}, Challenge: "hidden-4711", Subject: "CN=device-1",
		CAThumbprint: strings.Repeat("4a", 20),
	}
}

func TestSCEP(t *testing.T) {
	s := newSite(t)
	for i, scope := range []string{"Device", "User"} {
		p := scepProfile()
		p.User = i == 1
		p.URLs = append(p.URLs, "https://scep.example.test/b")
		p.AlternativeNames = []cert.AlternativeName{{Kind: 3, Name: "device-1.example.test"}, {Kind: 11, Name: "one@example.test"}}
		p.EKUs, p.Hash = []string{"1.3.6.1.5.5.7.3.2", "1.3.6.1.4.1.311.20.2.2"}, []string{"SHA-2", "SHA-3"}
		p.KeyLength, p.Validity, p.Retries, p.RetryDelay = 2048, cert.Validity{Months: 12}, 5, 10*time.Minute
		p.Protection, p.Container, p.Prompt, p.Template = cert.HelloKey, "hello", "Please sign in", "Device"
		reqs, err := p.Requests()
		if err != nil {
			t.Fatal(err)
		}
		s.do(reqs...)
		s.ends = omadm.RolledBack // a second time
		s.do(reqs[0])
		s.ends = omadm.Done
		top := "./" + scope + "/Vendor/MSFT/ClientCertificateInstall/SCEP/wifi%201/"
		for name, want := range map[string]string{
			"ServerURL": "https://scep.example.test/a;https://scep.example.test/b", "Challenge": "hidden-4711", "SubjectName": "CN=device-1",
			"CAThumbprint": strings.Repeat("4A", 20), "SubjectAlternativeNames": "3+device-1.example.test;11+one@example.test",
			"EKUMapping": "1.3.6.1.5.5.7.3.2+1.3.6.1.4.1.311.20.2.2", "HashAlgorithm": "SHA-2+SHA-3", "KeyUsage": "160", "KeyLength": "2048",
			"ValidPeriod": "Months", "ValidPeriodUnits": "12", "RetryCount": "5", "RetryDelay": "10", "KeyProtection": "4",
			"ContainerName": "hello", "CustomTextToShowInPrompt": "Please sign in", "TemplateName": "Device",
		} {
			if got := s.tree.Value(top + "Install/" + name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		if n := s.executed(omadm.Exec, top+"Install/Enroll"); n != 1 {
			t.Errorf("enrolled %d times", n)
		}
		if got, err := p.Read(s.made(p.Get())...); err != nil || got != (cert.SCEPResult{}) {
			t.Errorf("at the beginning: got %+v, %v", got, err)
		}
		s.put(top+"Status", "1")
		s.put(top+"CertThumbprint", strings.Repeat("4B", 20))
		s.put(top+"RespondentServerUrl", p.URLs[1])
		want := cert.SCEPResult{Status: cert.SCEPDone, Thumbprint: strings.Repeat("4B", 20), Server: p.URLs[1]}
		if got, err := p.Read(s.made(p.Get())...); err != nil || got != want {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		s.put(top+"Status", "16")
		s.put(top+"ErrorCode", "-2146893043")
		if got, err := p.Read(s.made(p.Get())...); err != nil || got.Status != cert.SCEPFailed || got.Error != 0x8009030D {
			t.Errorf("got %+v, %v", got, err)
		}
		s.made(p.Delete())
		if _, ok := s.tree.Node(top); ok {
			t.Error("it is still there")
		}
	}
}

func TestSCEPFields(t *testing.T) {
	for field, change := range map[string]func(*cert.SCEPProfile){
		"ID":                  func(p *cert.SCEPProfile) { p.ID = "a/b" },
		"URLs":                func(p *cert.SCEPProfile) { p.URLs = nil },
		"URLs[0]":             func(p *cert.SCEPProfile) { p.URLs[0] = "scep.example.test" },
		"Challenge":           func(p *cert.SCEPProfile) { p.Challenge = "" },
		"Subject":             func(p *cert.SCEPProfile) { p.Subject = "" },
		"CAThumbprint":        func(p *cert.SCEPProfile) { p.CAThumbprint = "4A" },
		"AlternativeNames[0]": func(p *cert.SCEPProfile) { p.AlternativeNames = []cert.AlternativeName{{Kind: 3, Name: "a;b"}} },
		"EKUs[0]":             func(p *cert.SCEPProfile) { p.EKUs = []string{"client"} },
		"Hash[0]":             func(p *cert.SCEPProfile) { p.Hash = []string{"MD5"} },
		"KeyUsage":            func(p *cert.SCEPProfile) { p.KeyUsage = 1 },
		"KeyLength":           func(p *cert.SCEPProfile) { p.KeyLength, p.Protection, p.Container = 4096, cert.HelloKey, "hello" },
		"Protection":          func(p *cert.SCEPProfile) { p.Protection = 5 },
		"Container":           func(p *cert.SCEPProfile) { p.Protection = cert.HelloKey },
		"Prompt":              func(p *cert.SCEPProfile) { p.Prompt = "x" },
		"Validity":            func(p *cert.SCEPProfile) { p.Validity = cert.Validity{Days: 1, Years: 1} },
		"Retries":             func(p *cert.SCEPProfile) { p.Retries = 31 },
		"RetryDelay":          func(p *cert.SCEPProfile) { p.RetryDelay = time.Second },
	} {
		p := scepProfile()
		if _, err := p.Requests(); err != nil {
			t.Fatal(err)
		}
		change(&p)
		_, err := p.Requests()
		wrongField(t, err, "clientcertificateinstall", field)
	}
	short := scepProfile()
	short.KeyLength = 512
	_, err := short.Requests()
	wrongField(t, err, "clientcertificateinstall", "KeyLength")
	_, err = cert.SCEPProfile{}.Get()
	wrongField(t, err, "clientcertificateinstall", "ID")
}

func TestPFX(t *testing.T) {
	s := newSite(t)
	for i, scope := range []string{"Device", "User"} {
		p := cert.PFX{ID: "mail", User: i == 1, Blob: []byte{0x30, 1, 0}, Password: "hidden-4711", Exportable: true}
		s.made(p.Request())
		top := "./" + scope + "/Vendor/MSFT/ClientCertificateInstall/PFXCertInstall/mail/"
		for name, want := range map[string]string{
			"KeyLocation": "3", "PFXCertPassword": "hidden-4711", "PFXCertPasswordEncryptionType": "0", "PFXKeyExportable": "true",
			"PFXCertBlob": "\x30\x01\x00",
		} {
			if got := s.tree.Value(top + name); got != want {
				t.Errorf("%s: got %q, want %q", name, got, want)
			}
		}
		s.put(top+"Thumbprint", strings.Repeat("4B", 20))
		got, err := p.Read(s.made(p.Get())...)
		if err != nil || got != (cert.PFXResult{Thumbprint: strings.Repeat("4B", 20)}) {
			t.Errorf("got %+v, %v", got, err)
		}
		s.put(top+"Status", "86") // the password is wrong
		if got, err := p.Read(s.made(p.Get())...); err != nil || got.Error != 86 {
			t.Errorf("got %+v, %v", got, err)
		}
		s.made(p.Delete())
		if _, ok := s.tree.Node(top); ok {
			t.Error("it is still there")
		}
		p.Protection, p.Container, p.Exportable, p.Encrypted, p.Store = cert.HelloKey, "hello", false, true, "My"
		s.made(p.Request())
		if got := s.tree.Value(top+"PFXCertPasswordEncryptionType") + s.tree.Value(top+"PFXCertPasswordEncryptionStore"); got != "2My" {
			t.Errorf("got %q", got)
		}
		if n, _ := s.tree.Node(top + "PFXKeyExportable"); n.Access != 0 {
			t.Errorf("PFXKeyExportable is there: %v", n.Access)
		}
	}

	for field, change := range map[string]func(*cert.PFX){
		"ID":         func(p *cert.PFX) { p.ID = "" },
		"Blob":       func(p *cert.PFX) { p.Blob = []byte("MIIC") },
		"Password":   func(p *cert.PFX) { p.Password, p.Encrypted = "", true },
		"Store":      func(p *cert.PFX) { p.Store = "My" },
		"Protection": func(p *cert.PFX) { p.Protection = 9 },
		"Container":  func(p *cert.PFX) { p.Container = "x" },
		"Exportable": func(p *cert.PFX) { p.Protection, p.Exportable = cert.TPMKey, true },
	} {
		p := cert.PFX{ID: "mail", Blob: []byte{0x30, 1, 0}, Password: "x"}
		change(&p)
		_, err := p.Request()
		wrongField(t, err, "clientcertificateinstall", field)
	}
}

// TestSecretsOfCertificates: no form of a kit or of what it makes shows a secret.
func TestSecretsOfCertificates(t *testing.T) {
	const secret = "hidden-4711"
	scep, pfx := scepProfile(), cert.PFX{ID: "mail", Blob: []byte("0" + secret), Password: secret}
	reqs, err := scep.Requests()
	if err != nil {
		t.Fatal(err)
	}
	install, err := pfx.Request()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range append(reqs, install) {
		if r.EffectiveDelivery() != omadm.AtMostOnce {
			t.Errorf("%v may be sent again", r.Ops)
		}
	}
	for _, v := range []any{scep, &scep, pfx, &pfx, reqs, install} {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
			got := fmt.Sprintf(verb, v)
			if strings.Contains(got, secret) || strings.Contains(got, fmt.Sprintf("%x", secret)) {
				t.Errorf("%s of a %T shows a secret: %s", verb, v, got)
			}
		}
	}
}
