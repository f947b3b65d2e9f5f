package drift_test

import (
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
)

func TestContractIsValid(t *testing.T) {
	if err := parse(t, readContract(t)).Validate(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestEverythingAgreesWithContract(t *testing.T) {
	contract := parse(t, readContract(t))
	for name, check := range map[string]func(*openapi3.T) findings{
		"statuses":        checkStatuses,
		"idempotency key": checkIdempotencyKey,
		"common headers":  checkCommonHeaders,
		"scopes":          checkScopes,
		"request id":      checkRequestID,
		"fields":          checkFields,
		"enums":           checkEnums,
		"patterns":        checkPatterns,
		"examples":        checkExamples,
		"requests":        checkRequests,
		"wrapper":         checkWrapper,
		"comments":        checkComments,
		"calls":           checkCalls,
		"constants":       checkConstants,
		"sandbox":         checkSandbox,
		"golden requests": checkGoldenRequests,
		"wrapper's tests": checkWrapperTests,
		"empty responses": checkEmptyResponses,
		"shapes":          checkShapes,
		"typed counts":    checkTypedCounts,
		"changelog":       checkChangelog,
	} {
		t.Run(name, func(t *testing.T) {
			found := check(contract)
			found.report(t)
		})
	}
}
