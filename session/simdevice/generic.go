package simdevice

import (
	"github.com/gomadm/gomadm/omadm"
	"github.com/gomadm/gomadm/syncml"
)

// accepted is an Exec that goes on after its status.
func accepted(syncml.Data) omadm.Status { return omadm.StatusAccepted }

// update is a node of the firmware update that is executed; kind names the alert that tells how it ended.
func update(kind string) Node {
	return Node{Format: "null", Access: Exec | Get, Exec: accepted, Alert: "org.openmobilealliance.dm.firmwareupdate." + kind}
}

// withACL returns n with an ACL.
func withACL(n Node, acl string) Node {
	n.ACL = acl
	return n
}

// secret is a leaf that can be written and never read.
func secret() Node { return Node{Access: Replace} }

// data is an interior node below which everything is allowed.
var data = Node{Format: "node", Access: Add | Copy | Delete | Get | Replace, Below: all | Copy | Exec, ACL: openACL}

// genericNodes are what the generic profiles have in common.
var genericNodes = []place{
	{"./DevInfo/DevId", leaf("", "", Get)},
	{"./DevInfo/Man", leaf("", "Example Devices", Get)},
	{"./DevInfo/Mod", leaf("", "Simulated", Get)},
	{"./DevInfo/DmV", leaf("", "1.2", Get)},
	{"./DevInfo/Lang", leaf("", "en-US", Get)},

	{"./DevDetail/DevTyp", leaf("", "phone", Get)},
	{"./DevDetail/OEM", leaf("", "Example Devices", Get)},
	{"./DevDetail/FwV", leaf("", "1.0", Get)},
	{"./DevDetail/SwV", leaf("", "1.0", Get)},
	{"./DevDetail/HwV", leaf("", "1.0", Get)},
	{largeObjects, leaf("bool", "true", Get)},
	{"./DevDetail/URI/MaxDepth", leaf("int", "16", Get)},
	{"./DevDetail/URI/MaxTotLen", leaf("int", "1024", Get)},
	{"./DevDetail/URI/MaxSegLen", leaf("int", "64", Get)},

	{"./Data", data},
	{"./Data/Note", leaf("", "", readWrite|Copy)},
	{"./Data/Level", leaf("int", "0", readWrite|Copy)},
	{"./Data/Flag", leaf("bool", "false", readWrite|Copy)},
	{"./Data/Blob", leaf("bin", "", readWrite|Copy)},
}

// generic12Nodes are those that only a client of 1.2 has.
var generic12Nodes = []place{
	{"./DMAcc", withACL(interior(Add|Get), openACL)},
	{"./DMAcc/server", Node{Format: "node", Type: "urn:oma:mo:oma-dm-dmacc:1.0", Access: readWrite}},
	{"./DMAcc/server/AppID", leaf("", "w7", Get)},
	{"./DMAcc/server/ServerID", leaf("", "server", Get)},
	{"./DMAcc/server/Name", leaf("", "Server", readWrite)},
	{"./DMAcc/server/AppAddr/1/Addr", leaf("", "", readWrite)},
	{"./DMAcc/server/AppAddr/1/AddrType", leaf("", "URI", readWrite)},
	{"./DMAcc/server/AAuthPref", leaf("", "DIGEST", readWrite)},
	{"./DMAcc/server/AppAuth/1/AAuthLevel", leaf("", "CLCRED", readWrite)},
	{"./DMAcc/server/AppAuth/1/AAuthType", leaf("", "DIGEST", readWrite)},
	{"./DMAcc/server/AppAuth/1/AAuthName", leaf("", "", readWrite)},
	{"./DMAcc/server/AppAuth/1/AAuthSecret", secret()},
	{"./DMAcc/server/AppAuth/1/AAuthData", secret()},

	{"./Inbox", Node{Format: "node", Type: "urn:oma:mo:oma-dm-inbox:1.0", Access: Add, Below: Add, Inbox: true, ACL: openACL}},

	{"./FwUpdate", Node{Format: "node", Type: "urn:oma:mo:oma-fumo:1.0", Access: Get, ACL: "Exec=*&Get=*&Replace=*"}},
	{"./FwUpdate/PkgName", leaf("", "", readWrite)},
	{"./FwUpdate/PkgVersion", leaf("", "", readWrite)},
	{"./FwUpdate/State", leaf("int", "10", Get)},
	{"./FwUpdate/Download", update("download")},
	{"./FwUpdate/Update", update("update")},
	{"./FwUpdate/DownloadAndUpdate", update("downloadandupdate")},
}

// generic11Nodes are those that only a client of 1.1.2 has, and those that it has otherwise.
var generic11Nodes = []place{
	{"./DevInfo/DmV", leaf("", "1.1.2", Get)},
	{largeObjects, leaf("bool", "false", Get)},
	{"./SyncML/DMAcc", withACL(interior(Add|Get), openACL)},
	{"./SyncML/DMAcc/server/Addr", leaf("", "", readWrite)},
	{"./SyncML/DMAcc/server/ServerId", leaf("", "server", Get)},
	{"./SyncML/DMAcc/server/UserName", leaf("", "", readWrite)},
	{"./SyncML/DMAcc/server/ClientPW", secret()},
	{"./Update", Node{Format: "null", Access: Exec | Get, ACL: "Exec=*&Get=*"}},
}
