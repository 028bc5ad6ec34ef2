// Command cspgen writes the catalogue of package csp from Microsoft's description files, which are not part of the
// project: their facts are, their prose is not.
//
//	GOMADM_DDF=FOLDER go generate ./csp
//
// FOLDER holds the archives as Microsoft publishes them: DDFv2Feb2026.zip, with all that is described today,
// DDFv1-2017.zip, with the description files of the documentation of 2017, for the providers that have no newer ones, and
// PolicyDefinitions-1903-admx.zip, with the templates of Windows 10, version 1903, for what policies take.
// What is odd about the files must be in accepted.tsv, and nothing else may be there; corrections are in overlay.json
// of package csp. The differences from the catalogue that is there are printed, node by node.
//
// From the catalogue it writes the types of package csp/node and the packages of constants, one for each provider, which
// needs no description files: without GOMADM_DDF only that is done. The names of the constants are in names.tsv, to which
// new ones are added and where nothing is changed or taken away; so are those of values, which come from what the
// description files say of them, if it is no more than four words. Where that is wrong or misleads, as it does of
// Connectivity/DisallowNetworkConnectivityActiveTests, a line written by hand into names.tsv gives the name. Hand-written files beside the generated ones keep the
// names that they declare, and their doc.go takes the place of the generated comment.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/gomadm/gomadm/csp"
)

func main() {
	dir := flag.String("dir", ".", "the folder of package csp")
	flag.Parse()
	if err := run(os.Stdout, os.Getenv("GOMADM_DDF"), *dir); err != nil {
		fmt.Fprintln(os.Stderr, "cspgen:", err)
		os.Exit(1)
	}
}

// run writes the catalogue, if there is a folder with description files, and the constants; and to w what changes.
func run(w io.Writer, folder, dir string) error {
	said := described(nil)
	if folder == "" {
		_, err := fmt.Fprintf(w, "cspgen: GOMADM_DDF names no folder with %s and %s: the catalogue stays as it is\n", currentFile, formerFile)
		if err != nil {
			return err
		}
	} else {
		s, err := writeCatalog(w, folder, dir)
		if err != nil {
			return err
		}
		said = s
	}
	data, err := os.ReadFile(filepath.Join(dir, catalogFile))
	if err != nil {
		return err
	}
	c, err := csp.Load(string(data))
	if err != nil {
		return err
	}
	if folder != "" {
		if err := writeTemplates(w, folder, filepath.Join(dir, templatesTable), c); err != nil {
			return err
		}
	}
	return writeConstants(w, dir, c, said)
}

// The files of package csp.
const (
	catalogFile    = "catalog.bin"
	overlayFile    = "overlay.json"
	templatesTable = "templates.bin"
)

// writeCatalog writes the catalogue, and returns what the description files say of values.
func writeCatalog(w io.Writer, folder, dir string) (described, error) {
	layer, err := readLayer(filepath.Join(dir, overlayFile))
	if err != nil {
		return nil, err
	}
	data, said, err := generate(folder, layer)
	if err != nil {
		return nil, err
	}
	out := filepath.Join(dir, catalogFile)
	before, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		return nil, err
	}
	if string(before) == string(data) {
		return said, nil
	}
	if err := report(w, string(before), string(data)); err != nil {
		return nil, err
	}
	return said, os.WriteFile(out, data, 0o666)
}
