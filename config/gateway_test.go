package config_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"benthos-segment/plugin/segmenttest"
)

// frontDoor is where a pipeline takes requests of SDKs.
type frontDoor struct {
	t           *testing.T
	address     string
	client      *http.Client
	trusted     *x509.CertPool
	sandbox     *segmenttest.Server
	deadLetters string
}

// While Segment is unavailable, a process that stops waits for three quarters of
// its shutdown_timeout, and its clients are refused meanwhile. It need not: its queue
// keeps what it has.
func TestAFrontDoorIsNotClosedForLong(t *testing.T) {
	atRoot(t)
	files, err := filepath.Glob("config/*.yaml")
	require.NoError(t, err)
	seen := 0
	for _, file := range files {
		var conf struct {
			Buffer struct {
				Journal struct {
					AtEnd string `yaml:"at_end"`
				}
			}
			ShutdownTimeout time.Duration `yaml:"shutdown_timeout"`
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, yaml.Unmarshal(text, &conf), file)
		if conf.Buffer.Journal.AtEnd != "keep" {
			continue
		}
		seen++
		assert.LessOrEqual(t, conf.ShutdownTimeout, 10*time.Second, file)
		assert.Greater(t, conf.ShutdownTimeout, 2*time.Second, "%s: the engine gives nothing back in less", file)
	}
	assert.GreaterOrEqual(t, seen, 4)
}

// newFrontDoor sets what a pipeline with a front door reads.
func newFrontDoor(t *testing.T, variables map[string]string) *frontDoor {
	t.Helper()
	atRoot(t)
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()}}
	t.Cleanup(transport.CloseIdleConnections)
	d := &frontDoor{
		t: t, address: freeAddress(t), client: &http.Client{Transport: transport}, trusted: transport.TLSClientConfig.RootCAs, sandbox: segmenttest.New(t),
		deadLetters: filepath.Join(t.TempDir(), "dead_letters.ndjson"),
	}
	environment(t, d.sandbox, map[string]string{
		"GATEWAY_ADDRESS": d.address,
		"QUEUE_PATH":      filepath.Join(folderOfAQueue(t), "queue"),
		"DEAD_LETTERS":    d.deadLetters,
	})
	for name, value := range variables {
		t.Setenv(name, value)
	}
	return d
}

// post sends events, as soon as somebody listens.
func (d *frontDoor) post(scheme, path, key, body string) (status int) {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		req, err := http.NewRequestWithContext(d.t.Context(), http.MethodPost, scheme+"://"+d.address+path, strings.NewReader(body))
		require.NoError(d.t, err)
		req.SetBasicAuth(key, "")
		req.Header.Set("X-Forwarded-For", "203.0.113.9")
		res, err := d.client.Do(req)
		if err != nil {
			return false
		}
		_ = res.Body.Close()
		status = res.StatusCode
		return true
	}, 20*time.Second, 20*time.Millisecond)
	return status
}

// lettersWhenThere waits for a number of dead letters.
func (d *frontDoor) lettersWhenThere(n int) []letter {
	d.t.Helper()
	require.Eventually(d.t, func() bool {
		text, err := os.ReadFile(d.deadLetters)
		return err == nil && strings.Count(string(text), "\n") >= n
	}, 20*time.Second, 10*time.Millisecond)
	return lettersIn(d.t, d.deadLetters)
}

// SDKs have their answer while Segment is away, and all of it arrives after a
// restart, as the calls that Segment expects.
func TestTheFrontDoorAnswersWhileSegmentIsAway(t *testing.T) {
	d := newFrontDoor(t, nil)
	t.Setenv("SEGMENT_ENDPOINT", "http://127.0.0.1:1")
	t.Run("Segment is away", func(t *testing.T) {
		start(t, "config/gateway.yaml")
		assert.Equal(t, http.StatusUnauthorized, d.post("http", "/v1/track", "guessed", `{}`))
		assert.Equal(t, http.StatusOK, d.post("http", "/v1/batch", "the-write-key", `{"batch":[
			{"type":"track","userId":"u1","event":"A","channel":"mobile"},{"type":"track","userId":"u1"},{"type":"track","userId":"u1","event":"B"}]}`))
		assert.Equal(t, http.StatusOK, d.post("http", "/v1/t", "the-write-key", `{"userId":"u1","event":"C"}`))
	})
	t.Setenv("SEGMENT_ENDPOINT", d.sandbox.URL)
	start(t, "config/gateway.yaml")
	var names []string
	for _, call := range d.sandbox.Wait(3) {
		names = append(names, call.Name)
	}
	assert.Equal(t, []string{"A", "B", "C"}, names)
	assert.Contains(t, string(d.sandbox.Calls()[0].Raw), `"ip":"203.0.113.9"`)
	dead := d.lettersWhenThere(1)
	require.Len(t, dead, 1)
	assert.Equal(t, "event_not_defined", dead[0].Reason)
}

// Each source gets what is its own, and a key that Segment refuses stops only its
// own source.
func TestSeveralSourcesShareAFrontDoor(t *testing.T) {
	d := newFrontDoor(t, map[string]string{
		"SOURCE_WRITE_KEY_SITE": "site-key", "SOURCE_WRITE_KEY_APP": "app-key",
		"SEGMENT_WRITE_KEY_PRODUCT": "product-key", "SEGMENT_WRITE_KEY_MARKETING": "marketing-key",
	})
	refused := d.sandbox.Fail(http.StatusUnauthorized).Match(segmenttest.Match{WriteKey: "marketing-key"})
	start(t, "config/gateway_sources.yaml")
	const event = `{"batch":[{"type":"track","userId":"u","event":"E"},{"type":"track","userId":"u"}]}`
	assert.Equal(t, http.StatusOK, d.post("http", "/v1/batch", "app-key", event))
	assert.Equal(t, http.StatusOK, d.post("http", "/v1/batch", "site-key", event))
	assert.Equal(t, http.StatusUnauthorized, d.post("http", "/v1/batch", "product-key", event))

	calls := d.sandbox.Wait(1)
	assert.Equal(t, "product-key", calls[0].WriteKey)
	sources := map[string]int{}
	for _, l := range d.lettersWhenThere(2) {
		assert.Equal(t, "event_not_defined", l.Reason)
		sources[l.Source]++
	}
	assert.Equal(t, map[string]int{"site": 1, "app": 1}, sources)
	require.Positive(t, refused.Hits())
	refused.Remove()
	d.sandbox.Wait(1, segmenttest.Filter{Match: segmenttest.Match{WriteKey: "marketing-key"}})
}

// Segment's SDKs send by HTTPS to a domain of the site, Segment gets their calls,
// and the site keeps a copy.
func TestADomainOfOnesOwnInFrontOfSegment(t *testing.T) {
	folder := t.TempDir()
	certFile, keyFile := filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
	d := newFrontDoor(t, map[string]string{"TLS_CERT_FILE": certFile, "TLS_KEY_FILE": keyFile, "COPIES": folder})
	d.trusted.AddCert(writeCertificate(t, certFile, keyFile))
	start(t, "config/gateway_first_party.yaml")
	assert.Equal(t, http.StatusOK, d.post("https", "/v1/t", "the-write-key", `{"type":"track","userId":"u1","event":"E","messageId":"m1","writeKey":"the-write-key"}`))
	assert.Equal(t, http.StatusBadRequest, d.post("https", "/v1/t", "the-write-key", `{"type":"track","userId":"u1","messageId":"m2"}`))

	assert.Equal(t, "E", d.sandbox.Wait(1)[0].Name)
	assert.Equal(t, "event_not_defined", d.lettersWhenThere(1)[0].Reason)
	copies := ""
	require.Eventually(t, func() bool {
		files, err := filepath.Glob(filepath.Join(folder, "20*.ndjson"))
		require.NoError(t, err)
		copies = ""
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			copies += string(text)
		}
		return strings.Count(copies, "\n") == 2
	}, 20*time.Second, 10*time.Millisecond)
	assert.Contains(t, copies, `"messageId":"m1"`)
	assert.Contains(t, copies, `"messageId":"m2"`)
	assert.NotContains(t, copies, "the-write-key")
}

// writeCertificate puts a certificate of its own into files.
func writeCertificate(t *testing.T, certFile, keyFile string) *x509.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))
	parsed, err := x509.ParseCertificate(cert)
	require.NoError(t, err)
	return parsed
}
