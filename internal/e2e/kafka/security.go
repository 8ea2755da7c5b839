package kafka

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/sasl/scram"
)

// security is what a cluster with TLS and SCRAM has.
type security struct {
	// authority is the file of who signed the certificate of the brokers.
	authority string
	// keys is the file with their certificate and its key.
	keys string
	pool *x509.CertPool
}

const (
	user     = "pipeline"
	password = "correct-horse-battery-staple"
)

// newSecurity makes an authority and a certificate for brokers on loopback.
func newSecurity(folder string) (*security, error) {
	s := &security{authority: filepath.Join(folder, "ca.pem"), keys: filepath.Join(folder, "broker.pem"), pool: x509.NewCertPool()}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "e2e"},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(24 * time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("making a certificate: %w", err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("making a key: %w", err)
	}
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	both := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}), certificate...)
	if err := os.WriteFile(s.authority, certificate, 0o600); err != nil {
		return nil, fmt.Errorf("writing a certificate: %w", err)
	}
	if err := os.WriteFile(s.keys, both, 0o600); err != nil {
		return nil, fmt.Errorf("writing a key: %w", err)
	}
	s.pool.AppendCertsFromPEM(certificate)
	return s, nil
}

// settings are those of a broker.
func (s *security) settings() []setting {
	if s == nil {
		return nil
	}
	return []setting{
		"ssl.keystore.type=PEM", "ssl.keystore.location=" + s.keys,
		"ssl.truststore.type=PEM", "ssl.truststore.location=" + s.authority,
		"sasl.enabled.mechanisms=SCRAM-SHA-512",
		"sasl.mechanism.inter.broker.protocol=SCRAM-SHA-512",
		fmt.Sprintf("listener.name.client.scram-sha-512.sasl.jaas.config="+
			"org.apache.kafka.common.security.scram.ScramLoginModule required username=%q password=%q;", user, password),
	}
}

// users are arguments of the tool that formats the disk.
func (s *security) users() []string {
	if s == nil {
		return nil
	}
	return []string{"--add-scram", fmt.Sprintf("SCRAM-SHA-512=[name=%s,password=%s]", user, password)}
}

// connection is for clients of ours.
func (s *security) connection() []kgo.Opt {
	return []kgo.Opt{
		kgo.DialTLSConfig(&tls.Config{RootCAs: s.pool, MinVersion: tls.VersionTLS12}),
		kgo.SASL(scram.Auth{User: user, Pass: password}.AsSha512Mechanism()),
	}
}

// flags set the same in the pipeline, for the input and the dead letters.
func (s *security) flags() (flags []string) {
	for _, at := range []string{"input.redpanda", "output.fallback.1.switch.cases.1.output.redpanda"} {
		flags = append(flags,
			"--set", at+".tls.enabled=true", "--set", at+".tls.root_cas_file="+s.authority,
			// A comma would begin the next setting.
			"--set", fmt.Sprintf("%s.sasl=\n- mechanism: SCRAM-SHA-512\n  username: %s\n  password: %s\n", at, user, password))
	}
	return flags
}
