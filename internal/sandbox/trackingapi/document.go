package trackingapi

import (
	"cmp"
	"net/http"
	"slices"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/sandbox/answer"
	"benthos-segment/internal/segment"
)

// serveWithoutCalls answers requests that bring no calls: what an SDK has to know
// before it sends, and what it says about itself. It reports whether the route is
// one of these.
//
// They are not recorded, and no fault strikes them: an SDK asks other hosts for
// them, which are not down when the Tracking API is.
func (h *Handler) serveWithoutCalls(w http.ResponseWriter, r *http.Request, route ingest.Route) bool {
	switch route.Kind {
	case ingest.Settings:
		key := cmp.Or(route.Key, h.onlyKey())
		h.serveDocument(w, http.StatusNotFound, key, ingest.SettingsDocument(key, addressOf(r)))
	case ingest.SourceConfig:
		// The SDKs for phones know a wrong key by this status.
		basic, _ := ingest.Authorization(r.Header)
		key := cmp.Or(basic, r.URL.Query().Get("writeKey"))
		h.serveDocument(w, http.StatusBadRequest, key, ingest.SourceConfigDocument(key))
	case ingest.Metrics, ingest.Health, ingest.Ready:
		answer.JSON(w, http.StatusOK, success)
	default:
		return false
	}
	return true
}

// serveDocument answers with a document for the key, or with a status if that is
// not a key that the sandbox accepts.
func (h *Handler) serveDocument(w http.ResponseWriter, otherwise int, key string, document []byte) {
	if key == "" || !h.accepts(key) {
		answer.JSON(w, otherwise, failure{Code: string(segment.ReasonBadRequest), Message: "Invalid write key: " +
			"it is missing, or not one of those that this sandbox accepts"})
		return
	}
	answer.Bytes(w, http.StatusOK, "application/json", document)
}

// onlyKey is the key of an SDK that does not say which one it has.
func (h *Handler) onlyKey() string {
	if len(h.settings.WriteKeys) != 1 {
		return ""
	}
	return h.settings.WriteKeys[0]
}

func (h *Handler) accepts(key string) bool {
	return len(h.settings.WriteKeys) == 0 || slices.Contains(h.settings.WriteKeys, key)
}

// addressOf is where the client reaches the sandbox.
func addressOf(r *http.Request) ingest.Address {
	if r.TLS != nil {
		return ingest.Address{Scheme: "https", Host: r.Host}
	}
	return ingest.Address{Scheme: "http", Host: r.Host}
}
