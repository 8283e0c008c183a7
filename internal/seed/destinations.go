package seed

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
)

// User declares a user of a subaccount's identity provider. Subaccount is an id or
// subdomain.
type User struct {
	Subaccount string `json:"subaccount"`
	Name       string `json:"name"`
	Email      string `json:"email"`
	Password   string `json:"password"`
}

// Destination declares a destination on a subaccount's level, with the properties of
// the destination service, Name among them.
type Destination struct {
	Subaccount string            `json:"subaccount"`
	Properties map[string]string `json:"properties"`
}

// objects are the declared users, and then the declared destinations.
func (f *File) objects() []btp.DeclaredObject {
	var all []btp.DeclaredObject
	add := func(kind btp.ObjectKind, declared any) {
		document, _ := json.Marshal(declared) // of strings alone: it cannot fail
		all = append(all, btp.DeclaredObject{Kind: kind, Document: document})
	}
	for _, u := range f.Users {
		sub, _ := f.findSubaccount("", u.Subaccount) // check has found it
		add(btp.KindUser, btp.DeclaredUser{Subaccount: sub.ID, Name: u.Name, Email: u.Email, Password: u.Password})
	}
	for _, d := range f.Destinations {
		sub, _ := f.findSubaccount("", d.Subaccount) // likewise
		add(btp.KindDestination, destination.Declared{Subaccount: sub.ID, Properties: d.Properties})
	}
	return all
}

func (f *File) checkObjects(c *checker) {
	users, names := map[string]string{}, map[string]string{}
	for i, u := range f.Users {
		path := at("users", i)
		sub, found := f.findSubaccount("", u.Subaccount)
		if !found {
			c.refuse(path+".subaccount", "there is no subaccount %q in this file", clip(u.Subaccount))
			continue
		}
		c.once(users, "user", sub.ID, u.Name, path)
	}
	for i, d := range f.Destinations {
		path := at("destinations", i)
		sub, found := f.findSubaccount("", d.Subaccount)
		if !found {
			c.refuse(path+".subaccount", "there is no subaccount %q in this file", clip(d.Subaccount))
			continue
		}
		var refused *btp.Error
		if errors.As(destination.Check(destination.Of(sub.ID, "", d.Properties)), &refused) {
			for _, finding := range refused.Findings {
				c.refuse(path+".properties", "%s", destination.Words(finding))
			}
			continue
		}
		c.once(names, "destination", sub.ID, d.Properties[destination.Name], path)
	}
}

// once refuses the second object of a name in a subaccount.
func (c *checker) once(seen map[string]string, kind string, subaccount btp.SubaccountID, name, path string) {
	key := string(subaccount) + "\x00" + name
	if first, twice := seen[key]; twice {
		c.refuse(path, "there is a %s %q in subaccount %s already: %s (line %d)", kind, clip(name), subaccount, first, c.at[first])
		return
	}
	seen[key] = path
}

// objectPlace finds which of the declared objects a rule's refusal is about: btp counts them.
func (f *File) objectPlace(text string) string {
	for i := range f.Users {
		if strings.Contains(text, fmt.Sprintf("%s %d: ", btp.KindUser, i+1)) {
			return at("users", i)
		}
	}
	for i := range f.Destinations {
		if strings.Contains(text, fmt.Sprintf("%s %d: ", btp.KindDestination, len(f.Users)+i+1)) {
			return at("destinations", i)
		}
	}
	return ""
}
