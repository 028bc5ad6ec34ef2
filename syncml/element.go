package syncml

// element is a name the codec knows. The zero element stands for all others.
type element uint8

const (
	elemOther element = iota

	// Commands.
	elemAdd
	elemAlert
	elemAtomic
	elemCopy
	elemDelete
	elemExec
	elemGet
	elemReplace
	elemResults
	elemSequence
	elemStatus

	// The message around the commands.
	elemSyncML
	elemSyncHdr
	elemSyncBody
	elemFinal
	elemVerDTD
	elemVerProto
	elemSessionID
	elemMsgID
	elemRespURI

	// Children of commands and items.
	elemArchive
	elemChal
	elemCmd
	elemCmdID
	elemCmdRef
	elemCorrelator
	elemCred
	elemData
	elemItem
	elemLang
	elemLocName
	elemLocURI
	elemMeta
	elemMoreData
	elemMsgRef
	elemNoResp
	elemSftDel
	elemSource
	elemSourceRef
	elemTarget
	elemTargetRef

	// MetInf: children of Meta with a field of their own, then the others.
	elemFormat
	elemType
	elemMark
	elemSize
	elemNextNonce
	elemMaxMsgSize
	elemMaxObjSize
	elemMetInf
	elemFieldLevel
	elemAnchor
	elemVersion
	elemEMI
	elemMem

	elemCount
)

var elementNames = [elemCount]string{
	elemAdd:        "Add",
	elemAlert:      "Alert",
	elemAtomic:     "Atomic",
	elemCopy:       "Copy",
	elemDelete:     "Delete",
	elemExec:       "Exec",
	elemGet:        "Get",
	elemReplace:    "Replace",
	elemResults:    "Results",
	elemSequence:   "Sequence",
	elemStatus:     "Status",
	elemSyncML:     "SyncML",
	elemSyncHdr:    "SyncHdr",
	elemSyncBody:   "SyncBody",
	elemFinal:      "Final",
	elemVerDTD:     "VerDTD",
	elemVerProto:   "VerProto",
	elemSessionID:  "SessionID",
	elemMsgID:      "MsgID",
	elemRespURI:    "RespURI",
	elemArchive:    "Archive",
	elemChal:       "Chal",
	elemCmd:        "Cmd",
	elemCmdID:      "CmdID",
	elemCmdRef:     "CmdRef",
	elemCorrelator: "Correlator",
	elemCred:       "Cred",
	elemData:       "Data",
	elemItem:       "Item",
	elemLang:       "Lang",
	elemLocName:    "LocName",
	elemLocURI:     "LocURI",
	elemMeta:       "Meta",
	elemMoreData:   "MoreData",
	elemMsgRef:     "MsgRef",
	elemNoResp:     "NoResp",
	elemSftDel:     "SftDel",
	elemSource:     "Source",
	elemSourceRef:  "SourceRef",
	elemTarget:     "Target",
	elemTargetRef:  "TargetRef",
	elemFormat:     "Format",
	elemType:       "Type",
	elemMark:       "Mark",
	elemSize:       "Size",
	elemNextNonce:  "NextNonce",
	elemMaxMsgSize: "MaxMsgSize",
	elemMaxObjSize: "MaxObjSize",
	elemMetInf:     "MetInf",
	elemFieldLevel: "FieldLevel",
	elemAnchor:     "Anchor",
	elemVersion:    "Version",
	elemEMI:        "EMI",
	elemMem:        "Mem",
}

// command says whether e is a command that has a type of its own.
func (e element) command() bool { return elemAdd <= e && e <= elemStatus }

// metaField says whether e is a child of Meta that has a field of its own.
func (e element) metaField() bool { return elemFormat <= e && e <= elemMaxObjSize }

// metInf says whether e is named by the MetaInfo specification.
func (e element) metInf() bool { return elemFormat <= e && e <= elemMem }

// elementIndex finds elements by the hash of their names, with open addressing.
var elementIndex = func() (index [256]elementEntry) {
	for e := elemOther + 1; e < elemCount; e++ {
		h := elementHash(elementNames[e])
		for index[h].id != elemOther {
			h++
		}
		index[h] = elementEntry{elementNames[e], e}
	}
	return index
}()

type elementEntry struct {
	name string
	id   element
}

// elementHash mixes the length and three characters, with factors that tell all names of the table apart.
func elementHash(name string) uint8 {
	n := len(name)
	return uint8(n)*29 + name[0] + (name[n/2]+name[n-1])*5
}

// elementOf returns the element of a local name, which is not empty.
func elementOf(name string) element {
	for h := elementHash(name); ; h++ {
		e := &elementIndex[h]
		if e.id == elemOther || e.name == name {
			return e.id
		}
	}
}
