package main

import (
	"slices"
	"strings"
)

// models are the children of each element in the order of the DTD, those that may be repeated with a star. The name
// "command" stands for any command. Windows adds Cmd to Results and LocURI to references (MS-MDM 2.2.7.7, 2.2.3.10).
// Leaves have empty models, Data and elements of vendors none.
var models = map[string][]string{
	"SyncML":   {"SyncHdr", "SyncBody"},
	"SyncHdr":  {"VerDTD", "VerProto", "SessionID", "MsgID", "Target", "Source", "RespURI", "NoResp", "Cred", "Meta"},
	"SyncBody": {"command*", "Final"},
	"Target":   {"LocURI", "LocName", "Filter"},
	"Source":   {"LocURI", "LocName"},
	"Cred":     {"Meta", "Data"},
	"Chal":     {"Meta"},
	"Item":     {"Target", "Source", "SourceParent", "TargetParent", "Meta", "Data", "MoreData"},
	"Add":      {"CmdID", "NoResp", "Cred", "Meta", "Item*"},
	"Replace":  {"CmdID", "NoResp", "Cred", "Meta", "Item*"},
	"Copy":     {"CmdID", "NoResp", "Cred", "Meta", "Item*"},
	"Delete":   {"CmdID", "NoResp", "Archive", "SftDel", "Cred", "Meta", "Item*"},
	"Exec":     {"CmdID", "NoResp", "Cred", "Meta", "Correlator", "Item*"},
	"Get":      {"CmdID", "NoResp", "Lang", "Cred", "Meta", "Item*"},
	"Alert":    {"CmdID", "NoResp", "Cred", "Data", "Correlator", "Item*"},
	"Atomic":   {"CmdID", "NoResp", "Meta", "command*"},
	"Sequence": {"CmdID", "NoResp", "Meta", "command*"},
	"Status": {"CmdID", "MsgRef", "CmdRef", "Cmd", "TargetRef*", "SourceRef*", "Cred", "Chal", "Data",
		"Item*"},
	"Results": {"CmdID", "MsgRef", "CmdRef", "Cmd", "Meta", "TargetRef", "SourceRef", "Item*"},
	"Meta":    append([]string{"MetInf"}, metInf...),
	"MetInf":  metInf,
}

// metInf are the children of MetInf, and of Meta, which leaves it out as a rule.
var metInf = []string{"FieldLevel", "Format", "Type", "Mark", "Size", "Anchor", "Version", "NextNonce", "MaxMsgSize",
	"MaxObjSize", "EMI*", "Mem"}

// place of a child in a model, -1 if it has none.
func placeIn(model []string, name string) (i int, repeatable bool) {
	if isCommand(name) {
		name = "command"
	}
	for i, child := range model {
		if star, ok := strings.CutSuffix(child, "*"); star == name {
			return i, ok
		}
	}
	return -1, false
}

// isCommand says whether an element of that name is a command of DM.
func isCommand(name string) bool { return slices.Contains(models[name], "CmdID") }

// reserved are the commands of SyncML that DM does not use (OMA DM Representation Protocol 1.2.1, section 6.6).
var reserved = []string{"Put", "Map", "Move", "Search", "Sync"}

// holdsCommands says whether an element is a place for commands.
func holdsCommands(name string) bool { return slices.Contains(models[name], "command*") }
