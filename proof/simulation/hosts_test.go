package simulation_test

import (
	"bytes"
	"context"
	"crypto"
	"crypto/ed25519"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

// secret is the client secret of every client. The judge searches logs and errors for
// the beginning of this string.
const secret = "hush-hush/5f1d+9c"

// host is a caller's machine. It has a clock and runs one process at a time.
type host struct {
	name    string
	number  int
	access  sandbox.Client
	tenant  *tenant
	policy  upvest.RetryPolicy
	sharing bool // two clients share a token source
	ahead   atomic.Int64
	// Time of the last change to the clock. The network's lock guards this field.
	jumped  time.Time
	key     *key
	limiter *limiter
	process *process
	started int // number of processes that have been started
}

// process contains the clients of a host and their state. A restart ends the process and
// starts the next one.
type process struct {
	number  int // number of the process on its host, from 1
	host    *host
	network *network
	clients []*upvest.Client
	ctx     context.Context
	kill    context.CancelFunc

	// Guarded by the network's lock:
	tokenRequests int
	granted       time.Time // time of the last successful token request
	evidence      evidence
}

func (h *host) now() time.Time { return time.Now().Add(time.Duration(h.ahead.Load())) }

// newHosts returns the hosts of a month. The first two hosts share an API client.
func newHosts(random *rand.Rand) []*host {
	var hosts []*host
	for i, name := range []string{"one", "two", "three"} {
		h := &host{name: name, number: i}
		if i == 1 {
			h.access = hosts[0].access
			h.tenant = hosts[0].tenant
			h.policy = upvest.RetryPolicy{
				MaxAttempts: 3, BaseDelay: time.Second, MaxDelay: 5 * time.Second,
			}
		} else {
			seed := make([]byte, ed25519.SeedSize)
			fill(random, seed)
			h.access = sandbox.Client{
				ID: newID(random), Secret: secret, KeyID: "key-" + name,
				PrivateKey: ed25519.NewKeyFromSeed(seed),
			}
			h.tenant = &tenant{client: h.access.ID}
		}
		h.key = &key{Signer: h.access.PrivateKey, hangs: make(chan struct{})}
		close(h.key.hangs)
		h.limiter = &limiter{hangs: make(chan struct{})}
		h.limiter.heal()
		h.sharing = i == 2
		hosts = append(hosts, h)
	}
	return hosts
}

func newID(random *rand.Rand) (id uuid.UUID) {
	fill(random, id[:])
	id[6] = id[6]&0x0f | 0x40
	id[8] = id[8]&0x3f | 0x80
	return id
}

// key is a private key in a key service that may hang. Its method Sign takes no context.
type key struct {
	crypto.Signer
	mu    sync.Mutex
	hangs chan struct{} // closed when the key service responds
}

// Sign implements [crypto.Signer].
func (k *key) Sign(random io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	k.mu.Lock()
	hangs := k.hangs
	k.mu.Unlock()
	<-hangs
	return k.Signer.Sign(random, digest, opts)
}

func (k *key) hang() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.hangs = make(chan struct{})
}

func (k *key) heal() {
	k.mu.Lock()
	defer k.mu.Unlock()
	close(k.hangs)
}

// contextKey is a private key with the method SignContext, which takes a context.
type contextKey struct{ *key }

// SignContext signs a digest, unless the context ends first.
func (k contextKey) SignContext(
	ctx context.Context, random io.Reader, digest []byte, opts crypto.SignerOpts,
) ([]byte, error) {
	k.mu.Lock()
	hangs := k.hangs
	k.mu.Unlock()
	select {
	case <-hangs:
		return k.Signer.Sign(random, digest, opts)
	case <-ctx.Done():
		return nil, fmt.Errorf("call the key service: %w", ctx.Err())
	}
}

// start creates the clients of a new process.
func (h *host) start(n *network, seed uint64, log *logbook, defect defect) error {
	h.started++
	p := &process{host: h, number: h.started, network: n}
	p.ctx, p.kill = context.WithCancel(context.Background())
	credentials := upvest.Credentials{
		BaseURL: "https://upvest.test", ClientID: h.access.ID, ClientSecret: secret,
		KeyID: h.access.KeyID, PrivateKey: h.key,
		Scopes: []string{sandbox.ScopeRead, sandbox.ScopeAdmin},
	}
	if h.name == "two" {
		credentials.PrivateKey = contextKey{h.key}
	}
	connection := line{network: n, process: p}
	var transport http.RoundTripper = connection
	if defect.wrap != nil {
		transport = defect.wrap(connection, log)
	}
	source := rand.New(rand.NewPCG(seed, uint64(p.number*hosts+h.number)))
	debug := &slog.HandlerOptions{Level: slog.LevelDebug}
	options := []upvest.ClientOption{
		upvest.WithHTTPClient(&http.Client{Transport: transport}),
		upvest.WithClock(h.now),
		upvest.WithRandom(&randomness{random: source}),
		upvest.WithLogger(slog.New(slog.NewTextHandler(log, debug))),
		upvest.WithRetry(h.policy),
		upvest.WithLimiter(h.limiter),
		upvest.WithAttemptHook(func(_ context.Context, attempt upvest.Attempt) {
			_, _ = fmt.Fprintf(log, "%+v\n", attempt)
		}),
	}
	if defect.options != nil {
		options = append(options, defect.options(h, credentials, options)...)
	}
	for range 2 {
		client, err := upvest.New(credentials, options...)
		if err != nil {
			return fmt.Errorf("start host %s: %w", h.name, err)
		}
		p.clients = append(p.clients, client)
		if !h.sharing {
			break
		}
		options = append(options, upvest.WithTokenSource(p.clients[0].TokenSource()))
	}
	h.process = p
	return nil
}

// logbook keeps the text of logs and errors until the judge has read it.
type logbook struct {
	mu   sync.Mutex
	text bytes.Buffer
	read int // total number of bytes that the judge has read
}

// Write implements [io.Writer].
func (l *logbook) Write(text []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(text)
}

// shows returns the text around a secret in the log, or "" if the log contains no secret.
// It removes the checked text from the log.
func (l *logbook) shows() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	defer l.text.Reset()
	l.read += l.text.Len()
	return secretIn(l.text.String())
}

// longestHash is the largest number of consecutive base64 characters that the judge
// regards as a hash. It regards a longer sequence as part of a signature.
const longestHash = 40

// secretIn returns the text around a secret, a token, a signature or an idempotency key,
// or "" if the text contains none of these.
func secretIn(text string) string {
	for _, forbidden := range []string{"hush-hush", "ory_at_", mark, strings.ToUpper(mark)} {
		if at := strings.Index(text, forbidden); at >= 0 {
			return around(text, at)
		}
	}
	run := 0
	for i := range len(text) {
		if !isBase64(text[i]) {
			run = 0
			continue
		}
		run++
		if run > longestHash {
			return around(text, i)
		}
	}
	return ""
}

func isBase64(char byte) bool {
	return 'a' <= char && char <= 'z' || 'A' <= char && char <= 'Z' || '0' <= char && char <= '9' ||
		char == '+' || char == '/'
}

func around(text string, at int) string { return text[max(0, at-200):min(len(text), at+100)] }
