package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"benthos-segment/internal/sandbox/faults"
)

// reloads is one round: the file of a pipeline is changed while the calls are
// held, so that the engine replaces the stream. It gives the old one 30 seconds
// to end, of which three quarters are for what is on its way.
type reloads struct {
	product  binary
	feed     feed
	crowd    *crowd
	folder   string
	patience time.Duration
}

// replacing is what the engine says when it has read a changed file.
var replacing = regexp.MustCompile("Main config updated, attempting to update pipeline")

func (r reloads) run(ctx context.Context, rng *rand.Rand) (t tally, err error) {
	ctx, cancel := context.WithTimeout(ctx, r.patience)
	defer cancel()
	seg := newSegment(rng.Uint64(), stride)
	if err := seg.serve(0); err != nil {
		return t, err
	}
	defer seg.close()
	reached, _, err := arrangeAnswers(faults.Fault{Status: http.StatusServiceUnavailable})(seg, rng)
	if err != nil {
		return t, err
	}
	events := r.crowd.events(stopCalls)
	if err := r.feed.put(ctx, events); err != nil {
		return t, err
	}
	err = r.ordeal(ctx, seg, reached, &t)
	late := nobody
	if !r.feed.keepsOrder() {
		// What the old stream was given comes again when the new one is at work.
		late = anybody
	}
	t.judgement = conclude(ctx, r.feed, events, seg.accepted(), late, err)
	return t, errors.Join(err, t.fault())
}

// ordeal has a process replace its stream while Segment is away, and then
// finish.
func (r reloads) ordeal(ctx context.Context, seg *segment, reached func(context.Context) error, t *tally) error {
	pipeline, err := r.copied()
	if err != nil {
		return err
	}
	env := r.feed.env()
	env["SEGMENT_WRITE_KEY"] = writeKey
	env["SEGMENT_ENDPOINT"] = seg.endpoint(1)
	env["NATS_MAX_PENDING"] = strconv.Itoa(stopCalls)
	p, err := r.product.runUntil(connected, pipeline, env, "--watcher")
	if err != nil {
		return err
	}
	defer func() {
		p.kill()
		t.leaked += p.said.leaks()
	}()
	if err := errors.Join(p.await(ctx), reached(ctx)); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	if err := r.change(ctx, p, pipeline); err != nil {
		return fmt.Errorf("%w\n%s", err, p.said)
	}
	if err := seg.quiet(ctx); err != nil {
		return err
	}
	if _, err := allAccepted(ctx, r.feed, seg); err != nil {
		return fmt.Errorf("reloading: %w", err)
	}
	seg.recover()
	return finishAlone(ctx, p, r.feed, seg.await, stopCalls)
}

// copied writes a copy of the pipeline that may be changed.
func (r reloads) copied() (string, error) {
	text, err := os.ReadFile(r.feed.pipeline())
	if err != nil {
		return "", fmt.Errorf("reading the pipeline: %w", err)
	}
	path := filepath.Join(r.folder, "pipeline.yaml")
	if err := os.WriteFile(path, text, 0o600); err != nil {
		return "", fmt.Errorf("copying the pipeline: %w", err)
	}
	return path, nil
}

// change changes the file and waits until the new stream is connected.
func (r reloads) change(ctx context.Context, p *process, pipeline string) error {
	file, err := os.OpenFile(pipeline, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("changing the pipeline: %w", err)
	}
	defer file.Close()
	p.said.expect(replacing)
	if _, err := file.WriteString("\n# changed\n"); err != nil {
		return fmt.Errorf("changing the pipeline: %w", err)
	}
	if err := p.await(ctx); err != nil {
		return err
	}
	return p.awaitNext(ctx, connected)
}
