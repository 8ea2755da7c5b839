package brokers

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"regexp"
	"strconv"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// Senders have no broker: they hand events to the process itself.
var Senders = trial.Part{
	Name: "senders", Versions: engineVersion,
	Rounds: roundsOf([]input{
		input{name: "`http_server`", pipeline: ours("http.yaml"), start: posting, insists: true, listens: receiving}.in(processDies),
		input{name: "`http_server` and `journal`", pipeline: shipped("webhook_journal.yaml"), start: posting, insists: true, listens: receiving}.
			in(processDies, processHeld, segmentAway),
		input{name: "`socket`", pipeline: ours("socket.yaml"), start: writing, insists: true}.in(processDies, processHeld, segmentAway).
			but(processDies, trial.Delivery, onTheWay).but(processHeld, trial.Delivery, onTheWay),
		input{name: "`socket` and `journal`", pipeline: ours("socket_journal.yaml"), start: writing, insists: true}.
			in(processDies, processHeld, segmentAway).but(processDies, trial.Delivery, unread),
	}),
}

const (
	onTheWay = "a sender that gets no answer does not know what has arrived: what is on its way and in hand is lost. Use `http_server`, or the input `segment`."
	unread   = "what was on its way, or read and not yet synced by the journal, is lost."
)

// receiving is what the engine says of an input that is an HTTP server.
var receiving = regexp.MustCompile("Receiving HTTP messages at")

// versionOfBenthos is in the file of the module.
var versionOfBenthos = regexp.MustCompile(`(?m)github\.com/redpanda-data/benthos/v4 (v\S+)`)

// engineVersion is that of the inputs, which are the engine's own.
func engineVersion(context.Context) string {
	text, err := os.ReadFile(root() + "/go.mod")
	if found := versionOfBenthos.FindSubmatch(text); err == nil && found != nil {
		return "Benthos " + string(found[1])
	}
	return "Benthos of unknown version"
}

// direct is what all senders are: there is nothing else that could be killed.
type direct struct{ address string }

func (direct) Start(context.Context) error           { return nil }
func (direct) Kill()                                 {}
func (direct) Killed() error                         { return errors.New("there is no broker") }
func (direct) settings() []string                    { return nil }
func (direct) left(context.Context) (n int, _ error) { return 0, nil }

// poster sends each event by HTTP, and again until it is answered with 200.
type poster struct {
	direct
	client *http.Client
}

func posting(context.Context, string) (system, error) {
	port, err := ordeal.FreePort()
	if err != nil {
		return nil, err
	}
	return &poster{
		direct: direct{address: net.JoinHostPort("127.0.0.1", strconv.Itoa(port))},
		client: &http.Client{Timeout: time.Minute, Transport: &http.Transport{MaxIdleConnsPerHost: posters}},
	}, nil
}

func (p *poster) feed(context.Context, string) (feed, error) { return p, nil }

func (p *poster) env() map[string]string {
	return map[string]string{"WEBHOOK_ADDRESS": p.address, "WEBHOOK_TOKEN": ordeal.WriteKey}
}

// posters send at the same time. Each has people of its own, whose order is that
// of the answers.
const posters = 8

func (p *poster) put(ctx context.Context, events []ordeal.Event) error {
	group, ctx := errgroup.WithContext(ctx)
	for n := range posters {
		group.Go(func() error {
			for _, e := range events {
				if e.Person%posters != n {
					continue
				}
				if err := p.insist(ctx, e.Payload); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// insist sends an event until it is answered with 200.
func (p *poster) insist(ctx context.Context, payload []byte) error {
	for {
		err := p.post(ctx, payload)
		if err == nil {
			return nil
		}
		if !ordeal.Wait(ctx, glance) {
			return fmt.Errorf("posting an event: %w: %w", ctx.Err(), err)
		}
	}
}

func (p *poster) post(ctx context.Context, payload []byte) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://"+p.address+"/webhook", bytes.NewReader(payload))
	if err != nil {
		return err
	}
	req.Header.Set("Authorization", "Bearer "+ordeal.WriteKey)
	res, err := p.client.Do(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	if res.StatusCode != http.StatusOK {
		return fmt.Errorf("the answer is %s", res.Status)
	}
	return nil
}

func (p *poster) close() { p.client.CloseIdleConnections() }

// writer listens for a process that connects, and writes a line for each event.
type writer struct {
	direct
	listener net.Listener
	mu       sync.Mutex
	conn     net.Conn
}

func writing(context.Context, string) (system, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listening for a process: %w", err)
	}
	return &writer{direct: direct{address: listener.Addr().String()}, listener: listener}, nil
}

func (w *writer) feed(context.Context, string) (feed, error) { return w, nil }

func (w *writer) env() map[string]string { return map[string]string{"SOCKET_ADDRESS": w.address} }

// heard waits for the connection of a process.
func (w *writer) heard(ctx context.Context) error {
	stop := context.AfterFunc(ctx, func() { _ = w.listener.Close() })
	defer stop()
	conn, err := w.listener.Accept()
	if err != nil {
		return fmt.Errorf("waiting for a process to connect: %w", err)
	}
	w.hangUp(conn)
	return nil
}

// hangUp takes another connection in the place of the last one.
func (w *writer) hangUp(next net.Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.conn != nil {
		_ = w.conn.Close()
	}
	w.conn = next
}

func (w *writer) connection() net.Conn {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.conn
}

// put writes each event once. What does not get through because the process has
// died is as lost as what nobody has read, and the next connection gets the rest.
func (w *writer) put(ctx context.Context, events []ordeal.Event) error {
	conn := w.connection()
	for _, e := range events {
		if _, err := conn.Write(append(bytes.Clone(e.Payload), '\n')); err == nil {
			continue
		}
		broken := conn
		for conn == broken {
			if !ordeal.Wait(ctx, glance) {
				return fmt.Errorf("waiting for the next process: %w", ctx.Err())
			}
			conn = w.connection()
		}
	}
	return nil
}

func (w *writer) close() {
	_ = w.listener.Close()
	w.hangUp(nil)
}
