package sandbox

import (
	"crypto"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"

	"github.com/google/uuid"
	"golang.org/x/time/rate"

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/exchange"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/tokens"
)

// These are the scopes that operations require. A client whose Scopes are empty may
// request every scope that the sandbox supports.
const (
	ScopeRead  = "portfolios:read"
	ScopeAdmin = "portfolios:admin"

	// ScopeLiquidationsRead and ScopeLiquidationsAdmin exist only in later versions of
	// the API, see [WithLaterVersions].
	ScopeLiquidationsRead  = later.ScopeRead
	ScopeLiquidationsAdmin = later.ScopeAdmin
)

// Client contains the credentials and the permissions of an API client of the sandbox.
// Package fmt prints a Client without its secret and its private key, unless the Client
// is in an unexported field of another struct.
type Client struct {
	// ID is the client id, which the client sends in the header upvest-client-id and as a
	// form field of a token request.
	ID uuid.UUID
	// Secret is the client secret, which the client sends as a form field of a token
	// request.
	Secret string `json:"-"`
	// KeyID is the keyid parameter of the client's signatures.
	KeyID string
	// PublicKey verifies the client's signatures. It is an Ed25519 key, or an ECDSA key
	// on P-521, P-384 or P-256. If PublicKey is nil, the sandbox derives it from
	// PrivateKey.
	PublicKey crypto.PublicKey
	// OtherKeys maps additional key ids to public keys that also verify the client's
	// signatures.
	OtherKeys map[string]crypto.PublicKey
	// PrivateKey signs the client's requests. It is optional, because the sandbox only
	// verifies signatures. Without PrivateKey, [Sandbox.Credentials] and
	// [Sandbox.Environ] contain no key.
	PrivateKey crypto.Signer `json:"-"`
	// Scopes are the scopes that a token of this client can have. Empty means all scopes.
	Scopes []string
}

// NewClient returns a client with a random id, secret, key id and Ed25519 key. The client
// may request the given scopes, or all scopes if none are given.
func NewClient(scopes ...string) (Client, error) {
	public, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Client{}, fmt.Errorf("make the client's key: %w", err)
	}
	secret := make([]byte, 24)
	if _, err := rand.Read(secret); err != nil {
		return Client{}, fmt.Errorf("make the client's secret: %w", err)
	}
	return Client{
		ID:         uuid.New(),
		Secret:     hex.EncodeToString(secret),
		KeyID:      uuid.NewString(),
		PublicKey:  public,
		PrivateKey: private,
		Scopes:     scopes,
	}, nil
}

// Format writes the client without its secret and its keys, for every formatting verb.
func (c Client) Format(f fmt.State, _ rune) {
	// fmt has no way to report a failed write.
	_, _ = fmt.Fprintf(f, "sandbox.Client{ID:%s KeyID:%s Scopes:%v Secret:***}", c.ID, c.KeyID, c.Scopes)
}

// complete checks a client and returns a copy of it. If PublicKey is not set, complete
// derives it from PrivateKey.
func (c Client) complete() (Client, error) {
	if c.ID == uuid.Nil {
		return c, errors.New("client: ID is missing")
	}
	if c.Secret == "" {
		return c, fmt.Errorf("client %s: Secret is missing", c.ID)
	}
	if c.KeyID == "" {
		return c, fmt.Errorf("client %s: KeyID is missing", c.ID)
	}
	if c.PublicKey == nil && c.PrivateKey != nil {
		c.PublicKey = c.PrivateKey.Public()
	}
	if c.PublicKey == nil {
		return c, fmt.Errorf("client %s: PublicKey is missing", c.ID)
	}
	if err := signature.CheckKey(c.PublicKey); err != nil {
		return c, fmt.Errorf("client %s: PublicKey: %w", c.ID, err)
	}
	c.OtherKeys = maps.Clone(c.OtherKeys)
	for id, key := range c.OtherKeys {
		if id == c.KeyID || id == "" {
			return c, fmt.Errorf(
				"client %s: OtherKeys: expected key ids that are neither empty nor equal to KeyID", c.ID)
		}
		if err := signature.CheckKey(key); err != nil {
			return c, fmt.Errorf("client %s: OtherKeys: %q: %w", c.ID, id, err)
		}
	}
	return c, nil
}

// exchangeClients converts the clients to the type that package exchange uses, and
// returns them by client id. rateLimit is in requests per second. 0 means no limit.
func exchangeClients(known []Client, rateLimit int) map[uuid.UUID]*exchange.Client {
	clients := map[uuid.UUID]*exchange.Client{}
	for _, one := range known {
		client := &exchange.Client{
			Client: tokens.Client{ID: one.ID, Secret: one.Secret, Scopes: one.Scopes},
			Keys:   map[string]crypto.PublicKey{one.KeyID: one.PublicKey},
		}
		maps.Copy(client.Keys, one.OtherKeys)
		if rateLimit > 0 {
			client.Limiter = rate.NewLimiter(rate.Limit(rateLimit), rateLimit)
		}
		clients[one.ID] = client
	}
	return clients
}

// checkScopes returns an error if a client has a scope that the contract does not define.
func checkScopes(clients []Client, documented map[string]bool) error {
	for _, client := range clients {
		for _, scope := range client.Scopes {
			if !documented[scope] {
				return fmt.Errorf("client %s: scope %q is not in openapi.yaml, expected %s or %s",
					client.ID, scope, ScopeRead, ScopeAdmin)
			}
		}
	}
	return nil
}
