package service

import (
	"fmt"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// attributes put a server at the head of a process group, so that all of it is
// reached, and let it die with us.
func attributes(name string) (*syscall.SysProcAttr, error) {
	attr := &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if name == "" {
		return attr, nil
	}
	who, err := user.Lookup(name)
	if err != nil {
		return nil, fmt.Errorf("looking for the user %s: %w", name, err)
	}
	uid, err := strconv.ParseUint(who.Uid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the id of the user %s: %w", name, err)
	}
	gid, err := strconv.ParseUint(who.Gid, 10, 32)
	if err != nil {
		return nil, fmt.Errorf("reading the group of the user %s: %w", name, err)
	}
	attr.Credential = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return attr, nil
}

// kill sends a signal to the whole group.
func kill(cmd *exec.Cmd, number syscall.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, number)
}
