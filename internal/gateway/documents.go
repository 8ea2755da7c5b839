package gateway

import (
	"cmp"
	"net/http"

	"benthos-segment/internal/ingest"
)

// serveSettings answers SDKs of Segment that ask where to send. React Native asks
// without a key; where there is only one, it is that.
func (g *Gateway) serveSettings(w *statusWriter, r *http.Request, route ingest.Route) {
	key := cmp.Or(route.Key, g.keys.only)
	if !g.keys.accepts(key) {
		write(w, r, refuse(http.StatusNotFound, codeInvalidKey, "invalid write key: there is no source of that key here"))
		return
	}
	writeBody(w, http.StatusOK, typeJSON, ingest.SettingsDocument(key, g.addressOf(r)))
}

// serveSourceConfig answers SDKs of RudderStack that ask what to do. The mobile
// ones say so where a 400 names an invalid write key.
func (g *Gateway) serveSourceConfig(w *statusWriter, r *http.Request) {
	creds, err := ingest.CredentialsOf(r)
	if err != nil {
		write(w, r, refuse(http.StatusBadRequest, codeBadRequest, err.Error()))
		return
	}
	key := creds.WriteKey("")
	if !g.keys.accepts(key) {
		write(w, r, refuse(http.StatusBadRequest, codeInvalidKey, "Invalid write key: there is no source of that key here"))
		return
	}
	writeBody(w, http.StatusOK, typeJSON, ingest.SourceConfigDocument(key))
}
