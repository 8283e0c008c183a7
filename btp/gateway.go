package btp

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"
)

const kymaGateway = "Kyma application gateway"

// GatewayAddress is how a workload in a Kyma runtime names an API of an
// application (pairing-protocols §5.1).
type GatewayAddress struct {
	// Application is the application's name, Service a service's as GatewayName
	// makes it.
	Application, Service string
	// Entry is the API entry's name as GatewayName makes it; "" in the standalone
	// form, which has none.
	Entry string
	// Subaccount is the one whose runtime is asked; "" for any that has the
	// application: its name is unique in the environment, and so is what it leads to.
	Subaccount SubaccountID
}

// GatewayTarget is an API as the application gateway calls it.
type GatewayTarget struct {
	System     SystemID
	SystemName string
	Service    ServiceID
	// ServiceName is the display name.
	ServiceName string
	// API has no Spec.
	API ServiceAPI
}

// GatewayName is a display name as it stands in the gateway's addresses: lower
// case, every character that is no ASCII letter or digit a hyphen
// (pairing-protocols §5.1).
func GatewayName(display string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c >= 'A' && c <= 'Z':
			return c + 'a' - 'A'
		case c >= 'a' && c <= 'z', c >= '0' && c <= '9':
			return c
		}
		return '-'
	}, display)
}

// GatewayTarget finds the API that an address names, among what the runtimes of
// the subaccounts see. It refuses with ApplicationNotFound, ServiceNotFound,
// ServiceAmbiguous, ServiceWithoutAPI and CredentialsUnusable.
func (r *Registry) GatewayTarget(ctx context.Context, a GatewayAddress) (t GatewayTarget, err error) {
	var about Reference
	err = r.view(ctx, func(u *unit) error {
		about = Reference{}
		s, err := u.gatewayApplication(a)
		about = Reference{System: s.ID, Name: s.Name}
		if err != nil {
			return err
		}
		services, err := u.Services().ListOf(s.ID)
		if err != nil {
			return err
		}
		service, err := serviceAt(a, services)
		if err != nil {
			return err
		}
		t = targetOf(&s, &service)
		return t.API.secretIsThere()
	})
	if err == nil {
		return t, nil
	}
	// The step of a call that comes to nothing; one that goes on takes it when the target is called.
	return t, r.step(ctx, PointGatewayCall, &about, func(context.Context) error { return err })
}

// GatewayCheck is when a target was looked for last.
type GatewayCheck struct {
	// changes are those of this process by then; at is real time.
	changes uint64
	at      time.Time
}

// gatewayCheckLife is how long, in real time, a check is good that nothing in this
// process speaks against: another one on the same store may have changed something.
const gatewayCheckLife = time.Second

// CheckGatewayTarget says whether an address still leads to a target that it led
// to before: what has left the runtime, or has been deleted or renamed, is not
// called any more. What the target's registration says may have changed. last is
// the latest check of the target, and is returned anew; the zero value is none.
func (r *Registry) CheckGatewayTarget(ctx context.Context, a GatewayAddress, t GatewayTarget, last GatewayCheck) (GatewayCheck, error) {
	now := GatewayCheck{r.changes.Load(), r.real()}
	if age := now.at.Sub(last.at); last.changes == now.changes && age >= 0 && age < gatewayCheckLife {
		return last, nil
	}
	return now, r.view(ctx, func(u *unit) error {
		s, err := u.gatewayApplication(a)
		if err != nil {
			return err
		}
		service, known, err := u.Services().Find(t.System, t.Service)
		if err == nil && (!known || s.ID != t.System || service.API == nil || GatewayName(service.Name) != a.Service) {
			err = Errorf(ServiceNotFound, "service %q is not there any more", clip(t.ServiceName))
		}
		return err
	})
}

// gatewayApplication is the system whose application an address names. With a
// refusal it returns what it knows of the system.
func (u *unit) gatewayApplication(a GatewayAddress) (System, error) {
	s, known, err := u.Systems().FindByApplicationName(a.Application)
	if err != nil {
		return s, err
	}
	notFound := func(why string) error {
		return Errorf(ApplicationNotFound, "application %q: %s", clip(a.Application), why).
			WithVendor("Application: " + clip(a.Application) + " not found.")
	}
	if !known {
		return s, notFound("there is none")
	}
	runtimes, err := u.runtimesOf(&s)
	switch {
	case err != nil:
		return s, err
	case s.Status != Registered:
		return s, notFound(fmt.Sprintf("its system %q has the status %s", s.Name, statusText(u.r.edition, s.Status)))
	case len(runtimes) == 0:
		return s, notFound(fmt.Sprintf("its system %q is in no formation whose subaccount has Kyma", s.Name))
	case a.Subaccount != "" && !slices.Contains(runtimes, a.Subaccount):
		return s, notFound(fmt.Sprintf("the runtime of subaccount %q does not have it", clip(string(a.Subaccount))))
	}
	return s, nil
}

// serviceAt is the one service that an address names. An entry bears the name of
// its service, as a service that is registered over the Application Registry
// becomes a bundle with one API definition (pairing-protocols §2.4).
func serviceAt(a GatewayAddress, services []Service) (Service, error) {
	var named, found []Service
	for _, s := range services {
		if GatewayName(s.Name) == a.Service {
			named = append(named, s)
			if s.API != nil && (a.Entry == "" || GatewayName(s.Name) == a.Entry) {
				found = append(found, s)
			}
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		var told []string
		for _, s := range found {
			told = append(told, fmt.Sprintf("service.ID: '%s', service.DisplayName: '%s', entry.Name: '%s'", s.ID, clip(s.Name), clip(s.Name)))
		}
		return Service{}, Errorf(ServiceAmbiguous, "%d services of application %q have the name %q in the gateway's addresses",
			len(found), clip(a.Application), clip(a.Service)).WithVendor("multiple services found: " + strings.Join(told, " | "))
	case len(named) > 0 && !slices.ContainsFunc(named, func(s Service) bool { return s.API != nil }):
		return Service{}, Errorf(ServiceWithoutAPI, "service %q publishes events only", clip(named[0].Name)).WithVendor("service has no API entry")
	case len(named) > 0:
		return Service{}, Errorf(ServiceNotFound, "service %q has no API entry %q", clip(named[0].Name), clip(a.Entry)).WithVendor("service not found")
	}
	return Service{}, Errorf(ServiceNotFound, "application %q has no service %q", clip(a.Application), clip(a.Service)).WithVendor("service not found")
}

func targetOf(s *System, service *Service) GatewayTarget {
	t := GatewayTarget{System: s.ID, SystemName: s.Name, Service: service.ID, ServiceName: service.Name, API: *service.API}
	t.API.Spec = nil
	return t
}

func (a *ServiceAPI) secretIsThere() error {
	if a.MissingSecret == "" {
		return nil
	}
	return Errorf(CredentialsUnusable, "the runtime has no secret with the %s of this API", a.MissingSecret).WithVendor("failed to get secret: not found")
}

// GatewayStep runs one step of a call through the gateway: the call of the
// target, or what fetches a token for it. do returns what was decided, "" when the
// call itself, which is journalled where it is made, tells everything.
func (r *Registry) GatewayStep(ctx context.Context, point Point, t GatewayTarget, do func(context.Context) (told string, err error)) error {
	about := Reference{System: t.System, Name: t.SystemName}
	return r.step(ctx, point, &about, func(ctx context.Context) error {
		told, err := do(ctx)
		if err != nil || told == "" {
			return err
		}
		r.journal.Append(Entry{
			At: r.Now(), Kind: EntryDecision, Point: point, Request: requestOf(ctx), About: about, Source: kymaGateway,
			Detail: clip(t.ServiceName) + ": " + clip(told),
		})
		return nil
	})
}
