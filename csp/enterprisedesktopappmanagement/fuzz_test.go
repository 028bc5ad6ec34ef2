package enterprisedesktopappmanagement_test

import (
	"testing"

	edam "github.com/gomadm/gomadm/csp/enterprisedesktopappmanagement"
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// FuzzReadAlert: what is read is about a product, whose requests are good.
func FuzzReadAlert(f *testing.F) {
	f.Add("./Device/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/{1803A630-3C38-4D2B-9B9A-0CB37243539C}/DownloadInstall", "0")
	f.Add("./User/Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/%7B1803A630-3C38-4D2B-9B9A-0CB37243539C%7D", "-2147023293")
	f.Add("./Vendor/MSFT/EnterpriseDesktopAppManagement/MSI/UpgradeCode", "0x80070643")
	f.Fuzz(func(t *testing.T, source, data string) {
		ended, err := edam.ReadAlert(omadm.Event{Type: omadm.TypeMSIInstall, Source: omadm.URI(source), Data: syncml.Text(data)})
		if err != nil {
			return
		}
		if _, err := ended.Get(); err != nil {
			t.Errorf("%s: %+v: %v", source, ended, err)
		}
	})
}
