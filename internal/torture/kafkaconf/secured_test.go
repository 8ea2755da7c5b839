package kafkaconf

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/sasl"
	"github.com/twmb/franz-go/pkg/sasl/plain"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

const (
	good     = `{"type":"track","event":"E","userId":"u1","messageId":"m1"}`
	nameless = `{"type":"track", "userId":"u1","properties":{"total":19.90}}`

	password = "pw_CANARY_77"
)

// authority makes a certificate for loopback that is its own authority, and the file
// that says so. The key is in a file beside it.
func authority(t *testing.T) (conf *tls.Config, file string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), IsCA: true, BasicConstraintsValid: true,
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		// The broker's, and that of a client that has one.
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	file = filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600))
	private, err := x509.MarshalPKCS8PrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(keyBeside(file), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), 0o600))
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, file
}

func keyBeside(file string) string { return strings.Replace(file, "ca.pem", "key.pem", 1) }

// trusting is a client's side of it.
func trusting(t *testing.T, file string) *tls.Config {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(text))
	return &tls.Config{RootCAs: pool}
}

// mechanisms are the kinds of passwords that a broker may ask for.
var mechanisms = map[string]sasl.Mechanism{
	"PLAIN":         plain.Auth{User: "me", Pass: password}.AsMechanism(),
	"SCRAM-SHA-256": scram.Auth{User: "me", Pass: password}.AsSha256Mechanism(),
	"SCRAM-SHA-512": scram.Auth{User: "me", Pass: password}.AsSha512Mechanism(),
}

// secured starts a broker with TLS that asks for a password.
func secured(t *testing.T, mechanism string) *broker {
	t.Helper()
	conf, file := authority(t)
	b := startBroker(t, []string{"rudderstack-events", "rudderstack-events-dead"},
		[]kfake.Opt{kfake.TLS(conf), kfake.EnableSASL(), kfake.Superuser(mechanism, "me", password)},
		kgo.DialTLSConfig(trusting(t, file)), kgo.SASL(mechanisms[mechanism]))
	for name, value := range map[string]string{
		"KAFKA_CA_FILE": file, "KAFKA_SASL_MECHANISM": mechanism, "KAFKA_USERNAME": "me", "KAFKA_PASSWORD": password,
	} {
		b.env[name] = value
	}
	return b
}

func TestABrokerThatAsksForPasswordsIsRead(t *testing.T) {
	t.Parallel()
	for mechanism := range mechanisms {
		t.Run(mechanism, func(t *testing.T) {
			t.Parallel()
			b := secured(t, mechanism)
			sb, env := sandbox(t, b, nil)
			b.put(t, "rudderstack-events", record(good), record(nameless))

			p := run(t, "kafka_secured.yaml", env)

			p.arrived(sb, 1)
			dead := b.take(t, "rudderstack-events-dead", 1)[0]
			assert.Equal(t, nameless, string(dead.Value))
			assert.Equal(t, "u1", string(dead.Key))
			assert.Equal(t, "event_not_defined", headers(dead)["dead_letter_reason"])
			assert.Equal(t, "rudderstack-events/0@1", headers(dead)["dead_letter_origin"])
			p.await("the lag is shown, and nothing is left", func() bool {
				return strings.Contains(p.page("/metrics"), `redpanda_lag{label="",partition="0",path="root.input",topic="rudderstack-events"} 0`)
			})
			p.stop()
			assert.NotContains(t, p.log(), password)
			assertJSON(t, p.log())
		})
	}
}

// assertJSON checks that each line of a log is one object with what is looked for.
func assertJSON(t *testing.T, log string) {
	t.Helper()
	lines := strings.Split(strings.TrimSpace(log), "\n")
	require.NotEmpty(t, lines)
	for _, line := range lines {
		var said struct{ Level, Msg, Time string }
		if assert.NoError(t, json.Unmarshal([]byte(line), &said), line) {
			assert.NotEmpty(t, said.Level, line)
			assert.NotEmpty(t, said.Msg, line)
			assert.NotEmpty(t, said.Time, line)
		}
	}
}

func TestAWrongPasswordIsSaidAndNotShown(t *testing.T) {
	t.Parallel()
	b := secured(t, "SCRAM-SHA-512")
	_, env := sandbox(t, b, map[string]string{"KAFKA_PASSWORD": "wrong_CANARY_78"})
	p := run(t, "kafka_secured.yaml", env)
	p.await("the log says that nobody is let in", func() bool { return strings.Contains(p.log(), "SASL") })
	assert.Contains(t, p.page("/ready"), "503")
	p.stop()
	assert.NotContains(t, p.log(), "CANARY")
}

func TestACertificateOfNobodyIsRefused(t *testing.T) {
	t.Parallel()
	b := secured(t, "PLAIN")
	_, file := authority(t)
	sb, env := sandbox(t, b, map[string]string{"KAFKA_CA_FILE": file})
	b.put(t, "rudderstack-events", record(good))
	p := run(t, "kafka_secured.yaml", env)
	p.await("the log says why", func() bool { return strings.Contains(p.log(), "certificate") })
	assert.Empty(t, sb.Calls())
}

// The line of the pipeline that is a comment, for brokers that ask for a certificate.
func TestAClientCertificateIsPresented(t *testing.T) {
	t.Parallel()
	conf, file := authority(t)
	own := trusting(t, file)
	own.Certificates = conf.Certificates
	conf.ClientAuth, conf.ClientCAs = tls.RequireAndVerifyClientCert, own.RootCAs
	b := startBroker(t, []string{"rudderstack-events", "rudderstack-events-dead"}, []kfake.Opt{kfake.TLS(conf)}, kgo.DialTLSConfig(own))
	sb, env := sandbox(t, b, map[string]string{"KAFKA_CA_FILE": file, "KAFKA_SASL_MECHANISM": "none"})
	b.put(t, "rudderstack-events", record(good))
	text, err := os.ReadFile(filepath.Join(root, "config", "kafka_secured.yaml"))
	require.NoError(t, err)
	const line = "# client_certs: [{cert_file: /run/secrets/kafka.crt, key_file: /run/secrets/kafka.key}]"
	require.Contains(t, string(text), line)
	withCertificate := filepath.Join(t.TempDir(), "pipeline.yaml")
	require.NoError(t, os.WriteFile(withCertificate, []byte(strings.Replace(string(text), line,
		"client_certs: [{cert_file: "+file+", key_file: "+keyBeside(file)+"}]", 1)), 0o600))

	p := run(t, withCertificate, env)

	p.arrived(sb, 1)
}

// The broker of the tests knows no OAuth, so the handshake is answered in its place.
func TestATokenIsPresentedToABrokerWithOAuth(t *testing.T) {
	t.Parallel()
	conf, file := authority(t)
	b := startBroker(t, []string{"rudderstack-events", "rudderstack-events-dead"}, []kfake.Opt{kfake.TLS(conf)}, kgo.DialTLSConfig(trusting(t, file)))
	tokens := &presented{of: b}
	b.ControlKey(int16(kmsg.SASLHandshake), tokens.handshake)
	b.ControlKey(int16(kmsg.SASLAuthenticate), tokens.authenticate)
	sb, env := sandbox(t, b, map[string]string{
		"KAFKA_CA_FILE": file, "KAFKA_SASL_MECHANISM": "OAUTHBEARER", "KAFKA_OAUTH_TOKEN": "token_CANARY_79",
	})
	b.put(t, "rudderstack-events", record(good))

	p := run(t, "kafka_secured.yaml", env)

	p.arrived(sb, 1)
	p.stop()
	assert.Equal(t, map[string]bool{"OAUTHBEARER": true, "n,,\x01auth=Bearer token_CANARY_79\x01\x01": true}, tokens.all())
	assert.NotContains(t, p.log(), "CANARY")
}

// presented notes what clients say who they are.
type presented struct {
	of   *broker
	mu   sync.Mutex
	said map[string]bool
}

func (p *presented) note(what string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.said == nil {
		p.said = map[string]bool{}
	}
	p.said[what] = true
}

func (p *presented) all() map[string]bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said
}

func (p *presented) handshake(asked kmsg.Request) (kmsg.Response, error, bool) {
	p.of.KeepControl()
	req := asked.(*kmsg.SASLHandshakeRequest)
	p.note(req.Mechanism)
	res := req.ResponseKind().(*kmsg.SASLHandshakeResponse)
	res.SupportedMechanisms = []string{"OAUTHBEARER"}
	return res, nil, true
}

func (p *presented) authenticate(asked kmsg.Request) (kmsg.Response, error, bool) {
	p.of.KeepControl()
	req := asked.(*kmsg.SASLAuthenticateRequest)
	p.note(string(bytes.Clone(req.SASLAuthBytes)))
	return req.ResponseKind(), nil, true
}
