package sqlstore

import (
	"database/sql/driver"
	"encoding/json"

	"github.com/pairsim/pairsim/btp"
)

type services struct{ *tx }

const (
	serviceSelect  = `SELECT body, api_spec, events_spec, documentation FROM services`
	serviceColumns = serviceSelect + ` WHERE env = ? AND system = ?`
)

// readService puts the documents, which are kept byte for byte, back into the rest.
func readService(r Row) (s btp.Service, err error) {
	if err = json.Unmarshal([]byte(r.Text(0)), &s); err != nil {
		return s, err
	}
	if s.API != nil {
		s.API.Spec = r.Bytes(1)
	}
	if s.Events != nil {
		s.Events.Spec = r.Bytes(2)
	}
	s.Documentation = r.Bytes(3)
	return s, nil
}

func (t services) find(query string, args ...driver.Value) (s btp.Service, ok bool, err error) {
	ok, err = t.one(query, func(r Row) (err error) {
		s, err = readService(r)
		return err
	}, args...)
	return s, ok, err
}

func (t services) Find(system btp.SystemID, id btp.ServiceID) (btp.Service, bool, error) {
	return t.find(serviceColumns+` AND id = ?`, t.env, string(system), string(id))
}

func (t services) FindByIdentifier(system btp.SystemID, identifier string) (btp.Service, bool, error) {
	return t.find(serviceColumns+` AND identifier = ? AND identifier <> '' ORDER BY sequence LIMIT 1`, t.env, string(system), identifier)
}

func (t services) ListOf(system btp.SystemID) (list []btp.Service, err error) {
	err = t.query(serviceColumns+` ORDER BY sequence, id`, func(r Row) error {
		s, err := readService(r)
		list = append(list, s)
		return err
	}, t.env, string(system))
	return list, err
}

func (t services) Count(system btp.SystemID) (n int, err error) {
	_, err = t.one(`SELECT count(*) FROM services WHERE env = ? AND system = ?`, func(r Row) error {
		n = int(r.Number(0))
		return nil
	}, t.env, string(system))
	return n, err
}

var serviceTable = tableOf("services", "env, system, id", "sequence, identifier, updated_at, body, api_spec, events_spec, documentation")

func (t services) Put(s btp.Service) error {
	rest := s
	var apiSpec, eventsSpec []byte
	if s.API != nil {
		api := *s.API
		apiSpec, api.Spec = api.Spec, nil
		rest.API = &api
	}
	if s.Events != nil {
		eventsSpec, rest.Events = s.Events.Spec, &btp.ServiceEvents{}
	}
	rest.Documentation = nil
	body, err := json.Marshal(rest)
	if err != nil {
		return err
	}
	return t.put(serviceTable, t.env, string(s.System), string(s.ID), int64(s.Sequence), s.Identifier, s.UpdatedAt, string(body), apiSpec, eventsSpec,
		[]byte(s.Documentation))
}

func (t services) Delete(system btp.SystemID, id btp.ServiceID) error {
	return t.write(`DELETE FROM services WHERE env = ? AND system = ? AND id = ?`, t.env, string(system), string(id))
}
