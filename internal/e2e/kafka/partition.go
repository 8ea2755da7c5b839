package kafka

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"benthos-segment/internal/e2e/network"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
	"benthos-segment/internal/torture/topic"
)

// partition cuts one process of a fleet off, which lives on a machine of its own
// for that: a namespace with a router between it and the brokers and Segment.
type partition struct {
	// cut says what the process reaches no more.
	cut func(*network.Network) (network.Heal, error)
	// until waits for what has to happen before that is healed.
	until func(ctx context.Context, s set, f *ordeal.Fleet) error
	// patient processes are not taken for dead so soon.
	patient bool
}

var (
	everything  = func(n *network.Network) (network.Heal, error) { return n.Drop(network.Both) }
	brokersOnly = func(n *network.Network) (network.Heal, error) { return n.Cut(n.Spare) }
	segmentOnly = func(n *network.Network) (network.Heal, error) { return n.Cut(n.Server) }
)

// withheld is how many of the events come in only when the partition is healed:
// one of so many.
const withheld = 5

// of plays the round with so many processes. The last one is cut off.
func (p partition) of(size int) func(context.Context, *trial.Stage) (ordeal.Tally, error) {
	return func(ctx context.Context, s *trial.Stage) (t ordeal.Tally, err error) {
		if err := network.RemoveStale(); err != nil {
			return t, err
		}
		n, err := network.New()
		if err != nil {
			return t, err
		}
		defer func() { err = errors.Join(err, n.Close()) }()
		o := one
		o.from = n.Spare
		return on(o, wide, func(ctx context.Context, s set) (ordeal.Tally, error) {
			return p.play(ctx, s, n, size)
		})(ctx, s)
	}
}

func (p partition) play(ctx context.Context, s set, n *network.Network, size int) (ordeal.Tally, error) {
	var from ordeal.Feed = s.topic
	if p.patient {
		from = patient{s.topic}
	}
	seat := size - 1
	f := s.fleet(from, size)
	f.Pace = func(put int) int {
		if put >= s.Calls-s.Calls/withheld {
			return 0
		}
		return pace
	}
	f.Move = func(of int, product ordeal.Binary, env map[string]string) (ordeal.Binary, error) {
		if of != seat {
			return product, nil
		}
		product.Command = n.Here.Command
		return product, s.reach(n, env)
	}
	f.Course = func(ctx context.Context, f *ordeal.Fleet, t *ordeal.Tally) error {
		return p.happen(ctx, s, n, f, seat, t)
	}
	return f.Run(ctx, s.Rand)
}

// reach has There stand for Segment by the address that has a name, and for the
// brokers by the other, and tells a process so.
func (s set) reach(n *network.Network, env map[string]string) error {
	var brokers []string
	for _, b := range s.brokers {
		at := netip.AddrPortFrom(n.Spare, uint16(b.outside))
		if err := n.Forward(at, fmt.Sprintf("127.0.0.1:%d", b.outside)); err != nil {
			return err
		}
		brokers = append(brokers, at.String())
	}
	endpoint, err := url.Parse(env["SEGMENT_ENDPOINT"])
	if err != nil {
		return fmt.Errorf("reading the endpoint: %w", err)
	}
	segment, err := netip.ParseAddrPort(endpoint.Host)
	if err != nil {
		return fmt.Errorf("reading the endpoint: %w", err)
	}
	if err := n.Forward(netip.AddrPortFrom(n.Server, segment.Port()), endpoint.Host); err != nil {
		return err
	}
	endpoint.Host = net.JoinHostPort(network.Name, endpoint.Port())
	env["SEGMENT_ENDPOINT"], env["KAFKA_BROKERS"] = endpoint.String(), strings.Join(brokers, ",")
	return nil
}

// happen cuts a process off in the middle of a request, which Segment has
// accepted and not answered, and heals that. The process has to come back.
func (p partition) happen(ctx context.Context, s set, n *network.Network, f *ordeal.Fleet, seat int, t *ordeal.Tally) error {
	if err := f.AwaitArrived(ctx, 1+s.Rand.IntN(s.Calls/4)); err != nil {
		return err
	}
	before, err := s.memberIDs(ctx)
	if err != nil {
		return err
	}
	release, err := f.Hold(ctx, seat)
	if err != nil {
		return err
	}
	heal, err := p.cut(n)
	release()
	if err != nil {
		return err
	}
	t.Kills++
	if err := errors.Join(p.until(ctx, s, f), heal()); err != nil {
		return err
	}
	err = until(ctx, "the process that was cut off has partitions again", func(ctx context.Context) (bool, error) {
		return s.shared(ctx, len(f.Seats()))
	})
	if err != nil {
		return err
	}
	after, err := s.memberIDs(ctx)
	if err == nil && p.patient && !slices.Equal(before, after) {
		err = fmt.Errorf("the group has other members than before: %v instead of %v", after, before)
	}
	return err
}

// expelled waits until the group goes on without the process, and until the
// others have delivered all that has come in: what its partitions have, too.
func expelled(ctx context.Context, s set, f *ordeal.Fleet) error {
	err := until(ctx, "the group goes on without the process that is cut off", func(ctx context.Context) (bool, error) {
		return s.members(ctx, len(f.Seats())-1)
	})
	if err != nil {
		return err
	}
	return f.AwaitArrived(ctx, s.Calls-s.Calls/withheld)
}

// unnoticed waits until the others have delivered a good deal. The group is to
// stay as it is.
func unnoticed(ctx context.Context, s set, f *ordeal.Fleet) error {
	return f.AwaitArrived(ctx, s.Calls/2)
}

// patient processes have the time-outs of our pipelines, before a group takes
// them for dead.
type patient struct{ *topic.Topic }

func (p patient) Seat(seat int) map[string]string {
	env := p.Topic.Seat(seat)
	delete(env, "KAFKA_SESSION_TIMEOUT")
	delete(env, "KAFKA_HEARTBEAT")
	delete(env, "KAFKA_REBALANCE_TIMEOUT")
	return env
}
