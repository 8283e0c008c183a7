package evidence

// ofThePages is why most of the cockpit's rules have no scenario.
const ofThePages = "It is about pages; features/browser clicks through them."

// noScenario says of rules why no scenario shows them. One that has a scenario after all
// does not stand here.
var noScenario = map[string]string{
	"journal-bounded":           "Its bounds are tens of thousands of entries.",
	"store-one-contract":        "It is about what stands below every scenario.",
	"store-survives-death":      "The process is killed, and its scenario with it.",
	"processes-agree":           "It takes two processes on one database.",
	"keys-private":              "It is about what is nowhere; a test looks everywhere.",
	"cockpit-edition-words":     ofThePages,
	"cockpit-register-system":   ofThePages,
	"cockpit-status-visible":    ofThePages,
	"cockpit-disabled-says-why": ofThePages,
	"cockpit-accessible":        ofThePages,
}
