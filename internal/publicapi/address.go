package publicapi

import (
	"errors"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
)

// CheckURL returns the address of an API without a slash at its end, or says why
// it cannot be one. The lint rules of the field verify.endpoint say the same.
func CheckURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https":
		return "", errors.New("the address of the Public API must begin with http:// or https://, followed by a host, as in " + Regions["us"])
	case u.User != nil:
		return "", errors.New("the address of the Public API must not hold a user or password: the token goes with every request")
	case u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("the address of the Public API must not have a query or fragment: leave out ? and #, and everything after them")
	case u.Scheme == "http" && !isNear(u.Hostname()):
		return "", errors.New("the address of the Public API must use https: the token goes with every request, so plain http is accepted only for loopback, " +
			"for hosts without a dot and for private addresses")
	case isLinkLocal(u.Hostname()):
		return "", errors.New("the address of the Public API must not be a link-local address: clouds serve their metadata there")
	}
	return strings.TrimRight(u.String(), "/"), nil
}

// plainName is a host without a dot. One that begins with a digit may be an
// address in disguise.
var plainName = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)

// isNear says whether a token may go to a host in clear text.
func isNear(host string) bool {
	if ip, err := netip.ParseAddr(host); err == nil {
		return ip.IsLoopback() || ip.IsPrivate()
	}
	return plainName.MatchString(strings.ToLower(host))
}

// isLinkLocal says whether a host is an address of this link alone, however it is
// written.
func isLinkLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLinkLocalUnicast()
}
