package simdevice_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/gomadm/gomadm/session/simdevice"
	"github.com/gomadm/gomadm/syncml"
)

// TestDescribedNodes has a place for objects that come with nodes of their own.
func TestDescribedNodes(t *testing.T) {
	const top = "./Vendor/MSFT/Jobs"
	inner := simdevice.Node{Format: "node", Access: simdevice.Add | simdevice.Get, Upsert: true}
	nodes := map[string]struct {
		simdevice.Node
		children []string
	}{
		top + "/a%20b":         {inner, []string{"Run", "State"}},
		top + "/a%20b/Run":     {simdevice.Node{Format: "null", Access: simdevice.Exec}, nil},
		top + "/a%20b/State":   {simdevice.Node{Format: "node", Access: simdevice.Get}, []string{"Code"}},
		top + "/a%20b/Text":    {simdevice.Node{Format: "chr", Access: simdevice.Add | simdevice.Get}, nil},
		top + "/a%20b/Mode":    {simdevice.Node{Format: "int", Access: simdevice.Get | simdevice.Replace, Value: syncml.Text("0")}, nil},
		top + "/a%20b/Profile": {simdevice.Node{Format: "xml", Access: simdevice.Add}, nil},
	}
	nodes[top+"/a%20b/State/Code"] = nodes[top+"/a%20b/Mode"]
	for name, tt := range map[string]struct{ command, want string }{
		"a leaf makes what is above it":       {add(1, top+"/a%20b/Text", "x"), "Add 200"},
		"one of another format":               {command("Add", 1, top+"/a%20b/Text", "int", "1"), "Add 415"},
		"xml as text":                         {add(1, top+"/a%20b/Profile", "&lt;a/&gt;"), "Add 200"},
		"one that does not allow Add":         {command("Add", 1, top+"/a%20b/Mode", "int", "1"), "Add 405"},
		"one that does not allow Replace":     {set(1, top+"/a%20b/Text", "x"), "Replace 405"},
		"one that is not described":           {add(1, top+"/a%20b/Else", "x"), "Add 404"},
		"a leaf that is an interior node":     {add(1, top+"/a%20b", "x"), "Add 404"},
		"one that comes with the one above":   {setInt(1, top+"/a%20b/State/Code", "7"), "Replace 200"},
		"an interior node that is not needed": {add(1, top+"/c", "x"), "Add 404"},
	} {
		tree := simdevice.NewTree(simdevice.Windows, deviceID)
		tree.Put(top, simdevice.Node{Format: "node", Access: simdevice.Get, Upsert: true})
		tree.Describe(func(uri string) (simdevice.Node, []string, bool) {
			d, ok := nodes[uri]
			return d.Node, d.children, ok
		})
		_, got := converse(t, &simdevice.Device{Tree: tree}, tt.command, exec(1, top+"/a%20b/Run")+get(2, top+"/a%20b/State/Code"))
		assert.Equal(t, "Status 1/1 "+tt.want, got[1], name)
		run, there := tree.Node(top + "/a%20b/Run")
		assert.Equal(t, tt.want[len(tt.want)-3:] == "200", there, name)
		if there {
			assert.Equal(t, simdevice.Exec, run.Access, name)
			code, _ := tree.Node(top + "/a%20b/State/Code")
			assert.Equal(t, simdevice.Get|simdevice.Replace, code.Access, name)
			assert.Len(t, tree.Names(top+"/a%20b/State"), 1, name)
		}
	}
}
