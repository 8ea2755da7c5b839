package network

import (
	"container/heap"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/netip"
	"os"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// Manner is how a wire carries packets.
type Manner struct {
	// Delay is how long each packet takes, and Jitter by how much more at most.
	// Where that is more than the time between two packets, they change places.
	Delay, Jitter time.Duration
	Seed          uint64
}

// wire is a cable from Here to There that we carry every packet over ourselves.
type wire struct {
	ends     []io.Closer
	carrying sync.WaitGroup
}

// NewWired makes a network without a router: a wire instead of it.
func NewWired(manner Manner) (n *Network, err error) {
	n = &Network{Server: netip.MustParseAddr(addressThere), wire: &wire{}}
	if n.Here, err = newMachine(towardsHere); err == nil {
		n.There, err = newMachine(towardsThere)
	}
	if err == nil {
		err = errors.Join(n.wire.lay(n, manner), n.Here.knowHost(Name, n.Server), n.await())
	}
	if err != nil {
		return nil, errors.Join(err, n.Close())
	}
	return n, nil
}

func (w *wire) lay(n *Network, manner Manner) error {
	here, err := n.Here.plug(addressHere, addressThere)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, here)
	there, err := n.There.plug(addressThere, addressHere)
	if err != nil {
		return err
	}
	w.ends = append(w.ends, there)
	w.carry(there, here, manner)
	manner.Seed++
	w.carry(here, there, manner)
	return nil
}

// cut ends the carrying.
func (w *wire) cut() error {
	var broken []error
	for _, end := range w.ends {
		broken = append(broken, end.Close())
	}
	w.carrying.Wait()
	return errors.Join(broken...)
}

// plug is the end of a wire on a machine: what the kernel sends to it can be
// read, and what is written to it the kernel receives.
func (m *Machine) plug(address, peer string) (io.ReadWriteCloser, error) {
	var end *os.File
	if err := m.on(func() (err error) { end, err = openTUN(towardsWay); return err }); err != nil {
		return nil, err
	}
	err := errors.Join(
		m.ip("address add %s peer %s dev %s", address, peer, towardsWay),
		m.ip("link set %s txqueuelen 1000 up", towardsWay),
	)
	if err != nil {
		return nil, errors.Join(err, end.Close())
	}
	return end, nil
}

func openTUN(name string) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("opening /dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("making a TUN interface: %w", err), unix.Close(fd))
	}
	return os.NewFile(uintptr(fd), name), nil
}

// largestPacket is more than the interfaces let through.
const largestPacket = 4 << 10

// carry takes packets from one end to the other until either is closed.
func (w *wire) carry(to io.Writer, from io.Reader, manner Manner) {
	arriving := make(chan []byte)
	w.carrying.Go(func() {
		defer close(arriving)
		for {
			packet := make([]byte, largestPacket)
			length, err := from.Read(packet)
			if err != nil {
				return
			}
			arriving <- packet[:length]
		}
	})
	w.carrying.Go(func() { manner.deliver(to, arriving) })
}

// deliver writes each packet when it is due.
func (manner Manner) deliver(to io.Writer, arriving <-chan []byte) {
	rng := rand.New(rand.NewPCG(manner.Seed, 0))
	var under flight
	due := time.NewTimer(time.Hour)
	defer due.Stop()
	for n := 0; ; n++ {
		if len(under) > 0 {
			due.Reset(time.Until(under[0].due))
		}
		select {
		case packet, more := <-arriving:
			if !more {
				return
			}
			late := manner.Delay
			if manner.Jitter > 0 {
				late += time.Duration(rng.Int64N(int64(manner.Jitter)))
			}
			heap.Push(&under, airborne{time.Now().Add(late), n, packet})
		case <-due.C:
			for len(under) > 0 && time.Until(under[0].due) <= 0 {
				// What the other end does not take is lost, as on any wire.
				_, _ = to.Write(heap.Pop(&under).(airborne).packet)
			}
		}
	}
}

// airborne is a packet on its way.
type airborne struct {
	due    time.Time
	n      int
	packet []byte
}

// flight is what is on its way, the next to arrive first.
type flight []airborne

var _ heap.Interface = (*flight)(nil)

func (f flight) Len() int { return len(f) }
func (f flight) Less(i, j int) bool {
	if f[i].due.Equal(f[j].due) {
		return f[i].n < f[j].n
	}
	return f[i].due.Before(f[j].due)
}
func (f flight) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flight) Push(x any)   { *f = append(*f, x.(airborne)) }
func (f *flight) Pop() any {
	last := len(*f) - 1
	packet := (*f)[last]
	(*f)[last] = airborne{}
	*f = (*f)[:last]
	return packet
}
