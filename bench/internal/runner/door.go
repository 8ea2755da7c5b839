package runner

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"

	"benthos-segment/bench/internal/contender"
	"benthos-segment/bench/internal/corpus"
	"benthos-segment/bench/internal/load"
)

// Visit is what a front door is sent.
type Visit struct {
	// Events are in each request.
	Events int
	IsGzip bool
	// Lasts is how long it goes on, and Rate how many requests come in a second;
	// zero is as many as are answered.
	Lasts time.Duration
	Rate  float64
}

// Service is how a front door did.
type Service struct {
	Visit
	Requests int
	// PerSecond is requests that were answered, and Delivered events that arrived
	// at the sink.
	PerSecond, Delivered float64
	// CPU is of a request, without the start of the process.
	CPU      time.Duration
	P50, P99 time.Duration
	Peak     int64
}

const (
	// visitors is how many connections there are.
	visitors = 128
	// doorEvents are sent over and over.
	doorEvents = 10_000
	writeKey   = "bench-write-key"
)

// DoorStart returns what it costs to start a front door and to stop it.
func (b *Bench) DoorStart(c contender.Contender) (time.Duration, error) {
	sample, err := b.door(c, func(string) error { return nil })
	return sample.CPU, err
}

// Serve has a front door visited. It fails where an event that was accepted does
// not arrive.
func (b *Bench) Serve(c contender.Contender, visit Visit, start time.Duration) (Service, error) {
	path, err := corpus.File(b.Tools.Directory, corpus.Shape{Events: doorEvents}, corpus.Lines)
	if err != nil {
		return Service{}, err
	}
	service := Service{Visit: visit}
	sample, err := b.door(c, func(address string) error {
		result, err := b.visit(load.Plan{
			Address: address, WriteKey: writeKey, File: path, Events: visit.Events, IsGzip: visit.IsGzip,
			Connections: visitors, Lasts: visit.Lasts, WarmUp: visit.Lasts / 4, Rate: visit.Rate,
		})
		if err != nil {
			return err
		}
		service.Requests, service.P50, service.P99 = result.Requests, result.P50, result.P99
		service.PerSecond = float64(result.Requests) / result.Took.Seconds()
		if c.SendsNothing {
			return nil
		}
		service.Delivered, err = b.delivered(result.Requests * visit.Events)
		return err
	})
	if err != nil {
		return service, fmt.Errorf("visiting %q: %w", c.Name, err)
	}
	service.CPU = max(0, sample.CPU-start) / time.Duration(max(1, service.Requests))
	service.Peak = sample.Peak
	return service, nil
}

// visit plays the clients in a process of their own: the memory that it takes to
// hold the requests would be counted as that of the next process that is started.
func (b *Bench) visit(plan load.Plan) (result load.Result, err error) {
	text, err := json.Marshal(plan)
	if err != nil {
		return result, err
	}
	said, err := exec.Command(b.Tools.Self, "visit", string(text)).Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			err = fmt.Errorf("%w: %s", err, exit.Stderr)
		}
		return result, err
	}
	return result, json.Unmarshal(said, &result)
}

// delivered waits until so many events have arrived, and returns how many did a
// second. The same ones come again and again.
func (b *Bench) delivered(events int) (float64, error) {
	for end := time.Now().Add(time.Minute); ; time.Sleep(200 * time.Millisecond) {
		report, err := b.Far.report()
		if err != nil {
			return 0, err
		}
		arrived := report.Events + report.Duplicates
		if arrived == events {
			return float64(events) / report.Took.Seconds(), nil
		}
		if arrived > events || time.Now().After(end) {
			return 0, fmt.Errorf("of %d events that were accepted, %d arrived", events, arrived)
		}
	}
}

// door runs a front door while it is visited, and stops it.
func (b *Bench) door(c contender.Contender, visit func(address string) error) (Sample, error) {
	if err := b.Far.reset(0); err != nil {
		return Sample{}, err
	}
	queue, err := os.MkdirTemp(b.Tools.Directory, "queue")
	if err != nil {
		return Sample{}, fmt.Errorf("making room for the queue: %w", err)
	}
	defer os.RemoveAll(queue)
	address, err := freeAddress()
	if err != nil {
		return Sample{}, err
	}
	command, err := c.Command(b.Tools, "", b.Far.URL)
	if err != nil {
		return Sample{}, err
	}
	command.Env = append(command.Env, "DOOR_ADDRESS="+address)
	command.Dir = queue
	var said bytes.Buffer
	command.Stdout, command.Stderr = &said, &said
	if err := command.Start(); err != nil {
		return Sample{}, err
	}
	err = awaitDoor(address)
	if err == nil {
		err = visit(address)
	}
	if err == nil {
		err = command.Process.Signal(syscall.SIGTERM)
	} else {
		_ = command.Process.Kill()
	}
	return finished(command, err, &said)
}

// finished waits for a process and reads what it used.
func finished(command *exec.Cmd, broken error, said *bytes.Buffer) (Sample, error) {
	// What it says of its end counts for nothing: the floor just dies.
	_ = command.Wait()
	if broken != nil {
		return Sample{}, fmt.Errorf("%w: %s", broken, tail(said.Bytes()))
	}
	usage, isKnown := command.ProcessState.SysUsage().(*syscall.Rusage)
	if !isKnown {
		return Sample{}, errors.New("the system does not say what a process used")
	}
	return Sample{CPU: command.ProcessState.UserTime() + command.ProcessState.SystemTime(), Peak: usage.Maxrss * unit}, nil
}

// awaitDoor waits until somebody listens.
func awaitDoor(address string) error {
	var err error
	for range 300 {
		var conn net.Conn
		if conn, err = net.Dial("tcp", address); err == nil {
			return conn.Close()
		}
		time.Sleep(100 * time.Millisecond)
	}
	return fmt.Errorf("waiting for the front door: %w", err)
}

// Sync is what it takes to write 1.5 KB to the disk of the queues and to sync it,
// in the median.
func (b *Bench) Sync() (time.Duration, error) {
	file, err := os.Create(filepath.Join(b.Tools.Directory, "sync"))
	if err != nil {
		return 0, fmt.Errorf("measuring the disk: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	block, times := make([]byte, 1500), make([]time.Duration, 500)
	for i := range times {
		start := time.Now()
		_, err := file.Write(block)
		if err = errors.Join(err, file.Sync()); err != nil {
			return 0, fmt.Errorf("measuring the disk: %w", err)
		}
		times[i] = time.Since(start)
	}
	slices.Sort(times)
	return times[len(times)/2], nil
}
