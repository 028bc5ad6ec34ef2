// Command cspgen writes the catalogue of package csp from Microsoft's description files, which are not part of the
// project: their facts are, their prose is not.
//
//	GOMADM_DDF=FOLDER go generate ./csp
//
// FOLDER holds the two archives as Microsoft publishes them: DDFv2Feb2026.zip, with all that is described today, and
// DDFv1-2017.zip, with the description files of the documentation of 2017, for the providers that have no newer ones.
// Without GOMADM_DDF nothing is written.
//
// What is odd about the files must be in accepted.tsv, and nothing else may be there; corrections are in overlay.json
// of package csp. The differences from the catalogue that is there are printed, node by node.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
)

func main() {
	out := flag.String("o", "catalog.bin", "the catalogue to write")
	overlay := flag.String("overlay", "overlay.json", "the corrections")
	flag.Parse()
	if err := run(os.Stdout, os.Getenv("GOMADM_DDF"), *overlay, *out); err != nil {
		fmt.Fprintln(os.Stderr, "cspgen:", err)
		os.Exit(1)
	}
}

// run writes the catalogue, and to w what changes.
func run(w io.Writer, folder, overlay, out string) error {
	if folder == "" {
		_, err := fmt.Fprintf(w, "cspgen: GOMADM_DDF names no folder with %s and %s: %s stays as it is\n", currentFile, formerFile, out)
		return err
	}
	layer, err := readLayer(overlay)
	if err != nil {
		return err
	}
	data, err := generate(folder, layer)
	if err != nil {
		return err
	}
	before, err := os.ReadFile(out)
	if err != nil && !os.IsNotExist(err) {
		return err
	}
	if string(before) == string(data) {
		return nil
	}
	if err := report(w, string(before), string(data)); err != nil {
		return err
	}
	return os.WriteFile(out, data, 0o666)
}
