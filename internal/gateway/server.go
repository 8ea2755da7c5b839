package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"time"

	"golang.org/x/net/netutil"

	"benthos-segment/internal/ingest"
)

const (
	headerTimeout = 10 * time.Second
	// idleTimeout is longer than balancers keep a connection, which is a minute:
	// whoever closes first must not be the one that gets the next request.
	idleTimeout = 2 * time.Minute
	// writeTime is how long an answer may take to leave.
	writeTime = 10 * time.Second
	// maxHeaderBytes has room for the cookies that go along with a beacon.
	maxHeaderBytes = 128 << 10
	// partingTime is how long answers may take to leave when the server closes.
	partingTime = 2 * time.Second
)

// keptFiles are what connections leave of the files that a process may open, for
// the queue and the requests behind the gateway: a queue that cannot open a file
// takes nothing more.
const keptFiles = 512

// Connections is how many connections of those that were asked for the process has
// room for.
func Connections(wanted int) int {
	files := openFiles()
	if files == 0 {
		return wanted
	}
	return min(wanted, max(files-keptFiles, files/2))
}

// Server serves a gateway.
type Server struct {
	gateway *Gateway
	http    *http.Server
	cancel  context.CancelFunc
	served  chan struct{}
}

// Serve starts to serve on the listener, with TLS where there is a configuration
// of it, and at most maxConnections at once; more wait until the system turns them
// away. failed is told where the listener fails; nothing is taken any more then.
func (g *Gateway) Serve(listener net.Listener, tlsConfig *tls.Config, maxConnections int, failed func(error)) *Server {
	ctx, cancel := context.WithCancel(context.Background())
	s := &Server{
		gateway: g,
		cancel:  cancel,
		served:  make(chan struct{}),
		http: &http.Server{
			Handler:           ingest.WithBodyTimeout(g.conf.BodyTimeout, g),
			ReadHeaderTimeout: headerTimeout,
			WriteTimeout:      g.conf.BodyTimeout + g.conf.Timeout + writeTime,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			TLSConfig:         tlsConfig,
			ErrorLog:          log.New(&serverLog{observer: g.conf.Observer}, "", 0),
		},
	}
	listener = netutil.LimitListener(listener, maxConnections)
	go func() {
		defer close(s.served)
		var err error
		if tlsConfig != nil {
			err = s.http.ServeTLS(listener, "", "")
		} else {
			err = s.http.Serve(listener)
		}
		if !errors.Is(err, http.ErrServerClosed) {
			failed(err)
			g.Close()
			_ = s.http.Close()
		}
	}()
	return s
}

// serverLog tells an observer of what net/http logs, unless it is that a client broke
// off, which they do all the time.
type serverLog struct {
	observer Observer

	mu sync.Mutex
	// told is when it last told of connections that it cannot take.
	told time.Time
}

// acceptQuiet is for how long it does not tell of these again.
const acceptQuiet = time.Minute

func (l *serverLog) Write(line []byte) (int, error) {
	said := strings.TrimSpace(string(line))
	switch {
	case strings.Contains(said, ": panic serving "):
		l.observer.Troubled(said)
	case strings.HasPrefix(said, "http: Accept error: ") && l.isDue(time.Now()):
		l.observer.Troubled(said + ". Raise the limit of open files (ulimit -n) if that is it")
	}
	return len(line), nil
}

func (l *serverLog) isDue(now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if now.Sub(l.told) < acceptQuiet {
		return false
	}
	l.told = now
	return true
}

// Close answers every request that still waits, lets the answers leave, and ends
// all connections.
func (s *Server) Close(ctx context.Context) error {
	s.gateway.Close()
	// Bodies that are still on their way end with their context.
	s.cancel()
	ctx, cancel := context.WithTimeout(ctx, partingTime)
	defer cancel()
	err := s.http.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		err = s.http.Close()
	}
	<-s.served
	return err
}
