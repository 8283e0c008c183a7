package cxsim

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"

	"github.com/pairsim/pairsim/internal/odata"
	"github.com/pairsim/pairsim/internal/records"
)

// line is an entry of a cart or an order, as it is kept: of an order with the
// name and the price that it was placed with.
type line struct {
	Code     string `json:"code"`
	Name     string `json:"name"`
	Quantity int    `json:"quantity"`
	Cents    int64  `json:"cents"`
}

// lines are kept as one text: a record's fields are of JSON's types.
func lines(r records.Record) []line {
	var list []line
	_ = json.Unmarshal([]byte(r.Text("entries")), &list) // written by withLines
	return list
}

func withLines(r records.Record, list []line) (records.Record, error) {
	text, err := json.Marshal(list)
	r = r.Clone()
	r.Fields["entries"] = string(text)
	return r, err
}

type occEntry struct {
	Number     int        `json:"entryNumber"`
	Quantity   int        `json:"quantity"`
	Product    occProduct `json:"product"`
	BasePrice  occPrice   `json:"basePrice"`
	TotalPrice occPrice   `json:"totalPrice"`
}

type occCart struct {
	Type       string     `json:"type"`
	Code       string     `json:"code"`
	GUID       string     `json:"guid"`
	TotalItems int        `json:"totalItems"`
	TotalUnits int        `json:"totalUnitCount"`
	TotalPrice occPrice   `json:"totalPrice"`
	Entries    []occEntry `json:"entries"`
	User       occUser    `json:"user"`
	// Of orders only.
	Status  string `json:"status,omitempty"`
	Created string `json:"created,omitempty"`
	Site    string `json:"site,omitempty"`
}

type occUser struct {
	UID  string `json:"uid"`
	Name string `json:"name,omitempty"`
}

// entryOf shows a line with its product as it is now; without one, as it was.
func entryOf(tx *records.Tx, number int, l line) occEntry {
	shown := occProduct{Code: l.Code, Name: l.Name, URL: "/p/" + l.Code, Stock: occStock{0, "outOfStock"}}
	if p, found := tx.Find(products, l.Code); found {
		shown = productOf(p)
	}
	return occEntry{number, l.Quantity, shown, priced(l.Cents), priced(l.Cents * int64(l.Quantity))}
}

func cartOf(tx *records.Tx, r records.Record, kind string) occCart {
	cart := occCart{
		Type: kind, Code: r.Text("code"), GUID: r.Text("guid"), Entries: []occEntry{}, User: occUser{UID: r.Text("user")},
		Status: r.Text("status"), Created: r.Text("created"), Site: r.Text("site"),
	}
	if u, found := tx.Find(customers, r.Text("user")); found {
		cart.User.Name = customerOf(u).Name
	}
	var total int64
	for i, l := range lines(r) {
		cart.Entries = append(cart.Entries, entryOf(tx, i, l))
		cart.TotalUnits += l.Quantity
		total += l.Cents * int64(l.Quantity)
	}
	cart.TotalItems, cart.TotalPrice = len(cart.Entries), priced(total)
	return cart
}

const (
	cartDTO  = "cartWsDTO"
	orderDTO = "orderWsDTO"
)

// owner is whose carts the path is about.
func owner(tx *records.Tx, c *call) (string, error) {
	if c.path["user"] == anonymous {
		return anonymous, nil
	}
	r, err := customer(tx, c)
	return r.ID, err
}

func listCarts(c *call) error {
	return c.store.View(func(tx *records.Tx) error {
		uid, err := owner(tx, c)
		if err != nil {
			return err
		}
		list := []occCart{}
		for _, r := range tx.List(carts) {
			if r.Text("user") == uid && uid != anonymous { // anonymous carts are known by their guid only
				list = append(list, cartOf(tx, r, cartDTO))
			}
		}
		return c.json(http.StatusOK, map[string]any{"carts": list})
	})
}

func createCart(c *call) error {
	var shown occCart
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		uid, err := owner(tx, c)
		if err != nil {
			return err
		}
		number := tx.Number(carts)
		code := fmt.Sprintf("%08d", number)
		r, err := withLines(records.Record{ID: code, Fields: map[string]any{
			"code": code, "guid": uuid.MustParse(tx.ID(carts, number)).String(), "user": uid,
		}}, nil)
		if err != nil {
			return err
		}
		shown = cartOf(tx, r, cartDTO)
		return tx.Create(carts, r)
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, shown)
}

// cart finds the cart of the path: a customer's by its code, an anonymous one by its guid.
func cart(tx *records.Tx, c *call, id string) (records.Record, error) {
	uid, err := owner(tx, c)
	if err != nil {
		return records.Record{}, err
	}
	for _, r := range tx.List(carts) {
		if r.Text("user") == uid && (uid != anonymous && r.Text("code") == id || uid == anonymous && r.Text("guid") == id) {
			return r, nil
		}
	}
	return records.Record{}, cartError("notFound", clip(id), "Cart not found.")
}

// viewCart shows something of the cart of the path.
func viewCart(c *call, show func(tx *records.Tx, r records.Record) error) error {
	return c.store.View(func(tx *records.Tx) error {
		r, err := cart(tx, c, c.path["cart"])
		if err != nil {
			return err
		}
		return show(tx, r)
	})
}

func showCart(c *call) error {
	return viewCart(c, func(tx *records.Tx, r records.Record) error { return c.json(http.StatusOK, cartOf(tx, r, cartDTO)) })
}

func listEntries(c *call) error {
	return viewCart(c, func(tx *records.Tx, r records.Record) error {
		return c.json(http.StatusOK, map[string]any{"orderEntries": cartOf(tx, r, cartDTO).Entries})
	})
}

func showEntry(c *call) error {
	return viewCart(c, func(tx *records.Tx, r records.Record) error {
		i, err := entryNumber(c, lines(r))
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, entryOf(tx, i, lines(r)[i]))
	})
}

func deleteCart(c *call) error {
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := cart(tx, c, c.path["cart"])
		if err != nil {
			return err
		}
		return tx.Delete(carts, r.ID)
	})
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusOK)
	return nil
}

func entryNumber(c *call, list []line) (int, error) {
	n, err := strconv.Atoi(c.path["entry"])
	if err != nil || n < 0 || n >= len(list) {
		return 0, &occError{
			status: http.StatusBadRequest, Message: "Entry not found", Reason: "notFound", Subject: clip(c.path["entry"]), SubjectType: "entry", Type: "CartEntryError",
		}
	}
	return n, nil
}

// modification is OCC's answer to a change of a cart.
type modification struct {
	StatusCode    string   `json:"statusCode"`
	QuantityAdded int      `json:"quantityAdded"`
	Quantity      int      `json:"quantity"`
	Entry         occEntry `json:"entry"`
}

// changeLines changes the entries of the cart of the path.
func changeLines(c *call, change func(tx *records.Tx, list []line) ([]line, error)) error {
	return c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := cart(tx, c, c.path["cart"])
		if err != nil {
			return err
		}
		list, err := change(tx, lines(r))
		if err != nil {
			return err
		}
		if r, err = withLines(r, list); err != nil {
			return err
		}
		return tx.Replace(carts, r)
	})
}

func quantity(n json.Number, least int) (int, error) {
	q, err := strconv.Atoi(string(n))
	if err != nil || q < least || q > maxQuantity {
		return 0, &occError{
			status: http.StatusBadRequest, Message: fmt.Sprintf("quantity is a whole number from %d to %d", least, maxQuantity),
			Reason: "invalid", Subject: "quantity", SubjectType: "parameter", Type: "ValidationError",
		}
	}
	return q, nil
}

// addEntry adds as much of a product as there is.
func addEntry(c *call) error {
	var b struct {
		Product  struct{ Code string }
		Quantity json.Number
	}
	b.Quantity = "1"
	if err := body(c, &b); err != nil {
		return err
	}
	wanted, err := quantity(b.Quantity, 1)
	if err != nil {
		return err
	}
	answer := modification{StatusCode: "success", Quantity: wanted}
	err = changeLines(c, func(tx *records.Tx, list []line) ([]line, error) {
		p, found := tx.Find(products, b.Product.Code)
		if !found {
			return nil, unknown("Product", b.Product.Code)
		}
		if cents(p) == 0 {
			return nil, &occError{
				status: http.StatusBadRequest, Message: fmt.Sprintf("Product '%s' has no price and cannot be bought", p.ID), Type: "CommerceCartModificationError",
			}
		}
		at := len(list)
		for i, l := range list {
			if l.Code == p.ID {
				at = i
			}
		}
		if at == len(list) {
			if len(list) == maxEntries {
				return nil, cartError("invalid", c.path["cart"], fmt.Sprintf("A cart holds at most %d entries", maxEntries))
			}
			list = append(list, line{p.ID, p.Text("name"), 0, cents(p)})
		}
		answer.QuantityAdded = max(min(wanted, stockOf(p)-list[at].Quantity), 0)
		switch {
		case stockOf(p) == 0:
			answer.StatusCode = "noStock"
		case answer.QuantityAdded < wanted:
			answer.StatusCode = "lowStock"
		}
		list[at].Quantity += answer.QuantityAdded
		answer.Entry = entryOf(tx, at, list[at])
		if list[at].Quantity == 0 {
			list = list[:at]
		}
		return list, nil
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, answer)
}

// changeEntry sets the quantity of an entry; 0 removes it.
func changeEntry(c *call) error {
	var b struct {
		Product  *struct{ Code string }
		Quantity json.Number
	}
	if err := body(c, &b); err != nil {
		return err
	}
	wanted, err := quantity(b.Quantity, 0)
	if err != nil {
		return err
	}
	answer := modification{StatusCode: "success", Quantity: wanted}
	err = changeLines(c, func(tx *records.Tx, list []line) ([]line, error) {
		i, err := entryNumber(c, list)
		if err != nil {
			return nil, err
		}
		if b.Product != nil && b.Product.Code != list[i].Code {
			return nil, invalid("product", "the product of an entry cannot be changed")
		}
		p, _ := tx.Find(products, list[i].Code)
		got := min(wanted, stockOf(p))
		if got < wanted {
			answer.StatusCode = "lowStock"
		}
		answer.QuantityAdded, answer.Quantity = got-list[i].Quantity, got
		list[i].Quantity = got
		answer.Entry = entryOf(tx, i, list[i])
		if got == 0 {
			list = append(list[:i], list[i+1:]...)
		}
		return list, nil
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusOK, answer)
}

func deleteEntry(c *call) error {
	err := changeLines(c, func(_ *records.Tx, list []line) ([]line, error) {
		i, err := entryNumber(c, list)
		if err != nil {
			return nil, err
		}
		return append(list[:i], list[i+1:]...), nil
	})
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusOK)
	return nil
}

// placeOrder makes an order of a cart, and takes it from the stock.
func placeOrder(c *call) error {
	var shown occCart
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		if c.path["user"] == anonymous {
			return &occError{status: http.StatusForbidden, Message: "Anonymous users cannot place orders", Type: "ForbiddenError"}
		}
		from, err := cart(tx, c, c.query.Get("cartId"))
		if err != nil {
			return err
		}
		bought := lines(from)
		if len(bought) == 0 {
			return cartError("invalid", from.ID, "Cart is empty.")
		}
		for _, l := range bought {
			p, found := tx.Find(products, l.Code)
			if !found || stockOf(p) < l.Quantity {
				return &occError{
					status: http.StatusBadRequest, Message: fmt.Sprintf("Product '%s' is not available in this quantity any more", l.Code),
					Reason: "lowStock", Subject: l.Code, SubjectType: "product", Type: "InsufficientStockError",
				}
			}
			p = p.Clone()
			p.Fields["stock"] = strconv.Itoa(stockOf(p) - l.Quantity)
			if err := tx.Replace(products, p); err != nil {
				return err
			}
		}
		number := tx.Number(orders)
		order := records.Record{ID: fmt.Sprintf("%08d", 1000+number), Fields: map[string]any{
			"guid": uuid.MustParse(tx.ID(orders, number)).String(), "user": from.Text("user"), "entries": from.Fields["entries"],
			"status": orderCreated, "created": odata.Time(tx.Stamp()), "site": c.path["site"],
		}}
		order.Fields["code"] = order.ID
		shown = cartOf(tx, order, orderDTO)
		if err := tx.Delete(carts, from.ID); err != nil {
			return err
		}
		return tx.Create(orders, order)
	})
	if err != nil {
		return err
	}
	return c.json(http.StatusCreated, shown)
}

// orderOf finds the order of the path, with a user among that user's only.
func orderOf(tx *records.Tx, c *call) (records.Record, error) {
	r, found := tx.Find(orders, c.path["order"])
	if user := c.path["user"]; !found || user != "" && r.Text("user") != strings.ToLower(user) {
		return r, unknown("Order", c.path["order"])
	}
	return r, nil
}

func showOrder(c *call) error {
	return c.store.View(func(tx *records.Tx) error {
		r, err := orderOf(tx, c)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, cartOf(tx, r, orderDTO))
	})
}

// listOrders is a customer's history, newest first.
func listOrders(c *call) error {
	return c.store.View(func(tx *records.Tx) error {
		u, err := customer(tx, c)
		if err != nil {
			return err
		}
		type summary struct {
			Code   string   `json:"code"`
			GUID   string   `json:"guid"`
			Placed string   `json:"placed"`
			Status string   `json:"status"`
			Total  occPrice `json:"total"`
		}
		list := []summary{}
		all := tx.List(orders)
		for i := range all {
			if r := all[len(all)-1-i]; r.Text("user") == u.ID {
				list = append(list, summary{r.ID, r.Text("guid"), r.Text("created"), r.Text("status"), cartOf(tx, r, orderDTO).TotalPrice})
			}
		}
		hits, at, err := page(c, list)
		if err != nil {
			return err
		}
		return c.json(http.StatusOK, map[string]any{"orders": hits, "pagination": at})
	})
}

// cancelOrder cancels a whole order; what it took goes back to the stock.
func cancelOrder(c *call) error {
	err := c.store.Update(c.request.Context(), func(tx *records.Tx) error {
		r, err := orderOf(tx, c)
		if err != nil {
			return err
		}
		if r.Text("status") != orderCreated {
			return &occError{
				status: http.StatusBadRequest, Message: "Order is not cancellable", Reason: "invalid", Subject: r.ID, SubjectType: "order", Type: "CancelOrderError",
			}
		}
		for _, l := range lines(r) {
			if p, found := tx.Find(products, l.Code); found {
				p = p.Clone()
				p.Fields["stock"] = strconv.Itoa(stockOf(p) + l.Quantity)
				if err := tx.Replace(products, p); err != nil {
					return err
				}
			}
		}
		r = r.Clone()
		r.Fields["status"] = orderCancelled
		return tx.Replace(orders, r)
	})
	if err != nil {
		return err
	}
	c.WriteHeader(http.StatusOK)
	return nil
}
