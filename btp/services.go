package btp

import (
	"context"
	"maps"
)

// MaxServices is the most services of one system.
const MaxServices = 500

// Services lists what the caller registered.
func (r *Registry) Services(ctx context.Context, c Caller) (list []Service, err error) {
	about := c.reference()
	err = r.step(ctx, PointServiceList, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) (err error) {
			list, err = u.Services().ListOf(c.System.ID)
			return err
		})
	})
	return list, err
}

// Service returns one service of the caller.
func (r *Registry) Service(ctx context.Context, c Caller, id ServiceID) (s Service, err error) {
	about := c.reference()
	err = r.step(ctx, PointServiceGet, &about, func(ctx context.Context) error {
		return r.view(ctx, func(u *unit) (err error) {
			s, err = u.serviceOf(c, id)
			return err
		})
	})
	return s, err
}

func (u *unit) serviceOf(c Caller, id ServiceID) (Service, error) {
	s, ok, err := u.Services().Find(c.System.ID, id)
	if err == nil && !ok {
		err = Errorf(ServiceNotFound, "the system has no service %q", clip(string(id))).
			WithVendor("Service with ID " + clip(string(id)) + " not found")
	}
	return s, err
}

// CreateService registers a service; its document has been checked by the wire.
// An identifier that the system uses already is refused with ServiceIdentifierTaken.
func (r *Registry) CreateService(ctx context.Context, c Caller, s Service) (Service, error) {
	about := c.reference()
	err := r.step(ctx, PointServiceCreate, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			if _, err := u.callerBy(c.Certificate.Serial); err != nil {
				return err
			}
			present, err := u.Services().Count(c.System.ID)
			if err != nil {
				return err
			}
			if present >= MaxServices {
				return Errorf(ServiceLimit, "a system has at most %d services", MaxServices)
			}
			if s.Identifier != "" {
				if _, taken, err := u.Services().FindByIdentifier(c.System.ID, s.Identifier); err != nil {
					return err
				} else if taken {
					return Errorf(ServiceIdentifierTaken, "the system has a service with identifier %q already", clip(s.Identifier)).
						WithVendor("Service with Identifier " + clip(s.Identifier) + " already exists")
				}
			}
			u.env.Sequence++
			s.Sequence = u.env.Sequence
			s.ID = ServiceID(u.env.newID())
			return u.keepService(PointServiceCreate, c, &s)
		})
	})
	return s, err
}

// UpdateService replaces a service; id and identifier stay (pairing-protocols §3.2).
func (r *Registry) UpdateService(ctx context.Context, c Caller, id ServiceID, s Service) (Service, error) {
	about := c.reference()
	err := r.step(ctx, PointServiceUpdate, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			if _, err := u.callerBy(c.Certificate.Serial); err != nil {
				return err
			}
			present, err := u.serviceOf(c, id)
			if err != nil {
				return err
			}
			s.ID, s.Sequence, s.Identifier = present.ID, present.Sequence, present.Identifier
			keepGeneratedCertificate(&s, present)
			return u.keepService(PointServiceUpdate, c, &s)
		})
	})
	return s, err
}

// keepGeneratedCertificate: updating with the same CN keeps it (pairing-protocols §3.3).
func keepGeneratedCertificate(s *Service, present Service) {
	if s.API == nil || s.API.Credentials == nil || s.API.Credentials.CertificateGen == nil ||
		present.API == nil || present.API.Credentials == nil || present.API.Credentials.CertificateGen == nil {
		return
	}
	now, before := s.API.Credentials.CertificateGen, present.API.Credentials.CertificateGen
	if now.CommonName == before.CommonName {
		now.CertificatePEM, now.PrivateKeyPEM = before.CertificatePEM, before.PrivateKeyPEM
	}
}

func (u *unit) keepService(point Point, c Caller, s *Service) error {
	s.System, s.UpdatedAt = c.System.ID, u.now
	s.Labels = maps.Clone(s.Labels) // a declared one may be stored more than once
	if s.Labels == nil {
		s.Labels = map[string]string{}
	}
	s.Labels["connected-app"] = c.System.ApplicationName // always forced (pairing-protocols §3.2)
	u.record(EntryDecision, point, &c.System, "", "Kyma Application Registry", s.Name)
	return u.Services().Put(*s)
}

// DeleteService removes a service; one that is not there counts as removed (pairing-protocols §3.1).
func (r *Registry) DeleteService(ctx context.Context, c Caller, id ServiceID) error {
	about := c.reference()
	return r.step(ctx, PointServiceDelete, &about, func(ctx context.Context) error {
		return r.update(ctx, func(u *unit) error {
			if _, err := u.callerBy(c.Certificate.Serial); err != nil {
				return err
			}
			s, ok, err := u.Services().Find(c.System.ID, id)
			if err != nil || !ok {
				return err
			}
			u.record(EntryDecision, PointServiceDelete, &c.System, "", "Kyma Application Registry", s.Name)
			return u.Services().Delete(c.System.ID, id)
		})
	})
}

// Visit is a request that only reads what its caller knows already, such as its URLs.
func (r *Registry) Visit(ctx context.Context, point Point, c Caller) error {
	about := c.reference()
	return r.step(ctx, point, &about, func(context.Context) error { return nil })
}
