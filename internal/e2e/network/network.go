// Package network makes networks of Linux namespaces: a machine that sends, one
// that is sent to, and a router between them on which everything can go wrong.
package network

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"time"

	"golang.org/x/sys/unix"
)

// The addresses are those that documents use, which no real network has.
// https://www.rfc-editor.org/rfc/rfc5737
// https://www.rfc-editor.org/rfc/rfc3849
const (
	addressHere     = "192.0.2.2"
	addressWayHere  = "192.0.2.1"
	addressWayThere = "198.51.100.1"
	addressThere    = "198.51.100.2"
	addressSpare    = "198.51.100.3"

	address6Here     = "2001:db8:1::2"
	address6WayHere  = "2001:db8:1::1"
	address6WayThere = "2001:db8:2::1"
	address6There    = "2001:db8:2::2"
)

// The interfaces are called by where they lead to. Each namespace has its own.
const (
	towardsHere  = "here"
	towardsWay   = "way"
	towardsThere = "there"
)

// Name is by which Here knows There, unless a name server says otherwise.
const Name = "segment"

// Network is three machines in a row. Way forwards what Here and There send to
// each other.
type Network struct {
	Here, Way, There *Machine
	// Server is the address of There, Spare another one of it, and Proxy that of
	// Way as Here sees it.
	Server, Spare, Proxy netip.Addr

	family family
	// era counts how often connections were forgotten.
	era int
	// wire takes the place of Way, or is nil.
	wire *wire
	// forwarders lead out of the network.
	forwarders []*forwarder
}

// New makes a network of IPv4.
func New() (*Network, error) {
	return make3(family{
		here: addressHere, wayHere: addressWayHere, wayThere: addressWayThere, there: addressThere, spare: addressSpare,
		bits: 24, forwarding: "ipv4/ip_forward", firewall: "iptables", icmp: "icmp",
	})
}

// New6 makes a network of IPv6 and nothing else.
func New6() (*Network, error) {
	return make3(family{
		here: address6Here, wayHere: address6WayHere, wayThere: address6WayThere, there: address6There,
		bits: 64, forwarding: "ipv6/conf/all/forwarding", firewall: "ip6tables", icmp: "ipv6-icmp",
		// An address is in use at once, and not after a second in which nobody
		// objects.
		tuning: map[string]string{"ipv6/conf/default/accept_dad": "0", "ipv6/conf/default/dad_transmits": "0"},
	})
}

// family is how machines are addressed.
type family struct {
	here, wayHere, wayThere, there, spare string
	bits                                  int
	// forwarding is the parameter of the kernel that makes a router.
	forwarding string
	// firewall is the program, icmp the protocol as that calls it.
	firewall, icmp string
	// tuning are parameters of the kernel for every machine, from its start on.
	tuning map[string]string
}

func make3(f family) (n *Network, err error) {
	n = &Network{family: f, Server: netip.MustParseAddr(f.there), Proxy: netip.MustParseAddr(f.wayHere)}
	if f.spare != "" {
		n.Spare = netip.MustParseAddr(f.spare)
	}
	machines := []**Machine{&n.Here, &n.Way, &n.There}
	for i, role := range []string{towardsHere, towardsWay, towardsThere} {
		if *machines[i], err = newMachine(role); err == nil {
			err = (*machines[i]).tuneAll(f.tuning)
		}
		if err != nil {
			return nil, errors.Join(err, n.Close())
		}
	}
	if err := errors.Join(n.join(f), n.renumber(), n.Here.knowHost(Name, n.Server), n.await()); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

// join lays the two cables and says who lives where.
func (n *Network) join(f family) error {
	err := errors.Join(
		n.Here.ip("link add %s type veth peer name %s netns %s", towardsWay, towardsHere, n.Way.name),
		n.There.ip("link add %s type veth peer name %s netns %s", towardsWay, towardsThere, n.Way.name),
	)
	if err != nil {
		return err
	}
	return errors.Join(
		n.Here.settle(towardsWay, f.here, f),
		n.Way.settle(towardsHere, f.wayHere, f),
		n.Way.settle(towardsThere, f.wayThere, f),
		n.There.settle(towardsWay, f.there, f),
		n.addSpare(f),
		n.Here.ip("route add default via %s", f.wayHere),
		n.There.ip("route add default via %s", f.wayThere),
		n.Way.Tune(f.forwarding, "1"),
	)
}

const (
	// A network works when There refuses a connection to this port.
	nobodysPort = 9
	attempts    = 100
	pause       = 500 * time.Millisecond
)

// await waits until the cables are in service and the neighbours know each
// other, which takes IPv6 a second.
func (n *Network) await() (err error) {
	for range attempts {
		ctx, cancel := context.WithTimeout(context.Background(), pause)
		var conn net.Conn
		conn, err = n.Here.Dial(ctx, "tcp", netip.AddrPortFrom(n.Server, nobodysPort).String())
		cancel()
		if errors.Is(err, unix.ECONNREFUSED) {
			return nil
		}
		if err == nil {
			return errors.Join(errors.New("somebody listens where nobody should"), conn.Close())
		}
	}
	return fmt.Errorf("waiting for a network to work: %w", err)
}

func (n *Network) addSpare(f family) error {
	if f.spare == "" {
		return nil
	}
	return n.There.ip("address add %s/%d dev %s", f.spare, f.bits, towardsWay)
}

// settle gives an interface its address and takes it into service. Packets have
// the size that they have on a cable: the kernel would hand over 64 KB at a
// time, and to lose one of these is another thing than to lose a packet.
func (m *Machine) settle(link, address string, f family) error {
	return errors.Join(
		m.ip("address add %s/%d dev %s", address, f.bits, link),
		m.ip("link set %s gso_max_segs 1", link),
		m.ip("link set %s up", link),
	)
}

// Close removes the machines, with what still runs on them.
func (n *Network) Close() error {
	var broken []error
	if n.wire != nil {
		broken = append(broken, n.wire.cut())
	}
	for _, f := range n.forwarders {
		broken = append(broken, f.end())
	}
	for _, m := range []*Machine{n.Here, n.Way, n.There} {
		if m != nil {
			broken = append(broken, m.remove())
		}
	}
	if err := errors.Join(broken...); err != nil {
		return fmt.Errorf("removing a network: %w", err)
	}
	return nil
}
