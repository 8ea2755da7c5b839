package network

import (
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// outside answers on this machine, each connection with what it brings.
func outside(t *testing.T) (address string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var serving sync.WaitGroup
	serving.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			serving.Go(func() {
				defer conn.Close()
				_, _ = io.Copy(conn, conn) // until somebody closes
			})
		}
	})
	t.Cleanup(func() {
		assert.NoError(t, listener.Close())
		serving.Wait()
	})
	return listener.Addr().String()
}

func TestAServerOutsideIsReachedThroughTheNetworkUntilThatIsCut(t *testing.T) {
	n := theNetwork(t, New)
	require.NoError(t, n.Forward(netip.AddrPortFrom(n.Server, 8080), outside(t)))
	require.NoError(t, n.Forward(netip.AddrPortFrom(n.Spare, 8080), outside(t)))
	reaches := func(address netip.Addr) bool {
		conn, err := n.Here.Dial(t.Context(), "tcp", netip.AddrPortFrom(address, 8080).String())
		require.NoError(t, err)
		defer conn.Close()
		require.NoError(t, conn.SetDeadline(time.Now().Add(long)))
		_, err = io.WriteString(conn, "hello")
		require.NoError(t, err)
		require.NoError(t, conn.(*net.TCPConn).CloseWrite())
		said, err := io.ReadAll(conn)
		return err == nil && string(said) == "hello"
	}
	assert.True(t, reaches(n.Server))
	conn, err := n.Here.Dial(t.Context(), "tcp", netip.AddrPortFrom(n.Server, 8080).String())
	require.NoError(t, err)
	defer conn.Close()
	require.True(t, hears(t, conn, "hello", long))

	heal, err := n.Cut(n.Server)

	require.NoError(t, err)
	assert.False(t, hears(t, conn, "lost", patience))
	assert.True(t, reaches(n.Spare), "another address is not cut off")
	require.NoError(t, heal())
	assert.True(t, reaches(n.Server))
	require.NoError(t, conn.SetDeadline(time.Now().Add(long)))
	require.NoError(t, conn.(*net.TCPConn).CloseWrite())
	said, err := io.ReadAll(conn)
	require.NoError(t, err)
	assert.Equal(t, "lost\n", string(said), "what was on its way when it was cut arrives when it is healed")
}

func TestWhereNobodyListensOutsideTheNetworkResets(t *testing.T) {
	n := theNetwork(t, New)
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, nobody.Close())
	require.NoError(t, n.Forward(netip.AddrPortFrom(n.Server, 8080), nobody.Addr().String()))

	conn, err := n.Here.Dial(t.Context(), "tcp", netip.AddrPortFrom(n.Server, 8080).String())

	if err == nil {
		defer conn.Close()
		_, err = io.ReadAll(conn)
	}
	assert.ErrorContains(t, err, "reset")
}

func TestANetworkEndsWithWhatIsForwardedAndCutOff(t *testing.T) {
	n := theNetwork(t, New)
	require.NoError(t, n.Forward(netip.AddrPortFrom(n.Server, 8080), outside(t)))
	conn, err := n.Here.Dial(t.Context(), "tcp", netip.AddrPortFrom(n.Server, 8080).String())
	require.NoError(t, err)
	defer conn.Close()
	_, err = n.Drop(Both)
	require.NoError(t, err)

	require.NoError(t, n.forwarders[0].end())

	n.forwarders = nil
}
