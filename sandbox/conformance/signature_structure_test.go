package conformance_test

import (
	"encoding/base64"
	"slices"
	"strconv"
	"strings"
)

// structureRules are the rules for structured fields.
var structureRules = []rule{
	{
		rule: "version 15 of the scheme is selected", source: signatures,
		keeps:  signed(get, asIs),
		breaks: signed(get, func(r *request) { r.remove("upvest-signature-version") }),
		detail: "upvest-signature-version is missing, expected 15",
	},
	{
		rule: "version 6 is not supported", source: signatures,
		breaks: signed(get, with("upvest-signature-version", "6")),
		detail: `upvest-signature-version is "6", expected 15`,
	},
	{
		rule: "signature-input is present", source: signatures,
		breaks: tampered(get, func(r *request) { r.remove("signature-input") }),
		detail: "signature-input is missing",
	},
	{
		rule: "signature is present", source: signatures,
		breaks: tampered(get, func(r *request) { r.remove("signature") }),
		detail: "signature is missing",
	},
	{
		rule: "signature-input is a structured field", source: draft,
		breaks: tampered(get, func(r *request) { r.set("signature-input", `sig1=("@method`) }),
		detail: "signature-input is not a structured field dictionary",
	},
	{
		rule: "signature-input lists components", source: draft,
		breaks: tampered(get, with("signature-input", `sig1="@method"`)),
		detail: "signature-input member sig1 is not a list of components",
	},
	{
		rule: "the signature is a byte sequence", source: draft,
		breaks: tampered(get, func(r *request) {
			r.set("signature",
				`sig1="`+strings.Trim(strings.TrimPrefix(r.get("signature"), "sig1="), ":")+`"`)
		}),
		detail: "signature member sig1 is not a byte sequence",
	},
	{
		rule: "the signature is standard base64", source: signatures,
		breaks: tampered(get, func(r *request) {
			r.set("signature",
				"sig1=:"+base64.URLEncoding.EncodeToString(slices.Repeat([]byte{0xff}, 64))+":")
		}),
		detail: "signature is not a structured field dictionary",
	},
	{
		rule: "the label is arbitrary, but the same in signature-input and signature", source: draft,
		keeps: signed(get, func(r *request) { r.label = "my-label.1" }),
		breaks: tampered(get,
			func(r *request) {
				r.set("signature",
					strings.Replace(r.get("signature"), "sig1", "sig2", 1))
			}),
		detail: "signature has no member sig1",
	},
	{
		rule: "one valid signature of several is enough", source: draft,
		keeps: tampered(get, func(r *request) {
			r.set("signature-input", `proxy=("@method");keyid="unknown", `+r.get("signature-input"))
			r.set("signature", "proxy=:AAAA:, "+r.get("signature"))
		}),
		breaks: tampered(get, func(r *request) {
			r.set("signature-input", `proxy=("@method");keyid="unknown"`)
			r.set("signature", "proxy=:AAAA:, "+r.get("signature"))
		}),
		detail: `component "@path" is not covered`,
	},
	{
		rule: "the number of signatures is limited", source: choice,
		breaks: tampered(get, func(r *request) {
			for i := range 4 {
				r.set("signature-input", `more`+strconv.Itoa(i)+`=("@method"), `+r.get("signature-input"))
			}
		}),
		detail: "signature-input has 5 members, expected at most 4",
	},
	{
		rule: "white space between the members of a structured field is ignored", source: draft,
		keeps: tampered(get, func(r *request) {
			spaced := strings.NewReplacer(`" "`, `"   "`, `("`, `(  "`, `")`, `"  )`, ";",
				";  ").Replace(r.get("signature-input"))
			r.set("signature-input", "  "+spaced+" \t")
		}),
		breaks: tampered(get,
			func(r *request) {
				r.set("signature-input",
					strings.ReplaceAll(r.get("signature-input"), ";", " ;"))
			}),
		detail: "signature-input is not a structured field dictionary",
	},
	{
		rule: "a dictionary may be split over several header lines", source: draft,
		keeps: tampered(get, func(r *request) {
			r.headers = append(r.headers, header{"signature-input", `other=("@method")`},
				header{"signature", `other=:AAAA:`})
		}),
	},
	{
		rule: "escape sequences in strings are read", source: draft,
		keeps:  signed(get, parameter("nonce", `"a \"quoted\" `+nonce()+`"`)),
		breaks: signed(get, parameter("nonce", `"a \n `+nonce()+`"`)),
		detail: "signature-input is not a structured field dictionary",
	},
	{
		rule: "components may be in any order", source: signatures,
		keeps: signed(post, func(r *request) { slices.Reverse(r.components) }),
		breaks: tampered(post, func(r *request) {
			slices.Reverse(r.components)
			r.set("signature-input", r.label+"="+r.input())
		}),
		detail: "the signature does not verify",
	},
	{
		rule: "parameters may be in any order", source: signatures,
		keeps: signed(post, func(r *request) { slices.Reverse(r.parameters) }),
		breaks: tampered(post, func(r *request) {
			slices.Reverse(r.parameters)
			r.set("signature-input", r.label+"="+r.input())
		}),
		detail: "the signature does not verify",
	},
	{
		rule: "no component is listed twice", source: draft,
		breaks: signed(get, covering("accept")),
		detail: `component "accept" is listed twice`,
	},
	{
		rule: "component names are in lower case", source: draft,
		breaks: signed(get, all(notCovering("accept"), covering("Accept"))),
		detail: `component "Accept" is not in lower case`,
	},
	{
		rule: "components have no parameters", source: choice,
		breaks: tampered(get, func(r *request) {
			r.set("signature-input",
				strings.Replace(r.get("signature-input"), `"accept"`, `"accept";bs`, 1))
		}),
		detail: `component "accept" has parameters`,
	},
	{
		rule: "components are strings", source: draft,
		breaks: tampered(get, func(r *request) {
			r.set("signature-input", strings.Replace(r.get("signature-input"), `"accept"`, `accept`, 1))
		}),
		detail: "a component that is not a string",
	},
}
