// Package guard keeps pages of other origins away from what a sandbox shows and
// lets change.
package guard

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"benthos-segment/internal/sandbox/answer"
)

// Hosts are the names by which the control API may be called.
type Hosts struct {
	// Names are allowed besides loopback names.
	Names []string
	// AnyAddress allows every IP address.
	AnyAddress bool
}

// Guard serves next under the names of this machine only, and not to pages of
// other origins. The name is checked because one that is made to resolve to
// loopback (DNS rebinding) turns a foreign page into one of the same origin.
func (h Hosts) Guard(next http.Handler) http.Handler {
	next = OwnOrigin(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !h.allow(r.Host) {
			answer.Error(w, http.StatusForbidden, "the control API does not answer under this host name: use a loopback name, or allow the name with --host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (h Hosts) allow(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || h.AnyAddress) {
		return true
	}
	return slices.ContainsFunc(h.Names, func(name string) bool { return strings.EqualFold(name, host) })
}

// OwnOrigin serves next to everybody but pages of other origins.
func OwnOrigin(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !isVisit(r) && (isForeign(r) || crossOrigin.Check(r) != nil) {
			answer.Error(w, http.StatusForbidden, "pages of another origin have no access")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isVisit tells that somebody follows a link to the page, from anywhere. The page
// with the link does not see the answer, and cannot put it into a frame.
func isVisit(r *http.Request) bool {
	return r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

// isForeign tells that a page of another origin makes the request, even if it
// changes nothing: http.CrossOriginProtection lets those requests pass.
func isForeign(r *http.Request) bool {
	if r.Header.Get("Sec-Fetch-Site") == "cross-site" {
		return true
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return false
	}
	u, err := url.Parse(origin)
	return err != nil || !strings.EqualFold(u.Host, r.Host)
}
