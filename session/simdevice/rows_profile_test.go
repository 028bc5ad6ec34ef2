package simdevice_test

import "testing"

var profileRows = map[string]func(*testing.T){}
