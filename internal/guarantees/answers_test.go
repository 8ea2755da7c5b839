package guarantees_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"

	"benthos-segment/internal/streamtest"
	"benthos-segment/plugin/segmenttest"
)

// proveStalledBodies: the status settles a request. What comes after it is
// waited for a second at most, and not for the timeout, and the log says so
// when it goes on.
func proveStalledBodies(t *testing.T) {
	for name, answer := range map[string]string{
		"by length": "HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\nx",
		"in chunks": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n",
		"by close":  "HTTP/1.1 200 OK\r\n\r\nx",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ended := make(chan bool, 4)
			stall := stalling(answer, ended)
			r := &result{trial: trial{calls: 4, people: 1, atMost: 4}.withDefaults()}
			r.given, r.sb = r.givenCalls(), segmenttest.New(t)
			n := newNetwork(t, r.sb.URL, []conduct{stall, stall, stall, stall})
			p := start(t, streamtest.WithDeadLetter(segmentOutput(n.url, fields{"timeout": "1h"})))
			for i := range r.given {
				p.accept(t, r.given[i:i+1])
				assert.True(t, <-ended, "the connection is closed")
				assert.Equal(t, i >= 2, p.log.Has("answers do not end"), "after %d", i+1)
			}
			r.finish(t, p)
			assert.EqualValues(t, 4, r.counts["segment_requests 200"])
		})
	}
}

// proveUpgrades: a 101 to a request that has asked for nothing of the kind is no
// delivery, and what comes after it is not a body: a read of it would obey no
// timeout, and no stop.
// https://github.com/projectdiscovery/httpx/issues/2517
func proveUpgrades(t *testing.T) {
	const upgrade = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"
	ended := make(chan bool, 1)
	t.Run("rejected", func(t *testing.T) {
		sb := segmenttest.New(t)
		n := newNetwork(t, sb.URL, []conduct{stalling(upgrade, ended)})
		requireRejected(t, n.url, fields{"timeout": "1h"}, "status 101")
		assert.True(t, <-ended, "the connection is closed")
	})
	t.Run("held", func(t *testing.T) {
		sb := segmenttest.New(t)
		n := newNetwork(t, sb.URL, []conduct{stalling(upgrade, ended)})
		requireHeld(t, n.url, fields{"timeout": "1h"}, "the last attempt met status 101, which points to the set-up and not to the data. ")
		assert.True(t, <-ended, "the connection is closed")
	})
	t.Run("for a token", func(t *testing.T) {
		sb := segmenttest.New(t)
		n := newNetwork(t, sb.URL, []conduct{stalling(upgrade, ended)})
		requireRejected(t, sb.URL, signed(n.url), "the authorization server answered with status 101")
		assert.True(t, <-ended, "the connection is closed")
	})
}

// stalling takes the request to the server, gives this back instead of what it
// answers, and then nothing, until the client ends the connection.
func stalling(text string, ended chan<- bool) conduct {
	return func(client net.Conn, n *network) {
		_ = n.exchange(client)
		_, _ = io.WriteString(client, text)
		_, err := io.Copy(io.Discard, client)
		ended <- err == nil
	}
}
