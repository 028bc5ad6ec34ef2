package simdevice_test

import "testing"

var treeRows = map[string]func(*testing.T){}
