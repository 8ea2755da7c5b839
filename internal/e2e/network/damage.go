package network

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"
)

// Direction is the way of the packets that something happens to.
type Direction int

const (
	// Both is every packet, Forth what goes to There, Back what comes from it.
	Both Direction = iota
	Forth
	Back
)

// Heal ends a damage.
type Heal func() error

// Drop loses every packet between Way and There, without a word to anybody.
func (n *Network) Drop(d Direction) (Heal, error) {
	return n.apply(between(d, "", "-j DROP"))
}

// Lose loses so many percent of all packets between Way and There.
func (n *Network) Lose(percent float64) (Heal, error) {
	return n.apply(between(Both, "", fmt.Sprintf("-m statistic --mode random --probability %.4f -j DROP", percent/100)))
}

// Refuse has Way answer in the place of There: by a reset, or by the word of
// ICMP that is given, such as icmp-host-prohibited.
func (n *Network) Refuse(with string) (Heal, error) {
	return n.apply([]rule{{"filter", "FORWARD", fmt.Sprintf("-i %s -p tcp -j REJECT --reject-with %s", towardsHere, with)}})
}

// DropTo loses every packet for one address of There.
func (n *Network) DropTo(address netip.Addr) (Heal, error) {
	return n.apply([]rule{{"mangle", "PREROUTING", fmt.Sprintf("-i %s -d %s -j DROP", towardsHere, address)}})
}

// Cut loses every packet between Here and one address of There.
func (n *Network) Cut(address netip.Addr) (Heal, error) {
	return n.apply([]rule{
		{"mangle", "PREROUTING", fmt.Sprintf("-i %s -d %s -j DROP", towardsHere, address)},
		{"mangle", "PREROUTING", fmt.Sprintf("-i %s -s %s -j DROP", towardsThere, address)},
	})
}

// between are the rules for what leaves Way for There, and for what comes from
// there.
func between(d Direction, match, target string) (rules []rule) {
	if d != Back {
		rules = append(rules, rule{"mangle", "POSTROUTING", "-o " + towardsThere + " " + match + " " + target})
	}
	if d != Forth {
		rules = append(rules, rule{"mangle", "PREROUTING", "-i " + towardsThere + " " + match + " " + target})
	}
	return rules
}

// Each era has so many ports of Here.
const firstPort, portsOfEra = 20_000, 4_000

// Forget loses every packet of the connections that Here has made so far, as a
// middlebox does that forgot them, and a machine that is gone. New ones work.
func (n *Network) Forget() error {
	from := firstPort + n.era*portsOfEra
	n.era++
	if err := n.renumber(); err != nil {
		return err
	}
	ports := fmt.Sprintf("%d:%d", from, from+portsOfEra-1)
	_, err := n.apply([]rule{
		{"mangle", "PREROUTING", "-i " + towardsHere + " -p tcp --sport " + ports + " -j DROP"},
		{"mangle", "PREROUTING", "-i " + towardsThere + " -p tcp --dport " + ports + " -j DROP"},
	})
	return err
}

// renumber gives new connections of Here the ports of this era.
func (n *Network) renumber() error {
	from := firstPort + n.era*portsOfEra
	return n.Here.Tune("ipv4/ip_local_port_range", fmt.Sprintf("%d %d", from, from+portsOfEra-1))
}

// Limit lets so many bits a second pass, each way, with a queue of a fifth of a
// second as cheap routers have it. A rate is as tc takes it, such as 256kbit.
func (n *Network) Limit(rate string) error {
	var broken []error
	for _, link := range []string{towardsHere, towardsThere} {
		broken = append(broken, run("tc", "-n", n.Way.name, "qdisc", "add", "dev", link, "root", "tbf",
			"rate", rate, "burst", "3200", "latency", (200*time.Millisecond).String()))
	}
	return errors.Join(broken...)
}

// Narrow makes packets from Way to There smaller than Here and There can know,
// since nobody is told of those that are too large: a black hole.
func (n *Network) Narrow(bytes int) (Heal, error) {
	if err := n.Way.ip("link set %s mtu %d", towardsThere, bytes); err != nil {
		return nil, err
	}
	open, err := n.apply([]rule{{"filter", "OUTPUT", "-p " + n.family.icmp + " -j DROP"}})
	if err != nil {
		return nil, err
	}
	return func() error { return errors.Join(n.Way.ip("link set %s mtu 1500", towardsThere), open()) }, nil
}

// rule is what the firewall of Way does with some packets.
type rule struct{ table, chain, what string }

// apply adds rules, and returns what removes them.
func (n *Network) apply(rules []rule) (Heal, error) {
	for _, r := range rules {
		if err := n.write("-A", r); err != nil {
			return nil, err
		}
	}
	return func() error {
		var broken []error
		for _, r := range rules {
			broken = append(broken, n.write("-D", r))
		}
		return errors.Join(broken...)
	}, nil
}

func (n *Network) write(action string, r rule) error {
	args := append([]string{"-w", "-t", r.table, action, r.chain}, strings.Fields(r.what)...)
	return n.Way.Run(n.family.firewall, args...)
}
