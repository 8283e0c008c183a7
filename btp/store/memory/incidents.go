package memory

import (
	"fmt"

	"github.com/pairsim/pairsim/btp"
)

// incidentList names an ordered list of incidents: all, those of a global
// account, or those about a subject; of each, all or the open ones.
type incidentList struct {
	ga      btp.GlobalAccountID
	subject string
	open    bool
}

// listsOfIncident are the lists that an incident stands in.
func listsOfIncident(i *btp.Incident) []incidentList {
	lists := []incidentList{{}, {ga: i.GlobalAccount}, {subject: i.Subject.ID}}
	if i.Open() {
		lists = append(lists,
			incidentList{open: true}, incidentList{ga: i.GlobalAccount, open: true}, incidentList{subject: i.Subject.ID, open: true})
	}
	return lists
}

type incidents struct{ *tx }

func (t incidents) Get(id btp.IncidentID) (btp.Incident, error) {
	if i, ok := t.state.incidents[id]; ok {
		return *i, nil
	}
	return btp.Incident{}, btp.Errorf(btp.IncidentNotFound, "there is no incident %.40q", id)
}

func (t incidents) List(f btp.IncidentFilter) ([]btp.Incident, error) {
	selected := func(i *btp.Incident) bool { return f.GlobalAccount == "" || i.GlobalAccount == f.GlobalAccount }
	along := incidentList{subject: f.Subject, open: f.OpenOnly}
	if f.Subject == "" {
		along.ga = f.GlobalAccount
	}
	return page(t.incidentLists, along, f.After, f.Limit, selected, copyOf), nil
}

func (t incidents) Put(i btp.Incident) error {
	if other, ok := t.incidentLists.at(incidentList{}, i.Sequence); ok && other.ID != i.ID {
		return fmt.Errorf("memory store: incidents %s and %s have the same sequence %d", other.ID, i.ID, i.Sequence)
	}
	return swap(t.tx, (*state).replaceIncident, t.state.incidents[i.ID], &i)
}

func (t incidents) Delete(id btp.IncidentID) error {
	return swap(t.tx, (*state).replaceIncident, t.state.incidents[id], nil)
}

func (s *state) replaceIncident(old, now *btp.Incident) {
	if old != nil {
		delete(s.incidents, old.ID)
		for _, l := range listsOfIncident(old) {
			s.incidentLists.remove(l, old.Sequence)
		}
	}
	if now != nil {
		s.incidents[now.ID] = now
		for _, l := range listsOfIncident(now) {
			s.incidentLists.add(l, now.Sequence, now)
		}
	}
}
