package drift_test

import (
	"fmt"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
)

// documentedErrors are the error statuses that the page of each operation lists.
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

// checkStatuses: the documented operations and no others, each with its success, its
// documented errors and a default, and each error with a problem body whose example
// repeats the status.
func checkStatuses(contract *openapi3.T) []string {
	var findings, ids []string
	for _, op := range operations(contract) {
		ids = append(ids, op.OperationID)
		success := "200"
		if op.OperationID == "cancel_portfolios_order" {
			success = "204"
		}
		want := append(strings.Fields(documentedErrors[op.OperationID]), success, "default")
		findings = append(
			findings,
			compareSets(op.OperationID+" responses", want, sorted(op.Responses.Map()))...)
		for status, response := range op.Responses.Map() {
			if status != success {
				findings = append(findings, checkProblem(op.OperationID, status, response.Value)...)
			}
		}
	}
	return append(findings, compareSets("operations", sorted(documentedErrors), ids)...)
}

func checkProblem(operationID, status string, response *openapi3.Response) []string {
	where := operationID + " " + status
	media := response.Content["application/problem+json"]
	if media == nil || len(response.Content) != 1 {
		return []string{where + ": the body is not application/problem+json alone"}
	}
	if media.Schema.Ref != "#/components/schemas/Problem" {
		return []string{where + ": the body is not a Problem"}
	}
	example, _ := media.Example.(map[string]any)
	if status != "default" && fmt.Sprint(example["status"]) != status {
		return []string{fmt.Sprintf("%s: the example has the status %v", where, example["status"])}
	}
	return nil
}

// checkIdempotencyKey: required, a UUID, on POST and PATCH and nowhere else.
func checkIdempotencyKey(contract *openapi3.T) []string {
	var findings []string
	for _, op := range operations(contract) {
		key := op.Parameters.GetByInAndName(openapi3.ParameterInHeader, "idempotency-key")
		wanted := op.verb == "POST" || op.verb == "PATCH"
		switch {
		case wanted && key == nil:
			findings = append(findings, op.OperationID+": idempotency-key is missing")
		case !wanted && (key != nil || op.item.Parameters.GetByInAndName(openapi3.ParameterInHeader, "idempotency-key") != nil):
			findings = append(findings, op.OperationID+": idempotency-key is left over")
		case wanted && (!key.Required || key.Schema.Value.Format != "uuid"):
			findings = append(findings, op.OperationID+": idempotency-key is not a required UUID")
		}
	}
	return findings
}

// checkCommonHeaders: the five headers on each path item, all of them required but for
// the version.
func checkCommonHeaders(contract *openapi3.T) []string {
	want := []string{
		"header upvest-client-id required", "header authorization required", "header signature required",
		"header signature-input required", "header upvest-api-version optional",
	}
	var findings []string
	for path, item := range contract.Paths.Map() {
		var got []string
		for _, parameter := range item.Parameters {
			need := "optional"
			if parameter.Value.Required {
				need = "required"
			}
			got = append(got, fmt.Sprintf("%s %s %s", parameter.Value.In, parameter.Value.Name, need))
		}
		findings = append(findings, compareSets(path, want, got)...)
	}
	return findings
}

// checkScopes: a GET accepts either scope, a write only the administrator's; both are
// declared.
func checkScopes(contract *openapi3.T) []string {
	const scheme = "oauth-client-credentials"
	declared := contract.Components.SecuritySchemes[scheme].Value.Flows.ClientCredentials.Scopes
	var findings []string
	for _, op := range operations(contract) {
		want := []string{"[portfolios:admin]"}
		if op.verb == "GET" {
			want = []string{"[portfolios:read]", "[portfolios:admin]"}
		}
		var got []string
		if op.Security != nil {
			for _, requirement := range *op.Security {
				scopes, found := requirement[scheme]
				if !found || len(requirement) != 1 {
					findings = append(
						findings,
						fmt.Sprintf("%s: security is not %s alone", op.OperationID, scheme),
					)
				}
				got = append(got, fmt.Sprint(scopes))
				for _, scope := range scopes {
					if _, found := declared[scope]; !found {
						findings = append(
							findings,
							fmt.Sprintf("%s: the scope %s is not declared", op.OperationID, scope),
						)
					}
				}
			}
		}
		findings = append(findings, compareSets(op.OperationID+" scopes", want, got)...)
	}
	return findings
}

// checkRequestID: upvest-request-id, a UUID, and no other header on each response.
func checkRequestID(contract *openapi3.T) []string {
	var findings []string
	for _, op := range operations(contract) {
		for status, response := range op.Responses.Map() {
			header := response.Value.Headers["upvest-request-id"]
			if header == nil || header.Value.Schema.Value.Format != "uuid" ||
				len(response.Value.Headers) != 1 {
				findings = append(
					findings,
					op.OperationID+" "+status+": no upvest-request-id that is a UUID, or another header",
				)
			}
		}
	}
	return findings
}
