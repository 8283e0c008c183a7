package tokenservice

import (
	"context"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/gin-gonic/gin"
	"golang.org/x/sync/singleflight"

	"github.com/pairsim/pairsim/btp"
	"github.com/pairsim/pairsim/btp/token"
	"github.com/pairsim/pairsim/internal/publicurl"
)

// Registry are the use cases that the service stands on; *btp.Registry has them.
type Registry interface {
	AuthorizeClient(context.Context, btp.TokenRequest) (*btp.Grant, *btp.ServiceGrant, error)
	Admit(ctx context.Context, needed btp.Permission, who func(now time.Time) (btp.Principal, error)) (btp.Principal, error)
	AdmitService(ctx context.Context, service string, who func(now time.Time) (btp.ServicePrincipal, error)) (btp.ServicePrincipal, error)
	AccessTokenKey(ctx context.Context, newKey func() ([]byte, error)) ([]byte, error)
	Generation() uint64
}

var _ Registry = (*btp.Registry)(nil)

// Config is what the service is made of.
type Config struct {
	Registry Registry
	// URLs decides which address access tokens name as their issuer.
	URLs *publicurl.Book
	// NewRSA supplies the key that signs, should none be stored; nil: made.
	NewRSA func() (*rsa.PrivateKey, error)
	// Log may be nil.
	Log *slog.Logger
}

// Service signs and reads access tokens. It is safe for concurrent use.
type Service struct {
	Config
	loaded  atomic.Pointer[generationKey]
	loading singleflight.Group
}

// generationKey is the key of a generation of the environment.
type generationKey struct {
	generation uint64
	*token.Key
}

// New makes a service. The key is read, or made, when it is first needed.
func New(c Config) *Service {
	if c.NewRSA == nil {
		c.NewRSA = func() (*rsa.PrivateKey, error) { return rsa.GenerateKey(rand.Reader, 2048) }
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return &Service{Config: c}
}

// Mount adds the service's routes: at the root, where x-zid names the zone, and below
// /uaa/{zone} for clients that cannot say so and are handed out an address.
func (s *Service) Mount(router gin.IRouter) {
	router.GET("/oauth/openapi.json", showOpenAPI)
	for _, at := range []string{"", "/uaa/:zone"} {
		router.POST(at+tokenPath, s.issue)
		router.GET(at+keysPath, s.showKeys)
		router.GET(at+discoveryPath, s.showConfiguration)
	}
}

// key is the key that signs; it stays the same until the environment's contents
// are replaced. Many who ask at once make one.
func (s *Service) key(ctx context.Context) (*token.Key, error) {
	generation := s.Registry.Generation()
	if loaded := s.loaded.Load(); loaded != nil && loaded.generation == generation {
		return loaded.Key, nil
	}
	made, err, _ := s.loading.Do("", func() (any, error) {
		// The others wait for this one's key, whoever leaves.
		key, err := s.loadKey(context.WithoutCancel(ctx))
		if err == nil {
			s.loaded.Store(&generationKey{generation, key})
		}
		return key, err
	})
	if err != nil {
		return nil, err
	}
	return made.(*token.Key), nil
}

func (s *Service) loadKey(ctx context.Context) (*token.Key, error) {
	text, err := s.Registry.AccessTokenKey(ctx, s.newKey)
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the stored key of access tokens is no PEM")
	}
	key, err := token.UnmarshalPrivate(block.Bytes)
	if err != nil {
		return nil, err
	}
	if key.Algorithm != token.RS256 {
		return nil, fmt.Errorf("the stored key of access tokens is for %s, not for RS256", key.Algorithm)
	}
	return &key, nil
}

func (s *Service) newKey() ([]byte, error) {
	private, err := s.NewRSA()
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), nil
}
