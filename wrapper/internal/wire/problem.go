package wire

import "encoding/json"

// Problem is a body of application/problem+json. A field of an unexpected type stays in
// Members.
type Problem struct {
	Type, Title, Detail, Instance, RequestID string

	Members map[string]json.RawMessage
}

// ReadProblem reads the body of a response with the given status. The result is empty if
// the body is not a JSON object.
func ReadProblem(body []byte, status int) (p Problem) {
	var members map[string]json.RawMessage
	if json.Unmarshal(body, &members) != nil {
		return p
	}
	take := func(name string, field *string) {
		var text *string
		if *field == "" && json.Unmarshal(members[name], &text) == nil && text != nil {
			*field = *text
			delete(members, name)
		}
	}
	take("type", &p.Type)
	take("title", &p.Title)
	take("detail", &p.Detail)
	take("details", &p.Detail) // some servers send this field instead of "detail"
	take("instance", &p.Instance)
	take("request_id", &p.RequestID)
	var repeated int
	if json.Unmarshal(members["status"], &repeated) == nil && repeated == status {
		delete(members, "status")
	}
	if len(members) > 0 {
		p.Members = members
	}
	return p
}

// ReadTokenProblem reads the body of a failed token request. If the body has no "type",
// Type is the field "error" of OAuth 2.0. If the body has no detail, Detail is the field
// "error_description" (RFC 6749, section 5.2). Members never contains "access_token".
func ReadTokenProblem(body []byte, status int) Problem {
	problem := ReadProblem(body, status)
	take := func(name string, field *string) {
		var text string
		if *field == "" && json.Unmarshal(problem.Members[name], &text) == nil && text != "" {
			*field = text
			delete(problem.Members, name)
		}
	}
	take("error", &problem.Type)
	take("error_description", &problem.Detail)
	delete(problem.Members, "access_token")
	return problem
}

// IsProblem reports whether a body is a problem document: a JSON object whose field
// "type" is a string that is not empty.
func IsProblem(body []byte) bool {
	var problem struct {
		Type string `json:"type"`
	}
	err := json.Unmarshal(TrimMark(body), &problem)
	return err == nil && problem.Type != ""
}
