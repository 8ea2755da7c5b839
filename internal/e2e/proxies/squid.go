package proxies

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/e2e/trial"
)

// credentials are what the product says of itself. Squid takes them by the first
// of these files of passwords, and not by the second.
const (
	credentials = "user:password"
	known       = "user:$apr1$e2e$tOjVajngpRT3c/tlbeHeE0\n"
	unknown     = "user:$apr1$e2e$vkuWa2dWr9J8PbL1xasxj1\n"
)

// ofSquid is where settings of Squid belong. ofPasswords is a file of passwords,
// without which it asks for none.
const (
	ofSquid     = "squid"
	ofPasswords = "passwords"
)

var squid = kind{
	reload: syscall.SIGHUP,
	launch: func(p *proxy) service.Config {
		user := ""
		if os.Geteuid() == 0 {
			user = "proxy" // which Squid would become by itself
		}
		return service.Config{
			Name: "squid", Path: needs.Squid.Path(), Folder: p.folder, Port: p.port, User: user,
			Args: []string{"-N", "-n", fmt.Sprintf("e2e%d", p.port), "-f", p.path()},
		}
	},
	configure: func(p *proxy) string {
		return fmt.Sprintf(`http_port %s
%s
pid_filename none
cache_log /dev/stderr
access_log none
cache deny all
coredump_dir none
shutdown_lifetime 1 second
visible_hostname squid
%s
http_access allow all
`, address(p.port), p.authentication(), p.settings[ofSquid])
	},
	file: func(p *proxy) (path, text string) {
		return filepath.Join(p.folder, "passwords"), p.settings[ofPasswords]
	},
}

// authentication has Squid ask for a password.
func (p *proxy) authentication() string {
	path, text := p.kind.file(p)
	if text == "" {
		return ""
	}
	return fmt.Sprintf(`auth_param basic program /usr/lib/squid/basic_ncsa_auth %s
auth_param basic realm squid
auth_param basic credentialsttl 1 second
acl known proxy_auth REQUIRED
http_access deny !known
`, path)
}

func (c course) squid() []trial.Round {
	x := func(lines string, strikes ...strike) crossing {
		return crossing{kind: squid, isProxy: true, settings: settings{ofSquid: lines}, strikes: strikes}
	}
	secure := func(x crossing) crossing { x.secure = true; return x }
	with := func(lines string) strike { return given(settings{ofSquid: lines}) }
	changed := func(x crossing) crossing {
		x.settings = settings{ofPasswords: known}
		x.strikes = []strike{onNewConnections(given(settings{ofPasswords: unknown}))}
		return x
	}
	return []trial.Round{
		c.round("Squid", x("")),
		c.round("Squid, CONNECT", secure(x(""))),
		c.round("Squid, its page for 407: another password, for a while", changed(x(""))),
		c.round("Squid, 407 to CONNECT: another password, for a while", secure(changed(x("")))),
		c.round("Squid, its page for 403, for a while", x("", with("http_access deny all"))),
		c.round("Squid, 403 to CONNECT, for a while", secure(x("", onNewConnections(with("http_access deny CONNECT"))))),
		c.round("Squid, its page for 413: a limit of 20 KB, for a while", x("", with("request_body_max_size 20 KB"))),
		c.round("Squid, its page for 503: Segment cannot be reached", x("", twice(away)...)),
		c.round("Squid, 503 to CONNECT: Segment cannot be reached", secure(x("", twice(away)...))),
		c.round("Squid, its page for 504: Segment is slow", x("read_timeout 1 second", twice(slow)...)),
		c.round("Squid keeps connections for a second", x("client_idle_pconn_timeout 1 second\nserver_idle_pconn_timeout 1 second")),
		c.round("Squid reloaded in the middle of a request", gentle(x("", twice(reloaded)...))),
		c.round("Squid killed in the middle of a request", x("", twice(killed)...)),
		c.round("Squid killed in the middle of a tunnel", secure(x("", twice(killed)...))),
	}
}
