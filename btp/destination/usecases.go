package destination

import (
	"context"
	"encoding/json"

	"github.com/pairsim/pairsim/btp"
)

// UseCases are what operators and applications do with destinations, each as a step
// of a flow.
type UseCases struct{ Registry *btp.Registry }

// List lists the destinations of a level; instance "" is subaccount level.
func (u UseCases) List(ctx context.Context, subaccount btp.SubaccountID, instance string) (list []Destination, err error) {
	err = u.Registry.Look(ctx, btp.PointDestinationList, btp.Reference{}, func(s *btp.Step) (err error) {
		list, err = List(s, subaccount, instance)
		return err
	})
	return list, err
}

// Show finds a destination of a level. It refuses with DestinationNotFound.
func (u UseCases) Show(ctx context.Context, subaccount btp.SubaccountID, instance, name string) (d Destination, err error) {
	err = u.Registry.Look(ctx, btp.PointDestinationShow, btp.Reference{}, func(s *btp.Step) (err error) {
		if _, err = s.Subaccount(subaccount); err == nil {
			d, err = Find(s, subaccount, instance, name)
		}
		return err
	})
	return d, err
}

// Put makes or changes destinations, all or none, as Put does. existing refuses with
// DestinationNotFound one that is not there yet.
func (u UseCases) Put(ctx context.Context, existing bool, all ...Destination) error {
	var about btp.Reference
	return u.Registry.Change(ctx, btp.PointDestinationPut, &about, func(s *btp.Step) error {
		for _, d := range all {
			if existing {
				if err := Check(d); err != nil {
					return err
				}
				if _, err := Find(s, d.Subaccount, d.Instance, d.Name); err != nil {
					return err
				}
			}
			if err := Put(s, d); err != nil {
				return err
			}
		}
		return nil
	})
}

// Remove deletes a destination of a level. It refuses with DestinationNotFound.
func (u UseCases) Remove(ctx context.Context, subaccount btp.SubaccountID, instance, name string) error {
	var about btp.Reference
	return u.Registry.Change(ctx, btp.PointDestinationDelete, &about, func(s *btp.Step) error {
		if _, err := s.Subaccount(subaccount); err != nil {
			return err
		}
		return RemoveFrom(s, subaccount, instance, name)
	})
}

// Trust is TrustOf for somebody who downloads the certificate.
func (u UseCases) Trust(ctx context.Context, subaccount btp.SubaccountID) (t Trust, err error) {
	var about btp.Reference
	err = u.Registry.At(ctx, btp.PointTrust, &about, func(ctx context.Context) (err error) {
		t, err = TrustOf(ctx, u.Registry, subaccount)
		return err
	})
	return t, err
}

// Files lists the certificate files of a level.
func (u UseCases) Files(ctx context.Context, subaccount btp.SubaccountID, instance string) (list []File, err error) {
	err = u.Registry.Look(ctx, btp.PointCertificateFile, btp.Reference{}, func(s *btp.Step) (err error) {
		list, err = ListFiles(s, subaccount, instance)
		return err
	})
	return list, err
}

// File finds a certificate file of a level. It refuses with CertificateFileNotFound.
func (u UseCases) File(ctx context.Context, subaccount btp.SubaccountID, instance, name string) (f File, err error) {
	err = u.Registry.Look(ctx, btp.PointCertificateFile, btp.Reference{}, func(s *btp.Step) (err error) {
		f, err = FindFile(s, subaccount, instance, name)
		return err
	})
	return f, err
}

// PutFiles makes or changes certificate files, all or none, as PutFile does.
func (u UseCases) PutFiles(ctx context.Context, all ...File) error {
	var about btp.Reference
	return u.Registry.Change(ctx, btp.PointCertificateFile, &about, func(s *btp.Step) error {
		for _, f := range all {
			if err := PutFile(s, f); err != nil {
				return err
			}
		}
		return nil
	})
}

// RemoveFile deletes a certificate file of a level. It refuses with CertificateFileNotFound.
func (u UseCases) RemoveFile(ctx context.Context, subaccount btp.SubaccountID, instance, name string) error {
	var about btp.Reference
	return u.Registry.Change(ctx, btp.PointCertificateFile, &about, func(s *btp.Step) error {
		return RemoveFile(s, subaccount, instance, name)
	})
}

// Declared is a destination as a landscape declares it: with all properties of the
// destination service, Name among them.
type Declared struct {
	Subaccount btp.SubaccountID  `json:"subaccount"`
	Properties map[string]string `json:"properties"`
}

// Of is a destination of flat properties, as the service's clients send them.
func Of(subaccount btp.SubaccountID, instance string, flat map[string]string) Destination {
	return Destination{Subaccount: subaccount, Instance: instance, Name: flat[Name], Properties: flat}
}

// Declare makes a destination of a landscape; the document is a Declared.
func Declare(s *btp.Step, document json.RawMessage) error {
	var declared Declared
	if err := json.Unmarshal(document, &declared); err != nil {
		return btp.Errorf(btp.InvalidRequest, "a destination cannot be read")
	}
	d := Of(declared.Subaccount, "", declared.Properties)
	d.New = true
	return Put(s, d)
}
