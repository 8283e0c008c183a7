package httpapi

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/internal/publicurl"
)

type globalAccount struct {
	ID          string `json:"id"`
	DisplayName string `json:"displayName"`
	Subdomain   string `json:"subdomain"`
}

func globalAccountOf(a btp.GlobalAccount) globalAccount {
	return globalAccount{ID: string(a.ID), DisplayName: a.DisplayName, Subdomain: a.Subdomain}
}

type subaccount struct {
	ID            string                   `json:"id"`
	GlobalAccount string                   `json:"globalAccount"`
	DisplayName   string                   `json:"displayName"`
	Subdomain     string                   `json:"subdomain"`
	Region        string                   `json:"region"`
	Environments  []btp.RuntimeEnvironment `json:"environments"`
}

func subaccountOf(s btp.Subaccount) subaccount {
	return subaccount{
		ID: string(s.ID), GlobalAccount: string(s.GlobalAccount), DisplayName: s.DisplayName, Subdomain: s.Subdomain,
		Region: s.Region, Environments: append([]btp.RuntimeEnvironment{}, s.Environments...),
	}
}

func (s *server) listGlobalAccounts(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.GlobalAccounts(c.Request.Context())
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, globalAccountOf))
}

func (s *server) showGlobalAccount(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	a, err := s.Registry.GlobalAccount(c.Request.Context(), c.Param("ga"))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, globalAccountOf(a))
}

func (s *server) createGlobalAccount(c *gin.Context) error {
	var req struct {
		ID          string `json:"id"`
		DisplayName string `json:"displayName"`
		Subdomain   string `json:"subdomain"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	a, err := s.Registry.CreateGlobalAccount(c.Request.Context(), btp.GlobalAccount{
		ID: btp.GlobalAccountID(req.ID), DisplayName: req.DisplayName, Subdomain: req.Subdomain,
	}, key)
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/globalAccounts/"+string(a.ID)))
	return Respond(c, http.StatusCreated, globalAccountOf(a))
}

func (s *server) listSubaccounts(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	all, err := s.Registry.Subaccounts(c.Request.Context(), c.Param("ga"))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(all, subaccountOf))
}

func (s *server) createSubaccount(c *gin.Context) error {
	var req struct {
		ID           string                   `json:"id"`
		DisplayName  string                   `json:"displayName"`
		Subdomain    string                   `json:"subdomain"`
		Region       string                   `json:"region"`
		Environments []btp.RuntimeEnvironment `json:"environments"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	sub, err := s.Registry.CreateSubaccount(c.Request.Context(), c.Param("ga"), btp.Subaccount{
		ID: btp.SubaccountID(req.ID), DisplayName: req.DisplayName, Subdomain: req.Subdomain,
		Region: req.Region, Environments: req.Environments,
	}, key)
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/api/v1/subaccounts/"+string(sub.ID)))
	return RespondVersion(c, http.StatusCreated, sub.Version, subaccountOf(sub))
}

func (s *server) showSubaccount(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	sub, err := s.Registry.Subaccount(c.Request.Context(), btp.SubaccountID(c.Param("id")))
	if err != nil {
		return err
	}
	return RespondVersion(c, http.StatusOK, sub.Version, subaccountOf(sub))
}

func (s *server) changeSubaccount(c *gin.Context) error {
	var req struct {
		DisplayName  *string                   `json:"displayName"`
		Environments *[]btp.RuntimeEnvironment `json:"environments"`
	}
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	if err := DecodeBody(c, &req); err != nil {
		return err
	}
	if req.DisplayName == nil && req.Environments == nil {
		return btp.Errorf(btp.InvalidRequest, "the body changes nothing; fields are displayName, environments")
	}
	match, err := ifMatch(c)
	if err != nil {
		return err
	}
	sub, err := s.Registry.ChangeSubaccount(c.Request.Context(), btp.SubaccountID(c.Param("id")),
		btp.SubaccountChange{DisplayName: req.DisplayName, Environments: req.Environments}, match)
	if err != nil {
		return err
	}
	return RespondVersion(c, http.StatusOK, sub.Version, subaccountOf(sub))
}

// systemType is a row of the list of types.
type systemType struct {
	Name                 string                   `json:"name"`
	TokenValiditySeconds int64                    `json:"tokenValiditySeconds"`
	PairedByToken        bool                     `json:"pairedByToken"`
	ShowsPresentToken    bool                     `json:"showsPresentToken"`
	Environments         []btp.RuntimeEnvironment `json:"environments"`
	SupportComponent     string                   `json:"supportComponent"`
	// FormationBeforePairing: its systems may join a formation without being registered.
	FormationBeforePairing bool   `json:"formationBeforePairing"`
	Namespace              string `json:"namespace,omitempty"`
	Provider               string `json:"provider,omitempty"`
}

func (s *server) systemTypeOf(t *btp.SystemType) systemType {
	return systemType{
		Name: t.Name, TokenValiditySeconds: int64(s.Registry.TokenValidity(t).Seconds()),
		PairedByToken: t.Has(btp.PairedByToken), ShowsPresentToken: t.Has(btp.ShowsPresentToken),
		Environments: append([]btp.RuntimeEnvironment{}, t.Environments...), SupportComponent: t.Component,
		FormationBeforePairing: t.Has(btp.FormationBeforePairing), Namespace: t.Namespace, Provider: t.Provider,
	}
}

func (s *server) listSystemTypes(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(btp.SystemTypes, s.systemTypeOf))
}

// listAccountSystemTypes has those of third parties too, which are the account's own.
func (s *server) listAccountSystemTypes(c *gin.Context) error {
	if _, err := ReadQuery(c); err != nil {
		return err
	}
	list, err := s.Registry.AccountSystemTypes(c.Request.Context(), c.Param("ga"))
	if err != nil {
		return err
	}
	return Respond(c, http.StatusOK, ListOf(list, s.systemTypeOf))
}

func (s *server) createSystemType(c *gin.Context) error {
	var req struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
		Provider  string `json:"provider"`
	}
	key, err := readCreation(c, &req)
	if err != nil {
		return err
	}
	t, err := s.Registry.CreateSystemType(c.Request.Context(), c.Param("ga"), btp.NewSystemType(req), key)
	if err != nil {
		return err
	}
	return Respond(c, http.StatusCreated, s.systemTypeOf(t))
}
