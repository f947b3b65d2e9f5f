package drift_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"time"

	"github.com/getkin/kin-openapi/openapi3"

	upvest "github.com/d8277167/upvest-portfolios-go/wrapper"
)

var errNoMethod = errors.New("the wrapper has no method for the operation")

// knownDeviations contains the values in documented examples that deviate from their
// schema or Go type. Each key consists of the name of an example and the JSON pointer to
// the value. The text for each key is the reason why the example is not corrected.
var knownDeviations = map[string]string{
	"create_portfolios_liquidation_request 200 order /allocation_id": "Upvest documents an " +
		"empty string in a uuid field, because a liquidation follows no allocation; " +
		"api.OptionalUUID decodes the empty string as an absent id, and does not encode an absent id",
}

// checkExamples requires that each body has an example. Each example must match its
// schema. An example of a body must also not change when it is decoded into its Go type
// and encoded again.
// Deviations that knownDeviations lists are allowed. If an example no longer has a listed
// deviation, checkExamples reports the entry as obsolete.
func checkExamples(contract *openapi3.T) findings {
	survey := exampleSurvey{met: map[string]bool{}}
	results := resultTypes(contract)
	for _, op := range operations(contract) {
		for _, body := range op.documentedBodies(results) {
			survey.body(op, body)
		}
		for _, parameter := range append(op.Parameters, op.item.Parameters...) {
			if example := parameter.Value.Example; example != nil {
				survey.report(op.OperationID+" "+parameter.Value.Name,
					schemaViolations(parameter.Value.Schema, example, true))
			}
		}
		for status, response := range op.Responses.Map() {
			for name, header := range response.Value.Headers {
				if example := header.Value.Example; example != nil {
					survey.report(op.OperationID+" "+status+" "+name,
						schemaViolations(header.Value.Schema, example, false))
				}
			}
		}
	}
	for _, deviation := range sorted(knownDeviations) {
		if !survey.met[deviation] {
			survey.found.addf("proof/drift/examples_test.go: %s: the example no longer deviates: "+
				"remove the entry from knownDeviations", deviation)
		}
	}
	return survey.found
}

// exampleSurvey collects the problems in the examples.
type exampleSurvey struct {
	found findings
	met   map[string]bool // the known deviations that occurred
}

func (s *exampleSurvey) body(op operation, body documentedBody) {
	examples := bodies(body.media)
	if len(examples) == 0 {
		s.found.addf(ofContract+"%s: the body has no example: refer to one in components/examples", body.name)
	}
	if body.goType == nil {
		s.found.addf(ofContract+"%s: the body has no Go type: %s", body.name, methodRemedy(op))
		return
	}
	for _, name := range sorted(examples) {
		where := strings.TrimSpace(body.name + " " + name)
		s.report(where, schemaViolations(body.media.Schema, examples[name], body.request))
		s.report(where, roundTripLosses(body, examples[name]))
	}
}

func (s *exampleSurvey) report(where string, problems []problem) {
	for _, p := range problems {
		key := where + " " + p.pointer
		if knownDeviations[key] != "" {
			s.met[key] = true
			continue
		}
		text, _, _ := strings.Cut(p.text, "\n")
		s.found.addf(ofContract+"%s: %s: correct the example, or run make generate", key, text)
	}
}

// problem describes what is wrong with an example at a JSON pointer.
type problem struct{ pointer, text string }

func bodies(media *openapi3.MediaType) map[string]any {
	examples := map[string]any{}
	if media.Example != nil {
		examples[""] = media.Example
	}
	for name, example := range media.Examples {
		examples[name] = example.Value.Value
	}
	return examples
}

// schemaViolations returns a problem for each place where an example violates its schema.
func schemaViolations(schema *openapi3.SchemaRef, example any, request bool) []problem {
	uuids := openapi3.NewRegexpFormatValidator(openapi3.FormatOfStringForUUIDOfRFC4122)
	currencies := openapi3.NewRegexpFormatValidator("^[A-Z]{3}$")
	options := []openapi3.SchemaValidationOption{
		openapi3.MultiErrors(),
		openapi3.EnableFormatValidation(),
		openapi3.WithStringFormatValidator("uuid", uuids),
		openapi3.WithStringFormatValidator("ISO4217", currencies),
	}
	if request {
		options = append(options, openapi3.VisitAsRequest())
	} else {
		options = append(options, openapi3.VisitAsResponse())
	}
	return flatten(schema.Value.VisitJSON(example, options...))
}

func flatten(err error) []problem {
	var list openapi3.MultiError
	var single *openapi3.SchemaError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &list):
		var problems []problem
		for _, part := range list {
			problems = append(problems, flatten(part)...)
		}
		return problems
	case errors.As(err, &single):
		return []problem{{pointer: "/" + strings.Join(single.JSONPointer(), "/"), text: single.Error()}}
	default:
		return []problem{{pointer: "/", text: err.Error()}}
	}
}

// roundTripLosses decodes an example into its Go type, encodes the result, and returns
// the differences from the example. If there are none, it also compares the result of
// encoding/json with the result of the client, and returns a problem if they differ.
func roundTripLosses(body documentedBody, example any) []problem {
	text, err := json.Marshal(example)
	if err != nil {
		return []problem{{pointer: "/", text: "encode the example: " + err.Error()}}
	}
	value := reflect.New(body.goType).Interface()
	if err := json.Unmarshal(text, value); err != nil {
		return []problem{{pointer: "/", text: "decode the example: " + err.Error()}}
	}
	again, err := json.Marshal(value)
	if err != nil {
		return []problem{{pointer: "/", text: "encode the decoded example: " + err.Error()}}
	}
	var want, got any
	if err := errors.Join(json.Unmarshal(text, &want), json.Unmarshal(again, &got)); err != nil {
		return []problem{{pointer: "/", text: err.Error()}}
	}
	if lost := differences("", want, got); len(lost) > 0 {
		return lost
	}
	byClient := reflect.New(body.goType).Interface()
	err = (&upvest.Response{Body: text}).Decode(byClient)
	if err != nil || !reflect.DeepEqual(byClient, value) {
		differ := fmt.Sprintf("the client decodes the example as %+v with the error %v, "+
			"but encoding/json decodes the example as %+v",
			byClient, err, value)
		return []problem{{pointer: "/", text: differ}}
	}
	return nil
}

// differences returns the differences between two JSON values. Times are equal if they
// denote the same instant.
func differences(pointer string, want, got any) []problem {
	switch want := want.(type) {
	case map[string]any:
		if object, ok := got.(map[string]any); ok {
			return objectDifferences(pointer, want, object)
		}
	case []any:
		if list, ok := got.([]any); ok && len(list) == len(want) {
			var problems []problem
			for i, value := range want {
				problems = append(problems, differences(fmt.Sprintf("%s/%d", pointer, i), value, list[i])...)
			}
			return problems
		}
	case string:
		before, errBefore := time.Parse(time.RFC3339, want)
		text, _ := got.(string)
		after, errAfter := time.Parse(time.RFC3339, text)
		if errBefore == nil && errAfter == nil && before.Equal(after) {
			return nil
		}
	}
	if !reflect.DeepEqual(want, got) {
		text := fmt.Sprintf("the value is %v after decoding and encoding, want %v", got, want)
		return []problem{{pointer: pointer, text: text}}
	}
	return nil
}

func objectDifferences(pointer string, want, got map[string]any) []problem {
	var problems []problem
	for name := range got {
		if _, found := want[name]; !found {
			text := "the field was added by decoding and encoding"
			problems = append(problems, problem{pointer: pointer + "/" + name, text: text})
		}
	}
	for name, value := range want {
		if after, found := got[name]; found {
			problems = append(problems, differences(pointer+"/"+name, value, after)...)
			continue
		}
		text := "the field is lost by decoding and encoding"
		problems = append(problems, problem{pointer: pointer + "/" + name, text: text})
	}
	return problems
}
