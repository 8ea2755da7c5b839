package proxies

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"runtime/debug"
	"strings"

	toxiproxy "github.com/Shopify/toxiproxy/v2"
	"github.com/rs/zerolog"

	"benthos-segment/internal/e2e/passage"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// moduleOfToxiproxy is linked, so that nothing has to be installed.
const moduleOfToxiproxy = "github.com/Shopify/toxiproxy/v2"

func versionOfToxiproxy(context.Context) string {
	if info, isKnown := debug.ReadBuildInfo(); isKnown {
		for _, module := range info.Deps {
			if module.Path == moduleOfToxiproxy {
				return "toxiproxy " + strings.TrimPrefix(module.Version, "v")
			}
		}
	}
	return "toxiproxy of unknown version"
}

// A toxin is what toxiproxy does, as its API takes it.
type toxin struct {
	// stream is upstream for what we send, downstream for what comes back.
	stream, kind, attributes string
}

func (x toxin) json() string {
	return fmt.Sprintf(`{"name":"%s","type":"%s","stream":"%s","attributes":{%s}}`, x.name(), x.kind, x.stream, x.attributes)
}

func (x toxin) name() string { return x.kind + "-" + x.stream }

func (c course) toxics() []trial.Round {
	const up, down = "upstream", "downstream"
	always := func(x ...toxin) func(context.Context, *trial.Stage) (ordeal.Tally, error) {
		return func(ctx context.Context, s *trial.Stage) (ordeal.Tally, error) { return c.playToxic(ctx, s, x, nil) }
	}
	twice := func(x ...toxin) func(context.Context, *trial.Stage) (ordeal.Tally, error) {
		return func(ctx context.Context, s *trial.Stage) (ordeal.Tally, error) { return c.playToxic(ctx, s, nil, x) }
	}
	return []trial.Round{
		{Name: "latency of 300 ms, give or take 200", Play: always(toxin{down, "latency", `"latency":300,"jitter":200`})},
		{Name: "100 KB/s", Play: always(toxin{up, "bandwidth", `"rate":100`})},
		{Name: "slow_close: the end of a connection takes a second", Play: always(toxin{down, "slow_close", `"delay":1000`})},
		{Name: "slicer: data comes in pieces of 100 bytes", Play: always(toxin{up, "slicer", `"average_size":100,"size_variation":50,"delay":10`})},
		{Name: "slicer: answers come in pieces of 10 bytes", Play: always(toxin{down, "slicer", `"average_size":10,"size_variation":5,"delay":1000`})},
		{Name: "limit_data: connections end after 200 KB", Play: always(toxin{up, "limit_data", `"bytes":200000`})},
		{Name: "limit_data: connections end in the middle of an answer", Play: twice(toxin{down, "limit_data", `"bytes":100`})},
		{Name: "timeout: requests get lost, and connections stay open", Play: twice(toxin{up, "timeout", `"timeout":0`})},
		{Name: "timeout: answers get lost, and connections stay open", Play: twice(toxin{down, "timeout", `"timeout":0`})},
		{Name: "timeout: answers get lost, and connections end after a second", Play: twice(toxin{down, "timeout", `"timeout":1000`})},
		{Name: "reset_peer: connections are reset after 100 ms", Play: twice(toxin{down, "reset_peer", `"timeout":100`})},
		{Name: "reset_peer: connections are reset at once", Play: twice(toxin{up, "reset_peer", `"timeout":0`})},
	}
}

// playToxic has a toxin in it from the start on, or another twice for a while.
func (c course) playToxic(ctx context.Context, s *trial.Stage, always, twice []toxin) (got ordeal.Tally, err error) {
	upstream, err := ordeal.FreePort()
	if err != nil {
		return got, err
	}
	server := toxiproxy.NewServer(toxiproxy.NewMetricsContainer(nil), zerolog.Nop())
	proxy := toxiproxy.NewProxy(server, "segment", address(0), address(upstream))
	if err := proxy.Start(); err != nil {
		return got, fmt.Errorf("starting toxiproxy: %w", err)
	}
	defer proxy.Stop()
	if _, err := poison(ctx, proxy, always); err != nil {
		return got, err
	}
	trip := &passage.Trip{Stage: s, Way: passage.Way{
		Listen: func() (net.Listener, error) { return net.Listen("tcp", address(upstream)) },
		Host:   proxy.Listen, Env: maps.Clone(c.env),
	}}
	for range len(twice) * 2 {
		trip.Faults = append(trip.Faults, passage.Fault{
			Strike: func(ctx context.Context, _ *passage.Trip) (func() error, error) { return poison(ctx, proxy, twice) },
			Lasts:  c.lasts,
		})
	}
	return trip.Run(ctx)
}

// poison adds toxins, and returns what takes them out again.
func poison(ctx context.Context, proxy *toxiproxy.Proxy, toxins []toxin) (cure func() error, err error) {
	for _, x := range toxins {
		if _, err := proxy.Toxics.AddToxicJson(strings.NewReader(x.json())); err != nil {
			return nil, fmt.Errorf("adding a toxic: %w", err)
		}
	}
	return func() error {
		var broken []error
		for _, x := range toxins {
			broken = append(broken, proxy.Toxics.RemoveToxic(ctx, x.name()))
		}
		return errors.Join(broken...)
	}, nil
}
