package seed

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/pairsim/pairsim/internal/landscape"
	"github.com/pairsim/pairsim/internal/tenant"
)

// maxSpecification bounds a specification, in bytes.
const maxSpecification = 1 << 20

func (f *File) checkTenants(c *checker, dir string) {
	ids := map[string]string{}
	for i := range f.Tenants {
		t, path := &f.Tenants[i], at("tenants", i)
		c.unique(ids, t.ID, path+".id")
		known, seen := landscape.APIs(t.Product), map[string]string{}
		for j := range t.APIs {
			a, path := &t.APIs[j], at(path+".apis", j)
			c.unique(seen, a.Identifier, path+".identifier")
			if !slices.Contains(known, a.Identifier) {
				c.refuse(path+".identifier", "product %s has no API %q; its APIs are %s", t.Product, clip(a.Identifier), strings.Join(known, ", "))
			}
			if len(a.Specification) == 0 {
				continue
			}
			document, err := readSpecification(a.Specification, dir)
			if err != nil {
				c.refuse(path+".specification", "%v", err)
			}
			a.document = document
		}
		landscape.CheckCommunication(t.Product, t.Declared, func(field, problem string) {
			if field != "" {
				field = "." + field
			}
			c.refuse(path+field, "%s", problem)
		})
	}
}

// readSpecification returns an OpenAPI document as JSON, or an EDMX text: written
// in the seed file itself, or in a file that it names.
func readSpecification(given json.RawMessage, dir string) ([]byte, error) {
	var text string
	if json.Unmarshal(given, &text) != nil {
		return openAPI(given)
	}
	if tenant.IsEDMX([]byte(text)) {
		return []byte(text), edmx([]byte(text))
	}
	if dir == "" {
		return nil, errors.New("a file can be named in a seed file only")
	}
	if !filepath.IsAbs(text) {
		text = filepath.Join(dir, text)
	}
	document, err := readBounded(text)
	if err != nil {
		return nil, err
	}
	if tenant.IsEDMX(document) {
		return document, edmx(document)
	}
	value, _, err := read(document) // JSON is YAML too
	if err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	if document, err = json.Marshal(value); err != nil {
		return nil, fmt.Errorf("%s: %w", text, err)
	}
	return openAPI(document)
}

func readBounded(path string) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	document, err := io.ReadAll(io.LimitReader(file, maxSpecification+1))
	if err == nil && len(document) > maxSpecification {
		err = fmt.Errorf("%s is larger than %d bytes", path, maxSpecification)
	}
	return document, err
}

// openAPI takes any version of the document; the registry keeps it as it is.
func openAPI(document []byte) ([]byte, error) {
	var head struct {
		OpenAPI string          `json:"openapi"`
		Swagger string          `json:"swagger"`
		Paths   json.RawMessage `json:"paths"`
	}
	if err := json.Unmarshal(document, &head); err != nil || head.OpenAPI+head.Swagger == "" || head.Paths == nil {
		return nil, errors.New("is neither EDMX nor an OpenAPI document with openapi (or swagger) and paths")
	}
	return document, nil
}

func edmx(document []byte) error {
	dec := xml.NewDecoder(bytes.NewReader(document))
	for root := ""; ; {
		token, err := dec.Token()
		if errors.Is(err, io.EOF) && root == "Edmx" {
			return nil
		}
		if start, ok := token.(xml.StartElement); ok && root == "" {
			root = start.Name.Local
		}
		if err != nil || root != "" && root != "Edmx" {
			return errors.New("is XML but no OData metadata document: its root must be Edmx")
		}
	}
}
