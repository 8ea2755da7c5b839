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

// journal is what a stand-in that was killed now and then has written down.
type journal struct {
	path    string
	read    int64
	entries []acceptance
	arrived map[step]bool
}

// await waits until n different events stand there.
func (j *journal) await(ctx context.Context, n int) error {
	for {
		if err := j.catchUp(); err != nil || len(j.arrived) >= n {
			return err
		}
		select {
		case <-time.After(20 * time.Millisecond):
		case <-ctx.Done():
			return fmt.Errorf("waiting for calls, of which there are %d of %d: %w", len(j.arrived), n, ctx.Err())
		}
	}
}

// has says whether an event stands there, as of now.
func (j *journal) has(s step) bool {
	if !j.arrived[s] {
		_ = j.catchUp() // an event that cannot be read counts as missing
	}
	return j.arrived[s]
}

// count is how many different events stand there, as of now.
func (j *journal) count() int {
	_ = j.catchUp() // an event that cannot be read counts as missing
	return len(j.arrived)
}

// catchUp reads the whole lines that are new. Half a line is one that nobody
// was told about.
func (j *journal) catchUp() error {
	file, err := os.Open(j.path)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("opening the journal: %w", err)
	}
	defer file.Close()
	if _, err := file.Seek(j.read, io.SeekStart); err != nil {
		return fmt.Errorf("reading the journal: %w", err)
	}
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		j.read += int64(len(line))
		var a acceptance
		if err := json.Unmarshal(line, &a); err != nil {
			return fmt.Errorf("reading the journal: %w", err)
		}
		j.entries = append(j.entries, a)
		j.arrived[a.step] = true
	}
}
