package network

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/miekg/dns"
)

// Names is a name server on Way. It answers for every name with what it is
// told at the moment.
type Names struct {
	servers []*dns.Server
	serving sync.WaitGroup

	mu     sync.Mutex
	answer Answer
	asked  atomic.Int64
}

// Answer is what a name server says.
type Answer struct {
	Addresses []netip.Addr
	// Code is one of the codes of DNS, such as dns.RcodeServerFailure.
	Code int
	// Silent: it says nothing.
	Silent bool
	// OverTCP: what it says by UDP is cut short.
	OverTCP bool
}

// ServeNames starts a name server that Here is told to ask.
func (n *Network) ServeNames(first Answer) (*Names, error) {
	s := &Names{answer: first}
	address := net.JoinHostPort(n.Proxy.String(), "53")
	packets, err := n.Way.ListenPacket("udp", address)
	if err != nil {
		return nil, err
	}
	listener, err := n.Way.Listen("tcp", address)
	if err != nil {
		_ = packets.Close() // nobody has used it
		return nil, err
	}
	s.servers = []*dns.Server{
		{PacketConn: packets, Handler: s.handler(true)},
		{Listener: listener, Handler: s.handler(false)},
	}
	for _, server := range s.servers {
		if err := s.start(server); err != nil {
			s.Close()
			return nil, errors.Join(err, packets.Close(), listener.Close())
		}
	}
	if err := n.Here.AskForNames(n.Proxy); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// start has a server answer, until Close.
func (s *Names) start(server *dns.Server) error {
	started, ended := make(chan struct{}), make(chan error, 1)
	server.NotifyStartedFunc = func() { close(started) }
	s.serving.Go(func() { ended <- server.ActivateAndServe() })
	select {
	case <-started:
		return nil
	case err := <-ended:
		return fmt.Errorf("starting a name server: %w", err)
	}
}

// Say changes the answer.
func (s *Names) Say(a Answer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.answer = a
}

// Asked is how often somebody has asked.
func (s *Names) Asked() int64 { return s.asked.Load() }

// Close stops the name server.
func (s *Names) Close() {
	for _, server := range s.servers {
		_ = server.Shutdown() // which fails where it has not started
	}
	s.serving.Wait()
}

func (s *Names) handler(isUDP bool) dns.HandlerFunc {
	return func(w dns.ResponseWriter, question *dns.Msg) {
		s.asked.Add(1)
		s.mu.Lock()
		said := s.answer
		s.mu.Unlock()
		if said.Silent {
			return
		}
		reply := new(dns.Msg).SetReply(question)
		reply.Rcode = said.Code
		if reply.Truncated = said.OverTCP && isUDP; !reply.Truncated {
			reply.Answer = recordsOf(question.Question[0], said.Addresses)
		}
		_ = w.WriteMsg(reply) // to somebody who may be gone
	}
}

// recordsOf are the addresses of the family that is asked for.
func recordsOf(question dns.Question, addresses []netip.Addr) (records []dns.RR) {
	header := dns.RR_Header{Name: strings.ToLower(question.Name), Rrtype: question.Qtype, Class: dns.ClassINET}
	for _, address := range addresses {
		switch {
		case question.Qtype == dns.TypeA && address.Is4():
			records = append(records, &dns.A{Hdr: header, A: address.AsSlice()})
		case question.Qtype == dns.TypeAAAA && address.Is6():
			records = append(records, &dns.AAAA{Hdr: header, AAAA: address.AsSlice()})
		}
	}
	return records
}
