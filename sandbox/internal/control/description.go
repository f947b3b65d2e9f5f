package control

import (
	_ "embed"
	"html/template"
	"net/http"
	"strings"
)

// description is the OpenAPI document of the endpoint.
//
//go:embed control.yaml
var description []byte

// page is an HTML page that lists the operations and shows the OpenAPI document. The page
// loads nothing from other addresses.
var page = template.Must(template.New("page").Parse(`<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Control endpoint of the sandbox</title>
<style>
body { font: 16px/1.5 sans-serif; margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; }
td { border-top: 1px solid #ccc; padding: .3rem 1rem .3rem 0; }
pre { background: #f4f4f4; overflow: auto; padding: 1rem; }
</style>
</head>
<body>
<h1>Control endpoint of the sandbox</h1>
<p>Its description in OpenAPI is <a href="openapi.yaml">openapi.yaml</a>.</p>
<table>
{{range .Routes}}<tr><td><code>{{.Method}}</code></td><td><code>{{.Path}}</code></td></tr>
{{end}}</table>
<h2>openapi.yaml</h2>
<pre>{{.Description}}</pre>
</body>
</html>
`))

// getDescription responds with the OpenAPI document.
func getDescription(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	w.Header().Set("Content-Type", "application/yaml")
	// The write fails if the client has disconnected.
	_, _ = w.Write(description)
}

// getPage responds with the HTML page that shows the operations and the OpenAPI document.
func (e *Endpoint) getPage(w http.ResponseWriter, r *http.Request) {
	if !bare(w, r) {
		return
	}
	type row struct{ Method, Path string }
	var rows []row
	for _, one := range e.table() {
		rows = append(rows, row{Method: one.method, Path: Prefix + strings.TrimSuffix(one.path, "{$}")})
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	// The write fails if the client has disconnected.
	_ = page.Execute(w, map[string]any{"Routes": rows, "Description": string(description)})
}
