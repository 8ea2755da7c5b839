package runner

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os/exec"
	"time"

	"github.com/google/pprof/profile"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/corpus"
)

// Profiles are what the engine's debug endpoints say of a run.
type Profiles struct {
	CPU, Memory *profile.Profile
}

const (
	// profiledSeconds is how long the processor is watched. The events have to
	// last for longer.
	profiledSeconds = 3
	// warmingUp keeps the start of the process out of it.
	warmingUp = 700 * time.Millisecond
)

// Profile watches a contender of ours while it sends so many events.
func (b *Bench) Profile(c contender.Contender, events int) (Profiles, error) {
	file, err := corpus.File(b.Tools.Directory, corpus.Shape{Events: events, People: events / 10}, c.Form)
	if err != nil {
		return Profiles{}, err
	}
	if err := b.Far.reset(c.Latency); err != nil {
		return Profiles{}, err
	}
	command, err := c.Command(b.Tools, file, b.Far.URL)
	if err != nil {
		return Profiles{}, err
	}
	address, err := freeAddress()
	if err != nil {
		return Profiles{}, err
	}
	// The config is the last argument of run.
	last := len(command.Args) - 1
	command.Args = append(command.Args[:last:last],
		"--set", "http.enabled=true", "--set", "http.debug_endpoints=true", "--set", "http.address="+address,
		command.Args[last])
	return watched(command, "http://"+address+"/debug/pprof/")
}

func freeAddress() (string, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer listener.Close()
	return listener.Addr().String(), nil
}

// watched runs a process, takes its profiles and ends it.
func watched(command *exec.Cmd, url string) (taken Profiles, err error) {
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		return taken, err
	}
	defer func() {
		_ = command.Process.Kill()
		_ = command.Wait()
		if err != nil {
			err = fmt.Errorf("%w: %s", err, tail(said.Bytes()))
		}
	}()
	time.Sleep(warmingUp)
	if taken.CPU, err = fetched(fmt.Sprintf("%sprofile?seconds=%d", url, profiledSeconds)); err != nil {
		return taken, err
	}
	taken.Memory, err = fetched(url + "allocs")
	return taken, err
}

func fetched(url string) (*profile.Profile, error) {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetching a profile: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		return nil, errors.New("fetching a profile: " + response.Status + ": " + string(said))
	}
	return profile.Parse(response.Body)
}
