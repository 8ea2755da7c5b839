// Package kafkaconf tries the pipelines for Kafka of config/: the binary runs them
// against a broker in this process that asks for passwords and TLS, and against a
// schema registry.
package kafkaconf

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"

	"benthos-segment/plugin/segmenttest"
)

// rejected is in the metrics once a call was given back.
const rejected = `segment_calls_rejected\{[^}]*\} [1-9]`

// root is where the product is, seen from here, and product is what is tried, built
// once.
const root = "../../.."

var product string

func TestMain(m *testing.M) { os.Exit(withBinary(m.Run)) }

func withBinary(run func() int) int {
	folder, err := os.MkdirTemp("", "kafkaconf")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	product = filepath.Join(folder, "benthos-segment")
	build := exec.Command("go", "-C", root, "build", "-o", product, "./cmd/benthos-segment")
	if said, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "building the product: %v\n%s", err, said)
		return 1
	}
	return run()
}

// patience is how long a test that hangs is left alone.
const patience = 2 * time.Minute

// process is a run of the product.
type process struct {
	t       *testing.T
	cmd     *exec.Cmd
	mu      sync.Mutex
	said    bytes.Buffer
	metrics string
	ended   chan error
}

func (p *process) Write(text []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.Write(text)
}

func (p *process) log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.said.String()
}

// run starts a pipeline of config/, or the one of a path, until the test ends. Its
// environment is what it is given, and nothing else.
func run(t *testing.T, config string, env map[string]string) *process {
	t.Helper()
	p := &process{t: t, metrics: freeAddress(t), ended: make(chan error, 1)}
	if !filepath.IsAbs(config) {
		config = "config/" + config
	}
	p.cmd = exec.Command(product, "run", config)
	p.cmd.Dir = root
	p.cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "METRICS_ADDRESS=" + p.metrics}
	for name, value := range env {
		p.cmd.Env = append(p.cmd.Env, name+"="+value)
	}
	p.cmd.Stdout, p.cmd.Stderr = p, p
	require.NoError(t, p.cmd.Start())
	go func() { p.ended <- p.cmd.Wait() }()
	t.Cleanup(p.stop)
	return p
}

// stop asks it to end, and waits until it has.
func (p *process) stop() {
	if p.cmd == nil {
		return
	}
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	<-p.ended
	p.cmd = nil
	if p.t.Failed() {
		p.t.Log(p.log())
	}
}

// await waits until something is so.
func (p *process) await(what string, is func() bool) {
	p.t.Helper()
	require.Eventually(p.t, is, patience, 20*time.Millisecond, "%s: never, in\n%s", what, lazily(p.log))
}

// arrived waits until a sandbox has so many calls.
func (p *process) arrived(sb *segmenttest.Server, n int) {
	p.t.Helper()
	p.await("the calls arrive", func() bool { return len(sb.Calls()) >= n })
}

// lazily is a text that is made when it is printed.
type lazily func() string

func (l lazily) String() string { return l() }

// page reads what its HTTP server has, or nothing where there is none yet.
func (p *process) page(path string) string {
	req, err := http.NewRequestWithContext(p.t.Context(), http.MethodGet, "http://"+p.metrics+path, nil)
	require.NoError(p.t, err)
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	text, _ := io.ReadAll(res.Body)
	return res.Status + "\n" + string(text)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// broker is a Kafka with a client that may do everything.
type broker struct {
	*kfake.Cluster
	client *kgo.Client
	// env is what a pipeline has to know of it.
	env map[string]string
}

// startBroker starts a Kafka with topics. The options of the client are for one that
// asks who it is.
func startBroker(t *testing.T, topics []string, with []kfake.Opt, as ...kgo.Opt) *broker {
	t.Helper()
	cluster, err := kfake.NewCluster(append(with, kfake.NumBrokers(1), kfake.SeedTopics(1, topics...))...)
	require.NoError(t, err)
	t.Cleanup(cluster.Close)
	client, err := kgo.NewClient(append(as, kgo.SeedBrokers(cluster.ListenAddrs()...))...)
	require.NoError(t, err)
	t.Cleanup(client.Close)
	return &broker{cluster, client, map[string]string{"KAFKA_BROKERS": strings.Join(cluster.ListenAddrs(), ",")}}
}

// put writes records, one after the other.
func (b *broker) put(t *testing.T, topic string, records ...*kgo.Record) {
	t.Helper()
	for _, r := range records {
		r.Topic = topic
	}
	require.NoError(t, b.client.ProduceSync(t.Context(), records...).FirstErr())
}

func record(value string) *kgo.Record {
	return &kgo.Record{Key: []byte("u1"), Value: []byte(value)}
}

// take reads the first records of a topic.
func (b *broker) take(t *testing.T, topic string, n int) (records []*kgo.Record) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	b.client.AddConsumeTopics(topic)
	defer b.client.PurgeTopicsFromConsuming(topic)
	for len(records) < n {
		fetches := b.client.PollFetches(ctx)
		require.NoError(t, ctx.Err(), "%d of %d records are in %s", len(records), n, topic)
		fetches.EachRecord(func(r *kgo.Record) { records = append(records, r) })
	}
	return records
}

// headers are those of a record, by their names.
func headers(r *kgo.Record) map[string]string {
	found := map[string]string{}
	for _, h := range r.Headers {
		found[h.Key] = string(h.Value)
	}
	return found
}

// sandbox is Segment, and what a pipeline has to know of it and of a broker.
func sandbox(t *testing.T, b *broker, more map[string]string) (*segmenttest.Server, map[string]string) {
	t.Helper()
	sb := segmenttest.New(t)
	env := map[string]string{"SEGMENT_WRITE_KEY": "the-key", "SEGMENT_ENDPOINT": sb.URL}
	for _, from := range []map[string]string{b.env, more} {
		for name, value := range from {
			env[name] = value
		}
	}
	return sb, env
}
