package guarantees_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// proveRenewal: certificates in files are replaced while the output runs, and
// used without a restart.
// https://github.com/lance-format/lance/pull/8456
// https://github.com/grafana/dskit/issues/549
func proveRenewal(t *testing.T) {
	list := trial{calls: 20, people: 5}.givenCalls()
	for name, protocols := range map[string][]string{"HTTP/1.1": nil, "HTTP/2": {"h2"}} {
		t.Run("an authority, "+name, func(t *testing.T) {
			s := newRotating(t, protocols...)
			file := filepath.Join(t.TempDir(), "ca.pem")
			write(t, file, newAuthority(t).pem())
			p := start(t, streamtest.WithDeadLetter(segmentOutput(s.wire.url, fields{
				"on_setup_error": "reject", "tls": fields{"root_cas_file": file},
			})))
			p.accept(t, list[:10])
			require.Len(t, p.dead.ReasonsByID(), 10, "it is not trusted yet")

			write(t, file, s.ca.pem())
			p.accept(t, list[10:])

			assert.Len(t, p.dead.ReasonsByID(), 10, "and then is, without one call more given up")
			assert.Equal(t, 10, s.sb.Summary().Unique)
			assert.True(t, p.log.Has("the certificates of tls were replaced"))
		})
		t.Run("a client, refused by an alert, "+name, func(t *testing.T) {
			s := newRotating(t, protocols...)
			s.wants(tls.RequireAndVerifyClientCert)
			requireClientRenewed(t, s)
		})
	}
	t.Run("an authority, while the calls are held", func(t *testing.T) {
		t.Parallel() // It takes the pause of 5 s.
		s := newRotating(t)
		file := filepath.Join(t.TempDir(), "ca.pem")
		write(t, file, newAuthority(t).pem())
		p := start(t, segmentOutput(s.wire.url, fields{"tls": fields{"root_cas_file": file}}))
		ended := make(chan error, 1)
		go func() { ended <- p.send(t.Context(), messages(list)) }()
		p.awaitText(t, "holding calls, because the last attempt met a certificate of an authority that is not trusted")

		write(t, file, s.ca.pem())

		require.NoError(t, <-ended)
		assert.Equal(t, 20, s.sb.Summary().Unique)
		assert.True(t, p.log.Has("requests get through again"))
	})
	// As many a load balancer does.
	t.Run("a client, whose connection is closed", func(t *testing.T) {
		s := newRotating(t)
		s.wants(tls.RequireAnyClientCert)
		s.untrusted = func(http.ResponseWriter) { panic(http.ErrAbortHandler) }
		requireClientRenewed(t, s)
	})
	// As nginx does.
	t.Run("a client, refused by a status", func(t *testing.T) {
		s := newRotating(t)
		s.wants(tls.RequestClientCert)
		s.untrusted = func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadRequest) }
		requireClientRenewed(t, s)
	})
	t.Run("files that cannot be used", proveUnusableFiles)
}

// proveUnusableFiles: what is being written, or is not there, changes nothing,
// and is said.
func proveUnusableFiles(t *testing.T) {
	list := trial{calls: 20, people: 5}.givenCalls()
	s := newRotating(t)
	file := filepath.Join(t.TempDir(), "ca.pem")
	write(t, file, s.ca.pem())
	p := start(t, streamtest.WithDeadLetter(segmentOutput(s.wire.url, fields{
		"on_setup_error": "reject", "tls": fields{"root_cas_file": file},
	})))
	p.accept(t, list[:1])
	require.Equal(t, 1, s.sb.Summary().Unique)
	sound := s.conf.Load()

	other := newRotating(t)
	s.conf.Store(other.conf.Load())
	require.NoError(t, os.Remove(file))
	p.accept(t, list[1:2])
	assert.True(t, p.log.Has("cannot use the files of tls"))
	assert.True(t, p.log.Has(file), "the log names the file")
	write(t, file, "")
	p.accept(t, list[2:3])
	assert.Len(t, p.dead.ReasonsByID(), 2)

	s.conf.Store(sound)
	p.accept(t, list[3:4])
	assert.Len(t, p.dead.ReasonsByID(), 2, "what was read before is still trusted")

	s.conf.Store(other.conf.Load())
	write(t, file, other.ca.pem())
	p.accept(t, list[4:5])
	assert.Len(t, p.dead.ReasonsByID(), 2)
	assert.Equal(t, 3, s.sb.Summary().Unique)
}

// requireClientRenewed proves that a certificate of our own is read again.
func requireClientRenewed(t *testing.T, s *rotating) {
	t.Helper()
	dir := t.TempDir()
	certFile, keyFile := filepath.Join(dir, "client.pem"), filepath.Join(dir, "client.key")
	writeClient(t, certFile, keyFile, newAuthority(t))
	p := start(t, streamtest.WithDeadLetter(segmentOutput(s.wire.url, fields{
		"on_setup_error": "reject", "retry": fields{"initial_interval": "1ms", "max_interval": "5ms", "max_elapsed_time": "50ms"},
		"tls": fields{"root_cas": s.ca.pem(), "client_certs": []fields{{"cert_file": certFile, "key_file": keyFile}}},
	})))
	call := trial{calls: 1, people: 1}.givenCalls()
	p.accept(t, call)
	require.Len(t, p.dead.ReasonsByID(), 1, "it is not trusted yet")
	require.Zero(t, s.sb.Summary().Unique)

	// In between, the key is not that of the certificate.
	write(t, certFile, clientPEM(t, s.ca.sign(t, clientCertificate())))
	p.accept(t, call)
	require.Zero(t, s.sb.Summary().Unique)
	writeClient(t, certFile, keyFile, s.ca)

	require.Eventually(t, func() bool {
		p.accept(t, call)
		return s.sb.Summary().Unique == 1
	}, 30*time.Second, 10*time.Millisecond, "it is read again")
}

// rotating is a sandbox over TLS whose certificates can be changed. Each
// connection carries one request.
type rotating struct {
	sb   *segmenttest.Server
	ca   *authority
	wire *wire
	conf atomic.Pointer[tls.Config]
	// untrusted, if set, answers clients whose certificate is of another
	// authority.
	untrusted func(http.ResponseWriter)
}

func newRotating(t *testing.T, protocols ...string) *rotating {
	t.Helper()
	s := &rotating{sb: segmenttest.NewInProcess(t), ca: newAuthority(t)}
	s.conf.Store(&tls.Config{Certificates: []tls.Certificate{s.ca.sign(t, serverCertificate())}, NextProtos: protocols})
	s.wire = serveTLS(t, s, &tls.Config{
		GetConfigForClient: func(*tls.ClientHelloInfo) (*tls.Config, error) { return s.conf.Load(), nil },
	})
	return s
}

// wants makes the server look at the certificates of clients.
func (s *rotating) wants(auth tls.ClientAuthType) {
	conf := s.conf.Load().Clone()
	conf.ClientAuth, conf.ClientCAs = auth, x509.NewCertPool()
	conf.ClientCAs.AddCert(s.ca.cert)
	s.conf.Store(conf)
}

func (s *rotating) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Connection", "close")
	if s.untrusted != nil && r.TLS.PeerCertificates[0].CheckSignatureFrom(s.ca.cert) != nil {
		s.untrusted(w)
		return
	}
	s.sb.ServeHTTP(w, r)
}

func clientCertificate() *x509.Certificate {
	cert := serverCertificate()
	cert.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	return cert
}

// writeClient writes a new certificate of an authority, and its key.
func writeClient(t *testing.T, certFile, keyFile string, of *authority) {
	t.Helper()
	cert := of.sign(t, clientCertificate())
	key, err := x509.MarshalPKCS8PrivateKey(cert.PrivateKey)
	require.NoError(t, err)
	write(t, certFile, clientPEM(t, cert))
	write(t, keyFile, string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})))
}

func clientPEM(t *testing.T, cert tls.Certificate) string {
	t.Helper()
	return string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert.Certificate[0]}))
}

func write(t *testing.T, file, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
}

// Files that hold no certificate are wrong from the start.
func TestFilesWithoutACertificateAreRefusedAtStart(t *testing.T) {
	empty := filepath.Join(t.TempDir(), "empty.pem")
	write(t, empty, "CANARY\n")
	for name, test := range map[string]struct {
		tls  fields
		says string
	}{
		"absent":         {fields{"root_cas_file": "absent.pem"}, "field tls: open absent.pem"},
		"no certificate": {fields{"root_cas_file": empty}, "field tls: root_cas or root_cas_file holds no certificate in PEM"},
		"inline":         {fields{"root_cas": "CANARY"}, "field tls: root_cas or root_cas_file holds no certificate in PEM"},
		"no key":         {fields{"client_certs": []fields{{"cert_file": empty, "key_file": "absent.key"}}}, "field tls: open absent.key"},
	} {
		t.Run(name, func(t *testing.T) {
			err := madeOnly(t, segmentOutput("https://events.example.com", fields{"tls": test.tls}))
			require.ErrorContains(t, err, test.says)
			assert.NotContains(t, err.Error(), "CANARY")
		})
	}
}
