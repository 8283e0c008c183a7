package eventmesh

import (
	"context"

	"github.com/pairsim/pairsim/btp"
)

// Operate lets an operator act as a message client of a subaccount's bus, as the
// management dashboard of SAP Event Mesh does for a user with its role collections: no
// credentials of a binding are needed (e54e609.md). The client's options and rules hold
// all the same. It refuses with SubaccountNotFound and ServiceInstanceNotFound.
func (b *Bus) Operate(ctx context.Context, subaccount btp.SubaccountID, instance string) (who btp.ServicePrincipal, err error) {
	err = b.Registry.Look(ctx, btp.PointBusShow, btp.Reference{}, func(s *btp.Step) error {
		sub, err := s.Subaccount(subaccount)
		if err != nil {
			return err
		}
		c, ok, err := clientOf(s, instance)
		if err == nil && (!ok || c.Subaccount != sub.ID) {
			err = btp.Errorf(btp.ServiceInstanceNotFound, "the event bus of subaccount %s has no message client of a service instance %q", sub.ID, clip(instance))
		}
		who = btp.ServicePrincipal{ServiceClient: btp.ServiceClient{Instance: c.Instance}}
		return err
	})
	return who, err
}
