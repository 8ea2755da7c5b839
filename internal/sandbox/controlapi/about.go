package controlapi

import (
	"net/http"
	"strings"

	"github.com/Jeffail/gabs/v2"

	"benthos-segment/internal/sandbox/answer"
)

// aboutAPI says what the sandbox is and what its API has.
type aboutAPI struct {
	version   string
	endpoints func() []endpoint
}

func (aboutAPI) health(w http.ResponseWriter, _ *http.Request, _ *query) {
	answer.JSON(w, http.StatusOK, map[string]string{"status": "ok"})
}

func (api aboutAPI) showVersion(w http.ResponseWriter, _ *http.Request, _ *query) {
	answer.JSON(w, http.StatusOK, map[string]string{"version": api.version})
}

// openAPI describes the API as far as the table of endpoints knows it. What the
// answers look like is best seen by asking.
func (api aboutAPI) openAPI(w http.ResponseWriter, _ *http.Request, _ *query) {
	doc := gabs.New()
	set := func(value any, path ...string) { _, _ = doc.Set(value, path...) } // Only a path through a value fails.
	set("3.1.0", "openapi")
	set("Segment sandbox", "info", "title")
	set(api.version, "info", "version")
	for _, e := range api.endpoints() {
		operation := []string{"paths", e.path, strings.ToLower(e.method)}
		set(e.what, append(operation, "summary")...)
		set("done", append(operation, "responses", "200", "description")...)
		if parameters := e.parameters(); len(parameters) > 0 {
			set(parameters, append(operation, "parameters")...)
		}
	}
	answer.JSON(w, http.StatusOK, doc.Data())
}

// parameters describes the parameters of an endpoint.
func (e endpoint) parameters() (list []any) {
	add := func(name, in, kind string) {
		p := gabs.New()
		_, _ = p.Set(name, "name")
		_, _ = p.Set(in, "in")
		_, _ = p.Set(in == "path", "required")
		_, _ = p.Set(kind, "schema", "type")
		list = append(list, p.Data())
	}
	for _, name := range []string{"seq", "id"} {
		if strings.Contains(e.path, "{"+name+"}") {
			add(name, "path", "integer")
		}
	}
	for _, name := range e.params {
		add(name, "query", "string")
	}
	return list
}
