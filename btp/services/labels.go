package services

import (
	"context"
	"slices"

	"github.com/pairsim/pairsim/btp"
)

// LabelChange adds values to a label, or removes them; without values it removes the label.
type LabelChange struct {
	Remove bool
	Key    string
	Values []string
}

// Relabel changes the labels of an instance: they are the platform's, and the one thing
// about it that changes (service-apis §3).
func (e *Engine) Relabel(ctx context.Context, id string, changes []LabelChange) (v InstanceView, err error) {
	about := btp.Reference{Instance: id}
	err = e.registry.Change(ctx, btp.PointInstanceUpdate, &about, func(s *btp.Step) error {
		i, err := findInstance(s, id)
		if err != nil {
			return err
		}
		about = i.reference()
		if i.Operation.State == InProgress {
			return inProgress(&i)
		}
		if i.Labels == nil {
			i.Labels = map[string][]string{}
		}
		for _, c := range changes {
			present := i.Labels[c.Key]
			switch {
			case !c.Remove:
				for _, value := range c.Values {
					if !slices.Contains(present, value) {
						present = append(present, value)
					}
				}
			case len(c.Values) == 0:
				present = nil
			default:
				present = slices.DeleteFunc(present, func(value string) bool { return slices.Contains(c.Values, value) })
			}
			if i.Labels[c.Key] = present; len(present) == 0 {
				delete(i.Labels, c.Key)
			}
		}
		if err := checkLabels(i.Labels); err != nil {
			return err
		}
		i.UpdatedAt = s.Now()
		if err := put(s, &i); err != nil {
			return err
		}
		v, err = viewOf(s, i)
		return err
	})
	return v, err
}
