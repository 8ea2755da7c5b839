package proxies

import (
	"fmt"
	"syscall"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/e2e/trial"
)

// Where settings of HAProxy belong.
const (
	ofGlobal   = "global"
	ofDefaults = "defaults"
	ofFrontend = "frontend"
	ofBackend  = "backend"
)

var haproxy = kind{
	reload: syscall.SIGUSR2,
	launch: func(p *proxy) service.Config {
		return service.Config{
			Name: "haproxy", Path: needs.HAProxy.Path(), Folder: p.folder, Port: p.port,
			Args: []string{"-W", "-db", "-f", p.path()},
		}
	},
	configure: func(p *proxy) string {
		return fmt.Sprintf(`global
  maxconn 256
  log stderr format raw local0 warning
  %s
defaults
  mode http
  log global
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  %s
frontend front
  bind %s
  %s
  default_backend segment
backend segment
  %s
  server segment %s
`, p.settings[ofGlobal], p.settings[ofDefaults], address(p.port), p.settings[ofFrontend], p.settings[ofBackend], address(p.upstream))
	},
}

func (c course) haproxy() []trial.Round {
	x := func(at, lines string, strikes ...strike) crossing {
		return crossing{kind: haproxy, settings: settings{at: lines}, strikes: strikes}
	}
	return []trial.Round{
		c.round("HAProxy, its page for 503: Segment cannot be reached", x("", "", twice(away)...)),
		c.round("HAProxy, its page for 504: Segment is slow", x(ofBackend, "timeout server 1s", twice(slow)...)),
		c.round("HAProxy, its page for 400: too many headers, for a while", x("", "", given(settings{ofGlobal: "tune.http.maxhdr 5"}))),
		c.round("HAProxy, its page for 403, for a while", x("", "", given(settings{ofFrontend: "http-request deny"}))),
		c.round("HAProxy, 429 with Retry-After, for a while", x("", "", given(settings{
			ofFrontend: `http-request return status 429 content-type text/html string "<html>slow down</html>" hdr Retry-After 1`,
		}))),
		c.round("HAProxy, 413 with a page, for a while", x("", "", given(settings{
			ofFrontend: `http-request return status 413 content-type text/html string "<html>too large</html>" if { req.hdr(content-length) -m int gt 20000 }`,
		}))),
		c.round("HAProxy drops requests without an answer, for a while", x("", "", given(settings{ofFrontend: "http-request silent-drop"}))),
		c.round("HAProxy rejects connections, for a while", x("", "", given(settings{ofFrontend: "tcp-request connection reject"}))),
		c.round("HAProxy lets one connection through at a time", crossing{kind: haproxy, settings: settings{ofFrontend: "maxconn 1"}}),
		c.round("HAProxy keeps connections for a millisecond", x(ofDefaults, "timeout http-keep-alive 1ms")),
		c.round("HAProxy closes each connection", x(ofDefaults, "option httpclose")),
		c.round("HAProxy reloaded in the middle of a request", gentle(x("", "", twice(reloaded)...))),
		c.round("HAProxy killed in the middle of a request", x("", "", twice(killed)...)),
	}
}
