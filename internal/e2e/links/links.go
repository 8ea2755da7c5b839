// Package links plays the part of real networks: the product on one machine, the
// stand-in of Segment on another, and a bad link between them.
package links

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net"
	"time"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/network"
	"benthos-segment/internal/e2e/passage"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// Part has the time-outs and waits that the output has by default.
var Part = part(course{lasts: 20 * time.Second, tooSlow: "128kbit"})

func part(c course) trial.Part {
	return trial.Part{
		Name:     "networks",
		Needs:    []needs.Need{needs.Root, needs.IP, needs.IPTables},
		Versions: versions,
		Rounds:   c.rounds(),
	}
}

func versions(ctx context.Context) string {
	return fmt.Sprintf("Linux %s, iproute2 %s, iptables %s", network.Kernel(), needs.IP.Version(ctx), needs.IPTables.Version(ctx))
}

// A course says how fast things go.
type course struct {
	// lasts is for how long what is over at some time lasts.
	lasts time.Duration
	// tooSlow is a rate at which a full request takes half as long again as the
	// timeout.
	tooSlow string
	// env is what the pipeline is told.
	env map[string]string
}

// A link is what events go over.
type link struct {
	// make makes the network, network.New by default.
	make func(seed uint64) (*network.Network, error)
	// from the start on it is damaged, if it is.
	from func(n *network.Network) error
	// secure is for TLS and HTTP/2.
	secure bool
	// share of the calls is what takes long enough: one of so many.
	share int
	// names has the product ask a name server, which says this at first.
	names *network.Answer
	// strike happens in the middle, once more for each.
	strikes []strike
	// gentle strikes need not make a request fail.
	gentle bool
	// full requests hold as much as the output lets them by default, of which some
	// have to fail.
	full bool
}

// strike damages the network of a scene, and returns what ends that, nil where
// nothing does.
type strike func(s *scene) (network.Heal, error)

// scene is what a strike may work on.
type scene struct {
	net   *network.Network
	names *network.Names
	trip  *passage.Trip
}

const port = "8080"

func (c course) round(name string, l link) trial.Round {
	return trial.Round{Name: name, Play: func(ctx context.Context, s *trial.Stage) (ordeal.Tally, error) { return c.play(ctx, s, l) }}
}

func (c course) play(ctx context.Context, s *trial.Stage, l link) (got ordeal.Tally, err error) {
	if err := network.RemoveStale(); err != nil {
		return got, err
	}
	if l.make == nil {
		l.make = func(uint64) (*network.Network, error) { return network.New() }
	}
	n, err := l.make(s.Rand.Uint64())
	if err != nil {
		return got, err
	}
	defer func() { err = errors.Join(err, n.Close()) }()
	on := &scene{net: n}
	if l.names != nil {
		if on.names, err = n.ServeNames(*l.names); err != nil {
			return got, err
		}
		defer on.names.Close()
	}
	if l.from != nil {
		if err := l.from(n); err != nil {
			return got, err
		}
	}
	pace := ordeal.Stride
	if len(l.strikes) > 0 {
		// A firewall takes a moment to change, and not everything may be delivered
		// by then.
		pace *= 10
	}
	on.trip = &passage.Trip{
		Stage: s, Calls: s.Calls / max(l.share, 1), Faults: c.faults(on, l.strikes), Gentle: l.gentle, Rough: l.full, Pace: pace,
		Way: passage.Way{
			Listen:  func() (net.Listener, error) { return n.There.Listen("tcp", ":"+port) },
			Secure:  l.secure,
			Host:    net.JoinHostPort(network.Name, port),
			Command: n.Here.Command,
			Env:     map[string]string{},
		},
	}
	maps.Copy(on.trip.Way.Env, c.env)
	if l.full {
		on.trip.Way.Env["MOST_CALLS"] = "2500"
	}
	return on.trip.Run(ctx)
}

func (c course) faults(s *scene, strikes []strike) (faults []passage.Fault) {
	for _, strike := range strikes {
		faults = append(faults, passage.Fault{
			Strike: func(context.Context, *passage.Trip) (func() error, error) {
				heal, err := strike(s)
				return heal, err
			},
			Lasts: c.lasts,
		})
	}
	return faults
}
