package wbxml

// tag is an element: the number of its code page times 64, plus its token. The zero tag is no element.
type tag uint8

// The code pages. Each stands for a namespace.
const (
	pageSyncML = iota // the namespace of the message
	pageMetInf        // syncml.NamespaceMeta
	pageTree          // syncml.NamespaceTree
	pages
)

// Code page 0 (OMA SyncML Representation Protocol 1.2). Token 0x30 is reserved.
const (
	tagAdd tag = 0x05 + iota
	tagAlert
	tagArchive
	tagAtomic
	tagChal
	tagCmd
	tagCmdID
	tagCmdRef
	tagCopy
	tagCred
	tagData
	tagDelete
	tagExec
	tagFinal
	tagGet
	tagItem
	tagLang
	tagLocName
	tagLocURI
	tagMap
	tagMapItem
	tagMeta
	tagMsgID
	tagMsgRef
	tagNoResp
	tagNoResults
	tagPut
	tagReplace
	tagRespURI
	tagResults
	tagSearch
	tagSequence
	tagSessionID
	tagSftDel
	tagSource
	tagSourceRef
	tagStatus
	tagSync
	tagSyncBody
	tagSyncHdr
	tagSyncML
	tagTarget
	tagTargetRef
	_
	tagVerDTD
	tagVerProto
	tagNumberOfChanges
	tagMoreData
	tagField
	tagFilter
	tagRecord
	tagFilterType
	tagSourceParent
	tagTargetParent
	tagMove
	tagCorrelator
)

// Code page 1 (OMA SyncML Meta-Information 1.2).
const (
	tagAnchor tag = pageMetInf<<6 + 0x05 + iota
	tagEMI
	tagFormat
	tagFreeID
	tagFreeMem
	tagLast
	tagMark
	tagMaxMsgSize
	tagMem
	tagMetInf
	tagNext
	tagNextNonce
	tagSharedMem
	tagSize
	tagType
	tagVersion
	tagMaxObjSize
	tagFieldLevel
)

// tree is the first token of code page 2 (OMA DM Tree and Description 1.2, section 10.2), whose elements
// occur only inside markup and need no constants.
const tree = pageTree<<6 + 0x05

// names is the one table of elements, read both ways.
var names = [pages << 6]string{
	tagAdd: "Add", tagAlert: "Alert", tagArchive: "Archive", tagAtomic: "Atomic", tagChal: "Chal", tagCmd: "Cmd",
	tagCmdID: "CmdID", tagCmdRef: "CmdRef", tagCopy: "Copy", tagCred: "Cred", tagData: "Data", tagDelete: "Delete",
	tagExec: "Exec", tagFinal: "Final", tagGet: "Get", tagItem: "Item", tagLang: "Lang", tagLocName: "LocName",
	tagLocURI: "LocURI", tagMap: "Map", tagMapItem: "MapItem", tagMeta: "Meta", tagMsgID: "MsgID",
	tagMsgRef: "MsgRef", tagNoResp: "NoResp", tagNoResults: "NoResults", tagPut: "Put", tagReplace: "Replace",
	tagRespURI: "RespURI", tagResults: "Results", tagSearch: "Search", tagSequence: "Sequence",
	tagSessionID: "SessionID", tagSftDel: "SftDel", tagSource: "Source", tagSourceRef: "SourceRef",
	tagStatus: "Status", tagSync: "Sync", tagSyncBody: "SyncBody", tagSyncHdr: "SyncHdr", tagSyncML: "SyncML",
	tagTarget: "Target", tagTargetRef: "TargetRef", tagVerDTD: "VerDTD", tagVerProto: "VerProto",
	tagNumberOfChanges: "NumberOfChanges", tagMoreData: "MoreData", tagField: "Field", tagFilter: "Filter",
	tagRecord: "Record", tagFilterType: "FilterType", tagSourceParent: "SourceParent",
	tagTargetParent: "TargetParent", tagMove: "Move", tagCorrelator: "Correlator",

	tagAnchor: "Anchor", tagEMI: "EMI", tagFormat: "Format", tagFreeID: "FreeID", tagFreeMem: "FreeMem",
	tagLast: "Last", tagMark: "Mark", tagMaxMsgSize: "MaxMsgSize", tagMem: "Mem", tagMetInf: "MetInf",
	tagNext: "Next", tagNextNonce: "NextNonce", tagSharedMem: "SharedMem", tagSize: "Size", tagType: "Type",
	tagVersion: "Version", tagMaxObjSize: "MaxObjSize", tagFieldLevel: "FieldLevel",

	tree: "AccessType", "ACL", "Add", "b64", "bin", "bool", "chr", "CaseSense", "CIS", "Copy", "CS", "date",
	"DDFName", "DefaultValue", "Delete", "Description", "DFFormat", "DFProperties", "DFTitle", "DFType",
	"Dynamic", "Exec", "float", "Format", "Get", "int", "Man", "MgmtTree", "MIME", "Mod", "Name", "Node",
	"node", "NodeName", "null", "Occurrence", "One", "OneOrMore", "OneOrN", "Path", "Permanent", "Replace",
	"RTProperties", "Scope", "Size", "time", "Title", "TStamp", "Type", "Value", "VerDTD", "VerNo", "xml",
	"ZeroOrMore", "ZeroOrN", "ZeroOrOne",
}

func (t tag) String() string { return names[t] }
func (t tag) page() uint8    { return uint8(t >> 6) }
func (t tag) token() byte    { return byte(t & 0x3f) }

// isMetaField reports whether t is a child of Meta for which syncml.Meta has a field.
func (t tag) isMetaField() bool {
	switch t {
	case tagFormat, tagType, tagMark, tagSize, tagNextNonce, tagMaxMsgSize, tagMaxObjSize:
		return true
	}
	return false
}

// lookup returns the element of a code page that has the name.
func lookup(page uint8, name string) (tag, bool) {
	if page >= pages || name == "" {
		return 0, false
	}
	first := int(page) << 6
	for i, n := range names[first : first+64] {
		if n == name {
			return tag(first + i), true
		}
	}
	return 0, false
}

// Global tokens (WAP Binary XML 1.3, section 7.1). The extension tokens 40 to 42, 80 to 82 and C0 to C2 have
// no meaning in SyncML.
const (
	tokenSwitchPage = 0x00
	tokenEnd        = 0x01
	tokenEntity     = 0x02
	tokenInline     = 0x03 // STR_I
	tokenLiteral    = 0x04 // without flags
	tokenPI         = 0x43
	tokenTable      = 0x83 // STR_T
	tokenOpaque     = 0xc3

	flagContent    = 0x40
	flagAttributes = 0x80
)
