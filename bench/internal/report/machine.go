package report

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"benthos-segment/bench/internal/contender"
)

// Machine is where the figures come from.
type Machine struct {
	Processor, System, Go, Node, Binary string
	Cores                               int
}

// ThisMachine asks the system and the tools.
func ThisMachine(tools contender.Tools) Machine {
	machine := Machine{
		Processor: processor(), Cores: runtime.NumCPU(), Go: runtime.Version(),
		System: runtime.GOOS + "/" + runtime.GOARCH,
		Binary: said(tools.Binary, "--version"),
	}
	if tools.Node != "" {
		machine.Node = said(tools.Node, "--version")
	}
	return machine
}

// String is one sentence.
func (m Machine) String() string {
	text := fmt.Sprintf("%s, %d cores, %s, %s", m.Processor, m.Cores, m.System, m.Go)
	if m.Node != "" {
		text += ", Node " + m.Node
	}
	return text
}

// origin says what was measured, with what and where: figures are those of a
// commit.
func (m Machine) origin(command string) string {
	return fmt.Sprintf("Commit %s, `%s` on %s", m.commit(), command, m)
}

// commit is what the binary was built from, as its version says.
func (m Machine) commit() string {
	version := strings.TrimPrefix(m.Binary, "Version: ")
	if clean, isDirty := strings.CutSuffix(version, "-dirty"); isDirty {
		return clean + " with uncommitted changes"
	}
	return version
}

// processor is what Linux calls it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err != nil {
		return "unknown processor"
	}
	for line := range strings.Lines(string(data)) {
		if name, value, isPair := strings.Cut(line, ":"); isPair && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "unknown processor"
}

// said is the first line of what a program answers.
func said(program string, arguments ...string) string {
	output, err := exec.Command(program, arguments...).Output()
	if err != nil {
		return "unknown"
	}
	line, _, _ := bytes.Cut(output, []byte("\n"))
	return strings.TrimSpace(string(line))
}
