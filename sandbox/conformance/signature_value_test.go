package conformance_test

import (
	"crypto/ed25519"
	"crypto/sha512"
	"strconv"
	"strings"
	"time"
)

// parameterRules are the rules for the parameters of a signature.
var parameterRules = []rule{
	{
		rule: "keyid is present", source: signatures,
		breaks: signed(get, withoutParameter("keyid")),
		detail: "parameter keyid is missing",
	},
	{
		rule: "keyid is known", source: signatures,
		breaks: signed(get, parameter("keyid", `"unknown"`)),
		detail: `keyid "unknown" is not a key of the client`,
	},
	{
		rule: "created is present", source: signatures,
		breaks: signed(get, withoutParameter("created")),
		detail: "parameter created is missing",
	},
	{
		rule: "created is a bare integer", source: signatures,
		breaks: signed(get,
			func(r *request) {
				r.setParameter("created",
					`"`+strconv.FormatInt(time.Now().Unix(), 10)+`"`)
			}),
		detail: "parameter created is not a bare integer",
	},
	{
		rule: "created is at most 30 seconds in the future", source: choice,
		keeps:  signed(get, dated(25*time.Second, 85*time.Second)),
		breaks: signed(get, dated(45*time.Second, 85*time.Second)),
		detail: "in the future",
	},
	{
		rule: "expires is present", source: signatures,
		breaks: signed(get, withoutParameter("expires")),
		detail: "parameter expires is missing",
	},
	{
		rule: "expires is a bare integer", source: signatures,
		breaks: signed(get,
			func(r *request) {
				r.setParameter("expires",
					strconv.FormatInt(time.Now().Unix()+60, 10)+".5")
			}),
		detail: "parameter expires is not a bare integer",
	},
	{
		rule: "expires is at most 30 seconds in the past", source: choice,
		keeps:  signed(get, dated(-60*time.Second, -20*time.Second)),
		breaks: signed(get, dated(-90*time.Second, -35*time.Second)),
		detail: "in the past",
	},
	{
		rule: "expires is later than created", source: signatures,
		keeps:  signed(get, dated(0, time.Second)),
		breaks: signed(get, dated(0, 0)),
		detail: "expires is 0 seconds after created",
	},
	{
		rule: "a signature is valid for at most 5 minutes", source: choice,
		keeps:  signed(get, dated(0, 5*time.Minute)),
		breaks: signed(get, dated(0, 5*time.Minute+time.Second)),
		detail: "expires is 301 seconds after created",
	},
	{
		rule: "nonce is present", source: signatures,
		breaks: signed(get, withoutParameter("nonce")),
		detail: "parameter nonce is missing",
	},
	{
		rule: "nonce is a string", source: draft,
		breaks: signed(get, parameter("nonce", ":AAAA:")),
		detail: "parameter nonce is not a string",
	},
	{
		rule: "nonce has at most 256 characters", source: choice,
		keeps:  signed(get, parameter("nonce", `"`+nonce()+strings.Repeat("n", 232)+`"`)),
		breaks: signed(get, parameter("nonce", `"`+strings.Repeat("n", 257)+`"`)),
		detail: "nonce is longer than 256 bytes",
	},
	{
		rule: "alg is optional, and names the algorithm of the key", source: signatures,
		needs:  needsEd25519,
		keeps:  signed(get, parameter("alg", `"ed25519"`)),
		breaks: signed(get, parameter("alg", `"ecdsa-p521-sha512"`)),
		detail: `alg is "ecdsa-p521-sha512", expected ed25519`,
	},
	{
		rule: "unknown parameters are covered and ignored", source: choice,
		keeps: signed(get,
			func(r *request) { r.parameters = append(r.parameters, `tag="mine"`, "flag") }),
	},
}

// valueRules are the rules for the signature itself.
var valueRules = []rule{
	{
		rule: "an Ed25519 signature has 64 bytes", source: signatures, needs: needsEd25519,
		breaks: signed(get, signs(func(c *caller, base string) []byte { return c.sign(base)[:63] })),
		detail: "the signature has 63 bytes, but an Ed25519 signature has 64",
	},
	{
		rule: "Ed25519 signs the base itself", source: signatures, needs: needsEd25519,
		breaks: signed(get, signsText(func(base string) string {
			sum := sha512.Sum512([]byte(base))
			return string(sum[:])
		})),
		detail: "over a digest of the signature base",
	},
	{
		rule: "the base has no newline at its end", source: signatures,
		breaks: signed(get, signsText(func(base string) string { return base + "\n" })),
		detail: "the signed text ends with a newline",
	},
	{
		rule: "the base ends with the line @signature-params", source: signatures,
		breaks: signed(get, signsText(func(base string) string {
			return base[:strings.LastIndex(base, "\n")]
		})),
		detail: `lacks the line "@signature-params"`,
	},
	{
		rule: "lines of the base end with a line feed", source: draft,
		breaks: signed(get, signsText(replaces("\n", "\r\n"))),
		detail: "end with CRLF",
	},
	{
		rule: "component names in the base are in quotation marks", source: draft,
		breaks: signed(get, signsText(unquoted)),
		detail: "component names without quotation marks",
	},
	{
		rule: "the method in the base is in upper case", source: signatures,
		breaks: signed(get, signsText(replaces(`"@method": GET`, `"@method": get`))),
		detail: `"@method" in lower case`,
	},
	{
		rule: "the path in the base has no query", source: signatures,
		breaks: signed(at("/portfolios/allocations?limit=1"),
			signsText(replaces("/allocations\n", "/allocations?limit=1\n"))),
		detail: `"@path" with the query`,
	},
	{
		rule: "authorization in the base has the scheme Bearer", source: signatures,
		breaks: signed(get, signsText(replaces("Bearer ", ""))),
		detail: `"authorization" without "Bearer "`,
	},
	{
		rule: "a plus sign is signed as %2B", source: signatures,
		keeps: signed(at("/portfolios/allocations?start_date=2026-01-01T00:00:00%2B02:00"), asIs),
		breaks: signed(at("/portfolios/allocations?start_date=2026-01-01T00:00:00%2B02:00"),
			signsText(replaces("%2B", "+"))),
		detail: "spells the plus signs in",
	},
	{
		rule: "a plus sign is sent as %2B", source: signatures,
		breaks: signed(at("/portfolios/allocations?start_date=2026-01-01T00:00:00+02:00"),
			signsText(replaces("+", "%2B"))),
		detail: "spells the plus signs in",
	},
	{
		rule: "the private key belongs to the key id", source: signatures,
		breaks: signed(get, signs(func(_ *caller, base string) []byte {
			_, other, _ := ed25519.GenerateKey(nil)
			return ed25519.Sign(other, []byte(base))
		})),
		detail: "a different private key was used",
	},
	{
		rule: "a token request does not cover authorization", source: auth,
		keeps: signed(asksToken, asIs),
		breaks: signed(asksToken, func(r *request) {
			r.set("authorization", "Bearer x")
			r.cover("authorization")
		}),
		detail: `component "authorization" is covered, but a token request has no access token`,
	},
	{
		rule: "a token request is signed", source: auth,
		breaks: tampered(asksToken, func(r *request) { r.remove("signature") }),
		detail: "signature is missing",
	},
}

// signs returns a function that sets the signer of the request to the given function.
func signs(sign func(c *caller, base string) []byte) func(*request) {
	return func(r *request) {
		r.signer = func(base string) []byte { return sign(r.caller, base) }
	}
}

// replaces returns a function that replaces a part of a string.
func replaces(part, with string) func(string) string {
	return func(text string) string { return strings.ReplaceAll(text, part, with) }
}

// unquoted returns the base without the quotation marks around component names.
func unquoted(base string) string {
	lines := strings.Split(base, "\n")
	for i, line := range lines[:len(lines)-1] {
		name, value, _ := strings.Cut(line, ": ")
		lines[i] = strings.Trim(name, `"`) + ": " + value
	}
	return strings.Join(lines, "\n")
}

// signsText returns a function that replaces the signer of the request: the new signer
// signs other(base) instead of the base.
func signsText(other func(base string) string) func(*request) {
	return signs(func(c *caller, base string) []byte { return c.sign(other(base)) })
}

// parameter returns a function that sets a parameter of the signature.
func parameter(name, value string) func(*request) {
	return func(r *request) { r.setParameter(name, value) }
}

func withoutParameter(name string) func(*request) {
	return func(r *request) { r.removeParameter(name) }
}

// dated returns a function that sets the parameters `created` and `expires`, relative to
// the current time.
func dated(created, expires time.Duration) func(*request) {
	return func(r *request) {
		now := r.caller.now()
		lifetime := int64((expires - created) / time.Second)
		r.setParameter("created", strconv.FormatInt(now.Add(created).Unix(), 10))
		r.setParameter("expires", strconv.FormatInt(now.Add(created).Unix()+lifetime, 10))
	}
}
