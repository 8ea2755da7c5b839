package brokers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"benthos-segment/internal/e2e/trial"
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
			processDies: p.killProcess, processHeld: p.killHeldProcess, segmentAway: p.takeSegmentAway,
			brokerDies: p.killBroker, allDie: p.killBroker, powerFails: p.cutPower, leaderDies: p.killLeader, nodeDies: p.killNode,
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
	if l, isLogged := p.system.(logged); isLogged {
		p.Keep(l)
	}
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
	p.process, err = p.Product.RunUntil(cmp.Or(p.listens, ordeal.Connected), filepath.Join(root(), p.pipeline), env, flags...)
	if err != nil {
		return err
	}
	if err := p.process.Await(ctx); err != nil {
		return err
	}
	if t, isTold := p.feed.(told); isTold {
		return t.heard(ctx)
	}
	return nil
}

// gone counts what a process that ended has said.
func (p *play) gone() { p.tally.Leaked += p.process.Said.Leaks() }

// stop asks the process to end, and waits until it has.
func (p *play) stop(ctx context.Context) error {
	err := p.process.Terminate(ctx)
	p.gone()
	return err
}

// next makes a part of the events that the round has.
func (p *play) next(parts int) []ordeal.Event {
	events := p.crowd.Events(min(p.Calls, most) / parts)
	p.events = append(p.events, events...)
	return events
}

// put hands over one of the two parts that most rounds have.
func (p *play) put(ctx context.Context) error { return p.feed.put(ctx, p.next(2)) }

// finish waits until all has arrived that is going to, and stops the process.
func (p *play) finish(ctx context.Context) error {
	if err := p.settle(ctx); err != nil {
		return err
	}
	err := p.stop(ctx)
	if p.restarts > 0 {
		err = errors.Join(err, errors.New("some events came only to the next process"))
	}
	return err
}
