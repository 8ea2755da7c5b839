package links

import (
	"net/netip"
	"time"

	"github.com/miekg/dns"

	"benthos-segment/internal/e2e/network"
	"benthos-segment/internal/e2e/trial"
)

func (c course) rounds() []trial.Round {
	return append(append(c.bad(), c.broken()...), c.names()...)
}

// tooSlow is a link that does not carry a full request, some 350 KB after
// compression, within the timeout.
const tooSlow = "a link too slow for a full request"

// bad are links that carry everything, in the end.
func (c course) bad() []trial.Round {
	return []trial.Round{
		c.round("256 kbit/s", link{from: limited("256kbit"), share: 5}),
		c.round("256 kbit/s, HTTP/2", link{from: limited("256kbit"), share: 5, secure: true}),
		c.round("64 kbit/s", link{from: limited("64kbit"), share: 12}),
		c.round(tooSlow, link{from: limited(c.tooSlow), share: 3, full: true}),
		c.round(tooSlow+", HTTP/2", link{from: limited(c.tooSlow), share: 3, full: true, secure: true}),
		c.round("1 % of packets lost", link{from: losing(1)}),
		c.round("5 % of packets lost", link{from: losing(5)}),
		c.round("5 % of packets lost, HTTP/2", link{from: losing(5), secure: true}),
		c.round("20 % of packets lost", link{from: losing(20), share: 5}),
		c.round("300 ms there and back", link{make: wired(network.Manner{Delay: 150 * time.Millisecond})}),
		c.round("packets out of order", link{make: wired(network.Manner{Delay: 5 * time.Millisecond, Jitter: 20 * time.Millisecond})}),
		c.round("packets out of order, HTTP/2", link{make: wired(network.Manner{Delay: 5 * time.Millisecond, Jitter: 20 * time.Millisecond}), secure: true}),
		c.round("IPv6 only", link{make: over6}),
	}
}

// broken are links that carry nothing for a while.
func (c course) broken() []trial.Round {
	return []trial.Round{
		c.round("a partition in the middle of a request", link{strikes: twice(cut(network.Both))}),
		c.round("a partition in the middle of a request, HTTP/2", link{strikes: twice(cut(network.Both)), secure: true}),
		c.round("a partition in the middle of a request, IPv6", link{strikes: twice(cut(network.Both)), make: over6}),
		c.round("requests get lost, answers would not", link{strikes: twice(cut(network.Forth))}),
		c.round("answers get lost, requests do not", link{strikes: twice(cut(network.Back))}),
		c.round("answers get lost, requests do not, HTTP/2", link{strikes: twice(cut(network.Back)), secure: true}),
		c.round("half-open connections: a firewall forgot them", link{strikes: twice(forgotten)}),
		c.round("half-open connections: a firewall forgot them, HTTP/2", link{strikes: twice(forgotten), secure: true}),
		c.round("half-open connections: the server is another machine", link{strikes: twice(replaced)}),
		c.round("half-open connections: the server is another machine, HTTP/2", link{strikes: twice(replaced), secure: true}),
		c.round("a router resets connections", link{strikes: twice(refused("tcp-reset"))}),
		c.round("a router says that the host is unreachable", link{strikes: twice(refused("icmp-host-unreachable"))}),
		c.round("a firewall says that it is prohibited", link{strikes: twice(refused("icmp-admin-prohibited"))}),
		c.round("an MTU black hole, until it is gone", link{strikes: twice(narrow)}),
		c.round("an MTU black hole, until it is gone, HTTP/2", link{strikes: twice(narrow), secure: true}),
		c.round("an MTU black hole for ever, with tcp_mtu_probing", link{from: probing, strikes: []strike{narrowForEver}, gentle: true}),
	}
}

// names are links whose end has to be found first.
func (c course) names() []trial.Round {
	server, spare := netip.MustParseAddr("198.51.100.2"), netip.MustParseAddr("198.51.100.3")
	nowhere, nowhere6 := netip.MustParseAddr("198.51.100.99"), netip.MustParseAddr("2001:db8:2::99")
	at := func(addresses ...netip.Addr) network.Answer { return network.Answer{Addresses: addresses} }
	found := at(server)
	return []trial.Round{
		c.round("a name gets another address, and the old one is silent", link{names: &found, strikes: []strike{moved(server, at(spare))}}),
		c.round("a name gets another address, and the old one is silent, HTTP/2", link{names: &found, strikes: []strike{moved(server, at(spare))}, secure: true}),
		c.round("a name is unknown for a while", link{names: &found, strikes: twice(says(network.Answer{Code: dns.RcodeNameError}, found))}),
		c.round("a name server fails for a while", link{names: &found, strikes: twice(says(network.Answer{Code: dns.RcodeServerFailure}, found))}),
		c.round("a name server is silent for a while", link{names: &found, strikes: twice(says(network.Answer{Silent: true}, found))}),
		c.round("a name server answers over TCP only", link{names: &network.Answer{Addresses: found.Addresses, OverTCP: true}}),
		c.round("of two addresses the first is dead", link{names: &network.Answer{Addresses: []netip.Addr{nowhere, server}}}),
		c.round("the address of IPv6 leads nowhere", link{names: &network.Answer{Addresses: []netip.Addr{nowhere6, server}}}),
	}
}

func limited(rate string) func(*network.Network) error {
	return func(n *network.Network) error { return n.Limit(rate) }
}

func losing(percent float64) func(*network.Network) error {
	return func(n *network.Network) error { _, err := n.Lose(percent); return err }
}

func probing(n *network.Network) error { return n.Here.Tune("ipv4/tcp_mtu_probing", "1") }

func wired(manner network.Manner) func(uint64) (*network.Network, error) {
	return func(seed uint64) (*network.Network, error) {
		manner.Seed = seed
		return network.NewWired(manner)
	}
}

func over6(uint64) (*network.Network, error) { return network.New6() }

func twice(s strike) []strike { return []strike{s, s} }

func cut(d network.Direction) strike {
	return func(s *scene) (network.Heal, error) { return s.net.Drop(d) }
}

func forgotten(s *scene) (network.Heal, error) { return nil, s.net.Forget() }

// replaced cuts the link, so that nobody learns of the end of the machine.
func replaced(s *scene) (network.Heal, error) {
	heal, err := s.net.Drop(network.Both)
	if err != nil {
		return nil, err
	}
	return heal, s.trip.Replace()
}

// refused also ends the connections that are there.
func refused(with string) strike {
	return func(s *scene) (network.Heal, error) { return s.net.Refuse(with) }
}

// narrowest is what a packet may have at the most, instead of 1,500 bytes. Go
// writes small records of TLS at first, which would fit into a little more.
const narrowest = 1000

func narrow(s *scene) (network.Heal, error) { return s.net.Narrow(narrowest) }

func narrowForEver(s *scene) (network.Heal, error) {
	_, err := s.net.Narrow(narrowest)
	return nil, err
}

// moved has an address go silent, and the name lead to another one.
func moved(from netip.Addr, to network.Answer) strike {
	return func(s *scene) (network.Heal, error) {
		_, err := s.net.DropTo(from)
		s.names.Say(to)
		return nil, err
	}
}

// says has the name server say something else, while every connection ends: it
// is asked for new ones only.
func says(a, then network.Answer) strike {
	return func(s *scene) (network.Heal, error) {
		s.names.Say(a)
		return func() error { s.names.Say(then); return nil }, s.trip.Replace()
	}
}
