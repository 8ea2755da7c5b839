package needs

import (
	"fmt"
	"os"
	"sync"

	"benthos-segment/internal/torture/disk"
)

// Rights that a machine gives or does not. Nothing installs them.
var (
	// Root is the right to do everything, as network namespaces and mounts want it.
	Root Need = root{}
	// PowerCuts is the right to mount a disk whose power can be cut.
	PowerCuts Need = &powerCuts{refused: sync.OnceValue(mountOnce)}
)

type root struct{}

func (root) Missing() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "it wants to be root"
}

func (root) of() []Need { return nil }

// powerCuts asks the machine itself: who may mount depends on its kernel, the
// container around us and more.
type powerCuts struct{ refused func() error }

func (p *powerCuts) Missing() string {
	if err := p.refused(); err != nil {
		return fmt.Sprintf("it wants to mount a disk by FUSE, as root: %v", err)
	}
	return ""
}

func (*powerCuts) of() []Need { return nil }

// mountOnce mounts such a disk, and takes it away again.
func mountOnce() error {
	folder, err := os.MkdirTemp("", "e2e-mount-")
	if err != nil {
		return fmt.Errorf("making a folder: %w", err)
	}
	defer os.Remove(folder)
	mounted, err := disk.NewVolatile(folder)
	if err != nil {
		return err
	}
	return mounted.Close()
}
