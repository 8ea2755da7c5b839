package sandbox_test

import (
	"crypto/rand"
	"crypto/rsa"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/golang-jwt/jwt/v5"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// guarded is a sandbox that asks for access tokens, with the key to get them.
func guarded(t *testing.T) (*segmenttest.Server, *rsa.PrivateKey) {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	return segmenttest.New(t, segmenttest.Config{OAuth: &segmenttest.OAuth{PublicKey: &key.PublicKey}}), key
}

// tokenForm is the form of a request for a token.
func tokenForm(t *testing.T, key *rsa.PrivateKey, id string) url.Values {
	t.Helper()
	now := time.Now()
	assertion, err := jwt.NewWithClaims(jwt.SigningMethodRS256, jwt.RegisteredClaims{
		ID: id, Subject: "client", Audience: jwt.ClaimStrings{"sandbox"},
		IssuedAt: jwt.NewNumericDate(now), ExpiresAt: jwt.NewNumericDate(now.Add(55 * time.Second)),
	}).SignedString(key)
	require.NoError(t, err)
	return url.Values{
		"grant_type":            {"client_credentials"},
		"client_assertion_type": {"urn:ietf:params:oauth:client-assertion-type:jwt-bearer"},
		"scope":                 {"tracking_api:write"},
		"client_assertion":      {assertion},
	}
}

func askForToken(t *testing.T, sb *segmenttest.Server, form url.Values, headers ...string) (status int, answer document) {
	t.Helper()
	headers = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, headers...)
	return control(t, sb, http.MethodPost, "/token", form.Encode(), headers...)
}

func TestATokenLetsCallsInAndCannotBeGuessed(t *testing.T) {
	sb, key := guarded(t)
	tokens := map[string]bool{}
	for i := range 3 {
		status, answer := askForToken(t, sb, tokenForm(t, key, fmt.Sprint(i)))
		require.Equal(t, http.StatusOK, status, "%v", answer)
		token := answer.at("access_token").(string)
		random, found := strings.CutPrefix(token, "sandbox-token-")
		assert.True(t, found)
		assert.GreaterOrEqual(t, len(random), 26, "128 bits")
		tokens[token] = true
		status, text := post(t, sb, "/v1/batch", `{"writeKey":"k","batch":[`+track(fmt.Sprint(i))+`]}`, "Authorization", "Bearer "+token)
		assert.Equal(t, http.StatusOK, status, text)
	}
	assert.Len(t, tokens, 3)
	for _, guess := range []string{"sandbox-token-1", "sandbox-token-", "", "x"} {
		status, _ := post(t, sb, "/v1/batch", `{"writeKey":"k","batch":[]}`, "Authorization", "Bearer "+guess)
		assert.Equal(t, http.StatusUnauthorized, status)
	}
	status, answer := askForToken(t, sb, tokenForm(t, key, "1"))
	assert.Equal(t, http.StatusBadRequest, status)
	assert.Contains(t, answer.at("error_description"), "an id of its own")
}

// One request for a token without its body stopped all calls: the body was read
// under the lock of the tokens.
func TestASlowRequestForATokenDelaysNobody(t *testing.T) {
	sb, key := guarded(t)
	_, answer := askForToken(t, sb, tokenForm(t, key, "first"))
	slow, err := net.Dial("tcp", strings.TrimPrefix(sb.URL, "http://"))
	require.NoError(t, err)
	defer slow.Close()
	_, err = io.WriteString(slow, "POST /token HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: 1000\r\n\r\ngrant_type=")
	require.NoError(t, err)

	for i := range 20 { // by then the server has begun to read it
		status, text := post(t, sb, "/v1/batch", `{"writeKey":"k","batch":[`+track(fmt.Sprint(i))+`]}`,
			"Authorization", fmt.Sprintf("Bearer %s", answer.at("access_token")))
		require.Equal(t, http.StatusOK, status, text)
		status, _ = askForToken(t, sb, tokenForm(t, key, fmt.Sprint(i)))
		require.Equal(t, http.StatusOK, status)
	}
}

func TestAPageOfAnotherOriginGetsNoToken(t *testing.T) {
	sb, key := guarded(t)
	for i, headers := range [][]string{
		{"Origin", "https://evil.example"}, {"Origin", "null"}, {"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"},
	} {
		status, answer := askForToken(t, sb, tokenForm(t, key, fmt.Sprint(i)), headers...)
		assert.Equal(t, http.StatusForbidden, status)
		assert.False(t, answer.Exists("access_token"))
	}
	assert.Empty(t, sb.TokenRequests())
	status, _ := askForToken(t, sb, tokenForm(t, key, "own"), "Origin", sb.URL, "Sec-Fetch-Site", "same-origin")
	assert.Equal(t, http.StatusOK, status)
}

func TestRefusedTokenRequestsAreBounded(t *testing.T) {
	sb, _ := guarded(t)
	for range 1_100 {
		askForToken(t, sb, url.Values{})
	}
	assert.Len(t, sb.TokenRequests(), 1_000)
}
