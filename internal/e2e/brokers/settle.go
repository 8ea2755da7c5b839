package brokers

import (
	"bufio"
	"context"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"benthos-segment/internal/torture/ordeal"
)

const (
	// glance is how often one looks.
	glance = 50 * time.Millisecond
	// still is how long nothing moves before it is taken to stand still.
	still = time.Second
	// calm is how long nothing has to arrive, and the process to hold nothing,
	// before what is missing counts as lost: longer than the longest wait between
	// two tries to connect.
	calm = 5 * time.Second
)

// held waits until a process that gets nothing delivered has all in hand that
// it takes.
func (p *play) held(ctx context.Context) error {
	if err := p.segment.Until(ctx, p.segment.Struck); err != nil {
		return fmt.Errorf("%w\n%s", err, p.process.Said)
	}
	last, since := -1, time.Now()
	for time.Since(since) < still {
		received, err := p.metric(ctx, "input_received")
		if err != nil {
			return err
		}
		if received != last {
			last, since = received, time.Now()
		}
		if !ordeal.Wait(ctx, glance) {
			return fmt.Errorf("waiting until a process has all in hand: %w", ctx.Err())
		}
	}
	return nil
}

// metric is the sum of metrics of the process, whatever their labels.
func (p *play) metric(ctx context.Context, names ...string) (sum int, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+p.metrics+"/metrics", http.NoBody)
	if err != nil {
		return 0, fmt.Errorf("asking for the metrics: %w", err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, fmt.Errorf("asking for the metrics: %w", err)
	}
	defer res.Body.Close()
	for lines := bufio.NewScanner(res.Body); lines.Scan(); {
		name, rest, _ := strings.Cut(lines.Text(), "{")
		if !slices.Contains(names, name) {
			continue
		}
		value, err := strconv.ParseFloat(rest[strings.LastIndexByte(rest, ' ')+1:], 64)
		if err != nil {
			return 0, fmt.Errorf("reading the metrics: %w", err)
		}
		sum += int(value)
	}
	return sum, nil
}

// settle waits until all has arrived, or nothing more will: the broker has
// nothing left, or it does not hand it out to this process. To the next one it
// does.
func (p *play) settle(ctx context.Context) error {
	if quiet, err := p.quiet(ctx); quiet || err != nil {
		return err
	}
	if err := p.stop(ctx); err != nil {
		return err
	}
	p.restarts++
	if err := p.launch(ctx); err != nil {
		return err
	}
	quiet, err := p.quiet(ctx)
	if err == nil && !quiet {
		err = fmt.Errorf("the broker has events left that it hands out to nobody\n%s", p.process.Said)
	}
	return err
}

// quiet waits until all has arrived, or nothing has for a while, and says
// whether nothing is left.
func (p *play) quiet(ctx context.Context) (bool, error) {
	arrived, since := p.segment.Count(), time.Now()
	for {
		n := p.segment.Count()
		if n >= len(p.events) {
			return true, nil
		}
		if n != arrived {
			arrived, since = n, time.Now()
		}
		if holds, err := p.metric(ctx, "segment_batches_in_flight", "segment_journal_events"); err != nil || holds > 0 {
			since = time.Now() // It is trying, and may wait long between two tries.
		}
		left, err := p.feed.left(ctx)
		switch past := time.Since(since); {
		case err == nil && left == 0 && past >= calm:
			return true, nil
		case past >= 2*calm:
			return false, nil
		}
		if !ordeal.Wait(ctx, glance) {
			return false, fmt.Errorf("waiting for events: %w\n%s", ctx.Err(), p.process.Said)
		}
		if err := p.process.Running(); err != nil {
			return false, err
		}
	}
}
