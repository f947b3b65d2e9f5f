package program

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/sandbox/internal/strict"
)

// settings are the values of the command line.
type settings struct {
	options        []sandbox.Option
	clients        []clientFlags
	keys           string
	keyForm        string
	keyAs          string
	envFile        string
	envForm        string
	checkResponses bool
	// command runs with the variables of the first client. The sandbox ends when the
	// command ends. Without a command, the sandbox runs until it is interrupted.
	command      []string
	address, url string
	tls          bool
	tlsCA        string
	// bundle is the file with the certificates that clients must trust for https.
	bundle  string
	version bool
}

func (s *settings) add(option sandbox.Option) { s.options = append(s.options, option) }

// commandLine collects the flags before they become settings.
type commandLine struct {
	*flag.FlagSet
	settings settings
	// clients are parsed after the flags. If package flag parsed them, its error would
	// repeat the text of an invalid flag, which may contain a secret.
	clients                []string
	skew, lifetime         time.Duration
	later, expose, control bool
	closed                 bool // -accounts is set, so no other accounts exist
	stated                 bool // -state is set
}

// usage precedes the list of flags in the output of -help.
const usage = `Usage: upvest-sandbox [flags] [-- command]

The sandbox runs until it is interrupted. With a command, the sandbox runs the command
with the UPVEST_API_* variables set, and ends when the command ends. In this case, it does
not print the variables, but still writes the file of -env-file. Flags:
`

func parse(arguments []string, stderr io.Writer) (settings, error) {
	line := &commandLine{FlagSet: flag.NewFlagSet("upvest-sandbox", flag.ContinueOnError)}
	line.SetOutput(stderr)
	line.BoolVar(&line.settings.version, "version", false, "print the version and exit")
	line.defineClients()
	line.defineServer()
	line.defineRules()
	line.Usage = func() {
		fmt.Fprint(stderr, usage)
		line.PrintDefaults()
	}
	if at := slices.Index(arguments, "--"); at >= 0 {
		line.settings.command = arguments[at+1:]
		arguments = arguments[:at]
	}
	if err := line.Parse(arguments); err != nil {
		return settings{}, err
	}
	if line.NArg() > 0 {
		// The error does not repeat the argument: if a flag contains a surplus space, the
		// argument after it may be a secret.
		return settings{}, errors.New("unexpected argument: expected only flags before --, see -help")
	}
	return line.complete()
}

// defineClients defines the flags of clients, keys and variables.
func (line *commandLine) defineClients() {
	s := &line.settings
	line.StringVar(&s.keys, "keys", "",
		"`directory` for key files and the variables of each client (default: a temporary directory)")
	line.StringVar(&s.envFile, "env-file", "",
		"`file` for the variables, instead of stdout: written once the sandbox responds,\n"+
			"removed at the end; if a running sandbox already uses the file, the next free name is used")
	line.StringVar(&s.envForm, "env-form", shellForm,
		"the `form` of the variables: sh, dotenv (for docker --env-file), powershell or json")
	line.StringVar(&s.keyForm, "key-form", ed25519Form,
		"which key the variables name: ed25519, p521 (an EC PRIVATE KEY) or p521-encrypted (that key,\n"+
			"encrypted with a passphrase); this `form` does not apply to a client with key=FILE")
	line.StringVar(&s.keyAs, "key-as", keyAsFile,
		"how the variables hold the private key: `file` (the name of the key file) or base64 (the key\n"+
			"itself; without -keys, the program then writes no key file)")
	line.Func("client", "an API client, as `id=…,secret=…,key-id=…,key=FILE,scopes=a b` (repeatable). "+
		"Parts that are left out\nare generated; only a secret may contain a comma. "+
		"FILE is an unencrypted PEM file with a public or\nprivate key, Ed25519 or P-521",
		func(text string) error {
			line.clients = append(line.clients, text)
			return nil
		})
}

// defineServer defines the flags that configure the listener and the limits.
func (line *commandLine) defineServer() {
	s := &line.settings
	line.Func("address", "loopback `host:port` to listen on (default 127.0.0.1:0, which takes a free port)",
		func(text string) error {
			s.address = text
			s.add(sandbox.WithAddress(text))
			return nil
		})
	line.Func("url", "base `URL` under which clients reach the sandbox, such as\n"+
		"https://sandbox.internal:8443 (default: the address on which it listens)",
		func(text string) error {
			s.url = text
			s.add(sandbox.WithURL(text))
			return nil
		})
	line.BoolVar(&s.tls, "tls", false,
		"serve https: make a certificate authority, or use the one that an earlier run left in the\n"+
			"directory of -keys, and add variables that make Go, Python and Node.js trust it")
	line.StringVar(&s.tlsCA, "tls-ca", "",
		"PEM `file` with the certificate and the private key of the certificate authority for -tls")
	line.BoolVar(&line.expose, "expose", false,
		"allow an -address that is not loopback, which a container needs: everyone who can reach it\n"+
			"can use the sandbox, and the control endpoint requires no credentials")
	line.BoolVar(&line.control, "control", false, "open the control endpoint under /_sandbox/")
	line.Func("read-timeout",
		"`duration` after which a request that is still arriving is cut off (default 10s)",
		s.duration(sandbox.WithReadTimeout))
	line.Func("body-limit", "largest request body in `bytes` (default 1048576)",
		s.size(sandbox.WithBodyLimit))
	line.Func("kept-responses",
		"`bytes` for all responses that are kept for repeated requests, 24 hours each (default 1073741824)",
		s.size(sandbox.WithKeptResponses))
	line.Func("rate-limit", "`requests` per second that each client may send (default: no limit)",
		func(text string) error {
			n, err := strconv.Atoi(text)
			s.add(sandbox.WithRateLimit(n))
			return err
		})
}

// defineRules defines the flags that decide what the sandbox does and checks.
func (line *commandLine) defineRules() {
	s := &line.settings
	line.Func("order-delay", "`duration` of each of an order's states NEW and PROCESSING (default 1s)",
		s.duration(sandbox.WithOrderDelay))
	line.Func("token-lifetime", "`duration` for which an access token is valid (default 30m)",
		s.duration(sandbox.WithTokenLifetime))
	line.DurationVar(&line.skew, "signature-skew", 30*time.Second,
		"how far a client's clock may differ from the machine's")
	line.DurationVar(&line.lifetime, "signature-lifetime", 5*time.Minute,
		"the longest lifetime of a signature, from created to expires")
	line.Func("seed", "a seed: runs with the same `number` and requests generate the same resource ids",
		func(text string) error {
			n, err := strconv.ParseUint(text, 10, 64)
			s.add(sandbox.WithSeed(n))
			return err
		})
	line.Func("accounts",
		"the only accounts that exist, as `ACCOUNT=USER,…`, or as @FILE with one pair per line\n"+
			"(default: every account and user exists)",
		func(text string) error {
			owners, err := parseAccounts(text)
			s.add(sandbox.WithAccounts(owners))
			line.closed = true
			return err
		})
	line.Func("state",
		"JSON `file` with the state at the start and after each reset: allocations, prices, and\n"+
			"accounts with configurations or holdings; replaces the sample account (repeatable)",
		func(text string) error {
			line.stated = true
			s.add(sandbox.WithStateFile(text))
			return nil
		})
	line.BoolVar(&line.later, "later", false,
		"simulate what is known of later versions of the API, such as account liquidations")
	line.BoolVar(&s.checkResponses, "check-responses", false,
		"compare the responses of API operations with openapi.yaml, and report differences on stderr")
}

// complete returns the settings, including options that depend on several flags.
func (line *commandLine) complete() (settings, error) {
	s := line.settings
	if err := s.checkForms(); err != nil {
		return s, err
	}
	if s.tlsCA != "" && !s.tls {
		return s, errors.New("flag -tls-ca: expected -tls too")
	}
	if s.envFile != "" {
		file, err := filepath.Abs(s.envFile)
		if err != nil {
			return s, fmt.Errorf("flag -env-file: %w", err)
		}
		s.envFile = file
	}
	s.add(sandbox.WithSignatureWindow(line.skew, line.lifetime))
	line.addSwitches(&s)
	if len(line.clients) == 0 {
		line.clients = []string{""}
	}
	for _, text := range line.clients {
		client, err := parseClient(text)
		if err != nil {
			return s, fmt.Errorf("flag -client: %w", err)
		}
		s.clients = append(s.clients, client)
	}
	return s, nil
}

// addSwitches adds the options of -later, -expose and -control. It also adds the sample
// state unless -accounts or -state is set.
func (line *commandLine) addSwitches(s *settings) {
	if line.later {
		s.add(sandbox.WithLaterVersions())
	}
	if line.expose {
		s.add(sandbox.WithExposure())
	}
	if line.control {
		s.add(sandbox.WithControl())
	}
	if !line.closed && !line.stated {
		s.add(sandbox.WithState(sample()))
	}
}

// checkForms checks the flags that accept one of several words.
func (s *settings) checkForms() error {
	if !slices.Contains([]string{ed25519Form, p521Form, encryptedForm}, s.keyForm) {
		return fmt.Errorf("flag -key-form: %q, expected %s, %s or %s",
			s.keyForm, ed25519Form, p521Form, encryptedForm)
	}
	if s.keyAs != keyAsFile && s.keyAs != keyAsBase64 {
		return fmt.Errorf("flag -key-as: %q, expected %s or %s", s.keyAs, keyAsFile, keyAsBase64)
	}
	_, err := encode(s.envForm, []string{markVariable + "="})
	return err
}

func (s *settings) duration(option func(time.Duration) sandbox.Option) func(string) error {
	return func(text string) error {
		d, err := time.ParseDuration(text)
		s.add(option(d))
		return err
	}
}

func (s *settings) size(option func(int64) sandbox.Option) func(string) error {
	return func(text string) error {
		n, err := strconv.ParseInt(text, 10, 64)
		s.add(option(n))
		return err
	}
}

func parseAccounts(text string) (map[uuid.UUID]uuid.UUID, error) {
	pairs := strings.Split(text, ",")
	if file, ok := strings.CutPrefix(text, "@"); ok {
		content, err := readText(file)
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
		accountID, err := strict.UUID(account)
		if err != nil {
			return nil, fmt.Errorf("account %q: expected ACCOUNT=USER, both UUIDs: %w", pair, err)
		}
		userID, err := strict.UUID(user)
		if err != nil {
			return nil, fmt.Errorf("account %q: expected ACCOUNT=USER, both UUIDs: %w", pair, err)
		}
		owners[accountID] = userID
	}
	return owners, nil
}
