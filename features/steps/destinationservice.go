package steps

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"

	"github.com/pairsim/pairsim/btpclient"
)

// keepingSteps are applications that keep destinations and certificate files with the
// destination service, with what a binding gives (service-apis §2).
func (w *world) keepingSteps(d definitions) {
	const app = `the application "([^"]*)" `
	const kept = `the (destination|certificate file) "([^"]*)" of the (subaccount|instance)$`

	d.Given(`^`+app+`has a binding of the destination service of subaccount "([^"]*)"$`, w.theApplicationIsBound)
	d.Given(`^`+app+`has made `+kept, w.theApplicationHasMade)
	d.Given(`^`+app+`has made the destination "([^"]*)" of the (subaccount|instance) with the certificate file "([^"]*)"$`, w.theApplicationHasMadeWithFile)
	d.Given(`^`+app+`has deleted `+kept, w.theApplicationHasDeleted)

	d.When(`^`+app+`makes `+kept, w.theApplicationMakes)
	d.When(`^`+app+`makes a (destination|certificate file) of the subaccount (.+)$`, w.theApplicationMakesOne)
	d.When(`^`+app+`changes the address of the destination "([^"]*)" of the (subaccount|instance)$`, w.theApplicationChanges)
	d.When(`^`+app+`reads `+kept, w.theApplicationReads)
	d.When(`^`+app+`deletes `+kept, w.theApplicationDeletes)
	d.When(`^`+app+`looks up the destination "([^"]*)"$`, w.theApplicationLooksUp)
	d.When(`^`+app+`looks up the destination "([^"]*)" (without an access token|with a token of another service)$`, w.theApplicationLooksUpWith)

	d.Then(`^`+app+`sees the (destination|certificate file)s (.+) of the (subaccount|instance)$`, w.theApplicationSees)
	d.Then(`^the destination "([^"]*)" that `+app+`sees of the (subaccount|instance) has (the|another) address$`, w.theAddressIs)
	d.Then(`^the answer counts (\d+)$`, w.theAnswerCounts)
	d.Then(`^it has found the destination of (?:(the subaccount)|the instance)$`, w.itHasFound)
	d.Then(`^it gets the certificate file "([^"]*)" with it$`, w.itGetsTheFile)
}

// keeper is an application with a binding of the destination service. What it makes
// leads to an address of its own.
type keeper struct{ name, uri, subaccount, instance, token string }

func (k keeper) address() string { return "https://" + k.name + ".example" }

const anotherAddress = "https://another.example"

func (w *world) theApplicationIsBound(ctx context.Context, name, subaccount string) error {
	if err := w.open(ctx); err != nil {
		return err
	}
	i, err := w.operator.CreateInstance(ctx, subaccount, btpclient.NewInstance{Name: name, Offering: quickService, Plan: quickPlan})
	if err != nil {
		return err
	}
	b, err := w.operator.Bind(ctx, i.ID, btpclient.NewBinding{Name: name})
	if err != nil {
		return err
	}
	var given struct{ ClientID, ClientSecret, URI, URL string }
	if err := json.Unmarshal(b.Credentials, &given); err != nil {
		return err
	}
	k := keeper{name: name, uri: given.URI + "/destination-configuration/v1", subaccount: subaccount, instance: i.ID}
	if k.token, err = w.clientToken(ctx, given.URL+"/oauth/token", given.ClientID, given.ClientSecret); err != nil {
		return err
	}
	if w.keepers == nil {
		w.keepers = map[string]keeper{}
	}
	w.keepers[name] = k
	return nil
}

// keep makes a call as the application, on the list of a kind and level.
func (w *world) keep(ctx context.Context, app, method, kind, level, name string, body any) error {
	k, known := w.keepers[app]
	if !known {
		return fmt.Errorf("the scenario knows no application %q with a binding", app)
	}
	path := "/" + level + map[string]string{"destination": "Destinations", "certificate file": "Certificates"}[kind]
	if name != "" {
		path += "/" + url.PathEscape(name)
	}
	text := ""
	if body != nil {
		sent, err := json.Marshal(body)
		if err != nil {
			return err
		}
		text = string(sent)
	}
	_, err := w.ask(ctx, method, k.uri+path, text, "Authorization", "Bearer "+k.token)
	return err
}

// fileText is what is in certificate files.
var fileText = base64.StdEncoding.EncodeToString([]byte("-----BEGIN CERTIFICATE-----"))

func newFile(name string) members {
	return members{"Name": name, "Type": "CERTIFICATE", "Content": fileText}
}

func (k keeper) newDestination(name string) members {
	return members{"Name": name, "Type": "HTTP", "URL": k.address(), "ProxyType": "Internet", "Authentication": "NoAuthentication"}
}

func (w *world) theApplicationMakes(ctx context.Context, app, kind, name, level string) error {
	body := w.keepers[app].newDestination(name)
	if kind != "destination" {
		body = newFile(name)
	}
	return w.keep(ctx, app, http.MethodPost, kind, level, "", body)
}

func (w *world) theApplicationHasMade(ctx context.Context, app, kind, name, level string) error {
	if err := w.theApplicationMakes(ctx, app, kind, name, level); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusCreated, "")
}

func (w *world) theApplicationHasMadeWithFile(ctx context.Context, app, name, level, file string) error {
	body := w.keepers[app].newDestination(name).with(members{"Authentication": "ClientCertificateAuthentication", "KeyStoreLocation": file})
	if err := w.keep(ctx, app, http.MethodPost, "destination", level, "", body); err != nil {
		return err
	}
	return w.theAnswerHasStatus(http.StatusCreated, "")
}

// misfits are what is not kept, by kind and by what a scenario calls it. A destination
// among them leads to another address than what the application has made.
var misfits = map[string]func(k keeper) any{
	"destination whose name is taken": func(k keeper) any { return k.elsewhere("orders") },
	"destination together with a taken name": func(k keeper) any {
		return []members{k.elsewhere("other"), k.elsewhere("orders")}
	},
	"destination whose name has a slash":        func(k keeper) any { return k.elsewhere("a/b") },
	"destination without an address":            func(k keeper) any { return k.elsewhere("other").without("URL") },
	"destination whose address is no URL":       func(k keeper) any { return k.elsewhere("other").with(members{"URL": "orders"}) },
	"certificate file whose name is taken":      func(keeper) any { return newFile("client.pem") },
	"certificate file whose name has no ending": func(keeper) any { return newFile("client") },
	"certificate file that is no base64":        func(keeper) any { return newFile("other.pem").with(members{"Content": "?"}) },
}

func (k keeper) elsewhere(name string) members {
	return k.newDestination(name).with(members{"URL": anotherAddress})
}

func (w *world) theApplicationMakesOne(ctx context.Context, app, kind, flaw string) error {
	body, known := misfits[kind+" "+flaw]
	if !known {
		return fmt.Errorf("the steps know no %s %s", kind, flaw)
	}
	return w.keep(ctx, app, http.MethodPost, kind, "subaccount", "", body(w.keepers[app]))
}

func (w *world) theApplicationChanges(ctx context.Context, app, name, level string) error {
	return w.keep(ctx, app, http.MethodPut, "destination", level, "", w.keepers[app].elsewhere(name))
}

func (w *world) theApplicationReads(ctx context.Context, app, kind, name, level string) error {
	return w.keep(ctx, app, http.MethodGet, kind, level, name, nil)
}

func (w *world) theApplicationDeletes(ctx context.Context, app, kind, name, level string) error {
	return w.keep(ctx, app, http.MethodDelete, kind, level, name, nil)
}

func (w *world) theApplicationHasDeleted(ctx context.Context, app, kind, name, level string) error {
	if err := w.theApplicationDeletes(ctx, app, kind, name, level); err != nil {
		return err
	}
	return w.theAnswerCounts(1)
}

func (w *world) theApplicationLooksUp(ctx context.Context, app, name string) error {
	w.found = w.keepers[app]
	return w.lookUpAs(ctx, w.found, name)
}

func (w *world) lookUpAs(ctx context.Context, k keeper, name string) error {
	var header []string
	if k.token != "" {
		header = []string{"Authorization", "Bearer " + k.token}
	}
	_, err := w.ask(ctx, http.MethodGet, k.uri+"/destinations/"+url.PathEscape(name), "", header...)
	return err
}

func (w *world) theApplicationLooksUpWith(ctx context.Context, app, name, what string) (err error) {
	k := w.keepers[app]
	k.token = ""
	if what == "with a token of another service" {
		if k.token, err = w.clientToken(ctx, w.manager.URL+"/oauth/token", w.manager.ID, w.manager.Secret); err != nil {
			return err
		}
	}
	return w.lookUpAs(ctx, k, name)
}

// theApplicationSees looks at the list, and at each of it alone.
func (w *world) theApplicationSees(ctx context.Context, app, kind, list, level string) error {
	if err := w.keep(ctx, app, http.MethodGet, kind, level, "", nil); err != nil {
		return err
	}
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return err
	}
	var all []map[string]any
	if err := json.Unmarshal(w.heard.body, &all); err != nil {
		return err
	}
	var seen []string
	for _, one := range all {
		name, _ := one["Name"].(string)
		seen = append(seen, name)
		if err := w.theApplicationReads(ctx, app, kind, name, level); err != nil {
			return err
		}
		if err := w.sameAlone(one); err != nil {
			return err
		}
	}
	return sameNames("the application sees", seen, list)
}

func (w *world) theAddressIs(ctx context.Context, name, app, level, which string) error {
	if err := w.theApplicationReads(ctx, app, "destination", name, level); err != nil {
		return err
	}
	want := w.keepers[app].address()
	if which == "another" {
		want = anotherAddress
	}
	var shown struct{ URL string }
	if err := json.Unmarshal(w.heard.body, &shown); err != nil {
		return err
	}
	if shown.URL != want {
		return fmt.Errorf("the destination leads to %q, want %s", shown.URL, want)
	}
	return nil
}

func (w *world) theAnswerCounts(n int) error {
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return err
	}
	var told struct{ Count *int }
	if err := json.Unmarshal(w.heard.body, &told); err != nil {
		return err
	}
	if told.Count == nil || *told.Count != n {
		return fmt.Errorf("the answer is %s, want a count of %d", w.heard.body, n)
	}
	return nil
}

// foundByClient is what "find destination" answers a client (service-apis §2).
type foundByClient struct {
	Owner         struct{ SubaccountID, InstanceID *string }
	Configuration map[string]string `json:"destinationConfiguration"`
	Certificates  []foundFile
}

type foundFile struct{ Name, Content, Type string }

func (w *world) itFound() (f foundByClient, err error) {
	if err := w.theAnswerHasStatus(http.StatusOK, ""); err != nil {
		return f, err
	}
	return f, json.Unmarshal(w.heard.body, &f)
}

// itHasFound wants the owner of that level, and the other to be null.
func (w *world) itHasFound(subaccount string) error {
	f, err := w.itFound()
	if err != nil {
		return err
	}
	owner, other, want := f.Owner.InstanceID, f.Owner.SubaccountID, w.found.instance
	if subaccount != "" {
		owner, other, want = other, owner, w.found.subaccount
	}
	if owner == nil || *owner != want || other != nil {
		return fmt.Errorf("the owner is not %s alone: %.300s", want, w.heard.body)
	}
	return nil
}

func (w *world) itGetsTheFile(name string) error {
	f, err := w.itFound()
	if err != nil {
		return err
	}
	if !slices.Equal(f.Certificates, []foundFile{{name, fileText, "CERTIFICATE"}}) {
		return errors.New("it gets other files, or none: " + string(w.heard.body))
	}
	return nil
}
