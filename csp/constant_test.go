package csp_test

import (
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func TestConstantName(t *testing.T) {
	for template, want := range map[string]string{
		"./Device/Vendor/MSFT/BitLocker":                                     "bitlocker.BitLocker",
		"./Device/Vendor/MSFT/BitLocker/Status/DeviceEncryptionStatus":       "bitlocker.StatusDeviceEncryptionStatus",
		"./Device/Vendor/MSFT/VPNv2/{ProfileName}":                           "vpnv2.ProfileName",
		"./User/Vendor/MSFT/VPNv2/{ProfileName}/AlwaysOn":                    "vpnv2.UserAlwaysOn",
		"./Device/Vendor/MSFT/Policy":                                        "policy.Policy",
		"./Device/Vendor/MSFT/Policy/Config":                                 "policy.Config",
		"./Device/Vendor/MSFT/Policy/Config/Camera":                          "policy.Camera",
		"./User/Vendor/MSFT/Policy/Config/Start/HideRecentJumplists":         "policy.UserStartHideRecentJumplists",
		"./Device/Vendor/MSFT/Policy/Config/{AreaName}/{PolicyName}":         "policy.ConfigPolicyName",
		"./Device/Vendor/MSFT/Policy/Result/{AreaName}":                      "policy.ResultAreaName",
		"./Device/Vendor/MSFT/Policy/Config/ADMX_MSS-legacy/Pol_x":           "policy.ADMXMSSLegacyPolX",
		"./Device/Vendor/MSFT/Update/ApprovedUpdates/{Approved Update Guid}": "update.ApprovedUpdatesApprovedUpdateGuid",
		"./Device/Vendor/MSFT/SUPL/V2UPL1%20/MPC":                            "supl.V2UPL1MPC",
		"./Device/Vendor/MSFT/eUICCs/{eUICC}/Profiles":                       "euiccs.Profiles",
		"./SyncML/DMAcc/{AccountUID}/AppID":                                  "dmacc.AppID",
		"./DevDetail/SwV":                                                    "devdetail.SwV",
		"./DevInfo":                                                          "devinfo.DevInfo",
		"./Device/Vendor/Other/X":                                            ".",
		"./Device/Vendor/MSFT":                                               ".",
		".":                                                                  ".",
	} {
		if pkg, name := csp.ConstantName(template); pkg+"."+name != want {
			t.Errorf("%s: got %s.%s, want %s", template, pkg, name, want)
		}
	}
}

func TestConstantOfLayers(t *testing.T) {
	camera, vendor := "./Vendor/MSFT/Policy/Config/Camera/AllowCamera", "./Vendor/MSFT/BitLocker/Vendor"
	c, err := csp.Default().With(csp.Layer{Name: "x", Define: []csp.Definition{
		{Template: camera, Format: omadm.FormatInt}, {Template: vendor, Format: omadm.FormatInt},
	}})
	if err != nil {
		t.Fatal(err)
	}
	other, err := csp.New(csp.Provenance{Name: "x"}, []csp.Definition{{Template: camera, Format: omadm.FormatInt}})
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name    string
		catalog *csp.Catalog
		uri     string
		want    string
	}{
		{"what a layer changes", c, camera, "policy.CameraAllowCamera"},
		{"what a layer adds", c, vendor, ""},
		{"what is below a layer", c, "./DevDetail/SwV", "devdetail.SwV"},
		{"names", c, "./Vendor/MSFT/VPNv2/a/RouteList/0/Address", `vpnv2.RouteListAddress.At("a").At("0")`},
		{"what is not described", c, "./Vendor", ""},
		{"another catalogue", other, camera, ""},
	} {
		m, err := tt.catalog.Resolve(csp.MustParse(tt.uri))
		if err != nil {
			t.Errorf("%s: %v", tt.name, err)
		} else if got := m.Constant(); got != tt.want {
			t.Errorf("%s: got %s, want %s", tt.name, got, tt.want)
		}
	}
	if got := (csp.Match{}).Constant() + (csp.Node{}).Constant(); got != "" {
		t.Errorf("of nothing: got %s", got)
	}
}
