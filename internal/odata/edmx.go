package odata

import (
	"encoding/xml"
	"fmt"
	"strconv"
)

type (
	edmxDocument struct {
		XMLName  xml.Name `xml:"edmx:Edmx"`
		Version  string   `xml:"Version,attr"`
		Edmx     string   `xml:"xmlns:edmx,attr"`
		M        string   `xml:"xmlns:m,attr"`
		SAP      string   `xml:"xmlns:sap,attr"`
		Services struct {
			Version string     `xml:"m:DataServiceVersion,attr"`
			Schema  edmxSchema `xml:"Schema"`
		} `xml:"edmx:DataServices"`
	}
	edmxSchema struct {
		XMLNS        string            `xml:"xmlns,attr"`
		Namespace    string            `xml:"Namespace,attr"`
		Types        []edmxType        `xml:"EntityType"`
		Associations []edmxAssociation `xml:"Association"`
		Container    edmxContainer     `xml:"EntityContainer"`
	}
	edmxType struct {
		Name        string           `xml:"Name,attr"`
		Keys        []edmxRef        `xml:"Key>PropertyRef"`
		Properties  []edmxProperty   `xml:"Property"`
		Navigations []edmxNavigation `xml:"NavigationProperty"`
	}
	edmxRef struct {
		Name string `xml:"Name,attr"`
	}
	edmxProperty struct {
		Name        string `xml:"Name,attr"`
		Type        Type   `xml:"Type,attr"`
		Nullable    bool   `xml:"Nullable,attr"`
		MaxLength   string `xml:"MaxLength,attr,omitempty"`
		Precision   string `xml:"Precision,attr,omitempty"`
		Scale       string `xml:"Scale,attr,omitempty"`
		Concurrency string `xml:"ConcurrencyMode,attr,omitempty"`
		Creatable   string `xml:"sap:creatable,attr,omitempty"`
		Updatable   string `xml:"sap:updatable,attr,omitempty"`
	}
	edmxNavigation struct {
		Name         string `xml:"Name,attr"`
		Relationship string `xml:"Relationship,attr"`
		From         string `xml:"FromRole,attr"`
		To           string `xml:"ToRole,attr"`
	}
	edmxAssociation struct {
		Name string    `xml:"Name,attr"`
		Ends []edmxEnd `xml:"End"`
	}
	edmxEnd struct {
		Type         string `xml:"Type,attr,omitempty"`
		Multiplicity string `xml:"Multiplicity,attr,omitempty"`
		Set          string `xml:"EntitySet,attr,omitempty"`
		Role         string `xml:"Role,attr"`
	}
	edmxContainer struct {
		Name         string        `xml:"Name,attr"`
		Default      bool          `xml:"m:IsDefaultEntityContainer,attr"`
		Sets         []edmxSet     `xml:"EntitySet"`
		Associations []edmxAssoSet `xml:"AssociationSet"`
	}
	edmxSet struct {
		Name string `xml:"Name,attr"`
		Type string `xml:"EntityType,attr"`
	}
	edmxAssoSet struct {
		Name        string    `xml:"Name,attr"`
		Association string    `xml:"Association,attr"`
		Ends        []edmxEnd `xml:"End"`
	}
)

// decimalPrecision is how many digits a decimal may have.
const decimalPrecision = 34

// EDMX is the service's metadata document ([MC-CSDL], version 2).
func (s *Service) EDMX() []byte {
	doc := edmxDocument{
		Version: "1.0", Edmx: "http://schemas.microsoft.com/ado/2007/06/edmx",
		M: "http://schemas.microsoft.com/ado/2007/08/dataservices/metadata", SAP: "http://www.sap.com/Protocols/SAPData",
	}
	doc.Services.Version = "2.0"
	schema := edmxSchema{XMLNS: "http://schemas.microsoft.com/ado/2008/09/edm", Namespace: s.Namespace}
	schema.Container.Name, schema.Container.Default = s.Namespace+"_Entities", true
	for i := range s.Sets {
		set := &s.Sets[i]
		schema.Types = append(schema.Types, set.edmx(s))
		schema.Container.Sets = append(schema.Container.Sets, edmxSet{set.Name, s.Namespace + "." + set.Type})
		for _, n := range set.Navigations {
			name, target := set.association(n), s.set(n.Target)
			schema.Associations = append(schema.Associations, edmxAssociation{name, []edmxEnd{
				{Type: s.Namespace + "." + set.Type, Multiplicity: multiplicity(!n.Many), Role: "From_" + name},
				{Type: s.Namespace + "." + target.Type, Multiplicity: multiplicity(n.Many), Role: "To_" + name},
			}})
			schema.Container.Associations = append(schema.Container.Associations, edmxAssoSet{name + "Set", s.Namespace + "." + name, []edmxEnd{
				{Set: set.Name, Role: "From_" + name}, {Set: target.Name, Role: "To_" + name},
			}})
		}
	}
	doc.Services.Schema = schema
	text, err := xml.MarshalIndent(doc, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("odata: metadata of %s: %v", s.Namespace, err)) // plain strings: cannot happen
	}
	return append([]byte(xml.Header), append(text, '\n')...)
}

func (s *Set) association(n Navigation) string { return s.Type + "_" + n.Name }

func multiplicity(many bool) string {
	if many {
		return "*"
	}
	return "0..1"
}

func (s *Set) edmx(service *Service) edmxType {
	t := edmxType{Name: s.Type}
	for _, key := range s.Keys {
		t.Keys = append(t.Keys, edmxRef{key})
	}
	for i := range s.Properties {
		p := &s.Properties[i]
		e := edmxProperty{Name: p.Name, Type: p.Type, Nullable: !p.Required && !s.isKey(p.Name)}
		switch p.Type { //nolint:exhaustive // the others have no facets
		case String:
			e.MaxLength = strconv.Itoa(p.maxLength())
		case Decimal:
			e.Precision, e.Scale = strconv.Itoa(decimalPrecision), strconv.Itoa(p.Scale)
		}
		if p.Name == s.Concurrency {
			e.Concurrency = "Fixed"
		}
		if p.Computed {
			e.Creatable = "false"
		}
		if p.Computed || p.Fixed || s.isKey(p.Name) {
			e.Updatable = "false"
		}
		t.Properties = append(t.Properties, e)
	}
	for _, n := range s.Navigations {
		name := s.association(n)
		t.Navigations = append(t.Navigations, edmxNavigation{n.Name, service.Namespace + "." + name, "From_" + name, "To_" + name})
	}
	return t
}
