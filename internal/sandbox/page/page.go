// Package page serves the debugger page of a sandbox, as the browser runs it:
// nothing builds its files.
package page

import (
	"embed"
	"io/fs"
	"net/http"
)

//go:embed *.html *.js *.css *.svg
var files embed.FS

// policy lets the page run its own files and talk to its own origin, and nothing
// else. No text of a call can become markup, since no script may create any.
const policy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// Register adds the page at / and its parts below /page/ to a mux.
func Register(mux *http.ServeMux) {
	parts := withPolicy(http.StripPrefix("/page/", http.FileServerFS(files)))
	entries, err := fs.ReadDir(files, ".")
	if err != nil {
		panic(err) // The files are compiled in.
	}
	for _, entry := range entries {
		mux.Handle("GET /page/"+entry.Name(), parts)
	}
	mux.Handle("GET /{$}", withPolicy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, files, "index.html")
	})))
}

func withPolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", policy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
