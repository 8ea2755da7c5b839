package monitoring

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const (
	docs = "../../docs/monitoring"
	// patience is for machines that have much else to do.
	patience = 2 * time.Minute
	tick     = 50 * time.Millisecond
)

// tool returns the path of prometheus or promtool. Where they are missing, the
// tests are left out, but in CI.
func tool(t *testing.T, name string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path, err := filepath.Abs("../../bin/prometheus/usr/bin/" + name)
	require.NoError(t, err)
	if _, err := os.Stat(path); err == nil {
		return path
	}
	if os.Getenv("CI") == "true" {
		require.Fail(t, "there is no "+name, "run .ci/prometheus")
	}
	t.Skipf("there is no %s: run .ci/prometheus", name)
	return ""
}

// run runs a program that has to succeed.
func run(t *testing.T, program string, args ...string) {
	t.Helper()
	said, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", program, args, said)
}

// log is what a process has said.
type log struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *log) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *log) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// process is one that a test has started. It ends with the test.
type process struct {
	said  log
	ended chan struct{}
}

func start(t *testing.T, env []string, program string, args ...string) *process {
	t.Helper()
	p := &process{ended: make(chan struct{})}
	command := exec.Command(program, args...)
	command.Env = append(os.Environ(), env...)
	command.Stdout, command.Stderr = &p.said, &p.said
	require.NoError(t, command.Start())
	go func() {
		defer close(p.ended)
		_ = command.Wait()
	}()
	t.Cleanup(func() {
		_ = command.Process.Kill()
		<-p.ended
		if t.Failed() {
			t.Logf("%s: %s", filepath.Base(program), last(p.said.String()))
		}
	})
	return p
}

// last is the end of what a process has said.
func last(said string) string { return said[max(0, len(said)-4000):] }

// prometheus is a running one.
type prometheus struct {
	t   *testing.T
	url string
}

// startPrometheus runs one that reads addresses, each as a job of its own name.
func startPrometheus(t *testing.T, rules string, jobs map[string]string) *prometheus {
	t.Helper()
	program, folder, address := tool(t, "prometheus"), t.TempDir(), freeAddress(t)
	config := fmt.Sprintf("global: {scrape_interval: 1s, scrape_timeout: 1s, evaluation_interval: 1s}\nrule_files: [%q]\nscrape_configs:\n", rules)
	for job, at := range jobs {
		config += fmt.Sprintf("  - {job_name: %q, static_configs: [{targets: [%q]}]}\n", job, at)
	}
	path := filepath.Join(folder, "prometheus.yml")
	require.NoError(t, os.WriteFile(path, []byte(config), 0o600))
	args := []string{"--config.file=" + path, "--storage.tsdb.path=" + filepath.Join(folder, "data"), "--web.listen-address=" + address, "--log.level=warn"}
	if assets := filepath.Join(filepath.Dir(program), "../share/prometheus/web"); exists(assets) {
		args = append(args, "--web.local-assets="+assets+"/") // of Debian's
	}
	p := &prometheus{t: t, url: "http://" + address}
	one := start(t, nil, program, args...)
	require.Eventually(t, func() bool {
		select {
		case <-one.ended:
			require.Fail(t, "Prometheus does not run", one.said.String())
		default:
		}
		answer, err := http.Get(p.url + "/-/ready")
		if err != nil {
			return false
		}
		_ = answer.Body.Close()
		return answer.StatusCode == http.StatusOK
	}, patience, tick)
	return p
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, os.ErrNotExist)
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	return listener.Addr().String()
}

// get asks the API and reads what it answers.
func (p *prometheus) get(path string, into any) error {
	answer, err := http.Get(p.url + path)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	read, err := io.ReadAll(answer.Body)
	if err != nil {
		return err
	}
	if answer.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", answer.Status, bytes.TrimSpace(read))
	}
	return json.Unmarshal(read, &struct{ Data any }{into})
}

// count returns how many series a query finds.
func (p *prometheus) count(query string) (int, error) {
	var found struct{ Result []json.RawMessage }
	err := p.get("/api/v1/query?query="+url.QueryEscape(query), &found)
	return len(found.Result), err
}

// findsTheSetUpError looks that a wrong key is said, also where nothing is sent again
// because of it.
func (p *prometheus) findsTheSetUpError(all []rule) {
	p.t.Helper()
	at := slices.IndexFunc(all, func(r rule) bool { return r.Alert == "SegmentSetUpError" })
	require.GreaterOrEqual(p.t, at, 0)
	query := fmt.Sprintf("(%s) and on (job) up{job=%q}", all[at].Expr, refusedJob)
	require.Eventually(p.t, func() bool {
		found, err := p.count(query)
		return err == nil && found > 0
	}, patience, tick, "on_setup_error is reject, and nothing is found by %s", query)
}

// names are those of all series.
func (p *prometheus) names() map[string]bool {
	p.t.Helper()
	var list []string
	require.NoError(p.t, p.get("/api/v1/label/__name__/values", &list))
	names := make(map[string]bool, len(list))
	for _, name := range list {
		names[name] = true
	}
	return names
}

// canonical returns a query as Prometheus itself writes it, which fails where its
// parser does.
func (p *prometheus) canonical(query string) string {
	p.t.Helper()
	var text string
	require.NoError(p.t, p.get("/api/v1/format_query?query="+url.QueryEscape(query), &text), query)
	return strings.Join(strings.Fields(text), " ")
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
}
