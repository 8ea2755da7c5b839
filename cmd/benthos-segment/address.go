package main

import (
	"errors"
	"fmt"
	"net"

	"github.com/urfave/cli/v2"
)

// checkAddress refuses to start where metrics and readiness could not be served.
// The engine would run without them, and say so in one line of its log: whoever
// watches that process would see that of another one, or nothing.
func (m *streamsMode) checkAddress(c *cli.Context) error {
	conf, err := m.httpConfig(c)
	if err != nil || !conf.Enabled {
		return nil // The engine says what is wrong with the config, in its own words.
	}
	if _, err := conf.tlsConfig(); err != nil {
		return err
	}
	listener, err := net.Listen("tcp", conf.Address)
	if err != nil {
		return fmt.Errorf("field http.address: nothing can listen on %s, where metrics and readiness are served: %w. "+
			"Stop what does, set another address, or set http.enabled: false", conf.Address, listenCause(err))
	}
	return listener.Close()
}

// listenCause is why nothing can listen, without the address.
func listenCause(err error) error {
	var failed *net.OpError
	if errors.As(err, &failed) {
		return failed.Err
	}
	return err
}
