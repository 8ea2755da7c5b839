package plugin

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/tracking/wire"
	"benthos-segment/plugin/internal/parsed"
)

const (
	tlsFieldRootCAsFile = "root_cas_file"
	tlsFieldClientCerts = "client_certs"
	tlsFieldCertFile    = "cert_file"
)

// transportOf returns what carries the requests, which is another part of the
// process where somebody has said so.
func transportOf(conf wire.Config, res *service.Resources) http.RoundTripper {
	if substitute, exists := res.GetGeneric(wire.Substitute{}); exists {
		return substitute.(http.RoundTripper)
	}
	return wire.NewTransport(conf)
}

// transportConfigFromParsed reads how connections to some URLs are made.
func transportConfigFromParsed(conf *service.ParsedConfig, to ...string) (c wire.Config, err error) {
	if c.TLS, err = tlsFromParsed(conf); err != nil {
		return
	}
	if namesFiles(conf.Namespace(soFieldTLS)) {
		c.ReadTLS = func() (*tls.Config, error) { return tlsFromParsed(conf) }
	}
	if c.Proxy, err = proxyFromParsed(conf); err != nil || c.Proxy != nil {
		return
	}
	return c, checkEnvironment(to)
}

// tlsFromParsed makes a configuration of what the fields and the files in them
// hold now.
func tlsFromParsed(conf *service.ParsedConfig) (*tls.Config, error) {
	secure, err := conf.FieldTLS(soFieldTLS)
	if err != nil {
		return nil, fmt.Errorf("field %s: %w", soFieldTLS, err)
	}
	// The engine takes a file of certificates in which there is none, and then
	// trusts nobody.
	if secure != nil && secure.RootCAs != nil && secure.RootCAs.Equal(x509.NewCertPool()) {
		return nil, fmt.Errorf("field %s: root_cas or %s holds no certificate in PEM, "+
			"which starts with -----BEGIN CERTIFICATE-----", soFieldTLS, tlsFieldRootCAsFile)
	}
	return secure, nil
}

// namesFiles says whether some of a TLS configuration is in files, which may be
// replaced.
func namesFiles(own *service.ParsedConfig) bool {
	if file, err := own.FieldString(tlsFieldRootCAsFile); err == nil && file != "" {
		return true
	}
	certs, err := own.FieldObjectList(tlsFieldClientCerts)
	if err != nil {
		return false
	}
	for _, cert := range certs {
		if file, err := cert.FieldString(tlsFieldCertFile); err == nil && file != "" {
			return true
		}
	}
	return false
}

func proxyFromParsed(conf *service.ParsedConfig) (*url.URL, error) {
	text, err := parsed.Trimmed(conf, soFieldProxyURL)
	if err != nil || text == "" {
		return nil, err
	}
	proxy, err := wire.ParseProxy(text)
	if err != nil {
		return nil, fmt.Errorf("field %s is not the URL of a proxy: %w", soFieldProxyURL, err)
	}
	return proxy, nil
}

// checkEnvironment says what is wrong with the proxies that the environment
// names for some URLs.
func checkEnvironment(to []string) error {
	for _, text := range to {
		target, err := url.Parse(strings.TrimSpace(text))
		if err != nil {
			return errors.New("an endpoint is not a URL")
		}
		if err := wire.CheckProxyOfEnvironment(target); err != nil {
			return err
		}
	}
	return nil
}
