// Package admx reads administrative templates (ADMX), brings those of applications to devices, and makes the payloads of
// their policies.
//
//   - A Template defines policies, and the categories they are in. It is found as UTF-8 and as UTF-16, and what it declares
//     of that is often wrong; Parse goes by the octets. What is displayed is in other files (ADML), and not read.
//
//   - A Policy is enabled, disabled or not configured. What it is worth in the registry is there for who looks: Key, EnabledValue
//     and so on. Its class says whether it is for the device, for users or for both.
//
//   - An Element is something that an enabled policy takes data for: a text, a number, a truth value, one of several
//     values (enum), lines of text (multiText) or a list of names and values. Each has an id, and most have limits.
//
//   - A payload is the value of the node of a policy: <enabled/> with data for its elements, or <disabled/>. Enabled and
//     Disabled make them, with data from Text, Number, Truth, Lines, List and Pairs, and find ids that the policy does
//     not have, data that is not of its type, and what is out of range or missing.
//
//   - Windows has policies of its own templates, the nodes of package csp whose Constraint is csp.ADMX; PolicyAt finds
//     them. Of an application (App) the template has to be installed first: Install makes the request, and
//     refuses a template that writes to a key that Windows keeps for itself.
//
//   - The policies are then below ./Device or ./User/Vendor/MSFT/Policy/Config, in an area that is named by the application
//     and the categories from the outermost on, as in Browser~Policy~browser~Startup. Layer makes nodes of a catalogue
//     of them, so that csp checks what is sent to them like anything else; Ingest does so with what requests install.
//
// A Set is a folder of templates, such as PolicyDefinitions of Windows: its Templates take the place of
// csp.WindowsTemplates where those are too old.
package admx
