package xmltree_test

import (
	"errors"
	"fmt"

	"github.com/gomadm/gomadm/omadm/xmltree"
)

// A document is read within limits, and what is found in it has a place in the file.
func Example() {
	doc, err := xmltree.Read([]byte("<settings>\n  <camera>off</camera>\n</settings>"), xmltree.Limits{Octets: 1 << 10, Depth: 8, Tokens: 100})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, e := range doc.Root.ChildElements() {
		text, _ := xmltree.Text(e)
		offset, line := doc.Position(e)
		fmt.Printf("%s = %q at octet %d, line %d\n", e.Tag, text, offset, line)
	}
	_, err = xmltree.Read([]byte("<!DOCTYPE a [<!ENTITY e 'x'>]><a>&e;</a>"), xmltree.Limits{})
	var syntax *xmltree.SyntaxError
	fmt.Println(errors.As(err, &syntax), err)
	// Output:
	// camera = "off" at octet 13, line 2
	// true xmltree: offset 0, line 1: document type
}
