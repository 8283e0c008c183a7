package tenant

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/internal/publicurl"
)

// registerCommunication mounts Communication Management, for administrators, and
// what the registry calls (docs/wire.md, Communication arrangements).
func (s server) registerCommunication(g *gin.RouterGroup) {
	g.PUT("/callback/communicationArrangements/:instance", s.on(putArrangement))
	g.DELETE("/callback/communicationArrangements/:instance", s.on(deleteArrangement))

	g.GET("/communicationScenarios", s.on(listScenarios))
	g.POST("/communicationScenarios", s.on(addScenario))
	g.GET("/communicationScenarios/:scenario", s.on(showScenario))
	g.POST("/communicationScenarios/:scenario/enablement", s.on(switchScenario(true)))
	g.POST("/communicationScenarios/:scenario/disablement", s.on(switchScenario(false)))
	g.GET("/communicationArrangements", s.on(listArrangements))
	g.GET("/communicationArrangements/:arrangement", s.on(showArrangement))
	g.GET("/communicationArrangements/:arrangement/topics", s.on(listTopics))
	g.POST("/communicationArrangements/:arrangement/topics", s.on(bindTopic))
	g.DELETE("/communicationArrangements/:arrangement/topics", s.on(unbindTopic))
	g.GET("/outboundLog", s.on(outboundLog))
	g.GET("/users", s.on(listUsers))
	g.PUT("/users", s.on(setUsers))
}

// byRegistry checks that the registry calls, about a system: by what it signed and,
// over TLS, by its client certificate.
func byRegistry(c *gin.Context, t *Tenant, jws, system string) error {
	err := t.calledAboutArrangements(c.Request.Context(), jws, system)
	if err == nil && c.Request.TLS != nil {
		err = t.trusts(c.Request.TLS.PeerCertificates, system)
	}
	if r := refuse(internal, ""); errors.As(err, &r) && r.Code == noticeInvalid {
		c.Header("WWW-Authenticate", `Bearer error="invalid_token"`) // RFC 6750 §3
	}
	return err
}

func putArrangement(c *gin.Context, t *Tenant) error {
	jws, err := bearer(c.GetHeader("Authorization"))
	if err != nil {
		c.Header("WWW-Authenticate", "Bearer")
		return err
	}
	var w wantedArrangement
	if err := decode(c, &w); err != nil {
		return err
	}
	if err := byRegistry(c, t, jws, w.SystemID); err != nil {
		return err
	}
	made, created, err := t.makeArrangement(c.Request.Context(), c.Param("instance"), w)
	if err != nil {
		return err
	}
	status := http.StatusOK
	if created {
		status = http.StatusCreated
	}
	c.Header("Cache-Control", "no-store")
	c.JSON(status, made)
	return nil
}

func deleteArrangement(c *gin.Context, t *Tenant) error {
	jws, err := bearer(c.GetHeader("Authorization"))
	if err != nil {
		c.Header("WWW-Authenticate", "Bearer")
		return err
	}
	var body struct {
		SystemID string `json:"systemId"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if body.SystemID == "" || len(body.SystemID) > maxSystemID {
		return refuse(invalidRequest, "systemId: has 1 to %d bytes", maxSystemID)
	}
	if err := byRegistry(c, t, jws, body.SystemID); err != nil {
		return err
	}
	if err := t.dropArrangement(c.Request.Context(), c.Param("instance"), body.SystemID); err != nil {
		return err
	}
	c.Status(http.StatusNoContent)
	return nil
}

func listScenarios(c *gin.Context, t *Tenant) error {
	c.JSON(http.StatusOK, gin.H{"items": describeScenarios(t.Scenarios())})
	return nil
}

// describeScenarios makes lists of what is none, for readers.
func describeScenarios(list []ScenarioState) []ScenarioState {
	for i := range list {
		s := &list[i]
		s.Inbound, s.Outbound = append([]Authentication{}, s.Inbound...), append([]Authentication{}, s.Outbound...)
		s.InboundServices = append([]InboundService{}, s.InboundServices...)
		s.OutboundServices = append([]OutboundService{}, s.OutboundServices...)
	}
	return list
}

func showScenario(c *gin.Context, t *Tenant) error {
	list := describeScenarios(t.Scenarios())
	at := slices.IndexFunc(list, func(s ScenarioState) bool { return s.ID == c.Param("scenario") })
	if at < 0 {
		return refuse(scenarioNotFound, "tenant %s has no communication scenario %q", t.cfg.ID, clip(c.Param("scenario"), 60))
	}
	c.JSON(http.StatusOK, list[at])
	return nil
}

func addScenario(c *gin.Context, t *Tenant) error {
	var s Scenario
	if err := decode(c, &s); err != nil {
		return err
	}
	added, err := t.AddScenario(c.Request.Context(), s)
	if err != nil {
		return err
	}
	c.Header("Location", publicurl.Path(c.Request, "/tenants/"+t.cfg.ID+"/communicationScenarios/"+added.ID))
	c.JSON(http.StatusCreated, describeScenarios([]ScenarioState{added})[0])
	return nil
}

func switchScenario(enabled bool) func(*gin.Context, *Tenant) error {
	return func(c *gin.Context, t *Tenant) error {
		s, err := t.SwitchScenario(c.Request.Context(), c.Param("scenario"), enabled)
		if err != nil {
			return err
		}
		c.JSON(http.StatusOK, describeScenarios([]ScenarioState{s})[0])
		return nil
	}
}

// arrangementAnswer is an arrangement as its administrator sees it, without secrets.
type arrangementAnswer struct {
	ID               string            `json:"id"`
	Name             string            `json:"name"`
	InstanceID       string            `json:"instanceId"`
	InstanceName     string            `json:"instanceName"`
	SystemID         string            `json:"systemId"`
	ScenarioID       string            `json:"scenarioId"`
	CreatedAt        time.Time         `json:"createdAt"`
	InUse            bool              `json:"inUse"` // false while the extension is disabled
	Inbound          Authentication    `json:"inboundAuthentication,omitempty"`
	Outbound         Authentication    `json:"outboundAuthentication,omitempty"`
	User             string            `json:"communicationUser,omitempty"`
	System           *systemAnswer     `json:"communicationSystem,omitempty"`
	InboundServices  []inboundOfTenant `json:"inboundServices"`
	OutboundServices []serviceAnswer   `json:"outboundServices"`
	Attributes       []attribute       `json:"attributes"`
	Topics           []string          `json:"topics,omitempty"`
	Waiting          int               `json:"waiting"` // deliveries that are not at their end
}

type systemAnswer struct {
	URL           string `json:"url"`
	TokenEndpoint string `json:"oAuthTokenEndpoint,omitempty"`
	User          string `json:"outboundCommunicationUser,omitempty"`
}

type serviceAnswer struct {
	ID     string `json:"id"`
	Name   string `json:"name"`
	Active bool   `json:"isServiceActive"`
	Path   string `json:"urlPath,omitempty"`
}

// describeArrangement is what may be shown of a. The caller holds t.mu.
func (t *Tenant) describeArrangement(a *arrangement) arrangementAnswer {
	spec := &a.Wanted.Arrangement
	answer := arrangementAnswer{
		ID: a.ID, Name: spec.Name, InstanceID: a.Instance, InstanceName: a.Wanted.InstanceName, SystemID: a.Wanted.SystemID,
		ScenarioID: spec.ScenarioID, CreatedAt: a.CreatedAt, InUse: t.working(a), Inbound: spec.Inbound, Outbound: spec.Outbound,
		User: a.User, InboundServices: []inboundOfTenant{}, OutboundServices: []serviceAnswer{},
		Attributes: append([]attribute{}, spec.Attributes...), Topics: slices.Clone(a.Topics),
	}
	if a.User != "" {
		answer.InboundServices = t.inboundServices(a)
	}
	if spec.System != nil {
		answer.System = &systemAnswer{URL: spec.System.base(spec.Outbound).String(), TokenEndpoint: spec.System.TokenEndpoint}
		if spec.System.User != nil {
			answer.System.User = spec.System.User.Username
		}
	}
	if s, there := t.scenario(spec.ScenarioID); there {
		active := spec.activeServices(s.Scenario)
		for _, o := range s.OutboundServices {
			at := slices.IndexFunc(active, func(a activeService) bool { return a.ID == o.ID })
			one := serviceAnswer{ID: o.ID, Name: o.Name, Active: at >= 0}
			if at >= 0 {
				one.Path = active[at].path
			}
			answer.OutboundServices = append(answer.OutboundServices, one)
		}
	}
	for _, d := range t.state.Communication.Pending {
		if d.Arrangement == a.ID {
			answer.Waiting++
		}
	}
	return answer
}

func listArrangements(c *gin.Context, t *Tenant) error {
	t.mu.Lock()
	list := t.state.Communication.Arrangements
	items := make([]arrangementAnswer, len(list))
	for i := range list {
		items[i] = t.describeArrangement(&list[i])
	}
	t.mu.Unlock()
	c.JSON(http.StatusOK, gin.H{"items": items})
	return nil
}

func showArrangement(c *gin.Context, t *Tenant) error {
	answer, err := t.arrangementAnswer(c.Param("arrangement"))
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, answer) // without t.mu: who reads slowly holds up nobody
	return nil
}

func (t *Tenant) arrangementAnswer(id string) (arrangementAnswer, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a := t.arrangementBy(func(a *arrangement) bool { return a.ID == id })
	if a == nil {
		return arrangementAnswer{}, refuse(arrangementNotFound, "tenant %s has no communication arrangement %q", t.cfg.ID, clip(id, 40))
	}
	return t.describeArrangement(a), nil
}

func listTopics(c *gin.Context, t *Tenant) error {
	topics, err := t.Topics(c.Param("arrangement"))
	return writeTopics(c, topics, err)
}

func writeTopics(c *gin.Context, topics []string, err error) error {
	if err == nil {
		c.JSON(http.StatusOK, gin.H{"items": topics})
	}
	return err
}

func bindTopic(c *gin.Context, t *Tenant) error {
	var body struct {
		Topic string `json:"topic"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	topics, err := t.BindTopic(c.Request.Context(), c.Param("arrangement"), body.Topic)
	return writeTopics(c, topics, err)
}

// unbindTopic has the topic in the query: it has slashes, and a body of a DELETE is
// lost by some.
func unbindTopic(c *gin.Context, t *Tenant) error {
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if named := query["topic"]; err != nil || len(query) != 1 || len(named) != 1 || named[0] == "" {
		return refuse(invalidRequest, "topic: the query names one topic, escaped, and nothing else")
	}
	topics, err := t.UnbindTopic(c.Request.Context(), c.Param("arrangement"), query.Get("topic"))
	return writeTopics(c, topics, err)
}

func outboundLog(c *gin.Context, t *Tenant) error {
	c.JSON(http.StatusOK, gin.H{"items": append([]LogEntry{}, t.OutboundLog()...)})
	return nil
}

func listUsers(c *gin.Context, t *Tenant) error {
	t.mu.Lock()
	users := append([]string{}, t.state.Communication.Users...)
	t.mu.Unlock()
	c.JSON(http.StatusOK, gin.H{"items": users})
	return nil
}

// setUsers replaces the business users; none at all: every e-mail address is one. So a
// list that was left out is none that is empty.
func setUsers(c *gin.Context, t *Tenant) error {
	if t.cfg.Product.Communication == nil {
		return t.noArrangements()
	}
	var body struct {
		Items []string `json:"items"`
	}
	if err := decode(c, &body); err != nil {
		return err
	}
	if body.Items == nil {
		return refuse(invalidRequest, "items: is required; an empty list lets every e-mail address be a business user")
	}
	if err := CheckUsers(body.Items); err != nil {
		return refuse(invalidRequest, "%s", err.Error())
	}
	err := t.amend(c.Request.Context(), func(next *communication) error {
		next.Users = slices.Clone(body.Items)
		return nil
	})
	if err != nil {
		return err
	}
	c.JSON(http.StatusOK, gin.H{"items": append([]string{}, body.Items...)})
	return nil
}
