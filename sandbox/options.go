package sandbox

import (
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	"github.com/google/uuid"
)

// Option changes one setting of a sandbox. New checks the options.
type Option func(*config) error

// WithAddress sets the loopback address to listen on, such as "127.0.0.1:8080". The
// default is a free port on 127.0.0.1.
func WithAddress(address string) Option {
	return func(c *config) error {
		if _, _, err := net.SplitHostPort(address); err != nil {
			return fmt.Errorf("address %q: expected host:port: %w", address, err)
		}
		c.address = address
		return nil
	}
}

// WithExposure allows WithAddress to name an address that is not loopback, which a
// container needs. Everyone who can reach the address can use the sandbox: the control
// endpoint requires no credentials, and with this option it accepts requests under any
// host name.
func WithExposure() Option {
	return func(c *config) error {
		c.expose = true
		return nil
	}
}

// WithoutListener creates a sandbox without a listener. Clients reach it only through
// Handler. The sandbox starts no goroutine, and has none of the timeouts of an HTTP
// server.
func WithoutListener() Option {
	return func(c *config) error {
		c.listen = false
		return nil
	}
}

// WithoutNetwork creates a sandbox that listens in memory instead of on the network.
// Clients reach it only through Transport, which uses real HTTP over in-memory
// connections. The sandbox works in a bubble of testing/synctest, where the test must
// close the sandbox before the bubble ends.
func WithoutNetwork() Option {
	return func(c *config) error {
		c.network = false
		return nil
	}
}

// WithClients sets the API clients of the sandbox, instead of one random client. Each
// client has separate allocations, configurations, orders and holdings. Prices, the
// clock, faults and the journal are the same for all clients.
func WithClients(clients ...Client) Option {
	return func(c *config) error {
		if len(clients) == 0 {
			return errors.New("clients: expected at least one")
		}
		for _, client := range clients {
			complete, err := client.complete()
			if err != nil {
				return err
			}
			c.clients = append(c.clients, complete)
		}
		return nil
	}
}

// WithState loads a state at the start and at each Reset. The option can be given several
// times, for instance for several clients.
func WithState(state State) Option {
	return func(c *config) error {
		c.states = append(c.states, state)
		return nil
	}
}

// WithStateFile loads a state from a JSON file, as [WithState] does. The fields are those
// of [State]: client_id, allocations (id, name, weights), accounts (id, allocation_id,
// holdings) and prices. Amounts, weights and prices are strings. The file is read once.
func WithStateFile(name string) Option {
	return func(c *config) error {
		state, err := readState(name)
		if err != nil {
			return err
		}
		c.states = append(c.states, state)
		return nil
	}
}

// WithClock sets the clock for orders, tokens, idempotency keys and the journals. The
// default clock moves with the machine's time.
func WithClock(clock *Clock) Option {
	return func(c *config) error {
		if clock == nil {
			return errors.New("clock: is nil, expected NewClock or NewMovingClock")
		}
		c.clock = clock
		return nil
	}
}

// WithMachineTime replaces the machine's time for signatures, nonces, rate limits and the
// Date header. The Clock is independent of this time, so the sandbox still accepts a
// client's signatures after the Clock has moved by 24 hours.
func WithMachineTime(now func() time.Time) Option {
	return func(c *config) error {
		if now == nil {
			return errors.New("machine time: is nil, expected a function such as time.Now")
		}
		c.machine = now
		return nil
	}
}

// WithLaterVersions simulates what is known of API versions that are later than the
// version of openapi.yaml. Account liquidations, which have separate scopes, replace the
// liquidation request. Clients can delete configurations and list the orders of a
// rebalancing. Orders become SETTLED one order delay after they became FILLED. Clients
// whose Scopes are empty may also request the scopes of account liquidations.
func WithLaterVersions() Option {
	return func(c *config) error {
		c.later = true
		return nil
	}
}

// WithOrderDelay sets how long an order stays in each of the states NEW and PROCESSING.
// The default is one second.
func WithOrderDelay(d time.Duration) Option {
	return func(c *config) error {
		c.orderDelay = d
		return atLeast("order delay", d, 0)
	}
}

// WithAccounts makes the given accounts the only ones that exist. owners maps the id of
// each account to the id of the user who owns it. Without this option, every account and
// user exists.
func WithAccounts(owners map[uuid.UUID]uuid.UUID) Option {
	return func(c *config) error {
		for account, owner := range owners {
			if account == uuid.Nil || owner == uuid.Nil {
				return fmt.Errorf("accounts: account %s of user %s: the zero UUID names nothing", account,
					owner)
			}
		}
		c.accounts = map[uuid.UUID]uuid.UUID{}
		maps.Copy(c.accounts, owners)
		return nil
	}
}

// WithRateLimit sets how many requests per second each client may send, and allows bursts
// of that many requests. Only requests with a valid signature count. Requests above this
// rate get 429. Without this option, there is no limit. Upvest documents 300 for Upvest's
// sandbox.
func WithRateLimit(perSecond int) Option {
	return func(c *config) error {
		if perSecond < 1 {
			return fmt.Errorf("rate limit: %d requests per second, expected at least 1", perSecond)
		}
		c.rateLimit = perSecond
		return nil
	}
}

// WithTokenLifetime sets how long an access token is valid: at least one second, and 30
// minutes by default. The field expires_in of a token response is this time in seconds,
// rounded down.
func WithTokenLifetime(d time.Duration) Option {
	return func(c *config) error {
		c.tokenLifetime = d
		return atLeast("token lifetime", d, time.Second)
	}
}

// WithSignatureWindow sets how far a client's clock may differ from the machine's (the
// default is 30 seconds), and the longest time between the signature parameters `created`
// and `expires` (the default is 5 minutes).
func WithSignatureWindow(skew, maxLifetime time.Duration) Option {
	return func(c *config) error {
		c.skew = skew
		c.maxLifetime = maxLifetime
		return errors.Join(
			atLeast("signature skew", skew, 0),
			atLeast("signature lifetime", maxLifetime, time.Second),
		)
	}
}

// WithBodyLimit sets the size of the largest request body in bytes. An API request with a
// larger body gets 413. The default is 1 MiB.
func WithBodyLimit(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1 {
			return fmt.Errorf("body limit: %d bytes, expected at least 1", bytes)
		}
		c.bodyLimit = bytes
		return nil
	}
}

// WithKeptResponses limits the total size, in bytes, of the responses that the sandbox
// keeps for repeated requests. The sandbox keeps each response for 24 hours. If there is
// no room, a write with a new idempotency key gets 503, because the sandbox drops no
// response before its 24 hours have passed. The default is 1 GiB, which holds about two
// million small responses.
func WithKeptResponses(bytes int64) Option {
	return func(c *config) error {
		if bytes < 1 {
			return fmt.Errorf("kept responses: %d bytes, expected at least 1", bytes)
		}
		c.keptResponses = bytes
		return nil
	}
}

// WithReadTimeout sets how long a request may take to arrive, measured by the operating
// system's clock. The sandbox closes the connection of a slower request. If the headers
// were complete, it sends a 408 first. The default is 10 seconds.
func WithReadTimeout(d time.Duration) Option {
	return func(c *config) error {
		c.readTimeout = d
		return atLeast("read timeout", d, time.Millisecond)
	}
}

// WithSeed makes the ids of resources and the random parts of latencies repeat from run
// to run, if each run sends the same requests in the same order.
func WithSeed(seed uint64) Option {
	return func(c *config) error {
		c.seed = &seed
		return nil
	}
}

// WithControl opens the control endpoint under /_sandbox/, for tests in other languages.
// The control endpoint requires no credentials.
func WithControl() Option {
	return func(c *config) error {
		c.control = true
		return nil
	}
}

// WithResponseCheck compares the responses of API operations with openapi.yaml before
// they are sent. Error responses to other paths, including token requests, must be
// problem details. Responses to HEAD requests and to requests that had a Fault are not
// compared. The sandbox calls report for each response that differs. report runs in the
// goroutine of the request.
func WithResponseCheck(report func(error)) Option {
	return func(c *config) error {
		if report == nil {
			return errors.New("response check: the report function is nil")
		}
		c.responseCheck = report
		return nil
	}
}

func atLeast(what string, d, least time.Duration) error {
	if d < least {
		return fmt.Errorf("%s: %s, expected at least %s", what, d, least)
	}
	return nil
}
