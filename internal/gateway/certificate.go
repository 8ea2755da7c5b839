package gateway

import (
	"crypto/tls"
	"fmt"
	"os"
	"sync"
	"time"
)

// certificateAge is how old a look at the files of a certificate may be.
const certificateAge = 10 * time.Second

// Certificate is a certificate in files. It is read again when they are replaced,
// as they are every few weeks, so that nothing has to be restarted.
type Certificate struct {
	certFile, keyFile string
	// failed is told of a replacement that cannot be used, once. The old one stays.
	failed func(error)

	mu      sync.Mutex
	current *tls.Certificate
	state   fileState
	checked time.Time
}

// fileState tells versions of the files apart.
type fileState struct {
	certTime, keyTime time.Time
	certSize, keySize int64
}

// OpenCertificate reads a certificate and its key, in PEM.
func OpenCertificate(certFile, keyFile string, failed func(error)) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, failed: failed, checked: time.Now()}
	var err error
	if c.state, err = c.look(); err != nil {
		return nil, fmt.Errorf("reading the certificate: %w", err)
	}
	if err := c.load(); err != nil {
		return nil, err
	}
	return c, nil
}

// TLS returns the configuration of a server with this certificate.
func (c *Certificate) TLS() *tls.Config {
	return &tls.Config{MinVersion: tls.VersionTLS12, GetCertificate: c.get}
}

func (c *Certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("reading the certificate: %w", err)
	}
	c.current = &pair
	return nil
}

func (c *Certificate) look() (s fileState, err error) {
	cert, err := os.Stat(c.certFile)
	if err != nil {
		return s, err
	}
	key, err := os.Stat(c.keyFile)
	if err != nil {
		return s, err
	}
	return fileState{cert.ModTime(), key.ModTime(), cert.Size(), key.Size()}, nil
}

func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if time.Since(c.checked) < certificateAge {
		return c.current, nil
	}
	c.checked = time.Now()
	// A file that is missing is being replaced.
	state, err := c.look()
	if err != nil || state == c.state {
		return c.current, nil
	}
	c.state = state
	if err := c.load(); err != nil {
		c.failed(err)
	}
	return c.current, nil
}
