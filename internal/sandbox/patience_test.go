package sandbox_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/sandbox"
	"benthos-segment/plugin/segmenttest"
)

// halfway opens a request whose body does not end.
func halfway(t *testing.T, address, path string) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", address)
	require.NoError(t, err)
	t.Cleanup(func() { _ = conn.Close() })
	_, err = io.WriteString(conn, "POST "+path+" HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic azo=\r\nContent-Length: 1000\r\n\r\n{\"batch\":[")
	require.NoError(t, err)
	return conn
}

// 2,000 slow bodies stayed for ever, and a stop failed because of them: a read of a
// body does not end with its context (golang/go#20831). A body that no handler
// reads is one of them (blinklabs-io/dingo#3943).
func TestSlowBodiesAreEnded(t *testing.T) {
	const senders = 300
	sb := segmenttest.New(t, segmenttest.Config{BodyTimeout: 200 * time.Millisecond})
	before := runtime.NumGoroutine()
	var ended sync.WaitGroup
	for i := range senders {
		conn := halfway(t, strings.TrimPrefix(sb.URL, "http://"), []string{"/v1/batch", "/api/v1/assert", "/nope", "/api/v1/faults"}[i%4])
		ended.Go(func() {
			answer, err := io.ReadAll(conn)
			// The other endpoints answer before they read the body, or not at all.
			if err == nil && i%4 == 0 {
				assert.Contains(t, string(answer), "HTTP/1.1 408 Request Timeout")
				assert.Contains(t, string(answer), "the body did not arrive within 200ms")
			}
		})
	}
	ended.Wait() // All of them were ended by the sandbox.
	require.Eventually(t, func() bool { return runtime.NumGoroutine() < before+senders/10 }, 10*time.Second, time.Millisecond)
	status, _ := post(t, sb, "/v1/batch", batch(track("good")))
	assert.Equal(t, http.StatusOK, status)
}

func TestAStopDoesNotWaitForSlowBodies(t *testing.T) {
	server := sandbox.New(sandbox.Config{}).Server()
	var active sync.WaitGroup
	active.Add(40)
	server.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateActive {
			active.Done()
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	go func() { _ = server.Serve(listener) }()
	for range 20 {
		halfway(t, listener.Addr().String(), "/v1/batch")
		halfway(t, listener.Addr().String(), "/api/v1/assert")
	}
	active.Wait()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	assert.NoError(t, server.Shutdown(ctx))
}

// A long poll is not a slow body: it waits for as long as it asks. A read timeout of
// the server would end it (golang/go#18447, #70834).
func TestABodyTimeoutDoesNotEndALongPoll(t *testing.T) {
	sb := segmenttest.New(t, segmenttest.Config{BodyTimeout: 50 * time.Millisecond})
	sb.Delay(200 * time.Millisecond).Times(1)
	status, _ := post(t, sb, "/v1/batch", batch(track("a")))
	assert.Equal(t, http.StatusOK, status)

	resp, err := http.Get(sb.URL + "/api/v1/wait?count=2&timeout=300ms")
	require.NoError(t, err)
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	assert.Contains(t, string(text), `"reached":false`)

	// The connection of a body that arrived in time is used again.
	conn, err := net.Dial("tcp", strings.TrimPrefix(sb.URL, "http://"))
	require.NoError(t, err)
	defer conn.Close()
	answers := bufio.NewReader(conn)
	for range 3 {
		_, err = io.WriteString(conn, "POST /v1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Basic azo=\r\nContent-Length: 2\r\n\r\n{}")
		require.NoError(t, err)
		resp, err := http.ReadResponse(answers, nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		time.Sleep(100 * time.Millisecond)
	}
}

// A filter with 20,000 terms blocked the inbox for minutes.
func TestAFilterIsBounded(t *testing.T) {
	sb := segmenttest.NewInProcess(t)
	for _, q := range []string{strings.Repeat("tea ", 51), strings.Repeat("x", 9_000), strings.Repeat("-text:t ", 20_000)} {
		for method, path := range map[string]string{
			http.MethodGet: "/api/v1/calls?q=", http.MethodDelete: "/api/v1/calls?q=", http.MethodPost: "/api/v1/replay?q=",
		} {
			status, answer := control(t, sb, method, path+url.QueryEscape(q), "")
			assert.Equal(t, http.StatusBadRequest, status)
			assert.Contains(t, answer.at("error"), "a filter may have")
		}
	}
	status, _ := control(t, sb, http.MethodGet, "/api/v1/calls?q="+url.QueryEscape(strings.Repeat("tea ", 50)), "")
	assert.Equal(t, http.StatusOK, status)
}

// costly is a filter whose last term decides.
var costly = url.QueryEscape(strings.Repeat(`e `, 49) + "-e")

// large fills a sandbox so that a costly filter takes its time.
func large(t *testing.T, calls int) *segmenttest.Server {
	t.Helper()
	sb := segmenttest.NewInProcess(t)
	call := strings.Replace(track("m"), `"userId"`, `"properties":{"x":"`+strings.Repeat("X", 30_000)+`"},"userId"`, 1)
	call = strings.ReplaceAll(call, "e", "E")
	for range calls {
		status, _ := post(t, sb, "/v1/track", `{"event":"x","userId":"u","properties":`+call+`}`)
		require.Equal(t, http.StatusOK, status)
	}
	return sb
}

func TestACostlyFilterDelaysNobody(t *testing.T) {
	sb := large(t, 50)
	type span struct{ from, to time.Time }
	done := make(chan span)
	go func() {
		from := time.Now()
		status, _ := control(t, sb, http.MethodDelete, "/api/v1/calls?q="+costly, "")
		assert.Equal(t, http.StatusOK, status)
		done <- span{from, time.Now()}
	}()
	var posts []span
	for {
		from := time.Now()
		post(t, sb, "/v1/batch", batch(track("good")))
		posts = append(posts, span{from, time.Now()})
		select {
		case deletion := <-done:
			within, took := 0, deletion.to.Sub(deletion.from)
			for _, p := range posts {
				if p.from.After(deletion.from.Add(took/4)) && p.to.Before(deletion.from.Add(took/4*3)) {
					within++
				}
			}
			assert.Positive(t, within, "no call arrived while calls were deleted")
			return
		default:
		}
	}
}

// A client that has gone costs nothing more.
func TestMatchingEndsWithItsRequest(t *testing.T) {
	sb := large(t, 20)
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	for _, request := range []string{
		"GET /api/v1/calls?q=" + costly, "DELETE /api/v1/calls?q=" + costly, "GET /api/v1/violations?q=" + costly,
		"GET /api/v1/assert?q=" + costly, "GET /api/v1/export?format=ndjson&q=" + costly, "GET /api/v1/person?id=u",
		"GET /api/v1/wait?q=" + costly, "GET /api/v1/events?q=" + costly,
	} {
		method, path, _ := strings.Cut(request, " ")
		r := httptest.NewRequestWithContext(gone, method, sb.URL+path, nil)
		answer := httptest.NewRecorder()
		sb.ServeHTTP(answer, r)
		switch {
		case strings.Contains(path, "/wait"):
			assert.Contains(t, answer.Body.String(), `"matched":0`)
		case strings.Contains(path, "/events"):
			assert.NotContains(t, answer.Body.String(), "event: calls")
		default:
			assert.Equal(t, http.StatusServiceUnavailable, answer.Code, request)
		}
	}
	assert.Len(t, sb.Calls(), 20)
}
