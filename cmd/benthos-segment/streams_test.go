package main

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// secretStream has a secret in every way that one gets into a config.
const secretStream = `
input:
  http_server: {path: /post}
output:
  switch:
    cases:
      - check: 'true'
        output:
          segment:
            write_key: "${STREAM_WRITE_KEY}"
            endpoint: "${STREAM_ENDPOINT}"
            proxy_url: "${STREAM_PROXY}"
            oauth:
              client_id: app
              key_id: kid
              private_key: "${STREAM_OAUTH_KEY}"
              server: "${STREAM_ENDPOINT}"
            batching: {count: 1}
      - output:
          segment: {write_key: ` + canary + `literal, endpoint: "${STREAM_ENDPOINT}", proxy_url: "http://user:CANARYliteral@127.0.0.1:1"}
      - output:
          http_client:
            url: http://user:CANARYurl@127.0.0.1:1/in/url
            headers: {Authorization: "Bearer CANARYheader", X-From-Environment: "key ${STREAM_WRITE_KEY}"}
            timeout: 3s
            max_in_flight: 7
`

// withSecrets sets what secretStream reads, with a sandbox as its proxy, and
// returns the middle of the OAuth key.
func withSecrets(t *testing.T, sb *segmenttest.Server, key *rsa.PrivateKey) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	private := string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	t.Setenv("STREAM_WRITE_KEY", canary+"env")
	t.Setenv("STREAM_ENDPOINT", sb.URL)
	t.Setenv("STREAM_PROXY", strings.Replace(sb.URL, "http://", "http://user:CANARYproxy@", 1))
	t.Setenv("STREAM_OAUTH_KEY", strings.ReplaceAll(private, "\n", `\n`))
	return strings.Split(private, "\n")[3]
}

// Reported: the API of streams mode gives secrets in clear, resolved from the
// environment (redpanda-data/connect#1453 and #3439, redpanda-data/benthos#111,
// warpstreamlabs/bento#833).
func TestTheAPIForStreamsShowsNoSecret(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	require.NoError(t, err)
	sb := segmenttest.New(t, segmenttest.Config{OAuth: &segmenttest.OAuth{PublicKey: &key.PublicKey, ClientID: "app", KeyID: "kid"}})
	private := withSecrets(t, sb, key)
	p, api := beginStreams(t, secretStream)

	code, list := api.do(http.MethodGet, "/streams", "")
	assert.Equal(t, http.StatusOK, code)
	assert.Contains(t, list, `"a":{"active":true`)

	for _, path := range []string{"/streams/a", "/benthos/streams/a", "/streams%2Fa"} {
		code, shown := api.do(http.MethodGet, path, "")
		require.Equal(t, http.StatusOK, code, path)
		assert.NotContains(t, shown, private)
		assert.NotContains(t, shown, "PRIVATE KEY")
		assert.Contains(t, shown, `"write_key":"${STREAM_WRITE_KEY}"`, "where it came from may be shown")
		assert.Contains(t, shown, `"proxy_url":"${STREAM_PROXY}"`)
		assert.Contains(t, shown, `"X-From-Environment":"key ${STREAM_WRITE_KEY}"`)
		assert.Contains(t, shown, `"proxy_url":"`+scrubbed+`"`, "its component says that it is a secret")
		assert.Contains(t, shown, `"max_in_flight":7`, "what is no secret is shown")
		assert.Contains(t, shown, `127.0.0.1:1/in/url`)
		assert.True(t, json.Valid([]byte(shown)))
	}

	code, _ = api.do(http.MethodPatch, "/streams/a", `{"output":{"switch":{"retry_until_success":false}}}`)
	assert.Equal(t, http.StatusOK, code)
	_, shown := api.do(http.MethodGet, "/streams/a", "")
	assert.Contains(t, shown, `"retry_until_success":false`)
	assert.NotContains(t, shown, private)

	for _, path := range []string{"/streams/a/stats", "/streams/b", "/ready", "/endpoints", "/metrics", "/stats", "/resources/cache/c"} {
		api.do(http.MethodGet, path, "")
	}
	require.NoError(t, p.interrupt())
	assert.Zero(t, p.code(), p.said())
	assertKept(t, "log", p.said())
	assert.NotContains(t, p.said(), private)
}

// The config of redpanda-data/connect#3439, as it was posted, and with the
// secrets in it.
func TestTheAPIForStreamsShowsNoSecretOfAnotherConnector(t *testing.T) {
	t.Setenv("KAFKA_MECHANISM", "PLAIN")
	t.Setenv("KAFKA_PASSWORD", "CANARY-of-kafka")
	t.Setenv("KAFKA_USERNAME", "kafka-user")
	_, api := beginStreams(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}")
	const posted = `{"input":{"read_until":{"idle_timeout":"10s","restart_input":false,"input":{"kafka_franz":{
		"seed_brokers":["127.0.0.1:1"],"topics":["random"],"consumer_group":"random",
		"sasl":[{"mechanism":"${KAFKA_MECHANISM}","password":"${KAFKA_PASSWORD}","username":"${KAFKA_USERNAME}"}]}}}},
		"output":{"drop":{}}}`
	for id, test := range map[string]struct{ conf, shown string }{
		"k2p":     {posted, `"password":"${KAFKA_PASSWORD}"`},
		"literal": {strings.ReplaceAll(posted, "${KAFKA_PASSWORD}", "CANARYliteral"), `"password":"` + scrubbed + `"`},
		"short":   {strings.ReplaceAll(posted, "${KAFKA_PASSWORD}", "xyz"), `"password":"` + scrubbed + `"`},
		"number":  {strings.ReplaceAll(posted, `"${KAFKA_PASSWORD}"`, "90210"), `"password":"` + scrubbed + `"`},
	} {
		code, said := api.do(http.MethodPost, "/streams/"+id, test.conf)
		require.Equal(t, http.StatusOK, code, said)
		_, shown := api.do(http.MethodGet, "/streams/"+id, "")
		assert.Contains(t, shown, test.shown)
		assert.Contains(t, shown, `"topics":["random"]`)
	}
}

// The errors of a config that has a secret in the wrong place quote it.
func TestTheErrorsOfTheAPIForStreamsShowNoSecret(t *testing.T) {
	t.Setenv("STREAM_WRITE_KEY", canary+"env")
	_, api := beginStreams(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}")
	for name, conf := range map[string]string{
		"of the environment": "${STREAM_WRITE_KEY}",
		"in the config":      canary + "literal",
	} {
		t.Run(name, func(t *testing.T) {
			misplaced := `{"input":{"http_server":{"timeout":"` + conf + `"}},"output":{"segment":{"write_key":"` + conf + `","region":"` + conf + `"}}}`
			for _, request := range [][2]string{
				{http.MethodPost, "/streams/b"},
				{http.MethodPut, "/streams/a"},
				{http.MethodPut, "/streams/a?chilled=true"},
				{http.MethodPatch, "/streams/a"},
				{http.MethodPost, "/resources/output/o"},
			} {
				code, said := api.do(request[0], request[1], misplaced)
				assert.GreaterOrEqual(t, code, 400, request)
				assert.NotEmpty(t, said)
			}
			code, said := api.do(http.MethodPost, "/streams", `{"b":`+misplaced+`}`)
			assert.GreaterOrEqual(t, code, 400)
			assert.NotEmpty(t, said)
		})
	}
}

func TestTheAPIForStreamsDoesWhatItIsFor(t *testing.T) {
	sb := segmenttest.New(t)
	t.Setenv("STREAM_WRITE_KEY", canary)
	_, api := beginStreams(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}")
	stream := `{"input":{"http_server":{"path":"/post"}},"output":{"segment":{"write_key":"${STREAM_WRITE_KEY}","endpoint":"` + sb.URL + `","batching":{"count":1}}}}`

	code, said := api.do(http.MethodPost, "/streams/b", stream)
	require.Equal(t, http.StatusOK, code, said)
	code, said = api.with("Sec-Fetch-Site", "cross-site").do(http.MethodPost, "/b/post", `{"type":"page","userId":"u"}`)
	require.Equal(t, http.StatusOK, code, "an event from a web page: %s", said)
	assert.Equal(t, canary, sb.Wait(1)[0].WriteKey)

	_, shown := api.do(http.MethodGet, "/streams/b", "")
	var read struct{ Config json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(shown), &read))
	code, said = api.do(http.MethodPut, "/streams/b", string(read.Config))
	require.Equal(t, http.StatusOK, code, "what is shown can be put back: %s", said)
	api.do(http.MethodPost, "/b/post", `{"type":"page","userId":"u"}`)
	assert.Equal(t, canary, sb.Wait(2)[1].WriteKey)

	code, _ = api.do(http.MethodPut, "/streams/b", strings.ReplaceAll(stream, "${STREAM_WRITE_KEY}", "literal-key-1"))
	require.Equal(t, http.StatusOK, code)
	_, shown = api.do(http.MethodGet, "/streams/b", "")
	require.Contains(t, shown, scrubbed)
	require.NoError(t, json.Unmarshal([]byte(shown), &read))
	code, said = api.do(http.MethodPut, "/streams/b", string(read.Config))
	assert.Equal(t, http.StatusBadRequest, code, "a key that is scrubbed is not sent to Segment")
	assert.Contains(t, said, "replace it with ${VARIABLE}")

	code, _ = api.do(http.MethodDelete, "/streams/b", "")
	assert.Equal(t, http.StatusOK, code)
	code, _ = api.do(http.MethodGet, "/streams/b", "")
	assert.Equal(t, http.StatusNotFound, code)
}

func TestAWebPageCannotUseTheAPIForStreams(t *testing.T) {
	_, api := beginStreams(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}")
	for name, value := range map[string]string{
		"Sec-Fetch-Site": "cross-site",
		"Origin":         "https://elsewhere.example",
		"Host":           "rebound.example:4195",
	} {
		code, said := api.with(name, value).do(http.MethodPost, "/streams/b", "{}")
		assert.Equal(t, http.StatusForbidden, code, said)
	}
	code, _ := api.with("Host", "rebound.example:4195").do(http.MethodGet, "/streams/a", "")
	assert.Equal(t, http.StatusForbidden, code)
	code, _ = api.with("Host", "localhost:4195").do(http.MethodGet, "/streams/a", "")
	assert.Equal(t, http.StatusOK, code)
}

func TestAnOriginThatIsAllowedMayUseTheAPIForStreams(t *testing.T) {
	root := pipeline(t, "http: {cors: {enabled: true, allowed_origins: ['https://console.example']}, root_path: /r}")
	_, api := beginStreams(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}", "-o", root)
	code, said := api.with("Origin", "https://console.example").do(http.MethodDelete, "/r/streams/a", "")
	assert.Equal(t, http.StatusOK, code, said)
}

func TestStreamsModeListensOnLoopbackUnlessToldOtherwise(t *testing.T) {
	stream := pipeline(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}")
	// Somebody else may have the port, which an error would say.
	for _, args := range [][]string{{"streams", stream}, {"streams", "--no-api", stream}} {
		p := begin(t, args...)
		p.awaitText(streamsAddress)
		assert.NotContains(t, p.said(), "0.0.0.0")
		_ = p.interrupt()
		p.code()
	}
}

func TestThereIsNoAPIForStreamsWhereOthersReachIt(t *testing.T) {
	stream := pipeline(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}")
	address := strings.Replace(freeAddress(t), "127.0.0.1", "0.0.0.0", 1)
	root := pipeline(t, "http: {address: '${STREAM_ADDRESS}'}")
	t.Setenv("STREAM_ADDRESS", address)
	p := begin(t, "streams", "-o", root, stream)
	p.awaitText("The API for streams is off")
	p.awaitText("Launching Benthos Segment in streams mode")
	local := strings.Replace(address, "0.0.0.0", "127.0.0.1", 1)
	near := &api{t: t, url: "http://" + local, client: http.DefaultClient}
	near.await("/ready")
	for path, want := range map[string]int{
		"/streams": http.StatusNotFound, "/streams/pipeline": http.StatusNotFound, "/resources/cache/c": http.StatusNotFound,
	} {
		code, said := near.do(http.MethodGet, path, "")
		assert.Equal(t, want, code, "%s: %s", path, said)
	}
}

func TestTheAPIForStreamsSpeaksTLSWhereItIsTold(t *testing.T) {
	server := httptest.NewTLSServer(nil)
	defer server.Close()
	cert := server.TLS.Certificates[0]
	der, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	certFile := pipeline(t, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]})))
	keyFile := pipeline(t, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	_, api := launchStreams(t, "input: {http_server: {path: /post}}\noutput: {drop: {}}",
		"--set", "http.cert_file="+certFile, "--set", "http.key_file="+keyFile)
	api.url = strings.Replace(api.url, "http:", "https:", 1)
	roots := x509.NewCertPool()
	roots.AddCert(server.Certificate())
	api.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, ServerName: "example.com", MinVersion: tls.VersionTLS12}}
	api.await("/ping")
	code, _ := api.do(http.MethodGet, "/streams/a", "")
	assert.Equal(t, http.StatusOK, code)
}

func TestAWrongSectionHTTPFailsAtTheStart(t *testing.T) {
	taken := httptest.NewServer(nil)
	defer taken.Close()
	for name, test := range map[string]struct{ http, says string }{
		"a port that is taken":  {"address: " + strings.TrimPrefix(taken.URL, "http://"), "field http.address: "},
		"a pattern of origins":  {"cors: {enabled: true, allowed_origins: ['*']}", "field http.cors.allowed_origins: "},
		"a certificate, no key": {"cert_file: absent.pem", "fields http.cert_file and http.key_file: "},
		"no YAML":               {"address: [", "reading the section http of "},
	} {
		t.Run(name, func(t *testing.T) {
			p := begin(t, "streams", "-o", pipeline(t, "http:\n  "+test.http))
			assert.NotZero(t, p.code())
			assert.Contains(t, p.said(), test.says)
		})
	}
}

// What is set before the command counts where nothing is set after it.
func TestWhatIsSetBeforeTheCommandCounts(t *testing.T) {
	p := begin(t, "--set", "http.address=127.0.0.1:0", "--set", "logger.static_fields.mine=kept", "streams")
	p.awaitText("Launching Benthos Segment in streams mode")
	assert.Regexp(t, servedAt, p.said())
	assert.NotContains(t, p.said(), streamsAddress)
	assert.Contains(t, p.said(), "mine=kept")
}
