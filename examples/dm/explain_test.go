package main

import (
	"strings"
	"testing"
)

func TestExplain(t *testing.T) {
	for name, tt := range map[string]struct {
		args   []string
		status int
		want   []string
	}{
		"a status":             {[]string{"explain", "418"}, exitOK, []string{"418 Already exists", "again  changed"}},
		"with an operation":    {[]string{"explain", "418", "add", "./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml"}, exitOK, []string{"fix    Replace ./Device/Vendor/MSFT/WiFi/Profile/Office/WlanXml"}},
		"an HRESULT":           {[]string{"explain", "0x82B00006"}, exitOK, []string{"0x82B00006", "cause  edition.unsupported"}},
		"as consoles write it": {[]string{"explain", "--", "-2016281112"}, exitOK, []string{"0x87D1FDE8"}},
		"without --":           {[]string{"explain", "-build", "10.0.19045", "-2016281112"}, exitOK, []string{"0x87D1FDE8"}},
		"one that is a status": {[]string{"explain", "0x87D10194"}, exitOK, []string{"404 Not found", "cause  node.unknown"}},
		"for a device": {
			[]string{"explain", "-build", "10.0.19045", "404", "Exec", "./Device/Vendor/MSFT/RemoteWipe/doWipeCloud"}, exitOK,
			[]string{"cause  build.unsupported", "found  build.unsupported"},
		},
		"nothing":              {[]string{"explain"}, exitUsage, nil},
		"no code":              {[]string{"explain", "often"}, exitUsage, nil},
		"no command":           {[]string{"explain", "404", "Frob", "./A"}, exitUsage, nil},
		"a command alone":      {[]string{"explain", "404", "Get"}, exitUsage, nil},
		"a build that is none": {[]string{"explain", "-build", "new", "404"}, exitUsage, nil},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := command("", tt.args...)
			if status != tt.status || (stderr == "") != (status == exitOK) {
				t.Errorf("status %d, stderr %q", status, stderr)
			}
			for _, s := range tt.want {
				if !strings.Contains(stdout, s) {
					t.Errorf("%q is missing:\n%s", s, stdout)
				}
			}
		})
	}
}

func TestTree(t *testing.T) {
	status, stdout, stderr := command("", "tree", "-depth", "1", "./Vendor/MSFT/LAPS")
	want := "./Device/Vendor/MSFT/LAPS\n"
	if status != exitOK || stderr != "" || !strings.HasPrefix(stdout, want) || !strings.Contains(stdout, "\n  Policies  node, Get\n") ||
		strings.Contains(stdout, "BackupDirectory") {
		t.Errorf("status %d, stderr %q:\n%s", status, stderr, stdout)
	}
	if _, stdout, _ = command("", "tree", "./Vendor/MSFT/LAPS/Policies"); !strings.Contains(stdout, "\n  BackupDirectory  int, Add Delete Get Replace, one of 0 1 2\n") {
		t.Errorf("got\n%s", stdout)
	}
	if _, stdout, _ = command("", "tree", "-depth", "1"); !strings.Contains(stdout, "\n  DevDetail  node, Get\n") {
		t.Errorf("got\n%s", stdout)
	}
	if _, stdout, _ = command("", "tree", "./Device/Vendor/MSFT/LAPS/Policies/PasswordAgeDays"); !strings.Contains(stdout, "atomic     below ./Device/Vendor/MSFT/LAPS/Policies\n") ||
		!strings.Contains(stdout, "constant   laps.PoliciesPasswordAgeDays\n") {
		t.Errorf("got\n%s", stdout)
	}
	status, stdout, stderr = command("", "tree", "./Vendor/MSFT/LASP")
	if status != exitWrong || stdout != "" || !strings.Contains(stderr, "./Device/Vendor/MSFT/LAPS?") {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

func TestLintForms(t *testing.T) {
	const camera = "./Device/Vendor/MSFT/Policy/Config/Camera/AllowCamera"
	for name, tt := range map[string]struct {
		input  string
		args   []string
		status int
		want   string // of stdout and stderr
	}{
		"a list":                  {"uri,format,value\n" + camera + ",int,0\n", nil, exitOK, "good (settings)"},
		"a list without values":   {"OMA-URI\n" + camera + "\n", nil, exitWrong, "value.format"},
		"a list of commands":      {"Verb,URI\nGet," + camera + "\nDelete," + camera + "\n", nil, exitOK, "good (commands)"},
		"an unknown verb":         {"Verb,URI\nPut," + camera + "\n", nil, exitWrong, "line 2: no command \"Put\""},
		"a list of all commands":  {"Verb,URI,Format,Value\nAdd," + camera + ",int,0\nReplace," + camera + ",int,7\nExec,./Vendor/MSFT/Reboot/RebootNow\n", nil, exitWrong, "value.enum at 2"},
		"an unknown type":         {"uri,type,value\n" + camera + ",number,0\n", nil, exitWrong, "line 2: unknown data type"},
		"no address":              {"a,b\n1,2\n", nil, exitWrong, "no column for the address"},
		"nothing":                 {" \n", nil, exitWrong, "is empty"},
		"omaSettings alone":       {`[{"@odata.type":"#microsoft.graph.omaSettingInteger","omaUri":"` + camera + `","value":0}]`, nil, exitOK, "good"},
		"XML in base64":           {`[{"@odata.type":"#microsoft.graph.omaSettingStringXml","omaUri":"` + camera + `","value":"PGEvPg=="}]`, nil, exitWrong, "format xml"},
		"no XML in base64":        {`[{"@odata.type":"#microsoft.graph.omaSettingStringXml","omaUri":"` + camera + `","value":"<"}]`, nil, exitWrong, "base64"},
		"another JSON":            {`{"a":1}`, nil, exitWrong, "has no omaSettings"},
		"broken JSON":             {`{"a":`, nil, exitWrong, "unexpected end"},
		"an unknown type of JSON": {`[{"@odata.type":"#x"}]`, nil, exitWrong, "unknown type"},
		"commands side by side":   {get + get, nil, exitOK, "warning node.unknown at 2"},
		"a message":               {around(get), nil, exitOK, "node.unknown at 1"},
		"broken XML":              {`<Get>`, nil, exitWrong, "inside an element"},
		"strictly":                {get, []string{"-policy", "strict"}, exitWrong, "error   node.unknown"},
		"leniently":               {"uri,format,value\n" + camera + ",int,7\n", []string{"-policy", "lenient"}, exitOK, "warning value.enum"},
		"no policy":               {get, []string{"-policy", "none"}, exitUsage, "no policy"},
		"no user":                 {get, []string{"-user", "maybe"}, exitUsage, "neither yes nor none"},
		"a terminal is safe":      {"uri\n\"./A/\x1b[2J\"\n", nil, exitWrong, `uri.syntax at 1`},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := command(tt.input, append([]string{"lint"}, tt.args...)...)
			if status != tt.status || !strings.Contains(stdout+stderr, tt.want) || strings.Contains(stdout, "\x1b") {
				t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
			}
		})
	}
}

// FuzzLint: nothing that a file holds makes lint panic.
func FuzzLint(f *testing.F) {
	for _, s := range []string{"uri\n./A", `{"omaSettings":[]}`, get, get + get, "Verb,URI\nGet,.", "\xef\xbb\xbf<a", "[{}]"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(_ *testing.T, b []byte) {
		command(string(b), "lint")
	})
}
