package npm

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// platform is this machine, in Node's words.
func platform() string {
	cpu := map[string]string{"amd64": "x64"}[runtime.GOARCH]
	if cpu == "" {
		cpu = runtime.GOARCH
	}
	return runtime.GOOS + "-" + cpu
}

// npmIn returns a command that knows no registry but ours and keeps its cache
// to itself.
func npmIn(t *testing.T, folder, registry, name string, args ...string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Dir = folder
	cmd.Env = append(os.Environ(),
		"npm_config_registry="+registry, "npm_config_cache="+filepath.Join(folder, ".npm"), "npm_config_userconfig="+filepath.Join(folder, ".npmrc"),
		"npm_config_audit=false", "npm_config_fund=false", "npm_config_update_notifier=false", "HTTP_PROXY=", "http_proxy=")
	return cmd
}

func do(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	said, err := cmd.CombinedOutput()
	require.NoError(t, err, "%v: %s", cmd.Args, said)
	return string(said)
}

func needNPM(t *testing.T) {
	t.Helper()
	_, err := exec.LookPath("npm")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("there is no npm")
	}
	require.NoError(t, err)
}

// packages builds the packages with npm pack: for this platform, and for one
// that is not.
func packages(t *testing.T) (folder string) {
	t.Helper()
	folder = t.TempDir()
	program := filepath.Join(folder, "segment-sandbox")
	build := exec.CommandContext(t.Context(), "go", "-C", "../..", "build", "-trimpath", "-ldflags", "-s -w -X main.Version=v1.2.3", "-o", program, "./cmd/segment-sandbox")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	do(t, build)
	foreign := filepath.Join(folder, "foreign")
	require.NoError(t, os.WriteFile(foreign, []byte("not for this machine"), 0o600))
	do(t, exec.CommandContext(t.Context(), "node", "build.mjs", "--version", "v1.2.3", "--out", filepath.Join(folder, "made"), "--licence", "../../LICENSE", "--notice", "../../NOTICE",
		platform()+"="+program, "win32-ia32="+foreign))
	do(t, npmIn(t, folder, "http://127.0.0.1:1", "npm", "pack", "--silent",
		filepath.Join(folder, "made", "segment-sandbox"), filepath.Join(folder, "made", platform()), filepath.Join(folder, "made", "win32-ia32")))
	return folder
}

// evanw/esbuild#1819: with a program in optional dependencies, people run into it
// not being there, by --no-optional or because node_modules were copied.
func TestTheSandboxComesFromNPM(t *testing.T) {
	needNPM(t)
	made := packages(t)
	from := registry(t, made)
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "package.json"), []byte("{}"), 0o600))
	do(t, npmIn(t, folder, from, "npm", "install", "segment-sandbox"))

	installed, err := filepath.Glob(filepath.Join(folder, "node_modules/@segment-sandbox/*"))
	require.NoError(t, err)
	require.Len(t, installed, 1, "that of the platform alone")
	assert.Equal(t, platform(), filepath.Base(installed[0]))
	assert.FileExists(t, filepath.Join(installed[0], "NOTICE"))
	assert.FileExists(t, filepath.Join(folder, "node_modules/segment-sandbox/NOTICE"))
	assert.Equal(t, "Version: v1.2.3\n", do(t, npmIn(t, folder, from, "npx", "segment-sandbox", "version")))

	script, err := filepath.Abs("testdata/use.test.cjs")
	require.NoError(t, err)
	text, err := os.ReadFile(script)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(folder, "use.test.cjs"), text, 0o600))
	do(t, npmIn(t, folder, from, "node", "--test", "use.test.cjs"))

	t.Run("of files that no registry has", func(t *testing.T) {
		folder := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(folder, "package.json"), []byte("{}"), 0o600))
		nothing := httptest.NewServer(http.NotFoundHandler())
		defer nothing.Close()
		do(t, npmIn(t, folder, nothing.URL, "npm", "install", "--save-dev",
			filepath.Join(made, "segment-sandbox-1.2.3.tgz"), filepath.Join(made, "segment-sandbox-"+platform()+"-1.2.3.tgz")))
		assert.Equal(t, "Version: v1.2.3\n", do(t, npmIn(t, folder, nothing.URL, "npx", "segment-sandbox", "version")))
	})
	t.Run("a flag that is wrong", func(t *testing.T) {
		run := npmIn(t, folder, from, "npx", "segment-sandbox", "--stric")
		said, err := run.CombinedOutput()
		assert.Error(t, err)
		assert.Equal(t, 2, run.ProcessState.ExitCode())
		assert.Contains(t, string(said), "did you mean --strict?")
	})
	t.Run("a test that is killed", func(t *testing.T) { assertNothingIsLeft(t, folder, filepath.Join(made, "segment-sandbox")) })
	t.Run("without the program", func(t *testing.T) {
		do(t, npmIn(t, folder, from, "npm", "install", "--omit=optional"))
		require.NoDirExists(t, installed[0])
		said, err := npmIn(t, folder, from, "npx", "segment-sandbox").CombinedOutput()
		assert.Error(t, err)
		assert.Contains(t, string(said), "The package @segment-sandbox/"+platform()+" is missing")
		assert.Contains(t, string(said), "--omit=optional")
		assert.Contains(t, string(said), "delete package-lock.json and node_modules, and run npm install")
	})
	t.Run("from a lock file of another platform", func(t *testing.T) { assertALockFileIsExplained(t, from) })
	t.Run("on another platform", func(t *testing.T) {
		run := npmIn(t, folder, from, "node", "-e", `Object.defineProperty(process, 'arch', {value: 'mips'}); try { require('segment-sandbox').binary() } catch (e) { console.log(e.message) }`)
		assert.Contains(t, do(t, run), "segment-sandbox has no program for "+runtime.GOOS+"-mips, only for "+platform())
	})
	t.Run("one that is named", func(t *testing.T) {
		run := npmIn(t, folder, from, "npx", "segment-sandbox", "version")
		run.Env = append(run.Env, "SEGMENT_SANDBOX_BINARY="+filepath.Join(made, "segment-sandbox"))
		assert.Equal(t, "Version: v1.2.3\n", do(t, run))
	})
}

// npm/cli#4828: a lock file can be made that has the program of the machine it
// was made on alone. On another machine npm 9 leaves the program out without a
// word, and npm 11 says that it is missing. Who does what the error says has it.
func assertALockFileIsExplained(t *testing.T, from string) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "package.json"), []byte("{}"), 0o600))
	do(t, npmIn(t, folder, from, "npm", "install", "segment-sandbox"))
	lock := filepath.Join(folder, "package-lock.json")
	text, err := os.ReadFile(lock)
	require.NoError(t, err)
	var locked map[string]any
	require.NoError(t, json.Unmarshal(text, &locked))
	packages := locked["packages"].(map[string]any)
	ours := "node_modules/@segment-sandbox/" + platform()
	require.Contains(t, packages, ours)
	require.Contains(t, packages, "node_modules/@segment-sandbox/win32-ia32")
	do(t, npmIn(t, folder, from, "npm", "ci"))
	assert.Equal(t, "Version: v1.2.3\n", do(t, npmIn(t, folder, from, "npx", "segment-sandbox", "version")), "a lock file that is whole")

	delete(packages, ours)
	text, err = json.Marshal(locked)
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(lock, text, 0o600))
	said, err := npmIn(t, folder, from, "npm", "ci").CombinedOutput()
	if err != nil {
		require.Contains(t, string(said), "Missing: @segment-sandbox/"+platform())
	} else {
		said, err = npmIn(t, folder, from, "npx", "segment-sandbox", "version").CombinedOutput()
		require.Error(t, err)
		assert.Contains(t, string(said), "delete package-lock.json and node_modules, and run npm install")
	}
	require.NoError(t, os.Remove(lock))
	require.NoError(t, os.RemoveAll(filepath.Join(folder, "node_modules")))
	do(t, npmIn(t, folder, from, "npm", "install"))
	assert.Equal(t, "Version: v1.2.3\n", do(t, npmIn(t, folder, from, "npx", "segment-sandbox", "version")))
}

// A test that is killed leaves no sandbox behind.
func assertNothingIsLeft(t *testing.T, folder, program string) {
	t.Helper()
	test := exec.Command("node", "-e", `require('segment-sandbox').start().then((s) => { console.log(s.url); setInterval(() => {}, 1000) })`)
	test.Dir = folder
	out, err := test.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, test.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	url := strings.TrimSpace(line)
	require.Regexp(t, `^http://127\.0\.0\.1:\d+$`, url)
	require.NoError(t, exec.Command(program, "health", url+"/healthz").Run())
	require.NoError(t, test.Process.Kill())
	_ = test.Wait()
	require.Eventually(t, func() bool {
		return exec.Command(program, "health", url+"/healthz").Run() != nil
	}, time.Minute, 50*time.Millisecond)
}
