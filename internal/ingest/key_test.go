package ingest_test

import (
	"encoding/base64"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/ingest"
)

func basic(credentials string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(credentials))
}

func TestWhereAWriteKeyMayStand(t *testing.T) {
	for name, given := range map[string]struct{ authorization, header, query, inBody, want string }{
		"basic":                   {basic("key:"), "", "", "", "key"},
		"basic with a password":   {basic("key:secret"), "", "", "", "key"},
		"basic without a colon":   {basic("key"), "", "", "", "key"},
		"basic in lower case":     {"basic " + basic("key:")[6:], "", "", "", "key"},
		"basic before the body":   {basic("key:"), "", "", "other", "key"},
		"basic before the query":  {basic("key:"), "", "?writeKey=other", "", "key"},
		"an empty basic":          {basic(":"), "", "", "key", "key"},
		"a broken basic":          {"Basic %%%", "", "", "key", "key"},
		"bearer, key in the body": {"Bearer token", "", "", "key", "key"},
		"bearer alone":            {"Bearer token", "", "", "", ""},
		"query of a beacon":       {"", "", "?writeKey=k%20y", "", "k y"},
		"query before the body":   {"", "", "?writeKey=key", "other", "key"},
		"a header of its own":     {"", "key", "?writeKey=other", "other", "key"},
		"body":                    {"", "", "", "key", "key"},
		"nothing":                 {"", "", "?a=b", "", ""},
		"another scheme":          {"Digest x", "", "", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			r := httptest.NewRequest(http.MethodPost, "/v1/batch"+given.query, nil)
			r.Header.Set("Authorization", given.authorization)
			r.Header.Set("X-Write-Key", given.header)
			creds, err := ingest.CredentialsOf(r)
			require.NoError(t, err)
			assert.Equal(t, given.want, creds.WriteKey(given.inBody))
		})
	}
}

func TestAMalformedQueryIsSaid(t *testing.T) {
	for _, query := range []string{"?writeKey=%", "?writeKey=a;b", "?%zz"} {
		_, err := ingest.CredentialsOf(httptest.NewRequest(http.MethodPost, "/beacon/v1/batch"+query, nil))
		assert.ErrorContains(t, err, "reading the query", query)
	}
}

func TestABearerTokenIsRead(t *testing.T) {
	r := httptest.NewRequest(http.MethodPost, "/v1/batch", nil)
	r.Header.Set("Authorization", "bearer  the-token ")
	creds, err := ingest.CredentialsOf(r)
	require.NoError(t, err)
	assert.Equal(t, ingest.Credentials{Bearer: "the-token"}, creds)
}

func TestOnlyTheFirstLettersOfALongKeyAreShown(t *testing.T) {
	for key, want := range map[string]string{
		"": "", "short": "…", "eleven_char": "…", "twelve_chars": "twe…", "äöü_long_enough": "äöü…",
	} {
		assert.Equal(t, want, ingest.MaskKey(key))
	}
}

func TestAFingerprintTellsKeysApart(t *testing.T) {
	assert.Empty(t, ingest.Fingerprint(""))
	assert.Len(t, ingest.Fingerprint("a"), 8)
	assert.Equal(t, ingest.Fingerprint("a"), ingest.Fingerprint("a"))
	assert.NotEqual(t, ingest.Fingerprint("a"), ingest.Fingerprint("b"))
}

func TestAHiddenKeyIsShownAsTheKeyWouldBe(t *testing.T) {
	for _, key := range []string{"", "short", "a_long_write_key", "äöü_long_enough", "\x00hidden "} {
		kept := ingest.HideKey(key)
		assert.Equal(t, ingest.MaskKey(key), ingest.MaskKey(kept), "%q", key)
		assert.Equal(t, ingest.Fingerprint(key), ingest.Fingerprint(kept), "%q", key)
		if len(key) > 3 {
			assert.NotContains(t, kept[1:], key)
		}
	}
}

func TestHeadersAreShownWithoutSecrets(t *testing.T) {
	h := http.Header{
		"Authorization": {"Basic c2VjcmV0", "bearer secret", "secret"}, "Proxy-Authorization": {"Digest secret"},
		"Cookie": {"a=secret"}, "X-Write-Key": {"secret"}, "Referer": {"https://a.example/pixel?writeKey=secret", "https://a.example/"},
		"User-Agent": {"ua"},
	}
	assert.Equal(t, http.Header{
		"Authorization": {"Basic …", "bearer …", "…"}, "Proxy-Authorization": {"…"},
		"Cookie": {"…"}, "X-Write-Key": {"…"}, "Referer": {"https://a.example/pixel?…", "https://a.example/"},
		"User-Agent": {"ua"},
	}, ingest.MaskHeader(h))
	assert.Equal(t, "Basic c2VjcmV0", h.Get("Authorization"), "the request keeps its own")
}

func TestOnlyTheKeyOfACallIsHidden(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1}`:                      `{"a":1}`,
		`{"writeKey":"secret_secret"}`: `{"writeKey":"sec…"}`,
		`{ "writeKey" : "secret_secret", "n":1.0 }`:       `{ "writeKey" : "sec…", "n":1.0 }`,
		`{"write\u004bey":"secret_secret"}`:               `{"write\u004bey":"sec…"}`,
		`{"writeKey":"secret_secret","writeKey":"short"}`: `{"writeKey":"sec…","writeKey":"…"}`,
		`{"writeKey":{"a":"secret"}}`:                     `{"writeKey":""}`,
		`{"a":{"writeKey":"of the event"}}`:               `{"a":{"writeKey":"of the event"}}`,
		`[{"writeKey":"secret"}]`:                         `[{"writeKey":"secret"}]`,
		`"writeKey"`:                                      `"writeKey"`,
	} {
		shown, found := ingest.HideWriteKey([]byte(text), ingest.MaskKey)
		assert.Equal(t, want, string(shown))
		assert.Equal(t, text != want, found)
	}
}
