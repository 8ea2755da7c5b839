package recorder

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"

	"benthos-segment/internal/sandbox/controlapi"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/sandbox/guard"
	"benthos-segment/internal/sandbox/inbox"
	"benthos-segment/internal/sandbox/page"
)

// Config says what is kept, and where it is shown.
type Config struct {
	// Address is a host and a port.
	Address string
	// Calls is how many calls are kept.
	Calls int
	// AllowRemote lets other machines ask.
	AllowRemote bool
	// Version is that of the output.
	Version string
}

// Recorder keeps outcomes. It is safe for use by several goroutines.
type Recorder struct {
	conf  Config
	inbox *inbox.Inbox
	// URL is where they are shown.
	URL string

	server  *http.Server
	stop    context.CancelFunc
	stopped sync.WaitGroup
	users   int
}

// recorders are those of the process, by their addresses: the copies of an output
// share one, and so do several outputs.
var recorders = struct {
	sync.Mutex
	by map[string]*Recorder
}{by: map[string]*Recorder{}}

// Open listens, or returns the recorder of that address which others of this
// process use already. Each has to be closed once.
func Open(conf Config) (*Recorder, error) {
	recorders.Lock()
	defer recorders.Unlock()
	if shared := recorders.by[conf.Address]; shared != nil {
		if shared.conf != conf {
			return nil, fmt.Errorf("another output shows its outcomes at %s with other settings: "+
				"give both the same, or each an address of its own", conf.Address)
		}
		shared.users++
		return shared, nil
	}
	listener, err := net.Listen("tcp", conf.Address)
	if errors.Is(err, syscall.EADDRINUSE) {
		return nil, fmt.Errorf("another process listens on %s: choose another port", conf.Address)
	}
	if err != nil {
		return nil, fmt.Errorf("listening on %s: %w", conf.Address, err)
	}
	r := newRecorder(conf, listener)
	recorders.by[conf.Address] = r
	return r, nil
}

func newRecorder(conf Config, listener net.Listener) *Recorder {
	ctx, stop := context.WithCancel(context.Background())
	r := &Recorder{conf: conf, URL: "http://" + listener.Addr().String(), stop: stop, users: 1}
	bytes := min(int64(conf.Calls)*callBytes, mostBytes)
	r.inbox = inbox.New(inbox.Config{MaxCalls: conf.Calls, MaxBytes: bytes, MaxRequests: conf.Calls, MaxMessageIDs: conf.Calls})
	r.server = &http.Server{
		Handler: r.handler(), ReadHeaderTimeout: 5 * time.Second, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
		BaseContext: func(net.Listener) context.Context { return ctx },
	}
	r.stopped.Go(func() { _ = r.server.Serve(listener) }) // until it is closed
	return r
}

// handler shows what is kept to this machine, and to nobody's pages.
func (r *Recorder) handler() http.Handler {
	mux := http.NewServeMux()
	page.Register(mux)
	controlapi.Config{
		Inbox: r.inbox, Faults: &faults.List{}, Run: rand.Text()[:8], Version: r.conf.Version, MaxCalls: r.conf.Calls, OfOutput: true,
	}.RegisterReading(mux)
	host, _, _ := net.SplitHostPort(r.conf.Address)
	return guard.Hosts{Names: []string{host}, AnyAddress: r.conf.AllowRemote}.Guard(controlapi.WithJSONErrors(mux))
}

// Close stops it when nobody uses it any more.
func (r *Recorder) Close() {
	recorders.Lock()
	defer recorders.Unlock()
	if r.users--; r.users > 0 {
		return
	}
	delete(recorders.by, r.conf.Address)
	r.stop()
	_ = r.server.Close()
	r.stopped.Wait()
}
