package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btpclient"
)

func newFaultCommand() *cobra.Command {
	return newGroup("fault", "Make things go wrong on purpose: at every step, for whom and as often as you say",
		newFaultPointsCommand(), newFaultRecipesCommand(), newAddFaultCommand(), newFaultRecipeCommand(), newListFaultsCommand(),
		newRemoveFaultCommand(), newClearFaultsCommand())
}

// seeFaults is what to do when a fault was refused.
const seeFaults = "See what can go wrong where: pairsim fault points; what is set: pairsim fault list."

// faultRefused keeps what the server says of a fault, and says where to look.
func faultRefused(err error, next string) error {
	if btpclient.CodeOf(err) != string(btp.InvalidRequest) {
		return err
	}
	told := failureOf(err)
	return &failure{told.title, told.detail, next}
}

func newFaultPointsCommand() *cobra.Command {
	var format, flow string
	c := &cobra.Command{
		Use:   "points",
		Short: "List the points where something can be made to go wrong",
		Long: `List the points where something can be made to go wrong: what happens there, who comes to it, and what can go wrong.
MET BY is whose request it is (tenant, operator, anybody, workload), a call to a tenant, or due work that no request waits for.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			points, rows := []btpclient.FaultPoint{}, [][]string{}
			for _, p := range btp.FaultPoints {
				if flow != "" && !strings.Contains(p.Flow, flow) {
					continue
				}
				one := btpclient.FaultPoint{
					Point: string(p.Point), Description: btp.Points[p.Point].Text, Flow: p.Flow, MetBy: string(p.Met), Match: p.Matches(),
					Actions: texts(p.Actions()), Parts: texts(p.Carries), Final: p.Final,
				}
				points = append(points, one)
				rows = append(rows, []string{one.Point, one.Description, one.MetBy, strings.Join(one.Actions, " ")})
			}
			return show(c.OutOrStdout(), format, points, []string{"POINT", "WHAT HAPPENS THERE", "MET BY", "ACTIONS"}, rows)
		},
	}
	c.Flags().StringVar(&flow, "flow", "", "only those of flows that hold this `TEXT`, as pairing or formations")
	outputFlag(c, &format)
	return c
}

func texts[T ~string](list []T) []string {
	all := make([]string, len(list))
	for i, one := range list {
		all[i] = string(one)
	}
	return all
}

func newFaultRecipesCommand() *cobra.Command {
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "recipes",
		Short: "List the recipes: error statuses of the documents, and everyday accidents",
		Args:  cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			recipes, err := k.control.FaultRecipes(c.Context())
			if err != nil {
				return err
			}
			rows := make([][]string, len(recipes))
			for i, r := range recipes {
				rows[i] = []string{r.Name, r.What, strings.Join(append(slices.Clone(r.For), "all"), " "), labelsOf(r)}
			}
			return show(c.OutOrStdout(), format, recipes, []string{"RECIPE", "WHAT GOES WRONG", "FOR", "LEADS TO"}, rows)
		}),
	})
	outputFlag(c, &format)
	return c
}

func labelsOf(r btpclient.FaultRecipe) string {
	var words []string
	for _, e := range btp.Editions {
		if label, ok := r.Labels[e.ID]; ok {
			words = append(words, label+" ("+e.ID+")")
		}
	}
	return strings.Join(words, ", ")
}

// faultFlags are the flags of `fault add`.
type faultFlags struct {
	fault             btpclient.Fault
	action            btpclient.FaultAction
	schedule          btpclient.FaultSchedule
	problem, answer   int
	title, detail     string
	headers           []string
	body, subject     string
	system, formation string
}

func newAddFaultCommand() *cobra.Command {
	var f faultFlags
	var format string
	c := newClientCommand(&cobra.Command{
		Use:   "add POINT",
		Short: "Set a fault at a point, or at a pattern of points",
		Long: `Set a fault at a point (pairing.csr) or at a pattern (pairing.*, *): what goes wrong, for whom, and how often. Unless
more is said the step fails, for all, until the fault is removed.

Actions: fail (with --code, --problem or --answer), delay (--virtual on the clock, or --real), hold (until it is released:
pairsim hold), drop (the connection closes, --when before or after the work is done), truncate (the answer ends after
--bytes, or a --share of it), corrupt (--part of the answer), duplicate (the request is carried out twice).

--first and --every count the visits of each system to each point; --probability is drawn from the environment's seed, so it
is the same in every run. Faults are kept in the process: they are gone when it ends.`,
		Example: `  pairsim fault add deregistration.tell-tenant --subject "Web Shop" --cause "the tenant does not answer" --times 1
  pairsim fault add pairing.csr --action drop --when after --system "Web Shop" --limit 1
  pairsim fault add pairing.info --code token-expired --tenant commerce --first 2
  pairsim fault add 'services.*' --answer 503 --header "Retry-After: 5" --probability 0.3
  pairsim fault add formation.synchronize --action delay --virtual 10m --formation shop-dev`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (points []cobra.Completion, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, p := range btp.FaultPoints {
					points = append(points, cobra.CompletionWithDesc(string(p.Point), btp.Points[p.Point].Text))
				}
			}
			return points, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			f.fault.Point = args[0]
			asked, err := f.read(c, k)
			if err != nil {
				return err
			}
			added, err := k.control.AddFault(c.Context(), asked)
			if err != nil {
				return faultRefused(err, seeFaults)
			}
			return show(c.OutOrStdout(), format, added, faultHeader, [][]string{faultRow(added)})
		}),
	})
	f.define(c)
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

func (f *faultFlags) define(c *cobra.Command) {
	flags := c.Flags()
	choiceFlag(c, &f.action.Kind, "action", "", "fail", "what goes wrong", texts(btp.FaultKinds)...)
	flags.StringVar(&f.system, "system", "", "only for this system, `NAME` or id")
	flags.StringVar(&f.formation, "formation", "", "only for this formation, `NAME` or id")
	flags.StringVar(&f.subject, "subject", "", "only for this system, or where the point is about formations, formation: `NAME` or id")
	flags.StringVar(&f.fault.Match.Tenant, "tenant", "", "only for this tenant, by `ID`")
	flags.StringVar(&f.fault.Match.SystemType, "type", "", "only for systems of this `TYPE`")
	completeTypes(c)

	flags.StringVar(&f.action.Code, "code", "", "fail with this error `CODE` (docs/problems.md), as each surface says it")
	flags.StringVar(&f.action.Cause, "cause", "", "`TEXT` that the failure says")
	flags.BoolVar(&f.action.Final, "final", false, "fail for good: an open pairing ends in the error status")
	flags.IntVar(&f.problem, "problem", 0, "fail with a problem document of this `STATUS`, with --title and --detail")
	flags.StringVar(&f.title, "title", "", "`TITLE` of the problem document")
	flags.StringVar(&f.detail, "detail", "", "`DETAIL` of the problem document")
	flags.IntVar(&f.answer, "answer", 0, "fail with a raw answer of this `STATUS`, with --header and --body")
	flags.StringArrayVar(&f.headers, "header", nil, "`NAME: VALUE` of the raw answer; may be repeated")
	flags.StringVar(&f.body, "body", "", "`TEXT` of the raw answer")
	flags.StringVar(&f.action.Virtual, "virtual", "", "delay by this `DURATION` of the clock")
	flags.StringVar(&f.action.Real, "real", "", "delay by this `DURATION` of real time, at most "+btp.MaxRealDelay.String())
	choiceFlag(c, &f.action.When, "when", "", "", "drop before or after the work is done", "before", "after")
	flags.IntVar(&f.action.Bytes, "bytes", 0, "truncate after so many bytes of the body")
	flags.Float64Var(&f.action.Share, "share", 0, "truncate after this share of the body, as 0.5")
	choiceFlag(c, &f.action.Part, "part", "", "", "corrupt this part of the answer", texts(btp.Corruptions)...)

	flags.IntVar(&f.schedule.First, "first", 0, "only the first `N` visits of each system")
	flags.IntVar(&f.schedule.Every, "every", 0, "only each `K`-th visit of each system")
	flags.Float64Var(&f.schedule.Probability, "probability", 0, "only with this probability, above 0 and at most 1")
	flags.IntVar(&f.schedule.Limit, "limit", 0, "so many times altogether; 0: until it is removed")
	flags.IntVar(&f.schedule.Limit, "times", 0, "the same as --limit")
}

// read is the rule that the flags say.
func (f *faultFlags) read(c *cobra.Command, k *client) (btpclient.Fault, error) {
	asked := f.fault
	action, schedule := f.action, f.schedule
	asked.Action, asked.Schedule = &action, &schedule
	if f.problem != 0 {
		action.Problem = &btpclient.FaultProblem{Status: f.problem, Title: f.title, Detail: f.detail}
	} else if f.title != "" || f.detail != "" {
		return asked, usagef("--title and --detail go with --problem STATUS")
	}
	if f.answer != 0 {
		action.Answer = &btpclient.FaultAnswer{Status: f.answer, Body: f.body}
	} else if f.body != "" || len(f.headers) > 0 {
		return asked, usagef("--header and --body go with --answer STATUS")
	}
	for _, header := range f.headers {
		name, value, ok := strings.Cut(header, ":")
		if !ok {
			return asked, usagef("--header %q: want NAME: VALUE", header)
		}
		if action.Answer.Headers == nil {
			action.Answer.Headers = map[string]string{}
		}
		action.Answer.Headers[strings.TrimSpace(name)] = strings.TrimSpace(value)
	}
	if action.Kind == string(btp.FaultDrop) && action.When == "" {
		action.When = "before"
	}
	return asked, f.match(c, k, &asked.Match)
}

// match finds what a fault is for, which has to be there: a fault for a name with
// a typo would never strike.
func (f *faultFlags) match(c *cobra.Command, k *client, m *btpclient.FaultMatch) error {
	system, formation := f.system, f.formation
	if f.subject != "" {
		if system != "" || formation != "" {
			return usagef("--subject is --system or --formation in one")
		}
		if aboutFormations(f.fault.Point) {
			formation = f.subject
		} else {
			system = f.subject
		}
	}
	if system != "" {
		s, err := k.system(c.Context(), account(c), system)
		if err != nil {
			return err
		}
		m.System = s.ID
	}
	if formation != "" {
		found, err := k.formation(c.Context(), account(c), formation)
		if err != nil {
			return err
		}
		m.Formation = found.ID
	}
	return nil
}

// aboutFormations says whether a point is about formations alone.
func aboutFormations(point string) bool {
	i := slices.IndexFunc(btp.FaultPoints, func(p btp.FaultPoint) bool { return string(p.Point) == point })
	return i >= 0 && slices.Equal(btp.FaultPoints[i].About, []btp.ObjectKind{btp.KindFormation})
}

func newFaultRecipeCommand() *cobra.Command {
	var format, system, formation string
	var target btpclient.RecipeTarget
	c := newClientCommand(&cobra.Command{
		Use:   "recipe NAME",
		Short: "Set the faults of a recipe",
		Long: `Set the faults of a recipe, for one system, formation or tenant, or for all, and say what to do next and what will be seen.
pairsim fault recipes lists them; docs/faults.md has a paragraph on each.`,
		Example: `  pairsim fault recipe deregister-error --system "Web Shop"
  pairsim fault recipe lost-certificate-answer
  pairsim fault recipe registry-down --tenant commerce`,
		Args: cobra.ExactArgs(1),
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) (names []cobra.Completion, _ cobra.ShellCompDirective) {
			if len(args) == 0 {
				for _, r := range btp.Recipes {
					names = append(names, cobra.CompletionWithDesc(r.Name, r.What))
				}
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			found := faultFlags{system: system, formation: formation}
			var m btpclient.FaultMatch
			if err := found.match(c, k, &m); err != nil {
				return err
			}
			target.System, target.Formation = m.System, m.Formation
			recipe, faults, err := k.control.ApplyRecipe(c.Context(), args[0], target)
			if err != nil {
				return faultRefused(err, "See the recipes and what they are for: pairsim fault recipes.")
			}
			if format != "table" {
				return show(c.OutOrStdout(), format, map[string]any{"recipe": recipe, "faults": faults}, nil, nil)
			}
			rows := make([][]string, len(faults))
			for i, f := range faults {
				rows[i] = faultRow(f)
			}
			if err := writeTable(c.OutOrStdout(), faultHeader, rows); err != nil {
				return err
			}
			_, err = fmt.Fprintf(c.OutOrStdout(), "\n%s\ndo:     %s\nsee:    %s\nsource: %s\nundo:   pairsim fault clear\n",
				printableLines(recipe.What), printableLines(recipe.Do), printableLines(recipe.Seen), printableLines(recipe.Source))
			return err
		}),
	})
	c.Flags().StringVar(&system, "system", "", "only for this system, `NAME` or id")
	c.Flags().StringVar(&formation, "formation", "", "only for this formation, `NAME` or id")
	c.Flags().StringVar(&target.Tenant, "tenant", "", "only for this tenant, by `ID`")
	accountFlag(c)
	outputFlag(c, &format)
	return c
}

var faultHeader = []string{"ID", "POINT", "ACTION", "FOR", "CONSIDERED", "STRUCK", "TIMES", "CAUSE"}

func faultRow(f btpclient.Fault) []string {
	action := ""
	if f.Action != nil {
		action = actionWords(*f.Action)
	}
	return []string{
		f.ID, f.Point, action, matchWords(f.Match), strconv.Itoa(f.Considered), strconv.Itoa(f.Struck), scheduleWords(f.Schedule), f.Cause,
	}
}

// actionWords is an action in a few words; the cause has a column of its own.
func actionWords(a btpclient.FaultAction) string {
	words := []string{a.Kind}
	add := func(text string) {
		if text != "" {
			words = append(words, text)
		}
	}
	add(a.Code)
	if a.Problem != nil {
		add("problem " + strconv.Itoa(a.Problem.Status))
	}
	if a.Answer != nil {
		add("answer " + strconv.Itoa(a.Answer.Status))
	}
	if a.Final {
		add("for good")
	}
	if a.Virtual != "" {
		add(a.Virtual + " on the clock")
	}
	add(a.Real)
	if a.When != "" {
		add(a.When + " the work")
	}
	switch {
	case a.Share > 0:
		add(fmt.Sprintf("after %g of the body", a.Share))
	case a.Kind == string(btp.FaultTruncate):
		add(fmt.Sprintf("after %d bytes", a.Bytes))
	}
	add(a.Part)
	return strings.Join(words, " ")
}

func matchWords(m btpclient.FaultMatch) string {
	var words []string
	for _, one := range []string{m.System, m.Formation, m.SystemType, m.Tenant} {
		if one != "" {
			words = append(words, one)
		}
	}
	if len(words) == 0 {
		return "all"
	}
	return strings.Join(words, ", ")
}

func scheduleWords(s *btpclient.FaultSchedule) string {
	if s == nil || *s == (btpclient.FaultSchedule{}) {
		return "always"
	}
	var words []string
	if s.First > 0 {
		words = append(words, fmt.Sprintf("first %d", s.First))
	}
	if s.Every > 0 {
		words = append(words, fmt.Sprintf("every %d", s.Every))
	}
	if s.Probability > 0 {
		words = append(words, fmt.Sprintf("p=%g", s.Probability))
	}
	if s.Limit > 0 {
		words = append(words, strconv.Itoa(s.Limit))
	}
	return strings.Join(words, ", ")
}

func newListFaultsCommand() *cobra.Command {
	var format string
	var unfired, fail bool
	c := newClientCommand(&cobra.Command{
		Use:   "list",
		Short: "List the faults, oldest first, and how often each has struck",
		Long: `List the faults, oldest first: how often each was considered, and how often it struck. A fault that never struck
proves nothing: --unfired lists those, and with --fail there must be none (exit status 1).`,
		Example: `  pairsim fault list --unfired --fail      # at the end of a test`,
		Args:    cobra.NoArgs,
		RunE: withClient(func(c *cobra.Command, k *client, _ []string) error {
			list := k.control.Faults
			if unfired {
				list = k.control.UnfiredFaults
			}
			faults, err := list(c.Context())
			if err != nil {
				return err
			}
			rows, idle := make([][]string, len(faults)), 0
			for i, f := range faults {
				rows[i] = faultRow(f)
				if f.Struck == 0 {
					idle++
				}
			}
			if err := show(c.OutOrStdout(), format, faults, faultHeader, rows); err != nil || !fail || idle == 0 {
				return err
			}
			return &failure{
				"A fault has never struck", fmt.Sprintf("%d of the faults that are set; what was tested did not meet them", idle),
				"Compare point and FOR with what happened: pairsim journal; or remove it: pairsim fault remove ID.",
			}
		}),
	})
	c.Flags().BoolVar(&unfired, "unfired", false, "only those that have never struck")
	c.Flags().BoolVar(&fail, "fail", false, "exit with 1 when one has never struck")
	outputFlag(c, &format)
	return c
}

func newRemoveFaultCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "remove ID",
		Short: "Remove a fault",
		Args:  cobra.ExactArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			return k.control.RemoveFault(c.Context(), args[0])
		}),
	})
}

func newClearFaultsCommand() *cobra.Command {
	return newClientCommand(&cobra.Command{
		Use:   "clear [ID]",
		Short: "Remove a fault, or all of them",
		Args:  cobra.MaximumNArgs(1),
		RunE: withClient(func(c *cobra.Command, k *client, args []string) error {
			if len(args) == 0 {
				return k.control.ClearFaults(c.Context())
			}
			return k.control.RemoveFault(c.Context(), args[0])
		}),
	})
}
