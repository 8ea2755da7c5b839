package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"
)

// acceptanceFile is what a stand-in that was killed now and then has written
// down.
type acceptanceFile struct {
	path    string
	read    int64
	entries []acceptance
	arrived map[step]bool
}

// await waits until the file has n different events.
func (f *acceptanceFile) await(ctx context.Context, n int) error {
	for {
		if err := f.catchUp(); err != nil || len(f.arrived) >= n {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for calls, %d of %d are there: %w", len(f.arrived), n, ctx.Err())
		}
	}
}

// has says whether the file has an event by now.
func (f *acceptanceFile) has(s step) bool {
	if !f.arrived[s] {
		_ = f.catchUp() // an event that cannot be read counts as missing
	}
	return f.arrived[s]
}

// count is how many different events the file has by now.
func (f *acceptanceFile) count() int {
	_ = f.catchUp() // an event that cannot be read counts as missing
	return len(f.arrived)
}

// catchUp reads the whole lines that are new. Half a line is one that nobody
// was told about.
func (f *acceptanceFile) catchUp() error {
	file, err := os.Open(f.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the acceptances: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(f.read, io.SeekStart); err != nil {
		return fmt.Errorf("reading the acceptances: %w", err)
	}
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the acceptances: %w", err)
		}
		f.read += int64(len(line))
		var a acceptance
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("reading the acceptances: %w", err)
		}
		f.entries = append(f.entries, a)
		f.arrived[a.step] = true
	}
}
