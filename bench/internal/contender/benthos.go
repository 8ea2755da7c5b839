package contender

import (
	"embed"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"benthos-segment/bench/internal/corpus"
)

//go:embed parts/*.yaml
var parts embed.FS

// pipeline puts a config together of its parts and runs it.
func pipeline(names []string, variables ...string) func(Tools, string, string) (*exec.Cmd, error) {
	return func(tools Tools, _, _ string) (*exec.Cmd, error) {
		var text strings.Builder
		for _, name := range names {
			part, err := parts.ReadFile("parts/" + name + ".yaml")
			if err != nil {
				return nil, fmt.Errorf("reading a part of a pipeline: %w", err)
			}
			text.Write(part)
		}
		path := filepath.Join(tools.Directory, strings.Join(names, "-")+".yaml")
		if err := os.WriteFile(path, []byte(text.String()), 0o644); err != nil {
			return nil, fmt.Errorf("writing a pipeline: %w", err)
		}
		command := exec.Command(tools.Binary, "run", path)
		command.Env = variables
		return command, nil
	}
}

// Inputs of pipelines.
const (
	Batched = "input_batched"
	Lines   = "input_lines"
)

const slow = 50 * time.Millisecond

func ours() []Contender {
	batched := Contender{ID: "batched", Name: "batched input", Group: Ours, Against: "batched", Share: 1, Form: corpus.Batched, IsMeasure: true, command: pipeline([]string{Batched, "segment"})}
	lines := Contender{ID: "lines", Name: "per-line input", Group: Ours, Against: "batched", Share: 1, Form: corpus.Lines, IsMeasure: true, command: pipeline([]string{Lines, "segment"})}
	structured := Contender{ID: "structured", Name: "structured payloads", Group: Ours, Against: "batched", Share: 0.25, Form: corpus.Batched, command: pipeline([]string{Batched, "structured", "segment"})}
	return []Contender{
		batched, lines, structured,
		one("batched_one", "batched input, `max_in_flight: 1`", Batched, corpus.Batched),
		one("lines_one", "per-line input, `max_in_flight: 1`", Lines, corpus.Lines),
		full(Contender{ID: "encoded", Name: "structured payloads, encoded by `AsBytes` before", Group: Ours, Against: "batched", Share: 0.25, Form: corpus.Batched, command: pipeline([]string{Batched, "structured", "segment_encoded"})}),
		delayed(batched), far(batched), paced(), full(delayed(lines)), full(delayed(structured)),
	}
}

// one is this output with one batch after the other.
func one(id, name, input string, form corpus.Form) Contender {
	return Contender{ID: id, Name: name, Group: Ours, Against: id, Share: 1, Form: form, IsMeasure: true, command: pipeline([]string{input, "segment_one"})}
}

// far is the contender with a sink on another continent.
func far(c Contender) Contender {
	c.IsMeasure = false
	c.ID += "_far"
	c.Name += ", 300 ms"
	c.Latency = 300 * time.Millisecond
	return c
}

// paced is this output with an input that is slower than it.
func paced() Contender {
	return Contender{ID: "batched_paced", Name: "batched input, 50 ms, 40,000 events a second", Group: Ours, Against: "batched", Share: 1, Form: corpus.Batched, Latency: slow, command: pipeline([]string{Batched, "paced", "segment"})}
}

// Profiled are our two main cases.
func Profiled() []Contender { return ours()[:2] }

// Live is this output with its defaults on one core, with an input that hands
// over each event when it happens.
func Live() Contender {
	return Contender{ID: "live", Name: "events as they happen", Group: Ours, Form: corpus.Lines, command: onOneCore(pipeline([]string{"input_stdin", "segment"}))}
}

// onOneCore is the command on the first core alone.
func onOneCore(command func(Tools, string, string) (*exec.Cmd, error)) func(Tools, string, string) (*exec.Cmd, error) {
	return func(tools Tools, file, sink string) (*exec.Cmd, error) {
		plain, err := command(tools, file, sink)
		if err != nil {
			return nil, err
		}
		pinned := exec.Command("taskset", append([]string{"--cpu-list", "0"}, plain.Args...)...)
		pinned.Env = plain.Env
		return pinned, nil
	}
}

// delayed is the contender with a sink that takes its time.
func delayed(c Contender) Contender {
	c.IsMeasure = false
	c.ID += "_slow"
	c.Name += ", 50 ms"
	c.Latency = slow
	return c
}

func full(c Contender) Contender {
	c.IsFull = true
	return c
}

// Settings are what can be chosen of the recipe.
type Settings struct {
	Mapping   string
	Output    string
	Count     int
	Threads   int
	InFlight  int
	Algorithm string
	Level     int
}

// Best are the settings of the recipe that the search found to cost least, for
// each input.
var Best = map[string]Settings{
	Batched: {Mapping: "recipe", Output: "recipe_output", Count: 300, Threads: 1, InFlight: 1, Algorithm: "pgzip", Level: 1},
	Lines:   {Mapping: "recipe", Output: "recipe_output", Count: 300, Threads: 4, InFlight: 64, Algorithm: "pgzip", Level: 1},
}

// String names the settings as the config does.
func (s Settings) String() string {
	return fmt.Sprintf("%s, count %d, threads %d, max_in_flight %d, %s level %d",
		s.Output, s.Count, s.Threads, s.InFlight, s.Algorithm, s.Level)
}

// stock makes the binary collect garbage as every other Benthos does.
const stock = "GOGC=100"

// HTTPClient is the recipe with these settings.
func HTTPClient(id, input string, settings Settings, collector ...string) Contender {
	against, form := "batched", corpus.Batched
	if input == Lines {
		against, form = "lines", corpus.Lines
	}
	return Contender{
		ID: id, Group: Recipe, Against: against, Share: 0.2, Form: form,
		command: pipeline([]string{input, settings.Mapping, settings.Output}, append(collector,
			fmt.Sprintf("COUNT=%d", settings.Count), fmt.Sprintf("THREADS=%d", settings.Threads),
			fmt.Sprintf("IN_FLIGHT=%d", settings.InFlight), "ALGORITHM="+settings.Algorithm,
			fmt.Sprintf("LEVEL=%d", settings.Level))...),
	}
}

// Searched is the recipe as the search runs it.
func Searched(input string, settings Settings) Contender {
	contender := HTTPClient("searched", input, settings, stock)
	contender.Name = settings.String()
	return contender
}

func recipes() []Contender {
	named := func(id, name, input string, change func(*Settings)) Contender {
		settings := Best[input]
		change(&settings)
		contender := HTTPClient(id, input, settings, stock)
		contender.Name = name
		return contender
	}
	tuned := func(id, name, input string) Contender {
		contender := HTTPClient(id, input, Best[input])
		contender.Name = name
		return full(contender)
	}
	asFound := func(*Settings) {}
	converting := func(s *Settings) { s.Mapping = "recipe_full" }
	plain := func(s *Settings) { s.Output = "recipe_output_plain" }
	return []Contender{
		named("recipe", "mapping, http_client, gzip, batched input", Batched, asFound),
		named("recipe_lines", "mapping, http_client, gzip, per-line input", Lines, asFound),
		tuned("recipe_tuned", "mapping, http_client, gzip, batched input, garbage collected as by this binary", Batched),
		tuned("recipe_lines_tuned", "mapping, http_client, gzip, per-line input, garbage collected as by this binary", Lines),
		full(named("recipe_full", "mapping that converts as this output does, http_client, gzip, batched input", Batched, converting)),
		full(named("recipe_plain", "mapping, http_client, no gzip, batched input", Batched, plain)),
		full(named("recipe_plain_lines", "mapping, http_client, no gzip, per-line input", Lines, plain)),
	}
}

func floors() []Contender {
	drop := func(id, name, against string, share float64, form corpus.Form, names ...string) Contender {
		return Contender{ID: id, Name: name, Group: Floor, Against: against, Share: share, Form: form, SendsNothing: true, command: pipeline(names)}
	}
	return []Contender{
		{ID: "floor", Name: "Go: read, gzip, POST", Group: Floor, Against: "batched", Share: 1, Form: corpus.Batched, IsMeasure: true, command: own("floor")},
		drop("drop", "batched input to `drop`", "batched", 1, corpus.Batched, Batched, "drop"),
		drop("drop_lines", "per-line input to `drop`", "lines", 1, corpus.Lines, Lines, "drop"),
		full(drop("drop_structured", "structured payloads, gathered, to `drop`", "structured", 0.25, corpus.Batched, Batched, "structured", "drop_gathered")),
		full(drop("drop_encoded", "structured payloads, gathered and encoded by `AsBytes`, to `drop`", "structured", 0.25, corpus.Batched, Batched, "structured", "drop_encoded")),
		full(Contender{ID: "decode", Name: "Go: read and decode for an SDK", Group: Floor, Against: "batched", Share: 0.3, Form: corpus.Lines, SendsNothing: true, command: own("segment", "-read-only")}),
	}
}
