package rest

import _ "embed" // of the document

// OpenAPI is the OpenAPI 3.0 document of both interfaces, as YAML.
//
//go:embed openapi.yaml
var OpenAPI []byte
