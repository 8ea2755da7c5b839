package sandbox

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
)

// writeKeyOf returns the write key of a request: the user of Basic
// authentication, else the writeKey of the body, which is where it stands when
// the header holds an OAuth token.
func writeKeyOf(h http.Header, inBody string) string {
	scheme, credentials, _ := strings.Cut(h.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Basic") {
		return inBody
	}
	decoded, err := base64.StdEncoding.DecodeString(strings.TrimSpace(credentials))
	if err != nil {
		return inBody
	}
	// Segment also takes the key without the colon, "for backward
	// compatibility", which http.Request.BasicAuth does not.
	user, _, _ := strings.Cut(string(decoded), ":")
	if user == "" {
		return inBody
	}
	return user
}

// maskKey returns what may be shown of a write key: its beginning, and only
// where that does not give most of it away.
func maskKey(key string) string {
	const shown, long = 3, 12
	switch runes := []rune(key); {
	case key == "":
		return ""
	case len(runes) < long:
		return "…"
	default:
		return string(runes[:shown]) + "…"
	}
}

// fingerprint returns a short name of a write key that tells keys apart and
// stays the same between runs.
func fingerprint(key string) string {
	if key == "" {
		return ""
	}
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:4])
}

// credentialHeaders are the headers whose value is a secret. The scheme of an
// Authorization is none, and which one a sender uses is worth seeing.
var credentialHeaders = []string{"Authorization", "Proxy-Authorization", "Cookie"}

// maskedHeader returns a copy of h that can be kept and shown.
func maskedHeader(h http.Header) http.Header {
	masked := h.Clone()
	for _, name := range credentialHeaders {
		for i, value := range masked[name] {
			scheme, _, found := strings.Cut(value, " ")
			if !found || !isScheme(scheme) {
				masked[name][i] = "…"
				continue
			}
			masked[name][i] = scheme + " …"
		}
	}
	return masked
}

func isScheme(s string) bool {
	return strings.EqualFold(s, "Basic") || strings.EqualFold(s, "Bearer")
}
