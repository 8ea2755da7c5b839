package wire

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpproxy"
)

var errUnreadableProxy = errors.New("it cannot be read; special characters of a password are written as %40 and the like")

// ParseProxy reads the URL of a proxy. An error does not repeat it: it may hold
// a password.
func ParseProxy(text string) (*url.URL, error) {
	proxy, err := url.Parse(text)
	if err != nil {
		return nil, errUnreadableProxy
	}
	return proxy, checkProxy(proxy)
}

func checkProxy(proxy *url.URL) error {
	switch proxy.Scheme {
	case "http", "https", "socks5", "socks5h":
	default:
		return errors.New("it must begin with http://, https:// or socks5://, as in http://proxy:3128")
	}
	if proxy.Hostname() == "" {
		return errors.New("it needs a host, as in http://proxy:3128")
	}
	if port := proxy.Port(); port != "" {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return errors.New("its port does not exist")
		}
	}
	return nil
}

// CheckProxyOfEnvironment says what is wrong with the proxy that the
// environment names for requests to a URL. Go ignores one that it cannot read,
// and the requests would go past it.
func CheckProxyOfEnvironment(to *url.URL) error {
	env := httpproxy.FromEnvironment()
	name, value := "HTTPS_PROXY", env.HTTPSProxy
	if to.Scheme == "http" {
		name, value = "HTTP_PROXY", env.HTTPProxy
	}
	if value == "" || !needsProxy(*env, to) {
		return nil
	}
	if os.Getenv(strings.ToLower(name)) != "" {
		name = strings.ToLower(name)
	}
	if !strings.Contains(value, "://") {
		// Without a scheme it is a proxy of HTTP.
		value = "http://" + value
	}
	if _, err := ParseProxy(value); err != nil {
		return fmt.Errorf("%s in the environment is not the URL of a proxy: %w. "+
			"Correct it or unset it, or name the host in NO_PROXY", name, err)
	}
	if _, err := env.ProxyFunc()(to); err != nil {
		return fmt.Errorf("%s in the environment is not used where REQUEST_METHOD is set as well, as in CGI: "+
			"unset that, or set proxy_url", name)
	}
	return nil
}

// needsProxy says whether requests to a URL go through a proxy, if there is
// one.
func needsProxy(env httpproxy.Config, to *url.URL) bool {
	env.HTTPProxy, env.HTTPSProxy, env.CGI = "http://proxy", "http://proxy", false
	proxy, _ := env.ProxyFunc()(to)
	return proxy != nil
}

// chooseProxy returns what says for each request which proxy carries it, if
// any.
func chooseProxy(fixed *url.URL) func(*http.Request) (*url.URL, error) {
	if fixed != nil {
		return http.ProxyURL(fixed)
	}
	choose := httpproxy.FromEnvironment().ProxyFunc()
	return func(req *http.Request) (*url.URL, error) { return choose(req.URL) }
}
