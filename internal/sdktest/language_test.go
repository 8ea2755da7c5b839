package sdktest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"benthos-segment/internal/sandbox/pagetest"
)

// language is what the SDKs of one language need.
type language struct {
	name, folder string
	// tools have to be on the machine; install brings the packages that the
	// files of the folder pin.
	tools   []string
	install string
	// missing is why its SDKs are left out, empty if they are not.
	missing string
}

var (
	golang = &language{name: "Go", folder: "go", tools: []string{"go"}, install: "go build -o bin/ ./..."}
	node   = &language{name: "Node", folder: "node", tools: []string{"node", "npm"}, install: npm}
	python = &language{
		name: "Python", folder: "python", tools: []string{"python3"},
		install: "python3 -m venv .venv && .venv/bin/pip install --quiet --requirement requirements.txt",
	}
	java = &language{
		name: "Java", folder: "java", tools: []string{"java", "mvn"},
		install: "for sdk in rudderstack segment; do (cd $sdk && mvn -q -B dependency:copy-dependencies) || exit; done",
	}
	// browser is Chromium. The SDKs are those of the example, so that their versions
	// are in one place.
	browser = &language{name: "browsers", folder: "../../examples/gateway", tools: []string{"npm"}, install: npm}

	languages = []*language{golang, node, python, java, browser}
)

// npm ci refuses the lock file where a registry does not have what other systems
// would need.
const npm = "npm install --no-save --ignore-scripts --no-audit --no-fund --silent"

func TestMain(m *testing.M) { os.Exit(run(m)) }

// workplace is where the product is built.
var workplace string

func run(m *testing.M) int {
	var err error
	if workplace, err = os.MkdirTemp("", "sdktest"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(workplace)
	if err := prepare(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	for _, l := range languages {
		if l.missing != "" {
			fmt.Printf("skip	the SDKs for %s: %s\n", l.name, l.missing)
		}
	}
	if browser.missing == "" {
		stop, err := startChromium()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		defer stop()
	}
	return m.Run()
}

// prepare installs what each language needs. On a machine of a developer a
// language whose packages are not to be had is missing; in CI it is an error.
func prepare() error {
	var waiting sync.WaitGroup
	for _, l := range languages {
		waiting.Go(l.prepare)
	}
	waiting.Wait()
	for _, l := range languages {
		if os.Getenv("CI") == "true" && strings.HasPrefix(l.missing, notInstalled) {
			return fmt.Errorf("preparing the SDKs for %s: %s", l.name, l.missing)
		}
	}
	return nil
}

const notInstalled = "their packages could not be installed: "

func (l *language) prepare() {
	for _, tool := range l.tools {
		if _, err := exec.LookPath(tool); err != nil {
			l.missing = "there is no " + tool
			return
		}
	}
	if l == browser {
		if l.missing = withoutChromium(); l.missing != "" {
			return
		}
	}
	install := exec.Command("sh", "-c", l.install)
	install.Dir = l.folder
	if said, err := install.CombinedOutput(); err != nil {
		l.missing = notInstalled + strings.Join(strings.Fields(string(said)), " ")
	}
}

func withoutChromium() string {
	if os.Getenv("CHROMIUM") == "skip" {
		return "because of CHROMIUM=skip"
	}
	if _, err := pagetest.FindChromium(); err != nil {
		return err.Error()
	}
	return ""
}

// chromium is where pages are opened.
var chromium context.Context

func startChromium() (stop context.CancelFunc, err error) {
	path, err := pagetest.FindChromium()
	if err != nil {
		return nil, err
	}
	chromium, stop, err = pagetest.StartChromium(context.Background(), path)
	return stop, err
}
