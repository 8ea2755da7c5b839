package main

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/plugin/segmenttest"
)

// pubsubPipeline ends with the last event that is published.
const pubsubPipeline = `
http: {enabled: false}
input:
  read_until:
    check: this.event == "Last"
    input:
      redis_pubsub:
        url: redis://$REDIS
        channels: [events]
output:
  segment:
    write_key: a-key
    endpoint: $ENDPOINT
    batching: {count: 500, period: 10ms}
`

// channelOfRedis stands in for a Redis that speaks version 3 of the protocol, and
// publishes events to whoever subscribes.
type channelOfRedis []string

// listen serves until the listener is closed, and all who were there are gone.
func (c channelOfRedis) listen(listener net.Listener) {
	var clients sync.WaitGroup
	defer clients.Wait()
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		clients.Go(func() { c.serve(conn) })
	}
}

// serve answers one connection until it is closed.
func (c channelOfRedis) serve(conn net.Conn) {
	defer conn.Close()
	for in := bufio.NewReader(conn); ; {
		command, err := readCommand(in)
		if err != nil {
			return // The client has closed it.
		}
		switch strings.ToUpper(command[0]) {
		case "HELLO":
			_, err = io.WriteString(conn, "%1\r\n$5\r\nproto\r\n:3\r\n")
		case "PING":
			_, err = io.WriteString(conn, "+PONG\r\n")
		case "SUBSCRIBE":
			err = c.publish(conn)
		case "CLIENT": // says its name
			_, err = io.WriteString(conn, "+OK\r\n")
		default:
			_, err = io.WriteString(conn, "-ERR unknown command\r\n")
		}
		if err != nil {
			return
		}
	}
}

// publish cuts each message in the middle of its kind, where a packet may end.
func (c channelOfRedis) publish(conn net.Conn) error {
	if _, err := io.WriteString(conn, ">3\r\n$9\r\nsubscribe\r\n$6\r\nevents\r\n:1\r\n"); err != nil {
		return err
	}
	for _, event := range c {
		for _, part := range []string{">3\r\n$7\r\nmess", fmt.Sprintf("age\r\n$6\r\nevents\r\n$%d\r\n%s\r\n", len(event), event)} {
			if _, err := io.WriteString(conn, part); err != nil {
				return err
			}
		}
	}
	return nil
}

func readCommand(in *bufio.Reader) (words []string, err error) {
	count, err := readLength(in, '*')
	for range count {
		size, err := readLength(in, '$')
		if err != nil {
			return nil, err
		}
		word := make([]byte, size+len("\r\n"))
		if _, err := io.ReadFull(in, word); err != nil {
			return nil, err
		}
		words = append(words, string(word[:size]))
	}
	return words, err
}

func readLength(in *bufio.Reader, kind byte) (int, error) {
	line, err := in.ReadString('\n')
	if err != nil {
		return 0, err
	}
	if line[0] != kind {
		return 0, fmt.Errorf("%q does not start with %c", line, kind)
	}
	return strconv.Atoi(strings.TrimSpace(line[1:]))
}

// redis/go-redis issue 3839: a message whose first bytes came alone was dropped.
func TestNoEventOfARedisChannelIsDropped(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	const calls = 2000
	var redis channelOfRedis
	for i := range calls - 1 {
		redis = append(redis, fmt.Sprintf(`{"type":"track","event":"E","userId":"u","messageId":"m%d"}`, i))
	}
	redis = append(redis, `{"type":"track","event":"Last","userId":"u","messageId":"last"}`)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		redis.listen(listener)
	}()
	t.Cleanup(func() {
		require.NoError(t, listener.Close())
		<-ended
	})
	sb := segmenttest.New(t)

	p := begin(t, "run", pipeline(t, strings.NewReplacer("$REDIS", listener.Addr().String(), "$ENDPOINT", sb.URL).Replace(pubsubPipeline)))

	require.Zero(t, p.code(), p.said())
	assert.Equal(t, calls, sb.Summary().Unique)
}
