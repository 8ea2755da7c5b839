// Package frontdoor registers the Benthos input segment: a server that the SDKs of
// RudderStack and Segment send to.
package frontdoor

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/url"
	"sync"

	"github.com/redpanda-data/benthos/v4/public/service"

	"benthos-segment/internal/gateway"
	"benthos-segment/internal/journal"
	"benthos-segment/plugin/internal/nack"
)

func init() {
	service.MustRegisterBatchInput("segment", spec(), newInputFromParsed)
}

// The engine's own replay of what was rejected is left out: the client does that,
// and it is told to.
func newInputFromParsed(conf *service.ParsedConfig, res *service.Resources) (service.BatchInput, error) {
	c, err := configFromParsed(conf)
	if err != nil {
		return nil, err
	}
	return newInput(c, res)
}

// config is what an input needs to serve.
type config struct {
	gateway           gateway.Config
	address           string
	maxConnections    int
	certFile, keyFile string
}

// input is the input segment.
type input struct {
	conf   config
	log    *service.Logger
	report *report
	tls    *tls.Config

	mu       sync.Mutex
	gateway  *gateway.Gateway
	server   *gateway.Server
	unwatch  func() bool
	unreport func()
	isClosed bool
}

var _ service.BatchInput = (*input)(nil)

func newInput(conf config, res *service.Resources) (*input, error) {
	in := &input{conf: conf, log: res.Logger(), report: newReport(res)}
	in.conf.gateway.Observer = in.report
	if _, err := gateway.New(in.conf.gateway); err != nil {
		return nil, fmt.Errorf("field %s: %w", fiFieldWriteKeys, err)
	}
	if len(conf.gateway.WriteKeys) == 0 {
		in.log.Warnf("Field %s is empty: this takes events of any write key. Set the keys that are yours, unless only your own programs reach %s.", fiFieldWriteKeys, conf.address)
	}
	if allowed := gateway.Connections(conf.maxConnections); allowed < conf.maxConnections {
		in.log.Infof("The process may not open enough files for %s %d: there will be at most %d connections. Raise its limit of open files (ulimit -n) for more.", fiFieldMaxConnections, conf.maxConnections, allowed)
		in.conf.maxConnections = allowed
	}
	if conf.certFile != "" {
		certificate, err := gateway.OpenCertificate(conf.certFile, conf.keyFile, func(err error) {
			in.log.Errorf("The new certificate cannot be used, and the old one stays in use: %v", err)
		})
		if err != nil {
			return nil, fmt.Errorf("field %s: %w", fiFieldTLS, err)
		}
		in.tls = certificate.TLS()
	}
	return in, nil
}

// Connect listens.
func (in *input) Connect(context.Context) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.isClosed {
		return service.ErrEndOfInput
	}
	if in.server != nil {
		return nil
	}
	door, err := gateway.New(in.conf.gateway)
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", in.conf.address)
	if err != nil {
		return fmt.Errorf("field %s: listening: %w", fiFieldAddress, err)
	}
	in.log.Infof("Listening for SDKs at %s", in.urlOf(listener))
	if in.unreport == nil {
		in.unreport = in.report.start()
	}
	in.gateway = door
	in.server = door.Serve(listener, in.tls, in.conf.maxConnections, func(err error) { in.lost(door, err) })
	return nil
}

// urlOf is where this listens. The engine logs an address of its own, to which no
// SDK must be pointed.
func (in *input) urlOf(listener net.Listener) string {
	at := url.URL{Scheme: "http", Host: listener.Addr().String(), Path: in.conf.gateway.PathPrefix}
	if in.tls != nil {
		at.Scheme = "https"
	}
	return at.String()
}

// lost makes the engine connect again.
func (in *input) lost(door *gateway.Gateway, err error) {
	in.log.Errorf("Listening on %s: %v", in.conf.address, err)
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.gateway == door {
		in.gateway, in.server, in.unwatch = nil, nil, nil
	}
}

// ReadBatch hands out the events of the requests that have come in.
func (in *input) ReadBatch(ctx context.Context) (service.MessageBatch, service.AckFunc, error) {
	door := in.watched(ctx)
	if door == nil {
		return nil, nil, service.ErrNotConnected
	}
	out, err := door.Read(ctx)
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return nil, nil, ctx.Err()
	default:
		return nil, nil, in.ended(door)
	}
	batch := messagesOf(out.Events)
	numbers := nack.Number(batch)
	return batch, func(_ context.Context, err error) error {
		out.Settle(told(numbers.Failed(err)))
		return nil
	}, nil
}

// ended says why there is nothing more to read.
func (in *input) ended(door *gateway.Gateway) error {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.gateway != door && !in.isClosed {
		return service.ErrNotConnected
	}
	return service.ErrEndOfInput
}

// watched returns the gateway. When the engine reads for the last time, it ends
// the context of its reads, and then it waits for what is under way before it
// closes this: clients that come meanwhile are told at once.
func (in *input) watched(ctx context.Context) *gateway.Gateway {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.gateway != nil && in.unwatch == nil {
		door := in.gateway
		in.unwatch = context.AfterFunc(ctx, func() {
			if errors.Is(ctx.Err(), context.Canceled) {
				door.Stop()
			}
		})
	}
	return in.gateway
}

// told says what the gateway is to know of a rejection.
func told(failed func(i int) error) func(i int) error {
	if failed == nil {
		return nil
	}
	return func(i int) error {
		err := failed(i)
		if errors.Is(err, journal.ErrFull) {
			return gateway.ErrFull
		}
		return err
	}
}

// Close answers everybody who waits, and ends all connections.
func (in *input) Close(ctx context.Context) error {
	server, unreport := in.close()
	if unreport != nil {
		defer unreport()
	}
	if server == nil {
		return nil
	}
	return server.Close(ctx)
}

// close takes the server out of use, and what reports of it.
func (in *input) close() (server *gateway.Server, unreport func()) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.isClosed = true
	if in.unwatch != nil {
		in.unwatch()
	}
	server, in.server = in.server, nil
	unreport, in.unreport = in.unreport, nil
	return server, unreport
}
