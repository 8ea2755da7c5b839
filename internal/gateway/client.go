package gateway

import (
	"net/http"
	"net/netip"
	"slices"
	"strings"

	"benthos-segment/internal/ingest"
)

// peerOf is who is at the other end of the connection.
func peerOf(r *http.Request) netip.Addr {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Addr{}
	}
	return at.Addr().Unmap().WithZone("")
}

// textOf writes an address, nothing where there is none.
func textOf(addr netip.Addr) string {
	if !addr.IsValid() {
		return ""
	}
	return addr.String()
}

func (g *Gateway) isTrusted(addr netip.Addr) bool {
	return slices.ContainsFunc(g.conf.TrustedProxies, func(p netip.Prefix) bool { return p.Contains(addr) })
}

// clientOf is the address that a request comes from. Only what trusted proxies say
// counts: they append to X-Forwarded-For, so that it is read from its end, to the
// first that is not one of them. Whoever wrote what is before it, it could be
// anybody.
func (g *Gateway) clientOf(r *http.Request) netip.Addr {
	client := peerOf(r)
	if !g.isTrusted(client) {
		return client
	}
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for _, hop := range slices.Backward(hops) {
		addr, ok := parseHop(hop)
		if !ok {
			return client
		}
		client = addr
		if !g.isTrusted(addr) {
			return client
		}
	}
	return client
}

// parseHop reads an address with or without a port: 1.2.3.4:56, [::1]:57363, ::1.
func parseHop(hop string) (netip.Addr, bool) {
	hop = strings.TrimSpace(hop)
	if at, err := netip.ParseAddrPort(hop); err == nil {
		return at.Addr().Unmap().WithZone(""), true
	}
	addr, err := netip.ParseAddr(strings.Trim(hop, "[]"))
	return addr.Unmap().WithZone(""), err == nil
}

// addressOf is where a client reaches this server.
func (g *Gateway) addressOf(r *http.Request) ingest.Address {
	if g.conf.PublicAddress.Host != "" {
		return g.conf.PublicAddress
	}
	at := ingest.Address{Scheme: "http", Host: r.Host, Prefix: g.conf.PathPrefix}
	if r.TLS != nil {
		at.Scheme = "https"
	}
	if !g.isTrusted(peerOf(r)) {
		return at
	}
	if scheme := firstOf(r.Header, "X-Forwarded-Proto"); scheme == "http" || scheme == "https" {
		at.Scheme = scheme
	}
	if host := firstOf(r.Header, "X-Forwarded-Host"); host != "" {
		at.Host = host
	}
	return at
}

// firstOf is what the outermost proxy said, or the client itself, who misleads
// nobody else.
func firstOf(h http.Header, name string) string {
	first, _, _ := strings.Cut(h.Get(name), ",")
	return strings.TrimSpace(first)
}
