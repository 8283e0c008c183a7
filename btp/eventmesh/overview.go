package eventmesh

import (
	"context"

	"github.com/pairsim/pairsim/btp"
)

// Overview is what is on a subaccount's event bus.
type Overview struct {
	Clients  []Client
	Queues   []Queue
	Webhooks []Webhook // without credentials
}

// Overview shows the event bus of a subaccount, each kind in the order of creation. It
// refuses with SubaccountNotFound.
func (b *Bus) Overview(ctx context.Context, subaccount btp.SubaccountID) (o Overview, err error) {
	err = b.Registry.Look(ctx, btp.PointBusShow, btp.Reference{}, func(s *btp.Step) error {
		o = Overview{}
		sub, err := s.Subaccount(subaccount)
		if err != nil {
			return err
		}
		clients, err := clientsOf(s, sub.ID)
		if err != nil {
			return err
		}
		for _, c := range clients {
			o.Clients = append(o.Clients, c.Client)
		}
		if o.Queues, err = queuesOf(s, sub.ID); err != nil {
			return err
		}
		o.Webhooks, err = webhooksOf(s, btp.ObjectFilter{Scope: string(sub.ID)})
		for i := range o.Webhooks {
			o.Webhooks[i].Security = Security{}
		}
		return err
	})
	return o, err
}

// Messages lists a page of what is in a queue, oldest first and without bodies, and
// whether there is more. It refuses with SubaccountNotFound and QueueNotFound.
func (b *Bus) Messages(ctx context.Context, subaccount btp.SubaccountID, queue string, after uint64, limit int) (page []Message, more bool, err error) {
	err = b.Registry.Look(ctx, btp.PointMessageList, btp.Reference{}, func(s *btp.Step) error {
		page, more = nil, false
		sub, err := s.Subaccount(subaccount)
		if err != nil {
			return err
		}
		q, err := queueNamed(s, sub.ID, queue)
		if err != nil {
			return err
		}
		has := map[string]bool{}
		for _, t := range q.Taken {
			has[t.Message] = t.By != "" || s.Now().Before(t.Until)
		}
		err = each(s, btp.ObjectFilter{Kind: btp.KindMessage, Parent: q.ID, After: after, Limit: limit + 1}, func(o btp.Object) error {
			m, err := messageOf(o)
			m.Taken, m.Size, m.Body = has[m.ID], len(m.Body), nil
			page = append(page, m)
			return err
		})
		if len(page) > limit {
			page, more = page[:limit], true
		}
		return err
	})
	return page, more, err
}
