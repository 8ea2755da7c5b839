//go:build !linux

package service

import (
	"errors"
	"os/exec"
	"syscall"
)

func attributes(name string) (*syscall.SysProcAttr, error) {
	if name != "" {
		return nil, errors.New("another user can be had on Linux only")
	}
	return &syscall.SysProcAttr{Setpgid: true}, nil
}

func kill(cmd *exec.Cmd, number syscall.Signal) error {
	return syscall.Kill(-cmd.Process.Pid, number)
}
