package omadm_test

import (
	"slices"
	"testing"
)

// rowTest proves one row of the protocol; its name begins with the identifier of the row.
type rowTest struct {
	name string
	run  func(*testing.T)
}

func TestRows(t *testing.T) {
	for _, row := range slices.Concat(uriRows, aclRows, codeRows, valueRows, requestRows, planRows, userAlertRows, listRows, propertyRows,
		commandRows) {
		t.Run(row.name, row.run)
	}
}
