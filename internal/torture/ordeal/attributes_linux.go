package ordeal

import "syscall"

// attributes let a process die with us: a test that is out of time ends nothing
// that it has started. It dies with the thread that started it, and Go ends a
// thread only with a goroutine that is still locked to it, as none of ours is.
func attributes() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
