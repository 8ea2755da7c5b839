package sandbox

import (
	"context"
	"io"
	"net"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
	"benthos-segment/internal/streamtest"
)

func runCommand(ctx context.Context, said *streamtest.Log, args ...string) error {
	app := &cli.App{Name: "benthos-segment", Commands: []*cli.Command{Command("v1.2.3")}, Writer: said, ErrWriter: said}
	return command.Face{}.Run(ctx, app, append([]string{"benthos-segment", "sandbox"}, args...))
}

func TestTheSandboxCommandServesUntilItIsStopped(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	said, ended := &streamtest.Log{}, make(chan error, 1)
	go func() {
		ended <- runCommand(ctx, said, "--listen", "127.0.0.1:0", "--strict", "--write-key", "k", "--plan", "../../../config/governed_plan.json")
	}()
	var url string
	require.Eventually(t, func() bool {
		url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said.String())
		return url != ""
	}, 10*time.Second, 5*time.Millisecond)

	for key, want := range map[string]int{"k": http.StatusBadRequest, "other": http.StatusUnauthorized} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/track", strings.NewReader(`{"userId":"u"}`))
		require.NoError(t, err)
		r.SetBasicAuth(key, "")
		resp, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, want, resp.StatusCode)
	}

	// A connection without a request, and a body that does not arrive.
	for _, begin := range []string{"", "POST /v1/track HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100\r\n\r\n{"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(url, "http://"))
		require.NoError(t, err)
		defer conn.Close()
		_, err = io.WriteString(conn, begin)
		require.NoError(t, err)
	}
	stop()
	select {
	case err := <-ended:
		assert.NoError(t, err)
	case <-time.After(30 * time.Second):
		t.Fatal("the command does not stop")
	}
}

// What arrived is there after a restart, under the same number.
func TestTheSandboxCommandKeepsItsData(t *testing.T) {
	dir := t.TempDir()
	for life := range 3 {
		ctx, stop := context.WithCancel(t.Context())
		said, ended := &streamtest.Log{}, make(chan error, 1)
		go func() { ended <- runCommand(ctx, said, "--listen", "127.0.0.1:0", "--data", dir) }()
		var url string
		require.Eventually(t, func() bool {
			url = regexp.MustCompile(`http://127\.0\.0\.1:\d+`).FindString(said.String())
			return url != ""
		}, time.Minute, 5*time.Millisecond)

		resp, err := http.Get(url + "/api/v1/calls")
		require.NoError(t, err)
		text, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		assert.Equal(t, life, strings.Count(string(text), `"message_id":"m"`), "one for each life before")
		assert.Contains(t, runCommand(ctx, &streamtest.Log{}, "--listen", "127.0.0.1:0", "--data", dir).Error(), "another sandbox has")

		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/v1/page", strings.NewReader(`{"userId":"u","messageId":"m"}`))
		require.NoError(t, err)
		r.SetBasicAuth("k", "")
		resp, err = http.DefaultClient.Do(r)
		require.NoError(t, err)
		require.NoError(t, resp.Body.Close())
		stop()
		require.NoError(t, <-ended)
	}
}

// It said http://[::]:8765, which no browser opens, and answered 403 to every
// address that another machine could call it by.
func TestARemoteSandboxPrintsItsAddressesAndWarns(t *testing.T) {
	for listen, want := range map[string]int{"0.0.0.0:0": 1, ":0": 1, "127.0.0.1:0": 0} {
		t.Run(listen, func(t *testing.T) {
			ctx, stop := context.WithCancel(t.Context())
			said, ended := &streamtest.Log{}, make(chan error, 1)
			go func() { ended <- runCommand(ctx, said, "--listen", listen, "--allow-remote", "--host", "sandbox.test") }()
			defer func() {
				stop()
				assert.NoError(t, <-ended)
			}()
			require.Eventually(t, func() bool { return strings.Contains(said.String(), "Try:") }, 10*time.Second, 5*time.Millisecond)

			assert.Equal(t, want, strings.Count(said.String(), "WARNING: other machines can reach it"))
			urls := regexp.MustCompile(`(?m)(?:listens on|also at) (http://\S+:\d+)`).FindAllStringSubmatch(said.String(), -1)
			require.GreaterOrEqual(t, len(urls), 2, said.String())
			assert.Contains(t, urls[0][1], "http://127.0.0.1:")
			assert.Contains(t, urls[len(urls)-1][1], "http://sandbox.test:")
			port := urls[0][1][strings.LastIndex(urls[0][1], ":"):]
			for _, url := range urls {
				assert.NotContains(t, url[1], "0.0.0.0")
				assert.NotContains(t, url[1], "[::]")
				// It answers under each of its addresses.
				r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://127.0.0.1"+port+"/api/v1/summary", nil)
				require.NoError(t, err)
				r.Host = strings.TrimPrefix(url[1], "http://")
				resp, err := http.DefaultClient.Do(r)
				require.NoError(t, err)
				require.NoError(t, resp.Body.Close())
				assert.Equal(t, http.StatusOK, resp.StatusCode, url[1])
			}
		})
	}
}

func TestTheSandboxCommandSaysWhatIsWrong(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { _ = taken.Close() })
	for name, given := range map[string]struct {
		args []string
		says string
	}{
		"every address":  {[]string{"--listen", "0.0.0.0:0"}, "--allow-remote"},
		"no host":        {[]string{"--listen", ":0"}, "--allow-remote"},
		"foreign IPv6":   {[]string{"--listen", "[::]:0"}, "--allow-remote"},
		"no port":        {[]string{"--listen", "127.0.0.1"}, "--listen must be"},
		"port taken":     {[]string{"--listen", taken.Addr().String()}, "choose another port with --listen"},
		"no calls":       {[]string{"--max-calls", "0"}, "--max-calls must be"},
		"negative bytes": {[]string{"--max-bytes", "-1"}, "--max-bytes must be a size of at least 1 byte"},
		"no unit":        {[]string{"--max-bytes", "64 parrots"}, "such as 64MB, 1GiB or 500000, not \"64 parrots\""},
		"replay to disk": {[]string{"--replay-to", "file:///etc"}, "--replay-to: the place to replay to must be"},
		"replay as user": {[]string{"--replay-to", "https://k@example.com"}, "no user"},
		"no plan":        {[]string{"--plan", "/no/such/plan.json"}, "reading --plan: open /no/such/plan.json"},
		"a wrong plan":   {[]string{"--plan", "command.go"}, "--plan command.go: line 1: the plan is not valid JSON"},
		"data in a file": {[]string{"--data", "command.go"}, "--data command.go: making the directory"},
		"an argument":    {[]string{"start"}, `not "start"`},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
			defer cancel()
			assert.ErrorContains(t, runCommand(ctx, &streamtest.Log{}, given.args...), given.says)
		})
	}
}

func TestTheControlAPIGoesByTheNameItListensOn(t *testing.T) {
	for address, want := range map[string][]string{
		"sandbox.test:80": {"sandbox.test"},
		"192.0.2.1:80":    {"192.0.2.1"},
		"0.0.0.0:80":      nil,
		"[::]:80":         nil,
		":80":             nil,
		"nonsense":        nil,
	} {
		assert.Equal(t, want, hostOf(address), address)
	}
}
