package ingest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CORS says which web pages may send events, and writes the headers by which
// browsers let them. An SDK needs more than a browser allows by itself: its
// Authorization alone makes a preflight.
type CORS struct {
	isAny bool
	exact map[string]bool
	// below are origins of all hosts under a domain.
	below []wildOrigin
}

// wildOrigin is https://*.example.com, without the star.
type wildOrigin struct{ scheme, domain string }

// NewCORS returns a CORS that allows the origins: https://shop.example.com,
// https://*.example.com for all hosts under a domain, or * for any.
func NewCORS(origins []string) (*CORS, error) {
	c := &CORS{exact: make(map[string]bool, len(origins))}
	for _, origin := range origins {
		if err := c.add(strings.ToLower(strings.TrimSpace(origin))); err != nil {
			return nil, err
		}
	}
	return c, nil
}

func (c *CORS) add(origin string) error {
	if origin == "*" {
		c.isAny = true
		return nil
	}
	u, err := url.Parse(origin)
	if err != nil || u.Scheme == "" || u.Host == "" || origin != u.Scheme+"://"+u.Host {
		return fmt.Errorf("%q is not an origin: write a scheme and a host, and a port where there is one, "+
			"such as https://shop.example.com, https://*.example.com or *", origin)
	}
	domain, isWild := strings.CutPrefix(u.Host, "*")
	switch {
	case isWild && strings.HasPrefix(domain, ".") && !strings.Contains(domain, "*"):
		c.below = append(c.below, wildOrigin{u.Scheme + "://", domain})
	case strings.Contains(u.Host, "*"):
		return fmt.Errorf("%q is not an origin: * stands for a whole name at its beginning, as in https://*.example.com", origin)
	default:
		c.exact[origin] = true
	}
	return nil
}

// allows reports whether pages of the origin may send. Hosts have no case, and
// browsers write them in lower case.
func (c *CORS) allows(origin string) bool {
	if c.isAny || c.exact[origin] {
		return true
	}
	return slices.ContainsFunc(c.below, func(w wildOrigin) bool {
		host, isScheme := strings.CutPrefix(origin, w.scheme)
		return isScheme && len(host) > len(w.domain) && strings.HasSuffix(host, w.domain)
	})
}

const (
	headerOrigin  = "Origin"
	headerAllow   = "Access-Control-Allow-Origin"
	headerAsked   = "Access-Control-Request-Headers"
	headerPrivate = "Access-Control-Request-Private-Network"
)

// varies is shared by all answers that vary by nothing else.
var varies = []string{headerOrigin}

// askedHeaders are those that the SDKs ask for. X-Retry-Count is only on repeats:
// where it is refused, no retry of Segment's SDK ever arrives.
const askedHeaders = "anonymousid, authorization, cache-control, content-type, " +
	"rsa-recovered, rsa-retry-attempt, rsa-retry-reason, rsa-since-first-attempt, rsa-since-last-attempt, " +
	"sentat, x-retry-count"

// Write writes the headers of an answer, errors included: a page sees only an
// answer that has them. It reports whether the request may be taken: a request
// without Origin comes from no page, and one of a foreign origin gets no headers.
func (c *CORS) Write(h http.Header, r *http.Request) (mayTake bool) {
	if len(h["Vary"]) == 0 {
		h["Vary"] = varies
	} else {
		h.Add("Vary", headerOrigin)
	}
	origin := r.Header.Get(headerOrigin)
	if origin == "" {
		return true
	}
	if !c.allows(origin) {
		return false
	}
	// Credentials are allowed, because some apps send their cookies along. That is
	// safe with any origin as long as no answer depends on them.
	h.Set(headerAllow, origin)
	h.Set("Access-Control-Allow-Credentials", "true")
	h.Set("Access-Control-Expose-Headers", "Retry-After, X-RateLimit-Reset")
	if r.Method == http.MethodOptions {
		writePreflight(h, r)
	}
	return true
}

// writePreflight allows what a preflight asks for. Users of Segment's SDK may add
// headers of their own.
func writePreflight(h http.Header, r *http.Request) {
	h.Add("Vary", headerAsked)
	h.Set("Access-Control-Allow-Methods", "GET, POST")
	allowed := askedHeaders
	if asked := r.Header.Get(headerAsked); asked != "" {
		allowed += ", " + asked
	}
	h.Set("Access-Control-Allow-Headers", allowed)
	// Chromium keeps it for two hours at most.
	h.Set("Access-Control-Max-Age", "7200")
	if r.Header.Get(headerPrivate) == "true" {
		h.Set("Access-Control-Allow-Private-Network", "true")
	}
}
