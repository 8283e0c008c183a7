// Package odata serves OData 2.0 from a declared model: entity sets with their
// properties and navigations, from which come both the metadata document (EDMX)
// and what requests may do. It knows no product; the records are those of
// internal/records.
//
// It serves a documented subset (docs/wire.md, Product APIs), strictly: an option,
// function or property that it does not know is refused, never ignored.
package odata
