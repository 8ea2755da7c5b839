package plugin_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

func TestCallsAreAuthorizedByOAuth(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	sb := segmenttest.New(t, segmenttest.Config{OAuth: &segmenttest.OAuth{PublicKey: &key.PublicKey, ClientID: "app", KeyID: "kid"}})
	p := start(t, segmentOutput(sb.URL, fields{"oauth": fields{
		"client_id": "app", "key_id": "kid", "private_key": private, "server": sb.URL,
	}}))

	p.accept(events(`{"type":"track","event":"A","userId":"u1","messageId":"m1"}`))
	sb.RevokeTokens()
	p.accept(events(`{"type":"track","event":"B","userId":"u1","messageId":"m2"}`))

	assert.Len(t, sb.Wait(2), 2)
	assert.Len(t, sb.TokenRequests(), 2)
	for _, req := range sb.Requests() {
		assert.Equal(t, "a-write-key", req.WriteKey)
	}
	for _, secret := range []string{"PRIVATE KEY", "sandbox-token", "a-write-key"} {
		assert.Zero(t, p.said.Times(secret), "the log holds %s", secret)
	}
}

// A key that cannot be read is found at the start and not shown.
func TestAPrivateKeyThatIsNoneIsFoundAtTheStart(t *testing.T) {
	err := build(t, segmentOutput("", fields{"oauth": fields{
		"client_id": "app", "key_id": "kid", "private_key": "hunter2",
	}}))

	require.ErrorContains(t, err, "field oauth.private_key: this is not an RSA private key in PEM")
	assert.NotContains(t, err.Error(), "hunter2")
}

// Variables that are not set leave everything empty, which means no OAuth.
func TestOAuthThatIsEmptyIsOff(t *testing.T) {
	sb := segmenttest.New(t)
	p := start(t, segmentOutput(sb.URL, fields{"oauth": fields{
		"client_id": "${SEGMENT_TEST_UNSET:}", "key_id": "", "private_key": "",
	}}))

	p.accept(events(`{"type":"track","event":"A","userId":"u1"}`))

	assert.Equal(t, "Basic …", sb.Requests()[0].Header.Get("Authorization"))
}
