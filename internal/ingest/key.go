package ingest

import (
	"cmp"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

// Credentials are the write keys and the token beside the body of a request. The
// body may have a write key as well: see Envelope.
type Credentials struct {
	// Basic is the user of Basic authentication. The password has no meaning.
	Basic string
	// Bearer is an access token. A request with one has its write key in the
	// body.
	Bearer string
	// Header is X-Write-Key, Query the parameter writeKey.
	Header string
	Query  string
}

// WriteKey returns the write key of a request. If there are several, the order is
// Basic, header, query, body.
func (c Credentials) WriteKey(inBody string) string {
	return cmp.Or(c.Basic, c.Header, c.Query, inBody)
}

// CredentialsOf reads the credentials of a request. It fails if the query is
// malformed.
func CredentialsOf(r *http.Request) (Credentials, error) {
	basic, bearer := Authorization(r.Header)
	c := Credentials{Basic: basic, Bearer: bearer, Header: r.Header.Get("X-Write-Key")}
	if r.URL.RawQuery == "" {
		return c, nil
	}
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		return c, fmt.Errorf("reading the query: %w", err)
	}
	c.Query = query.Get("writeKey")
	return c, nil
}

// Authorization returns the user of Basic authentication or the access token in
// the header Authorization, neither if it has another scheme.
func Authorization(h http.Header) (basic, bearer string) {
	scheme, credentials, _ := strings.Cut(h.Get("Authorization"), " ")
	credentials = strings.TrimSpace(credentials)
	switch {
	case strings.EqualFold(scheme, "Basic"):
		decoded, err := base64.StdEncoding.DecodeString(credentials)
		if err != nil {
			return "", ""
		}
		// Segment also takes the key without the colon, "for backward
		// compatibility", which http.Request.BasicAuth does not.
		basic, _, _ = strings.Cut(string(decoded), ":")
		return basic, ""
	case strings.EqualFold(scheme, "Bearer"):
		return "", credentials
	default:
		return "", ""
	}
}

// hidden begins what stands in for a write key. No key begins with it.
const hidden = "\x00hidden "

// HideKey returns what may be kept in the place of a write key: it is masked as
// the key is, and has the same fingerprint, and the key is not in it.
func HideKey(key string) string {
	if key == "" {
		return ""
	}
	return hidden + Fingerprint(key) + MaskKey(key)
}

// isHidden takes such a stand-in apart.
func isHidden(key string) (fingerprint, masked string, is bool) {
	const digits = 8
	rest, is := strings.CutPrefix(key, hidden)
	if !is || len(rest) < digits {
		return "", "", false
	}
	return rest[:digits], rest[digits:], true
}

// MaskKey returns what may be shown of a write key: its first letters, unless
// they are a large part of it.
func MaskKey(key string) string {
	const shown, long = 3, 12
	if _, masked, is := isHidden(key); is {
		return masked
	}
	switch runes := []rune(key); {
	case key == "":
		return ""
	case len(runes) < long:
		return "…"
	default:
		return string(runes[:shown]) + "…"
	}
}

// Fingerprint returns a short name of a write key that tells keys apart, stays
// the same between runs, and does not give the key away.
func Fingerprint(key string) string {
	if key == "" {
		return ""
	}
	if fingerprint, _, is := isHidden(key); is {
		return fingerprint
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// credentialHeaders are the headers whose value is a secret. The scheme of an
// Authorization is not, and which one a sender uses is worth seeing.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie", "X-Write-Key"}

// MaskHeader returns a copy of h without secrets. A Referer is cut before its
// query, where a pixel has its write key.
func MaskHeader(h http.Header) http.Header {
	masked := h.Clone()
	for _, name := range credentialHeaders {
		for i, value := range masked[name] {
			masked[name][i] = maskCredentials(value)
		}
	}
	for i, value := range masked["Referer"] {
		if page, _, hasQuery := strings.Cut(value, "?"); hasQuery {
			masked["Referer"][i] = page + "?…"
		}
	}
	return masked
}

func maskCredentials(value string) string {
	scheme, _, found := strings.Cut(value, " ")
	if found && (strings.EqualFold(scheme, "Basic") || strings.EqualFold(scheme, "Bearer")) {
		return scheme + " …"
	}
	return "…"
}
