package cookbook

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/twmb/avro"
	"google.golang.org/protobuf/encoding/protowire"
)

// order is a line of the inputs that are Avro or Protobuf in Kafka.
type order struct {
	OrderID    string  `json:"order_id" avro:"order_id"`
	CustomerID string  `json:"customer_id" avro:"customer_id"`
	OrderedAt  int64   `json:"ordered_at" avro:"ordered_at"`
	Revenue    float64 `json:"revenue" avro:"revenue"`
	Coupon     *string `json:"coupon" avro:"coupon"`
	TotalCents uint64  `json:"total_cents" avro:"-"`
	Currency   string  `json:"currency" avro:"-"`
}

func (k *kitchen) orders() (orders []order) {
	k.Helper()
	for _, line := range k.lines("input.ndjson") {
		var o order
		require.NoError(k, json.Unmarshal([]byte(line), &o))
		orders = append(orders, o)
	}
	return orders
}

func fromAvro(k *kitchen) {
	schema, err := avro.Parse(k.body("schema.json"))
	require.NoError(k, err)
	registry := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/schemas/ids/7") {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		w.Header().Set("Content-Type", "application/vnd.schemaregistry.v1+json")
		_, _ = w.Write([]byte(encode(k.T, map[string]string{"schema": k.body("schema.json")})))
	}))
	k.Cleanup(registry.Close)
	var records [][]byte
	for _, o := range k.orders() {
		record, err := schema.AppendEncode([]byte{0, 0, 0, 0, 7}, o)
		require.NoError(k, err)
		records = append(records, record)
	}
	broken := []byte{0, 0, 0, 0, 7, 0xff}
	client := k.fill("orders-avro", append(records, broken)...)
	k.environment["SCHEMA_REGISTRY_URL"] = registry.URL
	k.start()

	k.sandbox.Wait(len(records))
	assert.Equal(k, broken, k.deadRecord(client, "mapping_failed").Value)
	k.compare()
}

func fromProtobuf(k *kitchen) {
	var records [][]byte
	for _, o := range k.orders() {
		at := protowire.AppendVarint(protowire.AppendTag(nil, 1, protowire.VarintType), uint64(o.OrderedAt))
		record := protowire.AppendString(protowire.AppendTag(nil, 1, protowire.BytesType), o.OrderID)
		record = protowire.AppendString(protowire.AppendTag(record, 2, protowire.BytesType), o.CustomerID)
		record = protowire.AppendVarint(protowire.AppendTag(record, 3, protowire.VarintType), o.TotalCents)
		record = protowire.AppendString(protowire.AppendTag(record, 4, protowire.BytesType), o.Currency)
		records = append(records, protowire.AppendBytes(protowire.AppendTag(record, 5, protowire.BytesType), at))
	}
	broken := []byte("\xff\xff")
	client := k.fill("orders-protobuf", append(records, broken)...)
	k.start()

	k.sandbox.Wait(len(records))
	assert.Equal(k, broken, k.deadRecord(client, "mapping_failed").Value)
	k.compare()
}

func toWarehouse(k *kitchen) {
	client := k.filled("events")
	k.environment["WAREHOUSE_DRIVER"] = "sqlite"
	k.environment["WAREHOUSE_DSN"] = filepath.Join(k.TempDir(), "warehouse.db")
	stop := k.start()
	k.sandbox.Wait(5)
	k.deadRecords(client, "event_not_defined", "invalid_json", "bad_request", "event_not_string")
	rows := func() string {
		read := exec.CommandContext(k.Context(), binary, "run", "--set", "http.enabled=false", "--set", "logger.level=OFF", k.path("rows.yaml"))
		read.Env = []string{"WAREHOUSE_DSN=" + k.environment["WAREHOUSE_DSN"]}
		said, err := read.Output()
		require.NoError(k, err)
		return string(said)
	}
	k.await("there are six rows", func() bool { return strings.Count(rows(), "\n") == 6 })
	stop()
	k.hold("rows.ndjson", strings.Split(strings.TrimSuffix(rows(), "\n"), "\n"))
	k.compare()
}
