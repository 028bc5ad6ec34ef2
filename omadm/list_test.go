package omadm_test

import (
	"errors"
	"fmt"
	"math/rand"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// nodeItem is an item of Results; an empty format stands for no Meta.
func nodeItem(source, format string, data ...string) syncml.Item {
	it := syncml.Item{Source: syncml.Location{URI: source}}
	if format != "" {
		it.Meta = &syncml.Meta{Format: format}
	}
	if len(data) > 0 {
		it.Data = syncml.Text(data[0])
	}
	return it
}

// vpn is a list of nodes and values.
var vpn = []syncml.Item{
	nodeItem("./A/D", "node"),
	nodeItem("./A/D/N", "int", "5"),
	nodeItem("./A/D/T", "", "hello"),
	nodeItem("./A/D/T-x", "chr", ""),
	nodeItem("./A/D/S", "node"),
	nodeItem("./A/D/S/V", "", "v"),
	nodeItem("./A/D/S%20p", "node"),
	nodeItem("./A/D/S%20p/U", "b64", "AAE="),
	nodeItem("./A/D/Empty", "node"),
}

const vpnTree = `./A/D node
./A/D/Empty node
./A/D/N int "5"
./A/D/S node
./A/D/S/V chr "v"
./A/D/S%20p node
./A/D/S%20p/U b64 "AAE="
./A/D/T chr "hello"
./A/D/T-x chr ""`

// outline writes a tree, one line for each node.
func outline(n *omadm.Listed) string {
	var lines []string
	for n := range n.All() {
		line := fmt.Sprintf("%s %s", n.URI, n.Value.DataFormat())
		if n.Value.Data.Kind != syncml.NoData {
			line += fmt.Sprintf(" %q", n.Value.Data.Value)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "\n")
}

const asked = omadm.URI("./A/D?list=StructData")

var listRows = []rowTest{
	{"T-20_one_result_with_many_items_or_many_with_one", func(t *testing.T) {
		var many []omadm.Result
		for i := range vpn {
			many = append(many, omadm.Result{Items: vpn[i : i+1]})
		}
		for name, results := range map[string][]omadm.Result{
			"one":         {{Status: omadm.StatusOK}, {Items: vpn}},
			"many":        append([]omadm.Result{{Status: omadm.StatusOK}}, many...),
			"mixed":       {{Items: vpn[:3]}, {Status: omadm.StatusOK}, {Items: vpn[3:4]}, {Items: vpn[4:]}},
			"status last": append(many[:len(many):len(many)], omadm.Result{Status: omadm.StatusOK}),
		} {
			got, err := omadm.ReadList(asked, results...)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if diff := cmp.Diff(vpnTree, outline(got)); diff != "" {
				t.Errorf("%s: %s", name, diff)
			}
		}
	}},
	{"T-20_structure_without_values", func(t *testing.T) {
		got, err := omadm.ReadList("./A?list=Struct", omadm.Result{Items: []syncml.Item{
			nodeItem("./A/B", "chr"), nodeItem("./A", "node"), nodeItem("./A/C", "node"),
		}})
		if err != nil {
			t.Fatal(err)
		}
		if want := "./A node\n./A/B chr\n./A/C node"; outline(got) != want {
			t.Errorf("got %q, want %q", outline(got), want)
		}
		if b := got.Find("./A/B"); b == nil || b.Interior() || b.Value.Data.Kind != syncml.NoData || !got.Find("A/C").Interior() {
			t.Errorf("%+v", got.Nodes)
		}
	}},
	{"T-21_tree_from_items_in_any_order", func(t *testing.T) {
		rnd := rand.New(rand.NewSource(1))
		for range 200 {
			items := slices.Clone(vpn)
			rnd.Shuffle(len(items), func(i, j int) { items[i], items[j] = items[j], items[i] })
			var results []omadm.Result
			for len(items) > 0 {
				n := 1 + rnd.Intn(len(items))
				results = append(results, omadm.Result{Items: items[:n]})
				items = items[n:]
			}
			got, err := omadm.ReadList(asked, results...)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(vpnTree, outline(got)); diff != "" {
				t.Fatalf("%v: %s", results, diff)
			}
		}
	}},
	{"T-21_missing_meta_is_text_and_format_node_is_interior", func(t *testing.T) {
		got, err := omadm.ReadList(asked, omadm.Result{Items: vpn})
		if err != nil {
			t.Fatal(err)
		}
		leaf := got.Find("A/D/T")
		if text, err := leaf.Value.Text(); err != nil || text != "hello" || leaf.Interior() || leaf.Value.MediaType() != "text/plain" {
			t.Errorf("%v, %v", leaf, err)
		}
		if n := got.Find("./A/D/Empty"); n == nil || !n.Interior() || len(n.Nodes) != 0 {
			t.Errorf("%v", n)
		}
		if n := got.Find("A/D/S%20%70"); n == nil || n.URI != "./A/D/S%20p" || len(n.Nodes) != 1 {
			t.Errorf("another spelling: %v", n)
		}
		for _, u := range []omadm.URI{"./A", "./A/D/X", "./A/D/T/X", "./A/DD", "./A/D/A", "./A/D/S%20p/V"} {
			if n := got.Find(u); n != nil {
				t.Errorf("%s found: %v", u, n)
			}
		}
		for n := range got.All() {
			if got.Find(n.URI) != n {
				t.Errorf("%s not found", n.URI)
			}
		}
	}},
	{"T-21_nodes_without_a_parent_hang_on_the_next_ancestor", func(t *testing.T) {
		got, err := omadm.ReadList(asked, omadm.Result{Items: []syncml.Item{
			nodeItem("./A/D/X/Y/Z", "", "1"), nodeItem("./A/D/X/Q", "", "2"),
		}})
		if err != nil || len(got.Nodes) != 2 || got.URI != "./A/D" || !got.Interior() {
			t.Fatalf("%v, %v", got, err)
		}
		if n := got.Find("./A/D/X/Y/Z"); n == nil || n.Value.Data.Value != "1" {
			t.Errorf("%v", n)
		}
	}},
	{"T-21_nothing_readable_is_an_empty_tree", func(t *testing.T) {
		got, err := omadm.ReadList(asked, omadm.Result{Status: omadm.StatusOK})
		if err != nil || outline(got) != "./A/D node" {
			t.Errorf("%v, %v", got, err)
		}
	}},
	{"T-22_list_tnds_picks_or_leaves_out", func(t *testing.T) {
		for _, tt := range []struct {
			u    omadm.URI
			want string
			ok   bool
		}{
			{omadm.URI("./A").WithList(omadm.ListTNDS), "./A?list=TNDS", true},
			{omadm.URI("./A").WithList(omadm.ListTNDS, "+Value", "+ACL"), "./A?list=TNDS+Value+ACL", true},
			{omadm.URI("./A").WithList(omadm.ListTNDS, "-Format"), "./A?list=TNDS-Format", true},
			{omadm.URI("./A").WithList(omadm.ListTNDS, "+Value", "-ACL"), "./A?list=TNDS+Value-ACL", false},
			{omadm.URI("./A").WithList(omadm.ListStruct, "+Value"), "./A?list=Struct+Value", false},
		} {
			op := omadm.Op{Verb: omadm.Get, URI: tt.u}
			if err := op.Validate(); (err == nil) != tt.ok || string(tt.u) != tt.want {
				t.Errorf("%s: %v, want %s", tt.u, err, tt.want)
			}
		}
	}},
	{"T-23_device_without_lists", func(t *testing.T) {
		for status, unsupported := range map[omadm.Status]bool{406: true, 501: true, 404: false, 425: false, 500: false} {
			_, err := omadm.ReadList(asked, omadm.Result{Status: status})
			var e *omadm.ListError
			if !errors.As(err, &e) || e.Status != status || e.Unsupported() != unsupported || e.URI != asked {
				t.Errorf("%v: %v", status, err)
			}
			if want := fmt.Sprintf("omadm: list of %q: the device answered %v", asked, status); err.Error() != want {
				t.Errorf("got %q, want %q", err, want)
			}
		}
		op := omadm.Op{Verb: omadm.Get, URI: asked}.PlainGet()
		if op != (omadm.Op{Verb: omadm.Get, URI: "./A/D"}) || op.Validate() != nil {
			t.Errorf("instead: %v", op)
		}
	}},
	{"T-24_names_of_the_children", func(t *testing.T) {
		for name, tt := range map[string]struct {
			it   syncml.Item
			want []string
		}{
			"two":           {nodeItem("./A", "node", "B/c d"), []string{"B", "c d"}},
			"none":          {nodeItem("./A", "node", ""), nil},
			"no Data":       {nodeItem("./A", "node"), nil},
			"without Meta":  {nodeItem("./A", "", "B/C"), []string{"B", "C"}},
			"broken escape": {nodeItem("./A", "node", "50%/C"), []string{"50%", "C"}},
			"delimiters":    {nodeItem("./A", "node", "/B//C/"), []string{"B", "C"}},
		} {
			v := omadm.ItemValue(&tt.it)
			got, err := v.Names()
			if diff := cmp.Diff(tt.want, got); diff != "" || err != nil {
				t.Errorf("%s: %v, %s", name, err, diff)
			}
		}
		for name, it := range map[string]syncml.Item{
			"number":   nodeItem("./A", "int", "5"),
			"null":     nodeItem("./A", "null"),
			"no value": nodeItem("./A", ""),
		} {
			v := omadm.ItemValue(&it)
			if got, err := v.Names(); !errors.As(err, new(*omadm.ValueError)) {
				t.Errorf("%s: %q, %v", name, got, err)
			}
		}
	}},
	{"T-24_source_left_out_is_the_target_of_the_get", func(t *testing.T) {
		for source, want := range map[string]omadm.URI{"": "./A/B", "./C": "./C", "C?prop=ACL": "C?prop=ACL"} {
			it := nodeItem(source, "node", "x")
			if got, err := omadm.ResultURI(&it, "./A/B"); got != want || err != nil {
				t.Errorf("source %q: %q, %v", source, got, err)
			}
		}
		it := nodeItem("/C", "")
		if got, err := omadm.ResultURI(&it, "./A"); !errors.As(err, new(*omadm.URIError)) {
			t.Errorf("%q, %v", got, err)
		}
		got, err := omadm.ReadList("./A?list=Struct", omadm.Result{Items: []syncml.Item{nodeItem("", "node")}})
		if err != nil || outline(got) != "./A node" {
			t.Errorf("%v, %v", got, err)
		}
	}},
	{"W-19_names_are_uri_encoded_by_windows", func(t *testing.T) {
		it := nodeItem("./Vendor/MSFT/VPNv2", "node", "My%20VPN/100%25/%C3%A9/a%2Fb")
		v := omadm.ItemValue(&it)
		got, err := v.Names()
		if diff := cmp.Diff([]string{"My VPN", "100%", "é", "a/b"}, got); diff != "" || err != nil {
			t.Errorf("%v, %s", err, diff)
		}
		if u := omadm.URI(it.Source.URI).Join(got[0]); u != "./Vendor/MSFT/VPNv2/My%20VPN" {
			t.Errorf("address %s", u)
		}
	}},
}

func TestReadListRefuses(t *testing.T) {
	for name, tt := range map[string]struct {
		asked   omadm.URI
		results []omadm.Result
	}{
		"no list asked for":  {"./A", []omadm.Result{{Items: vpn}}},
		"TNDS":               {"./A?list=TNDS", []omadm.Result{{Items: vpn}}},
		"nothing reported":   {asked, nil},
		"a node elsewhere":   {asked, []omadm.Result{{Items: []syncml.Item{nodeItem("./A/DD", "")}}}},
		"an ancestor":        {asked, []omadm.Result{{Items: []syncml.Item{nodeItem("./A", "node")}}}},
		"no address":         {asked, []omadm.Result{{Items: []syncml.Item{nodeItem("./A/D//x", "")}}}},
		"refused with items": {asked, []omadm.Result{{Items: vpn}, {Status: omadm.StatusCommandFailed}}},
	} {
		if got, err := omadm.ReadList(tt.asked, tt.results...); !errors.As(err, new(*omadm.ListError)) || got != nil {
			t.Errorf("%s: %v, %v", name, got, err)
		}
	}
}

// What was sent twice counts as it came last, the items of a status are no nodes, and the root is a node like others.
func TestReadListOfTheRoot(t *testing.T) {
	got, err := omadm.ReadList(".?list=StructData",
		omadm.Result{Status: omadm.StatusOK, Items: []syncml.Item{nodeItem("./NotANode", "", "x")}},
		omadm.Result{Items: []syncml.Item{nodeItem("./A", "", "1"), nodeItem(".", "node"), nodeItem("B", "", "2"), nodeItem("./%41", "int", "3")}},
	)
	if err != nil {
		t.Fatal(err)
	}
	if want := ". node\n./A int \"3\"\n./B chr \"2\""; outline(got) != want {
		t.Errorf("got %q, want %q", outline(got), want)
	}
	for stop := 1; stop <= 3; stop++ {
		seen := 0
		for range got.All() {
			if seen++; seen == stop {
				break // the walk ends with it
			}
		}
		if seen != stop {
			t.Errorf("%d nodes, want %d", seen, stop)
		}
	}
}

// Whatever a device lists: every node that comes out was listed, is found by its address and stands below its parent.
func FuzzReadList(f *testing.F) {
	f.Add("./A/D/N\n./A/D\n./A/D/N/x\n./A/D/N", "5")
	f.Add("./A/D/%\n", "")
	f.Add("./A/D/a/b/c/d/e\n./A/D/a-\n./A/D/a\n./A/D/a/b\n./A/D", "B/%20/50%")
	f.Fuzz(func(t *testing.T, sources, data string) {
		var items []syncml.Item
		for _, s := range strings.Split(sources, "\n") {
			items = append(items, nodeItem(s, "node", data))
		}
		got, err := omadm.ReadList(asked, omadm.Result{Items: items})
		if err != nil {
			if !errors.As(err, new(*omadm.ListError)) {
				t.Error(err)
			}
			return
		}
		n := 0
		for node := range got.All() {
			n++
			if got.Find(node.URI) != node || node.URI.Validate() != nil || !node.URI.HasPrefix("./A/D") {
				t.Errorf("%s is not found, or is not asked for", node.URI)
			}
			for _, child := range node.Nodes {
				if !child.URI.HasPrefix(node.URI) || child.URI == node.URI {
					t.Errorf("%s below %s", child.URI, node.URI)
				}
			}
		}
		if n > len(items)+1 {
			t.Errorf("%d nodes of %d items", n, len(items))
		}
		names, err := got.Value.Names()
		if err != nil && !errors.As(err, new(*omadm.ValueError)) || len(names) > len(data)+1 {
			t.Errorf("%q, %v", names, err)
		}
	})
}
