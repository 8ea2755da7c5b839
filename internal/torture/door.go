package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/sandbox/faults"
	"benthos-segment/internal/torture/clients"
	"benthos-segment/internal/torture/disk"
)

// A hardship is what a front door goes through.
type hardship struct {
	name string
	// disk is where the queue lies, a folder where this is nil.
	disk func(mount string) (disk.Disk, error)
	// room is how much the queue or its disk holds, and the events are twice as
	// much. Zero is more than there ever is.
	room int
	env  map[string]string
	// bear lets the door go through it.
	bear func(d *door, ctx context.Context, rng *rand.Rand, t *tally) error
}

const (
	smallDisk  = 64 << 20
	smallQueue = 4 << 20
)

var hardships = []hardship{
	{name: "killed", bear: (*door).bearKills},
	{name: "killed, Segment away", bear: (*door).bearKillsAlone},
	{name: "stopped", bear: (*door).bearStops},
	{name: "with a full queue", room: smallQueue, env: map[string]string{"QUEUE_BYTES": strconv.Itoa(smallQueue)}, bear: (*door).bearFullness},
	{
		name: "with a full disk", room: smallDisk, bear: (*door).bearFullness,
		disk: func(mount string) (disk.Disk, error) { return disk.NewSmall(mount, smallDisk) },
	},
	{name: "without power", bear: (*door).bearKills, disk: disk.NewVolatile},
}

// isHere says why a hardship cannot be had on this machine.
func (h hardship) isHere(mount string) error {
	if h.disk == nil {
		return nil
	}
	d, err := h.disk(mount)
	if err != nil {
		return err
	}
	return d.Close()
}

// door is one round of the front door: clients send until every event was
// answered 200, whatever happens to the process, its disk and Segment.
type door struct {
	product  binary
	crowd    *crowd
	calls    int
	hardship hardship
	folder   string
	patience time.Duration

	seg     *segment
	clients *clients.Clients
	disk    disk.Disk
	env     map[string]string
	metrics string
	process *process
	started int
	// emptySince is since when the queue says that it is empty.
	emptySince time.Time
}

func (d *door) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	d.seg = newSegment(rng.Uint64(), stride)
	if err := d.seg.serve(0); err != nil {
		return t, err
	}
	defer d.seg.close()
	if err := d.furnish(); err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, d.disk.Close()) }()
	events := d.crowd.events(d.calls)
	sent, seed := make(chan error, 1), rng.Uint64()
	go func() { sent <- d.clients.Send(ctx, lettersOf(events), seed) }()
	err = d.ordeal(ctx, rng, &t)
	if err != nil {
		cancel() // nobody is there to answer
	}
	err = errors.Join(err, <-sent)
	t.judgement = judge(events, d.seg.accepted(), nobody)
	if err != nil && !errors.Is(err, errMissing) {
		t.lost = 0 // The rest may still have been to come.
	}
	return t, errors.Join(err, t.fault())
}

func lettersOf(events []event) []clients.Event {
	letters := make([]clients.Event, len(events))
	for i, e := range events {
		letters[i] = clients.Event{Person: e.Person, Payload: e.payload}
	}
	return letters
}

// furnish gets the door its addresses and its disk.
func (d *door) furnish() (err error) {
	d.disk = disk.Folder(d.folder)
	if d.hardship.disk != nil {
		if d.disk, err = d.hardship.disk(d.folder); err != nil {
			return err
		}
	}
	if d.hardship.room > 0 {
		padding := strings.Repeat("x", 2*d.hardship.room/d.calls)
		d.crowd.padding = func(int) string { return padding }
	}
	var ports [2]string
	for i := range ports {
		port, err := freePort()
		if err != nil {
			return errors.Join(err, d.disk.Close())
		}
		ports[i] = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	d.metrics = "http://" + ports[1] + "/metrics"
	d.clients = clients.New(ports[0], writeKey)
	d.env = map[string]string{
		"DOOR_ADDRESS": ports[0], "METRICS_ADDRESS": ports[1],
		"SOURCE_WRITE_KEY": writeKey, "SEGMENT_WRITE_KEY": writeKey,
		"QUEUE_PATH":       filepath.Join(d.disk.Path(), "queue"),
		"SHUTDOWN_TIMEOUT": stopWithin,
	}
	for name, value := range d.hardship.env {
		d.env[name] = value
	}
	return nil
}

// ordeal lets the door go through its hardship and then deliver the rest.
func (d *door) ordeal(ctx context.Context, rng *rand.Rand, t *tally) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	defer func() {
		d.process.kill()
		t.leaked += d.process.said.leaks()
	}()
	err := d.hardship.bear(d, ctx, rng, t)
	d.seg.recover()
	if err == nil {
		err = d.clients.Await(ctx, d.calls)
	}
	if err == nil {
		err = everythingArrives(ctx, d, d.seg.await, d.calls)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, d.process.said)
	}
	return d.process.terminate(ctx)
}

// open starts a process.
func (d *door) open(ctx context.Context) (err error) {
	d.started++
	d.env["SEGMENT_ENDPOINT"] = d.seg.endpoint(d.started)
	d.process, err = d.product.run("pipelines/door.yaml", d.env)
	if err != nil {
		return err
	}
	return d.process.await(ctx)
}

// again ends the process in whatever way and starts another one.
func (d *door) again(ctx context.Context, rng *rand.Rand, t *tally, end func() error) error {
	if err := end(); err != nil {
		return err
	}
	t.leaked += d.process.said.leaks()
	if err := d.disk.Cut(rng); err != nil {
		return err
	}
	return d.open(ctx)
}

func (d *door) kill(ctx context.Context, rng *rand.Rand, t *tally) error {
	return d.again(ctx, rng, t, func() error {
		d.process.kill()
		t.kills++
		return d.process.killed()
	})
}

// bearKills has the process killed when so many events are answered, or have
// arrived, while Segment now and then answers 429 and 503.
func (d *door) bearKills(ctx context.Context, rng *rand.Rand, t *tally) error {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		if err := d.troubleSegment(faults.Fault{Status: status, Probability: 0.1, Seed: rng.Uint64()}); err != nil {
			return err
		}
	}
	for _, mark := range marks(1+rng.IntN(3), d.calls, rng) {
		await := d.clients.Await
		if rng.IntN(2) == 0 {
			await = d.seg.await
		}
		if err := await(ctx, mark); err != nil {
			return err
		}
		wait(ctx, time.Duration(rng.Int64N(int64(stride))))
		if err := d.kill(ctx, rng, t); err != nil {
			return err
		}
	}
	return nil
}

// bearKillsAlone has the process killed while Segment takes nothing.
func (d *door) bearKillsAlone(ctx context.Context, rng *rand.Rand, t *tally) error {
	if err := d.loseSegment(rng); err != nil {
		return err
	}
	for _, mark := range marks(1+rng.IntN(3), d.calls, rng) {
		if err := d.clients.Await(ctx, mark); err != nil {
			return err
		}
		if err := d.kill(ctx, rng, t); err != nil {
			return err
		}
	}
	return nil
}

// bearStops has the process stopped and started again, half of the time while
// Segment takes nothing.
func (d *door) bearStops(ctx context.Context, rng *rand.Rand, t *tally) error {
	if rng.IntN(2) == 0 {
		if err := d.loseSegment(rng); err != nil {
			return err
		}
	}
	for _, mark := range marks(1+rng.IntN(3), d.calls, rng) {
		if err := d.clients.Await(ctx, mark); err != nil {
			return err
		}
		if err := d.again(ctx, rng, t, func() error { return d.process.terminate(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// bearFullness has Segment take nothing until there is no room for more, and
// half of the time the process killed then.
func (d *door) bearFullness(ctx context.Context, rng *rand.Rand, t *tally) error {
	if err := d.loseSegment(rng); err != nil {
		return err
	}
	if err := d.clients.AwaitRefusal(ctx); err != nil {
		return err
	}
	if rng.IntN(2) == 0 {
		return nil
	}
	if err := d.kill(ctx, rng, t); err != nil {
		return err
	}
	return d.clients.AwaitRefusal(ctx)
}

// loseSegment has it take nothing.
func (d *door) loseSegment(rng *rand.Rand) error {
	if rng.IntN(2) == 0 {
		return d.troubleSegment(faults.Fault{Status: http.StatusTooManyRequests, RetryAfter: "1"})
	}
	return d.troubleSegment(faults.Fault{Status: http.StatusServiceUnavailable})
}

func (d *door) troubleSegment(f faults.Fault) error {
	_, err := d.seg.Faults.Add(f)
	return err
}

// gaugeAge is more than the age of what the queue says of itself.
const gaugeAge = 3 * time.Second

// drained says whether the queue has been empty for so long that nothing is on
// its way any more.
func (d *door) drained(ctx context.Context) (bool, error) {
	values, err := scrape(ctx, d.metrics)
	held, isKnown := values["segment_journal_events"]
	if err != nil || !isKnown || held > 0 {
		d.emptySince = time.Time{}
		return false, err
	}
	if d.emptySince.IsZero() {
		d.emptySince = time.Now()
	}
	return time.Since(d.emptySince) > gaugeAge, nil
}
