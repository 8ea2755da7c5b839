// Package contender lists who is compared: this output, the recipe that people
// use without it, the SDKs, and the floors below all of them.
package contender

import (
	"fmt"
	"os"
	"os/exec"
	"time"

	"benthos-segment/bench/internal/corpus"
)

// Tools are the programs that contenders run, and where they find their files.
type Tools struct {
	// Binary is benthos-segment, Self this benchmark, which holds the senders
	// written in Go, and Node is empty where there is none.
	Binary, Self, Node string
	// NodeDirectory holds the senders for Node, Directory what a run leaves.
	NodeDirectory, Directory string
}

// Group is what a contender belongs to in the table.
type Group string

// The groups, in the order of the table.
const (
	Ours   Group = "this output"
	Recipe Group = "http_client"
	SDK    Group = "SDKs"
	Floor  Group = "floors"
)

// A Contender sends a file of events to the sink and ends.
type Contender struct {
	// ID is what others refer to it by, Name what the table says.
	ID, Name string
	Group    Group
	// Against is the ID of the run of ours that this one is compared with.
	Against string
	// Share is how many events it gets: slow ones get fewer, so that all of
	// them take about as long.
	Share   float64
	Shape   corpus.Shape
	Form    corpus.Form
	Latency time.Duration
	// SendsNothing says that no event is to arrive.
	SendsNothing bool
	// IsFull leaves the contender out of quick runs.
	IsFull bool
	// IsMeasure says that others are compared with it. It runs several times a
	// round, so that a disturbance of one run does not move all ratios.
	IsMeasure bool
	// Missing says why it cannot run here. Empty where it can.
	Missing string

	command func(tools Tools, file, sink string) (*exec.Cmd, error)
}

// Command returns the process that sends the file.
func (c Contender) Command(tools Tools, file, sink string) (*exec.Cmd, error) {
	command, err := c.command(tools, file, sink)
	if err != nil {
		return nil, err
	}
	// What tunes the garbage collector would tune some contenders and not
	// others.
	for _, variable := range os.Environ() {
		if !isTuning(variable) {
			command.Env = append(command.Env, variable)
		}
	}
	command.Env = append(command.Env, "FILE="+file, "SINK="+sink)
	return command, nil
}

func isTuning(variable string) bool {
	for _, name := range []string{"GOGC=", "GOMEMLIMIT=", "GODEBUG=", "NODE_OPTIONS="} {
		if len(variable) >= len(name) && variable[:len(name)] == name {
			return true
		}
	}
	return false
}

// All returns the contenders in the order of the table.
func All(tools Tools) []Contender {
	var all []Contender
	all = append(all, ours()...)
	all = append(all, recipes()...)
	all = append(all, sdks(tools)...)
	return append(all, floors()...)
}

// own is a contender that this program plays itself, in a process of its own.
func own(kind string, flags ...string) func(Tools, string, string) (*exec.Cmd, error) {
	return func(tools Tools, file, sink string) (*exec.Cmd, error) {
		arguments := append([]string{"send", "-file", file, "-endpoint", sink}, flags...)
		return exec.Command(tools.Self, append(arguments, kind)...), nil
	}
}

// node is a contender that Node plays.
func node(script string, settings ...string) func(Tools, string, string) (*exec.Cmd, error) {
	return func(tools Tools, file, sink string) (*exec.Cmd, error) {
		arguments := append([]string{script, file, sink}, settings...)
		command := exec.Command(tools.Node, arguments...)
		command.Dir = tools.NodeDirectory
		return command, nil
	}
}

// missing says why the senders for Node cannot run.
func missing(tools Tools) string {
	if tools.Node == "" {
		return "there is no node on this machine"
	}
	if _, err := os.Stat(tools.NodeDirectory + "/node_modules"); err != nil {
		return fmt.Sprintf("its packages are not installed: npm ci in %s", "bench/node")
	}
	return ""
}
