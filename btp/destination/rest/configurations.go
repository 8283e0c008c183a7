package rest

import (
	"bytes"
	"errors"
	"io"
	"net/http"

	"github.com/gin-gonic/gin"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/destination"
	"github.com/pairsim/pairsim/btp/httpapi"
)

// maxBody bounds a request's body, in bytes, and maxConfigurations what stands in it.
const (
	maxBody           = 256 << 10
	maxConfigurations = 50
)

// count is what a change answers with.
type count struct {
	Count int `json:"Count"`
}

func (s *Service) list(c *gin.Context, on caller) error {
	all, err := s.destinations.List(c.Request.Context(), on.subaccount, on.instance)
	if err != nil {
		return err
	}
	flat := make([]map[string]string, len(all))
	for i := range all {
		flat[i] = all[i].All()
	}
	return httpapi.Respond(c, http.StatusOK, flat)
}

func (s *Service) show(c *gin.Context, on caller) error {
	d, err := s.destinations.Show(c.Request.Context(), on.subaccount, on.instance, c.Param("name"))
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, d.All())
}

func (s *Service) create(c *gin.Context, on caller) error {
	all, err := readDestinations(c, on)
	if err != nil {
		return err
	}
	for i := range all {
		all[i].New = true
	}
	if err := s.destinations.Put(c.Request.Context(), false, all...); err != nil {
		return err
	}
	c.Status(http.StatusCreated)
	c.Writer.WriteHeaderNow()
	return nil
}

// change overwrites what is there; one that is not there is not made by it.
func (s *Service) change(c *gin.Context, on caller) error {
	all, err := readDestinations(c, on)
	if err != nil {
		return err
	}
	if err := s.destinations.Put(c.Request.Context(), true, all...); err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, count{len(all)})
}

func (s *Service) remove(c *gin.Context, on caller) error {
	err := s.destinations.Remove(c.Request.Context(), on.subaccount, on.instance, c.Param("name"))
	return respondRemoved(c, err, btp.DestinationNotFound)
}

// respondRemoved answers how many were deleted: none is no error.
func respondRemoved(c *gin.Context, err error, none btp.Code) error {
	n := count{1}
	if btp.CodeOf(err) == none {
		n, err = count{}, nil
	}
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, n)
}

// readDestinations reads a flat object, or a list of them. Each is judged here, so
// that a refusal names the one that is wrong.
func readDestinations(c *gin.Context, on caller) ([]destination.Destination, error) {
	flat, err := readFlat(c)
	if err != nil {
		return nil, err
	}
	all := make([]destination.Destination, len(flat))
	for i, properties := range flat {
		all[i] = destination.Of(on.subaccount, on.instance, properties)
		if err := named(destination.Check(all[i]), all[i].Name); err != nil {
			return nil, err
		}
	}
	return all, nil
}

// named adds to a refusal which configuration it is about.
func named(err error, name string) error {
	var refused *btp.Error
	if errors.As(err, &refused) {
		const most = 200
		if len(name) > most {
			name = name[:most]
		}
		return refused.WithVendor(name)
	}
	return err
}

// readFlat reads one object of strings, or a list of them.
func readFlat(c *gin.Context) ([]map[string]string, error) {
	body, err := httpapi.ReadBody(c, maxBody)
	if err != nil {
		return nil, err
	}
	c.Request.Body = io.NopCloser(bytes.NewReader(body))
	if trimmed := bytes.TrimSpace(body); len(trimmed) == 0 || trimmed[0] != '[' {
		var one map[string]string
		err := httpapi.DecodeLargeBody(c, maxBody, &one)
		return []map[string]string{one}, err
	}
	var all []map[string]string
	if err := httpapi.DecodeLargeBody(c, maxBody, &all); err != nil {
		return nil, err
	}
	if len(all) == 0 || len(all) > maxConfigurations {
		return nil, btp.Errorf(btp.InvalidRequest, "a list has 1 to %d configurations", maxConfigurations)
	}
	return all, nil
}

// file is a certificate file on the wire.
type file struct {
	Name    string `json:"Name"`
	Content string `json:"Content"`
	Type    string `json:"Type"`
}

func fileOf(f destination.File) file { return file{f.Name, f.Content, f.Type} }

func (s *Service) listFiles(c *gin.Context, on caller) error {
	all, err := s.destinations.Files(c.Request.Context(), on.subaccount, on.instance)
	if err != nil {
		return err
	}
	files := make([]file, len(all))
	for i, f := range all {
		files[i] = fileOf(f)
	}
	return httpapi.Respond(c, http.StatusOK, files)
}

func (s *Service) showFile(c *gin.Context, on caller) error {
	f, err := s.destinations.File(c.Request.Context(), on.subaccount, on.instance, c.Param("name"))
	if err != nil {
		return err
	}
	return httpapi.Respond(c, http.StatusOK, fileOf(f))
}

func (s *Service) createFiles(c *gin.Context, on caller) error {
	flat, err := readFlat(c)
	if err != nil {
		return err
	}
	all := make([]destination.File, len(flat))
	for i, f := range flat {
		for name := range f {
			if name != "Name" && name != "Content" && name != "Type" {
				return btp.Errorf(btp.InvalidRequest, "unknown field %.60q; fields are Name, Content, Type", name)
			}
		}
		all[i] = destination.File{
			Subaccount: on.subaccount, Instance: on.instance, Name: f["Name"], Content: f["Content"], Type: f["Type"], New: true,
		}
		if err := named(destination.CheckFile(all[i]), all[i].Name); err != nil {
			return err
		}
	}
	if err := s.destinations.PutFiles(c.Request.Context(), all...); err != nil {
		return err
	}
	c.Status(http.StatusCreated)
	c.Writer.WriteHeaderNow()
	return nil
}

func (s *Service) removeFile(c *gin.Context, on caller) error {
	err := s.destinations.RemoveFile(c.Request.Context(), on.subaccount, on.instance, c.Param("name"))
	return respondRemoved(c, err, btp.CertificateFileNotFound)
}
