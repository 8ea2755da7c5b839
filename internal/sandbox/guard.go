package sandbox

import (
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// guard keeps pages of other origins away from the control API, which shows
// what customers did and can be told to lose it. The Host is checked because
// a name that is made to resolve to loopback (DNS rebinding) turns a foreign
// page into one of the same origin.
func guard(cfg Config, next http.Handler) http.Handler {
	next = refuseForeign(next)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Cache-Control", "no-store")
		if !isAllowedHost(r.Host, cfg) {
			answerError(w, http.StatusForbidden, "the control API is not served under the host name of this request: call it by a loopback name, or allow the name with --host")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// refuseForeign keeps pages of other origins away.
func refuseForeign(next http.Handler) http.Handler {
	crossOrigin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if isVisit(r) {
			next.ServeHTTP(w, r)
			return
		}
		if isForeign(r) || crossOrigin.Check(r) != nil {
			answerError(w, http.StatusForbidden, "this is not for pages of another origin")
			return
		}
		next.ServeHTTP(w, r)
	})
}

// isVisit tells that somebody follows a link to the page, from wherever. The page
// of the link does not see what comes, and cannot put it into a frame.
func isVisit(r *http.Request) bool {
	return r.URL.Path == "/" && (r.Method == http.MethodGet || r.Method == http.MethodHead) &&
		r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}

func isAllowedHost(hostport string, cfg Config) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = hostport
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" || strings.HasSuffix(host, ".localhost") {
		return true
	}
	if ip := net.ParseIP(host); ip != nil && (ip.IsLoopback() || cfg.AnyAddress) {
		return true
	}
	return slices.ContainsFunc(cfg.Hosts, func(name string) bool { return strings.EqualFold(name, host) })
}

// isForeign tells a request that a page of another origin makes, also one
// that changes nothing: http.CrossOriginProtection lets those pass.
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
