package brokers

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/torture/disk"
	"benthos-segment/internal/torture/ordeal"
)

const (
	// people is how many share the events.
	people = 50
	// most is how many events a round has at the most: it waits more than it
	// works.
	most = 2000
	// away is how long Segment is, several times the shortest ack_wait.
	away = 8 * time.Second
)

// play is one round.
type play struct {
	*trial.Stage
	input
	what happening

	disk    disk.Disk
	system  system
	feed    feed
	segment *ordeal.Segment
	crowd   *ordeal.Crowd
	metrics string
	process *ordeal.Process
	// processes were started so far.
	processes int
	// restarts were needed, to get what the broker handed out to nobody.
	restarts int
	events   []ordeal.Event
	tally    ordeal.Tally
}

func (p *play) run(ctx context.Context) (_ ordeal.Tally, err error) {
	err = p.arrange(ctx)
	defer func() { err = errors.Join(err, p.leave()) }()
	if err == nil {
		err = map[happening]func(context.Context) error{
			processDies: p.killProcess, processHeld: p.killHeldProcess, brokerDies: p.killBroker, powerFails: p.cutPower, segmentAway: p.takeSegmentAway,
		}[p.what](ctx)
	}
	if err == nil {
		err = p.finish(ctx)
	}
	if p.segment != nil {
		p.tally.Judgement = ordeal.Judge(p.events, p.segment.Accepted(), ordeal.Nobody)
	}
	return p.tally, err
}

// arrange starts everything but the process.
func (p *play) arrange(ctx context.Context) (err error) {
	data := filepath.Join(p.Folder, dataFolder)
	if err := os.Mkdir(data, 0o755); err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	p.disk = disk.Folder(data)
	if p.what == powerFails {
		if p.disk, err = disk.NewVolatile(data); err != nil {
			return err
		}
	}
	p.segment = ordeal.NewSegment(p.Rand.Uint64(), ordeal.Stride)
	if err := p.segment.Serve(0); err != nil {
		return err
	}
	// Where the broker tells no position, nothing else tells two events apart.
	p.crowd = ordeal.NewCrowd(p.Name, people, !p.positions)
	port, err := ordeal.FreePort()
	if err != nil {
		return err
	}
	p.metrics = "127.0.0.1:" + strconv.Itoa(port)
	if p.system, err = p.start(ctx, p.Folder); err != nil {
		return err
	}
	p.Keep(p.system)
	if p.feed, err = p.system.feed(ctx, p.Name); err != nil || p.what != powerFails {
		return err
	}
	return syncAll(data)
}

// leave ends everything, and takes the disk away that nobody uses any more.
func (p *play) leave() error {
	if p.process != nil {
		p.process.Kill()
	}
	if p.feed != nil {
		p.feed.close()
	}
	if p.system != nil {
		p.system.Kill()
		p.system.close()
	}
	if p.segment != nil {
		p.segment.Recover()
		p.segment.Close()
	}
	if p.disk == nil {
		return nil
	}
	return p.disk.Close()
}

// launch starts a process and waits until it is connected.
func (p *play) launch(ctx context.Context) (err error) {
	p.processes++
	env := p.feed.env()
	env["SEGMENT_WRITE_KEY"] = ordeal.WriteKey
	env["SEGMENT_ENDPOINT"] = p.segment.Endpoint(p.processes)
	env["METRICS_ADDRESS"] = p.metrics
	env["QUEUE_PATH"] = filepath.Join(p.Folder, "queue")
	env["DEAD_LETTERS"] = filepath.Join(p.Folder, "dead_letters.ndjson")
	// What we ship waits longer than a round should.
	flags := []string{"--set", "shutdown_timeout=3s"}
	for _, setting := range p.feed.settings() {
		flags = append(flags, "--set", setting)
	}
	p.process, err = p.Product.RunUntil(ordeal.Connected, filepath.Join(root(), p.pipeline), env, flags...)
	if err != nil {
		return err
	}
	return p.process.Await(ctx)
}

// gone counts what a process that ended has said.
func (p *play) gone() { p.tally.Leaked += p.process.Said.Leaks() }

// next makes a part of the events that the round has.
func (p *play) next(parts int) []ordeal.Event {
	events := p.crowd.Events(min(p.Calls, most) / parts)
	p.events = append(p.events, events...)
	return events
}

// put hands over one of the two parts that most rounds have.
func (p *play) put(ctx context.Context) error { return p.feed.put(ctx, p.next(2)) }

// killProcess kills the process while events come in, and Segment has accepted
// a request and not answered it. The next one goes on.
func (p *play) killProcess(ctx context.Context) error {
	if err := p.launch(ctx); err != nil {
		return err
	}
	reached, release := p.segment.Hold(1, true)
	defer release()
	if err := p.meanwhile(ctx, p.next(1), func(ctx context.Context) error {
		if err := reached(ctx); err != nil {
			return fmt.Errorf("%w\n%s", err, p.process.Said)
		}
		return p.killOurs()
	}); err != nil {
		return err
	}
	release()
	p.segment.Watched(nil)
	return p.launch(ctx)
}

// meanwhile does something while events are put in. Each goes on only as long as
// the other goes well.
func (p *play) meanwhile(ctx context.Context, events []ordeal.Event, do func(context.Context) error) error {
	doing, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	come := make(chan error, 1)
	go func() {
		err := p.feed.put(doing, events)
		if err != nil {
			stop(err)
		}
		come <- err
	}()
	err := do(doing)
	if err != nil {
		stop(err)
	}
	return errors.Join(<-come, err)
}

// killHeldProcess kills a process that holds events while Segment answers 503,
// and stops another one.
func (p *play) killHeldProcess(ctx context.Context) error {
	if err := p.launchInOutage(ctx); err != nil {
		return err
	}
	if err := p.killOurs(); err != nil {
		return err
	}
	if err := p.launchInOutage(ctx); err != nil {
		return err
	}
	if err := p.process.Terminate(ctx); err != nil {
		return err
	}
	p.gone()
	p.segment.Recover()
	return p.launch(ctx)
}

// killOurs kills the process.
func (p *play) killOurs() error {
	p.process.Kill()
	p.gone()
	p.tally.Kills++
	return p.process.Killed()
}

// launchInOutage starts a process that gets nothing delivered, and waits until
// it has all in hand that it takes.
func (p *play) launchInOutage(ctx context.Context) error {
	if err := p.outage(); err != nil {
		return err
	}
	if err := p.launch(ctx); err != nil {
		return err
	}
	if err := p.put(ctx); err != nil {
		return err
	}
	return p.held(ctx)
}

// outage has Segment answer 503 from now on.
func (p *play) outage() error {
	p.segment.Recover()
	_, err := p.segment.Faults.Add(faults.Fault{Status: http.StatusServiceUnavailable})
	return err
}

// killBroker kills the broker when it has confirmed events that no process has
// read yet, and again while a process holds what it was given.
func (p *play) killBroker(ctx context.Context) error {
	return p.strikeBroker(ctx, func() error { return nil })
}

// cutPower does the same, and what the broker has not synced is gone.
func (p *play) cutPower(ctx context.Context) error {
	return p.strikeBroker(ctx, func() error { return p.disk.Cut(p.Rand) })
}

func (p *play) strikeBroker(ctx context.Context, between func() error) error {
	strike := func() error {
		p.system.Kill()
		p.tally.Kills++
		if err := errors.Join(p.system.Killed(), between()); err != nil {
			return err
		}
		return p.system.Start(ctx)
	}
	// The first process makes the group, the consumer or the session.
	if err := p.launch(ctx); err != nil {
		return err
	}
	if err := p.process.Terminate(ctx); err != nil {
		return err
	}
	p.gone()
	for _, step := range []func() error{
		func() error { return p.put(ctx) },
		strike,
		func() error { return p.launch(ctx) },
		func() error { return p.settle(ctx) },
		p.outage,
		func() error { return p.put(ctx) },
		func() error { return p.held(ctx) },
		strike,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	p.segment.Recover()
	return nil
}

// takeSegmentAway closes the door of Segment in the middle of requests, and
// opens it again after a while.
func (p *play) takeSegmentAway(ctx context.Context) error {
	if err := p.launch(ctx); err != nil {
		return err
	}
	reached, release := p.segment.Hold(1, true)
	defer release()
	if err := p.meanwhile(ctx, p.next(2), reached); err != nil {
		return fmt.Errorf("%w\n%s", err, p.process.Said)
	}
	at, err := url.Parse(p.segment.Url)
	if err != nil {
		return err
	}
	port, err := strconv.Atoi(at.Port())
	if err != nil {
		return err
	}
	release()
	p.segment.Close()
	p.segment.Watched(nil)
	p.tally.Kills++
	if err := p.put(ctx); err != nil {
		return err
	}
	ordeal.Wait(ctx, away)
	return p.segment.Serve(port)
}

// finish waits until all has arrived that is going to, and stops the process.
func (p *play) finish(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	err := p.process.Terminate(ctx)
	p.gone()
	if p.restarts > 0 {
		err = errors.Join(err, errors.New("some events came only to the next process"))
	}
	return err
}
