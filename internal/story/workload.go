package story

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/pairsim/pairsim/btpclient"
)

// exposed is an API that a workload uses, at the gateway, and how the gateway
// gets in: the point of the journal that tells of it, and what it is called.
type exposed struct {
	system, tenant string
	api            btpclient.GatewayAPI
	entry, called  string
}

// What the workload of the story uses of Commerce Cloud and of Cloud for Customer.
var (
	shopAPI = exposed{
		system: "Web Shop", tenant: "commerce", entry: "gateway.token", called: "OAuth token",
		api: btpclient.GatewayAPI{Application: "mp-web-shop", Service: "SAP Commerce Cloud - Commerce Webservices"},
	}
	salesAPI = exposed{
		system: "Sales", tenant: "c4c", entry: "gateway.csrf", called: "Basic, CSRF",
		api: btpclient.GatewayAPI{Application: "mp-sales", Service: "SAP Cloud for Customer - OData API"},
	}
)

// The account that the workload makes, and the event that tells of it (sap-domain §9.4).
const (
	newAccount     = `{"Name":"Alpine Sports","City":"Bern"}`
	accountCreated = "Account.Root.Created"
)

// workload is the chapter about what the pairings are for: APIs and events have
// reached the Kyma runtime (SEED-000 Results), and a program there uses them. It
// has no credentials; the gateway has them.
func (t *teller) workload(ctx context.Context) error {
	t.heading("A workload uses what was exposed", "SEED-000, Results; Kyma's application gateway")
	t.step("", "A program in the Kyma runtime of %q, without credentials, reads products of %q:", subaccount, shopAPI.system)
	answer, err := t.program.Read(ctx, shopAPI.api, "electronics/products/search")
	if err != nil {
		return err
	}
	var found struct {
		Products []json.RawMessage `json:"products"`
	}
	if err := json.Unmarshal(answer, &found); err != nil || len(found.Products) == 0 {
		return errors.Join(errors.New("the shop has no products"), err)
	}
	if err := t.through(ctx, shopAPI, count(len(found.Products), "product")); err != nil {
		return err
	}
	hears, err := listen(ctx)
	if err != nil {
		return err
	}
	defer hears.close()
	if err := t.subscribe(ctx, hears); err != nil {
		return err
	}
	t.step("", "The first one creates an account in %q; the gateway adds user, password and a CSRF token:", salesAPI.system)
	answer, _, err = t.program.Write(ctx, http.MethodPost, salesAPI.api, "CorporateAccountCollection", json.RawMessage(newAccount))
	if err != nil {
		return err
	}
	var made struct {
		D struct {
			Results struct{ AccountID string }
		}
	}
	if err := json.Unmarshal(answer, &made); err != nil || made.D.Results.AccountID == "" {
		return errors.Join(errors.New("the new account has no number"), err)
	}
	if err := t.through(ctx, salesAPI, "no. "+made.D.Results.AccountID); err != nil {
		return err
	}
	if err := t.emitted(ctx); err != nil {
		return err
	}
	return t.delivered(ctx, hears)
}

// through shows a call to the gateway, and what the gateway did for it, as the
// journal has it.
func (t *teller) through(ctx context.Context, to exposed, remark string) error {
	t.wire("", "workload", "gateway", t.last, 1, t.in(bold, remark))
	var did []string
	about := btpclient.EntryMatch{Kind: "call", Point: "gateway.*", System: to.system}
	err := t.journalled(ctx, about, func(e btpclient.JournalEntry) bool {
		remark := ""
		if e.Point == to.entry {
			remark = to.called
		}
		t.wire("", "gateway", to.tenant, wireOf(e), 1, remark)
		did = append(did, e.Point)
		return e.Point == "gateway.call"
	})
	if err != nil {
		return err
	}
	return expect("calls of the gateway for "+to.system, strings.Join(did, ", "), to.entry+", gateway.call")
}

// emitted shows the event that the new account has caused: the tenant has sent it
// with its certificate, and the registry has accepted it.
func (t *teller) emitted(ctx context.Context) error {
	accepted := ""
	about := btpclient.EntryMatch{Point: "events.legacy", System: salesAPI.system}
	err := t.journalled(ctx, about, func(e btpclient.JournalEntry) bool {
		if e.Kind == "decision" {
			accepted, _, _ = strings.Cut(e.Detail, " ")
		}
		if e.Kind != "request" {
			return false
		}
		t.wire("", salesAPI.tenant, "registry", wireOf(e), 1, "an event")
		return true
	})
	if err != nil {
		return err
	}
	if err := expect("event of the new account", accepted, accountCreated); err != nil {
		return err
	}
	t.wire("", "you", "control", t.last, 1, "the journal")
	t.outcome("The journal has it all: the gateway's calls, and %s, accepted as an event.", accepted)
	return nil
}

func wireOf(e btpclient.JournalEntry) btpclient.Call {
	return btpclient.Call{Method: e.Method, Path: e.Path, Status: e.Status}
}

// journalled goes through entries, waiting for those that are still to come,
// until one is the last.
func (t *teller) journalled(ctx context.Context, about btpclient.EntryMatch, last func(btpclient.JournalEntry) bool) error {
	for e, err := range t.control.FollowJournal(ctx, btpclient.JournalFilter{EntryMatch: about}) {
		if err != nil {
			return err
		}
		if last(e) {
			return nil
		}
	}
	return errors.Join(ctx.Err(), fmt.Errorf("the journal ends before %s of %s", about.Point, about.System))
}
