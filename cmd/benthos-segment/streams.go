package main

import (
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/redpanda-data/benthos/v4/public/service"
	"github.com/urfave/cli/v2"
)

const (
	streamsName = "streams"
	// flagNoAPI and flagSet are flags of the engine for that command.
	flagNoAPI = "no-api"
	flagSet   = "set"
	// streamsAddress is where streams mode listens unless it is told otherwise.
	// The engine listens on all addresses.
	streamsAddress = "127.0.0.1:4195"
)

// streamsMode takes care of the API of streams mode, where anyone who reaches
// it sees the secrets of every stream, resolved from the environment, and can
// run any config. It is served on a loopback address only, by a front that
// scrubs what the engine answers.
type streamsMode struct {
	environment *environment
	isActive    bool
	front       *front
	// note is what the log has to say once there is one.
	note func(*service.Logger)
}

func newStreamsMode() *streamsMode {
	return &streamsMode{environment: newEnvironment(), note: func(*service.Logger) {}}
}

func (m *streamsMode) options() []service.CLIOptFunc {
	return []service.CLIOptFunc{
		service.CLIOptSetDefaultConfigPaths(defaultConfigPaths...),
		service.CLIOptSetMainSchemaFrom(m.schema),
		service.CLIOptSetEnvVarLookup(m.environment.lookup),
	}
}

// schema is that of the main config, with the default address of the mode.
func (m *streamsMode) schema() *service.ConfigSchema {
	schema := service.GlobalEnvironment().FullConfigSchema(Version, DateBuilt)
	if m.isActive {
		schema.SetFieldDefault(streamsAddress, "http", "address")
	}
	return schema
}

// prepare is called before a config is read, and may change the flags.
func (m *streamsMode) prepare(c *cli.Context) error {
	if c.Command.Name != streamsName {
		return m.checkAddress(c)
	}
	m.isActive = true
	if c.Bool(flagNoAPI) {
		return m.checkAddress(c)
	}
	conf, err := m.httpConfig(c)
	if err != nil || !conf.Enabled {
		return err
	}
	if !isLoopback(conf.Address) {
		m.note = func(log *service.Logger) {
			log.With("http.address", conf.Address).Warn("The API for streams is off: whoever reaches this address could read every secret of every stream through it, and run any config. It is served on a loopback address only, such as " + streamsAddress)
		}
		return errors.Join(c.Set(flagNoAPI, "true"), m.checkAddress(c))
	}
	if m.front, err = newFront(conf, newScrubber(m.environment)); err != nil {
		return err
	}
	m.note = func(log *service.Logger) {
		log.With("http.address", m.front.address).Info("The API for streams is served at this address, and shows no secret. The engine behind it listens on an address of its own")
	}
	return m.override(c, "http.address="+m.front.behind, `http.cert_file=""`, `http.key_file=""`)
}

// override adds to what --set sets. Where it was given to the command, those
// given before the command do not count.
func (m *streamsMode) override(c *cli.Context, sets ...string) error {
	if !c.IsSet(flagSet) {
		sets = append(setsOf(c), sets...)
	}
	for _, set := range sets {
		if err := c.Set(flagSet, set); err != nil {
			return fmt.Errorf("overriding the config: %w", err)
		}
	}
	return nil
}

// setsOf are the values of --set that count.
func setsOf(c *cli.Context) []string {
	for _, level := range c.Lineage() {
		if sets := level.StringSlice(flagSet); len(sets) > 0 {
			return slices.Clone(sets)
		}
	}
	return nil
}

func (m *streamsMode) close() {
	if m.front != nil {
		m.front.close()
	}
}

// isLoopback says whether an address to listen on is one that only this
// machine reaches.
func isLoopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	return err == nil && isLoopbackHost(host)
}

func isLoopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
