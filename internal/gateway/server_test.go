package gateway_test

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/gateway"
)

// writeCertificate puts a certificate of its own into files, with a number to tell
// it by. Who trusts it alone has the pool.
func writeCertificate(t *testing.T, certFile, keyFile string, number int64) *x509.CertPool {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{
		SerialNumber: big.NewInt(number), Subject: pkix.Name{CommonName: "localhost"}, DNSNames: []string{"localhost"},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore:   time.Unix(0, 0), NotAfter: time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC),
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	private, err := x509.MarshalECPrivateKey(key)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}), 0o600))
	require.NoError(t, os.WriteFile(keyFile, pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: private}), 0o600))
	parsed, err := x509.ParseCertificate(cert)
	require.NoError(t, err)
	pool := x509.NewCertPool()
	pool.AddCert(parsed)
	return pool
}

func files(t *testing.T) (certFile, keyFile string) {
	t.Helper()
	folder := t.TempDir()
	return filepath.Join(folder, "cert.pem"), filepath.Join(folder, "key.pem")
}

func TestTheDoorSpeaksTLSAndHTTP2(t *testing.T) {
	certFile, keyFile := files(t)
	trusted := writeCertificate(t, certFile, keyFile, 1)
	certificate, err := gateway.OpenCertificate(certFile, keyFile, func(err error) { assert.NoError(t, err) })
	require.NoError(t, err)
	g, err := gateway.New(settings(t, &seen{}))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := g.Serve(listener, certificate.TLS(), 10, func(err error) { assert.NoError(t, err) })
	defer func() { assert.NoError(t, server.Close(context.Background())) }()
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: trusted}, ForceAttemptHTTP2: true}
	defer transport.CloseIdleConnections()
	client := &http.Client{Transport: transport}

	for range 2 {
		resp, err := client.Get("https://" + listener.Addr().String() + "/v1/projects/wk/settings")
		require.NoError(t, err)
		body := make([]byte, 1000)
		n, _ := resp.Body.Read(body)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, 2, resp.ProtoMajor)
		assert.Contains(t, string(body[:n]), `"protocol":"https"`)
	}
}

func TestACertificateThatIsReplacedIsReadAgain(t *testing.T) {
	certFile, keyFile := files(t)
	writeCertificate(t, certFile, keyFile, 1)
	synctest.Test(t, func(t *testing.T) {
		var failures []error
		certificate, err := gateway.OpenCertificate(certFile, keyFile, func(err error) { failures = append(failures, err) })
		require.NoError(t, err)
		number := func() int64 {
			held, err := certificate.TLS().GetCertificate(nil)
			require.NoError(t, err)
			return held.Leaf.SerialNumber.Int64()
		}
		assert.Equal(t, int64(1), number())
		writeCertificate(t, certFile, keyFile, 2)
		assert.Equal(t, int64(1), number(), "not at every handshake")
		time.Sleep(11 * time.Second)
		assert.Equal(t, int64(2), number())

		require.NoError(t, os.WriteFile(keyFile, []byte("half of it"), 0o600))
		for range 3 {
			time.Sleep(11 * time.Second)
			assert.Equal(t, int64(2), number(), "the old one stays")
		}
		assert.Len(t, failures, 1, "said once")
		require.NoError(t, os.Remove(keyFile))
		time.Sleep(11 * time.Second)
		assert.Equal(t, int64(2), number())
		writeCertificate(t, certFile, keyFile, 3)
		time.Sleep(11 * time.Second)
		assert.Equal(t, int64(3), number())
		assert.Len(t, failures, 1)
	})
}

func TestACertificateThatCannotBeReadIsSaidAtStart(t *testing.T) {
	certFile, keyFile := files(t)
	_, err := gateway.OpenCertificate(certFile, keyFile, nil)
	assert.ErrorContains(t, err, "reading the certificate")
	require.NoError(t, os.WriteFile(certFile, []byte("x"), 0o600))
	require.NoError(t, os.WriteFile(keyFile, []byte("x"), 0o600))
	_, err = gateway.OpenCertificate(certFile, keyFile, nil)
	assert.ErrorContains(t, err, "reading the certificate")
}

// A queue behind the door needs files, too.
func TestConnectionsLeaveFilesForOthers(t *testing.T) {
	assert.Equal(t, 1, gateway.Connections(1))
	most := gateway.Connections(1 << 30)
	assert.Positive(t, most)
	assert.Equal(t, most, gateway.Connections(most+1))
}

// Visitors that keep their connections do not keep others out. Vector has a largest
// age of connections for the same (vectordotdev/vector#19141).
func TestIdleConnectionsMakeRoomForOthers(t *testing.T) {
	const most = 8
	g, err := gateway.New(settings(t, &seen{}))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := g.Serve(listener, nil, most, func(error) {})
	defer func() { require.NoError(t, server.Close(t.Context())) }()
	kept := 0
	for range 3 * most {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
		_, err = io.WriteString(conn, "GET /health HTTP/1.1\r\nHost: a\r\n\r\n")
		require.NoError(t, err)
		resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
		require.NoError(t, err, "a visitor waits for others to leave")
		require.NoError(t, resp.Body.Close())
		if !resp.Close {
			kept++
		}
	}
	assert.Equal(t, most*3/4, kept)
}

func TestTheServerSaysThatItsConnectionsAreInUse(t *testing.T) {
	seen := &seen{}
	g, err := gateway.New(settings(t, seen))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := g.Serve(listener, nil, 2, func(error) {})
	for range 3 {
		conn, err := net.Dial("tcp", listener.Addr().String())
		require.NoError(t, err)
		defer conn.Close()
	}
	require.Eventually(t, func() bool { seen.mu.Lock(); defer seen.mu.Unlock(); return len(seen.troubles) > 0 }, patience, tick)
	assert.Contains(t, seen.troubles[0], "all 2 connections are in use")
	require.NoError(t, server.Close(t.Context()))
}

// Where the chain is not whole, browsers may send, and phones and servers do not.
func TestTheServerSaysThatItsCertificateIsRefused(t *testing.T) {
	certFile, keyFile := files(t)
	trusted := writeCertificate(t, certFile, keyFile, 1)
	certificate, err := gateway.OpenCertificate(certFile, keyFile, func(err error) { assert.NoError(t, err) })
	require.NoError(t, err)
	seen := &seen{}
	g, err := gateway.New(settings(t, seen))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := g.Serve(listener, certificate.TLS(), 10, func(error) {})
	for range 2 {
		_, err = tls.Dial("tcp", listener.Addr().String(), &tls.Config{ServerName: "localhost"})
		require.ErrorContains(t, err, "certificate")
		_, err = tls.Dial("tcp", listener.Addr().String(), &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11, RootCAs: trusted})
		require.ErrorContains(t, err, "protocol version")
	}
	require.Eventually(t, func() bool { seen.mu.Lock(); defer seen.mu.Unlock(); return len(seen.troubles) > 0 }, patience, tick)
	require.NoError(t, server.Close(t.Context()))
	require.Len(t, seen.troubles, 1, "once, and nothing of clients that speak another language")
	assert.Contains(t, seen.troubles[0], "clients refuse its certificate (tls: bad certificate)")
	assert.NotContains(t, seen.troubles[0], "127.0.0.1")
}

// What net/http says is that clients broke off, and must not hide the rest.
func TestTheServerSaysWhatItCannotCopeWith(t *testing.T) {
	seen := &seen{}
	conf := settings(t, seen)
	conf.Observer = panicky{seen}
	g, err := gateway.New(conf)
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	server := g.Serve(&tired{Listener: listener, times: 2}, nil, 10, func(error) {})
	_, err = http.Get("http://" + listener.Addr().String() + "/health?writeKey=secret")
	require.Error(t, err)
	require.NoError(t, server.Close(t.Context()))
	seen.mu.Lock()
	defer seen.mu.Unlock()
	require.Len(t, seen.troubles, 2, "once for connections that cannot be taken")
	assert.Contains(t, seen.troubles[0], "too many open files")
	assert.Contains(t, seen.troubles[1], "out of order")
	assert.NotContains(t, seen.troubles[1], "secret")
}

// panicky is an observer with a fault.
type panicky struct{ *seen }

func (panicky) Answered(gateway.Answer) { panic("out of order") }

// tired is a listener of a process that has no files left for a while.
type tired struct {
	net.Listener
	times int
}

func (l *tired) Accept() (net.Conn, error) {
	if l.times > 0 {
		l.times--
		return nil, &net.OpError{Op: "accept", Err: syscall.EMFILE}
	}
	return l.Listener.Accept()
}

// Whatever happens to the listener, nobody waits for an answer that never comes.
func TestALostListenerIsTold(t *testing.T) {
	g, err := gateway.New(settings(t, &seen{}))
	require.NoError(t, err)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	lost := make(chan error, 1)
	server := g.Serve(listener, nil, 10, func(err error) { lost <- err })
	require.NoError(t, listener.Close())
	assert.ErrorContains(t, <-lost, "closed")
	_, err = g.Read(t.Context())
	assert.Error(t, err)
	require.NoError(t, ignoreClosed(server.Close(t.Context())))
}

func ignoreClosed(err error) error {
	if err != nil && strings.Contains(err.Error(), "closed") {
		return nil
	}
	return err
}
