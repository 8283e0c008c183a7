package odata

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
)

// Error is a refusal as the service answers it. Codes are our own words: those
// of the products are opaque.
type Error struct {
	Status  int
	Code    string
	Message string
}

func (e *Error) Error() string { return e.Message }

func refuse(status int, code, format string, args ...any) *Error {
	return &Error{status, code, fmt.Sprintf(format, args...)}
}

// Refuse is a refusal by a product's own rule: 400.
func Refuse(code, format string, args ...any) *Error {
	return refuse(http.StatusBadRequest, code, format, args...)
}

func badOption(name, format string, args ...any) *Error {
	return refuse(http.StatusBadRequest, "InvalidQueryOption", "%s: %s", name, fmt.Sprintf(format, args...))
}

func notFound(format string, args ...any) *Error {
	return refuse(http.StatusNotFound, "NotFound", format, args...)
}

// WriteError answers with an error document, in JSON or XML ([OData:JSON] 8,
// [OData:ATOM] error).
func WriteError(w http.ResponseWriter, asJSON bool, e *Error) {
	h := w.Header()
	h.Set("DataServiceVersion", "1.0")
	if asJSON {
		h.Set("Content-Type", "application/json;charset=utf-8")
		w.WriteHeader(e.Status)
		type text struct {
			Lang  string `json:"lang"`
			Value string `json:"value"`
		}
		type body struct {
			Code    string `json:"code"`
			Message text   `json:"message"`
		}
		_ = json.NewEncoder(w).Encode(map[string]body{"error": {e.Code, text{"en", e.Message}}}) // the client is gone
		return
	}
	h.Set("Content-Type", "application/xml;charset=utf-8")
	w.WriteHeader(e.Status)
	type message struct {
		Lang string `xml:"http://www.w3.org/XML/1998/namespace lang,attr"`
		Text string `xml:",chardata"`
	}
	type document struct {
		XMLName xml.Name `xml:"http://schemas.microsoft.com/ado/2007/08/dataservices/metadata error"`
		Code    string   `xml:"code"`
		Message message  `xml:"message"`
	}
	text, err := xml.Marshal(document{Code: e.Code, Message: message{"en", e.Message}})
	if err == nil {
		_, _ = w.Write(append([]byte(xml.Header), text...)) // the client is gone
	}
}

// clip bounds what an error repeats of a request.
func clip(text string) string {
	const most = 100
	runes := []rune(text)
	if len(runes) > most {
		return string(runes[:most]) + "…"
	}
	return text
}
