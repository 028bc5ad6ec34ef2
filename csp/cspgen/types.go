package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// kinds are the type parameters of nodes, by the format. Those of the formats node and null have none.
var kinds = map[omadm.Format]string{
	omadm.FormatInt: "int64", omadm.FormatBool: "bool", omadm.FormatFloat: "float64", omadm.FormatChr: "string",
	omadm.FormatXML: "node.XML", omadm.FormatB64: "[]byte", omadm.FormatBin: "[]byte", omadm.FormatTime: "node.Time",
}

// class is what the types have in common of nodes with a value, of interior nodes and of those of the format null.
type class struct {
	prefix    string // of the names of the types
	what      string // a node is
	parameter string // of the type
	argument  string // of what sets a value
	value     string // that is sent
	get       string // what a Get asks for
	reader    string // method that reads the answer, if there is one
	makes     string // what a Replace does
}

var (
	leaf = class{
		what: "a node with a value", parameter: "V", argument: "v V", value: "valueOf(v)", get: "for the value",
		makes: "sets the value", reader: `
// Value returns the last value that the results have of the node. The error wraps ErrNoValue when they have none; else it
// is a *csp.DecodeError.
func (n %s) Value(results ...omadm.Result) (V, error) { return value[V](string(n), results) }
`,
	}
	interior = class{
		prefix: "Interior", what: "a node without a value, with others below it", value: "omadm.Node()", get: "for the names of those below the node",
		makes: "makes the node anew", reader: `
// Children returns the last names that the results have of those below the node, unescaped. The error wraps ErrNoValue
// when they have none, or is an *omadm.ValueError.
func (n %s) Children(results ...omadm.Result) ([]string, error) { return children(string(n), results) }
`,
	}
	empty = class{
		prefix: "Null", what: "a node of the format null", value: "omadm.Null()", get: "whether the node is there", makes: "sets the node",
	}
)

func classOf(f omadm.Format) class {
	switch f {
	case omadm.FormatNode:
		return interior
	case omadm.FormatNull:
		return empty
	}
	return leaf
}

// typeName returns the name of the type that has the verbs of a node.
func typeName(n csp.Node) string {
	return classOf(n.Format()).prefix + strings.ReplaceAll(n.Verbs().String(), " ", "")
}

// typeOf returns the type of the constant of a node.
func typeOf(n csp.Node) string {
	t := "node." + typeName(n)
	if kind, ok := kinds[n.Format()]; ok {
		t += "[" + kind + "]"
	}
	for range strings.Count(n.Template(), "/{") {
		t = "node.Named[" + t + "]"
	}
	return t
}

// typesSource returns the declarations of the types of the nodes.
func typesSource(nodes map[string]csp.Node) string {
	types := make(map[string]csp.Node)
	for _, n := range nodes {
		types[typeName(n)] = n
	}
	var b strings.Builder
	b.WriteString(generated + "package node\n\nimport \"github.com/gomadm/gomadm/omadm\"\n")
	for _, name := range slices.Sorted(maps.Keys(types)) {
		classOf(types[name].Format()).source(&b, name, types[name].Verbs())
	}
	return b.String()
}

// source writes the declaration of a type, and its methods.
func (c class) source(b *strings.Builder, name string, verbs csp.Verbs) {
	declared, receiver := name, name
	if c.parameter != "" {
		declared, receiver = name+"["+c.parameter+" Value]", name+"["+c.parameter+"]"
	}
	fmt.Fprintf(b, "\n// %s is %s that takes %s.\ntype %s string\n", name, c.what, strings.ReplaceAll(verbs.String(), " ", ", "), declared)
	fmt.Fprintf(b, "\n// LocURI returns the address.\nfunc (n %s) LocURI() omadm.URI { return omadm.URI(n) }\n", receiver)
	method := func(name, does, argument, fields string) {
		fmt.Fprintf(b, "\n// %s returns the command that %s.\nfunc (n %s) %s(%s) omadm.Op {\n\treturn omadm.Op{%s}\n}\n",
			name, does, receiver, name, argument, fields)
	}
	set := func(v omadm.Verb, does string) {
		method(v.String(), does, c.argument, fmt.Sprintf("Verb: omadm.%s, URI: omadm.URI(n), Value: %s", v, c.value))
	}
	send := func(v omadm.Verb, does string) {
		method(v.String(), does, "", fmt.Sprintf("Verb: omadm.%s, URI: omadm.URI(n)", v))
	}
	if verbs.Has(omadm.Get) {
		send(omadm.Get, "asks "+c.get)
		if c.reader != "" {
			fmt.Fprintf(b, c.reader, receiver)
		}
	}
	if verbs.Has(omadm.Add) {
		set(omadm.Add, "adds the node")
	}
	if verbs.Has(omadm.Replace) {
		set(omadm.Replace, c.makes)
	}
	if verbs.Has(omadm.Delete) {
		send(omadm.Delete, "removes the node, and all below it")
	}
	if verbs.Has(omadm.Exec) {
		send(omadm.Exec, "starts what the node stands for")
		if c.argument != "" {
			method("ExecWith", "starts what the node stands for, with what that takes", c.argument,
				"Verb: omadm.Exec, URI: omadm.URI(n), Value: "+c.value)
		}
	}
}
