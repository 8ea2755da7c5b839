// Package proxies plays the part of what is between the product and Segment:
// nginx, HAProxy and Squid with their limits, their pages and their reloads, and
// toxiproxy, which does what bad networks do.
package proxies

import (
	"context"
	"fmt"
	"maps"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/passage"
	"benthos-segment/internal/e2e/service"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// Part has the time-outs and waits that the output has by default.
var Part = part(course{lasts: 20 * time.Second})

// Toxic is the part with nothing but toxiproxy, which needs nothing that would
// have to be installed.
var Toxic = trial.Part{
	Name: "toxiproxy", Versions: versionOfToxiproxy,
	Rounds: course{lasts: 20 * time.Second}.toxics(),
}

func part(c course) trial.Part {
	return trial.Part{
		Name:     "proxies",
		Needs:    []needs.Need{needs.Nginx, needs.HAProxy, needs.Squid},
		Versions: versions,
		Rounds:   append(append(c.nginx(), c.haproxy()...), c.squid()...),
	}
}

func versions(ctx context.Context) string {
	return fmt.Sprintf("nginx %s, HAProxy %s, Squid %s",
		needs.Nginx.Version(ctx), needs.HAProxy.Version(ctx), needs.Squid.Version(ctx))
}

// A course says how fast things go.
type course struct {
	// lasts is for how long what is over at some time lasts.
	lasts time.Duration
	// env is what the pipeline is told.
	env map[string]string
}

// A crossing is a trip by a proxy.
type crossing struct {
	kind kind
	// settings are those of the proxy at first.
	settings settings
	// isProxy says that the product knows of it, as proxy_url.
	isProxy bool
	// secure is for TLS and HTTP/2 up to the stand-in.
	secure  bool
	strikes []strike
	// isGentle says that no request has to fail.
	isGentle bool
}

func gentle(x crossing) crossing {
	x.isGentle = true
	return x
}

// settings are lines for a configuration, by the place where they belong.
type settings map[string]string

// kind is one of the proxies.
type kind struct {
	// configure writes all of it for a port, and for the port of the stand-in.
	configure func(p *proxy) string
	launch    func(p *proxy) service.Config
	// reload is the signal that has it read the configuration again.
	reload syscall.Signal
	// file is one beside the configuration, if there is one.
	file func(p *proxy) (path, text string)
}

// proxy is one that runs.
type proxy struct {
	*service.Service
	kind     kind
	folder   string
	port     int
	upstream int
	settings settings
}

// A strike happens on a crossing, and returns what ends it.
type strike func(ctx context.Context, p *proxy, t *passage.Trip) (heal func() error, err error)

func (c course) round(name string, x crossing) trial.Round {
	return trial.Round{Name: name, Play: func(ctx context.Context, s *trial.Stage) (ordeal.Tally, error) { return c.play(ctx, s, x) }}
}

func (c course) play(ctx context.Context, s *trial.Stage, x crossing) (got ordeal.Tally, err error) {
	p := &proxy{kind: x.kind, folder: s.Folder, settings: x.settings}
	for _, port := range []*int{&p.port, &p.upstream} {
		if *port, err = ordeal.FreePort(); err != nil {
			return got, err
		}
	}
	if err := p.configure(x.settings); err != nil {
		return got, err
	}
	p.Service = service.New(x.kind.launch(p))
	s.Keep(p.Service)
	if err := p.Start(ctx); err != nil {
		return got, err
	}
	defer p.Kill()
	way := passage.Way{
		Listen: func() (net.Listener, error) { return net.Listen("tcp", address(p.upstream)) },
		Secure: x.secure, Host: address(p.port), Env: map[string]string{},
	}
	if x.isProxy {
		way.Host = ""
		way.Env["PROXY_URL"] = "http://" + credentials + "@" + address(p.port)
	}
	maps.Copy(way.Env, c.env)
	trip := &passage.Trip{
		Stage: s, Way: way, Faults: c.faults(p, x.strikes), Gentle: x.isGentle, Pace: pace,
	}
	return trip.Run(ctx)
}

// pace leaves proxies the time to read another configuration, before everything
// is delivered.
const pace = 10 * ordeal.Stride

func (c course) faults(p *proxy, strikes []strike) (faults []passage.Fault) {
	for _, strike := range strikes {
		faults = append(faults, passage.Fault{
			Strike: func(ctx context.Context, t *passage.Trip) (func() error, error) { return strike(ctx, p, t) },
			Lasts:  c.lasts,
		})
	}
	return faults
}

func address(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }

func (p *proxy) path() string { return filepath.Join(p.folder, "proxy.conf") }

func (p *proxy) configure(s settings) error {
	p.settings = s
	if p.kind.file != nil {
		if path, text := p.kind.file(p); text != "" {
			if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
				return fmt.Errorf("configuring a proxy: %w", err)
			}
		}
	}
	if err := os.WriteFile(p.path(), []byte(p.kind.configure(p)), 0o644); err != nil {
		return fmt.Errorf("configuring a proxy: %w", err)
	}
	return nil
}

// reconfigure has the proxy go on with other settings.
func (p *proxy) reconfigure(s settings) error {
	if err := p.configure(s); err != nil {
		return err
	}
	if err := p.Running(); err != nil {
		return err
	}
	if err := syscall.Kill(p.Pid(), p.kind.reload); err != nil {
		return fmt.Errorf("reloading a proxy: %w", err)
	}
	return nil
}

// given is a strike: for a while the proxy has other settings.
func given(s settings) strike {
	return func(_ context.Context, p *proxy, _ *passage.Trip) (func() error, error) {
		before := p.settings
		return func() error { return p.reconfigure(before) }, p.reconfigure(s)
	}
}

// reloaded is a strike: the proxy starts over with the same settings.
func reloaded(_ context.Context, p *proxy, _ *passage.Trip) (func() error, error) {
	return nil, p.reconfigure(p.settings)
}

// killed is a strike: the proxy is away for a while.
func killed(ctx context.Context, p *proxy, _ *passage.Trip) (func() error, error) {
	p.Kill()
	return func() error { return p.Start(ctx) }, p.Killed()
}

// away is a strike: there is nobody for the proxy to send to.
func away(_ context.Context, _ *proxy, t *passage.Trip) (func() error, error) {
	return t.Leave(), nil
}

// slow is a strike: what the proxy sends to accepts everything and does not
// answer.
func slow(_ context.Context, _ *proxy, t *passage.Trip) (func() error, error) {
	return t.Hold(), nil
}

// onNewConnections is a strike after which those that are there end: proxies
// leave a tunnel alone.
func onNewConnections(s strike) strike {
	return func(ctx context.Context, p *proxy, t *passage.Trip) (func() error, error) {
		heal, err := s(ctx, p, t)
		if err != nil {
			return nil, err
		}
		return heal, t.Replace()
	}
}

func twice(s strike) []strike { return []strike{s, s} }
