package declaredconfiguration

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"

	"github.com/beevik/etree"

	"github.com/gomadm/gomadm/omadm"
)

// schema is the version of the documents.
const schema = "1.0"

// EffectiveChecksum returns Checksum, or what is computed when that is empty: a number in hexadecimal that depends on
// the scenario, the context and the content alone, and is the same in all versions of this package.
func (d *Document) EffectiveChecksum() string {
	if d.Checksum != "" {
		return d.Checksum
	}
	h := digest{sha256.New()}
	h.put(string(d.Scenario), d.Context.String(), d.Kind.String())
	h.count(len(d.Providers))
	for i := range d.Providers {
		p := &d.Providers[i]
		h.put(string(p.Name))
		h.count(len(p.Settings))
		for j := range p.Settings {
			v := &p.Settings[j].Value
			h.put(p.Settings[j].Path, string(v.DataFormat()), v.Data.Value)
		}
	}
	h.count(len(d.Resources))
	for i := range d.Resources {
		r := &d.Resources[i]
		h.put(r.Namespace, r.Class)
		for _, list := range [][]Property{r.Keys, r.Values} {
			h.count(len(list))
			for _, p := range list {
				h.put(p.Name, p.Value)
			}
		}
	}
	return strings.ToUpper(hex.EncodeToString(h.Sum(nil)))
}

// digest is a hash of texts and numbers, each of which is told from the next.
type digest struct{ hash.Hash }

func (h digest) put(texts ...string) {
	for _, s := range texts {
		h.count(len(s))
		h.Write([]byte(s))
	}
}

func (h digest) count(n int) { h.Write(binary.BigEndian.AppendUint64(nil, uint64(n))) }

// XML returns the document as it is sent. It holds the values: keep it like a secret. The error is a *csp.FieldError.
func (d *Document) XML() (string, error) {
	if err := d.Validate(); err != nil {
		return "", err
	}
	root := etree.NewElement("DeclaredConfiguration")
	attributes(root, "schema", schema, "context", contextName(d.Context), "id", d.ID,
		"checksum", d.EffectiveChecksum(), "osdefinedscenario", string(d.Scenario))
	for i := range d.Providers {
		p := &d.Providers[i]
		e := root.CreateElement("CSP")
		attributes(e, "name", string(p.Name))
		for j := range p.Settings {
			s := &p.Settings[j]
			c := e.CreateElement("URI")
			attributes(c, "path", s.Path, "type", string(s.Value.DataFormat()))
			text(c, s.Value.Data.Value)
		}
	}
	for i := range d.Resources {
		r := &d.Resources[i]
		e := root.CreateElement("DSC")
		attributes(e, "namespace", r.Namespace, "className", r.Class)
		properties(e, "Key", r.Keys)
		properties(e, "Value", r.Values)
	}
	var b strings.Builder
	doc := etree.NewDocumentWithRoot(root)
	doc.WriteSettings = etree.WriteSettings{CanonicalText: true, CanonicalAttrVal: true}
	if _, err := doc.WriteTo(&b); err != nil {
		return "", err
	}
	return b.String(), nil
}

func attributes(e *etree.Element, namesAndValues ...string) {
	for i := 0; i < len(namesAndValues); i += 2 {
		e.CreateAttr(namesAndValues[i], namesAndValues[i+1])
	}
}

func properties(parent *etree.Element, name string, list []Property) {
	for _, p := range list {
		e := parent.CreateElement(name)
		attributes(e, "name", p.Name)
		text(e, p.Value)
	}
}

func text(e *etree.Element, s string) {
	if s != "" {
		e.SetText(s)
	}
}

// contextName returns the attribute that stands for a context.
func contextName(s omadm.Scope) string {
	if s == omadm.UserScope {
		return "User"
	}
	return "Device"
}
