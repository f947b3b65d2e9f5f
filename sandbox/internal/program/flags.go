package program

import (
	"flag"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/ids"
)

// settings are what the command line says.
type settings struct {
	options        []sandbox.Option
	clients        []clientFlags
	keys           string
	keyForm        string
	envFile        string
	checkResponses bool
}

func parse(arguments []string, stderr io.Writer) (settings, error) {
	var s settings
	flags := flag.NewFlagSet("upvest-sandbox", flag.ContinueOnError)
	flags.SetOutput(stderr)
	add := func(option sandbox.Option) { s.options = append(s.options, option) }

	// Read after the flags: package flag would repeat a part that it cannot read, and with it a secret.
	var clients []string
	flags.StringVar(&s.keys, "keys", "", "`directory` for key files and the variables of each client (default: one removed at the end)")
	flags.StringVar(&s.envFile, "env-file", "", "`file` for the variables, instead of stdout: written whole once the sandbox answers, removed at the end")
	flags.StringVar(&s.keyForm, "key-form", ed25519Form, "which key the variables name: ed25519, p521 (an EC PRIVATE KEY)\n"+
		"or p521-encrypted (the same with a passphrase); the `form` of a client with key=FILE is its own")
	flags.Func("client", "an API client, as `id=…,secret=…,key-id=…,key=FILE,scopes=a b` (repeatable). Each part may be left out\n"+
		"and is then made up. FILE is a PEM file with a public or a private key, Ed25519 or P-521, that is not encrypted", func(text string) error {
		clients = append(clients, text)
		return nil
	})
	flags.Func("address", "loopback `host:port` to listen on (default 127.0.0.1:0, which takes a free port)", func(text string) error {
		add(sandbox.WithAddress(text))
		return nil
	})
	flags.Func("order-delay", "`duration` that an order stays NEW, and then PROCESSING (default 1s)", durations(add, sandbox.WithOrderDelay))
	flags.Func("token-lifetime", "`duration` that an access token is good for (default 30m)", durations(add, sandbox.WithTokenLifetime))
	flags.Func("read-timeout", "`duration` after which a request that is still arriving is cut off (default 10s)",
		durations(add, sandbox.WithReadTimeout))
	skew := flags.Duration("signature-skew", 30*time.Second, "how far a client's clock may be off the machine's")
	lifetime := flags.Duration("signature-lifetime", 5*time.Minute, "the longest time from created to expires of a signature")
	flags.Func("body-limit", "largest request body in `bytes` (default 1048576)", sizes(add, sandbox.WithBodyLimit))
	flags.Func("kept-answers", "`bytes` for the answers that are kept for repetitions, 24 hours each (default 1073741824)",
		sizes(add, sandbox.WithKeptAnswers))
	flags.Func("rate-limit", "`requests` per second that each client may send (default: no limit)", func(text string) error {
		n, err := strconv.Atoi(text)
		add(sandbox.WithRateLimit(n))
		return err
	})
	flags.Func("seed", "`number` that makes the ids of resources repeat from run to run", func(text string) error {
		n, err := strconv.ParseUint(text, 10, 64)
		add(sandbox.WithSeed(n))
		return err
	})
	flags.Func("accounts", "the only accounts that exist, as `ACCOUNT=USER,…`, or as @FILE with one pair a line\n"+
		"(default: every account and user exists)", func(text string) error {
		owners, err := parseAccounts(text)
		add(sandbox.WithAccounts(owners))
		return err
	})
	later := flags.Bool("later", false, "play what is known of later versions of the API: liquidations of accounts and the like")
	expose := flags.Bool("expose", false, "let -address be another than loopback, as a container needs it: whoever reaches it can use the sandbox,\n"+
		"and the control endpoint asks for no credentials")
	control := flags.Bool("control", false, "open the control endpoint under /_sandbox/")
	flags.BoolVar(&s.checkResponses, "check-responses", false, "hold every answer against openapi.yaml, and say on stderr what differs")

	if err := flags.Parse(arguments); err != nil {
		return s, err
	}
	if flags.NArg() > 0 {
		return s, fmt.Errorf("unexpected argument %q: everything is a flag, see -help", flags.Arg(0))
	}
	if !slices.Contains([]string{ed25519Form, p521Form, encryptedForm}, s.keyForm) {
		return s, fmt.Errorf("flag -key-form: %q, expected %s, %s or %s", s.keyForm, ed25519Form, p521Form, encryptedForm)
	}
	add(sandbox.WithSignatureWindow(*skew, *lifetime))
	if *later {
		add(sandbox.WithLaterVersions())
	}
	if *expose {
		add(sandbox.WithExposure())
	}
	if *control {
		add(sandbox.WithControl())
	}
	if len(clients) == 0 {
		clients = []string{""}
	}
	for _, text := range clients {
		client, err := parseClient(text)
		if err != nil {
			return s, fmt.Errorf("flag -client: %w", err)
		}
		s.clients = append(s.clients, client)
	}
	return s, nil
}

func durations(add func(sandbox.Option), option func(time.Duration) sandbox.Option) func(string) error {
	return func(text string) error {
		d, err := time.ParseDuration(text)
		add(option(d))
		return err
	}
}

func sizes(add func(sandbox.Option), option func(int64) sandbox.Option) func(string) error {
	return func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		add(option(n))
		return err
	}
}

// clientFlags are the parts of a -client flag. What is empty is made up.
type clientFlags struct {
	id, secret, keyID, keyFile string
	scopes                     []string
}

func parseClient(text string) (clientFlags, error) {
	var c clientFlags
	if text == "" {
		return c, nil
	}
	for _, part := range strings.Split(text, ",") {
		name, value, _ := strings.Cut(part, "=")
		if value == "" {
			// The part may be a secret in the wrong place, so it is not repeated.
			return c, fmt.Errorf("a part is not of the form name=value, expected id=…,secret=…,key-id=…,key=FILE,scopes=a b")
		}
		switch name {
		case "id":
			c.id = value
		case "secret":
			c.secret = value
		case "key-id":
			c.keyID = value
		case "key":
			c.keyFile = value
		case "scopes":
			c.scopes = strings.Fields(value)
		default:
			return c, fmt.Errorf("unknown part %q, expected id, secret, key-id, key or scopes", name)
		}
	}
	return c, nil
}

func parseAccounts(text string) (map[uuid.UUID]uuid.UUID, error) {
	pairs := strings.Split(text, ",")
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := os.ReadFile(file)
		if err != nil {
			return nil, fmt.Errorf("read the accounts: %w", err)
		}
		pairs = strings.Split(string(content), "\n")
	}
	owners := map[uuid.UUID]uuid.UUID{}
	for _, pair := range pairs {
		pair = strings.TrimSpace(pair)
		if pair == "" {
			continue
		}
		account, user, _ := strings.Cut(pair, "=")
		accountID, err := ids.Parse(account)
		if err != nil {
			return nil, fmt.Errorf("account %q: expected ACCOUNT=USER, both UUIDs: %w", pair, err)
		}
		if owners[accountID], err = ids.Parse(user); err != nil {
			return nil, fmt.Errorf("account %q: expected ACCOUNT=USER, both UUIDs: %w", pair, err)
		}
	}
	return owners, nil
}
