package simdevice_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
	"github.com/gomadm/gomadm/syncml/wbxml"
)

const (
	docID     = "27FEA311-68B9-4320-9FC4-296F6FDFAFE2"
	complete  = "./Device/Vendor/MSFT/DeclaredConfiguration/Host/Complete/"
	docURI    = complete + "Documents/" + docID + "/Document"
	resultURI = complete + "Results/" + docID + "/Document"
	alwaysOn  = "./Vendor/MSFT/VPNv2/Office/AlwaysOn"
)

// document is a document with one setting, escaped.
func document(checksum, value string) string {
	return escape(fmt.Sprintf(`<DeclaredConfiguration schema="1.0" context="Device" id="%s" checksum="%s" osdefinedscenario="MSFTVPN">`+
		`<CSP name="./Vendor/MSFT/VPNv2"><URI path="Office/AlwaysOn" type="bool">%s</URI></CSP></DeclaredConfiguration>`, docID, checksum, value))
}

func escape(s string) string {
	return strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;").Replace(s)
}

// declaring returns a device of an enrolment for declared configuration.
func declaring(s *server) *simdevice.Device {
	d := device(s)
	d.Declared = new(simdevice.Declared)
	return d
}

// summed returns the alert that sums up the documents in the first message of the last session.
func (s *server) summed() syncml.Data {
	for i := len(s.heard) - 1; i >= 0; i-- {
		if s.heard[i].Header.MsgID != "1" {
			continue
		}
		for _, c := range s.heard[i].Body {
			if a, ok := c.(*syncml.Alert); ok && len(a.Items) == 1 && a.Items[0].Meta.Type == "com.microsoft.mdm.declaredconfigurationdocuments" {
				return a.Items[0].Data
			}
		}
		break
	}
	return syncml.Data{}
}

// next lets the device come for more.
func next(t *testing.T, s *server, d *simdevice.Device, commands string) []string {
	t.Helper()
	s.script, s.heard = []string{commands}, nil
	talk(t, d)
	if len(s.heard) < 2 {
		return nil
	}
	return s.said(2)[1:]
}

var declaredRows = map[string]func(*testing.T){
	"R-6_a_document_is_checked_at_once_and_carried_out_later": func(t *testing.T) {
		s := &server{t: t}
		d := declaring(s)
		assert.Equal(t, []string{"Status 1/1 Replace 200", "Status 1/2 Get 404 " + resultURI, "Final"},
			next(t, s, d, set(1, docURI, document("v1", "true"))+get(2, resultURI)))
		assert.Equal(t, "true", d.Nodes().Value(alwaysOn))
		for name, wrong := range map[string]string{
			"not closed":             strings.TrimSuffix(document("v2", "true"), "&gt;"),
			"a scenario of its own":  strings.Replace(document("v2", "true"), "MSFTVPN", "MSFTVpn", 1),
			"a setting without path": strings.Replace(document("v2", "true"), "path=", "name=", 1),
		} {
			s.script, s.heard = []string{set(1, docURI, wrong)}, nil
			_, err := d.Session(t.Context())
			require.NoError(t, err)
			assert.Equal(t, "Status 1/1 Replace 500", s.said(2)[1], name)
			assert.Contains(t, d.Nodes().Value(docURI), `checksum="v1"`, name)
		}
	},
	"R-7_results_setting_by_setting": func(t *testing.T) {
		s := &server{t: t}
		d := declaring(s)
		d.Declared.Apply = func(s *simdevice.DeclaredSetting) omadm.Status {
			if s.Name == "Text" && s.Class == "root/example/Ex_Thing" && s.Value.Value == "b" && s.Document == docID {
				return omadm.StatusCommandFailed
			}
			return omadm.StatusOK
		}
		thing := strings.Replace(document("v1", "true"), "&lt;/DeclaredConfiguration&gt;", escape(
			`<DSC namespace="root/example" className="Ex_Thing"><Key name="Name">a</Key><Value name="Text">b</Value></DSC></DeclaredConfiguration>`), 1)
		next(t, s, d, set(1, docURI, thing))
		got := strings.Join(next(t, s, d, get(1, resultURI)), "\n")
		for _, want := range []string{
			`<CSP name="./Vendor/MSFT/VPNv2" state="60"><URI path="Office/AlwaysOn" type="bool" status="200" state="60"/></CSP>`,
			`<DSC namespace="root/example" className="Ex_Thing" state="61"><Key name="Name"/><Value name="Text"/></DSC>`,
			`checksum="v1" operation="Set" state="61" result_checksum="`,
		} {
			assert.Contains(t, got, want)
		}
	},
	"R-7_inventory_has_values": func(t *testing.T) {
		s := &server{t: t}
		d := declaring(s)
		d.Nodes().Put(alwaysOn, simdevice.Node{Format: "bool", Value: syncml.Text("false")})
		inventory := strings.NewReplacer("Complete", "Inventory")
		doc := strings.Replace(document("v1", ""), "&lt;/CSP", escape(`<URI path="None" type="chr"/></CSP`), 1)
		next(t, s, d, set(1, inventory.Replace(docURI), doc))
		got := strings.Join(next(t, s, d, get(1, inventory.Replace(resultURI))), "\n")
		assert.Contains(t, got, `<URI path="Office/AlwaysOn" type="bool" status="200" state="80">false</URI><URI path="None" type="chr" status="404" state="81"/>`)
		assert.Contains(t, got, `operation="Get" state="81"`)
	},
	"R-8_an_alert_at_the_start_of_each_session": func(t *testing.T) {
		for _, codec := range []syncml.Codec{syncml.XML, wbxml.Codec} {
			s := &server{t: t, binary: codec == wbxml.Codec}
			d := declaring(s)
			d.Declared.Delay = 1
			next(t, s, d, set(1, docURI, document("v1", "true")))
			assert.Equal(t, syncml.NoData, s.summed().Kind)
			for _, state := range []string{"2", "60", "60"} {
				next(t, s, d, "")
				data := s.summed()
				assert.Equal(t, codec == syncml.XML, data.Kind == syncml.MarkupData)
				assert.Regexp(t, `^<DeclaredConfigurations schema="1.0"><DeclaredConfiguration context="Device" id="`+docID+
					`" checksum="v1" result_checksum="[0-9A-F]{64}" state="`+state+`"/></DeclaredConfigurations>$`, data.Value)
			}
		}
	},
	"R-5_unchanged_checksum_keeps_the_old_document": func(t *testing.T) {
		s := &server{t: t}
		d := declaring(s)
		for _, step := range []struct{ checksum, value, want string }{{"v1", "true", "true"}, {"v1", "false", "true"}, {"v2", "false", "false"}} {
			assert.Equal(t, "Status 1/1 Replace 200", next(t, s, d, set(1, docURI, document(step.checksum, step.value)))[0])
			assert.Equal(t, step.want, d.Nodes().Value(alwaysOn))
			assert.Contains(t, d.Nodes().Value(docURI), ">"+step.want+"<")
		}
	},
	"R-10_settings_stay_when_a_document_goes": func(t *testing.T) {
		s := &server{t: t}
		d := declaring(s)
		drift := func() string { // of a setting that another changes
			d.Nodes().Put(alwaysOn, simdevice.Node{Format: "bool", Value: syncml.Text("false")})
			next(t, s, d, "")
			return d.Nodes().Value(alwaysOn)
		}
		next(t, s, d, set(1, docURI, document("v1", "true")))
		assert.Equal(t, "true", drift(), "the device keeps itself as the document says")
		abandoned := complete + "Documents/" + docID + "/Properties/Abandoned"
		next(t, s, d, setInt(1, abandoned, "1"))
		assert.Equal(t, "false", drift(), "abandoned")
		next(t, s, d, setInt(1, abandoned, "0"))
		assert.Equal(t, "true", d.Nodes().Value(alwaysOn), "no longer abandoned")
		assert.Equal(t, "Status 1/1 Delete 200", next(t, s, d, remove(1, docURI))[0])
		assert.Equal(t, "true", d.Nodes().Value(alwaysOn), "deleted")
		assert.Equal(t, "Status 1/1 Get 404 "+resultURI, next(t, s, d, get(1, resultURI))[0])
		assert.Contains(t, s.summed().Value, `checksum="v1" result_checksum="" state="70"`)
		assert.Equal(t, "false", drift(), "deleted")
		assert.Empty(t, s.summed().Value)
		next(t, s, d, set(1, docURI, document("v1", "true")))
		assert.Equal(t, "true", d.Nodes().Value(alwaysOn), "there again")
	},
	"R-2_documents_of_the_user": func(t *testing.T) {
		s := &server{t: t}
		d := declaring(s)
		user := strings.Replace(docURI, "./Device", "./User", 1)
		next(t, s, d, set(1, user, strings.Replace(document("v1", "true"), "Device", "user", 1)))
		assert.Equal(t, "true", d.Nodes().Value("./User/Vendor/MSFT/VPNv2/Office/AlwaysOn"))
		next(t, s, d, "")
		assert.Contains(t, s.summed().Value, `context="User"`)
	},
}

// TestDeclaredViolations lets a server make one mistake at a time.
func TestDeclaredViolations(t *testing.T) {
	for name, tt := range map[string]struct {
		command string
		row     string
		status  string
	}{
		"another node":      {get(1, "./DevInfo/Man"), "R-11", "405"},
		"no document":       {set(1, docURI, "x"), "R-3", "500"},
		"another document":  {set(1, docURI, "&lt;A/&gt;"), "R-3", "500"},
		"no checksum":       {set(1, docURI, document("", "true")), "R-3", "500"},
		"another schema":    {set(1, docURI, strings.Replace(document("v1", "true"), "1.0", "2.0", 1)), "R-3", "500"},
		"another id":        {set(1, docURI, strings.Replace(document("v1", "true"), docID, strings.Replace(docID, "2", "3", 1), 1)), "R-4", "500"},
		"another context":   {set(1, docURI, strings.Replace(document("v1", "true"), "Device", "User", 1)), "R-4", "500"},
		"the same document": {set(1, docURI, document("v1", "true")), "", "200"},
	} {
		s := &server{t: t, script: []string{tt.command}}
		report, err := declaring(s).Session(t.Context())
		require.NoError(t, err)
		if assert.Equal(t, tt.row != "", len(report.Violations) == 1, name) && tt.row != "" {
			assert.Equal(t, tt.row, report.Violations[0].Row, name)
		}
		assert.Contains(t, s.said(2)[1], " "+tt.status, name)
	}
}
