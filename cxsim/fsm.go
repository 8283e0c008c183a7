package cxsim

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/pattern"
	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/tenant"
)

// Service calls and activities of SAP Field Service Management in the style of its
// Data API, version 4: each answer a list of data transfer objects, optimistic
// locking by lastChanged. Selection of fields, codes of errors and codes of statuses
// are our own decision. fsm/*.openapi.json describe it.

const (
	serviceCalls = "serviceCalls"
	activities   = "activities"

	callReady     = "-2"
	callCompleted = "-1"
	callClosed    = "-5"

	activityDraft  = "DRAFT"
	activityOpen   = "OPEN"
	activityClosed = "CLOSED"
)

// fsmError is an error of the Data API.
type fsmError struct {
	status   int
	Code     string   `json:"error"`
	Message  string   `json:"message"`
	Values   []string `json:"values"`
	Children []string `json:"children"`
}

func (e *fsmError) Error() string { return e.Message }

func (e *fsmError) write(w http.ResponseWriter) { writeJSON(w, e.status, e) }

func fsmRefuse(status int, code, format string, args ...any) *fsmError {
	return &fsmError{status, code, fmt.Sprintf(format, args...), []string{}, []string{}}
}

func fsmInvalid(format string, args ...any) *fsmError {
	return fsmRefuse(http.StatusBadRequest, "invalid_request", format, args...)
}

type fsmDialect struct{}

func (fsmDialect) refuse(status int, message string) refusal {
	code := map[int]string{http.StatusNotFound: "not_found", http.StatusMethodNotAllowed: "method_not_allowed", http.StatusBadRequest: "invalid_request"}[status]
	if code == "" {
		code = "error"
	}
	return fsmRefuse(status, code, "%s", message)
}

// fsmDenied is the Data API's answer to who has no good access token.
func fsmDenied(w http.ResponseWriter, message string, invalid bool) {
	code := "unauthorized"
	if invalid {
		code = "invalid_token"
	}
	fsmRefuse(http.StatusUnauthorized, code, "%s", message).write(w)
}

// fsmField is a field of an object that clients may set.
type fsmField struct {
	form     string   // text, time or list (of texts)
	values   []string // that it may have; nil: any
	fallback any      // null means this
	required bool
	length   int // of a text, in bytes; 0: 255
}

// fsmObject is a kind of object.
type fsmObject struct {
	name, key, collection, prefix string // ServiceCall, serviceCall, serviceCalls, SC
	fields                        map[string]fsmField
	// complete sets what follows from the fields and checks them together.
	complete func(tx *records.Tx, fields map[string]any) error
	// remove may refuse a deletion.
	remove func(tx *records.Tx, r records.Record) error
}

var callStatuses = map[string]string{callReady: "Ready to plan", callCompleted: "Technically complete", callClosed: "Closed"}

var fsmServiceCall = &fsmObject{
	name: "ServiceCall", key: "serviceCall", collection: serviceCalls, prefix: "SC",
	fields: map[string]fsmField{
		"code": {form: "text"}, "subject": {form: "text", required: true},
		"statusCode": {form: "text", values: []string{callReady, callCompleted, callClosed}, fallback: callReady},
		"priority":   {form: "text", values: []string{"LOW", "MEDIUM", "HIGH"}, fallback: "MEDIUM"},
		"typeCode":   {form: "text"}, "businessPartner": {form: "text"}, "remarks": {form: "text", length: 4000}, "externalId": {form: "text"},
		"startDateTime": {form: "time"}, "endDateTime": {form: "time"},
	},
	complete: func(_ *records.Tx, fields map[string]any) error {
		fields["statusName"] = callStatuses[fmt.Sprint(fields["statusCode"])]
		return nil
	},
	remove: func(tx *records.Tx, r records.Record) error {
		for _, a := range tx.List(activities) {
			if a.Text("serviceCall") == r.ID {
				return fsmRefuse(http.StatusBadRequest, "in_use", "Service call %s has activities", r.Text("code"))
			}
		}
		return nil
	},
}

var stages = map[string]string{activityDraft: "DISPATCHING", activityOpen: "EXECUTION", activityClosed: "CLOSED"}

var fsmActivity = &fsmObject{
	name: "Activity", key: "activity", collection: activities, prefix: "A",
	fields: map[string]fsmField{
		"code": {form: "text"}, "subject": {form: "text", required: true},
		"status":      {form: "text", values: []string{activityDraft, activityOpen, activityClosed}, fallback: activityDraft},
		"type":        {form: "text", values: []string{"ASSIGNMENT", "RESERVATION"}, fallback: "ASSIGNMENT"},
		"serviceCall": {form: "text"}, "responsibles": {form: "list", fallback: []any{}}, "remarks": {form: "text", length: 4000},
		"externalId": {form: "text"}, "startDateTime": {form: "time"}, "endDateTime": {form: "time"},
	},
	complete: func(tx *records.Tx, fields map[string]any) error {
		if id, _ := fields["serviceCall"].(string); id != "" {
			if _, found := tx.Find(serviceCalls, id); !found {
				return fsmInvalid("serviceCall: there is no service call %q", clip(id))
			}
		}
		fields["executionStage"] = stages[fmt.Sprint(fields["status"])]
		return nil
	},
	remove: func(*records.Tx, records.Record) error { return nil },
}

func (o *fsmObject) open(b tenant.Backend) tenant.Responder {
	return &rest{store: b.Store, dialect: fsmDialect{}, routes: []route{
		{"GET", "", o.checked(o.list)},
		{"POST", "", o.checked(o.create)},
		{"GET", "/{id}", o.checked(o.show)},
		{"PATCH", "/{id}", o.checked(o.update)},
		{"PUT", "/{id}", o.checked(o.update)},
		{"DELETE", "/{id}", o.checked(o.delete)},
	}}
}

var dtoForm = pattern.New(`^([A-Za-z]+)\.[0-9]{1,3}$`)

// parameters are those of the query; account and company, as the headers
// X-Account-ID, X-Company-ID and X-Client-ID, name a tenant that is known already.
var parameters = []string{"dtos", "account", "company", "query", "page", "pageSize", "orderBy", "forceUpdate", "forceDelete", "lastChanged"}

// checked refuses what every operation refuses.
func (o *fsmObject) checked(do func(*call) error) func(*call) error {
	return func(c *call) error {
		for name, given := range c.query {
			if !slices.Contains(parameters, name) || len(given) > 1 {
				return fsmInvalid("Parameter %q is unknown or given twice", clip(name))
			}
		}
		if m := dtoForm.Regexp().FindStringSubmatch(c.query.Get("dtos")); m == nil || m[1] != o.name {
			return fsmInvalid("Parameter dtos must name %s with a version, as %s.27", o.name, o.name)
		}
		return do(c)
	}
}

// dto is an object as the Data API shows it.
func (o *fsmObject) dto(r records.Record) map[string]any { return map[string]any{o.key: r.Fields} }

func (o *fsmObject) answer(c *call, status int, r records.Record) error {
	return c.json(status, map[string]any{"data": []any{o.dto(r)}})
}

// read checks the fields of a body. current is nil for a new object; whole: what
// is not given is null.
func (o *fsmObject) read(c *call, current map[string]any, whole bool) (fields map[string]any, lastChanged string, err error) {
	var given map[string]any
	switch err := c.read(&given); {
	case errors.Is(err, errNotJSON):
		return nil, "", fsmRefuse(http.StatusUnsupportedMediaType, "unsupported_media_type", "%s", err)
	case errors.Is(err, errBody):
		return nil, "", fsmInvalid("%s", err)
	case err != nil:
		return nil, "", err
	}
	if given == nil {
		return nil, "", fsmInvalid("%s", errBody)
	}
	fields = map[string]any{}
	for name, value := range given {
		if n, ok := value.(json.Number); ok && name == "lastChanged" && current != nil {
			lastChanged = n.String()
			continue
		}
		field, known := o.fields[name]
		if !known {
			if computed, ok := current[name]; ok && computed == value {
				continue // sent back as it was read
			}
			return nil, "", fsmInvalid("%s has no field %q that can be set", o.name, clip(name))
		}
		if fields[name], err = field.check(value); err != nil {
			return nil, "", fsmInvalid("%s: %s", name, err)
		}
	}
	for name, field := range o.fields {
		_, given := fields[name]
		if !given && current != nil && !whole {
			fields[name] = current[name]
		}
		if fields[name] == nil {
			if name == "code" && current != nil {
				fields[name] = current[name]
				continue
			}
			if field.required {
				return nil, "", fsmInvalid("%s: is required", name)
			}
			fields[name] = field.fallback
		}
	}
	return fields, lastChanged, nil
}

// check returns a value as it is kept.
func (f fsmField) check(value any) (any, error) {
	if value == nil {
		return nil, nil
	}
	if f.form == "list" {
		list, ok := value.([]any)
		if !ok || len(list) > 20 {
			return nil, fmt.Errorf("is no list of at most 20 texts")
		}
		for _, one := range list {
			if text, ok := one.(string); !ok || len(text) > maxText {
				return nil, fmt.Errorf("is no list of texts")
			}
		}
		return list, nil
	}
	text, ok := value.(string)
	switch limit := max(f.length, maxText); {
	case !ok || text == "" || len(text) > limit:
		return nil, fmt.Errorf("is no text of 1 to %d bytes", limit)
	case f.values != nil && !slices.Contains(f.values, text):
		return nil, fmt.Errorf("is none of %s", strings.Join(f.values, ", "))
	case f.form == "time":
		at, err := time.Parse(time.RFC3339, text)
		if err != nil || at.UTC().Year() < 1 || at.UTC().Year() > 9998 {
			return nil, fmt.Errorf("is no time as 2030-01-31T10:00:00Z")
		}
		return odata.Time(at), nil
	}
	return text, nil
}

// make adds an object.
func (o *fsmObject) make(tx *records.Tx, fields map[string]any) (records.Record, error) {
	if err := o.complete(tx, fields); err != nil {
		return records.Record{}, err
	}
	number, at := tx.Number(o.collection), tx.Stamp()
	if fields["code"] == nil {
		fields["code"] = fmt.Sprintf("%s-%d", o.prefix, 1000+number)
	}
	r := records.Record{ID: tx.ID(o.collection, number), Fields: fields}
	fields["id"], fields["createDateTime"], fields["lastChanged"] = r.ID, odata.Time(at), json.Number(strconv.FormatInt(at.UnixMilli(), 10))
	return r, tx.Create(o.collection, r)
}

func (o *fsmObject) create(c *call) error {
	fields, _, err := o.read(c, nil, true)
	if err != nil {
		return err
	}
	var made records.Record
	err = c.store.Update(c.request.Context(), func(tx *records.Tx) (err error) {
		made, err = o.make(tx, fields)
		return err
	})
	if err != nil {
		return err
	}
	return o.answer(c, http.StatusCreated, made)
}

func (o *fsmObject) find(tx *records.Tx, c *call) (records.Record, error) {
	r, found := tx.Find(o.collection, c.path["id"])
	if !found {
		return r, fsmRefuse(http.StatusNotFound, "not_found", "%s with id %q not found", o.name, clip(c.path["id"]))
	}
	return r, nil
}

func (o *fsmObject) show(c *call) error {
	return c.store.View(func(tx *records.Tx) error {
		r, err := o.find(tx, c)
		if err != nil {
			return err
		}
		return o.answer(c, http.StatusOK, r)
	})
}

// unchanged holds the lastChanged that a client knows against the present one.
func unchanged(r records.Record, known string, force bool) error {
	switch present := fmt.Sprint(r.Fields["lastChanged"]); {
	case force || known == present:
		return nil
	case known == "":
		return fsmInvalid("lastChanged is required, or the parameter that forces the change")
	default:
		return fsmRefuse(http.StatusConflict, "optimistic_lock", "The object was changed in the meantime: lastChanged is %s", present)
	}
}

func (o *fsmObject) flag(c *call, name string) (bool, error) {
	switch c.query.Get(name) {
	case "", "false":
		return false, nil
	case "true":
		return true, nil
	}
	return false, fsmInvalid("Parameter %s is true or false", name)
}

func (o *fsmObject) update(c *call) error {
	force, err := o.flag(c, "forceUpdate")
	if err != nil {
		return err
	}
	var changed records.Record
	err = c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := o.find(tx, c)
		if err != nil {
			return err
		}
		fields, known, err := o.read(c, r.Fields, c.request.Method == http.MethodPut)
		if err != nil {
			return err
		}
		if err := unchanged(r, known, force); err != nil {
			return err
		}
		if err := o.complete(tx, fields); err != nil {
			return err
		}
		fields["id"], fields["createDateTime"] = r.ID, r.Fields["createDateTime"]
		fields["lastChanged"] = json.Number(strconv.FormatInt(tx.Stamp().UnixMilli(), 10))
		changed = records.Record{ID: r.ID, Fields: fields}
		return tx.Replace(o.collection, changed)
	})
	if err != nil {
		return err
	}
	return o.answer(c, http.StatusOK, changed)
}

func (o *fsmObject) delete(c *call) error {
	force, err := o.flag(c, "forceDelete")
	if err != nil {
		return err
	}
	err = c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := o.find(tx, c)
		if err != nil {
			return err
		}
		if err := unchanged(r, c.query.Get("lastChanged"), force); err != nil {
			return err
		}
		if err := o.remove(tx, r); err != nil {
			return err
		}
		return tx.Delete(o.collection, r.ID)
	})
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusNoContent)
	return nil
}

// condition is one of a query: code="SC-1001".
var condition = pattern.New(`^\s*([A-Za-z]+)\s*(=|!=|<=|>=|<|>)\s*(?:"([^"]*)"|'([^']*)'|(-?[0-9]+))\s*(?:$|[aA][nN][dD]\s)`)

const maxFSMQuery = 2000 // bytes

// where reads the parameter query: comparisons joined by and.
func (o *fsmObject) where(text string) (func(map[string]any) bool, error) {
	var all []func(map[string]any) bool
	for rest := text; strings.TrimSpace(rest) != ""; {
		m := condition.Regexp().FindStringSubmatch(rest)
		if m == nil || len(text) > maxFSMQuery {
			return nil, fsmInvalid("Parameter query: %q is no comparison as code=\"SC-1001\"; comparisons are joined by and", clip(rest))
		}
		if !o.comparable(m[1]) {
			return nil, fsmInvalid("Parameter query: %s has no field %q to compare", o.name, clip(m[1]))
		}
		field, operator, value := m[1], m[2], m[3]+m[4]+m[5]
		all = append(all, func(fields map[string]any) bool {
			if fields[field] == nil {
				return operator == "!="
			}
			return compares(operator, order(fields[field], value))
		})
		rest = rest[len(m[0]):]
	}
	return func(fields map[string]any) bool {
		return !slices.ContainsFunc(all, func(holds func(map[string]any) bool) bool { return !holds(fields) })
	}, nil
}

func (o *fsmObject) comparable(name string) bool {
	field, known := o.fields[name]
	return known && field.form != "list" || slices.Contains([]string{"id", "createDateTime", "lastChanged", "statusName", "executionStage"}, name)
}

// order compares a field, a text or a number, with a text.
func order(have any, with string) int {
	n, isNumber := have.(json.Number)
	a, err := strconv.ParseInt(n.String(), 10, 64)
	b, errWith := strconv.ParseInt(with, 10, 64)
	if isNumber && err == nil && errWith == nil {
		return int(min(max(a-b, -1), 1))
	}
	return strings.Compare(fmt.Sprint(have), with)
}

func compares(operator string, order int) bool {
	switch operator {
	case "=":
		return order == 0
	case "!=":
		return order != 0
	case "<":
		return order < 0
	case "<=":
		return order <= 0
	case ">":
		return order > 0
	}
	return order >= 0
}

func (o *fsmObject) list(c *call) error {
	holds, err := o.where(c.query.Get("query"))
	if err != nil {
		return err
	}
	at, size := 1, 100
	for name, into := range map[string]*int{"page": &at, "pageSize": &size} {
		if text := c.query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 1 || n > 1000 {
				return fsmInvalid("Parameter %s is a number from 1 to 1000", name)
			}
			*into = n
		}
	}
	by, direction, _ := strings.Cut(c.query.Get("orderBy"), " ")
	if by != "" && (!o.comparable(by) || direction != "" && direction != "asc" && direction != "desc") {
		return fsmInvalid("Parameter orderBy is a field, perhaps with asc or desc behind it")
	}
	var found []records.Record
	err = c.store.View(func(tx *records.Tx) error {
		for _, r := range tx.List(o.collection) {
			if holds(r.Fields) {
				found = append(found, r)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	if by != "" {
		slices.SortStableFunc(found, func(a, b records.Record) int {
			if c := order(a.Fields[by], fmt.Sprint(b.Fields[by])); direction != "desc" {
				return c
			}
			return order(b.Fields[by], fmt.Sprint(a.Fields[by]))
		})
	}
	from := min((at-1)*size, len(found))
	data := []any{}
	for _, r := range found[from:min(from+size, len(found))] {
		data = append(data, o.dto(r))
	}
	last := max((len(found)+size-1)/size, 1)
	return c.json(http.StatusOK, map[string]any{
		"data": data, "pageSize": size, "currentPage": at, "lastPage": last, "totalObjectCount": len(found), "truncated": at < last,
	})
}

// fsmSeed are two service calls with their activities.
func fsmSeed(tx *records.Tx) error {
	tx.SetTime(seededAt)
	for _, subject := range []string{"Elevator stops between floors", "Yearly inspection of the boiler"} {
		fields := map[string]any{
			"code": nil, "subject": subject, "statusCode": callReady, "priority": "MEDIUM", "typeCode": nil, "businessPartner": nil, "remarks": nil,
			"externalId": nil, "startDateTime": nil, "endDateTime": nil,
		}
		call, err := fsmServiceCall.make(tx, fields)
		if err != nil {
			return err
		}
		_, err = fsmActivity.make(tx, map[string]any{
			"code": nil, "subject": "Visit: " + subject, "status": activityDraft, "type": "ASSIGNMENT", "serviceCall": call.ID,
			"responsibles": []any{}, "remarks": nil, "externalId": nil, "startDateTime": nil, "endDateTime": nil,
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// fsmEmissions are our own, as all of the product's events are.
func fsmEmissions() []tenant.Emission {
	call := func(r records.Record) any {
		return map[string]string{"serviceCallId": r.ID, "code": r.Text("code")}
	}
	activity := func(r records.Record) any {
		return map[string]string{"activityId": r.ID, "serviceCallId": r.Text("serviceCall")}
	}
	becomes := func(field, value string) func(before, after records.Record) bool {
		return func(before, after records.Record) bool {
			return after.Text(field) == value && before.Text(field) != value
		}
	}
	return []tenant.Emission{
		{Collection: serviceCalls, Operation: records.Created, Type: "servicecall.created", Version: "v1", Data: call},
		{Collection: serviceCalls, Operation: records.Updated, Type: "servicecall.updated", Version: "v1", Data: call},
		{Collection: serviceCalls, Operation: records.Updated, When: becomes("statusCode", callCompleted), Type: "servicecall.completed", Version: "v1", Data: call},
		{Collection: activities, Operation: records.Created, Type: "activity.created", Version: "v1", Data: activity},
		{Collection: activities, Operation: records.Updated, Type: "activity.updated", Version: "v1", Data: activity},
		{Collection: activities, Operation: records.Updated, When: becomes("status", activityOpen), Type: "activity.released", Version: "v1", Data: activity},
		{Collection: activities, Operation: records.Updated, When: becomes("status", activityClosed), Type: "activity.closed", Version: "v1", Data: activity},
	}
}
