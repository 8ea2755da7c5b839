package network

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/sys/unix"
)

const (
	// prefix tells our namespaces from those of others. The process that made
	// one follows, and a number.
	prefix = "benthos-segment-e2e-"
	// ip keeps namespaces by their names in the first folder, and what takes the
	// place of files of /etc in them in the second.
	namespaces = "/run/netns"
	etcetera   = "/etc/netns"
)

var made atomic.Int64

// Machine is one namespace: interfaces, routes and ports of its own.
type Machine struct{ name string }

func newMachine(role string) (*Machine, error) {
	m := &Machine{name: fmt.Sprintf("%s%d-%d-%s", prefix, os.Getpid(), made.Add(1), role)}
	if err := run("ip", "netns", "add", m.name); err != nil {
		return nil, err
	}
	if err := errors.Join(m.ip("link set lo up"), os.MkdirAll(m.etc(""), 0o755)); err != nil {
		return nil, errors.Join(err, m.remove())
	}
	return m, nil
}

// Command is what runs a program on the machine. The process is the program
// itself, and may be killed.
func (m *Machine) Command(path string, args ...string) []string {
	return append([]string{"ip", "netns", "exec", m.name, path}, args...)
}

// Run runs a program on the machine until it ends.
func (m *Machine) Run(path string, args ...string) error {
	command := m.Command(path, args...)
	return run(command[0], command[1:]...)
}

// ip runs one command of ip on the machine.
func (m *Machine) ip(format string, args ...any) error {
	return run("ip", append([]string{"-n", m.name}, strings.Fields(fmt.Sprintf(format, args...))...)...)
}

func run(path string, args ...string) error {
	said, err := exec.Command(path, args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%s %s: %w: %s", path, strings.Join(args, " "), err, bytes.TrimSpace(said))
	}
	return nil
}

// Listen listens on the machine. Whoever accepts need not be there.
func (m *Machine) Listen(network, address string) (listener net.Listener, err error) {
	err = m.on(func() error {
		listener, err = net.Listen(network, address)
		return err
	})
	return listener, err
}

// ListenPacket is Listen for packets.
func (m *Machine) ListenPacket(network, address string) (conn net.PacketConn, err error) {
	err = m.on(func() error {
		conn, err = net.ListenPacket(network, address)
		return err
	})
	return conn, err
}

// Dial connects from the machine to an address without a name.
func (m *Machine) Dial(ctx context.Context, network, address string) (conn net.Conn, err error) {
	if _, err := netip.ParseAddrPort(address); err != nil {
		return nil, fmt.Errorf("dialling from a machine: %w", err)
	}
	err = m.on(func() error {
		conn, err = (&net.Dialer{}).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

// Tune sets a parameter of the kernel for the machine, by its path below
// /proc/sys/net.
func (m *Machine) Tune(parameter, value string) error {
	return m.on(func() error {
		return os.WriteFile(filepath.Join("/proc/sys/net", parameter), []byte(value), 0o600)
	})
}

func (m *Machine) tuneAll(parameters map[string]string) error {
	var broken []error
	for parameter, value := range parameters {
		broken = append(broken, m.Tune(parameter, value))
	}
	return errors.Join(broken...)
}

// on runs a function on a thread that is on the machine for as long. The thread
// must live on: children that are to die with us would die with it.
func (m *Machine) on(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("entering a namespace: %w", err)
	}
	defer home.Close()
	if err := m.enter(); err != nil {
		runtime.UnlockOSThread()
		return err
	}
	broken := f()
	if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
		// The thread stays locked to its goroutine: nobody else may use it.
		return errors.Join(broken, fmt.Errorf("leaving a namespace: %w", err))
	}
	runtime.UnlockOSThread()
	return broken
}

func (m *Machine) enter() error {
	space, err := os.Open(filepath.Join(namespaces, m.name))
	if err != nil {
		return fmt.Errorf("entering a namespace: %w", err)
	}
	defer space.Close()
	if err := unix.Setns(int(space.Fd()), unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("entering a namespace: %w", err)
	}
	return nil
}

// etc is the path of what programs on the machine see as a file of /etc.
func (m *Machine) etc(file string) string { return filepath.Join(etcetera, m.name, file) }

func (m *Machine) knowHost(name string, address netip.Addr) error {
	return os.WriteFile(m.etc("hosts"), fmt.Appendf(nil, "127.0.0.1 localhost\n%s %s\n", address, name), 0o644)
}

// AskForNames has programs on the machine ask a name server for every name. It
// is for those that start afterwards.
func (m *Machine) AskForNames(server netip.Addr) error {
	return errors.Join(
		os.WriteFile(m.etc("hosts"), []byte("127.0.0.1 localhost\n"), 0o644),
		os.WriteFile(m.etc("resolv.conf"), fmt.Appendf(nil, "nameserver %s\noptions timeout:1 attempts:2\n", server), 0o644),
	)
}

// remove ends what runs on the machine, and the machine.
func (m *Machine) remove() error {
	return errors.Join(m.endAll(), run("ip", "netns", "delete", m.name), os.RemoveAll(m.etc("")))
}

func (m *Machine) endAll() error {
	list, err := exec.Command("ip", "netns", "pids", m.name).Output()
	if err != nil {
		return fmt.Errorf("listing what runs in %s: %w", m.name, err)
	}
	for _, field := range strings.Fields(string(list)) {
		pid, err := strconv.Atoi(field)
		if err != nil || pid == os.Getpid() {
			continue
		}
		if err := syscall.Kill(pid, syscall.SIGKILL); err != nil && !errors.Is(err, syscall.ESRCH) {
			return fmt.Errorf("ending what runs in %s: %w", m.name, err)
		}
	}
	return nil
}
