package main

import (
	"encoding/base64"
	"net/http"
	"testing"

	"github.com/gomadm/gomadm/syncml"
)

// TestForwardedCertificate believes the header of a proxy that was named, and of nobody else.
func TestForwardedCertificate(t *testing.T) {
	is := newIssuer(t)
	header := ":" + base64.StdEncoding.EncodeToString(is.device(exampleDevice).Leaf.Raw) + ":"
	tests := []struct {
		name, proxies, header string
		want                  int
	}{
		{"named proxy", "127.0.0.1/32", header, 200},
		{"one of two networks", "10.0.0.0/8, 127.0.0.0/8", header, 200},
		{"another proxy", "10.0.0.0/8", header, 403},
		{"no certificate", "127.0.0.1/32", "", 403},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newSite(t, "-forwarded-proxies", tt.proxies, "-token", "t")
			a := s.do("PUT", "/admin/devices/"+exampleDevice, "", "Authorization", "Bearer t")
			if a.status != http.StatusCreated {
				t.Fatalf("registered with %d", a.status)
			}
			headers := []string{"Content-Type", syncml.ContentTypeXML}
			if tt.header != "" {
				headers = append(headers, "Client-Cert", tt.header)
			}
			if a := s.do("POST", "/", example(t, "01"), headers...); a.status != tt.want {
				t.Errorf("got %d, want %d", a.status, tt.want)
			}
		})
	}
}
