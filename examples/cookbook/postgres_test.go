package cookbook

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// programs finds those of PostgreSQL, which Debian keeps out of the path.
func programs(t testing.TB) (folder string) {
	t.Helper()
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb"); len(found) > 0 {
		return filepath.Dir(found[len(found)-1])
	}
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path)
		require.NoError(t, err)
		return filepath.Dir(path)
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("there is no PostgreSQL: make test installs it in CI")
	}
	fmt.Printf("skip\t%s: there is no PostgreSQL; the package is postgresql\n", t.Name())
	t.SkipNow()
	return ""
}

// as lets a command run as somebody whom PostgreSQL accepts: it refuses root.
func as(t testing.TB, cmd *exec.Cmd, folder string) *exec.Cmd {
	t.Helper()
	if os.Getuid() != 0 {
		return cmd
	}
	name, err := user.Lookup("postgres")
	if err != nil {
		name, err = user.Lookup("nobody")
	}
	require.NoError(t, err)
	uid, err := strconv.Atoi(name.Uid)
	require.NoError(t, err)
	gid, err := strconv.Atoi(name.Gid)
	require.NoError(t, err)
	require.NoError(t, os.Chown(folder, uid, gid))
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}}
	return cmd
}

// withPostgres starts a PostgreSQL with what input.sql makes, and returns a function
// that asks it something.
func (k *kitchen) withPostgres() (ask func(query string) string) {
	k.Helper()
	bin := programs(k)
	// Not k.TempDir: it is root's alone.
	folder, err := os.MkdirTemp("", "postgres")
	require.NoError(k, err)
	k.Cleanup(func() { assert.NoError(k, os.RemoveAll(folder)) })
	data := filepath.Join(folder, "data")
	said, err := as(k, exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "cook", "-A", "trust", "-E", "UTF8", "--no-sync", "--locale=C"), folder).CombinedOutput()
	require.NoError(k, err, "%s", said)
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(k, err)
	_, port, err := net.SplitHostPort(listener.Addr().String())
	require.NoError(k, err)
	require.NoError(k, listener.Close())
	server := as(k, exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", port, "-k", "", "-h", "127.0.0.1", "-F"), folder)
	server.Stdout, server.Stderr = k, k
	require.NoError(k, server.Start())
	k.Cleanup(func() {
		_ = server.Process.Signal(syscall.SIGINT) // the quick way to stop
		_ = server.Wait()
	})
	psql := func(more ...string) ([]byte, error) {
		args := append([]string{"-h", "127.0.0.1", "-p", port, "-U", "cook", "-d", "postgres", "-v", "ON_ERROR_STOP=1", "-qAtX"}, more...)
		return exec.CommandContext(k.Context(), filepath.Join(bin, "psql"), args...).CombinedOutput()
	}
	k.await("PostgreSQL answers", func() bool {
		said, err = psql("-c", "SELECT 1")
		return err == nil
	})
	said, err = psql("-f", k.path("input.sql"))
	require.NoError(k, err, "%s", said)
	k.environment["POSTGRES_DSN"] = "postgres://cook@127.0.0.1:" + port + "/postgres?sslmode=disable"
	return func(query string) string {
		said, err := psql("-c", query)
		require.NoError(k, err, "%s", said)
		return string(said)
	}
}

func fromRows(k *kitchen) {
	k.withPostgres()
	k.environment["SINCE"] = "2026-01-01T00:00:00Z"
	k.runToTheEnd()
	k.compare()
}

func fromOutbox(k *kitchen) {
	ask := k.withPostgres()
	isEmpty := func() bool { return ask("SELECT count(*) FROM outbox") == "0\n" }
	k.start()
	k.start() // the reserve
	k.await("the outbox is empty", isEmpty)
	// What transactions add later is taken, too, by one or the other.
	ask(`INSERT INTO outbox (event, created_at) VALUES ('{"type": "page", "userId": "cus_7", "name": "Home"}', '2026-03-14 09:15Z')`)
	k.await("the outbox is empty again", isEmpty)
	var late []string
	for n := range 20 {
		late = append(late, fmt.Sprintf("late-%d", n))
		ask(fmt.Sprintf(`INSERT INTO outbox (event, created_at) VALUES ('{"type": "track", "userId": "cus_7", "event": "Opened", "messageId": "late-%d"}', '2026-03-14 09:16Z')`, n))
	}
	k.await("the outbox is empty at the end", isEmpty)
	k.inOrder(append([]string{"outbox:1", "ord_1", "outbox:4"}, late...)...)
	k.compare()
	assert.Zero(k, k.sandbox.Summary().Duplicates)
}
