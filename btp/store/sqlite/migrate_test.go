package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/store/storetest"
)

// rowsOfVersion1 is what the first version of the store kept of a registered
// system, a subaccount and due work.
const rowsOfVersion1 = `
INSERT INTO environments VALUES ('default', 'uuid', 'v1', 7, 3, 1, 5, 6, 'k1', 'ES256');
INSERT INTO global_accounts VALUES ('default', 'ga', 'GA', 'sub');
INSERT INTO subaccounts VALUES ('default', 'dev', 'ga', 'Dev', 'dev', 'eu10', 'cloudFoundry,kyma');
INSERT INTO systems VALUES ('default', 'ga', 1, 's1', 'Shop', 'SAP Commerce Cloud', 'mp-shop', 'registered', NULL, '{"tenantId":"t"}', 1, 2, 3);
INSERT INTO systems VALUES ('default', 'ga', 2, 's2', 'Field', 'SAP Field Service Management', 'mp-field', 'pending', NULL, NULL, 1, 2, NULL);
INSERT INTO due VALUES ('default', 'token expiry', 'late', 20, 1);
INSERT INTO due VALUES ('default', 'token expiry', 'second', 10, 2);
INSERT INTO due VALUES ('default', 'token expiry', 'first', 10, 1);`

// versionOne makes a file as the first version of the store left it.
func versionOne(t *testing.T, path, rows string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	p, err := migrator(db)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.UpTo(context.Background(), 1); err != nil {
		t.Fatal(err)
	}
	if _, err := db.Exec(rows); err != nil {
		t.Fatal(err)
	}
}

// A file of version 1 is upgraded when it is opened: it keeps its rows, with
// nothing in what is new, and takes everything that is new.
func TestUpgrade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store.db")
	versionOne(t, path, rowsOfVersion1)
	for _, opening := range []string{"upgrading", "after the upgrade"} {
		s, err := Open(context.Background(), path)
		if err != nil {
			t.Fatalf("Open, %s: %v", opening, err)
		}
		err = s.View(context.Background(), "default", func(tx btp.Tx) error {
			checkRowsOfVersion1(t, opening, tx)
			return nil
		})
		if err != nil {
			t.Errorf("View, %s: %v", opening, err)
		}
		if err := s.Update(context.Background(), "default", useWhatIsNew); !errors.Is(err, errRollback) {
			t.Errorf("Update, %s: %v", opening, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("Close, %s: %v", opening, err)
		}
	}
}

func checkRowsOfVersion1(t *testing.T, opening string, tx btp.Tx) {
	t.Helper()
	at := func(n int64) time.Time { return time.Unix(0, n).UTC() }
	check := func(what string, got, want any, err error) {
		t.Helper()
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s, %s: got %+v, %v, want %+v", what, opening, got, err, want)
		}
	}
	systems, err := tx.Systems().List(btp.SystemFilter{GlobalAccount: "ga"})
	check("systems", systems, []btp.System{
		{
			ID: "s1", GlobalAccount: "ga", Name: "Shop", Type: "SAP Commerce Cloud", ApplicationName: "mp-shop", Status: "registered",
			Tenant: &btp.Descriptor{TenantID: "t"}, Sequence: 1, CreatedAt: at(1), UpdatedAt: at(2), RegisteredAt: at(3),
		},
		{
			ID: "s2", GlobalAccount: "ga", Name: "Field", Type: "SAP Field Service Management", ApplicationName: "mp-field",
			Status: "pending", Sequence: 2, CreatedAt: at(1), UpdatedAt: at(2),
		},
	}, err)
	sub, err := tx.Accounts().Sub("dev")
	check("subaccount", sub, btp.Subaccount{
		ID: "dev", GlobalAccount: "ga", DisplayName: "Dev", Subdomain: "dev", Region: "eu10",
		Environments: []btp.RuntimeEnvironment{btp.CloudFoundry, btp.Kyma},
	}, err)
	free, _, err := tx.Due().NextFree(at(10), at(1))
	check("due work", free, btp.Due{At: at(10), Kind: "token expiry", Subject: "first"}, err)
	formations, err := tx.Formations().List(btp.FormationFilter{})
	check("formations", len(formations), 0, err)
}

var errRollback = errors.New("roll back")

// useWhatIsNew writes into every new table and column, and takes it back.
func useWhatIsNew(tx btp.Tx) error {
	if err := storetest.LifeStatements(tx); err != nil {
		return err
	}
	s, err := tx.Systems().Get("s1")
	s.FormerTenant, s.ExtensionDeleted = "t", true
	if err := errors.Join(err, tx.Systems().Put(s)); err != nil {
		return err
	}
	got, err1 := tx.Systems().Get("s1")
	sub, err2 := tx.Accounts().Sub("dev")
	sub.Version = 7
	err3 := tx.Accounts().PutSub(sub)
	again, err4 := tx.Accounts().Sub("dev")
	// A claim keeps the place of a row that was put before there were claims.
	now := time.Unix(0, 10)
	if err := tx.Environment().PutTerms(btp.Terms{CreatedAt: now}); err != nil {
		return err
	}
	err5 := tx.Due().Claim("token expiry", "first", now.Add(1))
	d, _, err6 := tx.Due().NextFree(now, now)
	next, _, err7 := tx.Due().NextFree(now, now.Add(1))
	if err := errors.Join(err1, err2, err3, err4, err5, err6, err7); err != nil {
		return err
	}
	if got.FormerTenant != "t" || !got.ExtensionDeleted || again.Version != 7 || d.Subject != "second" || next.Subject != "first" {
		return errors.New("what is new was not kept")
	}
	return errRollback
}
