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

	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/later"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/signature"
)

// Scopes that the operations on portfolios ask for. A client without Scopes is allowed all.
const (
	ScopeRead  = "portfolios:read"
	ScopeAdmin = "portfolios:admin"
	// Those of later versions, see [WithLaterVersions].
	ScopeLiquidationsRead  = later.ScopeRead
	ScopeLiquidationsAdmin = later.ScopeAdmin
)

// Client is an API client that the sandbox knows: what it may do, and what it proves its identity with. Printing one never shows its
// secret or its key.
type Client struct {
	// ID is the client id, sent in upvest-client-id and in the form of the token request.
	ID uuid.UUID
	// Secret is the client secret of the token request.
	Secret string `json:"-"`
	// KeyID is the keyid of its signatures.
	KeyID string
	// PublicKey checks its signatures: Ed25519, or ECDSA on P-521. Taken from PrivateKey when nil.
	PublicKey crypto.PublicKey
	// OtherKeys are further public keys that check its signatures, by their keyid.
	OtherKeys map[string]crypto.PublicKey
	// PrivateKey makes its signatures. The sandbox itself does not need it: it is nil for a client that keeps its own.
	PrivateKey crypto.Signer `json:"-"`
	// Scopes are what a token of this client can be granted. Empty means all that the operations ask for.
	Scopes []string
}

// NewClient returns a client with a random id, secret, key id and Ed25519 key, that is allowed the scopes.
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
		ID: uuid.New(), Secret: hex.EncodeToString(secret), KeyID: uuid.NewString(),
		PublicKey: public, PrivateKey: private, Scopes: scopes,
	}, nil
}

// Format writes the client without its secret and its key, whatever the verb.
func (c Client) Format(f fmt.State, _ rune) {
	// A failed write is the caller's: fmt gives no way to report it.
	_, _ = fmt.Fprintf(f, "sandbox.Client{ID:%s KeyID:%s Scopes:%v Secret:***}", c.ID, c.KeyID, c.Scopes)
}

// complete checks a client and fills in what can be told from the rest.
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
			return c, fmt.Errorf("client %s: OtherKeys: expected other key ids than KeyID and none that is empty", c.ID)
		}
		if err := signature.CheckKey(key); err != nil {
			return c, fmt.Errorf("client %s: OtherKeys: %q: %w", c.ID, id, err)
		}
	}
	return c, nil
}

// client is a Client with what the sandbox needs at hand for each of its requests.
type client struct {
	Client
	keys map[string]crypto.PublicKey
	// limiter is nil without a rate limit.
	limiter *rate.Limiter
}

func newClients(c config) map[uuid.UUID]*client {
	clients := map[uuid.UUID]*client{}
	for _, known := range c.clients {
		one := &client{Client: known, keys: map[string]crypto.PublicKey{known.KeyID: known.PublicKey}}
		maps.Copy(one.keys, known.OtherKeys)
		if c.rateLimit > 0 {
			one.limiter = rate.NewLimiter(rate.Limit(c.rateLimit), c.rateLimit)
		}
		clients[known.ID] = one
	}
	return clients
}

// checkScopes refuses a client that is allowed a scope for which no token can be asked.
func checkScopes(clients []Client, documented map[string]bool) error {
	for _, client := range clients {
		for _, scope := range client.Scopes {
			if !documented[scope] {
				return fmt.Errorf("client %s: scope %q is not in openapi.yaml, expected %s or %s", client.ID, scope, ScopeRead, ScopeAdmin)
			}
		}
	}
	return nil
}
