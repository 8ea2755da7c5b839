package frontdoor

import (
	"fmt"
	"net/netip"
	"net/url"
	"strings"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/ingest"
	"benthos-segment/internal/segment"
	"benthos-segment/plugin/internal/parsed"
)

func configFromParsed(conf *service.ParsedConfig) (c config, err error) {
	if err = parsed.Check(lintRule, conf); err != nil {
		return
	}
	for _, read := range []func(*service.ParsedConfig) error{c.readDoor, c.readClients, c.readBounds, c.readTimes} {
		if err = read(conf); err != nil {
			return
		}
	}
	return
}

// readDoor reads where this listens.
func (c *config) readDoor(conf *service.ParsedConfig) (err error) {
	if c.address, err = parsed.Trimmed(conf, fiFieldAddress); err != nil {
		return
	}
	prefix, err := parsed.Trimmed(conf, fiFieldPathPrefix)
	if err != nil {
		return
	}
	if prefix = strings.Trim(ingest.Clean(prefix), "/"); prefix != "" {
		c.gateway.PathPrefix = "/" + prefix
	}
	if c.certFile, err = parsed.Trimmed(conf, fiFieldTLS, fiFieldCertFile); err != nil {
		return
	}
	if c.keyFile, err = parsed.Trimmed(conf, fiFieldTLS, fiFieldKeyFile); err != nil {
		return
	}
	public, err := parsed.Trimmed(conf, fiFieldPublicURL)
	if err != nil || public == "" {
		return
	}
	u, err := url.Parse(public)
	if err != nil {
		return fmt.Errorf("field %s: %w", fiFieldPublicURL, err)
	}
	c.gateway.PublicAddress = ingest.Address{Scheme: u.Scheme, Host: u.Host, Prefix: strings.TrimRight(u.Path, "/")}
	return
}

// readClients reads who may send, and what is believed of them.
func (c *config) readClients(conf *service.ParsedConfig) (err error) {
	if c.gateway.WriteKeys, err = conf.FieldStringList(fiFieldWriteKeys); err != nil {
		return
	}
	for i, key := range c.gateway.WriteKeys {
		c.gateway.WriteKeys[i] = strings.TrimSpace(key)
	}
	origins, err := conf.FieldStringList(fiFieldCORS, fiFieldOrigins)
	if err != nil {
		return
	}
	if c.gateway.CORS, err = ingest.NewCORS(origins); err != nil {
		return fmt.Errorf("field %s.%s: %w", fiFieldCORS, fiFieldOrigins, err)
	}
	proxies, err := conf.FieldStringList(fiFieldTrustedProxies)
	if err != nil {
		return
	}
	for _, proxy := range proxies {
		network, err := networkOf(strings.TrimSpace(proxy))
		if err != nil {
			return fmt.Errorf("field %s: %w", fiFieldTrustedProxies, err)
		}
		c.gateway.TrustedProxies = append(c.gateway.TrustedProxies, network)
	}
	c.gateway.Dialect, err = parsed.OneOf(conf, fiFieldDialect, map[string]segment.Dialect{
		"auto":        segment.DialectUnknown,
		"rudderstack": segment.DialectRudderStack,
		"segment":     segment.DialectSegment,
	})
	return
}

// networkOf reads an address as the network of it alone.
func networkOf(text string) (netip.Prefix, error) {
	if strings.Contains(text, "/") {
		network, err := netip.ParsePrefix(text)
		return network.Masked(), err
	}
	addr, err := netip.ParseAddr(text)
	if err != nil {
		return netip.Prefix{}, err
	}
	return addr.Unmap().Prefix(addr.Unmap().BitLen())
}

func (c *config) readBounds(conf *service.ParsedConfig) (err error) {
	var requestBytes, pendingBytes int
	for name, into := range map[string]*int{
		fiFieldMaxRequestBytes: &requestBytes,
		fiFieldMaxPendingBytes: &pendingBytes,
		fiFieldMaxEvents:       &c.gateway.MaxRequestEvents,
		fiFieldMaxPending:      &c.gateway.MaxPending,
		fiFieldMaxConnections:  &c.maxConnections,
	} {
		if *into, err = conf.FieldInt(name); err != nil {
			return
		}
	}
	c.gateway.MaxRequestBytes, c.gateway.MaxPendingBytes = int64(requestBytes), int64(pendingBytes)
	return
}

func (c *config) readTimes(conf *service.ParsedConfig) (err error) {
	if c.gateway.Timeout, err = conf.FieldDuration(fiFieldTimeout); err != nil {
		return
	}
	if c.gateway.BodyTimeout, err = conf.FieldDuration(fiFieldBodyTimeout); err != nil {
		return
	}
	c.gateway.Gather, err = conf.FieldDuration(fiFieldGather)
	return
}
