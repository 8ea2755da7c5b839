package rpc

import (
	"context"
	"errors"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/protobuf/proto"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failing is an output that answers with errors.
type failing struct{ err error }

func (f failing) Connect(context.Context) error                          { return f.err }
func (f failing) WriteBatch(context.Context, service.MessageBatch) error { return f.err }
func (f failing) Close(context.Context) error                            { return nil }

// caller calls as Redpanda Connect does, and returns the error of the answer.
func caller(t *testing.T, construct Constructor) func(name string) message {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	listener, err := net.Listen("unix", path)
	require.NoError(t, err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx, listener, construct) }()
	connection, err := grpc.NewClient("unix:"+path, grpc.WithTransportCredentials(insecure.NewCredentials()))
	require.NoError(t, err)
	t.Cleanup(func() {
		assert.NoError(t, connection.Close())
		stop()
		assert.NoError(t, <-ended)
	})
	return func(name string) message {
		request, response := newMessage("BatchOutput"+name+"Request"), newMessage("BatchOutput"+name+"Response")
		if name == "Init" {
			request.mutable("config").set("string_value", "the config")
		}
		method := "/" + protocol + ".BatchOutputService/" + name
		require.NoError(t, connection.Invoke(t.Context(), method, request.Interface(), response.Interface()))
		return response
	}
}

func textOf(response message) string {
	failed := response.of("error")
	return failed.Get(failed.field("message")).String()
}

func TestErrorsReachRedpandaConnect(t *testing.T) {
	for name, test := range map[string]struct {
		err          error
		text, detail string
	}{
		"none":          {},
		"one":           {err: errors.New("refused"), text: "refused"},
		"not connected": {err: service.ErrNotConnected, text: "not connected", detail: "not_connected"},
		"later":         {err: service.NewErrBackOff(errors.New("full"), 1500*time.Millisecond), text: "full", detail: "backoff"},
		"without text":  {err: errors.New(""), text: "unknown error"},
	} {
		t.Run(name, func(t *testing.T) {
			call := caller(t, func(config any) (service.BatchOutput, int, service.BatchPolicy, error) {
				assert.Equal(t, "the config", config)
				return failing{test.err}, 3, service.BatchPolicy{Count: 7}, nil
			})
			for _, early := range []string{"Connect", "Send"} {
				assert.Equal(t, "not connected", textOf(call(early)), "%s before Init", early)
			}
			assert.Empty(t, textOf(call("Close")))
			made := call("Init")
			assert.EqualValues(t, 3, made.Get(made.field("max_in_flight")).Int())
			policy := made.of("batch_policy")
			assert.EqualValues(t, 7, policy.Get(policy.field("count")).Int())

			for _, method := range []string{"Connect", "Send"} {
				answered := call(method)
				assert.Equal(t, test.text, textOf(answered), method)
				detail := answered.of("error").which("detail")
				assert.Equal(t, test.detail != "", detail != nil)
				if detail != nil {
					assert.EqualValues(t, test.detail, detail.Name())
				}
			}
			assert.Empty(t, textOf(call("Close")))
		})
	}
}

func TestAWrongConfigReachesRedpandaConnect(t *testing.T) {
	call := caller(t, func(any) (service.BatchOutput, int, service.BatchPolicy, error) {
		return nil, 0, service.BatchPolicy{}, errors.New("field write_key: it is empty")
	})
	assert.Equal(t, "field write_key: it is empty", textOf(call("Init")))
	assert.Equal(t, "not connected", textOf(call("Send")))
}

func TestAnotherProtocolIsRefused(t *testing.T) {
	t.Setenv(AddressVariable, "tcp:localhost:1")
	assert.ErrorContains(t, Serve(nil), AddressVariable+`: want unix: and a path, got "tcp:localhost:1"`)
	t.Setenv(versionVariable, "2")
	assert.ErrorContains(t, Serve(nil), "Redpanda Connect speaks version 2 of the protocol of plugins, and this plugin 1: take a newer one")
}

// FuzzBatch reads any message that the library reads: an error, and no panic.
func FuzzBatch(f *testing.F) {
	for _, fill := range []func(part message){
		func(message) {},
		func(part message) { part.set("bytes", []byte("{}")) },
		func(part message) {
			part.mutable("structured").mutable("list_value")
			part.mutable("metadata")
		},
		func(part message) { part.mutable("structured").mutable("timestamp_value").set("seconds", int64(1)) },
	} {
		request := newMessage("BatchOutputSendRequest")
		list := request.mutable("batch").Mutable(newMessage("MessageBatch").field("messages")).List()
		fill(message{list.AppendMutable().Message()})
		data, err := proto.Marshal(request.Interface())
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		request := newMessage("BatchOutputSendRequest")
		if proto.Unmarshal(data, request.Interface()) != nil {
			return
		}
		batch, err := request.of("batch").batch()
		if err != nil {
			return
		}
		for _, part := range batch {
			if _, err := part.AsBytes(); err != nil {
				return // It has a number that JSON does not have.
			}
		}
	})
}
