package proxies

import (
	"fmt"
	"syscall"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/e2e/trial"
)

// Where settings of nginx belong.
const (
	ofHTTP     = "http"
	ofServer   = "server"
	ofLocation = "location"
)

var nginx = kind{
	reload: syscall.SIGHUP,
	launch: func(p *proxy) service.Config {
		return service.Config{
			Name: "nginx", Path: needs.Nginx.Path(), Folder: p.folder, Port: p.port,
			Args: []string{"-p", p.folder, "-c", p.path(), "-e", "stderr"},
		}
	},
	configure: func(p *proxy) string {
		return fmt.Sprintf(`daemon off;
user root;
worker_processes 1;
pid nginx.pid;
error_log stderr warn;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path body;
  proxy_temp_path proxy;
  fastcgi_temp_path fastcgi;
  uwsgi_temp_path uwsgi;
  scgi_temp_path scgi;
  upstream segment { server %s; keepalive 8; }
  %s
  server {
    listen %s;
    %s
    location / {
      proxy_pass http://segment;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      %s
    }
  }
}
`, address(p.upstream), p.settings[ofHTTP], address(p.port), p.settings[ofServer], p.settings[ofLocation])
	},
}

func (c course) nginx() []trial.Round {
	x := func(at, lines string, strikes ...strike) crossing {
		return crossing{kind: nginx, settings: settings{at: lines}, strikes: strikes}
	}
	limit := settings{ofServer: "client_max_body_size 20k;"}
	return []trial.Round{
		c.round("nginx, its page for 413: a limit of 20 KB, for a while", x("", "", given(limit))),
		c.round("nginx, its page for 413: a limit of 20 KB, always", crossing{kind: nginx, settings: limit}),
		c.round("nginx, a limit of 20 KB, and it resets the connection", crossing{
			kind: nginx, settings: settings{ofServer: "client_max_body_size 20k; lingering_close off;"},
		}),
		c.round("nginx, its page for 502: Segment cannot be reached", x("", "", twice(away)...)),
		c.round("nginx, its page for 504: Segment is slow", x(ofLocation, "proxy_read_timeout 1s;", twice(slow)...)),
		c.round("nginx, its page for 400: headers are too large, for a while", x("", "", given(settings{
			ofServer: "connection_pool_size 128; client_header_buffer_size 64; large_client_header_buffers 1 128;",
		}))),
		c.round("nginx, its page for 503: five requests a second", crossing{kind: nginx, settings: settings{
			ofHTTP: "limit_req_zone $binary_remote_addr zone=all:1m rate=5r/s;", ofLocation: "limit_req zone=all;",
		}}),
		c.round("nginx, 429: five requests a second", crossing{kind: nginx, settings: settings{
			ofHTTP: "limit_req_zone $binary_remote_addr zone=all:1m rate=5r/s; limit_req_status 429;", ofLocation: "limit_req zone=all;",
		}}),
		c.round("nginx, its page for 403, for a while", x("", "", given(settings{ofServer: "deny all;"}))),
		c.round("nginx, a redirect to the page of a login, for a while", crossing{
			kind: nginx, strikes: []strike{given(settings{ofServer: "return 302 http://login.example/;"})},
		}),
		c.round("nginx keeps connections for 3 requests", x(ofServer, "keepalive_requests 3;")),
		c.round("nginx keeps connections for a millisecond", x(ofServer, "keepalive_timeout 1ms;")),
		c.round("nginx without buffers", x(ofLocation, "proxy_request_buffering off; proxy_buffering off; client_body_buffer_size 1k;")),
		c.round("nginx reloaded in the middle of a request", gentle(x("", "", twice(reloaded)...))),
		c.round("nginx killed in the middle of a request", x("", "", twice(killed)...)),
	}
}
