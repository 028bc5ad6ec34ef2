package omadm

// What every device says about itself (OMA DM Standardized Objects 1.2.1, sections 5.3.2 and 5.3.3). DevInfo comes with
// the first package of a session, see Facts; DevDetail has to be asked for. A server reads DevInfo and never writes it:
// Op.Validate refuses that.
const (
	DevInfo       URI = "./DevInfo"
	DevInfoDevID  URI = "./DevInfo/DevId"  // unique identifier
	DevInfoMan    URI = "./DevInfo/Man"    // manufacturer
	DevInfoMod    URI = "./DevInfo/Mod"    // model
	DevInfoDmV    URI = "./DevInfo/DmV"    // version of the management client
	DevInfoLang   URI = "./DevInfo/Lang"   // language of the user interface
	DevInfoExt    URI = "./DevInfo/Ext"    // optional: extensions
	DevInfoBearer URI = "./DevInfo/Bearer" // optional: bearers

	DevDetail          URI = "./DevDetail"
	DevDetailDevTyp    URI = "./DevDetail/DevTyp" // type, such as "pda"
	DevDetailOEM       URI = "./DevDetail/OEM"    // original manufacturer
	DevDetailFwV       URI = "./DevDetail/FwV"    // version of the firmware
	DevDetailSwV       URI = "./DevDetail/SwV"    // version of the software
	DevDetailHwV       URI = "./DevDetail/HwV"    // version of the hardware
	DevDetailLrgObj    URI = "./DevDetail/LrgObj" // whether it takes values in parts
	DevDetailMaxDepth  URI = "./DevDetail/URI/MaxDepth"
	DevDetailMaxTotLen URI = "./DevDetail/URI/MaxTotLen"
	DevDetailMaxSegLen URI = "./DevDetail/URI/MaxSegLen"
)

var requiredInfo = [...]URI{DevInfoDevID, DevInfoMan, DevInfoMod, DevInfoDmV, DevInfoLang}

// MissingInfo returns the nodes of DevInfo that every device has to report and that f lacks.
func (f Facts) MissingInfo() []URI {
	var missing []URI
	for _, u := range requiredInfo {
		if _, ok := f[string(u)]; !ok {
			missing = append(missing, u)
		}
	}
	return missing
}
