package btp

import (
	"context"
	"slices"
	"strings"
	"time"
)

// Recipe is a set of rules under a name: an error status that the documents
// name, or an everyday accident (docs/faults.md).
type Recipe struct {
	Name string
	// Aliases are further names: what the cockpits call the error status.
	Aliases []string
	// What says in a sentence what goes wrong.
	What string
	// For is what it can be meant for: KindSystem and KindTenant, KindFormation, or nothing.
	For []ObjectKind
	// Edition is the only one in which it can happen; "" for both.
	Edition string
	// Labels are what the cockpit shows when it has happened, by edition.
	Labels map[string]string
	// Rules are its rules, without the match that the target adds.
	Rules []Fault
	// Do is what to do next, Seen what will be seen then.
	Do, Seen string
	// Source is the document that it rests on.
	Source string
}

// KindTenant is the kind of object that a recipe for a tenant is for.
const KindTenant ObjectKind = "tenant"

// RecipeTarget is whom a recipe is for; at most one is set, by id or name. The
// zero value is for all.
type RecipeTarget struct {
	System    SystemID
	Formation FormationID
	Tenant    string
}

var (
	pairable  = []ObjectKind{KindSystem, KindTenant}
	formation = []ObjectKind{KindFormation}
	once      = FaultSchedule{Limit: 1}
)

func failing(cause string) FaultAction { return FaultAction{Kind: FaultFail, Cause: cause} }

// unavailable is what stands before a registry that is down.
var unavailable = FaultAction{Kind: FaultFail, Answer: &FaultAnswer{
	Status: 503, Headers: map[string]string{"Content-Type": "text/plain; charset=utf-8"}, Body: "Service Unavailable\n",
}}

// everywhere are rules for all that tenants ask of the registry.
func everywhere(a FaultAction, s FaultSchedule) []Fault {
	var list []Fault
	for _, pattern := range []Point{"pairing.*", "certificate.*", "services.*", "events.*"} {
		list = append(list, Fault{Point: pattern, Action: a, Schedule: s})
	}
	return list
}

// Recipes are all recipes: the error statuses first.
var Recipes = []Recipe{
	{
		Name: "registration-error", Aliases: []string{"error", "error-while-registering"},
		What:   "The pairing fails for good while the certificate is signed.",
		For:    pairable,
		Labels: map[string]string{"v1": "Error", "v2": "Error while Registering"},
		Rules:  []Fault{{Point: PointCSR, Action: FaultAction{Kind: FaultFail, Cause: "the automation of the registration failed", Final: true}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The system shows Error (v1) or Error while Registering (v2), and there is an incident.",
		Source: "SEED-000 Context, 1582d72.md",
	},
	{
		Name:   "service-registration-error",
		What:   "The tenant cannot register its services, so it gives the pairing up.",
		For:    pairable,
		Labels: map[string]string{"v1": "Error", "v2": "Error while Registering"},
		Rules:  []Fault{{Point: PointServiceCreate, Action: failing("the catalog is closed"), Schedule: once}},
		Do:     "Use the token in a tenant that registers services.",
		Seen:   "The tenant's row shows the failure; the system shows Error (v1) or Error while Registering (v2).",
		Source: "SEED-000 Context, design §4 pairing attempt",
	},
	{
		Name: "deregister-error", Aliases: []string{"error-while-deregistering"},
		What:   "Taking the connectivity down fails.",
		For:    pairable,
		Labels: map[string]string{"v1": "Deregister Error", "v2": "Error while Deregistering"},
		Rules:  []Fault{{Point: "deregistration.*", Action: failing("the connectivity could not be taken down"), Schedule: once}},
		Do:     "Deregister the system.",
		Seen:   "The system shows Deregister Error (v1) or Error while Deregistering (v2), its credentials are intact, and there is an incident.",
		Source: "SEED-000 Results, 1582d72.md",
	},
	{
		Name: "remove-error", Aliases: []string{"error-while-removing"},
		What:    "Deleting the record fails.",
		For:     pairable,
		Edition: "v2",
		Labels:  map[string]string{"v2": "Error while Removing"},
		Rules:   []Fault{{Point: PointRemoveDone, Action: failing("the record could not be deleted"), Schedule: once}},
		Do:      "Remove the system.",
		Seen:    "The system shows Error while Removing; removing it again succeeds.",
		Source:  "1582d72.md, 0c6f498.md",
	},
	{
		Name:   "formation-error",
		What:   "A system of the formation cannot be synchronized.",
		For:    formation,
		Labels: map[string]string{"v2": "Error"},
		Rules:  []Fault{{Point: PointFormationSync, Action: failing("the runtime did not answer"), Schedule: once}},
		Do:     "Include a system in the formation.",
		Seen:   "The formation is in Error (v1 shows no statuses), and there is an incident; Resynchronize ends it.",
		Source: "68b04fa.md, sap-domain §8.2",
	},
	{
		Name:   "formation-deletion-error",
		What:   "Deleting the formation fails.",
		For:    formation,
		Labels: map[string]string{"v2": "Error"},
		Rules:  []Fault{{Point: PointFormationDeleted, Action: failing("a participant did not let go"), Schedule: once}},
		Do:     "Delete the formation.",
		Seen:   "The formation is there still, in Error, and there is an incident.",
		Source: "68b04fa.md, sap-domain §8.4",
	},

	{
		Name:   "lost-registration-answer",
		What:   "The system is registered, and the operator never hears of it.",
		Rules:  []Fault{{Point: PointRegister, Action: FaultAction{Kind: FaultDrop, AfterWork: true}, Schedule: once}},
		Do:     "Register a system, and try again with the same Idempotency-Key.",
		Seen:   "The connection closes; the second try gets the system that is there. Without a key the name is taken.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "lost-token-answer",
		What:   "The token is accepted and spent; its answer is lost.",
		For:    pairable,
		Rules:  []Fault{{Point: PointInfo, Action: FaultAction{Kind: FaultDrop, AfterWork: true}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The tenant's pairing fails; the system stays Pending, and a new token pairs it.",
		Source: "pairing-protocols §1.3, §10.3",
	},
	{
		Name:   "lost-certificate-answer",
		What:   "The certificate is signed; the tenant never sees it.",
		For:    pairable,
		Rules:  []Fault{{Point: PointCSR, Action: FaultAction{Kind: FaultDrop, AfterWork: true}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The tenant's pairing fails; the follow-up token is spent, and a new token pairs the system.",
		Source: "pairing-protocols §1.5, §10.3",
	},
	{
		Name:   "lost-notice-answer",
		What:   "The tenant hears that its system is deregistered; its answer is lost.",
		For:    pairable,
		Labels: map[string]string{"v1": "Deregister Error", "v2": "Error while Deregistering"},
		Rules:  []Fault{{Point: PointDeregisterTell, Action: FaultAction{Kind: FaultDrop, AfterWork: true}, Schedule: once}},
		Do:     "Deregister the system.",
		Seen:   "The tenant shows Deregistered, and the registry Deregister Error (v1) or Error while Deregistering (v2).",
		Source: "design §4 deregistering",
	},
	{
		Name:   "slow-registry",
		What:   "Every step of a pairing takes 30 seconds of the clock. A clock that is frozen must be advanced.",
		For:    pairable,
		Rules:  []Fault{{Point: "pairing.*", Action: FaultAction{Kind: FaultDelay, Virtual: 30 * time.Second}}},
		Do:     "Use the token on the product side, and let time pass.",
		Seen:   "The tenant waits, and is paired in the end.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "slow-deregistering",
		What:   "Taking the connectivity down takes ten minutes of the clock.",
		For:    pairable,
		Rules:  []Fault{{Point: PointDeregisterDone, Action: FaultAction{Kind: FaultDelay, Virtual: 10 * time.Minute}, Schedule: once}},
		Do:     "Deregister the system, and advance the clock.",
		Seen:   "The system shows Deregistering until ten minutes have passed.",
		Source: "sap-domain §26 (12)",
	},
	{
		Name:   "stuck-deregistering",
		What:   "Taking the connectivity down does not end until it is released.",
		For:    pairable,
		Rules:  []Fault{{Point: PointDeregisterDone, Action: FaultAction{Kind: FaultHold}}},
		Do:     "Deregister the system; let it go with pairsim hold release --all.",
		Seen:   "The system shows Deregistering, however long, until it is released.",
		Source: "sap-domain §26 (12)",
	},
	{
		Name:    "stuck-removing",
		What:    "Deleting the record does not end until it is released.",
		For:     pairable,
		Edition: "v2",
		Rules:   []Fault{{Point: PointRemoveDone, Action: FaultAction{Kind: FaultHold}}},
		Do:      "Remove the system; let it go with pairsim hold release --all.",
		Seen:    "The system shows Removing, however long, until it is released.",
		Source:  "sap-domain §26 (12)",
	},
	{
		Name:   "stuck-synchronizing",
		What:   "Synchronizing the formation does not end until it is released.",
		For:    formation,
		Rules:  []Fault{{Point: PointFormationSync, Action: FaultAction{Kind: FaultHold}}},
		Do:     "Include a system in the formation; let it go with pairsim hold release --all.",
		Seen:   "The formation is Synchronizing (v1 shows no statuses), however long, until it is released.",
		Source: "sap-domain §26 (12)",
	},
	{
		Name:   "stuck-pairing",
		What:   "The registry does not answer the certificate request until it is released.",
		For:    pairable,
		Rules:  []Fault{{Point: PointCSR, Action: FaultAction{Kind: FaultHold}, Schedule: once}},
		Do:     "Use the token on the product side; let it go with pairsim hold release --all.",
		Seen:   "The tenant waits, and is paired when it is released.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "registry-down",
		What:   "Whatever a tenant asks is answered with 503, as by a proxy that finds no registry behind it.",
		For:    pairable,
		Rules:  everywhere(unavailable, FaultSchedule{}),
		Do:     "Use the token on the product side.",
		Seen:   "The tenant's pairing fails; nothing has changed in the registry, and the token pairs when the fault is cleared.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "flaky-registry",
		What:   "Three of ten requests of a tenant are answered with 503, as the environment's seed has it.",
		For:    pairable,
		Rules:  everywhere(unavailable, FaultSchedule{Probability: 0.3}),
		Do:     "Pair, renew, publish: again and again.",
		Seen:   "Some requests fail, the same in every run; whoever tries again gets through.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "tenant-down",
		What:   "The tenant's callback cannot be reached.",
		For:    pairable,
		Labels: map[string]string{"v1": "Deregister Error", "v2": "Error while Deregistering"},
		Rules:  []Fault{{Point: PointDeregisterTell, Action: FaultAction{Kind: FaultDrop}}},
		Do:     "Deregister the system.",
		Seen:   "The system shows Deregister Error (v1) or Error while Deregistering (v2); the tenant knows nothing.",
		Source: "design §4 deregistering",
	},
	{
		Name:   "tenant-slow",
		What:   "The tenant's callback does not answer in time.",
		For:    pairable,
		Labels: map[string]string{"v1": "Deregister Error", "v2": "Error while Deregistering"},
		Rules:  []Fault{{Point: PointDeregisterTell, Action: FaultAction{Kind: FaultDelay, Real: MaxRealDelay}}},
		Do:     "Deregister the system, and wait as long as a callback may take (5 seconds of real time).",
		Seen:   "The system shows Deregistering, then Deregister Error (v1) or Error while Deregistering (v2).",
		Source: "design §4 deregistering",
	},
	{
		Name:   "cut-connection",
		What:   "The answer with the certificate breaks off in the middle.",
		For:    pairable,
		Rules:  []Fault{{Point: PointCSR, Action: FaultAction{Kind: FaultTruncate, Share: 0.5}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The tenant's pairing fails; a new token pairs the system.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "garbled-json",
		What:   "The answer to the token is no JSON.",
		For:    pairable,
		Rules:  []Fault{{Point: PointInfo, Action: FaultAction{Kind: FaultCorrupt, Part: CorruptJSON}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The tenant's pairing fails; a new token pairs the system.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "garbled-certificate",
		What:   "The certificate that the tenant gets cannot be read.",
		For:    pairable,
		Rules:  []Fault{{Point: PointCSR, Action: FaultAction{Kind: FaultCorrupt, Part: CorruptCertificate}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The tenant's pairing fails; a new token pairs the system.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name: "bad-token-signature",
		What: "The next token that is handed out has a wrong signature.",
		For:  []ObjectKind{KindSystem, KindTenant},
		Rules: []Fault{
			{Point: "token.*", Action: FaultAction{Kind: FaultCorrupt, Part: CorruptTokenSignature}},
			{Point: PointRegister, Action: FaultAction{Kind: FaultCorrupt, Part: CorruptTokenSignature}},
		},
		Do:     "Register a system or get a token, and use it on the product side.",
		Seen:   "The token is refused as forged; nothing has changed.",
		Source: "pairing-protocols §1.3",
	},
	{
		Name:   "retrying-proxy",
		What:   "A proxy sends the certificate request twice; the tenant sees the second answer.",
		For:    pairable,
		Rules:  []Fault{{Point: PointCSR, Action: FaultAction{Kind: FaultDuplicate}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The tenant is refused: its follow-up token is spent. A new token pairs the system.",
		Source: "pairing-protocols §1.5, §10.3",
	},
	{
		Name: "double-delivery",
		What: "Events, and the notice of a deregistration, are delivered twice.",
		For:  pairable,
		Rules: []Fault{
			{Point: "events.*", Action: FaultAction{Kind: FaultDuplicate}},
			{Point: PointDeregisterTell, Action: FaultAction{Kind: FaultDuplicate}},
		},
		Do:     "Send an event, or deregister the system.",
		Seen:   "Each event is accepted twice; the tenant is told twice, and shows Deregistered.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name:   "clock-skew",
		What:   "The registry's clock is behind the token's: it is not valid yet.",
		For:    pairable,
		Rules:  []Fault{{Point: PointInfo, Action: FaultAction{Kind: FaultFail, Code: TokenNotYetValid}, Schedule: once}},
		Do:     "Use the token on the product side.",
		Seen:   "The token is refused, and nothing has changed: the same token pairs at the next try.",
		Source: "pairing-protocols §10.3",
	},
	{
		Name: "token-quota",
		What: "The global account has 1000 unused tokens of the type.",
		For:  []ObjectKind{KindSystem, KindTenant},
		Rules: []Fault{
			{Point: PointTokenIssue, Action: FaultAction{Kind: FaultFail, Code: TokenQuotaExceeded}},
			{Point: PointRegister, Action: FaultAction{Kind: FaultFail, Code: TokenQuotaExceeded}},
		},
		Do:     "Register a system, or get a token.",
		Seen:   "The operator is refused; nothing has changed.",
		Source: "2ffdaff.md, sap-domain §24 (17)",
	},
	{
		Name:   "revoked-certificate",
		What:   "The registry no longer accepts the tenant's certificate.",
		For:    pairable,
		Rules:  []Fault{{Point: PointAuthentication, Action: FaultAction{Kind: FaultFail, Code: CertificateRevoked}}},
		Do:     "Send an event, or let the certificate be renewed.",
		Seen:   "The tenant is refused with 403.",
		Source: "pairing-protocols §1.7",
	},
}

// RecipeNamed finds a recipe by its name or by the label that it leads to. It
// refuses with RecipeNotFound.
func RecipeNamed(name string) (Recipe, error) {
	for _, recipe := range Recipes {
		if recipe.Name == name || slices.Contains(recipe.Aliases, name) {
			return recipe, nil
		}
	}
	return Recipe{}, Errorf(RecipeNotFound, "there is no recipe %q", clip(name))
}

// limit adds a target to the rules of a recipe. Rules at points that do not know
// the target are left out, unless none would be left.
func (recipe Recipe) limit(t RecipeTarget) ([]Fault, error) {
	var kinds []ObjectKind
	if t.System != "" {
		kinds = append(kinds, KindSystem)
	}
	if t.Formation != "" {
		kinds = append(kinds, KindFormation)
	}
	if t.Tenant != "" {
		kinds = append(kinds, KindTenant)
	}
	if len(kinds) > 1 {
		return nil, Errorf(InvalidRequest, "a recipe is for one system, one formation or one tenant, or for all")
	}
	for _, kind := range kinds {
		if !slices.Contains(recipe.For, kind) {
			return nil, Errorf(InvalidRequest, "recipe %s is not for a %s; it is for %s", recipe.Name, kind, recipe.targets())
		}
	}
	var rules []Fault
	for _, f := range recipe.Rules {
		f.Match = FaultMatch{System: t.System, Formation: t.Formation, Tenant: t.Tenant}
		f.Recipe = recipe.Name
		if _, err := newFaultRule(f); err != nil {
			continue
		}
		rules = append(rules, f)
	}
	if len(rules) == 0 {
		return nil, Errorf(InvalidRequest, "recipe %s cannot be limited like that", recipe.Name)
	}
	return rules, nil
}

// targets says what a recipe can be limited to, for people.
func (recipe Recipe) targets() string {
	var words []string
	for _, kind := range recipe.For {
		words = append(words, "a "+string(kind))
	}
	return strings.Join(append(words, "all"), ", ")
}

// ApplyRecipe sets the rules of a recipe. It refuses with RecipeNotFound; with
// OperationNotInEdition what cannot happen in this edition; and like AddFault.
func (r *Registry) ApplyRecipe(ctx context.Context, name string, t RecipeTarget) (Recipe, []Fault, error) {
	recipe, err := RecipeNamed(name)
	if err != nil {
		return recipe, nil, err
	}
	if recipe.Edition != "" && recipe.Edition != r.edition.ID {
		return recipe, nil, Errorf(OperationNotInEdition, "recipe %s is of edition %s; this environment has edition %s",
			recipe.Name, recipe.Edition, r.edition.ID)
	}
	rules, err := recipe.limit(t)
	if err != nil {
		return recipe, nil, err
	}
	added, err := r.addFaults(ctx, rules)
	return recipe, added, err
}

// DeclaredFault is a rule, or a recipe, that is set when the registry is opened.
type DeclaredFault struct {
	Rule Fault
	// Recipe, if it is set, is meant instead of Rule.
	Recipe string
	Target RecipeTarget
}

func (r *Registry) declareFault(ctx context.Context, d DeclaredFault) error {
	if d.Recipe == "" {
		_, err := r.AddFault(ctx, d.Rule)
		return err
	}
	_, _, err := r.ApplyRecipe(ctx, d.Recipe, d.Target)
	return err
}
