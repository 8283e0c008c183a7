package destination

import (
	"encoding/base64"
	"encoding/json"
	"path"
	"slices"
	"strings"
	"unicode"

	"github.com/pairsim/pairsim/btp"
)

// File is a certificate file that destinations name in KeyStoreLocation: a key with
// its certificates, or what is trusted.
type File struct {
	Subaccount btp.SubaccountID
	// Instance is as a Destination's.
	Instance string
	// Name is unique on its level, with its ending.
	Name string
	// Type is CERTIFICATE, as the service says of all that it keeps.
	Type string
	// Content is base64 of the file: a secret, because it may hold a key.
	Content string
	// MadeBy is the id of the service instance that made it; "" by hand.
	MadeBy string
	// New is as a Destination's.
	New bool
}

const (
	typeCertificate = "CERTIFICATE"
	maxFile         = 32 << 10 // bytes of base64
	maxFileName     = 200      // characters
)

// fileEndings are what the service takes (CONN: certificates).
var fileEndings = []string{".pem", ".crt", ".cer", ".der", ".p12", ".pfx", ".jks"}

func checkFileName(name string) string {
	switch {
	case len(name) > maxFileName || strings.ContainsFunc(name, unicode.IsControl) || strings.ContainsAny(name, `/\`):
		return "a file's name has at most 200 characters, no control characters and no slashes"
	case !slices.Contains(fileEndings, strings.ToLower(path.Ext(name))):
		return "a file's name ends with " + strings.Join(fileEndings, ", ")
	}
	return ""
}

type fileDocument struct {
	Subaccount btp.SubaccountID `json:"subaccount"`
	Instance   string           `json:"instance,omitempty"`
	MadeBy     string           `json:"madeBy,omitempty"`
	Type       string           `json:"type"`
}

// PutFile makes or, unless f is New, replaces a file. It refuses with
// DestinationInvalid, DestinationExists, DestinationLimit or SubaccountNotFound.
func PutFile(s *btp.Step, f File) error {
	if f.Type == "" {
		f.Type = typeCertificate
	}
	if err := CheckFile(f); err != nil {
		return err
	}
	if _, err := s.Subaccount(f.Subaccount); err != nil {
		return err
	}
	scope := level(f.Subaccount, f.Instance)
	o, there, err := s.Objects().FindByName(btp.KindCertificateFile, scope, f.Name)
	switch {
	case err != nil:
		return err
	case there && f.New:
		return btp.Errorf(btp.DestinationExists, "a file %q exists already in subaccount %s", f.Name, f.Subaccount)
	case !there:
		if err := room(s, btp.KindCertificateFile, scope, MaxFiles); err != nil {
			return err
		}
		o = btp.Object{Kind: btp.KindCertificateFile, ID: s.NewID(), Scope: scope, Name: f.Name, Sequence: s.NextSequence()}
	}
	o.Parent = f.MadeBy
	if o.Document, err = json.Marshal(fileDocument{f.Subaccount, f.Instance, f.MadeBy, f.Type}); err != nil {
		return err
	}
	if o.Secret, err = json.Marshal(f.Content); err != nil {
		return err
	}
	s.Decided(btp.PointCertificateFile, nil, "service-apis §2", "certificate file "+f.Name+" of subaccount "+string(f.Subaccount)+" is stored")
	return s.Objects().Put(o)
}

// CheckFile refuses with DestinationInvalid a file that breaks a rule.
func CheckFile(f File) error {
	var found []btp.Finding
	if problem := checkFileName(f.Name); problem != "" {
		found = append(found, finding("Name", problem))
	}
	if f.Type != "" && f.Type != typeCertificate {
		found = append(found, finding("Type", "must be "+typeCertificate))
	}
	if _, err := base64.StdEncoding.DecodeString(f.Content); err != nil || f.Content == "" || len(f.Content) > maxFile {
		found = append(found, finding("Content", "must be the file in base64, at most 32768 bytes"))
	}
	return invalid(found)
}

func readFile(o btp.Object) (File, error) {
	var said fileDocument
	f := File{Name: o.Name}
	if err := json.Unmarshal(o.Document, &said); err != nil {
		return f, err
	}
	f.Subaccount, f.Instance, f.MadeBy, f.Type = said.Subaccount, said.Instance, said.MadeBy, said.Type
	return f, json.Unmarshal(o.Secret, &f.Content)
}

// FindFile finds a file of a level. It refuses with CertificateFileNotFound.
func FindFile(s *btp.Step, subaccount btp.SubaccountID, instance, name string) (File, error) {
	o, there, err := s.Objects().FindByName(btp.KindCertificateFile, level(subaccount, instance), name)
	if err != nil {
		return File{}, err
	}
	if !there {
		return File{}, btp.Errorf(btp.CertificateFileNotFound, "subaccount %s has no certificate file %.100q", subaccount, name)
	}
	return readFile(o)
}

// ListFiles lists the files of a level in the order in which they were made.
func ListFiles(s *btp.Step, subaccount btp.SubaccountID, instance string) ([]File, error) {
	objects, err := s.Objects().List(btp.ObjectFilter{Kind: btp.KindCertificateFile, Scope: level(subaccount, instance)})
	if err != nil {
		return nil, err
	}
	list := make([]File, len(objects))
	for i, o := range objects {
		if list[i], err = readFile(o); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// RemoveFile deletes a file of a level. It refuses with CertificateFileNotFound.
func RemoveFile(s *btp.Step, subaccount btp.SubaccountID, instance, name string) error {
	o, there, err := s.Objects().FindByName(btp.KindCertificateFile, level(subaccount, instance), name)
	if err != nil {
		return err
	}
	if !there {
		return btp.Errorf(btp.CertificateFileNotFound, "subaccount %s has no certificate file %.100q", subaccount, name)
	}
	s.Decided(btp.PointCertificateFile, nil, "service-apis §2", "certificate file "+name+" of subaccount "+string(subaccount)+" is deleted")
	return s.Objects().Delete(o.Kind, o.ID)
}
