package drift_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestContractIsValid(t *testing.T) {
	if err := parse(t, readContract(t)).Validate(t.Context()); err != nil {
		t.Errorf("openapi.yaml is not a valid OpenAPI document: %v", err)
	}
}

// TestEverythingAgreesWithContract requires that none of the checks below reports a
// finding.
func TestEverythingAgreesWithContract(t *testing.T) {
	contract := parse(t, readContract(t))
	for name, check := range map[string]func(*openapi3.T) findings{
		"response statuses":                  checkStatuses,
		"idempotency key":                    checkIdempotencyKey,
		"common headers":                     checkCommonHeaders,
		"scopes":                             checkScopes,
		"request id":                         checkRequestID,
		"fields of Go types":                 checkFields,
		"enums":                              checkEnums,
		"patterns":                           checkPatterns,
		"examples":                           checkExamples,
		"generated requests":                 checkRequests,
		"wrapper methods":                    checkWrapper,
		"doc comments":                       checkComments,
		"calls to every operation":           checkCalls,
		"sandbox constants":                  checkConstants,
		"sandbox handlers":                   checkSandbox,
		"golden requests":                    checkGoldenRequests,
		"wrapper's tests":                    checkWrapperTests,
		"empty responses":                    checkEmptyResponses,
		"decoding field by field":            checkFieldwiseDecoding,
		"hand-written numbers of operations": checkWrittenCounts,
		"changelog":                          checkChangelog,
	} {
		t.Run(name, func(t *testing.T) {
			found := check(contract)
			found.report(t)
		})
	}
}
