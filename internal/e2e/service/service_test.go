package service

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/internal/torture/ordeal"
)

// These tests start themselves again as the server.
func TestMain(m *testing.M) {
	switch os.Getenv("SERVE") {
	case "":
		os.Exit(m.Run())
	case "fails":
		fmt.Println("out of luck")
		os.Exit(3)
	}
	if err := serve(os.Getenv("PORT")); err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
}

// serve counts its lives in a file and has a child of its own.
func serve(port string) error {
	file, err := os.OpenFile("lives", os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(file, "lives"); err != nil {
		return err
	}
	sleep := exec.Command("sleep", "1000")
	if err := sleep.Start(); err != nil {
		return err
	}
	if err := os.WriteFile("child", []byte(strconv.Itoa(sleep.Process.Pid)), 0o600); err != nil {
		return err
	}
	if os.Getenv("SERVE") == "never" {
		fmt.Println("still looking for the data")
		select {}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	listener, err := net.Listen("tcp", "127.0.0.1:"+port)
	if err != nil {
		return err
	}
	fmt.Println("listening")
	<-ctx.Done()
	return listener.Close()
}

func server(t *testing.T, serve string) *Service {
	t.Helper()
	port, err := ordeal.FreePort()
	require.NoError(t, err)
	self, err := os.Executable()
	require.NoError(t, err)
	s := New(Config{
		Name: "server", Path: self, Folder: t.TempDir(), Port: port,
		Env: map[string]string{"SERVE": serve, "PORT": strconv.Itoa(port)},
	})
	t.Cleanup(s.Kill)
	return s
}

func lives(t *testing.T, s *Service) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Folder, "lives"))
	require.NoError(t, err)
	return len(text) / len("lives\n")
}

func TestAServerIsKilledAndStartedAgainOnItsData(t *testing.T) {
	s := server(t, "well")
	require.NoError(t, s.Start(t.Context()))
	assert.NoError(t, dial(t.Context(), s.Port), "it is ready")
	assert.ErrorContains(t, s.Launch(), "it runs already")
	assert.ErrorContains(t, s.Killed(), "was not killed")
	pid := childOf(t, s)

	s.Kill()

	require.NoError(t, s.Killed())
	assert.Error(t, dial(t.Context(), s.Port))
	awaitEnd(t, pid)
	require.NoError(t, s.Start(t.Context()))
	assert.NoError(t, dial(t.Context(), s.Port))
	assert.Equal(t, 2, lives(t, s))
	assert.Equal(t, "listening\nlistening", s.Tail(), "the log has both lives")
}

func childOf(t *testing.T, s *Service) int {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.Folder, "child"))
	require.NoError(t, err)
	pid, err := strconv.Atoi(string(text))
	require.NoError(t, err)
	return pid
}

// awaitEnd waits until a process is gone, or a zombie that init has not buried.
func awaitEnd(t *testing.T, pid int) {
	t.Helper()
	require.Eventually(t, func() bool {
		status, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		return err != nil || len(status) > 0 && isZombie(string(status))
	}, time.Minute, 10*time.Millisecond)
}

func isZombie(stat string) bool {
	var pid int
	var name, state string
	_, err := fmt.Sscan(stat, &pid, &name, &state)
	return err == nil && state == "Z"
}

func TestAServerIsStoppedWell(t *testing.T) {
	s := server(t, "well")
	require.NoError(t, s.Start(t.Context()))
	pid := childOf(t, s)

	require.NoError(t, s.Stop(t.Context()))

	awaitEnd(t, pid)
	assert.ErrorContains(t, s.Killed(), "has ended, with exit status 0")
	assert.ErrorContains(t, s.Stop(t.Context()), "has ended")
}

func TestAServerThatIsPausedGoesOnWhenItIsResumed(t *testing.T) {
	s := server(t, "well")
	require.NoError(t, s.Start(t.Context()))
	require.NoError(t, s.Pause())
	require.NoError(t, s.Resume())

	assert.NoError(t, s.Stop(t.Context()))
}

func TestAServerThatDoesNotGetReadySaysWhy(t *testing.T) {
	s := server(t, "fails")
	err := s.Start(t.Context())
	require.ErrorContains(t, err, "exit status 3")
	assert.ErrorContains(t, err, "out of luck")

	s = server(t, "never")
	ctx, cancel := context.WithCancel(t.Context())
	s.Ready = func(context.Context) error {
		if s.Tail() != "" {
			cancel()
		}
		return assert.AnError
	}
	err = s.Start(ctx)
	require.ErrorContains(t, err, "waiting for server to get ready: context canceled: "+assert.AnError.Error())
	assert.ErrorContains(t, err, "still looking for the data")
	assert.NoError(t, s.Killed(), "it is not left running")
}

func TestTheLogOutlivesTheFolder(t *testing.T) {
	s := server(t, "fails")
	require.Error(t, s.Start(t.Context()))

	path, err := s.KeepLog(filepath.Join(t.TempDir(), "logs"))

	require.NoError(t, err)
	text, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "out of luck\n", string(text))
}

func TestAServerOfAnUnknownUserIsRefused(t *testing.T) {
	s := server(t, "well")
	s.User = "nobody-of-that-name"
	assert.ErrorContains(t, s.Start(t.Context()), "nobody-of-that-name")
}
