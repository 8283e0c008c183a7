// Package seed reads seed files: a YAML document that says what an environment
// holds at its first start, held against seed.schema.json and then against the
// registry's own rules. Findings name the line and the path.
package seed
