package kafkaconf

import (
	"encoding/binary"
	"math"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/sr"
	"github.com/twmb/franz-go/pkg/sr/srfake"
	"google.golang.org/protobuf/encoding/protowire"
)

const (
	avroOrder = `{"type":"record","name":"Order","fields":[
		{"name":"order_id","type":"string"},
		{"name":"customer_id","type":"string"},
		{"name":"placed_at","type":{"type":"long","logicalType":"timestamp-millis"}},
		{"name":"total","type":"double"},
		{"name":"currency","type":["null","string"],"default":null}]}`

	protobufOrder = `syntax = "proto3";
message Ignored { string a = 1; }
message Order {
  string order_id = 1;
  string customer_id = 2;
  int64 placed_at = 3;
  double total = 4;
  string currency = 5;
}`
)

// framed puts a schema's id before a record.
func framed(id int, record []byte) string {
	return string(append(binary.BigEndian.AppendUint32([]byte{0}, uint32(id)), record...))
}

// inAvro is an order in Avro's binary encoding.
func inAvro(order, customer string, at int64, total float64, currency string) (b []byte) {
	text := func(s string) { b = append(binary.AppendVarint(b, int64(len(s))), s...) }
	text(order)
	text(customer)
	b = binary.AppendVarint(b, at)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(total))
	if currency == "" {
		return binary.AppendVarint(b, 0)
	}
	b = binary.AppendVarint(b, 1)
	text(currency)
	return b
}

// inProtobuf is the same in Protobuf. The message is the second of its schema, which
// the indexes before it say.
func inProtobuf(order, customer string, at int64, total float64, currency string) []byte {
	b := binary.AppendVarint(binary.AppendVarint(nil, 1), 1)
	b = protowire.AppendString(protowire.AppendTag(b, 1, protowire.BytesType), order)
	b = protowire.AppendString(protowire.AppendTag(b, 2, protowire.BytesType), customer)
	b = protowire.AppendVarint(protowire.AppendTag(b, 3, protowire.VarintType), uint64(at))
	b = protowire.AppendFixed64(protowire.AppendTag(b, 4, protowire.Fixed64Type), math.Float64bits(total))
	return protowire.AppendString(protowire.AppendTag(b, 5, protowire.BytesType), currency)
}

// registry is one that asks for a password, and that is away until it is back.
type registry struct {
	*srfake.Registry
	avro, protobuf int
	isBack         atomic.Bool
	asked          atomic.Int32
	// env is what a pipeline has to know of it.
	env map[string]string
}

func startRegistry(t *testing.T) *registry {
	t.Helper()
	r := &registry{Registry: srfake.New(srfake.WithAuth("Basic bWU6cHdfQ0FOQVJZXzc3"))} // me, and the password
	t.Cleanup(r.Close)
	var err error
	r.avro, _, err = r.RegisterSchema("orders-value", sr.Schema{Schema: avroOrder, Type: sr.TypeAvro})
	require.NoError(t, err)
	r.protobuf, _, err = r.RegisterSchema("orders-protobuf-value", sr.Schema{Schema: protobufOrder, Type: sr.TypeProtobuf})
	require.NoError(t, err)
	r.Intercept(func(w http.ResponseWriter, _ *http.Request) bool {
		r.asked.Add(1)
		if !r.isBack.Load() {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		return !r.isBack.Load()
	})
	r.env = map[string]string{
		"SCHEMA_REGISTRY_URL": r.URL(), "SCHEMA_REGISTRY_AUTH": "true", "SCHEMA_REGISTRY_USER": "me", "SCHEMA_REGISTRY_PASSWORD": password,
	}
	return r
}

// at is when all orders were placed, in milliseconds.
const at = 1773479520123

// Nothing is given up when the process is stopped while the registry is away.
func TestAStopWhileTheRegistryIsAwayMakesNoDeadLetters(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	b := startBroker(t, []string{"orders", "orders-dead"}, nil)
	sb, env := sandbox(t, b, r.env)
	b.put(t, "orders", record(framed(r.avro, inAvro("o-1", "cus_1", at, 19.9, ""))), record("plain text"))
	text, err := os.ReadFile(filepath.Join(root, "config", "kafka_schema_registry.yaml"))
	require.NoError(t, err)
	impatient := filepath.Join(t.TempDir(), "pipeline.yaml")
	require.Contains(t, string(text), "shutdown_timeout: 60s")
	require.NoError(t, os.WriteFile(impatient, []byte(strings.Replace(string(text), "shutdown_timeout: 60s", "shutdown_timeout: 2s", 1)), 0o600))

	stopped := run(t, impatient, env)
	stopped.await("it asks again and again", func() bool { return r.asked.Load() > 2 })
	stopped.stop()
	r.isBack.Store(true)
	p := run(t, "kafka_schema_registry.yaml", env)

	p.arrived(sb, 1)
	assert.Equal(t, "plain text", string(b.take(t, "orders-dead", 1)[0].Value), "the first dead letter there is")
}

func TestRecordsOfARegistryBecomeCalls(t *testing.T) {
	t.Parallel()
	r := startRegistry(t)
	b := startBroker(t, []string{"orders", "orders-dead"}, nil)
	sb, env := sandbox(t, b, r.env)
	cut := framed(r.avro, inAvro("o-3", "cus_3", at, 1, "EUR")[:6])
	unknown := framed(4711, inAvro("o-4", "cus_4", at, 1, "EUR"))
	nobody := framed(r.avro, inAvro("o-5", "", at, 1, ""))
	b.put(t, "orders",
		record(framed(r.avro, inAvro("o-1", "cus_1", at, 19.9, ""))),
		record(framed(r.protobuf, inProtobuf("o-2", "cus_2", at, 20.5, "EUR"))),
		record(cut), record(unknown), record("plain text"), record(nobody),
		record(framed(r.avro, inAvro("o-6", "cus_6", at, 1, "USD"))))

	p := run(t, "kafka_schema_registry.yaml", env)
	p.await("it asks again and again", func() bool { return r.asked.Load() > 2 })
	assert.NotRegexp(t, rejected, p.page("/metrics"), "nothing is given up while the registry is away")
	r.isBack.Store(true)

	p.arrived(sb, 3)
	calls := map[string]string{}
	for _, call := range sb.Calls() {
		calls[call.UserID] = string(call.Raw)
	}
	assert.Contains(t, calls["cus_1"], `"properties":{"order_id":"o-1","total":19.9}`)
	assert.Contains(t, calls["cus_2"], `"currency":"EUR"`)
	assert.Contains(t, calls["cus_6"], `"currency":"USD"`)
	for user, raw := range calls {
		assert.Contains(t, raw, `"timestamp":"2026-03-14T09:12:00.123Z"`, user)
	}
	dead := b.take(t, "orders-dead", 4)
	for i, want := range []struct{ value, reason, sentence string }{
		{cut, "mapping_failed", "short buffer"},
		{unknown, "mapping_failed", "schema not found"},
		{"plain text", "mapping_failed", "header"},
		{nobody, "no_user_anon_id", ""},
	} {
		assert.Equal(t, want.value, string(dead[i].Value), "byte for byte")
		assert.Equal(t, want.reason, headers(dead[i])["dead_letter_reason"])
		assert.Contains(t, headers(dead[i])["dead_letter_sentence"], want.sentence)
	}
	p.stop()
	assert.NotContains(t, p.log(), "CANARY")
}
