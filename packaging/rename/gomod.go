package main

import (
	"fmt"

	"golang.org/x/mod/modfile"
)

// inGoMod renames the module in a go.mod, and puts its lines in the order that go
// mod tidy gives them: another path belongs between other modules.
func (n namer) inGoMod(data []byte) ([]byte, error) {
	renamed := n.inText(data, true)
	file, err := modfile.Parse("go.mod", renamed, nil)
	if err != nil {
		return nil, fmt.Errorf("reading the renamed go.mod: %w", err)
	}
	file.SortBlocks()
	return file.Format()
}
