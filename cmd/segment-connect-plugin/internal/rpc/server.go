// Package rpc serves an output to Redpanda Connect, as the package rpcn of its own
// does, but for batches of any size: the server of that package takes 4 MiB, and
// Redpanda Connect sends what is refused for its size again for ever.
package rpc

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"os"
	"os/signal"
	"strings"
	"sync/atomic"
	"syscall"

	"github.com/redpanda-data/benthos/v4/public/service"
	"google.golang.org/grpc"
)

const (
	// AddressVariable is how Redpanda Connect tells a plugin where to listen.
	AddressVariable = "REDPANDA_CONNECT_PLUGIN_ADDRESS"

	versionVariable = "REDPANDA_CONNECT_PLUGIN_VERSION"
	version         = "1"
)

// Constructor makes the output of its config, and says how many batches it takes at
// once and how they are gathered.
type Constructor func(config any) (output service.BatchOutput, maxInFlight int, batching service.BatchPolicy, err error)

// Serve serves an output until the process is told to stop.
func Serve(construct Constructor) error {
	if v := os.Getenv(versionVariable); v != "" && v != version {
		return fmt.Errorf("%s: Redpanda Connect speaks version %s of the protocol of plugins, and this plugin %s: take a newer one", versionVariable, v, version)
	}
	address := os.Getenv(AddressVariable)
	path, isUnix := strings.CutPrefix(address, "unix:")
	if !isUnix {
		return fmt.Errorf("%s: want unix: and a path, got %q", AddressVariable, address)
	}
	listener, err := net.Listen("unix", strings.TrimPrefix(path, "//"))
	if err != nil {
		return fmt.Errorf("listening for Redpanda Connect: %w", err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return serve(ctx, listener, construct)
}

// serve answers until the context ends, and then what is under way.
func serve(ctx context.Context, listener net.Listener, construct Constructor) error {
	// What comes is from the process that started this one, which holds it already.
	server := grpc.NewServer(grpc.MaxRecvMsgSize(math.MaxInt32))
	o := &output{construct: construct}
	server.RegisterService(o.description(), nil)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		<-ctx.Done()
		server.GracefulStop()
	}()
	if err := server.Serve(listener); err != nil {
		return fmt.Errorf("serving Redpanda Connect: %w", err)
	}
	<-ended
	return nil
}

// output answers the calls of Redpanda Connect.
type output struct {
	construct Constructor
	made      atomic.Pointer[service.BatchOutput]
}

// description names the calls. Each has a request and an answer of its own.
func (o *output) description() *grpc.ServiceDesc {
	described := &grpc.ServiceDesc{ServiceName: protocol + ".BatchOutputService", HandlerType: (*any)(nil)}
	for name, answer := range map[string]func(context.Context, message, message) error{
		"Init":    o.init,
		"Connect": o.connect,
		"Send":    o.send,
		"Close":   o.close,
	} {
		described.Methods = append(described.Methods, grpc.MethodDesc{MethodName: name, Handler: handler("BatchOutput"+name, answer)})
	}
	return described
}

// handler reads a request, and answers with the error that comes of it.
func handler(name string, answer func(context.Context, message, message) error) grpc.MethodHandler {
	return func(_ any, ctx context.Context, read func(any) error, _ grpc.UnaryServerInterceptor) (any, error) {
		request, response := newMessage(name+"Request"), newMessage(name+"Response")
		if err := read(request.Interface()); err != nil {
			return nil, err
		}
		if err := answer(ctx, request, response); err != nil {
			response.setError(err)
		}
		return response.Interface(), nil
	}
}

func (o *output) init(_ context.Context, request, response message) error {
	if o.made.Load() != nil {
		return nil
	}
	config, err := request.of("config").value()
	if err != nil {
		return fmt.Errorf("reading the config: %w", err)
	}
	made, maxInFlight, batching, err := o.construct(config)
	if err != nil {
		return err
	}
	o.made.Store(&made)
	response.set("max_in_flight", int32(maxInFlight))
	policy := response.mutable("batch_policy")
	policy.set("byte_size", int64(batching.ByteSize))
	policy.set("count", int64(batching.Count))
	policy.set("period", batching.Period)
	policy.set("check", batching.Check)
	return nil
}

func (o *output) connect(ctx context.Context, _, _ message) error {
	made := o.made.Load()
	if made == nil {
		return service.ErrNotConnected
	}
	return (*made).Connect(ctx)
}

func (o *output) send(ctx context.Context, request, _ message) error {
	made := o.made.Load()
	if made == nil {
		return service.ErrNotConnected
	}
	batch, err := request.of("batch").batch()
	if err != nil {
		return fmt.Errorf("reading the batch: %w", err)
	}
	return (*made).WriteBatch(ctx, batch)
}

func (o *output) close(ctx context.Context, _, _ message) error {
	made := o.made.Load()
	if made == nil {
		return nil
	}
	return (*made).Close(ctx)
}

// setError writes an error as Redpanda Connect reads one.
func (m message) setError(err error) {
	failed := m.mutable("error")
	text := err.Error()
	if text == "" {
		text = "unknown error" // An empty one is none.
	}
	failed.set("message", text)
	var later *service.ErrBackOff
	switch {
	case errors.Is(err, service.ErrNotConnected):
		failed.mutable("not_connected")
	case errors.As(err, &later):
		failed.mutable("backoff").set("seconds", int64(later.Wait.Seconds()))
		failed.mutable("backoff").set("nanos", int32(later.Wait%1e9))
	}
}
