// Package brokers plays what a pipeline goes through with a real Redis,
// RabbitMQ, Mosquitto, NATS and PostgreSQL: our process dies, the broker dies or
// loses its power, Segment is away. It does so with inputs that have no broker, too.
package brokers

import (
	"context"
	"maps"
	"path/filepath"
	"regexp"
	"strings"

	"benthos-segment/internal/e2e/needs"
	"benthos-segment/internal/e2e/trial"
	"benthos-segment/internal/torture/ordeal"
)

// dataFolder is where a broker keeps its data, in the folder of the round: a disk
// of its own, where the power is cut.
const dataFolder = "data"

// A system is a broker that runs, with whatever else it takes.
type system interface {
	// Start starts it again on the same data, and returns when it is ready.
	Start(ctx context.Context) error
	Kill()
	// Killed returns an error unless it died of that.
	Killed() error
	// feed makes a place for events.
	feed(ctx context.Context, name string) (feed, error)
	// close releases what is left after the broker was killed.
	close()
}

// A feed is a place in a broker that a pipeline reads events from.
type feed interface {
	// env is what the pipeline needs to know.
	env() map[string]string
	// settings are fields of the pipeline that it has other values for.
	settings() []string
	// put hands events over and returns when the broker has confirmed them, where
	// it does.
	put(ctx context.Context, events []ordeal.Event) error
	// left counts what the broker would still hand out, as far as it tells.
	left(ctx context.Context) (int, error)
	close()
}

// logged is a system that says something.
type logged interface {
	KeepLog(folder string) (path string, err error)
}

// told is a feed of a broker that tells those who listen, and keeps nothing for
// the others.
type told interface {
	// heard waits until a process listens, which it may do a moment after it has
	// connected.
	heard(ctx context.Context) error
}

// cluster is a broker of several nodes, of which one leads.
type cluster interface {
	// killOne kills the leader, or another one that the pipeline is connected to.
	// Start starts it again.
	killOne(ctx context.Context, isLeader bool) error
}

// An input is a way for events into a pipeline: a broker and its settings, and
// those of the pipeline.
type input struct {
	// name stands in the table.
	name string
	// pipeline is its file, from the root of the repository.
	pipeline string
	start    starter
	// positions says that the broker tells where an event stands, so that one
	// without an id and a time gets the same id each time.
	positions bool
	// cannot is what does not hold, by what happens, and why.
	cannot map[happening]flaw
	// listens is what the process says when it can be connected to, where it is
	// not the one that connects.
	listens *regexp.Regexp
	// insists says that put goes on where a process has died, until another one
	// is there.
	insists bool
	// power says that its disk can be one whose power is cut.
	power bool
	// times are how often what depends on chance is played.
	times map[happening]int
	// only are the happenings that say something about it, all where it is empty.
	only []happening
}

// starter starts a broker that keeps its data in a folder.
type starter func(ctx context.Context, folder string) (system, error)

// in leaves out what says nothing new.
func (in input) in(only ...happening) input {
	in.only = only
	return in
}

// often plays something so many times, as what is lost then is a matter of chance.
func (in input) often(what happening, times int) input {
	in.times = maps.Clone(in.times)
	if in.times == nil {
		in.times = map[happening]int{}
	}
	in.times[what] = times
	return in
}

// but says what cannot hold when something happens, and why.
func (in input) but(what happening, promise trial.Promise, why string) input {
	cannot := maps.Clone(in.cannot)
	if cannot == nil {
		cannot = map[happening]flaw{}
	}
	before := cannot[what]
	cannot[what] = flaw{promise: before.promise | promise, why: strings.TrimSpace(before.why + " " + why)}
	in.cannot = cannot
	return in
}

// flaw is what does not hold.
type flaw struct {
	promise trial.Promise
	why     string
}

// A happening is what a round is about.
type happening string

const (
	processDies happening = "our process is killed"
	processHeld happening = "our process is killed, and stopped, while it holds events"
	brokerDies  happening = "the broker is killed"
	powerFails  happening = "the broker loses its power"
	segmentAway happening = "Segment is away"
	leaderDies  happening = "the node that leads is killed"
	nodeDies    happening = "another node is killed, which we are connected to"
	allDie      happening = "all nodes are killed at once"
)

// shipped is a pipeline of config/.
func shipped(name string) string { return filepath.Join("config", name) }

// ours is a pipeline of this package, with settings that nobody should use.
func ours(name string) string {
	return filepath.Join("internal", "e2e", "brokers", "pipelines", name)
}

// root is the top of the repository.
func root() string { return needs.Project() }

// rounds are what an input goes through.
func (in input) rounds() []trial.Round {
	list := []happening{processDies, processHeld, segmentAway, brokerDies}
	if in.power {
		list = append(list, powerFails)
	}
	if len(in.only) > 0 {
		list = in.only
	}
	rounds := make([]trial.Round, len(list))
	for i, what := range list {
		rounds[i] = in.round(what)
	}
	return rounds
}

func (in input) round(what happening) trial.Round {
	times := in.times[what]
	var list []needs.Need
	if what == powerFails {
		times = 3 // What is lost then is a matter of chance.
		list = append(list, needs.PowerCuts)
	}
	return trial.Round{
		Name:   in.name + ": " + string(what),
		Needs:  list,
		Times:  times,
		Breaks: in.cannot[what].promise,
		Note:   in.cannot[what].why,
		Play: func(ctx context.Context, s *trial.Stage) (ordeal.Tally, error) {
			p := &play{Stage: s, input: in, what: what}
			return p.run(ctx)
		},
	}
}

func roundsOf(inputs []input) (rounds []trial.Round) {
	for _, in := range inputs {
		rounds = append(rounds, in.rounds()...)
	}
	return rounds
}
