package sink

import (
	"compress/gzip"
	"io"
	"net/http"
)

// Door is the least that a front door can be: it reads what it is sent, inflates
// it, and forgets it.
func Door(address string) error {
	return http.ListenAndServe(address, http.HandlerFunc(forget))
}

func forget(w http.ResponseWriter, r *http.Request) {
	body := io.Reader(r.Body)
	if r.Header.Get("Content-Encoding") == "gzip" {
		inflated, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = inflated
	}
	if _, err := io.ReadAll(body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"success":true}`)
}
