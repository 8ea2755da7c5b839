package command

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/dustin/go-humanize"
	"github.com/urfave/cli/v2"
)

// size is the value of a flag that takes a number of bytes with a unit.
type size struct{ bytes int64 }

var errNoSize = errors.New("must be a size of at least 1 byte, such as 64MB, 1GiB or 500000")

// Set reads a size.
func (s *size) Set(text string) error {
	bytes, err := humanize.ParseBytes(strings.TrimSpace(text))
	if err != nil || bytes < 1 || bytes > math.MaxInt64 {
		return errNoSize
	}
	s.bytes = int64(bytes)
	return nil
}

// String shows the unit in which the size is a whole number.
func (s *size) String() string {
	if s == nil || s.bytes == 0 {
		return ""
	}
	return SizeText(s.bytes)
}

// units are what sizes are shown in, those that people write first.
var units = []struct {
	name  string
	bytes int64
}{
	{"GB", 1e9},
	{"GiB", 1 << 30},
	{"MB", 1e6},
	{"MiB", 1 << 20},
	{"kB", 1e3},
	{"KiB", 1 << 10},
}

// SizeText returns a size in the unit in which it is a whole number.
func SizeText(bytes int64) string {
	for _, unit := range units {
		if bytes >= unit.bytes && bytes%unit.bytes == 0 {
			return fmt.Sprint(bytes/unit.bytes, unit.name)
		}
	}
	return fmt.Sprint(bytes)
}

// SizeFlag returns a flag that takes a number of bytes with or without a unit.
func SizeFlag(name string, preset int64, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &size{preset}, Usage: usage}
}

// Size returns the bytes that such a flag gives.
func Size(c *cli.Context, name string) int64 {
	s, isSize := c.Generic(name).(*size)
	if !isSize {
		return 0
	}
	return s.bytes
}

// choice is the value of a flag that takes one of a few names.
type choice struct {
	chosen string
	names  []string
}

// Set takes one of the names.
func (v *choice) Set(text string) error {
	if !slices.Contains(v.names, text) {
		return fmt.Errorf("must be %s, not %q%s", OneOf(v.names), text, DidYouMean(text, v.names))
	}
	v.chosen = text
	return nil
}

// String returns the name that is chosen.
func (v *choice) String() string {
	if v == nil {
		return ""
	}
	return v.chosen
}

// ChoiceFlag returns a flag that takes one of a few names. Without a preset, none
// of them is chosen.
func ChoiceFlag(name, preset string, names []string, usage string) cli.Flag {
	return &cli.GenericFlag{Name: name, Value: &choice{preset, names}, Usage: usage}
}

// Choice returns the name that is chosen.
func Choice(c *cli.Context, name string) string {
	v, isChoice := c.Generic(name).(*choice)
	if !isChoice {
		return ""
	}
	return v.chosen
}

// Choices returns the names that a flag takes, or nothing for a flag that takes
// something else.
func Choices(f cli.Flag) []string {
	generic, isGeneric := f.(*cli.GenericFlag)
	if !isGeneric {
		return nil
	}
	v, isChoice := generic.Value.(*choice)
	if !isChoice {
		return nil
	}
	return v.names
}
