// Package runner runs contenders one at a time, and takes what each of them
// cost from the operating system.
package runner

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"strings"
	"time"

	"benthos-segment/bench/internal/sink"
)

// Far is the sink in its own process.
type Far struct {
	URL     string
	process *exec.Cmd
}

// StartSink starts the sink, by the program that holds it.
func StartSink(self string) (*Far, error) {
	process := exec.Command(self, "sink")
	said, err := process.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := process.Start(); err != nil {
		return nil, fmt.Errorf("starting the sink: %w", err)
	}
	url, err := bufio.NewReader(said).ReadString('\n')
	if err != nil {
		return nil, fmt.Errorf("reading the address of the sink: %w", err)
	}
	return &Far{URL: strings.TrimSpace(url), process: process}, nil
}

// Stop ends the sink.
func (f *Far) Stop() {
	_ = f.process.Process.Kill()
	_ = f.process.Wait()
}

func (f *Far) reset(latency time.Duration) error {
	response, err := http.Post(f.URL+"/control/reset?latency="+latency.String(), "", nil)
	if err != nil {
		return fmt.Errorf("resetting the sink: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return fmt.Errorf("resetting the sink: %s", response.Status)
	}
	return nil
}

func (f *Far) report() (report sink.Report, err error) {
	return report, f.ask("report", &report)
}

func (f *Far) answers() (answers sink.Answers, err error) {
	return answers, f.ask("answers", &answers)
}

// ask reads what the sink knows.
func (f *Far) ask(what string, into any) error {
	response, err := http.Get(f.URL + "/control/" + what)
	if err != nil {
		return fmt.Errorf("asking the sink: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		said, _ := io.ReadAll(response.Body)
		return fmt.Errorf("asking the sink: %s", said)
	}
	return json.NewDecoder(response.Body).Decode(into)
}
