package needs

import "os"

// Root is the right to do everything, as network namespaces and mounts want it.
var Root Need = root{}

type root struct{}

func (root) Missing() string {
	if os.Geteuid() == 0 {
		return ""
	}
	return "it wants to be root"
}

func (root) of() []Need { return nil }
