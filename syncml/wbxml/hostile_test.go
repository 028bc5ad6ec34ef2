package wbxml

import (
	"maps"
	"strings"
	"testing"

	"github.com/gomadm/gomadm/syncml/internal/hostile"
)

func TestHostileFiles(t *testing.T) { hostile.TestFiles(t, Codec, "../../testdata/hostile", ".wbxml") }

// bulky are shapes of about n octets that have to be large to do harm, beside the costly ones.
var bulky = hostile.Shapes{
	"page switches":     func(n int) []byte { return message([]byte(strings.Repeat("\x00\x01\x00\x00", n/4))) },
	"instructions":      func(n int) []byte { return message([]byte(strings.Repeat("\x43\x05\x01", n/3))) },
	"last instructions": func(n int) []byte { return append(message(), strings.Repeat("\x43\x05\x01", n/3)...) },
	"values":            func(n int) []byte { return message(0x93, 5, []byte(strings.Repeat("\x03a\x00", n/3)), 1) },
	"an attribute":      func(n int) []byte { return message(0x93, 5, 3, []byte(strings.Repeat("a", n)), 0, 1) },
	"a text":            func(n int) []byte { return message(element(tagGet, element(tagCmdID, strings.Repeat("1", n)))) },
	"a number":          func(n int) []byte { return message(element(tagGet, tokenOpaque, []byte(strings.Repeat("\x80", n)))) },
	"an address": func(n int) []byte {
		return message(element(tagGet, element(tagItem, element(tagTarget, element(tagLocURI, strings.Repeat("/a", n/2))))))
	},
	"commands of a group": func(n int) []byte {
		return message(element(tagAtomic, []byte(strings.Repeat("\x13", n))))
	},
	"items after one and a text": func(n int) []byte {
		return message(element(tagGet, tagItem), element(tagGet, element(tagCmdID, strings.Repeat("1", n))),
			element(tagGet, []byte(strings.Repeat("\x14", min(n/70, 9999)))))
	},
	"references after one and a text": func(n int) []byte {
		return message(element(tagStatus, tagTargetRef), element(tagGet, element(tagCmdID, strings.Repeat("1", n))),
			element(tagStatus, []byte(strings.Repeat("\x2f", n/240))))
	},
	"roots": func(n int) []byte { return []byte(strings.Repeat(string(message()), n/len(message())+1)) },
	"ends":  func(n int) []byte { return append(message(), strings.Repeat("\x01", n)...) },
	"embedded documents": func(n int) []byte {
		inner := octets(element(tagItem, element(tagData, opaque("\x02\xa4\x01\x6a\x00\x6d\x01"))))
		return message(element(tagGet, []byte(strings.Repeat(string(inner), n/len(inner)))))
	},
}

// shapes returns all shapes.
func shapes() hostile.Shapes {
	all := maps.Clone(costly)
	maps.Copy(all, bulky)
	return all
}

func TestHostileShapesGrowLinearly(t *testing.T) { hostile.TestGrowth(t, Codec, shapes()) }

func BenchmarkHostile(b *testing.B) { hostile.BenchmarkGrowth(b, Codec, shapes()) }
