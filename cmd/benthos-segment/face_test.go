package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"benthos-segment/cmd/internal/command"
)

func TestTheBinarySaysWhatItIs(t *testing.T) {
	for _, args := range [][]string{{"--version"}, {"-v"}, {"version"}} {
		p := begin(t, args...)
		require.Zero(t, p.code())
		assert.Regexp(t, `^Version: v1\.2\.3\nDate: 2026-01-02\nBenthos: v4\.\d+\.\d+\nRedpanda Connect: v4\.\d+\.\d+\nGo: go1\.`, p.out.String())
	}
}

// A new user finds the way from here. Every command that there is stands in it,
// once.
func TestTheHelpShowsWhereToStart(t *testing.T) {
	for _, args := range [][]string{nil, {"--help"}, {"-h"}, {"help"}} {
		p := begin(t, args...)
		require.Zero(t, p.code(), p.said())
		said := p.out.String()
		assert.True(t, strings.HasPrefix(said, "Sends customer events to Segment: "), said)
		for _, text := range []string{
			"  benthos-segment check events.ndjson\n", "  benthos-segment sandbox ", "  benthos-segment create //segment > pipeline.yaml\n",
			"\nExit codes:\n  0  all is well\n  1  events were refused, or something was found wrong\n  2  ",
		} {
			assert.Contains(t, said, text)
		}
		for _, c := range commands() {
			want := 1
			if c.Hidden {
				want = 0
			}
			assert.Equal(t, want, strings.Count(said, "\n  "+c.Name+" "), c.Name)
		}
		for _, name := range []string{"run", "lint", "test", "create", "list", "streams", "echo", "blobl", "template"} {
			assert.Equal(t, 1, strings.Count(said, "\n  "+name+" "), name)
		}
		for line := range strings.Lines(said) {
			assert.LessOrEqual(t, len([]rune(line)), 81, line)
		}
		assert.NotContains(t, said, "mundane")
		assert.NotContains(t, said, "__")
	}
}

func TestEveryCommandHasAHelp(t *testing.T) {
	p := begin(t, "--help")
	require.Zero(t, p.code())
	for _, name := range []string{
		"check", "sandbox", "demo", "send", "tail", "doctor", "verify", "completion", "run", "streams", "lint", "create", "test", "list", "echo",
	} {
		for _, args := range [][]string{{name, "--help"}, {"help", name}} {
			help := begin(t, args...)
			require.Zero(t, help.code(), args)
			assert.Contains(t, help.out.String(), "Usage:\n  benthos-segment "+name+" [FLAGS]", args)
			assert.Empty(t, help.err.String(), args)
			for line := range strings.Lines(help.out.String()) {
				assert.LessOrEqual(t, len([]rune(line)), 81, "%s: %s", name, line)
			}
		}
	}
}

func TestWhatIsMisspeltIsNamed(t *testing.T) {
	for line, says := range map[string]string{
		"chekc events.ndjson":        `there is no command "chekc": did you mean check?`,
		"sandbox --max-call 3":       "there is no flag --max-call: did you mean --max-calls?",
		"run --chiled pipeline.yaml": "there is no flag --chiled: did you mean --chilled?",
		"lint pipeline.yaml --deprecatd": "there is no flag --deprecatd: did you mean --deprecated?\n" +
			"benthos-segment lint --help lists its flags",
		"help snadbox":                    "did you mean sandbox?",
		"check --integrations fliter -":   `--integrations must be auto, drop, filter or forward, not "fliter": did you mean filter?`,
		"sandbox --max-bytes many":        `--max-bytes must be a size of at least 1 byte, such as 64MB, 1GiB or 500000, not "many"`,
		"completion tcsh":                 `the shell must be bash, zsh or fish, not "tcsh"`,
		"completion bsh":                  `not "bsh": did you mean bash?`,
		"completion":                      "name the shell",
		"run absent.yaml":                 "absent.yaml",
		"check":                           "name the files to check",
		"sandbox --listen 127.0.0.1:none": "--listen must be",
	} {
		t.Run(line, func(t *testing.T) {
			p := begin(t, strings.Fields(line)...)
			assert.Equal(t, int(command.CouldNotRun), p.code())
			assert.Contains(t, p.err.String(), says)
			assert.Empty(t, p.out.String(), "a usage error is not a result")
		})
	}
}

// A pipeline without its command was run once, and is a mistake of those who know
// other tools.
func TestAPipelineInPlaceOfACommandIsUnderstood(t *testing.T) {
	p := begin(t, pipeline(t, "input: {stdin: {}}"))
	assert.Equal(t, int(command.CouldNotRun), p.code())
	assert.Contains(t, p.err.String(), "to run this file as a pipeline, write benthos-segment run ")
}

func TestFlagsOfTheEnginesCommandsMayStandAfterFiles(t *testing.T) {
	conf := pipeline(t, `
http: {enabled: false}
input: {generate: {count: 1, interval: "", mapping: 'root = "hello"'}}
output: {stdout: {}}
`)
	p := begin(t, "run", conf, "--log.level", "none", "--set", "input.generate.count=2")
	require.Zero(t, p.code(), p.said())
	assert.Equal(t, "hello\nhello\n", p.out.String())
	p = begin(t, "lint", conf, "--deprecated")
	assert.Zero(t, p.code(), p.said())
}

// The scripts are tried in the shells that are there; bash is everywhere.
func TestShellsCompleteCommandsFlagsAndChoices(t *testing.T) {
	scripts := map[string]string{
		"bash": `source "$SCRIPT"
COMP_WORDS=(benthos-segment $LINE); [ -n "$LAST" ] || COMP_WORDS+=(""); COMP_CWORD=$(( ${#COMP_WORDS[@]} - 1 ))
_benthos_segment; printf '%s\n' "${COMPREPLY[@]}"`,
		// As the first use finds it: in a file of the folders of functions.
		"zsh": `fpath=("${SCRIPT%/*}" $fpath); autoload -Uz _benthos-segment; compdef() { :; }; _files() { :; }
_describe() { local -a all; all=("${(@P)2}"); print -rl -- "${all[@]%%:*}"; }
words=(benthos-segment ${=LINE}); [ -n "$LAST" ] || words+=(""); CURRENT=$#words; _benthos-segment`,
		"fish": `source $SCRIPT; complete -C "benthos-segment $LINE$GAP" | cut -f 1`,
	}
	for shell, drive := range scripts {
		if _, err := exec.LookPath(shell); err != nil {
			require.Empty(t, os.Getenv("CI"), "CI has every shell: .ci/shells installs %s", shell)
			t.Logf("left out: there is no %s", shell)
			continue
		}
		script := begin(t, "completion", shell)
		require.Zero(t, script.code(), script.said())
		path := filepath.Join(t.TempDir(), "_benthos-segment")
		require.NoError(t, os.WriteFile(path, []byte(script.out.String()), 0o600))
		for line, want := range map[string][]string{
			"che":                        {"check"},
			"check --inte":               {"--integrations"},
			"check --integrations f":     {"filter", "forward"},
			"sandbox --strict --max-b":   {"--max-bytes"},
			"check events.ndjson --dial": {"--dialect"},
			"completion ":                {"bash", "fish", "zsh"},
			"run --chil":                 {"--chilled"},
			"lint --depr":                {"--deprecated"},
		} {
			t.Run(shell+": "+line, func(t *testing.T) {
				last, gap := "x", ""
				if strings.HasSuffix(line, " ") {
					last, gap = "", " "
				}
				run := exec.CommandContext(t.Context(), shell, "-c", drive)
				run.Dir = t.TempDir()
				run.Env = append(os.Environ(), "SCRIPT="+path, "LINE="+strings.TrimSpace(line), "LAST="+last, "GAP="+gap,
					"PATH="+filepath.Dir(binary)+":"+os.Getenv("PATH"))
				said, err := run.CombinedOutput()
				require.NoError(t, err, string(said))
				found := strings.Fields(string(said))
				for _, name := range want {
					assert.Contains(t, found, name)
				}
				assert.LessOrEqual(t, len(found), len(want)+1, found)
			})
		}
	}
	script := begin(t, "completion", "zsh")
	require.Zero(t, script.code())
	assert.True(t, strings.HasPrefix(script.out.String(), "#compdef benthos-segment\n"))
}

func TestTheFilesThatACommandTakesAreLeftToTheShell(t *testing.T) {
	for _, words := range [][]string{{"check", ""}, {"check", "events.nd"}, {"run", ""}, {"check", "--", "-"}, {"sandbox", "--listen", ""}} {
		p := begin(t, append([]string{"__complete"}, words...)...)
		require.Zero(t, p.code())
		assert.Empty(t, p.said(), words)
	}
	p := begin(t, "__complete", "check", "--integrations", "=", "fo")
	require.Zero(t, p.code())
	assert.Equal(t, "--integrations=forward\t\n", p.said())
}
