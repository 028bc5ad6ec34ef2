package csp_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

func TestParse(t *testing.T) {
	for in, want := range map[string]string{
		".":                                 ".",
		"./Device":                          "./Device",
		"./Vendor":                          "./Device/Vendor",
		"Vendor":                            "./Device/Vendor",
		"./Vendor/MSFT/X":                   "./Device/Vendor/MSFT/X",
		"./vendor/MSFT/X":                   "./Device/Vendor/MSFT/X",
		"Vendor/MSFT/X":                     "./Device/Vendor/MSFT/X",
		"./DEVICE/Vendor/MSFT/X":            "./Device/Vendor/MSFT/X",
		"./%44evice/Vendor/MSFT/X":          "./Device/Vendor/MSFT/X",
		"./%76endor/MSFT/X":                 "./Device/Vendor/MSFT/X",
		"./user/Vendor/MSFT/X":              "./User/Vendor/MSFT/X",
		"./User/vendor/MSFT/x":              "./User/vendor/MSFT/x", // case is for the catalogue
		"./DevInfo/Man":                     "./DevInfo/Man",
		"./SyncML/DMAcc":                    "./SyncML/DMAcc",
		"./Devices/Vendor":                  "./Devices/Vendor",
		"./Vendors/MSFT":                    "./Vendors/MSFT",
		"./Device/Device/Vendor":            "./Device/Device/Vendor",
		"./Vendor/MSFT/X?list=Struct":       "./Device/Vendor/MSFT/X?list=Struct",
		"./Vendor/MSFT/X?prop=ACL":          "./Device/Vendor/MSFT/X?prop=ACL",
		"./Vendor?prop=ACL":                 "./Device/Vendor?prop=ACL",
		".?list=Struct":                     ".?list=Struct",
		"./Vendor/MSFT/MS DM Server":        "./Device/Vendor/MSFT/MS%20DM%20Server",
		"./Vendor/MSFT/MS%20DM%20Server":    "./Device/Vendor/MSFT/MS%20DM%20Server",
		"./Vendor/MSFT/a%2fb":               "./Device/Vendor/MSFT/a%2Fb",
		"./Vendor/MSFT/{a}":                 "./Device/Vendor/MSFT/%7Ba%7D",
		"./Vendor/MSFT/é":                   "./Device/Vendor/MSFT/%C3%A9",
		"./Vendor/MSFT/X%20":                "./Device/Vendor/MSFT/X%20",
		"./Device/Vendor/MSFT/a~b(c)!*'@&=": "./Device/Vendor/MSFT/a~b(c)!*'@&=",
	} {
		u, err := csp.Parse(in)
		if err != nil || u.String() != want {
			t.Errorf("%q: got %s, %v, want %s", in, u, err, want)
			continue
		}
		again, err := csp.Parse(u.String())
		if err != nil || again != u || u.LocURI() != omadm.URI(want) || u.IsZero() {
			t.Errorf("%q: again %s, %v", in, again, err)
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for in, want := range map[string]csp.SyntaxError{
		"":                               {Offset: 0, Code: csp.EmptyURI},
		"?list=Struct":                   {Offset: 0, Code: csp.EmptyURI},
		"/Vendor/MSFT":                   {Offset: 0, Code: csp.AbsoluteURI},
		"//Vendor":                       {Offset: 0, Code: csp.AbsoluteURI},
		"./":                             {Offset: 2, Code: csp.EmptySegment},
		"./Vendor/":                      {Offset: 9, Code: csp.EmptySegment},
		"./Vendor//MSFT":                 {Offset: 9, Code: csp.EmptySegment},
		"../Vendor":                      {Offset: 0, Code: csp.DotSegment},
		"./Vendor/../User":               {Offset: 9, Code: csp.DotSegment},
		"./Vendor/./MSFT":                {Offset: 9, Code: csp.DotSegment},
		"././Vendor":                     {Offset: 2, Code: csp.DotSegment},
		"./Vendor/%2e%2E/User":           {Offset: 9, Code: csp.DotSegment},
		"./Vendor/*":                     {Offset: 9, Code: csp.Wildcard},
		" ./Vendor":                      {Offset: 0, Code: csp.BlankAtEnd},
		"./Vendor/MSFT \n":               {Offset: 13, Code: csp.BlankAtEnd},
		"./Vendor/ MSFT":                 {Offset: 9, Code: csp.BlankAtEnd},
		"./Vendor /MSFT":                 {Offset: 8, Code: csp.BlankAtEnd},
		"./Vendor?list=Struct ":          {Offset: 20, Code: csp.BlankAtEnd},
		"./Ven\ndor":                     {Offset: 5, Code: csp.ControlChar},
		"./Ven%00dor":                    {Offset: 5, Code: csp.ControlChar},
		"./Ven%C2%85dor":                 {Offset: 5, Code: csp.ControlChar},
		"./Ven<dor":                      {Offset: 5, Code: csp.BadCharacter},
		"./Ven#dor":                      {Offset: 5, Code: csp.BadCharacter},
		"./Ven%4":                        {Offset: 5, Code: csp.BadEscape},
		"./V%41n%zzdor":                  {Offset: 7, Code: csp.BadEscape},
		"./V%FF":                         {Offset: 2, Code: csp.BadUTF8},
		"./V\xff":                        {Offset: 2, Code: csp.BadUTF8},
		"./Vendor?query=x":               {Offset: 9, Code: csp.BadQuery},
		"./Vendor?":                      {Offset: 9, Code: csp.BadQuery},
		"https://example.com":            {Offset: 7, Code: csp.EmptySegment},
		"./" + strings.Repeat("x ", 400): {Offset: 801, Code: csp.BlankAtEnd},
	} {
		u, err := csp.Parse(in)
		var e *csp.SyntaxError
		want.Input = in
		if !errors.As(err, &e) || *e != want || !u.IsZero() {
			t.Errorf("%q: got %+v, want %+v", in, err, want)
			continue
		}
		if len(e.Error()) > 250 || strings.ContainsAny(e.Error(), "\n\x00") {
			t.Errorf("%q: %s", in, e)
		}
	}
	defer func() {
		if recover() == nil {
			t.Error("MustParse returned")
		}
	}()
	csp.MustParse("")
}

func TestHasPrefix(t *testing.T) {
	const denied = "./Device/Vendor/MSFT/BitLocker"
	for in, want := range map[string]bool{
		denied:                                 true,
		denied + "/RequireDeviceEncryption":    true,
		"./Vendor/MSFT/BitLocker/X":            true,
		"Vendor/MSFT/BitLocker/X":              true,
		"vendor/msft/bitlocker/x":              true,
		"./VENDOR/MSFT/BITLOCKER":              true,
		"./Device/vendor/%4DSFT/%62it%4Cocker": true,
		"./Vendor/MSFT/BitLoc\u212Aer":         true, // the Kelvin sign is a K, case aside
		denied + "?list=Struct":                true,
		"./User/Vendor/MSFT/BitLocker":         false,
		"./Vendor/MSFT/BitLockerX":             false,
		"./Vendor/MSFT/BitLocke":               false,
		"./Vendor/MSFT/BitLocker%2FX":          false, // a name with a delimiter in it
		"./Vendor/MSFT":                        false,
		".":                                    false,
	} {
		u := csp.MustParse(in)
		if got := u.HasPrefix(csp.MustParse(denied)); got != want {
			t.Errorf("%s: got %v", in, got)
		}
		if !u.HasPrefix(csp.MustParse(".")) || u.HasPrefix(csp.URI{}) || (csp.URI{}).HasPrefix(u) {
			t.Errorf("%s: root or nothing", in)
		}
		folded := u.Path().Fold() == csp.MustParse(denied).Fold()
		if folded != u.Path().Equal(csp.MustParse(denied)) || folded && !want {
			t.Errorf("%s: folded to %s", in, u.Fold())
		}
	}
}

func TestURIParts(t *testing.T) {
	u := csp.MustParse("Vendor/MSFT/DMClient/Provider/MS DM Server/Push?prop=ACL")
	if u.Segment(5) != "MS DM Server" || u.Segment(0) != "Device" || u.Segment(7) != "" || u.Segment(-1) != "" || len(u.Segments()) != 7 ||
		u.Depth() != 7 || u.Base() != "Push" || u.Query() != "prop=ACL" || u.Path().Query() != "" || u.Scope() != omadm.DeviceScope {
		t.Errorf("got %q, %d, %s, %s, %v", u.Segments(), u.Depth(), u.Base(), u.Query(), u.Scope())
	}
	if got := u.Parent().Join("a b", "c/d").String(); got != "./Device/Vendor/MSFT/DMClient/Provider/MS%20DM%20Server/a%20b/c%2Fd" {
		t.Errorf("got %s", got)
	}
	if u.Join() != u.Path() || !u.Join("..").IsZero() || !u.Join("").IsZero() || u.Join("a", "").String() != "" {
		t.Error("Join takes what is no name")
	}
	if csp.MustParse(".").Join("Vendor", "MSFT") != csp.MustParse("./Vendor/MSFT") || csp.MustParse("./user/x").Scope() != omadm.UserScope {
		t.Error("Join and scope")
	}
	b, err := json.Marshal(map[csp.URI]csp.URI{u: {}})
	if err != nil {
		t.Fatal(err)
	}
	var back map[csp.URI]csp.URI
	if err := json.Unmarshal(b, &back); err != nil || len(back) != 1 || back[u] != (csp.URI{}) {
		t.Errorf("got %v, %v from %s", back, err, b)
	}
	if err := json.Unmarshal([]byte(`"/x"`), &u); err == nil {
		t.Error("read a URI that is none")
	}
}

func FuzzURI(f *testing.F) {
	for _, s := range []string{
		".", "./Vendor/MSFT/Policy/Config/Camera/AllowCamera", "device/vendor/%4dsft", "./User/a b/%2F?list=Struct", "./Vendor/%C3%A9/{x}",
		"../x", "./x//y", "/x", "", "?", "./Vendor/ſſ", "./a?prop=ACL",
	} {
		f.Add(s, "./Vendor/MSFT")
	}
	f.Fuzz(func(t *testing.T, s, prefix string) {
		u, err := csp.Parse(s)
		if err != nil {
			var e *csp.SyntaxError
			if !errors.As(err, &e) || e.Offset > len(s) || e.Error() == "" {
				t.Fatalf("%q: %v", s, err)
			}
			return
		}
		again, err := csp.Parse(u.String())
		if err != nil || again != u {
			t.Fatalf("%q: %s, and then %s, %v", s, u, again, err)
		}
		if u.Fold() != u.Fold().Fold() || !u.Equal(u.Fold()) || !u.HasPrefix(u.Parent()) || !u.HasPrefix(u) {
			t.Fatalf("%q: folded %s, parent %s", s, u.Fold(), u.Parent())
		}
		if p, err := csp.Parse(prefix); err == nil && u.HasPrefix(p) != u.Fold().HasPrefix(p.Fold()) {
			t.Fatalf("%q below %q depends on case", s, prefix)
		}
		m, err := csp.Default().Resolve(u)
		if err == nil && (m.Node.IsZero() || !m.URI().Path().Equal(u.Path())) {
			t.Fatalf("%q: %s", s, m.URI())
		}
	})
}
