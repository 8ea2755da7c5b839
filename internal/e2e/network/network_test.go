package network

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/miekg/dns"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const port = "8080"

// theNetwork is one that is removed again.
func theNetwork(t *testing.T, make func() (*Network, error)) *Network {
	t.Helper()
	t.Parallel()
	trial.Require(t, needs.Root, needs.IP, needs.IPTables)
	n, err := make()
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, n.Close()) })
	return n
}

// echo answers each line on There with itself, until the test is over.
func echo(t *testing.T, n *Network) {
	t.Helper()
	listener, err := n.There.Listen("tcp", net.JoinHostPort(n.Server.String(), port))
	require.NoError(t, err)
	var conns []net.Conn
	ended := make(chan struct{})
	serving := make(chan struct{})
	go func() {
		defer close(serving)
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			conns = append(conns, conn)
			go func() { _, _ = io.Copy(conn, conn); ended <- struct{}{} }()
		}
	}()
	t.Cleanup(func() {
		assert.NoError(t, listener.Close())
		<-serving
		for _, conn := range conns {
			_ = conn.Close()
		}
		for range conns {
			<-ended
		}
	})
}

func dial(t *testing.T, n *Network, patience time.Duration) (net.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := n.Here.Dial(ctx, "tcp", net.JoinHostPort(n.Server.String(), port))
	if err == nil {
		t.Cleanup(func() { _ = conn.Close() })
	}
	return conn, err
}

const (
	// patience is for what does not come, long for what has to.
	patience = 500 * time.Millisecond
	long     = 30 * time.Second
)

// hears says whether a line comes back in time.
func hears(t *testing.T, conn net.Conn, line string, patience time.Duration) bool {
	t.Helper()
	require.NoError(t, conn.SetDeadline(time.Now().Add(patience)))
	go func() { _, _ = io.WriteString(conn, line+"\n") }()
	said, err := bufio.NewReaderSize(conn, 1<<20).ReadString('\n')
	return err == nil && said == line+"\n"
}

func TestTwoMachinesReachEachOtherThroughAThird(t *testing.T) {
	for name, make := range map[string]func() (*Network, error){"IPv4": New, "IPv6": New6} {
		t.Run(name, func(t *testing.T) {
			n := theNetwork(t, make)
			echo(t, n)

			conn, err := dial(t, n, long)

			require.NoError(t, err)
			assert.True(t, hears(t, conn, "hello", long))
		})
	}
}

func TestWhatIsDroppedIsNotHeardUntilItIsHealed(t *testing.T) {
	for name, make := range map[string]func() (*Network, error){"IPv4": New, "IPv6": New6} {
		t.Run(name, func(t *testing.T) {
			n := theNetwork(t, make)
			echo(t, n)
			for _, direction := range []Direction{Both, Forth, Back} {
				conn, err := dial(t, n, long)
				require.NoError(t, err)
				heal, err := n.Drop(direction)
				require.NoError(t, err)

				assert.False(t, hears(t, conn, "lost", patience))
				_, err = dial(t, n, patience)
				assert.Error(t, err)

				require.NoError(t, heal())
				conn, err = dial(t, n, long)
				require.NoError(t, err)
				assert.True(t, hears(t, conn, "found", long))
			}
		})
	}
}

func TestForgottenConnectionsAreSilentAndNewOnesWork(t *testing.T) {
	n := theNetwork(t, New)
	echo(t, n)
	old, err := dial(t, n, long)
	require.NoError(t, err)
	require.NoError(t, n.Forget())

	assert.False(t, hears(t, old, "old", patience))
	fresh, err := dial(t, n, long)
	require.NoError(t, err)
	assert.True(t, hears(t, fresh, "new", long))
}

func TestARouterRefusesInThePlaceOfTheServer(t *testing.T) {
	n := theNetwork(t, New)
	for with, says := range map[string]string{"tcp-reset": "connection refused", "icmp-host-unreachable": "no route to host"} {
		heal, err := n.Refuse(with)
		require.NoError(t, err)

		_, err = dial(t, n, long)

		assert.ErrorContains(t, err, says)
		require.NoError(t, heal())
	}
}

func TestABlackHoleTakesLargePacketsOnly(t *testing.T) {
	for name, make := range map[string]func() (*Network, error){"IPv4": New, "IPv6": New6} {
		t.Run(name, func(t *testing.T) {
			n := theNetwork(t, make)
			echo(t, n)
			widen, err := n.Narrow(1300)
			require.NoError(t, err)
			conn, err := dial(t, n, long)
			require.NoError(t, err)

			assert.True(t, hears(t, conn, "small", long))
			assert.False(t, hears(t, conn, strings.Repeat("large", 1000), patience))

			require.NoError(t, widen())
			conn, err = dial(t, n, long)
			require.NoError(t, err)
			assert.True(t, hears(t, conn, strings.Repeat("large", 1000), long))
		})
	}
}

func TestALimitHoldsDataBack(t *testing.T) {
	n := theNetwork(t, New)
	echo(t, n)
	require.NoError(t, n.Limit("256kbit"))
	conn, err := dial(t, n, long)
	require.NoError(t, err)
	began := time.Now()

	require.True(t, hears(t, conn, strings.Repeat("x", 32_000), long))

	assert.Greater(t, time.Since(began), 500*time.Millisecond, "a second at 32 KB a second, less what is let through at once")
}

func TestWhatIsLostIsSentAgain(t *testing.T) {
	n := theNetwork(t, New)
	echo(t, n)
	heal, err := n.Lose(20)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		conn, err := dial(t, n, long)
		return err == nil && hears(t, conn, strings.Repeat("x", 100_000), long)
	}, time.Minute, 10*time.Millisecond)
	said, err := retransmissions(n.Here)
	require.NoError(t, err)
	assert.Positive(t, said)
	require.NoError(t, heal())
}

// retransmissions are what the kernel has sent again on a machine.
func retransmissions(m *Machine) (n int, err error) {
	var text []byte
	if err := m.on(func() (err error) { text, err = os.ReadFile("/proc/thread-self/net/snmp"); return err }); err != nil {
		return 0, err
	}
	var names, values []string
	for line := range strings.Lines(string(text)) {
		if fields := strings.Fields(line); fields[0] == "Tcp:" {
			names, values = values, fields
		}
	}
	for i, name := range names {
		if name == "RetransSegs" {
			_, err := fmt.Sscan(values[i], &n)
			return n, err
		}
	}
	return 0, fmt.Errorf("no count of retransmissions in %q", text)
}

func TestAWireTakesItsTimeAndChangesTheOrderOfPackets(t *testing.T) {
	n := theNetwork(t, func() (*Network, error) {
		return NewWired(Manner{Delay: 50 * time.Millisecond, Jitter: 50 * time.Millisecond, Seed: 1})
	})
	there, err := n.There.ListenPacket("udp", net.JoinHostPort(n.Server.String(), port))
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, there.Close()) })
	here, err := n.Here.Dial(t.Context(), "udp", there.LocalAddr().String())
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, here.Close()) })

	began := time.Now()
	for i := range byte(50) {
		_, err := here.Write([]byte{i})
		require.NoError(t, err)
	}
	var came []byte
	packet := make([]byte, 10)
	require.NoError(t, there.SetReadDeadline(time.Now().Add(long)))
	for range 50 {
		length, _, err := there.ReadFrom(packet)
		require.NoError(t, err)
		came = append(came, packet[:length]...)
		assert.GreaterOrEqual(t, time.Since(began), 50*time.Millisecond)
	}

	assert.False(t, slices.IsSorted(came), came)
}

func TestANameServerChangesItsAnswer(t *testing.T) {
	n := theNetwork(t, New)
	s, err := n.ServeNames(Answer{Addresses: []netip.Addr{n.Server}})
	require.NoError(t, err)
	t.Cleanup(s.Close)
	ask := func(network string, timeout time.Duration) (*dns.Msg, error) {
		conn, err := n.Here.Dial(t.Context(), network, net.JoinHostPort(n.Proxy.String(), "53"))
		require.NoError(t, err)
		defer conn.Close()
		c := &dns.Client{Net: network, Timeout: timeout}
		said, _, err := c.ExchangeWithConn(new(dns.Msg).SetQuestion("segment.", dns.TypeA), &dns.Conn{Conn: conn})
		return said, err
	}
	said, err := ask("udp", long)
	require.NoError(t, err)
	assert.Equal(t, n.Server.String(), said.Answer[0].(*dns.A).A.String())

	s.Say(Answer{Addresses: []netip.Addr{n.Spare}, OverTCP: true})
	said, err = ask("udp", long)
	require.NoError(t, err)
	assert.True(t, said.Truncated)
	said, err = ask("tcp", long)
	require.NoError(t, err)
	assert.Equal(t, n.Spare.String(), said.Answer[0].(*dns.A).A.String())

	s.Say(Answer{Code: dns.RcodeServerFailure})
	said, err = ask("udp", long)
	require.NoError(t, err)
	assert.Equal(t, dns.RcodeServerFailure, said.Rcode)

	s.Say(Answer{Silent: true})
	_, err = ask("udp", patience)
	assert.Error(t, err)
	resolver, err := os.ReadFile(n.Here.etc("resolv.conf"))
	require.NoError(t, err)
	assert.Contains(t, string(resolver), "nameserver "+n.Proxy.String())
}

func TestNothingIsLeftOfANetwork(t *testing.T) {
	n := theNetwork(t, New)
	sleeping := filepath.Join(t.TempDir(), "sleeping")
	command := n.There.Command("sh", "-c", "touch "+sleeping+"; exec sleep 1000")
	ended := make(chan error, 1)
	go func() { ended <- run(command[0], command[1:]...) }()
	require.Eventually(t, func() bool { _, err := os.Stat(sleeping); return err == nil }, long, time.Millisecond)

	require.NoError(t, n.There.remove())

	assert.ErrorContains(t, <-ended, "killed")
	assert.NoFileExists(t, filepath.Join(namespaces, n.There.name))
	assert.NoDirExists(t, n.There.etc(""))
	n.There = nil
}

func TestTheMachinesOfProcessesThatAreGoneAreRemoved(t *testing.T) {
	n := theNetwork(t, New)
	const gone = prefix + "999999999-1-here"
	require.NoError(t, run("ip", "netns", "add", gone))
	assert.True(t, isStale(gone))
	for _, name := range []string{n.Here.name, "benthos-segment-e2e-x-1-here", "somebody-elses"} {
		assert.False(t, isStale(name), name)
	}

	require.NoError(t, RemoveStale())

	assert.NoFileExists(t, filepath.Join(namespaces, gone))
	assert.FileExists(t, filepath.Join(namespaces, n.Here.name))
}
