package syncml_test

import (
	"slices"
	"testing"
)

// rowTest proves one row of the protocol for the XML codec; its name begins with the identifier of the row.
type rowTest struct {
	name string
	run  func(*testing.T)
}

func TestRows(t *testing.T) {
	for _, row := range slices.Concat(syntaxRows, versionRows, dataRows, faultRows, statusRows, windowsRows) {
		t.Run(row.name, row.run)
	}
}
