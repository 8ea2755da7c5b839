package otlp_test

import (
	"compress/gzip"
	"context"
	"crypto/tls"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	receiving "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	wire "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"
)

// receiver is a collector: it takes OTLP and keeps the spans.
type receiver struct {
	receiving.UnimplementedTraceServiceServer
	address string

	mu   sync.Mutex
	sent []*wire.ResourceSpans
	path string
}

func (r *receiver) keep(request *receiving.ExportTraceServiceRequest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.sent = append(r.sent, request.GetResourceSpans()...)
}

// Export takes spans over gRPC.
func (r *receiver) Export(_ context.Context, request *receiving.ExportTraceServiceRequest) (*receiving.ExportTraceServiceResponse, error) {
	r.keep(request)
	return &receiving.ExportTraceServiceResponse{}, nil
}

// ServeHTTP takes spans over HTTP.
func (r *receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	var body io.Reader = req.Body
	if req.Header.Get("Content-Encoding") == "gzip" {
		unpacked, err := gzip.NewReader(body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		body = unpacked
	}
	var request receiving.ExportTraceServiceRequest
	read, err := io.ReadAll(body)
	if err == nil {
		err = proto.Unmarshal(read, &request)
	}
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.mu.Lock()
	r.path = req.URL.Path
	r.mu.Unlock()
	r.keep(&request)
}

// overHTTP returns a collector that takes OTLP over HTTP.
func overHTTP(t *testing.T, secure *tls.Config) *receiver {
	t.Helper()
	r := &receiver{}
	server := httptest.NewUnstartedServer(r)
	if secure != nil {
		server.TLS = secure
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	r.address = server.Listener.Addr().String()
	return r
}

// overGRPC returns a collector that takes OTLP over gRPC.
func overGRPC(t *testing.T, secure *tls.Config) *receiver {
	t.Helper()
	r := &receiver{}
	var options []grpc.ServerOption
	if secure != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(secure)))
	}
	server := grpc.NewServer(options...)
	receiving.RegisterTraceServiceServer(server, r)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	t.Cleanup(func() {
		server.Stop()
		assert.NoError(t, <-ended)
	})
	r.address = listener.Addr().String()
	return r
}

// named returns the spans of that name.
func (r *receiver) named(name string) (spans []*wire.Span) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, from := range r.sent {
		for _, scope := range from.GetScopeSpans() {
			for _, span := range scope.GetSpans() {
				if name == "" || span.GetName() == name {
					spans = append(spans, span)
				}
			}
		}
	}
	return spans
}

// tags are the attributes of the service that spans are from.
func (r *receiver) tags(t *testing.T) map[string]string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	require.NotEmpty(t, r.sent)
	return texts(r.sent[0].GetResource().GetAttributes())
}

// everything is all that was received, as text.
func (r *receiver) everything(t *testing.T) string {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	var all []json.RawMessage
	for _, from := range r.sent {
		text, err := protojson.Marshal(from)
		require.NoError(t, err)
		all = append(all, text)
	}
	text, err := json.Marshal(all)
	require.NoError(t, err)
	return string(text)
}

func texts(attributes []*common.KeyValue) map[string]string {
	all := map[string]string{}
	for _, each := range attributes {
		all[each.GetKey()] = each.GetValue().GetStringValue()
	}
	return all
}
