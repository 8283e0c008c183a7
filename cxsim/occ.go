package cxsim

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/records"
	"github.com/pairsim/pairsim/internal/tenant"
)

// A subset of Omni Commerce Connect, version 2, for a trusted client: it names the
// user whose carts and orders it works with. commerce/occ.openapi.json describes it.

const (
	orderCreated   = "CREATED"
	orderCancelled = "CANCELLED"

	anonymous   = "anonymous"
	maxPageSize = 100
	maxEntries  = 50
	maxQuantity = 9999
)

// occError is an error as OCC lists it.
type occError struct {
	status      int
	Message     string `json:"message"`
	Reason      string `json:"reason,omitempty"`
	Subject     string `json:"subject,omitempty"`
	SubjectType string `json:"subjectType,omitempty"`
	Type        string `json:"type"`
}

func (e *occError) Error() string { return e.Message }

func (e *occError) write(w http.ResponseWriter) {
	writeJSON(w, e.status, map[string][]*occError{"errors": {e}})
}

type occDialect struct{}

func (occDialect) refuse(status int, message string) refusal {
	kind := map[int]string{
		http.StatusNotFound: "NoHandlerFoundError", http.StatusMethodNotAllowed: "HttpRequestMethodNotSupportedError",
		http.StatusBadRequest: "InvalidResourceError", http.StatusRequestEntityTooLarge: "MaxUploadSizeExceededError",
	}[status]
	return &occError{status: status, Message: message, Type: cmp.Or(kind, "InternalServerError")}
}

// occDenied is OCC's answer to who has no good access token.
func occDenied(w http.ResponseWriter, message string, invalid bool) {
	kind := "UnauthorizedError"
	if invalid {
		kind = "InvalidTokenError"
	}
	(&occError{status: http.StatusUnauthorized, Message: message, Type: kind}).write(w)
}

func unknown(kind, code string) *occError {
	return &occError{
		status: http.StatusBadRequest, Message: fmt.Sprintf("%s with code '%s' not found!", kind, clip(code)), Type: "UnknownIdentifierError",
	}
}

func invalid(subject, message string) *occError {
	return &occError{status: http.StatusBadRequest, Message: message, Reason: "invalid", Subject: subject, SubjectType: "parameter", Type: "ValidationError"}
}

func cartError(reason, subject, message string) *occError {
	return &occError{status: http.StatusBadRequest, Message: message, Reason: reason, Subject: subject, SubjectType: "cart", Type: "CartError"}
}

func openOCC(b tenant.Backend) tenant.Responder {
	return &rest{store: b.Store, dialect: occDialect{}, routes: []route{
		{"GET", "/{site}/products/search", occ(searchProducts)},
		{"GET", "/{site}/products/{code}", occ(showProduct)},
		{"POST", "/{site}/users", occ(registerCustomer)},
		{"GET", "/{site}/users/{user}", occ(showCustomer)},
		{"PUT", "/{site}/users/{user}", occ(changeCustomer)},
		{"PATCH", "/{site}/users/{user}", occ(changeCustomer)},
		{"DELETE", "/{site}/users/{user}", occ(closeAccount)},
		{"GET", "/{site}/users/{user}/carts", occ(listCarts)},
		{"POST", "/{site}/users/{user}/carts", occ(createCart)},
		{"GET", "/{site}/users/{user}/carts/{cart}", occ(showCart)},
		{"DELETE", "/{site}/users/{user}/carts/{cart}", occ(deleteCart)},
		{"GET", "/{site}/users/{user}/carts/{cart}/entries", occ(listEntries)},
		{"POST", "/{site}/users/{user}/carts/{cart}/entries", occ(addEntry)},
		{"GET", "/{site}/users/{user}/carts/{cart}/entries/{entry}", occ(showEntry)},
		{"PUT", "/{site}/users/{user}/carts/{cart}/entries/{entry}", occ(changeEntry)},
		{"PATCH", "/{site}/users/{user}/carts/{cart}/entries/{entry}", occ(changeEntry)},
		{"DELETE", "/{site}/users/{user}/carts/{cart}/entries/{entry}", occ(deleteEntry)},
		{"GET", "/{site}/users/{user}/orders", occ(listOrders)},
		{"POST", "/{site}/users/{user}/orders", occ(placeOrder)},
		{"GET", "/{site}/users/{user}/orders/{order}", occ(showOrder)},
		{"POST", "/{site}/users/{user}/orders/{order}/cancellation", occ(cancelOrder)},
		{"GET", "/{site}/orders/{order}", occ(showOrder)},
	}}
}

// occ refuses what all operations refuse.
func occ(do func(*call) error) func(*call) error {
	return func(c *call) error {
		if site := c.path["site"]; site != baseSite {
			return &occError{status: http.StatusBadRequest, Message: fmt.Sprintf("Base site '%s' doesn't exist", clip(site)), Type: "InvalidResourceError"}
		}
		switch c.query.Get("fields") {
		case "", "BASIC", "DEFAULT", "FULL": // all the same here
		default:
			return invalid("fields", "fields is BASIC, DEFAULT or FULL; lists of fields are not supported")
		}
		return do(c)
	}
}

// body reads a JSON body in the words of OCC.
func body(c *call, into any) error {
	err := c.read(into)
	switch {
	case errors.Is(err, errNotJSON):
		return &occError{status: http.StatusUnsupportedMediaType, Message: err.Error(), Type: "HttpMediaTypeNotSupportedError"}
	case errors.Is(err, errBody):
		return &occError{status: http.StatusBadRequest, Message: err.Error(), Type: "HttpMessageNotReadableError"}
	}
	return err
}

type occPrice struct {
	CurrencyISO string      `json:"currencyIso"`
	Value       json.Number `json:"value"`
}

type occStock struct {
	Level  int    `json:"stockLevel"`
	Status string `json:"stockLevelStatus"`
}

type occProduct struct {
	Code        string    `json:"code"`
	Name        string    `json:"name,omitempty"`
	Description string    `json:"description,omitempty"`
	EAN         string    `json:"ean,omitempty"`
	URL         string    `json:"url"`
	Purchasable bool      `json:"purchasable"`
	Price       *occPrice `json:"price,omitempty"`
	Stock       occStock  `json:"stock"`
}

func priced(cents int64) occPrice {
	return occPrice{currency, json.Number(fmt.Sprintf("%d.%02d", cents/100, cents%100))}
}

// cents is the price of a product; products of InboundProduct have none.
func cents(p records.Record) int64 {
	n, _ := strconv.ParseInt(strings.ReplaceAll(p.Text("price"), ".", ""), 10, 64)
	return n
}

func stockOf(p records.Record) int {
	n, _ := strconv.Atoi(p.Text("stock"))
	return n
}

func productOf(p records.Record) occProduct {
	stock := occStock{stockOf(p), "inStock"}
	switch {
	case stock.Level == 0:
		stock.Status = "outOfStock"
	case stock.Level < 5:
		stock.Status = "lowStock"
	}
	shown := occProduct{
		Code: p.Text("code"), Name: p.Text("name"), Description: p.Text("description"), EAN: p.Text("ean"), URL: "/p/" + p.Text("code"), Stock: stock,
	}
	if n := cents(p); n > 0 {
		price := priced(n)
		shown.Price, shown.Purchasable = &price, true
	}
	return shown
}

type occPagination struct {
	CurrentPage  int    `json:"currentPage"`
	PageSize     int    `json:"pageSize"`
	TotalPages   int    `json:"totalPages"`
	TotalResults int    `json:"totalResults"`
	Sort         string `json:"sort,omitempty"`
}

// page cuts a page out of a list.
func page[T any](c *call, list []T) ([]T, occPagination, error) {
	at := occPagination{PageSize: 20, TotalResults: len(list)}
	for name, into := range map[string]*int{"currentPage": &at.CurrentPage, "pageSize": &at.PageSize} {
		if text := c.query.Get(name); text != "" {
			n, err := strconv.Atoi(text)
			if err != nil || n < 0 || n > 1_000_000 || name == "pageSize" && (n < 1 || n > maxPageSize) {
				return nil, at, invalid(name, name+" is a number; pageSize at least 1 and at most "+strconv.Itoa(maxPageSize))
			}
			*into = n
		}
	}
	at.TotalPages = (len(list) + at.PageSize - 1) / at.PageSize
	from := min(at.CurrentPage*at.PageSize, len(list))
	return list[from:min(from+at.PageSize, len(list))], at, nil
}

// sorts are the orders of a search.
var sorts = map[string]func(a, b records.Record) int{
	"relevance": func(_, _ records.Record) int { return 0 },
	"name-asc":  func(a, b records.Record) int { return cmp.Compare(a.Text("name"), b.Text("name")) },
	"name-desc": func(a, b records.Record) int { return cmp.Compare(b.Text("name"), a.Text("name")) },
	"price-asc": func(a, b records.Record) int { return cmp.Compare(cents(a), cents(b)) },
	"price-desc": func(a, b records.Record) int {
		return cmp.Compare(cents(b), cents(a))
	},
}

// searchProducts takes query as text:sort, of which the text may be in any part of
// name or code. Facets are not supported.
func searchProducts(c *call) error {
	text, sort, _ := strings.Cut(c.query.Get("query"), ":")
	sort = cmp.Or(c.query.Get("sort"), sort, "relevance")
	order := sorts[sort]
	if order == nil {
		return invalid("sort", fmt.Sprintf("there is no sort '%s', and facets are not supported", clip(sort)))
	}
	var found []records.Record
	err := c.store.View(func(tx *records.Tx) error {
		for _, p := range tx.List(products) {
			if strings.Contains(strings.ToLower(p.Text("name")+" "+p.Text("code")), strings.ToLower(text)) {
				found = append(found, p)
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	slices.SortStableFunc(found, order)
	hits, at, err := page(c, found)
	if err != nil {
		return err
	}
	at.Sort = sort
	list := []occProduct{}
	for _, p := range hits {
		list = append(list, productOf(p))
	}
	return c.json(http.StatusOK, map[string]any{"freeTextSearch": text, "products": list, "pagination": at})
}

func showProduct(c *call) error {
	return c.store.View(func(tx *records.Tx) error {
		p, found := tx.Find(products, c.path["code"])
		if !found {
			return unknown("Product", c.path["code"])
		}
		return c.json(http.StatusOK, productOf(p))
	})
}

// occCustomer is a user as OCC reads and shows it.
type occCustomer struct {
	UID        string `json:"uid"`
	Name       string `json:"name"`
	FirstName  string `json:"firstName"`
	LastName   string `json:"lastName"`
	TitleCode  string `json:"titleCode,omitempty"`
	CustomerID string `json:"customerId"`
}

func customerOf(r records.Record) occCustomer {
	return occCustomer{
		r.Text("uid"), strings.TrimSpace(r.Text("firstName") + " " + r.Text("lastName")), r.Text("firstName"), r.Text("lastName"), r.Text("titleCode"), r.Text("customerId"),
	}
}

// register adds a customer; names have been checked.
func register(tx *records.Tx, site string, c occCustomer) (records.Record, error) {
	id := uuid.MustParse(tx.ID(customers, tx.Number(customers))).String() // 32 hexadecimal digits
	r := records.Record{ID: c.UID, Fields: map[string]any{
		"uid": c.UID, "firstName": c.FirstName, "lastName": c.LastName, "titleCode": c.TitleCode, "customerId": id, "site": site,
		"created": odata.Time(tx.Stamp()),
	}}
	return r, tx.Create(customers, r)
}

func checkName(subject, text string) error {
	if strings.TrimSpace(text) == "" || len(text) > maxText {
		return invalid(subject, subject+" is required, of at most 255 bytes")
	}
	return nil
}

func registerCustomer(c *call) error {
	var b struct{ UID, FirstName, LastName, TitleCode, Password string }
	if err := body(c, &b); err != nil {
		return err
	}
	b.UID = strings.ToLower(b.UID)
	for subject, text := range map[string]string{"firstName": b.FirstName, "lastName": b.LastName, "password": b.Password} {
		if err := checkName(subject, text); err != nil {
			return err
		}
	}
	if name, host, ok := strings.Cut(b.UID, "@"); !ok || name == "" || host == "" || len(b.UID) > maxText || strings.ContainsAny(b.UID, " /") {
		return invalid("uid", "uid is an e-mail address")
	}
	if len(b.TitleCode) > 20 {
		return invalid("titleCode", "titleCode is too long")
	}
	var made records.Record
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) (err error) {
		if _, exists := tx.Find(customers, b.UID); exists {
			return &occError{status: http.StatusBadRequest, Message: "User already exists", Type: "DuplicateUidError"}
		}
		made, err = register(tx, c.path["site"], occCustomer{UID: b.UID, FirstName: b.FirstName, LastName: b.LastName, TitleCode: b.TitleCode})
		return err
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, customerOf(made))
}

// customer finds the user of the path.
func customer(tx *records.Tx, c *call) (records.Record, error) {
	r, found := tx.Find(customers, strings.ToLower(c.path["user"]))
	if !found {
		return r, &occError{
			status: http.StatusBadRequest, Message: fmt.Sprintf("Cannot find user with propertyValue '%s'", clip(c.path["user"])), Type: "UnknownIdentifierError",
		}
	}
	return r, nil
}

func showCustomer(c *call) error {
	return c.store.View(func(tx *records.Tx) error {
		r, err := customer(tx, c)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, customerOf(r))
	})
}

// changeCustomer replaces the names (PUT) or those that are given (PATCH).
func changeCustomer(c *call) error {
	var b struct{ FirstName, LastName, TitleCode *string }
	if err := body(c, &b); err != nil {
		return err
	}
	whole := c.request.Method == http.MethodPut
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := customer(tx, c)
		if err != nil {
			return err
		}
		r = r.Clone()
		for name, value := range map[string]*string{"firstName": b.FirstName, "lastName": b.LastName} {
			if value == nil && !whole {
				continue
			}
			if value == nil {
				value = new(string)
			}
			if err := checkName(name, *value); err != nil {
				return err
			}
			r.Fields[name] = *value
		}
		if b.TitleCode != nil && len(*b.TitleCode) > 20 {
			return invalid("titleCode", "titleCode is too long")
		}
		if b.TitleCode != nil || whole {
			r.Fields["titleCode"] = ""
			if b.TitleCode != nil {
				r.Fields["titleCode"] = *b.TitleCode
			}
		}
		return tx.Replace(customers, r)
	})
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusOK)
	return nil
}

// closeAccount removes a customer with its carts; orders stay.
func closeAccount(c *call) error {
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := customer(tx, c)
		if err != nil {
			return err
		}
		for _, cart := range tx.List(carts) {
			if cart.Text("user") == r.ID {
				if err := tx.Delete(carts, cart.ID); err != nil {
					return err
				}
			}
		}
		return tx.Delete(customers, r.ID)
	})
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusOK)
	return nil
}
