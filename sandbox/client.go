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

// These are the scopes of the operations. A client without Scopes may request all of
// them.
const (
	ScopeRead  = "portfolios:read"
	ScopeAdmin = "portfolios:admin"

	// ScopeLiquidationsRead and ScopeLiquidationsAdmin are scopes of later versions, see
	// [WithLaterVersions].
	ScopeLiquidationsRead  = later.ScopeRead
	ScopeLiquidationsAdmin = later.ScopeAdmin
)

// Client is an API client of the sandbox: its credentials and its permissions. Printing
// it never shows its secret or its key.
type Client struct {
	// ID is the client id, sent in upvest-client-id and in the form of the token request.
	ID uuid.UUID
	// Secret is the client secret of the token request.
	Secret string `json:"-"`
	// KeyID is the keyid parameter of its signatures.
	KeyID string
	// PublicKey checks its signatures: Ed25519, or ECDSA on P-521. If it is nil, it is
	// taken from PrivateKey.
	PublicKey crypto.PublicKey
	// OtherKeys are further public keys that check its signatures, by their keyid.
	OtherKeys map[string]crypto.PublicKey
	// PrivateKey makes its signatures. The sandbox does not need it. It is nil if the
	// client does not share its key.
	PrivateKey crypto.Signer `json:"-"`
	// Scopes are the scopes that a token of this client can have. Empty means all scopes.
	Scopes []string
}

// NewClient returns a client with a random id, secret, key id and Ed25519 key, which may
// request the scopes.
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

// Format writes the client without its secret and its key for every verb.
func (c Client) Format(f fmt.State, _ rune) {
	// fmt has no way to report a failed write.
	_, _ = fmt.Fprintf(f, "sandbox.Client{ID:%s KeyID:%s Scopes:%v Secret:***}", c.ID, c.KeyID, c.Scopes)
}

// complete checks a client and fills in the fields that it can derive from others.
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
				"client %s: OtherKeys: expected key ids that are not empty and not KeyID", c.ID)
		}
		if err := signature.CheckKey(key); err != nil {
			return c, fmt.Errorf("client %s: OtherKeys: %q: %w", c.ID, id, err)
		}
	}
	return c, nil
}

// exchangeClients returns the clients in the form that the checks of requests read.
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

// checkScopes refuses a client with a scope that no token can have.
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
