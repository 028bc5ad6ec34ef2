package clientcertificateinstall

import "github.com/gomadm/gomadm/csp/node"

// scepNodes are the nodes of a profile.
type scepNodes struct {
	id     node.Named[node.InteriorAddDeleteGetReplace]
	enroll node.Named[node.NullExec]

	url, challenge, subject, thumbprint, alternatives, ekus, hash, container, prompt, template,
	validUnit node.Named[node.AddDeleteGetReplace[string]]
	usage, length, protection, validity, retries, delay node.Named[node.AddDeleteGetReplace[int64]]

	status, code     node.Named[node.Get[int64]]
	cert, respondent node.Named[node.Get[string]]
}

// scep are the nodes of the device, and those of the user.
var scep = [...]*scepNodes{{
	id: SCEPUniqueID, enroll: SCEPInstallEnroll,
	url: SCEPInstallServerURL, challenge: SCEPInstallChallenge, subject: SCEPInstallSubjectName, thumbprint: SCEPInstallCAThumbprint,
	alternatives: SCEPInstallSubjectAlternativeNames, ekus: SCEPInstallEKUMapping, hash: SCEPInstallHashAlgorithm,
	container: SCEPInstallContainerName, prompt: SCEPInstallCustomTextToShowInPrompt, template: SCEPInstallTemplateName,
	validUnit: SCEPInstallValidPeriod,
	usage:     SCEPInstallKeyUsage, length: SCEPInstallKeyLength, protection: SCEPInstallKeyProtection,
	validity: SCEPInstallValidPeriodUnits, retries: SCEPInstallRetryCount, delay: SCEPInstallRetryDelay,
	status: SCEPStatus, code: SCEPErrorCode, cert: SCEPCertThumbprint, respondent: SCEPRespondentServerUrl,
}, {
	id: UserSCEPUniqueID, enroll: UserSCEPInstallEnroll,
	url: UserSCEPInstallServerURL, challenge: UserSCEPInstallChallenge, subject: UserSCEPInstallSubjectName,
	thumbprint: UserSCEPInstallCAThumbprint, alternatives: UserSCEPInstallSubjectAlternativeNames, ekus: UserSCEPInstallEKUMapping,
	hash: UserSCEPInstallHashAlgorithm, container: UserSCEPInstallContainerName, prompt: UserSCEPInstallCustomTextToShowInPrompt,
	template: UserSCEPInstallTemplateName, validUnit: UserSCEPInstallValidPeriod,
	usage: UserSCEPInstallKeyUsage, length: UserSCEPInstallKeyLength, protection: UserSCEPInstallKeyProtection,
	validity: UserSCEPInstallValidPeriodUnits, retries: UserSCEPInstallRetryCount, delay: UserSCEPInstallRetryDelay,
	status: UserSCEPStatus, code: UserSCEPErrorCode, cert: UserSCEPCertThumbprint, respondent: UserSCEPRespondentServerUrl,
}}
