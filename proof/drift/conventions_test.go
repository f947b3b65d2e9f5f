package drift_test

import (
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// documentedErrors contains, for each operationId, the error statuses that Upvest's
// documentation lists on the page of the operation.
var documentedErrors = map[string]string{
	"list_portfolios_allocations":               "400 401 403 404 405 406 429 500 503",
	"create_portfolios_allocation":              "400 401 403 404 406 429 500 503",
	"retrieve_portfolios_allocation":            "401 403 404 406 429 500 503",
	"update_portfolios_allocation":              "400 401 403 404 406 429 500 503",
	"list_portfolios_configurations":            "400 401 403 404 405 406 429 500 503",
	"create_portfolios_configuration":           "400 401 403 404 406 429 500 503",
	"retrieve_portfolios_configuration":         "401 403 404 405 406 429 500 503",
	"update_portfolios_configuration":           "400 401 403 404 406 429 500 503",
	"list_portfolios_orders":                    "400 401 403 404 405 406 429 500 503",
	"create_portfolios_order":                   "400 401 403 404 406 429 500 503",
	"create_portfolios_liquidation_request":     "400 401 403 404 406 429 500 503",
	"retrieve_portfolios_order":                 "401 403 404 406 429 500 503",
	"cancel_portfolios_order":                   "401 403 404 406 429 500 503",
	"trigger_portfolio_rebalancing":             "400 401 403 404 406 429 500 503",
	"retrieve_portfolios_rebalancing_execution": "401 403 404 405 406 429 500 503",
}

const (
	ofContract    = "openapi.yaml: "
	ofConventions = "proof/drift/conventions_test.go: "
)

// checkStatuses requires that each operation documents its success status, its errors and
// a default response. The body of each error must be a problem whose example contains the
// status.
func checkStatuses(contract *openapi3.T) (found findings) {
	var ids []string
	for _, op := range operations(contract) {
		ids = append(ids, op.OperationID)
		success := "200"
		if op.verb == "DELETE" {
			success = "204"
		}
		if errors, known := documentedErrors[op.OperationID]; known {
			want := append(strings.Fields(errors), success, "default")
			found.addSets(ofContract+op.OperationID+" responses", want, sorted(op.Responses.Map()),
				"correct openapi.yaml, or documentedErrors in proof/drift/conventions_test.go")
		}
		for status, response := range op.Responses.Map() {
			if status != success {
				found.addProblem(op.OperationID+" "+status, status, response.Value)
			}
		}
	}
	found.addSets(ofConventions+"documentedErrors", ids, sorted(documentedErrors),
		`add a line such as "operationId": "400 401 …" with the errors on the operation's page at `+
			`docs.upvest.co, or remove the line`)
	return found
}

// addProblem reports an error response if its body is not a problem, or if the status in
// one of its examples differs from the given status.
func (f *findings) addProblem(where, status string, response *openapi3.Response) {
	const remedy = "refer to one of the components/responses in openapi.yaml"
	media := response.Content["application/problem+json"]
	if media == nil || len(response.Content) != 1 {
		f.addf(ofContract+"%s: the content is not exactly application/problem+json: %s", where, remedy)
		return
	}
	if media.Schema.Ref != "#/components/schemas/Problem" {
		f.addf(ofContract+"%s: the body is not a Problem: %s", where, remedy)
		return
	}
	for _, example := range bodies(media) {
		fields, _ := example.(map[string]any)
		if got := fmt.Sprint(fields["status"]); status != "default" && got != status {
			f.addf(ofContract+"%s: the status in the example is %s: write %s", where, got, status)
		}
	}
}

// checkIdempotencyKey requires that each POST and PATCH has a required idempotency-key
// header that is a UUID, and that no other operation has this header.
func checkIdempotencyKey(contract *openapi3.T) (found findings) {
	const reference = "$ref: '#/components/parameters/IdempotencyKey'"
	for _, op := range operations(contract) {
		key := op.Parameters.GetByInAndName(openapi3.ParameterInHeader, "idempotency-key")
		ofPath := op.item.Parameters.GetByInAndName(openapi3.ParameterInHeader, "idempotency-key")
		wanted := op.verb == "POST" || op.verb == "PATCH"
		switch {
		case wanted && key == nil:
			found.addf(ofContract+"%s: idempotency-key is missing: add %s to its parameters",
				op.OperationID, reference)
		case !wanted && (key != nil || ofPath != nil):
			found.addf(ofContract+"%s: idempotency-key is unexpected: "+
				"remove it, because a %s must not have this header",
				op.OperationID, op.verb)
		case wanted && (!key.Required || key.Schema.Value.Format != "uuid"):
			found.addf(ofContract+"%s: idempotency-key must be required and have the format uuid: use %s",
				op.OperationID, reference)
		}
	}
	return found
}

// checkCommonHeaders requires the five common headers on each path item. The version
// header must be optional, and the other four headers must be required.
func checkCommonHeaders(contract *openapi3.T) (found findings) {
	want := []string{
		"the required header upvest-client-id", "the required header authorization",
		"the required header signature", "the required header signature-input",
		"the optional header upvest-api-version",
	}
	for path, item := range contract.Paths.Map() {
		var got []string
		for _, parameter := range item.Parameters {
			need := "optional"
			if parameter.Value.Required {
				need = "required"
			}
			got = append(got, fmt.Sprintf("the %s %s %s", need, parameter.Value.In, parameter.Value.Name))
		}
		found.addSets(ofContract+path, want, got,
			"give the path the same five parameters as every other path")
	}
	return found
}

// checkScopes requires that a GET accepts portfolios:read or portfolios:admin, that a
// write accepts only portfolios:admin, and that every scope is declared.
func checkScopes(contract *openapi3.T) (found findings) {
	const scheme = "oauth-client-credentials"
	declared := contract.Components.SecuritySchemes[scheme].Value.Flows.ClientCredentials.Scopes
	for _, op := range operations(contract) {
		want := []string{"[portfolios:admin]"}
		if op.verb == "GET" {
			want = []string{"[portfolios:read]", "[portfolios:admin]"}
		}
		var got []string
		for _, requirement := range op.requirements() {
			scopes, named := requirement[scheme]
			if !named || len(requirement) != 1 {
				found.addf(ofContract+"%s: the security requirement is not exactly %[2]s: name only %[2]s",
					op.OperationID, scheme)
			}
			got = append(got, fmt.Sprint(scopes))
			for _, scope := range scopes {
				if _, known := declared[scope]; !known {
					found.addf(ofContract+"%s: the scope %s is not declared: add it to %s",
						op.OperationID, scope, scheme)
				}
			}
		}
		found.addSets(ofContract+op.OperationID+" scopes", want, got,
			"list portfolios:read and portfolios:admin for a GET, portfolios:admin for a write")
	}
	return found
}

func (o operation) requirements() openapi3.SecurityRequirements {
	if o.Security == nil {
		return nil
	}
	return *o.Security
}

// checkRequestID requires that each response has exactly one header, upvest-request-id,
// which is a UUID.
func checkRequestID(contract *openapi3.T) (found findings) {
	for _, op := range operations(contract) {
		for status, response := range op.Responses.Map() {
			header := response.Value.Headers["upvest-request-id"]
			isAlone := len(response.Value.Headers) == 1
			if header == nil || header.Value.Schema.Value.Format != "uuid" || !isAlone {
				found.addf(ofContract+"%s %s: the only header must be upvest-request-id, a UUID: "+
					"give the response the same headers as every other response", op.OperationID, status)
			}
		}
	}
	return found
}
