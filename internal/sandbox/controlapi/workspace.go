package controlapi

import (
	"net/http"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/sandbox/workspace"
)

// workspaceAPI shows and sets what the Public API tells of: sources, tokens, and
// what the workspace is without.
type workspaceAPI struct{ workspace *workspace.Workspace }

// show masks keys and tokens, like everything else that this API shows.
func (api workspaceAPI) show(w http.ResponseWriter, _ *http.Request, _ *query) {
	shown := api.workspace.Settings()
	for i := range shown.Sources {
		shown.Sources[i].WriteKeys = masked(shown.Sources[i].WriteKeys)
	}
	shown.Tokens = masked(shown.Tokens)
	answer.JSON(w, http.StatusOK, shown)
}

func masked(secrets []string) (shown []string) {
	for _, secret := range secrets {
		shown = append(shown, ingest.MaskKey(secret))
	}
	return shown
}

func (api workspaceAPI) replace(w http.ResponseWriter, r *http.Request, q *query) {
	body, err := readBody(w, r)
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	settings, err := workspace.Parse(body)
	if err == nil {
		err = api.workspace.Set(settings)
	}
	if err != nil {
		answer.Error(w, http.StatusBadRequest, err.Error())
		return
	}
	api.show(w, r, q)
}
