package network

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
)

// Forward has There take connections at one of its addresses, and carries what
// they bring to a server of this machine, which is outside of the network. It
// ends with the network.
func (n *Network) Forward(at netip.AddrPort, to string) error {
	listener, err := n.There.Listen("tcp", at.String())
	if err != nil {
		return fmt.Errorf("forwarding %s: %w", at, err)
	}
	f := &forwarder{listener: listener, to: to, open: map[*net.TCPConn]bool{}}
	f.carrying.Go(f.accept)
	n.forwarders = append(n.forwarders, f)
	return nil
}

type forwarder struct {
	listener net.Listener
	to       string
	carrying sync.WaitGroup

	mu     sync.Mutex
	open   map[*net.TCPConn]bool
	closed bool
}

func (f *forwarder) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.carrying.Go(func() { f.carry(conn.(*net.TCPConn)) })
	}
}

// carry connects to the server. Where that refuses, so does There.
func (f *forwarder) carry(near *net.TCPConn) {
	defer near.Close()
	conn, err := net.Dial("tcp", f.to)
	if err != nil {
		_ = near.SetLinger(0) // a reset, where it still can be one
		return
	}
	far := conn.(*net.TCPConn)
	defer far.Close()
	if !f.keep(near, far) {
		return
	}
	defer f.forget(near, far)
	var back sync.WaitGroup
	back.Go(func() { pour(near, far) })
	pour(far, near)
	back.Wait()
}

// pour copies until the end and hands that on. Where a connection breaks, both
// do.
func pour(to, from *net.TCPConn) {
	_, err := io.Copy(to, from)
	if err == nil {
		err = to.CloseWrite()
	}
	if err != nil {
		_ = to.Close() // which may be closed already
		_ = from.Close()
	}
}

// keep returns false where the forwarder has ended.
func (f *forwarder) keep(conns ...*net.TCPConn) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range conns {
		f.open[conn] = true
	}
	return !f.closed
}

func (f *forwarder) forget(conns ...*net.TCPConn) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, conn := range conns {
		delete(f.open, conn)
	}
}

// end closes everything, and waits for nobody on the other side: that could be
// cut off.
func (f *forwarder) end() error {
	err := f.listener.Close()
	f.mu.Lock()
	f.closed = true
	for conn := range f.open {
		_ = conn.SetLinger(0) // nobody reads the rest
		_ = conn.Close()      // which may be closed already
	}
	f.mu.Unlock()
	f.carrying.Wait()
	return err
}
