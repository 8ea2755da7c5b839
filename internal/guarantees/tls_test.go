package guarantees_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// authority is a certificate authority that the output is told to trust.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	a := &authority{}
	own := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "an authority"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	chain := a.sign(t, own)
	var err error
	a.cert, err = x509.ParseCertificate(chain.Certificate[0])
	require.NoError(t, err)
	a.key = chain.PrivateKey.(*ecdsa.PrivateKey)
	return a
}

// sign makes a certificate; the first one signs itself.
func (a *authority) sign(t *testing.T, wanted *x509.Certificate) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	parent, signer := wanted, key
	if a.cert != nil {
		parent, signer = a.cert, a.key
	}
	der, err := x509.CreateCertificate(rand.Reader, wanted, parent, &key.PublicKey, signer)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}

func (a *authority) pem() string {
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: a.cert.Raw}))
}

// hostileName is what somebody may have written into a certificate who wants it
// in our log.
var hostileName = "a server\n\x1b[2J" + strings.Repeat("level=error ", 1000)

// serverCertificate returns what a server of our address needs.
func serverCertificate() *x509.Certificate {
	return &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: hostileName},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
}

// proveTLS: where the certificate or the version does not hold, the calls are
// held or rejected as with any wrong set-up, and nothing of them is sent.
func proveTLS(t *testing.T) {
	ca := newAuthority(t)
	expired, future, otherName, nameless := serverCertificate(), serverCertificate(), serverCertificate(), serverCertificate()
	expired.NotAfter = time.Now().Add(-time.Minute)
	future.NotBefore, nameless.IPAddresses = time.Now().Add(time.Hour/2), nil
	otherName.IPAddresses, otherName.DNSNames = nil, []string{"events.example.com"}
	hostile := serverCertificate()
	hostile.IPAddresses, hostile.DNSNames = nil, []string{"a.example", "b.example", "c.example", "d.example"}
	signs := func(wanted *x509.Certificate) *tls.Config {
		return &tls.Config{Certificates: []tls.Certificate{ca.sign(t, wanted)}}
	}
	old, wanting := signs(serverCertificate()), signs(serverCertificate())
	old.MinVersion, old.MaxVersion = tls.VersionTLS10, tls.VersionTLS11
	wanting.ClientAuth = tls.RequireAndVerifyClientCert
	for name, test := range map[string]struct {
		conf *tls.Config
		says string
	}{
		"expired":                 {signs(expired), `a certificate that expired at 20..-..-..T..:..:..Z`},
		"not valid yet":           {signs(future), `a certificate that is not valid before 20..-..-..T..:..:..Z`},
		"another name":            {signs(otherName), `a certificate for "events.example.com" and not for "127.0.0.1"`},
		"many names":              {signs(hostile), `a certificate for "a.example", "b.example", "c.example" and 1 more and not`},
		"no name":                 {signs(nameless), `a certificate for no host at all and not for`},
		"signed by itself":        {&tls.Config{Certificates: []tls.Certificate{(&authority{}).sign(t, serverCertificate())}}, `a certificate of an authority that is not trusted, which calls itself "a server\\n\\x1b\[2J[^"]{1,64}"… \(look at root_cas`},
		"TLS 1.0 and 1.1 only":    {old, `a refusal of the TLS handshake: tls: protocol version not supported`},
		"a certificate is wanted": {wanting, `a refusal of the TLS handshake: tls: certificate required \(look at client_certs of tls\)`},
	} {
		t.Run(name, func(t *testing.T) {
			sb := segmenttest.NewInProcess(t)
			wire := serveTLS(t, sb, test.conf)

			requireRejected(t, wire.url, fields{"tls": fields{"root_cas": ca.pem()}}, test.says)

			assert.Empty(t, sb.Requests())
			wire.requireNothingInClear(t)
		})
	}
	t.Run("sound", func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		wire := serveTLS(t, sb, &tls.Config{Certificates: []tls.Certificate{ca.sign(t, serverCertificate())}})
		p := start(t, segmentOutput(wire.url, fields{"tls": fields{"root_cas": ca.pem()}}))
		p.accept(t, trial{calls: 10, people: 10}.givenCalls())
		assert.Equal(t, 10, sb.Summary().Unique)
		wire.requireNothingInClear(t)
	})
	t.Run("the handshake is cut", func(t *testing.T) {
		sb := segmenttest.NewInProcess(t)
		wire := serveTLS(t, sb, &tls.Config{Certificates: []tls.Certificate{ca.sign(t, serverCertificate())}})
		n := newNetwork(t, "http://"+wire.address, []conduct{resetInRequest, resetInRequest})
		p := start(t, segmentOutput("https"+n.url[len("http"):], fields{"tls": fields{"root_cas": ca.pem()}}))
		p.accept(t, trial{calls: 10, people: 10}.givenCalls())
		assert.Equal(t, 10, sb.Summary().Unique)
		p.stop(t)
		counts := p.counts.Sums()
		assert.EqualValues(t, 2, counts["segment_retries transient"])
		assert.EqualValues(t, 2, counts["segment_requests error"])
	})
}

// wire is a TLS server and all the bytes that came to it.
type wire struct {
	address, url string

	mu   sync.Mutex
	read bytes.Buffer
}

func serveTLS(t *testing.T, handler http.Handler, conf *tls.Config) *wire {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w := &wire{address: listener.Addr().String(), url: "https://" + listener.Addr().String()}
	server := &http.Server{Handler: handler, TLSConfig: conf, ErrorLog: log.New(io.Discard, "", 0)}
	served := make(chan error, 1)
	go func() { served <- server.ServeTLS(listening{listener, w}, "", "") }()
	t.Cleanup(func() {
		assert.NoError(t, server.Close())
		assert.ErrorIs(t, <-served, http.ErrServerClosed)
	})
	return w
}

func (w *wire) requireNothingInClear(t *testing.T) {
	t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	require.NotZero(t, w.read.Len(), "nothing came at all")
	for _, secret := range append(secretsOf(canaryKey), canaryMail, "POST ", "messageId") {
		assert.NotContains(t, w.read.String(), secret)
	}
}

// listening is a listener whose connections are written down.
type listening struct {
	net.Listener
	wire *wire
}

func (l listening) Accept() (net.Conn, error) {
	conn, err := l.Listener.Accept()
	return heard{conn, l.wire}, err
}

type heard struct {
	net.Conn
	wire *wire
}

func (h heard) Read(p []byte) (int, error) {
	n, err := h.Conn.Read(p)
	h.wire.mu.Lock()
	defer h.wire.mu.Unlock()
	h.wire.read.Write(p[:n])
	return n, err
}
