package sdktest

import (
	"bytes"
	"fmt"
	"io"
	"os/exec"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// writeKey is the key that every SDK has.
const writeKey = "sdktest-0123456789"

// visitor is an SDK that runs. It is one person, named like the SDK.
type visitor interface {
	// round begins to make every call once.
	round(n int)
	// leave waits until the SDK says that everything was delivered, where it
	// does.
	leave()
	// trouble is why nothing more will come, empty as long as it may.
	trouble() string
}

// visit is one SDK and what runs it.
type visit struct {
	sdk
	visitor
	// rounds is how many it was told to make.
	rounds int
}

// next begins the next round.
func (v *visit) next() {
	v.rounds++
	v.round(v.rounds)
}

// visit runs an SDK against an address.
func (s sdk) visit(t *testing.T, url string) visit {
	t.Helper()
	if s.page != "" {
		return visit{sdk: s, visitor: openPage(t, s, url)}
	}
	return visit{sdk: s, visitor: startProgram(t, s, url)}
}

// program is an SDK in a process of its own. Each line on its stdin is a round.
type program struct {
	t      *testing.T
	name   string
	cmd    *exec.Cmd
	rounds io.WriteCloser
	said   lockedBuffer
	ended  chan struct{}
}

func startProgram(t *testing.T, s sdk, url string) *program {
	t.Helper()
	p := &program{t: t, name: s.name, ended: make(chan struct{})}
	p.cmd = exec.CommandContext(t.Context(), s.command[0], append(s.command[1:], url, writeKey, s.name)...)
	p.cmd.Dir = s.language.folder
	p.cmd.Stdout, p.cmd.Stderr = &p.said, &p.said
	var err error
	p.rounds, err = p.cmd.StdinPipe()
	require.NoError(t, err)
	require.NoError(t, p.cmd.Start())
	go func() {
		defer close(p.ended)
		_ = p.cmd.Wait() // what it means stands in ProcessState
	}()
	t.Cleanup(func() { <-p.ended })
	return p
}

func (p *program) round(n int) {
	_, err := fmt.Fprintln(p.rounds, n)
	require.NoError(p.t, err, "%s: %s", p.name, &p.said)
}

func (p *program) leave() {
	require.NoError(p.t, p.rounds.Close())
	<-p.ended
	require.True(p.t, p.cmd.ProcessState.Success(), "%s: %s: %s", p.name, p.cmd.ProcessState, &p.said)
}

func (p *program) trouble() string {
	select {
	case <-p.ended:
		return fmt.Sprintf("%s: %s", p.cmd.ProcessState, &p.said)
	default:
		return ""
	}
}

// lockedBuffer is written to while it is read.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}
