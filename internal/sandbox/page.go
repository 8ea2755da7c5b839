package sandbox

import (
	"embed"
	"io/fs"
	"net/http"
)

// pageFiles is the debugger page as the browser runs it. Nothing builds it.
//
//go:embed page/*.html page/*.js page/*.css page/*.svg
var pageFiles embed.FS

// pagePolicy lets the page run its own files and talk to its own origin, and
// nothing else. No text of a call can become markup, as no script may make any.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
	"img-src 'self' data:; base-uri 'none'; frame-ancestors 'none'; form-action 'none'; " +
	"require-trusted-types-for 'script'; trusted-types 'none'"

// servePage adds the page at / and its parts below /page/.
func servePage(mux *http.ServeMux) {
	parts := http.FileServerFS(pageFiles)
	entries, err := fs.ReadDir(pageFiles, "page")
	if err != nil {
		panic(err) // The folder is compiled in.
	}
	for _, entry := range entries {
		mux.Handle("GET /page/"+entry.Name(), withPagePolicy(parts))
	}
	mux.Handle("GET /{$}", withPagePolicy(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		http.ServeFileFS(w, r, pageFiles, "page/index.html")
	})))
}

func withPagePolicy(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Cross-Origin-Resource-Policy", "same-origin")
		next.ServeHTTP(w, r)
	})
}
