package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"github.com/google/uuid"

	"github.com/d8277167/upvest-portfolios-go/sandbox"
	"github.com/d8277167/upvest-portfolios-go/wrapper"
)

// server is a sandbox in this process, with the signer and the token of its client.
type server struct {
	*sandbox.Sandbox
	handler http.Handler
	client  sandbox.Client
	signer  *wrapper.Signer
	token   string
}

func newServer(options ...sandbox.Option) (*server, error) {
	made, err := sandbox.New(append(options, sandbox.WithoutListener())...)
	if err != nil {
		return nil, err
	}
	client := made.Client()
	signer, err := wrapper.NewSigner(wrapper.SignerConfig{KeyID: client.KeyID, PrivateKey: client.PrivateKey})
	if err != nil {
		return nil, err
	}
	s := &server{Sandbox: made, handler: made.Handler(), client: client, signer: signer}
	form := "grant_type=client_credentials&scope=portfolios%3Aadmin" +
		"&client_id=" + client.ID.String() + "&client_secret=" + client.Secret
	r, err := s.request(http.MethodPost, "/auth/token", "application/x-www-form-urlencoded", form)
	if err != nil {
		return nil, err
	}
	var granted struct {
		AccessToken string `json:"access_token"`
	}
	if err := s.do(r, &granted); err != nil {
		return nil, err
	}
	s.token = granted.AccessToken
	return s, nil
}

// request makes a signed request. If contentType is empty, body must be empty too.
func (s *server) request(method, path, contentType, body string) (*http.Request, error) {
	r, err := http.NewRequestWithContext(context.Background(), method, s.URL()+path, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.Header.Set("Accept", "application/json")
	r.Header.Set("Upvest-Client-Id", s.client.ID.String())
	if contentType != "" {
		r.Header.Set("Content-Type", contentType)
	}
	if s.token != "" {
		r.Header.Set("Authorization", "Bearer "+s.token)
	}
	if s.token != "" && method == http.MethodPost {
		r.Header.Set("Idempotency-Key", uuid.NewString())
	}
	return r, s.signer.Sign(context.Background(), r)
}

// post sends a JSON body and decodes the response.
func (s *server) post(path, body string, into any) error {
	r, err := s.request(http.MethodPost, path, "application/json", body)
	if err != nil {
		return err
	}
	return s.do(r, into)
}

func (s *server) do(r *http.Request, into any) error {
	var w received
	if err := s.serve(&w, r); err != nil {
		return err
	}
	return json.Unmarshal(w.body, into)
}

func (s *server) serve(w *received, r *http.Request) error {
	w.header = http.Header{}
	s.handler.ServeHTTP(w, r)
	if w.status != http.StatusOK {
		return fmt.Errorf("%s %s: status %d %s", r.Method, r.URL.Path, w.status, w.body)
	}
	return nil
}

// follow makes an allocation, and accounts that follow it.
func (s *server) follow(instruments string, accounts int) ([]uuid.UUID, error) {
	var allocation struct{ ID uuid.UUID }
	if err := s.post("/portfolios/allocations", `{"allocation":[`+instruments+`]}`, &allocation); err != nil {
		return nil, err
	}
	ids := make([]uuid.UUID, accounts)
	for i := range ids {
		ids[i] = uuid.New()
		body := fmt.Sprintf(`{"account_id":%q,"allocation_id":%q}`, ids[i], allocation.ID)
		if err := s.post("/portfolios/configurations", body, &struct{}{}); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

func instrument(isin, weight string) string {
	return fmt.Sprintf(`{"instrument_id":%q,"instrument_id_type":"ISIN","weight":%q}`, isin, weight)
}

func order(accountID uuid.UUID) string {
	return fmt.Sprintf(`{"account_id":%q,"user_id":%q,"cash_amount":"100.00","currency":"EUR","side":"BUY"}`,
		accountID, uuid.New())
}

// received is a response writer that keeps the body, or only counts its bytes.
type received struct {
	header http.Header
	status int
	body   []byte
	count  func(bytes int)
}

func (a *received) Header() http.Header    { return a.header }
func (a *received) WriteHeader(status int) { a.status = status }

func (a *received) Write(p []byte) (int, error) {
	if a.count != nil {
		a.count(len(p))
	} else {
		a.body = append(a.body, p...)
	}
	return len(p), nil
}
