package odata

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/pairsim/pairsim/internal/records"
)

// writer writes the answer to one request.
type writer struct {
	http.ResponseWriter
	service *Service
	root    string // URL of the service, without slash at its end
	json    bool
	tx      *records.Tx
	query   *query
}

func (w *writer) uri(set *Set, e map[string]any) string {
	parts := make([]string, len(set.Keys))
	for i, key := range set.Keys {
		text := strings.ReplaceAll(url.PathEscape(set.property(key).literal(e[key])), "%27", "'")
		parts[i] = key + "=" + text
		if len(set.Keys) == 1 {
			parts[i] = text
		}
	}
	return w.root + "/" + set.Name + "(" + strings.Join(parts, ",") + ")"
}

func (w *writer) head(status int, contentType string) {
	w.Header().Set("Content-Type", contentType+";charset=utf-8")
	w.Header().Set("DataServiceVersion", "2.0")
	w.WriteHeader(status)
}

func (w *writer) sendJSON(status int, d any) {
	w.head(status, "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{"d": d}) // the client is gone
}

func (w *writer) sendXML(status int, contentType, body string) {
	w.head(status, contentType)
	_, _ = w.Write([]byte(xml.Header + body)) // the client is gone
}

// document lists the entity sets.
func (w *writer) document() {
	if w.json {
		names := make([]string, len(w.service.Sets))
		for i, set := range w.service.Sets {
			names[i] = set.Name
		}
		w.sendJSON(http.StatusOK, map[string]any{"EntitySets": names})
		return
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<service xmlns="http://www.w3.org/2007/app" xmlns:atom="http://www.w3.org/2005/Atom" xml:base="%s/"><workspace><atom:title>Default</atom:title>`, text(w.root))
	for _, set := range w.service.Sets {
		fmt.Fprintf(&b, `<collection href="%[1]s"><atom:title>%[1]s</atom:title></collection>`, text(set.Name))
	}
	b.WriteString("</workspace></service>")
	w.sendXML(http.StatusOK, "application/atomsvc+xml", b.String())
}

// entities answers with a collection; total is the inline count.
func (w *writer) entities(set *Set, page []records.Record, total int) {
	if w.json {
		results := make([]any, len(page))
		for i, r := range page {
			results[i] = w.object(set, r.Fields, w.query.expand)
		}
		d := map[string]any{"results": results}
		if w.query.count {
			d["__count"] = strconv.Itoa(total)
		}
		w.sendJSON(http.StatusOK, d)
		return
	}
	var b strings.Builder
	w.feed(&b, set, page, w.query.expand, total, true)
	w.sendXML(http.StatusOK, "application/atom+xml;type=feed", b.String())
}

// entity answers with one entity.
func (w *writer) entity(status int, set *Set, e map[string]any) {
	if tag := set.etag(e); tag != "" {
		w.Header().Set("ETag", tag)
	}
	if w.json {
		var d any = w.object(set, e, w.query.expand)
		if w.service.Bare {
			d = map[string]any{"results": d}
		}
		w.sendJSON(status, d)
		return
	}
	var b strings.Builder
	w.entry(&b, set, e, w.query.expand, true)
	w.sendXML(status, "application/atom+xml;type=entry", b.String())
}

// object is an entity in JSON ([OData:JSON] 6).
func (w *writer) object(set *Set, e map[string]any, expand *expansion) map[string]any {
	top := expand == w.query.expand
	about := map[string]any{"uri": w.uri(set, e), "type": w.service.Namespace + "." + set.Type}
	if tag := set.etag(e); tag != "" {
		about["etag"] = tag
	}
	o := map[string]any{"__metadata": about}
	for i := range set.Properties {
		if p := &set.Properties[i]; !top || w.query.selected(p.Name) {
			o[p.Name] = p.toJSON(e[p.Name])
		}
	}
	for i := range set.Navigations {
		n := &set.Navigations[i]
		if top && !w.query.selected(n.Name) {
			continue
		}
		below := expand.below[n.Name]
		if below == nil {
			o[n.Name] = map[string]any{"__deferred": map[string]any{"uri": w.uri(set, e) + "/" + n.Name}}
			continue
		}
		target := w.service.set(n.Target)
		list := []any{}
		for _, r := range w.service.related(w.tx, e, n) {
			list = append(list, w.object(target, r.Fields, below))
		}
		switch {
		case n.Many && w.service.Bare:
			o[n.Name] = list
		case n.Many:
			o[n.Name] = map[string]any{"results": list}
		case len(list) == 0:
			o[n.Name] = nil
		default:
			o[n.Name] = list[0]
		}
	}
	return o
}

const namespaces = ` xmlns="http://www.w3.org/2005/Atom" xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices" xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata"`

func (w *writer) feed(b *strings.Builder, set *Set, page []records.Record, expand *expansion, total int, root bool) {
	attributes := ""
	if root {
		attributes = namespaces + ` xml:base="` + text(w.root) + `/"`
	}
	fmt.Fprintf(b, `<feed%s><id>%s/%s</id><title type="text">%[3]s</title><updated>%[4]s</updated>`, attributes, text(w.root), set.Name, epoch)
	if root && w.query.count {
		fmt.Fprintf(b, `<m:count>%d</m:count>`, total)
	}
	for _, r := range page {
		w.entry(b, set, r.Fields, expand, false)
	}
	b.WriteString("</feed>")
}

// epoch stands where Atom wants the time of a change that nobody noted.
const epoch = "1970-01-01T00:00:00Z"

// entry is an entity in Atom ([OData:ATOM]).
func (w *writer) entry(b *strings.Builder, set *Set, e map[string]any, expand *expansion, root bool) {
	attributes := ""
	if root {
		attributes = namespaces + ` xml:base="` + text(w.root) + `/"`
	}
	if tag := set.etag(e); tag != "" {
		attributes += ` m:etag="` + text(tag) + `"`
	}
	top := expand == w.query.expand
	updated := epoch
	if p := set.property(set.Concurrency); p != nil && p.isTime() {
		updated = timeOf(fmt.Sprint(e[p.Name])).Format(time.RFC3339)
	}
	uri := text(w.uri(set, e))
	fmt.Fprintf(b, `<entry%s><id>%s</id><title type="text"/><updated>%s</updated><author><name/></author>`, attributes, uri, updated)
	fmt.Fprintf(b, `<category term="%s.%s" scheme="http://schemas.microsoft.com/ado/2007/08/dataservices/scheme"/>`, w.service.Namespace, set.Type)
	fmt.Fprintf(b, `<link rel="edit" title="%s" href="%s"/>`, set.Type, strings.TrimPrefix(uri, text(w.root)+"/"))
	for i := range set.Navigations {
		n := &set.Navigations[i]
		if top && !w.query.selected(n.Name) {
			continue
		}
		kind, target := "entry", w.service.set(n.Target)
		if n.Many {
			kind = "feed"
		}
		fmt.Fprintf(b, `<link rel="http://schemas.microsoft.com/ado/2007/08/dataservices/related/%[1]s" type="application/atom+xml;type=%[2]s" title="%[1]s" href="%[3]s/%[1]s">`,
			n.Name, kind, strings.TrimPrefix(uri, text(w.root)+"/"))
		if below := expand.below[n.Name]; below != nil {
			b.WriteString("<m:inline>")
			found := w.service.related(w.tx, e, n)
			if n.Many {
				w.feed(b, target, found, below, len(found), false)
			} else if len(found) > 0 {
				w.entry(b, target, found[0].Fields, below, false)
			}
			b.WriteString("</m:inline>")
		}
		b.WriteString("</link>")
	}
	b.WriteString(`<content type="application/xml"><m:properties>`)
	for i := range set.Properties {
		if p := &set.Properties[i]; !top || w.query.selected(p.Name) {
			element(b, p, e[p.Name], "")
		}
	}
	b.WriteString("</m:properties></content></entry>")
}

// element writes a property in XML.
func element(b *strings.Builder, p *Property, value any, attributes string) {
	typ := ""
	if p.Type != String {
		typ = ` m:type="` + string(p.Type) + `"`
	}
	if value == nil {
		fmt.Fprintf(b, `<d:%s%s%s m:null="true"/>`, p.Name, attributes, typ)
		return
	}
	fmt.Fprintf(b, `<d:%[1]s%[2]s%[3]s>%[4]s</d:%[1]s>`, p.Name, attributes, typ, text(p.toText(value)))
}

// oneProperty answers with a property of an entity.
func (w *writer) oneProperty(p *Property, value any) {
	if w.json {
		w.sendJSON(http.StatusOK, map[string]any{p.Name: p.toJSON(value)})
		return
	}
	var b strings.Builder
	element(&b, p, value, strings.ReplaceAll(namespaces, ` xmlns="http://www.w3.org/2005/Atom"`, ""))
	w.sendXML(http.StatusOK, "application/xml", b.String())
}

// plain answers with a text: a count, a raw value.
func (w *writer) plain(body string) {
	w.head(http.StatusOK, "text/plain")
	_, _ = w.Write([]byte(body)) // the client is gone
}

// text escapes for XML, also in attributes.
func text(s string) string {
	var b bytes.Buffer
	_ = xml.EscapeText(&b, []byte(s)) // a buffer takes everything
	return b.String()
}
