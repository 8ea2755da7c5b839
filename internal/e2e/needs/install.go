package needs

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strings"
)

// Install installs what is missing, programs before archives, and says so.
func Install(ctx context.Context, list []Need) error {
	var packages []string
	var jars []Jars
	for _, need := range list {
		for _, n := range need.of() {
			if n.Missing() == "" {
				continue
			}
			switch n := n.(type) {
			case Program:
				packages = append(packages, n.Package)
			case Jars:
				jars = append(jars, n)
			}
		}
	}
	slices.Sort(packages)
	if err := installPackages(ctx, slices.Compact(packages)); err != nil {
		return err
	}
	for _, j := range jars {
		if j.Missing() == "" {
			continue // it was in the list twice
		}
		fmt.Printf("installing the archives of %s with mvn\n", j.Name)
		if err := j.install(ctx); err != nil {
			return err
		}
	}
	return nil
}

// installPackages asks apt-get, as root or through sudo, and keeps servers from
// being started with their packages.
func installPackages(ctx context.Context, packages []string) error {
	if len(packages) == 0 {
		return nil
	}
	wanted := strings.Join(packages, " ")
	if _, err := exec.LookPath("apt-get"); err != nil {
		return fmt.Errorf("these packages are missing, and there is no apt-get to install them with: %s", wanted)
	}
	var sudo []string
	if os.Geteuid() != 0 {
		if _, err := exec.LookPath("sudo"); err != nil {
			return fmt.Errorf("these packages are missing: install them as root: %s", wanted)
		}
		sudo = []string{"sudo"}
	}
	fmt.Printf("installing with apt-get: %s\n", wanted)
	script := `set -e
policy=/usr/sbin/policy-rc.d
if [ ! -e $policy ]; then
  printf '#!/bin/sh\nexit 101\n' >$policy
  chmod +x $policy
  trap 'rm -f $policy' EXIT
fi
apt-get update -qq
DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@"`
	args := append(append(sudo, "sh", "-c", script, "install"), packages...)
	if said, err := exec.CommandContext(ctx, args[0], args[1:]...).CombinedOutput(); err != nil {
		return errors.Join(fmt.Errorf("installing %s: %w", wanted, err), errors.New(string(said)))
	}
	return nil
}
