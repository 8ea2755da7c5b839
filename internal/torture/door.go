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
	"benthos-segment/internal/torture/metrics"
	"benthos-segment/internal/torture/ordeal"
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
	bear func(d *door, ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error
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
	product  ordeal.Binary
	crowd    *ordeal.Crowd
	calls    int
	hardship hardship
	folder   string
	patience time.Duration

	seg     *ordeal.Segment
	clients *clients.Clients
	disk    disk.Disk
	env     map[string]string
	metrics string
	process *ordeal.Process
	started int
	// emptySince is since when the queue says that it is empty.
	emptySince time.Time
}

func (d *door) run(ctx context.Context, rng *rand.Rand) (t ordeal.Tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, d.patience)
	defer cancel()
	d.seg = ordeal.NewSegment(rng.Uint64(), ordeal.Stride)
	if err := d.seg.Serve(0); err != nil {
		return t, err
	}
	defer d.seg.Close()
	if err := d.furnish(); err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, d.disk.Close()) }()
	events := d.crowd.Events(d.calls)
	sent, seed := make(chan error, 1), rng.Uint64()
	go func() { sent <- d.clients.Send(ctx, lettersOf(events), seed) }()
	err = d.ordeal(ctx, rng, &t)
	if err != nil {
		cancel() // nobody is there to answer
	}
	err = errors.Join(err, <-sent)
	t.Judgement = ordeal.Judge(events, d.seg.Accepted(), ordeal.Nobody)
	if err != nil && !errors.Is(err, ordeal.ErrMissing) {
		t.Lost = 0 // The rest may still have been to come.
	}
	return t, errors.Join(err, t.Fault())
}

func lettersOf(events []ordeal.Event) []clients.Event {
	letters := make([]clients.Event, len(events))
	for i, e := range events {
		letters[i] = clients.Event{Person: e.Person, Payload: e.Payload}
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
		d.crowd.Padding = func(int) string { return padding }
	}
	var ports [2]string
	for i := range ports {
		port, err := ordeal.FreePort()
		if err != nil {
			return errors.Join(err, d.disk.Close())
		}
		ports[i] = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	}
	d.metrics = "http://" + ports[1] + "/metrics"
	d.clients = clients.New(ports[0], ordeal.WriteKey)
	d.env = map[string]string{
		"DOOR_ADDRESS": ports[0], "METRICS_ADDRESS": ports[1],
		"SOURCE_WRITE_KEY": ordeal.WriteKey, "SEGMENT_WRITE_KEY": ordeal.WriteKey,
		"QUEUE_PATH":       filepath.Join(d.disk.Path(), "queue"),
		"SHUTDOWN_TIMEOUT": ordeal.StopWithin,
	}
	for name, value := range d.hardship.env {
		d.env[name] = value
	}
	return nil
}

// ordeal lets the door go through its hardship and then deliver the rest.
func (d *door) ordeal(ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error {
	if err := d.open(ctx); err != nil {
		return err
	}
	defer func() {
		d.process.Kill()
		t.Leaked += d.process.Said.Leaks()
	}()
	err := d.hardship.bear(d, ctx, rng, t)
	d.seg.Recover()
	if err == nil {
		err = d.clients.Await(ctx, d.calls)
	}
	if err == nil {
		err = ordeal.EverythingArrives(ctx, d, d.seg.Await, d.calls)
	}
	if err != nil {
		return fmt.Errorf("%w\n%s", err, d.process.Said)
	}
	return d.process.Terminate(ctx)
}

// open starts a process.
func (d *door) open(ctx context.Context) (err error) {
	d.started++
	d.env["SEGMENT_ENDPOINT"] = d.seg.Endpoint(d.started)
	d.process, err = d.product.Run("pipelines/door.yaml", d.env)
	if err != nil {
		return err
	}
	return d.process.Await(ctx)
}

// again ends the process in whatever way and starts another one.
func (d *door) again(ctx context.Context, rng *rand.Rand, t *ordeal.Tally, end func() error) error {
	if err := end(); err != nil {
		return err
	}
	t.Leaked += d.process.Said.Leaks()
	if err := d.disk.Cut(rng); err != nil {
		return err
	}
	return d.open(ctx)
}

func (d *door) Kill(ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error {
	return d.again(ctx, rng, t, func() error {
		d.process.Kill()
		t.Kills++
		return d.process.Killed()
	})
}

// bearKills has the process killed when so many events are answered, or have
// arrived, while Segment now and then answers 429 and 503.
func (d *door) bearKills(ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error {
	for _, status := range []int{http.StatusTooManyRequests, http.StatusServiceUnavailable} {
		if err := d.troubleSegment(faults.Fault{Status: status, Probability: 0.1, Seed: rng.Uint64()}); err != nil {
			return err
		}
	}
	for _, mark := range ordeal.Marks(1+rng.IntN(3), d.calls, rng) {
		await := d.clients.Await
		if rng.IntN(2) == 0 {
			await = d.seg.Await
		}
		if err := await(ctx, mark); err != nil {
			return err
		}
		ordeal.Wait(ctx, time.Duration(rng.Int64N(int64(ordeal.Stride))))
		if err := d.Kill(ctx, rng, t); err != nil {
			return err
		}
	}
	return nil
}

// bearKillsAlone has the process killed while Segment takes nothing.
func (d *door) bearKillsAlone(ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error {
	if err := d.loseSegment(rng); err != nil {
		return err
	}
	for _, mark := range ordeal.Marks(1+rng.IntN(3), d.calls, rng) {
		if err := d.clients.Await(ctx, mark); err != nil {
			return err
		}
		if err := d.Kill(ctx, rng, t); err != nil {
			return err
		}
	}
	return nil
}

// bearStops has the process stopped and started again, half of the time while
// Segment takes nothing.
func (d *door) bearStops(ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error {
	if rng.IntN(2) == 0 {
		if err := d.loseSegment(rng); err != nil {
			return err
		}
	}
	for _, mark := range ordeal.Marks(1+rng.IntN(3), d.calls, rng) {
		if err := d.clients.Await(ctx, mark); err != nil {
			return err
		}
		if err := d.again(ctx, rng, t, func() error { return d.process.Terminate(ctx) }); err != nil {
			return err
		}
	}
	return nil
}

// bearFullness has Segment take nothing until there is no room for more, and
// half of the time the process killed then.
func (d *door) bearFullness(ctx context.Context, rng *rand.Rand, t *ordeal.Tally) error {
	if err := d.loseSegment(rng); err != nil {
		return err
	}
	if err := d.clients.AwaitRefusal(ctx); err != nil {
		return err
	}
	if rng.IntN(2) == 0 {
		return nil
	}
	if err := d.Kill(ctx, rng, t); err != nil {
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

// Drained says whether the queue has been empty for so long that nothing is on
// its way any more.
func (d *door) Drained(ctx context.Context) (bool, error) {
	values, err := metrics.Scrape(ctx, d.metrics)
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
