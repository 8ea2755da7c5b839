package network

import (
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
)

// removing keeps two from removing the same machine.
var removing sync.Mutex

// RemoveStale removes the machines of processes that ended before they could do
// it themselves.
func RemoveStale() error {
	removing.Lock()
	defer removing.Unlock()
	entries, err := os.ReadDir(namespaces)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("looking for networks: %w", err)
	}
	var broken []error
	for _, entry := range entries {
		if isStale(entry.Name()) {
			broken = append(broken, (&Machine{name: entry.Name()}).remove())
		}
	}
	return errors.Join(broken...)
}

// isStale says whether a namespace is one of ours whose process is gone.
func isStale(name string) bool {
	rest, isOurs := strings.CutPrefix(name, prefix)
	owner, _, _ := strings.Cut(rest, "-")
	pid, err := strconv.Atoi(owner)
	return isOurs && err == nil && errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}
