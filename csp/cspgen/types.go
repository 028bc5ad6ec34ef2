package main

import (
	"fmt"
	"strings"

	"github.com/gomadm/gomadm/csp"
	"github.com/gomadm/gomadm/omadm"
)

// kinds are the type parameters of nodes, by the format. A node of another has none.
var kinds = map[omadm.Format]string{
	omadm.FormatInt: "int64", omadm.FormatBool: "bool", omadm.FormatFloat: "float64", omadm.FormatChr: "string",
	omadm.FormatXML: "node.XML", omadm.FormatB64: "[]byte", omadm.FormatBin: "[]byte", omadm.FormatTime: "node.Time",
}

// The names of types without a parameter begin so.
const (
	interior = "Interior"
	null     = "Null"
)

// typeName returns the name of the type that has the verbs of a node.
func typeName(n csp.Node) string {
	verbs := strings.ReplaceAll(n.Verbs().String(), " ", "")
	switch n.Format() {
	case omadm.FormatNode:
		return interior + verbs
	case omadm.FormatNull:
		return null + verbs
	}
	return verbs
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

// typesSource returns the declarations of the types of those names.
func typesSource(types []string) string {
	var b strings.Builder
	b.WriteString(generated + "package node\n\nimport \"github.com/gomadm/gomadm/omadm\"\n")
	for _, t := range types {
		typeSource(&b, t)
	}
	return b.String()
}

// verbSource is how the methods for a verb are written, of nodes with a value, interior nodes and those of the format null.
var verbSource = map[string]struct{ value, interior, null string }{
	"Add": {
		"// Add returns the command that makes the node, with its value.\nfunc (n %s[V]) Add(v V) omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Add, URI: omadm.URI(n), Value: valueOf(v)}\n}\n\n",
		"// Add returns the command that makes the node.\nfunc (n %s) Add() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Add, URI: omadm.URI(n), Value: omadm.Node()}\n}\n\n",
		"// Add returns the command that makes the node.\nfunc (n %s) Add() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Add, URI: omadm.URI(n), Value: omadm.Null()}\n}\n\n",
	},
	"Replace": {
		"// Replace returns the command that sets the value.\nfunc (n %s[V]) Replace(v V) omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Replace, URI: omadm.URI(n), Value: valueOf(v)}\n}\n\n",
		"// Replace returns the command that makes the node anew.\nfunc (n %s) Replace() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Replace, URI: omadm.URI(n), Value: omadm.Node()}\n}\n\n",
		"// Replace returns the command that sets the node.\nfunc (n %s) Replace() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Replace, URI: omadm.URI(n), Value: omadm.Null()}\n}\n\n",
	},
	"Delete": {
		"// Delete returns the command that removes the node.\nfunc (n %s[V]) Delete() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Delete, URI: omadm.URI(n)}\n}\n\n",
		"// Delete returns the command that removes the node and all below it.\nfunc (n %s) Delete() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Delete, URI: omadm.URI(n)}\n}\n\n",
		"// Delete returns the command that removes the node.\nfunc (n %s) Delete() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Delete, URI: omadm.URI(n)}\n}\n\n",
	},
	"Exec": {
		"// Exec returns the command that starts what the node stands for.\nfunc (n %[1]s[V]) Exec() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Exec, URI: omadm.URI(n)}\n}\n\n" +
			"// ExecWith returns the command that starts what the node stands for, with what it takes.\nfunc (n %[1]s[V]) ExecWith(v V) omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Exec, URI: omadm.URI(n), Value: valueOf(v)}\n}\n\n",
		"// Exec returns the command that starts what the node stands for.\nfunc (n %s) Exec() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Exec, URI: omadm.URI(n)}\n}\n\n",
		"// Exec returns the command that starts what the node stands for.\nfunc (n %s) Exec() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Exec, URI: omadm.URI(n)}\n}\n\n",
	},
	"Get": {
		"// Get returns the command that asks for the value.\nfunc (n %[1]s[V]) Get() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Get, URI: omadm.URI(n)}\n}\n\n" +
			"// Value returns the last value that the results have of the node. The error wraps ErrNoValue when they have none; else it\n" +
			"// is a *csp.DecodeError or *omadm.ValueError.\nfunc (n %[1]s[V]) Value(results ...omadm.Result) (V, error) {\n" +
			"return value[V](string(n), results)\n}\n\n",
		"// Get returns the command that asks for the names of those below the node.\nfunc (n %[1]s) Get() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Get, URI: omadm.URI(n)}\n}\n\n" +
			"// Children returns the last names that the results have of those below the node, unescaped. The error wraps ErrNoValue when\n" +
			"// they have none, or is an *omadm.ValueError.\nfunc (n %[1]s) Children(results ...omadm.Result) ([]string, error) {\n" +
			"return children(string(n), results)\n}\n\n",
		"// Get returns the command that asks whether the node is there.\nfunc (n %s) Get() omadm.Op {\n" +
			"return omadm.Op{Verb: omadm.Get, URI: omadm.URI(n)}\n}\n\n",
	},
}

// verbOrder is the order of the methods.
var verbOrder = []string{"Get", "Add", "Replace", "Delete", "Exec"}

func typeSource(b *strings.Builder, t string) {
	verbs, what := t, "with a value"
	receiver := t + "[V]"
	declaration := t + "[V Value]"
	switch {
	case strings.HasPrefix(t, interior):
		verbs, what, receiver, declaration = strings.TrimPrefix(t, interior), "without a value, with others below it,", t, t
	case strings.HasPrefix(t, null):
		verbs, what, receiver, declaration = strings.TrimPrefix(t, null), "of the format null", t, t
	}
	var takes []string
	for _, v := range []string{"Add", "Delete", "Exec", "Get", "Replace"} {
		if strings.Contains(verbs, v) {
			takes = append(takes, v)
		}
	}
	list := takes[0]
	if n := len(takes); n > 1 {
		list = strings.Join(takes[:n-1], ", ") + " and " + takes[n-1]
	}
	fmt.Fprintf(b, "\n// %s is a node %s that takes %s.\ntype %s string\n\n", t, what, list, declaration)
	fmt.Fprintf(b, "// LocURI returns the address.\nfunc (n %s) LocURI() omadm.URI { return omadm.URI(n) }\n\n", receiver)
	for _, v := range verbOrder {
		if !strings.Contains(verbs, v) {
			continue
		}
		s := verbSource[v]
		switch what[:2] {
		case "wi":
			fmt.Fprintf(b, pick(what, s.value, s.interior), t)
		default:
			fmt.Fprintf(b, s.null, t)
		}
	}
}

func pick(what, value, interior string) string {
	if strings.HasPrefix(what, "without") {
		return interior
	}
	return value
}
