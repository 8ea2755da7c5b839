package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	core "k8s.io/api/core/v1"
)

// The command line of a pod runs here with its own files, environment and probes.
// Only places differ: its volumes are folders, and its ports are free ones.
func TestThePodsRun(t *testing.T) {
	for name, test := range map[string]struct {
		set   values
		ready int
	}{
		"front door without Segment": {
			values{"mode": "frontDoor", "env": map[string]any{"SEGMENT_ENDPOINT": "http://127.0.0.1:9"}},
			http.StatusOK,
		},
		"pipeline without Kafka": {values{"env": map[string]any{"KAFKA_BROKERS": "127.0.0.1:9"}}, http.StatusServiceUnavailable},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := renderedWith(t, test.set)
			container := r.pod(t).Containers[0]
			p := startPod(t, r, "SEGMENT_WRITE_KEY=\"k\"\nSOURCE_WRITE_KEY=\"k\"\n")
			alive := func(probe *core.Probe) func() int {
				url := "http://" + p.ports[probe.HTTPGet.Port.StrVal] + probe.HTTPGet.Path
				return func() int { return statusOf(t, url) }
			}
			p.await(t, alive(container.LivenessProbe), http.StatusOK)
			p.await(t, alive(container.ReadinessProbe), test.ready)
			assert.Equal(t, http.StatusOK, statusOf(t, "http://"+p.ports["metrics"]+"/metrics"))
			require.NoError(t, p.process.Signal(syscall.SIGTERM))
			assert.NoError(t, <-p.ended, "a pod that is stopped ends well: %s", p.said)
		})
	}
}

// What is set reaches the component that it is meant for: each of these refuses it.
func TestThePodsReadTheirSettings(t *testing.T) {
	for want, set := range map[string]values{
		"max_bytes":                      {"mode": "frontDoor", "queue": map[string]any{"maxBytes": "5"}},
		"parsing partition_buffer_bytes": {"env": map[string]any{"KAFKA_PARTITION_BUFFER": "much"}},
	} {
		p := startPod(t, renderedWith(t, set), "SEGMENT_WRITE_KEY=\"k\"\nSOURCE_WRITE_KEY=\"k\"\n")
		require.Error(t, <-p.ended)
		assert.Contains(t, p.said.String(), want)
	}
}

// running is the container of a pod, at work on this machine.
type running struct {
	ports   map[string]string
	process *os.Process
	said    *bytes.Buffer
	ended   chan error
}

func startPod(t *testing.T, r rendered, secrets string) running {
	t.Helper()
	pod := r.pod(t)
	container := pod.Containers[0]
	p := running{ports: map[string]string{}, said: &bytes.Buffer{}, ended: make(chan error, 1)}
	var places []string
	for mounted, folder := range volumesOf(t, pod, r.configMap.Data, secrets) {
		places = append(places, mounted, folder)
	}
	for _, port := range container.Ports {
		p.ports[port.Name] = freeAddress(t)
		places = append(places, fmt.Sprintf("0.0.0.0:%d", port.ContainerPort), p.ports[port.Name])
	}
	place := strings.NewReplacer(places...)
	binary := filepath.Join(repository, "bin/benthos-segment")
	require.FileExists(t, binary, "make build makes it")
	command := exec.Command(binary)
	for _, arg := range container.Args {
		command.Args = append(command.Args, place.Replace(arg))
	}
	for name, value := range environment(t, container) {
		command.Env = append(command.Env, name+"="+place.Replace(value))
	}
	command.Stdout, command.Stderr = p.said, p.said
	require.NoError(t, command.Start())
	p.process = command.Process
	exited := make(chan struct{})
	go func() {
		p.ended <- command.Wait()
		close(exited)
	}()
	t.Cleanup(func() {
		_ = p.process.Kill()
		<-exited
	})
	return p
}

// await waits until a probe has an answer.
func (p running) await(t *testing.T, probe func() int, want int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for probe() != want {
		select {
		case err := <-p.ended:
			t.Fatalf("it ended: %v\n%s", err, p.said)
		case <-time.After(50 * time.Millisecond):
		case <-ctx.Done():
			t.Fatalf("it never answered %d", want)
		}
	}
}

// volumesOf makes a folder for each volume, by where it is mounted.
func volumesOf(t *testing.T, pod core.PodSpec, files map[string]string, secrets string) map[string]string {
	t.Helper()
	content := map[string]map[string]string{}
	for _, volume := range pod.Volumes {
		switch {
		case volume.ConfigMap != nil:
			content[volume.Name] = files
		case volume.Secret != nil:
			content[volume.Name] = map[string]string{"secret.env": secrets}
		}
	}
	volumes := map[string]string{}
	for _, mount := range pod.Containers[0].VolumeMounts {
		folder := t.TempDir()
		volumes[mount.MountPath] = folder
		for name, text := range content[mount.Name] {
			require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
	}
	return volumes
}

func freeAddress(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer listener.Close()
	return listener.Addr().String()
}

func statusOf(t *testing.T, url string) int {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	require.NoError(t, err)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0
	}
	defer response.Body.Close()
	return response.StatusCode
}
