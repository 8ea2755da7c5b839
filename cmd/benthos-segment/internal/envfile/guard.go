// Package envfile looks at the files of --env-file before the engine reads them.
// The engine ends a value without quotes at a # or a blank, and at anything else
// that it does not expect it stops reading, without a word: a password loses its
// end, and the variables below it are never set.
package envfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/urfave/cli/v2"

	"benthos-segment/cmd/internal/command"
)

const flag = "env-file"

// Guard has an application refuse env files of which the engine would read only a
// part, whichever of its commands they are given to.
func Guard(app *cli.App) {
	app.Before = guarded(app.Before)
	guardAll(app.Commands)
}

func guardAll(commands []*cli.Command) {
	for _, c := range commands {
		if command.FlagNamed(c.Flags, flag) != nil {
			c.Before = guarded(c.Before)
		}
		guardAll(c.Subcommands)
	}
}

func guarded(before cli.BeforeFunc) cli.BeforeFunc {
	return func(c *cli.Context) error {
		for _, pattern := range c.StringSlice(flag) {
			if err := check(pattern); err != nil {
				return fmt.Errorf("--%s: %w", flag, err)
			}
		}
		if before == nil {
			return nil
		}
		return before(c)
	}
}

// check looks at the files of a pattern. What cannot be read is left to the command,
// which says so.
func check(pattern string) error {
	files, err := filepath.Glob(pattern)
	if err != nil {
		return nil
	}
	for _, file := range files {
		text, err := read(file)
		if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) {
			continue
		}
		if err == nil {
			_, err = parse(text)
		}
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
	}
	return nil
}

// read returns the text of a file, and nothing of a pipe, which can be read only
// once: the command needs it.
func read(file string) (string, error) {
	info, err := os.Stat(file)
	if err != nil || !info.Mode().IsRegular() {
		return "", err
	}
	text, err := os.ReadFile(file)
	return string(text), err
}
