package declaredconfiguration_test

import (
	"os"
	"testing"

	dc "github.com/gomadm/gomadm/csp/declaredconfiguration"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzRead reads what a device may send. What is read of an alert is compared with a document.
func FuzzRead(f *testing.F) {
	for _, name := range []string{"alert.xml", "result.xml", "vpn.xml"} {
		b, err := os.ReadFile("testdata/" + name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(b))
	}
	f.Fuzz(func(t *testing.T, s string) {
		reported, err := dc.ReadAlert(omadm.Event{Type: omadm.TypeDeclaredConfig, Data: syncml.Text(s)})
		if err == nil {
			c, err := dc.Compare(reported, vpn())
			if n := len(c.Send) + len(c.Waiting) + len(c.Failed); err != nil || n > 1 || n == 0 && len(reported) == 0 {
				t.Errorf("got %d places for one document: %v", n, err)
			}
		}
		if x, err := dc.ReadResult(text(200, s)); (x == nil) != (err != nil) {
			t.Errorf("got %v and %v", x, err)
		}
	})
}
