package main

import (
	"bufio"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A server that sends more than it was asked for has Go's HTTP client write
// that to stderr, whatever it is.
// https://github.com/cloudflare/cloudflared/issues/1039
func TestWhatAServerSendsUnaskedIsNotInTheLog(t *testing.T) {
	const more = "HTTP/1.1 400 Bad Request\r\nX-Said: Basic " + canary + "\x1b[2J\r\n\r\n"
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = listener.Close() })
	served := make(chan bool, 1)
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		req, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, req.Body)
		_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"+more)
		_, _ = io.Copy(io.Discard, conn) // until it is closed
		served <- true
	}()
	p := begin(t, "run", pipeline(t, strings.NewReplacer("$ENDPOINT", "http://"+listener.Addr().String()).Replace(`
logger: {level: DEBUG, format: json}
http: {enabled: false}
input:
  generate: {count: 1, interval: "", mapping: 'root = {"type": "page", "userId": "u"}'}
  processors: [ { log: { message: "read" } } ]
output:
  broker:
    pattern: fan_out_sequential
    outputs:
      - segment: {write_key: key, endpoint: "$ENDPOINT", batching: {count: 1}}
      - reject: "kept, so that the process stays"
`)))
	<-served

	p.awaitText("an HTTP server has sent something over an idle connection")
	require.NoError(t, p.interrupt())
	p.code()

	assertKept(t, "log", p.said())
	assert.NotContains(t, p.said(), "Unsolicited")
	for line := range strings.Lines(p.said()) {
		assert.True(t, strings.HasPrefix(line, "{"), "%s is not in the form of the log", line)
	}
}

func TestALineOfTheStandardLoggerIsCleaned(t *testing.T) {
	for message, want := range map[string]string{
		"http: panic serving 127.0.0.1:1: no\n\ngoroutine 7 [running]:\n\tmain.go:1\n": "http: panic serving 127.0.0.1:1: no\n\ngoroutine 7 [running]:\n\tmain.go:1",
		`starting with "HTTP/1.1 \"CANARY\" 400"; err=<nil>`:                           `starting with "…"; err=<nil>`,
		`cut short "CANARY`:                      `cut short "…"`,
		`one "CANARY" and "CANARY\\" at the end`: `one "…" and "…" at the end`,
		"bell \a, colours \x1b[31m, \u202e":      "bell , colours [31m,",
		"invalid \xff\xfe":                       "invalid \ufffd\ufffd",
	} {
		assert.Equal(t, want, cleaned(message))
	}
	assert.Less(t, len(cleaned(strings.Repeat("ä", 1<<20))), 9<<10)
}
