package diagnosticlog_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp/diagnosticlog"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzReadArchive reads what a device might say of a collection.
func FuzzReadArchive(f *testing.F) {
	f.Add(`<Collection HRESULT="0"><ID>a</ID><Events HRESULT="-2147024637">Application</Events></Collection>`)
	f.Add(`<Collection HRESULT="0x80070005"/>`)
	f.Add(` `)
	f.Fuzz(func(t *testing.T, text string) {
		c, err := diagnosticlog.ReadArchive(omadm.Result{Items: []syncml.Item{{
			Source: syncml.Location{URI: string(diagnosticlog.DiagnosticArchiveArchiveResults)}, Data: syncml.Text(text),
		}}})
		if err != nil && (c.ID != "" || c.Items != nil) {
			t.Errorf("got %+v with %v", c, err)
		}
	})
}
