package gateway

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
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
	said := &serverLog{observer: g.conf.Observer, told: make(map[trouble]time.Time)}
	crowd := &crowd{most: int64(maxConnections), said: said}
	s := &Server{
		gateway: g,
		cancel:  cancel,
		served:  make(chan struct{}),
		http: &http.Server{
			Handler:           crowd.thinned(ingest.WithBodyTimeout(g.conf.BodyTimeout, g)),
			ConnState:         crowd.count,
			ReadHeaderTimeout: headerTimeout,
			WriteTimeout:      g.conf.BodyTimeout + g.conf.Timeout + writeTime,
			IdleTimeout:       idleTimeout,
			MaxHeaderBytes:    maxHeaderBytes,
			BaseContext:       func(net.Listener) context.Context { return ctx },
			TLSConfig:         tlsConfig,
			ErrorLog:          log.New(said, "", 0),
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
	// told is when it last told of each kind of trouble that many clients have at
	// once.
	told map[trouble]time.Time
}

type trouble uint8

const (
	// isFull is trouble with connections that cannot be taken, isDistrusted with a
	// certificate that clients refuse.
	isFull trouble = iota
	isDistrusted
)

// troubleQuiet is for how long it does not tell of a trouble again.
const troubleQuiet = time.Minute

func (l *serverLog) Write(line []byte) (int, error) {
	said := strings.TrimSpace(string(line))
	switch {
	case strings.Contains(said, ": panic serving "):
		l.observer.Troubled(said)
	case strings.HasPrefix(said, "http: Accept error: "):
		l.once(isFull, said+". Raise the limit of open files (ulimit -n) if that is it")
	case strings.HasPrefix(said, "http: TLS handshake error ") && strings.Contains(said, "certificate"):
		// The line has the address of the client.
		_, reason, _ := strings.Cut(said, "remote error: ")
		if reason != "" {
			l.once(isDistrusted, "clients refuse its certificate ("+reason+"). "+
				"See that tls.cert_file has the whole chain, and that it is for the name that they use")
		}
	}
	return len(line), nil
}

// once tells of a trouble once a minute.
func (l *serverLog) once(kind trouble, said string) {
	l.mu.Lock()
	now := time.Now()
	isDue := now.Sub(l.told[kind]) >= troubleQuiet
	if isDue {
		l.told[kind] = now
	}
	l.mu.Unlock()
	if isDue {
		l.observer.Troubled(said)
	}
}

// crowd counts connections. Each visitor of a site keeps one for as long as the
// server lets him, so that those who were there keep out those who come.
type crowd struct {
	most int64
	open atomic.Int64
	said *serverLog
}

func (c *crowd) count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		if c.open.Add(1) >= c.most {
			c.said.once(isFull, fmt.Sprintf("all %d connections are in use, and more clients wait until others end. "+
				"Raise max_connections, and the limit of open files (ulimit -n) with it", c.most))
		}
	case http.StateClosed, http.StateHijacked:
		c.open.Add(-1)
	}
}

// thinned ends connections with their next answer when most of them are in use.
func (c *crowd) thinned(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if c.open.Load() > c.most*3/4 {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
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
